"""BCB-AES-GCM (RFC 9173, 4): confidentiality of blocks by a shared key.

The context has one initialisation vector for all targets of a block, and RFC 9173's own example A.4 encrypts
two targets under it: both then have the same keystream, so that the exclusive or of the ciphertexts is that
of the plaintexts, and the authentication key of GCM can be found. Here a block with more than one target is
made only where it is asked for by name; reading knows both.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rabta.errors import RabtaError
from rabta.security.bundles.bpsec import asb, wrap
from rabta.security.bundles.codec import blocks
from rabta.security.bundles.codec.bundle import Bundle
from rabta.security.bundles.codec.eid import Eid
from rabta.security.core.rejected import Rejected

IV, VARIANT, WRAPPED_KEY, SCOPE = 1, 2, 3, 4
KEY_BYTES = {1: 16, 3: 32}
DEFAULT = 3
TAG = 16


def encrypt(
    bundle: Bundle,
    targets: tuple[int, ...],
    key: bytes,
    *,
    source: Eid,
    number: int | None = None,
    iv: bytes | None = None,
    variant: int = DEFAULT,
    scope: int = asb.FULL_SCOPE,
    wrapping: bytes | None = None,
    at: int = 0,
    one_iv: bool = False,
) -> Bundle:
    """Return the bundle with the targets' data encrypted and a BCB over them.

    Parameters
    ----------
    iv : bytes, optional
        12 bytes that were never used with this key; drawn at random where not given.
    variant : int
        1 or 3: AES-128 or AES-256.
    one_iv : bool
        Take more than one target, all under the same initialisation vector, as RFC 9173 has it; unsafe.

    Raises
    ------
    RabtaError
        For a key of the wrong length, or several targets without `one_iv`; `Rejected` for wrong targets.
    """
    if KEY_BYTES.get(variant) != len(key):
        raise RabtaError(
            "no such AES-GCM", key="variant", value=variant, expected="1 with 16 bytes of key, 3 with 32"
        )
    if len(targets) != 1 and not one_iv:
        raise RabtaError(
            "several targets of one BCB would share an initialisation vector",
            value=len(targets),
            expected="one BCB for each target",
        )
    asb.check_targets(bundle, blocks.CONFIDENTIALITY, targets)
    bundle = asb.without_crc(bundle, targets)
    number = bundle.free_number if number is None else number
    flags = blocks.REPLICATE if 1 in targets else 0  # RFC 9172, 3.8
    header = asb.header(blocks.CONFIDENTIALITY, number, flags)
    iv = os.urandom(12) if iv is None else iv
    parameters: dict[int, asb.Value | asb.Other] = {IV: iv, VARIANT: variant}
    if wrapping is not None:
        parameters[WRAPPED_KEY] = wrap.wrap(wrapping, key)
    parameters[SCOPE] = scope
    cipher, changed = AESGCM(key), []
    results: list[dict[int, asb.Value | asb.Other]] = []
    for target in targets:
        block = bundle.block(target)
        sealed = cipher.encrypt(iv, block.data, asb.authenticated(bundle, scope, target, header))
        changed.append(block.change(sealed[:-TAG]))
        results.append({1: sealed[-TAG:]})
    body = asb.Asb(targets, asb.BCB_AES_GCM, source, parameters, tuple(results))
    return bundle.with_blocks(changed).insert(asb.block(blocks.CONFIDENTIALITY, number, flags, body), at)


def decrypt(bundle: Bundle, number: int, key: bytes, *, body: asb.Asb | None = None) -> Bundle:
    """Return the bundle with a BCB's targets in the clear and the BCB removed.

    Parameters
    ----------
    key : bytes
        The shared key or, where the block bears a wrapped key, the key that unwraps it.

    Raises
    ------
    Rejected
        With ``"mac"`` where one target does not open, ``"suite"`` or ``"malformed"``.
    """
    block = bundle.block(number)
    body = asb.read(block.data) if body is None else body
    variant, scope, iv = body.number(VARIANT, DEFAULT), body.number(SCOPE, asb.FULL_SCOPE), body.string(IV)
    asb.check_scope(scope)
    if block.kind != blocks.CONFIDENTIALITY or body.context != asb.BCB_AES_GCM or variant not in KEY_BYTES:
        raise Rejected("suite", "a block that is no BCB-AES-GCM of a known variant")
    if iv is None or not 8 <= len(iv) <= 16:
        raise Rejected("malformed", "an initialisation vector outside of 8 to 16 bytes")
    wrapped = body.string(WRAPPED_KEY)
    key = key if wrapped is None else wrap.unwrap(key, wrapped)
    if len(key) != KEY_BYTES[variant]:
        raise Rejected("mac", "a key that is not the block's")
    cipher, changed = AESGCM(key), []
    for at, target in enumerate(body.targets):
        found = bundle.block(target)
        along = asb.authenticated(bundle, scope, target, block.header)
        try:
            changed.append(found.change(cipher.decrypt(iv, found.data + body.result(at), along), 0))
        except InvalidTag:
            raise Rejected("mac", f"block {target} does not open") from None
    return bundle.with_blocks(changed).without(number)
