"""Flights in continuous time: least delays, whole batches checked by other programs, files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.airspace.batch import checks
from rabta.airspace.batch.deconflict import least, solve, summary, told
from rabta.airspace.batch.flights import Batch, Flight, Rules, batch, drawn, read, written
from rabta.airspace.volumes import Circle, Volume
from rabta.errors import RabtaError

AT = 1_795_500_000.0
ONE = Rules(layers_m=(560.0,), detours_m=())


def checked(plan):
    """What was planned, through its file, by the verifier."""
    said = json.loads(json.dumps(told(plan)))
    assert checks.overlaps(said) == []
    assert checks.outside(said) == []
    assert checks.closest(said)[0] >= 1.0 - 1e-6
    return said


def crossing(gap_s=0.0):
    """Two whose lines cross in the middle, at 12 m/s; 3,000 m and 250 s each."""
    half_lat, half_lon = 1_500.0 / 110_900.0, 1_500.0 / 92_700.0
    a = Flight("a", ((33.7 - half_lat, 73.0), (33.7 + half_lat, 73.0)), AT, 12.0)
    b = Flight("b", ((33.7, 73.0 - half_lon), (33.7, 73.0 + half_lon)), AT + 0.001 + gap_s, 12.0)
    return a, b


def test_the_second_of_two_that_cross_waits_as_long_as_it_must():
    plan = solve(Batch(crossing(), ONE))
    first, second = plan.approved
    assert first.delay_s == 0.0
    # nine corridors of 27.8 s; both cross in the middle of the fifth, 5 s early or late
    assert second.delay_s == pytest.approx(250.0 / 9.0 + 2 * 5.0, abs=0.5)
    checked(plan)
    fifth = second.volumes[5]
    sooner = Volume(fifth.outline, fifth.lower_m, fifth.upper_m, fifth.start_s - 0.01, fifth.end_s - 0.01)
    assert sooner.start_s <= first.volumes[5].end_s  # a hundredth earlier they would meet


def test_layers_and_ways_aside_are_taken_where_they_cost_less():
    plan = solve(Batch(crossing(), Rules(layers_m=(560.0, 580.0), detours_m=())))
    assert [one.height_m for one in plan.approved] == [560.0, 580.0]
    assert plan.approved[1].delay_s == 0.0
    checked(plan)
    asked = Flight("c", crossing()[0].route, AT, 12.0, height_m=580.0)
    assert solve(Batch((asked,), Rules(layers_m=(560.0, 580.0)))).approved[0].height_m == 580.0


def test_priority_goes_first():
    a, b = crossing(30.0)
    urgent = Flight("b", b.route, b.depart_s, 12.0, priority=9)
    plan = solve(Batch((a, urgent), ONE))
    assert [one.delay_s > 0.0 for one in plan.approved] == [True, False]


def test_what_is_held_already_is_kept_clear_of():
    a, _ = crossing()
    middle = Volume(Circle(33.7, 73.0, 100.0), 500.0, 600.0, AT, AT + 600.0)
    one = solve(Batch((a,), ONE), held=[middle]).approved[0]
    assert all(volume.start_s > AT + 600.0 or k != 5 for k, volume in enumerate(one.volumes))
    assert one.delay_s == pytest.approx(600.0 - (20.0 + 4 * 250.0 / 9.0 - 5.0), abs=0.5)
    closed = Volume(Circle(33.7, 73.0, 100.0), 500.0, 600.0)
    refused = solve(Batch((a,), ONE), held=[closed])
    assert [flight.name for flight in refused.refused] == ["a"]
    assert summary(refused)["approved"] == 0
    aside = solve(Batch((a,), Rules(layers_m=(560.0,), detours_m=(300.0,))), held=[closed]).approved[0]
    assert aside.aside > 0
    assert aside.longer_s == pytest.approx(2 * (np.hypot(1_500.0, 300.0) - 1_500.0) / 12.0, rel=0.01)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(-50, 100), st.floats(0, 40)), max_size=12))
def test_the_least_delay_is_outside_of_all_and_none_is_less(spans):
    barred = [(a, a + long) for a, long in spans]
    found = least(barred, 1e3)
    assert all(not a <= found <= b for a, b in barred)
    grid = np.linspace(0.0, max(found - 0.0015, 0.0), 200)
    if found > 0.0015:
        assert np.all([any(a - 0.0011 <= t <= b + 0.0011 for a, b in barred) for t in grid])


def test_a_city_of_flights_is_free_of_conflicts():
    """At the density of 5,000 flights an hour over 15 km; 1,000 of them in bench/batch.py."""
    given_ = drawn(250, 7, span_s=180.0)
    plan = solve(given_)
    said = summary(plan)
    assert said["approved"] + said["refused"] == 250
    assert said["refused"] <= 5
    as_asked = Batch(given_.flights, given_.rules)
    assert said["as_asked"] < 250  # else the batch asks nothing
    checked(plan)
    names = [row["id"] for row in told(plan)["flights"]]
    assert names == [one.name for one in as_asked.flights if one.name in set(names)]


def test_the_verifier_sees_what_is_wrong():
    said = json.loads(json.dumps(told(solve(Batch(crossing(), ONE)))))
    late = said["flights"][1]["delay_s"]
    for at in said["flights"][1]["path"]:
        at[0] -= late
    assert checks.closest(said)[0] < 0.2
    assert checks.closest(said)[1] in ("a and b", "b and a")
    assert checks.outside(said)[0].startswith("b after")
    said["flights"][1]["volumes"] = said["flights"][0]["volumes"]
    assert "a and b" in checks.overlaps(said)


def row(**other):
    return {"id": "a", "route": [[33.7, 73.0], [33.71, 73.01]], "depart": "2026-11-24T08:00:00Z",
            "speed_m_s": 12, **other}  # fmt: skip


def test_a_file_is_what_was_written(tmp_path):
    path = tmp_path / "flights.json"
    given_ = drawn(20, 1)
    path.write_text(json.dumps(written(given_)))
    again = read(path)
    assert again.rules == given_.rules
    assert [one.name for one in again.flights] == [one.name for one in given_.flights]
    assert again.flights[3].route == given_.flights[3].route
    assert again.flights[3].depart_s == pytest.approx(given_.flights[3].depart_s, abs=1e-5)


@pytest.mark.parametrize(
    ("held", "key"),
    [
        ([], "flights"),
        ({"flights": []}, "flights"),
        ({"flights": [3]}, "flights[0]"),
        ({"flights": [row(id="")]}, "flights[0].id"),
        ({"flights": [row(), row()]}, "flights[1].id"),
        ({"flights": [row(depart="tomorrow")]}, "flights[0].depart"),
        ({"flights": [row(speed_m_s=0)]}, "flights[0].speed_m_s"),
        ({"flights": [row(route=[[33.7, 73.0]])]}, "flights[0].route"),
        ({"flights": [row(route=[[33.7, 73.0], [33.7, 73.0]])]}, "flights[0].route[1]"),
        ({"flights": [row(route=[[33.7, 73.0], [93.7, 73.0]])]}, "flights[0].route[1]"),
        ({"flights": [row(height_m=1)]}, "flights[0].height_m"),
        ({"flights": [row(priority="high")]}, "flights[0].priority"),
        ({"flights": [row(sped=1)]}, "flights[0].sped"),
        ({"flights": [row()], "layer_m": [560]}, "layer_m"),
        ({"flights": [row()], "layers_m": [560, 565]}, "layers_m"),
        ({"flights": [row()], "layers_m": [400]}, "layers_m"),
        ({"flights": [row()], "half_width_m": -1}, "half_width_m"),
        ({"flights": [row()], "detours_m": [0]}, "detours_m"),
    ],
)
def test_wrong_files_are_refused_by_key(held, key):
    with pytest.raises(RabtaError) as said:
        batch(held)
    assert said.value.key == key
