"""The side that begins."""

from __future__ import annotations

import copy
import math

from rabta.security.core import HybridPrivate, HybridPublic, Rejected, Suite
from rabta.security.core.peers import Local, Peer, SessionKeys
from rabta.security.core.suites import X25519_BYTES
from rabta.security.handshake import wire
from rabta.security.handshake.schedule import CONFIRM, IDENTITY, Chain
from rabta.security.handshake.wire import Puzzle, Step

RETRY_S = 0.65
"""Until the first repetition: a round trip over a geostationary satellite takes 0.6 s at most."""
BACK_OFF = 1.5
MOST_RETRY_S = 10.0
MOST_COOKIES = 3
"""Cookies that are believed between two repetitions: each one is answered with the whole message."""


class Initiator:
    """One attempt to agree on keys with a peer whose credential was accepted.

    Parameters
    ----------
    psk : bytes
        Secret shared beforehand; empty for none. Both sides must have the same.
    parity : int
        Parity fragments of both messages, 0 to 2: for paths that lose packets and take long.
    """

    def __init__(
        self,
        local: Local,
        peer: Peer,
        suite: Suite,
        psk: bytes = b"",
        *,
        parity: int = 0,
        retry_s: float = RETRY_S,
    ) -> None:
        if not 0 <= parity <= wire.MOST_PARITY:
            raise Rejected("limit", f"{parity} parity fragments where at most {wire.MOST_PARITY} are")
        self.local, self.peer, self.suite, self.psk, self.parity = local, peer, suite, psk, parity
        self.exchange = wire.new_exchange(parity)
        self.keys: SessionKeys | None = None
        self._wait, self._next = retry_s, math.inf
        self._cookie, self._cookies = b"", 0
        self._puzzle = Puzzle()
        self._ephemeral = HybridPrivate.generate(suite)
        self._chain, self._hello = self._greet()

    def __repr__(self) -> str:
        return f"Initiator({self.suite.name}, {self.peer.name or self.peer.identifier[:4].hex()})"

    def _greet(self) -> tuple[Chain, bytes]:
        theirs, own = self.peer.key(self.suite), self._ephemeral.public
        chain = Chain(self.suite, self.peer.identifier)
        secret, ciphertext = theirs.encapsulate()
        clear = own.x25519 + own.mlkem + ciphertext
        chain.absorb(self.exchange, clear)
        chain.mix(secret)
        chain.mix(self._ephemeral.exchange(theirs))
        hidden = chain.seal(IDENTITY, self.local.identifier)
        chain.absorb(self.local.identifier)
        return chain, clear + hidden

    def start(self, now: float) -> list[bytes]:
        """Datagrams of the first message."""
        self._next = now + self._wait
        kind = wire.HELLO_WITH_COOKIE if self._cookie else wire.HELLO
        return wire.cut(kind, self.suite, self.exchange, self._hello, self.parity, self._cookie)

    def owns(self, datagram: bytes) -> bool:
        """Whether a datagram is an answer to this attempt."""
        return (
            datagram[:1] in {bytes([wire.ANSWER]), bytes([wire.COOKIE])} and datagram[2:10] == self.exchange
        )

    def due(self) -> float:
        """When `tick` repeats at the earliest; infinity when nothing is left to do."""
        return self._next

    def tick(self, now: float) -> list[bytes]:
        """Repeat the first message when its time has come."""
        if now < self._next or self.keys is not None:
            return []
        self._cookies = 0
        self._wait = min(self._wait * BACK_OFF, MOST_RETRY_S)
        return self.start(now)

    def receive(self, datagram: bytes, now: float) -> Step:
        """Take an answer; the keys are there when it is whole and holds."""
        if not self.owns(datagram):
            raise Rejected("unknown", "an answer that nobody waits for")
        fragment = wire.parse(datagram)
        if fragment.suite is not self.suite:
            raise Rejected("suite", "an answer in another suite")
        if self.keys is not None:
            return Step()
        if fragment.kind == wire.COOKIE:
            return Step(send=self._again(fragment.cookie, now))
        try:
            message = self._puzzle.add(fragment)
            if message is None:
                return Step()
            self.keys = self._finish(message)
        except Rejected:
            self._puzzle = Puzzle()  # one forged fragment must not spoil the true ones that come again
            raise
        self._next = math.inf
        return Step(keys=self.keys)

    def _again(self, cookie: bytes, now: float) -> list[bytes]:
        """Message with a cookie."""
        if self._cookie == cookie:
            return []  # it is on its way
        if self._cookies >= MOST_COOKIES:
            raise Rejected("limit", "more cookies than an honest responder gives")
        self._cookie, self._cookies = cookie, self._cookies + 1
        return self.start(now)

    def _finish(self, message: bytes) -> SessionKeys:
        """Keys from the second message; this attempt's chain stays as it was where it does not hold."""
        size, chain = self.suite.kem_ciphertext_bytes, copy.copy(self._chain)
        clear, tag = message[: X25519_BYTES + 2 * size], message[X25519_BYTES + 2 * size :]
        theirs = HybridPublic(self.suite, self._ephemeral.public.mlkem, clear[:X25519_BYTES])
        own = self.local.key(self.suite)
        chain.absorb(clear)
        chain.mix(self._ephemeral.decapsulate(clear[X25519_BYTES : X25519_BYTES + size]))
        chain.mix(own.decapsulate(clear[X25519_BYTES + size :]))
        chain.mix(self._ephemeral.exchange(theirs))
        chain.mix(own.exchange(theirs))
        chain.mix(self.psk)
        chain.open(CONFIRM, tag)
        return chain.finish(self.peer.identifier, initiator=True)
