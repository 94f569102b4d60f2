"""The terrain layer: heights, radio-climatic zones and refractivity, ``terrain.npz``.

``python -m tools.data.relief`` writes it alone; ``build.py`` writes it after the tables, which it needs.
Heights within 100 km of the country are kept, as whole metres; differences along rows in two planes of bytes
are half as large, compressed, as the heights themselves.
"""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from tools.data.inputs import Array, Inputs, Raster

NAME = "terrain.npz"
MARGIN_KM = 100.0
KM_PER_DEG = 111.195
VOID = -32768
SEA, COAST, INLAND = 1, 3, 4
COAST_KM, COAST_M = 50.0, 100.0  # ITU-R P.1812-7, table 2: coastal land
SCALE_HEIGHT_KM = 7.35  # ITU-R P.453-14, equation (12)


def write(inputs: Inputs, folder: Path) -> Path:
    """Write the layer beside the tables of ``folder``."""
    arrays = layer(inputs, folder)
    path = folder / NAME
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    print(f"terrain    {arrays['low'].shape} points {path.stat().st_size:9d} bytes")
    return path


def layer(inputs: Inputs, folder: Path) -> dict[str, NDArray[np.generic]]:
    """The arrays of the file: byte planes of the row differences, zones, corner and step, refractivity."""
    dem = inputs.terrain()
    heights, zone = np.round(dem.grid).astype(np.int16), zones(dem)
    far = ~near(dem, inputs.country())
    heights[far] = VOID
    zone[far] = 0
    step = np.diff(heights, axis=1, prepend=np.int16(0)).view(np.uint16)
    return {
        "low": (step & 0xFF).astype(np.uint8),
        "high": (step >> 8).astype(np.uint8),
        "zone": zone,
        "grid": np.array([dem.north, dem.west, dem.step]),
        **refractivity(folder),
    }


def zones(dem: Raster) -> NDArray[np.uint8]:
    """Sea, coastal land and inland: the sea is the ground at 0 m that touches the southern edge."""
    label, _ = ndimage.label(dem.grid <= 0.0)
    sea = np.isin(label, np.setdiff1d(label[-1], [0]))
    away = _away_km(dem, ~sea)
    coast = ~sea & (away <= COAST_KM) & (dem.grid <= COAST_M)
    return np.where(sea, SEA, np.where(coast, COAST, INLAND)).astype(np.uint8)


def near(dem: Raster, country: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Points within the margin of the country."""
    rows, cols = dem.grid.shape
    lat = dem.north - (np.arange(rows) + 0.5) * dem.step
    lon = dem.west + (np.arange(cols) + 0.5) * dem.step
    inside = np.zeros(dem.grid.shape, dtype=np.bool_)
    for shape in country.geometry:
        shapely.prepare(shape)
        inside |= shapely.contains_xy(shape, lon[None, :], lat[:, None])
    return np.asarray(_away_km(dem, ~inside) <= MARGIN_KM)


def _away_km(dem: Raster, outside: NDArray[np.bool_]) -> Array:
    """Distance to the nearest point that is not outside; degrees of longitude as at 30 degrees north."""
    side = KM_PER_DEG * dem.step
    return np.asarray(ndimage.distance_transform_edt(outside, (side, side * np.cos(np.radians(30.0)))))


def refractivity(folder: Path) -> dict[str, Array]:
    """Fall of the refractivity over the lowest kilometre and its value at sea level, one pair a tehsil.

    The fall is the median of ITU-R P.453-12 as the itur package has it, at the people of each tehsil. The
    map of P.452 and P.1812 themselves (DN50) is not in the package; on the Greenwich meridian at 51 and 45
    degrees north, where validation files of P.452 tell it, it is 4.2 to 4.3 N-units/km larger. N0 follows
    from the shipped mean temperature, standard pressure and median wet term (3 to 4 N-units more there).
    """
    cells, shares = (pd.read_parquet(folder / f"{name}.parquet") for name in ("cells", "apportionment"))
    climate = pd.read_parquet(folder / "climate.parquet")
    tehsils = pd.read_parquet(folder / "tehsils.parquet")
    unit, weight = shares["tehsil_row"].to_numpy(), shares["people"].to_numpy(np.float64)
    rows = cells.loc[shares["cell_row"], ["lat_deg", "lon_deg", "elevation_m"]].to_numpy(np.float64)
    total = np.bincount(unit, weight, len(tehsils))
    lat, lon, height = (np.bincount(unit, weight * column, len(tehsils)) / total for column in rows.T)
    keys = ["province", "district", "tehsil"]
    air = tehsils[keys].merge(climate, on=keys, how="left", validate="m:1")
    dry = 77.6 * 1013.25 * (1.0 - 2.25577e-5 * height) ** 5.2559 / air["temperature_k"].to_numpy()
    n0 = (dry + air["n_wet"].to_numpy()) * np.exp(height / 1e3 / SCALE_HEIGHT_KM)
    return {
        "places": np.column_stack([lat, lon]).round(3),
        "delta_n": median_fall(lat, lon).round(2),
        "n0": n0.round(1),
    }


def median_fall(lat: Array, lon: Array) -> Array:
    """Median fall over the lowest kilometre (positive), bilinear in the map of 0.75 degrees."""
    import itur
    from scipy.interpolate import RegularGridInterpolator

    maps = Path(itur.__file__).parent / "data" / "453"
    grid = []
    for name in ("v12_lat0d75", "v12_lon0d75", "v12_dn_50d00_v1"):
        with np.load(maps / f"{name}.npz") as file:
            grid.append(file[file.files[0]])
    axes = grid[0][::-1, 0], grid[1][0]
    return -np.asarray(RegularGridInterpolator(axes, grid[2][::-1])(np.column_stack([lat, lon])))


def main() -> int:
    """Write the layer and the records of all layers."""
    from tools.data import build, records

    inputs = Inputs(build.ROOT.parent / "shared" / "data" / "pakistan")
    write(inputs, build.SHIPPED)
    records.write_licences(inputs, build.SHIPPED, build.ROOT / "LICENSES-DATA")
    return 0


if __name__ == "__main__":
    sys.exit(main())
