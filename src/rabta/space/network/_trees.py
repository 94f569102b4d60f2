"""Shortest trees over the arcs of a network, kept from step to step: parts of the kernels beside."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]

DOWN = -2  # the next hop is the ground site itself
NOWHERE = -1
SHORTEST_M = 1e-3  # of a link between objects at one place, so that parents stay nearer than their children
BUCKETS = 256  # of the ring that holds satellites by distance; a power of two
SHARE = 2  # where more than one satellite in two got nearer than by the old tree, start afresh
STALE = 50  # where more than one in fifty did, the order of distances is renewed


@inline
def _file(v: np.uintp, place: np.uintp, ring: I4, bucket: I4, after: I4, before: I4) -> None:
    """Put a satellite at the head of a bucket."""
    head = ring[place]
    after[v], before[v], ring[place], bucket[v] = head, -1, v, place
    if head >= 0:
        before[np.uintp(head)] = v


@inline
def _take(v: np.uintp, ring: I4, bucket: I4, after: I4, before: I4) -> None:
    """Take a satellite out of its bucket."""
    left, right = before[v], after[v]
    if left >= 0:
        after[np.uintp(left)] = right
    else:
        ring[np.uintp(bucket[v])] = right
    if right >= 0:
        before[np.uintp(right)] = left
    bucket[v] = NOWHERE


@inline
def _listed(order: I4, done: int, state: I4) -> None:
    """End the order with the satellites that no way reaches, and clear the marks."""
    for v in range(state.size):
        if state[v] == 0:
            order[done] = v
            done += 1
        state[v] = 0


@inline
def _afresh(
    begin: I4, target: I4, back: I4, length: F8, direct: F8, start: I4, longest_m: float,
    dist: F8, up: I4, order: I4, ring: I4, bucket: I4, after: I4, before: I4, state: I4,
) -> None:  # fmt: skip
    """Shortest tree from nothing: Dijkstra's search with a ring of buckets, lists of satellites by distance.

    The order within a bucket is left open, so that a satellite may be corrected and come again; what comes
    out are the least distances all the same (Cherkassky, Goldberg and Radzik, Mathematical Programming 73,
    1996, section 4: approximate buckets). ``order`` is by distance but for that. ``state`` comes and stays
    at zero; rows are unsigned, which cannot count from the end.
    """
    rate, waiting, done, at = (BUCKETS - 2) / longest_m, start.size, 0, np.uintp(0)
    dist[:], up[:], bucket[:], ring[:] = math.inf, NOWHERE, NOWHERE, NOWHERE
    for i in range(start.size):
        v = np.uintp(start[i])
        dist[v], up[v] = direct[v], DOWN
        _file(v, np.uintp(np.int64(direct[v] * rate) & (BUCKETS - 1)), ring, bucket, after, before)
    while waiting > 0:
        if ring[at] < 0:
            at = (at + np.uintp(1)) & np.uintp(BUCKETS - 1)
            continue
        v = np.uintp(ring[at])
        _take(v, ring, bucket, after, before)
        waiting -= 1
        if state[v] == 0:
            state[v] = 1
            order[np.uintp(done)] = v
            done += 1
        for i in range(begin[v], begin[v + np.uintp(1)]):
            a = np.uintp(i)
            w, reach = np.uintp(target[a]), dist[v] + length[a]
            if reach < dist[w]:
                dist[w], up[w] = reach, back[a]
                place = np.uintp(np.int64(reach * rate) & (BUCKETS - 1))
                if bucket[w] != np.int64(place):
                    if bucket[w] >= 0:
                        _take(w, ring, bucket, after, before)
                    else:
                        waiting += 1
                    _file(w, place, ring, bucket, after, before)
    _listed(order, done, state)


@inline
def _along_tree(target: I4, length: F8, direct: F8, dist: F8, up: I4, order: I4, stack: I4) -> None:
    """Distances along the tree of the step before; a parent that the order names too late comes first."""
    dist[:] = -1.0
    for i in range(order.size):
        v, waiting = np.uintp(order[i]), 0
        while dist[v] < 0.0:
            a = up[v]
            if a >= 0:
                near = dist[np.uintp(target[np.uintp(a)])]
                if near < 0.0:
                    stack[waiting] = v
                    waiting += 1
                    v = np.uintp(target[np.uintp(a)])
                    continue
                dist[v] = near + length[np.uintp(a)]
            else:
                dist[v] = direct[v] if a == DOWN else math.inf
            if waiting > 0:
                waiting -= 1
                v = np.uintp(stack[waiting])


@inline
def _choose(v: int | np.uintp, begin: I4, target: I4, length: F8, direct: F8, dist: F8) -> tuple[float, int]:
    """Best next hop of a satellite, and the distance over it.

    Of equal distances the ground site itself comes first, then the neighbour of the lowest number.
    """
    best, choice = direct[v], DOWN
    for a in range(np.uintp(begin[v]), np.uintp(begin[v + 1])):
        reach = dist[np.uintp(target[a])] + length[a]
        if reach < best:
            best, choice = reach, a
    if best == math.inf:
        choice = NOWHERE
    return best, choice


@inline
def _sweep(begin: I4, target: I4, length: F8, direct: F8, dist: F8, up: I4, queue: I4) -> int:
    """Let satellites take their best next hop; list those that got nearer, and count them.

    Most keep theirs: then one next hop gives their distance, and none a less one. The look for that has no
    branch, runs by row as the arcs lie in memory, and has unsigned rows, which cannot count from the end.
    """
    nearer = 0
    for i in range(direct.size):
        v = np.uintp(i)
        far = dist[v]
        less, same = 0, 1 if direct[v] == far else 0
        less += 1 if direct[v] < far else 0
        for a in range(np.uintp(begin[v]), np.uintp(begin[v + np.uintp(1)])):
            reach = dist[np.uintp(target[a])] + length[a]
            less += 1 if reach < far else 0
            same += 1 if reach == far else 0
        if less > 0 or same != 1 or up[v] == NOWHERE:
            best, choice = _choose(v, begin, target, length, direct, dist)
            if best < far:
                dist[v] = best
                queue[nearer] = v
                nearer += 1
            up[v] = choice
    return nearer


@inline
def _settle(
    size: int,
    begin: I4,
    target: I4,
    length: F8,
    direct: F8,
    dist: F8,
    up: I4,
    queue: I4,
    state: I4,
    touched: I4,
) -> None:
    """Pass on what got nearer until nothing does, then choose again wherever that may matter.

    ``queue`` is a ring; ``state`` is 0 for satellites not touched, 1 touched, 2 in the ring.
    """
    n, head, listed = direct.size, 0, size
    for i in range(size):
        touched[i] = queue[i]
        state[queue[i]] = 2
    while size > 0:
        v = queue[head]
        head = head + 1 if head + 1 < n else 0
        size -= 1
        state[v] = 1
        for a in range(begin[v], begin[v + 1]):
            w, reach = target[a], dist[v] + length[a]
            if reach < dist[w]:
                dist[w] = reach
                if state[w] == 0:
                    touched[listed] = w
                    listed += 1
                if state[w] != 2:
                    state[w] = 2
                    end = head + size
                    queue[end if end < n else end - n] = w
                    size += 1
    for i in range(listed):
        v = touched[i]
        state[v] = 0
        _, up[v] = _choose(v, begin, target, length, direct, dist)
        for a in range(begin[v], begin[v + 1]):
            w = target[a]
            _, up[w] = _choose(w, begin, target, length, direct, dist)


@inline
def _sort(order: I4, dist: F8) -> None:
    """Insertion sort of an almost sorted order by distance."""
    for i in range(1, order.size):
        v = order[i]
        far, j = dist[v], i
        while j > 0 and dist[order[j - 1]] > far:
            order[j] = order[j - 1]
            j -= 1
        order[j] = v


@inline
def tree(
    fresh: bool,
    begin: I4,
    target: I4,
    back: I4,
    length: F8,
    direct: F8,
    start: I4,
    longest_m: float,
    dist: F8,
    up: I4,
    order: I4,
    queue: I4,
    state: I4,
    touched: I4,
    bucket: I4,
    ring: I4,
) -> None:
    """Shortest tree to one site: from the tree of the step before, or afresh where that is far off.

    ``state`` comes and stays at zero.
    """
    nearer = order.size
    if not fresh:
        _along_tree(target, length, direct, dist, up, order, queue)
        nearer = _sweep(begin, target, length, direct, dist, up, queue)
    if nearer * SHARE > order.size:
        _afresh(
            begin, target, back, length, direct, start, longest_m, dist, up, order, ring, bucket, queue,
            touched, state,
        )  # fmt: skip
        _sweep(begin, target, length, direct, dist, up, queue)
    else:
        if nearer > 0:
            _settle(nearer, begin, target, length, direct, dist, up, queue, state, touched)
        if nearer * STALE > order.size:
            _sort(order, dist)


@inline
def back_arcs(begin: I4, target: I4) -> I4:
    """The way back of every arc."""
    back = np.empty(target.size, np.int32)
    for v in range(begin.size - 1):
        for a in range(begin[v], begin[v + 1]):
            w = target[a]
            for b in range(begin[w], begin[w + 1]):
                if target[b] == v:
                    back[a] = b
    return back


@inline
def longest(length: F8) -> float:
    """Longest arc that holds."""
    longest = SHORTEST_M
    for a in range(length.size):
        if length[a] < math.inf:
            longest = max(longest, length[a])
    return longest
