"""Where to put reference stations: corrections for surveyors and machines (CORS), for aerodromes (GBAS)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta import geo

Array = NDArray[np.float64]

# Real-time kinematic positions from one station: 8 mm + 1 ppm, ambiguities within tens of seconds up to some
# 35 km (Takasu and Yasuda 2010; receivers' data sheets); networks of stations stand about 70 km apart.
CORS_KM = 35.0
GBAS_KM = 42.6  # 23 NM: service volume of an approach, ICAO Annex 10 volume I, 3.7.3.5.3.1


@dataclass(frozen=True)
class Sites:
    """Stations in the order of building.

    Attributes
    ----------
    rows : ndarray of int64, shape (station,)
        Of the candidates.
    covered : ndarray, shape (station,)
        Share of the weight within reach of the stations so far.
    bound : ndarray, shape (station,)
        No set of as many stations covers more: the least of the bounds met so far.
    """

    rows: NDArray[np.int64]
    covered: Array
    bound: Array


def within(lat: Array, lon: Array, to_lat: Array, to_lon: Array, reach_km: float) -> NDArray[np.bool_]:
    """Which places each candidate reaches, shape (candidate, place)."""
    far = geo.great_circle_m(lat[:, None], lon[:, None], to_lat[None], to_lon[None])
    return np.asarray(far <= 1e3 * reach_km)


def site(reach: NDArray[np.bool_], weight: Array, *, share: float, most: int) -> Sites:
    """Choose stations one after the other, each the one that adds most, until a share is covered.

    The next k stations of any set add at most the k largest single gains from here, hence a bound at each
    step (Nemhauser, Wolsey and Fisher, Mathematical Programming 14, 1978: covering is submodular).

    Parameters
    ----------
    reach : ndarray of bool, shape (candidate, place)
    weight : ndarray, shape (place,)
        For instance people; not all zero.
    share : float
        At which to stop.
    most : int
        Stations at most.
    """
    table = reach * (weight / weight.sum())
    left = np.ones(weight.size, dtype=bool)
    rows: list[int] = []
    covered: list[float] = []
    bound = np.full(min(most, reach.shape[0]), 1.0)
    while len(rows) < bound.size and (not covered or covered[-1] < share):
        gain = table[:, left].sum(axis=1)
        done = covered[-1] if covered else 0.0
        best = done + np.cumsum(np.sort(gain)[::-1])
        bound = np.minimum(bound, best[: bound.size])  # k stations from scratch add no more than k from here
        chosen = int(np.argmax(gain))
        if gain[chosen] <= 0.0:
            break
        rows.append(chosen)
        left &= ~reach[chosen]
        covered.append(done + float(gain[chosen]))
    return Sites(np.array(rows, dtype=np.int64), np.array(covered), bound[: len(rows)])
