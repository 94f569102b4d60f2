"""Stage of the flows: what the national network carries hour by hour, and how far demand could grow."""

from __future__ import annotations

from typing import Any

import numpy as np

from rabta.stage import stage
from rabta.transport.flow import results
from rabta.twin import Twin


@stage(
    "Loading the ground network",
    params=("nation.name",),
    reads=("nodes", "spans", "cell_node", "demand_mbps"),
    writes=("span_load", "flow_summary"),
    catalog=("exchanges",),
)
def flows(twin: Twin) -> dict[str, Any]:
    """Load and price of every span in every hour of the day; the factor that demand could grow by."""
    nodes, spans = twin.table("nodes"), twin.table("spans")
    demand = results.at_nodes(
        twin.values("cell_node"), twin.values("demand_mbps").astype(np.float64), len(nodes)
    )
    return results.tables(nodes, spans, demand, results.home_share(twin.scenario.nation.name))
