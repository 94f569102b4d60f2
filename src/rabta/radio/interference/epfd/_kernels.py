"""EPFD down, up and between satellites at every step: visible satellites plane by plane, then all equations.

A plane's satellites are sorted by phase, so those above a place's horizon are one run of them: the rest is
never looked at. NumPy reference: `rabta.radio.interference.epfd.reference`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel
from rabta.radio.interference.epfd._angles import ARC, EARTH, coordinates, gain, nearest, read, side

# ruff: noqa: C901, PLR0912, PLR0915, RUF100, E501 (kernels: long loops stay in one compiled function)

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

NONE = 0  # bin of steps without any contribution
BINS, LOWEST, WIDTH = 3000, -350.0, 0.1


@kernel("i8(f8, f8[:, ::1], f8[::1], f8[::1], f8[:, ::1])")
def seen(t: float, planes: F8, phases: F8, place: F8, work: F8) -> int:
    """Satellites above a place's horizon, and how many: position, unit vector, sine of elevation, plane."""
    found = 0
    for p in range(planes.shape[0]):
        node = planes[p, 0] + planes[p, 1] * t
        cn, sn = math.cos(node), math.sin(node)
        ci, si, radius = planes[p, 2], planes[p, 3], planes[p, 4]
        # the place's direction in the frame of the plane: toward the node, and a quarter further
        a = place[3] * cn + place[4] * sn
        b = (place[4] * cn - place[3] * sn) * ci + place[5] * si
        reach, rim = math.hypot(a, b), EARTH / radius
        if reach <= rim:
            continue
        half = math.acos(rim / reach)
        moved = planes[p, 5] * t
        begin = (math.atan2(b, a) - half - moved) % (2.0 * math.pi)
        first, count = int(planes[p, 6]), int(planes[p, 7])
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            if phases[first + middle] < begin:
                low = middle + 1
            else:
                high = middle
        for k in range(count):
            row, ahead = low + k, -begin
            if row >= count:
                row -= count
                ahead += 2.0 * math.pi
            if phases[first + row] + ahead > 2.0 * half:
                break
            u = phases[first + row] + moved
            cu, su = math.cos(u), math.sin(u)
            x = radius * (cn * cu - sn * su * ci)
            y = radius * (sn * cu + cn * su * ci)
            z = radius * su * si
            dx, dy, dz = x - place[0], y - place[1], z - place[2]
            far = math.sqrt(dx * dx + dy * dy + dz * dz)
            up = (dx * place[3] + dy * place[4] + dz * place[5]) / far
            if up >= 0.0:
                work[found, 0], work[found, 1], work[found, 2] = x, y, z
                work[found, 3], work[found, 4], work[found, 5] = dx / far, dy / far, dz / far
                work[found, 6], work[found, 7] = up, p
                found += 1
    return found


@kernel("f8(i8, i8, f8, f8[:, ::1])")
def choose(found: int, most: int, cosine_least: float, work: F8) -> float:
    """Steps 19 to 23: the best of those that may serve, apart from each other, then all near the axis.

    Columns of ``work`` beside those of `seen`: power, may serve, near the axis, score.
    """
    total = 0.0
    for _ in range(most):
        best = -1
        for k in range(found):
            if work[k, 9] == 1.0 and (best < 0 or work[k, 11] > work[best, 11]):
                best = k
        if best < 0:
            break
        total += work[best, 8]
        work[best, 9], work[best, 10] = 2.0, 0.0
        if cosine_least < 1.0:
            for k in range(found):
                c = work[k, 3] * work[best, 3] + work[k, 4] * work[best, 4] + work[k, 5] * work[best, 5]
                if work[k, 9] == 1.0 and c > cosine_least:
                    work[k, 9] = 0.0
    for k in range(found):
        if work[k, 10] == 1.0:
            total += work[k, 8]
    return total


@kernel("f8(f8, f8, f8, f8[::1], f8[::1])")
def received(ux: float, uy: float, uz: float, place: F8, dish: F8) -> float:
    """Gain of a place's antenna toward a satellite, dBi."""
    axis = ux * place[6] + uy * place[7] + uz * place[8]
    phi = math.degrees(math.acos(min(max(axis, -1.0), 1.0)))
    theta = 0.0
    if dish[0] == 4.0 and phi >= 50.0:
        across = ux * place[9] + uy * place[10] + uz * place[11]
        above = ux * place[12] + uy * place[13] + uz * place[14]
        theta = math.degrees(math.atan2(above, across))
    return gain(phi, theta, dish)


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
    ``rules``: satellites at once, least angle between them (cosine), strategy, kind of mask.
    """
    px, py, pz = place[0], place[1], place[2]
    strategy, kind = rules[2], rules[3]
    found, fine = seen(t, planes, phases, place, work), 0.0
    for k in range(found):
        x, y, z = work[k, 0], work[k, 1], work[k, 2]
        ux, uy, uz = work[k, 3], work[k, 4], work[k, 5]
        p = int(work[k, 7])
        level = received(ux, uy, uz, place, dish)
        near = level > min(dish[2] - 30.0, planes[p, 10])
        if near:
            fine = 1.0
        cosine, longitude = nearest(px, py, pz, ux, uy, uz, max(place[15], 0.0))
        alpha = math.degrees(math.acos(cosine)) if place[15] >= 0.0 else 180.0
        serving = alpha >= planes[p, 8] and work[k, 6] >= planes[p, 9]
        work[k, 8], work[k, 9], work[k, 10] = 0.0, 1.0 if serving else 0.0, 1.0 if near else 0.0
        if not (serving or near):
            continue
        lat = math.degrees(math.asin(z / planes[p, 4]))
        if kind == 0.0:
            one = side(px, py, pz, ux, uy, uz) * alpha
            two = (math.degrees(longitude - math.atan2(y, x)) + 180.0) % 360.0 - 180.0
        else:
            one, two = coordinates(kind, px, py, pz, x, y, z, ux, uy, uz)
        pfd = read(lat, one, two, lats, xs, ys, values)
        work[k, 8] = 10.0 ** (0.1 * (pfd + level - dish[2]))
        if strategy == 0.0:
            work[k, 11] = work[k, 8]
        elif strategy == 1.0:
            work[k, 11] = work[k, 6]
        elif strategy == 2.0:
            work[k, 11] = alpha
        else:
            work[k, 11] = pfd
    return choose(found, int(rules[0]), rules[1], work), fine


@kernel(
    "f8(f8, f8[:, ::1], f8[::1], f8[:, ::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[:, :, ::1], f8[:, ::1])"
)
def instant_up(
    t: float,
    planes: F8,
    phases: F8,
    stations: F8,
    rules: F8,
    lats: F8,
    angles: F8,
    none: F8,
    values: F8,
    work: F8,
) -> float:
    """EPFD up at an instant (linear): S.1503-4 D5.2.6, steps 14 to 34, without a limit on links a satellite.

    ``stations``: rows as ``place`` of `instant`, toward the satellite on the arc, then the angle to the arc
    (deg), what a station's EIRP becomes there (dB) and its latitude (deg).
    """
    total = 0.0
    for e in range(stations.shape[0]):
        place = stations[e]
        found = seen(t, planes, phases, place, work)
        for k in range(found):
            ux, uy, uz = work[k, 3], work[k, 4], work[k, 5]
            work[k, 9], work[k, 10] = 0.0, 0.0
            if work[k, 6] < planes[int(work[k, 7]), 9]:
                continue
            cosine, _ = nearest(place[0], place[1], place[2], ux, uy, uz, max(place[15], 0.0))
            if math.degrees(math.acos(cosine)) < place[16]:
                continue
            axis = ux * place[6] + uy * place[7] + uz * place[8]
            off = math.degrees(math.acos(min(max(axis, -1.0), 1.0)))
            eirp = read(place[18], off, 0.0, lats, angles, none, values)
            work[k, 8], work[k, 9] = 10.0 ** (0.1 * (eirp + place[17])), 1.0
            work[k, 11] = work[k, 8]
        total += choose(found, int(rules[0]), rules[1], work)
    return total


@kernel("f8(f8, f8[:, ::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[:, :, ::1])")
def instant_between(
    t: float, planes: F8, phases: F8, beam: F8, dish: F8, lats: F8, angles: F8, none: F8, values: F8
) -> float:
    """EPFD between satellites at an instant (linear): S.1503-4 D5.3.5, steps 10 to 18.

    ``beam``: the satellite on the arc (3) and the unit vector of its beam (3).
    """
    total = 0.0
    limb = math.sqrt(ARC * ARC - EARTH * EARTH)
    for p in range(planes.shape[0]):
        node = planes[p, 0] + planes[p, 1] * t
        cn, sn = math.cos(node), math.sin(node)
        ci, si, radius = planes[p, 2], planes[p, 3], planes[p, 4]
        rim = limb + math.sqrt(radius * radius - EARTH * EARTH)
        for k in range(int(planes[p, 6]), int(planes[p, 6]) + int(planes[p, 7])):
            u = phases[k] + planes[p, 5] * t
            cu, su = math.cos(u), math.sin(u)
            x = radius * (cn * cu - sn * su * ci)
            y = radius * (sn * cu + cn * su * ci)
            z = radius * su * si
            dx, dy, dz = x - beam[0], y - beam[1], z - beam[2]
            far = math.sqrt(dx * dx + dy * dy + dz * dz)
            if far >= rim:
                continue
            axis = (dx * beam[3] + dy * beam[4] + dz * beam[5]) / far
            off = math.degrees(math.acos(min(max(axis, -1.0), 1.0)))
            nadir = (dx * x + dy * y + dz * z) / (far * radius)
            angle = math.degrees(math.acos(min(max(nadir, -1.0), 1.0)))
            eirp = read(math.degrees(math.asin(su * si)), angle, 0.0, lats, angles, none, values)
            total += 10.0 ** (0.1 * (eirp + gain(off, 0.0, dish) - dish[2])) / (4.0 * math.pi * far * far)
    return total


@kernel("i8(f8)")
def bin_of(total: float) -> int:
    """Bin of a linear value, rounded to the lower tenth of a dB; the last bin holds all above."""
    if total <= 0.0:
        return NONE
    row = math.floor((10.0 * math.log10(total) - LOWEST) / WIDTH + 1e-9) + 1
    return min(max(int(row), 1), BINS - 1)


@kernel(
    "void(i8, i8, f8[::1], f8, i8, i8, f8[:, ::1], f8[::1], f8[::1], f8[::1], f8[::1],"
    "f8[::1], f8[::1], f8[::1], f8[:, :, ::1], i8[:, ::1], f8[::1])"
)
def down(
    first: int, last: int, starts: F8, step: float, block: int, coarse: int, planes: F8, phases: F8,
    place: F8, dish: F8, rules: F8, lats: F8, xs: F8, ys: F8, values: F8, counts: I8, highest: F8,
) -> None:  # fmt: skip
    """Counts of EPFD down by bins over blocks of fine steps; coarse steps weigh as many as they stand for."""
    work = np.empty((len(phases), 12))
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
    work = np.empty((len(phases), 12))
    for k in range(first, last):
        out[k] = instant(times[k], planes, phases, place, dish, rules, lats, xs, ys, values, work)[0]


@kernel(
    "void(i8, i8, f8[::1], f8[:, ::1], f8[::1], f8[:, ::1], f8[::1],"
    "f8[::1], f8[::1], f8[::1], f8[:, :, ::1], f8[::1])"
)
def up_at(
    first: int, last: int, times: F8, planes: F8, phases: F8, stations: F8, rules: F8,
    lats: F8, angles: F8, none: F8, values: F8, out: F8,
) -> None:  # fmt: skip
    """EPFD up (linear) at given instants."""
    work = np.empty((len(phases), 12))
    for k in range(first, last):
        out[k] = instant_up(times[k], planes, phases, stations, rules, lats, angles, none, values, work)


@kernel(
    "void(i8, i8, f8[::1], f8[:, ::1], f8[::1], f8[::1], f8[::1],"
    "f8[::1], f8[::1], f8[::1], f8[:, :, ::1], f8[::1])"
)
def between_at(
    first: int, last: int, times: F8, planes: F8, phases: F8, beam: F8, dish: F8,
    lats: F8, angles: F8, none: F8, values: F8, out: F8,
) -> None:  # fmt: skip
    """EPFD between satellites (linear) at given instants."""
    for k in range(first, last):
        out[k] = instant_between(times[k], planes, phases, beam, dish, lats, angles, none, values)


@kernel("void(f8[::1], f8, f8, f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[:, :, ::1], f8[::1])")
def check(
    sat: F8, theta: float, phi: float, dish: F8, rules: F8, lats: F8, xs: F8, ys: F8, values: F8, best: F8
) -> None:
    """One point of the search for the worst geometry: keep it where it is worse than the best so far.

    S.1503-4, D3.1.2. ``sat``: position (3) and velocity over the turning Earth (3) of a satellite, its
    latitude (deg). ``rules``: angle to the arc (deg), sine of the least elevation, the same of the arc's
    point, level of the limit (dB), kind of mask, least and greatest latitude (deg), ramp of the limit:
    latitude, latitude, level. ``best``: margin in tenths of a dB, angular velocity, place (3), alpha,
    longitude of the arc's point, elevation, epfd.
    """
    x, y, z = sat[0], sat[1], sat[2]
    radius, flat = math.sqrt(x * x + y * y + z * z), math.hypot(x, y)
    sp, cp = math.sin(phi), math.cos(phi)
    a, b = sp * math.cos(theta), sp * math.sin(theta)
    vx = -cp * x / radius - a * y / flat - b * z * x / (radius * flat)
    vy = -cp * y / radius + a * x / flat - b * z * y / (radius * flat)
    vz = -cp * z / radius + b * flat / radius
    inner = EARTH * EARTH - (radius * sp) ** 2
    if inner < 0.0:
        return
    far = radius * cp - math.sqrt(inner)
    px, py, pz = x + far * vx, y + far * vy, z + far * vz
    lat = math.degrees(math.asin(pz / EARTH))
    if lat < rules[5] or lat > rules[6]:
        return
    ux, uy, uz = -vx, -vy, -vz
    share = EARTH / ARC / math.cos(math.radians(lat))
    if share >= 1.0:
        return
    cosine, longitude = nearest(px, py, pz, ux, uy, uz, math.acos(share))
    alpha = math.degrees(math.acos(cosine))
    up = (ux * px + uy * py + uz * pz) / EARTH
    level = gain(alpha, 90.0, dish)
    near = level > min(dish[2] - 30.0, gain(rules[0], 90.0, dish))
    gx, gy = ARC * math.cos(longitude) - px, ARC * math.sin(longitude) - py
    high = (gx * px + gy * py - pz * pz) / (EARTH * math.sqrt(gx * gx + gy * gy + pz * pz))
    outside = alpha >= rules[0] - 1e-4 and up >= rules[1] - 1e-9 and high >= rules[2]
    if not (outside or near):
        return
    if rules[4] == 0.0:
        one = side(px, py, pz, ux, uy, uz) * alpha
        two = (math.degrees(longitude - math.atan2(y, x)) + 180.0) % 360.0 - 180.0
    else:
        one, two = coordinates(rules[4], px, py, pz, x, y, z, ux, uy, uz)
    epfd = read(sat[6], one, two, lats, xs, ys, values) + level - dish[2]
    part = min(max((abs(lat) - rules[7]) / (rules[8] - rules[7]), 0.0), 1.0)
    margin = math.floor((epfd - rules[3] - part * (rules[9] - rules[3])) / WIDTH + 0.5)
    along = sat[3] * ux + sat[4] * uy + sat[5] * uz
    speed = math.sqrt(max(sat[3] ** 2 + sat[4] ** 2 + sat[5] ** 2 - along * along, 0.0)) / far
    if margin > best[0] or (margin == best[0] and speed < best[1] * (1.0 - 1e-12)):
        best[0], best[1], best[2], best[3], best[4] = margin, speed, px, py, pz
        best[5], best[6], best[7], best[8] = one if rules[4] == 0.0 else alpha, longitude, up, epfd


@kernel("f8(f8[::1], f8, f8)")
def zone(sat: F8, theta: float, phi: float) -> float:
    """Angle to the arc (deg, no sign) at the place that a satellite sees in a direction; -1 beyond the limb."""
    x, y, z = sat[0], sat[1], sat[2]
    radius, flat = math.sqrt(x * x + y * y + z * z), math.hypot(x, y)
    sp, cp = math.sin(phi), math.cos(phi)
    a, b = sp * math.cos(theta), sp * math.sin(theta)
    vx = -cp * x / radius - a * y / flat - b * z * x / (radius * flat)
    vy = -cp * y / radius + a * x / flat - b * z * y / (radius * flat)
    vz = -cp * z / radius + b * flat / radius
    inner = EARTH * EARTH - (radius * sp) ** 2
    if inner < 0.0:
        return -1.0
    far = radius * cp - math.sqrt(inner)
    px, py, pz = x + far * vx, y + far * vy, z + far * vz
    share = EARTH / ARC / max(math.hypot(px, py) / EARTH, 1e-9)
    if share >= 1.0:
        return -1.0
    return math.degrees(math.acos(nearest(px, py, pz, -vx, -vy, -vz, math.acos(share))[0]))


@kernel(
    "void(i8, i8, f8[:, ::1], f8, f8, f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[:, :, ::1], f8[:, ::1])"
)
def worst(
    first: int, last: int, sats: F8, reach: float, step: float, dish: F8, rules: F8,
    lats: F8, xs: F8, ys: F8, values: F8, best: F8,
) -> None:  # fmt: skip
    """Worst point in the view of each satellite: a grid, and the edges of the zone found by bisection."""
    for n in range(first, last):
        sat, rings = sats[n], max(1, math.ceil(reach / step))
        check(sat, 0.0, 0.0, dish, rules, lats, xs, ys, values, best[n])
        for ring in range(1, rings + 1):
            phi = reach * ring / rings
            spokes = max(16, math.ceil(2.0 * math.pi * phi / step))
            before = zone(sat, -0.5 * math.pi, phi)
            for spoke in range(spokes + 1):
                theta = -0.5 * math.pi + 2.0 * math.pi * spoke / spokes
                check(sat, theta, phi, dish, rules, lats, xs, ys, values, best[n])
                now = zone(sat, theta, phi)
                if spoke > 0 and before >= 0.0 and now >= 0.0 and (before < rules[0]) != (now < rules[0]):
                    low, high = theta - 2.0 * math.pi / spokes, theta
                    while high - low > 1e-6:
                        middle = 0.5 * (low + high)
                        if (zone(sat, middle, phi) < rules[0]) == (before < rules[0]):
                            low = middle
                        else:
                            high = middle
                    check(sat, low, phi, dish, rules, lats, xs, ys, values, best[n])
                    check(sat, high, phi, dish, rules, lats, xs, ys, values, best[n])
                before = now
