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
U8 = NDArray[np.uint8]


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


@kernel("void(float32[::1])")
def _hadamard(row: F32) -> None:
    """Walsh-Hadamard transform of 64 values, in place."""
    span = 1
    while span < 64:
        for first in range(0, 64, 2 * span):
            for k in range(first, first + span):
                a, b = row[k], row[k + span]
                row[k] = a + b
                row[k + span] = a - b
        span *= 2


@kernel("void(float32[::1], float32[:,::1])")
def _priors(ratios: F32, out: F32) -> None:
    """Probability of each element from its six bits' ratios, first bit the highest; shape (element, 64)."""
    for n in range(out.shape[0]):
        out[n, 0] = 1.0
        for b in range(6):  # of the lowest bit first, so that the row fills from its start
            r = max(np.float32(-30.0), min(np.float32(30.0), ratios[6 * n + 5 - b]))
            one = np.float32(1.0 / (1.0 + np.exp(r)))
            size = 1 << b
            for k in range(size):
                out[n, size + k] = out[n, k] * one
                out[n, k] *= np.float32(1.0) - one


@kernel("void(uint8[:,::1], uint8[:,::1], float32[:,::1], float32[:,::1])")
def _check_nodes(elements: U8, times: U8, inward: F32, outward: F32) -> None:
    """What each check says of each of its four elements: transforms of the other three, multiplied."""
    turned = np.empty((4, 64), np.float32)
    for r in range(elements.shape[0]):
        for j in range(4):
            h = elements[r, j]
            for k in range(64):
                turned[j, times[h, k]] = inward[4 * r + j, k]
            _hadamard(turned[j])
        for k in range(64):
            a, b, c, d = turned[0, k], turned[1, k], turned[2, k], turned[3, k]
            turned[0, k], turned[1, k], turned[2, k], turned[3, k] = (
                b * c * d,
                a * c * d,
                a * b * d,
                a * b * c,
            )
        for j in range(4):
            _hadamard(turned[j])
            h = elements[r, j]
            for k in range(64):
                outward[4 * r + j, k] = max(turned[j, times[h, k]], np.float32(1e-12))


@kernel("void(int64[:,::1], float32[:,::1], float32[:,::1], float32[:,::1], uint8[::1])")
def _variable_nodes(  # noqa: C901
    edges: I64, prior: F32, outward: F32, inward: F32, decided: U8
) -> None:
    """What each element of the word says to its checks, and the most probable value of each."""
    whole = np.empty(64, np.float32)
    for n in range(edges.shape[0]):
        for j in range(-1, edges.shape[1]):
            if j >= 0 and edges[n, j] < 0:
                continue
            for k in range(64):
                whole[k] = prior[n, k]
            for i in range(edges.shape[1]):
                if i != j and edges[n, i] >= 0:
                    total = np.float32(0.0)
                    for k in range(64):
                        whole[k] *= outward[edges[n, i], k]
                        total += whole[k]
                    for k in range(64):
                        whole[k] /= total
            if j < 0:
                decided[n] = np.argmax(whole)
            else:
                total = np.float32(0.0)
                for k in range(64):
                    total += whole[k]
                for k in range(64):
                    inward[edges[n, j], k] = whole[k] / total


@kernel(
    "void(uint8[:,::1], uint8[:,::1], int64[:,::1], uint8[:,::1], float32[:,::1], int64, uint8[:,::1], "
    "int64[::1])"
)
def ldpc(
    columns: U8,
    elements: U8,
    edges: I64,
    times: U8,
    ratios: F32,
    iterations: int,
    out: U8,
    used: I64,
) -> None:
    """Sum-product decoding of 64-ary words; `reference` in the tests."""
    checks = columns.shape[0]
    prior = np.empty((2 * checks, 64), np.float32)
    inward, outward = np.empty((4 * checks, 64), np.float32), np.ones((4 * checks, 64), np.float32)
    for w in range(ratios.shape[0]):
        _priors(ratios[w], prior)
        outward[:, :] = 1.0
        used[w] = iterations + 1
        for turn in range(iterations + 1):
            _variable_nodes(edges, prior, outward, inward, out[w])
            wrong = False
            for r in range(checks):
                total = 0
                for j in range(4):
                    total ^= times[elements[r, j], out[w, columns[r, j]]]
                wrong = wrong or total != 0
            if not wrong:
                used[w] = turn
                break
            if turn < iterations:
                _check_nodes(elements, times, inward, outward)
