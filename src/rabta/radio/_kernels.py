"""Compiled kernels of the radio package; `tests/contract/test_radio_kernels.py` holds them to NumPy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel, prange

Array = NDArray[np.float64]


@kernel("float64(float64[:,::1], float64, float64, float64, float64)")
def oxygen_specific(lines: Array, f: float, p: float, rho: float, t: float) -> float:
    """`rabta.radio.gas.oxygen_specific` of one place."""
    theta = 300.0 / t
    e = rho * t / 216.7
    rise, strength, mixing = theta**0.8, 1e-7 * p * theta**3, 1e-4 * (p + e) * theta**0.8
    total = 0.0
    for i in range(lines.shape[0]):
        f0 = lines[i, 0]
        fall = rise if lines[i, 4] == 0.0 else theta ** (0.8 - lines[i, 4])
        width = lines[i, 3] * 1e-4 * (p * fall + 1.1 * e * theta)
        width2 = width * width + 2.25e-6
        width = math.sqrt(width2)
        overlap = (lines[i, 5] + lines[i, 6] * theta) * mixing
        below, above = f0 - f, f0 + f
        shape = (width - overlap * below) / (below * below + width2)
        shape += (width - overlap * above) / (above * above + width2)
        total += lines[i, 1] * strength * math.exp(lines[i, 2] * (1.0 - theta)) * f / f0 * shape
    d = 5.6e-4 * (p + e) * rise
    debye = 6.14e-5 / (d * (1.0 + (f / d) ** 2)) + 1.4e-12 * p * theta**1.5 / (1.0 + 1.9e-5 * f**1.5)
    return float(0.1820 * f * (total + f * p * theta**2 * debye))


@kernel("UniTuple(float64, 2)(float64[:,::1], float64, float64, float64, float64, float64)")
def water_specific_pair(
    lines: Array, f: float, g: float, p: float, rho: float, t: float
) -> tuple[float, float]:
    """`rabta.radio.gas.water_specific` of one place at two frequencies."""
    theta = 300.0 / t
    e = rho * t / 216.7
    log_theta, strength = math.log(theta), 0.1 * e * theta**3.5
    at_f, at_g = 0.0, 0.0
    for i in range(lines.shape[0]):
        f0 = lines[i, 0]
        width = p * math.exp(lines[i, 4] * log_theta) + lines[i, 5] * e * math.exp(lines[i, 6] * log_theta)
        width *= lines[i, 3] * 1e-4
        width = 0.535 * width + math.sqrt(0.217 * width * width + 2.1316e-12 * f0 * f0 / theta)
        line = lines[i, 1] * strength * math.exp(lines[i, 2] * (1.0 - theta)) * width / f0
        width2 = width * width
        at_f += line * (1.0 / ((f0 - f) ** 2 + width2) + 1.0 / ((f0 + f) ** 2 + width2))
        at_g += line * (1.0 / ((f0 - g) ** 2 + width2) + 1.0 / ((f0 + g) ** 2 + width2))
    return 0.1820 * f * f * at_f, 0.1820 * g * g * at_g


@kernel(
    "void(float64[:,::1], float64[:,::1], float64, float64, float64, float64, float64, "
    "float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1])",
    parallel=True,
)
def zenith_gas(
    oxygen: Array,
    water: Array,
    f: float,
    f_ref: float,
    p_ref: float,
    factor: float,
    exponent: float,
    pressure: Array,
    rho: Array,
    t: Array,
    vapour: Array,
    height: Array,
    dry_height: Array,
    out: Array,
) -> None:
    """`rabta.radio.slantpath.zenith_gas_db`; ``factor`` is 0 below 20 GHz."""
    for i in prange(out.shape[0]):
        dry = pressure[i] - rho[i] * t[i] / 216.7
        dry_db = oxygen_specific(oxygen, f, dry, rho[i], t[i]) * dry_height[i]
        rho_ref = vapour[i] / 2.38
        t_ref = 14.0 * math.log(0.22 * rho_ref) + 276.15
        here, there = water_specific_pair(water, f, f_ref, p_ref, rho_ref, t_ref)
        wet_db = 0.0176 * vapour[i] * here / there
        climb = min(max(height[i], 0.0), 4.0)
        out[i] = dry_db + wet_db * (factor * climb**exponent + 1.0)


@kernel("float64(float64, float64, float64, float64, float64, float64, float64, float64)")
def rain_001(
    lat: float, climb: float, rate: float, f: float, el_deg: float, k: float, alpha: float, sine: float
) -> float:
    """`rabta.radio.slantpath.rain_001_db` of one path."""
    if climb <= 0.0 or rate <= 0.0:
        return 0.0
    el = math.radians(el_deg)
    cosine = math.cos(el)
    slant = climb / sine
    ground = slant * cosine
    gamma = k * rate**alpha
    reduction = 1.0 / (1.0 + 0.78 * math.sqrt(ground * gamma / f) - 0.38 * (1.0 - math.exp(-2.0 * ground)))
    wet = ground * reduction / cosine if math.atan2(climb, ground * reduction) > el else slant
    chi = max(36.0 - abs(lat), 0.0)
    bend = 31.0 * (1.0 - math.exp(-el_deg / (1.0 + chi))) * math.sqrt(wet * gamma) / f**2
    return float(gamma * wet / (1.0 + math.sqrt(sine) * (bend - 0.45)))


@kernel("float64(float64, float64, float64, float64, float64)")
def rain_at(a001: float, p: float, lat: float, el_deg: float, sine: float) -> float:
    """`rabta.radio.slantpath.rain_at_percent` of one path."""
    if a001 <= 0.0:
        return 0.0
    beta = 0.0
    if p < 1.0 and abs(lat) < 36.0:
        beta = -0.005 * (abs(lat) - 36.0)
        if el_deg < 25.0:
            beta += 1.8 - 4.25 * sine
    power = 0.655 + 0.033 * math.log(p) - 0.045 * math.log(a001) - beta * (1.0 - p) * sine
    return float(a001 * (p / 0.01) ** -power)


@kernel(
    "void(float64, float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], "
    "float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[:,::1], float64[:,:,::1])",
    parallel=True,
)
def total_attenuation(
    f: float,
    lat: Array,
    height: Array,
    rain_height: Array,
    rate: Array,
    n_wet: Array,
    zenith_gas_db: Array,
    zenith_cloud_db: Array,
    elevation: Array,
    k: Array,
    alpha: Array,
    percent: Array,
    flicker: Array,
    out: Array,
) -> None:
    """`rabta.radio.slantpath.attenuation` of places x elevations x percentages.

    ``flicker`` is the scintillation for a standard deviation factor of one: elevation x percentage.
    """
    for i in prange(out.shape[0]):
        sigma = 3.6e-3 + 1e-4 * n_wet[i]
        for j in range(elevation.shape[0]):
            sine = math.sin(math.radians(elevation[j]))
            climb = rain_height[i] - height[i]
            worst = rain_001(lat[i], climb, rate[i], f, elevation[j], k[j], alpha[j], sine)
            for q in range(percent.shape[0]):
                wet = rain_at(worst, percent[q], lat[i], elevation[j], sine) + zenith_cloud_db[i] / sine
                out[i, j, q] = zenith_gas_db[i] / sine + math.hypot(wet, sigma * flicker[j, q])


@kernel(
    "void(int16[:,:,::1], float32[:,:,::1], float32[:,:,::1], int16[::1], float32[:,:,::1], float64, "
    "float64, float64[::1], float64[:,::1], float64[:,::1], float64[::1], float64[::1], float32[:,:,::1], "
    "float32[:,::1])",
    parallel=True,
)
def links(
    satellite: NDArray[np.int16],
    elevation: NDArray[np.float32],
    slant_m: NDArray[np.float32],
    system_of: NDArray[np.int16],
    carrier: NDArray[np.float32],
    first_deg: float,
    step_deg: float,
    flux_limit: Array,
    threshold: Array,
    bits: Array,
    channel_mhz: Array,
    cap_mbps: Array,
    efficiency: NDArray[np.float32],
    rate: NDArray[np.float32],
) -> None:
    """`rabta.radio.linkbudget.links_reference`: efficiency of each slot, best rate of each cell."""
    last = carrier.shape[2] - 1
    for i in prange(satellite.shape[0]):
        for c in range(satellite.shape[1]):
            best = 0.0
            for s in range(satellite.shape[2]):
                row = satellite[i, c, s]
                place = (elevation[i, c, s] - first_deg) / step_deg
                if row < 0 or place < 0.0:
                    efficiency[i, c, s] = 0.0
                    continue
                system = system_of[row]
                bin_ = min(int(place), last - 1)
                part = min(place - bin_, 1.0)
                base = carrier[c, system, bin_] * (1.0 - part) + carrier[c, system, bin_ + 1] * part
                found = base + min(-20.0 * math.log10(slant_m[i, c, s] / 1e3), flux_limit[system])
                value = 0.0
                if found >= threshold[system, 0]:  # false for NaN too
                    value = bits[system, np.searchsorted(threshold[system], found, side="right") - 1]
                efficiency[i, c, s] = value
                best = max(best, min(value * channel_mhz[system], cap_mbps[system]))
            rate[i, c] = best
