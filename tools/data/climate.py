"""Climate of each tehsil from the ITU-R maps: the people-weighted mean of the values at its cells.

The maps themselves may not be redistributed; one value a tehsil may.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from tools.data.inputs import Array

from rabta.nation.climate import of_points

KEYS = ["province", "district", "tehsil"]


def of_cells(lat: Array, lon: Array, height_m: Array) -> pd.DataFrame:
    """Values at points, as `rabta.nation.climate` reads them from the maps."""
    return pd.DataFrame(of_points(lat, lon, height_m))


def by_tehsil(cells: pd.DataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """People-weighted mean of the cells' values, one row a tehsil."""
    weight = cells["people"].to_numpy(dtype=np.float64) + 1.0
    keyed = pd.concat([cells[KEYS], values.mul(weight, axis=0).assign(weight=weight)], axis=1)
    total = keyed.groupby(KEYS, sort=True).sum()
    mean = total[list(values.columns)].div(total["weight"], axis=0)
    return mean.round(4).reset_index()
