"""What the networks' sites see of small aircraft over every cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.country.drop import EARTH_M, GOLDEN_TURN, Sites
from rabta.mobile.sensing import maps, radar

if TYPE_CHECKING:
    import pandas as pd

    from rabta.radio.terrain.raster import Terrain

Array = NDArray[np.float64]

SENSOR = "nr-3500-panel"
BAND = "3500-mhz"
MAST_M = 30.0
SPOTS = 7  # places drawn in each cell


def spots(cells: pd.DataFrame) -> tuple[Array, Array, NDArray[np.int64]]:
    """Places spread over each cell's area around the middle of its people, degrees, and the cell's row."""
    number = np.tile(np.arange(SPOTS), len(cells))
    row = np.repeat(np.arange(len(cells)), SPOTS)
    radius = np.sqrt(np.maximum(cells["area_km2"].to_numpy(np.float64), 0.01) * 1e6 / np.pi)[row]
    away = radius * np.sqrt((number + 0.5) / SPOTS)
    lat = cells["lat_deg"].to_numpy(np.float64)[row]
    north = np.degrees(away * np.sin(GOLDEN_TURN * number) / EARTH_M)
    east = np.degrees(away * np.cos(GOLDEN_TURN * number) / (EARTH_M * np.cos(np.radians(lat))))
    return lat + north, cells["lon_deg"].to_numpy(np.float64)[row] + east, row


def _ground(terrain: Terrain | None, lat: Array, lon: Array) -> Array:
    """Height of the ground; level at 0 where no terrain is known."""
    if terrain is None or not len(lat):
        return np.zeros(len(lat))
    north, west, step = terrain.grid[:3]
    rows, columns = terrain.height_m.shape
    inside_lat = np.clip(lat, north - (rows - 2) * step, north - step)
    return terrain.heights(inside_lat, np.clip(lon, west + step, west + (columns - 2) * step))


def seen_share(
    cells: pd.DataFrame, placed: Sites, chosen: NDArray[np.bool_], terrain: Terrain | None, heights_m: Array
) -> Array:
    """Mean probability of detection over each cell's places, shape (cell, height)."""
    lat, lon, row = spots(cells)
    mast = (np.degrees(placed.lat[chosen]), np.degrees(placed.lon[chosen]))
    sites = (*mast, _ground(terrain, *mast) + MAST_M)
    level, panel = _ground(terrain, lat, lon), radar.sensor(SENSOR)
    out = np.zeros((len(cells), len(heights_m)))
    for h, height in enumerate(heights_m):
        seen = maps.see(panel, maps.Target(), sites, (lat, lon, level + height), terrain)
        out[:, h] = np.bincount(row, seen.probability, len(cells)) / SPOTS
    return out
