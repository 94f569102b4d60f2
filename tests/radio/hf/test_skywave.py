"""Sky waves, noise and reliability beside the ITU-R's own software, and limits of the methods."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rabta import catalog
from rabta.errors import RabtaError
from rabta.radio.hf import muf, noise, skywave
from rabta.radio.hf.ionosphere import coefficients, geomagnetism, layers
from rabta.verify.radio import hf

SHIPPED = catalog.entry("nations", "pakistan").path.with_suffix("")


@pytest.fixture(scope="module")
def maps() -> coefficients.Region:
    return coefficients.shipped(SHIPPED / coefficients.FILE)


def circuit(maps: coefficients.Maps, distance_deg: float, hour: float = 7.0, r12: float = 80.0) -> muf.Modes:
    path = muf.Path.between(31.0, 70.0, 31.0, 70.0 + distance_deg)
    return muf.modes(maps, path, muf.When(3, np.asarray(hour), r12))


def test_suite_is_green_and_large() -> None:
    rows = hf.rows(None)
    assert len(rows) > 2500
    assert [row.name for row in rows if row.status == "FAIL"] == []
    # a wrong number is noticed: every tenth row with its number moved by two tolerances
    for row in rows[::10]:
        if np.isfinite(row.tolerance):
            moved = type(row)(row.name, row.ours + 2.5 * row.tolerance + 1e-6, row.theirs, row.tolerance, "")
            assert not moved.passed


def test_no_hop_is_the_extraordinary_wave_straight_up(maps: coefficients.Region) -> None:
    # P.533-14, equation (3) at distance 0: foF2 and half the gyrofrequency
    found = circuit(maps, 0.0)
    assert found.muf == pytest.approx(found.mid.fo_f2 + found.mid.gyro_300 / 2.0, rel=1e-12)
    heard = skywave.circuit(found, 5.0)
    assert heard.elevation_deg[3] == pytest.approx(90.0, abs=0.1)
    height = muf.mirror_km(found.mid.m3000)
    free = 32.45 + 20 * np.log10(5.0) + 20 * np.log10(2 * height)
    assert heard.loss_db[3] > free + skywave.OTHER_LOSS_DB - 1e-9


def test_geometry_by_hand() -> None:
    # a mirror at 300 km over 2,000 km: the triangle with the Earth's centre
    r, h, half = muf.EARTH_KM, 300.0, 1000.0 / muf.EARTH_KM
    slope = np.degrees(np.arctan(((r + h) * np.cos(half) - r) / ((r + h) * np.sin(half))))
    assert muf.elevation_deg(2000.0, h) == pytest.approx(slope, abs=1e-9)
    up = np.radians(slope)
    assert muf.incidence_deg(slope, h) == pytest.approx(90.0 - slope - np.degrees(half), abs=1e-9)
    assert np.cos(up) * r == pytest.approx((r + h) * np.sin(np.radians(muf.incidence_deg(slope, h))))


def test_path_goes_over_the_great_circle() -> None:
    path = muf.Path.between(24.86, 67.01, 35.92, 74.31)
    lat, lon = path.point(path.distance_km)
    assert (lat, lon) == pytest.approx((35.92, 74.31), abs=1e-9)
    lat, lon = path.point(path.distance_km / 2)
    ends = [muf.Path.between(lat, lon, *end).distance_km for end in ((24.86, 67.01), (35.92, 74.31))]
    assert ends[0] == pytest.approx(ends[1], abs=1e-6)


def test_absorption_falls_with_frequency_and_at_night(maps: coefficients.Region) -> None:
    found = circuit(maps, 3.0, hour=7.0)
    low, high = (float(skywave.circuit(found, f).loss_db[4]) for f in (4.0, 7.0))
    assert low - high > 3.0
    night = circuit(maps, 3.0, hour=20.0)
    assert float(skywave.circuit(night, 3.0).loss_db[4]) < low


def test_above_the_muf_it_fades(maps: coefficients.Region) -> None:
    found = circuit(maps, 3.0)
    f = np.array([0.99, 1.01, 1.3]) * float(found.muf)
    field = skywave.circuit(found, f).field_dbuvm()
    assert field[0] - field[1] > 4.0  # the step of 5 dB at the MUF: P.533-14, equation (24)
    assert field[1] - field[2] > 10.0
    share = muf.support(f, found.muf, found.lower, found.upper)
    assert share[0] > 0.5 > share[1] > share[2]


def test_support_at_the_deciles() -> None:
    # P.533-14, equations (9) and (10): 0.9 at the lower decile, 0.5 at the median, 0.1 at the upper
    share = muf.support(np.array([8.0, 10.0, 12.5]), np.asarray(10.0), 0.8, 1.25)
    assert share == pytest.approx([0.9, 0.5, 0.1])


def test_loss_at_the_front_door(maps: coefficients.Region) -> None:
    ends = (np.array([[30.2], [33.7]]), np.array([[67.0], [73.1]]), 31.56, 74.34)
    loss = skywave.basic_loss_db(maps, ends, np.array([5.0, 8.0, 29.0]), 1, 7.0, 80.0)
    assert loss.shape == (2, 3)
    assert (loss[:, 2] > loss[:, 1]).all()
    # of two modes of 100 dB each, 97 dB: the field over all modes and their loss say the same
    path = muf.Path.between(30.2, 67.0, 31.56, 74.34)
    heard = skywave.circuit(muf.modes(maps, path, muf.When(1, np.asarray(7.0), 80.0)), 8.0)
    field = 136.6 + 20.0 * np.log10(8.0) - loss[0, 1]  # P.533-14, equation (17)
    assert heard.field_dbuvm() == pytest.approx(field)
    assert not heard.polar


def test_ranges_are_named(maps: coefficients.Region) -> None:
    path = muf.Path.between(0.0, 0.0, 0.0, 80.0)
    with pytest.raises(RabtaError, match="0 to 7000"):
        muf.modes(maps, path, muf.When(1, np.asarray(0.0), 50.0))
    with pytest.raises(RabtaError, match=r"P\.533-14"):
        skywave.circuit(circuit(maps, 1.0), 1.0)
    with pytest.raises(RabtaError, match="month"):
        layers.sun(0.0, 0.0, 13, 0.0)
    with pytest.raises(RabtaError, match="RABTA_IONOSPHERE"):
        muf.modes(maps, muf.Path.between(30.0, 70.0, 30.0, 30.0), muf.When(1, np.asarray(0.0), 50.0))


def test_sun() -> None:
    # NOAA's solar calculator, Karachi 15 June 2023: sunrise 05:42, sunset 19:22 of UTC+5
    sky = layers.sun(24.86, 67.01, 6, 12.0)
    assert sky.rise_ut + 5.0 == pytest.approx(5.70, abs=0.05)
    assert sky.set_ut + 5.0 == pytest.approx(19.37, abs=0.05)
    assert np.isnan(layers.sun(80.0, 0.0, 12, 12.0).set_ut)  # the polar night
    assert layers.fo_e_mhz(80.0, 0.0, 12, 12.0, 50.0) < 1.0


def test_field_against_the_dipole_formula() -> None:
    # the horizontal intensity is largest near the magnetic equator, where the dip is nil: about 10 N in Asia
    lat = np.linspace(0.0, 20.0, 41)
    dips = geomagnetism.dip_deg(lat, 75.0)
    assert lat[np.abs(dips).argmin()] == pytest.approx(9.0, abs=2.0)
    assert np.all(np.diff(dips) > 0.0)


def test_noise_of_the_grid_is_that_of_the_maps_between_its_points() -> None:
    maps = noise.shipped(SHIPPED / coefficients.FILE)
    day, night = (float(noise.atmospheric(maps, 31.5, 73.5, 7, hour, 3.0).median_db) for hour in (5.0, 20.0))
    assert night - day > 15.0  # the E and D layers hold the noise of far thunderstorms away by day
    parts = [noise.galactic(10.0), noise.galactic(10.0)]
    assert noise.total(parts).median_db == pytest.approx(29.0 + 10 * np.log10(2.0))
    assert noise.total(parts).upper_db == pytest.approx(noise.GALACTIC_DECILE_DB)


def test_unknown_environment() -> None:
    with pytest.raises(RabtaError, match="did you mean 'rural'"):
        noise.man_made(5.0, "rurl")


def test_no_ionosphere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coefficients, "world", lambda: None)
    with pytest.raises(RabtaError, match=r"hf\.npz"):
        coefficients.of_nation(tmp_path)
    monkeypatch.setattr(noise, "world_noise", lambda: None)
    with pytest.raises(RabtaError, match="atmospheric noise"):
        noise.of_nation(tmp_path)
    (tmp_path / coefficients.FILE).write_bytes(b"nothing")
    with pytest.raises(RabtaError, match="cannot read the ionosphere"):
        coefficients.Region.read(tmp_path / coefficients.FILE)
