"""A stream of bytes over datagrams that may be lost, doubled or out of order: windows, repeats, resumption.

The overlay itself carries datagrams as IP does. What moves files between two of its nodes lives here:
numbered pieces, one cumulative acknowledgement with a bitmap of what came after it, a window that grows until
pieces get lost. The sender asks first, and the receiver says from which byte on: its file is the only state
that has to survive. It has no keys and trusts its datagrams: they come from an authenticated peer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from rabta.security.core import Rejected

PIECE = 1024
PIECE_TYPE, ACK_TYPE, END_TYPE = 0x10, 0x11, 0x12
HEAD = struct.Struct(">BQQ")  # type, stream, offset
MAP_BYTES = 32  # pieces after the cumulative one of which an acknowledgement tells
LEAST_WINDOW, MOST_WINDOW = 4, 256
FIRST_RETRY_S, MOST_RETRY_S = 1.0, 8.0
MOST_HELD = 1024  # pieces kept by a receiver before their turn
MOST_BYTES = 1 << 40
NEVER = -1e9


@dataclass
class _Flight:
    sent_s: float
    tries: int = 1


@dataclass
class Sender:
    """The sending end of one stream.

    Parameters
    ----------
    read : callable
        Offset and length to bytes; shorter at the end of the file.
    size : int
        Length of the stream.
    """

    stream: int
    read: Callable[[int, int], bytes]
    size: int
    window: float = 16.0
    retry_s: float = FIRST_RETRY_S
    acked: int = 0
    next: int = 0
    flight: dict[int, _Flight] = field(default_factory=dict)
    repeats: int = 0
    ended: bool = False
    asked_s: float = NEVER
    smooth_s: float = 0.0
    started: bool = False
    told_end: bool = False

    @property
    def done(self) -> bool:
        """Whether the receiver has everything, and has said so."""
        return self.ended

    def resume(self, offset: int) -> None:
        """Begin at a byte that the receiver named."""
        self.acked = self.next = min(max(offset, 0), self.size)
        self.flight.clear()
        self.started = True

    def poll(self, now: float) -> list[bytes]:
        """Pieces to send now: lost ones again, then new ones while the window lasts."""
        out = [self._again(offset, now) for offset in self._late(now)]
        while self.started and len(self.flight) < int(self.window) and self.next < self.size:
            self.flight[self.next] = _Flight(now)
            out.append(self._piece(self.next))
            self.next += PIECE
        if (
            (self.acked >= self.size or not self.started)
            and not self.ended
            and now - self.asked_s >= self.retry_s
        ):
            self.asked_s, self.told_end = now, self.told_end or self.acked >= self.size
            out.append(HEAD.pack(END_TYPE, self.stream, self.size))
        return out

    def _late(self, now: float) -> list[int]:
        late = [offset for offset, one in self.flight.items() if now - one.sent_s >= self.retry_s]
        if late:
            self.window = max(self.window / 2.0, LEAST_WINDOW)
            self.retry_s = min(self.retry_s * 1.5, MOST_RETRY_S)
        return late[: max(int(self.window), 1)]

    def _again(self, offset: int, now: float) -> bytes:
        self.repeats += 1
        self.flight[offset] = _Flight(now, self.flight[offset].tries + 1)
        return self._piece(offset)

    def _piece(self, offset: int) -> bytes:
        return HEAD.pack(PIECE_TYPE, self.stream, offset) + self.read(offset, PIECE)

    def receive(self, datagram: bytes, now: float) -> None:
        """Take an acknowledgement."""
        kind, stream, offset = parse(datagram)
        if kind != ACK_TYPE or stream != self.stream or offset > self.size:
            return
        if not self.started or (self.acked >= self.size > offset):
            self.resume(offset)  # as far as the other has it: at the begin, and after it lost some
        if self.told_end and offset >= self.size:
            self.ended = True
        bits = int.from_bytes(datagram[HEAD.size : HEAD.size + MAP_BYTES], "big")
        for piece in list(self.flight):
            behind = (piece - offset) // PIECE - 1
            told = 0 <= behind < MAP_BYTES * 8 and bits >> behind & 1
            if piece + PIECE <= offset or offset >= self.size or told:
                self._arrived(self.flight.pop(piece), now)
        if offset > self.acked:
            self.acked = offset
            self.next = max(self.next, offset)

    def _arrived(self, one: _Flight, now: float) -> None:
        self.window = min(self.window + 1.0, MOST_WINDOW)
        if one.tries == 1:  # Karn: a repeated piece tells nothing of the delay (RFC 6298, 3)
            took = now - one.sent_s
            self.smooth_s = took if not self.smooth_s else 0.875 * self.smooth_s + 0.125 * took
            self.retry_s = min(max(2.0 * self.smooth_s, 0.2), MOST_RETRY_S)


@dataclass
class Receiver:
    """The receiving end: writes in order, from the byte that it already has."""

    stream: int
    write: Callable[[bytes], None]
    offset: int = 0
    held: dict[int, bytes] = field(default_factory=dict)
    done: bool = False

    def start(self) -> bytes:
        """Say which byte is wanted next: an acknowledgement unasked for."""
        return self._ack()

    def receive(self, datagram: bytes) -> bytes:
        """Take a piece or the end; the acknowledgement to send back, empty for another stream's."""
        kind, stream, offset = parse(datagram)
        if stream != self.stream or kind == ACK_TYPE:
            return b""
        if kind == END_TYPE:
            self.done = self.done or offset == self.offset
            return self._ack()
        piece = datagram[HEAD.size :]
        if offset > self.offset and len(self.held) < MOST_HELD:
            self.held[offset] = piece
        elif offset <= self.offset < offset + len(piece):
            self._take(piece[self.offset - offset :])
        return self._ack()

    def _take(self, piece: bytes) -> None:
        self.write(piece)
        self.offset += len(piece)
        while (following := self.held.pop(self.offset, b"")) != b"":
            self.write(following)
            self.offset += len(following)
        for offset in [offset for offset in self.held if offset < self.offset]:
            del self.held[offset]

    def _ack(self) -> bytes:
        bits = 0
        for offset in self.held:
            behind = (offset - self.offset) // PIECE - 1
            if 0 <= behind < MAP_BYTES * 8:
                bits |= 1 << behind
        return HEAD.pack(ACK_TYPE, self.stream, self.offset) + bits.to_bytes(MAP_BYTES, "big")


def parse(datagram: bytes) -> tuple[int, int, int]:
    """Kind, stream and offset of what may be a piece, an acknowledgement or an end; `Rejected` otherwise."""
    if not HEAD.size <= len(datagram) <= HEAD.size + PIECE + MAP_BYTES:
        raise Rejected("malformed", "a piece of a stream of the wrong length")
    kind, stream, offset = HEAD.unpack_from(datagram)
    inside = len(datagram) - HEAD.size
    wrong = {PIECE_TYPE: not 0 < inside <= PIECE, ACK_TYPE: inside != MAP_BYTES, END_TYPE: inside != 0}
    if wrong.get(kind, True):
        raise Rejected("malformed", "no piece, acknowledgement or end of a stream")
    if offset > MOST_BYTES:
        raise Rejected("limit", "a stream that is too long")
    return int(kind), int(stream), int(offset)
