"""The mean annual reference atmosphere of P.835 up to 60 km and tables of it for the rays of P.528."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.gas import lines
from rabta.radio.itu import wet_refractivity

Array = NDArray[np.float64]

VAPOUR_G_M3 = 7.5  # at the ground, P.835 mean annual global reference
SCALE_KM = 2.0
TROPOPAUSE_KM = 6356.766 * 11.0 / (6356.766 - 11.0)  # geopotential 11 km as a geometric height
TOP_KM = 60.0  # scattering over 1,800 km happens at up to 56 km
# Intervals below and above the tropopause: of the refractivity, whose steps bend the rays, and of the gases.
INTERVALS = (400, 400)
GAS_INTERVALS = (56, 40)
# Geopotential height in km, temperature in K, pressure in hPa at the foot of a layer, K/km in it.
_LAYERS = (
    *((0.0, 288.15, 1013.25, -6.5), (11.0, 216.65, 226.3226, 0.0), (20.0, 216.65, 54.74980, 1.0)),
    *((32.0, 228.65, 8.680422, 2.8), (47.0, 270.65, 1.109106, 0.0), (51.0, 270.65, 0.6694167, -2.8)),
)


@dataclass(frozen=True)
class Tables:
    """What the compiled rays read.

    Attributes
    ----------
    grid : ndarray
        Rows (tropopause in km, intervals below it, intervals a km below and above it) of both tables.
    counts : ndarray
        Intervals of the table of gases below and above the tropopause.
    index : ndarray
        Cubics of the refractivity, shape (intervals, 4).
    lines, state, centres : ndarray
        Absorption lines at the heights: see `line_tables`.
    """

    grid: Array
    counts: NDArray[np.int64]
    index: Array
    lines: Array
    state: Array
    centres: Array


def state(height_km: ArrayLike) -> tuple[Array, Array, Array]:
    """Temperature in K, pressure and vapour pressure in hPa.

    Notes
    -----
    ITU-R P.835, mean annual global reference atmosphere, equations (1) to (3), (6) and (7), to 60 km. P.676
    calls its argument the pressure of dry air; P.528-5 puts P.835's pressure there, and so do we.

    Examples
    --------
    >>> t, p, e = state([0.0, 15.0])
    >>> t.round(2).tolist(), p.round(2).tolist(), e.round(3).tolist()
    ([288.15, 216.65], [1013.25, 121.12], [9.973, 0.004])
    """
    z = np.asarray(height_km, dtype=np.float64)
    h = 6356.766 * z / (6356.766 + z)
    foot, kelvin, hpa, slope = np.array(_LAYERS)[np.searchsorted([row[0] for row in _LAYERS][1:], h)].T
    t = kelvin.T + slope.T * (h - foot.T)
    steep = np.where(slope.T == 0.0, 1.0, slope.T)
    power = hpa.T * (kelvin.T / t) ** (34.1632 / steep)
    p = np.where(slope.T == 0.0, hpa.T * np.exp(-34.1632 * (h - foot.T) / kelvin.T), power)
    rho = np.maximum(VAPOUR_G_M3 * np.exp(-z / SCALE_KM), 2e-6 * 216.7 * p / t)
    return t, p, np.asarray(rho * t / 216.7)


def refractivity(height_km: ArrayLike) -> Array:
    """Radio refractivity in N-units. ITU-R P.453, with 77.6 for dry air as in P.676."""
    t, p, e = state(height_km)
    return np.asarray(77.6 * p / t + wet_refractivity(e, t))


def line_tables(height_km: Array) -> tuple[Array, Array, Array]:
    """Lines of P.676, Annex 1, at heights; what does not depend on frequency.

    Returns
    -------
    lines : ndarray
        Strength over centre, width, overlap: shape (lines, 3, heights). Equations (3), (6), (7).
    state : ndarray
        Debye width, its second term and factor, equations (8), (9): shape (3, heights).
    centres : ndarray
        GHz, shape (lines,).
    """
    t, p, e = state(height_km)
    theta = 300.0 / t
    (f0, a1, a2, a3, a4, a5, a6), (g0, b1, b2, b3, b4, b5, b6) = (x.T[..., None] for x in lines())
    oxygen = a1 * 1e-7 * p * theta**3 * np.exp(a2 * (1.0 - theta)) / f0
    width = a3 * 1e-4 * (p * theta ** (0.8 - a4) + 1.1 * e * theta)
    overlap = (a5 + a6 * theta) * 1e-4 * (p + e) * theta**0.8
    water = b1 * 0.1 * e * theta**3.5 * np.exp(b2 * (1.0 - theta)) / g0
    wide = b3 * 1e-4 * (p * theta**b4 + b5 * e * theta**b6)
    wide = 0.535 * wide + np.sqrt(0.217 * wide**2 + 2.1316e-12 * g0**2 / theta)
    dry = np.stack([oxygen, np.sqrt(width**2 + 2.25e-6), overlap], axis=1)
    wet = np.stack([water, wide, np.zeros_like(wide)], axis=1)
    debye = np.stack([5.6e-4 * (p + e) * theta**0.8, 1.4e-12 * p * theta**1.5, p * theta**2])
    centres = np.concatenate([f0[:, 0], g0[:, 0]])
    return np.ascontiguousarray(np.concatenate([dry, wet])), debye, centres


@cache
def tables() -> Tables:
    """Tables of the refractivity and of the lines, made once."""
    from rabta.radio.air._rays import cubics

    fine, coarse = _heights(INTERVALS), _heights(GAS_INTERVALS)
    index = np.empty((sum(INTERVALS), 4))
    cubics(refractivity(fine), np.array(INTERVALS), index)
    span = np.array([TROPOPAUSE_KM, TOP_KM - TROPOPAUSE_KM])
    grid = np.array([(TROPOPAUSE_KM, n[0], *(n / span)) for n in (INTERVALS, GAS_INTERVALS)])
    return Tables(grid, np.array(GAS_INTERVALS), index, *line_tables(coarse))


def _heights(intervals: tuple[int, int]) -> Array:
    low = np.linspace(0.0, TROPOPAUSE_KM, intervals[0] + 1)
    return np.concatenate([low, np.linspace(TROPOPAUSE_KM, TOP_KM, intervals[1] + 1)])
