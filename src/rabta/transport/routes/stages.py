"""Stages of the ways between named places."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.stage import stage
from rabta.transport.flow.graphs import Rates
from rabta.transport.latency import exchange
from rabta.transport.routes import disjoint as several
from rabta.transport.routes import ends as places
from rabta.transport.routes import joined, load, search, summary
from rabta.transport.routes.graph import Graph
from rabta.transport.routes.held import lasers
from rabta.transport.routes.joined import Parties, Tables
from rabta.twin import Twin

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]


@stage(
    "Choosing the places that routes join",
    params=(
        "routes",
        "transport",
        "space.handoffs",
        "space.min_elevation_deg",
        "space.gso_avoidance",
        "nation.name",
    ),
    reads=("places", "nodes", "spans", "cell_node", "gateways", "satellites", "systems"),
    writes=("ends", "ground_rtt_ms"),
    catalog=("nations", "constellations"),
)
def ends(twin: Twin) -> dict[str, Any]:
    """Towns at home and nodes abroad, and round trips between them over the ground alone."""
    given, nation = twin.scenario, twin.scenario.nation.name
    table = places.ends(
        twin.table("places"),
        twin.table("nodes"),
        twin.values("cell_node"),
        given.routes.places,
        given.routes.abroad,
        country=_home(nation),
        detour=exchange(nation).route_factor,
    )
    graph = joined.joined(_given(twin, table), twin.times[0])
    return {"ends": table, "ground_rtt_ms": _milliseconds(search.over_ground(graph))}


def _home(nation: str) -> str:
    return str(catalog.entry("nations", nation).data.get("iso", ""))


def _milliseconds(metres: F8) -> F8:
    """Round trips; NaN where there is no way."""
    found = search.round_trip_ms(metres)
    return np.where(np.isfinite(found), found, np.nan)


@stage(
    "Routing between places",
    params=(
        "routes",
        "transport",
        "space.handoffs",
        "space.terrain",
        "space.min_elevation_deg",
        "space.gso_avoidance",
        "time.start",
    ),
    reads=(
        "satellites",
        "systems",
        "gateways",
        "nodes",
        "spans",
        "ends",
        "ground_rtt_ms",
        "horizon_deg",
        "satellite_position_m",
        "gateway_factor",
    ),
    writes=(
        "route_rtt_ms",
        "space_rtt_ms",
        "route_mark",
        "space_mark",
        "route_satellites",
        "space_satellites",
        "route_parties",
        "route_disjoint",
        "route_backup_ms",
    ),
    catalog=("constellations",),
    chunked=True,
)
def routes(twin: Twin) -> dict[str, Any]:
    """Best ways between all places over everything, and over satellites alone."""
    who = joined.parties(_given(twin, twin.table("ends")))
    hours = twin.times.astype("datetime64[h]")
    parts = [_hour(twin, who, np.flatnonzero(hours == hour)) for hour in np.unique(hours)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _given(twin: Twin, table: pd.DataFrame) -> Tables:
    """What does not depend on the time, with a table of ends."""
    given = twin.scenario
    return Tables(
        twin.table("satellites"),
        twin.table("systems"),
        twin.table("gateways"),
        twin.table("nodes"),
        twin.table("spans"),
        table,
        use_isl=given.transport.use_isl,
        handoffs=given.space.handoffs,
        least_deg=given.space.min_elevation_deg,
        grounded=given.transport.denied,
        gso_avoidance=given.space.gso_avoidance,
    )


def _tables(twin: Twin, steps: NDArray[np.int64]) -> Tables:
    return replace(
        _given(twin, twin.table("ends")),
        horizon_deg=twin.values("horizon_deg") if twin.scenario.space.terrain else None,
        platform_deg_m=joined.flying(twin.scenario.transport.platforms, twin.times[steps], _start(twin)),
    )


def _start(twin: Twin) -> np.datetime64:
    return np.datetime64(twin.scenario.time.start_utc.replace(tzinfo=None), "ns")


def _hour(twin: Twin, who: Parties, steps: NDArray[np.int64]) -> dict[str, Any]:
    """Steps that share their links between satellites."""
    tables = _tables(twin, steps)
    graph = joined.joined(tables, twin.times[steps[0]], who)
    position = joined.places(tables, twin.values("satellite_position_m")[steps])
    views = dry(graph, search.look(graph, position), twin.values("gateway_factor")[steps])
    lit = lasers.lit(graph.network, twin.times[steps], position)
    bound = twin.values("ground_rtt_ms") * search.METRES_PER_MS
    found = search.ways(graph, position, views, bound_m=np.where(np.isfinite(bound), bound, np.inf), lit=lit)
    best: dict[str, Any] = {
        "route_rtt_ms": found.metres[:, search.ALL],
        "route_mark": found.mark[:, search.ALL],
        "route_satellites": found.satellites[:, search.ALL],
        "route_parties": found.parties[:, search.ALL],
    }
    if twin.scenario.routes.policy == "least-load":
        best = _spread(twin, tables, graph, _Sky(position, views, lit), steps, best)
    count, backup = _backups(twin, graph, _Sky(position, views, lit), steps)
    return {
        **best,
        "route_rtt_ms": _milliseconds(best["route_rtt_ms"]),
        "space_rtt_ms": _milliseconds(found.metres[:, search.SPACE]),
        "space_mark": found.mark[:, search.SPACE],
        "space_satellites": found.satellites[:, search.SPACE],
        "route_disjoint": count,
        "route_backup_ms": _milliseconds(backup),
    }


@dataclass(frozen=True)
class _Sky:
    """Satellites of some steps: where they are, who sees them, and which lasers are lit."""

    position: F8
    views: search.Views
    lit: NDArray[np.uint8]

    def at(self, step: int) -> _Sky:
        """The same at one step."""
        views, one = self.views, slice(step, step + 1)
        seen = search.Views(views.count[one], views.seen[one], views.range_m[one])
        return _Sky(self.position[one], seen, self.lit[one] if self.lit.size else self.lit)


def dry(graph: Graph, views: search.Views, factor: NDArray[np.floating]) -> search.Views:
    """Views without those of gateways that rain has cut off.

    Parameters
    ----------
    factor : ndarray, shape (time, gateway)
        Share of each gateway's capacity that the rain leaves.
    """
    gateways = slice(graph.ends, graph.ends + factor.shape[1])
    count = views.count.copy()
    count[:, gateways][factor <= 0.0] = 0
    return replace(views, count=count)


def _backups(twin: Twin, graph: Graph, sky: _Sky, steps: NDArray[np.int64]) -> tuple[NDArray[np.int8], F8]:
    """Disjoint ways on the hour and in the run's first step; -1 and infinity in the steps between."""
    shape = (len(steps), graph.ends, graph.ends)
    count, metres = np.full(shape, -1, np.int8), np.full(shape, np.inf)
    start = _start(twin)
    for at, time in enumerate(twin.times[steps]):
        if time == start or time == time.astype("datetime64[h]"):
            one, wanted = sky.at(at), twin.scenario.routes.disjoint
            count[at], metres[at] = several.backups(graph, one.position[0], one.views, wanted, at, one.lit[0])
    return count, metres


def _spread(
    twin: Twin, tables: Tables, graph: Graph, sky: _Sky, steps: NDArray[np.int64], best: dict[str, Any]
) -> dict[str, Any]:
    """The same under load; see `rabta.transport.routes.load`."""
    out = {name: value.copy() for name, value in best.items()}
    demand, factor = _demand(tables), twin.values("gateway_factor")[steps]
    for t in range(len(steps)):
        one, capacity = sky.at(t), _capacity(twin, tables, graph, factor[t].astype(np.float64))
        made = load.least_load(
            load.at(graph, t), one.position[0], demand, capacity, views=one.views, lit=one.lit
        )
        for (a, b), nodes, links, metres in zip(made.pairs, made.nodes, made.links, made.metres, strict=True):
            mark, satellites, parties = search.described(graph, nodes, links)
            for i, j in ((a, b), (b, a)):
                out["route_rtt_ms"][t, i, j], out["route_mark"][t, i, j] = metres, mark
                out["route_satellites"][t, i, j], out["route_parties"][t, i, j] = satellites, parties
    return out


def _demand(tables: Tables) -> F8:
    """Busy-hour load of the nation's nodes, by people of the towns, in equal parts to the nodes abroad.

    Without any place abroad it goes to the other towns, by their people. Modelled: no operator publishes a
    traffic matrix.
    """
    people = tables.ends["people"].to_numpy(np.float64)
    far = (tables.ends["kind"] == "abroad").to_numpy(np.float64)
    total = float(tables.nodes["demand_mbps"].sum())
    to = far if far.any() else people
    matrix = total * np.outer(people / max(people.sum(), 1.0), to / max(to.sum(), 1.0))
    np.fill_diagonal(matrix, 0.0)
    return np.asarray(matrix + matrix.T)


def _capacity(twin: Twin, tables: Tables, graph: Graph, factor: F8) -> load.Capacity:
    """What the tables say; a laser as in `rabta.transport.flow.graphs`."""
    share = twin.scenario.transport.national_share_percent / 100.0
    gbps = tables.systems["capacity_gbps"].to_numpy(np.float64)[graph.network.system]
    gateway = tables.gateways["capacity_gbps"].to_numpy(np.float64) * 1e3 * factor
    rest = len(graph.sites) - graph.ends - len(gateway)
    span = np.append(tables.spans["capacity_mbps"].to_numpy(np.float64), np.inf)
    return load.Capacity(
        gbps * 1e3 * share,
        np.concatenate([np.full(graph.ends, np.inf), gateway, np.full(rest, np.inf)]),
        np.full(len(graph.network.arcs[1]), Rates().laser_mbps),
        span[graph.ground.span],
    )


@stage(
    "Summing up routes",
    params=("nation.name", "transport", "space.handoffs", "space.min_elevation_deg", "space.gso_avoidance"),
    reads=(
        "satellites",
        "systems",
        "gateways",
        "nodes",
        "spans",
        "ends",
        "ground_rtt_ms",
        "route_rtt_ms",
        "space_rtt_ms",
        "route_mark",
        "space_mark",
        "route_satellites",
        "space_satellites",
        "route_parties",
        "route_disjoint",
        "route_backup_ms",
    ),
    writes=("routes",),
    catalog=("constellations", "nations"),
)
def table(twin: Twin) -> dict[str, Any]:
    """One row a pair of places."""
    who = joined.parties(_given(twin, twin.table("ends")))
    series = summary.Series(
        best_ms=twin.values("route_rtt_ms"),
        space_ms=twin.values("space_rtt_ms"),
        ground_ms=twin.values("ground_rtt_ms"),
        mark=twin.values("route_mark"),
        space_mark=twin.values("space_mark"),
        satellites=twin.values("route_satellites"),
        space_satellites=twin.values("space_satellites"),
        parties=twin.values("route_parties"),
        disjoint=twin.values("route_disjoint"),
        backup_ms=twin.values("route_backup_ms"),
    )
    return {"routes": summary.routes(twin.table("ends"), series, who, _home(twin.scenario.nation.name))}
