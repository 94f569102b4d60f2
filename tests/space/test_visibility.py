"""Elevations and horizons that can be worked out by hand."""

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.geo import ecef_from_geodetic
from rabta.space import frames, visibility


def above(
    place: visibility.Ground, elevation_deg: float, azimuth_deg: float, range_m: float = 1e6
) -> np.ndarray:
    """Position of one satellite seen from the first cell, shape (1, 1, 3)."""
    el, az = np.radians([elevation_deg, azimuth_deg])
    local = np.array([np.cos(el) * np.sin(az), np.cos(el) * np.cos(az), np.sin(el)])
    return (place.cell_m[0] + range_m * local @ place.axes[0])[None, None].astype(np.float32)


def test_elevation_is_over_the_ellipsoid() -> None:
    place = visibility.ground(45.0, 10.0)
    overhead = ecef_from_geodetic(45.0, 10.0, 550e3)[None, None].astype(np.float32)
    found = visibility.visible(place, overhead, 89.9, 1)  # the geocentric vertical would give 89.8
    assert found.visible_count.tolist() == [[1]]
    assert found.best_elevation_deg[0, 0] == pytest.approx(90.0, abs=1e-3)
    assert found.slot_range_m[0, 0, 0] == pytest.approx(550e3, abs=1.0)


def test_height_of_the_cell_counts() -> None:
    position = above(visibility.ground(35.0, 75.0), 0.0, 90.0)
    assert (
        visibility.visible(visibility.ground(35.0, 75.0, 100.0), position, 0.0, 1).visible_count.item() == 0
    )
    assert (
        visibility.visible(visibility.ground(35.0, 75.0, -100.0), position, 0.0, 1).visible_count.item() == 1
    )


@pytest.mark.parametrize(("azimuth", "hidden"), [(85.0, True), (95.0, True), (70.0, False), (110.0, False)])
def test_terrain_hides_only_where_it_stands(azimuth: float, hidden: bool) -> None:
    horizon = np.zeros((1, 36))
    horizon[0, 8:11] = 50.0  # samples at 80, 90 and 100 deg; half of it at 75 and 105
    place = visibility.ground([35.0], [75.0], [2000.0], horizon)
    found = visibility.visible(place, above(place, 40.0, azimuth), 25.0, 1)
    assert found.visible_count.item() == (0 if hidden else 1)
    assert visibility.visible(place, above(place, 51.0, azimuth), 25.0, 1).visible_count.item() == 1


def test_horizon_is_linear_between_samples_and_wraps() -> None:
    horizon = np.zeros((1, 36))
    horizon[0, 0] = 60.0
    place = visibility.ground([35.0], [75.0], [2000.0], horizon)
    for azimuth in (5.0, 355.0):
        assert visibility.visible(place, above(place, 29.9, azimuth), 25.0, 1).visible_count.item() == 0
        assert visibility.visible(place, above(place, 30.1, azimuth), 25.0, 1).visible_count.item() == 1


def test_slots_are_ordered_by_elevation() -> None:
    place = visibility.ground(30.0, 70.0)
    angles = [30.0, 80.0, 26.0, 55.0, 24.0, 70.0]
    positions = np.concatenate([above(place, e, 40.0 * i) for i, e in enumerate(angles)], axis=1)
    found = visibility.visible(place, positions, 25.0, 4)
    assert found.visible_count.item() == 5
    assert found.slot_satellite[0, 0].tolist() == [1, 5, 3, 0]
    np.testing.assert_allclose(found.slot_elevation_deg[0, 0], [80.0, 70.0, 55.0, 30.0], atol=1e-4)
    few = visibility.visible(place, positions[:, :1], 25.0, 4)
    assert few.slot_satellite[0, 0].tolist() == [0, -1, -1, -1]
    assert few.slot_elevation_deg[0, 0].tolist()[1:] == [-90.0] * 3
    assert few.slot_range_m[0, 0].tolist()[1:] == [0.0] * 3


def test_geostationary_look_angles() -> None:
    # ITU-R S.732 / textbook form for a sphere; the ellipsoid moves it by at most 0.2 deg.
    lat, lon, fixed = 33.68, 73.05, 38.2  # Islamabad and Paksat-MM1's place
    central = np.arccos(np.cos(np.radians(lat)) * np.cos(np.radians(fixed - lon)))
    want = np.degrees(np.arctan2(np.cos(central) - 6378.137 / 42164.17, np.sin(central)))
    elevation, azimuth, _ = visibility.look(visibility.ground(lat, lon), frames.geostationary([fixed]))
    assert elevation[0, 0] == pytest.approx(want, abs=0.2)
    west_of_south = np.degrees(np.arctan2(np.tan(np.radians(lon - fixed)), np.sin(np.radians(lat))))
    assert azimuth[0, 0] == pytest.approx(180.0 + west_of_south, abs=0.2)


@pytest.mark.parametrize("least", [-1.0, 91.0, np.nan])
def test_least_elevation_out_of_range_is_refused(least: float) -> None:
    place = visibility.ground(30.0, 70.0)
    with pytest.raises(RabtaError, match="least elevation"):
        visibility.visible(place, above(place, 40.0, 0.0), least, 1)


def test_too_many_satellites_for_the_slots_are_refused() -> None:
    place = visibility.ground(30.0, 70.0)
    with pytest.raises(RabtaError, match="too many satellites"):
        visibility.visible(place, np.zeros((1, 32_768, 3), dtype=np.float32), 25.0, 1)


def test_horizon_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(RabtaError, match="wrong shape"):
        visibility.ground([30.0], [70.0], [0.0], np.zeros((1, 35)))
