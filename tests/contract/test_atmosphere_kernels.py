"""Scalar formulas of the atmosphere, compiled, against their vectorised references."""

from __future__ import annotations

import numba
import numpy as np

from rabta import geo
from rabta.pnt.atmosphere import _scalars, bdgim, klobuchar, troposphere

RNG = np.random.default_rng(20260309)
LAT, LON = RNG.uniform(-85, 85, 200), RNG.uniform(-180, 180, 200)
AZIMUTH, ELEVATION = RNG.uniform(0, 360, 200), RNG.uniform(3, 90, 200)
SECONDS = RNG.uniform(0, 604_800, 200)
COEFFICIENTS = np.array([2.6e-8, -2.2e-7, 7.2e-7, -4.1e-7, 1.2e5, -3.3e5, 9.1e5, 2.7e5])


def test_klobuchar() -> None:
    @numba.njit
    def gps(c, lat, lon, a, e, t):  # type: ignore[no-untyped-def]
        return _scalars.klobuchar_gps(c, lat, lon, a, e, t)

    @numba.njit
    def beidou(c, lat, lon, a, e, t):  # type: ignore[no-untyped-def]
        return _scalars.klobuchar_beidou(c, lat, lon, a, e, t)

    position = geo.ecef_from_geodetic(LAT, LON, 100.0)
    rays = np.radians([LAT, LON, AZIMUTH, ELEVATION])
    for form, compiled, lag in (("gps", gps, 0), ("beidou", beidou, 14)):
        theirs = klobuchar.delay_m(
            COEFFICIENTS[:4], COEFFICIENTS[4:], position, AZIMUTH, ELEVATION,
            np.round((SECONDS + lag) * 1e9).astype(np.int64), klobuchar.REFERENCE_HZ[form], form,
        )  # fmt: skip
        ours = [compiled(COEFFICIENTS, *ray, t) for *ray, t in zip(*rays, SECONDS, strict=True)]
        np.testing.assert_allclose(ours, theirs, rtol=1e-7)


def test_saastamoinen() -> None:
    @numba.njit
    def one(lat, height, e, humidity):  # type: ignore[no-untyped-def]
        return _scalars.saastamoinen(lat, height, e, humidity)

    height = RNG.uniform(-500, 15_000, 200)
    ours = [one(*item, 0.7) for item in zip(np.radians(LAT), height, np.radians(ELEVATION), strict=True)]
    np.testing.assert_allclose(
        ours, troposphere.saastamoinen_m(LAT, height, ELEVATION, humidity=0.7), rtol=1e-12
    )


def test_bdgim() -> None:
    coefficients = (13.8, -1.8, 5.2, 3.1, -4.6, 0.3, -0.08, 1.2, 0.4)
    receiver = geo.ecef_from_geodetic(LAT, LON, 300.0)
    satellite = receiver * 3.5 + RNG.normal(0.0, 5e6, (200, 3))
    time = np.round(SECONDS * 1e9).astype(np.int64) + 2_000 * 604_800 * 10**9
    ours = bdgim.delay_m(coefficients, receiver, satellite, time, 1_575.42e6)
    theirs = bdgim.reference_delay_m(coefficients, receiver, satellite, time, 1_575.42e6)
    np.testing.assert_allclose(ours, theirs, rtol=1e-11)
