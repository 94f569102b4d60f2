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
POLE_LAT, POLE_LON = math.radians(80.27), math.radians(-72.58)  # of BDGIM's geomagnetic frame


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


@inline
def bdgim_vertical(c: Array, lat: float, lon: float, day: float) -> float:
    """Vertical content in TECu: `rabta.pnt.atmosphere.bdgim.vertical_tecu`.

    ``c`` is a row of `bdgim.joined`; ``day`` the fraction of the UTC day.
    """
    pole, east_pole = POLE_LAT, POLE_LON
    x = math.sin(pole) * math.sin(lat) + math.cos(pole) * math.cos(lat) * math.cos(lon - east_pole)
    x = min(max(x, -1.0), 1.0)
    east = math.cos(lat) * math.sin(lon - east_pole)
    north = -(math.sin(lat) - math.sin(pole) * x) / math.cos(pole)
    sun = math.pi * (1.0 - 2.0 * day) - east_pole
    lam = math.atan2(east, north) - math.atan2(math.sin(sun), math.sin(pole) * math.cos(sun))
    c1, s1 = math.cos(lam), math.sin(lam)
    c2, s2 = c1 * c1 - s1 * s1, 2.0 * s1 * c1
    c3, s3 = c2 * c1 - s2 * s1, s2 * c1 + c2 * s1
    xx = x * x
    y2 = 1.0 - xx
    y = math.sqrt(y2)
    zonal = c[0] + c[1] * x + c[4] * (1.5 * xx - 0.5) + c[9] * x * (2.5 * xx - 1.5)
    zonal += c[16] * ((35.0 * xx - 30.0) * xx + 3.0) / 8.0
    zonal += c[21] * x * ((63.0 * xx - 70.0) * xx + 15.0) / 8.0
    p31, p41, p51 = 7.5 * xx - 1.5, x * (17.5 * xx - 7.5), ((39.375 * xx - 26.25) * xx) + 1.875
    first = (c[2] + c[5] * 3.0 * x + c[10] * p31 + c[17] * p41 + c[22] * p51) * c1
    first += (c[3] + c[6] * 3.0 * x + c[11] * p31 + c[18] * p41 + c[23] * p51) * s1
    p32, p42, p52 = 15.0 * x, 52.5 * xx - 7.5, x * (157.5 * xx - 52.5)
    second = (3.0 * c[7] + c[12] * p32 + c[19] * p42 + c[24] * p52) * c2
    second += (3.0 * c[8] + c[13] * p32 + c[20] * p42 + c[25] * p52) * s2
    third = 15.0 * (c[14] * c3 + c[15] * s3)
    return float(max(zonal + y * (first + y * (second + y * third)), c[26]))


@inline
def bdgim_delay(
    c: Array, rx: float, ry: float, rz: float, sx: float, sy: float, sz: float, day: float, frequency: float
) -> float:
    """Slant delay in metres: `rabta.pnt.atmosphere.bdgim.delay_m`, positions in metres."""
    wx, wy, wz = sx - rx, sy - ry, sz - rz
    length = math.sqrt(wx * wx + wy * wy + wz * wz)
    low = math.sqrt(rx * rx + ry * ry + rz * rz)
    cosine = min(max((rx * wx + ry * wy + rz * wz) / (low * length), -1.0), 1.0)
    zenith = math.acos(cosine)
    shell = 6_778_137.0
    # along the ray: both roots of the shell's sphere have the product shell^2 - low^2
    half = low * cosine
    along = (math.sqrt(half * half + shell * shell - low * low) - half) / length
    px, py, pz = rx + along * wx, ry + along * wy, rz + along * wz
    lat, lon = math.atan2(pz, math.sqrt(px * px + py * py)), math.atan2(py, px)
    ratio = 6_378.0 / 6_778.0 * math.sin(0.9782 * zenith)
    content = bdgim_vertical(c, lat, lon, day)
    return float(content * 40.3e16 / (frequency * frequency) / math.sqrt(1.0 - ratio * ratio))
