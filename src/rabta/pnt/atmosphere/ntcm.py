"""NTCM-G: Galileo's broadcast coefficients without the grids and integrals of NeQuick-G.

European Commission, "NTCM-G Ionospheric Model Description", version 1.0 (May 2022): the European
GNSS programme's own second model for the same three broadcast coefficients, on a shell at 450 km.
NeQuick-G itself needs the CCIR's maps (about 35,000 numbers) and an integral along each ray; the
document reports like accuracy for both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import gnsstime

Array = NDArray[np.float64]

# Table 4 of the document: k1 to k12
_K = (
    *(0.92519, 0.16951, 0.00443, 0.06626, 0.00899, 0.21289),
    *(-0.15414, -0.38439, 1.14023, 1.20556, 1.41808, 0.13985),
)
_EARTH_KM, _SHELL_KM = 6371.0, 450.0
_POLE_LAT, _POLE_LON = np.radians(79.74), np.radians(-71.78)  # geomagnetic north pole
_CRESTS = ((16.0, 12.0, _K[8]), (-10.0, 13.0, _K[9]))  # degrees north, width, height of the equatorial crests


def ionisation(coefficients: ArrayLike) -> float:
    """The effective ionisation level Az in solar flux units, averaged over the Earth: equation 2."""
    a = np.asarray(coefficients, dtype=np.float64)
    if a.shape != (3,) or not np.isfinite(a).all():
        raise RabtaError(
            "NTCM-G takes Galileo's three coefficients", key="coefficients", value=a, expected="shape (3,)"
        )
    square = a[0] ** 2 + 1633.33 * a[1] ** 2 + 4_802_000.0 * a[2] ** 2 + 3266.67 * a[0] * a[2]
    return float(np.sqrt(square))


def calendar(time: ArrayLike) -> tuple[Array, Array]:
    """Day of the year (from 1) and hours of the UTC day of instants."""
    utc = gnsstime.to_utc(time)
    day = utc.astype("datetime64[D]")
    of_year = (day - utc.astype("datetime64[Y]")).astype(np.int64) + 1
    return of_year.astype(np.float64), (utc - day).astype(np.int64) / 3.6e12


def vertical_tecu(level: float, lat: ArrayLike, lon: ArrayLike, time: ArrayLike) -> Array:
    """Vertical content above geographic places (radians), TECu: equations 3 to 15 and 27 to 31."""
    lat, lon = np.asarray(lat, dtype=np.float64), np.asarray(lon, dtype=np.float64)
    day, hour = calendar(time)
    local = hour + np.degrees(lon) / 15.0
    waves = [2.0 * np.pi * (local - 14.0) / 24.0, 2.0 * np.pi * local / 12.0, 2.0 * np.pi * local / 8.0]
    sun = np.radians(23.44 * np.sin(np.radians(0.9856 * (day - 80.7))))
    height = np.cos(lat - sun)
    swing = _K[0] * np.cos(waves[0]) + _K[1] * np.cos(waves[1]) + _K[2] * np.sin(waves[1])
    swing = swing + _K[3] * np.cos(waves[2]) + _K[4] * np.sin(waves[2])
    daily = height + 0.4 + (height - 2.0 * lat * np.sin(sun) / np.pi) * swing
    year = 2.0 * np.pi / 365.25
    yearly = 1.0 + _K[5] * np.cos(year * (day - 18.0)) + _K[6] * np.cos(2.0 * year * (day - 6.0))
    sine = np.sin(lat) * np.sin(_POLE_LAT) + np.cos(lat) * np.cos(_POLE_LAT) * np.cos(lon - _POLE_LON)
    magnetic = np.arcsin(np.clip(sine, -1.0, 1.0))
    crests = 1.0 + sum(
        k * np.exp(-((np.degrees(magnetic) - at) ** 2) / (2.0 * width**2)) for at, width, k in _CRESTS
    )
    return np.asarray(daily * yearly * (1.0 + _K[7] * np.cos(magnetic)) * crests * (_K[10] + _K[11] * level))


def slant_tecu(
    coefficients: ArrayLike,
    receiver_m: ArrayLike,
    satellite_m: ArrayLike,
    time: ArrayLike,
) -> Array:
    """Content along rays, TECu: equations 24 to 26 and 32 to 34. Arguments as of `delay_m`.

    As in the document, the arc sine of equation 26 folds rays that cross the pole (its own test vectors
    do: up to 5 TECu from a receiver at 82 degrees north).
    """
    lat, lon, _ = (np.radians(item) for item in geo.geodetic_from_ecef(receiver_m))
    azimuth, elevation = (np.radians(item) for item in geo.look_angles(receiver_m, satellite_m))
    ratio = _EARTH_KM / (_EARTH_KM + _SHELL_KM)
    centre = np.pi / 2.0 - elevation - np.arcsin(ratio * np.cos(elevation))
    sine = np.sin(lat) * np.cos(centre) + np.cos(lat) * np.sin(centre) * np.cos(azimuth)
    there = np.arcsin(np.clip(sine, -1.0, 1.0))
    away = np.arcsin(np.clip(np.sin(centre) * np.sin(azimuth) / np.cos(there), -1.0, 1.0))
    mapping = 1.0 / np.sqrt(1.0 - (ratio * np.sin(0.9782 * (np.pi / 2.0 - elevation))) ** 2)
    return np.asarray(mapping * vertical_tecu(ionisation(coefficients), there, lon + away, time))


def delay_m(
    coefficients: ArrayLike,
    receiver_m: ArrayLike,
    satellite_m: ArrayLike,
    time: ArrayLike,
    frequency_hz: ArrayLike,
) -> Array:
    """Slant delay of the ionosphere.

    Parameters
    ----------
    coefficients : array_like, shape (3,)
        ai0 to ai2 as Galileo broadcasts them: sfu, sfu/degree, sfu/degree^2.
    receiver_m, satellite_m : array_like, shape (..., 3)
        Earth-fixed positions.
    time : array_like, shape (...)
        Nanoseconds of GPS time.
    frequency_hz : array_like, shape (...)

    Returns
    -------
    ndarray, shape (...)
        Metres at the frequency given. All arguments broadcast against each other.
    """
    content = slant_tecu(coefficients, receiver_m, satellite_m, time)
    return np.asarray(content * 40.3e16 / np.asarray(frequency_hz, dtype=np.float64) ** 2)
