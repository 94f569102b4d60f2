"""The compiled kernels of the radio package against their NumPy references."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.radio import downlinks, slantpath
from rabta.radio.antennas import Terminal
from rabta.radio.downlinks import Downlink, Receivers
from rabta.radio.slantpath import Climate


def climate(places: int) -> Climate:
    rng = np.random.default_rng(7)
    low = np.array([0.0, 0.0, 0.0, 2.0, 265.0, 2.0, 2.0, 0.0, 10.0])
    high = np.array([70.0, 6.0, 120.0, 5.5, 303.0, 26.0, 75.0, 2.0, 130.0])
    return Climate(*(low + (high - low) * rng.random((places, 9))).T)


@pytest.mark.parametrize("ghz", [2.0, 11.7, 19.95, 20.0, 40.0])
def test_attenuation(ghz: float) -> None:
    places, elevations, percents = (
        climate(60),
        [5.0, 12.0, 24.9, 25.0, 60.0, 90.0],
        [0.001, 0.1, 0.99, 1.0, 5.0],
    )
    table, gas = downlinks.attenuation_table(places, ghz, elevations, percents, diameter_m=0.6, tilt_deg=20.0)
    assert np.abs(gas - slantpath.zenith_gas_db(places, ghz)).max() < 1e-12
    for j, elevation in enumerate(elevations):
        for q, percent in enumerate(percents):
            reference = slantpath.attenuation(
                places, ghz, elevation, percent, diameter_m=0.6, efficiency=downlinks.APERTURE_EFFICIENCY,
                tilt_deg=20.0,
            ).total  # fmt: skip
            assert np.allclose(table[:, j, q], reference, rtol=1e-11, atol=1e-11)


def receivers() -> tuple[list[Downlink], Receivers]:
    panel = Terminal("panel", 0.5, 12.0, 200.0, 1.2, 300.0, "dvb-s2x")
    dish = Terminal("dish", 0.7, 19.0, 180.0, 0.0, 100.0, "dvb-s2")
    links = [Downlink(11.7, 45.0, 9.0, 240.0, panel, -122.8), Downlink(19.95, 45.0, 36.0, 250.0, dish)]
    return links, Receivers.of(links, 1.0)


def test_rates() -> None:
    rng = np.random.default_rng(3)
    places, (links, ends) = climate(40), receivers()
    _, carrier = downlinks.sky_tables(places, links, 0.5)
    carrier[3] = np.nan
    shape = (5, 40, 4)
    satellite = rng.integers(-1, 30, shape).astype(np.int16)
    system = (np.arange(30) % 2).astype(np.int16)
    elevation = rng.uniform(3.0, 90.0, shape).astype(np.float32)
    elevation[0, :, 0] = 90.0
    slant = np.where(system[satellite] == 0, 6e5, 3.8e7).astype(np.float32) * rng.uniform(0.8, 2.0, shape)
    arguments = (satellite, elevation, slant.astype(np.float32), system, carrier, ends)
    efficiency, rate = downlinks.rates(*arguments)
    reference, reference_rate = downlinks.rates_reference(*arguments)
    assert np.allclose(efficiency, reference, rtol=1e-6, atol=0)
    assert np.allclose(rate, reference_rate, rtol=1e-6, atol=0)
    assert (efficiency[satellite < 0] == 0).all()
    assert (efficiency[:, 3] == 0).all()
    assert len(np.unique(efficiency)) > 20


def test_interpolation_over_elevation_is_fine_enough() -> None:
    """Half-way between the table's elevations the C/N is within 0.06 dB of its own from 15 degrees up.

    The last interval is apart: P.618's reduction factor goes as the root of the distance to the zenith.
    """
    places, (links, _) = climate(200), receivers()
    _, carrier = downlinks.sky_tables(places, links, 0.5)
    between = downlinks.ELEVATION_BINS_DEG[:-1] + downlinks.STEP_DEG / 2
    sine = np.sin(np.radians(between))
    for i, link in enumerate(links):
        table, gas = downlinks.attenuation_table(
            places, link.frequency_ghz, between, 0.5, diameter_m=link.terminal.aperture_m
        )
        own = link.carrier_db(between, table[..., 0], gas[:, None] / sine)
        off = np.abs((carrier[:, i, :-1] + carrier[:, i, 1:]) / 2.0 - own)
        assert off[:, (between > 15.0) & (between < 87.5)].max() < 0.06
        assert off[:, -1].max() < 0.4
