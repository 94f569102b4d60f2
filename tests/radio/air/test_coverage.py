"""Coverage of the air: budgets by hand, the table beside P.528 itself, and the stage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rabta import catalog
from rabta.radio.air import coverage, p528, stages
from rabta.scenario import Scenario
from rabta.twin import Twin, wrap


@pytest.mark.parametrize("name", ["vhf-voice", "c2-cband"])
def test_table_is_p528(name: str) -> None:
    wanted = coverage.link(catalog.entry("airlinks", name).data)
    rng = np.random.default_rng(5)
    low = np.exp(rng.uniform(np.log(15.0), np.log(3000.0), 4000))
    high = np.exp(rng.uniform(np.log(120.0), np.log(18000.0), 4000))
    low, high = np.minimum(low, high), np.maximum(low, high)
    d = np.minimum(rng.uniform(0.02, 1.4, 4000) * coverage.horizon_km(low, high), 1000.0)
    true = p528.loss_db(d, low, high, wanted.frequency_ghz, wanted.time_percent, wanted.polarisation)
    off = np.abs(coverage.Table.of(wanted).loss_db(d, low, high) - true)
    assert np.percentile(off, 99) < 0.6
    assert off[np.abs(true - wanted.budget_db) < 5.0].max() < 1.0  # where it decides


def test_annex_10_field_strength() -> None:
    # ICAO Annex 10, volume III, part II, 2.2.1.2: 75 uV/m is about -109 dBW/m2
    assert 10.0 * np.log10((75e-6) ** 2 / 376.73) == pytest.approx(-108.3, abs=0.1)
    wave = 0.299792458 / 0.127
    assert coverage.isotropic_dbm(75.0, 0.127) == pytest.approx(
        -108.3 + 10.0 * np.log10(wave**2 / (4 * np.pi)) + 30.0, abs=0.1
    )


def test_control_budget_by_hand() -> None:
    # 40 dBm + 12 dBi - 2 dB; noise of 90 kHz -124.4 dBm + 5 dB; threshold 3 dB, safety 6 dB
    wanted = coverage.link(catalog.entry("airlinks", "c2-cband").data)
    assert wanted.budget_db == pytest.approx(50.0 - (-124.4 + 5.0 + 3.0 + 6.0), abs=0.1)


def twin(aerodromes: int) -> Twin:
    cells = pd.DataFrame({"lat_deg": [31.52, 33.0], "lon_deg": [74.40, 74.4], "elevation_m": [217.0, 400.0]})
    place = {"lat_deg": 31.5216, "lon_deg": 74.4036, "elevation_m": 217.0}
    made = Twin(Scenario(), np.array(["2026-01-13T08:00"], dtype="datetime64[ns]"))
    made.tables |= {"cells": cells, "aerodromes": pd.DataFrame([place] * aerodromes, columns=list(place))}
    return made


def test_stage() -> None:
    out = stages.air(twin(1))
    for name, value in out.items():
        wrap(name, value)  # of the schema's dims
        assert value.shape == (2, len(coverage.HEIGHTS_M))
        assert (value[0] > 0.0).all()  # over the aerodrome
        assert (np.diff(value[1])[:3] > 0.0).all()  # 164 km away: the higher, the better, up to the horizon
    # 164 km away the radio horizon of 15 m and 120 m is 62 km: nothing is heard, at 10,000 m it is
    assert out["air_voice_margin_db"][1, 0] < -10.0
    assert out["air_voice_margin_db"][1, -1] > 0.0


def test_higher_ground_sees_farther() -> None:
    wanted = coverage.link(catalog.entry("airlinks", "vhf-voice").data)
    cells = (np.array([33.0]), np.array([74.4]), np.array([200.0]))
    margins = [
        coverage.best_margin_db(wanted, cells, (np.array([31.52]), np.array([74.4]), np.array([height])))
        for height in (200.0, 1500.0)
    ]
    assert (margins[1][0, :3] > margins[0][0, :3] + 5.0).all()


def test_no_aerodromes() -> None:
    for value in stages.air(twin(0)).values():
        assert np.isnan(value).all()
