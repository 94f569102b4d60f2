"""Attenuation by oxygen and water vapour: ITU-R P.676-13 line by line, and zenith values for slant paths."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

REFERENCE_GHZ = 20.6  # P.676-12, equation (41)
REFERENCE_HPA = 845.0
VAPOUR_KG_M2 = (0.1, 200.0)  # columnar content the zenith formula is used for

# P.676-12, table 3: oxygen lines (c_i, f_i) that raise the equivalent height of dry air.
_DRY_LINES = np.array(
    [(0.1597, 118.750334), (0.1066, 368.498246), (0.1325, 424.763020), (0.1242, 487.249273),
     (0.0938, 715.392902), (0.1448, 773.839490), (0.1374, 834.145546)]
)  # fmt: skip
# P.676-13, table 4: water vapour lines (f_i, a_i, b_i) of the equivalent height.
_WET_LINES = np.array(
    [(22.235080, 2.6846, 2.7649), (183.310087, 5.8905, 4.9219), (325.152888, 2.9810, 3.0748)]
)


@cache
def lines() -> tuple[Array, Array]:
    """Line tables of oxygen and water vapour; rows are (f, six coefficients). P.676-13, tables 1 and 2."""
    data = catalog.entry("absorption", "oxygen-water").data
    return np.array(data["oxygen"], dtype=np.float64), np.array(data["water"], dtype=np.float64)


def oxygen_specific(
    frequency_ghz: ArrayLike, dry_hpa: ArrayLike, vapour_g_m3: ArrayLike, temperature_k: ArrayLike
) -> Array:
    """Specific attenuation of dry air in dB/km.

    Parameters
    ----------
    frequency_ghz : array_like
        1 to 1,000 GHz.
    dry_hpa : array_like
        Pressure of the *dry* air: total pressure less the vapour pressure.
    vapour_g_m3, temperature_k : array_like
        Water vapour density and temperature.

    Notes
    -----
    ITU-R P.676-13, Annex 1, equations (1) to (9).
    """
    f, p, rho, t = _columns(frequency_ghz, dry_hpa, vapour_g_m3, temperature_k)
    f0, a1, a2, a3, a4, a5, a6 = lines()[0].T
    theta, e = 300.0 / t, rho * t / 216.7
    strength = a1 * 1e-7 * p * theta**3 * np.exp(a2 * (1.0 - theta))
    width = a3 * 1e-4 * (p * theta ** (0.8 - a4) + 1.1 * e * theta)
    width = np.sqrt(width**2 + 2.25e-6)
    overlap = (a5 + a6 * theta) * 1e-4 * (p + e) * theta**0.8
    resonant = (strength * _shape(f, f0, width, overlap)).sum(axis=-1)
    f, p, theta, e = f[..., 0], p[..., 0], theta[..., 0], e[..., 0]
    d = 5.6e-4 * (p + e) * theta**0.8
    debye = 6.14e-5 / (d * (1.0 + (f / d) ** 2)) + 1.4e-12 * p * theta**1.5 / (1.0 + 1.9e-5 * f**1.5)
    return np.asarray(0.1820 * f * (resonant + f * p * theta**2 * debye))


def water_specific(
    frequency_ghz: ArrayLike, dry_hpa: ArrayLike, vapour_g_m3: ArrayLike, temperature_k: ArrayLike
) -> Array:
    """Specific attenuation of water vapour in dB/km; parameters as in `oxygen_specific`.

    ITU-R P.676-13, Annex 1, equations (1) to (7).
    """
    f, p, rho, t = _columns(frequency_ghz, dry_hpa, vapour_g_m3, temperature_k)
    f0, b1, b2, b3, b4, b5, b6 = lines()[1].T
    theta, e = 300.0 / t, rho * t / 216.7
    strength = b1 * 0.1 * e * theta**3.5 * np.exp(b2 * (1.0 - theta))
    width = b3 * 1e-4 * (p * theta**b4 + b5 * e * theta**b6)
    width = 0.535 * width + np.sqrt(0.217 * width**2 + 2.1316e-12 * f0**2 / theta)
    resonant = (strength * _shape(f, f0, width, 0.0)).sum(axis=-1)
    return np.asarray(0.1820 * f[..., 0] * resonant)


def _columns(*values: ArrayLike) -> tuple[Array, ...]:
    check_range("frequency_ghz", values[0], 1.0, 1000.0, "ITU-R P.676-13")
    return tuple(np.asarray(v, dtype=np.float64)[..., None] for v in values)


def _shape(f: Array, f0: Array, width: Array, overlap: Array | float) -> Array:
    below, above = f0 - f, f0 + f
    low = (width - overlap * below) / (below**2 + width**2)
    high = (width - overlap * above) / (above**2 + width**2)
    return np.asarray(f / f0 * (low + high))


def oxygen_height_km(frequency_ghz: ArrayLike, pressure_hpa: ArrayLike, temperature_k: ArrayLike) -> Array:
    """Equivalent height of dry air; ``pressure_hpa`` is the total pressure.

    ITU-R P.676-12, Annex 2, equations (30) to (34). Edition 13 tabulates it over frequency instead
    (a data file of its own); the closed form is kept because it needs no file.
    """
    check_range("frequency_ghz", frequency_ghz, 1.0, 350.0, "ITU-R P.676, Annex 2")
    f, r, t = np.broadcast_arrays(
        np.asarray(frequency_ghz, dtype=np.float64),
        np.asarray(pressure_hpa, dtype=np.float64) / 1013.25,
        np.asarray(temperature_k, dtype=np.float64),
    )
    t1 = 5.1040 / (1.0 + 0.066 * r**-2.3) * np.exp(-(((f - 59.7) / (2.87 + 12.4 * np.exp(-7.9 * r))) ** 2))
    c, f0 = _DRY_LINES.T
    grown = (f[..., None] - f0) ** 2 + 0.025 * np.exp(2.2 * r)[..., None]
    t2 = (c * np.exp(2.12 * r)[..., None] / grown).sum(axis=-1)
    cubic = (15.02 * f**2 - 1353.0 * f + 5.333e4) / (f**3 - 151.3 * f**2 + 9629.0 * f - 6803.0)
    t3 = 0.0114 * f / (1.0 + 0.14 * r**-2.6) * cubic
    scale = 0.7832 + 0.00709 * (t - 273.15)
    height = 6.1 * scale / (1.0 + 0.17 * r**-1.1) * (1.0 + t1 + t2 + t3)
    return np.asarray(np.where(f < 70.0, np.minimum(height, 10.7 * r**0.3), height))


def water_height_km(frequency_ghz: ArrayLike) -> Array:
    """Equivalent height of water vapour. ITU-R P.676-13, Annex 2, equation (37)."""
    check_range("frequency_ghz", frequency_ghz, 1.0, 350.0, "ITU-R P.676, Annex 2")
    f = np.asarray(frequency_ghz, dtype=np.float64)
    f0, a, b = _WET_LINES.T
    return np.asarray(5.6585e-5 * f + 1.8348 + (a / ((f[..., None] - f0) ** 2 + b)).sum(axis=-1))


def zenith_oxygen_db(
    frequency_ghz: ArrayLike, pressure_hpa: ArrayLike, vapour_g_m3: ArrayLike, temperature_k: ArrayLike
) -> Array:
    """Zenith attenuation of dry air from the *total* surface pressure. P.676, Annex 2, section 2."""
    e = np.asarray(vapour_g_m3) * np.asarray(temperature_k) / 216.7
    gamma = oxygen_specific(frequency_ghz, np.asarray(pressure_hpa) - e, vapour_g_m3, temperature_k)
    return np.asarray(gamma * oxygen_height_km(frequency_ghz, pressure_hpa, temperature_k))


def zenith_water_db(frequency_ghz: ArrayLike, vapour_kg_m2: ArrayLike, height_km: ArrayLike) -> Array:
    """Zenith attenuation of water vapour from the columnar content at the station.

    ITU-R P.676-12, Annex 2, section 2.3, equations (39) to (43); the station height counts up to 4 km.
    """
    f, v, h = np.broadcast_arrays(
        np.asarray(frequency_ghz, dtype=np.float64),
        np.asarray(vapour_kg_m2, dtype=np.float64),
        np.clip(np.asarray(height_km, dtype=np.float64), 0.0, 4.0),
    )
    check_range("vapour_kg_m2", v, *VAPOUR_KG_M2, "ITU-R P.676, Annex 2")
    rho = v / 2.38
    t = 14.0 * np.log(0.22 * v / 2.38) + 3.0 + 273.15
    ratio = water_specific(f, REFERENCE_HPA, rho, t) / water_specific(REFERENCE_GHZ, REFERENCE_HPA, rho, t)
    a, b = height_factor(np.maximum(f, 20.0))
    return np.asarray(0.0176 * v * ratio * np.where(f < 20.0, 1.0, a * h**b + 1.0))


def height_factor(frequency_ghz: ArrayLike) -> tuple[Array, Array]:
    """Coefficients a and b of the station height in `zenith_water_db`. P.676-12, equations (40a), (40b)."""
    f = np.asarray(frequency_ghz, dtype=np.float64)
    a = (
        0.2048 * np.exp(-(((f - 22.43) / 3.097) ** 2))
        + 0.2326 * np.exp(-(((f - 183.5) / 4.096) ** 2))
        + 0.2073 * np.exp(-(((f - 325.0) / 3.651) ** 2))
        - 0.1113
    )
    return np.asarray(a), np.asarray(8.741e4 * np.exp(-0.587 * f) + 312.2 * f**-2.38 + 0.723)
