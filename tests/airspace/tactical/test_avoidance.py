"""Aircraft that avoid each other: pairs, who has priority, who does not cooperate, crowds, files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.airspace.tactical import Airspace, Rule, drawn, read
from rabta.airspace.tactical._kernels import RANK, SILENT
from rabta.airspace.tactical.scenes import SCENES, placed, scene
from rabta.errors import RabtaError

RULE = Rule()


def least(traffic, *, avoiding=True, seconds=240):
    """Least separation of all pairs over a flight: distance over radius or height over half, the larger."""
    air, found = Airspace(traffic, RULE, avoiding=avoiding), np.inf
    for _ in range(seconds):
        air.step()
        apart = traffic.state[:, None, :3] - traffic.state[None, :, :3]
        share = np.maximum(np.hypot(apart[..., 0], apart[..., 1]) / 50.0, np.abs(apart[..., 2]) / 30.0)
        found = min(found, share[np.triu_indices(len(traffic), 1)].min())
    return found


@pytest.mark.parametrize("name", SCENES)
def test_scenes_are_resolved(name):
    assert least(scene(name), avoiding=False) < 0.5  # else the scene asks nothing
    assert least(scene(name)) >= 1.0


@pytest.mark.parametrize("name", ["A1", "A2", "A3"])
def test_alerts_of_a_pair_rise_to_the_approach(name):
    traffic, told = scene(name), []
    air = Airspace(traffic, RULE, avoiding=False)
    for _ in range(130):
        told.append(air.alerts().copy())
        gap = np.hypot(*(traffic.state[0, :2] - traffic.state[1, :2]))
        air.step()
        if np.hypot(*(traffic.state[0, :2] - traffic.state[1, :2])) > gap:
            break
    levels = np.array(told)
    assert np.all(levels[:, 0] == levels[:, 1])
    assert np.all(np.diff(levels[:, 0]) >= 0)
    assert levels[-1, 0] == 3
    assert air.other[0] == 1


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0, 360), st.floats(4, 17), st.floats(4, 17), st.floats(-120, 120), st.floats(-40, 40),
    st.floats(25, 60),
)  # fmt: skip
def test_a_pair_is_never_closer_than_without(track, own, other, miss, above, seconds):
    """Two that would pass ``miss`` metres apart after some seconds, on any track, at any height."""
    turn = np.radians(track)
    way = np.array([np.sin(turn), np.cos(turn)])
    start = -seconds * other * way + miss * np.array([way[1], -way[0]])
    rows = ((0, -seconds * own, 80, 0, own), (start[0], start[1], 80 + above, track, other))
    before = max(np.hypot(start[0], start[1] + seconds * own) / 50.0, abs(above) / 30.0)
    if before < 1.3:
        return  # they begin too close
    apart = least(placed(rows), seconds=150)
    plain = least(placed(rows), avoiding=False, seconds=150)
    assert apart >= min(plain, 1.0) - 1e-9


def test_symmetric_encounters_are_left_symmetrically():
    traffic = scene("A1")
    air = Airspace(traffic, RULE)
    for _ in range(120):
        air.step()
        np.testing.assert_allclose(traffic.state[0, :2], -traffic.state[1, :2], atol=1e-6)
        assert traffic.state[0, 2] - 80.0 == pytest.approx(80.0 - traffic.state[1, 2], abs=1e-6)


def test_both_come_back_to_what_they_wanted():
    traffic = scene("A2")
    air = Airspace(traffic, RULE)
    for _ in range(150):
        air.step()
    np.testing.assert_allclose(traffic.state[:, 3:5], traffic.plan[:, :2], atol=1e-6)
    np.testing.assert_allclose(traffic.state[:, 2], 80.0, atol=0.1)


def test_who_has_priority_goes_straight_on():
    traffic = scene("A2")
    traffic.role[0, RANK] = 5
    path = traffic.state[0, 0]
    assert least(traffic) >= 1.0
    assert traffic.state[0, 0] == pytest.approx(path, abs=1e-6)


@pytest.mark.parametrize("name", ["A1", "A2", "A3"])
def test_who_does_not_cooperate_is_avoided(name):
    traffic = scene(name)
    traffic.role[1, SILENT] = 1
    assert least(traffic) >= 1.0


def test_floors_are_kept():
    traffic = scene("C1")
    traffic.limits[:, 6], traffic.limits[:, 7] = 60.0, 100.0
    air = Airspace(traffic, RULE)
    for _ in range(150):
        air.step()
        assert traffic.state[:, 2].min() >= 60.0 - 1.5
        assert traffic.state[:, 2].max() <= 100.0 + 1.5


def test_a_crowd_loses_far_less_than_without():
    """5 aircraft a square kilometre, 120 s; targets are those of bench/tactical.py, against BlueSky."""
    without = Airspace(drawn(500, 10_000.0, 3), RULE, avoiding=False).run(120)
    told = Airspace(drawn(500, 10_000.0, 3), RULE).run(120)
    assert len(without.losses) > 50
    assert len(told.losses) <= 0.05 * len(without.losses)
    assert told.summary()["seconds"] == 120
    assert sum(told.summary()["aircraft_seconds_by_alert"]) == 500 * 120


def test_the_same_seed_flies_the_same():
    a, b = (drawn(200, 4_000.0, 9) for _ in range(2))
    for traffic in (a, b):
        Airspace(traffic, RULE).run(30)
    np.testing.assert_array_equal(a.state, b.state)


def row(**other):
    return {"lat_deg": 33.7, "lon_deg": 73.0, "height_m": 80, "track_deg": 90, "speed_m_s": 12, **other}


def test_a_file_is_read(tmp_path):
    path = tmp_path / "traffic.json"
    rows = [row(id="a", priority=2), row(lon_deg=73.01, crewed=True, speed_m_s=50, climb_m_s=1)]
    path.write_text(json.dumps({"aircraft": rows}))
    traffic = read(path)
    assert traffic.names == ["a", "R00001"]
    assert traffic.state[1, 0] == pytest.approx(927.0, abs=1.0)  # 0.01 degrees of longitude at 33.7 N
    assert traffic.state[0, 3] == pytest.approx(12.0)
    assert traffic.role.tolist() == [[2, 0, 0], [0, 1, 1]]
    assert traffic.limits[1, 0] == 50.0


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ([], "aircraft"),
        ([row(lat_deg=None)], "aircraft[0].lat_deg"),
        ([row(), row(lat_deg=91)], "aircraft[1]"),
        ([row(speed_m_s=-1)], "aircraft[0].speed_m_s"),
        ([row(speed_m_s=float("nan"))], "aircraft[0].speed_m_s"),
        ([row(priority=1.5)], "aircraft[0].priority"),
        ([row(cooperative="yes")], "aircraft[0].cooperative"),
        ([row(), row(sped=3)], "aircraft[1].sped"),
        ([row(), row(lon_deg=-100)], "aircraft"),
        ([3], "aircraft[0]"),
    ],
)
def test_wrong_files_are_refused_by_key(tmp_path, rows, key):
    path = tmp_path / "traffic.json"
    path.write_text(json.dumps({"aircraft": rows}))
    with pytest.raises(RabtaError) as told:
        read(path)
    assert told.value.key == key
    assert told.value.file == path


def test_rules_that_cannot_be_are_refused():
    with pytest.raises(RabtaError, match="radius_m"):
        Rule(radius_m=0.0)
