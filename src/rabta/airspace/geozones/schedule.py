"""When a zone applies: periods, and in them hours of days of the week, by the clock or by the Sun."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import numpy as np

from rabta.airspace.geozones.fields import wrong
from rabta.geo import east_north_up, ecef_from_geodetic

DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
EVENTS = {"BMCT": (-6.0, True), "SR": (-0.833, True), "SS": (-0.833, False), "EECT": (-6.0, False)}
"""Height of the Sun's centre (degrees) and whether it rises: begin of morning civil twilight, sunrise,
sunset, end of evening civil twilight. 0.833 degrees are refraction and the Sun's radius, as almanacs use."""
DAY_S = 86_400.0


def moment_s(text: object, key: str) -> float:
    """Seconds since 1970 of an instant with a time zone."""
    if isinstance(text, str) and 10 <= len(text) <= 40:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = None
        if found is not None and found.tzinfo is not None:
            return found.timestamp()
    raise wrong(key, text, "an instant with its zone, as 2026-11-23T12:00:00Z")


def clock(text: object, key: str) -> time:
    """Time of day with a time zone."""
    if isinstance(text, str) and 5 <= len(text) <= 30:
        try:
            found = time.fromisoformat(text)
        except ValueError:
            found = None
        if found is not None and found.tzinfo is not None:
            return found
    raise wrong(key, text, "a time of day with its zone, as 16:00:00Z")


@dataclass(frozen=True)
class Daily:
    """Hours of some days of the week.

    Attributes
    ----------
    days : tuple of str
        ``MON`` to ``SUN``, or ``ANY``.
    start, end : str or None
        A time of day with its zone, or an event of the Sun; none is the day's begin or end (UTC).
    """

    days: tuple[str, ...]
    start: str | None = None
    end: str | None = None

    def spans(
        self, first_s: float, last_s: float, lat_deg: float, lon_deg: float
    ) -> list[tuple[float, float]]:
        """Spans of seconds since 1970 that begin between a day before and the end of what is asked."""
        day = datetime.fromtimestamp(first_s, UTC).date() - timedelta(days=2)
        until = datetime.fromtimestamp(last_s, UTC).date() + timedelta(days=2)
        found = []
        while day <= until:
            if "ANY" in self.days or DAYS[day.weekday()] in self.days:
                found.append(self._of(datetime(day.year, day.month, day.day, tzinfo=UTC), lat_deg, lon_deg))
            day += timedelta(days=1)
        return [one for one in found if one is not None and one[0] <= last_s and one[1] >= first_s]

    def _of(self, day: datetime, lat_deg: float, lon_deg: float) -> tuple[float, float] | None:
        start, end = (_at(told, day, lat_deg, lon_deg) for told in (self.start, self.end))
        if (start is None and self.start) or (end is None and self.end):
            return None  # the Sun does not rise or set that day
        begins = day.timestamp() if start is None else start
        ends = day.timestamp() + DAY_S if end is None else end
        return begins, ends if ends > begins else ends + DAY_S


def _at(told: str | None, day: datetime, lat_deg: float, lon_deg: float) -> float | None:
    if told is None:
        return None
    if told in EVENTS:
        return sun_event_s(told, day.timestamp(), lat_deg, lon_deg)
    of = time.fromisoformat(told)
    return datetime.combine(day.date(), of).timestamp()


def sun_event_s(event: str, day_s: float, lat_deg: float, lon_deg: float) -> float | None:
    """Instant of an event of the Sun on a day of local solar time; none where it does not happen.

    The Sun's place is that of O. Montenbruck and E. Gill (`rabta.pnt.atmosphere.bodies`), good to an arc
    minute; crossings are interpolated between minutes.
    """
    height, rises = EVENTS[event]
    noon = day_s + DAY_S / 2.0 - lon_deg / 360.0 * DAY_S
    at = noon + np.arange(-720, 1) * 60.0 if rises else noon + np.arange(0, 721) * 60.0
    over = sun_height_deg(at, lat_deg, lon_deg) - height
    hits = np.flatnonzero((over[:-1] < 0.0) != (over[1:] < 0.0))
    if not hits.size:
        return None
    k = int(hits[-1] if rises else hits[0])
    return float(at[k] + 60.0 * over[k] / (over[k] - over[k + 1]))


def sun_height_deg(at_s: np.ndarray, lat_deg: float, lon_deg: float) -> np.ndarray:
    """Height of the Sun's centre over the horizon, without refraction, shape (n,), degrees."""
    from rabta.pnt.atmosphere.bodies import sun_m
    from rabta.pnt.gnsstime import from_utc

    utc = np.round(at_s).astype(np.int64).astype("datetime64[s]")
    way = sun_m(from_utc(utc.astype("datetime64[ns]"))) - ecef_from_geodetic(lat_deg, lon_deg)
    local = way @ east_north_up(lat_deg, lon_deg).T
    return np.asarray(np.degrees(np.arctan2(local[..., 2], np.hypot(local[..., 0], local[..., 1]))))


@dataclass(frozen=True)
class Period:
    """From an instant to another, as written; in between always, or in daily hours.

    Attributes
    ----------
    start, end : str or None
        Instants with zones; none is without limit.
    daily : tuple of Daily
    """

    start: str | None = None
    end: str | None = None
    daily: tuple[Daily, ...] = ()

    def __post_init__(self) -> None:
        if self.bounds_s[0] > self.bounds_s[1]:
            raise wrong("endDateTime", self.end, f"an instant after {self.start}")

    @property
    def bounds_s(self) -> tuple[float, float]:
        """Seconds since 1970; infinite where there is no limit."""
        return (-math.inf if self.start is None else moment_s(self.start, "startDateTime"),
                math.inf if self.end is None else moment_s(self.end, "endDateTime"))  # fmt: skip

    def meets(self, first_s: float, last_s: float, lat_deg: float, lon_deg: float) -> bool:
        """Whether it applies at some instant between two, both included."""
        begins, ends = self.bounds_s
        low, high = max(begins, first_s), min(ends, last_s)
        if low > high:
            return False
        if not self.daily or not high - low < 14.0 * DAY_S:
            return True  # every day of the week comes by in two weeks; the Sun may not rise: on the safe side
        return any(max(low, a) <= min(high, b)
                   for one in self.daily for a, b in one.spans(low, high, lat_deg, lon_deg))  # fmt: skip


def meets(periods: tuple[Period, ...], first_s: float, last_s: float, lat_deg: float, lon_deg: float) -> bool:
    """Whether one of the periods applies between two instants; without periods, always.

    Examples
    --------
    >>> night = (Period(daily=(Daily(("FRI",), "22:00:00Z", "04:00:00Z"),)),)
    >>> noon = moment_s("2026-11-28T12:00:00Z", "at")  # a Saturday
    >>> meets(night, noon, noon, 33.7, 73.0), meets(night, noon - 36_000.0, noon, 33.7, 73.0)
    (False, True)
    """
    return not periods or any(one.meets(first_s, last_s, lat_deg, lon_deg) for one in periods)
