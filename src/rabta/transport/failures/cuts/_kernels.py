"""Compiled kernels: what is still carried when one element, or two, are gone.

Flows are whole numbers of kbit/s, so that sums are exact and the same in any order. The network is a
preflow: every node's demand starts as its ``balance``, edges carry it to the sink, and what finds no way
stays where it is. A failure takes the flow of the dead edges away, which leaves too much at their tails and
too little at their heads; the nearest ways around are searched from there, not from the sources. What is
still missing is taken back from the sink. A preflow is of maximum value where no balance can reach the sink
any more (Goldberg and Tarjan, Journal of the ACM 35, 1988), and the nodes that the balances reach are the
source side of a minimum cut: each answer comes with its certificate.

Pairs. Let ``D_a`` be what the failure of ``a`` changes in the flow of the whole network, and ``A`` the nodes
behind its cut beyond those of the whole network. If ``flow + D_a + D_b`` respects all capacities, carries
nothing over ``a`` and ``b`` and does not use twice what the whole network left uncarried, the pair loses at
most ``loss_a + loss_b``. It loses no less where one of them loses nothing, because more failures never help;
nor where ``A`` and ``B`` have no node in common and neither element touches the cut of the whole network,
because cuts are submodular: ``cut(A + B) <= cut(A) + cut(B) - cut(A and B)``. All other pairs are computed
anew from the state after ``a``. The reference is `rabta.transport.failures.cuts.reference`.
"""

# ruff: noqa: C901 (kernels: long loops stay in one compiled function)

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel
from rabta.transport.failures.cuts._paths import bridges, detours

__all__ = ["bridges", "detours", "pairs", "singles", "whole"]

I8 = NDArray[np.int64]
U8 = NDArray[np.uint64]

FLOW, DEAD, SEEN = 0, 1, 2  # rows of `edge`; SEEN is the level that logged it
BALANCE, HOLDERS, STAMP, VIA, QUEUE, MARK = 0, 1, 2, 3, 4, 5  # rows of `node`
ARC, TO = 0, 1  # rows of `steps`
# rows of `log`: edge, its flow before, node, its balance before
TICK, LEVEL, EDGES, NODES, SPARE, DELIVERED, BROKEN, VISITED = 0, 1, 2, 3, 4, 5, 6, 7  # items of `count`


@inline
def _rest(arc: int, limit: I8, edge: I8) -> int:
    """What an arc can still carry: arc ``2 e`` along edge ``e``, arc ``2 e + 1`` against it."""
    e = arc >> 1
    if edge[DEAD, e] > 0:
        return 0
    return int(limit[0, e] - edge[FLOW, e] if arc & 1 == 0 else limit[1, e] + edge[FLOW, e])


@kernel("b1(i8, i8, i8[::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[::1])")
def _search(goal: int, found: int, begin: I8, steps: I8, limit: I8, edge: I8, node: I8, count: I8) -> bool:
    """Breadth first from the ``found`` nodes at the head of the queue; True where the goal is reached."""
    count[TICK] += 1
    tick = count[TICK]
    given, found = found, 0
    for i in range(given):
        v = node[QUEUE, i]
        if node[STAMP, v] != tick:  # named once, however often it holds something
            node[STAMP, v] = tick
            node[VIA, v] = -1
            node[QUEUE, found] = v
            found += 1
    at = 0
    while at < found:
        v = node[QUEUE, at]
        at += 1
        if v == goal:
            break
        for k in range(begin[v], begin[v + 1]):
            w = steps[TO, k]
            if node[STAMP, w] != tick and _rest(steps[ARC, k], limit, edge) > 0:
                node[STAMP, w] = tick
                node[VIA, w] = steps[ARC, k]
                node[QUEUE, found] = w
                found += 1
    count[VISITED] = found
    return bool(node[STAMP, goal] == tick)


@kernel("b1(i8, i8, i8[::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[::1])")
def _downstream(start: int, goal: int, begin: I8, steps: I8, edge: I8, node: I8, count: I8) -> bool:
    """The same along edges that carry something away from the start, whatever else they could carry."""
    count[TICK] += 1
    tick, at, found = count[TICK], 0, 1
    node[QUEUE, 0] = start
    node[STAMP, start] = tick
    node[VIA, start] = -1
    while at < found:
        v = node[QUEUE, at]
        at += 1
        if v == goal:
            return True
        for k in range(begin[v], begin[v + 1]):
            w, q = steps[TO, k], edge[FLOW, steps[ARC, k] >> 1]
            if node[STAMP, w] != tick and (
                (steps[ARC, k] & 1 == 0 and q > 0) or (steps[ARC, k] & 1 == 1 and q < 0)
            ):
                node[STAMP, w] = tick
                node[VIA, w] = steps[ARC, k]
                node[QUEUE, found] = w
                found += 1
    return False


@inline
def _set_flow(e: int, value: int, edge: I8, log: I8, count: I8) -> None:
    """Write a flow, and what it was before the first change of this level."""
    if edge[SEEN, e] != count[LEVEL]:
        edge[SEEN, e] = count[LEVEL]
        log[0, count[EDGES]] = e
        log[1, count[EDGES]] = edge[FLOW, e]
        count[EDGES] += 1
    edge[FLOW, e] = value


@inline
def _add_balance(v: int, more: int, node: I8, log: I8, count: I8) -> None:
    """Change a balance, and keep what it was before the first change of this level."""
    if node[MARK, v] != count[LEVEL]:
        node[MARK, v] = count[LEVEL]
        log[2, count[NODES]] = v
        log[3, count[NODES]] = node[BALANCE, v]
        count[NODES] += 1
    node[BALANCE, v] += more


@kernel("i8(i8, i8, b1, i8[:,::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[::1])")
def _carry(
    goal: int, most: int, back: bool, ends: I8, limit: I8, edge: I8, node: I8, log: I8, count: I8
) -> int:
    """Send along the way just found as much as fits; with ``back`` take as much back instead."""
    amount, v = most, goal
    while node[VIA, v] >= 0:
        arc = node[VIA, v]
        e = arc >> 1
        room = abs(edge[FLOW, e]) if back else _rest(arc, limit, edge)
        amount = min(amount, room)
        v = ends[0, e] if arc & 1 == 0 else ends[1, e]
    if not back:
        amount = min(amount, node[BALANCE, v])
    w = goal
    while node[VIA, w] >= 0:
        arc = node[VIA, w]
        e = arc >> 1
        step = amount if (arc & 1 == 0) != back else -amount
        _set_flow(e, edge[FLOW, e] + step, edge, log, count)
        w = ends[0, e] if arc & 1 == 0 else ends[1, e]
    _add_balance(v, amount if back else -amount, node, log, count)
    return amount


@kernel("void(i8, i8[::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[::1])")
def _drain(
    sink: int, begin: I8, steps: I8, ends: I8, limit: I8, edge: I8, node: I8, log: I8, count: I8
) -> None:
    """Send balances to the sink until none can reach it; the nodes visited last lie behind the cut."""
    while True:
        found = 0
        for i in range(count[SPARE]):
            v = node[HOLDERS, i]
            if node[BALANCE, v] > 0:
                node[QUEUE, found] = v
                found += 1
        if found == 0:
            count[VISITED] = 0
            return
        if not _search(sink, found, begin, steps, limit, edge, node, count):
            return
        most = 1 << 62
        count[DELIVERED] += _carry(sink, most, False, ends, limit, edge, node, log, count)


@kernel(
    "void(i8[::1], i8, i8[::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[::1])"
)
def _fail(
    lost: I8, sink: int, begin: I8, steps: I8, ends: I8, limit: I8, edge: I8, node: I8, log: I8, count: I8
) -> None:
    """Take edges out of service and repair the preflow to maximum value."""
    count[LEVEL] += 1
    first, old = count[NODES], count[SPARE]
    for i in range(lost.size):
        e = lost[i]
        edge[DEAD, e] += 1
        q = edge[FLOW, e]
        if q != 0:
            u, v = (ends[0, e], ends[1, e]) if q > 0 else (ends[1, e], ends[0, e])
            _set_flow(e, 0, edge, log, count)
            _add_balance(u, abs(q), node, log, count)
            _add_balance(v, -abs(q), node, log, count)
    last = count[NODES]
    for i in range(first, last):
        if node[BALANCE, log[2, i]] > 0:
            node[HOLDERS, count[SPARE]] = log[2, i]
            count[SPARE] += 1
    for i in range(first, last):
        v = log[2, i]
        start = old  # the ends of what failed first: the way around is short
        while node[BALANCE, v] < 0:
            found = 0
            for k in range(start, count[SPARE]):
                if node[BALANCE, node[HOLDERS, k]] > 0:
                    node[QUEUE, found] = node[HOLDERS, k]
                    found += 1
            if found and _search(v, found, begin, steps, limit, edge, node, count):
                need = int(-node[BALANCE, v])
                sent = _carry(v, need, False, ends, limit, edge, node, log, count)
                _add_balance(v, sent, node, log, count)
            elif start > 0:
                start = 0  # then whoever else has something left
            elif _downstream(v, sink, begin, steps, edge, node, count):
                need = int(-node[BALANCE, v])
                count[DELIVERED] -= _carry(sink, need, True, ends, limit, edge, node, log, count)
            else:
                count[BROKEN] = 1
                return
    _drain(sink, begin, steps, ends, limit, edge, node, log, count)


@kernel("void(i8[::1], i8, i8, i8, i8, i8[:,::1], i8[:,::1], i8[:,::1], i8[::1])")
def _undo(
    lost: I8, edges: int, nodes: int, spare: int, delivered: int, edge: I8, node: I8, log: I8, count: I8
) -> None:
    """Go back to the state before a failure."""
    for i in range(lost.size):
        edge[DEAD, lost[i]] -= 1
    for i in range(edges, count[EDGES]):
        edge[FLOW, log[0, i]] = log[1, i]
    for i in range(nodes, count[NODES]):
        node[BALANCE, log[2, i]] = log[3, i]
    count[EDGES], count[NODES], count[SPARE], count[DELIVERED] = edges, nodes, spare, delivered


@kernel("i8(i8, i8[::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[::1])")
def whole(
    sink: int, begin: I8, steps: I8, ends: I8, limit: I8, edge: I8, node: I8, log: I8, count: I8
) -> int:
    """Maximum flow of the network (written to ``flow``; what stays is in ``balance``); what is delivered.

    Each node's demand goes to the nearest exit with room, node by node; what is left is drained together.
    """
    for v in range(begin.size - 1):
        while node[BALANCE, v] > 0:
            count[LEVEL] += 1
            count[EDGES] = count[NODES] = 0  # nothing to undo
            node[QUEUE, 0] = v
            if not _search(sink, 1, begin, steps, limit, edge, node, count):
                break
            count[DELIVERED] += _carry(
                sink, int(node[BALANCE, v]), False, ends, limit, edge, node, log, count
            )
    count[SPARE] = 0
    for v in range(begin.size - 1):
        if node[BALANCE, v] > 0:
            node[HOLDERS, count[SPARE]] = v
            count[SPARE] += 1
    count[LEVEL] += 1
    count[EDGES] = count[NODES] = 0
    _drain(sink, begin, steps, ends, limit, edge, node, log, count)
    count[EDGES] = count[NODES] = 0
    return int(count[DELIVERED])


@kernel(
    "i8(i8[::1], i8[::1], i8, i8[::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[:,::1], "
    "i8[:,::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], u8[:,::1], u1[::1])"
)
def singles(
    first: I8,
    lost: I8,
    sink: int,
    begin: I8,
    steps: I8,
    ends: I8,
    limit: I8,
    edge: I8,
    node: I8,
    log: I8,
    count: I8,
    loss: I8,
    start: I8,
    changed: I8,
    change: I8,
    cut: U8,
    takes: NDArray[np.uint8],
) -> int:
    """Every element alone: its loss, what changes in the flow, and who is behind its cut.

    Changes of element ``a`` are ``changed[start[a]:start[a + 1]]`` by ``change``.

    Returns the number of changes, which may exceed the room for them: then call again with more.
    ``takes`` marks the elements whose way around is found by what the whole network leaves uncarried.
    """
    total = 0
    full = count[DELIVERED]
    spare = count[SPARE]
    for a in range(first.size - 1):
        mine = lost[first[a] : first[a + 1]]
        count[EDGES] = count[NODES] = 0
        _fail(mine, sink, begin, steps, ends, limit, edge, node, log, count)
        loss[a] = full - count[DELIVERED]
        start[a] = total
        for i in range(count[EDGES]):
            difference = edge[FLOW, log[0, i]] - log[1, i]
            if difference != 0:
                if total < changed.size:
                    changed[total] = log[0, i]
                    change[total] = difference
                total += 1
        takes[a] = 0
        for i in range(count[NODES]):
            if node[BALANCE, log[2, i]] < log[3, i]:
                takes[a] = 1
        cut[a, :] = np.uint64(0)
        if count[VISITED] > 0 and loss[a] > 0:
            for i in range(count[VISITED]):
                v = node[QUEUE, i]
                cut[a, v >> 6] |= np.uint64(1) << np.uint64(v & 63)
        _undo(mine, 0, 0, spare, full, edge, node, log, count)
    start[first.size - 1] = total
    return total


@kernel(
    "i8(i8[::1], i8[::1], i8[::1], i8, i8[::1], i8[:,::1], i8[:,::1], i8[:,::1], i8[:,::1], "
    "i8[:,::1], i8[:,::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], u8[:,::1], u8[::1], "
    "u1[::1], u1[::1], i8[::1], i8[:,::1])"
)
def pairs(
    rows: I8,
    first: I8,
    lost: I8,
    sink: int,
    begin: I8,
    steps: I8,
    ends: I8,
    limit: I8,
    edge: I8,
    node: I8,
    log: I8,
    count: I8,
    loss: I8,
    start: I8,
    changed: I8,
    change: I8,
    cut: U8,
    behind: U8,
    crosses: NDArray[np.uint8],
    takes: NDArray[np.uint8],
    base: I8,
    out: I8,
) -> int:
    """Loss of every pair ``(rows[i], b)`` with ``b`` after it, into ``out[i, b]``.

    Returns how many were computed anew. ``base`` is the flow of the whole network, which the state holds too,
    ``behind`` who is behind its cut.
    """
    again = 0
    full, spare = count[DELIVERED], count[SPARE]
    for i in range(rows.size):
        a = rows[i]
        mine = lost[first[a] : first[a + 1]]
        count[EDGES] = count[NODES] = 0
        _fail(mine, sink, begin, steps, ends, limit, edge, node, log, count)
        edges, nodes, left, kept = count[EDGES], count[NODES], count[SPARE], count[DELIVERED]
        for b in range(a + 1, first.size - 1):
            free = takes[a] == 0 or takes[b] == 0
            idle = True  # nothing flows over b in the state after a
            for k in range(first[b], first[b + 1]):
                q = edge[FLOW, lost[k]]
                idle = idle and q == 0
                free = free and q == base[lost[k]]
            if idle:
                out[i, b] = loss[a]
                continue
            if free:
                for k in range(start[b], start[b + 1]):
                    e = changed[k]
                    q = edge[FLOW, e] + change[k]
                    if edge[DEAD, e] > 0 or q > limit[0, e] or q < -limit[1, e]:
                        free = False
                        break
            if free and loss[a] > 0 and loss[b] > 0:
                free = crosses[a] == 0 and crosses[b] == 0
                k = 0
                while free and k < cut.shape[1]:
                    free = cut[a, k] & cut[b, k] & ~behind[k] == 0
                    k += 1
            if free:
                out[i, b] = loss[a] + loss[b]
                continue
            again += 1
            other = lost[first[b] : first[b + 1]]
            _fail(other, sink, begin, steps, ends, limit, edge, node, log, count)
            out[i, b] = full - count[DELIVERED]
            _undo(other, edges, nodes, left, kept, edge, node, log, count)
        _undo(mine, 0, 0, spare, full, edge, node, log, count)
    return again
