"""Observation files, RINEX 2 to 4.02, plain or packed, of all systems: to columns by compiled kernels."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt.gnsstime import Instants
from rabta.pnt.records import SYSTEMS, Observations, SystemObservations
from rabta.pnt.rinex import _kernels as kernels
from rabta.pnt.rinex import header as headers
from rabta.pnt.rinex.obsheader import Codes, Line, facts, time_system
from rabta.pnt.text import Lines, Notes, Source, lines
from rabta.pnt.text._kernels import columns
from rabta.pnt.text.dates import gps_time, in_columns

Index = NDArray[np.int64]

WHAT = "a RINEX observation file (kind O)"
EVENTS = {
    2: "the antenna moves",
    3: "a new site",
    4: "header lines",
    5: "an external event",
    6: "cycle slips",
}
_SKIPPED = {
    kernels.NO_EPOCH: "an epoch line that cannot be read",
    kernels.STRAY: "a line outside of any epoch",
    kernels.NO_SATELLITE: "a satellite that is not known",
    kernels.SHORT: "an epoch with fewer satellites than it says",
}


@dataclass
class _Walk:
    """Where everything is in the file.

    ``epochs``: line, flag, count, first row; ``rows``: line, epoch, letter, number; ``changes``: from
    which row on which codes are in force.
    """

    epochs: Index
    rows: Index
    changes: list[tuple[int, dict[str, list[str]], dict[tuple[str, str], float], int]]
    events: list[tuple[int, int, list[Line]]] = field(default_factory=list)
    zeros: dict[str, tuple[str, ...]] = field(default_factory=dict)


def observations(source: Source) -> Observations:
    """Read an observation file.

    Parameters
    ----------
    source : path or bytes
        Also packed: .gz, .Z, .crx, .crx.gz.

    Returns
    -------
    Observations
        Codes spelt as in RINEX 3.05 and 4; ``notes`` says what could not be used and where.

    Raises
    ------
    RabtaError
        Where the file is no observation file, or nothing in it can be used.
    """
    text = lines(source)
    head = headers.read(text, "O", WHAT)
    notes = Notes(text)
    found = _walk(text, head, notes)
    times, flags, kept, offsets = _epochs(text, head, found, notes)
    systems = _systems(text, found, kept, notes)
    if not systems:
        notes_found = notes.done() or ("no epochs",)
        raise RabtaError("nothing in the observation file can be used", file=text.name, value=notes_found[0])
    header = facts(head, notes)
    header["time_system"] = time_system(head, notes)
    if offsets is not None:
        header["clock_offset_s"] = offsets
    if found.zeros:
        header["lock_zeros"] = (
            found.zeros
        )  # codes whose loss of lock the file writes as 0 where there is none
    if found.events:
        header["events"] = tuple(
            (
                int(np.searchsorted(np.flatnonzero(kept >= 0), epoch)),
                flag,
                tuple(t.rstrip() for _, _, t in extra),
            )
            for epoch, flag, extra in found.events
        )
    return Observations(times, flags, systems, header, notes.done())


def _walk(text: Lines, head: headers.Header, notes: Notes) -> _Walk:
    """Find epochs, satellites and events."""
    codes = Codes()
    codes.change(head.lines, head.version, notes)
    if not any(codes.names.values()):
        raise RabtaError(
            "the header names no observation codes", file=text.name, expected="SYS / # / OBS TYPES"
        )
    size = len(text) - head.end
    epochs, rows = np.empty((size + 1, 4), np.int64), np.empty((size + 1, 4), np.int64)
    skipped = np.zeros(len(text), np.uint8)
    state = np.array([head.end, 0, 0], np.int64)
    found = _Walk(epochs, rows, [(0, dict(codes.names), dict(codes.scale), _height(codes, head))])
    while kernels.walk(text.data, text.first, text.last, state, found.changes[-1][3], epochs, rows, skipped):
        _event(text, head, found, state, codes, notes)
    found.epochs, found.rows = epochs[: state[1]], rows[: state[2]]
    _say_skipped(skipped, notes)
    return found


def _height(codes: Codes, head: headers.Header) -> int:
    return codes.height if head.version < 3.0 else 0


def _event(text: Lines, head: headers.Header, found: _Walk, state: Index, codes: Codes, notes: Notes) -> None:
    """Take over what the lines of an event say."""
    epoch = int(state[1]) - 1
    top, flag, count = (int(x) for x in found.epochs[epoch, :3])
    inside = [(i, text.text(i)) for i in range(top + 1, int(state[0]))]
    extra = [(i, t[headers.LABEL :].strip(), t[: headers.LABEL].ljust(headers.LABEL)) for i, t in inside]
    found.events.append(
        (epoch, flag, [(i, label, t.rstrip()) for (i, t), (_, label, _) in zip(inside, extra, strict=True)])
    )
    if len(inside) < count:
        notes.add(top, f"an event with {len(inside)} lines where it says {count}")
    before = dict(codes.names), dict(codes.scale)
    codes.change(extra, head.version, notes)
    if (codes.names, codes.scale) != before:
        notes.add(top, "the observation codes change here")
        found.changes.append((int(state[2]), dict(codes.names), dict(codes.scale), _height(codes, head)))


def _say_skipped(skipped: NDArray[np.uint8], notes: Notes) -> None:
    """One note for each run of lines that were passed over for one reason."""
    where = np.flatnonzero(skipped)
    breaks = np.flatnonzero((np.diff(where) != 1) | (np.diff(skipped[where].astype(int)) != 0)) + 1
    for run in np.split(where, breaks):
        if run.size:
            more = f" (and the next {run.size - 1})" if run.size > 1 else ""
            why = int(skipped[run[0]])
            shown = f": {notes.source.text(int(run[0]))[:70].strip()!r}" if why == kernels.STRAY else ""
            notes.add(int(run[0]), _SKIPPED[why] + more + shown)


def _epochs(
    text: Lines, head: headers.Header, found: _Walk, notes: Notes
) -> tuple[Instants, NDArray[np.uint8], Index, NDArray[np.float64] | None]:
    """Times and flags of epochs with observations; for every epoch of the walk its number, or -1."""
    usual = np.flatnonzero(found.epochs[:, 1] < 2)
    rows = found.epochs[usual, 0]
    old = head.version < 3.0
    at, width = ((1, 4, 7, 10, 13), (2,) * 5) if old else ((2, 7, 10, 13, 16), (4, 2, 2, 2, 2))
    dates, fine = in_columns(text, rows, at, width, (15 if old else 18, 11), century=old)
    offset, has = np.empty((rows.size, 1)), np.empty((rows.size, 1), np.uint8)
    first, last = text.first[rows], text.last[rows]
    columns(text.data, first, last, *((68, 12, 12) if old else (41, 15, 15)), offset, has)
    for line in rows[~fine].tolist():
        notes.add(line, "an epoch without a date")
    kept = np.full(found.epochs.shape[0], -1, np.int64)
    kept[usual[fine]] = np.arange(int(fine.sum()))
    times = gps_time(dates[fine], time_system(head, Notes(text)))
    _say_back(times, rows[fine], notes)
    slips = np.flatnonzero(found.epochs[:, 1] == 6)
    for line in found.epochs[slips, 0].tolist():
        notes.add(line, "records of cycle slips are not read")
    clock = offset[fine, 0] if (has[fine, 0] == 1).any() else None
    return times, found.epochs[usual[fine], 1].astype(np.uint8), kept, clock


def _say_back(times: Instants, rows: Index, notes: Notes) -> None:
    for k in np.flatnonzero(np.diff(times) <= 0).tolist():
        notes.add(int(rows[k + 1]), "the time does not go on from the epoch before")


def _systems(text: Lines, found: _Walk, kept: Index, notes: Notes) -> dict[str, SystemObservations]:
    """Columns of every system that has observations, in the order of the header."""
    epoch = kept[found.rows[:, 1]]
    made = {}
    listed = list(dict.fromkeys(name for _, names, _, _ in found.changes for name in names))
    for letter in [s for s in SYSTEMS if s not in listed]:
        lost = np.flatnonzero((found.rows[:, 2] == ord(letter)) & (epoch >= 0))
        if lost.size:
            notes.add(
                int(found.rows[lost[0], 0]),
                f"{lost.size} records of {letter}, which the header does not list",
            )
    for letter in listed:
        rows = np.flatnonzero((found.rows[:, 2] == ord(letter)) & (epoch >= 0))
        rows = _single(found.rows, rows, epoch, letter, notes)
        if rows.size:
            made[letter] = _columns(text, found, rows, epoch[rows].astype(np.int32), letter, notes)
    return {letter: one for letter, one in made.items() if one.codes}


def _single(all_rows: Index, rows: Index, epoch: Index, letter: str, notes: Notes) -> Index:
    """Rows without a satellite's second record of one epoch."""
    key = epoch[rows] * 1000 + all_rows[rows, 3]
    _, where = np.unique(key, return_index=True)
    if where.size < rows.size:
        twice = np.setdiff1d(np.arange(rows.size), where)
        for k in twice.tolist():
            notes.add(
                int(all_rows[rows[k], 0]), f"{letter}{all_rows[rows[k], 3]:02d} a second time in one epoch"
            )
        return rows[np.sort(where)]
    return rows


def _columns(
    text: Lines, found: _Walk, rows: Index, epoch: NDArray[np.int32], letter: str, notes: Notes
) -> SystemObservations:
    every = dict.fromkeys(c for _, names, _, _ in found.changes for c in names.get(letter, []) if c)
    codes = tuple(every)
    shape = rows.size, len(codes)
    values, lock = np.full(shape, np.nan), np.zeros(shape, np.uint8)
    strength, zeros = np.zeros(shape, np.uint8), np.zeros(2 * len(codes), np.int64)
    edges = [change[0] for change in found.changes] + [found.rows.shape[0]]
    for (start, names, scale, height), end in zip(found.changes, edges[1:], strict=True):
        part = np.flatnonzero((rows >= start) & (rows < end))
        here = names.get(letter, [])
        to = np.array([codes.index(c) if c else -1 for c in here], np.int64)
        factor = np.array([scale.get((letter, c), 1.0) for c in here])
        damaged = np.zeros(part.size, np.uint8)
        where = found.rows[rows[part], 0].copy()
        found_in = text.data, text.first, text.last, where, part, height, to, factor
        kernels.fields(*found_in, values, lock, strength, damaged, zeros)
        for line in where[damaged == 1].tolist():
            notes.add(line, "a value that is no number or out of its column")
    stated = tuple(c for k, c in enumerate(codes) if zeros[2 * k] > zeros[2 * k + 1])
    if stated:
        found.zeros[letter] = stated
    return SystemObservations(codes, epoch, found.rows[rows, 3].astype(np.int16), values, lock, strength)
