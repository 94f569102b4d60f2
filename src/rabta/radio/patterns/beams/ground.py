"""Beams on the ground: frames of satellites, footprints, and cells that stay over a place."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.geo import ecef_from_geodetic
from rabta.radio.itu import check_range
from rabta.radio.patterns.beams.layouts import Layout, hexagonal, unit

Array = NDArray[np.float64]

EQUATOR_M = 6_378_137.0  # WGS 84
POLE_M = 6_356_752.314245


def frame(satellite_m: ArrayLike, target_m: ArrayLike | None = None) -> Array:
    """Axes of antennas that look at targets, or straight down: rows u (east), v (north), w (ahead).

    Parameters
    ----------
    satellite_m, target_m : (..., 3) array_like
        Positions fixed to the Earth.

    Returns
    -------
    (..., 3, 3) array
    """
    satellite = np.asarray(satellite_m, dtype=np.float64)
    target = np.zeros_like(satellite) if target_m is None else np.asarray(target_m, dtype=np.float64)
    ahead = _normal(target - satellite)
    pole = np.zeros_like(ahead)
    pole[..., 2] = 1.0
    north = pole - (pole * ahead).sum(axis=-1, keepdims=True) * ahead
    short = (north**2).sum(axis=-1, keepdims=True) < 1e-12
    other = np.zeros_like(ahead)
    other[..., 0] = 1.0  # looking along the polar axis: any perpendicular will do
    north = _normal(np.where(short, other, north))
    return np.stack([np.cross(ahead, north), north, ahead], axis=-2)


def _normal(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True))


def uv_of(axes: Array, satellite_m: ArrayLike, point_m: ArrayLike) -> Array:
    """Directions (n, 2) of points as the antenna sees them; NaN where they lie behind it."""
    seen = _normal(np.asarray(point_m, dtype=np.float64) - np.asarray(satellite_m)) @ np.swapaxes(
        axes, -1, -2
    )
    return np.where(seen[..., 2:] > 0.0, seen[..., :2], np.nan)


def footprint(axes: Array, satellite_m: ArrayLike, uv: ArrayLike) -> tuple[Array, Array, Array]:
    """Where directions meet the ellipsoid of WGS 84.

    Returns
    -------
    latitude, longitude, range
        Degrees and metres; NaN where a beam misses the Earth.
    """
    satellite = np.asarray(satellite_m, dtype=np.float64)
    ray = unit(np.asarray(uv, dtype=np.float64)) @ axes
    scale = np.array([1.0, 1.0, EQUATOR_M / POLE_M])
    start, along = satellite * scale, ray * scale
    square = (along**2).sum(axis=-1)
    middle = (start * along).sum(axis=-1)
    root = middle**2 - square * ((start**2).sum(axis=-1) - EQUATOR_M**2)
    far = np.where(root >= 0.0, (-middle - np.sqrt(np.maximum(root, 0.0))) / square, np.nan)
    far = np.where(far > 0.0, far, np.nan)
    point = satellite + far[..., None] * ray
    flat = (POLE_M / EQUATOR_M) ** 2
    lat = np.degrees(np.arctan2(point[..., 2], flat * np.hypot(point[..., 0], point[..., 1])))
    return lat, np.degrees(np.arctan2(point[..., 1], point[..., 0])), far


def earth_fixed(
    lat_deg: float, lon_deg: float, spacing_km: float, *, tiers: int, reuse: int = 1
) -> tuple[Array, Layout]:
    """Cells that stay on the ground: a hexagonal lattice around a place.

    Returns
    -------
    (n, 3) array and Layout
        Positions of the cells' middles (m, fixed to the Earth), and the lattice whose colours they have.

    Notes
    -----
    The lattice lies in the plane that touches the ground at the place and is lowered onto it towards the
    Earth's middle under the place: within 1 % of evenly spaced up to 800 km away.
    """
    check_range("spacing_km", spacing_km, 0.1, 1000.0, "cells on the ground")
    flat = hexagonal(1.0, tiers=tiers, reuse=reuse, spacing=1e-4)
    metres = flat.uv / flat.spacing * spacing_km * 1e3
    place = ecef_from_geodetic(lat_deg, lon_deg)
    axes = frame(place)
    above = place - 1e6 * axes[2] + metres[:, :1] * axes[0] + metres[:, 1:] * axes[1]
    lat, lon, _ = footprint(axes, above, np.zeros((len(above), 2)))
    return ecef_from_geodetic(lat, lon), flat


def steering_deg(axes: Array, satellite_m: ArrayLike, point_m: ArrayLike) -> Array:
    """Angle off the antenna's normal under which it must look at points."""
    uv = uv_of(axes, satellite_m, point_m)
    return np.asarray(np.degrees(np.arcsin(np.hypot(uv[..., 0], uv[..., 1]))))


def elevation_deg(satellite_m: ArrayLike, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
    """Elevation of a satellite over places, from the horizontal of the ellipsoid."""
    place = ecef_from_geodetic(lat_deg, lon_deg)
    to = _normal(np.asarray(satellite_m, dtype=np.float64) - place)
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    up = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    return np.asarray(np.degrees(np.arcsin(np.clip((to * up).sum(axis=-1), -1.0, 1.0))))
