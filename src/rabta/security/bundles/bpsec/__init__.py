"""Bundle security (RFC 9172): the default contexts of RFC 9173, and two of our own for first contact."""

from __future__ import annotations

from rabta.security.bundles.bpsec.keyring import Accepted, Keyring, accept

__all__ = ["Accepted", "Keyring", "accept"]
