"""The geostationary arc as seen from the ground, and how far from it a satellite stands.

Non-geostationary systems share spectrum with geostationary ones (Radio Regulations, article 22); many filings
promise that no user link comes closer to the arc than an angle at the user's place (ITU-R S.1503, the angle
alpha). The arc here is the circle of radius 42,164.17 km over the equator, as far as it stands above the
horizontal plane; terrain is left out. The least angle is exact: its root is found by Newton's method.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

F8 = NDArray[np.float64]

ARC_M = 42_164_170.0  # semi-major axis of the geostationary orbit, ITU-R S.1503
ROUNDS = 4  # of Newton's method, from a point that is a few degrees off at worst
MORE = 1.005  # times an angle: further than this from the arc's point of the same hour angle is clear


def arc_table(cell_m: F8, up: F8) -> F8:
    """What the kernel needs to know of the arc over each place, shape (place, 8).

    Columns: distance from the Earth's axis and height over the equator (m); half the arc's length above the
    horizon (rad; -1 where none is); sine and cosine of the lowest topocentric declination of the arc, and of
    the highest; cosine of the half.

    Parameters
    ----------
    cell_m, up : ndarray, shape (place, 3)
        Earth-fixed positions and vertical unit vectors.
    """
    away = np.hypot(cell_m[:, 0], cell_m[:, 1])
    high = cell_m[:, 2]
    level = np.einsum("ci,ci->c", up, cell_m) / (ARC_M * np.maximum(np.hypot(up[:, 0], up[:, 1]), 1e-12))
    half = np.where(level < 1.0, np.arccos(np.clip(level, -1.0, 1.0)), -1.0)
    reach = np.maximum(half, 0.0)
    ends = [_declination(away, high, angle) for angle in (np.zeros_like(reach), reach)]
    low, top = np.minimum(*ends), np.maximum(*ends)
    ends_of = (np.sin(low), np.cos(low), np.sin(top), np.cos(top), np.cos(reach))
    return np.ascontiguousarray(np.stack([away, high, half, *ends_of], axis=1))


def _declination(away: F8, high: F8, longitude: F8) -> F8:
    """Topocentric declination of a point of the arc so far (rad) from the place's meridian."""
    far = np.sqrt(ARC_M**2 + away**2 + high**2 - 2.0 * ARC_M * away * np.cos(longitude))
    return np.asarray(np.arcsin(-high / far))


def avoidance_table(avoidance_deg: ArrayLike, satellites: int) -> F8:
    """Cosine and sine of each satellite's angle, and the cosine of a little more, shape (satellite, 3).

    No rows where nobody keeps away.
    """
    angle = np.radians(np.broadcast_to(np.asarray(avoidance_deg, dtype=np.float64), (satellites,)))
    if not (angle > 0.0).any():
        return np.empty((0, 3))
    table = np.stack([np.cos(angle), np.sin(angle), np.cos(MORE * angle)], axis=1)
    table[angle <= 0.0] = 2.0, 0.0, 2.0  # cosines that nothing reaches
    return np.ascontiguousarray(table)


def separation_deg(cell_m: F8, up: F8, satellites_m: F8) -> F8:
    """Least angle at each place between each satellite and the arc above the horizon; infinity without arc.

    Parameters
    ----------
    cell_m, up : ndarray, shape (place, 3)
        Earth-fixed positions and vertical unit vectors.
    satellites_m : ndarray, shape (satellite, 3)
        Earth-fixed positions.

    Returns
    -------
    ndarray, shape (place, satellite)

    Examples
    --------
    At the equator the arc passes through the zenith.

    >>> here, up = np.array([[6_378_137.0, 0.0, 0.0]]), np.array([[1.0, 0.0, 0.0]])
    >>> north = np.array([[7e6, 0.0, 7e6 - 6_378_137.0]])
    >>> round(float(separation_deg(here, up, north)[0, 0]), 6)
    45.0
    """
    table = arc_table(cell_m, up)
    away, high, half = (table[:, i, None] for i in range(3))
    offset = satellites_m[None] - cell_m[:, None]
    offset = offset / np.linalg.norm(offset, axis=2, keepdims=True)
    axis = cell_m[:, :2] / np.maximum(away, 1e-9)
    x = offset[..., 0] * axis[:, None, 0] + offset[..., 1] * axis[:, None, 1]
    y = offset[..., 1] * axis[:, None, 0] - offset[..., 0] * axis[:, None, 1]
    z = offset[..., 2]
    point = _nearest(x, y, z, away, high, np.maximum(half, 0.0))
    toward, far = _toward(x, y, z, away, high, point)[:2]
    angle = np.degrees(np.arccos(np.clip(toward / far, -1.0, 1.0)))
    return np.asarray(np.where(half < 0.0, np.inf, angle))


def _toward(x: F8, y: F8, z: F8, away: F8, high: F8, point: F8) -> tuple[F8, F8, F8, F8]:
    """Way to a point of the arc along that to the satellite, its length; cosine and sine of its longitude."""
    cosine, sine = np.cos(point), np.sin(point)
    toward = x * (ARC_M * cosine - away) + y * ARC_M * sine - z * high
    far = np.sqrt(ARC_M**2 + away**2 + high**2 - 2.0 * ARC_M * away * cosine)
    return toward, far, cosine, sine


def _nearest(x: F8, y: F8, z: F8, away: F8, high: F8, half: F8) -> F8:
    """Longitude (rad, from the place's meridian) of the point of the arc that is nearest to a satellite.

    It starts at the satellite's own hour angle, where the way along (x, y) from the place meets the circle.
    """
    flat = np.hypot(x, y)
    ahead, aside = (np.divide(a, flat, out=np.zeros_like(flat), where=flat > 0.0) for a in (x, y))
    way = np.sqrt(ARC_M**2 - (away * aside) ** 2) - away * ahead
    point = np.clip(np.arctan2(way * aside, away + way * ahead), -half, half)
    for _ in range(ROUNDS):
        toward, far, cosine, sine = _toward(x, y, z, away, high, point)
        turn = ARC_M * (y * cosine - x * sine)
        slope = turn * far**2 - toward * ARC_M * away * sine
        bend = -ARC_M * (x * cosine + y * sine) * far**2 + ARC_M * away * (turn * sine - toward * cosine)
        step = np.divide(slope, bend, out=np.zeros_like(slope), where=bend < 0.0)
        point = np.clip(point - step, -half, half)
    return np.asarray(point)
