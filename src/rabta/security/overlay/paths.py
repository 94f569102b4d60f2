"""A simulator of links in virtual time: delay from a run's events, loss, reordering, copies, outages, an MTU.

Nothing here waits: time is a number that the caller moves on. A path's fate is drawn from its seed alone, so
the same seed and the same datagrams give the same log, packet for packet. As on a real link a datagram never
overtakes the one before it when the delay falls, unless the path reorders.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from rabta.errors import RabtaError

if TYPE_CHECKING:
    import pandas as pd

MTU = 1280  # IPv6's least (RFC 8200, 5)
OVERHEAD = 48  # of IPv6 and UDP: an overlay datagram may have MTU less this
NANO = 1e-9


@dataclass(frozen=True)
class Delay:
    """One-way delay over time: straight between points, with jumps where two points share a time.

    Attributes
    ----------
    time_s, delay_s : tuple of float
        Points in the order of time; a delay of NaN begins an outage that lasts to the next point.
    """

    time_s: tuple[float, ...]
    delay_s: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.time_s or len(self.time_s) != len(self.delay_s):
            raise RabtaError("a path needs points of time and delay", key="delay", value=len(self.time_s))
        if any(b < a for a, b in pairwise(self.time_s)):
            raise RabtaError("points of a delay out of order", key="delay")

    def at(self, now: float) -> float:
        """Delay (s) at an instant; NaN in an outage and outside the points.

        Examples
        --------
        >>> Delay((0.0, 10.0, 10.0, 20.0), (0.1, 0.2, 0.1, 0.1)).at(5.0)
        0.15000000000000002
        """
        from bisect import bisect_right

        row = bisect_right(self.time_s, now) - 1
        if row < 0 or math.isnan(self.delay_s[row]):
            return math.nan
        if row + 1 == len(self.time_s):
            return self.delay_s[row] if now == self.time_s[row] else math.nan
        (a, b), (x, y) = self.time_s[row : row + 2], self.delay_s[row : row + 2]
        return x if math.isnan(y) else x + (y - x) * (now - a) / (b - a)


def constant(delay_s: float, span_s: float = 1e9) -> Delay:
    """The same delay all the time."""
    return Delay((0.0, span_s), (delay_s, delay_s))


@dataclass(frozen=True)
class Loss:
    """Gilbert and Elliott's model: two states, each with its own loss; independent loss where they are equal.

    Attributes
    ----------
    good, bad : float
        Share lost in each state.
    to_bad, to_good : float
        Chance to change the state at each datagram.

    Notes
    -----
    E. N. Gilbert, Bell System Technical Journal 39 (1960) 1253; E. O. Elliott, the same 42 (1963) 1977.
    """

    good: float = 0.0
    bad: float = 0.0
    to_bad: float = 0.0
    to_good: float = 1.0

    def __post_init__(self) -> None:
        for name in ("good", "bad", "to_bad", "to_good"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise RabtaError("not a chance", key=name, value=getattr(self, name), expected="0 to 1")

    @property
    def share(self) -> float:
        """Share lost in the long run.

        Examples
        --------
        >>> Loss(good=0.0, bad=0.5, to_bad=0.1, to_good=0.4).share
        0.1
        """
        both = self.to_bad + self.to_good
        bad = self.to_bad / both if both else 0.0
        return (1.0 - bad) * self.good + bad * self.bad


def independent(share: float) -> Loss:
    """Loss of each datagram by itself."""
    return Loss(share, share)


@dataclass(frozen=True)
class Fate:
    """What became of one datagram.

    Attributes
    ----------
    number : int
        Counted from zero in the order of sending.
    bytes : int
    sent_s, arrived_s : float
        NaN where it never arrived.
    verdict : str
        ``delivered``, ``lost``, ``outage``, ``too long``; a copy is ``duplicate``.
    """

    number: int
    bytes: int
    sent_s: float
    arrived_s: float
    verdict: str


@dataclass
class Path:
    """One direction between two nodes.

    Attributes
    ----------
    delay : Delay
    loss : Loss
    reorder, duplicate : float
        Chance that a datagram is held back by `spread_s` at most, or comes twice.
    mtu : int
        Datagrams longer than this less `OVERHEAD` are dropped; none is cut.
    bytes_s : float
        Rate of the link; infinity for none.
    """

    delay: Delay
    loss: Loss = field(default_factory=Loss)
    reorder: float = 0.0
    duplicate: float = 0.0
    spread_s: float = 0.05
    mtu: int = MTU
    bytes_s: float = math.inf
    seed: int = 0
    log: list[Fate] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.draw, self.bad = random.Random(self.seed), False  # noqa: S311 (no secret hangs on it)
        self.sent, self.last_s, self.free_s = 0, -math.inf, -math.inf

    def send(self, datagram: bytes, now: float) -> list[float]:
        """Instants at which a datagram arrives: none, one or two."""
        number, size = self.sent, len(datagram)
        self.sent += 1
        verdict = self._verdict(size, now)
        if verdict != "delivered":
            self.log.append(Fate(number, size, now, math.nan, verdict))
            return []
        self.free_s = max(now, self.free_s) + size / self.bytes_s
        arrival = self.free_s + self.delay.at(now)
        if self.reorder and self.draw.random() < self.reorder:
            arrival += self.draw.random() * self.spread_s
        else:
            arrival = self.last_s = max(arrival, self.last_s)
        out = [arrival]
        self.log.append(Fate(number, size, now, arrival, "delivered"))
        if self.duplicate and self.draw.random() < self.duplicate:
            out.append(arrival + self.draw.random() * self.spread_s)
            self.log.append(Fate(number, size, now, out[1], "duplicate"))
        return out

    def _verdict(self, size: int, now: float) -> str:
        self.bad = self.draw.random() >= self.loss.to_good if self.bad else self._turns_bad()
        chance = self.loss.bad if self.bad else self.loss.good
        lost = self.draw.random() < chance
        if size > self.mtu - OVERHEAD:
            return "too long"
        if math.isnan(self.delay.at(now)):
            return "outage"
        return "lost" if lost else "delivered"

    def _turns_bad(self) -> bool:
        return self.draw.random() < self.loss.to_bad

    def count(self, verdict: str) -> int:
        """Datagrams of a verdict."""
        return sum(fate.verdict == verdict for fate in self.log)


@dataclass
class Clock:
    """Virtual time with things to come, in the order of their instants, then of their entry."""

    now: float = 0.0

    def __post_init__(self) -> None:
        self.queue: list[tuple[float, int, object]] = []
        self.entered = 0

    def at(self, when: float, what: object) -> None:
        """Enter something for an instant."""
        heapq.heappush(self.queue, (max(when, self.now), self.entered, what))
        self.entered += 1

    def next(self, until: float) -> object | None:
        """Move on to what comes next, or to `until` where nothing comes before."""
        if not self.queue or self.queue[0][0] > until:
            self.now = max(self.now, until)
            return None
        self.now, _, what = heapq.heappop(self.queue)
        return what


@dataclass(frozen=True)
class Change:
    """An event of the path at which both ends change their keys.

    Attributes
    ----------
    at_s : float
        Seconds from the first event.
    words : str
        What changed; the same at both ends.
    """

    at_s: float
    words: str


def from_events(table: pd.DataFrame, subject: str) -> tuple[Delay, list[Change]]:
    """Delay and changes of a pair of places from a run's events (kinds ``path_*`` and ``outage_*``).

    Parameters
    ----------
    table : DataFrame
        As `rabta.events.read` gives it.
    subject : str
        Both places, as in ``"Gilgit > Islamabad"``.
    """
    own = table[(table["subject"] == subject) & table["kind"].str.match("path_|outage_")]
    if len(own) < 2:
        pairs = sorted({name for name in table["subject"] if " > " in name})
        known = ", ".join(pairs) or "a run with [events] pairs"
        raise RabtaError("no events of this pair", key="events.pairs", value=subject, expected=known)
    rows = own.sort_values("time_ns", kind="stable").to_dict("records")
    begin = int(rows[0]["time_ns"])
    times: list[float] = []
    delays: list[float] = []
    changes: list[Change] = []
    for row in rows:
        at = (int(row["time_ns"]) - begin) * NANO
        before, after = float(row["delay_before_ms"]) / 1e3, float(row["delay_ms"]) / 1e3
        if times:
            times.append(at)
            delays.append(before)
        if row["kind"] != "path_end":
            times.append(at)
            delays.append(after)
        if row["kind"] in {"path_change", "outage_end"}:
            changes.append(Change(at, f"{row['time_ns']} {row['from']} | {row['to']}"))
    return Delay(tuple(times), tuple(delays)), changes


def handovers(
    count: int, each_s: float, low_s: float, high_s: float, seed: int = 0
) -> tuple[Delay, list[Change]]:
    """A made path: `count` handovers, each to another delay between two limits, the delay sloping between."""
    draw = random.Random(seed)  # noqa: S311
    times: list[float] = []
    delays: list[float] = []
    changes: list[Change] = []
    for number in range(count + 1):
        times += [number * each_s, (number + 1) * each_s]
        delays += [draw.uniform(low_s, high_s), draw.uniform(low_s, high_s)]
        if number:
            changes.append(Change(number * each_s, f"satellite {number - 1} | satellite {number}"))
    return Delay(tuple(times), tuple(delays)), changes


def lost(paths: Sequence[Path]) -> int:
    """Datagrams that paths did not deliver."""
    return sum(fate.verdict in {"lost", "outage", "too long"} for path in paths for fate in path.log)
