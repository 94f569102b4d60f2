"""Geozones: heights of the geoid as published, sizes of the zones that rules make, documents both ways."""

from __future__ import annotations

import json
from pathlib import Path

from rabta.airspace.geozones import ed269, ed318
from rabta.airspace.geozones import rules as r
from rabta.airspace.geozones.heights import geoid_m
from rabta.airspace.geozones.model import Collection
from rabta.airspace.geozones.schedule import moment_s, sun_event_s
from rabta.airspace.volumes import Circle
from rabta.errors import RabtaError
from rabta.nation import layers
from rabta.scenario import Nation
from rabta.verify import Row, suite

GEOID = "NGA, EGM96: OUTINTPT.DAT, test output of the interpolation program (spline)"
PLACES = (
    (38.628155, 269.779155, -31.628),
    (-14.621217, 305.021114, -2.969),
    (46.874319, 102.448729, -43.575),
    (-23.617446, 133.874712, 15.871),
    (38.625473, 359.9995, 50.066),
    (-0.466744, 0.0023, 17.329),
)
SUN = "Greenwich, 21 June: sunrise 03:43, sunset 20:21 UT (Royal Observatory)"
RULES = "The Express Tribune, 2024 (tribune.com.pk/story/2472133): no flight within 6 km of an airport"
EXAMPLES = "ED-318 examples of github.com/UASGeoZones/ED-318 (EUROCONTROL), read and written again"
INVALID = "ED-318 example that is invalid on purpose"


@suite("geozones", "Geozones: geoid, hours of the Sun, rules, ED-269 and ED-318",
       needs="the examples of ED-318", marks=("*Example_GeoZone*.json",))  # fmt: skip
def geozones(files: Path | None) -> list[Row]:
    """Rows of the suite."""
    rows = [
        Row(f"geoid at {lat:.3f}, {lon:.3f}, m", float(geoid_m(lat, lon)), theirs, 0.02, GEOID)
        for lat, lon, theirs in PLACES
    ]
    return rows + _sun() + _rules() + (_examples(files) if files else [])


def _sun() -> list[Row]:
    day = moment_s("2023-06-21T00:00:00Z", "day")
    found = []
    for event, name, theirs in (("SR", "sunrise", 223.0), ("SS", "sunset", 1_221.0)):
        at = sun_event_s(event, day, 51.4779, 0.0)
        minutes = float("nan") if at is None else (at - day) / 60.0
        found.append(Row(f"{name} at Greenwich, minutes of the day", minutes, theirs, 1.5, SUN))
    return found


def _rules() -> list[Row]:
    """Circles around aerodromes, by number and size, and both documents read again."""
    held = r.rules("pakistan")
    made = r.aerodrome_zones(held, layers.load(Nation()).aerodromes)
    areas = [area.outline for one in made for layer in one.layers for area in layer.areas]
    radii = {one.radius_m for one in areas if isinstance(one, Circle)}
    collection = Collection(tuple(made))
    again = ed318.read(ed318.write(collection)).zones
    older = ed269.read(ed269.write(collection)).zones
    same = sum(a.layers == b.layers == c.layers for a, b, c in zip(made, again, older, strict=True))
    return [
        Row("zones around aerodromes", float(len(made)), 102.0, 0.0, "airportsdata 20260905"),
        Row("their radius, km", max(radii) / 1_000.0, 6.0, 0.0, RULES),
        Row("zones that both standards give back", float(same), float(len(made)), 0.0, "their own text"),
    ]


def _examples(files: Path) -> list[Row]:
    whole = sorted(files.glob("Example_*.json"))
    same = sum(json.loads(ed318.write(ed318.read(one))) == json.loads(one.read_text()) for one in whole)
    rows = [Row("examples given back", float(same), float(len(whole)), 0.0, EXAMPLES)]
    invalid = sorted(files.glob("InvalidExample_*.json"))
    refused = sum(_refused(one) for one in invalid)
    return [*rows, Row("invalid examples refused", float(refused), float(len(invalid)), 0.0, INVALID)]


def _refused(file: Path) -> bool:
    try:
        ed318.read(file)
    except RabtaError:
        return True
    return False
