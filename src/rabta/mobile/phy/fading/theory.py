"""What fading should be: correlation, level crossings, distributions and outage in closed form.

Levels are relative to the root mean square, powers to the mean. Tests and the suite ``fading`` hold drawn
channels against these; averages over an error curve give what a code does in flat fading.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.fading.profiles import Profile
from rabta.radio.itu import check_range

Array = NDArray[np.float64]


def time_correlation(lag_s: ArrayLike, doppler_hz: float) -> Array:
    """Correlation of a scattered tap, J0(2 pi f t) (Clarke 1968)."""
    from scipy.special import j0

    return np.asarray(j0(2.0 * np.pi * doppler_hz * np.asarray(lag_s, dtype=np.float64)))


def frequency_correlation(
    taps: Profile, separation_hz: ArrayLike, delay_spread_s: float | None = None
) -> NDArray[np.complex128]:
    """Correlation of the channel at two frequencies: the profile's Fourier transform."""
    turns = np.multiply.outer(np.asarray(separation_hz, dtype=np.float64), taps.delays_s(delay_spread_s))
    return np.asarray(np.exp(-2j * np.pi * turns) @ taps.power)


def crossing_rate_hz(level: ArrayLike, doppler_hz: float) -> Array:
    """How often a scattered tap falls through a level (Rice 1945; Jakes 1974, equation 1.3-35)."""
    rho = np.asarray(level, dtype=np.float64)
    return np.asarray(np.sqrt(2.0 * np.pi) * doppler_hz * rho * np.exp(-(rho**2)))


def fade_duration_s(level: ArrayLike, doppler_hz: float) -> Array:
    """Mean duration of fades of a scattered tap below a level (Jakes 1974, equation 1.3-45)."""
    rho = np.asarray(level, dtype=np.float64)
    return np.asarray(np.expm1(rho**2) / (np.sqrt(2.0 * np.pi) * doppler_hz * rho))


def outage(power: ArrayLike, *, k_db: float = -np.inf, branches: int = 1) -> Array:
    """Probability that the power is below a share of its mean.

    Parameters
    ----------
    power : array_like
        Relative to the mean power of one branch; the powers of the branches are summed (maximum-ratio
        combining).
    k_db : float
        Direct over scattered power of each branch: Rice; -inf: Rayleigh; inf: no fading.

    Notes
    -----
    A noncentral chi-squared distribution of 2 L degrees of freedom (Simon and Alouini, 2005, table 2.2 and
    section 9.2); for one branch 1 - Q1(sqrt(2 K), sqrt(2 (1 + K) x)).

    Examples
    --------
    >>> round(float(outage(0.01)), 6), round(float(outage(0.01, k_db=10.0)), 7)
    (0.00995, 7.8e-06)
    """
    from scipy.stats import chi2, ncx2

    x = np.asarray(power, dtype=np.float64)
    check_range("power", x, 0.0, np.inf, "a share of power")
    check_range("branches", branches, 1, 64, "this model")
    if np.isposinf(k_db):
        return np.asarray((x >= branches).astype(np.float64))
    k = 10.0 ** (k_db / 10.0)
    if k == 0.0:
        return np.asarray(chi2.cdf(2.0 * x, 2 * branches))
    return np.asarray(ncx2.cdf(2.0 * (1.0 + k) * x, 2 * branches, 2.0 * k * branches))


def capacity_bit(snr_db: ArrayLike, *, k_db: float = -np.inf, branches: int = 1) -> Array:
    """Mean capacity of flat fading in bit/s/Hz, the channel known at the receiver.

    For Rayleigh fading of one branch exp(1/s) E1(1/s) / ln 2 (Alouini and Goldsmith 1999, equation 34).
    """
    snr = 10.0 ** (np.asarray(snr_db, dtype=np.float64) / 10.0)
    level, share = _parts(k_db, branches)
    return np.asarray(np.log2(1.0 + np.multiply.outer(snr, level)) @ share)


def faded(
    curve_db: ArrayLike, error: ArrayLike, snr_db: ArrayLike, *, k_db: float = -np.inf, branches: int = 1
) -> Array:
    """Error rate in flat fading that is constant over a block, from an error curve without fading.

    Parameters
    ----------
    curve_db, error : array_like, shape (point,)
        Rising signal-to-noise ratios, and error rates, 1 below the first and 0 above the last; between
        points their logarithm is a line.
    snr_db : array_like
        Mean signal-to-noise ratio of one branch.
    """
    curve, rate = np.asarray(curve_db, dtype=np.float64), np.asarray(error, dtype=np.float64)
    if curve.ndim != 1 or curve.shape != rate.shape or (np.diff(curve) <= 0.0).any():
        raise RabtaError("no error curve", key="curve_db, error", value=f"{curve.shape}, {rate.shape}",
                         expected="rising ratios with an error rate each")  # fmt: skip
    level, share = _parts(k_db, branches)
    at = np.add.outer(np.asarray(snr_db, dtype=np.float64), 10.0 * np.log10(level))
    logarithm = np.interp(at, curve, np.log(np.maximum(rate, 1e-12)))
    found = np.where(at < curve[0], 1.0, np.where(at > curve[-1], 0.0, np.exp(logarithm)))
    return np.asarray(found @ share)


def _parts(k_db: float, branches: int, count: int = 20_000) -> tuple[Array, Array]:
    """Power levels, evenly in decibels, and their probabilities."""
    edges = 10.0 ** (np.linspace(-80.0, 20.0, count + 1) / 10.0)
    share = np.diff(outage(edges, k_db=k_db, branches=branches))
    middle = np.sqrt(edges[:-1] * edges[1:])
    return middle, np.asarray(share / share.sum())
