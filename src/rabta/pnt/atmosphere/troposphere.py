"""Delay of the neutral air: Saastamoinen's zenith delays over a standard atmosphere, and mappings to slant.

Zenith delays: Saastamoinen 1972 with the constants of Davis et al. 1985 (equations A11 to A13).
Standard air: ICAO Doc 7488 (pressure, temperature) with a constant relative humidity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.pnt import gnsstime
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

HUMIDITY = 0.7  # gives 11.9 hPa of vapour at the sea; UNB3's yearly mean at 45 degrees is 11.66 hPa
_LOW_M, _HIGH_M = -1_000.0, 20_000.0
_TROPOPAUSE_M = 11_000.0


def standard_air(height_m: ArrayLike, humidity: float = HUMIDITY) -> tuple[Array, Array, Array]:
    """Pressure (hPa), temperature (K) and vapour pressure (hPa) of the standard atmosphere.

    ICAO Doc 7488 to 20 km (equations 12 and 13); vapour: `humidity` of the saturation pressure of
    Buck 1981. Heights from -1 to 20 km above the sea.

    Examples
    --------
    >>> [round(float(x), 2) for x in standard_air(5_000.0)]
    [540.2, 255.65, 1.09]
    """
    h = np.asarray(height_m, dtype=np.float64)
    check_range("height_m", h, _LOW_M, _HIGH_M, "the standard atmosphere")
    below = np.minimum(h, _TROPOPAUSE_M)
    kelvin = 288.15 - 0.0065 * below
    pressure = 1013.25 * (kelvin / 288.15) ** 5.25588 * np.exp((below - h) / 6341.62)
    celsius = kelvin - 273.15
    vapour = humidity * 6.1121 * np.exp(17.502 * celsius / (240.97 + celsius))
    return pressure, kelvin, np.asarray(vapour)


def hydrostatic_zenith_m(pressure_hpa: ArrayLike, lat_deg: ArrayLike, height_m: ArrayLike) -> Array:
    """Zenith delay of dry air in equilibrium, from the pressure at the antenna: Davis et al. 1985, A11.

    Examples
    --------
    >>> round(float(hydrostatic_zenith_m(1013.25, 45.0, 0.0)), 4)
    2.307
    """
    gravity = 1.0 - 0.00266 * np.cos(2.0 * np.radians(lat_deg)) - 2.8e-7 * np.asarray(height_m)
    return np.asarray(0.0022768 * np.asarray(pressure_hpa) / gravity)


def wet_zenith_m(kelvin: ArrayLike, vapour_hpa: ArrayLike) -> Array:
    """Zenith delay of water vapour from surface values: Saastamoinen 1972."""
    return np.asarray(0.002277 * (1255.0 / np.asarray(kelvin) + 0.05) * np.asarray(vapour_hpa))


def simple_mapping(elevation_deg: ArrayLike) -> Array:
    """Slant over zenith delay: Black and Eisner 1984, as in RTCA DO-229 appendix A.4.2.4; from 2 degrees.

    Examples
    --------
    >>> round(float(simple_mapping(5.0)), 2)
    10.22
    """
    e = np.asarray(elevation_deg, dtype=np.float64)
    check_range("elevation_deg", e, 2.0, 90.0, "the mapping of Black and Eisner")
    return np.asarray(1.001 / np.sqrt(0.002001 + np.sin(np.radians(e)) ** 2))


def saastamoinen_m(
    lat_deg: ArrayLike, height_m: ArrayLike, elevation_deg: ArrayLike, *, humidity: float = HUMIDITY
) -> Array:
    """Slant delay in the standard atmosphere, in metres.

    Parameters
    ----------
    lat_deg, height_m, elevation_deg : array_like
        Of the receiver (height above the sea; that above the ellipsoid differs by up to 100 m: 3 cm) and
        of the ray; broadcast against each other.
    humidity : float
        Relative, 0 to 1.

    Examples
    --------
    >>> round(float(saastamoinen_m(33.7, 540.0, 90.0)), 3)
    2.262
    """
    check_range("humidity", humidity, 0.0, 1.0, "relative humidity")
    pressure, kelvin, vapour = standard_air(height_m, humidity)
    zenith = hydrostatic_zenith_m(pressure, lat_deg, height_m) + wet_zenith_m(kelvin, vapour)
    return np.asarray(zenith * simple_mapping(elevation_deg))


# Niell 1996, table 3: latitudes 15, 30, 45, 60, 75 degrees; a, b, c of the hydrostatic mean, of its yearly
# amplitude, and of the wet mapping.
_LATITUDES = np.array([15.0, 30.0, 45.0, 60.0, 75.0])
_DRY = np.array(
    [
        (1.2769934e-3, 1.2683230e-3, 1.2465397e-3, 1.2196049e-3, 1.2045996e-3),
        (2.9153695e-3, 2.9152299e-3, 2.9288445e-3, 2.9022565e-3, 2.9024912e-3),
        (62.610505e-3, 62.837393e-3, 63.721774e-3, 63.824265e-3, 64.258455e-3),
    ]
)
_SEASON = np.array(
    [
        (0.0, 1.2709626e-5, 2.6523662e-5, 3.4000452e-5, 4.1202191e-5),
        (0.0, 2.1414979e-5, 3.0160779e-5, 7.2562722e-5, 11.723375e-5),
        (0.0, 9.0128400e-5, 4.3497037e-5, 84.795348e-5, 170.37206e-5),
    ]
)
_WET = np.array(
    [
        (5.8021897e-4, 5.6794847e-4, 5.8118019e-4, 5.9727542e-4, 6.1641693e-4),
        (1.4275268e-3, 1.5138625e-3, 1.4572752e-3, 1.5007428e-3, 1.7599082e-3),
        (4.3472961e-2, 4.6729510e-2, 4.3908931e-2, 4.4626982e-2, 5.4736038e-2),
    ]
)
_HEIGHT = (2.53e-5, 5.49e-3, 1.14e-3)


def _year(time: ArrayLike, lat_deg: ArrayLike, south_day: float = 28.0 + 365.25 / 2.0) -> Array:
    """Cosine of the season: one on 28 January in the north, on ``south_day`` in the south."""
    date = gnsstime.to_utc(time)
    start = date.astype("datetime64[Y]")
    day = (date - start).astype("timedelta64[s]").astype(np.int64) / 86_400.0 + 1.0
    winter = np.where(np.asarray(lat_deg) < 0.0, south_day, 28.0)
    return np.asarray(np.cos(2.0 * np.pi * (day - winter) / 365.25))


def _between(table: Array, lat_deg: ArrayLike) -> list[Array]:
    """Rows of a table at latitudes, linear between 15 and 75 degrees and constant beyond."""
    return [np.interp(np.abs(np.asarray(lat_deg, dtype=np.float64)), _LATITUDES, row) for row in table]


def _continued(sine: Array, a: ArrayLike, b: ArrayLike, c: ArrayLike) -> Array:
    """Marini's continued fraction, one at the zenith: Niell 1996, equation 4."""
    a, b, c = np.asarray(a), np.asarray(b), np.asarray(c)
    return np.asarray((1.0 + a / (1.0 + b / (1.0 + c))) / (sine + a / (sine + b / (sine + c))))


def niell(
    lat_deg: ArrayLike, height_m: ArrayLike, elevation_deg: ArrayLike, time: ArrayLike
) -> tuple[Array, Array]:
    """Hydrostatic and wet mapping functions of Niell 1996 (JGR 101, B2), from 3 degrees of elevation.

    Parameters
    ----------
    lat_deg, height_m, elevation_deg : array_like
        Of the receiver (height above the sea) and the ray.
    time : array_like
        Nanoseconds of GPS time; the season counts.
    """
    e = np.asarray(elevation_deg, dtype=np.float64)
    check_range("elevation_deg", e, 3.0, 90.0, "Niell's mapping functions")
    sine, season = np.sin(np.radians(e)), _year(time, lat_deg)
    mean, swing = _between(_DRY, lat_deg), _between(_SEASON, lat_deg)
    dry = _continued(sine, *(m - s * season for m, s in zip(mean, swing, strict=True)))
    height = (1.0 / sine - _continued(sine, *_HEIGHT)) * np.asarray(height_m) / 1e3
    return dry + height, _continued(sine, *_between(_WET, lat_deg))


# RTCA DO-229D, table A-2 (UNB3): pressure (hPa), temperature (K), vapour pressure (hPa), lapse rate (K/m),
# vapour's lapse at the latitudes above; then the seasonal parts.
_MEAN_AIR = np.array(
    [
        (1013.25, 1017.25, 1015.75, 1011.75, 1013.00),
        (299.65, 294.15, 283.15, 272.15, 263.65),
        (26.31, 21.79, 11.66, 6.78, 4.11),
        (6.30e-3, 6.05e-3, 5.58e-3, 5.39e-3, 4.53e-3),
        (2.77, 3.15, 2.57, 1.81, 1.55),
    ]
)
_SEASON_AIR = np.array(
    [
        (0.0, -3.75, -2.25, -1.75, -0.50),
        (0.0, 7.0, 11.0, 15.0, 14.5),
        (0.0, 8.85, 7.24, 5.36, 3.39),
        (0.0, 0.25e-3, 0.32e-3, 0.81e-3, 0.62e-3),
        (0.0, 0.33, 0.46, 0.74, 0.30),
    ]
)
_DRY_GAS, _GRAVITY, _MEAN_GRAVITY = 287.054, 9.80665, 9.784


def seasonal_zenith_m(lat_deg: ArrayLike, height_m: ArrayLike, time: ArrayLike) -> tuple[Array, Array]:
    """Hydrostatic and wet zenith delays of air that knows latitude and season.

    The UNB3 model as RTCA DO-229D has it (appendix A.4.2.4): about 5 cm of error in the zenith; heights from
    -1 to 20 km above the sea.
    """
    h = np.asarray(height_m, dtype=np.float64)
    check_range("height_m", h, _LOW_M, _HIGH_M, "the seasonal air of RTCA DO-229")
    season = _year(time, lat_deg, south_day=211.0)
    mean, swing = _between(_MEAN_AIR, lat_deg), _between(_SEASON_AIR, lat_deg)
    pressure, kelvin, vapour, lapse, fall = (m - s * season for m, s in zip(mean, swing, strict=True))
    aloft = 1.0 - lapse * h / kelvin
    power = _GRAVITY / (_DRY_GAS * lapse)
    dry = 1e-6 * 77.604 * _DRY_GAS * pressure / _MEAN_GRAVITY * aloft**power
    wet = 1e-6 * 382_000.0 * _DRY_GAS / (_MEAN_GRAVITY * (fall + 1.0) - lapse * _DRY_GAS) * vapour / kelvin
    return np.asarray(dry), np.asarray(wet * aloft ** ((fall + 1.0) * power - 1.0))


def seasonal_m(lat_deg: ArrayLike, height_m: ArrayLike, elevation_deg: ArrayLike, time: ArrayLike) -> Array:
    """Slant delay in metres: `seasonal_zenith_m` with the mappings of `niell`; from 3 degrees up."""
    dry, wet = seasonal_zenith_m(lat_deg, height_m, time)
    dry_map, wet_map = niell(lat_deg, height_m, elevation_deg, time)
    return np.asarray(dry * dry_map + wet * wet_map)
