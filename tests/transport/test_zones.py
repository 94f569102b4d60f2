"""Limits of zones."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.transport import zones

START = np.datetime64("2026-01-13", "ns")


def test_sampled_steps_do_not_depend_on_chunks() -> None:
    times = START + np.arange(1440) * np.timedelta64(60, "s")
    whole = zones.sampled(times, START, 60.0, 1440)
    parts = [a + zones.sampled(times[a : a + 60], START, 60.0, 1440) for a in range(0, 1440, 60)]
    assert np.concatenate(parts).tolist() == whole.tolist()
    assert len(whole) == zones.SAMPLES
    assert zones.sampled(times[:1], START, 60.0, 1).tolist() == [0]


def test_lasting_is_a_low_percentile_that_fits_together() -> None:
    """Two zones that take turns: each alone could count on its low value, and both together too."""
    turns = np.where(np.arange(100)[:, None] % 2 == np.arange(2), 10.0, 2.0)
    filled = np.full((300, 2), np.nan)
    filled[::3] = turns
    found = zones.lasting(filled)
    assert found.tolist() == [2.0, 2.0]
    rare = np.tile([[10.0, 10.0]], (100, 1))
    rare[:9, 0], rare[9:18, 1] = 0.0, 0.0  # each bad in 9 % of the steps, the sum in 18 %
    assert zones.lasting(rare).sum() == pytest.approx(10.0)
    assert zones.lasting(np.full((4, 3), np.nan)).tolist() == [0.0, 0.0, 0.0]


def test_geostationary_shares_by_need() -> None:
    """By hand: 1000 Mbit/s or 250 MHz over needs 100, 300 (2 bit/s/Hz) and 100 out of reach or hidden."""
    need = np.array([100.0, 300.0, 100.0, 100.0])
    efficiency = np.array([[2.0], [2.0], [0.0], [2.0]])
    clear = np.array([[True], [True], [True], [False]])
    band = zones.Fixed(np.array([1000.0]), np.array([250.0]), np.array([900.0]))
    assert zones.geostationary(need, efficiency, clear, band) == pytest.approx([125.0, 375.0, 0.0, 0.0])
    feeder = zones.Fixed(np.array([1000.0]), np.array([2500.0]), np.array([200.0]))
    assert zones.geostationary(need, efficiency, clear, feeder) == pytest.approx([50.0, 150.0, 0.0, 0.0])
    none = zones.geostationary(need, np.empty((4, 0)), np.empty((4, 0), bool), zones.Fixed(*np.empty((3, 0))))
    assert none.tolist() == [0.0] * 4
