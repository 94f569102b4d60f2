"""Diffraction over edges, the sphere and a profile: ITU-R P.526-15.

Plain NumPy. Profiles are distances (km, from the transmitter) and heights (m over the sea); antennas are
given by their heights over the sea.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.526-15"
RANGES = {"frequency_ghz": (0.01, 1000.0), "radius_km": (1000.0, 200_000.0)}
LIGHT = 0.2998  # wavelength in metres times GHz, as in ITU-R P.2001
LAND = (22.0, 0.003)  # relative permittivity and conductivity (S/m)
SEA_WATER = (80.0, 5.0)


def knife_edge_db(parameter: ArrayLike) -> Array:
    """Loss of a single edge from its diffraction parameter v; 0 below -0.78. P.526-15, equation (31).

    Examples
    --------
    >>> knife_edge_db([-1.0, 0.0, 2.4]).round(2).tolist()
    [0.0, 6.03, 20.54]
    """
    v = np.asarray(parameter, dtype=np.float64)
    return np.where(v > -0.78, 6.9 + 20.0 * np.log10(np.hypot(v - 0.1, 1.0) + v - 0.1), 0.0)


def edge_parameter(
    height_m: ArrayLike, first_km: ArrayLike, second_km: ArrayLike, frequency_ghz: ArrayLike
) -> Array:
    """Parameter v of an edge that rises ``height_m`` over the straight line. P.526-15, equation (26).

    Examples
    --------
    >>> float(edge_parameter(20.0, 5.0, 5.0, 0.9).round(3))
    0.98
    """
    check_range("frequency_ghz", frequency_ghz, *RANGES["frequency_ghz"], RECOMMENDATION)
    a, b = np.asarray(first_km, np.float64), np.asarray(second_km, np.float64)
    wavelength = LIGHT / np.asarray(frequency_ghz, np.float64)
    return np.asarray(np.asarray(height_m, np.float64) * np.sqrt(0.002 * (a + b) / (wavelength * a * b)))


def bullington_db(
    distance_km: ArrayLike,
    height_m: ArrayLike,
    tx_m: float,
    rx_m: float,
    radius_km: float,
    frequency_ghz: float,
) -> float:
    """Bullington loss over a profile for an effective Earth radius. P.526-15, section 4.5.1.

    Raises
    ------
    RabtaError
        A frequency or radius out of range, a profile that is not sorted or has fewer than three points.
    """
    d, g = _profile(distance_km, height_m, radius_km, frequency_ghz)
    x, y, dn = d[1:-1], g[1:-1], d[-1]
    bulge = 500.0 / radius_km * x * (dn - x)
    direct, wavelength = (rx_m - tx_m) / dn, LIGHT / frequency_ghz
    steep = np.max((y + bulge - tx_m) / x)
    if steep < direct:
        over = y + bulge - (tx_m * (dn - x) + rx_m * x) / dn
        v = np.max(over * np.sqrt(0.002 * dn / (wavelength * x * (dn - x))))
    else:
        back = np.max((y + bulge - rx_m) / (dn - x))
        at = (rx_m - tx_m + back * dn) / (steep + back)
        over = tx_m + steep * at - (tx_m * (dn - at) + rx_m * at) / dn
        v = over * np.sqrt(0.002 * dn / (wavelength * at * (dn - at)))
    edge = float(knife_edge_db(v))
    return float(edge + (1.0 - np.exp(-edge / 6.0)) * (10.0 + 0.02 * dn))


def _profile(
    distance_km: ArrayLike, height_m: ArrayLike, radius_km: float, frequency_ghz: float
) -> tuple[Array, Array]:
    check_range("frequency_ghz", frequency_ghz, *RANGES["frequency_ghz"], RECOMMENDATION)
    check_range("radius_km", radius_km, *RANGES["radius_km"], RECOMMENDATION)
    d, g = np.asarray(distance_km, np.float64), np.asarray(height_m, np.float64)
    if d.ndim != 1 or d.shape != g.shape or d.size < 3 or not np.isfinite(g).all():
        raise RabtaError("not a profile", key="distance_km", value=d.shape, expected="3 points or more")
    if d[0] != 0.0 or not (np.diff(d) > 0.0).all():
        raise RabtaError("the distances of a profile are not sorted", key="distance_km", expected="0, rising")
    return d, g


def spherical_earth_db(
    distance_km: ArrayLike,
    tx_height_m: ArrayLike,
    rx_height_m: ArrayLike,
    radius_km: ArrayLike,
    frequency_ghz: ArrayLike,
    *,
    vertical: bool = True,
    sea_share: ArrayLike = 0.0,
) -> Array:
    """Diffraction loss over a smooth Earth for any distance. P.526-15, section 3.2.

    Parameters
    ----------
    tx_height_m, rx_height_m : array_like
        Over the smooth surface, positive.
    sea_share : array_like
        Part of the path over water, whose ground constants differ.

    Examples
    --------
    >>> float(spherical_earth_db(100.0, 30.0, 30.0, 8500.0, 1.0).round(1))
    65.2
    """
    check_range("frequency_ghz", frequency_ghz, *RANGES["frequency_ghz"], RECOMMENDATION)
    check_range("radius_km", radius_km, *RANGES["radius_km"], RECOMMENDATION)
    d, a, b, radius, f, sea = np.broadcast_arrays(
        *(np.asarray(v, np.float64) for v in (distance_km, tx_height_m, rx_height_m, radius_km)),
        *(np.asarray(v, np.float64) for v in (frequency_ghz, sea_share)),
    )
    check_range("tx_height_m", a, 1e-6, 1e6, RECOMMENDATION)
    check_range("rx_height_m", b, 1e-6, 1e6, RECOMMENDATION)
    reach = np.sqrt(a) + np.sqrt(b)
    beyond = d >= np.sqrt(0.002 * radius) * reach
    bent = np.where(beyond, radius, 500.0 * (d / reach) ** 2)
    first = (1.0 - sea) * first_term_db(d, a, b, bent, f, LAND, vertical=vertical)
    first = first + sea * first_term_db(d, a, b, bent, f, SEA_WATER, vertical=vertical)
    near, clear = clearance(d, a, b, radius)
    wanted = 17.456 * np.sqrt(np.abs(near * (d - near)) * LIGHT / f / d)
    part = np.where(clear > wanted, 0.0, (1.0 - clear / wanted) * np.maximum(first, 0.0))
    return np.where(beyond, first, part)


def clearance(
    distance_km: ArrayLike, a_m: ArrayLike, b_m: ArrayLike, radius_km: ArrayLike
) -> tuple[Array, Array]:
    """Where a ray comes nearest to the sphere (km from a), and how high it is there (m).

    P.526-15, equations (22) and (23); meant for ends in sight of each other.
    """
    d, a, b, radius = (np.asarray(v, np.float64) for v in (distance_km, a_m, b_m, radius_km))
    c, m = (a - b) / (a + b), 250.0 * d * d / (radius * (a + b))
    turn = np.arccos(np.clip(1.5 * c * np.sqrt(3.0 * m / (m + 1.0) ** 3), -1.0, 1.0))
    near = 0.5 * d * (1.0 + 2.0 * np.sqrt((m + 1.0) / (3.0 * m)) * np.cos((np.pi + turn) / 3.0))
    rest = d - near
    high = (a - 500.0 * near**2 / radius) * rest + (b - 500.0 * rest**2 / radius) * near
    return np.asarray(near), np.asarray(high / d)


def first_term_db(
    distance_km: ArrayLike,
    a_m: ArrayLike,
    b_m: ArrayLike,
    radius_km: ArrayLike,
    frequency_ghz: ArrayLike,
    ground: tuple[float, float] = LAND,
    *,
    vertical: bool = True,
) -> Array:
    """First term of the residue series; ``ground`` is permittivity and S/m. P.526-15, section 3.1.1."""
    d, a, b = (np.asarray(v, np.float64) for v in (distance_km, a_m, b_m))
    radius, f = (np.asarray(v, np.float64) for v in (radius_km, frequency_ghz))
    permittivity, loss = ground[0], 18.0 * ground[1] / f
    k = 0.036 * (radius * f) ** (-1.0 / 3.0) * ((permittivity - 1.0) ** 2 + loss**2) ** -0.25
    if vertical:
        k = k * np.sqrt(permittivity**2 + loss**2)
    beta = (1.0 + 1.6 * k**2 + 0.67 * k**4) / (1.0 + 4.5 * k**2 + 1.53 * k**4)
    x = 21.88 * beta * (f / radius**2) ** (1.0 / 3.0) * d
    y = 0.9575 * beta**2 * (f**2 / radius) ** (1.0 / 3.0)
    far = np.where(x >= 1.6, 11.0 + 10.0 * np.log10(x) - 17.6 * x, -20.0 * np.log10(x) - 5.6488 * x**1.425)
    return np.asarray(-far - _height_gain(y * a, k) - _height_gain(y * b, k))


def _height_gain(y: Array, k: Array) -> Array:
    over = np.maximum(y, 2.0) - 1.1
    high = 17.6 * np.sqrt(over) - 5.0 * np.log10(over) - 8.0
    return np.maximum(np.where(y > 2.0, high, 20.0 * np.log10(y + 0.1 * y**3)), 2.0 + 20.0 * np.log10(k))


def smooth_surface(distance_km: ArrayLike, height_m: ArrayLike) -> tuple[float, float]:
    """Heights of the surface fitted to a profile at its two ends. P.526-15, section 4.5.3."""
    d, h = np.asarray(distance_km, np.float64), np.asarray(height_m, np.float64)
    step, dn = np.diff(d), d[-1]
    v1 = np.sum(step * (h[1:] + h[:-1]))
    v2 = np.sum(step * (h[1:] * (2.0 * d[1:] + d[:-1]) + h[:-1] * (d[1:] + 2.0 * d[:-1])))
    return float((2.0 * v1 * dn - v2) / dn**2), float((v2 - v1 * dn) / dn**2)


def diffraction_surface(
    distance_km: ArrayLike, height_m: ArrayLike, tx_m: float, rx_m: float
) -> tuple[float, float]:
    """Smooth surface under the ends as diffraction sees it: below what obstructs. P.526-15, section 4.5.3."""
    d, h = np.asarray(distance_km, np.float64), np.asarray(height_m, np.float64)
    first, last = smooth_surface(d, h)
    x, dn = d[1:-1], d[-1]
    over = h[1:-1] - (tx_m * (dn - x) + rx_m * x) / dn
    if over.max() > 0.0:
        t, r = np.max(over / x), np.max(over / (dn - x))
        first, last = first - over.max() * t / (t + r), last - over.max() * r / (t + r)
    return min(first, float(h[0])), min(last, float(h[-1]))


def delta_bullington_db(
    distance_km: ArrayLike,
    height_m: ArrayLike,
    tx_m: float,
    rx_m: float,
    radius_km: float,
    frequency_ghz: float,
    *,
    vertical: bool = True,
    sea_share: float = 0.0,
    surface: tuple[float, float] | None = None,
) -> float:
    """Diffraction loss over a general profile. P.526-15, section 4.5.

    ``surface`` are the heights of the smooth surface at both ends where they do not follow from the profile
    itself (in P.1812 the profile has clutter on it, the surface has not).
    """
    d, h = _profile(distance_km, height_m, radius_km, frequency_ghz)
    first, last = surface or diffraction_surface(d, h, tx_m, rx_m)
    a, b = tx_m - first, rx_m - last
    actual = bullington_db(d, h, tx_m, rx_m, radius_km, frequency_ghz)
    level = bullington_db(d, np.zeros_like(d), a, b, radius_km, frequency_ghz)
    sphere = float(
        spherical_earth_db(d[-1], a, b, radius_km, frequency_ghz, vertical=vertical, sea_share=sea_share)
    )
    return actual + max(sphere - level, 0.0)
