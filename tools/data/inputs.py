"""Reading the raw public inputs: polygons, census tables, rasters."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

PROVINCES = {
    "Balochistan": "Balochistan",
    "ICT": "Islamabad",
    "KP": "Khyber Pakhtunkhwa",
    "Punjab": "Punjab",
    "Sindh": "Sindh",
}
DISTRICT_NAMES = {"ICT": "Islamabad", "Malakand Protected Area": "Malakand"}
POLYGON_DISTRICTS = {  # names of the polygons' districts that differ from the 2023 census
    "Central Karachi": "Karachi Central",
    "Chitral Lower": "Lower Chitral",
    "Chitral Upper": "Upper Chitral",
    "D. I. Khan": "Dera Ismail Khan",
    "Darel": "Diamir",
    "East Karachi": "Karachi East",
    "Gupis-Yasin": "Ghizer",
    "Kohistan Lower": "Lower Kohistan",
    "Kohistan Upper": "Upper Kohistan",
    "Korangi Karachi": "Korangi",
    "Lehri": "Sibi",
    "Leiah": "Layyah",
    "Malir Karachi": "Malir",
    "Rondu": "Skardu",
    "Shaheed Benazir Abad": "Shaheed Benazirabad",
    "Shaheed Sikandarabad": "Surab",
    "South Karachi": "Karachi South",
    "Tangir": "Diamir",
    "Tor Ghar": "Torghar",
    "West Karachi": "Karachi West",
}


@dataclass(frozen=True)
class Raster:
    """A grid in longitude and latitude; row 0 is the northernmost.

    Attributes
    ----------
    west, north : float
        Outer corner of the first cell, degrees.
    step : float
        Size of a cell, degrees.
    """

    grid: NDArray[Any]
    west: float
    north: float
    step: float

    def nearest(self, lat: ArrayLike, lon: ArrayLike) -> NDArray[Any]:
        """Value of the cell that holds each point; points outside take the edge."""
        row = np.floor((self.north - np.asarray(lat)) / self.step).astype(np.int64)
        col = np.floor((np.asarray(lon) - self.west) / self.step).astype(np.int64)
        rows, cols = self.grid.shape
        return np.asarray(self.grid[np.clip(row, 0, rows - 1), np.clip(col, 0, cols - 1)])

    def bilinear(self, lat: ArrayLike, lon: ArrayLike) -> NDArray[np.float32]:
        """Value between the four nearest cell centres; points outside take the edge."""
        rows, cols = self.grid.shape
        y = np.clip((self.north - np.asarray(lat)) / self.step - 0.5, 0.0, rows - 1.001)
        x = np.clip((np.asarray(lon) - self.west) / self.step - 0.5, 0.0, cols - 1.001)
        i, j = y.astype(np.int32), x.astype(np.int32)
        fy, fx = (y - i).astype(np.float32), (x - j).astype(np.float32)
        z = self.grid
        top = z[i, j] * (1 - fx) + z[i, j + 1] * fx
        bottom = z[i + 1, j] * (1 - fx) + z[i + 1, j + 1] * fx
        return np.asarray(top * (1 - fy) + bottom * fy, dtype=np.float32)


@dataclass(frozen=True)
class Inputs:
    """A folder of the raw inputs, as named in ``LICENSES-DATA``."""

    folder: Path

    def table(self, name: str) -> pd.DataFrame:
        """A Parquet table by its path without the suffix."""
        return pd.read_parquet(self.folder / f"{name}.parquet")

    def sha256(self, name: str) -> str:
        """Hash of a raw file."""
        return hashlib.sha256((self.folder / name).read_bytes()).hexdigest()

    def polygons(self) -> gpd.GeoDataFrame:
        """The 577 tehsil polygons with the census name of their district."""
        frame = gpd.read_parquet(self.folder / "adm3.parquet")
        names = frame["admin2Name_en"].map(lambda name: POLYGON_DISTRICTS.get(name, name))
        out = gpd.GeoDataFrame(
            {"pcode": frame["admin3Pcode"], "name": frame["admin3Name_en"], "district": names},
            geometry=frame.geometry,
            crs=frame.crs,
        )
        return out.sort_values("pcode").reset_index(drop=True)

    def country(self) -> gpd.GeoDataFrame:
        """The polygons of the provinces and territories: the land that cells cover."""
        return gpd.read_parquet(self.folder / "adm1.parquet")

    def terrain(self) -> Raster:
        """Terrain height in metres, 30 arc-seconds."""
        import tifffile  # needed only to build

        with tifffile.TiffFile(self.folder / "globe_dem_30s.tif") as file:
            page = file.pages.first
            tags = page.tags
            step = float(tags["ModelPixelScaleTag"].value[0])
            tie = tags["ModelTiepointTag"].value
            return Raster(page.asarray().astype(np.float32), float(tie[3]), float(tie[4]), step)

    def land_cover(self) -> Raster:
        """IGBP land-cover class, 0.05 degree; the window starts at 60.5 E, 37.1 N."""
        values = np.load(self.folder / "pk_landcover_005.npz")["arr_0"]
        return Raster(values, 60.5, 37.1, 0.05)

    def flood(self) -> NDArray[Any]:
        """Polygons of the land under water from 25 to 31 August 2022, parts of 1 km2 and more."""
        return np.asarray(gpd.read_parquet(self.folder / "flood2022.parquet").geometry, dtype=object)

    def towns(self) -> pd.DataFrame:
        """Populated places with a population, largest first."""
        frame = self.table("geonames_pk")
        frame = frame[frame["population"] > 0]
        return frame.sort_values(["population", "geonameid"], ascending=[False, True]).reset_index(drop=True)


def districts(inputs: Inputs) -> pd.DataFrame:
    """The 136 districts of the 2023 census: province, district, people, households."""
    frame = inputs.table("census2023/PakPC2023PakDist")
    return pd.DataFrame(
        {
            "province": frame["Region"].map(PROVINCES),
            "district": frame["District"].map(lambda name: DISTRICT_NAMES.get(name, name)),
            "people": frame["Pop2023"].astype(np.int64),
            "households": frame["Households"].astype(np.float64),
        }
    )
