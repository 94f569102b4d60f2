"""Heads of a log: origin, size and root as text (C2SP tlog-checkpoint)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from rabta.security.audit.tree import EMPTY, HASH_BYTES
from rabta.security.core import Rejected

MOST_SIZE = 1 << 63
MOST_ORIGIN = 255
"""Longest origin, bytes, as an ML-DSA-44 cosignature can name it."""


@dataclass(frozen=True)
class Checkpoint:
    """What a log says it holds.

    Attributes
    ----------
    origin : str
        Name of the log, as ``"audit.example/root"``.
    size : int
        Number of leaves.
    root : bytes
        Root of the tree of these, 32 bytes.
    extensions : tuple of str
        Further lines, which are no part of what ML-DSA-44 cosignatures state.
    time : int
        Seconds since 1970 by which a quorum of witnesses had seen it: the k-th newest of their times, so that
        fewer than k of them cannot push it ahead; 0 where no quorum is asked for. No part of the text.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    time: int = field(default=0, compare=False)

    def text(self) -> str:
        """The note's text, with a newline at its end."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "\n".join(lines) + "\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Checkpoint of a note's text.

        Raises
        ------
        Rejected
            With the reason ``"malformed"``.
        """
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() or not all(lines):
            raise Rejected("malformed", "a checkpoint has at least three lines, none empty")
        origin, size, root, *extensions = lines
        if len(origin.encode()) > MOST_ORIGIN:
            raise Rejected("malformed", "a checkpoint's origin is too long")
        found = cls(origin, decimal(size), base64_of(root), tuple(extensions))
        if len(found.root) != HASH_BYTES or (not found.size and found.root != EMPTY):
            raise Rejected("malformed", "a checkpoint's root is not one of its size")
        return found


def decimal(text: str, most: int = MOST_SIZE) -> int:
    """Whole number in ASCII without leading zeroes, below ``most``."""
    plain = text.isascii() and text.isdecimal() and len(text) <= 19
    if not plain or (len(text) > 1 and text[0] == "0") or int(text) >= most:
        raise Rejected("malformed", "not a number as the formats of C2SP write it")
    return int(text)


def base64_of(text: str) -> bytes:
    """Bytes of standard base64 in its one form (RFC 4648, 4; no other padding, no stray bits)."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Rejected("malformed", "not base64") from None
    if base64.b64encode(raw) != text.encode():
        raise Rejected("malformed", "base64 in another than its one form")
    return raw
