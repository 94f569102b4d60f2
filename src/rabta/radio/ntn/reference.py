"""NumPy reference of the fading kernel: TR 38.901, clause 7.5, steps 5 to 11, one link at a time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rabta.radio.ntn import field
from rabta.radio.ntn.fading import OFFSETS, PARTS, TAPS, _Inputs

Array = NDArray[np.float64]
RAYS = OFFSETS.size


@dataclass(frozen=True)
class Clusters:
    """Clusters of a link, each array of shape (cluster,)."""

    delay_s: Array
    power: Array
    direct: float
    azimuth_deg: Array
    zenith_deg: Array


def _polynomial(x: float, *coefficients: float) -> float:
    return float(np.polynomial.polynomial.polyval(x, coefficients))


def clusters(given: _Inputs, link: int) -> Clusters:
    """Steps 5 to 7: delays, powers and mean directions."""
    key, los, row = given.key[link], bool(given.los[link]), given.table[link]
    k, spread = given.spread[link, 0], given.spread[link, 1]
    n = np.arange(int(row[1]))
    delay = np.sort(-row[0] * spread * np.log(field.uniform(key, 256 * n)))
    delay -= delay[0]
    shadow = row[4] * field.normal(key, 128 * n + 1)
    power = np.exp(-delay * (row[0] - 1.0) / (row[0] * spread)) * 10.0 ** (-shadow / 10.0)
    power /= power.sum()
    power = np.where(power < power.max() * 10.0**-2.5, 0.0, power)
    direct = 1.0 / (1.0 + 10.0 ** (-k / 10.0)) if los else 0.0
    strength = (1.0 - direct) * power + direct * (n == 0)
    if los:
        delay = delay / max(_polynomial(k, 0.7705, -0.0433, 0.0002, 0.000017), 0.05)
    angles = _directions(given, link, np.log(np.maximum(strength / strength.max(), 1e-6)))
    return Clusters(delay, power, direct, *angles)


def _directions(given: _Inputs, link: int, ratio: Array) -> tuple[Array, Array]:
    """Step 7, from the logarithms of the clusters' powers over the strongest one's."""
    key, n = given.key[link], 128 * np.arange(ratio.size)
    k, _, asa, zsa = given.spread[link]
    azimuth_los, zenith_los, _, wide, tall = given.angle[link]
    if given.los[link]:
        wide = wide * _polynomial(k, 1.1035, -0.028, -0.002, 0.0001)
        tall = tall * _polynomial(k, 1.3086, 0.0339, -0.0077, 0.0002)
    left = np.where(field.uniform(key, 2 * (n + 2)) < 0.5, 1.0, -1.0)
    down = np.where(field.uniform(key, 2 * (n + 2) + 1) < 0.5, 1.0, -1.0)
    azimuth = left * 2.0 * (asa / 1.4) * np.sqrt(-ratio) / wide + asa / 7.0 * field.normal(key, n + 3)
    zenith = down * -zsa * ratio / tall + zsa / 7.0 * field.normal(key, n + 4)
    if given.los[link]:
        azimuth, zenith = azimuth - azimuth[0], zenith - zenith[0]
    return azimuth + azimuth_los, zenith + zenith_los


def coupling(key: np.uint64, number: int, order: NDArray[np.int64], first: int, last: int) -> None:
    """Step 8: Fisher and Yates over ``order[first:last]``."""
    for j in range(last - 1, first, -1):
        i = first + int(field.uniform(key, number + j) * (j - first + 1))
        order[i], order[j] = order[j], order[i]


def _pairs(key: np.uint64, base: int, split: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rays of a cluster, and the rays that lend them their zenith offset."""
    own = np.concatenate([list(part) for part in PARTS]) if split else np.arange(RAYS)
    lent = own.copy()
    edges = np.cumsum([0, *map(len, PARTS)]) if split else np.array([0, RAYS])
    for first, last in pairwise(edges):
        coupling(key, 2 * (base + 80), lent, int(first), int(last))
    return own, lent


def _hertz(given: _Inputs, link: int, azimuth_deg: Array, zenith_deg: Array) -> Array:
    a, z = np.radians(azimuth_deg), np.radians(zenith_deg)
    flat = np.abs(np.sin(z))  # zenith angles beyond 180 degrees are folded back
    unit = np.stack([flat * np.cos(a), flat * np.sin(a), np.cos(z)])
    return np.asarray(given.velocity[link] @ unit + given.doppler[link])


def rays(given: _Inputs, link: int, found: Clusters, cluster: int, split: bool) -> NDArray[np.complex128]:
    """Steps 8 to 11: coefficient of each ray of a cluster at each time, shape (ray, time)."""
    key, row, base, m = given.key[link], given.table[link], 128 * cluster, np.arange(RAYS)
    own, lent = _pairs(key, base, split)
    hertz = _hertz(
        given,
        link,
        found.azimuth_deg[cluster] + row[6] * OFFSETS[own],
        found.zenith_deg[cluster] + row[7] * OFFSETS[lent],
    )
    cross = 10.0 ** (-(row[2] + row[3] * field.normal(key, base + 8 + m)) / 20.0)
    turns = [field.uniform(key, 2 * (base + 32 + 2 * m) + i) for i in range(4)]
    e0, e1, e2, e3 = np.exp(2j * np.pi * np.array(turns))
    (r0, r1), (t0, t1) = given.receive, given.transmit
    ray = r0 * (e0 * t0 + cross * e1 * t1) + r1 * (cross * e2 * t0 + e3 * t1)
    ray = ray * np.sqrt((1.0 - found.direct) * found.power[cluster] / RAYS)
    out = np.empty((RAYS, given.times.size), np.complex128)
    out[own] = ray[:, None] * np.exp(2j * np.pi * hertz[:, None] * given.times)
    return out


def fade_reference(given: _Inputs) -> tuple[NDArray[np.float32], NDArray[np.complex64]]:
    """The same as `_kernels.fade`."""
    count = given.los.size
    delay = np.zeros((count, TAPS), np.float32)
    out = np.zeros((count, TAPS, given.times.size), np.complex64)
    for link in range(count):
        _taps(given, link, delay[link], out[link])
    return delay, out


def _taps(given: _Inputs, link: int, delay: NDArray[np.float32], out: NDArray[np.complex64]) -> None:
    found = clusters(given, link)
    first, second = np.argsort(-found.power, kind="stable")[:2]
    rest = 7
    for n in range(found.power.size):
        if n in (first, second):
            home = 1 if n == first else 4
            waves = rays(given, link, found, n, True)
            for part, members in enumerate(PARTS):
                delay[home + part] = found.delay_s[n] + 1.28e-9 * part * given.table[link, 5]
                out[home + part] = waves[list(members)].sum(axis=0)
        else:
            delay[rest] = found.delay_s[n]
            out[rest] = rays(given, link, found, n, False).sum(axis=0)
            rest += 1
    if given.los[link]:
        azimuth, zenith, phase = given.angle[link, :3]
        hertz = _hertz(given, link, np.array([azimuth]), np.array([zenith]))[0]
        (r0, r1), (t0, t1) = given.receive, given.transmit
        turns = hertz * given.times + phase
        out[0] = np.sqrt(found.direct) * (r0 * t0 - r1 * t1) * np.exp(2j * np.pi * turns)
