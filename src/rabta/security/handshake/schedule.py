"""The key schedule: a chain key that takes every secret, and a transcript that takes every name and message.

`rabta.security.model` says the same as terms; a test reads this code's own calls back and compares the two.
"""

from __future__ import annotations

from rabta.security.core import Rejected, Suite
from rabta.security.core.peers import SessionKeys
from rabta.security.core.suites import NONCE_BYTES

PROTOCOL = b"rabta overlay handshake 1"
IDENTITY, CONFIRM, SESSION = b"identity", b"confirm", b"session"
THERE, BACK, EXPORTER = b"initiator to responder", b"responder to initiator", b"exporter"
SESSION_BYTES = 8
_NONCE = bytes(NONCE_BYTES)  # every key of the handshake seals once


class Chain:
    """Chain key and transcript of one handshake, the same on both sides."""

    def __init__(self, suite: Suite, responder: bytes) -> None:
        self.suite = suite
        self.key = suite.digest(PROTOCOL, bytes([suite.identifier]))
        self.transcript = self.key
        self.absorb(responder)

    def absorb(self, *parts: bytes) -> None:
        """Bind what was sent, or a name; all have lengths that the suite fixes."""
        self.transcript = self.suite.digest(self.transcript, *parts)

    def mix(self, secret: bytes) -> None:
        """Take a secret into the chain key."""
        self.key = self.suite.extract(self.key, secret)

    def expand(self, label: bytes, length: int = 32) -> bytes:
        """Key for one use, bound to all so far."""
        return self.suite.expand(self.key, label + self.transcript, length)

    def seal(self, label: bytes, plain: bytes) -> bytes:
        """Ciphertext and tag under a key of its own."""
        sealed: bytes = self.suite.aead(self.expand(label)).encrypt(_NONCE, plain, self.transcript)
        return sealed

    def open(self, label: bytes, sealed: bytes) -> bytes:
        """What was sealed; `Rejected` where it was not under the same secrets and transcript."""
        from cryptography.exceptions import InvalidTag

        try:
            plain: bytes = self.suite.aead(self.expand(label)).decrypt(_NONCE, sealed, self.transcript)
        except InvalidTag:
            raise Rejected("mac", "a handshake message that does not hold") from None
        return plain

    def finish(self, peer: bytes, *, initiator: bool) -> SessionKeys:
        """Keys of the session."""
        size = self.suite.hash_bytes
        there, back = self.expand(THERE, size), self.expand(BACK, size)
        send, receive = (there, back) if initiator else (back, there)
        return SessionKeys(
            self.suite,
            send,
            receive,
            self.expand(EXPORTER, size),
            self.expand(SESSION, SESSION_BYTES),
            peer,
            initiator,
        )
