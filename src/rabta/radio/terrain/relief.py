"""What terrain adds to level ground around masts: ITU-R P.1812-7 on rays from each place."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.radio.terrain.profile import QUERY, RADIUS_KM
from rabta.radio.terrain.raster import Terrain, directions

Array = NDArray[np.float64]

REACH_KM = 10.0  # TR 38.901's rural macro loss, which this is added to, holds to here
SPACING_KM = 0.5
STRIDE = 4
RADII_KM = np.arange(STRIDE * SPACING_KM, REACH_KM + 1e-9, STRIDE * SPACING_KM)
"""Distances of the receivers from the mast: the coordinate ``reach`` of the arrays."""
AZIMUTHS = 12
MAST_M, USER_M = 35.0, 3.0  # as in catalog/radios/macro-2600-700


@cache
def bands_ghz() -> tuple[float, ...]:
    """Carriers of the catalog's terrestrial sites, lowest first: the coordinate ``carrier`` of the arrays."""
    entries = (entry.data for entry in catalog.entries("radios"))
    return tuple(sorted({float(b["frequency_ghz"]) for data in entries for b in data.get("bands", ())}))


def added_db(
    terrain: Terrain,
    lat_deg: ArrayLike,
    lon_deg: ArrayLike,
    frequency_ghz: ArrayLike,
    people_km2: ArrayLike = 1.0,
    mast_m: float = MAST_M,
    user_m: float = USER_M,
) -> Array:
    """Loss that the terrain adds to level ground at each of `RADII_KM`, in dB; below 0 where it helps.

    A mast stands at each place; 12 rays of 10 km leave it. P.1812 over the terrain less P.1812 over level
    ground, half of the time and of the places: the median over the rays, each with the weight of the people
    who live about its receiver, so that empty ridges count for little.

    Parameters
    ----------
    lat_deg, lon_deg, people_km2 : array_like, shape (place,)
        Where the people of each cell live, and how densely: a receiver has the density of the nearest place.

    Returns
    -------
    ndarray, shape (place, frequency, distance)
        NaN where no ray lies inside the raster.
    """
    from rabta import jit
    from rabta.radio.terrain import _kernels

    lat, lon = (np.asarray(v, np.float64).ravel() for v in (lat_deg, lon_deg))
    fall, n0 = terrain.refractivity(lat, lon)
    place = np.column_stack([np.radians(lat), np.radians(lon), fall, n0])
    bands = np.asarray(frequency_ghz, np.float64).ravel()
    row = {"time_percent": 50.0, "location_percent": 50.0, "tx_height_m": mast_m, "rx_height_m": user_m,
           "vertical": 1.0, "resolution_m": 100.0}  # fmt: skip
    query = np.array(
        [[row.get(name, f if name == "frequency_ghz" else 0.0) for name in QUERY] for f in bands]
    )
    distance = np.arange(0.0, REACH_KM + SPACING_KM / 2.0, SPACING_KM)
    weight = _weights(lat, lon, np.broadcast_to(np.asarray(people_km2, np.float64), lat.shape))
    out = np.empty((len(lat), len(bands), len(RADII_KM)))
    jit.each_part(
        _kernels.radials, len(lat), terrain.height_m, terrain.zone, terrain.grid, np.ascontiguousarray(place),
        weight, query, distance, STRIDE, out,
    )  # fmt: skip
    return out


def _weights(lat: Array, lon: Array, people_km2: Array) -> Array:
    """Density of people about each receiver, shape (place, azimuth, distance)."""
    from scipy.spatial import cKDTree

    angle = 2.0 * np.pi * np.arange(AZIMUTHS) / AZIMUTHS
    far = RADII_KM / RADIUS_KM
    north = np.degrees(far * np.cos(angle)[:, None])
    east = np.degrees(far * np.sin(angle)[:, None]) / np.cos(np.radians(lat))[:, None, None]
    where = directions(lat[:, None, None] + north, lon[:, None, None] + east)
    _, nearest = cKDTree(directions(lat, lon)).query(where, workers=-1)
    return np.ascontiguousarray(np.maximum(people_km2[nearest], 1e-6))
