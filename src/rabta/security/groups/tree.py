"""The subset-difference method of Naor, Naor and Lotspiech (CRYPTO 2001, section 3.2): cover and labels.

Devices are the leaves of a full binary tree; nodes are numbered as in a heap, the root is 1. The subset of
two nodes (i, j), j below i, is all leaves below i but those below j. The labels of a subset come down from a
secret of i by a one-way generator, left, right or to the key; a device has the labels that hang off its own
way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

KEY_BYTES = 32
ALL = (1, 0)
"""The subset of every device, where nobody is revoked."""


def left(label: bytes) -> bytes:
    """Label of the left child."""
    return hashlib.sha384(label + b"L").digest()[:KEY_BYTES]


def right(label: bytes) -> bytes:
    """Label of the right child."""
    return hashlib.sha384(label + b"R").digest()[:KEY_BYTES]


def subset_key(label: bytes) -> bytes:
    """Key of the subset that a label belongs to."""
    return hashlib.sha384(label + b"M").digest()[:KEY_BYTES]


def down(label: bytes, top: int, node: int) -> bytes:
    """Label of a node, from that of one above it (or the same)."""
    for shift in range(node.bit_length() - top.bit_length() - 1, -1, -1):
        label = right(label) if node >> shift & 1 else left(label)
    return label


def cover(revoked: Iterable[int], depth: int) -> list[tuple[int, int]]:
    """Disjoint subsets (i, j) that hold every leaf but the revoked: at most 2 r - 1 for r of them.

    Parameters
    ----------
    revoked : iterable of int
        Devices, from 0 on.

    Examples
    --------
    >>> cover([], 3), cover([0], 3), cover(range(8), 3)
    ([(1, 0)], [(1, 8)], [])
    """
    return _cover({leaf + (1 << depth) for leaf in revoked}, depth)


def cover_of(members: Iterable[int], depth: int) -> list[tuple[int, int]]:
    """Disjoint subsets (i, j) that hold these devices and no other: at most as many as they are.

    Examples
    --------
    >>> cover_of([5], 3), cover_of([0, 1, 6], 3), cover_of(range(8), 3)
    ([(6, 12)], [(7, 15), (2, 5)], [(1, 0)])
    """
    return _cover(_outside(members, depth), depth)


def _outside(members: Iterable[int], depth: int) -> set[int]:
    """Highest nodes with none of these devices below them."""
    ways = {leaf + (1 << depth) >> up for leaf in members for up in range(depth + 1)}
    return {node ^ 1 for node in ways if node > 1} - ways or ({1} - ways)


def _cover(out: set[int], depth: int) -> list[tuple[int, int]]:
    """Cover of all leaves but those below some nodes, none of which is below another."""
    if not out:
        return [ALL]
    levels: dict[int, list[int]] = {}
    for node in out:
        levels.setdefault(node.bit_length() - 1, []).append(node)
    found: list[tuple[int, int]] = []
    open_: dict[int, int] = {}
    for level in range(depth, 0, -1):
        open_ |= {node: node for node in levels.get(level, ())}
        above: dict[int, int] = {}
        for node, hole in open_.items():
            other = open_.get(node ^ 1)
            if other is None:
                above[node >> 1] = hole
            else:
                if hole != node:
                    found.append((node, hole))
                above[node >> 1] = node >> 1
        open_ = above
    hole = open_.get(1, 1)
    return found if hole == 1 else [*found, (1, hole)]


def hanging(leaf: int, top: int) -> list[int]:
    """Nodes that hang off the way from a node down to a leaf below it.

    Examples
    --------
    >>> hanging(11, 1)
    [3, 4, 10]
    """
    steps = leaf.bit_length() - top.bit_length()
    return [leaf >> shift ^ 1 for shift in range(steps - 1, -1, -1)]
