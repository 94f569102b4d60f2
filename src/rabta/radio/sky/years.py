"""Links that hold in a wanted share of bad years: the risk between years in the tables of the sky."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.radio import downlinks
from rabta.radio.downlinks import Downlink, Table
from rabta.radio.sky import risk
from rabta.radio.slantpath import Climate
from rabta.scenario import Radio

Array = NDArray[np.float64]

EVEN = 50.0
WORST = 0.1  # the worst of ten years
LEVELS = 12
PROMISES = (1.0, 1.2, 1.4, 1.6, 2.0)
"""Time without a link that is promised at most, as a multiple of that which links are designed for."""


def design(ratio: Array, wanted: Radio) -> Array:
    """Long-term share of time with a fade that the links of each place are designed for.

    Raises
    ------
    RabtaError
        Where a risk is wanted and the climatic ratio of a place is not known.
    """
    share = 1.0 - wanted.availability_percent / 100.0
    if wanted.year_risk_percent >= EVEN:
        return np.full(ratio.shape, share)
    if (ratio <= 0.0).any():
        raise RabtaError(
            "the risk between years is not known everywhere",
            key="radio.year_risk_percent",
            value=wanted.year_risk_percent,
            expected="cells with a climatic_ratio (ITU-R P.678), or 50 for the average year",
        )
    return risk.design_share(share, ratio, wanted.year_risk_percent / 100.0)


def sky_tables(climate: Climate, links: Sequence[Downlink], percent: Array) -> tuple[Table, Table]:
    """`downlinks.sky_tables` where each place has a percentage of its own, linear in its logarithm."""
    low, high = float(percent.min()), float(percent.max())
    if low == high:
        return downlinks.sky_tables(climate, links, low)
    levels = np.geomspace(low, high, LEVELS)
    at = np.interp(np.log(percent), np.log(levels), np.arange(LEVELS))
    loss: Table = np.zeros((1, 1, 1), dtype=np.float32)
    carrier = loss
    for i, level in enumerate(levels):
        weight = np.maximum(1.0 - np.abs(at - i), 0.0).astype(np.float32)[:, None, None]
        tables = downlinks.sky_tables(climate, links, float(level))
        loss, carrier = loss + weight * tables[0], carrier + weight * tables[1]
    return loss, carrier


def worst_availability(share: Array, ratio: Array) -> Table:
    """Share of the time that the links hold in the worst of ten years; NaN where P.678 does not say."""
    low, high = (bound / 100.0 for bound in risk.RANGES["percent"])
    known = (ratio > 0.0) & (share >= low * (1.0 - 1e-9)) & (share <= high * (1.0 + 1e-9))
    out = np.full(share.shape, np.nan, dtype=np.float32)
    if known.any():
        inside = np.clip(share[known], low, high)
        out[known] = 1.0 - risk.year_share(inside, ratio[known], WORST)
    return out


def promises(
    share: Array, ratio: Array, people: Array, availability_percent: float
) -> list[dict[str, float]]:
    """Risk of a year with less than each of some promises: rows of the table ``year_risk``.

    Parameters
    ----------
    share, ratio, people : ndarray, shape (cell,)
        Long-term share of time that the links are designed for, climatic ratio, weight.
    availability_percent : float
        The strictest promise; each further one allows more time without a link.
    """
    allowed = 1.0 - availability_percent / 100.0
    low, high = (bound / 100.0 for bound in risk.RANGES["percent"])
    known = (ratio > 0.0) & (share >= low * (1.0 - 1e-9)) & (share <= high * (1.0 + 1e-9))
    if not known.any():
        return []
    inside, weight = np.clip(share[known], low, high), np.maximum(people[known], 1e-9)
    rows = []
    for factor in PROMISES:
        chance = 100.0 * risk.risk(inside, factor * allowed, ratio[known])
        rows.append(
            {
                "promised_percent": 100.0 * (1.0 - factor * allowed),
                "risk_percent": float(np.average(chance, weights=weight)),
                "lowest_percent": float(chance.min()),
                "highest_percent": float(chance.max()),
            }
        )
    return rows
