"""Velocity and clock rate from Doppler."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.orbits.constants import EARTH_ROTATION, LIGHT_M_S
from rabta.pnt.position.fit import Fit
from rabta.pnt.position.prepare import Geometry

Array = NDArray[np.float64]


def range_rates(rows: Geometry, place_m: Array) -> tuple[Array, Array]:
    """Unit vectors to satellites, and measured less expected range rate of a receiver at rest, m/s.

    The rate of the Earth's turn during the travel time is in it: RTKLIB manual E.6.29.
    """
    here = place_m[rows.epoch]
    way = rows.satellite_m - here
    unit = way / np.linalg.norm(way, axis=1)[:, None]
    v, s = rows.satellite_m_s, rows.satellite_m
    turn = EARTH_ROTATION / LIGHT_M_S * (v[:, 1] * here[:, 0] - v[:, 0] * here[:, 1])
    expected = np.einsum("rk,rk->r", v, unit) + turn
    del s
    return unit, np.asarray(rows.doppler_m_s + LIGHT_M_S * rows.clock_rate - expected)


def velocities(rows: Geometry, found: Fit) -> tuple[Array, Array]:
    """Velocities (epoch, 3) and clock rates (epoch,) from the rows in each fix; NaN below four."""
    epochs = rows.times.size
    velocity, rate = np.full((epochs, 3), np.nan), np.full(epochs, np.nan)
    unit, left = range_rates(rows, found.position_m)
    good = np.flatnonzero(found.used & np.isfinite(left))
    count = np.bincount(rows.epoch[good], minlength=epochs)
    if not (count >= 4).any():
        return velocity, rate
    design = np.concatenate([-unit[good], np.ones((good.size, 1))], axis=1)
    weight = np.sin(np.radians(np.clip(rows.elevation_deg[good], 5.0, 90.0))) ** 2
    for _ in range(2):
        x = _solve(design, left[good], weight, rows.epoch[good], epochs)
        miss = np.abs(left[good] - np.einsum("rk,rk->r", design, x[rows.epoch[good]]))
        usual = np.nanmedian(miss) + 0.05
        weight = np.where(miss > 6.0 * usual, 0.0, weight)
    enough = (count >= 4) & np.isfinite(x).all(axis=1)
    velocity[enough], rate[enough] = x[enough, :3], x[enough, 3] / LIGHT_M_S
    return velocity, rate


def _solve(design: Array, left: Array, weight: Array, epoch: NDArray[np.int64], epochs: int) -> Array:
    """Weighted least squares of all epochs at once, shape (epoch, 4)."""
    normal, right = np.empty((epochs, 4, 4)), np.empty((epochs, 4))
    for i in range(4):
        right[:, i] = np.bincount(epoch, weight * design[:, i] * left, epochs)
        for j in range(i + 1):
            normal[:, i, j] = normal[:, j, i] = np.bincount(
                epoch, weight * design[:, i] * design[:, j], epochs
            )
    fine = np.linalg.det(normal) > 1e-9
    out = np.full((epochs, 4), np.nan)
    out[fine] = np.linalg.solve(normal[fine], right[fine][..., None])[..., 0]
    return out
