"""Towns: positions from GeoNames, people from the census where a locality of the district has the name.

GeoNames also lists people. For most towns that the census names they are the census's own count copied, so
they are used only for places that it does not name, and for no test.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tools.data import terrain
from tools.data.census import district_key
from tools.data.inputs import Inputs

HERE = Path(__file__).parent
BODY = re.compile(r"\s+(MC|TC|CANTONMENT|MUN\w* CORP\w*|METROPOLITAN CORP\w*)\b.*$")
CORPORATION, TOWN_COMMITTEE = re.compile(r"CORP"), re.compile(r"\bTC\b")
KARACHI = r"Karachi|Keamari|Korangi|Malir"  # one listed city over seven districts
VILLAGE_SHARE = 0.1  # largest part of an area without towns that one listed place may hold
ALIKE = 0.84  # of `difflib`: Tala Gang and Talagang, Mirpur Khas and Mirpurkhas
FARTHEST_DEG = 0.02  # from a place to the nearest point of the country; farther is abroad


def localities(inputs: Inputs, units: pd.DataFrame) -> pd.DataFrame:
    """Urban localities of Table 2: one row a name and district.

    Returns
    -------
    DataFrame
        ``key`` (of the district), ``name`` in letters only, ``people`` of 2023; ``units``: rows of the census
        units that hold a part of it; ``body``: 2 where a corporation governs, 0 a town committee, 1 another
        (municipal committees and cantonments). Wards, cantonments and corporations of one name are one town.
    """
    raw = inputs.table("urban_localities")
    whole = raw["URBAN_LOCALITY"].fillna(raw["TEHSIL"])
    named = raw[~whole.str.startswith("DISTRICT MUNICIPAL")].copy()
    named["key"] = named["DISTRICT"].map(district_key)
    named["body"] = 1 + whole.str.contains(CORPORATION) - whole.str.contains(TOWN_COMMITTEE).astype(int)
    named["name"] = [letters(BODY.sub("", str(name))) for name in whole[named.index]]
    row = {
        (district_key(d), letters(n)): k
        for k, (d, n) in enumerate(zip(units["district"], units["unit"], strict=True))
    }
    named["row"] = [row.get((k, letters(t)), -1) for k, t in zip(named["key"], named["TEHSIL"], strict=True)]
    grouped = named.groupby(["key", "name"])
    out = grouped["ALL_SEXES"].sum().astype(np.int64).rename("people").to_frame()
    held = {key: tuple(sorted({int(r) for r in rows if r >= 0})) for key, rows in grouped["row"]}
    out["units"] = pd.Series(held, dtype=object)
    return out.assign(body=grouped["body"].max()).reset_index()


def letters(name: str) -> str:
    """Name in lower-case letters only."""
    return re.sub(r"[^a-z]", "", name.lower())


def listed(
    inputs: Inputs,
    points: pd.DataFrame,
    walk: pd.DataFrame,
    units: pd.DataFrame,
    district: NDArray[np.object_],
) -> pd.DataFrame:
    """Places with their people, largest first.

    Parameters
    ----------
    district : ndarray of str
        District of each polygon.

    Returns
    -------
    DataFrame
        name, latitude, longitude, population; point (of the terrain, nearest), row (of its cell); counted
        (True where the people are those of the 2023 census), units (rows of the census units to which the
        town belongs; empty where not known). Some places are listed with the people of their whole district:
        one that the census does not name holds no more than the towns of its area do.
    """
    frame = inputs.towns()
    point = terrain.nearest_point(points, frame)
    there = points.iloc[point]
    away = np.hypot(frame["latitude"].to_numpy() - there["lat"], frame["longitude"].to_numpy() - there["lon"])
    home = district[there["polygon"]]
    frame = frame.assign(
        point=point, row=there["row"].to_numpy(), polygon=there["polygon"].to_numpy(), home=home
    )
    frame = frame[away.to_numpy() < FARTHEST_DEG]
    census = localities(inputs, units)
    frame = _counted(frame, census)
    return _limited(frame, walk, units)


def _counted(frame: pd.DataFrame, census: pd.DataFrame) -> pd.DataFrame:
    """Give each matched locality to the largest of the places that claim it."""
    hand = pd.read_csv(HERE / "place_aliases.csv", keep_default_na=False).set_index("geonameid")
    row = {key: k for k, key in enumerate(zip(census["key"], census["name"], strict=True))}
    names = {str(key): list(held) for key, held in census.groupby("key")["name"]}
    found = [
        _match(int(i), district_key(home), letters(name), hand, names)
        for i, home, name in zip(frame["geonameid"], frame["home"], frame["name"], strict=True)
    ]
    frame = frame.assign(locality=[row.get(key, -1) for key in found])
    frame = frame[[key != ("", "") for key in found]]
    first = (frame["locality"] >= 0) & ~frame["locality"].duplicated()
    frame = frame[first | (frame["locality"] < 0)]  # a second place of one name is a part of the first
    at = frame["locality"].to_numpy()
    people = np.where(at >= 0, census["people"].to_numpy()[at], frame["population"])
    members = pd.Series([census["units"].iloc[k] if k >= 0 else () for k in at], frame.index, dtype=object)
    return frame.assign(population=people, counted=at >= 0, units=members).reset_index(drop=True)


def _match(
    geonameid: int, district: str, name: str, hand: pd.DataFrame, names: dict[str, list[str]]
) -> tuple[str, str]:
    """District key and locality of a place; ``("", "")`` for one that is not where it is listed."""
    if geonameid in hand.index:
        return str(hand.loc[geonameid, "district"]), str(hand.loc[geonameid, "locality"])
    inside = names.get(district, [])
    near = [name] if name in inside else get_close_matches(name, inside, n=1, cutoff=ALIKE)
    return (district, near[0]) if near else (district, "?")


def _limited(frame: pd.DataFrame, walk: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    area = walk.drop_duplicates("polygon").set_index("polygon")["area"]
    of_unit = walk.drop_duplicates("row").set_index("row")["area"].reindex(range(len(units))).to_numpy()
    most = np.maximum(
        np.bincount(of_unit, units["urban"]), VILLAGE_SHARE * np.bincount(of_unit, units["people"])
    )
    free = frame["counted"] | frame["home"].str.match(KARACHI)
    limit = most[area[frame["polygon"]].to_numpy()]
    people = np.where(free, frame["population"], np.minimum(frame["population"], limit)).astype(np.int64)
    order = ["population", "geonameid"]
    return (
        frame.assign(population=people)
        .sort_values(order, ascending=[False, True])
        .drop(columns=["polygon"])
        .reset_index(drop=True)
    )
