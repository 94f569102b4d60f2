"""Compiled kernels of the sky; `tests/contract/test_sky_kernels.py` holds them to NumPy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel, prange
from rabta.radio._kernels import oxygen_specific, rain_001, rain_at

Array = NDArray[np.float64]


@kernel("float64(float64[:,::1], float64, float64, float64, float64)")
def water_specific(lines: Array, f: float, p: float, rho: float, t: float) -> float:
    """`rabta.radio.gas.water_specific` of one place."""
    theta = 300.0 / t
    e = rho * t / 216.7
    log_theta, strength, total = math.log(theta), 0.1 * e * theta**3.5, 0.0
    for i in range(lines.shape[0]):
        f0 = lines[i, 0]
        width = p * math.exp(lines[i, 4] * log_theta) + lines[i, 5] * e * math.exp(lines[i, 6] * log_theta)
        width *= lines[i, 3] * 1e-4
        width = 0.535 * width + math.sqrt(0.217 * width * width + 2.1316e-12 * f0 * f0 / theta)
        shape = 1.0 / ((f0 - f) ** 2 + width * width) + 1.0 / ((f0 + f) ** 2 + width * width)
        total += lines[i, 1] * strength * math.exp(lines[i, 2] * (1.0 - theta)) * width / f0 * shape
    return float(0.1820 * f * f * total)


@kernel("UniTuple(float64, 3)(float64[:,::1], float64, float64)")
def low_air(layers: Array, h: float, rho0: float) -> tuple[float, float, float]:
    """`rabta.radio.sky.raypath.atmosphere` of one place below 32 km."""
    z = 6356.766 * h / (6356.766 + h)
    if z <= 11.0:
        t = layers[0, 1] + layers[0, 2] * z
        p = layers[0, 3] * (layers[0, 1] / t) ** (34.1632 / layers[0, 2])
    elif z <= 20.0:
        t = layers[1, 1]
        p = layers[1, 3] * math.exp(-34.1632 * (z - 11.0) / t)
    else:
        t = layers[2, 1] + layers[2, 2] * (z - 20.0)
        p = layers[2, 3] * (layers[2, 1] / t) ** (34.1632 / layers[2, 2])
    rho = max(rho0 * math.exp(-h / 2.0), 2e-6 * 216.7 * p / t)
    return p, t, rho


@kernel("float64(float64, float64, float64)")
def index(p: float, t: float, rho: float) -> float:
    """`rabta.radio.sky.raypath.refractive_index` of one place."""
    e = rho * t / 216.7
    return float(1.0 + 1e-6 * (77.6 * (p - e) / t + 72.0 * e / t + 3.75e5 * e / (t * t)))


@kernel(
    "void(float64[:,::1], float64[:,::1], float64, float64[:,::1], float64[::1], float64[::1], float64[::1], "
    "float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1])",
    parallel=True,
)
def slant_gas(
    oxygen: Array,
    water: Array,
    f: float,
    layers: Array,
    below: Array,
    nodes: Array,
    weights: Array,
    above_km: Array,
    above_n: Array,
    above_db: Array,
    cosine: Array,
    height: Array,
    vapour: Array,
    out: Array,
) -> None:
    """`rabta.radio.sky.raypath.gas_db`: own states to 32 km, above them the nodes given."""
    for i in prange(out.shape[0]):
        p, t, rho = low_air(layers, height[i], vapour[i])
        bent = index(p, t, rho) * (6371.0 + height[i]) * cosine[i]
        total, low = 0.0, 0.0
        for k in range(below.shape[0]):
            # The climb is the square of what the nodes divide evenly.
            high = math.sqrt(max(below[k] - height[i], 0.0))
            half = (high - low) / 2.0
            for j in range(nodes.shape[0] if half > 0.0 else 0):
                root = low + half * (nodes[j] + 1.0)
                h = height[i] + root * root
                p, t, rho = low_air(layers, h, vapour[i])
                dry = p - rho * t / 216.7
                gamma = oxygen_specific(oxygen, f, dry, rho, t) + water_specific(water, f, dry, rho, t)
                lean = bent / (index(p, t, rho) * (6371.0 + h))
                total += gamma * 2.0 * root * half * weights[j] / math.sqrt(max(1.0 - lean * lean, 1e-18))
            low = max(low, high)
        for j in range(above_km.shape[0]):
            lean = bent / (above_n[j] * (6371.0 + above_km[j]))
            total += above_db[j] / math.sqrt(1.0 - lean * lean)
        out[i] = total


@kernel(
    "void(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], "
    "float64[:,::1], float64[:,::1], float64[:,::1], float64[:,:,::1], float64[:,:,::1], "
    "float64[:,:,:,::1], float64[:,:,::1], int16[:,:,:,:,::1])",
    parallel=True,
)
def atlas(
    frequency: Array,
    lat: Array,
    height: Array,
    rain_height: Array,
    rate: Array,
    n_wet: Array,
    zenith_gas: Array,
    zenith_cloud: Array,
    elevation: Array,
    k: Array,
    alpha: Array,
    flicker: Array,
    percent: Array,
    out: NDArray[np.int16],
) -> None:
    """`rabta.radio.sky.atlas.totals_reference` in hundredths of a dB.

    Place x slot x band x period x availability. Shapes: gas and cloud (band, place), elevation (slot, place),
    k and alpha (band, slot, place), flicker (band, slot, availability, place), percent (period, availability,
    place); -1 where the slot is too low.
    """
    for i in prange(out.shape[0]):
        sigma = 3.6e-3 + 1e-4 * n_wet[i]
        climb = rain_height[i] - height[i]
        for s in range(elevation.shape[0]):
            el = elevation[s, i]
            if not el >= 5.0:
                out[i, s] = -1
                continue
            sine = math.sin(math.radians(el))
            for b in range(frequency.shape[0]):
                worst = rain_001(lat[i], climb, rate[i], frequency[b], el, k[b, s, i], alpha[b, s, i], sine)
                for m in range(percent.shape[0]):
                    for q in range(percent.shape[1]):
                        wet = zenith_cloud[b, i] / sine
                        if percent[m, q, i] > 0.0:
                            wet += rain_at(worst, percent[m, q, i], lat[i], el, sine)
                        total = zenith_gas[b, i] / sine + math.hypot(wet, sigma * flicker[b, s, q, i])
                        out[i, s, b, m, q] = min(round(100.0 * total), 32767)
