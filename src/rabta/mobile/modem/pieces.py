"""Files cut into frames and put together again: each frame says where its bytes belong and checks them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from rabta.errors import RabtaError

_HEAD = struct.Struct(">III3s")  # check, offset, total, length
OVERHEAD = _HEAD.size
"""Bytes of a frame that are not the file's."""
LARGEST = 2**32 - 1


@dataclass(frozen=True)
class Piece:
    """Bytes of a file.

    Attributes
    ----------
    offset, total : int
        Where they begin in the file, and how long it is.
    data : bytes
    """

    offset: int
    total: int
    data: bytes


def seal(data: bytes, offset: int, capacity: int) -> bytes:
    """Field of a frame with as many bytes of a file from a place as it holds; zeros fill it up.

    Examples
    --------
    >>> unseal(seal(b"to everyone", 3, 20))
    Piece(offset=3, total=11, data=b'every')
    """
    if capacity <= OVERHEAD:
        raise RabtaError(
            "frames too small for a file", key="capacity", value=f"{capacity} bytes",
            expected=f"more than {OVERHEAD}: a faster modcod, or a wider channel",
        )  # fmt: skip
    if len(data) > LARGEST or not data:
        raise RabtaError(
            "not a file to send", key="data", value=f"{len(data)} bytes", expected=f"1 to {LARGEST} bytes"
        )
    part = data[offset : offset + capacity - OVERHEAD]
    rest = struct.pack(">II", offset, len(data)) + len(part).to_bytes(3, "big") + part
    return struct.pack(">I", zlib.crc32(rest)) + rest + bytes(capacity - OVERHEAD - len(part))


def unseal(field: bytes) -> Piece | None:
    """Piece in a frame's field; None where its check does not hold."""
    if len(field) < OVERHEAD:
        return None
    check, offset, total, length = _HEAD.unpack_from(field)
    size = int.from_bytes(length, "big")
    part = field[OVERHEAD : OVERHEAD + size]
    if len(part) < size or offset + size > total or zlib.crc32(field[4 : OVERHEAD + size]) != check:
        return None
    return Piece(offset, total, part)


@dataclass(frozen=True)
class Whole:
    """A file as far as it arrived.

    Attributes
    ----------
    data : bytes
        Zeros where nothing arrived.
    missing : list of (int, int)
        Offset and length of each gap.
    """

    data: bytes
    missing: list[tuple[int, int]]

    @property
    def complete(self) -> bool:
        """Whether every byte arrived."""
        return bool(self.data) and not self.missing


def join(pieces: Iterable[Piece], most: int = 1 << 30) -> Whole:
    """File of its pieces, in any order; of one that says another length than the first is not taken.

    Raises
    ------
    RabtaError
        A file larger than ``most`` bytes.
    """
    rows = list(pieces)
    if not rows:
        return Whole(b"", [])
    total = rows[0].total
    if total > most:
        raise RabtaError("the file is too large", key="total", value=total, expected=f"at most {most} bytes")
    out, at, missing = bytearray(total), 0, []
    for piece in sorted((p for p in rows if p.total == total), key=lambda p: p.offset):
        if piece.offset > at:
            missing.append((at, piece.offset - at))
        out[piece.offset : piece.offset + len(piece.data)] = piece.data
        at = max(at, piece.offset + len(piece.data))
    if at < total:
        missing.append((at, total - at))
    return Whole(bytes(out), missing)
