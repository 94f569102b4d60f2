"""Door to the compiled least squares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rabta.pnt.position.prepare import Geometry

Array = NDArray[np.float64]

COARSE_M = 15.0  # delays of the air and the ionosphere are still in the ranges
SHARE = 0.5  # at most half of an epoch's rows may be wrong


@dataclass(frozen=True)
class Fit:
    """Arrays as `_kernels.least_squares` fills them."""

    position_m: Array
    clock_s: Array
    covariance_m2: Array
    quality: Array
    residual_m: Array
    weight: Array
    used: NDArray[np.bool_]
    status: NDArray[np.uint8]


def fit(
    rows: Geometry,
    *,
    robust: bool,
    limit: float,
    worst_dop: float,
    worst_sigma_m: float,
    guess_m: Array | None = None,
) -> Fit:
    """Positions of all epochs by least squares over prepared rows."""
    from rabta.pnt.position import _kernels

    epochs, n, groups = rows.times.size, rows.epoch.size, len(rows.groups)
    guess = np.zeros((epochs, 3)) if guess_m is None else np.nan_to_num(np.ascontiguousarray(guess_m))
    out = Fit(
        np.empty((epochs, 3)),
        np.empty((epochs, groups)),
        np.empty((epochs, 3, 3)),
        np.empty((epochs, 6)),
        np.empty(n),
        np.empty(n),
        np.zeros(n, dtype=np.bool_),
        np.zeros(epochs, dtype=np.uint8),
    )
    settings = np.array([float(robust), limit, SHARE, worst_dop, worst_sigma_m])
    _kernels.least_squares(
        rows.start,
        rows.group,
        np.ascontiguousarray(rows.satellite_m),
        np.ascontiguousarray(rows.corrected_m),
        np.ascontiguousarray(rows.sigma_m),
        guess,
        rows.parent,
        rows.tie_m,
        settings,
        out.position_m,
        out.clock_s,
        out.covariance_m2,
        out.quality,
        out.residual_m,
        out.weight,
        out.used.view(np.uint8),
        out.status,
    )
    return out


def places(rows: Geometry) -> Array:
    """Positions of epochs, shape (epoch, 3); one without a fix takes its neighbour's, NaN without any."""
    plain = replace(rows, sigma_m=np.full(rows.epoch.size, COARSE_M))
    found = fit(plain, robust=True, limit=4.0, worst_dop=100.0, worst_sigma_m=1e4)
    good = np.flatnonzero(np.isin(found.status, (1, 2)))
    if not good.size:
        good = np.flatnonzero(np.isfinite(found.position_m[:, 0]))
    if not good.size:
        return np.full((rows.times.size, 3), np.nan)
    near = np.clip(np.searchsorted(good, np.arange(rows.times.size)), 0, good.size - 1)
    return found.position_m[good[near]]
