"""The shipped cells against the census, to the person.

Truth: Pakistan Bureau of Statistics, 7th Population and Housing Census 2023 (provinces, districts, Table 1)
and 6th census 2017 (Azad Jammu and Kashmir, Gilgit-Baltistan).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
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
# Table 1 of the 2023 census. The last two share a polygon, and their boundary in it is not known.
TEHSILS = {
    ("Chagai", "Taftan"): 19_259,
    ("Tando Muhammad Khan", "Tando Muhammad Khan"): 272_427,
    ("Sargodha", "Shahpur"): 424_746,
    ("Rawalpindi", "Murree"): 252_526,
    ("Batagram", "Allai"): 218_149,
    ("Gwadar", "Ormara"): 27_832,
    ("Abbottabad", "Havelian"): 256_754,
    ("Bahawalpur", "Bahawalpur City"): 815_202,
    ("Bahawalpur", "Bahawalpur Saddar"): 675_950,
}
KEYS = ["province", "district", "tehsil"]
SPELLING = {"ICT": "Islamabad", "Malakand Protected Area": "Malakand"}


@pytest.fixture(scope="module")
def shipped() -> layers.Layers:
    return layers.load(Nation())


@pytest.fixture(scope="module")
def cells(shipped: layers.Layers) -> pd.DataFrame:
    return shipped.cells


@pytest.fixture(scope="module")
def shares(shipped: layers.Layers) -> pd.DataFrame:
    """The apportionment with the names of its tehsils."""
    names = shipped.units.tehsils[[*KEYS, "census_year"]]
    parts = shipped.units.apportionment.reset_index(drop=True)
    return pd.concat([parts, names.iloc[parts["tehsil_row"]].reset_index(drop=True)], axis=1)


def test_provinces_are_exact(shares: pd.DataFrame) -> None:
    assert shares.groupby("province")["people"].sum().to_dict() == PROVINCES


def test_nation_of_2023_is_exact(shares: pd.DataFrame) -> None:
    assert shares.loc[shares["census_year"] == 2023, "people"].sum() == 241_499_431


def test_apportionment_adds_up_to_the_cells(cells: pd.DataFrame, shares: pd.DataFrame) -> None:
    found = shares.groupby("cell_row")["people"].sum().reindex(range(len(cells)), fill_value=0)
    assert (found.to_numpy() == cells["people"].to_numpy()).all()
    assert shares["people"].min() > 0
    assert not shares.duplicated(["cell_row", "tehsil_row"]).any()


def test_every_unit_has_its_people(shipped: layers.Layers, shares: pd.DataFrame) -> None:
    """591 units of 2023 and 44 of 2017, each to the person."""
    units = shipped.units.tehsils
    assert units["census_year"].value_counts().to_dict() == {2023: 591, 2017: 44}
    found = shares.groupby("tehsil_row")["people"].sum()
    assert found.index.tolist() == list(range(635))
    assert (found.to_numpy() == units["people"].to_numpy()).all()
    assert (units["urban_people"] <= units["people"]).all()


@pytest.mark.shared
def test_units_are_those_of_table_1(shipped: layers.Layers, shared: Path) -> None:
    """Each of the 590 counts of Table 1 is a unit's, to the person; the unit that it lacks has 272,427."""
    raw = pd.read_parquet(shared / "data/pakistan/census2023/TABLE_01.parquet")
    raw = raw[raw["REGION"].eq("OVERALL") & raw["ALL_SEXES"].notna()]
    ours = shipped.units.tehsils
    ours = ours.loc[ours["census_year"] == 2023, "people"]
    assert sorted(ours) == sorted([*raw["ALL_SEXES"].astype(int), 272_427])


@pytest.mark.shared
def test_all_136_districts_are_exact(shares: pd.DataFrame, shared: Path) -> None:
    """The district table, but for eight districts in which Table 1 counts otherwise: four pairs that exchange
    people.
    """
    census = pd.read_parquet(shared / "data/pakistan/census2023/PakPC2023PakDist.parquet")
    census = census.assign(District=census["District"].replace(SPELLING)).set_index("District")
    ours = shares[shares["census_year"] == 2023].groupby("district")["people"].sum()
    assert len(census) == len(ours) == 136
    apart = (ours - census["Pop2023"]).astype(int)
    moved = apart[apart != 0]
    assert len(moved) == 8
    assert sorted(moved[moved > 0]) == sorted(-moved[moved < 0])


def test_shipped_districts_are_exact(shares: pd.DataFrame) -> None:
    published = pd.read_parquet(layers.folder(Nation()) / "census.parquet")
    assert published["census_year"].value_counts().to_dict() == {2023: 136, 2017: 20}
    ours = shares.groupby(["province", "district"])["people"].sum()
    theirs = published.set_index(["province", "district"])["people"]
    pd.testing.assert_series_equal(ours, theirs.sort_index(), check_names=False)


def test_households_equal_the_district_table(shipped: layers.Layers) -> None:
    """38,340,566 households in 2023; units and cells hold fractions, so only to rounding."""
    units = shipped.units.tehsils
    found = units.loc[units["census_year"] == 2023, "households"].sum()
    assert found == pytest.approx(38_340_566, abs=30)
    assert shipped.cells["households"].sum() == pytest.approx(units["households"].sum(), rel=1e-6)


@pytest.mark.parametrize(("name", "people"), TEHSILS.items())
def test_tehsils_are_exact(shares: pd.DataFrame, name: tuple[str, str], people: int) -> None:
    here = shares[(shares["district"] == name[0]) & (shares["tehsil"] == name[1])]
    assert here["people"].sum() == people


def test_a_cell_may_span_tehsils(shares: pd.DataFrame) -> None:
    several = shares.groupby("cell_row").size() > 1
    assert 0.2 < several.mean() < 0.35


def test_shares_are_those_of_the_census(cells: pd.DataFrame) -> None:
    """Urban 93,750,724 of 241,499,431; lit by the grid 84.0 % (Table 22); aged 5 to 16 31.9 % (Table 4)."""
    new = cells[cells["census_year"] == 2023]
    people, homes = new["people"], new["households"]
    assert (new["urban_share"] * people).sum() / people.sum() == pytest.approx(0.38820, abs=0.002)
    assert (new["grid_share"] * homes).sum() / homes.sum() == pytest.approx(0.840, abs=0.005)
    assert 0.28 < new["school_age"].sum() / people.sum() < 0.35


def test_big_towns_hold_their_people(cells: pd.DataFrame, shares: pd.DataFrame) -> None:
    """Karachi division 20,382,881 and Lahore district 13,004,135 people, dense where the cities are."""
    division = "Karachi|Malir|Keamari|Korangi"
    assert shares.loc[shares["district"].str.match(division), "people"].sum() == 20_382_881
    assert shares.loc[shares["district"] == "Lahore", "people"].sum() == 13_004_135
    lahore = cells[cells["district"] == "Lahore"]
    near = (lahore["lat_deg"] - 31.558) ** 2 + (lahore["lon_deg"] - 74.351) ** 2
    at = lahore.loc[near.idxmin()]
    assert at["people"] / at["area_km2"] > 5_000
    assert at["urban_share"] > 0.9
    # Table 1 gives Liaquatabad 91,000 a km2 on 6 km2, Garden 126,000 on 4 and Lyari 158,000 on 6.
    assert (cells["people"] / cells["area_km2"].clip(lower=2.0)).max() < 130_000


def test_towns_have_their_census_people() -> None:
    """2023 census, Table 2: Faisalabad 3,691,999, Multan 2,215,381, Bannu 48,398, cantonments included."""
    places = layers.load(Nation()).places.set_index("name")["people"]
    assert places[["Faisalabad", "Multan", "Bannu"]].tolist() == [3_691_999, 2_215_381, 48_398]
    assert places["Battagram"] < 50_000  # listed elsewhere with the people of its whole district
    assert places["Karachi"] > 10_000_000  # Table 2 counts its parts


def test_errors_of_cells(cells: pd.DataFrame) -> None:
    """Every cell with people has an error; it is relatively smallest where people are most."""
    lived = cells[cells["people"] >= 10]
    assert (lived["people_sigma"] > 0).all()
    relative = lived["people_sigma"] / lived["people"]
    few, many = relative[lived["people"] < 1_000], relative[lived["people"] > 50_000]
    assert many.median() < 0.6 * few.median()
    assert np.average(relative, weights=lived["people"]) < 1.0


def test_towns_held_out() -> None:
    """Median absolute error of the towns' people: at most 25 % with their place, stated without it."""
    found = pd.read_parquet(layers.folder(Nation()) / "heldout.parquet")
    assert len(found) > 330
    assert sorted(found["fold"].unique()) == list(range(10))
    error = (found["predicted"] / found["census"] - 1.0).abs()
    assert error.median() == pytest.approx(0.214, abs=0.005)
    unplaced = (found["predicted_unplaced"] / found["census"] - 1.0).abs()
    assert unplaced.median() == pytest.approx(0.72, abs=0.02)


def test_cells_cover_the_land(cells: pd.DataFrame) -> None:
    """Land of the 2023 census: 796,096 km2 (Table 1); the boundaries here are simplified."""
    assert cells.loc[cells["census_year"] == 2023, "area_km2"].sum() == pytest.approx(796_096, rel=0.01)
    assert len(cells) == 160_923


def test_terrain_is_where_it_should_be(cells: pd.DataFrame) -> None:
    """Published heights: Quetta 1,680 m, Lahore 217 m, Skardu 2,228 m, Gilgit 1,500 m, Karachi 8-30 m."""
    import h3

    towns = {(30.18, 67.00): 1680, (31.55, 74.34): 217, (35.30, 75.63): 2228, (35.92, 74.31): 1500}
    by_cell = cells.set_index("cell")["elevation_m"]
    for (lat, lon), height in {**towns, (24.86, 67.01): 15}.items():
        assert by_cell[h3.latlng_to_cell(lat, lon, 7)] == pytest.approx(height, abs=80)


def test_valleys_are_hidden_and_plains_are_open() -> None:
    found = layers.load(Nation())
    mean = pd.Series(found.horizon_deg.mean(axis=1)).groupby(found.cells["province"]).mean()
    assert mean["Gilgit-Baltistan"] > 10.0
    assert mean["Punjab"] < 1.0
    assert mean["Sindh"] < 1.0
    assert 30.0 < found.horizon_deg.max() < 63.0
