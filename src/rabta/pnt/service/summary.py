"""What a day of instants comes to: availability, dilution, accuracy, outages, continuity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.service.accuracy import V95, radius95
from rabta.pnt.service.geometry import Figures

Array: TypeAlias = NDArray[np.float64]

LIGHT_M_NS = 0.299_792_458


@dataclass(frozen=True)
class Day:
    """What users have over a day; every array has the shape (user, case).

    Attributes
    ----------
    satellites : ndarray
        In view, mean.
    least : ndarray
        In view, least.
    available : ndarray
        Share of the instants with a position dilution below the limit.
    pdop95 : ndarray
        Position dilution that 95 % of the instants do not exceed; infinite where there is none.
    horizontal_m, vertical_m : ndarray
        Error that 95 % of the positions do not exceed, over the instants with a position; NaN without any.
    time_ns : ndarray
        The same of the best clock, 95 %.
    outage_min : ndarray
        Longest time without, minutes: whole steps.
    continuity : ndarray
        Of the hours that begin available, the share that stays so; NaN where none begins so.
    """

    satellites: Array
    least: Array
    available: Array
    pdop95: Array
    horizontal_m: Array
    vertical_m: Array
    time_ns: Array
    outage_min: Array
    continuity: Array


def percentile(values: Array, share: float) -> Array:
    """Value that a share of the last axis does not exceed: one of the values, be it infinite.

    Examples
    --------
    >>> percentile(np.array([[4.0, 1.0, np.inf, 2.0]]), 0.75).tolist()
    [4.0]
    """
    row = max(int(np.ceil(share * values.shape[-1])) - 1, 0)
    return np.asarray(np.partition(values, row, axis=-1)[..., row])


def longest(off: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Longest run of True along the last axis.

    Examples
    --------
    >>> longest(np.array([[True, True, False, True]])).tolist()
    [2]
    """
    run = np.zeros(off.shape[:-1], np.int64)
    best = run.copy()
    for step in np.moveaxis(off, -1, 0):
        run = (run + 1) * step
        best = np.maximum(best, run)
    return best


def continuity(on: NDArray[np.bool_], steps: int) -> Array:
    """Share of the windows of ``steps`` steps that begin on and stay on; the day repeats."""
    stays = on.copy()
    for ahead in range(1, steps + 1):
        stays &= np.roll(on, -ahead, axis=-1)
    begins = on.sum(axis=-1)
    out = np.full(begins.shape, np.nan)
    return np.asarray(np.divide(stays.sum(axis=-1), begins, out=out, where=begins > 0))


def day(figures: Figures, *, limit: float, step_min: float) -> Day:
    """Summarise instants of a day.

    Parameters
    ----------
    limit : float
        Of the position dilution of precision.
    step_min : float
        Between instants.
    """
    pdop = figures["pdop"]
    on = pdop < limit
    fixed = np.isfinite(figures["up"])
    number = fixed.sum(axis=-1)

    def mean(name: str) -> Array:
        total = np.where(fixed, figures[name], 0.0).sum(axis=-1, dtype=np.float64)
        return np.asarray(np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0))

    return Day(
        satellites=figures.count.mean(axis=-1),
        least=figures.count.min(axis=-1).astype(np.float64),
        available=on.mean(axis=-1),
        pdop95=percentile(pdop.astype(np.float64), 0.95),
        horizontal_m=radius95(mean("east"), mean("cross"), mean("north")),
        vertical_m=V95 * np.sqrt(mean("up")),
        time_ns=V95 * np.sqrt(mean("time")) / LIGHT_M_NS,
        outage_min=longest(~on).astype(np.float64) * step_min,
        continuity=continuity(on, max(round(60.0 / step_min), 1)),
    )
