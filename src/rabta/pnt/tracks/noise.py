"""How well receivers on the move measure: variances of code, Doppler and phase differences.

Code in streets: Kuusniemi, Wieser, Lachapelle and Takala, "User-level reliability monitoring in urban
personal satellite-navigation" (IEEE Trans. AES 43, 2007), lightly degraded signals: a + b 10^(-C/N0 / 10)
with a = 10 m^2, b = 150^2 m^2 Hz; here over the square of the elevation's sine besides, since low rays are
the ones that walls reflect. Carrier: thermal noise of a frequency and of a phase loop (Kaplan and
Hegarty, "Understanding GPS", 2nd edition, section 5.6) of 10 Hz and 20 ms, over a floor for vibration.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

CODE_FLOOR_M2, CODE_NOISE_M2_HZ = 10.0, 150.0**2
LOOP_HZ, INTEGRATION_S = 10.0, 0.02
RATE_FLOOR_M_S, PHASE_FLOOR_M = 0.05, 0.02
PHASE_DRIFT_M_S = 0.002  # of the air and of satellites' clocks between two epochs
UNKNOWN_DBHZ = 35.0  # where the receiver does not say
LOWEST_DBHZ, HIGHEST_DBHZ = 10.0, 60.0


def ratio(cn0_dbhz: ArrayLike) -> Array:
    """Carrier to noise density as a number; NaN and what cannot be are replaced."""
    value = np.asarray(cn0_dbhz, dtype=np.float64)
    value = np.where(np.isfinite(value), value, UNKNOWN_DBHZ)
    return np.asarray(10.0 ** (np.clip(value, LOWEST_DBHZ, HIGHEST_DBHZ) / 10.0))


def code_m2(cn0_dbhz: ArrayLike, elevation_deg: ArrayLike) -> Array:
    """Variance of a pseudorange in the street.

    Examples
    --------
    >>> [round(float(x) ** 0.5, 1) for x in code_m2([45.0, 30.0, 20.0], 60.0)]
    [3.8, 6.6, 17.7]
    """
    sine = np.sin(np.radians(np.maximum(np.asarray(elevation_deg, dtype=np.float64), 3.0)))
    return np.asarray((CODE_FLOOR_M2 + CODE_NOISE_M2_HZ / ratio(cn0_dbhz)) / sine**2)


def rate_m2(cn0_dbhz: ArrayLike, wavelength_m: ArrayLike) -> Array:
    """Variance of a range rate from Doppler, (m/s)^2."""
    c = ratio(cn0_dbhz)
    loop = np.asarray(wavelength_m) / (2.0 * np.pi * INTEGRATION_S)
    return np.asarray(loop**2 * 4.0 * LOOP_HZ / c * (1.0 + 1.0 / (INTEGRATION_S * c)) + RATE_FLOOR_M_S**2)


def difference_m2(cn0_dbhz: ArrayLike, wavelength_m: ArrayLike, apart_s: ArrayLike) -> Array:
    """Variance of the difference of two phases some seconds apart."""
    c = ratio(cn0_dbhz)
    loop = np.asarray(wavelength_m) / (2.0 * np.pi)
    thermal = 2.0 * loop**2 * LOOP_HZ / c * (1.0 + 1.0 / (2.0 * INTEGRATION_S * c))
    return np.asarray(thermal + PHASE_FLOOR_M**2 + (PHASE_DRIFT_M_S * np.asarray(apart_s)) ** 2)
