"""Pakistan in ten cells: a line of towns from Gwadar to Khunjerab, and the real gateways and cables."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rabta import scenario
from rabta.transport import stages as transport
from rabta.transport.ground import stages
from rabta.twin import Twin, wrap

TOWNS = {
    "Gwadar": (25.12, 62.33, "Balochistan", 200_000),
    "Karachi": (24.86, 67.01, "Sindh", 20_000_000),
    "Sukkur": (27.70, 68.86, "Sindh", 600_000),
    "Multan": (30.20, 71.47, "Punjab", 2_000_000),
    "Lahore": (31.55, 74.34, "Punjab", 13_000_000),
    "Rawalpindi": (33.60, 73.04, "Punjab", 3_000_000),
    "Chilas": (35.41, 74.10, "Gilgit-Baltistan", 20_000),
    "Gilgit": (35.92, 74.31, "Gilgit-Baltistan", 300_000),
    "Sost": (36.69, 74.82, "Gilgit-Baltistan", 5_000),
    "Quetta": (30.19, 67.01, "Balochistan", 1_500_000),
}
LINE = [
    (0, 1, 640.0),
    (1, 2, 480.0),
    (2, 3, 440.0),
    (3, 4, 340.0),
    (4, 5, 380.0),
    (3, 5, 560.0),
    (2, 9, 420.0),
]
NORTH = [(5, 6, 500.0), (6, 7, 130.0), (7, 8, 190.0)]
Run = Callable[..., dict[str, Any]]


def nation(backbone: list[tuple[int, int, float]], **transport_keys: Any) -> Twin:
    """Twin of the ten cells with a backbone and a section ``transport``."""
    lat, lon, province, people = (list(column) for column in zip(*TOWNS.values(), strict=True))
    cells = pd.DataFrame(
        {
            "lat_deg": lat,
            "lon_deg": lon,
            "elevation_m": 100.0,
            "province": province,
            "district": list(TOWNS),
            "tehsil": list(TOWNS),
            "people": people,
        }
    )
    places = pd.DataFrame({"name": list(TOWNS), "lat_deg": lat, "lon_deg": lon, "people": people})
    twin = Twin(scenario.validate({"transport": transport_keys}), np.array([], dtype="datetime64[ns]"))
    twin.tables = {
        "cells": cells,
        "places": places.assign(cell_row=np.arange(len(TOWNS))),
        "backbone": pd.DataFrame(backbone, columns=["from_row", "to_row", "route_km"]).astype(
            {"from_row": np.int64, "to_row": np.int64, "route_km": np.float64}
        ),
    }
    twin.tables |= transport.gateways(twin)
    twin.arrays["busy_demand_mbps"] = wrap("busy_demand_mbps", np.array(people) * 0.04)
    return twin


@pytest.fixture
def towns() -> list[str]:
    """Names of the towns, as the rows of the cells."""
    return list(TOWNS)


@pytest.fixture
def build() -> Callable[..., Twin]:
    """Function that makes the twin: ``build(backbone, **transport)``; the whole backbone by default."""

    def make(backbone: list[tuple[int, int, float]] | None = None, **keys: Any) -> Twin:
        return nation([*LINE, *NORTH] if backbone is None else backbone, **keys)

    return make


@pytest.fixture
def network() -> Run:
    """Outputs of the stage for a backbone (all of it by default) and keys of the section ``transport``."""

    def run(backbone: list[tuple[int, int, float]] | None = None, **keys: Any) -> dict[str, Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return stages.network(nation([*LINE, *NORTH] if backbone is None else backbone, **keys))

    return run
