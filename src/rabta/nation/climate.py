"""Climate at points from the ITU-R maps in the ``itur`` package (the extra ``rabta[itu]``).

The maps themselves may not be redistributed, so the shipped nation has one value a tehsil; with the package
every cell gets its own. Values: rain rate R0.01 and probability of rain (P.837-7), mean rain height
(P.839-4), annual mean surface temperature (P.1510-1), surface water vapour density and columnar water vapour
exceeded 5 % of the year (P.836-6), columnar reduced cloud liquid exceeded 5 % of the year (P.840-7), wet term
of the refractivity, median year, and refractivity gradient of the lowest 65 m not exceeded 1 % of the year
(P.453-13).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError

Array = NDArray[np.float64]

EXCEEDED_PERCENT = 5.0


def of_points(lat_deg: Array, lon_deg: Array, height_m: Array) -> dict[str, Array]:
    """Climate columns of ``schema/tables/cells.csv`` at points; heights are above sea level."""
    try:
        import itur.models as m
    except ImportError as error:
        raise RabtaError(
            "climate from the ITU-R maps needs the package itur",
            key="nation.climate",
            value="itur",
            expected="pip install 'rabta[itu]', or nation.climate = \"shipped\"",
        ) from error
    above_km = np.maximum(height_m, 0.0) / 1e3
    vapour = m.itu836.surface_water_vapour_density(lat_deg, lon_deg, EXCEEDED_PERCENT, above_km)
    column = m.itu836.total_water_vapour_content(lat_deg, lon_deg, EXCEEDED_PERCENT, above_km)
    return {
        "rain_rate_001_mmh": _plain(m.itu837.rainfall_rate(lat_deg, lon_deg, 0.01)),
        "rain_percent": _plain(m.itu837.rainfall_probability(lat_deg, lon_deg)),
        "rain_height_km": _plain(m.itu839.rain_height(lat_deg, lon_deg)),
        "temperature_k": _plain(m.itu1510.surface_mean_temperature(lat_deg, lon_deg)),
        "vapour_g_m3": _plain(vapour),
        "vapour_kg_m2": _plain(column),
        "cloud_kg_m2": _plain(m.itu840.columnar_content_reduced_liquid(lat_deg, lon_deg, EXCEEDED_PERCENT)),
        "n_wet": _plain(m.itu453.map_wet_term_radio_refractivity(lat_deg, lon_deg, 50)),
        "dn1": _plain(m.itu453.DN65(lat_deg, lon_deg, 1)),
    }


def _plain(value: Any) -> Array:
    return np.asarray(getattr(value, "value", value), dtype=np.float64).ravel()
