"""Loops follow what the generator sends; code phase noise is what theory says it is."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.pnt.baseband import acquire, codes, generate, track
from rabta.pnt.baseband.generate import Emission

LIGHT_M_S = 299_792_458.0


def follow(signal: str, rate: float, emission: Emission, seconds: float, seed: int = 3) -> track.Track:
    made = generate.samples([emission], rate, seconds, seed)
    found = acquire.search(made, rate, signal, [emission.prn])[0]
    assert found["found"]
    place = {"doppler_hz": float(found["doppler_hz"]), "delay_s": float(found["delay_s"])}
    return track.run(made, rate, signal, emission.prn, **place)


@pytest.mark.parametrize(
    ("signal", "rate", "cn0"),
    [
        ("B1C", 4.1e6, 44.0),
        ("L1CA", 4.1e6, 44.0),
        ("B1I", 8.2e6, 44.0),
        ("B2A", 24.6e6, 46.0),
        ("B2B", 24.6e6, 44.0),
    ],
)
def test_range_and_doppler_are_followed(signal: str, rate: float, cn0: float) -> None:
    """Code phase within metres of the truth, carrier within an eighth of a cycle, Doppler of 2 Hz/s."""
    sent = Emission(signal, 30, cn0, 0.00034567, -1800.0, doppler_rate_hz_s=2.0)
    seen = follow(signal, rate, sent, 1.0)
    what = codes.find(signal)
    assert seen.locked
    half = seen.start_s.size // 2
    periods = np.arange(seen.start_s.size) * what.period_s
    # a period begins when the code has run k periods: t + doppler(t) / carrier = delay + k T
    cycles = -1800.0 * seen.start_s + 1.0 * seen.start_s**2
    truth = 0.00034567 + periods - cycles / what.carrier_hz
    error = (seen.start_s - truth)[half:] * LIGHT_M_S
    assert abs(error.mean()) < 4.0
    assert error.std() < 4.0
    moved = (seen.carrier_cycles - seen.carrier_cycles[half])[half:]
    assert np.abs(moved - (cycles - cycles[half])[half:]).max() < 0.12
    assert seen.doppler_hz[-20:].mean() == pytest.approx(-1798.0, abs=2.0)
    assert seen.code_minus_carrier_m()[half:].std() < 4.0


def test_strength_is_that_of_the_component() -> None:
    """C/N0 of B1C's pilot: 3/4 of the power, 29/33 of that in BOC(1,1), and what a band of 6 MHz passes."""
    seen = follow("B1C", 6e6, Emission("B1C", 30, 46.0, 0.002, 300.0), 1.0)
    assert seen.cn0_dbhz[-1] == pytest.approx(46.0 - 1.81, abs=1.2)
    assert seen.phase_lock[-1] > 0.95


def test_code_noise_is_that_of_theory() -> None:
    """Early minus late power: sigma^2 = B d / (2 C/N0) (1 + 2 / ((2 - d) T C/N0)) chips, d early to late.

    A. J. Van Dierendonck, P. Fenton and T. Ford, Navigation 39 (1992), equation 13; BPSK at wide bandwidth.
    """
    cn0, bandwidth, apart = 42.0, 2.0, 0.6
    sent = Emission("L1CA", 9, cn0, 0.0004, 200.0, symbols=[0])
    made = generate.samples([sent], 16.368e6, 2.5, seed=6)
    loops = track.Loops(delay_hz=bandwidth, spacing_chips=apart / 2)
    seen = track.run(made, 16.368e6, "L1CA", 9, doppler_hz=200.0, delay_s=0.0004, loops=loops)
    ratio = 10 ** (cn0 / 10)
    theory = (bandwidth * apart / (2 * ratio) * (1 + 2 / ((2 - apart) * 1e-3 * ratio))) ** 0.5 * 293.05
    got = seen.code_minus_carrier_m()[500:].std()
    assert 0.6 * theory < got < 1.6 * theory  # 2 s hold some eight independent values


def test_pilots_secondary_code_and_the_data_beside_it_are_found() -> None:
    rng = np.random.default_rng(8)
    symbols = rng.integers(0, 2, 1800)
    seen = follow("B1C", 4.1e6, Emission("B1C", 40, 45.0, 0.0042, 100.0, symbols=symbols), 1.2)
    assert seen.overlay[0] == 0
    assert (np.diff(seen.overlay) == 1).all()
    assert (seen.prompt.real > 0).mean() > 0.99
    np.testing.assert_array_equal(seen.data.real < 0, symbols[: seen.data.size] == 1)


def test_a_loop_on_a_side_peak_says_so() -> None:
    sent = Emission("B1C", 40, 50.0, 0.004, 100.0)
    made = generate.samples([sent], 8e6, 0.4, seed=9)
    aside = track.run(made, 8e6, "B1C", 40, doppler_hz=100.0, delay_s=0.004 + 0.52 / 1.023e6)
    right = track.run(made, 8e6, "B1C", 40, doppler_hz=100.0, delay_s=0.004)
    assert aside.side_peak
    assert not aside.locked
    assert not right.side_peak


def test_noise_is_not_locked() -> None:
    made = generate.samples([], 4e6, 0.6, seed=10)
    assert not track.run(made, 4e6, "B1C", 40, doppler_hz=100.0, delay_s=0.004).locked
    assert not track.run(made, 4e6, "L1CA", 4, doppler_hz=100.0, delay_s=0.0004).locked


def test_too_short_records_are_refused() -> None:
    made = generate.samples([], 4e6, 0.02, seed=11)
    with pytest.raises(RabtaError, match=r"two periods of 0\.01 s"):
        track.run(made, 4e6, "B1C", 40, doppler_hz=0.0, delay_s=0.004)
