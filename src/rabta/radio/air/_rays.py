"""Compiled rays through the reference atmosphere: P.835's air in P.676's layers, as P.528-5 uses them.

`rabta.radio.air.atmosphere` has the tables; `rabta.radio.air.reference` says the same plainly and slowly.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

Array = NDArray[np.float64]

EARTH_KM = 6371.0
GROWTH = math.exp(0.01)  # each layer is one per cent thicker than the one below
TANGENT_KM = 1e-3  # how near a ray's lowest point is found, as in the reference software
MOST_LAYERS = 1000


@kernel("void(float64[:,:,::1], float64[:,::1], float64[::1], float64, float64[::1])")
def absorb(lines: Array, state: Array, centres: Array, f: float, out: Array) -> None:
    """Specific attenuation in dB/km at the table's heights; `rabta.radio.air.atmosphere.line_tables`."""
    nodes = out.shape[0]
    for j in range(nodes):
        d = state[0, j]
        debye = 6.14e-5 / (d * (1.0 + (f / d) ** 2)) + state[1, j] / (1.0 + 1.9e-5 * f**1.5)
        out[j] = state[2, j] * debye
    for i in range(centres.shape[0]):
        below, above = centres[i] - f, centres[i] + f
        for j in range(nodes):
            width, overlap = lines[i, 1, j], lines[i, 2, j]
            low, high = below * below + width * width, above * above + width * width
            shape = (width - overlap * below) * high + (width - overlap * above) * low
            out[j] += lines[i, 0, j] * shape / (low * high)
    for j in range(nodes):
        out[j] *= 0.1820 * f * f


@kernel("void(float64[::1], int64[::1], float64[:,::1])")
def cubics(values: Array, counts: NDArray[np.int64], out: Array) -> None:
    """Cubic through the four nearest nodes of every interval, for each segment of an even table."""
    first, row = 0, 0
    for segment in range(counts.shape[0]):
        last = first + counts[segment]
        for i in range(counts[segment]):
            start = min(max(first + i - 1, first), last - 3)
            a, b, c, d = values[start], values[start + 1], values[start + 2], values[start + 3]
            s = float(first + i - start)
            c3 = (d - 3.0 * c + 3.0 * b - a) / 6.0
            c2 = (a - 2.0 * b + c) / 2.0 - 3.0 * c3
            c1 = b - a - c2 - c3
            out[row, 0] = a + s * (c1 + s * (c2 + s * c3))
            out[row, 1] = c1 + s * (2.0 * c2 + 3.0 * s * c3)
            out[row, 2] = c2 + 3.0 * s * c3
            out[row, 3] = c3
            row += 1
        first = last + 1


@inline
def table(cubic: Array, grid: Array, h: float) -> float:
    """Value at a height; the grid is (edge, intervals below it, intervals a km below and above it)."""
    x = h * grid[2] if h < grid[0] else grid[1] + (h - grid[0]) * grid[3]
    i = np.intp(x)
    t = x - i
    return float(cubic[i, 0] + t * (cubic[i, 1] + t * (cubic[i, 2] + t * cubic[i, 3])))


@kernel("int64(float64[:,::1], float64[:,::1], float64[:,::1], float64, float64, float64[:,::1])")
def layers(index: Array, gamma: Array, grid: Array, h1: float, h2: float, out: Array) -> int:
    """Layers between two heights: refractive index, specific attenuation, lower radius; their count.

    P.676, equations (14) and (16); a layer's air is that of its middle.
    """
    step = GROWTH - 1.0
    low = math.floor(100.0 * math.log(1e4 * h1 * step + 1.0) + 1.0)
    high = math.ceil(100.0 * math.log(1e4 * h2 * step + 1.0) + 1.0)
    bottom = math.exp((low - 1) / 100.0)
    m = GROWTH * step / (math.exp(high / 100.0) - math.exp(low / 100.0)) * (h2 - h1) if high > low else 0.0
    thickness, h = m * bottom, h1
    count = high - low
    for i in range(count):
        middle = h + thickness / 2.0
        out[0, i] = 1.0 + 1e-6 * table(index, grid[0], middle)
        out[1, i] = table(gamma, grid[1], middle)
        out[2, i] = EARTH_KM + h
        h += thickness
        thickness *= GROWTH
    out[2, count] = EARTH_KM + h2
    return int(count)


@kernel("UniTuple(float64, 2)(float64[:,::1], int64, float64)")
def slant(air: Array, count: int, sine: float) -> tuple[float, float]:
    """Length in km and absorption in dB of a ray that leaves the lowest layer at a zenith angle's sine.

    P.676, equations (13), (17) and (19).
    """
    length, loss = 0.0, 0.0
    invariant = air[0, 0] * air[2, 0] * sine
    for i in range(count):
        c = invariant / air[0, i]
        r, top = air[2, i], air[2, i + 1]
        start = max((r - c) * (r + c), 0.0)
        part = math.sqrt(start + (top - r) * (top + r)) - math.sqrt(start)
        length += part
        loss += part * air[1, i]
    return length, loss


@kernel("UniTuple(float64, 2)(float64[:,::1], int64, float64)")
def bend(air: Array, count: int, sine: float) -> tuple[float, float]:
    """Bending and the zenith angle at the top of the ray of `slant`, in radians.

    P.676, equations (18) and (22); the sine of a difference of nearly equal angles is taken for it.
    """
    bending = 0.0
    invariant = air[0, 0] * air[2, 0] * sine
    for i in range(count - 1):
        c, d, r = invariant / air[0, i], invariant / air[0, i + 1], air[2, i + 1]
        before, after = math.sqrt(max((r - c) * (r + c), 0.0)), math.sqrt(max((r - d) * (r + d), 0.0))
        bending += (d - c) * (d + c) / (d * before + c * after)
    c = invariant / air[0, count - 1]
    return bending, math.asin(min(1.0, c / air[2, count]))


@kernel("float64(float64[:,::1], float64[:,::1], float64, float64)")
def lowest(index: Array, grid: Array, h: float, sine: float) -> float:
    """Lowest height of a ray that leaves a terminal downwards. P.676, section 2.2.2."""
    start = (1.0 + 1e-6 * table(index, grid[0], h)) * (EARTH_KM + h) * sine
    tangent, step, over = h, h / 2.0, 1.0
    while True:
        tangent += step if over <= 0.0 else -step
        step /= 2.0
        over = (1.0 + 1e-6 * table(index, grid[0], tangent)) * (EARTH_KM + tangent) - start
        if abs(over) <= TANGENT_KM or step < 1e-9:
            return tangent
