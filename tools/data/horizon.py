"""The terrain horizon by azimuth, compiled, with its NumPy reference.

What the terrain cannot show: cells of 1 km hold the mean of their ground, so ridges are lower and narrow
valleys are filled. In the Karakoram, where valley floors a kilometre wide lie between walls of 3 km, true
horizons are higher than these. Ground outside the map (north of 37.3 N) is not seen.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tools.data.inputs import Array, Raster

from rabta.jit import inline, kernel, prange

EARTH_M = 6_371_008.8
AZIMUTHS = 36
RAYS = 5  # rays inside an azimuth bin; the bin takes their mean
EYE_M = 2.0
NEAREST_M, FARTHEST_M = 1_000.0, 200_000.0
GROWTH = 0.015  # of the distance: the step beyond 67 km


def degrees(dem: Raster, lat: ArrayLike, lon: ArrayLike) -> NDArray[np.float32]:
    """Elevation angle of the terrain horizon, one column per azimuth bin of 10 degrees from north.

    The observer stands 2 m above the ground, on a sphere without refraction. Seen from radius ``own``, ground
    at radius ``far`` and arc ``s`` has the elevation ``atan2(far cos s - own, far sin s)``. Steps are 1 km,
    then 1.5 % of the distance, to 200 km; angles are not below 0. Along a ray the tangents are compared
    instead of the angles, and it ends where the highest ground of the map would stay below the horizon
    already found; differences of latitude and longitude are by series. None of it changes the result by 1e-4
    of a degree, up to latitudes of 60.

    Parameters
    ----------
    dem : Raster
        Terrain height, metres.
    lat, lon : array_like, shape (point,)
        Degrees.

    Returns
    -------
    ndarray of float32, shape (point, 36)
        Degrees; the mean of five rays in each bin.
    """
    phi, lam = (np.ascontiguousarray(x, dtype=np.float64) for x in (lat, lon))
    eye = dem.bilinear(phi, lam).astype(np.float64) + EYE_M
    grid = np.ascontiguousarray(dem.grid, dtype=np.float32)
    window = np.array([dem.north, dem.west, dem.step, EARTH_M + float(grid.max()) + 1.0])
    out = np.zeros((len(phi), AZIMUTHS), dtype=np.float32)
    _degrees(grid, window, np.column_stack([phi, lam, eye]), np.radians(_azimuths()), _arcs(), out)
    return out


def _azimuths() -> Array:
    """Directions of the rays in each bin, degrees from north, shape (36, 5)."""
    width = 360.0 / AZIMUTHS
    offsets = (np.arange(RAYS) - (RAYS - 1) / 2) * (width / RAYS)
    return np.asarray(np.arange(AZIMUTHS)[:, None] * width + offsets)


def _arcs() -> Array:
    """Arcs of the steps along a ray, radians."""
    found, distance = [], NEAREST_M
    while distance <= FARTHEST_M:
        found.append(distance)
        distance += max(NEAREST_M, GROWTH * distance)
    return np.asarray(found) / EARTH_M


@inline
def _height(grid: Any, y: float, x: float) -> float:
    """Height between the four nearest centres; ``y`` and ``x`` count cells from the first centre."""
    rows, cols = grid.shape
    y, x = min(max(y, 0.0), rows - 1.001), min(max(x, 0.0), cols - 1.001)
    i, j = int(y), int(x)
    fy, fx = y - i, x - j
    top = grid[i, j] * (1.0 - fx) + grid[i, j + 1] * fx
    bottom = grid[i + 1, j] * (1.0 - fx) + grid[i + 1, j + 1] * fx
    return float(top * (1.0 - fy) + bottom * fy)


@inline
def _asin(s: float) -> float:
    """Arcsine by its series: below 0.032 (200 km of arc) the rest is less than 2e-12."""
    return s * (1.0 + s * s * (1.0 / 6.0 + s * s * 0.075))


@inline
def _atan(t: float) -> float:
    """Arctangent by its series: below 0.063 (200 km of arc at 60 degrees) the rest is less than 6e-10."""
    return t * (1.0 - t * t * (1.0 / 3.0 - t * t * 0.2))


@kernel("void(f4[:,::1], f8[::1], f8[:,::1], f8[:,::1], f8[::1], f4[:,::1])", parallel=True)
def _degrees(grid: Any, window: Any, points: Any, azimuth: Any, arc: Any, out: Any) -> None:
    rows, cols = grid.shape
    north, west, step, highest = window
    sin_arc, cos_arc = np.sin(arc), np.cos(arc)
    for p in prange(len(points)):
        sin_phi, cos_phi = math.sin(math.radians(points[p, 0])), math.cos(math.radians(points[p, 0]))
        own = EARTH_M + points[p, 2]
        for a in range(azimuth.shape[0]):
            total = 0.0
            for r in range(azimuth.shape[1]):
                sin_az, cos_az = math.sin(azimuth[a, r]), math.cos(azimuth[a, r])
                best = 0.0
                for k in range(len(arc)):
                    if highest * cos_arc[k] - own <= best * highest * sin_arc[k]:
                        break
                    target = sin_phi * cos_arc[k] + cos_phi * sin_arc[k] * cos_az
                    root = math.sqrt(1.0 - target * target)
                    y = (north - points[p, 0] - math.degrees(_asin(target * cos_phi - root * sin_phi))) / step
                    t = sin_az * sin_arc[k] * cos_phi / (cos_arc[k] - sin_phi * target)
                    x = (points[p, 1] + math.degrees(_atan(t)) - west) / step
                    if y < 0.0 or y > rows or x < 0.0 or x > cols:
                        continue
                    far = EARTH_M + _height(grid, y - 0.5, x - 0.5)
                    rise = far * cos_arc[k] - own
                    if rise > best * far * sin_arc[k]:
                        best = rise / (far * sin_arc[k])
                total += math.degrees(math.atan(best))
            out[p, a] = total / azimuth.shape[1]


def reference(dem: Raster, lat: Array, lon: Array) -> NDArray[np.float32]:
    """The same in NumPy, a ray of all points at a time; what the kernel is held to."""
    eye = dem.bilinear(lat, lon).astype(np.float64) + EYE_M
    out = np.zeros((len(lat), AZIMUTHS), dtype=np.float32)
    for column, rays in enumerate(_azimuths()):
        out[:, column] = np.mean([_ray(dem, lat, lon, eye, azimuth) for azimuth in rays], axis=0)
    return out


def _ray(dem: Raster, lat: Array, lon: Array, eye: Array, azimuth_deg: float) -> Array:
    best = np.zeros(len(lat))
    phi, az = np.radians(lat), np.radians(azimuth_deg)
    for arc in _arcs():
        target = np.sin(phi) * np.cos(arc) + np.cos(phi) * np.sin(arc) * np.cos(az)
        shift = np.arctan2(np.sin(az) * np.sin(arc) * np.cos(phi), np.cos(arc) - np.sin(phi) * target)
        there_lat, there_lon = np.degrees(np.arcsin(target)), lon + np.degrees(shift)
        far = EARTH_M + dem.bilinear(there_lat, there_lon).astype(np.float64)  # half a metre is lost else
        angle = np.arctan2(far * np.cos(arc) - (EARTH_M + eye), far * np.sin(arc))
        np.maximum(best, np.where(_inside(dem, there_lat, there_lon), angle, 0.0), out=best)
    return np.asarray(np.degrees(best))


def _inside(dem: Raster, lat: Array, lon: Array) -> NDArray[np.bool_]:
    rows, cols = dem.grid.shape
    south, east = dem.north - rows * dem.step, dem.west + cols * dem.step
    return np.asarray((lat <= dem.north) & (lat >= south) & (lon >= dem.west) & (lon <= east))
