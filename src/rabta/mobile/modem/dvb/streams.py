"""What fills data fields: a stream of bits, packets with sync bytes, datagrams; and what comes out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.mobile.modem.dvb import baseband, gse
from rabta.mobile.modem.dvb.baseband import Header

Bits = NDArray[np.uint8]
Payload = bytes | ArrayLike | Sequence[bytes] | Sequence[gse.Datagram]

KINDS = ("continuous", "transport", "packets", "gse")
"""Streams that can be sent; encapsulated datagrams travel in a continuous stream (TS 102 606-1, clause 5)."""
TRANSPORT, SYNC = 188, 0x47
"""Bytes and sync byte of a transport stream's packet."""


class Source(Protocol):
    """Something that fills data fields."""

    header: Header

    @property
    def empty(self) -> bool:
        """Whether all was taken."""

    def take(self, room: int) -> tuple[Header, Bits]:
        """Data for a field of so many bits, and the header that says what they are."""


@dataclass
class BitSource:
    """A row of bits; packets of one length where the header says so."""

    header: Header
    bits: Bits
    at: int = 0

    @property
    def empty(self) -> bool:
        """Whether all was taken."""
        return self.at >= len(self.bits)

    def take(self, room: int) -> tuple[Header, Bits]:
        """The next bits."""
        part = self.bits[self.at : self.at + room]
        size = self.header.packet_bits
        distance = -self.at % size if size else 0
        self.at += len(part)
        return _sized(self.header, part, distance if distance < len(part) else 65_535), part


@dataclass
class GseSource:
    """Datagrams."""

    header: Header
    sender: gse.Sender

    @property
    def empty(self) -> bool:
        """Whether all was taken."""
        return self.sender.empty

    def take(self, room: int) -> tuple[Header, Bits]:
        """Whole packets of encapsulation."""
        part = gse.as_bits(self.sender.take(room // 8))
        return _sized(self.header, part, 0), part


def _sized(header: Header, part: Bits, distance: int) -> Header:
    """Header of a field with a part of the stream."""
    return replace(header, data_bits=len(part), sync_distance=distance)


def source(payload: Payload, stream: str, roll_off: float, constant: bool) -> Source:
    """What a payload is sent as.

    Parameters
    ----------
    payload
        Bytes or a row of bits (``continuous``), bytes of whole 188-byte packets (``transport``), packets of
        one length with sync bytes (``packets``), datagrams as bytes of IPv4 or `gse.Datagram` (``gse``).
    """
    if stream not in KINDS:
        raise RabtaError("no such stream", key="stream", value=stream, expected=nearest(stream, KINDS))
    base = Header("continuous" if stream == "gse" else stream, 0, roll_off, constant)
    if stream == "gse":
        return GseSource(base, gse.Sender(_datagrams(payload)))
    if stream == "continuous":
        return BitSource(base, _bits(payload))
    rows = _packets(payload, stream)
    header = Header(base.stream, 0, roll_off, constant, 8 * rows.shape[1], int(rows[0, 0]))
    return BitSource(header, np.unpackbits(baseband.with_crc(rows)))


def _datagrams(payload: Payload) -> list[gse.Datagram]:
    """Datagrams of a sequence."""
    if isinstance(payload, bytes | bytearray) or not isinstance(payload, Sequence) or not payload:
        raise RabtaError(
            "no datagrams", key="payload", value=type(payload).__name__, expected="a list of bytes"
        )
    wrong = next((d for d in payload if not isinstance(d, bytes | gse.Datagram)), None)
    if wrong is not None:
        raise RabtaError("not a datagram", key="payload", value=type(wrong).__name__, expected="bytes")
    return [
        gse.Datagram(d) if isinstance(d, bytes) else d for d in payload if isinstance(d, bytes | gse.Datagram)
    ]


def _bits(payload: Payload) -> Bits:
    """Bits of a payload."""
    if isinstance(payload, bytes | bytearray | memoryview):
        return gse.as_bits(bytes(payload))
    row = np.asarray(payload)
    if row.ndim != 1 or row.dtype.kind not in "biu" or not np.isin(row, (0, 1)).all():
        raise RabtaError(
            "not a row of bits", key="payload", value=str(row.shape), expected="bytes, or zeros and ones"
        )
    return row.astype(np.uint8)


def _packets(payload: Payload, stream: str) -> Bits:
    """Packets as rows of bytes, their sync bytes all the same."""
    if stream == "transport":
        size = len(payload) if isinstance(payload, bytes | bytearray) else 0
        if not isinstance(payload, bytes | bytearray) or not size or size % TRANSPORT:
            raise RabtaError(
                "not a transport stream", key="payload", value=size, expected="bytes of whole packets of 188"
            )
        rows = np.frombuffer(bytes(payload), dtype=np.uint8).reshape(-1, TRANSPORT)
    else:
        rows = _rows(payload)
    wanted = SYNC if stream == "transport" else int(rows[0, 0])
    if rows.shape[1] < 2 or (rows[:, 0] != wanted).any():
        raise RabtaError(
            "packets without a sync byte", key="payload", value=int(rows[0, 0]), expected=hex(wanted)
        )
    return rows


def _rows(payload: Payload) -> Bits:
    """Packets of a sequence, all of one length."""
    given = [p for p in payload if isinstance(p, bytes)] if isinstance(payload, Sequence) else []
    if not given or len({len(p) for p in given}) > 1 or len(given[0]) > 8191:
        raise RabtaError(
            "not packets of one length", key="payload", value=len(given), expected="bytes, 2 to 8,191 each"
        )
    return np.array([list(p) for p in given], dtype=np.uint8)


def packets(fields: Iterable[tuple[Header, Bits] | None]) -> list[bytes]:
    """Packets that came whole, with their sync bytes, of data fields in order; None is a lost frame.

    The last packet is known to be whole only when the next one's CRC-8 came, and is left out without.
    """
    found: list[bytes] = []
    run: list[Bits] = []
    first: Header | None = None
    for part in [*fields, None]:
        if part is None:
            found += _joined(first, run)
            first, run = None, []
        elif first is None:
            if part[0].packet_bits and part[0].sync_distance < len(part[1]):
                first, run = part[0], [part[1][part[0].sync_distance :]]
        else:
            run.append(part[1])
    return found


def _joined(first: Header | None, run: list[Bits]) -> list[bytes]:
    """Packets of data fields without a gap between them."""
    if first is None:
        return []
    rows, whole = baseband.without_crc(np.packbits(np.concatenate(run)), first)
    return [row.tobytes() for row in rows[whole]]
