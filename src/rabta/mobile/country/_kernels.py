"""Compiled drops of a nation's cells: what each place receives of the sites around it, and its rate.

`reference` holds the same in NumPy. Losses are TR 38.901's, tables 7.4.1-1 and 7.4.2-1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

F8 = NDArray[np.float64]
F4 = NDArray[np.float32]
I4 = NDArray[np.int32]
U8 = NDArray[np.uint64]
B1 = NDArray[np.bool_]

EARTH_M = 6_371_000.0
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
USER_M = 1.5
NEAREST_M = 35.0
UMA_NEAREST_M = 10.0
BUILDING_M, STREET_M = 5.0, 20.0
SECTOR_DEG, BACK_DB = 65.0, 30.0  # TR 38.901, table 7.3-1
TALL_DEG, SIDE_DB = 10.0, 30.0  # vertical: a column of eight elements; floor of the table
LN10 = math.log(10.0) / 10.0


@inline
def _mix(z: np.uint64) -> np.uint64:
    """Finaliser of SplitMix64; see `rabta.radio.ntn.field`."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@inline
def _uniform(key: np.uint64, number: np.uint64) -> float:
    """Number of a stream, between 0 and 1."""
    bits = _mix(key + (number + np.uint64(1)) * GOLDEN) >> np.uint64(11)
    return (float(bits) + 0.5) * 2.0**-53


@kernel("float64(float64, float64, float64, boolean)")
def rma_db(distance: float, ghz: float, height: float, seen: bool) -> float:
    """Rural macro loss, in line of sight or without."""
    rise = height - USER_M
    slant = math.hypot(distance, rise)
    turn = 2.0 * math.pi * height * USER_M * ghz * 1e9 / 3.0e8
    a, b = min(0.03 * BUILDING_M**1.72, 10.0), min(0.044 * BUILDING_M**1.72, 14.77)
    c = 0.002 * math.log10(BUILDING_M)
    near = slant if distance <= turn else math.hypot(turn, rise)
    los = 20.0 * math.log10(40.0 * math.pi * near * ghz / 3.0) + a * math.log10(near) - b + c * near
    if distance > turn:
        los += 40.0 * math.log10(slant / near)
    if seen:
        return float(los)
    loss = (
        161.04 - 7.1 * math.log10(STREET_M) + 7.5 * math.log10(BUILDING_M)
        - (24.37 - 3.7 * (BUILDING_M / height) ** 2) * math.log10(height)
        + (43.42 - 3.1 * math.log10(height)) * (math.log10(slant) - 3.0)
        + 20.0 * math.log10(ghz) - (3.2 * math.log10(11.75 * USER_M) ** 2 - 4.97)
    )  # fmt: skip
    return float(max(loss, los))


@kernel("float64(float64, float64, float64, boolean)")
def uma_db(distance: float, ghz: float, height: float, seen: bool) -> float:
    """Urban macro loss, in line of sight or without; the environment's effective height is 1 m."""
    rise = height - USER_M
    slant = math.hypot(distance, rise)
    turn = 4.0 * (height - 1.0) * (USER_M - 1.0) * ghz * 1e9 / 3.0e8
    los = 28.0 + 22.0 * math.log10(slant) + 20.0 * math.log10(ghz)
    if distance > turn:
        los = 28.0 + 40.0 * math.log10(slant) + 20.0 * math.log10(ghz) - 9.0 * math.log10(turn**2 + rise**2)
    if seen:
        return float(los)
    return max(los, 13.54 + 39.08 * math.log10(slant) + 20.0 * math.log10(ghz) - 0.6 * (USER_M - 1.5))


@inline
def _seen_share(distance: float, urban: bool) -> float:
    """Probability of line of sight."""
    if not urban:
        return min(1.0, math.exp(-(distance - 10.0) / 1000.0))
    if distance <= 18.0:
        return 1.0
    return 18.0 / distance + math.exp(-distance / 63.0) * (1.0 - 18.0 / distance)


@inline
def _shadow_db(distance: float, ghz: float, height: float, urban: bool, seen: bool) -> float:
    """Standard deviation of the shadowing."""
    if urban:
        return 4.0 if seen else 6.0
    if not seen:
        return 8.0
    return 4.0 if distance <= 2.0 * math.pi * height * USER_M * ghz * 1e9 / 3.0e8 else 6.0


@inline
def _hills(loss: F4, knots: F8, distance: float) -> float:
    """Loss of the terrain at a distance: linear from 0 at the mast, constant beyond the last knot."""
    left, low = 0.0, 0.0
    for i in range(len(knots)):
        if distance <= knots[i]:
            return float(low + (loss[i] - low) * (distance - left) / (knots[i] - left))
        left, low = knots[i], loss[i]
    return float(low)


@kernel(
    "void(int64, int64, float64[:,::1], int32[:,::1], float64[:,::1], boolean[::1], int32[::1],"
    "float32[:,::1], float64[::1], float32[:,:,::1], float64[::1], int64[::1], uint64[::1],"
    "float32[:,:,::1], float32[:,::1], float32[:,::1])"
)
def receive(
    first: int, last: int, point: F8, near: I4, site: F8, urban: B1, ground: I4,
    power: F4, ghz: F8, terrain: F4, knots: F8, carrier: NDArray[np.int64], key: U8,
    out: F4, ratio: F4, far: F4,
) -> None:  # fmt: skip
    """Power that points receive of their nearest sites' best sectors on each carrier, mW/MHz.

    ``point``: latitude, longitude in radians. ``site``: latitude, longitude (rad), height (m), azimuth of the
    first of three sectors (deg), down-tilt (deg). ``power``: EIRP on the axis, mW/MHz (site, carrier), 0
    where the site lacks the carrier. ``terrain``: dB (cell, known carrier, knot). ``ratio``: power of all
    sectors over the best one's. ``far``: distance, m.
    """
    for p in range(first, last):
        for j in range(near.shape[1]):
            s = near[p, j]
            ratio[p, j] = 1.0
            far[p, j] = math.inf
            if s < 0:
                for c in range(len(ghz)):
                    out[p, j, c] = 0.0
                continue
            north = (point[p, 0] - site[s, 0]) * EARTH_M
            east = (point[p, 1] - site[s, 1]) * math.cos(0.5 * (point[p, 0] + site[s, 0])) * EARTH_M
            true = math.hypot(north, east)
            far[p, j] = true
            distance = max(true, UMA_NEAREST_M if urban[s] else NEAREST_M)
            height = site[s, 2]
            stream = _mix(key[p] ^ _mix(np.uint64(s) + GOLDEN))
            seen = _uniform(stream, np.uint64(0)) < _seen_share(distance, urban[s])
            draw = math.sqrt(-2.0 * math.log(_uniform(stream, np.uint64(2)))) * math.cos(
                2.0 * math.pi * _uniform(stream, np.uint64(3))
            )
            down = math.degrees(math.atan2(height - USER_M, distance)) - site[s, 4]
            tall = min(12.0 * (down / TALL_DEG) ** 2, SIDE_DB)
            bearing = math.degrees(math.atan2(east, north))
            best, total = 0.0, 0.0
            for k in range(3):
                off = bearing - site[s, 3] - 120.0 * k
                off -= 360.0 * math.floor((off + 180.0) / 360.0)
                wide = min(12.0 * (off / SECTOR_DEG) ** 2, BACK_DB)
                gain = math.exp(-LN10 * min(wide + tall, BACK_DB))
                total += gain
                best = max(best, gain)
            ratio[p, j] = total / best
            for c in range(len(ghz)):
                if power[s, c] <= 0.0:
                    out[p, j, c] = 0.0
                    continue
                if urban[s]:
                    loss = uma_db(distance, ghz[c], height, seen)
                else:
                    loss = rma_db(distance, ghz[c], height, seen)
                loss += draw * _shadow_db(distance, ghz[c], height, urban[s], seen)
                loss += _hills(terrain[ground[s], carrier[c]], knots, distance)
                out[p, j, c] = power[s, c] * best * math.exp(-LN10 * loss)


@kernel(
    "void(int64, int64, float32[:,:,::1], float32[:,::1], int32[:,::1], int32[::1], float32[::1],"
    "float64[::1], float64[::1], float64[::1], boolean[::1], float64[::1], float64[:,::1], int64[::1],"
    "float64[::1], int64, float32[::1], float32[::1])"
)
def rates(
    first: int, last: int, received: F4, ratio: F4, near: I4, server: I4, load: F4,
    width: F8, noise: F8, entry: F8, indoor: B1, axis: F8, bits: F8, order: NDArray[np.int64],
    single: F8, together: int, out: F4, alone: F4,
) -> None:  # fmt: skip
    """Rates at each point at the sites' loads, Mbit/s: of all carriers, and of the best ``together``.

    ``width``: Mbit/s of a carrier for one bit a resource element. ``noise``: mW/MHz (carrier). ``entry``:
    loss into buildings as a factor (carrier), for the points ``indoor``. ``axis``: SINR of the first row and
    the step, dB; ``bits``: bits a resource element (table, SINR). ``order``: table of each carrier.
    ``single``: part of a carrier's band that one device uses.
    """
    each = np.empty(len(width))
    for p in range(first, last):
        rate = 0.0
        w = server[p]
        if w >= 0:
            own = load[near[p, w]] * (ratio[p, w] - 1.0)
            for c in range(len(width)):
                each[c] = 0.0
                wanted = received[p, w, c]
                if wanted <= 0.0:
                    continue
                others = own * wanted
                for j in range(near.shape[1]):
                    s = near[p, j]
                    if s >= 0 and j != w:
                        others += load[s] * ratio[p, j] * received[p, j, c]
                drop = entry[c] if indoor[p] else 1.0
                sinr = wanted * drop / (noise[c] + others * drop)
                place = (10.0 * math.log10(sinr) - axis[0]) / axis[1]
                if place < 0.0:
                    continue
                row = min(int(place), bits.shape[1] - 1)
                each[c] = width[c] * bits[order[c], row]
                rate += each[c]
                each[c] *= single[c]
        out[p] = rate
        alone[p] = rate
        if w >= 0:
            kept = 0.0
            for _ in range(min(together, len(width))):
                best = each.argmax()
                kept += each[best]
                each[best] = 0.0
            alone[p] = kept
