"""Compiled geometry of many users, instants and cases; `geometry` holds the same in NumPy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

F8 = NDArray[np.float64]
F4 = NDArray[np.float32]
I8 = NDArray[np.int64]
U1 = NDArray[np.uint8]
I4 = NDArray[np.int32]

SUMS = 10  # of a group of satellites: xx xy xz yy yz zz, x y z, 1; each times the weight
PDOP, HDOP, VDOP, EAST, CROSS, NORTH, UP, TIME = range(8)
FIGURES = 8
SINGULAR = 1e-9  # of the determinant of unit vectors' products, clocks eliminated


@inline
def eliminate(total: F8, n: F8) -> None:
    """Add a system's normal equations to those of the position alone, its clock eliminated."""
    w = total[9]
    x, y, z = total[6], total[7], total[8]
    n[0] += total[0] - x * x / w
    n[1] += total[1] - x * y / w
    n[2] += total[2] - x * z / w
    n[3] += total[3] - y * y / w
    n[4] += total[4] - y * z / w
    n[5] += total[5] - z * z / w


@inline
def invert(n: F8, q: F8) -> bool:
    """Inverse of a symmetric matrix of three rows, kept as its upper triangle; False where singular."""
    a, b, c = n[3] * n[5] - n[4] * n[4], n[2] * n[4] - n[1] * n[5], n[1] * n[4] - n[2] * n[3]
    det = n[0] * a + n[1] * b + n[2] * c
    scale = (n[0] + n[3] + n[5]) / 3.0
    if not det > SINGULAR * scale * scale * scale:
        return False
    q[0], q[1], q[2] = a / det, b / det, c / det
    q[3] = (n[0] * n[5] - n[2] * n[2]) / det
    q[4] = (n[1] * n[2] - n[0] * n[4]) / det
    q[5] = (n[0] * n[3] - n[1] * n[1]) / det
    return True


@inline
def _clock(total: F8, q: F8) -> float:
    """Variance of a system's clock, its normal equations and the position's covariance given."""
    w = total[9]
    x, y, z = total[6] / w, total[7] / w, total[8] / w
    spread = x * x * q[0] + y * y * q[3] + z * z * q[5] + 2.0 * (x * y * q[1] + x * z * q[2] + y * z * q[4])
    return float(1.0 / w + spread)


@inline
def _scintillates(lat: float, lon: float, e: float, n: float, u: float, hour: float, belt: F8) -> bool:
    """Whether a line of sight crosses the belt of evening scintillation.

    Pierce point and magnetic latitude as in the broadcast ionosphere model (IS-GPS-200, figure 20-4).
    """
    angle = 0.0137 / (math.asin(u) / math.pi + 0.11) - 0.022  # semicircles
    level = math.sqrt(e * e + n * n)
    if not level > 0.0:
        level = 1.0
    lat_i = max(-0.416, min(0.416, lat + angle * n / level))
    lon_i = lon + angle * e / level / math.cos(math.pi * lat_i)
    magnetic = abs(lat_i + 0.064 * math.cos(math.pi * (lon_i - 1.617))) * 180.0
    local = (hour + 12.0 * lon_i) % 24.0
    evening = belt[0] <= local < belt[1] if belt[0] <= belt[1] else local >= belt[0] or local < belt[1]
    return bool(evening and belt[2] <= magnetic <= belt[3])


@inline
def _gather(
    place: F8, at: F8, axes: F8, ridge: F4, satellites: F8, heard: U1, group: I8, mode_weights: F8,
    mask: float, hour: float, belt: F8, count: I8, sums: F8,
) -> None:  # fmt: skip
    """Sum the products of unit vectors of the satellites in view, by group and weighting."""
    count[:] = 0
    sums[:] = 0.0
    bins = ridge.size
    sine = math.sin(math.radians(mask))
    for s in range(satellites.shape[0]):
        if not heard[s]:
            continue
        dx = satellites[s, 0] - place[0]
        dy = satellites[s, 1] - place[1]
        dz = satellites[s, 2] - place[2]
        rise = axes[2, 0] * dx + axes[2, 1] * dy + axes[2, 2] * dz
        if not rise > 0.0:
            continue
        far = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz)
        u = rise * far
        if not u > sine:
            continue
        e = (axes[0, 0] * dx + axes[0, 1] * dy + axes[0, 2] * dz) * far
        n = (axes[1, 0] * dx + axes[1, 1] * dy + axes[1, 2] * dz) * far
        elevation = math.degrees(math.asin(u))
        if bins > 0:
            way = (math.degrees(math.atan2(e, n)) % 360.0) * bins / 360.0
            left = int(way)
            blend = way - left
            if elevation < ridge[left % bins] * (1.0 - blend) + ridge[(left + 1) % bins] * blend:
                continue
        g = group[s]
        if belt.size > 0 and _scintillates(at[0], at[1], e, n, u, hour, belt):
            g += count.size // 2
        count[g] += 1
        low = min(int(elevation), 89)
        part = elevation - low
        for m in range(sums.shape[0]):
            w = 1.0
            if m > 0:
                w = mode_weights[m - 1, s, low] * (1.0 - part) + mode_weights[m - 1, s, low + 1] * part
            sums[m, g, 0] += w * e * e
            sums[m, g, 1] += w * e * n
            sums[m, g, 2] += w * e * u
            sums[m, g, 3] += w * n * n
            sums[m, g, 4] += w * n * u
            sums[m, g, 5] += w * u * u
            sums[m, g, 6] += w * e
            sums[m, g, 7] += w * n
            sums[m, g, 8] += w * u
            sums[m, g, 9] += w


@inline
def _solve(sums: F8, keep: U1, system: I8, totals: F8, n: F8, q: F8) -> float:
    """Covariance of the position, in ``q``, from the groups that count; the best clock's variance."""
    totals[:] = 0.0
    n[:] = 0.0
    for g in range(keep.size):
        if keep[g]:
            for k in range(SUMS):
                totals[system[g], k] += sums[g, k]
    for s in range(totals.shape[0]):
        if totals[s, 9] > 0.0:
            eliminate(totals[s], n)
    if not invert(n, q):
        return math.inf
    best = math.inf
    for s in range(totals.shape[0]):
        if totals[s, 9] > 0.0:
            best = min(best, _clock(totals[s], q))
    return best


@kernel(
    "void(i8, i8, f8[:,::1], f8[:,::1], f8[:,:,::1], f4[:,::1], f8[:,:,::1], u1[:,::1], i8[::1], i8[::1], i8,"
    " u1[:,::1], i8[::1], f8[:,:,::1], f8, f8[::1], f8[::1], u1[:,:,::1], f4[:,:,:,::1])"
)
def figures(
    first: int, last: int, places: F8, at: F8, axes: F8, ridges: F4, satellites: F8, heard: U1, group: I8,
    system: I8, systems: int, keep: U1, mode: I8, weights: F8, mask: float, hours: F8, belt: F8, count: U1,
    out: F4,
) -> None:  # fmt: skip
    """Dilutions of precision and covariances of users ``first`` to ``last``; see `geometry.figures`."""
    groups = system.size
    seen = np.zeros(groups, np.int64)
    sums = np.zeros((weights.shape[0] + 1, groups, SUMS))
    totals = np.zeros((systems, SUMS))
    n, q = np.zeros(6), np.zeros(6)
    for user in range(first, last):
        for t in range(satellites.shape[0]):
            _gather(
                places[user], at[user], axes[user], ridges[user], satellites[t], heard[t], group, weights,
                mask, hours[t], belt, seen, sums,
            )  # fmt: skip
            for c in range(keep.shape[0]):
                number = 0
                for g in range(groups):
                    if keep[c, g]:
                        number += seen[g]
                count[user, c, t] = min(number, 255)
                figure = out[user, c, t]
                figure[:] = math.inf
                if _solve(sums[0], keep[c], system, totals, n, q) == math.inf:
                    continue
                figure[PDOP] = math.sqrt(q[0] + q[3] + q[5])
                figure[HDOP] = math.sqrt(q[0] + q[3])
                figure[VDOP] = math.sqrt(q[5])
                variance = _solve(sums[1 + mode[c]], keep[c], system, totals, n, q)
                if variance < math.inf:
                    figure[EAST], figure[CROSS], figure[NORTH], figure[UP] = q[0], q[1], q[3], q[5]
                    figure[TIME] = variance


@inline
def _place(totals: F8, system: int, e: float, n: float, u: float, sign: float) -> None:
    """Add one satellite to the sums of its system, or take it away."""
    total = totals[system]
    total[0] += sign * e * e
    total[1] += sign * e * n
    total[2] += sign * e * u
    total[3] += sign * n * n
    total[4] += sign * n * u
    total[5] += sign * u * u
    total[6] += sign * e
    total[7] += sign * n
    total[8] += sign * u
    total[9] += sign


@inline
def _pdop(totals: F8, n: F8, q: F8) -> float:
    """Position dilution of what the sums hold."""
    n[:] = 0.0
    for s in range(totals.shape[0]):
        if totals[s, 9] > 0.5:
            eliminate(totals[s], n)
    if not invert(n, q):
        return math.inf
    return math.sqrt(q[0] + q[3] + q[5])


@inline
def _look(place: F8, axes: F8, ridge: F4, satellite: F8, sine: float, way: F8) -> bool:
    """Unit vector to a satellite in east, north and up, in ``way``; False where it is hidden."""
    dx, dy, dz = satellite[0] - place[0], satellite[1] - place[1], satellite[2] - place[2]
    far = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz)
    way[2] = (axes[2, 0] * dx + axes[2, 1] * dy + axes[2, 2] * dz) * far
    if not way[2] > sine or not way[2] > 0.0:
        return False
    way[0] = (axes[0, 0] * dx + axes[0, 1] * dy + axes[0, 2] * dz) * far
    way[1] = (axes[1, 0] * dx + axes[1, 1] * dy + axes[1, 2] * dz) * far
    bins = ridge.size
    if bins > 0:
        turn = (math.degrees(math.atan2(way[0], way[1])) % 360.0) * bins / 360.0
        left = int(turn)
        blend = turn - left
        level = ridge[left % bins] * (1.0 - blend) + ridge[(left + 1) % bins] * blend
        return bool(math.degrees(math.asin(way[2])) >= level)
    return True


@inline
def _fail(
    seen: I8, ways: F8, flag: NDArray[np.bool_], number: int, system: I8, totals: F8, limit: float, n: F8,
    q: F8, single: I4, pair: I4,
) -> None:  # fmt: skip
    """Take away each satellite in view, and each two, and count where no position is left."""
    for i in range(number):
        a, x = seen[i], ways[i]
        _place(totals, system[a], x[0], x[1], x[2], -1.0)
        if not _pdop(totals, n, q) < limit:
            single[a] += 1
            for b in range(flag.size):
                if not flag[b]:  # with a hidden one too it is lost
                    pair[min(a, b), max(a, b)] += 1
        for j in range(i + 1, number):
            b, y = seen[j], ways[j]
            _place(totals, system[b], y[0], y[1], y[2], -1.0)
            if not _pdop(totals, n, q) < limit:
                pair[a, b] += 1
            _place(totals, system[b], y[0], y[1], y[2], 1.0)
        _place(totals, system[a], x[0], x[1], x[2], 1.0)


@kernel(
    "void(i8, i8, f8[:,::1], f8[:,:,::1], f4[:,::1], f8[:,:,::1], u1[:,::1], i8[::1], i8, f8, f8,"
    " i4[::1], i4[:,::1], i4[:,:,::1])"
)
def losses(
    first: int, last: int, places: F8, axes: F8, ridges: F4, satellites: F8, heard: U1, system: I8,
    systems: int, mask: float, limit: float, base: I4, single: I4, pair: I4,
) -> None:  # fmt: skip
    """Count the instants without a position of users ``first`` to ``last``: see `outages.count`."""
    count = satellites.shape[1]
    seen, ways, flag = np.zeros(count, np.int64), np.zeros((count, 3)), np.zeros(count, np.bool_)
    totals = np.zeros((systems, SUMS))
    n, q = np.zeros(6), np.zeros(6)
    sine = math.sin(math.radians(mask))
    for user in range(first, last):
        for t in range(satellites.shape[0]):
            totals[:] = 0.0
            flag[:] = False
            number = 0
            for s in range(count):
                if heard[t, s] and _look(
                    places[user], axes[user], ridges[user], satellites[t, s], sine, ways[number]
                ):
                    seen[number] = s
                    flag[s] = True
                    way = ways[number]
                    _place(totals, system[s], way[0], way[1], way[2], 1.0)
                    number += 1
            if not _pdop(totals, n, q) < limit:
                base[user] += 1
                continue
            _fail(seen, ways, flag, number, system, totals, limit, n, q, single[user], pair[user])
