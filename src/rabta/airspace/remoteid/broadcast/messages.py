"""Messages of broadcast remote ID: 25 bytes each, ASTM F3411-22a, tables 3 to 11.

Every number that the standard counts as unknown is None. What a field of bits means in words is in `words`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rabta.airspace.remoteid.broadcast import scales
from rabta.errors import RabtaError

SIZE, VERSION = 25, 2
ID_BYTES, TEXT_BYTES = 20, 23
FIRST_PAGE, NEXT_PAGE, MOST_PAGES = 17, 23, 16
MOST_PACKED = 9
PACK = 0xF
TEXT_IDS = (1, 2)  # serial number, registration; others are bytes
_PLACE = struct.Struct("<BBBbiiHHHBBHBx")
_SYSTEM = struct.Struct("<BiiHBHHBHIx")


@dataclass(frozen=True)
class BasicId:
    """Who it is: an identity of up to 20 letters (``text`` types), or of 20 bytes in hexadecimal digits."""

    id_type: int
    ua_type: int
    uas_id: str


@dataclass(frozen=True)
class Location:
    """Where it is: degrees, metres (barometric; above the ellipsoid; above take-off or ground), m/s.

    Accuracies and the status are the standard's codes; ``after_hour_s`` is the time after the full hour, UTC.
    """

    status: int = 0
    direction_deg: float | None = None
    speed_m_s: float | None = None
    climb_m_s: float | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None
    altitude_baro_m: float | None = None
    altitude_geo_m: float | None = None
    height_type: int = 0
    height_m: float | None = None
    horizontal_accuracy: int = 0
    vertical_accuracy: int = 0
    baro_accuracy: int = 0
    speed_accuracy: int = 0
    after_hour_s: float | None = None
    time_accuracy: int = 0


@dataclass(frozen=True)
class Page:
    """A page of authentication; ``last``, ``length``, ``timestamp`` (s since 2019) are on page 0 alone."""

    auth_type: int
    page: int
    data: bytes
    last: int = 0
    length: int = 0
    timestamp: int = 0


@dataclass(frozen=True)
class SelfId:
    """What it does, in up to 23 letters."""

    description_type: int
    description: str


@dataclass(frozen=True)
class System:
    """Where its operator is, the area of a group, and its category; ``timestamp`` in seconds since 2019."""

    location_type: int = 0
    classification: int = 0
    lat_deg: float | None = None
    lon_deg: float | None = None
    area_count: int = 1
    area_radius_m: int = 0
    area_ceiling_m: float | None = None
    area_floor_m: float | None = None
    category: int = 0
    class_: int = 0
    altitude_geo_m: float | None = None
    timestamp: int = 0


@dataclass(frozen=True)
class OperatorId:
    """Who operates it, in up to 20 letters."""

    operator_type: int
    operator_id: str


Message = BasicId | Location | Page | SelfId | System | OperatorId
KINDS: tuple[type[Message], ...] = (BasicId, Location, Page, SelfId, System, OperatorId)
_ONCE = (Location, SelfId, System, OperatorId)


def encode(message: Message) -> bytes:
    """Bytes of a message.

    Raises
    ------
    RabtaError
        Of a number out of range and of text that does not fit, by its field.

    Examples
    --------
    >>> encode(OperatorId(0, "PAK-OP-7")).hex()
    '520050414b2d4f502d37000000000000000000000000000000'
    """
    kind = KINDS.index(type(message))
    return bytes([kind << 4 | VERSION]) + _WRITERS[kind](message)


def decode(raw: bytes) -> Message:
    """Message of 25 bytes, whatever the version of its protocol.

    Raises
    ------
    RabtaError
        Of another length, and of a type that is none of a single message.
    """
    if len(raw) != SIZE:
        raise RabtaError("no message of remote ID", key="bytes", value=len(raw), expected=f"{SIZE} bytes")
    kind = raw[0] >> 4
    if kind >= len(KINDS):
        known = ", ".join(f"{k} {one.__name__}" for k, one in enumerate(KINDS))
        raise RabtaError("no message of remote ID", key="type", value=kind, expected=known)
    return _READERS[kind](raw[1:])


def packed(messages: Sequence[Message]) -> bytes:
    """A message pack: its head, then the messages.

    Raises
    ------
    RabtaError
        Of more than nine, or of a kind that may be in it once only.
    """
    _checked([type(one) for one in messages])
    return bytes([PACK << 4 | VERSION, SIZE, len(messages)]) + b"".join(encode(one) for one in messages)


def unpacked(raw: bytes) -> list[Message]:
    """Messages of a pack; bytes after it are left alone.

    Raises
    ------
    RabtaError
        Of a head that is none, of fewer bytes than it says, of a pack inside a pack.
    """
    if len(raw) < 3 or raw[0] >> 4 != PACK or raw[1] != SIZE:
        raise RabtaError("no message pack", key="head", value=raw[:3].hex(), expected="f2 19 01 to f2 19 09")
    count = raw[2]
    if len(raw) < 3 + SIZE * count:
        raise RabtaError(
            "a message pack cut short", key="bytes", value=len(raw), expected=f"{3 + SIZE * count}"
        )
    found = [decode(raw[3 + SIZE * k : 3 + SIZE * (k + 1)]) for k in range(count)]
    _checked([type(one) for one in found])
    return found


def _checked(kinds: Sequence[type[Message]]) -> None:
    if not 1 <= len(kinds) <= MOST_PACKED:
        raise RabtaError("no message pack", key="messages", value=len(kinds), expected=f"1 to {MOST_PACKED}")
    for kind in KINDS:
        most = 1 if kind in _ONCE else 2 if kind is BasicId else MOST_PAGES
        if kinds.count(kind) > most:
            raise RabtaError("too many of a kind in a message pack", key=kind.__name__,
                             value=kinds.count(kind), expected=f"at most {most}")  # fmt: skip


def pages(auth_type: int, data: bytes, timestamp: int) -> list[Page]:
    """Pages of some data of authentication, up to 255 bytes."""
    if len(data) > 255:
        raise RabtaError("too much to authenticate with", key="data", value=len(data), expected="255 bytes")
    first, rest = data[:FIRST_PAGE], data[FIRST_PAGE:]
    parts = [rest[at : at + NEXT_PAGE] for at in range(0, len(rest), NEXT_PAGE)]
    head = Page(auth_type, 0, first.ljust(FIRST_PAGE, b"\0"), len(parts), len(data), timestamp)
    return [head, *(Page(auth_type, k, p.ljust(NEXT_PAGE, b"\0")) for k, p in enumerate(parts, 1))]


def joined(found: Sequence[Page]) -> bytes:
    """Data of all pages of an authentication, in any order.

    Raises
    ------
    RabtaError
        Where a page is missing.
    """
    each = {one.page: one for one in found}
    last = each[0].last if 0 in each else 0
    missing = [k for k in range(last + 1) if k not in each]
    if missing:
        raise RabtaError("pages of an authentication are missing", key="page", value=missing)
    return b"".join(each[k].data for k in range(last + 1))[: each[0].length]


def _bits(key: str, value: int, most: int = 15) -> int:
    if not 0 <= value <= most:
        raise RabtaError("out of range", key=key, value=value, expected=f"0 to {most}")
    return value


def _text(key: str, text: str, size: int) -> bytes:
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        raise RabtaError("letters that have no byte", key=key, value=text, expected="ASCII") from None
    if len(raw) > size:
        raise RabtaError("too long", key=key, value=text, expected=f"at most {size} letters")
    return raw.ljust(size, b"\0")


def _letters(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("latin-1")


def _write_basic(m: BasicId) -> bytes:
    head = _bits("id_type", m.id_type) << 4 | _bits("ua_type", m.ua_type)
    if m.id_type in TEXT_IDS:
        return bytes([head]) + _text("uas_id", m.uas_id, ID_BYTES) + bytes(3)
    try:
        raw = bytes.fromhex(m.uas_id)
    except ValueError:
        raw = b""
    if len(raw) != ID_BYTES:
        raise RabtaError("no identity of this type", key="uas_id", value=m.uas_id,
                         expected=f"{ID_BYTES} bytes in hexadecimal digits")  # fmt: skip
    return bytes([head]) + raw + bytes(3)


def _read_basic(raw: bytes) -> BasicId:
    kind, own = raw[0] >> 4, raw[1 : 1 + ID_BYTES]
    return BasicId(kind, raw[0] & 15, _letters(own) if kind in TEXT_IDS else own.hex())


def _write_place(m: Location) -> bytes:
    direction, west = scales.to_direction(m.direction_deg)
    speed, coarse = scales.to_speed(m.speed_m_s)
    flags = _bits("status", m.status) << 4 | _bits("height_type", m.height_type, 1) << 2 | west << 1 | coarse
    return _PLACE.pack(
        flags, direction, speed, scales.to_climb(m.climb_m_s),
        scales.to_degrees("lat_deg", m.lat_deg, 90.0), scales.to_degrees("lon_deg", m.lon_deg, 180.0),
        scales.to_altitude("altitude_baro_m", m.altitude_baro_m),
        scales.to_altitude("altitude_geo_m", m.altitude_geo_m), scales.to_altitude("height_m", m.height_m),
        _bits("vertical_accuracy", m.vertical_accuracy) << 4
        | _bits("horizontal_accuracy", m.horizontal_accuracy),
        _bits("baro_accuracy", m.baro_accuracy) << 4 | _bits("speed_accuracy", m.speed_accuracy),
        scales.to_time(m.after_hour_s), _bits("time_accuracy", m.time_accuracy),
    )  # fmt: skip


def _read_place(raw: bytes) -> Location:
    flags, direction, speed, climb, lat, lon, baro, geo, height, near, far, time, tail = _PLACE.unpack(raw)
    known = bool(lat or lon)
    return Location(
        flags >> 4, scales.of_direction(direction, flags >> 1 & 1), scales.of_speed(speed, flags & 1),
        scales.of_climb(climb), lat / scales.DEGREE if known else None,
        lon / scales.DEGREE if known else None, scales.of_altitude(baro), scales.of_altitude(geo),
        flags >> 2 & 1, scales.of_altitude(height), near & 15, near >> 4, far >> 4, far & 15,
        scales.of_time(time), tail & 15,
    )  # fmt: skip


def _write_page(m: Page) -> bytes:
    head = _bits("auth_type", m.auth_type) << 4 | _bits("page", m.page)
    if m.page:
        return bytes([head]) + _sized("data", m.data, NEXT_PAGE)
    room = FIRST_PAGE + NEXT_PAGE * _bits("last", m.last, MOST_PAGES - 1)
    _bits("length", m.length, min(room, 255))
    _bits("timestamp", m.timestamp, 0xFFFFFFFF)
    return struct.pack("<BBBI", head, m.last, m.length, m.timestamp) + _sized("data", m.data, FIRST_PAGE)


def _sized(key: str, data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise RabtaError("another size than the page's", key=key, value=len(data), expected=f"{size} bytes")
    return data


def _read_page(raw: bytes) -> Page:
    kind, page = raw[0] >> 4, raw[0] & 15
    if page:
        return Page(kind, page, raw[1:])
    last, length, timestamp = struct.unpack_from("<BBI", raw, 1)
    room = FIRST_PAGE + NEXT_PAGE * min(last, MOST_PAGES - 1)
    if last >= MOST_PAGES or length > room:
        raise RabtaError("a length that its pages do not hold", key="length", value=length,
                         expected=f"at most {room}")  # fmt: skip
    return Page(kind, 0, raw[7:], last, length, timestamp)


def _write_self(m: SelfId) -> bytes:
    kind = _bits("description_type", m.description_type, 255)
    return bytes([kind]) + _text("description", m.description, TEXT_BYTES)


def _read_self(raw: bytes) -> SelfId:
    return SelfId(raw[0], _letters(raw[1:]))


def _write_system(m: System) -> bytes:
    flags = _bits("classification", m.classification, 7) << 2 | _bits("location_type", m.location_type, 3)
    return _SYSTEM.pack(
        flags, scales.to_degrees("lat_deg", m.lat_deg, 90.0),
        scales.to_degrees("lon_deg", m.lon_deg, 180.0), _bits("area_count", m.area_count, 0xFFFF),
        _bits("area_radius_m", m.area_radius_m, scales.MOST_RADIUS_M) // 10,
        scales.to_altitude("area_ceiling_m", m.area_ceiling_m),
        scales.to_altitude("area_floor_m", m.area_floor_m),
        _bits("category", m.category) << 4 | _bits("class_", m.class_),
        scales.to_altitude("altitude_geo_m", m.altitude_geo_m), _bits("timestamp", m.timestamp, 0xFFFFFFFF),
    )  # fmt: skip


def _read_system(raw: bytes) -> System:
    flags, lat, lon, count, radius, ceiling, floor, kind, height, timestamp = _SYSTEM.unpack(raw)
    known = bool(lat or lon)
    return System(
        flags & 3, flags >> 2 & 7, lat / scales.DEGREE if known else None,
        lon / scales.DEGREE if known else None, count, radius * 10, scales.of_altitude(ceiling),
        scales.of_altitude(floor), kind >> 4, kind & 15, scales.of_altitude(height), timestamp,
    )  # fmt: skip


def _write_operator(m: OperatorId) -> bytes:
    kind = _bits("operator_type", m.operator_type, 255)
    return bytes([kind]) + _text("operator_id", m.operator_id, ID_BYTES) + bytes(3)


def _read_operator(raw: bytes) -> OperatorId:
    return OperatorId(raw[0], _letters(raw[1 : 1 + ID_BYTES]))


_WRITERS: tuple[Callable[[Any], bytes], ...] = (
    _write_basic, _write_place, _write_page, _write_self, _write_system, _write_operator,
)  # fmt: skip
_READERS: tuple[Callable[[bytes], Message], ...] = (
    _read_basic, _read_place, _read_page, _read_self, _read_system, _read_operator,
)  # fmt: skip
