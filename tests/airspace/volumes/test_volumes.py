"""Volumes against geodesics on the ellipsoid (pyproj carries Karney's algorithms)."""

import numpy as np
import pytest
from pyproj import Geod

from rabta.airspace.volumes import Circle, Index, Polygon, Volume, meet
from rabta.airspace.volumes import _kernels as kernels
from rabta.airspace.volumes.index import near
from rabta.airspace.volumes.meeting import boxes_meet, check, outlines_meet
from rabta.airspace.volumes.plane import distance, project
from rabta.errors import RabtaError

GEOD = Geod(ellps="WGS84")


@pytest.mark.parametrize("lat", [0.0, 24.9, 33.7, 60.0, -45.0])
@pytest.mark.parametrize(("far", "within"), [(100.0, 1e-4), (10_000.0, 1e-3), (50_000.0, 0.05)])
def test_distances_of_the_plane_are_geodesics(lat, far, within):
    for bearing in range(0, 360, 15):
        lon2, lat2, _ = GEOD.fwd(73.0, lat, bearing, far)
        x = project([lat2], [lon2], (lat, 73.0))[0]
        assert abs(distance(np.hypot(*x), lat) - far) < within


def test_edges_are_shortest_paths():
    """F3548-21: an edge between two places of one latitude does not follow that latitude."""
    middle = GEOD.npts(73.0, 34.0, 73.2, 34.0, 1)[0]
    x = project([34.0, 34.0, middle[1]], [73.0, 73.2, middle[0]], (34.0, 73.05))
    along = (x[1] - x[0]) / np.hypot(*(x[1] - x[0]))
    off = along[0] * (x[2] - x[0])[1] - along[1] * (x[2] - x[0])[0]
    assert abs(off) < 1e-3
    assert (middle[1] - 34.0) * 111_000 > 4.0  # the parallel itself is metres away


def square(lat, lon, half_m):
    corners = []
    for bearing in (45, 135, 225, 315):
        lon2, lat2, _ = GEOD.fwd(lon, lat, bearing, half_m * np.sqrt(2.0))
        corners.append((lat2, lon2))
    return Polygon(tuple(corners))


@pytest.mark.parametrize(("gap", "expected"), [(-0.01, True), (0.01, False)])
def test_a_centimetre_decides(gap, expected):
    """F3548-21, IntersectionMinimumPrecisionCm = 1."""
    lon, lat, _ = GEOD.fwd(73.0, 33.7, 90.0, 1000.0 + gap)
    assert outlines_meet(Circle(33.7, 73.0, 400.0), Circle(lat, lon, 600.0)) is expected
    edge = GEOD.fwd(73.0, 33.7, 90.0, 500.0)[0]  # an edge due north, 500 m east
    line = Polygon(((33.69, edge), (33.69, edge + 0.01), (33.71, edge + 0.01), (33.71, edge)))
    assert outlines_meet(Circle(33.7, 73.0, 500.0 - gap), line) is expected
    far = GEOD.fwd(edge, 33.7, 90.0, gap)[0]
    other = Polygon(((33.695, 72.99), (33.695, edge), (33.705, edge), (33.705, 72.99)))
    moved = Polygon(((33.69, far), (33.69, far + 0.01), (33.71, far + 0.01), (33.71, far)))
    assert outlines_meet(other, moved) is expected


def test_what_touches_in_height_or_time_meets():
    outline = Circle(33.7, 73.0, 100.0)
    low = Volume(outline, 0.0, 50.0, 0.0, 60.0)
    assert meet(low, Volume(outline, 50.0, 90.0, 60.0, 90.0))
    assert not meet(low, Volume(outline, 50.001, 90.0, 60.0, 90.0))
    assert not meet(low, Volume(outline, 50.0, 90.0, 60.001, 90.0))
    assert meet(low, Volume(outline))


def test_a_hole_of_distance_is_not_a_meeting_of_boxes():
    corner = Polygon(((33.0, 73.0), (33.0, 73.1), (33.1, 73.0)))
    opposite = Polygon(((33.1, 73.1), (33.1, 73.06), (33.06, 73.1)))
    assert boxes_meet(corner.box, opposite.box)
    assert not outlines_meet(corner, opposite)
    inside = Polygon(((33.02, 73.02), (33.02, 73.03), (33.03, 73.02)))
    assert outlines_meet(corner, inside)


def test_the_date_line_divides_nothing():
    east, west = square(-17.0, 179.999, 500.0), square(-17.0, -179.999, 500.0)
    assert outlines_meet(east, west)
    index = Index()
    index.add("east", [Volume(east)])
    assert index.meeting([Volume(west)]) == {"east"}
    assert index.meeting([Volume(Circle(-17.0, -179.9, 100.0))]) == set()


@pytest.mark.parametrize(
    "corners",
    [
        ((33.0, 73.0), (33.1, 73.1), (33.0, 73.1), (33.1, 73.0)),
        ((33.0, 73.0), (33.0, 73.1), (33.0, 73.0)),
        ((33.0, 73.0), (33.0, 73.0), (33.0, 73.0)),
    ],
)
def test_outlines_that_bound_nothing_are_refused(corners):
    with pytest.raises(RabtaError, match="bounds nothing"):
        check(Polygon(corners))


@pytest.mark.parametrize("make", [
    lambda: Polygon(((91.0, 0.0), (0.0, 0.0), (0.0, 1.0))),
    lambda: Polygon(((0.0, 0.0), (0.0, 1.0))),
    lambda: Polygon(((0.0, 0.0), (0.0, 90.0), (50.0, 0.0))).box,
    lambda: Circle(0.0, 181.0, 1.0),
    lambda: Circle(0.0, 0.0, 0.0),
    lambda: Circle(0.0, 0.0, float("nan")),
    lambda: Volume(Circle(0.0, 0.0, 1.0), 10.0, 5.0),
    lambda: Volume(Circle(0.0, 0.0, 1.0), start_s=float("nan")),
])  # fmt: skip
def test_what_is_no_volume_is_refused(make):
    with pytest.raises(RabtaError):
        make()


def _random(rng, n):
    found = []
    for _ in range(n):
        lat, lon = rng.uniform(33.5, 33.9), rng.uniform(72.8, 73.2)
        size = 10 ** rng.uniform(1.0, 4.2)
        outline = Circle(lat, lon, size) if rng.random() < 0.5 else square(lat, lon, size)
        low, start = rng.uniform(0, 120), rng.uniform(0, 86_400)
        length = 10 ** rng.uniform(1.5, 4.8)
        found.append(Volume(outline, low, low + rng.uniform(5, 50), start, start + length))
    return found


@pytest.mark.parametrize("rule", ["meeting", "near"])
def test_the_index_finds_what_a_look_at_all_finds(rule):
    rng = np.random.default_rng(5)
    index, held = Index(), {}
    plain = {"meeting": meet, "near": near}[rule]
    for step, volume in enumerate(_random(rng, 400)):
        index.add(step, [volume])
        held[step] = volume
        if step % 3 == 2:
            gone = int(rng.choice(list(held)))
            index.remove(gone)
            del held[gone]
    found = 0
    for volume in [
        *_random(rng, 150),
        Volume(Circle(33.7, 73.0, 3000.0)),
        Volume(square(30.0, 70.0, 400_000.0)),
    ]:
        expected = {name for name, other in held.items() if plain(volume, other)}
        assert getattr(index, rule)([volume]) == expected
        found += len(expected)
    assert found > 200
    for name in list(held):
        index.remove(name)
    assert not len(index)
    assert not index._whole[kernels.USED]
    assert not index._whole[kernels.LEVEL :].any()
