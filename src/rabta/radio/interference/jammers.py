"""Jammers: J/S, burn-through, spread-spectrum and coding gain, and ranges at which GNSS receivers fail.

Free space unless losses are given. Sources: NAWCWD TP 8347, Electronic Warfare and Radar Systems Engineering
Handbook, sections 4-7 and 4-8 (one- and two-way J/S); Kaplan and Hegarty, Understanding GPS, 2nd edition,
section 6.2 (effective C/N0 and the Q of interference).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range
from rabta.radio.linkbudget import free_space_db
from rabta.units import SPEED_OF_LIGHT_M_S

Array = NDArray[np.float64]

RECOMMENDATION = "NAWCWD TP 8347; Kaplan and Hegarty, section 6.2"
RANGES = {"cross_section_m2": (1e-6, 1e6), "range_km": (1e-3, 1e5)}
CHIPS_PER_S: Mapping[str, float] = {"l1-ca": 1.023e6, "l5": 10.23e6, "p": 10.23e6}
QUALITY: Mapping[str, float] = {"narrowband": 1.0, "matched": 1.5, "wideband": 2.0}  # Kaplan: Q
GPS_L1_DBW = -158.5  # least C/A power on the ground, IS-GPS-200, section 6.3
GPS_L1_GHZ = 1.57542
HORIZON_KM = 4.12  # sqrt of metres to km over an Earth of 4/3 radius, ITU-R P.528 and P.452 terms


def _db(value: ArrayLike) -> Array:
    return np.asarray(value, dtype=np.float64)


def j_s_db(
    jammer_eirp_dbw: ArrayLike,
    signal_eirp_dbw: ArrayLike,
    jammer_loss_db: ArrayLike,
    signal_loss_db: ArrayLike,
    *,
    gain_to_jammer_db: ArrayLike = 0.0,
    bandwidth_ratio: ArrayLike = 1.0,
) -> Array:
    """Jammer to signal at a receiver.

    Parameters
    ----------
    jammer_loss_db, signal_loss_db : array_like
        Path losses, of any model: free space for an aircraft, terrain on the ground.
    gain_to_jammer_db : array_like
        Receiving gain towards the jammer less that towards the signal (a pattern's difference).
    bandwidth_ratio : array_like
        Jammer's bandwidth over the receiver's where it is wider: only a part comes in.

    Examples
    --------
    >>> j_s_db(20.0, 10.0, 130.0, 110.0).tolist()
    -10.0
    """
    spill = 10.0 * np.log10(np.maximum(_db(bandwidth_ratio), 1.0))
    jammer = _db(jammer_eirp_dbw) - _db(jammer_loss_db) + _db(gain_to_jammer_db) - spill
    return np.asarray(jammer - (_db(signal_eirp_dbw) - _db(signal_loss_db)))


def link_burn_through_km(
    jammer_eirp_dbw: ArrayLike,
    signal_eirp_dbw: ArrayLike,
    jammer_km: ArrayLike,
    *,
    j_s_limit_db: ArrayLike = 0.0,
    gain_to_jammer_db: ArrayLike = 0.0,
) -> Array:
    """Longest link that still works, in free space: J/S grows with its square.

    Examples
    --------
    >>> link_burn_through_km(30.0, 10.0, 50.0).tolist()
    5.0
    """
    allowed = _db(j_s_limit_db) - (_db(jammer_eirp_dbw) - _db(signal_eirp_dbw) + _db(gain_to_jammer_db))
    return np.asarray(_db(jammer_km) * 10.0 ** (allowed / 20.0))


def radar_j_s_db(
    jammer_eirp_dbw: ArrayLike,
    radar_eirp_dbw: ArrayLike,
    cross_section_m2: ArrayLike,
    range_km: ArrayLike,
    *,
    jammer_km: ArrayLike | None = None,
    gain_to_jammer_db: ArrayLike = 0.0,
) -> Array:
    """J/S at a radar whose target protects itself, or is covered from ``jammer_km`` away.

    J/S = EIRPj 4 pi R^4 / (EIRPr sigma Rj^2), with the side-lobe gain towards the jammer.
    """
    check_range("cross_section_m2", cross_section_m2, *RANGES["cross_section_m2"], "a radar target")
    check_range("range_km", range_km, *RANGES["range_km"], "a radar target")
    away = _db(range_km if jammer_km is None else jammer_km) * 1e3
    far = 40.0 * np.log10(_db(range_km) * 1e3) - 20.0 * np.log10(away)
    ratio = _db(jammer_eirp_dbw) - _db(radar_eirp_dbw) + _db(gain_to_jammer_db)
    return np.asarray(ratio + 10.0 * np.log10(4.0 * np.pi / _db(cross_section_m2)) + far)


def target_gain_db(cross_section_m2: ArrayLike, frequency_ghz: ArrayLike) -> Array:
    """Gain factor of a radar target between two one-way losses: 4 pi sigma / wavelength^2.

    TP 8347, section 4-4.

    Examples
    --------
    >>> target_gain_db(9.0, [1.0, 5.0, 10.0]).round(2).tolist()
    [31.0, 44.98, 51.0]
    """
    wavelength = SPEED_OF_LIGHT_M_S / (_db(frequency_ghz) * 1e9)
    return np.asarray(10.0 * np.log10(4.0 * np.pi * _db(cross_section_m2) / wavelength**2))


def radar_echo_dbw(
    radar_eirp_dbw: ArrayLike,
    gain_dbi: ArrayLike,
    cross_section_m2: ArrayLike,
    range_km: ArrayLike,
    frequency_ghz: ArrayLike,
) -> Array:
    """Power that a radar receives from a target in free space."""
    there = _db(radar_eirp_dbw) - free_space_db(range_km, frequency_ghz)
    back = target_gain_db(cross_section_m2, frequency_ghz) - free_space_db(range_km, frequency_ghz)
    return np.asarray(there + back + _db(gain_dbi))


def radar_burn_through_km(
    jammer_eirp_dbw: ArrayLike,
    radar_eirp_dbw: ArrayLike,
    cross_section_m2: ArrayLike,
    *,
    j_s_limit_db: ArrayLike = 0.0,
) -> Array:
    """Range inside which a radar sees a target that jams it."""
    at_one = radar_j_s_db(jammer_eirp_dbw, radar_eirp_dbw, cross_section_m2, 1.0)
    return np.asarray(10.0 ** ((_db(j_s_limit_db) - at_one) / 20.0))


def processing_gain_db(spread_hz: ArrayLike, data_hz: ArrayLike) -> Array:
    """Gain of spreading: bandwidth (or hops' span) over the data rate."""
    spread, data = _db(spread_hz), _db(data_hz)
    if (data <= 0.0).any() or (spread < data).any():
        raise RabtaError(
            "a spread below the data rate", key="spread_hz", expected="at least data_hz, both above 0"
        )
    return np.asarray(10.0 * np.log10(spread / data))


def jamming_margin_db(
    gain_db: ArrayLike,
    required_eb_n0_db: ArrayLike,
    *,
    coding_gain_db: ArrayLike = 0.0,
    loss_db: ArrayLike = 0.0,
) -> Array:
    """J/S that a link stands: processing and coding gain less the Eb/N0 it needs uncoded and losses."""
    return np.asarray(_db(gain_db) + _db(coding_gain_db) - _db(required_eb_n0_db) - _db(loss_db))


def radio_horizon_km(height_m: ArrayLike, other_m: ArrayLike = 0.0) -> Array:
    """Sight over a smooth Earth of 4/3 radius: 4.12 (sqrt h1 + sqrt h2).

    Examples
    --------
    >>> radio_horizon_km(10_000.0, 2.0).round().tolist()  # a jammer aloft against a handset
    418.0
    """
    return np.asarray(HORIZON_KM * (np.sqrt(_db(height_m)) + np.sqrt(_db(other_m))))


def _quality(interference: str, signal: str) -> float:
    if interference not in QUALITY:
        raise RabtaError(
            "no such interference",
            key="interference",
            value=interference,
            expected=nearest(interference, QUALITY),
        )
    if signal not in CHIPS_PER_S:
        raise RabtaError("no such signal", key="signal", value=signal, expected=nearest(signal, CHIPS_PER_S))
    return QUALITY[interference] * CHIPS_PER_S[signal]


def effective_cn0_dbhz(
    cn0_dbhz: ArrayLike, j_s: ArrayLike, *, interference: str = "wideband", signal: str = "l1-ca"
) -> Array:
    """C/N0 of a GNSS receiver under a jammer. Kaplan and Hegarty, equation (6.7).

    1 / (1 / (C/N0) + (J/S) / (Q Rc)).
    """
    chips = _quality(interference, signal)
    total = 10.0 ** (-_db(cn0_dbhz) / 10.0) + 10.0 ** (_db(j_s) / 10.0) / chips
    return np.asarray(-10.0 * np.log10(total))


def tolerable_j_s_db(
    cn0_dbhz: ArrayLike, threshold_dbhz: ArrayLike, *, interference: str = "wideband", signal: str = "l1-ca"
) -> Array:
    """J/S at which the effective C/N0 falls to a threshold (tracking 28, acquisition 35 dB-Hz)."""
    clear, needed = _db(cn0_dbhz), _db(threshold_dbhz)
    if (clear <= needed).any():
        raise RabtaError(
            "the threshold is not met without a jammer", key="threshold_dbhz", expected="below cn0_dbhz"
        )
    chips = _quality(interference, signal)
    return np.asarray(10.0 * np.log10(chips * (10.0 ** (-needed / 10.0) - 10.0 ** (-clear / 10.0))))


def gnss_jammer_range_km(
    jammer_eirp_dbw: ArrayLike,
    j_s: ArrayLike,
    *,
    signal_dbw: float = GPS_L1_DBW,
    frequency_ghz: float = GPS_L1_GHZ,
    gain_to_jammer_db: ArrayLike = 0.0,
    loss_db: ArrayLike = 0.0,
    jammer_height_m: ArrayLike | None = None,
    receiver_height_m: ArrayLike = 2.0,
) -> Array:
    """Range inside which a jammer holds a GNSS receiver above a J/S.

    Parameters
    ----------
    signal_dbw : float
        Power of the satellite's signal into an isotropic antenna.
    gain_to_jammer_db : array_like
        Receiving gain towards the jammer less that towards the satellite.
    loss_db : array_like
        Beyond free space.
    jammer_height_m : array_like, optional
        Cuts the range at the radio horizon.
    """
    allowed = _db(jammer_eirp_dbw) + _db(gain_to_jammer_db) - _db(loss_db) - (_db(j_s) + signal_dbw)
    wavelength = SPEED_OF_LIGHT_M_S / (frequency_ghz * 1e9)
    reach = wavelength / (4e3 * np.pi) * 10.0 ** (allowed / 20.0)
    if jammer_height_m is not None:
        reach = np.minimum(reach, radio_horizon_km(jammer_height_m, receiver_height_m))
    return np.asarray(reach)


def received_dbw(eirp_dbw: ArrayLike, range_km: ArrayLike, frequency_ghz: ArrayLike) -> Array:
    """Power into an isotropic antenna in free space."""
    return np.asarray(_db(eirp_dbw) - free_space_db(range_km, frequency_ghz))
