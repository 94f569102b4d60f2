"""Snapshot RAIM: one fault at a time, by the residuals' sum of squares and the steepest satellite.

A fault just missed by the test, on the satellite that moves the position most for its residual, bounds the
error: Brown and Chin, GPS RAIM: Calculation of Threshold and Protection Radius, 1998;
Walter and Enge, Weighted RAIM for Precision Approach, ION GPS 1995.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.integrity import ism as support
from rabta.pnt.integrity.araim import Geometry, inputs

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Snapshot:
    """Levels and test of users and instants.

    Attributes
    ----------
    hpl_m, vpl_m : ndarray
        Infinite without redundancy.
    statistic : ndarray
        Root of the weighted sum of squares; NaN without residuals.
    threshold : ndarray
    alarm : ndarray of bool
    slope_h, slope_v : ndarray, shape (..., satellite)
        Metres of position for a unit of the statistic.
    smallest_m : ndarray, shape (..., satellite)
        Smallest fault that is found but for `p_missed`.
    """

    hpl_m: Array
    vpl_m: Array
    statistic: Array
    threshold: Array
    alarm: NDArray[np.bool_]
    slope_h: Array
    slope_v: Array
    smallest_m: Array


@cache
def threshold(freedom: int, p_false_alarm: float) -> float:
    """Threshold of the root of the sum of squares.

    Examples
    --------
    >>> round(threshold(1, 3.333e-7), 3)
    5.104
    """
    from scipy.stats import chi2

    return float(np.sqrt(chi2.isf(p_false_alarm, freedom))) if freedom > 0 else np.inf


@cache
def missed(freedom: int, p_false_alarm: float, p_missed: float) -> float:
    """Root of the noncentrality that stays below the threshold with a probability.

    Examples
    --------
    >>> round(missed(1, 3.333e-7, 1e-3), 3)
    8.194
    """
    from scipy.optimize import brentq
    from scipy.stats import ncx2

    if freedom < 1:
        return np.inf
    limit = threshold(freedom, p_false_alarm) ** 2
    return float(np.sqrt(brentq(lambda x: ncx2.cdf(limit, freedom, x) - p_missed, 1e-3, 2000.0)))


def snapshot(
    geometry: Geometry,
    ism: support.Ism | None = None,
    *,
    p_false_alarm: float = 3.333e-7,
    p_missed: float = 1e-3,
    sigmas: float = 5.33,
) -> Snapshot:
    """Protection levels and test by the residuals.

    Parameters
    ----------
    geometry : Geometry
        As for `araim.protection`; an error that all ranges share is not estimated here.
    sigmas : float
        Of the noise, added to what a missed fault does.
    """
    given = inputs(geometry, ism or support.load())
    seen = given.rows[..., 3] > 0.0
    weight = np.where(seen, 1.0 / np.where(seen, given.rows[..., 3], 1.0), 0.0)
    clocks = given.parent[given.clock][..., None] == np.arange(given.parent.size)
    design = np.concatenate([given.rows[..., :3], clocks], axis=-1) * seen[..., None]
    gain, left = _projected(design, weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt(np.where(left > 1e-9, 1.0 / (left * weight), np.inf))
        flat = np.where(seen, np.hypot(gain[:, 0], gain[:, 1]), 0.0)
        slope_h = np.where(flat > 1e-12, flat * scale, 0.0)
        slope_v = np.where(np.abs(gain[:, 2]) > 1e-12, np.abs(gain[:, 2]) * scale, 0.0)
    freedom = seen.sum(axis=1) - np.linalg.matrix_rank(design)
    limit = np.array([threshold(int(f), p_false_alarm) for f in freedom])
    bias = np.array([missed(int(f), p_false_alarm, p_missed) for f in freedom])
    noise = np.sqrt(
        np.where(seen[:, None], gain**2 * np.where(seen, given.rows[..., 3], 0.0)[:, None], 0.0).sum(-1)
    )
    with np.errstate(invalid="ignore"):
        hpl = slope_h.max(axis=1) * bias + sigmas * np.hypot(noise[:, 0], noise[:, 1])
        vpl = slope_v.max(axis=1) * bias + sigmas * noise[:, 2]
    none = (freedom < 1) | ~np.isfinite(gain).all(axis=(1, 2))
    statistic = np.full(limit.size, np.nan)
    if geometry.residual_m is not None:
        y = given.rows[..., 8]
        fit = np.einsum("rsj,rj->rs", design, _solved(design, weight, y))
        statistic = np.sqrt((weight * (y - fit) ** 2).sum(axis=1))
    shape = geometry.unit.shape[:-2]
    return Snapshot(
        np.where(none, np.inf, hpl).reshape(shape), np.where(none, np.inf, vpl).reshape(shape),
        statistic.reshape(shape), limit.reshape(shape), (statistic > limit).reshape(shape),
        slope_h.reshape(*shape, -1), slope_v.reshape(*shape, -1), (bias[:, None] * scale).reshape(*shape, -1),
    )  # fmt: skip


def _inverse(design: Array, weight: Array) -> Array:
    """Inverse normal equations; clocks without satellites do nothing."""
    normal = np.einsum("rsi,rs,rsj->rij", design, weight, design)
    empty = np.einsum("rii->ri", normal) == 0.0
    normal += empty[:, :, None] * np.eye(design.shape[-1])
    regular = np.linalg.matrix_rank(normal) == design.shape[-1]
    out = np.full(normal.shape, np.nan)
    out[regular] = np.linalg.inv(normal[regular])
    return np.asarray(out)


def _projected(design: Array, weight: Array) -> tuple[Array, Array]:
    """How ranges move the position (user, 3, satellite), and how much of each is left in its residual."""
    gain = np.einsum("rij,rsj,rs->ris", _inverse(design, weight), design, weight)
    return gain[:, :3], 1.0 - np.einsum("rsi,ris->rs", design, gain)


def _solved(design: Array, weight: Array, value: Array) -> Array:
    return np.asarray(np.einsum("rij,rsj,rs,rs->ri", _inverse(design, weight), design, weight, value))
