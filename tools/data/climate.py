"""Climate of each tehsil from the ITU-R maps: the mean over its cells, weighted by its people in them.

The maps themselves may not be redistributed; one value a tehsil may. The maps of P.678-3 and P.840-9 are not
in the package that carries the others: ``python tools/data/climate.py FOLDER`` reads ``678/v3_*.npz`` and
``840/v9_*.npz`` (as the source tree of ITU-Rpy has them, at 6d7f35c) and writes ``newer.csv`` beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from tools.data.inputs import Array

from rabta.nation.climate import of_points

KEYS = ["province", "district", "tehsil"]
NEWER = Path(__file__).with_name("newer.csv")
EXCEEDED_PERCENT = 5.0


def of_cells(lat: Array, lon: Array, height_m: Array) -> pd.DataFrame:
    """Values at points, as `rabta.nation.climate` reads them from the maps."""
    return pd.DataFrame(of_points(lat, lon, height_m))


def months(lat: Array, lon: Array) -> pd.DataFrame:
    """Rain (mm) and mean surface temperature (K) of each month at points: P.837-7 and P.1510-1."""
    from rabta.radio.sky.maps import Maps

    wheel, columns = Maps(), {}
    for name, family in (("rain_mm", "rain_month"), ("temperature_k", "temperature_month")):
        for month in range(1, 13):
            columns[f"{name}_{month:02d}"] = wheel.grid(family, f"{month:02d}").bilinear(lat, lon)
    return pd.DataFrame(columns)


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
    found = pd.concat([tehsils[KEYS].reset_index(drop=True), keyed], axis=1)
    return found.sort_values(KEYS, ignore_index=True)


def with_newer(climate: pd.DataFrame) -> pd.DataFrame:
    """Add how much years differ (P.678-3) and the cloud liquid of P.840-9, from ``newer.csv``."""
    return climate.merge(pd.read_csv(NEWER), on=KEYS, how="left", validate="1:1")


def climatic_ratio(folder: Path, lat: Array, lon: Array) -> Array:
    """Climatic ratio of P.678-3 at points, bilinear in the map of half a degree."""
    from scipy.interpolate import RegularGridInterpolator

    grid = {
        name: np.load(folder / "678" / f"v3_{name}.npz")["arr_0"] for name in ("lat", "lon", "climatic_ratio")
    }
    axes = grid["lat"][::-1, 0], grid["lon"][0]
    read = RegularGridInterpolator(axes, grid["climatic_ratio"][::-1])
    return np.asarray(read(np.column_stack([lat, np.mod(lon, 360.0)])))


def main() -> int:
    """Write ``newer.csv`` from the folder of maps that is named."""
    from rabta.radio.sky import places
    from rabta.radio.sky.maps import Maps

    folder = Path(sys.argv[1])
    shipped = NEWER.parents[2] / "src" / "rabta" / "catalog" / "nations" / "pakistan"
    cells, shares, tehsils = (
        pd.read_parquet(shipped / f"{name}.parquet") for name in ("cells", "apportionment", "tehsils")
    )
    where = cells["lat_deg"].to_numpy(), cells["lon_deg"].to_numpy()
    values = {
        "climatic_ratio": climatic_ratio(folder, *where),
        "liquid_kg_m2": places.liquid_kg_m2(*where, EXCEEDED_PERCENT, Maps(folder)),
    }
    by_tehsil(pd.DataFrame(values), shares, tehsils).to_csv(NEWER, index=False)
    return 0


if __name__ == "__main__":
    sys.path[0] = str(NEWER.parents[2])
    sys.exit(main())
