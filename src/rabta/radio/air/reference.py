"""The geometry, rays and fading of P.528-5 said plainly: what the compiled kernels are held to.

Rays run through P.676's layers with the air of each computed anew, where the kernels use tables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.radio._kernels import oxygen_specific, water_specific_pair
from rabta.radio.air.atmosphere import refractivity, state
from rabta.radio.air.p528 import fading
from rabta.radio.gas import lines

Array = NDArray[np.float64]

EARTH_KM, EFFECTIVE_KM = 6371.0, 9257.0
TANGENT_KM = 1e-3


@dataclass(frozen=True)
class Ray:
    """A ray: length in km, absorption in dB, bending and zenith angle at its top in radians."""

    length: float
    gas: float
    bending: float
    zenith: float


@dataclass(frozen=True)
class Terminal:
    """A terminal of section 4: height, horizon's distance, angle and ray, effective height; km, rad."""

    height: float
    horizon: float
    grazing: float
    ray: Ray
    lifted: float


def specific_attenuation(ghz: float, height_km: float) -> float:
    """Absorption in dB/km: P.676, Annex 1, in the air of P.835."""
    t, p, e = (float(x) for x in state(height_km))
    oxygen, water = lines()
    rho = 216.7 * e / t
    wet = water_specific_pair(water, ghz, ghz, p, rho, t)[0]
    return oxygen_specific(oxygen, ghz, p, rho, t) + wet


def trace(ghz: float, low_km: float, high_km: float, sine: float = 1.0) -> Ray:
    """Ray from a height upwards: P.676, equations (13) to (22)."""
    first = math.floor(100.0 * math.log(1e4 * low_km * math.expm1(0.01) + 1.0) + 1.0)
    last = math.ceil(100.0 * math.log(1e4 * high_km * math.expm1(0.01) + 1.0) + 1.0)
    if last <= first:
        return Ray(0.0, 0.0, 0.0, math.asin(sine))
    growth = np.exp((np.arange(first, last) - 1) / 100.0)
    m = (math.exp(0.02) - math.exp(0.01)) / (math.exp(last / 100.0) - math.exp(first / 100.0))
    thick = m * (high_km - low_km) * growth
    bottom = low_km + np.concatenate([[0.0], np.cumsum(thick)])
    middle = bottom[:-1] + thick / 2.0
    n = 1.0 + 1e-6 * refractivity(middle)
    gamma = np.array([specific_attenuation(ghz, float(h)) for h in middle])
    r, top = EARTH_KM + bottom[:-1], EARTH_KM + bottom[1:]
    beta = np.arcsin(np.minimum(1.0, n[0] * r[0] / (n * r) * sine))
    alpha = np.arcsin(np.minimum(1.0, n[0] * r[0] / (n * top) * sine))
    level = r * np.cos(beta)
    length = -level + np.sqrt(level**2 + 2.0 * r * thick + thick**2)
    bending = np.arcsin(n[:-1] / n[1:] * np.sin(alpha[:-1])) - alpha[:-1]
    return Ray(float(length.sum()), float((length * gamma).sum()), float(bending.sum()), float(alpha[-1]))


def lowest(height_km: float, sine: float) -> float:
    """Lowest height of a ray that leaves downwards: P.676, section 2.2.2, to a metre."""

    def reach(h: float) -> float:
        return (1.0 + 1e-6 * float(refractivity(h))) * (EARTH_KM + h)

    start, h, step, over = reach(height_km) * sine, height_km, height_km / 2.0, 1.0
    while abs(over) > TANGENT_KM:
        h += step if over <= 0.0 else -step
        step, over = step / 2.0, reach(h) - start
    return h


def slant(ghz: float, low_km: float, high_km: float, elevation: float) -> tuple[float, float]:
    """Length and absorption between two heights, in km and dB; downwards first below the horizontal."""
    if elevation >= 0.0:
        ray = trace(ghz, low_km, high_km, math.cos(elevation))
        return ray.length, ray.gas
    h = lowest(low_km, math.cos(elevation))
    up, on = trace(ghz, h, low_km), trace(ghz, h, high_km)
    return up.length + on.length, up.gas + on.gas


def terminal(ghz: float, height_km: float) -> Terminal:
    """Geometry of a terminal: section 4."""
    ray = trace(ghz, 0.0, height_km)
    grazing = math.pi / 2.0 - ray.zenith
    horizon = EARTH_KM * (grazing + ray.bending)
    lifted = EFFECTIVE_KM / math.cos(horizon / EFFECTIVE_KM) - EFFECTIVE_KM
    return Terminal(height_km, horizon, grazing, ray, lifted)


def ends(low: Terminal, high: Terminal) -> Array:
    """Two terminals as rows that the kernels read."""
    rows = [
        (t.height, t.horizon, t.grazing, t.ray.length, t.ray.gas, t.horizon / EFFECTIVE_KM, t.lifted)
        for t in (low, high)
    ]
    return np.array([[*row, row[0] - row[6]] for row in rows])


def optics(low: Terminal, high: Terminal, psi: float) -> tuple[float, ...]:
    """Rays over the reflecting point: section 7; as the kernel of that name."""
    a = EARTH_KM / (1.0 + (EARTH_KM / EFFECTIVE_KM - 1.0) * math.cos(psi))
    share = (a - EARTH_KM) / (EFFECTIVE_KM - EARTH_KM)
    h = np.array([t.height - (t.height - t.lifted) * share for t in (low, high)])
    z = a + h
    theta = np.arccos(a * math.cos(psi) / z) - psi
    d = z * np.sin(theta)
    h = h if psi > 1.56 else d * math.tan(psi)
    alpha = math.atan((h[1] - h[0]) / d.sum())
    direct = max(abs(z[0] - z[1]), d.sum() / math.cos(alpha))
    reflected = d.sum() / math.cos(psi)
    longer = 4.0 * h[0] * h[1] / (direct + reflected)
    distance = max(a * float(theta.sum()), 0.0)
    found = (distance, direct, reflected, longer, alpha - theta[0], d[0], d[1], a)
    return tuple(float(x) for x in found)


def fade(ratio_db: float, percent: float) -> float:
    """Nakagami-Rice fading in dB, linear between the tabulated ratios and percentages."""
    curves, ratios, percents = fading()
    row = [float(np.interp(ratio_db, ratios, curves[:, j])) for j in range(len(percents))]
    return float(np.interp(percent, percents, row))


def fresnel(psi: float, mhz: float) -> complex:
    """Reflection of horizontal polarisation by Fresnel's formula, with the ground of section 9."""
    ground = complex(15.0, -18000.0 * 0.005 / mhz)
    root = (ground - math.cos(psi) ** 2) ** 0.5
    return (math.sin(psi) - root) / (math.sin(psi) + root)
