"""Broadcast remote ID over MAVLink 2: the OPEN_DRONE_ID messages of its common set, in frames with checksums.

Layouts, numbers and seeds of the checksums: MAVLink's ``common.xml``. A flight controller sends these to the
transmitter, a receiver to a ground station.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rabta.airspace.remoteid.broadcast import messages as m
from rabta.airspace.remoteid.broadcast.scales import DEGREE
from rabta.errors import RabtaError

START, HEAD, SIGNED, SIGNATURE = 0xFD, 10, 0x01, 13
NO_ALTITUDE, NO_TRACK, NO_SPEED, NO_CLIMB, NO_TIME = -1000.0, 36_100, 25_500, 6_300, 65_535.0
PACK = 12_915
_MAC = bytes(20)
_BASIC, _TEXT = struct.Struct("<BB20sBB20s"), struct.Struct("<BB20sB23s")
_PLACE = struct.Struct("<iiffffHHhBB20sBBBBBBB")
_PAGE = struct.Struct("<IBB20sBBBB23s")
_SYSTEM = struct.Struct("<iifffIHHBB20sBBBB")
_OPERATOR, _PACK = struct.Struct("<BB20sB20s"), struct.Struct("<BB20sBB225s")


@dataclass(frozen=True)
class Frame:
    """A frame: its number in the stream, who sent it, and what it carries (several of a pack)."""

    sequence: int
    system: int
    component: int
    found: tuple[m.Message, ...]


def checksum(data: bytes) -> int:
    """CRC-16/MCRF4XX, as MAVLink has it.

    Examples
    --------
    >>> hex(checksum(b"123456789"))
    '0x6f91'
    """
    crc = 0xFFFF
    for byte in data:
        low = (byte ^ crc) & 0xFF
        low = (low ^ (low << 4)) & 0xFF
        crc = (crc >> 8) ^ (low << 8) ^ (low << 3) ^ (low >> 4)
    return crc & 0xFFFF


def framed(message: m.Message, *, sequence: int = 0, system: int = 1, component: int = 236) -> bytes:
    """Frame of a message; component 236 is a transmitter of remote ID (``MAV_COMP_ID_ODID_TXRX_1``)."""
    m.encode(message)  # the ranges are the standard's here too
    number = 12_900 + m.KINDS.index(type(message))
    return _frame(number, _WRITERS[type(message)](message), sequence, system, component)


def framed_pack(found: list[m.Message], *, sequence: int = 0, system: int = 1, component: int = 236) -> bytes:
    """Frame of a message pack."""
    raw = m.packed(found)
    body = _PACK.pack(0, 0, _MAC, m.SIZE, len(found), raw[3:])
    return _frame(PACK, body, sequence, system, component)


def _frame(number: int, body: bytes, sequence: int, system: int, component: int) -> bytes:
    body = body.rstrip(b"\0") or b"\0"  # MAVLink 2 leaves zeros at the end away
    head = struct.pack("<BBBBBB", len(body), 0, 0, sequence & 0xFF, system, component)
    inner = head + number.to_bytes(3, "little") + body
    return bytes([START]) + inner + struct.pack("<H", checksum(inner + bytes([SEEDS[number]])))


def frames(stream: bytes) -> Iterator[Frame]:
    """Remote ID in a stream of bytes; what is something else, or damaged, is passed over."""
    at = stream.find(START)
    while at >= 0 and at + HEAD + 2 <= len(stream):
        size = stream[at + 1]
        whole = HEAD + size + 2 + SIGNATURE * (stream[at + 2] & SIGNED)
        number = int.from_bytes(stream[at + 7 : at + 10], "little")
        inner = stream[at + 1 : at + HEAD + size]
        sent = stream[at + HEAD + size : at + HEAD + size + 2]
        good = number in SEEDS and at + whole <= len(stream)
        if good and struct.pack("<H", checksum(inner + bytes([SEEDS[number]]))) == sent:
            found = _read(number, stream[at + HEAD : at + HEAD + size])
            if found:
                yield Frame(stream[at + 4], stream[at + 5], stream[at + 6], found)
            at = stream.find(START, at + whole)
        else:
            at = stream.find(START, at + 1)


def _read(number: int, body: bytes) -> tuple[m.Message, ...]:
    """What a frame carries; nothing where a pack is damaged or a field is what the standard forbids."""
    layout, read = _READERS[number]
    values = layout.unpack(body[: layout.size].ljust(layout.size, b"\0"))
    try:
        found = read(*values)
        for one in found:
            m.encode(one)
    except (RabtaError, OverflowError, ValueError):
        return ()
    return found


def _own(value: float | None, none: float, factor: float = 1.0) -> float:
    return none if value is None else value * factor


def _whole(value: float | None, none: int, factor: float = 100.0) -> int:
    return none if value is None else round(value * factor)


def _degrees(value: float | None) -> int:
    return 0 if value is None else round(value * DEGREE)


def _write_basic(one: m.BasicId) -> bytes:
    return _BASIC.pack(0, 0, _MAC, one.id_type, one.ua_type, m.encode(one)[2:22])


def _write_place(one: m.Location) -> bytes:
    return _PLACE.pack(
        _degrees(one.lat_deg), _degrees(one.lon_deg), _own(one.altitude_baro_m, NO_ALTITUDE),
        _own(one.altitude_geo_m, NO_ALTITUDE), _own(one.height_m, NO_ALTITUDE),
        _own(one.after_hour_s, NO_TIME), _whole(one.direction_deg, NO_TRACK),
        _whole(one.speed_m_s, NO_SPEED), _whole(one.climb_m_s, NO_CLIMB), 0, 0, _MAC, one.status,
        one.height_type, one.horizontal_accuracy, one.vertical_accuracy, one.baro_accuracy,
        one.speed_accuracy, one.time_accuracy,
    )  # fmt: skip


def _write_page(one: m.Page) -> bytes:
    return _PAGE.pack(
        one.timestamp, 0, 0, _MAC, one.auth_type, one.page, one.last, one.length, one.data.ljust(23, b"\0")
    )


def _write_self(one: m.SelfId) -> bytes:
    return _TEXT.pack(0, 0, _MAC, one.description_type, m.encode(one)[2:])


def _write_system(one: m.System) -> bytes:
    return _SYSTEM.pack(
        _degrees(one.lat_deg), _degrees(one.lon_deg), _own(one.area_ceiling_m, NO_ALTITUDE),
        _own(one.area_floor_m, NO_ALTITUDE), _own(one.altitude_geo_m, NO_ALTITUDE), one.timestamp,
        one.area_count, one.area_radius_m, 0, 0, _MAC, one.location_type, one.classification, one.category,
        one.class_,
    )  # fmt: skip


def _write_operator(one: m.OperatorId) -> bytes:
    return _OPERATOR.pack(0, 0, _MAC, one.operator_type, m.encode(one)[2:22])


def _known(value: float, none: float) -> float | None:
    return None if value == none else value


def _over(value: int, none: int) -> float | None:
    return None if value == none else value / 100.0


def _pair(lat: int, lon: int) -> tuple[float | None, float | None]:
    return (lat / DEGREE, lon / DEGREE) if lat or lon else (None, None)


def _letters(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("latin-1")


def _read_basic(*v: Any) -> tuple[m.Message, ...]:
    *_, kind, aircraft, own = v
    return (m.BasicId(kind, aircraft, _letters(own) if kind in m.TEXT_IDS else own.hex()),)


def _read_place(*v: Any) -> tuple[m.Message, ...]:
    lat, lon, baro, geo, height, time, track, speed, climb, _, _, _, *codes = v
    status, height_type, horizontal, vertical, barometer, moving, timely = codes
    none, place = NO_ALTITUDE, _pair(lat, lon)
    return (m.Location(
        status, _over(track, NO_TRACK), _over(speed, NO_SPEED), _over(climb, NO_CLIMB), place[0], place[1],
        _known(baro, none), _known(geo, none), height_type, _known(height, none), horizontal, vertical,
        barometer, moving, _known(time, NO_TIME), timely,
    ),)  # fmt: skip


def _read_page(*v: Any) -> tuple[m.Message, ...]:
    timestamp, _, _, _, kind, page, last, length, data = v
    if page:
        return (m.Page(kind, page, data),)
    return (m.Page(kind, 0, data[: m.FIRST_PAGE], last, length, timestamp),)


def _read_self(*v: Any) -> tuple[m.Message, ...]:
    return (m.SelfId(v[3], _letters(v[4])),)


def _read_system(*v: Any) -> tuple[m.Message, ...]:
    lat, lon, ceiling, floor, height, timestamp, count, radius, _, _, _, where, kind, category, class_ = v
    none = NO_ALTITUDE
    return (m.System(where, kind, *_pair(lat, lon), count, radius, _known(ceiling, none),
                     _known(floor, none), category, class_, _known(height, none), timestamp),)  # fmt: skip


def _read_operator(*v: Any) -> tuple[m.Message, ...]:
    return (m.OperatorId(v[3], _letters(v[4])),)


def _read_pack(*v: Any) -> tuple[m.Message, ...]:
    size, count, raw = v[3:]
    return tuple(m.unpacked(bytes([m.PACK << 4 | m.VERSION, size, count]) + raw))


SEEDS = {12_900: 114, 12_901: 254, 12_902: 140, 12_903: 249, 12_904: 77, 12_905: 49, PACK: 94}
"""CRC_EXTRA of each message."""
_WRITERS: dict[type[m.Message], Callable[[Any], bytes]] = {
    m.BasicId: _write_basic, m.Location: _write_place, m.Page: _write_page, m.SelfId: _write_self,
    m.System: _write_system, m.OperatorId: _write_operator,
}  # fmt: skip
_READERS: dict[int, tuple[struct.Struct, Callable[..., tuple[m.Message, ...]]]] = {
    12_900: (_BASIC, _read_basic), 12_901: (_PLACE, _read_place), 12_902: (_PAGE, _read_page),
    12_903: (_TEXT, _read_self), 12_904: (_SYSTEM, _read_system), 12_905: (_OPERATOR, _read_operator),
    PACK: (_PACK, _read_pack),
}  # fmt: skip
