"""Flooded shares against areas worked out by hand and the published total."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from pyproj import Geod
from tools.data import flood
from tools.data.inputs import Inputs


def boxes(west: float, south: float, east: float, north: float, step: float) -> np.ndarray:
    """Squares that tile a window."""
    x, y = np.meshgrid(np.arange(west, east, step), np.arange(south, north, step))
    return np.asarray(shapely.box(x, y, x + step, y + step).ravel(), dtype=object)


def test_half_a_cell_is_half() -> None:
    water = np.asarray([shapely.box(0.0, 0.0, 0.5, 1.0)], dtype=object)
    found = flood.covered(boxes(0.0, 0.0, 2.0, 1.0, 1.0), water)
    assert found.tolist() == [0.5, 0.0]


def test_water_counts_once_where_polygons_overlap() -> None:
    water = np.asarray([shapely.box(0.0, 0.0, 0.6, 1.0), shapely.box(0.4, 0.0, 1.0, 1.0)], dtype=object)
    assert flood.covered(boxes(0.0, 0.0, 1.0, 1.0, 1.0), water)[0] == pytest.approx(1.0)


def test_cutting_a_large_shape_loses_nothing() -> None:
    """A lake of 2,000 vertices with an island: the shares add up to its area, the island stays dry."""
    angle = np.linspace(0.0, 2.0 * np.pi, 2_000, endpoint=False)
    radius = 3.0 + 0.3 * np.sin(40.0 * angle)
    shore = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    lake = shapely.Polygon(shore, holes=[shapely.box(-0.5, -0.5, 0.5, 0.5).exterior.coords])
    found = flood.covered(boxes(-4.0, -4.0, 4.0, 4.0, 0.25), np.asarray([lake], dtype=object))
    assert found.sum() * 0.25**2 == pytest.approx(shapely.area(lake), rel=1e-9)
    dry = flood.covered(boxes(-0.5, -0.5, 0.5, 0.5, 0.25), np.asarray([lake], dtype=object))
    assert dry.max() < 1e-9


@pytest.mark.shared
def test_flood_of_2022_has_the_area_that_the_product_states(shared: Path) -> None:
    """UNOSAT: 69,015 km2 from 25 to 31 August 2022, of which parts of 1 km2 and more are 67,558 km2."""
    tiles = boxes(61.0, 23.5, 77.0, 37.0, 0.25)
    share = flood.share(tiles, Inputs(shared / "data" / "pakistan"))
    km2 = share * [abs(Geod(ellps="WGS84").geometry_area_perimeter(tile)[0]) / 1e6 for tile in tiles]
    assert km2.sum() == pytest.approx(67_558, rel=0.003)
    assert 0.97 < km2.sum() / flood.PUBLISHED_KM2 < 0.99
    indus = flood.share(
        np.asarray([shapely.Point(67.75, 26.9).buffer(0.05)]), Inputs(shared / "data" / "pakistan")
    )
    assert indus[0] > 0.5  # Khairpur Nathan Shah, Dadu, stood under water
