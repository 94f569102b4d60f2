"""The compiled test of volumes against the rule in Python, `meet`."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from pyproj import Geod

from rabta.airspace.volumes import Circle, Index, Polygon, Volume, meet
from rabta.airspace.volumes import _kernels as kernels
from rabta.airspace.volumes.index import near, packed
from rabta.airspace.volumes.plane import project

GEOD = Geod(ellps="WGS84")


def outline(rng, lat, lon, size_m):
    """A circle, or a polygon of any form that does not cross itself."""
    if rng.random() < 0.4:
        return Circle(lat, lon, size_m)
    count = int(rng.integers(3, 12))
    bearings = np.sort(rng.uniform(0, 360, count)) + 0.01 * np.arange(count)
    reach = size_m * rng.uniform(0.2, 1.0, count)
    lon2, lat2, _ = GEOD.fwd([lon] * count, [lat] * count, bearings, reach)
    return Polygon(tuple(zip(map(float, lat2), map(float, lon2), strict=True)))


def volumes(rng, count, lat, lon, spread):
    found = []
    for _ in range(count):
        size = 10 ** rng.uniform(1.0, 4.3)
        low, start = rng.uniform(0, 120), 1.8e9 + rng.uniform(0, 20_000)
        end = math.inf if rng.random() < 0.05 else start + 10 ** rng.uniform(1.5, 5.0)
        east = (lon + rng.uniform(-spread, spread) + 180.0) % 360.0 - 180.0
        shape = outline(rng, lat + rng.uniform(-spread, spread), east, size)
        found.append(Volume(shape, low, low + rng.uniform(5, 50), start, end))
    return found


@pytest.mark.parametrize(("lat", "lon"), [(33.7, 73.0), (-17.0, 180.0), (70.0, -179.9), (0.0, 0.0)])
def test_the_index_finds_what_the_rule_finds(lat, lon):
    rng = np.random.default_rng(11)
    index, held, found = Index(), {}, 0
    for step, one in enumerate(volumes(rng, 250, lat, lon, 0.15)):
        index.add(step, [one])
        held[step] = one
        if step % 4 == 3:
            gone = int(rng.choice(list(held)))
            index.remove(gone)
            del held[gone]
    for one in volumes(rng, 60, lat, lon, 0.15):
        for name, rule in (("meeting", meet), ("near", near)):
            expected = {key for key, other in held.items() if rule(one, other)}
            assert getattr(index, name)([one]) == expected
            found += len(expected)
    assert found > 100


def test_polygons_on_the_plane_are_what_geos_says():
    rng = np.random.default_rng(3)
    said = {kernels.NO: 0, kernels.YES: 0}
    for _ in range(2_000):
        a, b = (outline(rng, 33.7, 73.0 + shift, 800.0) for shift in (0.0, rng.uniform(-0.02, 0.02)))
        if isinstance(a, Circle) or isinstance(b, Circle):
            continue
        flat = [np.ascontiguousarray(project(*np.array(one.corners).T, (33.7, 73.0))) for one in (a, b)]
        ours = kernels.polygons(flat[0], len(flat[0]), flat[1], len(flat[1]))
        shapes = [shapely.Polygon(one) for one in flat]
        if not all(one.is_valid for one in shapes):
            continue
        assert ours == (kernels.YES if shapes[0].intersects(shapes[1]) else kernels.NO)
        said[ours] += 1
    assert min(said.values()) > 100


def test_the_plane_is_that_of_the_reference():
    rng = np.random.default_rng(4)
    for lat, lon in ((33.7, 73.0), (-60.0, 179.99), (5.0, -179.99)):
        corners = tuple(
            (lat + dy, (lon + dx + 180.0) % 360.0 - 180.0) for dx, dy in rng.uniform(-0.5, 0.5, (6, 2))
        )
        _, places = packed(Volume(Polygon(corners)))
        out = np.empty((6, 2))
        kernels.flatten(places, 0, 6, lat, lon, out)
        np.testing.assert_allclose(out, project(*np.array(corners).T, (lat, lon)), rtol=0.0, atol=1e-7)


@pytest.mark.parametrize("gap", [-0.02, -0.01, 0.01, 0.02])
@pytest.mark.parametrize("lat", [0.0, 33.7, 60.0])
def test_a_centimetre_decides_in_the_index_too(gap, lat):
    """F3548-21, IntersectionMinimumPrecisionCm = 1: by geodesics of Karney's algorithms."""
    for lon in (73.0, 179.999):
        index = Index()
        index.add("round", [Volume(Circle(lat, lon, 400.0))])
        east, north, _ = GEOD.fwd(lon, lat, 70.0, 1_000.0 + gap)
        assert bool(index.meeting([Volume(Circle(north, east, 600.0))])) is (gap < 0)
        # a square whose edge stands across the bearing, that far from the centre
        foot = GEOD.fwd(lon, lat, 90.0, 400.0 + gap)[:2]
        up, down = (GEOD.fwd(*foot, turn, 300.0) for turn in (0.0, 180.0))
        away = [GEOD.fwd(*one[:2], 90.0, 500.0) for one in (down, up)]
        edge = Polygon(tuple((one[1], one[0]) for one in (up, down, *away)))
        assert bool(index.meeting([Volume(edge)])) is (gap < 0)


def test_one_inside_another_and_beside_it():
    index = Index()
    index.add("wide", [Volume(Polygon(((33.0, 73.0), (33.0, 73.1), (33.1, 73.1), (33.1, 73.0))))])
    inside = Polygon(((33.04, 73.04), (33.04, 73.05), (33.05, 73.05)))
    assert index.meeting([Volume(inside)]) == {"wide"}
    assert index.meeting([Volume(Circle(33.05, 73.05, 10.0))]) == {"wide"}
    ring = Polygon(((33.2, 73.2), (33.2, 73.3), (33.3, 73.3)))
    assert index.meeting([Volume(ring)]) == set()
    shared = Polygon(((33.0, 73.1), (33.0, 73.2), (33.1, 73.2), (33.1, 73.1)))  # an edge of both
    assert index.meeting([Volume(shared)]) == {"wide"}


def test_room_grows_and_is_used_again():
    rng = np.random.default_rng(6)
    index, many = Index(), volumes(rng, 300, 33.7, 73.0, 0.01)
    for _ in range(12):
        for name, one in enumerate(many):
            index.add(name, [one, Volume(one.outline, 900.0, 901.0)])
    everywhere = Volume(Circle(33.7, 73.0, 30_000.0))
    assert index.meeting([everywhere]) == set(range(300))
    assert len(index._names) <= 604
    assert len(index._corners) < 20_000
    for name in range(300):
        index.remove(name)
    assert index.meeting([everywhere]) == set()
    assert index._whole[kernels.USED] == 0
