"""Compiled kernels of fading: scattered waves over time, and samples through moving taps; see `reference`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel
from rabta.radio.ntn._kernels import _cosine, _uniform

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
U8 = NDArray[np.uint64]
C16 = NDArray[np.complex128]

TURN = 2.0 * math.pi
LANES = 8
BLOCK = 512  # times at once


@kernel("void(uint64, f8, f8[::1], f8[::1])")
def _waves(key: np.uint64, doppler: float, hertz: F8, phase: F8) -> None:
    """Doppler shifts, to 1e-9 of the largest, and phases in turns of the waves of a tap."""
    for n in range(hertz.size):
        hertz[n] = (n + _uniform(key, 2 * n)) / hertz.size
        phase[n] = _uniform(key, 2 * n + 1)
    for n in range(hertz.size):
        hertz[n] = doppler * _cosine(hertz[n])


@kernel("void(f8[::1], f8[::1], f8[::1], f8[::1], f8[::1])")
def _sum(hertz: F8, phase: F8, times: F8, real: F8, imaginary: F8) -> None:
    """Sum of waves at any times, to 7e-10 a wave."""
    for t in range(times.size):
        real[t], imaginary[t] = 0.0, 0.0
    for n in range(hertz.size):
        f, p = hertz[n], phase[n]
        for t in range(times.size):
            turns = p + f * times[t]
            real[t] += _cosine(turns)
            imaginary[t] += _cosine(turns - 0.25)


@kernel("void(i8, i8, uint64[:,::1], f8[::1], i8, f8, f8[::1], complex64[:,:,:,::1])")
def scatter(
    first: int, last: int, key: U8, amplitude: F8, waves: int, doppler: float, times: F8,
    out: NDArray[np.complex64],
) -> None:  # fmt: skip
    """Scattered taps of links ``first`` to ``last``, shape (link, time, tap, pair); `reference.scatter`.

    ``key`` has shape (link, tap x pair); ``amplitude`` is that of each tap.
    """
    count, taps, pairs = out.shape[1], out.shape[2], out.shape[3]
    room = min((count + LANES - 1) // LANES * LANES, BLOCK)
    real, imaginary, when = np.empty(room), np.empty(room), np.zeros(room)
    hertz, phase = np.empty(waves), np.empty(waves)
    for link in range(first, last):
        for tap in range(taps):
            scale = amplitude[tap] / math.sqrt(float(waves))
            for pair in range(pairs):
                _waves(key[link, tap * pairs + pair], doppler, hertz, phase)
                for begin in range(0, count, room):
                    end = min(begin + room, count)
                    for t in range(begin, end):
                        when[t - begin] = times[t]
                    if scale > 0.0:
                        _sum(hertz, phase, when, real, imaginary)
                    for t in range(begin, end):
                        value = complex(scale * real[t - begin], scale * imaginary[t - begin])
                        out[link, t, tap, pair] = value if scale > 0.0 else 0.0


@kernel("i8(f8[::1], f8, i8)")
def _piece(knots: F8, time: float, piece: int) -> int:
    """Piece of a spline that holds a time, from the last one on."""
    while piece < knots.size - 2 and time >= knots[piece + 1]:
        piece += 1
    return piece


@kernel("void(f8, i8, f8[::1])")
def _cubic(place: float, count: int, weight: F8) -> None:
    """First of four neighbours and their Lagrange weights, for a place on an even grid."""
    first = min(max(math.floor(place) - 1, 0), max(count - 4, 0))
    weight[4] = first
    x = place - first
    if count < 4:
        for i in range(4):
            weight[i] = 0.0
        weight[0] = 1.0
        return
    weight[0] = -(x - 1.0) * (x - 2.0) * (x - 3.0) / 6.0
    weight[1] = x * (x - 2.0) * (x - 3.0) / 2.0
    weight[2] = -x * (x - 1.0) * (x - 3.0) / 2.0
    weight[3] = x * (x - 1.0) * (x - 2.0) / 6.0


@kernel("void(f8[::1], f8[::1], f8[::1], i8, f8[::1])")
def _dot(row: F8, real: F8, imaginary: F8, first: int, out: F8) -> None:
    """Weighted sum of neighbouring samples, in four lanes."""
    a0, a1, a2, a3 = 0.0, 0.0, 0.0, 0.0
    b0, b1, b2, b3 = 0.0, 0.0, 0.0, 0.0
    for j in range(0, row.size, 4):
        h0, h1, h2, h3 = row[j], row[j + 1], row[j + 2], row[j + 3]
        k = first + j
        a0 += h0 * real[k]
        a1 += h1 * real[k + 1]
        a2 += h2 * real[k + 2]
        a3 += h3 * real[k + 3]
        b0 += h0 * imaginary[k]
        b1 += h1 * imaginary[k + 1]
        b2 += h2 * imaginary[k + 2]
        b3 += h3 * imaginary[k + 3]
    out[0], out[1] = (a0 + a1) + (a2 + a3), (b0 + b1) + (b2 + b3)


@kernel(
    "void(i8, i8, f8[:,::1], f8[:,::1], f8, f8, f8, f8[::1], f8[:,::1], complex128[:,:,:,::1], f8, f8,"
    "f8[::1], f8[:,::1], f8, complex128[:,::1])"
)
def move(  # noqa: C901, PLR0912
    begin: int, end: int, real: F8, imaginary: F8, rate: float, received: float, sent: float, delay: F8,
    table: F8, taps: C16, taps_at: float, taps_rate: float, knots: F8, pieces: F8, carrier: float, out: C16,
) -> None:  # fmt: skip
    """Samples ``begin`` to ``end`` of what arrives, shape (receive, sample); `reference.move`.

    Samples sent have shape (transmit, LENGTH + n + LENGTH), zeros around them. ``taps`` has shape (time, tap,
    receive, transmit) and starts at ``taps_at``.
    """
    length, phases = table.shape[1], table.shape[0] - 1
    inside = real.shape[1] - 2 * length
    gain = np.empty((taps.shape[1], taps.shape[2], taps.shape[3]), np.complex128)
    row, weight, sample = np.empty(length), np.empty(5), np.empty(2)
    changing = taps.shape[0] > 1
    piece = 0
    for k in range(begin, end):
        time = received + k / rate
        for receive in range(out.shape[0]):
            out[receive, k] = 0.0
        piece = _piece(knots, time, piece)
        x = time - knots[piece]
        common = ((pieces[0, piece] * x + pieces[1, piece]) * x + pieces[2, piece]) * x
        turns = carrier * ((pieces[3, piece] - pieces[3, 0]) + common)
        common += pieces[3, piece]
        turns = -TURN * (turns - math.floor(turns))
        turned = complex(math.cos(turns), math.sin(turns))
        if changing or k == begin:
            _cubic((time - taps_at) * taps_rate, taps.shape[0], weight)
            n = int(weight[4])
            for tap in range(taps.shape[1]):
                for receive in range(taps.shape[2]):
                    for transmit in range(taps.shape[3]):
                        if changing:
                            total = weight[0] * taps[n, tap, receive, transmit]
                            for i in range(1, 4):
                                total += weight[i] * taps[n + i, tap, receive, transmit]
                            gain[tap, receive, transmit] = total
                        else:
                            gain[tap, receive, transmit] = taps[0, tap, receive, transmit]
        for tap in range(taps.shape[1]):
            place = (received - sent - common - delay[tap]) * rate + k
            at = math.floor(place)
            first = at + length // 2 + 1
            if first < 0 or first > inside + length:
                continue
            phase = (place - at) * phases
            number = min(int(phase), phases - 1)
            share = phase - number
            for j in range(length):
                row[j] = table[number, j] + share * (table[number + 1, j] - table[number, j])
            for transmit in range(taps.shape[3]):
                _dot(row, real[transmit], imaginary[transmit], first, sample)
                value = turned * complex(sample[0], sample[1])
                for receive in range(taps.shape[2]):
                    out[receive, k] += gain[tap, receive, transmit] * value


@kernel("void(f8[::1], f8[::1], f8[::1], i8, i8, f8[::1], f8[::1])")
def _filter(
    row: F8, real: F8, imaginary: F8, first: int, count: int, real_out: F8, imaginary_out: F8
) -> None:
    """Weighted sums around ``count`` samples, from ``first`` on."""
    for k in range(count):
        real_out[k], imaginary_out[k] = 0.0, 0.0
    for j in range(row.size):
        h = row[j]
        for k in range(count):
            real_out[k] += h * real[first + j + k]
            imaginary_out[k] += h * imaginary[first + j + k]


@kernel(
    "void(i8, i8, f8[:,::1], f8[:,::1], f8, f8, f8, f8[::1], f8[:,::1], complex128[:,:,:,::1], f8, f8,"
    "complex128[:,::1])"
)
def stay(  # noqa: C901, PLR0912
    begin: int, end: int, real: F8, imaginary: F8, rate: float, received: float, sent: float, delay: F8,
    table: F8, taps: C16, taps_at: float, taps_rate: float, out: C16,
) -> None:  # fmt: skip
    """`move` without a track: delays that stay are filters, taken by blocks."""
    length, phases, block = table.shape[1], table.shape[0] - 1, 128
    inside = real.shape[1] - 2 * length
    row, weight, place_at = np.empty(length), np.empty((block, 4)), np.empty(block, np.int64)
    one, near = np.empty(5), np.empty(block + length)
    real_value, imaginary_value, far = np.empty(block), np.empty(block), np.empty(block + length)
    for first_out in range(begin, end, block):
        count = min(block, end - first_out)
        for k in range(count):
            _cubic((received + (first_out + k) / rate - taps_at) * taps_rate, taps.shape[0], one)
            place_at[k] = int(one[4])
            for i in range(4):
                weight[k, i] = one[i]
            for receive in range(out.shape[0]):
                out[receive, first_out + k] = 0.0
        for tap in range(taps.shape[1]):
            place = (received - sent - delay[tap]) * rate
            at = math.floor(place)
            number = min(int((place - at) * phases), phases - 1)
            share = (place - at) * phases - number
            for j in range(length):
                row[j] = table[number, j] + share * (table[number + 1, j] - table[number, j])
            start = at + first_out + length // 2 + 1
            if start + count + length <= 0 or start >= inside + 2 * length:
                continue
            for transmit in range(taps.shape[3]):
                for k in range(count + length):
                    known = 0 <= start + k < inside + 2 * length
                    near[k] = real[transmit, start + k] if known else 0.0
                    far[k] = imaginary[transmit, start + k] if known else 0.0
                _filter(row, near, far, 0, count, real_value, imaginary_value)
                for receive in range(taps.shape[2]):
                    for k in range(count):
                        n = place_at[k]
                        gain = taps[n, tap, receive, transmit]
                        if taps.shape[0] > 1:
                            gain = weight[k, 0] * gain
                            for i in range(1, 4):
                                gain += weight[k, i] * taps[n + i, tap, receive, transmit]
                        out[receive, first_out + k] += gain * complex(real_value[k], imaginary_value[k])
