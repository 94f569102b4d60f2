"""What moves the ground under an antenna: tides of the solid Earth, of the pole and of the oceans' load.

IERS Conventions 2010 (Technical Note 36), chapter 7. All displacements are Earth-fixed metres to be added
to a position in the reference frame. The permanent tide stays in, as the reference frames have it.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.pnt import gnsstime
from rabta.pnt.atmosphere import bodies
from rabta.pnt.text import Source, lines

Array = NDArray[np.float64]

_EARTH_M = 6_378_136.6  # IERS Conventions 2010, table 1.1
_SUN, _MOON = 332_946.0482, 0.0123000371  # masses over the Earth's: table 1.1
_YEAR_DAYS = 365.25


def _axes(position: Array) -> tuple[Array, Array, Array, Array, Array]:
    """East, north and up on the sphere; sine and cosine of the geocentric latitude."""
    up = position / np.linalg.norm(position, axis=-1, keepdims=True)
    cosine = np.hypot(up[..., 0], up[..., 1])
    zero = np.zeros_like(cosine)
    east = np.stack([-up[..., 1], up[..., 0], zero], axis=-1) / np.maximum(cosine, 1e-12)[..., None]
    return east, np.cross(up, east), up, up[..., 2], cosine


def _along(east: Array, north: Array, up: Array, values: tuple[Array, Array, Array]) -> Array:
    return np.asarray(sum(v[..., None] * axis for v, axis in zip(values, (east, north, up), strict=True)))


def _elastic(position: Array, body: Array, mass: float) -> Array:
    """In-phase degrees 2 and 3 with nominal Love numbers: equations 7.5 and 7.6."""
    _, _, up, sine, _ = _axes(position)
    distance = np.linalg.norm(body, axis=-1)
    to = body / distance[..., None]
    c = np.sum(up * to, axis=-1)
    legendre = (3.0 * sine**2 - 1.0) / 2.0
    h2, l2 = 0.6078 - 0.0006 * legendre, 0.0847 + 0.0002 * legendre
    h3, l3 = 0.292, 0.015
    second = mass * _EARTH_M * (_EARTH_M / distance) ** 3
    third = second * _EARTH_M / distance
    radial = second * h2 * (1.5 * c**2 - 0.5) + third * h3 * (2.5 * c**3 - 1.5 * c)
    across = second * 3.0 * l2 * c + third * l3 * (7.5 * c**2 - 1.5)
    return np.asarray(radial[..., None] * up + across[..., None] * (to - c[..., None] * up))


def _anelastic(position: Array, body: Array, mass: float) -> Array:
    """Out-of-phase parts and the dependence of l on latitude: equations 7.8 to 7.11."""
    east, north, up, s, c = _axes(position)
    distance = np.linalg.norm(body, axis=-1)
    factor = mass * _EARTH_M * (_EARTH_M / distance) ** 3
    z = body[..., 2] / distance
    flat = np.sqrt(1.0 - z**2)
    away = np.arctan2(position[..., 1], position[..., 0]) - np.arctan2(body[..., 1], body[..., 0])
    sine, cosine, sine2, cosine2 = np.sin(away), np.cos(away), np.sin(2 * away), np.cos(2 * away)
    double, square = 2.0 * z * flat, flat**2  # sine of twice the declination, cosine squared of it
    wide, turned = 2.0 * s * c, c**2 - s**2
    r = 0.75 * 0.0025 * double * wide * sine + 0.75 * 0.0022 * square * c**2 * sine2
    n = 1.5 * 0.0007 * double * turned * sine - 0.75 * 0.0007 * square * wide * sine2
    e = 1.5 * 0.0007 * double * s * cosine + 0.75 * 0.0007 * square * 2.0 * c * cosine2
    first, second = 1.5 * 0.0012 * double, 1.5 * 0.0024 * square
    n = n - first * s**2 * cosine - second * s * c * cosine2
    e = e + first * s * turned * sine - second * s**2 * c * sine2
    return _along(east, north, up, (factor * e, factor * n, factor * r))


@cache
def _table(band: str) -> tuple[Array, Array]:
    """Multiples of s, h, p, N', ps and amplitudes (mm) of a band: tables 7.3a and 7.3b."""
    text = files(__package__).joinpath("tides.csv").read_text(encoding="utf-8")
    lines = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    rows = np.array([row[1:] for row in lines if row[0] == band], dtype=np.float64)
    return rows[:, :5], rows[:, 5:]


def _fundamental(time: ArrayLike) -> tuple[Array, Array]:
    """Angles s, h, p, N', ps, shape (..., 5), and mean lunar time, in radians."""
    t = bodies.centuries(time)
    precession = np.polynomial.polynomial.polyval(t, (0.0, 1.396971278, 0.000308889, 2.1e-8, 7e-9))
    moon = np.polynomial.polynomial.polyval(t, (218.31664563, 481_267.88194, -0.0014663889, 1.85139e-6))
    mean = (280.4606184, 36_000.7700536, 0.00038793, -2.58e-8)
    hour = np.asarray(gnsstime.to_utc(time) - gnsstime.to_utc(time).astype("datetime64[D]")).astype(np.int64)
    lunar = hour / 3.6e12 * 15.0 + np.polynomial.polynomial.polyval(t, mean) - moon
    others = (
        (280.46645, 36_000.7697489, 0.00030322222, 2e-8, -6.54e-9),
        (83.35324312, 4_069.01363525, -0.01032172222, -1.24991e-5, 5.263e-8),
        (234.95544499, 1_934.13626197, -0.00207561111, -2.13944e-6, 1.65e-8),
        (282.93734098, 1.71945766667, 0.00045688889, -1.778e-8, -3.34e-9),
    )
    angles = [moon + precession, *(np.polynomial.polynomial.polyval(t, item) for item in others)]
    return np.radians(np.stack(angles, axis=-1)), np.radians(lunar)


def _resonant(position: Array, time: ArrayLike) -> Array:
    """Frequency dependence of the Love numbers, diurnal and long-period: equations 7.12, 7.13."""
    east, north, up, s, c = _axes(position)
    angles, lunar = _fundamental(time)
    multiples, mm = _table("diurnal")
    theta = (lunar + np.arctan2(position[..., 1], position[..., 0]))[..., None] + angles @ multiples.T
    sine, cosine = np.sin(theta), np.cos(theta)
    r = 2.0 * s * c * (sine @ mm[:, 0] + cosine @ mm[:, 1])
    n = (c**2 - s**2) * (sine @ mm[:, 2] + cosine @ mm[:, 3])
    e = s * (cosine @ mm[:, 2] - sine @ mm[:, 3])
    multiples, mm = _table("long")
    theta = angles @ multiples.T
    r = r + (1.5 * s**2 - 0.5) * (np.cos(theta) @ mm[:, 0] + np.sin(theta) @ mm[:, 1])
    n = n + 2.0 * s * c * (np.cos(theta) @ mm[:, 2] + np.sin(theta) @ mm[:, 3])
    return _along(east, north, up, (e / 1e3, n / 1e3, r / 1e3))


def solid_from_bodies_m(position_m: ArrayLike, sun_m: ArrayLike, moon_m: ArrayLike, time: ArrayLike) -> Array:
    """`solid_m` with the Earth-fixed positions of Sun and Moon given, shape (..., 3), metres."""
    position = np.asarray(position_m, dtype=np.float64)
    total = _resonant(position, time)
    for body, mass in ((sun_m, _SUN), (moon_m, _MOON)):
        where = np.asarray(body, dtype=np.float64)
        total = total + _elastic(position, where, mass) + _anelastic(position, where, mass)
    return np.asarray(total)


def solid_m(position_m: ArrayLike, time: ArrayLike) -> Array:
    """Displacement by the solid Earth's tide.

    Parameters
    ----------
    position_m : array_like, shape (..., 3)
        Earth-fixed.
    time : array_like, shape (...)
        Nanoseconds of GPS time.

    Returns
    -------
    ndarray, shape (..., 3)
        Earth-fixed metres: up to 0.4 m, mostly vertical.
    """
    return solid_from_bodies_m(position_m, bodies.sun_m(time), bodies.moon_m(time), time)


def pole_m(position_m: ArrayLike, time: ArrayLike, xp_arcsec: ArrayLike, yp_arcsec: ArrayLike) -> Array:
    """Displacement by the pole's motion: section 7.1.4 with the secular pole of 2018; up to 25 mm.

    ``xp_arcsec`` and ``yp_arcsec`` as the navigation messages or the IERS give them.
    """
    position = np.asarray(position_m, dtype=np.float64)
    east, north, up, s, c = _axes(position)
    years = bodies.centuries(time) * 100.0
    m1 = np.asarray(xp_arcsec) - (55.0 + 1.677 * years) / 1e3
    m2 = (320.5 + 3.460 * years) / 1e3 - np.asarray(yp_arcsec)
    cosine, sine = position[..., 0], position[..., 1]
    flat = np.hypot(cosine, sine)
    toward, across = (m1 * cosine + m2 * sine) / flat, (m1 * sine - m2 * cosine) / flat
    # colatitude: its cosine is s, its sine is c; the south component is positive in the Conventions
    r, n, e = -33.0 * 2.0 * s * c * toward, 9.0 * (s**2 - c**2) * toward, 9.0 * s * across
    return _along(east, north, up, (e / 1e3, n / 1e3, r / 1e3))


# Eleven tides of a BLQ file: rad/s, multiples of h, s, p at the start of the day, offset in circles;
# IERS Conventions 2010, routine ARG2 (M2 S2 N2 K2 K1 O1 P1 Q1 Mf Mm Ssa).
_OCEAN = np.array(
    [
        *((1.40519e-4, 2.0, -2.0, 0.0, 0.0), (1.45444e-4, 0.0, 0.0, 0.0, 0.0)),
        *((1.37880e-4, 2.0, -3.0, 1.0, 0.0), (1.45842e-4, 2.0, 0.0, 0.0, 0.0)),
        *((0.72921e-4, 1.0, 0.0, 0.0, 0.25), (0.67598e-4, 1.0, -2.0, 0.0, -0.25)),
        *((0.72523e-4, -1.0, 0.0, 0.0, -0.25), (0.64959e-4, 1.0, -3.0, 1.0, -0.25)),
        *((0.53234e-5, 0.0, 2.0, 0.0, 0.0), (0.26392e-5, 0.0, 1.0, -1.0, 0.0)),
        (0.03982e-5, 2.0, 0.0, 0.0, 0.0),
    ]
)


def _ocean_phases(time: ArrayLike) -> Array:
    """Astronomical arguments of the eleven tides, shape (..., 11), radians."""
    utc = gnsstime.to_utc(time)
    day = utc.astype("datetime64[D]")
    days = (day - np.datetime64("1975-01-01")).astype(np.int64) + 1
    t = (27_392.500528 + 1.000000035 * days) / 36_525.0
    h = 279.69668 + (36_000.768930485 + 3.03e-4 * t) * t
    s = ((1.9e-6 * t - 0.001133) * t + 481_267.88314137) * t + 270.434358
    p = ((-1.2e-5 * t - 0.010325) * t + 4_069.0340329577) * t + 334.329653
    start = np.radians(np.stack([h, s, p], axis=-1)) @ _OCEAN[:, 1:4].T
    seconds = np.asarray((utc - day).astype(np.int64) / 1e9)
    return np.asarray(seconds[..., None] * _OCEAN[:, 0] + start + 2.0 * np.pi * _OCEAN[:, 4])


def ocean_m(position_m: ArrayLike, coefficients: ArrayLike, time: ArrayLike) -> Array:
    """Displacement by the oceans' load from a station's BLQ coefficients: section 7.1.2, main tides only.

    Parameters
    ----------
    coefficients : array_like, shape (6, 11)
        As in a BLQ file (http://holt.oso.chalmers.se/loading): amplitudes in metres radial, west, south, then
        phases in degrees, for M2 S2 N2 K2 K1 O1 P1 Q1 Mf Mm Ssa.
    """
    table = np.asarray(coefficients, dtype=np.float64)
    if table.shape != (6, 11):
        raise RabtaError(
            "ocean loading takes three rows of amplitudes and three of phases",
            key="coefficients",
            value=table.shape,
            expected="shape (6, 11)",
        )
    phases = _ocean_phases(time)[..., None, :] - np.radians(table[3:])
    radial, west, south = np.moveaxis(np.sum(table[:3] * np.cos(phases), axis=-1), -1, 0)
    east, north, up, _, _ = _axes(np.asarray(position_m, dtype=np.float64))
    return _along(east, north, up, (-west, -south, radial))


def read_blq(source: Source) -> dict[str, Array]:
    """Coefficients of ocean loading by station, each of shape (6, 11), from a BLQ file.

    As http://holt.oso.chalmers.se/loading writes them: comments begin with ``$$``, a station's name stands
    alone in its line, six rows of eleven numbers follow.

    Raises
    ------
    RabtaError
        With the line where a station's rows are not six of eleven numbers, or without any station.
    """
    text = lines(source)
    found: dict[str, Array] = {}
    name = ""
    rows: list[Array] = []
    for k in range(len(text)):
        line = text.text(k).strip()
        if not line or line.startswith("$$"):
            continue
        values = _numbers(line)
        if values is None and (not name or len(rows) == 6):
            name, rows = line, []
            continue
        if values is None or values.size != 11 or not name or len(rows) == 6:
            raise RabtaError(
                "not a row of a station's tides", file=text.at(k), value=line[:60], expected="eleven numbers"
            )
        rows.append(values)
        if len(rows) == 6:
            found[name.upper()] = np.array(rows)
    if name and len(rows) != 6:
        raise RabtaError(
            "a station whose rows are cut short", file=text.name, value=name, expected="six rows"
        )
    if not found:
        raise RabtaError("no station's tides in the file", file=text.name, expected="a BLQ file")
    return found


def _numbers(line: str) -> Array | None:
    """Finite numbers of a line; None where a word is none."""
    try:
        values = np.array([float(word) for word in line.split()])
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def station(coefficients: dict[str, Array], name: str) -> Array:
    """One station's coefficients from `read_blq`; an unknown one is refused with the nearest known."""
    key = name.strip().upper()
    if key not in coefficients:
        raise RabtaError(
            "no such station in the file", key="station", value=name, expected=nearest(key, coefficients)
        )
    return coefficients[key]
