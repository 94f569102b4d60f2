"""Compiled kernels of the system level against their references in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.mobile.system import received, scheduler


@pytest.mark.parametrize("seed", range(4))
def test_sinr(seed: int) -> None:
    rng = np.random.default_rng(seed)
    level = rng.normal(-90.0, 15.0, (40, 3, 9))
    level[rng.random(level.shape) < 0.1] = -np.inf
    serving = received.serving(level, least_dbm=-80.0)
    channel = rng.integers(0, 3, 9)
    overlap = rng.random((3, 3))
    extra = {"load": rng.random(9), "channel": channel, "overlap": overlap} if seed else {}
    fast = received.sinr_db(level, serving, -95.0, **extra)
    slow = received.sinr_reference(level, serving, -95.0, **extra)
    assert (serving < 0).any()
    np.testing.assert_allclose(fast, slow, atol=1e-4)


@pytest.mark.parametrize("policy", scheduler.POLICIES)
@pytest.mark.parametrize("seed", range(6))
def test_schedule(policy: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    users, slots = 7, 150
    bits = rng.exponential(100.0, (40, 3, users))
    bits[rng.random(bits.shape) < 0.1] = 0.0
    finite = bool(seed % 2)
    demand = scheduler.Demand(
        guaranteed=rng.random(users) * 30.0 * (rng.random(users) > 0.5),
        priority=rng.integers(0, 3, users),
        budget=rng.integers(0, 20, users) * finite,
    )
    given = {
        "cell": [0, 0, 0, 1, 1, 1, 2],
        "arrivals": scheduler.files(users, slots, 0.05, 1500.0, seed) if finite else None,
        "demand": demand,
        "failure": rng.random((4, users)) * 0.5 if seed > 1 else None,
        "seed": seed,
    }
    fast = scheduler.run(bits, slots, policy, **given)
    slow = scheduler.run_reference(bits, slots, policy, **given)
    np.testing.assert_allclose(fast.served, slow.served, rtol=1e-6)
    np.testing.assert_allclose(fast.share, slow.share)
    np.testing.assert_array_equal(fast.failed, slow.failed)
