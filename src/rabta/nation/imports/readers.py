"""Rows of a user's file with their geometry in longitude and latitude.

GeoPackage (OGC 12-128r18: SQLite tables whose geometry is a "GP" header before well-known binary), GeoParquet
(version 1.1: well-known binary, reference system in the file's metadata), plain Parquet, GeoJSON (RFC 7946),
CSV with latitude and longitude or well-known text, and the Open Fibre Data Standard.
"""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest
from rabta.nation.imports import ofds

if TYPE_CHECKING:
    import pandas as pd

Objects = NDArray[np.object_]

FORMATS = {
    ".gpkg": "GeoPackage",
    ".parquet": "GeoParquet",
    ".geoparquet": "GeoParquet",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".csv": "CSV",
}
SPELLINGS = {
    "lat_deg": ("latitude", "lat", "y"),
    "lon_deg": ("longitude", "lon", "lng", "long", "x"),
    "people": ("population", "pop"),
    "technology": ("radio", "tech", "generation", "mobile_generation"),
    "operator": ("carrier", "mno", "net", "mnc"),
    "name": ("place", "town", "city"),
    "cell": ("h3", "h3_index", "hex", "h3_cell"),
    "geometry": ("wkt", "geom", "the_geom"),
}
ENVELOPE_BYTES = (0, 32, 48, 48, 64)  # OGC 12-128r18, clause 2.1.3.1.1


@dataclass
class Features:
    """What a file holds.

    Attributes
    ----------
    table : DataFrame
        Attributes, a row a feature.
    geometry : ndarray of object, shape (row,), or None
        Shapely geometries; None where the row has none, or where the table names H3 cells instead.
    crs : str
        Coordinate reference system as the file states it; empty where it does not.
    kind : str
        Format in words.
    notes : list of str
        What was odd while reading.
    """

    table: pd.DataFrame
    geometry: Objects | None
    crs: str
    kind: str
    notes: list[str] = field(default_factory=list)


def read(path: Path, *, table: str = "", columns: dict[str, str] | None = None, crs: str = "") -> Features:
    """Features of a file; geometry in longitude and latitude where the reference system is known.

    Parameters
    ----------
    table : str
        Table of a GeoPackage, where it has several.
    columns : dict of str
        Names in the file and the names they stand for.
    crs : str
        Reference system of the coordinates, as ``EPSG:32642``; replaces what the file says.
    """
    from pyarrow.lib import ArrowException
    from pyproj.exceptions import ProjError
    from shapely.errors import ShapelyError

    reader = _reader(path)
    try:
        with np.errstate(all="ignore"):  # numbers that overflow are left out as no numbers
            found = reader(path, table)
            found.table = _renamed(found.table, columns or {}, path)
            return _located(found, crs or found.crs)
    except RabtaError:
        raise
    except (
        OSError, ArithmeticError, ArrowException, AttributeError, LookupError, ProjError, RecursionError,
        ShapelyError, TypeError, ValueError, sqlite3.Error, struct.error,
    ) as error:  # fmt: skip
        what = FORMATS[path.suffix.lower()]
        problem = f"cannot read the file: {type(error).__name__}: {error}"
        raise RabtaError(problem[:400], file=path, expected=what) from error


def _reader(path: Path) -> Callable[[Path, str], Features]:
    if not path.is_file():
        raise RabtaError("no such file", file=path, expected="a file to import")
    readers = {".gpkg": _gpkg, ".parquet": _parquet, ".geoparquet": _parquet, ".csv": _csv}
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise RabtaError("unknown format", file=path, value=path.suffix, expected=nearest(suffix, FORMATS))
    return readers.get(suffix, _json)


def _renamed(table: pd.DataFrame, columns: dict[str, str], path: Path) -> pd.DataFrame:
    """Columns under our names: those that the user maps, then usual spellings."""
    known = [str(name) for name in table.columns]
    for theirs in columns:
        if theirs not in known:
            raise RabtaError(
                "no such column", file=path, key="--column", value=theirs, expected=nearest(theirs, known)
            )
    names = [columns.get(name, name) for name in known]
    for ours, others in SPELLINGS.items():
        if ours not in names:
            spelled = [i for i, name in enumerate(names) if name.strip().lower() in (ours, *others)]
            if len(spelled) == 1:
                names[spelled[0]] = ours
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise RabtaError("two columns of one name", file=path, key="--column", value=min(twice))
    return table.set_axis(names, axis=1)


def _located(found: Features, crs: str) -> Features:
    """Geometry from columns where the file has none of its own, then in longitude and latitude."""
    import pandas as pd
    import shapely

    table = found.table
    if found.geometry is None and {"lat_deg", "lon_deg"} <= {*table.columns}:
        lon, lat = (
            pd.to_numeric(table[k], errors="coerce").to_numpy(np.float64) for k in ("lon_deg", "lat_deg")
        )
        points = np.full(len(table), None, dtype=object)
        good = np.isfinite(lon) & np.isfinite(lat)
        points[good] = shapely.points(lon[good], lat[good])
        found.geometry = points
    elif found.geometry is None and "geometry" in table:
        texts = [value if isinstance(value, str) else None for value in table["geometry"]]
        found.geometry = np.asarray(shapely.from_wkt(texts, on_invalid="ignore"), dtype=object)
    found.crs = crs
    if found.geometry is not None:
        found.geometry = shapely.force_2d(_finite(found.geometry))
        found.geometry = _to_degrees(found.geometry, crs)
    return found


def _finite(geometry: Objects) -> Objects:
    """Nothing in place of a geometry that is empty or has a coordinate that is no number."""
    import shapely

    where, row = shapely.get_coordinates(geometry, return_index=True)
    bad = np.zeros(len(geometry), dtype=bool)
    bad[row[~np.isfinite(where).all(axis=1)]] = True
    bad |= shapely.is_missing(geometry) | shapely.is_empty(geometry)
    out = geometry.copy()
    out[bad] = None
    return out


def _to_degrees(geometry: Objects, crs: str) -> Objects:
    import shapely
    from pyproj import CRS, Transformer

    if not crs:
        return geometry
    system = CRS.from_user_input(crs)
    if system.is_geographic and system.to_epsg() in (None, 4326):
        return geometry
    change = Transformer.from_crs(system, "OGC:CRS84", always_xy=True)

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack(change.transform(points[:, 0], points[:, 1]), axis=1)

    return _finite(shapely.transform(geometry, move))


def _csv(path: Path, _: str) -> Features:
    import pandas as pd

    return Features(pd.read_csv(path, dtype=object, keep_default_na=False, na_values=[""]), None, "", "CSV")


def _parquet(path: Path, _: str) -> Features:
    import pyarrow.parquet as pq
    import shapely

    whole = pq.read_table(path)
    about = json.loads((whole.schema.metadata or {}).get(b"geo", b"{}"))
    if not about:
        return Features(whole.to_pandas(ignore_metadata=True), None, "", "Parquet")
    name = str(about["primary_column"])
    column = about["columns"][name]
    if str(column.get("encoding", "")).upper() != "WKB":
        raise RabtaError("encoding of the geometry", file=path, value=column.get("encoding"), expected="WKB")
    geometry = np.asarray(shapely.from_wkb(whole[name].to_pylist(), on_invalid="ignore"), dtype=object)
    crs = column.get("crs", "OGC:CRS84")  # the default of GeoParquet
    rest = whole.drop_columns([name]).to_pandas(ignore_metadata=True)
    return Features(
        rest, geometry, json.dumps(crs) if isinstance(crs, dict) else str(crs or ""), "GeoParquet"
    )


def _json(path: Path, _: str) -> Features:
    import pandas as pd

    whole = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(whole, dict):
        raise RabtaError("not GeoJSON", file=path, expected="a FeatureCollection, or networks of OFDS")
    if "networks" in whole or "spans" in whole:
        rows, geometry, notes = ofds.features(whole, path)
        return Features(pd.DataFrame(rows), geometry, "", "Open Fibre Data Standard", notes)
    features = [whole] if whole.get("type") == "Feature" else whole.get("features")
    if not isinstance(features, list):
        raise RabtaError(
            "not GeoJSON", file=path, key="type", value=whole.get("type"), expected="FeatureCollection"
        )
    made = np.full(len(features), None, dtype=object)
    made[:] = [ofds.geometry(feature.get("geometry")) for feature in features]
    table = pd.DataFrame(
        [_plain(feature.get("properties")) for feature in features], index=range(len(features))
    )
    named = (whole.get("crs") or {}).get("properties", {}).get("name", "")  # of 2008, before RFC 7946
    return Features(table, made, str(named), "GeoJSON")


def _plain(properties: object) -> dict[str, Any]:
    """Properties as columns; what is nested becomes its name, or text."""
    if not isinstance(properties, dict):
        return {}
    out = {}
    for key, value in properties.items():
        nested = value.get("name", value.get("id")) if isinstance(value, dict) else value
        out[str(key)] = json.dumps(nested) if isinstance(nested, list | dict) else nested
    return out


def _gpkg(path: Path, table: str) -> Features:
    import pandas as pd
    import shapely

    with path.open("rb") as stream:
        if stream.read(16) != b"SQLite format 3\0":
            raise RabtaError("not a GeoPackage", file=path, expected="an SQLite database")
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as base:
        name, column, crs = _gpkg_layer(base, path, table)
        quoted = name.replace('"', '""')
        rows = base.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 - a quoted name out of the file itself
        frame = pd.DataFrame(rows.fetchall(), columns=[item[0] for item in rows.description], dtype=object)
    binary = [_gpkg_wkb(value) for value in frame.pop(column)]
    geometry = np.asarray(shapely.from_wkb(binary, on_invalid="ignore"), dtype=object)
    return Features(frame, geometry, crs, "GeoPackage")


def _gpkg_layer(base: sqlite3.Connection, path: Path, table: str) -> tuple[str, str, str]:
    """Name, geometry column and reference system of the one table of features, or of the one asked for."""
    found = base.execute(
        "SELECT g.table_name, g.column_name, s.organization, s.organization_coordsys_id, s.definition "
        "FROM gpkg_geometry_columns g LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id"
    ).fetchall()
    tables = {str(row[0]): row[1:] for row in found}
    if not table and len(tables) == 1:
        table = next(iter(tables))
    if table not in tables:
        wanted = nearest(table, tables) if tables else "a table of features"
        raise RabtaError(
            "which table of the GeoPackage", file=path, key="--table", value=table, expected=wanted
        )
    column, authority, code, text = tables[table]
    known = authority and str(authority).upper() != "NONE"
    return (
        table,
        str(column),
        f"{authority}:{code}" if known else ("" if text == "undefined" else str(text or "")),
    )


def _gpkg_wkb(value: object) -> bytes | None:
    """Well-known binary after the header of a GeoPackage geometry; nothing where there is none."""
    if not isinstance(value, bytes) or value[:2] != b"GP" or len(value) < 8:
        return None
    kind = (value[3] >> 1) & 7
    return value[8 + ENVELOPE_BYTES[kind] :] if kind < len(ENVELOPE_BYTES) else None
