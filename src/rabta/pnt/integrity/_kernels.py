"""Compiled protection levels of many users and instants; `araim.reference` holds the same in NumPy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel
from rabta.pnt.integrity._search import level, tail_point

# ruff: noqa: C901, PLR0912, PLR0915 (kernels: long loops stay in one compiled function)

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
U1 = NDArray[np.uint8]

SINGULAR = 1e-9  # of the determinant of the normal equations, each divided by a third of all weights
MAX_ORDER = 3

# columns of the input per satellite: unit vector east, north, up, then as named
EAST, NORTH, UP, VAR_INT, VAR_ACC, BIAS_INT, BIAS_ACC, P_SAT, RANGE, MAP = range(10)
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
def _add(block: F8, s: F8, w: float) -> None:
    """Add a satellite to the sums of its clock: weight, vectors, products, count, those of the nuisance."""
    e, n, u, m = s[EAST], s[NORTH], s[UP], s[MAP]
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
    block[11] += w * m
    block[12] += w * m * e
    block[13] += w * m * n
    block[14] += w * m * u
    block[15] += w * m * m


@inline
def _solve(blocks: F8, parent: I8, ties: F8, slack: float, mean: F8, clock: F8, q: F8) -> bool:
    """Covariance of the position; delays, clocks and the nuisance eliminated. False where there is none.

    `mean` (group + 1, 6) gets, for each group, what its delay and clock take of a range's unit vector and
    mapping, the share of the delay and the weight that is left for the clock; in the last row, how much of
    the nuisance each direction takes, and the inverse of its own normal equation. `clock` (clock, 5) is room.
    """
    a, b, c, d, e, f = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    r, s, t, v, weight = 0.0, 0.0, 0.0, 0.0, 0.0
    groups = blocks.shape[0]
    clock[:] = 0.0
    for g in range(groups):
        mean[g] = 0.0
        if blocks[g, 10] < 0.5:
            continue
        w, tie = blocks[g, 0], ties[g] * ties[g]
        weight += w
        x, y, z, m = blocks[g, 1] / w, blocks[g, 2] / w, blocks[g, 3] / w, blocks[g, 11] / w
        share = w * tie / (1.0 + w * tie)  # of the group's mean that its own delay takes
        rest = w / (1.0 + w * tie)
        mean[g, 0], mean[g, 1], mean[g, 2], mean[g, 3], mean[g, 4], mean[g, 5] = x, y, z, m, share, rest
        k = parent[g]
        clock[k, 0] += rest * x
        clock[k, 1] += rest * y
        clock[k, 2] += rest * z
        clock[k, 3] += rest * m
        clock[k, 4] += rest
        w *= share
        a += blocks[g, 4] - w * x * x
        b += blocks[g, 5] - w * x * y
        c += blocks[g, 6] - w * x * z
        d += blocks[g, 7] - w * y * y
        e += blocks[g, 8] - w * y * z
        f += blocks[g, 9] - w * z * z
        r += blocks[g, 12] - w * x * m
        s += blocks[g, 13] - w * y * m
        t += blocks[g, 14] - w * z * m
        v += blocks[g, 15] - w * m * m
    for k in range(clock.shape[0]):
        w = clock[k, 4]
        if not w > 0.0:
            continue
        for j in range(4):
            clock[k, j] /= w
        x, y, z, m = clock[k, 0], clock[k, 1], clock[k, 2], clock[k, 3]
        a -= w * x * x
        b -= w * x * y
        c -= w * x * z
        d -= w * y * y
        e -= w * y * z
        f -= w * z * z
        r -= w * x * m
        s -= w * y * m
        t -= w * z * m
        v -= w * m * m
    own = 0.0
    if slack > 0.0:
        own = 1.0 / (v + 1.0 / (slack * slack))
    mean[groups, 0], mean[groups, 1], mean[groups, 2], mean[groups, 3] = r * own, s * own, t * own, own
    a -= r * r * own
    b -= r * s * own
    c -= r * t * own
    d -= s * s * own
    e -= s * t * own
    f -= t * t * own
    g0, h, i = d * f - e * e, c * e - b * f, b * e - c * d
    det = a * g0 + b * h + c * i
    scale = weight / 3.0
    if not det > SINGULAR * scale * scale * scale:
        return False
    q[0], q[1], q[2] = g0 / det, h / det, i / det
    q[3] = (a * f - c * c) / det
    q[4] = (b * c - a * e) / det
    q[5] = (a * d - b * b) / det
    return True


@inline
def _turn(q: F8, a: float, b: float, c: float, out: F8) -> None:
    """Product of the covariance and a vector."""
    out[0] = q[0] * a + q[1] * b + q[2] * c
    out[1] = q[1] * a + q[3] * b + q[4] * c
    out[2] = q[2] * a + q[4] * b + q[5] * c


@inline
def _gains(
    sat: F8, own: I8, gone: U1, n: int, parent: I8, slack: float, mean: F8, clock: F8, q: F8, gain: F8
) -> None:
    """How much each range, the nuisance's prior and each delay's prior move the position."""
    groups = parent.size
    lean_e, lean_n, lean_u = mean[groups, 0], mean[groups, 1], mean[groups, 2]
    w = -1.0 / (slack * slack) if slack > 0.0 else 0.0
    _turn(q, lean_e * w, lean_n * w, lean_u * w, gain[n])
    for g in range(groups):  # first the prior of the delay, then what delay and clock together take
        w, k, share = mean[g, 5], parent[g], mean[g, 4]
        m = mean[g, 3] - clock[k, 3]
        a = mean[g, 0] - clock[k, 0] - lean_e * m
        b = mean[g, 1] - clock[k, 1] - lean_n * m
        c = mean[g, 2] - clock[k, 2] - lean_u * m
        if share == 0.0:
            w = 0.0
        _turn(q, -w * a, -w * b, -w * c, gain[n + 1 + g])
        for j in range(4):
            mean[g, j] = share * mean[g, j] + (1.0 - share) * clock[k, j]
    for i in range(n):
        g = own[i]
        if gone[i] == 0:
            w = 1.0 / sat[i, VAR_INT]
            m = sat[i, MAP] - mean[g, 3]
            a = (sat[i, EAST] - mean[g, 0] - lean_e * m) * w
            b = (sat[i, NORTH] - mean[g, 1] - lean_n * m) * w
            c = (sat[i, UP] - mean[g, 2] - lean_u * m) * w
            gain[i, 0] = q[0] * a + q[1] * b + q[2] * c
            gain[i, 1] = q[1] * a + q[3] * b + q[4] * c
            gain[i, 2] = q[2] * a + q[4] * b + q[5] * c
        else:
            gain[i, 0], gain[i, 1], gain[i, 2] = 0.0, 0.0, 0.0


@inline
def _fit(
    sat: F8, own: I8, n: int, base: F8, parent: I8, ties: F8, slack: float, mean: F8, step: F8, room: F8
) -> float:
    """Weighted sum of squares of what the ranges leave after the step of the position, priors included."""
    groups = parent.size
    nuisance, total = 0.0, 0.0
    for i in range(n):
        left = sat[i, RANGE]
        for j in range(3):
            left -= sat[i, j] * step[j]
        nuisance += (sat[i, MAP] - mean[own[i], 3]) * left / sat[i, VAR_INT]
    nuisance *= mean[groups, 3]
    room[:] = 0.0  # for each group: mean of what is left; for each clock: sum of weights and of these
    for i in range(n):
        left = sat[i, RANGE] - sat[i, MAP] * nuisance
        for j in range(3):
            left -= sat[i, j] * step[j]
        room[own[i], 0] += left / sat[i, VAR_INT]
    for g in range(groups):
        if base[g, 10] > 0.5:
            room[g, 0] /= base[g, 0]
            room[parent[g], 1] += mean[g, 5]
            room[parent[g], 2] += mean[g, 5] * room[g, 0]
    for g in range(groups):
        if base[g, 10] > 0.5:
            middle = room[parent[g], 2] / room[parent[g], 1]
            delay = mean[g, 4] * (room[g, 0] - middle)
            room[g, 3] = middle + delay
            if ties[g] > 0.0:
                total += (delay / ties[g]) ** 2
    for i in range(n):
        left = sat[i, RANGE] - sat[i, MAP] * nuisance - room[own[i], 3]
        for j in range(3):
            left -= sat[i, j] * step[j]
        total += left * left / sat[i, VAR_INT]
    if slack > 0.0:
        total += (nuisance / slack) ** 2
    return total


@inline
def _separate(
    sat: F8,
    gain: F8,
    other: F8,
    n: int,
    slack: float,
    ties: F8,
    m: int,
    bias: F8,
    split: F8,
    shift: F8,
    value: F8,
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
    for j in range(1 + ties.size):
        v = slack * slack if j == 0 else ties[j - 1] * ties[j - 1]
        s0 += (other[n + j, 0] - gain[n + j, 0]) ** 2 * v
        s1 += (other[n + j, 1] - gain[n + j, 1]) ** 2 * v
        s2 += (other[n + j, 2] - gain[n + j, 2]) ** 2 * v
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
    "void(int64, int64, float64[:,:,::1], int64[:,::1], int64[:,::1], int64[::1], float64[::1], "
    "float64[::1], float64[:,::1], float64[::1], int64, float64[:,::1])"
)
def protect(
    first: int, last: int, rows: F8, system: I8, group: I8, parent: I8, ties: F8, slacks: F8, p_const: F8,
    allocation: F8, most: int, out: F8,
) -> None:  # fmt: skip
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
    sat, own, gone = np.empty((slots, 10)), np.empty(slots, np.int64), np.zeros(slots, np.uint8)
    of, slot = np.empty(slots, np.int64), np.empty(slots, np.int64)
    many = slots + 1 + parent.size
    gain, other, step = np.empty((many, 3)), np.empty((many, 3)), np.empty(3)
    groups = parent.size
    base, blocks, mean = np.empty((groups, 16)), np.empty((groups, 16)), np.empty((groups + 1, 6))
    clock, fits = np.empty((groups, 5)), np.empty((groups, 4))
    q, e, pick = np.empty(6), np.empty(MAX_ORDER + 1), np.empty(MAX_ORDER, np.int64)
    odds, inner, folds = np.empty(events), np.empty(events), np.empty(systems, np.uint8)
    for row in range(first, last):
        result, slack = out[row], slacks[row]
        _unset(result)
        n = 0
        base[:] = 0.0
        for s in range(slots):
            v, k, c = rows[row, s, VAR_INT], system[row, s], group[row, s]
            if not (v > 0.0 and v < math.inf) or k < 0 or k >= systems or c < 0 or c >= groups:
                continue
            sat[n] = rows[row, s]
            own[n], of[n], slot[n] = c, k, s
            _add(base[c], sat[n], 1.0 / v)
            n += 1
        result[COUNT] = n
        if not _solve(base, parent, ties, slack, mean, clock, q):
            continue
        # the position of all in view
        _gains(sat, own, gone, n, parent, slack, mean, clock, q, gain)
        other[:] = 0.0
        _separate(sat, other, gain, n, slack, ties, 0, bias, split, shift, value)
        for i in range(3):
            step[i] = value[i, 0]
            result[DX_E + i] = value[i, 0]
        sigma[0, 0], sigma[1, 0], sigma[2, 0] = math.sqrt(q[0]), math.sqrt(q[3]), math.sqrt(q[5])
        result[ACC_V], result[ACC_H] = split[2, 0], math.sqrt(split[0, 0] ** 2 + split[1, 0] ** 2)
        result[CHI2] = _fit(sat, own, n, base, parent, ties, slack, mean, step, fits)
        freedom = n - 3
        for k in range(groups):
            if clock[k, 4] > 0.0:
                freedom -= 1
        result[FREEDOM] = freedom
        for i in range(3):
            shift[i, 0] = bias[i, 0]
            result[SIG_E + i], result[BIAS_E + i] = sigma[i, 0], bias[i, 0]
        # events: constellations, then satellites; how many at once must be monitored
        none = 1.0
        count = systems + n
        odds[:systems] = 0.0
        for i in range(n):
            k = of[i]
            if odds[k] == 0.0 and p_const[row, k] > 0.0:
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
                _fold(odds, of, n, systems, order, none, allocation[CONSOLIDATE], inner, e, who, p, m, folds)
            for i in range(size):
                pick[i] = i
            while pick[0] <= count - size:
                prior = none
                inside = True
                k = pick[0] if pick[0] < systems else of[pick[0] - systems]
                for i in range(size):
                    prior *= odds[pick[i]]
                    j = pick[i] if pick[i] < systems else of[pick[i] - systems]
                    inside = inside and j == k
                if prior > 0.0 and not (size > 1 and inside and folds[k] == 1):
                    blocks[:] = base
                    for i in range(size):
                        k, j = pick[i], pick[i] - systems
                        if k < systems:
                            for j in range(n):
                                if of[j] == k and gone[j] == 0:
                                    gone[j] = 1
                                    _add(blocks[own[j]], sat[j], -1.0 / sat[j, VAR_INT])
                        elif gone[j] == 0:
                            gone[j] = 1
                            _add(blocks[own[j]], sat[j], -1.0 / sat[j, VAR_INT])
                    if _solve(blocks, parent, ties, slack, mean, clock, q):
                        _gains(sat, own, gone, n, parent, slack, mean, clock, q, other)
                        _separate(sat, gain, other, n, slack, ties, m, bias, split, shift, value)
                        sigma[0, m], sigma[1, m] = math.sqrt(q[0]), math.sqrt(q[3])
                        sigma[2, m] = math.sqrt(q[5])
                        p[m], chance[m] = prior, prior
                        for i in range(3):
                            who[m, i] = -1
                            if i < size:
                                who[m, i] = pick[i]
                        m += 1
                    else:
                        left += prior  # nothing can be said without these
                    gone[:n] = 0
                _advance(pick, size, count)
        result[MODES], result[P_LEFT] = m, left
        _thresholds(result, allocation, m, bias, split, shift, value, chance, who)
        _levels(result, allocation, left, m, sigma, shift, p, live)
        for i in range(3):  # satellites by their slot, constellations as -1 - system
            j = result[WORST1 + i]
            if j >= 0.0:
                c = int(j)
                result[WORST1 + i] = -1.0 - c if c < systems else float(slot[c - systems])
