"""Time from satellites at a known place: how good it is, which satellite lies, what can be missed.

A fixed antenna needs one satellite for its clock; more of them make it better, and watch each other (T-RAIM):
the clock from all is compared with the clock from all but one, and but two.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.units import SPEED_OF_LIGHT_M_S

Array = NDArray[np.float64]
NS_PER_M = 1e9 / SPEED_OF_LIGHT_M_S


@dataclass(frozen=True)
class Clock:
    """The clock from all satellites, and its watch.

    Attributes
    ----------
    offset_ns : ndarray, shape (...)
        Clock less that of the residuals; NaN where no satellite is in view.
    sigma_ns : ndarray
    level_ns : ndarray
        Protection level: bound of what the watch may miss; infinite with one satellite.
    alarm : ndarray
        Largest separation over its threshold; above 1 a fault is there.
    worst : ndarray of int64, shape (..., 2)
        Satellites left out in that separation, -1 where fewer.
    count : ndarray of int64
    """

    offset_ns: Array
    sigma_ns: Array
    level_ns: Array
    alarm: Array
    worst: NDArray[np.int64]
    count: NDArray[np.int64]


def sigma_ns(
    sigma_m: ArrayLike,
    unit: Array | None = None,
    position_m: float = 0.0,
    common_ns: float = 0.0,
) -> Array:
    """Error of the clock at a known place, one sigma in nanoseconds.

    Parameters
    ----------
    sigma_m : array_like, shape (..., satellite)
        Error of each range; NaN or 0 where it is not in view.
    unit : ndarray, shape (..., satellite, 3), optional
        Towards the satellites: how far an error of the place reaches the clock.
    position_m : float
        Error of the place in each direction, one sigma.
    common_ns : float
        What all share: the system's time against UTC, antenna, cable and receiver.

    Returns
    -------
    ndarray, shape (...)
        Infinite where nothing is in view.

    Examples
    --------
    >>> sigma_ns([3.0, np.nan]).round(2).item(), sigma_ns([3.0] * 9).round(2).item()
    (10.01, 3.34)
    """
    weight = _weights(sigma_m)
    total = weight.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = 1.0 / total
        if unit is not None:
            lean = np.einsum("...s,...sj->...j", weight, np.where(weight[..., None] > 0.0, unit, 0.0))
            variance = variance + (position_m * np.linalg.norm(lean / total[..., None], axis=-1)) ** 2
    spread = np.sqrt(np.where(total > 0.0, variance, np.inf)) * NS_PER_M
    return np.asarray(np.hypot(spread, common_ns))


def _weights(sigma_m: ArrayLike) -> Array:
    """Inverse variance, 0 where there is no satellite."""
    sigma = np.asarray(sigma_m, dtype=np.float64)
    seen = np.isfinite(sigma) & (sigma > 0.0)
    return np.where(seen, 1.0 / np.square(np.where(seen, sigma, 1.0)), 0.0)


def watch(
    residual_m: Array,
    sigma_m: ArrayLike,
    *,
    p_false_alarm: float = 1e-5,
    p_missed: float = 1e-3,
    bias_m: float = 0.0,
    order: int = 1,
) -> Clock:
    """Clock at a known place with its watch by solution separation (T-RAIM).

    Without a set of satellites K the clock is t - W_K (t_K - t) / (W - W_K), so all separations follow from
    the sums of weights. The level bounds each set's clock: threshold plus what its own noise may add.

    Parameters
    ----------
    residual_m : ndarray, shape (..., satellite)
        Measured less computed range at the known place; NaN where not in view. One time scale for all.
    sigma_m : array_like, shape (..., satellite)
    bias_m : float
        Nominal bias of a range.
    order : int
        Faults at once, 1 or 2.
    """
    from scipy.special import ndtri

    if order not in (1, 2):
        raise RabtaError("no such order of faults", key="order", value=order, expected="1 or 2")
    weight = np.where(np.isfinite(residual_m), _weights(np.broadcast_to(sigma_m, residual_m.shape)), 0.0)
    value = np.where(weight > 0.0, residual_m, 0.0)
    total = weight.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        clock = (weight * value).sum(axis=-1, keepdims=True) / total
        sets = [list(c) for size in range(1, order + 1) for c in combinations(range(weight.shape[-1]), size)]
        out = np.stack([weight[..., c].sum(axis=-1) for c in sets], axis=-1)
        pull = np.stack([(weight * (value - clock))[..., c].sum(axis=-1) for c in sets], axis=-1)
        rest = total - out
        usable = (out > 0.0) & (rest > 1e-12 * total)
        apart = np.where(usable, np.abs(pull / rest), 0.0)
        spread = np.sqrt(np.where(usable, 1.0 / rest - 1.0 / total, 0.0))
        count = np.maximum(usable.sum(axis=-1, keepdims=True), 1)
        limit = -ndtri(p_false_alarm / (2.0 * count)) * spread + 2.0 * bias_m
        ratio = np.where(usable, apart / np.where(limit > 0.0, limit, np.inf), 0.0)
        level = np.where(usable, limit - ndtri(p_missed) / np.sqrt(np.where(usable, rest, 1.0)) + bias_m, 0.0)
    return _clock(clock[..., 0], total[..., 0], level, ratio, sets, (weight > 0.0).sum(axis=-1))


def _clock(
    clock: Array, total: Array, level: Array, ratio: Array, sets: list[list[int]], count: NDArray[np.int64]
) -> Clock:
    """The watch's result in nanoseconds."""
    pairs = np.array([(*item, -1)[:2] for item in sets], dtype=np.int64)
    with np.errstate(divide="ignore"):
        sigma = np.where(total > 0.0, 1.0 / np.sqrt(total), np.inf)
    return Clock(
        clock * NS_PER_M,
        sigma * NS_PER_M,
        np.where(count > 1, level.max(axis=-1), np.inf) * NS_PER_M,
        ratio.max(axis=-1),
        pairs[ratio.argmax(axis=-1)],
        count,
    )
