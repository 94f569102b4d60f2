"""How likely an echo is found: steady and fluctuating targets, one look or several."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.units import from_db

Array = NDArray[np.float64]
CASES = (0, 1)
LOOKS = (1, 1000)
NODES = 24


def _check(false_alarm: float, case: int, looks: int) -> None:
    if not 0.0 < false_alarm < 1.0:
        raise RabtaError(
            "no such probability", key="false_alarm", value=false_alarm, expected="between 0 and 1"
        )
    if case not in CASES:
        raise RabtaError("unknown Swerling case", key="case", value=case, expected="0 (steady) or 1 (slow)")
    if not LOOKS[0] <= looks <= LOOKS[1]:
        raise RabtaError("wrong number of looks", key="looks", value=looks, expected="1 to 1000")


def probability(snr_db: ArrayLike, false_alarm: float = 1e-6, case: int = 1, looks: int = 1) -> Array:
    """Probability of detection of a square-law detector.

    Parameters
    ----------
    snr_db : array_like
        Of one look, after coherent processing.
    case : int
        Swerling's: 0 for a steady target, 1 for one that fluctuates from scan to scan.
    looks : int
        Looks that are added without their phase.

    Notes
    -----
    Case 0: Marcum's Q function, here a non-central chi-square tail. Case 1: P. Swerling, Rand RM-1217
    (1954); for one look P_d = P_fa^(1 / (1 + SNR)).

    Examples
    --------
    >>> probability([13.2, 21.2], 1e-6, 0).round(2).tolist()
    [0.9, 1.0]
    >>> round(float(probability(21.2, 1e-6, 1)), 2)
    0.9
    """
    from scipy.special import gammaincc, gammainccinv
    from scipy.stats import ncx2

    _check(false_alarm, case, looks)
    snr = from_db(np.asarray(snr_db, np.float64))
    threshold = float(gammainccinv(looks, false_alarm))
    if case == 0:
        return np.asarray(ncx2.sf(2.0 * threshold, 2 * looks, 2.0 * looks * snr))
    if looks == 1:
        return np.asarray(false_alarm ** (1.0 / (1.0 + snr)))
    total = looks * snr
    grown = np.exp((looks - 1) * np.log1p(1.0 / total) - threshold / (1.0 + total))
    inside = 1.0 - gammaincc(looks - 1, threshold / (1.0 + 1.0 / total))
    return np.asarray(gammaincc(looks - 1, threshold) + grown * inside)


def sizes() -> tuple[Array, Array]:
    """Standard normal deviates of a target's mean echo and their weights, by Gauss and Hermite's rule."""
    node, weight = np.polynomial.hermite_e.hermegauss(NODES)
    return np.asarray(node), np.asarray(weight / weight.sum())


def over_sizes(
    snr_db: ArrayLike, spread_db: float, false_alarm: float = 1e-6, case: int = 1, looks: int = 1
) -> Array:
    """Probability over targets whose mean echo spreads log-normally: a draw a target, not a look.

    All looks at one target share its draw, from whichever site; only Swerling's fluctuation is of each scan
    and side. Where several sites look, their misses are multiplied before the mean over `sizes` is taken.
    """
    node, weight = sizes()
    each = np.asarray(snr_db, np.float64)[..., None] + spread_db * node
    return np.asarray(probability(each, false_alarm, case, looks) @ weight)


def required_snr_db(wanted: float, false_alarm: float = 1e-6, case: int = 1, looks: int = 1) -> float:
    """SNR of one look at which the probability of detection is reached.

    Examples
    --------
    >>> round(required_snr_db(0.9, 1e-6, 1), 2), round(required_snr_db(0.9, 1e-6, 0), 2)
    (21.14, 13.18)
    """
    from scipy.optimize import brentq

    if not false_alarm < wanted < 1.0:
        raise RabtaError(
            "no such probability", key="wanted", value=wanted, expected="above the false alarms, below 1"
        )
    found = brentq(lambda x: float(probability(x, false_alarm, case, looks)) - wanted, -40.0, 80.0, xtol=1e-9)
    return float(found)


def albersheim_db(wanted: float, false_alarm: float, looks: int = 1) -> float:
    """Albersheim's formula for a steady target (Proc. IEEE 69 (1981) 839): a check of `required_snr_db`."""
    a = np.log(0.62 / false_alarm)
    b = np.log(wanted / (1.0 - wanted))
    slope = 6.2 + 4.54 / np.sqrt(looks + 0.44)
    return float(-5.0 * np.log10(looks) + slope * np.log10(a + 0.12 * a * b + 1.7 * b))
