"""A multirotor's plan: up, along straight legs at one height, down; and the volumes that it asks for."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import cached_property

from rabta.airspace.feasibility.assess import Leg, track_deg
from rabta.airspace.volumes import Circle, Polygon, Volume
from rabta.radio.itu import check_range

Place = tuple[float, float]
METRES_A_DEGREE = 111_195.0


@dataclass(frozen=True)
class Plan:
    """A flight as an operator asks for it.

    Attributes
    ----------
    way : tuple of (float, float)
        Latitude and longitude of its corners.
    height_m : float
        Cruise above the ground.
    start_s : float
        Begin of the climb, s since 1970.
    speed_m_s, climb_m_s : float
        Over the ground, and up and down.
    ground_m : float
        Height of the ground above the ellipsoid, one for the whole way.
    half_width_m, half_height_m, spare_s : float
        What the volumes have around the planned place and time.
    piece_m : float
        Longest part of a leg that is one volume.
    """

    way: tuple[Place, ...]
    height_m: float
    start_s: float
    speed_m_s: float = 15.0
    climb_m_s: float = 3.0
    ground_m: float = 0.0
    half_width_m: float = 25.0
    half_height_m: float = 8.0
    spare_s: float = 5.0
    piece_m: float = 300.0

    def __post_init__(self) -> None:
        check_range("corners of a way", len(self.way), 2, 200, "a plan")
        for key, low, high in (("height_m", 5.0, 1_000.0), ("speed_m_s", 0.5, 100.0), ("climb_m_s", 0.2, 20.0),  # noqa: E501
                               ("half_width_m", 1.0, 1_000.0), ("half_height_m", 1.0, 200.0),
                               ("spare_s", 0.0, 600.0), ("piece_m", 20.0, 10_000.0)):  # fmt: skip
            check_range(key, getattr(self, key), low, high, "a plan")

    @cached_property
    def pieces(self) -> tuple[tuple[Place, Place, float], ...]:
        """Parts of the legs: both ends and metres."""
        found = []
        for (lat, lon), (lat2, lon2) in zip(self.way, self.way[1:], strict=False):
            whole = metres((lat, lon), (lat2, lon2))
            count = max(math.ceil(whole / self.piece_m - 1e-6), 1)
            at = [(lat + (lat2 - lat) * k / count, lon + (lon2 - lon) * k / count) for k in range(count + 1)]
            found += [(a, b, whole / count) for a, b in itertools.pairwise(at)]
        return tuple(found)

    @property
    def length_m(self) -> float:
        """Of the way along the ground."""
        return length_m(self.way)

    @property
    def seconds(self) -> float:
        """From the begin of the climb to the end of the descent."""
        return self.length_m / self.speed_m_s + 2.0 * self.height_m / self.climb_m_s

    @cached_property
    def volumes(self) -> list[Volume]:
        """Volumes of the climb, the legs and the descent, in order."""
        up, level = self.height_m / self.climb_m_s, self.ground_m + self.height_m
        low, high = level - self.half_height_m, level + self.half_height_m
        found = [self._column(self.way[0], self.start_s, self.start_s + up)]
        at = self.start_s + up
        for a, b, whole in self.pieces:
            end = at + whole / self.speed_m_s
            shape = strip(a, b, self.half_width_m)
            found.append(Volume(shape, low, high, at - self.spare_s, end + self.spare_s))
            at = end
        return [*found, self._column(self.way[-1], at, at + up)]

    def _column(self, place: Place, start_s: float, end_s: float) -> Volume:
        top = self.ground_m + self.height_m + self.half_height_m
        return Volume(Circle(*place, self.half_width_m), self.ground_m, top, start_s - self.spare_s,
                      end_s + self.spare_s)  # fmt: skip

    @cached_property
    def legs(self) -> list[Leg]:
        """Way and climbs, for the energy."""
        up = self.height_m / self.climb_m_s
        along = [
            Leg(m / self.speed_m_s, m, track_deg(*a, *b), 0.0, k + 1)
            for k, (a, b, m) in enumerate(self.pieces)
        ]
        return [Leg(up, 0.0, 0.0, self.climb_m_s, 1), *along, Leg(up, 0.0, 0.0, -self.climb_m_s, len(along))]

    def later(self, seconds: float) -> Plan:
        """The same plan at another time."""
        return replace(self, start_s=self.start_s + seconds)

    def at_height(self, height_m: float) -> Plan:
        """The same plan at another height."""
        return replace(self, height_m=height_m)

    def over(self, way: tuple[Place, ...]) -> Plan:
        """The same plan over another way."""
        return replace(self, way=way)


def metres(a: Place, b: Place) -> float:
    """Distance of places near each other, on a sphere: 0.3 % off the ellipsoid's at most."""
    north = (b[0] - a[0]) * METRES_A_DEGREE
    east = (b[1] - a[1]) * METRES_A_DEGREE * math.cos(math.radians(0.5 * (a[0] + b[0])))
    return math.hypot(north, east)


def length_m(way: tuple[Place, ...]) -> float:
    """Length of a way."""
    return sum(metres(a, b) for a, b in itertools.pairwise(way))


def strip(a: Place, b: Place, half_m: float) -> Polygon:
    """Rectangle around a leg, beyond both ends by its half width."""
    scale = math.cos(math.radians(0.5 * (a[0] + b[0])))
    north, east = (b[0] - a[0]), (b[1] - a[1]) * scale
    whole = math.hypot(north, east) or 1e-12
    reach = half_m / METRES_A_DEGREE
    n, e = (north / whole * reach, east / whole * reach) if whole > 1e-11 else (reach, 0.0)
    corners = (
        (a[0] - n - e, a[1] + (-e + n) / scale), (b[0] + n - e, b[1] + (e + n) / scale),
        (b[0] + n + e, b[1] + (e - n) / scale), (a[0] - n + e, a[1] + (-e - n) / scale),
    )  # fmt: skip
    return Polygon(corners)
