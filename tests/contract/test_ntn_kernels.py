"""Compiled kernels of links to satellites against their references in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.radio.ntn import largescale, tables


@pytest.mark.parametrize("position", [False, True])
@pytest.mark.parametrize("ghz", [2.0, 12.0])
def test_large_scale(ghz: float, position: bool) -> None:
    rng = np.random.default_rng(7)
    elevation, distance = rng.uniform(5.0, 90.0, (5, 1300)), rng.uniform(500.0, 40_000.0, (5, 1300))
    scenario = np.array(tables.SCENARIOS)[rng.integers(0, 4, 1300)]
    place = rng.uniform(-6.4e6, 6.4e6, (1300, 3)) if position else None
    latitude = rng.uniform(0.0, 40.0, 1300)
    given = largescale._inputs(elevation, distance, ghz, scenario, 9, None, place, latitude, "P.676", True)
    fast, slow = largescale._run(given), largescale.draw_reference(given)
    np.testing.assert_array_equal(fast.los, slow.los)
    np.testing.assert_allclose(fast.shadowing_db, slow.shadowing_db, atol=2e-5)
    np.testing.assert_allclose(fast.loss_db, slow.loss_db, atol=1e-4)
