"""Flows to any exit: against HiGHS, against cuts, and shares against filling by linear programmes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from rabta import jit
from rabta.errors import RabtaError
from rabta.transport.flow import anycast

F8 = NDArray[np.float64]


def drawn(seed: int, nodes: int = 12, edges: int = 18) -> tuple[F8, NDArray[np.int64], F8, F8]:
    """A random network: some nodes without demand, some edges out, two or three exits."""
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, nodes, (edges, 2))
    ends = ends[ends[:, 0] != ends[:, 1]]
    capacity = rng.choice([0.0, 1.0, 2.5, 7.0, 30.0], (len(ends), 2))
    demand = rng.choice([0.0, 0.5, 3.0, 9.0], nodes)
    exits = np.where(rng.random(nodes) < 0.2, rng.choice([4.0, 20.0, np.inf], nodes), 0.0)
    return demand, ends, capacity, exits


def balance(nodes: int, ends: NDArray[np.int64]) -> Any:
    """Outflow minus inflow of every node by arc."""
    arcs = np.stack([ends, ends[:, ::-1]], axis=1).reshape(-1, 2)
    columns = np.arange(len(arcs))
    out = sparse.csr_matrix((np.ones(len(arcs)), (arcs[:, 0], columns)), (nodes, len(arcs)))
    return out - sparse.csr_matrix((np.ones(len(arcs)), (arcs[:, 1], columns)), (nodes, len(arcs)))


def by_highs(
    demand: F8, ends: NDArray[np.int64], capacity: F8, exits: F8, worth: F8, least: F8, part: bool = False
) -> tuple[float, F8]:
    """Maximise worth times shares (or their least) with shares at least so much: objective and shares.

    Columns: arcs, what leaves at exits, shares, and the least share of the nodes with worth.
    """
    n, arcs = demand.size, 2 * len(ends)
    same = sparse.hstack([balance(n, ends), sparse.eye(n), -sparse.diags(demand), sparse.csr_matrix((n, 1))])
    active = np.flatnonzero(worth)
    above = sparse.hstack(
        [
            sparse.csr_matrix((active.size, arcs + n)),
            -sparse.eye(n, format="csr")[active],
            np.ones((active.size, 1)),
        ]
    )
    cost = np.concatenate([np.zeros(arcs + n), np.zeros(n) if part else -worth, [-1.0 if part else 0.0]])
    bounds = [(0.0, c) for c in np.concatenate([capacity.ravel(), exits])]
    bounds += [(low, 1.0) for low in least] + [(0.0, 1.0)]
    found = linprog(cost, above, np.zeros(active.size), same, np.zeros(n), bounds, method="highs")
    assert found.status == 0
    return -float(found.fun), found.x[arcs + n : arcs + 2 * n]


def filled(demand: F8, ends: NDArray[np.int64], capacity: F8, exits: F8) -> F8:
    """Shares by progressive filling: raise the least share, fix those that cannot go above it."""
    active = demand > 0.0
    share = np.zeros(demand.size)
    while active.any():
        least = np.where(active, 0.0, share)
        level, _ = by_highs(demand, ends, capacity, exits, active.astype(float), least, part=True)
        for i in np.flatnonzero(active):
            floor = np.where(active, level * (1 - 1e-9), share * (1 - 1e-9))
            best, _ = by_highs(demand, ends, capacity, exits, np.eye(demand.size)[i], floor)
            if best <= level + 1e-6:
                share[i], active[i] = level, False
    return share


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000))
def test_total_is_the_maximum_flow_and_the_cut(seed: int) -> None:
    """Max-flow min-cut theorem, and HiGHS."""
    case = drawn(seed)
    net = anycast.prepare(*case)
    optimum, _ = by_highs(*case, worth=case[0], least=np.zeros(case[0].size))
    assert net.total_mbps == pytest.approx(optimum, abs=1e-5)
    behind, cut = net.cut()
    assert cut + case[0][~behind].sum() == pytest.approx(optimum, abs=1e-5)
    assert net.served().sum() == pytest.approx(optimum, abs=1e-4)


@pytest.mark.parametrize("seed", range(25))
def test_shares_are_those_of_progressive_filling(seed: int) -> None:
    case = drawn(seed)
    share = filled(*case)
    assert anycast.served(*case) == pytest.approx(share * case[0], abs=2e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 100_000), st.booleans())
def test_a_failure_is_as_a_network_without_it(seed: int, fair: bool) -> None:
    demand, ends, capacity, exits = drawn(seed, nodes=20, edges=40)
    rng = np.random.default_rng(seed)
    edges = [rng.choice(len(ends), k, replace=False).tolist() for k in (0, 1, 2, 5)]
    nodes = [rng.choice(demand.size, k, replace=False).tolist() for k in (0, 0, 1, 2)]
    found = anycast.prepare(demand, ends, capacity, exits).without(edges, nodes, fair=fair)
    for k, (lost, dead) in enumerate(zip(edges, nodes, strict=True)):
        left, wants, leave = capacity.copy(), demand.copy(), exits.copy()
        left[lost] = 0.0
        left[np.isin(ends, dead).any(axis=1)] = 0.0
        wants[dead], leave[dead] = 0.0, 0.0
        afresh = anycast.prepare(wants, ends, left, leave)
        assert found[k].sum() == pytest.approx(afresh.total_mbps, abs=1e-4)
        assert (found[k] <= wants + 1e-5).all()
        if fair:
            assert found[k] == pytest.approx(afresh.served(), abs=1e-4)


def test_threads_do_not_change_a_bit() -> None:
    case = drawn(3, nodes=40, edges=90)
    net = anycast.prepare(*case)
    cases = [[k] for k in range(len(case[1]))]
    before, found = jit.threads(), []
    try:
        for count in (1, 2):
            jit.set_threads(min(count, before))
            found.append(net.without(cases))
    finally:
        jit.set_threads(before)
    assert np.array_equal(*found)


def test_shares_by_hand() -> None:
    """A chain 0-1-2-exit of 6, 9 and 10 Mbit/s; each node wants 10: the spans share 6, 3 more, 1 more."""
    ends, chain = [[0, 1], [1, 2], [2, 3]], [6.0, 9.0, 10.0]
    demand, exits = [10.0, 10.0, 10.0, 0.0], [0.0, 0.0, 0.0, np.inf]
    assert anycast.served(demand, ends, chain, exits) == pytest.approx([10 / 3] * 3 + [0.0])
    wide = anycast.served(demand, ends, [2.0, 9.0, 40.0], exits)
    assert wide == pytest.approx([2.0, 7.0, 10.0, 0.0])


def test_nothing_to_send_and_nowhere_to_send_it() -> None:
    ends, capacity = [[0, 1]], [5.0]
    assert anycast.served([0.0, 0.0], ends, capacity, [0.0, 1.0]).tolist() == [0.0, 0.0]
    assert anycast.served([3.0, 2.0], ends, capacity, [0.0, 0.0]).tolist() == [0.0, 0.0]
    assert anycast.served([3.0, 0.0], ends, [0.0], [0.0, 9.0]).tolist() == [0.0, 0.0]
    assert anycast.served([3.0], np.empty((0, 2)), [], [2.0]).tolist() == [2.0]
    assert anycast.prepare([1.0], np.empty((0, 2)), [], [2.0]).without([]).shape == (0, 1)


@pytest.mark.parametrize(
    ("demand", "ends", "capacity", "exits", "words"),
    [
        ([1.0, 0.0], [[0, 2]], [1.0], [0.0, 1.0], "edge ends at no node"),
        ([1.0, 0.0], [[0, 1]], [-1.0], [0.0, 1.0], "capacity must not be negative"),
        ([1.0, 0.0], [[0, 1]], [np.nan], [0.0, 1.0], "capacity must not be negative"),
        ([-1.0, 0.0], [[0, 1]], [1.0], [0.0, 1.0], "demand must not be negative"),
        ([np.inf, 0.0], [[0, 1]], [1.0], [0.0, 1.0], "demand must be finite"),
        ([1.0, 0.0], [[0, 1]], [1.0, 2.0], [0.0, 1.0], "differ in number"),
    ],
)
def test_bad_input_is_refused(demand: F8, ends: F8, capacity: F8, exits: F8, words: str) -> None:
    with pytest.raises(RabtaError, match=words):
        anycast.prepare(demand, ends, capacity, exits)
