"""Microwave hops in line of sight: ITU-R P.530-18, fading by multipath and by rain.

The climate comes in as numbers: K and dN75 from the maps of P.530-18 where the user has them, or the
refractivity gradient dN1 of P.453 for the older, quick rule of P.530-17; R0.01 from P.837.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.itu import check_range, rain_coefficients

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.530-18"
QUICK = "ITU-R P.530-17"
RANGES = {
    "frequency_ghz": (1.0, 100.0),  # rain
    "multipath_ghz": (0.1, 45.0),  # and above 15 / distance
    "distance_km": (1e-3, 60.0),  # rain
    "multipath_km": (1e-3, 200.0),
    "rain_percent": (0.001, 1.0),
}
MULTIPATH_FROM_KM = 5.0  # shorter hops do not fade by multipath (section 2.3)
WORST_RATIO = 2.5  # largest distance factor of rain


def _lowest(frequency_ghz: ArrayLike, distance_km: ArrayLike) -> None:
    check_range("distance_km", distance_km, *RANGES["multipath_km"], RECOMMENDATION)
    check_range("frequency_ghz", frequency_ghz, *RANGES["multipath_ghz"], RECOMMENDATION)
    turns = np.asarray(frequency_ghz, dtype=np.float64) * np.asarray(distance_km)
    long_ = np.asarray(distance_km) > MULTIPATH_FROM_KM
    check_range("frequency_ghz times distance_km", np.where(long_, turns, 15.0), 15.0, 9e3, RECOMMENDATION)


def occurrence_percent(
    distance_km: ArrayLike,
    frequency_ghz: ArrayLike,
    height_a_m: ArrayLike,
    height_b_m: ArrayLike,
    terrain_m: ArrayLike,
    *,
    k: ArrayLike,
    dn75: ArrayLike,
) -> Array:
    """Occurrence of multipath p0 in the average worst month, in %; it may exceed 100.

    Parameters
    ----------
    distance_km, frequency_ghz : array_like
        Up to 200 km; 15 / distance to 45 GHz.
    height_a_m, height_b_m, terrain_m : array_like
        Antennas, and the mean of the terrain between them, above the sea.
    k, dn75 : array_like
        Geoclimatic factor and the refractivity gradient of the lowest 75 m (maps of P.530-18).

    Notes
    -----
    Annex 1, section 2.3.1, equations (4) to (9) at a fade of 0 dB. 0 up to 5 km.
    """
    _lowest(frequency_ghz, distance_km)
    d, f = np.asarray(distance_km, dtype=np.float64), np.asarray(frequency_ghz, dtype=np.float64)
    one, two = np.asarray(height_a_m, dtype=np.float64), np.asarray(height_b_m, dtype=np.float64)
    slope = np.abs(two - one) / d
    clearance = (one + two) / 2.0 - d**2 / 102.0 - np.asarray(terrain_m)
    gradient = np.asarray(dn75, dtype=np.float64)
    ducts = np.minimum(
        (gradient / 50.0) ** 1.8 * np.exp(-clearance / (2.5 * np.sqrt(d))),
        gradient * d**1.5 * np.sqrt(f) / 24730.0,
    )
    power = (
        -0.376 * np.tanh((clearance - 147.0) / 125.0)
        - 0.334 * slope**0.39
        - 0.00027 * np.minimum(one, two)
        + 17.85 * ducts
    )
    p0 = np.asarray(k) * d**3.51 * (f**2 + 13.0) ** 0.447 * 10.0**power
    return np.asarray(np.where(d > MULTIPATH_FROM_KM, p0, 0.0))


def quick_occurrence_percent(
    distance_km: ArrayLike,
    frequency_ghz: ArrayLike,
    height_a_m: ArrayLike,
    height_b_m: ArrayLike,
    *,
    dn1: ArrayLike,
    roughness_m: ArrayLike | None = None,
) -> Array:
    """Occurrence of multipath p0 in the average worst month, in %, by the older rule that needs no new map.

    Parameters
    ----------
    dn1 : array_like
        Refractivity gradient of the lowest 65 m not exceeded for 1 % of an average year (P.453), in N/km.
    roughness_m : array_like, optional
        Standard deviation of the terrain over 110 km by 110 km; the rule for detailed design where it is
        given, the rule for quick planning where it is not.

    Notes
    -----
    ITU-R P.530-17, Annex 1, section 2.3.1, equations (4) to (8) at a fade of 0 dB. 0 up to 5 km.
    """
    _lowest(frequency_ghz, distance_km)
    check_range("dn1", dn1, -1000.0, 0.0, QUICK)
    d, f = np.asarray(distance_km, dtype=np.float64), np.asarray(frequency_ghz, dtype=np.float64)
    one, two = np.asarray(height_a_m, dtype=np.float64), np.asarray(height_b_m, dtype=np.float64)
    climate, low, slope = (
        10.0 ** (-0.0027 * np.asarray(dn1)),
        np.minimum(one, two),
        1.0 + np.abs(two - one) / d,
    )
    if roughness_m is None:
        p0 = 10.0**-4.6 * climate * d**3.1 * slope**-1.29 * f**0.8 * 10.0 ** (-0.00089 * low)
    else:
        check_range("roughness_m", roughness_m, 0.0, 4000.0, QUICK)
        k = 10.0**-4.4 * climate * (10.0 + np.asarray(roughness_m, dtype=np.float64)) ** -0.46
        p0 = k * d**3.4 * slope**-1.03 * f**0.8 * 10.0 ** (-0.00076 * low)
    return np.asarray(np.where(d > MULTIPATH_FROM_KM, p0, 0.0))


def annual_factor_db(
    distance_km: ArrayLike, height_a_m: ArrayLike, height_b_m: ArrayLike, latitude_deg: ArrayLike
) -> Array:
    """How much less often the average year fades than its worst month, in dB: at most 10.8.

    Section 2.3.4, equation (26): the sign before the cosine is positive up to 45 degrees of latitude.
    """
    latitude = np.abs(np.asarray(latitude_deg, dtype=np.float64))
    check_range("latitude_deg", latitude, 0.0, 90.0, RECOMMENDATION)
    d = np.asarray(distance_km, dtype=np.float64)
    slope = np.abs(np.asarray(height_a_m, dtype=np.float64) - np.asarray(height_b_m)) / d
    bend = np.where(latitude <= 45.0, 1.0, -1.0) * np.abs(np.cos(np.radians(2.0 * latitude))) ** 0.7
    factor = 10.5 - 5.6 * np.log10(1.1 + bend) - 2.7 * np.log10(d) + 1.7 * np.log10(1.0 + slope)
    return np.asarray(np.minimum(factor, 10.8))


def multipath_percent(fade_db: ArrayLike, occurrence: ArrayLike, annual_db: ArrayLike = 0.0) -> Array:
    """Share of time for which a fade by multipath is exceeded, in %.

    Parameters
    ----------
    fade_db : array_like
        0 dB or more.
    occurrence : array_like
        p0 of the worst month, from `occurrence_percent` or `quick_occurrence_percent`.
    annual_db : array_like, optional
        From `annual_factor_db`; 0 for the average worst month.

    Notes
    -----
    Sections 2.3.2 and 2.3.4, equations (10) to (18): deep fades halve every 3 dB, shallow ones are
    interpolated so that the distribution joins at 25 + 1.2 log10 p0 dB.

    Examples
    --------
    >>> multipath_percent([30.0, 40.0], 10.0).round(5).tolist()
    [0.01, 0.001]
    """
    check_range("fade_db", fade_db, 0.0, 300.0, RECOMMENDATION)
    fade, p0 = np.broadcast_arrays(np.asarray(fade_db, dtype=np.float64), occurrence)
    share = 10.0 ** (-np.asarray(annual_db, dtype=np.float64) / 10.0)
    safe = np.maximum(p0, 1e-12)
    joint = 25.0 + 1.2 * np.log10(safe)
    joint = np.maximum(joint, 1e-3)
    at_joint = np.minimum(safe * 10.0 ** (-joint / 10.0) * share, 99.999)

    def shape(depth: Array) -> Array:
        return np.asarray((1.0 + 0.3 * 10.0 ** (-depth / 20.0)) * 10.0 ** (-0.016 * depth))

    def bend(depth: Array) -> Array:
        return np.asarray(4.3 * (10.0 ** (-depth / 20.0) + depth / 800.0))

    q_joint = -20.0 * np.log10(-np.log1p(-at_joint / 100.0)) / joint
    q_t = (q_joint - 2.0) / shape(joint) - bend(joint)
    q = 2.0 + shape(fade) * (q_t + bend(fade))
    shallow = -100.0 * np.expm1(-(10.0 ** (-q * fade / 20.0)))
    deep = safe * 10.0 ** (-fade / 10.0) * share
    return np.asarray(np.where(p0 <= 0.0, 0.0, np.where(fade >= joint, deep, shallow)))


def _rain_001_db(
    distance_km: ArrayLike, frequency_ghz: ArrayLike, rain_mmh: ArrayLike, tilt_deg: ArrayLike
) -> Array:
    check_range("distance_km", distance_km, *RANGES["distance_km"], RECOMMENDATION)
    check_range("frequency_ghz", frequency_ghz, *RANGES["frequency_ghz"], RECOMMENDATION)
    check_range("rain_mmh", rain_mmh, 0.0, 300.0, RECOMMENDATION)
    d, f = np.asarray(distance_km, dtype=np.float64), np.asarray(frequency_ghz, dtype=np.float64)
    rain = np.asarray(rain_mmh, dtype=np.float64)
    k, alpha = rain_coefficients(f, 0.0, tilt_deg)
    inverse = 0.477 * d**0.633 * rain ** (0.073 * alpha) * f**0.123 + 10.579 * np.expm1(-0.024 * d)
    return np.asarray(k * rain**alpha * d / np.maximum(inverse, 1.0 / WORST_RATIO))


def _rain_slopes(frequency_ghz: ArrayLike) -> tuple[Array, Array, Array]:
    f = np.asarray(frequency_ghz, dtype=np.float64)
    c0 = np.where(f >= 10.0, 0.12 + 0.4 * np.log10((f / 10.0) ** 0.8), 0.12)
    c1 = 0.07**c0 * 0.12 ** (1.0 - c0)
    return c1, 0.855 * c0 + 0.546 * (1.0 - c0), 0.139 * c0 + 0.043 * (1.0 - c0)


def rain_db(
    distance_km: ArrayLike,
    frequency_ghz: ArrayLike,
    rain_mmh: ArrayLike,
    percent: ArrayLike = 0.01,
    tilt_deg: ArrayLike = 90.0,
) -> Array:
    """Rain attenuation of a hop exceeded for a share of the average year, in dB.

    Parameters
    ----------
    distance_km, frequency_ghz : array_like
        Up to 60 km, 1 to 100 GHz.
    rain_mmh : array_like
        Rainfall rate exceeded for 0.01 % of the year (P.837).
    percent : array_like
        0.001 to 1 %.
    tilt_deg : array_like
        Polarisation: 0 horizontal, 90 vertical.

    Notes
    -----
    Section 2.4.1, equations (31) to (38).
    """
    check_range("percent", percent, *RANGES["rain_percent"], RECOMMENDATION)
    c1, c2, c3 = _rain_slopes(frequency_ghz)
    log_p = np.log10(np.asarray(percent, dtype=np.float64))
    scale = c1 * 10.0 ** (-log_p * (c2 + c3 * log_p))
    return np.asarray(_rain_001_db(distance_km, frequency_ghz, rain_mmh, tilt_deg) * scale)


def rain_percent(
    margin_db: ArrayLike,
    distance_km: ArrayLike,
    frequency_ghz: ArrayLike,
    rain_mmh: ArrayLike,
    tilt_deg: ArrayLike = 90.0,
) -> Array:
    """Share of the average year for which rain takes more than a margin, in %.

    The inverse of `rain_db`, exact. The method ends at 0.001 and 1 %: a rarer outage reads 0.001, a more
    frequent one 1; both are bounds.
    """
    check_range("margin_db", margin_db, 1e-6, 1e3, RECOMMENDATION)
    c1, c2, c3 = _rain_slopes(frequency_ghz)
    full = np.maximum(_rain_001_db(distance_km, frequency_ghz, rain_mmh, tilt_deg), 1e-12)
    need = np.log10(np.asarray(margin_db, dtype=np.float64) / (full * c1))
    # c3 x^2 + c2 x + need = 0, the root on the side where attenuation falls with the share of time
    root = (-c2 + np.sqrt(np.maximum(c2**2 - 4.0 * c3 * need, 0.0))) / (2.0 * c3)
    low, high = RANGES["rain_percent"]
    return np.asarray(10.0 ** np.clip(root, np.log10(low), np.log10(high)))


def unavailability_percent(
    margin_db: ArrayLike,
    distance_km: ArrayLike,
    frequency_ghz: ArrayLike,
    height_a_m: ArrayLike,
    height_b_m: ArrayLike,
    latitude_deg: ArrayLike,
    *,
    rain_mmh: ArrayLike,
    dn1: ArrayLike,
    tilt_deg: ArrayLike = 90.0,
) -> Array:
    """Share of the average year for which a hop has no margin left, in %: multipath and rain, added.

    The two do not come together: rain mixes the air whose layers cause multipath, so their times add
    (section 2.3 and 2.4). Multipath by `quick_occurrence_percent`, over the year by `annual_factor_db`.
    """
    p0 = quick_occurrence_percent(distance_km, frequency_ghz, height_a_m, height_b_m, dn1=dn1)
    factor = annual_factor_db(distance_km, height_a_m, height_b_m, latitude_deg)
    still = multipath_percent(margin_db, p0, factor)
    return np.asarray(still + rain_percent(margin_db, distance_km, frequency_ghz, rain_mmh, tilt_deg))
