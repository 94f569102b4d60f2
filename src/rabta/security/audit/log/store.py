"""An append-only log in a folder.

    journal          entries that no checkpoint covers yet
    tile/entries/    entries, 256 a file
    tile/LEVEL/      hashes, 256 a file
    checkpoint       newest signed head
    keys             verifier keys of the log, one a line

Order makes it safe: a batch is acknowledged when the journal is synced; a checkpoint gets its name when all
its tiles are synced; the journal is cleared when the checkpoint is synced. Tiles under a checkpoint are never
written again.
"""

from __future__ import annotations

import fcntl
import os
import time as clock
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from types import TracebackType

from rabta.errors import EXIT_SYSTEM, RabtaError
from rabta.security.audit import notes, proofs
from rabta.security.audit.checkpoint import Checkpoint
from rabta.security.audit.log import disk
from rabta.security.audit.log.journal import Journal, Record
from rabta.security.audit.log.tiles import ENTRIES, HEIGHT, WIDTH, Tiles, expand, needed, pack, unpack
from rabta.security.audit.notes import Key, Signing
from rabta.security.audit.policy import Policy
from rabta.security.audit.portable import Inclusion
from rabta.security.audit.tree import node_hash, range_root
from rabta.security.core import Rejected

SETTLE = 1 << 18
"""Entries that wait in memory before their tiles are written."""


class Log:
    """A log that is open, for one writer or, without keys, for reading what its checkpoint covers.

    Attributes
    ----------
    folder : Path
    origin : str
        Its name in checkpoints.
    size : int
        Entries it holds, those that no checkpoint covers included.
    note : bytes
        Newest checkpoint with its signatures.
    """

    def __init__(self, folder: Path, keys: Sequence[Signing], public: Sequence[Key], note: bytes) -> None:
        self.folder, self.keys, self.public, self.note = folder, tuple(keys), tuple(public), note
        self.origin = self.public[0].name
        head = Policy(self.origin, self.public).head(note)
        self.size = self.covered = head.size
        self.tiles = Tiles(folder)
        self._lock = _locked(folder) if keys else -1
        self._edge: list[list[bytes]] = []  # hashes of each level that fill no tile yet
        self._fresh: dict[tuple[int, int], list[bytes]] = {}  # whole tiles that are not written yet
        self._waiting: list[bytes] = []  # packed entries from the last whole bundle on
        self._written: list[Path] = []
        self._ends: dict[tuple[int, int], bytes] = {}
        self._load()
        if self.root() != head.root:
            self.close()
            raise RabtaError(
                "the log's tiles are not those of its checkpoint", file=folder, expected="rabta audit check"
            )
        self._journal = Journal(folder / "journal") if keys else None
        if self._journal:
            self._replay(self._journal.replay())
            self._sweep(self.covered)

    @classmethod
    def create(cls, folder: Path, origin: str, keys: Sequence[Signing]) -> Log:
        """Make a log in a new or empty folder, with a checkpoint of size 0.

        Parameters
        ----------
        keys : sequence of Signing
            At least one, all with the origin as their name: Ed25519 and ML-DSA-44.
        """
        if not keys or any(key.name != origin for key in keys):
            raise RabtaError("the log's keys must bear its origin as name", key="keys", expected=origin)
        if folder.exists() and any(folder.iterdir()):
            raise RabtaError("the folder of a new log is not empty", file=folder)
        with disk.told(folder, "the log cannot be made"):
            folder.mkdir(parents=True, exist_ok=True)
            disk.replace(folder / "keys", "".join(f"{key.public.text}\n" for key in keys).encode())
            empty = Checkpoint(origin, 0, sha256(b"").digest()).text()
            disk.replace(folder / "checkpoint", notes.sign(empty, keys, int(clock.time())))
        return cls.open(folder, keys)

    @classmethod
    def open(cls, folder: Path, keys: Sequence[Signing] = ()) -> Log:
        """Open a log; with its keys to append, without to read.

        Raises
        ------
        RabtaError
            If it is none, another process appends to it, the keys are not its own, or it is damaged.
        """
        public = public_keys(folder)
        if keys and {key.public for key in keys} != set(public):
            raise RabtaError("these are not the log's keys", file=folder, expected=public[0].name)
        with disk.told(folder, "the log cannot be opened"):
            return cls(folder, keys, public, (folder / "checkpoint").read_bytes())

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files and lock; what was appended stays."""
        journal = getattr(self, "_journal", None)
        if journal:
            journal.close()
            self._journal = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def append(self, entry: bytes) -> int:
        """Number of an entry that is durable now; `extend` is faster for many."""
        return self.extend([entry])

    def extend(self, entries: Iterable[bytes]) -> int:
        """Append entries, all or none, and return the number of the first; they are durable now.

        Raises
        ------
        RabtaError
            If an entry is longer than 65,535 bytes, the log is open for reading, or the disk is full; then
            nothing was appended.
        """
        journal = self._writable()
        packed = [pack(entry) for entry in entries]
        first = self.size
        if packed:
            journal.add(first, len(packed), b"".join(packed))
            self._take(packed)
        return first

    def checkpoint(self, time: int | None = None) -> bytes:
        """Note of a checkpoint over all entries, signed and durable; the last one where nothing is new.

        Raises
        ------
        RabtaError
            If the disk is full; the last checkpoint stays valid, and nothing that was appended is lost.
        """
        journal = self._writable()
        if self.size == self.covered:
            return self.note
        with disk.told(self.folder, "no checkpoint was made; the last one stays and nothing is lost"):
            self._settle()
            self._partials()
            journal.broken = True  # after a failed sync nobody knows what the disk holds
            disk.sync(self.folder, self._written)
            journal.broken = False
            text = Checkpoint(self.origin, self.size, self.root()).text()
            note = notes.sign(text, self.keys, int(clock.time()) if time is None else time)
            disk.replace(self.folder / "checkpoint", note)
        with disk.told(self.folder, "the checkpoint was made, but older files stay"):
            self._cover(note)
        return note

    def _writable(self) -> Journal:
        if not self._journal:
            raise RabtaError("the log is open for reading alone", file=self.folder)
        if self._journal.broken:
            raise RabtaError("the disk failed; open the log again", file=self.folder, exit_code=EXIT_SYSTEM)
        return self._journal

    def cosigned(self, lines: str) -> bytes:
        """Newest checkpoint with further signature lines (of witnesses), durable."""
        note = notes.add(self.note, lines)
        with disk.told(self.folder, "the signatures were not kept; the checkpoint stays"):
            disk.replace(self.folder / "checkpoint", note)
        self.note = note
        return note

    def root(self, size: int | None = None) -> bytes:
        """Root of the first ``size`` entries, 32 bytes; of all where it is not given."""
        return range_root(self.node, 0, self.size if size is None else size)

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Inclusion proof of an entry in the tree of a size, that of the checkpoint where none is given."""
        return proofs.inclusion(self.node, index, self._within(size), self._ends)

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """Consistency proof between two sizes, the newer that of the checkpoint where it is not given."""
        return proofs.consistency(self.node, old, self._within(new))

    def prefix(self, old: int, new: int) -> tuple[bytes, list[bytes]]:
        """Root of an earlier size and the proof from it: what `meet.View` asks of a node with the log."""
        return self.root(old), self.consistency(old, new)

    def prove(self, index: int) -> Inclusion:
        """Portable proof that an entry lies under the newest checkpoint."""
        return Inclusion(index, tuple(self.inclusion(index)), self.note)

    def entry(self, index: int) -> bytes:
        """Return an entry by its number."""
        return self.entries(index, index + 1)[0]

    def entries(self, start: int, end: int) -> list[bytes]:
        """Entries of ``[start, end)``."""
        if not 0 <= start <= end <= self.size:
            raise RabtaError("no such entries", value=f"{start} to {end}", expected=f"0 to {self.size}")
        found: list[bytes] = []
        settled = self.size - len(self._waiting)
        for bundle in range(start // WIDTH, -(-min(end, settled) // WIDTH)):
            found += self.tiles.entries(bundle, min(WIDTH, settled - bundle * WIDTH))
        found += [item[2:] for item in self._waiting] if end > settled else []
        skipped = start // WIDTH * WIDTH if start < settled else settled
        return found[start - skipped : end - skipped]

    def node(self, level: int, index: int) -> bytes:
        """Hash of the whole subtree of ``2**level`` leaves that is the ``index``-th of its level."""
        tile_level, height = divmod(level, HEIGHT)
        tile, at = divmod(index, WIDTH >> height)
        fresh = self._fresh.get((tile_level, tile))
        if fresh is None and tile_level < len(self._edge) and tile == self._whole(tile_level):
            fresh = self._edge[tile_level]
        if fresh is None:
            return self.tiles.rows(tile_level, tile, WIDTH)[height][at]
        return _sub(fresh, height, at)

    def _whole(self, level: int) -> int:
        """Count of whole tiles of a level."""
        return self.size >> HEIGHT * (level + 1)

    def _within(self, size: int | None) -> int:
        if size is not None and not 0 <= size <= self.size:
            raise RabtaError("the log has no such size", key="size", value=size, expected=f"0 to {self.size}")
        return self.covered if size is None else size

    def _load(self) -> None:
        """Read the partial tiles and the partial bundle of the checkpoint's size."""
        self._edge = [[] for _ in range(-(-self.size.bit_length() // HEIGHT))]
        for level, index, width in needed(self.size):
            self._edge[level] = self.tiles.hashes(level, index, width)
        if self.size % WIDTH:
            entries = self.tiles.entries(self.size // WIDTH, self.size % WIDTH)
            self._waiting = [pack(entry) for entry in entries]

    def _replay(self, found: list[Record]) -> None:
        """Append what the journal holds beyond the checkpoint."""
        for item in found:
            entries = unpack(item.body)
            if len(entries) != item.count or item.start > self.size:
                raise RabtaError("the journal does not go on from the checkpoint", file=self.folder)
            self._take([pack(entry) for entry in entries[self.size - item.start :]])

    def _take(self, packed: list[bytes]) -> None:
        """Hash entries that the journal holds; whole tiles wait to be written."""
        self._waiting += packed
        self._hash(0, [sha256(b"\x00" + item[2:]).digest() for item in packed], self.size)
        self.size += len(packed)
        if len(self._waiting) >= SETTLE:
            try:
                self._settle()
            except OSError:
                return  # the journal has them; the next checkpoint tries again and says so

    def _hash(self, level: int, hashes: list[bytes], before: int) -> None:
        """Fill tiles of a level; ``before`` is the count of leaves that it stood on."""
        if level == len(self._edge):
            self._edge.append([])
        edge, tile = self._edge[level] + hashes, before >> HEIGHT * (level + 1)
        roots, at = [], 0
        while len(edge) - at >= WIDTH:
            row = edge[at : at + WIDTH]
            self._fresh[level, tile] = row
            top = expand(row)[-1]
            roots.append(node_hash(top[0], top[1]))
            at, tile = at + WIDTH, tile + 1
        self._edge[level] = edge[at:]
        if roots:
            self._hash(level + 1, roots, before)

    def _settle(self) -> None:
        """Write whole bundles and tiles, not yet durable."""
        first = (self.size - len(self._waiting)) // WIDTH
        for bundle in range(len(self._waiting) // WIDTH):
            content = b"".join(self._waiting[bundle * WIDTH : (bundle + 1) * WIDTH])
            self._written.append(self.tiles.put(ENTRIES, first + bundle, content))
        for (level, tile), row in self._fresh.items():
            self._written.append(self.tiles.put(level, tile, b"".join(row)))
        self._waiting = self._waiting[len(self._waiting) // WIDTH * WIDTH :]
        self._fresh.clear()

    def _partials(self) -> None:
        kept = needed(self.covered)  # under the last checkpoint, so never written again
        for level, index, width in needed(self.size):
            if (level, index, width) in kept:
                continue
            self._written.append(self.tiles.put(level, index, b"".join(self._edge[level]), width))
        if self._waiting:
            content = b"".join(self._waiting)
            index, width = divmod(self.size, WIDTH)
            self._written.append(self.tiles.put(ENTRIES, index, content, width))

    def _cover(self, note: bytes) -> None:
        """Go on from a durable checkpoint: the journal and partial tiles that became whole are not needed."""
        old, self.covered, self.note = self.covered, self.size, note
        self._written.clear()
        if self._journal:
            self._journal.clear()
        self._sweep(old)

    def _sweep(self, old: int) -> None:
        """Drop partial tiles that are whole now, and those of checkpoints that never came to be.

        `old` is the size under the checkpoint before; what partial tiles it and earlier ones need stays.
        """
        for level in range(len(self._edge)):
            edge, width = divmod(self.covered >> HEIGHT * level, WIDTH)
            before, least = divmod(old >> HEIGHT * level, WIDTH)
            for index in range(before, self._whole(level) + 1):
                kept = {width} if index == edge else set()
                kept |= set(range(least + 1)) if index == edge == before else set()
                for name in (level, ENTRIES) if level == 0 else (level,):
                    self.tiles.drop_partial(name, index, kept)


def _sub(hashes: list[bytes], height: int, at: int) -> bytes:
    """Hash of a subtree of a tile that is still in memory."""
    row = hashes[at << height : (at + 1) << height]
    while len(row) > 1:
        row = [node_hash(a, b) for a, b in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def _locked(folder: Path) -> int:
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise RabtaError("another process appends to the log", file=folder) from None
    return handle


def public_keys(folder: Path) -> list[Key]:
    """Verifier keys that a log's folder names; RabtaError where it is no log."""
    try:
        lines = (folder / "keys").read_text().splitlines()
        (folder / "checkpoint").stat()
    except OSError:
        raise RabtaError("no log in this folder", file=folder, expected="rabta audit new") from None
    except UnicodeDecodeError:
        raise Rejected("malformed", "the log's keys are damaged", file=folder / "keys") from None
    found = [Key.parse(line) for line in lines]
    if not found or len({key.name for key in found}) != 1:
        raise Rejected("malformed", "the log's keys are not of one name", file=folder / "keys")
    return found
