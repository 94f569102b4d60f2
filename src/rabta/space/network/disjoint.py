"""Several ways between two sites that share no satellite, of the least total length."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field

from rabta.errors import RabtaError
from rabta.space.network.geometry import Scene
from rabta.space.network.topology import Network


@dataclass
class _Flow:
    """Arcs of unit capacity in pairs, the second the way back; ``first`` has each node's arcs."""

    first: list[list[int]]
    target: list[int] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    free: list[bool] = field(default_factory=list)

    def add(self, source: int, target: int, cost: float) -> None:
        """Add an arc, and its way back, which is not yet free."""
        for node, other, price, free in ((source, target, cost, True), (target, source, -cost, False)):
            self.first[node].append(len(self.target))
            self.target.append(other)
            self.cost.append(price)
            self.free.append(free)


def disjoint_paths(
    network: Network, view: Scene, step: int, site: int, goal: int, count: int
) -> list[tuple[float, list[int]]]:
    """At most so many ways from a site to a goal that share no satellite, as length in metres and satellites.

    Their total length is the least of all such sets, so the first need not be the shortest way: that one may
    block the others. Fewer come back where there are no more.

    Source: Suurballe, "Disjoint paths in a network", Networks 4 (1974) 125-145: one unit of flow after the
    other along the shortest way in the residual graph, with lengths reduced by the distances before. Of
    equal distances the node of the lower number is taken first.
    """
    if count < 1 or site == goal:
        expected = "two sites, and at least one way"
        raise RabtaError("no ways to look for", key="count", value=count, expected=expected)
    flow, source, sink = _graph(network, view, step, site, goal)
    height = [0.0] * len(flow.first)
    for _ in range(count):
        if not _augment(flow, source, sink, height):
            break
    ways = [_follow(flow, arc, sink) for arc in flow.first[source] if arc % 2 == 0 and not flow.free[arc]]
    return sorted(ways)


def _graph(network: Network, view: Scene, step: int, site: int, goal: int) -> tuple[_Flow, int, int]:
    """Every satellite as an entrance ``2 v`` and an exit ``2 v + 1``, so that one way passes it."""
    begin, target, _ = network.arcs
    source, sink = 2 * network.size, 2 * network.size + 1
    flow = _Flow([[] for _ in range(sink + 1)])
    for v in range(network.size):
        flow.add(2 * v, 2 * v + 1, 0.0)
        for arc in range(begin[v], begin[v + 1]):
            if math.isfinite(view.length_m[step, arc]):
                flow.add(2 * v + 1, 2 * int(target[arc]), float(view.length_m[step, arc]))
    for j in range(view.count[step, site]):
        flow.add(source, 2 * int(view.seen[step, site, j]), float(view.range_m[step, site, j]))
    for j in range(view.count[step, goal]):
        flow.add(2 * int(view.seen[step, goal, j]) + 1, sink, float(view.range_m[step, goal, j]))
    return flow, source, sink


def _augment(flow: _Flow, source: int, sink: int, height: list[float]) -> bool:
    """Send one unit along the shortest residual way; False where there is none."""
    dist, by = [math.inf] * len(height), [-1] * len(height)
    dist[source] = 0.0
    heap, done = [(0.0, source)], [False] * len(height)
    while heap:
        far, node = heapq.heappop(heap)
        if done[node]:
            continue
        done[node] = True
        for arc in flow.first[node]:
            other = flow.target[arc]
            if flow.free[arc] and not done[other]:
                # rounding may put a tight arc a hair below zero
                reach = far + max(flow.cost[arc] + height[node] - height[other], 0.0)
                if reach < dist[other]:
                    dist[other], by[other] = reach, arc
                    heapq.heappush(heap, (reach, other))
    if not done[sink]:
        return False
    for node, far in enumerate(dist):
        height[node] += min(far, dist[sink])
    node = sink
    while node != source:
        arc = by[node]
        flow.free[arc], flow.free[arc ^ 1] = False, True
        node = flow.target[arc ^ 1]
    return True


def _follow(flow: _Flow, arc: int, sink: int) -> tuple[float, list[int]]:
    """Length and satellites of the way that a used arc begins."""
    metres, way = flow.cost[arc], []
    node = flow.target[arc]
    while node != sink:
        if node % 2 == 0:
            way.append(node // 2)
        arc = next(a for a in flow.first[node] if a % 2 == 0 and not flow.free[a])
        metres += flow.cost[arc]
        node = flow.target[arc]
    return metres, way
