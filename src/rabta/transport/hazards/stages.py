"""Stages of joint hazards: drawn years, and what they cut off in the mean."""

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


PARAMS = ("failures.draws", "failures.seed", "nation.name")
READS = ("cells", "backbone")
CATALOG = ("hazards", "cables", "nations", "services")


def _count(twin: Twin) -> int:
    return twin.scenario.failures.draws


@stage(
    "Drawing joint hazards",
    params=PARAMS,
    reads=READS,
    writes=("hazard_draws", "hazard_person_hours"),
    catalog=CATALOG,
    over="parts",
    items=_count,
    part_size=losses.CHUNK,
)
def draws(twin: Twin, part: slice) -> dict[str, Any]:
    """Losses of some drawn years; the same whatever the others are."""
    made = model(twin.table("cells"), twin.table("backbone"), twin.scenario)
    if part.stop == part.start:
        empty = losses.empty_tables("hazard_draws")
        return {**empty, "hazard_person_hours": losses.hours_array(made.exposure, {}, 0)}
    found = losses.losses(losses.draw_years(made, np.arange(part.start, part.stop)))
    return {
        "hazard_draws": losses.draws_table(found, part.start),
        "hazard_person_hours": losses.hours_array(made.exposure, found, part.stop - part.start),
    }


@stage(
    "Expected losses by hazards",
    params=("failures.draws",),
    reads=("cells", "hazard_draws", "hazard_person_hours"),
    writes=("hazard_districts", "hazard_summary"),
    catalog=("hazards",),
)
def hazards(twin: Twin) -> dict[str, Any]:
    """Means and spread over the draws; no draws, no rows."""
    count = twin.scenario.failures.draws
    if count == 0:
        return losses.empty_tables("hazard_districts", "hazard_summary")
    of = exposure(twin.table("cells"), sources.Flood(sources.data("flood")))
    hours = twin.values("hazard_person_hours").astype(np.float64)
    return {
        "hazard_districts": losses.districts_table(of, hours),
        "hazard_summary": losses.summary_table(twin.table("hazard_draws"), count),
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
