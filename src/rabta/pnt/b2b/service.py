"""Which satellites PPP-B2b corrects, when and where: what a service map counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.geo import look_angles
from rabta.pnt.b2b.apply import corrected_states
from rabta.pnt.b2b.chain import CLOCK_VALID_S, ORBIT_VALID_S, Corrections, corrections
from rabta.pnt.b2b.decode import Messages, decode
from rabta.pnt.b2b.frames import Frames

MASK_DEG = 10.0


def corrected(source: Frames | Messages | Corrections, time: int, sender: int | None = None) -> list[str]:
    """Satellites that have an orbit and a clock that go together and are fresh at a time, as in ``C21``.

    The mask lists many more: a satellite is corrected only where both came. Nothing is asked of broadcast
    ephemerides.
    """
    if isinstance(source, Frames):
        source = decode(source)
    found = corrections(source, sender) if isinstance(source, Messages) else source
    slots, first = np.unique(found.slot, return_index=True)
    if not slots.size:
        return []
    system, prn = found.system[first], found.prn[first]
    row = found.at(system, prn, np.full(slots.size, time), ORBIT_VALID_S, CLOCK_VALID_S)
    return [f"{s}{p:02d}" for s, p, r in zip(system, prn, row, strict=True) if r >= 0]


@dataclass(frozen=True)
class Coverage:
    """Corrected satellites above a mask, at places and times.

    Attributes
    ----------
    systems : tuple of str
    count : ndarray of int16, shape (time, place, system)
    accuracy_m : ndarray, shape (time, satellite)
        User range accuracy; not a number where not corrected.
    satellites : tuple of str
    """

    systems: tuple[str, ...]
    count: NDArray[np.int16]
    accuracy_m: NDArray[np.float64]
    satellites: tuple[str, ...]


def coverage(
    found: Corrections,
    ephemerides: NDArray[np.void],
    position_m: ArrayLike,
    times: ArrayLike,
    mask_deg: float = MASK_DEG,
) -> Coverage:
    """How many corrected satellites, with their broadcast ephemeris, places see.

    Parameters
    ----------
    position_m : array_like, shape (place, 3)
        Earth-fixed.
    times : array_like of int64, shape (time,)
    """
    places = np.atleast_2d(np.asarray(position_m, dtype=np.float64))
    when = np.atleast_1d(np.asarray(times, dtype=np.int64))
    _, first = np.unique(found.slot, return_index=True)
    system, prn = found.system[first], found.prn[first]
    systems = tuple(dict.fromkeys(str(s) for s in system))
    count = np.zeros((when.size, len(places), len(systems)), dtype=np.int16)
    accuracy = np.full((when.size, first.size), np.nan)
    for i, time in enumerate(when):
        states = corrected_states(found, ephemerides, system, prn, np.full(first.size, time))
        there = states.correction >= 0
        accuracy[i, there] = found.ura_m[states.correction[there]]
        for k, letter in enumerate(systems):
            some = states.states.position_m[there & (system == letter)]
            if some.size:
                _, elevation = look_angles(places[:, None], some[None])
                count[i, :, k] = (elevation >= mask_deg).sum(axis=1)
    names = tuple(f"{s}{p:02d}" for s, p in zip(system, prn, strict=True))
    return Coverage(systems, count, accuracy, names)
