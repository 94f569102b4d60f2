"""Satellites' positions, velocities and clocks from broadcast or precise orbits; choice of ephemerides.

``select`` says which record holds, ``states`` where the satellite was by it, ``group_delay`` what its
signals owe the clock; ``precise`` gives the same from SP3 and CLK.
"""

from __future__ import annotations

from rabta.pnt.orbits.broadcast import States, is_geo, states
from rabta.pnt.orbits.delays import complete, group_delay, pair_delay
from rabta.pnt.orbits.precise import precise
from rabta.pnt.orbits.selection import KINDS, age_s, healthy, select, validity_s

__all__ = [
    "KINDS",
    "States",
    "age_s",
    "complete",
    "group_delay",
    "healthy",
    "is_geo",
    "pair_delay",
    "precise",
    "select",
    "states",
    "validity_s",
]
