"""Which signals of each satellite to use: one, or a pair of frequencies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.orbits import group_delay
from rabta.pnt.position.options import Options
from rabta.pnt.records import SystemObservations
from rabta.pnt.signals import frequency_hz, table

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# Codes in the order in which one is preferred; those of one band are interchangeable in delays
SINGLE: dict[str, tuple[str, ...]] = {
    "G": ("1C", "1W", "1P", "1L", "1X", "2L", "2X", "2W", "5Q", "5X"),
    "J": ("1C", "1L", "1X", "2L", "2X", "5Q", "5X"),
    "E": ("1C", "1X", "1B", "5Q", "5X", "5I", "7Q", "7X", "7I"),
    "C": ("2I", "2X", "2Q", "1P", "1X", "1D", "5P", "5X", "5D", "6I", "6X", "6Q", "7D", "7I", "7Z", "7X"),
    "R": ("1C", "1P", "2C", "2P"),
    "I": ("5A", "5X", "5B", "5C"),
    "S": ("1C",),
}
_LOW: dict[str, tuple[str, ...]] = {
    "G": ("5Q", "5X", "5I", "2W", "2P", "2L", "2X", "2S", "2C"),
    "J": ("5Q", "5X", "5I", "2L", "2X", "2S"),
    "E": ("5Q", "5X", "5I", "7Q", "7X", "7I"),
    "C": ("5P", "5X", "5D", "6I", "6X", "6Q", "7I", "7X", "7Q", "7D", "7Z", "7P"),
    "R": ("2C", "2P"),
    "I": (),
    "S": (),
}


@dataclass(frozen=True)
class Chosen:
    """Signals of each row of one system.

    Attributes
    ----------
    first, second : ndarray of str, shape (row,)
        Codes; empty where there is none.
    range_m : ndarray, shape (row,)
        Range of the first signal, or the pair's ionosphere-free range; NaN where there is none.
    delay_s : ndarray, shape (row,)
        Group delay to take off the satellite's clock.
    frequency_hz : ndarray, shape (row,)
        Of the first signal.
    noise : ndarray, shape (row,)
        How much the pair amplifies the noise of one range; 1 for single signals.
    column : ndarray of int, shape (row,)
        Column of the first signal's range.
    """

    first: NDArray[np.str_]
    second: NDArray[np.str_]
    range_m: Array
    delay_s: Array
    frequency_hz: Array
    noise: Array


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
    return _Choice(system, observed, rows, ephemerides, ephemeris).run(options)


class _Choice:
    """Work of `choose`: ranges and delays of codes, fetched once."""

    def __init__(
        self,
        system: str,
        observed: SystemObservations,
        rows: Index,
        ephemerides: NDArray[np.void],
        ephemeris: Index,
    ) -> None:
        self.system, self.observed, self.rows = system, observed, rows
        self.ephemerides = ephemerides
        self.used, self.place = np.unique(ephemeris, return_inverse=True)
        slot = ephemerides["slot"][self.used] if system == "R" else np.zeros(self.used.size)
        self.slot = np.asarray(slot, dtype=np.float64)[self.place]
        n = rows.size
        self.first, self.second = np.full(n, "", "U2"), np.full(n, "", "U2")
        self.range, self.delay = np.full(n, np.nan), np.full(n, np.nan)
        self.frequency, self.noise = np.full(n, np.nan), np.ones(n)

    def code(self, code: str) -> tuple[Array, Array]:
        """Range and group delay of a code; NaN where it cannot be used."""
        if "C" + code not in self.observed.codes:
            nothing = np.full(self.rows.size, np.nan)
            return nothing, nothing
        delay = group_delay(self.ephemerides, self.used, code)[self.place]
        return self.observed.column("C" + code)[self.rows], delay

    def run(self, options: Options) -> Chosen:
        asked = [code[-2:] for code in options.signals.get(self.system, ())]
        if options.mode != "single":
            for one, two in self._pairs(asked):
                self._take_pair(one, two)
        if options.mode != "iono-free":
            for code in asked[:1] or SINGLE[self.system]:
                self._take(code)
                if np.isfinite(self.range).all():
                    break
        return Chosen(self.first, self.second, self.range, self.delay, self.frequency, self.noise)

    def _take(self, code: str) -> None:
        if "C" + code not in self.observed.codes:
            return
        range_, delay = self.code(code)
        free = np.isnan(self.range) & np.isfinite(range_) & np.isfinite(delay)
        self.first[free], self.range[free], self.delay[free] = code, range_[free], delay[free]
        self.frequency[free] = carriers(self.system, code[0], self.slot)[free]

    def _pairs(self, asked: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Pairs of the file, those of most rows first; of nearly as many, the least noisy."""
        if len(asked) >= 2:
            yield asked[0], asked[1]
            return
        has = {c[1:] for c in self.observed.codes if c[0] == "C"}
        known = {s.code for s in table().values() if s.system == self.system}
        highs = [c for c in (asked or SINGLE[self.system]) if c in has & known and c[0] in "12"]
        found = []
        for one in highs:
            for two in _LOW[self.system]:
                if two in has and two[0] != one[0]:
                    (a, da), (b, db) = self.code(one), self.code(two)
                    count = int(np.isfinite(a + b + da + db).sum())
                    if count:
                        found.append((count, self._amplified(one, two), one, two))
        most = max((item[0] for item in found), default=0)
        for _, _, one, two in sorted(
            found, key=lambda f: (f[0] < 0.8 * most, f[1] if f[0] >= 0.8 * most else -f[0])
        ):
            yield one, two

    def _amplified(self, one: str, two: str) -> float:
        a, b = frequency_hz(self.system, one[0]) ** 2, frequency_hz(self.system, two[0]) ** 2
        return float(np.hypot(a, b) / (a - b))

    def _take_pair(self, one: str, two: str) -> None:
        (a, da), (b, db) = self.code(one), self.code(two)
        fa, fb = carriers(self.system, one[0], self.slot), carriers(self.system, two[0], self.slot)
        share = fa**2 / (fa**2 - fb**2)
        range_, delay = share * a + (1.0 - share) * b, share * da + (1.0 - share) * db
        free = np.isnan(self.range) & np.isfinite(range_) & np.isfinite(delay)
        self.first[free], self.second[free] = one, two
        self.range[free], self.delay[free] = range_[free], delay[free]
        self.frequency[free], self.noise[free] = fa[free], np.hypot(share, 1.0 - share)[free]
