"""Doppler, delay, timing advance and K offset of links to satellites that move: TR 38.811 and TR 38.821."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.itu import check_range
from rabta.radio.linkbudget import EARTH_KM, slant_range_km
from rabta.units import SPEED_OF_LIGHT_M_S

Array = NDArray[np.float64]

RECOMMENDATION = "3GPP TR 38.811, clause 6.7.1; TR 38.821, clause 6.3; TS 38.211 and TS 38.213"
RANGES = {"elevation_deg": (0.0, 90.0), "altitude_km": (100.0, 36_000.0)}
GRAVITATION_M3_S2 = 3.986004418e14  # WGS 84
TIME_UNIT_S = 1.0 / (480e3 * 4096)  # TS 38.211, clause 4.1: T_c
KAPPA = 64.0
SLOT_MS = 1.0


@dataclass(frozen=True)
class Timing:
    """Timing of links, arrays of one shape.

    Attributes
    ----------
    one_way_s, round_trip_s : ndarray
        Of the service link; the feeder link is in ``common_round_trip_s``.
    common_round_trip_s : ndarray
        What the network announces for all of a beam: feeder link and the beam's reference point.
    advance_units : ndarray of int
        N_TA of TS 38.211, clause 4.3.1, in units of 64 T_c: what a terminal still has to advance.
    k_offset_slots : int
        Slots by which uplink scheduling is put off, so that every terminal is in time (TS 38.213).
    drift_us_s : ndarray
        Rate at which the round trip changes, microseconds a second.
    """

    one_way_s: Array
    round_trip_s: Array
    common_round_trip_s: Array
    advance_units: NDArray[np.int64]
    k_offset_slots: int
    drift_us_s: Array


def orbital_speed_m_s(altitude_km: ArrayLike) -> Array:
    """Speed on a circular orbit.

    Examples
    --------
    >>> round(float(orbital_speed_m_s(600.0)))  # TR 38.811, table 5.3.4.1-1: 7.56 km/s
    7562
    """
    check_range("altitude_km", altitude_km, *RANGES["altitude_km"], RECOMMENDATION)
    radius_m = (EARTH_KM + np.asarray(altitude_km, dtype=np.float64)) * 1e3
    return np.asarray(np.sqrt(GRAVITATION_M3_S2 / radius_m))


def greatest_doppler_hz(altitude_km: ArrayLike, elevation_deg: ArrayLike, frequency_ghz: ArrayLike) -> Array:
    """Doppler shift of a satellite that comes straight on, seen from a place that stands still.

    TR 38.811, equation (6.7-2): v / c (R / (R + h)) cos(elevation) f; the Earth does not turn.

    Examples
    --------
    >>> round(float(greatest_doppler_hz(600.0, 10.0, 2.0)) / 1e3, 1)
    45.4
    """
    check_range("elevation_deg", elevation_deg, *RANGES["elevation_deg"], RECOMMENDATION)
    h = np.asarray(altitude_km, dtype=np.float64)
    towards = EARTH_KM / (EARTH_KM + h) * np.cos(np.radians(elevation_deg))
    hertz = np.asarray(frequency_ghz, dtype=np.float64) * 1e9
    return np.asarray(orbital_speed_m_s(h) * towards * hertz / SPEED_OF_LIGHT_M_S)


def range_rate_m_s(
    satellite_m: ArrayLike, satellite_m_s: ArrayLike, place_m: ArrayLike, place_m_s: ArrayLike = 0.0
) -> Array:
    """Rate at which the distance grows, from positions and velocities in one frame.

    Parameters
    ----------
    satellite_m, satellite_m_s, place_m, place_m_s : array_like, shape (..., 3)
        Earth-fixed velocities with Earth-fixed positions, or inertial ones with inertial ones.
    """
    apart = np.asarray(satellite_m, dtype=np.float64) - np.asarray(place_m, dtype=np.float64)
    speed = np.asarray(satellite_m_s, dtype=np.float64) - np.asarray(place_m_s, dtype=np.float64)
    distance = np.sqrt((apart**2).sum(axis=-1))
    check_range("distance of satellite and place, m", distance, 1.0, 1e9, RECOMMENDATION)
    return np.asarray((apart * speed).sum(axis=-1) / distance)


def doppler_hz(range_rate: ArrayLike, frequency_ghz: ArrayLike) -> Array:
    """Doppler shift of a link whose length changes, first order in v / c; positive where it shrinks."""
    hertz = np.asarray(frequency_ghz, dtype=np.float64) * 1e9
    return np.asarray(-np.asarray(range_rate, dtype=np.float64) * hertz / SPEED_OF_LIGHT_M_S)


def timing(
    distance_km: ArrayLike,
    *,
    feeder_km: ArrayLike = 0.0,
    reference_km: ArrayLike = 0.0,
    range_rate: ArrayLike = 0.0,
    feeder_rate: ArrayLike = 0.0,
    spacing_khz: float = 15.0,
) -> Timing:
    """Delay, timing advance and K offset of links through one satellite.

    Parameters
    ----------
    distance_km : array_like
        Of the service links.
    feeder_km : array_like
        Of the feeder link of a transparent satellite; 0 for a regenerative one.
    reference_km : array_like
        Service link to the beam's reference point, which the network compensates for all; 0 for none.
    range_rate, feeder_rate : array_like
        Rates of both links, m/s.
    spacing_khz : float
        Subcarrier spacing, 15 times a power of two; a slot lasts 15 / spacing ms.

    Notes
    -----
    TR 38.821, clause 6.3.2; TS 38.211, clause 4.3.1: the advance is (N_TA + N_TA,common) T_c.
    """
    check_range("distance_km", distance_km, 1.0, 1e6, RECOMMENDATION)
    check_range("spacing_khz", spacing_khz, 15.0, 960.0, RECOMMENDATION)
    one_way = np.asarray(distance_km, dtype=np.float64) * 1e3 / SPEED_OF_LIGHT_M_S
    common = 2e3 * (np.asarray(feeder_km) + np.asarray(reference_km)) / SPEED_OF_LIGHT_M_S
    own = 2e3 * (np.asarray(distance_km) - np.asarray(reference_km)) / SPEED_OF_LIGHT_M_S
    whole = 2.0 * one_way + 2e3 * np.asarray(feeder_km) / SPEED_OF_LIGHT_M_S
    slot_s = SLOT_MS * 1e-3 * 15.0 / spacing_khz
    rate = np.asarray(range_rate, dtype=np.float64) + np.asarray(feeder_rate, dtype=np.float64)
    return Timing(
        one_way_s=one_way,
        round_trip_s=2.0 * one_way,
        common_round_trip_s=np.asarray(common, dtype=np.float64),
        advance_units=np.asarray(np.round(own / (KAPPA * TIME_UNIT_S)), dtype=np.int64),
        k_offset_slots=int(np.ceil(np.max(whole) / slot_s - 1e-9)),
        drift_us_s=np.asarray(2e6 * rate / SPEED_OF_LIGHT_M_S),
    )


def round_trip_ms(
    altitude_km: ArrayLike,
    elevation_deg: ArrayLike,
    gateway_elevation_deg: ArrayLike = 10.0,
    *,
    transparent: bool = True,
) -> Array:
    """Round trip between terminal and gateway, or terminal and a satellite with a base station on board.

    TR 38.821, tables 4.2-2 and 5.3.2.1-1; TR 38.811, tables 5.3.2.1-1 and 5.3.4.1-1.

    Examples
    --------
    >>> round(float(round_trip_ms(600.0, 10.0)), 2)  # TR 38.821, table 4.2-2: 25.77 ms
    25.77
    """
    check_range("elevation_deg", elevation_deg, *RANGES["elevation_deg"], RECOMMENDATION)
    length = slant_range_km(elevation_deg, altitude_km)
    if transparent:
        length = length + slant_range_km(gateway_elevation_deg, altitude_km)
    return np.asarray(2e6 * length / SPEED_OF_LIGHT_M_S)
