"""Compiled reading of text: lines, and numbers in fixed columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel
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
