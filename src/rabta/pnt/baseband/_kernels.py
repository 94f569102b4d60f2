"""Compiled inner loops of acquisition and tracking; `reference` holds the same in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel

C64 = NDArray[np.complex64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I8 = NDArray[np.int8]
I64 = NDArray[np.int64]


@kernel("void(float32[::1], float32[::1], int64[::1], float32[:,::1])")
def spread(twice: F32, code: F32, shifts: I64, out: F32) -> None:
    """Products of a spectrum, turned by whole bins a row, with a code's; complex numbers as pairs.

    ``twice`` holds the spectrum two times, so that a turned one is a straight run.
    """
    for r in range(shifts.shape[0]):
        part, row = twice[2 * shifts[r] : 2 * shifts[r] + code.shape[0]], out[r]
        for k in range(code.shape[0] // 2):
            x, y, u, v = part[2 * k], part[2 * k + 1], code[2 * k], code[2 * k + 1]
            row[2 * k] = x * u - y * v
            row[2 * k + 1] = x * v + y * u


@kernel("void(float32[:,::1], int64, int64[::1], float32[:,::1])")
def gather(values: F32, size: int, turns: I64, power: F32) -> None:
    """Add squared magnitudes of the first ``size`` lags, each row turned by whole samples."""
    for r in range(values.shape[0]):
        t, row = turns[r] % size, power[r]
        part, rest = values[r, 2 * t : 2 * size], values[r, : 2 * t]
        for k in range(size - t):
            x, y = part[2 * k], part[2 * k + 1]
            row[k] += x * x + y * y
        for k in range(t):
            x, y = rest[2 * k], rest[2 * k + 1]
            row[size - t + k] += x * x + y * y


@kernel(
    "void(complex64[::1], int64[::1], int64[::1], float64[::1], float64, int8[::1], float64[::1], float64, "
    "float64[::1], complex128[:,::1])"
)
def correlate(
    samples: C64,
    first: I64,
    count: I64,
    phase: F64,
    turn: float,
    table: I8,
    start: F64,
    step: float,
    offsets: F64,
    out: NDArray[np.complex128],
) -> None:
    """Correlate runs of samples with a turned replica at several offsets.

    A run begins at sample ``first`` with the carrier at ``phase`` (cycles) and the replica at ``start``
    (slots of ``table``, which repeats); they advance by ``turn`` and ``step`` a sample. Samples outside of
    the record count as zero.
    """
    size = table.shape[0]
    w = complex(np.cos(2.0 * np.pi * turn), -np.sin(2.0 * np.pi * turn))
    for b in range(first.shape[0]):
        for k in range(offsets.shape[0]):
            out[b, k] = 0.0
        lo = max(0, -first[b])
        hi = min(count[b], samples.shape[0] - first[b])
        angle = phase[b] + turn * lo
        z = complex(np.cos(2.0 * np.pi * angle), -np.sin(2.0 * np.pi * angle))
        for i in range(lo, hi):
            v = samples[first[b] + i]
            x = complex(v.real, v.imag) * z
            z = z * w
            here = start[b] + step * i
            for k in range(offsets.shape[0]):
                at = int(np.floor(here + offsets[k])) % size
                if table[at] > 0:
                    out[b, k] += x
                else:
                    out[b, k] -= x


@kernel(
    "void(complex64[::1], complex128, float64, float64, float64, int8[::1], float64, float64, float64, "
    "int8[::1])"
)
def modulate(
    out: C64,
    weight: complex,
    phase: float,
    turn: float,
    bend: float,
    table: I8,
    start: float,
    step: float,
    code_bend: float,
    signs: I8,
) -> None:
    """Add a turned code: ``table`` (slots) repeats, each repetition with the next of ``signs``, which repeat.

    At sample n the carrier is at ``phase + turn n + bend n^2 / 2`` (cycles), the code at
    ``start + step n + code_bend n^2 / 2`` (slots).
    """
    size, count = table.shape[0], signs.shape[0]
    for first in range(0, out.shape[0], 256):
        at = phase + turn * first + 0.5 * bend * first * first
        now = 2.0 * np.pi * (at - np.floor(at))
        z = complex(np.cos(now), np.sin(now)) * weight
        rate = 2.0 * np.pi * (turn + bend * (first + 128))
        w = complex(np.cos(rate), np.sin(rate))
        for n in range(first, min(first + 256, out.shape[0])):
            slot = int(np.floor(start + step * n + 0.5 * code_bend * n * n))
            period = slot // size
            sign = table[slot - period * size] * signs[period % count]
            if sign > 0:
                out[n] += np.complex64(z)
            else:
                out[n] -= np.complex64(z)
            z *= w
