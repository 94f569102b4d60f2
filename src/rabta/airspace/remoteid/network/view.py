"""What a display shows: a box of latitudes and longitudes, and the cells that hide single flights.

A cell does not depend on where in it somebody flies, nor on where the view's edges are: it is one of a grid
that lies still on the Earth, of a size that only the view's size chooses. Who moves a view, or asks again,
so learns no more than the smallest cells tell; a cell drawn around the flights, or shifted at random each
time, would tell more each time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rabta.airspace.remoteid.network.editions import LEAST_APART_M, LEAST_SHARE
from rabta.airspace.volumes.volume import METRES_A_DEGREE, Polygon
from rabta.errors import RabtaError
from rabta.geo import MEAN_RADIUS_M, great_circle_m

SMALLEST_M = 2.04 * LEAST_APART_M  # a degree is up to 0.6 % shorter on the ellipsoid, here and there
STEP = math.sqrt(2.0)
MARGIN = 0.02  # of a step
SHARE = 1.02 * LEAST_SHARE


@dataclass(frozen=True)
class View:
    """A box in degrees; east may exceed 180."""

    south: float
    west: float
    north: float
    east: float

    def contains(self, lat_deg: float, lon_deg: float) -> bool:
        """Whether a place is inside."""
        return self.south <= lat_deg <= self.north and (lon_deg - self.west) % 360.0 <= self.east - self.west

    def covers(self, other: View) -> bool:
        """Whether another view lies inside."""
        west = self.west + (other.west - self.west) % 360.0
        return (self.south <= other.south and other.north <= self.north
                and west + other.east - other.west <= self.east)  # fmt: skip

    def grown(self, step_deg: float) -> View:
        """The smallest box of whole steps that covers this one and a margin; its corners tell no more."""
        south, west = (math.floor(x / step_deg - MARGIN) * step_deg for x in (self.south, self.west))
        north, east = (math.ceil(x / step_deg + MARGIN) * step_deg for x in (self.north, self.east))
        return View(max(south, -90.0), west, min(north, 90.0), east)

    @property
    def diagonal_km(self) -> float:
        """From corner to corner."""
        return 1e-3 * float(great_circle_m(self.south, self.west, self.north, self.east))

    @property
    def area_m2(self) -> float:
        """On a sphere."""
        band = math.sin(math.radians(self.north)) - math.sin(math.radians(self.south))
        return MEAN_RADIUS_M**2 * math.radians(self.east - self.west) * band

    @property
    def polygon(self) -> Polygon:
        """Its corners."""
        east, west = _turned(self.east), _turned(self.west)
        return Polygon(((self.south, west), (self.south, east), (self.north, east), (self.north, west)))


def _turned(lon_deg: float) -> float:
    """A longitude of at most half a turn."""
    return lon_deg if -180.0 <= lon_deg <= 180.0 else (lon_deg + 180.0) % 360.0 - 180.0


def view(text: str) -> View:
    """View of two opposite corners: latitude, longitude, latitude, longitude.

    Raises
    ------
    RabtaError

    Examples
    --------
    >>> view("33.7,73.1,33.6,73.0")
    View(south=33.6, west=73.0, north=33.7, east=73.1)
    """
    try:
        lat1, lon1, lat2, lon2 = (float(part) for part in text.split(","))
    except ValueError:
        lat1 = lon1 = lat2 = lon2 = math.nan
    if not (max(abs(lat1), abs(lat2)) <= 90.0 and max(abs(lon1), abs(lon2)) <= 180.0):
        raise RabtaError("no view", key="view", value=text[:80], expected="latitude,longitude of two corners")
    west, east = min(lon1, lon2), max(lon1, lon2)
    if east - west > 180.0:  # the shorter way round crosses the date line
        west, east = east, west + 360.0
    return View(min(lat1, lat2), west, max(lat1, lat2), east)


def around(places: Sequence[tuple[float, float]]) -> View:
    """The box of some places (degrees)."""
    first = places[0][1] - 180.0
    lon = [first + (one - first) % 360.0 for _, one in places]
    lat = [one for one, _ in places]
    return View(min(lat), min(lon), max(lat), max(lon))


def cell_m(shown: View) -> float:
    """Side of the cells for a view: steps of the square root of 2 from the least allowed."""
    need = max(math.sqrt(SHARE * shown.area_m2), SMALLEST_M)
    return SMALLEST_M * STEP ** math.ceil(math.log(need / SMALLEST_M, STEP) - 1e-9)


def cell(lat_deg: float, lon_deg: float, side_m: float) -> View:
    """The cell of a side in which a place lies; it is wider where that makes rows of whole cells.

    Examples
    --------
    >>> cell(33.65, 73.05, 2_000.0) == cell(33.651, 73.0499, 2_000.0)
    True
    """
    high = 180.0 / math.floor(180.0 / (side_m / METRES_A_DEGREE))
    row = min(math.floor((lat_deg + 90.0) / high), round(180.0 / high) - 1)
    south = row * high - 90.0
    edge = max(abs(south), abs(south + high))
    narrow = max(METRES_A_DEGREE * math.cos(math.radians(edge)), 1e-9)
    many = max(math.floor(360.0 * narrow / side_m), 1)
    column = math.floor(((lon_deg + 180.0) % 360.0) * many / 360.0)
    west = column * 360.0 / many - 180.0
    return View(south, west, south + high, west + 360.0 / many)
