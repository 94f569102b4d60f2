"""Planes of flown shells from a file of element sets: counts, nodes and altitude, printed as TOML.

Usage: python tools/space/planes.py ELEMENTS INCLINATION ALTITUDE [--epoch ...] [--reach 8] [--tilt 0.1]

Objects within the reach (km) and the tilt (degrees) of the shell are brought to one epoch by the node's
J2 drift; a gap of more than --gap degrees between sorted nodes parts two planes.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from rabta.space import constellations, elements
from rabta.space.walker import kozai_mean_motion
from rabta.times import parse_utc

UNIX_EPOCH_JD = 2_440_587.5


def shell_members(
    table: pd.DataFrame, inclination: float, altitude: float, reach: float, tilt: float
) -> pd.DataFrame:
    """Objects within reach of a shell."""
    height = constellations.altitude_km(table["mean_motion_rev_day"])
    near = (np.abs(height - altitude) <= reach) & (np.abs(table["inclination_deg"] - inclination) <= tilt)
    members: pd.DataFrame = table.loc[near]
    return members


def mean_altitude_km(mean_motion: float, inclination: float) -> float:
    """Altitude whose SGP4 mean radius belongs to a Kozai mean motion."""
    return float(
        brentq(lambda km: kozai_mean_motion(km, inclination) - mean_motion, 150.0, 45_000.0, xtol=1e-4)
    )


def planes(table: pd.DataFrame, epoch_jd: float, gap: float) -> list[tuple[float, int]]:
    """Node (degrees) and number of satellites of each plane at the epoch."""
    height = constellations.altitude_km(table["mean_motion_rev_day"])
    rate = constellations.node_rate_deg_day(height, table["inclination_deg"])
    node = np.sort(np.mod(table["raan_deg"] + rate * (epoch_jd - table["epoch_jd"]), 360.0))
    steps = np.diff(np.r_[node, node[0] + 360.0])
    start = int(np.argmax(steps)) + 1
    ordered = np.r_[node[start:], node[:start] + 360.0]
    groups = np.split(ordered, np.flatnonzero(np.diff(ordered) > gap) + 1)
    return sorted((round(float(group.mean()) % 360.0, 2), len(group)) for group in groups)


def main() -> None:
    """Print one shell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("elements")
    parser.add_argument("inclination", type=float)
    parser.add_argument("altitude", type=float)
    parser.add_argument("--epoch", default="2026-01-13T00:00:00Z")
    parser.add_argument("--reach", type=float, default=8.0)
    parser.add_argument("--tilt", type=float, default=0.1)
    parser.add_argument("--gap", type=float, default=0.6)
    given = parser.parse_args()
    table = shell_members(
        elements.read(given.elements), given.inclination, given.altitude, given.reach, given.tilt
    )
    epoch_jd = UNIX_EPOCH_JD + parse_utc(given.epoch).timestamp() / 86_400.0
    found = planes(table, epoch_jd, given.gap)
    tilt = float(table["inclination_deg"].median())
    motion = float(table["mean_motion_rev_day"].median())
    print(f"altitude_km = {mean_altitude_km(motion, tilt):.1f}\ninclination_deg = {tilt:.2f}")
    print(f"period_min = {1440.0 / motion:.2f}\nsatellites = {len(table)}\nplanes = {len(found)}")
    print(f"raan_deg = {[node for node, _ in found]}\nfill = {[count for _, count in found]}")


if __name__ == "__main__":
    main()
