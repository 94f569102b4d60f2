"""Samples made to measure have the power, the components and the interference that were asked for."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.pnt.baseband import codes, generate, samples
from rabta.pnt.baseband.generate import Emission
from rabta.pnt.baseband.window import slots

RATE = 4.092e6


def test_power_is_that_of_carrier_over_noise_density() -> None:
    for name in ("B1C", "B2A", "B1I", "L1CA"):
        clean = generate.samples([Emission(name, 20, 47.0)], RATE, 0.02, 1, noise=False)
        # the three parts of B1C are one value at a time: their power averages to the whole
        assert np.mean(np.abs(clean) ** 2) * RATE == pytest.approx(10**4.7, rel=0.02), name
    noise = generate.samples([], RATE, 0.05, 1)
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(1.0, rel=0.01)


def test_components_of_b1c_have_the_interface_documents_shares() -> None:
    """B1C ICD, table 4-2: data 1/4, the pilot's BOC(6,1) 1/11 in phase, its BOC(1,1) 29/44 in quadrature."""
    rate = 12 * 1.023e6  # a sample a slot of the finest subcarrier
    clean = generate.samples([Emission("B1C", 27, 0.0, symbols=[0])], rate, 0.01, 1, noise=False) * rate**0.5
    for name, times, share in (("B1CD", 6, 0.5), ("B1CP", 6, 1j * (29 / 44) ** 0.5)):
        replica = np.repeat(slots(codes.find(name), 27), times)
        assert np.vdot(replica, clean) / clean.size == pytest.approx(share, abs=0.02)
    fast = np.outer(codes.generate("B1CP", 27), np.tile([1, -1], 6)).reshape(-1)
    assert np.vdot(fast, clean) / clean.size == pytest.approx((1 / 11) ** 0.5, abs=0.02)


def test_the_code_runs_with_the_carrier() -> None:
    """After one second at 5 kHz the code of L1 C/A is 5000 / 1540 chips ahead."""
    moved = Emission("L1CA", 3, 60.0, 0.0, 5000.0, symbols=[0])
    clean = generate.samples([moved], RATE, 1.002, 1, noise=False)[-round(0.001 * RATE) :]
    turn = np.exp(-2j * np.pi * 5000.0 * np.arange(clean.size) / RATE)
    chips = np.repeat(codes.generate("L1CA", 3), 4)
    match = np.abs(np.fft.ifft(np.fft.fft(clean * turn) * np.conj(np.fft.fft(chips))))
    early = (-int(np.argmax(match))) % clean.size / 4.0
    assert early == pytest.approx(5000.0 / 1540.0 * 1.001, abs=0.3)


def test_same_seed_same_samples_and_other_seed_other() -> None:
    sent = [Emission("B1I", 9, 45.0)]
    first, again, other = (generate.samples(sent, RATE, 0.005, seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.5


def test_signals_are_added_to_others_noise_at_their_strength() -> None:
    coloured, rate = samples.resample(generate.samples([], 2e6, 0.2, 6) * np.float32(3.0), 2e6, 4e6)
    inside = generate.density(coloured, rate, "L1CA")
    assert inside == pytest.approx(9.0 / 2e6, rel=0.15)  # the noise fills half of the band, about the carrier


@pytest.mark.parametrize("kind", generate.JAMMERS)
def test_jammers_have_their_power_and_place(kind: str) -> None:
    made = generate.jammer(
        kind, RATE, 200_000, 4.0, seed=3, offset_hz=2e5, width_hz=4e5, period_s=1e-3, duty=0.2
    )
    assert np.mean(np.abs(made) ** 2) == pytest.approx(4.0, rel=0.01)
    spectrum = np.abs(np.fft.fft(made)) ** 2
    frequency = np.fft.fftfreq(made.size, 1 / RATE)
    inside = spectrum[np.abs(frequency - 2e5) < 2.2e5].sum() / spectrum.sum()
    assert inside < 0.2 if kind == "pulse" else inside > 0.95
    if kind == "pulse":
        assert np.mean(made == 0) == pytest.approx(0.8, abs=0.01)
    assert samples.levels(made, RATE).mean() == pytest.approx(6.02, abs=0.3)


def test_wrong_wishes_are_refused() -> None:
    with pytest.raises(RabtaError, match="did you mean 'chirp'"):
        generate.jammer("chirpy", RATE, 100, 1.0)
    with pytest.raises(RabtaError, match="no samples asked for"):
        generate.samples([], RATE, 0.0, 1)
    with pytest.raises(RabtaError, match="0 or 1"):
        generate.samples([Emission("B1I", 9, 45.0, symbols=[2])], RATE, 0.01, 1)
    with pytest.raises(RabtaError, match="IQ format"):
        generate.digitise(np.zeros(4), "iq8")
    with pytest.raises(RabtaError, match="too few samples"):
        generate.density(np.zeros(3, dtype=np.complex64), RATE, "B1C")
    with pytest.raises(RabtaError, match="the middle"):
        generate.real(generate.samples([], RATE, 0.01, 1), 1e6, RATE)
    with pytest.raises(RabtaError, match="less than the record"):
        samples.levels(np.ones(10), RATE)
