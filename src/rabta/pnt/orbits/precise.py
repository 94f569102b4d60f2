"""Satellites from precise orbits (SP3) and clocks (SP3 or CLK), with the same output as broadcast ones."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.pnt.gnsstime import NS, Instants
from rabta.pnt.orbits.broadcast import States
from rabta.pnt.orbits.constants import EARTH_ROTATION, LIGHT_M_S

Array = NDArray[np.float64]
Index = NDArray[np.int64]

POINTS = 10  # a millimetre at 15 min, in a frame that does not turn: Schenewerk, GPS Solut. 6 (2003)
CLOCK_GAP_S = 900.0  # no clock across a longer gap than the orbits' own usual interval


class Orbits(Protocol):
    """Positions over time: what `precise` reads of an SP3 file (`rabta.pnt.products.sp3`)."""

    @property
    def times(self) -> Instants:
        """Instants, shape (time,), ascending."""

    @property
    def satellites(self) -> tuple[str, ...]:
        """Names such as ``C21``."""

    @property
    def position_m(self) -> Array:
        """Centre of mass, shape (time, satellite, 3); NaN where absent."""

    @property
    def clock_s(self) -> Array:
        """Clock offset, shape (time, satellite); NaN where absent."""


class Clocks(Protocol):
    """Clocks over time: what `precise` reads of a CLK file (`rabta.pnt.products.clk`)."""

    @property
    def times(self) -> Instants:
        """Instants, shape (time,), ascending."""

    @property
    def satellites(self) -> tuple[str, ...]:
        """Names such as ``C21``."""

    @property
    def bias_s(self) -> Array:
        """Clock offset, shape (time, satellite); NaN where absent."""


def _columns(names: tuple[str, ...], system: NDArray[np.str_], prn: Index) -> Index:
    """Column of each satellite; -1 where absent."""
    letters = {name: k for k, name in enumerate(names)}
    key, place = np.unique(
        np.stack([system.astype("U1").view(np.int32), prn], axis=-1), axis=0, return_inverse=True
    )
    found = np.array([letters.get(f"{chr(int(s))}{int(p):02d}", -1) for s, p in key.tolist()], dtype=np.int64)
    return found[place.reshape(-1)] if found.size else np.full(prn.size, -1, dtype=np.int64)


def _lagrange(nodes: Array, at: Array) -> tuple[Array, Array]:
    """Weights of values and of derivatives at a place among nodes, each of shape (row, node)."""
    n = nodes.shape[1]
    value, slope = np.ones(nodes.shape), np.zeros(nodes.shape)
    for j in range(n):
        for k in range(n):
            if k == j:
                continue
            gap = nodes[:, j] - nodes[:, k]
            factor = (at - nodes[:, k]) / gap
            slope[:, j] = slope[:, j] * factor + value[:, j] / gap
            value[:, j] *= factor
    return value, slope


def _orbit(orbits: Orbits, column: Index, times: Instants, fractions: Array) -> tuple[Array, Array]:
    """Positions and velocities, shape (row, 3); NaN beyond the file or next to missing epochs."""
    count = min(POINTS, orbits.times.size)
    first = np.searchsorted(orbits.times, times, side="right") - count // 2
    inside = (times >= orbits.times[0]) & (times <= orbits.times[-1]) & (column >= 0) & (count >= POINTS)
    first = np.clip(first, 0, orbits.times.size - count)
    rows = first[:, None] + np.arange(count)
    node = (orbits.times[rows] - times[:, None]) / NS
    place = orbits.position_m[rows, np.maximum(column, 0)[:, None]]
    # in a frame that does not turn: the Earth's at the instant asked for
    sine, cosine = np.sin(EARTH_ROTATION * node), np.cos(EARTH_ROTATION * node)
    x, y = place[..., 0] * cosine - place[..., 1] * sine, place[..., 0] * sine + place[..., 1] * cosine
    fixed = np.stack([x, y, place[..., 2]], axis=-1)
    value, slope = _lagrange(node, fractions)
    position = np.einsum("rn,rnk->rk", value, fixed)
    velocity = np.einsum("rn,rnk->rk", slope, fixed)
    angle = EARTH_ROTATION * fractions
    sine, cosine = np.sin(angle), np.cos(angle)
    px, py = position[:, 0] * cosine + position[:, 1] * sine, position[:, 1] * cosine - position[:, 0] * sine
    vx, vy = velocity[:, 0] * cosine + velocity[:, 1] * sine, velocity[:, 1] * cosine - velocity[:, 0] * sine
    place_out = np.stack([px, py, position[:, 2]], axis=-1)
    speed = np.stack([vx + EARTH_ROTATION * py, vy - EARTH_ROTATION * px, velocity[:, 2]], axis=-1)
    place_out[~inside], speed[~inside] = np.nan, np.nan
    return place_out, speed


def _clock(
    times: Instants, bias: Array, column: Index, at: Instants, fractions: Array
) -> tuple[Array, Array]:
    """Linear between the neighbouring values; NaN beyond them or across a gap."""
    left = np.clip(np.searchsorted(times, at, side="right") - 1, 0, max(times.size - 2, 0))
    right = np.minimum(left + 1, times.size - 1)
    safe = np.maximum(column, 0)
    low, high = bias[left, safe], bias[right, safe]
    span = (times[right] - times[left]) / NS
    good = (column >= 0) & (at >= times[0]) & (at <= times[-1]) & (span > 0.0) & (span <= CLOCK_GAP_S)
    rate = np.where(good, (high - low) / np.where(span > 0.0, span, 1.0), np.nan)
    return low + rate * ((at - times[left]) / NS + fractions), rate


def precise(
    orbits: Orbits,
    clocks: Clocks | None,
    system: ArrayLike,
    prn: ArrayLike,
    times: ArrayLike,
    fractions: ArrayLike = 0.0,
    *,
    own_clock: bool = False,
) -> States:
    """Positions, velocities and clocks of satellites from precise products.

    Parameters
    ----------
    orbits : Orbits
        Nothing is extrapolated: beyond the first and last epoch, and next to missing ones, all is NaN.
    clocks : Clocks, optional
        Without them the orbits' own clocks, linearly: decimetres at 15 minutes.
    system, prn, times, fractions, own_clock
        As in `states`.

    Returns
    -------
    States
        Centres of mass; relativity of the eccentric orbit included (-2 r.v / c^2, IS-GPS-200N 20.3.3.3.3.1).
    """
    when = np.atleast_1d(np.asarray(times, dtype=np.int64))
    letter = np.ascontiguousarray(np.broadcast_to(np.asarray(system, dtype="U1"), when.shape))
    number = np.broadcast_to(np.asarray(prn, dtype=np.int64), when.shape)
    ahead = np.array(np.broadcast_to(np.asarray(fractions, dtype=np.float64), when.shape))
    source: tuple[Instants, Array, tuple[str, ...]] = (orbits.times, orbits.clock_s, orbits.satellites)
    if clocks is not None:
        source = (clocks.times, clocks.bias_s, clocks.satellites)
    column = _columns(source[2], letter, number)
    offset, rate = _clock(source[0], source[1], column, when, ahead)
    if own_clock:
        ahead = ahead - np.nan_to_num(offset)
        offset, rate = _clock(source[0], source[1], column, when, ahead)
    position, velocity = _orbit(orbits, _columns(orbits.satellites, letter, number), when, ahead)
    inertial = velocity + EARTH_ROTATION * np.stack(
        [-position[:, 1], position[:, 0], np.zeros(when.size)], axis=-1
    )
    relativity = -2.0 * np.einsum("rk,rk->r", position, inertial) / LIGHT_M_S**2
    return States(position, velocity, offset + relativity, rate)
