r"""A drawn rain field: two Gaussian fields over a country and over time, by number and not by order.

The model of site diversity of ITU-R P.618-14 (section 2.2.4.1), made a field. It rains at a place while one
Gaussian variable is above the level of the place's probability of rain; how hard is said by a second one,
independent of the first. Both are correlated over distance as the Recommendation says,

    rain        0.70 exp(-d / 60 km) + 0.30 exp(-(d / 700 km)^2)
    intensity   0.94 exp(-d / 30 km) + 0.06 exp(-(d / 500 km)^2)

and over time as exp(-beta t) with beta = 2e-4 / s, the low-pass filter of the rain attenuation series of
ITU-R P.1853-1 (Annex 1, section 2). Space and time are separable; rain does not travel.

- Space: circulant embedding on a torus (Dietrich and Newsam, SIAM J. Sci. Comput. 18, 1997): exact at the
  nodes of a grid of 6 km; a place takes its nearest node. Distances are those of an equal-area map.
- Time: the bridge of the Ornstein-Uhlenbeck process, halved again and again between anchors 34 hours apart
  (whose own correlation, 2e-11, is left out), down to the minute.
- Noise: a hash of seed, field, level and number. Any moment is had without those before it, so that results
  do not depend on how a run is cut into pieces, nor on threads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rabta import jit
from rabta.radio.weather import _kernels

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

BETA_S = 2e-4  # P.1853-1, Annex 1, section 2.2, step B
STEP_KM = 6.0
SIDE = 480
TICK_S = 60
LEVELS = 11  # anchors 2^11 ticks apart
EARTH_KM = 6371.0
KINDS = 2


def rain_correlation(distance_km: NDArray[np.float64] | float) -> F8:
    """Spatial correlation of rain. ITU-R P.618-14, section 2.2.4.1, equation of rho_r."""
    d = np.asarray(distance_km, dtype=np.float64)
    return np.asarray(0.7 * np.exp(-d / 60.0) + 0.3 * np.exp(-((d / 700.0) ** 2)))


def depth_correlation(distance_km: NDArray[np.float64] | float) -> F8:
    """Spatial correlation of rain attenuation. ITU-R P.618-14, section 2.2.4.1, equation of rho_a."""
    d = np.asarray(distance_km, dtype=np.float64)
    return np.asarray(0.94 * np.exp(-d / 30.0) + 0.06 * np.exp(-((d / 500.0) ** 2)))


CORRELATIONS: tuple[Callable[[F8], F8], ...] = (rain_correlation, depth_correlation)


def equal_area_km(lat_deg: F8, lon_deg: F8, centre: tuple[float, float]) -> tuple[F8, F8]:
    """East and north of a centre on Lambert's azimuthal equal-area map of a sphere.

    Snyder, Map Projections: A Working Manual (USGS 1395, 1987), equations (24-2) and (22-4).
    """
    lat, lon = np.radians(lat_deg), np.radians(np.asarray(lon_deg) - centre[1])
    lat0 = np.radians(centre[0])
    cosine = np.sin(lat0) * np.sin(lat) + np.cos(lat0) * np.cos(lat) * np.cos(lon)
    scale = EARTH_KM * np.sqrt(2.0 / np.maximum(1.0 + cosine, 1e-9))
    east = scale * np.cos(lat) * np.sin(lon)
    north = scale * (np.cos(lat0) * np.sin(lat) - np.sin(lat0) * np.cos(lat) * np.cos(lon))
    return np.asarray(east), np.asarray(north)


def centre_of(lat_deg: F8, lon_deg: F8) -> tuple[float, float]:
    """Centre of the map of a country, to five degrees, so that a few places more do not move it.

    Examples
    --------
    >>> centre_of(np.array([24.9, 35.9]), np.array([67.0, 74.3]))
    (30.0, 70.0)
    """
    middle = [(float(np.min(v)) + float(np.max(v))) / 2.0 for v in (lat_deg, lon_deg)]
    return 5.0 * round(middle[0] / 5.0), 5.0 * round(middle[1] / 5.0)


@cache
def amplitudes() -> F4:
    """Amplitude of every wave of both fields, shape (kind, wave): root of the torus' eigenvalues."""
    axis = STEP_KM * np.minimum(np.arange(SIDE), SIDE - np.arange(SIDE))
    distance = np.hypot(axis[:, None], axis[None, :])
    power = [np.fft.fft2(correlation(distance)).real.clip(min=0.0) for correlation in CORRELATIONS]
    return np.stack([np.sqrt(p / p.sum()).ravel() for p in power]).astype(np.float32)


@cache
def quantiles() -> F4:
    """The 65,536 equally likely values that stand for the normal distribution, of variance one."""
    from scipy.special import ndtri

    values = ndtri((np.arange(65_536) + 0.5) / 65_536)
    return np.asarray(values / values.std(), dtype=np.float32)


def mix(*numbers: int) -> int:
    """Hash of whole numbers, of 64 bits (SplitMix64, number after number).

    Examples
    --------
    >>> hex(mix(1234567))  # the first output of SplitMix64 seeded so (Vigna's reference implementation)
    '0x599ed017fb08fc85'
    """
    mask, z = (1 << 64) - 1, 0
    for number in numbers:
        z = (z + number + 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        z ^= z >> 31
    return z


def noise_reference(key: int, amplitude: F4) -> NDArray[np.complex64]:
    """The noise kernel in plain NumPy."""
    count = amplitude.size
    with np.errstate(over="ignore"):
        z = np.uint64(key) + np.arange(1, (count + 1) // 2 + 1, dtype=np.uint64) * _kernels.GOLDEN
        z = (z ^ (z >> np.uint64(30))) * _kernels.FIRST
        z = (z ^ (z >> np.uint64(27))) * _kernels.SECOND
        z = z ^ (z >> np.uint64(31))
    words = (z[:, None] >> np.array([0, 16, 32, 48], np.uint64)) & np.uint64(0xFFFF)
    values = quantiles()[words.astype(np.int64)].reshape(-1, 2)[:count]
    return np.asarray((values[:, 0] + 1j * values[:, 1]) * amplitude, dtype=np.complex64)


@dataclass(frozen=True)
class Field:
    """Gaussian fields at some places.

    Attributes
    ----------
    seed : int
    node : int64 (place,)
        Node of the torus of each place.
    """

    seed: int
    node: NDArray[np.int64]

    @classmethod
    def at_places(cls, seed: int, lat_deg: F8, lon_deg: F8, centre: tuple[float, float]) -> Field:
        """Field at places; the same centre gives a place the same rain whatever other places there are."""
        east, north = equal_area_km(np.asarray(lat_deg), np.asarray(lon_deg), centre)
        column, row = (np.rint(v / STEP_KM).astype(np.int64) % SIDE for v in (east, north))
        return cls(seed, row * SIDE + column)

    def pair(self, kind: int, level: int, number: int) -> F4:
        """Two independent fields without memory, shape (2, place)."""
        from scipy import fft

        waves = np.empty(SIDE * SIDE, np.complex64)
        _kernels.noise(np.uint64(mix(self.seed, kind, level, number)), quantiles(), amplitudes()[kind], waves)
        spread = fft.fft2(waves.reshape(SIDE, SIDE), overwrite_x=True).ravel()[self.node]
        return np.stack([spread.real, spread.imag])

    def fresh(self, wanted: list[tuple[int, int, int]]) -> dict[tuple[int, int, int], F4]:
        """Fields without memory of nodes (kind, level, number) of the tree, each made once."""
        pairs = sorted({(kind, level, number // 2) for kind, level, number in wanted})
        made: dict[tuple[int, int, int], F4] = {}

        def one(key: tuple[int, int, int]) -> None:
            made[key] = self.pair(*key)

        jit.each(one, pairs)
        return {(k, level, n): made[k, level, n // 2][n % 2] for k, level, n in wanted}

    def anchors(self, count: int) -> F4:
        """The first field at `count` anchors, which have nothing to do with each other, (anchor, place)."""
        made = self.fresh([(0, LEVELS, i) for i in range(count)])
        return np.stack([made[0, LEVELS, i] for i in range(count)])

    def at_ticks(self, ticks: NDArray[np.int64]) -> F4:
        """Both fields at whole minutes since 1970, shape (kind, time, place)."""
        tree = _ancestry(ticks)
        found: dict[tuple[int, int], F4] = {}
        white = self.fresh([(k, _level(t), _number(t)) for t in tree for k in range(KINDS)])
        for t in sorted(tree, key=lambda tick: -_level(tick)):
            level, number = _level(t), _number(t)
            half = 1 << level
            decay = np.exp(-BETA_S * TICK_S * half)
            for k in range(KINDS):
                own = white[k, level, number]
                if level == LEVELS:
                    found[k, t] = own
                    continue
                pull = np.float32(decay / (1.0 + decay**2))
                spread = np.float32(np.sqrt(np.tanh(BETA_S * TICK_S * half)))
                found[k, t] = pull * (found[k, t - half] + found[k, t + half]) + spread * own
        return np.stack([np.stack([found[k, int(t)] for t in ticks]) for k in range(KINDS)])

    def at_times(self, times: NDArray[np.datetime64], offset_s: int = 0) -> F4:
        """Both fields at instants, (kind, time, place): between two minutes their mean of unit variance."""
        seconds = times.astype("datetime64[ms]").astype(np.int64) / 1e3 + offset_s
        before = np.floor(seconds / TICK_S).astype(np.int64)
        part = (seconds / TICK_S - before).astype(np.float32)[:, None]
        ticks = np.unique(np.concatenate([before, before[part[:, 0] > 0.0] + 1]))
        values = self.at_ticks(ticks)
        first = values[:, np.searchsorted(ticks, before)]
        if not part.any():
            return first
        second = values[:, np.minimum(np.searchsorted(ticks, before + 1), ticks.size - 1)]
        near = np.float32(np.exp(-BETA_S * TICK_S))
        size = np.sqrt((1.0 - part) ** 2 + part**2 + 2.0 * part * (1.0 - part) * near)
        return np.where(part > 0.0, ((1.0 - part) * first + part * second) / size, first)


def _level(tick: int) -> int:
    """Height in the tree: the power of two that divides the tick, at most that of the anchors."""
    return min((tick & -tick).bit_length() - 1, LEVELS) if tick else LEVELS


def _number(tick: int) -> int:
    """Number of the tick among those of its level, without gaps."""
    level = _level(tick)
    return tick >> LEVELS if level == LEVELS else tick >> (level + 1)


def _ancestry(ticks: NDArray[np.int64]) -> set[int]:
    """The ticks, and all from which they are interpolated."""
    left, seen = [int(t) for t in ticks], set[int]()
    while left:
        t = left.pop()
        if t in seen:
            continue
        seen.add(t)
        if _level(t) < LEVELS:
            left += [t - (1 << _level(t)), t + (1 << _level(t))]
    return seen
