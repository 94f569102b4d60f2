"""What a node holds of its peers and says of itself: policy, events, steps, links and their sessions."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from rabta.security.core.peers import Peer, SessionKeys
from rabta.security.handshake import Initiator
from rabta.security.session import Session

MOST_DATAGRAM = 1232
MOST_PAYLOAD = 1056
"""Longest payload that fits into a datagram beside everything that the overlay adds."""
MOST_PENDING = 64
"""Payloads that wait for a first session."""
MOST_LINKS = 4096
MOST_WAITING, MOST_WAITING_EACH, MANY_WAITING = 64, 16, 8
"""Sessions of a peer that nobody confirmed: together, from one address, and when cookies are asked for."""
WAITING_S = 20.0
"""How long one waits for its first packet."""
MOST_WORK, BUSY_S = 50, 5.0
"""First messages a second above which strangers must show a cookie, and for how long then."""
ALIVE = b""
"""An empty packet is a sign of life."""
DATA, NEWS = b"\x00", b"\x01"
"""First byte inside a packet: a payload, or what the nodes themselves tell each other."""
CONFIRM_S = 1.0
"""How often the first packet of a session is repeated until the other side is heard."""

Lookup = Callable[[bytes], Peer]


class Log(Protocol):
    """Whatever takes leaves of the audit log."""

    def append(self, leaf: bytes) -> object:
        """Append one leaf."""


class Talk(Protocol):
    """What nodes tell each other inside their sessions, as `rabta.security.overlay.news`."""

    def hello(self, peer: bytes, now: float) -> bytes:
        """What stands in for an empty sign of life."""

    def receive(self, peer: bytes, inside: bytes, now: float) -> list[bytes]:
        """Answers to what an authenticated peer said; `Rejected` where it is not accepted."""

    def tick(self, peer: bytes, now: float) -> list[bytes]:
        """What is due to be said to a peer."""

    def due(self, peer: bytes) -> float:
        """When that is, at the earliest."""

    def gone(self, peer: bytes) -> None:
        """Forget a peer with whom there is no link any more."""

    def changed(self) -> str:
        """What became known since the last call, because of which every peer must be asked about again."""

    def pending(self) -> bool:
        """Whether `changed` has something to say."""


@dataclass(frozen=True)
class Policy:
    """When a node renews what it has.

    Attributes
    ----------
    renew_s : float
        Age at which a session gets a successor.
    expire_s : float
        Age at which a session is of no use any more.
    grace_s : float
        How long the session before is kept for packets that are still under way.
    give_up_s : float
        How long a handshake is tried.
    quiet_s : float
        Who got something and had nothing to say for so long sends an empty packet; who sends and hears
        nothing for half as long again begins a new handshake.
    parity : int
        Fragments of a handshake message, 0 to 2, that may be lost without a repetition.
    """

    renew_s: float = 120.0
    expire_s: float = 180.0
    grace_s: float = 10.0
    give_up_s: float = 20.0
    quiet_s: float = 10.0
    parity: int = 1


@dataclass(frozen=True)
class Event:
    """Something that the node did and that others may want to know; no secret is in it.

    Attributes
    ----------
    kind : str
        ``session``, ``resumed``, ``key_epoch``, ``roamed``, ``dropped``, ``gave_up``, ``epoch``.
    peer : bytes
        Identifier; empty where it is about no peer.
    """

    at: float
    kind: str
    peer: bytes
    detail: str = ""


@dataclass
class Step:
    """What follows from one call.

    Attributes
    ----------
    send : list of (address, datagram)
    received : list of (peer, payload)
    """

    send: list[tuple[bytes, bytes]] = field(default_factory=list)
    received: list[tuple[bytes, bytes]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def add(self, other: Step) -> Step:
        """Take over what another step has; returns this one."""
        self.send += other.send
        self.received += other.received
        self.events += other.events
        return self


@dataclass
class Live:
    """A session in use, on its way out, or waiting for the peer's first packet (not `heard`).

    Attributes
    ----------
    since, until, renews : float
        When its keys were agreed, when it is over, and when a successor is due.
    """

    keys: SessionKeys
    since: float
    until: float
    renews: float
    session: Session
    heard: bool = False
    address: bytes = b""


@dataclass
class Link:
    """What is held of one peer."""

    peer: Peer
    address: bytes
    live: dict[bytes, Live] = field(default_factory=dict)
    sending: bytes = b""
    began: Initiator | None = None
    began_s: float = 0.0
    heard_s: float = -math.inf
    said_s: float = -math.inf
    unanswered_s: float = math.inf
    pending: deque[bytes] = field(default_factory=lambda: deque(maxlen=MOST_PENDING))

    @property
    def speaking(self) -> Live | None:
        """Session that is sent over, where there is one and an address to send to."""
        return self.live.get(self.sending) if self.address else None
