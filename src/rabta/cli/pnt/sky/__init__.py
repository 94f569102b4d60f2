"""``rabta pnt sky`` and ``fleet``: navigation at a place when systems are lost, and its messages."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from rabta.errors import EXIT_USAGE, RabtaError


def sky(
    place: Annotated[str, typer.Argument(help="A town, or LAT,LON, with @METRES above the ground")],
    ephemerides: Annotated[
        str, typer.Option(help="Entry of the ephemerides catalog, or a RINEX navigation file")
    ] = "2026-03-09",
    mask: Annotated[float, typer.Option(help="Least elevation, degrees")] = 5.0,
    step: Annotated[float, typer.Option(help="Minutes between the instants of the day")] = 5.0,
    case: Annotated[
        str, typer.Option(help="Cases of the skycases catalog, as in beidou,gps; all if left out")
    ] = "",
    plot: Annotated[Path | None, typer.Option(help="Write a picture of the sky (SVG)")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Satellites, geometry and accuracy of a day at one place, in each case of what is lost; no terrain."""
    from rabta.cli.link.places import ground_end

    _check({"mask": (mask, 0.0, 60.0), "step": (step, 1.0, 120.0)})
    end = ground_end(place)
    judge = _judge(ephemerides, step, case)
    rows = _rows(judge, end.lat_deg, end.lon_deg, end.above_m, mask)
    if plot is not None:
        from rabta.cli.pnt.sky.dome import draw

        plot.write_text(draw(judge, end.lat_deg, end.lon_deg, end.name), encoding="utf-8")
    if json_:
        told = {
            "place": end.name,
            "lat_deg": end.lat_deg,
            "lon_deg": end.lon_deg,
            "mask_deg": mask,
            "cases": rows,
        }
        print(json.dumps(told, ensure_ascii=False))
        return
    print(f"{end.name}, above {mask:g} degrees, satellites of {ephemerides}; errors of 95 %")
    heads = ("case", "mean seen", "least", "PDOP 95 %", "PDOP<6, %", "hor. m", "vert. m", "time ns")
    print(f"{heads[0]:<22}" + "".join(f"{head:>11}" for head in heads[1:]))
    for row in rows:
        shown = (row["in_view"], row["least"], row["pdop95"], 100.0 * row["available"])
        errors = (row["horizontal_m"], row["vertical_m"], row["time_ns"])
        print(f"{row['case']:<22}" + "".join(_cell(value) for value in (*shown, *errors)))


def _check(values: dict[str, tuple[float, float, float]]) -> None:
    for key, (value, low, high) in values.items():
        if not low <= value <= high:
            raise RabtaError(
                "outside of its range", key=f"--{key}", value=value, expected=f"{low:g} to {high:g}",
                exit_code=EXIT_USAGE,
            )  # fmt: skip


def _cell(value: float | None) -> str:
    return f"{'none':>11}" if value is None else f"{value:>11.2f}"


def _judge(ephemerides: str, step: float, case: str) -> Any:
    from rabta.pnt.service import sky as skies
    from rabta.scenario import Pnt

    wanted = [name.strip() for name in case.split(",") if name.strip()]
    return skies.judge(Pnt(ephemerides=ephemerides, step_min=step), wanted)


def _rows(judge: Any, lat: float, lon: float, height: float, mask: float) -> list[dict[str, Any]]:
    import numpy as np

    from rabta.pnt.service import geometry

    day = judge.day(geometry.users(np.array([lat]), np.array([lon]), height), mask)
    names = {"satellites": "in_view"}
    rows = []
    for k, one in enumerate(judge.book.cases):
        row: dict[str, Any] = {"case": one.name, "title": one.title}
        for name in type(day).__dataclass_fields__:
            value = float(getattr(day, name)[0, k])
            row[names.get(name, name)] = value if math.isfinite(value) else None
        rows.append(row)
    return rows


def fleet(
    vehicles: Annotated[int, typer.Argument(help="Vehicles, aircraft or boats that report")],
    every: Annotated[float, typer.Option(help="Seconds between the reports of each")] = 300.0,
    bits: Annotated[int, typer.Option(help="Of a report: position, state, identity")] = 256,
    place: Annotated[str, typer.Option(help="Where: a town, or LAT,LON")] = "Lahore",
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Reports of a fleet by BeiDou's short messages when other bearers fail: capacity, delay, area."""
    from rabta import catalog
    from rabta.cli.link.places import ground_end
    from rabta.pnt.service.aids import messages

    end = ground_end(place)
    area = catalog.entry("shortmessages", "beidou-3").data["regional"]["area"]
    inside = bool(messages.inside(area, end.lat_deg, end.lon_deg))
    found = {
        name: vars(messages.fleet(service, vehicles, every, bits))
        for name, service in messages.load().items()
    }
    if json_:
        finite = {n: {k: v if math.isfinite(v) else None for k, v in r.items()} for n, r in found.items()}
        print(json.dumps({"place": end.name, "inside_regional_area": inside, "services": finite}))
        return
    where = "inside" if inside else "outside"
    print(f"{vehicles} vehicles, {bits} bits every {every:g} s")
    print(f"{end.name} is {where} the regional service's area")
    for name, row in found.items():
        late = f"mean {row['mean_delay_s']:.1f} s, 95 % within {row['delay95_s']:.1f} s"
        late = late if math.isfinite(row["mean_delay_s"]) else "the service is full and the queue grows"
        print(f"{name}: load {100 * row['load']:.2f} %, {100 * row['delivered']:.1f} % in time, {late}")
        print(f"    at most {row['vehicles_most']} vehicles could report as often")
    print("Capacities and a nation's share are modelled: see the catalog entry shortmessages/beidou-3.")
