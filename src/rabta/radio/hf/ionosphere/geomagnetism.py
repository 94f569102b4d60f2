"""The magnetic field as the ionospheric maps know it: dip, gyrofrequency, modified dip (ITU-R P.1239-3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.itu import check_range

Array = NDArray[np.float64]

EARTH_KM = 6371.2
# Gauss coefficients of degree 1 to 6, ITU-R P.1239-3, table 3: the field of 1960 to which the maps belong.
# They belong to Legendre functions whose leading factor is 1, so they are not Schmidt's.
_G = (
    (0.304112, 0.021474),
    (0.024035, -0.051253, -0.013381),
    (-0.031518, 0.062130, -0.024898, -0.006496),
    (-0.041794, -0.045298, -0.021795, 0.007008, -0.002044),
    (0.016256, -0.034407, -0.019447, -0.000608, 0.002775, 0.000697),
    (-0.019523, -0.004853, 0.003212, 0.021413, 0.001051, 0.000227, 0.001115),
)
_H = (
    (0.0, -0.057989),
    (0.0, 0.033124, -0.001579),
    (0.0, 0.014870, -0.004075, 0.000210),
    (0.0, -0.011825, 0.010006, 0.000430, 0.001385),
    (0.0, -0.000796, -0.002000, 0.004597, 0.002421, -0.001218),
    (0.0, -0.005758, -0.008735, -0.003406, -0.000118, -0.001116, -0.000325),
)
_POLE_LAT, _POLE_LON = 78.5, -68.2


def _legendre(lat: Array) -> dict[tuple[int, int], tuple[Array, Array]]:
    """Functions and their derivatives by colatitude, by degree and order. ITU-R P.1239-3, equation (8)."""
    s, c = np.sin(lat), np.cos(lat)
    zero = np.zeros_like(s)
    found = {(0, 0): (np.ones_like(s), zero)}
    for n in range(1, 7):
        p, d = found[n - 1, n - 1]
        for m in range(n):
            p1, d1 = found[n - 1, m]
            p2, d2 = found.get((n - 2, m), (zero, zero))
            k = ((n - 1) ** 2 - m**2) / ((2 * n - 1) * (2 * n - 3)) if n > 1 else 0.0
            found[n, m] = (s * p1 - k * p2, s * d1 - c * p1 - k * d2)
        found[n, n] = (c * p, c * d + s * p)
    return found


def field(lat_deg: ArrayLike, lon_deg: ArrayLike, height_km: float) -> tuple[Array, Array, Array]:
    """Field to the north, to the east and downwards in gauss. ITU-R P.1239-3, equations (5) to (7).

    Parameters
    ----------
    lat_deg, lon_deg : array_like
        Degrees; a pole is taken as a point 0.01 degree from it.
    height_km : float
        Above the ground; 0 to 2,000 km.
    """
    check_range("lat_deg", lat_deg, -90.0, 90.0, "ITU-R P.1239-3")
    check_range("height_km", height_km, 0.0, 2000.0, "ITU-R P.1239-3")
    lat = np.radians(np.clip(np.asarray(lat_deg, dtype=np.float64), -89.99, 89.99))
    lon = np.radians(np.asarray(lon_deg, dtype=np.float64))
    lat, lon = np.broadcast_arrays(lat, lon)
    table = _legendre(lat)
    x, y, z = np.zeros_like(lat), np.zeros_like(lat), np.zeros_like(lat)
    for n in range(1, 7):
        ratio = (EARTH_KM / (EARTH_KM + height_km)) ** (n + 2)
        for m in range(n + 1):
            p, d = table[n, m]
            g, h = _G[n - 1][m], _H[n - 1][m]
            along = g * np.cos(m * lon) + h * np.sin(m * lon)
            x = x - ratio * d * along
            y = y + ratio * m * p * (g * np.sin(m * lon) - h * np.cos(m * lon)) / np.cos(lat)
            z = z + ratio * (n + 1) * p * along
    return x, y, z


def dip_deg(lat_deg: ArrayLike, lon_deg: ArrayLike, height_km: float = 300.0) -> Array:
    """Magnetic dip in degrees, positive in the north. ITU-R P.1239-3, equation (9).

    Examples
    --------
    >>> round(float(dip_deg(33.7, 73.1)))
    50
    """
    x, y, z = field(lat_deg, lon_deg, height_km)
    return np.asarray(np.degrees(np.arctan2(z, np.hypot(x, y))))


def gyrofrequency_mhz(lat_deg: ArrayLike, lon_deg: ArrayLike, height_km: float) -> Array:
    """Gyrofrequency of electrons in MHz. ITU-R P.1239-3, equation (11)."""
    x, y, z = field(lat_deg, lon_deg, height_km)
    return np.asarray(2.8 * np.sqrt(x**2 + y**2 + z**2))


def modified_dip_deg(lat_deg: ArrayLike, lon_deg: ArrayLike, height_km: float = 300.0) -> Array:
    """Modified dip in degrees: the coordinate of the maps. ITU-R P.1239-3, equation (4)."""
    lat = np.radians(np.clip(np.asarray(lat_deg, dtype=np.float64), -89.99, 89.99))
    dip = np.radians(dip_deg(lat_deg, lon_deg, height_km))
    return np.asarray(np.degrees(np.arctan2(dip, np.sqrt(np.cos(lat)))))


def geomagnetic_latitude_deg(lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
    """Latitude by the dipole whose pole is at 78.5 N 68.2 W, as ITU-R P.533-14 has it."""
    lat, pole = np.radians(np.asarray(lat_deg, dtype=np.float64)), np.radians(_POLE_LAT)
    turn = np.radians(np.asarray(lon_deg, dtype=np.float64) - _POLE_LON)
    sine = np.sin(lat) * np.sin(pole) + np.cos(lat) * np.cos(pole) * np.cos(turn)
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))))
