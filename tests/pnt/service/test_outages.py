"""Satellites that matter: every loss counted by taking satellites away one by one."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.pnt.service import geometry, outages


def test_losses_are_those_of_taking_satellites_away() -> None:
    rng = np.random.default_rng(5)
    count, limit, mask = 9, 6.0, 5.0
    way = np.array([0.4, 0.6, 0.8]) + rng.normal(size=(4, count, 3))
    position = 2.6e7 * way / np.linalg.norm(way, axis=-1, keepdims=True)
    heard = rng.random((4, count)) < 0.9
    system, keep = rng.integers(0, 2, count), np.ones(count, bool)
    keep[8] = False
    who, weight = geometry.users(np.array([30.0, 36.0]), np.array([66.0, 74.0])), np.array([1.0, 3.0])
    sky = geometry.Sky(np.zeros(4), position, heard)
    found = outages.count(who, sky, system, keep, weight, mask_deg=mask, limit=limit)

    def lost(*without: int) -> np.ndarray:
        left = keep.copy()
        left[list(without)] = False
        weights = geometry.Weights(np.zeros(1, np.int64), np.ones((1, count, 91)))
        figures = geometry.figures(who, sky, geometry.groups(system, left[None]), weights, mask)
        return ~(figures["pdop"][:, 0] < limit)

    share = weight / weight.sum() / 4
    base = lost()
    assert found.base == pytest.approx(share @ base.sum(axis=1))
    assert 0.0 < found.single.max() < 1.0
    for a in range(count):
        assert found.single[a] == pytest.approx(share @ (lost(a) & ~base).sum(axis=1))
        for b in range(a + 1, count):
            expected = share @ (lost(a, b) & ~base).sum(axis=1)
            assert found.pair[a, b] == found.pair[b, a] == pytest.approx(expected)
    one, two = found.worst()
    assert found.single[one] == found.single.max()
    assert found.pair[two] >= found.single[one]
