"""Bits of PPP-B2b messages to columns: BDS-SIS-ICD-PPP-B2b-1.0 (2020)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.pnt.b2b.frames import MESSAGE_BITS, Frames
from rabta.pnt.gnsstime import BDT_LAG_S, NS, Instants
from rabta.pnt.messages.windows import Windows

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
T = TypeVar("T")

MASK_SLOTS = 174  # 63 BeiDou, 37 GPS, 37 Galileo, 37 GLONASS
RADIAL_M, TANGENT_M, CLOCK_M, BIAS_M = 0.0016, 0.0064, 0.0016, 0.017
ORBITS_A_MESSAGE, CLOCKS_A_MESSAGE, ACCURACIES_A_MESSAGE = 6, 23, 70
_ORBIT_BITS, _CLOCK_BITS = 69, 18


@dataclass(frozen=True)
class Masks:
    """Type 1: which satellites the clocks' places mean.

    ``frame``, ``iod_ssr``, ``iodp``, shape (mask,); ``slots`` bool, shape (mask, 174), slot 1 first.
    """

    frame: Ints
    iod_ssr: Ints
    iodp: Ints
    slots: NDArray[np.bool_]


@dataclass(frozen=True)
class Orbits:
    """Types 2, 6, 7: orbit corrections, shape (row,); metres, not a number where not available."""

    frame: Ints
    epoch: Ints
    iod_ssr: Ints
    slot: Ints
    iodn: Ints
    iod_corr: Ints
    radial_m: Floats
    along_m: Floats
    cross_m: Floats
    ura_class: Ints
    ura_value: Ints


@dataclass(frozen=True)
class Biases:
    """Type 3: code biases, shape (row,); ``mode`` is the signal (see `biases`)."""

    frame: Ints
    epoch: Ints
    iod_ssr: Ints
    slot: Ints
    mode: Ints
    bias_m: Floats


@dataclass(frozen=True)
class Clocks:
    """Types 4, 6, 7: clock corrections C0 as sent, shape (row,); not a number where not available.

    ``place`` is the place among the mask's satellites, from 0, or -1 where ``slot`` is given (type 7);
    ``slot`` is 0 where the place is given; ``iodp`` is -1 where the message has none.
    """

    frame: Ints
    epoch: Ints
    iod_ssr: Ints
    iodp: Ints
    place: Ints
    slot: Ints
    iod_corr: Ints
    c0_m: Floats


@dataclass(frozen=True)
class Accuracies:
    """Type 5: user range accuracy by place among the mask's satellites, shape (row,)."""

    frame: Ints
    epoch: Ints
    iod_ssr: Ints
    iodp: Ints
    place: Ints
    ura_class: Ints
    ura_value: Ints


@dataclass(frozen=True)
class Messages:
    """Everything that frames say.

    Attributes
    ----------
    frames : Frames
    epoch : ndarray of int64, shape (frame,)
        Epoch that a message states, GPS time in nanoseconds; 0 where it has none.
    """

    frames: Frames
    epoch: Instants
    masks: Masks
    orbits: Orbits
    biases: Biases
    clocks: Clocks
    accuracies: Accuracies


class _Reader(Windows):
    """Bit fields of the messages of one type; ``rows`` are their frames."""

    def __init__(self, data: NDArray[np.uint8], rows: Ints) -> None:
        super().__init__(data[rows])
        self.rows = rows

    def scaled(self, first: ArrayLike, bits: int, scale: float) -> Floats:
        """Two's complement, scaled; the two lowest values mean that there is none."""
        value = self.signed(first, bits)
        return np.where(value <= 1 - (1 << (bits - 1)), np.nan, value * scale)

    def repeated(self, per_message: Ints) -> Ints:
        """Frames of a table that has ``per_message`` rows of each message, message by message."""
        return np.repeat(self.rows, per_message)


def decode(frames: Frames) -> Messages:
    """Columns of all messages of types 1 to 7.

    Types 6 and 7 hold clocks and orbits together. Other types are left alone, and so is what a message
    promises beyond its end.
    """
    kind = frames.kind
    readers = {k: _Reader(frames.data, np.flatnonzero(kind == k)) for k in range(1, 8)}
    mixed = [_mixed(readers[k], k) for k in (6, 7)]
    clocks = _joined([_clocks(readers[4]), *(part[0] for part in mixed)])
    orbits = _joined([_orbits(readers[2]), *(part[1] for part in mixed)])
    second = np.full(len(kind), -1, dtype=np.int64)
    for k in range(1, 6):
        second[readers[k].rows] = readers[k].unsigned(_EPOCH, 17)[:, 0]
    for table in (orbits, clocks):
        second[table.frame] = table.epoch
    epoch = np.where(second < 0, 0, epochs(frames.received, second))
    return Messages(
        frames,
        epoch,
        _masks(readers[1]),
        _dated(orbits, frames),
        _dated(_biases(readers[3]), frames),
        _dated(clocks, frames),
        _dated(_accuracies(readers[5]), frames),
    )


def epochs(received: Instants, second: Ints) -> Instants:
    """Instants of seconds of the BDT day, the nearest to reception."""
    day = 86_400 * NS
    start = (second + BDT_LAG_S) * NS
    return np.asarray(start + day * np.round((received - start) / day).astype(np.int64))


def _dated(table: T, frames: Frames) -> T:
    """Table whose epochs are instants."""
    values = vars(table) | {"epoch": epochs(frames.received[vars(table)["frame"]], vars(table)["epoch"])}
    return type(table)(**values)


def _table(kind: Callable[..., T], *columns: Any) -> T:
    """Table of columns in the order of its attributes."""
    return kind(*columns)


def _joined(tables: Sequence[T]) -> T:
    """One table of several, in the order of the frames."""
    columns = {name: np.concatenate([vars(table)[name] for table in tables]) for name in vars(tables[0])}
    order = np.argsort(columns["frame"], kind="stable")
    return type(tables[0])(**{name: column[order] for name, column in columns.items()})


_EPOCH, _IOD_SSR, _IODP, _BODY = [6], [27], [29], 29


def _masks(reader: _Reader) -> Masks:
    bits = reader.unsigned(33 + np.arange(MASK_SLOTS), 1).astype(bool)
    return Masks(reader.rows, reader.unsigned(_IOD_SSR, 2)[:, 0], reader.unsigned(_IODP, 4)[:, 0], bits)


def _orbits(reader: _Reader) -> Orbits:
    count = np.full(len(reader.rows), ORBITS_A_MESSAGE)
    first = np.tile(_BODY + _ORBIT_BITS * np.arange(ORBITS_A_MESSAGE), (len(count), 1))
    head = [np.repeat(reader.unsigned(at, n), count) for at, n in ((_EPOCH, 17), (_IOD_SSR, 2))]
    return _orbit_rows(reader, first, count, head)


def _orbit_rows(reader: _Reader, first: Ints, count: Ints, head: list[Ints]) -> Orbits:
    """Corrections of 69 bits that start at ``first``, shape (message, place), the first ``count`` of each."""
    used = np.arange(first.shape[1]) < count[:, None]
    whole = [reader.unsigned(first + at, n)[used] for at, n in ((0, 9), (9, 10), (19, 3))]
    metres = [
        reader.scaled(first + at, n, scale)[used]
        for at, n, scale in ((22, 15, RADIAL_M), (37, 13, TANGENT_M), (50, 13, TANGENT_M))
    ]
    ura = [reader.unsigned(first + at, 3)[used] for at in (63, 66)]
    table = _table(Orbits, reader.repeated(count), *head, *whole, *metres, *ura)
    return _only(table, table.slot > 0)


def _only(table: T, keep: NDArray[np.bool_]) -> T:
    return type(table)(**{name: column[keep] for name, column in vars(table).items()})


def _clocks(reader: _Reader) -> Clocks:
    rows = len(reader.rows)
    first = 38 + _CLOCK_BITS * np.arange(CLOCKS_A_MESSAGE)
    fixed = [reader.unsigned(at, n) for at, n in ((_EPOCH, 17), (_IOD_SSR, 2), (_IODP, 4))]
    head = [np.repeat(column, CLOCKS_A_MESSAGE) for column in fixed]
    place = reader.unsigned([33], 5) * CLOCKS_A_MESSAGE + np.arange(CLOCKS_A_MESSAGE)
    corr, c0 = reader.unsigned(first, 3), reader.scaled(first + 3, 15, CLOCK_M)
    frame = np.repeat(reader.rows, CLOCKS_A_MESSAGE)
    slot = np.zeros(rows * CLOCKS_A_MESSAGE, dtype=np.int64)
    return _table(Clocks, frame, *head, place.ravel(), slot, corr.ravel(), c0.ravel())


def _accuracies(reader: _Reader) -> Accuracies:
    many = ACCURACIES_A_MESSAGE
    first = 36 + 6 * np.arange(many)
    fixed = [reader.unsigned(at, n) for at, n in ((_EPOCH, 17), (_IOD_SSR, 2), (_IODP, 4))]
    place = reader.unsigned([33], 3) * many + np.arange(many)
    ura = [reader.unsigned(first + at, 3).ravel() for at in (0, 3)]
    head = [np.repeat(column, many) for column in fixed]
    return _table(Accuracies, np.repeat(reader.rows, many), *head, place.ravel(), *ura)


def _biases(reader: _Reader) -> Biases:
    """Satellites follow each other at places that the counts before them make."""
    satellites = reader.unsigned([29], 5)[:, 0]
    at = np.full(len(reader.rows), 34, dtype=np.int64)
    parts: list[Biases] = []
    for k in range(int(satellites.max(initial=0))):
        there = (k < satellites) & (at + 13 <= _CRC_FIRST)
        slot = reader.unsigned(at[:, None], 9)[:, 0]
        signals = np.where(there, reader.unsigned(at[:, None] + 9, 4)[:, 0], 0)
        parts.append(_signal_rows(reader, at + 13, slot, signals))
        at = at + np.where(there, 13 + 16 * signals, 0)
    return _joined(parts) if parts else _table(Biases, *[_NONE] * 5, np.empty(0))


def _signal_rows(reader: _Reader, at: Ints, slot: Ints, signals: Ints) -> Biases:
    first = at[:, None] + 16 * np.arange(int(signals.max(initial=0)))
    used = (np.arange(first.shape[1]) < signals[:, None]) & (first + 16 <= _CRC_FIRST)
    count = used.sum(axis=1)
    head = [np.repeat(reader.unsigned(where, n)[:, 0], count) for where, n in ((_EPOCH, 17), (_IOD_SSR, 2))]
    mode, bias = reader.unsigned(first, 4)[used], reader.scaled(first + 4, 12, BIAS_M)[used]
    return _table(Biases, reader.repeated(count), *head, np.repeat(slot, count), mode, bias)


_CRC_FIRST = MESSAGE_BITS - 24
_NONE: Ints = np.empty(0, dtype=np.int64)


def _mixed(reader: _Reader, kind: int) -> tuple[Clocks, Orbits]:
    """Types 6 (clocks by place) and 7 (clocks by slot)."""
    clock_bits, head_bits = (_CLOCK_BITS, 36) if kind == 6 else (_CLOCK_BITS + 9, 23)
    numbers = reader.unsigned([6, 11], 5)
    clocks, orbits = numbers[:, 0], numbers[:, 1] >> 2
    start = np.full(len(reader.rows), 14, dtype=np.int64)
    body = start + head_bits
    clocks = np.minimum(clocks, (_CRC_FIRST - body) // clock_bits)
    head = [reader.unsigned(start[:, None] + at, n)[:, 0] for at, n in ((0, 17), (21, 2))]
    table = _mixed_clocks(reader, kind, clocks, body, head)
    start = start + np.where(clocks > 0, head_bits + clock_bits * clocks, 0)
    orbits = np.clip(np.minimum(orbits, (_CRC_FIRST - start - 23) // _ORBIT_BITS), 0, None)
    head = [np.repeat(reader.unsigned(start[:, None] + at, n)[:, 0], orbits) for at, n in ((0, 17), (21, 2))]
    first = (start + 23)[:, None] + _ORBIT_BITS * np.arange(int(orbits.max(initial=0)))
    return table, _orbit_rows(reader, first, orbits, head)


def _mixed_clocks(reader: _Reader, kind: int, count: Ints, body: Ints, head: list[Ints]) -> Clocks:
    index = np.arange(int(count.max(initial=0)))
    used = index < count[:, None]
    rows, total = reader.repeated(count), int(count.sum())
    fixed = [np.repeat(column, count) for column in head]
    if kind == 6:
        first = body[:, None] + _CLOCK_BITS * index
        iodp = np.repeat(reader.unsigned(body[:, None] - 13, 4)[:, 0], count)
        place = (reader.unsigned(body[:, None] - 9, 9) + index)[used]
        slot = np.zeros(total, dtype=np.int64)
    else:
        first = body[:, None] + (_CLOCK_BITS + 9) * index + 9
        iodp = place = np.full(total, -1, dtype=np.int64)
        slot = reader.unsigned(first - 9, 9)[used]
    corr, c0 = reader.unsigned(first, 3)[used], reader.scaled(first + 3, 15, CLOCK_M)[used]
    return _table(Clocks, rows, *fixed, iodp, place, slot, corr, c0)
