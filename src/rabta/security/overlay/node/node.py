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
from collections import Counter
from collections.abc import Callable

from rabta.security.core import Rejected, Suite
from rabta.security.core.peers import Local, Peer, SessionKeys
from rabta.security.handshake import Initiator, Responder, is_for_responder
from rabta.security.overlay.node.journal import Journal
from rabta.security.overlay.node.state import (
    ALIVE,
    BUSY_S,
    CONFIRM_S,
    DATA,
    MANY_WAITING,
    MOST_DATAGRAM,
    MOST_LINKS,
    MOST_PAYLOAD,
    MOST_WAITING,
    MOST_WAITING_EACH,
    MOST_WORK,
    NEWS,
    WAITING_S,
    Event,
    Link,
    Live,
    Log,
    Lookup,
    Policy,
    Step,
    Talk,
)
from rabta.security.session import Ledger, Session, is_packet, session_of


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
        Takes a leaf for every session, change of keys, peer that is dropped or refused, and new epoch.
    news : Talk, optional
        Lets nodes tell each other newer epochs, inside their sessions.
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
        news: Talk | None = None,
        policy: Policy | None = None,
        loaded: Callable[[], bool] | bool = False,
    ) -> None:
        self.local, self.lookup, self.suite, self.psk = local, lookup, suite, psk
        self.ledger, self.news, self.policy = ledger, news, policy or Policy()
        self.journal = Journal(audit, local.identifier)
        self.counters: Counter[str] = Counter()
        self.links: dict[bytes, Link] = {}
        self.by_session: dict[bytes, bytes] = {}
        self._asked, self._now = loaded, -math.inf
        self._second, self._worked, self._busy_s = -math.inf, 0, -math.inf
        self.responder = Responder(local, self._accepted, (suite,), psk=psk, loaded=self.loaded)

    def __repr__(self) -> str:
        return f"Node({self.local.name or self.local.identifier[:4].hex()}, {len(self.links)} peers)"

    def loaded(self) -> bool:
        """Whether strangers must show a cookie first: as asked for, or since many have just come."""
        asked = self._asked() if callable(self._asked) else self._asked
        return asked or self._now < self._busy_s

    def _accepted(self, name: bytes) -> Peer:
        """Who begins a handshake here; who is refused is noted, though the name is not proven."""
        try:
            return self.lookup(name)
        except Rejected as error:
            self.journal.refused(name, error.reason, self._now)
            raise

    def _count(self, now: float) -> None:
        """Notice a flood by the work that it makes."""
        self._now = now
        if now >= self._second + 1.0:
            self._second, self._worked = now, self.responder.work
        if self.responder.work - self._worked >= MOST_WORK:
            self._busy_s = now + BUSY_S

    def connect(self, peer: bytes, address: bytes, now: float) -> Step:
        """Begin a handshake with a peer at an address; `Rejected` where it is not accepted."""
        first = self._reviewed(Step(), now)
        link = self.links.get(peer) or self._link(self.lookup(peer), address)
        link.address = address
        return first if link.began else first.add(self._begin(link, now))

    def send(self, peer: bytes, payload: bytes, now: float) -> Step:
        """Seal a payload, or hold it until the first session is there (the newest `MOST_PENDING`)."""
        if self._asks():
            return self.review(now).add(self.send(peer, payload, now))
        link = self.links.get(peer)
        if link is None:
            raise Rejected("unknown", "no link with this peer")
        if len(payload) > MOST_PAYLOAD:
            raise Rejected("limit", f"{len(payload)} bytes of payload where {MOST_PAYLOAD} fit")
        live = link.live.get(link.sending)
        if live is None or not link.address or now >= live.since + self.policy.expire_s:
            link.pending.append(payload)
            return Step() if link.began or not link.address else self._renew(link, now)
        self.counters["sent"] += 1
        return self._seal(link, live, DATA + payload, now)

    def resume(self, now: float) -> Step:
        """Take up the sessions that a crash has left in the ledger; each gets a successor soon.

        Their peers' next packets are opened as if nothing had happened, from where counters were leased.
        Their age counts on from the handshake, by a clock that a crash does not turn back; after a restart of
        the machine nobody knows it, and they are forgotten.
        """
        step = Step()
        for name in self.ledger.names() if self.ledger is not None else ():
            try:
                step.add(self._resumed(name, now))
            except Rejected as error:
                self.counters[error.reason] += 1
                if self.ledger is not None:
                    self.ledger.forget(name)
        return step

    def _resumed(self, name: bytes, now: float) -> Step:
        """Take up one session as old as it is; `Rejected` where that is too old or nobody knows."""
        assert self.ledger is not None
        session = Session.resume(self.ledger.load(name) or b"", self.ledger)
        age = session.age()
        if age >= self.policy.expire_s:
            raise Rejected("stale", "a session of the ledger that is over")
        link = self._link(self.lookup(session.keys.peer), b"")
        until = now - age + (self.policy.expire_s if session.confirmed else WAITING_S)
        live = Live(session.keys, now - age, until, now, session, heard=session.confirmed)
        link.live[name], self.by_session[name] = live, session.keys.peer
        link.sending = name if live.heard else link.sending
        return self._told("resumed", link.peer.identifier, now, name.hex())

    def ready(self, peer: bytes) -> bool:
        """Whether there is a session over which a payload leaves at once."""
        link = self.links.get(peer)
        return link is not None and bool(link.address) and link.sending in link.live

    def receive(self, datagram: bytes, address: bytes, now: float) -> Step:
        """Take a datagram from anywhere."""
        if self._asks():
            return self.review(now).add(self.receive(datagram, address, now))
        self._now = now
        try:
            step = self._taken(datagram, address, now)
        except Rejected as error:
            self.counters[error.reason] += 1
            step = Step()
        return self._reviewed(step, now) if self._asks() else step

    def _taken(self, datagram: bytes, address: bytes, now: float) -> Step:
        if not 0 < len(datagram) <= MOST_DATAGRAM:
            raise Rejected("malformed", "a datagram of the wrong length")
        if is_packet(datagram):
            return self._packet(datagram, address, now)
        return self._handshake(datagram, address, now)

    def tick(self, now: float) -> Step:
        """Do what is due: repeat handshakes, renew sessions, show signs of life, forget what is over."""
        step = self._reviewed(Step(), now)
        self.journal.tick(now)
        for link in list(self.links.values()):
            step.add(self._repeat(link, now))
            self._forget(link, now)
            live = link.speaking
            if live is not None and not link.began and self._renews(link, live, now):
                step.add(self._renew(link, now))
            if live is not None and link.live:
                step.add(self._says(link, live, now))
        return step

    def _says(self, link: Link, live: Live, now: float) -> Step:
        """A sign of life, and what there is to tell."""
        step = Step()
        if not link.began and now >= self._alive_due(link, live):
            step.add(self._alive(link, live, now))
        for inside in self.news.tick(link.peer.identifier, now) if self.news is not None else ():
            step.add(self._seal(link, live, NEWS + inside, now))
        return step

    def due(self) -> float:
        """When `tick` has something to do at the earliest; infinity for never."""
        if self._asks():
            return -math.inf
        return min((self._due(link) for link in self.links.values()), default=self.journal.due())

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
        return self._told("key_epoch", peer, now, words)

    def review(self, now: float) -> Step:
        """Ask again of every peer whether it is accepted, as after a new epoch; drop those that are not."""
        step = Step()
        words = self.news.changed() if self.news is not None else ""
        if words:
            step.add(self._told("epoch", b"", now, words))
        for link in list(self.links.values()):
            try:
                link.peer = self.lookup(link.peer.identifier)
            except Rejected as error:
                self._drop(link)
                step.add(self._told("dropped", link.peer.identifier, now, error.reason))
        return step

    def _asks(self) -> bool:
        """Whether an epoch came, by whatever way: before anything else is done it ends sessions."""
        return self.news is not None and self.news.pending()

    def _reviewed(self, step: Step, now: float) -> Step:
        self._now = now
        return step.add(self.review(now)) if self._asks() else step

    def _link(self, peer: Peer, address: bytes) -> Link:
        if peer.identifier not in self.links and len(self.links) >= MOST_LINKS:
            raise Rejected("limit", "too many peers")
        return self.links.setdefault(peer.identifier, Link(peer, address))

    def _drop(self, link: Link) -> None:
        for live in list(link.live.values()):
            self._end(link, live)
        self.links.pop(link.peer.identifier, None)
        if self.news is not None:
            self.news.gone(link.peer.identifier)

    # Handshakes

    def _begin(self, link: Link, now: float) -> Step:
        link.peer = self.lookup(link.peer.identifier)
        began = Initiator(self.local, link.peer, self.suite, self.psk, parity=self.policy.parity)
        link.began, link.began_s = began, now
        return Step(send=[(link.address, datagram) for datagram in began.start(now)])

    def _renew(self, link: Link, now: float) -> Step:
        """Begin a handshake beside the session, or drop a peer that is not accepted any more."""
        try:
            return self._begin(link, now)
        except Rejected as error:
            self._drop(link)
            return self._told("dropped", link.peer.identifier, now, error.reason)

    def _repeat(self, link: Link, now: float) -> Step:
        if link.began is None:
            return Step()
        if now >= link.began_s + self.policy.give_up_s:
            link.began = None
            return self._told("gave_up", link.peer.identifier, now)
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
        renews = now + self.policy.renew_s + (0.0 if keys.initiator else self.policy.grace_s)
        live = Live(keys, now, until, renews, Session(keys, self.ledger), address=address)
        if not keys.initiator:
            self._retire(link, address, now)
        link.live[keys.session] = live
        self.by_session[keys.session] = keys.peer
        if not keys.initiator:
            return Step()
        link.began, link.address = None, address
        step = Step() if link.pending and self.news is None else self._alive(link, live, now)
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
                step.add(self._told("roamed", link.peer.identifier, now))
            link.address = address
        link.heard_s, link.unanswered_s = now, math.inf
        if not live.heard:
            step.add(self._heard(link, live, now))
        if inside[:1] == DATA:
            self.counters["received"] += 1
            step.received.append((link.peer.identifier, inside[1:]))
        elif inside != ALIVE:
            step.add(self._inside(link, inside[:1], inside[1:], now))
        return step

    def _inside(self, link: Link, kind: bytes, inside: bytes, now: float) -> Step:
        """What an authenticated peer says that is no payload but for the node itself."""
        peer, step, live = link.peer.identifier, Step(), link.speaking
        if kind != NEWS or self.news is None or live is None or now >= live.until:
            self.counters["unread"] += 1
            return step
        try:
            answers = self.news.receive(peer, inside, now)
        except Rejected as error:
            self.counters[f"news {error.reason}"] += 1
            answers = []
        self._reviewed(step, now)  # which may end the session with this very peer
        for answer in answers if self.links.get(peer) is link else ():
            step.add(self._seal(link, live, NEWS + answer, now))
        return step

    def _heard(self, link: Link, live: Live, now: float) -> Step:
        """Both sides have the new session: the others are kept for what is under way."""
        live.heard, live.until, step = True, live.since + self.policy.expire_s, Step()
        if not live.keys.initiator:
            step.add(self._use(link, live, now)).add(self._alive(link, live, now))
        for name, other in link.live.items():
            if name != link.sending and other.heard:
                other.until = min(other.until, now + self.policy.grace_s)
        return step

    def _use(self, link: Link, live: Live, now: float) -> Step:
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
        step = self._told("session", link.peer.identifier, now, live.keys.session.hex())
        while link.pending:
            step.add(self._seal(link, live, DATA + link.pending.popleft(), now))
            self.counters["sent"] += 1
        return step

    def _seal(self, link: Link, live: Live, inside: bytes, now: float) -> Step:
        link.said_s = now
        link.unanswered_s = min(link.unanswered_s, now)
        return Step(send=[(link.address, live.session.seal(inside))])

    def _alive(self, link: Link, live: Live, now: float) -> Step:
        """A sign of life; it says what newest epoch is known here."""
        news = self.news
        return self._seal(
            link, live, ALIVE if news is None else NEWS + news.hello(link.peer.identifier, now), now
        )

    def _renews(self, link: Link, live: Live, now: float) -> bool:
        """Whether this side begins a new handshake: when the session is old, or the peer is silent."""
        quiet = now >= link.unanswered_s + 1.5 * self.policy.quiet_s
        return quiet or now >= live.renews or (live.keys.initiator and live.session.due(now))

    def _alive_due(self, link: Link, live: Live) -> float:
        """When to show a sign of life."""
        if live.keys.initiator and not live.heard:
            return link.said_s + CONFIRM_S
        return link.heard_s + self.policy.quiet_s if link.heard_s > link.said_s else math.inf

    def _retire(self, link: Link, address: bytes, now: float) -> None:
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

    def _forget(self, link: Link, now: float) -> None:
        for live in [live for live in link.live.values() if now >= live.until]:
            self._end(link, live)

    def _end(self, link: Link, live: Live) -> None:
        link.live.pop(live.keys.session, None)
        self.by_session.pop(live.keys.session, None)
        if self.ledger is not None:
            self.ledger.forget(live.keys.session)

    def _due(self, link: Link) -> float:
        times = [live.until for live in link.live.values()]
        live = link.speaking
        if link.began is not None:
            times += [link.began.due(), link.began_s + self.policy.give_up_s]
        elif live is not None:
            times += [live.renews, link.unanswered_s + 1.5 * self.policy.quiet_s, self._alive_due(link, live)]
        if live is not None and self.news is not None:
            times.append(self.news.due(link.peer.identifier))
        return min([*times, self.journal.due()])

    def _told(self, kind: str, peer: bytes, now: float, detail: str = "") -> Step:
        """An event, and its leaf in the audit log."""
        self.counters[kind] += 1
        self.journal.write(kind, peer, detail, now)
        if self.journal.lost:
            self.counters["unaudited"] = self.journal.lost
        return Step(events=[Event(now, kind, peer, detail)])
