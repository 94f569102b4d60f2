"""Aircraft in the air: where they are, what they want, what they can, and who gives way.

The default limits are those that BlueSky 1.1.1 flies a DJI Matrice 600 with: 18 m/s and 5 m/s of climb from
OpenAP's `rotor` data, 3.5 m/s2, 25 degrees of bank, and 300 ft/min in a second upwards.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest

Array = NDArray[np.float64]
M600 = (18.0, 5.0, 5.0, 3.5, math.radians(25.0), 1.524, -math.inf, math.inf)
FLOOR, CEILING = 6, 7
NEEDED = ("lat_deg", "lon_deg", "height_m", "track_deg", "speed_m_s")
CHOSEN = ("id", "climb_m_s", "priority", "cooperative", "crewed", "wanted_height_m")
MOST_AIRCRAFT = 1_000_000


@dataclass
class Traffic:
    """Aircraft on a plane around a place.

    Attributes
    ----------
    names : list of str
    state : ndarray, shape (n, 6)
        East, north, up (m) and their rates (m/s).
    plan : ndarray, shape (n, 3)
        Velocity wanted east and north (m/s), and height (m).
    limits : ndarray, shape (n, 8)
        Speed, climb, sink (m/s), acceleration (m/s2), bank (rad), vertical acceleration (m/s2), floor and
        ceiling (m).
    role : ndarray of int, shape (n, 3)
        Rank (lower gives way), 1 for who does not cooperate, 1 for crewed.
    """

    names: list[str]
    state: Array
    plan: Array
    limits: Array
    role: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.state)


def made(state: Array, names: Sequence[str] | None = None) -> Traffic:
    """Traffic that wants to go on as it goes, of drones that cooperate.

    Parameters
    ----------
    state : ndarray, shape (n, 6)
    """
    count = len(state)
    plan = np.ascontiguousarray(state[:, [3, 4, 2]])
    limits = np.tile(np.array(M600), (count, 1))
    labels = list(names or (f"R{k:05d}" for k in range(count)))
    return Traffic(labels, np.ascontiguousarray(state, float), plan, limits, np.zeros((count, 3), np.int64))


def drawn(
    count: int, side_m: float, seed: int, *, heights_m: tuple[float, float] = (40.0, 120.0),
    speeds_m_s: tuple[float, float] = (10.0, 15.0), apart: tuple[float, float] = (50.0, 30.0),
) -> Traffic:  # fmt: skip
    """Drones anywhere in a square, on any track, that begin apart from each other.

    Raises
    ------
    RabtaError
        Where so many do not fit.
    """
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(seed)
    places = np.empty((0, 3))
    for _ in range(50):
        more = np.column_stack([rng.uniform(-0.5, 0.5, (count, 2)) * side_m, rng.uniform(*heights_m, count)])
        places = np.concatenate([places, more])[: 4 * count]
        near = cKDTree(places[:, :2]).query_pairs(2.0 * apart[0], output_type="ndarray")
        near = near[np.abs(places[near[:, 0], 2] - places[near[:, 1], 2]) < apart[1]]
        places = np.delete(places, np.unique(near.max(axis=1)), axis=0) if len(near) else places
        if len(places) >= count:
            break
    else:
        raise RabtaError("so many aircraft do not fit", key="count", value=count, expected="a wider square")
    track, speed = rng.uniform(0.0, 2.0 * np.pi, count), rng.uniform(*speeds_m_s, count)
    flown = np.column_stack([speed * np.sin(track), speed * np.cos(track), np.zeros(count)])
    return made(np.column_stack([places[:count], flown]))


def read(path: Path) -> Traffic:
    """Traffic of a JSON file: ``{"aircraft": [{"lat_deg": ..., "lon_deg": ..., ...}]}``.

    Raises
    ------
    RabtaError
        Naming file and key of what is wrong.
    """
    from rabta.airspace.volumes.plane import project

    rows = _rows(path)
    values = np.array([[_number(row, key, k, path) for key in NEEDED] for k, row in enumerate(rows)])
    for k, (lat, lon) in enumerate(values[:, :2]):
        if abs(lat) > 90.0 or abs(lon) > 180.0:
            raise RabtaError("no place on Earth", file=path, key=f"aircraft[{k}]", value=f"{lat}, {lon}",
                             expected="latitude -90 to 90, longitude -180 to 180")  # fmt: skip
    plane = project(values[:, 0], values[:, 1], (float(values[0, 0]), float(values[0, 1])))
    if not np.all(np.hypot(*plane.T) < 500e3):
        raise RabtaError("aircraft too far apart for one plane", file=path, key="aircraft",
                         expected="all within 500 km of the first")  # fmt: skip
    track = np.radians(values[:, 3])
    climb = [_number(row, "climb_m_s", k, path, 0.0) for k, row in enumerate(rows)]
    state = np.column_stack(
        [plane, values[:, 2], values[:, 4] * np.sin(track), values[:, 4] * np.cos(track), climb]
    )
    found = made(state, [str(row.get("id", f"R{k:05d}")) for k, row in enumerate(rows)])
    found.limits[:, 0] = np.maximum(found.limits[:, 0], values[:, 4])
    found.plan[:, 2] = [_number(row, "wanted_height_m", k, path, values[k, 2]) for k, row in enumerate(rows)]
    found.role[:] = [_role(row, k, path) for k, row in enumerate(rows)]
    return found


def _rows(path: Path) -> list[Mapping[str, Any]]:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RabtaError("a file that cannot be read", file=path, value=error.strerror) from None
    except ValueError as error:
        raise RabtaError("a file that is not JSON", file=path, value=str(error)[:80]) from None
    rows = held.get("aircraft") if isinstance(held, dict) else None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_AIRCRAFT:
        raise RabtaError("no aircraft", file=path, key="aircraft", expected="a list of objects")
    for k, row in enumerate(rows):
        if not isinstance(row, dict):
            raise RabtaError("an aircraft that is no object", file=path, key=f"aircraft[{k}]")
        for key in row:
            if key not in (*NEEDED, *CHOSEN):
                raise RabtaError("unknown key", file=path, key=f"aircraft[{k}].{key}",
                                 expected=nearest(str(key), (*NEEDED, *CHOSEN)))  # fmt: skip
    return rows


def _number(row: Mapping[str, Any], key: str, k: int, path: Path, otherwise: float | None = None) -> float:
    value = row.get(key, otherwise)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RabtaError("a number is missing or wrong", file=path, key=f"aircraft[{k}].{key}", value=value,
                         expected="a finite number")  # fmt: skip
    if key == "speed_m_s" and not 0.0 <= value <= 400.0:
        raise RabtaError("no such speed", file=path, key=f"aircraft[{k}].{key}", value=value,
                         expected="0 to 400 m/s")  # fmt: skip
    return float(value)


def _role(row: Mapping[str, Any], k: int, path: Path) -> tuple[int, int, int]:
    rank, crewed = row.get("priority", 0), row.get("crewed", False)
    heeds = row.get("cooperative", not crewed)
    if isinstance(rank, bool) or not isinstance(rank, int) or not 0 <= rank <= 1_000:
        raise RabtaError("no such priority", file=path, key=f"aircraft[{k}].priority", value=rank,
                         expected="a whole number, 0 to 1000; higher goes first")  # fmt: skip
    for key, value in (("crewed", crewed), ("cooperative", heeds)):
        if not isinstance(value, bool):
            raise RabtaError("neither true nor false", file=path, key=f"aircraft[{k}].{key}", value=value)
    return rank, int(not heeds), int(crewed)
