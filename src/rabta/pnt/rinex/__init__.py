"""RINEX 2, 3 and 4: observations and navigation, read and written, plain or packed."""

from __future__ import annotations

from rabta.pnt.rinex.navigation import navigation
from rabta.pnt.rinex.observations import observations

__all__ = ["navigation", "observations"]
