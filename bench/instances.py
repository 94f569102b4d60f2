"""Synthetic national steps of full size, for measuring and testing without any input files."""

from __future__ import annotations

from dataclasses import dataclass

import h3
import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.transport import sharing

CENTRE = (30.4, 69.3)
SHELLS = (  # altitude km, planes, satellites a plane, inclination: about as many over the region as flown
    (480.0, 56, 34, 53.0),
    (540.0, 72, 22, 53.2),
    (480.0, 56, 28, 43.0),
    (560.0, 48, 26, 43.0),
    (570.0, 36, 20, 70.0),
    (550.0, 10, 36, 97.5),
)
SITES = ((24.9, 67.1), (31.5, 74.3), (33.7, 73.1), (30.2, 67.0), (25.1, 62.3), (34.0, 71.5))


@dataclass(frozen=True)
class Step:
    """One step of a synthetic nation.

    Attributes
    ----------
    cells : list of str, slot_satellite : int16 (cell, slot), efficiency : float32 (cell, slot)
    demand : float64 (cell,), position_m : float32 (satellite, xyz)
    """

    cells: list[str]
    lat_deg: NDArray[np.float64]
    lon_deg: NDArray[np.float64]
    demand: NDArray[np.float64]
    position_m: NDArray[np.float32]
    slot_satellite: NDArray[np.int16]
    efficiency: NDArray[np.float32]


def hexagons(rings: int, resolution: int = 6) -> list[str]:
    """Cells around the centre: 3 k (k + 1) + 1 of them; 87 rings give 22,969."""
    return sorted(h3.grid_disk(h3.latlng_to_cell(*CENTRE, resolution), rings))


def positions(minute: float) -> NDArray[np.float32]:
    """Earth-fixed positions of circular Walker shells; enough for sizes, not for ephemerides."""
    parts = []
    for altitude, planes, each, inclination in SHELLS:
        radius = geo.MEAN_RADIUS_M + altitude * 1e3
        motion = np.sqrt(3.986004418e14 / radius**3)
        p, k = np.meshgrid(np.arange(planes), np.arange(each), indexing="ij")
        raan = 2 * np.pi * p / planes - 7.2921159e-5 * minute * 60.0
        u = 2 * np.pi * (k + 0.5 * (p % 2)) / each + motion * minute * 60.0
        i = np.radians(inclination)
        x = np.cos(u) * np.cos(raan) - np.sin(u) * np.cos(i) * np.sin(raan)
        y = np.cos(u) * np.sin(raan) + np.sin(u) * np.cos(i) * np.cos(raan)
        parts.append(radius * np.stack([x, y, np.sin(u) * np.sin(i)], axis=-1).reshape(-1, 3))
    return np.concatenate(parts).astype(np.float32)


def step(
    rings: int = 87, slots: int = 4, minute: float = 0.0, seed: int = 1, total_mbps: float = 2e6
) -> Step:
    """One step: skewed demand, slots by elevation above 25 degrees, efficiency by elevation and weather."""
    rng = np.random.default_rng(seed)
    cells = hexagons(rings)
    lat, lon = np.array([h3.cell_to_latlng(c) for c in cells]).T
    demand = rng.lognormal(0.0, 1.6, len(cells)) * (rng.random(len(cells)) < 0.85)
    demand *= total_mbps / demand.sum()
    position = positions(minute)
    near, elevation = best(lat, lon, position, slots)
    sky = np.exp(0.15 * rng.standard_normal(len(cells)))[:, None]
    efficiency = np.clip((1.5 + 3.0 * np.sin(np.radians(elevation))) * sky, 0.3, 5.0)
    efficiency = np.where(near >= 0, efficiency, 0.0).astype(np.float32)
    return Step(cells, lat, lon, demand, position, near, efficiency)


def best(
    lat: NDArray[np.float64], lon: NDArray[np.float64], position: NDArray[np.float32], slots: int
) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    """Highest satellites above 25 degrees for each cell (dense, in blocks)."""
    here, up = geo.ecef_from_geodetic(lat, lon), geo.east_north_up(lat, lon)[:, 2]
    centre = geo.ecef_from_geodetic(lat.mean(), lon.mean())
    reach = np.flatnonzero(position @ centre / np.linalg.norm(centre) > 5.6e6)
    near = np.full((len(lat), slots), -1, np.int16)
    found = np.full((len(lat), slots), -90.0)
    for a in range(0, len(lat), 1000):
        away = position[reach][None, :, :] - here[a : a + 1000, None, :]
        sine = np.einsum("csk,ck->cs", away, up[a : a + 1000]) / np.linalg.norm(away, axis=-1)
        top = np.argsort(-sine, axis=1, kind="stable")[:, :slots]
        elevation = np.degrees(np.arcsin(np.take_along_axis(sine, top, axis=1)))
        seen = elevation >= 25.0
        near[a : a + 1000] = np.where(seen, reach[top], -1)
        found[a : a + 1000] = np.where(seen, elevation, -90.0)
    return near, found


@dataclass(frozen=True)
class Limits:
    """What couples the cells: a satellite's Mbit/s and MHz, MHz at a place, gateways and Mbit/s of each."""

    capacity_mbps: float = 20e3
    band_mhz: float = 11_520.0
    spectrum_mhz: float = 4000.0
    gateways: int = 6
    feeder_mbps: float = 200e3


def problem(steps: list[Step], limits: Limits, seed: int = 3) -> sharing.Problem:
    """Programme of some steps; each satellite lands at one gateway drawn at random."""
    satellites = len(steps[0].position_m)
    landing = np.random.default_rng(seed).integers(0, limits.gateways, satellites).astype(np.int32)
    return sharing.Problem(
        sharing.places(steps[0].cells),
        np.stack([s.slot_satellite for s in steps]),
        np.stack([s.efficiency for s in steps]),
        np.stack([s.demand for s in steps]),
        np.tile(landing, (len(steps), 1)),
        np.tile(np.eye(limits.gateways), (len(steps), 1, 1)),
        np.zeros(satellites, np.int32),
        np.stack([np.full(satellites, float(limits.capacity_mbps)), np.full(satellites, limits.band_mhz)]),
        np.array([limits.spectrum_mhz], dtype=np.float64),
        np.full(limits.gateways, float(limits.feeder_mbps)),
    )
