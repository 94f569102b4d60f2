"""Our context SEALED (number -7001): confidentiality for a recipient known by its public keys alone.

A secret for this one block comes from the recipient's hybrid key; each target is encrypted with AES-256-GCM
under a key of its own, derived from the secret and the target's number, so that no initialisation vector is
sent or shared. Primary block and headers go along as in RFC 9173's full scope.

Parameters: 1 how the secret is wrapped, 2 the wrapped secret. Ways:
1. HPKE (RFC 9180, draft-ietf-hpke-pq) with MLKEM768_X25519 and the keys of suite CI,
2. HPKE with MLKEM1024_P384, for who has such a key pair,
3. ML-KEM-1024 and X25519, the keys of suite NS, whose credentials have no P-384: HKDF-SHA-384 over both
   secrets, both ciphertexts and both public keys.
The sender is not authenticated by it: sign first, then seal payload and signature together.
"""

from __future__ import annotations

import os
from typing import Any

from rabta.security.bundles.bpsec import asb
from rabta.security.bundles.codec import blocks, scan
from rabta.security.bundles.codec.bundle import Bundle
from rabta.security.bundles.codec.eid import Eid
from rabta.security.core import CI, NS, HybridPrivate, HybridPublic, Rejected
from rabta.security.core.suites import TAG_BYTES, X25519_BYTES

CONTEXT = -7001
LABEL = b"rabta bundle sealed for its recipient"
WAY, WRAPPED = 1, 2
HPKE_768, HPKE_1024, HYBRID_1024 = 1, 2, 3
_NONCE = bytes(12)  # each key is used once


def _hpke(way: int) -> Any:
    from cryptography.hazmat.primitives import hpke

    if way == HPKE_768:
        return hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    return hpke.Suite(hpke.KEM.MLKEM1024_P384, hpke.KDF.HKDF_SHA384, hpke.AEAD.AES_256_GCM)


def _public_768(key: HybridPublic) -> Any:
    from cryptography.hazmat.primitives import hpke

    return hpke.MLKEM768X25519PublicKey(key._mlkem_key, key._x25519_key)


def _private_768(key: HybridPrivate) -> Any:
    from cryptography.hazmat.primitives import hpke

    return hpke.MLKEM768X25519PrivateKey(key._mlkem_key, key._x25519_key)


def way_of(key: object) -> int:
    """Which way of wrapping goes with a key, public or private."""
    suite = getattr(key, "suite", None)
    return {CI: HPKE_768, NS: HYBRID_1024}[suite] if suite else HPKE_1024


def _wrap(key: Any, info: bytes) -> tuple[bytes, bytes]:
    """Wrapped secret and the secret."""
    way = way_of(key)
    if way == HYBRID_1024:
        return _encapsulate(key, info)
    secret = os.urandom(32)
    return _hpke(way).encrypt(secret, _public_768(key) if way == HPKE_768 else key, info), secret


def _unwrap(key: Any, way: int, wrapped: bytes, info: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag

    if way == HYBRID_1024:
        return _decapsulate(key, wrapped, info)
    try:
        secret: bytes = _hpke(way).decrypt(wrapped, _private_768(key) if way == HPKE_768 else key, info)
    except (InvalidTag, ValueError):
        raise Rejected("mac", "a wrapped key that this key does not open") from None
    return secret


def _encapsulate(key: HybridPublic, info: bytes) -> tuple[bytes, bytes]:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    secret, ciphertext = key.encapsulate()
    ephemeral = X25519PrivateKey.generate()
    try:
        shared = ephemeral.exchange(key._x25519_key)
    except ValueError:
        raise Rejected("malformed", "an X25519 key of small order") from None
    wrapped = ciphertext + ephemeral.public_key().public_bytes_raw()
    return wrapped, _combine(secret + shared, wrapped, key, info)


def _decapsulate(key: HybridPrivate, wrapped: bytes, info: bytes) -> bytes:
    if len(wrapped) != NS.kem_ciphertext_bytes + X25519_BYTES:
        raise Rejected("malformed", "a wrapped secret of the wrong length")
    ciphertext, point = wrapped[:-X25519_BYTES], wrapped[-X25519_BYTES:]
    shared = key.exchange(HybridPublic(NS, bytes(NS.kem_public_bytes), point))
    return _combine(key.decapsulate(ciphertext) + shared, wrapped, key.public, info)


def _combine(secrets: bytes, wrapped: bytes, key: HybridPublic, info: bytes) -> bytes:
    bound = NS.digest(wrapped, key.mlkem, key.x25519, info)
    return NS.expand(NS.extract(LABEL, secrets), LABEL + bound)


def _info(bundle: Bundle, header: bytes, way: int) -> bytes:
    return LABEL + scan.uint(way) + header + scan.bstr(bundle.primary.raw)


def _cipher(secret: bytes, target: int) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(NS.expand(secret, LABEL + b" target " + scan.uint(target)))


def seal(bundle: Bundle, targets: tuple[int, ...], recipient: Any, *, source: Eid) -> Bundle:
    """Return the bundle with the targets' data encrypted for a recipient.

    Parameters
    ----------
    targets : tuple of int
        Block numbers; a signature over the payload goes with the payload (RFC 9172, 3.9).
    recipient : HybridPublic or MLKEM1024P384PublicKey
        The recipient's key: a credential's of suite CI or NS, or HPKE's of the library ``cryptography``.
    """
    asb.check_targets(bundle, blocks.CONFIDENTIALITY, targets)
    bundle = asb.without_crc(bundle, targets)
    number, flags = bundle.free_number, blocks.REPLICATE if 1 in targets else 0
    header, way = asb.header(blocks.CONFIDENTIALITY, number, flags), way_of(recipient)
    wrapped, secret = _wrap(recipient, _info(bundle, header, way))
    changed = []
    results: list[dict[int, asb.Value | asb.Other]] = []
    for target in targets:
        block = bundle.block(target)
        along = asb.authenticated(bundle, asb.FULL_SCOPE, target, header)
        hidden = _cipher(secret, target).encrypt(_NONCE, block.data, along)
        changed.append(block.change(hidden[:-TAG_BYTES]))
        results.append({1: hidden[-TAG_BYTES:]})
    body = asb.Asb(targets, CONTEXT, source, {WAY: way, WRAPPED: wrapped}, tuple(results))
    return bundle.with_blocks(changed).insert(asb.block(blocks.CONFIDENTIALITY, number, flags, body))


def open_(bundle: Bundle, number: int, key: Any) -> Bundle:
    """Return the bundle with the targets in the clear and the block removed.

    Parameters
    ----------
    key : HybridPrivate or MLKEM1024P384PrivateKey
        The recipient's.

    Raises
    ------
    Rejected
        With ``"mac"``, ``"suite"`` or ``"malformed"``.
    """
    from cryptography.exceptions import InvalidTag

    block = bundle.block(number)
    body = asb.read(block.data)
    way, wrapped = body.number(WAY, 0), body.string(WRAPPED)
    if (
        block.kind != blocks.CONFIDENTIALITY
        or body.context != CONTEXT
        or way != way_of(key)
        or wrapped is None
    ):
        raise Rejected("suite", "a block that is not sealed for a key of this kind")
    secret = _unwrap(key, way, wrapped, _info(bundle, block.header, way))
    changed = []
    for at, target in enumerate(body.targets):
        found = bundle.block(target)
        along = asb.authenticated(bundle, asb.FULL_SCOPE, target, block.header)
        try:
            clear = _cipher(secret, target).decrypt(_NONCE, found.data + body.result(at), along)
        except InvalidTag:
            raise Rejected("mac", f"block {target} does not open") from None
        changed.append(found.change(clear, 0))
    return bundle.with_blocks(changed).without(number)
