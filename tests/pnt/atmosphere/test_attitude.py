"""Attitude, wind-up and the bending of ranges: geometry that must hold, and published sizes."""

from __future__ import annotations

import numpy as np
import pytest

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.atmosphere import attitude, bodies

RNG = np.random.default_rng(11)
TIME = gnsstime.from_utc("2026-03-09T06:00:00")
SATELLITES = RNG.normal(size=(50, 3))
SATELLITES *= 2.66e7 / np.linalg.norm(SATELLITES, axis=1, keepdims=True)


def test_yaw_steering_turns_panels_and_x_to_the_sun() -> None:
    sun = bodies.sun_m(TIME)
    body = attitude.axes(SATELLITES, sun)
    np.testing.assert_allclose(
        body @ np.swapaxes(body, 1, 2), np.broadcast_to(np.eye(3), (50, 3, 3)), atol=1e-12
    )
    assert np.linalg.det(body) == pytest.approx(np.ones(50))
    to_sun = (sun - SATELLITES) / np.linalg.norm(sun - SATELLITES, axis=1, keepdims=True)
    np.testing.assert_allclose(np.sum(body[:, 1] * to_sun, axis=1), 0.0, atol=1e-12)  # panels' axis across
    assert (np.sum(body[:, 0] * to_sun, axis=1) > 0).all()
    np.testing.assert_allclose(body[:, 2], -SATELLITES / 2.66e7, atol=1e-12)


def test_orbit_normal_of_a_geostationary_satellite() -> None:
    """y is against the orbit's normal, south; x along the flight, east: Montenbruck et al. 2015."""
    place = geo.ecef_from_geodetic(0.0, 110.5, 35_786_000.0)
    body = attitude.axes(place, bodies.sun_m(TIME), np.zeros(3), "orbit-normal")
    np.testing.assert_allclose(body[1], (0.0, 0.0, -1.0), atol=1e-12)
    np.testing.assert_allclose(body[0], geo.east_north_up(0.0, 110.5)[0], atol=1e-12)


def test_windup_follows_the_yaw() -> None:
    """A full turn of a satellite in the zenith about its z axis is one cycle."""
    receiver = geo.ecef_from_geodetic(33.7, 73.1, 500.0)
    satellite = geo.ecef_from_geodetic(33.7, 73.1, 2.02e7)
    body = attitude.axes(satellite, bodies.sun_m(TIME))
    turned = []
    for angle in np.linspace(0.0, 2.0 * np.pi, 33):
        c, s = np.cos(angle), np.sin(angle)
        turned.append(np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]]) @ body)
    cycles = attitude.continuous(attitude.windup_cycles(receiver, satellite, np.stack(turned)))
    np.testing.assert_allclose(np.abs(np.diff(cycles)), 1.0 / 32.0, rtol=1e-3)
    assert abs(cycles[-1] - cycles[0]) == pytest.approx(1.0, rel=1e-6)
    assert (
        np.abs(
            attitude.windup_cycles(receiver, SATELLITES, attitude.axes(SATELLITES, bodies.sun_m(TIME)))
        ).max()
        <= 0.5
    )


def test_shapiro_is_below_two_centimetres() -> None:
    """IERS Conventions 2010, section 11.2: for ranging to satellites of the Earth about 2 cm at most."""
    receiver = geo.ecef_from_geodetic(0.0, 0.0)
    low, high = attitude.shapiro_m(receiver, np.array([[6.378e6, 2.58e7, 0.0], [2.66e7, 0.0, 0.0]]))
    assert 0.012 < high < low < 0.02


def test_wrong_modes_are_refused() -> None:
    with pytest.raises(RabtaError, match="yaw-steering"):
        attitude.axes(SATELLITES, bodies.sun_m(TIME), mode="yaw")
    with pytest.raises(RabtaError, match="velocity"):
        attitude.axes(SATELLITES, bodies.sun_m(TIME), mode="orbit-normal")
