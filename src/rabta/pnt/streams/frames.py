"""Logs as bytes, and RTCM 3 frames: preamble, length, payload, CRC-24Q (RTCM 10403.3 section 4)."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt.messages.checks import crc24q, crc24q_table

PREAMBLE = 0xD3
_HEAD, _TAIL, _LONGEST = 3, 3, 1023
_MOST_NOTES = 20
_FIRST_BATCH = 64


@dataclass(frozen=True)
class Frames:
    """Payloads of a stream whose CRC holds, in order.

    Attributes
    ----------
    first, size : ndarray of int64, shape (frame,)
        Where each payload starts, in bytes, and its length.
    kind : ndarray of int64, shape (frame,)
        Message number; 0 for an empty payload.
    notes : tuple of str
        What could not be used, with its place in bytes.
    """

    data: NDArray[np.uint8]
    first: NDArray[np.int64]
    size: NDArray[np.int64]
    kind: NDArray[np.int64]
    failed: int
    notes: tuple[str, ...]

    def payload(self, frame: int) -> bytes:
        """Bytes of one payload."""
        start = int(self.first[frame])
        return self.data[start : start + int(self.size[frame])].tobytes()

    def table(self, frames: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Payloads of some frames, shape (frame, longest), zeros behind the shorter ones."""
        width = int(self.size[frames].max(initial=1))
        place = self.first[frames, None] + np.arange(width)
        inside = np.arange(width) < self.size[frames, None]
        return np.where(inside, self.data[np.minimum(place, self.data.size - 1)], 0).astype(np.uint8)


def load(source: bytes | str | Path, what: str) -> tuple[str, bytes]:
    """Name and bytes of a log, unpacked where it is gzip.

    Raises
    ------
    RabtaError
        There is no such file, or it is packed and damaged.
    """
    name = "stream" if isinstance(source, bytes) else str(source)
    if isinstance(source, bytes):
        raw = source
    elif not Path(source).is_file():
        raise RabtaError("no such file", file=name, expected=what)
    else:
        raw = Path(source).read_bytes()
    if raw[:2] != b"\x1f\x8b":
        return name, raw
    try:
        return name, gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise RabtaError("the compressed file is damaged", file=name, expected="gzip") from error


def frame(payload: bytes) -> bytes:
    """Payload as sent.

    Examples
    --------
    >>> frame(bytes.fromhex("3ed7d30202980edeef34b4bd62ac0941986f33")).hex()[-6:]  # 10403.3 section 4
    '360b98'
    """
    head = bytes([PREAMBLE, len(payload) >> 8, len(payload) & 255]) + payload
    return head + crc24q(head).to_bytes(3, "big")


def split(data: bytes) -> Frames:
    """Frames of a stream; what is not a frame is skipped, with a note for each gap."""
    raw = np.frombuffer(data, dtype=np.uint8)
    found: list[int] = []
    at, batch, failed = 0, _FIRST_BATCH, 0
    while at < len(data):
        starts, end = _chain(data, at, batch)
        if not starts:
            break
        good = _sound(raw, starts)
        sound = len(starts) if good.all() else int(good.argmin())
        found += starts[:sound]
        broken = sound < len(starts)
        failed += broken
        at = starts[sound] + 1 if broken else end
        batch = _FIRST_BATCH if broken else min(4 * batch, 1 << 14)
    return _frames(raw, np.array(found, dtype=np.int64), failed)


def _chain(data: bytes, at: int, most: int) -> tuple[list[int], int]:
    """Starts of frames that follow each other by their lengths, unchecked, and the byte after the last."""
    starts: list[int] = []
    size = len(data)
    while len(starts) < most:
        if at >= size or data[at] != PREAMBLE:
            at = data.find(PREAMBLE, at)
        if at < 0 or at + _HEAD + _TAIL > size:
            return starts, size
        if data[at + 1] & 0xFC:
            at += 1
            continue
        length = (data[at + 1] & 3) << 8 | data[at + 2]
        if at + _HEAD + length + _TAIL > size:  # cut off, or no frame at all
            at += 1
            continue
        starts.append(at)
        at += _HEAD + length + _TAIL
    return starts, at


@cache
def _table() -> NDArray[np.int32]:
    return np.array(crc24q_table(), dtype=np.int32)


def _sound(raw: NDArray[np.uint8], starts: list[int]) -> NDArray[np.bool_]:
    """Whether each frame's CRC holds: with it, the remainder is zero; zeros put before change nothing."""
    at = np.array(starts)
    length = _HEAD + _TAIL + ((raw[at + 1].astype(np.int64) & 3) << 8 | raw[at + 2])
    order = np.argsort(length, kind="stable")
    good = np.empty(len(starts), dtype=bool)
    for part in np.array_split(order, max(1, len(order) // 256)):
        width = int(length[part].max())
        place = at[part] + length[part] - width + np.arange(width)[:, None]
        inside = place >= at[part]
        good[part] = _crc(np.where(inside, raw[np.maximum(place, 0)], 0)) == 0
    return good


def _crc(columns: NDArray[np.uint8]) -> NDArray[np.int32]:
    """CRC-24Q of messages, shape (byte, message)."""
    table = _table()
    value = np.zeros(columns.shape[1], dtype=np.int32)
    for byte in columns:
        value = ((value << 8) & 0xFFFFFF) ^ table[(value >> 16) ^ byte]
    return value


def _frames(raw: NDArray[np.uint8], starts: NDArray[np.int64], failed: int) -> Frames:
    size = (raw[starts + 1].astype(np.int64) & 3) << 8 | raw[starts + 2]
    first = starts + _HEAD
    number = raw[first].astype(np.int64) << 4 | raw[first + 1] >> 4
    notes = _gaps(starts, first + size + _TAIL, raw.size)
    return Frames(raw, first, size, np.where(size >= 2, number, 0), failed, notes)


def _gaps(starts: NDArray[np.int64], ends: NDArray[np.int64], size: int) -> tuple[str, ...]:
    """Notes of what lies between frames."""
    begin, end = np.append(0, ends), np.append(starts, size)
    notes = [f"bytes {a} to {b - 1}: not RTCM 3" for a, b in zip(begin, end, strict=True) if b > a]
    more = len(notes) - _MOST_NOTES
    return (*notes[:_MOST_NOTES], f"{more} more gaps like these") if more > 0 else tuple(notes)
