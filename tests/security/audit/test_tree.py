"""Trees and proofs against the definition of RFC 6962 and its published roots."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.security.audit import proofs
from rabta.security.audit.tree import EMPTY, Tree, leaf_hash, node_hash
from rabta.security.core import Rejected
from rabta.verify.security import logs


def definition(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, as written there."""
    if len(entries) < 2:
        return leaf_hash(entries[0]) if entries else sha256(b"").digest()
    half = 1
    while 2 * half < len(entries):
        half *= 2
    return node_hash(definition(entries[:half]), definition(entries[half:]))


ENTRIES = [bytes([number]) * (number % 5) for number in range(70)]
TREE = Tree()
TREE.extend(ENTRIES)
ROOTS = [definition(ENTRIES[:size]) for size in range(len(ENTRIES) + 1)]


def test_roots_are_those_of_the_definition() -> None:
    assert [TREE.root(size) for size in range(len(ENTRIES) + 1)] == ROOTS


@given(cuts=st.lists(st.integers(0, 70), max_size=8))
def test_batches_do_not_matter(cuts: list[int]) -> None:
    tree = Tree()
    ends = [*sorted(cuts), 70]
    for start, end in zip([0, *ends], ends, strict=False):
        tree.extend(ENTRIES[start:end])
    assert tree.levels == TREE.levels


def test_every_proof_up_to_70_leaves_holds_and_no_other_statement() -> None:
    for size in range(1, 71):
        for index in range(size):
            proof = proofs.inclusion(TREE.node, index, size)
            proofs.verify_inclusion(leaf_hash(ENTRIES[index]), index, size, proof, ROOTS[size])
            with pytest.raises(Rejected):
                proofs.verify_inclusion(leaf_hash(b"other"), index, size, proof, ROOTS[size])
            with pytest.raises(Rejected):
                proofs.verify_inclusion(leaf_hash(ENTRIES[index]), index, size, [*proof, EMPTY], ROOTS[size])
        for old in range(1, size + 1):
            proof = proofs.consistency(TREE.node, old, size)
            proofs.verify_consistency(old, size, proof, ROOTS[old], ROOTS[size])
            with pytest.raises(Rejected):
                proofs.verify_consistency(old, size, proof, EMPTY, ROOTS[size])
            with pytest.raises(Rejected):
                proofs.verify_consistency(old, size, [*proof, EMPTY], ROOTS[old], ROOTS[size])


def test_proofs_are_640_bytes_at_2_to_the_20() -> None:
    """Depth alone: hashes on the way are asked for by level and index, and none is computed."""
    for index in (0, 12345, (1 << 20) - 1):
        assert 32 * len(proofs.inclusion(lambda level, at: bytes(32), index, 1 << 20)) == 640


@settings(max_examples=300, deadline=None)
@given(
    st.integers(-2, 80),
    st.integers(-2, 80),
    st.lists(st.binary(max_size=33) | st.binary(min_size=32, max_size=32), max_size=70),
    st.binary(max_size=33),
)
def test_random_proofs_are_refused(old: int, new: int, proof: list[bytes], root: bytes) -> None:
    with pytest.raises(Rejected):
        proofs.verify_inclusion(bytes(32), old, new, proof, root)
    with pytest.raises(Rejected):
        proofs.verify_consistency(old, new, proof, root, bytes(32))


def test_proofs_that_cannot_be_are_refused() -> None:
    for index, size in ((0, 0), (3, 3), (-1, 3)):
        with pytest.raises(RabtaError, match="no such leaf"):
            proofs.inclusion(TREE.node, index, size)
    with pytest.raises(RabtaError, match="no proof between"):
        proofs.consistency(TREE.node, 4, 3)
    with pytest.raises(Rejected, match="too long"):
        proofs.verify_inclusion(bytes(32), 0, 1, [bytes(32)] * 64, bytes(32))


def test_the_suite_ships_roots_and_fails_on_a_wrong_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not [row.name for row in logs.rows(None) if row.status == "FAIL"]
    monkeypatch.setattr(logs, "leaf_hash", lambda entry: sha256(entry).digest())
    monkeypatch.setattr(Tree, "extend", lambda self, e: self.extend_hashes([sha256(x).digest() for x in e]))
    assert [row.name for row in logs.rows(None) if row.status == "FAIL"]
