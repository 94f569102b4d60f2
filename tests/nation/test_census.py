"""The shipped cells against the census, to the person.

Truth: Pakistan Bureau of Statistics, 7th Population and Housing Census 2023 (provinces, districts, Table 1)
and 6th census 2017 (Azad Jammu and Kashmir, Gilgit-Baltistan).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from rabta.nation import layers
from rabta.scenario import Nation

PROVINCES = {
    "Punjab": 127_688_922,
    "Sindh": 55_696_147,
    "Khyber Pakhtunkhwa": 40_856_097,
    "Balochistan": 14_894_402,
    "Islamabad": 2_363_863,
    "Azad Jammu and Kashmir": 4_045_367,
    "Gilgit-Baltistan": 1_492_924,
}
# Table 1 of the 2023 census; tehsils that are one unit and one polygon.
TEHSILS = {
    ("Chagai", "Taftan"): 19_259,
    ("Tando Muhammad Khan", "Tando Muhammad Khan"): 272_427,
    ("Sargodha", "Shahpur"): 424_746,
    ("Rawalpindi", "Murree"): 252_526,
    ("Batagram", "Allai"): 218_149,
    ("Gwadar", "Ormara"): 27_832,
    ("Abbottabad", "Havelian"): 256_754,
}
SPELLING = {"ICT": "Islamabad", "Malakand Protected Area": "Malakand"}


@pytest.fixture(scope="module")
def cells() -> pd.DataFrame:
    return layers.load(Nation()).cells


@pytest.fixture(scope="module")
def tehsils() -> pd.DataFrame:
    return pd.read_parquet(layers.folder(Nation()) / "tehsils.parquet")


def test_provinces_are_exact(cells: pd.DataFrame) -> None:
    assert cells.groupby("province")["people"].sum().to_dict() == PROVINCES


def test_nation_of_2023_is_exact(cells: pd.DataFrame) -> None:
    assert cells.loc[cells["census_year"] == 2023, "people"].sum() == 241_499_431


@pytest.mark.shared
def test_all_136_districts_are_exact(cells: pd.DataFrame, shared: Path) -> None:
    census = pd.read_parquet(shared / "data/pakistan/census2023/PakPC2023PakDist.parquet")
    ours = cells.groupby("district")["people"].sum()
    wrong = {
        name: (int(people), int(ours.get(SPELLING.get(name, name), -1)))
        for name, people in zip(census["District"], census["Pop2023"], strict=True)
        if ours.get(SPELLING.get(name, name), -1) != people
    }
    assert len(census) == 136
    assert wrong == {}


def test_shipped_districts_are_exact(cells: pd.DataFrame) -> None:
    published = pd.read_parquet(layers.folder(Nation()) / "census.parquet")
    assert published["census_year"].value_counts().to_dict() == {2023: 136, 2017: 20}
    ours = cells.groupby(["province", "district"])["people"].sum()
    theirs = published.set_index(["province", "district"])["people"]
    pd.testing.assert_series_equal(ours, theirs.sort_index(), check_names=False)


def test_households_equal_the_district_table(cells: pd.DataFrame) -> None:
    """38,340,566 households in 2023; cells hold fractions, so only to rounding."""
    assert cells.loc[cells["census_year"] == 2023, "households"].sum() == pytest.approx(38_340_566, abs=30)


@pytest.mark.parametrize(("name", "people"), TEHSILS.items())
def test_tehsils_that_map_one_to_one_are_exact(
    cells: pd.DataFrame, name: tuple[str, str], people: int
) -> None:
    here = cells[(cells["district"] == name[0]) & (cells["tehsil"] == name[1])]
    assert here["people"].sum() == people


def test_every_tehsil_has_its_cells_and_its_people(cells: pd.DataFrame, tehsils: pd.DataFrame) -> None:
    keys = ["province", "district", "tehsil"]
    ours = cells.groupby(keys)["people"].sum()
    pd.testing.assert_series_equal(ours, tehsils.set_index(keys)["people"].sort_index(), check_names=False)


def test_shares_are_those_of_the_census(cells: pd.DataFrame) -> None:
    """Urban 93,750,724 of 241,499,431; lit by the grid 84.0 % (Table 22); aged 5 to 16 31.9 % (Table 4)."""
    new = cells[cells["census_year"] == 2023]
    people, homes = new["people"], new["households"]
    assert (new["urban_share"] * people).sum() / people.sum() == pytest.approx(0.38820, abs=0.002)
    assert (new["grid_share"] * homes).sum() / homes.sum() == pytest.approx(0.840, abs=0.005)
    assert 0.28 < new["school_age"].sum() / people.sum() < 0.35


def test_big_towns_hold_their_people(cells: pd.DataFrame) -> None:
    """Karachi division 20,382,881 and Lahore district 13,004,135 people, dense where the cities are."""
    division = "Karachi|Malir|Keamari|Korangi"
    karachi = cells[cells["district"].str.match(division)]
    assert karachi["people"].sum() == 20_382_881
    lahore = cells[cells["district"] == "Lahore"]
    assert lahore["people"].sum() == 13_004_135
    near = (lahore["lat_deg"] - 31.558) ** 2 + (lahore["lon_deg"] - 74.351) ** 2
    at = lahore.loc[near.idxmin()]
    assert at["people"] / at["area_km2"] > 5_000
    assert at["urban_share"] > 0.9
    assert (cells["people"] / cells["area_km2"].clip(lower=5.0)).max() < 75_000  # Karachi Central: 55,000


def test_towns_have_their_census_people() -> None:
    """2023 census, Table 2: Faisalabad 3,691,999, Multan 2,215,381, Bannu 48,398, cantonments included."""
    places = layers.load(Nation()).places.set_index("name")["people"]
    assert places[["Faisalabad", "Multan", "Bannu"]].tolist() == [3_691_999, 2_215_381, 48_398]
    assert places["Battagram"] < 50_000  # listed elsewhere with the people of its whole district


def test_cells_cover_the_land(cells: pd.DataFrame) -> None:
    """Land of the 2023 census: 796,096 km2 (Table 1); the boundaries here are simplified."""
    assert cells.loc[cells["census_year"] == 2023, "area_km2"].sum() == pytest.approx(796_096, rel=0.01)
    assert 22_900 <= len(cells) <= 23_050


def test_terrain_is_where_it_should_be(cells: pd.DataFrame) -> None:
    """Published heights: Quetta 1,680 m, Lahore 217 m, Skardu 2,228 m, Gilgit 1,500 m, Karachi 8-30 m."""
    import h3

    towns = {(30.18, 67.00): 1680, (31.55, 74.34): 217, (35.30, 75.63): 2228, (35.92, 74.31): 1500}
    by_cell = cells.set_index("cell")["elevation_m"]
    for (lat, lon), height in {**towns, (24.86, 67.01): 15}.items():
        assert by_cell[h3.latlng_to_cell(lat, lon, 6)] == pytest.approx(height, abs=80)


def test_valleys_are_hidden_and_plains_are_open() -> None:
    found = layers.load(Nation())
    mean = pd.Series(found.horizon_deg.mean(axis=1)).groupby(found.cells["province"]).mean()
    assert mean["Gilgit-Baltistan"] > 10.0
    assert mean["Punjab"] < 1.0
    assert mean["Sindh"] < 1.0
    assert 30.0 < found.horizon_deg.max() < 63.0
