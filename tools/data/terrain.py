"""Terrain: fine points inside the cells, the polygon that holds each, their height and relief."""

from __future__ import annotations

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import ndimage, spatial
from tools.data.grid import RESOLUTION
from tools.data.inputs import Array, Raster

KM_PER_DEG = 111.195
EARTH_M = 6_371_008.8
AZIMUTHS = 36
RAYS = 5  # rays inside an azimuth bin; the bin takes their mean
EYE_M = 2.0
FARTHEST_KM = 200.0
RINGS = 3  # cells round a point outside every cell among which its own is looked for


def points(
    dem: Raster, names: NDArray[np.uint64], polygons: gpd.GeoDataFrame, country: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Centres of the terrain grid inside the country: row of the cell, polygon, place and height.

    A point in none of the polygons (a sliver between them) goes to the nearest, one whose cell has its
    centre abroad to the nearest cell of the country. A polygon that holds no grid centre gets the centres of
    the cells that it covers, or an inner point of its own; a cell without a point gets its own centre.
    """
    lat, lon = _axes(dem)
    held = _held(lat, lon, polygons, country)
    i, j = np.nonzero(held >= 0)
    frame = pd.DataFrame({"lat": lat[i], "lon": lon[j], "polygon": held[i, j].astype(np.int64)})
    frame = frame.assign(row=_rows(frame["lat"].to_numpy(), frame["lon"].to_numpy(), names))
    frame = pd.concat([frame[frame["row"] >= 0], _missing(frame, names, polygons)], ignore_index=True)
    i = np.floor((dem.north - frame["lat"].to_numpy()) / dem.step).astype(np.int64)
    j = np.floor((frame["lon"].to_numpy() - dem.west) / dem.step).astype(np.int64)
    return frame.assign(i=i, j=j, height_m=dem.grid[i, j])


def _axes(dem: Raster) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows, cols = dem.grid.shape
    south, east = np.arange(rows, dtype=np.float64), np.arange(cols, dtype=np.float64)
    return dem.north - (south + 0.5) * dem.step, dem.west + (east + 0.5) * dem.step


def _held(
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    polygons: gpd.GeoDataFrame,
    country: gpd.GeoDataFrame,
) -> NDArray[np.int16]:
    """Polygon that holds each grid centre; -1 abroad."""
    held = np.full((len(lat), len(lon)), -1, dtype=np.int16)
    for number, shape in enumerate(polygons.geometry):
        _fill(held, lat, lon, shape, number)
    inside = np.full(held.shape, -1, dtype=np.int16)
    for shape in country.geometry:
        _fill(inside, lat, lon, shape, 0)
    i, j = np.nonzero((inside == 0) & (held < 0))
    tree = shapely.STRtree(polygons.geometry.to_numpy())
    held[i, j] = tree.nearest(shapely.points(lon[j], lat[i]))
    return held


def _fill(
    held: NDArray[np.int16],
    lat: NDArray[np.float64],
    lon: NDArray[np.float64],
    shape: shapely.Geometry,
    number: int,
) -> None:
    west, south, east, north = shape.bounds
    rows, cols = (
        np.flatnonzero((lat >= south) & (lat <= north)),
        np.flatnonzero((lon >= west) & (lon <= east)),
    )
    if len(rows) and len(cols):
        shapely.prepare(shape)
        window = held[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
        found = shapely.contains_xy(shape, lon[cols][None, :], lat[rows][:, None])
        window[found & (window < 0)] = number


def _rows(lat: NDArray[np.float64], lon: NDArray[np.float64], names: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Row of the cell of each place; the nearest cell where the own one has its centre abroad."""
    own = [h3.latlng_to_cell(a, b, RESOLUTION) for a, b in zip(lat.tolist(), lon.tolist(), strict=True)]
    row = row_of(np.asarray(own, dtype=np.uint64), names)
    out = np.flatnonzero(row < 0)
    if len(out):
        row[out] = [_nearest(own[k], lat[k], lon[k], names) for k in out]
    return row


def row_of(wanted: NDArray[np.uint64], names: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Row of each wanted cell among the sorted names; -1 where it is not one."""
    at = np.searchsorted(names, wanted).clip(max=len(names) - 1)
    return np.where(names[at] == wanted, at, -1)


def _nearest(cell: int, lat: float, lon: float, names: NDArray[np.uint64]) -> int:
    near = np.asarray(h3.grid_disk(cell, RINGS), dtype=np.uint64)
    row = row_of(near, names)
    centre = np.asarray([h3.cell_to_latlng(c) for c in near.tolist()])
    north, east = (centre - [lat, lon]).T
    away = np.where(row >= 0, north**2 + (east * np.cos(np.radians(lat))) ** 2, np.inf)
    return int(row[np.argmin(away)])


def _missing(frame: pd.DataFrame, names: NDArray[np.uint64], polygons: gpd.GeoDataFrame) -> pd.DataFrame:
    """Points for the cells and the polygons that hold no grid centre."""
    shapes = polygons.geometry.to_numpy()
    bare = np.setdiff1d(np.arange(len(names)), frame["row"])
    place = np.asarray([h3.cell_to_latlng(c) for c in names[bare].tolist()]).reshape(-1, 2)
    near = shapely.STRtree(shapes).nearest(shapely.points(place[:, ::-1]))
    own = pd.DataFrame({"lat": place[:, 0], "lon": place[:, 1], "polygon": near, "row": bare})
    rest = np.setdiff1d(np.arange(len(shapes)), np.concatenate([frame["polygon"], own["polygon"]]))
    inner = shapely.get_coordinates(shapely.point_on_surface(shapes[rest]))[:, ::-1]
    added = pd.DataFrame({"lat": inner[:, 0], "lon": inner[:, 1], "polygon": rest})
    return pd.concat([own, added.assign(row=_rows(inner[:, 0], inner[:, 1], names))])


def nearest_point(points: pd.DataFrame, towns: pd.DataFrame) -> NDArray[np.int64]:
    """Point of the terrain grid nearest to each town."""
    tree = spatial.KDTree(plane_km(points["lat"].to_numpy(), points["lon"].to_numpy()))
    return np.asarray(tree.query(plane_km(towns["latitude"].to_numpy(), towns["longitude"].to_numpy()))[1])


def plane_km(lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places on a plane, kilometres; true north to south, and east to west at 30 degrees."""
    return KM_PER_DEG * np.column_stack([lat, lon * np.cos(np.radians(30.0))])


def above_valley_m(dem: Raster) -> NDArray[np.float32]:
    """Height above the lowest ground within about 7 km: small on plains and valley floors."""
    lowest = ndimage.minimum_filter(dem.grid, size=15, mode="nearest")
    return np.asarray(dem.grid - lowest, dtype=np.float32)


def horizon_deg(dem: Raster, lat: Array, lon: Array) -> NDArray[np.float32]:
    """Elevation angle of the terrain horizon, one column per azimuth bin of 10 degrees from north.

    The observer stands 2 m above the terrain. Sphere without refraction: seen from height h0, ground of
    height h at the arc s has the elevation atan2((R + h) cos(s) - (R + h0), (R + h) sin(s)). Steps grow from
    1 km to 1.5 % of the distance, to 200 km; the angle is not taken below 0.
    """
    eye = dem.bilinear(lat, lon).astype(np.float64) + EYE_M
    out = np.zeros((len(lat), AZIMUTHS), dtype=np.float32)
    for azimuth in range(AZIMUTHS):
        offsets = (np.arange(RAYS) - (RAYS - 1) / 2) * (360 / AZIMUTHS / RAYS)
        rays = [_ray(dem, lat, lon, eye, azimuth * 360 / AZIMUTHS + offset) for offset in offsets]
        out[:, azimuth] = np.mean(rays, axis=0)
    return out


def _ray(dem: Raster, lat: Array, lon: Array, eye: Array, azimuth_deg: float) -> Array:
    best = np.zeros(len(lat))
    phi, az = np.radians(lat), np.radians(azimuth_deg)
    for distance in _distances_m():
        arc = distance / EARTH_M
        sin_target = np.sin(phi) * np.cos(arc) + np.cos(phi) * np.sin(arc) * np.cos(az)
        shift = np.arctan2(np.sin(az) * np.sin(arc) * np.cos(phi), np.cos(arc) - np.sin(phi) * sin_target)
        there_lat, there_lon = np.degrees(np.arcsin(sin_target)), lon + np.degrees(shift)
        far = EARTH_M + dem.bilinear(there_lat, there_lon).astype(np.float64)  # 32 bits lose half a metre
        angle = np.arctan2(far * np.cos(arc) - (EARTH_M + eye), far * np.sin(arc))
        np.maximum(best, np.where(_inside(dem, there_lat, there_lon), angle, 0.0), out=best)
    return np.degrees(best)


def _inside(dem: Raster, lat: Array, lon: Array) -> NDArray[np.bool_]:
    rows, cols = dem.grid.shape
    return np.asarray(
        (lat <= dem.north)
        & (lat >= dem.north - rows * dem.step)
        & (lon >= dem.west)
        & (lon <= dem.west + cols * dem.step)
    )


def _distances_m() -> list[float]:
    found, distance = [], 1_000.0
    while distance <= FARTHEST_KM * 1e3:
        found.append(distance)
        distance += max(1_000.0, 0.015 * distance)
    return found
