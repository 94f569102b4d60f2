"""Which broadcast ephemeris holds for a satellite at an instant: nearest, not expired, healthy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.pnt.gnsstime import NS
from rabta.pnt.records import SYSTEMS

Index = NDArray[np.int64]

KINDS: dict[str, tuple[str, ...]] = {
    "G": ("LNAV", "CNAV", "CNV2"),
    "J": ("LNAV", "CNAV", "CNV2"),
    "E": ("INAV", "FNAV"),
    "C": ("D1", "D2", "CNV1", "CNV2", "CNV3"),
    "R": ("FDMA",),
    "S": ("SBAS",),
    "I": ("LNAV",),
}
"""Messages of each system in the order in which they are taken."""

# Seconds before and after its reference time in which a message holds. A fit is of what follows the reference
# time; before it errors soon grow: Galileo's to 4.5 m (median) in 90 minutes, BeiDou's to 2.5 m in two hours,
# against final orbits and neighbouring messages. No document states the backward limits.
_H = 3600.0
AGE_S: dict[str, tuple[float, float]] = {
    "LNAV": (2 * _H, 2 * _H),  # half of the usual fit of 4 h, IS-GPS-200N 20.3.3.4.3.1; `fit_h` where stated
    "CNAV": (1.5 * _H, 1.5 * _H),  # half of 3 h: IS-GPS-200N 30.3.3.1.3
    "CNV2": (1.5 * _H, 1.5 * _H),  # IS-GPS-800J 3.5.3.2; BeiDou's below
    "INAV": (0.5 * _H, 4 * _H),  # Galileo OS-SDD 1.3, section 2.4: not used longer than four hours
    "FNAV": (0.5 * _H, 4 * _H),
    "FDMA": (0.5 * _H, 0.5 * _H),  # GLONASS ICD 5.1, table 4.6: a new one at least every 30 minutes
    "SBAS": (360.0, 360.0),  # RTCA DO-229D table A-25: message 9 times out in 360 s
}
# hourly (BDS-SIS-ICD-B1I-3.0 5.2.4.10): two periods, so that a lost message does not stop the satellite
_BEIDOU_S = (_H, 2 * _H)
_BLOCK = 1 << 34  # seconds; keeps satellites apart in one sorted key


def healthy(ephemerides: NDArray[np.void]) -> NDArray[np.bool_]:
    """Which messages say that their satellite may be used, shape (record,).

    Health words, and the flags of newer messages: data or signal integrity (BeiDou DIF and SIF), no
    accuracy prediction (Galileo's SISA, GPS's URA of 15).
    """
    e = ephemerides
    word = np.where(np.isfinite(e["health"]), e["health"], 0.0).astype(np.int64)
    mask = np.full(e.size, -1, dtype=np.int64)
    mask[e["kind"] == "INAV"] = 0b111000111  # E5b and E1: Galileo OS-SIS-ICD 2.1, in RINEX's order
    mask[e["kind"] == "FNAV"] = 0b000111000  # E5a
    mask[(e["system"] == "J") & (e["kind"] == "LNAV")] = ~1  # L1C/B: IS-QZSS-PNT-005 4.1.2.3
    good = (word & mask) == 0
    good &= ~((e["system"] == "E") & (e["accuracy_m"] < 0.0))
    good &= ~((e["system"] == "G") & (e["accuracy_m"] >= 6144.0))
    flags = np.where(np.isfinite(e["integrity_flags"]), e["integrity_flags"], 0.0).astype(np.int64)
    modern = (e["system"] == "C") & np.isin(e["kind"], ("CNV1", "CNV2", "CNV3"))
    return np.asarray(good & ~(modern & ((flags & 0b110) > 0)))


def age_s(ephemerides: NDArray[np.void]) -> NDArray[np.float64]:
    """Seconds after its reference time for which each message holds, shape (record,)."""
    return np.asarray(validity_s(ephemerides)[:, 1])


def validity_s(ephemerides: NDArray[np.void]) -> NDArray[np.float64]:
    """Seconds before and after its reference time in which each message holds, shape (record, 2)."""
    limit = np.full((ephemerides.size, 2), 2 * _H)
    for kind, seconds in AGE_S.items():
        limit[ephemerides["kind"] == kind] = seconds
    limit[ephemerides["system"] == "C"] = _BEIDOU_S
    fit = np.nan_to_num(ephemerides["fit_h"])
    stated = np.isin(ephemerides["system"], ("G", "J")) & (ephemerides["kind"] == "LNAV") & (fit > 1.0)
    limit[stated] = fit[stated, None] * _H / 2.0
    return limit


def _key(system: NDArray[np.str_], prn: NDArray[np.int64], seconds: Index) -> Index:
    letters = system.astype("U1").view(np.int32).astype(np.int64)
    return (letters * 1024 + prn) * _BLOCK + seconds


def select(
    ephemerides: NDArray[np.void],
    system: ArrayLike,
    prn: ArrayLike,
    times: ArrayLike,
    *,
    kinds: Mapping[str, Sequence[str]] | None = None,
    health: bool = True,
    sent_before: bool = False,
) -> Index:
    """Row of the ephemeris to use for each satellite at each instant.

    Parameters
    ----------
    ephemerides : ndarray of EPHEMERIS
    system, prn, times : array_like, shape (row,)
        RINEX letters, numbers, nanoseconds of GPS time.
    kinds : mapping from system letter to message kinds, optional
        In the order of preference; systems that it leaves out take `KINDS`.
    health : bool
        Leave out messages that say "do not use" (`healthy`), each kind for itself.
    sent_before : bool
        Only messages that had been sent at the instant, as a receiver has them then.

    Returns
    -------
    ndarray of int64, shape (row,)
        -1 where no message holds. Nearest reference time; of equally near ones the later; of the same the one
        sent last.
    """
    order = _order(kinds)
    time = np.atleast_1d(np.asarray(times, dtype=np.int64))
    letter = np.broadcast_to(np.asarray(system, dtype="U1"), time.shape)
    number = np.broadcast_to(np.asarray(prn, dtype=np.int64), time.shape)
    found = np.full(time.shape, -1, dtype=np.int64)
    limit = validity_s(ephemerides)
    good = healthy(ephemerides) if health else np.ones(ephemerides.size, dtype=bool)
    key = _key(np.ascontiguousarray(letter), number, time // NS)
    for rank in range(max(map(len, order.values()), default=0)):
        pairs = [(s, names[rank]) for s, names in order.items() if len(names) > rank]
        mine = np.zeros(ephemerides.size, dtype=bool)
        for s, kind in pairs:
            mine |= (ephemerides["system"] == s) & (ephemerides["kind"] == kind)
        open_ = np.flatnonzero(found < 0)
        if open_.size and mine.any():
            pick = _nearest(ephemerides, np.flatnonzero(mine), key[open_], time[open_], limit, sent_before)
            found[open_] = np.where((pick >= 0) & good[pick], pick, -1)
    return found


def _order(kinds: Mapping[str, Sequence[str]] | None) -> dict[str, tuple[str, ...]]:
    order = dict(KINDS)
    for letter, names in (kinds or {}).items():
        if letter not in SYSTEMS:
            raise RabtaError(
                "no such system", key="kinds", value=letter, expected=nearest(letter, list(SYSTEMS))
            )
        for name in names:
            if name not in KINDS[letter]:
                raise RabtaError(
                    "no such message",
                    key=f"kinds.{letter}",
                    value=name,
                    expected=nearest(name, KINDS[letter]),
                )
        order[letter] = tuple(names)
    return order


def _nearest(
    e: NDArray[np.void],
    rows: Index,
    key: Index,
    time: Index,
    limit: NDArray[np.float64],
    sent_before: bool,
) -> Index:
    """Row nearest to each instant among some; -1 where none holds."""
    table = e[rows]
    mine = _key(np.ascontiguousarray(table["system"]), table["prn"].astype(np.int64), table["toe"] // NS)
    sort = np.lexsort((table["sent"], mine))
    rows, mine = rows[sort], mine[sort]
    if sent_before:
        return _nearest_sent(e, rows, mine, key, time, limit)
    last = np.append(mine[1:] != mine[:-1], True)  # of the same reference time the one sent last
    rows, mine = rows[last], mine[last]
    right = np.searchsorted(mine, key)
    best, gap = np.full(key.size, -1, dtype=np.int64), np.full(key.size, np.inf)
    for place in (right - 1, right):
        inside = np.clip(place, 0, rows.size - 1)
        row = rows[inside]
        late = (time - e["toe"][row]) / NS
        away = np.abs(late)
        same = (mine[inside] // _BLOCK == key // _BLOCK) & (place == inside)
        better = same & (-late <= limit[row, 0]) & (late <= limit[row, 1]) & (away <= gap)
        best, gap = np.where(better, row, best), np.where(better, away, gap)
    return best


def _nearest_sent(
    e: NDArray[np.void],
    rows: Index,
    mine: Index,
    key: Index,
    time: Index,
    limit: NDArray[np.float64],
    depth: int = 12,
) -> Index:
    """As `_nearest` among messages already sent: the newest of the last few reference times."""
    right = np.searchsorted(mine, key + int(4 * _H), side="right")
    best, gap = np.full(key.size, -1, dtype=np.int64), np.full(key.size, np.inf)
    for back in range(1, depth + 1):
        place = right - back
        inside = np.clip(place, 0, rows.size - 1)
        row = rows[inside]
        late = (time - e["toe"][row]) / NS
        away = np.abs(late)
        same = (mine[inside] // _BLOCK == key // _BLOCK) & (place == inside) & (e["sent"][row] <= time)
        better = same & (-late <= limit[row, 0]) & (late <= limit[row, 1]) & (away < gap)
        best, gap = np.where(better, row, best), np.where(better, away, gap)
    return best
