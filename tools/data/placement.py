"""Where people live inside a unit: towns for the urban, land cover and relief for the rural.

The rural weights are estimated, not chosen. Among the units of a district, the rural people divide in
proportion to the sum over the ground of ``cover * relief * remote``, one factor for each group of land cover,
for each class of height above the valley, and for each class of distance to the nearest listed town. The
factors maximise the multinomial likelihood of the census,
every district counting the same, by the minorise-maximise step ``w *= sum(y a / s) / sum(Y A / S)``. Units
are too large to tell a valley floor from its slopes, so in the mountains the relief factors are instead the
number of listed towns over the ground of each class, to a power below one: towns keep to valley floors more
than villages do. The power is the steepest that predicts tehsils left out of the fit as well as any. Ground
counts less from 2,600 m up, and almost nothing above 3,600 m, where the highest villages end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage, sparse, spatial
from tools.data.inputs import Array, Raster
from tools.data.terrain import plane_km

COVER = np.array([0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5, 4, 6, 7])  # IGBP class to group
COVER_NAMES = ("water", "forest", "shrub and savanna", "grass", "crop", "urban", "snow", "barren")
RELIEF_M = np.array([40.0, 150.0, 500.0, 1200.0])  # height above the lowest ground within 7 km
MOUNTAIN_M = 1_500.0  # ground that rises so much above its valleys within 9 km is mountain
REMOTE_KM = np.array([5.0, 10.0, 20.0, 40.0])  # distance to the nearest town of at least so many people:
REMOTE_FROM = 20_000
TOWN_DENSITY_KM2 = 9_000.0  # sets the radius of a town from its people
SUBURB_KM2 = 1_500.0  # urban weight of built-up ground away from any listed town
RURAL_KM2 = 300.0  # density of the best rural ground beside that of towns
KM_PER_DEG = 111.195
CROP = COVER_NAMES.index("crop")
STEPS = len(RELIEF_M) + 1
TOWNS_POWER = 0.35
HIGHEST_M, FALLING_M = 3_600.0, 1_000.0
SUMS = ("uijk,j,k->ui", "uijk,i,k->uj", "uijk,i,j->uk")  # over all classes but those of one kind
PRIOR_DISTRICTS = 0.5  # evidence for "all ground alike" that steadies rare classes


@dataclass(frozen=True)
class Factors:
    """Factor of each class: crop, level lowland and valley floors, and ground beside a town are 1."""

    cover: Array
    relief: Array
    remote: Array


@dataclass(frozen=True)
class Classes:
    """Class of each terrain point.

    Attributes
    ----------
    cover, relief, remote : ndarray of int, shape (point,)
        Group of land cover; relief, mountain classes after the lowland ones; distance to the nearest town.
    ground : ndarray, shape (point,)
        How much the point counts, 1 except on high ground.
    """

    cover: NDArray[np.int64]
    relief: NDArray[np.int64]
    remote: NDArray[np.int64]
    ground: Array

    def weight(self, factors: Factors) -> Array:
        """Density of each point from the factors of its classes."""
        by_class = factors.cover[self.cover] * factors.relief[self.relief] * factors.remote[self.remote]
        return np.asarray(by_class * self.ground)

    @property
    def built(self) -> NDArray[np.bool_]:
        """True on built-up ground."""
        return np.asarray(self.cover == COVER_NAMES.index("urban"))


def remote(points: pd.DataFrame, towns: pd.DataFrame) -> NDArray[np.int64]:
    """Class of each point's distance to the nearest town of `REMOTE_FROM` people."""
    large = towns[towns["population"] >= REMOTE_FROM]
    tree = spatial.KDTree(plane_km(large["latitude"].to_numpy(), large["longitude"].to_numpy()))
    away = tree.query(plane_km(points["lat"].to_numpy(), points["lon"].to_numpy()))[0]
    return np.asarray(np.digitize(away, REMOTE_KM), dtype=np.int64)


def classes(
    points: pd.DataFrame, cover: Raster, above_m: NDArray[np.float32], towns: pd.DataFrame
) -> Classes:
    """Class of land cover, relief and distance to towns of each point."""
    i, j = points["i"].to_numpy(), points["j"].to_numpy()
    mountain = ndimage.maximum_filter(above_m, size=19, mode="nearest") > MOUNTAIN_M
    relief = np.digitize(above_m, RELIEF_M) + STEPS * mountain
    igbp = cover.nearest(points["lat"].to_numpy(), points["lon"].to_numpy()).astype(np.int64)
    height = points["height_m"].to_numpy(dtype=np.float64)
    ground = np.clip((HIGHEST_M - height) / FALLING_M, 0.01, 1.0)
    return Classes(COVER[igbp], np.asarray(relief[i, j], dtype=np.int64), remote(points, towns), ground)


def mountain_relief(kind: Classes, at: NDArray[np.int64]) -> Array:
    """Relief factors in the mountains: towns over ground, the two lowest classes taken together.

    Parameters
    ----------
    at : ndarray of int
        Point nearest to each listed town.
    """
    towns = np.bincount(kind.relief[at], minlength=2 * STEPS)[STEPS:].astype(np.float64)
    land = np.bincount(kind.relief, minlength=2 * STEPS)[STEPS:].astype(np.float64)
    pooled = np.array([towns[:2].sum(), towns[:2].sum(), *towns[2:]])
    ground = np.array([land[:2].sum(), land[:2].sum(), *land[2:]])
    rate = pooled / ground
    return np.asarray((rate / rate[0]) ** TOWNS_POWER)


def rural_factors(
    kind: Classes, unit: NDArray[np.int64], people: Array, district: NDArray[np.int64], mountain: Array
) -> Factors:
    """Factors that make the rural people of the units most likely.

    Parameters
    ----------
    unit : ndarray, shape (point,)
        Unit of each point.
    people, district : ndarray, shape (unit,)
        Rural people and district of each unit.
    mountain : ndarray
        Relief factors in the mountains, kept as they are.
    """
    shape = (len(people), len(COVER_NAMES), 2 * STEPS, len(REMOTE_KM) + 1)
    cell = np.ravel_multi_index((unit, kind.cover, kind.relief, kind.remote), shape)
    area = np.bincount(cell, kind.ground, minlength=int(np.prod(shape))).reshape(shape)
    total = np.bincount(district, people)
    share = np.divide(people, total[district], out=np.zeros(len(people)), where=total[district] > 0)
    whole = np.zeros((len(total), *shape[1:]))
    np.add.at(whole, district, area)
    active = (total > 0).astype(np.float64)
    made = [np.ones(shape[1]), np.concatenate([np.ones(STEPS), mountain]), np.ones(shape[3])]
    for _ in range(200):
        for axis, (first, free) in enumerate(((CROP, shape[1]), (0, STEPS), (0, shape[3]))):
            others = [made[k] for k in range(3) if k != axis]
            parts = [np.einsum(SUMS[axis], land, *others, optimize=True) for land in (area, whole)]
            made[axis][:free] = _step(made[axis], parts[0], parts[1], share, active)[:free]
            made[axis][:free] /= made[axis][first]
    return Factors(*made)


def _step(weight: Array, area: Array, whole: Array, share: Array, active: Array) -> Array:
    prior = PRIOR_DISTRICTS * area.sum(axis=0) / max(float(area.sum()), 1e-12)
    up = weight * (area.T @ (share / np.maximum(area @ weight, 1e-12))) + prior
    down = whole.T @ (active / np.maximum(whole @ weight, 1e-12)) + prior
    return np.asarray(up / np.maximum(down, 1e-12))


def town_density(
    points: pd.DataFrame, towns: pd.DataFrame, built: NDArray[np.bool_], wider: float = 1.0
) -> sparse.csr_array:
    """People per square kilometre that each listed town would put on each point, shape (town, point)."""
    lat, lon = points["lat"].to_numpy(), points["lon"].to_numpy()
    order = np.argsort(lat, kind="stable")
    found: list[tuple[NDArray[np.int64], Array]] = []
    for people, at_lat, at_lon in towns[["population", "latitude", "longitude"]].to_numpy(dtype=np.float64):
        radius = wider * max(1.0, float(np.sqrt(people / (np.pi * TOWN_DENSITY_KM2))))
        reach = 3.5 * radius / KM_PER_DEG
        lo, hi = np.searchsorted(lat, [at_lat - reach, at_lat + reach], sorter=order)
        near = order[lo:hi]
        east = (lon[near] - at_lon) * np.cos(np.radians(at_lat))
        square = ((lat[near] - at_lat) ** 2 + east**2) * KM_PER_DEG**2
        near, square = near[square < (3.5 * radius) ** 2], square[square < (3.5 * radius) ** 2]
        shape = np.exp(-square / radius**2) * np.where(built[near], 3.0, 1.0)
        found.append((near, people / (np.pi * radius**2) * shape))
    start = np.cumsum([0, *(len(near) for near, _ in found)])
    points_of, value = (np.concatenate([pair[k] for pair in found]) for k in (0, 1))
    return sparse.csr_array((value, points_of, start), shape=(len(towns), len(points)))


def spread(weight: Array, unit: NDArray[np.int64], people: Array) -> Array:
    """People of each point, in proportion to the weights inside each unit."""
    total = np.bincount(unit, weight, minlength=len(people))
    return np.asarray(weight / np.maximum(total, 1e-300)[unit] * people[unit])
