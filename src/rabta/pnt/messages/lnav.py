"""GPS and QZSS LNAV on L1 C/A: IS-GPS-200N section 20.3, IS-QZSS-PNT-006 section 4.1.

A subframe is 300 bits: ten words of 24 data bits and 6 parity bits. ``checked`` removes the inversion that
D30 of the word before makes, and leaves the data in place.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.messages import rows
from rabta.pnt.messages.checks import gps_data, gps_word
from rabta.pnt.messages.fields import Bits, bits_of, layout, number, require_size
from rabta.pnt.records import IonosphereMessage

PREAMBLE = 0x8B
IONOSPHERE_PAGE = 56  # satellite number of subframe 4, page 18
_WORDS = 10
_DATA = 0xFFFFFF << 6
# Fit interval, hours, by IODC where the fit flag is set: IS-GPS-200N table 20-XII
_LONG_FITS = ((240, 247, 8.0), (248, 255, 14.0), (496, 496, 14.0), (497, 503, 26.0), (1021, 1023, 26.0))


def checked(subframe: Bits, last: int = 0) -> Bits | None:
    """Subframe whose data are upright and whose parity holds; None where it fails.

    Receivers hand words over as sent, or with their data turned upright where D30 of the word before had
    turned them, or with all 30 bits turned; each is told from the others by its parity. ``last`` are the last
    two bits of the word before, zero as every subframe ends so.
    """
    require_size("LNAV subframe", len(subframe), 30 * _WORDS)
    out = np.array(subframe, dtype=np.uint8)
    for i in range(_WORDS):
        word = number(subframe[30 * i : 30 * i + 30])
        forms = (0, _DATA, _DATA | 63) if last & 1 else (0,)
        as_sent = next((word ^ form for form in forms if gps_data(word ^ form, last) is not None), None)
        if as_sent is None:
            return None
        data = gps_data(as_sent, last)
        out[30 * i : 30 * i + 24] = bits_of(data or 0, 24)
        last = as_sent & 3
    return out


def sent(subframe: int) -> Bits:
    """Subframe as sent, of its data at their places: parity filled in, words 2 and 10 made to end in 00."""
    out, last = np.empty(300, dtype=np.uint8), 0
    for i in range(_WORDS):
        data = subframe >> (276 - 30 * i) & 0xFFFFFF
        word = gps_word(data, last)
        if i in (1, 9):  # data bits 23, 24 are chosen for that: section 20.3.3.2
            choices = (gps_word(data & ~3 | tail, last) for tail in range(4))
            word = next(choice for choice in choices if choice & 3 == 0)
        out[30 * i : 30 * i + 30] = bits_of(word, 30)
        last = word & 3
    return out


def head(subframe: Bits) -> tuple[int, int] | None:
    """Subframe's number and second of week at its start, of an upright subframe; None without a preamble."""
    if number(subframe[:8]) != PREAMBLE:
        return None
    return number(subframe[49:52]), (number(subframe[30:47]) * 6 - 6) % 604800


def decode(
    subframes: Sequence[Bits], prn: int, reference_week: int, system: str = "G"
) -> NDArray[np.void] | None:
    """Ephemeris of upright subframes 1, 2, 3; None where their issues of data differ.

    Parameters
    ----------
    reference_week : int
        Full GPS week near the message, which gives the week modulo 1024.
    """
    values = layout("LNAV").read([number(item) for item in subframes])
    if (values["frame"], values["frame2"], values["frame3"]) != (1, 2, 3):
        return None
    issues = (int(values["iodc"]) & 0xFF, values["iode"], values["iode3"])
    if len(set(issues)) != 1:
        return None
    week = rows.full_week(int(values["week"]), 1024, reference_week)
    values |= {"accuracy_m": rows.URA_M[int(values["urai"])], "fit_h": fit_hours(values, system)}
    at = rows.instant(system, week, values["tow_s"] - 6)
    toc, toe = (rows.near(system, at, values[name]) for name in ("toc_s", "toe_s"))
    return rows.row(system, prn, "LNAV", values, at, toc, toe)


def fit_hours(values: dict[str, float], system: str) -> float:
    """Fit interval: 4 h (QZSS 2 h), or longer where the flag says so."""
    if system == "J":
        return 4.0 if values["fit"] else 2.0
    if not values["fit"]:
        return 4.0
    return next((h for low, high, h in _LONG_FITS if low <= values["iodc"] <= high), 6.0)


def ionosphere(subframe: Bits, prn: int, reference_week: int, system: str = "G") -> IonosphereMessage | None:
    """Klobuchar's coefficients of an upright subframe 4, page 18; None of another."""
    values = layout("LNAV4").read((number(subframe),))
    if (values["frame"], values["page"]) != (4, IONOSPHERE_PAGE):
        return None
    at = rows.instant(system, reference_week, values["tow_s"] - 6)
    return rows.klobuchar(system, prn, "LNAV", values, at)


def encode(ephemeris: np.void, sow: float | None = None) -> list[Bits]:
    """Subframes 1, 2, 3 as sent, of GPS."""
    values = rows.values_of(ephemeris)
    start = values["sow"] if sow is None else sow
    for i, end in enumerate(("", "2", "3")):
        values |= {f"preamble{end}": PREAMBLE, f"frame{end}": i + 1}
        values[f"tow{end}_s"] = (start + 6 * (i + 1)) % 604800
    values |= {
        "week": values["week"] % 1024,
        "iode3": values["iode"],
        "fit": float(values.get("fit_h", 4) > 4),
    }
    values["urai"] = rows.index_of_accuracy(values.get("accuracy_m", 9999.0))
    return [sent(item) for item in layout("LNAV").write(values)]


def encode_ionosphere(message: IonosphereMessage, sow: float) -> Bits:
    """Subframe 4, page 18, as sent, without its UTC part."""
    values = rows.ionosphere_values(message) | {"preamble": PREAMBLE, "frame": 4, "data_id": 1}
    values |= {"page": IONOSPHERE_PAGE, "tow_s": (sow + 6) % 604800}
    return sent(layout("LNAV4").write(values)[0])
