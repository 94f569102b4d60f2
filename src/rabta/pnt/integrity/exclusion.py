"""Exclusion: which satellites to leave out once a test fails, and what the levels are then.

Every set of faults up to the order is a candidate. Left out is, among those whose absence lets all tests pass
again, the most probable one: the least misfit, plus what each absent range could have told (a fault may lie
anywhere within a kilometre), less twice the logarithm of the set's prior probability. The integrity budget is
shared by the outcomes, "nothing excluded" and each candidate, so the risk of a wrong exclusion is inside it:
whatever else is faulty then is still among the monitored faults of what remains, with its whole probability
(Blanch, Walter and Enge, Protection Levels after Fault Exclusion for Advanced RAIM, Navigation 64 (4), 2017;
Joerger and Pervan, IEEE Trans. AES 52 (2), 2016: the bound over exclusion options).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.integrity import araim
from rabta.pnt.integrity.araim import Allocation, Geometry, Protection
from rabta.pnt.integrity.ism import Ism, columns

Array = NDArray[np.float64]

DETECTION_SHARE = 0.5  # of the budget for "nothing excluded"; the rest for all candidates together
TINY = 1e-30
WIDTH_M = 1000.0  # faults lie within this


@dataclass(frozen=True)
class Excluded:
    """Levels after exclusion.

    Attributes
    ----------
    levels : Protection
        As given where no test failed.
    alarm : ndarray of bool
        A test failed and no candidate helps.
    excluded : dict
        Index of the epoch: columns of the satellites that were left out.
    """

    levels: Protection
    alarm: NDArray[np.bool_]
    excluded: dict[int, NDArray[np.int64]]


def exclude(
    geometry: Geometry,
    table: Ism,
    levels: Protection,
    order: int = 2,
    allocation: Allocation = araim.LPV_200,
    constellation_faults: bool = True,
) -> Excluded:
    """Leave out what fails the tests, epoch by epoch; `geometry` is (epoch, satellite) and has residuals."""
    failing = np.flatnonzero(levels.alarm > 1.0)
    out = {item.name: np.array(getattr(levels, item.name)) for item in fields(Protection)}
    alarm, gone = levels.alarm > 1.0, {}
    for k in failing.tolist():
        masks, cost = _candidates(geometry, table, k, order)
        share = (1.0 - DETECTION_SHARE) / len(masks)
        least = np.inf
        for part in _stages(masks, cost):
            if cost[part].min() >= least:
                break  # none of these can be more probable, even with no misfit at all
            tried = araim.protection(
                _without(geometry, k, masks[part]), table, order, allocation=allocation,
                constellation_faults=constellation_faults, share=share,
            )  # fmt: skip
            best, total = _best(tried, cost[part])
            if best is not None and total < least:
                least, gone[k], alarm[k] = total, np.flatnonzero(masks[part][best]), False
                for name, values in out.items():
                    values[k] = getattr(tried, name)[best]
    return Excluded(Protection(**out), alarm, gone)


def _seen(geometry: Geometry, k: int) -> NDArray[np.int64]:
    """Columns of satellites in view of an epoch."""
    residual = np.zeros(1) if geometry.residual_m is None else geometry.residual_m[k]
    return np.flatnonzero(np.isfinite(geometry.unit[k]).all(axis=-1) & np.isfinite(residual))


def _candidates(geometry: Geometry, table: Ism, k: int, order: int) -> tuple[NDArray[np.bool_], Array]:
    """Sets to leave out, shape (candidate, satellite), and what each costs before its misfit is known."""
    seen, width = _seen(geometry, k), geometry.unit.shape[-2]
    kind = np.broadcast_to(geometry.kind, geometry.unit.shape[:-1])[k]
    held = columns(table, kind)
    sets = [c for size in range(1, order + 1) for c in combinations(seen.tolist(), size)]
    prior = [float(np.log(np.maximum(held["p_sat"][list(c)], TINY)).sum()) for c in sets]
    letters = kind[seen].astype("U1")
    for letter in np.unique(letters):
        whole = seen[letters == letter]
        if whole.size < seen.size:
            sets.append(tuple(whole.tolist()))
            prior.append(float(np.log(max(held["p_const"][whole].max(), TINY))))
    masks = np.zeros((len(sets), width), dtype=bool)
    for row, members in enumerate(sets):
        masks[row, list(members)] = True
    sigma = np.broadcast_to(geometry.sigma_m, geometry.unit.shape[:-1])[k]
    told = np.log(WIDTH_M / np.hypot(np.where(_mask(seen, width), sigma, 1.0), held["sigma_ura_m"]))
    return masks, 2.0 * (masks @ told - np.array(prior))


def _mask(seen: NDArray[np.int64], width: int) -> NDArray[np.bool_]:
    """Columns as a mask."""
    out = np.zeros(width, dtype=bool)
    out[seen] = True
    return out


def _without(geometry: Geometry, k: int, masks: NDArray[np.bool_]) -> Geometry:
    """One epoch, once for each candidate, without its satellites."""

    def one(values: Any) -> Any:
        return None if values is None else np.broadcast_to(values[k], (len(masks), *values[k].shape))

    shape = geometry.unit.shape[:-1]
    sigma = np.where(masks, np.nan, np.broadcast_to(geometry.sigma_m, shape)[k])
    return replace(
        geometry,
        unit=one(geometry.unit),
        kind=np.broadcast_to(geometry.kind, shape)[k],
        sigma_m=sigma,
        residual_m=one(geometry.residual_m),
        clock=None if geometry.clock is None else np.broadcast_to(geometry.clock, shape)[k],
        mapping=one(geometry.mapping),
        slack_m=None if geometry.slack_m is None else np.full(len(masks), geometry.slack_m[k]),
    )


def _stages(masks: NDArray[np.bool_], cost: Array) -> list[NDArray[np.int64]]:
    """Candidates in two parts, the cheaper ones (single satellites) first."""
    order = np.argsort(cost, kind="stable")
    first = int((masks.sum(axis=1) == 1).sum())
    return [part for part in (order[:first], order[first:]) if part.size]


def _best(tried: Protection, cost: Array) -> tuple[int | None, float]:
    """The most probable candidate whose tests all pass, with a level and redundancy, and its total cost."""
    fits = (tried.alarm <= 1.0) & np.isfinite(tried.vpl_m) & (tried.freedom > 0)
    if not fits.any():
        return None, np.inf
    total = np.where(fits, tried.chi2 + cost, np.inf)
    return int(total.argmin()), float(total.min())
