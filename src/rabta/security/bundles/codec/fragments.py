"""Fragments of bundles (RFC 9171, 5.8 and 5.9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rabta.errors import RabtaError
from rabta.security.bundles.codec import blocks, scan
from rabta.security.bundles.codec.bundle import Bundle
from rabta.security.core.rejected import Rejected


def split(bundle: Bundle, most: int) -> list[Bundle]:
    """Fragments of at most `most` bytes of payload each; the first has all blocks.

    A fragment of a fragment keeps its place in the whole.

    Raises
    ------
    RabtaError
        If the bundle must not be fragmented, or `most` is less than one.
    """
    if bundle.primary.flags & blocks.NO_FRAGMENTS:
        raise RabtaError("this bundle must not be fragmented", value=str(bundle.primary.source))
    if most < 1:
        raise RabtaError("a fragment's payload is too short", value=most, expected="at least 1 byte")
    payload = bundle.payload
    if len(payload) <= most:
        return [bundle]
    return [_part(bundle, start, payload[start : start + most]) for start in range(0, len(payload), most)]


def _part(bundle: Bundle, start: int, payload: bytes) -> Bundle:
    first = bundle.primary
    whole = first.total if first.fragment else len(bundle.payload)
    primary = first.change(flags=first.flags | blocks.FRAGMENT, offset=first.offset + start, total=whole)
    kept = [block for block in bundle.blocks[:-1] if not start or _in_all(block, first.created)]
    return Bundle(primary, (*kept, bundle.blocks[-1].change(payload)))


def _in_all(block: blocks.Block, created: int) -> bool:
    # 4.2.7: whatever has no creation time has an age
    return bool(block.flags & blocks.REPLICATE) or (block.kind == blocks.AGE and not created)


def join(parts: Sequence[Bundle]) -> Bundle | None:
    """Whole bundle of its fragments in any order; None while some are missing.

    Written anew, the primary block is what it was before: only deterministic encodings are read.

    Raises
    ------
    Rejected
        With ``"malformed"`` where fragments are of different bundles, or overlap with other bytes.
    """
    primaries = {part.primary.change(offset=0, crc=0) for part in parts}
    if len(primaries) != 1 or not parts[0].primary.fragment:
        raise Rejected("malformed", "fragments that are not of one bundle")
    payload = _filled(parts, parts[0].primary.total)
    if payload is None:
        return None
    first = min(parts, key=lambda part: part.primary.offset)
    primary = first.primary.change(flags=first.primary.flags & ~blocks.FRAGMENT, offset=0, total=0)
    whole = Bundle(primary, (*first.blocks[:-1], first.blocks[-1].change(payload)))
    ages = [part.age or 0 for part in parts]
    return whole if max(ages) == ages[0] == min(ages) else whole.extension(blocks.AGE, scan.uint(max(ages)))


def _filled(parts: Iterable[Bundle], total: int) -> bytes | None:
    """Payload of all parts; None where bytes are missing."""
    payload = b""
    for part in sorted(parts, key=lambda part: part.primary.offset):
        start = part.primary.offset
        if start > len(payload):
            return None
        both = len(payload) - start
        if payload[start : start + len(part.payload)] != part.payload[:both]:
            raise Rejected("malformed", "fragments that overlap with other bytes")
        payload += part.payload[both:] if both < len(part.payload) else b""
    return payload if len(payload) == total else None
