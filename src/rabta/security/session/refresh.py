"""New secrets for a session in use: an ML-KEM key, its ciphertext, X25519 beside them, in crumbs on packets.

Whoever began the session offers fresh public keys; the other answers with a ciphertext and a fresh X25519
key. Both travel 32 bytes a packet, over and over until the other side shows that it has all. Then both chains
take the secrets at their next epoch: who had copied all keys before is shut out (post-compromise security).
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field

from rabta.security.core import HybridPrivate, HybridPublic, Rejected, Suite
from rabta.security.core.suites import X25519_BYTES

CRUMB_BYTES = 32
OFFER, ANSWER, DONE = 1, 2, 3
TAG_BYTES = 4
FRAME_BYTES = 4 + TAG_BYTES + CRUMB_BYTES
"""Kind, round, index, tag of the whole and the crumb: 40 bytes are the most that a packet gets more."""


def tag(whole: bytes) -> bytes:
    """What tells the crumbs of one whole from those of another, as after a crash in mid-round."""
    return hashlib.sha256(whole).digest()[:TAG_BYTES]


@dataclass
class _Blob:
    """Crumbs of what the other side sends."""

    size: int
    name: bytes = b""
    crumbs: dict[int, bytes] = field(default_factory=dict)

    def add(self, index: int, name: bytes, crumb: bytes) -> bytes | None:
        """Return the whole once all crumbs are there; another whole's begin anew."""
        if index >= -(-self.size // CRUMB_BYTES):
            raise Rejected("malformed", "a crumb beyond the end")
        if name != self.name:
            self.name, self.crumbs = name, {}
        self.crumbs[index] = crumb
        if len(self.crumbs) * CRUMB_BYTES < self.size:
            return None
        whole = b"".join(self.crumbs[k] for k in range(len(self.crumbs)))[: self.size]
        if tag(whole) != name:
            self.crumbs = {}
            return None
        return whole


class Refresh:
    """State of one side over all rounds of a session.

    Attributes
    ----------
    number : int
        Round, from 1 on; 0 before the first.
    secret : bytes
        Of the round, once known; empty otherwise.
    """

    def __init__(self, suite: Suite, *, initiator: bool) -> None:
        self.suite, self.initiator = suite, initiator
        self.number, self.done, self.secret = 0, 0, b""
        self._private: HybridPrivate | None = None
        self._sending, self._tag, self._offer, self._at = b"", b"", b"", 0
        self._answered_to = b""
        self._taking: _Blob | None = None

    def __repr__(self) -> str:
        return f"Refresh(round {self.number})"

    def begin(self) -> None:
        """Offer fresh keys; does nothing while a round is under way."""
        if not self.initiator or self.number > self.done:
            return
        self.number += 1
        self._private = HybridPrivate.generate(self.suite)
        public = self._private.public
        self._offer = public.mlkem + public.x25519
        self._send(self._offer)
        self._taking, self._at = _Blob(self.suite.kem_ciphertext_bytes + X25519_BYTES), 0

    def _send(self, whole: bytes) -> None:
        self._sending, self._tag = whole, tag(whole)

    @property
    def active(self) -> bool:
        """Whether there is something to say on the next packet."""
        return bool(self._sending)

    def frame(self) -> bytes:
        """What rides on the next packet; empty for nothing."""
        if not self._sending:
            return b""
        at = self._at
        self._at = (at + 1) % -(-len(self._sending) // CRUMB_BYTES)
        crumb = self._sending[at * CRUMB_BYTES : (at + 1) * CRUMB_BYTES].ljust(CRUMB_BYTES, b"\0")
        kind = OFFER if self.initiator else ANSWER
        return bytes([kind, self.number >> 8 & 255, self.number & 255, at]) + self._tag + crumb

    def take(self, frame: bytes) -> None:
        """Take an authenticated frame of the peer."""
        kind, number, index = frame[0], frame[1] << 8 | frame[2], frame[3]
        name, crumb = frame[4 : 4 + TAG_BYTES], frame[4 + TAG_BYTES :]
        if kind == OFFER and not self.initiator:
            self._offered(number, index, name, crumb)
        elif (
            kind == ANSWER and self.initiator and number == self.number & 0xFFFF and self._taking is not None
        ):
            answer = self._taking.add(index, name, crumb)
            if answer is not None:
                self._answered(answer)

    def _offered(self, number: int, index: int, name: bytes, crumb: bytes) -> None:
        ahead = (number - self.done) & 0xFFFF
        if not 0 < ahead < 0x8000 or (self.secret and name == self._answered_to):
            return  # of a round that is over, or answered already
        if self._taking is None or self.number != self.done + ahead:
            self.number = self.done + ahead
            self._taking = _Blob(self.suite.kem_public_bytes + X25519_BYTES)
        offer = self._taking.add(index, name, crumb)
        if offer is None:
            return
        size = self.suite.kem_public_bytes
        theirs = HybridPublic(self.suite, offer[:size], offer[size:])
        own = HybridPrivate(self.suite, b"", os.urandom(X25519_BYTES))
        secret, ciphertext = theirs.encapsulate()
        shared = own.exchange(theirs)
        self._send(ciphertext + own.x25519_public)
        self._answered_to = name
        self.secret = self.suite.digest(secret, shared, self.suite.digest(offer, self._sending))
        self._taking, self._at = None, 0

    def _answered(self, answer: bytes) -> None:
        if self._private is None:
            return
        size = self.suite.kem_ciphertext_bytes
        theirs = HybridPublic(self.suite, self._private.public.mlkem, answer[size:])
        secret, shared = self._private.decapsulate(answer[:size]), self._private.exchange(theirs)
        self.secret = self.suite.digest(secret, shared, self.suite.digest(self._offer, answer))
        self._sending, self._taking, self._private = b"", None, None

    def finish(self) -> None:
        """Both chains have the secret: forget it."""
        self.done, self.secret, self._sending = self.number, b"", b""
        self._taking, self._private = None, None
