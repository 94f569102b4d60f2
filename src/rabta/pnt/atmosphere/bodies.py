"""Sun and Moon in the Earth-fixed frame, as tides and satellites' attitudes need them.

Montenbruck and Gill, "Satellite Orbits" (2000), section 3.3.2: the Sun to 0.1 %, the Moon to a few
arc minutes and 500 km, so that a tide of 30 cm is right to a millimetre.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import times
from rabta.pnt import gnsstime

Array = NDArray[np.float64]

TT_GPST_S = 51.184  # TT = TAI + 32.184 s, TAI = GPST + 19 s
_J2000 = np.datetime64("2000-01-01T12:00:00", "ns")
_OBLIQUITY = np.radians(23.43929111)

# Longitude of the Moon in arc seconds: amplitude and multiples of l, l', F, D.
_LONGITUDE = (
    (22640, 1, 0, 0, 0), (769, 2, 0, 0, 0), (-4586, 1, 0, 0, -2), (2370, 0, 0, 0, 2), (-668, 0, 1, 0, 0),
    (-412, 0, 0, 2, 0), (-212, 2, 0, 0, -2), (-206, 1, 1, 0, -2), (192, 1, 0, 0, 2), (-165, 0, 1, 0, -2),
    (148, 1, -1, 0, 0), (-125, 0, 0, 0, 1), (-110, 1, 1, 0, 0), (-55, 0, 0, 2, -2),
)  # fmt: skip
_LATITUDE = (
    (-526, 0, 0, 1, -2), (44, 1, 0, 1, -2), (-31, -1, 0, 1, -2), (-25, -2, 0, 1, 0), (-23, 0, 1, 1, -2),
    (21, -1, 0, 1, 0), (11, 0, -1, 1, -2),
)  # fmt: skip
# Distance in kilometres, cosines.
_DISTANCE = (
    (-20905, 1, 0, 0, 0), (-3699, 1, 0, 0, -2), (-2956, 0, 0, 0, 2), (-570, 2, 0, 0, 0), (246, 2, 0, 0, -2),
    (-205, 0, 1, 0, -2), (-171, 1, 0, 0, 2), (-152, 1, 1, 0, -2),
)  # fmt: skip


def centuries(time: ArrayLike) -> Array:
    """Julian centuries of terrestrial time since J2000 at instants."""
    days = (gnsstime.calendar(time) - _J2000).astype(np.int64) / 86_400e9
    return np.asarray((days + TT_GPST_S / 86_400.0) / 36_525.0)


def _sum(rows: tuple[tuple[int, ...], ...], arguments: Array, wave: np.ufunc) -> Array:
    table = np.array(rows, dtype=np.float64)
    return np.asarray(wave(arguments @ table[:, 1:].T) @ table[:, 0])


def _fixed(longitude: Array, latitude: Array, distance: Array, time: ArrayLike) -> Array:
    """Earth-fixed vector of ecliptic coordinates of date."""
    flat = np.cos(latitude)
    x, y, z = flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)
    tilt = _OBLIQUITY - np.radians(0.0130042) * centuries(time)
    equator = y * np.cos(tilt) - z * np.sin(tilt)
    height = y * np.sin(tilt) + z * np.cos(tilt)
    utc = gnsstime.to_utc(time)
    day = utc.astype("datetime64[D]")
    julian = (day - np.datetime64("1970-01-01")).astype(np.int64) + 2_440_587.5
    angle = times.gmst_rad(julian, (utc - day).astype(np.int64) / 86_400e9)
    east, west = np.cos(angle), np.sin(angle)
    turned = np.stack([x * east + equator * west, equator * east - x * west, height], axis=-1)
    return np.asarray(distance[..., None] * turned)


def sun_m(time: ArrayLike) -> Array:
    """Earth-fixed position of the Sun at instants, shape (..., 3), metres."""
    t = centuries(time)
    anomaly = np.radians(357.5256 + 35_999.049 * t)
    waves = 6892.0 * np.sin(anomaly) + 72.0 * np.sin(2.0 * anomaly)
    longitude = np.radians(282.9400 + 1.3972 * t + waves / 3600.0) + anomaly
    distance = (149.619 - 2.499 * np.cos(anomaly) - 0.021 * np.cos(2.0 * anomaly)) * 1e9
    return _fixed(longitude, np.zeros_like(longitude), distance, time)


def moon_m(time: ArrayLike) -> Array:
    """Earth-fixed position of the Moon at instants, shape (..., 3), metres."""
    t = centuries(time)
    mean = 218.31617 + 481_267.88088 * t
    rates = (
        (134.96292, 477_198.86753),
        (357.52543, 35_999.04944),
        (93.27283, 483_202.01873),
        (297.85027, 445_267.11135),
    )
    arguments = np.stack([np.radians(at + rate * t) for at, rate in rates], axis=-1)
    waves = _sum(_LONGITUDE, arguments, np.sin)
    second = 412.0 * np.sin(2.0 * arguments[..., 2]) + 541.0 * np.sin(arguments[..., 1])
    node = arguments[..., 2] + np.radians((waves + second) / 3600.0)
    latitude = 18_520.0 * np.sin(node) + _sum(_LATITUDE, arguments, np.sin)
    distance = (385_000.0 + _sum(_DISTANCE, arguments, np.cos)) * 1e3
    return _fixed(np.radians(mean + waves / 3600.0), np.radians(latitude / 3600.0), distance, time)
