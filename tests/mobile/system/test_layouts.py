"""Layouts against geometry; what does not fit is refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.mobile.system import layouts


@pytest.mark.parametrize("rings", [1, 2, 3])
def test_wrapped_layout_has_no_edge(rings: int) -> None:
    # from every site the others lie at the same distances, and the shifts have length sqrt(N) ISD
    plan = layouts.hexagonal(500.0, rings=rings)
    apart = np.sort(layouts.paths(plan, plan.position_m).distance_m, axis=1)
    np.testing.assert_allclose(apart, np.broadcast_to(apart[0], apart.shape), atol=1e-6)
    length = 500.0 * np.sqrt(3 * rings * (rings + 1) + 1)
    np.testing.assert_allclose(np.hypot(*plan.images_m[1:].T), length)


def test_sectors_look_at_neighbours() -> None:
    # Report ITU-R M.2412, clause 8.2: antennas look at the sides of the site's hexagon
    plan = layouts.hexagonal(500.0, wrap=False)
    step = plan.position_m[1:7, :2]
    bearing = np.degrees(np.arctan2(step[:, 1], step[:, 0])) % 360.0
    assert {30, 150, 270} <= {round(value) for value in bearing}


def test_users_fill_the_hexagon_evenly() -> None:
    plan = layouts.hexagonal(500.0, rings=0)
    users = layouts.drop(plan, 40_000, nearest_m=35.0, indoor=0.8, seed=3)
    far = np.hypot(users.position_m[:, 0], users.position_m[:, 1])
    assert far.min() >= 35.0
    assert far.max() <= 500.0 / np.sqrt(3.0)
    # area of the ring from 35 m to the inner circle over that of the hexagon without the hole
    inner = np.pi * (250.0**2 - 35.0**2) / (np.sqrt(0.75) * 500.0**2 - np.pi * 35.0**2)
    assert (far <= 250.0).mean() == pytest.approx(inner, abs=0.01)
    assert users.indoor.mean() == pytest.approx(0.8, abs=0.01)
    # TR 36.873, table 6-1: mean of floors 1 to N, N from 4 to 8, 3 m each
    assert users.position_m[users.indoor, 2].mean() == pytest.approx(3.0 * 2.5 + 1.5, abs=0.1)
    assert users.depth_m[users.indoor].mean() == pytest.approx(
        25.0 / 3.0, abs=0.1
    )  # lesser of two even draws
    assert not users.depth_m[~users.indoor].any()


def test_places_of_a_table() -> None:
    plan = layouts.from_places([31.5, 31.5], [74.3, 74.31])
    # a hundredth of a degree of longitude at 31.5 north: 0.01 x 111.195 km x cos(31.5)
    apart = np.linalg.norm(plan.position_m[0] - plan.position_m[1])
    assert apart == pytest.approx(0.01 * 111_195.0 * np.cos(np.radians(31.5)), rel=1e-4)


def test_office() -> None:
    plan, users = layouts.office(), layouts.drop_office(5000)
    assert plan.sectors == 36
    assert layouts.paths(plan, users.position_m).distance_m.min(axis=1).max() < np.hypot(10.0, 15.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: layouts.hexagonal(0.0), "isd_m"),
        (lambda: layouts.hexagonal(500.0, rings=99), "rings"),
        (lambda: layouts.from_places([], []), "no site"),
        (lambda: layouts.from_places([30.0], [70.0, 71.0]), "no site"),
        (lambda: layouts.from_places([30.0, 35.0], [70.0, 70.0]), "distance from the middle"),
        (lambda: layouts.from_places([np.nan], [70.0]), "lat_deg"),
        (lambda: layouts.drop(layouts.hexagonal(500.0), 0), "each"),
        (lambda: layouts.drop(layouts.hexagonal(500.0), 5, indoor=1.5), "indoor"),
        (lambda: layouts.paths(layouts.hexagonal(500.0), np.zeros((4, 2))), "positions"),
        (
            lambda: layouts.Layout(np.zeros((1, 3)), np.array([1]), np.zeros(1), np.zeros((1, 2))),
            "a cell with no site",
        ),
        (
            lambda: layouts.Layout(np.zeros((0, 3)), np.zeros(0, int), np.zeros(0), np.zeros((1, 2))),
            "no site",
        ),
    ],
)
def test_refused(call: object, words: str) -> None:
    with pytest.raises(RabtaError, match=words):
        call()  # type: ignore[operator]
