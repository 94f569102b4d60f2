"""``rabta airspace zones``, ``check`` and ``awareness``: where a drone may fly, as data and as answers."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rabta.airspace.geozones.model import Collection
    from rabta.airspace.geozones.rules import Answer
    from rabta.airspace.uss.clearance import Clearance

FORMATS = ("ed318", "ed269")


def zones(
    scenario: Annotated[str, typer.Argument(help="Scenario whose nation is asked: a file or a name.")],
    out: Annotated[Path, typer.Option(help="File to write the zones to.")] = Path("zones.json"),
    format_: Annotated[str, typer.Option("--format", help="ed318 or ed269.")] = "ed318",
    plot: Annotated[Path | None, typer.Option(help="File for a map (PNG).")] = None,
) -> None:
    """Make the zones of the nation's rules: aerodromes and the land border, as ED-318 or ED-269."""
    from rabta import scenario as scenarios
    from rabta.airspace.geozones import ed269, ed318
    from rabta.airspace.geozones import rules as r

    writers = {"ed318": ed318.write, "ed269": ed269.write}
    writer = writers[_choice(format_, "--format")]
    nation = scenarios.load(scenarios.find(scenario)).nation
    found = r.zones(r.rules(nation.name), nation)
    out.write_text(writer(found), encoding="utf-8")
    if format_ == "ed269":
        for line in ed269.losses(found):
            typer.echo(f"not in ED-269: {line}", err=True)
    if plot is not None:
        _plot(found, plot)
    typer.echo(f"{len(found.zones)} zones in {out}; {found.metadata['description'][0]['text']}", err=True)


def check(
    lat: Annotated[float, typer.Argument(help="Latitude, degrees.")],
    lon: Annotated[float, typer.Argument(help="Longitude, degrees.")],
    height: Annotated[float, typer.Argument(help="Height, metres.")],
    mass: Annotated[float, typer.Option(help="Greatest take-off mass, kg.")],
    above: Annotated[str, typer.Option(help="What the height is above: AGL, AMSL or WGS84.")] = "AGL",
    at: Annotated[str, typer.Option(help="Instant with its zone; now without.")] = "",
    nation: Annotated[str, typer.Option(help="Nation whose rules hold.")] = "pakistan",
    file: Annotated[Path | None, typer.Option("--zones", help="Zones (ED-318 or ED-269) instead of those "
                                              "that the rules make.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:  # fmt: skip
    """Say if a drone may fly: allowed, authorisation required or prohibited, and by which rule."""
    from rabta.airspace.geozones import rules as r
    from rabta.airspace.geozones.heights import Ground, Height, reference
    from rabta.airspace.geozones.schedule import moment_s
    from rabta.airspace.volumes.volume import check_places
    from rabta.radio.terrain import raster
    from rabta.scenario import Nation

    check_places([(lat, lon)])
    at_s = moment_s(at, "--at") if at else time.time()
    asked = Height(height, reference(above))
    held = r.rules(nation)
    of = Nation(name=nation)
    made = r.zones(held, of) if file is None else read(file)
    ground = Ground(raster.load(of) if raster.path_of(of) else None)
    found = r.answer(held, made.zones, (lat, lon), asked, at_s, mass, ground)
    _print(found, held.data, json_=json_)


def awareness(
    file: Annotated[list[Path], typer.Argument(help="Files of zones, ED-318 or ED-269; each is a source by "
                                               "its name.")],
    key: Annotated[list[str], typer.Option(help="Public RSA key (PEM) of who signs tokens; may repeat.")],
    host: Annotated[str, typer.Option(help="Address to serve at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to serve at.")] = 8076,
    audience: Annotated[list[str] | None, typer.Option(help="Name that tokens are for; may repeat.")] = None,
    rule_set: Annotated[list[str] | None, typer.Option(help="Set of rules that looks at all files; may "
                                                       "repeat.")] = None,
    nation: Annotated[str, typer.Option(help="Nation whose terrain is used.")] = "pakistan",
) -> None:  # fmt: skip
    """Serve geo-awareness: which zones hold a place or a volume (interfaces of InterUSS)."""
    from rabta.airspace.geozones.heights import Ground
    from rabta.airspace.web import serve as door
    from rabta.airspace.web.awareness import Awareness, load
    from rabta.airspace.web.tokens import Tokens, keys
    from rabta.radio.terrain import raster
    from rabta.scenario import Nation

    of = Nation(name=nation)
    ground = Ground(raster.load(of) if raster.path_of(of) else None)
    names = frozenset(one.stem for one in file)
    made = Awareness(Tokens(keys(key), audience or ()), ground=ground,
                     rule_sets=dict.fromkeys(rule_set or (), names))  # fmt: skip
    for one in file:
        load(made, one.stem, read(one))
    typer.echo(f"geo-awareness at http://{host}:{port}, sources: {', '.join(sorted(names))}", err=True)
    door.serve(made.app(), host, port)


def clearance(files: Sequence[Path], authorised: Sequence[str], nation: str = "pakistan") -> Clearance:
    """What a service refuses by: zones of files, over the nation's ground."""
    from rabta.airspace.geozones.heights import Ground
    from rabta.airspace.uss.clearance import Clearance
    from rabta.radio.terrain import raster
    from rabta.scenario import Nation

    of = Nation(name=nation)
    ground = Ground(raster.load(of) if raster.path_of(of) else None)
    zones = tuple(zone for one in files for zone in read(one).zones)
    return Clearance(zones, ground, frozenset(authorised))


def read(file: Path) -> Collection:
    """Zones of a file of either standard."""
    from rabta.airspace.geozones import ed269, ed318, fields

    given = fields.document(file)
    newer = given.get("type") == "FeatureCollection"
    return ed318.read(file) if newer else ed269.read(file)


def _choice(given: str, key: str) -> str:
    from rabta.errors import RabtaError, nearest

    if given not in FORMATS:
        raise RabtaError("no such format", key=key, value=given, expected=nearest(given, FORMATS))
    return given


def _plot(found: Collection, plot: Path) -> None:
    from rabta.airspace.geozones.picture import box_of, pixels
    from rabta.mobile.city.picture import png

    plot.write_bytes(png(pixels(found.zones, box_of(found.zones))))


def _print(found: Answer, rules: Any, *, json_: bool) -> None:
    if json_:
        told = {"verdict": found.verdict, "category": found.category, "needs": list(found.needs),
                "reasons": list(found.reasons), "status": rules["status"], "note": rules["note"]}  # fmt: skip
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    typer.echo(found.verdict)
    for one in found.reasons:
        if "zone" in one:
            doubt = "" if one["sure"] else " (heights not sure)"
            typer.echo(
                f"  zone {one['zone']}, {one['name']}: {one['rule']}{doubt}; {one['status']}, {one['source']}"
            )
    typer.echo(f"  category {found.category}: {'; '.join(found.needs)}")
    typer.echo(f"  rules are a {rules['status']} of {rules['date']}: {rules['note']}", err=True)
