"""u-blox receivers' UBX protocol: observations, subframes, fixes, front end.

Framing, checksums and the small messages are pyubx2's (extra ``receivers``); RXM-RAWX and RXM-SFRBX, of which
a day has millions of numbers, are read as arrays. Source: u-blox F9 HPG 1.32 interface description.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.gnsstime import Instants
from rabta.pnt.messages.collect import Collector
from rabta.pnt.records import Navigation, Observations, SystemObservations
from rabta.pnt.streams import sfrbx
from rabta.pnt.streams.frames import load

Floats = NDArray[np.float64]

SYSTEMS = {0: "G", 1: "S", 2: "E", 3: "C", 5: "J", 6: "R", 7: "I"}
# Signal identifiers (section 1.5.4) as RINEX codes
SIGNALS: dict[str, dict[int, str]] = {
    "G": {0: "1C", 3: "2L", 4: "2S", 6: "5I", 7: "5Q"},
    "S": {0: "1C"},
    "E": {0: "1C", 1: "1B", 3: "5I", 4: "5Q", 5: "7I", 6: "7Q", 8: "6B", 9: "6C", 10: "6A"},
    "C": {0: "2I", 1: "2I", 2: "7I", 3: "7I", 4: "6I", 10: "6I", 5: "1P", 6: "1D", 7: "5P", 8: "5D"},
    "J": {0: "1C", 1: "1Z", 4: "2S", 5: "2L", 8: "5I", 9: "5Q"},
    "R": {0: "1C", 2: "2C"},
    "I": {0: "5A"},
}
_RAW = np.dtype(
    [
        *(("range", "<f8"), ("phase", "<f8"), ("doppler", "<f4"), ("gnss", "u1"), ("sv", "u1")),
        *(("signal", "u1"), ("slot", "u1"), ("lock_ms", "<u2"), ("strength", "u1"), ("range_std", "u1")),
        *(("phase_std", "u1"), ("doppler_std", "u1"), ("status", "u1"), ("reserved", "u1")),
    ]
)
_RANGE_VALID, _PHASE_VALID, _HALF_KNOWN = 1, 2, 4
_MOST_NOTES = 20


@dataclass(frozen=True)
class Fixes:
    """NAV-PVT, shape (fix,)."""

    times: Instants
    position_deg_m: Floats  # latitude, longitude, ellipsoidal height
    velocity_m_s: Floats  # north, east, down
    accuracy_m: Floats  # horizontal, vertical
    kind: NDArray[np.int8]  # 0 none, 2 2D, 3 3D, 5 time only
    used: NDArray[np.int16]
    pdop: Floats


@dataclass(frozen=True)
class FrontEnd:
    """MON-RF and MON-HW, shape (row,): a row for each block."""

    times: Instants  # of the last fix or observation before it; 0 where there was none
    block: NDArray[np.int16]
    agc: Floats  # 0 to 1 of its range
    jamming: Floats  # continuous-wave indicator, 0 to 1
    state: NDArray[np.int8]  # 0 unknown, 1 none, 2 warning, 3 critical
    noise: Floats  # noise per ms


@dataclass(frozen=True)
class Signals:
    """NAV-SIG, shape (row,)."""

    times: Instants
    system: NDArray[np.str_]
    prn: NDArray[np.int16]
    code: NDArray[np.str_]
    strength_dbhz: Floats
    residual_m: Floats
    used: NDArray[np.bool_]


@dataclass(frozen=True)
class Receiver:
    """What a u-blox receiver logged."""

    observations: Observations
    navigation: Navigation
    fixes: Fixes
    front_end: FrontEnd
    signals: Signals
    counts: Mapping[str, int]
    notes: tuple[str, ...] = ()


def read(source: bytes | str | Path) -> Receiver:
    """Read a log.

    Raises
    ------
    RabtaError
        pyubx2 is not installed, or there is no UBX message in it.
    """
    name, data = load(source, "UBX messages")
    frames = list(_frames(data))
    names = _library().UBX_MSGIDS
    counts = Counter(str(names.get(frame[2:4], frame[2:4].hex())) for frame in frames)
    if not frames:
        raise RabtaError("no UBX message in the log", file=name, expected="messages that start with B5 62")
    gap = len(data) - sum(len(frame) for frame in frames)
    notes = [f"{name}: {gap} bytes are not UBX"] if gap else []
    raw = [frame for frame in frames if _NAMES.get(frame[2:4]) == "RXM-RAWX"]
    observations = _observations([frame[6:-2] for frame in raw], notes, name)
    parsed, times = _small(frames, notes, name)
    return Receiver(
        observations,
        _navigation(frames, times),
        _fixes([item for item in parsed if item[0].identity == "NAV-PVT"]),
        _front_end([item for item in parsed if item[0].identity in ("MON-RF", "MON-HW")]),
        _signals([item for item in parsed if item[0].identity == "NAV-SIG"]),
        dict(sorted(counts.items())),
        tuple(notes[:_MOST_NOTES]),
    )


_NAMES = {
    b"\x02\x15": "RXM-RAWX",
    b"\x02\x13": "RXM-SFRBX",
    b"\x01\x07": "NAV-PVT",
    b"\x01\x43": "NAV-SIG",
    b"\x0a\x38": "MON-RF",
    b"\x0a\x09": "MON-HW",
}


def _library() -> Any:
    try:
        import pyubx2
    except ImportError as error:
        raise RabtaError(
            "UBX needs the library pyubx2", key="receivers", expected="pip install 'rabta[receivers]'"
        ) from error
    return pyubx2


def _frames(data: bytes) -> Iterator[bytes]:
    """Messages whose checksum holds."""
    library = _library()
    reader = library.UBXReader(
        io.BytesIO(data), protfilter=library.UBX_PROTOCOL, quitonerror=library.ERR_IGNORE, parsing=False
    )
    while True:
        try:
            raw, _ = next(reader)
        except StopIteration:
            return
        except UnicodeDecodeError:  # the library takes rubbish after a dollar for NMEA
            continue
        if raw and raw[:2] == b"\xb5\x62" and _sum(raw[2:-2]) == raw[-2:]:
            yield bytes(raw)


def _sum(body: bytes) -> bytes:
    """Checksum of 8-bit Fletcher's."""
    values = np.frombuffer(body, dtype=np.uint8).astype(np.uint64)
    first = values.cumsum()
    return bytes([int(first[-1]) & 255, int(first.sum()) & 255])


def _small(frames: list[bytes], notes: list[str], name: str) -> tuple[list[tuple[Any, int]], Instants]:
    """Small messages as pyubx2 reads them, each with its time; and the time of every frame."""
    library = _library()
    times = np.zeros(len(frames), dtype=np.int64)
    parsed, now = [], 0
    for i, frame in enumerate(frames):
        kind = _NAMES.get(frame[2:4])
        if kind == "RXM-RAWX" and len(frame) >= 24:
            now = _raw_time(frame[6:-2])
        elif kind in _SIZES:
            try:
                message, now = _parsed(library, kind, frame, now)
            except Exception as error:  # noqa: BLE001  the library raises many kinds for a malformed message
                notes.append(f"{name}: message {i + 1}, {kind}: {error}")
                continue
            parsed.append((message, now))
        times[i] = now
    known = np.flatnonzero(times)
    if known.size:  # before the first time, the first
        times[: known[0]] = times[known[0]]
    return parsed, times


# Bytes of the payloads: fixed, and for each block whose count is at a place
_SIZES = {"NAV-PVT": (92, 0, 0), "MON-HW": (60, 0, 0), "MON-RF": (4, 24, 1), "NAV-SIG": (8, 16, 5)}


def _parsed(library: Any, kind: str, frame: bytes, now: int) -> tuple[Any, int]:
    """Message and its time: NAV-PVT's own, 0 where it has none; else the last."""
    fixed, block, place = _SIZES[kind]
    payload = frame[6:-2]
    if len(payload) < fixed or len(payload) != fixed + block * payload[place] * (block > 0):
        raise ValueError(f"{len(payload)} bytes are not as many as it says")
    message = library.UBXReader.parse(frame)
    if kind == "NAV-PVT":
        now = _fix_time(message) if message.validDate else 0
    return message, now


def _raw_time(payload: bytes) -> int:
    tow, week = np.frombuffer(payload[:8], "<f8")[0], int.from_bytes(payload[8:10], "little")
    return int(gnsstime.from_week(week, tow)) if 0 <= tow < 604_801 else 0


def _fix_time(message: Any) -> int:
    day = np.datetime64(f"{message.year:04d}-{message.month:02d}-{message.day:02d}", "ns")
    seconds = message.hour * 3600 + message.min * 60 + message.second
    return int(gnsstime.from_utc(day + np.timedelta64(seconds * 10**9 + message.nano, "ns")))


def _observations(payloads: list[bytes], notes: list[str], name: str) -> Observations:
    whole = [p for p in payloads if len(p) >= 16 and len(p) == 16 + 32 * p[11] and _raw_time(p)]
    if len(whole) < len(payloads):
        notes.append(f"{name}: {len(payloads) - len(whole)} RXM-RAWX messages are not as long as they say")
    stamps = np.array([_raw_time(p) for p in whole], dtype=np.int64)
    times, epoch = np.unique(stamps, return_inverse=True)
    count = [p[11] for p in whole]
    table = np.frombuffer(b"".join(p[16:] for p in whole), dtype=_RAW)
    rows = np.repeat(epoch, count).astype(np.int32)
    systems = {}
    for gnss, letter in SYSTEMS.items():
        part = table["gnss"] == gnss
        if part.any():
            systems[letter] = _system(letter, table[part], rows[part])
    slots = {int(r["sv"]): int(r["slot"]) - 7 for r in table[table["gnss"] == 6]}
    header = {"version": "UBX", "glonass_slots": slots} if slots else {"version": "UBX"}
    return Observations(times, np.zeros(times.size, dtype=np.uint8), systems, header)


def _system(letter: str, table: NDArray[np.void], epoch: NDArray[np.int32]) -> SystemObservations:
    names = np.full(256, "", dtype="U2")
    for signal, code in SIGNALS[letter].items():
        names[signal] = code
    known = names[table["signal"]] != ""
    table, epoch = table[known], epoch[known]
    code = names[table["signal"]]
    codes = np.unique(code)
    prn = table["sv"].astype(np.int64) - (100 if letter == "S" else 0)
    key, row = np.unique(epoch.astype(np.int64) * 256 + prn, return_inverse=True)
    column = 4 * np.searchsorted(codes, code)
    values = np.full((key.size, 4 * codes.size), np.nan)
    lock = np.zeros(values.shape, dtype=np.uint8)
    status = table["status"]
    values[row, column] = np.where(status & _RANGE_VALID, table["range"], np.nan)
    phase = np.where((status & _PHASE_VALID > 0) & (table["phase"] != 0), table["phase"], np.nan)
    values[row, column + 1] = phase
    values[row, column + 2] = table["doppler"]
    values[row, column + 3] = table["strength"]
    lost = _lost(table, prn, column, epoch)
    lock[row, column + 1] = lost | np.where(status & _HALF_KNOWN, 0, 2).astype(np.uint8)
    lock[np.isnan(values)] = 0
    every = tuple(kind + str(c) for c in codes for kind in "CLDS")
    strength = np.zeros(values.shape, dtype=np.uint8)
    return SystemObservations(
        every, (key >> 8).astype(np.int32), (key & 255).astype(np.int16), values, lock, strength
    )


def _lost(
    table: NDArray[np.void], prn: NDArray[np.int64], column: NDArray[np.int64], epoch: NDArray[np.int32]
) -> NDArray[np.uint8]:
    """Whether the lock time of a satellite's signal is shorter than at the epoch before."""
    key = prn * 256 + column
    order = np.lexsort((epoch, key))
    held = table["lock_ms"][order].astype(np.int64)
    same = np.append(False, key[order][1:] == key[order][:-1])
    before = np.append(0, held[:-1])
    lost = np.empty(key.size, dtype=np.uint8)
    lost[order] = np.where(same, held < before, held == 0)
    return lost


def _navigation(frames: list[bytes], times: Instants) -> Navigation:
    collector = Collector()
    for frame, time in zip(frames, times, strict=True):
        if _NAMES.get(frame[2:4]) == "RXM-SFRBX" and time:
            sfrbx.take(collector, frame[6:-2], int(time))
    return collector.navigation()


def _fixes(items: list[tuple[Any, int]]) -> Fixes:
    def column(*names: str) -> Floats:
        rows = [[float(getattr(message, n)) for n in names] for message, _ in items]
        return np.array(rows, dtype=np.float64).reshape(-1, len(names))

    times = np.array([time for _, time in items], dtype=np.int64)
    position = column("lat", "lon", "height") * [1.0, 1.0, 1e-3]
    return Fixes(
        times,
        position,
        column("velN", "velE", "velD") * 1e-3,
        column("hAcc", "vAcc") * 1e-3,
        column("fixType")[:, 0].astype(np.int8),
        column("numSV")[:, 0].astype(np.int16),
        column("pDOP")[:, 0],
    )


def _front_end(items: list[tuple[Any, int]]) -> FrontEnd:
    rows: list[tuple[float, ...]] = []
    for message, time in items:
        if message.identity == "MON-HW":
            rows.append(_block(message, "", time, 0))
        else:
            rows += [_block(message, f"_{i:02d}", time, i - 1) for i in range(1, message.nBlocks + 1)]
    table = np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 5)
    times = np.array([row[0] for row in rows], dtype=np.int64)
    block, state = table[:, 0].astype(np.int16), table[:, 3].astype(np.int8)
    return FrontEnd(times, block, table[:, 1] / 8191, table[:, 2] / 255, state, table[:, 4])


def _block(message: Any, end: str, time: int, block: int) -> tuple[float, ...]:
    names = [f"{name}{end}" for name in ("agcCnt", "jamInd", "jammingState", "noisePerMS")]
    return (time, block, *(float(getattr(message, name, 0)) for name in names))


def _signals(items: list[tuple[Any, int]]) -> Signals:
    rows: list[tuple[int, str, int, str, float, float, bool]] = []
    for message, time in items:
        for i in range(1, message.numSigs + 1):
            got = {n: getattr(message, f"{n}_{i:02d}") for n in ("gnssId", "svId", "sigId", "cno", "prRes")}
            letter = SYSTEMS.get(int(got["gnssId"]), "")
            code = SIGNALS.get(letter, {}).get(int(got["sigId"]), "")
            prn = int(got["svId"]) - (100 if letter == "S" else 0)
            used = bool(getattr(message, f"prUsed_{i:02d}", False))
            if code:
                rows.append((time, letter, prn, code, float(got["cno"]), float(got["prRes"]), used))
    return Signals(
        np.array([r[0] for r in rows], dtype=np.int64),
        np.array([r[1] for r in rows], dtype="U1"),
        np.array([r[2] for r in rows], dtype=np.int16),
        np.array([r[3] for r in rows], dtype="U2"),
        np.array([r[4] for r in rows], dtype=np.float64),
        np.array([r[5] for r in rows], dtype=np.float64),
        np.array([r[6] for r in rows], dtype=bool),
    )
