"""Meetings: newer, same, older, and split views with evidence that stands before others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.security.audit import keys as stored
from rabta.security.audit import notes
from rabta.security.audit.checkpoint import Checkpoint
from rabta.security.audit.meet import Evidence, Outcome, View
from rabta.security.audit.policy import Policy
from rabta.security.audit.proofs import consistency
from rabta.security.audit.tree import Tree
from rabta.security.core import Rejected

ORIGIN = "audit.example/log"
KEYS = stored.generate(ORIGIN, stored.LOG)
WITNESSES = [key for i in range(4) for key in stored.generate(f"w{i}.example", stored.WITNESS)]
POLICY = Policy(ORIGIN, tuple(k.public for k in KEYS), tuple(k.public for k in WITNESSES), 3)
FACES = (Tree(), Tree())
FACES[0].extend([b"%d" % number for number in range(500)])
FACES[1].extend([b"%d" % (number if number < 200 else -number) for number in range(500)])


def note(face: int, size: int, leave: int = 3) -> bytes:
    """A head of one of the two faces, signed by all witnesses but one."""
    signing = [*KEYS, *(key for number, key in enumerate(WITNESSES) if number != leave)]
    return notes.sign(Checkpoint(ORIGIN, size, FACES[face].root(size)).text(), signing, 1000)


def view(face: int, size: int, leave: int = 3, *, prover: bool = True) -> View:
    def prove(old: int, new: int) -> tuple[bytes, list[bytes]]:
        return FACES[face].root(old), consistency(FACES[face].node, old, new)

    return View(POLICY, note(face, size, leave), prove if prover else None)


def contact(one: View, two: View) -> tuple[Outcome, Outcome]:
    """What both think after each said hello once, a split before all else."""
    found = []
    for first, second in ((one, two), (two, one)):
        answer, back = second.meet(first.hello())
        found += [back, first.receive(answer)]
    split = next((item for item in found if item.kind == "split"), None)
    return (split, split) if split else (found[1], found[0])


def test_the_older_one_goes_on_with_a_proof() -> None:
    old, new = view(0, 300, prover=False), view(0, 400)
    answer, back = new.meet(old.hello())
    assert back.kind == "older"
    assert old.receive(answer).kind == "newer"
    assert old.head.size == 400
    assert contact(old, new)[0].kind == "same"


def test_without_anybody_who_can_prove_it_stays_open() -> None:
    old, new = view(0, 300, prover=False), view(0, 400, prover=False)
    assert [item.kind for item in contact(old, new)] == ["open", "open"]
    assert old.head.size == 300
    proof = consistency(FACES[0].node, 300, 400)
    assert old.advance(note(0, 400), proof).kind == "newer"
    with pytest.raises(Rejected, match="consistency proof"):
        view(0, 300).advance(note(1, 400), consistency(FACES[1].node, 300, 400))


@pytest.mark.parametrize(
    ("sizes", "provers"),
    [
        ((300, 300), (False, False)),
        ((300, 400), (True, True)),
        ((300, 400), (False, True)),
        ((400, 300), (True, False)),
        ((256, 257), (False, True)),
    ],
)
def test_a_split_view_is_found_within_one_contact(sizes: tuple[int, int], provers: tuple[bool, bool]) -> None:
    """Both heads have a quorum; who holds the newer tree's log can prove, equal sizes need nobody."""
    one, two = view(0, sizes[0], prover=provers[0]), view(1, sizes[1], 0, prover=provers[1])
    before = one.note, two.note
    found = contact(one, two)[0]
    assert found.kind == "split"
    assert (one.note, two.note) == before
    assert found.evidence is not None
    verdict = Evidence.decode(found.evidence.encode()).judge(POLICY)
    assert verdict.witnesses == ["w1.example", "w2.example"]
    assert {verdict.older.size, verdict.newer.size} == set(sizes)


def test_history_finds_a_split_without_any_log() -> None:
    """A node went on from 300 to 400; one of the other face at 300 meets it."""
    one, two = view(0, 300, prover=False), view(1, 300, 0, prover=False)
    one.advance(note(0, 400), consistency(FACES[0].node, 300, 400))
    assert contact(one, two)[0].kind == "split"


def test_faces_that_agree_so_far_are_no_split() -> None:
    assert contact(view(0, 150), view(1, 200))[0].kind in {"newer", "older"}


def test_evidence_needs_no_quorum_but_the_logs_keys() -> None:
    bare = notes.sign(Checkpoint(ORIGIN, 300, FACES[1].root(300)).text(), KEYS, 1)
    assert Evidence(note(0, 300), bare).judge(POLICY).witnesses == []
    stranger = stored.generate(ORIGIN, stored.LOG)
    forged = notes.sign(Checkpoint(ORIGIN, 300, FACES[1].root(300)).text(), stranger, 1)
    with pytest.raises(Rejected, match="without the log's signatures"):
        Evidence(note(0, 300), forged).judge(POLICY)


def test_honest_notes_are_no_evidence() -> None:
    path = consistency(FACES[0].node, 300, 400)
    for root, proof in ((FACES[0].root(300), path), (FACES[1].root(300), path), (bytes(32), path)):
        with pytest.raises(Rejected):
            Evidence(note(0, 300), note(0, 400), root, tuple(proof)).judge(POLICY)
    with pytest.raises(Rejected, match="do not contradict"):
        Evidence(note(0, 300), note(0, 300, 0)).judge(POLICY)


def test_every_honest_pair_of_sizes_cannot_be_framed() -> None:
    """No root but the true one goes with a proof that ends in the newer head."""
    for old in (1, 2, 3, 64, 127, 128, 255):
        path = consistency(FACES[0].node, old, 256)
        for root in (bytes(32), FACES[1].root(300), *path):
            if root == FACES[0].root(old):
                continue
            with pytest.raises(Rejected):
                Evidence(note(0, old), note(0, 256), root, tuple(path)).judge(POLICY)


def test_notes_below_the_quorum_do_not_count() -> None:
    weak = notes.sign(Checkpoint(ORIGIN, 400, FACES[0].root(400)).text(), [*KEYS, *WITNESSES[:2]], 1)
    one = view(0, 300)
    forged = replace(one, note=one.note)
    forged.note = weak
    with pytest.raises(Rejected, match="2 of the 3 witnesses"):
        one.meet(forged.hello())
    assert one.head.size == 300


def test_history_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from rabta.security.audit import meet

    monkeypatch.setattr(meet, "MOST_HISTORY", 3)
    one = view(0, 300)
    for size in range(301, 310):
        one.advance(note(0, size), consistency(FACES[0].node, size - 1, size))
    assert sorted(one.history) == [307, 308, 309]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_random_messages_are_refused(raw: bytes) -> None:
    one = view(0, 300, prover=False)
    for call in (one.meet, one.receive, Evidence.decode):
        with pytest.raises(Rejected):
            call(raw)


def test_10_000_mutated_messages() -> None:
    """Checkpoints, proofs, requests, meetings and evidence: 0 accepted, 0 crashes."""
    found = soak().mutations(10_000, seed=3)
    assert (found["mutations"], found["accepted"], found["crashes"]) == (10_000, 0, 0)


def test_the_soak_counts_what_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """With signatures that are not checked, changed messages are accepted, and counted."""
    monkeypatch.setattr(notes.Key, "verify", lambda self, text, signature: 1_800_000_000)
    found = soak().mutations(1000, seed=3)
    assert found["accepted"] > 10


def soak() -> ModuleType:
    import importlib.util
    import sys

    path = Path(__file__).parents[3] / "bench" / "soak" / "log.py"
    spec = importlib.util.spec_from_file_location("soak_log", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
