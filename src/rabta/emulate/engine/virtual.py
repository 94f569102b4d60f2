"""The virtual clock: recorded packets carried over a course, the same fates each time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.emulate.engine import _kernels
from rabta.emulate.engine.course import Course, Pages

Index = NDArray[np.int64]

FATES = ("delivered", "queue full at the sender", "lost", "outage", "no path", "queue full at the receiver",
         "no slot", "refused by the host")  # fmt: skip
COLUMNS = ("came_ns", "left_ns", "path", "size", "fate", "number")


def carry(course: Course, sent: Index, seed: int = 0, *, drain_ns: int = 10_000_000_000) -> Index:
    """Fate of every packet, in the order in which fates were settled.

    Parameters
    ----------
    sent : ndarray of int64, shape (packet, 3)
        Instant (ns), path (-1 for none) and size (bytes at the IP layer), in the order of time.
    drain_ns : int
        Span after the last packet in which the rest arrives.

    Returns
    -------
    ndarray of int64, shape (packet, 6)
        `COLUMNS`; a fate is a row of `FATES`.
    """
    rows = np.zeros((len(sent), 4), dtype=np.int64)
    rows[:, :3] = sent
    paths, pages = len(course.ends), Pages(course)
    heap, left = np.zeros((2, max(len(sent), 1)), np.int64), np.zeros((max(len(sent), 1), 2), np.int64)
    free = np.zeros(max(len(course.gates), 1), dtype=np.int64)
    state = np.zeros((3, max(paths, 1)), dtype=np.int64)
    stats, log = np.zeros(16, dtype=np.int64), np.zeros((max(len(sent), 1), 6), dtype=np.int64)
    now, at = 0, np.int64(0)
    end = int(rows[-1, 0]) + drain_ns if len(rows) else 0
    while now < end:
        stats[_kernels.BOOK], stats[_kernels.TURN] = pages.turn(now), _kernels.NEVER
        now = min(pages.until_ns, end)
        at = np.int64(_kernels.replay(
            rows, at, now, pages.line, pages.gate, course.up, course.down, seed, heap, free, state, left,
            stats, log,
        ))  # fmt: skip
        if at == len(rows) and not stats[_kernels.HEAP]:
            break
    return log[: stats[_kernels.LOGGED]]
