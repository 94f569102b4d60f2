"""Brute force in NumPy: all satellites at every step, no culling, every equation spelled.

What the kernels must agree with to 0.05 dB. It shares positions, masks and patterns with nothing compiled,
and finds the arc's nearest point without derivatives.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.interference.epfd import geometry
from rabta.radio.interference.epfd.dishes import gain_dbi
from rabta.radio.interference.epfd.runs import System, Victim

F8 = NDArray[np.float64]
B = NDArray[np.bool_]


def down_at(system: System, victim: Victim, times: ArrayLike, artificial_deg_s: float = 0.0) -> F8:
    """EPFD down at seconds from the start, dB; S.1503-4, D5.1.4.1, steps 9 to 23."""
    return np.array([_instant(system, victim, float(t), artificial_deg_s) for t in np.atleast_1d(times)])


def _instant(system: System, victim: Victim, t: float, artificial_deg_s: float) -> float:
    station, dish = victim.station, victim.dish
    satellites = system.orbits.positions(t, artificial_deg_s)
    elevation = geometry.elevation_deg(station, satellites)
    alpha, turned = geometry.alpha_deg(station, satellites)
    pfd = _pfd(system, victim, satellites, alpha, turned)
    phi = geometry.off_axis_deg(station, victim.target, satellites)
    received = gain_dbi(dish, phi, _around_deg(victim, satellites))
    edge = system.avoidance_at(victim.lat_deg)
    epfd = 10.0 ** ((pfd + received - dish.peak_dbi) / 10.0)
    seen = elevation >= 0.0
    lowest = np.repeat(system.orbits.min_elevation_deg, system.orbits.count)
    serving = seen & (np.abs(alpha) >= edge) & (elevation >= lowest)
    near = seen & (received > min(dish.peak_dbi - 30.0, float(gain_dbi(dish, edge))))
    score = {"epfd": epfd, "elevation": elevation, "alpha": np.abs(alpha), "pfd": pfd}[system.strategy]
    chosen = _chosen(system, geometry.unit(satellites - station), serving, score)
    total = epfd[chosen | near].sum()
    return float(10.0 * np.log10(total)) if total > 0.0 else -np.inf


def _pfd(system: System, victim: Victim, satellites: F8, alpha: F8, turned: F8) -> F8:
    lat = np.degrees(np.arcsin(satellites[:, 2] / np.linalg.norm(satellites, axis=1)))
    angles = alpha, turned
    if system.mask.kind == "x":
        angles = geometry.x_deg(victim.station, satellites)
    elif system.mask.kind == "azimuth":
        angles = geometry.azimuth_elevation_deg(victim.station, satellites)
    return system.mask.at(lat, *angles, victim.bandwidth_khz)


def _around_deg(victim: Victim, satellites: F8) -> F8:
    way = geometry.unit(satellites - victim.station)
    across, above = geometry.antenna_frame(victim.station, victim.target)
    return np.degrees(np.arctan2(way @ above, way @ across))


def _chosen(system: System, way: F8, serving: B, score: F8) -> B:
    """Satellites that serve: the best one after the other, each apart from those before."""
    left, chosen = serving.copy(), np.zeros_like(serving)
    for _ in range(system.together):
        if not left.any():
            break
        best = int(np.where(left, score, -np.inf).argmax())
        chosen[best], left[best] = True, False
        if system.apart_deg > 0.0:
            left &= way @ way[best] <= np.cos(np.radians(system.apart_deg))
    return chosen
