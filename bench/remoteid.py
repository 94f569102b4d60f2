"""Broadcast remote ID against the reference library of the Open Drone ID project, opendroneid-core-c.

    python bench/remoteid.py LIBRARY [messages]

LIBRARY is that project's ``libopendroneid`` as a shared object (Apache 2.0; nothing of it is here). Random
messages of every kind are encoded by both and compared byte for byte, also those that one of them refuses;
random bytes are decoded by both and compared value for value. Results: bench/results/remoteid.json.
"""

from __future__ import annotations

import ctypes as c
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta.airspace.remoteid.broadcast import messages as m
from rabta.errors import RabtaError

RESULTS = Path(__file__).parent / "results" / "remoteid.json"


class Basic(c.Structure):
    """ODID_BasicID_data."""

    _fields_ = [("ua", c.c_int), ("kind", c.c_int), ("own", c.c_char * 21)]


class Place(c.Structure):
    """ODID_Location_data."""

    _fields_ = [
        ("status", c.c_int), ("direction", c.c_float), ("speed", c.c_float), ("climb", c.c_float),
        ("lat", c.c_double), ("lon", c.c_double), ("baro", c.c_float), ("geo", c.c_float),
        ("height_type", c.c_int), ("height", c.c_float), ("horizontal", c.c_int), ("vertical", c.c_int),
        ("barometer", c.c_int), ("moving", c.c_int), ("timely", c.c_int), ("time", c.c_float),
    ]  # fmt: skip


class Auth(c.Structure):
    """ODID_Auth_data."""

    _fields_ = [("page", c.c_uint8), ("kind", c.c_int), ("last", c.c_uint8), ("length", c.c_uint8),
                ("timestamp", c.c_uint32), ("data", c.c_uint8 * 24)]  # fmt: skip


class Self(c.Structure):
    """ODID_SelfID_data."""

    _fields_ = [("kind", c.c_int), ("text", c.c_char * 24)]


class System(c.Structure):
    """ODID_System_data."""

    _fields_ = [
        ("where", c.c_int), ("kind", c.c_int), ("lat", c.c_double), ("lon", c.c_double),
        ("count", c.c_uint16), ("radius", c.c_uint16), ("ceiling", c.c_float), ("floor", c.c_float),
        ("category", c.c_int), ("class_", c.c_int), ("geo", c.c_float), ("timestamp", c.c_uint32),
    ]  # fmt: skip


class Operator(c.Structure):
    """ODID_OperatorID_data."""

    _fields_ = [("kind", c.c_int), ("text", c.c_char * 21)]


KINDS: dict[type[m.Message], tuple[str, type[c.Structure]]] = {
    m.BasicId: ("BasicID", Basic), m.Location: ("Location", Place), m.Page: ("Auth", Auth),
    m.SelfId: ("SelfID", Self), m.System: ("System", System), m.OperatorId: ("OperatorID", Operator),
}  # fmt: skip


def none(value: float | None, code: float) -> float:
    """A number, or the peer's for none."""
    return code if value is None else value


def theirs(one: m.Message) -> c.Structure:
    """The same message as the peer holds it."""
    if isinstance(one, m.BasicId):
        text = one.id_type in m.TEXT_IDS
        return Basic(one.ua_type, one.id_type, one.uas_id.encode("latin-1") if text else b"")
    if isinstance(one, m.Location):
        return Place(
            one.status, none(one.direction_deg, 361), none(one.speed_m_s, 255), none(one.climb_m_s, 63),
            none(one.lat_deg, 0), none(one.lon_deg, 0), none(one.altitude_baro_m, -1000),
            none(one.altitude_geo_m, -1000), one.height_type, none(one.height_m, -1000),
            one.horizontal_accuracy, one.vertical_accuracy, one.baro_accuracy, one.speed_accuracy,
            one.time_accuracy, none(one.after_hour_s, 65_535),
        )  # fmt: skip
    if isinstance(one, m.Page):
        data = (c.c_uint8 * 24)(*one.data)
        return Auth(one.page, one.auth_type, one.last, one.length, one.timestamp, data)
    if isinstance(one, m.SelfId):
        return Self(one.description_type, one.description.encode("latin-1"))
    if isinstance(one, m.System):
        return System(
            one.location_type, one.classification, none(one.lat_deg, 0), none(one.lon_deg, 0), one.area_count,
            one.area_radius_m, none(one.area_ceiling_m, -1000), none(one.area_floor_m, -1000), one.category,
            one.class_, none(one.altitude_geo_m, -1000), one.timestamp,
        )  # fmt: skip
    return Operator(one.operator_type, one.operator_id.encode("latin-1"))


def ours(kind: type[m.Message], held: Any) -> tuple[Any, ...]:
    """What the peer decoded, as the fields of our message."""

    def far(x: float) -> float | None:
        return None if x == -1000.0 else x

    if kind is m.BasicId:
        raw = bytes(held)[8:28]
        text = raw.split(b"\0", 1)[0].decode("latin-1") if held.kind in m.TEXT_IDS else raw.hex()
        return held.kind, held.ua, text
    if kind is m.Location:
        lat, lon = (held.lat, held.lon) if held.lat or held.lon else (None, None)
        return (
            held.status, None if held.direction >= 360 else held.direction,
            None if held.speed == 255 else held.speed, None if held.climb == 63 else held.climb, lat, lon,
            far(held.baro), far(held.geo), held.height_type, far(held.height), held.horizontal, held.vertical,
            held.barometer, held.moving, None if held.time == 65_535 else round(held.time, 1), held.timely,
        )  # fmt: skip
    if kind is m.Page:
        first = held.page == 0
        size = m.FIRST_PAGE if first else m.NEXT_PAGE
        more = (held.last, held.length, held.timestamp) if first else (0, 0, 0)
        return held.kind, held.page, bytes(held.data)[:size], *more
    if kind is m.SelfId:
        return held.kind, held.text.decode("latin-1")
    if kind is m.System:
        lat, lon = (held.lat, held.lon) if held.lat or held.lon else (None, None)
        return (held.where, held.kind, lat, lon, held.count, held.radius, far(held.ceiling), far(held.floor),
                held.category, held.class_, far(held.geo), held.timestamp)  # fmt: skip
    return held.kind, held.text.decode("latin-1")


def drawn(rng: np.random.Generator) -> m.Message:
    """A message of any kind; some numbers lie beyond what may be sent, some on the edges of steps."""

    def number(low: float, high: float, step: float) -> float | None:
        how = rng.integers(10)
        value = float(rng.uniform(low - 0.002 * (high - low), high + 0.002 * (high - low)))
        return None if how == 0 else round(value / step) * step if how < 4 else value

    def code(most: int) -> int:
        return int(rng.integers(most + 1))

    def text(size: int) -> str:
        return "".join(chr(x) for x in rng.integers(33, 127, int(rng.integers(size + 1))))

    kind = int(rng.choice(6, p=(0.1, 0.5, 0.1, 0.1, 0.15, 0.05)))
    if kind == 0:
        return m.BasicId(int(rng.integers(1, 3)), code(15), text(20))
    if kind == 1:
        lat, lon = number(-90.0, 90.0, 0.5e-7), number(-180.0, 180.0, 0.5e-7)
        known = lat is not None and lon is not None
        return m.Location(
            code(15), number(0.0, 360.0, 0.5), number(0.0, 254.25, 0.125), number(-62.0, 62.0, 0.25),
            lat if known else None, lon if known else None, number(-1000.0, 31_767.5, 0.25),
            number(-1000.0, 31_767.5, 0.25), code(1), number(-1000.0, 31_767.5, 0.25), code(15), code(15),
            code(15), code(15), number(0.0, 3600.0, 0.05), code(15),
        )  # fmt: skip
    if kind == 2:
        page = code(15)
        last = 0 if page else code(15)
        room = min(m.FIRST_PAGE + m.NEXT_PAGE * last, 255)
        size = m.NEXT_PAGE if page else m.FIRST_PAGE
        more = (0, 0, 0) if page else (last, code(room), int(rng.integers(1 << 32)))
        return m.Page(code(15), page, rng.bytes(size), *more)
    if kind == 3:
        return m.SelfId(code(255), text(23))
    if kind == 4:
        lat, lon = number(-90.0, 90.0, 0.5e-7), number(-180.0, 180.0, 0.5e-7)
        known = lat is not None and lon is not None
        return m.System(
            code(3), code(7), lat if known else None, lon if known else None, code(65_535), code(2555),
            number(-1000.0, 31_767.5, 0.25), number(-1000.0, 31_767.5, 0.25), code(15), code(15),
            number(-1000.0, 31_767.5, 0.25), int(rng.integers(1 << 32)),
        )  # fmt: skip
    return m.OperatorId(code(255), text(20))


def clamped(one: m.Message) -> bool:
    """Whether we take a speed that the peer refuses: the standard says to send the largest instead."""
    return isinstance(one, m.Location) and (
        none(one.speed_m_s, 0.0) > 254.25 or abs(none(one.climb_m_s, 0.0)) > 62.0
    )


def encoded(call: Callable[..., int], one: m.Message) -> bytes | None:
    """Bytes by the peer; None where it refuses."""
    out = (c.c_uint8 * 25)()
    return bytes(out) if call(out, c.byref(theirs(one))) == 0 else None


def main() -> None:
    """Compare, and write what came of it."""
    library, count = c.CDLL(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    rng, wrong, both, refused, spent = np.random.default_rng(1), list[str](), 0, 0, {"ours": 0.0, "peer": 0.0}
    for _ in range(count):
        one = drawn(rng)
        begun = time.perf_counter()
        try:
            mine: bytes | None = m.encode(one)
        except RabtaError:
            mine = None
        spent["ours"] += time.perf_counter() - begun
        begun = time.perf_counter()
        peer = encoded(getattr(library, f"encode{KINDS[type(one)][0]}Message"), one)
        spent["peer"] += time.perf_counter() - begun
        both, refused = both + (mine is not None), refused + (mine is None)
        if mine != peer and not (peer is None and clamped(one)):
            wrong.append(f"{one}: {mine and mine.hex()} {peer and peer.hex()}")
    read = decoded(library, count, rng, wrong)
    result = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": platform.machine(),
        "cores": os.cpu_count(), "encoded": both, "refused_by_both": refused, "decoded": read,
        "different": len(wrong), "first": wrong[:5],
        "encode_us": {name: round(1e6 * seconds / count, 2) for name, seconds in spent.items()},
    }  # fmt: skip
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))


def decoded(library: c.CDLL, count: int, rng: np.random.Generator, wrong: list[str]) -> int:
    """Random bytes of every kind by both; how many both took."""
    read = 0
    for k in range(count):
        kind = m.KINDS[k % len(m.KINDS)]
        raw = bytes([(k % len(m.KINDS)) << 4 | 2]) + rng.bytes(24)
        name, shape = KINDS[kind]
        held = shape()
        code = getattr(library, f"decode{name}Message")(c.byref(held), (c.c_uint8 * 25)(*raw))
        try:
            mine: tuple[Any, ...] | None = astuple(m.decode(raw))
        except RabtaError:
            mine = None
        peer = ours(kind, held) if code == 0 else None
        read += mine is not None
        if mine != peer:
            wrong.append(f"{raw.hex()}: {mine} {peer}")
    return read


if __name__ == "__main__":
    main()
