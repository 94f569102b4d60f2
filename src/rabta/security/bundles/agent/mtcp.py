"""MTCP (draft-ietf-dtn-mtcpcl-01): bundles as CBOR byte strings over TCP, one way, without acknowledgement.

A bundle counts as sent when the kernel took it: what a cut connection loses is lost, and told by nobody.
Use it to meet other implementations; `tcpcl` acknowledges.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from rabta.errors import RabtaError
from rabta.security.bundles.codec import scan
from rabta.security.bundles.codec.bundle import MOST_BYTES
from rabta.security.core import Rejected

MOST_CONNECTIONS = 64
LEAST_RATE = 1000.0  # bytes per second


class Wire(Protocol):
    """What a protocol needs of a connection."""

    def recv(self, size: int, /) -> bytes:
        """At most so many bytes; none where the other side closed."""

    def sendall(self, raw: bytes, /) -> object:
        """Send all bytes."""


class Patience:
    """A connection that is given up when bundles come too slowly, whatever drips in between.

    From one accepted bundle to the next it has `idle` seconds, and one more for each `LEAST_RATE` bytes.
    """

    def __init__(self, connection: socket.socket, idle: float) -> None:
        self._connection, self._idle = connection, idle
        self.renew()

    def renew(self) -> None:
        """Start anew."""
        self._until = time.monotonic() + self._idle

    def _wait(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("a connection that is too slow")
        self._connection.settimeout(left)

    def recv(self, size: int, /) -> bytes:
        """As a socket's."""
        self._wait()
        raw = self._connection.recv(size)
        self._until += len(raw) / LEAST_RATE
        return raw

    def sendall(self, raw: bytes, /) -> None:
        """As a socket's."""
        self._until += len(raw) / LEAST_RATE
        self._wait()
        self._connection.sendall(raw)


def send(connection: socket.socket, raw: bytes) -> bool:
    """Send one bundle; False where the connection is gone."""
    try:
        connection.sendall(scan.bstr(raw))
    except OSError:
        return False
    return True


def received(connection: Wire, most: int = MOST_BYTES) -> Iterator[bytes]:
    """Bundles of a connection until the other side closes it.

    Raises
    ------
    Rejected
        Where what comes is no byte string, longer than `most`, or cut off.
    """
    while True:
        first = connection.recv(1)
        if not first:
            return
        more = 1 << (first[0] & 31) - 24 if 24 <= first[0] & 31 <= 27 else 0
        major, size = scan.Cursor(first + exactly(connection, more)).head()
        if major != scan.BYTES:
            raise Rejected("malformed", "no byte string where a bundle must be")
        if size > most:
            raise Rejected("limit", f"a bundle of {size} bytes where at most {most} are taken")
        yield exactly(connection, size)


def exactly(connection: Wire, size: int) -> bytes:
    """So many bytes; fewer are refused."""
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(size - len(parts), 1 << 16))
        if not part:
            raise Rejected("malformed", "a connection that was cut within a bundle")
        parts += part
    return bytes(parts)


class Listener:
    """Accepts connections and hands on what comes, until it is closed.

    Parameters
    ----------
    take : callable
        Is given each bundle's bytes, from one thread at a time; may raise `Rejected`.
    serve : callable
        What is spoken over a connection: given it and `take`.
    timeout : float
        Seconds after which a connection that brings no bundle is closed, as `Patience` counts them.

    Attributes
    ----------
    refused : deque of RabtaError
        The newest thousand reasons for which a connection ended.
    lock : Lock
        Held while `take` runs.
    """

    def __init__(
        self,
        take: Callable[[bytes], object],
        host: str = "127.0.0.1",
        port: int = 0,
        serve: Callable[[Wire, Callable[[bytes], object]], None] | None = None,
        timeout: float = 60.0,
    ) -> None:
        self.socket = socket.create_server((host, port))
        self.address: tuple[str, int] = self.socket.getsockname()[:2]
        self.refused: deque[RabtaError] = deque(maxlen=1000)
        self._take, self._serve, self._timeout = take, serve or _drain, timeout
        self.lock = threading.Lock()
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            if not self._room.acquire(blocking=False):
                connection.close()
                continue
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        try:
            self._spoken(connection)
        finally:
            self._room.release()

    def _spoken(self, connection: socket.socket) -> None:
        patience = Patience(connection, self._timeout)

        def take(raw: bytes) -> None:
            with self.lock:
                self._take(raw)
            patience.renew()

        with connection:
            try:
                self._serve(patience, take)
            except RabtaError as error:  # refused, or a disk that is full: the sender keeps the bundle
                self.refused.append(error)
            except OSError:
                return

    def close(self) -> None:
        """Stop accepting."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self._thread.join(5)


def _drain(connection: Wire, take: Callable[[bytes], object]) -> None:
    for raw in received(connection):
        try:
            take(raw)
        except Rejected as error:
            if error.reason != "replay":
                raise
