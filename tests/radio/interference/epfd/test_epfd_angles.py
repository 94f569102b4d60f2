"""Angles, antennas and masks against S.1503-4's definitions and closed cases."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.radio.interference.epfd import _angles, dishes, geometry, masks
from rabta.radio.patterns.satellites import S672
from rabta.space.network import gso


def sky(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A place and satellites above its horizon."""
    rng = np.random.default_rng(seed)
    station = geometry.place(rng.uniform(-75.0, 75.0), rng.uniform(-180.0, 180.0))
    radius = geometry.EARTH_M + rng.uniform(3e5, 2e7)
    found = geometry.place(rng.uniform(-85, 85, 40 * count), rng.uniform(-180, 180, 40 * count), radius)
    return station, found[geometry.elevation_deg(station, found) > 0.0][:count]


@pytest.mark.parametrize("seed", range(12))
def test_kernel_finds_the_arcs_nearest_point(seed: int) -> None:
    station, satellites = sky(200, seed)
    half = geometry.visible_half_rad(station)
    alpha, turned = geometry.alpha_deg(station, satellites)
    for satellite, angle, longitude in zip(satellites, alpha, turned, strict=True):
        toward = geometry.unit(satellite - station)
        cosine, found = _angles.nearest(*station, *toward, half)
        assert np.degrees(np.arccos(cosine)) == pytest.approx(abs(angle), abs=2e-6)
        assert _angles.side(*station, *toward) == np.sign(angle)
        off = np.degrees(found) - np.degrees(np.arctan2(satellite[1], satellite[0])) - longitude
        assert abs((off + 180.0) % 360.0 - 180.0) < 1e-4


def test_quick_angle_is_the_same() -> None:
    station, satellites = sky(300, 5)
    quick = geometry.separation_deg(station[None], satellites)[0]
    assert quick == pytest.approx(np.abs(geometry.alpha_deg(station, satellites)[0]), abs=1e-3)
    assert abs(gso.ARC_M - geometry.ARC_M) < 50.0


def test_alpha_by_the_quartic_of_the_recommendation() -> None:
    """S.1503-4, D6.4.4.4: all roots of a4 x^4 + ... in x = sin(theta), and the ends of the visible arc."""
    station, satellites = sky(60, 8)
    r, g = geometry.EARTH_M, geometry.ARC_M
    half, middle = geometry.visible_half_rad(station), np.arctan2(station[1], station[0])
    for satellite, angle in zip(satellites, geometry.alpha_deg(station, satellites)[0], strict=True):
        way = satellite - station
        A, B, C = -(way @ station), way[0] * g, way[1] * g
        E, F, G = g**2 + r**2, -2.0 * station[0] * g, -2.0 * station[1] * g
        a, b, c, d, e = A * G - 2 * C * E, B * F - C * G, 2 * C * F - B * G, A * F - 2 * B * E, -B * G - C * F
        roots = np.roots([e * e + b * b, 2 * d * e + 2 * a * b, d * d + 2 * c * e + a * a - b * b,
                          2 * c * d - 2 * a * b, c * c - a * a])  # fmt: skip
        x = np.clip(roots[np.abs(roots.imag) < 1e-6].real, -1.0, 1.0)
        tried = np.concatenate([np.arcsin(x), np.pi - np.arcsin(x)])
        tried = tried[np.abs((tried - middle + np.pi) % (2 * np.pi) - np.pi) <= half]
        tried = np.concatenate([tried, [middle - half, middle + half]])
        points = g * np.stack([np.cos(tried), np.sin(tried), 0.0 * tried], axis=1)
        cosine = (geometry.unit(points - station) @ geometry.unit(way)).max()
        assert np.degrees(np.arccos(cosine)) == pytest.approx(abs(angle), abs=1e-4)


def test_signs_of_alpha() -> None:
    """S.1503-4, D6.4.4.1 and figures 57 and 59: over a northern place the zenith is on the negative side."""
    for lat, zenith in ((40.0, -1.0), (-40.0, 1.0)):
        station = geometry.place(lat, 10.0)
        assert geometry.sign_of_alpha(station, 1.1 * station[None]) == zenith
        low = geometry.place(-0.2 * lat, 10.0, geometry.EARTH_M + 1.5e6)[None]
        assert geometry.sign_of_alpha(station, low) == -zenith


def test_nadir_has_no_azimuth_and_the_arc_no_x() -> None:
    here = geometry.place(20.0, 30.0)
    az, el = geometry.azimuth_elevation_deg(here, 1.2 * here[None])
    assert (az[0], el[0]) == pytest.approx((0.0, 0.0), abs=1e-9)
    east = geometry.azimuth_elevation_deg(here, geometry.place(20.0, 25.0, 7.5e6)[None])
    north = geometry.azimuth_elevation_deg(here, geometry.place(15.0, 30.0, 7.5e6)[None])
    assert east[0][0] > 0.0
    assert north[1][0] > 0.0
    point = geometry.place(0.0, 38.0, geometry.ARC_M)
    between = here + 0.05 * (point - here)  # in line: both alpha and X vanish
    assert abs(geometry.x_deg(here, between[None])[0][0]) < 1e-4
    assert abs(geometry.alpha_deg(here, between[None])[0][0]) < 1e-4


@pytest.mark.parametrize(
    ("diameter", "ghz", "name"),
    [(0.6, 11.2, "S.1428-1"), (1.2, 11.2, "S.1428-1"), (3.0, 12.0, "S.1428-1"), (10.0, 12.0, "S.1428-1"),
     (0.3, 12.2, "BO.1443-3"), (0.6, 12.2, "BO.1443-3"), (0.9, 12.2, "BO.1443-3"), (3.0, 12.2, "BO.1443-3")],
)  # fmt: skip
def test_kernel_gains_are_those_of_numpy(diameter: float, ghz: float, name: str) -> None:
    dish = dishes.earth_station(diameter, ghz, name)
    rng = np.random.default_rng(1)
    phi, theta = 180.0 * rng.uniform(0.0, 1.0, 2000) ** 3, rng.uniform(-180.0, 180.0, 2000)
    theirs = dishes.gain_dbi(dish, phi, theta)
    ours = [_angles.gain(p, t, dish.array) for p, t in zip(phi, theta, strict=True)]
    assert ours == pytest.approx(theirs, abs=1e-9)


def test_gains_of_s1428() -> None:
    """S.1428-1, recommends 1: peaks 20 log(D/lambda) + 7.7 or + 8.4, side lobes 29 - 25 log, then steps."""
    small, large = dishes.earth_station(0.6, 12.0), dishes.earth_station(10.0, 12.0)
    assert small.peak_dbi == pytest.approx(20.0 * np.log10(small.ratio) + 7.7)
    assert large.peak_dbi == pytest.approx(20.0 * np.log10(large.ratio) + 8.4)
    assert dishes.gain_dbi(small, [10.0, 50.0, 100.0, 150.0]) == pytest.approx([4.0, -9.0, -5.0, -5.0])
    middle = dishes.earth_station(1.2, 12.0)
    assert dishes.gain_dbi(middle, [10.0, 50.0, 100.0, 150.0]) == pytest.approx([4.0, -9.0, -4.0, -9.0])
    assert dishes.gain_dbi(large, [5.0, 20.0, 50.0, 100.0, 150.0]) == pytest.approx(
        [29.0 - 25.0 * np.log10(5.0), 34.0 - 30.0 * np.log10(20.0), -12.0, -7.0, -12.0]
    )
    half = (
        small.beamwidth_deg / 2.0
    )  # 70 wavelengths over the diameter; the parabola is 3 dB down 1 % earlier
    assert dishes.gain_dbi(small, half) - small.peak_dbi == pytest.approx(-3.06, abs=0.01)


def test_gains_of_s672() -> None:
    """S.672-4, annex 1: -3 dB at half the beamwidth, Ls from a psi_b on, with a = sqrt(-Ls / 3)."""
    theirs = S672(peak_dbi=32.4, half_power_deg=4.0, near_lobe_db=-20.0)
    phi = np.linspace(0.0, 80.0, 300)
    assert dishes.gain_dbi(dishes.satellite(4.0, -20.0), phi) == pytest.approx(theirs.gain_dbi(phi), abs=1e-9)
    for width, near in ((4.0, -20.0), (1.55, -10.0)):
        beam = dishes.satellite(width, near)
        assert dishes.gain_dbi(beam, width / 2.0) - beam.peak_dbi == pytest.approx(-3.0)
        assert dishes.WIDTHS[near] == pytest.approx(np.sqrt(-near / 3.0), abs=5e-3)
        assert dishes.gain_dbi(beam, 3.0 * width / 2.0) - beam.peak_dbi == pytest.approx(near)
        phi = np.linspace(0.0, 170.0, 400)
        ours = [_angles.gain(p, 0.0, beam.array) for p in phi]
        assert ours == pytest.approx(dishes.gain_dbi(beam, phi), abs=1e-9)


def test_kernel_reads_masks_as_numpy() -> None:
    rng = np.random.default_rng(3)
    mask = masks.PfdMask(
        "alpha", np.array([-30.0, 0.0, 45.0]), np.sort(rng.uniform(-90, 90, 9)),
        np.sort(rng.uniform(-90, 90, 4)), rng.uniform(-200, -150, (3, 9, 4)),
    )  # fmt: skip
    lat, x, y = rng.uniform(-60, 60, 500), rng.uniform(-120, 120, 500), rng.uniform(-120, 120, 500)
    ours = [
        _angles.read(a, b, c, mask.latitudes, mask.first, mask.second, mask.values)
        for a, b, c in zip(lat, x, y, strict=True)
    ]
    assert ours == pytest.approx(mask.at(lat, x, y), abs=1e-9)
    assert mask.at(0.0, 0.0, 0.0, 1000.0) - mask.at(0.0, 0.0, 0.0) == pytest.approx(13.9794, abs=1e-4)


@pytest.mark.parametrize(
    ("diameter", "name", "least"),
    [(0.3, "S.1428-1", 20.0), (0.2, "BO.1443-3", 11.0), (float("nan"), "S.1428-1", 20)],
)
def test_dishes_out_of_range_are_refused(diameter: float, name: str, least: float) -> None:
    with pytest.raises(RabtaError, match=rf"dish_over_wavelength(.|\n)*{least:g} to"):
        dishes.earth_station(diameter, 12.0, name)
    with pytest.raises(RabtaError, match="side-lobe"):
        dishes.satellite(4.0, -15.0)
