"""BeiDou D1 (MEO, IGSO) and D2 (GEO) on B1I, B2I and B3I: BDS-SIS-ICD-B1I-3.0 sections 5.2 and 5.3.

Subframes are 300 bits in the order in which they are sent, parity included. The information bits of a word
come first and in order, so that its fields can be read in place; only the parity bits are interleaved.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt.messages import rows
from rabta.pnt.messages.checks import bch15, bch15_correct
from rabta.pnt.messages.fields import Bits, bits_of, layout, number, require_size
from rabta.pnt.records import IonosphereMessage

PREAMBLE = 0b11100010010
D2_PAGES = 10
_SUBFRAME = 300
GEO = frozenset((*range(1, 6), *range(59, 64)))  # satellites that send D2: BDS-SIS-ICD-B1I-3.0 table 4-1


def correct(subframe: Bits) -> tuple[Bits, int]:
    """Subframe with single errors of each BCH(15,11,1) word mended, and how many words had one.

    The code mends any one error of 15 bits but cannot tell two from one: more than a few mended words of 19
    mean that the bits are not a subframe.
    """
    require_size("D1/D2 subframe", len(subframe), _SUBFRAME)
    out = np.array(subframe, dtype=np.uint8)
    wrong = 0
    for word in range(10):
        for part in _codewords(word):
            fixed, bad = bch15_correct(number(out[part]))
            if bad:
                out[part] = bits_of(fixed, 15)
                wrong += 1
    return out, wrong


def _codewords(word: int) -> list[slice]:
    first = 30 * word
    if word == 0:  # the first 15 bits are not coded
        return [slice(15, 30)]
    return [slice(first + turn, first + 30, 2) for turn in (0, 1)]


def with_parity(subframe: int) -> Bits:
    """Subframe as sent, of its fields at their places: parity filled in."""
    out = bits_of(subframe, _SUBFRAME)
    for word in range(10):
        for part in _codewords(word):
            out[part] = bits_of(bch15(number(out[part]) >> 4), 15)
    return out


def head(subframe: Bits) -> tuple[int, int] | None:
    """Subframe's number (1 to 5) and second of week; None where the preamble is not there."""
    if number(subframe[:11]) != PREAMBLE:
        return None
    return number(subframe[15:18]), number(subframe[18:26]) << 12 | number(subframe[30:42])


def page(subframe: Bits) -> int:
    """Page number of a D2 subframe 1."""
    return number(subframe[42:46])


def decode_d1(subframes: Sequence[Bits], prn: int) -> NDArray[np.void] | None:
    """Ephemeris of D1 subframes 1, 2, 3 (mended); None where they do not follow each other."""
    values = _read("D1", subframes)
    if not rows.agree(values, ("preamble", "preamble2", "preamble3")) or values["preamble"] != PREAMBLE:
        return None
    steps = ((values["sow2"] - values["sow"]) % 604800, (values["sow3"] - values["sow"]) % 604800)
    if (values["frame"], values["frame2"], values["frame3"], *steps) != (1, 2, 3, 6, 12):
        return None
    return _row(values, prn, "D1")


def decode_d2(pages: Sequence[Bits], prn: int) -> NDArray[np.void] | None:
    """Ephemeris of D2 subframe 1, pages 1 to 10 (mended); None where they do not follow each other."""
    heads = [head(item) for item in pages]
    if any(item is None or item[0] != 1 for item in heads):
        return None
    if [page(item) for item in pages] != list(range(1, D2_PAGES + 1)):
        return None
    starts = [item[1] for item in heads if item is not None]
    if any((b - a) % 604800 != 3 for a, b in pairwise(starts)):
        return None
    return _row(_read("D2", pages), prn, "D2")


def ionosphere(subframes: Sequence[Bits], prn: int) -> IonosphereMessage:
    """Klobuchar's coefficients, BeiDou's form, of D1 subframes 1 to 3 or D2 pages 1 to 10."""
    values = _read("D1" if len(subframes) == 3 else "D2", subframes)
    return rows.klobuchar("C", prn, "D1D2", values, rows.instant("C", values["week"], values["sow"]))


def _read(name: str, subframes: Sequence[Bits]) -> dict[str, float]:
    form = layout(name)
    if len(subframes) != len(form.sizes):
        raise RabtaError(f"{name}: wrong number of subframes", value=len(subframes), expected="3 or 10")
    for item in subframes:
        require_size(f"{name} subframe", len(item), _SUBFRAME)
    return form.read([number(item) for item in subframes])


def _row(values: dict[str, float], prn: int, kind: str) -> NDArray[np.void]:
    sent = rows.instant("C", values["week"], values["sow"])
    values["accuracy_m"] = rows.URA_M[int(values["urai"])]
    toc, toe = (rows.near("C", sent, values[name]) for name in ("toc_s", "toe_s"))
    return rows.row("C", prn, kind, values, sent, toc, toe)


def encode_d1(
    ephemeris: np.void, ionosphere_message: IonosphereMessage | None = None, sow: float | None = None
) -> list[Bits]:
    """Subframes 1, 2, 3 as sent; ``sow`` of the first, else of the row's transmission."""
    values = _written(ephemeris, ionosphere_message, sow)
    for i, name in enumerate(("", "2", "3")):
        values |= {f"frame{name}": i + 1, f"sow{name}": (values["sow"] + 6 * i) % 604800}
        values[f"preamble{name}"] = PREAMBLE
    return [with_parity(item) for item in layout("D1").write(values)]


def encode_d2(
    ephemeris: np.void, ionosphere_message: IonosphereMessage | None = None, sow: float | None = None
) -> list[Bits]:
    """Pages 1 to 10 of subframe 1 as sent, three seconds apart."""
    values = _written(ephemeris, ionosphere_message, sow)
    start = int(values["sow"])
    parts = layout("D2").write(values)
    return [with_parity(_with_head(item, 1, (start + 3 * i) % 604800, i + 1)) for i, item in enumerate(parts)]


def _with_head(subframe: int, frame: int, sow: int, page_number: int) -> int:
    low = (1 << (_SUBFRAME - 46)) - 1
    keep = subframe & low
    first = PREAMBLE << 289 | frame << 282 | (sow >> 12) << 274 | (sow & 0xFFF) << 258 | page_number << 254
    return first | keep


def _written(ephemeris: np.void, message: IonosphereMessage | None, sow: float | None) -> dict[str, float]:
    values = rows.values_of(ephemeris) | rows.ionosphere_values(message)
    values["sow"] = float(round(values["sow"])) if sow is None else sow
    values["urai"] = rows.index_of_accuracy(values.get("accuracy_m", 9999.0))
    return values
