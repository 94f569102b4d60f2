"""Stage of joint hazards: drawn years and what they cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rabta import catalog
from rabta.scenario import Scenario
from rabta.stage import stage
from rabta.transport.hazards import cuts, losses, sources
from rabta.transport.hazards.exposure import exposure
from rabta.twin import Twin

if TYPE_CHECKING:
    import pandas as pd


@stage(
    "Drawing joint hazards",
    params=("failures.draws", "failures.seed", "nation.name"),
    reads=("cells", "backbone"),
    writes=("hazard_draws", "hazard_districts", "hazard_summary"),
    catalog=("hazards", "cables", "nations", "services"),
)
def hazards(twin: Twin) -> dict[str, Any]:
    """Losses of ``failures.draws`` drawn years; no draws, no rows."""
    made = model(twin.table("cells"), twin.table("backbone"), twin.scenario)
    if twin.scenario.failures.draws == 0:
        return losses.empty_tables()
    found = losses.all_losses(made, twin.scenario.failures.draws)
    return {
        "hazard_draws": losses.draws_table(found),
        "hazard_districts": losses.districts_table(made.exposure, found),
        "hazard_summary": losses.summary_table(found),
    }


def model(cells: pd.DataFrame, backbone: pd.DataFrame, scenario: Scenario) -> losses.Model:
    """What the draws depend on, from the twin's tables and the catalog."""
    name = scenario.nation.name
    index = cells["cell"].astype(str).to_numpy()
    ends = (backbone[end].to_numpy(np.int64) for end in ("from_row", "to_row"))
    names = [f"{index[a]}-{index[b]}" for a, b in zip(*ends, strict=True)]
    nation = catalog.entry("nations", name).data if name in catalog.names("nations") else {}
    found = exposure(cells, sources.Flood(sources.data("flood")))
    subscribers = float(nation.get("traffic", {}).get("broadband_subscriptions", found.people.sum()))
    land = losses.Land(names, backbone["route_km"].to_numpy(np.float64))
    fleet = cuts.fleet()
    return losses.Model(found, fleet, land, subscribers, scenario.failures.seed, sources.known(name))
