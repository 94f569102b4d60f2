"""Delays of one ray as scalar formulas, in radians and metres: kernels of navigation call them.

The vectorised faces beside this file (`klobuchar`, `troposphere`) are their references;
`tests/contract/test_atmosphere_kernels.py` holds the two together.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline

Array = NDArray[np.float64]

LIGHT = 299_792_458.0


@inline
def klobuchar_gps(
    coefficients: Array, lat: float, lon: float, azimuth: float, elevation: float, seconds: float
) -> float:
    """Delay at L1 in metres: `rabta.pnt.atmosphere.klobuchar.delay_m`, form ``gps``.

    ``coefficients`` are alpha 0..3 and beta 0..3, ``seconds`` GPS time (its day counts).
    """
    e = elevation / math.pi
    psi = 0.0137 / (e + 0.11) - 0.022
    phi = min(max(lat / math.pi + psi * math.cos(azimuth), -0.416), 0.416)
    lam = lon / math.pi + psi * math.sin(azimuth) / math.cos(phi * math.pi)
    m = phi + 0.064 * math.cos((lam - 1.617) * math.pi)
    t = (43200.0 * lam + seconds) % 86400.0
    a, b = 0.0, 0.0
    for i in range(3, -1, -1):
        a = a * m + coefficients[i]
        b = b * m + coefficients[4 + i]
    x = 2.0 * math.pi * (t - 50400.0) / max(b, 72000.0)
    zenith = 5e-9
    if abs(x) < 1.57:
        zenith += max(a, 0.0) * (1.0 - x * x / 2.0 + x**4 / 24.0)
    return LIGHT * (1.0 + 16.0 * (0.53 - e) ** 3) * zenith


@inline
def klobuchar_beidou(
    coefficients: Array, lat: float, lon: float, azimuth: float, elevation: float, seconds: float
) -> float:
    """Delay at B1I in metres: `rabta.pnt.atmosphere.klobuchar.delay_m`, form ``beidou``.

    ``coefficients`` are alpha 0..3 and beta 0..3, ``seconds`` BeiDou time (its day counts).
    """
    ratio = 6378.0 / (6378.0 + 375.0) * math.cos(elevation)
    psi = math.pi / 2.0 - elevation - math.asin(ratio)
    sine = math.sin(lat) * math.cos(psi) + math.cos(lat) * math.sin(psi) * math.cos(azimuth)
    phi = math.asin(min(max(sine, -1.0), 1.0))
    shift = math.sin(psi) * math.sin(azimuth) / max(math.cos(phi), 1e-12)
    lam = lon + math.asin(min(max(shift, -1.0), 1.0))
    t = (seconds + lam * 43200.0 / math.pi) % 86400.0
    m = abs(phi / math.pi)
    a, b = 0.0, 0.0
    for i in range(3, -1, -1):
        a = a * m + coefficients[i]
        b = b * m + coefficients[4 + i]
    b = min(max(b, 72000.0), 172800.0)
    zenith = 5e-9
    if abs(t - 50400.0) < b / 4.0:
        zenith += max(a, 0.0) * math.cos(2.0 * math.pi * (t - 50400.0) / b)
    return LIGHT * zenith / math.sqrt(1.0 - ratio * ratio)


@inline
def saastamoinen(lat: float, height: float, elevation: float, humidity: float) -> float:
    """Slant delay in metres: `rabta.pnt.atmosphere.troposphere.saastamoinen_m`.

    Heights beyond -1 and 20 km count as these (a search for a position begins anywhere); elevations
    below 2 degrees as 2.
    """
    h = min(max(height, -1000.0), 20000.0)
    below = min(h, 11000.0)
    kelvin = 288.15 - 0.0065 * below
    pressure = 1013.25 * (kelvin / 288.15) ** 5.25588 * math.exp((below - h) / 6341.62)
    celsius = kelvin - 273.15
    vapour = humidity * 6.1121 * math.exp(17.502 * celsius / (240.97 + celsius))
    dry = 0.0022768 * pressure / (1.0 - 0.00266 * math.cos(2.0 * lat) - 2.8e-7 * h)
    wet = 0.002277 * (1255.0 / kelvin + 0.05) * vapour
    sine = math.sin(max(elevation, math.pi / 90.0))
    return float((dry + wet) * 1.001 / math.sqrt(0.002001 + sine * sine))
