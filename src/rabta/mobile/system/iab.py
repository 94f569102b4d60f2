"""Relays: backhaul over the same radio in several hops (integrated access and backhaul), and repeaters.

A node takes its users' traffic and that of the nodes behind it from its parent; 0 is the donor. A hop of c
Mbit/s that carries x is busy x / c of the time. Rates of hops are those of the hop alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

MODES = ("half-duplex", "full-duplex", "one-at-a-time")


@dataclass(frozen=True)
class Tree:
    """Nodes of a backhaul tree.

    Attributes
    ----------
    parent : (node,) int array
        -1 for the donor, which is node 0; a parent has a lower number.
    hop_mbps : (node,) array
        From the parent to each node; of the donor ignored (its way is fibre).
    access_mbps : (node,) array
        To the node's own users.
    """

    parent: Indices
    hop_mbps: Array
    access_mbps: Array

    def __post_init__(self) -> None:
        count = len(self.parent)
        fits = self.hop_mbps.shape == self.access_mbps.shape == (count,)
        if not fits or count == 0 or self.parent[0] != -1:
            raise RabtaError(
                "no backhaul tree", key="parent", value=self.parent.tolist(),
                expected="-1 for the donor first, then parents; one hop and access rate each",
            )  # fmt: skip
        wrong = np.flatnonzero((self.parent[1:] < 0) | (self.parent[1:] >= np.arange(1, count))) + 1
        if wrong.size:
            raise RabtaError(
                "a relay whose parent does not come before it", key="parent",
                value=int(self.parent[wrong[0]]), expected=f"0 to {wrong[0] - 1} for node {wrong[0]}",
            )  # fmt: skip
        check_range("hop_mbps", self.hop_mbps[1:], 1e-9, 1e9, "a hop")
        check_range("access_mbps", self.access_mbps, 1e-9, 1e9, "access")

    @property
    def hops(self) -> Indices:
        """Hops from the donor to each node."""
        depth = np.zeros(len(self.parent), dtype=np.int64)
        for k in range(1, len(depth)):
            depth[k] = depth[self.parent[k]] + 1
        return depth


def tree(parent: ArrayLike, hop_mbps: ArrayLike, access_mbps: ArrayLike) -> Tree:
    """A tree from lists; single rates hold for all nodes.

    Examples
    --------
    >>> tree([-1, 0, 1], 100.0, 100.0).hops.tolist()
    [0, 1, 2]
    """
    up = np.atleast_1d(np.asarray(parent, dtype=np.int64))
    rates = [np.array(np.broadcast_to(np.asarray(v, np.float64), up.shape)) for v in (hop_mbps, access_mbps)]
    return Tree(up, *rates)


def grow(link_mbps: ArrayLike) -> tuple[Tree, Indices]:
    """The tree by which every node's bits need the least time from the donor, and its nodes' order.

    Parameters
    ----------
    link_mbps : (node, node) array_like
        Rate from each node to each other one, nought where there is none; node 0 is the donor. The diagonal
        is the rate to a node's own users.

    Returns
    -------
    Tree, (node,) int array
        Nodes in the order in which the tree has them; every parent comes before its children.

    Raises
    ------
    RabtaError
        A node that no way reaches.

    Notes
    -----
    Dijkstra over seconds a megabit, 1 / rate: in half duplex a tree of least air time.
    """
    rate = np.array(link_mbps, dtype=np.float64)
    if rate.ndim != 2 or rate.shape[0] != rate.shape[1] or not len(rate):
        raise RabtaError("links do not fit", key="link_mbps", value=rate.shape, expected="(nodes, nodes)")
    check_range("link_mbps", rate, 0.0, 1e9, "a link")
    count = len(rate)
    cost, parent = np.full(count, np.inf), np.full(count, -1, dtype=np.int64)
    cost[0], order, open_ = 0.0, [], np.ones(count, dtype=bool)
    for _ in range(count):
        node = int(np.argmin(np.where(open_, cost, np.inf)))
        if not open_[node] or np.isinf(cost[node]):
            lost = int(np.flatnonzero(open_)[0])
            raise RabtaError(
                "a node that no way reaches", key="node", value=lost, expected="a link from some node"
            )
        open_[node] = False
        order.append(node)
        with np.errstate(divide="ignore"):
            way = cost[node] + 1.0 / rate[node]
        nearer = open_ & (way < cost)
        cost, parent = np.where(nearer, way, cost), np.where(nearer, node, parent)
    kept = np.array(order, dtype=np.int64)
    place = np.empty(count, dtype=np.int64)
    place[kept] = np.arange(count)
    up = np.where(parent[kept] < 0, -1, place[parent[kept]])
    hop = np.where(up < 0, 1.0, rate[parent[kept], kept])
    return tree(up, hop, np.diag(rate)[kept]), kept


def busy(found: Tree, mode: str = "half-duplex", *, shared: bool = True) -> Array:
    """What a Mbit/s to each node's users takes of each resource's time, shape (resource, node).

    Parameters
    ----------
    mode : {"half-duplex", "full-duplex", "one-at-a-time"}
        A node either receives or sends; does both at once; or of the whole tree one hop at a time is on,
        since they disturb each other.
    shared : bool
        Access has its part of the backhaul's time (in band); else its own spectrum (out of band).

    Notes
    -----
    In half duplex the resources are the nodes: hop in, hops out and access in band add up to at most 1.
    On a tree that is also enough: its conflict graph is that of edges of a bipartite graph, whose fractional
    edge colouring needs no more than the busiest node (Koenig 1916; Hajek and Sasaki, IEEE Trans. Inf.
    Theory 34 (1988) 910).
    """
    if mode not in MODES:
        raise RabtaError("no such way of relaying", key="mode", value=mode, expected=nearest(mode, MODES))
    count = len(found.parent)
    way = np.zeros((count, count))  # hop, node: 1 where the node's traffic takes the hop
    for node in range(count):
        at = node
        while at > 0:
            way[at, node] = 1.0
            at = int(found.parent[at])
    hop = way.copy()
    hop[1:] /= found.hop_mbps[1:, None]
    access = np.diag(1.0 / found.access_mbps)
    out = np.zeros((count, count))
    for node in range(1, count):
        out[found.parent[node]] += hop[node]
    if mode == "one-at-a-time":
        rows = [hop.sum(axis=0) + (access.sum(axis=0) if shared else 0.0)]
    elif mode == "half-duplex":
        rows = list(hop + out + (access if shared else 0.0))
    else:
        rows = [*hop[1:], *(out + (access if shared else 0.0))]
    return np.array(rows if shared else [*rows, *access])


def scale(found: Tree, demand_mbps: ArrayLike, mode: str = "half-duplex", *, shared: bool = True) -> float:
    """Greatest factor by which all demands can be carried at once.

    Examples
    --------
    Two hops of 100 Mbit/s, users at the end only: each Mbit/s is sent twice by or to the relay.

    >>> round(scale(tree([-1, 0], 100.0, 100.0), [0.0, 1.0]), 6)
    50.0
    """
    want = np.asarray(demand_mbps, dtype=np.float64)
    if want.shape != found.parent.shape:
        raise RabtaError(
            "demand does not fit", key="demand_mbps", value=want.shape, expected=f"({len(found.parent)},)"
        )
    check_range("demand_mbps", want, 0.0, 1e9, "a demand")
    load = float((busy(found, mode, shared=shared) @ want).max())
    return 1.0 / load if load > 0.0 else float("inf")


def fair_mbps(
    found: Tree,
    users: ArrayLike,
    mode: str = "half-duplex",
    *,
    shared: bool = True,
    demand_mbps: ArrayLike = np.inf,
) -> Array:
    """Max-min fair rates of each node's users, by filling up: nobody gains but from one with no more.

    Parameters
    ----------
    users : (node,) array_like
        Users at each node, nought for a node that only relays.
    demand_mbps : (node,) array_like
        That a user asks for at most.

    Returns
    -------
    (node,) array
        Rate of each user there; nought without users.
    """
    count = np.asarray(users, dtype=np.float64)
    cost = busy(found, mode, shared=shared) * count
    rate, left = np.zeros(len(count)), np.ones(len(cost))
    limit = np.broadcast_to(np.asarray(demand_mbps, dtype=np.float64), count.shape)
    grows = count > 0.0
    while grows.any():
        slope = cost[:, grows].sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            room = np.where(slope > 0.0, left / slope, np.inf)
        step = min(float(room.min()), float((limit - rate)[grows].min()))
        rate[grows] += step
        left = np.maximum(left - step * slope, 0.0)
        full = (slope > 0.0) & (room <= step * (1.0 + 1e-12))
        grows = grows & (rate < limit * (1.0 - 1e-12)) & ~(cost[full] > 0.0).any(axis=0)
    return rate


def repeated_db(first_db: ArrayLike, second_db: ArrayLike) -> Array:
    """Ratio behind a repeater that amplifies signal and noise: a b / (a + b + 1).

    Laneman, Tse and Wornell, IEEE Trans. Inf. Theory 50 (2004) 3062, equation 12, of the relayed way.

    Examples
    --------
    >>> repeated_db(20.0, 20.0).round(2).tolist()
    16.97
    """
    a = 10.0 ** (np.asarray(first_db, dtype=np.float64) / 10.0)
    b = 10.0 ** (np.asarray(second_db, dtype=np.float64) / 10.0)
    return np.asarray(10.0 * np.log10(a * b / (a + b + 1.0)))
