"""The nation's layers: read from the catalog or from a user's folder, checked before use.

A folder holds ``cells`` (columns of ``schema/tables/cells.csv``) and, where wanted, ``climate`` (the climate
columns keyed by province, district and tehsil, joined to cells that lack them), ``horizon`` (36 columns of
quarter degrees, one row a cell; without it the terrain is open) and ``places``. Tables are Parquet or CSV.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog, schema
from rabta.errors import RabtaError, nearest
from rabta.scenario import Nation

if TYPE_CHECKING:
    import pandas as pd

AZIMUTHS = 36
ZONE_RESOLUTION = 3
KEYS = ("province", "district", "tehsil")
DERIVED = ("zone",)
TABLES = ("cells", "climate", "horizon", "places")
MOBILE = ("none", "2g", "3g", "4g")
WITHOUT_BROADBAND = ("none", "2g")
NOT_NEGATIVE = ("area_km2", "people", "households", "school_age", "backbone_km", "rain_rate_001_mmh")
SHARES = ("urban_share", "grid_share", "fixed_today_share", "unserved_today_share")


@dataclass(frozen=True)
class Layers:
    """The nation as loaded.

    Attributes
    ----------
    cells, places : DataFrame
        Columns as in the schema.
    horizon_deg : ndarray, shape (cell, 36)
        Terrain horizon, bins of 10 degrees clockwise from north.
    """

    cells: pd.DataFrame
    places: pd.DataFrame
    horizon_deg: NDArray[np.float32]


def folder(nation: Nation) -> Path:
    """Folder of the layers: the user's, or the one beside the nation's catalog entry."""
    if nation.data:
        path = Path(nation.data).expanduser()
        if not path.is_dir():
            raise RabtaError("no such folder", key="nation.data", value=path, expected="a folder of layers")
        return path
    return catalog.entry("nations", nation.name).path.with_suffix("")


def files(nation: Nation) -> list[Path]:
    """The files that a load reads."""
    found = [_find(folder(nation), name) for name in TABLES]
    return [path for path in found if path is not None]


def load(nation: Nation) -> Layers:
    """Read and check every layer at the resolution of the files."""
    where = folder(nation)
    path = _find(where, "cells")
    if path is None:
        raise RabtaError("no table of cells", file=where, expected="cells.parquet or cells.csv")
    cells = _with_climate(_read(path), where)
    cells = _checked_cells(_with_zone(cells, path), path)
    _check_cells(cells, path)
    return Layers(cells, _places(where, len(cells)), _horizon(where, len(cells)))


def check(frame: pd.DataFrame, table: str, file: object) -> pd.DataFrame:
    """Columns of a table in schema order and type; a missing or wrong one is named.

    Columns with a default may be absent; columns that the schema does not know are dropped.
    """
    import pandas as pd

    out: dict[str, Any] = {}
    for name, spec in schema.tables()[table].items():
        if name not in frame and spec.default == "":
            hint = nearest(name, [str(c) for c in frame.columns])
            raise RabtaError(
                "missing column", file=file, key=name, expected=f"{spec.type}: {spec.description}; {hint}"
            )
        values = frame[name] if name in frame else pd.Series([spec.default] * len(frame))
        out[name] = _typed(values, spec, name, file)
    return pd.DataFrame(out)


def _typed(values: pd.Series[Any], spec: schema.ColumnSpec, name: str, file: object) -> Any:
    if spec.type == "string":
        if values.isna().any():
            raise RabtaError(
                "empty value",
                file=file,
                key=name,
                value=f"row {int(values.isna().argmax())}",
                expected="text",
            )
        return values.astype(str).to_numpy(dtype=object)
    try:
        numbers = values.to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise RabtaError(f"not numbers: {error}", file=file, key=name, expected=spec.type) from error
    wrong = ~np.isfinite(numbers)
    if spec.type.startswith("int"):
        wrong |= numbers != np.floor(numbers)
    _refuse(wrong, values, name, file, spec.type)
    return values.to_numpy().astype(spec.type) if not wrong.any() else numbers


def _refuse(wrong: NDArray[np.bool_], values: Any, name: str, file: object, expected: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        value = values.iloc[row] if hasattr(values, "iloc") else values[row]
        raise RabtaError("wrong value", file=file, key=name, value=f"{value} in row {row}", expected=expected)


def _check_cells(cells: pd.DataFrame, file: object) -> None:
    for name in NOT_NEGATIVE:
        _refuse(cells[name].to_numpy() < 0, cells[name], name, file, "zero or more")
    for name in SHARES:
        share = cells[name].to_numpy()
        _refuse((share < 0) | (share > 1), cells[name], name, file, "a share between 0 and 1")
    known = cells["mobile_today"].isin(MOBILE).to_numpy()
    _refuse(~known, cells["mobile_today"], "mobile_today", file, " or ".join(MOBILE))
    _refuse(np.abs(cells["lat_deg"].to_numpy()) > 90, cells["lat_deg"], "lat_deg", file, "-90 to 90")
    _refuse(cells["cell"].duplicated().to_numpy(), cells["cell"], "cell", file, "each cell once")


def _find(where: Path, name: str) -> Path | None:
    for suffix in (".parquet", ".csv"):
        if (where / f"{name}{suffix}").is_file():
            return where / f"{name}{suffix}"
    return None


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return (
            pd.read_parquet(path)
            if path.suffix == ".parquet"
            else pd.read_csv(path, keep_default_na=False, na_values=[""])
        )
    except (OSError, ValueError) as error:
        raise RabtaError(f"cannot read the table: {error}", file=path, expected="Parquet or CSV") from error


def _with_climate(cells: pd.DataFrame, where: Path) -> pd.DataFrame:
    path = _find(where, "climate")
    if path is None:
        return cells
    climate = _read(path)
    for key in KEYS:
        for frame, file in ((cells, _find(where, "cells")), (climate, path)):
            if key not in frame:
                raise RabtaError("missing column", file=file, key=key, expected="the tehsil's name")
    wanted = [c for c in climate.columns if c not in cells.columns or c in KEYS]
    return cells.merge(climate[wanted], on=list(KEYS), how="left", sort=False, validate="m:1")


def _with_zone(cells: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Add the zone, and refuse what is not an H3 cell of resolution 3 or finer."""
    import h3

    if "cell" not in cells:
        raise RabtaError("missing column", file=path, key="cell", expected="H3 index of the cell")
    zones = []
    for row, cell in enumerate(cells["cell"].astype(str)):
        if not h3.is_valid_cell(cell) or h3.get_resolution(cell) < ZONE_RESOLUTION:
            raise RabtaError(
                "wrong value",
                file=path,
                key="cell",
                value=f"{cell} in row {row}",
                expected="H3 index, resolution 3 or finer",
            )
        zones.append(h3.cell_to_parent(cell, ZONE_RESOLUTION))
    return cells.assign(zone=zones)


def _checked_cells(cells: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Check the columns, and derive the share without broadband where the file leaves it out."""
    if "unserved_today_share" in cells:
        return check(cells, "cells", path)
    found = check(cells.assign(unserved_today_share=0.0), "cells", path)
    share = unserved_share(found["mobile_today"], found["fixed_today_share"])
    return found.assign(unserved_today_share=share)


def unserved_share(mobile_today: ArrayLike, fixed_today_share: ArrayLike) -> NDArray[np.float64]:
    """Share of a cell's households without broadband today.

    A household is unserved where the best mobile service is none or 2G and it has no fixed line.

    Examples
    --------
    >>> unserved_share(["none", "2g", "3g", "4g"], [0.0, 0.25, 0.0, 0.5]).tolist()
    [1.0, 0.75, 0.0, 0.0]
    """
    without_mobile = np.isin(np.asarray(mobile_today, dtype=str), WITHOUT_BROADBAND)
    return np.where(without_mobile, 1.0 - np.asarray(fixed_today_share, dtype=np.float64), 0.0)


def _places(where: Path, cells: int) -> pd.DataFrame:
    import pandas as pd

    path = _find(where, "places")
    if path is None:
        return check(pd.DataFrame({name: [] for name in schema.tables()["places"]}), "places", where)
    frame = check(_read(path), "places", path)
    row = frame["cell_row"].to_numpy()
    _refuse((row < 0) | (row >= cells), frame["cell_row"], "cell_row", path, f"0 to {cells - 1}")
    return frame


def _horizon(where: Path, cells: int) -> NDArray[np.float32]:
    path = _find(where, "horizon")
    if path is None:
        return np.zeros((cells, AZIMUTHS), dtype=np.float32)
    frame = _read(path)
    if frame.shape != (cells, AZIMUTHS):
        raise RabtaError(
            "horizon table has the wrong shape",
            file=path,
            value=frame.shape,
            expected=f"{(cells, AZIMUTHS)}: a row a cell",
        )
    quarters = frame.to_numpy(dtype=np.float32)
    wrong = np.asarray(((quarters < 0) | (quarters > 360)).any(axis=1), dtype=bool)
    _refuse(wrong, frame.max(axis=1), "horizon", path, "quarter degrees, 0 to 360")
    return np.asarray(quarters * np.float32(0.25))
