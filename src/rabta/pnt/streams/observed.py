"""Cells of multiple signal messages to observations: epochs, codes, cycles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.pnt import gnsstime
from rabta.pnt.gnsstime import NS, WEEK_S, Instants
from rabta.pnt.records import Observations, SystemObservations
from rabta.pnt.signals import LIGHT_M_S, frequency_hz
from rabta.pnt.streams import signals
from rabta.pnt.streams.msm import Cells

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_DAY_S = 86_400
_MOSCOW_S = 10_800
_KINDS = "CLDS"


def observations(
    cells: list[Cells], reference: int, slots: dict[int, int], header: dict[str, object]
) -> tuple[Observations, list[str]]:
    """Observations of all systems.

    Parameters
    ----------
    reference : int
        Instant within half a week of the first message; later ones follow it.
    slots : dict
        GLONASS frequency numbers by satellite, where messages 1020 tell them.
    """
    instants = [times(part, reference) for part in cells]
    every = np.unique(np.concatenate(instants)) if instants else np.empty(0, dtype=np.int64)
    notes: list[str] = []
    systems = {}
    for part, time in zip(cells, instants, strict=True):
        found = _system(part, np.searchsorted(every, time), slots, notes)
        if found is not None:
            systems[part.system] = found
    flags = np.zeros(every.size, dtype=np.uint8)
    return Observations(every, flags, systems, header), notes


def times(cells: Cells, reference: int) -> Instants:
    """Instants of cells' time fields: the first is the nearest to the reference, the rest follow."""
    if cells.system == "R":
        second, period = _glonass_seconds(cells.time, reference)
    else:
        second = cells.time * (NS // 1000) + gnsstime.BDT_LAG_S * NS * (cells.system == "C")
        period = WEEK_S * NS
    if not second.size:
        return second
    near = (second[0] - reference + period // 2) % period - period // 2
    start = reference + near
    # each message within half a period of the one before
    step = (np.diff(second) + period // 2) % period - period // 2
    return np.concatenate([[start], start + np.cumsum(step)])


def _glonass_seconds(time: Ints, reference: int) -> tuple[Ints, int]:
    """GPS time of GLONASS's day and millisecond: of the week, or of the day where the day is not told (7)."""
    day, millisecond = time >> 27, time & ((1 << 27) - 1)
    leap = int(gnsstime.leap_seconds(gnsstime.to_utc(np.int64(reference))))
    second = (millisecond * (NS // 1000)) + (leap - _MOSCOW_S) * NS
    if (day == 7).any():
        return second, _DAY_S * NS
    return second + day * _DAY_S * NS, WEEK_S * NS


def _system(cells: Cells, epoch: Ints, slots: dict[int, int], notes: list[str]) -> SystemObservations | None:
    names = signals.table(cells.system)[cells.signal]
    known = names != ""
    strange = np.unique(cells.signal[~known])
    notes += [
        f"{cells.system}: signal {n} of the messages has no RINEX code and is left out" for n in strange
    ]
    if not known.any():
        return None
    codes = np.unique(names[known])
    satellite = signals.prn(cells.system, cells.satellite)[known]
    row_key, row = np.unique(epoch[known] * 256 + satellite, return_inverse=True)
    column = np.searchsorted(codes, names[known])
    values = np.full((row_key.size, 4 * codes.size), np.nan)
    hertz = _frequencies(cells, known, slots, notes)
    cycles = hertz / LIGHT_M_S
    parts = (
        cells.range_m[known],
        cells.phase_m[known] * cycles,
        -cells.rate_m_s[known] * cycles,
        cells.strength_dbhz[known],
    )
    for i, part in enumerate(parts):
        values[row, 4 * column + i] = part
    lock = np.zeros(values.shape, dtype=np.uint8)
    lock[row, 4 * column + 1] = _loss(cells, known) | cells.half[known].astype(np.uint8) << 1
    lock[np.isnan(values)] = 0
    used = ~np.isnan(values).all(axis=0)
    every = [kind + code for code in codes for kind in _KINDS]
    return SystemObservations(
        tuple(str(code) for code, use in zip(every, used, strict=True) if use),
        (row_key >> 8).astype(np.int32),
        (row_key & 255).astype(np.int16),
        values[:, used],
        lock[:, used],
        np.zeros((row_key.size, int(used.sum())), dtype=np.uint8),
    )


def _loss(cells: Cells, known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Whether lock was lost before each cell: its lock time is shorter than the one before, or still zero."""
    key = (cells.satellite * 64 + cells.signal)[known]
    lock = cells.lock[known]
    order = np.lexsort((cells.frame[known], key))
    same = np.append(False, key[order][1:] == key[order][:-1])
    before = np.append(0, lock[order][:-1])
    lost = np.empty(key.size, dtype=np.uint8)
    lost[order] = np.where(
        same, (lock[order] < before) | ((lock[order] == 0) & (before == 0)), lock[order] == 0
    )
    return lost


def _frequencies(cells: Cells, known: NDArray[np.bool_], slots: dict[int, int], notes: list[str]) -> Floats:
    names = signals.table(cells.system)[cells.signal][known]
    bands = np.array([name[0] for name in names])
    hertz = np.empty(bands.size)
    for band in np.unique(bands):
        hertz[bands == band] = frequency_hz(cells.system, str(band))
    if cells.system != "R":
        return hertz
    slot = _slots(cells, known, slots)
    silent = np.unique(cells.satellite[known][np.isnan(slot)])
    notes += [f"R{n:02d}: frequency number unknown, so no phase in cycles and no Doppler" for n in silent]
    step = np.where(bands == "1", 562_500.0, np.where(bands == "2", 437_500.0, 0.0))
    return hertz + slot * step


def _slots(cells: Cells, known: NDArray[np.bool_], slots: dict[int, int]) -> Floats:
    """Frequency numbers: of the cell's message, else of another of the satellite, else of message 1020."""
    told = np.full(65, np.nan)
    for satellite, slot in slots.items():
        told[satellite] = slot
    inside = cells.extended <= 13
    told[cells.satellite[inside]] = cells.extended[inside] - 7.0
    return np.asarray(told[cells.satellite[known]])
