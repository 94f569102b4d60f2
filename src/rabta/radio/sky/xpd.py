"""Cross-polarisation by rain and ice, and how often it rains along a path: ITU-R P.618-14."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from rabta.radio.itu import check_range

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.618-14, section 4.1"
RANGES = {"frequency_ghz": (6.0, 55.0), "elevation_deg": (5.0, 60.0), "percent": (0.001, 1.0)}
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def discrimination_db(
    attenuation_db: ArrayLike,
    frequency_ghz: ArrayLike,
    elevation_deg: ArrayLike,
    tilt_deg: ArrayLike,
    percent: ArrayLike,
    *,
    steep: bool = False,
) -> Array:
    """Cross-polarisation discrimination not exceeded for a percentage of the year.

    Parameters
    ----------
    attenuation_db : array_like
        Co-polar rain attenuation exceeded for the same percentage, above 0.
    tilt_deg : array_like
        Polarisation tilt from the horizontal; 45 for circular.
    percent : array_like
        0.001 to 1. The canting of 0, 5, 10 and 15 degrees that is given for 1, 0.1, 0.01 and 0.001 % is taken
        as linear in the logarithm between.
    steep : bool
        Allow elevations above 60 degrees, as the ITU's own sheet does.

    Notes
    -----
    P.618-14, section 4.1, steps 1 to 8, equations (70) to (76).
    """
    check_range("frequency_ghz", frequency_ghz, *RANGES["frequency_ghz"], RECOMMENDATION)
    check_range("elevation_deg", elevation_deg, 5.0, 90.0 if steep else 60.0, RECOMMENDATION)
    check_range("percent", percent, *RANGES["percent"], RECOMMENDATION)
    check_range("attenuation_db", attenuation_db, 1e-9, 1e4, RECOMMENDATION)
    f, log_p = np.asarray(frequency_ghz, dtype=np.float64), np.log10(np.asarray(percent, dtype=np.float64))
    log_f = np.log10(f)
    low, middle = f < 9.0, f < 36.0
    by_f = np.where(low, 60.0 * log_f - 28.3, np.where(middle, 26.0 * log_f + 4.1, 35.9 * log_f - 11.3))
    by_a = _slope(f) * np.log10(np.asarray(attenuation_db, dtype=np.float64))
    cant = -5.0 * log_p
    rain = (
        by_f
        - by_a
        + _tilt(tilt_deg)
        - 40.0 * np.log10(np.cos(np.radians(np.asarray(elevation_deg))))
        + 0.0053 * cant**2
    )
    return np.asarray(rain * (1.0 - (0.3 + 0.1 * log_p) / 2.0))


def _slope(f: Array) -> Array:
    """V(f) of the attenuation's part. P.618-14, equation (71)."""
    bands = [f < 9.0, f < 20.0, f < 40.0]
    return np.select(bands, [30.8 * f**-0.21, 12.8 * f**0.19, np.full_like(f, 22.6)], 13.0 * f**0.15)


def _tilt(tilt_deg: ArrayLike) -> Array:
    return np.asarray(-10.0 * np.log10(1.0 - 0.484 * (1.0 + np.cos(np.radians(4.0 * np.asarray(tilt_deg))))))


def scaled_db(
    xpd_db: ArrayLike, from_: tuple[ArrayLike, ArrayLike], to: tuple[ArrayLike, ArrayLike]
) -> Array:
    """Discrimination at another frequency and tilt for the same percentage, 4 to 30 GHz.

    Parameters
    ----------
    from_, to : tuple
        Frequency in GHz and tilt in degrees, of the value known and of the one wanted.

    Notes
    -----
    P.618-14, section 4.3, equation (79).
    """
    for frequency, _ in (from_, to):
        check_range("frequency_ghz", frequency, 4.0, 30.0, "ITU-R P.618-14, section 4.3")
    first, second = (np.asarray(f) * 10.0 ** (-_tilt(tilt) / 20.0) for f, tilt in (from_, to))
    return np.asarray(np.asarray(xpd_db) - 20.0 * np.log10(second / first))


def rain_percent_on_path(rain_percent: ArrayLike, slant_km: ArrayLike, elevation_deg: ArrayLike) -> Array:
    """Share of the year in which it rains somewhere along a path, from that at its station, in per cent.

    Parameters
    ----------
    slant_km : array_like
        Length of the path below the rain height.

    Notes
    -----
    P.618-14, section 2.2.1.2, equations (9) to (13).
    """
    share = np.asarray(rain_percent, dtype=np.float64) / 100.0
    check_range("rain_percent", 100.0 * share, 0.0, 70.0, "ITU-R P.618-14, section 2.2.1.2")
    ground = np.asarray(slant_km, dtype=np.float64) * np.cos(np.radians(np.asarray(elevation_deg)))
    rho = 0.59 * np.exp(-np.abs(ground) / 31.0) + 0.41 * np.exp(-np.abs(ground) / 800.0)
    wet = np.clip(share, 1e-12, 0.7)
    shared = (_both(-ndtri(wet), rho) - wet**2) / (wet * (1.0 - wet))
    return np.asarray(np.where(share > 0.0, 100.0 * (1.0 - (1.0 - wet) * shared**wet), 0.0))


def _both(level: Array, correlation: Array) -> Array:
    """Probability that two correlated normal numbers are both above one level: Plackett's integral."""
    angle = np.arcsin(correlation)[..., None] * (_NODES + 1.0) / 2.0
    density = np.exp(-(np.square(level)[..., None]) / (1.0 + np.sin(angle)))
    return np.asarray(ndtr(-level) ** 2 + (density @ _WEIGHTS) * np.arcsin(correlation) / (4.0 * np.pi))
