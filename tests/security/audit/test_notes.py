"""Notes, cosignatures, policies and portable proofs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.security.audit import notes
from rabta.security.audit.checkpoint import Checkpoint
from rabta.security.audit.notes import COSIGNED_ED25519, COSIGNED_MLDSA44, ED25519, Key, Note, Signing
from rabta.security.audit.policy import Policy
from rabta.security.audit.portable import Inclusion
from rabta.security.audit.proofs import inclusion
from rabta.security.audit.tree import EMPTY, Tree
from rabta.security.core import Rejected

ORIGIN = "audit.example/log"
LOG = [Signing.generate(ORIGIN, kind) for kind in (ED25519, COSIGNED_MLDSA44)]
WITNESSES = [Signing.generate(f"w{i}.example", COSIGNED_MLDSA44) for i in range(5)]
POLICY = Policy(ORIGIN, tuple(k.public for k in LOG), tuple(k.public for k in WITNESSES), 3)
TREE = Tree()
TREE.extend([b"entry %d" % i for i in range(300)])
HEAD = Checkpoint(ORIGIN, 300, TREE.root())


def signed(keys: list[Signing], text: str = HEAD.text(), time: int = 100) -> bytes:
    return notes.sign(text, keys, time)


def reason(call: object, *arguments: object) -> str:
    with pytest.raises(Rejected) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.reason


def test_three_of_five_witnesses() -> None:
    assert POLICY.check(signed([*LOG, *WITNESSES[:3]])) == HEAD
    assert POLICY.check(signed([*WITNESSES[::-1], *LOG])) == HEAD
    assert POLICY.witnessed(signed([*LOG, *WITNESSES[:2]])) == ["w0.example", "w1.example"]
    assert reason(POLICY.check, signed([*LOG, *WITNESSES[:2]])) == "quorum"
    assert reason(POLICY.check, signed([LOG[0], *WITNESSES])) == "signature"
    assert reason(POLICY.check, signed([LOG[1], *WITNESSES])) == "signature"


def test_unknown_signatures_are_ignored_and_known_ones_must_hold() -> None:
    """C2SP signed-note: a stranger of a witness's name is nobody; a witness's broken line spoils the note."""
    stranger = Signing.generate("w0.example", COSIGNED_MLDSA44)
    assert reason(POLICY.check, signed([*LOG, stranger, *WITNESSES[1:3]])) == "quorum"
    assert POLICY.check(signed([*LOG, stranger, *WITNESSES[:3]])) == HEAD
    other = WITNESSES[4].line(replace(HEAD, size=301).text(), 100)
    assert reason(POLICY.check, notes.add(signed([*LOG, *WITNESSES[:3]]), other)) == "signature"
    doubled = signed([*LOG, *WITNESSES[:2], WITNESSES[0]])
    assert reason(POLICY.check, doubled) == "malformed"


def test_the_time_of_a_quorum_cannot_be_pushed_ahead_by_fewer() -> None:
    note = signed(LOG)
    for witness, time in zip(WITNESSES, (10**12, 10**12, 50, 40, 1), strict=True):
        note = notes.add(note, witness.line(HEAD.text(), time))
    assert POLICY.check(note).time == 50
    assert replace(POLICY, quorum=0).check(note).time == 0


def test_a_witness_with_two_keys_counts_once() -> None:
    both = [Signing.generate("both.example", kind) for kind in (COSIGNED_ED25519, COSIGNED_MLDSA44)]
    keys = (*(k.public for k in both), WITNESSES[0].public)
    rule = replace(POLICY, witnesses=keys, quorum=2)
    assert reason(rule.check, signed([*LOG, *both])) == "quorum"
    assert reason(rule.check, signed([*LOG, both[0], WITNESSES[0]])) == "quorum"
    assert rule.check(signed([*LOG, *both, WITNESSES[0]])) == HEAD
    with pytest.raises(RabtaError, match="as many witnesses as its quorum"):
        replace(rule, quorum=3)


def test_other_logs_and_other_texts_are_refused() -> None:
    foreign = replace(HEAD, origin="other.example")
    assert reason(POLICY.check, signed([*LOG, *WITNESSES], foreign.text())) == "unknown"
    for text in ("a\n", "a\n1\n", HEAD.text() + "\n", "\n" + HEAD.text()):
        assert reason(POLICY.check, (text + "\n" + LOG[0].line("")).encode()) == "malformed"


def test_mldsa_cosignatures_bind_the_cosigner_and_ed25519_ones_the_text() -> None:
    """C2SP tlog-cosignature: the bytes that are signed, written out here."""
    head = Checkpoint("o", 5, bytes(range(32)))
    signed_bytes = notes.signed("w", COSIGNED_MLDSA44, head.text(), 7)
    expected = b"subtree/v1\n\x00" + b"\x01w" + bytes(7) + b"\x07" + b"\x01o" + bytes(8) + bytes(7) + b"\x05"
    assert signed_bytes == expected + bytes(range(32))
    assert (
        notes.signed("w", COSIGNED_ED25519, head.text(), 7)
        == b"cosignature/v1\ntime 7\n" + head.text().encode()
    )


def test_extension_lines_are_signed_by_ed25519() -> None:
    head = replace(HEAD, extensions=("more",))
    assert Checkpoint.parse(head.text()) == head
    note = signed([*LOG, *WITNESSES], head.text())
    assert POLICY.check(note) == head
    assert reason(POLICY.check, note.replace(b"more\n", b"less\n")) == "signature"


@pytest.mark.parametrize(
    "line",
    [
        "01",
        "+1",
        " 1",
        "1e3",
        "-1",
        str(1 << 63),
        "\u0661",
        "",
    ],
)
def test_sizes_have_one_form(line: str) -> None:
    text = HEAD.text().replace("300", line)
    assert reason(Checkpoint.parse, text) == "malformed"


def test_base64_has_one_form() -> None:
    root = HEAD.text().split("\n")[2]
    for wrong in (
        root[:-1],
        root + "=",
        root[:-2] + chr(ord(root[-2]) + 1) + "=",
        " " + root,
        root[:-1] + "-",
    ):
        assert reason(Checkpoint.parse, HEAD.text().replace(root, wrong)) == "malformed"


def test_the_empty_tree_has_one_root() -> None:
    empty = Checkpoint(ORIGIN, 0, EMPTY)
    assert Checkpoint.parse(empty.text()) == empty
    assert reason(Checkpoint.parse, replace(empty, root=bytes(32)).text()) == "malformed"


def test_keys_as_text() -> None:
    for key in (*LOG, WITNESSES[0]):
        assert Key.parse(key.public.text) == key.public
        changed = key.public.text.replace("+", "x+", 1)
        assert reason(Key.parse, changed) == "malformed"
        assert key.seed.hex() not in repr(key)
        assert repr(key.seed) not in repr(key)
    for text in ("", "a", "a+b", "a+00000000+", "a+00000000+!!", "x" * 5000):
        assert reason(Key.parse, text) == "malformed"
    for name in ("", "a b", "a+b", "a\u00a0b", "x" * 256, "a\nb"):
        with pytest.raises(RabtaError, match="not a key's name"):
            Signing.generate(name, ED25519)


def test_policies_as_bytes() -> None:
    assert Policy.decode(POLICY.encode()) == POLICY
    for broken in ({}, {**POLICY.fields(), "quorum": "3"}, {**POLICY.fields(), "log": [1]}, [], 7):
        assert reason(Policy.of, broken) == "malformed"
    with pytest.raises(RabtaError, match="no witness of its own"):
        replace(POLICY, witnesses=(POLICY.log[0],), quorum=1)


def test_portable_proofs() -> None:
    note = signed([*LOG, *WITNESSES[:3]])
    proof = Inclusion(123, tuple(inclusion(TREE.node, 123, 300)), note, b"about")
    again = Inclusion.decode(proof.encode())
    assert again == proof
    assert again.verify(b"entry 123", POLICY) == HEAD
    assert reason(again.verify, b"entry 124", POLICY) == "proof"
    assert reason(replace(again, index=122).verify, b"entry 123", POLICY) == "proof"
    assert reason(replace(again, note=signed(LOG)).verify, b"entry 123", POLICY) == "quorum"
    for raw in (b"", b"c2sp.org/tlog-proof@v1\n\n", b"c2sp.org/tlog-proof@v1\nindex 01\n\nx"):
        assert reason(Inclusion.decode, raw) == "malformed"
    assert reason(Inclusion.decode, bytes(notes.MOST_BYTES + 1)) == "limit"
    many = b"c2sp.org/tlog-proof@v1\nindex 1\n" + b"AAAA\n" * 64 + b"\nx"
    assert reason(Inclusion.decode, many) == "limit"


def test_at_least_sixteen_signatures_are_taken_and_too_many_are_not() -> None:
    """C2SP signed-note: verifiers must accept at least 16."""
    more = [Signing.generate(f"x{i}.example", COSIGNED_MLDSA44) for i in range(16)]
    assert POLICY.check(signed([*more, *LOG, *WITNESSES[:3]])) == HEAD
    line = notes.line("a", b"1234", b"5")
    many = HEAD.text() + "\n" + "".join(line.replace("a", f"a{i}", 1) for i in range(65))
    assert reason(Note.parse, many.encode()) == "limit"
    assert reason(Note.parse, bytes(notes.MOST_BYTES + 1)) == "limit"


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=300) | st.text(alphabet="a1+ \n\u2014=\t", max_size=100).map(str.encode))
def test_random_bytes_are_refused(raw: bytes) -> None:
    for call in (POLICY.check, Inclusion.decode, Policy.decode):
        with pytest.raises(Rejected):
            call(raw)
    try:
        Note.parse(raw)
    except Rejected:
        return
