"""Suite ``ground``: the ground network beside published lengths, capacities and traffic, unfitted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.nation import stages as nation
from rabta.scenario import Nation, Scenario
from rabta.transport import stages as transport
from rabta.transport.ground import abroad, stages, traffic
from rabta.transport.latency import fibre_s
from rabta.twin import Twin, wrap
from rabta.verify import Row, suite

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
SHOWN = math.nan
PRESENTED = ("aae-1", "imewe", "khunjerab", "peace", "smw4", "smw5", "tw1")
PTA = "PTA presentation, November 2025 (techjuice.pk); SMW5 in the catalog is the remainder of these totals"
WITH_SMW6 = "The same with the 4 Tbit/s of SMW6, activated on 22 November 2025"
ZAFARANA = "PTA on PEACE: 5,800 km from Karachi to Zafarana (thenews.com.pk/latest/988928); ours to Suez"
TW1 = "About 1,300 km with its branches (operator's page)"
SYSTEM = "The whole system with its branches; ours is the trunk from end to end over the waypoints"
RAIL = "Pakistan Railways: Green Line Karachi-Islamabad 1,521 km, Islamabad Express Lahore-Rawalpindi 290 km"
ROAD = "National Highway Authority, N-25 Karachi-Quetta-Chaman 813 km"
KHUNJERAB = "820 km buried (press of July 2018; 811 by urdupoint.com, 5 September 2016); ours from Rawalpindi"
LONG_HAUL = "PTA, November 2025: 75,967 km of all companies, many side by side; ours lays each route once"
MEAN = "PTA, Annual Report 2024-25: 27,727 PB, whence a household's load; ours with all who would join"
PEAK = (
    "PTA documents (propakistani.pk, 23 February 2024): bandwidth used in a day, how it is taken is not said"
)
CARRIERS = (
    "The same: 5.65 Tbit/s over carriers, the rest from local caches; ours is the busy hour less caches"
)
PERN = (
    "PERN, Jamshoro to Islamabad, least of September 2011: 25 to 28 ms (SLAC PingER); ours is light in fibre"
)


@suite(
    "ground", "The ground network: lengths, capacities and traffic as published", needs="a folder of layers"
)
def ground(files: Path | None) -> list[Row]:
    """Recompute the graph of the default scenario, and set it beside what is published."""
    twin = network(Scenario(nation=Nation(data=str(files)) if files else Nation()))
    nodes, spans = twin.table("nodes"), twin.table("spans")
    return [*_capacity(spans), *_sea(), *_land(nodes, spans), *_traffic(twin)]


def network(scenario: Scenario) -> Twin:
    """Twin with the tables and arrays of the ground network."""
    twin = Twin(scenario, np.array([], dtype="datetime64[ns]"))
    for stage in (nation.load, nation.unserved, nation.demand, transport.gateways, stages.network):
        for name, value in stage(twin).items():
            if hasattr(value, "columns"):
                twin.tables[name] = value
            else:
                twin.arrays[name] = wrap(name, value)
    return twin


def _capacity(spans: pd.DataFrame) -> list[Row]:
    """Links abroad by status; the spans hold what is lit."""
    entries = {name: catalog.entry("cables", name).data for name in (*PRESENTED, "smw6")}
    installed = {name: float(data["installed_tbps"]) for name, data in entries.items()}
    circuits = spans[spans["kind"].isin(("submarine", "land")) & spans["group"].isin(list(entries))]
    lit = circuits.groupby("group")["capacity_mbps"].sum() / 1e6
    return [
        Row("Installed abroad, Tbit/s", sum(installed[n] for n in PRESENTED), 17.21, 0.005, PTA),
        Row("Lit abroad, Tbit/s", float(lit.reindex(list(PRESENTED)).sum()), 13.01, 0.005, PTA),
        Row("Lit abroad with SMW6, Tbit/s", float(lit.sum()), 17.01, 0.005, WITH_SMW6),
    ]


def _sea() -> list[Row]:
    """Lengths of sea cables."""
    entry = catalog.entry("hubs", "world").data
    known = {row["name"]: row for kind in ("hub", "waypoint") for row in entry[kind]}
    found = {circuit.name: circuit for circuit in abroad.abroad("pakistan").circuits}
    rows = [
        Row("Karachi to Fujairah, km of TW1", found["TW1 to Fujairah"].km, 1300.0, 130.0, TW1, gate=False)
    ]
    peace = catalog.entry("cables", "peace").data
    via = next(row["via"] for row in peace["circuit"] if row["to"] == "Marseille")
    line = [peace["landing"][0], *(known[name] for name in via[: via.index("Suez") + 1])]
    places = [abroad.Place(p["name"], "", p["lat_deg"], p["lon_deg"]) for p in line]
    km = abroad.line_km(places, abroad.SEA_FACTOR)
    rows.append(Row("Karachi to Egypt, km of PEACE", km, 5800.0, 580.0, ZAFARANA, gate=False))
    for cable in ("SMW4", "SMW5", "SMW6"):
        both = sum(found[f"{cable} to {end}"].km for end in ("Marseille", "Singapore"))
        length = float(catalog.entry("cables", cable.lower()).data["length_km"])
        rows.append(Row(f"Singapore to Marseille, km of {cable}", both, length, SHOWN, SYSTEM, gate=False))
    return rows


def _land(nodes: pd.DataFrame, spans: pd.DataFrame) -> list[Row]:
    """Lengths of ways over the modelled backbone."""
    fibre = spans[spans["kind"].isin(("fibre", "peering"))]
    pairs = (
        ("Karachi", "Islamabad", 1521.0, RAIL),
        ("Lahore", "Rawalpindi", 290.0, RAIL),
        ("Karachi", "Chaman", 813.0, ROAD),
        ("Rawalpindi", "Khunjerab Pass", 820.0, KHUNJERAB),
    )
    rows = [
        Row(f"{a} to {b}, km of fibre", way_km(nodes, fibre, a, b), km, 0.15 * km, source, gate=False)
        for a, b, km, source in pairs
    ]
    delay = 2e3 * float(fibre_s(way_km(nodes, fibre, "Hyderabad", "Islamabad")))
    total = float(spans.loc[spans["kind"].eq("fibre"), "route_km"].sum())
    return [
        *rows,
        Row("Hyderabad to Islamabad, round trip, ms", delay, 25.0, SHOWN, PERN, gate=False),
        Row("Backbone, km of routes", total, 75_967.0, SHOWN, LONG_HAUL, gate=False),
    ]


def way_km(nodes: pd.DataFrame, spans: pd.DataFrame, start: str, end: str) -> float:
    """Length of the shortest way between two named nodes; infinity where there is none."""
    from scipy.sparse.csgraph import dijkstra

    ends = spans[["from_node", "to_node"]].to_numpy(np.int64)
    graph, _ = traffic.joined(len(nodes), ends, spans["route_km"].to_numpy(np.float64))
    row = {name: k for k, name in reversed(list(enumerate(nodes["name"])))}
    return float(dijkstra(graph, indices=row[start])[row[end]])


def _traffic(twin: Twin) -> list[Row]:
    """Load of the nodes beside the nation's traffic."""
    busy = float(twin.table("nodes")["demand_mbps"].sum()) / 1e6
    mean = float(twin.values("demand_mbps").sum()) / 24e6
    away = busy * (1.0 - float(catalog.entry("exchanges", "pakistan").data["home_share"]))
    return [
        Row("Mean traffic, Tbit/s", mean, 7.03, 0.15 * 7.03, MEAN, gate=False),
        Row("Busy hour at the nodes, Tbit/s", busy, 18.03, SHOWN, PEAK, gate=False),
        Row("Busy hour abroad, Tbit/s", away, 5.65, SHOWN, CARRIERS, gate=False),
    ]
