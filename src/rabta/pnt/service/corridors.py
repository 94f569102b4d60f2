"""Navigation along ways: flights between the largest towns, and the country's main roads."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from rabta import geo

Array = NDArray[np.float64]

FLIGHT_M = 9_000.0
STEP_M = 25_000.0


def great_circle(
    start: tuple[float, float], end: tuple[float, float], step_m: float = STEP_M
) -> tuple[Array, Array]:
    """Points along the shorter great circle, both ends among them, at most a step apart.

    Examples
    --------
    >>> lat, lon = great_circle((0.0, 0.0), (0.0, 1.0), 40_000.0)
    >>> lon.round(3).tolist()
    [0.0, 0.333, 0.667, 1.0]
    """
    one, two = (geo.ecef_from_geodetic(*place) for place in (start, end))
    one, two = one / np.linalg.norm(one), two / np.linalg.norm(two)
    angle = float(np.arccos(np.clip(one @ two, -1.0, 1.0)))
    count = max(int(np.ceil(angle * geo.MEAN_RADIUS_M / step_m)), 1)
    part = np.linspace(0.0, 1.0, count + 1)[:, None]
    if angle < 1e-9:
        points = np.repeat(one[None], count + 1, axis=0)
    else:
        points = (np.sin((1.0 - part) * angle) * one + np.sin(part * angle) * two) / np.sin(angle)
    lat, lon, _ = geo.geodetic_from_ecef(points * geo.MEAN_RADIUS_M)
    return lat, lon


def flights(names: list[str], lat: Array, lon: Array) -> list[tuple[str, Array, Array]]:
    """Ways between all pairs of places: name, latitudes, longitudes."""
    ways = []
    for a, b in combinations(range(len(names)), 2):
        points = great_circle((float(lat[a]), float(lon[a])), (float(lat[b]), float(lon[b])))
        ways.append((f"{names[a]} - {names[b]}", *points))
    return ways
