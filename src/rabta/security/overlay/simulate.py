"""Two nodes over simulated paths, in virtual time: what network and overlay lost, and what it cost."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from typing import Any, cast

from rabta.security.core import HybridPrivate, Rejected, Suite
from rabta.security.core.peers import IDENTIFIER_BYTES, Local, Peer
from rabta.security.overlay.node import Event, Node, Step
from rabta.security.overlay.paths import Change, Clock, Path

A, B = 0, 1
NUMBER_BYTES = 8
REPLAY_S = 60.0


@dataclass(frozen=True)
class Sent:
    """A payload under way: when it was given to the overlay, and what its datagrams met."""

    at: float
    side: int
    size: int


@dataclass
class Outcome:
    """What happened.

    Attributes
    ----------
    sent, delivered : int
        Payloads.
    lost_by_network : int
        Payloads whose datagram the network did not deliver.
    lost_by_overlay : int
        Payloads that the network delivered and the overlay did not.
    doubled, wrong : int
        Payloads that came out twice, or other than they went in; both must be zero.
    waited_s : float
        Longest time that the overlay kept a payload back, at either end, once there was a session.
    handshake_s : float
        From the first call to the first session at the side that began.
    overhead_bytes : int
        Bytes that the overlay adds to a payload.
    datagrams, datagram_bytes, payload_bytes : int
        Everything that both sides sent, and what of it they were asked to send.
    replayed : int
        Copies of datagrams that an attacker sent again, each from an address of its own.
    """

    sent: int = 0
    delivered: int = 0
    lost_by_network: int = 0
    lost_by_overlay: int = 0
    doubled: int = 0
    wrong: int = 0
    waited_s: float = 0.0
    handshake_s: float = math.nan
    overhead_bytes: int = 0
    datagrams: int = 0
    datagram_bytes: int = 0
    payload_bytes: int = 0
    changes: int = 0
    replayed: int = 0
    events: list[Event] = field(default_factory=list)


class Simulation:
    """Nodes A and B, the path from A to B and the path back.

    Parameters
    ----------
    replay : float
        Chance that an attacker on the way sends a datagram again, `REPLAY_S` later at most.
    """

    def __init__(
        self, nodes: tuple[Node, Node], paths: tuple[Path, Path], *, replay: float = 0.0, seed: int = 0
    ) -> None:
        self.nodes, self.paths, self.clock = nodes, paths, Clock()
        self.replay, self.draw = replay, random.Random(seed)  # noqa: S311 (no secret hangs on it)
        self.address = (b"a", b"b")
        self.out = Outcome()
        self.under_way: dict[int, tuple[Sent, float]] = {}
        self.seen: set[int] = set()
        self.numbers = 0
        self.skew = [0.0, 0.0]
        """Seconds by which each node's clock is wrong; a monotonic clock may stand anywhere."""

    def connect(self, side: int = A) -> None:
        """One side begins."""
        node, other = self.nodes[side], self.nodes[1 - side]
        self._do(side, node.connect(other.local.identifier, self.address[1 - side], self._now(side)))

    def _now(self, side: int) -> float:
        return self.clock.now + self.skew[side]

    def run(
        self, traffic: Iterable[tuple[float, int, int]], changes: Iterable[Change], until: float
    ) -> Outcome:
        """Play traffic (instant, side, payload's bytes) and changes of the path up to an instant."""
        plan: Iterator[tuple[float, int, object]] = merge(
            ((change.at_s, 0, change) for change in changes),
            ((at, 1, (side, size)) for at, side, size in traffic),
        )
        for at, kind, what in plan:
            if at > until:
                break
            self._pass(at)
            if kind == 0:
                self._change(cast("Change", what))
            else:
                self._payload(*cast("tuple[int, int]", what))
        self._pass(until)
        self._close()
        return self.out

    def _pass(self, until: float) -> None:
        """Let everything happen up to an instant."""
        while True:
            wake = min(node.due() - skew for node, skew in zip(self.nodes, self.skew, strict=True))
            item = self.clock.next(min(until, max(wake, self.clock.now)))
            if item is not None:
                side, datagram, sender = cast("tuple[int, bytes, bytes]", item)
                self._do(side, self.nodes[side].receive(datagram, sender, self._now(side)))
            elif wake <= self.clock.now:
                for side, node in enumerate(self.nodes):
                    self._do(side, node.tick(self._now(side)))
            elif self.clock.now >= until:
                return

    def _change(self, change: Change) -> None:
        self.out.changes += 1
        for side, node in enumerate(self.nodes):
            self._do(
                side, node.handover(self.nodes[1 - side].local.identifier, change.words, self._now(side))
            )

    def _payload(self, side: int, size: int) -> None:
        if self.nodes[1 - side].local.identifier not in self.nodes[side].links:
            return  # it has not heard of the other yet
        number, self.numbers = self.numbers, self.numbers + 1
        payload = number.to_bytes(NUMBER_BYTES, "big") + bytes([number % 251]) * max(0, size - NUMBER_BYTES)
        self.out.sent += 1
        self.out.payload_bytes += len(payload)
        before = self.paths[side].sent
        self.under_way[number] = (Sent(self.clock.now, side, len(payload)), math.inf)
        step = self.nodes[side].send(self.nodes[1 - side].local.identifier, payload, self._now(side))
        arrivals = self._do(side, step)
        if self.paths[side].sent == before + 1:
            self.under_way[number] = (self.under_way[number][0], min(arrivals, default=math.inf))
            self.out.overhead_bytes = max(self.out.overhead_bytes, len(step_datagram(step)) - len(payload))

    def _do(self, side: int, step: Step) -> list[float]:
        """Carry out a step: datagrams to the paths, payloads to the count; when the datagrams arrive."""
        out: list[float] = []
        for _, datagram in step.send:
            self.out.datagrams += 1
            self.out.datagram_bytes += len(datagram)
            found = self.paths[side].send(datagram, self.clock.now)
            out += found
            for when in found:
                self.clock.at(when, (1 - side, datagram, self.address[side]))
                if self.replay and self.draw.random() < self.replay:
                    self.out.replayed += 1
                    later = when + self.draw.uniform(1e-6, REPLAY_S)
                    self.clock.at(later, (1 - side, datagram, b"elsewhere"))
        for _, payload in step.received:
            self._arrived(payload)
        if side == A and math.isnan(self.out.handshake_s) and any(e.kind == "session" for e in step.events):
            self.out.handshake_s = self.clock.now
        self.out.events += step.events
        return out

    def _arrived(self, payload: bytes) -> None:
        number = int.from_bytes(payload[:NUMBER_BYTES], "big")
        if number not in self.under_way:
            if number in self.seen:
                self.out.doubled += 1
            else:
                self.out.wrong += 1
            return
        sent, due = self.under_way.pop(number)
        self.seen.add(number)
        good = len(payload) == sent.size and payload[NUMBER_BYTES:] == bytes([number % 251]) * (
            len(payload) - 8
        )
        self.out.wrong += not good
        self.out.delivered += 1
        if due < math.inf:
            self.out.waited_s = max(self.out.waited_s, self.clock.now - due)

    def _close(self) -> None:
        """Payloads that are still missing: their own datagram arrived before now, or it never did."""
        for _, due in self.under_way.values():
            if due <= self.clock.now:
                self.out.lost_by_overlay += 1
            else:
                self.out.lost_by_network += 1


def step_datagram(step: Step) -> bytes:
    """The only datagram of a step; empty where there is none."""
    return step.send[0][1] if step.send else b""


def strangers(suite: Suite, **options: Any) -> tuple[Node, Node]:
    """Two nodes with new keys that know each other's credentials, for a run of the simulator.

    Parameters
    ----------
    options : dict
        As `Node` takes them.
    """
    own = [HybridPrivate.generate(suite) for _ in range(2)]
    names = [os.urandom(IDENTIFIER_BYTES) for _ in own]
    book = {n: Peer(n, {suite.identifier: key.public}) for n, key in zip(names, own, strict=True)}

    def lookup(identifier: bytes) -> Peer:
        if identifier not in book:
            raise Rejected("unknown", "no such credential")
        return book[identifier]

    made = [
        Node(Local(n, {suite.identifier: key}), lookup, suite, **options)
        for n, key in zip(names, own, strict=True)
    ]
    return made[0], made[1]
