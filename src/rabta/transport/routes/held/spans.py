"""When lasers are lit, for watching a stretch of time: exact spans of those that may go dark in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.space.events.lasers import LinkEvents, limited, link_events
from rabta.space.network.geometry import correct
from rabta.space.network.topology import Network
from rabta.transport.routes.graph import F8, U1
from rabta.transport.routes.held.lasers import near, part
from rabta.transport.routes.search import ALL_LIT

GRID_S = 10.0  # gaps at most between the instants at which links are looked at
ROUNDING_S = 1e-6


@dataclass(frozen=True)
class Spans:
    """Spans in which some links of a network carry; its other links always do.

    Attributes
    ----------
    rows : ndarray, shape (row,)
        Links of the network that may go dark.
    events : LinkEvents
        By place in `rows`.
    begin_s : float
        Instant that the events count from.
    """

    network: Network
    rows: NDArray[np.int64]
    events: LinkEvents
    begin_s: float

    def at(self, times_s: F8) -> U1:
        """Lit arcs at instants, shape (time, arc); `ALL_LIT` where no link may go dark."""
        since = times_s - self.begin_s
        return self._lit(
            (self.events.up_s <= since[:, None]) & (since[:, None] < self.events.down_s + ROUNDING_S)
        )

    def between(self, first_s: float, last_s: float) -> U1:
        """Arcs that are lit at some time between two instants, shape (arc,)."""
        up, down = self.events.up_s + self.begin_s, self.events.down_s + self.begin_s
        return np.asarray(self._lit(((up <= last_s) & (down >= first_s))[None])[0])

    def throughout(self, a: int, b: int, first_s: float, last_s: float) -> bool:
        """Whether the link of two satellites carries all the time between two instants."""
        mine = self._of(a, b)
        if mine is None:
            return True
        up, down = self.events.up_s[mine] + self.begin_s, self.events.down_s[mine] + self.begin_s
        return bool(((up <= first_s) & (down >= last_s - ROUNDING_S)).any())

    def edges_s(self, a: int, b: int, *, rising: bool) -> F8:
        """Instants at which the link of two satellites comes, or goes."""
        mine = self._of(a, b)
        edges = self.events.up_s if rising else self.events.down_s
        return edges[mine] + self.begin_s if mine is not None else np.empty(0)

    def _of(self, a: int, b: int) -> NDArray[np.bool_] | None:
        pair = (self.network.edges[self.rows] == [min(a, b), max(a, b)]).all(axis=1)
        return self.events.link == int(np.argmax(pair)) if pair.any() else None

    def _lit(self, carries: NDArray[np.bool_]) -> U1:
        if not self.rows.size:
            return np.repeat(ALL_LIT, len(carries), axis=0)
        held = np.zeros((len(carries), self.rows.size), dtype=bool)
        for place in range(self.rows.size):
            held[:, place] = carries[:, self.events.link == place].any(axis=1)
        out = np.ones((len(carries), len(self.network.arcs[1])), dtype=np.uint8)
        for way in self.network.arcs[2][self.rows].T:
            out[:, way] = held
        return out


def spans(network: Network, start: np.datetime64, begin_s: float, times_s: F8, position_m: F8) -> Spans:
    """Spans of a network's links over a stretch of time.

    Parameters
    ----------
    start : datetime64
        UTC, from which all seconds count.
    times_s : ndarray, shape (time,)
        Instants at most `GRID_S` apart, from the first of the stretch (``begin_s``) to its last.
    position_m : ndarray, shape (time, satellite, 3)
        At those.
    """
    none = np.empty(0)
    rows, events = np.empty(0, dtype=np.int64), LinkEvents(np.empty(0, np.int64), none, none)
    if len(network.edges) and limited(network):
        doubt = near(network, position_m, 0.5 * GRID_S)
        rows = np.flatnonzero((doubt != 0).any(axis=0)).astype(np.int64)
    if rows.size:
        first = start + np.timedelta64(round(begin_s * 1e9), "ns")
        events = link_events(part(network, rows), first, float(times_s[-1]) - begin_s, correct())
    return Spans(network, rows, events, begin_s)
