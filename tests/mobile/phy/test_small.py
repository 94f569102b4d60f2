"""Short blocks up, and the broadcast channel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.mobile.phy import crc
from rabta.mobile.phy.polar import broadcast, control, small
from rabta.mobile.phy.waveform import scrambling

MIB = tuple(int(bit) for bit in "000000010101100101101000")


def test_basis_is_that_of_openairinterface() -> None:
    """Columns of table 5.3.3.3-1 as nrSmallBlockBasis of OpenAirInterface5G has them, row 0 lowest."""
    theirs = (
        0xFFFFFFFF, 0x4BA5A933, 0x7D910E5A, 0x6D26339C, 0x71C7C3E0, 0x7E0FFC00, 0x731D8E64, 0x6B44F5B0,
        0x7DC218EC, 0x4DA1B746, 0x42F0FFFF,
    )  # fmt: skip
    ours = (small.basis().astype(np.int64) << np.arange(32)[:, None]).sum(axis=0)
    assert ours.tolist() == list(theirs)


@pytest.mark.parametrize(("bits", "distance"), [(3, 16), (6, 16), (7, 12), (10, 12), (11, 10)])
def test_words_differ_in_as_many_places_as_the_code_promises(bits: int, distance: int) -> None:
    """Reed-Muller (32, 6): 16; the subcodes of the second order (32, 10): 12; with all eleven: 10."""
    words = small.encode(np.array(list(itertools.product((0, 1), repeat=bits))), 32)
    assert words[1:].sum(axis=1).min() == distance


def test_one_and_two_bits_are_laid_out_as_printed() -> None:
    """TS 38.212, tables 5.3.3.1-1 and 5.3.3.2-1."""
    y, x = small.AGAIN, small.PLACE
    assert small.encode([1], 1, 1)[0].tolist() == [1]
    assert small.encode([1], 2, 2)[0].tolist() == [1, y]
    assert small.encode([1], 6, 6)[0].tolist() == [1, y, x, x, x, x]
    assert small.encode([1, 0], 3, 1)[0].tolist() == [1, 0, 1]
    assert small.encode([1, 0], 12, 4)[0].tolist() == [1, 0, x, x, 1, 1, x, x, 0, 1, x, x]


@settings(max_examples=150, deadline=None)
@given(
    bits=st.integers(1, 60),
    more=st.integers(0, 80),
    order=st.sampled_from(small.ORDERS),
    seed=st.integers(0, 2**31 - 1),
)
def test_control_up_of_any_length_comes_back(bits: int, more: int, order: int, seed: int) -> None:
    sent = (3 if bits <= 2 else 2 * max(bits, 8)) * order + more + (30 if bits >= 12 else 0)
    rng = np.random.default_rng(seed)
    word, mask = rng.integers(0, 2, bits), scrambling.sequence(seed, sent)
    coded = small.scrambled(small.encode_uci(word, sent, order), mask)[0]
    assert set(coded) <= {0, 1}
    ratios = 6.0 * (1.0 - 2.0 * coded) + rng.normal(size=sent)
    found, good = small.decode_uci(ratios, bits, order, mask)
    assert good[0]
    assert (found[0] == word).all()


def test_a_place_that_repeats_is_heard_twice() -> None:
    """One bit in QPSK: the second bit of the symbol carries it as well."""
    mask = scrambling.sequence(77, 2)
    coded = small.scrambled(small.encode([1], 2), mask)[0]
    assert coded[0] == coded[1] == 1 ^ mask[0]
    weak = (1.0 - 2.0 * coded) * np.array([-0.5, 2.0])
    assert small.decode(weak, 1, 2, mask)[0].tolist() == [[1]]


def test_nothing_heard_does_not_hold() -> None:
    assert not small.decode_uci(np.zeros(32), 5)[1][0]


@settings(max_examples=60, deadline=None)
@given(
    frame=st.integers(0, 1023), half=st.integers(0, 1), index=st.integers(0, 63), cell=st.integers(0, 1007),
    beams=st.sampled_from(broadcast.BEAMS),
)  # fmt: skip
def test_broadcast_comes_back_from_one_block(
    frame: int, half: int, index: int, cell: int, beams: int
) -> None:
    sequence = scrambling.sequence(cell, broadcast.SEQUENCE)
    sent = broadcast.Block(MIB, frame, half, index % beams, beams, 0 if beams == 64 else half)
    ratios = 5.0 * (1.0 - 2.0 * broadcast.encode_pbch(sent, sequence).astype(float))
    found = broadcast.decode_pbch(ratios, sequence, beams, index % min(beams, 8))
    assert found is not None
    assert (found.frame, found.half, found.index, found.offset_top) == (
        frame,
        half,
        index % beams,
        sent.offset_top,
    )
    assert (found.payload() == sent.payload()).all()


def test_payload_is_placed_as_in_the_standard() -> None:
    """TS 38.212, clause 7.1.1 with G = 16 23 18 17 8 30 10 6 24 7 | 0 | 5 3 2 | 1 4 9 ...

    The frame's ten bits take the first ten places, the half the next, three bits behind it, then the rest; of
    the MIB bit 0 comes first and bit 7 second among the rest.
    """
    places = broadcast.PLACED
    assert places[[1, 2, 3, 4, 5, 6, 24, 25, 26, 27]].tolist() == [16, 23, 18, 17, 8, 30, 10, 6, 24, 7]
    assert places[[28, 29, 30, 31]].tolist() == [0, 5, 3, 2]
    assert places[[0, 7, 8, 23]].tolist() == [1, 4, 9, 31]
    assert sorted(places) == list(range(32))


def test_what_is_not_scrambled_is_sent_as_it_is() -> None:
    """TS 38.212, clause 7.1.2: the half frame, and the second and third lowest bits of the frame's number."""
    plain, mask = np.zeros(broadcast.SEQUENCE, np.uint8), np.ones(broadcast.SEQUENCE, np.uint8)
    block = broadcast.Block((0,) * 24, 0)
    word = broadcast.encode_pbch(block, plain) ^ broadcast.encode_pbch(block, mask)
    found, _ = control.decode_down(10.0 * (1.0 - 2.0 * word.astype(float)), 32)
    kept = np.flatnonzero(found[0] == 0)  # the code is linear: the word of the two payloads' difference
    assert sorted(kept) == [0, 6, 24]
    assert crc.check_bits(np.zeros(32, np.uint8), "CRC24C").sum() == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: small.encode(np.zeros(12), 32), "1 to 11"),
        (lambda: small.encode(np.zeros(5), 4), "5 or more"),
        (lambda: small.encode([1], 4, 3), "1, 2, 4, 6 or 8"),
        (lambda: small.encode([2, 1, 0], 32), "neither 0 nor 1"),
        (lambda: small.decode(np.zeros(8), 3, 2, np.zeros(7)), "length of sequence"),
        (lambda: small.encode_uci(np.zeros(1707), 5000), "12 to 1706"),
        (lambda: broadcast.Block(MIB, 1024), "0 to 1023"),
        (lambda: broadcast.Block(MIB, 1, beams=16), "4, 8 or 64"),
        (lambda: broadcast.Block(MIB[:-1], 1), "24 bits"),
        (lambda: broadcast.encode_pbch(broadcast.Block(MIB, 1), np.zeros(30)), "116"),
    ],
)
def test_what_is_not_legal_is_refused_by_name(call: object, message: str) -> None:
    with pytest.raises(RabtaError, match=message):
        call()  # type: ignore[operator]
