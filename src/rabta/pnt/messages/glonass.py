"""GLONASS FDMA strings: GLONASS ICD L1, L2 edition 5.1 section 4.4.

A string is 85 bits, number 85 first; bits 8 to 1 are a Hamming code that corrects one error.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rabta.pnt import gnsstime
from rabta.pnt.gnsstime import NS
from rabta.pnt.messages import rows
from rabta.pnt.messages.fields import Bits, bits_of, layout, number, require_size

STRING_BITS = 85
MOSCOW_S = 10_800  # GLONASS time is UTC + 3 h: section 3.3.3
_DAY = 86_400
# RINEX 3.05, status flags: what a message says of itself, in one number: name, lowest bit, bits
_STATUS = (("p", 0, 2), ("p1", 2, 2), ("p2", 4, 1), ("p3", 5, 1), ("p4", 6, 1), ("type", 7, 2))
# Data bits 9 to 85 have the numbers that are not powers of two, in order: check bit Ci sums those whose
# number has bit i (section 4.4, table 4.13)
_NUMBERS = [n for n in range(1, 128) if n & (n - 1)][: STRING_BITS - 8]


@cache
def _masks() -> tuple[int, ...]:
    """Data bits that each of C1 to C7 sums."""
    return tuple(sum(1 << (8 + k) for k, n in enumerate(_NUMBERS) if n >> i & 1) for i in range(7))


def _syndrome(string: int) -> tuple[int, int]:
    """Which of C1 to C7 fail, as bits, and whether the sum of all bits is odd."""
    failed = sum(
        (((string & mask).bit_count() + (string >> i & 1)) & 1) << i for i, mask in enumerate(_masks())
    )
    return failed, string.bit_count() & 1


@cache
def _places() -> dict[int, int]:
    """Bit, from 1, that each pattern of failed checks points at."""
    return {n: 9 + k for k, n in enumerate(_NUMBERS)} | {1 << i: i + 1 for i in range(7)}


def correct(string: Bits) -> Bits | None:
    """String with one error of its 85 bits mended; None where there are more."""
    require_size("GLONASS string", len(string), STRING_BITS)
    value = number(string)
    failed, odd = _syndrome(value)
    if not failed:  # at most the sum bit itself
        return bits_of(value ^ (1 << 7 if odd else 0), STRING_BITS)
    if not odd:
        return None
    place = _places().get(failed)
    return None if place is None else bits_of(value ^ 1 << (place - 1), STRING_BITS)


def with_checks(string: int) -> Bits:
    """String of its data, check bits filled in."""
    value = string >> 8 << 8
    failed, _ = _syndrome(value)
    value |= failed
    return bits_of(value | (value.bit_count() & 1) << 7, STRING_BITS)


def decode(strings: Mapping[int, Bits], slot: int) -> NDArray[np.void] | None:
    """State vector of strings 1 to 4, and 5 for the date, by number; None where they are not of one frame.

    Parameters
    ----------
    slot : int
        Frequency number, -7 to 6.
    """
    if any(kind not in strings for kind in range(1, 6)):
        return None
    values = layout("FDMA").read([number(strings[kind]) for kind in range(1, 6)])
    names = ("string", "string2", "string3", "string4", "string5")
    if [values[name] for name in names] != list(range(1, 6)) or values["prn"] == 0:
        return None
    day = first_day(int(values["four_years"]), int(values["day"]))
    return row(values, int(values["prn"]), slot, day)


def first_day(four_years: int, day: int) -> np.datetime64:
    """Date of a day number of a four-year interval, both from 1, the first of them 1996 to 1999."""
    return np.datetime64(f"{1996 + 4 * (four_years - 1)}-01-01") + np.timedelta64(day - 1, "D")


def row(values: dict[str, float], prn: int, slot: int, day: np.datetime64) -> NDArray[np.void]:
    """Row of a state vector whose times are seconds of a Moscow date."""
    frame = values["frame_h"] * 3600 + values["frame_m"] * 60 + values["frame_half"]
    toe, sent = (_instant(day, seconds) for seconds in (values["tb_s"], frame))
    if sent - toe > _DAY * NS // 2:
        sent -= _DAY * NS
    values |= {"af0": -values["tau"], "af1": values["gamma"], "slot": slot}
    if "type" in values:
        values["status"] = sum(int(values[name]) << shift for name, shift, _ in _STATUS)
    return rows.row("R", prn, "FDMA", values, sent, toe, toe)


def _instant(day: np.datetime64, moscow_s: float) -> int:
    utc = day.astype("datetime64[ns]") + np.timedelta64(round((moscow_s - MOSCOW_S) * NS), "ns")
    return int(gnsstime.from_utc(utc))


def moscow(time: int) -> tuple[np.datetime64, float]:
    """Moscow date of an instant, and the second of that day."""
    local = np.datetime64(gnsstime.to_utc(np.int64(time)).item(), "ns") + np.timedelta64(MOSCOW_S, "s")
    day = local.astype("datetime64[D]")
    return day, float((local - day) / np.timedelta64(1, "ns")) / NS


def message_values(ephemeris: np.void) -> tuple[dict[str, float], np.datetime64]:
    """Fields of a row, and its Moscow date."""
    values = rows.values_of(ephemeris)
    status = int(values.get("status", 0))
    values |= {name: status >> shift & (1 << bits) - 1 for name, shift, bits in _STATUS}
    day, values["tb_s"] = moscow(int(ephemeris["toe"]))
    frame = moscow(int(ephemeris["sent"]))[1]
    values |= {"frame_h": frame // 3600, "frame_m": frame % 3600 // 60, "frame_half": frame % 60 // 30 * 30}
    values |= {"tau": -float(ephemeris["af0"]), "gamma": float(ephemeris["af1"])}
    return values, day


def encode(ephemeris: np.void) -> dict[int, Bits]:
    """Strings 1 to 5 by number, as sent."""
    values, day = message_values(ephemeris)
    year = int(day.astype("datetime64[Y]").astype(int)) + 1970
    interval = (year - 1996) // 4 + 1
    first = first_day(interval, 1)
    values |= {"four_years": interval, "day": int((day - first) / np.timedelta64(1, "D")) + 1}
    values |= {f"string{i}" if i > 1 else "string": i for i in range(1, 6)}
    values["prn"] = int(ephemeris["prn"])
    parts = layout("FDMA").write(values)
    return {i + 1: with_checks(part) for i, part in enumerate(parts)}
