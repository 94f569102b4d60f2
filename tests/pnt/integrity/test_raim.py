"""Snapshot RAIM, exclusion and critical satellites."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from rabta.pnt.integrity import araim, critical, exclusion, ism, raim

SAME = {"default": ism.Support(1e-5, 0.0, 1.0, 1.0, 0.0)}


def sky(count: int, seed: int, users: int, faults: int = 0, size_m: float = 0.0) -> araim.Geometry:
    rng = np.random.default_rng(seed)
    azimuth = np.tile(np.linspace(0, 2 * np.pi, count, endpoint=False) * 2.4, (users, 1))
    up = np.tile(0.2 + 0.75 * (np.arange(count) * 0.618 % 1.0), (users, 1))
    level = np.sqrt(1 - up**2)
    unit = np.stack([np.sin(azimuth) * level, np.cos(azimuth) * level, up], axis=-1)
    sigma = ism.local_m(ism.elevation_deg(unit))
    residual = rng.normal(size=(users, count)) * np.hypot(sigma, 1.0) + 1e5
    residual[:, :faults] += size_m * rng.choice([-1.0, 1.0], (users, faults))
    return araim.Geometry(unit, np.array(["G", "C3"] * count)[:count], sigma, residual)


def test_threshold_of_one_degree_is_that_of_the_normal_distribution() -> None:
    """P_fa 3.333e-7 and P_md 1e-3 of DO-229: 5.10 and 5.10 + 3.09 for one redundant satellite."""
    assert raim.threshold(1, 3.333e-7) == pytest.approx(norm.isf(3.333e-7 / 2))
    assert raim.missed(1, 3.333e-7, 1e-3) == pytest.approx(norm.isf(3.333e-7 / 2) + norm.isf(1e-3), rel=1e-6)


def test_false_alarms_are_as_often_as_asked() -> None:
    found = raim.snapshot(sky(11, 1, 60_000), SAME, p_false_alarm=0.01)
    assert found.alarm.mean() == pytest.approx(0.01, rel=0.1)


def test_smallest_faults_are_missed_as_often_as_asked() -> None:
    clean = sky(11, 2, 20_000)
    found = raim.snapshot(clean, SAME, p_false_alarm=1e-4, p_missed=0.05)
    faulty = clean.residual_m.copy()  # type: ignore[union-attr]
    faulty[:, 4] += found.smallest_m[:, 4]
    seen = raim.snapshot(replace(clean, residual_m=faulty), SAME, p_false_alarm=1e-4)
    assert np.mean(~seen.alarm) == pytest.approx(0.05, rel=0.15)
    slope = found.slope_v[0] / np.hypot(found.slope_v[0], 1e-12)
    assert (slope >= 0).all()


def test_levels_bound_missed_faults() -> None:
    rng = np.random.default_rng(3)
    clean = sky(9, 3, 40_000)
    residual = clean.residual_m.copy()  # type: ignore[union-attr]
    rows = np.arange(40_000)
    residual[rows, rng.integers(0, 9, 40_000)] += rng.uniform(-80, 80, 40_000)
    many = replace(clean, residual_m=residual)
    found = raim.snapshot(many, SAME, p_false_alarm=1e-4, p_missed=0.01, sigmas=3.0)
    offset = araim.protection(many, SAME, 1).offset_m
    quiet = ~found.alarm
    assert np.mean(quiet & (np.abs(offset[:, 2]) > found.vpl_m)) < 1e-4
    assert np.mean(quiet & (np.hypot(offset[:, 0], offset[:, 1]) > found.hpl_m)) < 1e-4


def test_no_redundancy_no_level() -> None:
    found = raim.snapshot(sky(5, 4, 2), SAME)  # two clocks and three coordinates
    assert np.isinf(found.hpl_m).all()


@pytest.mark.parametrize(("faults", "size_m"), [(1, 60.0), (2, 90.0)])
def test_exclusion_finds_the_faulty(faults: int, size_m: float) -> None:
    given = sky(18, 5, 40, faults, size_m)
    allocation = replace(araim.FIX, p_threshold=0.0)
    levels = araim.protection(given, SAME, 2, allocation=allocation)
    assert (levels.alarm > 1.0).all()
    found = exclusion.exclude(given, SAME, levels, 2, allocation)
    assert not found.alarm.any()
    right = [set(found.excluded[k].tolist()) == set(range(faults)) for k in range(40)]
    assert np.mean(right) > 0.9
    clean = araim.protection(sky(18, 5, 40), SAME, 2, allocation=allocation)
    assert (found.levels.vpl_m >= clean.vpl_m).all()
    assert np.abs(found.levels.offset_m[:, 2]).max() < found.levels.vpl_m.min()


def test_exclusion_leaves_clean_epochs_alone() -> None:
    given = sky(18, 6, 20)
    levels = araim.protection(given, SAME)
    found = exclusion.exclude(given, SAME, levels)
    assert not found.excluded
    assert found.levels.vpl_m == pytest.approx(levels.vpl_m)


def test_alarm_stays_where_nothing_can_be_left_out() -> None:
    given = sky(7, 7, 1, 3, 500.0)
    levels = araim.protection(given, SAME)
    found = exclusion.exclude(given, SAME, levels)
    assert found.alarm[0]


def test_critical_satellites_are_those_whose_loss_costs_most() -> None:
    given = sky(9, 8, 3)
    found = critical.satellites(replace(given, residual_m=None), SAME, allocation=araim.FIX)
    whole = araim.protection(given, SAME, 1, allocation=araim.FIX)
    for k in range(9):
        sigma = given.sigma_m.copy()
        sigma[:, k] = np.nan
        less = araim.protection(replace(given, sigma_m=sigma), SAME, 1, allocation=araim.FIX)
        assert found.lost[k] == np.mean(whole.available & ~less.available)
        assert found.vpl_m[k] == pytest.approx(np.median(less.vpl_m - whole.vpl_m), nan_ok=True)
    assert found.lost[found.order[0]] == found.lost.max()
