"""Max concurrent flow: the largest part of all demands that a network carries at the same time.

Many commodities (from, to, Mbit/s) share directed arcs. Wanted is the largest ``factor`` such that ``factor``
times every demand is carried together. The answer comes with two certificates: a flow that fits (so the
factor is reached), and lengths of the arcs that prove that no factor above ``bound`` is possible: for any
lengths ``l >= 0``

    factor <= sum over arcs (capacity l) / sum over commodities (demand x distance under l)

(weak duality; Shahrokhi and Matula, Journal of the ACM 37, 1990). ``exact`` solves the same programme with
HiGHS, as the reference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.jit import each_part

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
I8 = NDArray[np.int64]

START, SHARPEST, GROWTH = 40.0, 4000.0, 1.5  # sharpness of the lengths at first, at most, and its steps
RISE = 1.5  # sharpen once what sharpness costs is this many times what balancing could still gain
SWEEPS = 2  # through the commodities of a block
TOGETHER = 8  # sources whose paths are sought under the same lengths
KEEP = 0.8  # part of the mean lengths that a round leaves; their mean over rounds bounds best
LOOKS = 4  # rounds from one look at the bound to the next


@dataclass(frozen=True)
class Arcs:
    """Directed arcs with capacity, in the order given.

    Attributes
    ----------
    nodes : int
    tail, head : int64 (arc,), capacity : float64 (arc,)
        Mbit/s; arcs of capacity 0 carry nothing.
    """

    nodes: int
    tail: I8
    head: I8
    capacity: F8


@dataclass(frozen=True)
class Demands:
    """What is to be carried.

    Attributes
    ----------
    source, target : int64 (commodity,), mbps : float64 (commodity,)
    """

    source: I8
    target: I8
    mbps: F8


@dataclass(frozen=True)
class Concurrent:
    """The answer.

    Attributes
    ----------
    factor : float
        Part of every connected demand that the flow carries together; above 1 there is room to spare. inf
        where nothing is asked, 0 where nothing that is asked is connected.
    bound : float
        No flow reaches a larger factor.
    flow : float64 (arc,)
        Mbit/s of each arc when ``factor`` times the demand is carried; 0 where the factor is inf.
    price : float64 (arc,)
        Factor that one more Mbit/s of the arc could add at most (the dual).
    connected : bool (commodity,)
        False where no path with capacity leads to the target; nothing of it is carried.
    rounds : int
    """

    factor: float
    bound: float
    flow: F8
    price: F8
    connected: NDArray[np.bool_]
    rounds: int

    @property
    def gap(self) -> float:
        """How far the bound is above the factor, as a part of the factor."""
        return self.bound / self.factor - 1.0 if 0.0 < self.factor < np.inf else 0.0


def arcs(nodes: int, tail: ArrayLike, head: ArrayLike, capacity: ArrayLike) -> Arcs:
    """Directed arcs; an arc to a place that does not exist or without a proper capacity is refused."""
    a, b = np.asarray(tail, np.int64), np.asarray(head, np.int64)
    limit = np.asarray(capacity, np.float64)
    if not a.size == b.size == limit.size:
        raise RabtaError(
            "tails, heads and capacities differ in number", value=f"{a.size}, {b.size}, {limit.size}"
        )
    _within("arc", nodes, a, b)
    _proper("arc", "capacity", limit)
    return Arcs(nodes, a, b, limit)


def both_ways(nodes: int, ends: ArrayLike, capacity: ArrayLike) -> Arcs:
    """Arcs of edges with a capacity in each direction: arc 2 e along edge e, 2 e + 1 against it."""
    pairs = np.asarray(ends, np.int64).reshape(-1, 2)
    limit = np.repeat(np.asarray(capacity, np.float64), 2)
    return arcs(nodes, pairs.ravel(), pairs[:, ::-1].ravel(), limit)


def demands(nodes: int, source: ArrayLike, target: ArrayLike, mbps: ArrayLike) -> Demands:
    """Commodities; between the same two places several may be given."""
    a, b = np.asarray(source, np.int64), np.asarray(target, np.int64)
    wanted = np.asarray(mbps, np.float64)
    if not a.size == b.size == wanted.size:
        raise RabtaError(
            "sources, targets and demands differ in number", value=f"{a.size}, {b.size}, {wanted.size}"
        )
    _within("demand", nodes, a, b)
    _proper("demand", "demand", wanted)
    return Demands(a, b, wanted)


def _within(what: str, nodes: int, *ends: I8) -> None:
    for end in ends:
        wrong = np.flatnonzero((end < 0) | (end >= nodes))
        if wrong.size:
            raise RabtaError(
                f"{what} ends at no node",
                key=f"{what} {wrong[0]}",
                value=int(end[wrong[0]]),
                expected=f"0 to {nodes - 1}",
            )


def _proper(what: str, name: str, values: F8) -> None:
    wrong = np.flatnonzero(~((values >= 0.0) & (values < np.inf)))
    if wrong.size:
        raise RabtaError(
            f"{name} must be finite and not negative",
            key=f"{what} {wrong[0]}",
            value=float(values[wrong[0]]),
            expected="Mbit/s from 0",
        )


@dataclass
class _Block:
    """Commodities of a few sources, and the paths that they use (`_paths.grow` says how they are kept)."""

    roots: I4
    group: I4
    source: I4
    target: I4
    mbps: F8
    own: I8
    path: I8
    arc: I4
    flow: F8

    def grow(self, work: _Work, length: F8, dist: F8) -> None:
        """Add the shortest path of each commodity, drop the paths that carry nothing."""
        from rabta.transport.flow import _paths

        size, room = self.target.size, self.flow.size + self.target.size
        more = self.arc.size + 64 * self.target.size
        while True:
            own, path = np.zeros(size + 1, np.int64), np.zeros(room + 1, np.int64)
            arc, flow = np.empty(more, np.int32), np.zeros(room)
            added = _paths.grow(
                work.in_begin, work.in_arc, work.tail, length, dist, self.group, self.source, self.target,
                self.own, self.path, self.arc, self.flow, own, path, arc, flow,
            )  # fmt: skip
            if added >= 0:
                break
            more *= 2
        count = int(own[-1])
        self.own, self.path, self.flow = own, path[: count + 1].copy(), flow[:count].copy()
        self.arc = arc[: path[count]].copy()

    def cost(self, dist: F8) -> float:
        """Demand times distance."""
        return float(self.mbps @ dist[self.group, self.target])


@dataclass
class _Work:
    """Arcs by tail, and the commodities in blocks."""

    begin: I4
    head: I4
    tail: I4
    in_begin: I4
    in_arc: I4
    capacity: F8
    blocks: list[_Block]

    def distances(self, roots: I4, length: F8) -> F8:
        """Distance of every node from each root."""
        from rabta.transport.flow import _paths

        dist = np.empty((roots.size, self.begin.size - 1))
        each_part(_paths.distances, roots.size, roots, self.begin, self.head, length, dist)
        return dist

    def cost(self, length: F8) -> float:
        """Demand times distance of all commodities."""
        return sum(block.cost(self.distances(block.roots, length)) for block in self.blocks)

    def loads(self) -> F8:
        """Load of every arc."""
        from rabta.transport.flow import _paths

        load = np.zeros(self.capacity.size)
        for block in self.blocks:
            _paths.loads(block.path, block.arc, block.flow, load)
        return load

    def turn(self, top: float, sharpness: float, load: F8, length: F8) -> None:
        """Once through all blocks: new paths under the lengths as they are by then, and balance."""
        from rabta.transport.flow import _paths

        for block in self.blocks:
            block.grow(self, length, self.distances(block.roots, length))
            _paths.balance(
                block.own, block.path, block.arc, block.flow, self.capacity, top, sharpness, load, length,
                SWEEPS,
            )  # fmt: skip


def solve(net: Arcs, wanted: Demands, *, gap: float = 0.01, rounds: int = 400) -> Concurrent:
    """Factor, flow and bound of the max concurrent flow.

    Parameters
    ----------
    gap : float
        Stop when the bound is at most this part above the factor.
    rounds : int
        Most rounds; the answer is certified by its own bound wherever it stops.

    Examples
    --------
    A ring of four nodes with 10 Mbit/s each way; opposite nodes want 5 Mbit/s of each other and get four
    times that over both sides:

    >>> ring = both_ways(4, [[0, 1], [1, 2], [2, 3], [3, 0]], [10, 10, 10, 10])
    >>> found = solve(ring, demands(4, [0, 2], [2, 0], [5, 5]), gap=1e-3)
    >>> round(found.factor, 9) <= 4 <= round(found.bound, 9), found.gap < 1e-3
    (True, True)
    """
    count = net.capacity.size
    asks = (wanted.mbps > 0.0) & (wanted.source != wanted.target)
    joined = ~asks | _joined(net, wanted)
    rows, usable = np.flatnonzero(asks & joined), np.flatnonzero(net.capacity > 0.0)
    nothing = np.zeros(count)
    if rows.size == 0:
        factor = 0.0 if asks.any() else np.inf
        return Concurrent(factor, factor, nothing, nothing.copy(), joined, 0)
    work, order, scale = _prepared(net, wanted, rows, usable)
    factor, bound, load, price, spent = _search(work, gap, rounds)
    flow, value = nothing, np.zeros(count)
    flow[usable[order]], value[usable[order]] = load * factor * scale, price / scale
    return Concurrent(factor, bound, flow, value, joined, spent)


def _joined(net: Arcs, wanted: Demands) -> NDArray[np.bool_]:
    """Whether a path with capacity leads from each commodity's source to its target."""
    from scipy import sparse
    from scipy.sparse.csgraph import breadth_first_order

    use = net.capacity > 0.0
    matrix = sparse.csr_matrix((np.ones(use.sum()), (net.tail[use], net.head[use])), (net.nodes, net.nodes))
    out = np.zeros(wanted.mbps.size, bool)
    for root in np.unique(wanted.source):
        reached = np.zeros(net.nodes, bool)
        reached[breadth_first_order(matrix, int(root), return_predecessors=False)] = True
        mine = wanted.source == root
        out[mine] = reached[wanted.target[mine]]
    return out


def _prepared(net: Arcs, wanted: Demands, rows: I8, usable: I8) -> tuple[_Work, I8, float]:
    """The problem in the kernels' order: from the side with fewer places, demands together 1."""
    source, target = wanted.source[rows], wanted.target[rows]
    tail, head = net.tail[usable], net.head[usable]
    if np.unique(target).size < np.unique(source).size:
        source, target, tail, head = target, source, head, tail
    pair, same = np.unique(source * net.nodes + target, return_inverse=True)
    mbps = np.bincount(same, weights=wanted.mbps[rows])
    scale = float(mbps.sum())
    order = np.argsort(tail, kind="stable")
    tail, head = tail[order], head[order]
    into = np.argsort(head, kind="stable").astype(np.int32)
    nodes = np.arange(net.nodes + 1)
    work = _Work(
        np.searchsorted(tail, nodes).astype(np.int32),
        head.astype(np.int32),
        tail.astype(np.int32),
        np.searchsorted(head[into], nodes).astype(np.int32),
        into,
        net.capacity[usable][order] / scale,
        _blocks(pair // net.nodes, pair % net.nodes, mbps / scale),
    )
    return work, order, scale


def _blocks(source: I8, target: I8, mbps: F8) -> list[_Block]:
    """Commodities, sorted by source, in blocks of a few sources; nothing is routed yet."""
    roots, group = np.unique(source, return_inverse=True)
    out = []
    for first in range(0, roots.size, TOGETHER):
        mine = slice(*np.searchsorted(group, [first, first + TOGETHER]))
        out.append(
            _Block(
                roots[first : first + TOGETHER].astype(np.int32),
                (group[mine] - first).astype(np.int32),
                source[mine].astype(np.int32),
                target[mine].astype(np.int32),
                mbps[mine],
                np.zeros(mine.stop - mine.start + 1, np.int64),
                np.zeros(1, np.int64),
                np.zeros(0, np.int32),
                np.zeros(0),
            )
        )
    return out


def _start(work: _Work) -> F8:
    """Route every commodity whole, block by block, over the path that is shortest by what is full by then."""
    from rabta.transport.flow import _paths

    load, length = np.zeros(work.capacity.size), 1.0 / work.capacity
    for block in work.blocks:
        block.grow(work, length, work.distances(block.roots, length))
        block.flow[:] = block.mbps
        _paths.loads(block.path, block.arc, block.flow, load)
        full = load / work.capacity
        length = np.exp(8.0 * full / full.max()) / work.capacity
    return load


def _search(work: _Work, gap: float, rounds: int) -> tuple[float, float, F8, F8, int]:
    """Balance paths under ever sharper lengths until the bound meets the factor."""
    from rabta.transport.flow import _paths

    load, sharpness, length = _start(work), START, np.empty(work.capacity.size)
    factor, bound, best, price, mean = 0.0, np.inf, load, length, length
    sharpest, done = SHARPEST / min(1.0, gap * 100.0), 0
    for done in range(1, rounds + 1):
        top = float((load / work.capacity).max())
        if 1.0 / top > factor:
            factor, best = 1.0 / top, load.copy()
        _paths.lengths(load, work.capacity, top, sharpness, length)
        now = length / float(length @ work.capacity)
        mean = now if done == 1 else KEEP * mean + (1.0 - KEEP) * now
        middle = float(now @ load)
        work.turn(top, sharpness, load, length)
        if done % LOOKS == 0 or done == rounds:
            for some in (mean, now):
                reach = work.cost(some)
                if 1.0 / reach < bound:
                    bound, price = 1.0 / reach, some / reach
            if bound <= factor * (1.0 + gap):
                break
            if top / middle - 1.0 > RISE * (middle / reach - 1.0):
                sharpness = min(sharpest, GROWTH * sharpness)
        load = work.loads()
    return factor, max(bound, factor), best, price, done


def exact(net: Arcs, wanted: Demands) -> float:
    """Factor by HiGHS, source by source over arcs (the reference; small networks).

    Commodities without a path count as in `solve`: they are left out.
    """
    from scipy import sparse
    from scipy.optimize import linprog

    use = _joined(net, wanted) & (wanted.mbps > 0.0) & (wanted.source != wanted.target)
    if not use.any():
        return 0.0 if ((wanted.mbps > 0.0) & (wanted.source != wanted.target)).any() else np.inf
    source, target, mbps = wanted.source[use], wanted.target[use], wanted.mbps[use]
    roots, n, m = np.unique(source), net.nodes, net.capacity.size
    column, one = np.arange(m), np.ones(m)
    flow = sparse.csr_matrix((one, (net.head, column)), (n, m))
    flow = flow - sparse.csr_matrix((one, (net.tail, column)), (n, m))
    want = np.zeros((roots.size, n))
    np.add.at(want, (np.searchsorted(roots, source), target), mbps)
    want[np.arange(roots.size), roots] -= want.sum(axis=1)
    same = sparse.hstack([sparse.block_diag([flow] * roots.size), -want.reshape(-1, 1)])
    room = sparse.hstack([sparse.eye(m)] * roots.size + [sparse.csr_matrix((m, 1))])
    cost = np.append(np.zeros(m * roots.size), -1.0)
    found = linprog(cost, room, net.capacity, same, np.zeros(same.shape[0]), method="highs")
    return float(-found.fun)
