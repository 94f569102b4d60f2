"""Time: UTC instants, Julian dates and Earth rotation."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

UNIX_EPOCH_JD = 2_440_587.5


def parse_utc(text: str) -> datetime:
    """Instant of an ISO 8601 text; a text without an offset is UTC.

    Examples
    --------
    >>> parse_utc("2026-01-13T08:00:00Z").isoformat()
    '2026-01-13T08:00:00+00:00'
    """
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def julian_date(time: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Julian date of UTC instants, split in days and day fraction for precision.

    Parameters
    ----------
    time : array_like of datetime64[ns]
        UTC.
    """
    nanoseconds = np.asarray(time, dtype="datetime64[ns]").astype(np.int64)
    days, rest = np.divmod(nanoseconds, 86_400_000_000_000)
    return days + UNIX_EPOCH_JD, rest / 86_400e9


def gmst_rad(jd: ArrayLike, fraction: ArrayLike = 0.0) -> NDArray[np.float64]:
    """Greenwich mean sidereal time (IAU 1982), the angle from TEME to the pseudo Earth-fixed frame.

    UT1 is taken as UTC (|UT1-UTC| < 0.9 s, so < 0.4 km at the surface).
    Source: Vallado, Fundamentals of Astrodynamics, 4th edition, equation 3-47.
    """
    t = (np.asarray(jd, dtype=np.float64) - 2_451_545.0 + np.asarray(fraction)) / 36_525.0
    seconds = 67_310.54841 + (876_600.0 * 3600.0 + 8_640_184.812866) * t + 0.093104 * t**2 - 6.2e-6 * t**3
    return np.asarray(np.radians(np.mod(seconds, 86_400.0) / 240.0))
