"""Gas along a bent ray, line by line: ITU-R P.676-13, Annex 1, section 2.2, in the atmosphere of P.835-6."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio import gas
from rabta.radio.itu import check_range
from rabta.radio.sky import _kernels

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.676-13, Annex 1"
RANGES = {
    "frequency_ghz": (1.0, 1000.0),
    "elevation_deg": (0.0, 90.0),
    "height_km": (0.0, 10.0),
    "vapour_g_m3": (0.5, 50.0),
}
TOP_KM, EARTH_KM, SCALE_KM = 100.0, 6371.0, 2.0
# P.835-6, Annex 1, table: geopotential base (km), base temperature (K), gradient (K/km), base pressure (hPa).
_LAYERS = np.array(
    [(0.0, 288.15, -6.5, 1013.25), (11.0, 216.65, 0.0, 226.3226), (20.0, 216.65, 1.0, 54.74980),
     (32.0, 228.65, 2.8, 8.680422), (47.0, 270.65, 0.0, 1.109106), (51.0, 270.65, -2.8, 0.6694167),
     (71.0, 214.65, -2.0, 0.03956649)]
)  # fmt: skip
_HIGH = (95.571899, -4.011801, 6.424731e-2, -4.789660e-4, 1.340543e-6)  # P.835-6, equation (4a)
_BELOW = (
    2.0,
    6.0,
    12.0,
    20.06,
    32.16,
)  # km, ends of the stretches in which every place has a state of its own
_FIXED = (32.16, 40.0, 47.3, 51.4, 60.0, 71.8, 86.0, 100.0)
_NODES = 8


def atmosphere(height_km: ArrayLike, vapour_g_m3: ArrayLike = 7.5) -> tuple[Array, Array, Array]:
    """Total pressure (hPa), temperature (K) and water vapour (g/m3) of the mean annual global atmosphere.

    Parameters
    ----------
    height_km : array_like
        0 to 100 km.
    vapour_g_m3 : array_like
        At the level of the sea; it falls with a scale height of 2 km, to a mixing ratio of 2e-6.

    Notes
    -----
    ITU-R P.835-6, Annex 1, sections 1.1 and 1.2.

    Examples
    --------
    >>> [round(float(v), 2) for v in atmosphere(11.0)]
    [227.0, 216.77, 0.03]
    """
    check_range("height_km", height_km, 0.0, TOP_KM, "ITU-R P.835-6")
    h = np.asarray(height_km, dtype=np.float64)
    z = 6356.766 * h / (6356.766 + h)
    base, warm, slope, pressure = _LAYERS[np.searchsorted(_LAYERS[1:, 0], z, side="left")].T
    base, warm, slope, pressure = base.T, warm.T, slope.T, pressure.T
    t = warm + slope * (z - base)
    steep = np.where(slope == 0.0, 1.0, slope)
    p = pressure * np.where(
        slope == 0.0, np.exp(-34.1632 * (z - base) / warm), (warm / t) ** (34.1632 / steep)
    )
    far = np.sqrt(1.0 - ((np.maximum(h, 91.0) - 91.0) / 19.9429) ** 2)
    t = np.where(h > 91.0, 263.1905 - 76.3232 * far, np.where(h >= 86.0, 186.8673, t))
    p = np.where(h >= 86.0, np.exp(np.polyval(_HIGH[::-1], h)), p)
    rho = np.maximum(np.asarray(vapour_g_m3) * np.exp(-h / SCALE_KM), 2e-6 * 216.7 * p / t)
    return np.asarray(p), np.asarray(t), np.asarray(rho)


def refractive_index(pressure_hpa: ArrayLike, temperature_k: ArrayLike, vapour_g_m3: ArrayLike) -> Array:
    """Of the air. ITU-R P.453-14, equations (1) and (2)."""
    t = np.asarray(temperature_k, dtype=np.float64)
    e = np.asarray(vapour_g_m3) * t / 216.7
    return np.asarray(
        1.0 + 1e-6 * (77.6 * (np.asarray(pressure_hpa) - e) / t + 72.0 * e / t + 3.75e5 * e / t**2)
    )


def layers_km(height_km: float, top_km: float = TOP_KM, finer: int = 1) -> Array:
    """Thickness of the layers from a height up. P.676-13, Annex 1, equations (14) and (16).

    They grow by 1 % from 0.1 m at the sea; ``finer`` divides both.
    """
    rate = 0.01 / finer
    grow = np.expm1(rate)
    low, high = (np.log1p(1e4 * finer * v * grow) / rate + 1.0 for v in (height_km, top_km))
    i = np.arange(int(np.floor(low)), int(np.ceil(high)))
    thick = np.exp(rate * (i - i[0]))
    return np.asarray(thick * ((top_km - height_km) / thick.sum()))


def gas_db_layered(
    frequency_ghz: float,
    elevation_deg: float,
    height_km: float = 0.0,
    vapour_g_m3: float = 7.5,
    finer: int = 1,
) -> float:
    """Attenuation of one path to space by the Recommendation's layers: the reference of `gas_db`.

    P.676-13, Annex 1, equations (13) to (18).
    """
    thick = layers_km(height_km, finer=finer)
    bottom = height_km + np.concatenate([[0.0], np.cumsum(thick)[:-1]])
    middle = np.minimum(bottom + thick / 2.0, TOP_KM)
    p, t, rho = atmosphere(middle, vapour_g_m3)
    n, r = refractive_index(p, t, rho), EARTH_KM + bottom
    cosine = np.sqrt(1.0 - (n[0] * r[0] / (n * r) * np.cos(np.radians(elevation_deg))) ** 2)
    length = -r * cosine + np.sqrt((r * cosine) ** 2 + 2.0 * r * thick + thick**2)
    dry = p - rho * t / 216.7
    gamma = gas.oxygen_specific(frequency_ghz, dry, rho, t) + gas.water_specific(frequency_ghz, dry, rho, t)
    return float(length @ gamma)


def gas_db(
    frequency_ghz: float, elevation_deg: ArrayLike, height_km: ArrayLike = 0.0, vapour_g_m3: ArrayLike = 7.5
) -> Array:
    """Attenuation by gas of paths to space, line by line along the bent ray, compiled.

    Parameters
    ----------
    frequency_ghz : float
        1 to 1,000 GHz.
    elevation_deg, height_km, vapour_g_m3 : array_like
        Apparent elevation 0 to 90 degrees and height 0 to 10 km of each station; water vapour density at the
        level of the sea. Broadcast against each other.

    Notes
    -----
    The integral that P.676-13, Annex 1, equations (13) to (18) sum over 922 layers, by Gauss-Legendre nodes
    in the root of the climb, which takes the horizon's root away.
    """
    check_range("frequency_ghz", frequency_ghz, *RANGES["frequency_ghz"], RECOMMENDATION)
    check_range("elevation_deg", elevation_deg, *RANGES["elevation_deg"], RECOMMENDATION)
    check_range("height_km", height_km, *RANGES["height_km"], RECOMMENDATION)
    check_range("vapour_g_m3", vapour_g_m3, *RANGES["vapour_g_m3"], RECOMMENDATION)
    parts = np.broadcast_arrays(elevation_deg, height_km, vapour_g_m3)
    cosine, height, vapour = (np.ascontiguousarray(np.ravel(v), dtype=np.float64) for v in parts)
    out = np.empty(height.size)
    oxygen, water = gas.lines()
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    above = _above(float(frequency_ghz))
    _kernels.slant_gas(
        oxygen, water, float(frequency_ghz), _LAYERS, np.array(_BELOW), nodes, weights, *above,
        np.cos(np.radians(cosine)), height, vapour, out,
    )  # fmt: skip
    return out.reshape(parts[0].shape)


@cache
def _above(frequency_ghz: float) -> tuple[Array, Array, Array]:
    """Nodes above the weather: height, refractive index, and attenuation a km times the node's weight."""
    nodes, weights = np.polynomial.legendre.leggauss(3 * _NODES)
    edges = np.array(_FIXED)
    half = np.diff(edges)[:, None] / 2.0
    h = (edges[:-1, None] + half * (nodes + 1.0)).ravel()
    p, t, rho = atmosphere(h)
    dry = p - rho * t / 216.7
    gamma = gas.oxygen_specific(frequency_ghz, dry, rho, t) + gas.water_specific(frequency_ghz, dry, rho, t)
    return h, refractive_index(p, t, rho), gamma * (half * weights).ravel()
