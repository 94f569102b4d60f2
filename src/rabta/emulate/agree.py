"""What was felt beside what was computed: round trips of pings against the course that carried them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rabta.emulate.engine.course import Course

Array = NDArray[np.float64]


def delays_ms(course: Course, path: int, times_s: Array) -> Array:
    """One-way delay of a path at some instants, ms, without queues; NaN in an outage."""
    rows = course.pieces[course.first[path] : course.first[path + 1]]
    at = np.clip(np.searchsorted(rows[:, 0], times_s * 1e9, side="right") - 1, 0, None)
    delay = rows[at, 1] + rows[at, 2] * (times_s * 1e9 - rows[at, 0])
    return np.where(rows[at, 1] < 0.0, np.nan, delay / 1e6)


def round_trips_ms(course: Course, host: str, other: str, times_s: Array) -> Array:
    """Computed round trip from one host to another and back, ms, of packets that leave at some instants."""
    route = course.route()
    a, b = course.hosts.index(host), course.hosts.index(other)
    there = delays_ms(course, int(route[a, b]), times_s)
    back = delays_ms(course, int(route[b, a]), times_s + np.nan_to_num(there) / 1e3)
    return there + back


def pings(
    course: Course, host: str, other: str, rtts: Sequence[tuple[float, float]], begun_s: float
) -> dict[str, float | int | None]:
    """Felt less computed round trip, ms, over the instants at which both are known.

    Parameters
    ----------
    rtts : sequence of (float, float)
        Instant of each answer (UNIX s) and its round trip (ms).
    begun_s : float
        The emulation's instant 0, UNIX s.
    """
    rows = np.array(rtts, dtype=np.float64).reshape(-1, 2)
    left = rows[:, 0] - begun_s - rows[:, 1] / 1e3
    rows, left = rows[left >= 0.0], left[left >= 0.0]
    computed = round_trips_ms(course, host, other, left)
    more = rows[:, 1] - computed
    more, computed = more[np.isfinite(more)], computed[np.isfinite(more)]
    if not more.size:
        return {"pings": 0, "median_ms": None, "p99_ms": None, "share_within": None}
    within = np.abs(more) <= np.maximum(0.01 * computed, 0.3)
    return {
        "pings": int(more.size),
        "computed_median_ms": round(float(np.median(computed)), 4),
        "median_ms": round(float(np.median(more)), 4),
        "p99_ms": round(float(np.percentile(more, 99)), 4),
        "share_within": round(float(within.mean()), 4),
    }
