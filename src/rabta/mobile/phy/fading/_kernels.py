"""Compiled kernels of fading: scattered waves over time, and samples through moving taps; see `reference`."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel
from rabta.radio.ntn._kernels import _uniform

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
U8 = NDArray[np.uint64]
C16 = NDArray[np.complex128]

TURN = 2.0 * math.pi
LANES = 8
AGAIN = 512  # blocks of lanes between two exact phases


@kernel("void(uint64, i8, f8, f8, f8[::1], f8, i8, f8[::1], f8[::1])")
def _wave(
    key: np.uint64, number: int, waves: float, doppler: float, times: F8, step: float, count: int,
    real: F8, imaginary: F8,
) -> None:  # fmt: skip
    """Add one wave of a tap to the times; ``step`` is 0 where these are not evenly spaced."""
    angle = TURN * (number + _uniform(key, 2 * number)) / waves
    phase = _uniform(key, 2 * number + 1)
    hertz = doppler * math.cos(angle)
    if step == 0.0:
        for t in range(count):
            turns = phase + hertz * times[t]
            turns = TURN * (turns - math.floor(turns))
            real[t] += math.cos(turns)
            imaginary[t] += math.sin(turns)
        return
    lane_r, lane_i = np.empty(LANES), np.empty(LANES)
    for i in range(LANES):
        lane_r[i], lane_i[i] = math.cos(TURN * hertz * step * i), math.sin(TURN * hertz * step * i)
    turn_r, turn_i = math.cos(TURN * hertz * step * LANES), math.sin(TURN * hertz * step * LANES)
    at_r, at_i = 1.0, 0.0
    for block in range((count + LANES - 1) // LANES):
        first = block * LANES
        if block % AGAIN == 0:
            turns = phase + hertz * times[first]
            turns = TURN * (turns - math.floor(turns))
            at_r, at_i = math.cos(turns), math.sin(turns)
        for i in range(LANES):
            real[first + i] += at_r * lane_r[i] - at_i * lane_i[i]
            imaginary[first + i] += at_r * lane_i[i] + at_i * lane_r[i]
        at_r, at_i = at_r * turn_r - at_i * turn_i, at_r * turn_i + at_i * turn_r


@kernel("void(i8, i8, uint64[:,::1], f8[::1], i8, f8, f8[::1], f8, complex64[:,:,:,::1])")
def scatter(
    first: int, last: int, key: U8, amplitude: F8, waves: int, doppler: float, times: F8, step: float,
    out: NDArray[np.complex64],
) -> None:  # fmt: skip
    """Scattered taps of links ``first`` to ``last``, shape (link, time, tap, pair).

    ``key`` has shape (link, tap x pair); ``amplitude`` is that of each tap. `reference.scatter`.
    """
    count, taps, pairs = out.shape[1], out.shape[2], out.shape[3]
    room = (count + LANES - 1) // LANES * LANES
    real, imaginary = np.empty(room), np.empty(room)
    for link in range(first, last):
        for tap in range(taps):
            scale = amplitude[tap] / math.sqrt(float(waves))
            if scale == 0.0:
                for t in range(count):
                    for pair in range(pairs):
                        out[link, t, tap, pair] = 0.0
                continue
            for pair in range(pairs):
                for t in range(room):
                    real[t] = 0.0
                    imaginary[t] = 0.0
                for number in range(waves):
                    _wave(key[link, tap * pairs + pair], number, float(waves), doppler, times, step, count,
                          real, imaginary)  # fmt: skip
                for t in range(count):
                    out[link, t, tap, pair] = complex(scale * real[t], scale * imaginary[t])
