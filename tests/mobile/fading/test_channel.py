"""Coefficients over time, frequency and antennas against theory and stored moments of Sionna's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.special import j0

from rabta.errors import RabtaError
from rabta.mobile.phy.fading import channel, correlation, profiles, theory

SIONNA = json.loads((Path(__file__).parent / "sionna.json").read_text(encoding="utf-8"))
SPREAD_S, LINKS = SIONNA["spread_s"], 20_000
DOPPLER_HZ = SIONNA["speed_m_s"] * SIONNA["carrier_hz"] / 299_792_458.0
STEPS = np.array([0.0, 0.1, 0.2, 0.38274, 0.6, 0.8786])  # in turns of the Doppler; two are zeros of J0


@pytest.mark.parametrize("name", ["TDL-A", "TDL-D", "TDLC300", "NTN-TDL-B", "NTN-TDL-D"])
def test_powers_and_correlation_over_time(name: str) -> None:
    # four standard errors: 1 / sqrt(draws) of a power, of a correlation of unit power likewise
    doppler, taps = 200.0, profiles.profile(name)
    _, h = channel.response(name, STEPS / doppler, doppler_hz=doppler, links=LINKS, seed=11)
    h = h[..., 0, 0].astype(np.complex128)
    power = (np.abs(h[:, 0]) ** 2).mean(axis=0)
    for tap, share in enumerate(taps.power):
        direct = taps.direct and tap == 0
        assert power[tap] == pytest.approx(share, rel=1e-5 if direct else 4.0 / LINKS**0.5)
        found = (h[:, :1, tap].conj() * h[:, :, tap]).mean(axis=0) / share
        theirs = np.exp(2j * np.pi * 0.7 * STEPS) if direct else j0(2.0 * np.pi * STEPS)
        np.testing.assert_allclose(found, theirs, atol=1e-4 if direct else 4.0 / LINKS**0.5)


def test_one_long_draw_follows_j0_too() -> None:
    # over time: the variance of the time average falls with the number of waves and the length
    times, doppler = np.arange(200_000) * 1e-4, 50.0
    _, h = channel.response("NTN-TDL-A", times, doppler_hz=doppler, links=40, seed=4)
    first = h[:, :, 0, 0, 0] / np.sqrt(profiles.profile("NTN-TDL-A").power[0])
    for lag in (0, 20, 77, 100):
        found = (first[:, : times.size - lag].conj() * first[:, lag:]).mean()
        assert found.real == pytest.approx(float(j0(2.0 * np.pi * doppler * lag * 1e-4)), abs=0.02)


def test_spectrum_is_the_classical_one() -> None:
    # Clarke's spectrum: share of power within f of the carrier is 2/pi asin(f / doppler)
    doppler, count = 100.0, 2**15
    times = np.arange(count) / 1000.0
    _, h = channel.response("NTN-TDL-A", times, doppler_hz=doppler, links=200, seed=8)
    power = (np.abs(np.fft.fft(h[:, :, 0, 0, 0] * np.hanning(count), axis=1)) ** 2).mean(axis=0)
    hertz = np.abs(np.fft.fftfreq(count, 1e-3))
    for share in (0.25, 0.5, 0.75, 0.95):
        found = power[hertz <= share * doppler].sum() / power.sum()
        assert found == pytest.approx(2.0 / np.pi * np.arcsin(share), abs=0.012)
    assert power[hertz > 1.01 * doppler].sum() / power.sum() < 1e-4


def test_amplitudes_are_rayleigh_and_rice() -> None:
    _, h = channel.response("NTN-TDL-C", 0.3, doppler_hz=30.0, links=8000, seed=5)
    taps = profiles.profile("NTN-TDL-C")
    scattered = np.abs(h[:, 0, 2, 0, 0]) / np.sqrt(taps.power[2])
    assert stats.kstest(scattered, stats.rayleigh(scale=0.5**0.5).cdf).pvalue > 0.01
    phase = np.angle(h[:, 0, 2, 0, 0]) / (2.0 * np.pi) + 0.5
    assert stats.kstest(phase, "uniform").pvalue > 0.01
    first = h[:, 0, 0, 0, 0] + h[:, 0, 1, 0, 0]
    k = 10.0 ** (taps.k_db / 10.0)
    rice = stats.rice(np.sqrt(2.0 * k), scale=np.sqrt(taps.power[1] / 2.0))
    assert stats.kstest(np.abs(first), rice.cdf).pvalue > 0.01


def test_deep_fades_lack_no_more_than_the_waves_say() -> None:
    # the chance of deep fades of N waves is that of Rayleigh fading less 1 / (2 N): 0.07 dB for 32
    _, h = channel.response("NTN-TDL-A", 0.0, doppler_hz=1.0, links=400_000, seed=6, waves=16)
    power = np.abs(h[:, 0, 0, 0, 0]) ** 2 / profiles.profile("NTN-TDL-A").power[0]
    rayleigh = -np.expm1(-0.05)
    error = 3.0 * np.sqrt(rayleigh / power.size) / rayleigh
    assert (power < 0.05).mean() / rayleigh == pytest.approx(1.0 - 1.0 / 32.0, abs=error)
    assert (power**2).mean() == pytest.approx(2.0 - 1.0 / 16.0, abs=0.03)


@pytest.mark.parametrize("name", ["TDL-A", "TDL-E", "TDLB100", "NTN-TDL-D"])
def test_correlation_over_frequency_is_the_profiles_transform(name: str) -> None:
    taps = profiles.profile(name)
    delays, h = channel.response(name, 0.0, links=LINKS, seed=2)
    hertz = np.array([0.0, 2e5, 1e6, 3e6, 1e7])
    grid = channel.on_grid(delays, h, hertz)[:, 0, :, 0, 0]
    found = (grid[:, :1].conj() * grid).mean(axis=0)
    np.testing.assert_allclose(found, theory.frequency_correlation(taps, hertz), atol=4.0 / LINKS**0.5)


def test_grid_is_the_sum_over_taps() -> None:
    delays, h = channel.response("TDL-C", [0.0, 0.01], doppler_hz=9.0, links=2, receive=2, transmit=3)
    hertz = np.array([-4e6, 0.0, 1.5e6])
    slow = np.einsum("ltnrs,nf->ltfrs", h, np.exp(-2j * np.pi * np.outer(delays, hertz)))
    np.testing.assert_allclose(channel.on_grid(delays, h, hertz), slow, atol=1e-5)
    one = channel.on_grid(delays, h[..., :1, :1], hertz)
    np.testing.assert_allclose(one, slow[..., :1, :1], atol=1e-5)


@pytest.mark.parametrize("name", list(SIONNA["lines"]))
def test_moments_as_sionna(name: str) -> None:
    # both are sampled with 20,000 draws: the difference of two correlations is within 6 of their errors
    theirs = SIONNA["lines"][name]
    spread = None if name.startswith(("TDLA", "TDLB", "TDLC")) else SPREAD_S
    delays, h = channel.response(
        name, SIONNA["lags_s"], delay_spread_s=spread, doppler_hz=DOPPLER_HZ, links=LINKS, seed=9
    )
    h = h[..., 0, 0]
    over = (h[:, :1].conj() * h).sum(axis=2).mean(axis=0)
    grid = channel.on_grid(delays, h[:, :1, :, None, None], SIONNA["separations_hz"])[:, 0, :, 0, 0]
    across = (grid[:, :1].conj() * grid).mean(axis=0)
    error = 6.0 * np.sqrt(2.0 / LINKS)
    np.testing.assert_allclose(over, np.array(theirs["time"]) @ [1.0, 1j], atol=error)
    np.testing.assert_allclose(across, np.array(theirs["frequency"]) @ [1.0, 1j], atol=error)


@pytest.mark.parametrize(
    ("level", "receive", "transmit", "uplink"),
    [("high", 2, 2, False), ("medium", 2, 4, False), ("medium", 4, 2, True), ("cross-medium", 4, 4, False)],
)
def test_antennas_are_correlated_as_given(level: str, receive: int, transmit: int, uplink: bool) -> None:
    given, links = correlation.matrix(level, receive, transmit, uplink=uplink), 4000
    _, h = channel.response(
        "TDLA30",
        0.0,
        receive=receive,
        transmit=transmit,
        correlation=level,
        uplink=uplink,
        links=links,
        seed=7,
    )
    power = profiles.profile("TDLA30").power
    flat = h[:, 0].transpose(0, 1, 3, 2).reshape(links, power.size, -1) / np.sqrt(power)[:, None]
    found = np.einsum("lni,lnj->ij", flat, flat.conj()) / links / power.size
    np.testing.assert_allclose(found, given, atol=5.0 / np.sqrt(links * power.size))


def test_any_matrix_of_correlation() -> None:
    given = np.array([[1.0, 0.5j], [-0.5j, 1.0]])
    _, h = channel.response("TDLA30", 0.0, receive=2, correlation=given, links=LINKS, seed=7)
    flat = h[:, 0, 1, :, 0] / np.sqrt(profiles.profile("TDLA30").power[1])
    np.testing.assert_allclose(flat.T @ flat.conj() / LINKS, given, atol=4.0 / LINKS**0.5)


def test_direct_ray_is_a_plane_wave() -> None:
    _, h = channel.response(
        "TDL-D", [0.0, 0.1], doppler_hz=3.0, receive=2, transmit=2, correlation="high", links=4
    )
    ray = h[:, :, 0]
    assert np.ptp(ray.reshape(4, 2, 4), axis=2).max() == 0.0
    turned = np.exp(2j * np.pi * 0.7 * 0.3)
    np.testing.assert_allclose(ray[:, 1] / ray[:, 0], np.full((4, 2, 2), turned), atol=1e-5)


def test_direct_ray_as_in_conformance_tests() -> None:
    _, h = channel.response("TDLD30", 0.0, receive=2, transmit=2, ray="static", links=2)
    np.testing.assert_allclose(h[:, 0, 0] / h[:, 0, 0, :1, :1], [[[1, 1j], [1, -1j]]] * 2, atol=1e-6)


def test_draws_do_not_depend_on_parts() -> None:
    times = np.arange(3000) * 1e-4
    asked: dict[str, Any] = {"doppler_hz": 70.0, "shift_hz": 1234.5, "receive": 2, "seed": 3}
    _, whole = channel.response("TDL-D", times, links=6, **asked)
    _, late = channel.response("TDL-D", times[1000:1700], links=6, **asked)
    np.testing.assert_array_equal(late, whole[:, 1000:1700])
    _, some = channel.response("TDL-D", times, links=[4, 1], **asked)
    np.testing.assert_array_equal(some, whole[[4, 1]])
    uneven = np.sort(np.append(times[:50], 1.23e-3))
    _, other = channel.response("TDL-D", uneven, links=6, **asked)
    np.testing.assert_array_equal(np.delete(other, 13, axis=1), whole[:, :50])
    _, wider = channel.response("TDL-D", times[:5], links=6, **(asked | {"receive": 2, "transmit": 1}))
    np.testing.assert_array_equal(wider, whole[:, :5])
    _, another = channel.response("TDL-D", times[:5], links=6, **(asked | {"seed": 4}))
    assert np.abs(another - whole[:, :5]).max() > 0.1


def test_without_doppler_nothing_changes() -> None:
    _, h = channel.response("TDL-C", [0.0, 1.0, 7.0], links=3)
    np.testing.assert_array_equal(h[:, 1:], h[:, :1].repeat(2, axis=1))


def test_shift_turns_everything() -> None:
    times = np.linspace(0.0, 1e-3, 5)
    _, still = channel.response("NTN-TDL-D", times, doppler_hz=10.0)
    _, moved = channel.response("NTN-TDL-D", times, doppler_hz=10.0, shift_hz=700.0)
    turned = np.exp(2j * np.pi * 700.0 * times)[:, None, None, None]
    np.testing.assert_allclose(moved, still * turned, atol=1e-6)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(RabtaError, match="profile"):
        channel.response("TDL-F", 0.0)
    with pytest.raises(RabtaError, match="doppler_hz"):
        channel.response("TDL-A", 0.0, doppler_hz=-1.0)
    with pytest.raises(RabtaError, match="times_s"):
        channel.response("TDL-A", [0.0, np.nan])
    with pytest.raises(RabtaError, match="transmit"):
        channel.response("TDL-A", 0.0, transmit=0)
    for links in (0, [-1], 1.5):
        with pytest.raises(RabtaError, match="links"):
            channel.response("TDL-A", 0.0, links=links)
    with pytest.raises(RabtaError, match="waves"):
        channel.response("TDL-A", 0.0, waves=2)
    with pytest.raises(RabtaError, match="k_db"):
        channel.response("TDL-D", 0.0, k_db=np.nan)
    with pytest.raises(RabtaError, match="correlated by its directions"):
        channel.response("CDL-A", 0.0, receive=2, correlation="high")
    with pytest.raises(RabtaError, match="do not fit"):
        channel.on_grid([0.0], np.ones((1, 1, 2, 1, 1)), [0.0])
