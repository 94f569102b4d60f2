"""Geodetic and Earth-fixed coordinates against a published example and PROJ."""

from __future__ import annotations

import numpy as np
import pytest

from rabta import geo


def test_there_and_back_from_the_core_to_the_moon() -> None:
    lat, lon, height = np.meshgrid(
        [-90, -89.9, -45, 0, 1e-9, 33.7, 90], [-180, -71, 0, 73.1], [-4e5, 0, 9e3, 4e7, 3.8e8]
    )
    lat2, lon2, height2 = geo.geodetic_from_ecef(geo.ecef_from_geodetic(lat, lon, height))
    assert np.abs(lat2 - lat).max() < 1e-11
    assert np.abs(height2 - height).max() < 1e-6
    away = np.abs(lat) < 90
    assert np.abs((lat2 * 0 + lon2 - lon + 180) % 360 - 180)[away].max() < 1e-9


def test_published_example() -> None:
    """OGP Geomatics Guidance Note 7-2 section 2.2.1: WGS 84 53 48 33.82 N, 2 07 46.38 E, 73.0 m."""
    lat, lon, height = geo.geodetic_from_ecef([3771793.968, 140253.342, 5124304.349])
    assert float(lat) == pytest.approx(53 + 48 / 60 + 33.82 / 3600, abs=2e-7)
    assert float(lon) == pytest.approx(2 + 7 / 60 + 46.38 / 3600, abs=2e-7)
    assert float(height) == pytest.approx(73.0, abs=2e-3)


def test_look_angles_follow_the_compass() -> None:
    here = geo.ecef_from_geodetic(33.7, 73.1, 500.0)
    axes = geo.east_north_up(33.7, 73.1)
    for east, north, up in ((1, 0, 0), (0, -1, 1), (-1, 0, np.sqrt(3.0))):
        target = here + 2e7 * (east * axes[0] + north * axes[1] + up * axes[2])
        azimuth, elevation = geo.look_angles(here, target)
        assert float(azimuth) == pytest.approx(np.degrees(np.arctan2(east, north)) % 360)
        assert float(elevation) == pytest.approx(np.degrees(np.arctan2(up, np.hypot(east, north))))
