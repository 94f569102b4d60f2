"""Text files of outside makers: bytes from a path, whatever they are packed with, and their lines."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError

Source: TypeAlias = str | Path | bytes
Bytes = NDArray[np.uint8]

_GZIP, _LZW, _ZIP, _BZ2 = b"\x1f\x8b", b"\x1f\x9d", b"PK\x03\x04", b"BZh"
_CRINEX = b"CRINEX VERS"
_MARK = b"\xef\xbb\xbf"  # some editors put this before a text


def load(source: Source) -> tuple[bytes, str]:
    """Plain bytes of a file or of bytes, and the name to call it in messages.

    Unpacks gzip, Unix compress (.Z), zip, bzip2, and compact RINEX inside or outside of these.
    """
    name = "<bytes>" if isinstance(source, bytes) else str(source)
    raw = source if isinstance(source, bytes) else _read(Path(source))
    if raw.startswith(_GZIP):
        raw = _gunzip(raw, name)
    if raw.startswith((_LZW, _ZIP, _BZ2)):
        raw = _unpack(raw, name)
    raw = raw.removeprefix(_MARK)
    if not raw:
        raise RabtaError("the file is empty", file=name)
    return (_expand(raw, name) if _CRINEX in raw[:200] else raw), name


def _expand(raw: bytes, name: str) -> bytes:
    """Plain RINEX of compact RINEX; of a damaged file what stands before the damage, and a line on it."""
    from rabta.pnt.text.crinex import expand

    plain, line, whole = expand(raw)
    if whole:
        return plain
    try:
        return _unpack(raw, name)
    except RabtaError:
        if not plain or plain.rstrip().endswith(b"END OF HEADER"):
            raise
        return plain + f"compact RINEX is damaged at its line {line + 1}: the rest is lost\n".encode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RabtaError("cannot read the file", file=path, value=error.strerror) from error


def _gunzip(raw: bytes, name: str) -> bytes:
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise RabtaError("the gzip file is damaged or cut short", file=name, value=str(error)) from error


def _unpack(raw: bytes, name: str) -> bytes:
    import hatanaka

    try:
        return bytes(hatanaka.decompress(raw))
    except Exception as error:  # the library raises many kinds; all mean that the file is damaged
        raise RabtaError("cannot unpack the file", file=name, value=str(error)[:200]) from error


@dataclass(frozen=True)
class Lines:
    """Lines of a file as positions in its bytes.

    Attributes
    ----------
    data : ndarray of uint8, shape (byte,)
    first, last : ndarray of int64, shape (line,)
        Where each line begins, and where it ends without its line end.
    """

    raw: bytes
    name: str
    data: Bytes
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.first.size)

    def text(self, line: int) -> str:
        """One line; bytes that are not ASCII become question marks."""
        return self.raw[self.first[line] : self.last[line]].decode("ascii", "replace").replace("\ufffd", "?")

    def column(self, at: int) -> NDArray[np.uint8]:
        """Byte at one column of all lines; blank where the line is shorter."""
        where = np.minimum(self.first + at, self.data.size - 1)
        return np.where(self.first + at < self.last, self.data[where], np.uint8(32))

    def at(self, line: int) -> str:
        """Name of a place, ``file:line`` counted from one."""
        return f"{self.name}:{line + 1}"


def lines(source: Source) -> Lines:
    """Lines of a file, unpacked where it is packed."""
    raw, name = load(source)
    return Lines(raw, name, *line_arrays(raw))


def line_arrays(raw: bytes) -> tuple[Bytes, NDArray[np.int64], NDArray[np.int64]]:
    """Bytes as an array, and where each line begins and ends."""
    from rabta.pnt.text._kernels import line_bounds

    data = np.frombuffer(raw, dtype=np.uint8)
    count = int(np.count_nonzero(data == 10)) + 1
    first, last = np.empty(count, np.int64), np.empty(count, np.int64)
    used = line_bounds(data, first, last)
    return data, first[:used], last[:used]


class Notes:
    """What of a file could not be used, and where; a damaged file does not drown the reader."""

    LIMIT = 200

    def __init__(self, source: Lines) -> None:
        self.source, self.found, self.more = source, list[str](), 0

    def add(self, line: int, text: str) -> None:
        """Note at a line, counted from zero."""
        if len(self.found) < self.LIMIT:
            self.found.append(f"{self.source.at(line)}: {text}")
        else:
            self.more += 1

    def done(self) -> tuple[str, ...]:
        """All notes."""
        rest = (f"{self.source.name}: and {self.more} more lines like these",) if self.more else ()
        return (*self.found, *rest)
