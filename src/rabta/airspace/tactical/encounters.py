"""Two aircraft: closest approach, when well clear is lost, and how loudly to say so.

Well clear of small unmanned aircraft from crewed ones is 2,000 ft and 250 ft (A. Weinert et al., "Well-clear
recommendation for small unmanned aircraft systems based on unmitigated collision risk", J. Air Transp. 26(3),
2018, doi 10.2514/1.D0091; taken up by ASTM F3442), a near mid-air collision 500 ft and 100 ft. Between small
unmanned aircraft no standard says: 50 ft and 15 ft for a near collision is the candidate of A. Weinert et
al., "Near midair collision analog for drones based on unmitigated collision risk", J. Air Transp. 30(2),
2022; 50 m and 30 m of well clear are an assumption, the protected zone of city studies with BlueSky.
The seconds of the levels are an assumption too, after those of RTCA DO-365 (25 s for a warning); F3442 states
risk ratios and leaves times to who builds. A level holds all conditions of those below it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
FOOT_M = 0.3048


@dataclass(frozen=True)
class Volumes:
    """What must stay empty around an aircraft, and how long before that an alert is due.

    Attributes
    ----------
    clear_m, clear_half_m : float
        Radius and half height of well clear.
    near_m, near_half_m : float
        Radius and half height of a near mid-air collision.
    seconds : tuple of float
        Seconds ahead of the levels 1 (advisory) and 2 (well clear will be lost), and of 3 (near collision).
    """

    clear_m: float
    clear_half_m: float
    near_m: float
    near_half_m: float
    seconds: tuple[float, float, float] = (60.0, 25.0, 25.0)

    def row(self) -> list[float]:
        """The numbers in the order of the kernel."""
        return [self.clear_m, self.clear_half_m, self.near_m, self.near_half_m, *self.seconds]


CREWED = Volumes(2_000 * FOOT_M, 250 * FOOT_M, 500 * FOOT_M, 100 * FOOT_M)
DRONES = Volumes(50.0, 30.0, 50 * FOOT_M, 15 * FOOT_M)


def closest(apart_m: ArrayLike, closing_m_s: ArrayLike) -> tuple[Array, Array]:
    """Time and horizontal distance of the closest approach of straight flights.

    Parameters
    ----------
    apart_m : array_like, shape (..., 3)
        Position of the other less one's own: east, north, up.
    closing_m_s : array_like, shape (..., 3)
        One's own velocity less the other's.

    Returns
    -------
    seconds, distance_m : ndarray, shape (...)
        Of the horizontal approach; negative seconds lie behind. Zero where they keep their distance.
    """
    p, w = np.asarray(apart_m, float)[..., :2], np.asarray(closing_m_s, float)[..., :2]
    speed2 = (w * w).sum(-1)
    at = np.where(speed2 > 1e-12, (p * w).sum(-1) / np.where(speed2 > 1e-12, speed2, 1.0), 0.0)
    return at, np.hypot(*np.moveaxis(p - at[..., None] * w, -1, 0))


def entry_s(apart_m: ArrayLike, closing_m_s: ArrayLike, radius_m: float, half_m: float) -> Array:
    """Seconds until the other is within a cylinder: 0 where it is, infinite where it never will be."""
    p, w = np.asarray(apart_m, float), np.asarray(closing_m_s, float)
    at, distance = closest(p, w)
    speed = np.hypot(w[..., 0], w[..., 1])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        half = np.sqrt(np.maximum(radius_m**2 - distance**2, 0.0)) / speed
        begin, end = np.where(distance <= radius_m, at - half, np.inf), np.where(
            distance <= radius_m, at + half, -np.inf)  # fmt: skip
        still = speed < 1e-6
        inside = np.hypot(p[..., 0], p[..., 1]) <= radius_m
        begin = np.where(still, np.where(inside, -np.inf, np.inf), begin)
        end = np.where(still, np.where(inside, np.inf, -np.inf), end)
        bounds = np.sort(
            np.stack([(p[..., 2] - half_m) / w[..., 2], (p[..., 2] + half_m) / w[..., 2]]), axis=0
        )
    even = np.abs(w[..., 2]) < 1e-9
    beside = np.abs(p[..., 2]) <= half_m
    low = np.where(even, np.where(beside, -np.inf, np.inf), bounds[0])
    high = np.where(even, np.where(beside, np.inf, -np.inf), bounds[1])
    first, last = np.maximum(np.maximum(begin, low), 0.0), np.minimum(end, high)
    return np.where(first <= last, first, np.inf)


def levels(apart_m: ArrayLike, closing_m_s: ArrayLike, volumes: Volumes = CREWED) -> NDArray[np.int8]:
    """Alert level of encounters: 0 none, 1 advisory, 2 well clear is or will be lost, 3 near collision.

    Examples
    --------
    A head-on encounter of a drone at 15 m/s with an aircraft at 45 m/s, 3 km, 2 km and 1 km apart:

    >>> levels([[3000, 0, 0], [2000, 0, 0], [1000, 0, 0]], [[60, 0, 0]] * 3).tolist()
    [1, 2, 3]
    """
    lost = entry_s(apart_m, closing_m_s, volumes.clear_m, volumes.clear_half_m)
    near = entry_s(apart_m, closing_m_s, volumes.near_m, volumes.near_half_m)
    first, second, third = (
        lost <= volumes.seconds[0],
        lost <= volumes.seconds[1],
        near <= volumes.seconds[2],
    )
    return np.where(first & second & third, 3, np.where(first & second, 2, np.where(first, 1, 0))).astype(
        np.int8
    )
