"""Ways: great circles and what is judged along them."""

from __future__ import annotations

import numpy as np
import pytest

from rabta import geo
from rabta.pnt.service import corridors


def test_a_great_circle_has_its_length_and_its_bulge() -> None:
    """Karachi to Gilgit: 1,370 km; the points lie on one plane through the Earth's centre."""
    lat, lon = corridors.great_circle((24.86, 67.01), (35.92, 74.31))
    legs = geo.great_circle_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
    assert legs.max() <= 25_100.0
    assert legs.sum() == pytest.approx(geo.great_circle_m(24.86, 67.01, 35.92, 74.31), rel=2e-3)
    points = np.stack(
        [
            np.cos(np.radians(lat)) * np.cos(np.radians(lon)),
            np.cos(np.radians(lat)) * np.sin(np.radians(lon)),
            np.sin(np.radians(lat)),
        ],
        axis=1,
    )
    assert np.linalg.svd(points)[1][2] < 5e-3


def test_a_way_to_the_same_place() -> None:
    lat, lon = corridors.great_circle((30.0, 70.0), (30.0, 70.0))
    assert lat == pytest.approx([30.0, 30.0], abs=1e-3)
    assert lon == pytest.approx([70.0, 70.0], abs=1e-3)


def test_all_pairs_fly() -> None:
    ways = corridors.flights(["a", "b", "c"], np.array([30.0, 31.0, 32.0]), np.array([70.0, 71.0, 72.0]))
    assert [name for name, _, _ in ways] == ["a - b", "a - c", "b - c"]
