"""Laser links: published budgets, beams by integration, turbulence, clouds, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import j1

from rabta import verify
from rabta.errors import RabtaError
from rabta.radio.optical import air, beam, clouds
from rabta.radio.optical.feeder import feeder


def test_every_row_of_the_suite_passes() -> None:
    rows = verify.run("optical")
    assert len(rows) > 20
    assert [row.name for row in rows if row.gate and not row.passed] == []


def test_pointing_loss_is_that_of_the_airy_pattern() -> None:
    """A full aperture: (2 J1(x) / x)^2 with x = pi D sin(theta) / lambda; the Gaussian is its first term."""
    gain = beam.telescope_gain_db(0.1, 1.55)
    theta = np.array([0.5e-6, 1e-6, 2e-6])
    x = np.pi * 0.1 * np.sin(theta) / 1.55e-6
    airy = -20.0 * np.log10(2.0 * j1(x) / x)
    assert beam.pointing_loss_db(gain, theta * 1e6) == pytest.approx(airy, rel=0.02)


@given(gain=st.floats(80.0, 120.0))
def test_gaussian_beam_keeps_its_power(gain: float) -> None:
    """The beam of a gain, integrated over all angles, is all of the power: G = 4 pi / solid angle."""
    half = float(beam.beam_half_angle_urad(gain)) * 1e-6
    angle = np.linspace(0.0, 6.0 * half, 20_001)
    pattern = 10.0 ** (-beam.pointing_loss_db(gain, angle * 1e6) / 10.0)
    solid = np.trapezoid(2.0 * np.pi * angle * pattern, angle)
    assert 10.0 * np.log10(4.0 * np.pi / solid) == pytest.approx(gain, abs=1e-3)
    assert beam.divergence_gain_db(half * 1e6) == pytest.approx(gain)


def test_jitter_is_rayleigh() -> None:
    """Drawn pointing errors: the mean of the power and the loss exceeded for 1 % of the time."""
    draw = np.random.default_rng(1).normal(0.0, 1.5, (2, 400_000))
    loss = beam.pointing_loss_db(106.0, np.hypot(*draw))
    assert beam.jitter_loss_db(106.0, 1.5, 0.01) == pytest.approx(np.quantile(loss, 0.99), rel=0.02)
    mean = -10.0 * np.log10(np.mean(10.0 ** (-loss / 10.0)))
    assert beam.mean_jitter_loss_db(106.0, 1.5) == pytest.approx(mean, rel=0.01)


@given(power=st.floats(-60.0, 0.0), rate=st.floats(0.01, 100.0), um=st.floats(0.6, 2.0))
def test_photons_and_power_are_inverse(power: float, rate: float, um: float) -> None:
    photons = beam.photons_per_bit(power, rate, um)
    assert beam.sensitivity_dbm(photons, rate, um) == pytest.approx(power, abs=1e-9)


def test_budget_adds_up() -> None:
    link = beam.budget(
        power_w=1.0, send_gain_db=105.0, receive_gain_db=105.0, range_km=5000.0, rate_gbps=2.5, photons=100.0,
        losses_db={"pointing": 1.0, "optics": 4.0},
    )  # fmt: skip
    parts = ("power_dbm", "send_gain_db", "receive_gain_db", "path_db", "pointing_db", "optics_db")
    assert sum(link[part] for part in parts) == pytest.approx(link["received_dbm"])
    assert link["margin_db"] == pytest.approx(10.0 * np.log10(link["photons_per_bit"] / 100.0))


def test_turbulence_moments_are_those_of_fine_integration() -> None:
    """The 139 layers beside 400,000 steps: 1 % at the ground, 3 % from a mountain."""
    for km in (0.0, 0.5, 2.2):
        h = np.linspace(1e3 * km, 20_326.0, 400_001)
        profile = air.cn2(h, air.wind_m_s())
        found = air.Turbulence.above(km)
        assert found.whole == pytest.approx(np.trapezoid(profile, h), rel=0.03)
        exact = np.trapezoid(profile * (h - 1e3 * km) ** (5.0 / 3.0), h)
        assert found.five_thirds == pytest.approx(exact, rel=0.03)


def test_scintillation_scales_as_rytov_says() -> None:
    """Weak turbulence: k^(7/6), sine^(-11/6); an aperture averages."""
    turbulence = air.Turbulence.above()
    one = turbulence.log_intensity_variance(1.55, 90.0)
    assert turbulence.log_intensity_variance(1.55, 45.0) / one == pytest.approx(2.0 ** (11.0 / 12.0))
    assert turbulence.log_intensity_variance(0.85, 90.0) / one == pytest.approx((1.55 / 0.85) ** (7.0 / 6.0))
    assert turbulence.log_intensity_variance(1.55, 90.0, 0.4) < 0.1 * one


def test_scintillation_fade_keeps_the_mean() -> None:
    draw = np.random.default_rng(2).normal(-0.05, np.sqrt(0.1), 400_000)
    assert np.mean(np.exp(draw)) == pytest.approx(1.0, abs=2e-3)
    fade = -10.0 / np.log(10.0) * np.quantile(draw, 0.01)
    assert air.scintillation_fade_db(0.1, 0.01) == pytest.approx(fade, rel=0.01)


@given(um=st.floats(0.8, 2.0), km=st.floats(0.0, 5.0), degrees=st.floats(45.0, 90.0))
def test_clear_air_always_attenuates(um: float, km: float, degrees: float) -> None:
    assert air.scattering_db(um, degrees, km) > 0.0


def test_feeder_is_the_vacuum_link_less_the_air() -> None:
    gain = float(beam.telescope_gain_db(0.1, 1.55, 0.5))
    station = float(beam.telescope_gain_db(0.4, 1.55, 0.5))

    def link(up: bool) -> dict[str, float]:
        return feeder(
            power_w=1.0, satellite_gain_db=gain, station_m=0.4, range_km=1000.0, elevation_deg=60.0,
            height_km=1.6, rate_gbps=10.0, photons=100.0, up=up,
        )  # fmt: skip

    bare = beam.budget(
        power_w=1.0,
        send_gain_db=gain,
        receive_gain_db=station,
        range_km=1000.0,
        rate_gbps=10.0,
        photons=100.0,
    )
    down, up = link(False), link(True)
    air_db = float(air.scattering_db(1.55, 60.0, 1.6)) - down["scintillation_db"]
    assert down["received_dbm"] == pytest.approx(bare["received_dbm"] - air_db)
    assert up["scintillation_db"] < down["scintillation_db"] < 0.0


def test_more_stations_see_more() -> None:
    far = clouds.correlation(np.array([[0.0, 900.0, 400.0], [900.0, 0.0, 600.0], [400.0, 600.0, 0.0]]), 300.0)
    two = clouds.availability([0.4, 0.3], far[:2, :2])
    three = clouds.availability([0.4, 0.3, 0.5], far)
    assert 0.7 < two < three < clouds.availability([0.4, 0.3, 0.5])
    assert clouds.availability([0.0, 1.0]) == 1.0
    assert clouds.availability([1.0, 1.0], np.eye(2)) == 0.0


REFUSED = (
    lambda: beam.telescope_gain_db(0.0, 1.55),
    lambda: beam.telescope_gain_db(0.1, 0.1),
    lambda: beam.quantum_limit("fsk"),
    lambda: beam.quantum_limit("ook", 0.6),
    lambda: beam.jitter_loss_db(100.0, 1.0, 0.0),
    lambda: beam.path_loss_db(-1.0, 1.55),
    lambda: air.scattering_db(1.55, 30.0),
    lambda: air.scattering_db(10.6, 60.0),
    lambda: air.scattering_db(1.55, 60.0, 6.0),
    lambda: air.Turbulence.above(6.0),
    lambda: air.Turbulence.above().log_intensity_variance(1.55, 20.0),
    lambda: air.scintillation_fade_db(2.0, 0.1),
    lambda: clouds.availability([1.2]),
    lambda: clouds.availability([0.3, 0.3], [[1.0, 2.0], [2.0, 1.0]]),
    lambda: clouds.availability([0.3, 0.3], [[1.0]]),
)


@pytest.mark.parametrize("call", REFUSED)
def test_outside_the_range_is_refused_with_the_range(call: object) -> None:
    with pytest.raises(RabtaError) as caught:
        call()  # type: ignore[operator]
    assert caught.value.expected
