"""The wall clock: packets of real hosts carried over a course by one thread."""

from __future__ import annotations

import ctypes
import os
import select
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.emulate.engine import _kernels, spaces
from rabta.emulate.engine.course import Course, Pages
from rabta.emulate.engine.records import Capture, Fates
from rabta.errors import RabtaError

Index = NDArray[np.int64]

SMALL, LARGE = 2048, 66_000
VNET_HEADER = 10
SLICE_NS = 50_000_000
LOG_ROWS = 1 << 18
DRAIN_S = 0.05
LOOK_S = 0.001
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Tuning:
    """How the engine works, not what it computes.

    Attributes
    ----------
    slots : int
        Packets under way at once.
    spin_ns : int
        Before a packet is due, look instead of waiting: exacter, for the price of a core.
    offload : bool
        Interfaces hand over frames of up to 64 kB.
    seed : int
        Of losses and jitter.
    capture_rows, capture_bytes : int
        Packets that wait to be written into a capture, and how much of each.
    """

    slots: int = 32_768
    spin_ns: int = 0
    offload: bool = False
    seed: int = 0
    capture_rows: int = 0
    capture_bytes: int = 128


class Engine:
    """Carries packets between interfaces until it is stopped.

    Parameters
    ----------
    ports : sequence of int
        Descriptor of each host's interface, in the order of `course.hosts`; then those of links, if any.
    links : ndarray of int64, shape (port, 2), optional
        Peer's port and path where a port is the end of a link, -1 for hosts.
    """

    def __init__(
        self, course: Course, ports: Sequence[int], tuning: Tuning | None = None, links: Index | None = None
    ) -> None:
        self.course, self.tuning = course, tuning or Tuning()
        self.pages, count = Pages(course), self.tuning.slots
        self.stats = np.zeros(16, dtype=np.int64)
        self.stats[_kernels.FREE] = count
        self.log = np.zeros((LOG_ROWS, 6), dtype=np.int64)
        self.origin = 0
        self._ports = np.array(ports, dtype=np.int32)
        self._links = np.full((len(ports), 2), -1, dtype=np.int64) if links is None else links
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._arrays = self._made(count)
        self._poller = self._polled()
        self.late_pages, self.unlogged = 0, 0
        self._logged, self._caught = 0, 0
        self.fates: Fates | None = None
        self.capture: Capture | None = None

    def _made(self, count: int) -> dict[str, Any]:
        wide = LARGE if self.tuning.offload else SMALL
        return {
            "pool": np.zeros((count, wide), dtype=np.uint8),
            "heap": np.zeros((2, count + 1), dtype=np.int64),
            "spare": np.arange(count, dtype=np.int64),
            "slots": np.zeros((count, 6), dtype=np.int64),
            "free": np.zeros(max(len(self.course.gates), 1), dtype=np.int64),
            "state": np.zeros((3, max(len(self.course.ends), 1)), dtype=np.int64),
            "caught": np.zeros((self.tuning.capture_rows, self.tuning.capture_bytes), dtype=np.uint8),
            "tagged": np.zeros((max(self.tuning.capture_rows, 1), 3), dtype=np.int64),
        }

    def _polled(self) -> select.epoll:
        """Set of all ports; each event tells the row of its port, not its descriptor."""
        poller = select.epoll()
        for row, port in enumerate(self._ports.tolist()):
            event = ctypes.create_string_buffer(struct.pack("=IQ", select.EPOLLIN, row))
            if _libc.epoll_ctl(poller.fileno(), 1, port, event) < 0:
                raise RabtaError(f"cannot watch an interface: {os.strerror(ctypes.get_errno())}")
        return poller

    def now(self) -> int:
        """Emulation's clock, ns."""
        return time.monotonic_ns() - self.origin

    def start(self) -> None:
        """Begin at instant 0."""
        self._begin(0)

    def restart(self) -> None:
        """Put the clock back to instant 0, as when programs are up and the course may begin."""
        self._halt()
        self.pages = Pages(self.course)
        self._arrays |= {name: np.zeros_like(self._arrays[name]) for name in ("free", "state")}
        self._begin(0)

    def _begin(self, now_ns: int) -> None:
        self._stop.clear()
        self.origin = time.monotonic_ns() - now_ns
        self.stats[_kernels.BOOK] = self.pages.turn(now_ns)
        self.stats[_kernels.TURN] = _kernels.NEVER
        works = (self._carry, self._turn, self._drain)
        self._threads = [threading.Thread(target=work, daemon=True) for work in works]
        for thread in self._threads:
            thread.start()

    def _halt(self) -> None:
        """Stop the threads; packets under way are dropped."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.stats[_kernels.HEAP], self.stats[_kernels.FREE] = 0, self.tuning.slots
        self._arrays["spare"][:] = np.arange(self.tuning.slots)

    def stop(self) -> None:
        """End; packets under way are dropped."""
        self._halt()
        self._poller.close()
        self._flush()
        for sink in (self.fates, self.capture):
            if sink is not None:
                sink.close()

    def _carry(self) -> None:
        spaces.exact_timers()
        a, course = self._arrays, self.course
        route, head = course.route(), VNET_HEADER if self.tuning.offload else 0
        while not self._stop.is_set():
            _kernels.run(
                self._poller.fileno(), self.origin, self.now() + SLICE_NS, self.tuning.spin_ns, head,
                self._ports, self._links, route, self.pages.line, self.pages.gate, course.up, course.down,
                self.tuning.seed, a["pool"], a["heap"], a["spare"], a["slots"], a["free"], a["state"],
                self.stats, self.log, a["caught"],
                a["tagged"],
            )  # fmt: skip

    def _turn(self) -> None:
        """Write the next page ahead of its time, for the engine to turn to."""
        stats = self.stats
        while self.pages.until_ns < _kernels.NEVER and not self._stop.is_set():
            due = self.pages.until_ns
            stats[_kernels.NEXT] = self.pages.turn(due)
            self.late_pages += int(self.now() > due)
            stats[_kernels.TURN] = due
            while stats[_kernels.TURN] < _kernels.NEVER and not self._stop.is_set():
                wait = (due - self.now()) / 1e9
                self._stop.wait(min(max(wait, LOOK_S), 1.0))

    def _drain(self) -> None:
        while not self._stop.wait(DRAIN_S):
            self._flush()

    def _flush(self) -> None:
        """Write what the rings hold; what they have lost is counted, never passed over in silence."""
        if self.fates is not None:
            rows, self._logged, lost = _since(self._logged, int(self.stats[_kernels.LOGGED]), LOG_ROWS)
            self.unlogged += lost
            self.fates.write(self.log[rows])
        if self.capture is not None and len(self._arrays["caught"]):
            a = self._arrays
            rows, self._caught, lost = _since(
                self._caught, int(self.stats[_kernels.CAUGHT]), len(a["caught"])
            )
            self.unlogged += lost
            self.capture.write(a["tagged"][rows], a["caught"][rows])


def _since(taken: int, there: int, ring: int) -> tuple[Index, int, int]:
    """Rows of a ring that were not taken yet, the new count, and how many were overwritten before."""
    first = max(taken, there - ring * 7 // 8) if there - taken > ring * 7 // 8 else taken
    return np.arange(first, there) % ring, there, first - taken
