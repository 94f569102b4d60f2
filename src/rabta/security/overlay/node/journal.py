"""What a node writes to the audit log: bounded, whoever provokes it, and never a reason to stop traffic.

A peer that makes a node write (by roaming, by new handshakes) has a budget; strangers who are refused share
one. What goes beyond is counted and written as a sum. What only officers make happen is always written:
nobody can spend the leaf away that says that an epoch came or who was dropped. A disk that takes no leaf is
noted once, in `failed`.
"""

from __future__ import annotations

import math
from collections import Counter

from rabta.errors import RabtaError
from rabta.security.core import cbor
from rabta.security.overlay.node.state import MOST_LINKS, Log

BURST, BACK_S = 30.0, 2.0
"""Leaves of one peer at once, and how long until it may cause another."""
SUM_S = 10.0
"""Longest that a sum of what went beyond waits."""
REFUSED = b""
"""Strangers' common budget: who is refused has no proven name."""
ALWAYS = frozenset({"epoch", "dropped"})
"""Of each epoch one, and of each peer one: after it there is no session that it could provoke more with."""


class Journal:
    """Leaves of one node.

    Attributes
    ----------
    failed : str
        Why the log took no leaf for the first time; empty while it takes them.
    lost : int
        Leaves that it did not take.
    """

    def __init__(self, log: Log | None, own: bytes) -> None:
        self.log, self.own = log, own
        self.failed, self.lost = "", 0
        self._budget: dict[bytes, tuple[float, float]] = {}
        self._beyond: Counter[str] = Counter()
        self._sum_s = math.inf

    def write(self, kind: str, peer: bytes, detail: str, now: float, *, budget: bytes | None = None) -> None:
        """Write a leaf, or count it where its budget is spent; nothing secret may be in it."""
        if self.log is None:
            return
        if kind not in ALWAYS and not self._spend(peer if budget is None else budget, now):
            self._beyond[kind] += 1
            self._sum_s = min(self._sum_s, now + SUM_S)
            return
        self._append([kind, self.own, peer, detail])

    def refused(self, peer: bytes, reason: str, now: float) -> None:
        """Somebody with this name, which is not proven, was not accepted."""
        self.write("refused", peer, reason, now, budget=REFUSED)

    def _spend(self, who: bytes, now: float) -> bool:
        left, at = self._budget.pop(who, (BURST, now))
        left = min(BURST, left + max(now - at, 0.0) / BACK_S)
        if len(self._budget) > MOST_LINKS:
            del self._budget[next(iter(self._budget))]
        self._budget[who] = (left - 1.0 if left >= 1.0 else left), now
        return left >= 1.0

    def _append(self, leaf: list[object]) -> None:
        assert self.log is not None
        try:
            self.log.append(cbor.encode(leaf))
        except RabtaError as error:
            self.failed = self.failed or error.problem
            self.lost += 1

    def due(self) -> float:
        """When the sum of what went beyond is written."""
        return self._sum_s

    def tick(self, now: float) -> None:
        """Write the sum where it is due."""
        if now < self._sum_s or not self._beyond:
            return
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(self._beyond.items()))
        self._beyond.clear()
        self._sum_s = math.inf
        self._append(["more", self.own, b"", told])
