"""What an emulation says while it runs, and when it must end: counters, clocks, signals."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rabta.emulate.plan import Activity
    from rabta.emulate.testbed import Testbed

MOST_HOSTS = 64  # of which counters are told while it runs
STEP_S = 0.05  # of the wall clock against the monotonic one, from which it was set
STILL_S = 0.5  # between two looks, from which the machine stood still
TAIL_BYTES = 4096
ONE_S = 0.3  # in which signals count as one
PING = re.compile(rb" time=([\d.]+) ms")


class Clock:
    """The emulation's clock against the wall clock, which people and time services set.

    Everything runs by the monotonic clock; only what other programs stamp with the wall clock needs `plain`.

    Parameters
    ----------
    now_s : float
        Second of the emulation at this instant.

    Attributes
    ----------
    steps : list of (float, float)
        Second of the emulation at which the wall clock was found set, and by how many seconds.
    still : list of (float, float)
        Second at which the process had stood still, and for how long.
    """

    def __init__(self, now_s: float = 0.0) -> None:
        self.unix_s, self._begun = time.time() - now_s, time.monotonic() - now_s
        self._last, self._shift = self._begun + now_s, self.unix_s - self._begun
        self.steps: list[tuple[float, float]] = []
        self.still: list[tuple[float, float]] = []

    def look(self) -> None:
        """Compare the clocks; often, so that a step is placed well."""
        before, wall, now = time.monotonic(), time.time(), time.monotonic()
        if now - self._last > STILL_S:
            self.still.append((round(self._last - self._begun, 3), round(now - self._last, 3)))
        self._last = now
        step = wall - (before + now) / 2.0 - self._shift
        if abs(step) > STEP_S and now - before < STEP_S / 2.0:
            self.steps.append((round(now - self._begun, 3), round(step, 3)))
            self._shift += step

    def plain(self, unix_s: float) -> float:
        """Instant of the wall clock as if nobody had set it since the beginning.

        Where a step back makes an instant happen twice, it is the later that lies within the emulation.
        """
        end = self.unix_s + self._last - self._begun + 2.0 * STILL_S
        shift = sum(step for _, step in self.steps)
        for at, step in reversed(self.steps):
            if self.unix_s + at - STEP_S <= unix_s - shift <= end:
                break
            shift -= step
        return unix_s - shift


class Ending:
    """First signal: end what runs and keep what was measured. Second: end at once.

    The kernel tells of a parent's end once for each of its threads, so that what follows at once is no wish.
    """

    def __init__(self) -> None:
        self.why, self._at = "", 0.0

    def heed(self) -> None:
        """Take Ctrl-C and the wish to terminate."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._come)

    def _come(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 (as signals are)
        if self.why and time.monotonic() > self._at + ONE_S:
            raise KeyboardInterrupt
        if not self.why:
            self.why, self._at = "interrupted" if number == signal.SIGINT else "terminated", time.monotonic()


def line(bed: Testbed, activities: Sequence[tuple[Activity, Path, str]]) -> dict[str, Any]:
    """Counters of this instant: of the engine, of each host that has an activity, of each activity.

    Parameters
    ----------
    activities : sequence
        Each with the file that its program writes and whether it ``waits``, ``runs`` or ``ended``.
    """
    peers: dict[str, str] = {}
    for one, _, _ in activities:
        peers.setdefault(one.user, one.server)
        peers.setdefault(one.server, one.user)
    hosts = {name: bed.host(name, peer) for name, peer in list(peers.items())[:MOST_HOSTS]}
    said = [
        {"kind": one.kind, "from": one.user, "to": one.server, "state": state, **told(one.kind, path)}
        for one, path, state in activities
    ]
    return {"at_s": round(bed.now() / 1e9, 2), **bed.counters(), "hosts": hosts, "activities": said}


def told(kind: str, path: Path) -> dict[str, Any]:
    """What a program's output says so far: the last round trip of pings, what else tells its state."""
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, 2) - TAIL_BYTES, 0))
            tail = file.read()
    except OSError:
        return {}
    if kind == "ping":
        found = PING.findall(tail)
        return {"rtt_ms": float(found[-1])} if found else {}
    for row in reversed(tail.splitlines()):
        if row.startswith(b'{"now": ') and row.endswith(b"}"):
            try:
                state = json.loads(row)["now"]
            except (ValueError, KeyError):
                return {}
            return state if isinstance(state, dict) else {}
    return {}
