"""Fair allocation: every row holds, the bound is the dual of the rows, and HiGHS cannot beat it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from rabta import jit
from rabta.errors import RabtaError
from rabta.transport import sharing
from rabta.transport.flow import fair

F8 = NDArray[np.float64]
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "contract"))


def small(seed: int, load: float = 2.0, spectrum: float = 20.0, feeder: float = 150.0) -> sharing.Problem:
    """61 cells, 8 satellites of two systems, 3 gateways; some slots empty, some links closed."""
    from test_sharing_kernel import small as made

    return made(seed, load, spectrum, feeder)


def by_rows(problem: sharing.Problem, found: fair.Fair, alpha: float) -> float:
    """The gain recomputed from the programme's matrix and the prices alone."""
    rows = sharing.rows(problem, 0)
    cells = problem.need.shape[1]
    coupling = np.concatenate([*found.satellite_price, found.spectrum_price.ravel(), found.feeder_price])
    each = coupling @ rows.matrix[cells:]
    cost = np.full(cells, np.inf)
    np.minimum.at(cost, rows.cell, each)
    use, need = found.reached, problem.need[0]
    most = fair.bound(need[use], cost[use], float(coupling @ rows.limit[cells:]), alpha)
    return fair.gain(fair.utility(need[use], found.share[use], alpha), most, float(need[use].sum()), alpha)


def better(problem: sharing.Problem, served: F8, steps: int = 12) -> float:
    """Utility (proportional) after some Frank-Wolfe steps by HiGHS from an allocation."""
    from scipy.optimize import linprog, minimize_scalar

    rows, need = sharing.rows(problem, 0), problem.need[0]
    use = np.unique(rows.cell[need[rows.cell] > 0.0])
    now, slope = served.copy(), np.zeros(rows.cell.size)
    for _ in range(steps):
        asks = need[rows.cell] > 0.0
        slope[asks] = need[rows.cell[asks]] / now[rows.cell[asks]]
        found = linprog(-slope, rows.matrix, rows.limit, method="highs")
        goal = np.bincount(rows.cell, weights=found.x, minlength=need.size)
        along = minimize_scalar(
            lambda h, a=now, b=goal: -(need[use] @ np.log(a[use] + h * (b[use] - a[use]))),
            bounds=(0.0, 0.999),
            method="bounded",
        )
        now = now + along.x * (goal - now) if along.fun < -(need[use] @ np.log(now[use])) else now
    return float(need[use] @ np.log(now[use] / need[use]))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_rows_hold_and_the_bound_is_their_dual(seed: int, alpha: float) -> None:
    problem = small(seed)
    found = fair.allocate(problem, 0, alpha=alpha)
    assert (found.served <= problem.need[0] * (1 + 1e-9)).all()
    assert (found.served[~found.reached] == 0).all()
    assert not np.isnan(found.share).any()
    assert found.gain == pytest.approx(by_rows(problem, found, alpha), rel=1e-6, abs=1e-9)
    assert 0.0 <= found.gain < 0.03


def is_feasible(problem: sharing.Problem, served: F8) -> bool:
    """Whether some traffic of the programme serves exactly this (HiGHS)."""
    from scipy.optimize import linprog

    rows = sharing.rows(problem, 0)
    limit = rows.limit.copy()
    limit[: served.size] = served
    found = linprog(-np.ones(rows.cell.size), rows.matrix, limit, method="highs")
    return bool(-found.fun >= served.sum() * (1 - 1e-6))


@pytest.mark.parametrize("seed", range(4))
def test_served_can_be_carried_and_highs_stays_below_the_bound(seed: int) -> None:
    problem = small(seed)
    found = fair.proportional(problem)
    assert is_feasible(problem, found.served)
    need = problem.need[0][found.reached]
    mine = fair.utility(need, found.share[found.reached], 1.0)
    most = mine + float(need.sum()) * np.log1p(found.gain)
    best = better(problem, found.served)
    assert mine <= best + 1e-9
    assert best <= most + 1e-6


def test_one_satellite_is_shared_equally_by_either() -> None:
    """61 cells on one satellite of 100 Mbit/s: all get the same part, which is the closed form."""
    base = small(0, 1.0, 1e3, 1e6)
    slot, efficiency = np.full_like(base.slot, -1), np.zeros_like(base.efficiency)
    slot[0, :, 0], efficiency[0, :, 0] = 0, 2.0
    need = np.linspace(1.0, 9.0, base.need.shape[1])[None]
    limit = np.stack([np.full(8, 100.0), np.full(8, 1e3)])
    problem = replace(
        base, slot=slot, efficiency=efficiency, need=need, limit=limit, landing=np.zeros((1, 8), np.int32)
    )
    for found in (fair.proportional(problem), fair.max_min(problem)):
        assert found.share == pytest.approx(np.full(need.size, 100.0 / need.sum()), rel=5e-3)
        assert found.gain <= 0.01


def test_proportional_weighs_spectrum_and_max_min_does_not() -> None:
    """Two cells with 30 Mbit/s on one satellite of 10 MHz at 4 and 1 bit/s/Hz.

    Proportional fairness gives both the same MHz: 20 and 5 Mbit/s. Max-min gives both the same Mbit/s, 8,
    from x / 4 + x = 10.
    """
    base = small(0, 1.0, 1e3, 1e6)
    slot, efficiency = np.full_like(base.slot, -1), np.zeros_like(base.efficiency)
    two = [base.places.order[0], base.places.order[-1]]
    slot[0, two, 0], efficiency[0, two, 0] = 0, (4.0, 1.0)
    need = np.zeros_like(base.need)
    need[0, two] = 30.0
    limit = np.stack([np.full(8, 1e3), np.full(8, 10.0)])
    problem = replace(
        base, slot=slot, efficiency=efficiency, need=need, limit=limit, landing=np.zeros((1, 8), np.int32)
    )
    assert fair.proportional(problem).served[two] == pytest.approx([20.0, 5.0], rel=0.02)
    level = fair.max_min(problem)
    assert level.served[two] == pytest.approx([8.0, 8.0], rel=0.1)  # alpha 16: within 4^(1/16)
    assert level.least_bound >= 8.0 / 30.0 - 1e-9


def test_threads_do_not_change_a_bit() -> None:
    before, found = jit.threads(), []
    try:
        for count in (1, 2):
            jit.set_threads(min(count, before))
            found.append(fair.proportional(small(1)))
    finally:
        jit.set_threads(before)
    assert np.array_equal(found[0].served, found[1].served)
    assert found[0].gain == found[1].gain


def test_nothing_to_share() -> None:
    problem = small(0)
    for empty in (
        replace(problem, need=np.zeros_like(problem.need)),
        replace(problem, landing=np.full_like(problem.landing, -1)),
        replace(problem, limit=np.zeros_like(problem.limit)),
        replace(problem, spectrum=np.zeros_like(problem.spectrum)),
    ):
        found = fair.proportional(empty)
        assert not found.served.any()
        assert not found.reached.any()
        assert found.gain == 0.0
        assert not np.isnan(found.share).any()


def test_alpha_out_of_range() -> None:
    with pytest.raises(RabtaError, match="alpha is out of range"):
        fair.allocate(small(0), alpha=0.0)


@pytest.mark.parametrize(("total", "limits"), [(6e5, {}), (3e6, {"feeder_mbps": 1e9})])
def test_gap_at_national_size(instances: ModuleType, total: float, limits: dict[str, float]) -> None:
    steps = [instances.step(minute=2.0, seed=1, total_mbps=total)]
    found = fair.proportional(instances.problem(steps, instances.Limits(**limits)))
    assert found.gain <= 0.01
