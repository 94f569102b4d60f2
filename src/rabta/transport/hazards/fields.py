"""Correlated normal fields over places: what one flood, one shaking or one heat wave does together.

White noise sits on the points of a half-degree lattice that is the same everywhere, each with a random
number of its own. A place's value is the noise around it, weighted by ``exp(-(r / reach)^2)`` and brought
to variance one, so that two places at distance D correlate by about ``exp(-(D / reach)^2 / 2)`` (exactly:
`Lattice.correlation`). The lattice does not depend on the places: adding one changes no other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.transport.hazards import streams

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
U8 = NDArray[np.uint64]
STEP_DEG = 0.5
CUT = 2.5  # reaches beyond which a weight (0.002) is left out


@dataclass(frozen=True)
class Lattice:
    """Weights of places over lattice points, as rows of a sparse matrix.

    Attributes
    ----------
    keys : ndarray of uint64, shape (point,)
    first : ndarray of int64, shape (place + 1,)
        Where each place's part of the next two begins.
    point, weight : ndarray, shape (entry,)
    """

    keys: U8
    first: I8
    point: I8
    weight: F8

    @property
    def correlation(self) -> F8:
        """Exact correlation between places, shape (place, place)."""
        matrix = np.zeros((self.first.size - 1, self.keys.size))
        row = np.repeat(np.arange(self.first.size - 1), np.diff(self.first))
        matrix[row, self.point] = self.weight
        return np.asarray(matrix @ matrix.T)


def lattice(seed: int, hazard: str, lat_deg: F8, lon_deg: F8, reach_km: float) -> Lattice:
    """Lattice points around places and their weights.

    Parameters
    ----------
    lat_deg, lon_deg : ndarray, shape (place,)
    reach_km : float
        Larger than the lattice's step of about 50 km, or places become independent.
    """
    names: dict[tuple[int, int], int] = {}
    points, weights = [], []
    for lat, lon in zip(lat_deg, lon_deg, strict=True):
        rows, columns, weight = _around(float(lat), float(lon), reach_km)
        points.append(
            np.array(
                [names.setdefault((int(r), int(c)), len(names)) for r, c in zip(rows, columns, strict=True)]
            )
        )
        weights.append(weight)
    first = np.concatenate([[0], np.cumsum([w.size for w in weights])]).astype(np.int64)
    keys = streams.keys(seed, hazard, [f"{r},{c}" for r, c in names])
    empty: F8 = np.zeros(0)
    return Lattice(
        keys, first, np.concatenate([*points, empty]).astype(np.int64), np.concatenate([*weights, empty])
    )


def _around(lat: float, lon: float, reach_km: float) -> tuple[I8, I8, F8]:
    """Rows and columns of the lattice near a place, in a fixed order, and weights of unit norm."""
    high = CUT * reach_km / 110.0 + STEP_DEG
    wide = high / max(np.cos(np.radians(lat)), 0.05)
    row = np.arange(np.floor((lat - high) / STEP_DEG), np.ceil((lat + high) / STEP_DEG) + 1)
    column = np.arange(np.floor((lon - wide) / STEP_DEG), np.ceil((lon + wide) / STEP_DEG) + 1)
    rows, columns = (part.ravel() for part in np.meshgrid(row, column, indexing="ij"))
    away = geo.great_circle_m(lat, lon, rows * STEP_DEG, columns * STEP_DEG) / 1e3
    near = away <= CUT * reach_km
    weight = np.exp(-((away[near] / reach_km) ** 2))
    return rows[near].astype(np.int64), columns[near].astype(np.int64), weight / np.sqrt((weight**2).sum())


def field(of: Lattice, draws: I8) -> F8:
    """Standard normal field, shape (draw, place)."""
    from rabta.transport.hazards import _kernels

    out = np.empty((draws.size, of.first.size - 1))
    _kernels.field(of.keys, np.ascontiguousarray(draws, np.int64), of.first, of.point, of.weight, out)
    return out


def field_reference(of: Lattice, draws: I8) -> F8:
    """The same by NumPy and scipy."""
    from scipy.special import ndtri

    noise = ndtri(streams.uniforms(of.keys, draws))
    spread = noise[:, of.point] * of.weight
    return np.stack([spread[:, a:b].sum(axis=1) for a, b in zip(of.first[:-1], of.first[1:], strict=True)], 1)
