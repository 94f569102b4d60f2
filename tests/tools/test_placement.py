"""Rounding, the fit of rural factors, the town kernel: each against a truth made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.data import census, grid, layers, placement, terrain
from tools.data.inputs import Inputs, districts


@given(
    st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=60),
    st.integers(0, 10_000_000),
)
def test_largest_remainder_is_exact_and_near(weights: list[float], total: int) -> None:
    found = census.share_out(np.array(weights), total)
    exact = np.array(weights) / np.sum(weights) * total
    assert found.sum() == total
    assert (np.abs(found - exact) < 1.0 + 1e-6).all()


def test_fit_finds_the_factors_that_made_the_people() -> None:
    """Units of mixed ground hold exactly the people that known factors give."""
    rng = np.random.default_rng(5)
    unit = np.repeat(np.arange(400), 100)
    mix = rng.dirichlet([0.5] * 4, size=400)
    kinds = np.concatenate([rng.choice([2, 3, 4, 7], 100, p=p) for p in mix])
    steps = np.concatenate([rng.choice(4, 100, p=p) for p in rng.dirichlet([0.5] * 4, size=400)])
    kind = placement.Classes(kinds, steps, np.ones(len(unit)))
    cover, relief = np.zeros(8), np.zeros(2 * placement.STEPS)
    cover[[2, 3, 4, 7]] = 0.5, 0.3, 1.0, 0.05
    relief[:4] = 1.0, 0.6, 0.2, 0.1
    people = np.bincount(unit, kind.weight(cover, relief)) * 1e4
    found = placement.rural_factors(
        kind, unit, people, np.repeat(np.arange(40), 10), np.ones(placement.STEPS)
    )
    assert found[0][[2, 3, 4, 7]] == pytest.approx(cover[[2, 3, 4, 7]], abs=0.05)
    assert found[1][:4] == pytest.approx(relief[:4], abs=0.05)


def test_town_keeps_its_people_on_the_ground() -> None:
    """On open ground the kernel integrates to the town's people."""
    lat, lon = np.meshgrid(np.arange(30.5, 31.5, 1 / 120), np.arange(73.5, 74.5, 1 / 120), indexing="ij")
    points = pd.DataFrame({"lat": lat.ravel(), "lon": lon.ravel()})
    towns = pd.DataFrame({"population": [1_000_000], "latitude": [31.0], "longitude": [74.0]})
    density = placement.town_weight(points, towns, np.zeros(len(points), dtype=bool))
    cell_km2 = (111.195 / 120) ** 2 * np.cos(np.radians(31.0))
    assert density.sum() * cell_km2 == pytest.approx(1_000_000, rel=0.01)


def test_spread_keeps_each_units_people() -> None:
    unit = np.array([0, 0, 1, 1, 1])
    found = placement.spread(np.array([1.0, 3.0, 1.0, 1.0, 2.0]), unit, np.array([100.0, 8.0]))
    assert found.tolist() == [25.0, 75.0, 2.0, 2.0, 4.0]


@pytest.fixture(scope="module")
def inputs(shared: Path) -> Inputs:
    return Inputs(shared / "data" / "pakistan")


@pytest.mark.shared
def test_units_add_up_to_their_districts(inputs: Inputs) -> None:
    """591 units of 2023; the unit that Table 1 lacks comes back with 272,427 people."""
    units = census.units(inputs)
    new = units[units["census_year"] == 2023]
    assert len(new) == 591
    control = districts(inputs).set_index("district")["people"].sort_index()
    pd.testing.assert_series_equal(new.groupby("district")["people"].sum(), control, check_names=False)
    found = units.loc[units["unit"] == "TANDO MUHAMMAD KHAN", "people"]
    assert found.tolist() == [272_427]


@pytest.mark.shared
def test_crosswalk_uses_every_polygon_once(inputs: Inputs) -> None:
    units, polygons = census.units(inputs), inputs.polygons()
    walk = grid.crosswalk(polygons, units)
    groups = grid.group(walk)
    assert set(groups.index) == set(polygons["pcode"])
    assert len(polygons) == 577
    of_unit = walk.assign(group=groups.reindex(walk["pcode"]).to_numpy()).groupby(["district", "unit"])[
        "group"
    ]
    assert of_unit.nunique().max() == 1
    assert len(of_unit) == len(units)


@pytest.mark.shared
def test_land_cover_and_relief_beat_plain_area(inputs: Inputs) -> None:
    """Rural people of tehsils that the fit has not seen, from their district's total; five folds."""
    pytest.importorskip("tifffile")
    units, polygons = census.units(inputs), inputs.polygons()
    walk = grid.crosswalk(polygons, units)
    groups = grid.group(walk)
    cells, tehsils = grid.cells(polygons, groups), layers.tehsils_of(units, walk, groups)
    dem = inputs.terrain()
    points = terrain.points(dem, cells["cell"])
    kind = placement.classes(points, inputs.land_cover(), terrain.above_valley_m(dem))
    mountain = placement.mountain_relief(kind, terrain.nearest_point(points, dem, inputs.towns()))
    unit = cells["group"].to_numpy()[points["row"]]
    rural = (tehsils["people"] - tehsils["urban"]).to_numpy(dtype=np.float64)
    district = tehsils["district"].factorize()[0]
    several = (np.bincount(district)[district] > 1) & (rural > 0)

    def error(weight: np.ndarray, rows: np.ndarray) -> np.ndarray:
        share = np.bincount(unit, weight, minlength=len(rural))
        guess = share / np.bincount(district, share)[district] * np.bincount(district, rural)[district]
        return np.abs(guess / np.maximum(rural, 1.0) - 1.0)[rows]

    fitted = np.zeros(len(rural))
    for fold in range(5):
        out = district % 5 == fold
        cover, relief = placement.rural_factors(kind, unit, np.where(out, 0.0, rural), district, mountain)
        fitted[out] = error(kind.weight(cover, relief), out)
    plain = error(np.ones(len(unit)), np.ones(len(rural), dtype=bool))
    assert np.median(fitted[several]) < 0.26
    assert np.median(fitted[several]) < 0.87 * np.median(plain[several])
