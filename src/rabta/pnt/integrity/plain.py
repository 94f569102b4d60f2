"""Protection levels in NumPy, one user at a time, by whole design matrices: what the kernel is held to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.integrity.araim import LPV_200, Allocation, Geometry, inputs
from rabta.pnt.integrity.ism import Ism, Support, load

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Mode:
    """A set of events, its probability and the satellites that it leaves."""

    events: tuple[int, ...]
    p: float
    keep: NDArray[np.bool_]


def modes(
    system: NDArray[np.int64], p_sat: Array, p_const: Array, order: int, allocation: Allocation = LPV_200
) -> tuple[list[Mode], float, int]:
    """Sets of faults to monitor for one user, the probability of all others, and the order that it takes.

    Parameters
    ----------
    system : ndarray of int64, shape (satellite,)
    p_sat : ndarray, shape (satellite,)
    p_const : ndarray, shape (system,)

    Returns
    -------
    modes : list of Mode
        Events: satellite's index, or -1 - system. Sets inside a constellation are not consolidated yet.
    """
    present = [k for k in range(p_const.size) if (system == k).any()]
    odds = {-1 - k: p_const[k] / (1.0 - p_const[k]) for k in present}
    odds |= {i: p / (1.0 - p) for i, p in enumerate(p_sat)}
    none = float(np.prod(1.0 - p_sat) * np.prod([1.0 - p_const[k] for k in present]))
    left, found, reached = 1.0 - none, [], 0
    for size in range(1, order + 1):
        if size > 1 and left <= allocation.p_threshold:
            break
        reached = size
        for events in combinations(sorted(odds, key=lambda e: (e >= 0, abs(e))), size):
            keep = np.array([i not in events and -1 - system[i] not in events for i in range(system.size)])
            found.append(Mode(events, none * math.prod(odds[e] for e in events), keep))
            left -= found[-1].p
    return [mode for mode in found if mode.p > 0.0], max(left, 0.0), reached


@dataclass(frozen=True)
class Ranges:
    """Ranges of one user: unit vectors, groups, variances, and an error that all share with its deviation.

    Group g has clock ``parent[g]`` and a delay of its own of standard deviation ``ties[g]``.
    """

    unit: Array
    group: NDArray[np.int64]
    variance: Array
    mapping: Array
    slack: float
    parent: NDArray[np.int64]
    ties: Array

    @property
    def priors(self) -> Array:
        """Standard deviation of the shared error and of each group's delay."""
        return np.asarray(np.maximum(np.append(self.slack, self.ties), 1e-4))


def gains(ranges: Ranges, keep: NDArray[np.bool_]) -> Array | None:
    """How much each range and each prior moves the position, by the whole design matrix.

    Returns
    -------
    ndarray, shape (3, satellite + 1 + group), or None
        None where there is no position.
    """
    own = ranges.parent[ranges.group]
    clocks = (own[:, None] == np.unique(own[keep])[None]).astype(np.float64)
    delays = (ranges.group[:, None] == np.arange(ranges.ties.size)[None]).astype(np.float64)
    beside = np.hstack([clocks, ranges.mapping[:, None], delays])
    design = np.hstack([ranges.unit, beside])
    prior = np.zeros((ranges.ties.size + 1, design.shape[1]))
    prior[:, -ranges.ties.size - 1 :] = np.eye(ranges.ties.size + 1)
    design = np.vstack([design, prior])
    weight = np.append(np.where(keep, 1.0 / ranges.variance, 0.0), ranges.priors**-2)
    weighted = design * weight[:, None]
    normal = design.T @ weighted
    root = np.sqrt(weight)[:, None] * design
    left = root[:, :3] - root[:, 3:] @ np.linalg.lstsq(root[:, 3:], root[:, :3], rcond=None)[0]
    scale = weight[: keep.size].sum() / 3.0
    if not scale > 0.0 or np.linalg.det(left.T @ left / scale) < 1e-9:
        return None
    return np.asarray((np.linalg.inv(normal) @ weighted.T)[:3])


def reference(
    geometry: Geometry, ism: Ism, order: int = 2, allocation: Allocation = LPV_200
) -> dict[str, Any]:
    """Protection levels of one user by whole design matrices: `araim.protection`, slowly."""
    from scipy.special import ndtri

    given = inputs(geometry, ism)
    seen = given.rows[0, :, 3] > 0.0
    here, system, slack = given.rows[0][seen], given.system[0][seen], float(given.slack[0])
    ranges = Ranges(
        here[:, :3], given.clock[0][seen], here[:, 3], here[:, 9], slack, given.parent, given.ties
    )
    found, left, reached = modes(system, here[:, 7], given.p_const[0], order, allocation)
    found = _consolidated(found, system, allocation, ranges)
    whole = gains(ranges, np.ones(system.size, bool))
    if whole is None:
        return {"hpl_m": math.inf, "vpl_m": math.inf}
    parts = [(mode, gains(ranges, mode.keep)) for mode in found]
    left += sum(mode.p for mode, gain in parts if gain is None)
    known = [(mode, gain) for mode, gain in parts if gain is not None]
    p = np.array([2.0, *(mode.p for mode, _ in known)])
    gain = np.stack([whole, *(g for _, g in known)])
    zeros, prior = np.zeros(1 + given.ties.size), np.append(slack, given.ties) ** 2
    inner, outer = np.append(here[:, 3], prior), np.append(here[:, 4], prior)
    sigma, bias = np.sqrt(gain**2 @ inner), np.abs(gain) @ np.append(here[:, 5], zeros)
    apart = np.sqrt((gain - whole) ** 2 @ outer)
    count = max(len(known), 1)
    k_fa = -ndtri([allocation.pfa_horizontal / (4 * count)] * 2 + [allocation.pfa_vertical / (2 * count)])
    threshold = k_fa * apart + np.abs(gain - whole) @ np.append(here[:, 6], zeros)
    levels = _searched(p, sigma, bias + threshold, left, allocation)
    return {
        "hpl_m": math.hypot(levels[0], levels[1]), "vpl_m": levels[2], "p_left": left, "order": reached,
        "modes": len(p), "sigma": sigma, "threshold": threshold, "bias": bias, "apart": apart,
        "events": [mode.events for mode, _ in known],
        "separation": np.abs((gain - whole) @ np.append(here[:, 8], zeros)),
    }  # fmt: skip


def _consolidated(
    found: list[Mode], system: NDArray[np.int64], allocation: Allocation, ranges: Ranges
) -> list[Mode]:
    """Fold what is inside one constellation into its own mode, where that can be monitored."""
    for mode in [m for m in found if len(m.events) == 1 and m.events[0] < 0]:
        own = -1 - mode.events[0]
        inside = [
            m for m in found
            if len(m.events) > 1 and all(e == mode.events[0] if e < 0 else system[e] == own for e in m.events)
        ]  # fmt: skip
        more = sum(m.p for m in inside)
        if gains(ranges, mode.keep) is None or more > allocation.consolidate * mode.p:
            continue
        gone = {id(m) for m in [*inside, mode]}
        found = [m for m in found if id(m) not in gone] + [Mode(mode.events, mode.p + more, mode.keep)]
    return found


def _searched(p: Array, sigma: Array, shift: Array, left: float, allocation: Allocation) -> list[float]:
    """Smallest bounds east, north, up whose risk is the budget, by bisection to a micrometre."""
    from scipy.special import ndtr

    part = 1.0 - left / (allocation.phmi_vertical + allocation.phmi_horizontal)
    budgets = [0.5 * allocation.phmi_horizontal * part] * 2 + [allocation.phmi_vertical * part]
    levels = []
    for axis, budget in enumerate(budgets):
        if budget <= 0.0:
            levels.append(math.inf)
            continue

        def risk(bound: float, axis: int = axis, budget: float = budget) -> float:
            x = (bound - shift[:, axis]) / sigma[:, axis]
            return float(np.sum(p * np.where(x <= 0.0, 1.0, ndtr(-x)))) - budget

        levels.append(_crossing(risk, float((shift + 40.0 * sigma)[:, axis].max())))
    return levels


def _crossing(risk: Callable[[float], float], high: float) -> float:
    """Where a falling function with steps crosses zero, from above."""
    low = 0.0
    while high - low > 1e-6:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if risk(middle) > 0.0 else (low, middle)
    return high


# The published numerical example, ten satellites of two constellations: Blanch et al., Advanced RAIM User
# Algorithm Description, ION GNSS 2012, appendix H. Directions from satellite to user, and the diagonal of the
# covariance for integrity in square metres.
DESIGN = (
    *((0.0225, 0.9951, -0.0966), (0.6750, -0.6900, -0.2612), (0.0723, -0.6601, -0.7477)),
    *((-0.9398, 0.2553, -0.2269), (-0.5907, -0.7539, -0.2877), (-0.3236, -0.0354, -0.9455)),
    *((-0.6748, 0.4356, -0.5957), (0.0938, -0.7004, -0.7075), (0.5571, 0.3088, -0.7709)),
    (0.6622, 0.6958, -0.2780),
)
VARIANCE_M2 = (3.8865, 1.4377, 0.8604, 1.6383, 1.3229, 0.8434, 0.8963, 0.8669, 0.8573, 1.3616)
KINDS = "GGGGGEEEEE"


def working_group() -> tuple[Geometry, dict[str, Support]]:
    """Geometry and integrity support of the example; its published levels are in the tests and the suite."""
    table = load("wg-c")
    local = np.sqrt(np.array(VARIANCE_M2) - table["default"].sigma_ura_m ** 2)
    return Geometry(-np.array(DESIGN)[None], np.array(list(KINDS)), local[None]), table
