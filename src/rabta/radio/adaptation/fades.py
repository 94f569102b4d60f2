"""Fades over time at one place: the Gaussian process of ITU-R P.1853-2 behind the statistics of P.618.

Rain attenuation follows a Gaussian process X with the correlation exp(-beta t). P.1853 maps X on attenuation
by a lognormal fit; `attenuation_db` takes the statistics themselves instead, so that over a long time every
attenuation is exceeded exactly as often as P.618 says (a lognormal fit misses P.618 by 30 % at 0.1 %).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from rabta.errors import RabtaError
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.1853-2"
BETA_S = 2e-4  # Annex 1, section 2.2, step B
RANGES = {"step_s": (1e-3, 3600.0), "percent": (1e-6, 100.0), "attenuation_db": (0.0, 1e3)}


def process(steps: int, links: int, step_s: float, seed: int, beta_s: float = BETA_S) -> Array:
    """Unit Gaussian series with the correlation exp(-beta t), shape (time, link); links are independent.

    Notes
    -----
    P.1853-2, Annex 1, section 2.2, equation (14): X(t) = rho X(t - T) + sqrt(1 - rho^2) n(t). It begins in
    its stationary state, so that no first 200,000 s are discarded.
    """
    from scipy.signal import lfilter

    check_range("step_s", step_s, *RANGES["step_s"], RECOMMENDATION)
    if steps < 1 or links < 1:
        raise RabtaError("an empty series", key="steps, links", value=(steps, links), expected="at least 1")
    white = np.random.default_rng(seed).standard_normal((steps, links))
    rho = float(np.exp(-beta_s * step_s))
    white[1:] *= np.sqrt(1.0 - rho**2)
    return np.asarray(lfilter([1.0], [1.0, -rho], white, axis=0))


def exceeded_percent(gaussian: ArrayLike) -> Array:
    """Share of the time in which the process is above its value of the moment, in %."""
    return np.asarray(100.0 * ndtr(-np.asarray(gaussian, dtype=np.float64)))


def lognormal(percent: ArrayLike, attenuation_db: ArrayLike) -> tuple[float, float]:
    """Mean and standard deviation of ln A fitted to pairs of exceeded share and attenuation.

    P.1853-2, Annex 1, section 2.2, step A: least squares of ln A over the inverse of the Gaussian tail.
    """
    p, a = np.asarray(percent, dtype=np.float64), np.asarray(attenuation_db, dtype=np.float64)
    check_range("percent", p, *RANGES["percent"], RECOMMENDATION)
    if p.size < 2 or (a <= 0.0).any():
        raise RabtaError("no lognormal fits", key="attenuation_db", expected="two or more, all above 0")
    sigma, mean = np.polyfit(-ndtri(p / 100.0), np.log(a), 1)
    return float(mean), float(sigma)


def lognormal_db(gaussian: ArrayLike, mean: float, sigma: float, rain_percent: float) -> Array:
    """Rain attenuation as P.1853-2 maps it: exp(m + sigma X) less its value where rain begins, 0 below."""
    offset = np.exp(mean - sigma * ndtri(rain_percent / 100.0))
    series = np.exp(mean + sigma * np.asarray(gaussian, dtype=np.float64)) - offset
    return np.asarray(np.maximum(series, 0.0))


def attenuation_db(
    gaussian: ArrayLike, percent: ArrayLike, attenuation_db_: ArrayLike, rain_percent: float
) -> Array:
    """Attenuation with the statistics of a table, moment by moment.

    Parameters
    ----------
    gaussian : array_like
        From `process`.
    percent, attenuation_db_ : array_like, shape (node,)
        Shares of the year, rising, and the attenuation exceeded for each, falling.
    rain_percent : float
        Share of the year in which it rains: none falls above it.

    Notes
    -----
    ln A is linear over the Gaussian variable between nodes; A is linear from the last node to 0 where rain
    begins. What is rarer than the first node has its attenuation: the table is not extrapolated.
    """
    p, a = np.asarray(percent, dtype=np.float64), np.asarray(attenuation_db_, dtype=np.float64)
    check_range("percent", p, *RANGES["percent"], RECOMMENDATION)
    check_range("rain_percent", rain_percent, *RANGES["percent"], RECOMMENDATION)
    kept = p < rain_percent
    p, a = p[kept], a[kept]
    if p.size < 2 or (np.diff(p) <= 0.0).any() or (np.diff(a) > 0.0).any() or (a <= 0.0).any():
        raise RabtaError(
            "not a table of fades", key="percent", expected="rising, attenuation falling above 0"
        )
    x = np.asarray(gaussian, dtype=np.float64)
    nodes, edge = -ndtri(p / 100.0)[::-1], -float(ndtri(rain_percent / 100.0))
    deep = np.exp(np.interp(x, nodes, np.log(a[::-1])))
    shallow = a[-1] * (x - edge) / (nodes[0] - edge)
    return np.asarray(np.where(x >= nodes[0], deep, np.maximum(shallow, 0.0)))
