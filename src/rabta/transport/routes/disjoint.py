"""Several ways between two ends that share no satellite and no ground node, of the least total length.

Suurballe (1974), as `rabta.space.network.disjoint`, over the joined graph. A transparent satellite counts
once for going up and once for coming down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.transport.routes.graph import F8, I4, SHORTEST_M, U1, Graph
from rabta.transport.routes.search import ALL, ALL_LIT, GRAZING_M, Views, look

I8 = NDArray[np.int64]


def disjoint_ways(
    graph: Graph, position_m: F8, a: int, b: int, count: int, *, mode: int = ALL, views: Views | None = None
) -> list[tuple[float, list[int]]]:
    """At most so many ways between two ends at one instant, as metres of light and nodes, shortest first.

    Parameters
    ----------
    position_m : ndarray, shape (satellite, 3)
        Earth-fixed.
    views : Views, optional
        Of one step.

    Notes
    -----
    The total length is the least of all such sets, so the first need not be the shortest way. Fewer come
    back where there are no more.
    """
    if count < 1 or a == b or not (0 <= a < graph.ends and 0 <= b < graph.ends):
        expected = f"two different ends below {graph.ends}, and at least one way"
        raise RabtaError("no ways to look for", key="disjoint", value=f"{a} {b} {count}", expected=expected)
    views = look(graph, position_m[None]) if views is None else views
    return _ways(graph, snapshot(graph, position_m, views, mode), a, b, count)


@dataclass(frozen=True)
class Snapshot:
    """All arcs of an instant: starts of each node's arcs, far ends, lengths, and the real node of each node.

    Nodes past those of the graph are transparent satellites on the way down.
    """

    begin: I4
    target: I4
    length: F8
    real: I8

    def metres(self, tail: int, head: int) -> float:
        """Length of the arc between two nodes."""
        first = int(self.begin[tail])
        return float(self.length[first + np.searchsorted(self.target[first : self.begin[tail + 1]], head)])


def _ways(graph: Graph, arcs: Snapshot, a: int, b: int, count: int) -> list[tuple[float, list[int]]]:
    from rabta.transport.routes._kernels import disjoint

    nodes = len(arcs.begin) - 1
    ends = graph.network.size + graph.sites.node[: graph.ends]
    shut = np.zeros(nodes, dtype=np.uint8)
    shut[ends] = 1
    follow, firsts = np.empty(nodes, dtype=np.int32), np.full(count, -1, dtype=np.int32)
    source, sink = int(ends[a]), int(ends[b])
    found = disjoint(arcs.begin, arcs.target, arcs.length, shut, source, sink, follow, firsts)
    return sorted(_way(int(first), follow, arcs, source, sink) for first in firsts[:found])


def _way(node: int, follow: I4, arcs: Snapshot, source: int, sink: int) -> tuple[float, list[int]]:
    metres, way = arcs.metres(source, node), [source]
    while node != sink:
        way.append(int(arcs.real[node]))
        metres += arcs.metres(node, int(follow[node]))
        node = int(follow[node])
    return metres, [*way, sink]


def snapshot(
    graph: Graph, position: F8, views: Views, mode: int = ALL, step: int = 0, lit: U1 = ALL_LIT[0]
) -> Snapshot:
    """All arcs of an instant; of several between two nodes the shortest. ``lit`` as of `search.ways`."""
    clear = np.flatnonzero(graph.transparent)
    down = np.full(graph.network.size, -1, dtype=np.int64)
    down[clear] = graph.size + np.arange(clear.size)
    parts = [_lasers(graph, position, lit), *_radio(graph, views, down), _wires(graph, mode, step)]
    tail, head, metres = (np.concatenate([part[i] for part in parts]) for i in range(3))
    keep = np.isfinite(metres)
    order = np.lexsort((metres[keep], head[keep], tail[keep]))
    tail, head, metres = (array[keep][order] for array in (tail, head, metres))
    once = np.append(True, (np.diff(tail) != 0) | (np.diff(head) != 0)) if tail.size else np.zeros(0, bool)
    tail, head, metres = tail[once], head[once], metres[once]
    begin = np.searchsorted(tail, np.arange(graph.size + clear.size + 1)).astype(np.int32)
    return Snapshot(begin, head.astype(np.int32), metres, np.concatenate([np.arange(graph.size), clear]))


def _lasers(graph: Graph, position: F8, lit: U1 = ALL_LIT[0]) -> tuple[I8, I8, F8]:
    begin, target, _ = graph.network.arcs
    tail = np.repeat(np.arange(graph.network.size), np.diff(begin))
    here, way = position[tail], position[target] - position[tail]
    square, along = (way**2).sum(axis=1), -(here * way).sum(axis=1)
    foot = (here**2).sum(axis=1) - along**2 / np.maximum(square, 1e-9)
    low = (along > 0.0) & (along < square) & (foot < GRAZING_M**2)
    metres = np.where(low | ~np.isfinite(square), np.inf, np.maximum(np.sqrt(square), SHORTEST_M))
    if lit.size:
        metres = np.where(lit != 0, metres, np.inf)
    if graph.waiting().laser.size:
        metres = metres + graph.waiting().laser
    return tail.astype(np.int64), target.astype(np.int64), metres


def _radio(graph: Graph, views: Views, down: I8) -> list[tuple[I8, I8, F8]]:
    """Ground links of ends and relays; users go up to a transparent satellite, relays up to its way down."""
    first, waits, out = graph.network.size, graph.waiting(), []
    for s in range(len(graph.sites)):
        count = int(views.count[0, s])
        seen = views.seen[0, s, :count].astype(np.int64)
        metres = views.range_m[0, s, :count] + waits.satellite[seen] + waits.site[s]
        node = np.full(count, first + int(graph.sites.node[s]), dtype=np.int64)
        clear, user = graph.transparent[seen] != 0, s < graph.ends
        falling = np.where(clear, down[seen], seen)
        rising, landing = (seen, falling) if user else (falling, seen)
        out += [(node, rising, metres), (landing, node, metres)]
    return out


def _wires(graph: Graph, mode: int, step: int) -> tuple[I8, I8, F8]:
    ground, first = graph.ground, graph.network.size
    tail = first + np.repeat(np.arange(len(ground)), np.diff(ground.begin)).astype(np.int64)
    metres = ground.metres[min(step, len(ground.metres) - 1)]
    metres = metres if mode == ALL else np.where(ground.space != 0, metres, np.inf)
    return tail, first + ground.target.astype(np.int64), metres


def backups(
    graph: Graph, position: F8, views: Views, count: int, step: int = 0, lit: U1 = ALL_LIT[0]
) -> tuple[NDArray[np.int8], F8]:
    """How many ways between every two ends share no node, and metres of the longest; at most so many.

    Metres are infinite where there is one way only. ``step`` is that of the ground's own lengths, ``lit``
    that of `search.ways` at the instant.
    """
    found = np.zeros((graph.ends, graph.ends), dtype=np.int8)
    metres = np.full((graph.ends, graph.ends), np.inf)
    arcs = snapshot(graph, position, views, ALL, step, lit)
    for a in range(graph.ends):
        for b in range(a + 1, graph.ends):
            ways = _ways(graph, arcs, a, b, count)
            found[a, b] = found[b, a] = len(ways)
            if len(ways) > 1:
                metres[a, b] = metres[b, a] = ways[-1][0]
    return found, metres
