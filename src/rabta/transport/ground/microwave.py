"""Microwave beside the fibre: links that sources name, and second ways for towns that have one alone.

A town has a second way where no single span of fibre parts it from the exchanges. One that has none gets a
microwave link to the nearest node that has, if a few hops reach it. Such links are a model: operators back
fibre in this way, and publish neither the links nor their capacity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.transport.ground.traffic import joined

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
B1 = NDArray[np.bool_]

LINK_MBPS = 1000.0  # cost book, microwave_capacity_mbps: 2 x 56 MHz, 1024-QAM, dual polarisation
HOP_KM = 40.0  # cost book, microwave_hop_km: line of sight in 6-13 GHz
HOPS = 3  # most of a second way
REACH_KM = HOPS * HOP_KM


def parted(count: int, ends: I8, goals: I8) -> I8:
    """How many single spans part each node from the goals; -1 where no goal is reached.

    Parameters
    ----------
    count : int
        Number of nodes.
    ends : ndarray of int64, shape (span, 2)
    goals : ndarray of int64
        Nodes that count as one.

    Returns
    -------
    ndarray of int64, shape (node,)
        Bridges on every way from the node to the goals (Tarjan 1974, by the lowest number that each part of
        the search tree reaches).

    Examples
    --------
    >>> ends = np.array([[0, 1], [1, 2], [2, 0], [2, 3], [3, 4], [3, 4]])
    >>> parted(6, ends, np.array([0])).tolist()  # 2-3 is a bridge, the pair 3-4 is none
    [0, 0, 0, 1, 1, -1]
    """
    one = np.arange(count)
    one[goals] = count  # all goals are one node
    order, before, low = _search(one[ends], count)
    out = np.full(count + 1, -1, dtype=np.int64)
    out[count] = 0
    for node, number in zip(order[1:], range(1, len(order)), strict=True):
        out[node] = out[before[node]] + (low[node] == number)
    return out[one]


def _search(ends: I8, root: int) -> tuple[list[int], dict[int, int], dict[int, int]]:
    """Depth-first from the root: nodes as they are met, their parents, the lowest number that they reach.

    A node reaches down the search tree, and then over one span that is not the one it was met by.
    """
    around: dict[int, list[tuple[int, int]]] = {}
    for span, (a, b) in enumerate(ends.tolist()):
        around.setdefault(a, []).append((span, b))
        around.setdefault(b, []).append((span, a))
    number: dict[int, int] = {}
    before: dict[int, int] = {}
    by: dict[int, int] = {}
    stack = [(root, root, -1)]
    while stack:
        node, parent, span = stack.pop()
        if node not in number:
            number[node], before[node], by[node] = len(number), parent, span
            stack += [(other, node, k) for k, other in around.get(node, []) if other not in number]
    order, low = list(number), dict(number)
    for node in reversed(order):
        near = (number[other] for span, other in around.get(node, []) if span != by[node])
        low[node] = min([low[node], *near])
        low[before[node]] = min(low[before[node]], low[node])
    return order, before, low


def second_ways(ends: I8, goals: I8, towns: I8, lat_deg: F8, lon_deg: F8) -> list[tuple[int, int, float]]:
    """Links that give towns a second way to the goals: town, other end, and the line between them in km.

    Parameters
    ----------
    ends : ndarray of int64, shape (span, 2)
    goals, towns : ndarray of int64
        Rows of nodes.
    lat_deg, lon_deg : ndarray, shape (node,)

    Notes
    -----
    Towns behind the most bridges come first, because a link from the end of a chain helps all of it.
    """
    count = lat_deg.size
    found: list[tuple[int, int, float]] = []
    while True:
        alone = parted(count, ends, goals)
        waiting = [town for town in towns.tolist() if alone[town] > 0]
        made = _best(sorted(waiting, key=lambda town: -int(alone[town])), alone == 0, lat_deg, lon_deg)
        if made is None:
            return found
        found.append(made)
        ends = np.concatenate([ends, [made[:2]]])


def _best(towns: list[int], good: B1, lat_deg: F8, lon_deg: F8) -> tuple[int, int, float] | None:
    """Link of the first town that a good node is in reach of."""
    rows = np.flatnonzero(good)
    for town in towns:
        km = np.asarray(geo.great_circle_m(lat_deg[town], lon_deg[town], lat_deg[rows], lon_deg[rows])) / 1e3
        if rows.size and km.min() <= REACH_KM:
            return town, int(rows[km.argmin()]), float(km.min())
    return None


def chain(count: int, ends: I8, km: F8, start: int, end: int) -> list[int]:
    """Spans of the shortest way between two nodes, from the start; empty where there is none.

    Examples
    --------
    >>> chain(3, np.array([[0, 1], [1, 2], [0, 2]]), np.array([1.0, 1.0, 3.0]), 0, 2)
    [0, 1]
    """
    from scipy.sparse.csgraph import dijkstra

    graph, span_of = joined(count, ends, np.maximum(km, 1e-3))
    _, before = dijkstra(graph, indices=start, return_predecessors=True)
    out: list[int] = []
    while before[end] >= 0:
        out.append(span_of[int(before[end]), end])
        end = int(before[end])
    return out[::-1]
