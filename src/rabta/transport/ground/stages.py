"""Stage of the ground network."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from rabta import catalog
from rabta.stage import stage
from rabta.transport import latency
from rabta.transport.ground import abroad, assemble, denied, traffic
from rabta.twin import Twin

if TYPE_CHECKING:
    import pandas as pd

NAMED = 5


@stage(
    "Joining the ground network",
    params=("nation.name", "transport.denied", "transport.platforms"),
    reads=("cells", "backbone", "places", "gateways", "busy_demand_mbps"),
    writes=("nodes", "spans", "cell_node"),
    catalog=("nations", "exchanges", "cables", "hubs"),
)
def network(twin: Twin) -> dict[str, Any]:
    """Fibre, exchanges, landings, gateways and hubs as one graph, and the traffic of each node."""
    nation, cells = twin.scenario.nation.name, twin.table("cells")
    national = latency.exchange(nation)
    swaps = assemble.exchanges(nation, (national.name, national.lat_deg, national.lon_deg))
    outside = abroad.abroad(nation)
    about = catalog.entry("nations", nation).data
    nodes, spans = assemble.assemble(
        cells,
        twin.table("backbone"),
        twin.table("places"),
        twin.table("gateways"),
        str(about.get("iso", "")) or "PK",
        swaps,
        outside,
        owners=_owners(about),
        platforms=twin.scenario.transport.platforms,
    )
    entry = traffic.entry_nodes(cells, nodes, spans)
    values = (cells["people"].to_numpy(np.float64), twin.values("busy_demand_mbps").astype(np.float64))
    nodes["people"], nodes["demand_mbps"] = (traffic.at_nodes(entry, v, len(nodes)) for v in values)
    spans["capacity_mbps"] = traffic.dimension(nodes, spans, swaps.home_share)
    gone = denied.spans(nodes, spans, twin.scenario.transport.denied, denied.skies())
    spans.loc[gone, ["capacity_mbps", "status"]] = 0.0, "denied"
    _warn(nation, swaps.known and bool(outside.circuits))
    _warn_parted(nodes, spans, cells)
    return {"nodes": nodes, "spans": spans, "cell_node": entry}


def _owners(about: dict[str, Any]) -> dict[str, str]:
    """Who runs the backbone of a province, where the nation's entry says it."""
    rows = about.get("fibre", {}).get("owners", [])
    return {str(province): str(row["name"]) for row in rows for province in row["provinces"]}


def _warn(nation: str, abroad_known: bool) -> None:
    if not abroad_known:
        warnings.warn(
            f"{nation}: no exchanges or cables in the catalog; all traffic ends at the national exchange, "
            "and what leads abroad is not known",
            stacklevel=2,
        )


def _warn_parted(nodes: pd.DataFrame, spans: pd.DataFrame, cells: pd.DataFrame) -> None:
    """Say which nodes reach no exchange, those with the most people around them first."""
    lost = traffic.cut_off(nodes, spans)
    gateways = traffic.cut_off(nodes, spans, by_abroad=True) & nodes["kind"].eq("gateway").to_numpy()
    for name in nodes["name"].to_numpy(str)[gateways].tolist():
        warnings.warn(f"gateway {name!r} reaches no exchange at home: it lands for nobody", stacklevel=2)
    fibre = np.flatnonzero(nodes["kind"].eq("fibre"))
    if lost[fibre].any():
        near = traffic.nearest(cells, nodes, fibre)
        people = traffic.at_nodes(near, cells["people"].to_numpy(np.float64), len(nodes))
        rows = fibre[lost[fibre]]
        names = nodes["name"].to_numpy(str)[rows[np.argsort(-people[rows], kind="stable")]].tolist()
        some = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        warnings.warn(
            f"no way from {some} to any exchange at home: {people[rows].sum():,.0f} people enter elsewhere",
            stacklevel=2,
        )
