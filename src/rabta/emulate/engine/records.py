"""What an emulation leaves behind: the fate of every packet, and captures that other tools read."""

from __future__ import annotations

import json
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.emulate.engine.course import Course
from rabta.emulate.engine.virtual import COLUMNS, FATES
from rabta.errors import EXIT_SYSTEM, RabtaError

Index = NDArray[np.int64]

VERSION = 1
LINKTYPE_RAW = 101  # IP packets without a link layer, as the pcap link types have it
RESOLUTION = struct.pack("<HHB3x", 9, 1, 9)  # if_tsresol: nanoseconds


class Sink:
    """A file that only grows by wholes: where the disk is full it keeps what it had and says so."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._whole = 0

    @classmethod
    def begun(cls, path: Path, head: bytes) -> Sink:
        """File with its head; a clear error where there is no room even for that."""
        try:
            sink = cls(path)
            sink.append(head)
        except OSError as error:
            raise RabtaError(f"no room for a record: {error.strerror}", file=path,
                             expected="a disk with room", exit_code=EXIT_SYSTEM) from error  # fmt: skip
        return sink

    def append(self, data: bytes) -> None:
        """Add something whole.

        Raises
        ------
        OSError
            Where it cannot be written; the file then ends with the last whole, and is closed.
        """
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError:
            with suppress(OSError):
                self._file.truncate(self._whole)
            self._file.close()
            raise
        self._whole += len(data)

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()


class Fates:
    """Fates of packets as rows of `COLUMNS`, eight bytes a number, behind one line of JSON."""

    def __init__(self, path: Path, course: Course, seed: int) -> None:
        head = {
            "rabta": "fates", "version": VERSION, "columns": COLUMNS, "fates": FATES, "seed": seed,
            "hosts": course.hosts, "ends": course.ends.tolist(),
        }  # fmt: skip
        self._sink = Sink.begun(path, json.dumps(head).encode() + b"\n")

    def write(self, rows: Index) -> None:
        """Append rows, shape (packet, 6)."""
        self._sink.append(np.ascontiguousarray(rows, dtype="<i8").tobytes())

    def close(self) -> None:
        """Nothing more comes."""
        self._sink.close()


def fates(path: Path) -> tuple[dict[str, object], Index]:
    """Head and rows of a file of fates; a torn last row is left out.

    Raises
    ------
    RabtaError
        Where it is no such file, or one of a newer version.
    """
    with path.open("rb") as file:
        line = file.readline(1 << 26)
        body = file.read()
    try:
        head = json.loads(line)
        version = int(head["version"]) if head["rabta"] == "fates" else -1
    except (ValueError, KeyError, TypeError):
        version, head = -1, {}
    if version != VERSION:
        raise RabtaError("no file of packets' fates that this version reads", file=path, value=version,
                         expected=f"version {VERSION}, as rabta emulate writes it")  # fmt: skip
    whole = len(body) // (8 * len(COLUMNS)) * 8 * len(COLUMNS)
    return head, np.frombuffer(body[:whole], dtype="<i8").reshape(-1, len(COLUMNS)).astype(np.int64)


class Capture:
    """A pcapng file (draft-ietf-opsawg-pcapng): one interface a path, times of the emulation's clock."""

    def __init__(self, path: Path, course: Course, snap: int, start_ns: int = 0) -> None:
        self._start = start_ns
        head = [_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
        form = struct.pack("<HHI", LINKTYPE_RAW, 0, snap)
        for a, b in course.ends.tolist():
            name = _option(2, f"{course.hosts[a]} to {course.hosts[b]}".encode())
            head.append(_block(1, form + name + RESOLUTION + b"\0" * 4))
        self._sink = Sink.begun(path, b"".join(head))

    def write(self, tagged: Index, packets: NDArray[np.uint8]) -> None:
        """Append packets as they came: instant, size, path; and the beginning of each."""
        self._sink.append(b"".join(
            _packet(self._start + when, size, path, packet[: min(size, packet.size)].tobytes())
            for (when, size, path), packet in zip(tagged.tolist(), packets, strict=True)
            if path >= 0
        ))  # fmt: skip

    def close(self) -> None:
        """Nothing more comes."""
        self._sink.close()


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def _packet(when: int, size: int, path: int, data: bytes) -> bytes:
    head = struct.pack("<IIIII", path, when >> 32 & 0xFFFFFFFF, when & 0xFFFFFFFF, len(data), size)
    return _block(6, head + data + bytes(-len(data) % 4))


def _block(kind: int, body: bytes) -> bytes:
    total = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + total + body + total
