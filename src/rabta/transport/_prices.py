"""Prices of satellites, spectrum and feeders: a smoothed dual, minimised by Newton's method.

The traffic of pairs (place, satellite) maximises ``sum f - eps sum f (log(f / weight) - 1)`` under the rows
of `rabta.transport.sharing`; the entropy shares equally where nothing else decides, and makes the dual
smooth. Demand and spectrum rows are local to a place and solved exactly there, so the dual has few variables:
two for a satellite and one for a gateway. ``eps`` falls from coarse to fine. Source of the method: Fang,
Rajasekera and Tsao, Entropy Optimization and Mathematical Programming (1997), chapter 3.
"""

# ruff: noqa: C901, PLR0912 (kernels: long loops stay in one compiled function)

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]

SMOOTHING = np.array([0.2, 0.1, 0.05, 0.025, 0.0125])  # weight of the entropy, from coarse to fine
ROUNDS = 12  # most Newton steps at one weight
RADIUS = 4.0
SWEEPS = 10  # of coordinate descent within a Newton step
SETTLED = 2e-3  # rows off by less than this share of the traffic end the last weight; 20 times it, the others


@inline
def _flows(
    value: F8, weight: F8, inverse: F8, kind: I4, price: F8, y: float, eps: float, flow: F8, n: int
) -> float:
    """Traffic of each pair at given local prices; returns the sum."""
    total = 0.0
    for j in range(n):
        flow[j] = weight[j] * math.exp((value[j] - price[kind[j]] * inverse[j] - y) / eps)
        total += flow[j]
    return total


@inline
def _spectrum_price(
    value: F8, weight: F8, inverse: F8, kind: I4, k: int, room: float, y: float, eps: float, n: int
) -> float:
    """Price per MHz of one system's spectrum at a place that its traffic just fits (Newton on the log)."""
    if room <= 0.0:
        least = 1e30
        for j in range(n):
            if kind[j] == k:
                least = min(least, inverse[j])
        return 60.0 / least if least < 1e30 else 0.0
    price = 0.0
    for _ in range(20):
        first, second = 0.0, 0.0
        for j in range(n):
            if kind[j] == k:
                part = weight[j] * math.exp((value[j] - price * inverse[j] - y) / eps) * inverse[j]
                first += part
                second += part * inverse[j]
        if first <= room * (1.0 + 1e-9):
            break
        price += eps * first / second * math.log(first / room)
    return price


@kernel("f8(f8[::1], f8[::1], f8[::1], i4[::1], i8, f8, f8[::1], f8, f8[::1], f8[::1])")
def _settle(
    value: F8,
    weight: F8,
    inverse: F8,
    kind: I4,
    n: int,
    demand: float,
    room: F8,
    eps: float,
    flow: F8,
    price: F8,
) -> float:
    """Solve a place exactly: its demand price (returned), its spectrum prices and its traffic."""
    price[:] = 0.0
    top = value[0]
    for j in range(1, n):
        top = max(top, value[j])
    total = 0.0
    for j in range(n):
        flow[j] = weight[j] * math.exp((value[j] - top) / eps)
        total += flow[j]
    highest = max(0.0, top + eps * math.log(total / demand))
    scale = math.exp((top - highest) / eps)
    tight = False
    for k in range(room.size):
        used = 0.0
        for j in range(n):
            flow[j] *= scale if k == 0 else 1.0
            used += flow[j] * inverse[j] if kind[j] == k else 0.0
        tight = tight or used > room[k] * (1.0 + 1e-9)
    if not tight:
        return float(highest)
    low, high = 0.0, highest
    for turn in range(16):  # the demand price falls as spectrum prices rise: bisect it, the first try at zero
        y = 0.0 if turn == 0 else 0.5 * (low + high)
        for k in range(room.size):
            price[k] = _spectrum_price(value, weight, inverse, kind, k, room[k], y, eps, n)
        if _flows(value, weight, inverse, kind, price, y, eps, flow, n) <= demand * (1.0 + 1e-9):
            high = y
            if turn == 0:
                return 0.0
        else:
            low = y
    for k in range(room.size):
        price[k] = _spectrum_price(value, weight, inverse, kind, k, room[k], high, eps, n)
    _flows(value, weight, inverse, kind, price, high, eps, flow, n)
    return float(high)


@inline
def _rank_one(
    hessian: F8, pair: I4, inverse: F8, part: F8, scale: float, kind: I4, only: int, n: int, half: int
) -> None:
    """Take ``scale * m m'`` off the Hessian, m being the loads of a local row (of one system, or of all)."""
    for i in range(n):
        if part[i] == 0.0 or (only >= 0 and kind[i] != only):
            continue
        a = pair[i]
        for j in range(n):
            if only >= 0 and kind[j] != only:
                continue
            b, amount = pair[j], part[i] * part[j] * scale
            hessian[a, b] -= amount
            hessian[a, half + b] -= amount * inverse[j]
            hessian[half + a, b] -= amount * inverse[i]
            hessian[half + a, half + b] -= amount * inverse[i] * inverse[j]


@kernel("void(f8[:,::1], f8[::1], i8)")
def _solve(matrix: F8, right: F8, n: int) -> None:
    """Solve a positive definite system in place by LDL' (no library threads, so always the same bits)."""
    for k in range(n):
        pivot = matrix[k, k]
        for i in range(k + 1, n):
            factor = matrix[k, i] / pivot
            if factor != 0.0:
                for j in range(i, n):
                    matrix[i, j] -= factor * matrix[k, j]
                right[i] -= factor * right[k]
    for k in range(n - 1, -1, -1):
        total = right[k]
        for j in range(k + 1, n):
            total -= matrix[k, j] * right[j]
        right[k] = total / matrix[k, k]


@kernel(
    "f8(f8[::1], i4[::1], f8[::1], f8[::1], i4[::1], f8[::1], i4[::1], f8[:,::1], f8[:,::1], f8, f8[::1],"
    "f8[:,::1], f8[:,::1])"
)
def _sweep(
    cost: F8,
    pair: I4,
    weight: F8,
    inverse: F8,
    begin: I4,
    demand: F8,
    system: I4,
    room: F8,
    spectrum_price: F8,
    eps: float,
    load: F8,
    hessian: F8,
    scratch: F8,
) -> float:
    """Places' part of the smoothed dual at satellite prices, its loads (minus the slope) and its Hessian."""
    half = system.size
    load[:] = 0.0
    hessian[:] = 0.0
    total = 0.0
    kind = np.empty(scratch.shape[1], np.int32)
    value, flow, part = scratch[0], scratch[1], scratch[2]
    for p in range(demand.size):
        a, n = begin[p], begin[p + 1] - begin[p]
        if n == 0:
            continue
        mine, inv = pair[a : a + n], inverse[a : a + n]
        for j in range(n):
            kind[j] = system[mine[j]]
            value[j] = 1.0 - cost[mine[j]] - cost[half + mine[j]] * inv[j]
        price = spectrum_price[p]
        y = _settle(value, weight[a : a + n], inv, kind, n, demand[p], room[p], eps, flow, price)
        total += demand[p] * y
        for j in range(n):
            s, f, h = mine[j], flow[j], flow[j] / eps
            load[s] += f
            load[half + s] += f * inv[j]
            total += eps * f
            hessian[s, s] += h
            hessian[s, half + s] += h * inv[j]
            hessian[half + s, s] += h * inv[j]
            hessian[half + s, half + s] += h * inv[j] * inv[j]
            part[j] = f
        left = 0.0
        for k in range(price.size):
            total += room[p, k] * price[k]
            first, second = 0.0, 0.0
            for j in range(n):
                if kind[j] == k:
                    left += flow[j]
                    first += flow[j] * inv[j]
                    second += flow[j] * inv[j] * inv[j]
            if price[k] > 0.0 and second > 1e-12 * demand[p]:
                for j in range(n):
                    if kind[j] == k:
                        part[j] = flow[j] * inv[j]
                _rank_one(hessian, mine, inv, part, 1.0 / (eps * second), kind, k, n, half)
                for j in range(n):
                    if kind[j] == k:
                        part[j] = flow[j] * (1.0 - first / second * inv[j])
                left -= first * first / second
        if y > 0.0 and left > 1e-9 * demand[p]:
            _rank_one(hessian, mine, inv, part, 1.0 / (eps * left), kind, -1, n, half)
    return total


@kernel("void(f8[:,::1], f8[::1], f8[::1], f8[::1], i8)")
def _boxed(matrix: F8, right: F8, low: F8, high: F8, n: int) -> None:
    """Minimise ``x' M x / 2 - right' x`` within bounds; the answer replaces ``right``.

    What leaves its bounds is held there and the rest solved again; coordinate descent then mends what was
    held wrongly, so that the answer is never worse than no step at all.
    """
    free, held = np.arange(n), np.zeros(n)
    left = n
    is_held = np.zeros(n, np.uint8)
    for _ in range(8):
        small, answer = np.empty((left, left)), np.empty(left)
        for i in range(left):
            answer[i] = right[free[i]]
            for j in range(n):
                if is_held[j] != 0:
                    answer[i] -= matrix[free[i], j] * held[j]
            for j in range(left):
                small[i, j] = matrix[free[i], free[j]]
        _solve(small, answer, left)
        kept = 0
        for i in range(left):
            r = free[i]
            held[r] = min(max(answer[i], low[r]), high[r])
            if held[r] != answer[i]:
                is_held[r] = 1
            else:
                free[kept] = r
                kept += 1
        if kept in (left, 0):
            break
        left = kept
    slope, value = np.zeros(n), 0.0
    for i in range(n):
        slope[i] = -right[i]
        for j in range(n):
            slope[i] += matrix[i, j] * held[j]
        value += 0.5 * held[i] * (slope[i] - right[i])
    if value > 0.0:
        held[:] = 0.0
        slope = -right
    for _ in range(SWEEPS):
        for i in range(n):
            moved = min(max(held[i] - slope[i] / matrix[i, i], low[i]), high[i]) - held[i]
            if moved != 0.0:
                held[i] += moved
                for j in range(n):
                    slope[j] += moved * matrix[i, j]
    right[:n] = held


@kernel("void(f8[:,::1], f8[:,::1], f8[::1], f8[::1], f8[::1], f8, f8, f8[::1])")
def _newton_step(
    hessian: F8, route: F8, price: F8, load: F8, limit: F8, eps: float, radius: float, step: F8
) -> None:
    """Newton step on ``log load = log limit`` of the rows that are priced or overloaded.

    The logarithm makes the step right for exponentials: an overload of e^k goes in one step, not in k.
    """
    half, sites = route.shape[0], route.shape[1]
    rows = np.empty(price.size, np.int64)
    n = 0
    for r in range(price.size):
        step[r] = 0.0
        if price[r] > 0.0 or load[r] > limit[r]:
            rows[n] = r
            n += 1
    feeders = np.zeros((sites, 2 * half))
    both = np.zeros((sites, sites))
    for g in range(sites):
        for s in range(half):
            if route[s, g] > 0.0:
                for j in range(2 * half):
                    feeders[g, j] += route[s, g] * hessian[s, j]
        for h in range(sites):
            for s in range(half):
                both[g, h] += feeders[g, s] * route[s, h]
    matrix, right, low, high = np.zeros((n, n)), np.zeros(n), np.zeros(n), np.zeros(n)
    for i in range(n):
        a = rows[i]
        for j in range(n):
            b = rows[j]
            if a < 2 * half and b < 2 * half:
                matrix[i, j] = hessian[a, b]
            elif a < 2 * half:
                matrix[i, j] = feeders[b - 2 * half, a]
            elif b < 2 * half:
                matrix[i, j] = feeders[a - 2 * half, b]
            else:
                matrix[i, j] = both[a - 2 * half, b - 2 * half]
        matrix[i, i] += 1e-3 * matrix[i, i] + 1e-9 + 1e-4 * limit[a] / eps
        right[i] = load[a] - limit[a]
        high[i] = radius * eps * (3.0 if half <= a < 2 * half else 1.0)
        low[i] = max(-price[a], -high[i])
    _boxed(matrix, right, low, high, n)
    for i in range(n):
        step[rows[i]] = right[i]


@kernel(
    "void(i4[::1], f8[::1], f8[::1], i4[::1], f8[::1], i4[::1], f8[:,::1], f8[:,::1], f8[::1], f8[::1],"
    "f8[:,::1])"
)
def find_prices(
    pair: I4,
    weight: F8,
    inverse: F8,
    begin: I4,
    demand: F8,
    system: I4,
    room: F8,
    route: F8,
    limit: F8,
    price: F8,
    spectrum_price: F8,
) -> None:
    """Prices of satellites (per Mbit/s, per MHz) and feeders that minimise the smoothed dual."""
    half, sites = route.shape[0], route.shape[1]
    rows = price.size
    cost, load, raw = np.zeros(2 * half), np.zeros(rows), np.zeros(2 * half)
    step, before, best = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    hessian = np.zeros((2 * half, 2 * half))
    widest = 1
    for p in range(demand.size):
        widest = max(widest, begin[p + 1] - begin[p])
    scratch = np.zeros((3, widest))
    for eps in SMOOTHING:
        lowest, damping, radius = 1e300, 1.0, RADIUS
        for _ in range(ROUNDS):
            cost[:] = price[: 2 * half]
            for s in range(half):
                for g in range(sites):
                    cost[s] += route[s, g] * price[2 * half + g]
            total = _sweep(
                cost,
                pair,
                weight,
                inverse,
                begin,
                demand,
                system,
                room,
                spectrum_price,
                eps,
                raw,
                hessian,
                scratch,
            )
            for r in range(rows):
                total += limit[r] * price[r]
            if total > lowest + 1e-9 * abs(lowest):
                damping *= 0.3
                for r in range(rows):
                    price[r] = max(0.0, before[r] + damping * step[r])
                continue
            radius = max(0.5, radius * damping) if damping < 1.0 else min(RADIUS, 2.0 * radius)
            lowest, damping = total, 1.0
            best[:] = price
            load[: 2 * half] = raw
            load[2 * half :] = 0.0
            carried, off = 1e-9, 0.0
            for s in range(half):
                carried += raw[s]
                for g in range(sites):
                    load[2 * half + g] += route[s, g] * raw[s]
            for r in range(rows):
                if price[r] > 0.0 or load[r] > limit[r]:
                    unit = raw[r - half] / max(raw[r], 1e-12) if half <= r < 2 * half else 1.0
                    off += abs(load[r] - limit[r]) * unit
            if off <= (SETTLED if eps == SMOOTHING[-1] else 20.0 * SETTLED) * carried:
                break
            _newton_step(hessian, route, price, load, limit, eps, radius, step)
            before[:] = price
            for r in range(rows):
                price[r] = max(0.0, price[r] + step[r])
        price[:] = best
    cost[:] = price[: 2 * half]
    for s in range(half):
        for g in range(sites):
            cost[s] += route[s, g] * price[2 * half + g]
    _sweep(
        cost, pair, weight, inverse, begin, demand, system, room, spectrum_price, eps, raw, hessian, scratch
    )
