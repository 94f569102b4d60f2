"""Files over the overlay: one stream a file, named by its hash, resumed, and checked at its end."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

from rabta.errors import EXIT_SYSTEM, RabtaError
from rabta.security.core import Rejected
from rabta.security.overlay.node import Step
from rabta.security.overlay.transfer import ACK_TYPE, Receiver, Sender, parse
from rabta.security.overlay.udp import Endpoint

MOST_FILE = 1 << 36
CHUNK = 1 << 20
POLL_S = 0.02


def name_of(stream: IO[bytes]) -> tuple[int, int]:
    """First eight bytes of a file's SHA-256 as a number, and its length."""
    state, size = hashlib.sha256(), 0
    stream.seek(0)
    while piece := stream.read(CHUNK):
        state.update(piece)
        size += len(piece)
    return int.from_bytes(state.digest()[:8], "big"), size


class Sending:
    """A file on its way to a peer."""

    def __init__(self, endpoint: Endpoint, peer: bytes, stream: IO[bytes]) -> None:
        self.endpoint, self.peer, self.stream = endpoint, peer, stream
        number, size = name_of(stream)
        if size > MOST_FILE:
            raise RabtaError("file too long", key="--send", value=size, expected=f"at most {MOST_FILE} bytes")
        self.sender = Sender(number, self._read, size)

    def _read(self, offset: int, size: int) -> bytes:
        self.stream.seek(offset)
        return self.stream.read(size)

    def turn(self) -> Step:
        """Send what may be sent, wait a little, take what came."""
        now = self.endpoint.clock()
        for piece in self.sender.poll(now) if self.endpoint.node.ready(self.peer) else ():
            self.endpoint.send(self.peer, piece)
        step = self.endpoint.poll(POLL_S)
        for peer, payload in step.received:
            if peer == self.peer:
                _passed(self.endpoint, partial(self.sender.receive, payload, self.endpoint.clock()))
        return step


class Receiving:
    """Files from one peer into a folder's file; a part is kept beside it until it is whole."""

    def __init__(self, endpoint: Endpoint, peer: bytes, path: Path) -> None:
        self.endpoint, self.peer, self.path = endpoint, peer, path
        self.receiver: Receiver | None = None
        self.part: IO[bytes] | None = None
        self.whole = False

    def turn(self) -> Step:
        """Wait a little, take what came, answer it."""
        step = self.endpoint.poll(POLL_S)
        for peer, payload in step.received:
            if peer == self.peer:
                _passed(self.endpoint, partial(self._take, payload))
        return step

    def _take(self, payload: bytes) -> None:
        kind, stream, _ = parse(payload)
        if kind == ACK_TYPE:
            raise Rejected("unknown", "an acknowledgement of what was not sent")
        if self.receiver is None:
            self._open(stream)
        assert self.receiver is not None
        answer = self.receiver.receive(payload)
        if self.receiver.done and not self.whole:
            self._finish()
        if answer:
            self.endpoint.send(self.peer, answer)

    def _part_of(self, stream: int) -> Path:
        return self.path.with_name(f".{self.path.name}.{stream:016x}.part")

    def _open(self, stream: int) -> None:
        """Go on with the part of this stream, if there is one."""
        path = self._part_of(stream)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            handle = os.open(path, flags, 0o600)
        except OSError as error:
            problem = f"cannot write: {error.strerror}"
            raise RabtaError(problem, file=path, exit_code=EXIT_SYSTEM) from None
        try:
            status = os.fstat(handle)
            _own(path, status)
        except RabtaError:
            os.close(handle)
            raise
        self.part = os.fdopen(handle, "ab+", buffering=0)
        self.receiver = Receiver(stream, self._write, status.st_size)

    def _write(self, piece: bytes) -> None:
        assert self.part is not None
        try:
            self.part.write(piece)
        except OSError as error:
            problem = f"cannot write: {error.strerror}"
            raise RabtaError(problem, file=self.path, exit_code=EXIT_SYSTEM) from None

    def close(self) -> None:
        """Let go of the part; it stays for the next time."""
        if self.part is not None:
            self.part.close()

    def _finish(self) -> None:
        """Give the file its name where its hash is that of the stream."""
        assert self.part is not None
        assert self.receiver is not None
        os.fsync(self.part.fileno())
        right = name_of(self.part)[0] == self.receiver.stream
        self.part.close()
        part = self._part_of(self.receiver.stream)
        if not right:
            part.unlink()
            raise RabtaError("the file's hash is not that of its stream", file=self.path)
        part.replace(self.path)
        self.whole = True


def _own(path: Path, status: os.stat_result) -> None:
    """Go on only with a part that nobody else can have written, or can read."""
    wrong = ""
    if not stat.S_ISREG(status.st_mode):
        wrong = "it is no regular file"
    elif status.st_uid != os.geteuid():
        wrong = "it belongs to another user"
    elif status.st_mode & 0o077:
        wrong = f"it is open to other users (mode {stat.S_IMODE(status.st_mode):04o})"
    elif status.st_nlink != 1:
        wrong = "it has another name too"
    if wrong:
        raise RabtaError(
            f"the part of an earlier transfer is not taken: {wrong}", file=path,
            expected="your own file of mode 0600; remove it, and the transfer begins anew",
        )  # fmt: skip


def _passed(endpoint: Endpoint, act: Callable[[], None]) -> None:
    """Count what a peer sends that is no stream of ours."""
    try:
        act()
    except Rejected as error:
        endpoint.node.counters[f"stream {error.reason}"] += 1
