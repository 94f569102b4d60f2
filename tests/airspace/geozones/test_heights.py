"""Heights: the geoid against NGA's published values, and the ways between references."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.airspace.geozones import heights as h
from rabta.errors import RabtaError
from rabta.radio.terrain import raster

# NGA/NIMA, EGM96 readme and OUTINTPT.DAT: latitude, longitude, height of the geoid (m), spline interpolation
PUBLISHED = (
    (38.628155, 269.779155, -31.628),
    (-14.621217, 305.021114, -2.969),
    (46.874319, 102.448729, -43.575),
    (-23.617446, 133.874712, 15.871),
    (38.625473, 359.9995, 50.066),
    (-0.466744, 0.0023, 17.329),
)


@pytest.mark.parametrize(("lat", "lon", "theirs"), PUBLISHED)
def test_geoid_of_nga(lat, lon, theirs):
    assert float(h.geoid_m(lat, lon)) == pytest.approx(theirs, abs=0.02)  # the nodes are whole centimetres


def test_extremes_of_egm96():
    """NASA/TP-1998-206861: the geoid goes from -107 m south of India to 85 m in New Guinea."""
    grid = h._grid()
    assert grid.min() == pytest.approx(-107.0, abs=0.5)
    assert grid.max() == pytest.approx(85.4, abs=0.5)
    row, column = np.unravel_index(np.argmin(grid), grid.shape)
    assert 90.0 - row * 0.25 == pytest.approx(4.75, abs=1.0)
    assert (column - 2) * 0.25 == pytest.approx(78.75, abs=1.0)


def test_interpolation_stays_within_its_bounds():
    """`geoid_range_m` holds every value between the nodes: the whole Earth, a thousand places a band."""
    rng = np.random.default_rng(1)
    for lat in np.arange(-89.0, 89.0, 4.0):
        lats, lons = lat + rng.random(50), rng.random(50) * 359.0
        values = h.geoid_m(lats, lons)
        for a, b, value in zip(lats, lons, values, strict=True):
            low, high = h.geoid_range_m((a, b, a, b))
            assert low <= value <= high


def test_a_height_says_above_what():
    with pytest.raises(RabtaError, match="reference"):
        h.Height(100.0, "AMSL?")  # type: ignore[arg-type]
    with pytest.raises(RabtaError):
        h.reference("QNE")
    with pytest.raises(RabtaError):
        h.Height(float("nan"), h.Reference.AGL)


def test_islamabad_above_the_sea_is_46_m_less_above_the_ellipsoid():
    """The silent error that must not be: 500 m above the sea is 454 m above the ellipsoid."""
    told = h.converted(h.Height(500.0, h.Reference.AMSL), h.Reference.WGS84, 33.68, 73.05, h.Ground())
    assert told.value == pytest.approx(453.8, abs=0.2)
    assert told.reference == h.Reference.WGS84


def test_ground_that_is_not_known_is_refused():
    with pytest.raises(RabtaError, match="ground is not known"):
        h.converted(h.Height(100.0, h.Reference.AGL), h.Reference.WGS84, 33.68, 73.05, h.Ground())


def test_over_the_nations_terrain():
    """There and back, and the bounds over a box hold every place in it."""
    ground = h.Ground(raster.load())
    box = (33.60, 73.00, 33.70, 73.10)
    low, high = h.ellipsoidal_range_m(h.Height(120.0, h.Reference.AGL), box, ground)
    for lat in np.linspace(box[0], box[2], 7):
        for lon in np.linspace(box[1], box[3], 7):
            up = h.converted(h.Height(120.0, h.Reference.AGL), h.Reference.WGS84, lat, lon, ground)
            assert low <= up.value <= high
            down = h.converted(up, h.Reference.AGL, lat, lon, ground)
            assert down.value == pytest.approx(120.0, abs=1e-9)
    with pytest.raises(RabtaError):
        ground.range_m((46.0, 7.0, 46.1, 7.1))
