"""People of each census unit on the terrain points of its polygons, and from there in the cells.

A point belongs to one polygon and through it to every unit that shares the polygon. Each unit places its own
people on its own points, so the people of a unit never leave its polygons, and a cell on a border gets
people of every unit whose points lie in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from tools.data import census, placement
from tools.data.inputs import Array

TOWN_SHUT = 1_500.0  # people per km2 of towns at which ground holds half of its rural people
LEAST = 1e-6  # of the other urban weight: keeps a town's people where its kernel misses its unit


@dataclass(frozen=True)
class Pairs:
    """Every point beside every unit that may use it.

    Attributes
    ----------
    point, unit : ndarray of int, shape (pair,)
        Rows of the terrain points and of the census units.
    """

    point: NDArray[np.int64]
    unit: NDArray[np.int64]


def land(
    kind: placement.Classes,
    units: pd.DataFrame,
    walk: pd.DataFrame,
    points: pd.DataFrame,
    towns: pd.DataFrame,
) -> tuple[Land, placement.Factors]:
    """The ground with its suitability, fitted over the areas, the smallest land whose people are known.

    Parameters
    ----------
    towns : DataFrame
        Listed places; only they may be looked at.
    """
    _, total, district = areas(units, walk)
    mountain = placement.mountain_relief(kind, towns["point"].to_numpy())
    factors = placement.rural_factors(kind, area_of(points, walk), total, district, mountain)
    return Land(points, walk, pairs(points, walk), kind.weight(factors), kind), factors


def area_of(points: pd.DataFrame, walk: pd.DataFrame) -> NDArray[np.int64]:
    """Area of each point, through its polygon."""
    area = walk.drop_duplicates("polygon").set_index("polygon")["area"].sort_index().to_numpy()
    return np.asarray(area[points["polygon"].to_numpy()], dtype=np.int64)


def areas(units: pd.DataFrame, walk: pd.DataFrame) -> tuple[NDArray[np.int64], Array, NDArray[np.int64]]:
    """Area of each unit; rural people and district of each area."""
    of_unit = walk.drop_duplicates("row").sort_values("row")["area"].to_numpy()
    rural = np.bincount(of_unit, units["people"] - units["urban"]).astype(np.float64)
    district = np.zeros(len(rural), dtype=np.int64)
    district[of_unit] = (units["province"] + units["district"]).factorize()[0]
    return of_unit, rural, district


def pairs(points: pd.DataFrame, walk: pd.DataFrame) -> Pairs:
    """Points beside the units of their polygon."""
    held = walk.sort_values(["polygon", "row"])
    polygon = points["polygon"].to_numpy()
    count = np.bincount(held["polygon"], minlength=int(polygon.max()) + 1)
    first = np.cumsum(count) - count
    times = count[polygon]
    point = np.repeat(np.arange(len(points)), times)
    member = np.arange(len(point)) - np.repeat(np.cumsum(times) - times, times)
    return Pairs(point, held["row"].to_numpy()[first[polygon[point]] + member])


@dataclass(frozen=True)
class Land:
    """The ground on which the units place their people.

    Attributes
    ----------
    points, walk : DataFrame
        Terrain points, and the cross-walk of units and polygons.
    good : ndarray, shape (point,)
        Rural suitability.
    kind : Classes
        Class of each point.
    """

    points: pd.DataFrame
    walk: pd.DataFrame
    where: Pairs
    good: Array
    kind: placement.Classes


@dataclass(frozen=True)
class Weights:
    """Weight of each pair, inside its unit, for three kinds of people; shape (pair,).

    Attributes
    ----------
    rural, towns, rest : ndarray
        Of rural people, of towns whose position is known, and of the other urban people.
    """

    rural: Array
    towns: Array
    rest: Array


@dataclass(frozen=True)
class Counts:
    """People of each unit by the same three kinds; shape (unit,)."""

    rural: Array
    towns: Array
    rest: Array


def counts(units: pd.DataFrame, towns: pd.DataFrame) -> Counts:
    """Rural people; urban people in towns of known position; other urban people.

    A city that spans units takes all the urban people of each of them.
    """
    total, urban = (units[name].to_numpy(dtype=np.float64) for name in ("people", "urban"))
    known = np.zeros(len(units))
    for people, held in zip(towns["population"], towns["units"], strict=True):
        for unit in held:
            known[unit] += people if len(held) == 1 else np.inf
    known = np.minimum(known, urban)
    return Counts(total - urban, known, urban - known)


def weights(land: Land, units: pd.DataFrame, towns: pd.DataFrame, wider: float = 1.0) -> Weights:
    """Weights of the pairs where the listed places are ``towns``, their radii times ``wider``.

    Where the census counts no town in a unit, a listed place is one of its villages; where it does, rural
    people keep off the ground of towns.
    """
    density = placement.town_density(land.points, towns, land.kind.built, wider)
    known = np.asarray([len(held) > 0 for held in towns["units"]])
    where, good = land.where, land.good[land.where.point]
    pull = _pull(where, density[known], towns[known], land.walk)
    other = _pull(where, density[~known], towns[~known], land.walk)
    ground, any_town = placement.RURAL_KM2 * good, (units["urban"].to_numpy() > 0)[where.unit]
    rest = other + np.where(land.kind.built, placement.SUBURB_KM2, 0.0)[where.point]
    shut = 1.0 + (pull + rest) / TOWN_SHUT
    rest = rest + placement.RURAL_KM2 * good**2
    rural = np.where(any_town, ground / shut, ground + other)
    return Weights(rural, pull + LEAST * rest, rest)


def expected(where: Pairs, weight: Weights, count: Counts) -> tuple[Array, Array]:
    """Expected rural and urban people of each pair."""
    rural, towns, rest = (
        placement.spread(getattr(weight, kind), where.unit, getattr(count, kind))
        for kind in ("rural", "towns", "rest")
    )
    return rural, towns + rest


def _pull(where: Pairs, density: sparse.csr_array, towns: pd.DataFrame, walk: pd.DataFrame) -> Array:
    """People per square kilometre that towns would put on each pair.

    Where units share a polygon, a town that the census counts in some of them pulls only those.
    """
    everyone = np.asarray(density.sum(axis=0)).ravel()
    out = everyone[where.point]
    for unit, barred in _barred(towns, walk).items():
        mine = where.unit == unit
        foreign = np.asarray(density[barred].sum(axis=0)).ravel()
        out[mine] -= foreign[where.point[mine]]
    return np.asarray(np.maximum(out, 0.0))


def _barred(towns: pd.DataFrame, walk: pd.DataFrame) -> dict[int, list[int]]:
    """Towns that belong to other units of a unit's polygons."""
    sharers: dict[int, set[int]] = {}
    for members in walk.groupby("polygon")["row"].agg(set):
        for unit in members:
            sharers.setdefault(unit, set()).update(members - {unit})
    owned = [set(units) for units in towns["units"]]
    found = {
        unit: [k for k, held in enumerate(owned) if unit not in held and held & others]
        for unit, others in sharers.items()
        if others
    }
    return {unit: barred for unit, barred in found.items() if barred}


def apportion(where: Pairs, row: NDArray[np.int64], amount: Array, people: NDArray[np.int64]) -> pd.DataFrame:
    """Whole people of each unit in each of its cells; the sums over a unit are exact.

    Parameters
    ----------
    row : ndarray, shape (point,)
        Row of the cell of each point.
    amount : ndarray, shape (pair,)
        Expected people.
    people : ndarray, shape (unit,)
        Counted people.
    """
    found = sparse.coo_array((amount, (where.unit, row[where.point])), (len(people), int(row.max()) + 1))
    table = found.tocsr()
    table.sum_duplicates()
    parts = []
    for unit, total in enumerate(people):
        lo, hi = table.indptr[unit], table.indptr[unit + 1]
        whole = census.share_out(table.data[lo:hi], int(total))
        parts.append(pd.DataFrame({"cell_row": table.indices[lo:hi], "tehsil_row": unit, "people": whole}))
    out = pd.concat(parts, ignore_index=True)
    out = out[out["people"] > 0].sort_values(["cell_row", "tehsil_row"], ignore_index=True)
    return out.astype({"cell_row": np.uint32, "tehsil_row": np.uint16, "people": np.int32})


def owners(shares: pd.DataFrame, where: Pairs, row: NDArray[np.int64]) -> NDArray[np.int64]:
    """Unit with most of each cell's people, or with most of its points where nobody lives."""
    land = pd.DataFrame({"cell_row": row[where.point], "tehsil_row": where.unit}).value_counts()
    by_land = land.reset_index().drop_duplicates("cell_row").set_index("cell_row")["tehsil_row"]
    out = by_land.sort_index().to_numpy().copy()
    most = shares.sort_values(["people", "tehsil_row"], ascending=[False, True]).drop_duplicates("cell_row")
    out[most["cell_row"].to_numpy()] = most["tehsil_row"].to_numpy()
    return out
