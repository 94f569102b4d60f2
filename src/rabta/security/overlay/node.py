"""A node of the overlay: identity, handshakes, sessions, groups and audit behind one face without I/O.

Time is a monotonic number that the caller gives; datagrams come in and go out through it, and so the link
simulator and real sockets drive the same code. Whatever comes from outside ends in a payload, an answer or a
counter, never in an exception. Nothing changes before a packet is authenticated, the peer's address included.

Sessions are renewed make-before-break: the new handshake runs beside the old session, the side that began it
sends over the new one first, the other follows when that packet is authentic, and the old one is kept for
what is still under way. Whoever is no longer accepted (revoked, expired) loses all sessions at once.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from rabta.errors import RabtaError
from rabta.security.core import Rejected, Suite, cbor
from rabta.security.core.peers import Local, Peer, SessionKeys
from rabta.security.handshake import Initiator, Responder, is_for_responder
from rabta.security.session import Ledger, Session, is_packet, session_of

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

Lookup = Callable[[bytes], Peer]


class Log(Protocol):
    """Whatever takes leaves of the audit log."""

    def append(self, leaf: bytes) -> object:
        """Append one leaf."""


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
        ``session``, ``resumed``, ``key_epoch``, ``roamed``, ``dropped``, ``gave_up``.
    peer : bytes
        Identifier.
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


ALIVE = b""
"""An empty payload is a sign of life."""
CONFIRM_S = 1.0
"""How often the first packet of a session is repeated until the other side is heard."""


@dataclass
class _Live:
    """A session in use, on its way out, or waiting for the peer's first packet (not `heard`)."""

    keys: SessionKeys
    since: float
    until: float
    session: Session
    heard: bool = False
    address: bytes = b""


@dataclass
class _Link:
    """What is held of one peer."""

    peer: Peer
    address: bytes
    live: dict[bytes, _Live] = field(default_factory=dict)
    sending: bytes = b""
    began: Initiator | None = None
    began_s: float = 0.0
    tick_s: float = math.inf
    heard_s: float = -math.inf
    said_s: float = -math.inf
    unanswered_s: float = math.inf
    pending: deque[bytes] = field(default_factory=lambda: deque(maxlen=MOST_PENDING))


class Node:
    """One node.

    Parameters
    ----------
    local : Local
        Own identifier and keys.
    lookup : callable
        Identifier of a credential to its peer; raises `Rejected` where it is unknown, revoked or expired.
    suite : Suite
    psk : bytes
        Secret shared beforehand beside the key exchange; empty for none.
    ledger : Ledger, optional
        Counters that survive a crash.
    audit : Log, optional
        Takes a leaf for every session, change of keys, dropped peer and change of policy.
    loaded : callable or bool
        Whether strangers must show a cookie before any work is done for them.
    """

    def __init__(
        self,
        local: Local,
        lookup: Lookup,
        suite: Suite,
        *,
        psk: bytes = b"",
        ledger: Ledger | None = None,
        audit: Log | None = None,
        policy: Policy | None = None,
        loaded: Callable[[], bool] | bool = False,
    ) -> None:
        self.local, self.lookup, self.suite, self.psk = local, lookup, suite, psk
        self.ledger, self.audit, self.policy = ledger, audit, policy or Policy()
        self.counters: Counter[str] = Counter()
        self.links: dict[bytes, _Link] = {}
        self.by_session: dict[bytes, bytes] = {}
        self._asked, self._now = loaded, -math.inf
        self._second, self._worked, self._busy_s = -math.inf, 0, -math.inf
        self.responder = Responder(local, lookup, (suite,), psk=psk, loaded=self.loaded)

    def __repr__(self) -> str:
        return f"Node({self.local.name or self.local.identifier[:4].hex()}, {len(self.links)} peers)"

    def loaded(self) -> bool:
        """Whether strangers must show a cookie first: as asked for, or since many have just come."""
        asked = self._asked() if callable(self._asked) else self._asked
        return asked or self._now < self._busy_s

    def _count(self, now: float) -> None:
        """Notice a flood by the work that it makes."""
        self._now = now
        if now >= self._second + 1.0:
            self._second, self._worked = now, self.responder.work
        if self.responder.work - self._worked >= MOST_WORK:
            self._busy_s = now + BUSY_S

    def connect(self, peer: bytes, address: bytes, now: float) -> Step:
        """Begin a handshake with a peer at an address; `Rejected` where it is not accepted."""
        link = self.links.get(peer) or self._link(self.lookup(peer), address)
        link.address = address
        return Step() if link.began else self._begin(link, now)

    def send(self, peer: bytes, payload: bytes, now: float) -> Step:
        """Seal a payload, or hold it until the first session is there (the newest `MOST_PENDING`)."""
        link = self.links.get(peer)
        if link is None:
            raise Rejected("unknown", "no link with this peer")
        if len(payload) > MOST_PAYLOAD:
            raise Rejected("limit", f"{len(payload)} bytes of payload where {MOST_PAYLOAD} fit")
        live = link.live.get(link.sending)
        if live is None or not link.address or now >= live.since + self.policy.expire_s:
            link.pending.append(payload)
            return Step() if link.began or not link.address else self._begin(link, now)
        self.counters["sent"] += 1
        return self._seal(link, live, payload, now)

    def resume(self, now: float) -> Step:
        """Take up the sessions that a crash has left in the ledger; each gets a successor soon.

        Their peers' next packets are opened as if nothing had happened, from where counters were leased.
        """
        step = Step()
        for name in self.ledger.names() if self.ledger is not None else ():
            assert self.ledger is not None
            session = Session.resume(self.ledger.load(name) or b"", self.ledger)
            try:
                link = self._link(self.lookup(session.keys.peer), b"")
            except Rejected as error:
                self.counters[error.reason] += 1
                self.ledger.forget(name)
                continue
            since = now - self.policy.renew_s - self.policy.grace_s
            live = _Live(session.keys, since, since + self.policy.expire_s, session, heard=session.confirmed)
            link.live[name], self.by_session[name] = live, session.keys.peer
            link.sending = name if live.heard else link.sending
            step.add(self._told("resumed", link, now, name.hex()))
        return step

    def ready(self, peer: bytes) -> bool:
        """Whether there is a session over which a payload leaves at once."""
        link = self.links.get(peer)
        return link is not None and bool(link.address) and link.sending in link.live

    def receive(self, datagram: bytes, address: bytes, now: float) -> Step:
        """Take a datagram from anywhere."""
        try:
            return self._taken(datagram, address, now)
        except Rejected as error:
            self.counters[error.reason] += 1
            return Step()

    def _taken(self, datagram: bytes, address: bytes, now: float) -> Step:
        if not 0 < len(datagram) <= MOST_DATAGRAM:
            raise Rejected("malformed", "a datagram of the wrong length")
        if is_packet(datagram):
            return self._packet(datagram, address, now)
        return self._handshake(datagram, address, now)

    def tick(self, now: float) -> Step:
        """Do what is due: repeat handshakes, renew sessions, show signs of life, forget what is over."""
        step = Step()
        for link in list(self.links.values()):
            step.add(self._repeat(link, now))
            self._forget(link, now)
            live = link.live.get(link.sending)
            if live is None or link.began or not link.address:
                continue
            if self._renews(link, live, now):
                step.add(self._renew(link, now))
            if now >= self._alive_due(link, live) and link.live:
                step.add(self._seal(link, live, ALIVE, now))
        return step

    def due(self) -> float:
        """When `tick` has something to do at the earliest; infinity for never."""
        return min((self._due(link) for link in self.links.values()), default=math.inf)

    def handover(self, peer: bytes, words: str, now: float) -> Step:
        """Take new keys for what is sent, at an event of the path; nothing is sent for it and nothing waits.

        Parameters
        ----------
        words : str
            What changed (gateways, satellites, instant); its hash goes into the keys. The peer follows by
            the note in the packets' headers.
        """
        link = self.links.get(peer)
        if link is None:
            raise Rejected("unknown", "no link with this peer")
        context = self.suite.digest(b"rabta overlay handover", words.encode())
        live = link.live.get(link.sending)
        if live is not None:
            live.session.ratchet(context)
        self.counters["handovers"] += 1
        return self._told("key_epoch", link, now, words)

    def review(self, now: float) -> Step:
        """Ask again of every peer whether it is accepted, as after a new epoch; drop those that are not."""
        step = Step()
        for link in list(self.links.values()):
            try:
                link.peer = self.lookup(link.peer.identifier)
            except Rejected as error:
                self._drop(link)
                step.add(self._told("dropped", link, now, error.reason))
        return step

    def _link(self, peer: Peer, address: bytes) -> _Link:
        if peer.identifier not in self.links and len(self.links) >= MOST_LINKS:
            raise Rejected("limit", "too many peers")
        return self.links.setdefault(peer.identifier, _Link(peer, address))

    def _drop(self, link: _Link) -> None:
        for live in list(link.live.values()):
            self._end(link, live)
        self.links.pop(link.peer.identifier, None)

    # Handshakes

    def _begin(self, link: _Link, now: float) -> Step:
        link.peer = self.lookup(link.peer.identifier)
        began = Initiator(self.local, link.peer, self.suite, self.psk, parity=self.policy.parity)
        link.began, link.began_s = began, now
        return Step(send=[(link.address, datagram) for datagram in began.start(now)])

    def _renew(self, link: _Link, now: float) -> Step:
        """Begin a handshake beside the session, or drop a peer that is not accepted any more."""
        try:
            return self._begin(link, now)
        except Rejected as error:
            self._drop(link)
            return self._told("dropped", link, now, error.reason)

    def _repeat(self, link: _Link, now: float) -> Step:
        if link.began is None:
            return Step()
        if now >= link.began_s + self.policy.give_up_s:
            link.began = None
            return self._told("gave_up", link, now)
        return Step(send=[(link.address, datagram) for datagram in link.began.tick(now)])

    def _handshake(self, datagram: bytes, address: bytes, now: float) -> Step:
        if is_for_responder(datagram):
            self._count(now)
            found = self.responder.receive(datagram, address, now)
            step = Step(send=[(address, out) for out in found.send])
            return step if found.keys is None else step.add(self._adopt(found.keys, address, now))
        for link in self.links.values():
            if link.began is not None and link.began.owns(datagram):
                found = link.began.receive(datagram, now)
                step = Step(send=[(link.address, out) for out in found.send])
                return step if found.keys is None else step.add(self._adopt(found.keys, address, now))
        raise Rejected("unknown", "an answer that nobody waits for")

    def _adopt(self, keys: SessionKeys, address: bytes, now: float) -> Step:
        """Hold a new session beside the old ones; the side that began uses it at once."""
        # Who answers does not know yet whether the address is the peer's.
        link = self.links.get(keys.peer) or self._link(self.lookup(keys.peer), b"")
        until = now + (self.policy.expire_s if keys.initiator else WAITING_S)
        live = _Live(keys, now, until, Session(keys, self.ledger), address=address)
        if not keys.initiator:
            self._retire(link, address, now)
        link.live[keys.session] = live
        self.by_session[keys.session] = keys.peer
        if not keys.initiator:
            return Step()
        link.began, link.address = None, address
        step = Step() if link.pending else self._seal(link, live, ALIVE, now)
        return step.add(self._use(link, live, now))

    # Sessions

    def _packet(self, datagram: bytes, address: bytes, now: float) -> Step:
        name = session_of(datagram)
        link = self.links.get(self.by_session.get(name, b""))
        if link is None:
            raise Rejected("unknown", "a packet of no session")
        live = link.live[name]
        if now >= live.until:
            raise Rejected("stale", "a packet of a session that is over")
        inside = live.session.open(datagram)
        # From here on the packet is the peer's own.
        step = Step()
        if address != link.address:
            if link.address:
                step.add(self._told("roamed", link, now))
            link.address = address
        link.heard_s, link.unanswered_s = now, math.inf
        if not live.heard:
            step.add(self._heard(link, live, now))
        if inside != ALIVE:
            self.counters["received"] += 1
            step.received.append((link.peer.identifier, inside))
        return step

    def _heard(self, link: _Link, live: _Live, now: float) -> Step:
        """Both sides have the new session: the others are kept for what is under way."""
        live.heard, live.until, step = True, live.since + self.policy.expire_s, Step()
        if not live.keys.initiator:
            step.add(self._use(link, live, now)).add(self._seal(link, live, ALIVE, now))
        for name, other in link.live.items():
            if name != link.sending and other.heard:
                other.until = min(other.until, now + self.policy.grace_s)
        return step

    def _use(self, link: _Link, live: _Live, now: float) -> Step:
        """Send over a session from now on; what waited goes first.

        Where both sides began at once both take the session of the lesser name.
        """
        before = link.live.get(link.sending)
        if before is not None and before is not live:
            crossed = (
                live.keys.initiator != before.keys.initiator and now < before.since + self.policy.grace_s
            )
            if crossed and before.keys.session < live.keys.session:
                live = before
        link.sending = live.keys.session
        step = self._told("session", link, now, live.keys.session.hex())
        while link.pending:
            step.add(self._seal(link, live, link.pending.popleft(), now))
            self.counters["sent"] += 1
        return step

    def _seal(self, link: _Link, live: _Live, inside: bytes, now: float) -> Step:
        link.said_s = now
        link.unanswered_s = min(link.unanswered_s, now)
        return Step(send=[(link.address, live.session.seal(inside))])

    def _renews(self, link: _Link, live: _Live, now: float) -> bool:
        """Whether this side begins a new handshake: when the session is old, or the peer is silent."""
        quiet = now >= link.unanswered_s + 1.5 * self.policy.quiet_s
        mine = live.keys.initiator or now >= live.since + self.policy.renew_s + self.policy.grace_s
        return quiet or (mine and (now >= live.since + self.policy.renew_s or live.session.due(now)))

    def _alive_due(self, link: _Link, live: _Live) -> float:
        """When to show a sign of life."""
        if live.keys.initiator and not live.heard:
            return link.said_s + CONFIRM_S
        return link.heard_s + self.policy.quiet_s if link.heard_s > link.said_s else math.inf

    def _retire(self, link: _Link, address: bytes, now: float) -> None:
        """Make room for one more that is not confirmed; a first message proves nobody, so it waits apart."""
        self._forget(link, now)
        waiting = [live for live in link.live.values() if not live.heard and not live.keys.initiator]
        own = [live for live in waiting if live.address == address]
        for live in own[: max(0, len(own) + 1 - MOST_WAITING_EACH)]:
            self._end(link, live)
        if len(waiting) >= MANY_WAITING:
            self._busy_s = now + BUSY_S  # from here on nobody begins more from an address that is not his
        if len(waiting) >= MOST_WAITING and len(own) < MOST_WAITING_EACH:
            raise Rejected("limit", "too many sessions of this peer wait for a first packet")

    def _forget(self, link: _Link, now: float) -> None:
        for live in [live for live in link.live.values() if now >= live.until]:
            self._end(link, live)

    def _end(self, link: _Link, live: _Live) -> None:
        link.live.pop(live.keys.session, None)
        self.by_session.pop(live.keys.session, None)
        if self.ledger is not None:
            self.ledger.forget(live.keys.session)

    def _due(self, link: _Link) -> float:
        times = [live.until for live in link.live.values()]
        live = link.live.get(link.sending)
        if link.began is not None:
            times += [link.began.due(), link.began_s + self.policy.give_up_s]
        elif live is not None and link.address:
            late = 0.0 if live.keys.initiator else self.policy.grace_s
            times += [live.since + self.policy.renew_s + late, link.unanswered_s + 1.5 * self.policy.quiet_s]
            times.append(self._alive_due(link, live))
        return min(times, default=math.inf)

    def _leaf(self, kind: str, link: _Link, detail: str) -> bytes:
        return cbor.encode([kind, self.local.identifier, link.peer.identifier, detail])

    def _told(self, kind: str, link: _Link, now: float, detail: str = "") -> Step:
        """An event, and its leaf in the audit log."""
        self.counters[kind] += 1
        if self.audit is not None:
            try:
                self.audit.append(self._leaf(kind, link, detail))
            except RabtaError:
                self.counters["unaudited"] += 1  # a full disk must not stop sessions; the counter tells
        return Step(events=[Event(now, kind, link.peer.identifier, detail)])
