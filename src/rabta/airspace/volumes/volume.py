"""A volume of space and time, as ASTM F3548-21 and F3411-22a describe one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

from rabta.errors import RabtaError
from rabta.geo import MEAN_RADIUS_M

MOST_VERTICES = 10_000  # F3548-21 OiMaxVertices
LARGEST_RADIUS_M = 500_000.0
LARGEST_SPAN_DEG = 40.0  # beyond it the plane of a polygon does not hold
METRES_A_DEGREE = MEAN_RADIUS_M * math.pi / 180.0


@dataclass(frozen=True)
class Polygon:
    """Corners whose edges are shortest paths.

    Attributes
    ----------
    corners : tuple of (float, float)
        Latitude and longitude (degrees); the last is not the first again.
    """

    corners: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        check_places(self.corners)
        if not 3 <= len(self.corners) <= MOST_VERTICES:
            raise RabtaError("a polygon needs corners", key="vertices", value=len(self.corners),
                             expected=f"3 to {MOST_VERTICES}")  # fmt: skip

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """South, west, north, east (degrees), the bulge of edges included; east may exceed 180."""
        first = self.corners[0][1] - 180.0
        lat, lon = zip(*self.corners, strict=True)
        turned = [first + (one - first) % 360.0 for one in lon]  # all within half a turn of the first
        south, north = min(lat), max(lat)
        west, east = min(turned), max(turned)
        span = max(north - south, east - west)
        if span > LARGEST_SPAN_DEG:
            raise RabtaError("a polygon too large", key="vertices", value=f"{span:.1f} degrees",
                             expected=f"at most {LARGEST_SPAN_DEG:g} degrees")  # fmt: skip
        bulge = _bulge_deg(max(abs(south), abs(north)), east - west)
        return max(south - bulge, -90.0), west, min(north + bulge, 90.0), east


@dataclass(frozen=True)
class Circle:
    """All within a distance of a place.

    Attributes
    ----------
    lat_deg, lon_deg : float
    radius_m : float
    """

    lat_deg: float
    lon_deg: float
    radius_m: float

    def __post_init__(self) -> None:
        check_places([(self.lat_deg, self.lon_deg)])
        if not 0.0 < self.radius_m <= LARGEST_RADIUS_M:
            raise RabtaError("a circle needs a radius", key="radius", value=self.radius_m,
                             expected=f"more than 0, at most {LARGEST_RADIUS_M:g} m")  # fmt: skip

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """South, west, north, east (degrees)."""
        high = 1.01 * self.radius_m / METRES_A_DEGREE  # the ellipsoid's degree differs by 0.6 % at most
        wide = high / max(math.cos(math.radians(min(abs(self.lat_deg) + high, 90.0))), 1e-6)
        wide = min(wide, 180.0)
        return (max(self.lat_deg - high, -90.0), self.lon_deg - wide,
                min(self.lat_deg + high, 90.0), self.lon_deg + wide)  # fmt: skip


@dataclass(frozen=True)
class Volume:
    """A footprint between two heights and two instants.

    Attributes
    ----------
    outline : Polygon or Circle
    lower_m, upper_m : float
        Heights above the WGS84 ellipsoid; infinite where there is no limit.
    start_s, end_s : float
        Seconds since 1970, UTC; infinite where there is no limit.
    """

    outline: Polygon | Circle
    lower_m: float = -math.inf
    upper_m: float = math.inf
    start_s: float = -math.inf
    end_s: float = math.inf
    _hints: dict[str, object] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for low, high, key in ((self.lower_m, self.upper_m, "altitude_lower"),
                               (self.start_s, self.end_s, "time_start")):  # fmt: skip
            if math.isnan(low) or math.isnan(high) or low > high:
                raise RabtaError("a volume that ends before it begins", key=key, value=low,
                                 expected=f"at most {high}")  # fmt: skip


def check_places(places: tuple[tuple[float, float], ...] | list[tuple[float, float]]) -> None:
    """Refuse what is not on Earth."""
    for lat, lon in places:
        if not (-90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0):
            raise RabtaError("no place on Earth", key="vertices", value=(lat, lon),
                             expected="latitude -90 to 90, longitude -180 to 180")  # fmt: skip


def _bulge_deg(lat_deg: float, wide_deg: float) -> float:
    """How far poleward a shortest path between two places of one latitude goes beyond it."""
    lat, half = math.radians(lat_deg), math.radians(min(wide_deg, 178.0) / 2.0)
    if lat >= math.pi / 2.0:
        return 0.0
    return math.degrees(math.atan(math.tan(lat) / math.cos(half)) - lat) + 1e-6
