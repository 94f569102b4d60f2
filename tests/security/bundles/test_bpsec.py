"""Security of bundles: the RFC's examples, our contexts, what must be refused, mutations."""

from __future__ import annotations

import contextlib
import importlib.util
import secrets
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.security.bundles.bpsec import (
    Keyring,
    accept,
    asb,
    confidentiality,
    integrity,
    sealed,
    signed,
    wrap,
)
from rabta.security.bundles.codec import Block, Bundle, Primary, blocks, bundle, decode, eid, make, scan
from rabta.security.core import CI, NS, CompositePrivate, HybridPrivate, Rejected
from rabta.verify.security import bpsec

ME, YOU = eid.parse("ipn:2.1"), eid.parse("ipn:1.2")
KEY, IDENTIFIER = bytes(range(32)), b"i" * 48
SIGNER = CompositePrivate(b"m" * 32, b"e" * 32)
PLAIN = make(
    Primary(YOU, ME, ME, 0, 40, 10**6),
    b"Salam",
    (blocks.AGE, scan.uint(300)),
    (blocks.HOPS, bundle.hop_data(9, 1)),
)


def soak() -> ModuleType:
    path = Path(__file__).parents[3] / "bench" / "soak" / "bundles.py"
    spec = importlib.util.spec_from_file_location("soak_bundles", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.shared
def test_the_suite_holds(shared: Path) -> None:
    rows = bpsec.rows(shared / "validation" / "security")
    assert all(row.passed for row in rows if row.gate)
    misses = {row.name: (row.ours, row.theirs) for row in rows if not row.passed}
    assert misses["A.4: bytes of the payload under a keystream used twice"] == (35, 0)
    # nasa/HDTN, bpv7.h: 1 << 18, 1 << 1, 1 << 2, 1 << 4
    assert misses["pyD3TN: flag of a bundle: report deletion (4.2.3)"] == (1 << 18, 1 << 22)
    assert sorted(a for name, (a, _) in misses.items() if "of a block" in name) == [1 << 1, 1 << 2, 1 << 4]
    assert misses["pyD3TN: time in a status report, milliseconds (6.1.1)"] == (853_315_200_000, 853_315_200)


@pytest.mark.parametrize("item", bpsec.examples(), ids=lambda item: item.name)
def test_every_bit_of_an_example_counts(item: bpsec.Example) -> None:
    raw, survivors = bytes.fromhex(item.raw), []
    for at in range(8 * len(raw)):
        changed = bytearray(raw)
        changed[at // 8] ^= 1 << at % 8
        try:
            left = item.accept(bytes(changed))
        except Rejected:
            continue
        survivors.append(at // 8)
        assert decode(left).payload == bpsec.PAYLOAD
    # A.1 to A.3 have no scope beyond the targets: what is not a target may change, the payload may not
    assert bool(survivors) == (item.name in {"A.1", "A.2", "A.3", "A.4 before encryption", "A.4"})
    if item.name.startswith(
        "A.4"
    ):  # only what no scope holds: block header's check sum kind, security source
        assert len(set(survivors)) < 12


def test_key_wrap_is_rfc_3394() -> None:
    # RFC 3394, 4.1: 128 bits of key with a 128-bit key
    wrapped = "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"
    key, wrapping = bytes.fromhex("00112233445566778899aabbccddeeff"), bytes(range(16))
    assert wrap.wrap(wrapping, key).hex() == wrapped
    assert wrap.unwrap(wrapping, bytes.fromhex(wrapped)) == key
    for bad in (b"", bytes(24), bytes.fromhex(wrapped)[:-8]):
        with pytest.raises(Rejected):
            wrap.unwrap(wrapping, bad)


def test_crc_gives_way_and_the_clear_bundle_comes_back() -> None:
    bib = integrity.add(PLAIN, (0, 1), KEY, source=ME)
    assert bib.primary.crc == 0
    assert bib.blocks[-1].crc == 0
    hidden = confidentiality.encrypt(PLAIN, (1,), KEY, source=ME)
    assert hidden.payload != PLAIN.payload
    assert hidden.first(blocks.CONFIDENTIALITY).flags & blocks.REPLICATE  # type: ignore[union-attr]
    again = confidentiality.decrypt(decode(hidden.raw), hidden.blocks[0].number, KEY)
    assert (again.payload, again.primary) == (PLAIN.payload, PLAIN.primary)


@pytest.mark.parametrize("suite", [CI, NS])
def test_first_contact(suite) -> None:  # type: ignore[no-untyped-def]
    mine = HybridPrivate.generate(suite)
    proof = signed.add(PLAIN, SIGNER, IDENTIFIER, 7, source=ME)
    item = sealed.seal(proof, (proof.blocks[0].number, 1), mine.public, source=ME)
    assert IDENTIFIER not in item.raw  # who signed is hidden too
    keys = Keyring(private=(mine,), lookup=lambda _: SIGNER.public)
    found = accept(decode(item.raw), keys)
    assert found.authentic
    assert found.signed == signed.Signed(IDENTIFIER, 7)
    assert found.bundle.payload == b"Salam"
    assert found.hidden == {proof.blocks[0].number, 1}
    with pytest.raises(Rejected) as error:
        accept(decode(item.raw), Keyring(private=(HybridPrivate.generate(suite),), lookup=keys.lookup))
    assert error.value.reason == "mac"
    with pytest.raises(Rejected) as error:
        accept(decode(item.raw), Keyring())
    assert error.value.reason == "unknown"


def test_first_contact_with_a_p384_key() -> None:
    from cryptography.hazmat.primitives import hpke
    from cryptography.hazmat.primitives.asymmetric import ec, mlkem

    mine = hpke.MLKEM1024P384PrivateKey(
        mlkem.MLKEM1024PrivateKey.generate(), ec.generate_private_key(ec.SECP384R1())
    )
    item = sealed.seal(PLAIN, (1,), mine.public_key(), source=ME)
    assert accept(decode(item.raw), Keyring(private=(mine,))).bundle.payload == b"Salam"


def test_no_two_targets_share_a_keystream_of_ours() -> None:
    mine = HybridPrivate.generate(CI)
    twins = PLAIN.insert(Block(192, 8, 0, b"Salam"))
    item = sealed.seal(twins, (8, 1), mine.public, source=ME)
    assert item.block(8).data != item.payload
    with pytest.raises(RabtaError):
        confidentiality.encrypt(twins, (8, 1), KEY, source=ME)


def test_what_changes_on_the_way_is_held_against_the_signature() -> None:
    proof = signed.add(PLAIN, SIGNER, IDENTIFIER, 7, source=ME)
    keys = Keyring(lookup=lambda _: SIGNER.public)
    older = proof.extension(blocks.AGE, scan.uint(9000)).extension(blocks.HOPS, bundle.hop_data(9, 5))
    assert accept(older, keys).authentic
    for kind, data in (
        (blocks.AGE, scan.uint(299)),
        (blocks.HOPS, bundle.hop_data(9, 0)),
        (blocks.HOPS, bundle.hop_data(10, 1)),
    ):
        with pytest.raises(Rejected) as error:
            accept(proof.extension(kind, data), keys)
        assert error.value.reason == "signature"
    with pytest.raises(Rejected):
        accept(proof.without(proof.first(blocks.AGE).number), keys)  # type: ignore[union-attr]


def test_who_signs_for_another_node_is_refused() -> None:
    proof = signed.add(PLAIN, SIGNER, IDENTIFIER, 7, source=ME)
    keys = Keyring(lookup=lambda _: SIGNER.public, node_of=lambda _: "ipn:3")
    with pytest.raises(Rejected) as error:
        accept(proof, keys)
    assert error.value.reason == "role"


def test_another_node_does_not_make_it_authentic() -> None:
    other = integrity.add(PLAIN, (0, 1), KEY, source=eid.parse("ipn:7.0"))
    assert not accept(other, Keyring({"ipn:7": KEY})).authentic


def test_targets_that_are_forbidden() -> None:
    bib = integrity.add(PLAIN, (1,), KEY, source=ME)
    hidden = confidentiality.encrypt(PLAIN, (1,), KEY, source=ME)
    for make_it in (
        lambda: integrity.add(bib, (1,), KEY, source=ME),
        lambda: integrity.add(bib, (bib.blocks[0].number,), KEY, source=ME),
        lambda: integrity.add(hidden, (1,), KEY, source=ME),
        lambda: confidentiality.encrypt(PLAIN, (0,), KEY, source=ME),
        lambda: confidentiality.encrypt(hidden, (hidden.blocks[0].number,), KEY, source=ME),
        lambda: integrity.add(PLAIN, (77,), KEY, source=ME),
    ):
        with pytest.raises(Rejected) as error:
            make_it()
        assert error.value.reason == "malformed"


def test_ten_thousand_mutations() -> None:
    result = soak().mutations(10_000, seed=secrets.randbelow(1 << 30))
    assert result["accepted"] == 0, result
    assert result["crashes"] == 0, result


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=150))
def test_only_rejected_comes_out_of_a_security_block(noise: bytes) -> None:
    for data in (noise, b"\x81\x01\x01\x01\x82\x02\x82\x02\x01" + noise, b"\x81\x01\x39\x1b\x58\x01" + noise):
        for kind in (blocks.INTEGRITY, blocks.CONFIDENTIALITY):
            with contextlib.suppress(Rejected):
                accept(PLAIN.insert(Block(kind, 9, 0, data)), Keyring({"ipn:2": KEY}, {"ipn:2": KEY}))


def test_values_of_other_contexts_are_kept() -> None:
    strange = asb.Asb((1,), 3, ME, {5: asb.Other(b"\xa1\x01\x02"), 1: 7}, ({1: asb.Other(b"\xf6")},))
    assert asb.read(strange.raw) == strange
    with pytest.raises(Rejected) as error:
        accept(PLAIN.insert(asb.block(blocks.INTEGRITY, 9, 0, strange)), Keyring({"ipn:2": KEY}))
    assert error.value.reason == "suite"


def test_nothing_secret_is_shown() -> None:
    keys = Keyring({"ipn:2": KEY}, {"ipn:2": KEY}, (HybridPrivate.generate(CI),))
    shown = repr(keys) + repr(Bundle(PLAIN.primary, PLAIN.blocks))
    assert KEY.hex() not in shown
    assert repr(KEY) not in shown
    assert "Salam" not in shown
