"""What became of each host's packets, counted from the engine's record behind it: no cost on their way."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.emulate.engine.course import PIECE, Course
from rabta.emulate.engine.virtual import FATES

Index = NDArray[np.int64]

SENT, MEANT = 0, 1  # rows of a tally: what a host sent, what was meant for it


class Tally:
    """Packets and bytes by host and fate.

    Attributes
    ----------
    packets, bytes : ndarray of int64, shape (2, host, fate)
        Of what each host sent (`SENT`) and of what was meant for it (`MEANT`); fates as `FATES`.
    strays : int
        Packets to no host.
    """

    def __init__(self, course: Course) -> None:
        self.course = course
        self.packets = np.zeros((2, len(course.hosts), len(FATES)), dtype=np.int64)
        self.bytes = np.zeros_like(self.packets)
        self.strays = 0

    def add(self, rows: Index) -> None:
        """Count rows of the record, shape (packet, 6)."""
        path = rows[:, 2]
        known = path >= 0
        self.strays += int(len(rows) - known.sum())
        fate, size = rows[known, 4], rows[known, 3]
        for way in (SENT, MEANT):
            host = self.course.ends[path[known], way]
            np.add.at(self.packets[way], (host, fate), 1)
            np.add.at(self.bytes[way], (host, fate), size)

    def host(self, row: int) -> dict[str, Any]:
        """Packets and bits that a host sent and got, and what was dropped on the way, by cause."""
        sent, meant = self.packets[SENT, row], self.packets[MEANT, row]
        return {
            "sent": int(sent.sum()),
            "sent_bits": 8 * int(self.bytes[SENT, row].sum()),
            "got": int(meant[0]),
            "got_bits": 8 * int(self.bytes[MEANT, row, 0]),
            "dropped_up": _causes(sent),
            "dropped_down": _causes(meant),
        }


def _causes(packets: Index) -> dict[str, int]:
    return {name: int(count) for name, count in zip(FATES[1:], packets[1:], strict=True) if count}


def queues_ms(course: Course, free: Index, now_ns: int) -> NDArray[np.float64]:
    """How long a packet would wait now at each gate, ms, from the instants at which they are free."""
    waits: NDArray[np.float64] = np.clip(free[: len(course.gates)] - now_ns, 0, None) / 1e6
    return waits


def delay_ms(line: NDArray[np.float64], path: int, now_ns: int) -> float | None:
    """One-way delay of a path by the page in force, ms, without queues; None in an outage.

    Parameters
    ----------
    line : ndarray, shape (path, 16)
        Page of the paths, as the kernels read it.
    """
    at = PIECE if now_ns >= line[path, PIECE] else 0
    if line[path, at + 1] < 0.0:
        return None
    return float(line[path, at + 1] + line[path, at + 2] * (now_ns - line[path, at])) / 1e6
