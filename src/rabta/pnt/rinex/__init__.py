"""RINEX 2, 3 and 4: observations and navigation, read and written, plain or packed."""

from __future__ import annotations

from rabta.pnt.rinex.navigation import merge, navigation
from rabta.pnt.rinex.navwriter import navigation_text, write_navigation
from rabta.pnt.rinex.observations import observations
from rabta.pnt.rinex.obswriter import observations_text, write_observations

__all__ = [
    "merge",
    "navigation",
    "navigation_text",
    "observations",
    "observations_text",
    "write_navigation",
    "write_observations",
]
