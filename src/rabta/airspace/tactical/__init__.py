"""Separation in the air: alerts of detect and avoid, avoiding velocities, and traffic that flies them."""

from rabta.airspace.tactical.encounters import CREWED, DRONES, Volumes, closest, entry_s, levels
from rabta.airspace.tactical.flight import Airspace, Rule, Told
from rabta.airspace.tactical.traffic import Traffic, drawn, made, read

__all__ = [
    "CREWED", "DRONES", "Airspace", "Rule", "Told", "Traffic", "Volumes", "closest", "drawn", "entry_s",
    "levels", "made", "read",
]  # fmt: skip
