"""Attenuation of Earth-space paths not exceeded for a share of the year: ITU-R P.618-14.

Gas and cloud are taken at 5 % of the year for every smaller percentage (P.618-14, section 2.5): their
larger values are already inside the rain prediction.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio import gas, itu
from rabta.radio.itu import check_range

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.618-14"
RANGES = {"frequency_ghz": (1.0, 55.0), "elevation_deg": (5.0, 90.0), "percent": (0.001, 5.0)}
MIN_ELEVATION_DEG = 5.0
EARTH_NOISE_K = 275.0  # P.618-14, section 3: mean radiating temperature in clear air and rain
COSMIC_NOISE_K = 2.7  # P.618-14, section 3


@dataclass(frozen=True)
class Climate:
    """What a place's sky is like; one value for each place.

    Attributes
    ----------
    lat_deg, height_km : ndarray
        Latitude and height of the station above the sea.
    rain_rate_mmh : ndarray
        Rain rate exceeded 0.01 % of the average year (P.837).
    rain_height_km : ndarray
        Rain height above the sea (P.839).
    temperature_k : ndarray
        Annual mean surface temperature (P.1510).
    vapour_g_m3, vapour_kg_m2, cloud_kg_m2 : ndarray
        Surface vapour density, columnar vapour (P.836) and reduced columnar cloud liquid (P.840-8) exceeded
        5 % of the year.
    n_wet : ndarray
        Median wet refractivity (P.453).
    liquid_kg_m2 : ndarray
        Columnar cloud liquid of P.840-9 exceeded 5 % of the year; taken for cloud where it is not NaN.
    """

    lat_deg: Array
    height_km: Array
    rain_rate_mmh: Array
    rain_height_km: Array
    temperature_k: Array
    vapour_g_m3: Array
    vapour_kg_m2: Array
    cloud_kg_m2: Array
    n_wet: Array
    liquid_kg_m2: Array = field(default_factory=lambda: np.array([np.nan]))

    def __post_init__(self) -> None:
        for item in fields(self):
            values = np.atleast_1d(np.array(getattr(self, item.name), dtype=np.float64, order="C"))
            object.__setattr__(self, item.name, values)
        object.__setattr__(self, "liquid_kg_m2", self.liquid_kg_m2 + np.zeros_like(self.lat_deg))

    def zenith_cloud_db(self, frequency_ghz: float) -> Array:
        """Cloud exceeded 5 % of the year, straight up: P.840-9, or P.840-8 where that map is not known."""
        old = itu.reduced_liquid_absorption(frequency_ghz) * self.cloud_kg_m2
        new = itu.liquid_absorption(frequency_ghz) * self.liquid_kg_m2
        return np.asarray(np.where(np.isfinite(new), new, old))

    @classmethod
    def of_cells(cls, cells: pd.DataFrame) -> Climate:
        """Climate of each row of the cells table."""
        return cls(
            cells["lat_deg"].to_numpy(),
            cells["elevation_m"].to_numpy() / 1e3,
            cells["rain_rate_001_mmh"].to_numpy(),
            cells["rain_height_km"].to_numpy(),
            cells["temperature_k"].to_numpy(),
            cells["vapour_g_m3"].to_numpy(),
            cells["vapour_kg_m2"].to_numpy(),
            cells["cloud_kg_m2"].to_numpy(),
            cells["n_wet"].to_numpy(),
            _known(cells, "liquid_kg_m2"),
        )


def _known(cells: pd.DataFrame, name: str) -> Array:
    """A column of the cells, NaN where it is 0: not known."""
    values = cells[name].to_numpy(np.float64) if name in cells else np.zeros(len(cells))
    return np.where(values > 0.0, values, np.nan)


@dataclass(frozen=True)
class Attenuation:
    """Attenuation in dB and its parts; all arrays have the same shape."""

    gas: Array
    cloud: Array
    rain: Array
    scintillation: Array
    total: Array


def slant_length_km(climb_km: ArrayLike, elevation_deg: ArrayLike) -> Array:
    """Slant path length to a height above the station. P.618-14, equation (1), elevation 5 to 90 degrees."""
    check_range("elevation_deg", elevation_deg, MIN_ELEVATION_DEG, 90.0, RECOMMENDATION)
    return np.asarray(np.maximum(climb_km, 0.0) / np.sin(np.radians(elevation_deg)))


def rain_001_db(
    lat_deg: ArrayLike,
    height_km: ArrayLike,
    rain_height_km: ArrayLike,
    rate_mmh: ArrayLike,
    frequency_ghz: ArrayLike,
    elevation_deg: ArrayLike,
    tilt_deg: ArrayLike = 45.0,
) -> Array:
    """Rain attenuation exceeded 0.01 % of the average year.

    P.618-14, section 2.2.1.1, steps 2 to 9 (equations (1) to (7)); frequencies up to 55 GHz. Zero where the
    station is above the rain.
    """
    check_range("frequency_ghz", frequency_ghz, 1.0, 55.0, RECOMMENDATION)
    f, el = np.asarray(frequency_ghz, dtype=np.float64), np.radians(elevation_deg)
    climb = np.maximum(np.subtract(rain_height_km, height_km), 0.0)
    slant = slant_length_km(climb, elevation_deg)
    ground = slant * np.cos(el)
    gamma = itu.rain_specific_attenuation(rate_mmh, frequency_ghz, elevation_deg, tilt_deg)
    reduction = 1.0 / (1.0 + 0.78 * np.sqrt(ground * gamma / f) - 0.38 * (1.0 - np.exp(-2.0 * ground)))
    zeta = np.arctan2(climb, ground * reduction)
    with np.errstate(divide="ignore", invalid="ignore"):
        oblique = ground * reduction / np.cos(el)
    wet = np.where(zeta > el, oblique, slant)
    chi = np.maximum(36.0 - np.abs(lat_deg), 0.0)
    bend = 31.0 * (1.0 - np.exp(-np.degrees(el) / (1.0 + chi)))
    vertical = 1.0 / (1.0 + np.sqrt(np.sin(el)) * (bend * np.sqrt(wet * gamma) / f**2 - 0.45))
    return np.asarray(gamma * wet * vertical)


def rain_at_percent(
    a001_db: ArrayLike, percent: ArrayLike, lat_deg: ArrayLike, elevation_deg: ArrayLike
) -> Array:
    """Rain attenuation at another percentage of the average year, 0.001 to 5 %.

    P.618-14, section 2.2.1.1, step 10, equation (8).
    """
    check_range("percent", percent, 0.001, 5.0, f"{RECOMMENDATION}, section 2.2.1.1")
    a001, p = np.asarray(a001_db, dtype=np.float64), np.asarray(percent, dtype=np.float64)
    lat, sine = np.abs(lat_deg), np.sin(np.radians(elevation_deg))
    low = np.where(np.asarray(elevation_deg) >= 25.0, 0.0, 1.8 - 4.25 * sine)
    beta = np.where((p >= 1.0) | (lat >= 36.0), 0.0, -0.005 * (lat - 36.0) + low)
    safe = np.where(a001 > 0.0, a001, 1.0)
    power = 0.655 + 0.033 * np.log(p) - 0.045 * np.log(safe) - beta * (1.0 - p) * sine
    return np.asarray(np.where(a001 > 0.0, safe * (p / 0.01) ** -power, 0.0))


def scintillation_factor(
    frequency_ghz: ArrayLike,
    elevation_deg: ArrayLike,
    percent: ArrayLike,
    diameter_m: ArrayLike,
    efficiency: ArrayLike = 0.5,
) -> Array:
    """Fade depth of scintillation for a reference standard deviation of 1 dB.

    P.618-14, section 2.4.1, equations (44) to (49); elevation at least 5 degrees, a turbulent layer 1,000 m
    high. Zero where the antenna averages it out.
    """
    check_range("elevation_deg", elevation_deg, MIN_ELEVATION_DEG, 90.0, RECOMMENDATION)
    check_range("percent", percent, 0.001, 50.0, f"{RECOMMENDATION}, section 2.4")
    f, p = np.asarray(frequency_ghz, dtype=np.float64), np.asarray(percent, dtype=np.float64)
    sine = np.sin(np.radians(elevation_deg))
    length = 2000.0 / (np.sqrt(sine**2 + 2.35e-4) + sine)
    x = 1.22 * np.asarray(efficiency) * np.square(diameter_m) * f / length
    averaging = 3.86 * (x**2 + 1.0) ** (11.0 / 12.0) * np.sin(11.0 / 6.0 * np.arctan2(1.0, x))
    g = np.sqrt(np.maximum(averaging - 7.08 * x ** (5.0 / 6.0), 0.0))
    log_p = np.log10(p)
    depth = -0.061 * log_p**3 + 0.072 * log_p**2 - 1.71 * log_p + 3.0
    return np.asarray(depth * f ** (7.0 / 12.0) * g / sine**1.2)


def scintillation_db(
    frequency_ghz: ArrayLike,
    elevation_deg: ArrayLike,
    percent: ArrayLike,
    n_wet: ArrayLike,
    diameter_m: ArrayLike,
    efficiency: ArrayLike = 0.5,
) -> Array:
    """Fade depth of tropospheric scintillation. P.618-14, section 2.4.1, equations (43) to (49)."""
    factor = scintillation_factor(frequency_ghz, elevation_deg, percent, diameter_m, efficiency)
    return np.asarray((3.6e-3 + 1e-4 * np.asarray(n_wet)) * factor)


def combine_db(gas_db: ArrayLike, cloud_db: ArrayLike, rain_db: ArrayLike, scintillation: ArrayLike) -> Array:
    """Total attenuation of simultaneous causes. P.618-14, section 2.5, equation (65)."""
    wet = np.add(rain_db, cloud_db)
    return np.asarray(np.asarray(gas_db) + np.sqrt(wet**2 + np.square(scintillation)))


def zenith_gas_db(climate: Climate, frequency_ghz: float) -> Array:
    """Zenith attenuation of oxygen and water vapour exceeded 5 % of the year, shape (place,)."""
    pressure = itu.standard_pressure_hpa(climate.height_km)
    dry = gas.zenith_oxygen_db(frequency_ghz, pressure, climate.vapour_g_m3, climate.temperature_k)
    return np.asarray(dry + gas.zenith_water_db(frequency_ghz, climate.vapour_kg_m2, climate.height_km))


def attenuation(
    climate: Climate,
    frequency_ghz: float,
    elevation_deg: ArrayLike,
    percent: ArrayLike,
    *,
    diameter_m: float,
    efficiency: float = 0.5,
    tilt_deg: float = 45.0,
) -> Attenuation:
    """Attenuation exceeded for a percentage of the average year, with its parts.

    Parameters
    ----------
    climate : Climate
        Of P places.
    elevation_deg, percent : array_like
        Broadcast against the places' shape (P,) from the left: give (..., P) or scalars.
        Elevation 5 to 90 degrees, percentage 0.001 to 5.
    diameter_m, efficiency : float
        Physical diameter and aperture efficiency of the station's antenna.

    Notes
    -----
    P.618-14, section 2.5, equations (64) to (66).
    """
    sine = np.sin(np.radians(elevation_deg))
    worst = rain_001_db(
        climate.lat_deg, climate.height_km, climate.rain_height_km, climate.rain_rate_mmh,
        frequency_ghz, elevation_deg, tilt_deg,
    )  # fmt: skip
    rain = rain_at_percent(worst, percent, climate.lat_deg, elevation_deg)
    air = zenith_gas_db(climate, frequency_ghz) / sine
    cloud = climate.zenith_cloud_db(frequency_ghz) / sine
    twinkle = scintillation_db(frequency_ghz, elevation_deg, percent, climate.n_wet, diameter_m, efficiency)
    total = combine_db(air, cloud, rain, twinkle)
    parts = np.broadcast_arrays(air, cloud, rain, twinkle, total)
    return Attenuation(*parts)


def sky_noise_k(attenuation_db: ArrayLike) -> Array:
    """Noise temperature of the sky seen through an attenuating path. P.618-14, section 3, equation (67).

    Examples
    --------
    >>> round(float(sky_noise_k(3.0)), 1)
    138.5
    """
    passed = 10.0 ** (-np.asarray(attenuation_db, dtype=np.float64) / 10.0)
    return np.asarray(EARTH_NOISE_K * (1.0 - passed) + COSMIC_NOISE_K * passed)
