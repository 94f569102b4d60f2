"""Compiled reading of observation text: where epochs and satellites are, and their values."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

# ruff: noqa: C901, PLR0912 (kernels: long loops stay in one compiled function)
from rabta.jit import inline, kernel
from rabta.pnt.text._scan import BAD, GOOD, whole

U1 = NDArray[np.uint8]
I8 = NDArray[np.int64]
F8 = NDArray[np.float64]

DONE, EVENT = 0, 1
NO_EPOCH, STRAY, NO_SATELLITE, SHORT = 1, 2, 3, 4  # why a line was passed over
_WIDTH = 16  # of an observation: F14.3, loss of lock, strength


@inline
def _letter(c: int) -> bool:
    return c in (71, 82, 69, 67, 74, 73, 83)  # G R E C J I S


@inline
def _starts_epoch(data: U1, a: int, b: int, old: bool) -> bool:
    """Whether a line begins an epoch: ``>`` in RINEX 3, a date in fixed columns in RINEX 2."""
    if not old:
        return b > a and data[a] == 62
    if b - a < 32 or data[a] != 32 or data[a + 18] != 46:
        return b - a >= 29 and data[a + 28] > 49 and data[a + 28] < 55 and _blank(data, a, a + 28)
    for k in (3, 6, 9, 12):  # noqa: SIM110 (compiled)
        if data[a + k] != 32 or not 48 <= data[a + k + 2] <= 57:
            return False
    return True


@inline
def _blank(data: U1, a: int, b: int) -> bool:
    for i in range(a, b):  # noqa: SIM110 (compiled)
        if data[i] != 32:
            return False
    return True


@inline
def _satellite(data: U1, a: int, b: int) -> int:
    """System letter times 1000 plus number of three bytes; -1 where these name no satellite.

    RINEX 2 may leave the letter blank for GPS.
    """
    if b - a < 3:
        return -1
    letter = data[a]
    if letter == 32:
        letter = 71
    if not _letter(letter):
        return -1
    number, good = whole(data, a + 1, a + 3)
    if good != GOOD or number < 1:
        return -1
    return int(letter * 1000 + number)


@kernel(
    "int64(Array(uint8, 1, 'C', readonly=True), int64[::1], int64[::1], int64[::1], int64, "
    "int64[:, ::1], int64[:, ::1], uint8[::1])"
)
def walk(data: U1, first: I8, last: I8, state: I8, height: int, epochs: I8, rows: I8, skipped: U1) -> int:
    """Find epochs and satellites' records from where ``state`` is: (line, epochs, rows).

    ``height`` is the number of lines of a satellite in RINEX 2, zero for RINEX 3 and 4. Each epoch is
    (line, flag, count, first row), each row (line, epoch, letter, number). Stops after an event, whose
    lines may change what follows.
    """
    old = height > 0
    at = 28 if old else 31
    line, e, r = state[0], state[1], state[2]
    while line < first.size:
        a, b = first[line], last[line]
        if not _starts_epoch(data, a, b, old):
            if b > a and not _blank(data, a, b):
                skipped[line] = STRAY
            line += 1
            continue
        flag, good = whole(data, a + at, min(a + at + 1, b)) if a + at < b else (0, 0)
        count, known = whole(data, a + at + 1, min(a + at + 4, b)) if a + at + 1 < b else (0, 0)
        if BAD in (good, known) or flag > 6 or count < 0 or (known != GOOD and flag < 2):
            skipped[line] = NO_EPOCH
            line += 1
            continue
        epochs[e, 0], epochs[e, 1], epochs[e, 2], epochs[e, 3] = line, flag, count, r
        top, head = line, line
        line += 1
        if 1 < flag < 6:
            found = 0
            while (
                found < count and line < first.size and not _starts_epoch(data, first[line], last[line], old)
            ):
                line += 1
                found += 1
            e += 1
            state[0], state[1], state[2] = line, e, r
            return EVENT
        if old and count > 12:
            line += (count - 1) // 12
        for k in range(count):
            if line >= first.size or (not old and _starts_epoch(data, first[line], last[line], old)):
                skipped[top] = SHORT
                break
            if old:
                if k > 0 and k % 12 == 0:
                    head += 1
                place = first[head] + 32 + 3 * (k % 12)
                sat = _satellite(data, place, min(place + 3, last[head]))
            else:
                sat = _satellite(data, first[line], last[line])
            if sat < 0:
                skipped[head if old else line] = NO_SATELLITE
            else:
                rows[r, 0], rows[r, 1], rows[r, 2], rows[r, 3] = line, e, sat // 1000, sat % 1000
                r += 1
            line += height if old else 1
        if line > first.size:
            skipped[top] = SHORT
        e += 1
    state[0], state[1], state[2] = line, e, r
    return DONE


@inline
def _fixed(data: U1, a: int) -> tuple[float, int]:
    """Number of F14.3 with its point in place; a shifted or damaged one is bad."""
    i = a
    while i < a + 10 and data[i] == 32:
        i += 1
    if i == a + 10 and data[a + 10] == 32:
        for k in range(11, 14):
            if data[a + k] != 32:
                return 0.0, BAD
        return 0.0, 0
    negative = i < a + 10 and data[i] == 45
    if negative or (i < a + 10 and data[i] == 43):
        i += 1
    if data[a + 10] != 46:
        return 0.0, BAD
    mantissa = np.int64(0)
    while i < a + 10:
        digit = data[i] - np.int64(48)
        if digit < 0 or digit > 9:
            return 0.0, BAD
        mantissa = mantissa * 10 + digit
        i += 1
    for k in range(11, 14):
        digit = data[a + k] - np.int64(48)
        if digit < 0 or digit > 9:
            return 0.0, BAD
        mantissa = mantissa * 10 + digit
    value = mantissa / 1000.0
    return (-value if negative else value), GOOD


@kernel(
    "void(Array(uint8, 1, 'C', readonly=True), int64[::1], int64[::1], int64[::1], int64[::1], int64, "
    "int64[::1], float64[::1], float64[:, ::1], uint8[:, ::1], uint8[:, ::1], uint8[::1], int64[::1])"
)
def fields(
    data: U1, first: I8, last: I8, lines: I8, places: I8, height: int, column: I8, scale: F8,
    values: F8, lock: U1, strength: U1, damaged: U1, zeros: I8,
) -> None:  # fmt: skip
    """Observations of one system's records into ``values[places]``; ``column`` says where each code goes.

    ``zeros`` counts for each column the values with a zero and with a blank for loss of lock.

    A value that is there already stays: where two codes mean one signal the first that has a value counts.
    """
    for n in range(lines.size):
        for k in range(column.size):
            line = lines[n] + (k // 5 if height > 0 else 0)
            if line >= first.size:
                break
            a = first[line] + ((k % 5) * _WIDTH if height > 0 else 3 + k * _WIDTH)
            end = last[line]
            if a >= end:
                if height > 0:
                    continue
                break
            row, to = places[n], column[k]
            if to < 0:
                continue
            if end - a < 14:
                if not _blank(data, a, end):
                    damaged[n] = 1
                continue
            value, good = _fixed(data, a)
            slip = data[a + 14] if end - a > 14 else 32
            level = data[a + 15] if end - a > 15 else 32
            clean = (slip == 32 or 48 <= slip <= 57) and (level == 32 or 48 <= level <= 57)
            if good == BAD or not clean:
                damaged[n] = 1
                continue
            if not math.isnan(values[row, to]):
                continue
            if good == GOOD and value != 0.0:
                values[row, to] = value / scale[k]
            if slip != 32:
                lock[row, to] = slip - 48
            zeros[2 * to + (1 if slip == 32 else 0)] += 1 if good == GOOD and slip in (32, 48) else 0
            if level != 32:
                strength[row, to] = level - 48


@kernel(
    "int64(float64[:, ::1], uint8[:, ::1], uint8[:, ::1], int16[::1], int64, uint8[::1], uint8[:, ::1], "
    "int64[::1])"
)
def rows_text(
    values: F8, lock: U1, strength: U1, prn: NDArray[np.int16], letter: int, zeros: U1, out: U1, length: I8
) -> int:
    """Records of a system as text, one in each row of ``out``, and their lengths without trailing blanks.

    ``zeros`` marks the columns whose loss of lock is written as 0 where there is none, not as a blank.

    Returns the number of values too large for F14.3, which are left blank.
    """
    lost = 0
    for row in range(values.shape[0]):
        out[row, :] = 32
        out[row, 0] = letter
        out[row, 1], out[row, 2] = 48 + prn[row] // 10 % 10, 48 + prn[row] % 10
        size = 3
        for k in range(values.shape[1]):
            a = 3 + k * _WIDTH
            value = values[row, k]
            if not math.isnan(value):
                thousandths = np.rint(abs(value) * 1000.0)
                if not thousandths < (1e12 if value < 0.0 else 1e13):
                    lost += 1
                else:
                    rest = np.int64(thousandths)
                    i = a + 13
                    while i > a + 9 or rest > 0:  # as most writers: no zero before the point
                        if i == a + 10:
                            out[row, i] = 46
                        else:
                            out[row, i] = 48 + rest % 10
                            rest //= 10
                        i -= 1
                    if value < 0.0:
                        out[row, i] = 45
                    size = a + 14
            if lock[row, k] > 0 or (zeros[k] > 0 and out[row, a + 13] != 32):
                out[row, a + 14] = 48 + lock[row, k] % 10
                size = a + 15
            if strength[row, k] > 0:
                out[row, a + 15] = 48 + strength[row, k] % 10
                size = a + 16
        length[row] = size
    return lost


@kernel("void(uint8[:, ::1], int64[::1], int64[::1], uint8[::1])")
def place(table: U1, length: I8, at: I8, out: U1) -> None:
    """Copy rows of text to where they belong, each with a line end."""
    for row in range(table.shape[0]):
        for k in range(length[row]):
            out[at[row] + k] = table[row, k]
        out[at[row] + length[row]] = 10
