"""A high-altitude platform as a base station: seven fixed cells over a zone, its spectrum shared by all.

The platform stands above the centre of its zone's load at 20 km. One cell looks straight down, six look
out at a tilt. Propagation follows 3GPP TR 38.811 (suburban and rural); where the terrain hides the platform
there is no service.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import geo
from rabta.mobile import nr, ntn
from rabta.mobile.access import Access, shared_rate
from rabta.mobile.cells import noise_dbm
from rabta.mobile.equipment import Platform
from rabta.space.visibility import horizon_at
from rabta.units import from_db, to_db

Array = NDArray[np.float64]
OUTER_CELLS = 6
SPACING = 0.5  # wavelengths between elements, Recommendation ITU-R M.2101
LOWEST_DEG = 5.0  # the tables of TR 38.811 begin at 10 degrees


@dataclass(frozen=True)
class Place:
    """Where the cells' people are: geodetic degrees and height in metres, shape (cell,)."""

    lat_deg: Array
    lon_deg: Array
    height_m: Array


def element_db(theta_deg: ArrayLike, phi_deg: ArrayLike, platform: Platform) -> Array:
    """Gain of one element towards a direction in the array's own frame (M.2101, table 3).

    Parameters
    ----------
    theta_deg, phi_deg : array_like
        From the array's upward axis, and to the side of its normal; the normal is (90, 0).
    """
    width, floor = platform.element_beamwidth_deg, platform.element_floor_db
    side = np.minimum(12.0 * (np.asarray(phi_deg) / width) ** 2, floor)
    up = np.minimum(12.0 * ((np.asarray(theta_deg) - 90.0) / width) ** 2, floor)
    return np.asarray(platform.element_gain_dbi - np.minimum(side + up, floor))


def array_db(theta_deg: ArrayLike, phi_deg: ArrayLike, rows: int, columns: int, platform: Platform) -> Array:
    """Gain of a uniform array steered along its normal (M.2101, table 4, without normalisation)."""
    theta, phi = np.radians(theta_deg), np.radians(phi_deg)
    across = _factor(np.sin(theta) * np.sin(phi), columns)
    along = _factor(np.cos(theta), rows)
    return element_db(theta_deg, phi_deg, platform) + to_db(np.maximum(across * along, 1e-9))


def _factor(cosine: Array, count: int) -> Array:
    """Power of ``count`` elements at half a wavelength over one, fed with equal power in sum."""
    phase = 2.0 * np.pi * SPACING * cosine[..., None] * np.arange(count)
    return np.asarray(np.abs(np.exp(1j * phase).sum(axis=-1)) ** 2 / count)


def beam_gains_dbm(east: Array, north: Array, down: Array, platform: Platform) -> Array:
    """Radiated power of each of the seven cells towards directions seen from the platform.

    Parameters
    ----------
    east, north, down : ndarray, shape (cell,)
        Unit vectors.

    Returns
    -------
    ndarray, shape (cell, 7)
        dBm over the carrier.
    """
    inner = _towards(east, north, down, 0.0, -90.0, (platform.inner_rows, platform.inner_columns), platform)
    size = (platform.outer_rows, platform.outer_columns)
    azimuths = 360.0 / OUTER_CELLS * np.arange(OUTER_CELLS)
    outer = [_towards(east, north, down, a, platform.outer_tilt_deg, size, platform) for a in azimuths]
    n_inner = platform.inner_rows * platform.inner_columns
    n_outer = platform.outer_rows * platform.outer_columns
    first = inner + platform.inner_element_power_dbm + to_db(n_inner)
    rest = [gain + platform.outer_element_power_dbm + to_db(n_outer) for gain in outer]
    return np.stack([first, *rest], axis=-1)


def _towards(
    east: Array,
    north: Array,
    down: Array,
    azimuth_deg: float,
    tilt_deg: float,
    size: tuple[int, int],
    platform: Platform,
) -> Array:
    """Gain of an array whose normal has an azimuth and a tilt (negative is down)."""
    a, t = np.radians(azimuth_deg), np.radians(tilt_deg)
    ahead = east * np.sin(a) + north * np.cos(a)
    side = east * np.cos(a) - north * np.sin(a)
    normal = ahead * np.cos(t) - down * np.sin(t)
    upward = -ahead * np.sin(t) - down * np.cos(t)
    theta = np.degrees(np.arccos(np.clip(upward, -1.0, 1.0)))
    return array_db(theta, np.degrees(np.arctan2(side, normal)), *size, platform)


def look(
    place: Place, above_lat_deg: Array, above_lon_deg: Array, altitude_km: float
) -> tuple[Array, Array, Array, Array]:
    """Geometry from places to platforms, on the ellipsoid.

    Returns
    -------
    elevation_deg, azimuth_deg, range_km : ndarray, shape (cell,)
    direction : ndarray, shape (cell, 3)
        East, north and up components at the platform of the unit vector to the place.
    """
    ground = geo.ecef_from_geodetic(place.lat_deg, place.lon_deg, place.height_m)
    up = geo.ecef_from_geodetic(above_lat_deg, above_lon_deg, altitude_km * 1e3)
    sight = up - ground
    distance = np.linalg.norm(sight, axis=-1)
    local = (
        np.einsum("cij,cj->ci", geo.east_north_up(place.lat_deg, place.lon_deg), sight) / distance[:, None]
    )
    elevation = np.degrees(np.arcsin(np.clip(local[:, 2], -1.0, 1.0)))
    azimuth = np.degrees(np.arctan2(local[:, 0], local[:, 1])) % 360.0
    axes = geo.east_north_up(above_lat_deg, above_lon_deg)
    direction = np.einsum("cij,cj->ci", axes, -sight) / distance[:, None]
    return elevation, azimuth, distance / 1e3, direction


def full_rate_mbps(
    platform: Platform, elevation_deg: Array, range_km: Array, power_dbm: Array
) -> tuple[Array, NDArray[np.intp]]:
    """Rate of one household alone in its cell of the platform, and which of the seven that is.

    The other cells use the same spectrum and disturb with the share of their power that their load asks for;
    they come over the same path, so clutter weakens them as much as the wanted one.
    """
    best = np.argmax(power_dbm, axis=1)
    rows = np.arange(power_dbm.shape[0])
    path = ntn.free_space_db(range_km, platform.frequency_ghz)
    occupied = platform.blocks * 12.0 * platform.spacing_khz / 1e3
    noise = noise_dbm(occupied, platform.user_noise_figure_db) - platform.user_gain_dbi
    seen = ntn.los_share(elevation_deg)
    wanted, every = power_dbm[rows, best], from_db(power_dbm).sum(axis=1)
    others = platform.neighbour_load * (every - from_db(wanted))
    bits = [
        nr.efficiency(wanted - to_db(others + from_db(noise + path + extra)), platform.layers)
        for extra in (np.zeros_like(path), ntn.clutter_db(elevation_deg))
    ]
    mean_bits = seen * bits[0] + (1.0 - seen) * bits[1]
    rate = nr.rate_mbps(mean_bits, platform.blocks, platform.spacing_khz, platform.down_share)
    reach = (elevation_deg >= LOWEST_DEG) & (range_km <= np.hypot(platform.radius_km, platform.altitude_km))
    return np.where(reach, rate, 0.0), best


def centres(zone: NDArray[np.integer], weight: Array, column: Array) -> Array:
    """Weighted mean of a column over each zone, given back to its cells."""
    safe = weight + 1e-9 * (weight.max(initial=0.0) + 1.0)  # a zone without load gets its plain middle
    total = np.bincount(zone, weights=safe)
    return np.asarray((np.bincount(zone, weights=safe * column) / total)[zone])


def access(
    platform: Platform,
    place: Place,
    zone: NDArray[np.integer],
    load_mbps: Array,
    horizon_deg: Array,
    household_mbps: float,
) -> Access:
    """Rate of a household on its zone's platform, and the part of a platform that each cell's load takes.

    The rate holds while the platform is within its capacity, that is while the parts of the households that
    it serves add up to no more than one in its zone.

    Parameters
    ----------
    load_mbps : ndarray, shape (cell,)
    zone : ndarray of int, shape (cell,)
        Number of the zone that a cell belongs to.
    horizon_deg : ndarray, shape (cell, 36)
        Terrain horizon at azimuths 0, 10, ... 350 deg.
    """
    above_lat, above_lon = (centres(zone, load_mbps, c) for c in (place.lat_deg, place.lon_deg))
    elevation, azimuth, range_km, direction = look(place, above_lat, above_lon, platform.altitude_km)
    power = beam_gains_dbm(direction[:, 0], direction[:, 1], -direction[:, 2], platform)
    full, best = full_rate_mbps(platform, elevation, range_km, power)
    full = np.where(elevation > horizon_at(horizon_deg, azimuth[:, None])[:, 0], full, 0.0)
    cell = zone * (OUTER_CELLS + 1) + best
    airtime = np.divide(load_mbps, full, out=np.zeros_like(full), where=full > 0)
    use = np.minimum(np.bincount(cell, weights=airtime)[cell], 1.0)
    alone = np.minimum(full, platform.user_max_mbps)
    return Access(shared_rate(alone, use, household_mbps), airtime / (OUTER_CELLS + 1))
