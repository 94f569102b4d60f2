"""A plane on which shortest paths are straight: gnomonic, of the sphere that fits the ellipsoid at a place.

Distances and edges differ from the ellipsoid's by less than a millimetre in 10 km (see the test against
geodesics; C. F. F. Karney, "Algorithms for geodesics", J. Geodesy 87, 2013).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.geo import WGS84_A_M, WGS84_E2, east_north_up, ecef_from_geodetic

Array = NDArray[np.float64]


def radius_m(lat_deg: float) -> float:
    """Gaussian radius of curvature: the geometric mean of the meridian's and the prime vertical's."""
    w2 = 1.0 - WGS84_E2 * np.sin(np.radians(lat_deg)) ** 2
    return float(WGS84_A_M * np.sqrt(1.0 - WGS84_E2) / w2)


def project(lat_deg: ArrayLike, lon_deg: ArrayLike, at: tuple[float, float]) -> Array:
    """Plane coordinates of places around one.

    Parameters
    ----------
    lat_deg, lon_deg : array_like, shape (n,)
    at : tuple of float
        Latitude and longitude of the place where the plane touches.

    Returns
    -------
    ndarray, shape (n, 2)
        East and north, in metres of the plane; `distance` tells those on the ground. Not a number for what
        lies beyond the horizon.
    """
    local = (ecef_from_geodetic(lat_deg, lon_deg) - ecef_from_geodetic(*at)) @ east_north_up(*at).T
    radius = radius_m(at[0])
    down = radius + local[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(down > 0.0, radius / down, np.nan)
    return np.asarray(local[:, :2] * scale[:, None])


def distance(plane_m: ArrayLike, lat_deg: float) -> Array:
    """Distance on the ground of what lies so far from the middle of the plane."""
    radius = radius_m(lat_deg)
    return np.asarray(radius * np.arctan(np.asarray(plane_m, float) / radius))


def reach(ground_m: float, lat_deg: float) -> float:
    """Distance on the plane of what lies so far on the ground."""
    radius = radius_m(lat_deg)
    return float(radius * np.tan(ground_m / radius))
