"""The aerodromes and the cell that holds each."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
from tools.data.inputs import Inputs

METRES_PER_FOOT = 0.3048


def table(inputs: Inputs, cells: pd.DataFrame) -> pd.DataFrame:
    """Every aerodrome of the country in the columns of the schema ``aerodromes``.

    Elevations are in feet in the source (Skardu 7,316 ft), in metres here.

    Parameters
    ----------
    cells : DataFrame
        Column ``cell``, the H3 index as an integer; all of one resolution.

    Returns
    -------
    DataFrame, one row an aerodrome, by ICAO code
        ``cell_row`` is -1 for an aerodrome outside every cell.
    """
    raw = inputs.table("airports_pk").sort_values("icao", ignore_index=True)
    names = pd.Index(cells["cell"].to_numpy(dtype=np.uint64))
    resolution = h3.get_resolution(int(names[0]))
    own = [h3.latlng_to_cell(a, b, resolution) for a, b in zip(raw["lat"], raw["lon"], strict=True)]
    return pd.DataFrame(
        {
            "name": raw["name"],
            "icao": raw["icao"],
            "iata": raw["iata"].fillna(""),
            "lat_deg": raw["lat"],
            "lon_deg": raw["lon"],
            "elevation_m": (raw["elevation"] * METRES_PER_FOOT).round(1),
            "cell_row": names.get_indexer(pd.Index(np.asarray(own, dtype=np.uint64))).astype(np.int64),
        }
    )
