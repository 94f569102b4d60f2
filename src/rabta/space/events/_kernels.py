"""Compiled search for the times at which satellites rise over and set behind the horizon of places.

A satellite's path is piecewise cubic: through its exact positions at nodes, with rates by differences of
fourth order. On such a path the height over a place's horizon plane is itself cubic between nodes, and the
control points of a cubic bound it: that is how whole stretches are left out without a chance to miss a pass.
The reference is a dense grid of SGP4 states (tests).
"""

# ruff: noqa: C901, PLR0912, PLR0915, PLW3301 (kernels: long loops stay in one compiled function)

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]

CHUNK = 32
DEFLECTION = math.radians(0.2)  # more than the angle between geodetic and geocentric vertical, 0.1924 deg
SHORTEST_S = 0.01  # a graze that is shorter than this may be left out
EDGE_S = 1e-7  # edges are refined to this
TERRAIN_STEP_S, TERRAIN_STRIDE_S = 0.02, 10.0  # shortest and longest stride along a terrain horizon


@kernel("void(f8[:,::1], f8[:,::1])")
def slopes(nodes: F8, path: F8) -> None:
    """Path of one satellite: rows x, y, z and their change in a step; all zero where a node is missing.

    ``nodes[axis, time]`` has two more nodes at either end than the path. Rates are by the five-point
    difference (Abramowitz and Stegun 25.3.21 gives its family), whose error is r^(5) h^4 / 30.
    """
    for k in range(path.shape[1]):
        good = True
        for axis in range(3):
            rate = (
                8.0 * (nodes[axis, k + 3] - nodes[axis, k + 1]) - (nodes[axis, k + 4] - nodes[axis, k])
            ) / 12.0
            path[axis, k], path[3 + axis, k] = nodes[axis, k + 2], rate
            good = good and not np.isnan(rate) and not np.isnan(nodes[axis, k + 2])
        if not good:
            path[:, k] = 0.0


@kernel("void(f8[:,::1], f8[::1])")
def extremes(path: F8, out: F8) -> None:
    """Least distance from the Earth's centre and longest step of a path."""
    low, fast = math.inf, 0.0
    for k in range(path.shape[1]):
        r2 = path[0, k] ** 2 + path[1, k] ** 2 + path[2, k] ** 2
        if r2 > 0.0:
            low = min(low, r2)
            fast = max(fast, path[3, k] ** 2 + path[4, k] ** 2 + path[5, k] ** 2)
    # Between nodes a cubic dips below and outruns its ends by well under a percent of a step.
    out[1] = 1.01 * math.sqrt(fast)
    out[0] = math.sqrt(low) - 0.01 * out[1]


@inline
def _level(cell: F8, up: F8, low: float, sine: float) -> float:
    """Least height along the vertical (m) of a satellite at distance ``low`` that is in view."""
    ground: float = cell[0] * up[0] + cell[1] * up[1] + cell[2] * up[2]
    s = math.sqrt(cell[0] ** 2 + cell[1] ** 2 + cell[2] ** 2)
    if low <= s or sine <= 0.0:
        return ground
    angle = min(math.asin(min(sine, 1.0)) + DEFLECTION, math.pi / 2)
    away = low * low - (s * math.cos(angle)) ** 2
    if away <= 0.0:
        return ground
    return ground + max(math.sqrt(away) - s * math.sin(angle), 0.0) * sine - 10.0


@inline
def _some(path: F8, first: int, last: int, up: F8, level: float) -> bool:
    """True where any node of a chunk may border an interval with a pass."""
    found = 0
    for k in range(first, last):
        found += 1 if path[0, k] * up[0] + path[1, k] * up[1] + path[2, k] * up[2] >= level else 0
    return found > 0


@inline
def _at(path: F8, k: int, x: float, cell: F8, up: F8, sine: float) -> tuple[float, float, float]:
    """Height over the cone of least elevation (m), its change in a step, and range, at x of interval k."""
    high, dhigh, far, dfar = 0.0, 0.0, 0.0, 0.0
    for axis in range(3):
        p, d, e = path[axis, k], path[3 + axis, k], path[3 + axis, k + 1]
        way = path[axis, k + 1] - p
        c2, c3 = 3.0 * way - 2.0 * d - e, d + e - 2.0 * way
        off = p + x * (d + x * (c2 + x * c3)) - cell[axis]
        rate = d + x * (2.0 * c2 + x * 3.0 * c3)
        high, dhigh = high + off * up[axis], dhigh + rate * up[axis]
        far, dfar = far + off * off, dfar + off * rate
    far = math.sqrt(far)
    return high - sine * far, dhigh - sine * dfar / far, far


@kernel("f8(f8[:,::1], i8, f8, f8, f8, f8, f8, f8, f8, f8[::1], f8[::1], f8)")
def _root(
    path: F8, k: int, a: float, ga: float, da: float, b: float, gb: float, db: float, step: float, cell: F8,
    up: F8, sine: float,
) -> float:  # fmt: skip
    """Crossing between a and b of interval k: Newton's method, kept in the bracket, from the cubic's root."""
    w = b - a
    c1, c2, c3 = da * w, 3.0 * (gb - ga) - (2.0 * da + db) * w, 2.0 * (ga - gb) + (da + db) * w
    x = ga / (ga - gb)
    for _ in range(3):
        slope = c1 + x * (2.0 * c2 + x * 3.0 * c3)
        x -= (ga + x * (c1 + x * (c2 + x * c3))) / slope if slope != 0.0 else 0.0
        x = min(max(x, 0.0), 1.0)
    x, rising = a + x * w, ga < 0.0
    for _ in range(60):
        g, d, _ = _at(path, k, x, cell, up, sine)
        if (g < 0.0) == rising:
            a = x
        else:
            b = x
        new = x - g / d if d != 0.0 else a - 1.0
        if not a <= new <= b:
            new = 0.5 * (a + b)
        done = abs(new - x) * step < EDGE_S
        x = new
        if done:
            break
    return x


@inline
def _split(w: float, ga: float, da: float, gb: float, db: float) -> float:
    """Where to cut an interval: at the turning point of its cubic, else in the middle (0 to 1)."""
    c1, c2, c3 = da * w, 3.0 * (gb - ga) - (2.0 * da + db) * w, 2.0 * (ga - gb) + (da + db) * w
    inner = c2 * c2 - 3.0 * c1 * c3
    if inner > 0.0:
        bottom = -c2 - math.copysign(math.sqrt(inner), c2)
        first = c1 / bottom if bottom != 0.0 else -1.0
        second = bottom / (3.0 * c3) if c3 != 0.0 else -1.0
        if 0.02 < first < 0.98:
            return first
        if 0.02 < second < 0.98:
            return second
    return 0.5


@kernel("i8(f8[:,::1], i8, f8, f8, f8, f8, f8, f8, f8, f8[::1], f8[::1], f8, f8[:,::1], f8[::1])")
def crossings(
    path: F8, k: int, ga: float, da: float, gb: float, db: float, step: float, low: float, fast: float,
    cell: F8, up: F8, sine: float, stack: F8, out: F8,
) -> int:  # fmt: skip
    """All crossings of interval k, in order, into ``out``; their number.

    Parts are cut until the control points of their cubic, widened by its greatest error (f'''' w^4 / 384 of
    Hermite interpolation; f'''' of a range is under 3 v^4 / range^3), show no crossing, or one.
    """
    found, top = 0, 0
    stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3], stack[0, 4], stack[0, 5] = 0.0, ga, da, 1.0, gb, db
    while top >= 0:
        a, ga, da, b, gb, db = (
            stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3], stack[top, 4], stack[top, 5],
        )  # fmt: skip
        top -= 1
        w = b - a
        p1, p2 = ga + da * w / 3.0, gb - db * w / 3.0
        low_g, high_g = min(min(ga, gb), min(p1, p2)), max(max(ga, gb), max(p1, p2))
        rise, fall = (p1 > ga) & (p2 > p1) & (gb > p2), (p1 < ga) & (p2 < p1) & (gb < p2)
        single = (ga < 0.0) != (gb < 0.0) and (rise or fall)
        if not single:
            _, _, far = _at(path, k, 0.5 * (a + b), cell, up, sine)
            near = max(far - 0.5 * w * fast, 0.1 * far)
            slack = 2.0 * (3.0 * abs(sine) / near**3 + 1.0 / low**3) * (fast * w) ** 4 / 384.0
            if high_g < -slack or low_g > slack:
                continue
        if single or w * step < SHORTEST_S or found >= out.size - 1 or top + 2 >= stack.shape[0]:
            if (ga < 0.0) != (gb < 0.0):
                out[found] = _root(path, k, a, ga, da, b, gb, db, step, cell, up, sine)
                found += 1
            continue
        m = a + w * _split(w, ga, da, gb, db)
        gm, dm, _ = _at(path, k, m, cell, up, sine)
        stack[top + 1, 0], stack[top + 1, 1], stack[top + 1, 2] = m, gm, dm
        stack[top + 1, 3], stack[top + 1, 4], stack[top + 1, 5] = b, gb, db
        stack[top + 2, 0], stack[top + 2, 1], stack[top + 2, 2] = a, ga, da
        stack[top + 2, 3], stack[top + 2, 4], stack[top + 2, 5] = m, gm, dm
        top += 2
    return found


@inline
def _local(path: F8, step: float, t: float, cell: F8, axes: F8) -> tuple[float, float, float]:
    """East, north and up of the satellite from a place at t seconds."""
    k = min(int(t / step), path.shape[1] - 2)
    x = t / step - k
    east, north, high = 0.0, 0.0, 0.0
    for axis in range(3):
        p, d, e = path[axis, k], path[3 + axis, k], path[3 + axis, k + 1]
        way = path[axis, k + 1] - p
        off = p + x * (d + x * (3.0 * way - 2.0 * d - e + x * (d + e - 2.0 * way))) - cell[axis]
        east, north, high = (
            east + off * axes[0, axis],
            north + off * axes[1, axis],
            high + off * axes[2, axis],
        )
    return east, north, high


@kernel("f8(f8[:,::1], f8, f8, f8[::1], f8[:,::1], f4[::1], f8, f8[::1])")
def _clearance(
    path: F8, step: float, t: float, cell: F8, axes: F8, horizon_deg: F4, least: float, out: F8
) -> float:
    """Elevation over the terrain and the least elevation (rad) at t; ``out`` gets elevation and range."""
    east, north, high = _local(path, step, t, cell, axes)
    flat = math.hypot(east, north)
    place = math.degrees(math.atan2(east, north)) / 10.0
    place = place + 36.0 if place < 0.0 else place
    low = int(place)
    first, second = horizon_deg[low % 36], horizon_deg[(low + 1) % 36]
    out[0], out[1] = math.atan2(high, flat), math.hypot(flat, high)
    clear: float = out[0] - max(math.radians(first + (second - first) * (place - low)), least)
    return clear


@kernel("i8(f8[:,::1], f8, f8, f8, f8[::1], f8[:,::1], f4[::1], f8, f8, f8, f8, f8[:,::1])")
def behind_terrain(
    path: F8, step: float, start: float, end: float, cell: F8, axes: F8, horizon_deg: F4, worst: float,
    steepest: float, least: float, fast: float, out: F8,
) -> int:  # fmt: skip
    """Parts of a window that clear the terrain: strides shorter than the clearance lasts at its fastest fall.

    Elevation turns at most with v / range, azimuth with v / (range cos elevation), and the horizon climbs at
    most ``steepest`` degrees for each degree of azimuth.
    """
    look = np.empty(2)
    speed, found, t = fast / step, 0, start
    value = _clearance(path, step, t, cell, axes, horizon_deg, least, look)
    since = t if value >= 0.0 else -1.0
    while t < end:
        spare = max(look[1] - speed * TERRAIN_STRIDE_S, 0.3 * look[1]) / speed
        flat = max(math.cos(min(max(look[0], worst) + 0.05, 1.5)), 0.05)
        stride = max(abs(value) / (1.0 + steepest / flat), look[0] - worst) * spare
        after = min(t + min(max(stride, TERRAIN_STEP_S), TERRAIN_STRIDE_S), end)
        new = _clearance(path, step, after, cell, axes, horizon_deg, least, look)
        if (new >= 0.0) != (value >= 0.0):
            a, b = t, after
            while b - a > EDGE_S:
                m = 0.5 * (a + b)
                inside = _clearance(path, step, m, cell, axes, horizon_deg, least, look) >= 0.0
                if inside == (value >= 0.0):
                    a = m
                else:
                    b = m
            if new >= 0.0:
                since = b
            elif found < out.shape[0]:
                out[found, 0], out[found, 1], since = since, b, -1.0
                found += 1
            _clearance(path, step, after, cell, axes, horizon_deg, least, look)
        t, value = after, new
    if since >= 0.0 and found < out.shape[0]:
        out[found, 0], out[found, 1] = since, end
        found += 1
    return found


@inline
def _emit(row: int, site: int, sat: int, rise: float, set_: float, where: NDArray[np.int32], when: F8) -> int:
    """Put a window into the list where it is no empty one and there is room; rows so far."""
    if not set_ > rise:
        return row
    if row < when.shape[0]:
        where[row, 0], where[row, 1], when[row, 0], when[row, 1] = site, sat, rise, set_
    return row + 1


@kernel(
    "i8(f8[:,:,::1], i8[::1], f8, f8, f8[::1], f8[:,::1], f8[:,:,::1], f4[:,::1], f8[:,::1],"
    "i8, i4[:,::1], f8[:,::1])"
)
def search(
    nodes: F8,
    rows: NDArray[np.int64],
    step: float,
    span: float,
    least: F8,
    cells: F8,
    axes: F8,
    horizon_deg: F4,
    terrain: F8,
    row: int,
    where: NDArray[np.int32],
    when: F8,
) -> int:
    """Windows of some satellites over all places, into ``where`` (place, satellite) and ``when`` (s).

    ``terrain[place]`` is lowest and highest horizon (rad) and its steepest climb. Returns the rows so far,
    which may be more than there is room for.
    """
    path, bounds, parts = np.empty((6, nodes.shape[2] - 4)), np.empty(2), np.empty((64, 2))
    stack, roots = np.empty((64, 6)), np.empty(16)
    last = path.shape[1] - 1
    for at in range(nodes.shape[0]):
        slopes(nodes[at], path)
        extremes(path, bounds)
        low, fast = bounds[0], bounds[1]
        if not low < math.inf:
            continue
        for site in range(cells.shape[0]):
            cell, up = cells[site], axes[site, 2]
            base = max(least[at], terrain[site, 0])
            sine = math.sin(base)
            hilly = terrain[site, 1] > base + 1e-9
            level = _level(cell, up, low, sine)
            before, ga, da, since = -2, 0.0, 0.0, -1.0
            for chunk in range(0, last, CHUNK):
                end = min(chunk + CHUNK, last)
                if not _some(path, chunk, end + 1, up, level - fast / 3.0):
                    continue
                for k in range(chunk, end):
                    a = path[0, k] * up[0] + path[1, k] * up[1] + path[2, k] * up[2]
                    c = path[0, k + 1] * up[0] + path[1, k + 1] * up[1] + path[2, k + 1] * up[2]
                    if max(a, c) < level - fast / 3.0 or a == 0.0 or c == 0.0:
                        continue
                    b = path[3, k] * up[0] + path[4, k] * up[1] + path[5, k] * up[2]
                    d = path[3, k + 1] * up[0] + path[4, k + 1] * up[1] + path[5, k + 1] * up[2]
                    if max(max(a, c), max(a + b / 3.0, c - d / 3.0)) < level:
                        continue
                    if before != k - 1:
                        if since >= 0.0:  # the path broke off
                            row = _emit(row, site, rows[at], since, (before + 1) * step, where, when)
                        ga, da, _ = _at(path, k, 0.0, cell, up, sine)
                        since = k * step if ga >= 0.0 else -1.0
                    gb, db, _ = _at(path, k, 1.0, cell, up, sine)
                    count = crossings(path, k, ga, da, gb, db, step, low, fast, cell, up, sine, stack, roots)
                    for i in range(count):
                        t = (k + roots[i]) * step
                        if since < 0.0:
                            since = t
                            continue
                        t = min(t, span)
                        if hilly and since < t:
                            many = behind_terrain(
                                path, step, since, t, cell, axes[site], horizon_deg[site],
                                terrain[site, 1], terrain[site, 2], least[at], fast, parts,
                            )  # fmt: skip
                            for part in range(many):
                                row = _emit(row, site, rows[at], parts[part, 0], parts[part, 1], where, when)
                        else:
                            row = _emit(row, site, rows[at], since, t, where, when)
                        since = -1.0
                    before, ga, da = k, gb, db
            if since >= 0.0:
                t = min((before + 1) * step, span)
                if hilly and since < t:
                    many = behind_terrain(
                        path, step, since, t, cell, axes[site], horizon_deg[site], terrain[site, 1],
                        terrain[site, 2], least[at], fast, parts,
                    )  # fmt: skip
                    for part in range(many):
                        row = _emit(row, site, rows[at], parts[part, 0], parts[part, 1], where, when)
                else:
                    row = _emit(row, site, rows[at], since, t, where, when)
    return row
