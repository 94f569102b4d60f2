"""Polar codes: bit-exact beside Sionna, kernels beside references, decoding, limits."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.mobile.phy.polar import _kernels, codes, coding, control, reference
from rabta.verify.mobile import nr

SIONNA = nr.stored()["polar"]


def named(name: str, count: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Bits that belong to a name, as `tools/phy/oracle.py` makes them."""
    out, block = b"", name.encode()
    while len(out) < count:
        block = hashlib.sha256(block).digest()
        out += block
    return np.frombuffer(out[:count], dtype=np.uint8) >> 7


@pytest.mark.parametrize("name", sorted(SIONNA))
def test_coded_bits_are_those_of_sionna(name: str) -> None:
    way, k, n = name.split()
    encode = control.encode_up if way == "uplink" else control.encode_down
    word = encode(named(name, int(k)), int(n))[0]
    assert hashlib.sha256(np.packbits(word).tobytes()).hexdigest()[:16] == SIONNA[name]


@pytest.mark.parametrize("name", sorted(SIONNA)[::4])
@pytest.mark.parametrize("most", [1, 4])
def test_what_is_coded_comes_back_through_a_little_noise(name: str, most: int) -> None:
    way, k, n = name.split()
    up = way == "uplink"
    bits = named(name, int(k))
    word = (control.encode_up if up else control.encode_down)(bits, int(n))[0]
    noise = np.random.default_rng(1).normal(size=int(n))
    found, good = (control.decode_up if up else control.decode_down)(
        8.0 * (1.0 - 2.0 * word) + noise, int(k), most=most
    )
    assert good[0]
    assert (found[0] == bits).all()


def test_the_terminals_number_masks_the_check() -> None:
    """TS 38.212, clause 7.3.2: another RNTI does not read the word."""
    bits = named("dci", 40)
    word = control.encode_down(bits, 108, rnti=0x4601)
    ratios = 20.0 * (1.0 - 2.0 * word.astype(float))
    assert control.decode_down(ratios, 40, rnti=0x4601)[1][0]
    assert not control.decode_down(ratios, 40, rnti=0x4602)[1][0]
    assert not control.decode_down(ratios, 40)[1][0]


def test_the_reliability_order_holds_every_position_once() -> None:
    """TS 38.212, table 5.3.1.2-1: it begins 0 1 2 4 8 16 32 3 5 64 and ends with 1023."""
    order = codes.reliability()
    assert sorted(order) == list(range(1024))
    assert order[:10].tolist() == [0, 1, 2, 4, 8, 16, 32, 3, 5, 64]
    assert order[-1] == 1023


@settings(max_examples=60, deadline=None)
@given(st.integers(12, 400), st.integers(0, 700), st.integers(0, 2**31))
def test_any_legal_size_up_comes_back(bits: int, more: int, seed: int) -> None:
    sent = bits + 40 + more
    if bits + more > 1600 or (bits >= 360 and sent >= 1088 and sent % 2):
        return
    try:
        control.up_code(bits, sent)
    except RabtaError:
        return
    word = np.random.default_rng(seed).integers(0, 2, bits).astype(np.uint8)
    ratios = 10.0 * (1.0 - 2.0 * control.encode_up(word, sent)[0].astype(float))
    found, good = control.decode_up(ratios, bits, most=2)
    assert good[0]
    assert (found[0] == word).all()


@pytest.mark.parametrize("most", [1, 2, 8])
def test_the_compiled_decoder_is_its_reference(most: int) -> None:
    rng = np.random.default_rng(7)
    used = control.down_code(24, 108)
    ratios = rng.normal(0.5, 2.0, (6, 108))
    ours, metrics = coding.decode(used, ratios, most)
    places = np.setdiff1d(used.information, used.parity)
    for row, values in enumerate(coding.gather(used, ratios)):
        worth, theirs = reference.decode(used, values, most)[0]
        assert metrics[row, 0] == pytest.approx(worth, rel=1e-4)
        assert (ours[row, 0] == np.array(theirs)[places]).all()


def test_the_transform_is_its_own_inverse() -> None:
    words = np.random.default_rng(2).integers(0, 2, (3, 256)).astype(np.uint8)
    twice = words.copy()
    _kernels.transform(twice)
    assert (twice == reference.transform(words)).all()
    _kernels.transform(twice)
    assert (twice == words).all()


def test_a_longer_list_is_no_worse() -> None:
    """Block errors of successive cancellation and of a list of eight, 12 bits in 108 at 0 dB: far apart."""
    rng, trials = np.random.default_rng(11), 300
    bits = rng.integers(0, 2, (trials, 40)).astype(np.uint8)
    sent = control.encode_down(bits, 108)
    sigma = 10.0 ** (-1.5 / 20.0)
    ratios = 2.0 / sigma**2 * (1.0 - 2.0 * sent + sigma * rng.normal(size=sent.shape))
    errors = [int((control.decode_down(ratios, 40, most=m)[0] != bits).any(axis=1).sum()) for m in (1, 8)]
    assert errors[1] < 0.7 * errors[0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: control.up_code(11, 100), "12 to 1706"),
        (lambda: control.up_code(1200, 3001), "even number"),
        (lambda: control.down_code(141, 300), "12 to 140"),
        (lambda: control.encode_down(np.zeros(40, np.uint8), 108, rnti=70_000), "0 to 65535"),
        (lambda: coding.decode(control.down_code(40, 108), np.zeros(107)), "108"),
        (lambda: coding.decode(control.down_code(40, 108), np.zeros(108), 64), "1 to 32"),
        (lambda: codes.code(200, 100), "checks counted"),
    ],
)
def test_what_is_not_legal_is_refused_by_name(call: object, message: str) -> None:
    with pytest.raises(RabtaError, match=message):
        call()  # type: ignore[operator]


@settings(max_examples=60, deadline=None)
@given(st.integers(12, 140), st.integers(0, 600), st.integers(0, 65535), st.integers(0, 2**31))
def test_any_legal_size_down_comes_back(bits: int, more: int, rnti: int, seed: int) -> None:
    """Every length of TS 38.212, clause 7.3, from rate one on."""
    sent = bits + 24 + more
    word = np.random.default_rng(seed).integers(0, 2, bits).astype(np.uint8)
    coded = control.encode_down(word, sent, rnti)[0]
    found, good = control.decode_down(10.0 * (1.0 - 2.0 * coded.astype(float)), bits, rnti, most=2)
    assert good[0]
    assert (found[0] == word).all()
