"""What the attacker of the model can and cannot derive, by the equations themselves."""

from __future__ import annotations

import pytest

from rabta.security.model.knowledge import Knowledge, Powers
from rabta.security.model.terms import (
    ciphertext,
    const,
    decapsulate,
    dh,
    dh_public,
    kem_public,
    many,
    name,
    one_way,
    sealed,
    secret,
)

x, y, k, r, m = (name(label) for label in "xykrm")
NONE = Powers()


def test_equal_terms_are_one_object_and_exponents_commute() -> None:
    assert many(x, y) is many(x, y)
    assert many(x, y) is not many(y, x)
    assert dh(x, dh_public(y)) is dh(y, dh_public(x))


def test_a_false_ciphertext_gives_another_secret_without_an_error() -> None:
    """FIPS 203, 7.3: implicit rejection."""
    right, wrong = ciphertext(kem_public(k), r), ciphertext(kem_public(x), r)
    assert decapsulate(k, right) is secret(kem_public(k), r)
    assert decapsulate(k, wrong) is not secret(kem_public(x), r)
    assert decapsulate(k, wrong).op == "rejected"


def test_diffie_hellman_needs_one_private_key() -> None:
    shared = dh(x, dh_public(y))
    publics = [dh_public(x), dh_public(y)]
    assert not Knowledge.of(NONE, publics).derives(shared)
    assert Knowledge.of(NONE, [*publics, x]).derives(shared)
    assert not Knowledge.of(NONE, [x]).derives(shared)
    assert Knowledge.of(Powers(breaks_dh=True), publics).derives(shared)
    assert not Knowledge.of(Powers(breaks_kem=True), publics).derives(shared)


def test_encapsulation_needs_the_private_key_or_the_randomness() -> None:
    heard = [kem_public(k), ciphertext(kem_public(k), r)]
    shared = secret(kem_public(k), r)
    assert not Knowledge.of(NONE, heard).derives(shared)
    assert Knowledge.of(NONE, [*heard, k]).derives(shared)
    assert Knowledge.of(NONE, [*heard, r]).derives(shared)
    assert not Knowledge.of(NONE, [k]).derives(shared)
    assert Knowledge.of(Powers(breaks_kem=True), heard).derives(shared)
    assert not Knowledge.of(Powers(breaks_dh=True), heard).derives(shared)


def test_sealed_terms_open_when_their_key_comes_later() -> None:
    """The key of the outer term comes out of another that is opened first."""
    inner = sealed(one_way("packet", k), const("header"), m)
    outer = sealed(x, const("header"), many(k, inner))
    known = Knowledge.of(NONE, [outer])
    assert not known.derives(m)
    assert known.plus([x]).derives(m)
    assert not known.plus([k]).derives(m)


def test_hashes_are_one_way() -> None:
    digest = one_way("digest", x)
    assert Knowledge.of(NONE, [x]).derives(digest)
    assert not Knowledge.of(NONE, [x]).derives(one_way("other label", y))
    assert not Knowledge.of(NONE, [digest]).derives(x)
    assert Knowledge.of(NONE, [many(x, y)]).derives(y)


def test_forging_a_sealed_term_needs_its_key() -> None:
    term = sealed(k, const("header"), const("plain"))
    assert not Knowledge.of(NONE, [x]).derives(term)
    assert Knowledge.of(NONE, [k]).derives(term)
    assert Knowledge.of(NONE, [term]).derives(term)  # a replay


@pytest.mark.parametrize("kind", ["dhp", "kempk"])
def test_publics_are_what_was_heard(kind: str) -> None:
    made = {"dhp": dh_public(x), "kempk": kem_public(k)}
    known = Knowledge.of(NONE, [many(*made.values()), one_way("digest", dh_public(y))])
    assert known.publics[kind] == (made[kind],)
    assert [c.args[1] for c in known.ciphertexts(r)] == [r]
