"""Ionosphere-free codes and phases of one receiver, arc by arc between cycle slips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.gnsstime import NS
from rabta.pnt.position.choice import carriers
from rabta.pnt.position.prepare import Geometry
from rabta.pnt.records import Observations, SystemObservations
from rabta.pnt.signals import LIGHT_M_S

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# Slips: TurboEdit's two combinations (Blewitt 1990, GRL 17). The geometry-free phase moves by the
# ionosphere's rate, some millimetres a second at most; the Melbourne-Wuebbena wide lane by the codes' noise.
FREE_M, FREE_RATE_M_S = 0.05, 0.002
WIDE_CYCLES = 4.0
GAP_S = 300.0


@dataclass(frozen=True)
class Phases:
    """Rows of a `Geometry` with phases.

    Attributes
    ----------
    rows : ndarray of int64, shape (row,)
        Of the geometry.
    code_m, phase_m : ndarray, shape (row,)
        Free of the ionosphere.
    windup_m : ndarray, shape (row,)
        Metres of the combined phase for one cycle of wind-up.
    arc : ndarray of int64, shape (row,)
        Number of the row's arc: a satellite between two slips.
    satellite : ndarray of int64, shape (row,)
        Number of the satellite.
    """

    rows: Index
    code_m: Array
    phase_m: Array
    windup_m: Array
    arc: Index
    satellite: Index


# Bands that analysis centres' clocks refer to: BeiDou's are of B1I and B3I (IGS MGEX since 2021).
BANDS = {"G": "12", "J": "12", "E": "15", "C": "26", "R": "12"}


def phases(obs: Observations, geometry: Geometry) -> Phases:
    """Combine codes and phases of two bands for the rows of a geometry; rows without both are left out."""
    columns = [part for letter in BANDS for part in [_system(letter, obs, geometry)] if part is not None]
    if not columns:
        nothing = np.zeros(0)
        return Phases(
            np.zeros(0, np.int64), nothing, nothing, nothing, np.zeros(0, np.int64), np.zeros(0, np.int64)
        )
    joined = {name: np.concatenate([part[name] for part in columns]) for name in columns[0]}
    order = np.argsort(joined["rows"], kind="stable")
    rows, one, two, slip, first, second, free_m, wide = (
        joined[name][order] for name in ("rows", "one", "two", "slip", "first", "second", "code_m", "wide")
    )
    share = second**2 / (second**2 - first**2)  # f1^2 / (f1^2 - f2^2)
    names = np.char.add(geometry.system[rows], geometry.prn[rows].astype(str))
    _, satellite = np.unique(names, return_inverse=True)
    times = geometry.times[geometry.epoch[rows]]
    return Phases(
        rows=rows,
        code_m=free_m,
        phase_m=share * one * first + (1.0 - share) * two * second,
        windup_m=share * first + (1.0 - share) * second,
        arc=_arcs(satellite, times, one * first - two * second, wide, slip),
        satellite=satellite.astype(np.int64),
    )


def _system(letter: str, obs: Observations, geometry: Geometry) -> dict[str, NDArray[Any]] | None:
    """Columns of one system's rows."""
    rows = np.flatnonzero(geometry.system == letter)
    codes = [best(obs.systems[letter], band) for band in BANDS[letter]] if letter in obs.systems else [""]
    if not rows.size or not all(codes):
        return None
    observed, source = obs.systems[letter], geometry.source[rows]
    slot = np.nan_to_num(geometry.ephemerides["slot"][geometry.ephemeris[rows]])
    one, two = (observed.column("L" + code)[source] for code in codes)
    a, b = (observed.column("C" + code)[source] for code in codes)
    first, second = (LIGHT_M_S / carriers(letter, code[0], slot) for code in codes)
    locks = [observed.lock[source, observed.codes.index("L" + code)] & 1 for code in codes]
    share = second**2 / (second**2 - first**2)
    high, low = 1.0 / first, 1.0 / second
    wide = one - two - (high * a + low * b) / (high + low) * (high - low)  # Melbourne and Wuebbena, cycles
    part: dict[str, NDArray[Any]] = {
        "rows": rows, "one": one, "two": two, "slip": (locks[0] | locks[1]) > 0, "first": first,
        "second": second, "code_m": share * a + (1.0 - share) * b, "wide": wide,
    }  # fmt: skip
    fine = np.isfinite(one + two + a + b)
    return {name: values[fine] for name, values in part.items()}


def best(observed: SystemObservations, band: str) -> str:
    """Code of a band with the most phases; empty where there is none."""
    codes = [c[1:] for c in observed.codes if c[:2] == "L" + band and "C" + c[1:] in observed.codes]
    counted = [(int(np.isfinite(observed.column("L" + code)).sum()), code) for code in codes]
    return max(counted)[1] if counted and max(counted)[0] else ""


def _arcs(
    satellite: NDArray[np.intp], times: NDArray[np.int64], free: Array, wide: Array, slip: NDArray[np.bool_]
) -> Index:
    """Number of each row's arc."""
    order = np.lexsort((times, satellite))
    step = np.diff(times[order]) / NS
    cut = np.diff(satellite[order]) != 0
    cut |= step > GAP_S
    cut |= np.abs(np.diff(free[order])) > FREE_M + FREE_RATE_M_S * step
    cut |= np.abs(np.diff(wide[order])) > WIDE_CYCLES
    cut |= slip[order][1:]
    arc = np.empty(satellite.size, dtype=np.int64)
    arc[order] = np.concatenate([[0], np.cumsum(cut)]) if satellite.size else []
    return arc
