"""What every part of the overlay rests on: suites, keys, signatures, strict CBOR, refusals."""

from __future__ import annotations

from rabta.security.core.composite import CompositePrivate, CompositePublic, Signer
from rabta.security.core.kem import HybridPrivate, HybridPublic
from rabta.security.core.rejected import Rejected
from rabta.security.core.suites import CI, NS, Suite

__all__ = [
    "CI",
    "NS",
    "CompositePrivate",
    "CompositePublic",
    "HybridPrivate",
    "HybridPublic",
    "Rejected",
    "Signer",
    "Suite",
]
