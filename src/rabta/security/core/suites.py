"""The two suites: their algorithms, sizes and key derivation.

NS takes what CNSA 2.0 asks of national security systems (ML-KEM-1024, AES-256, SHA-384) beside X25519; CI
serves civil nodes and small machines without AES instructions (ML-KEM-768, ChaCha20-Poly1305, SHA-256). There
is no negotiation: a node is configured for a suite, and its identifier is in every transcript.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from rabta.errors import RabtaError, nearest
from rabta.security.core.rejected import Rejected

KEY_BYTES = 32
TAG_BYTES = 16
NONCE_BYTES = 12
X25519_BYTES = 32
_HASHES = {"sha256": hashlib.sha256, "sha384": hashlib.sha384}
_BLOCK = {"sha256": 64, "sha384": 128}
_INNER, _OUTER = bytes(x ^ 0x36 for x in range(256)), bytes(x ^ 0x5C for x in range(256))


def hmac_of(name: str, key: bytes, message: bytes) -> bytes:
    """HMAC (RFC 2104) in half the time of the library's, which looks its hash up by name in each call.

    Examples
    --------
    >>> import hmac
    >>> all(
    ...     hmac_of(name, bytes(n), b"data") == hmac.digest(bytes(n), b"data", name)
    ...     for name in ("sha256", "sha384") for n in (0, 32, 64, 128, 200)
    ... )
    True
    """
    new, size = _HASHES[name], _BLOCK[name]
    padded = (key if len(key) <= size else new(key).digest()).ljust(size, b"\0")
    return new(padded.translate(_OUTER) + new(padded.translate(_INNER) + message).digest()).digest()


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
        return _HASHES[self.hash_name](b"".join(parts)).digest()

    def mac(self, key: bytes, message: bytes) -> bytes:
        """HMAC (RFC 2104) with the suite's hash."""
        return hmac_of(self.hash_name, key, message)

    def extract(self, salt: bytes, secret: bytes) -> bytes:
        """HKDF-Extract (RFC 5869, 2.2): a key of `hash_bytes`."""
        return hmac_of(self.hash_name, salt or bytes(self.hash_bytes), secret)

    def expand(self, key: bytes, label: bytes, length: int = KEY_BYTES) -> bytes:
        """HKDF-Expand (RFC 5869, 2.3) of at most 255 times `hash_bytes`."""
        out, block = b"", b""
        for count in range(1, -(-length // self.hash_bytes) + 1):
            block = hmac_of(self.hash_name, key, block + label + bytes([count]))
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
