"""A zone as both standards know it: where, between which heights, when, and what it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from rabta.airspace.geozones.fields import listed, number, wrong
from rabta.airspace.geozones.heights import Height, Reference
from rabta.airspace.geozones.schedule import Period
from rabta.airspace.volumes import Circle, Polygon
from rabta.airspace.volumes.meeting import check, on_plane
from rabta.errors import RabtaError

Box = tuple[float, float, float, float]


class Kind(StrEnum):
    """What a zone asks of a flight, the strictest first."""

    PROHIBITED = "PROHIBITED"
    AUTHORIZATION = "REQ_AUTHORIZATION"
    CONDITIONAL = "CONDITIONAL"
    USPACE = "USPACE"
    FREE = "NO_RESTRICTION"


@dataclass(frozen=True)
class Area:
    """An outline with holes, on the ground."""

    outline: Polygon | Circle
    holes: tuple[Polygon, ...] = ()

    @property
    def middle(self) -> tuple[float, float]:
        """Middle of the box, degrees."""
        south, west, north, east = self.outline.box
        return (south + north) / 2.0, ((west + east) / 2.0 + 180.0) % 360.0 - 180.0


@dataclass(frozen=True)
class Layer:
    """Areas between two heights.

    Attributes
    ----------
    areas : tuple of Area
    lower, upper : Height or None
        None is without limit.
    many : bool
        Whether the areas were one MultiPolygon.
    more : mapping
        Further members of the geometry, kept as they came.
    """

    areas: tuple[Area, ...]
    lower: Height | None = None
    upper: Height | None = None
    many: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        low, high = self.lower, self.upper
        if low and high and low.reference == high.reference and low.metres > high.metres:
            raise wrong("upper", f"{high.metres:g} m", f"at least the lower limit of {low.metres:g} m",
                        "limits of heights the wrong way round")  # fmt: skip


@dataclass(frozen=True)
class Zone:
    """A geographical zone.

    Attributes
    ----------
    identifier, country : str
    kind : Kind
    variant : str
        ``COMMON`` or ``CUSTOMIZED``.
    layers : tuple of Layer
    periods : tuple of Period
        Empty: always.
    authorities : tuple of mapping
        In the form of ED-318.
    told : mapping
        What else is told in the form of ED-318: name, reason, message, extendedProperties, ...
    more : mapping
        Further members of the feature, kept as they came.
    """

    identifier: str
    country: str
    kind: Kind
    variant: str
    layers: tuple[Layer, ...]
    periods: tuple[Period, ...] = ()
    authorities: tuple[Mapping[str, Any], ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """First name told, or the identifier."""
        names = self.told.get("name") or ()
        return str(names[0].get("text") or self.identifier) if names else self.identifier


@dataclass(frozen=True)
class Collection:
    """Zones of a document, and what it says of itself."""

    zones: tuple[Zone, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


def circle(given: object, radius: object, key: str) -> Area:
    """Circle around a position of GeoJSON."""
    lon, lat = position(given, key)
    return Area(_named(lambda: Circle(lat, lon, float(number(radius, f"{key}.radius"))), key))


def polygon(rings: object, key: str) -> Area:
    """Area of the rings of a GeoJSON polygon: closed, not crossing themselves, holes inside and apart."""
    found = [_ring(one, f"{key}[{k}]") for k, one in enumerate(listed(rings, key, 1, 1_000))]
    area = Area(found[0], tuple(found[1:]))
    if area.holes:
        _check_holes(area, key)
    return area


def position(given: object, key: str) -> tuple[float, float]:
    """Longitude and latitude; a height has no place here."""
    both = listed(given, key, 2, 2)
    lon, lat = number(both[0], f"{key}[0]"), number(both[1], f"{key}[1]")
    if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):
        raise wrong(key, list(both), "longitude -180 to 180, then latitude -90 to 90")
    return lon, lat


def _ring(given: object, key: str) -> Polygon:
    points = [position(one, f"{key}[{k}]") for k, one in enumerate(listed(given, key, 4, 10_001))]
    if points[0] != points[-1]:
        raise wrong(f"{key}[-1]", points[-1], f"the first position again: {points[0]}")
    found: Polygon = _named(lambda: Polygon(tuple((lat, lon) for lon, lat in points[:-1])), key)
    _named(lambda: check(found), key)
    return found


def _check_holes(area: Area, key: str) -> None:
    import shapely

    assert isinstance(area.outline, Polygon)
    shape = on_plane(area.outline, area.middle)
    holes = [on_plane(one, area.middle) for one in area.holes]
    for k, one in enumerate(holes):
        if not shape.contains(one):
            raise wrong(f"{key}[{k + 1}]", None, "a hole inside the outline")
    whole = shapely.union_all(holes)
    if not np.isclose(whole.area, sum(one.area for one in holes), rtol=1e-9):
        raise wrong(key, None, "holes that do not overlap")


def _named(make: Any, key: str) -> Any:
    """What is made, or its refusal with the path of the field."""
    try:
        return make()
    except RabtaError as error:
        raise RabtaError(error.problem, key=f"{key} ({error.key})", value=error.value,
                         expected=error.expected) from None  # fmt: skip


def closed(ring: Polygon) -> list[list[float]]:
    """Positions of GeoJSON of a ring, the first again at the end."""
    points = [[lon, lat] for lat, lon in ring.corners]
    return [*points, points[0]]


def whole(area: Area) -> list[list[list[float]]]:
    """Rings of GeoJSON of an area that is a polygon."""
    assert isinstance(area.outline, Polygon)
    return [closed(area.outline), *(closed(one) for one in area.holes)]


def height(value: object, above: object, unit: object, key: str) -> Height | None:
    """Limit of a layer; null is none."""
    if value is None:
        return None
    from rabta.airspace.geozones.heights import reference

    if above is None:
        raise wrong(f"{key}Reference", None, ", ".join(Reference), "a height that does not say above what")
    return _named(lambda: Height(number(value, key), reference(above), str(unit)), key)  # type: ignore[no-any-return]
