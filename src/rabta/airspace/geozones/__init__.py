"""Geographical zones for unmanned aircraft: ED-269 and ED-318, typed heights, a nation's rules, answers."""

from rabta.airspace.geozones.conflicts import Conflict, conflicts
from rabta.airspace.geozones.heights import Ground, Height, Reference
from rabta.airspace.geozones.model import Collection, Zone

__all__ = ["Collection", "Conflict", "Ground", "Height", "Reference", "Zone", "conflicts"]
