"""Text files of outside makers: bytes from a path, whatever they are packed with, and their lines."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError

Source: TypeAlias = str | Path | bytes
Bytes = NDArray[np.uint8]

_GZIP, _LZW, _ZIP, _BZ2 = b"\x1f\x8b", b"\x1f\x9d", b"PK\x03\x04", b"BZh"
_CRINEX = b"CRINEX VERS"


def load(source: Source) -> tuple[bytes, str]:
    """Plain bytes of a file or of bytes, and the name to call it in messages.

    Unpacks gzip, Unix compress (.Z), zip, bzip2, and compact RINEX inside or outside of these.
    """
    name = "<bytes>" if isinstance(source, bytes) else str(source)
    raw = source if isinstance(source, bytes) else _read(Path(source))
    if not raw:
        raise RabtaError("the file is empty", file=name)
    if raw.startswith(_GZIP):
        raw = _gunzip(raw, name)
    if raw.startswith((_LZW, _ZIP, _BZ2)) or _CRINEX in raw[:200]:
        raw = _unpack(raw, name)
    return raw, name


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


def split(raw: bytes) -> tuple[Bytes, NDArray[np.int64], NDArray[np.int64]]:
    """Bytes as an array, with first and last + 1 byte of every line, without line ends.

    A last line without a line end counts; a file of old line ends (CR alone) has none.
    """
    from rabta.pnt.text._kernels import line_bounds

    data = np.frombuffer(raw, dtype=np.uint8)
    count = int(np.count_nonzero(data == 10)) + 1
    first, last = np.empty(count, np.int64), np.empty(count, np.int64)
    used = line_bounds(data, first, last)
    return data, first[:used], last[:used]
