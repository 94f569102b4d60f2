"""Numbers of broadcast remote ID: ASTM F3411-22a, tables 5 to 10, as single bytes and words.

Numbers pass through single precision on the way, as in the reference library (opendroneid-core-c), so that
both give the same bits also where a value lies between two steps. None is what the standard calls invalid, no
value or unknown.
"""

from __future__ import annotations

import math
import struct

from rabta.errors import RabtaError

DEGREE = 10_000_000
LEAST_ALTITUDE_M, MOST_ALTITUDE_M = -1000.0, 31_767.5
MOST_SPEED_M_S, NO_SPEED_M_S = 254.25, 255.0
MOST_CLIMB_M_S, NO_CLIMB = 62.0, 126
NO_DIRECTION = 361
NO_TIME = 0xFFFF
SPLIT_M_S = 63.75  # 255 steps of 0.25 m/s; above it they are of 0.75
HOUR_S = 3600.0
MOST_RADIUS_M = 2550


def single(value: float) -> float:
    """A number in single precision."""
    found: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return found


def within(key: str, value: float, least: float, most: float) -> float:
    """A number in a range; NaN is in none.

    Raises
    ------
    RabtaError
    """
    if not least <= value <= most:
        raise RabtaError("out of range", key=key, value=value, expected=f"{least:g} to {most:g}")
    return single(value)


def _round(value: float) -> int:
    """Nearest whole number, halves away from zero."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def to_direction(degrees: float | None) -> tuple[int, int]:
    """Track from true north: degrees in its half of the compass, and which half.

    Examples
    --------
    >>> to_direction(181.4), to_direction(360.0), to_direction(None)
    ((1, 1), (0, 0), (181, 1))
    """
    whole = NO_DIRECTION if degrees is None else _round(within("direction_deg", degrees, 0.0, 360.0)) % 360
    return (whole, 0) if whole < 180 else (whole - 180, 1)


def of_direction(code: int, west: int) -> float | None:
    """Track of a code; None where it is none.

    Examples
    --------
    >>> of_direction(1, 1), of_direction(181, 1)
    (181.0, None)
    """
    whole = code + 180 * west
    return float(whole) if whole < 360 else None


def to_speed(metres_s: float | None) -> tuple[int, int]:
    """Speed over ground in steps, and which: 0 of 0.25 m/s from nothing, 1 of 0.75 m/s from 63.75 m/s.

    Examples
    --------
    >>> to_speed(63.75), to_speed(64.5), to_speed(300.0), to_speed(None)
    ((255, 0), (1, 1), (254, 1), (255, 1))
    """
    if metres_s is None:
        return 255, 1
    speed = within("speed_m_s", min(metres_s, MOST_SPEED_M_S), 0.0, MOST_SPEED_M_S)
    if speed <= SPLIT_M_S:
        return int(single(single(speed / 0.25) + 0.5)), 0
    return min(int(single(single(single(speed - SPLIT_M_S) / 0.75) + 0.5)), 255), 1


def of_speed(code: int, coarse: int) -> float | None:
    """Speed of a code.

    Examples
    --------
    >>> of_speed(255, 0), of_speed(1, 1), of_speed(255, 1)
    (63.75, 64.5, None)
    """
    if coarse:
        return None if code == 255 else code * 0.75 + SPLIT_M_S
    return code * 0.25


def to_climb(metres_s: float | None) -> int:
    """Vertical speed in steps of 0.5 m/s, towards nothing; faster than 62 m/s counts as 62.

    Examples
    --------
    >>> to_climb(-1.9), to_climb(80.0), to_climb(None)
    (-3, 124, 126)
    """
    if metres_s is None:
        return NO_CLIMB
    most = MOST_CLIMB_M_S
    return int(within("climb_m_s", max(-most, min(metres_s, most)), -most, most) / 0.5)


def of_climb(code: int) -> float | None:
    """Vertical speed of a code."""
    return None if code == NO_CLIMB else code * 0.5


def to_degrees(key: str, degrees: float | None, most: float) -> int:
    """Latitude or longitude in steps of 1e-7 degrees; 0 for none.

    Examples
    --------
    >>> to_degrees("lat_deg", 33.6844, 90.0)
    336844000
    """
    if degrees is None:
        return 0
    within(key, degrees, -most, most)
    return _round(degrees * DEGREE)


def to_altitude(key: str, metres: float | None) -> int:
    """Height in steps of 0.5 m above -1000 m, towards it; 0 for none.

    Examples
    --------
    >>> to_altitude("height_m", 120.4), to_altitude("height_m", None)
    (2240, 0)
    """
    if metres is None:
        return 0
    value = within(key, metres, LEAST_ALTITUDE_M, MOST_ALTITUDE_M)
    return min(int(single(value - LEAST_ALTITUDE_M) / 0.5), 0xFFFF)


def of_altitude(code: int) -> float | None:
    """Height of a code.

    Examples
    --------
    >>> of_altitude(2240), of_altitude(0)
    (120.0, None)
    """
    return code * 0.5 + LEAST_ALTITUDE_M if code else None


def to_time(seconds: float | None) -> int:
    """Time after the full hour in tenths of a second.

    Examples
    --------
    >>> to_time(12.34), to_time(None)
    (123, 65535)
    """
    if seconds is None:
        return NO_TIME
    return min(_round(single(within("after_hour_s", seconds, 0.0, HOUR_S) * 10.0)), 36_000)


def of_time(code: int) -> float | None:
    """Time of a code."""
    return None if code == NO_TIME else code / 10.0
