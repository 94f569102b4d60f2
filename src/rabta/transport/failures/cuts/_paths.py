"""Compiled kernels: who has no way left, and how much longer the way around is.

`bridges` finds for every element ``a`` what every other element would cut off as well, by one depth-first
search of the network without ``a`` (Tarjan, SIAM Journal on Computing 1, 1972: a subtree whose edges all end
inside it hangs on one edge or node). `detours` repairs shortest ways for the nodes behind the failed element
alone (Ramalingam and Reps, Journal of Algorithms 21, 1996); all others keep theirs.
"""

# ruff: noqa: C901, PLR0912 (kernels: long loops stay in one compiled function)

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

EDGE, NODE, SEVERAL = 0, 1, 2  # what an element is made of
DISC, LOW, PARENT, NEXT, ORDER = 0, 1, 2, 3, 4  # rows of `tree`; PARENT is the arc that led here


@kernel("i8(i8, i8[::1], i8[::1], i8[::1], i8[::1], i8[:,::1], f8[::1], f8[::1])")
def _depth_first(root: int, begin: I8, arcs: I8, to: I8, dead: I8, tree: I8, people: F8, below: F8) -> int:
    """Number what the root reaches, depth first, with the lowest number that each subtree touches."""
    tree[DISC, :] = -1
    tree[DISC, root] = 0
    tree[PARENT, root] = -1
    tree[NEXT, root] = begin[root]
    tree[ORDER, 0] = root
    found, v, depth = 1, root, 0
    stack = tree[5]
    stack[0] = root
    while depth >= 0:
        v = stack[depth]
        k = tree[NEXT, v]
        if k == begin[v + 1]:
            depth -= 1
            continue
        tree[NEXT, v] += 1
        w = to[k]
        if dead[arcs[k] >> 1] == 0 and tree[DISC, w] < 0:
            tree[DISC, w] = found
            tree[PARENT, w] = arcs[k]
            tree[NEXT, w] = begin[w]
            tree[ORDER, found] = w
            found += 1
            depth += 1
            stack[depth] = w
    for i in range(found - 1, -1, -1):
        v = tree[ORDER, i]
        low = tree[DISC, v]
        below[v] = people[v]
        for k in range(begin[v], begin[v + 1]):
            w = to[k]
            if dead[arcs[k] >> 1] > 0 or arcs[k] ^ 1 == tree[PARENT, v]:
                continue
            if tree[PARENT, w] == arcs[k]:
                low = min(low, tree[LOW, w])
                below[v] += below[w]
            else:
                low = min(low, tree[DISC, w])
        tree[LOW, v] = low
    return found


@kernel("f8(i8, i8[::1], i8[::1], i8[::1], i8[::1], i8[:,::1], f8[::1])")
def _reached(root: int, begin: I8, arcs: I8, to: I8, dead: I8, tree: I8, people: F8) -> float:
    """People who still have a way to the root."""
    tree[DISC, :] = -1
    tree[DISC, root] = 0
    queue = tree[ORDER]
    queue[0] = root
    at, found, total = 0, 1, 0.0
    while at < found:
        v = queue[at]
        at += 1
        total += people[v]
        for k in range(begin[v], begin[v + 1]):
            w = to[k]
            if dead[arcs[k] >> 1] == 0 and tree[DISC, w] < 0:
                tree[DISC, w] = 0
                queue[found] = w
                found += 1
    return total


@kernel("f8(i8, i8[::1], i8[::1], i8[::1], i8[:,::1], f8[::1], f8[::1])")
def _hanging(v: int, begin: I8, arcs: I8, to: I8, tree: I8, people: F8, below: F8) -> float:
    """People who have no way left without a node: its own, and the subtrees that hang on it."""
    if tree[DISC, v] < 0:
        return 0.0
    total = float(people[v])
    for k in range(begin[v], begin[v + 1]):
        w = to[k]
        if tree[DISC, w] >= 0 and tree[PARENT, w] == arcs[k] and tree[LOW, w] >= tree[DISC, v]:
            total += float(below[w])
    return total


@kernel(
    "void(i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8, i8[::1], i8[::1], i8[::1], i8[::1], i8[::1],"
    " i8[::1], f8[::1], f8[::1], f8[:,::1])"
)
def bridges(
    rows: I8,
    first: I8,
    lost: I8,
    made: I8,
    which: I8,
    root: int,
    begin: I8,
    arcs: I8,
    to: I8,
    tail: I8,
    head: I8,
    dead: I8,
    people: F8,
    alone: F8,
    out: F8,
) -> None:
    """People without a way to the root when ``rows[i]`` fails (``alone[i]``), and with each ``b`` after it.

    ``made`` says what an element is (`EDGE`, `NODE`, `SEVERAL`), ``which`` its edge or node. Elements of
    several edges come first, so that only pairs of them need a search of their own.
    """
    size = begin.size - 1
    tree = np.empty((6, size), np.int64)
    below = np.zeros(size)
    everybody = people.sum()
    for i in range(rows.size):
        a = rows[i]
        for k in range(first[a], first[a + 1]):
            dead[lost[k]] += 1
        for b in range(a + 1, made.size):
            if made[b] != SEVERAL:
                break
            for k in range(first[b], first[b + 1]):
                dead[lost[k]] += 1
            out[i, b] = everybody - _reached(root, begin, arcs, to, dead, tree, people)
            for k in range(first[b], first[b + 1]):
                dead[lost[k]] -= 1
        _depth_first(root, begin, arcs, to, dead, tree, people, below)
        alone[i] = everybody - below[root]
        for b in range(a + 1, made.size):
            if made[b] == NODE:
                out[i, b] = alone[i] + _hanging(which[b], begin, arcs, to, tree, people, below)
            elif made[b] == EDGE:
                e = which[b]
                out[i, b] = alone[i]
                for w in (tail[e], head[e]):
                    above = dead[e] == 0 and tree[DISC, w] > 0 and tree[PARENT, w] >> 1 == e
                    if above and tree[LOW, w] == tree[DISC, w]:
                        out[i, b] += below[w]
        for k in range(first[a], first[a + 1]):
            dead[lost[k]] -= 1


@kernel("i8(f8, i8, f8[::1], i8[::1], i8)")
def _push(value: float, item: int, keys: F8, items: I8, size: int) -> int:
    """Put an item on a binary heap; its new size."""
    at = size
    while at > 0 and keys[(at - 1) >> 1] > value:
        keys[at], items[at] = keys[(at - 1) >> 1], items[(at - 1) >> 1]
        at = (at - 1) >> 1
    keys[at], items[at] = value, item
    return size + 1


@kernel("i8(f8[::1], i8[::1], i8)")
def _pop(keys: F8, items: I8, size: int) -> int:
    """Drop the first item of a binary heap; its new size."""
    size -= 1
    value, item, at = keys[size], items[size], 0
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= value:
            break
        keys[at], items[at] = keys[child], items[child]
        at = child
    keys[at], items[at] = value, item
    return size


@kernel("i8(i8[::1], i8[::1], i8[::1], i8[::1], f8[::1], i8[::1], f8[::1], i8[::1], i8[::1])")
def _affected(begin: I8, arcs: I8, to: I8, dead: I8, ways: F8, via: I8, now: F8, mark: I8, queue: I8) -> int:
    """Nodes whose shortest way uses a lost edge (marked 1, queued), with their ways over unaffected ones."""
    found = 0
    for v in range(via.size):
        if mark[v] == 2:  # seeds
            mark[v] = 1
            queue[found] = v
            found += 1
    at = 0
    while at < found:
        v = queue[at]
        at += 1
        for k in range(begin[v], begin[v + 1]):
            w = to[k]
            if mark[w] == 0 and via[w] == arcs[k]:
                mark[w] = 1
                queue[found] = w
                found += 1
    for i in range(found):
        v = queue[i]
        now[v] = np.inf
        for k in range(begin[v], begin[v + 1]):
            w = to[k]
            arc = arcs[k] ^ 1  # from w to v
            if mark[w] == 0 and dead[arc >> 1] == 0:
                now[v] = min(now[v], now[w] + ways[arc >> 1])
    return found


@kernel("f8(i8[::1], f8[::1], f8[::1], f8[::1], i8[::1], i8[::1], i8, f8)")
def _median(
    order: I8, base: F8, now: F8, people: F8, mark: I8, queue: I8, found: int, reached: float
) -> float:
    """Median over people of the ways as they are now, from the order of the ways as they were."""
    if reached <= 0.0:
        return np.nan
    fresh = np.empty(found)
    weight = np.empty(found)
    for i in range(found):
        fresh[i], weight[i] = now[queue[i]], people[queue[i]]
    turn = np.argsort(fresh, kind="mergesort")
    i, j, total, last = 0, 0, 0.0, np.nan
    while 2.0 * total < reached:
        while i < order.size and mark[order[i]] != 0:
            i += 1
        new = j < found and (i == order.size or fresh[turn[j]] < base[order[i]])
        if new:
            last = fresh[turn[j]]
            total += weight[turn[j]]
            j += 1
        elif i < order.size:
            last = base[order[i]]
            total += people[order[i]]
            i += 1
        else:
            break
    return last


@kernel(
    "void(i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], i8[::1], f8[::1], i8[::1], f8[::1],"
    " i8[::1], f8[::1], f8[::1], f8[::1])"
)
def detours(
    rows: I8,
    first: I8,
    lost: I8,
    begin: I8,
    arcs: I8,
    to: I8,
    tail: I8,
    head: I8,
    ways: F8,
    via: I8,
    base: F8,
    order: I8,
    people: F8,
    median: F8,
    without: F8,
) -> None:
    """Median over people of the shortest way to the root without each element, and people without any.

    ``ways`` are the delays of edges, infinite where they may not be used; ``base`` and ``via`` the ways of
    the whole network and the arcs that end them (-1 at the root and where none leads), ``order`` its
    reached nodes, nearest first.
    """
    size = via.size
    now, mark, queue = base.copy(), np.zeros(size, np.int64), np.empty(size, np.int64)
    keys, items = np.empty(2 * tail.size + size), np.empty(2 * tail.size + size, np.int64)
    dead = np.zeros(tail.size, np.int64)
    everybody = people.sum()
    for i in range(rows.size):
        a = rows[i]
        for k in range(first[a], first[a + 1]):
            e = lost[k]
            dead[e] += 1
            for v in (tail[e], head[e]):
                if via[v] >= 0 and via[v] >> 1 == e:
                    mark[v] = 2
        found = _affected(begin, arcs, to, dead, ways, via, now, mark, queue)
        heap = 0
        for q in range(found):
            if now[queue[q]] < np.inf:
                heap = _push(now[queue[q]], queue[q], keys, items, heap)
        while heap > 0:
            value, v = keys[0], items[0]
            heap = _pop(keys, items, heap)
            if value > now[v]:
                continue
            for k in range(begin[v], begin[v + 1]):
                w, e = to[k], arcs[k] >> 1
                if mark[w] == 1 and dead[e] == 0 and value + ways[e] < now[w]:
                    now[w] = value + ways[e]
                    heap = _push(now[w], w, keys, items, heap)
        reached = 0.0
        for v in range(size):
            if now[v] < np.inf:
                reached += people[v]
        without[i] = everybody - reached
        median[i] = _median(order, base, now, people, mark, queue, found, reached)
        for q in range(found):
            now[queue[q]] = base[queue[q]]
            mark[queue[q]] = 0
        for k in range(first[a], first[a + 1]):
            dead[lost[k]] -= 1
