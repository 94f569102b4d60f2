"""The worst geometry of EPFD down: where a satellite reaches the highest level beside the limit.

S.1503-4, D3.1.2: for latitudes of the satellite, a grid over its view, and the edges of the zone that it
keeps clear found by bisection. Of equal tenths of a dB the place from which it moves slowest counts. The grid
is coarse first, then the Recommendation's 0.1 degree around the best latitude; extreme cases, where the edges
of zone and service meet, lie on the outermost ring.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta import jit
from rabta.errors import RabtaError
from rabta.radio.interference.epfd import geometry
from rabta.radio.interference.epfd.dishes import Dish
from rabta.radio.interference.epfd.limits import Limit
from rabta.radio.interference.epfd.masks import KINDS
from rabta.radio.interference.epfd.orbits import secular_rates
from rabta.radio.interference.epfd.runs import System, Victim

F8 = NDArray[np.float64]
_Shell = tuple[float, float, float]
_Found = tuple[F8, F8, _Shell]

FINE_DEG = 0.1
LEAST_ARC_DEG = ((17.0, 20.0), (0.0, 10.0))  # S.1503-4, table 8: from GHz, least elevation of the arc's point


@dataclass(frozen=True)
class Worst:
    """The worst geometry, with longitudes counted from the satellite's own.

    Attributes
    ----------
    lat_deg, lon_deg, gso_lon_deg : float
        Earth station and the satellite that it listens to.
    satellite_lat_deg, altitude_km : float
        Satellite of the system.
    alpha_deg, elevation_deg, epfd_db, margin_db : float
        Angle to the arc and elevation there, EPFD of that satellite alone, how far above the limit for all of
        the time.
    deg_s : float
        How fast it moves as seen there.
    """

    lat_deg: float
    lon_deg: float
    gso_lon_deg: float
    satellite_lat_deg: float
    altitude_km: float
    alpha_deg: float
    elevation_deg: float
    epfd_db: float
    margin_db: float
    deg_s: float

    def victim(self, gso_lon_deg: float, dish: Dish, bandwidth_khz: float = 40.0) -> Victim:
        """The earth station, turned to a longitude of the geostationary satellite."""
        lon = (self.lon_deg - self.gso_lon_deg + gso_lon_deg + 180.0) % 360.0 - 180.0
        return Victim(self.lat_deg, lon, gso_lon_deg, dish, bandwidth_khz)


def satellites_at(radius_m: float, inclination_deg: float, latitudes_deg: F8) -> F8:
    """Satellites over latitudes: position, velocity over the turning Earth, latitude (deg). D3.1.3.2."""
    tilt = np.radians(inclination_deg)
    share = (
        np.sin(np.radians(latitudes_deg)) / np.sin(tilt) if inclination_deg else np.zeros_like(latitudes_deg)
    )
    u = np.arcsin(np.clip(share, -1.0, 1.0))
    rate = float(secular_rates(radius_m, inclination_deg)[0])
    flat = np.zeros_like(u)
    where = radius_m * np.stack([np.cos(u), np.sin(u) * np.cos(tilt), np.sin(u) * np.sin(tilt)], axis=1)
    speed = (
        radius_m * rate * np.stack([-np.sin(u), np.cos(u) * np.cos(tilt), np.cos(u) * np.sin(tilt)], axis=1)
    )
    over = speed - geometry.EARTH_RAD_S * np.stack([-where[:, 1], where[:, 0], flat], axis=1)
    lat = np.degrees(np.arcsin(where[:, 2] / radius_m))
    return np.ascontiguousarray(np.concatenate([where, over, lat[:, None]], axis=1))


def search(
    system: System, dish: Dish, limit: Limit, frequency_ghz: float, *, grid_deg: float = 1.0,
    latitudes: tuple[float, float] = (-81.2, 81.2),
) -> Worst:  # fmt: skip
    """Worst geometry of a system and a limit.

    Parameters
    ----------
    grid_deg : float
        Step of the first grid; around the best latitude it is 0.1 degree.
    latitudes : tuple of float
        Of the earth station.

    Raises
    ------
    RabtaError
        Where no satellite may serve any place.
    """
    found: list[_Found] = []
    for shell in _shells(system):
        top = min(shell[1], 180.0 - shell[1])
        lats = np.linspace(-top, top, 2 * max(1, int(np.ceil(top / grid_deg))) + 1)
        found += _look(system, dish, limit, frequency_ghz, shell, lats, grid_deg, latitudes)
    row, sat, shell = min(found, key=_rank)
    if row[0] > -1e8:
        top = min(shell[1], 180.0 - shell[1])
        near = np.clip(sat[6] + grid_deg * np.linspace(-0.5, 0.5, 3), -top, top)
        found += _look(system, dish, limit, frequency_ghz, shell, near, FINE_DEG, latitudes)
        row, sat, shell = min(found, key=_rank)
    if row[0] < -1e8:
        raise RabtaError(
            "no satellite may serve any place", expected="a smaller angle to the arc or elevation"
        )
    return _made(row, sat, shell[0])


def _shells(system: System) -> list[_Shell]:
    o = system.orbits
    rows = zip(o.radius_m, o.inclination_deg, o.min_elevation_deg, strict=True)
    return sorted({(float(r), float(i), float(e)) for r, i, e in rows})


def _look(
    system: System, dish: Dish, limit: Limit, ghz: float, shell: _Shell, lats: F8,
    grid_deg: float, latitudes: tuple[float, float],
) -> list[_Found]:  # fmt: skip
    from rabta.radio.interference.epfd import _kernels

    radius, tilt, lowest = shell
    sats = satellites_at(radius, tilt, lats)
    reach = float(np.arcsin(geometry.EARTH_M / radius * np.cos(np.radians(lowest))))
    ramp = limit.ramp or ((0.0, limit.always_db()), (0.0, limit.always_db()), (1.0, limit.always_db()))
    arc = next(angle for least, angle in LEAST_ARC_DEG if ghz >= least)
    edge = system.avoidance_at(0.0)
    rules = np.array([
        edge, np.sin(np.radians(lowest)), np.sin(np.radians(arc)), ramp[0][1], KINDS[system.mask.kind],
        *latitudes, ramp[1][0], ramp[2][0], ramp[2][1],
    ])  # fmt: skip
    best = np.full((len(sats), 9), -1e9)
    best[:, 1] = 1e9
    mask = system.mask
    jit.each_part(
        _kernels.worst, len(sats), sats, reach, np.radians(grid_deg), dish.array, rules, mask.latitudes,
        mask.first, mask.second, mask.scaled(limit.bandwidth_khz), best,
    )  # fmt: skip
    return [(row, sat, shell) for row, sat in zip(best, sats, strict=True)]


def _rank(found: _Found) -> tuple[float, float, float]:
    """Highest first, of equals the slowest, of mirror images the northern one."""
    row = found[0]
    return -float(row[0]), round(float(row[1]), 12), -float(row[4])


def _made(row: F8, sat: F8, radius: float) -> Worst:
    here = np.degrees(np.arctan2(sat[1], sat[0]))
    turned = [(v - here + 180.0) % 360.0 - 180.0 for v in np.degrees([np.arctan2(row[3], row[2]), row[6]])]
    lat = float(np.degrees(np.arcsin(row[4] / geometry.EARTH_M)))
    up, slow = np.degrees(np.arcsin(row[7])), np.degrees(row[1])
    return Worst(
        lat, float(turned[0]), float(turned[1]), float(sat[6]), (radius - geometry.EARTH_M) / 1e3,
        float(row[5]), float(up), float(row[8]), float(row[0]) / 10.0, float(slow),
    )  # fmt: skip
