"""Compiled Doppler positioning by many satellites of low orbit; `leo` holds the same in NumPy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel
from rabta.pnt.service._kernels import eliminate, invert

F8 = NDArray[np.float64]
F4 = NDArray[np.float32]
I4 = NDArray[np.int32]

FAR = 1e12  # m^2: no position


@inline
def _add(d: F8, axes: F8, velocity: F4, least: float, total: F8) -> bool:
    """Add the range rate of one satellite to the sums of `eliminate`; False where it is not in view."""
    rise = axes[2, 0] * d[0] + axes[2, 1] * d[1] + axes[2, 2] * d[2]
    if not rise > 0.0:
        return False
    far = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    along = (velocity[0] * d[0] + velocity[1] * d[1] + velocity[2] * d[2]) / far
    if rise < least * far or not math.isfinite(along):
        return False
    a0 = (velocity[0] - along * d[0] / far) / far
    a1 = (velocity[1] - along * d[1] / far) / far
    a2 = (velocity[2] - along * d[2] / far) / far
    x = -(axes[0, 0] * a0 + axes[0, 1] * a1 + axes[0, 2] * a2)
    y = -(axes[1, 0] * a0 + axes[1, 1] * a1 + axes[1, 2] * a2)
    z = -(axes[2, 0] * a0 + axes[2, 1] * a1 + axes[2, 2] * a2)
    total[0] += x * x
    total[1] += x * y
    total[2] += x * z
    total[3] += y * y
    total[4] += y * z
    total[5] += z * z
    total[6] += x
    total[7] += y
    total[8] += z
    total[9] += 1.0
    return True


@kernel("void(i8, i8, f8[:,::1], f8[:,:,::1], f4[:,:,::1], f4[:,:,::1], f8[::1], f8, i4[:,::1], f4[:,:,::1])")
def doppler(
    first: int, last: int, places: F8, axes: F8, position: F4, velocity: F4, least: F8, sigma: float,
    count: I4, out: F4,
) -> None:  # fmt: skip
    """Covariances of places ``first`` to ``last``: see `leo.covariance`."""
    total, n, q, d = np.zeros(10), np.zeros(6), np.zeros(6), np.zeros(3)
    variance = sigma * sigma
    for p in range(first, last):
        for t in range(position.shape[0]):
            total[:] = 0.0
            n[:] = 0.0
            for s in range(position.shape[1]):
                for k in range(3):
                    d[k] = position[t, s, k] - places[p, k]
                if _add(d, axes[p], velocity[t, s], least[s], total):
                    count[p, t] += 1
            out[p, t, :] = FAR
            if count[p, t] < 4:
                continue
            eliminate(total, n)
            if invert(n, q):
                out[p, t, 0], out[p, t, 1] = q[0] * variance, q[1] * variance
                out[p, t, 2], out[p, t, 3] = q[3] * variance, q[5] * variance
