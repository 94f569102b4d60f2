"""A course on the kernel's own network emulator: sch_netem for queues, delays and losses.

A queue of the course is a netem with a rate; a path is a netem with a delay that is set anew along its
pieces, in steps that leave at most `ERROR_NS`. A lowered delay alone would let later packets overtake; a rate
on the path, too high to be felt, makes netem keep their order. Losses in bursts (Gilbert-Elliott) have a
netem of their own before the delay, for each change of one sets its channel back to good.

What differs from the engine: queues count packets of full size, not bytes; the kernel draws its own numbers,
so that a seed has no say over losses.
"""

from __future__ import annotations

import heapq
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.emulate.backends import netlink
from rabta.emulate.backends.netlink import Netlink, attribute, nested
from rabta.emulate.backends.wires import Wired, Wires
from rabta.emulate.engine import spaces
from rabta.errors import RabtaError

Array = NDArray[np.float64]

ERROR_NS = 2_500.0
CLOSEST_NS = 10_000_000
LEAST_BYTES = 3_000  # of a queue, at any rate
LIMIT = 100_000  # packets on a path
ORDER = 12_500_000_000  # bytes/s: 100 Gbit/s keep the order of packets and take 0.1 us
ETHERNET = 14
WHOLE = 0xFFFFFFFF
IPV4 = 0x0800
# linux/pkt_sched.h, linux/pkt_cls.h
_LOSS, _RATE, _RATE64, _LATENCY64, _JITTER64, _GE = 5, 6, 8, 10, 11, 2
_HTB_PARMS, _HTB_INIT, _HTB_RATE64, _HTB_CEIL64 = 1, 2, 6, 7
_FLOW_KEYS, _FLOW_MODE, _FLOW_BASECLASS, _FLOW_MASK, _FLOW_XOR = 1, 2, 3, 6, 7


@dataclass(frozen=True)
class Step:
    """What a path does from an instant on: delay (negative in an outage) and its four chances of loss."""

    at_ns: int
    delay_ns: float
    loss: tuple[float, float, float, float]


def options(
    limit: int, *, delay_ns: float = 0.0, jitter_ns: float = 0.0, loss: float = 0.0, rate: float = 0.0,
    overhead: int = 0, bursts: tuple[float, float, float, float] | None = None,
) -> bytes:  # fmt: skip
    """Options of a netem.

    Parameters
    ----------
    jitter_ns : float
        Largest extra delay; even over its range.
    rate : float
        Bytes per second; 0 for unlimited.
    bursts : tuple of float, optional
        Chance of loss in the good state and in the bad, chance a packet of turning bad and of turning good.
    """
    mean, spread = round(delay_ns + jitter_ns / 2.0), round(jitter_ns / 2.0)
    body = struct.pack("=6I", 0, limit, _share(loss), 0, 0, 0)
    body += attribute(_LATENCY64, struct.pack("=q", mean)) + attribute(_JITTER64, struct.pack("=q", spread))
    if rate > 0.0:
        whole = max(round(rate), 1)
        body += attribute(_RATE, struct.pack("=IiIi", min(whole, WHOLE), overhead, 0, 0))
        body += attribute(_RATE64, struct.pack("=Q", whole)) if whole >= WHOLE else b""
    if bursts is not None:
        good, bad, worse, better = bursts
        model = struct.pack("=4I", *(_share(x) for x in (worse, better, 1.0 - bad, good)))
        body += nested(_LOSS, attribute(_GE, model))
    return body


def _share(chance: float) -> int:
    """A chance as a share of 2^32."""
    return min(round(chance * 2.0**32), WHOLE)


def steps(pieces: Array, until_ns: float) -> Iterator[Step]:
    """What a path does, piece by piece, a slope in steps of `ERROR_NS` about the true delay.

    Examples
    --------
    >>> pieces = np.array([[0, 1e6, 8e-6, 0, 0, 0, 0], [1e9, -1, 0, 0, 0, 0, 0.0]])
    >>> [step.delay_ns for step in steps(pieces, 2e9)]
    [1002500.0, 1006500.0, -1.0]
    """
    ends = np.append(pieces[1:, 0], until_ns)
    for (start, delay, slope, *loss), end in zip(pieces.tolist(), ends.tolist(), strict=True):
        chances = (loss[0], loss[1], loss[2], loss[3])
        if delay < 0.0 or slope == 0.0:
            yield Step(int(start), delay, chances)
            continue
        span, at = max(2.0 * ERROR_NS / abs(slope), CLOSEST_NS), start
        while at < end:
            middle = (at + min(at + span, end)) / 2.0
            yield Step(int(at), max(delay + slope * (middle - start), 0.0), chances)
            at += span


class Netem(Wired):
    """A testbed whose packets the kernel's network emulator carries."""

    def lay(self, wires: Wires) -> None:
        """Make the disciplines; a course that they cannot follow is refused."""
        net = self.course
        if (net.frame > 0.0).any():
            raise RabtaError("netem keeps no frames", key="frame", expected="--backend tun or edt")
        self._links: list[Netlink] = []
        self._gates: dict[int, tuple[Netlink, int]] = {}
        for row in range(len(net.hosts)):
            link = self._inside(wires.accesses[row])
            for gates, index in ((net.up, wires.ups[row]), (net.down, wires.downs[row])):
                own = net.ends[:, 0 if gates is net.up else 1] == row
                self._gate(np.unique(gates[own]).tolist(), link, index)
        self._paths: dict[int, list[tuple[int, int, int]]] = {}
        self._core = self._inside(wires.core)
        for row in range(len(net.hosts)):
            self._into(row, wires.ins[row])

    def _inside(self, space: spaces.Space) -> Netlink:
        home = spaces.here()
        spaces.enter(space.descriptor)
        try:
            self._links.append(Netlink())
        finally:
            spaces.enter(home)
            os.close(home)
        return self._links[-1]

    def _gate(self, gates: list[int], link: Netlink, index: int) -> None:
        """Queue of a host on its way up or down."""
        if len(gates) > 1 or self._gates.keys() & set(gates):
            raise RabtaError("netem takes one queue for each host and way", expected="--backend tun or edt")
        for gate in gates:
            if gate >= 0:
                link.queue(index, netlink.ROOT, 1 << 16, "netem", options(LIMIT))
                self._gates[gate] = (link, index)

    def _into(self, row: int, index: int) -> None:
        """Delays and losses of the paths into a host: a class for each sender, where there are several."""
        paths = np.flatnonzero(self.course.ends[:, 1] == row).tolist()
        if len(paths) == 1:
            self._path(paths[0], index, netlink.ROOT, 1)
        if len(paths) < 2:
            return
        self._core.queue(index, netlink.ROOT, 1 << 16, "htb", _htb())
        for path in paths:
            minor = int(self.course.ends[path, 0]) + 2
            self._core.lane(index, 1 << 16, 1 << 16 | minor, "htb", _lane())
            self._path(path, index, 1 << 16 | minor, 2 * minor)
        words = ((_FLOW_KEYS, 1), (_FLOW_MODE, 0), (_FLOW_BASECLASS, 1 << 16 | 1), (_FLOW_MASK, 0xFFFF))
        sender = b"".join(netlink.word(*pair) for pair in (*words, (_FLOW_XOR, 0)))
        self._core.filter(index, 1 << 16, "flow", sender, IPV4)

    def _path(self, path: int, index: int, parent: int, major: int) -> None:
        """A netem for a path's delay, and one before it for losses in bursts."""
        own = self.course.pieces[self.course.first[path] : self.course.first[path + 1]]
        self._paths[path] = [(index, parent, major << 16)]
        if (own[:, 5] > 0.0).any():
            self._paths[path].append((index, major << 16 | 1, major + 1 << 16))
        for place in self._paths[path]:
            self._core.queue(*place, "netem", options(LIMIT))

    def _events(self) -> Iterator[tuple[int, int, int, Step]]:
        """All that changes, in the order of time: instant, whether a path, which, what it does then."""
        net = self.course

        def path(row: int) -> Iterator[tuple[int, int, int, Step]]:
            for step in steps(net.pieces[net.first[row] : net.first[row + 1]], net.length_ns):
                yield step.at_ns, 1, row, step

        def gate(row: int) -> Iterator[tuple[int, int, int, Step]]:
            for start, rate in net.gate_pieces[net.gate_first[row] : net.gate_first[row + 1]].tolist():
                yield int(start), 0, row, Step(int(start), rate, (0.0, 0.0, 0.0, 0.0))

        rows = [path(row) for row in self._paths] + [gate(row) for row in self._gates]
        return heapq.merge(*rows, key=lambda event: event[:3])

    def first(self) -> None:
        """Set what holds from the beginning."""
        self._bursts: dict[int, tuple[float, ...]] = {}
        self._coming = self._events()
        self._next = next(self._coming, None)
        while self._next is not None and self._next[0] <= 0:
            self._set(self._next[1], self._next[2], self._next[3])
            self._next = next(self._coming, None)

    def follow(self) -> None:
        """Change disciplines when their time comes."""
        while self._next is not None and self._next[0] < self.course.length_ns and self.until(self._next[0]):
            self._set(self._next[1], self._next[2], self._next[3])
            self._next = next(self._coming, None)

    def _set(self, kind: int, row: int, step: Step) -> None:
        if kind == 0:
            link, index = self._gates[row]
            link.queue(index, netlink.ROOT, 1 << 16, "netem", self._queue(row, step.delay_ns), new=False)
            return
        *before, delay = self._paths[row]
        out = step.delay_ns < 0.0
        if before and self._bursts.get(row) != step.loss:
            self._bursts[row] = step.loss
            self._core.queue(*before[0], "netem", options(LIMIT, bursts=step.loss), new=False)
        body = options(
            LIMIT, delay_ns=max(step.delay_ns, 0.0), jitter_ns=float(self.course.jitter[row]),
            loss=1.0 if out else 0.0 if before else step.loss[0], rate=ORDER,
        )  # fmt: skip
        self._core.queue(*delay, "netem", body, new=False)

    def _queue(self, gate: int, rate_bps: float) -> bytes:
        """Options of a queue: as many packets of full size as leave in the time that it holds."""
        full, overhead = self.setup.mtu, int(self.course.overhead[gate])
        held = max(self.course.queue[gate] * rate_bps / 8e9, LEAST_BYTES)
        room = int(max(held - full, 0.0) // (full + overhead)) + 1
        return options(room if rate_bps > 0.0 else LIMIT, rate=rate_bps / 8.0, overhead=overhead - ETHERNET)

    def tear(self) -> None:
        """Close the connections to the kernel."""
        for link in getattr(self, "_links", []):
            link.close()


def _htb() -> bytes:
    """A root of classes that hold nothing back: version 3, nothing for what no filter takes."""
    return attribute(_HTB_INIT, struct.pack("=5I", 3, 10, 0, 0, 0))


def _lane() -> bytes:
    """A class of unlimited rate."""
    rate = struct.pack("=BBHhHI", 0, 1, 0, 0, 0, WHOLE)
    body = attribute(_HTB_PARMS, rate + rate + struct.pack("=5I", 1 << 24, 1 << 24, 60_000, 0, 0))
    wide = struct.pack("=Q", 8 * ORDER)
    return body + attribute(_HTB_RATE64, wide) + attribute(_HTB_CEIL64, wide)
