"""Raw PPP-B2b messages as receivers log them: a line each, in text."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.b2b.crc import crc24q
from rabta.pnt.streams.frames import load

MESSAGE_BITS = 486  # 6 type, 456 data, 24 CRC
FRAME_BYTES = 61
EMPTY = 63  # message type of a frame that carries nothing
_MOST_NOTES = 20
_FIRST_WEEK = 2100  # GPS week of April 2020, before the service: lower numbers are weeks of BDT


@dataclass(frozen=True)
class Frames:
    """Messages whose CRC holds, in the order of the file.

    Attributes
    ----------
    received : ndarray of int64, shape (frame,)
        Instant of reception, GPS time in nanoseconds.
    prn : ndarray of int16, shape (frame,)
        BeiDou satellite that sent it.
    data : ndarray of uint8, shape (frame, 61)
        486 bits, then zeros.
    line : ndarray of int32, shape (frame,)
        Line of the file, from 1.
    scale : str
        Time scale of the file's seconds: ``gps`` or ``bdt``.
    failed : int
        Messages whose CRC failed.
    notes : tuple of str
        What could not be used, each with file and line.
    """

    received: gnsstime.Instants
    prn: NDArray[np.int16]
    data: NDArray[np.uint8]
    line: NDArray[np.int32]
    scale: str = "gps"
    failed: int = 0
    notes: tuple[str, ...] = field(default=())

    @property
    def kind(self) -> NDArray[np.uint8]:
        """Message types, shape (frame,)."""
        return np.asarray(self.data[:, 0] >> 2)


def read(source: str | Path | bytes, scale: str = "auto") -> Frames:
    """Read a log: week, second of week, satellite, source, bytes, hexadecimal message; gzip or plain.

    Parameters
    ----------
    source : path or bytes
    scale : str
        Time scale of the week and second: ``gps``, ``bdt``, or ``auto``: logs in use have either, and a
        message cannot arrive before its epoch, so that seconds less than 14 s after it are BDT.

    Raises
    ------
    RabtaError
        No line of the file is a PPP-B2b message.
    """
    if scale not in ("auto", "gps", "bdt"):
        raise RabtaError("no such time scale", key="scale", value=scale, expected="auto, gps or bdt")
    name, raw = load(source, "a log of PPP-B2b messages")
    numbers, digits, notes = _lines(raw.decode("ascii", errors="replace"), name)
    if not len(numbers):
        raise RabtaError(
            "no PPP-B2b message in the file", file=name, expected="week tow prn source bytes hex"
        )
    data = np.frombuffer(bytes.fromhex(digits), dtype=np.uint8).reshape(len(numbers), FRAME_BYTES)
    return _checked(numbers, data, name, scale, notes)


def _lines(text: str, name: str) -> tuple[NDArray[np.int64], str, list[str]]:
    """Numbers (week, second, satellite, line) and joined digits of the lines that can be read."""
    numbers: list[tuple[int, int, int, int]] = []
    digits: list[str] = []
    notes: list[str] = []
    for line, row in enumerate(text.splitlines(), start=1):
        parts = row.split()
        try:
            week, second, prn, message = int(parts[0]), int(parts[1]), int(parts[2]), parts[5]
            int(message, 16)
            sound = len(message) >= 2 * FRAME_BYTES and 0 <= week < 8192 and 0 <= second < 604800
        except (ValueError, IndexError):
            sound = False
        if sound and 0 < prn < 64 and message.isalnum():
            numbers.append((week, second, prn, line))
            digits.append(message[: 2 * FRAME_BYTES])
        elif row.strip():
            notes.append(f"{name}:{line}: not a PPP-B2b message")
    return np.array(numbers, dtype=np.int64).reshape(-1, 4), "".join(digits), notes


def _checked(
    numbers: NDArray[np.int64], data: NDArray[np.uint8], name: str, scale: str, notes: list[str]
) -> Frames:
    good = crc_holds(data)
    notes += [f"{name}:{line}: CRC fails" for line in numbers[~good, 3]]
    numbers, clean = numbers[good], data[good].copy()
    clean[:, -1] &= 0xFC
    scale = _scale_of(numbers[:, 1], clean) if scale == "auto" else scale
    week = numbers[:, 0] + gnsstime.BDT_WEEK_LAG * (numbers[:, 0] < _FIRST_WEEK)
    received = gnsstime.from_week(week, numbers[:, 1] + gnsstime.BDT_LAG_S * (scale == "bdt"))
    if len(notes) > _MOST_NOTES:
        notes = [*notes[:_MOST_NOTES], f"{name}: {len(notes) - _MOST_NOTES} more lines like these"]
    prn, line = numbers[:, 2].astype(np.int16), numbers[:, 3].astype(np.int32)
    return Frames(received, prn, clean, line, scale, int((~good).sum()), tuple(notes))


def _scale_of(second: NDArray[np.int64], data: NDArray[np.uint8]) -> str:
    """Time scale of the seconds: see `read`."""
    kind = data[:, 0] >> 2
    timed = (kind >= 1) & (kind <= 5)
    if not timed.any():
        return "gps"
    age = (second[timed] - epoch_seconds(data[timed]) + 43_200) % 86_400 - 43_200
    return "bdt" if np.quantile(age, 0.01) < gnsstime.BDT_LAG_S else "gps"


def epoch_seconds(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Seconds of the BDT day of messages of types 1 to 5, shape (frame,): bits 6 to 22."""
    first = data[:, :3].astype(np.int64)
    return np.asarray(((first[:, 0] & 3) << 15) | (first[:, 1] << 7) | (first[:, 2] >> 1))


def crc_holds(data: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether bits 462 to 485 are the CRC-24Q of those before them."""
    # two zero bits before the 462 make whole bytes and change nothing
    wide = np.zeros((len(data), 58), dtype=np.uint8)
    wide[:, 0] = data[:, 0] >> 2
    wide[:, 1:] = (data[:, :57] << 6) | (data[:, 1:58] >> 2)
    tail = data[:, 57:61].astype(np.int64)
    sent = ((tail[:, 0] & 3) << 22) | (tail[:, 1] << 14) | (tail[:, 2] << 6) | (tail[:, 3] >> 2)
    return np.asarray(crc24q(wide) == sent)


def write(frames: Frames, path: str | Path) -> None:
    """Write a log that `read` reads, in GPS time."""
    week, seconds = gnsstime.week_seconds(frames.received)
    rows = zip(week, seconds, frames.prn, frames.data, strict=True)
    lines = [f"{w}\t{s:.0f}\t{p}\t34\t64\t{d.tobytes().hex()}000000\n" for w, s, p, d in rows]
    Path(path).write_text("".join(lines), encoding="ascii")
