"""BDGIM, the ionosphere that BeiDou's new messages (B-CNAV1, B-CNAV2) broadcast.

BDS-SIS-ICD-B1C-1.0 section 7.8.2: nine broadcast and seventeen forecast coefficients of spherical
harmonics in sun-fixed geomagnetic longitude and geomagnetic latitude, on a shell at 400 km. Where the
reference code of the Chinese Academy of Sciences is more definite than the document we follow the
code: the pierce point by the triangle of the ray and the Earth's centre, the mapping of the Centre for
Orbit Determination in Europe, and a floor of the vertical content at a part of the first coefficient.
"""

from __future__ import annotations

import csv
import math
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

SHELL_M = 400_000.0
EARTH_M = 6_378_137.0
MAPPING_EARTH_M = 6_378_000.0
POLE_LAT, POLE_LON = math.radians(80.27), math.radians(-72.58)  # geomagnetic north pole
BROADCAST = ((0, 0), (1, 0), (1, 1), (1, -1), (2, 0), (2, 1), (2, -1), (2, 2), (2, -2))
PERIODS_DAY = (1.0, 0.5, 0.33, 14.6, 27.0, 121.6, 182.51, 365.25, 4028.71, 2014.35, 1342.90, 1007.18)
FLOORS = ((35.0, 10.0), (20.0, 8.0), (12.0, 6.0))  # content at least the first coefficient over this
SLOT_H = 2
_MJD_EPOCH = np.datetime64("1858-11-17", "ns")
_DAY_NS = 86_400 * gnsstime.NS


@cache
def forecast_table() -> tuple[tuple[tuple[int, int], ...], Array]:
    """Degree and order of the forecast coefficients, and their series, shape (17, 25) in TECu."""
    text = files(__package__).joinpath("bdgim.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))[1:]
    series = np.array([row[2:] for row in rows], dtype=np.float64)
    series.flags.writeable = False
    return tuple((int(row[0]), int(row[1])) for row in rows), series


def forecast(slots: ArrayLike) -> Array:
    """Forecast coefficients of two-hour slots, shape (slot, 17), TECu.

    ``slots`` counts from the start of the Modified Julian Day 0; the series are taken at the slot's middle.
    """
    series = forecast_table()[1]
    days = (np.asarray(slots, dtype=np.float64) + 0.5) * SLOT_H / 24.0
    phase = 2.0 * np.pi / np.array(PERIODS_DAY) * days[:, None]
    waves = np.stack([np.cos(phase), np.sin(phase)], axis=-1).reshape(days.size, 2 * len(PERIODS_DAY))
    return np.asarray(series[:, 0] + waves @ series[:, 1:].T)


def clock(time: ArrayLike) -> tuple[NDArray[np.int64], Array]:
    """Two-hour slot since the Modified Julian Day 0, and fraction of the UTC day, of instants."""
    since = np.asarray(gnsstime.to_utc(time) - _MJD_EPOCH).astype(np.int64)
    return since // (SLOT_H * 3_600 * gnsstime.NS), np.asarray((since % _DAY_NS) / _DAY_NS)


def _legendre(degree: int, order: int, sine: Array) -> Array:
    """Associated Legendre function without the Condon-Shortley phase, by the recursion over degrees."""
    low = float(math.prod(range(1, 2 * order, 2))) * np.sqrt(1.0 - sine**2) ** order
    if degree == order:
        return np.asarray(low)
    high = sine * (2 * order + 1) * low
    for n in range(order + 2, degree + 1):
        low, high = high, (sine * (2 * n - 1) * high - (n + order - 1) * low) / (n - order)
    return np.asarray(high)


def harmonic(degree: int, order: int, lat: Array, lon: Array) -> Array:
    """Fully normalised spherical harmonic; a negative order is the sine's."""
    m = abs(order)
    norm = (2.0 if m else 1.0) * (2 * degree + 1) * math.factorial(degree - m) / math.factorial(degree + m)
    wave = np.sin(m * lon) if order < 0 else np.cos(m * lon)
    return np.asarray(math.sqrt(norm) * _legendre(degree, m, np.sin(lat)) * wave)


def _pierce(receiver: Array, satellite: Array) -> tuple[Array, Array, Array]:
    """Geocentric latitude and longitude where the ray meets the shell; zenith angle at the receiver."""
    way = satellite - receiver
    length, low = np.linalg.norm(way, axis=-1), np.linalg.norm(receiver, axis=-1)
    zenith = np.arccos(np.clip(np.sum(receiver * way, axis=-1) / (low * length), -1.0, 1.0))
    shell = EARTH_M + SHELL_M
    centre = zenith - np.arcsin(low / shell * np.sin(zenith))
    along = np.sqrt(low**2 + shell**2 - 2.0 * low * shell * np.cos(centre))
    x, y, z = np.moveaxis(receiver + (along / length)[..., None] * way, -1, 0)
    return np.arctan2(z, np.hypot(x, y)), np.arctan2(y, x), zenith


def magnetic(lat: Array, lon: Array, day: Array) -> tuple[Array, Array]:
    """Geomagnetic latitude, and geomagnetic longitude from the mean Sun's; radians.

    ``day`` is the fraction of the UTC day.
    """
    sine = np.sin(POLE_LAT) * np.sin(lat) + np.cos(POLE_LAT) * np.cos(lat) * np.cos(lon - POLE_LON)
    there = np.arcsin(np.clip(sine, -1.0, 1.0))
    east = np.cos(lat) * np.sin(lon - POLE_LON)
    north = -(np.sin(lat) - np.sin(POLE_LAT) * np.sin(there)) / np.cos(POLE_LAT)
    sun = np.pi * (1.0 - 2.0 * day)
    sun = np.arctan2(np.sin(sun - POLE_LON), np.sin(POLE_LAT) * np.cos(sun - POLE_LON))
    return there, np.arctan2(east, north) - sun


def floor_tecu(first: float) -> float:
    """Least vertical content that the model gives, from the first broadcast coefficient."""
    return first / next((part for above, part in FLOORS if first > above), 4.0)


def vertical_tecu(
    coefficients: ArrayLike, lat: ArrayLike, lon: ArrayLike, time: ArrayLike, *, forecasts: bool = True
) -> Array:
    """Vertical content above geographic places, TECu; latitude and longitude in radians."""
    broadcast = checked(coefficients)
    slot, day = clock(time)
    lat, lon, slot, day = np.broadcast_arrays(np.asarray(lat), np.asarray(lon), slot, day)
    unique, which = np.unique(slot, return_inverse=True)
    ahead = forecasts * forecast(unique)[which.reshape(slot.shape)]
    b, lam = magnetic(lat, lon, day)
    total = sum(a * harmonic(n, m, b, lam) for a, (n, m) in zip(broadcast, BROADCAST, strict=True))
    for i, (n, m) in enumerate(forecast_table()[0]):
        total = total + ahead[..., i] * harmonic(n, m, b, lam)
    return np.maximum(np.asarray(total, dtype=np.float64), floor_tecu(float(broadcast[0])))


def checked(coefficients: ArrayLike) -> Array:
    """Nine broadcast coefficients as an array, or a clear refusal."""
    values = np.asarray(coefficients, dtype=np.float64)
    if values.shape != (9,) or not np.isfinite(values).all():
        raise RabtaError(
            "BDGIM takes nine coefficients in TECu", key="coefficients", value=values, expected="shape (9,)"
        )
    return values


def reference_delay_m(
    coefficients: ArrayLike,
    receiver_m: ArrayLike,
    satellite_m: ArrayLike,
    time: ArrayLike,
    frequency_hz: ArrayLike,
    *,
    forecasts: bool = True,
) -> Array:
    """`delay_m`, term by term in NumPy: what the compiled one is held to."""
    receiver = np.asarray(receiver_m, dtype=np.float64)
    lat, lon, zenith = _pierce(receiver, np.asarray(satellite_m, dtype=np.float64))
    ratio = MAPPING_EARTH_M / (MAPPING_EARTH_M + SHELL_M) * np.sin(0.9782 * zenith)
    slant = vertical_tecu(coefficients, lat, lon, time, forecasts=forecasts) / np.sqrt(1.0 - ratio**2)
    return np.asarray(slant * 40.3e16 / np.asarray(frequency_hz, dtype=np.float64) ** 2)


def delay_m(
    coefficients: ArrayLike,
    receiver_m: ArrayLike,
    satellite_m: ArrayLike,
    time: ArrayLike,
    frequency_hz: ArrayLike,
    *,
    forecasts: bool = True,
) -> Array:
    """Slant delay of the ionosphere.

    Parameters
    ----------
    coefficients : array_like, shape (9,)
        As broadcast, TECu.
    receiver_m, satellite_m : array_like, shape (..., 3)
        Earth-fixed positions; the receiver between 100 km under the surface and 100 km above it.
    time : array_like, shape (...)
        Nanoseconds of GPS time.
    frequency_hz : array_like, shape (...)
    forecasts : bool
        False leaves the forecast coefficients out: not the model of the document, but what its reference
        code gives from its second call in a process on.

    Returns
    -------
    ndarray, shape (...)
        Metres at the frequency given. All arguments broadcast against each other.
    """
    from rabta.pnt.atmosphere import _kernels

    receiver = np.asarray(receiver_m, dtype=np.float64)
    satellite = np.asarray(satellite_m, dtype=np.float64)
    radius = np.linalg.norm(receiver, axis=-1)
    check_range("receiver's distance from the Earth's centre", radius, 6.25e6, 6.48e6, "BDGIM (metres)")
    shape = np.broadcast_shapes(
        receiver.shape[:-1], satellite.shape[:-1], np.shape(time), np.shape(frequency_hz)
    )
    slot, day = clock(time)
    first = int(slot.min()) if slot.size else 0
    slots = np.arange(first, int(slot.max()) + 1 if slot.size else first)
    table = joined(coefficients, forecasts * forecast(slots))
    out = np.empty(math.prod(shape))
    _kernels.bdgim(
        table,
        _rows(receiver, shape, 3),
        _rows(satellite, shape, 3),
        _rows(slot - first, shape),
        _rows(day, shape),
        _rows(np.asarray(frequency_hz, dtype=np.float64), shape),
        out,
    )
    return out.reshape(shape)


def _rows(values: ArrayLike, shape: tuple[int, ...], width: int = 1) -> Any:
    """Values spread over a shape as the kernel takes them: one row a ray, own memory."""
    whole = shape if width == 1 else (*shape, width)
    return np.array(np.broadcast_to(values, whole), order="C").reshape(-1 if width == 1 else (-1, width))


def joined(coefficients: ArrayLike, ahead: Array) -> Array:
    """Coefficients as the compiled formula takes them, shape (slot, 27).

    Broadcast, then forecast for each slot, each times its harmonic's norm; last the floor.
    """
    broadcast = checked(coefficients)
    both = np.hstack([np.broadcast_to(broadcast, (ahead.shape[0], 9)), ahead])
    norms = [harmonic_norm(n, m) for n, m in (*BROADCAST, *forecast_table()[0])]
    return np.asarray(
        np.hstack([both * norms, np.full((ahead.shape[0], 1), floor_tecu(float(broadcast[0])))])
    )


def harmonic_norm(degree: int, order: int) -> float:
    """Factor of a fully normalised harmonic."""
    m = abs(order)
    ratio = math.factorial(degree - m) / math.factorial(degree + m)
    return math.sqrt((2.0 if m else 1.0) * (2 * degree + 1) * ratio)
