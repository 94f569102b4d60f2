"""The nation's layers: read from the catalog or from a user's folder, checked before use.

A folder holds tables, Parquet or CSV, with the columns of ``schema/tables``:

- ``cells``, one row a cell, in one of two forms. *Explicit*: every column is there, by name. *By tehsil*: a
  column ``tehsil_row`` points into ``tehsils``, and ``apportionment`` says how many people of each tehsil
  live in each cell; what the cells leave out (names, census year, households, children, pupils, shares of
  households with light) then comes from the tehsils, each in proportion to its people there.
- where wanted, ``climate`` (the climate columns keyed by province, district and tehsil, joined to cells that
  lack them), ``horizon`` (36 columns of quarter degrees, one row a cell; without it the terrain is open),
  ``places``, ``aerodromes`` and ``backbone`` (edges between rows of cells).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog, schema
from rabta.errors import RabtaError, nearest
from rabta.nation import hexes
from rabta.scenario import Nation

if TYPE_CHECKING:
    import pandas as pd

AZIMUTHS = 36
ZONE_RESOLUTION = 3
KEYS = ("province", "district", "tehsil")
TABLES = ("cells", "tehsils", "apportionment", "climate", "horizon", "places", "aerodromes", "backbone")
MOBILE = ("none", "2g", "3g", "4g")
WITHOUT_BROADBAND = ("none", "2g")
NOT_NEGATIVE = (
    "area_km2",
    "people",
    "people_sigma",
    "households",
    "school_age",
    "out_of_school",
    "pupils",
    "schools",
    "health_units",
    "offices",
    "backbone_km",
    "sites",
    "sites_4g",
    "rain_rate_001_mmh",
    "rain_percent",
    "climatic_ratio",
    "liquid_kg_m2",
)
SHARES = (
    "urban_share",
    "grid_share",
    "solar_share",
    "literate_share",
    "flooded_2022_share",
    "fixed_today_share",
    "unserved_today_share",
)
BY_PERSON = ("households", "school_age", "out_of_school", "pupils")
BY_HOUSEHOLD = ("grid_share", "solar_share")


@dataclass(frozen=True)
class Units:
    """Census units, and where their people live.

    Attributes
    ----------
    tehsils, apportionment : DataFrame
        Columns as in the schema.
    tehsil_row : ndarray of int, shape (cell,)
        Unit with most of the cell's people, or of its land where nobody lives.
    """

    tehsils: pd.DataFrame
    apportionment: pd.DataFrame
    tehsil_row: NDArray[np.int64]


@dataclass(frozen=True)
class Layers:
    """The nation as loaded.

    Attributes
    ----------
    cells, places, aerodromes, backbone : DataFrame
        Columns as in the schema.
    horizon_deg : ndarray, shape (cell, 36)
        Terrain horizon, bins of 10 degrees clockwise from north.
    units : Units
        Tehsils and their part in each cell.
    index : ndarray of uint64, shape (cell,)
        H3 index of each cell.
    """

    cells: pd.DataFrame
    places: pd.DataFrame
    horizon_deg: NDArray[np.float32]
    aerodromes: pd.DataFrame
    backbone: pd.DataFrame
    units: Units
    index: hexes.Index


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
    found = [find(folder(nation), name) for name in TABLES]
    return [path for path in found if path is not None]


def load(nation: Nation) -> Layers:
    """Read and check every layer at the resolution of the files."""
    where = folder(nation)
    path = find(where, "cells")
    if path is None:
        raise RabtaError("no table of cells", file=where, expected="cells.parquet or cells.csv")
    frame = read(path)
    index = _index(frame, path)
    units = _units(frame, where, path) if "tehsil_row" in frame else None
    frame = _expanded(frame, units, where) if units else _with_climate(frame, where)
    cells = _checked_cells(frame.assign(cell=hexes.texts(index), zone=zones(index)), path)
    _check_cells(cells, path)
    return Layers(
        cells=cells,
        places=_pointing(where, "places", len(cells), ("cell_row",), 0),
        horizon_deg=_horizon(where, len(cells)),
        aerodromes=_pointing(where, "aerodromes", len(cells), ("cell_row",), -1),
        backbone=_pointing(where, "backbone", len(cells), ("from_row", "to_row"), 0),
        units=units or units_of(cells),
        index=index,
    )


def towns(nation: Nation) -> pd.DataFrame:
    """Places of the nation with their positions, without reading the other layers."""
    return check(table(folder(nation), "places"), "places", find(folder(nation), "places"))


def summary(nation: Nation) -> dict[str, Any]:
    """What a folder holds, read as a run would, and what the user should know of it."""
    found, where = load(nation), folder(nation)
    known = records(where / "layers.json")
    warnings = [] if known else ["no layers.json: reports will not say where the layers come from"]
    for record in known:
        path = where / str(record.get("file"))
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != record.get("sha256"):
            warnings.append(
                f"{record.get('file')} is not the file that layers.json records ({record.get('layer')})"
            )
        if record.get("licence") in (None, "", "not stated"):
            warnings.append(f"{record.get('layer')}: licence not stated")
    if not found.horizon_deg.any():
        warnings.append("no horizon: the terrain is open everywhere")
    return {
        "folder": str(where),
        "resolution": "/".join(str(level) for level in np.unique(hexes.resolution(found.index))),
        "cells": len(found.cells),
        "people": int(found.cells["people"].sum()),
        "tables": [name for name in TABLES if find(where, name)],
        "imported": [str(record["imported"]) for record in known if record.get("imported")],
        "warnings": list(dict.fromkeys(warnings)),
    }


def records(path: Path) -> list[dict[str, Any]]:
    """Records in a ``layers.json``: source, licence, date, hash of each layer; none where it is not there."""
    if not path.is_file():
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RabtaError(f"not valid JSON: {error}", file=path, expected="a list of records") from error
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise RabtaError("not a list of records", file=path, expected="layer, source, licence, retrieved")
    return found


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
        out[name] = _typed(values, spec.type, name, file)
    return pd.DataFrame(out)


def _typed(values: pd.Series[Any], kind: str, name: str, file: object) -> Any:
    if kind == "string":
        return _texts(values, name, file)
    try:
        numbers = values.to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise RabtaError(f"not numbers: {error}", file=file, key=name, expected=kind) from error
    wrong = ~np.isfinite(numbers)
    if kind.startswith("int"):
        wrong |= (numbers != np.floor(numbers)) | (np.abs(numbers) > np.iinfo(kind).max)
    _refuse(wrong, values, name, file, kind)
    exact = values.to_numpy()
    return exact.astype(kind) if exact.dtype.kind in "iu" else numbers.astype(kind)


def _texts(values: pd.Series[Any], name: str, file: object) -> Any:
    import pandas as pd

    if values.isna().any():
        row = f"row {int(values.isna().argmax())}"
        raise RabtaError("empty value", file=file, key=name, value=row, expected="text")
    plain = values.to_numpy(dtype=object)
    if pd.api.types.infer_dtype(plain, skipna=False) in ("string", "empty"):
        return plain
    return np.asarray([str(value) for value in plain], dtype=object)


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
    _refuse(np.abs(cells["lon_deg"].to_numpy()) > 180, cells["lon_deg"], "lon_deg", file, "-180 to 180")


def find(where: Path, name: str) -> Path | None:
    """File of a table in a folder, Parquet before CSV."""
    for suffix in (".parquet", ".csv"):
        if (where / f"{name}{suffix}").is_file():
            return where / f"{name}{suffix}"
    return None


def read(path: Path) -> pd.DataFrame:
    """Table as it stands in the file."""
    import pandas as pd
    from pyarrow.lib import ArrowException

    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        else:
            frame = pd.read_csv(path, keep_default_na=False, na_values=[""])
    except (OSError, ValueError, ArrowException) as error:
        raise RabtaError(f"cannot read the table: {error}", file=path, expected="Parquet or CSV") from error
    if not frame.columns.is_unique:
        twice = str(frame.columns[frame.columns.duplicated()][0])
        raise RabtaError("column is there twice", file=path, key=twice, expected="each column once")
    return frame


def _with_climate(cells: pd.DataFrame, where: Path) -> pd.DataFrame:
    path = find(where, "climate")
    if path is None:
        return cells
    climate = read(path)
    for key in KEYS:
        for frame, file in ((cells, find(where, "cells")), (climate, path)):
            if key not in frame:
                raise RabtaError("missing column", file=file, key=key, expected="the tehsil's name")
    wanted = [c for c in climate.columns if c not in cells.columns or c in KEYS]
    return cells.merge(climate[wanted], on=list(KEYS), how="left", sort=False, validate="m:1")


def _index(cells: pd.DataFrame, path: Path) -> hexes.Index:
    """Index of each cell; refuses what is not an H3 cell of resolution 3 or finer, or is there twice."""
    if "cell" not in cells:
        raise RabtaError("missing column", file=path, key="cell", expected="H3 index of the cell")
    index = hexes.numbers(cells["cell"].to_numpy())
    wrong = ~hexes.valid(index) | (hexes.resolution(index) < ZONE_RESOLUTION)
    _refuse(wrong, cells["cell"], "cell", path, "H3 index, resolution 3 or finer")
    _, first = np.unique(index, return_index=True)
    twice = np.ones(len(index), dtype=bool)
    twice[first] = False
    _refuse(twice, cells["cell"], "cell", path, "each cell once")
    return index


def zones(index: hexes.Index) -> NDArray[np.object_]:
    """Text of each cell's zone."""
    found, row = np.unique(hexes.parent(index, ZONE_RESOLUTION), return_inverse=True)
    return np.asarray(hexes.texts(found), dtype=object)[row]


def _units(cells: pd.DataFrame, where: Path, path: Path) -> Units:
    """Census units of cells that point into them."""
    for name in ("tehsils", "apportionment"):
        if find(where, name) is None:
            raise RabtaError(
                f"no table of {name}", file=where, expected=f"{name}.parquet: cells have tehsil_row"
            )
    if "people" not in cells:
        raise RabtaError("missing column", file=path, key="people", expected="int64: People")
    tehsils = table(where, "tehsils")
    main = _rows(cells, "tehsil_row", len(tehsils), 0, path)
    parts = table(where, "apportionment")
    file = find(where, "apportionment")
    _refuse(parts["people"].to_numpy() <= 0, parts["people"], "people", file, "more than zero")
    for key, whole in (("cell_row", cells), ("tehsil_row", tehsils)):
        row = _rows(parts, key, len(whole), 0, file)
        people = np.bincount(row, parts["people"], len(whole)) if len(parts) else np.zeros(len(whole))
        _refuse(people != whole["people"].to_numpy(), people, f"people by {key}", file, "sums of the tables")
    return Units(tehsils, parts, main)


def _rows(frame: pd.DataFrame, key: str, count: int, least: int, file: object) -> NDArray[np.int64]:
    row = np.asarray(_typed(frame[key], "int64", key, file), dtype=np.int64)
    _refuse((row < least) | (row >= count), frame[key], key, file, f"{least} to {count - 1}")
    return row


def _expanded(cells: pd.DataFrame, units: Units, where: Path) -> pd.DataFrame:
    """Cells with the columns that follow from their tehsils."""
    found = _from_tehsils(units, len(cells))
    tehsils = _with_climate(units.tehsils, where)
    for name in tehsils.columns:
        if name in schema.tables()["cells"] and name not in found and name not in schema.tables()["tehsils"]:
            found[name] = tehsils[name].to_numpy()[units.tehsil_row]
    return cells.assign(**{name: values for name, values in found.items() if name not in cells})


def _from_tehsils(units: Units, count: int) -> dict[str, Any]:
    """Columns of cells that the tehsils hold: numbers by people, shares weighted by who has them."""
    tehsils, main = units.tehsils, units.tehsil_row
    cell, tehsil, people = (units.apportionment[k].to_numpy() for k in ("cell_row", "tehsil_row", "people"))
    out: dict[str, Any] = {name: tehsils[name].to_numpy()[main] for name in (*KEYS, "census_year")}
    counted = np.maximum(tehsils["people"].to_numpy(), 1)
    for name in BY_PERSON:
        out[name] = np.bincount(cell, people * (tehsils[name].to_numpy() / counted)[tehsil], count)
    homes = people * (tehsils["households"].to_numpy() / counted)[tehsil]
    for name, weight in (*((n, homes) for n in BY_HOUSEHOLD), ("literate_share", people)):
        share = tehsils[name].to_numpy()
        total = np.bincount(cell, weight, count)
        mean = np.bincount(cell, weight * share[tehsil], count) / np.where(total > 0, total, 1.0)
        out[name] = np.where(total > 0, np.minimum(mean, 1.0), share[main])
    return out


def units_of(cells: pd.DataFrame) -> Units:
    """Units of cells with explicit names: every cell lies in one tehsil."""
    import pandas as pd

    groups = cells.groupby(list(KEYS), sort=True)
    row = np.asarray(groups.ngroup().to_numpy(), dtype=np.int64)
    first = np.unique(row, return_index=True)[1]
    out = cells.iloc[first][[*KEYS, "census_year"]].reset_index(drop=True)
    people, homes = cells["people"].to_numpy(), cells["households"].to_numpy()
    for name in ("people", *BY_PERSON, "schools"):
        out[name] = np.bincount(row, cells[name].to_numpy()).astype(cells[name].to_numpy().dtype)
    out["urban_people"] = np.rint(np.bincount(row, cells["urban_share"] * people)).astype(np.int64)
    for name, weight in (*((n, homes) for n in BY_HOUSEHOLD), ("literate_share", people)):
        total = np.bincount(row, weight)
        mean = np.bincount(row, weight * cells[name].to_numpy()) / np.where(total > 0, total, 1.0)
        out[name] = np.where(total > 0, mean, cells[name].to_numpy()[first])
    out["basis"] = "own"
    inside = np.flatnonzero(people)
    parts = pd.DataFrame({"cell_row": inside, "tehsil_row": row[inside], "people": people[inside]})
    return Units(out[list(schema.tables()["tehsils"])], parts, row)


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


def table(where: Path, name: str) -> pd.DataFrame:
    """Checked table of a folder; empty where the folder has none."""
    import pandas as pd

    path = find(where, name)
    if path is None:
        return check(pd.DataFrame({column: [] for column in schema.tables()[name]}), name, where)
    frame = read(path)
    if "iata" in frame:  # an aerodrome need not have one, and CSV reads an empty text as no value
        frame["iata"] = frame["iata"].astype(object).where(frame["iata"].notna(), "")
    return check(frame, name, path)


def _pointing(where: Path, name: str, cells: int, keys: tuple[str, ...], least: int) -> pd.DataFrame:
    """Checked table that names rows of the cells."""
    frame = table(where, name)
    for key in keys:
        _rows(frame, key, cells, least, find(where, name))
    if "route_km" in frame:
        _refuse(
            frame["route_km"].to_numpy() < 0, frame["route_km"], "route_km", find(where, name), "zero or more"
        )
    return frame


def _horizon(where: Path, cells: int) -> NDArray[np.float32]:
    path = find(where, "horizon")
    if path is None:
        return np.zeros((cells, AZIMUTHS), dtype=np.float32)
    frame = read(path)
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
