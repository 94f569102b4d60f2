"""The network as the failure kernels see it: whole kbit/s, exits to content at home and abroad.

Every node's busy-hour demand wants an exit. Exchanges are exits to content at home (caches, exchange points,
national services) and together give at most the home share of the nation's demand; nodes abroad give the
rest. A Mbit/s from either counts the same for whoever gets it: where people have lost the exits of one kind,
those of the other serve them as far as they have room. That is the largest traffic that any routing could
carry. Traffic leaves the country over its cables and does not come back in over another one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError

if TYPE_CHECKING:
    import pandas as pd

B1 = NDArray[np.bool_]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

UNIT_MBPS = 1e-3
ENDLESS = np.int64(1) << 60
HOME, ABROAD = "exchange", "abroad"  # kinds of nodes that are exits
IN_SERVICE = ("operating", "modelled")
FEEDER = "feeder"
KEYS_NODES = ("name", "kind", "people", "demand_mbps")
KEYS_SPANS = ("name", "kind", "from_node", "to_node", "capacity_mbps", "delay_ms", "status")


@dataclass(frozen=True)
class Network:
    """Nodes, then the exits home and abroad, then the sink; spans, then the edges to exits and the sink.

    Attributes
    ----------
    ends : int64 (2, edge)
        Tail and head; an edge may carry both ways.
    limit : int64 (2, edge)
        Capacity along the edge and against it (units of `unit_mbps`).
    demand : int64 (node,)
        Units; 0 at exits and sink.
    people : float64 (node,)
    delay_ms : float64 (edge,)
        One way; 0 to exits and sink.
    begin : int64 (node + 1,), steps : int64 (2, arc)
        Arcs of node ``v`` are ``steps[0, begin[v]:begin[v + 1]]`` and lead to ``steps[1]``; arc ``2 e``
        follows edge ``e``, arc ``2 e + 1`` goes against it.
    nodes, spans : int
        Real nodes and spans; the others follow.
    abroad : bool (node,)
    unit_mbps : float
    """

    ends: I8
    limit: I8
    demand: I8
    people: F8
    delay_ms: F8
    begin: I8
    steps: I8
    nodes: int
    spans: int
    abroad: B1
    unit_mbps: float

    @property
    def tail(self) -> I8:
        """Nodes at which edges begin."""
        return np.asarray(self.ends[0])

    @property
    def head(self) -> I8:
        """Nodes at which edges end."""
        return np.asarray(self.ends[1])

    @property
    def home_exit(self) -> int:
        """Node of content at home."""
        return self.nodes

    @property
    def abroad_exit(self) -> int:
        """Node of content abroad."""
        return self.nodes + 1

    @property
    def sink(self) -> int:
        """Node where all traffic ends."""
        return self.nodes + 2

    @property
    def demand_mbps(self) -> float:
        """National demand as the kernels count it."""
        return float(self.demand.sum()) * self.unit_mbps

    def edges_of(self, node: int) -> I8:
        """Edges that end at a node."""
        return np.sort(self.steps[0, self.begin[node] : self.begin[node + 1]] >> 1)

    def ways(self, goal: int) -> F8:
        """Delay of every edge on the way to one kind of exit (ms); infinite where it does not lead there."""
        blocked = (self.head == self.sink) | (self.head == self.home_exit + self.abroad_exit - goal)
        if goal == self.home_exit:
            blocked |= self.abroad[self.tail] | self.abroad[self.head]
        blocked |= (self.limit.max(axis=0) <= 0) & (np.arange(self.tail.size) < self.spans)
        return np.where(blocked, np.inf, self.delay_ms)


def network(
    nodes: pd.DataFrame,
    spans: pd.DataFrame,
    home_share: float,
    unit_mbps: float = UNIT_MBPS,
    hubs: Collection[str] | None = None,
) -> Network:
    """Network of the tables ``nodes`` and ``spans``.

    Parameters
    ----------
    home_share : float
        Share of the nation's demand that exchanges can serve from content at home, 0 to 1.
    unit_mbps : float
        Everything is rounded to whole multiples of it.
    hubs : collection of str, optional
        Names of the nodes abroad where traffic has arrived; cables only pass the others. All if left out.

    Raises
    ------
    RabtaError
        Where a span ends at no node, or a number is negative or not finite.
    """
    check(nodes, spans)
    count, lines = len(nodes), len(spans)
    kind = nodes["kind"].to_numpy(str)
    arrived = (kind == ABROAD) & (nodes["name"].isin(hubs).to_numpy(bool) if hubs is not None else True)
    home, abroad = np.flatnonzero(kind == HOME), np.flatnonzero(arrived)
    outside = np.append(kind == ABROAD, [False] * 3)
    tail, head = (spans[end].to_numpy(np.int64) for end in ("from_node", "to_node"))
    turned = outside[tail] & ~outside[head]
    tail, head = np.where(turned, head, tail), np.where(turned, tail, head)
    carries = spans["status"].isin(IN_SERVICE) | (spans["kind"] == FEEDER)  # planned gateways are counted on
    units = np.where(carries, spans["capacity_mbps"].to_numpy(np.float64), 0.0)
    along = np.rint(units / unit_mbps).astype(np.int64)
    back = np.where(outside[head] & ~outside[tail], 0, along)  # none comes back in
    demand = np.rint(nodes["demand_mbps"].to_numpy(np.float64) / unit_mbps).astype(np.int64)
    at_home = np.int64(round(float(demand.sum()) * home_share))
    tails = np.concatenate([tail, home, abroad, [count, count + 1]])
    heads = np.concatenate(
        [head, np.full(home.size, count), np.full(abroad.size, count + 1), [count + 2] * 2]
    )
    exits = np.concatenate([np.full(home.size + abroad.size, ENDLESS), [at_home, demand.sum() - at_home]])
    limit = np.stack([np.append(along, exits), np.append(back, np.zeros_like(exits))]).astype(np.int64)
    delay = np.append(spans["delay_ms"].to_numpy(np.float64), np.zeros(exits.size))
    return Network(
        np.stack([tails, heads]),
        np.ascontiguousarray(limit),
        np.append(demand, [0, 0, 0]),
        np.append(nodes["people"].to_numpy(np.float64), [0.0] * 3),
        delay,
        *adjacency(tails, heads, count + 3),
        nodes=count,
        spans=lines,
        abroad=outside,
        unit_mbps=unit_mbps,
    )


def adjacency(tail: I8, head: I8, nodes: int) -> tuple[I8, I8]:
    """Arcs by the node that they leave, and where they lead.

    Examples
    --------
    >>> begin, steps = adjacency(np.array([0, 1]), np.array([1, 2]), 3)
    >>> begin.tolist(), steps.tolist()
    ([0, 1, 3, 4], [[0, 1, 2, 3], [1, 0, 2, 1]])
    """
    leaves = np.stack([tail, head], axis=1).ravel()
    leads = np.stack([head, tail], axis=1).ravel()
    arcs = np.argsort(leaves, kind="stable").astype(np.int64)
    begin = np.append(0, np.cumsum(np.bincount(leaves, minlength=nodes))).astype(np.int64)
    return begin, np.stack([arcs, leads[arcs]])


def check(nodes: pd.DataFrame, spans: pd.DataFrame) -> None:
    """Refuse tables that make no network, by name and row."""
    for table, frame, keys in (("nodes", nodes, KEYS_NODES), ("spans", spans, KEYS_SPANS)):
        for key in keys:
            if key not in frame:
                raise RabtaError(f"table {table} lacks a column", key=key)
    for end in ("from_node", "to_node"):
        row = spans[end].to_numpy(np.int64)
        wrong = np.flatnonzero((row < 0) | (row >= len(nodes)))
        if wrong.size:
            raise RabtaError(
                "a span ends at no node",
                key=f"spans.{end}",
                value=f"{spans['name'].iloc[wrong[0]]}: {row[wrong[0]]}",
                expected=f"a row of the nodes table, 0 to {len(nodes) - 1}",
            )
    for frame, key in (
        (nodes, "people"),
        (nodes, "demand_mbps"),
        (spans, "capacity_mbps"),
        (spans, "delay_ms"),
    ):
        value = frame[key].to_numpy(np.float64)
        wrong = np.flatnonzero(~(np.isfinite(value) & (value >= 0.0)))
        if wrong.size:
            raise RabtaError(
                "not a number of zero or more",
                key=key,
                value=f"{frame['name'].iloc[wrong[0]]}: {value[wrong[0]]}",
                expected="a finite number",
            )
