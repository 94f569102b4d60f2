"""Whom the networks cover: the signal that the regulator's figure of people covered implies.

No drive test is public. The share of people under coverage is, so the level that counts as coverage is the
one that so many people receive or more: one number for each generation, shown beside the licences'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.country.drop import Users
from rabta.mobile.country.ground import Network
from rabta.mobile.country.rollouts import GENERATIONS
from rabta.units import to_db

Array = NDArray[np.float64]
SUBCARRIER_MHZ = 0.015
WEAKEST_DBM = -160.0
NARROW = "2g"


@dataclass(frozen=True)
class Coverage:
    """Signals and who has one.

    Attributes
    ----------
    level_dbm : ndarray, shape (operator, generation, point)
        Of the best carrier outdoors: in 15 kHz, that is LTE's RSRP.
    threshold_dbm : ndarray, shape (generation,)
    """

    level_dbm: Array
    threshold_dbm: Array

    @property
    def operators(self) -> NDArray[np.bool_]:
        """Who is covered by whom, shape (operator, generation, point)."""
        return np.asarray(self.level_dbm >= self.threshold_dbm[:, None])

    @property
    def any(self) -> NDArray[np.bool_]:
        """Who is covered by anybody, shape (generation, point)."""
        return np.asarray(self.operators.any(axis=0))


def levels_dbm(nets: list[Network], points: int) -> Array:
    """Level of the best carrier of each operator and generation at every point."""
    out = np.full((len(nets), len(GENERATIONS), points), WEAKEST_DBM)
    for o, net in enumerate(nets):
        for g, generation in enumerate(GENERATIONS):
            columns = [i for i, carrier in enumerate(net.carriers) if carrier.generation == generation]
            if columns:
                best = net.received[:, :, columns].max(axis=(1, 2)).astype(np.float64) * SUBCARRIER_MHZ
                out[o, g] = np.maximum(to_db(np.maximum(best, 1e-16)), WEAKEST_DBM)
    return out


def threshold_dbm(level_dbm: Array, people: Array, share: float) -> float:
    """Level that a share of the people receive or more.

    Examples
    --------
    >>> threshold_dbm(np.array([-90.0, -100.0, -110.0]), np.array([5.0, 3.0, 2.0]), 0.8)
    -100.0
    """
    order = np.argsort(-level_dbm, kind="stable")
    above = np.cumsum(people[order])
    at = int(np.searchsorted(above, share * above[-1] * (1.0 - 1e-12)))
    return float(level_dbm[order[min(at, len(order) - 1)]])


def calibrate(nets: list[Network], users: Users, shares: dict[str, float]) -> Coverage:
    """Coverage that agrees with published shares of people; newer generations need the level of 4G."""
    level = levels_dbm(nets, len(users.lat))
    best = level.max(axis=0)
    known = {
        g: threshold_dbm(best[i], users.people, shares[g])
        for i, g in enumerate(GENERATIONS)
        if g in shares and best[i].max() > WEAKEST_DBM
    }
    newest = known.get("4g", min(known.values(), default=0.0))
    return Coverage(level, np.array([known.get(g, newest) for g in GENERATIONS]))


def by_cell(covered: NDArray[np.bool_], users: Users, cells: int) -> Array:
    """Share of each cell's people who are covered, shape (cell, generation); 0 where nobody lives."""
    total = np.bincount(users.cell, users.people, cells)
    found = [np.bincount(users.cell, users.people * flag, cells) for flag in covered]
    return np.asarray(np.stack(found, axis=1) / np.maximum(total, 1e-9)[:, None])
