"""Compiled kernels of the max concurrent flow: lengths of arcs, shortest paths, balancing of paths.

All commodities are routed whole, and their traffic is moved between paths until the fullest arc is as little
full as possible. An arc that is ``u`` full weighs ``exp(sharpness (u / top - 1))``; its length is its weight
over its capacity, the slope of the smoothed maximum. Moving traffic from a longer path to a shorter one by a
Newton step on their difference is the gradient projection of Bertsekas and Gallager, Data Networks (1992),
section 5.7; any lengths bound the flow from above (Garg and Koenemann, SIAM J. Computing 37, 2007).
"""

# ruff: noqa: C901 (kernels: long loops stay in one compiled function)

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel
from rabta.space.network._kernels import dijkstra

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
I8 = NDArray[np.int64]

FLOOR = 1e-7  # least weight of an arc, so that every arc has a length
STRIDE = 1.0  # most that a step may raise the exponent of an arc


@inline
def _weight(load: float, capacity: float, top: float, sharpness: float) -> float:
    return max(FLOOR, math.exp(min(50.0, sharpness * (load / (capacity * top) - 1.0))))


@kernel("void(f8[::1], f8[::1], f8, f8, f8[::1])")
def lengths(load: F8, capacity: F8, top: float, sharpness: float, length: F8) -> None:
    """Length of every arc: its weight over its capacity."""
    for a in range(load.size):
        length[a] = _weight(load[a], capacity[a], top, sharpness) / capacity[a]


@kernel("void(i8, i8, i4[::1], i4[::1], i4[::1], f8[::1], f8[:,::1])")
def distances(first: int, last: int, source: I4, begin: I4, head: I4, length: F8, dist: F8) -> None:
    """Distance of every node from the sources from first to last."""
    nodes = dist.shape[1]
    order, heap, where = np.empty(nodes, np.int32), np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    direct = np.full(nodes, math.inf)
    for s in range(first, last):
        direct[source[s]] = 0.0
        dijkstra(begin, head, length, direct, dist[s], order, heap, where)
        direct[source[s]] = math.inf


@kernel("i8(i4[::1], i4[::1], i4[::1], f8[::1], f8[::1], i8, i8, i4[::1])")
def _walk(
    in_begin: I4, in_arc: I4, tail: I4, length: F8, dist: F8, source: int, target: int, path: I4
) -> int:
    """Arcs of the shortest path, from its end; the number of them (0 where there is no path)."""
    v, hops = target, 0
    while v != source:
        found = -1
        for k in range(in_begin[v], in_begin[v + 1]):
            a = in_arc[k]
            if dist[tail[a]] + length[a] == dist[v] and dist[tail[a]] < dist[v]:
                found = a
                break
        if found < 0 or hops == path.size:
            return 0
        path[hops] = found
        hops += 1
        v = tail[found]
    return hops


@inline
def _same(arcs: I4, start: int, path: I4, hops: int) -> bool:
    at = 0
    while at < hops and arcs[start + at] == path[at]:
        at += 1
    return at == hops


@kernel(
    "i8(i4[::1], i4[::1], i4[::1], f8[::1], f8[:,::1], i4[::1], i4[::1], i4[::1], i8[::1], i8[::1], i4[::1],"
    "f8[::1], i8[::1], i8[::1], i4[::1], f8[::1])"
)
def grow(
    in_begin: I4,
    in_arc: I4,
    tail: I4,
    length: F8,
    dist: F8,
    group: I4,
    source: I4,
    target: I4,
    own: I8,
    begin: I8,
    arcs: I4,
    flow: F8,
    own_next: I8,
    begin_next: I8,
    arcs_next: I4,
    flow_next: F8,
) -> int:
    """Copy the paths that carry something and add each commodity's shortest; the number of new ones.

    ``own[k]:own[k + 1]`` are commodity k's paths, ``begin[p]:begin[p + 1]`` path p's arcs. ``group`` is the
    row of ``dist``. Returns -1 where ``arcs_next`` is too small.
    """
    path = np.empty(in_begin.size, np.int32)
    count, at, added = 0, 0, 0
    for k in range(target.size):
        own_next[k] = count
        hops = _walk(in_begin, in_arc, tail, length, dist[group[k]], source[k], target[k], path)
        known = hops == 0
        for p in range(own[k], own[k + 1]):
            size = begin[p + 1] - begin[p]
            same = size == hops and _same(arcs, begin[p], path, hops)
            known = known or same
            if flow[p] <= 0.0 and not same:
                continue
            if at + size > arcs_next.size:
                return -1
            arcs_next[at : at + size] = arcs[begin[p] : begin[p + 1]]
            begin_next[count], flow_next[count] = at, flow[p]
            at += size
            count += 1
        if not known:
            if at + hops > arcs_next.size:
                return -1
            arcs_next[at : at + hops] = path[:hops]
            begin_next[count], flow_next[count] = at, 0.0
            at += hops
            count += 1
            added += 1
    own_next[target.size] = count
    begin_next[count] = at
    return added


@inline
def _along(arcs: I4, first: int, last: int, length: F8) -> float:
    total = 0.0
    for j in range(first, last):
        total += length[arcs[j]]
    return total


@kernel(
    "f8(i4[::1], i8, i8, i8, i8, f8, f8, f8, f8[::1], f8[::1], f8[::1], i8[::1], i8)",
)
def _shift(
    arcs: I4, a: int, b: int, c: int, d: int, most: float, top: float, sharpness: float, capacity: F8,
    load: F8, length: F8, mark: I8, stamp: int,
) -> float:  # fmt: skip
    """Move traffic from the path ``arcs[a:b]`` to the shorter one ``arcs[c:d]``; returns how much.

    ``mark`` is 2 ``stamp`` on arcs of the shorter path; those of both paths get 2 ``stamp + 1``.
    """
    long_, short, slope, rise, room = 0.0, 0.0, 0.0, 0.0, math.inf
    for j in range(a, b):
        e = arcs[j]
        if mark[e] == 2 * stamp:
            mark[e] = 2 * stamp + 1
        else:
            long_ += length[e]
            slope += length[e] / capacity[e]
    for j in range(c, d):
        e = arcs[j]
        if mark[e] == 2 * stamp:
            short += length[e]
            rise += length[e] / capacity[e]
            room = min(room, capacity[e])
    amount = 0.0
    if long_ > short:
        # on the logarithm of both, which is straight where one arc outweighs the others of its path
        amount = math.log(long_ / short) / (slope / long_ + rise / short)
        amount = min(most, min(amount, STRIDE * room) * top / sharpness)
        for j in range(a, b):
            e = arcs[j]
            if mark[e] != 2 * stamp + 1:
                load[e] = max(0.0, load[e] - amount)
                length[e] = _weight(load[e], capacity[e], top, sharpness) / capacity[e]
        for j in range(c, d):
            e = arcs[j]
            if mark[e] == 2 * stamp:
                load[e] += amount
                length[e] = _weight(load[e], capacity[e], top, sharpness) / capacity[e]
    for j in range(a, b):
        if mark[arcs[j]] == 2 * stamp + 1:
            mark[arcs[j]] = 2 * stamp
    return amount


@kernel("void(i8[::1], i8[::1], i4[::1], f8[::1], f8[::1], f8, f8, f8[::1], f8[::1], i8)")
def balance(
    own: I8, begin: I8, arcs: I4, flow: F8, capacity: F8, top: float, sharpness: float, load: F8, length: F8,
    sweeps: int,
) -> None:  # fmt: skip
    """Move every commodity's traffic from its longer paths to its shortest one, commodity by commodity."""
    mark, stamp = np.zeros(load.size, np.int64), 0
    for _ in range(sweeps):
        for k in range(own.size - 1):
            if own[k + 1] - own[k] < 2:
                continue
            best, least = -1, math.inf
            for p in range(own[k], own[k + 1]):
                far = _along(arcs, begin[p], begin[p + 1], length)
                if far < least:
                    best, least = p, far
            stamp += 1
            for j in range(begin[best], begin[best + 1]):
                mark[arcs[j]] = 2 * stamp
            for p in range(own[k], own[k + 1]):
                if p != best and flow[p] > 0.0:
                    moved = _shift(
                        arcs, begin[p], begin[p + 1], begin[best], begin[best + 1], flow[p], top, sharpness,
                        capacity, load, length, mark, stamp,
                    )  # fmt: skip
                    flow[p] = 0.0 if moved >= flow[p] else flow[p] - moved
                    flow[best] += moved


@kernel("void(i8[::1], i4[::1], f8[::1], f8[::1])")
def loads(begin: I8, arcs: I4, flow: F8, load: F8) -> None:
    """Add the paths' flow to the load of their arcs."""
    for p in range(flow.size):
        for j in range(begin[p], begin[p + 1]):
            load[arcs[j]] += flow[p]
