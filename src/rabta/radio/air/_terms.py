"""Compiled terms of P.528-5 that know no paths: reflection, diffraction, variability and fading.

Equation numbers are those of Annex 2. `_kernels` puts them together.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel

Array = NDArray[np.float64]

PERMITTIVITY, CONDUCTIVITY = 15.0, 0.005


@kernel("UniTuple(float64, 2)(float64, float64, int64)")
def reflection(psi: float, f: float, vertical: int) -> tuple[float, float]:
    """Magnitude and phase lag of the ground's reflection: section 9."""
    sine, cosine = math.sin(psi), math.cos(psi)
    x = 18000.0 * CONDUCTIVITY / f
    y = PERMITTIVITY - cosine * cosine
    t = math.sqrt(y * y + x * x) + y
    p = math.sqrt(t * 0.5)
    q = x / (2.0 * p)
    square = p * p + q * q
    if vertical:
        b = (PERMITTIVITY**2 + x * x) / square
        a = 2.0 * (p * PERMITTIVITY + q * x) / square
        alpha = math.atan2(PERMITTIVITY * sine - q, PERMITTIVITY * sine - p)
        beta = math.atan2(x * sine + q, PERMITTIVITY * sine + p)
    else:
        b, a = 1.0 / square, 2.0 * p / square
        alpha, beta = math.atan2(-q, sine - p), math.atan2(q, sine + p)
    ratio = (1.0 + b * sine * sine - a * sine) / (1.0 + b * sine * sine + a * sine)
    return math.sqrt(ratio), alpha - beta


@kernel("float64(float64)")
def exceeded(q: float) -> float:
    """Inverse of the complementary normal distribution. P.1057 by Abramowitz and Stegun 26.2.23."""
    x = 1.0 - q if q > 0.5 else q
    t = math.sqrt(-2.0 * math.log(x))
    z = t - ((0.010328 * t + 0.802853) * t + 2.515516) / (
        ((0.001308 * t + 0.189269) * t + 1.432788) * t + 1.0
    )
    return -z if q > 0.5 else z


@kernel("UniTuple(float64, 3)(float64, float64, float64, float64, float64, float64)")
def long_term(
    horizons: float, d: float, f: float, p: float, share: float, loss: float
) -> tuple[float, float, float]:
    """Long-term variability at p % and at 50 %, and its limit near free space: section 14."""
    d_q = horizons + 65.0 * (100.0 / f) ** (1.0 / 3.0)
    e = 130.0 * d / d_q if d <= d_q else 130.0 + d - d_q
    g10 = g90 = 1.05
    if f <= 1600.0:
        wave = math.sin(5.22 * math.log10(f / 200.0))
        g10, g90 = 0.21 * wave + 1.28, 0.18 * wave + 1.23
    log = math.log(e) if e > 0.0 else -math.inf
    f90 = 3.2 + 5.0 * math.exp(-3.78e-8 * math.exp(2.88 * log))
    z90 = (2.93e-4 * math.exp(2.00 * log) - f90) * math.exp(-1.02e-7 * math.exp(3.15 * log)) + f90
    f10 = 5.4 + 4.6 * math.exp(-1.57e-6 * math.exp(2.31 * log))
    z10 = (5.25e-4 * math.exp(1.97 * log) - f10) * math.exp(-4.70e-7 * math.exp(2.90 * log)) + f10
    f50 = 3.9 * math.exp(-1.56e-11 * math.exp(4.08 * log))
    median = (1.59e-5 * math.exp(2.32 * log) - f50) * math.exp(-2.77e-8 * math.exp(3.25 * log)) + f50
    upper = z10 * g10
    if p == 50.0:
        y = 0.0
    elif p > 50.0:
        y = -exceeded(p / 100.0) / exceeded(0.9) * z90 * g90
    elif p >= 10.0:
        y = exceeded(p / 100.0) / exceeded(0.1) * upper
    elif p >= 5.0:
        y = (1.3265 + (1.0 - 1.3265) * (p - 5.0) / 5.0) * upper
    elif p >= 2.0:
        y = (1.7166 + (1.3265 - 1.7166) * (p - 2.0) / 3.0) * upper
    else:
        y = (1.9507 + (1.7166 - 1.9507) * (p - 1.0)) * upper
    limit = max(loss + share * (upper + median) - 3.0, 0.0)
    value = share * (y + median) - limit
    if p < 10.0:
        if p >= 5.0:
            most = 3.7 - 3.7 * (p - 5.0) / 5.0
        elif p >= 2.0:
            most = 4.5 - 0.8 * (p - 2.0) / 3.0
        else:
            most = 5.0 - 0.5 * (p - 1.0)
        value = min(value + loss, most) - loss
    return value, share * median - limit, limit


@kernel("float64(float64[:,::1], float64[::1], float64[::1], float64, float64)")
def short_term(curves: Array, ratios: Array, percents: Array, k: float, p: float) -> float:
    """Nakagami-Rice fading in dB, between the tabulated ratios and percentages."""
    i = 1
    while i < ratios.shape[0] - 1 and ratios[i] < k:
        i += 1
    j = 1
    while j < percents.shape[0] - 1 and percents[j] < p:
        j += 1
    u = min(max((k - ratios[i - 1]) / (ratios[i] - ratios[i - 1]), 0.0), 1.0)
    v = (p - percents[j - 1]) / (percents[j] - percents[j - 1])
    before = curves[i - 1, j - 1] + u * (curves[i, j - 1] - curves[i - 1, j - 1])
    after = curves[i - 1, j] + u * (curves[i, j] - curves[i - 1, j])
    return float(before + v * (after - before))


@kernel("float64(float64[:,::1], float64[::1], float64)")
def ratio_at_99(curves: Array, ratios: Array, fade: float) -> float:
    """K of the distribution that has a given value at 99 %: equation (13-5)."""
    last = curves.shape[1] - 1
    if fade < curves[0, last]:
        return float(ratios[0])
    for i in range(1, ratios.shape[0]):
        if fade < curves[i, last]:
            u = (fade - curves[i - 1, last]) / (curves[i, last] - curves[i - 1, last])
            return float(ratios[i - 1] + u * (ratios[i] - ratios[i - 1]))
    return float(ratios[-1])


@kernel("float64(float64, float64, float64, float64)")
def combine(value: float, median: float, fading: float, p: float) -> float:
    """Quantile of the sum of long-term and short-term variability."""
    both = math.sqrt((value - median) ** 2 + fading**2)
    return median + both if p < 50.0 else median - both


@kernel("float64(float64, float64)")
def vogler(x: float, k: float) -> float:
    """Height gain of smooth-earth diffraction in dB: section 10."""
    straight = 40.0 * math.log10(x) - 117.0
    far = 0.05751 * x - 10.0 * math.log10(x)
    if x > 2000.0:
        return far
    if x > 200.0:
        weight = 0.0134 * x * math.exp(-0.005 * x)
        return weight * straight + (1.0 - weight) * far
    if x >= 450.0 / -(math.log10(k) ** 3):
        return max(straight, -117.0)
    return 20.0 * math.log10(k) - 15.0 + 0.000025 * x * x / k


@kernel("float64(float64, float64, float64, float64, int64)")
def diffraction(d1: float, d2: float, d: float, f: float, vertical: int) -> float:
    """Smooth-earth diffraction loss in dB: section 10."""
    s, e = 18000.0 * CONDUCTIVITY / f, PERMITTIVITY
    ground = (e - 1.0) ** 2 + s * s
    k = 0.01778 * f ** (-1.0 / 3.0) * ground**-0.25
    if vertical:
        k *= math.sqrt(e * e + s * s)
    scale = (1.607 - k) * f ** (1.0 / 3.0)
    x = scale * d
    far = 0.05751 * x - 10.0 * math.log10(x)
    return float(far - vogler(scale * d1, k) - vogler(scale * d2, k) - 20.0)
