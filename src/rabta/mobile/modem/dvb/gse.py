"""Generic stream encapsulation of datagrams: ETSI TS 102 606-1, clause 4.2."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from rabta.errors import RabtaError

IPV4 = 0x0800
"""Protocol type of IPv4; 0x86DD is IPv6."""
LABELS = {6: 0, 3: 1, 0: 2}
"""Bytes of a label and their two bits."""
MOST = 4095
"""Bytes of a packet after its length."""
_START, _END = 0x8000, 0x4000


@dataclass(frozen=True)
class Datagram:
    """A datagram with its protocol and label."""

    data: bytes
    protocol: int = IPV4
    label: bytes = b""

    def __post_init__(self) -> None:
        """Refuse what does not fit the header."""
        if len(self.label) not in LABELS:
            raise RabtaError(
                "a label has 6, 3 or 0 bytes", key="label", value=len(self.label), expected="6, 3 or 0"
            )
        if not 0 < len(self.data) <= 65_535 - 2 - len(self.label):
            raise RabtaError(
                "a datagram that does not fit", key="data", value=len(self.data), expected="1 to 65,527 bytes"
            )
        if not 0x0600 <= self.protocol <= 0xFFFF:
            raise RabtaError(
                "not an EtherType", key="protocol", value=hex(self.protocol), expected="0x0600 to 0xffff"
            )

    @property
    def head(self) -> bytes:
        """Protocol type and label."""
        return self.protocol.to_bytes(2, "big") + self.label


def crc32(data: bytes) -> int:
    """CRC-32 of a fragmented datagram (ISO/IEC 13818-1: 0x04C11DB7, from all ones, nothing reversed).

    Examples
    --------
    >>> hex(crc32(b"123456789"))
    '0x376e6e7'
    """
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


@dataclass
class Sender:
    """Datagrams cut into packets that fill data fields.

    Examples
    --------
    >>> sender = Sender([Datagram(b"x" * 100), Datagram(b"y" * 20)])
    >>> fields = [sender.take(80), sender.take(80)]
    >>> [d.data[:1] for d in received(fields)]
    [b'x', b'y']
    """

    waiting: Sequence[Datagram]
    _at: int = 0
    _sent: int = 0
    _rest: bytes = b""
    _number: int = 0

    @property
    def empty(self) -> bool:
        """Whether all was taken."""
        return self._at >= len(self.waiting)

    def take(self, room: int) -> bytes:
        """Packets for a data field of so many bytes; what is left over stays free."""
        made = b""
        while not self.empty:
            packet = self._next(room - len(made))
            if not packet:
                break
            made += packet
        return made

    def _next(self, room: int) -> bytes:
        """A whole datagram where it fits, else a part of it; nothing where not even that fits."""
        now = self.waiting[self._at]
        if self._rest:
            return self._part(room)
        whole = now.head + now.data
        if len(whole) + 2 <= room and len(whole) <= MOST:
            self._at += 1
            return _header(_START | _END, now, len(whole)) + whole
        total = len(whole)
        if room < 2 + 3 + len(now.head) + 1:
            return b""
        self._number = (self._number + 1) % 256
        self._rest = now.data + crc32(total.to_bytes(2, "big") + whole).to_bytes(4, "big")
        head = bytes([self._number]) + total.to_bytes(2, "big") + now.head
        data = self._cut(min(room - 2, MOST) - len(head), len(now.data))
        return _header(_START, now, len(head) + len(data)) + head + data

    def _part(self, room: int) -> bytes:
        """One more part of a datagram, with its CRC-32 at the end of the last."""
        most = min(room - 2, MOST) - 1
        if most < 5:
            return b""
        if len(self._rest) <= most:
            data, self._rest = self._rest, b""
            self._at += 1
            flag = _END
        else:
            data, flag = self._cut(most, len(self._rest) - 4), 0
        return _header(flag, None, 1 + len(data)) + bytes([self._number]) + data

    def _cut(self, most: int, data: int) -> bytes:
        """Next bytes of the rest, so that the CRC-32 stays in one piece."""
        count = min(most, data)
        made, self._rest = self._rest[:count], self._rest[count:]
        return made


def _header(flags: int, now: Datagram | None, length: int) -> bytes:
    """Two bytes: start, end, kind of label (3: as before, for later parts), length of what follows."""
    kind = 3 if now is None else LABELS[len(now.label)]
    return (flags | kind << 12 | length).to_bytes(2, "big")


@dataclass
class _Pending:
    """A datagram of which parts came."""

    total: int
    head: bytes
    data: bytes = field(default=b"")


def received(fields: Iterable[bytes]) -> list[Datagram]:
    """Datagrams of data fields in order; those that lost a part are left out.

    Anything may be in a field: what is no packet ends it.
    """
    found: list[Datagram] = []
    pending: dict[int, _Pending] = {}
    for part in fields:
        at = 0
        while at + 2 <= len(part):
            word = int.from_bytes(part[at : at + 2], "big")
            length, at = word & MOST, at + 2
            if word & 0xF000 == 0 or length == 0 or at + length > len(part):
                break  # padding, or no packet
            made = _packet(word, part[at : at + length], pending)
            if made is not None:
                found.append(made)
            at += length
    return found


def _packet(word: int, body: bytes, pending: dict[int, _Pending]) -> Datagram | None:
    """Datagram that a packet completes, if it does."""
    size = {0: 6, 1: 3}.get(word >> 12 & 3, 0)
    if word & _START and word & _END:
        return _datagram(body[: 2 + size], body[2 + size :])
    number = body[0]
    if word & _START:
        if len(body) > 5 + size:
            pending[number] = _Pending(int.from_bytes(body[1:3], "big"), body[3 : 5 + size], body[5 + size :])
        return None
    open_ = pending.get(number)
    if open_ is None:
        return None
    open_.data += body[1:]
    if not word & _END:
        return None
    del pending[number]
    whole, check = open_.head + open_.data[:-4], open_.data[-4:]
    if len(whole) != open_.total or crc32(open_.total.to_bytes(2, "big") + whole).to_bytes(4, "big") != check:
        return None
    return _datagram(open_.head, open_.data[:-4])


def _datagram(head: bytes, data: bytes) -> Datagram | None:
    """Datagram of its parts, None where they cannot be one."""
    protocol = int.from_bytes(head[:2], "big")
    if len(head) < 2 or not data or protocol < 0x0600:
        return None
    return Datagram(data, protocol, head[2:])


def as_bits(data: bytes) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """Bits of bytes."""
    return np.unpackbits(np.frombuffer(data, dtype=np.uint8))
