"""Positions from the Doppler of satellites that were not made for it: broadband of low orbit as a fall-back.

A receiver at rest knows the satellites' orbits, roughly, and the frequency that they send on; it measures the
rates of range. What it does not know is its place and the drift of its clock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.service.aids import _kernels
from rabta.pnt.service.geometry import Users

Array = NDArray[np.float64]

NOWHERE = 1e11  # square metres: above it there is no position


@dataclass(frozen=True)
class Fixes:
    """What Doppler gives at places over time.

    Attributes
    ----------
    count : ndarray of int32, shape (user, time)
        Satellites in view.
    covariance : ndarray of float32, shape (user, time, 4)
        Square metres: east, their product, north, up; 1e12 where there is no position.
    """

    count: NDArray[np.int32]
    covariance: NDArray[np.float32]


def rows(unit: Array, velocity: Array, range_m: Array) -> Array:
    """Derivatives of the range rate by the user's place and the clock's drift.

    The range rate is the velocity along the line of sight; moving the user turns that line, so the derivative
    is the part of the velocity across it, over the range (Psiaki, Navigation using carrier Doppler shift from
    a LEO constellation, Navigation 68 (3), 2021).

    Parameters
    ----------
    unit, velocity : ndarray, shape (satellite, 3)
        Line of sight, and velocity in the same Earth-fixed axes, m/s.
    range_m : ndarray, shape (satellite,)

    Returns
    -------
    ndarray, shape (satellite, 4)
        1/s, and 1 for the drift in m/s.
    """
    along = (unit * velocity).sum(axis=-1, keepdims=True)
    across = (velocity - along * unit) / range_m[:, None]
    return np.hstack([-across, np.ones((unit.shape[0], 1))])


def covariance(
    who: Users, position_m: NDArray[np.float32], velocity_m_s: NDArray[np.float32],
    least_elevation_deg: Array, sigma_m_s: float,
) -> Fixes:  # fmt: skip
    """Covariance of the position from the rates of all satellites in view at once.

    Parameters
    ----------
    position_m, velocity_m_s : ndarray of float32, shape (time, satellite, 3)
        Earth-fixed; NaN where a satellite does not send.
    least_elevation_deg : ndarray, shape (satellite,)
    sigma_m_s : float
        Of a range rate: noise, the satellite's oscillator and the error of its orbit.
    """
    from rabta.jit import each_part

    users, times = who.position_m.shape[0], position_m.shape[0]
    count, out = np.zeros((users, times), np.int32), np.empty((users, times, 4), np.float32)
    each_part(
        _kernels.doppler, users, who.position_m, who.axes, np.ascontiguousarray(position_m),
        np.ascontiguousarray(velocity_m_s), np.sin(np.radians(least_elevation_deg)), float(sigma_m_s),
        count, out,
    )  # fmt: skip
    return Fixes(count, out)


def velocity(position_m: NDArray[np.float32], step_s: float) -> NDArray[np.float32]:
    """Earth-fixed velocity from positions at equal steps, second order also at the ends; NaN below three.

    At a minute and 550 km it errs by 0.2 % of 7.5 km/s: enough for a covariance.

    Parameters
    ----------
    position_m : ndarray of float32, shape (time, satellite, 3)
    """
    if position_m.shape[0] < 3:
        return np.full(position_m.shape, np.nan, np.float32)
    return np.asarray(np.gradient(position_m, step_s, axis=0, edge_order=2), dtype=np.float32)
