"""Galileo I/NAV on E1-B and E5b-I: Galileo OS SIS ICD 2.1 section 4.3.

A page is an even and an odd part of 120 bits with their tails; its word is 112 bits of the first and 16 of
the second, and CRC-24Q guards both.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.messages import rows
from rabta.pnt.messages.checks import crc24q_bits
from rabta.pnt.messages.fields import Bits, bits_of, layout, number, require_size
from rabta.pnt.records import IonosphereMessage

WORDS = (1, 2, 3, 4, 5)
_PART = 120
_CRC_AT = 82  # in the odd part: 2 flags, 16 data, 64 others, then CRC


def word(even: Bits, odd: Bits) -> Bits | None:
    """Word of 128 bits of a page's two parts of 120 bits; None where CRC or the order fails."""
    for part in (even, odd):
        require_size("I/NAV page part", len(part), _PART)
    if even[0] != 0 or odd[0] != 1 or even[1] or odd[1]:  # in order, and nominal pages
        return None
    guarded = np.concatenate([even[:114], odd[:_CRC_AT]])
    if crc24q_bits(number(guarded), guarded.size) != number(odd[_CRC_AT : _CRC_AT + 24]):
        return None
    return np.concatenate([even[2:114], odd[2:18]])


def page(bits: Bits) -> tuple[Bits, Bits]:
    """Even and odd part of a page that carries a word of 128 bits."""
    require_size("I/NAV word", len(bits), 128)
    even, odd = np.zeros(_PART, dtype=np.uint8), np.zeros(_PART, dtype=np.uint8)
    even[2:114], odd[0], odd[2:18] = bits[:112], 1, bits[112:]
    guarded = np.concatenate([even[:114], odd[:_CRC_AT]])
    odd[_CRC_AT : _CRC_AT + 24] = bits_of(crc24q_bits(number(guarded), guarded.size), 24)
    return even, odd


def accuracy_m(sisa: int) -> float:
    """Signal-in-space accuracy, metres; not a number for spare values and for no prediction (table 89)."""
    if sisa < 50:
        return sisa * 0.01
    if sisa < 75:
        return 0.5 + (sisa - 50) * 0.02
    if sisa < 100:
        return 1.0 + (sisa - 75) * 0.04
    return 2.0 + (sisa - 100) * 0.16 if sisa < 126 else float("nan")


def sisa_of(metres: float) -> int:
    """Index of an accuracy; 255, no prediction, where there is none."""
    if not 0 <= metres <= 6.0:
        return 255
    return min(range(126), key=lambda index: abs(accuracy_m(index) - metres))


# RINEX 3.05, data sources: bit 0 I/NAV of E1-B, 2 of E5b-I, 9 clock for E5b and E1
SOURCES = {"E1B": 513, "E5b": 516, "both": 517}


def decode(
    words: Mapping[int, Bits], prn: int | None = None, source: str = "both"
) -> NDArray[np.void] | None:
    """Ephemeris of words 1 to 5 by type; None where one is missing or their issues of data differ.

    ``source`` says which signal they came from: a key of ``SOURCES``.
    """
    if any(kind not in words for kind in WORDS):
        return None
    values = layout("INAV").read([number(words[kind]) for kind in WORDS])
    if not rows.agree(values, ("iode", "iode2", "iode3", "iode4")):
        return None
    satellite = int(values["prn"])
    if prn is not None and satellite != prn:
        return None
    values |= {"iodc": values["iode"], "accuracy_m": accuracy_m(int(values["sisa"]))}
    values["health"] = health(
        *(int(values[n]) for n in ("e5b_health", "e5b_valid", "e1b_health", "e1b_valid"))
    )
    values["data_source"] = SOURCES[source]
    sent = rows.instant("E", values["week"], values["tow_s"])
    toc, toe = (rows.near("E", sent, values[name]) for name in ("toc_s", "toe_s"))
    return rows.row("E", satellite, "INAV", values, sent, toc, toe)


def health(e5b: int, e5b_valid: int, e1b: int, e1b_valid: int) -> int:
    """Health as RINEX packs it: bit 0 E1-B data validity, 1 and 2 E1-B, 6 E5b validity, 7 and 8 E5b."""
    return e5b << 7 | e5b_valid << 6 | e1b << 1 | e1b_valid


def ionosphere(word5: Bits, prn: int) -> IonosphereMessage:
    """NeQuick G's coefficients of word 5."""
    values = layout("INAV").read((0, 0, 0, 0, number(word5)))
    sent = rows.instant("E", values["week"], values["tow_s"])
    coefficients = tuple(values[f"ai{i}"] for i in range(3))
    return IonosphereMessage("E", prn, "IFNV", "nequick-g", coefficients, sent)


def encode(ephemeris: np.void, ionosphere_message: IonosphereMessage | None = None) -> dict[int, Bits]:
    """Words 1 to 5 by type."""
    values = rows.values_of(ephemeris) | rows.ionosphere_values(ionosphere_message)
    for i in WORDS:
        end = "" if i == 1 else str(i)
        values |= {f"word{end}": i, f"iode{end}": values["iode"]}
    state = int(values.get("health", 0))
    values |= {"e5b_health": state >> 7 & 3, "e5b_valid": state >> 6 & 1}
    values |= {"e1b_health": state >> 1 & 3, "e1b_valid": state & 1}
    values |= {"prn": int(ephemeris["prn"]), "tow_s": values["sow"]}
    values["sisa"] = sisa_of(values.get("accuracy_m", -1.0))
    parts = layout("INAV").write(values)
    return {kind: bits_of(part, 128) for kind, part in zip(WORDS, parts, strict=True)}
