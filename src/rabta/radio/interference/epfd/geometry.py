"""Angles of S.1503-4, part D6: to the geostationary arc (alpha, X), their signs, and at both stations.

Vectorised over satellites; positions are Earth-fixed in metres, the Earth is a sphere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.space.network import gso

F8 = NDArray[np.float64]

EARTH_M = 6_378_145.0  # S.1503-4, table 2
ARC_M = 42_164_200.0
MU_M3_S2 = 3.986012e14
J2 = 0.001082636
EARTH_RAD_S = 7.292115856e-5
ROUNDS = 40


def place(lat_deg: ArrayLike, lon_deg: ArrayLike, radius_m: float = EARTH_M) -> F8:
    """Position of a place, or of a satellite over it at a radius. S.1503-4, equations (8) to (10).

    Examples
    --------
    >>> place(0.0, 90.0).round(6).tolist()
    [0.0, 6378145.0, 0.0]
    """
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    parts = np.broadcast_arrays(np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat))
    return np.asarray(radius_m * np.stack(parts, axis=-1))


def unit(vector: F8) -> F8:
    """Vectors of length one along the last axis."""
    return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True))


def elevation_deg(station: F8, satellites: F8) -> F8:
    """Elevation of satellites over a spherical Earth."""
    return np.asarray(np.degrees(np.arcsin(np.clip(unit(satellites - station) @ unit(station), -1, 1))))


def off_axis_deg(station: F8, target: F8, satellites: F8) -> F8:
    """Angle at a station between a target and other satellites."""
    toward = unit(target - station)
    return np.asarray(np.degrees(np.arccos(np.clip(unit(satellites - station) @ toward, -1, 1))))


def antenna_frame(station: F8, target: F8) -> tuple[F8, F8]:
    """Horizontal vector across the axis of an antenna (to its right) and the one up of both."""
    axis, up = unit(target - station), unit(station)
    across = np.cross(axis, up)
    if np.linalg.norm(across) < 1e-9:  # the target is at the zenith: any horizontal way will do
        across = np.cross(axis, np.array([0.0, 0.0, 1.0]))
    across = unit(across)
    return across, np.cross(across, axis)


def visible_half_rad(station: F8) -> float:
    """Half the arc that a place sees, in longitude; -1 where it sees none. D6.4.4.4."""
    share = EARTH_M / ARC_M / max(float(np.hypot(station[0], station[1]) / np.linalg.norm(station)), 1e-12)
    return float(np.arccos(share)) if share < 1.0 else -1.0


def _cosine(origin: F8, toward: F8, longitude: F8) -> F8:
    arc = ARC_M * np.stack([np.cos(longitude), np.sin(longitude), np.zeros_like(longitude)], axis=-1)
    return np.asarray((unit(arc - origin) * toward).sum(axis=-1))


def nearest_longitude(origin: F8, toward: F8, half: ArrayLike, points: int = 721) -> tuple[F8, F8]:
    """Least angle (deg) between directions and the visible arc, and the longitude (rad) of its point.

    Found without derivatives: the best of many points of the arc, then golden sections around it.

    Parameters
    ----------
    origin : ndarray, shape (3,) or (n, 3)
        Where the angle is measured.
    toward : ndarray, shape (n, 3)
        Unit vectors.
    half : array_like
        Half the visible arc around the origin's meridian (rad).
    """
    origin = np.broadcast_to(origin, toward.shape)
    middle, reach = np.arctan2(origin[:, 1], origin[:, 0]), np.broadcast_to(half, toward.shape[:1])
    tried = middle[:, None] + reach[:, None] * np.linspace(-1.0, 1.0, points)
    best = _cosine(origin[:, None], toward[:, None], tried).argmax(axis=1)
    low, high = (tried[np.arange(len(best)), np.clip(best + k, 0, points - 1)] for k in (-1, 1))
    share = (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(ROUNDS):
        one, two = high - share * (high - low), low + share * (high - low)
        left = _cosine(origin, toward, one) > _cosine(origin, toward, two)
        low, high = np.where(left, low, one), np.where(left, two, high)
    ends = np.stack([(low + high) / 2.0, middle - reach, middle + reach])
    cosines = np.stack([_cosine(origin, toward, end) for end in ends])
    chosen = cosines.argmax(axis=0)
    rows = np.arange(len(best))
    angle = np.degrees(np.arccos(np.clip(cosines[chosen, rows], -1, 1)))
    return np.asarray(angle), np.asarray(np.angle(np.exp(1j * ends[chosen, rows])))


def sign_of_alpha(station: F8, satellites: F8) -> F8:
    """Sign of alpha and X: which side of the arc the satellite stands on. D6.4.4.1.

    Positive over a northern place where the line of sight meets the equator's plane within the arc.
    """
    way = satellites - station
    if station[2] == 0.0:
        return np.where(way[:, 2] > 0.0, -1.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        along = np.where(way[:, 2] == 0.0, -1.0, -station[2] / way[:, 2])
    meets = np.hypot(*(station + along[:, None] * way).T[:2])
    beyond = (along < 0.0) | (meets > ARC_M)
    return np.where(beyond == (station[2] > 0.0), -1.0, 1.0)


def alpha_deg(station: F8, satellites: F8) -> tuple[F8, F8]:
    """Signed angle to the arc at a station, and the longitude of its point less the satellite's (deg).

    180 degrees where no arc is seen.

    Examples
    --------
    >>> here = place(0.0, 0.0)
    >>> alpha_deg(here, place(10.0, 0.0, 7_378_145.0)[None])[0].round(3).tolist()
    [-55.277]
    """
    half = visible_half_rad(station)
    sub = np.arctan2(satellites[:, 1], satellites[:, 0])
    if half < 0.0:
        return np.full(len(satellites), 180.0), np.zeros(len(satellites))
    angle, longitude = nearest_longitude(station, unit(satellites - station), half)
    turned = (np.degrees(longitude - sub) + 180.0) % 360.0 - 180.0
    return sign_of_alpha(station, satellites) * angle, turned


def x_deg(station: F8, satellites: F8) -> tuple[F8, F8]:
    """Signed angle X at the satellites, and the difference of longitude, as `alpha_deg`.

    X is the angle at the satellite between the line to the place and those from the arc through the
    satellite (S.1503-2, D5.4.4); the arc is as much of it as the satellite sees.
    """
    radius = np.linalg.norm(satellites, axis=1)
    reach = np.arccos(EARTH_M / ARC_M) + np.arccos(EARTH_M / radius)
    turn = np.cos(reach) * radius / np.maximum(np.hypot(satellites[:, 0], satellites[:, 1]), 1.0)
    half = np.where(turn < 1.0, np.arccos(np.clip(turn, -1, 1)), 0.0)
    angle, longitude = nearest_longitude(satellites, unit(satellites - station), half)
    turned = np.degrees(longitude - np.arctan2(satellites[:, 1], satellites[:, 0]))
    return sign_of_alpha(station, satellites) * angle, (turned + 180.0) % 360.0 - 180.0


def azimuth_elevation_deg(station: F8, satellites: F8) -> tuple[F8, F8]:
    """Azimuth (east positive) and elevation (north positive) of a place at satellites, from nadir. D6.4.5."""
    toward = unit(station - satellites)
    down = -unit(satellites)
    flat = np.maximum(np.hypot(satellites[:, 0], satellites[:, 1]), 1e-6)
    east = np.stack([-satellites[:, 1], satellites[:, 0], np.zeros_like(flat)], axis=1) / flat[:, None]
    north = np.cross(-down, east)
    parts = [(toward * axis).sum(axis=1) for axis in (east, down, north)]
    return np.degrees(np.arctan2(parts[0], parts[1])), np.degrees(np.arcsin(np.clip(parts[2], -1, 1)))


def separation_deg(stations: F8, satellites: F8) -> F8:
    """Angle at places between satellites and the arc above the horizon, without sign: quick, for exclusions.

    Parameters
    ----------
    stations : ndarray, shape (place, 3)
    satellites : ndarray, shape (satellite, 3)

    Returns
    -------
    ndarray, shape (place, satellite)
        Infinity where a place sees no arc.

    Examples
    --------
    >>> here = place(30.0, 70.0)[None]
    >>> separation_deg(here, place(0.0, 38.0, ARC_M)[None]).round(3).tolist()
    [[0.0]]
    """
    return gso.separation_deg(stations, unit(stations), satellites)
