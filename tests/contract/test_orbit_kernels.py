"""Compiled orbits against their NumPy formulas, over random elements."""

from __future__ import annotations

import numpy as np

from rabta.pnt.orbits import _kernels, kepler

RNG = np.random.default_rng(20260309)


def test_kepler_and_its_velocity() -> None:
    n = 400
    p = np.zeros((n, 20))
    p[:, 0] = RNG.uniform(5000.0, 6600.0, n)
    p[:, 1], p[:, 2] = RNG.uniform(-0.1, 0.1, n), RNG.uniform(0.0, 0.2, n)
    p[:, 3], p[:, 6], p[:, 9] = RNG.uniform(-np.pi, np.pi, (3, n))
    p[:, 4], p[:, 5], p[:, 10] = RNG.normal(0.0, (4e-9, 1e-14, 8e-9), (n, 3)).T
    p[:, 7], p[:, 8] = RNG.uniform(0.0, 1.2, n), RNG.normal(0.0, 3e-10, n)
    p[:, 11:17] = RNG.normal(0.0, (5e-6, 5e-6, 200.0, 200.0, 1e-7, 1e-7), (n, 6))
    p[:, 17], p[:, 18], p[:, 19] = 3.986004418e14, 7.292115e-5, RNG.uniform(0.0, 604_800.0, n)
    geo, t = RNG.random(n) < 0.3, RNG.uniform(-7200.0, 7200.0, n)
    rows = np.arange(n)

    def compiled(ahead: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        out, clock = np.empty((n, 6)), np.empty((n, 2))
        _kernels.kepler(p, geo, rows, ahead, out, clock)
        return out, clock

    state, clock = compiled(t)
    np.testing.assert_allclose(state[:, :3], kepler.position_m(p, t, geo), atol=2e-6)
    later, earlier = compiled(t + 0.5), compiled(t - 0.5)
    np.testing.assert_allclose(state[:, 3:], later[0][:, :3] - earlier[0][:, :3], atol=2e-4)
    np.testing.assert_allclose(clock[:, 1], later[1][:, 0] - earlier[1][:, 0], atol=1e-16)


def test_glonass() -> None:
    n = 60
    table = np.zeros((n, 9))
    direction = RNG.normal(size=(n, 3))
    table[:, :3] = 25.5e6 * direction / np.linalg.norm(direction, axis=1)[:, None]
    table[:, 3:6], table[:, 6:] = RNG.normal(0.0, 2e3, (n, 3)), RNG.normal(0.0, 1e-6, (n, 3))
    t, out = RNG.uniform(-1800.0, 1800.0, n), np.empty((n, 6))
    _kernels.glonass(table, np.arange(n), t, out)
    np.testing.assert_allclose(out, kepler.glonass_state(table, t), rtol=1e-12, atol=1e-7)


def test_rows_without_an_ephemeris_are_nan() -> None:
    out, clock = np.zeros((1, 6)), np.zeros((1, 2))
    _kernels.kepler(np.ones((1, 20)), np.zeros(1, bool), np.array([-1]), np.zeros(1), out, clock)
    assert np.isnan(out).all()
    assert np.isnan(clock).all()
