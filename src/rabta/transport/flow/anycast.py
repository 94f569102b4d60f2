"""Traffic from many nodes to any exit: the most that the network carries, and who gets how much of it.

Every node wants to send ``demand`` to whichever exit it reaches; edges carry up to their capacity in each
direction, exits take up to theirs. The sums that nodes can send together form a polymatroid, so the
lexicographically fair answer (nobody's part of the demand can rise unless that of one who has no more falls)
also carries the maximum: fairness costs no traffic (Megiddo, Mathematical Programming 7, 1974).

A prepared network answers "what if these edges and nodes are out" for many cases, each from the flow of the
whole network, with the same bits whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.jit import each_part
from rabta.transport.flow import _kernels

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
Cases = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Graph:
    """Edges with a capacity in each direction, as arcs by the node that they leave.

    Attributes
    ----------
    begin : int32 (node + 1,), out : int32 (arc,)
        Arcs that leave node v: ``out[begin[v]:begin[v + 1]]``. Arc 2 e runs along edge e, 2 e + 1 against it.
    head : int32 (arc,), capacity : float64 (arc,)
        Node at which the arc ends; Mbit/s.
    """

    begin: I4
    out: I4
    head: I4
    capacity: F8


def graph(nodes: int, ends: ArrayLike, capacity: ArrayLike) -> Graph:
    """Graph of some edges.

    Parameters
    ----------
    ends : int (edge, 2)
        Nodes at both ends.
    capacity : float (edge,) or (edge, 2)
        Mbit/s in each direction, or along and against the edge; 0 is an edge that is out, inf one without
        limit.

    Raises
    ------
    RabtaError
        Where an end is no node, or a capacity is negative or no number.
    """
    pairs = np.asarray(ends, np.int64).reshape(-1, 2)
    limit = np.asarray(capacity, np.float64)
    limit = np.repeat(limit, 2) if limit.ndim == 1 else limit.ravel()
    if limit.size != pairs.size:
        raise RabtaError(
            "edges and capacities differ in number", value=f"{pairs.size // 2}, {limit.size // 2}"
        )
    wrong = np.flatnonzero((pairs < 0) | (pairs >= nodes))
    if wrong.size:
        raise RabtaError(
            "edge ends at no node",
            key=f"edge {wrong[0] // 2}",
            value=int(pairs.ravel()[wrong[0]]),
            expected=f"0 to {nodes - 1}",
        )
    _check("capacity", "edge", limit, each=2)
    tail, head = pairs.ravel(), pairs[:, ::-1].ravel()
    out = np.argsort(tail, kind="stable").astype(np.int32)
    begin = np.searchsorted(tail[out], np.arange(nodes + 1)).astype(np.int32)
    return Graph(begin, out, head.astype(np.int32), np.ascontiguousarray(limit))


def _check(what: str, of: str, values: F8, each: int = 1) -> None:
    wrong = np.flatnonzero(~(values >= 0.0))
    if wrong.size:
        raise RabtaError(
            f"{what} must not be negative",
            key=f"{of} {wrong[0] // each}",
            value=float(values[wrong[0]]),
            expected="Mbit/s from 0",
        )


@dataclass(frozen=True)
class Anycast:
    """A network with its maximum flow to the exits; make it with `prepare`.

    Attributes
    ----------
    graph : Graph
        Capacities are cut to the sum of the demand, more than which no edge can carry.
    demand, exits : float64 (node,)
        Mbit/s that nodes send, and that may leave at them.
    rest : float64 (arc,), need, room : float64 (node,)
        What the maximum flow leaves of arcs, demand and exits.
    """

    graph: Graph
    demand: F8
    exits: F8
    rest: F8
    need: F8
    room: F8

    @property
    def total_mbps(self) -> float:
        """Traffic that the whole network carries."""
        return float((self.demand - self.need).sum())

    def load_mbps(self) -> F8:
        """Traffic along each edge (against it where negative) in one maximum flow."""
        return np.asarray((self.graph.capacity - self.rest)[::2])

    def cut(self) -> tuple[NDArray[np.bool_], float]:
        """Nodes that reach no exit with room, and the capacity of all that leaves them (the least cut).

        That capacity plus the demand of the other nodes is the maximum flow: the certificate that no more
        can be carried (Ford and Fulkerson 1956).
        """
        level = np.empty(self.demand.size, np.int32)
        g, need = self.graph, self.need.copy()
        _kernels.augment(g.begin, g.out, g.head, self.rest.copy(), need, self.room.copy(), level)
        behind = level < 0
        tail = g.head.reshape(-1, 2)[:, ::-1].ravel()
        leaves = behind[tail] & ~behind[g.head]
        return behind, float(g.capacity[leaves].sum() + self.exits[behind].sum())

    def served(self, *, fair: bool = True) -> F8:
        """Mbit/s of every node: max-min fair in parts of its demand, or any maximum."""
        return np.asarray(self.without([[]], fair=fair)[0], np.float64)

    def without(self, edges: Cases, nodes: Cases | None = None, *, fair: bool = True) -> F4:
        """Mbit/s (case, node) when in each case these edges, and these nodes, are out.

        Parameters
        ----------
        edges, nodes : sequence of sequence of int
            Rows that fail, one sequence a case; a node fails with its edges, its demand and its exit.
        fair : bool
            Shortage is shared max-min fairly in parts of the demand; otherwise in any way that carries the
            maximum (faster, the same total).
        """
        gone = nodes if nodes is not None else [[]] * len(edges)
        if len(gone) != len(edges):
            raise RabtaError("cases of edges and nodes differ in number", value=f"{len(edges)}, {len(gone)}")
        edge_begin, edge = _rows(edges, self.graph.head.size // 2, "edge")
        node_begin, node = _rows(gone, self.demand.size, "node")
        out = np.zeros((len(edges), self.demand.size), np.float32)
        g = self.graph
        each_part(
            _kernels.without, len(edges), g.begin, g.out, g.head, g.capacity, self.demand, self.exits,
            self.rest, self.need, self.room, fair, edge_begin, edge, node_begin, node, out,
        )  # fmt: skip
        return out


def _rows(cases: Cases, count: int, what: str) -> tuple[NDArray[np.int64], I4]:
    begin = np.zeros(len(cases) + 1, np.int64)
    np.cumsum([len(case) for case in cases], out=begin[1:])
    flat = np.fromiter((row for case in cases for row in case), np.int64, int(begin[-1]))
    wrong = flat[(flat < 0) | (flat >= count)]
    if wrong.size:
        raise RabtaError(f"no such {what}", value=int(wrong[0]), expected=f"0 to {count - 1}")
    return begin, flat.astype(np.int32)


def prepare(demand: ArrayLike, ends: ArrayLike, capacity: ArrayLike, exits: ArrayLike) -> Anycast:
    """Maximum flow from the nodes that ask to any exit.

    Parameters
    ----------
    demand, exits : float (node,)
        Mbit/s that each node wants to send, and that may leave the network at it (0 at most nodes, inf
        where there is no limit).
    ends, capacity
        As for `graph`.

    Examples
    --------
    Two towns behind one span of 30 Mbit/s, and a third beside the exit:

    >>> net = prepare([40, 20, 10, 0], [[0, 1], [1, 3], [2, 3]], [100, 30, 100], [0, 0, 0, np.inf])
    >>> net.served().tolist()
    [20.0, 10.0, 10.0, 0.0]
    >>> net.without([[2], [0]]).tolist()
    [[20.0, 10.0, 0.0, 0.0], [0.0, 20.0, 10.0, 0.0]]
    """
    wants, leaves = (np.ascontiguousarray(x, np.float64) for x in (demand, exits))
    if wants.size != leaves.size:
        raise RabtaError("demand and exits differ in number", value=f"{wants.size}, {leaves.size}")
    _check("demand", "node", wants)
    _check("exit", "node", leaves)
    if not np.isfinite(wants).all():
        raise RabtaError("demand must be finite", key=f"node {np.flatnonzero(~np.isfinite(wants))[0]}")
    total = float(wants.sum())
    whole = graph(wants.size, ends, capacity)
    g = Graph(whole.begin, whole.out, whole.head, np.minimum(whole.capacity, total))
    leaves = np.minimum(leaves, total)
    rest, need, room = g.capacity.copy(), wants.copy(), leaves.copy()
    _kernels.augment(g.begin, g.out, g.head, rest, need, room, np.empty(wants.size, np.int32))
    return Anycast(g, wants, leaves, rest, need, room)


def served(demand: ArrayLike, ends: ArrayLike, capacity: ArrayLike, exits: ArrayLike) -> F8:
    """Mbit/s of every node, max-min fair in parts of its demand; arguments as for `prepare`."""
    return prepare(demand, ends, capacity, exits).served()
