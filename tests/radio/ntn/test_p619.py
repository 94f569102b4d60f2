"""P.619-5 against crc-covlib, Rabta's own budgets, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.radio import linkbudget
from rabta.radio.local import clutter
from rabta.radio.ntn import largescale
from rabta.radio.ntn.itu import p619

# crc-covlib 4.6.2 (MIT), helper/itur_p619.py, run beside ours on 23 November 2026


@pytest.mark.parametrize(
    ("ghz", "apparent", "low", "high", "theirs"),
    [(30.0, 10.0, 1.0, 100.0, 0.885835999), (30.0, 90.0, 1.0, 100.0, 0.155843753),
     (30.0, 1.0, 1.0, 100.0, 5.52867286), (20.0, 5.0, 0.01, 600.0, 2.76225931),
     (60.0, 45.0, 0.5, 100.0, 207.354394)],
)  # fmt: skip
def test_gases_along_a_bent_ray(ghz: float, apparent: float, low: float, high: float, theirs: float) -> None:
    assert float(p619.gas_db(ghz, apparent, low, high)) == pytest.approx(theirs, rel=1e-6)


def test_gases_are_those_of_the_zenith() -> None:
    # Annex 2's equivalent heights approximate the layers of Annex 1, to 8 % near the line of water at 22 GHz
    for ghz in (10.0, 20.0, 30.0, 40.0):
        layered = float(p619.gas_db(ghz, 90.0, 0.0, 600.0))
        assert layered == pytest.approx(float(largescale.zenith_gas_db(ghz)), rel=0.08)


def test_a_ray_that_descends_first() -> None:
    # from 10 km at -2 degrees the ray passes its lowest point and rises: longer than the level one
    level, down = p619.gas_db(30.0, [0.0, -2.0], 10.0, 600.0)
    assert down > 2.0 * level
    lowest = p619._lowest_km(-2.0, 10.0, 7.5)
    straight = (p619.EARTH_KM + 10.0) * np.cos(np.radians(2.0)) - p619.EARTH_KM
    assert straight - 1.0 < lowest < straight
    with pytest.raises(RabtaError, match="meets the ground"):
        p619.gas_db(30.0, -1.0, 1.0, 600.0)


@pytest.mark.parametrize(
    ("place", "theirs"),
    [((0.5, 33.7, 73.1, 35786.0, 0.0, 38.0), (38107.1116, 35.8596478, 231.710187)),
     ((0.0, 24.9, 67.0, 600.0, 26.0, 70.0), (689.644725, 58.9654908, 67.2594613)),
     ((1.0, -30.0, 179.0, 1200.0, -25.0, -175.0), (1489.83531, 49.7825364, 48.2099208))],
)  # fmt: skip
def test_geometry(place: tuple[float, ...], theirs: tuple[float, ...]) -> None:
    np.testing.assert_allclose([float(x) for x in p619.geometry(*place)], theirs, rtol=1e-8)


def test_geometry_is_the_slant_range_of_the_link_budgets() -> None:
    distance, elevation, _ = p619.geometry(0.0, 30.0, 70.0, 600.0, 33.0, 72.0)
    assert float(linkbudget.slant_range_km(elevation, 600.0)) == pytest.approx(float(distance), rel=1e-12)


def test_bending() -> None:
    theirs = [0.578703704, 2.29805318, 10.054557]
    elevation, height = [0.0, 2.0, 10.0], [0.0, 1.0, 3.0]
    np.testing.assert_allclose(p619.apparent_elevation_deg(elevation, height), theirs, rtol=1e-8)
    theirs = [-0.108634392, 1.68628858, 9.94287394]
    np.testing.assert_allclose(p619.free_elevation_deg([0.5, 2.0, 10.0], height), theirs, rtol=1e-8)
    back = p619.free_elevation_deg(p619.apparent_elevation_deg(3.0))
    assert float(back) == pytest.approx(3.0, abs=0.02)


def test_beam_spreading() -> None:
    theirs = [0.868292179, 0.53412693, 0.612332841, 0.206443295, 0.0580766392]
    found = p619.beam_spreading_db([0.0, 1.0, 0.5, 3.0, 6.0], [0.0, 0.0, 1.0, 2.0, 5.0])
    np.testing.assert_allclose(found, theirs, rtol=1e-8)


def test_scintillation() -> None:
    point = p619.scintillation_db(30.0, 10.0, [0.01, 99.99], 42.5, gain_dbi=0.0)
    np.testing.assert_allclose(point, [-2.48637884, 3.3558373], rtol=1e-8)
    dish = p619.scintillation_db(20.0, 30.0, [1.0, 99.0], 60.0, diameter_m=1.2)
    np.testing.assert_allclose(dish, [-0.324838148, 0.364713489], rtol=1e-8)


def test_rays_over_terrain() -> None:
    theirs = [1.00537963, 1.59409901, 3.41613551]
    np.testing.assert_allclose(p619.ray_height_km(1.0, 0.0, [10.0, 100.0, 200.0]), theirs, rtol=1e-8)
    steep = p619.ray_height_km(1.0, 10.0, [10.0, 40.0])
    np.testing.assert_allclose(steep, [2.77111787, 8.17864821], rtol=1e-8)


def test_reference_atmosphere() -> None:
    # ITU-R P.835-6, Annex 1: values at the layers' edges in geopotential height, and 86 km
    kelvin, total, rho = p619.air([0.0, 11.0190684, 47.3500926, 86.0])
    np.testing.assert_allclose(kelvin, [288.15, 216.65, 270.65, 186.8673], rtol=1e-6)
    np.testing.assert_allclose(total[:3], [1013.25, 226.3226, 1.109106], rtol=1e-5)
    assert total[3] == pytest.approx(3.73e-3, rel=0.01)  # U.S. Standard Atmosphere 1976 at 86 km
    assert rho[0] == 7.5


def test_polarisation() -> None:
    # a linear polarisation that is turned by an angle keeps cos^2 of its power and loses sin^2
    turned = np.radians([5.0, 30.0, 60.0])
    discrimination = p619.discrimination_db(turned)
    kept = p619.cross_polar_db(discrimination, aligned=True)
    crossed = p619.cross_polar_db(discrimination, aligned=False)
    np.testing.assert_allclose(kept, -20.0 * np.log10(np.cos(turned)), rtol=1e-9)
    np.testing.assert_allclose(crossed, -20.0 * np.log10(np.sin(turned)), rtol=1e-9)
    # P.531-14, figure 1: 10^18 electrons, 5e-5 T at 1 GHz is 1.18 rad; falls as the square of the frequency
    assert float(p619.faraday_rad(1.0, 1e18, 5e-5)) == pytest.approx(1.18)
    assert float(p619.faraday_rad(2.0, 1e18, 5e-5)) == pytest.approx(1.18 / 4.0)


def test_diffraction() -> None:
    # P.526-15, section 4.1: 6.0 dB where the edge touches the ray, 0 well under it
    assert float(p619.knife_edge_db(0.0, 5.0, 12.0)) == pytest.approx(6.03, abs=0.01)
    assert float(p619.knife_edge_db(-1.0, 5.0, 12.0)) == 0.0
    # nu = 2.4: J = 20.6 dB (figure 9 and equation (31))
    angle = np.degrees(2.4 / np.sqrt(2.0 * 5.0 / (2.998e-4 / 12.0)))
    assert float(p619.knife_edge_db(angle, 5.0, 12.0)) == pytest.approx(20.54, abs=0.05)


def test_single_entry_is_the_sum_of_its_parts() -> None:
    covered = clutter.slant_db(30.0, 20.0, 50.0)
    found = p619.single_entry(30.0, [20.0], [1500.0], space_km=600.0, clutter_db=covered, polarisation_db=3.0)
    parts = (
        p619.free_space_db(30.0, 1500.0)
        + p619.gas_db(30.0, 20.0, 0.0, 600.0)
        + p619.scintillation_db(30.0, 20.0, 50.0, 50.0, gain_dbi=0.0)
        + covered
        + 3.0
    )
    np.testing.assert_allclose(found.total, parts)
    low = p619.single_entry(0.4, [2.0], [2500.0])
    assert float(low.gas[0]) == 0.0
    assert float(low.scintillation[0]) == 0.0
    assert float(low.beam_spreading[0]) > 0.3


def test_outside_its_ranges_it_refuses_by_name() -> None:
    for call, match in (
        (lambda: p619.beam_spreading_db(11.0), "elevation_deg"),
        (lambda: p619.apparent_elevation_deg(5.0, 4.0), "station_km"),
        (lambda: p619.gas_db(0.5, 10.0), "frequency_ghz"),
        (lambda: p619.scintillation_db(30.0, 10.0, 100.0, 50.0), "percent"),
        (lambda: p619.single_entry(30.0, -1.0, 1000.0), "elevation_deg"),
        (lambda: p619.geometry(0.0, 91.0, 0.0, 600.0, 0.0, 0.0), "station_lat_deg"),
        (lambda: p619.air(101.0), "height_km"),
        (lambda: p619.knife_edge_db(1.0, 0.0, 12.0), "distance_km"),
    ):
        with pytest.raises(RabtaError, match=match):
            call()
