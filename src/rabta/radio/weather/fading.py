"""How long fades last and how many there are: ITU-R P.1623-1, beside which the drawn rain is shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

F8 = NDArray[np.float64]
YEAR_S = 365.25 * 86_400.0


def fades(
    duration_s: ArrayLike, attenuation_db: float, elevation_deg: float, frequency_ghz: float, fade_s: float
) -> tuple[F8, F8]:
    """Number of fades longer than a duration, and the share of the fading time that they make.

    Parameters
    ----------
    duration_s : array_like
        At least one second.
    attenuation_db : float
        Depth that counts as a fade.
    fade_s : float
        Time of a year with more attenuation than that.

    Returns
    -------
    number, share : ndarray
        Of fades longer than each duration in a year; of the time in fades.

    Notes
    -----
    ITU-R P.1623-1, Annex 1, section 2.2, steps 1 to 9; 10 to 50 GHz, 5 to 60 degrees.
    """
    d = np.asarray(duration_s, dtype=np.float64)
    f, a = frequency_ghz, attenuation_db
    mean = 80.0 * elevation_deg**-0.4 * f**1.4 * a**-0.39
    sigma = 1.85 * f**-0.05 * a**-0.027
    power = 0.055 * f**0.65 * a**-0.003
    first, second = 0.885 * power - 0.814, -1.05 * power**2 + 2.23 * power - 1.61
    edge = mean * np.exp(first * sigma**2 + second * sigma - 0.39)
    middle = mean * np.exp(-(sigma**2))

    def tail(value: ArrayLike, centre: float) -> F8:
        return np.asarray(ndtr(-np.log(np.asarray(value) / centre) / sigma))

    long = np.sqrt(mean * middle) * (1.0 - power) * tail(edge, mean)
    short = 1.0 / (1.0 + long / (edge * power * tail(edge, middle)))
    chance = np.where(d <= edge, d**-power, edge**-power * tail(d, middle) / tail(edge, middle))
    share = np.where(
        d <= edge,
        1.0 - short * (d / edge) ** (1.0 - power),
        (1.0 - short) * tail(d, mean) / tail(edge, mean),
    )
    total = fade_s * (short / power) * (1.0 - power) / edge ** (1.0 - power)
    return np.asarray(total * chance), np.asarray(share)


def spells(above: NDArray[np.bool_], step_s: float) -> F8:
    """Durations of the runs of True along time; those that touch an end are left out.

    Examples
    --------
    >>> spells(np.array([False, True, True, False, True, False, True]), 60.0).tolist()
    [120.0, 60.0]
    """
    change = np.flatnonzero(np.diff(above.astype(np.int8)))
    starts = change[~above[change]]
    ends = change[above[change]]
    if starts.size:
        ends = ends[ends > starts[0]]
    return np.asarray((ends - starts[: ends.size]) * step_s, dtype=np.float64)
