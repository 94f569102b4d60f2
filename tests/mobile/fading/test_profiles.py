"""Profiles against the tables of TR 38.901, TR 38.811 and TS 38.101-4."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.mobile.phy.fading import profiles

SIONNA = json.loads((Path(__file__).parent / "sionna.json").read_text(encoding="utf-8"))["lines"]


def scaled() -> list[str]:
    return [name for name in profiles.names() if profiles.profile(name).fixed_spread_s is None]


def test_names() -> None:
    found = profiles.names()
    assert len(found) == len(set(found)) == 27
    assert {"TDL-A", "CDL-E", "NTN-TDL-D", "NTN-CDL-A", "TDLA30", "TDLB100", "TDLC300", "NTN-TDLC5"} <= {
        *found
    }


@pytest.mark.parametrize("name", scaled())
def test_tables_have_a_spread_of_one(name: str) -> None:
    # TR 38.901, clause 7.7.3: normalised by the spread; as printed TDL-D has 0.9937, TDL-E 1.00024
    taps = profiles.profile(name)
    assert taps.spread() == pytest.approx(1.0, abs=3e-4 if not name.endswith("DL-D") else 7e-3)
    assert taps.power.sum() == pytest.approx(1.0)
    assert taps.delay[0] == 0.0
    assert taps.power.shape == taps.delay.shape


@pytest.mark.parametrize("name", [name for name in profiles.names() if name not in scaled()])
def test_fixed_profiles_have_the_spread_of_their_name(name: str) -> None:
    # TS 38.101-4, annex B.2.1: after quantisation within 1 % of the nominal spread
    taps = profiles.profile(name)
    assert taps.fixed_spread_s is not None
    assert taps.spread() == pytest.approx(taps.fixed_spread_s, rel=0.01)
    assert taps.delays_s() is taps.delay
    assert float(name.lstrip("NTDLABC-")) == pytest.approx(taps.fixed_spread_s * 1e9)


@pytest.mark.parametrize("name", list(SIONNA))
def test_delays_and_powers_as_sionna_has_them(name: str) -> None:
    # stored by tools/phy/fading.py; it merges the direct ray with its tap; sampled powers are within 1.5 %
    taps = profiles.profile(name)
    delay, power = taps.delays_s(), taps.power
    if taps.direct:
        delay, power = delay[1:], np.array([power[0] + power[1], *power[2:]])
    np.testing.assert_allclose(delay * 1e9, SIONNA[name]["delay_ns"], atol=1e-3)
    np.testing.assert_allclose(power, SIONNA[name]["power"], rtol=0.015)


def test_k_factors() -> None:
    # notes of tables 7.7.2-4 and -5: 13.3 and 22 dB; TR 38.811, tables 6.9.2-3 and -4: 10.224 and 11.707 dB
    for name, k in (("TDL-D", 13.3), ("TDL-E", 22.0), ("NTN-TDL-C", 10.224), ("NTN-TDL-D", 11.707)):
        assert profiles.profile(name).k_db == pytest.approx(k, abs=1e-9)
    assert profiles.profile("TDL-A").k_db == -np.inf


def test_last_tap_of_e_differs_between_the_tables() -> None:
    # table 7.7.1-5 prints 20.6419, table 7.7.2-5 20.6519
    assert profiles.profile("CDL-E").delay[-1] == 20.6419
    assert profiles.profile("TDL-E").delay[-1] == 20.6519


@pytest.mark.parametrize("name", ["TDL-D", "CDL-E", "NTN-TDL-C"])
@pytest.mark.parametrize("k_db", [-3.0, 5.0, 20.0])
def test_another_k_factor(name: str, k_db: float) -> None:
    # TR 38.901, clause 7.7.6: scattered powers keep their ratios, the spread is normalised again
    old = profiles.profile(name)
    new = profiles.with_k(old, k_db)
    assert new.total_k_db == pytest.approx(k_db)
    assert new.spread() == pytest.approx(old.spread())
    np.testing.assert_allclose(new.power[2:] / new.power[1], old.power[2:] / old.power[1])
    assert new.power.sum() == pytest.approx(1.0)


def test_the_same_k_factor_changes_nothing() -> None:
    old = profiles.profile("TDL-D")
    new = profiles.with_k(old, old.total_k_db)
    np.testing.assert_allclose(new.power, old.power)
    np.testing.assert_allclose(new.delay, old.delay)


def test_satellite_profiles_are_those_of_the_radio_package() -> None:
    taps = profiles.profile("NTN-CDL-D")
    assert taps.delay.tolist() == [0.0, 0.0, 0.5596, 7.334]
    assert taps.clusters is not None
    # TR 38.811, table 6.9.1-4: departures at azimuth 0 and zenith 140 degrees, without spread
    assert set(taps.clusters.zod) == {140.0}
    assert set(taps.clusters.aod) == {0.0}
    assert taps.clusters.cluster_asd == taps.clusters.cluster_zsd == 0.0


def test_wrong_input_is_refused() -> None:
    with pytest.raises(RabtaError, match="TDL-A"):
        profiles.profile("TDL-a")
    with pytest.raises(RabtaError, match="fixed"):
        profiles.profile("TDLA30").delays_s(100e-9)
    np.testing.assert_allclose(profiles.profile("TDLA30").delays_s(30e-9)[1], 10e-9)
    for spread in (-1.0, np.nan, 1.0):
        with pytest.raises(RabtaError, match="delay_spread_s"):
            profiles.profile("TDL-A").delays_s(spread)
    with pytest.raises(RabtaError, match="direct ray"):
        profiles.with_k(profiles.profile("TDL-A"), 3.0)
    with pytest.raises(RabtaError, match="k_db"):
        profiles.with_k(profiles.profile("TDL-D"), 100.0)
