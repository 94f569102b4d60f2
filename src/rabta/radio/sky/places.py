"""What the digital maps say of places: ITU-R P.837, P.839, P.453, P.836, P.1510, P.1511, P.840 and P.2145.

Points are given as equally long arrays of latitude and longitude in degrees.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from rabta.errors import RabtaError
from rabta.radio.itu import check_range
from rabta.radio.sky.maps import SURFACE_VARIABLES, Frame, Grid, Maps, default, stem

Array = NDArray[np.float64]

ANNUAL = (0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 99.0)
FINE = (0.01, 0.02, 0.03, 0.05, *ANNUAL)
DAYS = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
YEAR = 365.25
_SPREAD, _SHIFT = 1.26, 0.7938  # P.837-7, Annex 1, equation (4)


def points(lat_deg: ArrayLike, lon_deg: ArrayLike) -> tuple[Array, Array]:
    """Latitude and longitude as arrays of one shape; places that are not on the globe are refused."""
    lat, lon = np.broadcast_arrays(
        np.atleast_1d(np.asarray(lat_deg, dtype=np.float64)), np.asarray(lon_deg, dtype=np.float64)
    )
    check_range("lat_deg", lat, -90.0, 90.0, "the digital maps")
    check_range("lon_deg", lon, -360.0, 360.0, "the digital maps")
    return lat, lon


def between(percent: float, nominal: tuple[float, ...], value: Callable[[float], Array], name: str) -> Array:
    """Value at a percentage, linear in its logarithm between the two nominal percentages around it."""
    check_range("percent", percent, nominal[0], nominal[-1], name)
    at = min(bisect_right(nominal, percent), len(nominal) - 1)
    low, high = nominal[at - 1], nominal[at]
    if percent in nominal:
        return value(percent)
    part = np.log(percent / low) / np.log(high / low)
    return np.asarray(value(low) * (1.0 - part) + value(high) * part)


def rain_height_km(lat_deg: ArrayLike, lon_deg: ArrayLike, maps: Maps | None = None) -> Array:
    """Mean annual rain height above the sea. ITU-R P.839-4: the 0 degree isotherm and 0.36 km."""
    return (maps or default()).grid("isotherm").bilinear(*points(lat_deg, lon_deg)) + 0.36


def height_km(
    lat_deg: ArrayLike, lon_deg: ArrayLike, maps: Maps | None = None, *, old: bool = False
) -> Array:
    """Height of the ground above the sea. ITU-R P.1511-2, or the half-degree map of P.1511-1."""
    maps = maps or default()
    place = points(lat_deg, lon_deg)
    if old:
        return maps.grid("height_old").bicubic(*place)
    return np.asarray(maps.grid("height").bicubic(*place) / 1e3)


def temperature_k(
    lat_deg: ArrayLike, lon_deg: ArrayLike, month: int | None = None, maps: Maps | None = None
) -> Array:
    """Mean surface temperature of the year, or of a month. ITU-R P.1510-1."""
    maps = maps or default()
    grid = maps.grid("temperature") if month is None else maps.grid("temperature_month", _month(month))
    return grid.bilinear(*points(lat_deg, lon_deg))


def n_wet(lat_deg: ArrayLike, lon_deg: ArrayLike, percent: float = 50.0, maps: Maps | None = None) -> Array:
    """Wet term of the surface refractivity exceeded for a percentage of the year. ITU-R P.453-14, Annex 1."""
    maps_, place = maps or default(), points(lat_deg, lon_deg)
    return between(percent, ANNUAL, lambda p: maps_.grid("wet", stem(p)).bilinear(*place), "ITU-R P.453-14")


def rain_rate_001_mmh(lat_deg: ArrayLike, lon_deg: ArrayLike, maps: Maps | None = None) -> Array:
    """Rain rate exceeded 0.01 % of the average year, from the map. ITU-R P.837-7, Annex 2."""
    return (maps or default()).grid("rain_rate").bilinear(*points(lat_deg, lon_deg))


def rain_months(lat_deg: ArrayLike, lon_deg: ArrayLike, maps: Maps | None = None) -> tuple[Array, Array]:
    """Conditional rain rate parameter r (mm/h) and probability of rain (%) of each month, shape (..., 12).

    ITU-R P.837-7, Annex 1, steps 2 to 6.
    """
    maps, place = maps or default(), points(lat_deg, lon_deg)
    keys = [_month(m) for m in range(1, 13)]
    total = np.stack([maps.grid("rain_month", key).bilinear(*place) for key in keys], axis=-1)
    warm = np.stack([maps.grid("temperature_month", key).bilinear(*place) for key in keys], axis=-1)
    return months_of(total, warm)


def months_of(total_mm: Array, temperature_k_: Array) -> tuple[Array, Array]:
    """As `rain_months`, from monthly rain and mean temperature. ITU-R P.837-7, Annex 1, steps 4 to 6."""
    rate = 0.5874 * np.exp(0.0883 * np.maximum(temperature_k_ - 273.15, 0.0))
    hourly = np.maximum(total_mm, 0.0) / (24.0 * DAYS)
    share = 100.0 * hourly / rate
    rate = np.where(share > 70.0, hourly * 100.0 / 70.0, rate)
    return np.asarray(rate), np.asarray(np.minimum(share, 70.0))


def rain_percent(lat_deg: ArrayLike, lon_deg: ArrayLike, maps: Maps | None = None) -> Array:
    """Share of the year in which it rains, in per cent. ITU-R P.837-7, Annex 1, step 7."""
    return np.asarray(rain_months(lat_deg, lon_deg, maps)[1] @ DAYS / YEAR)


def rain_rate_mmh(lat_deg: ArrayLike, lon_deg: ArrayLike, percent: float, maps: Maps | None = None) -> Array:
    """Rain rate exceeded for a percentage of the average year. ITU-R P.837-7, Annex 1, step 8."""
    check_range("percent", percent, 1e-4, 100.0, "ITU-R P.837-7")
    rate, share = rain_months(lat_deg, lon_deg, maps)
    return solve_rate(rate, share, percent)


def rain_rate_month_mmh(
    lat_deg: ArrayLike, lon_deg: ArrayLike, percent: float, month: int, maps: Maps | None = None
) -> Array:
    """Rain rate exceeded for a percentage of an average month. ITU-R P.837-7, Annex 1, equation (4)."""
    rate, share = rain_months(lat_deg, lon_deg, maps)
    return month_rate(rate[..., month - 1], share[..., month - 1], percent)


def month_rate(rate: Array, share: Array, percent: ArrayLike) -> Array:
    """Rain rate exceeded for ``percent`` of a month that has these parameters; 0 where it is dry."""
    wet = np.clip(np.asarray(percent) / np.maximum(share, 1e-12), 1e-300, 1.0)
    found = np.exp(-_SPREAD * ndtri(wet) - _SHIFT + np.log(rate))
    return np.asarray(np.where(np.asarray(percent) < share, found, 0.0))


def year_percent(rate: Array, share: Array, rain_mmh: Array) -> Array:
    """Percentage of the year with more rain than ``rain_mmh``; months on the last axis."""
    depth = (np.log(rain_mmh)[..., None] + _SHIFT - np.log(rate)) / _SPREAD
    return np.asarray((share * ndtr(-depth)) @ DAYS / YEAR)


def solve_rate(rate: Array, share: Array, percent: float) -> Array:
    """Rain rate at which `year_percent` is ``percent``; 0 where it rains less.

    Newton's steps on the logarithms of both, halving the bracket where one would leave it.
    """
    wet = share @ DAYS / YEAR > percent
    out, r, s = np.zeros(wet.shape), np.log(rate[wet]), share[wet] * DAYS / YEAR
    low, high = np.full(len(r), np.log(1e-10)), np.full(len(r), np.log(1e3))
    # The wettest month alone: not above the root, and near it.
    alone = np.where(
        s > percent, r - _SHIFT - _SPREAD * ndtri(np.minimum(percent / np.maximum(s, 1e-300), 1.0)), -5.0
    )
    x = np.clip(alone.max(axis=1), -20.0, 6.0) if len(r) else low
    for _ in range(100):
        depth = (x[:, None] + _SHIFT - r) / _SPREAD
        found = (s * ndtr(-depth)).sum(axis=1)
        slope = (s * np.exp(-(depth**2) / 2.0)).sum(axis=1) / (np.sqrt(2.0 * np.pi) * _SPREAD)
        low, high = np.where(found > percent, x, low), np.where(found > percent, high, x)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.log(found / percent) * found / slope
            near = x + step
        if not np.any(np.abs(step) > 1e-11):
            break
        x = np.where((near >= low) & (near <= high), near, (low + high) / 2.0)
    out[wet] = np.exp(x)
    return out


def vapour_g_m3(
    lat_deg: ArrayLike, lon_deg: ArrayLike, percent: float, height: ArrayLike, maps: Maps | None = None
) -> Array:
    """Surface water vapour density exceeded for a percentage of the year, ``height`` in km. ITU-R P.836-6."""
    return _vapour("vapour_density", lat_deg, lon_deg, percent, height, maps or default())


def vapour_kg_m2(
    lat_deg: ArrayLike, lon_deg: ArrayLike, percent: float, height: ArrayLike, maps: Maps | None = None
) -> Array:
    """Columnar water vapour exceeded for a percentage of the year, ``height`` in km. ITU-R P.836-6."""
    return _vapour("vapour_content", lat_deg, lon_deg, percent, height, maps or default())


def _vapour(
    family: str, lat_deg: ArrayLike, lon_deg: ArrayLike, percent: float, height: ArrayLike, maps: Maps
) -> Array:
    lat, lon = points(lat_deg, lon_deg)
    ground = _vapour_heights(maps)

    def at(p: float) -> Array:
        grid, scale = maps.grid(family, stem(p)), maps.grid("vapour_scale", stem(p))
        rows, columns, weights = grid.corners(lat, lon)
        climb = np.asarray(height, dtype=np.float64) - ground[rows, columns]
        thinner = np.exp(-climb / scale.values[rows, columns])
        return np.asarray((grid.values[rows, columns] * thinner * weights).sum(axis=0))

    return between(percent, ANNUAL, at, "ITU-R P.836-6")


@cache
def _vapour_heights(maps: Maps) -> Array:
    """Ground at the points of P.836's maps, km."""
    lat, lon = np.meshgrid(np.linspace(90.0, -90.0, 161), np.linspace(0.0, 360.0, 321), indexing="ij")
    return maps.grid("vapour_height").bicubic(lat.ravel(), lon.ravel()).reshape(lat.shape)


def reduced_liquid_kg_m2(
    lat_deg: ArrayLike, lon_deg: ArrayLike, percent: float, maps: Maps | None = None
) -> Array:
    """Reduced columnar cloud liquid exceeded for a percentage of the year. ITU-R P.840-8 (maps of 840-7)."""
    maps_, place = maps or default(), points(lat_deg, lon_deg)
    return between(
        percent, ANNUAL, lambda p: maps_.grid("reduced_liquid", stem(p)).bilinear(*place), "ITU-R P.840-8"
    )


def liquid_kg_m2(lat_deg: ArrayLike, lon_deg: ArrayLike, percent: float, maps: Maps | None = None) -> Array:
    """Columnar cloud liquid exceeded for a percentage of the year. ITU-R P.840-9, Annex 1, section 4.2.1."""
    maps_, place = maps or default(), points(lat_deg, lon_deg)
    nominal = (*FINE, 100.0)
    return between(
        percent, nominal, lambda p: maps_.grid("liquid", stem(p)).bilinear(*place), "ITU-R P.840-9"
    )


def liquid_lognormal_kg_m2(
    lat_deg: ArrayLike, lon_deg: ArrayLike, percent: ArrayLike, maps: Maps | None = None
) -> Array:
    """The same from the fit of a lognormal. ITU-R P.840-9, Annex 1, section 3.3; 0 without cloud."""
    maps, place = maps or default(), points(lat_deg, lon_deg)
    mean, sigma, share = (
        maps.grid(name).bilinear(*place) for name in ("liquid_mean", "liquid_sigma", "liquid_share")
    )
    wet = np.asarray(percent) < share
    part = np.where(wet, np.asarray(percent) / np.where(wet, share, 1.0), 0.5)
    return np.asarray(np.where(wet, np.exp(mean - sigma * ndtri(part)), 0.0))


def has_surface(maps: Maps) -> bool:
    """True where the maps of ITU-R P.2145 are at hand."""
    return maps.text("P_mean.TXT", "P_Annual") is not None


def surface(
    variable: str,
    lat_deg: ArrayLike,
    lon_deg: ArrayLike,
    percent: float | None,
    height: ArrayLike,
    maps: Maps | None = None,
    month: int | None = None,
) -> Array:
    """Statistics of the air at the surface. ITU-R P.2145-0, Annex 1, sections 2.1 and 2.2.

    Parameters
    ----------
    variable : str
        ``P`` total pressure (hPa), ``T`` temperature (K), ``RHO`` water vapour density (g/m3), ``V`` columnar
        water vapour (kg/m2).
    percent : float or None
        Exceeded for this part of the year (0.01 to 99) or month (0.1 to 99); None for the mean.
    height : array_like
        Of the place above the sea, in km.
    """
    lat, lon = points(lat_deg, lon_deg)
    maps = maps or default()
    period = "Annual" if month is None else f"Month{_month(month)}"
    scale = _surface_grid(maps, SURFACE_VARIABLES[variable], variable, period)
    ground = _surface_grid(maps, "Z_ground", variable, period)
    rows, columns, weights = scale.corners(lat, lon)
    climb = np.asarray(height, dtype=np.float64) - ground.values[rows, columns]
    steps = scale.values[rows, columns]

    def at(name: str) -> Array:
        grid = _surface_grid(maps, f"{variable}_{name}", variable, period)
        value = grid.values[rows, columns]
        moved = value + steps * climb if variable == "T" else value * np.exp(-climb / steps)
        return np.asarray((moved * weights).sum(axis=0))

    if percent is None:
        return at("mean")
    nominal = FINE if month is None else ANNUAL
    return between(percent, nominal, lambda p: at(stem(p)), "ITU-R P.2145-0")


def _surface_grid(maps: Maps, name: str, variable: str, period: str) -> Grid:
    folder = f"{variable}_{period}"
    table = maps.text(f"{name}.TXT", folder)
    if table is None:
        raise RabtaError(
            "no map of ITU-R P.2145", file=maps.folder, value=f"{folder}/{name}.TXT",
            expected="the folders or zips of ITU-R P.2145-0, part 1",
        )  # fmt: skip
    return Grid(table, Frame("ITU-R P.2145-0", -90.0, 90.0, -180.0))


def _month(month: int) -> str:
    check_range("month", month, 1, 12, "the calendar")
    return f"{month:02d}"
