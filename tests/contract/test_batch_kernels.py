"""Kernels of agents on grids against SciPy, exhaustive search and the verifier."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import shortest_path

from rabta.airspace.batch import _kernels as k
from rabta.airspace.batch.grid import of


def field(rng, side=12, walls=0.2):
    return of(rng.random((side, side)) > walls)


def test_distances_are_scipys():
    where = field(np.random.default_rng(1))
    count = len(where.near)
    goals = np.arange(0, count, 7, dtype=np.int32)
    ours = np.empty((len(goals), count), np.int32)
    k.distances(where.near, goals, ours)
    at, side = np.nonzero(where.near[:, :4] >= 0)
    graph = csr_matrix((np.ones(len(at)), (at, where.near[at, side])), (count, count))
    theirs = shortest_path(graph, unweighted=True, indices=goals)
    np.testing.assert_array_equal(ours, np.where(np.isfinite(theirs), theirs, k.FAR))


def earliest(where, start, goal, taken):
    """Least arrival by going through all cells at every instant; -1 where none fits."""
    span = len(taken)
    here = {start}
    for t in range(span):
        if goal in here and np.all(taken[t:, goal] < 0):
            return t
        after = set()
        for u in here:
            for v in where.near[u]:
                if t + 1 == span or v < 0 or taken[t + 1, v] >= 0:
                    continue
                if v != u and taken[t, v] >= 0 and taken[t, v] == taken[t + 1, u]:
                    continue
                after.add(int(v))
        here = after
    return -1


def test_a_path_among_others_is_the_earliest():
    rng, found = np.random.default_rng(2), 0
    for _ in range(60):
        where = field(rng, 7, 0.15)
        cells, span = len(where.near), 30
        taken = np.full((span, cells), -1, np.int32)
        for other in range(1, 9):  # others walk at random, where they meet nobody
            way = [int(rng.integers(cells))]
            for _t in range(span - 1):
                way.append(int(rng.choice([v for v in where.near[way[-1]] if v >= 0])))
            if np.all(taken[np.arange(span), way] < 0):
                taken[np.arange(span), way] = other
        start, goal = (int(one) for one in rng.integers(0, cells, 2))
        if taken[0, start] >= 0:
            continue
        far = np.empty((1, cells), np.int32)
        k.distances(where.near, np.array([goal], np.int32), far)
        room = span * cells
        work = (np.full(room, -1, np.int32), np.empty(room, np.int32), np.empty(room, np.int32))
        out, heads = np.empty(span, np.int32), np.empty(span + 2, np.int32)
        ours = k.path(0, start, goal, span, where.near, far, taken, *work, heads, 1, out)
        assert ours == earliest(where, start, goal, taken)
        if ours < 0:
            continue
        found += 1
        assert out[0] == start
        assert np.all(out[ours:] == goal)
        assert np.all(taken[np.arange(span), out] < 0)
        for t in range(span - 1):
            assert out[t + 1] in where.near[out[t]]
            other = taken[t, out[t + 1]]
            assert other < 0 or out[t] == out[t + 1] or taken[t + 1, out[t]] != other
    assert found > 20
