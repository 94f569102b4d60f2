"""Suite ``messages``: navigation messages and RTCM 3, bit by bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.pnt import rinex
from rabta.pnt.messages import bcnav, checks, d1d2, galileo, glonass, lnav
from rabta.pnt.streams import rtcm
from rabta.verify import Row, suite

DAY = "nav4/BRD400DLR_S_20260680000_01D_MN.rnx.gz"
RECORDS = "BRD400DLR_S_20260680000: each record's numbers to bits and back, all 13 digits"
CODES = "Peterson and Weldon, Error-Correcting Codes (1972), tables of cyclic codes"
RTCM = "RTCM 10403.3 section 4.2: a whole message 1005"
EXAMPLE = "d300133ed7d30202980edeef34b4bd62ac0941986f33360b98"
WEEK_NS = 604_800 * 10**9
# Indices that some receivers write as signed numbers, by how many values they have
_UNSIGNED = {"sisai_oc1": 8, "sisai_oc2": 8, "sismai": 16}
# What a record holds and its message does not: a time between messages, a half of I/NAV, a flag of RINEX's
_BESIDE = {"sent", "data_source", "integrity_flags"}
COUNTS = {"D1": 963, "D2": 194, "CNV1": 1246, "CNV2": 2177, "CNV3": 700}


@suite("messages", "Navigation: messages of satellites and of RTCM 3, bit by bit", needs=DAY)
def rows(files: Path | None) -> list[Row]:
    """Codes and the standard's example; every record of a published day from ``--files`` where given."""
    found = [*_codes(), *_example()]
    path = None if files is None else files / DAY
    return found + (_day(path) if path is not None and path.is_file() else [])


def _codes() -> list[Row]:
    books = (("BCH(21,6)", checks.bch21, 64, 8), ("BCH(51,8)", checks.bch51, 256, 24))
    found = []
    for name, word, count, distance in books:
        weights = [int(word(i).sum()) for i in range(1, count)]
        found.append(Row(f"{name} of B-CNAV1: least distance", float(min(weights)), distance, 0.0, CODES))
    words = [checks.bch15(i).bit_count() for i in range(1, 2048)]
    found.append(Row("BCH(15,11) of D1 and D2: least distance", float(min(words)), 3.0, 0.0, CODES))
    text = "check value of the polynomial 864CFB, start 0, over 123456789 (CRC-24/LTE-A)"
    return [*found, Row("CRC-24Q", float(checks.crc24q(b"123456789")), float(0xCDE703), 0.0, text)]


def _example() -> list[Row]:
    station = rtcm.read(bytes.fromhex(EXAMPLE), 0).station
    position = np.zeros(3) if station.position_m is None else station.position_m
    expected = (1_114_104.5999, -4_850_729.7108, 3_975_521.4643)
    found = [Row("message 1005: station", float(station.number), 2003.0, 0.0, RTCM)]
    axes = zip("XYZ", position, expected, strict=True)
    return found + [Row(f"message 1005: {axis}, m", float(a), b, 5e-5, RTCM) for axis, a, b in axes]


def _day(path: Path) -> list[Row]:
    ephemerides = rinex.navigation(path).ephemerides
    read, wrong, typed = Counter[str](), Counter[str](), 0
    for item in ephemerides:
        kind = str(item["kind"])
        if str(item["system"]) not in _SENDERS.get(kind, ""):
            continue
        read[kind] += 1
        names = set(differences(item, _THROUGH[kind](item))) - _BESIDE
        typed += "satellite_type" in names
        wrong[kind] += bool(names - {"satellite_type"})
    found = [Row(f"{kind} records", float(read[kind]), float(n), 0.0, DAY) for kind, n in COUNTS.items()]
    found += [
        Row(f"{kind}: records that come back otherwise", float(wrong[kind]), 0.0, 0.0, RECORDS)
        for kind in read
    ]
    text = "CNV2 records whose satellite type (GEO, IGSO) is not their orbit's: a receiver's defect"
    return [*found, Row("CNV2 records of a wrong satellite type", float(typed), 0.0, 0.0, text, gate=False)]


def _lnav(item: np.void) -> NDArray[np.void] | None:
    parts = [lnav.checked(bits) for bits in lnav.encode(item)]
    whole = [part for part in parts if part is not None]
    return lnav.decode(whole, int(item["prn"]), int(item["sent"]) // WEEK_NS, str(item["system"]))


def _inav(item: np.void) -> NDArray[np.void] | None:
    words = {n: galileo.word(*galileo.page(bits)) for n, bits in galileo.encode(item).items()}
    return galileo.decode({n: word for n, word in words.items() if word is not None}, int(item["prn"]))


def _fdma(item: np.void) -> NDArray[np.void] | None:
    strings = {n: glonass.correct(bits) for n, bits in glonass.encode(item).items()}
    return glonass.decode({n: s for n, s in strings.items() if s is not None}, int(item["slot"]))


def _cnv1(item: np.void) -> NDArray[np.void] | None:
    count, second, third = bcnav.encode_cnv1(item)
    return bcnav.decode_cnv1(second, count, int(item["prn"]), third)


def _d1(item: np.void) -> NDArray[np.void] | None:
    return d1d2.decode_d1([d1d2.correct(bits)[0] for bits in d1d2.encode_d1(item)], int(item["prn"]))


def _d2(item: np.void) -> NDArray[np.void] | None:
    return d1d2.decode_d2([d1d2.correct(bits)[0] for bits in d1d2.encode_d2(item)], int(item["prn"]))


def _cnv2(item: np.void) -> NDArray[np.void] | None:
    return bcnav.decode_cnv2(bcnav.encode_cnv2(item))


def _cnv3(item: np.void) -> NDArray[np.void] | None:
    return bcnav.decode_cnv3(bcnav.encode_cnv3(item), int(item["prn"]))


_SENDERS = {"LNAV": "GJ", "INAV": "E", "FDMA": "R"} | dict.fromkeys(COUNTS, "C")
_THROUGH: dict[str, Callable[[np.void], NDArray[np.void] | None]] = {
    "LNAV": _lnav,
    "INAV": _inav,
    "FDMA": _fdma,
    "D1": _d1,
    "D2": _d2,
    "CNV1": _cnv1,
    "CNV2": _cnv2,
    "CNV3": _cnv3,
}


def differences(item: np.void, back: NDArray[np.void] | None) -> list[str]:
    """Fields in which a row and what came back of it differ in thirteen digits."""
    if back is None:
        return ["nothing came back"]
    found = []
    for name in back.dtype.names or ():
        ours, theirs = back[name][0], item[name]
        if name in _UNSIGNED and np.isfinite(theirs):
            theirs = theirs % _UNSIGNED[name]
        if back.dtype[name].kind != "f":
            same = bool(ours == theirs)
        else:
            same = bool(np.isnan(theirs)) or f"{ours:.12e}" == f"{theirs:.12e}"
        found += [] if same else [name]
    return found
