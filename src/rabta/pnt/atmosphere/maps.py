"""Delay from maps of the ionosphere's content, as IONEX files hold them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.products.ionex import Maps

Array = NDArray[np.float64]


def _cell(axis: Array, value: Array) -> tuple[NDArray[np.int64], Array]:
    """Lower index and fraction of values on an even axis; beyond it is held at the edge."""
    step = (axis[-1] - axis[0]) / (axis.size - 1)
    place = np.clip((value - axis[0]) / step, 0.0, axis.size - 1.0)
    low = np.minimum(place.astype(np.int64), axis.size - 2)
    return low, place - low


def _bilinear(grid: Maps, layer: NDArray[np.int64], lat: Array, lon: Array) -> Array:
    row, up = _cell(grid.latitudes_deg, lat)
    west = grid.longitudes_deg[0]
    column, right = _cell(grid.longitudes_deg, (lon - west) % 360.0 + west)
    tec = grid.tec_tecu
    south = tec[layer, row, column] * (1.0 - right) + tec[layer, row, column + 1] * right
    north = tec[layer, row + 1, column] * (1.0 - right) + tec[layer, row + 1, column + 1] * right
    return np.asarray(south * (1.0 - up) + north * up)


def vertical_tecu(grid: Maps, lat_deg: ArrayLike, lon_deg: ArrayLike, time: ArrayLike) -> Array:
    """Vertical content: linear between two maps, each turned with the Sun, bilinear within.

    IONEX 1.1 (Schaer, Gurtner and Feltens 1998), section 3, the third and recommended way. A time outside of
    the maps is refused.
    """
    when = np.asarray(time, dtype=np.int64)
    if when.size and (when.min() < grid.times[0] or when.max() > grid.times[-1]):
        raise RabtaError(
            "the maps do not hold that time",
            key="time",
            value=str(gnsstime.calendar(when.min() if when.min() < grid.times[0] else when.max())),
            expected=f"{gnsstime.calendar(grid.times[0])} to {gnsstime.calendar(grid.times[-1])}",
        )
    lat, lon, when = np.broadcast_arrays(np.asarray(lat_deg, float), np.asarray(lon_deg, float), when)
    first = np.clip(np.searchsorted(grid.times, when, side="right") - 1, 0, grid.times.size - 2)
    total, span = np.zeros(when.shape), (grid.times[first + 1] - grid.times[first]).astype(np.float64)
    for layer, other in ((first, first + 1), (first + 1, first)):
        away = (when - grid.times[layer]) / gnsstime.NS
        share = np.abs((grid.times[other] - when) / span)
        total = total + share * _bilinear(grid, layer, lat, lon + away * 360.0 / 86_400.0)
    return total


def delay_m(
    grid: Maps,
    position_m: ArrayLike,
    azimuth_deg: ArrayLike,
    elevation_deg: ArrayLike,
    time: ArrayLike,
    frequency_hz: ArrayLike,
) -> Array:
    """Slant delay of the ionosphere.

    Parameters
    ----------
    grid : Maps
        From `rabta.pnt.products.ionex.read`; they must hold the times.
    position_m : array_like, shape (..., 3)
        Earth-fixed position of the receiver.
    azimuth_deg, elevation_deg, time, frequency_hz : array_like, shape (...)
        Of each ray; time in nanoseconds of GPS time. All broadcast against each other.

    Returns
    -------
    ndarray, shape (...)
        Metres; single-layer mapping at the maps' own height. NaN where the maps have no value.
    """
    lat, lon, _ = (np.radians(item) for item in geo.geodetic_from_ecef(position_m))
    azimuth, elevation = np.radians(azimuth_deg), np.radians(elevation_deg)
    ratio = grid.radius_m / (grid.radius_m + grid.height_m) * np.cos(elevation)
    centre = np.pi / 2.0 - elevation - np.arcsin(ratio)
    sine = np.sin(lat) * np.cos(centre) + np.cos(lat) * np.sin(centre) * np.cos(azimuth)
    east = np.sin(centre) * np.sin(azimuth) * np.cos(lat)
    there = lon + np.arctan2(east, np.cos(centre) - np.sin(lat) * sine)
    vertical = vertical_tecu(grid, np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))), np.degrees(there), time)
    scale = 40.3e16 / np.asarray(frequency_hz, dtype=np.float64) ** 2
    return np.asarray(vertical * scale / np.sqrt(1.0 - ratio**2))
