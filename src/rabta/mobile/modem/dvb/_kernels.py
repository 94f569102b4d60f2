"""Compiled soft decisions, matched filter and correlation with the frame's start."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I4 = NDArray[np.int32]

REAL = np.float32
UINT = np.uint64
BLOCK = 64
FAR = np.float32(1e30)
LOG2E = np.float32(1.4426950408889634)


@kernel("void(float32[::1], float32[:,::1], float32, int32[::1], float32[::1], float32[::1], float32[:,::1])")
def _weigh(
    nearest: F4, distance: F4, certainty: np.float32, power: I4, scale: F4, weight: F4, sums: F4
) -> None:
    """Add the likelihoods of all points of a block to the sums of the bits' two values, shape (2 bits, 64).

    exp(-x) is 2 to a whole power, whose bits are those of ``scale`` seen as whole numbers (``power``), times
    a polynomial of the rest that is right to 2e-7; the compiler makes vectors of all loops.
    """
    order = sums.shape[0] // 2
    for b in range(2 * order):
        for i in range(BLOCK):
            sums[b, i] = REAL(0.0)
    for p in range(distance.shape[0]):
        row = distance[p]
        for i in range(BLOCK):
            y = min((row[i] - nearest[i]) * certainty, REAL(115.0))
            n = np.int32(y)
            f = y - REAL(n)
            power[i] = np.int32((np.int32(127) - n) << np.int32(23))
            g = REAL(0.00920918036) + f * REAL(-0.000946877029)
            g = REAL(0.240178956) + f * (REAL(-0.0552981197) + f * g)
            weight[i] = REAL(0.999999944) + f * (REAL(-0.693143135) + f * g)
        for i in range(BLOCK):
            weight[i] = weight[i] * scale[i]
        for b in range(order):
            near = sums[order + b] if p >> (order - 1 - b) & 1 else sums[b]
            for i in range(BLOCK):
                near[i] = near[i] + weight[i]


@kernel("void(int64, int64, float32[::1], float32[::1], float32, float32[:,::1])")
def demodulate(first: int, last: int, symbols: F4, table: F4, certainty: np.float32, ratios: F4) -> None:
    """Log-likelihood ratios of the bits of blocks of 64 symbols (parts in turn), shape (bit, symbol)."""
    order, count, points = ratios.shape[0], ratios.shape[1], table.shape[0] // 2
    real, imag, nearest = np.empty(BLOCK, REAL), np.empty(BLOCK, REAL), np.empty(BLOCK, REAL)
    distance, sums = np.empty((points, BLOCK), REAL), np.empty((2 * order, BLOCK), REAL)
    power, weight = np.empty(BLOCK, np.int32), np.empty(BLOCK, REAL)
    scale = power.view(np.float32)
    for start in range(first * BLOCK, min(last * BLOCK, count), BLOCK):
        n = min(BLOCK, count - start)
        for i in range(BLOCK):
            at = 2 * (start + min(i, n - 1))
            real[i], imag[i], nearest[i] = symbols[at], symbols[at + 1], FAR
        for p in range(points):
            x, y, row = table[2 * p], table[2 * p + 1], distance[p]
            for i in range(BLOCK):
                u, v = real[i] - x, imag[i] - y
                row[i] = u * u + v * v
            for i in range(BLOCK):
                nearest[i] = min(nearest[i], row[i])
        _weigh(nearest, distance, certainty * LOG2E, power, scale, weight, sums)
        for b in range(order):
            for i in range(n):
                ratios[b, start + i] = np.log(sums[b, i] / sums[order + b, i])


@kernel("void(int64, int64, float32[::1], float32[:,::1], float64[::1], float32[::1])")
def filter_at(first: int, last: int, samples: F4, bank: F4, times: F8, made: F4) -> None:
    """Output of a filter at times (in samples), from samples whose parts stand in turn.

    ``bank`` has a row for each part of a sample that the time may lie past one. Times that need others
    than the samples at hand must not occur.
    """
    phases, width = bank.shape[0] - 1, UINT(bank.shape[1])
    for i in range(first, last):
        whole = int(np.floor(times[i]))
        phase, base = UINT((times[i] - whole) * phases + 0.5), UINT(2 * whole)
        x, y, u, v = REAL(0.0), REAL(0.0), REAL(0.0), REAL(0.0)
        for t in range(UINT(0), width, UINT(2)):  # two sums apart, since each waits for itself
            h, g, at = bank[phase, t], bank[phase, t + UINT(1)], base + UINT(2) * t
            x += h * samples[at]
            y += h * samples[at + UINT(1)]
            u += g * samples[at + UINT(2)]
            v += g * samples[at + UINT(3)]
        made[2 * i], made[2 * i + 1] = x + u, y + v


@kernel("void(float32[::1], int64[::1], float64[::1], float32[::1])")
def unwind(samples: F4, edges: NDArray[np.int64], phases: F8, made: F4) -> None:
    """Turn samples back by a phase (in cycles) that runs straight from edge to edge."""
    for j in range(edges.shape[0] - 1):
        n = edges[j + 1] - edges[j]
        if n <= 0:
            continue
        start, step = -2.0 * np.pi * phases[j], -2.0 * np.pi * (phases[j + 1] - phases[j]) / n
        x, y, u, v = np.cos(start), np.sin(start), np.cos(step), np.sin(step)
        for i in range(edges[j], edges[j + 1]):
            a, b = samples[2 * i], samples[2 * i + 1]
            made[2 * i], made[2 * i + 1] = REAL(a * x - b * y), REAL(a * y + b * x)
            x, y = x * u - y * v, x * v + y * u


@kernel("void(float32[::1], float32[::1], float64, float64)")
def follow(symbols: F4, table: F4, noise: float, bandwidth: float) -> None:
    """Turn symbols, in place, by the phase that a loop of second order finds from what was likely sent.

    The error is measured against the mean of all points by their likelihood, which keeps it true where many
    decisions are wrong. Gains for a damping of 0.707 and the given noise bandwidth over the symbol rate.
    """
    natural = bandwidth / 0.53
    proportional, integral = 2.0 * 0.707 * natural, natural * natural
    phase, frequency = 0.0, 0.0
    count = table.shape[0] // 2
    distance = np.empty(count, np.float64)
    for i in range(symbols.shape[0] // 2):
        c, s = np.cos(phase), np.sin(phase)
        x, y = symbols[2 * i] * c + symbols[2 * i + 1] * s, symbols[2 * i + 1] * c - symbols[2 * i] * s
        symbols[2 * i], symbols[2 * i + 1] = REAL(x), REAL(y)
        nearest = 1e30
        for p in range(count):
            a, b = x - table[2 * p], y - table[2 * p + 1]
            distance[p] = a * a + b * b
            nearest = min(nearest, distance[p])
        u, v, total = 0.0, 0.0, 0.0
        for p in range(count):
            worse = (distance[p] - nearest) / noise
            if worse < 12.0:
                w = np.exp(-worse)
                u, v, total = u + w * table[2 * p], v + w * table[2 * p + 1], total + w
        error = (y * u - x * v) / total
        frequency += integral * error
        phase += frequency + proportional * error


@kernel("void(float32[::1], float32[::1], int64[::1], float32[::1], float32[::1])")
def correlate(real: F4, imag: F4, delays: NDArray[np.int64], signs: F4, made: F4) -> None:
    """Sums of two series at delays with signs: those of the first, then those of the second.

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
