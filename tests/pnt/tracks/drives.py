"""Made-up drives: satellites on circles, a receiver that moves as told, signals that are held up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rabta import geo
from rabta.pnt.tracks import Rows, noise

HERE = (24.87, 67.03, 20.0)  # Karachi


@dataclass
class Drive:
    """Rows and the truth behind them."""

    rows: Rows
    position_m: np.ndarray
    velocity_m_s: np.ndarray
    start_m: np.ndarray


def path(seconds: np.ndarray, speed: float, radius: float, climb: float) -> tuple[np.ndarray, np.ndarray]:
    """East, north, up on a circle that climbs, and its velocity."""
    angle = speed / radius * seconds
    there = radius * np.stack([np.sin(angle), 1.0 - np.cos(angle), climb * seconds / radius], axis=-1)
    flat = speed * np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=-1)
    return there, flat + np.array([0.0, 0.0, climb])


def orbits(count: int, seconds: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Positions and velocities of satellites above the horizon, shape (epoch, satellite, 3)."""
    up = geo.ecef_from_geodetic(*HERE)
    up = up / np.linalg.norm(up)
    axes = geo.east_north_up(HERE[0], HERE[1])
    azimuth = 2.0 * np.pi * (np.arange(count) + rng.uniform(0.0, 0.3, count)) / count
    zenith = np.radians(rng.uniform(15.0, 70.0, count))
    flat = np.sin(zenith)[:, None] * (np.sin(azimuth)[:, None] * axes[0] + np.cos(azimuth)[:, None] * axes[1])
    start = 2.66e7 * (flat + np.cos(zenith)[:, None] * up)
    side = np.cross(start, rng.normal(size=(count, 3)))
    side = 3_200.0 * side / np.linalg.norm(side, axis=1, keepdims=True)
    rate = 3_200.0 / 2.66e7
    turn = rate * seconds[:, None, None]
    position = start * np.cos(turn) + side / rate * np.sin(turn)
    velocity = -start * rate * np.sin(turn) + side * np.cos(turn)
    return position, velocity


def drive(
    epochs: int = 120,
    satellites: int = 12,
    *,
    speed: float = 12.0,
    radius: float = 200.0,
    climb: float = 0.0,
    noisy: float = 1.0,
    held_up: float = 0.0,
    step_s: float = 1.0,
    seed: int = 1,
) -> Drive:
    """A drive of two systems; ``held_up`` is the share of satellites whose code comes round a corner."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(epochs) * step_s
    axes, origin = geo.east_north_up(HERE[0], HERE[1]), geo.ecef_from_geodetic(*HERE)
    local, moving = path(seconds, speed, radius, climb)
    truth, velocity = origin + local @ axes, moving @ axes
    satellite, motion = orbits(satellites, seconds, rng)
    way = satellite - truth[:, None, :]
    far = np.linalg.norm(way, axis=-1)
    closing = np.sum((motion - velocity[:, None, :]) * way, axis=-1) / far
    clock = 1_000.0 + 64.0 * seconds
    system = np.arange(satellites) % 2
    azimuth, elevation = geo.look_angles(truth[:, None, :], satellite)
    cn0 = 30.0 + 15.0 * np.sin(np.radians(elevation))
    late = np.zeros((epochs, satellites))
    for s in rng.choice(satellites, round(held_up * satellites), replace=False):
        late[:, s] = np.repeat(rng.exponential(60.0, epochs // 15 + 1), 15)[:epochs]
    cn0 = cn0 - np.where(late > 0.0, 8.0, 0.0)
    shape = (epochs, satellites)
    variance = np.stack(
        [noise.code_m2(cn0, elevation), noise.rate_m2(cn0, 0.19), noise.difference_m2(cn0, 0.19, step_s)], -1
    )
    draws = noisy * rng.normal(size=(*shape, 3)) * np.sqrt(variance)
    code = far + clock[:, None] + 7.0 * system + late + draws[..., 0]
    rate = closing + 64.0 + draws[..., 1]
    phase = far + clock[:, None] + 0.7 * draws[..., 2] + 0.19 * rng.integers(-9999, 9999, satellites)
    before = np.arange(epochs * satellites).reshape(shape) - satellites
    before[0] = -1
    rows = Rows(
        np.round(seconds * 1e9).astype(np.int64) + 1_300_000_000 * 10**9,
        np.arange(epochs + 1) * satellites,
        ("G", "C"),
        np.tile(system, epochs),
        np.tile(np.arange(satellites) + 1, epochs),
        satellite.reshape(-1, 3),
        motion.reshape(-1, 3),
        code.ravel(),
        rate.ravel(),
        phase.ravel(),
        before.ravel(),
        variance.reshape(-1, 3),
        elevation.ravel(),
        azimuth.ravel(),
    )
    return Drive(rows, truth, velocity, origin + np.array([300.0, -200.0, 100.0]))
