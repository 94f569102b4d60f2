"""What carries broadcast remote ID: Bluetooth advertisements, Wi-Fi beacons and NAN frames, captures.

ASTM F3411-22a, section 5.4: Bluetooth legacy advertisements carry one message, those of Bluetooth 5, beacons
and NAN frames a pack. All have a counter, which goes up with each new content.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from rabta.airspace.remoteid.broadcast import mavlink
from rabta.airspace.remoteid.broadcast import messages as m
from rabta.errors import RabtaError

SERVICE = bytes.fromhex("16faff0d")  # service data of UUID 0xFFFA, application 0x0D: remote ID
VENDOR = bytes.fromhex("fa0bbc0d")  # ASD-STAN's OUI, type 0x0D
NAN_SERVICE = bytes.fromhex("8869199d9209")  # SHA-256 of org.opendroneid.remoteid, first six bytes
ELEMENT, DESCRIPTOR, FOLLOW_UP = 0xDD, 0x03, 0x10
PCAP = {
    b"\xd4\xc3\xb2\xa1": "<",
    b"\xa1\xb2\xc3\xd4": ">",
    b"\x4d\x3c\xb2\xa1": "<",
    b"\xa1\xb2\x3c\x4d": ">",
}
PCAPNG, ORDERS = b"\x0a\x0d\x0d\x0a", {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
ENHANCED, SIMPLE = 6, 3
MOST_BLOCK = 1 << 24


def bluetooth(found: list[m.Message], counter: int) -> bytes:
    """Advertising data: of one message as legacy advertisements have it, of several as Bluetooth 5's.

    Examples
    --------
    >>> bluetooth([m.OperatorId(0, "X")], 7)[:7].hex()
    '1e16faff0d0752'
    """
    body = SERVICE + bytes([counter & 0xFF]) + (m.encode(found[0]) if len(found) == 1 else m.packed(found))
    return bytes([len(body)]) + body


def beacon(found: list[m.Message], counter: int) -> bytes:
    """Element of a vendor in a Wi-Fi beacon."""
    body = VENDOR + bytes([counter & 0xFF]) + m.packed(found)
    return bytes([ELEMENT, len(body)]) + body


def nan(found: list[m.Message], counter: int) -> bytes:
    """Service descriptor of a Wi-Fi NAN discovery frame."""
    info = bytes([counter & 0xFF]) + m.packed(found)
    body = NAN_SERVICE + bytes([1, 0, FOLLOW_UP, len(info)]) + info
    return struct.pack("<BH", DESCRIPTOR, len(body)) + body


def carried(frame: bytes) -> list[tuple[int, list[m.Message]]]:
    """Counters and messages in a frame from the air, whatever is around them; damaged ones are left out."""
    out = []
    for mark, ahead in ((SERVICE, 1), (VENDOR, 1), (NAN_SERVICE, 0)):
        at = frame.find(mark)
        while at >= 0:
            begin, end = _bounds(frame, at, len(mark), ahead)
            found = _read(frame[begin + 1 : end]) if begin < end <= len(frame) else []
            out += [(frame[begin], found)] if found else []
            at = frame.find(mark, at + 1)
    return out


def _bounds(frame: bytes, at: int, mark: int, ahead: int) -> tuple[int, int]:
    """Begin and end of counter and messages; where there is no byte that says how long they are, none."""
    if ahead:
        return at + mark, at + frame[at - 1] if at else 0
    begin = at + mark + 4  # instance, requestor, control, length
    return begin, begin + frame[begin - 1] if begin <= len(frame) else 0


def _read(body: bytes) -> list[m.Message]:
    """A message or a pack; nothing of what is neither."""
    try:
        return m.unpacked(body) if body[:1] and body[0] >> 4 == m.PACK else [m.decode(body[: m.SIZE])]
    except RabtaError:
        return []


def packets(raw: bytes) -> Iterator[tuple[float, bytes]]:
    """Packets of a capture (pcap, pcapng) with their instants in seconds, up to one that is cut short.

    Raises
    ------
    RabtaError
        Of a file that is neither.
    """
    if raw[:4] in PCAP:
        yield from _pcap(
            raw, PCAP[raw[:4]], 1e9 if raw[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1e6
        )
    elif raw[:4] == PCAPNG and raw[8:12] in ORDERS:
        yield from _pcapng(raw, ORDERS[raw[8:12]])
    else:
        raise RabtaError("no capture", key="magic", value=raw[:4].hex(), expected="pcap or pcapng")


def _pcap(raw: bytes, order: str, parts: float) -> Iterator[tuple[float, bytes]]:
    at = 24
    while at + 16 <= len(raw):
        second, part, size, _ = struct.unpack_from(f"{order}IIII", raw, at)
        if at + 16 + size > len(raw):
            return
        yield second + part / parts, raw[at + 16 : at + 16 + size]
        at += 16 + size


def _pcapng(raw: bytes, order: str) -> Iterator[tuple[float, bytes]]:
    """Packets of the first section; instants in microseconds, as they are where nothing else is said."""
    at = 0
    while at + 12 <= len(raw):
        kind, length = struct.unpack_from(f"{order}II", raw, at)
        if not 12 <= length <= min(MOST_BLOCK, len(raw) - at) or length % 4:
            return
        if kind == ENHANCED and length >= 32:
            high, low, size = struct.unpack_from(f"{order}III", raw, at + 12)
            if size <= length - 32:
                yield (high << 32 | low) / 1e6, raw[at + 28 : at + 28 + size]
        elif kind == SIMPLE and length >= 16:
            yield 0.0, raw[at + 12 : at + length - 4]
        at += length


def heard(raw: bytes) -> list[dict[str, Any]]:
    """All remote ID in some bytes: a capture, a MAVLink stream, a frame from the air, a pack or a message.

    Returns
    -------
    list of dict
        Each with ``messages``, and with ``time_s`` and ``counter``, or ``sequence`` and ``system``.

    Raises
    ------
    RabtaError
        Where there is none in it.
    """
    if raw[:4] in PCAP or raw[:4] == PCAPNG:
        out: list[dict[str, Any]] = [
            {"time_s": time, "counter": counter, "messages": found}
            for time, frame in packets(raw)
            for counter, found in carried(frame)
        ]
    else:
        out = [{"sequence": one.sequence, "system": one.system, "messages": list(one.found)}
               for one in mavlink.frames(raw)]  # fmt: skip
        out = out or [{"counter": counter, "messages": found} for counter, found in carried(raw)]
    if out:
        return out
    return [{"messages": m.unpacked(raw) if raw[:1] and raw[0] >> 4 == m.PACK else [m.decode(raw)]}]
