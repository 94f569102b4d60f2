"""Ground and satellite networks side by side: adjacent-channel ratios and what they cost in throughput.

After 3GPP TR 38.863: leakage (ACLR) and selectivity (ACS) give the ratio ACIR; a victim's throughput is a cut
Shannon curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.radio.interference.aggregate import sinr_db, sum_db

Array = NDArray[np.float64]

RECOMMENDATION = "3GPP TR 38.863, clause 6"
LIMIT_PERCENT = 5.0  # of mean throughput that a neighbour may cost, TR 38.863 as TR 38.803


@dataclass(frozen=True)
class Equipment:
    """Least ratios of a kind of equipment."""

    name: str
    leakage_db: float
    selectivity_db: float


@cache
def equipment() -> dict[str, Equipment]:
    """Kinds of equipment by name, from the catalog entry ``criteria/coexistence``."""
    ratios = catalog.entry("criteria", "coexistence").data["ratios"]
    return {
        name: Equipment(name, float(row["leakage_db"]), float(row["selectivity_db"]))
        for name, row in ratios.items()
    }


def _kind(name: str) -> Equipment:
    if name not in equipment():
        raise RabtaError(
            "no such equipment", key="equipment", value=name, expected=nearest(name, equipment())
        )
    return equipment()[name]


def acir_db(leakage_db: ArrayLike, selectivity_db: ArrayLike) -> Array:
    """Adjacent-channel interference ratio: 1 / (1 / ACLR + 1 / ACS). 3GPP TR 36.942, clause 5.1.1.4.

    Examples
    --------
    >>> acir_db([45.0, 24.0, 14.0], 33.0).round(1).tolist()  # towards a phone: base station, LEO, GEO
    [32.7, 23.5, 13.9]
    """
    return sinr_db(leakage_db, selectivity_db)


def acir_between(aggressor: str, victim: str) -> float:
    """Ratio between two kinds of equipment in adjacent channels."""
    return float(acir_db(_kind(aggressor).leakage_db, _kind(victim).selectivity_db))


def throughput_bps_hz(sinr: ArrayLike, direction: str = "down") -> Array:
    """Spectral efficiency of a link: slope log2(1 + SINR), 0 below the least SINR, flat above the most."""
    table = catalog.entry("criteria", "coexistence").data["throughput"]
    if direction not in table:
        raise RabtaError(
            "no such direction", key="direction", value=direction, expected=nearest(direction, table)
        )
    row = table[direction]
    values = np.asarray(sinr, dtype=np.float64)
    power = 10.0 ** (np.minimum(values, row["most_db"]) / 10.0)
    return np.asarray(np.where(values < row["least_db"], 0.0, row["slope"] * np.log2(1.0 + power)))


def throughput_loss_percent(
    sinr: ArrayLike,
    carrier_dbw: ArrayLike,
    aggressors_dbw: ArrayLike,
    ratio_db: ArrayLike,
    direction: str = "down",
) -> Array:
    """Loss of mean throughput over victims by aggressors in the adjacent channel.

    Parameters
    ----------
    sinr : (n,) array_like
        Of each victim without them.
    carrier_dbw : (n,) array_like
        Its wanted power.
    aggressors_dbw : (n, m) array_like
        Powers received from them, as if they were in the victim's channel.
    ratio_db : array_like
        ACIR, one or many: the result has its shape.
    """
    own, carrier = np.asarray(sinr, dtype=np.float64), np.asarray(carrier_dbw, dtype=np.float64)
    ratio = carrier - sum_db(aggressors_dbw)
    before = throughput_bps_hz(own, direction).mean()
    if before == 0.0:
        raise RabtaError("victims without any throughput", key="sinr", expected="some above the least SINR")
    ratios = np.asarray(ratio_db, dtype=np.float64)
    after = throughput_bps_hz(sinr_db(own, ratio + ratios[..., None]), direction).mean(axis=-1)
    return np.asarray(100.0 * (1.0 - after / before))


def needed_acir_db(
    sinr: ArrayLike,
    carrier_dbw: ArrayLike,
    aggressors_dbw: ArrayLike,
    *,
    direction: str = "down",
    limit_percent: float = LIMIT_PERCENT,
) -> float:
    """Least ACIR that keeps the loss of mean throughput within a limit, to 0.01 dB; NaN above 120 dB."""
    low, high = -60.0, 120.0
    arguments = (sinr, carrier_dbw, aggressors_dbw)
    if float(throughput_loss_percent(*arguments, high, direction)) > limit_percent:
        return float("nan")
    while high - low > 0.01:
        middle = (low + high) / 2.0
        fine = float(throughput_loss_percent(*arguments, middle, direction)) <= limit_percent
        low, high = (low, middle) if fine else (middle, high)
    return high
