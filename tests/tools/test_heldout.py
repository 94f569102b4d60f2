"""The cross-walk and the placement of the whole country against the raw tables, and the test on towns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from tools.data import census, ensemble, grid, heldout, layers, people, towns, villages
from tools.data.build import SHIPPED
from tools.data.inputs import Inputs

pytestmark = pytest.mark.shared


@dataclass
class Country:
    """The inputs of the placement."""

    inputs: Inputs
    units: pd.DataFrame
    walk: pd.DataFrame
    cells: pd.DataFrame
    listed: pd.DataFrame
    land: people.Land
    spread: float


@pytest.fixture(scope="module")
def country(shared: Path) -> Country:
    pytest.importorskip("tifffile")
    inputs = Inputs(shared / "data" / "pakistan")
    units, polygons = census.units(inputs), inputs.polygons()
    walk = grid.crosswalk(polygons, units)
    cells, points = layers.ground(inputs, polygons)
    listed = towns.listed(inputs, points, walk, units, polygons["district"].to_numpy())
    land, spread = layers._land(inputs, units, walk, points, listed, lambda text: None)
    return Country(inputs, units, walk, cells, listed, land, spread)


def test_nothing_is_lost_by_the_crosswalk(country: Country) -> None:
    """577 polygons, 591 and 44 units: every polygon has a unit, every unit a polygon of its own district."""
    polygons = country.inputs.polygons()
    assert len(polygons) == 577
    assert country.units["census_year"].value_counts().to_dict() == {2023: 591, 2017: 44}
    assert set(country.walk["pcode"]) == set(polygons["pcode"])
    assert set(country.walk["row"]) == set(range(635))
    theirs = polygons.set_index("pcode")["district"][country.walk["pcode"]].to_numpy()
    moved = country.walk[theirs != country.walk["district"].to_numpy()]
    assert set(moved["basis"]) <= set(pd.read_csv(grid.HERE / "crosswalk.csv")["basis"])
    assert country.walk["basis"].str.len().min() > 0


def test_every_unit_and_every_cell_has_ground(country: Country) -> None:
    where, points = country.land.where, country.land.points
    assert set(where.unit) == set(range(635))
    assert set(points["row"]) == set(range(len(country.cells)))
    assert set(points["polygon"]) == set(range(577))


def test_cells_are_those_whose_centre_is_inside(country: Country) -> None:
    """160,923 cells of resolution 7; their centres lie in the country, those of their outer ring do not."""
    import h3.api.basic_int as h3

    assert len(country.cells) == 160_923
    land = shapely.union_all(country.inputs.country().geometry.to_numpy())
    shapely.prepare(land)
    sample = country.cells["cell"].to_numpy()[::97]
    centre = np.asarray([h3.cell_to_latlng(c) for c in sample.tolist()])
    assert shapely.contains_xy(land, centre[:, 1], centre[:, 0]).all()


def test_people_live_in_their_own_polygons(country: Country) -> None:
    """Cells of the shipped apportionment touch the polygons of their unit, but for slivers at borders."""
    shares = pd.read_parquet(SHIPPED / "apportionment.parquet")
    shapes = grid.outlines(country.cells["cell"].to_numpy())
    polygons = country.inputs.polygons().geometry.to_numpy()
    for unit in range(0, 635, 9):
        mine = shares[shares["tehsil_row"] == unit]
        ground = shapely.union_all(polygons[country.walk.loc[country.walk["row"] == unit, "polygon"]])
        away = shapely.distance(shapes[mine["cell_row"].to_numpy()], ground)
        assert away.max() < 0.06
        assert mine.loc[away > 0, "people"].sum() < 0.01 * mine["people"].sum()


def test_factors_beat_plain_area(country: Country) -> None:
    """Rural people of tehsils whose district the fit has not seen; by area alone the median error is 28 %."""
    kind, points = country.land.kind, country.land.points
    towns_at = country.listed["point"].to_numpy()
    guess, true = ensemble.unseen(kind, country.units, country.walk, points, towns_at)
    _, total, district = people.areas(country.units, country.walk)
    ground = np.bincount(people.area_of(points, country.walk), minlength=len(total))
    plain = ground * (np.bincount(district, total) / np.bincount(district, ground))[district]
    several = (np.bincount(district, total > 0)[district] > 1) & (total > 0)
    assert (total[several] == true).all()
    plain = plain[several]
    fitted_error, plain_error = (np.median(np.abs(g / true - 1.0)) for g in (guess, plain))
    assert fitted_error < 0.235
    assert fitted_error < 0.85 * plain_error


def test_localities_are_those_of_table_3(country: Country) -> None:
    """46,697 rural localities, 1,027 of them empty; with those of the two territories of 2017."""
    unit, people_of = villages.sizes(country.inputs, country.units)
    rural = (country.units["people"] - country.units["urban"]).to_numpy(dtype=np.float64)
    assert np.bincount(unit, people_of, minlength=635) == pytest.approx(rural)
    counted = country.units["census_year"].to_numpy()[unit] == 2023
    assert counted.sum() == pytest.approx(46_697 - 1_027, rel=0.01)
    assert (people_of[counted] >= 5_000).sum() == pytest.approx(8_340, rel=0.03)


def test_withheld_people_are_not_looked_at(country: Country) -> None:
    """Other counts for the towns of a fold, in every table that has them, leave its predictions alone."""
    localities = towns.localities(country.inputs, country.units)
    share = heldout.urban_share_2017(country.inputs, country.units)
    fold = heldout.folds(country.units)
    held = fold == 3
    rng = np.random.default_rng(4)

    def foretold(units: pd.DataFrame, census_of: pd.DataFrame) -> np.ndarray:
        return heldout.divided(census_of, units, heldout.foretold_urban(units, share, ~held), ~held)

    false_units = country.units.assign(
        urban=np.where(held, country.units["people"] * rng.random(635), country.units["urban"])
    )
    inside = np.asarray([any(held[u] for u in of) for of in localities["units"]])
    false_towns = localities.assign(
        people=np.where(inside, rng.integers(1, 10**6, len(localities)), localities["people"])
    )
    ours, theirs = foretold(country.units, localities), foretold(false_units, false_towns)
    assert ours[inside] == pytest.approx(theirs[inside])
    assert inside.sum() > 30


def test_shipped_predictions_are_made_again(country: Country) -> None:
    """The table of towns follows from the inputs; GeoNames' people change none of its predictions."""
    shipped = pd.read_parquet(SHIPPED / "heldout.parquet")
    localities = towns.localities(country.inputs, country.units)
    found = heldout.table(country.inputs, country.units, country.listed, localities, country.land)
    pd.testing.assert_frame_equal(found, shipped, check_dtype=False)
    raw = country.inputs.table("urban_localities").set_index("URBAN_LOCALITY")["ALL_SEXES"]
    assert shipped.set_index("name").loc["Jampur", "census"] == raw["JAMPUR MC"]
    assert shipped.set_index("name").loc["Rohri", "census"] == raw.filter(like="ROHRI").iloc[0]


def test_error_of_cells_is_what_sigma_says(country: Country) -> None:
    """Towns of a fold without place and people: error and standard error of all cells of their units agree.

    Half of the error's parts (rural localities) cannot be seen here, so that sigma is the larger one.
    """
    fold = heldout.folds(country.units)
    counted = country.listed[country.listed["counted"]]
    first = counted["units"].map(lambda held: held[0] if held else -1).to_numpy()
    out = (fold[first] == 0) & (first >= 0)
    share = heldout.urban_share_2017(country.inputs, country.units)
    urban = heldout.foretold_urban(country.units, share, fold != 0)
    units = country.units.assign(urban=np.where(fold == 0, urban, country.units["urban"]))
    kept = country.listed[~country.listed["geonameid"].isin(counted.loc[out, "geonameid"])]
    localities = towns.localities(country.inputs, country.units)
    cells = country.cells["cell"].to_numpy()
    at = country.land.points["row"].to_numpy()

    def surface(units: pd.DataFrame, listed: pd.DataFrame) -> np.ndarray:
        return np.bincount(at, heldout.surface(units, listed, country.land))

    true, guess = surface(country.units, country.listed), surface(units, kept)
    unknown = ensemble.unknowns(country.inputs, country.land, units, kept, localities, country.spread)
    sigma = ensemble.sigma(ensemble.members(unknown, cells, 8), guess)
    here = np.unique(at[country.land.where.point[np.isin(country.land.where.unit, first[out])]])
    ratio = np.sqrt(np.mean((true - guess)[here] ** 2) / np.mean(sigma[here] ** 2))
    assert 0.5 < ratio < 1.3
