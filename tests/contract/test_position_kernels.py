"""Compiled least squares against dense NumPy: one clock a system, delays of groups tied to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rabta import geo
from rabta.pnt import position
from rabta.pnt.atmosphere import klobuchar
from rabta.pnt.gnsstime import NS
from rabta.pnt.orbits.constants import EARTH_ROTATION, LIGHT_M_S
from rabta.pnt.position import Geometry, _kernels, delaying
from rabta.verify.pnt.positions import constructed

RNG = np.random.default_rng(68)
HERE = geo.ecef_from_geodetic(24.9, 67.1, 20.0)


def sky(n: int, noise_m: float, groups: int = 3) -> Geometry:
    """An epoch with satellites all over the sky, in groups of two systems."""
    up, around = RNG.uniform(0.1, 1.5, n), RNG.uniform(0.0, 2.0 * np.pi, n)
    directions = np.stack([np.cos(up) * np.sin(around), np.cos(up) * np.cos(around), np.sin(up)], axis=-1)
    rows = constructed(HERE, directions, 300.0)
    group = np.sort(RNG.integers(0, groups, n))
    return replace(
        rows, range_m=rows.range_m + RNG.normal(0.0, noise_m, n) + 7.0 * group, group=group,
        sigma_m=RNG.uniform(0.5, 3.0, n), groups=("C 2I", "C2 2I", "G 1C"), parent=np.array([0, 0, 1]),
        tie_m=np.array([0.0, 2.0, 0.0]),
    )  # fmt: skip


def dense(rows: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Position and covariance with every delay as an unknown, the tied one with a pseudo-observation."""
    x, clocks = HERE.copy(), np.zeros(3)
    n = rows.range_m.size
    for _ in range(5):
        way = rows.satellite_m - x
        far = np.linalg.norm(way, axis=1)
        turn = EARTH_ROTATION / LIGHT_M_S * (rows.satellite_m[:, 0] * x[1] - rows.satellite_m[:, 1] * x[0])
        columns = np.stack([rows.group < 2, rows.group == 1, rows.group == 2], axis=-1).astype(float)
        h = np.vstack([np.hstack([-way / far[:, None], columns]), [[0.0, 0.0, 0.0, 0.0, 1.0, 0.0]]])
        w = np.append(1.0 / rows.sigma_m**2, 1.0 / rows.tie_m[1] ** 2)
        y = np.append(rows.range_m - far - turn - columns @ clocks, -clocks[1])
        inverse = np.linalg.inv(h.T @ (w[:, None] * h))
        step = inverse @ h.T @ (w * y)
        x, clocks = x + step[:3], clocks + step[3:]
    assert n == h.shape[0] - 1
    return x, inverse


@pytest.mark.parametrize("count", [6, 9, 14, 30])
def test_least_squares(count: int) -> None:
    rows = sky(count, 1.0)
    while np.bincount(rows.group, minlength=3).min() < 1:
        rows = sky(count, 1.0)
    found = position.solve_rows(rows, position.Options(robust=False, worst_dop=1e6, worst_sigma_m=1e6))
    x, inverse = dense(rows)
    np.testing.assert_allclose(found.position_m[0], x, atol=1e-5)
    scale = max(1.0, float(found.spread[0]))
    np.testing.assert_allclose(found.covariance_m2[0] / scale, inverse[:3, :3], rtol=1e-6)


def test_one_wrong_range_is_found_and_left_out() -> None:
    for _ in range(20):
        rows = sky(16, 0.5)
        bad = int(RNG.integers(16))
        if np.bincount(rows.group, minlength=3)[rows.group[bad]] < 3:
            continue
        wrong = rows.range_m.copy()
        wrong[bad] += 80.0
        found = position.solve_rows(replace(rows, range_m=wrong))
        assert not found.row_used[bad]
        assert found.status[0] == 2
        assert float(np.linalg.norm(found.position_m[0] - HERE)) < 12.0


def test_too_few_satellites_give_no_position() -> None:
    found = position.solve_rows(sky(4, 0.0))  # two systems and a tied delay need five
    assert found.status[0] == 0
    assert np.isnan(found.position_m).all()


def test_klobuchar_of_rows() -> None:
    times = 1_457_000_000 * NS + np.arange(5) * 7200 * NS
    place = geo.ecef_from_geodetic(RNG.uniform(-60, 60, 5), RNG.uniform(-180, 180, 5), 100.0)
    epoch = RNG.integers(0, 5, 200)
    azimuth, elevation = RNG.uniform(0, 360, 200), RNG.uniform(5, 90, 200)
    carrier = RNG.choice([1575.42e6, 1176.45e6], 200)
    c = (2.6e-8, -2.2e-7, 7.2e-7, -4.1e-7, 1.2e5, -3.3e5, 9.1e5, 2.7e5)
    for name, form in (("klobuchar", "gps"), ("klobuchar-beidou", "beidou")):
        ours = delaying._klobuchar(name, c, times, place, epoch, azimuth, elevation, carrier)
        theirs = klobuchar.delay_m(
            c[:4], c[4:], place[epoch], azimuth, elevation, times[epoch], carrier, form
        )
        np.testing.assert_allclose(ours, theirs, rtol=1e-7)


def test_velocity_with_a_wrong_rate() -> None:
    rows, true = sky(10, 0.0), np.array([12.0, -7.0, 3.0])
    speed = RNG.normal(0.0, 2e3, (10, 3))
    way = rows.satellite_m - HERE
    unit = way / np.linalg.norm(way, axis=1)[:, None]
    turn = EARTH_ROTATION / LIGHT_M_S * (speed[:, 1] * HERE[0] - speed[:, 0] * HERE[1])
    rate = np.einsum("rk,rk->r", speed - true, unit) + turn + 30.0 + RNG.normal(0.0, 0.01, 10)
    rate[4] += 50.0
    out = np.empty((1, 4))
    _kernels.velocity(
        rows.start, HERE[None], rows.satellite_m, speed, rate, np.full(10, 60.0), np.ones(10, np.uint8), out
    )
    np.testing.assert_allclose(out[0], [*true, 30.0], atol=0.1)
