"""Cells on the ground and aerial users up to 300 m: 3GPP TR 36.777, Annex B."""

from rabta.radio.air.uav.model import (
    AERIAL_M,
    ALWAYS_SEEN_M,
    BASE_M,
    RANGES,
    REACH_M,
    RECOMMENDATION,
    SCENARIOS,
    Links,
    check_scenario,
    draw,
    los_probability,
    loss_not_exceeded_db,
    path_loss_db,
    shadowing_db,
)
from rabta.radio.air.uav.spreads import desired, modified

__all__ = [
    "AERIAL_M",
    "ALWAYS_SEEN_M",
    "BASE_M",
    "RANGES",
    "REACH_M",
    "RECOMMENDATION",
    "SCENARIOS",
    "Links",
    "check_scenario",
    "desired",
    "draw",
    "los_probability",
    "loss_not_exceeded_db",
    "modified",
    "path_loss_db",
    "shadowing_db",
]
