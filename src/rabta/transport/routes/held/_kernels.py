"""Compiled kernel: lasers that may be near one of their limits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]


@kernel("void(i8, i8, f8[:,:,::1], i4[:,::1], f8[:,::1], u1[:,::1])")
def near(first: int, last: int, position: F8, edges: I4, limit: F8, doubt: U1) -> None:
    """Mark links near a limit at steps from first to last.

    ``limit`` is of `rabta.transport.routes.held.lasers.limits`; the NumPy reference is ``near_reference``.
    """
    for t in range(first, last):
        for e in range(edges.shape[0]):
            a, b = edges[e, 0], edges[e, 1]
            ax, ay, az = position[t, a, 0], position[t, a, 1], position[t, a, 2]
            bx, by, bz = position[t, b, 0], position[t, b, 1], position[t, b, 2]
            dx, dy, dz = bx - ax, by - ay, bz - az
            square, here = dx * dx + dy * dy + dz * dz, ax * ax + ay * ay + az * az
            along = -(ax * dx + ay * dy + az * dz)
            found = square > limit[e, 0]
            if 0.0 < along < square:
                found = found or here - along * along / square < limit[e, 1]
            top = limit[e, 2]
            if top < 1.0:
                there = bx * bx + by * by + bz * bz
                found = found or az * az > top * here or bz * bz > top * there
            doubt[t, e] = 1 if found or not square < math.inf else 0
