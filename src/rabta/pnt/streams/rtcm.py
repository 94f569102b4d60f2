"""RTCM 3 streams: observations, ephemerides and what a station says of itself, read and written."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.messages.fields import layout
from rabta.pnt.records import Navigation, Observations, empty_ephemerides
from rabta.pnt.streams import ephemerides, msm, observed
from rabta.pnt.streams.frames import Frames, frame, load, split

_BIAS_M = 0.02
_BIAS_CODES = ("1C", "1P", "2C", "2P")  # bits of message 1230's mask


@dataclass(frozen=True)
class Station:
    """What messages 1005, 1006, 1033 and 1230 say; empty or None where they did not come.

    Attributes
    ----------
    position_m : ndarray of shape (3,) or None
        Antenna reference point, Earth-fixed, metres.
    height_m : float
        Antenna height (1006); not a number where unknown.
    glonass_bias_m : mapping
        Code-phase biases by signal.
    """

    number: int = 0
    position_m: NDArray[np.float64] | None = None
    height_m: float = float("nan")
    antenna: str = ""
    antenna_serial: str = ""
    receiver: str = ""
    firmware: str = ""
    receiver_serial: str = ""
    glonass_bias_m: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Stream:
    """What an RTCM 3 stream says.

    Attributes
    ----------
    counts : mapping
        Messages by number.
    """

    observations: Observations
    navigation: Navigation
    station: Station
    counts: Mapping[int, int]
    notes: tuple[str, ...] = ()


def read(
    source: bytes | str | Path, reference: int | None = None, slots: Mapping[int, int] | None = None
) -> Stream:
    """Read a stream.

    Parameters
    ----------
    source : bytes or path
    reference : int, optional
        Instant within half a week of the start. RTCM 3 observations tell no week; without it the week is that
        of the stream's BeiDou or Galileo ephemerides, else this computer's, with a note.
    slots : mapping, optional
        GLONASS frequency numbers by satellite, where the stream itself (MSM5, MSM7, 1020) tells none.

    Raises
    ------
    RabtaError
        There is no RTCM 3 message in it.
    """
    name, data = load(source, "RTCM 3 messages")
    frames = split(data)
    if not frames.kind.size:
        raise RabtaError("no RTCM 3 message in the stream", file=name, expected="frames that start with 0xD3")
    notes = [f"{name}: {note}" for note in frames.notes]
    moment = _reference(frames, notes, name) if reference is None else reference
    navigation, more = _navigation(frames, moment)
    station = _station(frames)
    cells, short = msm.read(frames)
    told = {int(r["prn"]): int(r["slot"]) for r in navigation.ephemerides if r["system"] == "R"}
    numbers = dict(slots or {}) | told
    observations, lost = observed.observations(cells, moment, numbers, _header(station))
    counts = Counter(int(kind) for kind in frames.kind)
    notes += [f"{name}: {note}" for note in (*more, *short, *lost)]
    return Stream(observations, navigation, station, dict(sorted(counts.items())), tuple(notes))


def _reference(frames: Frames, notes: list[str], name: str) -> int:
    now = int(gnsstime.from_utc(np.datetime64(time.time_ns(), "ns")))
    for i in np.flatnonzero(np.isin(frames.kind, (1042, 1045, 1046))):
        row = ephemerides.read(int(frames.kind[i]), frames.payload(int(i)), now)
        if row is not None:
            return ephemerides.week_known(int(frames.kind[i]), row)
    if msm.kinds(frames).any():
        notes.append(f"{name}: nothing in it tells the week, which is taken to be this computer's")
    return now


def _navigation(frames: Frames, reference: int) -> tuple[Navigation, list[str]]:
    """Ephemerides, each issue once."""
    found: list[NDArray[np.void]] = []
    notes: list[str] = []
    known: set[tuple[object, ...]] = set()
    for i in np.flatnonzero(np.isin(frames.kind, ephemerides.KINDS)):
        kind = int(frames.kind[i])
        row = ephemerides.read(kind, frames.payload(int(i)), reference)
        if row is None:
            notes.append(f"byte {frames.first[i]}: message {kind} is too short or names no satellite")
            continue
        issue = tuple(row[name][0] for name in ("system", "prn", "kind", "toe", "toc", "iode", "iodc"))
        if issue not in known:
            known.add(issue)
            found.append(row)
    rows = np.concatenate(found) if found else empty_ephemerides(0)
    return Navigation(rows), notes


def _station(frames: Frames) -> Station:
    """The last that each kind of message says."""
    last = {int(kind): int(i) for i, kind in enumerate(frames.kind) if int(kind) in _STATION}
    values: dict[str, object] = {}
    for kind in (1005, 1006, 1033, 1230):
        if kind in last:
            values |= _STATION[kind](frames.payload(last[kind]))
    return Station(**values)  # type: ignore[arg-type]


def _position(payload: bytes) -> dict[str, object]:
    kind = int.from_bytes(payload[:2], "big") >> 4
    form = layout(str(kind), __package__)
    spare = 8 * len(payload) - form.sizes[0]
    if spare < 0:
        return {}
    values = form.read((int.from_bytes(payload, "big") >> spare,))
    found: dict[str, object] = {"number": int(values["station"])}
    found["position_m"] = np.array([values[axis] for axis in "xyz"])
    return found | ({"height_m": values["height"]} if kind == 1006 else {})


def _descriptors(payload: bytes) -> dict[str, object]:
    """Message 1033: five texts, each after its length, the setup number before the second."""
    names = ("antenna", "antenna_serial", "receiver", "firmware", "receiver_serial")
    found: dict[str, object] = {"number": int.from_bytes(payload[1:3], "big") & 0xFFF}
    at = 3
    for i, name in enumerate(names):
        at += i == 1
        length = payload[at] if at < len(payload) else 0
        found[name] = payload[at + 1 : at + 1 + length].decode("ascii", errors="replace").strip()
        at += 1 + length
    return found


def _glonass_biases(payload: bytes) -> dict[str, object]:
    """Message 1230: biases of 16 bits for each bit of a mask."""
    mask = payload[3] & 15 if len(payload) > 3 else 0
    present = [code for i, code in enumerate(_BIAS_CODES) if mask >> (3 - i) & 1]
    biases = {}
    for i, code in enumerate(present):
        raw = payload[4 + 2 * i : 6 + 2 * i]
        if len(raw) == 2 and raw != b"\x80\x00":
            biases[code] = int.from_bytes(raw, "big", signed=True) * _BIAS_M
    return {"glonass_bias_m": biases}


_STATION = {1005: _position, 1006: _position, 1033: _descriptors, 1230: _glonass_biases}


def _header(station: Station) -> dict[str, object]:
    header: dict[str, object] = {"version": "RTCM 3"}
    if station.position_m is not None:
        header["approx_position_m"] = station.position_m
        header["antenna_hen_m"] = np.array([0.0, 0.0, 0.0])
    header |= {k: v for k, v in (("antenna", station.antenna), ("receiver", station.receiver)) if v}
    return header


def station_messages(station: Station) -> bytes:
    """Messages 1006, 1033 and, where there are biases, 1230 as sent."""
    out = b""
    if station.position_m is not None:
        form = layout("1006", __package__)
        values = dict(zip("xyz", station.position_m, strict=True)) | {"type": 1006, "station": station.number}
        height = 0.0 if np.isnan(station.height_m) else station.height_m
        number = form.write(values | {"height": height, "gps": 1, "glonass": 1, "galileo": 1})[0]
        out += frame(number.to_bytes(form.sizes[0] // 8, "big"))
    texts = [station.antenna, station.antenna_serial, station.receiver, station.firmware]
    parts = [bytes([len(text)]) + text.encode("ascii") for text in (*texts, station.receiver_serial)]
    if any(texts):
        head = (1033 << 12 | station.number).to_bytes(3, "big")
        out += frame(head + parts[0] + b"\0" + b"".join(parts[1:]))
    if station.glonass_bias_m:
        present = [code for code in _BIAS_CODES if code in station.glonass_bias_m]
        mask = sum(8 >> _BIAS_CODES.index(code) for code in present)
        head = (1230 << 20 | station.number << 8 | mask).to_bytes(4, "big")
        body = [round(station.glonass_bias_m[c] / _BIAS_M).to_bytes(2, "big", signed=True) for c in present]
        out += frame(head + b"".join(body))
    return out


def ephemeris_messages(navigation: Navigation) -> bytes:
    """Messages of all ephemerides that RTCM 3 has a message for, as sent."""
    out = []
    for row in navigation.ephemerides:
        try:
            out.append(frame(ephemerides.write(row)))
        except RabtaError as error:
            if error.key != "kind":
                raise
    return b"".join(out)
