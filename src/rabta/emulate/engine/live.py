"""The wall clock: packets of real hosts carried over a course by one thread."""

from __future__ import annotations

import ctypes
import os
import select
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.emulate.engine import _kernels, spaces
from rabta.emulate.engine.course import Course, Pages
from rabta.emulate.engine.records import Capture, Fates
from rabta.emulate.engine.tally import Tally, delay_ms, queues_ms
from rabta.errors import RabtaError

Index = NDArray[np.int64]

SMALL, LARGE = 2048, 66_000
VNET_HEADER = 10
SLICE_NS = 50_000_000
LOG_ROWS = 1 << 18
DRAIN_S = 0.05
LOOK_S = 0.001
LOOK_NS = 1_000_000
GUARD_NS = 20_000_000  # in which the book of any network is written
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
    urgent : bool
        Ask the kernel to run the engine before ordinary programs, where it lets this user; not with
        `spin_ns`, which would take a core from all others.
    capture_rows, capture_bytes : int
        Packets that wait to be written into a capture, and how much of each.
    """

    slots: int = 32_768
    spin_ns: int = 0
    offload: bool = False
    seed: int = 0
    urgent: bool = False
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
    pages : callable
        Pages of the course from instant 0 on.
    """

    def __init__(
        self,
        course: Course,
        ports: Sequence[int],
        tuning: Tuning | None = None,
        links: Index | None = None,
        pages: Callable[[Course], Pages] = Pages,
    ) -> None:
        self.course, self.tuning = course, tuning or Tuning()
        self._paged, count = pages, self.tuning.slots
        self.pages = pages(course)
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
        self.late_pages, self.unlogged, self.urgent = 0, 0, False
        self.tally, self.trouble = Tally(course), ""
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
        self.pages = self._paged(self.course)
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
        if self.tuning.urgent and not self.tuning.spin_ns:
            self.urgent = spaces.urgent()
        a, course = self._arrays, self.course
        route, head = course.route(), VNET_HEADER if self.tuning.offload else 0
        while not self._stop.is_set():
            _kernels.run(
                self._poller.fileno(), self.origin, self._until(), self.tuning.spin_ns, head,
                self._ports, self._links, route, self.pages.line, self.pages.gate, course.up, course.down,
                self.tuning.seed, a["pool"], a["heap"], a["spare"], a["slots"], a["free"], a["state"],
                self.stats, self.log, a["caught"],
                a["tagged"],
            )  # fmt: skip

    def _until(self) -> int:
        """Instant to which the engine carries on; turns the page first where no packet has.

        The kernel turns pages as packets pass. In a silence nothing passes, and the first packet after it
        would go by a page of before.
        """
        stats, now = self.stats, self.now()
        soonest = int(self._arrays["heap"][0, 0]) if stats[_kernels.HEAP] else _kernels.NEVER
        if min(now, soonest) >= stats[_kernels.TURN]:
            stats[_kernels.BOOK], stats[_kernels.TURN] = stats[_kernels.NEXT], _kernels.NEVER
        due = int(stats[_kernels.TURN])
        if due == _kernels.NEVER and self.pages.until_ns < _kernels.NEVER:
            due = 0  # the next page is being written
        return min(now + SLICE_NS, max(due, now + LOOK_NS))

    def _turn(self) -> None:
        """Write the next page ahead of its time, for the engine to turn to."""
        stats = self.stats
        while self.pages.until_ns < _kernels.NEVER and not self._stop.is_set():
            due = self.pages.until_ns
            while not self.pages.ready(due) and self.now() < due - GUARD_NS and not self._stop.wait(LOOK_S):
                pass
            now = self.now()
            stats[_kernels.NEXT] = self.pages.turn(due if now - due < SLICE_NS else now)
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
        rows, self._logged, lost = _since(self._logged, int(self.stats[_kernels.LOGGED]), LOG_ROWS)
        self.tally.add(self.log[rows])
        if self.fates is not None:
            self.unlogged += lost
            try:
                self.fates.write(self.log[rows])
            except OSError as error:
                self.trouble, self.fates = f"fates end early: {error.strerror}", None
        elif self.trouble:
            self.unlogged += len(rows)
        if self.capture is not None and len(self._arrays["caught"]):
            a = self._arrays
            rows, self._caught, lost = _since(
                self._caught, int(self.stats[_kernels.CAUGHT]), len(a["caught"])
            )
            self.unlogged += lost
            try:
                self.capture.write(a["tagged"][rows], a["caught"][rows])
            except OSError as error:
                self.trouble, self.capture = f"the capture ends early: {error.strerror}", None

    def host(self, row: int, peer: int = -1) -> dict[str, Any]:
        """Counters of a host; with a peer also its queues and the one-way delay to the peer now."""
        found, path = self.tally.host(row), -1
        if 0 <= peer < len(self.course.hosts):
            path = next(iter(np.flatnonzero((self.course.ends == (row, peer)).all(axis=1)).tolist()), -1)
        if path < 0:
            return found
        now, waits = self.now(), queues_ms(self.course, self._arrays["free"], self.now())
        back = np.flatnonzero((self.course.ends == (peer, row)).all(axis=1))
        gates = (int(self.course.up[path]), int(self.course.down[back[0]]) if back.size else -1)
        for name, gate in zip(("queue_up_ms", "queue_down_ms"), gates, strict=True):
            found[name] = round(float(waits[gate]), 3) if gate >= 0 else 0.0
        delay = delay_ms(self.pages.line[self.stats[_kernels.BOOK]], path, now)
        return {**found, "delay_ms": None if delay is None else round(delay, 4)}


def _since(taken: int, there: int, ring: int) -> tuple[Index, int, int]:
    """Rows of a ring that were not taken yet, the new count, and how many were overwritten before."""
    first = max(taken, there - ring * 7 // 8) if there - taken > ring * 7 // 8 else taken
    return np.arange(first, there) % ring, there, first - taken
