"""A small nation made of random but plain numbers, which follows the schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rabta import scenario as scenarios
from rabta.scenario import TECHNOLOGIES
from rabta.twin import Twin, wrap

CELLS, STEPS, ZONES = 240, 40, 4
LATENCY_MS = {"fibre_fwa": 20.0, "microwave_macro": 35.0, "satellite_cell": 25.0, "haps": 15.0}


def tables(random: np.random.Generator) -> dict[str, pd.DataFrame]:
    zone = np.array([f"zone{i}" for i in range(ZONES)])
    households = np.exp(random.normal(4.0, 1.5, CELLS))
    cells = pd.DataFrame(
        {
            "cell": [f"cell{i:04d}" for i in range(CELLS)],
            "lat_deg": random.uniform(28.0, 31.0, CELLS),
            "lon_deg": random.uniform(66.0, 69.0, CELLS),
            "province": np.where(np.arange(CELLS) % 2, "Sindh", "Balochistan"),
            "district": [f"district{i % 6}" for i in range(CELLS)],
            "people": np.round(6.3 * households).astype(np.int64),
            "households": households,
            "urban_share": 0.0,
            "grid_share": random.uniform(0.0, 1.0, CELLS),
            "rough_m": random.gamma(1.0, 80.0, CELLS),
            "backbone_km": random.uniform(1.0, 200.0, CELLS),
            "mobile_today": "none",
            "zone": zone[random.integers(0, ZONES, CELLS)],
        }
    )
    technologies = pd.DataFrame({"technology": TECHNOLOGIES, "title": TECHNOLOGIES, "kind": "terrestrial"})
    technologies["latency_ms"] = [LATENCY_MS.get(name, np.nan) for name in TECHNOLOGIES]
    systems = pd.DataFrame({"system": ["leo", "geo"], "orbit": ["leo", "geo"], "channel_mhz": [250.0, 72.0]})
    systems["kind"], systems["terminal_class"] = "broadband", "consumer"
    systems["terminal"] = ["leo-flat-panel", "geo-ka-0.74m"]
    satellites = pd.DataFrame({"name": ["a", "b"], "orbit": ["leo", "geo"], "system": [0, 1]})
    region = ["north", "north", "south", "south"]
    plain = {"satellite_capacity_mbps": 2000.0, "geo_capacity_mbps": 5.0}
    zones = pd.DataFrame({"zone": zone, "region": region, **plain})
    gateways = pd.DataFrame(
        {
            "name": ["home", "far"],
            "lat_deg": 25.0,
            "lon_deg": [67.0, 74.0],
            "height_m": 0.0,
            "antennas": 2,
            "capacity_gbps": 10.0,
            "systems": ["geo", "*"],
            "exchange_km": [100.0, 1500.0],
        }
    )
    most = {"satellite_capacity_mbps": [3000.0, 3500.0, 5000.0]}
    pools = pd.DataFrame({"pool": ["north", "south", "nation"], **most})
    units, part = apportioned(cells)
    return {
        "cells": cells,
        "tehsils": units,
        "apportionment": part,
        "technologies": technologies,
        "gateways": gateways,
        "systems": systems,
        "satellites": satellites,
        "zones": zones,
        "pools": pools,
    }


def apportioned(cells: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One census unit a district; each cell whole in its own."""
    units = cells.groupby(["province", "district"], as_index=False)[["people", "households"]].sum()
    unit_of = {pair: row for row, pair in enumerate(zip(units["province"], units["district"], strict=True))}
    pairs = zip(cells["province"], cells["district"], strict=True)
    rows = {"cell_row": np.arange(len(cells)), "tehsil_row": [unit_of[pair] for pair in pairs]}
    return units, pd.DataFrame({**rows, "people": cells["people"]})


def arrays(random: np.random.Generator, cells: pd.DataFrame) -> dict[str, Any]:
    busy = 1.2 * cells["households"].to_numpy()
    unserved = busy * np.where(np.arange(CELLS) % 3, random.uniform(0.2, 1.0, CELLS), 0.0)
    access = np.zeros((CELLS, len(TECHNOLOGIES)))
    for name, rate in {"fibre_fwa": 80, "microwave_macro": 15, "satellite_cell": 12, "haps": 12}.items():
        access[:, TECHNOLOGIES.index(name)] = rate
    access[:, TECHNOLOGIES.index("direct_to_device")] = 0.2
    sites = np.zeros((CELLS, len(TECHNOLOGIES)))
    sites[:, [TECHNOLOGIES.index(name) for name in ("fibre_fwa", "microwave_macro", "satellite_cell")]] = (
        2,
        1,
        6,
    )
    latency = random.uniform(30.0, 60.0, (STEPS, CELLS))
    latency[0, :5] = np.nan
    lean = np.where(np.arange(STEPS) % 4, np.nan, np.linspace(1.0, 1.5, STEPS))[:, None]  # one in 4 sampled
    return {
        "busy_demand_mbps": busy,
        "unserved_demand_mbps": unserved,
        "joining_households": 0.6 * cells["households"].to_numpy() * unserved / busy,
        "income_usd_month": np.where(np.arange(CELLS) % 10, 150.0, np.nan),
        "access_rate_mbps": access,
        "sites_per_cell": sites,
        "link_rate_mbps": random.uniform(80.0, 200.0, (STEPS, CELLS)),
        "latency_ms": latency,
        "visible_count": random.integers(5, 20, (STEPS, CELLS)),
        "device_count": np.zeros((STEPS, CELLS), np.uint8),
        "served_mbps": 0.5 * np.linspace(0.4, 0.8, STEPS)[:, None] * unserved,
        "offered_mbps": unserved.sum() * np.linspace(0.4, 0.8, STEPS),
        "zone_capacity_mbps": lean * np.full(ZONES, 2000.0),
        "pool_capacity_mbps": lean * np.array([3000.0, 3500.0, 5000.0]),
        "geo_efficiency_bps_hz": np.full((CELLS, 1), 2.0),
        "geo_elevation_deg": np.full((CELLS, 1), 50.0),
    }


@pytest.fixture(scope="session")
def make_twin() -> Callable[..., Twin]:
    """Factory ``make_twin(**plan_section) -> Twin``."""

    def make(**plan: Any) -> Twin:
        random = np.random.default_rng(7)
        frames = tables(random)
        named = {name: wrap(name, value) for name, value in arrays(random, frames["cells"]).items()}
        chosen = scenarios.validate({"plan": plan})
        times = np.datetime64("2026-01-13T12:00", "ns") + np.arange(STEPS) * np.timedelta64(60, "s")
        return Twin(chosen, times, frames, named)

    return make
