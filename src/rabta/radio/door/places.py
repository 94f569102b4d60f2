"""Losses that differ from place to place: what is not exceeded in a share of the places."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

Array = NDArray[np.float64]
STEPS = 60  # halvings: below 1e-12 dB of any bracket
WIDE = 8.0  # standard deviations beyond which nothing is


def quantile_db(share: ArrayLike, weight: ArrayLike, mean_db: ArrayLike, sigma_db: ArrayLike) -> Array:
    """Loss not exceeded in a share of places, of a mixture of normal distributions.

    Parameters
    ----------
    share : array_like, shape (link,)
        Between 0 and 1.
    weight, mean_db, sigma_db : array_like, shape (state, link)
        Probability of each state (with or without line of sight), and its loss in dB.

    Examples
    --------
    >>> float(quantile_db([0.5], [[1.0], [0.0]], [[100.0], [130.0]], [[4.0], [8.0]]).round(6)[0])
    100.0
    """
    w, m, s = (np.asarray(v, dtype=np.float64) for v in (weight, mean_db, sigma_db))
    s = np.maximum(s, 1e-9)
    seen = w > 0.0
    low = np.where(seen, m - WIDE * s, np.inf).min(axis=0)
    high = np.where(seen, m + WIDE * s, -np.inf).max(axis=0)
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        below = (w * ndtr((middle - m) / s)).sum(axis=0) < np.asarray(share)
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(0.5 * (low + high))
