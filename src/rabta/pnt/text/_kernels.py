"""Compiled reading of text: lines, and numbers in fixed columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# ruff: noqa: C901, PLR0911, PLR0912, PLR0915 (kernels: long loops stay in one compiled function)
from rabta.jit import inline, kernel
from rabta.pnt.text._scan import BAD, decimal, whole

U1 = NDArray[np.uint8]
I8 = NDArray[np.int64]
F8 = NDArray[np.float64]


@kernel("int64(Array(uint8, 1, 'C', readonly=True), int64[::1], int64[::1])")
def line_bounds(data: U1, first: I8, last: I8) -> int:
    """Start and end of every line into ``first`` and ``last``; returns the number of lines."""
    count, start = 0, 0
    for i in range(data.size):
        if data[i] == 10:
            end = i - 1 if i > start and data[i - 1] == 13 else i
            first[count] = start
            last[count] = end
            count += 1
            start = i + 1
    if start < data.size:
        first[count] = start
        last[count] = data.size
        count += 1
    return count


@kernel(
    "void(Array(uint8, 1, 'C', readonly=True), int64[::1], int64[::1], int64, int64, int64, "
    "float64[:, ::1], uint8[:, ::1])"
)
def columns(data: U1, first: I8, last: I8, at: int, width: int, need: int, values: F8, status: U1) -> None:
    """Numbers in equal columns of lines: from byte ``at``, each ``width`` wide; NaN where blank or bad.

    A number is bad where its line ends before ``need`` bytes of its column: a cut one would be another.
    """
    for row in range(first.size):
        for k in range(values.shape[1]):
            a = first[row] + at + k * width
            b = min(a + width, last[row])
            if a >= b:
                values[row, k], status[row, k] = np.nan, 0
                continue
            value, good = decimal(data, a, b)
            if b - a < need and good == 1:
                good = BAD
            values[row, k] = value if good == 1 else np.nan
            status[row, k] = good


@kernel(
    "void(Array(uint8, 1, 'C', readonly=True), int64[::1], int64[::1], int64[::1], int64[::1], "
    "int64[:, ::1], uint8[::1])"
)
def wholes(data: U1, first: I8, last: I8, at: I8, width: I8, values: I8, good: U1) -> None:
    """Whole numbers at several places of lines; ``good`` is 0 where one of them is missing or bad."""
    for row in range(first.size):
        good[row] = 1
        for k in range(at.size):
            a = first[row] + at[k]
            b = min(a + width[k], last[row])
            value, status = whole(data, a, b) if a < b else (0, BAD)
            values[row, k] = value
            if status != 1:
                good[row] = 0


@inline
def _put(out: U1, at: int, value: int, decimals: int, width: int) -> int:
    """Write a number of fixed decimals without a zero before the point; -1 where it is too wide."""
    rest = abs(value)
    i = at + width - 1
    for _ in range(decimals):
        out[i] = 48 + rest % 10
        rest //= 10
        i -= 1
    out[i] = 46
    i -= 1
    while rest > 0 and i >= at:
        out[i] = 48 + rest % 10
        rest //= 10
        i -= 1
    if rest > 0 or (value < 0 and i < at):
        return -1
    if value < 0:
        out[i] = 45
    return 0


@inline
def _integer(data: U1, first: int, last: int) -> tuple[int, int]:
    """Whole number from a byte on, and the byte after it; -1 for that where there is none."""
    p = first
    negative = p < last and data[p] == 45
    if negative:
        p += 1
    start, value = p, np.int64(0)
    while p < last and 48 <= data[p] <= 57:
        value = value * 10 + (data[p] - 48)
        p += 1
    if p == start or p - start > 16:
        return 0, -1
    return int(-value if negative else value), p


@inline
def _summed(coded: int, order: int, terms: I8, arcs: NDArray[np.int8], slot: int, k: int) -> bool:
    """Value from a difference of its order: the first term; arcs hold the known differences and the order.

    ``order`` is that of a new arc, else -1. Returns whether there was an arc to go on with.
    """
    if order >= 0:
        arcs[slot, k, 0], arcs[slot, k, 1] = 0, order
        terms[slot, k, 0] = coded
        return True
    known = arcs[slot, k, 0]
    if known < 0:
        return False
    if known < arcs[slot, k, 1]:
        known += 1
        arcs[slot, k, 0] = known
    terms[slot, k, known] = coded
    for j in range(known, 0, -1):
        terms[slot, k, j - 1] += terms[slot, k, j]
    return True


@kernel(
    "void(Array(uint8, 1, 'C', readonly=True), int64[::1], int64[::1], int64[::1], int64[:, :, ::1], "
    "int8[:, :, ::1], uint8[:, ::1], int64[::1], uint8[::1], int64[::1])"
)
def expand(
    data: U1, first: I8, last: I8, codes: I8, terms: I8, arcs: NDArray[np.int8], flags: U1, seen: I8, out: U1,
    state: I8,
) -> None:  # fmt: skip
    """Compact RINEX 3 to RINEX: epochs of flag 0 and 1 (Y. Hatanaka, Bulletin of the GSI 55, 2008).

    ``codes`` counts codes by system letter; the last rows of ``terms`` and ``arcs`` are the clock's.
    ``state`` is (line, bytes written up to the last whole epoch); stops at what it does not understand.
    """
    head = np.full(41 + 3 * 100, 32, np.uint8)
    clock = terms.shape[0] - 1
    line, w, epoch = state[0], state[1], 0
    while line < first.size:
        a, b = first[line], last[line]
        if b - a > head.size or b == a:
            return
        fresh = data[a] == 62
        if fresh:
            head[:] = 32
            seen[:] = -2
        elif epoch == 0:
            return
        for i in range(b - a):
            c = data[a + i]
            if c == 38:
                head[i] = 32
            elif c != 32:
                head[i] = c
        count, good = whole(head, 32, 35)
        if head[0] != 62 or head[31] not in (48, 49) or good != 1 or count < 0 or count > 100:
            return
        if line + 1 + count >= first.size or w + 80 > out.size:
            return
        size = w
        out[size : size + 56] = 32
        for i in range(35):
            out[size + i] = head[i]
        line += 1
        a, b = first[line], last[line]
        if b > a:
            order = -1
            if b - a > 2 and data[a + 1] == 38:
                order = data[a] - 48
                a += 2
            value, p = _integer(data, a, b)
            if p != b or order > 5 or not _summed(value, order, terms, arcs, clock, 0):
                return
            if _put(out, size + 41, terms[clock, 0, 0], 12, 15) < 0:
                return
            size += 56
        else:
            arcs[clock, 0, 0] = -1
            size += 35
        out[size] = 10
        size += 1
        line += 1
        for n in range(count):
            letter = head[41 + 3 * n]
            number, good = whole(head, 42 + 3 * n, 44 + 3 * n)
            total = codes[letter]
            if good != 1 or number < 0 or total < 1 or size + 4 + 16 * total > out.size:
                return
            slot = (letter - 65) * 100 + number
            if seen[slot] != epoch - 1:
                arcs[slot, :, 0] = -1
                flags[slot, :] = 32
            seen[slot] = epoch
            out[size : size + 3 + 16 * total] = 32
            for i in range(3):
                out[size + i] = head[41 + 3 * n + i]
            p, b = first[line], last[line]
            for k in range(total):
                if p >= b or data[p] == 32:
                    arcs[slot, k, 0] = -1
                    p += 1
                    continue
                order = -1
                if p + 1 < b and data[p + 1] == 38:
                    order = data[p] - 48
                    p += 2
                value, p = _integer(data, p, b)
                if p < 0 or order > 5 or (p < b and data[p] != 32):
                    return
                if not _summed(value, order, terms, arcs, slot, k):
                    return
                if _put(out, size + 3 + 16 * k, terms[slot, k, 0], 3, 14) < 0:
                    return
                p += 1
            for i in range(min(b - p, 2 * total)):
                c = data[p + i]
                if c == 38:
                    flags[slot, i] = 32
                elif c != 32:
                    flags[slot, i] = c
            for k in range(total):
                out[size + 17 + 16 * k] = flags[slot, 2 * k]
                out[size + 18 + 16 * k] = flags[slot, 2 * k + 1]
            end = size + 3 + 16 * total
            while end > size and out[end - 1] == 32:
                end -= 1
            out[end] = 10
            size = end + 1
            line += 1
        epoch += 1
        w = size
        state[0], state[1] = line, w
