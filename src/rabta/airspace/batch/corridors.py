"""Volumes of a flight: a column to climb in, a chain of corridors along geodesics, a column to land in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.airspace.batch.flights import Flight, Place, Rules
from rabta.airspace.volumes import Circle, Polygon, Volume

Array = NDArray[np.float64]
PIECE_S = 30.0  # a corridor is flown through in no longer
SHORTER_M = 0.01


@dataclass(frozen=True)
class Way:
    """A line over the ground in pieces of at most `PIECE_S`, at a flight's speed.

    Attributes
    ----------
    places : ndarray, shape (n + 1, 2)
        Latitude and longitude (degrees) where pieces begin, and where the last ends.
    after_s : ndarray, shape (n + 1,)
        Seconds of cruise until there.
    outlines : tuple of Polygon
        What each piece may touch.
    """

    places: Array
    after_s: Array
    outlines: tuple[Polygon, ...]


def ways(flight: Flight, rules: Rules) -> list[Way]:
    """The line asked for, then those led aside of the middle of its longest leg."""
    lines = [flight.route]
    geod, route = _geod(), flight.route
    lengths = [geod.inv(a[1], a[0], b[1], b[0]) for a, b in pairwise(route)]
    longest = int(np.argmax([one[2] for one in lengths]))
    bearing, _, far = lengths[longest]
    for aside in rules.detours_m:
        if far < 4.0 * aside:
            continue
        lon, lat, _ = geod.fwd(route[longest][1], route[longest][0], bearing, 0.5 * far)
        for turn in (90.0, -90.0):
            east, north, _ = geod.fwd(lon, lat, bearing + turn, aside)
            lines.append((*route[: longest + 1], (north, east), *route[longest + 1 :]))
    return [_way(line, flight.speed_m_s, rules.half_width_m) for line in lines]


def _way(line: tuple[Place, ...], speed_m_s: float, half_m: float) -> Way:
    places, after, outlines, flown = [line[0]], [0.0], [], 0.0
    for (lat, lon), (north, east) in pairwise(line):
        bearing, _, far = _geod().inv(lon, lat, east, north)
        if far < SHORTER_M:
            continue
        count = int(np.ceil(far / (PIECE_S * speed_m_s)))
        some = np.full(count + 1, 1.0)
        lons, lats, back = _geod().fwd(
            lon * some, lat * some, bearing * some, np.arange(count + 1) * far / count
        )
        outlines += _rectangles(np.column_stack([lats, lons]), np.asarray(back) + 180.0, half_m)
        places += list(zip(lats[1:], lons[1:], strict=True))
        after += [flown + k * far / count / speed_m_s for k in range(1, count + 1)]
        flown = after[-1]
    return Way(np.array(places), np.array(after), tuple(outlines))


def _rectangles(places: Array, bearing: Array, half_m: float) -> list[Polygon]:
    """A rectangle about each stretch of a geodesic, longer at both ends by half its width."""
    ends = []
    for at, along in ((slice(None, -1), 180.0), (slice(1, None), 0.0)):
        lat, lon, way = places[at, 0], places[at, 1], bearing[at]
        same = np.full(len(lat), half_m)
        lon, lat, back = _geod().fwd(lon, lat, way + along, same)
        forward = np.asarray(back) + (180.0 if along == 0.0 else 0.0)
        ends.append([_geod().fwd(lon, lat, forward + turn, same)[:2] for turn in (-90.0, 90.0)])
    (a, b), (c, d) = ends
    return [
        Polygon(tuple((float(lat[k]), float(lon[k])) for lon, lat in (a, b, d, c)))
        for k in range(len(places) - 1)
    ]


def volumes(way: Way, rules: Rules, height_m: float, depart_s: float) -> list[Volume]:
    """Volumes of a flight along a way at a height, departing at an instant."""
    rise = (height_m - rules.ground_m) / rules.climb_m_s
    low, high = height_m - rules.half_height_m, height_m + rules.half_height_m
    begin, early = depart_s + rise, rules.buffer_s
    land = begin + float(way.after_s[-1])
    ends = ((way.places[0], depart_s, begin), (way.places[-1], land, land + rise))
    columns = [
        Volume(
            Circle(float(lat), float(lon), rules.half_width_m),
            rules.ground_m,
            high,
            start - early,
            end + early,
        )
        for (lat, lon), start, end in ends
    ]
    pieces = [
        Volume(outline, low, high, begin + float(start) - early, begin + float(end) + early)
        for outline, start, end in zip(way.outlines, way.after_s, way.after_s[1:], strict=False)
    ]
    return [columns[0], *pieces, columns[1]]


def path(way: Way, rules: Rules, height_m: float, depart_s: float) -> list[tuple[float, float, float, float]]:
    """Instants, latitudes, longitudes and heights between which the flight goes straight."""
    rise = (height_m - rules.ground_m) / rules.climb_m_s
    begin = depart_s + rise
    cruise = [
        (begin + float(t), float(lat), float(lon), height_m)
        for (lat, lon), t in zip(way.places, way.after_s, strict=True)
    ]
    first, last = cruise[0], cruise[-1]
    return [(depart_s, *first[1:3], rules.ground_m), *cruise, (last[0] + rise, *last[1:3], rules.ground_m)]


@cache
def _geod() -> Any:
    from pyproj import Geod

    return Geod(ellps="WGS84")
