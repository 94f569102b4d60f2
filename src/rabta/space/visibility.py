"""Which satellites every cell sees: the best few at each step, by true elevation over the ellipsoid.

Elevation is geometric, from the geodetic vertical at the cell's height; refraction is left out (it raises a
satellite at 10 deg by 0.09 deg and one at 25 deg by 0.03 deg, ITU-R P.834).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.geo import east_north_up, ecef_from_geodetic
from rabta.space.network.gso import arc_table, avoidance_table, separation_deg

AZIMUTHS = 36
BLOCK_DEG = 1.5
LOWEST_ELEVATION_DEG = -90.0

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]


@dataclass(frozen=True)
class Ground:
    """Places on the ground, ready for the kernel.

    Attributes
    ----------
    cell_m : ndarray, shape (cell, 3)
        Earth-fixed positions.
    axes : ndarray, shape (cell, 3, 3)
        East, north and up unit vectors.
    horizon_deg : ndarray of float32, shape (cell, 36)
        Terrain horizon at azimuths 0, 10, ... 350 deg clockwise from north.
    """

    cell_m: F8
    axes: F8
    horizon_deg: F4

    @property
    def worst_sine(self) -> F8:
        """Sine of each cell's highest horizon, above which the azimuth does not matter."""
        return np.asarray(np.sin(np.radians(self.horizon_deg.max(axis=1).astype(np.float64))))


@dataclass(frozen=True)
class Slots:
    """Outputs of the search, named and shaped as in ``schema/arrays.csv``."""

    visible_count: NDArray[np.uint8]
    slot_satellite: NDArray[np.int16]
    slot_elevation_deg: F4
    slot_range_m: F4
    best_elevation_deg: F4


def ground(
    lat_deg: ArrayLike, lon_deg: ArrayLike, height_m: ArrayLike = 0.0, horizon_deg: ArrayLike | None = None
) -> Ground:
    """Places on the ground from geodetic coordinates; without a horizon the ground is flat."""
    cell_m = np.atleast_2d(ecef_from_geodetic(lat_deg, lon_deg, height_m))
    axes = np.ascontiguousarray(east_north_up(lat_deg, lon_deg)).reshape(-1, 3, 3)
    flat = np.zeros((len(cell_m), AZIMUTHS), dtype=np.float32)
    horizon = flat if horizon_deg is None else np.ascontiguousarray(horizon_deg, dtype=np.float32)
    if horizon.shape != flat.shape:
        raise RabtaError(
            "horizon of the wrong shape", key="horizon_deg", value=horizon.shape, expected=f"{flat.shape}"
        )
    return Ground(np.ascontiguousarray(cell_m), axes, horizon)


def visible(
    place: Ground,
    satellites_m: F4,
    min_elevation_deg: ArrayLike,
    slots: int,
    *,
    gso_avoidance_deg: ArrayLike = 0.0,
) -> Slots:
    """Best satellites of every cell at every step.

    Parameters
    ----------
    place : Ground
        Cells.
    satellites_m : ndarray of float32, shape (time, satellite, 3)
        Earth-fixed positions; a satellite at NaN is never seen.
    min_elevation_deg : array_like, shape (satellite,) or ()
        Lowest elevation at which the satellite's users connect, 0 to 90.
    slots : int
        Satellites kept, the highest first; of equal ones the lower row first.
    gso_avoidance_deg : array_like, shape (satellite,) or ()
        Least angle to the geostationary arc, 0 for none (see `rabta.space.network.gso`).

    Returns
    -------
    Slots
        A satellite counts where it is at or above both its least elevation and the terrain horizon, and
        clear of the arc.
    """
    from rabta.space._kernels import best_slots, cull

    steps, satellites = satellites_m.shape[:2]
    least = _least_elevation(min_elevation_deg, satellites)
    out = _empty(steps, len(place.cell_m), satellites, slots)
    order, starts, centre, spread = _blocks(place.cell_m)
    middle, around = _cap(place.cell_m)
    lowest = float(np.linalg.norm(place.cell_m, axis=1).min())
    rows = np.empty((steps, satellites), dtype=np.int32)
    reach = np.empty((steps, satellites, 2))
    counts = np.empty(steps, dtype=np.int32)
    positions = np.ascontiguousarray(satellites_m, dtype=np.float32)
    cull(positions, np.radians(least), middle, around, lowest, rows, reach, counts)
    best_slots(
        positions, rows, reach, counts, np.sin(np.radians(least)), order, starts, centre, spread,
        place.cell_m, place.axes, place.worst_sine, place.horizon_deg,
        arc_table(place.cell_m, place.axes[:, 2]), avoidance_table(gso_avoidance_deg, satellites),
        out.visible_count, out.slot_satellite, out.slot_elevation_deg, out.slot_range_m,
        out.best_elevation_deg,
    )  # fmt: skip
    return out


def _least_elevation(min_elevation_deg: ArrayLike, satellites: int) -> F8:
    least = np.broadcast_to(np.asarray(min_elevation_deg, dtype=np.float64), (satellites,)).copy()
    bad = ~((least >= 0.0) & (least <= 90.0))
    if bad.any():
        row = int(bad.argmax())
        raise RabtaError(
            "least elevation out of range",
            key=f"satellites.min_elevation_deg, row {row}",
            value=least[row],
            expected="0 to 90",
        )
    return least


def _empty(steps: int, cells: int, satellites: int, slots: int) -> Slots:
    if satellites > np.iinfo(np.int16).max:
        raise RabtaError(
            "too many satellites", value=satellites, expected=f"at most {np.iinfo(np.int16).max}"
        )
    shape = (steps, cells, slots)
    return Slots(
        np.zeros(shape[:2], dtype=np.uint8),
        np.full(shape, -1, dtype=np.int16),
        np.full(shape, LOWEST_ELEVATION_DEG, dtype=np.float32),
        np.zeros(shape, dtype=np.float32),
        np.full(shape[:2], LOWEST_ELEVATION_DEG, dtype=np.float32),
    )


def _cap(cell_m: F8) -> tuple[F8, float]:
    """Centre (unit vector) and angular radius of the smallest cap about the mean that holds the cells."""
    unit = cell_m / np.linalg.norm(cell_m, axis=1, keepdims=True)
    middle = unit.mean(axis=0)
    middle /= max(float(np.linalg.norm(middle)), 1e-12)
    # Of cells spread over a whole globe the mean is no direction: the chord then gives up to 180 deg anyway.
    chord = np.linalg.norm(unit - middle, axis=1).max() / 2.0
    return middle, float(2.0 * np.arcsin(min(chord, 1.0))) + 1e-9


def _blocks(cell_m: F8) -> tuple[NDArray[np.int64], NDArray[np.int64], F8, F8]:
    """Order of cells by squares of about 170 km, where each square starts, its centre and its radius."""
    x, y, z = cell_m.T
    band = np.floor(np.degrees(np.arctan2(z, np.hypot(x, y))) / BLOCK_DEG).astype(np.int64)
    column = np.floor(np.degrees(np.arctan2(y, x)) / BLOCK_DEG).astype(np.int64)
    square = band * 1000 + column
    order = np.argsort(square, kind="stable").astype(np.int64)
    edges = np.flatnonzero(np.diff(square[order])) + 1
    starts = np.concatenate([[0], edges, [len(order)]]).astype(np.int64)
    caps = [_cap(cell_m[order[a:b]]) for a, b in pairwise(starts)]
    return order, starts, np.array([c for c, _ in caps]), np.array([r for _, r in caps])


def visible_reference(
    place: Ground,
    satellites_m: F4,
    min_elevation_deg: ArrayLike,
    slots: int,
    *,
    gso_avoidance_deg: ArrayLike = 0.0,
) -> Slots:
    """Same as `visible`, in NumPy, by all cells and all satellites."""
    steps, satellites = satellites_m.shape[:2]
    least = np.sin(np.radians(_least_elevation(min_elevation_deg, satellites)))
    keep = np.broadcast_to(np.asarray(gso_avoidance_deg, dtype=np.float64), (satellites,))
    out = _empty(steps, len(place.cell_m), satellites, slots)
    for t in range(steps):
        position = satellites_m[t].astype(np.float64)
        for start in range(0, len(place.cell_m), 256):
            _reference_block(place, position, least, keep, out, t, slice(start, start + 256))
    return out


def _reference_block(
    place: Ground, position: F8, least: F8, keep: F8, out: Slots, t: int, part: slice
) -> None:
    axes = place.axes[part]
    dx, dy, dz = (position[None, :, i] - place.cell_m[part, None, i] for i in range(3))
    length = np.sqrt(dx * dx + dy * dy + dz * dz)
    sine = _dot(dx, dy, dz, axes[:, 2]) / length
    seen = sine >= least
    some = np.flatnonzero(seen.any(axis=0))
    dx, dy, dz, length, sine = (a[:, some] for a in (dx, dy, dz, length, sine))
    position_deg = np.degrees(np.arctan2(_dot(dx, dy, dz, axes[:, 0]), _dot(dx, dy, dz, axes[:, 1])))
    seen = seen[:, some] & (sine >= np.sin(np.radians(horizon_at(place.horizon_deg[part], position_deg))))
    if keep.any():
        seen &= separation_deg(place.cell_m[part], axes[:, 2], position[some]) >= keep[some]
    out.visible_count[t, part] = np.minimum(seen.sum(axis=1), 255)
    best = np.argsort(np.where(seen, -sine, np.inf), axis=1, kind="stable")[:, : out.slot_satellite.shape[2]]
    kept = np.take_along_axis(seen, best, axis=1)
    elevation = np.degrees(np.arcsin(np.take_along_axis(sine, best, axis=1)))
    width = best.shape[1]
    out.slot_satellite[t, part, :width] = np.where(kept, some[best], -1)
    out.slot_elevation_deg[t, part, :width] = np.where(kept, elevation, LOWEST_ELEVATION_DEG)
    out.slot_range_m[t, part, :width] = np.where(kept, np.take_along_axis(length, best, axis=1), 0.0)
    out.best_elevation_deg[t, part] = out.slot_elevation_deg[t, part, 0]


def _dot(dx: F8, dy: F8, dz: F8, axis: F8) -> F8:
    return np.asarray(dx * axis[:, 0, None] + dy * axis[:, 1, None] + dz * axis[:, 2, None])


def horizon_at(horizon_deg: F4 | F8, azimuth_deg: F8) -> F8:
    """Terrain horizon at azimuths, linear between the samples at 0, 10, ... 350 deg.

    Parameters
    ----------
    horizon_deg : ndarray, shape (cell, 36)
    azimuth_deg : ndarray, shape (cell, direction)

    Examples
    --------
    >>> ramp = np.arange(36.0, dtype=np.float32)[None]
    >>> horizon_at(ramp, np.array([[0.0, 15.0, 355.0]])).tolist()
    [[0.0, 1.5, 17.5]]
    """
    position = azimuth_deg / 10.0
    position = np.where(position < 0.0, position + AZIMUTHS, position)
    low = np.floor(position).astype(np.int64)
    part = position - low
    first, second = (
        np.take_along_axis(horizon_deg.astype(np.float64), (low + step) % AZIMUTHS, axis=1) for step in (0, 1)
    )
    return np.asarray(first + (second - first) * part)


def look(place: Ground, satellites_m: F8) -> tuple[F8, F8, F8]:
    """Elevation (deg), azimuth (deg clockwise from north) and range (m) of fixed satellites from every cell.

    Parameters
    ----------
    satellites_m : ndarray, shape (satellite, 3)
        Earth-fixed positions.

    Returns
    -------
    tuple of ndarray, shape (cell, satellite)
    """
    offset = satellites_m[None] - place.cell_m[:, None]
    length = np.linalg.norm(offset, axis=-1)
    east, north, up = np.moveaxis(np.einsum("cij,csj->csi", place.axes, offset), -1, 0)
    return np.degrees(np.arcsin(up / length)), np.mod(np.degrees(np.arctan2(east, north)), 360.0), length
