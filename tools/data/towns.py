"""Towns: positions from GeoNames, people from the census where a locality of the district has the name."""

from __future__ import annotations

import re
from difflib import get_close_matches

import h3
import numpy as np
import pandas as pd
from tools.data.census import district_key
from tools.data.inputs import Inputs

BODY = re.compile(r"\s+(MC|TC|CANTONMENT|MUN\w* CORP\w*|METROPOLITAN CORP\w*)\b.*$")
KARACHI = r"Karachi|Keamari|Korangi|Malir"  # one listed city over seven districts
VILLAGE_SHARE = 0.1  # largest part of a tehsil without towns that one listed place may hold
ALIKE = 0.84  # of `difflib`: Tala Gang and Talagang, Mirpur Khas and Mirpurkhas


def listed(inputs: Inputs, cells: pd.DataFrame, tehsils: pd.DataFrame, resolution: int) -> pd.DataFrame:
    """Towns that lie in a cell, largest first.

    Columns: name, latitude, longitude, population, row (of the cell), counted (True where the people are
    those of the 2023 census: wards, cantonments and corporations of one name are one town). Some places are
    listed with the people of their whole district; one that the census does not name holds no more than the
    towns of its tehsil do.
    """
    frame = inputs.towns()
    row_of = {cell: row for row, cell in enumerate(cells["cell"])}
    at = [
        row_of.get(h3.latlng_to_cell(a, b, resolution), -1)
        for a, b in zip(frame["latitude"], frame["longitude"], strict=True)
    ]
    frame = frame.assign(row=np.asarray(at, dtype=np.int64))
    frame = frame[frame["row"] >= 0].reset_index(drop=True)
    district = cells["district"].to_numpy()[frame["row"]]
    census = localities(inputs)
    found = [_match(district_key(d), n, census) for d, n in zip(district, frame["name"], strict=True)]
    return _limited(_counted(frame, pd.Series(found, dtype=object), census), cells, tehsils)


def _counted(frame: pd.DataFrame, found: pd.Series, census: dict[str, dict[str, int]]) -> pd.DataFrame:
    """Give each matched locality to the largest of the places that claim it."""
    first = found.notna() & ~found.duplicated()
    people = [census[f[0]][f[1]] if ok else 0 for f, ok in zip(found, first, strict=True)]
    frame = frame.assign(counted=first, population=np.where(first, people, frame["population"]))
    return frame[first | found.isna()]  # a second place of one name is a part of the first


def _limited(frame: pd.DataFrame, cells: pd.DataFrame, tehsils: pd.DataFrame) -> pd.DataFrame:
    at = cells["group"].to_numpy()[frame["row"]]
    most = np.maximum(tehsils["urban"].to_numpy(), VILLAGE_SHARE * tehsils["people"].to_numpy())[at]
    free = frame["counted"] | cells["district"].iloc[frame["row"]].str.match(KARACHI).to_numpy()
    people = np.where(free, frame["population"], np.minimum(frame["population"], most)).astype(np.int64)
    order = ["population", "geonameid"]
    frame = frame.assign(population=people).sort_values(order, ascending=[False, True])
    return frame.reset_index(drop=True)


def localities(inputs: Inputs) -> dict[str, dict[str, int]]:
    """People of the urban localities of each district, by name in letters only."""
    raw = inputs.table("urban_localities")
    whole = raw["URBAN_LOCALITY"].fillna(raw["TEHSIL"])
    named = raw[~whole.str.startswith("DISTRICT MUNICIPAL")]
    out: dict[str, dict[str, int]] = {}
    for district, name, people in zip(named["DISTRICT"], whole[named.index], named["ALL_SEXES"], strict=True):
        inside = out.setdefault(district_key(district), {})
        letters = _letters(BODY.sub("", str(name)))
        inside[letters] = inside.get(letters, 0) + int(people)
    return out


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _match(district: str, name: str, census: dict[str, dict[str, int]]) -> tuple[str, str] | None:
    inside = census.get(district, {})
    letters = _letters(name)
    near = [letters] if letters in inside else get_close_matches(letters, inside, n=1, cutoff=ALIKE)
    return (district, near[0]) if near else None
