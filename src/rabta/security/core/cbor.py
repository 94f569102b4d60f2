"""Strict CBOR: one byte string for one value (RFC 8949, 4.2.1), plain types, bounded before it is decoded.

What is signed, hashed or comes from outside goes through here: integers, byte and text strings, arrays, maps,
booleans and null. Tags, floats, indefinite lengths, heads longer than needed, unsorted or repeated keys are
refused.
"""

from __future__ import annotations

from typing import Any

import cbor2

from rabta.security.core.rejected import Rejected

MOST_DEPTH = 12
MOST_ITEMS = 100_000


def encode(value: object) -> bytes:
    """Deterministic bytes of a value of plain types; maps are sorted by their keys' bytes."""
    raw: bytes = cbor2.dumps(_sorted(value))
    return raw


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        pairs = sorted(((cbor2.dumps(key), key, _sorted(item)) for key, item in value.items()), key=_first)
        return {key: item for _, key, item in pairs}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    if value is None or isinstance(value, bool | int | bytes | str):
        return value
    raise TypeError(f"not a plain CBOR type: {type(value).__name__}")


def _first(pair: tuple[bytes, object, object]) -> bytes:
    return pair[0]


def decode(raw: bytes, *, most: int = 1 << 20) -> Any:
    """Value of deterministic bytes.

    Parameters
    ----------
    most : int
        Longest input that is looked at, bytes.

    Raises
    ------
    Rejected
        With the reason ``"malformed"``.
    """
    if len(raw) > most:
        raise Rejected("malformed", f"{len(raw)} bytes where at most {most} are taken")
    try:
        end = _Walk(raw).item(0, 0)[0]
        if end != len(raw):
            raise Rejected("malformed", "bytes after the end of the CBOR item")
        return cbor2.loads(raw)
    except (IndexError, UnicodeDecodeError, cbor2.CBORDecodeError):
        raise Rejected("malformed", "CBOR that ends too early or is no UTF-8") from None


class _Walk:
    """Checks the form without building anything; returns where each item ends."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.items = raw, 0

    def item(self, at: int, depth: int) -> tuple[int, int]:
        """Where the item at a place ends, and its major type."""
        self.items += 1
        if depth > MOST_DEPTH or self.items > MOST_ITEMS:
            raise Rejected("malformed", "CBOR too deep or of too many items")
        major, argument, at = self.head(at)
        if major in {2, 3}:
            at += argument
        elif major == 4:
            for _ in range(argument):
                at = self.item(at, depth + 1)[0]
        elif major == 5:
            at = self.pairs(at, argument, depth)
        if at > len(self.raw):
            raise Rejected("malformed", "CBOR that ends too early")
        return at, major

    def pairs(self, at: int, count: int, depth: int) -> int:
        """Where so many pairs of a map end; their keys must be plain and sorted."""
        last = b""
        for _ in range(count):
            start = at
            at, major = self.item(at, depth + 1)
            key = self.raw[start:at]
            if major not in {0, 1, 2, 3} or key <= last:
                raise Rejected("malformed", "CBOR map with repeated, unsorted or compound keys")
            last = key
            at = self.item(at, depth + 1)[0]
        return at

    def head(self, at: int) -> tuple[int, int, int]:
        """Major type, argument and where the head ends."""
        first = self.raw[at]
        major, low = first >> 5, first & 31
        if major == 7 and first not in {0xF4, 0xF5, 0xF6}:
            raise Rejected("malformed", "CBOR with a float or a simple value that is not taken")
        if major == 6 or low > 27:
            raise Rejected("malformed", "CBOR with a tag or of indefinite length")
        if low < 24:
            return major, low, at + 1
        size = 1 << (low - 24)
        argument = int.from_bytes(self.raw[at + 1 : at + 1 + size], "big")
        if at + 1 + size > len(self.raw) or argument < (24, 1 << 8, 1 << 16, 1 << 32)[low - 24]:
            raise Rejected("malformed", "CBOR with a head that is not the shortest")
        return major, argument, at + 1 + size
