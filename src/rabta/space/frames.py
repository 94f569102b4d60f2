"""From the frame of SGP4 (TEME) to the Earth-fixed frame, and places of geostationary satellites."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.times import gmst_rad, julian_date

GEOSTATIONARY_RADIUS_M = 42_164_170.0  # ITU-R S.1503 and common use: 42 164.17 km from the Earth's centre


def earth_fixed(
    teme_km: NDArray[np.float64], errors: NDArray[np.uint8], times: NDArray[np.datetime64]
) -> NDArray[np.float32]:
    """Earth-fixed positions of SGP4 states.

    Parameters
    ----------
    teme_km : ndarray, shape (satellite, time, 3)
        True equator, mean equinox, kilometres.
    errors : ndarray of uint8, shape (satellite, time)
        SGP4 error codes; a state with one becomes NaN.
    times : ndarray of datetime64[ns], shape (time,)
        UTC.

    Returns
    -------
    ndarray of float32, shape (time, satellite, 3)
        Metres.

    Notes
    -----
    A rotation by Greenwich mean sidereal time gives the pseudo Earth-fixed frame (AIAA 2006-6753,
    appendix C). Left out: UT1-UTC (below 0.9 s, 0.45 km in low orbit; below 0.1 s, 50 m, since 2021) and
    polar motion (below 0.6 arc seconds, 20 m). Float32 rounds to 0.25 m in low orbit, 2 m in
    geosynchronous orbit.
    """
    from rabta.space._kernels import rotate

    angle = gmst_rad(*julian_date(times))
    out = np.empty((len(angle), teme_km.shape[0], 3), dtype=np.float32)
    rotate(teme_km, errors, np.cos(angle), np.sin(angle), out)
    return out


def earth_fixed_reference(
    teme_km: NDArray[np.float64], errors: NDArray[np.uint8], times: NDArray[np.datetime64]
) -> NDArray[np.float32]:
    """Same as `earth_fixed`, in NumPy."""
    angle = gmst_rad(*julian_date(times))
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = np.moveaxis(teme_km, -1, 0)
    turned = np.stack([c * x + s * y, c * y - s * x, z], axis=-1) * 1e3
    turned[errors != 0] = np.nan
    return np.swapaxes(turned, 0, 1).astype(np.float32)


def geostationary(longitude_deg: ArrayLike) -> NDArray[np.float64]:
    """Earth-fixed positions of geostationary satellites, shape (satellite, 3), metres.

    Examples
    --------
    >>> geostationary([0.0]).round().tolist()
    [[42164170.0, 0.0, 0.0]]
    """
    angle = np.radians(np.atleast_1d(np.asarray(longitude_deg, dtype=np.float64)))
    return GEOSTATIONARY_RADIUS_M * np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=-1)
