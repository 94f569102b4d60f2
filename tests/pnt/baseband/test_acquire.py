"""Satellites made to measure are found where and as strong as they are, and noise is not a satellite."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.pnt.baseband import acquire, codes, generate
from rabta.pnt.baseband.generate import Emission

LIGHT_M_S = 299_792_458.0


@pytest.mark.parametrize(
    ("signal", "rate", "cn0", "less"),
    [
        # less: what component and replica have of the signal, dB: 3/4 x 29/33 of B1C, 1/2 of B2a
        ("B1C", 12e6, 45.0, 1.81),
        ("L1CA", 8e6, 42.0, 0.0),
        ("B1I", 16e6, 42.0, 0.0),
        ("B3I", 24.552e6, 42.0, 0.0),
        ("B2A", 24.552e6, 45.0, 3.01),
        ("B2B", 24.552e6, 42.0, 0.0),
    ],
)
def test_delay_doppler_and_strength_are_found(signal: str, rate: float, cn0: float, less: float) -> None:
    errors = []
    for seed, delay, doppler in ((1, 0.00041234, -3310.0), (2, 0.00077777, 1877.0), (3, 0.0001001, 63.0)):
        made = generate.samples([Emission(signal, 25, cn0, delay, doppler)], rate, 0.045, seed)
        found, other = acquire.search(made, rate, signal, [25, 31])
        assert found["found"]
        assert not other["found"]
        assert found["doppler_hz"] == pytest.approx(doppler, abs=15.0)
        assert found["delay_s"] * LIGHT_M_S == pytest.approx(delay * LIGHT_M_S, abs=15.0)
        errors.append(float(found["cn0_dbhz"]) - cn0 + less)
    # 20 ms scatter C/N0 by 0.3 to 0.5 dB. The band that is searched holds 86 % of BOC(1,1)'s power (-0.7 dB)
    # and the steps of the replica cost as much again; less so with the others.
    assert -1.5 < np.mean(errors) < 0.4


def test_strength_between_samples_does_not_fall_as_it_does_in_the_cells() -> None:
    """A B1C signal half a sample of 4 MHz aside loses 3 dB in the nearest cell, and nothing at its peak."""
    gap = []
    for part in (0.0, 0.5):
        delay = (12_345 + part) / 4e6
        made = generate.samples([Emission("B1C", 30, 47.0, delay, 1000.0)], 4e6, 0.04, seed=4)
        gap.append(acquire.search(made, 4e6, "B1C", [30])[0])
    assert abs(gap[0]["cn0_dbhz"] - gap[1]["cn0_dbhz"]) < 0.4
    assert gap[0]["cell_cn0_dbhz"] - gap[1]["cell_cn0_dbhz"] > 2.0


@pytest.mark.parametrize(("rate", "middle"), [(12e6, 3e6), (24e6, 6e6)])
def test_real_samples_at_an_intermediate_frequency(rate: float, middle: float) -> None:
    made = generate.samples([Emission("B1C", 36, 46.0, 0.0033, -2222.0)], rate / 2, 0.04, seed=5)
    raw = np.frombuffer(generate.digitise(generate.real(made, middle, rate / 2), "i8", bits=2), np.int8)
    found, other = acquire.search(raw, rate, "B1C", [36, 37], if_hz=middle)
    assert found["found"]
    assert not other["found"]
    assert found["doppler_hz"] == pytest.approx(-2222.0, abs=10.0)
    assert found["delay_s"] == pytest.approx(0.0033, abs=5e-8)
    before = acquire.search(made, rate / 2, "B1C", [36])[0]
    assert (
        0.0 < before["cn0_dbhz"] - found["cn0_dbhz"] < 1.2
    )  # two bits cost 0.55 dB: Kaplan and Hegarty, 8.4


def test_rate_that_is_no_multiple_of_the_code() -> None:
    rate = 5.456e6
    made = generate.samples([Emission("L1CA", 7, 44.0, 0.0004, 900.0)], rate, 0.03, seed=6)
    found = acquire.search(made, rate, "L1CA", [7])[0]
    assert found["found"]
    assert found["delay_s"] == pytest.approx(0.0004, abs=5e-8)


def test_threshold_is_the_gamma_distributions() -> None:
    """Values of the chi-square distribution with 2 K degrees: Abramowitz and Stegun, table 26.8, halved."""
    assert acquire.threshold(0.001, 1.0, 1) == pytest.approx(13.8155 / 2, abs=1e-4)
    assert acquire.threshold(0.001, 1.0, 2) == pytest.approx(18.4668 / 2, abs=1e-4)
    assert acquire.threshold(0.001, 1.0, 10) == pytest.approx(45.3147 / 2, abs=1e-4)
    with pytest.raises(RabtaError, match="0 to 1"):
        acquire.threshold(0.0, 1.0, 1)


def test_noise_alone_is_rarely_a_satellite() -> None:
    """At a false alarm of one in ten, which the count of cells overstates, at most one in ten is found."""
    noise = generate.samples([], 4e6, 0.03, seed=7)
    found = acquire.search(noise, 4e6, "L1CA", range(1, 38), false_alarm=0.1, time_s=0.004)
    assert found["found"].sum() <= 4
    assert found["statistic"].max() > 0.6 * found["threshold"].max()


def test_a_strong_satellite_does_not_make_others() -> None:
    made = generate.samples([Emission("L1CA", 3, 60.0, 0.0002, 500.0)], 4e6, 0.03, seed=8)
    found = acquire.search(made, 4e6, "L1CA", range(1, 33))
    assert found["prn"][found["found"]].tolist() == [3]


def test_codes_are_apart_as_stated() -> None:
    """A sample of the pairs behind `ISOLATION_DB`: no correlation above it, with or without Doppler."""
    rng = np.random.default_rng(9)
    for name, apart in acquire.ISOLATION_DB.items():
        length = codes.find(name).length
        for _ in range(8):
            a, b = rng.choice(codes.prns(name)[:32], 2, replace=False)
            turned = codes.generate(name, a) * np.exp(
                2j * np.pi * rng.uniform(-10, 10) * np.arange(length) / length
            )
            both = np.fft.ifft(np.fft.fft(turned) * np.conj(np.fft.fft(codes.generate(name, b))))
            assert 20 * np.log10(np.abs(both).max() / length) < -apart


@pytest.mark.parametrize(("apart", "stronger"), [(0.5, 3.0), (0.75, 3.0), (-1.0, 0.0), (5.0, -3.0)])
def test_second_peak_is_told_from_the_first(apart: float, stronger: float) -> None:
    first = Emission("B1C", 25, 46.0, 0.0031, 1200.0)
    second = Emission("B1C", 25, 46.0 + stronger, 0.0031 + apart / 1.023e6, 1210.0, phase_cycles=0.2)
    found = acquire.peaks(generate.samples([first, second], 4e6, 0.05, seed=10), 4e6, "B1C", 25)
    delays = sorted((peak.delay_s - 0.0031) * 1.023e6 for peak in found)
    assert len(found) == 2
    np.testing.assert_allclose(delays, sorted([0.0, apart]), atol=0.08)


@pytest.mark.parametrize("cn0", [38.0, 45.0, 52.0])
def test_one_signal_has_one_peak(cn0: float) -> None:
    made = generate.samples([Emission("B1C", 25, cn0, 0.0031, 1200.0)], 4e6, 0.05, seed=11)
    assert len(acquire.peaks(made, 4e6, "B1C", 25, time_s=0.04)) == 1
    assert acquire.peaks(made, 4e6, "B1C", 26, time_s=0.04) == []


@pytest.mark.parametrize("turned", [False, True])
def test_mirrored_spectra_are_noticed(turned: bool) -> None:
    sent = [Emission("B1C", 30, 46.0, 0.004, 2900.0), Emission("B1C", 36, 45.0, 0.002, -2500.0)]
    made = generate.samples(sent, 4e6, 0.4, seed=12)
    seen = np.conj(made) if turned else made
    found = acquire.search(seen, 4e6, "B1C", [30, 36])
    assert acquire.mirrored(seen, 4e6, "B1C", found) is turned
    assert acquire.mirrored(seen[:120_000], 4e6, "B1C", found) is None


def test_short_records_are_refused() -> None:
    with pytest.raises(RabtaError, match="too few samples for the search"):
        acquire.search(generate.samples([], 4e6, 0.015, seed=1), 4e6, "B1C", [30])
    with pytest.raises(RabtaError, match="zero or no numbers"):
        acquire.search(np.zeros(200_000, dtype=np.complex64), 4e6, "B1C", [30])
