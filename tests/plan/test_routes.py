"""Fibre routes: forests that are never longer than going alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rabta.geo import great_circle_m
from rabta.plan.candidates import plan_routes, terrain_factor


def test_cells_in_a_row_share_the_cable() -> None:
    lon = 68.0 + 0.1 * np.arange(5)
    step = float(great_circle_m(30.0, lon[0], 30.0, lon[1])) / 1e3
    back = 20.0 + 1.2 * step * np.arange(5)
    routes = plan_routes(np.full(5, 30.0), lon, back, detour=1.2)
    assert routes.parent.tolist() == [-1, 0, 1, 2, 3]
    assert np.allclose(routes.length_km, [20.0, *[1.2 * step] * 4], rtol=5e-3)


def test_cell_beside_a_fibre_node_goes_alone() -> None:
    routes = plan_routes([30.0, 31.0], [68.0, 69.0], [2.0, 3.0], detour=1.2)
    assert routes.parent.tolist() == [-1, -1]
    assert routes.length_km.tolist() == [2.0, 3.0]


@given(seed=st.integers(0, 1000), count=st.integers(0, 60))
def test_routes_are_a_forest_toward_the_backbone(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    lat, lon = random.uniform(28, 30, count), random.uniform(66, 68, count)
    back = random.uniform(0, 100, count)
    routes = plan_routes(lat, lon, back, detour=1.2)
    child = np.flatnonzero(routes.parent >= 0)
    assert (back[routes.parent[child]] < back[child]).all()
    assert (routes.length_km <= back).all()


def test_terrain_factor_is_linear_up_to_its_top() -> None:
    assert terrain_factor([0.0, 250.0, 500.0, 2000.0], 4.5).tolist() == [1.0, 2.75, 4.5, 4.5]
