"""Compiled kernels of flows to any exit: maximum flow, its repair after failures, and fair shares.

Edges have two arcs, ``2 e`` and ``2 e + 1``, one in each direction, which are each other's reverse: what one
carries the other may send back. ``rest`` is what an arc can still carry, ``need`` what a node still wants to
send, ``room`` what an exit can still take. Source of the augmentation: Dinitz, Soviet Math. Doklady 11
(1970); of the fair shares: Megiddo, Mathematical Programming 7 (1974), and Fujishige, Mathematics of
Operations Research 5 (1980), whose decomposition of the tight sets is used here.
"""

# ruff: noqa: C901, PLR0912, PLR0915 (kernels: long loops stay in one compiled function)

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel
from rabta.transport.flow import _cells, _fair, _paths  # compiled at install with these

__all__ = ["_cells", "_fair", "_paths", "augment", "level_shares", "without"]

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
I8 = NDArray[np.int64]

LEAST = 1e-6  # Mbit/s; less than that is nothing


@kernel("i8(i4[::1], i4[::1], i4[::1], f8[::1], f8[::1], i4[::1], i4[::1])")
def _distances(begin: I4, out: I4, head: I4, rest: F8, room: F8, level: I4, queue: I4) -> int:
    """Hops from every node to the nearest exit with room (-1 where there is none); nodes that have one."""
    level[:] = -1
    count = 0
    for v in range(room.size):
        if room[v] > LEAST:
            level[v] = 0
            queue[count] = v
            count += 1
    at = 0
    while at < count:
        v = queue[at]
        at += 1
        for k in range(begin[v], begin[v + 1]):
            u = head[out[k]]
            if level[u] < 0 and rest[out[k] ^ 1] > LEAST:
                level[u] = level[v] + 1
                queue[count] = u
                count += 1
    return count


@kernel("void(i4[::1], i4[::1], i4[::1], f8[::1], f8[::1], f8[::1], i4[::1])")
def augment(begin: I4, out: I4, head: I4, rest: F8, need: F8, room: F8, level: I4) -> None:
    """Send what nodes need to exits until nothing more can go; ``level`` is -1 where no exit is left.

    Every round sends along shortest paths from all nodes at once; each node that still needs is farther from
    the exits in the next one, so there are at most as many rounds as nodes.
    """
    nodes = need.size
    queue, path, turn = np.empty(nodes, np.int32), np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    while True:
        _distances(begin, out, head, rest, room, level, queue)
        turn[:] = begin[:nodes]
        wanted = False
        for i in range(nodes):
            if need[i] <= LEAST or level[i] < 0:
                continue
            wanted = True
            v, depth = i, 0
            while need[i] > LEAST:
                if room[v] > LEAST:
                    amount = min(need[i], room[v])
                    for d in range(depth):
                        amount = min(amount, rest[path[d]])
                    need[i] -= amount
                    room[v] -= amount
                    for d in range(depth):
                        rest[path[d]] -= amount
                        rest[path[d] ^ 1] += amount
                    v, depth = i, 0
                    continue
                found = False
                while turn[v] < begin[v + 1]:
                    a = out[turn[v]]
                    if rest[a] > LEAST and level[head[a]] == level[v] - 1:
                        found = True
                        break
                    turn[v] += 1
                if found:
                    path[depth] = a
                    depth += 1
                    v = head[a]
                elif depth == 0:
                    break
                else:
                    depth -= 1
                    v = head[path[depth] ^ 1]
                    turn[v] += 1
        if not wanted:
            break


@kernel("void(i4[::1], i4[::1], i4[::1], f8[::1], f8[::1], f8[::1], i8, f8, i8, i4[::1], i4[::1])")
def _cancel(
    begin: I4, out: I4, head: I4, capacity: F8, rest: F8, ends: F8, start: int, amount: float, back: int,
    path: I4, seen: I4,
) -> None:  # fmt: skip
    """Take a flow back that reached ``start`` (``back`` 1: from its sources) or left it (0: to its exits).

    ``ends`` is what nodes still need, or their exits' room, to which the flow taken back is added. Where the
    flow runs in a circle, the circle is taken out.
    """
    seen[:] = -1
    v, depth = start, 0
    seen[v] = 0
    while amount > LEAST:
        arc = -1
        for k in range(begin[v], begin[v + 1]):
            a = out[k] ^ back  # back: arcs into v
            if capacity[a] - rest[a] > LEAST:
                arc = a
                break
        if arc < 0:  # flow starts or ends here
            some = amount
            for d in range(depth):
                some = min(some, capacity[path[d]] - rest[path[d]])
            for d in range(depth):
                rest[path[d]] += some
                rest[path[d] ^ 1] -= some
            ends[v] += some
            amount -= some
            seen[:] = -1
            v, depth = start, 0
            seen[v] = 0
            continue
        u = head[arc ^ back]
        path[depth] = arc
        depth += 1
        if seen[u] >= 0:
            some = capacity[arc] - rest[arc]
            for d in range(seen[u], depth):
                some = min(some, capacity[path[d]] - rest[path[d]])
            for d in range(seen[u], depth):
                rest[path[d]] += some
                rest[path[d] ^ 1] -= some
            seen[:] = -1
            v, depth = start, 0
            seen[v] = 0
            continue
        seen[u] = depth
        v = u


@kernel("b1(i4[::1], i4[::1], i4[::1], f8[::1], f8[::1], f8[::1], f8[::1], i4, i4[::1], i4[::1])")
def _remove(
    begin: I4, out: I4, head: I4, capacity: F8, rest: F8, need: F8, room: F8, edge: int, path: I4, seen: I4
) -> bool:
    """Take an edge away and its flow back to sources and exits; whether it carried any."""
    tail, tip, amount = head[2 * edge + 1], head[2 * edge], capacity[2 * edge] - rest[2 * edge]
    if amount < 0.0:
        tail, tip, amount = tip, tail, -amount
    for a in (2 * edge, 2 * edge + 1):
        capacity[a], rest[a] = 0.0, 0.0
    if amount <= LEAST:
        return False
    _cancel(begin, out, head, capacity, rest, need, tail, amount, 1, path, seen)
    _cancel(begin, out, head, capacity, rest, room, tip, amount, 0, path, seen)
    return True


@kernel("f8(i4[::1], i4[::1], i4[::1], f8[::1], f8[::1], f8[::1], i4[::1], i8, i4[::1])")
def _split(
    begin: I4, out: I4, head: I4, rest: F8, need: F8, room: F8, place: I4, first: int, level: I4
) -> float:
    """Maximum flow of a span of rows, numbered from its first; returns what could not be sent.

    ``level`` of the span's first rows is -1 for those that reach no more room.
    """
    size = begin.size - 1
    tip = np.empty(head.size, np.int32)
    for k in range(begin[size]):
        tip[out[k]] = place[head[out[k]]] - first
    wants, takes, hops = need[:size].copy(), room[:size].copy(), np.empty(size, np.int32)
    augment(begin, out[: begin[size]], tip, rest, wants, takes, hops)
    left = 0.0
    for k in range(size):
        left += wants[k]
        level[k] = hops[k]
    return left


@kernel("void(i4[::1], i4[::1], i4[::1], f8[::1], f8[::1], f8[::1], i4[::1], f8[::1])")
def level_shares(
    begin: I4, out: I4, head: I4, capacity: F8, demand: F8, exits: F8, level: I4, share: F8
) -> None:
    """Max-min fair part of the demand of every node that cannot reach an exit with room (``level`` -1).

    These nodes stand in ``row[0:short]``, in the end by rising share. A span of rows whose nodes can take no
    more than ``out - in`` of its edge is tried with that share for all; what it cannot carry splits it.
    Nodes of lower spans fill their arcs to higher ones, which bring traffic in; higher ones send none down.
    """
    nodes = demand.size
    row, place, other = np.empty(nodes, np.int32), np.full(nodes, nodes, np.int32), np.empty(nodes, np.int32)
    short = 0
    for v in range(nodes):
        if level[v] < 0:
            row[short] = v
            place[v] = short
            short += 1
    need, room, rest = np.zeros(nodes), np.zeros(nodes), np.zeros(capacity.size)
    todo = np.empty((nodes + 2, 2), np.int64)
    todo[0, 0], todo[0, 1] = 0, short
    tasks = 1 if short > 0 else 0
    while tasks > 0:
        tasks -= 1
        first, last = todo[tasks, 0], todo[tasks, 1]
        size = last - first
        begin_, out_ = np.empty(size + 1, np.int32), np.empty(begin[nodes], np.int32)
        wanted, leaving, entering, arcs = 0.0, 0.0, 0.0, 0
        for k in range(size):
            v = row[first + k]
            begin_[k] = arcs
            wanted += demand[v]
            room[k], need[k] = exits[v], 0.0
            for j in range(begin[v], begin[v + 1]):
                a = out[j]
                at = place[head[a]]
                if at >= last:
                    room[k] += capacity[a]
                elif at < first:
                    need[k] += capacity[a ^ 1]
                else:
                    out_[arcs] = a
                    rest[a] = capacity[a]
                    arcs += 1
            leaving += room[k]
            entering += need[k]
        begin_[size] = arcs
        if wanted <= LEAST:
            continue
        part = min(1.0, max(0.0, (leaving - entering) / wanted))
        for k in range(size):
            need[k] += part * demand[row[first + k]]
        left = _split(begin_, out_, head, rest, need, room, place, first, level)
        low = 0
        if left > 1e-9 * (leaving + entering) + 10.0 * LEAST:
            for k in range(size):
                low += 1 if level[k] < 0 else 0
        if low in (0, size):
            for k in range(first, last):
                share[row[k]] = part
            continue
        a, b = first, first + low
        for k in range(size):
            v = row[first + k]
            if level[k] < 0:
                other[a] = v
                a += 1
            else:
                other[b] = v
                b += 1
        for k in range(first, last):
            row[k] = other[k]
            place[row[k]] = k
        todo[tasks, 0], todo[tasks, 1] = first, first + low
        todo[tasks + 1, 0], todo[tasks + 1, 1] = first + low, last
        tasks += 2


@kernel(
    "void(i8, i8, i4[::1], i4[::1], i4[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], b1,"
    "i8[::1], i4[::1], i8[::1], i4[::1], f4[:,::1])"
)
def without(
    first: int,
    last: int,
    begin: I4,
    out: I4,
    head: I4,
    capacity: F8,
    demand: F8,
    exits: F8,
    rest: F8,
    need: F8,
    room: F8,
    fair: bool,
    edge_begin: I8,
    edges: I4,
    node_begin: I8,
    dead: I4,
    served: F4,
) -> None:
    """Served traffic of the nodes when some edges and nodes are out; cases from first to last.

    ``rest``, ``need`` and ``room`` are those of a maximum flow of the whole network. Each case starts from
    it, takes back what ran over what is lost, and augments.
    """
    nodes = need.size
    level, path, seen = np.empty(nodes, np.int32), np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    share = np.ones(nodes)
    for case in range(first, last):
        own, left, wants = capacity.copy(), rest.copy(), demand.copy()
        open_, lacks, takes = exits.copy(), need.copy(), room.copy()
        touched = False
        for k in range(edge_begin[case], edge_begin[case + 1]):
            touched = _remove(begin, out, head, own, left, lacks, takes, edges[k], path, seen) or touched
        for k in range(node_begin[case], node_begin[case + 1]):
            v = dead[k]
            for j in range(begin[v], begin[v + 1]):
                _remove(begin, out, head, own, left, lacks, takes, out[j] >> 1, path, seen)
            wants[v], open_[v], lacks[v], takes[v] = 0.0, 0.0, 0.0, 0.0
            touched = True
        short = 0.0
        for v in range(nodes):
            short += lacks[v]
        if (touched and short > LEAST) or short > nodes * LEAST:
            augment(begin, out, head, left, lacks, takes, level)
        short = 0.0
        for v in range(nodes):
            short = max(short, lacks[v])
        share[:] = 1.0
        if fair and short > 10.0 * LEAST:
            level_shares(begin, out, head, own, wants, open_, level, share)
            for v in range(nodes):
                served[case, v] = share[v] * wants[v]
        else:
            for v in range(nodes):
                served[case, v] = min(wants[v], max(0.0, wants[v] - lacks[v]))
