"""The failure kernels against a maximum flow of SciPy, connected components and Dijkstra for every case."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from rabta import jit
from rabta.transport.failures.cuts import cases, graph, reference

_PLACE = Path(__file__).resolve().parents[1] / "transport" / "failures" / "synthetic.py"
_SPEC = importlib.util.spec_from_file_location("synthetic", _PLACE)
assert _SPEC is not None
assert _SPEC.loader is not None
synthetic = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(synthetic)

SHAPES = {
    "tight": {},
    "wide": {"capacity": (5, 60)},
    "thin, with spans that carry nothing": {"nodes": 20, "extra": 3, "capacity": (0, 12)},
    "meshed": {"nodes": 14, "extra": 20, "capacity": (1, 4)},
}


def setting(
    seed: int, shape: str, home: float = 0.5
) -> tuple[graph.Network, cases.Base, cases.Cases, list[np.ndarray]]:
    """Network with every span, some nodes and some groups as elements."""
    nodes, spans = synthetic.tables(seed, **SHAPES[shape])
    net = graph.network(nodes, spans, home, 1.0)
    last = len(spans)
    elements = [([], [i]) for i in range(last)] + [([i], []) for i in range(4)]
    elements += [([], [0, 3]), ([1], [4]), ([], [last - 5, last - 3]), ([5, 6], [])]
    given, order = cases.cases(net, elements)
    assert sorted(order) == list(range(len(elements)))
    lost = [given.lost[given.first[a] : given.first[a + 1]] for a in range(given.size)]
    return net, cases.whole(net), given, lost


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(6))
def test_losses_and_people_cut_off_are_those_of_the_reference(seed: int, shape: str) -> None:
    net, base, given, lost = setting(seed, shape)
    assert base.delivered == reference.delivered(net)
    alone = cases.singles(base, given)
    assert alone.loss.tolist() == [base.delivered - reference.delivered(net, gone) for gone in lost]
    people, _ = cases.cut_off(net, given, np.arange(given.size))
    for a, gone in enumerate(lost):
        assert people[a] == net.people[~reference.connected(net, net.sink, gone)].sum()
    for block in cases.pairs(base, given, alone):
        for i, a in enumerate(block.rows):
            for b in range(a + 1, given.size):
                gone = np.union1d(lost[a], lost[b])
                assert block.loss[i, b] == base.delivered - reference.delivered(net, gone), (a, b)
                cut = net.people[~reference.connected(net, net.sink, gone)].sum()
                assert block.cut_off[i, b] == cut, (a, b)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(6, 12))
def test_every_loss_is_certified_by_a_cut(seed: int, shape: str) -> None:
    """The capacity of the cut around the nodes behind it is what is still delivered (Ford and Fulkerson)."""
    net, base, given, lost = setting(seed, shape)
    assert reference.cut_units(net, base.behind) == base.delivered
    alone = cases.singles(base, given)
    checked = 0
    for a, gone in enumerate(lost):
        if alone.loss[a]:
            behind = alone.nodes_behind(a, net.demand.size)
            assert reference.cut_units(net, behind, gone) == base.delivered - alone.loss[a]
            checked += 1
    assert checked > 3


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(4))
def test_detours_are_those_of_dijkstra_without_the_element(seed: int, shape: str) -> None:
    net, _, given, lost = setting(seed, shape)
    for goal in (net.home_exit, net.abroad_exit):
        median, without = cases.detours(net, given, goal)
        for a, gone in enumerate(lost):
            edges = net.ways(goal)
            edges[gone] = np.inf
            delay = cases.ways(net, edges, goal).delay_ms
            assert median[a] == pytest.approx(2.0 * cases.median_of(delay, net.people), nan_ok=True, abs=0)
            assert without[a] == net.people[~np.isfinite(delay)].sum()


def test_ways_are_those_of_scipy() -> None:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra

    net, *_ = setting(3, "wide")
    edges = net.ways(net.abroad_exit)
    some = np.flatnonzero(np.isfinite(edges))
    size = net.demand.size
    dense = np.full((size, size), np.inf)
    np.minimum.at(dense, (net.tail[some], net.head[some]), edges[some])
    tail, head = np.nonzero(np.isfinite(dense))
    weights = np.maximum(dense[tail, head], 1e-300)  # a zero would be no edge
    found = dijkstra(coo_array((weights, (tail, head)), shape=(size, size)), False, net.abroad_exit)
    assert cases.ways(net, edges, net.abroad_exit).delay_ms == pytest.approx(found, abs=1e-12)


def test_same_bits_for_one_and_two_threads() -> None:
    net, base, given, _ = setting(1, "meshed")
    threads = jit.threads()
    found = []
    try:
        for count in (1, min(2, threads)):
            jit.set_threads(count)
            alone = cases.singles(base, given)
            blocks = list(cases.pairs(base, given, alone))
            found.append(
                (
                    np.concatenate([block.loss for block in blocks]),
                    np.concatenate([block.cut_off for block in blocks]),
                    np.concatenate(cases.detours(net, given, net.home_exit)),
                )
            )
    finally:
        jit.set_threads(threads)
    for one, two in zip(*found, strict=True):
        assert one.tobytes() == two.tobytes()
