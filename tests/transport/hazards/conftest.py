"""A small land: a plain with water, hills, a town; two provinces of the catalog's names."""

from __future__ import annotations

import h3
import numpy as np
import pandas as pd
import pytest

from rabta import scenario
from rabta.transport.hazards import losses, stages
from rabta.twin import Twin, wrap

DISTRICTS = {  # latitude, longitude, province, roughness in m, share under water in 2022
    "Dadu": (26.7, 67.8, "Sindh", 2.0, 0.6),
    "Larkana": (27.6, 68.2, "Sindh", 2.0, 0.9),
    "Khuzdar": (27.8, 66.6, "Balochistan", 120.0, 0.02),
    "Quetta": (30.2, 67.0, "Balochistan", 90.0, 0.0),
    "Multan": (30.2, 71.5, "Punjab", 2.0, 0.1),
    "Swat": (35.2, 72.4, "Khyber Pakhtunkhwa", 200.0, 0.05),
}


def land(names: tuple[str, ...] = tuple(DISTRICTS)) -> pd.DataFrame:
    """Nineteen cells a district."""
    parts = []
    for name in names:
        lat, lon, province, rough, wet = DISTRICTS[name]
        cells = sorted(h3.grid_disk(h3.latlng_to_cell(lat, lon, 6), 2))
        places = np.array([h3.cell_to_latlng(c) for c in cells])
        ramp = np.linspace(0.0, 1.0, len(cells))
        parts.append(
            pd.DataFrame(
                {
                    "cell": cells,
                    "lat_deg": places[:, 0],
                    "lon_deg": places[:, 1],
                    "area_km2": 38.0,
                    "province": province,
                    "district": name,
                    "people": np.linspace(1000, 50_000, len(cells)).astype(np.int64),
                    "households": np.linspace(160.0, 8000.0, len(cells)),
                    "sites": np.linspace(0.0, 40.0, len(cells)),
                    "rough_m": rough,
                    "elevation_m": 60.0 if rough < 10.0 else 1500.0,
                    "flooded_2022_share": np.clip(2.0 * wet * ramp, 0.0, 1.0),
                    "mobile_today": np.where(ramp < 0.1, "none", "4g"),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def ground(names: tuple[str, ...] = tuple(DISTRICTS), spans: int = 40) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A line of fibre through the districts, its last span doubled; spans beside the first; one cable."""
    nodes = pd.DataFrame(
        {
            "name": ["Karachi", "landing", *names, "Marseille"],
            "kind": ["exchange", "landing", *["fibre"] * len(names), "abroad"],
            "owner": "",
            "country": ["PK"] * (len(names) + 2) + ["FR"],
            "area": ["Karachi", "Karachi", *names, ""],
            "people": [0.0, 0.0, *[400_000.0] * len(names), 0.0],
            "demand_mbps": [0.0, 0.0, *[1000.0] * len(names), 0.0],
        }
    )
    chain = [(0, 1), *[(i, i + 1) for i in range(1, len(names) + 1)]]
    loop = [(len(names), len(names) + 1)] if len(names) > 1 else []
    ends = chain + loop
    ends += [(0, 1)] * (spans - len(ends))
    table = pd.DataFrame(
        {
            "name": [f"s{i}" for i in range(len(ends))] + ["sea"],
            "kind": ["fibre"] * len(ends) + ["submarine"],
            "from_node": [*[a for a, _ in ends], 1],
            "to_node": [*[b for _, b in ends], len(nodes) - 1],
            "owner": "",
            "route_km": [*np.linspace(5.0, 400.0, len(ends)), 9000.0],
            "delay_ms": 1.0,
            "capacity_mbps": 1e6,
            "group": [f"s{i}" for i in range(len(ends))] + ["sea"],
            "status": "operating",
        }
    )
    return nodes, table


def twin(names: tuple[str, ...] = tuple(DISTRICTS), spans: int = 40, **failures: int) -> Twin:
    """What the stages read."""
    given, cells = scenario.validate({"failures": failures}), land(names)
    nodes, lines = ground(names, spans)
    enters = np.array([names.index(d) + 2 for d in cells["district"]], np.int32)
    demand = np.full((len(cells), 24), 10.0)
    arrays = {"cell_node": enters, "demand_mbps": demand, "busy_demand_mbps": demand[:, 0]}
    return Twin(
        given,
        np.zeros(0, "datetime64[ns]"),
        {"cells": cells, "nodes": nodes, "spans": lines},
        {name: wrap(name, value) for name, value in arrays.items()},
    )


@pytest.fixture(scope="session")
def cells() -> pd.DataFrame:
    return land()


@pytest.fixture(scope="session")
def model() -> losses.Model:
    return stages.model(twin(seed=7))
