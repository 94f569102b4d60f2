"""The stages on a small twin: columns in, arrays of the schema out."""

from __future__ import annotations

import h3
import numpy as np
import pandas as pd
import pytest

from rabta import geo, scenario, schema
from rabta.transport import stages
from rabta.twin import Twin, wrap

TIMES = np.datetime64("2026-01-13T14:30", "ns") + np.arange(3) * np.timedelta64(60, "s")  # 19:30 in Pakistan
CELLS = sorted(h3.grid_disk(h3.latlng_to_cell(30.4, 69.3, 6), 5))


def systems(**changes: object) -> pd.DataFrame:
    rows = {
        "system": ["leo", "fixed"],
        "channel_mhz": [240.0, 36.0],
        "spectrum_mhz": [2000.0, 500.0],
        "polarisations": [1, 2],
        "beams": [10, 10],
        "cofrequency_beams": [1, 1],
        "capacity_gbps": [10.0, 1.0],
        "isl": [False, False],
        "gateway_min_elevation_deg": [25.0, 5.0],
    }
    return pd.DataFrame({**rows, **changes})


def satellites() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["a", "b", "geo"],
            "constellation": ["leo", "leo", "fixed"],
            "shell": ["s", "s", "g"],
            "orbit": ["leo", "leo", "geo"],
            "epoch_jd": 2_461_053.5,
            "inclination_deg": [53.0, 53.0, 0.0],
            "raan_deg": [0.0, 1.0, 0.0],
            "argp_deg": 0.0,
            "mean_anomaly_deg": [0.0, 10.0, 0.0],
            "mean_motion_rev_day": [15.05, 15.05, 1.0027],
            "eccentricity": 0.0,
            "bstar": 0.0,
            "min_elevation_deg": 25.0,
            "system": np.array([0, 0, 1], np.int16),
        }
    )


def gateways(capacity_gbps: float = 5.0, **changes: object) -> pd.DataFrame:
    row = {
        "name": "Multan",
        "lat_deg": 30.2,
        "lon_deg": 71.5,
        "height_m": 120.0,
        "antennas": 1,
        "capacity_gbps": capacity_gbps,
        "systems": "*",
        "exchange_km": 900.0,
    }
    return pd.DataFrame([{**row, **changes}])


def twin(need: float = 100.0, sites: pd.DataFrame | None = None, **system: object) -> Twin:
    """Satellite ``a`` overhead, ``b`` far west; cells see ``a`` first and ``b`` second."""
    given = scenario.validate({"time": {"start": "2026-01-13T14:30:00Z", "hours": 0.05}})
    lat, lon = np.array([h3.cell_to_latlng(c) for c in CELLS]).T
    zone = [h3.cell_to_parent(c, 3) for c in CELLS]
    n = len(CELLS)
    cells = pd.DataFrame({"cell": CELLS, "lat_deg": lat, "lon_deg": lon, "zone": zone})
    place = geo.ecef_from_geodetic([30.4, 30.4], [69.3, 55.0], 550e3)
    ground = geo.ecef_from_geodetic(lat, lon)
    span = np.linalg.norm(ground[:, None, :] - place, axis=-1)
    arrays = {
        "satellite_position_m": np.tile(place, (3, 1, 1)),
        "slot_satellite": np.tile(np.array([0, 1]), (3, n, 1)),
        "slot_range_m": np.tile(span, (3, 1, 1)),
        "slot_efficiency_bps_hz": np.full((3, n, 2), 4.0),
        "unserved_demand_mbps": np.full(n, need),
        "unserved_share": np.full(n, 0.5),
        "demand_mbps": np.tile(2.0 * need * np.where(np.arange(24) == 19, 1.0, 0.25), (n, 1)),
        "geo_efficiency_bps_hz": np.full((n, 1), 2.0),
        "geo_clear": np.ones((n, 1), bool),
        "gateway_factor": np.ones((3, 1 if sites is None else len(sites))),
    }
    tables = {
        "cells": cells,
        "satellites": satellites(),
        "systems": systems(**system),
        "gateways": gateways() if sites is None else sites,
    }
    return Twin(given, TIMES, tables, {name: wrap(name, value) for name, value in arrays.items()})


def check(outputs: dict[str, object]) -> None:
    for name, value in outputs.items():
        assert np.asarray(value).ndim == len(schema.arrays()[name].dims), name


def test_the_feeder_limits_the_nation() -> None:
    """91 cells ask for 9100 Mbit/s; the only satellite with a gateway may land 5000."""
    given = twin()
    found = stages.sharing(given)
    check(found)
    assert found["offered_mbps"] == pytest.approx([9100.0] * 3)
    assert found["carried_mbps"] == pytest.approx([5000.0] * 3, rel=1e-6)
    assert found["carried_bound_mbps"] == pytest.approx([5000.0] * 3, rel=1e-6)
    assert found["satellites_used"].tolist() == [1, 1, 1]
    assert found["zone_capacity_mbps"].sum(axis=1) == pytest.approx([5000.0] * 3, rel=1e-6)


def test_the_nation_s_share_of_a_satellite() -> None:
    """A fifth of 10 beams of 240 MHz at 4 bit/s/Hz is 1920 Mbit/s, less than a fifth of 10 Gbit/s."""
    given = twin(sites=gateways(1e3))
    part = scenario.validate({"transport": {"national_share_percent": 20.0}})
    given = Twin(part, given.times, given.tables, given.arrays)
    assert stages.sharing(given)["carried_mbps"] == pytest.approx([1920.0] * 3, rel=1e-6)


def test_demand_follows_the_local_hour() -> None:
    given = twin()
    later = Twin(given.scenario, TIMES + np.timedelta64(2, "h"), given.tables, given.arrays)
    assert stages.sharing(later)["offered_mbps"] == pytest.approx([9100.0 / 4] * 3)
    # a cell with an hour of its own: its half of 1000 Mbit/s in place of its 25
    load = given.values("demand_mbps").copy()
    load[0, 21] = 1000.0
    own = {**given.arrays, "demand_mbps": wrap("demand_mbps", load)}
    found = stages.sharing(Twin(given.scenario, later.times, given.tables, own))
    assert found["offered_mbps"] == pytest.approx([9100.0 / 4 + 475.0] * 3)


def test_delay_is_bent_pipe_and_fibre() -> None:
    given = twin()
    found = stages.latency(given)
    check(found)
    gateway = geo.ecef_from_geodetic(30.2, 71.5, 120.0)
    down = np.linalg.norm(given.values("satellite_position_m")[0, 0].astype(float) - gateway)
    up = given.values("slot_range_m")[0, :, 0]
    expected = 2e3 * ((up + down) / 299_792_458.0 + 900e3 * 1.468 / 299_792_458.0)
    assert found["latency_ms"][0] == pytest.approx(expected, rel=1e-5)


def test_links_between_satellites_open_the_second() -> None:
    """The far satellite sees no gateway: it carries traffic over the first, where the system has links."""
    wide = {"sites": gateways(1e3), "need": 1000.0}
    closed, opened = (stages.sharing(twin(isl=[isl, False], **wide)) for isl in (False, True))
    assert closed["satellites_used"].tolist() == [1, 1, 1]
    assert opened["satellites_used"].tolist() == [2, 2, 2]
    assert opened["carried_mbps"][0] == pytest.approx(2 * closed["carried_mbps"][0], rel=1e-3)
    barred = twin(isl=[True, False], **wide)
    barred.scenario = scenario.validate({"transport": {"use_isl": False}})
    assert stages.sharing(barred)["satellites_used"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "sites",
    [gateways(0.0), gateways(antennas=0), gateways(systems="other"), gateways(lat_deg=-60.0), gateways()[:0]],
    ids=["no capacity", "no antenna", "another system", "out of view", "none"],
)
def test_without_landing_nothing_is_served(sites: pd.DataFrame) -> None:
    given = twin(sites=sites)
    found = stages.sharing(given)
    assert found["served_mbps"].sum() == 0.0
    assert found["carried_bound_mbps"].tolist() == [0.0] * 3
    assert (found["zone_capacity_mbps"] == 0.0).all()
    assert (found["pool_capacity_mbps"] == 0.0).all()
    assert np.isnan(stages.latency(given)["latency_ms"]).all()


def test_no_moving_satellites() -> None:
    given = twin()
    given.tables["satellites"] = satellites()[2:].reset_index(drop=True)
    n = len(CELLS)
    empty = {
        "satellite_position_m": np.empty((3, 0, 3)),
        "slot_satellite": np.full((3, n, 2), -1),
        "slot_efficiency_bps_hz": np.zeros((3, n, 2)),
    }
    given.arrays.update({name: wrap(name, value) for name, value in empty.items()})
    assert stages.sharing(given)["served_mbps"].sum() == 0.0
    assert np.isnan(stages.latency(given)["latency_ms"]).all()


def test_each_zone_may_take_what_all_can_take_once() -> None:
    """Two zones under one satellite: each alone fills the feeder's 5000 Mbit/s, and so do both together."""
    given = twin()
    half = len(CELLS) // 2
    pair = h3.cell_to_center_child(h3.latlng_to_cell(30.4, 69.3, 2), 3), h3.latlng_to_cell(30.4, 69.3, 3)
    assert pair[0] != pair[1]
    given.table("cells")["zone"] = [pair[0]] * half + [pair[1]] * (len(CELLS) - half)
    shared = stages.sharing(given)
    for name in ("zone_capacity_mbps", "pool_capacity_mbps"):
        given.arrays[name] = wrap(name, shared[name])
    found = stages.zones(given)
    table, pools = found["zones"], found["pools"]
    for name in ("zones", "pools"):
        assert list(found[name].columns) == list(schema.tables()[name])
    assert table["zone"].tolist() == sorted(pair)
    assert set(table["region"]) == {h3.latlng_to_cell(30.4, 69.3, 2)}
    assert pools["pool"].tolist() == [table["region"][0], "nation"]
    assert table["offered_mbps"].sum() == pytest.approx(9100.0)
    assert pools["offered_mbps"].tolist() == pytest.approx([9100.0, 9100.0])
    assert table["satellite_capacity_mbps"].tolist() == pytest.approx([5000.0, 5000.0], rel=1e-6)
    assert pools["satellite_capacity_mbps"].tolist() == pytest.approx([5000.0, 5000.0], rel=1e-6)
    # 10 beams of 36 MHz at 2 bit/s/Hz carry 720 Mbit/s, less than the 1 Gbit/s of the payload
    assert table["geo_capacity_mbps"].sum() == pytest.approx(720.0, rel=1e-6)


def test_shipped_gateways_stage() -> None:
    found = stages.gateways(Twin(scenario.validate({}), TIMES))["gateways"]
    assert list(found.columns) == list(schema.tables()["gateways"])


def carried(given: Twin) -> np.ndarray:
    return np.asarray(stages.sharing(given)["carried_mbps"])


def test_a_gateway_in_deep_rain_lands_nothing_and_the_other_takes_over() -> None:
    """Rain over one of two gateways in view: out of it in the step, all of the traffic in the others."""
    both = pd.concat([gateways(name="Multan"), gateways(name="Lahore", lat_deg=31.6, lon_deg=74.3)])
    given = twin(sites=both.reset_index(drop=True), capacity_gbps=[1e3, 1.0], beams=[10_000, 10])
    clear, near = carried(given), stages.latency(given)["latency_ms"]
    rain = np.ones((3, 2))
    rain[1, 0], rain[2] = 0.0, 0.0
    given.arrays["gateway_factor"] = wrap("gateway_factor", rain)
    fleet, _ = stages._fleet(given)
    landed = stages._landing(given, fleet).link
    assert (landed[1] != 0).all()
    assert (landed[1] == 1).any()
    assert (landed[2] == -1).all()
    wet, far = carried(given), stages.latency(given)["latency_ms"]
    assert wet[0] == clear[0]
    assert wet[1] == pytest.approx(clear[1], rel=0.01)
    assert wet[2] == 0.0
    assert np.isnan(far[2]).all()
    assert (far[1] != near[1]).any()


def test_half_the_feeder_in_rain_carries_half() -> None:
    given = twin(need=1e4, capacity_gbps=[1e3, 1.0], beams=[10_000, 10], spectrum_mhz=[1e6, 1.0])
    clear = carried(given)
    given.arrays["gateway_factor"] = wrap("gateway_factor", np.array([[1.0], [0.5], [0.25]]))
    part = carried(given) / clear
    assert part == pytest.approx([1.0, 0.5, 0.25], rel=1e-3)
