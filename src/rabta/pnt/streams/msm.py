"""Multiple signal messages 4 to 7 of all systems: RTCM 10403.3 section 3.5.16.

Messages of one number are read together: their fields lie at places that the satellite and cell masks make.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.messages.windows import Windows
from rabta.pnt.signals import LIGHT_M_S
from rabta.pnt.streams.frames import Frames
from rabta.pnt.streams.signals import SYSTEM_OF

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MILLISECOND_M = LIGHT_M_S * 1e-3
CELLS = 64  # most cells of a message
_HEAD_BITS = 169
_CHUNK = 2048
# Bits of fields by message: satellites' (whole ms, extended, ms / 1024, rate), then cells' (pseudorange,
# phase, lock, half-cycle, C/N0, rate); 0 where a message has none.
_SATELLITE = {4: (8, 0, 10, 0), 5: (8, 4, 10, 14), 6: (8, 0, 10, 0), 7: (8, 4, 10, 14)}
_CELL = {
    4: (15, 22, 4, 1, 6, 0),
    5: (15, 22, 4, 1, 6, 15),
    6: (20, 24, 10, 1, 10, 0),
    7: (20, 24, 10, 1, 10, 15),
}
# Finest steps, as powers of two of a millisecond (pseudorange, phase) and of a dB-Hz, by the message's bits
_RANGE_STEP = {15: 2.0**-24, 20: 2.0**-29}
_PHASE_STEP = {22: 2.0**-29, 24: 2.0**-31}
_STRENGTH_STEP = {6: 1.0, 10: 2.0**-4}
_RATE_STEP_M_S = 1e-4


@dataclass(frozen=True)
class Cells:
    """Observations of one system, a row for each cell (satellite and signal of a message), shape (row,).

    Attributes
    ----------
    frame : ndarray
        Index into the frames.
    time : ndarray
        The message's time field: milliseconds of the week; of GLONASS 2^27 day + milliseconds of the day.
    satellite, signal : ndarray
        As the masks number them, from 1.
    range_m, phase_m, rate_m_s, strength_dbhz : ndarray
        Not a number where a message has none.
    lock : ndarray
        Lock time indicator, whose scale depends on the message.
    half : ndarray
        Half-cycle ambiguity.
    extended : ndarray
        Extended satellite information, for GLONASS frequency number + 7; 15 where unknown.
    """

    system: str
    frame: Ints
    time: Ints
    satellite: Ints
    signal: Ints
    range_m: Floats
    phase_m: Floats
    rate_m_s: Floats
    strength_dbhz: Floats
    lock: Ints
    half: Ints
    extended: Ints


def kinds(frames: Frames) -> NDArray[np.bool_]:
    """Frames that are multiple signal messages 4 to 7."""
    tens, digit = np.divmod(frames.kind, 10)
    return np.isin(tens, list(SYSTEM_OF)) & (digit >= 4) & (digit <= 7)


def read(frames: Frames) -> tuple[list[Cells], list[str]]:
    """Cells of all messages by system, and notes of messages that say more than they hold."""
    cells: list[Cells] = []
    notes: list[str] = []
    for kind in np.unique(frames.kind[kinds(frames)]):
        rows = np.flatnonzero(frames.kind == kind)
        for part in np.array_split(rows, -(-rows.size // _CHUNK)):
            found, bad = _messages(frames, part, SYSTEM_OF[int(kind) // 10], int(kind) % 10)
            cells.append(found)
            notes += [f"byte {frames.first[i]}: message {kind} is shorter than its masks say" for i in bad]
    return _by_system(cells), notes


def _by_system(cells: list[Cells]) -> list[Cells]:
    joined = []
    for system in dict.fromkeys(part.system for part in cells):
        parts = [part for part in cells if part.system == system]
        columns = {n: np.concatenate([vars(p)[n] for p in parts]) for n in vars(parts[0]) if n != "system"}
        order = np.argsort(columns["frame"], kind="stable")
        joined.append(Cells(system=system, **{n: column[order] for n, column in columns.items()}))
    return joined


@dataclass(frozen=True)
class _Masks:
    """Where the cells of messages are: satellites' and cells' places, padded to the longest."""

    satellites: Ints
    satellite_count: Ints
    cell_satellite: Ints
    cell_signal: Ints
    cell_count: Ints
    body: Ints


def _packed(mask: NDArray[np.bool_], width: int) -> Ints:
    """Places of the true values of each row, in order, shape (row, width)."""
    order = np.argsort(~mask, axis=1, kind="stable")[:, :width]
    return np.asarray(order, dtype=np.int64)


def _masks(bits: Windows) -> _Masks:
    satellites = bits.unsigned(73 + np.arange(64), 1).astype(bool)
    signals = bits.unsigned(137 + np.arange(32), 1).astype(bool)
    n_sat, n_sig = satellites.sum(axis=1), signals.sum(axis=1)
    total = n_sat * n_sig
    cells = bits.unsigned(_HEAD_BITS + np.arange(CELLS), 1).astype(bool)
    cells &= np.arange(CELLS) < np.minimum(total, CELLS)[:, None]
    count = np.where(total > CELLS, 0, cells.sum(axis=1))  # more than 64 cells are not allowed
    place = _packed(cells, max(int(count.max(initial=0)), 1))
    of_satellite, of_signal = np.divmod(place, np.maximum(n_sig, 1)[:, None])
    list_sat, list_sig = _packed(satellites, 64) + 1, _packed(signals, 32) + 1
    of_satellite = np.minimum(of_satellite, 63)
    return _Masks(
        list_sat,
        n_sat,
        of_satellite,
        np.take_along_axis(list_sig, of_signal, axis=1),
        count,
        _HEAD_BITS + total,
    )


def _messages(frames: Frames, rows: Ints, system: str, digit: int) -> tuple[Cells, Ints]:
    bits = Windows(frames.table(rows))
    masks = _masks(bits)
    wide = sum(_SATELLITE[digit]) * masks.satellite_count + sum(_CELL[digit]) * masks.cell_count
    short = masks.body + wide > 8 * frames.size[rows]
    count = np.where(short, 0, masks.cell_count)
    used = np.arange(masks.cell_satellite.shape[1]) < count[:, None]
    cell = _cell_fields(bits, masks, digit)
    rough_m, extended, rate = (
        np.take_along_axis(field, masks.cell_satellite, axis=1)
        for field in _satellite_fields(bits, masks, digit)
    )
    time = np.repeat(bits.unsigned([24], 30)[:, 0], count)
    satellites = np.take_along_axis(masks.satellites, masks.cell_satellite, axis=1)
    found = Cells(
        system=system,
        frame=np.repeat(rows, count),
        time=time,
        satellite=satellites[used],
        signal=masks.cell_signal[used],
        range_m=(rough_m + cell["range"])[used],
        phase_m=(rough_m + cell["phase"])[used],
        rate_m_s=(rate + cell["rate"])[used],
        strength_dbhz=cell["strength"][used],
        lock=cell["lock"][used].astype(np.int64),
        half=cell["half"][used].astype(np.int64),
        extended=extended.astype(np.int64)[used],
    )
    return found, rows[short | ((masks.satellite_count > 0) & (masks.body > _HEAD_BITS + CELLS))]


def _satellite_fields(bits: Windows, masks: _Masks, digit: int) -> tuple[Floats, Floats, Floats]:
    """Rough range in metres, extended information, rough rate, shape (message, 64)."""
    whole_bits, extended_bits, part_bits, rate_bits = _SATELLITE[digit]
    index, count, at = np.arange(64), masks.satellite_count, masks.body
    whole = bits.unsigned(at[:, None] + whole_bits * index, whole_bits)
    at = at + whole_bits * count
    extended = np.full(whole.shape, 15)
    if extended_bits:
        extended = bits.unsigned(at[:, None] + extended_bits * index, extended_bits)
        at = at + extended_bits * count
    part = bits.unsigned(at[:, None] + part_bits * index, part_bits)
    at = at + part_bits * count
    rate = np.full(whole.shape, np.nan)
    if rate_bits:
        raw = bits.signed(at[:, None] + rate_bits * index, rate_bits)
        rate = np.where(raw == -(1 << (rate_bits - 1)), np.nan, raw)
    rough_m = np.where(whole == 255, np.nan, (whole + part / 1024) * MILLISECOND_M)
    return rough_m, extended.astype(np.float64), rate


def _cell_fields(bits: Windows, masks: _Masks, digit: int) -> dict[str, Floats]:
    """Fine range and phase in metres, fine rate, C/N0, lock, half-cycle, shape (message, cell)."""
    range_bits, phase_bits, lock_bits, half_bits, strength_bits, rate_bits = _CELL[digit]
    index, count = np.arange(masks.cell_satellite.shape[1]), masks.cell_count
    at = masks.body + sum(_SATELLITE[digit]) * masks.satellite_count
    places = {}
    for name, width in zip(("range", "phase", "lock", "half", "strength", "rate"), _CELL[digit], strict=True):
        places[name] = at[:, None] + width * index
        at = at + width * count
    strength = bits.unsigned(places["strength"], strength_bits) * _STRENGTH_STEP[strength_bits]
    rate = np.full(strength.shape, np.nan)
    if rate_bits:
        rate = _scaled(bits, places["rate"], rate_bits, _RATE_STEP_M_S)
    return {
        "range": _scaled(bits, places["range"], range_bits, _RANGE_STEP[range_bits] * MILLISECOND_M),
        "phase": _scaled(bits, places["phase"], phase_bits, _PHASE_STEP[phase_bits] * MILLISECOND_M),
        "rate": rate,
        "strength": np.where(strength == 0, np.nan, strength),
        "lock": bits.unsigned(places["lock"], lock_bits).astype(np.float64),
        "half": bits.unsigned(places["half"], half_bits).astype(np.float64),
    }


def _scaled(bits: Windows, place: Ints, width: int, step: float) -> Floats:
    """Signed fields; the lowest value means that there is none."""
    raw = bits.signed(place, width)
    return np.where(raw == -(1 << (width - 1)), np.nan, raw * step)
