"""How far the people of a cell may be from what is shipped: many placements that the inputs allow alike.

Each member moves what is not known:

- rural localities: their places, their order by size, the share in the main settlement (`villages.settled`);
- the ground's suitability: a factor for each H3 cell of resolution 5 (253 km2), lognormal, as uncertain as
  the fitted factors are for tehsils that the fit has not seen (`unseen`; the split of a tehsil is taken to be
  as uncertain as that of a district);
- towns of known place: their radius, a third more or less;
- urban localities of unknown place: drawn by the urban weights of the ground.

The standard error of a cell is the root mean square of the members' difference from the shipped people.
"""

from __future__ import annotations

from dataclasses import dataclass

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse, spatial
from tools.data import people, placement, terrain, villages
from tools.data.inputs import Array, Inputs
from tools.data.people import Counts, Land, Weights, area_of, areas

MEMBERS = 24
SEED = 20231
COARSE = 5
RADII = (0.75, 1.0, 1.33)
FOLDS = 5


@dataclass(frozen=True)
class Unknowns:
    """What the members share.

    Attributes
    ----------
    land, weight, count
        As for the expected people.
    localities : tuple of ndarray
        Unit and people of the rural localities; see `villages.sizes`.
    lost : tuple of ndarray
        Unit and people of the urban localities of unknown place.
    spread : float
        Standard deviation of the logarithm of the ground's factor.
    pulls : list of ndarray, shape (pair,)
        Weights of the towns of known place, one a radius.
    """

    land: Land
    weight: Weights
    count: Counts
    localities: tuple[NDArray[np.int64], Array]
    lost: tuple[NDArray[np.int64], Array]
    spread: float
    pulls: list[Array]


def unseen(
    kind: placement.Classes,
    units: pd.DataFrame,
    walk: pd.DataFrame,
    points: pd.DataFrame,
    towns: NDArray[np.int64],
) -> tuple[Array, Array]:
    """Rural people of each area foretold from its district's total by factors fitted to other districts.

    Parameters
    ----------
    towns : ndarray of int
        Point under each listed town.

    Returns
    -------
    guess, true : ndarray
        Of the areas that have rural people and are not alone in their district.
    """
    _, total, district = areas(units, walk)
    of = area_of(points, walk)
    mountain = placement.mountain_relief(kind, towns)
    guess = np.zeros(len(total))
    for fold in range(FOLDS):
        out = district % FOLDS == fold
        factors = placement.rural_factors(kind, of, np.where(out, 0.0, total), district, mountain)
        share = np.bincount(of, kind.weight(factors), minlength=len(total))
        whole = np.bincount(district, share)[district]
        guess[out] = (share / whole * np.bincount(district, total)[district])[out]
    several = (np.bincount(district, total > 0)[district] > 1) & (total > 0)
    return guess[several], total[several]


def log_spread(guess: Array, true: Array) -> float:
    """Standard deviation of the logarithm of the error, from its quartiles."""
    low, high = np.quantile(np.log(guess / true), [0.25, 0.75])
    return float((high - low) / 1.349)


def unknowns(
    inputs: Inputs, land: Land, units: pd.DataFrame, listed: pd.DataFrame, census: pd.DataFrame, spread: float
) -> Unknowns:
    """What is unknown where the listed places are ``listed``; ``census`` is `towns.localities`."""
    count = people.counts(units, listed)
    return Unknowns(
        land=land,
        weight=people.weights(land, units, listed),
        count=count,
        localities=villages.sizes(inputs, units),
        lost=lost_localities(census, listed, count),
        spread=spread,
        pulls=[people.weights(land, units, listed, wider).towns for wider in RADII],
    )


def lost_localities(
    census: pd.DataFrame, towns: pd.DataFrame, count: Counts
) -> tuple[NDArray[np.int64], Array]:
    """Unit and people of the urban localities without a place; scaled to the urban people left in the unit.

    Parameters
    ----------
    census : DataFrame
        As of `towns.localities`.
    towns : DataFrame
        Listed places; ``counted`` ones have the name of their locality.
    """
    placed = set(towns.loc[towns["counted"], "locality"])
    rest = census[~census.index.isin(placed) & (census["units"].map(len) == 1)]
    unit = np.asarray([held[0] for held in rest["units"]], dtype=np.int64)
    amount = rest["people"].to_numpy(dtype=np.float64)
    bare = np.setdiff1d(np.flatnonzero(count.rest > 0), unit)
    unit, amount = np.concatenate([unit, bare]), np.concatenate([amount, count.rest[bare]])
    order = np.argsort(unit, kind="stable")
    unit, amount = unit[order], amount[order]
    sums = np.bincount(unit, amount, minlength=len(count.rest))
    return unit, amount * (count.rest / np.maximum(sums, 1e-300))[unit]


def members(unknowns: Unknowns, cells: NDArray[np.uint64], number: int = MEMBERS) -> Array:
    """People of each cell in each placement, shape (member, cell)."""
    parent = np.unique([h3.cell_to_parent(c, COARSE) for c in cells.tolist()], return_inverse=True)[1]
    where, points = unknowns.land.where, unknowns.land.points
    at = points["row"].to_numpy()[where.point]
    along = villages.curve(where, points, len(unknowns.count.rural))
    near = _Near.of(unknowns)
    out = np.zeros((number, len(cells)))
    for k in range(number):
        rng = np.random.default_rng([SEED, k])
        ground = np.exp(unknowns.spread * rng.standard_normal(parent.max() + 1))[parent][at]
        amount = villages.settled(along, where, unknowns.weight.rural * ground, *unknowns.localities, rng)
        radius = rng.integers(len(unknowns.pulls), size=len(unknowns.count.towns))[where.unit]
        pull = np.choose(radius, unknowns.pulls)
        amount += placement.spread(pull, where.unit, unknowns.count.towns)
        amount += _lost(unknowns, along, ground, near, rng)
        out[k] = np.bincount(at, amount, minlength=len(cells))
    return out


@dataclass(frozen=True)
class _Near:
    """Points near a point, and the pair of a unit and a point."""

    tree: spatial.KDTree
    pair: sparse.csr_array

    @classmethod
    def of(cls, unknowns: Unknowns) -> _Near:
        points, where = unknowns.land.points, unknowns.land.where
        plane = terrain.plane_km(points["lat"].to_numpy(), points["lon"].to_numpy())
        number = np.arange(1, len(where.unit) + 1)  # 0 means none
        return cls(spatial.KDTree(plane), sparse.csr_array((number, (where.unit, where.point))))

    def pairs(self, unit: int, point: int, within_km: float) -> tuple[NDArray[np.int64], Array]:
        """Pairs of a unit round a point, and the square of their distance from it in km2."""
        found = self.tree.query_ball_point(self.tree.data[point], within_km)
        held = self.pair[[unit], :][:, sorted(found)].tocoo()
        at = np.asarray(sorted(found))[held.col]
        return held.data - 1, ((self.tree.data[at] - self.tree.data[point]) ** 2).sum(axis=1)


def _lost(
    unknowns: Unknowns, along: villages.Curve, ground: Array, near: _Near, rng: np.random.Generator
) -> Array:
    """Put each urban locality of unknown place on a point of its unit and on the points round it."""
    where, (unit, amount) = unknowns.land.where, unknowns.lost
    weight = (unknowns.weight.rest * ground)[along.order]
    run = villages.through(weight, where.unit[along.order], len(along.first) - 1)
    drawn = np.searchsorted(run + where.unit[along.order], unit + rng.random(len(unit)))
    seat = where.point[along.order[np.minimum(drawn, along.first[unit + 1] - 1)]]
    out = np.zeros(len(where.unit))
    radius = np.maximum(1.0, np.sqrt(amount / (np.pi * placement.TOWN_DENSITY_KM2)))
    for town in range(len(unit)):
        mine, square = near.pairs(int(unit[town]), int(seat[town]), 2.0 * radius[town])
        shape = np.exp(-square / radius[town] ** 2)
        out[mine] += amount[town] * shape / shape.sum()
    return out


def sigma(drawn: Array, shipped: Array) -> Array:
    """Root mean square of the members' difference from the shipped people, shape (cell,)."""
    return np.asarray(np.sqrt(np.mean((drawn - shipped) ** 2, axis=0)))
