"""Where sites see a small aircraft: probability at places and heights, over the terrain."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.sensing import detection, radar
from rabta.mobile.sensing.radar import Sensor
from rabta.radio.terrain.raster import Terrain, directions

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

EARTH_M = 6_371_000.0
BENT_EARTH = 4.0 / 3.0  # rays bend with the atmosphere: ITU-R P.310, effective radius factor
STEPS = 24
SURE = 0.9
FEWEST_FOR_PLACE = 3  # sites whose distances fix a place in space
NEVER = 1e-4
CHUNK = 200_000


@dataclass(frozen=True)
class Seen:
    """Detection at points, shape (point,).

    Attributes
    ----------
    probability : ndarray
        That at least one site finds the target in a scan.
    sites : ndarray of int
        Sites that each find it with `SURE`.
    error_m : ndarray
        Least standard deviation of the best site's distance; infinite where nobody sees.
    """

    probability: Array
    sites: Rows
    error_m: Array


@dataclass(frozen=True)
class Target:
    """What is looked for.

    Attributes
    ----------
    area_dbsm, spread_db : float
        Mean echo area over aspects, and its log-normal spread between targets: all sites look at the same
        target, so they share its draw.
    """

    area_dbsm: float = radar.TARGETS_DBSM["small-uav"]
    spread_db: float = radar.SPREAD_DB["small-uav"]
    false_alarm: float = 1e-6


def pairs(lat: Array, lon: Array, site_lat: Array, site_lon: Array, reach_m: float) -> tuple[Rows, Rows]:
    """Rows of points and sites that are not farther apart than a distance, degrees in."""
    from scipy.spatial import cKDTree

    if reach_m <= 0.0 or len(site_lat) == 0 or len(lat) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    chord = 2.0 * np.sin(min(reach_m / EARTH_M, np.pi) / 2.0)
    found = cKDTree(directions(lat, lon)).sparse_distance_matrix(
        cKDTree(directions(site_lat, site_lon)), chord, output_type="coo_matrix"
    )
    return found.row.astype(np.int64), found.col.astype(np.int64)


def clear(terrain: Terrain | None, one: tuple[Array, ...], other: tuple[Array, ...]) -> NDArray[np.bool_]:
    """Whether straight rays over the bent Earth miss the ground, for pairs of (latitude, longitude, height).

    Heights in metres over the sea. Without a terrain every ray is clear.
    """
    if terrain is None:
        return np.ones(len(one[0]), dtype=bool)
    part = (np.arange(1, STEPS) / STEPS)[:, None]
    lat, lon = (a + part * (b - a) for a, b in zip(one[:2], other[:2], strict=True))
    arc = np.linalg.norm(directions(*one[:2]) - directions(*other[:2]), axis=-1) * EARTH_M
    bulge = part * (1.0 - part) * arc**2 / (2.0 * BENT_EARTH * EARTH_M)
    ray = one[2] + part * (other[2] - one[2]) - bulge
    return np.asarray((terrain.heights(lat, lon) <= ray).all(axis=0))


def see(
    panel: Sensor,
    target: Target,
    sites: tuple[Array, Array, Array],
    points: tuple[Array, Array, Array],
    terrain: Terrain | None = None,
) -> Seen:
    """Detection of a target at points by sites, both (latitude, longitude, height over the sea).

    Sites decide alone; the target is found where any of them finds it. Its fluctuations are independent, as
    each site looks from another side; its mean size is one draw for all of them, so the misses of all sites
    are multiplied for each size, and the mean over sizes comes last.
    """
    least = detection.required_snr_db(NEVER, target.false_alarm)
    farthest = radar.reach_m(panel, least - 3.0 * target.spread_db, target.area_dbsm)
    point, site = pairs(*points[:2], *sites[:2], farthest)
    node, weight = detection.sizes()
    missed, sure = np.zeros((len(points[0]), len(node))), np.zeros(len(points[0]), np.int64)
    best = np.full(len(points[0]), -np.inf)
    for first in range(0, len(point), CHUNK):
        p, s = point[first : first + CHUNK], site[first : first + CHUNK]
        chance, ratio = _looks(
            panel, target, tuple(a[s] for a in sites), tuple(a[p] for a in points), terrain
        )
        rows = np.flatnonzero(chance > 0.0)
        each = _each_size(panel, target, ratio[rows], node)
        np.add.at(missed, p[rows], np.log1p(-np.minimum(each, 1.0 - 1e-12)))
        np.add.at(sure, p, chance >= SURE)
        np.maximum.at(best, p, np.where(chance > NEVER, ratio, -np.inf))
    with np.errstate(over="ignore", divide="ignore"):
        error = np.where(np.isfinite(best), radar.range_error_m(panel, best), np.inf)
    return Seen(1.0 - np.exp(missed) @ weight, sure, error)


def _looks(
    panel: Sensor, target: Target, site: tuple[Array, ...], point: tuple[Array, ...], terrain: Terrain | None
) -> tuple[Array, Array]:
    """Probability and SNR of pairs; 0 outside the field of view or behind the ground."""
    ground = np.linalg.norm(directions(site[0], site[1]) - directions(point[0], point[1]), axis=-1) * EARTH_M
    rise = point[2] - site[2]
    distance = np.maximum(np.hypot(ground, rise), 1.0)
    elevation = np.degrees(
        np.arctan2(rise - ground**2 / (2.0 * BENT_EARTH * EARTH_M), np.maximum(ground, 1e-3))
    )
    inside = (elevation >= panel.elevation_low_deg) & (elevation <= panel.elevation_high_deg)
    ratio = radar.snr_db(panel, distance, target.area_dbsm)
    chance = np.where(inside, _covered(panel) * np.interp(ratio, *_table(target)), 0.0)
    rows = np.flatnonzero(chance > NEVER)
    ends = [tuple(a[rows] for a in end) for end in (site, point)]
    chance[rows] *= clear(terrain, ends[0], ends[1])
    return chance, ratio


def _covered(panel: Sensor) -> float:
    """Share of the azimuths that a site's sectors see."""
    return min(1.0, panel.sectors * panel.azimuth_deg / 360.0)


def _each_size(panel: Sensor, target: Target, ratio: Array, node: Array) -> Array:
    """Probability of pairs for each size of the target, (pair, node)."""
    each = ratio[:, None] + target.spread_db * node
    return np.asarray(_covered(panel) * np.interp(each, *_table(Target(0.0, 0.0, target.false_alarm))))


@cache
def _table(target: Target) -> tuple[Array, Array]:
    """Probability of detection over SNR, a step a tenth of a decibel."""
    ratio = np.arange(-40.0, 60.0, 0.1)
    return ratio, detection.over_sizes(ratio, target.spread_db, target.false_alarm)


def grid(lat_deg: float, lon_deg: float, radius_km: float, step_km: float) -> tuple[Array, Array]:
    """Places of a square grid inside a circle."""
    steps = np.arange(-radius_km, radius_km + step_km / 2.0, step_km)
    east, north = (v.ravel() for v in np.meshgrid(steps, steps))
    keep = np.hypot(east, north) <= radius_km
    lat = lat_deg + np.degrees(north[keep] * 1e3 / EARTH_M)
    return lat, lon_deg + np.degrees(east[keep] * 1e3 / (EARTH_M * np.cos(np.radians(lat_deg))))
