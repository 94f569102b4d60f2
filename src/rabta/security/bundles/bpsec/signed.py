"""Our context SIGNED (number -7002): the source signs primary block and payload, with a counter of its own.

The contexts of RFC 9173 need a shared key; this one is for who meets the source's credential for the first
time. One composite signature covers the primary block, the payload's header and data, and the parameters: who
signed, the sender's counter, and the bundle age and hop count as they were. These two change on the way, so
that a relay's value is held against the signed one: an age may not be less, a hop limit may not differ, a
count may not be less. Whatever a relay adds beyond that cannot be told from a slow way; the lifetime bounds
it.

Body: targets [0, 1]; parameters 1 identifier of the signer's credential (48 bytes), 2 counter, 3 age (ms),
4 hop limit, 5 hop count; the first target's result 1 is the signature, the second target has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from rabta.security.bundles.bpsec import asb
from rabta.security.bundles.codec import blocks, scan
from rabta.security.bundles.codec.bundle import Bundle
from rabta.security.bundles.codec.eid import Eid
from rabta.security.core import CompositePublic, Rejected, Signer
from rabta.security.core.peers import IDENTIFIER_BYTES

CONTEXT = -7002
LABEL = b"rabta bundle signed by its source"
SIGNER, COUNTER, AGE, LIMIT, COUNT = 1, 2, 3, 4, 5
TARGETS = (0, 1)


@dataclass(frozen=True)
class Signed:
    """Who signed a bundle, and that signer's counter."""

    signer: bytes
    counter: int


def message(bundle: Bundle, header: bytes, body: asb.Asb) -> bytes:
    """Bytes that are signed: no two bundles or parameters give the same."""
    payload = bundle.blocks[-1]
    unsigned = replace(body, results=({}, {})).raw
    return b"".join(
        (header, scan.bstr(bundle.primary.raw), payload.header, scan.bstr(payload.data), scan.bstr(unsigned))
    )


def add(bundle: Bundle, signer: Signer, identifier: bytes, counter: int, *, source: Eid) -> Bundle:
    """Return the bundle signed; check sums of primary block and payload give way to the signature.

    Parameters
    ----------
    identifier : bytes
        Of the signer's credential, 48 bytes.
    counter : int
        Greater than in all bundles that this signer signed before.
    """
    asb.check_targets(bundle, blocks.INTEGRITY, TARGETS)
    bundle = asb.without_crc(bundle, TARGETS)
    number = bundle.free_number
    parameters: dict[int, asb.Value | asb.Other] = {SIGNER: identifier, COUNTER: counter}
    if bundle.age is not None:
        parameters[AGE] = bundle.age
    if bundle.hops is not None:
        parameters[LIMIT], parameters[COUNT] = bundle.hops
    body = asb.Asb(TARGETS, CONTEXT, source, parameters, ({}, {}))
    signature = signer.sign(message(bundle, asb.header(blocks.INTEGRITY, number, 0), body), LABEL)
    body = replace(body, results=({1: signature}, {}))
    return bundle.insert(asb.block(blocks.INTEGRITY, number, 0, body))


def verify(bundle: Bundle, number: int, lookup: Callable[[bytes], CompositePublic]) -> Signed:
    """Signer and counter of a bundle whose signature holds.

    Parameters
    ----------
    lookup : callable
        Verification key by the identifier of an accepted credential; refuses with ``"unknown"``.

    Raises
    ------
    Rejected
        With ``"signature"``, ``"unknown"``, ``"suite"`` or ``"malformed"``.
    """
    block = bundle.block(number)
    body = asb.read(block.data)
    if block.kind != blocks.INTEGRITY or body.context != CONTEXT or body.targets != TARGETS:
        raise Rejected("suite", "a block that is no signature of primary block and payload")
    identifier, counter = body.string(SIGNER), body.number(COUNTER, -1)
    if identifier is None or len(identifier) != IDENTIFIER_BYTES or counter < 0:
        raise Rejected("malformed", "a signature without its signer or counter")
    lookup(identifier).verify(body.result(0), message(bundle, block.header, body), LABEL)
    _unspoilt(bundle, body)
    return Signed(identifier, counter)


def _unspoilt(bundle: Bundle, body: asb.Asb) -> None:
    """Hold what changes on the way against what was signed."""
    if AGE in body.parameters and (bundle.age is None or bundle.age < body.number(AGE, 0)):
        raise Rejected("signature", "a bundle younger than when it was signed")
    if LIMIT in body.parameters:
        limit, count = bundle.hops or (0, 0)
        if limit != body.number(LIMIT, 0) or count < body.number(COUNT, 0):
            raise Rejected("signature", "a hop count that was turned back")
