"""Which zones a place or a flight's volumes are in: exact in outline and time, bounded in height.

Heights of different references are compared over the ground where both are: a limit above the ground or
the sea becomes the least and the greatest ellipsoidal height that it has there. What may meet is told as
such (`Conflict.sure` false), and never left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rabta.airspace.geozones.heights import Ground, Height, Reference, ellipsoidal_range_m
from rabta.airspace.geozones.model import Area, Box, Layer, Zone
from rabta.airspace.geozones.schedule import meets
from rabta.airspace.volumes import Circle, Volume
from rabta.airspace.volumes.meeting import boxes_meet, on_plane, outlines_meet
from rabta.errors import RabtaError

NO, MAYBE, YES = 0, 1, 2


@dataclass(frozen=True)
class Span:
    """Between two heights; None is without limit."""

    lower: Height | None = None
    upper: Height | None = None


@dataclass(frozen=True)
class Conflict:
    """A volume that meets a zone.

    Attributes
    ----------
    volume : int
        Row of the flight's volumes.
    zone : Zone
    layer : int
        Row of the zone's layers.
    sure : bool
        False where the heights may meet or not: the ground or the sea varies below the area, or the ground
        is not known.
    """

    volume: int
    zone: Zone
    layer: int
    sure: bool


def conflicts(
    volumes: Sequence[Volume], zones: Iterable[Zone], ground: Ground | None = None
) -> list[Conflict]:
    """Zones that volumes meet, the first volume and layer of each.

    Parameters
    ----------
    volumes : sequence of Volume
        Heights above the ellipsoid, as in F3548.
    zones : iterable of Zone
    ground : Ground, optional
        For limits above the ground.
    """
    found = []
    for zone in zones:
        hit = _first(volumes, zone, ground or Ground())
        if hit is not None:
            found.append(hit)
    return found


def _first(volumes: Sequence[Volume], zone: Zone, ground: Ground) -> Conflict | None:
    """The surest meeting of a zone."""
    best: Conflict | None = None
    for row, volume in enumerate(volumes):
        span = Span(_limit(volume.lower_m), _limit(volume.upper_m))
        for k, layer in enumerate(zone.layers):
            how = meeting(volume, span, zone, layer, ground)
            if how == YES:
                return Conflict(row, zone, k, sure=True)
            if how == MAYBE and best is None:
                best = Conflict(row, zone, k, sure=False)
    return best


def _limit(metres: float) -> Height | None:
    return Height(metres, Reference.WGS84) if math.isfinite(metres) else None


def meeting(volume: Volume, span: Span, zone: Zone, layer: Layer, ground: Ground) -> int:
    """Whether a volume's outline and times, between heights of a span, meet a layer: no, maybe or yes."""
    best = NO
    for area in layer.areas:
        if not area_meets(volume, area) or not meets(
            zone.periods, volume.start_s, volume.end_s, *area.middle
        ):
            continue
        best = max(best, levels(span, Span(layer.lower, layer.upper), shared(volume, area), ground))
    return best


def area_meets(volume: Volume, area: Area) -> bool:
    """Whether a volume's outline meets an area: the outline, and not only a hole of it."""
    if not boxes_meet(volume.outline.box, area.outline.box):
        return False
    if not outlines_meet(volume.outline, area.outline):
        return False
    return not any(_in_hole(volume, area, k) for k in range(len(area.holes)))


def _in_hole(volume: Volume, area: Area, k: int) -> bool:
    """Whether an outline lies inside a hole, its edge excepted."""
    import shapely

    hole = area.holes[k]
    if isinstance(volume.outline, Circle):
        from rabta.airspace.volumes.plane import reach

        one = volume.outline
        shape = on_plane(hole, (one.lat_deg, one.lon_deg))
        here = shapely.Point(0.0, 0.0)
        return bool(shape.contains(here) and shape.exterior.distance(here) > reach(one.radius_m, one.lat_deg))
    at = area.middle
    return bool(on_plane(hole, at).contains_properly(on_plane(volume.outline, at)))


def shared(volume: Volume, area: Area) -> Box:
    """The part of the volume's box that lies in the area's: where heights are compared."""
    a, b = volume.outline.box, area.outline.box
    turn = 360.0 * round((a[1] + a[3] - b[1] - b[3]) / 720.0)
    west, east = max(a[1], b[1] + turn), min(a[3], b[3] + turn)
    if west > east:  # they meet the other way around the Earth: the whole of the smaller will do
        west, east = min(((a[1], a[3]), (b[1], b[3])), key=lambda one: one[1] - one[0])
    return max(a[0], b[0]), west, min(a[2], b[2]), east


def levels(a: Span, b: Span, box: Box, ground: Ground) -> int:
    """Whether two spans of heights meet somewhere over a box: no, maybe or yes."""
    first, second = _below(a.lower, b.upper, box, ground), _below(b.lower, a.upper, box, ground)
    return min(first, second)


def _below(low: Height | None, high: Height | None, box: Box, ground: Ground) -> int:
    """Whether a lower limit is at or below an upper one."""
    if low is None or high is None:
        return YES
    if low.reference == high.reference:
        return YES if low.metres <= high.metres else NO
    try:
        floor, top = ellipsoidal_range_m(low, box, ground), ellipsoidal_range_m(high, box, ground)
    except RabtaError:
        return MAYBE
    return YES if floor[1] <= top[0] else NO if floor[0] > top[1] else MAYBE


def at(
    zones: Iterable[Zone], lat_deg: float, lon_deg: float, height: Height, at_s: float, ground: Ground
) -> list[tuple[Zone, bool]]:
    """Zones that hold a place, a height and an instant; each with whether that is sure.

    The height is converted at the place itself, so only an unknown ground leaves doubt.
    """
    volume = Volume(Circle(lat_deg, lon_deg, 0.005), start_s=at_s, end_s=at_s)
    found = []
    for zone in zones:
        how = max((_over(volume, height, zone, layer, ground) for layer in zone.layers), default=NO)
        if how != NO:
            found.append((zone, how == YES))
    return found


def _over(volume: Volume, height: Height, zone: Zone, layer: Layer, ground: Ground) -> int:
    from rabta.airspace.geozones.heights import converted

    here = volume.outline
    assert isinstance(here, Circle)
    if not any(area_meets(volume, one) and meets(zone.periods, volume.start_s, volume.end_s, *one.middle)
               for one in layer.areas):  # fmt: skip
        return NO
    try:
        for limit, sign in ((layer.lower, 1.0), (layer.upper, -1.0)):
            if limit is not None:
                same = converted(height, limit.reference, here.lat_deg, here.lon_deg, ground)
                if sign * (same.metres - limit.metres) < 0.0:
                    return NO
    except RabtaError:
        return MAYBE
    return YES
