"""Where satellites were by what they broadcast: states of many rows at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.pnt.gnsstime import BDT_LAG_S, NS, WEEK_S
from rabta.pnt.orbits.constants import GEO_INCLINATION, GEO_SQRT_A, GRAVITY, ROTATION

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_ELEMENTS: tuple[str, ...] = (
    "sqrt_a",
    "a_dot",
    "e",
    "m0",
    "delta_n",
    "delta_n_dot",
    "omega",
    "i0",
    "i_dot",
    "omega0",
)
_ELEMENTS += ("omega_dot", "cuc", "cus", "crc", "crs", "cic", "cis")
_ABSENT = ("a_dot", "delta_n_dot")  # zero where the message has none
_CARTESIAN = ("x", "y", "z", "vx", "vy", "vz", "ax", "ay", "az")


@dataclass(frozen=True)
class States:
    """Satellites at instants; NaN where there was no ephemeris.

    Attributes
    ----------
    position_m, velocity_m_s : ndarray, shape (row, 3)
        Earth-fixed at the instant itself, of the phase centre (broadcast) or centre of mass (precise).
    clock_s, clock_rate : ndarray, shape (row,)
        Offset of the satellite's clock from system time, relativity included, in seconds and s/s; without
        group delays.
    """

    position_m: Array
    velocity_m_s: Array
    clock_s: Array
    clock_rate: Array


def is_geo(ephemerides: NDArray[np.void]) -> NDArray[np.bool_]:
    """Which records describe a geostationary satellite in BeiDou's turned frame.

    By the orbit, not the number: D1 and D2 records of a geosynchronous orbit near the equator.
    """
    e = ephemerides
    old = (e["system"] == "C") & np.isin(e["kind"], ("D1", "D2"))
    return np.asarray(old & (e["sqrt_a"] > GEO_SQRT_A) & (np.abs(e["i0"]) < GEO_INCLINATION))


def elements(ephemerides: NDArray[np.void]) -> Array:
    """Columns of the compiled formula, shape (record, 20): see `_kernels.kepler`."""
    table = np.empty((ephemerides.size, 20))
    for k, name in enumerate(_ELEMENTS):
        table[:, k] = ephemerides[name]
        if name in _ABSENT:
            table[:, k] = np.nan_to_num(table[:, k])
    for letter in GRAVITY:
        here = ephemerides["system"] == letter
        table[here, 17], table[here, 18] = GRAVITY[letter], ROTATION[letter]
    lag = np.where(ephemerides["system"] == "C", BDT_LAG_S * NS, 0)
    table[:, 19] = (ephemerides["toe"] - lag) % (WEEK_S * NS) / NS
    return table


def clock(ephemerides: NDArray[np.void], rows: Index, times: ArrayLike, fractions: ArrayLike = 0.0) -> Array:
    """Polynomial of the satellite's clock without relativity, seconds, shape (row,)."""
    e = ephemerides
    t = (np.asarray(times, dtype=np.int64) - e["toc"][rows]) / NS + fractions
    return np.asarray(e["af0"][rows] + t * (e["af1"][rows] + t * np.nan_to_num(e["af2"])[rows]))


def states(
    ephemerides: NDArray[np.void],
    rows: ArrayLike,
    times: ArrayLike,
    fractions: ArrayLike = 0.0,
    *,
    own_clock: bool = False,
) -> States:
    """Positions, velocities and clocks of satellites.

    Parameters
    ----------
    ephemerides : ndarray of EPHEMERIS
    rows : array_like of int, shape (row,)
        Which ephemeris (`select`); -1 gives NaN.
    times : array_like of int64, shape (row,)
        Instants, nanoseconds of GPS time; for transmission times the part that is a whole epoch.
    fractions : array_like, shape (row,)
        Seconds to add to `times`, such as minus the travel time: below a nanosecond counts.
    own_clock : bool
        The instants are readings of the satellite's clock, as the receiver's time less the pseudorange is.

    Returns
    -------
    States
        Relativity included; GLONASS and SBAS as their own messages have it.

    Raises
    ------
    RabtaError
        Where a row is no ephemeris of the table.
    """
    index = np.atleast_1d(np.asarray(rows, dtype=np.int64))
    if index.size and (index.max() >= ephemerides.size or index.min() < -1):
        raise RabtaError("no such ephemeris", key="rows", value=int(index.max()), expected="-1 or a row")
    used, place = np.unique(index, return_inverse=True)
    if used.size and used[0] < 0:
        used, place = used[1:], place - 1
    e = ephemerides[used]
    place = np.ascontiguousarray(place.reshape(index.shape), dtype=np.int64)
    when = np.broadcast_to(np.asarray(times, dtype=np.int64), index.shape)
    ahead = np.array(np.broadcast_to(np.asarray(fractions, dtype=np.float64), index.shape))
    if own_clock and e.size:
        ahead -= clock(e, np.maximum(place, 0), when, ahead)
    return _states(e, place, when, ahead)


def _states(e: NDArray[np.void], rows: Index, when: Index, fractions: Array) -> States:
    from rabta.pnt.orbits import _kernels

    out, relativity = np.full((rows.size, 6), np.nan), np.zeros((rows.size, 2))
    if not e.size:
        return States(out[:, :3], out[:, 3:], out[:, 0], out[:, 0])
    safe = np.maximum(rows, 0)
    ahead = (when - e["toe"][safe]) / NS + fractions
    family = np.where(e["system"] == "R", 1, np.where(e["system"] == "S", 2, 0))
    which = np.where(rows >= 0, family[safe], -1)
    if (which == 1).any() or (which == 2).any():
        _cartesian(e, rows, ahead, which, out)
    part = np.flatnonzero(which == 0)
    if part.size:
        some, offsets = np.empty((part.size, 6)), np.empty((part.size, 2))
        _kernels.kepler(elements(e), is_geo(e), rows[part], ahead[part], some, offsets)
        out[part], relativity[part] = some, offsets
    t = (when - e["toc"][safe]) / NS + fractions
    af1, af2 = e["af1"][safe], np.nan_to_num(e["af2"])[safe]
    offset = e["af0"][safe] + t * (af1 + t * af2) + relativity[:, 0]
    rate = af1 + 2.0 * t * af2 + relativity[:, 1]
    offset[rows < 0] = rate[rows < 0] = np.nan
    return States(out[:, :3], out[:, 3:], offset, rate)


def _cartesian(e: NDArray[np.void], rows: Index, ahead: Array, which: Index, out: Array) -> None:
    """GLONASS by integration, SBAS by its polynomial (RTCA DO-229 A.4.4.11)."""
    from rabta.pnt.orbits import _kernels

    table = np.stack([np.nan_to_num(e[name]) for name in _CARTESIAN], axis=-1)
    part = np.flatnonzero(which == 1)
    if part.size:
        some = np.empty((part.size, 6))
        _kernels.glonass(table, rows[part], ahead[part], some)
        out[part] = some
    part = np.flatnonzero(which == 2)
    if part.size:
        state, t = table[rows[part]], ahead[part, None]
        out[part, :3] = state[:, :3] + t * (state[:, 3:6] + 0.5 * t * state[:, 6:])
        out[part, 3:] = state[:, 3:6] + t * state[:, 6:]
