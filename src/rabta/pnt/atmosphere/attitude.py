"""How satellites stand in space, what follows for the phase, and how gravity lengthens the way.

Nominal attitude as the IGS states it: Montenbruck et al., "GNSS satellite geometry and attitude models",
Adv. Space Res. 56 (2015). Turns at noon and midnight are not modelled.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import geo
from rabta.errors import RabtaError, nearest

Array = NDArray[np.float64]

MODES = ("yaw-steering", "orbit-normal")
EARTH_RATE = 7.292115e-5  # rad/s: WGS 84
_GM, _LIGHT = 3.986004418e14, 299_792_458.0


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector, axis=-1, keepdims=True))


def axes(
    satellite_m: ArrayLike,
    sun_m: ArrayLike,
    velocity_m_s: ArrayLike | None = None,
    mode: str = "yaw-steering",
) -> Array:
    """Body axes of satellites in the Earth-fixed frame.

    Parameters
    ----------
    satellite_m, sun_m : array_like, shape (..., 3)
        Earth-fixed positions (`bodies.sun_m`).
    velocity_m_s : array_like, shape (..., 3), optional
        Earth-fixed velocity; needed for ``orbit-normal``.
    mode : str
        ``yaw-steering``: x toward the Sun's side, y along the solar panels. ``orbit-normal``: y against the
        orbit's normal (BeiDou GEO always, BeiDou-2 IGSO and MEO while the Sun is near the orbit's plane).

    Returns
    -------
    ndarray, shape (..., 3, 3)
        Rows are x, y and z, z toward the Earth's centre.
    """
    position = np.asarray(satellite_m, dtype=np.float64)
    z = -_unit(position)
    if mode == "yaw-steering":
        y = _unit(np.cross(z, _unit(np.asarray(sun_m, dtype=np.float64) - position)))
    elif mode == "orbit-normal" and velocity_m_s is not None:
        inertial = np.asarray(velocity_m_s) + np.cross(np.array([0.0, 0.0, EARTH_RATE]), position)
        y = -_unit(np.cross(position, inertial))
    else:
        wrong = "orbit-normal needs a velocity" if mode in MODES else "no such attitude"
        raise RabtaError(wrong, key="mode", value=mode, expected=nearest(mode, MODES))
    z, y = np.broadcast_arrays(z, y)
    return np.stack([np.cross(y, z), y, z], axis=-2)


def windup_cycles(receiver_m: ArrayLike, satellite_m: ArrayLike, satellite_axes: ArrayLike) -> Array:
    """Wind-up of right-hand circular phase, between -0.5 and 0.5 cycles.

    Wu et al. 1993 (Manuscripta Geodaetica 18), equation 19 with the receiver's x to the east and y to the
    north. A phase observation holds it: subtract it. Along a pass use `continuous`.

    Parameters
    ----------
    receiver_m, satellite_m : array_like, shape (..., 3)
    satellite_axes : array_like, shape (..., 3, 3)
        From `axes`.
    """
    receiver = np.asarray(receiver_m, dtype=np.float64)
    body = np.asarray(satellite_axes, dtype=np.float64)
    lat, lon, _ = geo.geodetic_from_ecef(receiver)
    local = geo.east_north_up(lat, lon)
    k = _unit(receiver - np.asarray(satellite_m, dtype=np.float64))
    there = _dipole(k, body[..., 0, :], -body[..., 1, :])
    here = _dipole(k, local[..., 0, :], local[..., 1, :])
    cosine = np.sum(_unit(there) * _unit(here), axis=-1)
    sign = np.sum(k * np.cross(there, here), axis=-1)
    return np.asarray(np.copysign(np.arccos(np.clip(cosine, -1.0, 1.0)), sign) / (2.0 * np.pi))


def _dipole(k: Array, x: Array, y: Array) -> Array:
    """Effective dipole of crossed ones across the way of propagation."""
    return np.asarray(x - k * np.sum(k * x, axis=-1, keepdims=True) + np.cross(k, y))


def continuous(cycles: ArrayLike) -> Array:
    """Wind-up without jumps of whole cycles along the last axis, time."""
    return np.asarray(np.unwrap(np.asarray(cycles, dtype=np.float64), period=1.0, axis=-1))


def shapiro_m(receiver_m: ArrayLike, satellite_m: ArrayLike) -> Array:
    """Extra path by the Earth's gravity: IERS Conventions 2010, equation 11.17; to be added to a range.

    Examples
    --------
    >>> round(float(shapiro_m([6.378e6, 0.0, 0.0], [2.656e7, 0.0, 0.0])), 4)
    0.0127
    """
    receiver, satellite = np.asarray(receiver_m, dtype=np.float64), np.asarray(satellite_m, dtype=np.float64)
    low, high = np.linalg.norm(receiver, axis=-1), np.linalg.norm(satellite, axis=-1)
    way = np.linalg.norm(satellite - receiver, axis=-1)
    return np.asarray(2.0 * _GM / _LIGHT**2 * np.log((low + high + way) / (low + high - way)))
