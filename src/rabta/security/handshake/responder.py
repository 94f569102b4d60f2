"""The side that answers."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Sequence

from rabta.security.core import HybridPrivate, HybridPublic, Rejected, Suite
from rabta.security.core.peers import Local, Peer, SessionKeys
from rabta.security.core.suites import X25519_BYTES
from rabta.security.handshake import wire
from rabta.security.handshake.memory import Answers, Done, Parts
from rabta.security.handshake.schedule import CONFIRM, IDENTITY, Chain
from rabta.security.handshake.wire import Fragment, Step

SECRET_S = 120.0
"""How long a cookie's secret makes cookies; it is accepted for as long again."""


class Responder:
    """Answers whoever has an accepted credential.

    Parameters
    ----------
    lookup : callable
        Identifier to `Peer`; raises `Rejected` for who is unknown, expired or revoked.
    suites : sequence of Suite
        Those that are answered; each is its own protocol, none is negotiated.
    loaded : callable or bool
        Whether strangers must show a cookie first. It is also asked for where many messages are
        unfinished.
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
        self.work = 0
        self.local, self.lookup, self.suites, self.psk, self.loaded = (
            local,
            lookup,
            tuple(suites),
            psk,
            loaded,
        )
        self._secrets = [os.urandom(32), os.urandom(32)]
        self._secret_s = -SECRET_S
        self._open, self._shown = Parts(), Parts()  # without and with a cookie
        self._done = Answers()

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
        done = self._done.get(fragment.exchange, now)
        if done is not None and done.address == address:
            return Step(send=done.again(len(datagram), now))
        parts = self._shown if fragment.cookie else self._open
        whole = parts.add(fragment, address, now)
        return Step() if whole is None else self._answer(fragment, whole, address, now)

    # Cookies

    def _guard(self, fragment: Fragment, address: bytes, now: float) -> Step | None:
        """Before anything is kept or computed: under load the address must show that it hears answers.

        A cookie that is not (or no longer) good is answered with one that is.
        """
        if fragment.kind == wire.HELLO_WITH_COOKIE:
            if any(self._is_cookie(fragment, age, address, now) for age in (0, 1)):
                return None
        elif not (self.loaded() if callable(self.loaded) else self.loaded) and (
            self._open.has(fragment, address) or not self._open.full(address, now)
        ):
            return None
        value = self._cookie(0, fragment.exchange, address, now)
        return Step(send=[wire.cookie(fragment.suite, fragment.exchange, value)])

    def _is_cookie(self, fragment: Fragment, age: int, address: bytes, now: float) -> bool:
        return hmac.compare_digest(fragment.cookie, self._cookie(age, fragment.exchange, address, now))

    def _cookie(self, age: int, exchange: bytes, address: bytes, now: float) -> bytes:
        """Cookie of an exchange from an address, by the secret of now (age 0) or the one before."""
        while now >= self._secret_s + SECRET_S:
            fresh = now >= self._secret_s + 2.0 * SECRET_S
            self._secrets = [os.urandom(32), os.urandom(32) if fresh else self._secrets[0]]
            self._secret_s = now
        return hmac.digest(self._secrets[age], exchange + address, "sha256")[: wire.COOKIE_BYTES]

    # Keys

    def _answer(self, fragment: Fragment, message: bytes, address: bytes, now: float) -> Step:
        suite, exchange = fragment.suite, fragment.exchange
        digest = suite.digest(exchange, message)
        before = self._done.get(exchange, now)
        if before is not None and before.digest == digest:
            return Step(send=before.send)  # from another address: the same answer, no second session
        answer, keys = self._agree(suite, exchange, message)
        send = wire.cut(wire.ANSWER, suite, exchange, answer, fragment.parity)
        self._done.put(exchange, Done(digest, address, now, send, now))
        return Step(send, keys)

    def _agree(self, suite: Suite, exchange: bytes, message: bytes) -> tuple[bytes, SessionKeys]:
        """Second message and keys; `Rejected` where the first does not hold or its sender is not accepted."""
        self.work += 1
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
