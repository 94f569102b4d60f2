"""Constellations as S.1503-4 flies them: circular orbits with the secular effect of J2, part D6.3.

A plane's satellites share node, inclination, radius and rate, and are sorted by phase; the kernels use that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError
from rabta.radio.interference.epfd.geometry import EARTH_M, EARTH_RAD_S, J2, MU_M3_S2
from rabta.space import constellations
from rabta.times import gmst_rad, julian_date

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
SAME_PLANE_DEG = 1e-6


@dataclass(frozen=True)
class Orbits:
    """Planes of a constellation.

    Attributes
    ----------
    node_deg, inclination_deg, radius_m, min_elevation_deg : ndarray, shape (plane,)
        Longitude of the ascending node at the start, and what the plane's satellites share.
    first, count : ndarray, shape (plane,)
        Its satellites among the phases.
    phase_rad : ndarray, shape (satellite,)
        Angle from the node at the start, sorted within each plane.
    """

    node_deg: F8
    inclination_deg: F8
    radius_m: F8
    min_elevation_deg: F8
    first: I8
    count: I8
    phase_rad: F8

    @property
    def satellites(self) -> int:
        """Number of satellites."""
        return len(self.phase_rad)

    @property
    def altitude_km(self) -> F8:
        """Height of each plane over the sphere."""
        return (self.radius_m - EARTH_M) / 1e3

    def rates(self) -> tuple[F8, F8]:
        """Rates of the node (inertial) and along the orbit, rad/s."""
        node, along = secular_rates(self.radius_m, self.inclination_deg)[1:]
        return node, along

    def positions(self, t: float, artificial_deg_s: float = 0.0) -> F8:
        """Earth-fixed positions (m) of all satellites, shape (satellite, 3), at seconds from the start.

        S.1503-4, equations (26) to (28) and (46).
        """
        node_rate, along = (np.repeat(rate, self.count) for rate in self.rates())
        node = np.radians(np.repeat(self.node_deg, self.count))
        node = node + (node_rate + np.radians(artificial_deg_s) - EARTH_RAD_S) * t
        tilt = np.radians(np.repeat(self.inclination_deg, self.count))
        u = self.phase_rad + along * t
        x = np.cos(node) * np.cos(u) - np.sin(node) * np.sin(u) * np.cos(tilt)
        y = np.sin(node) * np.cos(u) + np.cos(node) * np.sin(u) * np.cos(tilt)
        z = np.sin(u) * np.sin(tilt)
        return np.asarray(np.repeat(self.radius_m, self.count)[:, None] * np.stack([x, y, z], axis=1))

    def above(self, min_elevation_deg: float) -> Orbits:
        """The same with another least elevation of service."""
        return replace(self, min_elevation_deg=np.full(len(self.node_deg), min_elevation_deg))


def secular_rates(radius_m: ArrayLike, inclination_deg: ArrayLike) -> tuple[F8, F8, F8]:
    """Mean motion, rate of the node and rate of the angle from it, rad/s, of circular orbits.

    S.1503-4, equations (20) to (22) with e = 0; the last is the sum of perigee and anomaly.
    """
    a = np.asarray(radius_m, dtype=np.float64)
    tilt = np.radians(inclination_deg)
    k = 1.5 * J2 * (EARTH_M / a) ** 2
    n = np.sqrt(MU_M3_S2 / a**3) * (1.0 + k * (1.0 - 1.5 * np.sin(tilt) ** 2))
    return n, np.asarray(-k * n * np.cos(tilt)), np.asarray(n + k * n * (2.0 - 2.5 * np.sin(tilt) ** 2))


def make(
    node_deg: ArrayLike, phase_deg: ArrayLike, altitude_km: ArrayLike, inclination_deg: ArrayLike,
    min_elevation_deg: ArrayLike = 0.0,
) -> Orbits:  # fmt: skip
    """Orbits of satellites given one by one; those of one node, height and inclination become a plane."""
    parts = (node_deg, phase_deg, altitude_km, inclination_deg, min_elevation_deg)
    node, phase, height, tilt, lowest = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(p, float)) for p in parts)
    )
    if not (height > 0.0).all():
        raise RabtaError("an orbit below the ground", key="altitude_km", value=float(height.min()))
    phase = np.radians(phase % 360.0)
    order = np.lexsort((phase, node % 360.0, tilt, height, lowest))
    keys = np.stack([node % 360.0, height, tilt, lowest], axis=1)[order]
    new = np.r_[True, (np.abs(np.diff(keys, axis=0)) > SAME_PLANE_DEG).any(axis=1)]
    first = np.flatnonzero(new)
    count = np.diff(np.r_[first, len(order)])
    plane = order[first]
    return Orbits(
        node[plane] % 360.0,
        tilt[plane],
        height[plane] * 1e3 + EARTH_M,
        lowest[plane],
        first,
        count,
        phase[order],
    )


def of_catalog(name: str) -> Orbits:
    """Orbits of a constellation of the catalog; geostationary ones are refused."""
    entry = catalog.entry("constellations", name)
    made = constellations.load(entry)
    moving = [shell for shell in made.shells if shell.orbit != "geo"]
    if not moving:
        raise RabtaError(
            "a geostationary system has no EPFD", key="constellation", value=name, expected="one in low orbit"
        )
    columns = []
    for shell in moving:
        elements = constellations.shell_elements(shell, EPOCH, made.epoch)
        jd, day = (float(v) for v in julian_date(np.datetime64(EPOCH.replace(tzinfo=None), "ns")))
        node = elements["raan_deg"] - np.degrees(gmst_rad(jd, day))
        phase = elements["argp_deg"] + elements["mean_anomaly_deg"]
        shared = (shell.altitude_km, shell.inclination_deg, shell.min_elevation_deg)
        columns.append(np.stack([node, phase, *(np.full(len(node), v) for v in shared)]))
    node, phase, height, tilt, lowest = np.concatenate(columns, axis=1)
    return make(node, phase, height, tilt, lowest)
