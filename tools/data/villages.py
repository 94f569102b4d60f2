"""Rural localities: their sizes by unit, and random but repeatable ways to put them on the ground.

No register gives the position of the country's 46,697 rural localities. Their number and people by size class
are known for each unit (Table 3), and the sizes inside a class from the villages of 2017. A placement orders
the points of a unit along a Z-order curve, cuts the curve into as many stretches of equal weight as there are
localities (systematic sampling with unequal probabilities, which keeps them apart), and gives each stretch
one locality. How much of a locality lives in its main settlement, and how much in hamlets over its land, is
not known: the share is drawn evenly from 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tools.data import census
from tools.data.census import RURAL, RURAL_CLASSES
from tools.data.inputs import Array, Inputs
from tools.data.people import Pairs
from tools.data.towns import letters

MAIN = 6_000.0  # most people of a main settlement on one point: 9,000 a km2 on 0.7 km2
LARGEST = 60_000  # of a rural locality taken from the list of 2017


def sizes(inputs: Inputs, units: pd.DataFrame) -> tuple[NDArray[np.int64], Array]:
    """Unit and people of every inhabited rural locality, in the order of the units.

    Inside a class the localities of a unit have the quantiles of its district's villages of 2017 (of the
    nation's where there are fewer than three), scaled to the people of the class.
    """
    classes = census.rural_classes(inputs).set_index(["district", "unit"])
    pool = _pool(inputs)
    unit_of, people_of = [], []
    for row, (district, unit, rural) in enumerate(
        zip(units["district"], units["unit"], units["people"] - units["urban"], strict=True)
    ):
        found = (
            _of_unit(classes.loc[(district, unit)], pool, letters(district))
            if rural > 0 and (district, unit) in classes.index
            else np.zeros(0)
        )
        if rural > 0:
            found = found if found.sum() > 0 else np.asarray([float(rural)])
            people_of.append(found * (rural / found.sum()))
            unit_of.append(np.full(len(found), row))
    return np.concatenate(unit_of), np.concatenate(people_of)


def _of_unit(row: pd.Series, pool: dict[tuple[str, str], Array], district: str) -> Array:
    made = []
    for name in RURAL:
        count, people = int(row[name]), float(row[f"{name}_people"])
        if count > 0 and people > 0:
            near = pool.get((district, name), np.zeros(0))
            shape = near if len(near) >= 3 else pool["", name]
            drawn = np.quantile(shape, (np.arange(count) + 0.5) / count)
            made.append(drawn * (people / drawn.sum()))
    return np.concatenate(made) if made else np.zeros(0)


def _pool(inputs: Inputs) -> dict[tuple[str, str], Array]:
    """Villages of 2017 by district and size class; the nation's under an empty district."""
    raw = inputs.table("villages2017")
    raw = raw[~raw["PatwarCircle"].str.startswith("CHARGE") & (raw["p"] > 0) & (raw["p"] < LARGEST)]
    names, least = RURAL[::-1], [size for _, size in RURAL_CLASSES.values()][::-1]
    size = np.asarray(names)[np.searchsorted(least, raw["p"], side="right") - 1]
    district = raw["District"].str.replace(" DISTRICT", "", regex=False).map(letters)
    people = raw["p"].astype(float)
    out = {("", str(k)): np.asarray(v, dtype=np.float64) for k, v in people.groupby(size)}
    return out | {
        (str(d), str(k)): np.asarray(v, dtype=np.float64) for (d, k), v in people.groupby([district, size])
    }


@dataclass(frozen=True)
class Curve:
    """Pairs in the order of their unit and, inside it, of a Z-order curve over the land.

    Attributes
    ----------
    order : ndarray of int, shape (pair,)
    first : ndarray of int, shape (unit + 1,)
        Where each unit starts in that order.
    """

    order: NDArray[np.int64]
    first: NDArray[np.int64]


def curve(where: Pairs, points: pd.DataFrame, count: int) -> Curve:
    """Order of the pairs of ``count`` units."""
    key = _interleaved(points["i"].to_numpy(), points["j"].to_numpy())
    order = np.lexsort((key[where.point], where.unit))
    return Curve(order, np.searchsorted(where.unit[order], np.arange(count + 1)))


def _interleaved(i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.int64]:
    out = np.zeros(len(i), dtype=np.int64)
    for bit in range(12):
        out |= ((i >> bit) & 1) << (2 * bit + 1) | ((j >> bit) & 1) << (2 * bit)
    return out


def settled(
    along: Curve,
    where: Pairs,
    weight: Array,
    unit: NDArray[np.int64],
    people: Array,
    rng: np.random.Generator,
) -> Array:
    """One placement of the localities.

    Parameters
    ----------
    weight : ndarray, shape (pair,)
        Rural weights.
    unit, people : ndarray, shape (locality,)
        Unit of each locality, ascending, and its people.

    Returns
    -------
    ndarray, shape (pair,)
        People of each pair; the sum over a unit is that of its localities.
    """
    count = len(along.first) - 1
    number = np.bincount(unit, minlength=count)
    start = np.cumsum(number) - number
    people = people[np.lexsort((rng.random(len(unit)), unit))]
    kept = np.minimum(rng.random(len(unit)), MAIN / people)  # share in the main settlement
    ordered, at = weight[along.order], where.unit[along.order]
    run = through(ordered, at, count)
    offset = rng.random(count)
    middle = run - 0.5 * ordered / np.bincount(at, ordered, minlength=count)[at]
    stretch = (np.floor(middle * number[at] + offset[at]).astype(np.int64)) % np.maximum(number[at], 1)
    of = np.minimum(start[at] + stretch, len(unit) - 1)
    out = np.where(number[at] > 0, ordered * (people * (1.0 - kept))[of], 0.0)
    land = np.bincount(of, np.where(number[at] > 0, ordered, 0.0), minlength=len(unit))
    out /= np.maximum(land[of], 1e-300)
    inside = (np.arange(len(unit)) - start[unit] + rng.random(len(unit)) - offset[unit]) / number[unit]
    main = np.searchsorted(run + at, unit + inside % 1.0)
    np.add.at(out, np.minimum(main, along.first[unit + 1] - 1), people * np.where(land > 0, kept, 1.0))
    back = np.empty(len(out))
    back[along.order] = out
    return back


def through(weight: Array, unit: NDArray[np.int64], count: int) -> Array:
    """Share of its unit's weight up to and with each pair; pairs in the order of the units."""
    total = np.bincount(unit, weight, minlength=count)
    running = np.cumsum(weight / np.maximum(total, 1e-300)[unit])
    before = np.concatenate([[0.0], np.cumsum(np.bincount(unit, minlength=count) > 0)])[:-1]
    return np.asarray(np.clip(running - before[unit], 0.0, 1.0))
