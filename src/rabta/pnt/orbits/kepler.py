"""Positions and velocities from broadcast Keplerian elements, and the integration of GLONASS, in NumPy.

The formula of all messages: IS-GPS-200N tables 20-IV and 30-II, Galileo OS-SIS-ICD 2.1 table 58,
BDS-SIS-ICD-B1I-3.0 table 5-11, BDS-SIS-ICD-B1C-1.0 table 7-8. Messages without a change of the
semi-major axis or of the mean motion have zeros there. The compiled form is in ``_kernels``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.orbits.constants import (
    GEO_COS,
    GEO_SIN,
    GLONASS_GRAVITY,
    GLONASS_J2,
    GLONASS_RADIUS_M,
    GLONASS_ROTATION,
    GLONASS_STEP_S,
)

Array = NDArray[np.float64]


def anomaly(m: Array, e: Array) -> Array:
    """Eccentric anomaly of a mean anomaly: Newton's iteration of Kepler's equation."""
    big = m + e * np.sin(m)
    for _ in range(10):
        big = big - (big - e * np.sin(big) - m) / (1.0 - e * np.cos(big))
    return np.asarray(big)


def position_m(p: Array, t: Array, geo: NDArray[np.bool_]) -> Array:
    """Earth-fixed positions, shape (row, 3).

    Parameters
    ----------
    p : ndarray, shape (row, 20)
        Columns as `_kernels.kepler` names them.
    t : ndarray, shape (row,)
        Seconds since the reference time.
    geo : ndarray of bool, shape (row,)
        BeiDou's geostationary satellites: their own frame.
    """
    sqrt_a, a_dot, e, m0, dn, dn_dot, omega, i0, i_dot, omega0, omega_dot = p[:, :11].T
    cuc, cus, crc, crs, cic, cis, gravity, rotation, toe = p[:, 11:].T
    a0 = sqrt_a**2
    n = np.sqrt(gravity / a0**3) + dn + 0.5 * dn_dot * t
    big = anomaly(m0 + n * t, e)
    phi = np.arctan2(np.sqrt(1.0 - e**2) * np.sin(big), np.cos(big) - e) + omega
    sine, cosine = np.sin(2.0 * phi), np.cos(2.0 * phi)
    u = phi + cus * sine + cuc * cosine
    r = (a0 + a_dot * t) * (1.0 - e * np.cos(big)) + crs * sine + crc * cosine
    tilt = i0 + i_dot * t + cis * sine + cic * cosine
    node = omega0 + (omega_dot - np.where(geo, 0.0, rotation)) * t - rotation * toe
    x, y = r * np.cos(u), r * np.sin(u)
    fixed = np.stack(
        [
            x * np.cos(node) - y * np.cos(tilt) * np.sin(node),
            x * np.sin(node) + y * np.cos(tilt) * np.cos(node),
            y * np.sin(tilt),
        ],
        axis=-1,
    )
    return np.where(geo[:, None], _from_geo(fixed, rotation * t), fixed)


def _from_geo(p: Array, turned: Array) -> Array:
    """Rz(turned) Rx(-5 degrees) of positions: BDS-SIS-ICD-B1I-3.0 table 5-11."""
    x, y, z = p.T
    y, z = y * GEO_COS + z * GEO_SIN, -y * GEO_SIN + z * GEO_COS
    sine, cosine = np.sin(turned), np.cos(turned)
    return np.stack([x * cosine + y * sine, -x * sine + y * cosine, z], axis=-1)


def glonass_acceleration(state: Array, push: Array) -> Array:
    """Derivative of GLONASS states (m, m/s) in the Earth-fixed frame, shape (row, 6): ICD 5.1 A.3.1.2."""
    x, y, z, vx, vy, vz = state.T
    r2 = x**2 + y**2 + z**2
    a = 1.5 * GLONASS_J2 * GLONASS_GRAVITY * GLONASS_RADIUS_M**2 / r2**2.5
    c = -GLONASS_GRAVITY / r2**1.5 - a * (1.0 - 5.0 * z**2 / r2)
    w = GLONASS_ROTATION
    pull = [(c + w**2) * x + 2.0 * w * vy, (c + w**2) * y - 2.0 * w * vx, (c - 2.0 * a) * z]
    return np.stack([vx, vy, vz, *(p + q for p, q in zip(pull, push.T, strict=True))], axis=-1)


def glonass_state(table: Array, t: Array) -> Array:
    """GLONASS states (m, m/s) `t` seconds after the reference time, shape (row, 6)."""
    state, push = table[:, :6].copy(), table[:, 6:9]
    steps = (np.abs(t) / GLONASS_STEP_S).astype(np.int64) + 1
    h = (t / steps)[:, None]
    for k in range(int(steps.max()) if t.size else 0):
        one = glonass_acceleration(state, push)
        two = glonass_acceleration(state + h / 2.0 * one, push)
        three = glonass_acceleration(state + h / 2.0 * two, push)
        four = glonass_acceleration(state + h * three, push)
        moved = state + h / 6.0 * (one + 2.0 * two + 2.0 * three + four)
        state = np.where((k < steps)[:, None], moved, state)
    return state
