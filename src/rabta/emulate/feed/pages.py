"""Pages of the engine from steps that are computed while it runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.emulate.engine.course import NEVER, PIECE, Course, Pages
from rabta.emulate.feed.ring import Ring

F8 = NDArray[np.float64]


class FedPages(Pages):
    """Pages of two steps each. Where a step is not there in time, delays stay as they were last known.

    Parameters
    ----------
    pair : ndarray of int, shape (path,)
        Pair of each path of the course.
    """

    def __init__(self, course: Course, ring: Ring, pair: NDArray[np.int64]) -> None:
        super().__init__(course)
        self._ring, self._pair, self._step = ring, pair, ring.step_ns
        chances = course.pieces[course.first[:-1], 3:]
        self.line[:, :, 3:PIECE] = self.line[:, :, PIECE + 3 : 2 * PIECE] = chances
        self.line[:, :, 1] = -1.0
        self.line[:, :, PIECE] = NEVER
        ring.begin()

    def ready(self, now_ns: int) -> bool:
        """Whether both steps of the page from an instant on are there."""
        step = now_ns // self._step
        return self._ring.has(step) and self._ring.has(step + 1)

    def _lines(self, table: F8, now_ns: int) -> int:
        step = now_ns // self._step
        first, second = (self._ring.step(k) for k in (step, step + 1))
        if first is None:
            self.stale += 1
            self._still(table, now_ns)
        else:
            _piece(table[:, :PIECE], step * self._step, first[:, self._pair])
            edge = (step + 1) * self._step
            if second is None:
                _piece(table[:, PIECE : 2 * PIECE], edge, _at(table[:, :PIECE], edge))
            else:
                _piece(table[:, PIECE : 2 * PIECE], edge, second[:, self._pair])
        known = 1 if first is None or second is None else 2
        self._ring.want(step + known)
        return (step + known) * self._step

    def _still(self, table: F8, now_ns: int) -> None:
        """Hold the delays that the page before ends with."""
        before = self.line[self.book]
        later = before[:, PIECE : 2 * PIECE]
        known = _at(np.where(later[:, :1] <= now_ns, later, before[:, :PIECE]), now_ns)
        _piece(table[:, :PIECE], now_ns, known)
        table[:, PIECE] = NEVER


def _piece(part: F8, from_ns: int, values: F8) -> None:
    """Write begin, delay and slope of one piece of all paths."""
    part[:, 0], part[:, 1], part[:, 2] = from_ns, values[0], values[1]


def _at(part: F8, now_ns: int) -> F8:
    """Delay of pieces at an instant, and no slope, shape (2, path); what is out stays out."""
    delay = np.where(
        part[:, 1] < 0.0, part[:, 1], np.maximum(part[:, 1] + part[:, 2] * (now_ns - part[:, 0]), 0.0)
    )
    return np.stack([delay, np.zeros_like(delay)])
