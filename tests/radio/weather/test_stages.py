"""The stages of the weather on a small twin: average weather changes nothing, drawn is had in parts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from rabta import scenario, schema
from rabta.errors import RabtaError
from rabta.radio import stages as radio
from rabta.radio.weather import links, stages
from rabta.twin import Twin, wrap

STEPS = 30
PLACES = {
    "Karachi": (24.99, 67.16),
    "Lahore": (31.72, 74.27),
    "Islamabad": (33.6, 73.1),
    "Gilgit": (35.92, 74.31),
}


def twin(**weather: object) -> Twin:
    given = scenario.validate(
        {"time": {"start": "2026-01-13T09:00:00Z", "hours": STEPS / 60}, "weather": weather}
    )
    lat, lon = np.array(list(PLACES.values())).T
    cells = pd.DataFrame(
        {
            "lat_deg": lat, "lon_deg": lon, "area_km2": 36.0, "elevation_m": [50.0, 210.0, 520.0, 1500.0],
            "rain_rate_001_mmh": [34.0, 64.2, 65.3, 7.5], "rain_percent": [0.34, 1.22, 3.63, 0.88],
            "rain_height_km": [4.8, 4.95, 4.65, 4.9], "temperature_k": [299.0, 297.5, 294.0, 271.0],
            "vapour_g_m3": [24.0, 23.3, 19.0, 6.0], "vapour_kg_m2": [60.0, 58.5, 50.0, 8.0],
            "cloud_kg_m2": [0.3, 0.31, 0.3, 0.16], "n_wet": [90.0, 74.6, 70.0, 20.2],
            "climatic_ratio": [0.28, 0.23, 0.23, 0.2],
        }
    )  # fmt: skip
    systems = pd.DataFrame(
        {
            "system": ["starlink", "paksat-mm1"], "orbit": ["leo", "geo"], "frequency_ghz": [11.7, 19.95],
            "polarisation_deg": [45.0, 45.0], "channel_mhz": [240.0, 250.0],
            "eirp_density_dbw_mhz": [9.2, 36.0], "pfd_dbw_m2_mhz": [-122.8, np.nan],
            "terminal": ["leo-flat-panel", "geo-ka-0.74m"], "gateway_min_elevation_deg": [25.0, 5.0],
        }
    )  # fmt: skip
    gateways = pd.DataFrame(
        {
            "name": [*PLACES, "Karachi, geostationary"], "lat_deg": [*lat, lat[0]], "lon_deg": [*lon, lon[0]],
            "height_m": [50.0, 210.0, 520.0, 1500.0, 50.0], "capacity_gbps": [160.0] * 4 + [6.0],
            "systems": ["*", "starlink", "starlink oneweb", "starlink", "paksat-mm1"],
        }
    )  # fmt: skip
    satellites = pd.DataFrame({"system": [0, 1], "orbit": ["leo", "geo"]})
    times = np.datetime64("2026-01-13T09:00", "ns") + np.arange(STEPS) * np.timedelta64(60, "s")
    tables = {"cells": cells, "systems": systems, "gateways": gateways, "satellites": satellites}
    made = Twin(given, times, tables)
    made.tables |= stages.draw(made)
    return made


def part(whole: Twin, first: int, last: int) -> Twin:
    return dataclasses.replace(whole, times=whole.times[first:last])


def ready(made: Twin) -> Twin:
    """With everything that links read: one satellite overhead in every cell."""
    shape = (len(made.times), 4, 1)
    out = {**radio.sky(made), **stages.sky_in_rain(made), **stages.rain(made)}
    out |= {
        "slot_satellite": np.zeros(shape), "slot_elevation_deg": np.full(shape, 60.0),
        "slot_range_m": np.full(shape, 600e3),
    }  # fmt: skip
    made.arrays |= {name: wrap(name, value) for name, value in out.items()}
    return made


def test_average_weather_changes_nothing() -> None:
    made = ready(twin())
    assert (made.values("gateway_factor") == 1.0).all()
    assert (made.values("rain_exceeded_percent") == links.DRY).all()
    assert not made.values("raining_share").any()
    assert made.values("rain_carrier_db").size == 0
    assert radio.links(made)["link_rate_mbps"].min() > 0.0
    assert made.table("weather_draw")["raining_share"].tolist() == [0.0]


def test_drawn_weather_is_the_same_in_parts() -> None:
    made = twin(rain="drawn", seed=2)
    whole, halves = stages.rain(made), [stages.rain(part(made, 0, 11)), stages.rain(part(made, 11, STEPS))]
    for name, value in whole.items():
        assert np.array_equal(value, np.concatenate([half[name] for half in halves])), name
        assert value.shape[0] == STEPS
        assert value.ndim == len(schema.arrays()[name].dims)


def test_rain_weakens_links_and_gateways_together() -> None:
    """In the wettest moments of seeds: a gateway has all it has where its cell is dry or drizzly."""
    faded = 0
    for seed in range(12):
        made = ready(twin(rain="drawn", seed=seed, exceeded_percent=0.5))
        percent, factor = made.values("rain_exceeded_percent"), made.values("gateway_factor")
        assert (factor[:, :4][percent == links.DRY] == 1.0).all()
        assert (factor[:, :4][percent > 0.5] == 1.0).all()
        assert (factor[:, 4] == 1.0).all()
        faded += int((factor < 1.0).sum())
        rate = radio.links(made)["link_rate_mbps"]
        for cell in range(4):
            wet = percent[:, cell] < links.DRY
            if wet.any() and not wet.all():
                assert rate[wet, cell].max() <= rate[~wet, cell].min()
    assert faded > 0


def test_a_wet_moment_is_as_wet_as_asked() -> None:
    """With four cells of equal area the wettest half per cent of moments has at least one wet cell."""
    usual = twin(rain="drawn").table("weather_draw").iloc[0]
    wet = twin(rain="drawn", exceeded_percent=0.5).table("weather_draw").iloc[0]
    assert usual["offset_s"] == 0
    assert wet["offset_s"] % 60 == 0
    assert wet["raining_share"] >= 0.25
    assert usual["usual_share"] == pytest.approx((0.34 + 1.22 + 3.63 + 0.88) / 400.0)


def test_gateways_over_the_year() -> None:
    made = ready(twin(rain="drawn"))
    found = stages.gateways(made)
    each, sets = found["weather_gateways"], found["weather_diversity"]
    for name, table in found.items():
        assert list(table.columns) == list(schema.tables()[name])
        assert not table.isna().any().any()
    assert each["gateway"].tolist() == list(PLACES)
    assert (each["outage_percent"] <= each["faded_percent"]).all()
    assert (each["faded_percent"] < each["rain_percent"]).all()
    assert (each["joint_faded_percent"] <= each["faded_percent"]).all()
    assert each.set_index("gateway").loc["Lahore", "nearest"] == "Islamabad"
    assert sets["gateways"].tolist() == [1, 2, 3, 4]
    assert sets["added"].iloc[0] == "Gilgit"
    assert sets["held_999_gbps"].is_monotonic_increasing
    assert (sets["held_9999_gbps"] <= sets["held_999_gbps"]).all()
    assert sets["all_out_percent"].is_monotonic_decreasing


def test_no_gateways_is_an_empty_answer() -> None:
    made = twin(rain="drawn")
    made.tables["gateways"] = made.table("gateways").iloc[:0]
    made.arrays["gateway_factor"] = wrap("gateway_factor", stages.rain(made)["gateway_factor"])
    assert made.values("gateway_factor").shape == (STEPS, 0)
    for table in stages.gateways(made).values():
        assert len(table) == 0


def test_a_nation_that_does_not_know_its_rain_is_told() -> None:
    made = twin()
    made.tables["cells"] = made.table("cells").assign(rain_percent=0.0)
    drawn = dataclasses.replace(made, scenario=scenario.validate({"weather": {"rain": "drawn"}}))
    with pytest.raises(RabtaError, match="how often it rains"):
        stages.rain(drawn)
