"""Limits of zones."""

from __future__ import annotations

import h3
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


def test_limits_hold_together_as_often_as_asked() -> None:
    """Of 40 sampled steps a floor of 0.95 lets two go: the nation's leanest, for every area at once."""
    random = np.random.default_rng(3)
    seen = random.uniform(1.0, 9.0, (40, 6))
    seen[:, -1] = seen[:, :-1].sum(axis=1)
    filled = np.full((120, 6), np.nan)
    filled[::3] = seen
    steps = zones.reliable(filled[:, -1], 0.95)
    limits = zones.lasting(filled, steps)
    assert np.flatnonzero((filled >= limits).all(axis=1)).tolist() == steps.tolist()
    assert len(steps) == 38
    assert filled[:, -1][np.setdiff1d(np.arange(0, 120, 3), steps)].max() < limits[-1]


@pytest.mark.parametrize(("share", "kept"), [(0.0, 36), (0.5, 36), (0.949, 38), (0.99, 40), (1.01, 40)])
def test_a_higher_floor_drops_fewer_steps_and_a_low_one_a_tenth(share: float, kept: int) -> None:
    assert len(zones.reliable(np.arange(40.0), share)) == kept


def test_without_a_sampled_step_there_is_no_limit_to_rely_on() -> None:
    filled = np.full((4, 3), np.nan)
    assert zones.lasting(filled, zones.reliable(filled[:, -1], 0.95)).tolist() == [0.0, 0.0, 0.0]


def test_tiers_nest() -> None:
    """Cells of zones, zones of regions by H3's own hierarchy, and the whole nation once more."""
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(30.4, 69.3, 5), 30))
    zone = np.array([h3.cell_to_parent(c, 3) for c in cells])
    found = zones.tiers(zone)
    assert (found.zones[found.zone] == zone).all()
    parents = [h3.cell_to_parent(c, 2) for c in cells]
    assert found.regions[found.region[found.zone]].tolist() == parents
    assert found.pools == [*sorted(set(parents)), "nation"]
    groups = found.groups
    z, r = found.zones.size, found.regions.size
    assert 1 < r < z < len(cells)
    assert len(groups) == z + r + 1
    for tier in (groups[:z], groups[z : z + r], groups[-1:]):
        assert sorted(np.concatenate(tier).tolist()) == list(range(len(cells)))
    for k, members in enumerate(groups[z : z + r]):
        assert {parents[i] for i in members} == {found.pools[k]}


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
