"""Inclusion and consistency proofs (RFC 9162, 2.1.3 and 2.1.4)."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256

from rabta.errors import RabtaError
from rabta.security.audit.tree import HASH_BYTES, Nodes, range_root
from rabta.security.core import Rejected

MOST_KNOWN = 10_000
"""Roots of ragged ends that `inclusion` keeps."""
MOST_HASHES = 63
"""Longest proof that is looked at, as in C2SP's tlog-witness; trees of 2^63 leaves."""


def inclusion(
    nodes: Nodes, index: int, size: int, known: dict[tuple[int, int], bytes] | None = None
) -> list[bytes]:
    """Siblings of a leaf from its own up to the root's child.

    Parameters
    ----------
    known : dict, optional
        Roots of ragged ends by their first leaf and size, kept between calls; they never change, since the
        tree only grows.

    Raises
    ------
    RabtaError
        If there is no such leaf in a tree of that size.
    """
    if not 0 <= index < size:
        raise RabtaError(
            "no such leaf",
            key="index",
            value=index,
            expected=f"0 to {size - 1}" if size else "an entry first",
        )
    inner = (index ^ (size - 1)).bit_length()
    found = [nodes(level, index >> level ^ 1) for level in range(inner - 1)]
    if inner:  # here the ways of this leaf and of the last one part: the sibling may be ragged
        start = (index >> inner - 1 ^ 1) << inner - 1
        found.append(_end(nodes, start, min(start + (1 << inner - 1), size), known))
    rest, level = index >> inner, inner
    while rest:
        if rest & 1:
            found.append(nodes(level, rest - 1))
        rest >>= 1
        level += 1
    return found


def _end(nodes: Nodes, start: int, end: int, known: dict[tuple[int, int], bytes] | None) -> bytes:
    if known is None:
        return range_root(nodes, start, end)
    found = known.get((start, end))
    if found is None:
        if len(known) >= MOST_KNOWN:
            known.clear()
        found = known[start, end] = range_root(nodes, start, end)
    return found


def consistency(nodes: Nodes, old: int, new: int) -> list[bytes]:
    """Proof that a tree is the start of a larger one; empty from size 0 and between equals.

    Raises
    ------
    RabtaError
        If ``old`` is not between 0 and ``new``.
    """
    if not 0 <= old <= new:
        raise RabtaError("no proof between these sizes", key="old", value=old, expected=f"0 to {new}")
    return _subproof(nodes, old, 0, new, True) if old else []


def _subproof(nodes: Nodes, old: int, start: int, end: int, whole: bool) -> list[bytes]:
    """RFC 9162, 2.1.4.1: ``whole`` where the old tree's root is known to the verifier."""
    if old == end - start:
        return [] if whole else [range_root(nodes, start, end)]
    half = 1 << (end - start - 1).bit_length() - 1
    if old <= half:
        return [*_subproof(nodes, old, start, start + half, whole), range_root(nodes, start + half, end)]
    return [
        *_subproof(nodes, old - half, start + half, end, False),
        range_root(nodes, start, start + half),
    ]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Do nothing where the leaf of that hash is in the tree of that root (RFC 9162, 2.1.3.2).

    Raises
    ------
    Rejected
        With the reason ``"proof"``.
    """
    _bounded(proof, leaf, root)
    if not 0 <= index < size:
        raise Rejected("proof", "a proof of a leaf that the tree cannot have")
    inner = (index ^ (size - 1)).bit_length()  # below, the last leaf's way is another one
    if len(proof) != inner + (index >> inner).bit_count():
        raise Rejected("proof", "an inclusion proof of the wrong length")
    own, at = leaf, index
    for sibling in proof[:inner]:
        both = sibling + own if at & 1 else own + sibling
        own = sha256(b"\x01" + both).digest()
        at >>= 1
    for sibling in proof[inner:]:
        own = sha256(b"\x01" + sibling + own).digest()
    if not hmac.compare_digest(own, root):
        raise Rejected("proof", "an inclusion proof does not hold")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Do nothing where the old tree is the start of the new one (RFC 9162, 2.1.4.2).

    Raises
    ------
    Rejected
        With the reason ``"proof"``; also for a proof from size 0, which would say nothing (a witness that
        begins checks that case itself).
    """
    if not 0 < old <= new:
        raise Rejected("proof", "a consistency proof between impossible sizes")
    if old == new:
        if proof or not hmac.compare_digest(old_root, new_root):
            raise Rejected("proof", "two roots of one size")
        return
    _bounded(proof, old_root, new_root)
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        raise Rejected("proof", "an empty consistency proof")
    small, large = _roots(old, new, path)
    if not (hmac.compare_digest(small, old_root) and hmac.compare_digest(large, new_root)):
        raise Rejected("proof", "a consistency proof does not hold")


def _roots(old: int, new: int, path: list[bytes]) -> tuple[bytes, bytes]:
    """Roots of both trees that a path of at least one hash leads to."""
    at, last = old - 1, new - 1
    while at & 1:
        at >>= 1
        last >>= 1
    small = large = path[0]
    for sibling in path[1:]:
        if not last:
            raise Rejected("proof", "a consistency proof of the wrong length")
        if at & 1 or at == last:
            small = sha256(b"\x01" + sibling + small).digest()
            large = sha256(b"\x01" + sibling + large).digest()
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            large = sha256(b"\x01" + large + sibling).digest()
        at >>= 1
        last >>= 1
    if last:
        raise Rejected("proof", "a consistency proof of the wrong length")
    return small, large


def _bounded(proof: Sequence[bytes], *roots: bytes) -> None:
    if len(proof) > MOST_HASHES:
        raise Rejected("proof", "a proof that is too long")
    if {*map(len, proof), *map(len, roots)} != {HASH_BYTES}:
        raise Rejected("proof", "a hash that is not 32 bytes long")
