"""The WGS84 ellipsoid: geodetic and Earth-fixed coordinates, distances.

Angles are in degrees at the public face, lengths in metres.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

WGS84_A_M = 6_378_137.0  # NIMA TR8350.2, table 3.1
WGS84_F = 1.0 / 298.257223563  # NIMA TR8350.2, table 3.1
WGS84_E2 = WGS84_F * (2.0 - WGS84_F)
MEAN_RADIUS_M = 6_371_008.8  # (2a + b) / 3


def ecef_from_geodetic(lat_deg: ArrayLike, lon_deg: ArrayLike, height_m: ArrayLike = 0.0) -> Array:
    """Earth-fixed coordinates of geodetic positions.

    Parameters
    ----------
    lat_deg, lon_deg, height_m : array_like, shape (...)
        Geodetic latitude and longitude in degrees, height above the ellipsoid in metres.

    Returns
    -------
    ndarray, shape (..., 3)
        Metres. NIMA TR8350.2, equation 4-14.

    Examples
    --------
    >>> ecef_from_geodetic(0.0, 0.0, 0.0).tolist()
    [6378137.0, 0.0, 0.0]
    """
    lat, lon, h = np.broadcast_arrays(np.radians(lat_deg), np.radians(lon_deg), np.asarray(height_m, float))
    n = WGS84_A_M / np.sqrt(1.0 - WGS84_E2 * np.sin(lat) ** 2)
    horizontal = (n + h) * np.cos(lat)
    z = (n * (1.0 - WGS84_E2) + h) * np.sin(lat)
    return np.stack([horizontal * np.cos(lon), horizontal * np.sin(lon), z], axis=-1)


def east_north_up(lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
    """Rotation from Earth-fixed to local east, north, up axes.

    Returns
    -------
    ndarray, shape (..., 3, 3)
        Rows are the east, north and up unit vectors in Earth-fixed coordinates.
    """
    lat, lon = np.broadcast_arrays(np.radians(lat_deg), np.radians(lon_deg))
    zero = np.zeros_like(lat)
    east = np.stack([-np.sin(lon), np.cos(lon), zero], axis=-1)
    north = np.stack([-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)], axis=-1)
    up = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    return np.stack([east, north, up], axis=-2)


def geodetic_from_ecef(position_m: ArrayLike) -> tuple[Array, Array, Array]:
    """Geodetic latitude, longitude (degrees) and height (metres) of Earth-fixed positions, shape (..., 3).

    Bowring's iteration (Survey Review 1976, equation 4), three rounds: below a nanometre from 6,000 km
    under the surface to beyond the Moon.

    Examples
    --------
    >>> [round(float(x), 9) for x in geodetic_from_ecef(ecef_from_geodetic(33.7, 73.1, 540.0))]
    [33.7, 73.1, 540.0]
    """
    x, y, z = np.moveaxis(np.asarray(position_m, dtype=np.float64), -1, 0)
    p = np.hypot(x, y)
    b = WGS84_A_M * (1.0 - WGS84_F)
    second = WGS84_E2 / (1.0 - WGS84_E2)
    reduced = np.arctan2(z * WGS84_A_M, p * b)
    for _ in range(3):
        sine, cosine = np.sin(reduced), np.cos(reduced)
        lat = np.arctan2(z + second * b * sine**3, p - WGS84_E2 * WGS84_A_M * cosine**3)
        reduced = np.arctan2((1.0 - WGS84_F) * np.sin(lat), np.cos(lat))
    n = WGS84_A_M / np.sqrt(1.0 - WGS84_E2 * np.sin(lat) ** 2)
    height = p * np.cos(lat) + z * np.sin(lat) - WGS84_A_M**2 / n
    return np.degrees(lat), np.degrees(np.arctan2(y, x)), np.asarray(height)


def look_angles(position_m: ArrayLike, target_m: ArrayLike) -> tuple[Array, Array]:
    """Azimuth (0 to 360) and elevation in degrees of targets seen from Earth-fixed positions.

    Both have shape (..., 3), metres, and broadcast against each other; the horizon is the ellipsoid's.

    Examples
    --------
    >>> here, up = ecef_from_geodetic(10.0, 20.0, 0.0), ecef_from_geodetic(10.0, 20.0, 1e6)
    >>> round(float(look_angles(here, up)[1]), 6)
    90.0
    """
    here = np.asarray(position_m, dtype=np.float64)
    lat, lon, _ = geodetic_from_ecef(here)
    way = np.asarray(target_m, dtype=np.float64) - here
    east, north, up = np.moveaxis(np.einsum("...ij,...j->...i", east_north_up(lat, lon), way), -1, 0)
    azimuth = np.degrees(np.arctan2(east, north)) % 360.0
    return azimuth, np.degrees(np.arctan2(up, np.hypot(east, north)))


def great_circle_m(lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike) -> Array:
    """Great-circle distance on the mean sphere (haversine; within 0.6 % of the geodesic).

    Parameters
    ----------
    lat1, lon1, lat2, lon2 : array_like
        Degrees; broadcast against each other.

    Examples
    --------
    >>> round(float(great_circle_m(0.0, 0.0, 90.0, 0.0)) / 1e3)  # equator to pole
    10008
    """
    p1, p2 = np.radians(lat1), np.radians(lat2)
    half_dlat = (p2 - p1) / 2.0
    half_dlon = np.radians(np.subtract(lon2, lon1)) / 2.0
    h = np.sin(half_dlat) ** 2 + np.cos(p1) * np.cos(p2) * np.sin(half_dlon) ** 2
    return np.asarray(2.0 * MEAN_RADIUS_M * np.arcsin(np.sqrt(h)))
