"""What terrain adds to level ground around masts: ITU-R P.1812-7 on rays from each place."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.radio.terrain.profile import QUERY
from rabta.radio.terrain.raster import Terrain

Array = NDArray[np.float64]

REACH_KM = 10.0  # TR 38.901's rural macro loss, which this is added to, holds to here
SPACING_KM = 0.5
AZIMUTHS = 12
FIRST_POINT, STRIDE = 4, 4  # receivers at 2, 4, 6, 8 and 10 km
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
    mast_m: float = MAST_M,
    user_m: float = USER_M,
) -> Array:
    """Median loss that the terrain adds to that over level ground, in dB; below 0 where it helps.

    For a mast at each place: 12 rays of 10 km, receivers at each 2 km, half of the time and of the places;
    the median over rays and receivers of P.1812 over the terrain less P.1812 over level ground.

    Returns
    -------
    ndarray, shape (place, frequency)
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
    out = np.empty((len(lat), len(bands)))
    jit.each_part(
        _kernels.radials, len(lat), terrain.height_m, terrain.zone, terrain.grid, np.ascontiguousarray(place),
        query, distance, AZIMUTHS, FIRST_POINT, STRIDE, out,
    )  # fmt: skip
    return out
