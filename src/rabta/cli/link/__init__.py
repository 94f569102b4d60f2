"""``rabta link``: the loss between two ends, by the Recommendation that is made for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rabta.errors import EXIT_USAGE, RabtaError, named

if TYPE_CHECKING:
    from rabta.cli.link.places import End

ENDS = (
    "A town, LAT,LON, or geo:LONGITUDE or sat:ALTITUDE_KM/ELEVATION_DEG for a satellite; "
    "@METRES adds a height above the ground"
)


def link(
    first: Annotated[str | None, typer.Argument(help=ENDS)] = None,
    second: Annotated[str | None, typer.Argument(help="The other end, likewise")] = None,
    ghz: Annotated[list[float] | None, typer.Option("--ghz", help="Frequency; may be given again")] = None,
    percent: Annotated[
        float, typer.Option(help="Share of the time for which the loss is not exceeded")
    ] = 50.0,
    places: Annotated[float, typer.Option(help="Share of places for which it is not exceeded")] = 50.0,
    purpose: Annotated[str, typer.Option(help="service or interference")] = "service",
    environment: Annotated[
        str, typer.Option(help="open, rural, suburban, urban or dense-urban: around the lower end")
    ] = "open",
    diameter: Annotated[float, typer.Option(help="Antenna of the lower end, m")] = 0.6,
    at: Annotated[
        str, typer.Option(help="Moment (UTC, ISO 8601), for the ionosphere below 30 MHz")
    ] = "2026-01-13T07:00:00Z",
    by: Annotated[
        str | None, typer.Option(help="Recommendation to take, such as P.452; chosen if left out")
    ] = None,
    models: Annotated[bool, typer.Option("--models", help="List what there is to choose from")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Loss of a link on any band, which Recommendation says so, and where that holds."""
    from rabta.cli.link import places as place

    if models:
        _print_models(json_)
        return
    if first is None or second is None or not ghz:
        raise RabtaError(
            "a link needs two ends and a frequency",
            expected="FIRST SECOND --ghz NUMBER",
            exit_code=EXIT_USAGE,
        )
    ends = place.ends(first, second)
    with named(frequency_ghz="--ghz"):
        found = study(
            ends, ghz, percent=percent, places_percent=places, diameter_m=diameter, purpose=purpose, by=by,
            environment=environment, at=at,
        )  # fmt: skip
    if json_:
        print(json.dumps(found, ensure_ascii=False))
    else:
        _print(found)


def study(
    ends: tuple[End, End],
    ghz: list[float],
    *,
    purpose: str,
    by: str | None,
    environment: str,
    at: str,
    **given: float,
) -> dict[str, Any]:
    """What the command prints, as plain data."""
    from rabta.radio.door import Links, World, predict
    from rabta.scenario import Nation
    from rabta.times import parse_utc

    first, second = ends
    try:
        moment = parse_utc(at)
    except ValueError as error:
        raise RabtaError("no such moment", key="--at", value=at, expected="2026-01-13T07:00:00Z") from error
    world = World(Nation(), environment, moment)
    links = Links.of(
        ghz,
        [[first.lat_deg], [second.lat_deg]],
        [[first.lon_deg], [second.lon_deg]],
        [[first.ground_m(world)], [second.ground_m(world)]],
        [[first.above_m], [second.above_m]],
        **given,
    )
    found = predict(links, world, purpose, by)
    return {
        "from": first.name,
        "to": second.name,
        "distance_km": round(float(links.along_km[0]), 3),
        "range_km": round(float(links.range_km[0]), 3),
        "elevation_deg": round(float(links.elevation_deg[0]), 3),
        "percent": given["percent"],
        "links": [
            {
                "frequency_ghz": float(links.frequency_ghz[i]),
                "loss_db": float(found.total_db[i]),
                "parts_db": {name: float(v[i]) for name, v in found.parts.items() if v[i] == v[i]},
                "recommendation": found.recommendation(i),
                "model": found.models[int(found.model[i])].words,
                "holds_for": dict(found.models[int(found.model[i])].ranges),
            }
            for i in range(len(links))
        ],
    }


def _print(found: dict[str, Any]) -> None:
    from rabta.report import text

    print(
        f"{found['from']} to {found['to']}: {text.number(found['distance_km'])} km over the ground, "
        f"{text.number(found['range_km'])} km straight, elevation {found['elevation_deg']:.1f} deg; "
        f"not exceeded for {found['percent']:g} % of the time"
    )
    for one in found["links"]:
        parts = ", ".join(f"{name} {value:.2f}" for name, value in one["parts_db"].items())
        holds = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in one["holds_for"].items())
        print(f"{one['frequency_ghz']:>10g} GHz  {one['loss_db']:8.2f} dB  ({parts})")
        print(f"{'':15}{one['recommendation']}: {one['model']}; holds for {holds}")


def _print_models(json_: bool) -> None:
    from rabta.radio.door.registry import MODELS

    rows: list[dict[str, Any]] = [
        {
            "recommendation": model.recommendation,
            "model": model.words,
            "between": [" to ".join(pair) for pair in model.kinds],
            "purposes": list(model.purposes),
            "holds_for": dict(model.ranges),
        }
        for model in MODELS
    ]
    if json_:
        print(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        holds = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in row["holds_for"].items())
        print(f"{row['recommendation']:<18} {row['model']}: {', '.join(row['between'])}; {holds}")
