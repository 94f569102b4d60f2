"""Closed forms against published values, numerical integrals and drawn channels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special

from rabta.errors import RabtaError
from rabta.mobile.phy.fading import channel, profiles, theory


@pytest.mark.parametrize("level", [0.1, 0.3, 1.0, 1.5])
def test_crossings_and_fades(level: float) -> None:
    # of one long draw beside Rice's and Jakes' formulas
    doppler, rate, count = 20.0, 2000.0, 400_000
    _, h = channel.response("NTN-TDL-A", np.arange(count) / rate, doppler_hz=doppler, links=8, seed=1)
    r = np.abs(h[:, :, 0, 0, 0]) / np.sqrt(profiles.profile("NTN-TDL-A").power[0])
    falls = ((r[:, :-1] >= level) & (r[:, 1:] < level)).sum()
    seconds = 8 * count / rate
    expected = float(theory.crossing_rate_hz(level, doppler)) * seconds
    assert falls == pytest.approx(expected, rel=0.02 + 4.0 / np.sqrt(expected))
    below = (r < level).sum() / rate / falls
    assert below == pytest.approx(float(theory.fade_duration_s(level, doppler)), rel=0.08)


def test_rate_and_duration_make_the_distribution() -> None:
    level = np.array([0.05, 0.5, 1.2])
    product = theory.crossing_rate_hz(level, 7.0) * theory.fade_duration_s(level, 7.0)
    np.testing.assert_allclose(product, theory.outage(level**2))


def test_outage_of_rayleigh_and_rice() -> None:
    # Rice: 1 - Q1(sqrt(2K), sqrt(2(1+K)x)), the density integrated (Simon and Alouini, equation 2.16)
    np.testing.assert_allclose(theory.outage([0.01, 1.0]), -np.expm1([-0.01, -1.0]))
    for k_db, x in ((10.224, 0.1), (11.707, 0.05), (0.0, 0.3)):
        k = 10.0 ** (k_db / 10.0)

        def density(s: float, k: float = k) -> float:
            root = 2.0 * np.sqrt(k * (1.0 + k) * s)
            return float((1.0 + k) * np.exp(root - k - (1.0 + k) * s) * special.ive(0, root))

        theirs = integrate.quad(density, 0.0, x)[0]
        assert float(theory.outage(x, k_db=k_db)) == pytest.approx(theirs, rel=1e-6)


def test_outage_of_combined_branches() -> None:
    # Rayleigh: 1 - exp(-x) sum x^k / k!; 2 branches of Rice by sampling
    x = 0.2
    theirs = 1.0 - np.exp(-x) * (1.0 + x + x**2 / 2.0 + x**3 / 6.0)
    assert float(theory.outage(x, branches=4)) == pytest.approx(theirs, rel=1e-9)
    rng = np.random.default_rng(1)
    k = 10.0**0.5
    ray = np.sqrt(k / (1.0 + k)) * np.exp(2j * np.pi * rng.random((400_000, 2)))
    noise = (rng.normal(size=ray.shape) + 1j * rng.normal(size=ray.shape)) / np.sqrt(2.0 * (1.0 + k))
    sums = (np.abs(ray + noise) ** 2).sum(axis=1)
    found = (sums < 0.6).mean()
    assert float(theory.outage(0.6, k_db=5.0, branches=2)) == pytest.approx(found, rel=0.05)


@pytest.mark.parametrize("name", ["NTN-TDL-A", "NTN-TDL-B", "NTN-TDL-C", "NTN-TDL-D"])
def test_satellite_channels_fade_as_rice(name: str) -> None:
    # at one frequency a profile is Rice with the K of all its scattered taps: TR 38.811, tables 6.9.2-1 to -4
    taps = profiles.profile(name)
    delays, h = channel.response(name, 0.0, links=100_000, seed=12, waves=64)
    power = np.abs(channel.on_grid(delays, h, [1.3e6])[:, 0, 0, 0, 0]) ** 2
    assert power.mean() == pytest.approx(1.0, abs=0.01)
    for level in (0.05, 0.2, 0.5):
        theirs = float(theory.outage(level, k_db=taps.total_k_db))
        error = 4.0 * np.sqrt(theirs / power.size) + 0.01 * theirs
        assert (power < level).mean() == pytest.approx(theirs, abs=error)


def test_combining_of_two_receivers() -> None:
    # maximum-ratio combining of NTN-TDL-D, the branches' rays alike and their scattered parts independent
    taps = profiles.profile("NTN-TDL-D")
    delays, h = channel.response(taps, 0.0, receive=2, links=200_000, seed=13)
    power = (np.abs(channel.on_grid(delays, h, [0.0])[:, 0, 0, :, 0]) ** 2).sum(axis=1)
    for level in (0.5, 1.0):
        theirs = float(theory.outage(level, k_db=taps.total_k_db, branches=2))
        assert (power < level).mean() == pytest.approx(theirs, abs=4.0 * np.sqrt(theirs / power.size) + 1e-4)


def test_capacity() -> None:
    # Rayleigh: exp(1/s) E1(1/s) / ln 2 (Alouini and Goldsmith 1999, equation 34)
    snr = 10.0 ** (np.array([-5.0, 0.0, 10.0, 20.0]) / 10.0)
    theirs = np.exp(1.0 / snr) * special.exp1(1.0 / snr) / np.log(2.0)
    np.testing.assert_allclose(theory.capacity_bit([-5.0, 0.0, 10.0, 20.0]), theirs, rtol=1e-5)
    still = theory.capacity_bit(10.0, k_db=60.0)
    assert float(still) == pytest.approx(np.log2(11.0), rel=1e-4)


def test_error_curve_in_fading() -> None:
    # a step at a threshold is an outage; any curve lies between its shifted steps
    curve = np.array([4.999, 5.0])
    step = theory.faded(curve, [1.0, 1e-12], [15.0, 25.0], k_db=6.0)
    np.testing.assert_allclose(
        step, theory.outage(10.0 ** (-np.array([10.0, 20.0]) / 10.0), k_db=6.0), rtol=5e-3
    )
    slow = theory.faded([4.0, 6.0], [1.0, 1e-12], 15.0)
    assert float(theory.faded(curve - 1.0, [1.0, 1e-12], 15.0)) < float(slow)
    assert float(slow) < float(theory.faded(curve + 1.0, [1.0, 1e-12], 15.0))
    with pytest.raises(RabtaError, match="no error curve"):
        theory.faded([1.0, 0.0], [1.0, 0.1], 5.0)
    with pytest.raises(RabtaError, match="branches"):
        theory.outage(0.1, branches=0)
