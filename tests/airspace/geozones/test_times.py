"""When zones apply: hours of days, and the Sun against an almanac."""

from __future__ import annotations

import pytest

from rabta.airspace.geozones.schedule import Daily, Period, meets, moment_s, sun_event_s

PLACE = (33.68, 73.05)


def at(periods, first, last=None):
    return meets(periods, moment_s(first, "t"), moment_s(last or first, "t"), *PLACE)


def test_the_example_of_the_standard():
    """PartialExample_TimePeriod.json: any day 16 to 17 h, Sundays 10 to 12 h as well, one winter."""
    hours = (Daily(("ANY",), "16:00:00Z", "17:00:00Z"), Daily(("SUN",), "10:00:00Z", "12:00:00Z"))
    winter = (Period("2023-10-29T00:00:00Z", "2024-03-31T23:59:59Z", hours),)
    assert at(winter, "2023-11-06T16:30:00Z")
    assert not at(winter, "2023-11-06T11:00:00Z")  # a Monday
    assert at(winter, "2023-11-05T11:00:00Z")  # a Sunday
    assert not at(winter, "2024-04-01T16:30:00Z")
    assert at(winter, "2023-11-06T10:00:00Z", "2023-11-06T16:00:00Z")  # what touches meets
    assert not at(winter, "2023-11-06T12:00:01Z", "2023-11-06T15:59:59Z")


def test_hours_over_midnight_belong_to_the_day_they_begin():
    night = (Period(daily=(Daily(("FRI",), "22:00:00Z", "04:00:00Z"),)),)
    assert at(night, "2026-11-28T03:00:00Z")  # Saturday
    assert not at(night, "2026-11-27T03:00:00Z")  # Friday


def test_days_are_those_of_the_zone_of_the_hours():
    local = (Period(daily=(Daily(("MON",), "01:00:00+05:00", "02:00:00+05:00"),)),)
    assert at(local, "2026-11-22T20:30:00Z")  # Sunday in UTC, Monday 01:30 in Pakistan
    assert not at(local, "2026-11-23T20:30:00Z")


def test_without_periods_always():
    assert at((), "1999-01-01T00:00:00Z")


@pytest.mark.parametrize(("event", "expected"), [("SR", "2000-03-20T06:0"), ("SS", "2000-03-20T18:1")])
def test_equinox_at_greenwich_on_the_equator(event, expected):
    """At the equinox the day is 12 h 7 min long on the equator, around 12 h 7.5 min (equation of time of
    -7.5 min: Astronomical Almanac)."""
    day = moment_s("2000-03-20T00:00:00Z", "t")
    found = sun_event_s(event, day, 0.0, 0.0)
    half = {"SR": -1.0, "SS": 1.0}[event] * (6 * 3600 + 3.4 * 60)
    assert found - day == pytest.approx(12 * 3600 + 7.5 * 60 + half, abs=60.0), expected


def test_almanac_of_greenwich_at_midsummer():
    """Royal Observatory Greenwich, 21 June: sunrise 03:43 UT, sunset 20:21 UT (04:43 and 21:21 BST);
    civil twilight 47 to 48 min more (HM Nautical Almanac Office)."""
    day = moment_s("2023-06-21T00:00:00Z", "t")
    hours = {
        event: (sun_event_s(event, day, 51.4779, 0.0) - day) / 60.0 for event in ("SR", "SS", "BMCT", "EECT")
    }
    assert hours["SR"] == pytest.approx(3 * 60 + 43, abs=1.5)
    assert hours["SS"] == pytest.approx(20 * 60 + 21, abs=1.5)
    assert hours["SR"] - hours["BMCT"] == pytest.approx(47.5, abs=2.0)
    assert hours["EECT"] - hours["SS"] == pytest.approx(47.5, abs=2.0)


def test_no_sunset_in_the_polar_day():
    assert sun_event_s("SS", moment_s("2023-06-21T00:00:00Z", "t"), 78.0, 15.0) is None
