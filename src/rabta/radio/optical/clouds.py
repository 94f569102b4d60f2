"""Clouds over optical ground stations: clear lines of sight, stations that stand in for each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from rabta.errors import RabtaError
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

MODEL = "a cloud climatology"


def correlation(distance_km: ArrayLike, scale_km: float) -> Array:
    """Correlation exp(-d / scale) of clouds over a distance; the scale is the user's."""
    check_range("scale_km", scale_km, 1e-3, 1e5, MODEL)
    return np.asarray(np.exp(-np.asarray(distance_km, dtype=np.float64) / scale_km))


def availability(cloudy_share: ArrayLike, correlations: ArrayLike | None = None) -> float:
    """Share of the time in which at least one of some stations sees its satellite.

    Parameters
    ----------
    cloudy_share : array_like, shape (station,)
        Share of the time with a cloud in the line of sight, of a climatology that the user brings.
    correlations : array_like, shape (station, station), optional
        Correlation of the Gaussian variables behind the clouds; independent where it is not given.

    Notes
    -----
    A Gaussian copula: all are cloudy while each variable is below the level of its station.

    Examples
    --------
    >>> round(availability([0.3, 0.4]), 6)
    0.88
    """
    share = np.atleast_1d(np.asarray(cloudy_share, dtype=np.float64))
    check_range("cloudy_share", share, 0.0, 1.0, MODEL)
    if share.min() == 0.0:
        return 1.0
    if correlations is None:
        return float(1.0 - np.prod(share))
    matrix = np.asarray(correlations, dtype=np.float64)
    shape = (share.size, share.size)
    if matrix.shape != shape or not np.allclose(matrix, matrix.T) or not np.allclose(np.diag(matrix), 1.0):
        raise RabtaError(
            "not a correlation matrix", key="correlations", expected=f"symmetric, {shape}, 1 on it"
        )
    if np.linalg.eigvalsh(matrix).min() < -1e-9:
        raise RabtaError("not a correlation matrix", key="correlations", expected="no negative eigenvalue")
    from scipy.stats import multivariate_normal

    kept = share < 1.0
    if not kept.any():
        return 0.0
    law = multivariate_normal(
        np.zeros(int(kept.sum())), matrix[np.ix_(kept, kept)], allow_singular=True, seed=1
    )
    return float(1.0 - law.cdf(ndtri(share[kept])))
