"""Rural macro path loss (3GPP TR 38.901), entry into buildings, and hills.

Distances are two-dimensional and in metres, frequencies in GHz, heights above ground in metres.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.units import to_db

Array = NDArray[np.float64]

BUILDING_HEIGHT_M = 5.0  # TR 38.901, table 7.4.1-1, default of RMa
STREET_WIDTH_M = 20.0  # TR 38.901, table 7.4.1-1, default of RMa
LONGEST_M = 10_000.0  # TR 38.901, table 7.4.1-1: RMa LOS holds up to here
SHADOWING_DB = 8.0  # TR 38.901, table 7.4.1-1: RMa NLOS
INTERDECILE = 2.5631  # 10 % to 90 % of a normal distribution, in standard deviations
SPEED_38901_M_S = 3.0e8  # the value that TR 38.901 prescribes for the breakpoint


def breakpoint_m(frequency_ghz: ArrayLike, base_m: float, user_m: float) -> Array:
    """Breakpoint distance of RMa (TR 38.901, note 5 of table 7.4.1-1)."""
    frequency_hz = np.asarray(frequency_ghz, np.float64) * 1e9
    return np.asarray(2.0 * np.pi * base_m * user_m * frequency_hz / SPEED_38901_M_S)


def _first_slope_db(slant_m: Array, frequency_ghz: ArrayLike) -> Array:
    h = BUILDING_HEIGHT_M
    return np.asarray(
        20.0 * np.log10(40.0 * np.pi * slant_m * np.asarray(frequency_ghz, np.float64) / 3.0)
        + min(0.03 * h**1.72, 10.0) * np.log10(slant_m)
        - min(0.044 * h**1.72, 14.77)
        + 0.002 * np.log10(h) * slant_m
    )


def rma_los_db(
    distance_m: ArrayLike, frequency_ghz: ArrayLike, base_m: float = 35.0, user_m: float = 1.5
) -> Array:
    """Path loss in line of sight, 10 m to 10 km (TR 38.901, table 7.4.1-1, PL1 and PL2)."""
    d = np.asarray(distance_m, np.float64)
    rise = base_m - user_m
    turn = breakpoint_m(frequency_ghz, base_m, user_m)
    slant, slant_turn = np.hypot(d, rise), np.hypot(turn, rise)
    far = _first_slope_db(slant_turn, frequency_ghz) + 40.0 * np.log10(slant / slant_turn)
    return np.where(d <= turn, _first_slope_db(slant, frequency_ghz), far)


def rma_nlos_db(
    distance_m: ArrayLike, frequency_ghz: ArrayLike, base_m: float = 35.0, user_m: float = 1.5
) -> Array:
    """Path loss without line of sight, 10 m to 5 km (TR 38.901, table 7.4.1-1); used on to 10 km here."""
    w, h = STREET_WIDTH_M, BUILDING_HEIGHT_M
    slant = np.hypot(np.asarray(distance_m, np.float64), base_m - user_m)
    loss = (
        161.04
        - 7.1 * np.log10(w)
        + 7.5 * np.log10(h)
        - (24.37 - 3.7 * (h / base_m) ** 2) * np.log10(base_m)
        + (43.42 - 3.1 * np.log10(base_m)) * (np.log10(slant) - 3.0)
        + 20.0 * np.log10(np.asarray(frequency_ghz, np.float64))
        - (3.2 * np.log10(11.75 * user_m) ** 2 - 4.97)
    )
    return np.asarray(np.maximum(loss, rma_los_db(distance_m, frequency_ghz, base_m, user_m)))


def rma_los_probability(distance_m: ArrayLike) -> Array:
    """Probability of line of sight (TR 38.901, table 7.4.2-1, RMa)."""
    return np.asarray(np.minimum(1.0, np.exp(-(np.asarray(distance_m, np.float64) - 10.0) / 1000.0)))


def entry_loss_db(frequency_ghz: ArrayLike, depth_m: float = 0.0) -> Array:
    """Loss into a building of light construction, its low-loss model.

    TR 38.901, tables 7.4.3-1 and 7.4.3-2: 30 % glass, 70 % concrete, and 0.5 dB a metre inside.
    """
    f = np.asarray(frequency_ghz, np.float64)
    glass, concrete = 2.0 + 0.2 * f, 5.0 + 4.0 * f
    wall = 5.0 - to_db(0.3 * 10.0 ** (-glass / 10.0) + 0.7 * 10.0 ** (-concrete / 10.0))
    return np.asarray(wall + 0.5 * depth_m)


def hills_db(rough_m: ArrayLike) -> Array:
    """Median loss that hilly terrain adds to the loss over level ground.

    The rolling-hill correction of Okumura as NTIA's extended Hata model fits it, from the irregularity of
    the terrain (height exceeded by 10 % less that exceeded by 90 %, for a normal distribution).
    Source: NTIA Technical Report TR-15-517, appendix A; coefficients as in the public-domain NTIA/ehata.

    Parameters
    ----------
    rough_m : array_like
        Standard deviation of the terrain height around the site.

    Examples
    --------
    >>> hills_db([0.0, 20.0, 150.0]).round(1).tolist()
    [0.0, 4.9, 20.4]
    """
    irregularity = np.maximum(INTERDECILE * np.asarray(rough_m, np.float64), 15.0)
    x = np.log10(irregularity)
    return np.asarray(np.maximum(0.0, 1.5072013 - x * (8.458676 - 6.102538 * x)))
