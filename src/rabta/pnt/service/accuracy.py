"""Errors of ranges by elevation, and what they make of a position."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog

Array = NDArray[np.float64]

EARTH_RADIUS_KM, SHELL_KM = 6378.1363, 350.0  # RTCA DO-229D, A.4.4.10.4
RANGES = ("single", "dual")
L1_HZ = 1_575.42e6


@dataclass(frozen=True)
class Errors:
    """Errors of a range: an entry of the catalog ``rangeerrors``; metres, one sigma."""

    signal_in_space_m: Mapping[str, float]
    ionosphere_vertical_m: float
    troposphere_m: float
    noise_m: float
    multipath_m: float
    multipath_low_m: float
    multipath_scale_deg: float


def load(name: str) -> Errors:
    """Errors of ranges from the catalog."""
    data: dict[str, Any] = catalog.entry("rangeerrors", name).data
    return Errors(**{key: data[key] for key in Errors.__dataclass_fields__})


def combined(first_hz: float, second_hz: float) -> float:
    """Noise of the ionosphere-free combination of two equally noisy ranges, over that of one.

    Examples
    --------
    >>> round(combined(1575.42e6, 1176.45e6), 3)
    2.588
    """
    ratio = (first_hz / second_hz) ** 2
    return math.hypot(ratio, 1.0) / (ratio - 1.0)


def obliquity(elevation_deg: ArrayLike) -> Array:
    """Slant over vertical ionosphere: RTCA DO-229D, A.4.4.10.4.

    Examples
    --------
    >>> obliquity([90.0, 5.0]).round(2).tolist()
    [1.0, 3.04]
    """
    level = EARTH_RADIUS_KM * np.cos(np.radians(elevation_deg)) / (EARTH_RADIUS_KM + SHELL_KM)
    return np.asarray(1.0 / np.sqrt(1.0 - level**2))


def troposphere(elevation_deg: ArrayLike) -> Array:
    """Slant over vertical residual of the troposphere: RTCA DO-229D, A.4.2.4.

    Examples
    --------
    >>> troposphere([90.0, 5.0]).round(2).tolist()
    [1.0, 10.22]
    """
    return np.asarray(1.001 / np.sqrt(0.002001 + np.sin(np.radians(elevation_deg)) ** 2))


def variance(
    errors: Errors,
    signal_in_space_m: ArrayLike,
    frequencies_hz: tuple[float, ...],
    ranges: str,
    elevation_deg: ArrayLike,
) -> Array:
    """Variance of a range, by the best that a receiver can make of the frequencies.

    One frequency, the highest, needs the broadcast model of the ionosphere; two remove it and raise noise and
    multipath (`combined`).

    Parameters
    ----------
    frequencies_hz : tuple of float
        Highest first.
    ranges : str
        ``single``, or ``dual`` where two may be combined.
    signal_in_space_m, elevation_deg : array_like, shape (...)

    Returns
    -------
    ndarray, shape (...)
        Square metres.
    """
    elevation = np.asarray(elevation_deg, dtype=np.float64)
    multipath = errors.multipath_m + errors.multipath_low_m * np.exp(-elevation / errors.multipath_scale_deg)
    local = errors.noise_m**2 + multipath**2
    slant = errors.ionosphere_vertical_m * obliquity(elevation) * (L1_HZ / frequencies_hz[0]) ** 2
    best = slant**2 + local
    if ranges == "dual" and len(frequencies_hz) > 1:
        best = np.minimum(best, combined(frequencies_hz[0], frequencies_hz[-1]) ** 2 * local)
    rest = np.square(signal_in_space_m) + (errors.troposphere_m * troposphere(elevation)) ** 2
    return np.asarray(rest + best)


def radius95(east: ArrayLike, cross: ArrayLike, north: ArrayLike) -> Array:
    """Radius of the circle that holds 95 % of a horizontal normal error, from its covariance.

    The larger standard deviation times a cubic of the ratio of both, within 0.2 %:
    Leenhouts, On the computation of bi-normal radial error, Navigation 32 (1), 1985.

    Examples
    --------
    >>> radius95([1.0, 1.0], 0.0, [1.0, 0.0]).round(2).tolist()
    [2.45, 1.96]
    """
    a, b, c = (np.asarray(x, dtype=np.float64) for x in (east, cross, north))
    with np.errstate(invalid="ignore"):
        middle, spread = (a + c) / 2.0, np.hypot((a - c) / 2.0, b)
        major, minor = np.sqrt(middle + spread), np.sqrt(np.maximum(middle - spread, 0.0))
        ratio = np.divide(minor, major, out=np.zeros_like(major), where=major > 0.0)
    return np.asarray(major * (1.960790 + 0.004071 * ratio + 0.114276 * ratio**2 + 0.371625 * ratio**3))


V95 = 1.959964  # of a normal error
