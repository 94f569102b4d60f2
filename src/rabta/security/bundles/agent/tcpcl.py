"""TCPCL version 4 (RFC 9174): bundles over TCP, each acknowledged when the receiver has it on disk.

Without TLS: what must be secret or authentic is so inside the bundle, end to end. One side sends and the
other receives, as a session may; transfers come one after the other, in segments of what the receiver
takes.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable

from rabta.security.bundles.agent.mtcp import Patience, Wire, exactly
from rabta.security.bundles.codec.bundle import MOST_BYTES
from rabta.security.core import Rejected

HEADER = b"dtn!\x04\x00"  # version 4, no TLS (4.2)
XFER_SEGMENT, XFER_ACK, XFER_REFUSE, KEEPALIVE, SESS_TERM, MSG_REJECT, SESS_INIT = range(1, 8)
END, START = 0x01, 0x02
REPLY = 0x01
SEGMENT = 1 << 20
COMPLETED, NO_RESOURCES, NOT_ACCEPTABLE = 1, 2, 4  # reasons of XFER_REFUSE (5.2.4)
MOST_IDENTIFIER, MOST_EXTENSIONS = 1024, 4096


def session_init(node: str, segment: int = SEGMENT, transfer: int = MOST_BYTES) -> bytes:
    """Message SESS_INIT (4.6) of a node, without keepalive and extensions."""
    name = node.encode()
    return struct.pack(">BHQQH", SESS_INIT, 0, segment, transfer, len(name)) + name + bytes(4)


def _hello(connection: Wire, node: str) -> tuple[str, int, int]:
    """Exchange contact headers and session parameters; the peer's node, segment and transfer size."""
    connection.sendall(HEADER)
    header = exactly(connection, 6)
    if header[:4] != b"dtn!" or header[4] != 4:
        raise Rejected("version", "the other side does not speak TCPCL version 4")
    connection.sendall(session_init(node))
    kind, _, segment, transfer, size = struct.unpack(">BHQQH", exactly(connection, 21))
    if kind != SESS_INIT or size > MOST_IDENTIFIER or segment == 0:
        raise Rejected("malformed", "no session parameters where they must be")
    name = exactly(connection, size).decode("utf-8", "replace")
    _extensions(connection)
    return name, segment, transfer


def _extensions(connection: Wire) -> None:
    """Pass extension items; one that must be understood ends the session (4.8)."""
    (size,) = struct.unpack(">I", exactly(connection, 4))
    if size > MOST_EXTENSIONS:
        raise Rejected("limit", "too many session or transfer extensions")
    raw = exactly(connection, size)
    at = 0
    while at < size:
        if size - at < 5:
            raise Rejected("malformed", "an extension that is cut off")
        flags, _, length = struct.unpack_from(">BHH", raw, at)
        if flags & 1:
            raise Rejected("malformed", "an extension that is critical and not known here")
        at += 5 + length


class Sender:
    """An open session in which this side sends.

    Raises
    ------
    Rejected
        Where the other side does not keep to the protocol.
    """

    def __init__(self, node: str, host: str, port: int, timeout: float = 60.0) -> None:
        self.connection = socket.create_connection((host, port), timeout)
        self._wire = Patience(self.connection, timeout)
        try:
            self.peer, self.segment, self.transfer = _hello(self._wire, node)
        except BaseException:
            self.connection.close()
            raise
        self._number = 0
        self.refused = 0

    def __call__(self, raw: bytes) -> bool:
        """Send a bundle; True when the other side acknowledged the whole of it, or has it already."""
        if len(raw) > self.transfer:
            return False
        number, self._number = self._number, self._number + 1
        try:
            for start in range(0, len(raw), self.segment):
                part = raw[start : start + self.segment]
                self._wire.renew()
                self._wire.sendall(_segment(number, part, start, start + len(part) == len(raw)))
                if not self._acknowledged(number, start + len(part)):
                    return self.refused == COMPLETED
        except (OSError, Rejected):
            return False
        return True

    def _acknowledged(self, number: int, expected: int) -> bool:
        kind = exactly(self._wire, 1)[0]
        while kind == KEEPALIVE:
            kind = exactly(self._wire, 1)[0]
        if kind == XFER_ACK:
            _, which, length = struct.unpack(">BQQ", exactly(self._wire, 17))
            return bool(which == number and length == expected)
        if kind == XFER_REFUSE:
            self.refused, _ = struct.unpack(">BQ", exactly(self._wire, 9))
        return False

    def close(self) -> None:
        """End the session (6)."""
        with contextlib.suppress(OSError):
            self._wire.sendall(bytes((SESS_TERM, 0, 0)))
        self.connection.close()


def _segment(number: int, part: bytes, start: int, last: bool) -> bytes:
    flags = (END if last else 0) | (START if start == 0 else 0)
    extensions = bytes(4) if start == 0 else b""
    return struct.pack(">BBQ", XFER_SEGMENT, flags, number) + extensions + struct.pack(">Q", len(part)) + part


def serve(node: str) -> Callable[[Wire, Callable[[bytes], object]], None]:
    """Return what a `mtcp.Listener` speaks to receive by this protocol."""

    def run(connection: Wire, take: Callable[[bytes], object]) -> None:
        _hello(connection, node)
        while _message(connection, take):
            pass

    return run


def _message(connection: Wire, take: Callable[[bytes], object]) -> bool:
    """Take one message or one whole transfer; False at the session's end."""
    first = connection.recv(1)
    kind = first[0] if first else SESS_TERM
    if kind == KEEPALIVE:
        return True
    if kind == SESS_TERM:
        if first and not exactly(connection, 2)[0] & REPLY:
            connection.sendall(bytes((SESS_TERM, REPLY, 0)))
        return False
    if kind != XFER_SEGMENT:
        connection.sendall(bytes((MSG_REJECT, 1, kind)))
        raise Rejected("malformed", "a message that is not expected in a session")
    _transfer(connection, take)
    return True


def _transfer(connection: Wire, take: Callable[[bytes], object]) -> None:
    """Take the segments of a bundle; the last one is acknowledged when `take` has returned."""
    whole, number, last = bytearray(), -1, False
    while not last:
        if number >= 0 and exactly(connection, 1)[0] != XFER_SEGMENT:
            raise Rejected("malformed", "a transfer that another message interrupts")
        flags, which = struct.unpack(">BQ", exactly(connection, 9))
        if bool(flags & START) != (number < 0) or number not in {-1, which}:
            raise Rejected("malformed", "segments that are not of one transfer")
        number, last = which, bool(flags & END)
        if flags & START:
            _extensions(connection)
        (size,) = struct.unpack(">Q", exactly(connection, 8))
        if len(whole) + size > MOST_BYTES or size > SEGMENT:
            raise Rejected("limit", "a transfer longer than what was offered")
        whole += exactly(connection, size)
        if not last:
            connection.sendall(struct.pack(">BBQQ", XFER_ACK, flags, number, len(whole)))
    connection.sendall(_answer(bytes(whole), flags, number, take))


def _answer(raw: bytes, flags: int, number: int, take: Callable[[bytes], object]) -> bytes:
    try:
        take(raw)
    except Rejected as error:
        reason = {"replay": COMPLETED, "limit": NO_RESOURCES}.get(error.reason, NOT_ACCEPTABLE)
        return struct.pack(">BBQ", XFER_REFUSE, reason, number)
    return struct.pack(">BBQQ", XFER_ACK, flags, number, len(raw))
