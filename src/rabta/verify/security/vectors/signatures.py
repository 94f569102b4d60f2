"""Signature vectors: Ed25519 and ML-DSA as `cryptography` has them, the halves of the composite signature."""

from __future__ import annotations

from typing import Any

from rabta.verify.security.vectors.tally import Case, Verdict, raw, refused


def keys(size: str, half: str) -> Any:
    """Class of the private or public keys of ML-DSA-``size``."""
    from cryptography.hazmat.primitives.asymmetric import mldsa

    return getattr(mldsa, f"MLDSA{size}{half}Key")


def ed25519(case: Case) -> bool:
    """Verify one vector of the group's key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key, message, signature = bytes.fromhex(case["publicKey"]["pk"]), *raw(case, "msg", "sig")

    def check() -> None:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)

    return refused(check) is (case["result"] != "valid")


def verify(size: str, case: Case) -> bool:
    """Verify one vector of ML-DSA with its context."""
    key, message, signature, context = raw(case, "publicKey", "msg", "sig", "ctx")

    def check() -> None:
        keys(size, "Public").from_public_bytes(key).verify(signature, message, context or None)

    return refused(check) is (case["result"] != "valid")


def sign(size: str, case: Case) -> Verdict:
    """Key of the seed, the published signature under it, and one of our own.

    The library signs with fresh randomness (FIPS 204, 3.4, hedged), so our signature is not compared with the
    deterministic one of the file.
    """
    seed, public, message, mu, signature, context = raw(
        case, "privateSeed", "publicKey", "msg", "mu", "sig", "ctx"
    )
    private = keys(size, "Private").from_seed_bytes
    if case["result"] != "valid":
        return refused(lambda: private(seed).sign(message, context or None))
    own = private(seed)
    other = own.public_key()
    if "Internal" in case["flags"]:
        if not hasattr(own, "sign_mu"):
            return "a given mu, which this version of the library does not take"
        other.verify_mu(signature, mu)
        other.verify_mu(own.sign_mu(mu), mu)
    else:
        other.verify(signature, message, context or None)
        other.verify(own.sign(message, context or None), message, context or None)
    return not public or bool(other.public_bytes_raw() == public)
