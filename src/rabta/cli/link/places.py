"""Ends of a link as people write them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rabta.errors import RabtaError, nearest

if TYPE_CHECKING:
    from rabta.radio.door import World

DEFAULT_M = {"first": 30.0, "second": 1.5}
GEO_KM = 35_786.0
EARTH_KM = 6371.0
FORMS = "a town, LAT,LON, geo:LONGITUDE or sat:ALTITUDE_KM/ELEVATION_DEG, with @METRES above the ground"
GROUND = "a town, or LAT,LON, with @METRES above the ground"
_PAIR = re.compile(r"^(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)$")


@dataclass(frozen=True)
class End:
    """One end: a place with a height above the ground, or above the sea for satellites."""

    name: str
    lat_deg: float
    lon_deg: float
    above_m: float
    in_space: bool = False

    def ground_m(self, world: World) -> float:
        """Height of the ground below it; satellites count from the sea."""
        if self.in_space:
            return 0.0
        return float(world.ground_m(np.array([self.lat_deg]), np.array([self.lon_deg]))[0])


def ends(first: str, second: str) -> tuple[End, End]:
    """Both ends; a satellite given by its elevation is seen from the other one."""
    sky = [text.casefold().startswith("sat:") for text in (first, second)]
    if all(sky):
        raise RabtaError("a satellite seen from a satellite", value=second, expected="a place at one end")
    if sky[0]:
        place = _end(second, DEFAULT_M["second"])
        return _overhead(first, place), place
    place = _end(first, DEFAULT_M["first"])
    return place, _overhead(second, place) if sky[1] else _end(second, DEFAULT_M["second"])


def ground_end(text: str) -> End:
    """A town or LAT,LON on the ground; a satellite is refused. Errors have the key ``place``."""
    found = _end(text, DEFAULT_M["second"], GROUND)
    if found.in_space:
        raise RabtaError("not a place on the ground", key="place", value=text, expected="a town, or LAT,LON")
    return found


def _end(text: str, default_m: float, forms: str = FORMS) -> End:
    place, _, height = text.partition("@")
    above = _number(height, "metres above the ground", text) if height else default_m
    if not 0.0 <= above < math.inf:
        raise RabtaError(
            "height below the ground", key="place", value=text, expected="zero or more metres after @"
        )
    if place.casefold().startswith("geo:"):
        lon = _number(place[4:], "degrees east", text)
        return End(f"GEO {lon:g} E", 0.0, lon, GEO_KM * 1e3, in_space=True)
    if pair := _PAIR.match(place.strip()):
        lat, lon = float(pair[1]), float(pair[2])
        if abs(lat) > 90.0 or abs(lon) > 360.0:
            raise RabtaError(
                "no such position", key="place", value=place, expected="latitude,longitude in degrees"
            )
        return End(f"{lat:g},{lon:g}", lat, lon, above)
    return _town(place.strip(), above, forms)


def _town(name: str, above_m: float, forms: str) -> End:
    from rabta.nation import layers
    from rabta.scenario import Nation

    found = layers.towns(Nation())
    names = found["name"].astype(str)
    match = found[names.str.casefold() == name.casefold()].sort_values("people", ascending=False)
    if match.empty:
        hint = nearest(name, set(names))
        raise RabtaError("no such place", key="place", value=name, expected=f"{hint}; or {forms}")
    row = match.iloc[0]
    return End(str(row["name"]), float(row["lat_deg"]), float(row["lon_deg"]), above_m)


def _overhead(text: str, place: End) -> End:
    """Satellite at an altitude and elevation, due south of a place."""
    altitude, _, elevation = text[4:].partition("/")
    height = _number(altitude.removesuffix("km"), "altitude in km", text)
    up = _number(elevation.removesuffix("deg") or "45", "elevation in degrees", text)
    if not (100.0 <= height <= 1e6 and 0.0 < up <= 90.0):
        raise RabtaError("no such satellite", value=text, expected="100 km or more, 0 to 90 degrees")
    e = math.radians(up)
    centre = math.acos(EARTH_KM / (EARTH_KM + height) * math.cos(e)) - e
    lat = place.lat_deg - math.degrees(centre)
    return End(f"satellite at {height:g} km, {up:g} deg up", lat, place.lon_deg, height * 1e3, in_space=True)


def _number(text: str, what: str, whole: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise RabtaError(f"no number for {what}", key="place", value=whole, expected=FORMS) from error
    if not math.isfinite(value):
        raise RabtaError(f"no number for {what}", key="place", value=whole, expected=FORMS)
    return value
