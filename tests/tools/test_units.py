"""Light, schooling and rural localities of the census units against the published sums."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tools.data import census
from tools.data.inputs import Inputs

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def inputs(shared: Path) -> Inputs:
    return Inputs(shared / "data" / "pakistan")


@pytest.fixture(scope="module")
def units(inputs: Inputs) -> pd.DataFrame:
    return census.units(inputs)


@pytest.fixture(scope="module")
def counted(units: pd.DataFrame) -> pd.DataFrame:
    return units[units["census_year"] == 2023]


@pytest.mark.parametrize(
    ("column", "published"),
    [
        ("people", 241_499_431),
        ("lighting_households", 38_292_556),
        ("grid_households", 32_179_042),
        ("solar_households", 2_962_152),
        ("people_10", 171_714_532),
        ("literate", 104_148_094),
        ("out_of_school", 25_373_350),
        ("pupils_primary", 27_604_564),
    ],
)
def test_nation_is_as_published(counted: pd.DataFrame, column: str, published: int) -> None:
    """2023 census, Tables 1, 12 and 22, national rows."""
    assert counted[column].sum() == published


def test_other_light_is_what_is_left(counted: pd.DataFrame) -> None:
    """Table 22: 3,151,362 households have neither grid nor solar light; the grid has 84.0 %."""
    light = counted[["lighting_households", "grid_households", "solar_households"]].sum()
    assert light.iloc[0] - light.iloc[1] - light.iloc[2] == 3_151_362
    assert light.iloc[1] / light.iloc[0] == pytest.approx(0.840, abs=5e-4)


@pytest.mark.parametrize(
    ("province", "people", "literate_percent"),
    [
        ("Punjab", 127_688_922, 66.25),
        ("Sindh", 55_696_147, 57.54),
        ("Khyber Pakhtunkhwa", 40_856_097, 51.09),
        ("Balochistan", 14_894_402, 42.01),
        ("Islamabad", 2_363_863, 83.97),
    ],
)
def test_provinces_are_as_published(
    counted: pd.DataFrame, province: str, people: int, literate_percent: float
) -> None:
    """2023 census, key findings: people of Table 1 and literacy ratios of Table 12 by province."""
    own = counted[counted["province"] == province]
    assert own["people"].sum() == people
    share = own["literate"].sum() / own["people_10"].sum()
    assert 100.0 * share == pytest.approx(literate_percent, abs=0.006)


def test_literacy_of_each_unit_is_the_ratio_that_the_table_prints(
    inputs: Inputs, counted: pd.DataFrame
) -> None:
    """Table 12 prints each unit's literacy in percent; the counts give the same to its rounding."""
    raw = inputs.table("census2023/TABLE_12")
    raw = raw[raw["VARS"].eq("Literate %")]
    ours = counted.set_index([counted["district"].map(census.district_key), "unit"])["literate_share"]
    named = census._unit_names(raw.reset_index(drop=True))
    theirs = raw["ALL_SEXES_OVERALL"].to_numpy() / 100.0
    found = ours.reindex(pd.MultiIndex.from_frame(named)).to_numpy()
    assert len(found) == 591
    assert abs(found - theirs).max() < 1e-4


def test_rural_localities_are_as_published(counted: pd.DataFrame) -> None:
    """Table 3: 46,697 rural localities by size; the rows for divisions are not counted a second time."""
    found = counted[census.RURAL].sum()
    assert found.tolist() == [8_340, 12_417, 9_334, 6_950, 4_808, 3_821, 1_027]
    assert found.sum() == 46_697


def test_rural_units_sum_to_the_rows_of_their_divisions(inputs: Inputs) -> None:
    """Table 3 has the same people and localities by division; Islamabad has none."""
    raw = inputs.table("census2023/TABLE_03")
    whole = raw[raw["ADMIN_UNIT"].eq("DIVISION") & raw["RURAL_LOCALITIES_BY_POP_SIZE"].eq("OVERALL")]
    found = census._table_3(inputs)
    found = found[found["district"] != "Islamabad"]
    people = [f"{name}_people" for name in census.RURAL]
    assert found[people].to_numpy().sum() == whole["ALL_SEXES"].sum()
    assert found[census.RURAL].to_numpy().sum() == whole["NUMBER_OF_RURAL_LOCALITIES"].sum()


def test_gidder_is_told_from_its_neighbour(inputs: Inputs) -> None:
    """Gidder's first row is lost in Table 3; its 61 localities hold 89,631 people."""
    found = census.rural_classes(inputs).set_index(["district", "unit"])
    gidder = found.loc[("Surab", "GIDDER")]
    assert gidder[census.RURAL].sum() == 61
    assert gidder[[f"{name}_people" for name in census.RURAL]].sum() == 89_631
    assert found.loc[("Surab", "DASHT E GORAN")][census.RURAL].sum() == 20


def test_every_rural_unit_belongs_to_a_counted_unit(inputs: Inputs, units: pd.DataFrame) -> None:
    rural = census.rural_classes(inputs)
    known = set(zip(units["district"], units["unit"], strict=True))
    assert set(zip(rural["district"], rural["unit"], strict=True)) <= known
    assert not rural.duplicated(["district", "unit"]).any()


def test_shares_are_shares(units: pd.DataFrame) -> None:
    for name in census.SHARES:
        assert units[name].between(0.0, 1.0).all()
    assert (units["grid_share"] + units["solar_share"]).max() <= 1.0
    assert (units["out_of_school"] <= units["school_age"]).all()


def test_territories_are_marked_as_modelled(units: pd.DataFrame, counted: pd.DataFrame) -> None:
    """Azad Kashmir and Gilgit-Baltistan take the rates of the counted districts beside them."""
    old = units[units["census_year"] == 2017]
    assert old["modelled"].all()
    assert not counted["modelled"].any()
    for place, beside in census.NEIGHBOURS.items():
        near = counted[counted["district"].isin(beside)]
        own = old[old["province"] == place]
        theirs = near["literate"].sum() / near["people_10"].sum()
        assert own["literate"].sum() / own["people_10"].sum() == pytest.approx(theirs, rel=1e-4)
