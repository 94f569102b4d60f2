"""Nets by near-vertical incidence: the antenna, the plan, the stage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rabta import catalog
from rabta.errors import RabtaError
from rabta.radio.hf import noise, nvis, stages
from rabta.radio.hf.dipole import Dipole, GainTable
from rabta.radio.hf.groundwave import Ground
from rabta.radio.hf.ionosphere import coefficients
from rabta.radio.hf.muf import When
from rabta.scenario import Scenario
from rabta.twin import Twin, wrap

FILE = catalog.entry("nations", "pakistan").path.with_suffix("") / coefficients.FILE
GROUNDS = catalog.entry("grounds", "p368").data["kinds"]
NET = catalog.entry("hfnets", "emergency-100w").data
WAVE = 29.9792458  # m at 10 MHz


def power_over_the_sky(dipole: Dipole) -> float:
    up, weight = np.polynomial.legendre.leggauss(60)
    up, turn = np.degrees(np.arcsin((up + 1.0) / 2.0)), np.arange(1.0, 360.0, 2.0)
    gain = 10.0 ** (dipole.gain_dbi(up[:, None], turn[None, :], 10.0) / 10.0)
    return float((gain.mean(axis=1) * weight / 2.0).sum() / 2.0)


def test_all_power_goes_to_the_sky_over_a_perfect_ground() -> None:
    for height in (0.1, 0.25, 0.6):  # 100 S/m still take 1.4 % at the lowest
        assert power_over_the_sky(Dipole(height * WAVE, Ground(1.0, 100.0))) == pytest.approx(1.0, abs=0.02)


def test_ground_takes_power_and_more_when_the_wire_is_low() -> None:
    shares = [power_over_the_sky(Dipole(h * WAVE, Ground(13.0, 0.005))) for h in (0.03, 0.1, 0.25)]
    assert shares[0] < shares[1] < shares[2] < 0.9


def test_free_space_far_above() -> None:
    # 2.15 dBi across the wire, and nothing along it
    dipole = Dipole(2.0 * WAVE, Ground(1.0, 1e-6))
    assert dipole.gain_dbi(60.0, 90.0, 10.0) == pytest.approx(2.15, abs=0.05)
    assert dipole.gain_dbi(1.0, 0.0, 10.0) < -25.0


def test_table_is_the_dipole_between_degrees() -> None:
    dipole = Dipole(8.0, Ground(15.0, 0.001))
    table = GainTable.of(dipole, [4.0, 7.0])
    exact = dipole.mean_gain_dbi(np.array([71.5]), 7.0)
    assert table(np.array([71.5]), np.array([7.0])) == pytest.approx(exact, abs=0.01)


def test_wire_too_high_or_low() -> None:
    with pytest.raises(RabtaError, match="height_wavelengths"):
        Dipole(0.1, Ground(15.0, 0.001)).power(3.0)


def ask(lat: float, lon: float, r12: float = 80.0) -> nvis.Answer:
    maps, noises = coefficients.shipped(FILE), noise.shipped(FILE)
    when = When(1, np.mod(np.arange(24.0) - 5.0, 24.0), r12)
    return nvis.answer(maps, noises, nvis.Net.of(NET, GROUNDS), (lat, lon), (35.92, 74.31), when)


def test_skardu_to_gilgit() -> None:
    found = ask(35.3, 75.63)
    frequency, share = found.best()
    assert frequency.shape == (1, 24)
    # noon asks for higher frequencies than the hour before dawn, and the best lies between LUF and MUF
    assert frequency[0, 12] > frequency[0, 5] + 2.0
    assert (frequency <= found.muf_mhz * 1.05).all()
    assert (found.fot_mhz < found.muf_mhz).all()
    assert (share > 0.7).all()
    assert (frequency[0] >= found.luf_mhz[0]).all()


def test_more_sunspots_more_frequency() -> None:
    low, high = ask(35.3, 75.63, 10.0), ask(35.3, 75.63, 150.0)
    assert (high.muf_mhz > low.muf_mhz + 1.0)[0, 8:17].all()


def test_grid_is_near_the_circuits_themselves() -> None:
    rng = np.random.default_rng(5)
    lat, lon = rng.uniform(33.0, 36.5, 40), rng.uniform(71.5, 76.0, 40)
    maps, noises, net = coefficients.shipped(FILE), noise.shipped(FILE), nvis.Net.of(NET, GROUNDS)
    when = When(6, np.array([1.0, 7.0, 15.0]), 80.0)
    station = (np.array([35.92]), np.array([74.31]))
    _, share = nvis.national(maps, noises, net, (lat, lon), station, when)
    _, true = nvis.answer(maps, noises, net, (lat, lon), station, when).best()
    assert np.abs(share - true).mean() < 0.02
    assert np.abs(share - true).max() < 0.2


def test_unknown_ground() -> None:
    with pytest.raises(RabtaError, match="did you mean 'wet-ground'"):
        nvis.Net.of(NET | {"ground": "wet-grund"}, GROUNDS)


def test_sunspots() -> None:
    entry = catalog.entry("sunspots", "silso-2026").data
    assert nvis.sunspots(entry, 2026, 1) == pytest.approx(0.7 * 116.0)
    assert nvis.sunspots(entry, 2040, 1) == pytest.approx(0.7 * entry["elsewhere"])


def twin(scenario: Scenario) -> Twin:
    made = Twin(scenario, np.array(["2026-01-13T08:00"], dtype="datetime64[ns]"))
    cells = pd.DataFrame({"lat_deg": [35.3, 25.1], "lon_deg": [75.63, 62.3]})
    towns = pd.DataFrame(
        {
            "lat_deg": [35.92, 30.18, 36.3],
            "lon_deg": [74.31, 67.0, 74.65],
            "people": [200_000, 1_500_000, 20_000],
            "province": ["Gilgit-Baltistan", "Balochistan", "Gilgit-Baltistan"],
        }
    )
    made.tables |= {"cells": cells, "places": towns}
    return made


def test_stage(tmp_path: object) -> None:
    out = stages.emergency_net(twin(Scenario()))
    for name, value in out.items():
        wrap(name, value)  # of the schema's dims
        assert value.shape == (2, 24)
    by_hand = ask(35.3, 75.63, 0.7 * 116.0).best()[1][0]
    assert out["nvis_reliability"][0] == pytest.approx(by_hand, abs=0.06)
    quiet = stages.emergency_net(twin(Scenario.model_validate({"radio": {"sunspot_number": 0.0}})))
    assert quiet["nvis_frequency_mhz"][0].mean() < out["nvis_frequency_mhz"][0].mean() - 1.0
    elsewhere = Scenario.model_validate({"nation": {"data": str(tmp_path)}})
    assert np.isnan(stages.emergency_net(twin(elsewhere))["nvis_reliability"]).all()
