"""Single-point positions: every epoch for itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.gnsstime import Instants
from rabta.pnt.orbits.constants import LIGHT_M_S
from rabta.pnt.position.fit import Fit, fit
from rabta.pnt.position.options import Options
from rabta.pnt.position.prepare import Geometry, geometry
from rabta.pnt.records import Navigation, Observations

Array = NDArray[np.float64]

STATUS = ("no fix", "good", "rows excluded", "doubtful", "refused")


@dataclass(frozen=True)
class Solution:
    """Positions of epochs.

    Attributes
    ----------
    times : ndarray of int64, shape (epoch,)
    position_m : ndarray, shape (epoch, 3)
        Earth-fixed, in the broadcast orbits' frame (ITRF within centimetres); NaN without a fix.
    clock_s : ndarray, shape (epoch, group)
        Receiver's clock less system time for each group of signals (`rows.groups`); NaN where unused.
    covariance_m2 : ndarray, shape (epoch, 3, 3)
        Of the position; enlarged where residuals are larger than the error budget.
    velocity_m_s : ndarray, shape (epoch, 3)
        From Doppler; NaN without.
    clock_rate : ndarray, shape (epoch,)
    dop : ndarray, shape (epoch, 4)
        PDOP, HDOP, VDOP, TDOP.
    spread : ndarray, shape (epoch,)
        Chi-square of the residuals over its degrees of freedom.
    used : ndarray of int, shape (epoch,)
        Satellites in the fix.
    status : ndarray of uint8, shape (epoch,)
        Index into `STATUS`.
    rows : Geometry
        What went in.
    residual_m, weight, row_used : ndarray, shape (row,)
        Residuals (also of rows left out), weights, whether the row is in the fix.
    """

    times: Instants
    position_m: Array
    clock_s: Array
    covariance_m2: Array
    velocity_m_s: Array
    clock_rate: Array
    dop: Array
    spread: Array
    used: NDArray[np.int64]
    status: NDArray[np.uint8]
    rows: Geometry
    residual_m: Array
    weight: Array
    row_used: NDArray[np.bool_]

    @property
    def fixed(self) -> NDArray[np.bool_]:
        """Epochs with a position."""
        return np.isfinite(self.position_m[:, 0])


def solve(obs: Observations, nav: Navigation, options: Options | None = None) -> Solution:
    """Single-point position, velocity and time of every epoch.

    Parameters
    ----------
    obs, nav : Observations, Navigation
    options : Options, optional

    Raises
    ------
    RabtaError
        Where no observation meets a valid ephemeris.
    """
    chosen = options or Options()
    return solve_rows(geometry(obs, nav, chosen), chosen)


def solve_rows(rows: Geometry, options: Options | None = None) -> Solution:
    """As `solve`, from prepared rows."""
    o = options or Options()
    found = fit(
        rows,
        robust=o.robust,
        limit=o.limit,
        worst_dop=o.worst_dop,
        worst_sigma_m=o.worst_sigma_m,
        guess_m=rows.place_m,
    )
    return _solution(rows, found)


def _solution(rows: Geometry, found: Fit) -> Solution:
    none = (found.status == 0) | (found.status == 4)
    for values in (found.position_m, found.clock_s):
        values[none] = np.nan
    velocity, rate = velocities(rows, found)
    used = np.bincount(rows.epoch[found.used], minlength=rows.times.size)
    return Solution(
        rows.times,
        found.position_m,
        found.clock_s,
        found.covariance_m2,
        velocity,
        rate,
        found.quality[:, :4],
        found.quality[:, 4],
        used,
        found.status,
        rows,
        found.residual_m,
        found.weight,
        found.used,
    )


def velocities(rows: Geometry, found: Fit) -> tuple[Array, Array]:
    """Velocities (epoch, 3) and clock rates (epoch,) from the rows in each fix; NaN below four."""
    from rabta.pnt.position import _kernels

    out = np.full((rows.times.size, 4), np.nan)
    rate = rows.doppler_m_s + LIGHT_M_S * rows.clock_rate
    if np.isfinite(rate).any():
        _kernels.velocity(
            rows.start,
            found.position_m,
            np.ascontiguousarray(rows.satellite_m),
            np.ascontiguousarray(rows.satellite_m_s),
            rate,
            np.ascontiguousarray(rows.elevation_deg),
            found.used.view(np.uint8),
            out,
        )
    return out[:, :3], out[:, 3] / LIGHT_M_S


def clock_steps(found: Solution) -> int:
    """How often the receiver's clock jumped by whole milliseconds between neighbouring positions."""
    clock = _first_clock(found.clock_s)
    step = np.diff(clock[np.isfinite(clock)])
    whole = np.round(step / 1e-3)
    return int(((whole != 0) & (np.abs(step - whole * 1e-3) < 1e-4)).sum())


def _first_clock(clock_s: Array) -> Array:
    """Clock of each epoch from the group that most epochs have; NaN where absent."""
    if not clock_s.shape[1]:
        return np.full(clock_s.shape[0], np.nan)
    return np.asarray(clock_s[:, int(np.argmax(np.isfinite(clock_s).sum(axis=0)))])
