"""Bundles of version 7 (RFC 9171), read strictly and written; bytes that came are kept as they came."""

from __future__ import annotations

from rabta.security.bundles.codec.blocks import Block, Primary
from rabta.security.bundles.codec.bundle import Bundle, decode, make
from rabta.security.bundles.codec.eid import Eid

__all__ = ["Block", "Bundle", "Eid", "Primary", "decode", "make"]
