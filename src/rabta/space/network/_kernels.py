"""Compiled kernels: lengths of links and satellites in view, and shortest trees kept from step to step.

The NumPy references are `rabta.space.network.geometry.scene_reference` and
`rabta.space.network.forwarding.routes_reference`. Every destination (or step) is computed by itself, in the
same order of arithmetic, so that results are the same to the last bit whatever the number of threads.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel
from rabta.space._kernels import near_arc
from rabta.space.network._trees import BUCKETS, NOWHERE, SHORTEST_M, back_arcs, longest, tree

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]
U8 = NDArray[np.uint64]


@inline
def _link_m(place: F8, a: int, b: int, longest_m: float, grazing_m: float) -> float:
    """Length of a link; infinity where too long, grazing the Earth, or an end has no place (NaN)."""
    dx, dy, dz = place[0, b] - place[0, a], place[1, b] - place[1, a], place[2, b] - place[2, a]
    square = dx * dx + dy * dy + dz * dz
    length = math.sqrt(square)
    if not length <= longest_m:
        return math.inf
    if grazing_m > 0.0:
        here = place[0, a] * place[0, a] + place[1, a] * place[1, a] + place[2, a] * place[2, a]
        along = -(place[0, a] * dx + place[1, a] * dy + place[2, a] * dz)
        if 0.0 < along < square and here - along * along / square < grazing_m * grazing_m:
            return math.inf
    return max(length, SHORTEST_M)


@inline
def _views(square: F8, rise: F8, farthest_m: F8, least: F8, allowed: U1, seen: I4, range_m: F8) -> int:
    """List the satellites in view of a site, with their distances; how many there are."""
    found = 0
    for k in range(square.size):
        if rise[k] >= 0.0 or least[k] < 0.0:
            metres = math.sqrt(square[k])
            if metres <= farthest_m[k] and rise[k] >= least[k] * metres and allowed[k] != 0:
                if found < seen.size:
                    seen[found], range_m[found] = k, metres
                found += 1
    return found


@inline
def _clear(
    place: F8, x: float, y: float, z: float, gso: F8, keep: F8, count: int, seen: I4, range_m: F8
) -> int:
    """Drop the satellites that stand too near to the geostationary arc; how many are left."""
    left = 0
    for j in range(count):
        k, metres = seen[j], range_m[j]
        dx, dy, dz = place[0, k] - x, place[1, k] - y, place[2, k] - z
        if not near_arc(dx, dy, dz, metres, x, y, gso, keep[k]):
            seen[left], range_m[left] = k, metres
            left += 1
    return left


@kernel(
    "void(i8, i8, f8[:,:,::1], u1[:,::1], f8[::1], f8[::1], f8[:,::1], f8[:,::1], u1[:,::1], f8[::1],"
    "f8[:,::1], f8[:,::1], f8[:,::1], i4[:,::1], i4[:,::1], f8, f8, f8[:,::1], i4[:,::1], i4[:,:,::1],"
    "f8[:,:,::1])"
)
def look(
    first: int,
    last: int,
    teme_m: F8,
    errors: U1,
    cosine: F8,
    sine: F8,
    site_m: F8,
    up: F8,
    allowed: U1,
    farthest_m: F8,
    least_sine: F8,
    gso: F8,
    keep: F8,
    edge: I4,
    arc: I4,
    longest_m: float,
    grazing_m: float,
    length: F8,
    count: I4,
    seen: I4,
    range_m: F8,
) -> None:
    """Links and views of steps from first to last; sites are turned into the satellites' frame.

    ``allowed`` and ``least_sine`` are by site and satellite (one row each where all sites are alike), ``gso``
    and ``keep`` as of `near_arc`. A count over the width of ``seen`` tells that the lists are cut.
    """
    satellites = teme_m.shape[0]
    place, rise, square = np.empty((3, satellites)), np.empty(satellites), np.empty(satellites)
    for t in range(first, last):
        for k in range(satellites):
            for i in range(3):
                place[i, k] = teme_m[k, i, t] if errors[k, t] == 0 else np.nan
        for e in range(edge.shape[0]):
            metres = _link_m(place, edge[e, 0], edge[e, 1], longest_m, grazing_m)
            length[t, arc[e, 0]] = metres
            length[t, arc[e, 1]] = metres
        c, s = cosine[t], sine[t]
        for g in range(site_m.shape[0]):
            x, y, z = c * site_m[g, 0] - s * site_m[g, 1], s * site_m[g, 0] + c * site_m[g, 1], site_m[g, 2]
            ux, uy, uz = c * up[g, 0] - s * up[g, 1], s * up[g, 0] + c * up[g, 1], up[g, 2]
            row, own = min(g, least_sine.shape[0] - 1), min(g, allowed.shape[0] - 1)
            for k in range(satellites):
                dx, dy, dz = place[0, k] - x, place[1, k] - y, place[2, k] - z
                square[k] = dx * dx + dy * dy + dz * dz
                rise[k] = dx * ux + dy * uy + dz * uz
            count[t, g] = _views(
                square, rise, farthest_m, least_sine[row], allowed[own], seen[t, g], range_m[t, g]
            )
            if keep.shape[0] > 0 and count[t, g] <= seen.shape[2]:
                count[t, g] = _clear(place, x, y, z, gso[g], keep, count[t, g], seen[t, g], range_m[t, g])


@inline
def _sift_up(heap: I4, where: I4, dist: F8, at: int) -> None:
    node = heap[at]
    while at > 0:
        parent = (at - 1) >> 1
        if dist[heap[parent]] <= dist[node]:
            break
        heap[at] = heap[parent]
        where[heap[at]] = at
        at = parent
    heap[at] = node
    where[node] = at


@inline
def _pop(heap: I4, where: I4, dist: F8, size: int) -> int:
    """Take the nearest node off the heap of a given size."""
    top, node = int(heap[0]), heap[size - 1]
    where[top] = -2
    last, at = size - 1, 0
    while True:
        child = 2 * at + 1
        if child >= last:
            break
        if child + 1 < last and dist[heap[child + 1]] < dist[heap[child]]:
            child += 1
        if dist[node] <= dist[heap[child]]:
            break
        heap[at] = heap[child]
        where[heap[at]] = at
        at = child
    if last > 0:
        heap[at] = node
        where[node] = at
    return top


@kernel("void(i4[::1], i4[::1], f8[::1], f8[::1], f8[::1], i4[::1], i4[::1], i4[::1])")
def dijkstra(begin: I4, target: I4, length: F8, direct: F8, dist: F8, order: I4, heap: I4, where: I4) -> None:
    """Distances of all satellites to one ground site, and the satellites by distance (binary heap)."""
    size, done, n = 0, 0, direct.size
    for v in range(n):
        dist[v] = direct[v]
        where[v] = -1
        if dist[v] < math.inf:
            heap[size] = v
            _sift_up(heap, where, dist, size)
            size += 1
    while size > 0:
        v = _pop(heap, where, dist, size)
        size -= 1
        order[done] = v
        done += 1
        for a in range(begin[v], begin[v + 1]):
            w, reach = target[a], dist[v] + length[a]
            if reach < dist[w]:
                dist[w] = reach
                if where[w] < 0:
                    where[w] = size
                    heap[size] = w
                    size += 1
                _sift_up(heap, where, dist, where[w])
    for v in range(n):
        if where[v] == -1:
            order[done] = v
            done += 1


@inline
def _enter(goal: int, count: I4, seen: I4, range_m: F8, dist: F8, metres: F8, entry: I4) -> None:
    """Best satellite of every site towards a goal, and the length of the way."""
    for g in range(count.size):
        best, choice = math.inf, NOWHERE
        for j in range(count[g]):
            reach = range_m[g, j] + dist[np.uintp(seen[g, j])]
            if reach < best:
                best, choice = reach, seen[g, j]
        if g == goal:
            best, choice = 0.0, NOWHERE
        metres[g], entry[g] = best, choice


@inline
def _copy(hop: I4, up: I4, goal: int, table: I4) -> None:
    """Next hops of a tree as nodes; ``hop`` has the goal and none before the targets of the arcs."""
    hop[0] = goal
    for v in range(up.size):
        table[v] = hop[np.uintp(up[v] + 2)]


@inline
def _follow(node: int, target: I4, up: I4) -> tuple[int, np.uint64]:
    """Satellites on a way, and its mark."""
    steps, code = 0, np.uint64(14695981039346656037)
    while node >= 0:
        code, steps = _mix(code, node), steps + 1
        a = up[node]
        node = target[a] if a >= 0 else -1
    return steps, code


@inline
def _mix(mark: np.uint64, node: int) -> np.uint64:
    """Next mark of a path (FNV-1a, 64 bits, by nodes instead of bytes)."""
    return (mark ^ np.uint64(node)) * np.uint64(1099511628211)


@kernel(
    "void(i8, i8, b1, i4[::1], i4[::1], i4[::1], f8[:,::1], i4[:,::1], i4[:,:,::1], f8[:,:,::1],"
    "i4[:,::1], i4[:,::1], f8[:,:,::1], i4[:,:,::1], i4[:,:,::1], i4[:,:,::1], u8[:,:,::1])"
)
def routes(
    first: int,
    last: int,
    fresh: bool,
    goal: I4,
    begin: I4,
    target: I4,
    length: F8,
    count: I4,
    seen: I4,
    range_m: F8,
    up: I4,
    order: I4,
    metres: F8,
    entry: I4,
    table: I4,
    hops: I4,
    mark: U8,
) -> None:
    """Shortest ways of all steps to the goals from first to last.

    ``up`` (arc to the next hop, `DOWN`, `NOWHERE`) and ``order`` are the trees, kept between calls.
    ``metres`` and ``entry`` (first satellite) are by step, goal and site; ``table``, ``hops`` and ``mark``
    are filled where they have steps.
    """
    n = begin.size - 1
    direct, dist = np.full(n, math.inf), np.empty(n)
    queue, state, touched = np.empty(n, np.int32), np.zeros(n, np.int32), np.empty(n, np.int32)
    bucket, ring, back = np.empty(n, np.int32), np.empty(BUCKETS, np.int32), back_arcs(begin, target)
    hop = np.empty(target.size + 2, np.int32)
    hop[1], hop[2:] = NOWHERE, target
    for t in range(length.shape[0]):
        most = longest(length[t])
        for d in range(first, last):
            site, farthest = goal[d], most
            start = seen[t, site, : count[t, site]]
            for j in range(start.size):
                farthest = max(farthest, range_m[t, site, j])
                direct[start[j]] = range_m[t, site, j]
            anew = fresh and t == 0
            tree(
                anew, begin, target, back, length[t], direct, start, farthest, dist, up[d], order[d], queue,
                state, touched, bucket, ring,
            )  # fmt: skip
            for j in range(start.size):
                direct[start[j]] = math.inf
            _enter(site, count[t], seen[t], range_m[t], dist, metres[t, d], entry[t, d])
            if table.shape[0] > 0:
                _copy(hop, up[d], n + site, table[t, d])
            if mark.shape[0] > 0:
                for g in range(entry.shape[2]):
                    hops[t, d, g], mark[t, d, g] = _follow(entry[t, d, g], target, up[d])
