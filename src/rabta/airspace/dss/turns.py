"""Turns for planners who want the same airspace: who was told what the key lacks goes first.

A planner whose key is stale learns the newest state with the refusal, but by the time it has asked the others
and comes again, somebody else has been faster; with many planners at one spot nobody gets through. So the one
that was refused holds its volumes for a moment, and what others want there waits in line. Nothing in the
standard's messages changes, and who never comes back costs the others that moment only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rabta.airspace.volumes import Index, Volume

HOLD_S = 0.15
"""How long a refused planner is waited for: several times what a service takes to read others' details."""
LONGEST_WAIT_S = 5.0
MOST_WASTED = 3
"""Turns in a row that a planner may let go by before it gets none for a while."""
BAN_S = 10.0


@dataclass
class Turn:
    """A request that takes its turn.

    Attributes
    ----------
    planner, name : str
        Who plans which operational intent.
    volumes : sequence of Volume
    since_s : float
    """

    planner: str
    name: str
    volumes: Sequence[Volume]
    since_s: float


@dataclass
class Turns:
    """Who may go, and who waits."""

    waiting: deque[Any] = field(default_factory=deque)
    released: int = 0
    _held: dict[tuple[str, str], float] = field(default_factory=dict)
    _where: Index[tuple[str, str]] = field(default_factory=Index)
    _wasted: dict[str, tuple[int, float]] = field(default_factory=dict)

    def free(self, turn: Turn, now_s: float) -> bool:
        """Whether a request may be decided now: nobody else holds what it wants."""
        self._expire(now_s)
        if now_s - turn.since_s > LONGEST_WAIT_S:
            return True
        own = (turn.planner, turn.name)
        return not (self._where.meeting(list(turn.volumes)) - {own})

    def refused(self, turn: Turn, now_s: float) -> None:
        """Hold a place for one that was told what its key lacks."""
        count, until = self._wasted.get(turn.planner, (0, 0.0))
        own = (turn.planner, turn.name)
        if now_s < until or (own in self._held):
            return
        self._wasted[turn.planner] = (count, 0.0)
        self._held[own] = now_s + HOLD_S
        self._where.add(own, list(turn.volumes))

    def done(self, turn: Turn) -> None:
        """Let go of what one held that got through, or was refused for good."""
        if self._held.pop((turn.planner, turn.name), None) is not None:
            self.released += 1
            self._where.remove((turn.planner, turn.name))
            self._wasted.pop(turn.planner, None)

    def next_s(self) -> float | None:
        """Instant at which the next place is let go."""
        return min(self._held.values(), default=None)

    def _expire(self, now_s: float) -> None:
        for own in [own for own, until in self._held.items() if until <= now_s]:
            del self._held[own]
            self._where.remove(own)
            count = self._wasted.get(own[0], (0, 0.0))[0] + 1
            self._wasted[own[0]] = (0, now_s + BAN_S) if count >= MOST_WASTED else (count, 0.0)
