"""Command links replayed: flights that draw what the predictor integrates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.airspace.feasibility.channel import HOURS, Channel, patterns

Array = NDArray[np.float64]

ALIKE_M = np.array([[60.0, 37.0, 120.0], [50.0, 37.0, 50.0]])
"""Rural and urban, of sight (TR 38.901 V17, table 7.6.3.1-2), of shadowing seen and hidden (table 7.5-6)."""
RADIUS_M = 12_000.0
STEP_M = 25.0


@dataclass(frozen=True)
class Flown:
    """What flights met, shape (flight,).

    Attributes
    ----------
    predicted, replayed : ndarray
        Share of each flight without a command link: mean of the closed form's along it, and as drawn.
    """

    predicted: Array
    replayed: Array

    def by_tenth(self) -> list[tuple[int, float, float]]:
        """Flights, predicted and replayed means in classes of ten points of what was predicted."""
        tenth = np.minimum((10.0 * self.predicted).astype(int), 9)
        rows = [(np.flatnonzero(tenth == k)) for k in range(10)]
        return [
            (len(r), float(self.predicted[r].mean()), float(self.replayed[r].mean())) for r in rows if len(r)
        ]


def drawn(radius_m: float, count: int, heights_m: tuple[float, ...], seed: int) -> tuple[Array, Array, Array]:
    """Straight flights of 1 to 5 km inside a circle: begins and ends on a plane (flight, 2), and heights."""
    random = np.random.default_rng(seed)
    turn, away = 2.0 * np.pi * random.random(count), radius_m * np.sqrt(random.random(count))
    begin = away[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    turn, length = 2.0 * np.pi * random.random(count), 1_000.0 + 4_000.0 * random.random(count)
    end = begin + length[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    return begin, end, np.array(heights_m)[random.integers(len(heights_m), size=count)]


def fly(channel: Channel, begin: Array, end: Array, height_m: Array, *, seed: int = 0) -> Flown:
    """Fly straight ways on a channel's plane at drawn hours, predicted and replayed."""
    from rabta import jit
    from rabta.airspace.feasibility import _kernels

    length = np.hypot(*(end - begin).T)
    steps = np.maximum(np.ceil(length / STEP_M).astype(np.int64), 1)
    part = (np.arange(steps.max()) + 0.5) / steps[:, None]
    track = begin[:, None] + np.minimum(part, 1.0)[..., None] * (end - begin)[:, None]
    way = np.concatenate([track, np.broadcast_to(height_m[:, None, None], (*part.shape, 1))], axis=-1)
    hour = np.random.default_rng((seed, 1)).integers(HOURS, size=len(begin))
    out = np.zeros(len(begin))
    jit.each_part(
        _kernels.replay, len(begin), np.ascontiguousarray(way), steps, hour.astype(np.int64), channel.site,
        channel.load, patterns(), channel.rule, RADIUS_M, ALIKE_M, seed, out,
    )  # fmt: skip
    return Flown(predicted(channel, way, steps, hour), out)


EVERY = 4
"""Of a way's steps, every how many-th is asked of the predictor."""


def predicted(channel: Channel, way: Array, steps: NDArray[np.int64], hour: NDArray[np.int64]) -> Array:
    """Mean of the closed form along each way, at its hour."""
    inside = np.arange(way.shape[1]) < steps[:, None]
    inside[:, :] &= np.arange(way.shape[1])[None] % EVERY == EVERY // 2
    inside[np.arange(len(steps)), steps // 2] = True
    row, at = np.nonzero(inside)
    lat, lon = _degrees(way[row, at, :2], channel.middle)
    found = channel.outage(lat, lon, way[row, at, 2])[np.arange(len(row)), hour[row]]
    return np.bincount(row, found, len(steps)) / np.bincount(row, minlength=len(steps))


def _degrees(place: Array, middle: tuple[float, float]) -> tuple[Array, Array]:
    from rabta.mobile.system.layouts import EARTH_M

    lat = middle[0] + np.degrees(place[:, 1] / EARTH_M)
    return lat, middle[1] + np.degrees(place[:, 0] / (EARTH_M * np.cos(np.radians(middle[0]))))
