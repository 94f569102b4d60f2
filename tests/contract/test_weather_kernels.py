"""The compiled kernels of the weather against their NumPy references."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.radio.antennas import Terminal
from rabta.radio.downlinks import Downlink, Receivers
from rabta.radio.slantpath import Climate
from rabta.radio.weather import _kernels, field, links


@pytest.mark.parametrize("count", [1, 2, 7, 1000])
@pytest.mark.parametrize("key", [0, 1, field.mix(5, 6, 7), 2**64 - 1])
def test_noise(count: int, key: int) -> None:
    amplitude = np.linspace(0.1, 2.0, count, dtype=np.float32)
    out = np.empty(count, np.complex64)
    _kernels.noise(key, field.quantiles(), amplitude, out)
    assert np.array_equal(out, field.noise_reference(key, amplitude))


def test_links_in_rain() -> None:
    rng = np.random.default_rng(5)
    low = np.array([22.0, 0.0, 10.0, 3.0, 280.0, 2.0, 2.0, 0.0, 10.0])
    high = np.array([38.0, 3.0, 90.0, 5.5, 303.0, 26.0, 75.0, 2.0, 130.0])
    places = Climate(*(low + (high - low) * rng.random((30, 9))).T)
    panel = Terminal("panel", 0.5, 12.0, 200.0, 1.2, 300.0, "dvb-s2x")
    dish = Terminal("dish", 0.7, 19.0, 180.0, 0.0, 100.0, "dvb-s2")
    systems = [Downlink(11.7, 45.0, 9.0, 240.0, panel, -122.8), Downlink(19.95, 45.0, 36.0, 250.0, dish)]
    ends = Receivers.of(systems, 1.0)
    carrier = links.carrier_tables(places, systems)
    carrier[3] = np.nan
    shape = (6, 30, 4)
    satellite = rng.integers(-1, 30, shape).astype(np.int16)
    system = (np.arange(30) % 2).astype(np.int16)
    elevation = rng.uniform(3.0, 90.0, shape).astype(np.float32)
    elevation[0, :, 0] = 90.0
    slant = (np.where(system[satellite] == 0, 6e5, 3.8e7) * rng.uniform(0.8, 2.0, shape)).astype(np.float32)
    percent = np.where(rng.random((6, 30)) < 0.5, links.DRY, 10.0 ** rng.uniform(-5, 1, (6, 30)))
    arguments = ((satellite, elevation, slant), system, carrier, percent.astype(np.float32), ends)
    efficiency, rate = links.rates(*arguments)
    reference, reference_rate = links.rates_reference(*arguments)
    assert np.allclose(efficiency, reference, rtol=1e-6, atol=0)
    assert np.allclose(rate, reference_rate, rtol=1e-6, atol=0)
    assert (efficiency[satellite < 0] == 0).all()
    assert (efficiency[:, 3] == 0).all()
    assert len(np.unique(efficiency)) > 20
