"""Time of the navigation systems: whole nanoseconds of GPS time since 1980-01-06, and the scales around it.

An instant is an int64, so differences are exact; durations are float64 seconds.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError

Instants = NDArray[np.int64]

NS = 1_000_000_000
WEEK_S = 604_800
GPS_EPOCH = np.datetime64("1980-01-06T00:00:00", "ns")
BDT_LAG_S = 14  # BDT = GPST - 14 s: BDS-SIS-ICD-2.1 section 3.3 (BDT began at UTC of 2006-01-01)
BDT_WEEK_LAG = 1356  # week 0 of BDT is GPS week 1356
GST_WEEK_LAG = 1024  # week 0 of GST is GPS week 1024: Galileo OS-SIS-ICD 2.1 section 5.1.2

# First UTC instant with a new value of GPST - UTC: IERS Bulletin C 1 to 70.
_LEAPS = (
    *(("1980-01-06", 0), ("1981-07-01", 1), ("1982-07-01", 2), ("1983-07-01", 3), ("1985-07-01", 4)),
    *(("1988-01-01", 5), ("1990-01-01", 6), ("1991-01-01", 7), ("1992-07-01", 8), ("1993-07-01", 9)),
    *(("1994-07-01", 10), ("1996-01-01", 11), ("1997-07-01", 12), ("1999-01-01", 13), ("2006-01-01", 14)),
    *(("2009-01-01", 15), ("2012-07-01", 16), ("2015-07-01", 17), ("2017-01-01", 18)),
)
_LEAP_UTC = np.array([np.datetime64(day, "ns") for day, _ in _LEAPS]).astype(np.int64)
_LEAP_S = np.array([seconds for _, seconds in _LEAPS], dtype=np.int64)


def from_calendar(time: ArrayLike) -> Instants:
    """Instants of calendar dates that are already in GPS time (as in most RINEX files).

    Examples
    --------
    >>> int(from_calendar("1980-01-13"))
    604800000000000
    """
    return np.asarray(np.asarray(time, dtype="datetime64[ns]") - GPS_EPOCH).astype(np.int64)


def calendar(instants: ArrayLike) -> NDArray[np.datetime64]:
    """Calendar dates, in GPS time."""
    return np.asarray(GPS_EPOCH + np.asarray(instants, dtype=np.int64).astype("timedelta64[ns]"))


def from_week(week: ArrayLike, seconds: ArrayLike) -> Instants:
    """Instants of a full GPS week number and seconds of the week (either may be out of its usual range).

    Examples
    --------
    >>> from_week([0, 1], [1.5, -0.5]).tolist()
    [1500000000, 604799500000000]
    """
    whole = np.asarray(week, dtype=np.int64) * (WEEK_S * NS)
    return whole + np.round(np.asarray(seconds, dtype=np.float64) * NS).astype(np.int64)


def week_seconds(instants: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Full GPS week and seconds of the week."""
    week, rest = np.divmod(np.asarray(instants, dtype=np.int64), WEEK_S * NS)
    return week, rest / NS


def seconds_between(later: ArrayLike, earlier: ArrayLike) -> NDArray[np.float64]:
    """Exact difference in seconds."""
    return (np.asarray(later, dtype=np.int64) - np.asarray(earlier, dtype=np.int64)) / NS


def leap_seconds(utc: ArrayLike) -> NDArray[np.int64]:
    """GPST - UTC at UTC dates, in seconds.

    Examples
    --------
    >>> leap_seconds(["1980-01-06", "2016-12-31T23:59:59", "2017-01-01"]).tolist()
    [0, 17, 18]
    """
    day = np.asarray(utc, dtype="datetime64[ns]").astype(np.int64)
    return np.asarray(_LEAP_S[np.maximum(np.searchsorted(_LEAP_UTC, day, side="right") - 1, 0)])


def from_utc(utc: ArrayLike) -> Instants:
    """Instants of UTC dates."""
    return from_calendar(utc) + leap_seconds(utc) * NS


def to_utc(instants: ArrayLike) -> NDArray[np.datetime64]:
    """UTC dates of instants."""
    day = calendar(instants)
    starts = (_LEAP_UTC - GPS_EPOCH.astype(np.int64)) + _LEAP_S * NS
    row = np.maximum(np.searchsorted(starts, np.asarray(instants, dtype=np.int64), side="right") - 1, 0)
    return np.asarray(day - (_LEAP_S[row] * NS).astype("timedelta64[ns]"))


def parse(text: str) -> int:
    """Instant of an ISO 8601 text in UTC.

    Examples
    --------
    >>> parse("2017-01-01T00:00:00Z") - parse("2016-12-31T23:59:59Z")
    2000000000
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise RabtaError("no such time", key="time", value=text, expected="as in 2026-03-09T12:00") from error
    moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    return int(from_utc(np.datetime64(moment, "ns")))
