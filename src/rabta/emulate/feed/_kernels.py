"""Lengths of routes that are held while their satellites move on."""
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]


@inline
def apart(place: F8, a: int, b: int) -> float:
    """Distance of two rows of places."""
    x, y, z = place[a, 0] - place[b, 0], place[a, 1] - place[b, 1], place[a, 2] - place[b, 2]
    return math.sqrt(x * x + y * y + z * z)


@kernel(
    "void(int64, int64, int32[:,:,::1], int32[:,:,::1], float64[:,:,::1], int64[:,::1], float64[:,:,::1])"
)
def held(first: int, last: int, entry: I4, table: I4, place: F8, ends: NDArray[np.int64], out: F8) -> None:
    """Length of the routes of each step at its begin and at its end, where the next step begins.

    Parameters
    ----------
    first, last : int
        Pairs that this call measures.
    entry : ndarray of int32, shape (time, site, site)
        First satellite from a site (last axis) to a goal; negative where there is no route.
    table : ndarray of int32, shape (time, site, satellite)
        Next hop towards a goal: a satellite, or beyond them the goal.
    place : ndarray, shape (time + 1, satellite + site, 3)
        Places of satellites, then of sites, in one frame.
    ends : ndarray of int64, shape (pair, 2)
        Sites of each pair, goal first.
    out : ndarray, shape (2, time, pair)
        Written: metres at the begin and at the end of each step; infinity where there is no route.
    """
    satellites = table.shape[2]
    for t in range(entry.shape[0]):
        for p in range(first, last):
            goal, site = ends[p, 0], ends[p, 1]
            at, node = satellites + site, entry[t, goal, site]
            begin, end = (0.0, 0.0) if node >= 0 else (math.inf, math.inf)
            while node >= 0:
                begin += apart(place[t], at, node)
                end += apart(place[t + 1], at, node)
                at = np.int64(node)
                node = table[t, goal, node] if node < satellites else np.int32(-1)
            out[0, t, p], out[1, t, p] = begin, end
