"""The filter: one state for each epoch from everything received until then, or from everything.

An extended Kalman filter over position, velocity, clock drift, a clock for each system, and the position and
clock of the epoch before, to which differences of phase refer. Rows are reweighted until their residuals
agree with their weights (Yang's IGG III: one to 1.5 standard deviations, none from 4.5), so that signals
round a corner lose their say. Code errors in a street last for many epochs: the covariance that is reported
takes them as such, while the filter's gains do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt.gnsstime import Instants
from rabta.pnt.signals import LIGHT_M_S
from rabta.pnt.tracks import motions

Array = NDArray[np.float64]

BOUNDS = (1.5, 4.5)  # Yang, Song and Xu 2002 (J. Geodesy 76): 1 to 1.5 and 3 to 8
ANEW_S = 30.0  # between beginnings of the second filter, and before it is believed
MARGIN = 0.8  # share of the first one's cost at which the second takes over
WORST_M = 100.0  # standard deviation beyond which a fix would be worse than none
# broadcast orbits and clocks and a modelled ionosphere and troposphere: modelled, of the size that GPS SPS
# performance standard (2020) and half of a mid-latitude ionosphere give; they change within the hour
SLOW_M, SLOW_S = 1.5, 3600.0
START_M = 10_000.0  # standard deviation of the first position


@dataclass(frozen=True)
class Rows:
    """What the filter takes of each satellite of each epoch.

    Attributes
    ----------
    times : ndarray of int64, shape (epoch,)
    starts : ndarray of int64, shape (epoch + 1,)
        First row of each epoch.
    systems : tuple of str
        Letters that ``system`` counts.
    system, prn : ndarray, shape (row,)
    satellite_m, velocity_m_s : ndarray, shape (row, 3)
        At transmission, in the Earth-fixed frame of reception.
    code_m : ndarray, shape (row,)
        Pseudorange less the satellite's clock, group delay, ionosphere and troposphere; NaN: none.
    rate_m_s : ndarray, shape (row,)
        Range rate from Doppler less the satellite's clock drift; NaN: none.
    phase_m : ndarray, shape (row,)
        Phase in metres less the satellite's clock and the modelled changes of the air.
    before : ndarray of int64, shape (row,)
        Row of the same satellite one epoch before with unbroken phase; -1: none.
    variance : ndarray, shape (row, 3)
        Of code, rate and phase difference: `rabta.pnt.tracks.noise`.
    elevation_deg, azimuth_deg : ndarray, shape (row,)
    """

    times: Instants
    starts: NDArray[np.int64]
    systems: tuple[str, ...]
    system: NDArray[np.int64]
    prn: NDArray[np.int64]
    satellite_m: Array
    velocity_m_s: Array
    code_m: Array
    rate_m_s: Array
    phase_m: Array
    before: NDArray[np.int64]
    variance: Array
    elevation_deg: Array
    azimuth_deg: Array


@dataclass(frozen=True)
class Track:
    """Where the receiver was.

    Attributes
    ----------
    times : ndarray of int64, shape (epoch,)
    position_m, velocity_m_s : ndarray, shape (epoch, 3)
        NaN before the filter starts.
    covariance_m2 : ndarray, shape (epoch, 3, 3)
        Of the position's true error: with code errors that last.
    clock_s : ndarray, shape (epoch, system)
        NaN for a system that was not seen yet.
    clock_rate : ndarray, shape (epoch,)
        Dimensionless.
    systems : tuple of str
    used : ndarray of int64, shape (epoch,)
        Codes with some weight; 0: carried on by the motion alone.
    weights : ndarray, shape (row, 3)
        Of the rows' code, rate and phase difference; NaN where there was none.
    method : str
        ``forward`` (causal: fit for real time) or ``smoothed``.
    """

    times: Instants
    position_m: Array
    velocity_m_s: Array
    covariance_m2: Array
    clock_s: Array
    clock_rate: Array
    systems: tuple[str, ...]
    used: NDArray[np.int64]
    weights: Array
    method: str

    @property
    def fixed(self) -> NDArray[np.bool_]:
        """Epochs with a position that codes of that epoch support and that is not a mere guess."""
        spread = np.sqrt(np.trace(self.covariance_m2, axis1=1, axis2=2))
        return np.asarray(np.isfinite(self.position_m[:, 0]) & (self.used > 0) & (spread < WORST_M))


@dataclass
class Filtered:
    """Whole states of a run, for the smoother."""

    states: Array
    covariances: Array
    reported: Array
    ahead: Array
    ahead_covariances: Array
    transitions: Array


def density(motion: motions.Motion, position_m: Array) -> Array:
    """Spectral density of the acceleration in the Earth-fixed frame, shape (3, 3)."""
    lat, lon, _ = geo.geodetic_from_ecef(position_m)
    axes = geo.east_north_up(lat, lon)
    local = np.diag([motion.horizontal**2, motion.horizontal**2, motion.vertical**2])
    return np.asarray(axes.T @ local @ axes)


def tuning(motion: motions.Motion) -> Array:
    """What the kernel wants to know besides the motion's density."""
    return np.array([*BOUNDS, motion.correlation_s, ANEW_S, MARGIN, SLOW_M**2, SLOW_S])


def follow(
    rows: Rows, start_m: Array, motion: str | motions.Motion = "vehicle", *, smooth: bool = False
) -> Track:
    """Positions of all epochs.

    Parameters
    ----------
    rows : Rows
        From `rabta.pnt.tracks.prepare`.
    start_m : ndarray, shape (3,)
        Earth-fixed position within some kilometres of the first.
    motion : str or Motion
        ``vehicle``, ``aircraft``, ``static``, or one's own.
    smooth : bool
        Look ahead too; False is causal.

    Raises
    ------
    RabtaError
        Where no epoch has four satellites.
    """
    kind = motion if isinstance(motion, motions.Motion) else motions.motion(motion)
    if rows.starts.size < 2 or np.diff(rows.starts).max() < 4:
        raise RabtaError(
            "no epoch has four satellites to start from",
            key="epochs",
            value=rows.times.size,
            expected="observations and ephemerides of the same day and systems",
        )
    late = np.flatnonzero(np.diff(rows.times) <= 0)
    if late.size:
        raise RabtaError(
            "epochs are not in order of time",
            key="epoch",
            value=int(late[0]) + 1,
            expected="each later than the one before",
        )
    found, weights, used = _run(rows, np.asarray(start_m, dtype=np.float64), kind, keep=smooth)
    if not smooth:
        return _track(rows, found.states, found.reported, weights, used, "forward")
    from rabta.pnt.tracks import smoother

    states, covariances = smoother.backward(found)
    return _track(rows, states, covariances, weights, used, "smoothed")


def _run(
    rows: Rows, start: Array, motion: motions.Motion, *, keep: bool
) -> tuple[Filtered, Array, NDArray[np.int64]]:
    from rabta.pnt.tracks import _kernels

    clocks, epochs = len(rows.systems), rows.times.size
    n, kept = 11 + clocks, epochs if keep else 0
    found = Filtered(
        np.full((epochs, n), np.nan), np.full((epochs, n, n), np.nan), np.full((epochs, n, n), np.nan),
        np.full((kept, n), np.nan), np.full((kept, n, n), np.nan), np.full((kept, n, n), np.nan),
    )  # fmt: skip
    weights, used = np.full((rows.code_m.size, 3), np.nan), np.zeros(epochs, np.int64)
    begin = np.array([*start, START_M, motion.speed_m_s])
    clock = np.array([motions.CLOCK_PHASE, motions.CLOCK_FREQUENCY, motions.CLOCK_OFFSETS])
    _kernels.forward(
        rows.times, rows.starts, clocks, rows.system, rows.satellite_m, rows.velocity_m_s, rows.code_m,
        rows.rate_m_s, rows.phase_m, rows.before, rows.variance, begin, density(motion, start).ravel(), clock,
        tuning(motion), found.states, found.covariances, found.reported, weights, used, found.ahead,
        found.ahead_covariances, found.transitions,
    )  # fmt: skip
    return found, weights, used


def _track(
    rows: Rows, states: Array, covariances: Array, weights: Array, used: NDArray[np.int64], method: str
) -> Track:
    clocks = len(rows.systems)
    seen = _seen(rows, weights)
    return Track(
        rows.times,
        states[:, :3].copy(),
        states[:, 3:6].copy(),
        covariances[:, :3, :3].copy(),
        np.where(seen, states[:, 7 : 7 + clocks] / LIGHT_M_S, np.nan),
        states[:, 6] / LIGHT_M_S,
        rows.systems,
        used,
        weights,
        method,
    )


def _seen(rows: Rows, weights: Array) -> NDArray[np.bool_]:
    """Whether a system had a code until an epoch, shape (epoch, system)."""
    seen = np.zeros((rows.times.size, len(rows.systems)), dtype=bool)
    epoch = np.repeat(np.arange(rows.times.size), np.diff(rows.starts))
    had = np.isfinite(weights[:, 0])
    seen[epoch[had], rows.system[had]] = True
    return np.asarray(np.logical_or.accumulate(seen, axis=0))
