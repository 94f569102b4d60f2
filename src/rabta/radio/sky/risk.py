"""How much one year differs from the average year: ITU-R P.678-3.

A fade that is exceeded for 0.01 % of the average year is exceeded for more in some years and for less in
others. The share of one year is taken as normal around the long-term share, with a part of its variance from
the climate and a part from how few fades a year has.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from rabta.radio.itu import check_range

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.678-3"
RANGES = {"percent": (0.01, 2.0)}
SAMPLES, SAMPLE_S = 525_960, 60.0  # P.678-3, Annex 2: the minutes of a year
_A, _B1, _B2 = 0.0265, -0.0396, 0.286  # P.678-3, equation (4)
_EDGE = 1e-16  # terms of the sum below this share of the first are dropped


def estimation_variance(share: ArrayLike) -> Array:
    """Variance of one year's share of time because fades come in few and long pieces.

    Parameters
    ----------
    share : array_like
        Long-term share of time with the fade, 1e-4 to 0.02 (not in per cent).

    Notes
    -----
    P.678-3, Annex 2, equations (2) to (5).

    Examples
    --------
    >>> bool(np.isclose(np.sqrt(estimation_variance(1e-4)), 4.8e-5, rtol=0.01))
    True
    """
    shares = np.atleast_1d(np.asarray(share, dtype=np.float64))
    check_range("percent", 100.0 * shares, *RANGES["percent"], RECOMMENDATION)
    levels, at = np.unique(shares, return_inverse=True)
    sums = np.array([_correlated_minutes(float(p)) for p in levels])[at].reshape(shares.shape)
    return np.asarray((shares * (1.0 - shares) * sums / SAMPLES).reshape(np.shape(share)))


@cache
def _correlated_minutes(share: float) -> float:
    """Sum of the correlation of fading over all lags of a year, in minutes; P.678-3, equations (2) to (4)."""
    power = _B1 * np.log(share) + _B2
    last = int((-np.log(_EDGE) / _A) ** (1.0 / power) / SAMPLE_S) + 1
    lag = np.arange(1, min(last, SAMPLES - 1) + 1) * SAMPLE_S
    return float(1.0 + 2.0 * np.exp(-_A * lag**power).sum())


def deviation(share: ArrayLike, ratio: ArrayLike) -> Array:
    """Standard deviation of one year's share of time around the long-term share.

    Parameters
    ----------
    share : array_like
        Long-term share, 1e-4 to 0.02.
    ratio : array_like
        Climatic ratio of the place (the map of P.678-3); 0 leaves only the variance of the estimate.

    Notes
    -----
    P.678-3, equations (1) and (6).
    """
    climate = np.asarray(ratio, dtype=np.float64) * np.asarray(share, dtype=np.float64)
    return np.asarray(np.sqrt(climate**2 + estimation_variance(share)))


def risk(share: ArrayLike, year_share: ArrayLike, ratio: ArrayLike) -> Array:
    """Probability that in a given year a fade takes more of the time than ``year_share``.

    P.678-3, Annex 3, equation (8). One half where ``year_share`` is the long-term share itself.

    Examples
    --------
    >>> float(risk(1e-3, 1e-3, 0.3))
    0.5
    """
    return np.asarray(ndtr((np.asarray(share) - np.asarray(year_share)) / deviation(share, ratio)))


def year_share(share: ArrayLike, ratio: ArrayLike, risk_: ArrayLike) -> Array:
    """Share of a year that a fade of long-term ``share`` takes at most, but for a risk.

    Examples
    --------
    >>> bool(year_share(1e-3, 0.3, 0.1) > 1e-3)  # the worst of ten years
    True
    """
    check_range("risk", risk_, 1e-4, 0.5, RECOMMENDATION)
    return np.asarray(np.asarray(share) - ndtri(np.asarray(risk_)) * deviation(share, ratio))


def design_share(target: float, ratio: ArrayLike, risk_: float) -> Array:
    """Long-term share to design for, so that only with a risk does a year have more than ``target``.

    Parameters
    ----------
    target : float
        Share of a year that fades may take, 1e-4 to 0.02.
    ratio : array_like
        Climatic ratio of each place.
    risk_ : float
        Of a year with more, to 0.5 (which gives the target itself).

    Raises
    ------
    RabtaError
        Where the answer would lie below the range of the Recommendation: then so small a risk cannot be
        stated by it.
    """
    places = np.asarray(ratio, dtype=np.float64)
    if risk_ >= 0.5:
        return np.full(places.shape, target)
    check_range("percent", 100.0 * target, *RANGES["percent"], RECOMMENDATION)
    grid = np.geomspace(RANGES["percent"][0] / 100.0, target, 400)
    out = np.empty(places.shape)
    for value in np.unique(places):
        reached = year_share(grid, value, risk_)
        check_range("target", 100.0 * target, 100.0 * float(reached[0]), 100.0, RECOMMENDATION)
        out[places == value] = np.interp(target, reached, grid)
    return out
