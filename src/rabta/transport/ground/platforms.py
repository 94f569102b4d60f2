"""High-altitude platforms and aircraft: where they are, and which node on the ground sees them.

Line of sight is over a round Earth of 4/3 of its radius (the standard refractivity gradient, ITU-R P.310),
from an antenna on the ground at the node's own height: terrain around the node is not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import geo
from rabta.scenario import Platform

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

EFFECTIVE_RADIUS_M = 4.0 / 3.0 * geo.MEAN_RADIUS_M


def radio_horizon_m(height_m: ArrayLike) -> F8:
    """Distance along the ground at which something of a height is seen from the ground.

    Parameters
    ----------
    height_m : array_like
        Above the ground from which it is seen; nothing below it is seen.

    Examples
    --------
    >>> round(float(radio_horizon_m(20_000.0)) / 1e3)
    582
    """
    ratio = EFFECTIVE_RADIUS_M / (
        EFFECTIVE_RADIUS_M + np.maximum(np.asarray(height_m, dtype=np.float64), 0.0)
    )
    return np.asarray(EFFECTIVE_RADIUS_M * np.arccos(ratio))


def platform_positions(
    platforms: Sequence[Platform], times: NDArray[np.datetime64], start: np.datetime64
) -> F8:
    """Where platforms are.

    Parameters
    ----------
    times : ndarray of datetime64, shape (time,)
    start : datetime64
        When aircraft are at their first waypoint (the first instant of the scenario). They fly great circles
        at their speed, turn at the last waypoint, and come back.

    Returns
    -------
    ndarray, shape (time, platform, 3)
        Latitude and longitude in degrees, height above the ellipsoid in metres.
    """
    elapsed_s = (times - start) / np.timedelta64(1, "s")
    out = np.empty((elapsed_s.size, len(platforms), 3))
    for k, platform in enumerate(platforms):
        out[:, k, :2] = _flown(platform, elapsed_s) if platform.waypoints else _place(platform)
        out[:, k, 2] = platform.height_m
    return out


def _place(platform: Platform) -> tuple[float, float]:
    assert platform.lat_deg is not None  # the scenario refuses a platform that is nowhere
    assert platform.lon_deg is not None
    return platform.lat_deg, platform.lon_deg


def _flown(platform: Platform, elapsed_s: F8) -> F8:
    """Latitude and longitude on the way, shape (time, 2)."""
    lat, lon = np.radians(np.array(platform.waypoints)).T
    point = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    legs = 2.0 * np.arcsin(np.clip(np.linalg.norm(np.diff(point, axis=0), axis=-1) / 2.0, 0.0, 1.0))
    passed = np.concatenate([[0.0], np.cumsum(legs)])
    angle = elapsed_s * float(platform.speed_km_h or 0.0) / 3.6 / geo.MEAN_RADIUS_M
    angle = passed[-1] - np.abs(np.mod(angle, 2.0 * passed[-1]) - passed[-1])
    leg = np.clip(np.searchsorted(passed, angle, side="right") - 1, 0, legs.size - 1)
    whole, part = legs[leg], angle - passed[leg]
    there = np.sin(whole - part)[:, None] * point[leg] + np.sin(part)[:, None] * point[leg + 1]
    north, east = np.hypot(there[:, 0], there[:, 1]), np.arctan2(there[:, 1], there[:, 0])
    return np.asarray(np.degrees(np.stack([np.arctan2(there[:, 2], north), east], axis=-1)))


def nearest_seen(position: F8, sites: F8) -> tuple[I8, F8]:
    """Nearest site that sees each platform.

    Parameters
    ----------
    position : ndarray, shape (..., 3)
        Latitude, longitude, height of platforms.
    sites : ndarray, shape (site, 3)
        The same of nodes on the ground.

    Returns
    -------
    site : ndarray of int64, shape (...)
        Row of `sites`, -1 where none sees the platform.
    slant_m : ndarray, shape (...)
        Straight distance, infinity where there is none.
    """
    if not sites.size:
        return np.full(position.shape[:-1], -1), np.full(position.shape[:-1], np.inf)
    up = position[..., None, :]
    along = geo.great_circle_m(up[..., 0], up[..., 1], sites[:, 0], sites[:, 1])
    seen = along <= radio_horizon_m(up[..., 2] - sites[:, 2])
    away = geo.ecef_from_geodetic(*np.moveaxis(up, -1, 0)) - geo.ecef_from_geodetic(*sites.T)
    slant = np.where(seen, np.linalg.norm(away, axis=-1), np.inf)
    best = slant.argmin(axis=-1)
    least = np.take_along_axis(slant, best[..., None], axis=-1)[..., 0]
    return np.where(np.isfinite(least), best, -1), least
