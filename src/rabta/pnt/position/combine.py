"""Signals of one satellite to one range: alone, free of the ionosphere, or the best of both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]


def iono_free(frequencies_hz: Array) -> Array:
    """Shares of two signals in their ionosphere-free combination, shape (row, 2)."""
    one, two = frequencies_hz[:, 0] ** 2, frequencies_hz[:, 1] ** 2
    share = one / (one - two)
    return np.stack([share, 1.0 - share], axis=-1)


def best(sigma_m: Array, slack_m: Array, gamma: Array, there: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Shares of the signals in the range of least variance, and that variance.

    Each signal k has its own noise and gamma_k times an error of the ionosphere's model that all share:
    generalised least squares with covariance diag(sigma^2) + slack^2 gamma gamma^T. A model that is good
    leaves a mean of the signals; a poor one leaves the ionosphere-free combination.

    Parameters
    ----------
    sigma_m, gamma : ndarray, shape (row, signal)
    slack_m : ndarray, shape (row,)
    there : ndarray of bool, shape (row, signal)
        Which signals there are.
    """
    w = np.where(there, 1.0 / sigma_m**2, 0.0)
    wg = w * np.where(there, gamma, 0.0)
    s0, s1, s2 = w.sum(axis=1), wg.sum(axis=1), (wg * np.where(there, gamma, 0.0)).sum(axis=1)
    inner = 1.0 / np.maximum(slack_m, 1e-6) ** 2 + s2
    shares = w - wg * (s1 / inner)[:, None]  # the covariance's inverse times ones: Sherman and Morrison
    total = s0 - s1**2 / inner
    return shares / total[:, None], 1.0 / total


def receiver_delays(epoch: Index, family: Index, left_m: Array, variance_m2: Array, epochs: int) -> Array:
    """Receiver's delays of second signals against first ones, for each row's epoch and family of signals.

    Weighted mean over the satellites of an epoch, those beyond three times the usual miss left out.
    """
    families = int(family.max()) + 1 if family.size else 1
    key, size = epoch * families + family, epochs * families
    weight = 1.0 / variance_m2
    mean = np.zeros(size)
    for _ in range(2):
        total = np.bincount(key, weight, size)
        total[total == 0.0] = 1.0
        mean = np.bincount(key, weight * left_m, size) / total
        miss = np.abs(left_m - mean[key]) / np.sqrt(variance_m2)
        usual = max(3.0, 3.0 * float(np.median(miss))) if miss.size else 3.0
        weight = np.where(miss > usual, 1e-6, 1.0) / variance_m2
    return np.asarray(mean[key])
