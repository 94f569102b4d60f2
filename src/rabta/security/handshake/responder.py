"""The side that answers."""

from __future__ import annotations

import hmac
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rabta.security.core import HybridPrivate, HybridPublic, Rejected, Suite
from rabta.security.core.peers import Local, Peer, SessionKeys
from rabta.security.core.suites import X25519_BYTES
from rabta.security.handshake import wire
from rabta.security.handshake.schedule import CONFIRM, IDENTITY, Chain
from rabta.security.handshake.wire import Fragment, Puzzle, Step

SECRET_S = 120.0
"""How long a cookie's secret makes cookies; it is accepted for as long again."""
PARTS_S = 10.0
DONE_S = 30.0
MOST_PARTS = 1024
MOST_EACH = 16
"""Unfinished messages of all addresses together, and of one."""
MOST_DONE = 4096


@dataclass
class _Unfinished:
    puzzle: Puzzle
    address: bytes
    since: float


@dataclass
class _Done:
    """An answered message: what was answered, and which fragments of it came since."""

    digest: bytes
    address: bytes
    since: float
    send: list[bytes]
    seen: set[int] = field(default_factory=set)


class Responder:
    """Answers whoever has an accepted credential.

    Parameters
    ----------
    lookup : callable
        Identifier to `Peer`; raises `Rejected` for who is unknown, expired or revoked.
    suites : sequence of Suite
        Those that are answered; each is its own protocol, none is negotiated.
    loaded : callable or bool
        Whether strangers must show a cookie first. It is also asked for while many messages are unfinished.
    """

    def __init__(
        self,
        local: Local,
        lookup: Callable[[bytes], Peer],
        suites: Sequence[Suite],
        *,
        psk: bytes = b"",
        loaded: Callable[[], bool] | bool = False,
    ) -> None:
        self.local, self.lookup, self.suites, self.psk, self.loaded = (
            local,
            lookup,
            tuple(suites),
            psk,
            loaded,
        )
        self._secrets = [os.urandom(32), os.urandom(32)]
        self._secret_s = -SECRET_S
        self._parts: OrderedDict[tuple[bytes, bytes], _Unfinished] = OrderedDict()
        self._each: dict[bytes, int] = {}
        self._done: OrderedDict[bytes, _Done] = OrderedDict()

    def __repr__(self) -> str:
        return f"Responder({', '.join(suite.name for suite in self.suites)})"

    def receive(self, datagram: bytes, address: bytes, now: float) -> Step:
        """Take a fragment of a first message from an address."""
        fragment = wire.parse(datagram)
        if not wire.is_for_responder(datagram):
            raise Rejected("unknown", "an answer to a question that was not asked")
        if fragment.suite not in self.suites:
            raise Rejected("suite", f"suite {fragment.suite.name} is not answered here")
        asked = self._guard(fragment, address, now)
        if asked is not None:
            return asked
        done = self._done.get(fragment.exchange)
        if done is not None and now < done.since + DONE_S and done.address == address:
            return self._again(done, fragment)
        message = self._collect(fragment, address, now)
        return Step() if message is None else self._answer(fragment, message, address, now)

    # Cookies

    def _guard(self, fragment: Fragment, address: bytes, now: float) -> Step | None:
        """Before anything is kept or computed: under load the address must show that it hears answers."""
        if fragment.kind == wire.HELLO_WITH_COOKIE:
            good = [self._cookie(k, fragment.exchange, address, now) for k in (0, 1)]
            if not any(hmac.compare_digest(fragment.cookie, one) for one in good):
                raise Rejected("cookie", "a cookie that was not made for this address")
            return None
        busy = self.loaded() if callable(self.loaded) else self.loaded
        if not busy and len(self._parts) < MOST_PARTS // 2:
            return None
        if fragment.index:
            return Step()  # one cookie a message is enough
        value = self._cookie(0, fragment.exchange, address, now)
        return Step(send=[wire.cookie(fragment.suite, fragment.exchange, value)])

    def _cookie(self, age: int, exchange: bytes, address: bytes, now: float) -> bytes:
        """Cookie of an exchange from an address, by the secret of now (age 0) or the one before."""
        while now >= self._secret_s + SECRET_S:
            fresh = now >= self._secret_s + 2.0 * SECRET_S
            self._secrets = [os.urandom(32), os.urandom(32) if fresh else self._secrets[0]]
            self._secret_s = now
        return hmac.digest(self._secrets[age], exchange + address, "sha256")[: wire.COOKIE_BYTES]

    # Fragments

    def _collect(self, fragment: Fragment, address: bytes, now: float) -> bytes | None:
        """Whole message, if this fragment makes it so; old and excess ones are forgotten, oldest first."""
        key = (address, fragment.exchange)
        self._forget(now)
        held = self._parts.get(key)
        if held is None:
            if self._each.get(address, 0) >= MOST_EACH:
                raise Rejected("limit", "too many unfinished messages from one address")
            while len(self._parts) >= MOST_PARTS:
                self._drop(next(iter(self._parts)))
            held = self._parts[key] = _Unfinished(Puzzle(fragment), address, now)
            self._each[address] = self._each.get(address, 0) + 1
        try:
            message = held.puzzle.add(fragment)
        except Rejected:
            self._drop(key)
            raise
        if message is not None:
            self._drop(key)
        return message

    def _drop(self, key: tuple[bytes, bytes]) -> None:
        held = self._parts.pop(key)
        left = self._each[held.address] - 1
        if left:
            self._each[held.address] = left
        else:
            del self._each[held.address]

    def _forget(self, now: float) -> None:
        while self._parts:
            key = next(iter(self._parts))
            if now < self._parts[key].since + PARTS_S:
                break
            self._drop(key)
        while self._done:
            exchange, done = next(iter(self._done.items()))
            if now < done.since + DONE_S and len(self._done) < MOST_DONE:
                break
            del self._done[exchange]

    def _again(self, done: _Done, fragment: Fragment) -> Step:
        """A fragment of an answered message: late ones are passed over, repetitions answered once more."""
        if fragment.index not in done.seen:
            done.seen.add(fragment.index)
            return Step()
        done.seen = {fragment.index}
        return Step(send=done.send)

    # Keys

    def _answer(self, fragment: Fragment, message: bytes, address: bytes, now: float) -> Step:
        suite, exchange = fragment.suite, fragment.exchange
        digest = suite.digest(exchange, message)
        before = self._done.get(exchange)
        if before is not None and before.digest == digest and now < before.since + DONE_S:
            return Step(send=before.send)  # from another address: the same answer, no second session
        answer, keys = self._agree(suite, exchange, message)
        send = wire.cut(wire.ANSWER, suite, exchange, answer, fragment.parity)
        self._done[exchange] = _Done(digest, address, now, send, {fragment.index})
        return Step(send, keys)

    def _agree(self, suite: Suite, exchange: bytes, message: bytes) -> tuple[bytes, SessionKeys]:
        """Second message and keys; `Rejected` where the first does not hold or its sender is not accepted."""
        own, size = self.local.key(suite), suite.kem_public_bytes
        split = X25519_BYTES + size + suite.kem_ciphertext_bytes
        clear, hidden = message[:split], message[split:]
        theirs = HybridPublic(suite, clear[X25519_BYTES : X25519_BYTES + size], clear[:X25519_BYTES])
        chain = Chain(suite, self.local.identifier)
        chain.absorb(exchange, clear)
        chain.mix(own.decapsulate(clear[X25519_BYTES + size :]))
        chain.mix(own.exchange(theirs))
        peer = self.lookup(chain.open(IDENTITY, hidden))
        chain.absorb(peer.identifier)
        return self._second(suite, chain, theirs, peer)

    def _second(
        self, suite: Suite, chain: Chain, theirs: HybridPublic, peer: Peer
    ) -> tuple[bytes, SessionKeys]:
        ephemeral = HybridPrivate(suite, b"", os.urandom(X25519_BYTES))
        static = peer.key(suite)
        (one, to_ephemeral), (two, to_static) = theirs.encapsulate(), static.encapsulate()
        clear = ephemeral.x25519_public + to_ephemeral + to_static
        chain.absorb(clear)
        chain.mix(one)
        chain.mix(two)
        chain.mix(ephemeral.exchange(theirs))
        chain.mix(ephemeral.exchange(static))
        chain.mix(self.psk)
        answer = clear + chain.seal(CONFIRM, b"")
        return answer, chain.finish(peer.identifier, initiator=False)
