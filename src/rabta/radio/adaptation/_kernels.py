"""Compiled loop of adaptive coding and modulation; `loop.follow_reference` is the same in NumPy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

LINKED, DELIVERED, SENT, IDEAL, OUTAGE, LAG, SWITCHES = range(7)
SUMS = 7


@inline
def step_of(threshold: F8, value: float) -> int:
    """Highest step whose threshold is reached, -1 below the first."""
    low, high = 0, len(threshold)
    while low < high:
        middle = (low + high) // 2
        if threshold[middle] <= value:
            low = middle + 1
        else:
            high = middle
    return low - 1


@kernel(
    "void(int64, int64, float32[:, ::1], float64[::1], float64[::1], int64[::1], int64, float64, float64,"
    " int8[:, ::1], float64[:, ::1], int64[:, ::1])"
)
def follow(
    first: int,
    last: int,
    cn_db: F4,
    threshold: F8,
    bits: F8,
    lag: NDArray[np.int64],
    every: int,
    margin: float,
    hysteresis: float,
    used: NDArray[np.int8],
    sums: F8,
    reach: NDArray[np.int64],
) -> None:
    """Modcod in use at every step of the links from `first` to `last`, and what came of it."""
    since = np.zeros(last - first, dtype=np.int64)
    for t in range(cn_db.shape[0]):
        for i in range(first, last):
            now = float(cn_db[t, i])
            if math.isnan(now):
                used[t, i] = -1
                continue
            before = int(used[t - 1, i]) if t > 0 else -1
            if before < 0:
                since[i - first] = t
            state = max(before, 0)
            told = t - lag[i]
            if told >= since[i - first] and told % every == 0:
                report = float(cn_db[told, i]) - margin
                down = max(step_of(threshold, report), 0)
                up = step_of(threshold, report - hysteresis)
                state = down if down < state else max(state, up)
            used[t, i] = state
            best = step_of(threshold, now)
            reach[i, best + 1] += 1
            sums[i, LINKED] += 1.0
            sums[i, SENT] += bits[state]
            if before >= 0 and state != before:
                sums[i, SWITCHES] += 1.0
            if best < 0:
                sums[i, OUTAGE] += 1.0
                continue
            sums[i, IDEAL] += bits[best]
            if best >= state:
                sums[i, DELIVERED] += bits[state]
            else:
                sums[i, LAG] += 1.0
