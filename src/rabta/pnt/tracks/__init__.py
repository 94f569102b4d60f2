"""Receivers on the move: a filter that knows how vehicles and aircraft can move.

``prepare`` makes rows of observations and ephemerides, ``follow`` goes through them, forward for real time
or smoothed afterwards; ``locate`` does both.
"""

from __future__ import annotations

from rabta.pnt.tracks.kalman import Rows, Track, follow
from rabta.pnt.tracks.motions import MOTIONS, Motion, motion
from rabta.pnt.tracks.rows import from_geometry, locate, prepare, start_of

__all__ = [
    "MOTIONS",
    "Motion",
    "Rows",
    "Track",
    "follow",
    "from_geometry",
    "locate",
    "motion",
    "prepare",
    "start_of",
]
