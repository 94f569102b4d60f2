"""Protection criteria: I/N and absolute limits by service, with the part of the time for which they hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Criterion:
    """One limit.

    Attributes
    ----------
    i_n_db : float
        Limit of I/N.
    percent : float
        Of the time for which it may be exceeded (100: never meant to hold only for a part).
    """

    name: str
    words: str
    source: str
    i_n_db: float
    percent: float


@cache
def criteria() -> dict[str, Criterion]:
    """All criteria by name, from the catalog entry ``criteria/protection``."""
    rows = catalog.entry("criteria", "protection").data["limits"]
    return {
        str(r["name"]): Criterion(
            str(r["name"]), str(r["words"]), str(r["source"]), float(r["i_n_db"]), float(r["percent"])
        )
        for r in rows
    }


def criterion(name: str) -> Criterion:
    """One criterion; an unknown name is refused with the nearest."""
    if name not in criteria():
        raise RabtaError(
            "no such protection criterion", key="criterion", value=name, expected=nearest(name, criteria())
        )
    return criteria()[name]


def excess_db(i_n_db: ArrayLike, name: str) -> Array:
    """How far a series of I/N exceeds a criterion at its percentage; at most 0 where it is met.

    Parameters
    ----------
    i_n_db : (..., t) array_like
        Over time along the last axis.
    """
    limit = criterion(name)
    levels = np.asarray(i_n_db, dtype=np.float64)
    share = 1.0 - limit.percent / 100.0
    return np.asarray(np.quantile(levels, share, axis=-1, method="inverted_cdf") - limit.i_n_db)
