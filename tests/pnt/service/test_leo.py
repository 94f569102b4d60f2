"""Doppler positioning: derivatives by moving the user, covariance by its design matrix and least squares."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.pnt.service import geometry
from rabta.pnt.service.aids import leo


def _sky(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    way = rng.normal(size=(count, 3))
    radius = 6_928_000.0
    position = radius * way / np.linalg.norm(way, axis=1, keepdims=True)
    spin = np.cross(position, rng.normal(size=(count, 3)))
    return position, 7_500.0 * spin / np.linalg.norm(spin, axis=1, keepdims=True)


def _rate(user: np.ndarray, position: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    line = position - user
    return (line * velocity).sum(axis=1) / np.linalg.norm(line, axis=1)


def test_rows_are_the_change_of_the_range_rate_as_the_user_moves() -> None:
    position, velocity = _sky(1, 40)
    user = geometry.users(np.array([30.0]), np.array([70.0])).position_m[0]
    line = position - user
    far = np.linalg.norm(line, axis=1)
    found = leo.rows(line / far[:, None], velocity, far)
    for k, step in enumerate(np.eye(3)):
        change = (
            _rate(user + 5.0 * step, position, velocity) - _rate(user - 5.0 * step, position, velocity)
        ) / 10.0
        assert found[:, k] == pytest.approx(change, rel=1e-5, abs=1e-9)


def test_kernel_is_the_whole_design_matrix() -> None:
    position, velocity = _sky(2, 4000)
    who = geometry.users(np.array([30.0, 36.0]), np.array([70.0, 74.0]), 500.0)
    both = [np.asarray(x, np.float32)[None] for x in (position, velocity)]
    found = leo.covariance(who, *both, np.full(4000, 25.0), 0.5)
    for user in range(2):
        line = both[0][0].astype(float) - who.position_m[user]
        far = np.linalg.norm(line, axis=1)
        unit = line / far[:, None] @ who.axes[user].T
        seen = unit[:, 2] >= np.sin(np.radians(25.0))
        assert found.count[user, 0] == seen.sum() > 8
        matrix = leo.rows(unit[seen], velocity[seen].astype(np.float32) @ who.axes[user].T, far[seen])
        expected = 0.25 * np.linalg.inv(matrix.T @ matrix)
        assert found.covariance[user, 0, 0] == pytest.approx(expected[0, 0], rel=1e-3)
        assert found.covariance[user, 0, 1] == pytest.approx(expected[0, 1], rel=1e-2, abs=1.0)
        assert found.covariance[user, 0, 3] == pytest.approx(expected[2, 2], rel=1e-3)


def test_least_squares_meets_the_covariance() -> None:
    """Positions from noisy range rates scatter as the covariance says."""
    rng = np.random.default_rng(3)
    position, velocity = _sky(4, 4000)
    who = geometry.users(np.array([30.0]), np.array([70.0]))
    truth = who.position_m[0]
    line = position - truth
    seen = (line @ who.axes[0, 2]) / np.linalg.norm(line, axis=1) > np.sin(np.radians(25.0))
    position, velocity = position[seen], velocity[seen]
    errors = []
    for _ in range(200):
        measured = _rate(truth, position, velocity) + 3.0 + rng.normal(0.0, 0.5, position.shape[0])
        state = np.append(truth + 2_000.0, 0.0)
        for _ in range(6):
            line = position - state[:3]
            far = np.linalg.norm(line, axis=1)
            matrix = leo.rows(line / far[:, None], velocity, far)
            residual = measured - _rate(state[:3], position, velocity) - state[3]
            state += np.linalg.lstsq(matrix, residual, rcond=None)[0]
        errors.append(who.axes[0] @ (state[:3] - truth))
    both = [np.asarray(x, np.float32)[None] for x in (position, velocity)]
    found = leo.covariance(who, *both, np.full(position.shape[0], 0.0), 0.5)
    spread = np.var(errors, axis=0)
    assert spread[0] == pytest.approx(found.covariance[0, 0, 0], rel=0.35)  # 200 draws: one sigma is 10 %
    assert spread[2] == pytest.approx(found.covariance[0, 0, 3], rel=0.35)


def test_too_few_satellites_give_no_position() -> None:
    position, velocity = _sky(5, 3)
    who = geometry.users(np.array([0.0]), np.array([0.0]))
    both = [np.asarray(x, np.float32)[None] for x in (position, velocity)]
    assert (leo.covariance(who, *both, np.zeros(3), 0.5).covariance == 1e12).all()
