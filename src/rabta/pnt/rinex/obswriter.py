"""Observations written as RINEX 3.05 or 4.02."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt.gnsstime import BDT_LAG_S, NS, Instants, calendar, to_utc
from rabta.pnt.records import Observations, SystemObservations
from rabta.pnt.rinex import _kernels as kernels

Bytes = NDArray[np.uint8]

VERSIONS = (3.05, 4.02)
_TIMES = {"G": "GPS", "R": "GLO", "C": "BDT"}
_STRUCTURE = ("SYS / # / OBS TYPES", "SYS / SCALE FACTOR", "# / TYPES OF OBSERV", "END OF HEADER")
_NAMES = {
    "G": "G: GPS",
    "R": "R: GLONASS",
    "E": "E: Galileo",
    "C": "C: BeiDou",
    "J": "J: QZSS",
    "I": "I: NavIC",
}


def write_observations(
    obs: Observations, path: str | Path, version: float = 3.05, date: str = ""
) -> tuple[str, ...]:
    """Write observations; `observations` reads the same back.

    Parameters
    ----------
    version : float
        3.05 or 4.02.
    date : str
        When and by which clock, as in ``20260310 005004 UTC``; now where empty.

    Returns
    -------
    tuple of str
        What the format cannot hold.

    Raises
    ------
    RabtaError
        Where there is nothing to write, or the version is another.
    """
    text, notes = observations_text(obs, version, date)
    Path(path).write_bytes(text)
    return notes


def observations_text(
    obs: Observations, version: float = 3.05, date: str = ""
) -> tuple[bytes, tuple[str, ...]]:
    """Bytes of a RINEX file, and what the format cannot hold."""
    if version not in VERSIONS:
        raise RabtaError(
            "a RINEX version that is not written", key="version", value=version, expected="3.05 or 4.02"
        )
    if not obs.systems or not obs.times.size:
        raise RabtaError("there are no observations to write")
    notes: list[str] = []
    head = _header(obs, version, date)
    return head.encode("ascii", "replace") + _body(obs, notes), tuple(notes)


def line(text: str, label: str) -> str:
    """A header line."""
    return f"{text[:60]:<60}{label:<20}".rstrip() + "\n"


def made(program: str, date: str) -> str:
    """Who wrote the file and when."""
    when = date or datetime.now(UTC).strftime("%Y%m%d %H%M%S UTC")
    return line(f"{program:<20}{'':<20}{when:<20}", "PGM / RUN BY / DATE")


def _header(obs: Observations, version: float, date: str) -> str:
    head = obs.header
    systems = list(obs.systems)
    kind = _NAMES.get(systems[0], systems[0]) if len(systems) == 1 else "M: MIXED"
    parts = [
        line(f"{version:9.2f}{'':11}{'OBSERVATION DATA':<20}{kind:<20}", "RINEX VERSION / TYPE"),
        made("rabta", date),
    ]
    parts += [line(str(text), "COMMENT") for text in head.get("comments", ())]
    parts.append(line(f"{head.get('marker', '')!s:<60}", "MARKER NAME"))
    if "marker_number" in head:
        parts.append(line(str(head["marker_number"]), "MARKER NUMBER"))
    parts.append(line(str(head.get("marker_type", "")), "MARKER TYPE"))
    parts.append(line(_columns(head, (("observer", 20), ("agency", 40))), "OBSERVER / AGENCY"))
    receiver = (("receiver_number", 20), ("receiver", 20), ("receiver_version", 20))
    parts.append(line(_columns(head, receiver), "REC # / TYPE / VERS"))
    parts.append(line(_columns(head, (("antenna_number", 20), ("antenna", 20))), "ANT # / TYPE"))
    position, offset = head.get("approx_position_m"), head.get("antenna_hen_m", (0.0, 0.0, 0.0))
    if position is not None:
        parts.append(line("".join(f"{x:14.4f}" for x in position), "APPROX POSITION XYZ"))
    parts.append(line("".join(f"{x:14.4f}" for x in offset), "ANTENNA: DELTA H/E/N"))
    if "antenna_xyz_m" in head:
        parts.append(line("".join(f"{x:14.4f}" for x in head["antenna_xyz_m"]), "ANTENNA: DELTA X/Y/Z"))
    for letter, one in obs.systems.items():
        parts += _codes(letter, one.codes)
    return "".join([*parts, *_facts(obs), line("", "END OF HEADER")])


def _columns(head: Mapping[str, Any], keys: Sequence[tuple[str, int]]) -> str:
    return "".join(f"{str(head.get(key, ''))[:width]:<{width}}" for key, width in keys)


def _codes(letter: str, codes: Sequence[str]) -> list[str]:
    rows = [codes[k : k + 13] for k in range(0, len(codes), 13)]
    starts = [f"{letter}  {len(codes):3d}"] + [" " * 6] * len(rows)
    found = [start + "".join(f" {c:<3}" for c in row) for start, row in zip(starts, rows, strict=False)]
    return [line(text, "SYS / # / OBS TYPES") for text in found]


def _facts(obs: Observations) -> list[str]:
    head, found = obs.header, []
    if "strength_unit" in head:
        found.append(line(str(head["strength_unit"]), "SIGNAL STRENGTH UNIT"))
    if "interval_s" in head:
        found.append(line(f"{head['interval_s']:10.3f}", "INTERVAL"))
    scale = str(head.get("time_system", "G"))
    for label, time in (("TIME OF FIRST OBS", obs.times[0]), ("TIME OF LAST OBS", obs.times[-1])):
        found.append(line(_stamp(int(time), scale), label))
    if "clock_applied" in head:
        found.append(line(f"{int(head['clock_applied']):6d}", "RCV CLOCK OFFS APPL"))
    for name, cycles in head.get("phase_shifts", {}).items():
        satellites = name.split()[1:]
        tail = f"  {len(satellites):02d} {' '.join(satellites)}" if satellites else ""
        found.append(line(f"{name[0]} {name[1:4]} {cycles:8.5f}{tail}", "SYS / PHASE SHIFT"))
    slots = [f"R{prn:02d} {slot:2d} " for prn, slot in sorted(head.get("glonass_slots", {}).items())]
    for k in range(0, len(slots), 8):
        count = f"{len(slots):3d} " if k == 0 else " " * 4
        found.append(line(count + "".join(slots[k : k + 8]), "GLONASS SLOT / FRQ #"))
    biases = head.get("glonass_biases_m", {})
    if biases:
        found.append(line("".join(f" {c:3} {v:8.3f}" for c, v in biases.items()), "GLONASS COD/PHS/BIS"))
    if "leap_seconds" in head:
        found.append(line(f"{head['leap_seconds']:6d}", "LEAP SECONDS"))
    return found


def local_dates(times: Instants, system: str) -> NDArray[np.datetime64]:
    """Calendar dates of instants in a system's own time."""
    if system == "R":
        return to_utc(times)
    return calendar(np.asarray(times) - (BDT_LAG_S * NS if system == "C" else 0))


def _stamp(time: int, scale: str) -> str:
    date = str(local_dates(np.array([time]), scale)[0])
    day, clock = date[:10].split("-"), date[11:].split(":")
    whole = "".join(f"{int(x):6d}" for x in (*day, *clock[:2]))
    return f"{whole}{float(clock[2]):13.7f}     {_TIMES[scale]}"


def _epoch_lines(obs: Observations, counts: NDArray[np.int64]) -> list[bytes]:
    dates = local_dates(obs.times, str(obs.header.get("time_system", "G")))
    days = np.datetime_as_string(dates, unit="m").tolist()
    rest = (dates - dates.astype("datetime64[m]")).astype(np.int64)
    tens = np.rint(rest / 100).astype(np.int64).tolist()
    clock = obs.header.get("clock_offset_s")
    tails = (
        [""] * len(days) if clock is None else [f"{'':6}{x:15.12f}" if np.isfinite(x) else "" for x in clock]
    )
    starts = [f"> {d[:4]} {d[5:7]} {d[8:10]} {d[11:13]} {d[14:16]}" for d in days]
    return [
        f"{start} {t // 10**7:02d}.{t % 10**7:07d}  {f}{n:3d}{tail}\n".encode()
        for start, t, f, n, tail in zip(starts, tens, obs.flags.tolist(), counts.tolist(), tails, strict=True)
    ]


def _events(obs: Observations) -> dict[int, bytes]:
    """Events before each epoch, without the lines that would change the codes."""
    found: dict[int, bytes] = {}
    for epoch, flag, rows in obs.header.get("events", ()):
        kept = [row for row in rows if row[60:].strip() not in _STRUCTURE]
        if kept or flag in (2, 3, 5):
            text = f">{'':30}{flag}{len(kept):3d}\n" + "".join(f"{row}\n" for row in kept)
            found[epoch] = found.get(epoch, b"") + text.encode("ascii", "replace")
    return found


def _body(obs: Observations, notes: list[str]) -> bytes:
    """Epochs and satellites, put together from tables of text of each system."""
    if (obs.times % 100 != 0).any():
        notes.append("times are rounded to 100 ns, all that the format holds")
    size = obs.times.size
    counts = np.zeros(size, np.int64)
    for one in obs.systems.values():
        counts += np.bincount(one.epoch, minlength=size)
    heads = _epoch_lines(obs, counts)
    events = _events(obs)
    heads = [events.get(k, b"") + head for k, head in enumerate(heads)]
    tables, epoch = [], []
    for letter, one in obs.systems.items():
        table = np.empty((one.epoch.size, 3 + 16 * len(one.codes)), np.uint8)
        length = np.empty(one.epoch.size, np.int64)
        stated = obs.header.get("lock_zeros", {}).get(letter, ())
        zeros = np.array([code in stated for code in one.codes], np.uint8)
        lost = kernels.rows_text(*_plain(one), ord(letter), zeros, table, length)
        if lost:
            notes.append(f"{lost} values of {letter} are too large for the format and left out")
        tables.append((table, length))
        epoch.append(one.epoch.astype(np.int64))
    return _join(heads, tables, epoch) + events.get(size, b"")


def _plain(one: SystemObservations) -> tuple[NDArray[np.float64], Bytes, Bytes, NDArray[np.int16]]:
    """Arrays as the kernels take them."""
    values = np.ascontiguousarray(one.values, dtype=np.float64)
    lock, strength = np.ascontiguousarray(one.lock, np.uint8), np.ascontiguousarray(one.strength, np.uint8)
    return values, lock, strength, np.ascontiguousarray(one.prn, np.int16)


def _join(
    heads: list[bytes],
    tables: list[tuple[NDArray[np.uint8], NDArray[np.int64]]],
    epoch: list[NDArray[np.int64]],
) -> bytes:
    """Put lines where they belong: epoch, then its satellites by system."""
    sizes = np.array([len(head) for head in heads], np.int64)
    which = np.concatenate([np.full(e.size, k) for k, e in enumerate(epoch)])
    every, length = np.concatenate(epoch), np.concatenate([n for _, n in tables]) + 1
    order = np.lexsort((which, every))
    before = np.zeros(every.size, np.int64)
    before[order] = np.cumsum(length[order]) - length[order]
    at = before + np.cumsum(sizes)[every]
    total = int(sizes.sum() + length.sum())
    out = np.empty(total, np.uint8)
    first = 0
    for table, size in tables:
        kernels.place(table, size, at[first : first + size.size].copy(), out)
        first += size.size
    each = np.bincount(every, weights=length, minlength=len(heads)).astype(np.int64)
    start = np.cumsum(sizes + each) - (sizes + each)
    joined = np.frombuffer(b"".join(heads), np.uint8)
    shift = np.repeat(start - (np.cumsum(sizes) - sizes), sizes)
    out[np.arange(joined.size) + shift] = joined
    return out.tobytes()
