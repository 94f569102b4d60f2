"""Hashes of a Merkle tree (RFC 9162, 2.1, with SHA-256) and a tree in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY = sha256(b"").digest()
"""Root of the tree without leaves."""

Nodes = Callable[[int, int], bytes]
"""``(level, index)`` -> hash of the whole subtree of ``2**level`` leaves from leaf ``index << level`` on."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of an entry, 32 bytes."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node from those of its halves, 32 bytes each."""
    return sha256(b"\x01" + left + right).digest()


def pairs(hashes: Sequence[bytes]) -> list[bytes]:
    """Parents of an even number of neighbours; of an odd number, the last has none."""
    return [sha256(b"\x01" + a + b).digest() for a, b in zip(hashes[::2], hashes[1::2], strict=False)]


def peaks(start: int, end: int) -> list[tuple[int, int]]:
    """Levels and indices of the whole subtrees that fill ``[start, end)``, the largest first.

    ``start`` is a multiple of the smallest power of two that is not below ``end - start``.

    Examples
    --------
    >>> peaks(0, 7)
    [(2, 0), (1, 2), (0, 6)]
    """
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return found


def fold(hashes: Sequence[bytes]) -> bytes:
    """Root over subtrees that shrink from the first to the last."""
    if not hashes:
        return EMPTY
    root = hashes[-1]
    for left in hashes[-2::-1]:
        root = node_hash(left, root)
    return root


def range_root(nodes: Nodes, start: int, end: int) -> bytes:
    """Root over the leaves of ``[start, end)``, aligned as `peaks` says."""
    return fold([nodes(level, index) for level, index in peaks(start, end)])


class Tree:
    """All hashes of a tree in memory: 64 bytes a leaf and what Python adds.

    Attributes
    ----------
    levels : list of list of bytes
        Hashes of whole subtrees of ``2**level`` leaves.
    """

    def __init__(self) -> None:
        self.levels: list[list[bytes]] = [[]]

    def __len__(self) -> int:
        return len(self.levels[0])

    def extend(self, entries: Iterable[bytes]) -> None:
        """Append entries."""
        self.extend_hashes([sha256(b"\x00" + entry).digest() for entry in entries])

    def extend_hashes(self, hashes: Iterable[bytes]) -> None:
        """Append leaves by their hashes; every inner node is hashed once, when it is whole."""
        level, new = 0, list(hashes)
        while new:
            if level == len(self.levels):
                self.levels.append([])
            row = self.levels[level]
            waiting = len(row) & 1
            row.extend(new)
            new = pairs(row[len(row) - len(new) - waiting :])
            level += 1

    def node(self, level: int, index: int) -> bytes:
        """Hash of a whole subtree."""
        return self.levels[level][index]

    def root(self, size: int | None = None) -> bytes:
        """Root of the first ``size`` leaves, of all where it is not given."""
        return range_root(self.node, 0, len(self) if size is None else size)
