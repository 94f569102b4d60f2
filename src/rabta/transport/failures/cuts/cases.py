"""What is lost when elements fail alone and in pairs: the kernels on a `Network`, over threads.

Every case is computed from the flow of the whole network by one thread, in whole units, so that results are
the same whatever the number of threads.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rabta import jit
from rabta.errors import RabtaError
from rabta.transport.failures.cuts import _kernels as kernels
from rabta.transport.failures.cuts import _paths
from rabta.transport.failures.cuts.graph import Network

B1 = NDArray[np.bool_]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
U8 = NDArray[np.uint64]

BLOCK = 64  # rows of pairs that a thread takes at once


@dataclass(frozen=True)
class Cases:
    """Elements as the edges that they take away.

    Attributes
    ----------
    first, lost : int64
        Edges of element ``a``: ``lost[first[a]:first[a + 1]]``.
    made, which : int64 (element,)
        `EDGE`, `NODE` or `SEVERAL`, and the edge or node; elements of several edges must come first.
    """

    first: I8
    lost: I8
    made: I8
    which: I8

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(self.made.size)


def cases(net: Network, elements: Sequence[tuple[Sequence[int], Sequence[int]]]) -> tuple[Cases, I8]:
    """Cases of ``(nodes, spans)`` that fail together, and the order in which the kernels take them.

    Examples
    --------
    An element of one span is an edge, one of a node alone a node, everything else several edges.
    """
    edges, made, which = [], [], []
    for nodes, spans in elements:
        gone = np.unique(
            np.concatenate([np.asarray(spans, np.int64), *[net.edges_of(int(v)) for v in nodes]])
        )
        edges.append(gone.astype(np.int64))
        alone = len(nodes) == 1 and not len(spans)
        single = not len(nodes) and len(spans) == 1
        made.append(_paths.NODE if alone else _paths.EDGE if single else _paths.SEVERAL)
        which.append(int(nodes[0]) if alone else int(spans[0]) if single else -1)
    order = np.argsort([kind != _paths.SEVERAL for kind in made], kind="stable").astype(np.int64)
    sizes = [edges[a].size for a in order]
    first = np.append(0, np.cumsum(sizes)).astype(np.int64)
    lost = np.concatenate([np.zeros(0, np.int64), *[edges[a] for a in order]])
    return Cases(first, lost, np.array(made, np.int64)[order], np.array(which, np.int64)[order]), order


@dataclass(frozen=True)
class State:
    """A preflow, and the room that a thread needs to fail elements and undo it; rows as in `_kernels`."""

    edge: I8
    node: I8
    log: I8
    count: I8

    @staticmethod
    def fresh(net: Network) -> State:
        """Nothing flows yet."""
        nodes, edges = net.demand.size, net.tail.size
        edge, node = np.zeros((3, edges), np.int64), np.full((6, 4 * nodes), -1, np.int64)
        edge[kernels.SEEN] = -1
        node[kernels.BALANCE] = 0
        node[kernels.BALANCE, :nodes] = net.demand
        return State(edge, node, np.zeros((4, 2 * (edges + nodes)), np.int64), np.zeros(8, np.int64))

    def copy(self) -> State:
        """For another thread."""
        return State(self.edge.copy(), self.node.copy(), self.log.copy(), self.count.copy())

    def parts(self) -> tuple[I8, I8, I8, I8]:
        """In the order of the kernels' arguments."""
        return (self.edge, self.node, self.log, self.count)

    @property
    def flow(self) -> I8:
        """Units along each edge, negative against it."""
        return np.asarray(self.edge[kernels.FLOW])

    @property
    def balance(self) -> I8:
        """Units that stay at each node."""
        return np.asarray(self.node[kernels.BALANCE])


@dataclass(frozen=True)
class Base:
    """The whole network: its preflow, what it carries, and who is behind its cut.

    Attributes
    ----------
    delivered : int
        Units that reach exits.
    behind : bool (node,)
        Nodes on the source side of the minimum cut; none where everything is carried.
    """

    net: Network
    state: State
    delivered: int
    behind: B1

    @property
    def lost(self) -> int:
        """Units of demand that not even the whole network carries."""
        return int(self.net.demand.sum()) - self.delivered


def graph_arguments(net: Network) -> tuple[int, I8, I8, I8, I8]:
    """A network in the order of the kernels' arguments."""
    return (net.sink, net.begin, net.steps, net.ends, net.limit)


def whole(net: Network) -> Base:
    """Maximum flow of the network with nothing failed."""
    state = State.fresh(net)
    delivered = int(kernels.whole(*graph_arguments(net), *state.parts()))
    behind = np.zeros(net.demand.size, bool)
    found = int(state.count[kernels.VISITED])
    if (state.balance > 0).any():
        behind[state.node[kernels.QUEUE, :found]] = True
    return Base(net, state, delivered, behind)


@dataclass(frozen=True)
class Singles:
    """Every element alone, in the order of the cases.

    Attributes
    ----------
    loss : int64 (element,)
        Units lost beside what the whole network loses.
    behind : uint64 (element, word)
        One bit a node: who is behind the cut; none where nothing is lost.
    start, changed, change : int64
        Changes of the flow: edges ``changed[start[a]:start[a + 1]]`` by ``change``.
    takes : uint8 (element,)
        1 where the way around is found by demand that the whole network leaves uncarried.
    """

    loss: I8
    behind: U8
    start: I8
    changed: I8
    change: I8
    takes: NDArray[np.uint8]

    def nodes_behind(self, element: int, nodes: int) -> B1:
        """Mark the nodes behind the cut of an element."""
        bits = np.unpackbits(self.behind[element].view(np.uint8), bitorder="little")
        return bits[:nodes].astype(bool)


def pack(flags: B1) -> U8:
    """One bit a node, in words of 64.

    Examples
    --------
    >>> pack(np.array([True, False, True])).tolist()
    [5]
    """
    padded = np.zeros(-(-flags.size // 64) * 64, np.uint8)
    padded[: flags.size] = flags
    return np.packbits(padded, bitorder="little").view(np.uint64)


def singles(base: Base, given: Cases) -> Singles:
    """Fail every element alone."""
    words = pack(base.behind).size
    room = 64 * max(given.size, 16)
    while True:
        state = base.state.copy()
        loss, start = np.zeros(given.size, np.int64), np.zeros(given.size + 1, np.int64)
        changed, change = np.zeros(room, np.int64), np.zeros(room, np.int64)
        cut, takes = np.zeros((given.size, words), np.uint64), np.zeros(given.size, np.uint8)
        total = int(
            kernels.singles(
                given.first,
                given.lost,
                *graph_arguments(base.net),
                *state.parts(),
                loss,
                start,
                changed,
                change,
                cut,
                takes,
            )
        )
        _sound(state)
        if total <= room:
            return Singles(loss, cut, start, changed[:total], change[:total], takes)
        room = total


def _sound(state: State) -> None:
    if state.count[kernels.BROKEN]:
        raise RabtaError("flow that ends nowhere: the state of the failure kernel is broken")


def crosses(base: Base, given: Cases) -> NDArray[np.uint8]:
    """1 where an element has an edge at a node behind the cut of the whole network."""
    touched = base.behind[base.net.tail] | base.behind[base.net.head]
    flags = np.append(0, np.cumsum(touched[given.lost]))
    return (flags[given.first[1:]] > flags[given.first[:-1]]).astype(np.uint8)


@dataclass
class Counted:
    """How pairs were decided."""

    pairs: int = 0
    anew: int = 0


@dataclass(frozen=True)
class Block:
    """A block of rows of the triangle of pairs; entries with ``b <= rows[i]`` are meaningless.

    Attributes
    ----------
    rows : int64 (row,)
    loss : int64 (row, element)
        Units lost by the pair.
    cut_off : float64 (row, element)
        People without a way to any exit.
    """

    rows: I8
    loss: I8
    cut_off: F8


def pairs(base: Base, given: Cases, alone: Singles, counted: Counted | None = None) -> Iterator[Block]:
    """Fail every pair; blocks come in order of their rows."""
    work = _Rows(base, given, alone, crosses(base, given), counted or Counted())
    starts = range(0, given.size, BLOCK)
    threads = jit.threads()
    with ThreadPoolExecutor(threads) as pool:
        ahead = []
        for first in starts:
            ahead.append(pool.submit(work.block, np.arange(first, min(first + BLOCK, given.size))))
            if len(ahead) > 2 * threads:
                yield ahead.pop(0).result()
        for part in ahead:
            yield part.result()


@dataclass
class _Rows:
    """Rows of pairs, each block from a copy of the whole network's state."""

    base: Base
    given: Cases
    alone: Singles
    crosses: NDArray[np.uint8]
    counted: Counted
    spare: list[State] = field(default_factory=list)

    def block(self, rows: I8) -> Block:
        """Losses and people cut off of one block."""
        state = self.spare.pop() if self.spare else self.base.state.copy()
        loss = np.zeros((rows.size, self.given.size), np.int64)
        anew = kernels.pairs(
            rows,
            self.given.first,
            self.given.lost,
            *graph_arguments(self.base.net),
            *state.parts(),
            self.alone.loss,
            self.alone.start,
            self.alone.changed,
            self.alone.change,
            self.alone.behind,
            pack(self.base.behind),
            self.crosses,
            self.alone.takes,
            np.ascontiguousarray(self.base.state.flow),
            loss,
        )
        _sound(state)
        self.spare.append(state)
        self.counted.pairs += int((self.given.size - 1 - rows).sum())
        self.counted.anew += int(anew)
        return Block(rows, loss, cut_off(self.base.net, self.given, rows)[1])


def cut_off(net: Network, given: Cases, rows: I8) -> tuple[F8, F8]:
    """People without a way to any exit: elements of the rows alone, and with every element after them."""
    alone, both = np.zeros(rows.size), np.zeros((rows.size, given.size))
    dead = np.zeros(net.tail.size, np.int64)
    dead[: net.spans][net.limit[:, : net.spans].max(axis=0) <= 0] = 1
    kernels.bridges(
        rows,
        given.first,
        given.lost,
        given.made,
        given.which,
        net.sink,
        net.begin,
        net.steps[0],
        net.steps[1],
        net.tail,
        net.head,
        dead,
        net.people,
        alone,
        both,
    )
    return alone, both


@dataclass(frozen=True)
class Ways:
    """Shortest ways to one kind of exit: one-way delay (ms), the arc that ends each, nodes nearest first."""

    delay_ms: F8
    via: I8
    order: I8


def ways(net: Network, edges: F8, goal: int) -> Ways:
    """Shortest ways from all nodes to the goal (Dijkstra)."""
    delay = np.full(net.demand.size, np.inf)
    via = np.full(net.demand.size, -1, np.int64)
    delay[goal] = 0.0
    heap, done, order = [(0.0, goal)], np.zeros(net.demand.size, bool), []
    while heap:
        value, v = heapq.heappop(heap)
        if done[v]:
            continue
        done[v] = True
        order.append(v)
        for k in range(net.begin[v], net.begin[v + 1]):
            arc, w = net.steps[:, k]
            longer = value + edges[arc >> 1]
            if longer < delay[w]:
                delay[w], via[w] = longer, arc
                heapq.heappush(heap, (longer, int(w)))
    return Ways(delay, via, np.array(order, np.int64))


def detours(net: Network, given: Cases, goal: int) -> tuple[F8, F8]:
    """Median round trip over people, and people without a way, when each element fails alone.

    Returns
    -------
    median_ms, without : ndarray, shape (element,)
        The median is NaN where nobody has a way.
    """
    edges = net.ways(goal)
    found = ways(net, edges, goal)
    median, without = np.zeros(given.size), np.zeros(given.size)
    rest = (net.begin, *net.steps, *net.ends, edges, found.via, found.delay_ms, found.order)
    _in_parts(kernels.detours, given, rest, net.people, (median, without))
    return 2.0 * median, without


def _in_parts(
    function: Callable[..., None], given: Cases, rest: tuple[object, ...], people: F8, out: tuple[F8, F8]
) -> None:
    def part(first: int, last: int) -> None:
        rows = np.arange(first, last)
        function(rows, given.first, given.lost, *rest, people, out[0][first:last], out[1][first:last])

    jit.each_part(part, given.size)


def median_of(values: F8, people: F8) -> float:
    """Smallest value that at least half of the people with a finite one do not exceed; NaN where nobody has.

    Examples
    --------
    >>> median_of(np.array([3.0, 1.0, np.inf]), np.array([1.0, 1.0, 9.0]))
    1.0
    """
    order = np.argsort(values, kind="stable")
    order = order[np.isfinite(values[order])]
    total = np.cumsum(people[order])
    if not total.size or total[-1] <= 0.0:
        return float("nan")
    return float(values[order[np.searchsorted(total, total[-1] / 2.0)]])
