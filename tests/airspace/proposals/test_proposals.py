"""Counter-proposals: exact windows, other heights, ways around what stands there, and the account between operators."""  # noqa: E501

from __future__ import annotations

import json
import math

import h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.airspace.feasibility.assess import Assessor, Limits
from rabta.airspace.feasibility.fields import Fields, none
from rabta.airspace.proposals import Ledger, Plan, Planner, Verifier, windows
from rabta.airspace.proposals.route import metres
from rabta.airspace.volumes import Circle, Index, Polygon, Volume, meet

A, NOON_S = (33.70, 73.05), 1_795_424_400.0
EAST = 111_195.0 * math.cos(math.radians(33.7))


def at(north_m, east_m):
    return A[0] + north_m / 111_195.0, A[1] + east_m / EAST


def sky(**volumes):
    index, verifier = Index(), Verifier()
    for name, held in volumes.items():
        index.add(name, held)
        verifier.add(name, held)
    return index, verifier


def planner(index, verifier, fields=None, **limits):
    return Planner(Assessor(none() if fields is None else fields, limits=Limits(**limits)), index, verifier)


NORTH = Plan((A, at(3_000.0, 0.0)), 60.0, NOON_S)


def crossing(seconds=0.0, height=60.0):
    """A flight across the middle of NORTH, there when NORTH is."""
    return Plan((at(1_500.0, -1_500.0), at(1_500.0, 1_500.0)), height, NOON_S + seconds).volumes


def test_a_plan_is_its_volumes():
    assert NORTH.length_m == pytest.approx(3_000.0, rel=1e-6)
    assert NORTH.seconds == pytest.approx(200.0 + 40.0)
    first, *middle, last = NORTH.volumes
    assert first.lower_m == 0.0
    assert first.upper_m == 68.0
    assert len(middle) == 10
    assert last.end_s == pytest.approx(NOON_S + NORTH.seconds + NORTH.spare_s)
    for one, other in zip(NORTH.volumes, NORTH.volumes[1:], strict=False):
        assert meet(one, other)  # nothing of the way is between them
    for k in range(11):  # where the aircraft is lies in some volume
        lat, lon = at(300.0 * k, 0.0)
        here = Volume(Circle(lat, lon, 0.5), 60.0, 60.0, NOON_S + 20.0 + 20.0 * k, NOON_S + 20.0 + 20.0 * k)
        assert any(meet(here, one) for one in NORTH.volumes)


def test_what_stands_in_nobodys_way_is_approved():
    answer = planner(*sky(other=crossing(600.0))).answer(NORTH)
    assert answer.approved
    assert not answer.proposals


def test_a_conflict_is_answered_and_every_answer_is_free():
    index, verifier = sky(other=crossing())
    answer = planner(index, verifier).answer(NORTH)
    assert answer.against == {"other"}
    assert 1 <= len(answer.proposals) <= 3
    for one in answer.proposals:
        assert not any(meet(a, b) for a in one.plan.volumes for b in crossing())
        assert one.plan.way[0] == NORTH.way[0]
        assert one.plan.way[-1] == NORTH.way[-1]
        assert one.extra_m <= 0.08 * NORTH.length_m or one.delay_s <= 120.0
    json.dumps(answer.told(), allow_nan=False)


@settings(max_examples=15, deadline=None)
@given(st.floats(-60.0, 60.0), st.floats(-1_000.0, 1_000.0))
def test_the_least_delay_is_the_least(seconds, east_m):
    other = Plan(
        (at(1_500.0, east_m - 1_500.0), at(1_500.0, east_m + 1_500.0)), 60.0, NOON_S + seconds
    ).volumes
    index, _ = sky(other=other)
    times, names = windows.blocked(index, NORTH, 600.0)
    delay = windows.first_free(times, 600.0)
    assert delay is not None
    assert names == {"other"} or delay == 0.0

    def met(by):
        return any(meet(a, b) for a in NORTH.later(by).volumes for b in other)

    assert not met(delay)
    if delay > 0.0:
        assert met(delay - windows.SPARE_S - 0.01)
        assert all(met(by) for by in np.linspace(0.0, delay - windows.SPARE_S - 0.01, 7)) or len(times) > 1


def test_a_zone_that_stays_is_flown_around():
    zone = [Volume(Polygon((at(1_200, -500), at(1_200, 500), at(1_800, 500), at(1_800, -500))), 0.0, 400.0)]
    answer = planner(*sky(zone=zone)).answer(NORTH)
    assert answer.proposals
    assert answer.proposals[0].kinds == ("way",)
    best = answer.proposals[0]
    assert not any(meet(a, b) for a in best.plan.volumes for b in zone)
    # the shortest way around the zone's corners, 25 m and more off, is 3,222 m long
    corner = 2.0 * math.hypot(1_200.0, 525.0) + 600.0
    assert corner - 1.0 <= best.plan.length_m <= 1.1 * corner


def test_a_destination_in_a_zone_has_no_answer():
    zone = [Volume(Circle(*at(3_000.0, 0.0), 300.0), 0.0, 400.0)]
    answer = planner(*sky(zone=zone)).answer(NORTH)
    assert not answer.approved
    assert answer.proposals == []


def holes(hidden):
    """Fields with no link where hidden(place), at every height."""
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(*at(1_500.0, 0.0), 9), 14))
    lost = np.array([0.9 if hidden(h3.cell_to_latlng(one)) else 0.001 for one in cells])
    shape = (len(cells), 4, 24)
    return Fields(cells, np.array([30.0, 60.0, 90.0, 120.0]), np.broadcast_to(lost[:, None, None], shape).copy(),  # noqa: E501
                  np.full((len(cells), 24), 8.0), np.full((len(cells), 4), 3.0), np.full(len(cells), 100.0),
                  np.zeros(len(cells)), 0.0)  # fmt: skip


def test_a_hole_in_the_network_is_flown_around():
    fields = holes(lambda place: metres(place, at(1_500.0, -100.0)) < 500.0)
    answer = planner(*sky(), fields).answer(NORTH)
    assert {r.kind for r in answer.assessment.reasons} == {"command-link"}
    assert answer.proposals
    assert answer.proposals[0].assessment.feasible
    assert answer.proposals[0].assessment.outage < 0.05 < answer.assessment.outage


def test_a_lower_height_where_the_network_is_better():
    fields = holes(lambda place: False)
    fields.outage[:, 1:] = 0.5
    answer = planner(*sky(), fields).answer(NORTH)
    assert answer.proposals[0].kinds == ("height",)
    assert answer.proposals[0].plan.height_m == 30.0


def test_what_the_verifier_refuses_is_not_offered():
    index, _ = sky(other=crossing())
    everywhere = Verifier()
    everywhere.add("wall", [Volume(Circle(*at(1_500.0, 0.0), 20_000.0))])
    answer = planner(index, everywhere).answer(NORTH)
    assert answer.proposals == []
    assert answer.rejected > 0


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-2e3, 2e3), st.floats(-2e3, 2e3), st.floats(-200, 200)), min_size=1, max_size=12
    )
)
def test_verifier_and_index_agree(places):
    index, verifier = sky(**{
        f"f{k}": Plan((at(n, e), at(n + 700.0, e - 900.0)), 60.0, NOON_S + s).volumes
        for k, (n, e, s) in enumerate(places)})  # fmt: skip
    assert verifier.meeting(NORTH.volumes) == index.meeting(NORTH.volumes)


def test_accounts_of_who_gave_way():
    ledger = Ledger()
    for who in ("a", "b", "c"):
        for _ in range(10):
            ledger.asked(who, 200.0)
    assert ledger.fairness() == 1.0  # nobody yielded
    ledger.refused("a", {"b", "c"}, answered=True)
    ledger.accepted("a", {"b", "c"}, delay_s=60.0, extra_m=10.0)
    assert ledger.yielded == {("a", "b"): 30.0, ("a", "c"): 30.0}
    assert ledger.fairness() == pytest.approx(1.0 / 3.0)  # one of three bears all
    for who in ("b", "c"):
        ledger.accepted(who, {"a"}, delay_s=60.0, extra_m=0.0)
    assert ledger.fairness() == pytest.approx(1.0)
    assert ledger.told()["operators"]["a"]["yielded_s_a_plan"] == 6.0
