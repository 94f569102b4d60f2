"""Places of service: exact sums, hierarchy, and sizes that grow with the density of people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.data import institutions


def nation() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Eighty units of twenty cells, from empty country to a city; one cell in ten is shared by two units."""
    rng = np.random.default_rng(11)
    provinces = ["Punjab", "Sindh", "Khyber Pakhtunkhwa", "Balochistan"]
    unit = np.repeat(np.arange(80), 20)
    people = np.floor(10 ** rng.uniform(0.5, 4.8, len(unit))).astype(np.int64)
    extra = np.arange(0, len(unit) - 20, 10)
    apportionment = pd.DataFrame(
        {
            "cell_row": np.append(np.arange(len(unit)), extra),
            "tehsil_row": np.append(unit, unit[extra] + 1),
            "people": np.append(people, np.full(len(extra), 7)),
        }
    )
    total = apportionment.groupby("tehsil_row")["people"].sum().to_numpy()
    units = pd.DataFrame(
        {
            "province": np.repeat(provinces, 20),
            "district": [f"district {k // 4}" for k in range(80)],
            "pupils": np.rint(0.22 * total).astype(np.int64),
        }
    )
    cells = pd.DataFrame({"area_km2": 5.2, "urban_share": np.where(people > 20_000, 0.9, 0.0)})
    return units, cells, apportionment


@pytest.fixture(scope="module")
def placed() -> tuple[pd.DataFrame, pd.DataFrame]:
    return institutions.of_cells(*nation()), institutions.by_unit(*nation())


def test_sums_are_the_published_counts(placed: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """PIE 2021-22: 313,418 institutions; Economic Survey 2024-25 and Ministry of Health: health units."""
    for table in placed:
        assert table["schools"].sum() == 313_418
        assert table["health_units"].sum() == 1_696 + 5_434 + 595 + 4_916 + 1_138
        seats_of_units, seats_of_districts = 80, 20
        assert table["offices"].sum() == (
            seats_of_units + seats_of_districts + 13_419 + 645 + 619 + 1_925 + 3_339
        )
        assert (table.dtypes == np.int64).all()
        assert (table >= 0).all(axis=None)


def test_cells_and_units_hold_the_same(placed: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Cells that belong to one unit only give that unit at most what it has."""
    _, _, apportionment = nation()
    alone = apportionment[~apportionment["cell_row"].duplicated(keep=False)]
    own = placed[0].loc[alone["cell_row"]].groupby(alone["tehsil_row"].to_numpy()).sum()
    assert (own <= placed[1]).all(axis=None)
    assert own["schools"].sum() > 0.8 * 313_418


def test_schools_are_small_where_people_are_few(placed: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Size goes with density to the power 1/3 for public and 0 for private: the mix lies between."""
    _, cells, apportionment = nation()
    people = apportionment.groupby("cell_row")["people"].sum().to_numpy()
    many = placed[0]["schools"].to_numpy() >= 20
    size = np.log(people[many] / placed[0]["schools"].to_numpy()[many])
    slope = np.polyfit(np.log(people[many] / cells["area_km2"].to_numpy()[many]), size, 1)[0]
    assert 0.0 < slope < 1.0 / 3.0


def test_every_seat_has_a_hospital_and_its_offices(placed: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """The most populous cell of a unit is its seat: a hospital, the tehsil office, a registration centre."""
    _, _, apportionment = nation()
    seats = apportionment.loc[apportionment.groupby("tehsil_row")["people"].idxmax(), "cell_row"]
    assert (placed[0].loc[seats, "health_units"] >= 1).all()
    assert (placed[0].loc[seats, "offices"] >= 2).all()


def test_councils_of_a_province_stay_in_it() -> None:
    """3,339 councils of Khyber Pakhtunkhwa: without that province there are so many fewer offices."""
    units, cells, apportionment = nation()
    other = units.assign(province=units["province"].replace("Khyber Pakhtunkhwa", "Gilgit-Baltistan"))
    fewer = institutions.of_cells(other, cells, apportionment)["offices"].sum()
    assert institutions.of_cells(units, cells, apportionment)["offices"].sum() - fewer == 3_339


def test_nobody_no_school(placed: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """A cell without people, and so without a part, gets nothing."""
    units, cells, apportionment = nation()
    wider = pd.concat([cells, pd.DataFrame({"area_km2": [5.2], "urban_share": [0.0]})], ignore_index=True)
    found = institutions.of_cells(units, wider, apportionment)
    assert found.iloc[-1].tolist() == [0, 0, 0]
    pd.testing.assert_frame_equal(found.iloc[:-1], placed[0])


@given(
    st.lists(st.tuples(st.just(0.0) | st.floats(1e-3, 1e6), st.integers(0, 6)), min_size=1, max_size=60),
    st.integers(0, 100_000),
)
def test_division_is_exact_and_near(parts: list[tuple[float, int]], count: int) -> None:
    """Largest remainder twice: the sum is exact, and each part is within two of its exact share."""
    weight, unit = np.array([w for w, _ in parts]), np.array([u for _, u in parts])
    found = institutions._divide(weight, unit, count)
    if weight.sum() <= 0.0:
        assert not found.any()
        return
    assert found.sum() == count
    assert not found[weight == 0.0].any()
    assert np.abs(found - weight / weight.sum() * count).max() < 2.0 + 1e-6
