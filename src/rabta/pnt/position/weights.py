"""Error budget of a range: what its standard deviation is made of, and how signals combine by it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]

# One-sigma error of broadcast orbits and clocks in the range, metres. GPS, GLONASS, Galileo, QZSS, BeiDou-2:
# Montenbruck, Steigenberger and Hauschild, Adv. Space Res. 61 (2018), and GPS Solut. 19 (2015).
SPACE_M = {"G": 0.6, "R": 2.0, "E": 0.2, "J": 0.6, "C": 0.6, "I": 2.0, "S": 3.0}
BEIDOU2_M, GEO_M = 1.0, 2.0
# What messages usually state of themselves, metres (URA index 0, Galileo's SISA index 107): a message that
# states more has so much more weight taken off.
USUAL_M = {"G": 2.0, "J": 2.0, "C": 2.0, "E": 3.12}
BEIDOU2_LAST = 16  # C01 to C16 but the geostationary ones

ELEVATION_M = 0.3  # sigma^2 = a^2 + a^2 / sin^2: RTKLIB manual E.6.24 with its usual 100 x 3 mm
NOISE_M2_HZ = 150.0**2  # sigma^2 = b 10^(-CN0/10): Wieser, Gaggl and Hartinger, ION GNSS 2005
TROPOSPHERE_M = 0.12  # RTCA DO-229D A.4.2.4, at the zenith
# Part of the delay that models leave, one sigma. Klobuchar: IS-GPS-200N 20.3.3.5.2.5; NTCM-G, as NeQuick-G:
# Galileo's "Ionospheric Correction Algorithm" 1.2, section 2 (30 % or more); BDGIM: Yuan et al., J. Geod. 93
# (2019).
IONOSPHERE_PART = {"klobuchar": 0.5, "klobuchar-beidou": 0.5, "ntcm": 0.3, "bdgim": 0.25, "none": 1.0}
# The error is mostly one factor over the sky of a station; a ray has this share of it for itself (modelled).
OWN_SHARE = 0.5
IONOSPHERE_LEAST_M = 0.25  # of each ray, vertical, at 1575.42 MHz; without any model 5 m
REFERENCE_HZ = 1_575_420_000.0


def space_m(
    system: NDArray[np.str_], prn: NDArray[np.int64], geo: NDArray[np.bool_], accuracy_m: Array
) -> Array:
    """Error of orbit and clock in each row's range; `accuracy_m` is what the message states, NaN unknown."""
    sigma, usual = np.zeros(system.size), np.full(system.size, np.inf)
    for letter, value in SPACE_M.items():
        sigma[system == letter] = value
        usual[system == letter] = USUAL_M.get(letter, np.inf)
    beidou = system == "C"
    sigma[beidou & (prn <= BEIDOU2_LAST)] = BEIDOU2_M
    sigma[beidou & geo] = GEO_M
    return np.asarray(sigma * np.fmax(accuracy_m / usual, 1.0))


def code_m(elevation_deg: Array, cn0: Array) -> Array:
    """Noise and multipath of one code range; C/N0 in dB-Hz, NaN where the receiver states none."""
    sine = np.sin(np.radians(np.maximum(elevation_deg, 3.0)))
    variance = ELEVATION_M**2 * (1.0 + 1.0 / sine**2)
    known = (cn0 > 10.0) & (cn0 < 70.0)
    noise = NOISE_M2_HZ * 10.0 ** (-np.where(known, cn0, 45.0) / 10.0)
    return np.sqrt(variance + noise)


def slant(elevation_deg: Array) -> Array:
    """Slant over vertical content of the ionosphere at 350 km: RTCA DO-229D A.4.4.10.4."""
    cosine = np.cos(np.radians(elevation_deg))
    return 1.0 / np.sqrt(1.0 - (6_378.1363 / (6_378.1363 + 350.0) * cosine) ** 2)


def air(elevation_deg: Array) -> Array:
    """Slant over vertical delay of the troposphere: RTCA DO-229D A.4.2.4."""
    sine = np.sin(np.radians(np.maximum(elevation_deg, 2.0)))
    return 1.001 / np.sqrt(0.002001 + sine**2)


def ionosphere_m(name: str, delay_m: Array, elevation_deg: Array, frequency_hz: Array) -> Array:
    """Each ray's own error of a model's slant delay, at the frequency of each row."""
    least = 5.0 if name == "none" else IONOSPHERE_LEAST_M
    floor = least * slant(elevation_deg) * (REFERENCE_HZ / frequency_hz) ** 2
    return np.maximum(OWN_SHARE * IONOSPHERE_PART[name] * delay_m, floor)


def iono_free(frequencies_hz: Array) -> Array:
    """Shares of two signals in their ionosphere-free combination, shape (row, 2)."""
    one, two = frequencies_hz[:, 0] ** 2, frequencies_hz[:, 1] ** 2
    share = one / (one - two)
    return np.stack([share, 1.0 - share], axis=-1)


def best(sigma_m: Array, slack_m: Array, gamma: Array, there: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Shares of the signals in the range of least variance, and that variance.

    Each signal k has its own noise and gamma_k times an error of the ionosphere's model that all share:
    generalised least squares with covariance diag(sigma^2) + slack^2 gamma gamma^T. A model that is good
    leaves a mean of the signals; a poor one leaves the ionosphere-free combination.

    Parameters
    ----------
    sigma_m, gamma : ndarray, shape (row, signal)
    slack_m : ndarray, shape (row,)
    there : ndarray of bool, shape (row, signal)
        Which signals there are.
    """
    w = np.where(there, 1.0 / sigma_m**2, 0.0)
    wg = w * np.where(there, gamma, 0.0)
    s0, s1, s2 = w.sum(axis=1), wg.sum(axis=1), (wg * np.where(there, gamma, 0.0)).sum(axis=1)
    inner = 1.0 / np.maximum(slack_m, 1e-6) ** 2 + s2
    shares = w - wg * (s1 / inner)[:, None]  # the covariance's inverse times ones: Sherman and Morrison
    total = s0 - s1**2 / inner
    return shares / total[:, None], 1.0 / total


def receiver_delays(epoch: Index, family: Index, left_m: Array, variance_m2: Array, epochs: int) -> Array:
    """Receiver's delays of second signals against first ones, for each row's epoch and family of signals.

    Weighted mean over the satellites of an epoch, those beyond three times the usual miss left out.
    """
    families = int(family.max()) + 1 if family.size else 1
    key, size = epoch * families + family, epochs * families
    weight = 1.0 / variance_m2
    mean = np.zeros(size)
    for _ in range(2):
        total = np.bincount(key, weight, size)
        total[total == 0.0] = 1.0
        mean = np.bincount(key, weight * left_m, size) / total
        miss = np.abs(left_m - mean[key]) / np.sqrt(variance_m2)
        usual = max(3.0, 3.0 * float(np.median(miss))) if miss.size else 3.0
        weight = np.where(miss > usual, 1e-6, 1.0) / variance_m2
    return np.asarray(mean[key])
