"""Compiled kernels: numbered Gaussian noise, and links behind drawn rain."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel, prange

F4 = NDArray[np.float32]
F8 = NDArray[np.float64]
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)


@inline
def _mix(z: np.uint64) -> np.uint64:
    """Finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, figure 16)."""
    z = (z ^ (z >> np.uint64(30))) * FIRST
    z = (z ^ (z >> np.uint64(27))) * SECOND
    return z ^ (z >> np.uint64(31))


@kernel("void(u8, f4[::1], f4[::1], c8[::1])")
def noise(key: np.uint64, normal: F4, amplitude: F4, out: NDArray[np.complex64]) -> None:
    """`rabta.radio.weather.field.noise_reference`: complex normal numbers times their amplitude.

    Number ``i`` of a stream is a function of key and ``i`` alone. One hash of 64 bits makes two complex
    numbers: each 16 bits look up a quantile in ``normal`` (65,536 of them).
    """
    for i in range((out.size + 1) // 2):
        z = _mix(key + np.uint64(i + 1) * GOLDEN)
        a = normal[np.int64(z & np.uint64(0xFFFF))]
        b = normal[np.int64((z >> np.uint64(16)) & np.uint64(0xFFFF))]
        out[2 * i] = np.complex64(complex(a * amplitude[2 * i], b * amplitude[2 * i]))
        if 2 * i + 1 < out.size:
            c = normal[np.int64((z >> np.uint64(32)) & np.uint64(0xFFFF))]
            d = normal[np.int64(z >> np.uint64(48))]
            out[2 * i + 1] = np.complex64(complex(c * amplitude[2 * i + 1], d * amplitude[2 * i + 1]))


@kernel(
    "void(int16[:,:,::1], float32[:,:,::1], float32[:,:,::1], int16[::1], float32[:,:,::1], "
    "float32[:,:,:,::1], float32[:,::1], float64[::1], float64, float64, float64[::1], float64[:,::1], "
    "float64[:,::1], float64[::1], float64[::1], float32[:,:,::1], float32[:,::1])",
    parallel=True,
)
def links(
    satellite: NDArray[np.int16],
    elevation: F4,
    slant_m: F4,
    system_of: NDArray[np.int16],
    dry: F4,
    carrier: F4,
    percent: F4,
    nodes: F8,
    first_deg: float,
    step_deg: float,
    flux_limit: F8,
    threshold: F8,
    bits: F8,
    channel_mhz: F8,
    cap_mbps: F8,
    efficiency: F4,
    rate: F4,
) -> None:
    """`rabta.radio.weather.links.rates_reference`: `rabta.radio._kernels.links` behind drawn rain.

    ``carrier`` has one more dimension, the percentages of ``nodes``; ``dry`` is the sky without rain, a table
    of its own because nearly all cells are dry and ask the memory for nothing else.
    """
    last, deepest = dry.shape[2] - 1, nodes.size - 1
    for i in prange(satellite.shape[0]):
        for c in range(satellite.shape[1]):
            wet, low, share = percent[i, c] <= 99.0, 0, 0.0
            if wet:
                p = min(max(float(percent[i, c]), nodes[0]), nodes[deepest])
                low = min(np.searchsorted(nodes, p, side="right") - 1, deepest - 1)
                share = (nodes[low] ** -0.3 - p**-0.3) / (nodes[low] ** -0.3 - nodes[low + 1] ** -0.3)
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
                if wet:
                    here, next_ = carrier[c, system, bin_], carrier[c, system, bin_ + 1]
                    below = here[low] * (1.0 - share) + here[low + 1] * share
                    above = next_[low] * (1.0 - share) + next_[low + 1] * share
                else:
                    below, above = float(dry[c, system, bin_]), float(dry[c, system, bin_ + 1])
                found = below * (1.0 - part) + above * part
                found += min(-20.0 * math.log10(slant_m[i, c, s] / 1e3), flux_limit[system])
                value = 0.0
                if found >= threshold[system, 0]:  # false for NaN too
                    value = bits[system, np.searchsorted(threshold[system], found, side="right") - 1]
                efficiency[i, c, s] = value
                best = max(best, min(value * channel_mhz[system], cap_mbps[system]))
            rate[i, c] = best
