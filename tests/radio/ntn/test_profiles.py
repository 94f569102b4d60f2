"""Link-level channels against the tables of TR 38.811, clause 6.9."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import j0

from rabta.errors import RabtaError
from rabta.radio.ntn import profiles


@pytest.mark.parametrize("name", profiles.NAMES)
def test_delays_are_in_units_of_the_spread(name: str) -> None:
    # TR 38.901, clause 7.7.3: the tables are normalised to a delay spread of 1
    taps = profiles.profile(name)
    assert taps.spread() == pytest.approx(1.0, abs=0.02)
    assert taps.power.sum() == pytest.approx(1.0)


def test_published_taps() -> None:
    # TR 38.811, tables 6.9.2-1 and -4
    assert profiles.profile("A").delay.tolist() == [0.0, 1.0811, 2.8416]
    ratio = 10.0 * np.log10(profiles.profile("D").power[0] / profiles.profile("D").power[1])
    assert ratio == pytest.approx(11.707)  # K of the first tap, -0.284 and -11.991 dB


@pytest.mark.parametrize("name", profiles.NAMES)
def test_power_and_doppler_of_the_taps(name: str) -> None:
    times = np.array([0.0, 1e-3])
    delay, h = profiles.tdl(name, times, delay_spread_s=50e-9, spread_hz=200.0, links=20_000, seed=3)
    np.testing.assert_allclose(delay, profiles.profile(name).delay * 50e-9)
    power = (np.abs(h[:, :, 0]) ** 2).mean(axis=0)
    np.testing.assert_allclose(power, profiles.profile(name).power, rtol=0.03)
    # classical spectrum: correlation J0(2 pi f t) in time
    last = h[:, -1]
    found = (last[:, 0].conj() * last[:, 1]).mean() / power[-1]
    assert found.real == pytest.approx(float(j0(2.0 * np.pi * 200.0 * 1e-3)), abs=0.03)
    assert found.imag == pytest.approx(0.0, abs=0.03)


def test_satellite_shift_turns_everything() -> None:
    times = np.linspace(0.0, 1e-3, 4)
    _, still = profiles.tdl("D", times, spread_hz=10.0, seed=1)
    _, moved = profiles.tdl("D", times, spread_hz=10.0, shift_hz=700.0, seed=1)
    np.testing.assert_allclose(moved, still * np.exp(2j * np.pi * 700.0 * times))


@pytest.mark.parametrize("name", profiles.NAMES)
def test_clusters_arrive_from_the_published_directions(name: str) -> None:
    # the phase of a cluster turns, on average, by the Doppler of its mean direction
    times, taps = np.array([0.0, 1e-3]), profiles.profile(name)
    for axis, unit in enumerate(np.eye(3)):
        _, h = profiles.cdl(name, times, frequency_ghz=2.0, velocity_m_s=10.0 * unit, links=20_000, seed=axis)
        turn = np.angle((h[:, :, 0].conj() * h[:, :, 1]).mean(axis=0)) / (2.0 * np.pi * 1e-3)
        azimuth, zenith = np.radians(taps.aoa_deg), np.radians(taps.zoa_deg)
        towards = np.stack(
            [np.sin(zenith) * np.cos(azimuth), np.sin(zenith) * np.sin(azimuth), np.cos(zenith)]
        )
        greatest = 10.0 * 2e9 / 299_792_458.0
        np.testing.assert_allclose(turn / greatest, towards[axis], atol=0.1)
    power = (np.abs(h[:, :, 0]) ** 2).mean(axis=0)
    np.testing.assert_allclose(power, taps.power, rtol=0.03)


def test_flat_fading() -> None:
    pure = profiles.flat([0.0, 1.0], shift_hz=0.25)
    np.testing.assert_allclose(pure, [[1.0, 1.0j]], atol=1e-12)
    rice = profiles.flat(0.0, k_db=6.0, links=50_000)[:, 0]
    share = 1.0 / (1.0 + 10.0**-0.6)
    assert np.abs(rice.mean()) ** 2 == pytest.approx(share, rel=0.02)
    assert (np.abs(rice) ** 2).mean() == pytest.approx(1.0, rel=0.02)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(RabtaError, match="profile"):
        profiles.tdl("E", 0.0)
    with pytest.raises(RabtaError, match="delay_spread_s"):
        profiles.tdl("A", 0.0, delay_spread_s=-1.0)
    with pytest.raises(RabtaError, match="frequency_ghz"):
        profiles.cdl("A", 0.0, frequency_ghz=0.0)
