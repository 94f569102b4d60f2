"""Cells cut along the districts: sums over provinces and districts are the census's at every resolution."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rabta.nation import aggregate, layers
from rabta.scenario import Nation

# Pakistan Bureau of Statistics, census 2023; census 2017 for the two territories (blocks)
PUBLISHED = {
    "Punjab": 127_688_922,
    "Sindh": 55_696_147,
    "Khyber Pakhtunkhwa": 40_856_097,
    "Balochistan": 14_894_402,
    "Islamabad": 2_363_863,
    "Azad Jammu and Kashmir": 4_045_367,
    "Gilgit-Baltistan": 1_492_924,
}


@pytest.mark.parametrize("resolution", [7, 6, 5, 4])
def test_provinces_are_exact_although_cells_straddle_them(resolution: int) -> None:
    found = aggregate.aggregate(layers.load(Nation()), resolution)
    parts = aggregate.pieces(found.cells, found.units.tehsils, found.units.apportionment)
    assert parts.groupby("province")["people"].sum().to_dict() == PUBLISHED
    straddling = found.cells.groupby("province")["people"].sum().to_dict()
    assert straddling != PUBLISHED  # else this test shows nothing
    homes = found.cells["households"].to_numpy()[parts["cell_row"]] * parts["household_share"]
    counted = found.units.tehsils.groupby("district")["households"].sum()
    assert np.allclose(homes.groupby(parts["district"]).sum()[counted.index], counted)
    for name in ("people_share", "household_share"):
        assert np.bincount(parts["cell_row"], parts[name]) == pytest.approx(np.ones(len(found.cells)))


def test_a_cell_of_two_districts_and_an_empty_one() -> None:
    cells = pd.DataFrame({"province": ["P", "Q"], "district": ["a", "c"]})
    tehsils = pd.DataFrame(
        {"province": "P", "district": ["a", "a", "b"], "people": [10, 10, 20], "households": [2.0, 2.0, 10.0]}
    )
    parts = aggregate.pieces(
        cells,
        tehsils,
        pd.DataFrame({"cell_row": [0, 0, 0], "tehsil_row": [0, 1, 2], "people": [10, 10, 20]}),
    )
    assert parts[["cell_row", "district", "people"]].to_numpy().tolist() == [
        [0, "a", 20],
        [0, "b", 20],
        [1, "c", 0],
    ]
    assert parts["people_share"].tolist() == [0.5, 0.5, 1.0]
    assert parts["household_share"].tolist() == pytest.approx([4 / 14, 10 / 14, 1.0])
