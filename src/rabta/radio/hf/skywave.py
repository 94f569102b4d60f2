"""Field strength and received power of the sky wave: ITU-R P.533-14, sections 5 and 6, up to 7,000 km.

Frequencies broadcast against places and hours; modes lie along a first axis: 3 E modes, then 6 F2 modes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.hf.ionosphere.coefficients import Maps
from rabta.radio.hf.ionosphere.geomagnetism import (
    dip_deg,
    geomagnetic_latitude_deg,
    gyrofrequency_mhz,
    modified_dip_deg,
)
from rabta.radio.hf.ionosphere.layers import HIGHEST_R12, TABLES, fo_e_mhz, local_hour, sun
from rabta.radio.hf.muf import (
    E_HEIGHT_KM,
    E_HOPS,
    EARTH_KM,
    F2_HOPS,
    RANGES,
    RECOMMENDATION,
    Control,
    Modes,
    Path,
    When,
    elevation_deg,
    incidence_deg,
    mirror_km,
    modes,
    screening_mhz,
)
from rabta.radio.itu import check_range

Array = NDArray[np.float64]
Gain = Callable[[Array, Array], Array]

# What the method does not hold otherwise. It belongs to absorption at the points where rays pass 90 km.
OTHER_LOSS_DB = 9.14
_ABSORBING_KM = 90.0
# Seasons of the auroral table: December to February, June to August, else equinox.
_AURORAL_SEASON = np.array([0, 0, 1, 1, 1, 2, 2, 2, 1, 1, 1, 0])


@cache
def _noon_table() -> Array:
    """Absorption at noon and R12 = 0 by month and latitude of 0 to 70 degrees by 2.5: figure 1."""
    return np.genfromtxt(TABLES / "absorption.csv", delimiter=",", skip_header=1)[:, 1:]


@cache
def _diurnal_table() -> Array:
    """Month, part: bounds in degrees of modified dip and seven coefficients: figure 3."""
    rows = np.genfromtxt(TABLES / "diurnal.csv", delimiter=",", skip_header=1)
    return np.asarray(rows[:, 2:].reshape(12, 2, 9))


@cache
def _auroral_table() -> Array:
    """Loss by range, season, geomagnetic latitude (from 77.5 down to 42.5) and 3 hours from 1 h: table 2."""
    rows = np.genfromtxt(TABLES / "auroral.csv", delimiter=",", skip_header=1, usecols=range(3, 11))
    return np.asarray(rows.reshape(2, 3, 8, 8))


def diurnal_exponent(lat_deg: Array, lon_deg: Array, month: int) -> Array:
    """Exponent p of the daily course of absorption. ITU-R P.533-14, figure 3."""
    lat, lon = np.broadcast_arrays(np.asarray(lat_deg), np.asarray(lon_deg))
    bent = np.minimum(np.abs(modified_dip_deg(lat, lon, 100.0)), 70.0)
    table = _diurnal_table()
    row = np.where(lat >= 0, month - 1, (month + 5) % 12)
    part = (bent > table[row, 0, 1]).astype(np.int64)
    low, high, coefficients = table[row, part, 0], table[row, part, 1], table[row, part, 2:]
    x = -1.0 + 2.0 * (bent - low) / (high - low)
    return np.asarray(sum(coefficients[..., k] * x**k for k in range(7)))


def noon_absorption(lat_deg: Array, month: int) -> Array:
    """Absorption factor at local noon and R12 = 0. ITU-R P.533-14, figure 1."""
    place = np.minimum(np.abs(np.asarray(lat_deg)), 69.99) / 2.5
    i = place.astype(np.int64)
    row = _noon_table()[month - 1]
    return np.asarray(row[i] * (1.0 - (place - i)) + row[i + 1] * (place - i))


def penetration_factor(ratio: ArrayLike) -> Array:
    """Absorption layer penetration factor by the ratio of vertical frequency to foE.

    ITU-R P.533-14, figure 2; the fit of its curve by the ITU's REC533, in units of its value far above.
    """
    t = np.asarray(ratio, dtype=np.float64)
    x, y = (t - 0.475) / 0.475, (t - 1.65) / 0.55
    low = np.polynomial.polynomial.polyval(x, [0.225, 0.159, 0.044, -0.027, 0.127, 0.04, -0.093])
    mid = np.polynomial.polynomial.polyval(y, [0.375, -0.049, 0.054, 0.034, -0.027, -0.07, 0.043])
    high = 0.34 + np.maximum(10.0 - t, 0.0) * 0.02 / 7.8
    found = np.where(t <= 1.0, np.minimum(low, 0.53), np.where(t <= 2.2, np.minimum(mid, 0.53), high))
    return np.asarray(np.where(t < 0, 0.0, found) / 0.34)


def _solar(zenith_deg: Array, power: Array) -> Array:
    """Course of absorption with the sun's zenith angle. ITU-R P.533-14, equation (21)."""
    cosine = np.cos(np.radians(0.881 * np.minimum(zenith_deg, 102.0)))
    return np.asarray(np.maximum(cosine**power, 0.02))


def absorption_term(found: Modes, along_km: Array, vertical_mhz: Array) -> Array:
    """Term AT of the absorption where a ray passes 90 km, ``along_km`` from the first end."""
    lat, lon = found.path.point(along_km)
    when = found.when
    sky = sun(lat, lon, when.month, when.hour_ut)
    power = diurnal_exponent(lat, lon, when.month)
    fo_e = fo_e_mhz(lat, lon, when.month, when.hour_ut, when.r12)
    share = _solar(sky.zenith_deg, power) / _solar(sky.noon_zenith_deg, power)
    return np.asarray(noon_absorption(lat, when.month) * share * penetration_factor(vertical_mhz / fo_e))


def auroral_loss_db(point: Control, hop_km: Array, month: int, hour: Array) -> Array:
    """Auroral and other losses Lh at a control point. ITU-R P.533-14, table 2."""
    north = np.abs(geomagnetic_latitude_deg(point.lat, point.lon))
    row = np.clip(np.ceil((77.5 - north) / 5.0), 0, 7).astype(np.int64)
    season = np.where(point.lat >= 0, _AURORAL_SEASON[month - 1], _AURORAL_SEASON[(month + 5) % 12])
    column = (np.mod(hour - 1.0, 24.0) // 3.0).astype(np.int64)
    loss = _auroral_table()[(hop_km > 2500.0).astype(np.int64), season, row, column]
    return np.asarray(np.where(north < 42.5, 0.0, loss))


@dataclass(frozen=True)
class Circuit:
    """What arrives over each mode, shape (9, ...): three E modes, six F2 modes.

    Attributes
    ----------
    loss_db : array
        Basic transmission loss; infinite where a mode is not there or the E layer screens it.
    elevation_deg : array
    muf : array
        Basic MUF of the mode in MHz.
    """

    modes: Modes
    frequency_mhz: Array
    loss_db: Array
    elevation_deg: Array
    muf: Array

    def field_dbuvm(self, power_dbkw: ArrayLike = 0.0, gain: Gain | None = None) -> Array:
        """Median field strength in dB(uV/m) over all modes. ITU-R P.533-14, equations (17) and (28).

        Parameters
        ----------
        power_dbkw : array_like
            Transmitter power in dB above 1 kW.
        gain : callable, optional
            Gain in dBi by elevation and frequency; 0 dBi without.
        """
        towards = 0.0 if gain is None else gain(self.elevation_deg, self.frequency_mhz)
        each = 136.6 + np.asarray(power_dbkw) + towards + 20.0 * np.log10(self.frequency_mhz) - self.loss_db
        return _sum_db(each)

    def received_dbw(
        self, power_w: ArrayLike, send: Gain | None = None, receive: Gain | None = None
    ) -> Array:
        """Median available receiver power in dBW over all modes. ITU-R P.533-14, equations (37) and (38)."""
        gains = sum(
            (g(self.elevation_deg, self.frequency_mhz) for g in (send, receive) if g), np.asarray(0.0)
        )
        each = 136.6 - 107.2 + 10.0 * np.log10(np.asarray(power_w) / 1e3) + gains - self.loss_db
        return _sum_db(each)

    @property
    def polar(self) -> NDArray[np.bool_]:
        """True where the path between its points 1,000 km from the ends goes beyond 60 degrees (P.842-6)."""
        names = [name for name in ("mid", "first", "last") if name in self.modes.controls]
        points = [self.modes.controls[name] for name in names]
        north = [np.abs(geomagnetic_latitude_deg(p.lat, p.lon)) >= 60.0 for p in points]
        return np.asarray(np.logical_or.reduce(north) & (self.modes.path.distance_km > 2000.0))


def basic_loss_db(
    maps: Maps,
    ends: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike],
    frequency_mhz: ArrayLike,
    month: int,
    hour_ut: ArrayLike,
    r12: float,
) -> Array:
    """Basic transmission loss of a sky wave in dB, monthly median, over all its modes together.

    Parameters
    ----------
    maps : Maps
        From `coefficients.of_nation` or `coefficients.read_world`.
    ends : tuple of array_like
        Latitude and longitude of one end, then of the other, in degrees.
    frequency_mhz, hour_ut : array_like
        Broadcast against the ends.

    Returns
    -------
    ndarray
        Infinite where no mode carries the frequency.

    Raises
    ------
    RabtaError
        Outside `RANGES`, or where the ionosphere of a place is not known.
    """
    found = modes(maps, Path.between(*ends), When(month, np.asarray(hour_ut, dtype=np.float64), r12))
    return np.asarray(-_sum_db(-circuit(found, frequency_mhz).loss_db))


def _sum_db(each: Array) -> Array:
    """Powers of the modes together; minus infinity where there is none."""
    with np.errstate(divide="ignore"):
        return np.asarray(10.0 * np.log10((10.0 ** (each / 10.0)).sum(axis=0)))


def _mean(points: list[Array], weights: list[Array]) -> Array:
    total = sum(weights, np.asarray(0.0))
    return np.asarray(sum((p * w for p, w in zip(points, weights, strict=True)), np.asarray(0.0)) / total)


def _weights(found: Modes, hops_are_f2: bool) -> tuple[list[Control], list[Array]]:
    """Control points of absorption and how much each counts. ITU-R P.533-14, table 1d."""
    total = found.path.distance_km
    one = np.ones_like(total)
    points, weights = [found.mid], [one]
    for name in ("first", "last"):
        if name in found.controls:
            points.append(found.controls[name])
            weights.append((total > 2000.0) * one)
    for name in ("out", "home"):
        if hops_are_f2 and name in found.controls:
            points.append(found.controls[name])
            weights.append((total > np.maximum(found.longest_km, 2000.0)) * one)
    return points, weights


def _above_muf(ratio: Array, total_km: Array, e_mode: bool) -> Array:
    """Loss of frequencies above the MUF. ITU-R P.533-14, equations (23) to (25)."""
    over = np.maximum(ratio - 1.0, 0.0)
    if e_mode:
        loss = np.minimum(46.0 * np.sqrt(over) + 5.0, 58.0)
    else:
        near = np.minimum(36.0 * np.sqrt(over) + 5.0, 60.0)
        loss = np.where(total_km <= 3000.0, near, np.minimum(70.0 * over + 8.0, 80.0))
    return np.asarray(np.where(ratio > 1.0, loss, 0.0))


def _one_mode(
    found: Modes, frequency: Array, hops: int, muf: Array, height_km: Array, e_mode: bool
) -> tuple[Array, Array]:
    """Loss in dB and elevation of a mode. ITU-R P.533-14, equations (18) to (26)."""
    total = found.path.distance_km
    hop = total / hops
    elevation = elevation_deg(hop, height_km)
    oblique = np.cos(np.radians(incidence_deg(elevation, E_HEIGHT_KM)))
    passes = EARTH_KM * np.radians(90.0 - elevation - incidence_deg(elevation, _ABSORBING_KM))
    vertical = frequency * oblique
    term = np.asarray(0.0)
    for i in range(hops):
        term = term + absorption_term(found, i * hop + passes, vertical)
        term = term + absorption_term(found, (i + 1) * hop - passes, vertical)
    points, weights = _weights(found, not e_mode)
    along = [np.abs(_longitudinal(p)) for p in points]
    hour = np.floor(local_hour(found.mid.lon, found.when.hour_ut))
    aurora = _mean([auroral_loss_db(p, hop, found.when.month, hour) for p in points], weights)
    spots = min(found.when.r12, HIGHEST_R12)
    absorbed = hops * (1.0 + 0.0067 * spots) * (term / (2.0 * hops))
    absorbed = absorbed / ((frequency + _mean(along, weights)) ** 2 * oblique)
    psi = hop / (2.0 * EARTH_KM)
    top = EARTH_KM + height_km
    slant = 2.0 * hops * np.sqrt(EARTH_KM**2 + top**2 - 2.0 * EARTH_KM * top * np.cos(psi))
    above = _above_muf(frequency / np.maximum(muf, 1e-6), total, e_mode)
    free = 32.45 + 20.0 * np.log10(frequency) + 20.0 * np.log10(slant)
    return free + absorbed + above + 2.0 * (hops - 1.0) + aurora + OTHER_LOSS_DB, elevation


def _longitudinal(point: Control) -> Array:
    """Gyrofrequency along the field's vertical part at 100 km. ITU-R P.533-14, equation (22)."""
    dip = np.radians(dip_deg(point.lat, point.lon, 100.0))
    return gyrofrequency_mhz(point.lat, point.lon, 100.0) * np.sin(dip)


def _f2_height(found: Modes) -> Array:
    """Mirror height by which rays leave: of the middle, or of the lowest foF2 on long paths."""
    mid = found.mid
    height = mirror_km(mid.m3000)
    if "out" not in found.controls:
        return height
    points = list(found.controls.values())
    f2 = np.stack(np.broadcast_arrays(*(p.fo_f2 for p in points)))
    m3 = np.stack(np.broadcast_arrays(*(p.m3000 for p in points)))
    weakest = np.take_along_axis(m3, f2.argmin(axis=0)[None], axis=0)[0]
    return np.asarray(np.where(found.path.distance_km > found.longest_km, mirror_km(weakest), height))


def circuit(found: Modes, frequency_mhz: ArrayLike) -> Circuit:
    """Loss and elevation of every mode at frequencies.

    Parameters
    ----------
    found : Modes
        From `muf.modes`.
    frequency_mhz : array_like
        2 to 30 MHz, broadcast against the modes' places and hours.
    """
    check_range("frequency_mhz", frequency_mhz, *RANGES["frequency_mhz"], RECOMMENDATION)
    frequency = np.asarray(frequency_mhz, dtype=np.float64)
    total, height = found.path.distance_km, _f2_height(found)
    screened = screening_mhz(found, frequency)
    losses, elevations, mufs = [], [], []
    for hops in range(1, E_HOPS + 1):
        muf = found.e_muf[hops - 1]
        loss, angle = _one_mode(found, frequency, hops, muf, np.asarray(E_HEIGHT_KM), True)
        there = (muf > 0) & (total / hops <= 2000.0)
        losses.append(np.where(there, loss, np.inf))
        elevations.append(angle)
        mufs.append(muf)
    for hops in range(1, F2_HOPS + 1):
        muf = found.f2_muf[hops - 1]
        loss, angle = _one_mode(found, frequency, hops, muf, height, False)
        there = (muf > 0) & (total / hops <= found.longest_km) & (screened[hops - 1] < frequency)
        losses.append(np.where(there, loss, np.inf))
        elevations.append(angle)
        mufs.append(muf)
    loss_db = np.stack(np.broadcast_arrays(*losses))
    return Circuit(
        found,
        frequency,
        loss_db,
        np.stack([np.broadcast_to(e, loss_db.shape[1:]) for e in elevations]),
        np.stack([np.broadcast_to(m, loss_db.shape[1:]) for m in mufs]),
    )
