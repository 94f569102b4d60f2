"""Kernels of separation against definitions, all pairs, and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from rabta.airspace.tactical import Airspace, Rule, drawn, levels, reference
from rabta.airspace.tactical import _kernels as k
from rabta.airspace.tactical.encounters import CREWED, DRONES, entry_s


@pytest.fixture
def crowd():
    traffic = drawn(400, 4_000.0, 5)
    rng = np.random.default_rng(6)
    traffic.state[:, 5] = rng.uniform(-4, 4, 400)
    traffic.role[rng.random(400) < 0.05, k.CREWED] = 1
    return traffic


def test_alerts_are_those_of_all_pairs(crowd):
    told = Airspace(crowd)
    told.alerts()
    apart = crowd.state[None, :, :3] - crowd.state[:, None, :3]
    closing = crowd.state[:, None, 3:] - crowd.state[None, :, 3:]
    crewed = np.maximum.outer(crowd.role[:, k.CREWED], crowd.role[:, k.CREWED]).astype(bool)
    expected = np.where(crewed, levels(apart, closing, CREWED), levels(apart, closing, DRONES))
    lost = np.where(
        crewed, entry_s(apart, closing, CREWED.clear_m, CREWED.clear_half_m),
        entry_s(apart, closing, DRONES.clear_m, DRONES.clear_half_m),
    )  # fmt: skip
    np.fill_diagonal(expected, 0)
    np.testing.assert_array_equal(told.level, expected.max(axis=1))
    assert set(np.unique(told.level)) == {0, 1, 2, 3}
    for i in np.flatnonzero(told.level):
        assert expected[i, told.other[i]] == told.level[i]
        assert told.entry_s[i] == pytest.approx(lost[i, told.other[i]], abs=1e-6)
        worst = lost[i][(expected[i] == told.level[i]) & (np.arange(400) != i)]
        assert told.entry_s[i] == pytest.approx(worst.min(), abs=1e-6)


@pytest.mark.parametrize(("radius", "half"), [(50.0, 30.0), (300.0, 10.0), (2_000.0, 100.0)])
def test_pairs_within_are_those_of_all_distances(crowd, radius, half):
    found = {tuple(pair) for pair in Airspace(crowd).within(radius, half).tolist()}
    assert found == reference.pairs_within(crowd.state, radius, half)
    assert found or radius < 100.0


def test_the_half_plane_is_the_nearest_border_of_the_obstacle():
    rng = np.random.default_rng(7)
    out, inside = np.empty(3), 0
    for _ in range(150):
        p = np.array([*rng.uniform(-400, 400, 2), 0.0])
        w = np.array([*(p[:2] / rng.uniform(5, 30) + rng.uniform(-4, 4, 2)), 0.0])  # about towards the other
        k.sideways(p, w, 60.0, 20.0, out)
        hit = reference.obstacle(p, w, 60.0, 20.0)
        assert (out[2] < 0.0) == hit
        assert np.hypot(out[0], out[1]) == pytest.approx(1.0)
        if hit:
            inside += 1
            assert -out[2] == pytest.approx(reference.exit_m_s(p, w, 60.0, 20.0), abs=2e-3)
            border = w[:2] - out[2] * out[:2]
            assert not reference.obstacle(p, np.array([*(border + 1e-6 * out[:2]), 0.0]), 60.0, 20.0)
            assert reference.obstacle(p, np.array([*(border - 1e-6 * out[:2]), 0.0]), 60.0, 20.0)
    assert 30 < inside < 120


def test_the_bound_of_climb_keeps_the_height_while_they_are_beside():
    rng = np.random.default_rng(8)
    out, met = np.empty(3), 0
    for _ in range(1_000):
        p = np.array([*rng.uniform(-400, 400, 2), rng.uniform(-60, 60)])
        w = np.array([*rng.uniform(-25, 25, 2), rng.uniform(-4, 4)])
        k.upright(p, w, 60.0, 33.0, 20.0, True, out)
        times = np.linspace(0.0, 20.0, 2_001)
        beside = np.hypot(*(p[:2, None] - w[:2, None] * times)) < 60.0
        if not beside.any() or out[2] < 1.0 or times[beside].max() - times[beside].min() < 0.1:
            continue
        met += 1
        at_bound = w[2] + out[0] * out[1]  # the relative climb that just does
        height = p[2] - at_bound * times[beside]
        assert np.all(np.abs(height) >= 33.0 - 0.2)
    assert met > 30


def test_the_nearest_velocity_is_what_a_solver_finds():
    rng = np.random.default_rng(9)
    got, solved, refused = np.empty(2), 0, 0
    for _ in range(150):
        count = int(rng.integers(1, 8))
        bearing = rng.uniform(0, 2 * np.pi, count)
        lines = np.column_stack([np.cos(bearing), np.sin(bearing), rng.uniform(-15, 6, count)])
        wish = rng.uniform(-15, 15, 2)
        ours = k.nearest(lines, count, 0.0, 18.0, *wish, got)
        rules = [{"type": "ineq", "fun": lambda v, a=a: a[:2] @ v - a[2]} for a in lines]
        rules.append({"type": "ineq", "fun": lambda v: 18.0**2 - v @ v})
        found = minimize(lambda v, wish=wish: ((v - wish) ** 2).sum(), np.zeros(2), method="SLSQP",
                         constraints=rules, options={"maxiter": 200, "ftol": 1e-12})  # fmt: skip
        fits = min(rule["fun"](found.x) for rule in rules) > -1e-6
        if ours:
            solved += 1
            assert np.all(lines[:, :2] @ got >= lines[:, 2] - 1e-6)
            assert got @ got <= 18.0**2 + 1e-6
            if fits and found.success:
                assert ((got - wish) ** 2).sum() <= found.fun + 1e-5
        else:
            refused += 1
            assert not (fits and found.success)
    assert solved > 50
    assert refused > 10


def test_motion_is_that_of_the_reference(crowd):
    rng = np.random.default_rng(10)
    command = rng.uniform(-25, 25, (400, 3))
    command[:20, :2] = 0.0
    expected = reference.moved(crowd.state, command, crowd.limits, 1.0)
    k.move(crowd.state, command, crowd.limits, 1.0)
    np.testing.assert_allclose(crowd.state, expected, atol=1e-9)


def test_no_command_needs_more_than_the_aircraft_can(crowd):
    air = Airspace(crowd, Rule())
    for _ in range(30):
        before = crowd.state.copy()
        air.step()
        assert np.hypot(*crowd.state[:, 3:5].T).max() <= 18.0 + 1e-9
        assert np.abs(crowd.state[:, 5]).max() <= 5.0 + 1e-9
        assert np.abs(crowd.state[:, 5] - before[:, 5]).max() <= 1.524 + 1e-9
        change = np.hypot(*crowd.state[:, 3:5].T) - np.hypot(*before[:, 3:5].T)
        assert np.abs(change).max() <= 3.5 + 1e-9
