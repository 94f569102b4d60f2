"""Whether two volumes meet: exactly, in four dimensions. What only touches meets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rabta.airspace.volumes.plane import project, reach
from rabta.airspace.volumes.volume import Circle, Polygon, Volume
from rabta.errors import RabtaError

if TYPE_CHECKING:
    import shapely

Box = tuple[float, float, float, float]


THINNEST_M = 0.01  # F3548-21 IntersectionMinimumPrecisionCm: twice the area over the way around


def meet(a: Volume, b: Volume) -> bool:
    """Whether two volumes share a point.

    Heights and times that are equal meet, as do outlines that touch: who plans may not rely on less than
    the standard's centimetre (F3548-21, IntersectionMinimumPrecisionCm).

    Examples
    --------
    >>> here = Volume(Circle(33.7, 73.0, 100.0), 500.0, 600.0, 0.0, 60.0)
    >>> meet(here, Volume(Circle(33.7, 73.002, 100.0), 600.0, 700.0, 30.0, 90.0))
    True
    >>> meet(here, Volume(Circle(33.7, 73.002, 100.0), 600.01, 700.0, 30.0, 90.0))
    False
    """
    if a.start_s > b.end_s or b.start_s > a.end_s or a.lower_m > b.upper_m or b.lower_m > a.upper_m:
        return False
    return boxes_meet(a.outline.box, b.outline.box) and outlines_meet(a.outline, b.outline)


def boxes_meet(a: Box, b: Box) -> bool:
    """Whether two boxes of south, west, north, east share a point; longitudes go round."""
    if a[0] > b[2] or b[0] > a[2]:
        return False
    return (b[1] - a[1]) % 360.0 <= a[3] - a[1] or (a[1] - b[1]) % 360.0 <= b[3] - b[1]


def outlines_meet(a: Polygon | Circle, b: Polygon | Circle) -> bool:
    """Whether two outlines on the ground share a point."""
    if isinstance(a, Circle) and isinstance(b, Circle):
        return between_m(a, b) <= a.radius_m + b.radius_m
    if isinstance(a, Circle):
        return _near(a, b)
    if isinstance(b, Circle):
        return _near(b, a)
    at = _middle(a, b)
    return bool(on_plane(a, at).intersects(on_plane(b, at)))


def between_m(a: Circle, b: Circle) -> float:
    """Shortest path between two centres, on the ellipsoid."""
    return float(_geodesics().inv(a.lon_deg, a.lat_deg, b.lon_deg, b.lat_deg)[2])


def on_plane(polygon: Polygon, at: tuple[float, float]) -> shapely.Polygon:
    """Polygon on the plane that touches at a place."""
    import shapely

    places = np.array(polygon.corners)
    return shapely.Polygon(project(places[:, 0], places[:, 1], at))


def check(outline: Polygon | Circle) -> None:
    """Refuse a polygon that crosses itself, or has no area.

    Raises
    ------
    RabtaError
    """
    import shapely

    if isinstance(outline, Circle):
        return
    south, west, north, east = outline.box
    shape = on_plane(outline, ((south + north) / 2.0, (west + east) / 2.0))
    if not shape.is_valid or 2.0 * shape.area <= THINNEST_M * shape.length:
        why = shapely.is_valid_reason(shape).split("[")[0].lower() if not shape.is_valid else "no area"
        raise RabtaError(f"a polygon that bounds nothing: {why}", key="vertices", value=len(outline.corners),
                         expected="corners in order, edges that do not cross")  # fmt: skip


def _near(circle: Circle, polygon: object) -> bool:
    """Whether a polygon comes within a circle's radius: exact, for the plane touches at its centre."""
    import shapely

    assert isinstance(polygon, Polygon)
    shape = on_plane(polygon, (circle.lat_deg, circle.lon_deg))
    return bool(shape.distance(shapely.Point(0.0, 0.0)) <= reach(circle.radius_m, circle.lat_deg))


def _middle(a: Polygon, b: Polygon) -> tuple[float, float]:
    """Middle of what two boxes share: where edges meet, if they do."""
    south, north = max(a.box[0], b.box[0]), min(a.box[2], b.box[2])
    east_by = (b.box[1] - a.box[1] + 180.0) % 360.0 - 180.0  # of b's west from a's
    west = max(0.0, east_by)
    east = min(a.box[3] - a.box[1], east_by + b.box[3] - b.box[1])
    return (south + north) / 2.0, a.box[1] + (west + east) / 2.0


def _geodesics() -> Any:
    global _GEODESICS  # noqa: PLW0603 (made once, for its making takes longer than its use)
    if _GEODESICS is None:
        from pyproj import Geod

        _GEODESICS = Geod(ellps="WGS84")
    return _GEODESICS


_GEODESICS: Any = None


def disc(circle: Circle, at: tuple[float, float]) -> shapely.Polygon:
    """Circle on the plane that touches at a place, of 256 corners on its rim."""
    bearings = np.linspace(0.0, 360.0, 256, endpoint=False)
    same = np.ones_like(bearings)
    lon, lat, _ = _geodesics().fwd(
        circle.lon_deg * same, circle.lat_deg * same, bearings, circle.radius_m * same
    )
    return _shape(project(lat, lon, at))


def _shape(corners: object) -> shapely.Polygon:
    import shapely

    return shapely.Polygon(corners)
