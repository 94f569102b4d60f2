"""Cellular sites on a hexagonal grid: how far they reach and what a sector carries.

Users are spread evenly over the cell of the middle site of 19; its own other sectors and its neighbours'
sectors interfere with the share of their power that their load asks for. All losses are medians.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.mobile import nr, pathloss
from rabta.mobile.equipment import Band, Site
from rabta.units import from_db, to_db

Array = NDArray[np.float64]

THERMAL_DBM_MHZ = -114.0  # k T at 290 K over 1 MHz, rounded as in 3GPP link budgets (-174 dBm/Hz)
HEXAGON = 1.5 * np.sqrt(3.0)  # area of a hexagon over the square of its radius
SECTOR_BEAMWIDTH_DEG = 65.0  # TR 38.901, table 7.3-1
SECTOR_FLOOR_DB = 30.0  # TR 38.901, table 7.3-1
BORESIGHTS_DEG = np.array([30.0, 150.0, 270.0])
NEAREST_M = 35.0  # TR 38.901, table 7.2-3: least distance from the mast in a rural cell
USERS_A_SIDE = 10
RADII_M = np.geomspace(300.0, pathloss.LONGEST_M, 16)
HILLS_DB = np.arange(0.0, 45.0, 5.0)
RINGS = np.geomspace(NEAREST_M, pathloss.LONGEST_M, 400)
HALVINGS = 20


@dataclass(frozen=True)
class Hills:
    """Loss of the terrain around masts, by carrier and distance.

    Attributes
    ----------
    radius_m : ndarray, shape (knot,)
        Distances, rising.
    loss_db : ndarray, shape (cell, band, knot)
    """

    radius_m: Array
    loss_db: Array

    @classmethod
    def everywhere(cls, loss_db: Array, bands: int) -> Hills:
        """The same loss at every distance and on every carrier."""
        return cls(np.array([1e-3]), np.repeat(loss_db[:, None, None], bands, axis=1))

    def at(self, radius_m: Array) -> Array:
        """Loss at a distance of each cell, shape (cell, band): linear from 0 at the mast, constant beyond."""
        knots = np.concatenate([[0.0], self.radius_m])
        loss = np.concatenate([np.zeros_like(self.loss_db[..., :1]), self.loss_db], axis=-1)
        right = np.clip(np.searchsorted(knots, radius_m, side="right"), 1, len(knots) - 1)
        part = np.clip((radius_m - knots[right - 1]) / (knots[right] - knots[right - 1]), 0.0, 1.0)[:, None]
        cell = np.arange(len(radius_m))
        return np.asarray(loss[cell, :, right - 1] * (1.0 - part) + loss[cell, :, right] * part)


@dataclass(frozen=True)
class SectorTable:
    """What a sector carries against the cell's radius and the loss of hills.

    Attributes
    ----------
    rate_mbps : ndarray, shape (radius, hills)
        Mean over the cell with equal time for every user.
    """

    radius_m: Array
    hills_db: Array
    rate_mbps: Array

    def at(self, radius_m: ArrayLike, hills_db: ArrayLike) -> Array:
        """Rate by linear interpolation in hills and in the logarithm of the radius."""
        from scipy.interpolate import RegularGridInterpolator

        axes = (np.log(self.radius_m), self.hills_db)
        radius = np.clip(np.asarray(radius_m, np.float64), self.radius_m[0], self.radius_m[-1])
        hills = np.clip(np.asarray(hills_db, np.float64), self.hills_db[0], self.hills_db[-1])
        points = np.stack(np.broadcast_arrays(np.log(radius), hills), axis=-1)
        return np.asarray(RegularGridInterpolator(axes, self.rate_mbps)(points))


def noise_dbm(bandwidth_mhz: ArrayLike, noise_figure_db: float) -> Array:
    """Thermal noise over a bandwidth."""
    return np.asarray(THERMAL_DBM_MHZ + to_db(bandwidth_mhz) + noise_figure_db)


def median_loss_db(distance_m: ArrayLike, site: Site, frequency_ghz: float) -> Array:
    """RMa loss averaged in decibels over line of sight and its absence."""
    seen = pathloss.rma_los_probability(distance_m)
    heights = (site.height_m, site.user_height_m)
    los = pathloss.rma_los_db(distance_m, frequency_ghz, *heights)
    nlos = pathloss.rma_nlos_db(distance_m, frequency_ghz, *heights)
    return np.asarray(seen * los + (1.0 - seen) * nlos)


def edge_sinr_db(band: Band, rate_mbps: float) -> float:
    """Lowest SINR at which one household alone on the carrier gets a rate; infinite where it cannot."""
    ladder = np.arange(-10.0, 45.0, 0.1)
    rates = nr.rate_mbps(nr.efficiency(ladder, band.layers), band.blocks, band.spacing_khz, band.down_share)
    enough = np.flatnonzero(rates >= rate_mbps)
    return float(ladder[enough[0]]) if enough.size else np.inf


def allowed_loss_db(site: Site, band: Band, rate_mbps: float) -> float:
    """Largest median path loss at the cell's edge: the smaller of downlink and uplink."""
    margins = site.margin_db + site.noise_rise_db - site.user_gain_dbi - band.gain_dbi
    floor_down = noise_dbm(band.occupied_mhz, site.user_noise_figure_db) + edge_sinr_db(band, rate_mbps)
    floor_up = noise_dbm(site.uplink_mhz, site.base_noise_figure_db) + site.uplink_sinr_db
    down = band.power_dbm - floor_down - margins
    up = site.user_power_dbm - floor_up - margins
    return float(min(down, up))


def reach_m(site: Site, rate_mbps: float, hills_db: ArrayLike) -> Array:
    """Radius of the cell: the farthest of its carriers, at most 10 km (validity of RMa).

    Parameters
    ----------
    rate_mbps : float
        What one household alone at the edge must get.
    hills_db : array_like, shape (...) or (..., band)
        Loss of hills on top; of each carrier where the last of two axes is the carriers'.
    """
    hills = np.asarray(hills_db, np.float64)
    each = hills if hills.ndim == 2 else np.repeat(hills[..., None], len(site.bands), axis=-1)
    found = [
        np.interp(
            allowed_loss_db(site, band, rate_mbps) - each[..., k],
            np.maximum.accumulate(median_loss_db(RINGS, site, band.frequency_ghz)),
            RINGS,
        )
        for k, band in enumerate(site.bands)
    ]
    return np.asarray(np.max(found, axis=0))


def reach_over_m(site: Site, rate_mbps: float, hills: Hills) -> Array:
    """`reach_m` where the loss of hills depends on the distance, shape (cell,): by halving."""
    shape = hills.loss_db.shape[:2]
    allowed = np.array([allowed_loss_db(site, band, rate_mbps) for band in site.bands])
    level = [np.maximum.accumulate(median_loss_db(RINGS, site, band.frequency_ghz)) for band in site.bands]
    low, high = np.full(shape, RINGS[0]), np.full(shape, RINGS[-1])
    for _ in range(HALVINGS):
        middle = np.sqrt(low * high)
        for k in range(shape[1]):
            loss = np.interp(middle[:, k], RINGS, level[k]) + hills.at(middle[:, k])[:, k]
            far = loss <= allowed[k]
            low[far, k], high[~far, k] = middle[far, k], middle[~far, k]
    return np.asarray(low.max(axis=1))


def users(side: int = USERS_A_SIDE) -> Array:
    """Positions spread evenly over a hexagon of radius one, as complex numbers."""
    steps = (np.arange(-side, side) + 0.5) / side
    grid = (steps[:, None] + 1j * steps[None, :]).ravel()
    normals = np.exp(1j * np.pi / 3.0 * np.arange(6))
    inside = np.max(np.real(grid[:, None] * np.conj(normals)), axis=1) <= np.sqrt(3.0) / 2.0
    return np.asarray(grid[inside])


def sites() -> Array:
    """Positions of 19 sites around the origin at the distance of hexagons of radius one."""
    ring = np.sqrt(3.0) * np.exp(1j * np.pi / 3.0 * np.arange(6))
    second = np.concatenate([2.0 * ring, ring + np.roll(ring, 1)])
    return np.concatenate([[0.0], ring, second])


def sector_pattern_db(offset_deg: ArrayLike) -> Array:
    """Horizontal pattern of a sector (TR 38.901, table 7.3-1)."""
    offset = (np.asarray(offset_deg, np.float64) + 180.0) % 360.0 - 180.0
    return -np.minimum(12.0 * (offset / SECTOR_BEAMWIDTH_DEG) ** 2, SECTOR_FLOOR_DB)


def _patterns(sectors: int) -> tuple[Array, Array]:
    """Distance in cell radii (user, site), and pattern of every sector (user, site, sector) in dB."""
    away = users()[:, None] - sites()[None, :]
    if sectors == 1:
        return np.abs(away), np.zeros((*away.shape, 1))
    bearing = np.degrees(np.angle(away))[..., None]
    return np.abs(away), sector_pattern_db(bearing - BORESIGHTS_DEG)


def sector_rate_mbps(site: Site, radius_m: float, hills_db: float) -> float:
    """Mean rate of a sector over its cell, all carriers together."""
    return float(sum(_carrier_rate(site, band, radius_m, hills_db) for band in site.bands))


def _carrier_rate(site: Site, band: Band, radius_m: float, hills_db: float) -> float:
    units, pattern = _patterns(site.sectors)
    distance = np.maximum(units * radius_m, NEAREST_M)
    seen = pathloss.rma_los_probability(distance)
    heights = (site.height_m, site.user_height_m)
    losses = [
        f(distance, band.frequency_ghz, *heights) + hills_db
        for f in (pathloss.rma_los_db, pathloss.rma_nlos_db)
    ]
    mean_gain = seen * from_db(-losses[0]) + (1.0 - seen) * from_db(-losses[1])
    received = from_db(band.power_dbm + band.spread_gain_dbi + pattern) * mean_gain[..., None]
    own = np.argmax(pattern[:, 0, :], axis=1)
    rows = np.arange(units.shape[0])
    others = received.sum(axis=(1, 2)) - received[rows, 0, own]
    floor = from_db(noise_dbm(band.occupied_mhz, site.user_noise_figure_db) - site.user_gain_dbi)
    disturbed_db = to_db(floor + site.neighbour_load * others)
    wanted_db = band.power_dbm + band.gain_dbi + pattern[rows, 0, own]
    bits = [nr.efficiency(wanted_db - loss[:, 0] - disturbed_db, band.layers) for loss in losses]
    mean_bits = np.mean(seen[:, 0] * bits[0] + (1.0 - seen[:, 0]) * bits[1])
    return float(nr.rate_mbps(mean_bits, band.blocks, band.spacing_khz, band.down_share))


def sector_table(site: Site) -> SectorTable:
    """Sector rates for all radii and hills."""
    rates = [[sector_rate_mbps(site, r, h) for h in HILLS_DB] for r in RADII_M]
    return SectorTable(RADII_M, HILLS_DB, np.array(rates))
