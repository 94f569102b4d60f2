"""Klobuchar's two forms against published and worked numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.atmosphere import klobuchar

L1, B1I, B3I = 1_575.42e6, 1_561.098e6, 1_268.52e6
ALPHA = (0.3820e-7, 0.1490e-7, -0.1790e-6, 0.0)
BETA = (0.1430e6, 0.0, -0.3280e6, 0.1130e6)


def test_gps_form_gives_the_published_example() -> None:
    """Example of M. Mahooti's klobuchar.m (MathWorks File Exchange 59530), as in Orekit's tests.

    40 N, 100 W, azimuth 210, elevation 20, 20:45 GPS time of a Saturday: 23.784 m.
    """
    time = gnsstime.from_week(1000, 6 * 86_400 + 20.75 * 3600)
    position = geo.ecef_from_geodetic(40.0, -100.0, 0.0)
    delay = klobuchar.delay_m(ALPHA, BETA, position, 210.0, 20.0, time, L1)
    assert float(delay) == pytest.approx(23.784, abs=5e-4)


def test_beidou_form_at_the_zenith_by_hand() -> None:
    """At the zenith the pierce point is the receiver's: the ICD's cosine with its terms written out."""
    position = geo.ecef_from_geodetic(30.0, 60.0, 0.0)
    x = 1.0 / 6.0  # 30 degrees in semicircles
    amplitude = ALPHA[0] + ALPHA[1] * x + ALPHA[2] * x * x
    period = BETA[0] + BETA[2] * x * x + BETA[3] * x**3
    for hour in (6.0, 10.0, 13.0, 23.0):  # local time is four hours later
        time = gnsstime.from_week(2000, hour * 3600.0 + 14.0)  # BeiDou time lags GPS time by 14 s
        away = (hour + 4.0) * 3600.0 - 50_400.0
        day = amplitude * math.cos(2 * math.pi * away / period) if abs(away) < period / 4 else 0.0
        delay = klobuchar.delay_m(ALPHA, BETA, position, 77.0, 90.0, time, B1I, "beidou")
        assert float(delay) == pytest.approx(299_792_458.0 * (5e-9 + day), abs=1e-9)


def test_beidou_pierce_point_is_where_the_ray_meets_the_shell() -> None:
    """The ray of a slant delay, followed to 375 km over a sphere, has that point's own vertical delay."""
    rng = np.random.default_rng(7)
    for _ in range(20):
        lat, lon = rng.uniform(-60, 60), rng.uniform(-180, 180)
        azimuth, elevation = rng.uniform(0, 360), rng.uniform(5, 90)
        axes = geo.east_north_up(lat, lon)
        up = axes[2]
        a, e = np.radians(azimuth), np.radians(elevation)
        way = np.array([np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), np.sin(e)]) @ axes
        half = 6378.0 * np.sin(e)
        point = 6378.0 * up + way * (np.sqrt(half**2 + 6753.0**2 - 6378.0**2) - half)
        point /= 6753.0
        there = geo.ecef_from_geodetic(
            np.degrees(np.arcsin(point[2])), np.degrees(np.arctan2(point[1], point[0]))
        )
        here = geo.ecef_from_geodetic(lat, lon)
        slant = klobuchar.delay_m(ALPHA, BETA, here, azimuth, elevation, 36_000 * 10**9, B1I, "beidou")
        vertical = klobuchar.delay_m(ALPHA, BETA, there, 0.0, 90.0, 36_000 * 10**9, B1I, "beidou")
        assert float(slant) == pytest.approx(float(vertical) / (point @ way), rel=1e-9)


def test_delay_goes_with_the_inverse_square_of_the_frequency() -> None:
    position = geo.ecef_from_geodetic([10.0, 20.0], [67.0, 70.0])
    delays = [
        klobuchar.delay_m(ALPHA, BETA, position, 10.0, 40.0, 3_600 * 10**9, f, "beidou") for f in (B1I, B3I)
    ]
    assert delays[1] / delays[0] == pytest.approx((B1I / B3I) ** 2)


def test_unknown_form_and_wrong_number_of_coefficients_are_refused() -> None:
    position = geo.ecef_from_geodetic(0.0, 0.0)
    with pytest.raises(RabtaError, match="did you mean 'beidou'"):
        klobuchar.delay_m(ALPHA, BETA, position, 0.0, 90.0, 0, L1, "beido")
    with pytest.raises(RabtaError, match="four alpha"):
        klobuchar.delay_m((*ALPHA, 0.0), BETA, position, 0.0, 90.0, 0, L1)
