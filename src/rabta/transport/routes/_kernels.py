"""Compiled kernels: satellites in view of moving sites, shortest ways of all pairs, second and disjoint ways.

The NumPy references are `rabta.transport.routes.search.look_reference` and
`rabta.transport.routes.search.ways_reference`. Steps are computed each by itself, in the same order of
arithmetic, so that results are the same to the last bit whatever the threads and the spans of steps.
"""

# ruff: noqa: C901, PLR0912, PLR0915 (kernels: long loops stay in one compiled function)

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel
from rabta.space._kernels import near_arc
from rabta.transport.routes.outward._kernels import (
    DIRECT,
    DONE,
    NOWHERE,
    OPEN,
    _bend,
    _bow,
    _laser_m,
    _pop,
    _search,
    _sift_up,
    _turn,
)  # fmt: skip

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]
U8 = NDArray[np.uint64]

SLACK, SLACK_M = 1e-12, 1e-6  # of bounds, against rounding
AZIMUTHS = 36
ABOVE, MORE_M = 1.06, 2e5  # first guess of a way's length: so much above that of the step before
START, FIRST_M = 1.5, 4e6  # and of the first step above the straight line


@inline
def _above_terrain(axes: F8, horizon: F8, dx: float, dy: float, dz: float, metres: float) -> bool:
    """Whether a direction clears the horizon, linear between its samples."""
    east = dx * axes[0, 0] + dy * axes[0, 1] + dz * axes[0, 2]
    north = dx * axes[1, 0] + dy * axes[1, 1] + dz * axes[1, 2]
    rise = dx * axes[2, 0] + dy * axes[2, 1] + dz * axes[2, 2]
    place = math.degrees(math.atan2(east, north)) / 10.0
    if place < 0.0:
        place += AZIMUTHS
    low = math.floor(place)
    first, second = horizon[low % AZIMUTHS], horizon[(low + 1) % AZIMUTHS]
    return bool(rise >= math.sin(math.radians(first + (second - first) * (place - low))) * metres)


@kernel(
    "void(i8, i8, f8[:,:,::1], i4[::1], f8[:,:,::1], f8[:,:,:,::1], f8[:,::1], i4[::1], u1[:,::1],"
    "f8[:,::1], f8[:,:,::1], f8[:,::1], i4[:,::1], i4[:,:,::1], f8[:,:,::1])"
)
def look(
    first: int,
    last: int,
    position: F8,
    system: I4,
    site_m: F8,
    axes: F8,
    least_sine: F8,
    row: I4,
    allowed: U1,
    horizon: F8,
    arc: F8,
    keep: F8,
    count: I4,
    seen: I4,
    range_m: F8,
) -> None:
    """Satellites in view of every site at steps from first to last.

    ``arc`` (by step and site) and ``keep`` (by satellite, no rows for none) are as of
    `rabta.space._kernels.near_arc`. A count over the width of ``seen`` tells that the lists are cut.
    """
    satellites = position.shape[1]
    place, rise, square = np.empty((3, satellites)), np.empty(satellites), np.empty(satellites)
    for t in range(first, last):
        for k in range(satellites):
            for i in range(3):
                place[i, k] = position[t, k, i]
        here = min(t, site_m.shape[0] - 1)
        for s in range(site_m.shape[1]):
            x, y, z = site_m[here, s, 0], site_m[here, s, 1], site_m[here, s, 2]
            ux, uy, uz = axes[here, s, 2, 0], axes[here, s, 2, 1], axes[here, s, 2, 2]
            for k in range(satellites):
                dx, dy, dz = place[0, k] - x, place[1, k] - y, place[2, k] - z
                square[k] = dx * dx + dy * dy + dz * dz
                rise[k] = dx * ux + dy * uy + dz * uz
            found, least = 0, least_sine[row[s]]
            for k in range(satellites):
                if (rise[k] >= 0.0 or least[k] < 0.0) and allowed[s, system[k]] != 0:
                    metres = math.sqrt(square[k])
                    if rise[k] < least[k] * metres:
                        continue
                    if horizon[s, 0] > -90.0 and not _above_terrain(
                        axes[here, s], horizon[s], place[0, k] - x, place[1, k] - y, place[2, k] - z, metres
                    ):
                        continue
                    if keep.shape[0] > 0 and near_arc(
                        place[0, k] - x, place[1, k] - y, place[2, k] - z, metres, x, y, arc[here, s], keep[k]
                    ):
                        continue
                    if found < seen.shape[2]:
                        seen[t, s, found], range_m[t, s, found] = k, metres
                    found += 1
            count[t, s] = found


@inline
def _mix(mark: np.uint64, node: int) -> np.uint64:
    """Next mark of a path (FNV-1a, 64 bits, by nodes instead of bytes)."""
    return (mark ^ np.uint64(node)) * np.uint64(1099511628211)


@kernel("u8(i8, i8, i4[::1], i4[::1], u1[:,::1], u1[:,::1], u1[::1], i4[::1], i4[:,::1])")
def _follow(
    node: int, satellites: int, up: I4, by: I4, bits: U1, ground_bits: U1, parties: U1, hops: I4, path: I4
) -> np.uint64:
    """Mark of the way from an end; satellites and nodes on it, whom it touches, and the way if asked for."""
    code, at = np.uint64(14695981039346656037), 0
    hops[0], hops[1] = 0, 0
    while node >= 0:
        over = DIRECT - 1 - by[node]
        for v in (node, over if over >= 0 and up[node] >= 0 else NOWHERE):
            if v >= 0:
                code = _mix(code, v)
                hops[0] += 1 if v < satellites else 0
                hops[1] += 1
                for i in range(parties.size):
                    parties[i] |= bits[v, i]
                if at < path.shape[0]:
                    path[at, 0], path[at, 1] = v, by[node]
                    at += 1
        if by[node] >= 0:
            for i in range(parties.size):
                parties[i] |= ground_bits[by[node], i]
        node = up[node]
    return code


@kernel(
    "void(i8, i8, f8[:,:,::1], i4[::1], i4[::1], u1[:,::1], u1[::1], f8, i4[::1], i8, i4[:,::1],"
    "i4[:,:,::1], f8[:,:,::1], f8[:,:,::1], i4[::1], i4[::1], f8[:,::1], u1[::1], i4[::1], f8[::1], f8[::1],"
    "f8[::1], f8[:,::1], u1[::1], u1[:,::1], u1[:,::1], f8[:,:,:,::1], u8[:,:,:,::1], i4[:,:,:,:,::1],"
    "u1[:,:,:,:,::1], i4[:,:,:,:,:,::1])"
)
def ways(
    first: int,
    last: int,
    position: F8,
    begin: I4,
    target: I4,
    lit: U1,
    star: U1,
    grazing_m: float,
    site_node: I4,
    ends: int,
    count: I4,
    seen: I4,
    range_m: F8,
    node_m: F8,
    ground: I4,
    ground_target: I4,
    ground_m: F8,
    ground_space: U1,
    site_of: I4,
    wait_satellite: F8,
    wait_site: F8,
    wait_laser: F8,
    bound_m: F8,
    modes: U1,
    bits: U1,
    ground_bits: U1,
    metres: F8,
    mark: U8,
    hops: I4,
    parties: U1,
    path: I4,
) -> None:
    """Shortest ways between all pairs of ends at steps from first to last: over space alone, and over all.

    ``bound_m`` are ways over the ground alone, infinity where there is none. ``modes`` says which of the two
    to look for. Results are by step, mode and pair (goal, end), the end of the lower row.
    """
    satellites, grounds, sites = star.size, site_of.size, site_node.size
    nodes, relays = satellites + grounds, sites - ends
    place, aim = np.empty((nodes, 3)), np.empty((ends, 3))
    dist, up, by = np.full(nodes, math.inf), np.full(nodes, NOWHERE, np.int32), np.empty(nodes, np.int32)
    heap, touched = np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    where = np.full(nodes, OPEN, np.int32)
    back, room = np.empty(satellites + 1, np.int32), sites * seen.shape[2]
    back_site, back_m = np.empty(room, np.int32), np.empty(room)
    down = np.full(satellites, math.inf)
    bent_m, bent = np.full((ends, relays), math.inf), np.full((ends, relays), NOWHERE, np.int32)
    most, want, tally = np.empty(ends), np.zeros(ends, np.uint8), np.zeros(1, np.int64)
    guess, still = np.full((2, ends, ends), -1.0), np.empty((0, 3))
    bends = False
    for v in range(satellites):
        bends = bends or star[v] != 0
    for t in range(first, last):
        for v in range(satellites):
            for i in range(3):
                place[v, i] = position[t, v, i]
        here = min(t, node_m.shape[0] - 1)
        for g in range(grounds):
            for i in range(3):
                place[satellites + g, i] = node_m[here, g, i]
        for e in range(ends):
            for i in range(3):
                aim[e, i] = place[site_node[e], i]
        _turn(sites, count[t], seen[t], range_m[t], star, back, back_site, back_m)
        if bends:
            _bend(ends, count[t], seen[t], range_m[t], star, down, bent_m, bent)
        here, now = min(t, ground_m.shape[0] - 1), min(t, lit.shape[0] - 1)
        for goal in range(1, ends):
            for mode in range(2):
                if modes[mode] == 0:
                    continue
                for e in range(goal):
                    want[e] = 1
                    dx, dy, dz = (
                        aim[goal, 0] - aim[e, 0], aim[goal, 1] - aim[e, 1], aim[goal, 2] - aim[e, 2],
                    )  # fmt: skip
                    straight = math.sqrt(dx * dx + dy * dy + dz * dz)
                    most[e] = guess[mode, goal, e] * ABOVE + MORE_M
                    if guess[mode, goal, e] < 0.0:
                        most[e] = straight * START + FIRST_M
                    if mode == 1:
                        known = min(bound_m[goal, e], metres[t, 0, goal, e] if modes[0] != 0 else math.inf)
                        most[e] = min(most[e], known)
                    most[e] = most[e] * (1.0 + SLACK) + SLACK_M
                for e in range(goal, ends):
                    want[e], most[e] = 0, 0.0
                for attempt in range(3):
                    _search(
                        goal, mode == 0, begin, target, lit[now], star, grazing_m, site_node, ends, count[t],
                        seen[t], range_m[t], back, back_site, back_m, bent_m, bent, ground, ground_target,
                        ground_m[here], ground_space, site_of, wait_satellite, wait_site, wait_laser, still,
                        0.0, place, aim, most, want, dist, up, by, heap, where, touched, tally,
                    )  # fmt: skip
                    again = False
                    for e in range(goal):
                        if most[e] < 0.0:
                            continue
                        if want[e] == 0:
                            node = site_node[e]
                            metres[t, mode, goal, e] = dist[node]
                            mark[t, mode, goal, e] = _follow(
                                node, satellites, up, by, bits, ground_bits, parties[t, mode, goal, e],
                                hops[t, mode, goal, e], path[min(t, path.shape[0] - 1), mode, goal, e],
                            )  # fmt: skip
                            most[e] = -1.0
                        elif most[e] < math.inf:
                            most[e] = most[e] * 1.5 + MORE_M if attempt == 0 else math.inf
                            again = True
                        else:
                            metres[t, mode, goal, e], mark[t, mode, goal, e] = math.inf, 0
                            want[e], most[e] = 0, -1.0
                    for i in range(tally[0]):
                        v = touched[i]
                        dist[v], up[v], where[v] = math.inf, NOWHERE, OPEN
                    if not again:
                        break
                for e in range(goal):
                    guess[mode, goal, e] = metres[t, mode, goal, e]


@inline
def _off_path(best: float, total: float, u: int, v: int, link: int, after: I4, leave: I4) -> float:
    """The lesser of two lengths, where the second belongs to an arc that is not on the way."""
    if total < best and not (after[u] == v and leave[u] == link):
        return total
    return best


@kernel(
    "f8(f8[:,::1], f8[:,::1], f8, f8, i4[::1], i4[::1], u1[::1], u1[::1], f8, i4[::1], i4[::1], i4[:,::1],"
    "f8[:,::1], f8[:,::1], i4[::1], i4[::1], f8[::1], u1[::1], i4[::1], b1, b1, i4[:,::1])"
)
def second(
    position: F8,
    rate: F8,
    curve: float,
    most_m: float,
    begin: I4,
    target: I4,
    lit: U1,
    star: U1,
    grazing_m: float,
    site_node: I4,
    count: I4,
    seen: I4,
    range_m: F8,
    node_m: F8,
    ground: I4,
    ground_target: I4,
    ground_m: F8,
    ground_space: U1,
    site_of: I4,
    space_only: bool,
    still: bool,
    hops: I4,
) -> float:
    """Least length of a walk between the two ends (the first two sites) that is not the given way.

    ``hops`` are the way's: node, next node, how it is left. Infinity where every other walk is longer than
    ``most_m``. Lasers count as short as `_bow` says; ``range_m`` comes shortened already. With ``still`` only
    walks count that take a link to or between satellites which the way does not take.
    """
    satellites, grounds, sites, ends = star.size, site_of.size, site_node.size, 2
    nodes, relays = satellites + grounds, sites - ends
    place, aim = np.empty((nodes, 3)), np.empty((ends, 3))
    place[:satellites] = position
    place[satellites:] = node_m
    for e in range(ends):
        aim[e] = place[site_node[e]]
    dist, up, by = np.full((2, nodes), math.inf), np.full(nodes, NOWHERE, np.int32), np.empty(nodes, np.int32)
    heap, touched = np.empty(nodes, np.int32), np.empty((2, nodes), np.int32)
    where, room = np.full(nodes, OPEN, np.int32), sites * seen.shape[1]
    back, back_site, back_m = np.empty(satellites + 1, np.int32), np.empty(room, np.int32), np.empty(room)
    _turn(sites, count, seen, range_m, star, back, back_site, back_m)
    down = np.full(satellites, math.inf)
    bent_m, bent = np.full((ends, relays), math.inf), np.full((ends, relays), NOWHERE, np.int32)
    _bend(ends, count, seen, range_m, star, down, bent_m, bent)
    most, want, tally = np.full(ends, most_m), np.zeros(ends, np.uint8), np.zeros(1, np.int64)
    wait, none, many = np.zeros(max(satellites, sites)), np.empty(0), np.zeros(2, np.int64)
    for goal in range(ends):
        want[:] = 0
        want[1 - goal] = 1
        _search(
            goal, space_only, begin, target, lit, star, grazing_m, site_node, ends, count, seen, range_m,
            back, back_site, back_m, bent_m, bent, ground, ground_target, ground_m, ground_space, site_of,
            wait, wait, none, rate, curve, place, aim, most, want, dist[goal], up, by, heap, where,
            touched[goal], tally,
        )  # fmt: skip
        many[goal] = tally[0]
        for i in range(tally[0]):
            up[touched[goal, i]], where[touched[goal, i]] = NOWHERE, OPEN
    after, leave = np.full(nodes, NOWHERE, np.int32), np.empty(nodes, np.int32)
    for i in range(hops.shape[0]):
        after[hops[i, 0]], leave[hops[i, 0]] = hops[i, 1], hops[i, 2]
    best, there = math.inf, dist[1]
    for i in range(many[0]):
        u = touched[0, i]
        far = dist[0, u]
        if u < satellites:
            for a in range(begin[u], begin[u + 1]):
                v = target[a]
                if there[v] < math.inf and (lit.size == 0 or lit[a] != 0):
                    reach = _laser_m(place, u, v, grazing_m)
                    if curve > 0.0:
                        reach = max(reach - _bow(rate, place, u, v, curve), 0.0)
                    best = _off_path(best, far + reach + there[v], u, v, DIRECT, after, leave)
            for j in range(back[u], back[u + 1]):
                v = site_node[back_site[j]]
                if back_site[j] != 0:
                    best = _off_path(best, far + back_m[j] + there[v], u, v, DIRECT, after, leave)
            continue
        s = site_of[u - satellites]
        if s == 1:
            continue
        if s >= 0:
            for j in range(count[s]):
                v = seen[s, j]
                if star[v] == 0:
                    best = _off_path(best, far + range_m[s, j] + there[v], u, v, DIRECT, after, leave)
                else:
                    down[v] = range_m[s, j]
            for r in range(1 if s >= ends else ends, ends if s >= ends else sites):
                v = site_node[r]
                for j in range(count[r]):
                    w = seen[r, j]
                    if star[w] != 0:
                        total = far + down[w] + range_m[r, j] + there[v]
                        best = _off_path(best, total, u, v, DIRECT - 1 - w, after, leave)
            for j in range(count[s]):
                down[seen[s, j]] = math.inf
        if still:
            continue
        for a in range(ground[u - satellites], ground[u - satellites + 1]):
            v = satellites + ground_target[a]
            twin = after[u] == v and leave[u] >= 0  # beside an arc of the way, and as still as that
            if (not space_only or ground_space[a] != 0) and v != site_node[0] and not twin:
                best = _off_path(best, far + ground_m[a] + there[v], u, v, a, after, leave)
    return best


@inline
def _try(x: int, y: int, cost: float, dist: F8, height: F8, by: I4, heap: I4, where: I4, size: int) -> int:
    """Offer a state a way over another at a reduced cost; the new size of the heap."""
    reach = dist[x] + max(cost + height[x] - height[y], 0.0)  # rounding may put a tight arc below zero
    if where[y] != DONE and reach < dist[y]:
        dist[y], by[y] = reach, x
        if where[y] == OPEN:
            where[y] = size
            heap[size] = y
            size += 1
        _sift_up(heap, where, dist, where[y])
    return size


@kernel("i8(i4[::1], i4[::1], f8[::1], u1[::1], i8, i8, i4[::1], i4[::1])")
def disjoint(
    begin: I4, target: I4, length: F8, shut: U1, source: int, sink: int, follow: I4, firsts: I4
) -> int:
    """Ways from a source to a sink that share no node, of the least total length; how many there are.

    At most as many as ``firsts`` has places, which get the nodes after the source; ``follow`` gets the next
    node of every node on a way. ``shut`` nodes are not entered. Suurballe (1974): every node has an entrance
    (state ``2 v``) and an exit (``2 v + 1``), and a way may go back along the ways before it.
    """
    nodes = shut.size
    before, gone = np.full(nodes, NOWHERE, np.int32), np.zeros(nodes)
    height, dist = np.zeros(2 * nodes), np.empty(2 * nodes)
    by, heap, where = (
        np.empty(2 * nodes, np.int32),
        np.empty(2 * nodes, np.int32),
        np.empty(2 * nodes, np.int32),
    )
    follow[:] = NOWHERE
    found = 0
    while found < firsts.size:
        dist[:], where[:] = math.inf, OPEN
        start, goal = 2 * source + 1, 2 * sink
        dist[start], heap[0], where[start], by[start], size = 0.0, start, 0, NOWHERE, 1
        while size > 0:
            x = _pop(heap, where, dist, size)
            size -= 1
            if x == goal:
                break
            v = x >> 1
            used = follow[v] >= 0 and v != source
            if x & 1 == 0:
                if used:
                    back = before[v]
                    size = _try(x, 2 * back + 1, -gone[v], dist, height, by, heap, where, size)
                else:
                    size = _try(x, x + 1, 0.0, dist, height, by, heap, where, size)
                continue
            if used:
                size = _try(x, x - 1, 0.0, dist, height, by, heap, where, size)
            for a in range(begin[v], begin[v + 1]):
                w = target[a]
                taken = before[w] == v if w != sink else False
                for i in range(found):
                    taken = taken or (v == source and firsts[i] == w)
                taken = taken or (w == sink and follow[v] == sink)
                if w != source and (shut[w] == 0 or w == sink) and not taken and length[a] < math.inf:
                    size = _try(x, 2 * w, length[a], dist, height, by, heap, where, size)
        if not dist[goal] < math.inf:
            break
        for x in range(2 * nodes):
            height[x] += min(dist[x], dist[goal])
        x = goal
        while by[x] >= 0:  # give back first, so that what is taken anew stays
            y = by[x]
            if x & 1 == 1 and y & 1 == 0 and x >> 1 != y >> 1:
                follow[x >> 1], before[y >> 1] = NOWHERE, NOWHERE
            x = y
        x = goal
        while by[x] >= 0:
            y = by[x]
            if y & 1 == 1 and x & 1 == 0 and x >> 1 != y >> 1:
                v, w = y >> 1, x >> 1
                if v == source:
                    firsts[found] = w
                else:
                    follow[v] = w
                if w != sink:
                    before[w] = v
                    for a in range(begin[v], begin[v + 1]):
                        if target[a] == w:
                            gone[w] = length[a]
            x = y
        found += 1
    return found
