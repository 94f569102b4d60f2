"""The compiled drops in NumPy, slow and plain: what `_kernels` must agree with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.mobile import pathloss
from rabta.mobile.country import _kernels as k
from rabta.radio.ntn import field
from rabta.units import from_db, to_db

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


def uma_db(distance_m: Array, ghz: float, height_m: float, seen: Flags) -> Array:
    """Urban macro loss (TR 38.901, table 7.4.1-1); effective environment height 1 m."""
    rise = height_m - k.USER_M
    slant, turn = np.hypot(distance_m, rise), 4.0 * (height_m - 1.0) * (k.USER_M - 1.0) * ghz * 1e9 / 3.0e8
    near = 28.0 + 22.0 * np.log10(slant) + 20.0 * np.log10(ghz)
    far = 28.0 + 40.0 * np.log10(slant) + 20.0 * np.log10(ghz) - 9.0 * np.log10(turn**2 + rise**2)
    los = np.where(distance_m <= turn, near, far)
    nlos = 13.54 + 39.08 * np.log10(slant) + 20.0 * np.log10(ghz)
    return np.asarray(np.where(seen, los, np.maximum(los, nlos)))


def uma_los_probability(distance_m: Array) -> Array:
    """Probability of line of sight of a user on the street (TR 38.901, table 7.4.2-1, UMa)."""
    d = np.maximum(distance_m, 18.0)
    return np.where(distance_m <= 18.0, 1.0, 18.0 / d + np.exp(-d / 63.0) * (1.0 - 18.0 / d))


def _pattern(bearing: Array, down: Array, site: Array) -> Array:
    """Gain of the three sectors, shape (3, ...)."""
    off = bearing - site[:, 3] - 120.0 * np.arange(3)[:, None]
    off = (off + 180.0) % 360.0 - 180.0
    wide = np.minimum(12.0 * (off / k.SECTOR_DEG) ** 2, k.BACK_DB)
    tall = np.minimum(12.0 * (down / k.TALL_DEG) ** 2, k.SIDE_DB)
    return np.asarray(from_db(-np.minimum(wide + tall, k.BACK_DB)))


def _hills(loss: Array, knots: Array, distance: Array) -> Array:
    knots0 = np.concatenate([[0.0], knots])
    return np.array(
        [np.interp(d, knots0, np.concatenate([[0.0], row])) for d, row in zip(distance, loss, strict=True)]
    )


def receive(
    point: Array, near: NDArray[np.int32], site: Array, urban: Flags, ground: NDArray[np.int32], power: Array,
    ghz: Array, terrain: Array, knots: Array, carrier: NDArray[np.int64], key: NDArray[np.uint64],
) -> tuple[Array, Array]:  # fmt: skip
    """`_kernels.receive`: received power (point, neighbour, carrier), ratio (point, neighbour)."""
    out, ratio = np.zeros((*near.shape, len(ghz))), np.ones(near.shape)
    for p, row in enumerate(near):
        js = np.flatnonzero(row >= 0)
        s = row[js]
        north = (point[p, 0] - site[s, 0]) * k.EARTH_M
        east = (point[p, 1] - site[s, 1]) * np.cos(0.5 * (point[p, 0] + site[s, 0])) * k.EARTH_M
        distance = np.maximum(np.hypot(north, east), np.where(urban[s], k.UMA_NEAREST_M, k.NEAREST_M))
        with np.errstate(over="ignore"):
            stream = field.mix(key[p] ^ field.mix(s.astype(np.uint64) + field.GOLDEN))
        share = np.where(urban[s], uma_los_probability(distance), pathloss.rma_los_probability(distance))
        seen = field.uniform(stream, 0) < share
        down = np.degrees(np.arctan2(site[s, 2] - k.USER_M, distance)) - site[s, 4]
        gain = _pattern(np.degrees(np.arctan2(east, north)), down, site[s])
        ratio[p, js] = gain.sum(axis=0) / gain.max(axis=0)
        for c, f in enumerate(ghz):
            loss = _loss(distance, f, site[s, 2], urban[s], seen) + field.normal(stream, 1) * _sigma(
                distance, f, site[s, 2], urban[s], seen
            )
            loss += _hills(terrain[ground[s], carrier[c]], knots, distance)
            out[p, js, c] = power[s, c] * gain.max(axis=0) * from_db(-loss)
    return out, ratio


def _loss(distance: Array, ghz: float, height: Array, urban: Flags, seen: Flags) -> Array:
    found = np.empty_like(distance)
    for i, d in enumerate(distance):
        one = np.array([d])
        rma = (
            pathloss.rma_los_db(one, ghz, height[i]) if seen[i] else pathloss.rma_nlos_db(one, ghz, height[i])
        )
        found[i] = uma_db(one, ghz, height[i], seen[i : i + 1])[0] if urban[i] else rma[0]
    return found


def _sigma(distance: Array, ghz: float, height: Array, urban: Flags, seen: Flags) -> Array:
    turn = pathloss.breakpoint_m(ghz, 1.0, k.USER_M) * height
    rural = np.where(seen, np.where(distance <= turn, 4.0, 6.0), 8.0)
    return np.where(urban, np.where(seen, 4.0, 6.0), rural)


def sinr_db(
    received: Array, ratio: Array, near: NDArray[np.int32], server: NDArray[np.int32], load: Array,
    noise: Array, entry: Array, indoor: Flags,
) -> Array:  # fmt: skip
    """SINR of each point and carrier at the sites' loads; -inf where nothing is received."""
    rows = np.arange(len(server))
    own = np.maximum(server, 0)
    busy = np.where(near >= 0, load[np.maximum(near, 0)], 0.0)
    weight = busy * ratio
    weight[rows, own] = busy[rows, own] * (ratio[rows, own] - 1.0)
    wanted = received[rows, own]
    drop = np.where(indoor[:, None], entry, 1.0)
    others = np.einsum("pj,pjc->pc", weight, received)
    with np.errstate(divide="ignore"):
        found = to_db(wanted * drop / (noise + others * drop))
    return np.where(server[:, None] < 0, -np.inf, found)
