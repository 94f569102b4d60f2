"""Today's networks: routes and lengths by hand, reach against its formula, sums and order of the sites."""

from __future__ import annotations

import h3
import numpy as np
import pandas as pd
import pytest
from tools.data import backbone, coverage, networks

CENTRE = (30.0, 70.0)
RESOLUTION = 7


def disc(rings: int) -> list[str]:
    """Cells around a place."""
    return sorted(h3.grid_disk(h3.latlng_to_cell(*CENTRE, RESOLUTION), rings))


def flat(names: list[str]) -> backbone.Ground:
    size = len(names)
    return backbone.ground(pd.Series(names), np.zeros(size), np.zeros(size))


def valley(names: list[str], people: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Flat cells with people, and one terrain point each."""
    place = np.asarray([h3.cell_to_latlng(c) for c in names])
    cells = pd.DataFrame(
        {
            "cell": names,
            "lat_deg": place[:, 0],
            "lon_deg": place[:, 1],
            "area_km2": [h3.cell_area(c, unit="km^2") for c in names],
            "people": people,
            "households": people / 6.0,
            "urban_share": 0.0,
            "elevation_m": 0.0,
            "rough_m": 0.0,
            "province": "P",
            "district": "D",
            "tehsil": "T",
            "backbone_km": 0.0,
        }
    )
    return cells, pd.DataFrame({"row": np.arange(len(names)), "height_m": 0.0})


def hand_reach_m(frequency_ghz: float, allowed_db: float) -> float:
    """Where the median loss of RMa, written out from TR 38.901 table 7.4.1-1, meets an allowed loss."""
    d = np.arange(100.0, 10_000.0, 1.0)
    slant = np.hypot(d, 33.5)
    turn = 2 * np.pi * 35.0 * 1.5 * frequency_ghz * 1e9 / 3e8

    def near(x: np.ndarray | float) -> np.ndarray:
        h = 5.0**1.72
        first = 20 * np.log10(40 * np.pi * x * frequency_ghz / 3) + 0.03 * h * np.log10(x)
        return np.asarray(first - 0.044 * h + 0.002 * np.log10(5.0) * x)

    bend = float(np.hypot(turn, 33.5))
    los = np.where(d <= turn, near(slant), near(bend) + 40 * np.log10(slant / bend))
    nlos = 161.04 - 7.1 * np.log10(20.0) + 7.5 * np.log10(5.0)
    nlos = nlos - (24.37 - 3.7 * (5.0 / 35.0) ** 2) * np.log10(35.0)
    nlos = nlos + (43.42 - 3.1 * np.log10(35.0)) * (np.log10(slant) - 3) + 20 * np.log10(frequency_ghz)
    nlos = np.maximum(nlos - (3.2 * np.log10(11.75 * 1.5) ** 2 - 4.97), los)
    seen = np.exp(-(d - 10.0) / 1000.0)
    return float(d[np.searchsorted(seen * los + (1 - seen) * nlos, allowed_db)])


def test_a_straight_line_grows_by_little_on_the_grid() -> None:
    """Twelve directions, 30 degrees apart: at most 1 / cos 15 deg = 3.5 % longer (six: 15 %)."""
    names = disc(20)
    land = flat(names)
    start = land.nearest(*CENTRE)
    ring = [names.index(c) for c in h3.grid_ring(names[start], 18)]
    grown = []
    for end in ring:
        i, j = backbone.route(land, start, end).T
        straight = 2 * backbone.EARTH_KM * np.arcsin(np.linalg.norm(land.place[start] - land.place[end]) / 2)
        grown.append(float(land.line[i, j].sum()) / straight)
    assert min(grown) + 1e-9 >= 1.0
    assert max(grown) < 1.05  # the hexagons are not quite regular
    assert np.mean(grown) < 1.03


def test_a_route_goes_round_a_wall_and_the_length_follows_the_factors() -> None:
    names = disc(6)
    place = np.asarray([h3.cell_to_latlng(c) for c in names])
    wall = (np.abs(place[:, 1] - CENTRE[1]) < 0.02) & (place[:, 0] > CENTRE[0] - 0.05)
    land = backbone.ground(pd.Series(names), np.where(wall, 3000.0, 0.0), np.zeros(len(names)))
    start, end = land.nearest(30.02, 69.9), land.nearest(30.02, 70.1)
    assert not wall[np.unique(backbone.route(land, start, end))].any()
    bent = backbone.replace(land, detour=1.2)
    i, j = backbone.route(land, start, end).T
    assert float(bent.length[i, j].sum()) == pytest.approx(1.2 * float(land.line[i, j].sum()))


def test_mountains_make_a_route_longer() -> None:
    names = disc(3)
    land = backbone.ground(pd.Series(names), np.zeros(len(names)), np.full(len(names), 500.0))
    bent = backbone.replace(land, detour=1.1, winding=0.5)
    assert bent.length.sum() == pytest.approx(land.line.sum() * (1.1 + 0.5 * 0.5))


def test_the_network_joins_every_seat_and_keeps_short_ways_round() -> None:
    names = disc(12)
    land = flat(names)
    nodes = np.sort(np.random.default_rng(5).choice(len(names), 12, replace=False)).astype(np.int64)
    edges = backbone.network(land, nodes, np.zeros((0, 2), dtype=np.int64))
    km = backbone.edge_km(land, edges)
    size = len(names)
    graph = backbone.sparse.csr_array((km, (edges[:, 0], edges[:, 1])), (size, size))
    over = backbone.csgraph.dijkstra(graph, directed=False, indices=nodes)[:, nodes]
    direct = backbone.csgraph.dijkstra(land.cost, indices=nodes)[:, nodes]
    assert np.isfinite(over).all()
    off = ~np.eye(len(nodes), dtype=bool)
    assert (over >= direct - 1e-9).all()
    assert np.median(over[off] / direct[off]) < 1.3
    complete = np.triu(direct).sum()
    assert km.sum() < complete / 3.0
    far = backbone.backbone_km(land, edges)
    assert (far[np.unique(edges)] == 0.0).all()
    assert (far >= 0.0).all()


def test_cells_may_be_text_or_integers() -> None:
    names = disc(2)
    numbers = pd.Series(np.asarray([h3.str_to_int(c) for c in names], dtype=np.uint64))
    assert backbone.names(numbers) == names == backbone.names(pd.Series(names))


@pytest.mark.parametrize("technology", ["2g", "3g", "4g"])
def test_reach_is_where_the_link_budget_ends(technology: str) -> None:
    frequency, budget = coverage.LINKS[technology]
    found = coverage.reach_m(technology, np.zeros(1), 8.0)[0]
    assert found == pytest.approx(hand_reach_m(frequency, budget - 8.0), rel=0.01)
    hilly = coverage.reach_m(technology, np.array([0.0, 20.0, 100.0]), 8.0)
    assert (np.diff(hilly) < 0.0).all()


def test_relief_leaves_out_the_mountains_above_the_village() -> None:
    points = pd.DataFrame({"row": [0] * 4 + [1] * 4, "height_m": [0, 0, 20, 900, 0, 0, 20, 20]})
    found = coverage.relief_m(np.zeros(2), points)
    assert found == pytest.approx([np.std([0, 0, 20]), np.std([0, 0, 20, 20])])


def test_overlap_of_discs() -> None:
    """Inside, outside, and two equal discs whose centres are a radius apart: 2/3 - sqrt(3) / (2 pi)."""
    away, radius, disc_m = (
        np.array([0.0, 0.0, 5.0, 1.0]),
        np.array([3.0, 1.0, 1.0, 1.0]),
        np.array([1.0, 2.0, 1.0, 1.0]),
    )
    half = 2.0 / 3.0 - np.sqrt(3.0) / (2.0 * np.pi)
    assert coverage.overlap(away, radius, disc_m) == pytest.approx([1.0, 0.25, 0.0, half])


def test_sites_add_up_and_dense_places_get_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "SITES", 60)
    monkeypatch.setattr(coverage, "SITES_4G", 57)
    names = disc(9)
    rng = np.random.default_rng(3)
    people = np.where(rng.random(len(names)) < 0.1, 20_000, rng.integers(0, 400, len(names)))
    cells, points = valley(names, people)
    found = coverage.today(coverage.land(cells, points))
    assert found.sites["2g"].sum() == 60
    assert found.sites["4g"].sum() == 57
    assert (found.sites["3g"] <= found.sites["4g"]).all()
    assert (found.sites["4g"] <= found.sites["2g"]).all()
    dense = people > 1_000
    assert found.sites["2g"][dense].mean() > 5 * found.sites["2g"][~dense].mean()
    assert set(found.best[found.sites["4g"] > 0]) == {"4g"}
    assert coverage.MARGINS_DB[0] <= found.margin_db <= coverage.MARGINS_DB[1]


def test_areas_of_own_licences_meet_the_share_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few people on one side: they are covered to the same share as the many on the other."""
    monkeypatch.setattr(coverage, "SITES", 400)
    monkeypatch.setattr(coverage, "SITES_4G", 380)
    names = disc(16)
    rng = np.random.default_rng(6)
    cells, points = valley(names, rng.integers(0, 3_000, len(names)))
    apart = cells["lon_deg"] > CENTRE[1] + 0.12
    cells.loc[apart, "people"] //= 50
    cells.loc[apart, "province"] = coverage.OWN_LICENCES[0]
    ground = coverage.land(cells, points)
    found = coverage.at_margin(ground, 8.0)
    for inside in (ground.apart, ~ground.apart):
        people = ground.people * inside
        share = people[found.covered["2g"]].sum() / people.sum()
        assert share == pytest.approx(coverage.CELLULAR_SHARE, abs=0.06)
    theirs = found.sites["2g"][ground.apart].sum()
    lacking = theirs - found.sites["4g"][ground.apart].sum()
    assert lacking == round((1.0 - coverage.OWN_4G) * theirs)


def test_a_cell_is_covered_by_its_own_sites_or_its_neighbours() -> None:
    names = disc(3)
    cells, points = valley(names, np.full(len(names), 100))
    reach = coverage.reach(coverage.land(cells, points), "2g", 8.0)
    sites = np.zeros(len(names), dtype=np.int64)
    assert not reach.covered(sites).any()
    middle = names.index(h3.latlng_to_cell(*CENTRE, RESOLUTION))
    sites[middle] = 1
    near = {names.index(c) for c in h3.grid_disk(names[middle], 1)}
    assert near <= set(np.flatnonzero(reach.covered(sites)))
    lte = coverage.reach(coverage.land(cells, points), "4g", 8.0).covered(sites)
    assert set(np.flatnonzero(lte)) == {middle}


def test_more_margin_covers_fewer_people_with_the_same_sites() -> None:
    names = disc(8)
    rng = np.random.default_rng(4)
    cells, points = valley(names, rng.integers(0, 3_000, len(names)))
    ground = coverage.land(cells, points)
    sites = (rng.random(len(names)) < 0.1).astype(np.int64)
    shares = [int(coverage.reach(ground, "3g", margin).covered(sites).sum()) for margin in (0.0, 6.0, 12.0)]
    assert shares[0] > shares[1] >= shares[2]


def test_fixed_lines_are_as_many_as_published() -> None:
    names = disc(4)
    cells, _ = valley(names, np.full(len(names), 30_000))
    cells = cells.assign(urban_share=np.linspace(0.0, 1.0, len(names)))
    share = networks.fixed_share(cells)
    lines = (share * cells["households"]).sum()
    assert lines == pytest.approx(networks.FIXED_LINES_PER_PERSON * cells["people"].sum(), rel=1e-3)
    assert share.max() <= networks.FIXED_LARGEST_SHARE
    assert share[0] == 0.0
