"""A nation's network made to fail: elements alone, in pairs, denied, or any set of names together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.nation import demand as services_
from rabta.nation import growth
from rabta.scenario import Scenario
from rabta.transport.failures import effects, elements
from rabta.transport.failures.cuts import cases as kernel
from rabta.transport.failures.cuts import graph
from rabta.transport.failures.denial import Gone, Things
from rabta.transport.failures.sky import Given, Sky, left, sky

if TYPE_CHECKING:
    import pandas as pd

B1 = NDArray[np.bool_]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

NATION = "nation"
ARRAYS = ("cell_node", "demand_mbps", "busy_demand_mbps")


@dataclass(frozen=True)
class Study:
    """A network, its people and its sky, ready to fail.

    Attributes
    ----------
    scenario : Scenario
    tables : mapping of str to DataFrame
    items : list of Element
    net : Network
    where : Land
    sky : Sky
    cell_node : int64 (cell,)
    """

    scenario: Scenario
    tables: Mapping[str, pd.DataFrame]
    items: list[elements.Element]
    net: graph.Network
    where: effects.Land
    sky: Sky
    cell_node: I8

    @cached_property
    def base(self) -> kernel.Base:
        """The whole network's flow."""
        return kernel.whole(self.net)

    @cached_property
    def shares(self) -> effects.Shares:
        """Who gets how much."""
        return effects.Shares(self.net, self.base)

    @cached_property
    def whole_sky(self) -> Given:
        """What satellites give with nothing gone."""
        return left(self.sky)

    @cached_property
    def usual(self) -> dict[str, Any]:
        """Row of the table ``failures`` with nothing failed."""
        return base_row(self)

    @cached_property
    def things(self) -> Things:
        """What names mean."""
        iso = str(catalog.entry("nations", self.scenario.nation.name).data.get("iso", ""))
        return Things(self.tables["nodes"], self.tables["spans"], self.items, self.sky, iso)

    @property
    def households(self) -> float:
        """Households of the nation."""
        return max(float(self.where.households.sum()), 1e-9)

    def edges(self, gone: Gone) -> I8:
        """Edges of the network that a set takes away."""
        parts = [np.asarray(gone.spans, np.int64), *[self.net.edges_of(v) for v in gone.nodes]]
        return np.unique(np.concatenate(parts)).astype(np.int64)

    def rtt_ms(self, goal: int, lost: I8) -> F8:
        """Round trip of every node to the nearest exit of one kind; infinite where none is left."""
        edges = self.net.ways(goal)
        edges[lost] = np.inf
        return 2.0 * kernel.ways(self.net, edges, goal).delay_ms[: self.net.nodes]

    def stranded(self, lost: I8) -> tuple[str, ...]:
        """Gateways whose node has no way to an exit left."""
        alive = effects.reached(self.net, self.net.sink, lost)
        names = self.tables["nodes"]["name"].to_numpy(str)
        return tuple(names[self.linked_gateways & ~alive].tolist())

    @cached_property
    def linked_gateways(self) -> B1:
        """Gateways that have a way to an exit in the whole network."""
        kind = self.tables["nodes"]["kind"].to_numpy(str)
        return np.asarray((kind == "gateway") & effects.reached(self.net, self.net.sink, ()))


def study(
    scenario: Scenario,
    tables: Mapping[str, pd.DataFrame],
    arrays: Mapping[str, Any],
    home: float | None = None,
) -> Study:
    """Study of a run's tables and arrays (`ARRAYS`).

    Parameters
    ----------
    home : float, optional
        Share of the demand that exchanges can serve from content at home; the catalog's if left out.
    """
    nodes, spans = (tables[name].reset_index(drop=True) for name in ("nodes", "spans"))
    graph.check(nodes, spans)
    nation = scenario.nation.name
    how = elements.repairs(nation, scenario.failures.repair_hours)
    cell_node = np.asarray(arrays["cell_node"], np.int64)
    where = effects.land(
        tables["cells"],
        cell_node,
        np.asarray(arrays["demand_mbps"], np.float64),
        np.asarray(arrays["busy_demand_mbps"], np.float64),
        len(nodes),
        nation,
    )
    return Study(
        scenario,
        {**tables, "nodes": nodes, "spans": spans},
        elements.elements(nodes, spans, how),
        graph.network(nodes, spans, home_share(nation) if home is None else home, hubs=hubs(nodes)),
        where,
        sky({name: tables[name] for name in ("zones", "pools", "systems", "satellites", "gateways")}),
        cell_node,
    )


def home_share(nation: str) -> float:
    """Share of the traffic that exchanges can serve from content at home (catalog ``exchanges``)."""
    if nation not in catalog.names("exchanges"):
        return 1.0  # as the ground network: all traffic ends at the national exchange
    return float(catalog.entry("exchanges", nation).data["home_share"])


def hubs(nodes: pd.DataFrame) -> set[str] | None:
    """Nodes abroad where content and transit are had (catalog ``hubs``); None where it names none of them."""
    listed = {
        str(hub["name"])
        for entry in catalog.entries("hubs")
        for hub in entry.data.get("hub", [])
        if hub.get("exchange")
    }
    return listed if nodes.loc[nodes["kind"] == graph.ABROAD, "name"].isin(listed).any() else None


def failed(given: Study, gone: Gone, hours: float | None = None) -> dict[str, Any]:
    """What happens when a set fails or is denied: a row of the table ``failures``."""
    lost = given.edges(gone)
    share = given.shares.without([lost])[0] if lost.size else given.shares.usual
    home, abroad = (given.rtt_ms(goal, lost) for goal in (given.net.home_exit, given.net.abroad_exit))
    found = effects.effect(
        given.where,
        share,
        given.shares.usual,
        gone.repair_hours if hours is None else hours,
        ~(home <= given.where.payments.deadline_ms),
        (given.shares.content(lost), given.shares.usual_content),
    )
    above = left(given.sky, gone.systems, {*gone.gateways, *(given.stranded(lost) if lost.size else ())})
    people = given.net.people[: given.net.nodes]
    row = given.usual | _traffic(given, share)
    row |= {
        "case": "together",
        "name": gone.name,
        "people_cut": float(people[share <= 0.0].sum()),
        "people_cut_home": float(people[~np.isfinite(home)].sum()),
        "people_cut_abroad": float(people[~np.isfinite(abroad)].sum()),
        "rtt_home_ms": kernel.median_of(home, people),
        "rtt_abroad_ms": kernel.median_of(abroad, people),
        "repair_hours": gone.repair_hours if hours is None else hours,
        "satellite_mbps": above.capacity_mbps,
        "satellite_lost_mbps": max(0.0, given.whole_sky.carried_mbps - above.carried_mbps),
    }
    return row | _felt(given, found)


def hit_districts(
    given: Study, gone: Gone, hours: float | None = None, most: int = 10
) -> list[dict[str, Any]]:
    """Districts that lose most person-hours when a set fails, the worst first."""
    lost = given.edges(gone)
    share = given.shares.without([lost])[0] if lost.size else given.shares.usual
    last = gone.repair_hours if hours is None else hours
    content = (given.shares.content(lost), given.shares.usual_content)
    found = effects.effect(given.where, share, given.shares.usual, last, content=content)
    order = np.argsort(-found.person_hours, kind="stable")[:most]
    return [
        {
            "district": str(given.where.districts[d]),
            "province": str(given.where.province[d]),
            "lost_share": float(found.lost_share[d]),
            "people_cut": float(found.cut_people[d]),
            "person_hours": float(found.person_hours[d]),
        }
        for d in order
        if found.person_hours[d] > 0.0
    ]


def hub_delays(given: Study, lost: I8) -> dict[str, float]:
    """Median round trip over people (ms) to every hub abroad with these edges gone; NaN where none is known.

    Ways between hubs abroad count as far as the catalog ``hubs`` lists them.
    """
    net, nodes = given.net, given.tables["nodes"]
    edges = np.where((net.limit.max(axis=0) > 0) & (net.head < net.nodes), net.delay_ms, np.inf)
    edges[lost] = np.inf
    exits = net.tail[net.head == net.abroad_exit]
    return {
        str(nodes["name"].iloc[v]): kernel.median_of(
            2.0 * kernel.ways(net, edges, int(v)).delay_ms[: net.nodes], net.people[: net.nodes]
        )
        for v in exits
    }


def base_row(given: Study) -> dict[str, Any]:
    """Row of the table ``failures`` with nothing failed."""
    people = given.net.people[: given.net.nodes]
    none = np.zeros(0, np.int64)
    home, abroad = (given.rtt_ms(goal, none) for goal in (given.net.home_exit, given.net.abroad_exit))
    row: dict[str, Any] = {
        "case": "whole",
        "kind": "",
        "name": "",
        "people_cut": float(people[given.shares.usual <= 0.0].sum()),
        "people_cut_home": float(people[~np.isfinite(home)].sum()),
        "people_cut_abroad": float(people[~np.isfinite(abroad)].sum()),
        "people_congested": 0.0,
    }
    row |= _traffic(given, given.shares.usual)
    row |= {
        "rtt_home_ms": kernel.median_of(home, people),
        "rtt_abroad_ms": kernel.median_of(abroad, people),
        "districts_hit": 0,
        "worst_district": "",
        **dict.fromkeys(("repair_hours", "person_hours", "payments_missed", "value_at_risk_usd"), 0.0),
        "satellite_mbps": given.whole_sky.capacity_mbps,
        "satellite_lost_mbps": 0.0,
        "faults_year": 0.0,
    }
    return row


def _traffic(given: Study, share: F8) -> dict[str, float]:
    """Busy-hour traffic of the ground, and what is lost to islands and to congestion."""
    wanted = given.net.demand[: given.net.nodes] * given.net.unit_mbps
    usual = given.base.delivered * given.net.unit_mbps
    carried = float((wanted * share).sum()) if share is not given.shares.usual else usual
    island = float((wanted * given.shares.usual)[share <= 0.0].sum())
    return {
        "carried_mbps": carried,
        "carried_share": min(1.0, carried / max(float(wanted.sum()), 1e-9)),
        "demand_lost_mbps": max(0.0, usual - carried),
        "island_mbps": min(island, max(0.0, usual - carried)),
        "household_mbps": carried / given.households,
    }


def _felt(given: Study, found: effects.Effect) -> dict[str, Any]:
    worst = int(np.argmax(found.person_hours)) if found.person_hours.size else 0
    any_ = bool(found.person_hours.size and found.person_hours[worst] > 0.0)
    return {
        "people_congested": found.people_congested,
        "districts_hit": found.hit,
        "worst_district": str(given.where.districts[worst]) if any_ else "",
        "person_hours": float(found.person_hours.sum()),
        "payments_missed": found.payments_missed,
        "value_at_risk_usd": found.payments_missed * given.where.payments.value_usd,
    }


def denial_rows(given: Study, gone: Gone) -> list[dict[str, Any]]:
    """What still works under a denial, nationally and by province: rows of the table ``denials``."""
    lost = given.edges(gone)
    share = given.shares.without([lost])[0] if lost.size else given.shares.usual
    ways = [given.rtt_ms(goal, lost) for goal in (given.net.home_exit, given.net.abroad_exit)]
    above = left(given.sky, gone.systems, {*gone.gateways, *(given.stranded(lost) if lost.size else ())})
    floors = _floors(given, share, ways[0])
    foreign = foreign_share(given.sky, gone.systems, above)
    names = sorted({str(name) for name in given.where.province})
    rows = []
    for name in (NATION, *names):
        mine = (given.where.province == name) | (name == NATION)
        people = given.where.people[mine].sum(axis=0)
        total = max(float(people.sum()), 1e-9)
        wanted = _wanted(given) * people / np.maximum(given.where.people.sum(axis=0), 1e-9)
        rows.append(
            {
                "denial": gone.name,
                "province": name,
                "people": float(people.sum()),
                "people_home": float(people[np.isfinite(ways[0])].sum()),
                "people_abroad": float(people[np.isfinite(ways[1])].sum()),
                "carried_share": float((people * share).sum() / total),
                "household_mbps": float((wanted * share).sum())
                / max(float(given.where.households[mine].sum()), 1e-9),
                "rtt_home_ms": kernel.median_of(ways[0], people),
                "rtt_abroad_ms": kernel.median_of(ways[1], people),
                "satellite_household_mbps": above.capacity_mbps / given.households,
                "foreign_space_share": foreign,
                "services": ", ".join(
                    f"{service} {100.0 * float(people[ok].sum()) / total:.1f} %"
                    for service, ok in floors.items()
                ),
            }
        )
    return rows


def _wanted(given: Study) -> F8:
    return np.asarray(given.net.demand[: given.net.nodes] * given.net.unit_mbps)


def foreign_share(above: Sky, systems: Sequence[str], rest: Given) -> float:
    """Share of what satellites still give that foreign operators run."""
    foreign = {s.name for s in above.systems if s.foreign}
    national = left(above, {*systems, *foreign}).capacity_mbps
    return max(0.0, 1.0 - national / rest.capacity_mbps) if rest.capacity_mbps > 0.0 else 0.0


def _floors(given: Study, share: F8, home: F8) -> dict[str, B1]:
    """Nodes at which each service of the scenario keeps its floor."""
    cells, wanted = given.tables["cells"], given.scenario.demand
    chosen = services_.services(wanted.services)
    units = {unit: cells[column].to_numpy(np.float64) for unit, column in services_.UNITS.items()}
    year = growth.factors(given.scenario.nation.name, wanted.growth, wanted.year)
    flat = float(year.adoption(wanted.adoption_percent / 100.0))
    loads = services_.peak_loads(chosen, units, services_.Adoption(flat, flat), year)
    here = given.cell_node >= 0
    got = share * _wanted(given)
    out = {}
    for service, load in zip(chosen, loads, strict=True):
        asked = np.bincount(given.cell_node[here], load[here], given.net.nodes)
        enough = got >= np.minimum(asked, _wanted(given)) * (1.0 - 1e-6)
        out[service.name] = (home <= service.latency_ms) & enough & (share > 0.0)
    return out
