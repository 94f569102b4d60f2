"""Broadcast orbits and clocks with PPP-B2b's corrections (BDS-SIS-ICD-PPP-B2b-1.0, user algorithms).

A correction holds for one issue of the broadcast ephemeris: B-CNAV1's of BeiDou, LNAV's of GPS, I/NAV's of
Galileo. B-CNAV2 repeats B-CNAV1's ephemeris under the same issue, so it serves where B-CNAV1 was not heard.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.pnt.b2b.chain import CLOCK_VALID_S, ORBIT_VALID_S, Corrections
from rabta.pnt.gnsstime import NS
from rabta.pnt.orbits import States, age_s, healthy, states
from rabta.pnt.signals import LIGHT_M_S

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Messages whose issue IODN means, the preferred first
KINDS = {"C": ("CNV1", "CNV2"), "G": ("LNAV",), "E": ("INAV",)}


@dataclass(frozen=True)
class Corrected:
    """Corrected satellites, a row for each asked for; not a number where there is no correction.

    Attributes
    ----------
    states : States
        Of the antenna's phase centre; the clocks are those of the corrections' own datum.
    correction, ephemeris : ndarray, shape (row,)
        Rows used of the corrections and the ephemerides; -1 where there is none.
    orbit_age_s, clock_age_s : ndarray, shape (row,)
        Since the epochs that the messages state.
    """

    states: States
    correction: Ints
    ephemeris: Ints
    orbit_age_s: Floats
    clock_age_s: Floats


def corrected_states(
    corrections: Corrections,
    ephemerides: NDArray[np.void],
    system: ArrayLike,
    prn: ArrayLike,
    times: ArrayLike,
    fractions: ArrayLike = 0.0,
    *,
    own_clock: bool = False,
    orbit_valid_s: float = ORBIT_VALID_S,
    clock_valid_s: float = CLOCK_VALID_S,
) -> Corrected:
    """Positions, velocities and clocks of satellites with corrections.

    Parameters
    ----------
    corrections : Corrections
    ephemerides : ndarray of EPHEMERIS
    system, prn, times, fractions, own_clock
        As `rabta.pnt.orbits.precise` takes them.
    orbit_valid_s, clock_valid_s : float
        Longest time since reception.
    """
    letters, numbers, when = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(system, dtype="U1")), np.atleast_1d(np.asarray(prn, dtype=np.int64))),
        np.asarray(times, dtype=np.int64),
    )
    row = corrections.at(letters, numbers, when, orbit_valid_s, clock_valid_s)
    source = matching(corrections, ephemerides, row, when)
    row = np.where(source >= 0, row, -1)
    broadcast = states(ephemerides, source, when, fractions, own_clock=own_clock)
    used = row >= 0
    offset = np.full((row.size, 3), np.nan)
    offset[used] = corrections.offset_m[row[used]]
    clock = np.full(row.size, np.nan)
    clock[used] = corrections.c0_m[row[used]]
    position = broadcast.position_m - earth_fixed(broadcast.position_m, broadcast.velocity_m_s, offset)
    found = States(
        position, broadcast.velocity_m_s, broadcast.clock_s - clock / LIGHT_M_S, broadcast.clock_rate
    )
    ages = [_age(corrections.orbit_epoch, row, when), _age(corrections.clock_epoch, row, when)]
    return Corrected(found, row, source, *ages)


def _age(epoch: Ints, row: Ints, when: Ints) -> Floats:
    age = np.full(row.size, np.nan)
    used = row >= 0
    age[used] = (when[used] - epoch[row[used]]) / NS
    return age


def earth_fixed(position_m: Floats, velocity_m_s: Floats, offset_m: Floats) -> Floats:
    """Radial, along-track and cross-track offsets as Earth-fixed vectors, shape (row, 3).

    Radial is the direction of the position, cross-track of position x velocity, both Earth-fixed.
    """
    radial = position_m / np.linalg.norm(position_m, axis=-1, keepdims=True)
    cross = np.cross(position_m, velocity_m_s)
    cross = cross / np.linalg.norm(cross, axis=-1, keepdims=True)
    along = np.cross(cross, radial)
    return np.asarray(offset_m[..., :1] * radial + offset_m[..., 1:2] * along + offset_m[..., 2:] * cross)


def matching(corrections: Corrections, ephemerides: NDArray[np.void], row: Ints, times: Ints) -> Ints:
    """Ephemeris whose issue each correction names, shape (n,); -1 where it is not among the ephemerides.

    Of several of the same issue the preferred kind, then the nearest in time; only healthy ones, and not
    older than their kind may be.
    """
    out = np.full(row.size, -1, dtype=np.int64)
    used = np.flatnonzero(row >= 0)
    usable = healthy(ephemerides)
    limit = age_s(ephemerides)
    issue = np.where(ephemerides["system"] == "E", ephemerides["iode"], ephemerides["iode"] & 0xFF)
    slots, iodn = corrections.slot[row[used]], corrections.iodn[row[used]]
    keys, place = np.unique(slots << 10 | iodn, return_inverse=True)
    for i in range(keys.size):
        part = used[place == i]
        system, prn = str(corrections.system[row[part[0]]]), int(corrections.prn[row[part[0]]])
        wanted = int(keys[i]) & (1023 if system == "E" else 255)
        same = (ephemerides["system"] == system) & (ephemerides["prn"] == prn) & (issue == wanted) & usable
        out[part] = _nearest(ephemerides, same, limit, times[part], KINDS.get(system, ()))
    return out


def _nearest(
    ephemerides: NDArray[np.void],
    same: NDArray[np.bool_],
    limit: Floats,
    times: Ints,
    kinds: tuple[str, ...],
) -> Ints:
    out = np.full(times.size, -1, dtype=np.int64)
    for kind in reversed(kinds):
        rows = np.flatnonzero(same & (ephemerides["kind"] == kind))
        if rows.size:
            age = np.abs(times[:, None] - ephemerides["toe"][rows]) / NS
            best = age.argmin(axis=1)
            found = rows[best]
            out = np.where(age[np.arange(times.size), best] <= limit[found], found, out)
    return out
