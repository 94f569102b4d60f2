"""Fibre routes: a forest over the cells to be served, so that neighbours share the cable outward."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from rabta import geo

Array = NDArray[np.float64]
ROUGH_FULL_M = 500.0  # terrain spread inside a cell at which the mountain factor applies in full


@dataclass(frozen=True)
class Routes:
    """One cable segment to each cell.

    Attributes
    ----------
    parent : ndarray of int, shape (cell,)
        Row of the cell that the segment starts from; -1 where it starts at a fibre node of today.
    length_km : ndarray, shape (cell,)
        Length of the segment.
    """

    parent: NDArray[np.int64]
    length_km: Array


def plan_routes(
    lat_deg: ArrayLike, lon_deg: ArrayLike, backbone_km: ArrayLike, detour: float, neighbours: int = 16
) -> Routes:
    """Shortest single extension that reaches each cell.

    A cell is fed either straight from today's fibre (``backbone_km``) or from the nearest other cell
    that is itself nearer to today's fibre. Parents are strictly nearer, so the result is a forest.

    Parameters
    ----------
    lat_deg, lon_deg, backbone_km : array_like, shape (cell,)
    detour : float
        Cable length over straight distance between neighbouring cells.
    neighbours : int
        Nearest cells that are looked at.
    """
    back = np.asarray(backbone_km, dtype=np.float64)
    if back.size < 2:
        return Routes(np.full(back.size, -1, dtype=np.int64), back.copy())
    points = geo.ecef_from_geodetic(lat_deg, lon_deg) / 1e3
    count = min(neighbours + 1, back.size)
    distance, row = cKDTree(points).query(points, k=count)
    nearer = back[row] < back[:, None]
    reach = np.where(nearer, distance * detour, np.inf)
    best = np.argmin(reach, axis=1)
    lines = np.arange(back.size)
    shared = reach[lines, best] < back
    parent = np.where(shared, row[lines, best], -1).astype(np.int64)
    return Routes(parent, np.where(shared, reach[lines, best], back))


def terrain_factor(rough_m: ArrayLike, mountain_factor: float) -> Array:
    """Price of a kilometre of cable over the plains' price, linear in the terrain spread."""
    share = np.clip(np.asarray(rough_m, dtype=np.float64) / ROUGH_FULL_M, 0.0, 1.0)
    return np.asarray(1.0 + (mountain_factor - 1.0) * share)
