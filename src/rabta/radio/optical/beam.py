"""Laser beams between telescopes: gain, divergence, pointing, jitter, and link budgets line by line."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfcinv

from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range
from rabta.units import SPEED_OF_LIGHT_M_S

Array = NDArray[np.float64]

MODEL = "a laser link"
RANGES = {
    "wavelength_um": (0.5, 11.0),
    "diameter_m": (1e-3, 50.0),
    "range_km": (1e-3, 1e9),
    "efficiency": (1e-3, 1.0),
    "power_w": (1e-6, 1e5),
    "rate_gbps": (1e-9, 1e5),
}
PLANCK_J_S = 6.62607015e-34  # exact, SI 2019
DB_PER_NEPER = 10.0 / np.log(10.0)
DETECTION = ("ook", "dpsk", "psk")


def _check(**values: ArrayLike) -> None:
    for name, value in values.items():
        check_range(name, value, *RANGES[name], MODEL)


def telescope_gain_db(diameter_m: ArrayLike, wavelength_um: ArrayLike, efficiency: ArrayLike = 1.0) -> Array:
    """Gain of a circular aperture: efficiency (pi D / lambda)^2, in dB.

    Examples
    --------
    >>> telescope_gain_db(0.1, 1.55).round(2).tolist()
    106.14
    """
    _check(diameter_m=diameter_m, wavelength_um=wavelength_um, efficiency=efficiency)
    turns = np.pi * np.asarray(diameter_m) / (np.asarray(wavelength_um) * 1e-6)
    return np.asarray(10.0 * np.log10(np.asarray(efficiency) * turns**2))


def divergence_gain_db(half_angle_urad: ArrayLike) -> Array:
    """Gain on the axis of a Gaussian beam: 8 / theta^2 for the half angle at 1/e^2 of the intensity, in dB.

    Examples
    --------
    >>> divergence_gain_db(10.0).round(2).tolist()
    109.03
    """
    check_range("half_angle_urad", half_angle_urad, 1e-3, 1e6, MODEL)
    return np.asarray(10.0 * np.log10(8.0 / (np.asarray(half_angle_urad) * 1e-6) ** 2))


def beam_half_angle_urad(gain_db: ArrayLike) -> Array:
    """Half angle at 1/e^2 of the Gaussian beam with a gain on its axis, in microradians."""
    return np.asarray(1e6 * np.sqrt(8.0 / 10.0 ** (np.asarray(gain_db, dtype=np.float64) / 10.0)))


def pointing_loss_db(gain_db: ArrayLike, offset_urad: ArrayLike) -> Array:
    """Loss at an angle off the axis: exp(-G theta^2 / 4), in dB.

    Exact for a Gaussian beam, exp(-2 theta^2 / w^2) with G = 8 / w^2, and the first term of the Airy pattern
    of a full aperture. The exp(-G theta^2) of many link budgets is four times as much in dB.
    """
    gain = 10.0 ** (np.asarray(gain_db, dtype=np.float64) / 10.0)
    return np.asarray(DB_PER_NEPER * gain * (np.asarray(offset_urad) * 1e-6) ** 2 / 4.0)


def jitter_loss_db(gain_db: ArrayLike, jitter_urad: ArrayLike, share: ArrayLike) -> Array:
    """Loss by jitter that is exceeded for a share of the time, in dB.

    Parameters
    ----------
    jitter_urad : array_like
        Standard deviation of the pointing in each of two axes; no bias.
    share : array_like
        Above 0, up to 1. The angle is Rayleigh distributed, so that
        the loss is exceeded at theta^2 = -2 sigma^2 ln(share).
    """
    check_range("share", share, 1e-15, 1.0, MODEL)
    check_range("jitter_urad", jitter_urad, 0.0, 1e6, MODEL)
    angle = np.asarray(jitter_urad) * np.sqrt(-2.0 * np.log(np.asarray(share, dtype=np.float64)))
    return pointing_loss_db(gain_db, angle)


def mean_jitter_loss_db(gain_db: ArrayLike, jitter_urad: ArrayLike) -> Array:
    """Loss of the mean power by jitter: 1 + G sigma^2 / 2, in dB (mean of `pointing_loss_db`'s power)."""
    check_range("jitter_urad", jitter_urad, 0.0, 1e6, MODEL)
    gain = 10.0 ** (np.asarray(gain_db, dtype=np.float64) / 10.0)
    return np.asarray(10.0 * np.log10(1.0 + gain * (np.asarray(jitter_urad) * 1e-6) ** 2 / 2.0))


def path_loss_db(range_km: ArrayLike, wavelength_um: ArrayLike) -> Array:
    """Free-space loss 20 log10(4 pi d / lambda), in dB."""
    _check(range_km=range_km, wavelength_um=wavelength_um)
    ratio = 4e9 * np.pi * np.asarray(range_km, dtype=np.float64) / np.asarray(wavelength_um)
    return np.asarray(20.0 * np.log10(ratio))


def photon_energy_j(wavelength_um: ArrayLike) -> Array:
    """Energy of a photon, h c / lambda."""
    _check(wavelength_um=wavelength_um)
    return np.asarray(PLANCK_J_S * SPEED_OF_LIGHT_M_S / (np.asarray(wavelength_um) * 1e-6))


def photons_per_bit(power_dbm: ArrayLike, rate_gbps: ArrayLike, wavelength_um: ArrayLike = 1.55) -> Array:
    """Photons that arrive for each bit.

    Examples
    --------
    >>> photons_per_bit(-41.827, 10.0).round().tolist()
    51.0
    """
    _check(rate_gbps=rate_gbps)
    watts = 10.0 ** (np.asarray(power_dbm, dtype=np.float64) / 10.0 - 3.0)
    return np.asarray(watts / photon_energy_j(wavelength_um) / (np.asarray(rate_gbps) * 1e9))


def sensitivity_dbm(photons: ArrayLike, rate_gbps: ArrayLike, wavelength_um: ArrayLike = 1.55) -> Array:
    """Power that a receiver needs which takes so many photons for a bit."""
    _check(rate_gbps=rate_gbps)
    watts = np.asarray(photons) * photon_energy_j(wavelength_um) * np.asarray(rate_gbps) * 1e9
    return np.asarray(10.0 * np.log10(watts) + 30.0)


def quantum_limit(detection: str, error_rate: ArrayLike = 1e-9) -> Array:
    """Fewest photons for a bit, on the mean, at a bit error rate: no receiver does better uncoded.

    Parameters
    ----------
    detection : str
        ``ook`` direct detection of pulses, ``dpsk`` delay demodulation, ``psk`` homodyne.

    Notes
    -----
    Agrawal, Fiber-Optic Communication Systems, 4th edition, sections 4.5.3 and 10.3: OOK P = exp(-2 N) / 2,
    DPSK P = exp(-N) / 2, homodyne PSK P = erfc(sqrt(2 N)) / 2.

    Examples
    --------
    >>> [quantum_limit(kind).round().tolist() for kind in ("ook", "dpsk", "psk")]
    [10.0, 20.0, 9.0]
    """
    if detection not in DETECTION:
        raise RabtaError(
            "no such detection", key="detection", value=detection, expected=nearest(detection, DETECTION)
        )
    check_range("error_rate", error_rate, 1e-30, 0.499, MODEL)
    rate = np.asarray(error_rate, dtype=np.float64)
    if detection == "psk":
        return np.asarray(erfcinv(2.0 * rate) ** 2 / 2.0)
    return np.asarray(-np.log(2.0 * rate) / (2.0 if detection == "ook" else 1.0))


def budget(
    *,
    power_w: float,
    send_gain_db: float,
    receive_gain_db: float,
    range_km: float,
    wavelength_um: float = 1.55,
    rate_gbps: float,
    photons: float,
    losses_db: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """One laser link, line by line, in dB.

    Parameters
    ----------
    power_w : float
        Into the sending telescope.
    send_gain_db, receive_gain_db : float
        From `telescope_gain_db` or `divergence_gain_db`.
    photons : float
        Photons that the receiver needs for a bit.
    losses_db : mapping, optional
        Further losses by name: optics, pointing, jitter, clouds.

    Returns
    -------
    dict
        ``power_dbm, send_gain_db, receive_gain_db, path_db, <name>_db ...``; then the sum ``received_dbm``,
        what is needed, the ``margin_db`` between them, and ``photons_per_bit``. Losses are negative.
    """
    _check(power_w=power_w)
    lines = {"power_dbm": 10.0 * float(np.log10(power_w)) + 30.0}
    lines |= {"send_gain_db": send_gain_db, "receive_gain_db": receive_gain_db}
    lines["path_db"] = -float(path_loss_db(range_km, wavelength_um))
    lines |= {f"{name}_db": -float(value) for name, value in (losses_db or {}).items()}
    received = float(sum(lines.values()))
    needed = float(sensitivity_dbm(photons, rate_gbps, wavelength_um))
    found = float(photons_per_bit(received, rate_gbps, wavelength_um))
    return {
        **lines,
        "received_dbm": received,
        "needed_dbm": needed,
        "margin_db": received - needed,
        "photons_per_bit": found,
    }
