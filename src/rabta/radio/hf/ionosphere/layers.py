"""State of the ionosphere at places: sun, foE, foF2, M(3000)F2 and their spread (ITU-R P.1239-3).

Hours are universal time at these faces. Values are medians of a month, taken at its 15th day.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.hf.ionosphere.coefficients import Maps, daily
from rabta.radio.itu import check_range

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

RECOMMENDATION = "ITU-R P.1239-3"
RANGES = {"month": (1, 12), "hour_ut": (0.0, 24.0), "r12": (0.0, 311.0)}
HIGHEST_R12 = 160.0  # above it the layers no longer follow the sunspots: ITU-R P.533-14, section 3.4
_FIRST = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334])
TABLES = Path(__file__).parent / "itu"
SEASONS = {"winter": 0, "equinox": 1, "summer": 2}
# November to February winter, May to August summer, else equinox (ITU-R P.1239-3, table 2).
_SEASON = np.array([0, 0, 1, 1, 2, 2, 2, 2, 1, 1, 0, 0])


@dataclass(frozen=True)
class Sun:
    """The sun over places. Angles in degrees, hours in UT; rise and set are NaN where there is none."""

    zenith_deg: Array
    noon_zenith_deg: Array
    declination_deg: Array
    rise_ut: Array
    set_ut: Array


def sun(lat_deg: ArrayLike, lon_deg: ArrayLike, month: int, hour_ut: ArrayLike) -> Sun:
    """Where the sun stands on the 15th of a month.

    Declination and equation of time: Spencer, Fourier series representation of the position of the sun,
    Search 2 (1971). Sunrise at a zenith angle of 90.833 degrees.
    """
    check_range("month", month, *RANGES["month"], RECOMMENDATION)
    lat, lon, hour = (np.asarray(v, dtype=np.float64) for v in (lat_deg, lon_deg, hour_ut))
    g = 2.0 * np.pi / 365.0 * (_FIRST[month - 1] + 14 + (hour - 12.0) / 24.0)
    declination = (
        0.006918 - 0.399912 * np.cos(g) + 0.070257 * np.sin(g) - 0.006758 * np.cos(2 * g)
        + 0.000907 * np.sin(2 * g) - 0.002697 * np.cos(3 * g) + 0.00148 * np.sin(3 * g)
    )  # fmt: skip
    minutes = 229.18 * (
        0.000075 + 0.001868 * np.cos(g) - 0.032077 * np.sin(g)
        - 0.014615 * np.cos(2 * g) - 0.040849 * np.sin(2 * g)
    )  # fmt: skip
    noon = 12.0 - lon / 15.0 - minutes / 60.0
    angle = np.radians(15.0 * (hour - noon))
    s = np.sin(np.radians(lat)) * np.sin(declination)
    c = np.cos(np.radians(lat)) * np.cos(declination)
    half = (np.cos(np.radians(90.833)) - s) / np.maximum(c, 1e-12)
    with np.errstate(invalid="ignore"):
        half_day = np.degrees(np.arccos(half)) / 15.0
    return Sun(
        np.degrees(np.arccos(np.clip(s + c * np.cos(angle), -1.0, 1.0))),
        np.degrees(np.arccos(np.clip(s + c, -1.0, 1.0))),
        np.degrees(declination),
        np.mod(noon - half_day, 24.0),
        np.mod(noon + half_day, 24.0),
    )


def local_hour(lon_deg: ArrayLike, hour_ut: ArrayLike) -> Array:
    """Local mean time in hours."""
    return np.asarray(np.mod(np.asarray(hour_ut) + np.asarray(lon_deg, dtype=np.float64) / 15.0, 24.0))


def _time_factor(lat: Array, sky: Sun, hour: Array) -> Array:
    """Factor D of the time of day. ITU-R P.1239-3, equations (21) to (24)."""
    power = np.where(np.abs(lat) <= 12.0, 1.31, 1.20)
    zenith = sky.zenith_deg
    cosine = np.cos(np.radians(np.minimum(zenith, 73.0)))
    bent = zenith - 6.27e-13 * np.maximum(zenith - 50.0, 0.0) ** 8
    low = np.cos(np.radians(np.clip(bent, 0.0, 89.99)))
    after = np.mod(hour - np.where(np.isnan(sky.set_ut), 0.0, sky.set_ut), 24.0)
    floor = 0.072**power
    deep = floor * np.exp(25.2 - 0.28 * zenith)
    night = np.where(np.isnan(sky.set_ut), deep, np.maximum(floor * np.exp(-1.4 * after), deep))
    day = np.where(zenith <= 73.0, cosine**power, low**power)
    return np.asarray(np.where(zenith < 90.0, day, night))


def fo_e_mhz(lat_deg: ArrayLike, lon_deg: ArrayLike, month: int, hour_ut: ArrayLike, r12: ArrayLike) -> Array:
    """Critical frequency of the E layer in MHz. ITU-R P.1239-3, section 3.

    Examples
    --------
    >>> round(float(fo_e_mhz(30.0, 70.0, 6, 7.0, 80.0)), 1)
    3.7
    """
    lat, lon, hour = (np.asarray(v, dtype=np.float64) for v in (lat_deg, lon_deg, hour_ut))
    spots = np.minimum(np.asarray(r12, dtype=np.float64), HIGHEST_R12)
    sky = sun(lat, lon, month, hour)
    flux = 63.7 + 0.728 * spots + 0.00089 * spots**2
    near = np.abs(lat) < 32.0
    cosine = np.cos(np.radians(lat))
    power = np.where(near, -1.93 + 1.92 * cosine, 0.11 - 0.49 * cosine)
    apart = np.minimum(np.abs(lat - sky.declination_deg), 80.0)
    season = np.cos(np.radians(apart)) ** power
    latitude = np.where(near, 23.0 + 116.0 * cosine, 92.0 + 35.0 * cosine)
    product = (1.0 + 0.0094 * (flux - 66.0)) * season * latitude * _time_factor(lat, sky, hour)
    return np.asarray(np.maximum(product, 0.004 * (1.0 + 0.021 * flux) ** 2) ** 0.25)


def f2_layer(
    maps: Maps, lat_deg: ArrayLike, lon_deg: ArrayLike, month: int, hour_ut: ArrayLike, r12: float
) -> tuple[Array, Array]:
    """Critical frequency foF2 in MHz and M(3000)F2, medians of the month.

    Linear in R12 between the levels 0 and 100 and beyond, up to 160 (ITU-R P.533-14, section 3.4).

    Parameters
    ----------
    lat_deg, lon_deg, hour_ut : array_like
        Broadcast against each other.
    """
    check_range("month", month, *RANGES["month"], RECOMMENDATION)
    check_range("r12", r12, *RANGES["r12"], RECOMMENDATION)
    lat, lon = np.broadcast_arrays(
        np.asarray(lat_deg, dtype=np.float64), np.asarray(lon_deg, dtype=np.float64)
    )
    part = min(r12, HIGHEST_R12) / 100.0
    f2, m3 = maps.courses(lat, lon, month)
    hour = np.asarray(hour_ut, dtype=np.float64)
    fo = daily((1.0 - part) * f2[..., 0, :] + part * f2[..., 1, :], hour)
    m = daily((1.0 - part) * m3[..., 0, :] + part * m3[..., 1, :], hour)
    return np.maximum(fo, 0.5), np.maximum(m, 1.5)


@cache
def _deciles() -> Array:
    """Factors by decile (lower, upper), season, R12, latitude (0 to 90 by 5) and hour."""
    rows = np.genfromtxt(TABLES / "deciles.csv", delimiter=",", skip_header=1, usecols=range(4, 28))
    return np.asarray(rows.reshape(2, 3, 3, 19, 24))


def season_index(lat_deg: ArrayLike, month: int) -> Ints:
    """0 winter, 1 equinox, 2 summer, by hemisphere."""
    north, south = _SEASON[month - 1], _SEASON[(month + 5) % 12]
    return np.asarray(np.where(np.asarray(lat_deg) >= 0, north, south))


def decile_factors(
    lat_deg: ArrayLike, lon_deg: ArrayLike, month: int, hour_ut: ArrayLike, r12: float
) -> tuple[Array, Array]:
    """Ratios of the lower and the upper decile of foF2 in a month to its median. ITU-R P.1239-3, tables 2, 3.

    Linear between latitudes and local hours.
    """
    lat, hour = np.broadcast_arrays(np.asarray(lat_deg, dtype=np.float64), local_hour(lon_deg, hour_ut))
    table = _deciles()[:, :, 0 if r12 < 50 else (1 if r12 <= 100 else 2)]
    row, season = np.abs(lat) / 5.0, season_index(lat, month)
    i, j = np.minimum(row.astype(np.int64), 17), np.minimum(hour.astype(np.int64), 23)
    a, b, k = row - i, hour - j, (j + 1) % 24
    found = [
        (1 - a) * ((1 - b) * t[season, i, j] + b * t[season, i, k])
        + a * ((1 - b) * t[season, i + 1, j] + b * t[season, i + 1, k])
        for t in table
    ]
    return np.asarray(found[0]), np.asarray(found[1])
