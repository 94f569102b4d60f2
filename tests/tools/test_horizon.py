"""The compiled horizon against its NumPy reference and geometry worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tools.data import horizon
from tools.data.inputs import Inputs, Raster

STEP = 1.0 / 120.0
HERE = np.array([30.0]), np.array([70.0])


def plain() -> Raster:
    """Flat ground, 4 x 4 degrees around 30 N, 70 E."""
    return Raster(np.full((480, 480), 100.0, dtype=np.float32), 68.0, 32.0, STEP)


def elevation_deg(far_m: float, eye_m: float, distance_m: float) -> float:
    """Elevation of a point over the horizontal, law of cosines in the triangle with the Earth's centre."""
    a, b = horizon.EARTH_M + eye_m, horizon.EARTH_M + far_m
    slant = np.sqrt(a * a + b * b - 2 * a * b * np.cos(distance_m / horizon.EARTH_M))
    return float(np.degrees(np.arccos((a * a + slant**2 - b * b) / (2 * a * slant))) - 90.0)


def test_kernel_equals_the_reference_on_rough_ground() -> None:
    """Mountains of a random walk, points all over the map and one outside it."""
    rng = np.random.default_rng(7)
    walk = rng.normal(0.0, 120.0, (300, 360)).cumsum(axis=0).cumsum(axis=1)
    land = Raster(np.clip(3_000.0 + walk / 10.0, 0.0, 8_000.0).astype(np.float32), 70.0, 37.0, STEP)
    lat = np.append(rng.uniform(34.5, 37.0, 60), 37.2)
    lon = np.append(rng.uniform(70.0, 73.0, 60), 71.0)
    found, expected = horizon.degrees(land, lat, lon), horizon.reference(land, lat, lon)
    assert expected.max() > 5.0
    assert np.abs(found - expected).max() < 2e-4


def test_plain_has_no_horizon() -> None:
    found = horizon.degrees(plain(), *HERE)
    assert found.shape == (1, 36)
    assert not found.any()


def test_wall_in_the_north_has_its_angle() -> None:
    """A wall 3,000 m high, 55.6 km to the north (half a degree)."""
    land = plain()
    land.grid[150:180] = 3_000.0  # 30.5 to 30.75 degrees north
    found = horizon.degrees(land, *HERE)[0]
    near = horizon.EARTH_M * np.radians(0.5)
    assert found[0] == pytest.approx(elevation_deg(3_000.0, 102.0, near), abs=0.08)
    assert found[9] == found[18] == found[27] == 0.0
    assert found[1] == pytest.approx(found[35], abs=1e-3)


def test_curvature_hides_a_far_wall() -> None:
    """On a flat Earth a wall of 1,000 m at 150 km stands 0.34 degrees high; the curve drops it by 1,766 m."""
    land = plain()
    land.grid[40:70] = 1_100.0
    assert not horizon.degrees(land, *HERE).any()


@pytest.mark.shared
def test_kernel_equals_the_reference_in_the_karakoram(shared: Path) -> None:
    """Skardu, Gilgit, Karimabad, Askole, Karachi: high walls and none."""
    land = Inputs(shared / "data" / "pakistan").terrain()
    lat = np.array([35.297, 35.92, 36.326, 35.681, 24.86])
    lon = np.array([75.633, 74.308, 74.66, 75.815, 67.01])
    found = horizon.degrees(land, lat, lon)
    assert np.abs(found - horizon.reference(land, lat, lon)).max() < 1e-3
    assert found[3].mean() > 10.0 > 1.0 > found[4].mean()
