"""The sharing kernels against the programme written row by row, its dual and HiGHS."""

from __future__ import annotations

from dataclasses import replace

import h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta import jit
from rabta.transport import sharing

CELLS = sorted(h3.grid_disk(h3.latlng_to_cell(30.4, 69.3, 6), 4))


def small(seed: int, load: float, spectrum: float, feeder: float, systems: int = 2) -> sharing.Problem:
    """61 cells, 8 satellites of two systems, 3 gateways; some slots empty, some links closed."""
    rng = np.random.default_rng(seed)
    satellites, slots, gateways = 8, 3, 3
    slot = np.argsort(rng.random((1, len(CELLS), satellites)), axis=2)[:, :, :slots].astype(np.int16)
    slot[rng.random(slot.shape) < 0.1] = -1
    efficiency = rng.uniform(0.5, 5.0, slot.shape).astype(np.float32)
    efficiency[rng.random(slot.shape) < 0.1] = 0.0
    need = rng.lognormal(0.0, 1.0, (1, len(CELLS))) * (rng.random((1, len(CELLS))) < 0.9)
    landing = rng.integers(-1, gateways + 1, (1, satellites)).astype(np.int32)
    split = np.concatenate([np.eye(gateways), rng.dirichlet(np.ones(gateways), 1)])[None]
    return sharing.Problem(
        sharing.places(CELLS),
        slot,
        efficiency,
        need * load,
        landing,
        split,
        rng.integers(0, systems, satellites).astype(np.int32),
        np.stack([rng.uniform(20.0, 200.0, satellites), rng.uniform(10.0, 60.0, satellites)]),
        np.full(systems, spectrum),
        rng.uniform(0.3, 1.0, gateways) * feeder,
    )


def feasible(problem: sharing.Problem, found: sharing.Shared, t: int = 0) -> None:
    """Sums that any traffic of the programme obeys."""
    assert (found.served[t] >= 0).all()
    assert (found.served[t] <= problem.need[t] * (1 + 1e-6) + 1e-6).all()
    assert (found.carried[t] <= problem.limit[0] * (1 + 1e-9)).all()
    assert (found.carried[t][problem.landing[t] < 0] == 0).all()
    lands = problem.landing[t] >= 0
    landed = found.carried[t][lands] @ problem.split[t][problem.landing[t][lands]]
    assert (landed <= problem.feeder * (1 + 1e-9)).all()
    assert found.served[t].sum() == pytest.approx(found.carried[t].sum(), rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    load=st.sampled_from([0.1, 1.0, 5.0, 50.0]),
    spectrum=st.sampled_from([0.0, 2.0, 10.0, 1e3]),
    feeder=st.sampled_from([0.0, 30.0, 150.0, 1e4]),
)
def test_bound_and_traffic_enclose_the_optimum(
    seed: int, load: float, spectrum: float, feeder: float
) -> None:
    problem = small(seed, load, spectrum, feeder)
    found = sharing.share(problem)
    optimum = sharing.exact(problem, 0)
    carried = found.carried[0].sum()
    feasible(problem, found)
    assert carried <= optimum * (1 + 1e-6) + 1e-6
    assert found.bound[0] >= optimum * (1 - 1e-6) - 1e-6
    assert carried >= 0.85 * optimum - 1e-6  # 61 cells of very unlike efficiency; national steps: below


@pytest.mark.parametrize("seed", range(5))
def test_bound_is_the_dual_of_the_rows(seed: int) -> None:
    problem = small(seed, 2.0, 5.0, 150.0)
    found = sharing.share(problem)
    assert found.bound[0] == pytest.approx(sharing.dual_value(problem, 0, found), rel=1e-9)


def test_threads_do_not_change_a_bit() -> None:
    parts = [small(seed, 2.0, 5.0, 150.0) for seed in range(4)]
    first = parts[0]
    names = ("slot", "efficiency", "need", "landing", "split")
    joined = replace(first, **{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})
    before = jit.threads()
    answers = []
    try:
        for count in (1, 2):
            jit.set_threads(min(count, before))
            answers.append(sharing.share(joined))
    finally:
        jit.set_threads(before)
    for name, value in vars(answers[0]).items():
        assert np.array_equal(value, getattr(answers[1], name)), name


def test_answers_by_hand() -> None:
    """Two cells on one satellite of 10 MHz at 4 and 1 bit/s/Hz, 30 Mbit/s wanted by each.

    The first cell takes 7.5 MHz for its 30 Mbit/s; the 2.5 MHz left carry 2.5 Mbit/s of the second. The cells
    lie in different places, as the kernel takes a mean efficiency within a place when it seeks prices.
    """
    base = small(0, 1.0, 1e3, 1e6, systems=1)
    slot, efficiency = np.full((1, len(CELLS), 3), -1, np.int16), np.zeros((1, len(CELLS), 3), np.float32)
    two = [base.places.order[0], base.places.order[-1]]
    slot[0, two, 0], efficiency[0, two, 0] = 0, (4.0, 1.0)
    need = np.zeros((1, len(CELLS)))
    need[0, two] = 30.0
    limit = np.stack([np.full(8, 1e3), np.full(8, 10.0)])
    problem = replace(
        base, slot=slot, efficiency=efficiency, need=need, limit=limit, landing=np.zeros((1, 8), np.int32)
    )
    found = sharing.share(problem)
    assert sharing.exact(problem, 0) == pytest.approx(32.5)
    assert found.bound[0] == pytest.approx(32.5, rel=0.03)
    assert found.carried[0].sum() == pytest.approx(32.5, rel=0.03)


def test_equal_cells_get_equal_shares() -> None:
    base = small(0, 1.0, 1e3, 1e6, systems=1)
    slot, efficiency = np.full((1, len(CELLS), 3), -1, np.int16), np.zeros((1, len(CELLS), 3), np.float32)
    slot[0, :, 0], efficiency[0, :, 0] = 0, 2.0
    need = np.linspace(1.0, 9.0, len(CELLS))[None]
    limit = np.stack([np.full(8, 100.0), np.full(8, 1e3)])
    problem = replace(
        base, slot=slot, efficiency=efficiency, need=need, limit=limit, landing=np.zeros((1, 8), np.int32)
    )
    share = sharing.share(problem).served[0] / need[0]
    assert share == pytest.approx(np.full(len(CELLS), 100.0 / need.sum()), rel=0.01)
