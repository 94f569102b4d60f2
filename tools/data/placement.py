"""Where people live inside a unit: towns for the urban, land cover and relief for the rural.

The rural weights are estimated, not chosen: among the units of a district, the rural people divide in
proportion to the sum of a density over the ground of each unit, one density for each class of land cover and
height above the valley. The densities maximise the multinomial likelihood of the census (every district
counts the same), by the minorise-maximise step ``w *= sum(y a / s) / sum(Y A / S)``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tools.data.inputs import Array, Raster

COVER = np.array([0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5, 4, 6, 7])  # IGBP class to group
COVER_NAMES = ("water", "forest", "shrub and savanna", "grass", "crop", "urban", "snow", "barren")
RELIEF_M = np.array([40.0, 150.0, 500.0, 1200.0])  # height above the lowest ground within 7 km
TOWN_DENSITY_KM2 = 9_000.0  # sets the radius of a town from its people
SUBURB_KM2 = 1_500.0  # urban weight of built-up ground away from any listed town
KM_PER_DEG = 111.195
CLASSES = len(COVER_NAMES) * (len(RELIEF_M) + 1)


def ground_class(points: pd.DataFrame, cover: Raster, above_m: NDArray[np.float32]) -> NDArray[np.int64]:
    """Class of land cover and relief of each point."""
    kind = COVER[cover.nearest(points["lat"], points["lon"]).astype(np.int64)]
    relief = np.digitize(above_m[points["i"], points["j"]], RELIEF_M)
    return np.asarray(kind * (len(RELIEF_M) + 1) + relief, dtype=np.int64)


def rural_density(
    kind: NDArray[np.int64], unit: NDArray[np.int64], people: Array, district: NDArray[np.int64]
) -> Array:
    """Relative density of each ground class.

    Parameters
    ----------
    kind, unit : ndarray, shape (point,)
        Ground class and unit of each point.
    people, district : ndarray, shape (unit,)
        Rural people and district of each unit.
    """
    area = np.zeros((len(people), CLASSES))
    np.add.at(area, (unit, kind), 1.0)
    total = np.bincount(district, people)
    share = np.divide(people, total[district], out=np.zeros(len(people)), where=total[district] > 0)
    whole = np.zeros((len(total), CLASSES))
    np.add.at(whole, district, area)
    active = (total > 0).astype(np.float64)
    prior = 0.5 * area.sum(axis=0) / area.sum()  # half a district of evidence for "all ground alike"
    weight = np.ones(CLASSES)
    for _ in range(400):
        up = weight * (area.T @ (share / np.maximum(area @ weight, 1e-9))) + prior
        down = whole.T @ (active / np.maximum(whole @ weight, 1e-9)) + prior
        weight = np.divide(up, down, out=np.zeros(CLASSES), where=down > 1e-12)
    return np.asarray(np.maximum(weight / weight.max(), 1e-4))


def town_weight(points: pd.DataFrame, towns: pd.DataFrame, built: NDArray[np.bool_]) -> Array:
    """People per square kilometre that the listed towns would put on each point."""
    lat, lon = points["lat"].to_numpy(), points["lon"].to_numpy()
    out = np.where(built, SUBURB_KM2, 0.0)
    order = np.argsort(lat, kind="stable")
    sorted_lat = lat[order]
    for town in towns.itertuples():
        radius = max(1.0, float(np.sqrt(town.population / (np.pi * TOWN_DENSITY_KM2))))
        reach = 3.5 * radius / KM_PER_DEG
        lo, hi = np.searchsorted(sorted_lat, [town.latitude - reach, town.latitude + reach])
        near = order[lo:hi]
        east = (lon[near] - town.longitude) * np.cos(np.radians(town.latitude))
        square = ((lat[near] - town.latitude) ** 2 + east**2) * KM_PER_DEG**2
        shape = np.exp(-square / radius**2) * np.where(square < (3.5 * radius) ** 2, 1.0, 0.0)
        out[near] += town.population / (np.pi * radius**2) * shape * np.where(built[near], 3.0, 1.0)
    return np.asarray(out)


def spread(weight: Array, unit: NDArray[np.int64], people: Array) -> Array:
    """People of each point, in proportion to the weights inside each unit."""
    total = np.bincount(unit, weight, minlength=len(people))
    return np.asarray(weight / np.maximum(total, 1e-300)[unit] * people[unit])
