"""What a link's surroundings are: the climate and the ground of the shipped nation, or of the ITU's maps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog, geo
from rabta.errors import RabtaError, nearest
from rabta.nation import climate, layers
from rabta.nation.layers import Layers
from rabta.radio.slantpath import Climate
from rabta.radio.terrain import raster
from rabta.scenario import Nation

Array = NDArray[np.float64]
FARTHEST_KM = 30.0
VAPOUR_SCALE_M = 2000.0  # ITU-R P.835-6, equation (6): vapour falls by e over this height
NOON = datetime(2026, 1, 13, 7, 0, tzinfo=UTC)  # of Pakistan, on the day of the shipped scenarios
ENVIRONMENTS = ("open", "rural", "suburban", "urban", "dense-urban")
CLIMATE = (
    "rain_rate_001_mmh",
    "rain_height_km",
    "temperature_k",
    "vapour_g_m3",
    "vapour_kg_m2",
    "cloud_kg_m2",
    "n_wet",
)


@dataclass(frozen=True)
class World:
    """Surroundings of links.

    Attributes
    ----------
    environment : str
        What stands around the lower end, one of `ENVIRONMENTS`; nothing does around an antenna in the open.
    at : datetime
        UTC; for the ionosphere.
    """

    nation: Nation
    environment: str = "open"
    at: datetime = NOON

    def __post_init__(self) -> None:
        if self.environment not in ENVIRONMENTS:
            raise RabtaError(
                "no such surroundings", key="environment", value=self.environment,
                expected=nearest(self.environment, ENVIRONMENTS),
            )  # fmt: skip

    @cached_property
    def sunspots(self) -> float:
        """Smoothed sunspot number of the month, on the scale of the ionospheric maps."""
        from rabta.radio.hf import nvis

        entry = catalog.entry("sunspots", "silso-2026").data
        return float(nvis.sunspots(entry, self.at.year, self.at.month))

    @cached_property
    def layers(self) -> Layers:
        """Layers of the nation."""
        return layers.load(self.nation)

    @cached_property
    def terrain(self) -> raster.Terrain:
        """Terrain of the nation; refused where it has none."""
        return raster.load(self.nation)

    @property
    def has_terrain(self) -> bool:
        """Whether the nation has terrain."""
        return raster.path_of(self.nation) is not None

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import cKDTree

        cells = self.layers.cells
        return cKDTree(_unit(cells["lat_deg"].to_numpy(), cells["lon_deg"].to_numpy()))

    def rows(self, lat_deg: Array, lon_deg: Array) -> NDArray[np.intp]:
        """Row of the cell nearest to each place; the number of cells where none is within 30 km."""
        reach = 2.0 * np.sin(FARTHEST_KM * 1e3 / geo.MEAN_RADIUS_M / 2.0)
        _, row = self._tree.query(_unit(lat_deg, lon_deg), distance_upper_bound=reach)
        return np.asarray(row, dtype=np.intp)

    def inside(self, lat_deg: Array, lon_deg: Array) -> NDArray[np.bool_]:
        """Where the nation's layers know the place."""
        return np.asarray(self.rows(lat_deg, lon_deg) < len(self.layers.cells))

    def column(self, name: str, lat_deg: Array, lon_deg: Array) -> Array:
        """A column of the cells at places.

        Raises
        ------
        RabtaError
            For the first place that is in no cell.
        """
        row = self.rows(lat_deg, lon_deg)
        if (row >= len(self.layers.cells)).any():
            first = int(np.argmax(row >= len(self.layers.cells)))
            place = f"{float(lat_deg[first]):g}, {float(lon_deg[first]):g}"
            raise RabtaError(
                f"no cell of {self.nation.name} within {FARTHEST_KM:g} km of a place",
                key=name,
                value=place,
                expected="a place inside the nation",
            )
        return self.layers.cells[name].to_numpy(np.float64)[row]

    def ground_m(self, lat_deg: Array, lon_deg: Array) -> Array:
        """Height of the ground; the sea's, 0, outside the nation."""
        row = self.rows(lat_deg, lon_deg)
        height = np.append(self.layers.cells["elevation_m"].to_numpy(np.float64), 0.0)
        return np.asarray(height[row])

    def climate(self, lat_deg: Array, lon_deg: Array, height_m: Array) -> Climate:
        """Climate of places, at the height of their antennas; of places abroad from the ITU's maps.

        Raises
        ------
        RabtaError
            For a place abroad where the package with the maps is not installed.
        """
        at_home = self.inside(lat_deg, lon_deg)
        values = np.empty((len(CLIMATE), len(lat_deg)))
        for i, name in enumerate(CLIMATE):
            values[i, at_home] = self.column(name, lat_deg[at_home], lon_deg[at_home])
        if not at_home.all():
            away = ~at_home
            ground = np.zeros(int(away.sum()))
            found = climate.of_points(lat_deg[away], lon_deg[away] % 360.0, ground)
            values[:, away] = [found[name] for name in CLIMATE]
        above = np.maximum(height_m - self.ground_m(lat_deg, lon_deg), 0.0)
        for name in ("vapour_g_m3", "vapour_kg_m2"):
            values[CLIMATE.index(name)] *= np.exp(-above / VAPOUR_SCALE_M)
        return Climate(lat_deg, height_m / 1e3, *values)


def _unit(lat_deg: Array, lon_deg: Array) -> Array:
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
