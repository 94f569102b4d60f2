"""What every path and gate does over time, and the pages of it that the engine reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError

Array = NDArray[np.float64]
Index = NDArray[np.int64]

PIECE = 7
GATE_PIECE = 2
NEVER = 1 << 62
CLOSEST_NS = 2_000_000  # changes of one path or gate; a page must be written between them


@dataclass(frozen=True)
class Course:
    """A network of hosts over a span of time.

    Attributes
    ----------
    hosts : tuple of str
    ends : ndarray of int64, shape (path, 2)
        Sending and receiving host of each path.
    first : ndarray of int64, shape (path + 1,)
        Rows of `pieces` of each path.
    pieces : ndarray, shape (piece, 7)
        From when on (ns), delay then (ns; negative: an outage), slope (ns per ns), chance of loss in the good
        state and in the bad, chance a packet of turning bad and of turning good.
    jitter, frame : ndarray, shape (path,)
        Largest extra delay and frame of arrivals, ns.
    gates : tuple of str
        Queues: a host's way up and its way down.
    gate_first : ndarray of int64, shape (gate + 1,)
    gate_pieces : ndarray, shape (gate piece, 2)
        From when on (ns), rate (bit/s; 0 for unlimited).
    queue, overhead : ndarray, shape (gate,)
        Longest time (ns) that a packet may wait, though 3,000 bytes always find room; bytes that a packet
        takes beyond its own.
    up, down : ndarray of int64, shape (path,)
        Gate at either end; -1 for none.
    length_ns : int
        End of the span.
    """

    hosts: tuple[str, ...]
    ends: Index
    first: Index
    pieces: Array
    jitter: Array
    frame: Array
    gates: tuple[str, ...]
    gate_first: Index
    gate_pieces: Array
    queue: Array
    overhead: Array
    up: Index
    down: Index
    length_ns: int

    def __post_init__(self) -> None:
        for name, first, starts in (
            ("path", self.first, self.pieces[:, 0]),
            ("gate", self.gate_first, self.gate_pieces[:, 0]),
        ):
            inner = np.ones(starts.size, dtype=bool)
            inner[first[:-1]] = False
            short = inner & (np.diff(starts, prepend=starts[:1]) < CLOSEST_NS)
            if (np.diff(first) < 1).any() or short.any():
                raise RabtaError(
                    f"a {name} that changes too often, or never says what it is",
                    value=int(np.flatnonzero(short)[0]) if short.any() else None,
                    expected=f"changes at least {CLOSEST_NS / 1e6:.0f} ms apart",
                )

    def route(self) -> Index:
        """Path from host to host, shape (host, host); -1 where there is none."""
        found = np.full((len(self.hosts), len(self.hosts)), -1, dtype=np.int64)
        found[self.ends[:, 0], self.ends[:, 1]] = np.arange(len(self.ends))
        return found


class Pages:
    """Two books of lines and gates: one that the engine reads, one that is being written.

    A page holds, for every path and gate, the piece in force and the next one; so it is right until the first
    of them changes a second time.

    Attributes
    ----------
    stale : int
        Books written without what they should hold: it was not known in time.
    """

    def __init__(self, course: Course) -> None:
        self.course = course
        paths, gates = len(course.ends), max(len(course.gates), 1)
        self.line = np.zeros((2, paths, 2 * PIECE + 2))
        self.line[:, :, -2], self.line[:, :, -1] = course.jitter, course.frame
        self.gate = np.zeros((2, gates, 2 * GATE_PIECE + 2))
        if course.gates:
            self.gate[:, :, 2 * GATE_PIECE], self.gate[:, :, 2 * GATE_PIECE + 1] = (
                course.queue,
                course.overhead,
            )
        self._path, self._gate = course.first[:-1].copy(), course.gate_first[:-1].copy()
        self.book, self.until_ns, self.stale = 1, 0, 0

    def ready(self, now_ns: int) -> bool:  # noqa: ARG002 (of pages that are computed meanwhile)
        """Whether the book from an instant on can be written."""
        return True

    def turn(self, now_ns: int) -> int:
        """Write the book that is not read for `now_ns` onwards; returns its number. Sets `until_ns`."""
        course, book = self.course, 1 - self.book
        ends = [NEVER]
        if self._path.size:
            ends.append(self._lines(self.line[book], now_ns))
        if self._gate.size:
            ends.append(_fill(self._gate, course.gate_first, course.gate_pieces, self.gate[book], now_ns))
        self.until_ns = int(min(ends))
        self.book = book
        return book

    def _lines(self, table: Array, now_ns: int) -> int:
        """Write all paths' pieces; returns until when they hold."""
        return _fill(self._path, self.course.first, self.course.pieces, table, now_ns)


def _fill(cursor: Index, first: Index, pieces: Array, table: Array, now_ns: int) -> int:
    """Write the piece in force and the next of each row; returns when one changes a second time."""
    wide, last = pieces.shape[1], first[1:] - 1
    while True:
        later = np.minimum(cursor + 1, last)
        behind = (later > cursor) & (pieces[later, 0] <= now_ns)
        if not behind.any():
            break
        cursor[behind] += 1
    table[: cursor.size, :wide] = pieces[cursor]
    table[: cursor.size, wide : 2 * wide] = pieces[later]
    table[: cursor.size, wide] = np.where(later > cursor, pieces[later, 0], NEVER)
    second = np.minimum(cursor + 2, last)
    soonest = pieces[second[second > later], 0]
    return int(soonest.min()) if soonest.size else NEVER
