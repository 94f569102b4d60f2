"""Precise orbits in SP3-a, -c and -d (S. Hilla, "The Extended Standard Product 3 Orbit Format", 2016)."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt.gnsstime import Instants
from rabta.pnt.products.satellites import grid, names, read_names, time_letter
from rabta.pnt.text import Lines, Notes, Source, lines
from rabta.pnt.text._kernels import columns
from rabta.pnt.text.dates import gps_time, in_columns

Array = NDArray[np.float64]
Index = NDArray[np.int64]

NO_CLOCK_US = 999_999.0  # at least this where a clock is not known
CLOCK_EVENT, CLOCK_PREDICTED, MANEUVER, PREDICTED = 1, 2, 4, 8
_FLAGS = ((74, "E", CLOCK_EVENT), (75, "P", CLOCK_PREDICTED), (78, "M", MANEUVER), (79, "P", PREDICTED))
WHAT = "an SP3 file (#a to #d)"


@dataclass(frozen=True)
class Orbits:
    """Satellites' centres of mass and clocks at equal times.

    Attributes
    ----------
    times : ndarray of int64, shape (time,)
        GPS time, ns.
    satellites : tuple of str
        As in ``C21``.
    position_m : ndarray, shape (time, satellite, 3)
        Earth-fixed in the file's frame; NaN where not given.
    clock_s : ndarray, shape (time, satellite)
        Satellite minus system time, without the periodic relativistic part; NaN where not given.
    velocity_m_s : ndarray, shape (time, satellite, 3), or None where the file has none
    flags : ndarray of uint8, shape (time, satellite)
        Sum of CLOCK_EVENT, CLOCK_PREDICTED, MANEUVER, PREDICTED.
    header : mapping
        ``version``, ``frame``, ``agency``, ``kind``, ``interval_s``, ``comments``.
    """

    times: Instants
    satellites: tuple[str, ...]
    position_m: Array
    clock_s: Array
    velocity_m_s: Array | None = None
    flags: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
    header: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read(source: Source) -> Orbits:
    """Read precise orbits.

    Raises
    ------
    RabtaError
        Where the file is no SP3 file, or holds no position that can be used.
    """
    text = lines(source)
    version = text.text(0)[1:2].lower()
    if text.text(0)[:1] != "#" or version not in ("a", "b", "c", "d"):
        raise RabtaError("not an SP3 file", file=text.at(0), value=text.text(0)[:20], expected=WHAT)
    notes = Notes(text)
    first = text.column(0)
    dates, fine = in_columns(
        text, np.flatnonzero(first == ord("*")), (3, 8, 11, 14, 17), (4, 2, 2, 2, 2), (20, 11)
    )  # fmt: skip
    marks = np.flatnonzero(first == ord("*"))
    for line in marks[~fine].tolist():
        notes.add(line, "an epoch without a date")
    times = gps_time(dates, time_letter(_time_system(text, first), notes))
    records = np.flatnonzero(first == ord("P"))
    place = np.searchsorted(marks, records) - 1
    satellite = names(text, records, 1)
    values = _values(text, records)
    good = _usable(text, records, place, fine, satellite, values, notes)
    return _arrange(
        text, version, times, records[good], place[good], satellite[good], values[good], first, notes
    )


def _time_system(text: Lines, first: NDArray[np.uint8]) -> str:
    for line in np.flatnonzero(first == ord("%")).tolist():
        row = text.text(line)
        if row.startswith("%c") and row[9:12].strip() not in ("", "ccc"):
            return row[9:12]
    return "GPS"


def _values(text: Lines, records: Index) -> Array:
    """Position in km and clock in microseconds of records; NaN where one is missing or no number."""
    values = np.empty((records.size, 4))
    status = np.empty((records.size, 4), np.uint8)
    columns(text.data, text.first[records], text.last[records], 4, 14, 14, values, status)
    return values


def _usable(
    text: Lines, records: Index, place: Index, fine: NDArray[np.bool_], satellite: NDArray[np.str_],
    values: Array, notes: Notes,
) -> NDArray[np.bool_]:  # fmt: skip
    """Which records have an epoch, a satellite and a position; a position of zeros means none."""
    dated = (place >= 0) & np.append(fine, False)[place]
    known = satellite != ""
    position = np.isfinite(values[:, :3]).all(axis=1)
    for line in records[~(dated & known & position)].tolist():
        notes.add(line, f"a position that cannot be read: {text.text(line)[:20]!r}")
    return np.asarray(dated & known & position)


def _arrange(
    text: Lines, version: str, times: Instants, records: Index, place: Index, satellite: NDArray[np.str_],
    values: Array, first: NDArray[np.uint8], notes: Notes,
) -> Orbits:  # fmt: skip
    if not records.size:
        raise RabtaError("no position can be used", file=text.name, value=(notes.done() or ("none",))[0])
    instants, satellites, row, column = grid(times[place], satellite)
    shape = instants.size, len(satellites)
    position, clock = np.full((*shape, 3), np.nan), np.full(shape, np.nan)
    flags = np.zeros(shape, np.uint8)
    there = (values[:, :3] != 0.0).any(axis=1)
    position[row[there], column[there]] = values[there, :3] * 1e3
    timed = np.abs(values[:, 3]) < NO_CLOCK_US
    clock[row[timed], column[timed]] = values[timed, 3] * 1e-6
    for at, letter, bit in _FLAGS:
        hit = text.column(at)[records] == ord(letter)
        flags[row[hit], column[hit]] |= bit
    velocity = _velocity(text, first, records, (row, column), shape)
    if not (first == ord("E")).any():
        notes.add(len(text) - 1, "the file ends without EOF: it may be cut short")
    return Orbits(
        instants, satellites, position, clock, velocity, flags, _header(text, version), notes.done()
    )


def _velocity(
    text: Lines, first: NDArray[np.uint8], records: Index, places: tuple[Index, Index], shape: tuple[int, int]
) -> Array | None:
    """Velocities where V lines follow positions: decimetres per second in the file."""
    if not (first == ord("V")).any():
        return None
    after = records + 1
    after = np.where(after < len(text), after, 0)
    has = (first[after] == ord("V")) | ((first[after] == ord("E")) & (text.column(1)[after] == ord("P")))
    after = np.where(first[after] == ord("V"), after, np.minimum(after + 1, len(text) - 1))
    has &= (first[after] == ord("V")) & (names(text, after, 1) == names(text, records, 1))
    values = _values(text, after)[:, :3] * 0.1
    velocity = np.full((*shape, 3), np.nan)
    velocity[places[0][has], places[1][has]] = values[has]
    return velocity


def _header(text: Lines, version: str) -> dict[str, Any]:
    top, second = text.text(0).ljust(60), (text.text(1) if len(text) > 1 else "").ljust(60)
    found: dict[str, Any] = {"version": version, "data": top[40:45].strip(), "frame": top[46:51].strip()}
    found |= {"kind": top[52:55].strip(), "agency": top[56:60].strip()}
    with contextlib.suppress(ValueError):
        found["interval_s"] = float(second[24:38])
    listed = read_names(text)
    comments = tuple(
        text.text(k)[3:].rstrip() for k in range(min(len(text), 200)) if text.text(k)[:2] == "/*"
    )
    return found | {"satellites": listed, "comments": comments}
