"""How far positions are from the truth: east, north, up; 95th percentiles; what a truth may be."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.gnsstime import NS, Instants

Array = NDArray[np.float64]

NEAR_NS = NS // 2
SWAPPED_M = 1_000.0  # beyond this a given truth is suspected to be in another order


@dataclass(frozen=True)
class Truth:
    """Where the antenna was: one place, or one for each of some times.

    Attributes
    ----------
    position_m : ndarray, shape (1, 3) or (time, 3)
    times : ndarray of int64, shape (time,), or None for a fixed place
    """

    position_m: Array
    times: Instants | None = None


@dataclass(frozen=True)
class Accuracy:
    """Errors of the epochs that have both a position and a truth.

    Attributes
    ----------
    enu_m : ndarray, shape (epoch, 3)
        East, north, up; NaN where there is no position or no truth.
    asked : int
        Epochs that have a truth.
    """

    enu_m: Array
    asked: int

    @property
    def fixed(self) -> NDArray[np.bool_]:
        """Epochs with an error."""
        return np.isfinite(self.enu_m[:, 0])

    @property
    def availability(self) -> float:
        """Share of the epochs with a truth that have a position."""
        return float(self.fixed.sum()) / self.asked if self.asked else float("nan")

    def horizontal_m(self, percent: float = 95.0) -> float:
        """Percentile of the horizontal error; NaN without any."""
        part = self.enu_m[self.fixed]
        return float(np.percentile(np.hypot(part[:, 0], part[:, 1]), percent)) if len(part) else float("nan")

    def vertical_m(self, percent: float = 95.0) -> float:
        """Percentile of the vertical error's size; NaN without any."""
        part = self.enu_m[self.fixed]
        return float(np.percentile(np.abs(part[:, 2]), percent)) if len(part) else float("nan")

    def summary(self) -> dict[str, float]:
        """Figures by name, metres."""
        part = self.enu_m[self.fixed]
        size = np.linalg.norm(part, axis=1)
        mean = part.mean(axis=0) if len(part) else np.full(3, np.nan)
        return {
            "epochs": float(len(part)),
            "of": float(self.asked),
            "availability": self.availability,
            "h50_m": self.horizontal_m(50.0),
            "h95_m": self.horizontal_m(),
            "v95_m": self.vertical_m(),
            "rms_3d_m": float(np.sqrt(np.mean(size**2))) if len(part) else float("nan"),
            "largest_3d_m": float(size.max()) if len(part) else float("nan"),
            **dict(zip(("mean_east_m", "mean_north_m", "mean_up_m"), mean.tolist(), strict=True)),
        }


def compare(times: Instants, position_m: Array, truth: Truth) -> Accuracy:
    """Errors of positions; a moving truth is taken at the nearest time within half a second."""
    if truth.times is None:
        place = np.broadcast_to(truth.position_m[0], position_m.shape)
        return Accuracy(_enu(position_m, place), times.size)
    order = np.argsort(times, kind="stable")
    right = np.clip(np.searchsorted(times[order], truth.times), 1, max(times.size - 1, 1))
    left = right - 1
    right = np.minimum(right, times.size - 1)
    early = truth.times - times[order[left]] <= times[order[right]] - truth.times
    near = order[np.where(early, left, right)]
    met = np.abs(times[near] - truth.times) <= NEAR_NS
    error = np.full(position_m.shape, np.nan)
    error[near[met]] = _enu(position_m[near[met]], truth.position_m[met])
    return Accuracy(error, int(np.unique(near[met]).size))


def _enu(position_m: Array, truth_m: Array) -> Array:
    lat, lon, _ = geo.geodetic_from_ecef(truth_m)
    return np.asarray(np.einsum("nij,nj->ni", geo.east_north_up(lat, lon), position_m - truth_m))


def truth(text: str | Path, *, key: str = "--truth") -> Truth:
    """Truth as given: ``X,Y,Z`` in metres, ``lat,lon,h``, or a CSV file; `key` is what errors name.

    Its rows are time and X, Y, Z in metres or latitude, longitude (degrees) and height; the time is one
    column of ISO 8601 in GPS time (as in RINEX), or two: GPS week and its seconds. A heading may be there.

    Raises
    ------
    RabtaError
        Where it is neither, or not on the Earth.
    """
    parts = str(text).split(",")
    if len(parts) == 3 and all(_number(part) is not None for part in parts):
        return Truth(_placed(np.array([[float(part) for part in parts]]), key, str(text)))
    path = Path(text)
    if not _is_file(path):
        raise RabtaError(
            "the place is neither three finite numbers nor a file",
            key=key,
            value=text,
            expected="X,Y,Z in metres, lat,lon,h in degrees and metres, or a CSV of these",
        )
    return _table(path)


def _is_file(path: Path) -> bool:
    """False also for what can be no name of a file."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _table(path: Path) -> Truth:
    times: list[int] = []
    places: list[list[float]] = []
    for at, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        cells = [cell.strip() for cell in line.replace(";", ",").split(",")]
        if not any(cells) or (not times and _number(cells[-1]) is None):
            continue  # an empty line, a heading
        when, rest = _time(cells, f"{path}:{at}")
        numbers = [_number(cell) for cell in rest[:3]]
        if len(numbers) < 3 or any(n is None for n in numbers):
            raise RabtaError(
                "a row of the truth without three coordinates",
                file=f"{path}:{at}",
                value=line[:60],
                expected="time,x,y,z or time,lat,lon,h",
            )
        times.append(when)
        places.append([float(n) for n in numbers if n is not None])
    if not times:
        raise RabtaError("the truth has no rows", file=path, expected="time,x,y,z or time,lat,lon,h")
    return Truth(_placed(np.array(places), str(path), places[0]), np.array(times, dtype=np.int64))


def _time(cells: list[str], where: str) -> tuple[int, list[str]]:
    """Time of a row, and the cells after it."""
    week, seconds = _number(cells[0]), _number(cells[1]) if len(cells) > 1 else None
    if len(cells) >= 5 and week is not None and seconds is not None and _dated(week, seconds):
        return int(gnsstime.from_week(int(week), seconds)), cells[2:]
    try:
        return int(gnsstime.from_calendar(np.datetime64(cells[0].rstrip("Z"), "ns"))), cells[1:]
    except ValueError as error:
        raise RabtaError(
            "a row of the truth without a time",
            file=where,
            value=cells[0],
            expected="ISO 8601 in GPS time, or GPS week and seconds",
        ) from error


def _dated(week: float, seconds: float) -> bool:
    """Whether numbers may be a GPS week (to the year 2131) and its seconds."""
    return 0.0 <= week < 7900.0 and week == int(week) and 0.0 <= seconds <= gnsstime.WEEK_S


def _placed(values: Array, where: str, shown: object) -> Array:
    """Earth-fixed positions of coordinates of either kind."""
    size = np.linalg.norm(np.clip(values, -1e9, 1e9), axis=1)
    if ((size > 6.2e6) & (size < 5e7)).all():
        return values
    flat = (np.abs(values[:, 2]) < 1e6).all()
    if flat and (np.abs(values[:, 0]) <= 90.0).all() and (np.abs(values[:, 1]) <= 360.0).all():
        return geo.ecef_from_geodetic(values[:, 0], values[:, 1], values[:, 2])
    if (np.abs(values[:, 1]) <= 90.0).all() and (np.abs(values[:, 0]) <= 360.0).all():
        raise RabtaError(
            "the place has latitudes beyond 90 degrees",
            key=where,
            value=shown,
            expected="latitude before longitude",
        )
    raise RabtaError(
        "this is no place on the Earth",
        key=where,
        value=shown,
        expected="Earth-fixed X,Y,Z in metres, 6,200 km and more from the centre, or lat,lon,h",
    )


def check_frame(position_m: ArrayLike, given: Truth) -> None:
    """Refuse a fixed truth whose coordinates are in another order or sign than the positions.

    Raises
    ------
    RabtaError
        Where positions agree with the truth's coordinates only after a swap or a change of sign.
    """
    found = np.asarray(position_m, dtype=np.float64)
    found = found[np.isfinite(found[:, 0])]
    if given.times is not None or not len(found):
        return
    middle, place = np.median(found, axis=0), given.position_m[0]
    if float(np.linalg.norm(middle - place)) < SWAPPED_M:
        return
    for order in permutations(range(3)):
        for signs in np.array(np.meshgrid([1, -1], [1, -1], [1, -1])).reshape(3, -1).T:
            other = place[list(order)] * signs
            if float(np.linalg.norm(middle - other)) < SWAPPED_M:
                raise RabtaError(
                    "the truth's coordinates are in another order, or have another sign, than the positions",
                    key="truth",
                    value=",".join(f"{x:.3f}" for x in place),
                    expected=f"perhaps {','.join(f'{x:.3f}' for x in other)}",
                )
