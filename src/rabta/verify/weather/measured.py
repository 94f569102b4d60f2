"""What the drawn fields do when they are measured, with the sampling error of the measurement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta import jit
from rabta.radio.weather import field, links
from rabta.radio.weather.fading import YEAR_S, spells
from rabta.radio.weather.field import SIDE, STEP_KM, TICK_S, Field

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

FAR_NODES = 20  # 120 km: places so far apart count as independent in short fades


@dataclass(frozen=True)
class Measured:
    """A mean over independent draws and its standard error."""

    value: float
    error: float

    @classmethod
    def over(cls, draws: F8 | list[float]) -> Measured:
        """Mean of equally good draws."""
        values = np.asarray(draws, dtype=np.float64)
        return cls(float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size)))


def everywhere(seed: int) -> Field:
    """A field at every node of the torus, row after row."""
    return Field(seed, np.arange(SIDE * SIDE, dtype=np.int64))


def scattered(seed: int, apart: int = FAR_NODES) -> Field:
    """A field at places that are 120 km, or other numbers of nodes, apart: 576 of them."""
    node = np.arange(0, SIDE, apart)
    return Field(seed, (node[:, None] * SIDE + node).ravel())


def exceedance(rain_percent: float, percents: tuple[float, ...], draws: int = 256) -> list[Measured]:
    """Share of moments and places (per cent) with at least the rain of a share of the year.

    All places have the same rain probability; the error is that between independent draws.
    """
    places = scattered(11, apart=4)
    chance = np.full(places.node.size, rain_percent)
    found = np.empty((draws, len(percents)))

    def one(i: int) -> None:
        rain, depth = (places.pair(kind, field.LEVELS, i) for kind in range(field.KINDS))
        seen = links.exceeded_percent(rain, depth, chance)
        for n, percent in enumerate(percents):
            found[2 * i : 2 * i + 2, n] = 100.0 * (seen <= percent).mean(axis=1)

    jit.each(one, range(draws // 2))
    return [Measured.over(column) for column in found.T]


def spatial(kind: int, steps: tuple[int, ...], draws: int = 256) -> list[Measured]:
    """Correlation of a field with itself some nodes to the east, on every fourth line."""
    places = everywhere(12)
    found = np.empty((draws, len(steps)))

    def one(i: int) -> None:
        value = places.pair(kind, field.LEVELS, i).reshape(2, SIDE, SIDE)[:, ::4]
        for k, n in enumerate(steps):
            moved = value * np.roll(value, n, 2)
            found[2 * i : 2 * i + 2, k] = moved.mean(axis=(1, 2), dtype=np.float64)

    jit.each(one, range(draws // 2))
    return [Measured.over(column) for column in found.T]


def temporal(kind: int, lags: tuple[int, ...], blocks: int = 64) -> list[Measured]:
    """Correlation over time of places far apart, at minutes that begin anywhere in the tree."""
    places = scattered(13)
    found = np.empty((blocks, len(lags)))
    for b in range(blocks):
        first = 7 + b * 4099
        ticks = first + np.array([0, *lags], dtype=np.int64)
        value = places.at_ticks(np.unique(ticks))[kind].astype(np.float64)
        row = np.searchsorted(np.unique(ticks), ticks)
        found[b] = [float((value[row[0]] * value[r]).mean()) for r in row[1:]]
    return [Measured.over(column) for column in found.T]


def pairs(lat_deg: F8, lon_deg: F8, centre: tuple[float, float], draws: int = 3000) -> list[Measured]:
    """Correlation of the first field between pairs of places on the map, shape (pair, 2)."""
    places = Field.at_places(14, np.ravel(lat_deg), np.ravel(lon_deg), centre)
    value = places.anchors(draws).astype(np.float64).reshape(draws, -1, 2)
    return [Measured.over(column[:, 0] * column[:, 1]) for column in value.swapaxes(0, 1)]


def fade_durations(rain_percent: float, percent: float, hours: int = 48) -> tuple[F8, float, float]:
    """Fades of a depth that is exceeded in a share of the year, of 576 places, minute by minute.

    Returns
    -------
    durations : ndarray
        Seconds, of fades that begin and end inside.
    years : float
        Years that were looked at.
    percent : float
        Share of that time in fades.
    """
    places = scattered(15)
    chance = np.full(places.node.size, rain_percent)
    deep = []
    for start in range(0, hours * 60, 120):
        rain, depth = places.at_ticks(np.arange(start, start + 120, dtype=np.int64))
        deep.append(links.exceeded_percent(rain, depth, chance) <= percent)
    faded = np.concatenate(deep)
    durations = np.concatenate([spells(column, float(TICK_S)) for column in faded.T])
    return durations, faded.size * TICK_S / YEAR_S, 100.0 * float(faded.mean())


def node_km(steps: int) -> float:
    """Distance of nodes."""
    return steps * STEP_KM
