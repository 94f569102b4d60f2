"""``rabta epfd``: a constellation against the limits that protect geostationary satellites."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

PLACE = "Earth station: a town, a gateway of the catalog, LAT,LON, or worst: where most is received"
SLOT = "Its satellite: degrees east, a geostationary entry of the constellations catalog, or above"


def epfd(
    constellation: Annotated[str, typer.Argument(help="Entry of the constellations catalog")],
    ghz: Annotated[float, typer.Option("--ghz", help="Frequency")] = 11.2,
    at: Annotated[str, typer.Option(help=PLACE)] = "worst",
    gso: Annotated[str, typer.Option(help=SLOT)] = "38",
    dish: Annotated[
        float | None, typer.Option(help="Reference dish, m; all of the table if left out")
    ] = None,
    avoid: Annotated[
        float | None, typer.Option(help="Angle kept from the arc, deg; as filed if left out")
    ] = None,
    mask: Annotated[
        str | None,
        typer.Option(help="Masks: XML file as filed, or entry of the catalog; modelled if left out"),
    ] = None,
    drop: Annotated[float, typer.Option(help="Modelled mask: side lobes below the beam, dB")] = 30.0,
    together: Annotated[int, typer.Option(help="Satellites that serve a place at once")] = 1,
    apart: Annotated[float, typer.Option(help="Least angle between them, deg")] = 0.0,
    strategy: Annotated[
        str, typer.Option(help="Who serves: the highest epfd, elevation, alpha or pfd")
    ] = "epfd",
    direction: Annotated[str, typer.Option(help="down, up or between (up and between need --mask)")] = "down",
    region: Annotated[int, typer.Option(help="Region of the ITU: 1, 2 or 3")] = 3,
    service: Annotated[
        str | None, typer.Option(help="Protected: fixed or broadcasting; both if left out")
    ] = None,
    steps: Annotated[int, typer.Option(help="Time steps; 0 for as many as S.1503-4 asks")] = 100_000,
    svg: Annotated[Path | None, typer.Option(help="Write the picture here")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """How much a constellation sends into geostationary links how often, beside Article 22's limits."""
    from rabta.cli.epfd import picture
    from rabta.cli.epfd.question import Question, study

    asked = Question(
        constellation, ghz, at, gso, dish, avoid, mask, drop, together, apart, strategy, direction, region,
        service, steps,
    )  # fmt: skip
    found = study(asked, quiet=json_)
    if svg is not None:
        svg.write_text(picture.draw(found), encoding="utf-8")
    if json_:
        print(json.dumps(found, ensure_ascii=False))
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    print(f"{found['title']}: {found['satellites']:,} satellites, {found['ghz']:g} GHz, {found['direction']}")
    print(f"mask: {found['mask']}; {found['avoidance_deg']:g} degrees kept from the arc")
    for run in found["runs"]:
        _print_run(run)
    print(f"\nverdict: {'within the limits' if found['passed'] else 'ABOVE THE LIMITS'} of Article 22")


def _print_run(run: dict[str, Any]) -> None:
    place = run["place"]
    print(
        f"\nTable {run['table']}, {run['antenna']}, {run['bandwidth_khz']:g} kHz: {place['name']} "
        f"({place['lat_deg']:.2f}, {place['lon_deg']:.2f}) to {place['gso_lon_deg']:.1f} E"
    )
    print(
        f"{run['steps']:,} steps of {run['step_s']:g} s; S.1503-4 asks {run['asked_steps']:,}; "
        f"highest {run['highest_db']:.1f}, margin to the curve {run['margin_db']:+.1f} dB"
    )
    print(f"{'level dB(W/m2)':>16} {'may be exceeded':>16} {'is exceeded':>14}")
    for level, allowed, seen, passed in run["points"]:
        print(f"{level:16.2f} {allowed:14.5f} % {seen:12.5f} %  {'ok' if passed else 'FAIL'}")
    if run["steps"] < run["needed"]:
        rare = f"{run['rarest_percent']:g} %"
        print(f"too few steps for the rarest limit, {rare}: ten samples need {run['needed']:,}")
    print(f"result {run['digest'][:16]}")
