"""Links by longest remaining service where satellites near the geostationary arc must not be used.

To cut every window by the arc first (`rabta.transport.routes.held.arc.apart`) costs minutes for a day and a
nation's towns; here only the few satellites that stay longest are looked at, at each handover. The angle to
the arc is sampled each five seconds and its edge found to a tenth of a millisecond; a satellite that touches
the arc's neighbourhood for less than that between two samples is taken as clear.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.space.events.handover import Links, serve
from rabta.space.events.windows import Windows
from rabta.space.network.gso import separation_deg
from rabta.space.orbits import Orbits
from rabta.space.visibility import Ground
from rabta.times import gmst_rad, julian_date
from rabta.transport.routes.held.arc import apart

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
STEP_S = 5.0
EDGE_S = 1e-6
LEAST_S = 1e-3  # a link that would be shorter is none
BATCH = 3  # satellites that are looked at together
ROUNDS = 2
TOUCHING_DEG = 1e-5  # a tenth of a millisecond


@dataclass(frozen=True)
class Arc:
    """The arc's neighbourhood over one place.

    Attributes
    ----------
    site : tuple of ndarray, shape (3,)
        Earth-fixed position and vertical.
    keep_deg : ndarray, shape (satellite,)
    """

    orbits: Orbits
    site: tuple[F8, F8]
    start: np.datetime64
    keep_deg: F8

    def margin_deg(self, satellite: I8, second: NDArray[np.floating]) -> F8:
        """Angle above the least, shape (satellite, instant)."""
        place, codes = positions(self.orbits[satellite], self.start, second)
        flat = np.moveaxis(place, 1, -1).reshape(-1, 3)
        angle = separation_deg(self.site[0][None], self.site[1][None], flat)[0].reshape(len(satellite), -1)
        return np.where(codes == 0, angle - self.keep_deg[satellite][:, None], -1.0)

    def clear_until(self, satellite: I8, now: float, end: F8) -> F8:
        """Until when each satellite keeps from the arc; `now` where it does not even now."""
        at = now + STEP_S * np.arange(int(np.ceil((float(end.max()) - now) / STEP_S)) + 1)
        margin = self.margin_deg(satellite, at)
        near = margin < 0.0
        near[:, 0] = margin[:, 0] < -TOUCHING_DEG  # one that has just left the arc
        first = np.where(near.any(axis=1), near.argmax(axis=1), len(at))
        out = end.copy()
        for row, index in enumerate(first):
            if index == 0:
                out[row] = now
            elif index < len(at):
                a, b = margin[row, index - 1], margin[row, index]
                out[row] = min(end[row], at[index - 1] + STEP_S * a / (a - b))
        return out

    def edge(self, satellite: int, guess: float, now: float) -> float:
        """Instant near a guess at which the angle passes its least: secant steps."""
        width, row = 0.5, np.array([satellite])
        for _ in range(ROUNDS):
            at = np.array([max(guess - width, now), guess + width])
            one, two = self.margin_deg(row, at)[0]
            if one == two:
                break
            guess = float(np.clip(at[0] + (at[1] - at[0]) * one / (one - two), guess - 5.0, guess + 5.0))
            width *= 0.1
        return max(guess, now)


def positions(
    orbits: Orbits, start: np.datetime64, second: NDArray[np.floating]
) -> tuple[F8, NDArray[np.uint8]]:
    """As `rabta.space.orbits.states`, in this thread: threads do not pay for a few satellites."""
    from rabta.space.orbits import _kernels

    offset = np.round(second * 1e9).astype("timedelta64[ns]")
    day, part = julian_date(start.astype("datetime64[ns]") + offset)
    turn = gmst_rad(day, part)
    out, codes = np.empty((len(orbits), 3, len(day))), np.empty((len(orbits), len(day)), dtype=np.uint8)
    given = (np.ascontiguousarray(day), np.ascontiguousarray(part), np.ascontiguousarray(turn))
    _kernels.states(0, len(orbits), orbits.table, *given, False, out, codes)
    return out, codes


def serving(orbits: Orbits, places: Ground, seen: Windows, keep_deg: F8) -> Links:
    """Links of every place; `keep_deg` is each satellite's least angle to the arc, 0 for none."""
    if not (keep_deg > 0.0).any():
        return serve(seen, "longest-remaining")
    parts: list[list[tuple[float, ...]]] = []
    for site in np.unique(seen.site):
        arc = Arc(orbits, (places.cell_m[site], places.axes[site, 2]), seen.start, keep_deg)
        parts.append([(float(site), *row) for row in _longest(seen.only(seen.site == site), arc)])
    table = np.array([row for part in parts for row in part], dtype=np.float64).reshape(-1, 4)
    return Links(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2], table[:, 3])


def _longest(seen: Windows, arc: Arc) -> list[tuple[int, float, float]]:
    order = np.argsort(seen.rise_s, kind="stable")
    rise, end = seen.rise_s[order], seen.set_s[order]
    satellite = seen.satellite[order].astype(np.int64)
    rows: list[tuple[int, float, float]] = []
    now = float(rise[0]) if len(rise) else seen.span_s
    while now < seen.span_s - EDGE_S:
        known = int(np.searchsorted(rise, now + EDGE_S, side="right"))
        near = np.flatnonzero(end[:known] > now + EDGE_S)
        near = near[np.lexsort((satellite[near], -end[near]))]
        best, until = _best(arc, satellite[near], end[near], now)
        if best >= 0:
            if rows and rows[-1][0] == best and now - rows[-1][2] < LEAST_S:
                now = rows.pop()[1]
            rows.append((best, now, until))
            now = until
        else:
            later = rise[known] if known < len(rise) else seen.span_s
            now = _again(arc, (satellite[near], rise[near], end[near]), now, float(later))
    return rows


def _best(arc: Arc, satellite: I8, end: F8, now: float) -> tuple[int, float]:
    """Satellite that serves longest from now on, and until when; -1 where none may serve now."""
    best, until, cut = -1, now + LEAST_S, False
    for at in range(0, len(satellite), BATCH):
        if end[at] <= until:
            break
        some = slice(at, at + BATCH)
        found = arc.clear_until(satellite[some], now, end[some])
        row = int(found.argmax())
        if found[row] > until:
            best, until, cut = int(satellite[at + row]), float(found[row]), found[row] < end[at + row]
    if best >= 0 and cut:
        until = arc.edge(best, until, now)
    return (best, until) if until > now + LEAST_S else (-1, now)


def _again(arc: Arc, seen: tuple[I8, F8, F8], now: float, later: float) -> float:
    """When a satellite may serve again: at the next rise, or as one in view leaves the arc."""
    _, begin, _ = apart(arc.orbits, arc.site, arc.start, seen, arc.keep_deg)
    after = begin[begin > now + EDGE_S]
    return min(later, float(after.min()) if after.size else later)
