"""Rounding, the fit of rural factors, the town kernel, the backbone: each against a truth made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.data import census, grid, layers, networks, placement, terrain
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


def patch(rings: int = 6) -> pd.Series:
    import h3

    return pd.Series(sorted(h3.grid_disk(h3.latlng_to_cell(30.0, 70.0, 6), rings)))


def test_backbone_joins_seats_in_a_row() -> None:
    """Three seats in a row on level ground: neighbours are joined, and never the far ends."""
    import h3

    names = patch()
    flat = np.zeros(len(names))
    land = networks.ground(names, flat, flat)
    row = {c: i for i, c in enumerate(names)}
    centre = h3.latlng_to_cell(30.0, 70.0, 6)
    ends = [c for c in h3.grid_ring(centre, 4) if h3.grid_distance(c, centre) == 4]
    nodes = np.array(
        sorted({row[ends[0]], row[centre], row[max(ends, key=lambda c: h3.grid_distance(c, ends[0]))]})
    )
    edges = networks.backbone(land, nodes)
    assert len(edges) == 8
    assert set(nodes) <= set(edges.ravel())


def test_distance_to_the_backbone_counts_cells() -> None:
    names = patch(4)
    flat = np.zeros(len(names))
    land = networks.ground(names, flat, flat)
    found = networks.backbone_km(land, np.array([[0, 0]]))
    assert found[0] == 0.0
    assert (found[1:] > 3.0).all()
    far = found.argmax()
    import h3

    hops = h3.grid_distance(names[0], names[far])
    assert found[far] == pytest.approx(
        hops * np.sqrt(3) * h3.average_hexagon_edge_length(6, unit="km"), rel=0.1
    )


def test_mountains_make_a_route_longer() -> None:
    names = patch(3)
    flat, rough = np.zeros(len(names)), np.full(len(names), 500.0)
    land = networks.replace(networks.ground(names, flat, rough), detour=1.1, winding=0.5)
    assert land.length.sum() == pytest.approx(land.line.sum() * (1.1 + 0.5 * 0.5))


def towns_and_country() -> pd.DataFrame:
    names = patch()
    rng = np.random.default_rng(3)
    people = (10 ** rng.uniform(1, 5, len(names))).astype(np.int64)
    urban = np.where(people > 20_000, 0.8, 0.0)
    return pd.DataFrame(
        {
            "cell": names,
            "people": people,
            "area_km2": 39.0,
            "rough_m": rng.uniform(0, 300, len(names)),
            "backbone_km": rng.uniform(0, 60, len(names)),
            "urban_share": urban,
            "households": people / 6.3,
        }
    )


def test_mobile_coverage_meets_the_regulators_share() -> None:
    cells = towns_and_country()
    best = networks.mobile(cells)
    share = {k: cells.loc[best == k, "people"].sum() / cells["people"].sum() for k in ("4g", "2g", "none")}
    largest = cells["people"].max() / cells["people"].sum()
    assert share["4g"] == pytest.approx(networks.BROADBAND_SHARE, abs=largest)
    assert share["4g"] + share["2g"] == pytest.approx(networks.CELLULAR_SHARE, abs=largest)


def test_fixed_lines_add_up_and_stay_in_towns() -> None:
    cells = towns_and_country()
    share = networks.fixed_share(cells)
    lines = (share * cells["households"]).sum()
    assert lines == pytest.approx(networks.FIXED_LINES_PER_PERSON * cells["people"].sum(), rel=1e-6)
    assert share[cells["urban_share"] == 0].max() == 0.0
    assert share.max() <= networks.FIXED_LARGEST_SHARE


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
