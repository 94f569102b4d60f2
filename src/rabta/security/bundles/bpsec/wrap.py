"""AES key wrap (RFC 3394) with errors that tell nothing."""

from __future__ import annotations

from rabta.errors import RabtaError
from rabta.security.core.rejected import Rejected


def wrap(wrapping: bytes, key: bytes) -> bytes:
    """Key under a wrapping key of 16, 24 or 32 bytes; 8 bytes longer than the key."""
    from cryptography.hazmat.primitives.keywrap import aes_key_wrap

    try:
        return aes_key_wrap(wrapping, key)
    except ValueError:
        raise RabtaError(
            "keys of a length that AES key wrap does not take",
            expected="a wrapping key of 16, 24 or 32 bytes, a key of 16 bytes or more in steps of 8",
        ) from None


def unwrap(wrapping: bytes, wrapped: bytes) -> bytes:
    """Key of a wrapped one; refused with ``"mac"`` where it was not wrapped by this key."""
    from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

    try:
        return aes_key_unwrap(wrapping, wrapped)
    except (InvalidUnwrap, ValueError):
        raise Rejected("mac", "a wrapped key that this key does not open") from None
