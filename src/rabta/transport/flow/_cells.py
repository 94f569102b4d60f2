"""Compiled kernels of the fair allocation cell by cell, where those by place are too coarse a look.

Within a place `rabta.transport.flow._fair` lets every cell use the satellites of all; here each has its own
slots and efficiencies. Rents of a place's spectrum are sought for its cells together.
"""

# ruff: noqa: C901, PLR0912 (kernels: long loops stay in one compiled function)

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel
from rabta.transport._prices import _newton_step, _rank_one
from rabta.transport.flow._fair import _charges, _excess, _utility, _worth_of

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
I8 = NDArray[np.int64]


@inline
def _cell(
    a: int, b: int, cost: F8, inverse: F8, kind: I4, rent: F8, need: float, eps: float, alpha: float,
    scale: float, flow: F8,
) -> float:  # fmt: skip
    """Traffic of one cell's entries ``a:b`` at given rents; its marginal worth."""
    low, total = math.inf, 0.0
    for e in range(a, b):
        low = min(low, cost[e] + rent[kind[e]] * inverse[e])
    for e in range(a, b):
        flow[e] = math.exp((low - cost[e] - rent[kind[e]] * inverse[e]) / eps)
        total += flow[e]
    v = _worth_of(low / eps - math.log(total), eps, alpha, scale)
    share = (v / scale) ** (-1.0 / alpha) if v > scale else 1.0
    for e in range(a, b):
        flow[e] *= need * share / total
    return v


@kernel(
    "void(i8, i8[::1], f8[::1], f8[::1], i4[::1], f8[::1], f8[::1], f8, f8, f8, f8[::1], f8[::1], f8[::1])"
)
def _settle_cells(
    cells: int, edge: I8, cost: F8, inverse: F8, kind: I4, needs: F8, room: F8, eps: float,
    alpha: float, scale: float, rent: F8, flow: F8, worth: F8,
) -> None:  # fmt: skip
    """Solve the cells of a place: their traffic, their marginal worths and the place's rents."""
    rent[:] = 0.0
    for turn in range(4):  # rents of several systems move each other a little
        tight = False
        for k in range(-1 if turn == 0 else 0, room.size):
            low, high, closed, used = 0.0, scale, False, 0.0
            for _ in range(60):
                if k >= 0:
                    rent[k] = 0.5 * (low + high) if closed else (high if high > scale else 0.0)
                used = 0.0
                for c in range(cells):
                    worth[c] = _cell(
                        edge[c], edge[c + 1], cost, inverse, kind, rent, needs[c], eps, alpha, scale, flow
                    )
                if k < 0:
                    break
                for e in range(edge[cells]):
                    used += flow[e] * inverse[e] if kind[e] == k else 0.0
                if used <= room[k] * (1.0 + 1e-6):
                    if rent[k] == 0.0:
                        break
                    high, closed = rent[k], True
                else:
                    low, tight = rent[k], True
                    high = high if closed else max(2.0 * high, 2.0 * scale)
                if closed and high - low <= 1e-7 * high:
                    rent[k] = high
                    break
        if not tight or room.size == 1:
            break
    for c in range(cells):
        worth[c] = _cell(edge[c], edge[c + 1], cost, inverse, kind, rent, needs[c], eps, alpha, scale, flow)


@kernel("f8(i8, i8, i8[::1], f8[::1], i4[::1], i8, f8[::1], f8[::1], f8, f8, f8, f8[::1])")
def _bent(
    c0: int, c1: int, edge: I8, inverse: F8, kind: I4, k: int, flow: F8, worth: F8, eps: float,
    alpha: float, scale: float, part: F8,
) -> float:  # fmt: skip
    """How traffic answers to a place's rent: by entry in ``part``, and of the MHz together (returned)."""
    whole = 0.0
    for c in range(c0, c1):
        met, mhz = 0.0, 0.0
        for e in range(edge[c], edge[c + 1]):
            met += flow[e]
            mhz += flow[e] * inverse[e] if kind[e] == k else 0.0
        bend = eps / (alpha * worth[c]) if worth[c] > scale else 0.0
        for e in range(edge[c], edge[c + 1]):
            own = inverse[e] if kind[e] == k else 0.0
            part[e] = flow[e] * (own - mhz / (met * (1.0 + bend))) / eps
            whole += part[e] * own
    return whole


@kernel(
    "f8(f8[::1], i8[::1], i8[::1], i4[::1], f8[::1], f8[::1], i4[::1], f8[:,::1], f8[:,::1], f8, f8, f8,"
    "f8[::1], f8[:,::1])"
)
def _sweep_cells(
    charge: F8, start: I8, edge: I8, pair: I4, needs: F8, inverse: F8,
    system: I4, room: F8, rent: F8, eps: float, alpha: float, scale: float, load: F8, hessian: F8,
) -> float:  # fmt: skip
    """The smoothed dual cell by cell, its loads and its Hessian; ``start`` has the cells of each place."""
    half, total = system.size, 0.0
    load[:], hessian[:] = 0.0, 0.0
    kind, cost = np.empty(pair.size, np.int32), np.empty(pair.size)
    flow, part, worth = np.zeros(pair.size), np.zeros(pair.size), np.zeros(needs.size)
    for e in range(pair.size):
        kind[e] = system[pair[e]]
        cost[e] = charge[pair[e]] + charge[half + pair[e]] * inverse[e]
    for p in range(start.size - 1):
        c0, c1 = start[p], start[p + 1]
        if c0 == c1:
            continue
        a, b = edge[c0], edge[c1]
        _settle_cells(
            c1 - c0, edge[c0 : c1 + 1] - a, cost[a:b], inverse[a:b], kind[a:b], needs[c0:c1], room[p], eps,
            alpha, scale, rent[p], flow[a:b], worth[c0:c1],
        )  # fmt: skip
        for k in range(room.shape[1]):
            total += rent[p, k] * room[p, k]
        for c in range(c0, c1):
            met, first, last = 0.0, edge[c], edge[c + 1]
            for e in range(first, last):
                s, h = pair[e], flow[e] / eps
                met += flow[e]
                load[s] += flow[e]
                load[half + s] += flow[e] * inverse[e]
                hessian[s, s] += h
                hessian[s, half + s] += h * inverse[e]
                hessian[half + s, s] += h * inverse[e]
                hessian[half + s, half + s] += h * inverse[e] * inverse[e]
            total += (
                eps * met - worth[c] * met + needs[c] * scale * _utility(max(1e-12, met / needs[c]), alpha)
            )
            bend = eps / (alpha * worth[c]) if worth[c] > scale else 0.0
            _rank_one(
                hessian, pair[first:last], inverse[first:last], flow[first:last],
                1.0 / (eps * met * (1.0 + bend)), kind, -1, last - first, half,
            )  # fmt: skip
        for k in range(room.shape[1]):
            if rent[p, k] > 0.0:
                bent = _bent(c0, c1, edge, inverse, kind, k, flow, worth, eps, alpha, scale, part)
                if bent > 1e-12:
                    _rank_one(hessian, pair[a:b], inverse[a:b], part[a:b], 1.0 / bent, kind, -1, b - a, half)
    return total


@kernel(
    "void(i8[::1], i8[::1], i4[::1], f8[::1], f8[::1], i4[::1], f8[:,::1], f8[:,::1], f8[::1], f8[::1], i8,"
    "f8, f8, f8[::1], f8[:,::1])"
)
def find_cells(
    start: I8, edge: I8, pair: I4, needs: F8, inverse: F8, system: I4,
    room: F8, route: F8, limit: F8, smoothing: F8, rounds: int, alpha: float, scale: float, price: F8,
    rent: F8,
) -> None:  # fmt: skip
    """As `find`, with every cell by itself."""
    half, rows = route.shape[0], price.size
    charge, raw, load = np.zeros(2 * half), np.zeros(2 * half), np.zeros(rows)
    step, before, best, hessian = np.zeros(rows), price.copy(), price.copy(), np.zeros((2 * half, 2 * half))
    for eps in smoothing:
        lowest, damping, radius = 1e300, 1.0, 4.0
        for _ in range(rounds):
            _charges(route, price, charge)
            total = _sweep_cells(
                charge, start, edge, pair, needs, inverse, system, room, rent, eps, alpha, scale, raw, hessian
            )
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
            if _excess(route, price, limit, raw, load) <= 2e-3:
                break
            _newton_step(hessian, route, price, load, limit, eps, radius, step)
            before[:] = price
            for r in range(rows):
                price[r] = max(0.0, price[r] + step[r])
        price[:] = best
    _charges(route, price, charge)
    _sweep_cells(
        charge,
        start,
        edge,
        pair,
        needs,
        inverse,
        system,
        room,
        rent,
        smoothing[-1],
        alpha,
        scale,
        raw,
        hessian,
    )
