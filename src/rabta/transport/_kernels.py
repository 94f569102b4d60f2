"""Compiled kernels: sharing of satellite capacity over cells, with a bound from the same programme's dual.

Each time step is computed by one thread from that step's input alone, so results do not depend on the number
of threads. The programme is written in `rabta.transport.sharing`, whose references hold its rows and bound.
"""

# ruff: noqa: C901, PLR0912, PLR0915 (kernels: long loops stay in one compiled function)

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel
from rabta.transport._landing import land, reach
from rabta.transport._prices import SMOOTHING, find_prices

__all__ = ["ceiling", "fill", "land", "reach", "share"]

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I2 = NDArray[np.int16]
I4 = NDArray[np.int32]

LEVELS = np.array([0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 20.0])  # of even need, over the capacity


@kernel("i8(i2[:,::1], f4[:,::1], f8[::1], i4[::1], f8[:,::1], f8[:,::1], f8[::1], i4[::1], i4[::1])")
def _usable(
    slot: I2, efficiency: F4, need: F8, landing: I4, split: F8, limit: F8, feeder: F8, local: I4, listed: I4
) -> int:
    """Number the satellites that can carry something in this step, in the order of their rows."""
    local[:] = -1
    for i in range(slot.shape[0]):
        if need[i] > 0.0:
            for k in range(slot.shape[1]):
                if slot[i, k] >= 0 and efficiency[i, k] > 0.0:
                    local[slot[i, k]] = 0
    count = 0
    for s in range(local.size):
        if local[s] < 0:
            continue
        open_ = landing[s] >= 0 and limit[0, s] > 1e-6 and limit[1, s] > 1e-6
        if open_:
            for g in range(feeder.size):
                open_ = open_ and (split[landing[s], g] <= 0.0 or feeder[g] > 1e-6)
        local[s] = count if open_ else -1
        if open_:
            listed[count] = s
            count += 1
    return count


@kernel(
    "i8(i4[::1], i4[::1], i2[:,::1], f4[:,::1], f8[::1], i4[::1],i4[::1], f8[::1], f8[::1], i4[::1], f8[::1])"
)
def _pairs(
    order: I4,
    start: I4,
    slot: I2,
    efficiency: F4,
    need: F8,
    local: I4,
    pair: I4,
    weight: F8,
    inverse: F8,
    begin: I4,
    demand: F8,
) -> int:
    """Gather cells into pairs (place, satellite), with the mean of 1/efficiency; number of pairs."""
    n = 0
    for p in range(demand.size):
        begin[p] = n
        demand[p] = 0.0
        for q in range(start[p], start[p + 1]):
            i = order[q]
            reached = False
            for k in range(slot.shape[1]):
                if need[i] <= 0.0 or slot[i, k] < 0 or efficiency[i, k] <= 0.0 or local[slot[i, k]] < 0:
                    continue
                reached = True
                j = begin[p]
                while j < n and pair[j] != local[slot[i, k]]:
                    j += 1
                if j == n:
                    pair[j], weight[j], inverse[j] = local[slot[i, k]], 0.0, 0.0
                    n += 1
                weight[j] += need[i]
                inverse[j] += need[i] / efficiency[i, k]
            if reached:
                demand[p] += need[i]
        for j in range(begin[p], n):
            inverse[j] /= weight[j]
    begin[demand.size] = n
    return n


@inline
def _worth(s: int, p: int, inverse: float, cost: F8, system: I4, spectrum_price: F8) -> float:
    """Value of one Mbit/s of a cell on a satellite, less what the rows charge for it."""
    charge = cost[cost.size // 2 + s] + spectrum_price[p, system[s]]
    return float(1.0 - cost[s] - charge * inverse)


@kernel("void(i4[::1], i2[:,::1], f4[:,::1], f8[::1], i4[::1], i4[::1], f8[::1], f8[::1], i8, f8[:,::1])")
def _best_rent(
    cells: I4,
    slot: I2,
    efficiency: F4,
    need: F8,
    local: I4,
    system: I4,
    cost: F8,
    room: F8,
    p: int,
    spectrum_price: F8,
) -> None:
    """Price of a place's spectrum that makes the bound least, by bisection on the slope cell by cell."""
    for k in range(room.size):
        low, high = 0.0, 4.0 * spectrum_price[p, k]
        if high <= 0.0:
            continue
        for _ in range(14):
            spectrum_price[p, k] = 0.5 * (low + high)
            used = 0.0
            for i in cells:
                y, mhz = 0.0, 0.0
                for j in range(slot.shape[1]):
                    if slot[i, j] >= 0 and efficiency[i, j] > 0.0 and local[slot[i, j]] >= 0:
                        s = local[slot[i, j]]
                        worth = _worth(s, p, 1.0 / efficiency[i, j], cost, system, spectrum_price)
                        if worth > y:
                            y, mhz = worth, 1.0 / efficiency[i, j] if system[s] == k else 0.0
                used += need[i] * mhz
            if used > room[k]:
                low = spectrum_price[p, k]
            else:
                high = spectrum_price[p, k]


@kernel(
    "f8(i4[::1], i4[::1], i2[:,::1], f4[:,::1], f8[::1], i4[::1], i4[::1], f8[:,::1], f8[:,::1], f8[:,::1],"
    "f8[::1], f8[::1], f8[:,::1])"
)
def ceiling(
    order: I4,
    start: I4,
    slot: I2,
    efficiency: F4,
    need: F8,
    local: I4,
    system: I4,
    room: F8,
    route: F8,
    limit: F8,
    feeder: F8,
    price: F8,
    spectrum_price: F8,
) -> float:
    """Upper bound of the programme: its dual at the given prices, cell by cell (weak duality).

    Prices that even a satellite's best cell would not pay are first lowered to what it would.
    """
    half, slots = system.size, slot.shape[1]
    least = np.full(half, 1e30)
    reachable = 0.0
    for i in range(need.size):
        reached = False
        for k in range(slots):
            if need[i] > 0.0 and slot[i, k] >= 0 and efficiency[i, k] > 0.0 and local[slot[i, k]] >= 0:
                least[local[slot[i, k]]] = min(least[local[slot[i, k]]], 1.0 / efficiency[i, k])
                reached = True
        reachable += need[i] if reached else 0.0
    cost = np.zeros(2 * half)
    total, cheapest = 0.0, 1e30
    for s in range(half):
        landing = 0.0
        for g in range(feeder.size):
            landing += route[s, g] * price[2 * half + g]
        cheapest = min(cheapest, landing)
    if cheapest > 1.0:  # landing costs more than it is worth, everywhere
        price[2 * half :] /= cheapest
    for s in range(half):
        landing = 0.0
        for g in range(feeder.size):
            landing += route[s, g] * price[2 * half + g]
        excess = max(0.0, landing + price[s] + price[half + s] * least[s] - 1.0)
        lowered = min(excess, price[s])
        price[s] -= lowered
        price[half + s] = max(0.0, price[half + s] - (excess - lowered) / least[s])
        cost[s], cost[half + s] = price[s] + landing, price[half + s]
        total += price[s] * limit[0, s] + price[half + s] * limit[1, s]
    for g in range(feeder.size):
        total += price[2 * half + g] * feeder[g]
    for p in range(room.shape[0]):
        _best_rent(
            order[start[p] : start[p + 1]],
            slot,
            efficiency,
            need,
            local,
            system,
            cost,
            room[p],
            p,
            spectrum_price,
        )
        for k in range(room.shape[1]):
            total += spectrum_price[p, k] * room[p, k]
        for q in range(start[p], start[p + 1]):
            i = order[q]
            y = 0.0
            for k in range(slots):
                if slot[i, k] >= 0 and efficiency[i, k] > 0.0 and local[slot[i, k]] >= 0:
                    s = local[slot[i, k]]
                    y = max(y, _worth(s, p, 1.0 / efficiency[i, k], cost, system, spectrum_price))
            total += need[i] * y
    gates = 0.0  # the dual where only landing is priced, at one
    for g in range(feeder.size):
        gates += feeder[g] if route[:, g].max() > 0.0 else 0.0
    if gates < total:
        price[: 2 * half], price[2 * half :] = 0.0, 1.0
        spectrum_price[:] = 0.0
    return min(total, gates, reachable)


@kernel(
    "f8(i4[::1], i4[::1], i2[:,::1], f4[:,::1], f8[::1], i4[::1], i4[::1], f8[:,::1], f8[:,::1], f8[:,::1],"
    "f8[::1], f8[::1], f8[:,::1], f8[::1], f8[::1])"
)
def _fit(
    order: I4,
    start: I4,
    slot: I2,
    efficiency: F4,
    need: F8,
    local: I4,
    system: I4,
    room: F8,
    route: F8,
    limit: F8,
    feeder: F8,
    price: F8,
    spectrum_price: F8,
    served: F8,
    carried: F8,
) -> float:
    """Traffic that obeys every row: by the prices, scaled to fit, then topped up; takes it off the limits.

    ``limit`` holds the local satellites' Mbit/s and MHz. ``served`` and ``carried`` (by satellite) are added
    to. Returns the traffic of all cells.
    """
    cells, slots, half = slot.shape[0], slot.shape[1], system.size
    eps = SMOOTHING[-1]
    flow = np.zeros((cells, slots))
    cost = price[: 2 * half].copy()
    for s in range(half):
        for g in range(feeder.size):
            cost[s] += route[s, g] * price[2 * half + g]
    load, band, landed = np.zeros(half), np.zeros(half), np.zeros(feeder.size)
    used = np.zeros(room.shape[1])
    for p in range(room.shape[0]):
        used[:] = 0.0
        for q in range(start[p], start[p + 1]):
            i = order[q]
            top, total = -1e30, 0.0
            for k in range(slots):
                if need[i] > 0.0 and slot[i, k] >= 0 and efficiency[i, k] > 0.0 and local[slot[i, k]] >= 0:
                    flow[i, k] = _worth(
                        local[slot[i, k]], p, 1.0 / efficiency[i, k], cost, system, spectrum_price
                    )
                    top = max(top, flow[i, k])
                else:
                    flow[i, k] = -1e30
            if top <= -1e30:
                flow[i, :] = 0.0
                continue
            for k in range(slots):
                flow[i, k] = math.exp((flow[i, k] - top) / eps)
                total += flow[i, k]
            scale = need[i] * min(math.exp(min(top, 0.0) / eps), 1.0 / total)
            for k in range(slots):
                flow[i, k] = flow[i, k] * scale if flow[i, k] > 1e-9 else 0.0
                if flow[i, k] > 0.0:
                    used[system[local[slot[i, k]]]] += flow[i, k] / efficiency[i, k]
        for q in range(start[p], start[p + 1]):
            i = order[q]
            for k in range(slots):
                if flow[i, k] > 0.0:
                    s = local[slot[i, k]]
                    flow[i, k] *= min(1.0, room[p, system[s]] / used[system[s]])
                    load[s] += flow[i, k]
                    band[s] += flow[i, k] / efficiency[i, k]
    keep, last = np.ones(half), np.ones(feeder.size)
    for s in range(half):
        if load[s] > 0.0:
            keep[s] = min(1.0, limit[0, s] / load[s], limit[1, s] / band[s])
        for g in range(feeder.size):
            landed[g] += route[s, g] * load[s] * keep[s]
    for g in range(feeder.size):
        if landed[g] > feeder[g]:
            last[g] = feeder[g] / landed[g]
    for s in range(half):
        least = 1.0
        for g in range(feeder.size):
            if route[s, g] > 0.0:
                least = min(least, last[g])
        keep[s] *= least
    total = 0.0
    for turn in range(3):  # once what the prices give, then twice whatever still fits
        for p in range(room.shape[0]):
            for q in range(start[p], start[p + 1]):
                i = order[q]
                for k in range(slots):
                    if need[i] <= 0.0 or slot[i, k] < 0 or efficiency[i, k] <= 0.0 or local[slot[i, k]] < 0:
                        continue
                    s, rate = local[slot[i, k]], float(efficiency[i, k])
                    more = flow[i, k] * keep[s] if turn == 0 else 1e30
                    free = min(limit[1, s], room[p, system[s]]) * rate
                    more = min(more, need[i], limit[0, s], free)
                    for g in range(feeder.size):
                        if route[s, g] > 0.0:
                            more = min(more, feeder[g] / route[s, g])
                    if more <= 0.0:
                        continue
                    need[i] -= more
                    limit[0, s] = max(0.0, limit[0, s] - more)
                    limit[1, s] = max(0.0, limit[1, s] - more / rate)
                    room[p, system[s]] = max(0.0, room[p, system[s]] - more / rate)
                    for g in range(feeder.size):
                        feeder[g] = max(0.0, feeder[g] - more * route[s, g])
                    served[i] += more
                    carried[s] += more
                    total += more
    return total


@kernel(
    "f8(i4[::1], i4[::1], i2[:,::1], f4[:,::1], f8[::1], i4[::1], f8[:,::1], i4[::1], f8[:,::1], f8[:,::1],"
    "f8[::1], f8[::1], f8[::1], f8[:,::1], f8[::1], f8[:,::1])"
)
def _step(
    order: I4,
    start: I4,
    slot: I2,
    efficiency: F4,
    need: F8,
    landing: I4,
    split: F8,
    system: I4,
    limit: F8,
    room: F8,
    feeder: F8,
    served: F8,
    carried: F8,
    satellite_price: F8,
    feeder_price: F8,
    spectrum_price: F8,
) -> float:
    """Share one step: adds to ``served`` and ``carried``, takes that off needs and limits; the bound."""
    satellites, places, sites = landing.size, start.size - 1, feeder.size
    local, listed = np.empty(satellites, np.int32), np.empty(satellites, np.int32)
    half = _usable(slot, efficiency, need, landing, split, limit, feeder, local, listed)
    spectrum_price[:] = 0.0
    if half == 0:
        return 0.0
    kind, own = np.empty(half, np.int32), np.empty((2, half))
    route, most = np.empty((half, sites)), np.empty(2 * half + sites)
    for s in range(half):
        kind[s] = system[listed[s]]
        own[0, s], own[1, s] = limit[0, listed[s]], limit[1, listed[s]]
        route[s] = split[landing[listed[s]]]
    most[:half], most[half : 2 * half], most[2 * half :] = own[0], own[1], feeder
    size = slot.shape[0] * slot.shape[1]
    pair, weight, inverse = np.empty(size, np.int32), np.empty(size), np.empty(size)
    begin, demand = np.empty(places + 1, np.int32), np.empty(places)
    n = _pairs(order, start, slot, efficiency, need, local, pair, weight, inverse, begin, demand)
    price = np.zeros(2 * half + sites)
    find_prices(
        pair[:n], weight[:n], inverse[:n], begin, demand, kind, room, route, most, price, spectrum_price
    )
    least, rent = price.copy(), np.empty_like(spectrum_price)
    rent[:] = spectrum_price
    bound = ceiling(order, start, slot, efficiency, need, local, kind, room, route, own, feeder, least, rent)
    gained = np.zeros(half)
    _fit(
        order, start, slot, efficiency, need, local, kind, room, route, own, feeder, price, spectrum_price,
        served, gained,
    )  # fmt: skip
    for s in range(half):
        satellite_price[0, listed[s]], satellite_price[1, listed[s]] = least[s], least[half + s]
        limit[0, listed[s]], limit[1, listed[s]] = own[0, s], own[1, s]
        carried[listed[s]] += gained[s]
    feeder_price[:] = least[2 * half :]
    spectrum_price[:] = rent
    return bound


@kernel(
    "void(i8, i8, i4[::1], i4[::1], i2[:,:,::1], f4[:,:,::1], f8[:,::1], i4[:,::1], f8[:,:,::1], i4[::1],"
    "f8[:,::1], f8[::1], f8[:,::1], f4[:,::1], f8[:,::1], f8[::1], f8[:,:,::1], f8[:,::1], f8[:,:,::1])",
)
def share(
    first: int,
    last: int,
    order: I4,
    start: I4,
    slot: I2,
    efficiency: F4,
    need: F8,
    landing: I4,
    split: F8,
    system: I4,
    limit: F8,
    spectrum: F8,
    feeder: F8,
    served: F4,
    carried: F8,
    bound: F8,
    satellite_price: F8,
    feeder_price: F8,
    spectrum_price: F8,
) -> None:
    """Share steps from first to last: traffic of cells and satellites, upper bound, prices of the rows."""
    for t in range(first, last):
        room = np.empty((start.size - 1, spectrum.size))
        room[:] = spectrum
        given = np.zeros(slot.shape[1])
        bound[t] = _step(
            order, start, slot[t], efficiency[t], need[t].copy(), landing[t], split[t], system, limit.copy(),
            room, feeder[t].copy(), given, carried[t], satellite_price[t], feeder_price[t], spectrum_price[t],
        )  # fmt: skip
        served[t] = given


@inline
def _divide(split: F8, left: F8, shares: F8) -> None:
    """Divide what is still to land among the same gateways by what is left of their feeders."""
    for m in range(split.shape[0]):
        total = 0.0
        for g in range(left.size):
            shares[m, g] = left[g] if split[m, g] > 0.0 and left[g] > 1e-3 else 0.0
            total += shares[m, g]
        for g in range(left.size):
            shares[m, g] = shares[m, g] / total if total > 0.0 else split[m, g]


@kernel(
    "void(i8, i8, i4[::1], i4[::1], i2[:,:,::1], f4[:,:,::1], f8[::1], i4[:,::1], f8[:,:,::1], i4[::1],"
    "f8[:,::1], f8[::1], f8[:,::1], f8[:,::1])",
)
def fill(
    first: int,
    last: int,
    order: I4,
    start: I4,
    slot: I2,
    efficiency: F4,
    need: F8,
    landing: I4,
    split: F8,
    system: I4,
    limit: F8,
    spectrum: F8,
    feeder: F8,
    granted: F8,
) -> None:
    """Fill steps from first to last by rising need: each level gets what the levels below it left."""
    for t in range(first, last):
        places, sites = start.size - 1, feeder.shape[1]
        prices, fees = np.zeros((2, landing.shape[1])), np.zeros(sites)
        rents, load = np.empty((places, spectrum.size)), np.zeros(landing.shape[1])
        room, shares = np.empty((places, spectrum.size)), np.empty(split.shape[1:])
        total = need.sum()
        whole = 0.0
        for level in range(-1, LEVELS.size):  # the first turn measures the capacity under ample need
            if level <= 0:
                room[:] = spectrum
                own, left = limit.copy(), feeder[t].copy()
                granted[t] = 0.0
            _divide(split[t], left, shares)
            if level < 0:
                ask = need * (1e9 / total) if total > 0.0 else need.copy()
            else:
                below = LEVELS[level - 1] if level > 0 else 0.0
                ask = need * ((LEVELS[level] - below) * whole / total) if total > 0.0 else need.copy()
            _step(
                order, start, slot[t], efficiency[t], ask, landing[t], shares, system, own, room, left,
                granted[t], load, prices, fees, rents,
            )  # fmt: skip
            if level < 0:
                whole = granted[t].sum()
