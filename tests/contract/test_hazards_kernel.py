"""The compiled field equals its NumPy reference, tails of the normal quantile included."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.transport.hazards import fields


@pytest.mark.parametrize("reach", [30.0, 60.0, 200.0])
def test_field_equals_reference(reach: float) -> None:
    rng = np.random.default_rng(2)
    lat, lon = rng.uniform(-70.0, 70.0, 12), rng.uniform(-180.0, 180.0, 12)
    grid = fields.lattice(9, "any", lat, lon, reach)
    draws = np.arange(3000)
    found, expected = fields.field(grid, draws), fields.field_reference(grid, draws)
    assert np.allclose(found, expected, rtol=0.0, atol=1e-12)


def test_single_points_reach_the_tails() -> None:
    """One lattice point alone: the quantile of 200,000 numbers, beyond four standard deviations."""
    grid = fields.Lattice(np.array([12345], np.uint64), np.array([0, 1]), np.zeros(1, np.int64), np.ones(1))
    draws = np.arange(200_000)
    found = fields.field(grid, draws)
    assert np.abs(found).max() > 4.0
    assert np.allclose(found, fields.field_reference(grid, draws), rtol=1e-12, atol=1e-14)


def test_no_place_no_draw() -> None:
    none = fields.lattice(1, "any", np.zeros(0), np.zeros(0), 100.0)
    assert fields.field(none, np.arange(3)).shape == (3, 0)
    some = fields.lattice(1, "any", np.zeros(2), np.zeros(2), 100.0)
    assert fields.field(some, np.arange(0)).shape == (0, 2)
