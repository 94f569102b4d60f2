"""A nation of four hexagons by hand: two ways to the exchange, two cables abroad, two gateways."""

from __future__ import annotations

import h3
import numpy as np
import pandas as pd
import pytest

from rabta import scenario
from rabta.emulate.subrun.source import Source

PLACES = ((29.0, 64.9), (29.2, 65.1), (36.0, 74.5), (24.9, 67.0))
DELAYS_MS = (4.0, 7.0, 46.0, 47.5, 0.05, 0.06)


def table(columns: str, *rows: tuple[object, ...]) -> pd.DataFrame:
    """A table of rows under names."""
    return pd.DataFrame(list(rows), columns=columns.split())


@pytest.fixture
def source() -> Source:
    """Cells 0 to 3: fibre, satellite, satellite, the exchange's town with nobody to serve."""
    cells = [h3.latlng_to_cell(lat, lon, 5) for lat, lon in PLACES]
    zones = [h3.cell_to_parent(cell, 3) for cell in cells]
    tables = {
        "cells": pd.DataFrame({
            "cell": cells, "zone": zones, "lat_deg": [p[0] for p in PLACES],
            "lon_deg": [p[1] for p in PLACES],
            "area_km2": 250.0, "people": [3000, 900, 700, 9000],
            "district": ["Chagai", "Chagai", "Ghizer", "Karachi"],
            "tehsil": ["Dalbandin", "Chagai", "Yasin", "Karachi"],
            "province": ["Balochistan", "Balochistan", "Gilgit-Baltistan", "Sindh"],
        }),
        "places": table("name lat_deg lon_deg people cell_row", ("Dalbandin", 29.0, 64.9, 3000, 0),
                        ("Karachi", 24.9, 67.0, 9000, 3)),
        "plan": table("technology technology_share households_served rate_mbps latency_ms",
                      ("fibre_fwa", 1.0, 300.0, 40.0, 16.0), ("leo_terminal", 1.0, 90.0, 10.0, 17.0),
                      ("leo_terminal", 1.0, 70.0, 10.0, 27.0), ("none", 0.0, 0.0, 0.0, np.nan)),
        "plan_prices": table("constraint zone limit used unit price_usd",
                             *(("satellite_capacity", z, 1000.0, 100.0, "Mbit/s", 0.0) for z in set(zones)),
                             ("satellite_capacity_nation", "nation", 2000.0, 1500.0, "Mbit/s", 0.0)),
        "technologies": table("technology title kind latency_ms", ("fibre_fwa", "Fibre", "terrestrial", 8.0),
                              ("leo_terminal", "Terminal", "satellite", 0.0)),
        "gateways": table("name lat_deg lon_deg height_m country antennas capacity_gbps systems exchange_km "
                          "status",
                          ("West gateway", 25.1, 62.3, 20.0, "PK", 8, 1.0, "starlink", 700.0, "planned"),
                          ("South gateway", 25.0, 67.2, 20.0, "PK", 8, 1.0, "*", 20.0, "planned")),
        "systems": table("system operator orbit kind isl gateway_min_elevation_deg",
                         ("starlink", "SpaceX", "leo", "broadband", True, 25.0)),
        "satellites": _satellites(),
        "nodes": table("name kind lat_deg lon_deg height_m country owner area",
                       ("Village junction", "fibre", 29.0, 64.9, 0.0, "PK", "A", "Chagai"),
                       ("Exchange", "exchange", 24.9, 67.0, 0.0, "PK", "IXP", "Karachi"),
                       ("Marseille", "abroad", 43.3, 5.4, 0.0, "FR", "", ""),
                       ("West gateway", "gateway", 25.1, 62.3, 20.0, "PK", "", ""),
                       ("South gateway", "gateway", 25.0, 67.2, 20.0, "PK", "", "")),
        "spans": _spans(),
    }  # fmt: skip
    hourly = np.tile(np.array([50.0] * 12 + [100.0] * 12), (4, 1))
    arrays = {
        "cell_node": np.array([0, 0, -1, 1], dtype=np.int32), "horizon_deg": np.zeros((4, 36)),
        "gateway_factor": np.ones((60, 2)), "access_rate_mbps": np.tile([40.0, 0.0], (4, 1)),
        "link_rate_mbps": np.tile([50.0, 50.0, 50.0, 50.0], (60, 1)), "latency_ms": np.full((60, 4), 20.0),
        "demand_mbps": hourly, "busy_demand_mbps": hourly.max(axis=1),
    }  # fmt: skip
    given = scenario.load(scenario.find("tiny"), {"time.start": "2026-01-13T16:00:00Z"})
    return Source("by hand", given, tables, arrays)


def _spans() -> pd.DataFrame:
    """Two fibres to the exchange, two cables abroad, a feeder of each gateway."""
    names = ("north road", "south road", "sea-1", "sea-2", "feeder west", "feeder south")
    kinds = ("fibre", "fibre", "submarine", "submarine", "feeder", "feeder")
    ends = ((0, 1), (0, 1), (1, 2), (1, 2), (3, 1), (4, 1))
    return pd.DataFrame({
        "name": names, "kind": kinds, "from_node": [a for a, _ in ends], "to_node": [b for _, b in ends],
        "owner": "PTCL", "route_km": 100.0, "delay_ms": DELAYS_MS, "capacity_mbps": 1e5, "via": "",
        "group": names, "status": "operating",
    })  # fmt: skip


def _satellites() -> pd.DataFrame:
    from rabta import catalog
    from rabta.space import constellations

    start = scenario.load(scenario.find("tiny")).time.start_utc
    return constellations.satellites([catalog.entry("constellations", "starlink")], start, None).iloc[:1]
