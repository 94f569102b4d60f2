"""BIB-HMAC-SHA2 (RFC 9173, 3): integrity of blocks by a shared key."""

from __future__ import annotations

import hmac

from rabta.errors import RabtaError
from rabta.security.bundles.bpsec import asb, wrap
from rabta.security.bundles.codec import blocks, scan
from rabta.security.bundles.codec.bundle import Bundle
from rabta.security.bundles.codec.eid import Eid
from rabta.security.core.rejected import Rejected

VARIANT, WRAPPED_KEY, SCOPE = 1, 2, 3
HASHES = {5: "sha256", 6: "sha384", 7: "sha512"}
DEFAULT = 6
LEAST_KEY = 16


def protected(bundle: Bundle, scope: int, target: int, header: bytes) -> bytes:
    """Plaintext of integrity (3.7): what goes along, then the target's data as a byte string.

    The primary block as a target is a byte string too, unlike where it goes along.
    """
    data = bundle.block(target).data if target else bundle.primary.raw
    return asb.authenticated(bundle, scope, target, header) + scan.bstr(data)


def add(
    bundle: Bundle,
    targets: tuple[int, ...],
    key: bytes,
    *,
    source: Eid,
    number: int | None = None,
    variant: int = DEFAULT,
    scope: int = asb.FULL_SCOPE,
    wrapping: bytes | None = None,
    at: int = 0,
) -> Bundle:
    """Return the bundle with a BIB over the targets (0 is the primary block).

    Parameters
    ----------
    variant : int
        5, 6 or 7: SHA-256, SHA-384 or SHA-512.
    wrapping : bytes, optional
        Key that wraps `key` into the block (AES key wrap, RFC 3394); its holder can then verify.
    at : int
        The block's place among the others.

    Raises
    ------
    RabtaError
        For a key shorter than 16 bytes or an unknown variant; `Rejected` for targets that are not allowed.
    """
    if variant not in HASHES or len(key) < LEAST_KEY:
        raise RabtaError(
            "no such HMAC", key="variant", value=variant, expected="5, 6 or 7, a key of 16 bytes or more"
        )
    asb.check_targets(bundle, blocks.INTEGRITY, targets)
    bundle = asb.without_crc(bundle, targets)
    number = bundle.free_number if number is None else number
    header = asb.header(blocks.INTEGRITY, number, 0)
    parameters: dict[int, asb.Value | asb.Other] = {VARIANT: variant}
    if wrapping is not None:
        parameters[WRAPPED_KEY] = wrap.wrap(wrapping, key)
    parameters[SCOPE] = scope
    results: tuple[dict[int, asb.Value | asb.Other], ...] = tuple(
        {1: hmac.digest(key, protected(bundle, scope, target, header), HASHES[variant])} for target in targets
    )
    body = asb.Asb(targets, asb.BIB_HMAC_SHA2, source, parameters, results)
    return bundle.insert(asb.block(blocks.INTEGRITY, number, 0, body), at)


def verify(bundle: Bundle, number: int, key: bytes, *, body: asb.Asb | None = None) -> asb.Asb:
    """Body of a BIB whose results all hold; nothing is removed.

    Parameters
    ----------
    key : bytes
        The shared key or, where the block bears a wrapped key, the key that unwraps it.

    Raises
    ------
    Rejected
        With ``"mac"`` where one does not hold, ``"suite"`` for another context, or ``"malformed"``.
    """
    block = bundle.block(number)
    body = asb.read(block.data) if body is None else body
    variant, scope = body.number(VARIANT, DEFAULT), asb.check_scope(body.number(SCOPE, asb.FULL_SCOPE))
    if block.kind != blocks.INTEGRITY or body.context != asb.BIB_HMAC_SHA2 or variant not in HASHES:
        raise Rejected("suite", "a block that is no BIB-HMAC-SHA2 of a known variant")
    wrapped = body.string(WRAPPED_KEY)
    key = key if wrapped is None else wrap.unwrap(key, wrapped)
    for at, target in enumerate(body.targets):
        expected = hmac.digest(key, protected(bundle, scope, target, block.header), HASHES[variant])
        if not hmac.compare_digest(expected, body.result(at)):
            raise Rejected("mac", f"the integrity of block {target} does not hold")
    return body
