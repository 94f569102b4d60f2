"""When the best way between two places changes: exact instants, none missed between steps.

The best way is computed at instants a few seconds apart. A stretch between two of them counts as without a
change only where that is proved; otherwise it is cut in half, down to a millisecond. The proof: the best way
is the same at both ends of the stretch, its links hold throughout, and at both ends every other walk over any
link that holds at some time in the stretch is longer by more than lengths can bend meanwhile. A length
between two instants h apart lies within h^2 / 8 times its second derivative of the straight line, and the
second derivative of a distance is between -a and v^2 / d + a, with the relative speed v, the distance d, and
the difference of accelerations a (12 m/s^2 at most for each end from 250 km up, the turning frame included).
Where nothing on the ground moves, two walks over the same satellites differ by the same length at all times:
what is best on the ground at one instant stays so, and of walks of one length the first found is kept.

Lasers are lit as `rabta.space.events.lasers` says. Rises and sets of satellites come from
`rabta.space.events.windows` (exact to a millisecond, none of 10 ms missed, 20 ms over terrain). What is not
proved: lasers that graze the Earth are looked at where the way passes them, at the ends of stretches
elsewhere; so are the sites of platforms, which move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rabta.scenario import Platform
from rabta.space import orbits, visibility
from rabta.space.events.windows import windows
from rabta.space.propagate import constants, moving
from rabta.transport.routes import joined, search
from rabta.transport.routes.graph import F8, FLAT_DEG, I4, Graph, shortest, site_arrays
from rabta.transport.routes.held.arc import apart, outside
from rabta.transport.routes.held.spans import GRID_S, Spans, spans
from rabta.transport.routes.joined import Tables
from rabta.transport.routes.search import ALL, DIRECT, GRAZING_M, Views

STEP_S = 4.0
BLOCK_S = 240.0
FINEST_S = 1e-3
ACCELERATION = 12.0  # m/s^2, as in the kernel
FASTEST_M_S = 8_200.0  # of anything in low orbit over the turning Earth
NOWHERE = np.zeros((0, 3))
Hop = tuple[int, int, int]


@dataclass(frozen=True)
class Stretch:
    """A time with one best way.

    Attributes
    ----------
    start_s, end_s : float
        Seconds from the start of the span.
    nodes, links : tuple of int
        The way as `Found.way` and `Found.links`; empty where there is none.
    first_ms, last_ms : float
        Round trip at both ends; NaN without a way.
    cause : str
        Why it began: ``start``, ``link down``, ``link up`` or ``shorter``.
    link : tuple of int
        Nodes of the link that went down or came up; empty otherwise.
    """

    start_s: float
    end_s: float
    nodes: tuple[int, ...]
    links: tuple[int, ...]
    first_ms: float
    last_ms: float
    cause: str = "start"
    link: tuple[int, ...] = ()


@dataclass(frozen=True)
class _At:
    """What is known at an instant."""

    position: F8
    rate: F8
    nodes: tuple[int, ...]
    links: tuple[int, ...]
    metres: float

    def light(self) -> _At:
        """The same without what only a proof needs, which is large."""
        return replace(self, position=NOWHERE, rate=NOWHERE) if self.position.size else self


class Watch:
    """The joined network between two places over a span of time.

    Parameters
    ----------
    tables : Tables
        With exactly two ends.
    start : datetime64
        UTC.
    mode : int
        `ALL` or `SPACE`.
    platforms : sequence of Platform
        Those of the tables' nodes.
    shut : sequence of (int, float, float)
        Gateways (rows) that rain cuts off, from and to when (seconds).
    """

    def __init__(
        self,
        tables: Tables,
        start: np.datetime64,
        span_s: float,
        mode: int = ALL,
        platforms: Sequence[Platform] = (),
        shut: Sequence[tuple[int, float, float]] = (),
    ) -> None:
        self.shut = shut
        self.platforms = platforms
        self.tables, self.mode, self.span_s = tables, mode, span_s
        self.start = start.astype("datetime64[ns]")
        self.graph = joined.joined(self._tables([0.0]), self.start)
        self.orbits = constants(moving(tables.satellites))
        self.hours: dict[np.datetime64, Graph] = {}
        self.usual: dict[tuple[Hop, ...], tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self.blocks: list[tuple[float, Spans]] = []
        self._windows()

    def stretches(self, first_s: float = 0.0, last_s: float | None = None) -> list[Stretch]:
        """Times with one best way each, in order, over the whole span or from one second to another."""
        last = self.span_s if last_s is None else last_s
        edges = np.append(np.arange(first_s, last, BLOCK_S), last)
        hour = np.timedelta64(3600, "s")
        full = float((self.start.astype("datetime64[h]") + hour - self.start) / np.timedelta64(1, "s"))
        hours = np.arange(full, last, 3600.0)
        edges = np.unique(np.append(edges, hours[hours > first_s]))
        pieces: list[tuple[float, float, _At, _At]] = []
        for begin, end in pairwise(edges):
            pieces += self._block(float(begin), float(end))
        return self._merged(pieces)

    def metres(self, times: Sequence[float]) -> F8:
        """Metres of light along the best way at some rising instants; infinity where there is none."""
        found: list[float] = []
        for begin in np.arange(0.0, self.span_s, BLOCK_S):
            inside = [t for t in times if begin <= t < begin + BLOCK_S]
            if inside:
                self._lasers(float(begin), float(min(begin + BLOCK_S, self.span_s)))
                found += [at.metres for at in self._evaluate(inside, float(begin))]
        return np.array(found)

    def _block(self, begin: float, end: float) -> list[tuple[float, float, _At, _At]]:
        """Pieces without a change, or shorter than a millisecond, of a block inside one hour."""
        times = [*np.arange(begin, end, STEP_S).tolist(), end]
        self._lasers(begin, end)
        known = dict(zip(times, self._evaluate(times, begin), strict=True))
        open_, done = list(pairwise(times)), []
        while open_:
            doubtful = []
            for a, b in open_:
                if b - a <= FINEST_S or self._proved(a, b, known[a], known[b]):
                    done.append((a, b))
                else:
                    doubtful.append((a, b))
            middles = [0.5 * (a + b) for a, b in doubtful]
            for at in range(0, len(middles), 64):
                some = middles[at : at + 64]
                known.update(zip(some, self._evaluate(some, begin), strict=True))
            halves = [((a, m), (m, b)) for (a, b), m in zip(doubtful, middles, strict=True)]
            open_ = [half for pair in halves for half in pair]
            needed = {t for pair in open_ for t in pair}
            known = {t: at if t in needed else at.light() for t, at in known.items()}
        return [(a, b, known[a], known[b]) for a, b in sorted(done)]

    def _lasers(self, begin: float, end: float) -> None:
        """When lasers are lit in a block."""
        times = np.linspace(begin, end, int(np.ceil((end - begin) / GRID_S)) + 1)
        position = joined.places(self.tables, self._states(times)[..., :3])
        network = self._graph([begin], begin).network
        self.lit = spans(network, self.start, begin, times, position)
        self.blocks.append((begin, self.lit))

    def _states(self, times: F8) -> F8:
        """Places and rates of the moving satellites, shape (time, satellite, 6)."""
        instants = self.start + np.round(times * 1e9).astype("timedelta64[ns]")
        states, codes = orbits.states(self.orbits, instants, velocity=True)
        states[np.broadcast_to((codes != 0)[:, None], states.shape)] = np.nan
        return np.moveaxis(states, -1, 0)

    def _evaluate(self, times: list[float], begin: float) -> list[_At]:
        """Best way at instants of the block that begins at a time."""
        if not times:
            return []
        graph = self._graph(times, begin)
        flown = self._states(np.array(times))
        position = joined.places(self.tables, flown[..., :3])
        rate = np.zeros((len(times), graph.size, 3))
        rate[:, : flown.shape[1]] = np.nan_to_num(flown[..., 3:])
        rows = [self._views(position[i], t, t, graph, i) for i, t in enumerate(times)]
        modes = (self.mode != ALL, self.mode == ALL)
        lit = self.lit.at(np.array(times))
        found = search.ways(graph, position, stacked(rows), modes=modes, paths=True, lit=lit)
        ways = [
            self._usual(tuple(found.way(i, self.mode, 0, 1)), tuple(found.links(i, self.mode, 0, 1)))
            for i in range(len(times))
        ]
        far = found.metres[:, self.mode, 0, 1].tolist()
        return [_At(position[i], rate[i], *ways[i], far[i]) for i in range(len(times))]

    def _usual(
        self, nodes: tuple[int, ...], links: tuple[int, ...]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """A way, or the one found before over the same satellites, which is as long on a still ground."""
        if self.flying:
            return nodes, links
        space = tuple((u, v, link) for (u, v), link in zip(pairwise(nodes), links, strict=False) if link < 0)
        return self.usual.setdefault(space, (nodes, links)) if nodes else (nodes, links)

    def _tables(self, times: list[float]) -> Tables:
        instants = self.start + np.round(np.array(times) * 1e9).astype("timedelta64[ns]")
        return replace(self.tables, platform_deg_m=joined.flying(self.platforms, instants, self.start))

    def _graph(self, times: list[float], begin: float) -> Graph:
        instant = self.start + np.timedelta64(round(begin * 1e9), "ns")
        if self.flying:
            return joined.joined(self._tables(times), instant)
        hour = instant.astype("datetime64[h]")
        if hour not in self.hours:
            self.hours, self.usual = {hour: joined.joined(self.tables, instant)}, {}
        return self.hours[hour]

    def _windows(self) -> None:
        """Rise and set of every satellite at every site that stands still, by site and satellite."""
        sites, net = self.graph.sites, self.graph.network
        many = len(self.orbits)
        self.flying = len(joined.aloft(self.tables))
        self.place = site_arrays(sites)[0][0]
        fixed = joined.places(self.tables, np.full((1, many, 3), np.nan))
        still = search.look(_still(self.graph, 0), fixed)  # geostationary ones
        self.clear: list[tuple[NDArray[np.int64], F8, F8]] = []
        lat, lon, height = (np.atleast_2d(x)[0] for x in (sites.lat_deg, sites.lon_deg, sites.height_m))
        for s in range(len(sites)):
            terrain = sites.horizon_deg[s : s + 1].astype(np.float32)
            place = visibility.ground(
                lat[s : s + 1],
                lon[s : s + 1],
                height[s : s + 1],
                terrain if terrain[0, 0] > FLAT_DEG else None,
            )
            may = np.flatnonzero(sites.allowed[s][net.system[:many]] != 0)
            rows, rise, sets = still.seen[0, s, : still.count[0, s]].astype(np.int64), 0.0, self.span_s
            always = (rows, np.full(len(rows), rise), np.full(len(rows), sets))
            if s < len(sites) - self.flying and may.size:
                least = sites.least_deg[sites.kind[s]][may]
                seen = windows(self.orbits[may], place, self.start, self.span_s, least)
                found = self._apart(s, (may[seen.satellite].astype(np.int64), seen.rise_s, seen.set_s))
                always = (
                    np.concatenate([found[0], always[0]]),
                    np.concatenate([found[1], always[1]]),
                    np.concatenate([found[2], always[2]]),
                )
            for gateway, begin, end in self.shut:
                if s == self.graph.ends + gateway:
                    always = outside(always, begin, end)
            self.clear.append(always)

    def _apart(self, site: int, seen: tuple[NDArray[np.int64], F8, F8]) -> tuple[NDArray[np.int64], F8, F8]:
        """Windows less the times near the geostationary arc."""
        keep = self.graph.network.gso_avoidance_deg
        if keep is None:
            return seen
        here = tuple(a[0, site] for a in site_arrays(self.graph.sites))
        return apart(self.orbits, (here[0], here[1][2]), self.start, seen, keep)

    def _views(self, position: F8, first: float, last: float, graph: Graph, step: int) -> Views:
        """Links that hold at some time of a stretch, with their lengths at an instant."""
        place = self.place
        rows = []
        for satellite, rise, sets in self.clear:
            rows.append(np.unique(satellite[(rise <= last) & (sets >= first)]))
        if self.flying:
            whole = search.look(_still(graph, step), position[None])
            for s in range(len(rows) - self.flying, len(rows)):
                rows[s] = whole.seen[0, s, : whole.count[0, s]].astype(np.int64)
            place = site_arrays(_still(graph, step).sites)[0][0]
        sites = len(rows)
        width = max(1, *(len(r) for r in rows))
        made = Views(
            np.array([[len(r) for r in rows]], dtype=np.int32),
            np.zeros((1, sites, width), dtype=np.int32),
            np.zeros((1, sites, width)),
        )
        for s, own in enumerate(rows):
            made.seen[0, s, : len(own)] = own
            made.range_m[0, s, : len(own)] = np.linalg.norm(position[own] - place[s], axis=1)
        return made

    def _proved(self, a: float, b: float, one: _At, other: _At) -> bool:
        """True where the best way of both instants is the best all the time between."""
        if one.nodes != other.nodes or one.links != other.links:
            return False
        if one.nodes and not self._holds(a, b, one):
            return False
        return all(self._alone(a, b, at, t) for at, t in ((one, a), (other, b)))

    def _holds(self, a: float, b: float, at: _At) -> bool:
        """Whether the links of a way hold from one instant to another."""
        satellites = self.graph.network.size
        site = {int(n): s for s, n in enumerate(self.graph.sites.node + satellites)}
        for u, v in pairwise(at.nodes):
            if u < satellites and v < satellites:
                if _foot_m(at.position[u], at.position[v]) < GRAZING_M + FASTEST_M_S * (b - a):
                    return False
                if not self.lit.throughout(u, v, a, b):
                    return False
            elif (u < satellites) != (v < satellites):
                satellite, s = min(u, v), site[max(u, v)]
                rows, rise, sets = self.clear[s]
                if satellite < len(self.orbits) and rows.size:
                    held = (rows == satellite) & (rise <= a) & (sets >= b)
                    if not held.any():
                        return False
        return True

    def _alone(self, a: float, b: float, at: _At, time: float) -> bool:
        """Whether every other walk is too long at an instant to become the best inside the stretch."""
        from rabta.transport.routes._kernels import second

        graph, curve = self._graph([time], min(a, time)), (b - a) ** 2 / 8.0
        views = self._views(at.position, a, b, graph, 0)
        bow = _bows(views, at, curve)
        hops = _hops(at)
        limit = at.metres + 2.0 * ACCELERATION * curve * max(len(hops), 1) if hops.size else 1e9
        still = not self.flying and _once(hops)
        if still and (hops[:, 2] < 0).any() and self._ground_m(graph) <= limit:
            return False
        pad = 64.0 * (2.0 * float(bow.max(initial=0.0)) + 2e3 * curve)
        begin, target, _ = graph.network.arcs
        ground, lit = graph.ground, self.lit.between(a, b)
        found = second(
            at.position, at.rate, curve, limit + pad, begin, target, lit, graph.transparent,
            GRAZING_M - FASTEST_M_S * (b - a), graph.sites.node + np.int32(graph.network.size),
            views.count[0], views.seen[0], np.maximum(views.range_m[0] - bow, 0.0), ground.position_m[0],
            ground.begin, ground.target, ground.metres[0], ground.space, search.site_of(graph),
            self.mode != ALL, still, hops,
        )  # fmt: skip
        return bool(found > limit)

    def _ground_m(self, graph: Graph) -> float:
        """Metres of the best way that does not leave the ground; infinity where there is none, or may be."""
        from scipy.sparse.csgraph import dijkstra

        if self.mode != ALL:
            return float("inf")
        a, b = (int(n) for n in graph.sites.node[:2])
        return float(dijkstra(shortest(graph.ground)[0], indices=a)[b])

    def _block_of(self, time: float) -> Spans:
        """Lasers of the block that ends at a time or holds it."""
        return [lit for k, (begin, lit) in enumerate(self.blocks) if begin < time or k == 0][-1]

    def _merged(self, pieces: list[tuple[float, float, _At, _At]]) -> list[Stretch]:
        """Stretches of pieces; a change lies at the end of the millisecond that holds it."""
        out: list[Stretch] = []
        for a, b, one, other in pieces:
            last = out[-1] if out else None
            way = (other.nodes, other.links)
            ms = float(search.round_trip_ms(np.array(other.metres))) if other.nodes else np.nan
            before = float(search.round_trip_ms(np.array(one.metres))) if one.nodes else np.nan
            if last is not None and (last.nodes, last.links) == way:
                out[-1] = replace(last, end_s=b, last_ms=ms)
            elif last is None and (one.nodes, one.links) == way:
                out.append(Stretch(a, b, *way, before, ms))
            else:
                if last is None:
                    out.append(Stretch(a, b, one.nodes, one.links, before, before))
                else:
                    out[-1] = replace(last, end_s=b)
                cause, link = self._cause(one, other, a, b)
                out.append(Stretch(b, b, *way, ms, ms, cause, link))
        return out

    def _cause(self, one: _At, other: _At, a: float, b: float) -> tuple[str, tuple[int, ...]]:
        """Why the way changed between two instants."""
        satellites = self.graph.network.size
        site = {int(n): s for s, n in enumerate(self.graph.sites.node + satellites)}
        slack = 2.0 * FINEST_S
        for cause, way in (("link down", one.nodes), ("link up", other.nodes)):
            for u, v in pairwise(way):
                if min(u, v) >= len(self.orbits):
                    continue
                if max(u, v) < satellites:
                    lit = self._block_of(b)
                    edge = lit.edges_s(u, v, rising=cause == "link up")
                else:
                    rows, rise, sets = self.clear[site[max(u, v)]]
                    edge = (sets if cause == "link down" else rise)[rows == min(u, v)]
                if ((edge >= a - slack) & (edge <= b + slack)).any():
                    return cause, (u, v)
        return "shorter", ()


def stacked(rows: list[Views]) -> Views:
    """Views of several steps as one."""
    width = max(v.seen.shape[2] for v in rows)
    wide = [np.pad(v.seen, ((0, 0), (0, 0), (0, width - v.seen.shape[2]))) for v in rows]
    far = [np.pad(v.range_m, ((0, 0), (0, 0), (0, width - v.range_m.shape[2]))) for v in rows]
    return Views(np.concatenate([v.count for v in rows]), np.concatenate(wide), np.concatenate(far))


def _once(hops: I4) -> bool:
    """Whether a way leaves the ground at most once."""
    up = np.append(False, hops[:, 2] < 0)
    return int((up[1:] & ~up[:-1]).sum()) <= 1


def _still(graph: Graph, step: int) -> Graph:
    """The graph with its sites as they are at one step."""
    sites = graph.sites
    lat, lon, height = (np.atleast_2d(x) for x in (sites.lat_deg, sites.lon_deg, sites.height_m))
    row = min(step, len(lat) - 1)
    return replace(graph, sites=replace(sites, lat_deg=lat[row], lon_deg=lon[row], height_m=height[row]))


def _foot_m(a: F8, b: F8) -> float:
    """Least distance of the line between two satellites from the Earth's centre."""
    way = b - a
    along = float(np.clip(-(a @ way) / (way @ way), 0.0, 1.0))
    return float(np.linalg.norm(a + along * way))


def _bows(views: Views, at: _At, curve: float) -> F8:
    """How far each ground link's length may sag below the line between its lengths, shape (site, place)."""
    span = np.sqrt(8.0 * curve)
    speed = np.linalg.norm(at.rate[views.seen[0]], axis=-1) + 2.0 * ACCELERATION * span
    length = np.maximum(views.range_m[0] - speed * span, 1.0)
    bow = curve * (speed**2 / length + 2.0 * ACCELERATION)
    used = np.arange(views.seen.shape[2]) < views.count[0][:, None]
    return np.where(used, bow, 0.0)


def _hops(at: _At) -> I4:
    """Hops of a way: node, next node, how it is left; a transparent satellite is part of its hop."""
    out, row = [], 0
    while row + 1 < len(at.nodes):
        over = at.links[row] < DIRECT
        out.append((at.nodes[row], at.nodes[row + (2 if over else 1)], at.links[row]))
        row += 2 if over else 1
    return np.array(out, dtype=np.int32).reshape(-1, 3)
