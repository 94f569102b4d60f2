"""The terrain horizon against geometry worked out by hand, and the terrain's place on the map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tools.data import grid, terrain
from tools.data.inputs import Inputs, Raster

STEP = 1.0 / 120.0


def plain(rows: int = 480, cols: int = 480) -> Raster:
    """Flat ground, 4 x 4 degrees around 30 N, 70 E."""
    return Raster(np.full((rows, cols), 100.0, dtype=np.float32), 68.0, 32.0, STEP)


def elevation_deg(far_m: float, eye_m: float, distance_m: float) -> float:
    """Elevation of a point over the horizontal, law of cosines in the triangle with the Earth's centre."""
    a, b = terrain.EARTH_M + eye_m, terrain.EARTH_M + far_m
    arc = distance_m / terrain.EARTH_M
    slant = np.sqrt(a * a + b * b - 2 * a * b * np.cos(arc))
    return float(90.0 - np.degrees(np.arccos((a * a + slant**2 - b * b) / (2 * a * slant)))) * -1.0


def test_raster_is_read_at_cell_centres() -> None:
    grid = Raster(np.arange(6.0).reshape(2, 3), 70.0, 32.0, 1.0)
    assert grid.nearest(31.5, 70.5) == 0.0
    assert grid.nearest(30.5, 72.5) == 5.0
    assert grid.bilinear(31.5, 70.5) == pytest.approx(0.0)
    assert grid.bilinear(31.0, 71.0) == pytest.approx(2.0)


def test_plain_has_no_horizon() -> None:
    found = terrain.horizon_deg(plain(), np.array([30.0]), np.array([70.0]))
    assert found.shape == (1, 36)
    assert not found.any()


def test_wall_in_the_north_has_its_angle() -> None:
    """A wall 3,000 m high, 55.6 km to the north (half a degree)."""
    land = plain()
    land.grid[150:180] = 3_000.0  # 30.5 to 30.75 degrees north
    found = terrain.horizon_deg(land, np.array([30.0]), np.array([70.0]))[0]
    near = terrain.EARTH_M * np.radians(0.5)
    assert found[0] == pytest.approx(elevation_deg(3_000.0, 102.0, near), abs=0.08)
    assert found[9] == found[18] == found[27] == 0.0
    assert found[1] == pytest.approx(found[35], abs=1e-3)


def test_curvature_hides_a_far_wall() -> None:
    """On a flat Earth a wall of 1,000 m at 150 km stands 0.34 degrees high; the curve drops it by 1,766 m."""
    land = plain()
    land.grid[40:70] = 1_100.0
    assert not terrain.horizon_deg(land, np.array([30.0]), np.array([70.0])).any()


def test_azimuth_turns_clockwise_from_north() -> None:
    land = plain()
    land.grid[:, 300:320] = 2_000.0  # east of 70 degrees
    found = terrain.horizon_deg(land, np.array([30.0]), np.array([70.0]))[0]
    assert found[9] == pytest.approx(elevation_deg(2_000.0, 102.0, 48_150.0), abs=0.08)  # 70.5 E
    assert found[27] == 0.0


def test_points_lie_in_their_cell_and_polygon() -> None:
    """Two halves of a square with a sliver between them: no ground is lost, and none is held twice."""
    import geopandas as gpd
    import h3.api.basic_int as h3
    from shapely import box

    country = gpd.GeoDataFrame(geometry=[box(69.9, 29.9, 70.1, 30.1)], crs=4326)
    halves = gpd.GeoDataFrame(geometry=[box(69.9, 29.9, 69.99, 30.1), box(70.0, 29.9, 70.1, 30.1)], crs=4326)
    cells = grid.cells(country)
    names = cells["cell"].to_numpy()
    found = terrain.points(plain(), names, halves, country)
    assert len(found) == 24 * 24
    assert not found.duplicated(["i", "j"]).any()
    assert ((found["lon"] > 69.995) == (found["polygon"] == 1)).all()
    own = [h3.latlng_to_cell(a, b, 7) for a, b in zip(found["lat"], found["lon"], strict=True)]
    inside = np.isin(np.asarray(own, dtype=np.uint64), names)
    assert (names[found["row"]] == np.asarray(own, dtype=np.uint64))[inside].all()
    assert inside.mean() > 0.8
    assert set(found["row"]) == set(range(len(names)))


def test_cells_have_the_area_inside_the_country() -> None:
    import geopandas as gpd
    from shapely import box

    cells = grid.cells(gpd.GeoDataFrame(geometry=[box(69.5, 29.5, 70.5, 30.5)], crs=4326))
    whole = (111.195**2) * np.cos(np.radians(30.0))
    assert 0.98 * whole < cells["area_km2"].sum() < whole  # cells with their centre outside are left out
    assert cells["area_km2"].between(2.0, 6.0).all()


@pytest.mark.shared
def test_aerodromes_stand_at_their_published_height(shared: Path) -> None:
    """102 aerodromes (airportsdata, feet): half of them within 15 m, so the raster lies where it should."""
    pytest.importorskip("tifffile")
    inputs = Inputs(shared / "data" / "pakistan")
    fields = inputs.table("airports_pk")
    fields = fields[fields["elevation"] > 0]
    ours = inputs.terrain().bilinear(fields["lat"].to_numpy(), fields["lon"].to_numpy())
    off = np.abs(ours - fields["elevation"].to_numpy() * 0.3048)
    assert np.median(off) < 15.0
    assert len(off) > 80
