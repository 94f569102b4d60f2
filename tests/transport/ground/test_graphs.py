"""Contraction, bridges, and the rule for the capacity of fibre, beside plain computations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra

from rabta.errors import RabtaError
from rabta.transport.ground import microwave, traffic
from rabta.transport.ground.contract import contract


def distances(count: int, ends: np.ndarray, km: np.ndarray) -> np.ndarray:
    dense = np.full((count, count), np.inf)
    for (a, b), length in zip(ends.tolist(), km.tolist(), strict=True):
        dense[a, b] = dense[b, a] = min(dense[a, b], length)
    np.fill_diagonal(dense, 0.0)
    return np.asarray(dijkstra(sparse.csr_matrix(np.where(np.isfinite(dense), dense, 0.0)), directed=False))


def some_graph(seed: int, count: int = 60, extra: int = 14) -> tuple[np.ndarray, np.ndarray]:
    """A tree of mostly chains, with extra edges, parallel ones among them."""
    rng = np.random.default_rng(seed)
    tree = [
        (k, max(0, k - 1 - int(rng.integers(0, 3) == 0) * int(rng.integers(0, 9)))) for k in range(1, count)
    ]
    more = rng.integers(0, count, (extra, 2)).tolist()
    ends = np.array([*tree, *more, tree[5]])
    return ends, rng.uniform(1.0, 50.0, len(ends))


@pytest.mark.parametrize("seed", range(8))
def test_contraction_keeps_every_distance(seed: int) -> None:
    ends, km = some_graph(seed)
    wanted = np.random.default_rng(seed).choice(60, 5, replace=False)
    made = contract(ends[:, 0], ends[:, 1], km, wanted)
    ours = distances(made.cell.size, made.ends, made.km)
    theirs = distances(60, ends, km)[np.ix_(made.cell, made.cell)]
    assert ours == pytest.approx(theirs)
    met = np.bincount(ends[ends[:, 0] != ends[:, 1]].ravel(), minlength=60)
    assert set(np.flatnonzero(met != 2)) <= set(made.cell.tolist())
    assert set(wanted.tolist()) <= set(made.cell.tolist())
    assert made.cell.size < 60


def test_a_chain_is_as_long_as_its_cables() -> None:
    made = contract(np.arange(5), np.arange(1, 6), np.arange(1.0, 6.0), np.array([], dtype=int))
    assert made.cell.tolist() == [0, 5]
    assert made.km.tolist() == [15.0]


def test_a_ring_alone_keeps_one_node_and_nothing_hangs_on_it() -> None:
    made = contract(np.array([0, 1, 2, 3, 3]), np.array([1, 2, 0, 4, 3]), np.ones(5), np.array([], dtype=int))
    assert made.cell.tolist() == [0, 3, 4]
    assert made.ends.tolist() == [[1, 2]]


def brute_force(count: int, ends: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """How many spans part a node from the goals, by taking out one after another."""

    def reached(kept: np.ndarray) -> np.ndarray:
        graph = sparse.csr_matrix((np.ones(len(kept)), kept.T), shape=(count, count))
        part = connected_components(graph, directed=False)[1]
        return np.isin(part, part[goals])

    whole = reached(ends)
    out = sum((whole & ~reached(np.delete(ends, k, axis=0))).astype(int) for k in range(len(ends)))
    return np.where(whole, out, -1)


@pytest.mark.parametrize("seed", range(8))
def test_bridges_as_by_taking_out_every_span(seed: int) -> None:
    ends, _ = some_graph(seed, extra=8)
    ends = np.concatenate([ends, [[61, 62]]])  # a part of its own
    goals = np.array([3, 17])
    assert microwave.parted(63, ends, goals).tolist() == brute_force(63, ends, goals).tolist()


def test_second_ways_within_reach_and_no_farther() -> None:
    """A chain eastward along the equator; 111 km a degree, so the far end is out of reach of the start."""
    lon = np.array([0.0, 0.2, 0.4, 3.0])
    ends = np.array([[0, 1], [1, 2], [2, 3]])
    found = microwave.second_ways(ends, np.array([0]), np.array([1, 2, 3]), np.zeros(4), lon)
    assert [(town, other) for town, other, _ in found] == [(2, 0)]  # from the end of what is in reach
    assert found[0][2] == pytest.approx(0.4 * 111.195, rel=1e-4)
    after = microwave.parted(4, np.concatenate([ends, [[2, 0]]]), np.array([0]))
    assert after.tolist() == [0, 0, 0, 1]


def diamond(**changes: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Town A with 300 Gbit/s, an exchange beside X, a landing beside L; A-X 10 km, A-L 20, X-L 5."""
    nodes = pd.DataFrame(
        {
            "kind": ["fibre", "fibre", "fibre", "exchange", "landing", "abroad"],
            "demand_mbps": [300e3, 0.0, 0.0, 0.0, 0.0, 0.0],
        }
    )
    spans = pd.DataFrame(
        {
            "kind": ["fibre", "fibre", "fibre", "peering", "fibre", "submarine"],
            "from_node": [0, 0, 1, 1, 2, 4],
            "to_node": [1, 2, 2, 3, 4, 5],
            "route_km": [10.0, 20.0, 5.0, 1.0, 1.0, 5000.0],
            "capacity_mbps": [0.0, 0.0, 0.0, 1e8, 0.0, 2e6],
        }
    )
    return nodes, spans.assign(**changes)


def test_fibre_is_dimensioned_by_hand() -> None:
    """By the shortest ways A-X carries all of A, X-L a third of it; by the ways round A-L takes the third.

    300 Gbit/s: 70 % to the exchange, 30 % (90 Gbit/s) abroad by A-X-L. Where used spans count three times,
    A-X is 30 km and A-L 20: 90 Gbit/s go straight, while the exchange stays at 30 km against 20 + 15 over L.
    """
    nodes, spans = diamond()
    found = traffic.dimension(nodes, spans, 0.7)
    waves = [np.ceil(load * traffic.HEADROOM / 100e3) * 100e3 for load in (300e3, 90e3, 90e3)]
    assert found.tolist() == [*waves, 1e8, 2e6, 2e6]  # to the landing all that is lit there


def test_everything_answered_at_home_needs_no_way_to_the_landing() -> None:
    nodes, spans = diamond()
    found = traffic.dimension(nodes, spans, 1.0)
    assert found[[0, 1, 2]].tolist() == [5e5] * 3  # A-X is used: A-L-X, 25 km, is the way round its 30
    none = traffic.dimension(nodes, spans.assign(capacity_mbps=0.0), 1.0)
    assert none[4] == 1e5  # one wave at least
    dark = spans.assign(capacity_mbps=0.0)
    assert np.isfinite(traffic.dimension(nodes, dark, 0.0)).all()  # cables without capacity draw nothing
    with pytest.raises(RabtaError, match="home_share"):
        traffic.dimension(nodes, spans, 1.5)


@pytest.mark.parametrize("seed", range(4))
def test_what_enters_arrives_at_the_goals(seed: int) -> None:
    ends, km = some_graph(seed)
    goals = np.array([3, 17])
    demand = np.random.default_rng(seed).uniform(0.0, 5.0, 60)
    demand[goals] = 0.0
    load = traffic.Load(60, ends, km, ((goals, 1.0),)).on(demand, km)
    assert load[np.isin(ends, goals).any(axis=1)].sum() == pytest.approx(demand.sum())
