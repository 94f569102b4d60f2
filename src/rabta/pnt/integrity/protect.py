"""Each fix with its protection level: prepared rows of a receiver's ranges, tested and bounded.

The position is solved anew with the weights that integrity asks for, so that its levels hold for it; around
another position of the same epoch they hold when the distance between both is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.pnt.integrity import araim, exclusion, ism
from rabta.pnt.integrity.araim import Allocation, Protection

if TYPE_CHECKING:
    from rabta.pnt.position import Geometry as Rows
    from rabta.pnt.position import Solution

Array = NDArray[np.float64]

EARTH_ROTATION = 7.2921151467e-5
LIGHT_M_S = 299_792_458.0
# Modelled: how much of the broadcast ionosphere's uncertainty differs from satellite to satellite; all ranges
# share the rest, as an error of the vertical delay.
OWN_SHARE = 0.4
# Part of the delay that a broadcast model leaves, one sigma: Klobuchar's half (IS-GPS-200N, 20.3.3.5.2.5);
# those of Galileo's coefficients 30 % (Ionospheric Correction Algorithm 1.2, section 2); BDGIM a quarter
# (Yuan et al., J. Geodesy 93, 2019). Any other counts as half.
MODEL_SHARE = {"klobuchar": 0.5, "klobuchar-beidou": 0.5, "ntcm": 0.3, "bdgim": 0.25}
# Modelled: the floor of that error is a third of the vertical bound of DO-229D, J.2.3, made for storms.
QUIET = 1.0 / 3.0


@dataclass(frozen=True)
class Options:
    """Choices of the protection of fixes.

    Attributes
    ----------
    ism : str
        Entry of the catalog ``ism``.
    order : int
        Faults at once.
    allocation : Allocation
        Budgets and limits of the operation.
    exclude : bool
        Find and leave out what fails the tests.
    constellation_faults : bool
        Whether the fault of the only constellation in view counts; it could never be found.
    storm : bool
        Take the ionosphere's uncertainty of DO-229D, J.2.3, which bounds the worst storms, instead of what
        the model usually leaves and at least a third of that bound. Only for single frequencies; always
        where no model was used.
    """

    ism: str = "open"
    order: int = 2
    allocation: Allocation = araim.FIX
    exclude: bool = True
    constellation_faults: bool = False
    storm: bool = False


@dataclass(frozen=True)
class Protected:
    """Fixes with their protection levels.

    Attributes
    ----------
    times : ndarray of int64, shape (epoch,)
    position_m : ndarray, shape (epoch, 3)
        Earth-fixed; NaN without a fix.
    hpl_m, vpl_m : ndarray, shape (epoch,)
        Of this position; infinite where nothing is protected.
    fix_hpl_m, fix_vpl_m : ndarray, shape (epoch,)
        Of the solver's position: the same and the distance between both.
    alarm : ndarray of bool, shape (epoch,)
        A fault was there and could not be left out.
    excluded : list of tuple of str
        Satellites that were left out of each epoch.
    levels : Protection
        All else, before any exclusion.
    slots : ndarray of int64, shape (epoch, satellite)
        Row of each column of `levels`, -1 where empty.
    geometry : Geometry
        What was protected.
    options : Options
    """

    times: NDArray[np.int64]
    position_m: Array
    hpl_m: Array
    vpl_m: Array
    fix_hpl_m: Array
    fix_vpl_m: Array
    alarm: NDArray[np.bool_]
    excluded: list[tuple[str, ...]]
    available: NDArray[np.bool_]
    levels: Protection
    slots: NDArray[np.int64]
    geometry: araim.Geometry
    options: Options


def protect(solution: Solution, options: Options | None = None) -> Protected:
    """Protection levels of every fix of a solution.

    Parameters
    ----------
    solution : Solution
        Of `rabta.pnt.position.solve`; rows that it left out are tested like all others.
    """
    return protect_rows(solution.rows, solution.position_m, options)


def protect_rows(rows: Rows, position_m: Array, options: Options | None = None) -> Protected:
    """As `protect`, from prepared rows and positions near the truth, shape (epoch, 3)."""
    chosen = options or Options()
    geometry, slots = from_rows(rows, position_m, storm=chosen.storm)
    table = ism.load(chosen.ism)
    first = araim.protection(
        geometry, table, chosen.order, allocation=chosen.allocation,
        constellation_faults=chosen.constellation_faults,
    )  # fmt: skip
    names = np.array([f"{s}{p:02d}" for s, p in zip(rows.system.tolist(), rows.prn.tolist(), strict=True)])
    excluded: list[tuple[str, ...]] = [()] * first.alarm.size
    last, alarm = first, first.alarm > 1.0
    if chosen.exclude and alarm.any():
        found = exclusion.exclude(
            geometry, table, first, chosen.order, chosen.allocation, chosen.constellation_faults
        )
        last, alarm = found.levels, found.alarm
        for k, gone in found.excluded.items():
            excluded[k] = tuple(names[slots[k, gone]].tolist())
    return _placed(rows, position_m, first, last, alarm, excluded, (slots, geometry, chosen))


def _placed(
    rows: Rows, position_m: Array, first: Protection, last: Protection, alarm: NDArray[np.bool_],
    excluded: list[tuple[str, ...]], rest: tuple[NDArray[np.int64], araim.Geometry, Options],
) -> Protected:  # fmt: skip
    """Positions and levels, infinite where an alarm stands."""
    lat, lon, _ = geo.geodetic_from_ecef(position_m)
    where = position_m + np.einsum("eij,ei->ej", geo.east_north_up(lat, lon), last.offset_m)
    hpl, vpl = (np.where(alarm, np.inf, level) for level in (last.hpl_m, last.vpl_m))
    away = np.hypot(last.offset_m[:, 0], last.offset_m[:, 1]), np.abs(last.offset_m[:, 2])
    nothing = ~np.isfinite(where[:, 0])
    hpl[nothing], vpl[nothing] = np.inf, np.inf
    return Protected(
        rows.times, where, hpl, vpl, hpl + np.nan_to_num(away[0]), vpl + np.nan_to_num(away[1]),
        alarm, excluded, last.available & ~alarm & ~nothing, first, *rest,
    )  # fmt: skip


def from_rows(
    rows: Rows, position_m: Array, *, storm: bool = False
) -> tuple[araim.Geometry, NDArray[np.int64]]:
    """Geometry of prepared rows at positions, epochs beside satellites.

    Returns
    -------
    geometry : Geometry
        Of shape (epoch, satellite).
    slots : ndarray of int64, shape (epoch, satellite)
        Row of each place, -1 where empty.
    """
    counts = np.bincount(rows.epoch, minlength=rows.times.size)
    slots = np.full((rows.times.size, max(int(counts.max(initial=0)), 1)), -1, dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)])
    column = np.arange(rows.epoch.size) - starts[rows.epoch]
    slots[rows.epoch, column] = np.arange(rows.epoch.size)
    unit, residual = sight(rows.satellite_m, rows.corrected_m, position_m[rows.epoch])
    local, mapping, slack = errors(rows, position_m, storm=storm)

    def spread(values: NDArray[Any], empty: object) -> NDArray[Any]:
        out = np.full((*slots.shape, *values.shape[1:]), empty, dtype=values.dtype)
        out[rows.epoch, column] = values
        return out

    return araim.Geometry(
        unit=spread(unit, np.nan),
        kind=spread(kinds(rows), ""),
        sigma_m=spread(local, np.nan),
        residual_m=spread(residual, np.nan),
        clock=spread(rows.group.astype(np.int64), 0),
        mapping=spread(mapping, 0.0),
        slack_m=slack,
        parent=rows.parent,
        tie_m=rows.tie_m,
    ), slots


def kinds(rows: Rows) -> NDArray[np.str_]:
    """Kinds of satellites of rows, as the integrity support names them."""
    return ism.kinds(rows.system, rows.prn)


def sight(satellite_m: Array, corrected_m: Array, position_m: Array) -> tuple[Array, Array]:
    """Unit vectors (east, north, up) and residuals of ranges at positions.

    Earth turns while the signal travels: the range grows by w (x_s y_r - y_s x_r) / c.
    """
    line = satellite_m - position_m
    far = np.linalg.norm(line, axis=-1)
    turn = satellite_m[:, 0] * position_m[:, 1] - satellite_m[:, 1] * position_m[:, 0]
    lat, lon, _ = geo.geodetic_from_ecef(position_m)
    unit = np.einsum("rij,rj->ri", geo.east_north_up(lat, lon), line / far[:, None])
    return unit, corrected_m - far - EARTH_ROTATION * turn / LIGHT_M_S


def errors(rows: Rows, position_m: Array, *, storm: bool = False) -> tuple[Array, Array, Array]:
    """What place and receiver add to each range: its own error, and the vertical ionosphere's that all share.

    Returns
    -------
    sigma_m : ndarray, shape (row,)
        Troposphere, noise and multipath of code (of a pair where two are combined), and the part of the
        ionosphere's uncertainty that differs between satellites.
    mapping : ndarray, shape (row,)
        Range error for a metre of vertical delay at 1575.42 MHz; 0 for pairs.
    slack_m : ndarray, shape (epoch,)
        One sigma of that delay.
    """
    up = np.where(np.isfinite(rows.elevation_deg), np.maximum(rows.elevation_deg, 2.0), 90.0)
    lat, lon, _ = geo.geodetic_from_ecef(position_m)
    bound = np.nan_to_num(ism.ionosphere_m(0.0, 90.0, ism.magnetic_latitude_deg(lat, lon)), nan=9.0)
    part = np.nan_to_num(rows.shares)
    left = np.abs(np.nansum(part * (ism.L1_HZ / rows.frequencies_hz) ** 2, axis=-1))
    mapping = np.where(left > 1e-6, ism.obliquity(up) * left, 0.0)
    slack = bound
    if not storm and rows.ionosphere != "none":
        share = MODEL_SHARE.get(rows.ionosphere, 0.5)
        slack = np.maximum(QUIET * bound, share * _vertical(rows, mapping))
    whole = np.maximum(np.abs(rows.ionosphere_m) / 5.0, slack[rows.epoch] * mapping)
    noise = ism.ground_m(up) * np.linalg.norm(part, axis=-1)
    return np.sqrt(ism.troposphere_m(up) ** 2 + noise**2 + (OWN_SHARE * whole) ** 2), mapping, slack


def _vertical(rows: Rows, mapping: Array) -> Array:
    """Vertical delay of the ionosphere's model at 1575.42 MHz, mean of each epoch's ranges."""
    single = np.flatnonzero(mapping > 0.0)
    total = np.bincount(
        rows.epoch[single], np.abs(rows.ionosphere_m[single]) / mapping[single], rows.times.size
    )
    return np.asarray(total / np.maximum(np.bincount(rows.epoch[single], minlength=rows.times.size), 1))


def operations(found: Protected) -> dict[str, float]:
    """Share of epochs in which each operation of `araim.OPERATIONS` is available."""
    table, o = ism.load(found.options.ism), found.options
    shares = {}
    for name, allocation in araim.OPERATIONS.items():
        levels = araim.protection(
            found.geometry, table, o.order, allocation=allocation, constellation_faults=o.constellation_faults
        )
        shares[name] = float(np.mean(levels.available & ~(levels.alarm > 1.0)))
    return shares


def summary(found: Protected, error_m: Array | None = None) -> dict[str, Any]:
    """Figures of protected fixes.

    Parameters
    ----------
    error_m : ndarray, shape (epoch, 3), optional
        East, north and up of `found.position_m` against the truth; NaN where unknown.
    """
    known = np.isfinite(found.hpl_m) & np.isfinite(found.vpl_m)
    kinds_found, counts = np.unique([name for gone in found.excluded for name in gone], return_counts=True)
    told: dict[str, Any] = {
        "ism": found.options.ism, "order": found.options.order, "epochs": int(known.size),
        "protected": int(known.sum()),
        "hpl_median_m": _median(found.hpl_m), "vpl_median_m": _median(found.vpl_m),
        "below_40_50": float(np.mean((found.hpl_m < 40.0) & (found.vpl_m < 50.0))),
        "available": operations(found), "alarms": int(found.alarm.sum()),
        "epochs_with_faults": sum(bool(gone) for gone in found.excluded),
        "excluded": {str(n): int(c) for n, c in zip(kinds_found, counts, strict=True)},
    }  # fmt: skip
    if error_m is not None:
        flat, up = np.hypot(error_m[:, 0], error_m[:, 1]), np.abs(error_m[:, 2])
        both = known & np.isfinite(flat)
        with np.errstate(invalid="ignore"):
            ratio = np.maximum(flat / found.hpl_m, up / found.vpl_m)[both]
        told |= {"misleading": int((ratio > 1.0).sum()), "largest_ratio": float(ratio.max(initial=0.0))}
    return told


def _median(values: Array) -> float | None:
    """Median, None where it is infinite."""
    middle = float(np.median(values)) if values.size else np.inf
    return middle if np.isfinite(middle) else None
