"""Form of a packet: a header that is authenticated, then what is sealed.

The header's 24 bytes: kind (1), notes that follow (1), session (8), epoch (4), highest epoch heard from the
peer (4), counter (6). Each note says how one of the epochs that the peer is not known to have came about,
from the first of them on: 16 bytes, of which the first tells a handover (0) from a refresh (1) and the rest
is the context's hash or the round. A peer that was asleep follows through all of them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from rabta.security.core import Rejected
from rabta.security.core.suites import TAG_BYTES

KIND = 0x20
_BEFORE = struct.Struct("!BB8sII")
COUNTER_BYTES = 6
HEADER_BYTES = _BEFORE.size + COUNTER_BYTES
NOTE_BYTES = 16
MOST_NOTES = 6
HANDOVER, REFRESH = 0, 1
MOST_COUNTER = (1 << 48) - 1


@dataclass(slots=True)
class Packet:
    """A datagram, taken apart; `header` is what the seal is bound to."""

    session: bytes
    epoch: int
    heard: int
    counter: int
    notes: tuple[bytes, ...]
    header: bytes
    sealed: bytes


def before(session: bytes, epoch: int, heard: int, notes: int) -> bytes:
    """Bytes of a header before its counter."""
    return _BEFORE.pack(KIND, notes, session, epoch, heard)


def parse(datagram: bytes) -> Packet:
    """Packet of a datagram; everything that can be wrong with its form is refused here."""
    if len(datagram) < HEADER_BYTES + TAG_BYTES:
        raise Rejected("malformed", "a packet that is too short")
    kind, count, session, epoch, heard = _BEFORE.unpack_from(datagram)
    if kind != KIND:
        raise Rejected("version", "no packet of this version")
    end = HEADER_BYTES
    notes: tuple[bytes, ...] = ()
    if count:
        end += NOTE_BYTES * count
        if count > MOST_NOTES or len(datagram) < end + TAG_BYTES:
            raise Rejected("malformed", "a packet with notes that do not fit")
        notes = tuple(datagram[at : at + NOTE_BYTES] for at in range(HEADER_BYTES, end, NOTE_BYTES))
    counter = int.from_bytes(datagram[HEADER_BYTES - COUNTER_BYTES : HEADER_BYTES], "big")
    return Packet(session, epoch, heard, counter, notes, datagram[:end], datagram[end:])


def is_packet(datagram: bytes) -> bool:
    """Whether a datagram is a session's packet.

    Examples
    --------
    >>> is_packet(before(bytes(8), 0, 0, 0)), is_packet(b"")
    (True, False)
    """
    return datagram[:1] == bytes([KIND])


def session_of(datagram: bytes) -> bytes:
    """Eight bytes that name a packet's session."""
    return datagram[2:10]


def handover_note(context: bytes) -> bytes:
    """Note of a handover: 15 bytes of its context."""
    return bytes([HANDOVER]) + context[: NOTE_BYTES - 1].ljust(NOTE_BYTES - 1, b"\0")


def refresh_note(number: int) -> bytes:
    """Note of a refresh, by its round."""
    return bytes([REFRESH]) + number.to_bytes(NOTE_BYTES - 1, "big")
