"""People of each census unit on the terrain points of its polygons, and from there in the cells.

A point belongs to one polygon and through it to every unit that shares the polygon. Each unit places its own
people on its own points, so the people of a unit never leave its polygons, and a cell on a border gets
people of every unit whose points lie in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from tools.data import census, placement
from tools.data.inputs import Array

TOWN_SHUT = 1_500.0  # people per km2 of towns at which ground holds half of its rural people


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


def suitability(
    kind: placement.Classes,
    units: pd.DataFrame,
    walk: pd.DataFrame,
    points: pd.DataFrame,
    towns: NDArray[np.int64],
    say: Callable[[str], None] = lambda text: None,
) -> Array:
    """Rural suitability of each point, fitted over the areas, whose people are known.

    Parameters
    ----------
    towns : ndarray of int
        Point under each listed town.
    """
    area, total, district = areas(units, walk)
    of_point = walk.drop_duplicates("polygon").set_index("polygon")["area"].reindex(points["polygon"])
    mountain = placement.mountain_relief(kind, towns)
    cover, relief = placement.rural_factors(kind, of_point.to_numpy(), total, district, mountain)
    say(f"land cover {dict(zip(placement.COVER_NAMES, cover.round(3).tolist(), strict=True))}")
    say(f"relief {relief.round(3).tolist()}")
    return kind.weight(cover, relief)


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


def town_pull(
    where: Pairs, density: sparse.csr_array, towns: pd.DataFrame, walk: pd.DataFrame, built: NDArray[np.bool_]
) -> Array:
    """People per square kilometre that towns would put on each pair.

    Where units share a polygon, a town that the census counts in some of them pulls only those.
    """
    everyone = np.asarray(density.sum(axis=0)).ravel() + np.where(built, placement.SUBURB_KM2, 0.0)
    out = everyone[where.point]
    for unit, barred in _barred(towns, walk).items():
        mine = where.unit == unit
        foreign = np.asarray(density[barred].sum(axis=0)).ravel()
        out[mine] -= foreign[where.point[mine]]
    return np.maximum(out, 0.0)


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


def weights(where: Pairs, good: Array, pull: Array, urban: Array) -> tuple[Array, Array]:
    """Weight of each pair for the rural and for the urban people of its unit.

    Parameters
    ----------
    good : ndarray, shape (point,)
        Rural suitability of the ground.
    pull : ndarray, shape (pair,)
        Of towns; see `town_pull`.
    urban : ndarray, shape (unit,)
        Urban people of each unit. Where the census counts no town, a listed place is one of the villages;
        where it does, rural people keep off the ground of towns.
    """
    ground, towns = good[where.point], (urban > 0)[where.unit]
    rural = np.where(towns, placement.RURAL_KM2 * ground / (1.0 + pull / TOWN_SHUT), 0.0)
    rural += np.where(towns, 0.0, placement.RURAL_KM2 * ground + pull)
    return rural, pull + placement.RURAL_KM2 * ground**2


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
