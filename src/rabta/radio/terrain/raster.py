"""The nation's terrain: heights, zones and refractivity, profiles along great circles, coverage."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.nation import layers
from rabta.radio.terrain import p452, p1812
from rabta.radio.terrain.profile import INLAND, QUERY, RADIUS_KM, SEA, Profiles, along, check, vertical
from rabta.scenario import Nation

Array = NDArray[np.float64]
Place = tuple[ArrayLike, ArrayLike]

FILE = "terrain.npz"
VOID = -32768
SPACING_KM = 0.5  # half of the shipped raster's step
DAMAGE = (
    *(OSError, EOFError, KeyError, ValueError, TypeError, SyntaxError, NotImplementedError, OverflowError),
    *(struct.error, zlib.error, zipfile.BadZipFile),
)
FORM = "low, high (or height_m), zone, grid, places, delta_n, n0"


@dataclass(frozen=True)
class Terrain:
    """Heights on a grid in longitude and latitude; row 0 is the northernmost.

    Attributes
    ----------
    height_m : ndarray of int16
        Over the sea; `VOID` where it is not known.
    zone : ndarray of uint8
        Radio-climatic zone, as in `rabta.radio.terrain.profile`.
    grid : ndarray
        North and west edge and step, degrees.
    places, delta_n, n0 : ndarray
        Latitude and longitude of places, and the refractivity there; a path takes that of the nearest.
    """

    height_m: NDArray[np.int16]
    zone: NDArray[np.uint8]
    grid: Array
    places: Array
    delta_n: Array
    n0: Array

    def refractivity(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> tuple[Array, Array]:
        """Fall over the lowest kilometre (N-units/km) and value at sea level (N-units) at places."""
        from scipy.spatial import KDTree

        tree = KDTree(directions(*self.places.T))
        near = tree.query(directions(np.asarray(lat_deg, np.float64), np.asarray(lon_deg, np.float64)))[1]
        return self.delta_n[near], self.n0[near]

    def heights(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
        """Height of the ground at places, bilinear; refused outside the raster."""
        lat, lon = (
            np.asarray(v, np.float64) for v in np.broadcast_arrays(np.asarray(lat_deg), np.asarray(lon_deg))
        )
        if lat.size == 0:
            return np.zeros(lat.shape)
        near = np.full((lat.size, 2), 1e-9)
        near[:, 0] = 0.0
        start = np.column_stack([lat.ravel(), lon.ravel()])
        found = _walk(self, start, np.array([[0.0, 1.0]]).repeat(lat.size, 0), near.ravel(), 2)
        return np.asarray(found[0].reshape(-1, 2)[:, 0].reshape(lat.shape))


def directions(lat: Array, lon: Array) -> Array:
    """Unit vectors of places, shape (..., 3)."""
    phi, theta = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)], axis=-1)


def path_of(nation: Nation) -> Path | None:
    """The nation's terrain file, if it has one."""
    path = layers.folder(nation) / FILE
    return path if path.is_file() else None


def load(nation: Nation | None = None) -> Terrain:
    """Terrain of a nation; the shipped one without.

    Raises
    ------
    RabtaError
        The nation has no terrain, or its file is damaged.
    """
    path = path_of(nation or Nation())
    if path is None:
        raise RabtaError("the nation has no terrain", file=layers.folder(nation or Nation()), expected=FILE)
    return read(path)


def read(path: Path) -> Terrain:
    """Terrain from a file of the shipped form."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        heights = _heights(arrays)
        found = Terrain(
            heights,
            np.ascontiguousarray(arrays["zone"], dtype=np.uint8),
            np.asarray(arrays["grid"], np.float64),
            np.asarray(arrays["places"], np.float64),
            np.asarray(arrays["delta_n"], np.float64),
            np.asarray(arrays["n0"], np.float64),
        )
    except DAMAGE as error:
        raise RabtaError(f"the terrain cannot be read: {error}", file=path, expected=FORM) from None
    _check(found, path)
    return found


def _heights(arrays: dict[str, NDArray[np.generic]]) -> NDArray[np.int16]:
    if "height_m" in arrays:
        return np.ascontiguousarray(arrays["height_m"], dtype=np.int16)
    step = np.asarray(arrays["high"], np.uint16) << 8 | np.asarray(arrays["low"], np.uint16)
    return np.ascontiguousarray(np.cumsum(step, axis=1, dtype=np.uint16)).view(np.int16)


def _check(found: Terrain, path: Path) -> None:
    rows = found.places.shape[:1]
    wrong = (
        found.height_m.ndim != 2
        or min(found.height_m.shape) < 2
        or found.zone.shape != found.height_m.shape
        or found.grid.shape != (3,)
        or not np.isfinite(found.grid).all()
        or found.grid[2] <= 0.0
        or found.places.shape != (*rows, 2)
        or rows == (0,)
        or found.delta_n.shape != rows
        or found.n0.shape != rows
        or not np.isfinite(np.column_stack([found.places, found.delta_n, found.n0])).all()
    )
    if wrong:
        raise RabtaError("the arrays of the terrain do not fit together", file=path, expected=FORM)


def profile(
    terrain: Terrain,
    start: Place,
    end: Place,
    spacing_km: float = SPACING_KM,
    least_points: int = p1812.LEAST_POINTS,
) -> Profiles:
    """Profiles along great circles from one place to another.

    Parameters
    ----------
    start, end : pair of array_like
        Latitudes and longitudes, broadcast against each other: one path each.
    spacing_km : float
        Largest distance between points.
    least_points : int
        Short paths get so many points nevertheless.

    Raises
    ------
    RabtaError
        A path of no length, or one that leaves the raster.
    """
    lat1, lon1, lat2, lon2 = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(v, np.float64)) for v in (*start, *end))
    )
    flat = np.column_stack([lat1.ravel(), lon1.ravel(), lat2.ravel(), lon2.ravel()])
    length, bearing = course(flat)
    if (length <= 0.0).any():
        raise RabtaError("a path has no length", key="end", value=flat[length <= 0.0][0, 2:].tolist())
    counts = np.maximum((length / spacing_km).astype(np.int64) + 2, least_points)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    within = np.arange(counts.sum()) - np.repeat(first, counts)
    distance = within / np.repeat(counts - 1, counts) * np.repeat(length, counts)
    ground, zone = _walk(terrain, flat[:, :2], bearing, distance, counts)
    middle = along(flat[:, 0], flat[:, 1], flat[:, 2], flat[:, 3], 0.5 * length)
    at = np.column_stack([first, first, np.zeros_like(first), first, counts]).astype(np.int64)
    return Profiles(
        distance, ground, np.zeros(int(counts.max())), zone, np.ascontiguousarray(at),
        np.asarray(middle[0]), *terrain.refractivity(*middle),
    )  # fmt: skip


def course(flat: Array) -> tuple[Array, Array]:
    """Length (km) and bearing (parts to east and north) of great circles given as lat, lon, lat, lon."""
    a, b, c, d = np.radians(flat.T)
    east = np.sin(d - b) * np.cos(c)
    north = np.cos(a) * np.sin(c) - np.sin(a) * np.cos(c) * np.cos(d - b)
    size = np.hypot(east, north)
    up = np.sin(a) * np.sin(c) + np.cos(a) * np.cos(c) * np.cos(d - b)
    safe = np.where(size > 0.0, size, 1.0)
    return RADIUS_KM * np.arctan2(size, up), np.column_stack([east / safe, north / safe])


def _walk(
    terrain: Terrain, start: Array, bearing: Array, distance: Array, counts: NDArray[np.int64] | int
) -> tuple[Array, NDArray[np.uint8]]:
    from rabta import jit
    from rabta.radio.terrain import _kernels

    each = np.broadcast_to(np.asarray(counts, dtype=np.int64), len(start))
    at = np.column_stack([np.concatenate([[0], np.cumsum(each)[:-1]]), each]).astype(np.int64)
    ground, zone = np.empty(len(distance)), np.empty(len(distance), dtype=np.uint8)
    found = np.zeros(len(start), dtype=np.bool_)
    lines = (np.radians(start), np.ascontiguousarray(bearing), np.ascontiguousarray(at), distance)
    jit.each_part(
        _kernels.walks, len(start), terrain.height_m, terrain.zone, terrain.grid, *lines, ground, zone, found
    )
    if not found.all():
        wrong = start[~found][0]
        raise RabtaError(
            "a path leaves the terrain",
            value=f"from {wrong[0]:.4f}, {wrong[1]:.4f}",
            expected="the nation and 100 km around it" if terrain.grid[2] < 0.01 else "the raster",
        )
    return ground, zone


def coverage_db(
    terrain: Terrain,
    transmitter: tuple[float, float],
    receivers: Place,
    frequency_ghz: float,
    tx_height_m: float,
    rx_height_m: float,
    *,
    recommendation: str = p1812.RECOMMENDATION,
    time_percent: float = 50.0,
    location_percent: float = 50.0,
    polarisation: str = "vertical",
    spacing_km: float = SPACING_KM,
) -> Array:
    """Basic transmission loss from one transmitter to many places over bare ground, in dB.

    Parameters
    ----------
    receivers : pair of array_like
        Latitudes and longitudes, broadcast against each other.
    recommendation : {"ITU-R P.1812-7", "ITU-R P.452-18"}
    spacing_km : float
        Largest distance between points of a profile.

    Returns
    -------
    ndarray, shape of the receivers
        NaN nearer than the Recommendation holds (0.25 km for P.1812), and where the path leaves the raster.
    """
    from rabta import jit
    from rabta.radio import gas
    from rabta.radio.terrain import _kernels

    chosen = {p1812.RECOMMENDATION: p1812, p452.RECOMMENDATION: p452}.get(recommendation)
    if chosen is None:
        names = f"{p1812.RECOMMENDATION}, {p452.RECOMMENDATION}"
        raise RabtaError("no such Recommendation", key="recommendation", value=recommendation, expected=names)
    wanted = {"frequency_ghz": frequency_ghz, "time_percent": time_percent, "tx_height_m": tx_height_m,
              "rx_height_m": rx_height_m, "location_percent": location_percent}  # fmt: skip
    for name in [name for name in wanted if name in chosen.RANGES]:
        check(name, wanted[name], chosen.RANGES, recommendation)
    lat, lon = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in receivers))
    flat = np.column_stack([*np.broadcast_arrays(*transmitter, lat.ravel()), lon.ravel()])
    length, bearing = course(flat)
    nearest, farthest = chosen.RANGES["distance_km"]
    far = np.flatnonzero((length >= nearest) & (length <= farthest))
    there = flat[far]
    middle = along(there[:, 0], there[:, 1], there[:, 2], there[:, 3], 0.5 * length[far])[0]
    ends = np.column_stack([length[far], middle])
    fall, n0 = terrain.refractivity(*transmitter)
    query = {**wanted, "vertical": float(vertical(polarisation)), "delta_n": float(fall), "n0": float(n0),
             "pressure_hpa": 1013.0, "temperature_k": 288.15, "resolution_m": 100.0}  # fmt: skip
    row = np.array([float(query.get(name, 0.0)) for name in QUERY])
    out, part = np.full(len(flat), np.nan), np.empty(len(far))
    where = (*np.radians(transmitter), np.ascontiguousarray(bearing[far]), ends)
    jit.each_part(
        _kernels.coverage, len(far), terrain.height_m, terrain.zone, terrain.grid, *where, spacing_km,
        chosen.LEAST_POINTS, row, *(np.ascontiguousarray(part) for part in gas.lines()),
        chosen is p452, part,
    )  # fmt: skip
    out[far] = part
    return out.reshape(lat.shape)


__all__ = [
    "INLAND", "SEA", "Terrain", "course", "coverage_db", "directions", "load", "path_of", "profile", "read",
]  # fmt: skip
