"""Steps of delays between the program that computes them and the engine: memory that both see, no file.

One writes, one reads. A step is taken when its mark, written last, says whose run and which step it is, and
is overwritten only after the reader has said that it wants later ones.
"""

from __future__ import annotations

import mmap
import os

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]

RUN, WANT, WRITTEN, BUSY_NS, MOST_NS, STEPS, SKIPPED = range(7)
HEAD = 16
RUNS = 32  # bits of a mark below that of its run


class Ring:
    """Begin and rate of change of every pair's delay in each of some steps.

    Parameters
    ----------
    descriptor : int
        Of the memory; see `made`.
    pairs, depth : int
        Pairs of sites; steps that it holds.
    step_ns : int
        Length of a step.
    """

    def __init__(self, descriptor: int, pairs: int, depth: int, step_ns: int) -> None:
        self.descriptor, self.depth, self.step_ns = descriptor, depth, step_ns
        self.memory = mmap.mmap(descriptor, size(pairs, depth))
        self.head: NDArray[np.int64] = np.frombuffer(self.memory, np.int64, HEAD)
        self._mark: NDArray[np.int64] = np.frombuffer(self.memory, np.int64, depth, 8 * HEAD)
        self._rows: F8 = np.frombuffer(
            self.memory, np.float64, 2 * depth * pairs, 8 * (HEAD + depth)
        ).reshape(depth, 2, pairs)

    def begin(self) -> None:
        """Start a run: steps from 0 on, whatever is there."""
        self.head[WANT] = 0
        self.head[RUN] += 1

    def want(self, step: int) -> None:
        """Say that steps before this one are done with."""
        self.head[WANT] = step

    def has(self, step: int) -> bool:
        """Whether a step of this run is there."""
        return int(self._mark[step % self.depth]) == (int(self.head[RUN]) << RUNS) + step

    def step(self, step: int) -> F8 | None:
        """Delay (ns, negative for none) and slope of every pair, shape (2, pair), or None: not there."""
        return self._rows[step % self.depth] if self.has(step) else None

    def room(self, step: int, run: int) -> bool:
        """Whether the writer may write a step of a run now."""
        return int(self.head[RUN]) == run and step < int(self.head[WANT]) + self.depth

    def write(self, step: int, run: int, begin_ns: F8, end_ns: F8) -> None:
        """Write a step from the delays at its begin and at its end, shape (pair,)."""
        row = self._rows[step % self.depth]
        self._mark[step % self.depth] = -1
        row[0] = begin_ns
        row[1] = np.where(begin_ns < 0.0, 0.0, (end_ns - begin_ns) / self.step_ns)
        self._mark[step % self.depth] = (run << RUNS) + step
        self.head[WRITTEN] = step


def size(pairs: int, depth: int) -> int:
    """Bytes of a ring."""
    return 8 * (HEAD + depth + 2 * depth * pairs)


def made(pairs: int, depth: int, step_ns: int) -> Ring:
    """Return a new ring in memory without a name, gone with those who hold its descriptor."""
    descriptor = os.memfd_create("rabta-feed")
    os.ftruncate(descriptor, size(pairs, depth))
    return Ring(descriptor, pairs, depth, step_ns)
