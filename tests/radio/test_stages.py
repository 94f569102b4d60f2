"""The stages on a small twin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rabta import schema
from rabta.radio import downlinks, linkbudget, stages
from rabta.scenario import Radio, Scenario
from rabta.twin import Twin, wrap


def twin(**radio: float) -> Twin:
    """Two cells (the plain of Lahore, a high valley), one LEO and one GEO system."""
    cells = pd.DataFrame(
        {
            "lat_deg": [31.55, 35.92], "elevation_m": [214.0, 5200.0], "rain_rate_001_mmh": [63.0, 7.5],
            "rain_height_km": [4.97, 4.9], "temperature_k": [297.5, 271.0], "vapour_g_m3": [23.3, 6.0],
            "vapour_kg_m2": [58.5, 8.0], "cloud_kg_m2": [0.31, 0.16], "n_wet": [74.6, 20.2],
            "climatic_ratio": [0.28, 0.23],
        }
    )  # fmt: skip
    systems = pd.DataFrame(
        {
            "system": ["low", "high"], "frequency_ghz": [11.7, 19.95], "polarisation_deg": [45.0, 45.0],
            "channel_mhz": [240.0, 250.0], "eirp_density_dbw_mhz": [9.2, 36.0],
            "pfd_dbw_m2_mhz": [-122.8, np.nan], "terminal": ["leo-flat-panel", "geo-ka-0.74m"],
        }
    )  # fmt: skip
    satellites = pd.DataFrame({"system": [0, 1, 0], "orbit": ["leo", "geo", "leo"]})
    times = np.array(["2026-01-13T08:00", "2026-01-13T08:01"], dtype="datetime64[ns]")
    made = Twin(Scenario(radio=Radio(**radio)), times)
    made.tables |= {"cells": cells, "systems": systems, "satellites": satellites}
    shape = (2, 2, 3)
    put(made, "slot_satellite", np.broadcast_to(np.array([0, 2, -1]), shape))
    put(made, "slot_elevation_deg", np.broadcast_to(np.array([80.0, 30.0, -90.0]), shape))
    put(made, "slot_range_m", np.broadcast_to(np.array([560e3, 990e3, 0.0]), shape))
    put(made, "geo_elevation_deg", np.array([[40.0], [35.0]]))
    put(made, "geo_clear", np.array([[True], [False]]))
    return made


def put(made: Twin, name: str, value: object) -> None:
    made.arrays[name] = wrap(name, value)


def run(made: Twin) -> dict[str, np.ndarray]:
    out = stages.sky(made)
    for name, value in out.items():
        put(made, name, value)
    out |= stages.links(made)
    out |= stages.geo_links(made)
    return out


def test_outputs_have_the_schema_s_shape() -> None:
    out = run(twin())
    for name, value in out.items():
        spec = schema.arrays()[name]
        assert np.asarray(value).ndim == len(spec.dims), name
        assert np.asarray(value).dtype == spec.dtype, name


def test_link_is_the_budget_line_by_line() -> None:
    """The stage's efficiency is that of the link budget with the same losses, flux limit included."""
    made = twin()
    out = run(made)
    link = downlinks.of_systems(made.table("systems"))[0]
    at = int(np.flatnonzero(downlinks.ELEVATION_BINS_DEG == 30.0)[0])
    loss = float(out["sky_loss_db"][0, 0, at])
    spread = 10 * np.log10(4 * np.pi * 990e3**2)
    density = min(9.2, -122.8 + spread)
    climate = stages.Climate.of_cells(made.table("cells"))
    _, gas = downlinks.attenuation_table(climate, 11.7, 30.0, 0.5, diameter_m=link.terminal.aperture_m)
    merit = float(link.terminal.g_over_t(30.0, loss, gas[0] / np.sin(np.radians(30.0))))
    lines = linkbudget.budget(
        eirp_dbw=density, g_over_t_db_k=merit, frequency_ghz=11.7, range_km=990.0, bandwidth_mhz=1.0,
        losses_db={"sky": loss},
    )  # fmt: skip
    wave = stages.downlinks.modcods.load(link.terminal.waveform, 1.0)
    assert out["slot_efficiency_bps_hz"][0, 0, 1] == pytest.approx(float(wave.efficiency(lines["cn_db"])))
    assert out["slot_efficiency_bps_hz"][0, 0, 1] > 0


def test_empty_slot_and_hidden_satellite_carry_nothing() -> None:
    out = run(twin())
    assert (out["slot_efficiency_bps_hz"][..., 2] == 0).all()
    assert out["geo_efficiency_bps_hz"][0, 0] > 0
    assert out["geo_efficiency_bps_hz"][1, 0] == 0


def test_rate_is_the_best_slot_on_its_channel() -> None:
    out = run(twin())
    best = (out["slot_efficiency_bps_hz"].max(axis=2) * 240.0).clip(max=400.0)
    assert out["link_rate_mbps"] == pytest.approx(best)


def test_more_availability_costs_efficiency() -> None:
    usual, strict = run(twin(availability_percent=99.0)), run(twin(availability_percent=99.99))
    assert (strict["sky_loss_db"] >= usual["sky_loss_db"]).all()
    assert strict["geo_efficiency_bps_hz"][0, 0] < usual["geo_efficiency_bps_hz"][0, 0]


def test_high_valley_has_the_clearer_sky() -> None:
    """Above the rain height only gas, cloud and scintillation remain."""
    loss = run(twin())["sky_loss_db"]
    assert (loss[1] < loss[0]).all()
    assert loss[1, 1].max() < 6.0


def test_unknown_terminal_is_named() -> None:
    made = twin()
    made.table("systems").loc[0, "terminal"] = "leo-flat-panle"
    with pytest.raises(Exception, match="leo-flat-panel"):
        stages.sky(made)
