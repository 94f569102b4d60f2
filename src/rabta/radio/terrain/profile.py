"""Profiles of the ground between two antennas, checked before use, and the run over many of them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

SEA, COAST, INLAND = 1, 3, 4  # radio-climatic zones, as files of ITU-R study group 3 number them
LOWEST_LAND_M = -450.0  # the shore of the Dead Sea is the lowest land
HIGHEST_LAND_M = 9000.0
POLARISATIONS = ("horizontal", "vertical")
RADIUS_KM = 6371.0
QUERY = (
    "frequency_ghz", "time_percent", "location_percent", "tx_height_m", "rx_height_m", "vertical",
    "latitude_deg", "tx_coast_km", "rx_coast_km", "delta_n", "n0", "gains_dbi", "pressure_hpa",
    "temperature_k", "worst_month", "resolution_m", "entry_db", "entry_sigma_db", "closed",
)  # fmt: skip
PARTS = (
    "loss_db", "free_space_db", "line_of_sight_p_db", "line_of_sight_b0_db", "spherical_50_db",
    "diffraction_50_db", "diffraction_p_db", "troposcatter_db", "ducting_db", "median_places_db",
    "effective_radius_km", "tx_horizon_km", "rx_horizon_km", "tx_horizon_mrad", "rx_horizon_mrad",
    "path_angle_mrad", "tx_effective_m", "rx_effective_m", "roughness_m", "tx_smooth_m", "rx_smooth_m",
    "ducting_percent", "annual_percent", "line_of_sight", "sea_share", "longest_land_km",
    "longest_inland_km",
)  # fmt: skip


@dataclass(frozen=True)
class Profiles:
    """Profiles of one or many paths, end to end in flat arrays.

    Attributes
    ----------
    distance_km, ground_m, clutter_m, zone : ndarray
        Distance from the transmitter, height of the ground over the sea, height of what stands on it, and
        zone (`SEA`, `COAST` or `INLAND`) of the points.
    at : ndarray of int, shape (path, 5)
        Where a path begins in each of the four, and its number of points.
    latitude_deg, delta_n, n0 : ndarray, shape (path,)
        At the middle of the path: latitude, fall of the refractivity over the lowest kilometre (N-units/km,
        positive) and refractivity at sea level (N-units), ITU-R P.453.
    """

    distance_km: Array
    ground_m: Array
    clutter_m: Array
    zone: NDArray[np.uint8]
    at: NDArray[np.int64]
    latitude_deg: Array
    delta_n: Array
    n0: Array

    def __len__(self) -> int:
        """Number of paths."""
        return len(self.at)

    @property
    def length_km(self) -> Array:
        """Length of each path."""
        return np.asarray(self.distance_km[self.at[:, 0] + self.at[:, 4] - 1])


Rows = ArrayLike | Sequence[ArrayLike]


def profiles(
    distance_km: Rows,
    ground_m: Rows,
    *,
    latitude_deg: ArrayLike,
    delta_n: ArrayLike,
    n0: ArrayLike,
    clutter_m: Rows | None = None,
    zone: Rows | None = None,
) -> Profiles:
    """Check profiles and lay them end to end.

    Parameters
    ----------
    distance_km, ground_m : array_like, shape (point,) or (path, point), or a list of profiles
        Distances from the transmitter (0 first, the receiver last), heights over the sea. One row of
        distances may serve all paths.
    latitude_deg, delta_n, n0 : array_like
        As in `Profiles`.
    clutter_m : optional
        Height of buildings and trees at each point; 0 if absent.
    zone : optional
        `SEA`, `COAST` or `INLAND` at each point; inland if absent.

    Raises
    ------
    RabtaError
        Distances that do not start at 0 or do not rise, heights that are no number, outside those of land,
        or under the water of a zone that is sea, and columns of different lengths.
    """
    ground, counts = _rows("ground_m", ground_m)
    distance, at_d = _column("distance_km", distance_km, counts)
    cover, at_c = _column("clutter_m", clutter_m, counts)
    zones, at_z = _column("zone", zone, counts)
    at_h = np.concatenate([[0], np.cumsum(counts)[:-1]])
    at = np.ascontiguousarray(np.column_stack([at_d, at_h, at_c, at_z, counts]).astype(np.int64))
    codes = zones.astype(np.uint8) if zone is not None else np.full(int(counts.max()), INLAND, np.uint8)
    if zone is not None and not np.isin(zones, (SEA, COAST, INLAND)).all():
        wrong = zones[~np.isin(zones, (SEA, COAST, INLAND))][0]
        raise RabtaError("no such radio-climatic zone", key="zone", value=wrong, expected="1, 3 or 4")
    _check_distances(distance, at)
    _check_heights(ground, codes, at)
    check_range("clutter_m", cover, 0.0, 1000.0, "a profile")
    places = [np.broadcast_to(np.asarray(v, np.float64), len(at)) for v in (latitude_deg, delta_n, n0)]
    check_range("delta_n", places[1], 1.0, 150.0, "ITU-R P.453 (N-units/km, positive)")
    check_range("n0", places[2], 200.0, 500.0, "ITU-R P.453")
    return Profiles(distance, ground, cover, codes, at, *places)


def _rows(name: str, value: Rows) -> tuple[Array, NDArray[np.int64]]:
    try:
        regular = np.asarray(value, dtype=np.float64)
    except ValueError:  # rows of different lengths
        parts = [np.asarray(row, dtype=np.float64).ravel() for row in cast("Sequence[ArrayLike]", value)]
        return np.concatenate(parts), np.array([len(part) for part in parts], dtype=np.int64)
    if regular.ndim not in (1, 2) or regular.size == 0:
        raise RabtaError(
            "profiles are one row of points, or one a path", key=name, value=f"{regular.ndim} dimensions"
        )
    table = np.atleast_2d(regular)
    return np.ascontiguousarray(table).ravel(), np.full(len(table), table.shape[1], dtype=np.int64)


def _column(name: str, value: Rows | None, counts: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
    """A column of all points and where each path begins in it; one row may serve every path."""
    if value is None:
        return np.zeros(int(counts.max())), np.zeros(len(counts), dtype=np.int64)
    column, own = _rows(name, value)
    if len(own) == 1 and len(counts) > 1 and (counts == own[0]).all():
        return column, np.zeros(len(counts), dtype=np.int64)
    if not np.array_equal(own, counts):
        raise RabtaError(
            "a column of the profile has another number of points than its heights",
            key=name,
            value=own.tolist()[:3],
            expected=str(counts.tolist()[:3]),
        )
    return column, np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)


def _check_distances(distance: Array, at: NDArray[np.int64]) -> None:
    first, last = at[:, 0], at[:, 0] + at[:, 4] - 1
    if (at[:, 4] < 3).any():
        raise RabtaError("too few points in a profile", value=int(at[:, 4].min()), expected="at least 4")
    if not np.isfinite(distance).all():
        raise RabtaError("a distance is no number", key="distance_km", expected="finite kilometres")
    if (distance[first] != 0.0).any():
        wrong = float(distance[first][distance[first] != 0.0][0])
        raise RabtaError("a profile starts at its transmitter", key="distance_km", value=wrong, expected="0")
    step = np.diff(distance)
    step[np.setdiff1d(last, [len(distance) - 1])] = 0.0
    if (step < 0.0).any():
        wrong = int(np.argmax(step < 0.0)) + 1
        raise RabtaError(
            "the distances of a profile are not sorted",
            key="distance_km",
            value=f"{distance[wrong]:g} after {distance[wrong - 1]:g}",
            expected="distances that rise from the transmitter to the receiver",
        )
    if (step[first] <= 0.0).any() or (step[last - 1] <= 0.0).any():
        raise RabtaError("a point of the profile lies on an antenna", key="distance_km", expected="apart")


def _check_heights(ground: Array, zone: NDArray[np.uint8], at: NDArray[np.int64]) -> None:
    check_range("ground_m", ground, LOWEST_LAND_M, HIGHEST_LAND_M, "heights of land (metres over the sea)")
    if not (ground < 0.0).any():
        return
    for _, h, _, z, count in at:
        low = ground[h : h + count] < 0.0
        if (low & (zone[z : z + count] == SEA)).any():
            point = int(np.argmax(low & (zone[z : z + count] == SEA)))
            raise RabtaError(
                "the profile goes under the sea",
                key="ground_m",
                value=f"{ground[h + point]:g} m at point {point + 1}",
                expected="the surface of the water, 0 m, in a zone that is sea",
            )
    warnings.warn(
        f"the profile goes under the level of the sea ({ground.min():g} m): taken as land", stacklevel=4
    )


def along(
    lat1: ArrayLike, lon1: ArrayLike, lat2: ArrayLike, lon2: ArrayLike, distance_km: ArrayLike
) -> tuple[Array, Array]:
    """Latitude and longitude (degrees) on the great circle from one place to another at a distance.

    A sphere of 6,371 km, as in ITU-R P.2001, attachment H. One of two places that are the same leads north.

    Examples
    --------
    >>> lat, lon = along(0.0, 10.0, 0.0, 20.0, 6371.0 * 3.141592653589793 / 36.0)
    >>> round(float(lat), 6), round(float(lon), 6)
    (0.0, 15.0)
    """
    a, b, c, d = (np.radians(np.asarray(v, np.float64)) for v in (lat1, lon1, lat2, lon2))
    turn, arc = d - b, np.asarray(distance_km, np.float64) / RADIUS_KM
    north = np.cos(a) * np.sin(c) - np.sin(a) * np.cos(c) * np.cos(turn)
    bearing = np.arctan2(np.sin(turn) * np.cos(c), north)
    sine = np.sin(a) * np.cos(arc) + np.cos(a) * np.sin(arc) * np.cos(bearing)
    east = np.arctan2(np.sin(bearing) * np.sin(arc) * np.cos(a), np.cos(arc) - np.sin(a) * sine)
    return np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))), np.degrees(b + east)


def vertical(polarisation: str | Sequence[str]) -> NDArray[np.float64]:
    """1 where a polarisation is vertical, 0 where it is horizontal."""
    names = [polarisation] if isinstance(polarisation, str) else list(polarisation)
    for name in names:
        if name not in POLARISATIONS:
            raise RabtaError(
                "no such polarisation", key="polarisation", value=name, expected=nearest(name, POLARISATIONS)
            )
    found = np.array([float(name == "vertical") for name in names])
    return found[0] if isinstance(polarisation, str) else found


def check(name: str, value: ArrayLike, ranges: dict[str, tuple[float, float]], recommendation: str) -> None:
    """Refuse a parameter outside the range that a Recommendation's table names."""
    check_range(name, value, *ranges[name], recommendation)


def evaluate(paths: Profiles, query: dict[str, ArrayLike], *, p452: bool, columns: int) -> Array:
    """Run the kernel over profiles and queries broadcast against each other.

    Parameters
    ----------
    query : dict
        Names of `QUERY`; what is absent is 0, coasts that are absent follow from the zones.
    columns : int
        How many of `PARTS` to return.

    Returns
    -------
    ndarray, shape (..., columns)
        Queries broadcast against the paths; one path and scalars give shape (columns,).
    """
    from rabta import jit
    from rabta.radio import gas
    from rabta.radio.terrain import _kernels

    values = {name: np.asarray(query.get(name, 0.0), dtype=np.float64) for name in QUERY}
    for name in ("tx_coast_km", "rx_coast_km"):
        values[name] = np.asarray(query.get(name, np.nan), dtype=np.float64)
    row = np.arange(len(paths)) if len(paths) > 1 else np.zeros((), dtype=np.int64)
    for name in ("latitude_deg", "delta_n", "n0"):
        values[name] = np.asarray(getattr(paths, name))[row]
    shape = np.broadcast_shapes(row.shape, *(v.shape for v in values.values()))
    profile = np.ascontiguousarray(np.broadcast_to(row, shape).ravel().astype(np.int64))
    table, which = _table(values, shape, profile.size)
    out = np.empty((profile.size, columns))
    lines = [np.ascontiguousarray(part) for part in gas.lines()]
    flat = (paths.distance_km, paths.ground_m, paths.clutter_m, paths.zone, paths.at)
    jit.each_part(_kernels.paths, profile.size, *flat, profile, which, table, *lines, p452, out)
    return out.reshape(*shape, columns)


def _table(values: dict[str, Array], shape: tuple[int, ...], size: int) -> tuple[Array, NDArray[np.int64]]:
    """Rows of the queries, and the row of each item; one row where all are the same."""
    if all(v.size == 1 for v in values.values()):
        return np.array([[float(v.reshape(-1)[0]) for v in values.values()]]), np.zeros(size, dtype=np.int64)
    table = np.empty((size, len(values)))
    for column, value in enumerate(values.values()):
        table[:, column] = np.broadcast_to(value, shape).ravel()
    return table, np.arange(size, dtype=np.int64)
