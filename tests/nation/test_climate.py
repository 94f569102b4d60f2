"""Climate of the tehsils against the ITU-R maps read at cities through the ``itur`` package.

Truth: rain rate exceeded 0.01 % of the year, P.837-7, computed with itur 0.4.0 at the cities' points.
"""

from __future__ import annotations

import numpy as np
import pytest

from rabta.nation import layers
from rabta.scenario import Nation

CITIES = {
    "Karachi": (24.86, 67.01, 33.0),
    "Gwadar": (25.13, 62.33, 21.1),
    "Quetta": (30.18, 67.00, 19.8),
    "Islamabad": (33.69, 73.06, 65.4),
    "Lahore": (31.55, 74.34, 63.0),
    "Gilgit": (35.92, 74.31, 7.5),
    "Mithi": (24.74, 69.80, 40.4),
}


@pytest.mark.parametrize("city", CITIES)
def test_rain_rate_of_the_tehsil_is_near_that_of_its_city(city: str) -> None:
    lat, lon, rain = CITIES[city]
    cells = layers.load(Nation()).cells
    row = np.hypot(cells["lat_deg"] - lat, cells["lon_deg"] - lon).idxmin()
    assert cells.loc[row, "rain_rate_001_mmh"] == pytest.approx(rain, rel=0.12)


def test_values_are_physical() -> None:
    cells = layers.load(Nation()).cells
    bounds = {
        "rain_rate_001_mmh": (3.0, 90.0),
        "rain_height_km": (3.5, 6.5),
        "temperature_k": (240.0, 305.0),
        "vapour_g_m3": (1.0, 35.0),
        "vapour_kg_m2": (2.0, 80.0),
        "cloud_kg_m2": (0.05, 2.0),
        "n_wet": (1.0, 150.0),
    }
    for name, (low, high) in bounds.items():
        assert low <= cells[name].min() <= cells[name].max() <= high, name


def test_one_value_a_tehsil() -> None:
    """The maps may not be redistributed: cells of a tehsil carry one value."""
    cells = layers.load(Nation()).cells
    assert cells.groupby(["province", "district", "tehsil"])["rain_rate_001_mmh"].nunique().max() == 1
