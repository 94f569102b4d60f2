"""Compiled orbits; `tests/contract/test_orbit_kernels.py` holds them to the NumPy formulas beside them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel
from rabta.pnt.orbits.constants import (
    GEO_COS,
    GEO_SIN,
    GLONASS_GRAVITY,
    GLONASS_J2,
    GLONASS_RADIUS_M,
    GLONASS_ROTATION,
    GLONASS_STEP_S,
    LIGHT_M_S,
)

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

_FLATTEN = 1.5 * GLONASS_J2 * GLONASS_GRAVITY * GLONASS_RADIUS_M**2


@inline
def _glonass_acceleration(
    x: float, y: float, z: float, vx: float, vy: float, ax: float, ay: float, az: float
) -> tuple[float, float, float]:
    """Acceleration in the turning frame: GLONASS ICD 5.1, appendix A.3.1.2."""
    r2 = x * x + y * y + z * z
    r3 = r2 * math.sqrt(r2)
    a = _FLATTEN / (r2 * r3)
    b = 5.0 * z * z / r2
    c = -GLONASS_GRAVITY / r3 - a * (1.0 - b)
    w = GLONASS_ROTATION
    return (
        (c + w * w) * x + 2.0 * w * vy + ax,
        (c + w * w) * y - 2.0 * w * vx + ay,
        (c - 2.0 * a) * z + az,
    )


@kernel("void(float64[:,::1], int64[::1], float64[::1], float64[:,::1])")
def glonass(table: Array, rows: Ints, ahead: Array, out: Array) -> None:
    """State (m, m/s) `ahead` seconds after the reference time: fourth-order Runge-Kutta.

    Columns of `table`: x y z vx vy vz ax ay az.
    """
    for i in range(rows.size):
        row = rows[i]
        if row < 0:
            out[i, :] = np.nan
            continue
        x, y, z, vx, vy, vz = (
            table[row, 0],
            table[row, 1],
            table[row, 2],
            table[row, 3],
            table[row, 4],
            table[row, 5],
        )
        ax, ay, az = table[row, 6], table[row, 7], table[row, 8]
        steps = max(1, int(abs(ahead[i]) / GLONASS_STEP_S) + 1)
        if steps > 1_000_000:
            out[i, :] = np.nan
            continue
        h = ahead[i] / steps
        for _ in range(steps):
            a1, b1, c1 = _glonass_acceleration(x, y, z, vx, vy, ax, ay, az)
            x2, y2, z2 = x + h / 2 * vx, y + h / 2 * vy, z + h / 2 * vz
            u2, v2, w2 = vx + h / 2 * a1, vy + h / 2 * b1, vz + h / 2 * c1
            a2, b2, c2 = _glonass_acceleration(x2, y2, z2, u2, v2, ax, ay, az)
            x3, y3, z3 = x + h / 2 * u2, y + h / 2 * v2, z + h / 2 * w2
            u3, v3, w3 = vx + h / 2 * a2, vy + h / 2 * b2, vz + h / 2 * c2
            a3, b3, c3 = _glonass_acceleration(x3, y3, z3, u3, v3, ax, ay, az)
            x4, y4, z4 = x + h * u3, y + h * v3, z + h * w3
            u4, v4, w4 = vx + h * a3, vy + h * b3, vz + h * c3
            a4, b4, c4 = _glonass_acceleration(x4, y4, z4, u4, v4, ax, ay, az)
            x += h / 6 * (vx + 2 * u2 + 2 * u3 + u4)
            y += h / 6 * (vy + 2 * v2 + 2 * v3 + v4)
            z += h / 6 * (vz + 2 * w2 + 2 * w3 + w4)
            vx += h / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
            vy += h / 6 * (b1 + 2 * b2 + 2 * b3 + b4)
            vz += h / 6 * (c1 + 2 * c2 + 2 * c3 + c4)
        out[i, 0], out[i, 1], out[i, 2] = x, y, z
        out[i, 3], out[i, 4], out[i, 5] = vx, vy, vz


@kernel("void(float64[:,::1], boolean[::1], int64[::1], float64[::1], float64[:,::1], float64[:,::1])")
def kepler(  # noqa: PLR0915
    table: Array, geo: NDArray[np.bool_], rows: Ints, ahead: Array, out: Array, clock: Array
) -> None:
    """States `ahead` seconds after the reference time; relativistic clock offset and its rate.

    Columns of `table`: sqrt_a a_dot e m0 delta_n delta_n_dot omega i0 i_dot omega0 omega_dot cuc cus crc
    crs cic cis, gravity, rotation, toe in seconds of its week. The formula is `rabta.pnt.orbits.kepler`'s.
    """
    for i in range(rows.size):
        row = rows[i]
        if row < 0:
            out[i, :] = np.nan
            clock[i, :] = np.nan
            continue
        p = table[row]
        t = ahead[i]
        e, gravity, rotation = p[2], p[17], p[18]
        a0 = p[0] * p[0]
        a = a0 + p[1] * t
        n = math.sqrt(gravity / (a0 * a0 * a0)) + p[4] + 0.5 * p[5] * t
        m = p[3] + n * t
        m_dot = n + 0.5 * p[5] * t
        big = m + e * math.sin(m)
        for _ in range(20):
            step = (big - e * math.sin(big) - m) / (1.0 - e * math.cos(big))
            big -= step
            if abs(step) < 1e-13:
                break
        sin_e, cos_e = math.sin(big), math.cos(big)
        inner = 1.0 - e * cos_e
        root = math.sqrt(1.0 - e * e)
        e_dot = m_dot / inner
        # sine and cosine of the argument of latitude: true anomaly plus argument of perigee
        sin_v, cos_v = root * sin_e / inner, (cos_e - e) / inner
        sin_w, cos_w = math.sin(p[6]), math.cos(p[6])
        sin_p, cos_p = sin_v * cos_w + cos_v * sin_w, cos_v * cos_w - sin_v * sin_w
        s2, c2 = 2.0 * sin_p * cos_p, cos_p * cos_p - sin_p * sin_p
        p_dot = root * e_dot / inner
        du = p[12] * s2 + p[11] * c2
        u_dot = p_dot * (1.0 + 2.0 * (p[12] * c2 - p[11] * s2))
        r = a * inner + p[14] * s2 + p[13] * c2
        r_dot = p[1] * inner + a * e * sin_e * e_dot + 2.0 * p_dot * (p[14] * c2 - p[13] * s2)
        inclination = p[7] + p[8] * t + p[16] * s2 + p[15] * c2
        i_dot = p[8] + 2.0 * p_dot * (p[16] * c2 - p[15] * s2)
        sin_d, cos_d = math.sin(du), math.cos(du)
        sin_u, cos_u = sin_p * cos_d + cos_p * sin_d, cos_p * cos_d - sin_p * sin_d
        x, y = r * cos_u, r * sin_u
        x_dot, y_dot = r_dot * cos_u - y * u_dot, r_dot * sin_u + x * u_dot
        # Geostationary satellites: node in an inertial frame, turned into the Earth's afterwards
        turn = 0.0 if geo[row] else rotation
        node = p[9] + (p[10] - turn) * t - rotation * p[19]
        node_dot = p[10] - turn
        sin_o, cos_o = math.sin(node), math.cos(node)
        sin_i, cos_i = math.sin(inclination), math.cos(inclination)
        px = x * cos_o - y * cos_i * sin_o
        py = x * sin_o + y * cos_i * cos_o
        pz = y * sin_i
        tilt = y_dot * cos_i - y * sin_i * i_dot
        vx = x_dot * cos_o - tilt * sin_o - py * node_dot
        vy = x_dot * sin_o + tilt * cos_o + px * node_dot
        vz = y_dot * sin_i + y * cos_i * i_dot
        if geo[row]:
            qy, qz = py * GEO_COS + pz * GEO_SIN, -py * GEO_SIN + pz * GEO_COS
            wy, wz = vy * GEO_COS + vz * GEO_SIN, -vy * GEO_SIN + vz * GEO_COS
            sin_t, cos_t = math.sin(rotation * t), math.cos(rotation * t)
            px, py, pz, wx = px * cos_t + qy * sin_t, -px * sin_t + qy * cos_t, qz, vx
            vx = wx * cos_t + wy * sin_t + rotation * py
            vy = -wx * sin_t + wy * cos_t - rotation * px
            vz = wz
        out[i, 0], out[i, 1], out[i, 2] = px, py, pz
        out[i, 3], out[i, 4], out[i, 5] = vx, vy, vz
        factor = -2.0 * math.sqrt(gravity) / (LIGHT_M_S * LIGHT_M_S) * e * p[0]
        clock[i, 0], clock[i, 1] = factor * sin_e, factor * cos_e * e_dot
