"""The suites' key derivation, signatures and CBOR against published vectors."""

from __future__ import annotations

import hashlib
import os

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.security.core import CI, NS, CompositePrivate, HybridPrivate, Rejected, cbor, composite, suites


def test_hkdf_vectors() -> None:
    # RFC 5869, A.1 and A.2: HKDF with SHA-256
    prk = CI.extract(bytes(range(13)), bytes([0x0B]) * 22)
    assert prk.hex() == "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"
    assert CI.expand(prk, bytes(range(0xF0, 0xFA)), 42).hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
    long = CI.extract(bytes(range(0x60, 0xB0)), bytes(range(0x50)))
    okm = CI.expand(long, bytes(range(0xB0, 0x100)), 82)
    assert okm[-18:].hex() == "cc30c58179ec3e87c14c01d5c1f3434f1d87"


def test_suites_have_the_sizes_of_fips_203() -> None:
    # FIPS 203, table 3: ML-KEM-768 1184/1088, ML-KEM-1024 1568/1568, shared secret 32
    for suite in (NS, CI):
        pair = HybridPrivate.generate(suite)
        secret, ciphertext = pair.public.encapsulate()
        assert (len(pair.public.mlkem), len(ciphertext), len(secret)) == (
            suite.kem_public_bytes,
            suite.kem_ciphertext_bytes,
            32,
        )
        assert pair.decapsulate(ciphertext) == secret
        assert pair.decapsulate(bytes(len(ciphertext))) != secret


def test_both_sides_of_x25519_agree_and_a_low_order_point_is_refused() -> None:
    one, two = HybridPrivate.generate(CI), HybridPrivate.generate(CI)
    assert one.exchange(two.public) == two.exchange(one.public)
    evil = type(one.public)(CI, one.public.mlkem, bytes(32))
    with pytest.raises(Rejected, match="small order"):
        one.exchange(evil)


def test_an_encapsulation_key_with_a_coefficient_above_q_is_refused() -> None:
    pair = HybridPrivate.generate(NS)
    broken = type(pair.public)(NS, b"\xff" * 1568, pair.public.x25519)  # FIPS 203, 7.2: the modulus check
    with pytest.raises(Rejected):
        broken.encapsulate()


def test_a_composite_signature_needs_both_halves() -> None:
    signer, other = CompositePrivate.generate(), CompositePrivate.generate()
    good, wrong = signer.sign(b"order", b"test"), other.sign(b"order", b"test")
    signer.public.verify(good, b"order", b"test")
    size = composite.MLDSA_SIGNATURE_BYTES
    cases = [
        (good[:size] + wrong[size:], b"order", b"test"),
        (wrong[:size] + good[size:], b"order", b"test"),
        (good, b"ordes", b"test"),
        (good, b"order", b"tesu"),
        (good[:-1], b"order", b"test"),
    ]
    for signature, message, context in cases:
        with pytest.raises(Rejected):
            signer.public.verify(signature, message, context)


def test_the_signed_bytes_are_those_of_the_draft() -> None:
    # draft-ietf-lamps-pq-composite-sigs, section 2.2: M' = Prefix || Label || len(ctx) || ctx || PH(M)
    prefix = bytes.fromhex("436f6d706f73697465416c676f726974686d5369676e61747572657332303235")
    signed = composite.representative(b"m", b"ctx")
    assert signed == prefix + composite.LABEL + b"\x03ctx" + hashlib.sha512(b"m").digest()
    with pytest.raises(RabtaError, match="too long"):
        composite.representative(b"m", bytes(256))


def test_secrets_are_not_in_representations() -> None:
    pair, signer = HybridPrivate.generate(NS), CompositePrivate.generate()
    assert pair.mlkem_seed.hex() not in repr(pair)
    assert repr(signer) == "CompositePrivate()"


def test_suites_by_name_and_number() -> None:
    assert suites.named("NS") is suites.numbered(1) is NS
    with pytest.raises(RabtaError, match="did you mean"):
        suites.named("N")
    with pytest.raises(Rejected):
        suites.numbered(9)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=40)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(-100, 100) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(plain)
def test_cbor_comes_back(value: object) -> None:
    raw = cbor.encode(value)
    assert cbor.decode(raw) == value
    assert raw == cbor2.dumps(value, canonical=True) or isinstance(value, dict | list)


@given(st.binary(max_size=60))
def test_cbor_is_refused_or_is_the_only_encoding(raw: bytes) -> None:
    try:
        value = cbor.decode(raw)
    except Rejected:
        return
    assert cbor.encode(value) == raw


@pytest.mark.parametrize(
    "raw",
    # RFC 8949, appendix A and F: not deterministic, not plain or not well-formed
    [
        *("1800", "190018", "1a00000001", "5f4101ff", "9fff", "bfff", "c11a514b67b0", "f97c00"),
        *("fb3ff199999999999a", "a2616101616102", "a2616202616101", "f0", "f820", "ff", "62c328", "8201"),
        *("5903", "a10102ff", "f7", "1c"),
    ],
)
def test_cbor_that_is_not_taken(raw: str) -> None:
    with pytest.raises(Rejected):
        cbor.decode(bytes.fromhex(raw))


def test_cbor_is_bounded() -> None:
    with pytest.raises(Rejected, match="deep"):
        cbor.decode(b"\x81" * 50_000 + b"\x00")
    with pytest.raises(Rejected, match="at most"):
        cbor.decode(os.urandom(100), most=50)
    with pytest.raises(Rejected):
        cbor.decode(b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff")
    with pytest.raises(Rejected):
        cbor.decode(b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff")
