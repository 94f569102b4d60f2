"""Hybrid key pairs: X25519 (RFC 7748) beside ML-KEM (FIPS 203), so that either may fall."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rabta.security.core.rejected import Rejected
from rabta.security.core.suites import X25519_BYTES, Suite

SEED_BYTES = 64


def _mlkem(suite: Suite, half: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import mlkem

    return getattr(mlkem, f"{suite.kem}{half}Key")


@dataclass(frozen=True)
class HybridPublic:
    """Public halves: ``mlkem`` (`kem_public_bytes`) and ``x25519`` (32 bytes)."""

    suite: Suite
    mlkem: bytes
    x25519: bytes

    def __post_init__(self) -> None:
        if len(self.mlkem) != self.suite.kem_public_bytes or len(self.x25519) != X25519_BYTES:
            raise Rejected("malformed", "a public key of the wrong length")

    @cached_property
    def _mlkem_key(self) -> Any:
        try:
            return _mlkem(self.suite, "Public").from_public_bytes(self.mlkem)
        except ValueError:
            raise Rejected("malformed", "not an ML-KEM encapsulation key") from None  # FIPS 203, 7.2

    @cached_property
    def _x25519_key(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

        return X25519PublicKey.from_public_bytes(self.x25519)

    def encapsulate(self) -> tuple[bytes, bytes]:
        """Shared secret (32 bytes) and ciphertext of the ML-KEM half alone."""
        secret, ciphertext = self._mlkem_key.encapsulate()
        return secret, ciphertext


@dataclass(frozen=True)
class HybridPrivate:
    """Private halves, from the seed of FIPS 203 (64 bytes) and 32 bytes of X25519."""

    suite: Suite
    mlkem_seed: bytes
    x25519_seed: bytes

    def __repr__(self) -> str:
        return f"HybridPrivate({self.suite.name})"  # never the seeds

    @classmethod
    def generate(cls, suite: Suite) -> HybridPrivate:
        """Return a new key pair from the system's random bytes."""
        return cls(suite, os.urandom(SEED_BYTES), os.urandom(X25519_BYTES))

    @cached_property
    def _mlkem_key(self) -> Any:
        return _mlkem(self.suite, "Private").from_seed_bytes(self.mlkem_seed)

    @cached_property
    def _x25519_key(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        return X25519PrivateKey.from_private_bytes(self.x25519_seed)

    @cached_property
    def x25519_public(self) -> bytes:
        """Public X25519 half alone, 32 bytes."""
        raw: bytes = self._x25519_key.public_key().public_bytes_raw()
        return raw

    @cached_property
    def public(self) -> HybridPublic:
        """The public halves."""
        return HybridPublic(
            self.suite,
            self._mlkem_key.public_key().public_bytes_raw(),
            self.x25519_public,
        )

    def decapsulate(self, ciphertext: bytes) -> bytes:
        """Secret of the ML-KEM half; a wrong ciphertext gives a random one, no error (FIPS 203, 7.3)."""
        if len(ciphertext) != self.suite.kem_ciphertext_bytes:
            raise Rejected("malformed", "an ML-KEM ciphertext of the wrong length")
        secret: bytes = self._mlkem_key.decapsulate(ciphertext)
        return secret

    def exchange(self, peer: HybridPublic) -> bytes:
        """Shared secret of the X25519 half; a point of small order is refused (RFC 7748, 6.1)."""
        try:
            secret: bytes = self._x25519_key.exchange(peer._x25519_key)
        except ValueError:
            raise Rejected("malformed", "an X25519 key of small order") from None
        return secret
