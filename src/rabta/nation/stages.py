"""Stages of the nation: the place and its people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.nation import affordability, aggregate, climate, growth, layers
from rabta.nation import demand as demands
from rabta.scenario import Scenario
from rabta.stage import stage
from rabta.twin import Twin


def _files(scenario: Scenario) -> list[Path]:
    return layers.files(scenario.nation)


@stage(
    "Nation: cells, towns and terrain",
    params=("nation",),
    writes=(
        "cells",
        "settlements",
        "places",
        "horizon_deg",
        "tehsils",
        "apportionment",
        "aerodromes",
        "backbone",
    ),
    catalog=("nations",),
    files=_files,
)
def load(twin: Twin) -> dict[str, Any]:
    """Read the nation's layers at the scenario's resolution."""
    nation = twin.scenario.nation
    finest = layers.load(nation)
    found = aggregate.aggregate(finest, nation.resolution)
    cells = found.cells
    if nation.climate == "itur":
        points = (cells[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg", "elevation_m"))
        cells = cells.assign(**climate.of_points(*points))
    return {
        "cells": cells,
        "settlements": aggregate.settlements(finest, nation.resolution),
        "places": found.places,
        "horizon_deg": found.horizon_deg,
        "tehsils": found.units.tehsils,
        "apportionment": found.units.apportionment,
        "aerodromes": found.aerodromes,
        "backbone": found.backbone,
    }


@stage("Who has no broadband today", reads=("cells",), writes=("unserved_share",))
def unserved(twin: Twin) -> dict[str, Any]:
    """Share of each cell's households, as the nation's layer has it."""
    return {"unserved_share": twin.table("cells")["unserved_today_share"].to_numpy(np.float64)}


@stage(
    "Demand of every cell and hour",
    params=("demand", "nation.name"),
    reads=("cells", "unserved_share"),
    writes=(
        "demand_mbps",
        "busy_demand_mbps",
        "unserved_demand_mbps",
        "demand_profile",
        "adoption_share",
        "joining_households",
        "affordable_share",
        "income_usd_month",
        "income_sigma",
    ),
    catalog=("services", "incomes", "tariffs", "growth"),
)
def demand(twin: Twin) -> dict[str, Any]:
    """Add up the services' loads; split off those of households without broadband today."""
    cells, wanted = twin.table("cells"), twin.scenario.demand
    year = growth.factors(twin.scenario.nation.name, wanted.growth, wanted.year)
    services = demands.services(wanted.services)
    units = {unit: cells[column].to_numpy(np.float64) for unit, column in demands.UNITS.items()}
    money = _money(twin, units["household"])
    flat = float(year.adoption(wanted.adoption_percent / 100.0))
    able = year.adoption(money["affordable_share"])
    share = able if wanted.adoption == "affordable" else np.full(len(cells), flat)
    peaks = demands.peak_loads(services, units, demands.Adoption(share, flat), year)
    peaks *= 1.0 + wanted.growth_percent / 100.0
    load = demands.hourly(peaks, np.stack([service.profile for service in services]))
    without = twin.values("unserved_share").astype(np.float64)
    busy, profile = demands.busy_hour(load, without)
    return {
        "demand_mbps": load,
        "busy_demand_mbps": busy,
        "unserved_demand_mbps": busy * without,
        "demand_profile": profile,
        "adoption_share": share,
        "joining_households": units["household"] * without * share * year.households,
        **money,
    }


def _money(twin: Twin, households: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Income of each cell and the share that can pay the tariff; not a number where no income is known."""
    name, wanted = twin.scenario.nation.name, twin.scenario.demand
    names = ("affordable_share", "income_usd_month", "income_sigma")
    if wanted.adoption == "flat" and name not in catalog.names("incomes"):
        return {key: np.full(len(households), np.nan) for key in names}
    cells = twin.table("cells")
    mean, sigma = affordability.household_income(
        affordability.incomes(name),
        cells["province"].to_numpy(object),
        households,
        cells["urban_share"].to_numpy(np.float64),
    )
    price, part = affordability.tariff_usd(name, wanted.tariff)
    share = affordability.affordable_share(mean, sigma, price, part)
    return dict(zip(names, (share, mean, sigma), strict=True))
