"""Compiled kernels: which satellites land where, and the delay from each to the national exchange."""

# ruff: noqa: C901, PLR0912 (kernels: long loops stay in one compiled function)

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel, prange
from rabta.units import SPEED_OF_LIGHT_M_S

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
I2 = NDArray[np.int16]
I4 = NDArray[np.int32]
I8 = NDArray[np.int64]
U1 = NDArray[np.uint8]

GRAZING_M = 6_371_008.8 + 80e3  # a link between satellites stays above the dense atmosphere


@kernel("void(f4[:,::1], i4[::1], f8[::1], i4[::1], u1[:,::1], f8[::1], f8[:,::1], f8[:,::1], f8[:,::1])")
def _gateways_in_view(
    position: F4, system: I4, weight: F8, mesh: I4, allowed: U1, min_sine: F8, site: F8, up: F8, sine: F8
) -> None:
    """Sine of each satellite's elevation from each gateway that may serve it; -2 where it may not."""
    sine[:] = -2.0
    for s in range(position.shape[0]):
        if weight[s] <= 0.0 and mesh[s] < 0:
            continue
        x, y, z = float(position[s, 0]), float(position[s, 1]), float(position[s, 2])
        for g in range(site.shape[0]):
            dx, dy, dz = x - site[g, 0], y - site[g, 1], z - site[g, 2]
            height = dx * up[g, 0] + dy * up[g, 1] + dz * up[g, 2]
            if height <= 0.0 or not allowed[g, system[s]]:
                continue
            value = height / math.sqrt(dx * dx + dy * dy + dz * dz)
            if value >= min_sine[system[s]]:
                sine[s, g] = value


@kernel("b1(i8, f8[:,::1], i4[::1], i8[::1])")
def _make_room(satellite: int, sine: F8, link: I4, free: I8) -> bool:
    """Link a satellite by moving others between full gateways (an augmenting path), if there is one."""
    sites = free.size
    came_from = np.full(sites, -1, np.int64)
    mover = np.full(sites, -1, np.int64)
    queue = np.empty(sites, np.int64)
    head, tail = 0, 0
    for g in range(sites):
        if sine[satellite, g] > -2.0:
            came_from[g], queue[tail] = g, g
            tail += 1
    while head < tail:
        g = queue[head]
        head += 1
        for other in range(link.size):
            if link[other] != g:
                continue
            for h in range(sites):
                if came_from[h] >= 0 or sine[other, h] <= -2.0:
                    continue
                came_from[h], mover[h] = g, other
                if free[h] > 0:
                    free[h] -= 1
                    last = h
                    while mover[last] >= 0:
                        link[mover[last]] = last
                        last = came_from[last]
                    link[satellite] = last
                    return True
                queue[tail] = h
                tail += 1
    return False


@kernel("void(f8[::1], f8[:,::1], i8[::1], i4[::1])")
def _assign(weight: F8, sine: F8, antennas: I8, link: I4) -> None:
    """Give antennas to satellites, the most wanted first, each at the highest gateway that is free.

    Sets of satellites that can be linked together form a transversal matroid, so that taking them in order
    of weight and making room by augmenting paths links the set of greatest weight (Edmonds 1971).
    """
    link[:] = -1
    free = antennas.copy()
    for s in np.argsort(-weight, kind="mergesort"):
        best, height = -1, -2.0
        for g in range(free.size):
            if sine[s, g] > height and free[g] > 0:
                best, height = g, sine[s, g]
        if best >= 0:
            link[s] = best
            free[best] -= 1
        elif weight[s] > 0.0:
            seen = False
            for g in range(free.size):
                seen = seen or sine[s, g] > -2.0
            if seen:
                _make_room(s, sine, link, free)


@kernel("void(f8[:,::1], f8[::1], f8[::1])")
def _balance(split: F8, wish: F8, feeder: F8) -> None:
    """Divide the meshes' traffic among their gateways so that loads come near the same part of each feeder.

    Iterative proportional fitting (Deming and Stephan 1940) of what the meshes wish to land.
    """
    sites = feeder.size
    load = np.empty(sites)
    for _ in range(30):
        load[:] = 0.0
        for m in range(sites, split.shape[0]):
            total = 0.0
            for g in range(sites):
                total += split[m, g]
            for g in range(sites):
                split[m, g] = split[m, g] / total if total > 0.0 else 0.0
        for m in range(split.shape[0]):
            for g in range(sites):
                load[g] += wish[m] * split[m, g]
        for m in range(sites, split.shape[0]):
            for g in range(sites):
                if load[g] > 0.0:
                    split[m, g] *= feeder[g] / load[g]
    for m in range(sites, split.shape[0]):
        total = 0.0
        for g in range(sites):
            total += split[m, g]
        for g in range(sites):
            split[m, g] = split[m, g] / total if total > 0.0 else 0.0


@kernel(
    "void(f4[:,:,::1], i2[:,:,::1], f4[:,:,::1], f8[::1], i4[::1], i4[::1], u1[:,::1], f8[::1], f8[:,::1],"
    "f8[:,::1], i8[::1], f8[:,::1], i4[:,::1], i4[:,::1], f8[:,:,::1])",
    parallel=True,
)
def land(
    position: F4,
    slot: I2,
    efficiency: F4,
    need: F8,
    system: I4,
    mesh: I4,
    allowed: U1,
    min_sine: F8,
    site: F8,
    up: F8,
    antennas: I8,
    feeder: F8,
    link: I4,
    landing: I4,
    split: F8,
) -> None:
    """Link satellites to gateways and say where each lands its traffic.

    ``link`` is the gateway that tracks the satellite or -1. ``landing`` is a row of ``split`` or -1: its own
    gateway, or the mesh it belongs to, whose traffic is divided among the gateways linked to the mesh so that
    feeders fill evenly.
    """
    sites = site.shape[0]
    for t in prange(position.shape[0]):
        satellites = position.shape[1]
        weight = np.zeros(satellites)
        for i in range(slot.shape[1]):
            for k in range(slot.shape[2]):
                if efficiency[t, i, k] > 0.0 and slot[t, i, k] >= 0:
                    weight[slot[t, i, k]] += need[i]
        sine = np.empty((satellites, sites))
        _gateways_in_view(position[t], system, weight, mesh, allowed, min_sine, site, up, sine)
        free = antennas.copy()
        for g in range(sites):
            if feeder[t, g] <= 0.0:  # nothing lands there in this step
                free[g] = 0
        _assign(weight, sine, free, link[t])
        split[t] = 0.0
        for g in range(sites):
            split[t, g, g] = 1.0
        for s in range(satellites):
            if link[t, s] >= 0 and mesh[s] >= 0:
                split[t, sites + mesh[s], link[t, s]] = feeder[t, link[t, s]]
        wish = np.zeros(split.shape[1])
        for s in range(satellites):
            if mesh[s] >= 0:
                wish[sites + mesh[s]] += weight[s]
            elif link[t, s] >= 0:
                wish[link[t, s]] += weight[s]
        _balance(split[t], wish, feeder[t])
        for s in range(satellites):
            landing[t, s] = link[t, s]
            if mesh[s] >= 0:
                found = False
                for g in range(sites):
                    found = found or split[t, sites + mesh[s], g] > 0.0
                landing[t, s] = sites + mesh[s] if found else -1


@inline
def _push(keys: F8, nodes: I4, count: int, key: float, node: int) -> int:
    """Add to a binary heap; the new size."""
    i = count
    while i > 0 and keys[(i - 1) // 2] > key:
        keys[i], nodes[i] = keys[(i - 1) // 2], nodes[(i - 1) // 2]
        i = (i - 1) // 2
    keys[i], nodes[i] = key, node
    return count + 1


@inline
def _pop(keys: F8, nodes: I4, count: int) -> int:
    """Drop the least of a binary heap; the new size."""
    count -= 1
    key, node = keys[count], nodes[count]
    i = 0
    while 2 * i + 1 < count:
        child = 2 * i + 1
        if child + 1 < count and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[i], nodes[i] = keys[child], nodes[child]
        i = child
    keys[i], nodes[i] = key, node
    return count


@inline
def _between(position: F4, a: int, b: int) -> float:
    """Distance of two satellites (m), or -1 where the Earth or its dense atmosphere is between them."""
    dx = float(position[a, 0]) - float(position[b, 0])
    dy = float(position[a, 1]) - float(position[b, 1])
    dz = float(position[a, 2]) - float(position[b, 2])
    span = math.sqrt(dx * dx + dy * dy + dz * dz)
    longest = 0.0
    for s in (a, b):
        x, y, z = float(position[s, 0]), float(position[s, 1]), float(position[s, 2])
        longest += math.sqrt(max(0.0, x * x + y * y + z * z - GRAZING_M * GRAZING_M))
    return span if span <= longest else -1.0


@kernel("void(f4[:,:,::1], i4[:,::1], i4[:,::1], f8[:,::1], f8[::1], u1[:,::1], f8[:,::1])", parallel=True)
def reach(position: F4, link: I4, neighbours: I4, site: F8, onward_s: F8, wanted: U1, delay_s: F8) -> None:
    """One-way delay from satellites over the mesh, a gateway and its fibre; infinity where there is no path.

    Dijkstra from all linked satellites at once, ended when every wanted satellite is settled. Satellites that
    are not wanted may keep an upper bound.
    """
    for t in prange(position.shape[0]):
        satellites, degree = neighbours.shape
        keys = np.empty(satellites * (degree + 1))
        nodes = np.empty(satellites * (degree + 1), np.int32)
        delay, done = delay_s[t], np.zeros(satellites, np.uint8)
        count, left = 0, 0
        for s in range(satellites):
            delay[s] = np.inf
            left += wanted[t, s]
            g = link[t, s]
            if g >= 0:
                dx, dy, dz = (
                    position[t, s, 0] - site[g, 0],
                    position[t, s, 1] - site[g, 1],
                    position[t, s, 2] - site[g, 2],
                )
                delay[s] = math.sqrt(dx * dx + dy * dy + dz * dz) / SPEED_OF_LIGHT_M_S + onward_s[g]
                count = _push(keys, nodes, count, delay[s], s)
        while count > 0 and left > 0:
            here, key = nodes[0], keys[0]
            count = _pop(keys, nodes, count)
            if done[here] != 0 or key > delay[here]:
                continue
            done[here] = 1
            left -= wanted[t, here]
            for d in range(degree):
                there = neighbours[here, d]
                if there < 0 or done[there] != 0:
                    continue
                span = _between(position[t], here, there)
                if span >= 0.0 and key + span / SPEED_OF_LIGHT_M_S < delay[there]:
                    delay[there] = key + span / SPEED_OF_LIGHT_M_S
                    count = _push(keys, nodes, count, delay[there], there)
