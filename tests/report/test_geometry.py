"""The mesh and its outlines against published projection figures, pyproj and shapely."""

from __future__ import annotations

from itertools import pairwise

import h3
import numpy as np
import pyproj
import pytest
import shapely

from rabta.geo import MEAN_RADIUS_M
from rabta.report.pictures import geometry


def polygon(points: np.ndarray, rings: list[np.ndarray]) -> shapely.Geometry:
    """Area enclosed an odd number of times."""
    area = shapely.Polygon()
    for ring in rings:
        area = area.symmetric_difference(shapely.Polygon(points[ring]))
    return area


@pytest.fixture(scope="module")
def cells() -> list[str]:
    return sorted(h3.grid_disk(h3.latlng_to_cell(30.5, 69.5, 6), 12))


def test_projection_gives_the_published_example() -> None:
    """Snyder, Map Projections (USGS Professional Paper 1395), page 295: Lambert conformal conic, sphere."""
    projection = geometry.Projection(33.0, 45.0, 23.0, -96.0)
    x, y = projection(np.array([35.0]), np.array([-75.0]))
    assert x[0] / MEAN_RADIUS_M == pytest.approx(0.2966785, abs=5e-8)
    assert y[0] / MEAN_RADIUS_M == pytest.approx(0.2462112, abs=5e-8)


@pytest.mark.parametrize(("south", "north"), [(24.0, 37.0), (-34.0, -22.0), (10.0, 10.5)])
def test_projection_agrees_with_pyproj(south: float, north: float) -> None:
    random = np.random.default_rng(1)
    lat, lon = random.uniform(south, north, 200), random.uniform(60.0, 78.0, 200)
    ours = geometry.Projection.around(lat, lon)
    theirs = pyproj.Proj(
        proj="lcc", lat_1=ours.lat1_deg, lat_2=ours.lat2_deg, lat_0=ours.lat0_deg, lon_0=ours.lon0_deg,
        R=MEAN_RADIUS_M,
    )  # fmt: skip
    assert np.allclose(ours(lat, lon), theirs(lon, lat), atol=1e-3)


def test_projection_bears_the_equator() -> None:
    x, y = geometry.Projection.around(np.array([-4.0, 4.0]), np.array([36.0, 40.0]))(
        np.array([-4.0, 0.0, 4.0]), np.array([38.0, 38.0, 38.0])
    )
    assert np.all(np.diff(y) > 0)
    assert np.all(np.isfinite(x))


def test_each_corner_is_shared_by_its_three_cells(cells: list[str]) -> None:
    mesh = geometry.mesh(cells)
    shared = np.bincount(mesh.rings.ravel())
    assert shared.max() == 3
    inner_vertices = np.count_nonzero(shared == 3)
    outer_edges = geometry.borders(mesh, np.zeros(len(cells), dtype=np.int64)).start.size
    # Euler: V - E + F = 1 for a disk of hexagons, with E = (6 F + outer edges) / 2
    edges = (6 * len(cells) + outer_edges) / 2
    assert len(mesh.points) - edges + len(cells) == 1
    assert inner_vertices > 0


def test_outlines_are_the_unions_of_their_cells(cells: list[str]) -> None:
    mesh = geometry.mesh(cells)
    group = np.random.default_rng(3).integers(-1, 4, len(cells))
    points = mesh.points.astype(float)
    rings = geometry.outlines(geometry.borders(mesh, group), 4)
    for code in range(4):
        union = shapely.union_all(
            [shapely.Polygon(points[mesh.rings[i]]) for i in np.flatnonzero(group == code)]
        )
        ours = polygon(points, rings[code])
        assert ours.area == pytest.approx(union.area, rel=1e-9)
        assert ours.symmetric_difference(union).area < 1e-6 * union.area


def test_smoothing_opens_no_gap_between_neighbours(cells: list[str]) -> None:
    mesh = geometry.mesh(cells)
    group = np.unique([h3.cell_to_parent(c, 4) for c in cells], return_inverse=True)[1].astype(np.int64)
    edges = geometry.borders(mesh, group)
    points = geometry.smoothed(mesh, edges)
    parts = [polygon(points, rings) for rings in geometry.outlines(edges, int(group.max()) + 1)]
    whole = shapely.union_all(parts)
    assert whole.area == pytest.approx(sum(part.area for part in parts), rel=1e-6)
    assert len(shapely.get_parts(whole)) == 1
    assert all(len(part.interiors) == 0 for part in shapely.get_parts(whole))


def test_chains_hold_every_edge_once() -> None:
    start, end = np.array([0, 1, 2, 5, 1]), np.array([1, 2, 3, 1, 7])
    runs = geometry.chains(start, end)
    found = sorted((int(a), int(b)) for run in runs for a, b in pairwise(run))
    assert found == sorted(zip(start.tolist(), end.tolist(), strict=True))


def test_path_returns_to_the_true_corners(cells: list[str]) -> None:
    points = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 7.0]])
    assert geometry.path(points, [np.array([0, 1, 2])], 1.0) == "M0 0l10 0 0 7z"
