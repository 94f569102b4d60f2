"""What stands where: sites and people of districts, and how much of them a flood of any scale covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.transport.hazards.sources import Flood

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
LEVELS = np.arange(-14.0, 14.01, 0.25)  # binary logarithm of the scale against the flood of 2022


@dataclass(frozen=True)
class Exposure:
    """Districts in the order of their names.

    Attributes
    ----------
    districts, provinces : list of str, length district
    lat_deg, lon_deg, sites, people : ndarray, shape (district,)
        Middle of the people; cell sites; people where there is mobile service today.
    hills : ndarray of bool, shape (district,)
        Where floods are flash floods.
    wet_km2, wet_sites, wet_people : ndarray, shape (district, level)
        Land, sites and people under water at each scale of `LEVELS`.
    flooded_sites : ndarray, shape (district,)
        Sites on the land that was under water in 2022.
    extent_km2 : dict of str to float
        Land under water in 2022 by province.
    """

    districts: list[str]
    provinces: list[str]
    lat_deg: F8
    lon_deg: F8
    sites: F8
    people: F8
    hills: NDArray[np.bool_]
    wet_km2: F8
    wet_sites: F8
    wet_people: F8
    flooded_sites: F8
    extent_km2: dict[str, float]


def exposure(cells: pd.DataFrame, flood: Flood) -> Exposure:
    """Districts of the cells table."""
    names, row = np.unique(cells["district"].astype(str).to_numpy(), return_inverse=True)
    size = len(names)
    pick = [int(np.flatnonzero(row == d)[0]) for d in range(size)]
    provinces = [str(cells["province"].iloc[i]) for i in pick]
    column = {name: cells[name].to_numpy(np.float64) for name in _COLUMNS}
    covered = column["people"] * (cells["mobile_today"].astype(str).to_numpy() != "none")
    ease = _ease(column, flood)
    weight = column["people"] + 1e-6  # a district without people has a middle too
    total = np.bincount(row, weight, size)
    rough = np.bincount(row, weight * column["rough_m"], size) / total
    wet = column["flooded_2022_share"]
    area = np.bincount(row, wet * column["area_km2"], size)
    return Exposure(
        districts=[str(name) for name in names],
        provinces=provinces,
        lat_deg=np.bincount(row, weight * column["lat_deg"], size) / total,
        lon_deg=np.bincount(row, weight * column["lon_deg"], size) / total,
        sites=_sums(row, column["sites"], size),
        people=_sums(row, covered, size),
        hills=rough > float(flood.entry["flash"]["rough_m"]),
        wet_km2=_curves(row, size, column["area_km2"], ease),
        wet_sites=_curves(row, size, column["sites"], ease),
        wet_people=_curves(row, size, covered, ease),
        flooded_sites=_sums(row, wet * column["sites"], size),
        extent_km2={p: float(area[[q == p for q in provinces]].sum()) for p in sorted(set(provinces))},
    )


_COLUMNS = (
    "lat_deg",
    "lon_deg",
    "area_km2",
    "people",
    "sites",
    "rough_m",
    "elevation_m",
    "flooded_2022_share",
)


def _sums(row: NDArray[np.int64], amount: F8, size: int) -> F8:
    return np.bincount(row, amount, size).astype(np.float64)


def _ease(column: dict[str, F8], flood: Flood) -> F8:
    """Share of each cell that a flood like that of 2022 takes."""
    pattern: dict[str, Any] = flood.entry["pattern"]
    plain = (column["elevation_m"] < float(pattern["floor_elevation_m"])) & (
        column["rough_m"] < float(pattern["floor_rough_m"])
    )
    return np.maximum(column["flooded_2022_share"], np.where(plain, float(pattern["floor"]), 0.0))


def _curves(row: NDArray[np.int64], size: int, amount: F8, ease: F8) -> F8:
    """Amount under water by district and scale: each cell drowns in proportion, up to the whole."""
    found = [np.bincount(row, amount * np.minimum(ease * scale, 1.0), size) for scale in 2.0**LEVELS]
    return np.stack(found, axis=1)


def under_water(curves: F8, scale: F8) -> F8:
    """Amount under water in each district at its scale, shape (draw, district), by linear interpolation."""
    step = LEVELS[1] - LEVELS[0]
    place = np.clip((np.log2(np.maximum(scale, 2.0**-40)) - LEVELS[0]) / step, 0.0, LEVELS.size - 1.0)
    low = np.minimum(place.astype(np.int64), LEVELS.size - 2)
    district = np.arange(curves.shape[0])[None, :]
    below, above = curves[district, low], curves[district, low + 1]
    return np.asarray(below + (above - below) * (place - low))


def scales(curves: F8, pattern: F8, area_km2: F8) -> F8:
    """Scale of each flood that makes it as large as drawn, at most nearly all that can flood.

    Parameters
    ----------
    curves : ndarray, shape (district, level)
        Land under water.
    pattern : ndarray, shape (draw, district)
        Relative strength of the districts.
    area_km2 : ndarray, shape (draw,)

    Returns
    -------
    ndarray, shape (draw,)
    """
    low, high = np.full(area_km2.size, -14.0), np.full(area_km2.size, 14.0)
    wanted = np.minimum(area_km2, 0.95 * curves[:, -1].sum())
    for _ in range(30):
        middle = (low + high) / 2.0
        enough = under_water(curves, pattern * (2.0**middle)[:, None]).sum(axis=1) >= wanted
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return np.asarray(2.0 ** ((low + high) / 2.0))
