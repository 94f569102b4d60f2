"""What an emulation leaves behind: the fate of every packet, and captures that other tools read."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from rabta.emulate.engine.course import Course
from rabta.emulate.engine.virtual import COLUMNS, FATES
from rabta.errors import RabtaError

Index = NDArray[np.int64]

VERSION = 1
LINKTYPE_RAW = 101  # IP packets without a link layer, as the pcap link types have it
RESOLUTION = struct.pack("<HHB3x", 9, 1, 9)  # if_tsresol: nanoseconds


class Fates:
    """Fates of packets as rows of `COLUMNS`, eight bytes a number, behind one line of JSON."""

    def __init__(self, path: Path, course: Course, seed: int) -> None:
        self._file: BinaryIO = path.open("wb")
        head = {
            "rabta": "fates", "version": VERSION, "columns": COLUMNS, "fates": FATES, "seed": seed,
            "hosts": course.hosts, "ends": course.ends.tolist(),
        }  # fmt: skip
        self._file.write(json.dumps(head).encode() + b"\n")

    def write(self, rows: Index) -> None:
        """Append rows, shape (packet, 6)."""
        self._file.write(np.ascontiguousarray(rows, dtype="<i8").tobytes())

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()


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
        self._file: BinaryIO = path.open("wb")
        self._start = start_ns
        self._file.write(_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        for a, b in course.ends.tolist():
            name = f"{course.hosts[a]} to {course.hosts[b]}".encode()
            self._file.write(
                _block(
                    1, struct.pack("<HHI", LINKTYPE_RAW, 0, snap) + _option(2, name) + RESOLUTION + b"\0" * 4
                )
            )

    def write(self, tagged: Index, packets: NDArray[np.uint8]) -> None:
        """Append packets as they came: instant, size, path; and the beginning of each."""
        for (when, size, path), packet in zip(tagged.tolist(), packets, strict=True):
            if path >= 0:
                self._file.write(
                    _packet(self._start + when, size, path, packet[: min(size, packet.size)].tobytes())
                )

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def _packet(when: int, size: int, path: int, data: bytes) -> bytes:
    head = struct.pack("<IIIII", path, when >> 32 & 0xFFFFFFFF, when & 0xFFFFFFFF, len(data), size)
    return _block(6, head + data + bytes(-len(data) % 4))


def _block(kind: int, body: bytes) -> bytes:
    total = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + total + body + total
