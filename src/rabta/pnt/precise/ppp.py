"""Precise point positioning: one receiver, precise orbits and clocks, float ambiguities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import orbits, position
from rabta.pnt.atmosphere import attitude, bodies, tides, troposphere
from rabta.pnt.gnsstime import NS, Instants
from rabta.pnt.position.prepare import Geometry
from rabta.pnt.precise.pairs import CODE_RATIO, PHASE_LOW_M, PHASE_M, computed_m
from rabta.pnt.precise.phases import Phases, phases
from rabta.pnt.products.clk import Clocks
from rabta.pnt.products.sp3 import Orbits
from rabta.pnt.records import Navigation, Observations
from rabta.pnt.signals import LIGHT_M_S

Array = NDArray[np.float64]
States = Callable[[NDArray[np.str_], NDArray[np.int64], Instants, Array], "orbits.States"]

IONO_FREE_NOISE = 3.0  # of the combination against one signal, as RTKLIB's manual takes it (E.8.3)
WET_M_SQRT_S = 1e-4  # random walk of the zenith wet delay: RTKLIB's default, 6 mm in an hour
FIRST_WET_M, FIRST_AMBIGUITY_M, CLOCK_M, PLACE_M = 0.3, 60.0, 1e5, 100.0
OUTLIER = 5.0  # normalised residual beyond which a phase begins a new arc and a code is left out


@dataclass(frozen=True)
class Track:
    """Positions over time, each from all epochs up to its own.

    Attributes
    ----------
    times : ndarray of int64, shape (epoch,)
    position_m : ndarray, shape (epoch, 3)
        Earth-fixed, without tides, in the products' frame (ITRF); NaN where there is none.
    covariance_m2 : ndarray, shape (epoch, 3, 3)
    wet_m : ndarray, shape (epoch,)
        Zenith wet delay on top of the model's.
    used : ndarray of int64, shape (epoch,)
        Satellites.
    phase_rms_m : ndarray, shape (epoch,)
        Of the phases' residuals.
    """

    times: Instants
    position_m: Array
    covariance_m2: Array
    wet_m: Array
    used: NDArray[np.int64]
    phase_rms_m: Array


def solve(
    obs: Observations, nav: Navigation, sp3: Orbits, clocks: Clocks | None = None, *,
    systems: str = "G", mask_deg: float = 10.0, kinematic: bool = False, place_m: ArrayLike | None = None,
) -> Track:  # fmt: skip
    """Point positions from orbits (SP3) and clocks (CLK) of an analysis centre.

    Parameters
    ----------
    nav : Navigation
        For the approximate position and the choice of satellites.
    kinematic : bool
        A new position at every epoch; otherwise the receiver is at rest.

    Raises
    ------
    RabtaError
        Where no satellite has two phases and a precise orbit.
    """

    def states(
        system: NDArray[np.str_], prn: NDArray[np.int64], when: Instants, ahead: Array
    ) -> orbits.States:
        return orbits.precise(sp3, clocks, system, prn, when, ahead, own_clock=True)

    return by_states(
        obs, nav, states, systems=systems, mask_deg=mask_deg, kinematic=kinematic, place_m=place_m
    )


def by_states(
    obs: Observations, nav: Navigation, states: States, *,
    systems: str = "G", mask_deg: float = 10.0, kinematic: bool = False, place_m: ArrayLike | None = None,
) -> Track:  # fmt: skip
    """As `solve`, with any source of precise states: ``states(system, prn, times, fractions)``."""
    options = position.Options(systems=systems, mask_deg=mask_deg)
    if place_m is None:
        found = position.solve(obs, nav, options).position_m
        place_m = found if kinematic else np.nanmedian(found, axis=0)
        if kinematic:
            place_m = np.where(np.isfinite(found), found, np.nanmedian(found, axis=0))
    rows = position.geometry(obs, nav, options, place_m=place_m)
    measured = phases(obs, rows)
    model = _model(rows, measured, states)
    if not np.isfinite(model.code_m).any():
        raise RabtaError(
            "no satellite has two phases and a precise orbit", key="systems", value=systems,
            expected="products of the observations' day and systems",
        )  # fmt: skip
    return _Filter(rows, measured, model, kinematic=kinematic).run()


@dataclass(frozen=True)
class _Model:
    """Measured less computed at the approximate position, and how it changes with the unknowns."""

    code_m: Array
    phase_m: Array
    unit: Array
    wet: Array
    sigma_m: Array


def _model(rows: Geometry, measured: Phases, states: States) -> _Model:
    at = measured.rows
    epoch = rows.epoch[at]
    when = rows.times[epoch]
    state = states(rows.system[at], rows.prn[at], when, -measured.code_m / LIGHT_M_S)
    moved = tides.solid_m(rows.place_m, rows.times)
    place = (rows.place_m + moved)[epoch]
    far, unit = computed_m(state.position_m, place)
    lat, lon, height = geo.geodetic_from_ecef(place)
    elevation = np.degrees(np.arcsin(np.einsum("rk,rk->r", unit, geo.east_north_up(lat, lon)[:, 2])))
    low = np.where(elevation > 3.0, elevation, 3.0)
    dry, wet = troposphere.seasonal_zenith_m(lat, np.clip(height, -1e3, 2e4), when)
    dry_map, wet_map = troposphere.niell(lat, height, low, when)
    computed = far + attitude.shapiro_m(place, state.position_m) - LIGHT_M_S * state.clock_s
    computed = computed + dry * dry_map + wet * wet_map
    wound = _windup(rows, measured, state.position_m, place)
    sine = np.sin(np.radians(low))
    return _Model(
        measured.code_m - computed, measured.phase_m - computed - wound, unit, wet_map,
        IONO_FREE_NOISE * np.hypot(PHASE_M, PHASE_LOW_M / sine),
    )  # fmt: skip


def _windup(rows: Geometry, measured: Phases, satellite_m: Array, place_m: Array) -> Array:
    """Wind-up in metres of the combined phase, without jumps along each arc."""
    when = rows.times[rows.epoch[measured.rows]]
    body = attitude.axes(satellite_m, bodies.sun_m(when))
    cycles = attitude.windup_cycles(place_m, satellite_m, body)
    order = np.lexsort((when, measured.satellite))
    step = np.diff(cycles[order], prepend=cycles[order][:1])
    step[np.diff(measured.satellite[order], prepend=-1) != 0] = 0.0
    turns = np.cumsum(np.nan_to_num(np.rint(step)))
    wound = np.empty(cycles.size)
    wound[order] = cycles[order] - turns
    return wound * measured.windup_m


class _Filter:
    """Kalman filter over epochs: place, wet delay, a clock a system, an ambiguity a satellite."""

    def __init__(self, rows: Geometry, measured: Phases, model: _Model, *, kinematic: bool) -> None:
        self.rows, self.measured, self.model, self.kinematic = rows, measured, model, kinematic
        letters, self.system = np.unique(rows.system[measured.rows], return_inverse=True)
        self.clocks = letters.size
        self.first = 4 + self.clocks  # of the ambiguities
        size = self.first + int(measured.satellite.max(initial=-1)) + 1
        self.state, self.cov = np.zeros(size), np.zeros((size, size))
        self.cov[:3, :3] = np.eye(3) * PLACE_M**2
        self.cov[3, 3] = FIRST_WET_M**2
        self.arc = np.full(size - self.first, -1, dtype=np.int64)

    def run(self) -> Track:
        """All epochs, in order."""
        epochs = self.rows.times.size
        epoch = self.rows.epoch[self.measured.rows]
        start = np.searchsorted(epoch, np.arange(epochs + 1))
        out = np.full((epochs, 3), np.nan)
        cov, wet, rms = np.full((epochs, 3, 3), np.nan), np.full(epochs, np.nan), np.full(epochs, np.nan)
        used = np.zeros(epochs, dtype=np.int64)
        last = None
        for k in range(epochs):
            rows = np.arange(start[k], start[k + 1])
            rows = rows[np.isfinite(self.model.code_m[rows] + self.model.phase_m[rows])]
            self._predict(0.0 if last is None else (self.rows.times[k] - last) / NS)
            last = self.rows.times[k]
            if rows.size < 4:
                continue
            used[k], rms[k] = self._update(rows)
            if used[k] >= 4:
                out[k] = self.rows.place_m[k] + self.state[:3]
                cov[k], wet[k] = self.cov[:3, :3], self.state[3]
        return Track(self.rows.times, out, cov, wet, used, rms)

    def _predict(self, step_s: float) -> None:
        self._forget(slice(4, self.first), CLOCK_M)
        self.cov[3, 3] += WET_M_SQRT_S**2 * step_s
        if self.kinematic:
            self._forget(slice(0, 3), PLACE_M)

    def _forget(self, part: slice, sigma: float) -> None:
        self.state[part] = 0.0
        self.cov[part], self.cov[:, part] = 0.0, 0.0
        self.cov[part, part] = np.eye(part.stop - part.start) * sigma**2

    def _update(self, rows: NDArray[np.int64]) -> tuple[int, float]:
        """Take in an epoch; again without what contradicts the rest."""
        codes = np.ones(rows.size, dtype=bool)
        for row in rows:
            self._begin(int(row))
        before = self.state.copy(), self.cov.copy()
        for _ in range(rows.size):
            rest, sigma = self._take(rows, codes)
            normal = np.abs(rest) / sigma
            worst = int(np.argmax(normal))
            if normal[worst] < OUTLIER:
                break
            self.state, self.cov = before[0].copy(), before[1].copy()
            if worst < rows.size:
                self._begin(int(rows[worst]), new=True)
                before = self.state.copy(), self.cov.copy()
            else:
                codes[np.flatnonzero(codes)[worst - rows.size]] = False
        return rows.size, float(np.sqrt(np.mean(rest[: rows.size] ** 2)))

    def _begin(self, row: int, *, new: bool = False) -> None:
        """Ambiguity of a row's satellite anew where a new arc begins: phase less code."""
        s = int(self.measured.satellite[row])
        if not new and self.arc[s] == self.measured.arc[row]:
            return
        self.arc[s] = self.measured.arc[row]
        k = self.first + s
        self._forget(slice(k, k + 1), FIRST_AMBIGUITY_M)
        self.state[k] = self.model.phase_m[row] - self.model.code_m[row]

    def _design(self, rows: NDArray[np.int64], codes: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
        """Derivatives, measurements and their standard deviations: phases, then codes."""
        n = rows.size
        both = np.concatenate([rows, rows[codes]])
        design = np.zeros((both.size, self.state.size))
        design[:, :3] = -self.model.unit[both]
        design[:, 3] = self.model.wet[both]
        design[np.arange(both.size), 4 + self.system[both]] = 1.0
        design[np.arange(n), self.first + self.measured.satellite[rows]] = 1.0
        value = np.concatenate([self.model.phase_m[rows], self.model.code_m[rows[codes]]])
        sigma = self.model.sigma_m[both] * np.where(np.arange(both.size) < n, 1.0, CODE_RATIO)
        return design, value, sigma

    def _take(self, rows: NDArray[np.int64], codes: NDArray[np.bool_]) -> tuple[Array, Array]:
        """Kalman's update; residuals afterwards and their standard deviations."""
        design, value, sigma = self._design(rows, codes)
        active = np.flatnonzero(design.any(axis=0))
        h, p = design[:, active], self.cov[np.ix_(active, active)]
        across = self.cov[:, active] @ h.T
        spread = h @ p @ h.T + np.diag(sigma**2)
        gain = np.linalg.solve(spread, across.T).T
        self.state = self.state + gain @ (value - h @ self.state[active])
        self.cov = self.cov - gain @ across.T
        self.cov = (self.cov + self.cov.T) / 2.0
        return value - h @ self.state[active], sigma
