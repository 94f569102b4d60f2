"""Which signals of each satellite to use, and which receiver clock they have.

One signal, a pair of frequencies, or one of each band; one clock a system, and delays of signals and
generations against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.orbits import group_delay
from rabta.pnt.position.options import Options
from rabta.pnt.position.weights import BEIDOU2_LAST
from rabta.pnt.records import SystemObservations
from rabta.pnt.signals import frequency_hz, table

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# Codes in the order in which one is preferred
SINGLE: dict[str, tuple[str, ...]] = {
    "G": ("1C", "1W", "1P", "1L", "1X", "2L", "2X", "2W", "5Q", "5X"),
    "J": ("1C", "1L", "1X", "2L", "2X", "5Q", "5X"),
    "E": ("1C", "1X", "1B", "5Q", "5X", "5I", "7Q", "7X", "7I"),
    "C": ("2I", "2X", "2Q", "1P", "1X", "1D", "5P", "5X", "5D", "6I", "6X", "6Q", "7D", "7I", "7Z", "7X"),
    "R": ("1C", "1P", "2C", "2P"),
    "I": ("5A", "5X", "5B", "5C"),
    "S": ("1C",),
}
# Partners on a second and third frequency, by band
PARTNERS: dict[str, tuple[str, ...]] = {
    "G": ("2W", "2P", "2L", "2X", "2S", "2C", "5Q", "5X", "5I"),
    "J": ("5Q", "5X", "5I", "2L", "2X", "2S"),
    "E": ("5Q", "5X", "5I", "7Q", "7X", "7I"),
    "C": ("6I", "6X", "6Q", "5P", "5X", "5D", "7I", "7X", "7Q", "7D", "7Z", "7P"),
    "R": ("2C", "2P"),
    "I": (),
    "S": (),
}
MOST = 3  # signals of one satellite

# Receivers see BeiDou-2 and BeiDou-3 apart by up to some metres on B1I and B3I, each receiver type otherwise
# (Jiao et al., Remote Sens. 11 (2019); Mi et al., GPS Solut. 25 (2021)): a delay that is estimated.
GENERATION_M = {
    "single": 1.0,
    "auto": 1.0,
    "iono-free": 3.0,
}  # a pair triples it; auto refers to the first signal
SIGNAL_M = 10.0  # between signals of different bands: the receiver's own delays, tens of nanoseconds


@dataclass(frozen=True)
class Chosen:
    """Signals of each row of one system; column 0 is the first, columns without a signal are empty and NaN.

    Attributes
    ----------
    codes : ndarray of str, shape (row, signal)
    ranges_m, delays_s, frequencies_hz : ndarray, shape (row, signal)
        Measured ranges, group delays to take off the satellite's clock, carriers.
    """

    codes: NDArray[np.str_]
    ranges_m: Array
    delays_s: Array
    frequencies_hz: Array

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Rows with at least one signal."""
        return np.isfinite(self.ranges_m[:, 0])


def carriers(system: str, band: str, slot: Array) -> Array:
    """Carrier of a band for rows; GLONASS's by its frequency number (NaN where unknown)."""
    base = frequency_hz(system, band)
    if system != "R":
        return np.full(slot.size, base)
    return base + slot * (frequency_hz("R", band, 1) - base)


def choose(
    system: str,
    observed: SystemObservations,
    rows: Index,
    ephemerides: NDArray[np.void],
    ephemeris: Index,
    options: Options,
) -> Chosen:
    """Choose signals for some rows of a system's observations; `ephemeris` is that of each row."""
    width = {"single": 1, "iono-free": 2, "auto": MOST}[options.mode]
    work = _Choice(system, observed, rows, ephemerides, ephemeris, width)
    asked = [code[-2:] for code in options.signals.get(system, ())]
    if options.mode == "iono-free":
        for one, two in work.pairs(asked):
            work.take_pair(one, two)
    else:
        for code in asked[:1] or SINGLE[system]:
            work.take(0, code)
            if work.full(0):
                break
        if options.mode == "auto":
            work.others(asked[1:] if asked else PARTNERS[system])
    return work.chosen


class _Choice:
    """Work of `choose`."""

    def __init__(
        self,
        system: str,
        observed: SystemObservations,
        rows: Index,
        ephemerides: NDArray[np.void],
        ephemeris: Index,
        width: int,
    ) -> None:
        self.system, self.observed, self.rows = system, observed, rows
        self.ephemerides = ephemerides
        self.used, self.place = np.unique(ephemeris, return_inverse=True)
        slot = ephemerides["slot"][self.used] if system == "R" else np.zeros(self.used.size)
        self.slot = np.asarray(slot, dtype=np.float64)[self.place]
        self.has = {code[1:] for code in observed.codes if code[0] == "C"}
        self.has &= {s.code for s in table().values() if s.system == system}
        shape = rows.size, width
        numbers = (np.full(shape, np.nan) for _ in range(3))
        self.chosen = Chosen(np.full(shape, "", "U2"), *numbers)

    def full(self, k: int) -> bool:
        """Whether every row has its signal `k`."""
        return bool(np.isfinite(self.chosen.ranges_m[:, k]).all())

    def code(self, code: str) -> tuple[Array, Array]:
        """Range and group delay of a code; NaN where it cannot be used."""
        delay = group_delay(self.ephemerides, self.used, code)[self.place]
        return self.observed.column("C" + code)[self.rows], delay

    def put(self, k: int, code: str, where: NDArray[np.bool_], range_: Array, delay: Array) -> None:
        """Store a code as signal `k` of some rows."""
        c, part = self.chosen, np.flatnonzero(where)
        c.codes[part, k], c.ranges_m[part, k], c.delays_s[part, k] = code, range_[part], delay[part]
        c.frequencies_hz[part, k] = carriers(self.system, code[0], self.slot[part])

    def take(self, k: int, code: str) -> None:
        """A code as signal `k` of rows that have none yet."""
        if code in self.has:
            range_, delay = self.code(code)
            free = np.isnan(self.chosen.ranges_m[:, k]) & np.isfinite(range_) & np.isfinite(delay)
            self.put(k, code, free, range_, delay)

    def others(self, codes: Sequence[str]) -> None:
        """One code of each further band into the columns after the first."""
        c = self.chosen
        for code in [item for item in codes if item in self.has]:
            range_, delay = self.code(code)
            bands = c.codes.astype("U1")
            new = np.isfinite(range_) & np.isfinite(delay) & np.isfinite(c.ranges_m[:, 0])
            new &= ~(bands == code[0]).any(axis=1)
            for k in range(1, c.ranges_m.shape[1]):
                here = new & np.isnan(c.ranges_m[:, k])
                self.put(k, code, here, range_, delay)
                new &= ~here

    def pairs(self, asked: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Pairs of the file, those of most rows first; of nearly as many, the least noisy."""
        if len(asked) >= 2:
            yield asked[0], asked[1]
            return
        found = []
        for one in [c for c in (asked or SINGLE[self.system]) if c in self.has and c[0] in "12"]:
            for two in [c for c in PARTNERS[self.system] if c in self.has and c[0] != one[0]]:
                (a, da), (b, db) = self.code(one), self.code(two)
                count = int(np.isfinite(a + b + da + db).sum())
                if count:
                    found.append((count, self._amplified(one, two), one, two))
        most = max((item[0] for item in found), default=0)
        many = [item for item in found if item[0] >= 0.8 * most]
        few = [item for item in found if item[0] < 0.8 * most]
        for _, _, one, two in sorted(many, key=lambda f: f[1]) + sorted(few, key=lambda f: -f[0]):
            yield one, two

    def _amplified(self, one: str, two: str) -> float:
        a, b = frequency_hz(self.system, one[0]) ** 2, frequency_hz(self.system, two[0]) ** 2
        return float(np.hypot(a, b) / (a - b))

    def take_pair(self, one: str, two: str) -> None:
        """A pair for rows that have none yet."""
        (a, da), (b, db) = self.code(one), self.code(two)
        free = np.isnan(self.chosen.ranges_m[:, 0]) & np.isfinite(a + b + da + db)
        self.put(0, one, free, a, da)
        self.put(1, two, free, b, db)


def generation(system: NDArray[np.str_], prn: Index) -> NDArray[np.str_]:
    """Letters of systems with BeiDou's generations apart: ``C2`` for C01 to C16, else the letter."""
    return np.where((system == "C") & (prn <= BEIDOU2_LAST), "C2", system.astype("U2"))


def receiver_groups(
    columns: Mapping[str, NDArray[Any]], mode: str
) -> tuple[tuple[str, ...], Index, Index, Array]:
    """Groups of rows with one receiver delay: names, each row's, each one's system clock and tie to it."""
    family = generation(columns["system"], columns["prn"])
    _, which = np.unique(family, return_inverse=True)
    first, code = np.unique(columns["codes"], return_inverse=True)
    code = code.reshape(columns["codes"].shape)
    key = which.reshape(-1) * first.size + code[:, 0]
    if mode == "iono-free":
        key = key * first.size + code[:, 1]
    used, one, group = np.unique(key, return_index=True, return_inverse=True)
    signals = [
        "+".join(c for c in row if c) for row in columns["codes"][one, : 2 if mode == "iono-free" else 1]
    ]
    names = [f"{family[i]} {signal}" for i, signal in zip(one.tolist(), signals, strict=True)]
    count = np.bincount(group.reshape(-1), minlength=used.size)
    parents, parent = np.unique(columns["system"][one], return_inverse=True)
    tie = np.zeros(used.size)
    for p in range(parents.size):
        mine = np.flatnonzero(parent.reshape(-1) == p)
        main = mine[np.argmax(count[mine])]
        for g in mine.tolist():
            other = names[g].split()[1] != names[main].split()[1]
            older = names[g].split()[0] != names[main].split()[0]
            tie[g] = np.hypot(SIGNAL_M * other, GENERATION_M[mode] * older)
    return tuple(names), group.reshape(-1).astype(np.int64), parent.reshape(-1).astype(np.int64), tie
