"""Cells, and the cross-walk between polygons and census units."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from tools.data.inputs import Array

HERE = Path(__file__).parent
RESOLUTION = 7
GENERIC = re.compile(r"\b(tehsil|taluka|sub-?division|town|fr)\b|[^a-z]")


def crosswalk(polygons: gpd.GeoDataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Each census unit beside each of its polygons: by the hand table, else by name inside the district."""
    hand = pd.read_csv(HERE / "crosswalk.csv")
    hand = hand.assign(pcode=hand["pcodes"].str.split()).explode("pcode")
    used = set(zip(hand["district"], hand["unit"], strict=True))
    named = {
        (d, _plain(n)): p
        for d, n, p in zip(polygons["district"], polygons["name"], polygons["pcode"], strict=True)
    }
    rows = [(r.district, r.unit, r.pcode, r.basis) for r in hand.itertuples()]
    for r in units.itertuples():
        if (r.district, r.unit) not in used:
            pcode = named.get((r.district, _plain(str(r.unit))))
            if pcode is None:
                raise ValueError(f"no polygon for {r.district} / {r.unit}: add it to crosswalk.csv")
            rows.append((r.district, r.unit, pcode, "name"))
    table = pd.DataFrame(rows, columns=["district", "unit", "pcode", "basis"])
    _check(table, polygons, units)
    return _numbered(table, polygons, units)


def _plain(name: str) -> str:
    return GENERIC.sub("", name.lower())


def _check(table: pd.DataFrame, polygons: gpd.GeoDataFrame, units: pd.DataFrame) -> None:
    unused = sorted(set(polygons["pcode"]) - set(table["pcode"]))
    known = set(zip(units["district"], units["unit"], strict=True))
    unknown = sorted(set(zip(table["district"], table["unit"], strict=True)) - known)
    split = table.groupby("pcode")["district"].nunique()
    if unused or unknown or (split > 1).any():
        raise ValueError(
            f"cross-walk: unused {unused}, unknown {unknown}, split {list(split[split > 1].index)}"
        )


def _numbered(table: pd.DataFrame, polygons: gpd.GeoDataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Add the row of each unit and of each polygon, and its ``area``.

    Units and polygons that share a member are one area: the smallest land whose people are known.
    """
    row = {key: k for k, key in enumerate(zip(units["district"], units["unit"], strict=True))}
    unit = [row[key] for key in zip(table["district"], table["unit"], strict=True)]
    polygon = pd.Index(polygons["pcode"]).get_indexer(table["pcode"])
    out = table.assign(row=np.asarray(unit), polygon=polygon)
    return out.assign(area=_joined(out["row"].to_numpy(), polygon)).sort_values(
        ["row", "polygon"], ignore_index=True
    )


def _joined(unit: NDArray[np.int64], polygon: NDArray[np.int64]) -> NDArray[np.int64]:
    from scipy import sparse
    from scipy.sparse import csgraph

    n = int(unit.max()) + 1
    size = n + int(polygon.max()) + 1
    links = sparse.coo_array((np.ones(len(unit)), (unit, n + polygon)), (size, size))
    label = csgraph.connected_components(links, directed=False)[1]
    return np.asarray(label[unit], dtype=np.int64)


def cells(country: gpd.GeoDataFrame) -> pd.DataFrame:
    """Cells whose centre lies inside the country, sorted; with their area inside it.

    Parameters
    ----------
    country : GeoDataFrame
        Polygons of the provinces and territories.
    """
    found = {cell for shape in country.geometry for cell in h3.geo_to_cells(shape, RESOLUTION)}
    names = np.asarray(sorted(found), dtype=np.uint64)
    return pd.DataFrame({"cell": names, "area_km2": _land_area_km2(names, country)})


def outlines(names: NDArray[np.uint64]) -> NDArray[np.object_]:
    """Polygon of each cell in longitude and latitude."""
    rings = [h3.cell_to_boundary(c) for c in names.tolist()]
    size = np.asarray([len(ring) for ring in rings])
    flat = np.concatenate([np.asarray(ring) for ring in rings])[:, ::-1]
    made = shapely.linearrings(flat, indices=np.repeat(np.arange(len(rings)), size))
    return np.asarray(shapely.polygons(made), dtype=object)


def _land_area_km2(names: NDArray[np.uint64], country: gpd.GeoDataFrame) -> Array:
    """Area of each cell inside the country."""
    land = shapely.union_all(country.geometry.to_numpy())
    edge = np.asarray([_at_border(c, names) for c in names.tolist()])
    share = np.ones(len(names))
    shapes = outlines(names[edge])
    share[edge] = shapely.area(shapely.intersection(shapes, land)) / shapely.area(shapes)
    return np.asarray(share * np.asarray([h3.cell_area(c, unit="km^2") for c in names.tolist()]))


def _at_border(cell: int, names: NDArray[np.uint64]) -> bool:
    ring = np.asarray(h3.grid_ring(cell, 1), dtype=np.uint64)
    return bool((names[np.searchsorted(names, ring).clip(max=len(names) - 1)] != ring).any())
