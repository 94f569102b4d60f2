"""Climate of each tehsil from the ITU-R maps: the mean over its cells, weighted by its people in them.

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


def by_tehsil(values: pd.DataFrame, shares: pd.DataFrame, tehsils: pd.DataFrame) -> pd.DataFrame:
    """Mean of the cells' values by the people of each tehsil in them, one row a tehsil.

    Parameters
    ----------
    values : DataFrame
        One row a cell.
    shares : DataFrame
        The apportionment: every tehsil has people in some cell.
    """
    weight = shares["people"].to_numpy(dtype=np.float64)
    unit = shares["tehsil_row"].to_numpy()
    total = np.bincount(unit, weight, minlength=len(tehsils))
    rows = values.to_numpy(dtype=np.float64)[shares["cell_row"].to_numpy()]
    mean = [np.bincount(unit, weight * column, minlength=len(tehsils)) / total for column in rows.T]
    keyed = pd.DataFrame(np.column_stack(mean), columns=values.columns).round(4)
    return pd.concat([tehsils[KEYS].reset_index(drop=True), keyed], axis=1).sort_values(
        KEYS, ignore_index=True
    )
