"""Timing of passes against TR 38.821 and TS 38.331, and by other ways."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.mobile.mobility import timing
from rabta.mobile.modem import passes


@pytest.fixture(scope="module")
def service() -> passes.Pass:
    return passes.find(
        passes.satellite("starlink-11506"), 31.55, 74.34, 0.0, np.datetime64("2026-01-14T00:00:00")
    )


def test_doppler_is_the_change_of_the_way(service: passes.Pass) -> None:
    found = timing.over(service, 2.0)
    rate = np.gradient(found.range_m, found.times_s)
    np.testing.assert_allclose(found.doppler_hz[1:-1], -rate[1:-1] * 2e9 / 299792458.0, atol=1.0)
    slope = np.gradient(found.doppler_hz, found.times_s)
    np.testing.assert_allclose(found.doppler_rate_hz_s[1:-1], slope[1:-1], atol=0.5)
    assert (found.k_offset * 1e3 >= found.service_us).all()
    assert (found.k_offset * 1e3 < found.service_us + 1e3).all()


def test_own_centre_leaves_nothing(service: passes.Pass) -> None:
    assert not timing.over(service, 2.0, centre=service).residual_hz.any()


def test_forecast_keeps_energy_and_grows_old(service: passes.Pass) -> None:
    told = timing.broadcast([6.98e6, 0.0, 0.0], [0.0, 4000.0, 6000.0])
    spin = np.array([0.0, 0.0, timing.EARTH_RATE])
    speed = told.velocity_m_s + np.cross(spin, told.position_m)
    energy = 0.5 * speed @ speed - timing.EARTH_MU / np.linalg.norm(told.position_m)
    period = 2.0 * np.pi * np.sqrt((-timing.EARTH_MU / (2.0 * energy)) ** 3 / timing.EARTH_MU)
    ages = np.arange(0.0, 900.0, 60.0)
    ways = np.linalg.norm(timing.forecast(told, ages, oblate=False), axis=1)
    assert 5000.0 < period < 7000.0
    momentum = np.linalg.norm(np.cross(told.position_m, speed))
    semi = -timing.EARTH_MU / (2.0 * energy)
    round_ = np.sqrt(1.0 - momentum**2 / timing.EARTH_MU / semi)
    assert ways.min() >= semi * (1.0 - round_) - 1.0
    assert ways.max() <= semi * (1.0 + round_) + 1.0
    aged = timing.validity(service, 2.0)
    plain = timing.validity(service, 2.0, oblate=False)
    assert aged.position_m[0] < 1.3
    assert aged.position_m[-1] < 0.05 * plain.position_m[-1]
    assert plain.longest_s < aged.longest_s


@pytest.mark.parametrize(
    ("altitude", "beam", "wanted"), [(600.0, 1000.0, 3.12), (1200.0, 1000.0, 3.18), (35_786.0, 3500.0, 10.3)]
)
def test_differential_delay(altitude: float, beam: float, wanted: float) -> None:
    assert timing.differential_delay_ms(altitude, beam) == pytest.approx(wanted, abs=0.02)  # TR 38.821, 4.2-2


def test_refusals(service: passes.Pass) -> None:
    with pytest.raises(RabtaError, match="spacing"):
        timing.over(service, 2.0, spacing_khz=25.0)
    with pytest.raises(RabtaError, match="PositionStateVector"):
        timing.broadcast([5e7, 0.0, 0.0], [0.0, 0.0, 0.0])
    with pytest.raises(RabtaError, match="ages_s"):
        timing.forecast(timing.broadcast([7e6, 0, 0], [0, 7e3, 0]), 2000.0)
