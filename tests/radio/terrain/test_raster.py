"""The shipped terrain, profiles over it, coverage, and what it adds around masts."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import h3
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta import geo
from rabta.errors import RabtaError
from rabta.mobile import pathloss
from rabta.nation import layers
from rabta.radio.terrain import p452, p1812, profile, raster, relief, stages
from rabta.radio.terrain.profile import COAST, INLAND, SEA
from rabta.radio.terrain.raster import Terrain
from rabta.scenario import Nation, Scenario
from rabta.twin import Twin, wrap

KARACHI, ISLAMABAD, LAHORE, QUETTA = (24.86, 67.01), (33.70, 73.05), (31.55, 74.34), (30.18, 66.98)


@pytest.fixture(scope="module")
def shipped() -> Terrain:
    return raster.load()


def plain(height_m: float = 200.0, size: int = 121) -> Terrain:
    """One degree around 31 N, 73 E; whole metres."""
    heights = np.full((size, size), height_m, dtype=np.int16)
    grid = np.array([31.0 + size / 240.0, 73.0 - size / 240.0, 1.0 / 120.0])
    zone = np.full((size, size), INLAND, dtype=np.uint8)
    return Terrain(heights, zone, grid, np.array([[31.0, 73.0]]), np.array([45.0]), np.array([330.0]))


def test_heights_of_known_places(shipped: Terrain) -> None:
    """Published elevations: Islamabad 500 to 620 m, Lahore 217 m, Quetta 1,680 m."""
    lat, lon = np.array([ISLAMABAD, LAHORE, QUETTA]).T
    assert shipped.heights(lat, lon) == pytest.approx([550.0, 217.0, 1680.0], abs=60.0)
    assert shipped.height_m.max() == pytest.approx(8500.0, abs=250.0)  # K2, 8,611 m, smoothed over 1 km


@pytest.mark.shared
def test_heights_are_those_of_the_source(shared: Path, shipped: Terrain) -> None:
    tifffile = pytest.importorskip("tifffile")
    source = tifffile.imread(shared / "data" / "pakistan" / "globe_dem_30s.tif")
    known = shipped.height_m != raster.VOID
    assert 0.5 < known.mean() < 0.7
    assert np.array_equal(shipped.height_m[known], np.round(source[known]))


def test_sea_coast_and_inland(shipped: Terrain) -> None:
    path = raster.profile(shipped, (28.0, 66.5), (24.3, 66.5))
    zones = path.zone
    assert zones[0] == INLAND
    assert zones[-1] == SEA
    first_sea, first_coast = np.argmax(zones == SEA), np.argmax(zones == COAST)
    assert first_coast < first_sea
    coast = (zones == COAST) & (path.distance_km < path.distance_km[first_sea])
    assert path.ground_m[coast].max() <= 200.0  # 100 m where the zone is looked up, bilinear between
    assert path.distance_km[first_sea] - path.distance_km[coast].min() < 80.0  # 50 km from the nearest sea
    assert np.all(path.ground_m[zones == SEA] >= 0.0)


def test_profile_is_a_great_circle(shipped: Terrain) -> None:
    path = raster.profile(shipped, ISLAMABAD, LAHORE)
    lat, lon = profile.along(*ISLAMABAD, *LAHORE, path.distance_km)
    assert path.length_km[0] == pytest.approx(geo.great_circle_m(*ISLAMABAD, *LAHORE) / 1e3, rel=1e-5)
    assert lat[-1], lon[-1] == pytest.approx(LAHORE)
    assert path.ground_m == pytest.approx(shipped.heights(lat, lon), abs=0.02)
    assert np.diff(path.distance_km).max() <= raster.SPACING_KM


def test_many_profiles_are_each(shipped: Terrain) -> None:
    lat, lon = np.array([LAHORE, (33.0, 73.0), (32.0, 72.0)]).T
    many = raster.profile(shipped, ISLAMABAD, (lat, lon))
    loss = p1812.loss_db(many, 0.7, 40.0, 3.0)
    for k in range(3):
        single = raster.profile(shipped, ISLAMABAD, (lat[k], lon[k]))
        assert p1812.loss_db(single, 0.7, 40.0, 3.0) == loss[k]


def test_refractivity_is_near_the_published(shipped: Terrain) -> None:
    """ITU-R P.452 and P.453: 30 to 90 N-units/km over South Asia, N0 330 to 390 by the Arabian Sea."""
    fall, n0 = shipped.refractivity(*np.array([KARACHI, ISLAMABAD, LAHORE]).T)
    assert np.all((fall > 30.0) & (fall < 90.0))
    assert 340.0 < n0[0] < 390.0


def test_what_leaves_the_raster_is_refused(shipped: Terrain) -> None:
    with pytest.raises(RabtaError, match="leaves the terrain"):
        raster.profile(shipped, ISLAMABAD, (28.6, 77.2))  # Delhi: more than 100 km from the country
    with pytest.raises(RabtaError, match="no length"):
        raster.profile(shipped, ISLAMABAD, ISLAMABAD)


def test_coverage_is_the_loss_of_each_path(shipped: Terrain) -> None:
    lat, lon = np.meshgrid(np.linspace(33.2, 34.0, 7), np.linspace(72.6, 73.4, 7))
    fall, n0 = shipped.refractivity(*ISLAMABAD)
    found = raster.profile(shipped, ISLAMABAD, (lat, lon))
    same = profile.Profiles(
        found.distance_km, found.ground_m, found.clutter_m, found.zone, found.at, found.latitude_deg,
        np.full(49, fall), np.full(49, n0),
    )  # fmt: skip
    area = raster.coverage_db(shipped, ISLAMABAD, (lat, lon), 0.7, 60.0, 3.0, time_percent=10.0)
    assert area.shape == lat.shape
    assert area.ravel() == pytest.approx(p1812.loss_db(same, 0.7, 60.0, 3.0, time_percent=10.0), abs=1e-9)
    other = raster.coverage_db(
        shipped, ISLAMABAD, (lat, lon), 6.0, 60.0, 30.0, recommendation=p452.RECOMMENDATION, time_percent=0.1
    )
    assert other.ravel() == pytest.approx(p452.loss_db(same, 6.0, 60.0, 30.0, time_percent=0.1), abs=1e-9)


def test_coverage_says_where_it_does_not_hold(shipped: Terrain) -> None:
    lat, lon = [ISLAMABAD[0] + 0.001, 28.6, 33.5], [ISLAMABAD[1], 77.2, 73.0]
    loss = raster.coverage_db(shipped, ISLAMABAD, (lat, lon), 0.7, 60.0, 3.0)
    assert np.isnan(loss).tolist() == [True, True, False]
    with pytest.raises(RabtaError, match="frequency_ghz"):
        raster.coverage_db(shipped, ISLAMABAD, (lat, lon), 7.0, 60.0, 3.0)
    with pytest.raises(RabtaError, match=r"P\.452-18"):
        raster.coverage_db(shipped, ISLAMABAD, (lat, lon), 0.7, 60.0, 3.0, recommendation="P.1546")


def test_level_ground_adds_nothing_and_a_wall_does() -> None:
    level = relief.added_db(plain(), [31.0], [73.0], [0.7, 3.5])
    assert level.shape == (1, 2, len(relief.RADII_KM))
    assert np.abs(level).max() < 1e-9
    walled = plain()
    walled.height_m[:, [58, 62]] = 500
    walled.height_m[[58, 62], :] = 500
    behind = relief.added_db(walled, [31.0], [73.0], [0.7, 3.5])[0]
    assert (behind[1, 1:] > behind[0, 1:]).all()
    assert behind[0, 1:].min() > 20.0
    assert np.isnan(relief.added_db(plain(), [40.0], [73.0], [0.7])).all()


def test_rays_count_by_the_people_at_their_ends() -> None:
    """A ridge stands to the east, and nobody lives behind it."""
    ridge = plain()
    ridge.height_m[:, 61:63] = 800
    lat, lon = np.array([31.0, 31.0, 31.0]), np.array([73.0, 73.0 - 0.06, 73.0 + 0.06])
    empty = relief.added_db(ridge, lat, lon, [0.7], [1.0, 100.0, 0.0])[0, 0, 2]
    full = relief.added_db(ridge, lat, lon, [0.7], [1.0, 0.0, 100.0])[0, 0, 2]
    assert full > empty + 10.0


def test_added_loss_is_of_the_size_of_okumuras_correction(shipped: Terrain) -> None:
    """Two independent models: P.1812, and the rolling-hill correction (NTIA TR-15-517) from the same heights.

    Okumura's irregularity is that of the 10 km before a mobile; here it is taken within 10 km of the mast.
    """
    cells = layers.load(Nation()).cells.iloc[::80]
    place = cells["lat_deg"].to_numpy(), cells["lon_deg"].to_numpy()
    east, north = np.meshgrid(np.linspace(-0.07, 0.07, 9), np.linspace(-0.07, 0.07, 9))
    around = shipped.heights(place[0][:, None] + north.ravel(), place[1][:, None] + east.ravel())
    okumura = pathloss.hills_db(around.std(axis=1))
    added = relief.added_db(shipped, *place, [0.7, 2.6]).mean(axis=(1, 2))
    for low, high in ((0.0, 1.0), (5.0, 15.0), (15.0, 25.0), (25.0, 40.0)):
        here = (okumura >= low) & (okumura < high)
        assert here.sum() > 50
        assert added[here].mean() == pytest.approx(okumura[here].mean(), abs=10.0)
    assert np.corrcoef(added, okumura)[0, 1] > 0.8


def made(scenario: Scenario) -> np.ndarray:
    names = [h3.latlng_to_cell(*place, 6) for place in (LAHORE, (35.5, 74.5))]
    cells = pd.DataFrame(
        {"cell": names, "lat_deg": [31.55, 35.5], "lon_deg": [74.34, 74.5], "people": 10.0, "area_km2": 30.0}
    )
    twin = Twin(scenario, np.array([], dtype="datetime64[ns]"), {"cells": cells}, {})
    return wrap("terrain_loss_db", stages.around_masts(twin)["terrain_loss_db"]).to_numpy()


def test_stage_knows_mountains_and_falls_back(tmp_path: Path) -> None:
    found = made(Scenario())
    assert found.shape == (2, len(relief.bands_ghz()), len(relief.RADII_KM))
    assert np.abs(found[0]).max() < 2.0
    assert found[1].mean() > 15.0
    assert np.isnan(made(Scenario.model_validate({"radio": {"terrain": "okumura"}}))).all()
    assert np.isnan(made(Scenario.model_validate({"nation": {"data": str(tmp_path)}}))).all()


def save(path: Path, terrain: Terrain, **changed: object) -> Path:
    arrays = {"height_m": terrain.height_m, "zone": terrain.zone, "grid": terrain.grid,
              "places": terrain.places, "delta_n": terrain.delta_n, "n0": terrain.n0}  # fmt: skip
    np.savez(path, **{**arrays, **changed})
    return path


def test_a_users_terrain_is_read(tmp_path: Path) -> None:
    save(tmp_path / raster.FILE, plain(321.0))
    found = raster.load(Nation(data=str(tmp_path)))
    assert found.heights(31.0, 73.0) == pytest.approx(321.0)


@pytest.mark.parametrize(
    "changed",
    [{"grid": np.zeros(3)}, {"zone": np.zeros((2, 2), np.uint8)}, {"n0": np.array([np.nan])},
     {"places": np.zeros(2)}, {"height_m": np.zeros(4, np.int16)}],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, changed: dict) -> None:
    with pytest.raises(RabtaError, match="terrain") as error:
        raster.read(save(tmp_path / "t.npz", plain(), **changed))
    assert error.value.file == tmp_path / "t.npz"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_files_are_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = save(tmp_path_factory.mktemp("t") / "t.npz", plain(size=9))
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    cut = data.draw(st.booleans())
    content = content[:at] if cut else content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]
    path.write_bytes(bytes(content))
    with suppress(RabtaError):  # and no other exception
        assert raster.read(path).height_m.shape == (9, 9)
