"""Who is served by which satellite, and the exact instants at which that changes.

Four policies on exact windows:

- ``longest-remaining``: stay until the satellite sets, then take the one that stays longest: fewest changes;
- ``highest``: always the highest satellite, or the shortest path where two places share one; the instants
  at which two satellites change places are found as roots: most changes;
- ``least-loaded``: stay until it sets, then the one with the fewest users on it, of all places together;
- ``scheduled``: every terminal chooses anew at the same instants, 12, 27, 42 and 57 s past every minute, as
  measured on Starlink (Mohan et al., WWW 2024, arXiv 2310.09242: globally synchronised, every 15 s;
  the phase after Tanveer et al., CoNEXT Companion 2023). What it chooses by is not public: we model it as the
  highest satellite that stays in view until the next instant.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest
from rabta.space.events.windows import Windows
from rabta.space.orbits import Orbits, states
from rabta.space.orbits._layout import AT, EARTH_RADIUS_KM
from rabta.space.visibility import Ground

F8 = NDArray[np.float64]
POLICIES = ("longest-remaining", "highest", "least-loaded", "scheduled")
SLOT_S, SLOT_PHASE_S = 15.0, 12.0
SAMPLE_S = 1.0
RESOLVED_S = 1e-4
PIECE_S = 600.0
CURVATURE = 3.0  # bound of |f''| in units of v^2 / range: 1 at the zenith by the range, 1.3 by the elevation
FASTEST_MS, LEAST_ALTITUDE_M = 8e3, 100e3
EARTH_M = 6_378_137.0


@dataclass(frozen=True)
class Score:
    """What a policy chooses by: the more, the better.

    Attributes
    ----------
    at : callable
        Rows of satellites and seconds to scores, shape (satellite, time).
    curvature : float
        Bound of its second derivative, for each second squared.
    """

    at: Callable[[NDArray[np.int64], F8], F8]
    curvature: float


@dataclass(frozen=True)
class Links:
    """Service of places: one row a link, by place, then time; what lies between two rows is a gap.

    Attributes
    ----------
    site, satellite : ndarray of int64
    start_s, end_s : ndarray
        Seconds from the start of the windows.
    """

    site: NDArray[np.int64]
    satellite: NDArray[np.int64]
    start_s: F8
    end_s: F8

    def __len__(self) -> int:
        return len(self.site)


def serve(windows: Windows, policy: str, score: Score | None = None, load: F8 | None = None) -> Links:
    """Links of every place under a policy.

    Parameters
    ----------
    windows : Windows
    policy : str
        One of `POLICIES`.
    score : Score
        What ``highest`` and ``scheduled`` choose by, for one place (see `elevation`, `nearness`).
    load : ndarray, shape (place,)
        Users of each place, for ``least-loaded``; one each if left out.
    """
    if policy not in POLICIES:
        raise RabtaError("no such policy", key="policy", value=policy, expected=nearest(policy, POLICIES))
    if policy == "longest-remaining":
        return _joined([_longest(windows.only(windows.site == site)) for site in np.unique(windows.site)])
    if policy == "least-loaded":
        return _least_loaded(windows, load)
    if len(np.unique(windows.site)) > 1 or score is None:
        raise RabtaError("this policy takes one place and a score", key="policy", value=policy)
    choose = _highest if policy == "highest" else _scheduled
    return _joined([choose(windows, score)] if len(windows) else [])


def elevation(orbits: Orbits, place: Ground, start: np.datetime64) -> Score:
    """Elevation (rad) of satellites over the first place."""

    def score(rows: NDArray[np.int64], seconds: F8) -> F8:
        offset = _offset(orbits, place, start, rows, seconds, 0)
        high = np.einsum("j,sjt->st", place.axes[0, 2], offset)
        return np.asarray(np.arcsin(high / np.linalg.norm(offset, axis=1)))

    return Score(score, CURVATURE * (FASTEST_MS / _closest(orbits)) ** 2)


def nearness(orbits: Orbits, place: Ground, start: np.datetime64) -> Score:
    """Length of the path through a satellite from the first place to the second (m), negative."""

    def score(rows: NDArray[np.int64], seconds: F8) -> F8:
        legs = (_offset(orbits, place, start, rows, seconds, site) for site in (0, 1))
        return np.asarray(-sum(np.linalg.norm(leg, axis=1) for leg in legs))

    return Score(score, 2.0 * CURVATURE * FASTEST_MS**2 / _closest(orbits))


def _closest(orbits: Orbits) -> float:
    """Least altitude of the orbits (m), 50 km spared for the shape of the Earth and short-period terms."""
    perigee = orbits.table[:, AT["ao"]] * (1.0 - orbits.table[:, AT["ecco"]]) * EARTH_RADIUS_KM * 1e3
    return max(float(np.nanmin(perigee)) - EARTH_M - 50e3, LEAST_ALTITUDE_M)


def _offset(
    orbits: Orbits, place: Ground, start: np.datetime64, rows: NDArray[np.int64], seconds: F8, site: int
) -> F8:
    times = start.astype("datetime64[ns]") + np.round(seconds * 1e9).astype("timedelta64[ns]")
    found, _ = states(orbits[rows], times)
    return np.asarray(found - place.cell_m[site][None, :, None])


def shared(windows: Windows) -> Windows:
    """Windows in which a satellite is in view of the first and of the second place at once."""
    first, second = windows.only(windows.site == 0), windows.only(windows.site == 1)
    kept: list[tuple[int, float, float]] = []
    at: dict[int, list[int]] = {}
    for row, satellite in enumerate(second.satellite.tolist()):
        at.setdefault(satellite, []).append(row)
    for satellite, rise, end in zip(first.satellite.tolist(), first.rise_s, first.set_s, strict=True):
        for row in at.get(satellite, ()):
            both = max(rise, second.rise_s[row]), min(end, second.set_s[row])
            if both[0] < both[1]:
                kept.append((satellite, *both))
    table = np.array(kept, dtype=np.float64).reshape(-1, 3)
    none = np.zeros(len(table), dtype=np.int32)
    return Windows(
        none, table[:, 0].astype(np.int32), table[:, 1], table[:, 2], windows.start, windows.span_s
    )


def _joined(parts: list[Links]) -> Links:
    if not parts:
        return Links(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))
    return Links(*(np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])))


def _links(site: int, rows: list[tuple[int, float, float]]) -> Links:
    """Links of a place; neighbours of the same satellite become one."""
    merged: list[list[float]] = []
    for satellite, start, end in rows:
        if merged and merged[-1][0] == satellite and merged[-1][2] >= start:
            merged[-1][2] = end
        elif end > start:
            merged.append([satellite, start, end])
    table = np.array(merged, dtype=np.float64).reshape(-1, 3)
    return Links(
        np.full(len(table), site, dtype=np.int64), table[:, 0].astype(np.int64), table[:, 1], table[:, 2]
    )


def _longest(windows: Windows) -> Links:
    order = np.argsort(windows.rise_s, kind="stable")
    rise, end, satellite = windows.rise_s[order], windows.set_s[order], windows.satellite[order]
    rows, now = [], float(rise[0])
    while True:
        known = int(np.searchsorted(rise, now, side="right"))
        best = int(np.argmax(end[:known]))
        if end[best] > now:
            rows.append((int(satellite[best]), now, float(end[best])))
            now = float(end[best])
        elif known < len(rise):
            now = float(rise[known])
        else:
            return _links(int(windows.site[0]), rows)


def _least_loaded(windows: Windows, load: F8 | None) -> Links:
    """All places together, in the order of time; of equally loaded satellites the one that stays longest."""
    sites = np.unique(windows.site)
    weight = np.ones(int(windows.site.max(initial=0)) + 1) if load is None else np.asarray(load, np.float64)
    held = np.zeros(int(windows.satellite.max(initial=0)) + 1)
    own = {int(site): windows.only(windows.site == site) for site in sites}
    rows: dict[int, list[tuple[int, float, float]]] = {site: [] for site in own}
    queue = [(float(part.rise_s.min()), site) for site, part in own.items()]
    heapq.heapify(queue)
    while queue:
        now, site = heapq.heappop(queue)
        part, mine = own[site], rows[site]
        if mine and mine[-1][2] == now:
            held[mine[-1][0]] -= weight[site]
        seen = np.flatnonzero((part.rise_s <= now) & (part.set_s > now))
        if seen.size:
            order = np.lexsort((part.satellite[seen], -part.set_s[seen], held[part.satellite[seen]]))
            best = int(seen[order[0]])
            held[part.satellite[best]] += weight[site]
            mine.append((int(part.satellite[best]), now, float(part.set_s[best])))
            heapq.heappush(queue, (float(part.set_s[best]), site))
        elif (later := part.rise_s[part.rise_s > now]).size:
            heapq.heappush(queue, (float(later.min()), site))
    return _joined([_links(site, found) for site, found in rows.items()])


def _scheduled(windows: Windows, score: Score) -> Links:
    minute = (windows.start.astype("datetime64[ns]").astype(np.int64) % 60_000_000_000) / 1e9
    first = (SLOT_PHASE_S - minute) % SLOT_S
    starts = np.concatenate([[0.0], np.arange(first, windows.span_s, SLOT_S)])
    starts = np.unique(starts)
    ends = np.append(starts[1:], windows.span_s)
    rows: list[tuple[int, float, float]] = []
    for piece in range(0, len(starts), 40):
        a, b = starts[piece : piece + 40], ends[piece : piece + 40]
        near = windows.only((windows.rise_s <= a[-1]) & (windows.set_s > a[0]))
        if not len(near):
            continue
        value = score.at(near.satellite.astype(np.int64), a)
        seen = (near.rise_s[:, None] <= a) & (near.set_s[:, None] > a)
        whole = seen & (near.set_s[:, None] >= b)
        good = np.where(whole.any(axis=0), whole, seen)
        best = np.where(good, value, -np.inf).argmax(axis=0)
        for slot in np.flatnonzero(good.any(axis=0)):
            row = best[slot]
            rows.append((int(near.satellite[row]), float(a[slot]), float(min(b[slot], near.set_s[row]))))
    return _links(int(windows.site[0]), rows)


def _highest(windows: Windows, score: Score) -> Links:
    """Upper envelope of the scores, with its corners as roots.

    Times are cut at every edge of a window and every second, so that between two cuts the satellites in view
    are the same. A second-order bound says where one could take the lead and lose it again in between; such
    stretches are halved until they are resolved.
    """
    rows: list[tuple[int, float, float]] = []
    for start in np.arange(0.0, windows.span_s, PIECE_S):
        end = min(start + PIECE_S, windows.span_s)
        near = windows.only((windows.rise_s < end) & (windows.set_s > start))
        if len(near):
            rows += _piece(near, score, float(start), float(end))
    return _links(int(windows.site[0]), rows)


def _piece(near: Windows, score: Score, start: float, end: float) -> list[tuple[int, float, float]]:
    edges = np.concatenate([near.rise_s, near.set_s, np.arange(start, end, SAMPLE_S), [end]])
    cuts = np.unique(edges[(edges >= start) & (edges <= end)])
    satellite = near.satellite.astype(np.int64)
    value = score.at(satellite, cuts)
    seen = (near.rise_s[:, None] <= cuts[:-1]) & (near.set_s[:, None] >= cuts[1:])
    left, right = np.where(seen, value[:, :-1], -np.inf), np.where(seen, value[:, 1:], -np.inf)
    first, last = left.argmax(axis=0), right.argmax(axis=0)
    slack = _slack(score, np.diff(cuts))
    close = (left > left.max(axis=0) - slack) & (right > right.max(axis=0) - slack)
    rows: list[tuple[int, float, float]] = []
    for k in np.flatnonzero(seen.any(axis=0)):
        a, b = float(cuts[k]), float(cuts[k + 1])
        rivals = np.flatnonzero(
            close[:, k] | (np.arange(len(near)) == first[k]) | (np.arange(len(near)) == last[k])
        )
        if rivals.size == 1:
            rows.append((int(satellite[first[k]]), a, b))
        else:
            rows += _resolve(satellite[rivals], score, a, b)
    return rows


def _slack(score: Score, width: F8) -> F8:
    """Twice the most by which a score can leave the line between two samples: f'' w^2 / 8."""
    return np.asarray(2.0 * score.curvature * width**2 / 8.0)


def _resolve(rivals: NDArray[np.int64], score: Score, a: float, b: float) -> list[tuple[int, float, float]]:
    """Leaders among a few satellites from a to b."""
    grid = np.linspace(a, b, 9)
    value = score.at(rivals, grid)
    best = value.argmax(axis=0)
    if b - a < RESOLVED_S * 8:
        return [(int(rivals[best[i]]), float(grid[i]), float(grid[i + 1])) for i in range(8)]
    slack = _slack(score, np.diff(grid))
    rows: list[tuple[int, float, float]] = []
    for i in range(8):
        ends = value[:, i : i + 2]
        near = (ends > ends.max(axis=0) - slack[i]).any(axis=1)
        if near.sum() == 1:
            rows.append((int(rivals[best[i]]), float(grid[i]), float(grid[i + 1])))
        else:
            rows += _pair(rivals[near], ends[near], score, float(grid[i]), float(grid[i + 1]))
    return rows


def _pair(
    rivals: NDArray[np.int64], ends: F8, score: Score, a: float, b: float
) -> list[tuple[int, float, float]]:
    """A plain change of lead between two by interpolation; anything else is cut further."""
    if len(rivals) > 2 or b - a > 0.2 or ends.argmax(axis=0)[0] == ends.argmax(axis=0)[1]:
        return _resolve(rivals, score, a, b)
    gap = ends[0] - ends[1]
    low, high = a, b
    for _ in range(3):  # the secant is exact to (b - a)^2 f'' / 8f', and better with each turn
        m = low + (high - low) * gap[0] / (gap[0] - gap[1])
        value = score.at(rivals, np.array([m]))[:, 0]
        here = value[0] - value[1]
        if here == 0.0 or not low < m < high:
            break
        if (here > 0.0) == (gap[0] > 0.0):
            low, gap = m, np.array([here, gap[1]])
        else:
            high, gap = m, np.array([gap[0], here])
    winner = ends.argmax(axis=0)
    return [(int(rivals[winner[0]]), a, m), (int(rivals[winner[1]]), m, b)]


@dataclass(frozen=True)
class Summary:
    """Figures of one place's service.

    Attributes
    ----------
    handovers : int
        Changes of satellite without a gap.
    per_hour : float
    mean_link_s, served_share, gap_s, longest_gap_s : float
        A gap is time without any satellite in view; that before the first link and after the last counts.
    """

    handovers: int
    per_hour: float
    mean_link_s: float
    served_share: float
    gaps: int
    gap_s: float
    longest_gap_s: float


def summary(links: Links, site: int, span_s: float) -> Summary:
    """Handover rate and gaps of one place; all of it a gap where there is no link."""
    chosen = links.site == site
    start, end = links.start_s[chosen], links.end_s[chosen]
    gaps = np.append(start, span_s) - np.concatenate([[0.0], end])
    gaps = gaps[gaps > 1e-6]
    changes = int((np.abs(start[1:] - end[:-1]) <= 1e-6).sum())
    served = float((end - start).sum())
    return Summary(
        handovers=changes,
        per_hour=changes / span_s * 3600.0,
        mean_link_s=served / len(start) if len(start) else 0.0,
        served_share=served / span_s,
        gaps=len(gaps),
        gap_s=float(gaps.sum()),
        longest_gap_s=float(gaps.max(initial=0.0)),
    )
