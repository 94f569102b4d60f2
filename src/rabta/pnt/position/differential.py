"""Differential positions: what a receiver at a known place measures wrong, the rover measures wrong too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.pnt.gnsstime import NS, Instants
from rabta.pnt.orbits.constants import EARTH_ROTATION, LIGHT_M_S
from rabta.pnt.position import weights
from rabta.pnt.position.options import Options
from rabta.pnt.position.prepare import Geometry, combined, geometry
from rabta.pnt.position.single import Solution, solve_rows
from rabta.pnt.records import Navigation, Observations

Array = NDArray[np.float64]
Index = NDArray[np.int64]

MAX_AGE_S = 30.0  # of a correction; usual for code corrections (RTCM 10410.1 repeats them within seconds)
IONOSPHERE_PER_M = (
    4e-6  # change of the vertical delay with distance, one sigma: RTCA DO-245A section 2.3.12.2
)
AIR_PER_M = 0.5e-6  # of the troposphere, after the model (modelled)


def differential(
    rover: Observations,
    base: Observations,
    base_position_m: ArrayLike,
    nav: Navigation,
    options: Options | None = None,
    *,
    max_age_s: float = MAX_AGE_S,
) -> Solution:
    """Code-differential position of every epoch of the rover.

    Parameters
    ----------
    rover, base : Observations
    base_position_m : array_like, shape (3,)
        Antenna of the base, Earth-fixed; its frame is the result's.
    nav : Navigation
    options : Options, optional
        Signals that both receivers have are averaged (``auto``), or the first alone (``single``).
    max_age_s : float
        Largest difference in time between rover and base.

    Raises
    ------
    RabtaError
        Where rover and base have no satellite and signal in common at any time.
    """
    chosen = options or Options()
    here = np.asarray(base_position_m, dtype=np.float64)
    if here.shape != (3,) or not 6.2e6 < float(np.linalg.norm(here)) < 7.0e6:
        raise RabtaError(
            "the base's position is not on the Earth",
            key="base_position_m",
            value=base_position_m,
            expected="Earth-fixed X,Y,Z in metres",
        )
    mine = geometry(rover, nav, chosen)
    its = geometry(base, nav, replace(chosen, mask_deg=0.0), place_m=here)
    mine, other = _matched(mine, its, max_age_s)
    return solve_rows(_corrected(mine, its, other, here, chosen), chosen)


def _matched(mine: Geometry, its: Geometry, max_age_s: float) -> tuple[Geometry, Index]:
    """Rows of the rover that the base has too, and the base's row for each."""
    near = _nearest(its.times, mine.times)
    age = np.abs(its.times[near] - mine.times) / NS
    span = 1 << 40
    mine_at, its_at = (rows.system.astype("U1").view(np.int32).astype(np.int64) for rows in (mine, its))
    wanted = near[mine.epoch] * span + mine_at * 1024 + mine.prn
    have = its.epoch * span + its_at * 1024 + its.prn
    order = np.argsort(have, kind="stable")
    place = np.minimum(np.searchsorted(have[order], wanted), max(have.size - 1, 0))
    row = order[place] if have.size else np.zeros(wanted.size, np.int64)
    good = (age[mine.epoch] <= max_age_s) & (have[row] == wanted if have.size else False)
    good &= its.ephemeris[row] == mine.ephemeris
    good &= its.codes[row, 0] == mine.codes[:, 0]
    if not good.any():
        raise RabtaError(
            "rover and base have no satellite and signal in common",
            key="base",
            expected=f"a base that observed within {max_age_s:g} s of the rover's epochs",
        )
    return mine.keep(good), row[good]


def _nearest(times: Instants, wanted: Instants) -> Index:
    right = np.clip(np.searchsorted(times, wanted), 1, max(times.size - 1, 1))
    left = right - 1
    right = np.minimum(right, times.size - 1)
    return np.where(wanted - times[left] <= times[right] - wanted, left, right)


def _corrected(mine: Geometry, its: Geometry, other: Index, here: Array, options: Options) -> Geometry:
    """Rover's rows with the base's errors taken off each signal; weights of what is left."""
    way = its.satellite_m[other] - here
    far = np.linalg.norm(way, axis=1)
    turn = EARTH_ROTATION / LIGHT_M_S
    satellite = its.satellite_m[other]
    far = far + turn * (satellite[..., 0] * here[..., 1] - satellite[..., 1] * here[..., 0])
    model = delays(its, other)
    away = np.linalg.norm(mine.place_m - here, axis=1)[mine.epoch]
    ranges = np.full_like(mine.ranges_m, np.nan)
    both = int(ranges.shape[-1]), int(its.codes.shape[-1])
    for k in range(both[0]):
        for j in range(both[1]):
            same = (mine.codes[:, k] == its.codes[other, j]) & (mine.codes[:, k] != "")
            wrong = its.ranges_m[other, j] - (far + model[:, j])
            ranges[same, k] = (mine.ranges_m[:, k] - wrong)[same]
    code = np.hypot(weights.code_m(mine.elevation_deg, mine.cn0), _base_code(its, other))
    slack = IONOSPHERE_PER_M * away * weights.slant(mine.elevation_deg) + 0.01
    air = (AIR_PER_M * away * weights.air(mine.elevation_deg)) ** 2
    rows = replace(mine, ranges_m=ranges, range_m=ranges[:, 0], clock_s=_first_clock(mine))
    rows = replace(rows, ionosphere_m=_first_ionosphere(mine))
    return combined(rows, options, code, slack, air)


def _base_code(its: Geometry, other: Index) -> Array:
    return weights.code_m(its.elevation_deg[other], its.cn0[other])


def _first_clock(rows: Geometry) -> Array:
    """Satellite's clock less the first signal's group delay, before signals were combined."""
    return np.asarray(rows.clock_s + np.nansum(rows.shares * rows.delays_s, axis=1) - rows.delays_s[:, 0])


def _first_ionosphere(rows: Geometry) -> Array:
    """Modelled delay at the first signal; zero for pairs, where none was modelled."""
    gamma = (rows.frequencies_hz[:, :1] / rows.frequencies_hz) ** 2
    part = np.nansum(rows.shares * gamma, axis=1)
    return np.where(np.abs(part) > 1e-6, rows.ionosphere_m / np.where(np.abs(part) > 1e-6, part, 1.0), 0.0)


def delays(rows: Geometry, which: Index) -> Array:
    """What the model adds to the geometric range of each signal, shape (row, signal)."""
    gamma = (rows.frequencies_hz[which, :1] / rows.frequencies_hz[which]) ** 2
    first, clock = _first_ionosphere(rows)[which], _first_clock(rows)[which]
    offset = clock[:, None] + rows.delays_s[which, :1] - rows.delays_s[which]
    return np.asarray(first[:, None] * gamma + rows.troposphere_m[which, None] - LIGHT_M_S * offset)
