"""Volumes of space and time: what they are, whether two meet, and which of many meet one."""

from rabta.airspace.volumes.index import Index
from rabta.airspace.volumes.meeting import meet
from rabta.airspace.volumes.volume import Circle, Polygon, Volume

__all__ = ["Circle", "Index", "Polygon", "Volume", "meet"]
