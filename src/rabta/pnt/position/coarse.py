"""Approximate positions from the ranges alone, to a few tens of metres: for angles and delays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.position.fit import fit

if TYPE_CHECKING:
    from rabta.pnt.position.prepare import Geometry

Array = NDArray[np.float64]

SIGMA_M = 15.0  # delays of the air and the ionosphere are still in the ranges


def places(rows: Geometry) -> Array:
    """Positions of epochs, shape (epoch, 3); an epoch without a fix takes its neighbour's, NaN without any."""
    plain = replace(rows, sigma_m=np.full(rows.epoch.size, SIGMA_M))
    found = fit(plain, robust=True, limit=4.0, worst_dop=100.0, worst_sigma_m=1e4)
    good = np.flatnonzero(np.isin(found.status, (1, 2)))
    if not good.size:
        good = np.flatnonzero(np.isfinite(found.position_m[:, 0]))
    if not good.size:
        return np.full((rows.times.size, 3), np.nan)
    near = np.clip(np.searchsorted(good, np.arange(rows.times.size)), 0, good.size - 1)
    return found.position_m[good[near]]
