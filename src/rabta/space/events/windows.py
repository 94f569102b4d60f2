"""When every satellite is in view of every place: exact rise and set times.

SGP4 gives positions at nodes; between them the Earth-fixed path is a cubic whose error is bounded (below a
metre: `step_s`), so that an edge is off by that over the rate of rising, under a millisecond except for
passes that barely graze the horizon. UT1 is taken as UTC and refraction is left out, as in
`rabta.space.visibility`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import jit
from rabta.errors import RabtaError
from rabta.space.orbits import Orbits
from rabta.space.orbits._layout import AT, EARTH_RADIUS_KM
from rabta.space.propagate import stale_orbits
from rabta.space.visibility import Ground
from rabta.times import gmst_rad, julian_date

F8 = NDArray[np.float64]

GM = 398_600.8e9  # WGS-72, m^3/s^2
EARTH_RATE = 7.292115e-5
PATH_ERROR_M = 0.45  # greatest error of the cubic through exact positions and rates
STEPS_S = (5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0)
BATCH = 8
LONGEST_S = 400 * 86_400.0


@dataclass(frozen=True)
class Windows:
    """Visibility windows, in the order of satellites, then places, then time.

    Attributes
    ----------
    site, satellite : ndarray of int32, shape (window,)
        Rows of the places and of the orbits.
    rise_s, set_s : ndarray, shape (window,)
        Seconds from the start; 0 or the whole span where the satellite is in view at the edge of the span.
    start : datetime64
    span_s : float
    """

    site: NDArray[np.int32]
    satellite: NDArray[np.int32]
    rise_s: F8
    set_s: F8
    start: np.datetime64
    span_s: float

    def __len__(self) -> int:
        return len(self.site)

    def only(self, chosen: NDArray[np.bool_]) -> Windows:
        """Windows at the chosen rows."""
        return Windows(
            self.site[chosen],
            self.satellite[chosen],
            self.rise_s[chosen],
            self.set_s[chosen],
            self.start,
            self.span_s,
        )


def step_s(orbits: Orbits) -> F8:
    """Longest step of each orbit's path that keeps its error below `PATH_ERROR_M`, shape (satellite,).

    The error of a cubic through values and rates is r'''' h^4 / 384. By two-body motion r'''' is largest at
    perigee, GM^2 (1 + 3 e) / rp^5 (twice differentiated from r'' = -GM r / r^3 where the distance is
    least); the turning frame adds its rate to that of the orbit.
    """
    ecc, axis = orbits.table[:, AT["ecco"]], orbits.table[:, AT["ao"]] * EARTH_RADIUS_KM * 1e3
    perigee = np.maximum(axis * (1.0 - ecc), 6.0e6)
    rate = np.sqrt(GM / perigee**3) * (1.0 + 3.0 * ecc) ** 0.25 + EARTH_RATE
    longest = (384.0 * PATH_ERROR_M / perigee) ** 0.25 / rate
    place = np.searchsorted(STEPS_S, np.nan_to_num(longest), side="right") - 1
    return np.asarray(STEPS_S)[np.maximum(place, 0)]


def windows(
    orbits: Orbits,
    place: Ground,
    start: np.datetime64,
    span_s: float,
    min_elevation_deg: ArrayLike,
) -> Windows:
    """Every window of every satellite over every place.

    Parameters
    ----------
    orbits : Orbits
    place : Ground
        Places, with their terrain horizons.
    start : datetime64
        UTC.
    span_s : float
        Length of the search, seconds.
    min_elevation_deg : array_like, shape (satellite,) or ()
        Least elevation, 0 to 90.

    Notes
    -----
    None is missed that lasts 10 ms (20 ms along a terrain horizon). A satellite that SGP4 cannot propagate
    is not in view from then on.
    """
    span_s = float(span_s)
    if not 0.0 < span_s <= LONGEST_S:
        raise RabtaError(
            "span out of range", key="span_s", value=span_s, expected=f"above 0, at most {LONGEST_S:g}"
        )
    least = np.broadcast_to(np.radians(np.asarray(min_elevation_deg, dtype=np.float64)), (len(orbits),))
    if not ((least >= 0.0) & (least <= np.pi / 2)).all():
        raise RabtaError("least elevation out of range", key="min_elevation_deg", expected="0 to 90")
    if text := stale_orbits(orbits, np.array([start, start + np.timedelta64(round(span_s), "s")])):
        warnings.warn(text, stacklevel=2)
    tasks = _tasks(step_s(orbits))
    found: dict[int, tuple[NDArray[np.int32], F8]] = {}
    ground = (place.cell_m, place.axes, place.horizon_deg, _terrain(place.horizon_deg))
    grids = {step: _grid(start, span_s, step) for step, _ in tasks}

    def search(index: int) -> None:
        step, rows = tasks[index]
        found[index] = _search(
            Orbits(orbits.table[rows]), rows, step, span_s, grids[step], least[rows], ground
        )

    jit.each(search, range(len(tasks)))
    where = np.concatenate([found[i][0] for i in range(len(tasks))] or [np.empty((0, 2), np.int32)])
    when = np.concatenate([found[i][1] for i in range(len(tasks))] or [np.empty((0, 2))])
    return Windows(where[:, 0], where[:, 1], when[:, 0], when[:, 1], start, span_s)


def _tasks(steps: F8) -> list[tuple[float, NDArray[np.int64]]]:
    """Batches of satellites of one step."""
    out = []
    for step in np.unique(steps):
        rows = np.flatnonzero(steps == step)
        out += [(float(step), rows[at : at + BATCH]) for at in range(0, len(rows), BATCH)]
    return out


def _grid(start: np.datetime64, span_s: float, step: float) -> tuple[F8, F8, F8]:
    """Julian dates and sidereal angles of nodes, two before the start and two past the end."""
    count = int(np.ceil(span_s / step)) + 5
    since = ((np.arange(count) - 2) * step * 1e9).astype("timedelta64[ns]")
    day, part = julian_date(start.astype("datetime64[ns]") + since)
    return np.ascontiguousarray(day), np.ascontiguousarray(part), gmst_rad(day, part)


def _terrain(horizon_deg: NDArray[np.float32]) -> F8:
    """Lowest and highest horizon (rad) and steepest climb (degree a degree), shape (place, 3)."""
    wide = horizon_deg.astype(np.float64)
    climb = np.abs(np.diff(wide, axis=1, append=wide[:, :1])).max(axis=1) / (360.0 / wide.shape[1])
    return np.stack([np.radians(wide.min(axis=1)), np.radians(wide.max(axis=1)), climb], axis=1)


def _search(
    orbits: Orbits,
    rows: NDArray[np.int64],
    step: float,
    span_s: float,
    grid: tuple[F8, F8, F8],
    least: F8,
    ground: tuple[F8, F8, NDArray[np.float32], F8],
) -> tuple[NDArray[np.int32], F8]:
    """Windows of one batch; once more with room enough where there was too little."""
    from rabta.space.events import _kernels
    from rabta.space.orbits import _kernels as sgp4

    nodes = np.empty((len(orbits), 3, len(grid[0])))
    codes = np.empty((len(orbits), len(grid[0])), dtype=np.uint8)
    sgp4.states(0, len(orbits), orbits.table, *grid, False, nodes, codes)
    room = max(int(len(rows) * len(ground[0]) * span_s / 20_000.0), 64)
    while True:
        where, when = np.empty((room, 2), dtype=np.int32), np.empty((room, 2))
        many = _kernels.search(
            nodes, rows, step, span_s, np.ascontiguousarray(least), *ground, 0, where, when
        )
        if many <= room:
            return where[:many], when[:many]
        room = many
