"""A country of two towns, an exchange, a landing and two cables, small enough to compute by hand.

Town A asks for 10 Mbit/s, town B for 20; half of it can come from the exchange, half must go abroad::

    A --15-- exchange --18-- B      exchange --100-- landing --10 (c1)-- hub
    A ----------12---------- B                       landing ---5 (c2)-- hub
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from rabta import scenario
from rabta.transport.failures import study as studies

Tables = dict[str, pd.DataFrame]


def country() -> tuple[Tables, dict[str, np.ndarray]]:
    nodes = pd.DataFrame(
        {
            "name": ["Exchange", "A", "B", "Beach", "Singapore", "Dish"],
            "kind": ["exchange", "fibre", "fibre", "landing", "abroad", "gateway"],
            "lat_deg": [25.0, 26.0, 27.0, 24.8, 1.3, 25.0],
            "lon_deg": [67.0, 68.0, 67.0, 67.0, 103.9, 67.1],
            "country": ["PK"] * 4 + ["SG", "PK"],
            "owner": ["Swap", "", "", "Far Cables", "", "Far Space"],
            "area": ["Middle", "North", "South", "Middle", "", "Middle"],
            "people": [0.0, 100.0, 200.0, 0.0, 0.0, 0.0],
            "demand_mbps": [0.0, 10.0, 20.0, 0.0, 0.0, 0.0],
        }
    )
    ends = {"Exchange - A": (0, 1, 15.0), "A - B": (1, 2, 12.0), "Exchange - B": (0, 2, 18.0)}
    ends |= {"Exchange - Beach": (0, 3, 100.0), "C1 to Singapore": (3, 4, 10.0)}
    ends |= {"C2 to Singapore": (3, 4, 5.0), "Exchange - Dish": (0, 5, 1000.0)}
    spans = pd.DataFrame(
        {
            "name": list(ends),
            "kind": ["fibre"] * 4 + ["submarine"] * 2 + ["feeder"],
            "from_node": [a for a, _, _ in ends.values()],
            "to_node": [b for _, b, _ in ends.values()],
            "capacity_mbps": [mbps for _, _, mbps in ends.values()],
            "delay_ms": [1.0, 1.0, 3.0, 0.5, 30.0, 40.0, 0.5],
            "route_km": [100.0, 100.0, 300.0, 50.0, 6000.0, 8000.0, 50.0],
            "owner": ["", "", "", "Far Cables", "Far Cables", "Other", ""],
            "group": ["Exchange - A", "A - B", "Exchange - B", "Exchange - Beach", "c1", "c2", "Dish"],
            "status": ["operating"] * 6 + ["planned"],
        }
    )
    cells = pd.DataFrame(
        {
            "cell": ["a", "b"],
            "province": ["Upper", "Lower"],
            "district": ["North", "South"],
            "people": [100, 200],
            "households": [20.0, 40.0],
            "pupils": 0.0,
            "school_age": 0.0,
            "schools": 0,
            "health_units": 0,
            "offices": 0,
        }
    )
    systems = pd.DataFrame(
        {
            "system": ["starlink", "paksat-mm1"],
            "operator": ["Far Space", "Home Space"],
            "orbit": ["leo", "geo"],
            "capacity_gbps": [1.0, 1.0],
        }
    )
    satellites = pd.DataFrame(
        {
            "constellation": ["starlink"] * 4 + ["paksat-mm1"],
            "shell": ["s"] * 4 + ["g"],
            "orbit": ["leo"] * 4 + ["geo"],
            "raan_deg": [0.0, 0.0, 0.0, 90.0, 0.0],
            "system": [0, 0, 0, 0, 1],
        }
    )
    tables = {
        "nodes": nodes,
        "spans": spans,
        "cells": cells,
        "systems": systems,
        "satellites": satellites,
        "gateways": pd.DataFrame({"name": ["Dish"], "capacity_gbps": [1.0], "systems": ["*"]}),
        "zones": pd.DataFrame(
            {
                "zone": ["z1", "z2"],
                "region": ["r", "r"],
                "satellite_capacity_mbps": [8.0, 8.0],
                "geo_capacity_mbps": [1.0, 1.0],
                "offered_mbps": [5.0, 20.0],
            }
        ),
        "pools": pd.DataFrame({"pool": ["r", "nation"], "satellite_capacity_mbps": [12.0, 12.0]}),
    }
    arrays = {
        "cell_node": np.array([1, 2]),
        "demand_mbps": np.repeat([[10.0], [20.0]], 24, axis=1),
        "busy_demand_mbps": np.array([10.0, 20.0]),
    }
    return tables, arrays


@pytest.fixture
def make() -> Callable[..., studies.Study]:
    """Study of the country, after an edit of its tables and with scenario sections."""

    def build(edit: Callable[[Tables], None] | None = None, **sections: object) -> studies.Study:
        tables, arrays = country()
        if edit is not None:
            edit(tables)
        return studies.study(scenario.validate(dict(sections)), tables, arrays, home=0.5)

    return build
