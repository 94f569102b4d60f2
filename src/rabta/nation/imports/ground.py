"""Where features lie on the cells of a nation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.geo import great_circle_m
from rabta.nation import hexes
from rabta.nation.layers import Layers

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
Objects = NDArray[np.object_]

STEPS_A_CELL = 8  # samples of a line over the width of a cell
MARGIN_DEG = 0.1
EARTH_KM = 6_371.0088


@dataclass(frozen=True)
class Route:
    """A line over the cells: rows in order, and how far along the line the middle of each lies, km."""

    rows: Rows
    at_km: Array


@dataclass(frozen=True)
class Ground:
    """The cells of a nation as targets of an import."""

    layers: Layers

    @cached_property
    def _order(self) -> Rows:
        return np.argsort(self.layers.index, kind="stable").astype(np.int64)

    @cached_property
    def _ordered(self) -> hexes.Index:
        return self.layers.index[self._order]

    @cached_property
    def levels(self) -> list[int]:
        """Resolutions of the cells, finest first."""
        return sorted({*hexes.resolution(self.layers.index).tolist()}, reverse=True)

    @cached_property
    def place(self) -> Array:
        """Longitude and latitude of each cell's people, shape (cell, 2)."""
        return np.asarray(self.layers.cells[["lon_deg", "lat_deg"]].to_numpy(), dtype=np.float64)

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north edge around the cells."""
        low, high = self.place.min(axis=0) - MARGIN_DEG, self.place.max(axis=0) + MARGIN_DEG
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def find(self, index: hexes.Index) -> Rows:
        """Row of each H3 index; -1 where the nation has no such cell."""
        at = np.minimum(np.searchsorted(self._ordered, index), len(self._ordered) - 1)
        return np.where(self._ordered[at] == index, self._order[at], -1).astype(np.int64)

    def of_points(self, lon: Array, lat: Array) -> tuple[Rows, NDArray[np.bool_]]:
        """Row of the cell that holds each point, and whether it is the cell next to the point's own.

        Borders and coasts cut through cells; a point in a cell that is not the nation's goes to the nearest
        neighbour that is. Row -1 is outside.
        """
        import h3

        row = np.full(len(lon), -1, dtype=np.int64)
        near = (lon >= self.box[0]) & (lat >= self.box[1]) & (lon <= self.box[2]) & (lat <= self.box[3])
        for level in self.levels:
            open_ = np.flatnonzero(near & (row < 0))
            cells = [
                h3.latlng_to_cell(y, x, level)
                for x, y in zip(lon[open_].tolist(), lat[open_].tolist(), strict=True)
            ]
            row[open_] = self.find(hexes.numbers(cells))
        left = np.flatnonzero(near & (row < 0))
        for at in left.tolist():
            row[at] = self._beside(float(lon[at]), float(lat[at]))
        moved = np.zeros(len(lon), dtype=bool)
        moved[left] = row[left] >= 0
        return row, moved

    def _beside(self, lon: float, lat: float) -> int:
        import h3

        ring = h3.grid_disk(h3.latlng_to_cell(lat, lon, self.levels[0]), 1)
        rows = self.find(hexes.numbers(ring))
        rows = rows[rows >= 0]
        if not len(rows):
            return -1
        away = great_circle_m(self.place[rows, 1], self.place[rows, 0], lat, lon)
        return int(rows[int(np.argmin(away))])

    def in_polygons(self, polygons: Objects) -> tuple[Rows, Rows]:
        """Pairs of polygon and cell whose people's centre lies inside it."""
        import shapely

        tree = shapely.STRtree(shapely.points(self.place))
        shape, cell = tree.query(polygons, predicate="covers")
        return shape.astype(np.int64), cell.astype(np.int64)

    def along(self, line: Any) -> Route:
        """Cells under a line, in order, with the distance along it; the ends keep the line's whole length."""
        import shapely

        width = 2.0 * self._edge_km() / STEPS_A_CELL / 111.2
        lon, lat = shapely.get_coordinates(shapely.segmentize(line, width)).T
        far = np.concatenate([[0.0], np.cumsum(great_circle_m(lat[1:], lon[1:], lat[:-1], lon[:-1]) / 1e3)])
        row, _ = self.of_points(lon, lat)
        inside = row >= 0
        row, far = row[inside], far[inside]
        if not len(row):
            return Route(row, far)
        first = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]]))
        last = np.concatenate([first[1:], [len(row)]]) - 1
        at = (far[first] + far[last]) / 2.0
        at[0], at[-1] = (far[0], far[-1]) if len(at) > 1 else (at[0], at[-1])
        return Route(row[first], at)

    def _edge_km(self) -> float:
        import h3

        return float(h3.average_hexagon_edge_length(self.levels[0], unit="km"))

    def sphere(self) -> Array:
        """Places of the cells on a sphere, km, shape (cell, 3)."""
        lon, lat = np.radians(self.place).T
        flat = np.cos(lat)
        return EARTH_KM * np.stack([flat * np.cos(lon), flat * np.sin(lon), np.sin(lat)], axis=1)
