"""Delays of a satellite's signals against the clock that its message describes.

The clock of GPS and QZSS LNAV and CNAV is that of the ionosphere-free pair L1 P, L2 P; of Galileo's I/NAV
that of E1, E5b, of F/NAV that of E1, E5a; of all of BeiDou's messages that of B3I (BDS-SIS-ICD-B1I-3.0
5.2.4.10, B1C-1.0 7.6, B2b-1.0 7.5); of GLONASS that of G1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.pnt.gnsstime import NS
from rabta.pnt.signals import frequency_hz

Array = NDArray[np.float64]
Index = NDArray[np.int64]

SHARED = {
    "C": ("tgd1", "tgd2", "tgd_b1cp", "tgd_b2ap", "tgd_b2bi", "isc_b1cd", "isc_b2ad"),
    "G": ("tgd1", "isc_l1ca", "isc_l2c", "isc_l5i5", "isc_l5q5", "isc_l1cd", "isc_l1cp"),
    "J": ("tgd1", "isc_l1ca", "isc_l2c", "isc_l5i5", "isc_l5q5", "isc_l1cd", "isc_l1cp"),
    "E": ("tgd1", "tgd2"),
}
"""Delays that belong to the satellite, whichever of its messages carries them."""


def complete(ephemerides: NDArray[np.void]) -> NDArray[np.void]:
    """Copy of the table in which messages know the delays that the satellite's other messages broadcast.

    Delays that a message does not carry (D1 has none for B1C, CNV1 none for B1I) are taken from the same
    satellite's record nearest in time that has them. What no message says stays NaN.
    """
    table = ephemerides.copy()
    satellite = table["system"].astype("U1").view(np.int32).astype(np.int64) * 1024 + table["prn"]
    for letter, names in SHARED.items():
        for name in names:
            mine = table["system"] == letter
            has = np.flatnonzero(mine & np.isfinite(ephemerides[name]))
            lack = np.flatnonzero(mine & ~np.isfinite(ephemerides[name]))
            if has.size and lack.size:
                _fill(table, name, satellite, has, lack)
    return table


def _fill(table: NDArray[np.void], name: str, satellite: Index, has: Index, lack: Index) -> None:
    block = 1 << 34
    key = satellite * block + table["toe"] // NS
    has = has[np.argsort(key[has], kind="stable")]
    right = np.searchsorted(key[has], key[lack])
    gap = np.full(lack.size, np.inf)
    for place in (right - 1, right):
        inside = np.clip(place, 0, has.size - 1)
        away = np.abs(key[has[inside]] - key[lack]).astype(np.float64)
        better = (satellite[has[inside]] == satellite[lack]) & (away < gap)
        table[name][lack] = np.where(better, table[name][has[inside]], table[name][lack])
        gap = np.where(better, away, gap)


def _ratio(system: str, low: str) -> float:
    return (frequency_hz(system, "1") / frequency_hz(system, low)) ** 2


def _gps(e: NDArray[np.void], system: str, code: str) -> Array:
    """IS-GPS-200N 20.3.3.3.3.2 and 30.3.3.3.1.1, IS-GPS-800J 3.5.3.3: TGD less the signal's ISC."""
    tgd, band, kind = e["tgd1"], code[0], code[1]
    if code == "1C":
        return np.asarray(tgd - np.nan_to_num(e["isc_l1ca"]))
    if band == "1":
        return np.asarray(tgd - (e["isc_l1cp" if kind in "LX" else "isc_l1cd"] if kind in "SLX" else 0.0))
    if band == "2" and kind in "SLX":  # LNAV alone: L2 C as L2 P, some decimetres off
        known = np.isfinite(e["isc_l2c"])
        return np.where(known, tgd - e["isc_l2c"], _ratio(system, "2") * tgd)
    if band == "2":
        return np.asarray(_ratio(system, "2") * tgd)
    if band == "5":
        return np.asarray(tgd - e["isc_l5i5" if kind == "I" else "isc_l5q5"])
    return np.full(e.size, np.nan)


def _galileo(e: NDArray[np.void], code: str) -> Array:
    """Galileo OS-SIS-ICD 2.1 section 5.1.5; E5a with I/NAV and E5b with F/NAV through both delays."""
    a, b = e["tgd1"], e["tgd2"]
    fnav = e["kind"] == "FNAV"
    first = np.where(fnav, a, b)  # of E1 against the message's clock
    if code[0] == "1":
        return first
    if code[0] in "57":
        own = a if code[0] == "5" else b
        return np.asarray(first - own + _ratio("E", code[0]) * own)
    return np.full(e.size, np.nan)


def _beidou(e: NDArray[np.void], code: str) -> Array:
    band, kind = code[0], code[1]
    if band == "6" and kind in "IQX":
        return np.zeros(e.size)
    if band == "2":
        return np.asarray(e["tgd1"])
    if band == "1" and kind in "DPX":
        return np.asarray(e["tgd_b1cp"] + (e["isc_b1cd"] if kind == "D" else 0.0))
    if band == "5" and kind in "DPX":
        return np.asarray(e["tgd_b2ap"] + (e["isc_b2ad"] if kind == "D" else 0.0))
    if band == "7":
        return np.asarray(e["tgd2"] if kind in "IQX" else e["tgd_b2bi"])
    return np.full(e.size, np.nan)


def _others(e: NDArray[np.void], system: str, code: str) -> Array:
    if system == "R":
        return np.zeros(e.size) if code[0] == "1" else np.asarray(np.where(code[0] == "2", e["tgd1"], np.nan))
    if system == "I":  # the clock is that of L5 and S: IRNSS SPS ICD 1.1, section 6.2.1.5
        ratio = (frequency_hz("I", "9") / frequency_hz("I", "5")) ** 2
        return np.asarray({"5": ratio, "9": 1.0}.get(code[0], np.nan) * e["tgd1"])
    return np.where(code[0] == "1", np.zeros(e.size), np.nan)


def group_delay(ephemerides: NDArray[np.void], rows: ArrayLike, code: str) -> Array:
    """Seconds to take off the satellite's clock offset for one signal.

    Parameters
    ----------
    ephemerides : ndarray of EPHEMERIS
        As read, or `complete`.
    rows : array_like of int, shape (row,)
        -1 gives NaN.
    code : str
        ``2I``, or an observation code such as ``C2I``; rows may be of several systems.

    Returns
    -------
    ndarray, shape (row,)
        NaN where the message does not know this signal's delay: such a range is not to be used.
        A range is corrected by +c (clock - delay).
    """
    index = np.atleast_1d(np.asarray(rows, dtype=np.int64))
    code = code[-2:]
    if len(code) != 2 or not code[0].isdigit():
        raise RabtaError("no such signal", key="code", value=code, expected=nearest(code, ["1C", "2I", "6I"]))
    used, place = np.unique(index, return_inverse=True)
    place = place.reshape(index.shape)
    if used.size and used[0] < 0:
        used, place = used[1:], place - 1
    e = ephemerides[used]
    delay = np.full(used.size + 1, np.nan)
    for letter in np.unique(e["system"]).tolist():
        mine = np.flatnonzero(e["system"] == letter)
        part = e[mine]
        if letter in "GJ":
            delay[mine] = _gps(part, letter, code)
        elif letter == "E":
            delay[mine] = _galileo(part, code)
        elif letter == "C":
            delay[mine] = _beidou(part, code)
        else:
            delay[mine] = _others(part, letter, code)
    return delay[place]


def pair_delay(ephemerides: NDArray[np.void], rows: ArrayLike, first: str, second: str, system: str) -> Array:
    """As `group_delay` for the ionosphere-free combination of two signals of a system.

    GLONASS: the ratio of its frequencies is the same for all satellites.
    """
    one, two = frequency_hz(system, first[-2]), frequency_hz(system, second[-2])
    if one == two:
        raise RabtaError("a pair needs two frequencies", key="signals", value=f"{first}, {second}")
    share = one**2 / (one**2 - two**2)
    return np.asarray(
        share * group_delay(ephemerides, rows, first) + (1.0 - share) * group_delay(ephemerides, rows, second)
    )
