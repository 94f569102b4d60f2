"""Dates in files and the instants they mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.gnsstime import BDT_LAG_S, NS, WEEK_S, Instants, from_calendar, from_utc
from rabta.pnt.text import Lines
from rabta.pnt.text._kernels import columns, wholes

Array = NDArray[np.float64]
Index = NDArray[np.int64]


def calendar_dates(
    year: Index, parts: Index, seconds: Array, good: NDArray[np.bool_]
) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """Dates of year, (month, day, hour, minute) and seconds; NaT-free: 1980 where they are no dates."""
    limits = np.array([[1, 12], [1, 31], [0, 24], [0, 59]])
    good = good & ((parts >= limits[:, 0]) & (parts <= limits[:, 1])).all(axis=1)
    seconds = np.where(np.isfinite(seconds), seconds, -1.0)
    good &= (seconds >= 0.0) & (seconds < 61.0)
    y, p = np.where(good, year, 1980), np.where(good[:, None], parts, [[1, 6, 0, 0]])
    month = (y - 1970) * 12 + p[:, 0] - 1
    day = month.astype("datetime64[M]").astype("datetime64[D]") + (p[:, 1] - 1)
    good &= day.astype("datetime64[M]").astype(np.int64) == month
    rest = np.round(np.where(good, seconds, 0.0) * NS).astype(np.int64)
    whole = (p[:, 2] * 3600 + p[:, 3] * 60) * NS + rest
    return day.astype("datetime64[ns]") + whole.astype("timedelta64[ns]"), good


def gps_time(dates: NDArray[np.datetime64], system: str) -> Instants:
    """Instants of dates in a system's own time: GLONASS keeps UTC, BeiDou lags 14 s, the others keep GPST."""
    if system == "R":
        return from_utc(dates)
    return from_calendar(dates) + (BDT_LAG_S * NS if system == "C" else 0)


def nearest_week(reference: Instants, seconds: Array, period_s: int = WEEK_S) -> Instants:
    """Instants at seconds of a week (or day) that lie nearest to reference instants."""
    period = period_s * NS
    ahead = (np.round(seconds * NS).astype(np.int64) - reference) % period
    return reference + np.where(ahead >= period // 2, ahead - period, ahead)


def in_columns(
    text: Lines,
    rows: Index,
    at: Sequence[int],
    width: Sequence[int],
    seconds: tuple[int, int],
    century: bool = False,
) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """Dates in fixed columns of lines, in the file's own time scale, and where they are dates at all.

    Parameters
    ----------
    at, width : sequence of int
        Columns of year, month, day, hour and minute.
    seconds : (int, int)
        Column and width of the seconds.
    century : bool
        The year has two digits: 80 to 99 are of 1980 to 1999.
    """
    parts, good = np.zeros((rows.size, 5), np.int64), np.zeros(rows.size, np.uint8)
    first, last = text.first[rows], text.last[rows]
    wholes(text.data, first, last, np.array(at, np.int64), np.array(width, np.int64), parts, good)
    value, status = np.empty((rows.size, 1)), np.empty((rows.size, 1), np.uint8)
    columns(text.data, first, last, *seconds, seconds[1], value, status)
    year = parts[:, 0]
    if century:
        year = np.where(year < 100, year + np.where(year < 80, 2000, 1900), year)
    fine = (good == 1) & (status[:, 0] == 1) & (year >= 1980) & (year < 2200)
    return calendar_dates(year, parts[:, 1:], value[:, 0], fine)
