"""Where the sites and the users of a nation stand: drawn, the same every time, from its finest cells.

The nation's layer says how many sites and people each of its finest cells (5 km2 in Pakistan) has, and
where in the cell its people live; where each stands inside the cell is a model: sites and users are spread
on sunflower spirals around the people's middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.country.rollouts import Carrier, Rollout
from rabta.radio.ntn import field

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]

GOLDEN_TURN = np.pi * (3.0 - np.sqrt(5.0))
GOLDEN_SHARE = (np.sqrt(5.0) - 1.0) / 2.0
EARTH_M = 6_371_000.0
NEIGHBOURS = 8
FARTHEST_M = 10_000.0  # TR 38.901's rural macro loss holds to here
FEWEST, MOST = 2, 12  # users drawn in one of the finest cells
SITES_A_USER = 3.0
URBAN = 0.5  # share of people in urban localities from which a site is an urban one
TILT_SHARE = 0.6  # the beam's axis meets the ground at this part of the way to the cell's edge
TILT_DEG = (1.0, 15.0)
STREAM = 601


@dataclass(frozen=True)
class Sites:
    """Sites of all operators.

    Attributes
    ----------
    lat, lon : ndarray, shape (site,)
        Radians.
    operator, settlement, cell : ndarray of int, shape (site,)
    has_4g, urban : ndarray of bool
    """

    lat: Array
    lon: Array
    operator: Rows
    settlement: Rows
    cell: Rows
    has_4g: Flags
    urban: Flags


@dataclass(frozen=True)
class Users:
    """Points that stand for people.

    Attributes
    ----------
    lat, lon : ndarray, shape (point,)
        Radians.
    people : ndarray, shape (point,)
    cell : ndarray of int
    indoor : ndarray of bool
    """

    lat: Array
    lon: Array
    people: Array
    cell: Rows
    indoor: Flags


def _numbers(count: Rows) -> tuple[Rows, Rows]:
    """Row and number inside the row of every item, for so many items a row."""
    row = np.repeat(np.arange(len(count)), count)
    first = np.repeat(np.cumsum(count) - count, count)
    return row, np.arange(len(row)) - first


def _spread(table: pd.DataFrame, row: Rows, number: Array, count: Rows, turn: float) -> tuple[Array, Array]:
    """Places on a spiral of the settlement's area, the first at its middle."""
    area = np.maximum(table["area_km2"].to_numpy(np.float64), 0.01)[row] * 1e6
    radius = np.sqrt(area / np.pi) * np.sqrt(number / np.maximum(count[row], 1))
    angle = GOLDEN_TURN * number + turn + 2.0 * np.pi * ((row * GOLDEN_SHARE) % 1.0)
    lat = np.radians(table["lat_deg"].to_numpy(np.float64))[row]
    lon = np.radians(table["lon_deg"].to_numpy(np.float64))[row]
    north, east = radius * np.sin(angle), radius * np.cos(angle)
    return lat + north / EARTH_M, lon + east / (EARTH_M * np.cos(lat))


def sites(table: pd.DataFrame, shares: Array) -> Sites:
    """Every site of the table, dealt out to operators by their shares.

    Parameters
    ----------
    table : DataFrame
        The twin's ``settlements``.
    shares : ndarray, shape (operator,)
        Their sum is 1. Consecutive sites go to different operators, as a golden sequence does.
    """
    count = table["sites"].to_numpy(np.int64)
    row, number = _numbers(count)
    lat, lon = _spread(table, row, number.astype(np.float64), count, 0.0)
    turn = (np.arange(len(row)) * GOLDEN_SHARE) % 1.0
    operator = np.searchsorted(np.cumsum(shares)[:-1], turn, side="right")
    urban = table["urban_share"].to_numpy(np.float64)[row] >= URBAN
    with_4g = number < table["sites_4g"].to_numpy(np.int64)[row]
    return Sites(lat, lon, operator, row, table["cell_row"].to_numpy(np.int64)[row], with_4g, urban)


def users(table: pd.DataFrame, rollout: Rollout, seed: int) -> Users:
    """Points for the people of every settlement: more where sites are dense."""
    people = table["people"].to_numpy(np.float64)
    wanted = np.ceil(table["sites"].to_numpy(np.float64) / SITES_A_USER).astype(np.int64)
    count = np.where(people > 0.0, np.clip(wanted, FEWEST, MOST), 0)
    row, number = _numbers(count)
    lat, lon = _spread(table, row, number.astype(np.float64) + 0.5, count, 1.0)
    urban = table["urban_share"].to_numpy(np.float64)[row] >= URBAN
    inside = np.where(urban, rollout.indoor[1], rollout.indoor[0])
    draw = field.uniform(field.keys(seed, STREAM), np.arange(len(row)))
    cell = table["cell_row"].to_numpy(np.int64)[row]
    return Users(lat, lon, people[row] / count[row], cell, draw < inside)


def has(carrier: Carrier, own: Flags, placed: Sites, density: Array) -> Flags:
    """Which sites of one operator (``own``) have a carrier."""
    if carrier.sites == "all":
        return own
    able = own & placed.has_4g
    if carrier.sites == "4g":
        return able
    rank = np.flatnonzero(able)
    best = rank[np.argsort(-density[placed.settlement[rank]], kind="stable")[: int(carrier.sites)]]
    out = np.zeros(len(own), dtype=bool)
    out[best] = True
    return out


def directions(lat: Array, lon: Array) -> Array:
    """Unit vectors, shape (place, 3)."""
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def nearest(place: Array, of: Array, count: int = NEIGHBOURS) -> NDArray[np.int32]:
    """Rows of the nearest of some sites, -1 where there are no more within `FARTHEST_M`."""
    from scipy.spatial import cKDTree

    if len(of) == 0:
        return np.full((len(place), count), -1, dtype=np.int32)
    limit = 2.0 * np.sin(0.5 * FARTHEST_M / EARTH_M)
    found = cKDTree(of).query(place, k=count, distance_upper_bound=limit, workers=-1)[1]
    found = np.asarray(found).reshape(len(place), count)
    return np.where(found == len(of), -1, found).astype(np.int32)


def tilt_deg(place: Array, height_m: Array) -> Array:
    """Down-tilt of each site: towards `TILT_SHARE` of half the way to its operator's next site."""
    from scipy.spatial import cKDTree

    if len(place) < 2:
        return np.full(len(place), TILT_DEG[0])
    chord = cKDTree(place).query(place, k=2, workers=-1)[0][:, 1]
    edge = np.clip(0.5 * chord * EARTH_M, 50.0, 0.5 * FARTHEST_M)
    return np.asarray(np.clip(np.degrees(np.arctan2(height_m, TILT_SHARE * edge)), *TILT_DEG))
