"""BCH and LDPC: what they correct, kernels against NumPy, thresholds against the standard's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.mobile.modem.dvb import constellations
from rabta.mobile.modem.dvb.fec import bch, chain, codes, ldpc, reference
from rabta.mobile.modem.dvb.modcods import modcod

RNG = np.random.default_rng(20)


@pytest.mark.parametrize("name", ["1/2 normal", "2/3 normal", "9/10 normal", "1/4 short", "1/5 medium"])
def test_bch_corrects_as_many_as_it_says_and_sees_more(name: str) -> None:
    code = codes.code(name)
    bits = RNG.integers(0, 2, (code.corrects + 1, code.payload), dtype=np.uint8)
    words = bch.encode(code, bits)
    for i, word in enumerate(words):
        word[RNG.choice(code.information, i, replace=False)] ^= 1
    decoded, corrected = bch.decode(code, words)
    assert (decoded == bits).all()
    assert corrected.tolist() == list(range(code.corrects + 1))
    words[0, RNG.choice(code.information, code.corrects + 3, replace=False)] ^= 1
    assert bch.decode(code, words[:1])[1][0] == -1


def test_bch_parity_by_long_division() -> None:
    """Remainder of the polynomial, by Python's whole numbers."""
    code = codes.code("8/9 short")
    bits = RNG.integers(0, 2, code.payload, dtype=np.uint8)
    generator, degree = bch.generator(code.field, code.corrects), code.field * code.corrects
    rest = int("".join(map(str, bits)), 2) << degree
    while rest.bit_length() > degree:
        rest ^= generator << (rest.bit_length() - degree - 1)
    parity = bch.encode(code, bits)[0, code.payload :]
    assert int("".join(map(str, parity)), 2) == rest


@pytest.mark.parametrize("name", codes.names())
def test_every_codeword_meets_every_check(name: str) -> None:
    """By the standard's own rule, clause 5.3.2.1, on random words; the kernel is the reference to the bit."""
    code = codes.code(name)
    bits = RNG.integers(0, 2, code.information, dtype=np.uint8)
    word = ldpc.encode(code, bits)[0]
    assert (word == reference.encode(code, bits)).all()
    parity = word[code.information :]
    before = np.concatenate([[0], parity[:-1]])
    assert not (reference.checks(code, bits) ^ parity ^ before).any()


@pytest.mark.parametrize(("name", "noise"), [("5/6 short", 0.36), ("1/2 short", 0.75), ("1/4 short", 1.6)])
def test_decoder_is_its_reference_bit_for_bit(name: str, noise: float) -> None:
    """Codes of part 1, whose rows hold columns twice, and one whose words do not all decode."""
    code = codes.code(name)
    bits = RNG.integers(0, 2, (3, code.information), dtype=np.uint8)
    sent = 1.0 - 2.0 * ldpc.encode(code, bits)
    ratios = 2.0 * (sent + np.sqrt(noise) * RNG.normal(size=sent.shape)) / noise
    lanes = ldpc.to_lanes(code, ldpc.quantised(ratios))
    for iterations in (1, 8):
        decoded, used = ldpc.decode(code, ratios, iterations, offset=0.375)
        for i in range(3):
            values, count = reference.decode(code, lanes[i], iterations, 6)
            assert ((values < 0)[: code.information] == decoded[i]).all()
            assert count == used[i]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["2/5 short", "8/9 short", "7/15 short"]))
def test_decoder_stays_the_reference_on_anything(seed: int, name: str) -> None:
    """Ratios of no codeword, infinite and huge ones among them: saturation is the same."""
    code, rng = codes.code(name), np.random.default_rng(seed)
    ratios = rng.normal(0.0, 10.0 ** rng.uniform(-1, 4), code.bits)
    ratios[rng.integers(0, code.bits, 20)] = np.inf
    lanes = ldpc.to_lanes(code, ldpc.quantised(ratios[None]))
    decoded, used = ldpc.decode(code, ratios, 3, offset=0.5)
    values, count = reference.decode(code, lanes[0], 3, 8)
    assert ((values < 0)[: code.information] == decoded[0]).all()
    assert count == used[0]


def frame_errors(name: str, esn0_db: float, count: int) -> float:
    """Share of frames with an error after BCH, over white noise and with perfect synchronisation."""
    of, rng = modcod(name), np.random.default_rng(5)
    code = codes.code(of.code)
    bits = rng.integers(0, 2, (count, code.payload), dtype=np.uint8)
    sent = constellations.modulate(chain.encode(code, bits), of)
    noise = 10.0 ** (-esn0_db / 10.0)
    received = sent + np.sqrt(noise / 2) * (rng.normal(size=sent.shape) + 1j * rng.normal(size=sent.shape))
    ratios = [constellations.demodulate(row, noise, of) for row in received]
    found = chain.decode(codes.code(of.code), np.array(ratios))
    return float((found.bits != bits).any(axis=1).mean())


# EN 302 307-1, table 13, and 302 307-2, table 20a: ideal Es/N0 (dB)
@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("QPSK 1/4", -2.35), ("QPSK 1/2", 1.00), ("QPSK 9/10", 6.42), ("8PSK 3/5", 5.50),
        ("16APSK 2/3", 8.97), ("32APSK 9/10", 16.05), ("QPSK 13/45", -2.03), ("64APSK 5/6", 16.55),
        ("256APSK 3/4", 19.57),
    ],
)  # fmt: skip
def test_thresholds_are_the_published_ones(name: str, published: float) -> None:
    """Nearly no frame is lost at the published Es/N0 (1e-7 there), most are 0.6 dB below."""
    assert frame_errors(name, published, 12) <= 1 / 12
    assert frame_errors(name, published - 0.6, 6) >= 0.5


def test_wrong_lengths_are_refused() -> None:
    code = codes.code("1/2 short")
    with pytest.raises(RabtaError, match="7200"):
        ldpc.encode(code, np.zeros(7199))
    with pytest.raises(RabtaError, match="16200"):
        ldpc.decode(code, np.zeros(16_000))
    with pytest.raises(RabtaError, match="7032"):
        bch.encode(code, np.zeros(3))
