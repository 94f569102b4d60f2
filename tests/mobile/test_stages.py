"""The access stage on a small made-up nation."""

from __future__ import annotations

import h3
import numpy as np
import pandas as pd
import pytest

from rabta import schema
from rabta.mobile import stages
from rabta.scenario import TECHNOLOGIES, Scenario
from rabta.twin import Twin, wrap


@pytest.fixture(scope="module")
def twin() -> Twin:
    names = sorted(h3.grid_disk(h3.latlng_to_cell(27.0, 69.0, 6), 8))
    place = np.array([h3.cell_to_latlng(name) for name in names])
    rows = len(names)
    cells = pd.DataFrame(
        {
            "cell": names,
            "lat_deg": place[:, 0],
            "lon_deg": place[:, 1],
            "area_km2": 36.0,
            "elevation_m": 120.0,
            "rough_m": np.where(np.arange(rows) % 2, 5.0, 200.0),
            "zone": [h3.cell_to_parent(name, 3) for name in names],
        }
    )
    load = np.where(np.arange(rows) % 3, 15.0, 0.0)
    hills = np.where(np.arange(rows) % 2, 0.0, 20.0)[:, None, None] + np.array([0.0, 3.0, 5.0])[:, None]
    hills = np.repeat(hills, 5, axis=2)
    hills[-3:] = np.nan  # outside the terrain: Okumura's correction
    arrays = {
        "unserved_demand_mbps": load,
        "horizon_deg": np.zeros((rows, 36)),
        "terrain_loss_db": hills,
    }
    return Twin(
        Scenario(),
        np.array([], dtype="datetime64[ns]"),
        {"cells": cells},
        {name: wrap(name, value) for name, value in arrays.items()},
    )


@pytest.fixture(scope="module")
def out(twin: Twin) -> dict:
    return stages.access(twin)


def column(out: dict, name: str, technology: str) -> np.ndarray:
    return out[name][:, TECHNOLOGIES.index(technology)]


def test_shapes_follow_the_schema(twin: Twin, out: dict) -> None:
    assert tuple(out["technologies"]["technology"]) == TECHNOLOGIES
    assert list(out["technologies"].columns) == list(schema.tables()["technologies"])
    rows = len(twin.table("cells"))
    for name in ("access_rate_mbps", "sites_per_cell"):
        assert wrap(name, out[name]).shape == (rows, len(TECHNOLOGIES))


def test_satellite_terminals_are_left_to_the_links(out: dict) -> None:
    for name in ("leo_terminal", "geo_terminal"):
        assert np.isnan(column(out, "access_rate_mbps", name)).all()
        assert not column(out, "sites_per_cell", name).any()


def test_rates_are_real_and_hills_take_sites(twin: Twin, out: dict) -> None:
    flat = twin.table("cells")["rough_m"].to_numpy() < 10
    loaded = twin.values("unserved_demand_mbps") > 0
    for name in ("fibre_fwa", "microwave_macro", "satellite_cell"):
        rate, sites = column(out, "access_rate_mbps", name), column(out, "sites_per_cell", name)
        assert np.all(rate > 0)
        assert np.all(sites[~loaded] == 0)
        assert np.all(sites[loaded] >= 1)
        assert sites[loaded & ~flat].mean() >= sites[loaded & flat].mean()


def test_more_capable_access_is_faster(out: dict) -> None:
    order = ("fibre_fwa", "microwave_macro", "satellite_cell", "direct_to_device")
    medians = [np.median(column(out, "access_rate_mbps", name)) for name in order]
    assert medians == sorted(medians, reverse=True)
    assert np.nanmax(column(out, "access_rate_mbps", "haps")) <= 150.0


def test_latency_of_the_technologies(out: dict) -> None:
    latency = out["technologies"].set_index("technology")["latency_ms"]
    assert latency["leo_terminal"] == 0.0
    assert latency["geo_terminal"] == 0.0
    assert latency["direct_to_device"] == pytest.approx(17.0 + 7.5 + 25.77, abs=0.1)  # TR 36.881, TR 38.821


def test_a_higher_floor_is_built_for(twin: Twin, out: dict) -> None:
    from dataclasses import replace

    from rabta.scenario import Plan

    asked = replace(twin, scenario=Scenario(plan=Plan(floor_mbps=25.0)))
    more = stages.access(asked)
    loaded = twin.values("unserved_demand_mbps") > 0
    for name in ("fibre_fwa", "microwave_macro"):
        assert column(more, "sites_per_cell", name).sum() >= column(out, "sites_per_cell", name).sum()
        assert column(more, "access_rate_mbps", name)[loaded].min() >= 25.0
