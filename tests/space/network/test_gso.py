"""The geostationary arc: its elevation by latitude, and the least angle to it."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.geo import east_north_up, ecef_from_geodetic
from rabta.space import visibility
from rabta.space.network import gso
from rabta.space.network.geometry import Sites, correct, scene, scene_reference
from rabta.space.network.topology import Network, Shell, shell_network


def at(lat: float, azimuth: float, elevation: float, range_m: float = 1e6) -> tuple[np.ndarray, ...]:
    place = np.atleast_2d(ecef_from_geodetic(lat, 67.0))
    east, north, up = np.asarray(east_north_up(lat, 67.0)).reshape(3, 3)
    a, e = np.radians([azimuth, elevation])
    way = np.cos(e) * (np.sin(a) * east + np.cos(a) * north) + np.sin(e) * up
    return place, up[None], place + range_m * way


@pytest.mark.parametrize(
    ("lat", "elevation"),
    [(0.0, 90.0), (20.0, 66.6), (30.0, 55.0), (40.0, 43.7), (50.0, 32.7), (60.0, 21.9), (70.0, 11.5)],
)
def test_arc_stands_at_its_published_elevation(lat: float, elevation: float) -> None:
    """tan(e) = (cos lat - 0.15127) / sin lat on a sphere (Maral and Bousquet, Satellite Communications
    Systems, 8.3); the flattening turns the vertical by at most 0.2 degrees."""
    place, up, above = at(lat, 0.0, 90.0)
    assert gso.separation_deg(place, up, above)[0, 0] == pytest.approx(90.0 - elevation, abs=0.25)


def test_due_south_the_angle_is_the_difference_of_elevations() -> None:
    place, up, above = at(30.0, 0.0, 90.0)
    arc = 90.0 - float(gso.separation_deg(place, up, above)[0, 0])
    for elevation in (25.0, 40.0, 54.0, 70.0):
        place, up, sat = at(30.0, 180.0, elevation)
        assert gso.separation_deg(place, up, sat)[0, 0] == pytest.approx(abs(arc - elevation), abs=1e-9)


def test_arc_ends_at_the_horizon_beyond_81_degrees() -> None:
    """The arc is seen up to 81.3 degrees of latitude (ITU-R S.484: beyond it is below the horizon)."""
    assert np.isfinite(gso.separation_deg(*at(81.0, 180.0, 30.0))).all()
    assert np.isinf(gso.separation_deg(*at(81.6, 180.0, 30.0))).all()


@pytest.mark.parametrize("lat", [-55.0, 0.0, 24.9, 36.0, 71.0, 80.5])
def test_least_angle_is_that_of_a_dense_scan(lat: float) -> None:
    random = np.random.default_rng(3)
    count = 400
    sats = np.concatenate([at(lat, random.uniform(0, 360), random.uniform(1, 89))[2] for _ in range(count)])
    place, up, _ = at(lat, 0.0, 90.0)
    found = gso.separation_deg(place, up, sats)[0]
    lon = np.linspace(-np.pi, np.pi, 720_001)
    arc = gso.ARC_M * np.stack([np.cos(lon), np.sin(lon), np.zeros_like(lon)], axis=1) - place
    arc = arc[arc @ up[0] >= 0.0]
    arc /= np.linalg.norm(arc, axis=1, keepdims=True)
    way = (sats - place) / np.linalg.norm(sats - place, axis=1, keepdims=True)
    scan = np.array([np.degrees(np.arccos(np.clip((arc @ row).max(), -1, 1))) for row in way])
    np.testing.assert_allclose(found, scan, atol=2e-3)
    assert (found <= scan + 1e-6).all()


def shell(avoidance_deg: float) -> Network:
    net = shell_network(Shell("S", 550.0, 53.0, 36, 20, phasing=7))
    return Network(
        net.elements, net.names, net.system, net.systems, net.edges, net.min_elevation_deg,
        gso_avoidance_deg=np.full(net.size, avoidance_deg),
    )  # fmt: skip


def test_network_leaves_out_exactly_the_satellites_near_the_arc() -> None:
    places = Sites.of([("Karachi", 24.86, 67.01), ("Quito", -0.2, -78.5), ("Oslo", 59.9, 10.7)])
    times = np.datetime64("2000-01-01", "ns") + np.arange(40) * np.timedelta64(97, "s")
    free, kept = (scene(shell(angle), places, times, correct()) for angle in (0.0, 18.0))
    assert 0 < kept.count.sum() < free.count.sum()
    reference = scene_reference(shell(18.0), places, times, correct())
    np.testing.assert_array_equal(kept.count, reference.count)
    for t, g in np.ndindex(*kept.count.shape):
        rows = slice(kept.count[t, g])
        np.testing.assert_array_equal(kept.seen[t, g, rows], reference.seen[t, g, rows])
    ignored = scene(shell(18.0), places, times, correct(arc=False))
    np.testing.assert_array_equal(ignored.count, free.count)


def test_visibility_kernel_equals_its_reference() -> None:
    lat, lon = (a.ravel() for a in np.meshgrid(np.linspace(-70, 82, 27), [10.0, 67.0]))
    place = visibility.ground(lat, lon)
    random = np.random.default_rng(5)
    way = random.normal(size=(2, 3000, 3))
    sats = (6.93e6 * way / np.linalg.norm(way, axis=2, keepdims=True)).astype(np.float32)
    avoid = np.where(np.arange(3000) % 3 == 0, 0.0, 18.0)
    made, known = (
        look(place, sats, 25.0, 4, gso_avoidance_deg=avoid)
        for look in (visibility.visible, visibility.visible_reference)
    )
    np.testing.assert_array_equal(made.slot_satellite, known.slot_satellite)
    np.testing.assert_array_equal(made.visible_count, known.visible_count)
    free = visibility.visible(place, sats, 25.0, 4)
    assert free.visible_count.sum() > 1.1 * made.visible_count.sum()


def test_kept_satellites_keep_their_distance() -> None:
    place = visibility.ground([24.86, 35.0], [67.01, 74.0])
    way = np.random.default_rng(6).normal(size=(1, 4000, 3))
    sats = (6.93e6 * way / np.linalg.norm(way, axis=2, keepdims=True)).astype(np.float32)
    made = visibility.visible(place, sats, 10.0, 16, gso_avoidance_deg=18.0)
    angle = gso.separation_deg(place.cell_m, place.axes[:, 2], sats[0].astype(np.float64))
    for cell, slots in enumerate(made.slot_satellite[0]):
        assert (angle[cell, slots[slots >= 0]] >= 18.0).all()
