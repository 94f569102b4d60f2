"""Stages of the nation: the place and its people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rabta.nation import aggregate, climate, layers
from rabta.nation import demand as demands
from rabta.scenario import Scenario
from rabta.stage import stage
from rabta.twin import Twin


def _files(scenario: Scenario) -> list[Path]:
    return layers.files(scenario.nation)


@stage(
    "Nation: cells, towns and terrain",
    params=("nation",),
    writes=("cells", "places", "horizon_deg", "tehsils", "apportionment", "aerodromes", "backbone"),
    catalog=("nations",),
    files=_files,
)
def load(twin: Twin) -> dict[str, Any]:
    """Read the nation's layers at the scenario's resolution."""
    nation = twin.scenario.nation
    found = aggregate.aggregate(layers.load(nation), nation.resolution)
    cells = found.cells
    if nation.climate == "itur":
        points = (cells[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg", "elevation_m"))
        cells = cells.assign(**climate.of_points(*points))
    return {
        "cells": cells,
        "places": found.places,
        "horizon_deg": found.horizon_deg,
        "tehsils": found.units.tehsils,
        "apportionment": found.units.apportionment,
        "aerodromes": found.aerodromes,
        "backbone": found.backbone,
    }


@stage(
    "Demand in the busy hour",
    params=("demand",),
    reads=("cells",),
    writes=("busy_demand_mbps", "unserved_demand_mbps", "demand_profile"),
    catalog=("services",),
)
def demand(twin: Twin) -> dict[str, Any]:
    """Add up the services' loads; split off those of households without broadband today."""
    cells, wanted = twin.table("cells"), twin.scenario.demand
    services = demands.services(wanted.services)
    columns = {"household": "households", "pupil": "school_age", "person": "people"}
    units = {unit: cells[column].to_numpy(np.float64) for unit, column in columns.items()}
    peaks = demands.peak_loads(
        services, units, wanted.adoption_percent / 100.0, wanted.growth_percent / 100.0
    )
    load, profile = demands.busy_hour(peaks, np.stack([service.profile for service in services]))
    share = cells["unserved_today_share"].to_numpy(np.float64)
    return {"busy_demand_mbps": load, "unserved_demand_mbps": load * share, "demand_profile": profile}
