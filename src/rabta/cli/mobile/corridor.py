"""``rabta mobile corridor``: small aircraft between two towns, their SINR, handovers and command links."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GOLDEN_DEG = 137.50776


def corridor(
    start: Annotated[str, typer.Option("--from", help="A town, or LAT,LON")],
    end: Annotated[str, typer.Option("--to", help="A town, or LAT,LON")],
    aircraft: Annotated[int, typer.Option(help="Along the corridor")] = 1000,
    height: Annotated[float, typer.Option(help="Above the ground, m")] = 120.0,
    speed: Annotated[float, typer.Option(help="km/h, up to 160")] = 72.0,
    seconds: Annotated[float, typer.Option(help="Simulated time")] = 60.0,
    sites: Annotated[
        str, typer.Option(help="A roll-out of the catalog, or a number along the way")
    ] = "pakistan-5g-2030",
    band: Annotated[str, typer.Option(help="Sites of the roll-out that have it")] = "1800-mhz",
    operator: Annotated[str | None, typer.Option(help="Only this operator's sites")] = None,
    most: Annotated[int, typer.Option(help="Sites in use at most: the nearest to the corridor")] = 300,
    ghz: Annotated[float, typer.Option(help="Carrier")] = 1.8,
    scenario: Annotated[str, typer.Option(help="RMa-AV, UMa-AV or UMi-AV of TR 36.777")] = "RMa-AV",
    tilt: Annotated[float, typer.Option(help="Of the panels, degrees down")] = 6.0,
    load: Annotated[float, typer.Option(help="Of the other cells, 0 to 1")] = 0.5,
    conditional: Annotated[bool, typer.Option(help="Conditional handover")] = False,
    svg: Annotated[Path | None, typer.Option(help="Write SINR along the way here")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all draws")] = 1,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """SINR, outage, handovers and losses of the command link along a corridor."""
    import numpy as np

    from rabta.cli.link.places import ground_end
    from rabta.cli.mobile import _lines
    from rabta.errors import named
    from rabta.mobile.mobility import corridor as made
    from rabta.mobile.mobility.procedures import Procedure
    from rabta.mobile.system.layouts import Layout
    from rabta.radio.air import uav
    from rabta.radio.itu import check_range

    uav.check_scenario(scenario)
    check_range("--most", most, 1, 2000, "a corridor")
    check_range("--load", load, 0.0, 1.0, "a share")
    with named(place="--from"):
        a = ground_end(start)
    with named(place="--to"):
        b = ground_end(end)
    ends = made.bearings(
        [a.lat_deg, b.lat_deg], [a.lon_deg, b.lon_deg], (a.lat_deg, a.lon_deg), (b.lat_deg, b.lon_deg)
    )
    length, mast = float(ends[1, 0] - ends[0, 0]), uav.BASE_M[scenario]
    layout: Layout
    if sites.isdigit():
        layout = made.along(length, int(sites), height_m=mast)
    else:
        place = _near(sites, band, operator, (a.lat_deg, a.lon_deg), (b.lat_deg, b.lon_deg), length, most)
        layout = Layout(
            np.column_stack([place, np.full(len(place), mast)]), np.repeat(np.arange(len(place)), 3),
            _azimuths(len(place)), np.zeros((1, 2)),
        )  # fmt: skip
    network = made.Network(layout, scenario, ghz, tilt_deg=tilt, load=load)
    flights = made.line(length, aircraft, height_m=height, speed_m_s=speed / 3.6, seed=seed)
    procedure = Procedure("conditional" if conditional else "baseline")
    result = made.Corridor(network, flights, procedure, seed=seed).run(seconds)
    out = result.outcome
    found: dict[str, Any] = {
        "from": a.name, "to": b.name, "length_km": length / 1e3, "aircraft": aircraft, "height_m": height,
        "sites": len(layout.position_m), "cells": layout.sectors, "scenario": scenario, "seconds": seconds,
        "median_sinr_db": _at(result, made.EDGES_DB, 0.5), "tenth_sinr_db": _at(result, made.EDGES_DB, 0.1),
        "outage_share": out.outage_share, "down_share": out.down_share,
        "handovers_a_minute": out.a_minute(out.handovers), "failure_rate": out.failure_rate,
        "link_failures_a_minute": out.a_minute(out.link_failures), "ping_pong_rate": out.ping_pong_rate,
        "command_share": result.command_share, "command_losses_a_hour": 60.0 * out.a_minute(result.losses),
        "command_gap_s": result.gap_s,
    }  # fmt: skip
    if svg is not None:
        words = f"{a.name} to {b.name} at {height:g} m: SINR along the way"
        picture = {"half of the aircraft": result.along_db, "nine in ten": result.low_db}
        svg.write_text(
            _lines.draw(words, "km", (result.along_m + length / 2.0) / 1e3, picture, "dB"), encoding="utf-8"
        )
    print(json.dumps(found, ensure_ascii=False)) if json_ else _print(found)


def _near(
    rollout: str, band: str, operator: str | None, start: tuple[float, float], end: tuple[float, float],
    length: float, most: int,
) -> Any:  # fmt: skip
    """Sites of a roll-out nearest to the corridor, on its plane."""
    import numpy as np

    from rabta.cli.mobile import _sites
    from rabta.errors import RabtaError
    from rabta.mobile.mobility import corridor as made

    middle = (0.5 * (start[0] + end[0]), 0.5 * (start[1] + end[1]))
    lat, lon = _sites.around(rollout, band, operator, *middle, length / 2e3 + 20.0)
    if not len(lat):
        raise RabtaError(
            "no site with this band along the way", key="--band", value=band,
            expected=f"a band that sites of {rollout} have there, or --sites with a number",
        )  # fmt: skip
    place = made.bearings(lat, lon, start, end)
    beyond = np.maximum(np.abs(place[:, 0]) - length / 2.0, 0.0)
    order = np.argsort(np.hypot(beyond, place[:, 1]), kind="stable")[:most]
    return place[np.sort(order)]


def _at(result: Any, edges: Any, part: float) -> float:
    import numpy as np

    return float(edges[min(int(np.searchsorted(result.sinr_share, part)), len(edges) - 1)])


def _print(f: dict[str, Any]) -> None:
    print(
        f"{f['from']} to {f['to']}, {f['length_km']:.0f} km: {f['aircraft']:,} aircraft at {f['height_m']:g} m, "  # noqa: E501
        f"{f['sites']} sites, {f['cells']} cells ({f['scenario']}), {f['seconds']:g} s"
    )
    print(f"SINR: half above {f['median_sinr_db']:.1f} dB, nine in ten above {f['tenth_sinr_db']:.1f} dB")
    print(
        f"below -8 dB {100 * f['outage_share']:.2f} % of the time, without a link {100 * f['down_share']:.2f} %"  # noqa: E501
    )
    print(
        f"handovers {f['handovers_a_minute']:.2f} a minute, {100 * f['failure_rate']:.1f} % fail, "
        f"{100 * f['ping_pong_rate']:.1f} % ping-pong, links lost {f['link_failures_a_minute']:.3f} a minute"
    )
    print(
        f"commands arrive {100 * f['command_share']:.2f} % of the time; {f['command_losses_a_hour']:.1f} gaps of a "  # noqa: E501
        f"second or more in an hour, {f['command_gap_s']:.1f} s each"
    )


def _azimuths(sites: int) -> NDArray[np.float64]:
    """Where the three sectors of each site look: no site like the next, as their real ones are not known."""
    import numpy as np

    first = np.repeat(GOLDEN_DEG * np.arange(sites), 3)
    return np.asarray((first + np.tile([30.0, 150.0, 270.0], sites)) % 360.0)
