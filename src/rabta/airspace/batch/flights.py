"""Flights that ask for airspace: where from and to, when, how fast; and the rules that all keep to.

Lengths are metres, heights metres above the WGS84 ellipsoid, instants seconds since 1970.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from rabta.airspace.volumes.messages import instant, seconds
from rabta.errors import RabtaError, nearest

Place = tuple[float, float]
MOST_FLIGHTS, MOST_PLACES = 100_000, 200
LIMITS = {
    "half_width_m": (1.0, 2_000.0), "half_height_m": (0.5, 500.0), "buffer_s": (0.0, 600.0),
    "longest_delay_s": (0.0, 9_000.0), "climb_m_s": (0.1, 20.0), "ground_m": (-500.0, 9_000.0),
}  # fmt: skip


@dataclass(frozen=True)
class Flight:
    """A flight as asked for.

    Attributes
    ----------
    name : str
    route : tuple of (float, float)
        Latitude and longitude (degrees) of its places, from start to end.
    depart_s, speed_m_s : float
    priority : int
        Higher goes first.
    height_m : float or None
        Layer that it would rather fly at; the lowest where it does not say.
    """

    name: str
    route: tuple[Place, ...]
    depart_s: float
    speed_m_s: float
    priority: int = 0
    height_m: float | None = None


@dataclass(frozen=True)
class Rules:
    """What all flights of a batch keep to.

    Attributes
    ----------
    layers_m : tuple of float
        Heights that flights may cruise at, apart by more than twice ``half_height_m``.
    half_width_m, half_height_m : float
        How far from its nominal line a flight may be.
    buffer_s : float
        How early or late it may be.
    ground_m : float
        Height that flights take off from and land at.
    climb_m_s : float
        Climb and descent.
    longest_delay_s : float
        Delay beyond which a flight is refused.
    detours_m : tuple of float
        How far aside of the middle of its longest leg a flight may be led, to either side.
    """

    layers_m: tuple[float, ...] = (560.0, 580.0, 600.0, 620.0)
    half_width_m: float = 25.0
    half_height_m: float = 8.0
    buffer_s: float = 5.0
    ground_m: float = 500.0
    climb_m_s: float = 3.0
    longest_delay_s: float = 900.0
    detours_m: tuple[float, ...] = (150.0,)

    def __post_init__(self) -> None:
        for key, (low, high) in LIMITS.items():
            if not low <= getattr(self, key) <= high:
                raise RabtaError("a rule that cannot be", key=key, value=getattr(self, key),
                                 expected=f"{low:g} to {high:g}")  # fmt: skip
        layers = sorted(self.layers_m)
        if not layers or not all(map(math.isfinite, layers)) or layers[0] <= self.ground_m:
            raise RabtaError("flights need layers above the ground", key="layers_m", value=layers,
                             expected=f"heights above {self.ground_m:g} m")  # fmt: skip
        gap = min((b - a for a, b in pairwise(layers)), default=math.inf)
        if gap <= 2.0 * self.half_height_m:
            raise RabtaError("layers closer than flights keep their heights", key="layers_m", value=gap,
                             expected=f"more than {2 * self.half_height_m:g} m apart")  # fmt: skip
        if not all(0.0 < one <= 10_000.0 for one in self.detours_m):
            raise RabtaError("a detour that cannot be", key="detours_m", value=self.detours_m,
                             expected="more than 0, at most 10,000 m")  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """Flights and their rules."""

    flights: tuple[Flight, ...]
    rules: Rules = field(default_factory=Rules)


def read(path: Path) -> Batch:
    """Batch of a JSON file.

    Raises
    ------
    RabtaError
        Naming file and key of what is wrong.
    """
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RabtaError("a file that cannot be read", file=path, value=error.strerror) from None
    except ValueError as error:
        raise RabtaError("a file that is not JSON", file=path, value=str(error)[:80]) from None
    try:
        return batch(held)
    except RabtaError as error:
        error.file = path
        raise


def batch(held: object) -> Batch:
    """Batch of what a JSON file holds."""
    if not isinstance(held, dict):
        raise RabtaError("not a batch", key="flights", expected="an object with flights")
    known = [*Rules.__dataclass_fields__]
    _known(held, [*known, "flights"], "")
    rows = held.get("flights")
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_FLIGHTS:
        raise RabtaError("no flights", key="flights", expected=f"a list of 1 to {MOST_FLIGHTS} objects")
    rules = Rules(**{key: _rule(held[key], key) for key in known if key in held})
    flights = tuple(_flight(row, f"flights[{k}]", rules) for k, row in enumerate(rows))
    names: set[str] = set()
    for number, one in enumerate(flights):
        if one.name in names:
            raise RabtaError("two flights of one name", key=f"flights[{number}].id", value=one.name)
        names.add(one.name)
    return Batch(flights, rules)


def written(given: Batch) -> dict[str, Any]:
    """What a JSON file of a batch holds."""
    rules = {key: getattr(given.rules, key) for key in Rules.__dataclass_fields__}
    flights = [
        {"id": one.name, "depart": instant(one.depart_s), "speed_m_s": one.speed_m_s,
         "priority": one.priority, "route": [list(place) for place in one.route],
         **({} if one.height_m is None else {"height_m": one.height_m})}
        for one in given.flights
    ]  # fmt: skip
    return {**rules, "flights": flights}


def drawn(
    count: int, seed: int, *, middle: Place = (33.69, 73.05), side_m: float = 15_000.0,
    span_s: float = 720.0, begin_s: float = 1_795_500_000.0, rules: Rules | None = None,
) -> Batch:  # fmt: skip
    """Deliveries over a city, of 2 to 8 km: a third from ten depots, the others from anywhere to anywhere.

    A depot has twelve pads, 80 m apart.
    """
    rng = np.random.default_rng(seed)
    degree = np.array([111_000.0, 111_000.0 * math.cos(math.radians(middle[0]))])
    depots = rng.uniform(-0.5, 0.5, (10, 2)) * side_m
    flights: list[Flight] = []
    while len(flights) < count:
        pad = 80.0 * np.array([rng.integers(3), rng.integers(4)])
        a = depots[rng.integers(10)] + pad if rng.random() < 1 / 3 else rng.uniform(-0.5, 0.5, 2) * side_m
        bearing, far = rng.uniform(0, 2 * math.pi), rng.uniform(2_000.0, 8_000.0)
        b = a + far * np.array([math.cos(bearing), math.sin(bearing)])
        if np.abs(b).max() > 0.5 * side_m:
            continue
        ends = tuple((float(middle[0] + y / degree[0]), float(middle[1] + x / degree[1])) for y, x in (a, b))
        depart, speed = begin_s + float(rng.uniform(0, span_s)), float(rng.uniform(10.0, 15.0))
        flights.append(Flight(f"F{len(flights):05d}", ends, depart, speed, int(rng.random() < 0.05)))
    return Batch(tuple(flights), rules or Rules())


def _flight(row: object, key: str, rules: Rules) -> Flight:
    if not isinstance(row, dict):
        raise RabtaError("a flight that is no object", key=key)
    _known(row, ["id", "route", "depart", "speed_m_s", "priority", "height_m"], f"{key}.")
    name, rank = row.get("id"), row.get("priority", 0)
    if not isinstance(name, str) or not name:
        raise RabtaError("a flight without a name", key=f"{key}.id", value=name, expected="a text")
    if isinstance(rank, bool) or not isinstance(rank, int):
        raise RabtaError("no such priority", key=f"{key}.priority", value=rank, expected="a whole number")
    speed = _number(row.get("speed_m_s"), f"{key}.speed_m_s")
    if not 0.5 <= speed <= 150.0:
        raise RabtaError("no such speed", key=f"{key}.speed_m_s", value=speed, expected="0.5 to 150 m/s")
    height = row.get("height_m")
    if height is not None and height not in rules.layers_m:
        raise RabtaError("no such layer", key=f"{key}.height_m", value=height,
                         expected=", ".join(f"{one:g}" for one in rules.layers_m))  # fmt: skip
    return Flight(name, _route(row.get("route"), f"{key}.route"), seconds(row.get("depart"), f"{key}.depart"),
                  speed, rank, height)  # fmt: skip


def _route(given: object, key: str) -> tuple[Place, ...]:
    if not isinstance(given, list) or not 2 <= len(given) <= MOST_PLACES:
        raise RabtaError(
            "a flight without a route", key=key, expected=f"2 to {MOST_PLACES} places [lat, lon]"
        )
    found: list[Place] = []
    for k, one in enumerate(given):
        if not isinstance(one, list) or len(one) != 2:
            raise RabtaError("not a place", key=f"{key}[{k}]", value=one, expected="[latitude, longitude]")
        lat, lon = (_number(part, f"{key}[{k}]") for part in one)
        if abs(lat) > 85.0 or abs(lon) > 180.0:
            raise RabtaError("no place to fly at", key=f"{key}[{k}]", value=one,
                             expected="latitude -85 to 85, longitude -180 to 180")  # fmt: skip
        if found and found[-1] == (lat, lon):
            raise RabtaError("a place twice in a row", key=f"{key}[{k}]", value=one)
        found.append((lat, lon))
    return tuple(found)


def _rule(value: object, key: str) -> Any:
    if key.endswith("s_m"):
        if not isinstance(value, list):
            raise RabtaError("not a list", key=key, value=value, expected="a list of metres")
        return tuple(_number(one, f"{key}[{k}]") for k, one in enumerate(value))
    return _number(value, key)


def _number(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RabtaError("a number is missing or wrong", key=key, value=value, expected="a finite number")
    return float(value)


def _known(row: Mapping[str, Any], keys: list[str], before: str) -> None:
    for key in row:
        if key not in keys:
            raise RabtaError("unknown key", key=f"{before}{key}", expected=nearest(str(key), keys))
