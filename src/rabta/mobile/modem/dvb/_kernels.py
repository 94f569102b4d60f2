"""Compiled soft decisions, matched filter and correlation with the frame's start."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

REAL = np.float32
UINT = np.uint64
BLOCK = 64
FAR = np.float32(1e30)


@kernel("void(float32[::1], float32[::1], float32, float32[:,::1])")
def demodulate(symbols: F4, table: F4, certainty: np.float32, ratios: F4) -> None:
    """Max-log ratios of the bits of symbols (real and imaginary parts in turn), shape (bit, symbol).

    Works on 64 symbols at a time, point by point, so that the compiler has vectors to work on.
    """
    order, count = ratios.shape[0], ratios.shape[1]
    real, imag, distance = np.empty(BLOCK, REAL), np.empty(BLOCK, REAL), np.empty(BLOCK, REAL)
    zero, one = np.empty((order, BLOCK), REAL), np.empty((order, BLOCK), REAL)
    for start in range(0, count, BLOCK):
        n = min(BLOCK, count - start)
        for i in range(BLOCK):
            at = 2 * (start + min(i, n - 1))
            real[i], imag[i] = symbols[at], symbols[at + 1]
        for b in range(order):
            for i in range(BLOCK):
                zero[b, i], one[b, i] = FAR, FAR
        for p in range(table.shape[0] // 2):
            x, y = table[2 * p], table[2 * p + 1]
            for i in range(BLOCK):
                u, v = real[i] - x, imag[i] - y
                distance[i] = u * u + v * v
            for b in range(order):
                near = one[b] if p >> (order - 1 - b) & 1 else zero[b]
                for i in range(BLOCK):
                    near[i] = min(near[i], distance[i])
        for b in range(order):
            for i in range(n):
                ratios[b, start + i] = (one[b, i] - zero[b, i]) * certainty


@kernel("void(float32[::1], float32[:,::1], float64[::1], float32[::1])")
def filter_at(samples: F4, bank: F4, times: F8, made: F4) -> None:
    """Output of a filter at times (in samples), from samples whose parts stand in turn.

    ``bank`` has a row for each part of a sample that the time may lie past one; every tap twice. Times before
    the first or after the last sample that the filter needs must not occur.
    """
    phases, width = bank.shape[0] - 1, bank.shape[1]
    acc = np.empty(16, REAL)
    for i in range(times.shape[0]):
        whole = int(np.floor(times[i]))
        phase = int((times[i] - whole) * phases + 0.5)
        base, taps = UINT(2 * whole), bank[phase]
        for lane in range(16):
            acc[lane] = REAL(0.0)
        for t in range(UINT(0), UINT(width), UINT(16)):
            for lane in range(UINT(16)):
                acc[lane] += taps[t + lane] * samples[base + t + lane]
        x, y = REAL(0.0), REAL(0.0)
        for lane in range(8):
            x += acc[2 * lane]
            y += acc[2 * lane + 1]
        made[2 * i], made[2 * i + 1] = x, y


@kernel("void(float32[::1], float32[::1], int64[::1], float32[::1], float32[::1])")
def correlate(real: F4, imag: F4, delays: NDArray[np.int64], signs: F4, made: F4) -> None:
    """Sums of two complex series at delays with signs, parts apart: real sums, then imaginary ones.

    ``made`` has twice the places; the caller sees to it that the last delay stays inside.
    """
    count = UINT(made.shape[0] // 2)
    for i in range(UINT(made.shape[0])):
        made[i] = REAL(0.0)
    for d in range(delays.shape[0]):
        at, s = UINT(delays[d]), signs[d]
        for i in range(count):
            made[i] += s * real[at + i]
        for i in range(count):
            made[count + i] += s * imag[at + i]
