"""Compiled kernels: satellites in view of moving sites, and shortest ways over satellites and ground.

The NumPy references are `rabta.transport.routes.search.look_reference` and
`rabta.transport.routes.search.ways_reference`. Steps are computed each by itself, in the same order of
arithmetic, so that results are the same to the last bit whatever the threads and the spans of steps.

Nodes are the satellites, then the ground nodes, of which the last are the ends. Lengths are metres of light
in vacuum. ``by`` says how a node is left: over a ground arc (its row), by radio or laser (`DIRECT`), or over
a transparent satellite (`DIRECT` - 1 - its row).
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
U8 = NDArray[np.uint64]

NOWHERE, DIRECT = -1, -1
SHORTEST_M = 1e-3  # of a link between objects at one place
OPEN, DONE = -1, -2  # places in the heap of nodes that were never in it, and that left it
SLACK, SLACK_M = 1e-12, 1e-6  # of bounds, against rounding
AZIMUTHS = 36
ABOVE, MORE_M = 1.06, 2e5  # first guess of a way's length: so much above that of the step before
ACCELERATION = 12.0  # m/s^2 at most: gravity from 250 km up, and that of the turning frame
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
    "f8[:,::1], i4[:,::1], i4[:,:,::1], f8[:,:,::1])"
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
    count: I4,
    seen: I4,
    range_m: F8,
) -> None:
    """Satellites in view of every site at steps from first to last.

    A count over the width of ``seen`` tells that the lists are cut.
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
                    if found < seen.shape[2]:
                        seen[t, s, found], range_m[t, s, found] = k, metres
                    found += 1
            count[t, s] = found


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
    "f8[:,::1], f8[:,::1], i4[::1], i4[::1], f8[::1], u1[::1], i4[::1], b1, i4[:,::1])"
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
    hops: I4,
) -> float:
    """Least length of a walk between the two ends (the first two sites) that is not the given way.

    ``hops`` are the way's: node, next node, how it is left. Infinity where every other walk is longer than
    ``most_m``. Lasers count as short as `_bow` says; ``range_m`` comes shortened already.
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
        for a in range(ground[u - satellites], ground[u - satellites + 1]):
            v = satellites + ground_target[a]
            if (not space_only or ground_space[a] != 0) and v != site_node[0]:
                best = _off_path(best, far + ground_m[a] + there[v], u, v, a, after, leave)
    return best
