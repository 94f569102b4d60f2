"""Link adaptation: which MCS a ratio allows, what a terminal reports, and an outer loop that corrects both.

TS 38.214, clause 5.2.2.1: a terminal reports the highest CQI whose block would fail at most once in ten
times (once in 100,000 for table 3, whose use for such rates is left aside here).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.link import tables, transport
from rabta.radio.adaptation import nr
from rabta.radio.itu import check_range

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

TARGET = 0.1


@lru_cache(maxsize=64)
def thresholds_db(table: int, bler: float = TARGET, bits: float = tables.BITS) -> Array:
    """Ratio that each MCS of a table needs, shape (mcs,)."""
    if table not in transport.MCS:
        raise RabtaError("no such MCS table", key="table", value=table, expected=f"1 to {len(transport.MCS)}")
    count = len(transport.MCS[table])
    return np.array([tables.threshold_db(table, mcs, bler, bits) for mcs in range(count)])


@lru_cache(maxsize=64)
def cqi_thresholds_db(table: int = 2, bler: float = TARGET, bits: float = tables.BITS) -> Array:
    """Ratio from which each CQI of a table (1 to 4) is reported, shape (15,)."""
    if table not in nr.CQI_TABLES:
        raise RabtaError("no such CQI table", key="table", value=table, expected="1 to 4")
    rows = nr.CQI_TABLES[table]
    return np.array([tables.needed_db(order, rate / 1024.0, bler, bits) for order, rate in rows])


def cqi(sinr_db: ArrayLike, table: int = 2, bler: float = TARGET, bits: float = tables.BITS) -> Ints:
    """CQI that a terminal reports at an effective ratio: 0 where none works, else 1 to 15.

    Examples
    --------
    >>> cqi([-20.0, 0.0, 40.0]).tolist()
    [0, 2, 15]
    """
    return _highest(sinr_db, cqi_thresholds_db(table, bler, bits)) + 1


def choose(sinr_db: ArrayLike, table: int = 2, bler: float = TARGET, bits: float = tables.BITS) -> Ints:
    """MCS of most bits a symbol whose block fails at most so often; -1 where none does.

    Examples
    --------
    >>> choose([-20.0, 5.5, 40.0]).tolist()
    [-1, 6, 27]
    """
    return _highest(sinr_db, thresholds_db(table, bler, bits))


def _highest(sinr_db: ArrayLike, need: Array) -> Ints:
    """Last entry that works; entries that need more than a later one are never better."""
    least = np.minimum.accumulate(need[::-1])[::-1]
    ratio = np.asarray(sinr_db, dtype=np.float64)
    return np.asarray(np.searchsorted(least, ratio, side="right") - 1)


@dataclass
class OuterLoop:
    """Offset that answers and failures move until a target share of first transmissions fails.

    Attributes
    ----------
    target : float
        Share of failures.
    step_db : float
        Down after a failure; up by step x target / (1 - target) after a success, so that the two balance at
        the target (Sampath, Kumar and Holtzman, IEEE VTC 1997).
    offset_db, lowest_db, highest_db : float
        Added to the reported ratio; held within limits.

    Examples
    --------
    >>> loop = OuterLoop(target=0.1, step_db=0.9)
    >>> loop.hear(False), round(loop.hear(True), 2)
    (-0.9, -0.8)
    """

    target: float = TARGET
    step_db: float = 0.5
    offset_db: float = 0.0
    lowest_db: float = -20.0
    highest_db: float = 20.0

    def __post_init__(self) -> None:
        check_range("target", self.target, 1e-6, 0.9, "this loop")
        check_range("step_db", self.step_db, 0.0, 10.0, "this loop")

    def hear(self, good: bool) -> float:
        """Move after an answer; the new offset."""
        move = self.step_db * self.target / (1.0 - self.target) if good else -self.step_db
        self.offset_db = min(max(self.offset_db + move, self.lowest_db), self.highest_db)
        return self.offset_db


@dataclass(frozen=True)
class Adapted:
    """What adaptation made of a series of ratios, one entry a slot.

    Attributes
    ----------
    mcs : ndarray of int
        -1 where nothing was sent.
    good : ndarray of bool
        First transmission decoded.
    bits : ndarray
        Bits a symbol that arrived.
    offset_db : ndarray
        Of the outer loop.
    """

    mcs: Ints
    good: NDArray[np.bool_]
    bits: Array
    offset_db: Array

    @property
    def bler(self) -> float:
        """Share of first transmissions that failed."""
        sent = self.mcs >= 0
        return float(1.0 - self.good[sent].mean()) if sent.any() else float("nan")


@dataclass(frozen=True)
class Report:
    """How a terminal's reports differ from the truth.

    Attributes
    ----------
    delay : int
        Slots from measurement to use.
    bias_db, error_db : float
        Mean and standard deviation of the reported ratio's error.
    quantised : bool
        Reported as a CQI of ``cqi_table``, whose threshold is what the sender then knows.
    """

    delay: int = 4
    bias_db: float = 0.0
    error_db: float = 0.0
    quantised: bool = True
    cqi_table: int = 2

    def heard_db(self, sinr_db: Array, bits: float, rng: np.random.Generator) -> Array:
        """Ratios as the sender knows them, slot by slot."""
        noisy = sinr_db + self.bias_db + self.error_db * rng.standard_normal(sinr_db.shape)
        late = np.concatenate([np.repeat(noisy[:1], self.delay), noisy])[: len(noisy)]
        if not self.quantised:
            return np.asarray(late)
        need = cqi_thresholds_db(self.cqi_table, bits=bits)
        index = _highest(late, need)
        return np.asarray(np.where(index < 0, need[0], need[np.maximum(index, 0)]))


def follow(
    sinr_db: ArrayLike, table: int = 2, *, loop: OuterLoop | None = None, report: Report | None = None,
    bits: float = tables.BITS, seed: int = 0,
) -> Adapted:  # fmt: skip
    """Adapt to a series of effective ratios, one a slot; failures are drawn from the error tables.

    Parameters
    ----------
    sinr_db : array_like, shape (slot,)
    loop : OuterLoop, optional
        Changed in place; without one the reports are believed.
    """
    truth = np.asarray(sinr_db, dtype=np.float64)
    if truth.ndim != 1 or truth.size == 0 or np.isnan(truth).any():
        raise RabtaError(
            "no ratios", key="sinr_db", value=f"shape {truth.shape}", expected="numbers, (slot,)"
        )
    rng = np.random.default_rng(seed)
    heard = (report or Report()).heard_db(truth, bits, rng)
    draw, target = rng.random(truth.size), loop.target if loop else TARGET
    need = thresholds_db(table, target if target >= tables.LOWEST_BLER else tables.LOWEST_BLER, bits)
    mcs = np.empty(truth.size, dtype=np.int64)
    good, offset = np.zeros(truth.size, dtype=bool), np.zeros(truth.size)
    for slot, ratio in enumerate(heard):
        offset[slot] = loop.offset_db if loop else 0.0
        mcs[slot] = max(int(_highest(ratio + offset[slot], need)), 0)
        good[slot] = draw[slot] >= tables.bler(table, int(mcs[slot]), truth[slot], bits)
        if loop:
            loop.hear(bool(good[slot]))
    efficiency = np.array([order * rate / 1024.0 for order, rate in transport.MCS[table]])
    return Adapted(mcs, good, np.where(good, efficiency[mcs], 0.0), offset)
