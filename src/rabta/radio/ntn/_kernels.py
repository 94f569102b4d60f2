"""Compiled kernels: large-scale links to many satellites, and fading of many links."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

# ruff: noqa: C901, PLR0912 (kernels: long loops stay in one compiled function)

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
U8 = NDArray[np.uint64]
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)
BLOCK = 512
TURN = 2.0 * math.pi


@inline
def _uniform(key: np.uint64, number: int) -> float:
    """`rabta.radio.ntn.field.uniform`."""
    z = key + np.uint64(number + 1) * GOLDEN
    z = (z ^ (z >> np.uint64(30))) * FIRST
    z = (z ^ (z >> np.uint64(27))) * SECOND
    z = z ^ (z >> np.uint64(31))
    return (float(z >> np.uint64(11)) + 0.5) * 1.1102230246251565e-16


@inline
def _normal(key: np.uint64, number: int) -> float:
    """`rabta.radio.ntn.field.normal`."""
    radius = math.sqrt(-2.0 * math.log(_uniform(key, 2 * number)))
    return radius * math.cos(TURN * _uniform(key, 2 * number + 1))


@inline
def _cosine(turns: float) -> float:
    """Cosine of a number of turns, to 3e-9: a polynomial, which the compiler makes into vectors."""
    x = turns - math.floor(turns + 0.5)
    y = (0.25 - abs(x)) * TURN
    z = y * y
    series = -2.5052108385441720e-8 * z + 2.7557319223985893e-6
    series = (series * z - 1.9841269841269841e-4) * z + 8.3333333333333333e-3
    return y * ((series * z - 1.6666666666666667e-1) * z + 1.0)


@kernel("void(f8[::1], f8[::1], f8[::1], f8[::1], f8[:,::1], f8[::1], i8)")
def _add_waves(x: F8, y: F8, z: F8, inverse: F8, wave: F8, out: F8, count: int) -> None:
    """Field of one stream at ``count`` places, `rabta.radio.ntn.field.evaluate`."""
    for i in range(count):
        out[i] = 0.0
    for w in range(wave.shape[0]):
        a, b, c, phase = wave[w, 0], wave[w, 1], wave[w, 2], wave[w, 3]
        for i in range(count):
            out[i] += _cosine((a * x[i] + b * y[i] + c * z[i]) * inverse[i] + phase)
    scale = math.sqrt(2.0 / wave.shape[0])
    for i in range(count):
        out[i] *= scale


@kernel(
    "void(i8, i8, f4[:,::1], f4[:,::1], i8[::1], f8[:,::1], f8[:,::1], f8[:,::1], f8[:,:,::1], f8[:,::1], "
    "f8[::1], u8[:,::1], f8[:,:,:,::1], f8, f8, f8[::1], f8[::1], b1[:,::1], f4[:,::1], f4[:,::1])"
)
def large_scale(
    first: int,
    last: int,
    elevation: F4,
    distance: F4,
    scenario: I8,
    place: F8,
    limit: F8,
    clutter: F8,
    sigma: F8,
    correlation: F8,
    los_correlation: F8,
    key: U8,
    wave: F8,
    constant: float,
    zenith_gas: float,
    flicker: F8,
    ionosphere: F8,
    los: NDArray[np.bool_],
    shadow: F4,
    loss: F4,
) -> None:
    """`rabta.radio.ntn.largescale.draw_reference`, for the satellites from ``first`` to ``last``.

    Places are worked on in blocks, so that a field needs no more memory than a block.
    """
    there = np.empty((4, BLOCK))
    state, fade = np.empty(BLOCK), np.empty(BLOCK)
    for s in range(first, last):
        for start in range(0, scenario.size, BLOCK):
            count = min(BLOCK, scenario.size - start)
            if wave.shape[2] > 0:
                for i in range(count):
                    for axis in range(3):
                        there[axis, i] = place[start + i, axis]
                    there[3, i] = 1.0 / los_correlation[scenario[start + i]]
                _add_waves(there[0], there[1], there[2], there[3], wave[s, 0], state, count)
            else:
                for i in range(count):
                    state[i] = _normal(key[s, 0], start + i)
            for i in range(count):
                g = start + i
                seen = float(elevation[s, g])
                row = math.floor(seen / 10.0 + 0.5) - 1 if seen >= 10.0 else -1
                clear = row >= 0 and state[i] < limit[scenario[g], row]
                los[s, g] = clear
                there[3, i] = 1.0 / correlation[scenario[g], 1 if clear else 0]
            if wave.shape[2] > 0:
                _add_waves(there[0], there[1], there[2], there[3], wave[s, 1], fade, count)
            else:
                for i in range(count):
                    fade[i] = _normal(key[s, 1], start + i)
            for i in range(count):
                g = start + i
                seen = float(elevation[s, g])
                if not seen >= 10.0:
                    shadow[s, g] = np.nan
                    loss[s, g] = np.nan
                    continue
                row = math.floor(seen / 10.0 + 0.5) - 1
                clear = los[s, g]
                shadow[s, g] = sigma[scenario[g], 1 if clear else 0, row] * fade[i]
                total = constant + 20.0 * math.log10(float(distance[s, g]) * 1e3)
                total += zenith_gas / math.sin(seen * TURN / 360.0) + flicker[row] + ionosphere[g]
                if not clear:
                    total += clutter[scenario[g], row]
                loss[s, g] = total + shadow[s, g]
