"""The way of a host to a server, to the millisecond, also while something on it is lost.

Over satellites the terminal is served by the rule that was measured on Starlink: at 12, 27, 42 and 57 s past
the minute it takes the highest satellite that stays in view until the next of these instants
(`rabta.space.events.handover`; the run itself takes the highest in every step). With each satellite comes the
gateway over which the way to the servers is shortest, at the worse of the satellite's first and last instant:
as in the run, traffic lands once and does not go up again. Lasers between them and the ground behind them are
the shortest, their changes exact (`rabta.transport.routes.changes`). On the ground the way is the shortest
over cables and microwave, and changes when something is lost.

Delays are those of the run: light alone, and the radio access. Whoever loses an element of their way is cut
off until routing has found another.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.emulate import ways
from rabta.emulate.engine.course import CLOSEST_NS
from rabta.emulate.subrun.access import FIXED, GROUND, Given, Span
from rabta.emulate.subrun.lost import Lost, active, edges
from rabta.emulate.subrun.named import Server, Spot
from rabta.emulate.subrun.source import Source
from rabta.transport.latency import exchange
from rabta.transport.routes import joined
from rabta.transport.routes.graph import Graph, shortest
from rabta.transport.routes.held.arc import outside
from rabta.transport.routes.joined import Tables
from rabta.units import SPEED_OF_LIGHT_M_S

if TYPE_CHECKING:
    import pandas as pd

    from rabta.transport.routes.changes import Stretch, Watch

F8 = NDArray[np.float64]
Windows = tuple[NDArray[np.int64], F8, F8]
NOTHING: Windows = (np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))
EDGE_S = 0.01
SHORT_S = 2e-3  # of a way between two changes that are found to the millisecond


@dataclass(frozen=True)
class Leg:
    """A time with one way: from and to (s), names and spans along it, round trip at its begin (ms)."""

    begin_s: float
    end_s: float
    path: tuple[str, ...]
    rtt_ms: float
    spans: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Way:
    """A host's way over the span: pieces of its one-way delay, as of a course, and where it led."""

    pieces: F8
    legs: tuple[Leg, ...]


def way(
    source: Source,
    spot: Spot,
    given: Given,
    server: Server,
    span: Span,
    lost: Sequence[Lost] = (),
    *,
    gap_s: float = 0.0,
    reroute_s: float = 0.0,
) -> Way:
    """Way of a host to a server.

    Parameters
    ----------
    gap_s : float
        Outage when the satellite of the terminal changes.
    reroute_s : float
        Outage of a way that loses an element, until routing has found another.
    """
    tables = _tables(source, spot, server, given.over)
    find = _grounded if given.over == GROUND else _Sky(source, tables, span, given.over).find
    marks = edges(lost, span.length_s)
    parts, legs = list[F8](), list[Leg]()
    for begin, end in pairwise(marks):
        rows, found = find(tables, active(lost, begin), begin, end, gap_s)
        if legs and _broken(tables, legs[-1], found[0], active(lost, begin)):
            again = found[0].path and reroute_s > 0.0
            rows = ways.cut(rows, [(begin, min(begin + reroute_s, end))]) if again else rows
        parts.append(rows)
        legs += found
    pieces = np.concatenate(parts)
    up = pieces[:, 1] >= 0.0
    pieces[up, 1] += 0.5e6 * given.radio_ms
    pieces = ways.cut(pieces, given.outages)
    apart = np.append(
        np.diff(pieces[:, 0]) >= CLOSEST_NS, True
    )  # of changes within two milliseconds the last counts
    pieces = pieces[apart]
    pieces[0, 0] = 0.0
    return Way(pieces, tuple(legs))


def _broken(tables: Tables, before: Leg, after: Leg, gone: Sequence[Lost]) -> bool:
    """Whether the old way passed something that is gone now."""
    nodes = {str(tables.nodes["name"].iloc[row]) for one in gone for row in one.nodes}
    nodes |= {name for one in gone for name in one.gateways}
    if nodes & set(before.path) or (before.path and not after.path):
        return True
    space = any(one.systems for one in gone) and before.path != after.path
    return space or bool(before.spans & {row for one in gone for row in one.spans})


def _tables(source: Source, spot: Spot, server: Server, over: str) -> Tables:
    """What the joined graph of the two is made of; the server has no dish, and only the ground has cables."""
    t, given = source.tables, source.scenario
    ends = _ends(source, spot, server, over)
    return Tables(
        t["satellites"], t["systems"], t["gateways"], t["nodes"], t["spans"], ends,
        horizon_deg=_horizons(source, spot) if given.space.terrain else None,
        use_isl=given.transport.use_isl, handoffs=given.space.handoffs,
        least_deg=given.space.min_elevation_deg, grounded=given.transport.denied,
        gso_avoidance=given.space.gso_avoidance,
    )  # fmt: skip


def _horizons(source: Source, spot: Spot) -> F8:
    """Terrain around the host as the only row, to which its end refers."""
    return source.of_cell("horizon_deg", spot.cell)[None]


def _ends(source: Source, spot: Spot, server: Server, over: str) -> pd.DataFrame:
    import pandas as pd

    nodes = source.tables["nodes"]
    node = int(source.whole("cell_node")[spot.cell]) if over == GROUND else -1
    far = np.nan
    if node >= 0:
        there = nodes.iloc[node]
        from rabta import geo

        detour = exchange(source.scenario.nation.name).route_factor
        metres = geo.great_circle_m(
            spot.lat_deg, spot.lon_deg, float(there["lat_deg"]), float(there["lon_deg"])
        )
        far = float(metres) * detour / 1e3
    return pd.DataFrame(
        {
            "name": [spot.name, server.name if server.name != spot.name else f"{server.name}, servers"],
            "kind": ["home", "home"],
            "country": [server.country, server.country],
            "lat_deg": [spot.lat_deg, server.lat_deg],
            "lon_deg": [spot.lon_deg, server.lon_deg],
            "people": [0, 0],
            "cell": [0, -1],
            "node": [node, server.node],
            "access_km": [far, server.access_km],
            "dish": [over != GROUND, False],
        }
    )


def _without(tables: Tables, gone: Sequence[Lost]) -> Tables:
    """Tables after a loss; satellites stay in them, see `_Sky`."""
    if not gone:
        return tables
    nodes = {row for one in gone for row in one.nodes}
    spans = {row for one in gone for row in one.spans}
    gateways = {name for one in gone for name in one.gateways}
    table, sites = tables.spans, tables.gateways
    at = table[["from_node", "to_node"]].isin(nodes).any(axis=1).to_numpy(bool)
    dead = at | np.isin(np.arange(len(table)), sorted(spans))
    shut = sites["name"].isin(gateways).to_numpy(bool)
    return replace(
        tables,
        spans=table.assign(capacity_mbps=table["capacity_mbps"].where(~dead, 0.0)),
        gateways=sites.assign(capacity_gbps=sites["capacity_gbps"].where(~shut, 0.0)),
    )


def _grounded(
    tables: Tables, gone: Sequence[Lost], begin: float, end: float, gap_s: float
) -> tuple[F8, list[Leg]]:
    """Shortest way over the ground from one second to another."""
    from scipy.sparse.csgraph import dijkstra

    del gap_s
    none = replace(_without(tables, gone), satellites=tables.satellites.iloc[:1])
    graph = joined.joined(none, np.datetime64("2000-01-01", "ns"))
    ground, (a, b) = graph.ground, (int(n) for n in graph.sites.node[:2])
    links, best = shortest(ground)
    far, before = dijkstra(links, indices=a, return_predecessors=True)
    nodes = [b]
    while nodes[-1] != a and np.isfinite(far[b]):
        nodes.append(int(before[nodes[-1]]))
    names = _ground_names(graph)
    if not np.isfinite(far[b]):
        return np.array([[begin * 1e9, ways.OUTAGE_NS, 0.0, *ways.NONE]]), [Leg(begin, end, (), np.nan)]
    delay = float(far[b]) / SPEED_OF_LIGHT_M_S
    path = tuple(names[n] for n in reversed(nodes))
    ends = zip(*(n.tolist() for n in links.nonzero()), strict=True)
    arcs = dict(zip(ends, ground.span[best].tolist(), strict=True))
    spans = frozenset(arcs[pair] for pair in pairwise(reversed(nodes)))
    return np.array([[begin * 1e9, delay * 1e9, 0.0, *ways.NONE]]), [
        Leg(begin, end, path, 2e3 * delay, spans)
    ]


def _ground_names(graph: Graph) -> Sequence[str]:
    return graph.names[graph.network.size :]


class _Sky:
    """A watch over satellites whose user is served by the rule, and its variants after losses."""

    def __init__(self, source: Source, tables: Tables, span: Span, over: str) -> None:
        from rabta.transport.routes.changes import Watch

        self.source, self.span, self.over = source, span, over
        shut = _shut(source, span)
        self.watch = Watch(
            tables, span.start, span.length_s, platforms=source.scenario.transport.platforms, shut=shut
        )
        self.clear = list(self.watch.clear)
        self.served: dict[tuple[str, ...], Windows] = {(): self._served(())}

    def find(
        self, tables: Tables, gone: Sequence[Lost], begin: float, end: float, gap_s: float
    ) -> tuple[F8, list[Leg]]:
        """Pieces and legs from one second to another."""
        watch = self._variant(tables, gone, begin, end)
        stretches = watch.stretches(begin, end)
        pieces = ways.pieces(watch, gaps_s=(gap_s, 0.0), stretches=stretches)
        long = [one for one in stretches if one.end_s - one.start_s > SHORT_S] or stretches
        return pieces, [self._leg(watch, one) for one in long]

    def _leg(self, watch: Watch, one: Stretch) -> Leg:
        spans = frozenset(int(watch.graph.ground.span[link]) for link in one.links if link >= 0)
        path = tuple(watch.graph.names[n] for n in one.nodes)
        return Leg(one.start_s, one.end_s, path, one.first_ms, spans)

    def _variant(self, tables: Tables, gone: Sequence[Lost], begin: float, end: float) -> Watch:
        """The watch with the user's satellites by the rule, and without what is gone."""
        watch: Any = copy.copy(self.watch)
        watch.tables = _without(tables, gone)
        if gone:
            watch.graph = joined.joined(watch._tables([begin]), watch.start)
        watch.hours, watch.blocks = {}, []
        systems = tuple(sorted({name for one in gone for name in one.systems}))
        if systems not in self.served:
            self.served[systems] = self._served(systems)
        lost = self._rows(systems)
        watch.clear = [_less(windows, lost) for windows in self.clear]
        watch.clear[0] = _within(self.served[systems], begin, end)
        for gateway in np.flatnonzero(watch.tables.gateways["capacity_gbps"].to_numpy(np.float64) <= 0.0):
            watch.clear[watch.graph.ends + int(gateway)] = NOTHING
        return self._landed(watch)

    def _landed(self, watch: Watch) -> Watch:
        """The watch with one gateway open at a time: the best of each link of the user."""
        _, begin, end = watch.clear[0]
        late = np.maximum(end - EDGE_S, 0.5 * (begin + end))
        times = np.unique(np.concatenate([begin, late]))
        first = watch.graph.ends
        sites = [s for s in range(first, len(watch.clear)) if watch.clear[s][0].size]
        worse = np.full((len(sites), begin.size), np.inf)
        for row, site in enumerate(sites):
            alone: Any = copy.copy(watch)
            alone.blocks = []
            alone.clear = [w if s in (0, site) or s < first else NOTHING for s, w in enumerate(watch.clear)]
            metres = dict(zip(times.tolist(), alone.metres(times.tolist()).tolist(), strict=True))
            worse[row] = [
                max(metres[a], metres[b]) for a, b in zip(begin.tolist(), late.tolist(), strict=True)
            ]
        best = worse.argmin(axis=0) if sites else np.zeros(begin.size, dtype=np.int64)
        for row, site in enumerate(sites):
            for k in np.flatnonzero(best != row):
                watch.clear[site] = outside(watch.clear[site], float(begin[k]), float(end[k]))
        return watch

    def _rows(self, systems: Sequence[str]) -> NDArray[np.int64]:
        """Satellites of some systems, or of all that do not serve this kind of terminal."""
        net, names = self.watch.graph.network, self.watch.tables.systems["system"].astype(str).to_numpy(str)
        return np.flatnonzero(np.isin(names[net.system], list(systems)))

    def _served(self, systems: Sequence[str]) -> Windows:
        """Windows of the user: one satellite at a time, by the rule."""
        from rabta.space import visibility
        from rabta.space.events import handover
        from rabta.space.events.windows import Windows as Seen

        satellite, rise, sets = _less(self.clear[0], self._rows(systems))
        fixed = satellite >= len(self.watch.orbits)
        if self.over == FIXED:
            return satellite[fixed], rise[fixed], sets[fixed]
        satellite, rise, sets = satellite[~fixed], rise[~fixed], sets[~fixed]
        order = np.lexsort((rise, satellite))
        none = np.zeros(order.size, dtype=np.int32)
        seen = Seen(none, satellite[order].astype(np.int32), rise[order], sets[order], self.span.start,
                    self.span.length_s)  # fmt: skip
        end = self.watch.tables.ends.iloc[0]
        place = visibility.ground(
            *(np.array([x]) for x in (float(end["lat_deg"]), float(end["lon_deg"]), 0.0))
        )
        score = handover.elevation(self.watch.orbits, place, self.span.start)
        links = handover.serve(seen, "scheduled", score)
        return links.satellite, links.start_s, links.end_s


def _within(windows: Windows, begin: float, end: float) -> Windows:
    """Parts of windows from one second to another."""
    keep = (windows[1] < end) & (windows[2] > begin)
    return windows[0][keep], np.maximum(windows[1][keep], begin), np.minimum(windows[2][keep], end)


def _less(windows: Windows, lost: NDArray[np.int64]) -> Windows:
    """Windows without those of some satellites."""
    keep = ~np.isin(windows[0], lost)
    return windows[0][keep], windows[1][keep], windows[2][keep]


def _shut(source: Source, span: Span) -> list[tuple[int, float, float]]:
    """Gateways in steps in which rain leaves nothing of them, in seconds of the span."""
    factor = source.whole("gateway_factor")
    return [
        (int(gateway), begin, end)
        for step, begin, end in source.steps(span.start, span.length_s)
        for gateway in np.flatnonzero(factor[step] <= 0.0)
    ]
