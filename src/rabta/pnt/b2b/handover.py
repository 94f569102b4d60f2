"""Does a correction correct? What is left of the jump where the broadcast ephemeris changes.

When a satellite changes to a new issue, its broadcast orbit and clock jump by the error of their prediction.
The corrections change with it, so that the corrected satellite must not jump: no outside product is needed to
see whether signs, axes and issues are right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.b2b.apply import earth_fixed, matching
from rabta.pnt.b2b.chain import Corrections
from rabta.pnt.gnsstime import Instants
from rabta.pnt.orbits import states
from rabta.pnt.signals import LIGHT_M_S

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Handovers:
    """Changes of issue of which both ephemerides are known, shape (change,); metres.

    ``orbit`` and ``clock`` are jumps of the broadcast, ``corrected_orbit`` and ``corrected_clock`` what is
    left of them.
    """

    satellite: tuple[str, ...]
    time: Instants
    orbit: Floats
    clock: Floats
    corrected_orbit: Floats
    corrected_clock: Floats


def handovers(corrections: Corrections, ephemerides: NDArray[np.void]) -> Handovers:
    """Jumps of orbits and clocks at the first clock of each new issue."""
    new = np.flatnonzero((np.diff(corrections.iodn) != 0) & (np.diff(corrections.slot) == 0)) + 1
    rows = np.stack([new - 1, new], axis=-1).ravel()
    times = np.repeat(corrections.available[new], 2)
    source = matching(corrections, ephemerides, rows, times)
    whole = np.flatnonzero((source.reshape(-1, 2) >= 0).all(axis=1))
    pairs = (2 * whole[:, None] + np.arange(2)).ravel()
    plain = states(ephemerides, source[pairs], times[pairs])
    offset = corrections.offset_m[rows[pairs]]
    position = plain.position_m - earth_fixed(plain.position_m, plain.velocity_m_s, offset)
    clock = plain.clock_s * LIGHT_M_S
    fixed = clock - corrections.c0_m[rows[pairs]]
    names = [f"{corrections.system[i]}{corrections.prn[i]:02d}" for i in new[whole]]
    return Handovers(
        *(tuple(names), times[pairs][::2]),
        *(_step(plain.position_m), clock[1::2] - clock[::2], _step(position), fixed[1::2] - fixed[::2]),
    )


def _step(position: Floats) -> Floats:
    return np.asarray(np.linalg.norm(position[1::2] - position[::2], axis=-1))
