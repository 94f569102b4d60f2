"""Frames bit for bit: GNU Radio's outputs, the standard's tables, published structure of its codes."""

from __future__ import annotations

import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from rabta import catalog
from rabta.errors import RabtaError
from rabta.mobile.modem.dvb import baseband, constellations, modcods, physical
from rabta.mobile.modem.dvb.fec import bch, codes
from rabta.verify.mobile import dvb


@cache
def stream() -> np.ndarray:
    return np.unpackbits(baseband.with_crc(dvb.packets(400)).ravel())


@pytest.mark.parametrize("known", dvb.stored(), ids=lambda known: known["name"])
def test_frames_are_those_of_gnu_radio(known: dict[str, str]) -> None:
    """gr-dtv 3.10.5.1: two frames of every modcod, all steps from packets to symbols."""
    made = dvb.ours(known, stream())
    assert {step: known[step] for step in dvb.STEPS} == made


def test_a_wrong_bit_would_show() -> None:
    known = dvb.stored()[0]
    wrong = stream().copy()
    wrong[12_345] ^= 1
    made = dvb.ours(known, wrong)
    assert all(made[step] != known[step] for step in dvb.STEPS)


# EN 302 307-1, tables 5a and 5b: K of BCH, N of BCH (K of LDPC), errors corrected
NORMAL = {
    "1/4": (16008, 16200, 12), "1/3": (21408, 21600, 12), "2/5": (25728, 25920, 12),
    "1/2": (32208, 32400, 12), "3/5": (38688, 38880, 12), "2/3": (43040, 43200, 10),
    "3/4": (48408, 48600, 12), "4/5": (51648, 51840, 12), "5/6": (53840, 54000, 10),
    "8/9": (57472, 57600, 8), "9/10": (58192, 58320, 8),
}  # fmt: skip
SHORT = {
    "1/4": (3072, 3240), "1/3": (5232, 5400), "2/5": (6312, 6480), "1/2": (7032, 7200), "3/5": (9552, 9720),
    "2/3": (10632, 10800), "3/4": (11712, 11880), "4/5": (12432, 12600), "5/6": (13152, 13320),
    "8/9": (14232, 14400),
}  # fmt: skip


def test_sizes_of_tables_5() -> None:
    for rate, (payload, information, corrects) in NORMAL.items():
        it = codes.code(f"{rate} normal")
        assert (it.payload, it.information, it.corrects, it.bits) == (payload, information, corrects, 64800)
    for rate, (payload, information) in SHORT.items():
        it = codes.code(f"{rate} short")
        assert (it.payload, it.information, it.corrects, it.bits) == (payload, information, 12, 16200)


# Degrees of information bits, and of checks without their two parity bits: Kienle, Brack and Wehn, "A
# synthesizable IP core for DVB-S2 LDPC code decoding", DATE 2005, table 1
DEGREES = {
    "1/4": ({12: 5400, 3: 10800}, 2), "1/3": ({12: 7200, 3: 14400}, 3), "2/5": ({12: 8640, 3: 17280}, 4),
    "1/2": ({8: 12960, 3: 19440}, 5), "3/5": ({12: 12960, 3: 25920}, 9), "2/3": ({13: 4320, 3: 38880}, 8),
    "3/4": ({12: 5400, 3: 43200}, 12), "4/5": ({11: 6480, 3: 45360}, 16), "5/6": ({13: 5400, 3: 48600}, 20),
    "8/9": ({4: 7200, 3: 50400}, 25), "9/10": ({4: 6480, 3: 51840}, 28),
}  # fmt: skip


@pytest.mark.parametrize("rate", DEGREES)
def test_degrees_are_the_published_ones(rate: str) -> None:
    it, (bits, checks) = codes.code(f"{rate} normal"), DEGREES[rate]
    assert {d: 360 * n for d, n in Counter(len(row) for row in it.rows).items()} == bits
    counts = Counter(address % it.step for row in it.rows for address in row)
    assert set(counts.values()) == {checks}
    assert len(counts) == it.step


def test_every_address_is_in_range_and_met_once() -> None:
    for name in codes.names():
        it = codes.code(name)
        for row in it.rows:
            assert len(set(row)) == len(row)
            assert min(row) >= 0
            assert max(row) < it.bits - it.information


def test_newer_codes_hold_no_column_twice_in_a_row() -> None:
    """The codes of 302 307-2 were made for layered decoders, part 1's were not. A wrong digit would show."""
    older = set(list(codes.names())[:21])
    for name in codes.names():
        it = codes.code(name)
        twice = sum(len(row) - len({address % it.step for address in row}) for row in it.rows)
        assert (twice == 0) == (name not in older), name


# EN 302 307-1, tables 6a and 6b: minimal polynomials, x^0 first
POLYNOMIALS = {
    16: (
        "10110100000000001 11001110100000001 10111101111100001 10101010010110101 11110100111110001 "
        "10101101111011111 10100110111101011 11100110110011101 10000101011100001 11100101101011101 "
        "10110100010111001 11000111010110001"
    ),
    14: (
        "110101000000001 100000101001001 111000100110001 100010011010101 101010101101011 100100011100011 "
        "101001110011011 100001001111001 111100000110001 100100100101101 100010000001101 111101111010011"
    ),
}


@pytest.mark.parametrize("size", POLYNOMIALS)
def test_minimal_polynomials_are_those_of_tables_6(size: int) -> None:
    for i, text in enumerate(POLYNOMIALS[size].split()):
        assert bch.minimal(size, 2 * i + 1) == int(text[::-1], 2)


def test_efficiencies_are_those_of_the_catalog() -> None:
    """Tables 13 and 20a, which the catalog holds; QPSK 2/9 is of very-low-SNR frames alone."""
    folder = Path(catalog.__file__).parent / "waveforms"
    checked = 0
    for entry in ("dvb-s2", "dvb-s2-short", "dvb-s2x", "dvb-s2x-short"):
        for name, bits, *_ in tomllib.loads((folder / f"{entry}.toml").read_text())["modcods"]:
            if name != "QPSK 2/9":
                assert modcods.modcod(name).efficiency() == pytest.approx(bits, abs=1e-6), name
                checked += 1
    assert checked == 107


def test_constellations() -> None:
    for name in modcods.names():
        points = constellations.points(modcods.modcod(name))
        assert np.mean(np.abs(points) ** 2) == pytest.approx(1.0, abs=1e-4)
        assert abs(points.mean()) < 1e-4
        apart = np.abs(points[:, None] - points)[~np.eye(len(points), dtype=bool)].min()
        assert apart > (1e-4 if "of" in modcods.modcod(name).shape else 0.03)  # listed points nearly coincide
    # EN 302 307-1, table 9: ratio of the radii of 16APSK 3/4
    radii = np.abs(constellations.points(modcods.modcod("16APSK 3/4")))
    assert radii.max() / radii.min() == pytest.approx(2.85)


def test_signalling_of_zero_is_the_scrambler() -> None:
    """EN 302 307-1, clause 5.5.2.4, and gr-dvbs2rx (qa_pl_signaling.cc)."""
    assert int("".join(map(str, physical.signalling(0))), 2) == 0x719D83C953422DFA


def test_headers_are_far_apart() -> None:
    """The (64, 7) code's distance is 32; a newer header is turned by a quarter against an older one."""
    for first in range(0, 128, 9):
        for second in range(first + 1, 128, 7):
            assert np.sum(physical.signalling(first) != physical.signalling(second)) >= 32


def test_scrambling_sequences_are_of_full_length() -> None:
    """Clause 5.5.4: registers of 18 stages, all of whose states but zero come once in 2^18 - 1 steps."""
    for bits in physical._sequences():
        ring = np.concatenate([bits, bits[:17]]).astype(np.int64)
        states = sum(ring[i : i + physical.PERIOD] << i for i in range(18))
        assert len(np.unique(states)) == physical.PERIOD
    assert abs(np.mean(physical.turns(0))) < 0.02


def test_pilots_follow_every_sixteenth_slot_but_the_last() -> None:
    """EN 302 307-1, clause 5.5.3: 22 blocks in a normal frame of QPSK, 33,282 symbols in all."""
    of = modcods.modcod("QPSK 1/2")
    data, pilots = physical.places(of.slots, True)
    assert len(pilots) == 22 * 36
    assert of.length(True) == 33_282
    assert pilots[0] == 90 + 16 * 90
    assert sorted([*range(90), *data, *pilots]) == list(range(of.length(True)))
    # 360 slots of QPSK short frames would end with a block: there is none after the last slot
    assert modcods.frame_length(16, True) == modcods.frame_length(16, False)


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(RabtaError, match="8PSK 3/4"):
        modcods.modcod("8PSK 3-4")
    with pytest.raises(RabtaError, match="1/2 normal"):
        codes.code("1/2 norm")
    with pytest.raises(RabtaError, match="scrambling"):
        physical.scrambler(2**18)
    with pytest.raises(RabtaError, match="pls"):
        physical.header(256)
    with pytest.raises(RabtaError, match="roll-off"):
        baseband.Header("continuous", 0, roll_off=0.3).pack()
