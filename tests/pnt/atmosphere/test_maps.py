"""Maps of the ionosphere: interpolation with the Sun, and the ray through the shell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import ArrayLike

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.atmosphere import maps
from rabta.pnt.products.ionex import Maps

START = int(gnsstime.from_utc("2024-01-10T00:00:00"))
HOURS = 3_600 * 10**9


def bulge(lat: ArrayLike, lon: ArrayLike, hours: ArrayLike) -> np.ndarray:
    lat, lon, hours = np.asarray(lat), np.asarray(lon), np.asarray(hours)
    wave = np.cos(np.radians(lat)) * np.cos(np.radians(lon + 15.0 * hours - 210.0))
    return np.asarray(30.0 + 20.0 * wave)


def day() -> Maps:
    lat, lon = np.arange(87.5, -87.6, -2.5), np.arange(-180.0, 180.1, 5.0)
    hours = np.arange(0.0, 24.1, 2.0)
    tec = bulge(lat[None, :, None], lon[None, None, :], hours[:, None, None])
    times = START + (hours * HOURS).astype(np.int64)
    return Maps(times, lat, lon, tec, np.full_like(tec, np.nan), 450e3, 6_371e3)


def test_nodes_and_between() -> None:
    grid = day()
    assert maps.vertical_tecu(grid, 32.5, 65.0, START + 4 * HOURS) == pytest.approx(
        float(bulge(32.5, 65.0, 4.0))
    )
    rng = np.random.default_rng(2)
    lat, lon, hour = rng.uniform(-80, 80, 500), rng.uniform(-400, 400, 500), rng.uniform(0, 24, 500)
    ours = maps.vertical_tecu(grid, lat, lon, START + (hour * HOURS).astype(np.int64))
    # a bulge that only turns is exact in time; what is left is the grid of 2.5 by 5 degrees
    assert np.abs(ours - bulge(lat, lon, hour)).max() < 20.0 * np.radians(5.0) ** 2 / 8.0 + 0.01


def test_delay_of_a_slant_ray() -> None:
    """Constant content: 40.3e16 / f^2 for each TECu over the cosine of the zenith angle in the shell."""
    grid = replace(day(), tec_tecu=np.full_like(day().tec_tecu, 25.0))
    position = geo.ecef_from_geodetic(24.9, 67.0)
    metres = maps.delay_m(grid, position, [0.0, 90.0, 200.0], [90.0, 30.0, 10.0], START, 1_561.098e6)
    zenith = np.arcsin(6_371.0 / 6_821.0 * np.cos(np.radians([90.0, 30.0, 10.0])))
    np.testing.assert_allclose(metres, 25.0 * 40.3e16 / 1_561.098e6**2 / np.cos(zenith), rtol=1e-12)


def test_other_days_are_refused_and_holes_stay_holes() -> None:
    grid = day()
    with pytest.raises(RabtaError, match="2024-01-10"):
        maps.vertical_tecu(grid, 0.0, 0.0, START - HOURS)
    grid.tec_tecu[3] = np.nan
    assert np.isnan(maps.vertical_tecu(grid, 0.0, 0.0, START + 5 * HOURS))
