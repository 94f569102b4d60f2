"""``rabta airspace plan``: what is known of a flight before it is asked for, and what could be flown instead."""  # noqa: E501

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rabta.airspace.proposals import Answer, Plan
    from rabta.airspace.web.proposals import Approval


def plan(
    run: Annotated[str, typer.Argument(help="Run folder, or the start of its name, with [airspace] areas")],
    start: Annotated[str, typer.Option("--from", help="A town, or LAT,LON")],
    end: Annotated[str, typer.Option("--to", help="A town, or LAT,LON")],
    height: Annotated[float, typer.Option(help="Above the ground, m")] = 60.0,
    at: Annotated[str, typer.Option(help="Begin, as 2026-11-23T12:00:00Z; now if left out")] = "",
    speed: Annotated[float, typer.Option(help="Over the ground, m/s")] = 15.0,
    mass: Annotated[float, typer.Option(help="Of the aircraft with all it carries, kg")] = 3.4,
    battery: Annotated[float, typer.Option(help="Energy of the full battery, Wh")] = 260.0,
    dimension: Annotated[float, typer.Option(help="Of the aircraft, m")] = 1.0,
    satellites: Annotated[bool, typer.Option(help="It falls back on satellites")] = False,
    outage: Annotated[float, typer.Option(help="Most of the time without a command link")] = 0.05,
    hpl: Annotated[float, typer.Option(help="Highest protection level, m")] = 40.0,
    risk: Annotated[int, typer.Option(help="Highest intrinsic ground risk class")] = 7,
    ground: Annotated[
        float | None, typer.Option(help="Height of the ground above the ellipsoid, m; terrain if left out")
    ] = None,
    others: Annotated[
        Path | None, typer.Option(help="JSON file: {name: [Volume4D, ...]} of what stands in the way")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Write the ways as SVG here")] = None,
    runs: Annotated[Path, typer.Option(help="Folder of run folders")] = Path("runs"),
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Assess a flight by the fields of a pinned run; where it should not be flown, propose others."""
    import time

    import numpy as np

    from rabta.airspace.feasibility import fields
    from rabta.airspace.feasibility.assess import Assessor, Limits
    from rabta.airspace.feasibility.energy import Aircraft
    from rabta.airspace.proposals import Plan, Planner
    from rabta.airspace.volumes.messages import seconds
    from rabta.cli.link.places import ground_end
    from rabta.cli.show import find_run
    from rabta.errors import named

    with named(place="--from"):
        a = ground_end(start)
    with named(place="--to"):
        b = ground_end(end)
    now, floor = time.time(), level(ground)
    asked = Plan(
        ((a.lat_deg, a.lon_deg), (b.lat_deg, b.lon_deg)), height, seconds(at, "--at") if at else now,
        speed_m_s=speed, ground_m=float(floor(np.array([a.lat_deg]), np.array([a.lon_deg]))[0]),
    )  # fmt: skip
    folder = Path(run) if Path(run).is_dir() else find_run(runs, run)
    craft = Aircraft(mass_kg=mass, battery_wh=battery, dimension_m=dimension, speed_m_s=max(speed, 1.0))
    limits = Limits(outage=outage, hpl_m=hpl, ground_class=risk)
    assessor = Assessor(fields.read(folder), craft, limits, floor, satellites)
    answer = Planner(assessor, *standing(others)).answer(asked, now)
    if plot is not None:
        plot.write_text(drawn(answer), encoding="utf-8")
    print(json.dumps(answer.told(), ensure_ascii=False)) if json_ else shown(answer)


def opened_approval(run: str, *, refuses: bool) -> Approval:
    """What a service refuses by: fields of a pinned run, with the usual limits and aircraft."""
    from rabta.airspace.feasibility import fields
    from rabta.airspace.feasibility.assess import Assessor
    from rabta.airspace.web.proposals import Approval

    return Approval(Assessor(fields.read(Path(run)), level=level()), refuses)


def level(ground_m: float | None = None) -> Any:
    """Height of the ground above the ellipsoid at places: one for all, or terrain and geoid."""
    import numpy as np

    if ground_m is not None:
        return lambda lat, _lon: np.full(len(lat), ground_m)
    from rabta.airspace.geozones.heights import geoid_m
    from rabta.radio.terrain import raster

    terrain = raster.load()
    return lambda lat, lon: terrain.heights(lat, lon) + geoid_m(lat, lon)


def standing(file: Path | None) -> Any:
    """Index and verifier of what a file says stands in the way."""
    from rabta.airspace.proposals import Verifier
    from rabta.airspace.volumes import Index
    from rabta.airspace.volumes.messages import table, volumes
    from rabta.errors import RabtaError

    index: Index[str] = Index()
    verifier: Verifier[str] = Verifier()
    if file is not None:
        try:
            given = table(json.loads(file.read_text(encoding="utf-8")), "--others")
        except (OSError, ValueError) as error:
            raise RabtaError(
                f"cannot be read: {error}", file=file, key="--others", expected="a JSON file"
            ) from None
        for name, held in given.items():
            found = volumes(held)
            index.add(name, found)
            verifier.add(name, found)
    return index, verifier


def shown(answer: Answer) -> None:
    """Print an answer in words: each volume, reasons, proposals."""
    told = answer.assessment.told()
    where = told["fields"]
    print(f"fields: {where['version']}, {where['age_hours']} h old, {where['cells']:,} cells")
    print("volume  height  no link  worst   HPL m  wind m/s  people/km2  risk class")
    for k, one in enumerate(told["volumes"]):
        cells = (_percent(one["outage"]), _percent(one["outage_worst"]), _word(one["hpl_m"]), _word(one["wind_m_s"]),  # noqa: E501
                 _word(one["people_km2"]), _word(one["ground_risk_class"]))  # fmt: skip
        print(f"{k:6d}  {one['height_m']:6.0f}  " + "  ".join(f"{text:>7}" for text in cells))
    print(
        f"flight: no link {_percent(told['outage'])} of the time, HPL {_word(told['hpl_m'])} m, "
        f"{_word(told['energy_wh'])} of {told['usable_wh']:.0f} Wh, "
        f"ground risk class {_word(told['ground_risk_class'])}"
    )
    if told["unknown"]:
        print("unknown: " + ", ".join(told["unknown"]))
    for reason in told["reasons"]:
        print(f"against it: {reason['words']}")
    if answer.against:
        print("it meets: " + ", ".join(sorted(answer.against)))
    print("it can be approved" if answer.approved else f"{len(answer.proposals)} proposals")
    for n, other in enumerate(answer.proposals, 1):
        figures = other.assessment.told()
        print(
            f"{n}. {' and '.join(other.kinds)}: {other.delay_s:.0f} s later, {other.extra_m:.0f} m longer, "
            f"at {other.plan.height_m:.0f} m; no link {_percent(figures['outage'])}, "
            f"{_word(figures['energy_wh'])} Wh; over "
            + " ".join(f"{lat:.5f},{lon:.5f}" for lat, lon in other.plan.way)
        )


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{100 * value:.2f} %"


def _word(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g}"


def drawn(answer: Answer) -> str:
    """The ways asked for and proposed as SVG, north up."""
    plans: list[Plan] = [answer.plan, *(one.plan for one in answer.proposals)]
    points = [place for one in plans for place in one.way]
    south, west = (min(p[k] for p in points) for k in (0, 1))
    north, east = (max(p[k] for p in points) for k in (0, 1))
    scale = 560.0 / max(north - south, east - west, 1e-6)
    colours = ("#888", "#06c", "#c60", "#383")
    lines = []
    for number, (one, colour) in enumerate(zip(plans, colours, strict=False)):
        way = " ".join(
            f"{20 + (lon - west) * scale:.1f},{20 + (north - lat) * scale:.1f}" for lat, lon in one.way
        )
        words = "asked" if number == 0 else f"proposal {number}: {one.height_m:.0f} m"
        lines.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="3"/>')
        lines.append(f'<text x="20" y="{620 + 18 * number}" fill="{colour}" font-size="14">{words}</text>')
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 700" font-family="sans-serif">'
        + "".join(lines) + "</svg>\n"
    )  # fmt: skip
