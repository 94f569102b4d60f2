"""What the kernels of avoidance compute, in NumPy and Python: short, slow, for the contract test."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.airspace.tactical._kernels import OVERLAP_S

Array = NDArray[np.float64]


def obstacle(p: Array, w: Array, radius: float, horizon_s: float) -> bool:
    """Whether a relative velocity leads within a radius, before the horizon: by definition."""
    here = float(np.hypot(*p[:2]))
    until = horizon_s if here > radius else OVERLAP_S
    if here <= radius:
        return bool(np.hypot(*(w[:2] * until - p[:2])) < radius)
    speed2 = float(w[:2] @ w[:2])
    at = min(max(float(p[:2] @ w[:2]) / speed2, 0.0), until) if speed2 > 0.0 else 0.0
    return bool(np.hypot(*(w[:2] * at - p[:2])) < radius)


def exit_m_s(p: Array, w: Array, radius: float, horizon_s: float, steps: int = 3_600) -> float:
    """Least change of a relative velocity to the border of its obstacle, by search along bearings."""
    inside = obstacle(p, w, radius, horizon_s)
    best = math.inf
    for bearing in np.linspace(0.0, 2.0 * math.pi, steps, endpoint=False):
        way = np.array([math.cos(bearing), math.sin(bearing), 0.0])
        low, high = 0.0, min(best, 200.0)
        if obstacle(p, w + high * way, radius, horizon_s) == inside:
            continue
        while high - low > 1e-6:
            middle = 0.5 * (low + high)
            if obstacle(p, w + middle * way, radius, horizon_s) == inside:
                low = middle
            else:
                high = middle
        best = min(best, high)
    return best


def pairs_within(state: Array, radius: float, half: float) -> set[tuple[int, int]]:
    """Pairs within a cylinder of each other, by all distances."""
    apart = state[:, None, :3] - state[None, :, :3]
    close = (np.hypot(apart[..., 0], apart[..., 1]) < radius) & (np.abs(apart[..., 2]) < half)
    return {(int(i), int(j)) for i, j in zip(*np.nonzero(np.triu(close, 1)), strict=True)}


def moved(state: Array, command: Array, limits: Array, step_s: float) -> Array:
    """State after a step towards commanded velocities: coordinated turns, g tan(bank) / speed."""
    speed, asked = np.hypot(*state[:, 3:5].T), np.minimum(np.hypot(*command[:, :2].T), limits[:, 0])
    heading = np.arctan2(state[:, 3], state[:, 4])
    turn = np.where(asked > 1e-6, np.arctan2(command[:, 0], command[:, 1]) - heading, 0.0)
    turn = (turn + math.pi) % (2.0 * math.pi) - math.pi
    speed = speed + np.clip(asked - speed, -limits[:, 3] * step_s, limits[:, 3] * step_s)
    rate = 9.80665 * np.tan(limits[:, 4]) / np.maximum(speed, 0.1) * step_s
    heading = heading + np.clip(turn, -rate, rate)
    climb = np.clip(command[:, 2], -limits[:, 2], limits[:, 1])
    climb = state[:, 5] + np.clip(climb - state[:, 5], -limits[:, 5] * step_s, limits[:, 5] * step_s)
    flown = np.column_stack([speed * np.sin(heading), speed * np.cos(heading), climb])
    return np.column_stack([state[:, :3] + flown * step_s, flown])
