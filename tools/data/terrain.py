"""Terrain: fine points inside the cells, their height and relief, and the horizon by azimuth."""

from __future__ import annotations

from typing import Any

import h3
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage
from tools.data.inputs import Array, Raster

EARTH_M = 6_371_008.8
AZIMUTHS = 36
RAYS = 5  # rays inside an azimuth bin; the bin takes their mean
EYE_M = 2.0
FARTHEST_KM = 200.0


def points(dem: Raster, names: pd.Series) -> pd.DataFrame:
    """Centres of the terrain grid that lie in one of the cells, with the cell's row and the height.

    A cell that holds no grid centre gets its own centre.
    """
    row_of = {cell: row for row, cell in enumerate(names)}
    rows, cols = dem.grid.shape
    lat = dem.north - (np.arange(rows) + 0.5) * dem.step
    lon = dem.west + (np.arange(cols) + 0.5) * dem.step
    near = _near(names, lat, lon)
    i, j = np.nonzero(near)
    found = [row_of.get(h3.latlng_to_cell(a, b, 6), -1) for a, b in zip(lat[i], lon[j], strict=True)]
    row = np.asarray(found, dtype=np.int32)
    keep = row >= 0
    i, j, row = i[keep], j[keep], row[keep]
    return pd.DataFrame(
        {"row": row, "i": i, "j": j, "lat": lat[i], "lon": lon[j], "height_m": dem.grid[i, j]}
    )


def _near(names: pd.Series, lat: NDArray[Any], lon: NDArray[Any]) -> NDArray[np.bool_]:
    """Grid centres within half a tenth of a degree of a cell centre, a cheap first cut."""
    centre = np.asarray([h3.cell_to_latlng(c) for c in names])
    step = lat[0] - lat[1]
    mask = np.zeros((len(lat), len(lon)), dtype=bool)
    i = np.round((lat[0] - centre[:, 0]) / step).astype(int)
    j = np.round((centre[:, 1] - lon[0]) / step).astype(int)
    mask[np.clip(i, 0, len(lat) - 1), np.clip(j, 0, len(lon) - 1)] = True
    return np.asarray(ndimage.binary_dilation(mask, structure=np.ones((13, 13), dtype=bool)))


def nearest_point(points: pd.DataFrame, dem: Raster, towns: pd.DataFrame) -> NDArray[np.int64]:
    """Point of the terrain grid under each town that lies in a cell."""
    index = np.full(dem.grid.shape, -1, dtype=np.int64)
    index[points["i"], points["j"]] = np.arange(len(points))
    found = Raster(index, dem.west, dem.north, dem.step).nearest(towns["latitude"], towns["longitude"])
    return np.asarray(found[found >= 0], dtype=np.int64)


def above_valley_m(dem: Raster) -> NDArray[np.float32]:
    """Height above the lowest ground within about 7 km: small on plains and valley floors."""
    lowest = ndimage.minimum_filter(dem.grid, size=15, mode="nearest")
    return np.asarray(dem.grid - lowest, dtype=np.float32)


def horizon_deg(dem: Raster, lat: Array, lon: Array) -> NDArray[np.float32]:
    """Elevation angle of the terrain horizon, one column per azimuth bin of 10 degrees from north.

    The observer stands 2 m above the terrain. Sphere without refraction: seen from height h0, ground of
    height h at the arc s has the elevation atan2((R + h) cos(s) - (R + h0), (R + h) sin(s)). Steps grow from
    1 km to 1.5 % of the distance, to 200 km; the angle is not taken below 0.
    """
    eye = dem.bilinear(lat, lon).astype(np.float64) + EYE_M
    out = np.zeros((len(lat), AZIMUTHS), dtype=np.float32)
    for azimuth in range(AZIMUTHS):
        offsets = (np.arange(RAYS) - (RAYS - 1) / 2) * (360 / AZIMUTHS / RAYS)
        rays = [_ray(dem, lat, lon, eye, azimuth * 360 / AZIMUTHS + offset) for offset in offsets]
        out[:, azimuth] = np.mean(rays, axis=0)
    return out


def _ray(dem: Raster, lat: Array, lon: Array, eye: Array, azimuth_deg: float) -> Array:
    best = np.zeros(len(lat))
    phi, az = np.radians(lat), np.radians(azimuth_deg)
    for distance in _distances_m():
        arc = distance / EARTH_M
        sin_target = np.sin(phi) * np.cos(arc) + np.cos(phi) * np.sin(arc) * np.cos(az)
        shift = np.arctan2(np.sin(az) * np.sin(arc) * np.cos(phi), np.cos(arc) - np.sin(phi) * sin_target)
        there_lat, there_lon = np.degrees(np.arcsin(sin_target)), lon + np.degrees(shift)
        far = EARTH_M + dem.bilinear(there_lat, there_lon)
        angle = np.arctan2(far * np.cos(arc) - (EARTH_M + eye), far * np.sin(arc))
        np.maximum(best, np.where(_inside(dem, there_lat, there_lon), angle, 0.0), out=best)
    return np.degrees(best)


def _inside(dem: Raster, lat: Array, lon: Array) -> NDArray[np.bool_]:
    rows, cols = dem.grid.shape
    return np.asarray(
        (lat <= dem.north)
        & (lat >= dem.north - rows * dem.step)
        & (lon >= dem.west)
        & (lon <= dem.west + cols * dem.step)
    )


def _distances_m() -> list[float]:
    found, distance = [], 1_000.0
    while distance <= FARTHEST_KM * 1e3:
        found.append(distance)
        distance += max(1_000.0, 0.015 * distance)
    return found
