"""Users near the ground: the cases of 3GPP TR 38.901, tables 7.4.1-1 and 7.4.2-1, that TR 36.777 refers to.

Distances are in metres, frequencies in GHz; default streets and buildings of the tables.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

LIGHT_M_S = 3.0e8  # the value that TR 38.901 prescribes
STREET_M, BUILDING_M = 20.0, 5.0  # RMa
ENVIRONMENT_M = 1.0  # effective height of the surroundings; users above 13 m may see a higher one
NEAREST_M, FARTHEST_NLOS_M = 10.0, 5000.0


def breakpoint_m(
    scenario: str,
    height_m: Array,
    ghz: Array,
    base_m: Array | float,
    environment_m: Array | float = ENVIRONMENT_M,
) -> Array:
    """Breakpoint distance, notes 1 and 5 of table 7.4.1-1."""
    if scenario == "RMa-AV":
        return np.asarray(2.0 * np.pi * base_m * height_m * ghz * 1e9 / LIGHT_M_S)
    return np.asarray(4.0 * (base_m - environment_m) * (height_m - environment_m) * ghz * 1e9 / LIGHT_M_S)


def los_probability(scenario: str, d: Array, height_m: Array) -> Array:
    """Probability of line of sight, table 7.4.2-1."""
    if scenario == "RMa-AV":
        return np.asarray(np.exp(-np.maximum(d - 10.0, 0.0) / 1000.0))
    near = 18.0 / np.maximum(d, 18.0)
    if scenario == "UMi-AV":
        return np.asarray(near + np.exp(-d / 36.0) * (1.0 - near))
    lift = (np.maximum(height_m - 13.0, 0.0) / 10.0) ** 1.5
    more = 1.0 + lift * 1.25 * (d / 100.0) ** 3 * np.exp(-d / 150.0)
    return np.asarray(np.where(d <= 18.0, 1.0, (near + np.exp(-d / 63.0) * (1.0 - near)) * more))


def los_db(
    scenario: str,
    d: Array,
    height_m: Array,
    ghz: Array,
    base_m: Array | float,
    environment_m: Array | float = ENVIRONMENT_M,
) -> Array:
    """Path loss in line of sight, table 7.4.1-1."""
    rise = base_m - height_m
    slant, turn = np.hypot(d, rise), breakpoint_m(scenario, height_m, ghz, base_m, environment_m)
    if scenario == "RMa-AV":
        bend = np.hypot(turn, rise)
        far = _rural_db(bend, ghz) + 40.0 * np.log10(slant / bend)
        return np.asarray(np.where(d <= turn, _rural_db(slant, ghz), far))
    start, slope, fall = (28.0, 22.0, 9.0) if scenario == "UMa-AV" else (32.4, 21.0, 9.5)
    tone = 20.0 * np.log10(ghz)
    far = start + 40.0 * np.log10(slant) + tone - fall * np.log10(turn**2 + rise**2)
    return np.asarray(np.where(d <= turn, start + slope * np.log10(slant) + tone, far))


def _rural_db(slant: Array, ghz: Array) -> Array:
    shape = BUILDING_M**1.72
    log = np.log10(slant)
    free = 20.0 * np.log10(40.0 * np.pi * slant * ghz / 3.0)
    return np.asarray(
        free
        + min(0.03 * shape, 10.0) * log
        - min(0.044 * shape, 14.77)
        + 0.002 * np.log10(BUILDING_M) * slant
    )


def nlos_db(
    scenario: str,
    d: Array,
    height_m: Array,
    ghz: Array,
    base_m: Array | float,
    environment_m: Array | float = ENVIRONMENT_M,
) -> Array:
    """Path loss without line of sight, table 7.4.1-1."""
    log = np.log10(np.hypot(d, base_m - height_m))
    loss = _NLOS[scenario](log, height_m, ghz, base_m)
    return np.maximum(los_db(scenario, d, height_m, ghz, base_m, environment_m), loss)


def _rural_nlos(log: Array, height_m: Array, ghz: Array, base_m: Array | float) -> Array:
    b = np.log10(base_m)
    loss = 161.04 - 7.1 * np.log10(STREET_M) + 7.5 * np.log10(BUILDING_M)
    loss = loss - (24.37 - 3.7 * (BUILDING_M / base_m) ** 2) * b
    loss = loss + (43.42 - 3.1 * b) * (log - 3.0) + 20.0 * np.log10(ghz)
    return np.asarray(loss - (3.2 * np.log10(11.75 * height_m) ** 2 - 4.97))


def _urban_nlos(log: Array, height_m: Array, ghz: Array, _: Array | float) -> Array:
    return np.asarray(13.54 + 39.08 * log + 20.0 * np.log10(ghz) - 0.6 * (height_m - 1.5))


def _street_nlos(log: Array, height_m: Array, ghz: Array, _: Array | float) -> Array:
    return np.asarray(35.3 * log + 22.4 + 21.3 * np.log10(ghz) - 0.3 * (height_m - 1.5))


_NLOS: dict[str, Callable[[Array, Array, Array, Array | float], Array]] = {
    "RMa-AV": _rural_nlos,
    "UMa-AV": _urban_nlos,
    "UMi-AV": _street_nlos,
}


def shadowing_db(
    scenario: str, d: Array, height_m: Array, ghz: Array, base_m: Array | float, los: Mask
) -> Array:
    """Standard deviation of shadow fading, table 7.4.1-1."""
    hidden = {"RMa-AV": 8.0, "UMa-AV": 6.0, "UMi-AV": 7.82}[scenario]
    seen: Array | float = 4.0
    if scenario == "RMa-AV":
        seen = np.where(d <= breakpoint_m(scenario, height_m, ghz, base_m), 4.0, 6.0)
    return np.asarray(np.where(los, seen, hidden))
