"""Platforms and satellites over phones: TR 38.811, TR 38.821, M.2101."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rabta.mobile import equipment, haps, ntn

PLATFORM = equipment.platform("hibs-2600")
DEVICE = equipment.device_link("d2d-s-band")


def test_round_trips_of_the_report() -> None:
    # TR 38.821, table 4.2-2: 541.46 ms, 25.77 ms and 41.77 ms for transparent satellites at 10 degrees
    assert ntn.round_trip_ms(35_786.0) == pytest.approx(541.46, abs=0.01)
    assert ntn.round_trip_ms(600.0) == pytest.approx(25.77, abs=0.01)
    assert ntn.round_trip_ms(1200.0) == pytest.approx(41.77, abs=0.01)


def test_phone_link_budget_of_the_report() -> None:
    # TR 38.821, study case 9 (600 km, S band, set 1): free space 159.1 dB, C/N 6.6 dB
    path = ntn.free_space_db(ntn.slant_range_km(600.0, 30.0), 2.0)
    assert path == pytest.approx(159.1, abs=0.05)
    assert ntn.carrier_to_noise_db(DEVICE) == pytest.approx(6.6, abs=0.05)
    # The same at 1,200 km with 40 dBW/MHz: study case 14 as recomputed from the report's formula, 7.2 dB
    higher = replace(DEVICE, altitude_km=1200.0, eirp_dbw_mhz=40.0)
    assert ntn.carrier_to_noise_db(higher) == pytest.approx(7.2, abs=0.1)


@pytest.mark.parametrize(("altitude", "loss"), [(35_786.0, 191.744), (600.0, 156.233), (1200.0, 162.253)])
def test_free_space_is_that_of_ns3(altitude: float, loss: float) -> None:
    # ns-3's NTN test at 2 GHz in the zenith: free space plus ionospheric scintillation 6.22 / f^1.5
    assert ntn.free_space_db(altitude, 2.0) + 6.22 / 2.0**1.5 == pytest.approx(loss, abs=1e-3)


def test_a_beam_carries_what_was_measured() -> None:
    # Garcia-Cabeza et al., arXiv 2506.00283: about 4 Mbit/s a beam of 5 MHz outdoors, from measured SINR
    assert ntn.beam_mbps(DEVICE) * 5.0 / 10.0 == pytest.approx(4.0, abs=1.0)


def test_phones_under_a_beam_share_it() -> None:
    area, load = np.full(4, 500.0), np.array([0.0, 0.0, 400.0, 400.0])
    got = ntn.direct_to_device(DEVICE, np.array([0, 0, 1, 1]), area, load, 10.0)
    full = ntn.beam_mbps(DEVICE)
    assert got.rate_mbps[0] == pytest.approx(full)
    # 800 Mbit/s on 1,000 km2, which is less than a beam: 10 Mbit/s x full / 800
    assert got.rate_mbps[2] == pytest.approx(10.0 * full / 800.0)
    assert not got.sites.any()


def test_array_gain() -> None:
    # Recommendation ITU-R M.2101: element gain plus 10 log10 of the number of elements along the normal
    assert haps.array_db(90.0, 0.0, 4, 2, PLATFORM) == pytest.approx(8.0 + 9.031, abs=1e-3)
    assert haps.element_db(90.0, 32.5, PLATFORM) == pytest.approx(5.0)
    assert haps.element_db(90.0, 180.0, PLATFORM) == pytest.approx(8.0 - 30.0)
    # Four elements half a wavelength apart have a null at 30 degrees (sin = 1/2).
    assert haps.array_db(60.0, 0.0, 4, 1, PLATFORM) < -50.0


def test_array_keeps_energy() -> None:
    # A small array's power over the sphere is not larger than that of its element times the elements.
    theta, phi = np.meshgrid(np.linspace(0.5, 179.5, 180), np.linspace(-179.5, 179.5, 360), indexing="ij")
    weight = np.sin(np.radians(theta))
    gain = 10 ** (haps.array_db(theta, phi, 4, 2, PLATFORM) / 10)
    assert 0.3 < (gain * weight).sum() / weight.sum() < 1.6


def test_six_outer_cells_are_the_same_turned_by_sixty_degrees() -> None:
    bearing = np.radians(np.array([10.0, 70.0, 130.0]))
    down = np.sin(np.radians(23.0)) * np.ones(3)
    across = np.cos(np.radians(23.0))
    gains = haps.beam_gains_dbm(across * np.sin(bearing), across * np.cos(bearing), down, PLATFORM)
    for turn in (1, 2):
        np.testing.assert_allclose(np.roll(gains[0, 1:], turn), gains[turn, 1:], atol=1e-9)
    # 8 elements of 34 dBm, 17 dBi along the normal
    ahead = haps.beam_gains_dbm(np.zeros(1), np.full(1, across), down[:1], PLATFORM)
    assert ahead[0, 1] == pytest.approx(34 + 9.031 + 8 + 9.031, abs=1e-2)


def test_look_straight_up_and_far_away() -> None:
    lat, lon = np.array([30.0, 30.5, 30.0]), np.array([70.0, 70.0, 70.6])
    elevation, azimuth, range_km, direction = haps.look(
        haps.Place(lat, lon, np.zeros(3)), np.full(3, 30.0), np.full(3, 70.0), 20.0
    )
    assert elevation[0] == pytest.approx(90.0)
    assert range_km[0] == pytest.approx(20.0)
    np.testing.assert_allclose(direction[0], [0.0, 0.0, -1.0], atol=1e-9)
    assert azimuth[1] == pytest.approx(180.0, abs=0.5)
    assert azimuth[2] == pytest.approx(270.0, abs=0.5)
    # 55.4 km away: atan(20 / 55.4) less half the arc (0.25 degrees) and no more
    assert elevation[1] == pytest.approx(np.degrees(np.arctan(20 / 55.43)) - 0.25, abs=0.1)


def _zone(load: np.ndarray, horizon: float = 0.0) -> haps.Access:
    lat = np.array([30.0, 30.1, 29.8, 30.4])
    lon = np.array([70.0, 70.2, 69.7, 70.0])
    zone = np.zeros(4, dtype=np.intp)
    return haps.access(
        PLATFORM, haps.Place(lat, lon, np.zeros(4)), zone, load, np.full((4, 36), horizon), 10.0
    )


def test_platform_is_shared_and_its_parts_follow_the_load() -> None:
    light, heavy = _zone(np.full(4, 1.0)), _zone(np.full(4, 400.0))
    assert np.all(light.rate_mbps > heavy.rate_mbps)
    np.testing.assert_allclose(heavy.sites, 400.0 * light.sites)
    assert heavy.sites.sum() > 1.0 > light.sites.sum()
    assert heavy.rate_mbps.max() == pytest.approx(10.0)


def test_terrain_hides_the_platform() -> None:
    hidden = _zone(np.full(4, 1.0), horizon=89.0)
    assert not hidden.rate_mbps[1:].any()
    assert not hidden.sites[1:].any()


def test_a_ridge_between_two_samples_of_the_horizon_hides_what_is_below_the_line() -> None:
    """A platform at azimuth 9 deg and 20 deg high: samples at 0 and 10 deg are 0 and 40, so 36 there."""
    lat, lon = np.array([30.0, 30.44]), np.array([70.0, 70.081])
    place = haps.Place(lat, lon, np.zeros(2))
    load = np.array([1e-6, 1.0])  # the platform stands over the second cell
    _, azimuth, _, _ = haps.look(place, np.full(2, lat[1]), np.full(2, lon[1]), 20.0)
    assert azimuth[0] == pytest.approx(9.0, abs=0.2)

    def first_rate(at_north: float, at_ten: float) -> float:
        horizon = np.zeros((2, 36))
        horizon[0, :2] = at_north, at_ten
        return float(haps.access(PLATFORM, place, np.zeros(2, np.intp), load, horizon, 10.0).rate_mbps[0])

    assert first_rate(0.0, 0.0) > 0.0
    assert first_rate(0.0, 40.0) == 0.0
    assert first_rate(40.0, 0.0) > 0.0  # 4 deg there


def test_rural_statistics() -> None:
    # TR 38.811, tables 6.6.1-1 and 6.6.2-3, suburban and rural, S band
    assert ntn.los_share([10.0, 50.0, 90.0]).tolist() == [0.782, 0.935, 0.998]
    assert ntn.clutter_db([10.0, 30.0, 70.0]).tolist() == [19.52, 18.42, 16.50]
    assert ntn.los_share(5.0) == 0.782
