"""Shortest ways between all ends at every step, over satellites alone and over satellites and ground.

A search goes outwards from one end (Dijkstra with a binary heap) and leaves out nodes from which no other
end can be reached within the best length known so far: the straight line is a lower bound of what is to
come. That bound, guessed from the step before and widened until the end is found, changes what is looked at
and never what is found, so that steps can be computed in any spans and on any number of threads.

Of ways of equal length the next hop of the lower row is taken.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rabta import jit
from rabta.errors import RabtaError
from rabta.space.network.geometry import correct
from rabta.space.network.gso import arc_table, avoidance_table, separation_deg
from rabta.transport.latency import ALLOWANCE_MS
from rabta.transport.routes.graph import AZIMUTHS, F8, FLAT_DEG, I4, SHORTEST_M, Graph, site_arrays
from rabta.units import SPEED_OF_LIGHT_M_S

U8 = NDArray[np.uint64]
SPACE, ALL = 0, 1  # over satellites alone, over everything
WIDTH = 96  # satellites in view for which there is room at first
LONGEST = 96  # nodes of a kept way for which there is room at first
GRAZING_M = correct().grazing_m  # distance from the Earth's centre that laser links keep
DIRECT = -1
METRES_PER_MS = SPEED_OF_LIGHT_M_S / 2e3  # of light one way, for a round trip
ALL_LIT = np.zeros((1, 0), dtype=np.uint8)


@dataclass(frozen=True)
class Views:
    """Satellites in view of each site: how many, their rows (rising), their distances."""

    count: I4
    seen: I4
    range_m: F8


@dataclass(frozen=True)
class Found:
    """Shortest ways, by step, mode (`SPACE`, `ALL`) and two ends.

    Attributes
    ----------
    metres : ndarray, shape (time, mode, end, end)
        Metres of light; infinity where there is no way, zero from an end to itself.
    mark : ndarray of uint64, shape (time, mode, end, end)
        The same as long as the way is; 0 where there is none.
    satellites, nodes : ndarray of int32, shape (time, mode, end, end)
        Satellites, and all nodes with both ends, on the way.
    parties : ndarray of uint8, shape (time, mode, end, end, word)
    path : ndarray of int32, shape (time, mode, end, end, place, 2)
        Nodes of the way and how each is left, from the end of the lower row to the other; no places unless
        asked for. Only where the first end is of the higher row.
    """

    metres: F8
    mark: U8
    satellites: I4
    nodes: I4
    parties: NDArray[np.uint8]
    path: I4

    @property
    def rtt_ms(self) -> F8:
        """Round trips in milliseconds, with the allowance of `rabta.transport.latency`."""
        return round_trip_ms(self.metres)

    def way(self, step: int, mode: int, a: int, b: int) -> list[int]:
        """Nodes from the end of the lower row to that of the higher; empty where there is no way."""
        goal, end = max(a, b), min(a, b)
        count = int(self.nodes[step, mode, goal, end])
        return [int(v) for v in self.path[step, mode, goal, end, :count, 0]]

    def links(self, step: int, mode: int, a: int, b: int) -> list[int]:
        """How each node of `way` is left: a ground arc, or -1 by radio or laser."""
        goal, end = max(a, b), min(a, b)
        count = int(self.nodes[step, mode, goal, end])
        return [int(v) for v in self.path[step, mode, goal, end, :count, 1]]


def round_trip_ms(metres: F8) -> F8:
    """Round trip of ways in metres of light; nothing is added between an end and itself.

    Examples
    --------
    >>> round(float(round_trip_ms(np.array(1.1e6))), 2)  # straight up to 550 km and down again
    7.34
    """
    return np.asarray(metres / METRES_PER_MS + np.where(metres > 0.0, ALLOWANCE_MS, 0.0))


def look(graph: Graph, position_m: F8) -> Views:
    """Satellites in view of every site, as far from the geostationary arc as the network keeps.

    Parameters
    ----------
    position_m : ndarray, shape (time, satellite, 3)
        Earth-fixed; NaN for a satellite without a place.
    """
    from rabta.transport.routes._kernels import look as kernel

    sites, steps = graph.sites, len(position_m)
    place, axes = site_arrays(sites)
    arc = np.stack([arc_table(*pair) for pair in zip(place, axes[:, :, 2], strict=True)])
    width = WIDTH
    while True:
        made = Views(
            np.zeros((steps, len(sites)), dtype=np.int32),
            np.zeros((steps, len(sites), width), dtype=np.int32),
            np.zeros((steps, len(sites), width)),
        )
        jit.each_part(
            kernel, steps, position_m, graph.network.system, place, axes,
            np.sin(np.radians(sites.least_deg)), sites.kind, sites.allowed, sites.horizon_deg, arc,
            avoidance_table(_kept_deg(graph), graph.network.size), made.count, made.seen, made.range_m,
        )  # fmt: skip
        most = int(made.count.max(initial=0))
        if most <= width:
            return made
        width = most + 32


def _kept_deg(graph: Graph) -> F8:
    """Angle to the geostationary arc that links to each satellite keep."""
    kept = graph.network.gso_avoidance_deg
    return np.zeros(graph.network.size) if kept is None else kept


def ways(
    graph: Graph,
    position_m: F8,
    views: Views | None = None,
    *,
    modes: tuple[bool, bool] = (True, True),
    paths: bool = False,
    bound_m: F8 | None = None,
    lit: NDArray[np.uint8] = ALL_LIT,
) -> Found:
    """Shortest ways at every step.

    Parameters
    ----------
    position_m : ndarray, shape (time, satellite, 3)
        Earth-fixed.
    modes : tuple of bool
        Whether to look over satellites alone, and over everything.
    paths : bool
        Whether to keep the ways themselves.
    bound_m : ndarray, shape (end, end), optional
        Lengths that are known not to be less than the best, such as those over the ground alone.
    lit : ndarray of uint8, shape (time, arc), optional
        0 where a laser is off; by the arcs of the network.
    """
    from rabta.transport.routes._kernels import ways as kernel

    check(graph, position_m)
    position_m = np.ascontiguousarray(position_m, dtype=np.float64)
    views = look(graph, position_m) if views is None else views
    begin, target, _ = graph.network.arcs
    sites, ground, waits = graph.sites, graph.ground, graph.waiting()
    bound = np.full((graph.ends, graph.ends), np.inf) if bound_m is None else bound_m
    bits, ground_bits = _words(graph)
    longest = LONGEST if paths else 0
    while True:
        made, hops = _empty(len(position_m), graph.ends, bits.shape[1], longest)
        jit.each_part(
            kernel, len(position_m), position_m, begin, target, lit, graph.transparent, GRAZING_M,
            sites.node + np.int32(graph.network.size), graph.ends, views.count, views.seen, views.range_m,
            ground.position_m, ground.begin, ground.target, ground.metres, ground.space, site_of(graph),
            waits.satellite, waits.site, waits.laser, np.ascontiguousarray(bound),
            np.array(modes, dtype=np.uint8), bits, ground_bits, made.metres, made.mark, hops, made.parties,
            made.path,
        )  # fmt: skip
        if not paths or int(hops[..., 1].max(initial=0)) <= longest:
            return _whole(made, hops)
        longest = int(hops[..., 1].max()) + 32


def check(graph: Graph, position_m: F8) -> None:
    """Refuse what has no answer: fewer than two ends, no steps, places of other satellites."""
    if graph.ends < 2 or not len(position_m):
        raise RabtaError(
            "no ways to look for",
            key="routes",
            value=f"{graph.ends} ends, {len(position_m)} steps",
            expected="two ends at least, and a step",
        )
    if position_m.shape[1:] != (graph.network.size, 3):
        raise RabtaError(
            "places of other satellites than the network's",
            value=position_m.shape,
            expected=f"steps x {graph.network.size} x 3",
        )


def _words(graph: Graph) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    if graph.bits.size:
        return graph.bits, graph.ground_bits
    return np.zeros((graph.size, 0), np.uint8), np.zeros((len(graph.ground.target), 0), np.uint8)


def site_of(graph: Graph) -> I4:
    """Site of each ground node, -1 for none."""
    out = np.full(len(graph.ground), -1, dtype=np.int32)
    out[graph.sites.node] = np.arange(len(graph.sites), dtype=np.int32)
    return out


def _empty(steps: int, ends: int, words: int, longest: int) -> tuple[Found, I4]:
    shape = (steps, 2, ends, ends)
    metres = np.full(shape, np.inf)
    metres[..., np.arange(ends), np.arange(ends)] = 0.0
    kept = (steps if longest else 1, 2, ends, ends, longest, 2)
    none = np.empty(0, dtype=np.int32)
    made = Found(
        metres, np.zeros(shape, np.uint64), none, none, np.zeros((*shape, words), np.uint8),
        np.full(kept, -1, dtype=np.int32),
    )  # fmt: skip
    return made, np.zeros((*shape, 2), dtype=np.int32)


def _whole(made: Found, hops: I4) -> Found:
    """Both halves of what was found for each pair once."""
    goal, end = np.tril_indices(made.metres.shape[-1], -1)
    for array in (made.metres, made.mark, made.parties, hops):
        array[:, :, end, goal] = array[:, :, goal, end]
    return Found(made.metres, made.mark, hops[..., 0], hops[..., 1], made.parties, made.path)


def over_ground(graph: Graph) -> F8:
    """Metres of light between all ends over the ground alone, shape (end, end); infinity where cut off.

    Radio links of platforms count as they are at the first step.
    """
    ground = graph.ground
    lists: list[list[tuple[int, float]]] = [
        [(int(ground.target[a]), float(ground.metres[0, a])) for a in range(first, last)]
        for first, last in pairwise(ground.begin.tolist())
    ]
    nodes = graph.sites.node[: graph.ends]
    return np.stack([_distances_reference(lists, nodes, goal) for goal in range(graph.ends)])


def described(graph: Graph, nodes: list[int], links: list[int]) -> tuple[int, int, NDArray[np.uint8]]:
    """Mark, satellites and parties of a way, as `Found` has them."""
    bits, ground_bits = _words(graph)
    parties, code = np.zeros(bits.shape[1], dtype=np.uint8), 14_695_981_039_346_656_037
    for node, link in zip(nodes, links, strict=True):
        code = ((code ^ node) * 1_099_511_628_211) % 2**64
        parties |= bits[node]
        if link >= 0:
            parties |= ground_bits[link]
    return code if nodes else 0, sum(node < graph.network.size for node in nodes), parties


def look_reference(graph: Graph, position_m: F8) -> Views:
    """Same as `look`, in NumPy."""
    place, axes = site_arrays(graph.sites)
    steps, count = len(position_m), len(graph.sites)
    found = [
        [_seen_reference(graph, position_m[t], place, axes, t, s) for s in range(count)] for t in range(steps)
    ]
    width = max([WIDTH, *(len(rows) for step in found for rows, _ in step)])
    made = Views(
        np.zeros((steps, count), np.int32), np.zeros((steps, count, width), np.int32),
        np.zeros((steps, count, width)),
    )  # fmt: skip
    for t, step in enumerate(found):
        for s, (rows, metres) in enumerate(step):
            made.count[t, s] = len(rows)
            made.seen[t, s, : len(rows)], made.range_m[t, s, : len(rows)] = rows, metres
    return made


def _seen_reference(graph: Graph, position: F8, place: F8, axes: F8, t: int, s: int) -> tuple[I4, F8]:
    sites, here = graph.sites, min(t, len(place) - 1)
    way = position - place[here, s]
    east, north, rise = (way @ axis for axis in axes[here, s])
    metres = np.sqrt((way**2).sum(axis=1))
    least = np.sin(np.radians(sites.least_deg[sites.kind[s]]))
    good = (rise >= least * metres) & (sites.allowed[s][graph.network.system] != 0)
    if sites.horizon_deg[s, 0] > FLAT_DEG:
        at = np.mod(np.degrees(np.arctan2(east, north)) / 10.0, AZIMUTHS)
        wrapped = np.append(sites.horizon_deg[s], sites.horizon_deg[s, 0])
        good &= rise >= np.sin(np.radians(np.interp(at, np.arange(AZIMUTHS + 1), wrapped))) * metres
    kept, up = _kept_deg(graph), axes[here, s, 2]
    if (kept > 0.0).any():
        good &= (kept <= 0.0) | (separation_deg(place[here, s][None], up[None], position)[0] >= kept)
    rows = np.flatnonzero(good)
    return rows.astype(np.int32), metres[rows]


def ways_reference(
    graph: Graph, position_m: F8, views: Views, step: int, mode: int, lit: NDArray[np.uint8] = ALL_LIT
) -> F8:
    """Lengths of `ways` at one step, shape (end, end), by plain Dijkstra without any bound."""
    lists = neighbours_reference(graph, position_m[step], views, step, mode, lit)
    out = np.full((graph.ends, graph.ends), np.inf)
    nodes = graph.network.size + graph.sites.node[: graph.ends]
    for goal in range(graph.ends):
        out[goal] = _distances_reference(lists, nodes, goal)
    return out


def neighbours_reference(
    graph: Graph, position: F8, views: Views, step: int, mode: int, lit: NDArray[np.uint8] = ALL_LIT
) -> list[list[tuple[int, float]]]:
    """Every node's neighbours and the lengths to them at one step; ends do not appear on the way."""
    lists: list[list[tuple[int, float]]] = [[] for _ in range(graph.size)]
    first, waits, ground = graph.network.size, graph.waiting(), graph.ground
    begin, target, _ = graph.network.arcs
    on = lit[step] if lit.size else np.ones(len(target))
    for v in range(first):
        for a in begin[v] + np.flatnonzero(on[begin[v] : begin[v + 1]]):
            metres = _laser_reference(position[v], position[target[a]])
            lists[v].append((int(target[a]), metres + (waits.laser[a] if waits.laser.size else 0.0)))
    clear: dict[int, list[tuple[int, float]]] = {}
    for s in range(len(graph.sites)):
        node = first + int(graph.sites.node[s])
        for v, metres in zip(views.seen[step, s], views.range_m[step, s], strict=True):
            if len(clear.setdefault(s, [])) + 1 > views.count[step, s]:
                break
            clear[s].append((int(v), float(metres)))
            if not graph.transparent[v]:
                reach = float(metres + waits.satellite[v] + waits.site[s])
                lists[v].append((node, reach))
                lists[node].append((int(v), reach))
    _bent_reference(graph, clear, lists)
    here = min(step, len(ground.metres) - 1)
    for g in range(len(ground)):
        for a in range(ground.begin[g], ground.begin[g + 1]):
            if mode == ALL or ground.space[a]:
                lists[first + g].append((first + int(ground.target[a]), float(ground.metres[here, a])))
    return lists


def _bent_reference(
    graph: Graph, clear: dict[int, list[tuple[int, float]]], lists: list[list[tuple[int, float]]]
) -> None:
    """Add ways from an end over a transparent satellite to a relay."""
    waits, first = graph.waiting(), graph.network.size
    for e in range(graph.ends):
        for s in range(graph.ends, len(graph.sites)):
            down = {v: metres for v, metres in clear.get(s, []) if graph.transparent[v]}
            for v, metres in clear.get(e, []):
                if v in down:
                    reach = float(metres + down[v] + waits.satellite[v] + waits.site[s])
                    a, b = (first + int(graph.sites.node[i]) for i in (e, s))
                    lists[a].append((b, reach))
                    lists[b].append((a, reach))


def _laser_reference(a: F8, b: F8) -> float:
    way = b - a
    square, along = float(way @ way), float(-(a @ way))
    if not square < np.inf:
        return float("inf")
    if 0.0 < along < square and float(a @ a) - along**2 / square < GRAZING_M**2:
        return float("inf")
    return float(max(square**0.5, SHORTEST_M))


def _distances_reference(lists: list[list[tuple[int, float]]], nodes: NDArray[np.integer], goal: int) -> F8:
    stop = set(nodes.tolist()) - {int(nodes[goal])}
    dist, done = np.full(len(lists), np.inf), np.zeros(len(lists), dtype=bool)
    dist[nodes[goal]] = 0.0
    heap = [(0.0, int(nodes[goal]))]
    while heap:
        far, node = heapq.heappop(heap)
        if done[node] or node in stop:
            continue
        done[node] = True
        for other, metres in lists[node]:
            if far + metres < dist[other]:
                dist[other] = far + metres
                heapq.heappush(heap, (far + metres, other))
    return np.asarray(dist[nodes])
