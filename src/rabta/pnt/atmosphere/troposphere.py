"""Delay of the neutral air: Saastamoinen's zenith delays over a standard atmosphere, and mappings to slant.

Zenith delays: Saastamoinen 1972 with the constants of Davis et al. 1985 (equations A11 to A13).
Standard air: ICAO Doc 7488 (pressure, temperature) with a constant relative humidity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
