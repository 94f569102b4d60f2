"""Ways that spread load: delay and a penalty of queueing that grows with the use of what a way passes.

All pairs first take their shortest way. Then, sweep after sweep, every pair that passes something in heavy
use is taken off, finds the shortest way by delay plus penalty with the load of all others in place, and is
put back; the assignment whose largest use is least is kept (of equal ones the one of less delay). That is
best-response routing of unsplit flows: it never ends worse than the shortest ways, and it is no optimum.

The penalty of an element in use ``u`` is ``PENALTY_MS u / (1 - u)``, the shape of the M/M/1 queue, carried on
as its tangent above ``KNEE``. Its scale makes a link at 90 % as dear as a detour of 9 ms; it steers, and is
not counted in the round trips.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.transport.routes.graph import F8, U1, Graph, Waits, metres_of
from rabta.transport.routes.search import ALL, ALL_LIT, DIRECT, Views, look, ways

I8 = NDArray[np.int64]
PENALTY_MS = 1.0
KNEE = 0.95
HEAVY = 0.5  # use from which pairs look for another way
SWEEPS = 4


@dataclass(frozen=True)
class Capacity:
    """Mbit/s: of every satellite's ground links, every site, every laser arc, every ground arc, each way."""

    satellite: F8
    site: F8
    laser: F8
    ground: F8

    @property
    def all(self) -> F8:
        """One after the other."""
        return np.concatenate([self.satellite, self.site, self.laser, self.ground])


@dataclass(frozen=True)
class Assigned:
    """Ways under load at one instant.

    Attributes
    ----------
    pairs : list of (int, int)
        Ends, the lower row first.
    nodes, links : list of list of int
        Of each pair's way, as `Found.way` and `Found.links`; empty where there is none.
    metres : ndarray, shape (pair,)
        Metres of light without any penalty; infinity where there is no way.
    used, used_at_first : ndarray, shape (element,)
        Use of every element of `Capacity.all`, and that of the shortest ways.
    """

    pairs: list[tuple[int, int]]
    nodes: list[list[int]]
    links: list[list[int]]
    metres: F8
    used: F8
    used_at_first: F8


def penalty_m(use: F8) -> F8:
    """Penalty in metres of light; `KNEE` and above, the tangent there.

    Examples
    --------
    >>> (penalty_m(np.array([0.0, 0.5, 0.9])) / metres_of(PENALTY_MS)).round(6).tolist()
    [0.0, 1.0, 9.0]
    """
    low = np.minimum(use, KNEE)
    slope = 1.0 / (1.0 - KNEE) ** 2
    return np.asarray(metres_of(PENALTY_MS) * (low / (1.0 - low) + (use - low) * slope))


def least_load(
    graph: Graph,
    position_m: F8,
    demand_mbps: F8,
    capacity: Capacity,
    *,
    views: Views | None = None,
    lit: U1 = ALL_LIT,
) -> Assigned:
    """Ways of all pairs with a demand that keep the largest use low.

    Parameters
    ----------
    position_m : ndarray, shape (satellite, 3)
        Earth-fixed.
    demand_mbps : ndarray, shape (end, end)
        Each way between two ends; the upper triangle counts.
    views, lit : optional
        As of `rabta.transport.routes.search.ways`, of one step.
    """
    seen = look(graph, position_m[None]) if views is None else views
    work = _Work(graph, position_m, demand_mbps, capacity, seen, lit)
    for pair in range(len(work.pairs)):
        work.put(pair, *work.best(pair, alone=True))
    first = work.use()
    kept, score = work.state(), work.score()
    order = sorted(range(len(work.pairs)), key=lambda p: (-work.demand[p], p))
    for _ in range(SWEEPS):
        moved = False
        for pair in order:
            moved |= work.again(pair)
        if moved and work.score() < score:
            kept, score = work.state(), work.score()
        if not moved:
            break
    nodes, links, load = kept
    metres = np.array([work.metres(n, k) if n else np.inf for n, k in zip(nodes, links, strict=True)])
    return Assigned(work.pairs, nodes, links, metres, _use(load, work.limit), first)


def at(graph: Graph, step: int) -> Graph:
    """The graph of one step, where something on the ground moves."""
    ground, sites = graph.ground, graph.sites
    row, place = min(step, len(ground.metres) - 1), min(step, len(ground.position_m) - 1)
    still = replace(
        ground, metres=ground.metres[row : row + 1], position_m=ground.position_m[place : place + 1]
    )
    lat, lon, height = (np.atleast_2d(x) for x in (sites.lat_deg, sites.lon_deg, sites.height_m))
    here = min(step, len(lat) - 1)
    return replace(
        graph, ground=still, sites=replace(sites, lat_deg=lat[here], lon_deg=lon[here], height_m=height[here])
    )


def _use(load: F8, limit: F8) -> F8:
    """Load over capacity; infinity where a load has none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(load > 0.0, load / limit, 0.0)


class _Work:
    """Ways, loads and uses while they change."""

    def __init__(
        self, graph: Graph, position: F8, demand: F8, capacity: Capacity, views: Views, lit: U1
    ) -> None:
        sizes = (graph.network.size, len(graph.sites), len(graph.network.arcs[1]), len(graph.ground.target))
        given = tuple(len(a) for a in (capacity.satellite, capacity.site, capacity.laser, capacity.ground))
        if sizes != given:
            raise RabtaError("capacities of another network", value=given, expected=str(sizes))
        self.graph, self.position, self.views, self.lit = graph, position, views, lit
        rows, columns = np.nonzero(np.triu(demand, 1) > 0.0)
        self.pairs = [(int(a), int(b)) for a, b in zip(rows, columns, strict=True)]
        self.demand = [float(demand[a, b]) for a, b in self.pairs]
        self.limit, self.offset = capacity.all, np.cumsum([0, *sizes])
        self.load = np.zeros(len(self.limit))
        self.nodes: list[list[int]] = [[] for _ in self.pairs]
        self.links: list[list[int]] = [[] for _ in self.pairs]
        self.site = {int(n): s for s, n in enumerate(graph.sites.node + graph.network.size)}

    def use(self) -> F8:
        """Use of every element."""
        return _use(self.load, self.limit)

    def score(self) -> tuple[float, float, float]:
        """Pairs without a way, largest use, and total length by demand: the less the better."""
        lost = float(sum(not way for way in self.nodes))
        far = [self.metres(n, k) for n, k in zip(self.nodes, self.links, strict=True)]
        return lost, float(self.use().max(initial=0.0)), float(np.dot(far, self.demand))

    def state(self) -> tuple[list[list[int]], list[list[int]], F8]:
        """A copy of the ways and loads."""
        return list(self.nodes), list(self.links), self.load.copy()

    def again(self, pair: int) -> bool:
        """Let a pair that passes heavy use look for another way; True where it found one."""
        rows = self.elements(self.nodes[pair], self.links[pair])
        if not rows.size or self.use()[rows].max() < HEAVY:
            return False
        before = self.nodes[pair], self.links[pair]
        self.load[rows] -= self.demand[pair]
        found = self.best(pair)
        self.put(pair, *found)
        return found != before

    def put(self, pair: int, nodes: list[int], links: list[int]) -> None:
        """Give a pair a way, and the way its load."""
        self.nodes[pair], self.links[pair] = nodes, links
        self.load[self.elements(nodes, links)] += self.demand[pair]

    def best(self, pair: int, *, alone: bool = False) -> tuple[list[int], list[int]]:
        """Best way of a pair with its own load added to that of the others; alone, by delay only."""
        a, b = self.pairs[pair]
        graph = _pair_graph(self.graph, a, b)
        rows = [a, b, *range(self.graph.ends, len(self.graph.sites))]
        if not alone:
            extra = penalty_m(_use(self.load + self.demand[pair], self.limit))
            extra = np.minimum(extra, 1e12)  # an element without capacity is a last resort
            satellite, site, laser, wire = np.split(extra, self.offset[1:-1])
            ground = replace(graph.ground, metres=graph.ground.metres[:1] + wire)
            graph = replace(graph, ground=ground, waits=Waits(satellite, site[rows], laser))
        seen = self.views
        views = Views(
            np.ascontiguousarray(seen.count[:, rows]),
            np.ascontiguousarray(seen.seen[:, rows]),
            np.ascontiguousarray(seen.range_m[:, rows]),
        )
        found = ways(graph, self.position[None], views, modes=(False, True), paths=True, lit=self.lit)
        return found.way(0, ALL, 0, 1), found.links(0, ALL, 0, 1)

    def elements(self, nodes: list[int], links: list[int]) -> I8:
        """Elements that a way passes, each once."""
        satellites = self.graph.network.size
        begin, target, _ = self.graph.network.arcs
        rows: set[int] = set()
        for u, v, link in zip(nodes, nodes[1:], links, strict=False):
            if u < satellites and v < satellites:
                arc = int(begin[u] + np.searchsorted(target[begin[u] : begin[u + 1]], v))
                rows.add(int(self.offset[2]) + arc)
            elif link >= 0 and u >= satellites and v >= satellites:
                rows.add(int(self.offset[3]) + link)
            else:
                rows.update(
                    (int(n) if n < satellites else int(self.offset[1]) + self.site[n]) for n in (u, v)
                )
        return np.array(sorted(rows), dtype=np.int64)

    def metres(self, nodes: list[int], links: list[int]) -> float:
        """Length of a way in metres of light."""
        total, satellites, ground = 0.0, self.graph.network.size, self.graph.ground
        for u, v, link in zip(nodes, nodes[1:], links, strict=False):
            if link > DIRECT and u >= satellites and v >= satellites:
                total += float(ground.metres[0, link])
            else:
                total += float(np.linalg.norm(self.place(u) - self.place(v)))
        return total

    def place(self, node: int) -> F8:
        """Where a node is."""
        satellites = self.graph.network.size
        if node < satellites:
            return np.asarray(self.position[node])
        return np.asarray(self.graph.ground.position_m[0, node - satellites])


def _pair_graph(graph: Graph, a: int, b: int) -> Graph:
    """The graph with two ends only."""
    rows = np.array([a, b, *range(graph.ends, len(graph.sites))])
    sites = graph.sites
    lat, lon, height = (np.atleast_2d(x)[:, rows] for x in (sites.lat_deg, sites.lon_deg, sites.height_m))
    fewer = replace(
        sites,
        names=tuple(sites.names[r] for r in rows),
        lat_deg=lat,
        lon_deg=lon,
        height_m=height,
        allowed=np.ascontiguousarray(sites.allowed[rows]),
        kind=sites.kind[rows],
        horizon_deg=np.ascontiguousarray(sites.horizon_deg[rows]),
        node=sites.node[rows],
    )
    others = np.isin(np.arange(len(graph.ground)), np.delete(sites.node[: graph.ends], [a, b]))
    tail = np.repeat(others, np.diff(graph.ground.begin))
    closed = tail | others[graph.ground.target]  # an end that is not asked passes nothing on
    ground = replace(graph.ground, metres=np.where(closed, np.inf, graph.ground.metres))
    return replace(graph, sites=fewer, ends=2, ground=ground)
