"""Link-level channels of TR 38.811, clause 6.9: flat, NTN-TDL-A to -D and NTN-CDL-A to -D."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range
from rabta.radio.ntn import field
from rabta.radio.ntn.fading import OFFSETS

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

RECOMMENDATION = "3GPP TR 38.811, clause 6.9"
RANGES = {"delay_spread_s": (0.0, 1e-4)}
NAMES = ("A", "B", "C", "D")
DIRECT_SHARE = 0.7  # TR 38.901, clause 7.7.2: Doppler of the direct ray over the largest
WAVES = 32
STREAM = 8


@dataclass(frozen=True)
class Profile:
    """A channel of fixed taps.

    Attributes
    ----------
    direct : bool
        The first entry is the direct ray, at the same delay as the second.
    delay : ndarray, shape (tap,)
        In units of the delay spread.
    power : ndarray, shape (tap,)
        Shares of the power, their sum 1.
    aoa_deg, zoa_deg : ndarray, shape (tap,)
        Direction of arrival at the terminal, for a satellite 50 degrees high.
    """

    name: str
    direct: bool
    delay: Array
    power: Array
    aoa_deg: Array
    zoa_deg: Array
    cluster_asa_deg: float
    cluster_zsa_deg: float
    xpr_db: float

    def spread(self) -> float:
        """Root mean square delay spread in its own unit."""
        mean = float((self.power * self.delay).sum())
        return float(np.sqrt((self.power * self.delay**2).sum() - mean**2))


def profile(name: str) -> Profile:
    """Profile ``A`` to ``D``; A and B without line of sight."""
    if name not in NAMES:
        raise RabtaError("no such profile", key="name", value=name, expected=nearest(name, NAMES))
    row = catalog.entry("channels", "ntn-profiles").data[name]
    power = 10.0 ** (np.array(row["power_db"]) / 10.0)
    arrays = (np.array(row[key]) for key in ("delay", "aoa_deg", "zoa_deg"))
    delay, aoa, zoa = arrays
    rest = (float(row[key]) for key in ("cluster_asa_deg", "cluster_zsa_deg", "xpr_db"))
    return Profile(name, bool(row["direct"]), delay, power / power.sum(), aoa, zoa, *rest)


def _times(times_s: ArrayLike, shift_hz: float) -> tuple[Array, Complex]:
    times = np.atleast_1d(np.asarray(times_s, dtype=np.float64))
    return times, np.exp(2j * np.pi * shift_hz * times)


def flat(times_s: ArrayLike, *, k_db: float = np.inf, spread_hz: float = 0.0, shift_hz: float = 0.0,
         links: int = 1, seed: int = 0) -> Complex:  # fmt: skip
    """One tap: a direct ray with Rician fading, shape (link, time).

    TR 38.811, clause 6.7.1: flat fading where the channel is narrower than the coherence bandwidth.

    Parameters
    ----------
    k_db : float
        Direct ray over the scattered power.
    spread_hz, shift_hz : float
        Largest Doppler of the terminal's motion, and the satellite's shift of the whole.
    """
    times, turned = _times(times_s, shift_hz)
    share = 1.0 / (1.0 + 10.0 ** (-k_db / 10.0))
    key = field.keys(seed, STREAM, np.arange(links))
    scattered = _rayleigh(key, 0, times, spread_hz)
    direct = np.exp(2j * np.pi * DIRECT_SHARE * spread_hz * times)
    return np.asarray((np.sqrt(share) * direct + np.sqrt(1.0 - share) * scattered) * turned)


def _rayleigh(key: NDArray[np.uint64], tap: int, times: Array, spread_hz: float) -> Complex:
    """Scattered rays from all round: the classical Doppler spectrum, power 1, shape (link, time)."""
    number = 2 * (WAVES * tap + np.arange(WAVES))
    angle = 2.0 * np.pi * field.uniform(key[:, None], number)
    phase = field.uniform(key[:, None], number + 1)
    turns = phase[:, :, None] + spread_hz * np.cos(angle)[:, :, None] * times
    return np.asarray(np.exp(2j * np.pi * turns).sum(axis=1) / np.sqrt(WAVES))


def tdl(
    name: str,
    times_s: ArrayLike,
    *,
    delay_spread_s: float = 100e-9,
    spread_hz: float = 0.0,
    shift_hz: float = 0.0,
    links: int = 1,
    seed: int = 0,
) -> tuple[Array, Complex]:
    """Delays, shape (tap,), and coefficients, shape (link, tap, time), of NTN-TDL-A to -D.

    Parameters
    ----------
    spread_hz : float
        Largest Doppler of the terminal's motion: the classical spectrum, the direct ray at 0.7 of it.
    shift_hz : float
        By the satellite's motion, common to all taps (equation 6.9-1).

    Notes
    -----
    TR 38.811, clause 6.9.2, tables 6.9.2-1 to -4; TR 38.901, clause 7.7.2 and 7.7.3.
    """
    check_range("delay_spread_s", delay_spread_s, *RANGES["delay_spread_s"], RECOMMENDATION)
    taps = profile(name)
    times, turned = _times(times_s, shift_hz)
    key = field.keys(seed, STREAM, np.arange(links))
    parts = []
    for tap, power in enumerate(taps.power):
        if taps.direct and tap == 0:
            ray = np.exp(2j * np.pi * DIRECT_SHARE * spread_hz * times)
            parts.append(np.sqrt(power) * np.broadcast_to(ray, (links, times.size)))
        else:
            parts.append(np.sqrt(power) * _rayleigh(key, tap, times, spread_hz))
    return taps.delay * delay_spread_s, np.stack(parts, axis=1) * turned


def cdl(
    name: str,
    times_s: ArrayLike,
    *,
    frequency_ghz: float,
    velocity_m_s: ArrayLike = (0.0, 0.0, 0.0),
    delay_spread_s: float = 100e-9,
    shift_hz: float = 0.0,
    links: int = 1,
    seed: int = 0,
) -> tuple[Array, Complex]:
    """Delays and coefficients of NTN-CDL-A to -D between vertical isotropic antennas; see `tdl`.

    Parameters
    ----------
    velocity_m_s : array_like, shape (3,)
        Of the terminal, in the axes of the tables' angles: the satellite stands at azimuth 180 degrees.

    Notes
    -----
    TR 38.811, clause 6.9.1, tables 6.9.1-1 to -4; TR 38.901, clause 7.7.1. The departure angles are all the
    same. Rays are coupled at random.
    """
    check_range("delay_spread_s", delay_spread_s, *RANGES["delay_spread_s"], RECOMMENDATION)
    check_range("frequency_ghz", frequency_ghz, 0.5, 100.0, RECOMMENDATION)
    taps = profile(name)
    times, turned = _times(times_s, shift_hz)
    key = field.keys(seed, STREAM, np.arange(links))
    speed = np.asarray(velocity_m_s, dtype=np.float64) * (frequency_ghz * 1e9 / 299_792_458.0)
    parts = [
        np.sqrt(power) * _cluster(key, tap, taps, speed, times, single=taps.direct and tap == 0)
        for tap, power in enumerate(taps.power)
    ]
    return taps.delay * delay_spread_s, np.stack(parts, axis=1) * turned


def _cluster(
    key: NDArray[np.uint64], tap: int, taps: Profile, wavelengths_s: Array, times: Array, *, single: bool
) -> Complex:
    """Rays of one cluster, power 1, shape (link, time)."""
    number = 64 * tap + np.arange(OFFSETS.size)
    offsets = np.zeros(1) if single else OFFSETS
    order = np.zeros((key.size, 1), int)
    if not single:
        order = np.argsort(field.uniform(key[:, None], 1000 + number), axis=1)
    azimuth = np.radians(taps.aoa_deg[tap] + taps.cluster_asa_deg * offsets)
    zenith = np.radians(taps.zoa_deg[tap] + taps.cluster_zsa_deg * offsets[order])
    sine = np.abs(np.sin(zenith))
    hertz = wavelengths_s[0] * sine * np.cos(azimuth) + wavelengths_s[1] * sine * np.sin(azimuth)
    hertz = hertz + wavelengths_s[2] * np.cos(zenith)
    phase = np.zeros((key.size, 1)) if single else field.uniform(key[:, None], number)
    rays = np.exp(2j * np.pi * (phase[:, :, None] + hertz[:, :, None] * times))
    return np.asarray(rays.sum(axis=1) / np.sqrt(offsets.size))
