"""The two suites: their algorithms, sizes and key derivation.

NS takes what CNSA 2.0 asks of national security systems (ML-KEM-1024, AES-256, SHA-384) beside X25519; CI
serves civil nodes and small machines without AES instructions (ML-KEM-768, ChaCha20-Poly1305, SHA-256). There
is no negotiation: a node is configured for a suite, and its identifier is in every transcript.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from rabta.errors import RabtaError, nearest
from rabta.security.core.rejected import Rejected

KEY_BYTES = 32
TAG_BYTES = 16
NONCE_BYTES = 12
X25519_BYTES = 32


@dataclass(frozen=True)
class Suite:
    """Algorithms that go together.

    Attributes
    ----------
    identifier : int
        One byte, as it stands in messages.
    kem : str
        ``"MLKEM1024"`` or ``"MLKEM768"``: its parameter set in FIPS 203.
    kem_public_bytes, kem_ciphertext_bytes : int
        FIPS 203, table 3.
    """

    name: str
    identifier: int
    kem: str
    kem_public_bytes: int
    kem_ciphertext_bytes: int
    cipher: str
    hash_name: str
    hash_bytes: int

    def digest(self, *parts: bytes) -> bytes:
        """Hash of the parts one after the other, `hash_bytes` long."""
        state = hashlib.new(self.hash_name)
        for part in parts:
            state.update(part)
        return state.digest()

    def mac(self, key: bytes, message: bytes) -> bytes:
        """HMAC (RFC 2104) with the suite's hash."""
        return hmac.digest(key, message, self.hash_name)

    def extract(self, salt: bytes, secret: bytes) -> bytes:
        """HKDF-Extract (RFC 5869, 2.2): a key of `hash_bytes`."""
        return hmac.digest(salt or bytes(self.hash_bytes), secret, self.hash_name)

    def expand(self, key: bytes, label: bytes, length: int = KEY_BYTES) -> bytes:
        """HKDF-Expand (RFC 5869, 2.3) of at most 255 times `hash_bytes`."""
        out, block = b"", b""
        for count in range(1, -(-length // self.hash_bytes) + 1):
            block = hmac.digest(key, block + label + bytes([count]), self.hash_name)
            out += block
        return out[:length]

    def aead(self, key: bytes) -> Any:
        """Cipher with ``encrypt(nonce, data, associated)`` and ``decrypt``, from 32 bytes of key."""
        from cryptography.hazmat.primitives.ciphers import aead

        if len(key) != KEY_BYTES:
            raise RabtaError(
                "a cipher's key of the wrong length", value=len(key), expected=f"{KEY_BYTES} bytes"
            )
        return (aead.AESGCM if self.cipher == "AES-256-GCM" else aead.ChaCha20Poly1305)(key)


NS = Suite("NS", 1, "MLKEM1024", 1568, 1568, "AES-256-GCM", "sha384", 48)
CI = Suite("CI", 2, "MLKEM768", 1184, 1088, "ChaCha20-Poly1305", "sha256", 32)
SUITES = {suite.name: suite for suite in (NS, CI)}


def named(name: str) -> Suite:
    """Suite by the name that a person gives; an unknown one is refused with the nearest."""
    if name not in SUITES:
        raise RabtaError("no such suite", key="suite", value=name, expected=nearest(name, SUITES))
    return SUITES[name]


def numbered(identifier: int) -> Suite:
    """Suite by its byte in a message."""
    for suite in SUITES.values():
        if suite.identifier == identifier:
            return suite
    raise Rejected("suite", f"no suite has the number {identifier}")
