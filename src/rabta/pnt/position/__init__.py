"""Positions from codes: single point, differential, velocity and time.

``geometry`` prepares rows (satellite positions, clocks, delays, weights) that every other estimator reuses;
``solve`` is the single-point position of every epoch.
"""

from __future__ import annotations

from rabta.pnt.position.differential import differential
from rabta.pnt.position.options import Options
from rabta.pnt.position.prepare import Geometry, geometry
from rabta.pnt.position.single import Solution, solve, solve_rows

__all__ = ["Geometry", "Options", "Solution", "differential", "geometry", "solve", "solve_rows"]
