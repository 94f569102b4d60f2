"""Composite signatures: ML-DSA-87 (FIPS 204) and Ed25519 (RFC 8032) over one message; both must hold.

The message is bound as draft-ietf-lamps-pq-composite-sigs does it: both parts sign
``prefix || label || len(context) || context || SHA-512(message)``, and ML-DSA takes the label as its context.
The draft has no combination of these two, so the label is our own. A signature is ML-DSA's 4,627 bytes and
Ed25519's 64.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from rabta.errors import RabtaError
from rabta.security.core.rejected import Rejected

PREFIX = b"CompositeAlgorithmSignatures2025"
LABEL = b"Rabta-MLDSA87-Ed25519-SHA512"
MLDSA_PUBLIC_BYTES, MLDSA_SIGNATURE_BYTES = 2592, 4627
ED25519_PUBLIC_BYTES, ED25519_SIGNATURE_BYTES = 32, 64
SIGNATURE_BYTES = MLDSA_SIGNATURE_BYTES + ED25519_SIGNATURE_BYTES
PUBLIC_BYTES = MLDSA_PUBLIC_BYTES + ED25519_PUBLIC_BYTES
SEED_BYTES = 32


def representative(message: bytes, context: bytes) -> bytes:
    """Return the bytes that both halves sign.

    Raises
    ------
    RabtaError
        If the context is longer than 255 bytes.
    """
    if len(context) > 255:
        raise RabtaError(
            "a signature's context is too long", value=len(context), expected="at most 255 bytes"
        )
    return PREFIX + LABEL + bytes([len(context)]) + context + hashlib.sha512(message).digest()


@dataclass(frozen=True)
class CompositePublic:
    """The public halves, 2,624 bytes together."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != PUBLIC_BYTES:
            raise Rejected("malformed", "a signing key of the wrong length")

    @cached_property
    def _halves(self) -> tuple[Any, Any]:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA87PublicKey

        return (
            MLDSA87PublicKey.from_public_bytes(self.raw[:MLDSA_PUBLIC_BYTES]),
            Ed25519PublicKey.from_public_bytes(self.raw[MLDSA_PUBLIC_BYTES:]),
        )

    def verify(self, signature: bytes, message: bytes, context: bytes) -> None:
        """Do nothing where both halves hold.

        Raises
        ------
        Rejected
            With the reason ``"signature"`` where one half does not hold or the length is wrong.
        """
        from cryptography.exceptions import InvalidSignature

        if len(signature) != SIGNATURE_BYTES:
            raise Rejected("signature", "a signature of the wrong length")
        signed = representative(message, context)
        mldsa, ed25519 = self._halves
        try:
            ed25519.verify(signature[MLDSA_SIGNATURE_BYTES:], signed)
            mldsa.verify(signature[:MLDSA_SIGNATURE_BYTES], signed, LABEL)
        except InvalidSignature:
            raise Rejected("signature", "a signature does not hold") from None


class Signer(Protocol):
    """Whoever can sign: a key in a file or in a token."""

    @property
    def public(self) -> CompositePublic:
        """The key that verifies."""

    def sign(self, message: bytes, context: bytes) -> bytes:
        """Composite signature of 4,691 bytes."""


@dataclass(frozen=True)
class CompositePrivate:
    """A signer in memory, from the seed of FIPS 204 (32 bytes) and that of RFC 8032 (32 bytes)."""

    mldsa_seed: bytes
    ed25519_seed: bytes

    def __repr__(self) -> str:
        return "CompositePrivate()"  # never the seeds

    @classmethod
    def generate(cls) -> CompositePrivate:
        """Return a new key pair from the system's random bytes."""
        return cls(os.urandom(SEED_BYTES), os.urandom(SEED_BYTES))

    @cached_property
    def _halves(self) -> tuple[Any, Any]:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA87PrivateKey

        return (
            MLDSA87PrivateKey.from_seed_bytes(self.mldsa_seed),
            Ed25519PrivateKey.from_private_bytes(self.ed25519_seed),
        )

    @cached_property
    def public(self) -> CompositePublic:
        """The key that verifies."""
        mldsa, ed25519 = self._halves
        return CompositePublic(
            mldsa.public_key().public_bytes_raw() + ed25519.public_key().public_bytes_raw()
        )

    def sign(self, message: bytes, context: bytes) -> bytes:
        """Composite signature of 4,691 bytes; about a millisecond, so never on the way of a packet."""
        signed = representative(message, context)
        mldsa, ed25519 = self._halves
        signature: bytes = mldsa.sign(signed, LABEL) + ed25519.sign(signed)
        return signature
