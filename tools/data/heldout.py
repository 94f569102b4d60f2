"""Towns foretold without their counts: how good the placement is where it has not been told the answer.

The districts are dealt into ten folds. For the towns of a fold all of this is withheld: their rows of Table
2 (2023 and 2017), the urban people of their districts' units (Tables 1 and 5), from which a town alone in its
unit would follow, and the people that GeoNames lists, which for half of the towns are the census count.

- *People withheld*: the position stays. The unit's urban share is that of its wards in the 2017 census, which
  names no town, times the growth of that share in the other folds; its towns divide the urban people in
  proportion to the usual size, in the other folds, of a town of their body (corporation, committee) that is
  or is not the unit's seat. (A first rule, seat and equal others, gave 25.8 % where this one gives 21.4 %.)
- *People and position withheld*: the town is no longer listed; its people are then the surface's people
  within two radii of it (a radius is that of a town of 9,000 people a km2, at least 1 km).

Nothing else in the placement was chosen by these errors.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import spatial
from tools.data import people, placement, terrain
from tools.data.inputs import Array, Inputs
from tools.data.towns import letters

FOLDS = 10
SEED = 7


def folds(units: pd.DataFrame) -> NDArray[np.int64]:
    """Fold of each unit: all units of a district share it."""
    key = (units["province"] + "/" + units["district"]).to_numpy()
    names = np.unique(key)
    dealt = np.random.default_rng(SEED).permutation(len(names)) % FOLDS
    return np.asarray(dealt[np.searchsorted(names, key)])


def urban_share_2017(inputs: Inputs, units: pd.DataFrame) -> Array:
    """Share of the 2017 people of each unit in urban wards, by the unit's name, else by its district's."""
    raw = inputs.table("villages2017")
    wards = raw["p"].where(raw["PatwarCircle"].str.startswith("CHARGE"), 0)
    raw = raw.assign(
        district=raw["District"].str.replace(" DISTRICT", "", regex=False).map(letters),
        tehsil=raw["Tehsil"]
        .str.replace(r" (TEHSIL|SUB-DIVISION|TALUKA|SUB-TEHSIL|TOWN)$", "", regex=True)
        .map(letters),
        urban=wards,
    )
    own, whole = (raw.groupby(keys)[["urban", "p"]].sum() for keys in (["district", "tehsil"], "district"))
    share = (own["urban"] / own["p"]).to_dict()
    of_district = (whole["urban"] / whole["p"]).to_dict()
    nation = float(wards.sum() / raw["p"].sum())
    keys = zip(units["district"].map(letters), units["unit"].map(letters), strict=True)
    return np.asarray([share.get(key, of_district.get(key[0], nation)) for key in keys], dtype=np.float64)


def foretold_urban(units: pd.DataFrame, share_2017: Array, train: NDArray[np.bool_]) -> Array:
    """Urban people of every unit from the 2017 share and what the training units show of its growth."""
    total, urban = (units[name].to_numpy(dtype=np.float64) for name in ("people", "urban"))
    was, now = share_2017 > 0, urban > 0
    growth = np.median((urban / total / np.where(was, share_2017, 1.0))[train & was & now])
    new = np.median((urban / total)[train & now])  # a unit whose first town was declared after 2017
    return np.asarray(total * np.clip(np.where(was, share_2017 * growth, new), 0.0, 1.0))


def divided(localities: pd.DataFrame, units: pd.DataFrame, urban: Array, train: NDArray[np.bool_]) -> Array:
    """People of each locality: its unit's urban people divided by the usual size of localities of its kind.

    The kinds are the body that governs it, and whether it is the seat that the unit is named after; the usual
    size is the median of the training localities of the kind.

    Parameters
    ----------
    localities : DataFrame
        As of `towns.localities`; one that spans units takes all urban people of each.
    """
    alone = (localities["units"].map(len) == 1).to_numpy()
    unit = np.asarray([held[0] if held else 0 for held in localities["units"]])
    name = units["unit"].map(letters).to_numpy()
    seat = localities["name"].to_numpy() == name[unit]
    kind = 2 * localities["body"].to_numpy() + seat
    usual = localities["people"][alone & train[unit]].groupby(kind[alone & train[unit]]).median()
    size = np.where(alone, usual.reindex(kind).fillna(usual.median()).to_numpy(), 0.0)
    whole = np.bincount(unit, size, minlength=len(units))[unit]
    spans = np.asarray([urban[list(held)].sum() for held in localities["units"]])
    return np.where(alone, size / np.maximum(whole, 1e-300) * urban[unit], spans)


def table(
    inputs: Inputs, units: pd.DataFrame, listed: pd.DataFrame, localities: pd.DataFrame, land: people.Land
) -> pd.DataFrame:
    """One row a town of known count and place: census, and both predictions."""
    towns = listed[listed["counted"] & (listed["units"].map(len) > 0)].reset_index(drop=True)
    first = towns["units"].map(lambda held: held[0]).to_numpy()
    fold, share = folds(units), urban_share_2017(inputs, units)
    predicted, unplaced = np.zeros(len(towns)), np.zeros(len(towns))
    for k in range(FOLDS):
        out = fold[first] == k
        urban = foretold_urban(units, share, fold != k)
        predicted[out] = divided(localities, units, urban, fold != k)[towns["locality"]][out]
        held = units.assign(urban=np.where(fold == k, urban, units["urban"]))
        kept = listed[~listed["geonameid"].isin(towns.loc[out, "geonameid"])]
        unplaced[out] = within(land.points, surface(held, kept, land), towns[out])
    return pd.DataFrame(
        {
            "name": towns["name"],
            "province": units["province"].to_numpy()[first],
            "lat": towns["latitude"],
            "lon": towns["longitude"],
            "census": towns["population"].astype(np.int64),
            "predicted": predicted.round().astype(np.int64),
            "predicted_unplaced": unplaced.round().astype(np.int64),
            "fold": fold[first].astype(np.int8),
        }
    )


def surface(units: pd.DataFrame, listed: pd.DataFrame, known: people.Land) -> Array:
    """Expected people of each point where only ``listed`` places and the people of ``units`` are known."""
    kind = replace(known.kind, remote=placement.remote(known.points, listed))
    land, _ = people.land(kind, units, known.walk, known.points, listed)
    both = people.expected(land.where, people.weights(land, units, listed), people.counts(units, listed))
    total = np.bincount(land.where.point, both[0] + both[1], minlength=len(land.points))
    return np.asarray(total, dtype=np.float64)


def within(points: pd.DataFrame, amount: Array, towns: pd.DataFrame) -> Array:
    """People of the points within two radii of each town."""
    tree = spatial.KDTree(terrain.plane_km(points["lat"].to_numpy(), points["lon"].to_numpy()))
    radius = np.maximum(1.0, np.sqrt(towns["population"].to_numpy() / (np.pi * placement.TOWN_DENSITY_KM2)))
    centre = terrain.plane_km(towns["latitude"].to_numpy(), towns["longitude"].to_numpy())
    near = tree.query_ball_point(centre, 2.0 * radius)
    return np.asarray([amount[held].sum() for held in near])


def median_error(frame: pd.DataFrame, column: str = "predicted") -> float:
    """Median of the absolute relative error."""
    return float(np.median(np.abs(frame[column] / frame["census"] - 1.0)))
