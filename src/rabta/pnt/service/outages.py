"""Satellites that matter most: what a nation loses when one or two of them fail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.service import _kernels
from rabta.pnt.service.geometry import Sky, Users

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Losses:
    """Share of the weighted user-instants without a position.

    Attributes
    ----------
    base : float
        With every satellite.
    single : ndarray, shape (satellite,)
        More of them without this one.
    pair : ndarray, shape (satellite, satellite)
        More of them without both: symmetric, ``single`` on the diagonal.
    """

    base: float
    single: Array
    pair: Array

    def worst(self) -> tuple[int, tuple[int, int]]:
        """Rows of the worst single satellite and of the worst two."""
        upper = np.triu(self.pair, 1)
        a, b = np.unravel_index(int(np.argmax(upper)), upper.shape)
        return int(np.argmax(self.single)), (int(a), int(b))


def count(
    who: Users, sky: Sky, system: NDArray[np.int64], keep: NDArray[np.bool_], weight: Array,
    *, mask_deg: float, limit: float,
) -> Losses:  # fmt: skip
    """Lose each satellite, and each two, at every user and instant.

    A loss counts where the position dilution was below the limit before and is not afterwards.

    Parameters
    ----------
    system : ndarray, shape (satellite,)
        Number of the system, whose clock it shares.
    keep : ndarray of bool, shape (satellite,)
        Satellites of the case.
    weight : ndarray, shape (user,)
        Of each user, for instance people.
    limit : float
        Of the position dilution of precision.
    """
    from rabta.jit import each_part

    users, satellites = who.position_m.shape[0], keep.size
    base, single = np.zeros(users, np.int32), np.zeros((users, satellites), np.int32)
    pair = np.zeros((users, satellites, satellites), np.int32)
    each_part(
        _kernels.losses, users, who.position_m, who.axes, who.ridge_deg, np.ascontiguousarray(sky.position_m),
        np.ascontiguousarray(sky.heard & keep, dtype=np.uint8), system, int(system.max(initial=0)) + 1,
        float(mask_deg), float(limit), base, single, pair,
    )  # fmt: skip
    part = weight / weight.sum() / sky.hours.size
    upper = np.tensordot(part, pair, axes=1)
    return Losses(float(part @ base), part @ single, upper + upper.T + np.diag(part @ single))
