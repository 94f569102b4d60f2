"""Flights against their plans: the standard's numbers, and real services that are told."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import httpx
import pytest
from tests.airspace.conftest import circle, supplier
from uas_standards.astm.f3548.v21 import constants

from rabta.airspace.conformance import monitor
from rabta.airspace.conformance.monitor import CONTINGENT, NOMINAL, NONCONFORMING, Position, Watch
from rabta.airspace.conformance.watcher import Watcher, read
from rabta.airspace.volumes import Circle, Volume
from rabta.errors import RabtaError

HERE = (33.70, 73.05)
PLAN = (Volume(Circle(*HERE, 200.0), 600.0, 700.0, 0.0, 10_000.0),)


def at(second: float, north_m: float = 0.0, height_m: float = 650.0) -> Position:
    return Position(second, HERE[0] + north_m / monitor.METRES_A_DEGREE, HERE[1], height_m)


def flown(*rows: tuple[float, float]) -> Watch:
    """A watch of positions: second, metres north of the middle."""
    watch = Watch()
    for second, north in rows:
        watch.take(at(second, north), PLAN, second)
    return watch


def test_numbers_are_those_of_the_standard() -> None:
    given = constants
    assert given.OiMinConformancePercent / 100 == monitor.INSIDE_SHARE
    assert given.OiMaxExcursionsPerFlightHour == monitor.MOST_AN_HOUR
    assert given.OiMaxDurationPerExcursionSeconds == monitor.EXCURSION_S
    assert given.MaxRecoverableTimeInNonconformingStateSeconds == monitor.RECOVER_S
    assert given.TimeSyncMaxDifferentialSeconds == monitor.CLOCKS_S
    assert given.IntersectionMinimumPrecisionCm / 100 == monitor.POINT_M


def test_inside_is_exact_in_place_height_and_time() -> None:
    for north, inside in ((199.0, True), (201.5, False)):  # a degree of latitude is 110.9 km here
        assert monitor.within(at(5.0, north), PLAN) is inside
    for height, inside in ((600.0, True), (599.9, False), (700.0, True), (700.1, False)):
        assert monitor.within(at(5.0, 0.0, height), PLAN) is inside
    assert not monitor.within(at(10_001.0), PLAN)


def test_a_short_excursion_is_counted_and_changes_nothing() -> None:
    watch = flown((0, 0), (5, 0), (6, 300), (12, 300), (13, 0), (20, 0))
    assert watch.excursions == [(6, 13)]
    assert (watch.inside_s, watch.outside_s) == (13.0, 7.0)
    assert watch.state(20.0, NOMINAL) == (NOMINAL, "")
    assert not watch.summary()["conforms"], "35 per cent outside"


def test_a_long_one_makes_it_nonconforming_then_contingent_and_coming_back_nominal() -> None:
    watch = flown((0, 0), (1, 300), (8, 300))
    assert watch.state(10.9, NOMINAL) == (NOMINAL, "")
    watch.take(at(11.5, 300), PLAN, 11.5)
    assert watch.state(11.5, NOMINAL) == (NONCONFORMING, "outside for 10 s")
    back = flown((0, 0), (1, 300), (11.5, 300))
    back.state(11.6, NOMINAL)
    back.take(at(30.0, 0), PLAN, 30.0)
    assert back.state(30.0, NONCONFORMING) == (NOMINAL, "inside its plan again")
    for second in range(12, 72):
        watch.take(at(second, 400), PLAN, second)
        state, why = watch.state(float(second), NONCONFORMING)
        assert state == NONCONFORMING, why
    watch.take(at(72, 400), PLAN, 72)
    assert watch.state(72.0, NONCONFORMING)[0] == CONTINGENT
    watch.take(at(73, 0), PLAN, 73)
    assert watch.state(73.0, CONTINGENT) == (CONTINGENT, ""), "there is no way back from it"


def test_silence_is_off_the_plan_and_is_not_counted_as_either() -> None:
    watch = flown((0, 0), (9, 0))
    assert watch.state(18.0, NOMINAL) == (NOMINAL, "")
    assert watch.state(20.0, NOMINAL) == (NONCONFORMING, "nothing heard for 11 s")
    assert watch.state(79.0, NONCONFORMING) == (NONCONFORMING, "")
    assert watch.state(81.0, NONCONFORMING)[0] == CONTINGENT
    watch.take(at(100, 0), PLAN, 100)
    assert (watch.inside_s, watch.outside_s, watch.unheard_s) == (9.0, 0.0, 91.0)


def test_too_many_excursions_in_an_hour() -> None:
    rows = [(20.0 * k + late, 300.0 * (late == 10)) for k in range(19) for late in (0, 10, 12)]
    watch = flown(*rows[:-1])
    assert watch.state(rows[-2][0], NOMINAL) == (NONCONFORMING, "19 excursions in an hour")
    assert flown(*rows[:-4]).state(rows[-5][0], NOMINAL) == (NOMINAL, "")


def test_clocks_and_order_of_reports() -> None:
    watch = flown((10, 0))
    with pytest.raises(RabtaError, match="from the future"):
        watch.take(at(16.0), PLAN, 10.0)
    assert watch.take(at(14.9), PLAN, 10.0), "clocks may differ by five seconds"
    assert not watch.take(at(14.0, 300), PLAN, 15.0)
    assert (watch.late, watch.inside) == (1, True)
    for bad in (float("nan"), float("inf")):
        with pytest.raises(RabtaError):
            Position(1.0, *HERE, bad)
    with pytest.raises(RabtaError):
        Position(1.0, 91.0, 73.0, 0.0)


def test_where_it_may_be_holds_where_it_goes() -> None:
    """Twenty metres a second for a minute from the last position, whichever way."""
    watch = flown((0, 0), (1, 20), (2, 40))
    off = monitor.reach(watch, 4.0, 500.0)
    assert off.outline.radius_m == pytest.approx(20.0 * 62.0, rel=0.01)
    for second in (4.0, 30.0, 62.0):
        assert monitor.within(at(second, 40 + 20.0 * (second - 2.0)), (off,))


def test_figures_of_a_fleet_are_those_of_its_flights_together() -> None:
    good, bad = (
        flown(*((float(s), 0.0) for s in range(0, 1000, 5))),
        flown((0, 0), (5, 300), (12, 0), (15, 0)),
    )
    whole = monitor.fleet([good, bad])
    assert whole["inside_s"] == good.inside_s + bad.inside_s
    assert whole["excursions"] == 1
    assert whole["conforms"] is True
    assert monitor.fleet([])["inside_share"] is None, "nothing known is not nothing wrong"


def telemetry(second: float, north_m: float, height_m: float = 150.0) -> dict[str, object]:
    when = datetime.fromtimestamp(second, UTC).isoformat()
    return {
        "time_measured": {"value": when, "format": "RFC3339"},
        "position": {
            "latitude": HERE[0] + north_m / monitor.METRES_A_DEGREE, "longitude": HERE[1],
            "accuracy_h": "HA10m",
            "altitude": {"value": height_m, "reference": "W84", "units": "M"}, "extrapolated": False,
        },
    }  # fmt: skip


def test_a_report_is_read_and_others_are_refused() -> None:
    found = read(telemetry(1000.0, 0.0))
    assert (found.at_s, found.height_m, found.across_m) == (1000.0, 150.0, 10.0)
    wrong = telemetry(1000.0, 0.0)
    wrong["position"]["altitude"]["reference"] = "SFC"  # type: ignore[index]
    with pytest.raises(RabtaError, match="another height"):
        read(wrong)
    for broken in ({}, {"position": 7}, {**telemetry(1.0, 0.0), "time_measured": {"value": "noon"}}):
        with pytest.raises(RabtaError):
            read(broken)


def test_a_flight_that_is_not_watched_is_left_alone() -> None:
    class Held:
        held: dict[str, object] = {}  # noqa: RUF012

    assert Watcher(Held()).whole()["flights"] == 0  # type: ignore[arg-type]


FLY = "interuss.flight_planning.plan interuss.flight_planning.direct_automated_test"


def plan(client: httpx.Client, url: str, name: str, north_m: float, headers: dict[str, str]) -> None:
    """An active flight in a circle of 200 m."""
    area = circle(HERE[0] + north_m / monitor.METRES_A_DEGREE, HERE[1], start_s=-5.0, end_s=900.0)
    basic = {"usage_state": "InUse", "uas_state": "Nominal", "area": [area]}
    body = {"flight_plan": {"basic_information": basic, "astm_f3548_21": {"priority": 0}}, "request_id": name}
    put = client.put(f"{url}/flight_planning/v1/flight_plans/{name}", json=body, headers=headers)
    assert put.json()["planning_result"] == "Completed", put.text


def until(what, patience_s: float = 40.0):
    """What is found when it is there."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.2)
    raise AssertionError("never came")


def test_who_is_near_is_told_of_a_flight_off_its_plan(authority, served, tokens_at, tmp_path) -> None:
    headers = authority.headers("operator", FLY)
    with (
        supplier(authority, tmp_path / "one", served, tokens_at, "uss1") as (_, first),
        supplier(authority, tmp_path / "two", served, tokens_at, "uss2") as (_, second),
        httpx.Client(timeout=30.0) as client,
    ):
        plan(client, first, "lost", 0.0, headers)
        plan(client, second, "near", 700.0, headers)
        door = f"{first}/rabta/v1/flights/lost"

        def report(*rows: tuple[float, float]) -> httpx.Response:
            body = {"positions": [telemetry(time.time() + ago, north) for ago, north in rows]}
            return client.post(f"{door}/positions", json=body, headers=headers)

        def state() -> str:
            return client.get(f"{door}/conformance", headers=headers).json()["state"]

        told = report((-12.0, 250.0), (-6.0, 260.0), (0.0, 270.0))
        assert told.json()["taken"] == 3, told.text
        until(lambda: state() == NONCONFORMING)
        notes = f"{second}/flight_planning/v1/user_notifications?after=2020-01-01T00:00:00Z"
        until(lambda: "near" in client.get(notes, headers=headers).text)
        until(lambda: report((0.0, 0.0)).json()["state"] == NOMINAL)
        events = client.get(f"{door}/conformance", headers=headers).json()["events"]
        assert [one["to"] for one in events[:2]] == [NONCONFORMING, NOMINAL]
        assert not any(one["problem"] for one in events)
        assert report((60.0, 0.0)).status_code == 400
        assert client.post(f"{door}/positions", json={"positions": [7]}, headers=headers).status_code == 400
        assert client.post(f"{door}/positions", json={"positions": []}).status_code == 401
        assert client.get(f"{first}/rabta/v1/flights/none/conformance", headers=headers).status_code == 404
        assert client.get(f"{first}/rabta/v1/conformance", headers=headers).json()["flights"] == 1
