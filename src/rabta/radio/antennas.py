"""Antennas: apertures, roll-off, reference envelopes, phased-array scan loss, and user terminals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import j1

from rabta import catalog
from rabta.catalog import Entry
from rabta.errors import RabtaError
from rabta.radio.slantpath import sky_noise_k
from rabta.units import SPEED_OF_LIGHT_M_S

Array = NDArray[np.float64]

REFERENCE_K = 290.0  # IEEE definition of the noise figure
MAX_SCAN_DEG = 85.0


def aperture_gain_dbi(diameter_m: ArrayLike, frequency_ghz: ArrayLike, efficiency: ArrayLike = 0.65) -> Array:
    """Gain of a circular aperture: efficiency (pi D f / c)^2.

    Examples
    --------
    >>> round(float(aperture_gain_dbi(0.6, 20.0, 0.6)), 1)  # a 60 cm dish in Ka band
    39.8
    """
    turns = np.pi * np.asarray(diameter_m) * np.asarray(frequency_ghz) * 1e9 / SPEED_OF_LIGHT_M_S
    return np.asarray(10.0 * np.log10(np.asarray(efficiency) * turns**2))


def aperture_rolloff_db(offset_deg: ArrayLike, diameter_m: float, frequency_ghz: float) -> Array:
    """Gain of a uniformly lit circular aperture off its axis, relative to the axis (0 or negative).

    3GPP TR 38.811, clause 6.4.1: 4 |J1(ka sin t) / (ka sin t)|^2.
    """
    wave = np.pi * diameter_m * frequency_ghz * 1e9 / SPEED_OF_LIGHT_M_S
    x = wave * np.sin(np.radians(np.abs(offset_deg)))
    safe = np.where(x < 1e-9, 1.0, x)
    ratio = np.where(x < 1e-9, 1.0, 4.0 * (j1(safe) / safe) ** 2)
    return np.asarray(10.0 * np.log10(np.maximum(ratio, 1e-12)))


def s465_envelope_dbi(offset_deg: ArrayLike) -> Array:
    """Reference side-lobe envelope of earth stations from 2 to 31 GHz. ITU-R S.465-6, recommends 2.

    Valid from 1 degree off the axis for D/lambda >= 50.

    Examples
    --------
    >>> s465_envelope_dbi([1.0, 10.0, 60.0]).tolist()
    [32.0, 7.0, -10.0]
    """
    offset = np.asarray(offset_deg, dtype=np.float64)
    return np.asarray(np.where(offset < 48.0, 32.0 - 25.0 * np.log10(np.maximum(offset, 1.0)), -10.0))


def scan_loss_db(scan_deg: ArrayLike, exponent: float) -> Array:
    """Loss of a planar array that looks away from its normal: gain falls as cos^exponent.

    The exponent is 1 for the projected area alone and about 1.2 to 1.5 for real elements
    (Mailloux, Phased Array Antenna Handbook, 2nd edition, section 1.1).
    """
    scan = np.minimum(np.asarray(scan_deg, dtype=np.float64), MAX_SCAN_DEG)
    return np.asarray(-10.0 * exponent * np.log10(np.cos(np.radians(scan))))


@dataclass(frozen=True)
class Terminal:
    """A user terminal.

    Attributes
    ----------
    g_over_t_db_k, noise_k : float
        Figure of merit on the axis under a clear sky, and the system noise temperature in it.
    scan_exponent : float
        0 for a dish that points; see `scan_loss_db` for a flat panel that lies level.
    """

    name: str
    aperture_m: float
    g_over_t_db_k: float
    noise_k: float
    scan_exponent: float
    max_rate_mbps: float
    waveform: str

    def g_over_t(self, elevation_deg: ArrayLike, total_db: ArrayLike, clear_db: ArrayLike) -> Array:
        """G/T in dB/K behind an attenuating sky.

        Parameters
        ----------
        total_db, clear_db : array_like
            Attenuation of the path, and its part that the clear-sky noise temperature already holds.

        Notes
        -----
        The sky adds T_sky(total) - T_sky(clear), ITU-R P.618-14, section 3.
        """
        added = np.maximum(sky_noise_k(total_db) - sky_noise_k(clear_db), 0.0)
        noise = 10.0 * np.log10(1.0 + added / self.noise_k)
        scan = scan_loss_db(90.0 - np.asarray(elevation_deg, dtype=np.float64), self.scan_exponent)
        return np.asarray(self.g_over_t_db_k - scan - noise)


def noise_temperature_k(antenna_k: float, noise_figure_db: float) -> float:
    """System noise temperature from the antenna's temperature and the receiver's noise figure.

    Examples
    --------
    >>> round(noise_temperature_k(150.0, 1.2))  # TR 38.821 VSAT
    242
    """
    return float(antenna_k + REFERENCE_K * (10.0 ** (noise_figure_db / 10.0) - 1.0))


def terminal(name: str) -> Terminal:
    """User terminal of the catalog."""
    entry = catalog.entry("terminals", name)
    return Terminal(
        name=name,
        aperture_m=_number(entry, "aperture_m"),
        g_over_t_db_k=_number(entry, "g_over_t_db_k"),
        noise_k=noise_temperature_k(
            _number(entry, "antenna_temperature_k"), _number(entry, "noise_figure_db")
        ),
        scan_exponent=float(entry.data.get("scan_loss_exponent", 0.0)),
        max_rate_mbps=_number(entry, "max_rate_mbps"),
        waveform=str(entry.data.get("waveform", "dvb-s2x")),
    )


def _number(entry: Entry, key: str) -> float:
    value = entry.data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RabtaError("terminal without this number", file=entry.path, key=key, expected="a number")
    return float(value)
