"""Two constellations over one place, step by step, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel, prange


@kernel(
    "void(f8[::1],f8[::1],f8[:,:,::1],f8[:,:,::1],f8,f8,f8[::1],f8,i8[::1],f8[::1],f8[::1],f8[::1])",
    parallel=True,
)
def over_place(
    place: Any, up: Any, wanted: Any, other: Any, low_wanted: float, low_other: float,
    table: Any, step: float, serving: Any, chord: Any, carrier: Any, interference: Any,
) -> None:  # fmt: skip
    """The highest wanted satellite, and what the others in view add through the receiving antenna.

    Parameters
    ----------
    place, up : (3,)
        Position (m) and its vertical.
    wanted, other : (t, n, 3) and (t, m, 3)
        Satellites (m, fixed to the Earth).
    low_wanted, low_other : float
        Sines of the least elevations.
    table, step
        Receiving gain, relative to the axis, by chord between directions.
    serving, chord, carrier, interference : (t,)
        Written: index or -1, chord to the nearest other satellite, 1/range^2, sum of gain/range^2 (per m^2).
    """
    last = table.shape[0] - 1
    for t in prange(wanted.shape[0]):
        best, top = -1, low_wanted
        wx, wy, wz, wr2 = 0.0, 0.0, 0.0, 1.0
        for i in range(wanted.shape[1]):
            x, y, z = wanted[t, i, 0] - place[0], wanted[t, i, 1] - place[1], wanted[t, i, 2] - place[2]
            r2 = x * x + y * y + z * z
            r = r2**0.5
            sine = (x * up[0] + y * up[1] + z * up[2]) / r
            if sine >= top:
                best, top = i, sine
                wx, wy, wz, wr2 = x / r, y / r, z / r, r2
        serving[t] = best
        nearest, total = np.inf, 0.0
        for i in range(other.shape[1]):
            if best < 0:
                break
            x, y, z = other[t, i, 0] - place[0], other[t, i, 1] - place[1], other[t, i, 2] - place[2]
            r2 = x * x + y * y + z * z
            r = r2**0.5
            if (x * up[0] + y * up[1] + z * up[2]) / r < low_other:
                continue
            dx, dy, dz = x / r - wx, y / r - wy, z / r - wz
            far = (dx * dx + dy * dy + dz * dz) ** 0.5
            nearest = min(nearest, far)
            at = far / step
            k = int(at)
            gain = table[last] if k >= last else table[k] + (at - k) * (table[k + 1] - table[k])
            total += gain / r2
        chord[t] = nearest
        carrier[t] = 1.0 / wr2 if best >= 0 else 0.0
        interference[t] = total


def over_place_reference(
    place: NDArray[np.float64], up: NDArray[np.float64], wanted: NDArray[np.float64],
    other: NDArray[np.float64], low_wanted: float, low_other: float, table: NDArray[np.float64], step: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """`over_place` in NumPy."""
    to, across = wanted - place, other - place
    far, away = np.linalg.norm(to, axis=2), np.linalg.norm(across, axis=2)
    sine = to @ up / far
    rows = np.arange(len(wanted))
    best = sine.argmax(axis=1)
    seen = sine[rows, best] >= low_wanted
    axis = (to / far[..., None])[rows, best]
    chord = np.linalg.norm(across / away[..., None] - axis[:, None, :], axis=2)
    in_view = (across @ up / away >= low_other) & seen[:, None]
    gain = np.interp(chord / step, np.arange(len(table)), table)
    nearest = np.where(in_view, chord, np.inf).min(axis=1)
    total = np.where(in_view, gain / away**2, 0.0).sum(axis=1)
    return np.where(seen, best, -1), nearest, np.where(seen, 1.0 / far[rows, best] ** 2, 0.0), total
