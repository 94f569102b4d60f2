"""Stages of joint hazards: drawn years, and what they cut off in the mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.stage import stage
from rabta.transport.failures import effects
from rabta.transport.failures.cuts.cases import whole
from rabta.transport.failures.cuts.graph import network
from rabta.transport.failures.study import home_share, hubs
from rabta.transport.hazards import cuts, losses, sources
from rabta.transport.hazards.exposure import exposure
from rabta.twin import Twin

if TYPE_CHECKING:
    import pandas as pd

PARAMS = ("failures.draws", "failures.seed", "nation.name")
READS = ("cells", "nodes", "spans", "cell_node", "demand_mbps", "busy_demand_mbps")
CATALOG = ("hazards", "cables", "nations", "services", "exchanges", "hubs")
IN_SERVICE = ("operating", "modelled")


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
    made = model(twin)
    if part.stop == part.start:
        empty = losses.empty_tables("hazard_draws")
        return {**empty, "hazard_person_hours": losses.hours_array(made.exposure, {}, 0)}
    found = losses.losses(losses.draw_years(made, np.arange(part.start, part.stop)))
    return {
        "hazard_draws": losses.draws_table(found, twin.scenario.nation.name, part.start),
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


def model(twin: Twin) -> losses.Model:
    """What the draws depend on, from the twin and the catalog."""
    given, name = twin.scenario, twin.scenario.nation.name
    nation = catalog.entry("nations", name).data if name in catalog.names("nations") else {}
    found = exposure(twin.table("cells"), sources.Flood(sources.data("flood")))
    subscribers = float(nation.get("traffic", {}).get("broadband_subscriptions", found.people.sum()))
    spans = twin.table("spans")
    drawn = spans["status"].isin(IN_SERVICE) & (spans["kind"] == "fibre")
    rows = np.flatnonzero(drawn.to_numpy(bool))
    land = losses.Land(
        spans["name"].iloc[rows].astype(str).tolist(), spans["route_km"].to_numpy(np.float64)[rows]
    )
    seed, local = given.failures.seed, sources.known(name)
    fleet = cuts.fleet(nation=name, gone=_denied(spans))
    return losses.Model(found, fleet, land, subscribers, seed, local, _ground(twin, rows))


def _denied(spans: pd.DataFrame) -> set[str]:
    """Cables all of whose circuits the scenario denies."""
    sea = spans[spans["kind"] == "submarine"]
    whole = sea["status"].eq("denied").groupby(sea["group"]).all()
    return set(whole.index[whole].astype(str))


def _ground(twin: Twin, rows: NDArray[np.int64]) -> cuts.Ground:
    """The network of the failure study, with the drawn spans."""
    nodes, spans = (twin.table(name).reset_index(drop=True) for name in ("nodes", "spans"))
    nation = twin.scenario.nation.name
    net = network(nodes, spans, home_share(nation), hubs=hubs(nodes))
    demand, busy = (twin.values(key).astype(np.float64) for key in ("demand_mbps", "busy_demand_mbps"))
    enters = twin.values("cell_node").astype(np.int64)
    people = effects.land(twin.table("cells"), enters, demand, busy, len(nodes), nation)
    return cuts.Ground(effects.Shares(net, whole(net)), people, rows)
