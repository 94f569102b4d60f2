"""Max concurrent flow: closed forms, duality, HiGHS on drawn networks, one and two threads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta import jit
from rabta.errors import RabtaError
from rabta.transport.flow import anycast
from rabta.transport.flow import concurrent as flow

GAP = 1e-3


def checked(net: flow.Arcs, wanted: flow.Demands, gap: float = GAP) -> flow.Concurrent:
    """The answer, after its own certificates were recomputed from nothing but the input."""
    found = flow.solve(net, wanted, gap=gap, rounds=20_000)  # the usual 400 may end first
    assert found.factor <= found.bound
    assert (found.flow <= net.capacity * (1 + 1e-9)).all()
    assert (found.flow >= 0).all()
    assert (found.price >= 0).all()
    put = np.zeros(net.nodes)
    use = found.connected & (wanted.source != wanted.target)
    np.add.at(put, wanted.target[use], wanted.mbps[use] * found.factor)
    np.add.at(put, wanted.source[use], -wanted.mbps[use] * found.factor)
    out = np.zeros(net.nodes)
    np.add.at(out, net.head, found.flow)
    np.add.at(out, net.tail, -found.flow)
    assert out == pytest.approx(put, abs=1e-6 * (1 + np.abs(put).max()))
    assert float(found.price @ net.capacity) == pytest.approx(found.bound, rel=1e-6)
    return found


def drawn(
    seed: int, nodes: int = 14, arcs: int = 50, commodities: int = 25
) -> tuple[flow.Arcs, flow.Demands]:
    rng = np.random.default_rng(seed)
    tail, head = rng.integers(0, nodes, (2, arcs))
    keep = tail != head
    capacity = rng.choice([0.0, 1.0, 4.0, 10.0], keep.sum(), p=[0.1, 0.3, 0.3, 0.3])
    source, target = rng.integers(0, nodes, (2, commodities))
    mbps = rng.lognormal(0.0, 1.0, commodities) * (rng.random(commodities) < 0.9)
    return flow.arcs(nodes, tail[keep], head[keep], capacity), flow.demands(nodes, source, target, mbps)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 100_000))
def test_encloses_the_optimum_of_highs(seed: int) -> None:
    net, wanted = drawn(seed)
    found = checked(net, wanted)
    optimum = flow.exact(net, wanted)
    if optimum in (0.0, np.inf):
        assert found.factor == optimum
        return
    assert found.factor <= optimum * (1 + 1e-6)
    assert found.bound >= optimum * (1 - 1e-6)
    assert found.gap <= GAP


@pytest.mark.parametrize("nodes", [4, 5, 7])
def test_complete_graph(nodes: int) -> None:
    """All pairs ask 1 of links of 1 each way: every link carries its own pair, and no more fits.

    Each unit uses at least one of n (n - 1) units of arc capacity, so 1 is the optimum.
    """
    i, j = np.triu_indices(nodes, 1)
    net = flow.both_ways(nodes, np.stack([i, j], axis=1), np.ones(i.size))
    a, b = np.nonzero(~np.eye(nodes, dtype=bool))
    found = checked(net, flow.demands(nodes, a, b, np.ones(a.size)))
    assert found.factor <= 1.0 + 1e-9 <= found.bound + 2e-9


@pytest.mark.parametrize(("nodes", "factor"), [(5, 1 / 3), (6, 2 / 9), (8, 1 / 8)])
def test_ring_of_all_pairs(nodes: int, factor: float) -> None:
    """All ordered pairs ask 1 on a ring of unit links: capacity 2 n over the sum of distances.

    That sum is n (n^2 - 1) / 4 for odd n and n^3 / 4 for even; by symmetry the bound is reached.
    """
    each = (nodes**2 - 1) / 4 if nodes % 2 else nodes**2 / 4
    assert factor == pytest.approx(2.0 / each)
    ring = np.stack([np.arange(nodes), (np.arange(nodes) + 1) % nodes], axis=1)
    net = flow.both_ways(nodes, ring, np.ones(nodes))
    a, b = np.nonzero(~np.eye(nodes, dtype=bool))
    found = checked(net, flow.demands(nodes, a, b, np.ones(a.size)))
    assert found.factor == pytest.approx(factor, rel=2 * GAP)
    assert found.bound == pytest.approx(factor, rel=2 * GAP)


def test_path_is_as_wide_as_its_narrowest_link() -> None:
    net = flow.arcs(4, [0, 1, 2], [1, 2, 3], [9.0, 3.0, 7.0])
    found = checked(net, flow.demands(4, [0], [3], [2.0]))
    assert found.factor == pytest.approx(1.5)
    assert found.price == pytest.approx([0.0, 0.5, 0.0], abs=1e-3)


def test_flows_can_be_less_than_every_cut_allows() -> None:
    """K(2,3) with unit links and a demand of 1 between all pairs without a link: 3/4, though cuts allow 1.

    Okamura and Seymour, J. Combinatorial Theory B 31 (1981): the smallest case in which the least cut does
    not decide.
    """
    links = [[0, 2], [0, 3], [0, 4], [1, 2], [1, 3], [1, 4]]
    net = flow.both_ways(5, links, np.full(6, 0.5))  # an undirected link shared evenly by both directions
    asks = [(0, 1), (2, 3), (3, 4), (2, 4)]
    both = np.array(asks + [(b, a) for a, b in asks])
    found = checked(net, flow.demands(5, both[:, 0], both[:, 1], np.full(8, 0.5)))
    assert found.factor <= 0.75 + 1e-9
    assert found.bound == pytest.approx(0.75, rel=2 * GAP)


@pytest.mark.parametrize("seed", range(8))
def test_single_commodity_is_the_maximum_flow(seed: int) -> None:
    """Max-flow min-cut theorem, by the other kernel of this package."""
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, 10, (25, 2))
    ends = ends[ends[:, 0] != ends[:, 1]]
    capacity = rng.uniform(1.0, 9.0, len(ends))
    total = anycast.prepare(np.r_[1e3, np.zeros(9)], ends, capacity, np.r_[np.zeros(9), np.inf]).total_mbps
    found = checked(flow.both_ways(10, ends, capacity), flow.demands(10, [0], [9], [1.0]))
    assert found.factor == pytest.approx(total, rel=2 * GAP, abs=1e-9)


def test_threads_do_not_change_a_bit() -> None:
    net, wanted = drawn(5, nodes=40, arcs=200, commodities=120)
    before, found = jit.threads(), []
    try:
        for count in (1, 2):
            jit.set_threads(min(count, before))
            found.append(flow.solve(net, wanted))
    finally:
        jit.set_threads(before)
    assert found[0].factor == found[1].factor
    assert np.array_equal(found[0].flow, found[1].flow)
    assert np.array_equal(found[0].price, found[1].price)


def test_what_is_not_connected_is_marked_and_the_rest_is_carried() -> None:
    net = flow.arcs(4, [0, 1], [1, 2], [4.0, 0.0])
    found = checked(net, flow.demands(4, [0, 0, 3], [1, 2, 0], [2.0, 1.0, 1.0]))
    assert found.connected.tolist() == [True, False, False]
    assert found.factor == pytest.approx(2.0)
    alone = flow.solve(net, flow.demands(4, [3], [0], [1.0]))
    assert (alone.factor, alone.bound, alone.gap) == (0.0, 0.0, 0.0)
    assert not alone.flow.any()


def test_nothing_asked() -> None:
    found = flow.solve(flow.arcs(2, [0], [1], [1.0]), flow.demands(2, [0, 1], [1, 1], [0.0, 5.0]))
    assert found.factor == np.inf
    assert found.connected.all()
    assert not found.flow.any()


def test_bad_input_is_refused() -> None:
    with pytest.raises(RabtaError, match="arc ends at no node"):
        flow.arcs(2, [0], [2], [1.0])
    with pytest.raises(RabtaError, match="capacity must be finite and not negative"):
        flow.arcs(2, [0], [1], [np.nan])
    with pytest.raises(RabtaError, match="demand must be finite and not negative"):
        flow.demands(2, [0], [1], [-1.0])
