"""Compiled work on rows beside least squares: angles, Klobuchar's ionosphere, velocity from range rates."""

# ruff: noqa: C901, PLR0912 (kernels: long loops stay in one compiled function)
from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel
from rabta.pnt.atmosphere._scalars import klobuchar_beidou, klobuchar_gps

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

LIGHT_M_S = 299_792_458.0
EARTH_ROTATION = 7.2921151467e-5
RATE_M_S = 0.05  # usual noise of a range rate: 0.25 Hz


@inline
def _solve(a: Array, b: Array) -> bool:
    """Solve a positive definite 4 by 4 system in place by elimination; False where singular."""
    for k in range(4):
        if not a[k, k] > 1e-9:
            return False
        for i in range(k + 1, 4):
            f = a[i, k] / a[k, k]
            b[i] -= f * b[k]
            for j in range(k, 4):
                a[i, j] -= f * a[k, j]
    for k in range(3, -1, -1):
        for j in range(k + 1, 4):
            b[k] -= a[k, j] * b[j]
        b[k] /= a[k, k]
    return True


@kernel("void(float64[:,::1], float64[:,::1], int64[::1], float64[:,::1])")
def angles(place: Array, satellite: Array, epoch: Ints, out: Array) -> None:
    """Azimuth and elevation (degrees) of each row; `place`: ECEF, then east, north, up axes (12 columns)."""
    for i in range(epoch.size):
        p = place[epoch[i]]
        dx, dy, dz = satellite[i, 0] - p[0], satellite[i, 1] - p[1], satellite[i, 2] - p[2]
        e = p[3] * dx + p[4] * dy + p[5] * dz
        n = p[6] * dx + p[7] * dy + p[8] * dz
        u = p[9] * dx + p[10] * dy + p[11] * dz
        azimuth = math.degrees(math.atan2(e, n))
        out[i, 0] = azimuth if azimuth >= 0.0 else azimuth + 360.0
        out[i, 1] = math.degrees(math.atan2(u, math.sqrt(e * e + n * n)))


@kernel(
    "void(float64[::1], boolean, float64[:,::1], int64[::1], float64[::1], float64[::1], float64[::1], "
    "float64[::1])"
)
def klobuchar(
    coefficients: Array,
    beidou: bool,
    place: Array,
    epoch: Ints,
    azimuth: Array,
    elevation: Array,
    scale: Array,
    out: Array,
) -> None:
    """`rabta.pnt.atmosphere.klobuchar.delay_m` of rows.

    `place`: latitude, longitude (radians) and seconds of the day of each epoch.
    """
    for i in range(epoch.size):
        p = place[epoch[i]]
        a, e = math.radians(azimuth[i]), math.radians(elevation[i])
        if beidou:
            out[i] = scale[i] * klobuchar_beidou(coefficients, p[0], p[1], a, e, p[2])
        else:
            out[i] = scale[i] * klobuchar_gps(coefficients, p[0], p[1], a, e, p[2])


@kernel(
    "void(int64[::1], float64[:,::1], float64[:,::1], float64[:,::1], float64[::1], float64[::1], "
    "uint8[::1], float64[:,::1])"
)
def velocity(
    start: Ints,
    place: Array,
    satellite: Array,
    speed: Array,
    rate: Array,
    elevation: Array,
    used: Bytes,
    out: Array,
) -> None:
    """Velocity and clock rate (m/s) of each epoch from range rates, wrong ones left out; NaN below four rows.

    `rate`: measured range rate and the satellite's clock rate, m/s. Weights by the sine of the elevation.
    """
    a, b, u = np.empty((4, 4)), np.empty(4), np.empty(4)
    widest = 1
    for k in range(start.size - 1):
        widest = max(widest, start[k + 1] - start[k])
    w, y, miss = np.empty(widest), np.empty(widest), np.empty(widest)
    unit = np.empty((widest, 3))
    for k in range(start.size - 1):
        out[k, :] = np.nan
        first, n = start[k], start[k + 1] - start[k]
        px, py, pz = place[k, 0], place[k, 1], place[k, 2]
        count = 0
        for i in range(n):
            r = first + i
            w[i] = 0.0
            if used[r] == 0 or not math.isfinite(rate[r]):
                continue
            dx, dy, dz = satellite[r, 0] - px, satellite[r, 1] - py, satellite[r, 2] - pz
            far = math.sqrt(dx * dx + dy * dy + dz * dz)
            unit[i, 0], unit[i, 1], unit[i, 2] = dx / far, dy / far, dz / far
            turn = EARTH_ROTATION / LIGHT_M_S * (speed[r, 1] * px - speed[r, 0] * py)
            expected = speed[r, 0] * unit[i, 0] + speed[r, 1] * unit[i, 1] + speed[r, 2] * unit[i, 2] + turn
            y[i] = rate[r] - expected
            sine = math.sin(math.radians(min(max(elevation[r], 5.0), 90.0)))
            w[i] = sine * sine
            count += 1
        if count < 4:
            continue
        for again in range(3):
            a[:, :] = 0.0
            b[:] = 0.0
            for i in range(n):
                if w[i] > 0.0:
                    u[0], u[1], u[2], u[3] = -unit[i, 0], -unit[i, 1], -unit[i, 2], 1.0
                    for p in range(4):
                        b[p] += w[i] * u[p] * y[i]
                        for q in range(4):
                            a[p, q] += w[i] * u[p] * u[q]
            if not _solve(a, b):
                break
            for p in range(4):
                out[k, p] = b[p]
            found = 0
            for i in range(n):
                if w[i] > 0.0:
                    v = y[i] + unit[i, 0] * b[0] + unit[i, 1] * b[1] + unit[i, 2] * b[2] - b[3]
                    miss[found] = abs(v)
                    found += 1
            if again == 2 or found < 6:
                break
            usual = np.median(miss[:found]) + RATE_M_S
            left = 0
            for i in range(n):
                if w[i] > 0.0:
                    v = y[i] + unit[i, 0] * b[0] + unit[i, 1] * b[1] + unit[i, 2] * b[2] - b[3]
                    if abs(v) > 6.0 * usual:
                        w[i] = 0.0
                        left += 1
            if left == 0:
                break
