"""Two nodes that know each other, and datagrams between them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from rabta.security.core import HybridPrivate, Rejected, Suite
from rabta.security.core.peers import IDENTIFIER_BYTES, Local, Peer, SessionKeys
from rabta.security.handshake import Initiator, Responder

ADDRESS = b"192.0.2.1:4433"


@dataclass
class Node:
    """What is known of one node, by itself and by others."""

    local: Local
    peer: Peer


def node(*suites: Suite, name: str = "") -> Node:
    """Node with keys of some suites."""
    keys = {suite.identifier: HybridPrivate.generate(suite) for suite in suites}
    identifier = os.urandom(IDENTIFIER_BYTES)
    public = {number: key.public for number, key in keys.items()}
    return Node(Local(identifier, keys, name), Peer(identifier, public, name))


def lookup(*known: Node) -> Callable[[bytes], Peer]:
    """Who is accepted."""
    peers = {one.peer.identifier: one.peer for one in known}

    def find(identifier: bytes) -> Peer:
        if identifier not in peers:
            raise Rejected("unknown", "no such credential")
        return peers[identifier]

    return find


class Pair:
    """Initiator and responder that can agree."""

    def __init__(self, suite: Suite, parity: int = 0, psk: bytes = b"", **more: Any) -> None:
        self.suite, self.psk = suite, psk
        self.a, self.b = node(suite, name="A"), node(suite, name="B")
        self.responder = Responder(self.b.local, lookup(self.a), [suite], psk=psk, **more)
        self.initiator = self.begin(parity)

    def begin(self, parity: int = 0) -> Initiator:
        """One more attempt of the same nodes."""
        return Initiator(self.a.local, self.b.peer, self.suite, self.psk, parity=parity)

    def answer(
        self, datagrams: Iterable[bytes], now: float = 0.0, address: bytes = ADDRESS
    ) -> tuple[list[bytes], list[SessionKeys]]:
        """What the responder sends, and the sessions that it has."""
        steps = [self.responder.receive(one, address, now) for one in datagrams]
        return [out for step in steps for out in step.send], [step.keys for step in steps if step.keys]


def taken(initiator: Initiator, datagrams: Iterable[bytes], now: float = 0.0) -> SessionKeys | None:
    """Keys that the initiator ends with."""
    for one in datagrams:
        initiator.receive(one, now)
    return initiator.keys


def same(one: SessionKeys | None, two: SessionKeys | None) -> bool:
    """Whether two sides have the same session."""
    assert one is not None
    assert two is not None
    return (one.send, one.receive, one.exporter, one.session) == (
        two.receive,
        two.send,
        two.exporter,
        two.session,
    )
