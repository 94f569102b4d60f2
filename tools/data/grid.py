"""Cells, their owner, and the cross-walk between polygons and census units."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import shapely
from tools.data.inputs import Array

HERE = Path(__file__).parent
RESOLUTION = 6
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
    return table


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


def group(table: pd.DataFrame) -> pd.Series:
    """Group number of each polygon: units and polygons that share a member are one group."""
    parent: dict[str, str] = {}

    def root(item: str) -> str:
        while parent.setdefault(item, item) != item:
            item = parent[item]
        return item

    for r in table.itertuples():
        parent[root(f"{r.district}/{r.unit}")] = root(str(r.pcode))
    pcodes = sorted(table["pcode"].unique())
    roots = [root(p) for p in pcodes]
    number = {name: i for i, name in enumerate(dict.fromkeys(roots))}
    return pd.Series([number[r] for r in roots], index=pcodes, name="group")


def cells(polygons: gpd.GeoDataFrame, groups: pd.Series) -> pd.DataFrame:
    """Cells whose centre lies in a polygon, with the polygon's group; sorted by cell.

    A group without a cell takes the cell that it covers most from a neighbour that keeps another one.
    """
    owner: dict[str, str] = {}
    for pcode, shape in zip(polygons["pcode"], polygons.geometry, strict=True):
        for cell in h3.geo_to_cells(shape, RESOLUTION):
            owner.setdefault(cell, pcode)
    names = sorted(owner)
    frame = pd.DataFrame({"cell": names, "group": groups.reindex([owner[c] for c in names]).to_numpy()})
    return _claim(frame, polygons, groups)


def _claim(frame: pd.DataFrame, polygons: gpd.GeoDataFrame, groups: pd.Series) -> pd.DataFrame:
    shapes = outlines(frame["cell"])
    member = groups.reindex(polygons["pcode"]).to_numpy()
    for number in sorted(set(groups) - set(frame["group"])):
        land = shapely.union_all(polygons.geometry.to_numpy()[member == number])
        near = np.flatnonzero(shapely.intersects(shapes, land))
        covered = shapely.area(shapely.intersection(shapes[near], land))
        spare = frame["group"].map(frame["group"].value_counts()).to_numpy()[near] > 1
        best = near[np.argmax(np.where(spare, covered, -1.0))]
        frame.loc[best, "group"] = number
    return frame


def outlines(names: pd.Series) -> np.ndarray:
    """Polygon of each cell in longitude and latitude."""
    rings = [[(lon, lat) for lat, lon in h3.cell_to_boundary(c)] for c in names]
    return np.asarray([shapely.Polygon(ring) for ring in rings], dtype=object)


def land_area_km2(names: pd.Series, polygons: gpd.GeoDataFrame) -> Array:
    """Area of each cell inside the country."""
    country = shapely.union_all(polygons.geometry.to_numpy())
    shapes = outlines(names)
    shapely.prepare(country)
    edge = ~shapely.contains_properly(country, shapes)
    share = np.ones(len(shapes))
    share[edge] = shapely.area(shapely.intersection(shapes[edge], country)) / shapely.area(shapes[edge])
    return np.asarray(share * np.asarray([h3.cell_area(c, unit="km^2") for c in names]))
