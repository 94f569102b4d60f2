"""What was felt beside what was computed: round trips of pings against the course that carried them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rabta.emulate.engine.course import Course

Array = NDArray[np.float64]
Index = NDArray[np.int64]

PAYLOAD = 1448.0 / 1500.0
"""Share of TCP's data in a full IPv4 packet with time stamps (RFC 7323): 20 + 20 + 12 bytes of heads."""
STARTING_S = 2.0
PING_BYTES = 84  # 56 of data, 8 of ICMP, 20 of IPv4
SLACK_NS = 5e6  # between the clock of ping and the engine's


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
    if min(route[a, b], route[b, a]) < 0:  # no path of their own: others forward
        return np.full(np.shape(times_s), np.nan)
    there = delays_ms(course, int(route[a, b]), times_s)
    back = delays_ms(course, int(route[b, a]), times_s + np.nan_to_num(there) / 1e3)
    return there + back


def gate_bps(course: Course, sender: str, receiver: str) -> float:
    """Mean rate over time of the narrower gate between two hosts, bit/s; infinite where none limits."""
    path = int(course.route()[course.hosts.index(sender), course.hosts.index(receiver)])
    means = []
    for gate in (int(course.up[path]), int(course.down[path])) if path >= 0 else ():
        if gate >= 0:
            rows = course.gate_pieces[course.gate_first[gate] : course.gate_first[gate + 1]]
            span = np.diff(np.append(rows[:, 0], max(float(course.length_ns), float(rows[-1, 0]) + 1.0)))
            means.append(float((rows[:, 1] * span).sum() / span.sum()) or np.inf)
    return min(means, default=np.inf)


def goodput(
    course: Course, sender: str, receiver: str, intervals: Sequence[Sequence[float]]
) -> dict[str, float | None]:
    """Goodput of TCP beside what the gates let through; another flow through them takes its part.

    Parameters
    ----------
    intervals : sequence
        End (s) and bit/s of each; those of the first two seconds, in which TCP starts, are left out.
    """
    expected = gate_bps(course, sender, receiver) * PAYLOAD
    steady = [bps for end, bps in intervals if end > STARTING_S]
    if not np.isfinite(expected) or not steady:
        return {"expected_mbps": None, "share": None}
    share = float(np.mean(steady)) / expected
    return {"expected_mbps": round(expected / 1e6, 4), "share": round(share, 4)}


def _jitter_ms(course: Course, host: str, other: str) -> float:
    """Largest extra delay that both paths of a round trip draw, ms; its mean counts as computed."""
    a, b = course.hosts.index(host), course.hosts.index(other)
    rows = [int(row) for row in (course.route()[a, b], course.route()[b, a]) if row >= 0]
    return float(course.jitter[rows].sum()) / 1e6


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
    spread = _jitter_ms(course, host, other)
    computed = round_trips_ms(course, host, other, left) + 0.5 * spread
    more = rows[:, 1] - computed
    more, computed = more[np.isfinite(more)], computed[np.isfinite(more)]
    if not more.size:
        return {"pings": 0, "median_ms": None, "p99_ms": None, "share_within": None}
    within = np.abs(more) <= np.maximum(0.01 * computed, 0.3) + 0.5 * spread
    return {
        "pings": int(more.size),
        "computed_median_ms": round(float(np.median(computed)), 4),
        "median_ms": round(float(np.median(more)), 4),
        "p99_ms": round(float(np.percentile(more, 99)), 4),
        "share_within": round(float(within.mean()), 4),
    }


NOTHING: dict[str, float | int | None] = {
    "matched": 0, "jitter_ms": None, "queues_ms": None, "rest_ms": None, "rest_p99_ms": None,
    "share_within": None,
}  # fmt: skip


def parts(
    course: Course,
    record: Index,
    host: str,
    other: str,
    rtts: Sequence[tuple[float, float]],
    begun_s: float,
    seed: int = 0,
) -> dict[str, float | int | None]:
    """Where round trips above the computed ones come from: jitter, queues by the record of fates, lateness.

    A round trip is the path's delay, its jitter (drawn again from the seed), what packets waited in queues
    (all known from the record to the nanosecond), and the rest: how late the emulator was, and the hosts.

    Parameters
    ----------
    record : ndarray of int64, shape (packet, 6)
        Fates, as `rabta.emulate.engine.virtual.COLUMNS` has them.

    Returns
    -------
    dict
        ``matched`` pings; medians of ``jitter_ms``, ``queues_ms`` and ``rest_ms``, and 99th percentile of the
        rest; and the ``share_within`` 1 % or 0.3 ms of computed delay and queues together.
    """
    rows = np.array(rtts, dtype=np.float64).reshape(-1, 2)
    left = rows[:, 0] - begun_s - rows[:, 1] / 1e3
    route = course.route()
    a, b = course.hosts.index(host), course.hosts.index(other)
    there, back = (_of(record, int(route[x, y])) for x, y in ((a, b), (b, a)))
    first = _next(there[:, 0], left * 1e9 - SLACK_NS)
    out = there[first, 1] if len(there) else np.zeros(0)
    second = _next(back[:, 0], out)
    if not len(there) or not len(back):
        return dict(NOTHING)
    near = np.abs(there[first, 0] - left * 1e9) < 2.0 * SLACK_NS
    near &= (back[second, 0] >= out) & (back[second, 0] - out < 2.0 * SLACK_NS)
    recorded = (out - there[first, 0] + back[second, 1] - back[second, 0])[near] / 1e6
    computed = round_trips_ms(course, host, other, there[first, 0][near] / 1e9)
    drawn = (_drawn(course, int(route[a, b]), there[first, 5][near], seed)
             + _drawn(course, int(route[b, a]), back[second, 5][near], seed))  # fmt: skip
    rest = rows[near, 1] - recorded
    good = np.isfinite(computed)
    recorded, computed, rest, drawn = recorded[good], computed[good], rest[good], drawn[good]
    if not rest.size:
        return dict(NOTHING)
    within = np.abs(rest) <= np.maximum(0.01 * recorded, 0.3)
    return {
        "matched": int(rest.size),
        "jitter_ms": round(float(np.median(drawn)), 4),
        "queues_ms": round(float(np.median(recorded - computed - drawn)), 4),
        "rest_ms": round(float(np.median(rest)), 4),
        "rest_p99_ms": round(float(np.percentile(rest, 99)), 4),
        "share_within": round(float(within.mean()), 4),
    }


def _drawn(course: Course, path: int, number: Index, seed: int) -> Array:
    """Jitter of packets of a path by their numbers, ms; the kernels' draw (SplitMix64)."""
    x = np.full(number.size, seed % 2**64, dtype=np.uint64) + np.uint64(path) * np.uint64(0x9E3779B97F4A7C15)
    x += number.astype(np.uint64) * np.uint64(0xD1B54A32D192ED03) + np.uint64(2 * 0x8CB92BA72F3D8DD7 % 2**64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return np.asarray(course.jitter[path] * ((x >> np.uint64(11)).astype(np.float64) / 2.0**53) / 1e6)


def _of(record: Index, path: int) -> Index:
    """Pings of a path that arrived, as they came."""
    found = record[(record[:, 2] == path) & (record[:, 3] == PING_BYTES) & (record[:, 4] == 0)]
    return np.asarray(found[np.argsort(found[:, 0], kind="stable")])


def _next(times: Index, wanted: Array | Index) -> Index:
    """Row of the first time that is not before each wanted one; the last where there is none."""
    return np.asarray(np.clip(np.searchsorted(times, wanted), 0, max(len(times) - 1, 0)))
