"""Starts and frequencies: van de Beek's estimate, and the cell search under a satellite's Doppler."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.mobile.phy.waveform import ofdm, qam
from rabta.mobile.phy.waveform.grids import block
from rabta.mobile.phy.waveform.numerology import Carrier
from rabta.mobile.phy.waveform.sync import offset, search

CARRIER = search.block_carrier(15)


def noise_of(rng: np.random.Generator, variance: float, *shape: int) -> np.ndarray:
    return np.sqrt(variance / 2.0) * (rng.normal(size=shape) + 1j * rng.normal(size=shape))


def record(rng: np.random.Generator, cell: int, index: int, start: int, shift: float, ratio_db: float):
    """A block somewhere in 6 ms of noise, its frequency off."""
    data = qam.modulate(rng.integers(0, 2, 864), 2)
    sent = search.samples(block.grid(cell, index, data), CARRIER)
    out = np.zeros(24000, dtype=complex)
    out[start : start + len(sent)] = sent
    out = offset.turn(out, CARRIER.sample_rate, shift)
    return out + noise_of(rng, 10.0 ** (-ratio_db / 10.0), len(out)), data


@pytest.mark.parametrize("ratio_db", [20.0, 3.0, -1.0])
def test_cells_are_found_under_the_doppler_of_low_orbits(ratio_db: float) -> None:
    """24 parts in a million of 2 GHz (TR 38.821, table 4.2-2, 600 km); blocks as weak as noise."""
    rng = np.random.default_rng(int(ratio_db) + 50)
    for _ in range(8):
        cell, index = int(rng.integers(1008)), int(rng.integers(8))
        start, shift = int(rng.integers(100, 20000)), float(rng.uniform(-48e3, 48e3))
        heard, data = record(rng, cell, index, start, shift, ratio_db)
        found = search.cells(heard, CARRIER, widest_hz=48e3)
        assert found is not None
        assert (found.cell, found.index) == (cell, index)
        assert abs(found.start - start) <= 1
        # turns of about 250 known elements, two symbols apart: 1 / (2 pi 143 us sqrt(2 x 250 SNR))
        bound = 1.0 / (2 * np.pi * 143e-6 * np.sqrt(500.0 * 10.0 ** (ratio_db / 10.0)))
        assert abs(found.frequency_hz - shift) < 8.0 * bound + 5.0
        if ratio_db > 10.0:
            known = block.known(cell, index)
            gain = (found.grid[0] * known.conj()).sum() / (np.abs(known) ** 2).sum()
            elements = block.take(found.grid, cell)[0] / gain
            assert np.abs(elements - data).max() < 0.8


def test_two_antennas_hear_weaker_cells() -> None:
    rng = np.random.default_rng(9)
    heard, _ = record(rng, 500, 2, 3000, 9e3, 30.0)
    both = np.stack([heard, 1j * heard]) + noise_of(rng, 10.0**0.4, 2, len(heard))
    found = search.cells(both, CARRIER, widest_hz=15e3)
    assert found is not None
    assert (found.cell, found.index, found.grid.shape) == (500, 2, (2, 4, 240))


def test_noise_is_no_cell() -> None:
    """The threshold's false alarm rate is not exceeded: a tenth stated, 40 searches."""
    rng = np.random.default_rng(10)
    alarms = sum(
        search.cells(noise_of(rng, 3.0, 3000), CARRIER, widest_hz=15e3, false_alarm=0.1) is not None
        for _ in range(40)
    )
    assert alarms <= 10
    assert search.cells(np.zeros(3000), CARRIER) is None


def test_threshold_is_the_tail_of_a_beta_variable() -> None:
    """Energy along one of n directions of white noise: P(share > x) = (1 - x)^(n - 1)."""
    rng = np.random.default_rng(11)
    x = noise_of(rng, 1.0, 20_000, 16)
    share = np.abs(x.sum(axis=1)) ** 2 / 16.0 / (np.abs(x) ** 2).sum(axis=1)
    assert np.mean(share > search.threshold(16, 1, 0.05)) == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize("ratio_db", [0.0, 10.0])
def test_prefixes_tell_start_and_frequency(ratio_db: float) -> None:
    """Van de Beek et al. 1997: within the prefix's Cramer-Rao spread, and likeness SNR / (SNR + 1)."""
    rng, carrier = np.random.default_rng(12), Carrier(30, 51)
    ratio = 10.0 ** (ratio_db / 10.0)
    errors = []
    for _ in range(12):
        full = noise_of(rng, 1.0, 14, carrier.subcarriers)
        start, shift = int(rng.integers(0, 400)), float(rng.uniform(-14e3, 14e3))
        sent = np.concatenate([noise_of(rng, 0.6, start), ofdm.modulate(full, carrier)])
        power = np.mean(np.abs(sent) ** 2)
        heard = offset.turn(sent, carrier.sample_rate, shift) + noise_of(rng, power / ratio, len(sent))
        found = offset.prefix(heard, carrier, snr=ratio, search=400)
        assert abs(found.start - start) <= 2
        assert found.likeness == pytest.approx(ratio / (1.0 + ratio), abs=0.08)
        errors.append(found.frequency_hz - shift)
    # phase of a sum of n products: variance (1/SNR + 1/(2 SNR^2)) / n
    samples = int(carrier.prefixes().sum())
    spread = np.sqrt((1 / ratio + 0.5 / ratio**2) / samples) / (2 * np.pi) * carrier.spacing_hz
    assert np.sqrt(np.mean(np.square(errors))) < 2.0 * spread


def test_turns_come_back() -> None:
    x = noise_of(np.random.default_rng(13), 1.0, 5000)
    for kind, bound in ((np.complex128, 1e-9), (np.complex64, 1e-5)):
        there = offset.turn(x.astype(kind), 1e6, 12345.6, drift_hz_s=-300.0, start_s=100.0)
        assert there.dtype == kind
        back = offset.turn(there, 1e6, -12345.6, drift_hz_s=300.0, start_s=100.0)
        np.testing.assert_allclose(back, x, atol=bound)
    drift = offset.turn(np.ones(1001), 1000.0, 0.0, drift_hz_s=2.0)
    assert drift[-1] == pytest.approx(1.0, abs=1e-6)  # half of 2 turns a second squared, after a second


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: search.cells(np.zeros(100), CARRIER), "record"),
        (lambda: search.cells(np.zeros(5000), Carrier(15, 25)), "carrier"),
        (lambda: search.cells(np.zeros(5000), CARRIER, widest_hz=1e7), "widest_hz"),
        (lambda: offset.prefix(np.zeros(100), CARRIER), "samples"),
    ],
)
def test_what_is_wrong_is_named(call, key: str) -> None:
    with pytest.raises(RabtaError) as found:
        call()
    assert found.value.key == key
    assert found.value.expected
