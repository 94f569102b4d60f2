"""Modes of a path and their maximum usable frequencies: ITU-R P.533-14, sections 2 to 4.

Arrays broadcast: places of shape (..., 1) and frequencies or hours along other axes are fine. Axis 0 of what
belongs to modes is the number of hops.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.hf.ionosphere.coefficients import Maps
from rabta.radio.hf.ionosphere.geomagnetism import gyrofrequency_mhz
from rabta.radio.hf.ionosphere.layers import (
    HIGHEST_R12,
    decile_factors,
    f2_layer,
    fo_e_mhz,
    season_index,
    sun,
)
from rabta.radio.itu import check_range

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

EARTH_KM = 6371.009
RECOMMENDATION = "ITU-R P.533-14"
RANGES = {"distance_km": (0.0, 7000.0), "frequency_mhz": (2.0, 30.0), "r12": (0.0, 311.0)}
LOWEST_DEG = 3.0
E_HEIGHT_KM = 110.0
E_HOPS, F2_HOPS = 3, 6
_HOP_KM = 4000.0
# ITU-R P.1240-2, table 1: operational over basic MUF up to 30 dBW EIRP and above it; rows winter, equinox,
# summer, columns day and night.
_OPERATIONAL = np.array([[1.20, 1.30], [1.15, 1.25], [1.10, 1.20]])
_OPERATIONAL_STRONG = np.array([[1.25, 1.35], [1.20, 1.30], [1.15, 1.25]])


@dataclass(frozen=True)
class Path:
    """Great circle between two places.

    Attributes
    ----------
    lat, lon : array
        Of the first end, in degrees.
    bearing : array
        Of the second end, clockwise from north, in degrees.
    distance_km : array
    """

    lat: Array
    lon: Array
    bearing: Array
    distance_km: Array

    @classmethod
    def between(cls, lat_1: ArrayLike, lon_1: ArrayLike, lat_2: ArrayLike, lon_2: ArrayLike) -> Path:
        """Path between places in degrees."""
        a, x, b, y = np.broadcast_arrays(
            *(np.radians(np.asarray(v, dtype=np.float64)) for v in (lat_1, lon_1, lat_2, lon_2))
        )
        half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin((y - x) / 2) ** 2
        east = np.sin(y - x) * np.cos(b)
        north = np.cos(a) * np.sin(b) - np.sin(a) * np.cos(b) * np.cos(y - x)
        distance = 2.0 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
        return cls(np.degrees(a), np.degrees(x), np.degrees(np.arctan2(east, north)) % 360.0, distance)

    def point(self, along_km: ArrayLike) -> tuple[Array, Array]:
        """Latitude and longitude at a distance from the first end."""
        arc = np.asarray(along_km, dtype=np.float64) / EARTH_KM
        lat, turn = np.radians(self.lat), np.radians(self.bearing)
        sine = np.sin(lat) * np.cos(arc) + np.cos(lat) * np.sin(arc) * np.cos(turn)
        east = np.sin(turn) * np.sin(arc) * np.cos(lat)
        lon = np.radians(self.lon) + np.arctan2(east, np.cos(arc) - np.sin(lat) * sine)
        return (
            np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))),
            (np.degrees(lon) + 180.0) % 360.0 - 180.0,
        )


@dataclass(frozen=True)
class When:
    """Month, hours of universal time and the smoothed sunspot number R12 (of the scale before July 2015)."""

    month: int
    hour_ut: Array
    r12: float


@dataclass(frozen=True)
class Control:
    """The ionosphere at a control point."""

    lat: Array
    lon: Array
    fo_f2: Array
    m3000: Array
    fo_e: Array
    gyro_300: Array

    @classmethod
    def at(cls, maps: Maps, place: tuple[Array, Array], when: When) -> Control:
        """Control point at a place."""
        lat, lon = place
        f2, m3 = f2_layer(maps, lat, lon, when.month, when.hour_ut, when.r12)
        e = fo_e_mhz(lat, lon, when.month, when.hour_ut, when.r12)
        return cls(lat, lon, f2, m3, e, gyrofrequency_mhz(lat, lon, 300.0))

    @property
    def ratio(self) -> Array:
        """Ratio x of foF2 to foE, at least 2. ITU-R P.533-14, equation (6)."""
        return np.maximum(self.fo_f2 / self.fo_e, 2.0)

    @property
    def factor(self) -> Array:
        """Factor B. ITU-R P.533-14, equation (6)."""
        return np.asarray(
            self.m3000
            - 0.124
            + (self.m3000**2 - 4.0) * (0.0215 + 0.005 * np.sin(7.854 / self.ratio - 1.9635))
        )

    @property
    def longest_hop_km(self) -> Array:
        """Longest hop of one F2 mode. ITU-R P.533-14, equation (5)."""
        x = self.ratio
        bow = 12610.0 + 2140.0 / x**2 - 49720.0 / x**4 + 688900.0 / x**6
        return np.asarray(4780.0 + bow * (1.0 / self.factor - 0.303))

    def f2_muf(self, hop_km: Array, longest_km: Array) -> Array:
        """Basic MUF of an F2 hop in MHz. ITU-R P.533-14, equation (3)."""
        near = np.minimum(hop_km, longest_km)
        share = _hop_share(near, longest_km) / _hop_share(np.asarray(3000.0), longest_km)
        split = self.gyro_300 / 2.0 * (1.0 - hop_km / longest_km)
        return np.asarray((1.0 + share * (self.factor - 1.0)) * self.fo_f2 + split)


def _hop_share(hop_km: Array, longest_km: Array) -> Array:
    """Coefficient C_d. ITU-R P.533-14, equation (4)."""
    z = 1.0 - 2.0 * hop_km / longest_km
    powers = (0.74, -0.591, -0.424, -0.090, 0.088, 0.181, 0.096)
    return np.asarray(sum(c * z**k for k, c in enumerate(powers)))


def elevation_deg(hop_km: ArrayLike, height_km: ArrayLike) -> Array:
    """Elevation of a ray that a mirror at a height reflects. ITU-R P.533-14, equation (13)."""
    psi = np.asarray(hop_km, dtype=np.float64) / (2.0 * EARTH_KM)
    ratio = EARTH_KM / (EARTH_KM + np.asarray(height_km, dtype=np.float64))
    return np.asarray(np.degrees(np.arctan2(np.cos(psi) - ratio, np.sin(psi))))


def incidence_deg(elevation: ArrayLike, height_km: ArrayLike) -> Array:
    """Angle of incidence at a height. ITU-R P.533-14, equation (12)."""
    sine = EARTH_KM * np.cos(np.radians(elevation)) / (EARTH_KM + np.asarray(height_km))
    return np.asarray(np.degrees(np.arcsin(sine)))


def mirror_km(m3000: ArrayLike) -> Array:
    """Height of the F2 layer's mirror. ITU-R P.533-14, section 3.5: 500 km at most."""
    return np.asarray(np.minimum(1490.0 / np.asarray(m3000) - 176.0, 500.0))


def horizon_hop_km(height_km: ArrayLike) -> Array:
    """Longest hop that leaves at 3 degrees and more, 4,000 km at most."""
    incidence = np.radians(incidence_deg(LOWEST_DEG, height_km))
    return np.asarray(np.minimum(2.0 * EARTH_KM * (np.pi / 2 - np.radians(LOWEST_DEG) - incidence), _HOP_KM))


@dataclass(frozen=True)
class Modes:
    """Modes of a path by hops: E modes of 1 to 3, F2 modes of 1 to 6.

    Attributes
    ----------
    e_muf, f2_muf : array, shapes (3, ...) and (6, ...)
        Basic MUF in MHz; 0 where there is no such mode.
    muf : array
        Basic MUF of the path.
    lower, upper : array
        Deciles of an F2 MUF over its median.
    """

    path: Path
    when: When
    controls: dict[str, Control]
    longest_km: Array
    e_muf: Array
    f2_muf: Array
    muf: Array
    lower: Array
    upper: Array

    @property
    def mid(self) -> Control:
        """The control point in the middle."""
        return self.controls["mid"]

    @property
    def fot(self) -> Array:
        """Optimum working frequency: the MUF that 90 % of the days of the month exceed."""
        f2 = self.lower * self.f2_muf.max(axis=0)
        return np.asarray(np.maximum(f2, 0.95 * self.e_muf.max(axis=0)))


def control_points(maps: Maps, path: Path, when: When) -> dict[str, Control]:
    """Control points of a path. ITU-R P.533-14, table 1.

    ``first`` and ``last`` lie 1,000 km from the ends, ``out`` and ``home`` half a hop; where the path is
    too short for them they are the middle.
    """
    total = path.distance_km
    mid = Control.at(maps, path.point(total / 2), when)
    far = np.where(total >= 2000.0, 1000.0, total / 2)
    found = {"mid": mid}
    if np.any(total >= 2000.0):
        found["first"] = Control.at(maps, path.point(far), when)
        found["last"] = Control.at(maps, path.point(total - far), when)
    half = total / (2.0 * lowest_hops(total, horizon_hop_km(mirror_km(mid.m3000))))
    longest = np.minimum(mid.longest_hop_km, _HOP_KM)
    if np.any(total > longest):
        half = np.where(total > longest, half, total / 2)
        found["out"] = Control.at(maps, path.point(half), when)
        found["home"] = Control.at(maps, path.point(total - half), when)
    return found


def lowest_hops(distance_km: Array, hop_km: Array) -> Array:
    """Fewest hops that reach a distance."""
    return np.asarray(np.floor(distance_km / hop_km) + 1.0)


def _f2_mufs(path: Path, controls: dict[str, Control], longest: Array, first: Array) -> Array:
    """Basic MUF of F2 modes. ITU-R P.533-14, sections 3.5.1 and 3.5.2."""
    mid, total = controls["mid"], path.distance_km
    hops = np.arange(1.0, F2_HOPS + 1).reshape(-1, *[1] * max(np.ndim(longest), np.ndim(total)))
    short = mid.f2_muf(total / hops, longest)
    if "out" in controls:
        ends = [controls["out"], controls["home"]]
        lowest = np.minimum(*(c.f2_muf(total / first, longest) for c in ends))
        ratios = [
            c.f2_muf(total / hops, c.longest_hop_km) / c.f2_muf(total / first, c.longest_hop_km) for c in ends
        ]
        far = np.where(hops == first, lowest, lowest * np.minimum(*ratios))
        short = np.where(total <= longest, short, far)
    return np.asarray(np.where(hops >= first, short, 0.0))


def _e_mufs(path: Path, controls: dict[str, Control], first: Array) -> Array:
    """Basic MUF of E modes, for paths up to 4,000 km. ITU-R P.533-14, section 3.3."""
    total, mid = path.distance_km, controls["mid"]
    fo_e = mid.fo_e
    if "first" in controls:
        ends = np.minimum(controls["first"].fo_e, controls["last"].fo_e)
        fo_e = np.where(total < 2000.0, fo_e, ends)
    hops = np.arange(1.0, E_HOPS + 1).reshape(-1, *[1] * max(np.ndim(fo_e), np.ndim(total)))
    slant = np.cos(np.radians(incidence_deg(elevation_deg(total / hops, E_HEIGHT_KM), E_HEIGHT_KM)))
    return np.asarray(np.where((hops >= first) & (total < 4000.0), fo_e / slant, 0.0))


def modes(maps: Maps, path: Path, when: When) -> Modes:
    """Modes of a path and its basic MUF.

    Raises
    ------
    RabtaError
        Where the path is longer than 7,000 km or R12 is out of range.
    """
    check_range("distance_km", path.distance_km, *RANGES["distance_km"], RECOMMENDATION)
    check_range("r12", when.r12, *RANGES["r12"], RECOMMENDATION)
    controls = control_points(maps, path, when)
    mid = controls["mid"]
    longest = np.minimum(mid.longest_hop_km, _HOP_KM)
    first_f2 = lowest_hops(path.distance_km, horizon_hop_km(mirror_km(mid.m3000)))
    first_e = lowest_hops(path.distance_km, horizon_hop_km(E_HEIGHT_KM))
    f2, e = _f2_mufs(path, controls, longest, first_f2), _e_mufs(path, controls, first_e)
    hops_f2 = np.arange(1.0, F2_HOPS + 1).reshape(-1, *[1] * (f2.ndim - 1))
    hops_e = np.arange(1.0, E_HOPS + 1).reshape(-1, *[1] * (e.ndim - 1))
    muf = np.maximum(
        np.where(hops_f2 == first_f2, f2, 0.0).max(axis=0), np.where(hops_e == first_e, e, 0.0).max(axis=0)
    )
    lower, upper = decile_factors(mid.lat, mid.lon, when.month, when.hour_ut, when.r12)
    return Modes(path, when, controls, longest, e, f2, muf, lower, upper)


def operational_muf(found: Modes, eirp_dbw: float = 20.0) -> Array:
    """Operational MUF of a path in MHz: ITU-R P.1240-2, table 1, over the basic MUF of its F2 modes."""
    mid, when = found.mid, found.when
    table = _OPERATIONAL if eirp_dbw <= 30.0 else _OPERATIONAL_STRONG
    zenith = sun(mid.lat, mid.lon, when.month, when.hour_ut).zenith_deg
    night = (zenith > 90.833).astype(np.int64)
    ratio = table[season_index(mid.lat, when.month), night]
    return np.asarray(np.maximum(ratio * found.f2_muf.max(axis=0), found.e_muf.max(axis=0)))


def support(frequency_mhz: ArrayLike, muf: Array, lower: ArrayLike, upper: ArrayLike) -> Array:
    """Share of the days of a month when a mode carries a frequency. ITU-R P.533-14, equations (9), (10)."""
    ratio = np.asarray(frequency_mhz) / np.maximum(muf, 1e-6)
    under = 1.3 - 0.8 / (1.0 + np.maximum(1.0 - ratio, 0.0) / (1.0 - np.asarray(lower)))
    over = 0.8 / (1.0 + np.maximum(ratio - 1.0, 0.0) / (np.asarray(upper) - 1.0)) - 0.3
    found = np.where(ratio <= 1.0, np.minimum(under, 1.0), np.maximum(over, 0.0))
    return np.asarray(np.where(muf > 0, found, 0.0))


def _high_x(h: Array, xr: Array, hop: Array) -> tuple[Array, Array]:
    e1 = -0.09707 * xr**3 + 0.6870 * xr**2 - 0.7506 * xr + 0.6
    low = -1.862 * xr**4 + 12.95 * xr**3 - 32.03 * xr**2 + 33.50 * xr - 10.91
    f1 = np.where(xr <= 1.71, low, 1.21 + 0.2 * xr)
    bow = -2.102 * xr**4 + 19.50 * xr**3 - 63.15 * xr**2 + 90.47 * xr - 44.73
    g = np.where(xr <= 3.7, bow, 19.25)
    a = (hop - (160.0 + (h + 43.0) * g)) / (h + 140.0)
    a1 = 140.0 + (h - 47.0) * e1
    b1 = 150.0 + (h - 17.0) * f1 - a1
    above = np.where((b1 >= 0) & (a >= 0), a1 + b1 * 2.4 ** -np.maximum(a, 0.0), a1 + b1)
    z = np.maximum(xr, 0.1)
    a2 = 151.0 + (h - 47.0) * (0.1906 * z**2 + 0.00583 * z + 0.1936)
    b2 = 141.0 + (h - 24.0) * (0.645 * z**2 + 0.883 * z + 0.162) - a2
    df = np.minimum(0.115 * hop / (z * (h + 140.0)), 0.65)
    b = -7.535 * df**4 + 15.75 * df**3 - 8.834 * df**2 - 0.378 * df + 1.0
    return above, np.where(b2 >= 0, a2 + b2 * b, a2 + b2)


def reflection_km(point: Control, frequency_mhz: ArrayLike, hop_km: Array, r12: float) -> Array:
    """Mirror height of a hop at a frequency. ITU-R P.533-14, section 5.1, cases a to c; 800 km at most."""
    x = point.fo_f2 / point.fo_e
    y = np.maximum(x, 1.8)
    shift = 0.18 / (y - 1.4) + 0.096 * (min(r12, HIGHEST_R12) - 25.0) / 150.0
    h = 1490.0 / (point.m3000 + shift) - 316.0
    xr = np.asarray(frequency_mhz) / point.fo_f2
    above, below = _high_x(h, xr, hop_km)
    j = -0.7126 * y**3 + 5.863 * y**2 - 16.13 * y + 16.07
    u = 8e-5 * (h - 80.0) * (1.0 + 11.0 * y**-2.2) + 1.2e-3 * h * y**-3.6
    thick = 115.0 + h * j + u * hop_km
    return np.asarray(np.minimum(np.where(x > 3.33, np.where(xr >= 1.0, above, below), thick), 800.0))


def screening_mhz(found: Modes, frequency_mhz: ArrayLike) -> Array:
    """Frequency below which the E layer screens each F2 mode, shape (6, ...). ITU-R P.533-14, section 4.

    0 for paths over 4,000 km, where it is not considered.
    """
    total, mid, r12 = found.path.distance_km, found.mid, found.when.r12
    ndim = max(found.f2_muf.ndim - 1, np.ndim(frequency_mhz))
    hop = total / np.arange(1.0, F2_HOPS + 1).reshape(-1, *[1] * ndim)
    height = reflection_km(mid, frequency_mhz, hop, r12)
    fo_e = mid.fo_e
    if "out" in found.controls:
        ends = [reflection_km(found.controls[k], frequency_mhz, hop, r12) for k in ("out", "home")]
        height = np.where(total <= found.longest_km, height, (height + ends[0] + ends[1]) / 3.0)
    if "first" in found.controls:
        ends_e = np.maximum(found.controls["first"].fo_e, found.controls["last"].fo_e)
        fo_e = np.where(total <= 2000.0, fo_e, ends_e)
    slant = np.cos(np.radians(incidence_deg(elevation_deg(hop, height), E_HEIGHT_KM)))
    return np.asarray(np.where(total <= 4000.0, 1.05 * fo_e / slant, 0.0))
