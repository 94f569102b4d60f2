"""Compiled parts of a search: lengths of lasers, a heap, offers of ways, and the search from one end.

Nodes are the satellites, then the ground nodes, of which the last are the ends. Lengths are metres of light
in vacuum. ``by`` says how a node is left: over a ground arc (its row), by radio or laser (`DIRECT`), or over
a transparent satellite (`DIRECT` - 1 - its row). `rabta.transport.routes.search.ways_reference` is the
reference.
"""

# ruff: noqa: C901, PLR0912, PLR0915 (kernels: long loops stay in one compiled function)

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]

NOWHERE, DIRECT = -1, -1
SHORTEST_M = 1e-3  # of a link between objects at one place
OPEN, DONE = -1, -2  # places in the heap of nodes that were never in it, and that left it
ACCELERATION = 12.0  # m/s^2 at most: gravity from 250 km up, and that of the turning frame


@inline
def _laser_m(place: F8, a: int, b: int, grazing_m: float) -> float:
    """Length of a link between satellites; infinity where it grazes the Earth, or an end has no place."""
    dx, dy, dz = place[b, 0] - place[a, 0], place[b, 1] - place[a, 1], place[b, 2] - place[a, 2]
    square = dx * dx + dy * dy + dz * dz
    if not square < math.inf:
        return math.inf
    here = place[a, 0] * place[a, 0] + place[a, 1] * place[a, 1] + place[a, 2] * place[a, 2]
    along = -(place[a, 0] * dx + place[a, 1] * dy + place[a, 2] * dz)
    if 0.0 < along < square and here - along * along / square < grazing_m * grazing_m:
        return math.inf
    return max(math.sqrt(square), SHORTEST_M)


@inline
def _bow(rate: F8, place: F8, a: int, b: int, curve: float) -> float:
    """How far a link's length may sag below the straight line between its lengths at two instants.

    The second derivative of a distance is at most (relative speed)^2 / distance plus the difference of the
    accelerations, and ``curve`` is an eighth of the square of the time between the two.
    """
    dx, dy, dz = place[b, 0] - place[a, 0], place[b, 1] - place[a, 1], place[b, 2] - place[a, 2]
    vx, vy, vz = rate[b, 0] - rate[a, 0], rate[b, 1] - rate[a, 1], rate[b, 2] - rate[a, 2]
    span = math.sqrt(8.0 * curve)
    speed = math.sqrt(vx * vx + vy * vy + vz * vz) + 2.0 * ACCELERATION * span
    length = max(math.sqrt(dx * dx + dy * dy + dz * dz) - speed * span, 1.0)
    return curve * (speed * speed / length + 2.0 * ACCELERATION)


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
    where[top] = DONE
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


@kernel(
    "i8(i8, i8, f8, i8, i8, f8[:,::1], f8[:,::1], f8[::1], u1[::1], f8[::1], i4[::1], i4[::1], i4[::1],"
    "i4[::1], i4[::1], i8[::1])"
)
def _offer(
    w: int,
    u: int,
    reach: float,
    link: int,
    size: int,
    place: F8,
    aim: F8,
    most: F8,
    want: U1,
    dist: F8,
    up: I4,
    by: I4,
    heap: I4,
    where: I4,
    touched: I4,
    tally: NDArray[np.int64],
) -> int:
    """Offer a node a way over ``u``; leave it where no wanted end can be reached by it within its bound.

    Of equal ways the next hop of the lower row stays. The new size of the heap.
    """
    if where[w] == DONE or reach > dist[w] or (reach == dist[w] and u >= up[w]):
        return size
    useful = False
    for k in range(most.size):
        if want[k] != 0:
            left = most[k] - reach
            if left >= 0.0:
                dx, dy, dz = place[w, 0] - aim[k, 0], place[w, 1] - aim[k, 1], place[w, 2] - aim[k, 2]
                if dx * dx + dy * dy + dz * dz <= left * left:
                    useful = True
                    break
    if not useful:
        return size
    dist[w], up[w], by[w] = reach, u, link
    if where[w] == OPEN:
        touched[tally[0]] = w
        tally[0] += 1
        where[w] = size
        heap[size] = w
        size += 1
    _sift_up(heap, where, dist, where[w])
    return size


@kernel(
    "void(i8, b1, i4[::1], i4[::1], u1[::1], u1[::1], f8, i4[::1], i8, i4[::1], i4[:,::1], f8[:,::1],"
    "i4[::1], i4[::1], f8[::1], f8[:,::1], i4[:,::1], i4[::1], i4[::1], f8[::1], u1[::1], i4[::1], f8[::1],"
    "f8[::1], f8[::1], f8[:,::1], f8, f8[:,::1], f8[:,::1], f8[::1], u1[::1], f8[::1], i4[::1], i4[::1],"
    "i4[::1], i4[::1], i4[::1], i8[::1])"
)
def _search(
    goal: int,
    space_only: bool,
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
    back: I4,
    back_site: I4,
    back_m: F8,
    bent_m: F8,
    bent: I4,
    ground: I4,
    ground_target: I4,
    ground_m: F8,
    ground_space: U1,
    site_of: I4,
    wait_satellite: F8,
    wait_site: F8,
    wait_laser: F8,
    rate: F8,
    curve: float,
    place: F8,
    aim: F8,
    most: F8,
    want: U1,
    dist: F8,
    up: I4,
    by: I4,
    heap: I4,
    where: I4,
    touched: I4,
    tally: NDArray[np.int64],
) -> None:
    """Shortest ways from a goal outwards until all wanted ends are reached, or none can be within its bound.

    Dijkstra with a binary heap; nodes that lie too far aside are left out (the straight line to the end is
    a lower bound of what is to come). ``want`` is zero for the ends that were reached. ``lit`` is zero for
    lasers that are off (no entries: all are on). Above a ``curve`` of zero lasers count as short as `_bow`
    says.
    """
    satellites = star.size
    start = site_node[goal]
    left = 0
    for k in range(ends):
        left += want[k]
    dist[start], up[start], by[start] = 0.0, NOWHERE, DIRECT
    heap[0], where[start], size = start, 0, 1
    touched[0], tally[0] = start, 1
    while size > 0 and left > 0:
        v = _pop(heap, where, dist, size)
        size -= 1
        far = dist[v]
        if v < satellites:
            for a in range(begin[v], begin[v + 1]):
                w = target[a]
                if where[w] != DONE and (lit.size == 0 or lit[a] != 0):
                    reach = far + _laser_m(place, v, w, grazing_m)
                    if curve > 0.0:
                        reach = max(reach - _bow(rate, place, v, w, curve), far)
                    if wait_laser.size > 0:
                        reach += wait_laser[a]
                    if reach < math.inf:
                        size = _offer(
                            w, v, reach, DIRECT, size, place, aim, most, want, dist, up, by, heap, where,
                            touched, tally,
                        )  # fmt: skip
            for j in range(back[v], back[v + 1]):
                s = back_site[j]
                if s >= ends or want[s] != 0:
                    size = _offer(
                        site_node[s], v, far + back_m[j] + wait_satellite[v] + wait_site[s], DIRECT, size,
                        place, aim, most, want, dist, up, by, heap, where, touched, tally,
                    )  # fmt: skip
            continue
        g = v - satellites
        s = site_of[g]
        if 0 <= s < ends and s != goal:
            if want[s] != 0:
                want[s] = 0
                left -= 1
            continue
        if s >= 0:
            for j in range(count[s]):
                w = seen[s, j]
                if star[w] == 0:
                    size = _offer(
                        w, v, far + range_m[s, j] + wait_satellite[w] + wait_site[s], DIRECT, size,
                        place, aim, most, want, dist, up, by, heap, where, touched, tally,
                    )  # fmt: skip
            if s < ends:  # the goal, over transparent satellites to every relay
                for r in range(bent_m.shape[1]):
                    if bent_m[s, r] < math.inf:
                        reach = far + bent_m[s, r] + wait_satellite[bent[s, r]] + wait_site[ends + r]
                        size = _offer(
                            site_node[ends + r], v, reach, DIRECT - 1 - bent[s, r], size, place, aim, most,
                            want, dist, up, by, heap, where, touched, tally,
                        )  # fmt: skip
            else:  # a relay, to every wanted end
                for e in range(ends):
                    if want[e] != 0 and bent_m[e, s - ends] < math.inf:
                        over = bent[e, s - ends]
                        reach = far + bent_m[e, s - ends] + wait_satellite[over] + wait_site[s]
                        size = _offer(
                            site_node[e], v, reach, DIRECT - 1 - over, size, place, aim, most, want, dist,
                            up, by, heap, where, touched, tally,
                        )  # fmt: skip
        for a in range(ground[g], ground[g + 1]):
            if not space_only or ground_space[a] != 0:
                w = satellites + ground_target[a]
                s = site_of[w - satellites]
                if s < 0 or s >= ends or want[s] != 0:
                    size = _offer(
                        w, v, far + ground_m[a], a, size, place, aim, most, want, dist, up, by, heap, where,
                        touched, tally,
                    )  # fmt: skip


@kernel("void(i8, i4[::1], i4[:,::1], f8[:,::1], u1[::1], i4[::1], i4[::1], f8[::1])")
def _turn(
    sites: int, count: I4, seen: I4, range_m: F8, star: U1, back: I4, back_site: I4, back_m: F8
) -> None:
    """Sites that each satellite sees, from the satellites that each site sees; none of transparent ones."""
    back[:] = 0
    for s in range(sites):
        for j in range(count[s]):
            if star[seen[s, j]] == 0:
                back[seen[s, j] + 1] += 1
    for v in range(star.size):
        back[v + 1] += back[v]
    for s in range(sites):
        for j in range(count[s]):
            v = seen[s, j]
            if star[v] == 0:
                back_site[back[v]], back_m[back[v]] = s, range_m[s, j]
                back[v] += 1
    for v in range(star.size, 0, -1):
        back[v] = back[v - 1]
    back[0] = 0


@kernel("void(i8, i4[::1], i4[:,::1], f8[:,::1], u1[::1], f8[::1], f8[:,::1], i4[:,::1])")
def _bend(ends: int, count: I4, seen: I4, range_m: F8, star: U1, down: F8, bent_m: F8, bent: I4) -> None:
    """Shortest way from every end over one transparent satellite to every relay.

    ``down`` comes and stays at infinity.
    """
    for r in range(bent_m.shape[1]):
        s = ends + r
        for j in range(count[s]):
            if star[seen[s, j]] != 0:
                down[seen[s, j]] = range_m[s, j]
        for e in range(ends):
            best, over = math.inf, NOWHERE
            for j in range(count[e]):
                reach = range_m[e, j] + down[seen[e, j]]
                if reach < best:
                    best, over = reach, seen[e, j]
            bent_m[e, r], bent[e, r] = best, over
        for j in range(count[s]):
            down[seen[s, j]] = math.inf
