"""EPFD down, up and between satellites at every step: visible satellites plane by plane, then all equations.

A plane's satellites are sorted by phase, so those above a place's horizon are one run of them: the rest is
never looked at. NumPy reference: `rabta.radio.interference.epfd.reference`.
"""

from __future__ import annotations

import numpy as np

from rabta.jit import kernel

F8 = np.ndarray

ARC = 42_164_200.0  # m, ITU-R S.1503-4, table 2
EARTH = 6_378_145.0
NONE = 0  # bin of steps without any contribution
BINS, LOWEST, WIDTH = 3000, -350.0, 0.1


@kernel("f8(f8, f8, f8[::1])")
def gain(phi: float, theta: float, dish: F8) -> float:
    """Gain in dBi at so far off axis (deg), and so far around the axis (deg; 0 horizontal, 90 up)."""
    form, ratio, peak, plateau, main, end = dish[0], dish[1], dish[2], dish[3], dish[4], dish[5]
    if form == 5.0:  # S.672-4: ratio is half the beamwidth, plateau Ls, main a, end b
        off = phi / ratio
        if off <= main:
            return peak - 3.0 * off * off
        if off <= end:
            return peak + plateau
        if phi <= 90.0:
            return max(peak + plateau + 20.0 - 25.0 * np.log10(off), 0.0)
        return max(15.0 + plateau + 0.25 * peak, 0.0)
    if phi < main:
        return peak - 2.5e-3 * (ratio * phi) ** 2
    if phi < end:
        return plateau
    if form == 3.0:  # D/lambda above 100
        if phi < 10.0:
            return 29.0 - 25.0 * np.log10(phi)
        if phi < 34.1:
            return 34.0 - 30.0 * np.log10(phi)
        return -7.0 if 80.0 <= phi < 120.0 else -12.0
    if form == 4.0:  # BO.1443-3, D/lambda up to 25.5
        if phi < 36.3:
            return 29.0 - 25.0 * np.log10(phi)
        if phi < 50.0:
            return -10.0
        turn = theta % 360.0
        lift = 8.0 * np.sin(np.radians(turn)) if turn < 180.0 else 0.0
        knee = 90.0 if 56.25 <= turn < 123.75 else 120.0
        if phi < knee:
            return (2.0 + lift) / np.log10(knee / 50.0) * np.log10(phi / 50.0) - 10.0
        return (-9.0 - lift) / np.log10(180.0 / knee) * np.log10(phi / 180.0) - 17.0
    if phi <= 33.1:
        return 29.0 - 25.0 * np.log10(phi)
    if phi <= 80.0:
        return -9.0
    if form == 1.0:  # S.1428-1, D/lambda up to 25
        return -5.0
    return -4.0 if phi <= 120.0 else -9.0


@kernel("UniTuple(f8, 2)(f8, f8, f8, f8, f8, f8, f8)")
def nearest(
    px: float, py: float, pz: float, ux: float, uy: float, uz: float, half: float
) -> tuple[float, float]:
    """Cosine of the least angle between a direction (unit) and the visible arc, and that point's longitude.

    Newton's method on the slope of the cosine, from the point of the arc in the direction's own plane.
    """
    away = np.hypot(px, py)
    here = np.arctan2(py, px)
    cx, cy = px / away, py / away
    x, y = ux * cx + uy * cy, uy * cx - ux * cy
    flat = max(np.hypot(x, y), 1e-15)
    ahead, aside = x / flat, y / flat
    inside = ARC * ARC - (away * aside) ** 2
    way = np.sqrt(max(inside, 0.0)) - away * ahead
    point = np.arctan2(way * aside, away + way * ahead)
    point = min(max(point, -half), half)
    square = ARC * ARC + away * away + pz * pz
    for _ in range(6):
        c, s = np.cos(point), np.sin(point)
        toward = x * (ARC * c - away) + y * ARC * s - uz * pz
        far2 = square - 2.0 * ARC * away * c
        turn = ARC * (y * c - x * s)
        slope = turn * far2 - toward * ARC * away * s
        bend = -ARC * (x * c + y * s) * far2 + ARC * away * (turn * s - toward * c)
        if bend >= 0.0:
            break
        move = slope / bend
        before = point
        point = min(max(point - move, -half), half)
        if abs(point - before) < 1e-9:
            break
    best, cosine = point, -2.0
    for k in range(3):
        at = point if k == 0 else (half if k == 1 else -half)
        c, s = np.cos(at), np.sin(at)
        value = (x * (ARC * c - away) + y * ARC * s - uz * pz) / np.sqrt(square - 2.0 * ARC * away * c)
        if value > cosine + 1e-15:
            cosine, best = value, at
    longitude = best + here
    if longitude > np.pi:
        longitude -= 2.0 * np.pi
    elif longitude < -np.pi:
        longitude += 2.0 * np.pi
    return min(cosine, 1.0), longitude


@kernel("f8(f8, f8, f8, f8, f8, f8)")
def side(px: float, py: float, pz: float, ux: float, uy: float, uz: float) -> float:
    """Sign of the angle to the arc, S.1503-4 D6.4.4.1: by where the line of sight meets the equator's plane."""
    if pz == 0.0:
        return -1.0 if uz > 0.0 else 1.0
    along = -pz / uz if uz != 0.0 else -1.0
    beyond = along < 0.0 or (px + along * ux) ** 2 + (py + along * uy) ** 2 > ARC * ARC
    north = pz > 0.0
    return -1.0 if beyond == north else 1.0


@kernel("i8(f8[::1], i8, i8, f8)")
def below(axis: F8, first: int, count: int, value: float) -> int:
    """Row of the last point of an axis that is not above a value, at most the last but one."""
    low, high = 0, count - 1
    while high - low > 1:
        middle = (low + high) // 2
        if axis[first + middle] <= value:
            low = middle
        else:
            high = middle
    return low


@kernel("f8(f8, f8, f8, f8[::1], f8[::1], f8[::1], f8[:, :, ::1])")
def read(lat: float, x: float, y: float, lats: F8, xs: F8, ys: F8, values: F8) -> float:
    """Mask at the nearest latitude, between its points by bilinear interpolation, constant beyond them."""
    table = 0
    for k in range(1, len(lats)):
        if abs(lats[k] - lat) < abs(lats[table] - lat):
            table = k
    i, j, p, q = 0, 0, 0.0, 0.0
    if len(xs) > 1:
        i = below(xs, 0, len(xs), x)
        p = min(max((x - xs[i]) / (xs[i + 1] - xs[i]), 0.0), 1.0)
    if len(ys) > 1:
        j = below(ys, 0, len(ys), y)
        q = min(max((y - ys[j]) / (ys[j + 1] - ys[j]), 0.0), 1.0)
    i2, j2 = min(i + 1, len(xs) - 1), min(j + 1, len(ys) - 1)
    one = (1.0 - p) * values[table, i, j] + p * values[table, i2, j]
    two = (1.0 - p) * values[table, i, j2] + p * values[table, i2, j2]
    return (1.0 - q) * one + q * two


@kernel("UniTuple(f8, 2)(f8, f8, f8, f8, f8, f8, f8, f8, f8, f8, f8)")
def coordinates(
    kind: float, px: float, py: float, pz: float, x: float, y: float, z: float,
    ux: float, uy: float, uz: float, alpha_longitude: float,
) -> tuple[float, float]:  # fmt: skip
    """Second and third coordinate of a pfd mask that is not over alpha: X or azimuth and elevation (deg)."""
    if kind == 1.0:
        radius = np.sqrt(x * x + y * y + z * z)
        half = np.arccos(EARTH / ARC) + np.arccos(EARTH / radius)
        flat = np.hypot(x, y)
        turn = np.cos(half) * radius / max(flat, 1.0)
        reach = np.arccos(turn) if turn < 1.0 else 0.0
        cosine, longitude = nearest(x, y, z, ux, uy, uz, reach)
        sign = side(px, py, pz, ux, uy, uz)
        turned = np.degrees(longitude - np.arctan2(y, x))
        return sign * np.degrees(np.arccos(cosine)), (turned + 180.0) % 360.0 - 180.0
    flat = max(np.hypot(x, y), 1e-6)
    radius = np.sqrt(x * x + y * y + z * z)
    east = -(-y * ux + x * uy) / flat
    down = (x * ux + y * uy + z * uz) / radius
    north = -((-z * x * ux - z * y * uy) / flat + flat * uz) / radius
    return np.degrees(np.arctan2(east, down)), np.degrees(np.arcsin(min(max(north, -1.0), 1.0)))


@kernel("f8(i8, i8, f8, f8[:, ::1])")
def choose(found: int, most: int, cosine_least: float, work: F8) -> float:
    """Steps 19 to 23: the best of those that may serve, apart from each other, then all near the axis."""
    total = 0.0
    for _ in range(most):
        best = -1
        for k in range(found):
            if work[k, 4] == 1.0 and (best < 0 or work[k, 6] > work[best, 6]):
                best = k
        if best < 0:
            break
        total += work[best, 0]
        work[best, 4], work[best, 5] = 2.0, 0.0
        if cosine_least < 1.0:
            for k in range(found):
                if work[k, 4] == 1.0:
                    c = work[k, 1] * work[best, 1] + work[k, 2] * work[best, 2] + work[k, 3] * work[best, 3]
                    if c > cosine_least:
                        work[k, 4] = 0.0
    for k in range(found):
        if work[k, 5] == 1.0:
            total += work[k, 0]
    return total


@kernel(
    "UniTuple(f8, 2)(f8, f8[:, ::1], f8[::1], f8[::1], f8[::1], f8[::1],"
    "f8[::1], f8[::1], f8[::1], f8[:, :, ::1], f8[:, ::1])"
)
def instant(
    t: float, planes: F8, phases: F8, place: F8, dish: F8, rules: F8,
    lats: F8, xs: F8, ys: F8, values: F8, work: F8,
) -> tuple[float, float]:  # fmt: skip
    """EPFD down at an instant (linear), and 1 where a satellite is so near the axis that steps must be fine.

    S.1503-4 D5.1.4.1, steps 11 to 23. ``place``: earth station (3), vertical (3), unit vector to the
    satellite that it listens to (3), unit vectors across and up of the antenna (6), half the visible arc.
    ``rules``: satellites at once, least angle between them (cosine), strategy, kind of mask, near gain (dBi).
    """
    px, py, pz = place[0], place[1], place[2]
    most, cosine_least, strategy, kind = int(rules[0]), rules[1], rules[2], rules[3]
    found, fine = 0, 0.0
    for p in range(planes.shape[0]):
        node = planes[p, 0] + planes[p, 1] * t
        cn, sn = np.cos(node), np.sin(node)
        ci, si, radius = planes[p, 2], planes[p, 3], planes[p, 4]
        # the place's direction in the frame of the plane: toward the node, and a quarter further
        a = place[3] * cn + place[4] * sn
        b = (place[4] * cn - place[3] * sn) * ci + place[5] * si
        reach = np.hypot(a, b)
        rim = EARTH / radius
        if reach <= rim:
            continue
        half = np.arccos(rim / reach)
        moved = planes[p, 5] * t
        begin = (np.arctan2(b, a) - half - moved) % (2.0 * np.pi)
        first, count = int(planes[p, 6]), int(planes[p, 7])
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            if phases[first + middle] < begin:
                low = middle + 1
            else:
                high = middle
        for k in range(count):
            row = low + k
            ahead = -begin
            if row >= count:
                row -= count
                ahead += 2.0 * np.pi
            if phases[first + row] + ahead > 2.0 * half:
                break
            u = phases[first + row] + moved
            cu, su = np.cos(u), np.sin(u)
            x = radius * (cn * cu - sn * su * ci)
            y = radius * (sn * cu + cn * su * ci)
            z = radius * su * si
            dx, dy, dz = x - px, y - py, z - pz
            far = np.sqrt(dx * dx + dy * dy + dz * dz)
            ux, uy, uz = dx / far, dy / far, dz / far
            up = ux * place[3] + uy * place[4] + uz * place[5]
            if up < 0.0:
                continue
            axis = ux * place[6] + uy * place[7] + uz * place[8]
            phi = np.degrees(np.arccos(min(max(axis, -1.0), 1.0)))
            theta = 0.0
            if dish[0] == 4.0 and phi >= 50.0:
                across = ux * place[9] + uy * place[10] + uz * place[11]
                above = ux * place[12] + uy * place[13] + uz * place[14]
                theta = np.degrees(np.arctan2(above, across))
            level = gain(phi, theta, dish)
            near = level > min(dish[2] - 30.0, planes[p, 10])
            if near:
                fine = 1.0
            cosine, longitude = nearest(px, py, pz, ux, uy, uz, place[15])
            alpha = np.degrees(np.arccos(cosine)) if place[15] >= 0.0 else 180.0
            serving = alpha >= planes[p, 8] and up >= planes[p, 9]
            if not (serving or near):
                continue
            lat = np.degrees(np.arcsin(z / radius))
            if kind == 0.0:
                one = side(px, py, pz, ux, uy, uz) * alpha
                two = (np.degrees(longitude - np.arctan2(y, x)) + 180.0) % 360.0 - 180.0
            else:
                one, two = coordinates(kind, px, py, pz, x, y, z, ux, uy, uz, longitude)
            pfd = read(lat, one, two, lats, xs, ys, values)
            work[found, 0] = 10.0 ** (0.1 * (pfd + level - dish[2]))
            work[found, 1], work[found, 2], work[found, 3] = ux, uy, uz
            work[found, 4] = 1.0 if serving else 0.0
            work[found, 5] = 1.0 if near else 0.0
            if strategy == 0.0:
                work[found, 6] = work[found, 0]
            elif strategy == 1.0:
                work[found, 6] = up
            elif strategy == 2.0:
                work[found, 6] = alpha
            else:
                work[found, 6] = pfd
            found += 1
    return choose(found, most, cosine_least, work), fine


@kernel("i8(f8)")
def bin_of(total: float) -> int:
    """Bin of a linear value, rounded to the lower tenth of a dB; the last bin holds all above."""
    if total <= 0.0:
        return NONE
    return min(max(int(np.floor((10.0 * np.log10(total) - LOWEST) / WIDTH + 1e-9)) + 1, 1), BINS - 1)


@kernel(
    "void(i8, i8, f8[::1], f8, i8, i8, f8[:, ::1], f8[::1], f8[::1], f8[::1], f8[::1],"
    "f8[::1], f8[::1], f8[::1], f8[:, :, ::1], i8[:, ::1], f8[::1])"
)
def down(
    first: int, last: int, starts: F8, step: float, block: int, coarse: int, planes: F8, phases: F8,
    place: F8, dish: F8, rules: F8, lats: F8, xs: F8, ys: F8, values: F8, counts: F8, highest: F8,
) -> None:  # fmt: skip
    """Counts of EPFD down by bins over blocks of fine steps; coarse steps weigh as many as they stand for."""
    work = np.empty((len(phases), 7))
    for b in range(first, last):
        k, fine = 0, 1.0
        while k < block:
            weight = 1 if fine == 1.0 or block - k < coarse else coarse
            total, fine = instant(
                starts[b] + k * step, planes, phases, place, dish, rules, lats, xs, ys, values, work
            )
            counts[b, bin_of(total)] += weight
            highest[b] = max(highest[b], total)
            k += weight


@kernel(
    "void(i8, i8, f8[::1], f8[:, ::1], f8[::1], f8[::1], f8[::1], f8[::1],"
    "f8[::1], f8[::1], f8[::1], f8[:, :, ::1], f8[::1])"
)
def down_at(
    first: int, last: int, times: F8, planes: F8, phases: F8, place: F8, dish: F8, rules: F8,
    lats: F8, xs: F8, ys: F8, values: F8, out: F8,
) -> None:  # fmt: skip
    """EPFD down (linear) at given instants."""
    work = np.empty((len(phases), 7))
    for k in range(first, last):
        out[k] = instant(times[k], planes, phases, place, dish, rules, lats, xs, ys, values, work)[0]
