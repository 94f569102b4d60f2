"""Climate of each tehsil from the ITU-R maps: the people-weighted mean of the values at its cells.

The maps themselves may not be redistributed; one value a tehsil may. Values: rain rate R0.01 (P.837-7), mean
rain height (P.839-4), annual mean surface temperature (P.1510-1), surface water vapour density and columnar
water vapour exceeded 5 % of the year (P.836-6), columnar reduced cloud liquid exceeded 5 % of the year
(P.840-7), wet term of the refractivity, median year (P.453-13).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from tools.data.inputs import Array

KEYS = ["province", "district", "tehsil"]
EXCEEDED_PERCENT = 5.0


def of_cells(lat: Array, lon: Array, height_m: Array) -> pd.DataFrame:
    """Values at points, from the ``itur`` package."""
    import itur.models as m

    above_km = np.maximum(height_m, 0.0) / 1e3
    return pd.DataFrame(
        {
            "rain_rate_001_mmh": _plain(m.itu837.rainfall_rate(lat, lon, 0.01)),
            "rain_height_km": _plain(m.itu839.rain_height(lat, lon)),
            "temperature_k": _plain(m.itu1510.surface_mean_temperature(lat, lon)),
            "vapour_g_m3": _plain(
                m.itu836.surface_water_vapour_density(lat, lon, EXCEEDED_PERCENT, above_km)
            ),
            "vapour_kg_m2": _plain(m.itu836.total_water_vapour_content(lat, lon, EXCEEDED_PERCENT, above_km)),
            "cloud_kg_m2": _plain(m.itu840.columnar_content_reduced_liquid(lat, lon, EXCEEDED_PERCENT)),
            "n_wet": _plain(m.itu453.map_wet_term_radio_refractivity(lat, lon, 50)),
        }
    )


def _plain(value: Any) -> Array:
    return np.asarray(getattr(value, "value", value), dtype=np.float64).ravel()


def by_tehsil(cells: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """People-weighted mean of the cells' values, one row a tehsil."""
    weight = cells["people"].to_numpy(dtype=np.float64) + 1.0
    keyed = pd.concat([cells[KEYS], values.mul(weight, axis=0).assign(weight=weight)], axis=1)
    total = keyed.groupby(KEYS, sort=True).sum()
    mean = total[list(values.columns)].div(total["weight"], axis=0)
    return mean.round(4).reset_index()
