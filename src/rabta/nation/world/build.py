"""Cells of a country: where its people live, modelled from towns, land cover and terrain.

The people of the listed towns are put around them; the rest of the country's people on the land between, in
proportion to a weight of its cover and slope. Nothing here is a census.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.geo import ecef_from_geodetic, great_circle_m
from rabta.nation import climate
from rabta.nation.world import sources

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Index = NDArray[np.int64]

MOST_CELLS = 25_000
CELL_KM2 = {4: 1770.35, 5: 252.90, 6: 36.13}  # mean area, H3 documentation, "Tables of cell statistics"
TOWN_DENSITY_KM2 = 9_000.0  # sets the radius of a town from its people, as in the Pakistan layers
URBAN_LEAST = 20_000  # places with fewer people count as villages
# Rural people per land of each IGBP class beside cropland; rounded from the fit to Pakistan's census units.
COVER_WEIGHT = np.array([0.02, *[0.15] * 5, *[0.2] * 4, 0.2, 0.3, 1.0, 2.0, 0.8, 0.005, 0.06])
FALL_M = 250.0  # a height range inside a cell that divides the weight by e
FIBRE_TOWN = 50_000  # towns of so many people are taken to have fibre
DISTRICTS = 200
ROUTE_FACTOR = 1.2  # cable route over straight distance (cost book, fibre_detour)


@dataclass(frozen=True)
class Assumed:
    """What no package knows; each value is written into the layers' record.

    Attributes
    ----------
    household_size, school_age_share, grid_share : float
        People in a household; share aged 5 to 16; share of households on the grid.
    cellular_percent, broadband_percent : float
        Share of people under any cellular coverage today, and under 3G or 4G.
    """

    household_size: float = 4.0
    school_age_share: float = 0.21
    grid_share: float = 0.9
    cellular_percent: float = 0.0
    broadband_percent: float = 0.0


@dataclass(frozen=True)
class Points:
    """Sample points (children of the cells) with the row of their cell."""

    row: Index
    lat_deg: Array
    lon_deg: Array
    cover: Index
    height_m: Array


def resolution_for(area_km2: float) -> int:
    """Finest H3 resolution from 4 to 6 that needs no more than `MOST_CELLS` cells."""
    return next((r for r in (6, 5) if area_km2 / CELL_KM2[r] <= MOST_CELLS), 4)


def cell_names(land: sources.Country, towns: pd.DataFrame, resolution: int | None) -> list[str]:
    """Cells whose centre lies in the country, and those of its towns (on coasts and islets)."""
    import h3

    if resolution is None:
        resolution = resolution_for(len(h3.geo_to_cells(land.outline, 4)) * CELL_KM2[4])
    lived_in = [h3.latlng_to_cell(*at, resolution) for at in towns[["lat_deg", "lon_deg"]].to_numpy()]
    return sorted({*h3.geo_to_cells(land.outline, resolution), *lived_in})


def sample(names: list[str]) -> Points:
    """The seven children of each cell with cover and height."""
    import h3

    finer = h3.get_resolution(names[0]) + 1
    pairs = [(row, child) for row, name in enumerate(names) for child in h3.cell_to_children(name, finer)]
    row = np.asarray([r for r, _ in pairs], dtype=np.int64)
    lat, lon = np.asarray([h3.cell_to_latlng(c) for _, c in pairs], dtype=np.float64).T
    return Points(row, lat, lon, sources.land_cover(lat, lon), sources.height_m(lat, lon))


def place(points: Points, towns: pd.DataFrame, people: int, count: int) -> tuple[NDArray[np.int64], Array]:
    """People of each cell, whole and exact in sum, and the share of them in towns.

    Parameters
    ----------
    towns : DataFrame
        lat_deg, lon_deg and people of places that lie in the country.
    """
    listed = float(towns["people"].sum())
    factor = min(1.0, people / listed) if listed > 0 else 1.0
    big = towns["people"].to_numpy() >= URBAN_LEAST
    urban = _around(points, towns[big], factor, count)
    villages = _around(points, towns[~big], factor, count)
    rest = max(people - factor * listed, 0.0)
    rural = villages + rest * _rural(points, count)
    everyone = urban + rural
    whole = share_out(everyone, people)
    share = np.divide(urban, everyone, out=np.zeros(count), where=everyone > 0)
    return whole, np.clip(share, 0.0, 1.0)


def share_out(weights: Array, total: int) -> NDArray[np.int64]:
    """Whole numbers in proportion to weights, with this very sum (largest remainder).

    Examples
    --------
    >>> share_out(np.array([1.0, 1.0, 1.0]), 10).tolist()
    [4, 3, 3]
    """
    exact = weights / weights.sum() * total
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return np.asarray(whole)


def _rural(points: Points, count: int) -> Array:
    """Share of the rural people in each cell."""
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, points.row, points.height_m)
    np.maximum.at(high, points.row, points.height_m)
    weight = COVER_WEIGHT[np.clip(points.cover, 0, len(COVER_WEIGHT) - 1)]
    total = np.bincount(points.row, weight, minlength=count) * np.exp(-(high - low) / FALL_M)
    return np.asarray(total / total.sum()) if total.sum() > 0 else np.full(count, 1.0 / count)


def _around(points: Points, towns: pd.DataFrame, factor: float, count: int) -> Array:
    """People of the towns over the points near them: a Gaussian whose radius follows from the people."""
    from scipy.spatial import cKDTree

    out = np.zeros(count)
    tree = cKDTree(ecef_from_geodetic(points.lat_deg, points.lon_deg) / 1e3)
    at = ecef_from_geodetic(towns["lat_deg"], towns["lon_deg"]) / 1e3
    for centre, people in zip(at, towns["people"].to_numpy(dtype=np.float64) * factor, strict=True):
        radius = max(1.0, float(np.sqrt(people / (np.pi * TOWN_DENSITY_KM2))))
        near = tree.query_ball_point(centre, 2.5 * radius) or [int(tree.query(centre)[1])]
        away = np.linalg.norm(tree.data[near] - centre, axis=1)
        weight = np.exp(-((away / radius) ** 2)) + 1e-12
        np.add.at(out, points.row[near], people * weight / weight.sum())
    return out


def cells(land: sources.Country, towns: pd.DataFrame, names: list[str], known: Assumed) -> pd.DataFrame:
    """The table of cells, every column explicit; see ``schema/tables/cells.csv``."""
    import h3
    import pandas as pd

    points, count = sample(names), len(names)
    people, urban = place(points, towns, land.people, count)
    lat, lon = np.asarray([h3.cell_to_latlng(c) for c in names], dtype=np.float64).T
    mean = np.bincount(points.row, points.height_m) / np.bincount(points.row)
    spread = np.bincount(points.row, points.height_m**2) / np.bincount(points.row) - mean**2
    nearest = _nearest_town(lat, lon, towns)
    columns: dict[str, Any] = {
        "cell": names,
        "lat_deg": lat,
        "lon_deg": lon,
        "area_km2": [h3.cell_area(c, unit="km^2") for c in names],
        "province": [f"{land.name}, region {towns['region'].iloc[i] or '?'}" for i in nearest],
        "district": towns["name"].to_numpy()[nearest],
        "tehsil": towns["name"].to_numpy()[nearest],
        "people": people,
        "census_year": np.full(count, land.year),
        "households": people / known.household_size,
        "urban_share": urban,
        "school_age": people * known.school_age_share,
        "elevation_m": mean,
        "rough_m": np.sqrt(np.maximum(spread, 0.0)),
        "grid_share": np.full(count, known.grid_share),
        "backbone_km": _fibre_km(lat, lon, towns),
        **climate.of_points(lat, lon, mean),
    }
    frame = pd.DataFrame(columns)
    return frame.assign(
        mobile_today=covered(people, frame["area_km2"].to_numpy(), known), fixed_today_share=0.0
    )


def covered(people: NDArray[np.int64], area_km2: Array, known: Assumed) -> NDArray[np.object_]:
    """Mobile service today: the densest cells first, up to the shares of the people that are given."""
    best = np.full(len(people), "none", dtype=object)
    order = np.argsort(-people / area_km2, kind="stable")
    reached = 100.0 * (np.cumsum(people[order]) - people[order] / 2) / max(int(people.sum()), 1)
    best[order[reached <= known.cellular_percent]] = "2g"
    best[order[reached <= known.broadband_percent]] = "4g"
    return best


def _nearest_town(lat: Array, lon: Array, towns: pd.DataFrame) -> Index:
    """Row of the nearest of the largest towns, which names the district."""
    from scipy.spatial import cKDTree

    head = towns.head(DISTRICTS)
    tree = cKDTree(ecef_from_geodetic(head["lat_deg"], head["lon_deg"]))
    return np.asarray(tree.query(ecef_from_geodetic(lat, lon))[1], dtype=np.int64)


def _fibre_km(lat: Array, lon: Array, towns: pd.DataFrame) -> Array:
    """Cable-route distance to the nearest town that is taken to have fibre."""
    from scipy.spatial import cKDTree

    big = towns[towns["people"] >= FIBRE_TOWN] if (towns["people"] >= FIBRE_TOWN).any() else towns.head(1)
    a, b = big["lat_deg"].to_numpy(), big["lon_deg"].to_numpy()
    near = cKDTree(ecef_from_geodetic(a, b)).query(ecef_from_geodetic(lat, lon))[1]
    return ROUTE_FACTOR * great_circle_m(lat, lon, a[near], b[near]) / 1e3
