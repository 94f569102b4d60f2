"""Advanced receiver autonomous integrity monitoring: protection levels against several faults at once.

Every set of satellites and constellations that may be faulty together gives a position without it. How far
these lie from the position of all in view is tested; what the tests cannot see is bounded.
Multiple-hypothesis solution separation of the EU-US Working Group C, ARAIM Technical Subgroup: Milestone 3
report (2016), annex A, and Reference Airborne Algorithm Description Document 3.0 (2017); Blanch et al.,
Baseline Advanced RAIM User Algorithm and Possible Improvements, IEEE Trans. Aerospace and Electronic Systems
51 (1), 2015.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt.integrity import ism as support

Array = NDArray[np.float64]
SYSTEMS = "GRECJIS"


@dataclass(frozen=True)
class Allocation:
    """Budgets and limits of an operation.

    Attributes
    ----------
    phmi_vertical, phmi_horizontal : float
        Probability of hazardously misleading information, per exposure.
    pfa_vertical, pfa_horizontal : float
        Probability of a false alarm.
    p_emt : float
        Faults less likely than this do not count for the effective monitor threshold.
    p_threshold : float
        Faults that are not monitored may be this likely together.
    consolidate : float
        What happens inside one constellation is folded into its own fault up to this share of it.
    hal_m, val_m : float
        Alert limits.
    emt_m, accuracy_m : float
        Limits of the effective monitor threshold and of the vertical accuracy, one sigma.
    tolerance_m : float
        Of the half-interval search.
    """

    phmi_vertical: float = 9.8e-8
    phmi_horizontal: float = 2e-9
    pfa_vertical: float = 3.9e-6
    pfa_horizontal: float = 9e-8
    p_emt: float = 1e-5
    p_threshold: float = 8e-8
    consolidate: float = 0.01
    hal_m: float = 40.0
    val_m: float = 35.0
    emt_m: float = 15.0
    accuracy_m: float = 1.87
    tolerance_m: float = 1e-3

    def vector(self) -> Array:
        """As the kernel reads it."""
        return np.array(
            [
                *(self.phmi_vertical, self.phmi_horizontal, self.pfa_vertical, self.pfa_horizontal),
                *(self.p_emt, self.p_threshold, self.consolidate, self.tolerance_m),
            ]
        )


LPV_200 = Allocation()
# The same totals, split evenly: for a fix without an approach. Limits: 40 m and 50 m.
FIX = Allocation(
    5e-8, 5e-8, 2e-6, 2e-6, hal_m=40.0, val_m=50.0, emt_m=math.inf, accuracy_m=math.inf
)  # fmt: skip
_LEVEL = {"phmi_vertical": 1e-9, "phmi_horizontal": 9.9e-8, "pfa_vertical": 1e-8, "pfa_horizontal": 4.9e-7}
RNP_01 = Allocation(**_LEVEL, hal_m=185.2, val_m=math.inf, emt_m=math.inf, accuracy_m=math.inf)
RNP_03 = Allocation(**_LEVEL, hal_m=555.6, val_m=math.inf, emt_m=math.inf, accuracy_m=math.inf)
OPERATIONS = {"fix": FIX, "LPV-200": LPV_200, "RNP 0.1": RNP_01, "RNP 0.3": RNP_03}


@dataclass(frozen=True)
class Geometry:
    """Satellites in view of users at instants.

    Attributes
    ----------
    unit : ndarray, shape (..., satellite, 3)
        From the user to the satellite: east, north, up. NaN where it is not in view.
    kind : ndarray of str, shape (..., satellite) or (satellite,)
        System's letter, BeiDou with its generation (`ism.kinds`).
    sigma_m : ndarray, shape (..., satellite)
        Error that place and receiver add to a range (`ism.local_m`), one sigma; NaN or 0: not in view.
    residual_m : ndarray, shape (..., satellite), optional
        Measured less computed range at the position where `unit` was taken; without it nothing is tested.
    clock : ndarray of int64, shape (..., satellite), optional
        Number of the group of ranges that share the receiver's clock and delay (one for each system and
        signal); by default one for each system.
    parent : ndarray of int64, shape (group,), optional
        Clock of each group; by default its own.
    tie_m : ndarray, shape (group,), optional
        Standard deviation of the group's own delay against its clock; 0: none.
    mapping : ndarray, shape (..., satellite), optional
        Range error for a metre of an error that all ranges share, such as the vertical ionosphere's.
    slack_m : ndarray, shape (...), optional
        Standard deviation of that error; it is estimated beside the position.
    """

    unit: Array
    kind: NDArray[np.str_]
    sigma_m: Array
    residual_m: Array | None = None
    clock: NDArray[np.int64] | None = None
    mapping: Array | None = None
    slack_m: Array | None = None
    parent: NDArray[np.int64] | None = None
    tie_m: Array | None = None


@dataclass(frozen=True)
class Protection:
    """What users know of their position; arrays of the shape of users and instants.

    Attributes
    ----------
    hpl_m, vpl_m : ndarray
        Protection levels; infinite where there is none.
    emt_m : ndarray
        Effective monitor threshold.
    sigma_acc_m : ndarray, shape (..., 2)
        Accuracy, horizontal and vertical, one sigma (horizontal: root of the sum over east and north).
    available : ndarray of bool
        All limits of the operation are kept.
    p_left : ndarray
        Probability of faults that are not monitored.
    modes, order, count : ndarray of int64
        Positions computed, faults at once, satellites in view.
    offset_m : ndarray, shape (..., 3)
        From where `unit` was taken to the weighted position: east, north, up. NaN without residuals.
    alarm : ndarray
        Largest separation over its threshold; above 1 a fault is there.
    worst : ndarray, shape (..., 3)
        The events of that separation: index of a satellite, or -1 - system; NaN where fewer.
    chi2, freedom : ndarray
        Sum of squares of the residuals over their integrity bounds, and its degrees of freedom.
    sigma_m, bias_m : ndarray, shape (..., 3)
        Of the weighted position without faults: east, north, up.
    """

    hpl_m: Array
    vpl_m: Array
    emt_m: Array
    sigma_acc_m: Array
    available: NDArray[np.bool_]
    p_left: Array
    modes: NDArray[np.int64]
    order: NDArray[np.int64]
    count: NDArray[np.int64]
    offset_m: Array
    alarm: Array
    worst: Array
    chi2: Array
    freedom: Array
    sigma_m: Array
    bias_m: Array


@dataclass(frozen=True)
class Inputs:
    """What the kernel reads.

    ``rows`` (user, satellite, 10), ``system`` and ``clock`` (user, satellite), ``slack`` (user,), ``p_const``
    (user, 7), ``parent`` and ``ties`` (group,).
    """

    rows: Array
    system: NDArray[np.int64]
    clock: NDArray[np.int64]
    slack: Array
    p_const: Array
    parent: NDArray[np.int64]
    ties: Array


def inputs(geometry: Geometry, ism: support.Ism, *, constellation_faults: bool = True) -> Inputs:
    """Columns that the kernel reads."""
    unit = np.asarray(geometry.unit, dtype=np.float64)
    if unit.ndim < 2 or unit.shape[-1] != 3:
        raise RabtaError(
            "no geometry", key="unit", value=str(unit.shape), expected="an array (..., satellite, 3)"
        )
    shape = unit.shape[:-1]
    kind, sigma = np.broadcast_to(geometry.kind, shape), np.broadcast_to(geometry.sigma_m, shape)
    table = {key: value.reshape(-1, shape[-1]) for key, value in support.columns(ism, kind).items()}
    local, flat = np.square(sigma).reshape(-1, shape[-1]), unit.reshape(-1, shape[-1], 3)
    seen = np.isfinite(flat).all(axis=-1) & (local > 0.0) & (kind.reshape(local.shape) != "")
    rows = np.zeros((*local.shape, 10))
    rows[..., :3] = np.where(seen[..., None], flat, 0.0)
    rows[..., 3] = np.where(seen, local + table["sigma_ura_m"] ** 2, -1.0)
    rows[..., 4] = local + table["sigma_ure_m"] ** 2
    rows[..., 5], rows[..., 6] = table["b_nom_m"], table["b_cont_m"]
    rows[..., 7] = table["p_sat"]
    _optional(rows, geometry, shape)
    system = np.ascontiguousarray(_numbers(kind).reshape(local.shape))
    clock = system
    if geometry.clock is not None:
        clock = np.array(np.broadcast_to(geometry.clock, shape), dtype=np.int64, order="C").reshape(
            local.shape
        )
    slack = np.broadcast_to(0.0 if geometry.slack_m is None else geometry.slack_m, shape[:-1])
    faults = _constellations(system, rows, table["p_const"], constellation_faults)
    parent, ties = _groups(geometry, int(clock.max(initial=0)) + 1)
    flat_slack = np.array(slack, dtype=np.float64).reshape(-1)
    return Inputs(rows, system, clock, flat_slack, faults, parent, ties)


def _groups(geometry: Geometry, count: int) -> tuple[NDArray[np.int64], Array]:
    """Clock of each group and the deviation of its delay; checked."""
    if geometry.parent is None or geometry.tie_m is None:
        return np.arange(count), np.zeros(count)
    parent, ties = np.array(geometry.parent, dtype=np.int64), np.array(geometry.tie_m, dtype=np.float64)
    if parent.size < count or parent.size != ties.size or not ((parent >= 0) & (parent < parent.size)).all():
        raise RabtaError(
            "groups without a clock",
            key="parent",
            value=parent.tolist(),
            expected=f"{count} numbers of clocks",
        )
    return parent, ties


def _optional(rows: Array, geometry: Geometry, shape: tuple[int, ...]) -> None:
    """Residuals and mapping, where the geometry has them; a range without a residual is not in view."""
    if geometry.residual_m is not None:
        residual = np.broadcast_to(geometry.residual_m, shape).reshape(rows.shape[:2])
        rows[..., 3] = np.where(np.isfinite(residual), rows[..., 3], -1.0)
        rows[..., 8] = np.where(np.isfinite(residual), residual, 0.0)
    if geometry.mapping is not None:
        rows[..., 9] = np.nan_to_num(np.broadcast_to(geometry.mapping, shape).reshape(rows.shape[:2]))


def _numbers(kind: NDArray[np.str_]) -> NDArray[np.int64]:
    """Number of each system, -1 where there is no satellite."""
    names, where = np.unique(kind, return_inverse=True)
    numbers = np.array([SYSTEMS.index(str(name)[0]) if name else -1 for name in names], dtype=np.int64)
    return np.asarray(numbers[where.reshape(kind.shape)])


def _constellations(system: NDArray[np.int64], rows: Array, p_const: Array, declared: bool) -> Array:
    """Probability of a constellation's fault for each user, shape (user, 7).

    Where it is not ``declared``, a constellation that is alone in view counts as never wholly faulty: nobody
    could tell.
    """
    seen = rows[..., 3] > 0.0
    table = np.zeros((rows.shape[0], len(SYSTEMS)))
    there = np.zeros(table.shape, dtype=bool)
    for number in np.unique(system[seen]):
        own = seen & (system == number)
        table[:, number] = np.where(own, p_const, 0.0).max(axis=-1)
        there[:, number] = own.any(axis=-1)
    if not declared:
        table[there.sum(axis=-1) < 2] = 0.0
    return table


def protection(
    geometry: Geometry,
    ism: support.Ism | None = None,
    order: int = 2,
    *,
    allocation: Allocation = LPV_200,
    constellation_faults: bool = True,
    share: float = 1.0,
) -> Protection:
    """Protection levels of many users and instants; with residuals also the tests.

    Parameters
    ----------
    geometry : Geometry
        Leading dimensions are users, grid points, instants.
    ism : mapping of Support, optional
        By kind of satellite; the catalog's ``open`` where left out.
    order : int
        Most faults at once that are monitored, 1 to 3. Fewer are where the rest stays below `p_threshold`.
    constellation_faults : bool
        Whether the fault of the only constellation in view counts: nobody sees it, so nothing is protected.
    share : float
        Of the integrity budget: less than 1 after an exclusion, see `exclusion`.

    Returns
    -------
    Protection
        Of the shape of users and instants.
    """
    from rabta.jit import each_part
    from rabta.pnt.integrity import _kernels

    if order not in (1, 2, 3):
        raise RabtaError("no such order of faults", key="order", value=order, expected="1, 2 or 3")
    given = inputs(geometry, ism or support.load(), constellation_faults=constellation_faults)
    budget = allocation.vector()
    budget[:2] *= share
    budget[5] *= share
    out = np.empty((given.rows.shape[0], _kernels.OUT))
    each_part(
        _kernels.protect, out.shape[0], given.rows, given.system, given.clock, given.parent, given.ties,
        given.slack, given.p_const, budget, order, out,
    )  # fmt: skip
    return _result(out.reshape(*geometry.unit.shape[:-2], -1), allocation, geometry.residual_m is not None)


def _result(out: Array, allocation: Allocation, tested: bool) -> Protection:
    """Columns of the kernel by name."""
    from rabta.pnt.integrity import _kernels as k

    accuracy = out[..., [k.ACC_H, k.ACC_V]]
    whole = [np.nan_to_num(out[..., c]).astype(np.int64) for c in (k.MODES, k.ORDER, k.COUNT)]
    nothing = np.nan if not tested else 1.0
    return Protection(
        hpl_m=out[..., k.HPL], vpl_m=out[..., k.VPL], emt_m=out[..., k.EMT], sigma_acc_m=accuracy,
        available=_available(out, allocation), p_left=out[..., k.P_LEFT],
        modes=whole[0], order=whole[1], count=whole[2],
        offset_m=-out[..., k.DX_E : k.DX_U + 1] * nothing, alarm=out[..., k.RATIO] * nothing,
        worst=out[..., k.WORST1 : k.WORST3 + 1], chi2=out[..., k.CHI2] * nothing, freedom=out[..., k.FREEDOM],
        sigma_m=out[..., k.SIG_E : k.SIG_U + 1], bias_m=out[..., k.BIAS_E : k.BIAS_U + 1],
    )  # fmt: skip


def _available(out: Array, allocation: Allocation) -> NDArray[np.bool_]:
    """Whether levels, threshold, accuracy and unmonitored faults keep the limits."""
    from rabta.pnt.integrity import _kernels as k

    inside = (out[..., k.HPL] <= allocation.hal_m) & (out[..., k.VPL] <= allocation.val_m)
    inside &= (out[..., k.EMT] <= allocation.emt_m) & (out[..., k.ACC_V] <= allocation.accuracy_m)
    inside &= np.isfinite(out[..., k.HPL])
    return np.asarray(inside & (out[..., k.P_LEFT] <= allocation.p_threshold))
