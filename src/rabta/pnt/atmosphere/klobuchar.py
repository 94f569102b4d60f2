"""Klobuchar's ionosphere in the two forms that satellites broadcast: GPS's and BeiDou's.

GPS: IS-GPS-200N section 20.3.3.5.2.5 (also QZSS). BeiDou: BDS-SIS-ICD-B1I-3.0 section 5.2.4.7. They are
not the same formula: BeiDou's takes geographic latitude, a shell at 375 km, an exact mapping and a
cosine; its coefficients in GPS's formula are a different ionosphere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import geo
from rabta.errors import RabtaError, nearest
from rabta.pnt.gnsstime import BDT_LAG_S, NS
from rabta.pnt.signals import LIGHT_M_S

Array = NDArray[np.float64]

REFERENCE_HZ = {"gps": 1_575_420_000.0, "beidou": 1_561_098_000.0}  # L1 and B1I: the delay that is modelled
_DAY_NS = 86_400 * NS


def seconds_of_day(time: ArrayLike, form: str) -> Array:
    """Seconds of the day of instants: GPS time for ``gps``, BeiDou time for ``beidou``."""
    lag = BDT_LAG_S * NS if form == "beidou" else 0
    return np.asarray((np.asarray(time, dtype=np.int64) - lag) % _DAY_NS / NS)


def _cubic(coefficients: ArrayLike, x: Array) -> Array:
    c = np.asarray(coefficients, dtype=np.float64)
    if c.shape != (4,):
        raise RabtaError(
            "the Klobuchar model takes four alpha and four beta",
            key="coefficients",
            value=c.shape,
            expected="(4,)",
        )
    return np.asarray(((c[3] * x + c[2]) * x + c[1]) * x + c[0])


def _gps(alpha: ArrayLike, beta: ArrayLike, rays: tuple[Array, ...], seconds: Array) -> Array:
    """Delay at L1 in metres; the numbers are the document's, angles in semicircles."""
    lat, lon, azimuth, elevation = rays
    e = elevation / np.pi
    psi = 0.0137 / (e + 0.11) - 0.022
    phi = np.clip(lat / np.pi + psi * np.cos(azimuth), -0.416, 0.416)
    lam = lon / np.pi + psi * np.sin(azimuth) / np.cos(phi * np.pi)
    magnetic = phi + 0.064 * np.cos((lam - 1.617) * np.pi)
    local = (43_200.0 * lam + seconds) % 86_400.0
    amplitude = np.maximum(_cubic(alpha, magnetic), 0.0)
    x = 2.0 * np.pi * (local - 50_400.0) / np.maximum(_cubic(beta, magnetic), 72_000.0)
    day = np.where(np.abs(x) < 1.57, amplitude * (1.0 - x**2 / 2.0 + x**4 / 24.0), 0.0)
    return np.asarray(LIGHT_M_S * (1.0 + 16.0 * (0.53 - e) ** 3) * (5e-9 + day))


def _beidou(alpha: ArrayLike, beta: ArrayLike, rays: tuple[Array, ...], seconds: Array) -> Array:
    """Delay at B1I in metres; the numbers are the document's."""
    lat, lon, azimuth, elevation = rays
    ratio = 6378.0 / (6378.0 + 375.0) * np.cos(elevation)
    psi = np.pi / 2.0 - elevation - np.arcsin(ratio)
    sine = np.sin(lat) * np.cos(psi) + np.cos(lat) * np.sin(psi) * np.cos(azimuth)
    phi = np.arcsin(np.clip(sine, -1.0, 1.0))
    shift = np.sin(psi) * np.sin(azimuth) / np.maximum(np.cos(phi), 1e-12)
    lam = lon + np.arcsin(np.clip(shift, -1.0, 1.0))
    local = (seconds + lam * 43_200.0 / np.pi) % 86_400.0
    amplitude = np.maximum(_cubic(alpha, np.abs(phi) / np.pi), 0.0)
    period = np.clip(_cubic(beta, np.abs(phi) / np.pi), 72_000.0, 172_800.0)
    away = local - 50_400.0
    day = np.where(np.abs(away) < period / 4.0, amplitude * np.cos(2.0 * np.pi * away / period), 0.0)
    return np.asarray(LIGHT_M_S * (5e-9 + day) / np.sqrt(1.0 - ratio**2))


_FORMS = {"gps": _gps, "beidou": _beidou}


def delay_m(
    alpha: ArrayLike,
    beta: ArrayLike,
    position_m: ArrayLike,
    azimuth_deg: ArrayLike,
    elevation_deg: ArrayLike,
    time: ArrayLike,
    frequency_hz: ArrayLike,
    form: str = "gps",
) -> Array:
    """Slant delay of the ionosphere.

    Parameters
    ----------
    alpha, beta : array_like, shape (4,)
        As broadcast, in s, s/semicircle, s/semicircle^2, s/semicircle^3.
    position_m : array_like, shape (..., 3)
        Earth-fixed position of the receiver.
    azimuth_deg, elevation_deg, time, frequency_hz : array_like, shape (...)
        Of each ray; ``time`` in nanoseconds of GPS time. All broadcast against each other.
    form : str
        ``gps`` or ``beidou``: whose message the coefficients come from.

    Returns
    -------
    ndarray, shape (...)
        Metres at the frequency given (first order: inversely as its square).
    """
    if form not in _FORMS:
        raise RabtaError(
            "no such form of the Klobuchar model", key="form", value=form, expected=nearest(form, _FORMS)
        )
    lat, lon, _ = geo.geodetic_from_ecef(position_m)
    rays = tuple(np.radians(item) for item in (lat, lon, azimuth_deg, elevation_deg))
    scale = (REFERENCE_HZ[form] / np.asarray(frequency_hz, dtype=np.float64)) ** 2
    return np.asarray(scale * _FORMS[form](alpha, beta, rays, seconds_of_day(time, form)))
