"""Geometry of satellites and users: who sees what, dilution of precision, covariance.

Users, instants and cases are many and satellites are shared, so the products of unit vectors are summed once
for each group of satellites that no case tears apart; a case adds groups. Each system has its own clock,
which is eliminated from the normal equations: a single satellite of a system adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.pnt.service import _kernels

Array = NDArray[np.float64]
NAMES = ("pdop", "hdop", "vdop", "east", "cross", "north", "up", "time")


@dataclass(frozen=True)
class Users:
    """Places on or above the ground.

    Attributes
    ----------
    position_m : ndarray, shape (user, 3)
        Earth-fixed.
    angles : ndarray, shape (user, 2)
        Latitude and longitude in semicircles.
    axes : ndarray, shape (user, 3, 3)
        East, north and up in Earth-fixed coordinates.
    ridge_deg : ndarray of float32, shape (user, azimuth)
        Elevation of the terrain's horizon clockwise from north; no columns where there is none.
    """

    position_m: Array
    angles: Array
    axes: Array
    ridge_deg: NDArray[np.float32]


def users(
    lat_deg: Array, lon_deg: Array, height_m: Array | float = 0.0, ridge_deg: Array | None = None
) -> Users:
    """Users at geodetic coordinates, with the horizon of the terrain around them.

    Parameters
    ----------
    lat_deg, lon_deg, height_m : ndarray, shape (user,)
        Height above the ellipsoid.
    ridge_deg : ndarray, shape (user, azimuth)
        At equal steps of azimuth from north; linear between them.
    """
    lat, lon, height = np.broadcast_arrays(np.asarray(lat_deg, float), np.asarray(lon_deg, float), height_m)
    ridge = np.zeros((lat.size, 0)) if ridge_deg is None else ridge_deg
    return Users(
        geo.ecef_from_geodetic(lat, lon, height),
        np.stack([lat, lon], axis=-1) / 180.0,
        np.ascontiguousarray(geo.east_north_up(lat, lon)),
        np.ascontiguousarray(ridge, dtype=np.float32),
    )


@dataclass(frozen=True)
class Figures:
    """What each user has at each instant in each case.

    Attributes
    ----------
    count : ndarray of uint8, shape (user, case, time)
        Satellites in view that count.
    values : ndarray of float32, shape (user, case, time, 8)
        `NAMES`: dilutions of precision, then the weighted covariance of the position (east, cross, north, up)
        and of the best known clock, in square metres; infinite where there is no position.
    """

    count: NDArray[np.uint8]
    values: NDArray[np.float32]

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """One figure, shape (user, case, time)."""
        return np.asarray(self.values[..., NAMES.index(name)])


@dataclass(frozen=True)
class Groups:
    """Satellites that every case treats alike, of one system.

    Attributes
    ----------
    of : ndarray of int64, shape (satellite,)
    system : ndarray of int64, shape (2 * group,)
    keep : ndarray of uint8, shape (case, 2 * group)
        The second half is of the same satellites while their signals scintillate.
    """

    of: NDArray[np.int64]
    system: NDArray[np.int64]
    keep: NDArray[np.uint8]


def groups(
    system: NDArray[np.int64], keep: NDArray[np.bool_], steady: NDArray[np.bool_] | None = None
) -> Groups:
    """Group satellites by their system and the cases that count them.

    Parameters
    ----------
    system : ndarray, shape (satellite,)
        Number of the system, whose clock it shares.
    keep : ndarray of bool, shape (case, satellite)
    steady : ndarray of bool, shape (case,)
        Cases in which scintillation loses no satellite; all where left out.
    """
    table = np.vstack([system[None], keep.astype(np.int64)])
    unique, of = np.unique(table, axis=1, return_inverse=True)
    calm, own = unique[1:].astype(np.uint8), unique[0].astype(np.int64)
    rough = calm if steady is None else calm * steady.astype(np.uint8)[:, None]
    return Groups(
        of.reshape(-1).astype(np.int64),
        np.concatenate([own, own]),
        np.ascontiguousarray(np.hstack([calm, rough])),
    )


@dataclass(frozen=True)
class Sky:
    """Satellites over time.

    Attributes
    ----------
    hours : ndarray, shape (time,)
        UTC of the day.
    position_m : ndarray, shape (time, satellite, 3)
        Earth-fixed; NaN where unknown.
    heard : ndarray of bool, shape (time, satellite)
        Known and healthy.
    """

    hours: Array
    position_m: Array
    heard: NDArray[np.bool_]


@dataclass(frozen=True)
class Weights:
    """What a range is worth.

    Attributes
    ----------
    mode : ndarray of int64, shape (case,)
        Row of the table that a case uses.
    table : ndarray, shape (mode, satellite, 91)
        Inverse variance of a range at whole degrees of elevation, 1/m^2.
    """

    mode: NDArray[np.int64]
    table: Array


@dataclass(frozen=True)
class Belt:
    """Where and when signals scintillate: local hours at the pierce point, magnetic latitudes either side."""

    from_hour: float
    to_hour: float
    least_deg: float
    most_deg: float


def figures(
    who: Users, sky: Sky, grouped: Groups, weights: Weights, mask_deg: float, belt: Belt | None = None
) -> Figures:
    """Satellites in view, dilutions of precision and covariances.

    Parameters
    ----------
    mask_deg : float
        Least elevation, beside the terrain's.
    belt : Belt, optional
        Without it nothing scintillates.
    """
    from rabta.jit import each_part

    edges = [] if belt is None else [belt.from_hour, belt.to_hour, belt.least_deg, belt.most_deg]
    count = np.zeros((who.position_m.shape[0], weights.mode.size, sky.hours.size), np.uint8)
    values = np.empty((*count.shape, len(NAMES)), np.float32)
    each_part(
        _kernels.figures, count.shape[0], who.position_m, who.angles, who.axes, who.ridge_deg,
        np.ascontiguousarray(sky.position_m), np.ascontiguousarray(sky.heard, dtype=np.uint8),
        grouped.of, grouped.system, int(grouped.system.max(initial=0)) + 1, grouped.keep,
        np.ascontiguousarray(weights.mode, dtype=np.int64), np.ascontiguousarray(weights.table),
        float(mask_deg), np.ascontiguousarray(sky.hours, dtype=np.float64), np.array(edges, dtype=np.float64),
        count, values,
    )  # fmt: skip
    return Figures(count, values)


def reference(unit: Array, system: NDArray[np.int64], variance: Array) -> Array:
    """Covariance of position and clocks of one user, by the whole design matrix.

    Parameters
    ----------
    unit : ndarray, shape (satellite, 3)
        East, north, up.
    system : ndarray of int64, shape (satellite,)
    variance : ndarray, shape (satellite,)
        Of each range, in square metres.

    Returns
    -------
    ndarray, shape (3 + systems, 3 + systems)
        Infinite where the satellites do not give a position.
    """
    clocks = system[:, None] == np.unique(system)[None]
    design = np.hstack([unit, clocks.astype(np.float64)])
    normal = design.T @ (design / variance[:, None])
    if unit.shape[0] < design.shape[1] or np.linalg.cond(normal) > 1e15:
        return np.full(normal.shape, np.inf)
    return np.asarray(np.linalg.inv(normal))
