"""Doppler, delay and timing against the tables of TR 38.811 and TR 38.821."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.radio.linkbudget import EARTH_KM, slant_range_km
from rabta.radio.ntn import motion


@pytest.mark.parametrize(
    ("altitude", "transparent", "published"),
    [(600.0, True, 25.77), (600.0, False, 12.89), (1200.0, True, 41.77), (1200.0, False, 20.89),
     (35_786.0, True, 541.46), (35_786.0, False, 270.73)],
)  # fmt: skip
def test_round_trips_at_ten_degrees(altitude: float, transparent: bool, published: float) -> None:
    # TR 38.821, table 4.2-2 (and 7.1-1), elevation 10 degrees at both ends; 12.89 and 270.73 are rounded up
    found = float(motion.round_trip_ms(altitude, 10.0, transparent=transparent))
    assert found == pytest.approx(published, abs=0.012)


def test_greatest_doppler_of_a_low_orbit() -> None:
    # TR 38.821, table 7.1-1: 24 ppm at 600 km and 21 ppm at 1,200 km; the equation leaves out the Earth's own
    # turning, at most 0.465 km/s or 1.55 ppm
    for altitude, ppm in ((600.0, 24.0), (1200.0, 21.0)):
        found = float(motion.greatest_doppler_hz(altitude, 0.0, 1.0)) / 1e3
        assert found == pytest.approx(ppm, abs=1.55)
    assert float(motion.greatest_doppler_hz(600.0, 90.0, 2.0)) == pytest.approx(0.0, abs=1e-9)


def test_doppler_formula_is_that_of_the_geometry() -> None:
    # a circular orbit in the plane of the place: TR 38.811, equation (6.7-2) against positions and velocities
    altitude, radius = 600.0, (EARTH_KM + 600.0) * 1e3
    angle = np.radians(np.linspace(-15.0, 15.0, 31))
    satellite = radius * np.stack([np.sin(angle), np.zeros(31), np.cos(angle)], axis=-1)
    speed = float(motion.orbital_speed_m_s(altitude))
    velocity = speed * np.stack([np.cos(angle), np.zeros(31), -np.sin(angle)], axis=-1)
    place = np.array([0.0, 0.0, EARTH_KM * 1e3])
    apart = satellite - place
    distance = np.linalg.norm(apart, axis=-1)
    elevation = np.degrees(np.arcsin(apart[:, 2] / distance))
    np.testing.assert_allclose(distance / 1e3, slant_range_km(elevation, altitude), rtol=1e-9)
    shift = motion.doppler_hz(motion.range_rate_m_s(satellite, velocity, place), 2.0)
    formula = motion.greatest_doppler_hz(altitude, elevation, 2.0)
    np.testing.assert_allclose(np.abs(shift), formula, rtol=1e-9, atol=1e-6)
    assert np.all(shift[:15] > 0.0)  # it comes first
    assert np.all(shift[16:] < 0.0)


def test_timing_of_a_beam() -> None:
    # TS 38.211: T_c = 1 / (480,000 x 4,096) s, N_TA counts 64 of them: 32.552 ns at any spacing
    found = motion.timing([600.0, 700.0], feeder_km=1000.0, reference_km=600.0, spacing_khz=30.0)
    np.testing.assert_allclose(found.one_way_s, np.array([600e3, 700e3]) / 299_792_458.0)
    assert found.advance_units.tolist() == [0, round(200e3 / 299_792_458.0 * 480e3 * 4096 / 64)]
    np.testing.assert_allclose(found.common_round_trip_s, 2 * 1600e3 / 299_792_458.0)
    # the whole round trip is 11.34 ms: 23 slots of half a millisecond
    assert found.k_offset_slots == 23
    back = found.common_round_trip_s + found.advance_units * 64 * motion.TIME_UNIT_S
    np.testing.assert_allclose(back, found.round_trip_s + 2000e3 / 299_792_458.0, atol=17e-9)


def test_drift_of_the_round_trip() -> None:
    # TR 38.821, clause 6.3: a range that grows by 7 km/s drifts by 46.7 us/s in the round trip
    assert float(motion.timing(900.0, range_rate=7000.0).drift_us_s) == pytest.approx(46.7, abs=0.01)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(RabtaError, match="elevation_deg"):
        motion.round_trip_ms(600.0, -1.0)
    with pytest.raises(RabtaError, match="altitude_km"):
        motion.orbital_speed_m_s(10.0)
    with pytest.raises(RabtaError, match="distance of satellite"):
        motion.range_rate_m_s(np.zeros(3), np.ones(3), np.zeros(3))
    with pytest.raises(RabtaError, match="distance_km"):
        motion.timing(0.0)
