"""Buildings of a city block: footprints with heights from a file, or a plain grid of streets."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError

Array = NDArray[np.float64]

EARTH_M = 6_371_000.0
LEVEL_M = 3.0  # height of a storey where only their number is given
MOST, TALLEST_M, WIDEST_M = 20_000, 1000.0, 5000.0
CORNERS = 2000
_GRID = re.compile(r"^grid:(\d+)x(\d+)(?:@(\d+(?:\.\d+)?))?$")
GRID = {"block_m": 60.0, "street_m": 20.0, "height_m": 20.0}


@dataclass(frozen=True)
class Blocks:
    """Buildings in local metres, east and north of an origin.

    Attributes
    ----------
    outline : tuple of ndarray, each of shape (corner, 2)
        Counter-clockwise, the first corner not repeated.
    height_m : ndarray, shape (building,)
    origin : tuple of float
        Latitude and longitude of (0, 0); NaN for a made-up block.
    modelled : bool
        True where nobody surveyed it.
    """

    name: str
    outline: tuple[Array, ...]
    height_m: Array
    origin: tuple[float, float]
    modelled: bool

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north, metres."""
        points = np.concatenate(self.outline)
        low, high = points.min(axis=0), points.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def load(text: str) -> Blocks:
    """Blocks as people name them: ``grid:4x3``, ``grid:4x3@25`` (height, m), or a GeoJSON file."""
    if match := _GRID.match(text):
        return grid(int(match[1]), int(match[2]), float(match[3] or GRID["height_m"]))
    path = Path(text)
    if not path.is_file():
        raise RabtaError(
            "no such city block", key="scene", value=text,
            expected="a GeoJSON file of footprints, grid:COLUMNSxROWS[@HEIGHT], or a scene of sionna-rt",
        )  # fmt: skip
    return read(path)


def grid(columns: int, rows: int, height_m: float = GRID["height_m"]) -> Blocks:
    """Square blocks with streets between them, its middle at the origin; made up."""
    if not (1 <= columns <= 30 and 1 <= rows <= 30 and 1.0 <= height_m <= TALLEST_M):
        raise RabtaError(
            "no such grid of streets", key="scene", value=f"{columns}x{rows}@{height_m:g}",
            expected="1 to 30 blocks each way, 1 to 1000 m high",
        )  # fmt: skip
    pitch, half = GRID["block_m"] + GRID["street_m"], GRID["block_m"] / 2.0
    square = half * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    middles = [
        pitch * np.array([i - (columns - 1) / 2.0, j - (rows - 1) / 2.0])
        for i in range(columns)
        for j in range(rows)
    ]
    heights = np.full(len(middles), height_m)
    return Blocks(
        f"grid:{columns}x{rows}", tuple(square + m for m in middles), heights, (np.nan, np.nan), True
    )


def read(path: Path) -> Blocks:
    """Footprints from a GeoJSON FeatureCollection of polygons with a height or a number of levels.

    Raises
    ------
    RabtaError
        Where the file is no such collection, or a building is not possible; the feature is named.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise RabtaError(f"cannot read the footprints: {error}", file=path, expected="GeoJSON") from error
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list) or not 1 <= len(features) <= MOST:
        raise RabtaError(
            "no footprints",
            file=path,
            key="features",
            expected=f"a FeatureCollection of 1 to {MOST} polygons",
        )
    found = [piece for row, feature in enumerate(features) for piece in _feature(feature, row, path)]
    rings, heights = [ring for ring, _ in found], np.array([height for _, height in found])
    every = np.concatenate(rings)
    middle = 0.5 * (every.min(axis=0) + every.max(axis=0))
    scale = np.radians(1.0) * EARTH_M * np.array([np.cos(np.radians(middle[1])), 1.0])
    outline = tuple((ring - middle) * scale for ring in rings)
    blocks = Blocks(path.stem, outline, heights, (float(middle[1]), float(middle[0])), False)
    west, south, east, north = blocks.bounds
    if max(east - west, north - south) > WIDEST_M:
        raise RabtaError(
            "footprints too far apart", file=path, key="features",
            value=f"{max(east - west, north - south):.0f} m", expected=f"at most {WIDEST_M:.0f} m across",
        )  # fmt: skip
    return blocks


def _feature(feature: Any, row: int, path: Path) -> list[tuple[Array, float]]:
    """Outer rings of a feature's polygons, longitude and latitude, and its height."""
    shape = feature.get("geometry") if isinstance(feature, dict) else None
    kind = shape.get("type") if isinstance(shape, dict) else None
    if kind not in {"Polygon", "MultiPolygon"}:
        raise RabtaError(
            "not a footprint", file=path, key=f"features[{row}].geometry", value=kind,
            expected="a Polygon or MultiPolygon",
        )  # fmt: skip
    polygons = shape.get("coordinates") if isinstance(shape, dict) else None
    polygons = [polygons] if kind == "Polygon" else polygons
    height = _height(feature.get("properties"), row, path)
    if not isinstance(polygons, list) or not polygons:
        raise RabtaError("footprint without corners", file=path, key=f"features[{row}].geometry.coordinates")
    return [(_ring(polygon, row, path), height) for polygon in polygons]


def _ring(polygon: Any, row: int, path: Path) -> Array:
    """Outer ring, counter-clockwise, valid; courtyards are built over."""
    import shapely

    key = f"features[{row}].geometry.coordinates"
    try:
        ring = np.asarray([[float(v) for v in point[:2]] for point in polygon[0]], dtype=np.float64)
        shape = shapely.Polygon(ring)
        good = bool(np.isfinite(ring).all()) and shape.is_valid and shape.area > 0.0
    except (TypeError, ValueError, IndexError, KeyError, shapely.errors.ShapelyError) as error:
        raise RabtaError(
            "wrong corners", file=path, key=key, expected="rings of [longitude, latitude]"
        ) from error
    inside = bool((np.abs(ring) <= [180.0, 90.0]).all()) if good else False
    if not good or not inside or len(ring) > CORNERS:
        raise RabtaError(
            "footprint that is no simple polygon", file=path, key=key,
            expected=f"at most {CORNERS} corners in degrees, no crossing",
        )  # fmt: skip
    oriented = shapely.geometry.polygon.orient(shape)
    return np.asarray(oriented.exterior.coords, dtype=np.float64)[:-1, :2]


def _height(properties: Any, row: int, path: Path) -> float:
    """Metres from ``height``, or from ``levels`` or ``building:levels``."""
    given = properties if isinstance(properties, dict) else {}
    for key, unit in (("height", 1.0), ("building:levels", LEVEL_M), ("levels", LEVEL_M)):
        if key in given:
            try:
                value = float(str(given[key]).removesuffix("m").strip()) * unit
            except ValueError:
                value = np.nan
            if not 1.0 <= value <= TALLEST_M:
                raise RabtaError(
                    "wrong height of a building", file=path, key=f"features[{row}].properties.{key}",
                    value=given[key], expected="1 to 1000 m",
                )  # fmt: skip
            return value
    raise RabtaError(
        "building without a height", file=path, key=f"features[{row}].properties",
        expected="height (m), or levels",
    )  # fmt: skip
