"""Aircraft among their neighbours: cells, alerts, avoiding velocities, motion. One core, every second.

Avoidance is reciprocal: each of two aircraft changes its velocity by its share of the least change that takes
their relative velocity out of the velocity obstacle (J. van den Berg et al., "Reciprocal n-body collision
avoidance", Robotics Research, STAR 70, 2011), here of a cylinder: a pair passes to the side or above, as
asks for less, and both come to the same choice, because all that decides it is symmetric.
References: `rabta.airspace.tactical.encounters` and `rabta.airspace.tactical.reference`.
"""

# ruff: noqa: C901, PLR0912, PLR0915 (kernels: one piece, plain arrays)

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.int8]

X, Y, Z, VX, VY, VZ = range(6)  # columns of a state
FASTEST, CLIMB, SINK, FORWARD, BANK, UPWARD, FLOOR, CEILING = range(8)  # of limits
RANK, SILENT, CREWED = range(3)  # of a role
ACROSS, ALONG, HEIGHT = range(3)  # of a plan: desired velocity east and north, and height
REACH, RADIUS, HALF, HORIZON, LATE = range(5)  # of a rule of avoidance
GRAVITY = 9.80665
MOST = 96  # neighbours that one aircraft heeds: the nearest
WIDE = 2048  # of so many
SETTLE_S = 5.0  # a height that is left is taken again so fast
OVERLAP_S = 3.0  # a separation that is lost is restored so fast
ROUNDS = 14
SUDDEN = 10.0  # m/s by which two may close faster than they do, before the next look
LOST = 0.9  # of the height that avoidance aims at: below it both ways out are taken
NEVER = math.inf

CELLS = "i8[:,::1], i8[::1], i8[::1]"


@inline
def _bucket(x: int, y: int, most: int) -> int:
    mixed = np.uint64(x + (1 << 30)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(y + (1 << 30))
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return np.int64((mixed >> np.uint64(33)) & np.uint64(most - 1))  # type: ignore[return-value]


@kernel(f"void(f8[:,::1], f8, {CELLS})")
def sort(state: Array, side: float, cell: Ints, order: Ints, first: Ints) -> None:
    """Put aircraft into cells of a hash: those of bucket b are ``order[first[b]:first[b + 1]]``."""
    most = first.shape[0] - 1
    first[:] = 0
    for i in range(state.shape[0]):
        cell[i, 0], cell[i, 1] = math.floor(state[i, X] / side), math.floor(state[i, Y] / side)
        cell[i, 2] = _bucket(cell[i, 0], cell[i, 1], most)
        first[cell[i, 2] + 1] += 1
    for b in range(most):
        first[b + 1] += first[b]
    for i in range(state.shape[0] - 1, -1, -1):
        b = cell[i, 2]
        first[b + 1] -= 1
        order[first[b + 1]] = i
    for b in range(most):  # what was the end of each bucket is its beginning now
        first[b] = first[b + 1]
    first[most] = state.shape[0]


@inline
def _beside(p: Array, w: Array, radius: float) -> Any:
    """First and last instant within a radius on the plane; empty where never."""
    a = w[0] * w[0] + w[1] * w[1]
    c = p[0] * p[0] + p[1] * p[1] - radius * radius
    if a < 1e-12:
        return (-NEVER, NEVER) if c <= 0.0 else (NEVER, -NEVER)
    b = p[0] * w[0] + p[1] * w[1]
    d = b * b - a * c
    if d < 0.0:
        return NEVER, -NEVER
    root = math.sqrt(d)
    return (b - root) / a, (b + root) / a


@inline
def _level_with(dz: float, wz: float, half: float) -> Any:
    """First and last instant within a height of each other; empty where never."""
    if abs(wz) < 1e-9:
        return (-NEVER, NEVER) if abs(dz) <= half else (NEVER, -NEVER)
    a, b = (dz - half) / wz, (dz + half) / wz
    return (a, b) if a < b else (b, a)


@inline
def _entry(p: Array, w: Array, radius: float, half: float) -> float:
    """Seconds until two are within a cylinder of each other: 0 where they are, infinite where never."""
    a, b = _beside(p, w, radius)
    c, d = _level_with(p[2], w[2], half)
    begin, end = max(a, c, 0.0), min(b, d)
    return begin if begin <= end else NEVER


@inline
def _cannot(p: Array, w: Array, reach: float, radius: float, ahead: float) -> bool:
    """Whether two are surely not within a radius before an instant; quickly."""
    d2 = p[0] * p[0] + p[1] * p[1]
    if d2 > reach * reach:
        return True
    c = d2 - radius * radius
    if c <= 0.0:
        return False
    a, b = w[0] * w[0] + w[1] * w[1], p[0] * w[0] + p[1] * w[1]
    if b <= 0.0 or b * b < a * c:
        return True
    later = b > a * ahead and c - 2.0 * b * ahead + a * ahead * ahead > 0.0
    return bool(later)


@inline
def _pair(state: Array, i: int, j: int, p: Array, w: Array) -> None:
    for k in range(3):
        p[k] = state[j, k] - state[i, k]
        w[k] = state[i, k + 3] - state[j, k + 3]


@kernel(f"void(f8[:,::1], i8[:,::1], f8, f8[:,::1], {CELLS}, i1[::1], i8[::1], f8[::1])")
def alert(
    state: Array, role: Ints, reach: float, volumes: Array, cell: Ints, order: Ints, first: Ints,
    level: Bytes, other: Ints, entry: Array,
) -> None:  # fmt: skip
    """Worst alert of each aircraft, against whom, and when well clear is lost.

    ``volumes`` has a row for drones and one for encounters with crewed aircraft: radius and half height
    of well clear, of near collision, and the seconds of levels 1, 2 and 3.
    """
    p, w = np.empty(3), np.empty(3)
    most = first.shape[0] - 1
    level[:], other[:], entry[:] = 0, -1, NEVER
    for i in range(state.shape[0]):
        for cx in range(cell[i, 0], cell[i, 0] + 2):  # each pair once: this cell, and half of those around
            for cy in range(cell[i, 1] - (cx - cell[i, 0]), cell[i, 1] + 2):
                b = _bucket(cx, cy, most)
                here = cx == cell[i, 0] and cy == cell[i, 1]
                for at in range(first[b], first[b + 1]):
                    j = order[at]
                    if (here and j <= i) or cell[j, 0] != cx or cell[j, 1] != cy:
                        continue
                    _pair(state, i, j, p, w)
                    rule = volumes[max(role[i, CREWED], role[j, CREWED])]
                    if _cannot(p, w, reach, rule[0], rule[4]):
                        continue
                    lost = _entry(p, w, rule[0], rule[1])
                    if lost > rule[4]:
                        continue
                    told = 1
                    if lost <= rule[5]:
                        told = 3 if _entry(p, w, rule[2], rule[3]) <= rule[6] else 2
                    for one in range(2):
                        own = i if one == 0 else j
                        if told > level[own] or (told == level[own] and lost < entry[own]):
                            level[own], other[own], entry[own] = told, i + j - own, lost


@kernel(f"i8(f8[:,::1], f8, f8, {CELLS}, i8[:,::1])")
def within(state: Array, radius: float, half: float, cell: Ints, order: Ints, first: Ints, out: Ints) -> int:
    """Pairs that are within a cylinder of each other now; how many there are, even if ``out`` is short."""
    count, most = 0, first.shape[0] - 1
    for i in range(state.shape[0]):
        for cx in range(cell[i, 0] - 1, cell[i, 0] + 2):
            for cy in range(cell[i, 1] - 1, cell[i, 1] + 2):
                b = _bucket(cx, cy, most)
                for at in range(first[b], first[b + 1]):
                    j = order[at]
                    if j <= i or cell[j, 0] != cx or cell[j, 1] != cy:
                        continue
                    if abs(state[j, Z] - state[i, Z]) >= half:
                        continue
                    if math.hypot(state[j, X] - state[i, X], state[j, Y] - state[i, Y]) < radius:
                        if count < out.shape[0]:
                            out[count, 0], out[count, 1] = i, j
                        count += 1
    return count


@kernel("void(f8[::1], f8[::1], f8, f8, f8[::1])")
def sideways(p: Array, w: Array, radius: float, horizon_s: float, out: Array) -> None:
    """Half-plane of relative velocities that pass beside: its normal, and how far outside w lies."""
    d2 = p[0] * p[0] + p[1] * p[1]
    free = d2 > radius * radius
    time = horizon_s if free else OVERLAP_S
    rx, ry = w[0] - p[0] / time, w[1] - p[1] / time
    along, r2 = rx * p[0] + ry * p[1], rx * rx + ry * ry
    if not free or (along < 0.0 and along * along > radius * radius * r2):
        size = math.sqrt(r2)
        if size > 1e-9:
            out[0], out[1] = rx / size, ry / size
        elif d2 > 1e-12:
            out[0], out[1] = -p[0] / math.sqrt(d2), -p[1] / math.sqrt(d2)
        else:
            out[0], out[1] = 1.0, 0.0
        out[2] = size - radius / time
        return
    leg = math.sqrt(d2 - radius * radius)
    if p[0] * ry - p[1] * rx > 0.0:
        ux, uy = (p[0] * leg - p[1] * radius) / d2, (p[0] * radius + p[1] * leg) / d2
    else:
        ux, uy = -(p[0] * leg + p[1] * radius) / d2, (p[0] * radius - p[1] * leg) / d2
    out[0], out[1] = -uy, ux
    out[2] = -w[0] * uy + w[1] * ux


@kernel("void(f8[::1], f8[::1], f8, f8, f8, b1, f8[::1])")
def upright(
    p: Array, w: Array, radius: float, half: float, horizon_s: float, lower: bool, out: Array
) -> None:
    """Bound of relative climb that passes below (+1) or above (-1), and how far within it w lies."""
    begin, end = _beside(p, w, radius)
    begin, end = max(begin, 0.0), min(end, horizon_s)
    meets = begin < end
    if abs(p[2]) >= half:
        side = 1.0 if p[2] > 0.0 else -1.0
        out[0], out[1] = side, (abs(p[2]) - half) / (max(end, 1.0) if meets else horizon_s) - side * w[2]
    elif meets:
        at = p[2] - w[2] * 0.5 * (begin + end)
        side = (1.0 if at > 0.0 else -1.0) if abs(at) > 1e-6 else (1.0 if lower else -1.0)
        out[0], out[1] = side, (side * p[2] - half) / max(begin, 1.0) - side * w[2]
    else:
        out[0], out[1] = 1.0, -NEVER
    out[2] = begin if meets else NEVER


@inline
def _along(lines: Array, k: int, less: float, fastest: float, px: float, py: float, got: Array) -> bool:
    """Point of line k nearest to a wish, within the circle and the half-planes before it."""
    nx, ny, c = lines[k, 0], lines[k, 1], lines[k, 2] - less
    room = fastest * fastest - c * c
    if room < 0.0:
        return False
    high = math.sqrt(room)
    low = -high
    dx, dy = ny, -nx
    for m in range(k):
        a = lines[m, 0] * dx + lines[m, 1] * dy
        b = lines[m, 2] - less - c * (lines[m, 0] * nx + lines[m, 1] * ny)
        if abs(a) < 1e-9:
            if b > 1e-9:
                return False
        elif a > 0.0:
            low = max(low, b / a)
        else:
            high = min(high, b / a)
    if low > high:
        return False
    t = min(max(px * dx + py * dy, low), high)
    got[0], got[1] = c * nx + t * dx, c * ny + t * dy
    return True


@kernel("b1(f8[:,::1], i8, f8, f8, f8, f8, f8[::1])")
def nearest(lines: Array, count: int, less: float, fastest: float, px: float, py: float, got: Array) -> bool:
    """Velocity nearest to a wish with ``normal . v >= bound - less`` for all lines, within a speed."""
    size = math.hypot(px, py)
    scale = min(1.0, fastest / size) if size > 0.0 else 1.0
    got[0], got[1] = px * scale, py * scale
    for k in range(count):
        short = lines[k, 0] * got[0] + lines[k, 1] * got[1] < lines[k, 2] - less - 1e-9
        if short and not _along(lines, k, less, fastest, px, py, got):
            return False
    return True


@inline
def _least(lines: Array, count: int, fastest: float, px: float, py: float, got: Array) -> float:
    """The same; where none exists, all bounds give way alike, by as little as may be."""
    if nearest(lines, count, 0.0, fastest, px, py, got):
        return 0.0
    low, high = 0.0, 0.0
    for k in range(count):
        high = max(high, lines[k, 2])
    high += fastest
    for _ in range(ROUNDS):
        middle = 0.5 * (low + high)
        if nearest(lines, count, middle, fastest, px, py, got):
            high = middle
        else:
            low = middle
    nearest(lines, count, high, fastest, px, py, got)
    return high


@inline
def _share(role: Ints, i: int, j: int, begin: float, late: float) -> float:
    """What of a change i makes: half; all where j does not or need not; none where j must, and has time."""
    if role[j, SILENT]:
        return 1.0
    if role[i, RANK] == role[j, RANK]:
        return 0.5
    if role[i, RANK] < role[j, RANK]:
        return 1.0
    return 0.5 if begin < late else 0.0


@inline
def _band(bounds: Array, count: int, wish: float, low: float, high: float) -> float:
    """Climb nearest to a wish within bounds ``side * climb <= bound``; the middle where they cross."""
    below, above = -NEVER, NEVER
    for k in range(count):
        if bounds[k, 0] > 0.0:
            above = min(above, bounds[k, 1])
        else:
            below = max(below, -bounds[k, 1])
    if below > above:
        return min(max(0.5 * (below + above), low), high)
    return min(max(min(max(wish, below), above), low), high)


@kernel(f"i8(f8[:,::1], f8[:,::1], f8[:,::1], i8[:,::1], f8[::1], {CELLS}, f8[:,::1])")
def avoid(
    state: Array, plan: Array, limits: Array, role: Ints, rule: Array, cell: Ints, order: Ints, first: Ints,
    command: Array,
) -> int:  # fmt: skip
    """Velocity that each aircraft shall take; how many of them leave their plan."""
    p, w, side, up, got = np.empty(3), np.empty(3), np.empty(3), np.empty(3), np.empty(2)
    lines, bounds, flat = np.empty((2 * MOST, 3)), np.empty((2 * MOST, 2)), np.empty((MOST, 3))
    held, near, far = np.empty(2 * MOST, np.int64), np.empty(WIDE, np.int64), np.empty(WIDE)
    most, changed = first.shape[0] - 1, 0
    for i in range(state.shape[0]):
        px, py = plan[i, ACROSS], plan[i, ALONG]
        low = max(-limits[i, SINK], (limits[i, FLOOR] - state[i, Z]) / SETTLE_S)
        high = min(limits[i, CLIMB], (limits[i, CEILING] - state[i, Z]) / SETTLE_S)
        pz = min(max((plan[i, HEIGHT] - state[i, Z]) / SETTLE_S, low), high)
        command[i, 0], command[i, 1], command[i, 2] = px, py, pz
        if role[i, SILENT]:
            continue
        count, stack, seen = 0, 0, 0
        for cx in range(cell[i, 0] - 1, cell[i, 0] + 2):
            for cy in range(cell[i, 1] - 1, cell[i, 1] + 2):
                b = _bucket(cx, cy, most)
                for at in range(first[b], first[b + 1]):
                    j = order[at]
                    if j == i or cell[j, 0] != cx or cell[j, 1] != cy or seen == WIDE:
                        continue
                    _pair(state, i, j, p, w)
                    d2 = p[0] * p[0] + p[1] * p[1]
                    if d2 > rule[REACH] ** 2:
                        continue
                    d = math.sqrt(d2)
                    closing = (p[0] * w[0] + p[1] * w[1] + SUDDEN * d) * rule[HORIZON]
                    if d > rule[RADIUS] and closing < (d - rule[RADIUS]) * d:
                        continue
                    near[seen], far[seen] = j, d
                    seen += 1
        if seen > MOST:
            near[:MOST] = near[np.argsort(far[:seen])[:MOST]]
        for at in range(min(seen, MOST)):
            j = near[at]
            _pair(state, i, j, p, w)
            sideways(p, w, rule[RADIUS], rule[HORIZON], side)
            upright(p, w, rule[RADIUS], rule[HALF], rule[HORIZON], i < j, up)
            share = _share(role, i, j, up[2], rule[LATE])
            if share == 0.0:
                continue
            # the bound on i's own velocity: now, and its share of what is missing or to spare
            bound = side[0] * state[i, VX] + side[1] * state[i, VY] - share * side[2]
            cap = up[0] * state[i, VZ] + share * up[1]
            beside = math.hypot(p[0], p[1]) >= rule[RADIUS]
            lost = not beside and abs(p[2]) < LOST * rule[HALF]
            if lost or (beside and side[2] >= up[1]):
                lines[count, 0], lines[count, 1], lines[count, 2] = side[0], side[1], bound
                flat[count, 0], flat[count, 1], flat[count, 2] = up[0], cap, up[2]
                count += 1
            if lost or not (beside and side[2] >= up[1]):  # one above the other stays so until beside
                bounds[stack, 0], bounds[stack, 1] = up[0], cap
                held[stack] = j
                stack += 1
        climb = _band(bounds, stack, pz, low, high)
        flown = count
        for k in range(stack):  # whom climbing cannot pass is passed beside too
            if bounds[k, 0] * climb > bounds[k, 1] + 0.1:
                _pair(state, i, held[k], p, w)
                sideways(p, w, rule[RADIUS], rule[HORIZON], side)
                share = _share(role, i, held[k], 0.0, rule[LATE])
                lines[flown, 0], lines[flown, 1] = side[0], side[1]
                lines[flown, 2] = side[0] * state[i, VX] + side[1] * state[i, VY] - share * side[2]
                flown += 1
        less = _least(lines, flown, limits[i, FASTEST], px, py, got)
        if less > 0.1:  # whom turning cannot pass is passed above or below too
            for k in range(count):
                gap = lines[k, 2] - lines[k, 0] * got[0] - lines[k, 1] * got[1]
                if gap > 0.1 and flat[k, 2] < NEVER:
                    bounds[stack, 0], bounds[stack, 1] = flat[k, 0], flat[k, 1]
                    stack += 1
            climb = _band(bounds, stack, pz, low, high)
        command[i, 0], command[i, 1], command[i, 2] = got[0], got[1], climb
        if abs(got[0] - px) + abs(got[1] - py) > 0.01 or abs(climb - pz) > 0.01:
            changed += 1
    return changed


@kernel("void(f8[:,::1], f8[:,::1], f8[:,::1], f8)")
def move(state: Array, command: Array, limits: Array, step_s: float) -> None:
    """Fly a step towards the velocities asked for, as fast as acceleration and bank allow."""
    for i in range(state.shape[0]):
        speed = math.hypot(state[i, VX], state[i, VY])
        asked = min(math.hypot(command[i, 0], command[i, 1]), limits[i, FASTEST])
        most = limits[i, FORWARD] * step_s
        heading = math.atan2(state[i, VX], state[i, VY])
        turn = 0.0
        if asked > 1e-6:
            turn = math.atan2(command[i, 0], command[i, 1]) - heading
            turn -= 2.0 * math.pi * math.floor(turn / (2.0 * math.pi) + 0.5)
        speed += min(max(asked - speed, -most), most)
        rate = GRAVITY * math.tan(limits[i, BANK]) / max(speed, 0.1) * step_s
        heading += min(max(turn, -rate), rate)
        state[i, VX], state[i, VY] = speed * math.sin(heading), speed * math.cos(heading)
        most = limits[i, UPWARD] * step_s
        climb = min(max(command[i, 2], -limits[i, SINK]), limits[i, CLIMB])
        state[i, VZ] += min(max(climb - state[i, VZ], -most), most)
        for k in range(3):
            state[i, k] += state[i, k + 3] * step_s
