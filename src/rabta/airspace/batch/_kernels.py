"""Agents on a grid: a first plan by configurations, and its refinement by large neighbourhoods.

The first plan is LaCAM (K. Okumura, "LaCAM: search-based algorithm for quick multi-agent pathfinding", AAAI
2023) whose successors are made by priority inheritance with backtracking, PIBT (K. Okumura et al., Artificial
Intelligence 310, 2022). Refinement takes some agents' paths out and plans them anew, one after the other, in
space and time (J. Li et al., "Anytime multi-agent path finding via large neighborhood search", IJCAI 2021).
The reference is the verifier, `rabta.airspace.batch.checks`, which knows no plan and no search.
"""

# ruff: noqa: C901, PLR0912, PLR0915 (kernels: one piece, plain arrays)

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Words = NDArray[np.uint64]
Reals = NDArray[np.float32]

FAR = 1 << 29
SIDES = 5  # a cell's neighbours and itself; -1 where there is none
DONE, RUNNING, IMPOSSIBLE, FULL = range(4)
STACK, NODES, LOWS = range(3)  # of the search's state
EASED = 0.7  # weight that a way of choosing keeps when it was not the one that helped


@inline
def _random(seed: Words, most: int) -> int:
    """Next number below a bound (xorshift)."""
    x = seed[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    seed[0] = x
    return np.int64((x >> np.uint64(11)) % np.uint64(most))  # type: ignore[return-value]


@kernel("void(i4[:,::1], i4[::1], i4[:,::1])")
def distances(near: Ints, goals: Ints, out: Ints) -> None:
    """Steps from every cell to each agent's goal; `FAR` where there is no way."""
    queue = np.empty(near.shape[0], np.int32)
    for i in range(goals.shape[0]):
        out[i, :] = FAR
        out[i, goals[i]] = 0
        queue[0], first, last = goals[i], 0, 1
        while first < last:
            u = queue[first]
            first += 1
            for s in range(SIDES - 1):
                v = near[u, s]
                if v >= 0 and out[i, v] == FAR:
                    out[i, v] = out[i, u] + 1
                    queue[last] = v
                    last += 1


@inline
def _ranked(i: int, here: Ints, now: Ints, near: Ints, far: Ints, seed: Words, cand: Ints) -> None:
    """Cells that an agent may step to, best first: nearer its goal, then free ones, then by lot."""
    keys = np.empty(SIDES, np.int64)
    for s in range(SIDES):
        v = near[here[i], s]
        cand[i, s] = v
        if v < 0:
            keys[s] = np.int64(1) << np.int64(60)
        else:
            taken = 1 if now[v] >= 0 and now[v] != i else 0
            keys[s] = (np.int64(far[i, v]) * 2 + taken) * 1024 + _random(seed, 1024)
    for a in range(1, SIDES):
        b = a
        while b > 0 and keys[b] < keys[b - 1]:
            keys[b], keys[b - 1] = keys[b - 1], keys[b]
            cand[i, b], cand[i, b - 1] = cand[i, b - 1], cand[i, b]
            b -= 1


@kernel(
    "b1(i8, i4[::1], i4[::1], i4[::1], i4[::1], i4[:,::1], i4[:,::1], u8[::1], i4[:,::1], i4[::1], i4[::1])"
)
def give_way(
    first: int, here: Ints, now: Ints, then: Ints, taken: Ints, near: Ints, far: Ints, seed: Words,
    cand: Ints, at: Ints, stack: Ints,
) -> bool:  # fmt: skip
    """Find a step for an agent; whoever stands there inherits its turn. False where all must stay."""
    depth, stack[0] = 0, first
    _ranked(first, here, now, near, far, seed, cand)
    at[first] = 0
    answer = 0  # of the agent above: 0 none yet, 1 it found a step, 2 it stays
    while depth >= 0:
        i = stack[depth]
        if answer == 1:
            depth -= 1
            continue
        answer = 0
        pushed = False
        while at[i] < SIDES:
            v = cand[i, at[i]]
            at[i] += 1
            if v < 0 or taken[v] >= 0:
                continue
            j = now[v]
            if j >= 0 and j != i and then[j] == here[i]:
                continue
            then[i], taken[v] = v, i
            if j >= 0 and j != i and then[j] < 0:
                depth += 1
                stack[depth] = j
                _ranked(j, here, now, near, far, seed, cand)
                at[j] = 0
                pushed = True
            else:
                answer = 1
            break
        if pushed:
            continue
        if answer == 1:
            depth -= 1
            continue
        then[i], taken[here[i]], answer = here[i], i, 2
        depth -= 1
    return bool(answer == 1)


@inline
def _hash(config: Ints) -> int:
    mixed = np.uint64(0x9E3779B97F4A7C15)
    for i in range(config.shape[0]):
        mixed = (mixed ^ np.uint64(config[i])) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(29)
    return np.int64(mixed >> np.uint64(34))  # type: ignore[return-value]


@inline
def _found(config: Ints, configs: Ints, table: Ints) -> int:
    """Place of a configuration in the hash: its entry, or a free one."""
    mask = table.shape[0] - 1
    b = _hash(config) & mask
    while table[b] >= 0:
        same = True
        for i in range(config.shape[0]):
            if configs[table[b], i] != config[i]:
                same = False
                break
        if same:
            break
        b = (b + 1) & mask
    return int(b)


@kernel(
    "i8(i4[::1], i4[:,::1], i4[:,::1], i4[:,::1], f4[:,::1], i4[::1], i4[::1], i4[::1], i4[:,::1], i4[:,::1],"
    " i4[::1], u8[::1], i8)"
)
def search(
    goals: Ints, near: Ints, far: Ints, configs: Ints, turns: Reals, parent: Ints, stack: Ints, table: Ints,
    queue: Ints, lows: Ints, state: Ints, seed: Words, rounds: int,
) -> int:  # fmt: skip
    """Go on with the search for some rounds; what came of it. ``state[STACK]`` is the depth of the stack.

    A node is a configuration with a queue of constraints (``queue``: first and last; ``lows``: next, parent,
    agent, cell, depth), explored breadth first; nodes are explored depth first.
    """
    count, cells = goals.shape[0], near.shape[0]
    now, taken = np.full(cells, -1, np.int32), np.full(cells, -1, np.int32)
    then, at, deep = np.empty(count, np.int32), np.zeros(count, np.int32), np.empty(count + 1, np.int32)
    cand = np.empty((count, SIDES), np.int32)
    for _ in range(rounds):
        if state[STACK] == 0:
            return IMPOSSIBLE
        h = stack[state[STACK] - 1]
        here = configs[h]
        low = queue[h, 0]
        if low < 0:
            state[STACK] -= 1
            continue
        queue[h, 0] = lows[low, 0]
        order = np.argsort(-turns[h])
        if lows[low, 4] < count:
            i = order[lows[low, 4]]
            if state[LOWS] + SIDES >= lows.shape[0]:
                return FULL
            for s in range(SIDES):
                if near[here[i], s] < 0:
                    continue
                new = state[LOWS]
                state[LOWS] += 1
                lows[new, 0], lows[new, 1], lows[new, 2] = -1, low, i
                lows[new, 3], lows[new, 4] = near[here[i], s], lows[low, 4] + 1
                if queue[h, 0] < 0:
                    queue[h, 0] = new
                else:
                    lows[queue[h, 1], 0] = new
                queue[h, 1] = new
        now[:], taken[:], then[:] = -1, -1, -1
        for i in range(count):
            now[here[i]] = i
        fits, one = True, low
        while lows[one, 4] > 0 and fits:
            i, v = lows[one, 2], lows[one, 3]
            fits = taken[v] < 0
            j = now[v]
            if j >= 0 and j != i and then[j] == here[i]:
                fits = False
            if fits:
                then[i], taken[v] = v, i
            one = lows[one, 1]
        for k in range(count):
            if not fits:
                break
            if then[order[k]] < 0:
                fits = give_way(order[k], here, now, then, taken, near, far, seed, cand, at, deep)
        if not fits:
            continue
        b = _found(then, configs, table)
        if table[b] >= 0:
            if table[b] != h and queue[table[b], 0] >= 0 and state[STACK] < stack.shape[0]:
                stack[state[STACK]] = table[b]
                state[STACK] += 1
            continue
        new = state[NODES]
        if new >= configs.shape[0] or state[LOWS] >= lows.shape[0] or state[STACK] >= stack.shape[0]:
            return FULL
        state[NODES] += 1
        configs[new, :] = then
        parent[new], table[b] = h, new
        left = 0
        for i in range(count):
            if then[i] == goals[i]:
                turns[new, i] = turns[h, i] - np.floor(turns[h, i])
            else:
                turns[new, i] = turns[h, i] + 1.0
                left += 1
        lows[state[LOWS], 0], lows[state[LOWS], 1], lows[state[LOWS], 4] = -1, -1, 0
        queue[new, 0] = queue[new, 1] = state[LOWS]
        state[LOWS] += 1
        stack[state[STACK]] = new
        state[STACK] += 1
        if left == 0:
            return DONE
    return RUNNING


@kernel(
    "i8(i8, i8, i8, i8, i4[:,::1], i4[:,::1], i4[:,::1], i4[::1], i4[::1], i4[::1], i4[::1], i8, i4[::1])"
)
def path(
    i: int, start: int, goal: int, most: int, near: Ints, far: Ints, taken: Ints, stamp: Ints, before: Ints,
    following: Ints, heads: Ints, mark: int, out: Ints,
) -> int:  # fmt: skip
    """Earliest arrival of an agent among the others' paths, and its path; -1 where not below ``most``.

    ``taken[t, cell]`` is who is where; cost is the instant after which it stays at its goal.
    """
    span, cells = taken.shape
    last = span - 1
    while last >= 0 and taken[last, goal] < 0:
        last -= 1
    most = min(most, span)
    lowest = max(far[i, start], last + 1)
    if lowest >= most:
        return -1
    heads[lowest:most] = -1
    node = start
    stamp[node], before[node], following[node] = mark, -1, -1
    heads[lowest] = node
    f = lowest
    while f < most:
        node = heads[f]
        if node < 0:
            f += 1
            continue
        heads[f] = following[node]
        t, u = node // cells, node % cells
        if u == goal and t > last:
            arrived = t
            while node >= 0:
                out[node // cells] = node % cells
                node = before[node]
            out[arrived:] = goal
            return int(arrived)
        if t + 1 >= span:
            continue
        for s in range(SIDES):
            v = near[u, s]
            if v < 0 or taken[t + 1, v] >= 0:
                continue
            other = taken[t, v]
            if other >= 0 and v != u and taken[t + 1, u] == other:
                continue
            g = max(t + 1 + far[i, v], last + 1)
            new = (t + 1) * cells + v
            if g >= most or stamp[new] == mark:
                continue
            stamp[new], before[new], following[new] = mark, node, heads[g]
            heads[g] = new
    return -1


@inline
def _put(i: int, paths: Ints, taken: Ints, who: int) -> None:
    for t in range(taken.shape[0]):
        taken[t, paths[i, t]] = who


@inline
def _join(i: int, chosen: Ints, count: int, marked: Ints) -> int:
    if marked[i]:
        return count
    marked[i] = 1
    chosen[count] = i
    return count + 1


@inline
def _about_agent(
    size: int, cost: Ints, far: Ints, starts: Ints, paths: Ints, taken: Ints, near: Ints, seed: Words,
    chosen: Ints, marked: Ints,
) -> int:  # fmt: skip
    """An agent that is late, and those who stand where it would rather go."""
    late, total = -1, 0
    for i in range(cost.shape[0]):
        total += cost[i] - far[i, starts[i]]
    if total == 0:
        return 0
    pick = _random(seed, total)
    for i in range(cost.shape[0]):
        pick -= cost[i] - far[i, starts[i]]
        if pick < 0:
            late = i
            break
    count = _join(late, chosen, 0, marked)
    for _ in range(20):
        i = chosen[_random(seed, count)]
        if cost[i] == 0:
            continue
        t = _random(seed, cost[i])
        u = paths[i, t]
        while t + 1 < taken.shape[0] and count < size:
            move = -1
            left = 0
            for s in range(SIDES):
                v = near[u, s]
                if v >= 0 and t + 1 + far[i, v] < cost[i]:
                    left += 1
                    if _random(seed, left) == 0:
                        move = v
            if move < 0:
                break
            if taken[t + 1, move] >= 0:
                count = _join(taken[t + 1, move], chosen, count, marked)
            if taken[t, move] >= 0 and taken[t, move] == taken[t + 1, u]:
                count = _join(taken[t, move], chosen, count, marked)
            u = move
            t += 1
        if count >= size:
            break
    return count


@inline
def _about_cell(size: int, taken: Ints, near: Ints, seed: Words, chosen: Ints, marked: Ints) -> int:
    """Agents that cross a cell, and those around it, about an instant."""
    span, cells = taken.shape
    count = 0
    u, middle = _random(seed, cells), _random(seed, span)
    for _ in range(40):
        for away in range(min(span, 12)):
            for sign in range(2):
                t = middle + away if sign else middle - away
                if 0 <= t < span and taken[t, u] >= 0 and count < size:
                    count = _join(taken[t, u], chosen, count, marked)
        if count >= size:
            break
        v = near[u, _random(seed, SIDES)]
        if v >= 0:
            u = v
    return count


@kernel(
    "i8(i4[::1], i4[::1], i4[:,::1], i4[:,::1], i4[:,::1], i4[:,::1], i4[::1], i4[::1], i4[::1], i4[::1],"
    " i4[::1], f8[::1], u8[::1], i8, i8)"
)
def refine(
    starts: Ints, goals: Ints, near: Ints, far: Ints, paths: Ints, taken: Ints, cost: Ints, stamp: Ints,
    before: Ints, following: Ints, heads: Ints, weights: NDArray[np.float64], seed: Words, mark: int,
    rounds: int,
) -> int:  # fmt: skip
    """Plan some agents anew, again and again, and keep what is not worse; the sum of costs saved."""
    agents, span = paths.shape
    chosen, marked = np.empty(agents, np.int32), np.zeros(agents, np.int32)
    kept, costs = np.empty((agents, span), np.int32), np.empty(agents, np.int32)
    saved = 0
    for _ in range(rounds):
        size = min(agents, 4 + _random(seed, 13))
        way = 0
        draw = _random(seed, 1 << 20) / (1 << 20) * (weights[0] + weights[1] + weights[2])
        if draw > weights[0]:
            way = 1 if draw <= weights[0] + weights[1] else 2
        marked[:] = 0
        count = 0
        if way == 0:
            count = _about_agent(size, cost, far, starts, paths, taken, near, seed, chosen, marked)
        elif way == 1:
            count = _about_cell(size, taken, near, seed, chosen, marked)
        while way == 2 and count < size:
            count = _join(_random(seed, agents), chosen, count, marked)
        if count == 0:
            continue
        old = 0
        for k in range(count):
            i = chosen[k]
            old += cost[i]
            costs[k] = cost[i]
            kept[k, :] = paths[i]
            _put(i, paths, taken, -1)
        for k in range(count - 1, 0, -1):
            other = _random(seed, k + 1)
            chosen[k], chosen[other] = chosen[other], chosen[k]
            costs[k], costs[other] = costs[other], costs[k]
            for t in range(span):
                kept[k, t], kept[other, t] = kept[other, t], kept[k, t]
        new, rest, done = 0, 0, 0
        for k in range(count):
            rest += far[chosen[k], starts[chosen[k]]]
        for k in range(count):
            i = chosen[k]
            rest -= far[i, starts[i]]
            mark += 1
            got = path(i, starts[i], goals[i], old - new - rest + 1, near, far, taken, stamp, before,
                       following, heads, mark, paths[i])  # fmt: skip
            if got < 0:
                break
            cost[i] = got
            new += got
            _put(i, paths, taken, i)
            done += 1
        if done < count:
            for k in range(done):
                _put(chosen[k], paths, taken, -1)
            for k in range(count):
                paths[chosen[k], :] = kept[k]
                cost[chosen[k]] = costs[k]
                _put(chosen[k], paths, taken, chosen[k])
            new = old
        saved += old - new
        weights[way] = max(EASED * weights[way] + (1.0 - EASED) * (old - new), 0.05)
    return saved
