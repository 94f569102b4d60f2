"""Specific attenuation and the state of the air: ITU-R P.838-3, P.840, P.453-14 and P.835-6.

All functions are vectorised: arrays in, arrays out, broadcast against each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError

Array = NDArray[np.float64]

# P.838-3, tables 1 to 4: rows (a_j, b_j, c_j) of the Gaussian terms, then slope m and constant c.
_KH = (
    ((-5.33980, -0.10008, 1.13098), (-0.35351, 1.26970, 0.45400), (-0.23789, 0.86036, 0.15354),
     (-0.94158, 0.64552, 0.16817)), -0.18961, 0.71147,
)  # fmt: skip
_KV = (
    ((-3.80595, 0.56934, 0.81061), (-3.44965, -0.22911, 0.51059), (-0.39902, 0.73042, 0.11899),
     (0.50167, 1.07319, 0.27195)), -0.16398, 0.63297,
)  # fmt: skip
_ALPHA_H = (
    ((-0.14318, 1.82442, -0.55187), (0.29591, 0.77564, 0.19822), (0.32177, 0.63773, 0.13164),
     (-5.37610, -0.96230, 1.47828), (16.1721, -3.29980, 3.43990)), 0.67849, -1.95537,
)  # fmt: skip
_ALPHA_V = (
    ((-0.07771, 2.33840, -0.76284), (0.56727, 0.95545, 0.54039), (-0.20238, 1.14520, 0.26809),
     (-48.2991, 0.791669, 0.116226), (48.5833, 0.791459, 0.116479)), -0.053739, 0.83433,
)  # fmt: skip
_Fit = tuple[tuple[tuple[float, float, float], ...], float, float]


def check_range(name: str, value: ArrayLike, low: float, high: float, recommendation: str) -> None:
    """Refuse values outside a Recommendation's range, NaN included.

    Raises
    ------
    RabtaError
        With the first wrong value and the valid range.
    """
    values = np.atleast_1d(np.asarray(value, dtype=np.float64))
    wrong = ~((values >= low) & (values <= high))
    if wrong.any():
        raise RabtaError(
            f"{name} is outside the range of {recommendation}",
            key=name,
            value=float(values[wrong][0]),
            expected=f"{low:g} to {high:g}",
        )


def _fit(coefficients: _Fit, log_f: Array) -> Array:
    terms, slope, constant = coefficients
    total = slope * log_f + constant
    for a, b, c in terms:
        total = total + a * np.exp(-(((log_f - b) / c) ** 2))
    return np.asarray(total)


def rain_coefficients(
    frequency_ghz: ArrayLike, elevation_deg: ArrayLike = 0.0, tilt_deg: ArrayLike = 45.0
) -> tuple[Array, Array]:
    """Power-law coefficients k and alpha of the rain's specific attenuation.

    Parameters
    ----------
    frequency_ghz : array_like
        1 to 1,000 GHz.
    elevation_deg, tilt_deg : array_like
        Path elevation; polarisation tilt (0 horizontal, 90 vertical, 45 circular).

    Notes
    -----
    ITU-R P.838-3, equations (2) to (5).

    Examples
    --------
    >>> k, alpha = rain_coefficients(20.0, 0.0, 0.0)
    >>> round(float(k), 5), round(float(alpha), 4)
    (0.09164, 1.0568)
    """
    check_range("frequency_ghz", frequency_ghz, 1.0, 1000.0, "ITU-R P.838-3")
    log_f = np.log10(np.asarray(frequency_ghz, dtype=np.float64))
    k_h, k_v = 10.0 ** _fit(_KH, log_f), 10.0 ** _fit(_KV, log_f)
    a_h, a_v = _fit(_ALPHA_H, log_f), _fit(_ALPHA_V, log_f)
    mix = np.cos(np.radians(elevation_deg)) ** 2 * np.cos(2.0 * np.radians(tilt_deg))
    k = (k_h + k_v + (k_h - k_v) * mix) / 2.0
    alpha = (k_h * a_h + k_v * a_v + (k_h * a_h - k_v * a_v) * mix) / (2.0 * k)
    return np.asarray(k), np.asarray(alpha)


def rain_specific_attenuation(
    rate_mmh: ArrayLike, frequency_ghz: ArrayLike, elevation_deg: ArrayLike, tilt_deg: ArrayLike = 45.0
) -> Array:
    """Specific attenuation of rain in dB/km. ITU-R P.838-3, equation (1)."""
    check_range("rate_mmh", rate_mmh, 0.0, 1000.0, "ITU-R P.838-3")
    k, alpha = rain_coefficients(frequency_ghz, elevation_deg, tilt_deg)
    return np.asarray(k * np.asarray(rate_mmh, dtype=np.float64) ** alpha)


def reduced_liquid_absorption(frequency_ghz: ArrayLike, temperature_k: float = 273.15) -> Array:
    """Cloud attenuation in dB for each kg/m2 of *reduced* columnar liquid water.

    ITU-R P.840-8, equations (2) to (11): double-Debye permittivity of water, Rayleigh absorption.
    The reduced liquid of the P.840-7 and -8 maps belongs to 273.15 K.
    """
    check_range("frequency_ghz", frequency_ghz, 1.0, 200.0, "ITU-R P.840")
    f = np.asarray(frequency_ghz, dtype=np.float64)
    cold = 300.0 / temperature_k - 1.0
    e0 = 77.66 + 103.3 * cold
    e1, e2 = 0.0671 * e0, 3.52
    fp = 20.20 - 146.0 * cold + 316.0 * cold**2
    fs = 39.8 * fp
    real = (e0 - e1) / (1.0 + (f / fp) ** 2) + (e1 - e2) / (1.0 + (f / fs) ** 2) + e2
    imaginary = f * (e0 - e1) / (fp * (1.0 + (f / fp) ** 2)) + f * (e1 - e2) / (fs * (1.0 + (f / fs) ** 2))
    eta = (2.0 + real) / imaginary
    return np.asarray(0.819 * f / (imaginary * (1.0 + eta**2)))


def liquid_absorption(frequency_ghz: ArrayLike) -> Array:
    """Cloud attenuation in dB for each kg/m2 of columnar liquid water, ITU-R P.840-9, equation (12).

    Belongs to the columnar content of the P.840-9 maps, not to the reduced liquid of older editions.
    """
    f = np.asarray(frequency_ghz, dtype=np.float64)
    shape = (
        0.1522 * np.exp(-((f + 23.9589) ** 2) / 3.2991e3)
        + 11.51 * np.exp(-((f - 219.2096) ** 2) / 2.7595e6)
        - 10.4912
    )
    return np.asarray(reduced_liquid_absorption(f, 273.75) * shape)


def vapour_pressure_hpa(
    temperature_k: ArrayLike, humidity_percent: ArrayLike, pressure_hpa: ArrayLike
) -> Array:
    """Water vapour pressure over liquid water. ITU-R P.453-14, equations (8) and (9)."""
    t = np.asarray(temperature_k, dtype=np.float64) - 273.15
    ef = 1.0 + 1e-4 * (7.2 + np.asarray(pressure_hpa) * (0.0320 + 5.9e-6 * t**2))
    saturated = ef * 6.1121 * np.exp((18.678 - t / 234.5) * t / (t + 257.14))
    return np.asarray(np.asarray(humidity_percent) * saturated / 100.0)


def wet_refractivity(vapour_hpa: ArrayLike, temperature_k: ArrayLike) -> Array:
    """Wet term of the radio refractivity in N-units. ITU-R P.453-14, equation (4)."""
    e, t = np.asarray(vapour_hpa, dtype=np.float64), np.asarray(temperature_k, dtype=np.float64)
    return np.asarray(72.0 * e / t + 3.75e5 * e / t**2)


def standard_pressure_hpa(height_km: ArrayLike) -> Array:
    """Pressure of the mean annual global reference atmosphere up to 11 km.

    ITU-R P.835-6, equations (1a) and (3a).

    Examples
    --------
    >>> round(float(standard_pressure_hpa(1.5)), 1)
    845.6
    """
    check_range("height_km", height_km, -0.5, 11.0, "the lowest layer of ITU-R P.835-6")
    z = np.asarray(height_km, dtype=np.float64)
    geopotential = 6356.766 * z / (6356.766 + z)
    return np.asarray(1013.25 * (288.15 / (288.15 - 6.5 * geopotential)) ** (-34.1632 / 6.5))
