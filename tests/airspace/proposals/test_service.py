"""The supplier's routes of assessment and proposals, in process: no sockets."""

from __future__ import annotations

import asyncio

import h3
import numpy as np
import pytest

from rabta.airspace.feasibility.assess import Assessor
from rabta.airspace.feasibility.fields import Fields
from rabta.airspace.proposals import Plan
from rabta.airspace.uss.rules import Intent, RejectedError
from rabta.airspace.web.proposals import Approval, around, read
from rabta.errors import RabtaError

A, B = (33.70, 73.05), (33.715, 73.05)
START = "2026-11-23T09:00:00Z"
BODY = {"way": [{"lat": A[0], "lng": A[1]}, {"lat": B[0], "lng": B[1]}], "height_m": 60.0, "start": START}


def approval(lost, **more):
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(*A, 9), 15))
    shape = (len(cells), 2, 24)
    fields = Fields(cells, np.array([30.0, 120.0]), np.full(shape, lost), np.full((len(cells), 24), 8.0),
                    np.full((len(cells), 2), 3.0), np.full(len(cells), 100.0), np.zeros(len(cells)), 0.0)  # fmt: skip  # noqa: E501
    return Approval(Assessor(fields), **more)


def intent(state="Accepted"):
    return Intent("", state, 0, tuple(Plan((A, B), 60.0, 1_795_424_400.0).volumes))


def test_a_plan_without_a_link_is_refused_and_a_flight_in_trouble_is_not():
    with pytest.raises(RejectedError, match="no command link"):
        approval(0.4).check(intent())
    approval(0.001).check(intent())
    approval(0.4, refuses=False).check(intent())
    approval(0.4).check(intent("Contingent"))
    assert approval(0.4).assessed(intent())["feasible"] is False


class Known:
    """Flights of which discovery knows some."""

    def __init__(self, *others):
        self.known, self.areas = others, []

    async def others(self, area):
        self.areas.append(area)
        return list(self.known)


def test_a_plan_is_answered_against_what_discovery_knows():
    other = Intent("one", "Accepted", 0, tuple(read(BODY).volumes), manager="uss2")
    flights, desk = Known(other), approval(0.001)
    told = asyncio.run(desk.answer(flights, read(BODY), "uss1"))
    assert told["conflicts"] == ["one"]
    assert told["proposals"]
    assert told["proposals"][0]["delay_s"] > 0 or told["proposals"][0]["height_m"] != 60.0
    assert desk.ledger.accounts["uss1"].answered == 1
    (area,) = flights.areas[0]
    assert area == around(read(BODY))[0]


@pytest.mark.parametrize("change", [
    {"way": []}, {"way": [{"lat": 33.7}]}, {"way": [{"lat": 95.0, "lng": 73.0}] * 2}, {"height_m": "high"},
    {"height_m": -5.0}, {"start": "noon"}, {"speed_m_s": 0.0}, {"way": [1, 2]},
])  # fmt: skip
def test_a_plan_that_is_none_is_refused(change):
    with pytest.raises(RabtaError):
        read({**BODY, **change})
