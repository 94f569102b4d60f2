"""``rabta pnt integrity``: protection levels of a receiver's fixes, faults found, the Stanford diagram."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rabta.errors import EXIT_USAGE, RabtaError, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rabta.pnt.integrity.protect import Protected


def integrity(
    observations: Annotated[Path, typer.Argument(help="RINEX observations, plain or packed (.gz, .crx, .Z)")],
    navigation: Annotated[list[Path], typer.Argument(help="RINEX navigation files, as many as needed")],
    systems: Annotated[str, typer.Option(help="Systems: C BeiDou, G GPS, E Galileo, R, J")] = "G,E,C",
    frequencies: Annotated[str, typer.Option(help="auto, single or iono-free")] = "iono-free",
    support: Annotated[str, typer.Option(help="Integrity support: an entry of the catalog 'ism'")] = "open",
    order: Annotated[int, typer.Option(help="Faults at once, 1 to 3")] = 2,
    operation: Annotated[str, typer.Option(help="Budgets: fix, LPV-200, RNP 0.1 or RNP 0.3")] = "fix",
    storm: Annotated[bool, typer.Option(help="Bound the worst ionosphere (single frequency)")] = False,
    constellation: Annotated[
        bool, typer.Option(help="Count the fault of the only constellation in view")
    ] = False,
    mask: Annotated[float, typer.Option(help="Lowest elevation, degrees")] = 10.0,
    truth: Annotated[
        str | None, typer.Option(help="True place X,Y,Z or lat,lon,h, or a CSV of time and place")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the Stanford diagram (SVG); needs --truth")] = None,
    out: Annotated[Path | None, typer.Option(help="Write fixes and levels (CSV)")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Prove how far each position may be off: protection levels, faults found, operations available."""
    from rabta.cli.locate import protected_lines
    from rabta.pnt import rinex
    from rabta.pnt.integrity import araim, protect
    from rabta.pnt.position import Options, accuracy, solve

    if operation not in araim.OPERATIONS:
        raise _usage("no such operation", "--operation", operation, nearest(operation, araim.OPERATIONS))
    if plot is not None and truth is None:
        raise _usage("the diagram needs a truth", "--truth", None, "X,Y,Z, lat,lon,h or a CSV")
    obs = rinex.observations(observations)
    nav = rinex.merge([rinex.navigation(path) for path in navigation])
    letters = systems.replace(",", "").replace(" ", "").upper()
    solution = solve(obs, nav, Options(systems=letters, mode=frequencies, mask_deg=mask))
    found = protect.protect(
        solution,
        protect.Options(
            support, order, araim.OPERATIONS[operation], constellation_faults=constellation, storm=storm
        ),
    )
    errors = None
    if truth is not None:
        known = accuracy.truth(truth)
        accuracy.check_frame(found.position_m, known)
        errors = accuracy.compare(found.times, found.position_m, known).enu_m
    told = {"observations": str(observations), "systems": letters, "frequencies": frequencies}
    told |= protect.summary(found, errors)
    if out is not None:
        out.write_text(_csv(found), encoding="utf-8")
    if plot is not None and errors is not None:
        from rabta.cli.pnt._stanford import draw

        plot.write_text(draw(found, errors, f"{observations.name}, {letters}, {frequencies}"), "utf-8")
    print(json.dumps(told, ensure_ascii=False) if json_ else "\n".join(_lines(told, protected_lines(told))))


def _usage(problem: str, key: str, value: str | None, expected: str) -> RabtaError:
    return RabtaError(problem, key=key, value=value, expected=expected, exit_code=EXIT_USAGE)


def _lines(told: dict[str, Any], levels: list[str]) -> list[str]:
    """For people."""
    lines = [f"{told['observations']}: systems {told['systems']}, {told['frequencies']}", *levels]
    if "misleading" in told:
        lines.append(
            f"    against the truth {told['misleading']} epochs beyond their levels, "
            f"largest error over level {told['largest_ratio']:.2f}"
        )
    return lines


def _csv(found: Protected) -> str:
    """A row for each epoch with a position."""
    import numpy as np

    from rabta.pnt import gnsstime

    dates: NDArray[np.datetime64] = gnsstime.calendar(found.times).astype("datetime64[ms]")
    rows = ["time_gps,x_m,y_m,z_m,hpl_m,vpl_m,alarm,excluded"]
    for k in np.flatnonzero(np.isfinite(found.position_m[:, 0])).tolist():
        x, y, z = found.position_m[k]
        rows.append(
            f"{dates[k]},{x:.4f},{y:.4f},{z:.4f},{found.hpl_m[k]:.2f},{found.vpl_m[k]:.2f},"
            f"{int(found.alarm[k])},{'+'.join(found.excluded[k])}"
        )
    return "\n".join(rows) + "\n"
