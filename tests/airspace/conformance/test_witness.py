"""Reports against sightings: chances against theory, liars found, honest flights left alone."""

from __future__ import annotations

import math
import time

import httpx
import numpy as np
import pytest
from scipy.stats import binom, chi2, kstest
from tests.airspace.conformance.test_conformance import FLY, HERE, plan, telemetry
from tests.airspace.conftest import supplier

from rabta.airspace.conformance import witness
from rabta.airspace.conformance.monitor import METRES_A_DEGREE, Position
from rabta.airspace.conformance.witness import Doubt, Sighting, allowed, chances
from rabta.errors import RabtaError

EAST = METRES_A_DEGREE * math.cos(math.radians(HERE[0]))
GNSS_M, UP_M, RADAR_M = 3.0, 4.0, 10.0  # sigma of each axis


def report(second: float, east=0.0, north=0.0, up=0.0, *, told: bool = True, high: bool = True) -> Position:
    return Position(
        second, HERE[0] + north / METRES_A_DEGREE, HERE[1] + east / EAST, 150.0 + up,
        GNSS_M * witness.BOUND_2D if told else 0.0, UP_M * witness.BOUND_1D if high else 0.0,
    )  # fmt: skip


def seen(second: float, east=0.0, north=0.0, up=0.0, *, high: bool = True, clock_s: float = 0.0) -> Sighting:
    return Sighting(
        second, HERE[0] + north / METRES_A_DEGREE, HERE[1] + east / EAST, 150.0 + up, RADAR_M,
        RADAR_M if high else None, clock_s, "radar",
    )  # fmt: skip


def judged(doubt: Doubt, reports, sightings) -> Doubt:
    doubt.see(sightings)
    for one in reports:
        doubt.hear(one)
    return doubt


def test_bounds_are_those_of_the_normal_distribution() -> None:
    assert pytest.approx(math.sqrt(chi2.ppf(0.95, 2))) == witness.BOUND_2D
    assert pytest.approx(math.sqrt(chi2.ppf(0.95, 1))) == witness.BOUND_1D


def test_chances_of_an_honest_flight_are_uniform(monkeypatch) -> None:
    """By definition of a p-value; the slack for turns and clocks is set to nothing, so that it is exact."""
    monkeypatch.setattr(witness, "TURN_M_S2", 0.0)
    draw = np.random.default_rng(7)
    for high, dof in ((True, 3), (False, 2)):
        rows = []
        for k in range(2_000):  # each sighting between two reports with one error, as receivers have it
            error = draw.normal(0.0, (GNSS_M, GNSS_M, UP_M))
            track = [report(k, *error, high=high), report(k + 1, *error, high=high)]
            rows.append(chances(track, [seen(k + 0.5, *draw.normal(0.0, RADAR_M, 3), high=high)])[0][0])
        assert kstest(rows, "uniform").pvalue > 1e-3, dof


def test_a_known_distance_has_the_chance_of_the_table() -> None:
    """Chi-square of 13.816 (two degrees) and 16.266 (three) is exceeded once in 1,000: any printed table."""
    both = math.hypot(GNSS_M, RADAR_M)
    slack = witness.TURN_M_S2 / 8.0  # reports a second apart, at rest
    for high, square in ((False, 13.816), (True, 16.266)):
        track = [report(0, high=high), report(1, high=high)]
        found, apart = chances(track, [seen(0.5, 0.0, both * math.sqrt(square) + slack, high=high)])
        assert found[0] == pytest.approx(1e-3, rel=1e-3)
        assert apart[0] == pytest.approx(both * math.sqrt(square) + slack, rel=1e-6)


def test_all_looks_together_keep_to_the_stated_chance() -> None:
    assert sum(allowed(1e-3, k) for k in range(1, 200_000)) == pytest.approx(1e-3, rel=1e-4)


@pytest.mark.parametrize("common", [False, True])
def test_false_alarms_of_honest_flights(monkeypatch, common: bool) -> None:
    """1,500 flights at 10 per cent each; with independent errors the number is binomial at a known chance."""
    monkeypatch.setattr(witness, "TURN_M_S2", 0.0)
    draw, flights, looks, alarm = np.random.default_rng(11), 1_500, 20, 0.1
    disputed = 0
    for _ in range(flights):
        own = draw.normal(0.0, (GNSS_M, GNSS_M, UP_M), (1 if common else looks, 3))
        theirs = draw.normal(0.0, RADAR_M, (1 if common else looks, 3))
        own, theirs = np.resize(own, (looks, 3)), np.resize(theirs, (looks, 3))
        reports = [report(20.0 * k + s, *own[k]) for k in range(looks) for s in (0, 1)]
        rows = [seen(20.0 * k + 0.5, *theirs[k]) for k in range(looks)]
        doubt = judged(Doubt(alarm), reports, rows)
        assert doubt.looks == looks
        disputed += doubt.against > 0
    exact = 1.0 - math.prod(1.0 - allowed(alarm, k) for k in range(1, looks + 1))
    assert disputed <= binom.ppf(0.9999, flights, alarm), "never more than stated"
    if not common:
        assert binom.ppf(1e-4, flights, exact) <= disputed <= binom.ppf(0.9999, flights, exact)


def test_turns_and_clocks_alone_never_dispute() -> None:
    """A circle at 20 m/s and 5 m/s2 without any error, seen by a clock that is 5 s late."""
    radius, rate = 80.0, 0.25

    def at(second: float) -> tuple[float, float]:
        return radius * math.cos(rate * second), radius * math.sin(rate * second)

    reports = [report(float(s), *at(s)) for s in range(0, 200, 2)]
    rows = [seen(s + 5.0, *at(s), clock_s=5.0) for s in np.arange(1.0, 180.0, 0.7)]
    doubt = judged(Doubt(), reports, rows)
    assert (doubt.looks, doubt.against) == (len(rows), 0)


def test_a_vehicle_that_reports_its_plan_and_flies_elsewhere_is_disputed() -> None:
    draw = np.random.default_rng(3)
    reports = [report(float(s), 15.0 * s) for s in range(60)]
    true = [seen(s + 0.5, *(np.array([15.0 * s, 4.0 * max(s - 10, 0), 0.0]) + draw.normal(0.0, RADAR_M, 3)),
                 clock_s=0.1) for s in range(59)]  # fmt: skip
    doubt = judged(Doubt(), reports, true)
    assert doubt.looks == 59
    first = doubt.disputes[0]
    assert first["at_s"] > 10.0, "it did not lie before"
    assert first["at_s"] < 40.0, "120 m away, eleven sigma"
    assert first["by"] == "radar"
    assert first["chance"] < allowed(doubt.false_alarm, first["look"])


def test_what_cannot_be_compared_is_counted_and_not_judged() -> None:
    far = 5_000.0
    early = judged(Doubt(), [report(10), report(11)], [seen(5, far)])
    gap = judged(Doubt(), [report(0), report(11)], [seen(5, far)])
    silent = judged(Doubt(), [report(0, told=False), report(1, told=False)], [seen(0.5, far)])
    for doubt in (early, gap, silent):
        assert (doubt.looks, doubt.unjudged, doubt.against) == (0, 1, 0)
    waits = judged(Doubt(), [report(0), report(1)], [seen(1.5, far)])
    assert (waits.looks, len(waits.waiting)) == (0, 1)
    waits.hear(report(2))
    assert (waits.looks, waits.against, waits.waiting) == (1, 1, [])
    flood = Doubt()
    flood.see([seen(float(s)) for s in range(witness.MOST_HELD + 7)])
    assert (len(flood.waiting), flood.unjudged) == (witness.MOST_HELD, 7)


def test_across_the_date_line_is_near() -> None:
    track = [Position(s, 0.0, 179.9999, 100.0, 5.0, 5.0) for s in (0.0, 1.0)]
    chance, apart = chances(track, [Sighting(0.5, 0.0, -179.9999, 100.0, 20.0)])
    assert apart[0] == pytest.approx(2e-4 * METRES_A_DEGREE, rel=1e-6)
    assert chance[0] > 0.3


@pytest.mark.parametrize("wrong", [
    {"sigma_m": 0.0}, {"sigma_m": -1}, {"lat": 91.0}, {"lat": None}, {"height_m": "high"}, {"clock_s": -1.0},
    {"up_sigma_m": 0.0}, {"time": "noon"}, {"time": "2026-11-24T00:00:00"}, {"sigma_m": True},
])  # fmt: skip
def test_a_row_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    row = {"time": "2026-11-24T00:00:00Z", "lat": 33.7, "lon": 73.0, "height_m": 150.0, "sigma_m": 10.0}
    assert witness.sighting({**row, "by": 7}).by == "7"
    with pytest.raises(RabtaError):
        witness.sighting({**row, **wrong})


def test_a_liar_is_recorded_and_read_through_the_service(authority, served, tokens_at, tmp_path) -> None:
    headers = authority.headers("operator", FLY)
    watch = authority.headers("radar", "utm.conformance_monitoring_sa")
    with (
        supplier(authority, tmp_path / "one", served, tokens_at, "uss3") as (_, url),
        httpx.Client(timeout=30.0) as client,
    ):
        far = 30_000.0  # from what other tests fly
        plan(client, url, "liar", far, headers)
        now, door = time.time(), f"{url}/rabta/v1/flights/liar"
        rows = [telemetry(now - 4.0 + s, far) for s in range(5)]
        assert (
            client.post(f"{door}/positions", json={"positions": rows}, headers=headers).json()["taken"] == 5
        )

        def sight(north: float, **more: object) -> httpx.Response:
            row = {"time": rows[2]["time_measured"]["value"], "lat": HERE[0] + north / METRES_A_DEGREE,  # type: ignore[index]
                   "lon": HERE[1], "height_m": 150.0, "sigma_m": 10.0, "by": "radar", **more}  # fmt: skip
            return client.post(f"{door}/sightings", json={"sightings": [row]}, headers=watch)

        assert sight(far + 12.0).json()["against"] == 0
        assert sight(far + 400.0).json()["against"] == 1
        found = client.get(f"{door}/conformance", headers=headers).json()
        assert found["state"] == "Activated", "doubt is told, and does not move a flight"
        event = next(one for one in found["events"] if "seen" in one)
        assert event["seen"]["by"] == "radar"
        assert event["seen"]["apart_m"] == pytest.approx(400.0, abs=0.2)
        assert client.get(f"{url}/rabta/v1/conformance", headers=headers).json()["disputed"] == 1
        assert sight(far, time="2100-01-01T00:00:00Z").status_code == 400
        assert sight(far, sigma_m=0).status_code == 400
        for bad in ([], [7], "all", [{}] * 501):
            answer = client.post(f"{door}/sightings", json={"sightings": bad}, headers=watch)
            assert answer.status_code == 400
        ours = client.post(f"{door}/sightings", json={"sightings": []}, headers=headers)
        assert ours.status_code == 403, "an operator does not bring the evidence about itself"
        none = f"{url}/rabta/v1/flights/none/sightings"
        assert client.post(none, json={"sightings": [{}]}, headers=watch).status_code == 404
