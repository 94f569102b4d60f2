"""Tiles: 256 hashes of one level of the tree, or 256 entries, a file each (C2SP tlog-tiles)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rabta.errors import RabtaError
from rabta.security.audit.log import disk
from rabta.security.audit.tree import HASH_BYTES, pairs
from rabta.security.core import Rejected

WIDTH = 256
HEIGHT = 8
MOST_ENTRY = (1 << 16) - 1
ENTRIES = "entries"
CACHED = 1024
"""Tiles kept in memory by `Tiles.rows`, about 35 kB each with what Python adds."""


def path_of(level: int | str, index: int, width: int = WIDTH) -> str:
    """Path of a tile or of a bundle of entries (level ``"entries"``) below the log's folder.

    Examples
    --------
    >>> path_of(0, 1234067)
    'tile/0/x001/x234/067'
    >>> path_of("entries", 273, 112)
    'tile/entries/273.p/112'
    """
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03d}")
    name = f"tile/{level}/{'/'.join(parts)}"
    return name if width == WIDTH else f"{name}.p/{width}"


def needed(size: int) -> list[tuple[int, int, int]]:
    """Return the partial tiles of a tree of that size: level, index, width.

    Examples
    --------
    >>> needed(70_000)
    [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    """
    found, level = [], 0
    while size:
        if size % WIDTH:
            found.append((level, size // WIDTH, size % WIDTH))
        size, level = size // WIDTH, level + 1
    return found


def expand(hashes: list[bytes]) -> list[list[bytes]]:
    """Return the eight levels of a tile: its hashes and the whole subtrees above them."""
    rows = [hashes]
    for _ in range(HEIGHT - 1):
        rows.append(pairs(rows[-1]))
    return rows


def split(raw: bytes) -> list[bytes]:
    """Hashes of a tile's bytes."""
    return [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]


def pack(entry: bytes) -> bytes:
    """Entry as it stands in a bundle; RabtaError where it is longer than 65,535 bytes."""
    if len(entry) > MOST_ENTRY:
        raise RabtaError(
            "an entry is too long for the log", value=f"{len(entry)} bytes", expected=f"at most {MOST_ENTRY}"
        )
    return len(entry).to_bytes(2, "big") + entry


def unpack(raw: bytes) -> list[bytes]:
    """Entries of a bundle; Rejected (``"malformed"``) where lengths and bytes disagree."""
    found, at = [], 0
    while at < len(raw):
        length = int.from_bytes(raw[at : at + 2], "big")
        found.append(raw[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(raw):
        raise Rejected("malformed", "a bundle of entries that ends too early")
    return found


class Tiles:
    """Tiles of a folder, read through a cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = lru_cache(CACHED)(self._rows)

    def read(self, level: int | str, index: int, width: int) -> bytes:
        """Bytes of a tile that is at least so wide: the partial one of that width, else the whole one.

        In this order, since a whole one beside it may have come after the checkpoint, not yet durable.
        """
        for name in (path_of(level, index, width), path_of(level, index)):
            try:
                return (self.folder / name).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                continue
        raise RabtaError("a tile of the log is missing", file=self.folder / path_of(level, index, width))

    def hashes(self, level: int, index: int, width: int) -> list[bytes]:
        """Return the first hashes of a tile."""
        raw = self.read(level, index, width)
        if len(raw) % HASH_BYTES or len(raw) < width * HASH_BYTES:
            raise RabtaError(
                "a tile of the log is damaged",
                file=self.folder / path_of(level, index, width),
                expected="what rabta audit check says",
            )
        return split(raw[: width * HASH_BYTES])

    def _rows(self, level: int, index: int, width: int) -> list[list[bytes]]:
        return expand(self.hashes(level, index, width))

    def entries(self, index: int, width: int) -> list[bytes]:
        """Return the first entries of a bundle."""
        found = unpack(self.read(ENTRIES, index, width))
        if len(found) < width:
            raise RabtaError(
                "a bundle of the log is damaged", file=self.folder / path_of(ENTRIES, index, width)
            )
        return found[:width]

    def put(self, level: int | str, index: int, content: bytes, width: int = WIDTH) -> Path:
        """Write a tile, not yet durable."""
        path = self.folder / path_of(level, index, width)
        disk.put(path, content)
        return path

    def drop_partial(self, level: int | str, index: int, kept: set[int]) -> None:
        """Forget the partial tiles of an index, but for those of some widths."""
        folder = self.folder / (path_of(level, index) + ".p")
        if not folder.is_dir():
            return
        for path in folder.iterdir():
            if path.name not in {str(width) for width in kept}:
                path.unlink()
        if not kept:
            folder.rmdir()
