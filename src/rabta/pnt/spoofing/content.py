"""Whether navigation messages are plausible: each satellite's against its others, and times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.pnt import orbits
from rabta.pnt.gnsstime import NS
from rabta.pnt.records import Navigation
from rabta.pnt.signals import LIGHT_M_S

ORBIT_M = 60.0
"""Neighbouring messages of a satellite, halfway between their reference times: some metres each, and an
hour's extrapolation of a
healthy orbit; ten times the accuracy that is stated for nominal ones (IS-GPS-200 URA)."""
CLOCK_M = 30.0
NEAR_S = 4.0 * 3600.0
EARLY_S = {"G": 4 * 3600.0, "J": 4 * 3600.0, "E": 4 * 3600.0, "C": 2 * 3600.0}
"""How long before its reference time a message may be sent."""
LATE_S = {"G": 4 * 3600.0, "J": 4 * 3600.0, "E": 4 * 3600.0, "C": 2 * 3600.0}
"""How long after it: half of the fit interval and more; later is a replay."""


@dataclass(frozen=True)
class Doubt:
    """A message that contradicts something.

    Attributes
    ----------
    row : int
        Of the ephemerides.
    satellite : str
    kind : str
        ``orbit`` or ``clock`` (against the satellite's message before), ``replayed`` (sent too long after its
        reference time), ``early``.
    value, limit : float
        Metres or seconds.
    """

    row: int
    satellite: str
    kind: str
    value: float
    limit: float


def plausible(nav: Navigation) -> list[Doubt]:
    """Doubts about the messages of GPS, QZSS, Galileo and BeiDou; unhealthy ones are not compared."""
    table = orbits.complete(nav.ephemerides)
    doubts = _times(table)
    healthy = np.nan_to_num(table["health"]) == 0
    known = np.isin(table["system"], list(EARLY_S)) & healthy & np.isfinite(table["sqrt_a"])
    rows = np.flatnonzero(known)
    rows = rows[
        np.lexsort((table["toe"][rows], table["kind"][rows], table["prn"][rows], table["system"][rows]))
    ]
    one, two = rows[:-1], rows[1:]
    same = np.ones(one.size, dtype=np.bool_)
    for name in ("system", "prn", "kind"):
        same &= table[name][one] == table[name][two]
    apart = (table["toe"][two] - table["toe"][one]) / NS
    same &= (apart > 0.0) & (apart <= NEAR_S)
    one, two = one[same], two[same]
    middle = (table["toe"][one] + table["toe"][two]) // 2
    before, after = (orbits.states(table, part, middle, np.zeros(part.size)) for part in (one, two))
    far = np.linalg.norm(before.position_m - after.position_m, axis=1)
    late = np.abs(before.clock_s - after.clock_s) * LIGHT_M_S
    for kind, value, limit in (("orbit", far, ORBIT_M), ("clock", late, CLOCK_M)):
        for k in np.flatnonzero(value > limit).tolist():
            doubts.append(Doubt(int(two[k]), _name(table, int(two[k])), kind, float(value[k]), limit))
    return doubts


def _name(table: NDArray[np.void], row: int) -> str:
    return f"{table['system'][row]}{int(table['prn'][row]):02d}"


def _times(table: NDArray[np.void]) -> list[Doubt]:
    """Messages sent long before or after their reference time."""
    out = []
    for letter, ahead in EARLY_S.items():
        mine = (table["system"] == letter) & (table["sent"] > 0) & (np.nan_to_num(table["health"]) == 0)
        late = (table["sent"] - table["toe"]) / NS
        for kind, value, limit in (("replayed", late, LATE_S[letter]), ("early", -late, ahead)):
            rows = np.flatnonzero(mine & (value > limit)).tolist()
            out += [Doubt(k, _name(table, k), kind, float(value[k]), limit) for k in rows]
    return out
