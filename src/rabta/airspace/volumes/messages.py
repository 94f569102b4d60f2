"""Volumes as the standards' messages write them: ASTM F3548-21, F3411-22a and F3411-19."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from rabta.airspace.volumes.meeting import check
from rabta.airspace.volumes.volume import MOST_VERTICES, Circle, Polygon, Volume
from rabta.errors import RabtaError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Message = Mapping[str, Any]


def volumes(given: object, *, most: int = 1_000, trusted: bool = False) -> list[Volume]:
    """Volumes of a list of Volume4D; what is trusted was checked before.

    Raises
    ------
    RabtaError
        Naming the field that is wrong.
    """
    if not isinstance(given, Sequence) or isinstance(given, str) or not 1 <= len(given) <= most:
        raise _wrong(
            "extents", given if given is None else type(given).__name__, f"a list of 1 to {most} volumes"
        )
    return [volume(one, f"extents[{k}]", trusted=trusted) for k, one in enumerate(given)]


def volume(given: object, key: str = "extents", *, trusted: bool = False) -> Volume:
    """Volume of a Volume4D of F3548-21 or F3411-22a."""
    message = table(given, key)
    space = table(message.get("volume"), f"{key}.volume")
    found = Volume(
        _outline(space, f"{key}.volume"),
        _height(space, "altitude_lower", f"{key}.volume", -math.inf),
        _height(space, "altitude_upper", f"{key}.volume", math.inf),
        _instant(message, "time_start", key, -math.inf),
        _instant(message, "time_end", key, math.inf),
    )
    if not trusted:
        check(found.outline)
    return found


def volume_19(given: object, key: str = "extents") -> Volume:
    """Volume of a Volume4D of F3411-19: heights and instants are bare."""
    message = table(given, key)
    space = table(message.get("spatial_volume"), f"{key}.spatial_volume")
    outline = _polygon(table(space.get("footprint"), f"{key}.footprint"), f"{key}.footprint")
    low, high = space.get("altitude_lo"), space.get("altitude_hi")
    start, end = message.get("time_start"), message.get("time_end")
    found = Volume(
        outline,
        -math.inf if low is None else number(low, f"{key}.altitude_lo"),
        math.inf if high is None else number(high, f"{key}.altitude_hi"),
        -math.inf if start is None else seconds(start, f"{key}.time_start"),
        math.inf if end is None else seconds(end, f"{key}.time_end"),
    )
    check(found.outline)
    return found


def area(text: str) -> Polygon:
    """Polygon of a query's ``area``: latitude, longitude, latitude, ... (F3411).

    Examples
    --------
    >>> area("33.0,73.0,33.1,73.0,33.1,73.1").corners[2]
    (33.1, 73.1)
    """
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        raise _wrong("area", text[:80], "numbers with commas between") from None
    if len(values) % 2 or not all(math.isfinite(one) for one in values):
        raise _wrong("area", text[:80], "latitude and longitude of each corner")
    corners = tuple(zip(values[::2], values[1::2], strict=True))
    if len(corners) > 1 and corners[0] == corners[-1]:
        raise _wrong("area", text[:80], "each corner once")
    found = Polygon(corners)
    check(found)
    return found


def table(given: object, key: str) -> Message:
    """What must be a JSON object."""
    if not isinstance(given, Mapping):
        raise _wrong(key, None if given is None else type(given).__name__, "an object")
    return given


def number(given: object, key: str) -> float:
    """What must be a finite number."""
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise _wrong(key, repr(given)[:40], "a number")
    return float(given)


def seconds(given: object, key: str) -> float:
    """Seconds since 1970 of an RFC 3339 instant.

    Examples
    --------
    >>> seconds("2026-11-23T12:00:00.25Z", "time_start")
    1795435200.25
    """
    if isinstance(given, str) and len(given) <= 40:
        try:
            moment = datetime.fromisoformat(given)
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is not None:
            return (moment - EPOCH) / timedelta(seconds=1)
    raise _wrong(key, repr(given)[:40], "an RFC 3339 instant, as 2026-11-23T12:00:00Z")


def instant(at_s: float) -> str:
    """RFC 3339 instant of seconds since 1970, in whole microseconds.

    Examples
    --------
    >>> instant(1795435200.25)
    '2026-11-23T12:00:00.250000Z'
    """
    return (EPOCH + timedelta(seconds=at_s)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def message(volume: Volume) -> dict[str, Any]:
    """Volume4D of a volume, in the form of F3548-21 and F3411-22a."""
    outline = volume.outline
    if isinstance(outline, Circle):
        circle = {"center": {"lat": outline.lat_deg, "lng": outline.lon_deg},
                  "radius": {"value": outline.radius_m, "units": "M"}}  # fmt: skip
        space: dict[str, Any] = {"outline_circle": circle}
    else:
        space = {"outline_polygon": {"vertices": [{"lat": lat, "lng": lon} for lat, lon in outline.corners]}}
    found: dict[str, Any] = {"volume": space}
    for name, height in (("altitude_lower", volume.lower_m), ("altitude_upper", volume.upper_m)):
        if math.isfinite(height):
            space[name] = {"value": height, "reference": "W84", "units": "M"}
    for name, at in (("time_start", volume.start_s), ("time_end", volume.end_s)):
        if math.isfinite(at):
            found[name] = when(at)
    return found


def when(at_s: float) -> dict[str, str]:
    """Time message of seconds since 1970."""
    return {"value": instant(at_s), "format": "RFC3339"}


def _outline(space: Message, key: str) -> Polygon | Circle:
    circle, polygon = space.get("outline_circle"), space.get("outline_polygon")
    if (circle is None) == (polygon is None):
        raise _wrong(key, None, "either outline_polygon or outline_circle")
    if polygon is not None:
        return _polygon(table(polygon, f"{key}.outline_polygon"), f"{key}.outline_polygon")
    message = table(circle, f"{key}.outline_circle")
    centre = _place(message.get("center"), f"{key}.outline_circle.center")
    radius = table(message.get("radius"), f"{key}.outline_circle.radius")
    if radius.get("units", "M") != "M":
        raise _wrong(f"{key}.outline_circle.radius.units", radius.get("units"), "M")
    return Circle(*centre, number(radius.get("value"), f"{key}.outline_circle.radius.value"))


def _polygon(message: Message, key: str) -> Polygon:
    given = message.get("vertices")
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > MOST_VERTICES + 1:
        raise _wrong(f"{key}.vertices", None, f"a list of 3 to {MOST_VERTICES} corners")
    corners = [_place(one, f"{key}.vertices[{k}]") for k, one in enumerate(given)]
    if len(corners) > 3 and corners[0] == corners[-1]:
        corners.pop()
    return Polygon(tuple(corners))


def _place(given: object, key: str) -> tuple[float, float]:
    message = table(given, key)
    return number(message.get("lat"), f"{key}.lat"), number(message.get("lng"), f"{key}.lng")


def _height(space: Message, name: str, key: str, otherwise: float) -> float:
    given = space.get(name)
    if given is None:
        return otherwise
    message = table(given, f"{key}.{name}")
    for field, only in (("reference", "W84"), ("units", "M")):
        if message.get(field, only) != only:
            raise _wrong(f"{key}.{name}.{field}", message.get(field), only)
    return number(message.get("value"), f"{key}.{name}.value")


def _instant(message: Message, name: str, key: str, otherwise: float) -> float:
    given = message.get(name)
    if given is None:
        return otherwise
    held = table(given, f"{key}.{name}")
    if held.get("format", "RFC3339") != "RFC3339":
        raise _wrong(f"{key}.{name}.format", held.get("format"), "RFC3339")
    return seconds(held.get("value"), f"{key}.{name}.value")


def _wrong(key: str, value: object, expected: str) -> RabtaError:
    return RabtaError("a message that does not hold to the standard", key=key, value=value, expected=expected)
