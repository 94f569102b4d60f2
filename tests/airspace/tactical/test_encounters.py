"""Closest approach, well clear and alerts against closed forms and published numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.airspace.tactical import CREWED, DRONES, closest, entry_s, levels

metres, speeds = st.floats(-5e3, 5e3), st.floats(-60.0, 60.0)


def test_the_published_volumes():
    """Weinert et al. 2018: 2,000 ft and 250 ft; near mid-air collision: 500 ft and 100 ft."""
    assert (CREWED.clear_m, CREWED.clear_half_m) == pytest.approx((609.6, 76.2))
    assert (CREWED.near_m, CREWED.near_half_m) == pytest.approx((152.4, 30.48))
    assert (DRONES.near_m, DRONES.near_half_m) == pytest.approx((15.24, 4.572))  # Weinert et al. 2022


@pytest.mark.parametrize("angle", [10.0, 45.0, 90.0, 135.0, 180.0])
def test_two_that_meet_at_an_angle(angle):
    """Both reach the origin after 60 s, but one comes 5 s late: d = v dt cos(angle / 2) of equal speeds."""
    turn, speed, late = math.radians(angle), 12.0, 5.0
    own = np.array([0.0, -60.0 * speed, 0.0]), np.array([0.0, speed, 0.0])
    way = np.array([math.sin(turn), math.cos(turn), 0.0])
    other = -(60.0 + late) * speed * way, speed * way
    at, distance = closest(other[0] - own[0], own[1] - other[1])
    assert float(at) == pytest.approx(60.0 + late / 2.0)
    assert float(distance) == pytest.approx(speed * late * math.cos(turn / 2.0), abs=1e-9)


def test_head_on_enters_when_the_gap_is_closed():
    assert float(entry_s([2_000.0, 0, 0], [40.0, 0, 0], 500.0, 30.0)) == pytest.approx(37.5)
    # offset by the radius it touches at the closest approach; by more it never enters
    assert float(entry_s([2_000.0, 499.999999, 0], [40.0, 0, 0], 500.0, 30.0)) == pytest.approx(
        50.0, abs=0.05
    )
    assert math.isinf(float(entry_s([2_000.0, 500.1, 0], [40.0, 0, 0], 500.0, 30.0)))


def test_height_decides_too():
    # 100 m above, descends at 2 m/s: within 30 m after 35 s; within 500 m of distance already after 20 s
    assert float(entry_s([1_300.0, 0, 100.0], [40.0, 0, 2.0], 500.0, 30.0)) == pytest.approx(35.0)
    assert math.isinf(float(entry_s([1_300.0, 0, 100.0], [40.0, 0, 0.5], 500.0, 30.0)))


@settings(max_examples=200, deadline=None)
@given(st.tuples(metres, metres, st.floats(-300, 300)), st.tuples(speeds, speeds, st.floats(-10, 10)))
def test_entry_is_the_first_instant_inside(p, w):
    """By sampling the straight flights themselves."""
    p, w = np.array(p), np.array(w)
    found = float(entry_s(p, w, 600.0, 75.0))
    times = np.linspace(0.0, 120.0, 4_001)
    at = p[:, None] - w[:, None] * times
    deep = (np.hypot(at[0], at[1]) < 600.0 - 3.0) & (np.abs(at[2]) < 75.0 - 0.5)  # surely inside
    wide = (np.hypot(at[0], at[1]) < 600.0 + 3.0) & (np.abs(at[2]) < 75.0 + 0.5)
    if deep.any():
        assert found <= times[deep][0] + 1e-6
    if found <= 120.0:
        assert wide[min(int(np.ceil(found / 0.03)), 4_000)] or wide[int(found / 0.03)]


@settings(max_examples=200, deadline=None)
@given(st.tuples(metres, metres, st.floats(-300, 300)), st.tuples(speeds, speeds, st.floats(-10, 10)))
def test_both_see_the_same_level(p, w):
    p, w = np.array(p), np.array(w)
    assert levels(p, w) == levels(-p, -w)


@settings(max_examples=150, deadline=None)
@given(st.floats(0, 2 * math.pi), st.floats(0, 600), st.floats(5, 60), st.floats(0, 70))
def test_levels_only_rise_until_the_closest_approach(bearing, miss, speed, height):
    """Straight flights on a collision course or past it: monotone in severity."""
    way = np.array([math.sin(bearing), math.cos(bearing)])
    w = np.array([*(speed * way), 0.0])
    ahead = np.arange(100.0, -1.0, -1.0)[:, None] * speed * way + miss * np.array([way[1], -way[0]])
    p = np.column_stack([ahead, np.full(len(ahead), height)])
    told = levels(p, np.broadcast_to(w, p.shape))
    assert np.all(np.diff(told) >= 0)
    assert told[-1] >= 2  # all of these lose well clear


def test_levels_rise_with_the_volume_and_the_time():
    rng = np.random.default_rng(1)
    p, w = rng.uniform(-3e3, 3e3, (2_000, 3)) * [1, 1, 0.05], rng.uniform(-30, 30, (2_000, 3)) * [1, 1, 0.1]
    small, large = levels(p, w, DRONES), levels(p, w, CREWED)
    assert np.all(large >= small)
    assert set(np.unique(large)) == {0, 1, 2, 3}
