"""Compiled protection levels of many users and instants; `araim.reference` holds the same in NumPy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel
from rabta.pnt.integrity._search import level, tail_point

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
U1 = NDArray[np.uint8]

SINGULAR = 1e-9  # of the determinant of unit vectors' products, clocks eliminated
MAX_ORDER = 3

# columns of the input per satellite: unit vector east, north, up, then as named
EAST, NORTH, UP, VAR_INT, VAR_ACC, BIAS_INT, BIAS_ACC, P_SAT, RANGE = range(9)
# allocation: budgets of integrity and of false alarms
PHMI_V, PHMI_H, PFA_V, PFA_H, P_EMT, P_THRESHOLD, CONSOLIDATE, TOLERANCE = range(8)
# columns of the output
(HPL, VPL, EMT, ACC_V, ACC_H, P_LEFT, MODES, ORDER, COUNT, DX_E, DX_N, DX_U, RATIO, WORST1, WORST2, WORST3,
 CHI2, FREEDOM, SIG_E, SIG_N, SIG_U, BIAS_E, BIAS_N, BIAS_U) = range(24)  # fmt: skip
OUT = 24


@inline
def _elementary(odds: F8, count: int, order: int, e: F8) -> None:
    """Elementary symmetric sums of the odds, e[0] = 1 to e[order]."""
    e[:] = 0.0
    e[0] = 1.0
    for i in range(count):
        for j in range(order, 0, -1):
            e[j] += e[j - 1] * odds[i]


@inline
def _add(block: F8, e: float, n: float, u: float, w: float) -> None:
    """Add a satellite to the sums of its system: weight, vectors, products, count."""
    block[0] += w
    block[1] += w * e
    block[2] += w * n
    block[3] += w * u
    block[4] += w * e * e
    block[5] += w * e * n
    block[6] += w * e * u
    block[7] += w * n * n
    block[8] += w * n * u
    block[9] += w * u * u
    block[10] += 1.0 if w > 0.0 else -1.0


@inline
def _solve(blocks: F8, systems: int, mean: F8, q: F8) -> bool:
    """Covariance of the position, each system's clock eliminated; False where there is no position."""
    a, b, c, d, e, f = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(systems):
        if blocks[k, 10] < 0.5:
            mean[k, 0], mean[k, 1], mean[k, 2] = 0.0, 0.0, 0.0
            continue
        w = blocks[k, 0]
        x, y, z = blocks[k, 1] / w, blocks[k, 2] / w, blocks[k, 3] / w
        mean[k, 0], mean[k, 1], mean[k, 2] = x, y, z
        if blocks[k, 10] < 1.5:
            continue  # alone, it only gives its clock
        a += blocks[k, 4] - w * x * x
        b += blocks[k, 5] - w * x * y
        c += blocks[k, 6] - w * x * z
        d += blocks[k, 7] - w * y * y
        e += blocks[k, 8] - w * y * z
        f += blocks[k, 9] - w * z * z
    g, h, i = d * f - e * e, c * e - b * f, b * e - c * d
    det = a * g + b * h + c * i
    scale = (a + d + f) / 3.0
    if not det > SINGULAR * scale * scale * scale:
        return False
    q[0], q[1], q[2] = g / det, h / det, i / det
    q[3] = (a * f - c * c) / det
    q[4] = (b * c - a * e) / det
    q[5] = (a * d - b * b) / det
    return True


@inline
def _gains(sat: F8, own: I8, gone: U1, n: int, base: F8, mean: F8, q: F8, gain: F8) -> None:
    """How much each range moves the position, shape (satellite, 3); zero where it is left out."""
    for i in range(n):
        k = own[i]
        x, y, z = 0.0, 0.0, 0.0
        if gone[i] == 0 and base[k, 10] > 1.5:
            a = (sat[i, EAST] - mean[k, 0]) / sat[i, VAR_INT]
            b = (sat[i, NORTH] - mean[k, 1]) / sat[i, VAR_INT]
            c = (sat[i, UP] - mean[k, 2]) / sat[i, VAR_INT]
            x = q[0] * a + q[1] * b + q[2] * c
            y = q[1] * a + q[3] * b + q[4] * c
            z = q[2] * a + q[4] * b + q[5] * c
        gain[i, 0], gain[i, 1], gain[i, 2] = x, y, z


@inline
def _fit(sat: F8, own: I8, n: int, base: F8, mean: F8, systems: int, step: F8) -> float:
    """Weighted sum of squares of what the ranges leave after the step of the position."""
    total = 0.0
    for k in range(systems):
        if base[k, 10] < 1.5:
            continue
        middle = 0.0
        for i in range(n):
            if own[i] == k:
                middle += sat[i, RANGE] / sat[i, VAR_INT]
        middle /= base[k, 0]
        for i in range(n):
            if own[i] == k:
                left = sat[i, RANGE] - middle
                for j in range(3):
                    left -= (sat[i, j] - mean[k, j]) * step[j]
                total += left * left / sat[i, VAR_INT]
    return total


@inline
def _separate(
    sat: F8, gain: F8, other: F8, n: int, m: int, bias: F8, split: F8, shift: F8, value: F8
) -> None:
    """Bias of a subset's position; deviation, bias and value of its separation from that of all in view."""
    b0, b1, b2, s0, s1, s2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    t0, t1, t2, d0, d1, d2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        x, y, z = other[i, 0], other[i, 1], other[i, 2]
        f = sat[i, BIAS_INT]
        b0 += abs(x) * f
        b1 += abs(y) * f
        b2 += abs(z) * f
        x -= gain[i, 0]
        y -= gain[i, 1]
        z -= gain[i, 2]
        v, f, r = sat[i, VAR_ACC], sat[i, BIAS_ACC], sat[i, RANGE]
        s0 += x * x * v
        s1 += y * y * v
        s2 += z * z * v
        t0 += abs(x) * f
        t1 += abs(y) * f
        t2 += abs(z) * f
        d0 += x * r
        d1 += y * r
        d2 += z * r
    bias[0, m], bias[1, m], bias[2, m] = b0, b1, b2
    split[0, m], split[1, m], split[2, m] = math.sqrt(s0), math.sqrt(s1), math.sqrt(s2)
    shift[0, m], shift[1, m], shift[2, m] = t0, t1, t2
    value[0, m], value[1, m], value[2, m] = d0, d1, d2


@inline
def _unset(result: F8) -> None:
    """What a user-epoch without a position has."""
    result[:] = math.nan
    result[HPL], result[VPL], result[EMT] = math.inf, math.inf, math.inf
    result[ACC_V], result[ACC_H], result[P_LEFT] = math.inf, math.inf, 1.0
    result[MODES], result[ORDER], result[COUNT], result[RATIO] = 0.0, 0.0, 0.0, 0.0


@inline
def _advance(pick: I8, size: int, count: int) -> None:
    """Next combination; the first number exceeds count - size after the last one."""
    i = size - 1
    pick[i] += 1
    while i > 0 and pick[i] > count - size + i:
        i -= 1
        pick[i] += 1
        for j in range(i + 1, size):
            pick[j] = pick[j - 1] + 1


@inline
def _fold(
    odds: F8, own: I8, n: int, systems: int, order: int, none: float, share: float, inner: F8, e: F8,
    who: I8, p: F8, m: int, folds: U1,
) -> None:  # fmt: skip
    """Add to each constellation's mode what is inside it, where that is little beside the mode itself."""
    for j in range(1, m):
        k = who[j, 0]
        if k >= systems:
            continue
        inner[0] = odds[k]
        inside = 1
        for i in range(n):
            if own[i] == k:
                inner[inside] = odds[systems + i]
                inside += 1
        _elementary(inner, inside, order, e)
        more = 0.0
        for i in range(2, order + 1):
            more += none * e[i]
        if more <= share * p[j]:
            folds[k] = 1
            p[j] += more


@inline
def _thresholds(
    result: F8,
    allocation: F8,
    m: int,
    bias: F8,
    split: F8,
    shift: F8,
    value: F8,
    chance: F8,
    who: I8,
) -> None:
    """Thresholds of the separations, the largest separation over its threshold, effective monitor threshold.

    `shift` becomes threshold and bias of each mode.
    """
    modes = max(m - 1, 1)
    flat = tail_point(allocation[PFA_H] / (4.0 * modes))
    steep = tail_point(allocation[PFA_V] / (2.0 * modes))
    result[EMT] = 0.0
    for j in range(1, m):
        for i in range(3):
            threshold = (flat if i < 2 else steep) * split[i, j] + shift[i, j]
            shift[i, j] = threshold + bias[i, j]
            if i == 2 and chance[j] >= allocation[P_EMT]:
                result[EMT] = max(result[EMT], threshold)
            ratio = abs(value[i, j]) / threshold if threshold > 1e-9 else 0.0
            if ratio > result[RATIO]:
                result[RATIO] = ratio
                result[WORST1], result[WORST2], result[WORST3] = who[j, 0], who[j, 1], who[j, 2]


@inline
def _levels(result: F8, allocation: F8, left: float, m: int, sigma: F8, shift: F8, p: F8, live: I8) -> None:
    """Horizontal and vertical protection level."""
    part = 1.0 - left / (allocation[PHMI_V] + allocation[PHMI_H])
    tolerance = allocation[TOLERANCE]
    east = level(sigma[0], shift[0], p, live, m, 0.5 * allocation[PHMI_H] * part, tolerance)
    north = level(sigma[1], shift[1], p, live, m, 0.5 * allocation[PHMI_H] * part, tolerance)
    result[HPL] = math.sqrt(east * east + north * north)
    result[VPL] = level(sigma[2], shift[2], p, live, m, allocation[PHMI_V] * part, tolerance)


@kernel(
    "void(int64, int64, float64[:,:,::1], int64[:,::1], float64[:,::1], float64[::1], int64, float64[:,::1])"
)
def protect(  # noqa: C901, PLR0912, PLR0915
    first: int, last: int, rows: F8, system: I8, p_const: F8, allocation: F8, most: int, out: F8
) -> None:
    """Protection levels, thresholds and tests of user-epochs first to last; see `araim.protection`."""
    slots, systems = rows.shape[1], p_const.shape[1]
    events = slots + systems
    room = 1 + events
    if most >= 2:
        room += events * (events - 1) // 2
    if most >= 3:
        room += events * (events - 1) * (events - 2) // 6
    sigma, split, shift = np.empty((3, room)), np.empty((3, room)), np.empty((3, room))
    bias, value, p, chance = np.empty((3, room)), np.empty((3, room)), np.empty(room), np.empty(room)
    who, live = np.empty((room, 3), np.int64), np.empty(room, np.int64)
    sat, own, gone = np.empty((slots, 9)), np.empty(slots, np.int64), np.zeros(slots, np.uint8)
    gain, other, step, slot = (
        np.empty((slots, 3)),
        np.empty((slots, 3)),
        np.empty(3),
        np.empty(slots, np.int64),
    )
    base, blocks, mean = np.empty((systems, 11)), np.empty((systems, 11)), np.empty((systems, 3))
    q, e, pick = np.empty(6), np.empty(MAX_ORDER + 1), np.empty(MAX_ORDER, np.int64)
    odds, inner, folds = np.empty(events), np.empty(events), np.empty(systems, np.uint8)
    for row in range(first, last):
        result = out[row]
        _unset(result)
        n = 0
        base[:] = 0.0
        for s in range(slots):
            v, k = rows[row, s, VAR_INT], system[row, s]
            if not (v > 0.0 and v < math.inf) or k < 0 or k >= systems:
                continue
            sat[n] = rows[row, s]
            own[n], slot[n] = k, s
            _add(base[k], sat[n, EAST], sat[n, NORTH], sat[n, UP], 1.0 / v)
            n += 1
        result[COUNT] = n
        if not _solve(base, systems, mean, q):
            continue
        # the position of all in view
        _gains(sat, own, gone, n, base, mean, q, gain)
        other[:] = 0.0
        _separate(sat, other, gain, n, 0, bias, split, shift, value)
        for i in range(3):
            step[i] = value[i, 0]
            result[DX_E + i] = value[i, 0]
        sigma[0, 0], sigma[1, 0], sigma[2, 0] = math.sqrt(q[0]), math.sqrt(q[3]), math.sqrt(q[5])
        result[ACC_V], result[ACC_H] = split[2, 0], math.sqrt(split[0, 0] ** 2 + split[1, 0] ** 2)
        result[CHI2] = _fit(sat, own, n, base, mean, systems, step)
        freedom = n - 3
        for k in range(systems):
            if base[k, 10] > 0.5:
                freedom -= 1
        result[FREEDOM] = freedom
        for i in range(3):
            shift[i, 0] = bias[i, 0]
            result[SIG_E + i], result[BIAS_E + i] = sigma[i, 0], bias[i, 0]
        # events: constellations, then satellites; how many at once must be monitored
        none = 1.0
        count = systems + n
        for k in range(systems):
            odds[k] = 0.0
            if base[k, 10] > 0.5:
                odds[k] = p_const[row, k] / (1.0 - p_const[row, k])
                none *= 1.0 - p_const[row, k]
        for i in range(n):
            odds[systems + i] = sat[i, P_SAT] / (1.0 - sat[i, P_SAT])
            none *= 1.0 - sat[i, P_SAT]
        _elementary(odds, count, most, e)
        order = 0
        left = 1.0 - none
        while order < most and (order == 0 or left > allocation[P_THRESHOLD]):
            order += 1
            left -= none * e[order]
        left = max(left, 0.0)
        result[ORDER] = order
        # the position without each set of so many events
        m = 1
        p[0] = 2.0
        folds[:] = 0
        for size in range(1, order + 1):
            if size == 2:
                _fold(odds, own, n, systems, order, none, allocation[CONSOLIDATE], inner, e, who, p, m, folds)
            for i in range(size):
                pick[i] = i
            while pick[0] <= count - size:
                prior = none
                inside = True
                k = pick[0] if pick[0] < systems else own[pick[0] - systems]
                for i in range(size):
                    prior *= odds[pick[i]]
                    j = pick[i] if pick[i] < systems else own[pick[i] - systems]
                    inside = inside and j == k
                if prior > 0.0 and not (size > 1 and inside and folds[k] == 1):
                    blocks[:] = base
                    for i in range(size):
                        j = pick[i] - systems
                        if j >= 0:
                            gone[j] = 1
                            _add(
                                blocks[own[j]],
                                sat[j, EAST],
                                sat[j, NORTH],
                                sat[j, UP],
                                -1.0 / sat[j, VAR_INT],
                            )
                    for i in range(size):
                        if pick[i] < systems:
                            blocks[pick[i]] = 0.0
                    if _solve(blocks, systems, mean, q):
                        _gains(sat, own, gone, n, blocks, mean, q, other)
                        _separate(sat, gain, other, n, m, bias, split, shift, value)
                        sigma[0, m], sigma[1, m], sigma[2, m] = (
                            math.sqrt(q[0]),
                            math.sqrt(q[3]),
                            math.sqrt(q[5]),
                        )
                        p[m], chance[m] = prior, prior
                        for i in range(3):
                            who[m, i] = -1
                            if i < size:
                                who[m, i] = pick[i]
                        m += 1
                    else:
                        left += prior  # nothing can be said without these
                    for i in range(size):
                        if pick[i] >= systems:
                            gone[pick[i] - systems] = 0
                _advance(pick, size, count)
        result[MODES], result[P_LEFT] = m, left
        _thresholds(result, allocation, m, bias, split, shift, value, chance, who)
        _levels(result, allocation, left, m, sigma, shift, p, live)
        for i in range(3):  # satellites by their slot, constellations as -1 - system
            j = result[WORST1 + i]
            if j >= 0.0:
                c = int(j)
                result[WORST1 + i] = -1.0 - c if c < systems else float(slot[c - systems])
