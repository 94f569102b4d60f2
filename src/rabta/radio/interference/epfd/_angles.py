"""What the kernels share: gains, the arc's nearest point, masks.

NumPy references: `rabta.radio.interference.epfd.dishes`, `geometry` and `masks`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel

# ruff: noqa: C901, PLR0911, PLR0912 (kernels: branches stay in one compiled function)

F8 = NDArray[np.float64]

ARC = 42_164_200.0  # m, ITU-R S.1503-4, table 2
EARTH = 6_378_145.0


@kernel("f8(f8, f8, f8[::1])")
def gain(phi: float, theta: float, dish: F8) -> float:
    """Gain in dBi at so far off axis (deg), and so far around the axis (deg; 0 horizontal, 90 up)."""
    form: float = dish[0]
    ratio: float = dish[1]
    peak: float = dish[2]
    plateau: float = dish[3]
    main: float = dish[4]
    end: float = dish[5]
    if form == 5.0:  # S.672-4: ratio is half the beamwidth, plateau Ls, main a, end b
        off = phi / ratio
        if off <= main:
            return peak - 3.0 * off * off
        if off <= end:
            return peak + plateau
        if phi <= 90.0:
            return max(peak + plateau + 20.0 - 25.0 * math.log10(off), 0.0)
        return max(15.0 + plateau + 0.25 * peak, 0.0)
    if phi < main:
        return peak - 2.5e-3 * (ratio * phi) ** 2
    if phi < end:
        return plateau
    if form == 3.0:  # D/lambda above 100
        if phi < 10.0:
            return 29.0 - 25.0 * math.log10(phi)
        if phi < 34.1:
            return 34.0 - 30.0 * math.log10(phi)
        return -7.0 if 80.0 <= phi < 120.0 else -12.0
    if form == 4.0:  # BO.1443-3, D/lambda up to 25.5
        if phi < 36.3:
            return 29.0 - 25.0 * math.log10(phi)
        if phi < 50.0:
            return -10.0
        turn = theta % 360.0
        lift = 8.0 * math.sin(math.radians(turn)) if turn < 180.0 else 0.0
        knee = 90.0 if 56.25 <= turn < 123.75 else 120.0
        if phi < knee:
            return (2.0 + lift) / math.log10(knee / 50.0) * math.log10(phi / 50.0) - 10.0
        return (-9.0 - lift) / math.log10(180.0 / knee) * math.log10(phi / 180.0) - 17.0
    if phi <= 33.1:
        return 29.0 - 25.0 * math.log10(phi)
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
    away = math.hypot(px, py)
    here = math.atan2(py, px)
    cx, cy = px / away, py / away
    x, y = ux * cx + uy * cy, uy * cx - ux * cy
    flat = max(math.hypot(x, y), 1e-15)
    ahead, aside = x / flat, y / flat
    inside = ARC * ARC - (away * aside) ** 2
    way = math.sqrt(max(inside, 0.0)) - away * ahead
    point = math.atan2(way * aside, away + way * ahead)
    point = min(max(point, -half), half)
    square = ARC * ARC + away * away + pz * pz
    for _ in range(6):
        c, s = math.cos(point), math.sin(point)
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
        c, s = math.cos(at), math.sin(at)
        value = (x * (ARC * c - away) + y * ARC * s - uz * pz) / math.sqrt(square - 2.0 * ARC * away * c)
        if value > cosine + 1e-15:
            cosine, best = value, at
    longitude = best + here
    if longitude > math.pi:
        longitude -= 2.0 * math.pi
    elif longitude < -math.pi:
        longitude += 2.0 * math.pi
    return min(cosine, 1.0), longitude


@kernel("f8(f8, f8, f8, f8, f8, f8)")
def side(px: float, py: float, pz: float, ux: float, uy: float, uz: float) -> float:
    """Sign of the angle to the arc, S.1503-4 D6.4.4.1: where the line of sight meets the equator's plane."""
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
    one: float = (1.0 - p) * values[table, i, j] + p * values[table, i2, j]
    two: float = (1.0 - p) * values[table, i, j2] + p * values[table, i2, j2]
    return (1.0 - q) * one + q * two


@kernel("UniTuple(f8, 2)(f8, f8, f8, f8, f8, f8, f8, f8, f8, f8)")
def coordinates(
    kind: float, px: float, py: float, pz: float, x: float, y: float, z: float,
    ux: float, uy: float, uz: float
) -> tuple[float, float]:  # fmt: skip
    """Second and third coordinate of a pfd mask that is not over alpha: X or azimuth and elevation (deg)."""
    if kind == 1.0:
        radius = math.sqrt(x * x + y * y + z * z)
        half = math.acos(EARTH / ARC) + math.acos(EARTH / radius)
        flat = math.hypot(x, y)
        turn = math.cos(half) * radius / max(flat, 1.0)
        reach = math.acos(turn) if turn < 1.0 else 0.0
        cosine, longitude = nearest(x, y, z, ux, uy, uz, reach)
        sign = side(px, py, pz, ux, uy, uz)
        turned = math.degrees(longitude - math.atan2(y, x))
        return sign * math.degrees(math.acos(cosine)), (turned + 180.0) % 360.0 - 180.0
    flat = max(math.hypot(x, y), 1e-6)
    radius = math.sqrt(x * x + y * y + z * z)
    east = -(-y * ux + x * uy) / flat
    down = (x * ux + y * uy + z * uz) / radius
    north = -((-z * x * ux - z * y * uy) / flat + flat * uz) / radius
    return math.degrees(math.atan2(east, down)), math.degrees(math.asin(min(max(north, -1.0), 1.0)))
