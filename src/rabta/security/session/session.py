"""A session: what is sealed here opens there once, in order or not, over handovers and crashes.

The sender of a direction alone decides when its epoch changes; the notes in its packets let the other side
follow, and make it change its own direction too. So a handover costs no round trip and loses nothing that
arrives.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from typing import Any

from rabta.errors import RabtaError
from rabta.security.core import Rejected, cbor
from rabta.security.core.peers import SessionKeys
from rabta.security.core.suites import TAG_BYTES, numbered
from rabta.security.session import packets
from rabta.security.session.chain import Chain
from rabta.security.session.ledger import Ledger
from rabta.security.session.packets import HEADER_BYTES, MOST_COUNTER, MOST_NOTES, Packet
from rabta.security.session.refresh import FRAME_BYTES, Refresh
from rabta.security.session.window import Window

MOST_DATAGRAM = 1232
PLAIN, FRAMED = b"\x00", b"\x01"
REFRESH_PACKETS = 2000
"""Packets sent since the last refresh after which the next begins: 40 s at 50 packets a second."""
RENEW_PACKETS = 1 << 32
LEAST_LEASE, MOST_LEASE = 64, 8192
REMEMBERED = 64
VERSION = 2


class Session:
    """One side of a session.

    Parameters
    ----------
    keys : SessionKeys
        As the handshake gave them.
    ledger : Ledger, optional
        Where counters are leased before they are used, so that a crash never brings one back.
    """

    def __init__(self, keys: SessionKeys, ledger: Ledger | None = None) -> None:
        self.keys, self.ledger, self.suite = keys, ledger, keys.suite
        self.sending = Chain(keys.suite, keys.send, live=1)
        self.receiving = Chain(keys.suite, keys.receive)
        self.window, self.refreshing = Window(), Refresh(keys.suite, initiator=keys.initiator)
        self.counter, self.confirmed = 0, keys.initiator
        self._notes: list[tuple[bytes, bytes]] = []
        self._recent: deque[bytes] = deque(maxlen=REMEMBERED)
        self._waiting = b""
        self._refreshed = 0
        self._began = ledger.stamp() if ledger is not None else []
        self._send_lease = self._receive_lease = 0 if ledger is not None else MOST_COUNTER + 1
        self._lease = LEAST_LEASE
        self._before = self._after = b""
        self._room, self._cipher = 0, self.sending.ciphers[0]
        self._headed()

    def __repr__(self) -> str:
        return f"Session({self.suite.name}, {self.keys.session.hex()}, epoch {self.sending.epoch})"

    # Sending

    def room(self) -> int:
        """Longest payload that the next packet can take, bytes."""
        return self._room

    def seal(self, payload: bytes) -> bytes:
        """Packet of a payload; an empty payload is a sign of life.

        Raises
        ------
        Rejected
            ``"state"`` on the side that answered, before it has opened a packet; ``"limit"`` for too long a
            payload or when no counter is left.
        RabtaError
            Where the ledger cannot be written: rather no packet than a counter used twice.
        """
        if not self.confirmed:
            raise Rejected("state", "the peer has not shown yet that it has the keys")
        number = self.counter
        if len(payload) > self._room or number > MOST_COUNTER:
            raise Rejected("limit", "too long a payload, or no counter left")
        if number >= self._send_lease:
            self._extend(send=number)
        if number - self._refreshed >= REFRESH_PACKETS and self.keys.initiator:
            self.refresh()
        plain = PLAIN + payload
        if self.refreshing.active and len(payload) + FRAME_BYTES <= self._room:
            plain = FRAMED + self.refreshing.frame() + payload
        self.counter = number + 1
        nonce = number.to_bytes(12, "big")
        head = self._before + nonce[6:] + self._after
        sealed: bytes = self._cipher.encrypt(nonce, plain, head)
        return head + sealed

    def _headed(self) -> None:
        """Prepare what packets begin with; to be called when an epoch or the notes have changed."""
        self._before = packets.before(
            self.keys.session, self.sending.epoch, self.receiving.epoch, len(self._notes)
        )
        self._after = b"".join(note for note, _ in self._notes)
        self._cipher = self.sending.ciphers[self.sending.epoch]
        self._room = MOST_DATAGRAM - HEADER_BYTES - len(self._after) - TAG_BYTES - 1

    def ratchet(self, context: bytes) -> None:
        """Change the keys of this direction at a handover; for what the peer did already it does nothing.

        Parameters
        ----------
        context : bytes
            Hash of what changed: gateways, beam, instant.
        """
        self._follow(packets.handover_note(context))

    def _follow(self, note: bytes) -> None:
        if note in self._recent:
            return
        self._recent.append(note)
        if len(self._notes) >= MOST_NOTES:
            # the peer has not been heard for several handovers: they count as one when it is
            self._waiting = packets.handover_note(self.suite.digest(self._waiting, note))
            self._keep(sync=False)
            return
        self._advance(note)

    def _advance(self, note: bytes, secret: bytes = b"") -> None:
        self.sending.advance(note, secret)
        self._notes.append((note, secret))
        self._headed()
        self._keep(sync=False)

    def refresh(self) -> None:
        """Begin a new exchange of keys on the packets to come (on the side that began the session)."""
        self._refreshed = self.counter
        self.refreshing.begin()
        self._keep(sync=False)

    def due(self, now: float = 0.0) -> bool:  # noqa: ARG002 (the caller's clock, for whom time counts too)
        """Whether a new handshake should follow: many packets were sent."""
        return self.counter >= RENEW_PACKETS

    # Receiving

    def open(self, datagram: bytes) -> bytes:
        """Payload of a packet of the peer; empty for a sign of life.

        Raises
        ------
        Rejected
            ``"malformed"``, ``"unknown"``, ``"replay"``, ``"stale"`` (an epoch that is over or cannot be
            followed), ``"mac"``; nothing was changed.
        """
        packet = packets.parse(datagram)
        if packet.session != self.keys.session:
            raise Rejected("unknown", "a packet of another session")
        if not self.window.fresh(packet.counter):
            raise Rejected("replay", "a packet that was taken, or is too old")
        cipher = self.receiving.ciphers.get(packet.epoch)
        if cipher is None:
            return self._ahead(packet)
        return self._taken(packet, self._opened(cipher, packet))

    def _opened(self, cipher: Any, packet: Packet) -> bytes:
        from cryptography.exceptions import InvalidTag

        try:
            plain: bytes = cipher.decrypt(packet.counter.to_bytes(12, "big"), packet.sealed, packet.header)
        except InvalidTag:
            raise Rejected("mac", "a packet that does not hold") from None
        if plain[:1] != PLAIN and (plain[:1] != FRAMED or len(plain) < 1 + FRAME_BYTES):
            raise Rejected("malformed", "a packet of another form inside")
        return plain

    def _ahead(self, packet: Packet) -> bytes:
        """A packet of an epoch that is not known yet: follow its notes, and commit once it holds."""
        steps = packet.epoch - self.receiving.epoch
        if not 0 < steps <= len(packet.notes):
            raise Rejected("stale", "an epoch that is over, or that cannot be followed")
        notes = [(note, self._secret(note)) for note in packet.notes[-steps:]]
        key, between = self.receiving.ahead(notes)
        plain = self._opened(between[packet.epoch], packet)
        self.receiving.move(key, between, packet.epoch)
        self._headed()
        for note, secret in notes:
            if not secret:
                self._follow(note)
            else:
                self._refreshed_by_peer(note, secret)
        self._keep(sync=False)
        return self._taken(packet, plain)

    def _secret(self, note: bytes) -> bytes:
        """Secret that a note's epoch takes; only a refresh has one."""
        if note[0] != packets.REFRESH:
            return b""
        if note != packets.refresh_note(self.refreshing.number) or not self.refreshing.secret:
            raise Rejected("stale", "a refresh that is not known")
        return self.refreshing.secret

    def _refreshed_by_peer(self, note: bytes, secret: bytes) -> None:
        """The peer's direction is refreshed: refresh the own one, or be done where that came first."""
        if self.keys.initiator:
            self.refreshing.finish()
        else:
            self._advance(note, secret)

    def _taken(self, packet: Packet, plain: bytes) -> bytes:
        if packet.counter >= self._receive_lease:
            self._extend(receive=packet.counter)
        self.window.take(packet.counter)
        self.confirmed = True
        if self._notes:
            self._heard(packet.heard)
        if plain[:1] == PLAIN:
            return plain[1:]
        had = self.refreshing.secret
        self.refreshing.take(plain[1 : 1 + FRAME_BYTES])
        if self.refreshing.secret != had:
            self._keep(sync=False)
        if self.keys.initiator and self.refreshing.secret and len(self._notes) < MOST_NOTES:
            self._begin_refreshed()
        return plain[1 + FRAME_BYTES :]

    def _begin_refreshed(self) -> None:
        note = packets.refresh_note(self.refreshing.number)
        if note not in self._recent:
            self._recent.append(note)
            self._advance(note, self.refreshing.secret)

    def _heard(self, epoch: int) -> None:
        """The peer has heard an epoch of this side: its note, and those before, are not needed any more."""
        known = self.sending.epoch - len(self._notes)
        gone = self._notes[: max(0, min(epoch, self.sending.epoch) - known)]
        if not gone:
            return
        del self._notes[: len(gone)]
        self._headed()
        if not self.keys.initiator and any(secret for _, secret in gone):
            self.refreshing.finish()
        if self._waiting:
            note, self._waiting = self._waiting, b""
            self._follow(note)

    # Crashes

    def _extend(self, send: int | None = None, receive: int | None = None) -> None:
        """Lease counters before they are used; leases grow with the traffic."""
        if self.ledger is None:
            raise Rejected("limit", "no counter left")
        before = self._send_lease, self._receive_lease
        self._lease = min(self._lease * 2, MOST_LEASE)
        if send is not None:
            self._send_lease = send + self._lease
        if receive is not None:
            self._receive_lease = receive + self._lease
        try:
            self._keep(sync=True)
        except BaseException:
            self._send_lease, self._receive_lease = before
            raise

    def _keep(self, *, sync: bool) -> None:
        """Keep the state; what is no lease may fail to be kept, since counters alone must never come back."""
        if self.ledger is None:
            return
        try:
            self.ledger.save(self.keys.session, self.state(), sync=sync)
        except RabtaError:
            if sync:
                raise

    def state(self) -> bytes:
        """All that a restarted node needs, with secrets in it: counters as leased, newest chain keys."""
        keys = self.keys
        return cbor.encode(
            {
                "version": VERSION, "suite": self.suite.identifier, "session": keys.session,
                "peer": keys.peer,
                "initiator": keys.initiator, "exporter": keys.exporter, "confirmed": self.confirmed,
                "send": [self.sending.key, self.sending.epoch, self._send_lease],
                "receive": [self.receiving.key, self.receiving.epoch, self._receive_lease],
                "notes": [list(note) for note in self._notes], "recent": list(self._recent),
                "waiting": self._waiting, "began": self._began,
                "refresh": [self.refreshing.number, self.refreshing.done, self.refreshing.secret],
            }
        )  # fmt: skip

    def age(self) -> float:
        """Seconds since the handshake, by the ledger's clock; infinity where nobody knows."""
        return math.inf if self.ledger is None else self.ledger.age(self._began)

    @classmethod
    def resume(cls, state: bytes, ledger: Ledger) -> Session:
        """Session of a node that was restarted: counters go on behind what was leased.

        Packets under way at the crash are lost, and what the peer sends with counters below its leased ones
        is refused; a new handshake should follow soon.
        """
        raw = _checked(cbor.decode(state))
        suite, (send, epoch, lease), (receive, heard, taken) = raw["suite"], raw["send"], raw["receive"]
        suite = numbered(suite)
        keys = SessionKeys(
            suite, send, receive, raw["exporter"], raw["session"], raw["peer"], raw["initiator"]
        )
        self = cls(keys, ledger)
        self.sending = Chain(suite, send, epoch, live=1)
        self.receiving = Chain(suite, receive, heard)
        self.counter, self.window, self.confirmed = lease, Window(taken), raw["confirmed"]
        self._send_lease, self._receive_lease = lease, taken
        self._notes = [(note, secret) for note, secret in raw["notes"]]
        self._headed()
        self._recent.extend(raw["recent"])
        self._waiting, self._began = raw["waiting"], raw["began"]
        self._refreshed = self.counter
        self.refreshing.number, self.refreshing.done, self.refreshing.secret = raw["refresh"]
        if not self.refreshing.secret:
            self.refreshing.done = self.refreshing.number  # a round that was under way is given up
        return self


def _checked(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict) or raw.get("version") != VERSION:
        raise Rejected("version", "a session's state of another version")
    return raw


def open_many(session: Session, datagrams: Iterable[bytes]) -> tuple[list[bytes], int]:
    """Payloads of those that hold, in their order, and how many were refused."""
    found, refused = [], 0
    for datagram in datagrams:
        try:
            found.append(session.open(datagram))
        except Rejected:
            refused += 1
    return found, refused
