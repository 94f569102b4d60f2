"""Interference between stations in space and on the ground: the building blocks of ITU-R P.619-5.

Elevations are free-space ones (straight line) unless they are called apparent (bent by the troposphere).
Clutter and building entry come from `rabta.radio.local`; ducting is not modelled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio import gas, slantpath
from rabta.radio.itu import check_range, wet_refractivity

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.619-5"
RANGES = {
    "frequency_ghz": (0.1, 100.0),
    "gas_frequency_ghz": (1.0, 1000.0),
    "percent": (0.001, 99.999),
    "elevation_deg": (-90.0, 90.0),
}
EARTH_KM = 6371.0
TOP_KM = 100.0  # P.676-13, Annex 1, section 2.2.1: space begins
# P.835-6, Annex 1: bottom of each layer in km of geopotential height, temperature K, gradient K/km, pressure
_LAYERS = np.array(
    [
        (0.0, 288.15, -6.5, 1013.25),
        (11.0, 216.65, 0.0, 226.3226),
        (20.0, 216.65, 1.0, 54.74980),
        (32.0, 228.65, 2.8, 8.680422),
        (47.0, 270.65, 0.0, 1.109106),
        (51.0, 270.65, -2.8, 0.6694167),
        (71.0, 214.65, -2.0, 0.03956649),
    ]
)
_HIGH_PRESSURE = (95.571899, -4.011801, 6.424731e-2, -4.789660e-4, 1.340543e-6)
_GRAVITY_K_KM = 34.1632


def air(height_km: ArrayLike, vapour_g_m3: float = 7.5) -> tuple[Array, Array, Array]:
    """Temperature K, total pressure hPa and vapour density g/m3 of the mean annual global atmosphere.

    P.835-6, Annex 1, sections 1.1 and 1.2, up to 100 km; vapour falls with a scale height of 2 km.

    Examples
    --------
    >>> [round(float(x), 2) for x in air(11.0)]
    [216.77, 227.0, 0.03]
    """
    check_range("height_km", height_km, 0.0, TOP_KM, "ITU-R P.835-6")
    z = np.asarray(height_km, dtype=np.float64)
    h = 6356.766 * z / (6356.766 + z)
    row = np.clip(np.searchsorted(_LAYERS[:, 0], h, side="left") - 1, 0, 6)
    bottom, base, slope, pressure = (_LAYERS[row, i] for i in range(4))
    warm = base + slope * (h - bottom)
    flat = slope == 0.0
    grown = np.where(flat, 1.0, base / warm) ** (_GRAVITY_K_KM / np.where(flat, 1.0, slope))
    low = pressure * np.where(flat, np.exp(-_GRAVITY_K_KM * (h - bottom) / base), grown)
    curve = np.clip((z - 91.0) / 19.9429, 0.0, 1.0)
    high = np.where(z <= 91.0, 186.8673, 263.1905 - 76.3232 * np.sqrt(1.0 - curve**2))
    thin = np.exp(np.polynomial.polynomial.polyval(z, _HIGH_PRESSURE))
    below = z < 86.0
    return np.where(below, warm, high), np.where(below, low, thin), vapour_g_m3 * np.exp(-z / 2.0)


def refractive_index(height_km: ArrayLike, vapour_g_m3: float = 7.5) -> Array:
    """Refractive index of that atmosphere, 1 above 100 km. P.453-14, equations (1), (2) and (10)."""
    z = np.asarray(height_km, dtype=np.float64)
    kelvin, total, rho = air(np.clip(z, 0.0, TOP_KM), vapour_g_m3)
    vapour = rho * kelvin / 216.7
    n = 77.6 * (total - vapour) / kelvin + wet_refractivity(vapour, kelvin)
    return np.asarray(np.where(z > TOP_KM, 1.0, 1.0 + n * 1e-6))


def geometry(
    station_km: ArrayLike,
    station_lat_deg: ArrayLike,
    station_lon_deg: ArrayLike,
    space_km: ArrayLike,
    space_lat_deg: ArrayLike,
    space_lon_deg: ArrayLike,
) -> tuple[Array, Array, Array]:
    """Distance km, free-space elevation and azimuth from north of a space station, round Earth.

    Attachment A; azimuth and elevation in degrees.
    """
    check_range("station_lat_deg", station_lat_deg, -90.0, 90.0, RECOMMENDATION)
    check_range("space_lat_deg", space_lat_deg, -90.0, 90.0, RECOMMENDATION)
    lat, sub = np.radians(station_lat_deg), np.radians(space_lat_deg)
    lon = np.radians(np.asarray(space_lon_deg, dtype=np.float64) - np.asarray(station_lon_deg))
    far, near = EARTH_KM + np.asarray(space_km), EARTH_KM + np.asarray(station_km)
    x, y = far * np.cos(sub) * np.cos(lon), far * np.cos(sub) * np.sin(lon)
    z = far * np.sin(sub)
    south, up = x * np.sin(lat) - z * np.cos(lat), z * np.sin(lat) + x * np.cos(lat) - near
    flat = np.hypot(south, y)
    azimuth = np.degrees(np.arctan2(y, -south)) % 360.0
    return np.asarray(np.hypot(flat, up)), np.degrees(np.arctan2(up, flat)), np.asarray(azimuth)


def apparent_elevation_deg(elevation_deg: ArrayLike, station_km: ArrayLike = 0.0) -> Array:
    """Elevation as bent by the troposphere. Attachment B: -1 to 10 degrees, stations up to 3 km."""
    check_range("elevation_deg", elevation_deg, -1.0, 10.0, f"{RECOMMENDATION}, attachment B")
    check_range("station_km", station_km, 0.0, 3.0, f"{RECOMMENDATION}, attachment B")
    t, h = np.asarray(elevation_deg, dtype=np.float64), np.asarray(station_km, dtype=np.float64)
    return np.asarray(t + 1.0 / _bending(t, h))


def _bending(t: Array, h: Array) -> Array:
    """What divides the bending in degrees. Attachment B and equation (7b)."""
    return np.asarray(
        1.728
        + 0.5411 * t
        + 0.03723 * t**2
        + h * (0.1815 + 0.06272 * t + 0.01380 * t**2)
        + h**2 * (0.01727 + 0.008288 * t)
    )


def free_elevation_deg(apparent_deg: ArrayLike, station_km: ArrayLike = 0.0) -> Array:
    """Free-space elevation of an apparent one. Attachment B."""
    check_range("apparent_deg", apparent_deg, -2.0, 12.0, f"{RECOMMENDATION}, attachment B")
    check_range("station_km", station_km, 0.0, 3.0, f"{RECOMMENDATION}, attachment B")
    t, h = np.asarray(apparent_deg, dtype=np.float64), np.asarray(station_km, dtype=np.float64)
    divided = (
        1.314 + 0.6437 * t + 0.02869 * t**2 + h * (0.2305 + 0.09428 * t + 0.01096 * t**2) + h**2 * 0.008583
    )
    return np.asarray(t - 1.0 / divided)


def free_space_db(frequency_ghz: ArrayLike, distance_km: ArrayLike) -> Array:
    """Free-space loss. Equation (1)."""
    check_range("distance_km", distance_km, 1e-3, 1e7, RECOMMENDATION)
    return np.asarray(92.45 + 20.0 * np.log10(np.asarray(frequency_ghz) * np.asarray(distance_km)))


def beam_spreading_db(elevation_deg: ArrayLike, station_km: ArrayLike = 0.0) -> Array:
    """Loss as the beam spreads through the whole atmosphere, below 10 degrees. Equations (7), (7a), (7b)."""
    check_range("elevation_deg", elevation_deg, 0.0, 10.0, f"{RECOMMENDATION}, section 2.4.2")
    check_range("station_km", station_km, 0.0, 5.0, f"{RECOMMENDATION}, section 2.4.2")
    t, h = np.asarray(elevation_deg, dtype=np.float64), np.asarray(station_km, dtype=np.float64)
    growth = 0.5411 + 0.07446 * t + h * (0.06272 + 0.0276 * t) + h**2 * 0.008288
    return np.asarray(-10.0 * np.log10(1.0 - growth / _bending(t, h) ** 2))


def _layers(low_km: float, high_km: float) -> tuple[Array, Array]:
    """Bottoms and thicknesses of the layers of P.676-13, Annex 1, section 2.2.1, up to 100 km."""
    top = min(high_km, TOP_KM)
    first, last = (
        function(100.0 * np.log(1e4 * height * np.expm1(0.01) + 1.0) + 1.0)
        for function, height in ((np.floor, low_km), (np.ceil, top))
    )
    i = np.arange(first, last)
    if low_km == 0.0 and high_km > TOP_KM:
        return 1e-4 * np.expm1((i - 1.0) / 100.0) / np.expm1(0.01), 1e-4 * np.exp((i - 1.0) / 100.0)
    scale = (np.exp(0.02) - np.exp(0.01)) / (np.exp(last / 100.0) - np.exp(first / 100.0)) * (top - low_km)
    start = np.exp((first - 1.0) / 100.0)
    return low_km + scale * (np.exp((i - 1.0) / 100.0) - start) / np.expm1(0.01), scale * np.exp(
        (i - 1.0) / 100.0
    )


def gas_db(
    frequency_ghz: float,
    apparent_deg: ArrayLike,
    station_km: float = 0.0,
    space_km: float = 36_000.0,
    vapour_g_m3: float = 7.5,
) -> Array:
    """Attenuation by gases along the bent ray between ground and space, either direction.

    Parameters
    ----------
    apparent_deg : array_like
        Apparent elevation at the station; below 0 the ray first descends to its lowest point.
    vapour_g_m3 : float
        Vapour density at sea level.

    Raises
    ------
    RabtaError
        Where the ray meets the ground or a duct holds it.

    Notes
    -----
    Attachment C, sections C.4 and C.5; P.676-13, Annex 1, section 2.2.
    """
    check_range("frequency_ghz", frequency_ghz, *RANGES["gas_frequency_ghz"], RECOMMENDATION)
    check_range("apparent_deg", apparent_deg, *RANGES["elevation_deg"], RECOMMENDATION)
    check_range("station_km", station_km, 0.0, min(space_km, TOP_KM) - 1e-3, RECOMMENDATION)
    angles = np.asarray(apparent_deg, dtype=np.float64)
    up = np.maximum(angles, 0.0)
    found = np.array(_climb(frequency_ghz, up, station_km, space_km, vapour_g_m3))
    for where in np.argwhere(angles < 0.0):
        place = tuple(where)
        lowest = _lowest_km(float(angles[place]), station_km, vapour_g_m3)
        legs = [
            _climb(frequency_ghz, np.zeros(1), lowest, top, vapour_g_m3) for top in (station_km, space_km)
        ]
        found[place] = float(legs[0][0] + legs[1][0])
    return found


def _climb(ghz: float, apparent_deg: Array, low_km: float, high_km: float, vapour: float) -> Array:
    """Attenuation of rays that rise from ``low_km``, shape of ``apparent_deg``."""
    bottom, thick = _layers(low_km, high_km)
    middle = np.minimum(bottom + thick / 2.0, TOP_KM)
    kelvin, total, rho = air(middle, vapour)
    dry = total - rho * kelvin / 216.7
    gamma = gas.oxygen_specific(ghz, dry, rho, kelvin) + gas.water_specific(ghz, dry, rho, kelvin)
    start = (EARTH_KM + low_km) * refractive_index(low_km, vapour)
    n = refractive_index(middle, vapour)
    flat = np.cos(np.radians(apparent_deg))[..., None]
    if np.any((flat < 1.0) & (start * flat > (EARTH_KM + bottom) * n * (1.0 + 1e-9))):
        raise RabtaError(
            "a ray is held in a duct or meets the ground",
            key="apparent_deg",
            value=float(np.min(apparent_deg)),
            expected="a higher elevation",
        )
    x = start * flat / n
    inner = np.maximum((EARTH_KM + bottom) ** 2 - x**2, 0.0)
    length = np.sqrt((EARTH_KM + bottom + thick) ** 2 - x**2) - np.sqrt(inner)
    return np.asarray((length * gamma).sum(axis=-1))


def _lowest_km(apparent_deg: float, station_km: float, vapour: float) -> float:
    """Height of the lowest point of a ray that descends from a station."""
    from scipy.optimize import brentq

    wanted = (
        (EARTH_KM + station_km)
        * float(refractive_index(station_km, vapour))
        * np.cos(np.radians(apparent_deg))
    )

    def above(height: float) -> float:
        return (EARTH_KM + height) * float(refractive_index(height, vapour)) - float(wanted)

    if above(0.0) > 0.0:
        raise RabtaError(
            "a ray meets the ground", key="apparent_deg", value=apparent_deg, expected="a higher elevation"
        )
    return float(brentq(above, 0.0, station_km, xtol=1e-9))


def scintillation_db(
    frequency_ghz: ArrayLike,
    elevation_deg: ArrayLike,
    percent: ArrayLike,
    n_wet: ArrayLike,
    *,
    gain_dbi: ArrayLike | None = None,
    diameter_m: ArrayLike = 1.0,
) -> Array:
    """Attenuation by tropospheric scintillation not exceeded for a percentage of the time.

    Parameters
    ----------
    gain_dbi : array_like, optional
        Gain of the ground antenna towards the space station, which gives its effective size; without it
        the diameter does, at an efficiency of 0.5.

    Notes
    -----
    Attachment D: negative (an enhancement) up to 50 %, positive (a fade) above; 5 to 90 degrees.
    """
    check_range("frequency_ghz", frequency_ghz, *RANGES["frequency_ghz"], RECOMMENDATION)
    check_range("percent", percent, *RANGES["percent"], RECOMMENDATION)
    f, p = np.asarray(frequency_ghz, dtype=np.float64), np.asarray(percent, dtype=np.float64)
    size = np.sqrt(0.5) * np.asarray(diameter_m, dtype=np.float64)
    if gain_dbi is not None:
        size = 0.3 * 10.0 ** (0.05 * np.asarray(gain_dbi)) / (np.pi * f)
    # P.618's fade depth for 50 % of the time is 3 - 1.71 log 50 + ..., which divides out here
    depth = slantpath.scintillation_factor(f, elevation_deg, 50.0, size, 1.0) / _fade_factor(np.float64(50.0))
    sigma = (3.6e-3 + 1e-4 * np.asarray(n_wet)) * depth
    log_p = np.log10(np.minimum(p, 50.0))
    gain = 2.672 - 1.258 * log_p - 0.0835 * log_p**2 - 0.0597 * log_p**3
    return np.asarray(sigma * np.where(p <= 50.0, -gain, _fade_factor(100.0 - np.maximum(p, 50.0))))


def _fade_factor(percent: ArrayLike) -> Array:
    x = np.log10(percent)
    return np.asarray(3.0 - 1.71 * x + 0.072 * x**2 - 0.061 * x**3)


def cross_polar_db(discrimination_db: ArrayLike, *, aligned: bool) -> Array:
    """Loss between antennas over a path that depolarises.

    Parameters
    ----------
    discrimination_db : array_like
        Cross-polar discrimination of the path.
    aligned : bool
        The receiver has the polarisation that was sent, or the other one.

    Notes
    -----
    Section 2.2.1: what power goes into each polarisation.
    """
    sign = -1.0 if aligned else 1.0
    return np.asarray(10.0 * np.log10(1.0 + 10.0 ** (sign * np.asarray(discrimination_db) / 10.0)))


def faraday_rad(frequency_ghz: ArrayLike, content_m2: ArrayLike, field_t: ArrayLike) -> Array:
    """Rotation of a linear polarisation by the ionosphere. Section 2.2.2; P.531-14, equation (1).

    Parameters
    ----------
    content_m2 : array_like
        Electrons in a column of the path, 10^16 to 10^19 a square metre.
    field_t : array_like
        Mean magnetic field along the path, tesla.
    """
    check_range("content_m2", content_m2, 0.0, 1e20, RECOMMENDATION)
    f = np.asarray(frequency_ghz, dtype=np.float64)
    return np.asarray(2.36e-14 * np.asarray(content_m2) * np.asarray(field_t) / f**2)


def discrimination_db(rotation_rad: ArrayLike) -> Array:
    """Cross-polar discrimination of a linear polarisation that is turned. Section 2.2.2: -20 log |tan|."""
    return np.asarray(-20.0 * np.log10(np.maximum(np.abs(np.tan(rotation_rad)), 1e-12)))


def knife_edge_db(angle_deg: ArrayLike, distance_km: ArrayLike, frequency_ghz: ArrayLike) -> Array:
    """Diffraction over an edge near the ground station, the other end far away.

    Parameters
    ----------
    angle_deg : array_like
        How far the edge stands above the ray, seen from the station; negative below it.
    distance_km : array_like
        From the station to the edge.

    Notes
    -----
    Section 2.6 with P.526-15, section 4.1, equations (26) to (31) for an infinite second distance; 0 from
    nu = -0.78 down.
    """
    check_range("distance_km", distance_km, 1e-3, 1e3, RECOMMENDATION)
    wavelength_km = 2.998e-4 / np.asarray(frequency_ghz, dtype=np.float64)
    nu = np.radians(angle_deg) * np.sqrt(2.0 * np.asarray(distance_km, dtype=np.float64) / wavelength_km)
    deep = np.maximum(nu, -0.78)
    loss = 6.9 + 20.0 * np.log10(np.sqrt((deep - 0.1) ** 2 + 1.0) + deep - 0.1)
    return np.asarray(np.where(nu > -0.78, loss, 0.0))


def ray_height_km(station_km: float, apparent_deg: float, distance_km: ArrayLike) -> Array:
    """Height of a ray above the sea at distances along the ground, stepped kilometre by kilometre.

    Attachment E: for comparison with a profile of terrain; up to 10 km high.
    """
    check_range("apparent_deg", apparent_deg, -10.0, 90.0 - 1e-6, f"{RECOMMENDATION}, attachment E")
    wanted = np.asarray(distance_km, dtype=np.float64)
    check_range("distance_km", wanted, 0.0, 2000.0, f"{RECOMMENDATION}, attachment E")
    if apparent_deg > 5.0:
        return np.asarray(station_km + wanted * np.tan(np.radians(apparent_deg)) + wanted**2 / (2 * EARTH_KM))
    steps = np.arange(int(np.ceil(wanted.max(initial=0.0))) + 2.0)
    height, slope = np.empty(steps.size), np.radians(apparent_deg)
    here = station_km
    for i in range(steps.size):
        height[i] = here
        here, slope = here + slope, slope + 1.0 / EARTH_KM - 4.28715e-5 * np.exp(-here / 7.348)
    return np.asarray(np.interp(wanted, steps, height))


@dataclass(frozen=True)
class Losses:
    """Parts of a basic transmission loss, dB, each of one shape or a number."""

    free_space: Array
    gas: Array
    beam_spreading: Array
    scintillation: Array
    polarisation: Array
    diffraction: Array
    clutter: Array
    building: Array

    @property
    def total(self) -> Array:
        """Sum of all parts. Section 3.1."""
        return np.asarray(sum(np.asarray(getattr(self, name)) for name in self.__dataclass_fields__))


def single_entry(
    frequency_ghz: float,
    elevation_deg: ArrayLike,
    distance_km: ArrayLike,
    percent: float = 50.0,
    *,
    station_km: float = 0.0,
    space_km: float = 36_000.0,
    vapour_g_m3: float = 7.5,
    n_wet: float = 50.0,
    gain_dbi: float = 0.0,
    polarisation_db: ArrayLike = 0.0,
    diffraction_db: ArrayLike = 0.0,
    clutter_db: ArrayLike = 0.0,
    building_db: ArrayLike = 0.0,
) -> Losses:
    """Basic transmission loss of one interferer not exceeded for a percentage of the time, part by part.

    Parameters
    ----------
    elevation_deg, distance_km : array_like
        Free-space elevation at the station (0 to 90 degrees) and distance.
    percent : float
        Of the time, for scintillation; that is left out below 5 degrees, where the model has none.
    clutter_db, building_db : array_like
        From `rabta.radio.local` (P.2108-1, section 3.3, and P.2109), for the wanted shares of places.

    Notes
    -----
    Section 3.1. Gases below 1 GHz are left out, as section 2.3 allows; so is beam spreading above 10 degrees,
    where it is below 0.03 dB.
    """
    check_range("elevation_deg", elevation_deg, 0.0, 90.0, RECOMMENDATION)
    theta = np.asarray(elevation_deg, dtype=np.float64)
    low = theta <= 10.0
    clipped, height = np.minimum(theta, 10.0), min(station_km, 3.0)
    apparent = np.where(low, apparent_elevation_deg(clipped, height), theta)
    spread = np.where(low, beam_spreading_db(clipped, min(station_km, 5.0)), 0.0)
    absorbed = np.zeros_like(theta)
    if frequency_ghz >= RANGES["gas_frequency_ghz"][0]:
        absorbed = gas_db(frequency_ghz, apparent, station_km, space_km, vapour_g_m3)
    flicker = scintillation_db(frequency_ghz, np.maximum(theta, 5.0), percent, n_wet, gain_dbi=gain_dbi)
    return Losses(
        free_space=free_space_db(frequency_ghz, distance_km),
        gas=absorbed,
        beam_spreading=spread,
        scintillation=np.where(theta >= 5.0, flicker, 0.0),
        polarisation=np.asarray(polarisation_db, dtype=np.float64),
        diffraction=np.asarray(diffraction_db, dtype=np.float64),
        clutter=np.asarray(clutter_db, dtype=np.float64),
        building=np.asarray(building_db, dtype=np.float64),
    )
