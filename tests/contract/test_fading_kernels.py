"""Compiled kernels of fading against their references in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.mobile.phy.fading import _kernels, channel, reference
from rabta.mobile.phy.fading.motion import Track


@pytest.mark.parametrize("count", [1, 14, 2000])
def test_scatter(count: int) -> None:
    # Doppler shifts are met to 1e-9 of the largest
    times = np.random.default_rng(1).uniform(-1.0, 2.0, count)
    amplitude = np.array([0.5, 0.0, 2.0])
    keys = channel.scatter_keys(9, np.array([4, 7]), 3, 2)
    out = np.empty((2, times.size, 3, 2), dtype=np.complex64)
    _kernels.scatter(0, 2, keys, amplitude, 20, 83.0, times, out)
    slow = reference.scatter(keys.reshape(2, 3, 2), amplitude, 20, 83.0, times)
    np.testing.assert_allclose(out, slow, atol=3e-6)


@pytest.mark.parametrize("moving", [True, False])
@pytest.mark.parametrize("count", [1, 4, 9])
def test_move(moving: bool, count: int) -> None:
    rng = np.random.default_rng(2)
    sent = rng.normal(size=(2, 400)) + 1j * rng.normal(size=(2, 400))
    taps = rng.normal(size=(count, 3, 2, 2)) + 1j * rng.normal(size=(count, 3, 2, 2))
    delays, times, rate = np.array([0.0, 1.3e-6, 7.77e-6]), np.linspace(-1e-6, 6e-4, count), 1e6
    track = Track.steady(2e9, shift_hz=2e5, rate_hz_s=1e6, delay_s=3e-6, duration_s=1e-3) if moving else None
    fast = channel.apply(
        sent, rate, delays, taps, times_s=times, track=track, sent_s=1e-5, received_s=2e-6, count=500
    )
    slow = reference.move(sent, rate, 2e-6, 1e-5, delays, taps, times, track, 500)
    np.testing.assert_allclose(fast, slow, atol=1e-9)
