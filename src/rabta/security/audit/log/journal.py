"""The journal: entries that are acknowledged but not yet under a checkpoint.

A record is a head (first entry's number, count, length; with eight bytes of its SHA-256), the entries as in
a bundle, and the SHA-256 of both. A record that ends too early was never acknowledged and is dropped; one
that is whole but wrong is damage, and said.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from rabta.errors import RabtaError
from rabta.security.audit.log import disk

HEAD = struct.Struct(">QII")
MARK_BYTES, DIGEST_BYTES = 8, 32
MOST_BODY = 1 << 30


@dataclass(frozen=True)
class Record:
    """Entries of one batch, as in a bundle, and the number of the first."""

    start: int
    count: int
    body: bytes


def record(start: int, count: int, body: bytes) -> bytes:
    """Bytes of a record."""
    head = HEAD.pack(start, count, len(body))
    head += sha256(head).digest()[:MARK_BYTES]
    state = sha256(head)
    state.update(body)
    return b"".join((head, body, state.digest()))


def records(path: Path, raw: bytes) -> Iterator[tuple[Record, int]]:
    """Whole records and where each ends; RabtaError where one is damaged."""
    at, size = 0, HEAD.size + MARK_BYTES
    while len(raw) - at >= size and any(raw[at : at + size]):
        head = raw[at : at + size]
        if sha256(head[: HEAD.size]).digest()[:MARK_BYTES] != head[HEAD.size :]:
            raise _damaged(path, at)
        start, count, length = HEAD.unpack(head[: HEAD.size])
        end = at + size + length + DIGEST_BYTES
        if end > len(raw):
            return
        state = sha256(memoryview(raw)[at : end - DIGEST_BYTES])
        if state.digest() != raw[end - DIGEST_BYTES : end]:
            raise _damaged(path, at)
        yield Record(start, count, raw[at + size : end - DIGEST_BYTES]), end
        at = end
    if len(raw) - at >= size and any(raw[at:]):
        raise _damaged(path, at)  # zeros with something behind them: no write that broke off


def _damaged(path: Path, at: int) -> RabtaError:
    return RabtaError(
        "the journal is damaged", file=path, value=f"byte {at}", expected="a copy of it from a backup"
    )


class Journal:
    """An open journal."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self.end = 0
        self.broken = False

    def replay(self) -> list[Record]:
        """Return the records, and forget what never became whole."""
        raw = self.path.read_bytes()
        found = []
        for item, end in records(self.path, raw):
            found.append(item)
            self.end = end
        if len(raw) > self.end:
            os.ftruncate(self.handle, self.end)
            os.fsync(self.handle)
        return found

    def add(self, start: int, count: int, body: bytes) -> None:
        """Make a batch durable; where the disk refuses it, nothing of it stays."""
        content = record(start, count, body)
        with disk.told(self.path, "nothing was appended"):
            try:
                os.lseek(self.handle, self.end, os.SEEK_SET)
                disk.write_all(self.handle, content)
            except OSError:
                self._back()
                raise
            self.broken = True  # after a failed sync nobody knows what the disk holds
            os.fdatasync(self.handle)
            self.broken = False
        self.end += len(content)

    def _back(self) -> None:
        self.broken = True
        os.ftruncate(self.handle, self.end)
        self.broken = False

    def clear(self) -> None:
        """Forget all records: a checkpoint covers them."""
        os.ftruncate(self.handle, 0)
        self.end = 0

    def close(self) -> None:
        """Let go of the file."""
        os.close(self.handle)
