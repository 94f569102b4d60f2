"""Compiled kernels of the fair allocation: prices under which every cell asks for its fair part.

The programme is that of `rabta.transport.sharing`, with ``sum need U(share)`` in place of the traffic, where
``U'(share) = scale share^-alpha``. As there, an entropy makes the dual smooth and demand and spectrum are
settled exactly within each place (`rabta.transport._prices`); what is new is that a place's marginal worth
``v`` rises as its share falls. Utility of this form: Mo and Walrand, IEEE/ACM Trans. Networking 8 (2000).
"""

# ruff: noqa: C901, PLR0912 (kernels: long loops stay in one compiled function)

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel
from rabta.transport._prices import _newton_step, _rank_one

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I2 = NDArray[np.int16]
I4 = NDArray[np.int32]

HIGH = 300.0  # largest exponent from which a rent is sought
TURNS = 12  # of giving what is left, in parts of what a cell has that double each time, from 2^-10


@inline
def _worth_of(surplus: float, eps: float, alpha: float, scale: float) -> float:
    """Marginal worth ``v``: ``v / eps + log(v / scale) / alpha = surplus``; the log from ``scale`` on."""
    v = eps * surplus
    if v > scale:
        v = scale
        for _ in range(40):
            off = v / eps + math.log(v / scale) / alpha - surplus
            if off >= -1e-12:
                break
            v -= off / (1.0 / eps + 1.0 / (alpha * v))
    return v


@inline
def _rent(
    cost: F8, weight: F8, inverse: F8, kind: I4, k: int, room: float, v: float, eps: float, n: int
) -> float:
    """Price per MHz at which one system's traffic just fits a place's spectrum (Newton on the logarithm).

    It starts where the largest exponent is `HIGH`: left of the root, from where the convex function leads
    Newton's steps to it, and without overflow.
    """
    price = 0.0
    for j in range(n):
        if kind[j] == k:
            price = max(price, (v - cost[j] - HIGH * eps) / inverse[j])
    for _ in range(40):
        first, second = 0.0, 0.0
        for j in range(n):
            if kind[j] == k:
                part = weight[j] * math.exp((v - cost[j] - price * inverse[j]) / eps) * inverse[j]
                first += part
                second += part * inverse[j]
        if first <= room * (1.0 + 1e-9):
            break
        price += eps * first / second * math.log(first / room)
    return price


@inline
def _utility(share: float, alpha: float) -> float:
    if alpha == 1.0:
        return math.log(share)
    return float((share ** (1.0 - alpha) - 1.0) / (1.0 - alpha))


@kernel("f8(f8[::1], f8[::1], f8[::1], i4[::1], i8, f8, f8[::1], f8, f8, f8, f8[::1], f8[::1])")
def _settle(
    cost: F8, weight: F8, inverse: F8, kind: I4, n: int, demand: float, room: F8, eps: float, alpha: float,
    scale: float, flow: F8, price: F8,
) -> float:  # fmt: skip
    """Solve a place: its marginal worth (returned), its spectrum prices and its traffic."""
    price[:] = 0.0
    low = cost[0]
    for j in range(1, n):
        low = min(low, cost[j])
    total = 0.0
    for j in range(n):
        flow[j] = weight[j] * math.exp((low - cost[j]) / eps)
        total += flow[j]
    # on v - low, so that nothing overflows: v / eps + log(v) / alpha = log(demand / total) + low / eps
    v = _worth_of(math.log(demand / total) + low / eps, eps, alpha, scale)
    lift, tight = math.exp(min(600.0, (v - low) / eps)), False
    for j in range(n):
        flow[j] *= lift
    for k in range(room.size):
        used = 0.0
        for j in range(n):
            used += flow[j] * inverse[j] if kind[j] == k else 0.0
        tight = tight or used > room[k] * (1.0 + 1e-9)
    if not tight:
        return v
    least, most, closed = v, abs(v) + 16.0 * scale, False
    for _ in range(80):
        v = 0.5 * (least + most) if closed else most
        for k in range(room.size):
            price[k] = _rent(cost, weight, inverse, kind, k, room[k], v, eps, n)
        total = 0.0
        for j in range(n):
            total += weight[j] * math.exp((v - cost[j] - price[kind[j]] * inverse[j]) / eps)
        asks = demand * (v / scale) ** (-1.0 / alpha) if v > scale else demand
        if total < asks:
            least = v
            most = most if closed else 16.0 * most
        else:
            most, closed = v, True
        if closed and most - least <= 1e-7 * (abs(most) + scale):
            break
    for j in range(n):
        flow[j] = weight[j] * math.exp((v - cost[j] - price[kind[j]] * inverse[j]) / eps)
    return v


@kernel(
    "f8(f8[::1], i4[::1], f8[::1], f8[::1], i4[::1], f8[::1], i4[::1], f8[:,::1], f8[:,::1], f8, f8, f8,"
    "f8[::1], f8[:,::1], f8[:,::1])"
)
def _sweep(
    charge: F8, pair: I4, weight: F8, inverse: F8, begin: I4, demand: F8, system: I4, room: F8, rent: F8,
    eps: float, alpha: float, scale: float, load: F8, hessian: F8, scratch: F8,
) -> float:  # fmt: skip
    """Places' part of the smoothed dual at satellite prices, its loads and its Hessian."""
    half = system.size
    load[:] = 0.0
    hessian[:] = 0.0
    total, kind = 0.0, np.empty(scratch.shape[1], np.int32)
    cost, flow, part = scratch[0], scratch[1], scratch[2]
    for p in range(demand.size):
        a, n = begin[p], begin[p + 1] - begin[p]
        if n == 0:
            continue
        mine, inv, price = pair[a : a + n], inverse[a : a + n], rent[p]
        for j in range(n):
            kind[j] = system[mine[j]]
            cost[j] = charge[mine[j]] + charge[half + mine[j]] * inv[j]
        v = _settle(cost, weight[a : a + n], inv, kind, n, demand[p], room[p], eps, alpha, scale, flow, price)
        met, left = 0.0, 0.0
        for j in range(n):
            s, h = mine[j], flow[j] / eps
            met += flow[j]
            load[s] += flow[j]
            load[half + s] += flow[j] * inv[j]
            hessian[s, s] += h
            hessian[s, half + s] += h * inv[j]
            hessian[half + s, s] += h * inv[j]
            hessian[half + s, half + s] += h * inv[j] * inv[j]
            part[j] = flow[j]
        total += eps * met - v * met + demand[p] * scale * _utility(max(1e-12, met / demand[p]), alpha)
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
        if left > 1e-9 * demand[p]:
            bend = eps * met / (alpha * v * left) if v > scale else 0.0
            _rank_one(hessian, mine, inv, part, 1.0 / (eps * left * (1.0 + bend)), kind, -1, n, half)
    return total


@kernel("void(f8[:,::1], f8[::1], f8[::1])")
def _charges(route: F8, price: F8, charge: F8) -> None:
    """What a Mbit/s and a MHz on each satellite cost, its landing included."""
    half = route.shape[0]
    charge[:] = price[: 2 * half]
    for s in range(half):
        for g in range(route.shape[1]):
            charge[s] += route[s, g] * price[2 * half + g]


@kernel("f8(f8[:,::1], f8[::1], f8[::1], f8[::1], f8[::1])")
def _excess(route: F8, price: F8, limit: F8, raw: F8, load: F8) -> float:
    """Loads of all rows, and by how much of the traffic the priced and the overfull ones are off."""
    half, carried, off = route.shape[0], 1e-9, 0.0
    load[: 2 * half] = raw
    load[2 * half :] = 0.0
    for s in range(half):
        carried += raw[s]
        for g in range(route.shape[1]):
            load[2 * half + g] += route[s, g] * raw[s]
    for r in range(price.size):
        if price[r] > 0.0 or load[r] > limit[r]:
            unit = raw[r - half] / max(raw[r], 1e-12) if half <= r < 2 * half else 1.0
            off += abs(load[r] - limit[r]) * unit
    return off / carried


@kernel(
    "void(i4[::1], f8[::1], f8[::1], i4[::1], f8[::1], i4[::1], f8[:,::1], f8[:,::1], f8[::1], f8[::1], i8,"
    "f8, f8, f8[::1], f8[:,::1])"
)
def find(
    pair: I4, weight: F8, inverse: F8, begin: I4, demand: F8, system: I4, room: F8, route: F8, limit: F8,
    smoothing: F8, rounds: int, alpha: float, scale: float, price: F8, rent: F8,
) -> None:  # fmt: skip
    """Prices of satellites (per Mbit/s, per MHz) and feeders that minimise the smoothed dual."""
    half, rows = route.shape[0], price.size
    charge, raw, load = np.zeros(2 * half), np.zeros(2 * half), np.zeros(rows)
    step, before, best = np.zeros(rows), price.copy(), price.copy()
    hessian, widest = np.zeros((2 * half, 2 * half)), 1
    for p in range(demand.size):
        widest = max(widest, begin[p + 1] - begin[p])
    scratch = np.zeros((3, widest))
    for eps in smoothing:
        lowest, damping, radius = 1e300, 1.0, 4.0
        for _ in range(rounds):
            _charges(route, price, charge)
            total = _sweep(
                charge, pair, weight, inverse, begin, demand, system, room, rent, eps, alpha, scale, raw,
                hessian, scratch,
            )  # fmt: skip
            for r in range(rows):
                total += limit[r] * price[r]
            if total > lowest + 1e-9 * abs(lowest):
                damping *= 0.3
                for r in range(rows):
                    price[r] = max(0.0, before[r] + damping * step[r])
                continue
            radius = max(0.5, radius * damping) if damping < 1.0 else min(64.0, 2.0 * radius)
            lowest, damping = total, 1.0
            best[:] = price
            if _excess(route, price, limit, raw, load) <= (1e-3 if eps == smoothing[-1] else 2e-2):
                break
            _newton_step(hessian, route, price, load, limit, eps, radius, step)
            before[:] = price
            for r in range(rows):
                price[r] = max(0.0, price[r] + step[r])
        price[:] = best
    _charges(route, price, charge)
    _sweep(
        charge, pair, weight, inverse, begin, demand, system, room, rent, smoothing[-1], alpha, scale, raw,
        hessian, scratch,
    )  # fmt: skip


@inline
def _cost_of(s: int, mhz: float, rent: float, charge: F8) -> float:
    return float(charge[s] + (charge[charge.size // 2 + s] + rent) * mhz)


@kernel(
    "void(i8[::1], i2[:,::1], f4[:,::1], f8[::1], i4[::1], i4[::1], f8[:,::1], f8[::1], f8[:,::1], f8, f8,"
    "f8, f8[:,::1], f8[::1])"
)
def ask(
    place: NDArray[np.int64], slot: I2, efficiency: F4, need: F8, local: I4, system: I4, route: F8,
    price: F8, rent: F8, eps: float, alpha: float, scale: float, flow: F8, best: F8,
) -> None:  # fmt: skip
    """What each cell asks of its slots at the prices (Mbit/s), and its least cost of a Mbit/s (inf: none)."""
    charge = np.zeros(2 * system.size)
    _charges(route, price, charge)
    for i in range(need.size):
        low, slots = math.inf, slot.shape[1]
        for k in range(slots):
            flow[i, k] = math.inf
            if need[i] > 0.0 and slot[i, k] >= 0 and efficiency[i, k] > 0.0 and local[slot[i, k]] >= 0:
                s = local[slot[i, k]]
                flow[i, k] = _cost_of(s, 1.0 / efficiency[i, k], rent[place[i], system[s]], charge)
                low = min(low, flow[i, k])
        best[i] = low
        if low == math.inf:
            flow[i] = 0.0
            continue
        total = 0.0
        for k in range(slots):
            flow[i, k] = math.exp((low - flow[i, k]) / eps) if flow[i, k] < math.inf else 0.0
            total += flow[i, k]
        v = _worth_of(low / eps - math.log(total), eps, alpha, scale)
        share = min(1.0, (v / scale) ** (-1.0 / alpha)) if v > scale else 1.0
        for k in range(slots):
            flow[i, k] *= need[i] * share / total


@kernel(
    "void(i8[::1], i2[:,::1], f4[:,::1], f8[::1], i4[::1], i4[::1], f8[:,::1], f8[:,::1], f8[::1], f8[:,::1],"
    "f8[:,::1], f8[::1])"
)
def fit(
    place: NDArray[np.int64], slot: I2, efficiency: F4, need: F8, local: I4, system: I4, room: F8,
    route: F8, feeder: F8, limit: F8, flow: F8, served: F8,
) -> None:  # fmt: skip
    """Scale what cells ask until every row holds, then give what is left: up to the asked, then in parts.

    ``room``, ``feeder`` and ``limit`` (local satellites' Mbit/s and MHz) lose what is served.
    """
    half, slots = system.size, slot.shape[1]
    used, load = np.zeros(room.shape), np.zeros((2, half))
    for i in range(need.size):
        for k in range(slots):
            if flow[i, k] > 0.0:
                used[place[i], system[local[slot[i, k]]]] += flow[i, k] / efficiency[i, k]
    keep, landed, fits = np.ones(half), np.zeros(feeder.size), np.ones(room.shape)
    for p in range(room.shape[0]):
        for k in range(room.shape[1]):
            if used[p, k] > room[p, k]:
                fits[p, k] = room[p, k] / used[p, k]
    for i in range(need.size):
        for k in range(slots):
            if flow[i, k] > 0.0:
                s = local[slot[i, k]]
                here = flow[i, k] * fits[place[i], system[s]]
                load[0, s] += here
                load[1, s] += here / efficiency[i, k]
    for s in range(half):
        if load[0, s] > 0.0:
            keep[s] = min(1.0, limit[0, s] / load[0, s], limit[1, s] / load[1, s])
        for g in range(feeder.size):
            landed[g] += route[s, g] * load[0, s] * keep[s]
    for s in range(half):
        least = 1.0
        for g in range(feeder.size):
            if route[s, g] > 0.0 and landed[g] > feeder[g]:
                least = min(least, feeder[g] / landed[g])
        keep[s] *= least
    for turn in range(TURNS):
        for i in range(need.size):
            before, asked = served[i], 0.0
            for k in range(slots):
                asked += flow[i, k]
            for k in range(slots):
                if need[i] <= 0.0 or slot[i, k] < 0 or efficiency[i, k] <= 0.0 or local[slot[i, k]] < 0:
                    continue
                s, p, rate = local[slot[i, k]], place[i], float(efficiency[i, k])
                kind = system[s]
                more = asked - served[i]
                if turn == 0:
                    more = flow[i, k] * keep[s] * fits[p, kind]
                elif turn > 1:
                    more = before * 2.0 ** (turn - TURNS) - (served[i] - before)
                more = min(more, need[i] - served[i], limit[0, s], limit[1, s] * rate, room[p, kind] * rate)
                for g in range(feeder.size):
                    if route[s, g] > 0.0:
                        more = min(more, feeder[g] / route[s, g])
                if more <= 0.0:
                    continue
                served[i] += more
                limit[0, s] = max(0.0, limit[0, s] - more)
                limit[1, s] = max(0.0, limit[1, s] - more / rate)
                room[p, kind] = max(0.0, room[p, kind] - more / rate)
                for g in range(feeder.size):
                    feeder[g] = max(0.0, feeder[g] - more * route[s, g])
