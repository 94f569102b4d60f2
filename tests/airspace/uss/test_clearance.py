"""Geozones at approval, in process: what they refuse, and what passes."""

from __future__ import annotations

import asyncio
import time

import pytest

from rabta.airspace.geozones.heights import Height, Reference
from rabta.airspace.geozones.model import Area, Kind, Layer, Zone
from rabta.airspace.uss.book import Book
from rabta.airspace.uss.clearance import Clearance
from rabta.airspace.uss.flights import Flights
from rabta.airspace.uss.rules import Intent, RejectedError
from rabta.airspace.volumes import Circle, Volume
from rabta.errors import RabtaError

HERE = (33.70, 73.05)
SOON = time.time() + 3_600.0


def zone(name: str, kind: Kind, upper: Height | None = None) -> Zone:
    """A kilometre around a place, from the ground to a height."""
    return Zone(name, "PAK", kind, "COMMON", (Layer((Area(Circle(*HERE, 1_000.0)),), None, upper),))


def intent(north_deg: float = 0.0, state: str = "Accepted") -> Intent:
    """A flight of a hundred metres, north of the place."""
    where = Circle(HERE[0] + north_deg, HERE[1], 50.0)
    return Intent("", state, 0, (Volume(where, 600.0, 650.0, SOON, SOON + 600.0),))


def test_what_is_prohibited_is_refused_by_name() -> None:
    made = Clearance((zone("OPX1", Kind.PROHIBITED),))
    with pytest.raises(RejectedError, match=r"volume 1 meets OPX1.*is prohibited") as refused:
        made.check(intent())
    assert refused.value.against == ("OPX1",)
    made.check(intent(north_deg=0.02))
    made.check(intent(state="Nonconforming"))


def test_an_authorisation_opens_its_zone_alone() -> None:
    zones = (zone("AUTH", Kind.AUTHORIZATION), zone("SHUT", Kind.PROHIBITED))
    with pytest.raises(RejectedError, match=r"AUTH.*asks for an authorisation; .*SHUT"):
        Clearance(zones).check(intent())
    with pytest.raises(RejectedError) as refused:
        Clearance(zones, authorised=frozenset({"AUTH", "SHUT"})).check(intent())
    assert refused.value.against == ("SHUT",)
    Clearance(zones[:1], authorised=frozenset({"AUTH"})).check(intent())
    Clearance((zone("COND", Kind.CONDITIONAL), zone("FREE", Kind.FREE))).check(intent())


def test_heights_that_may_meet_are_refused_as_such() -> None:
    """Above the ground means nothing where the ground is not known: it is not taken for a gap."""
    top = Height(50.0, Reference.AGL)
    with pytest.raises(RejectedError, match="its heights may meet"):
        Clearance((zone("OPX1", Kind.PROHIBITED, top),)).check(intent())
    Clearance((zone("OPX1", Kind.PROHIBITED, Height(599.0, Reference.WGS84)),)).check(intent())


def test_an_authorisation_for_no_zone_is_named() -> None:
    with pytest.raises(RabtaError, match="no such zone"):
        Clearance((zone("AUTH", Kind.AUTHORIZATION),), authorised=frozenset({"AUHT"}))


def test_nothing_is_shared_of_a_plan_that_a_zone_refuses(tmp_path) -> None:  # type: ignore[no-untyped-def]
    closed = Clearance((zone("OPX1", Kind.PROHIBITED),))
    nobody = None  # discovery is never asked
    flights = Flights(Book(str(tmp_path / "f.sqlite")), nobody, "http://127.0.0.1:1", [closed.check])  # type: ignore[arg-type]
    with pytest.raises(RejectedError, match="OPX1"):
        asyncio.run(flights.plan("one", intent()))
    assert not flights.held
