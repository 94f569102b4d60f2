"""Quantiles of the attenuation over time, locations and situations (section 5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.radio.itm.attenuation import roughness_m
from rabta.radio.itm.path import CLIMATES, Ground, Path

Array = NDArray[np.float64]

MODES = ("single message", "accidental", "mobile", "broadcast")

# a column a climate in the order of CLIMATES; rows c1 and c2 in dB, x1 to x3 in km, of `curve`
# (curves of NBS TN101, figure 10.13 and annex III.7, as fitted in NTIA's code)
MEDIAN = np.array(
    [
        [-9.67, -0.62, 1.26, -9.21, -0.62, -0.39, 3.15],
        [12.7, 9.19, 15.5, 9.05, 9.19, 2.86, 857.9],
        [144.9, 228.9, 262.6, 84.1, 228.9, 141.7, 2222.0],
        [190.3, 205.2, 185.2, 101.1, 205.2, 315.9, 164.8],
        [133.8, 143.6, 99.8, 98.6, 143.6, 167.4, 116.3],
    ]
)
MOST_OF_TIME = np.array(
    [
        [2.13, 2.66, 6.11, 1.98, 2.68, 6.86, 8.51],
        [159.5, 7.67, 6.65, 13.11, 7.16, 10.38, 169.8],
        [762.2, 100.4, 138.2, 139.1, 93.7, 187.8, 609.8],
        [123.6, 172.5, 242.2, 132.7, 186.8, 169.6, 119.9],
        [94.5, 136.4, 178.6, 193.5, 133.5, 108.9, 106.6],
    ]
)
LITTLE_OF_TIME = np.array(
    [
        [2.11, 6.87, 10.08, 3.68, 4.75, 8.58, 8.43],
        [102.3, 15.53, 9.60, 159.3, 8.12, 13.97, 8.19],
        [636.9, 138.7, 165.3, 464.4, 93.2, 216.0, 136.2],
        [134.8, 143.7, 225.7, 93.1, 135.9, 152.0, 188.5],
        [95.6, 98.6, 129.7, 94.2, 113.4, 122.7, 122.9],
    ]
)
# ducting: C_D and z_D (table 5.1)
DUCT = np.array([[1.224, 0.801, 1.380, 1.0, 1.224, 1.518, 1.518], [1.282, 2.161, 1.282, 20.0, *[1.282] * 3]])
# frequency factors g = f1 + f2 / (1 + (f3 ln(0.133 k))^2), below and above the median
FACTOR_MOST = np.array([[1, 1, 1, 1, 0.92, 1, 1], [0, 0, 0, 0, 0.25, 0, 0], [0, 0, 0, 0, 1.77, 0, 0]])
FACTOR_LITTLE = np.array(
    [[1, 0.93, 1, 0.93, 0.93, 1, 1], [0, 0.31, 0, 0.19, 0.31, 0, 0], [0, 2.0, 0, 1.79, 2.0, 0, 0]]
)


@dataclass(frozen=True)
class Quantiles:
    """Shares, each inside (0, 1), that the loss is not to exceed.

    Attributes
    ----------
    time, location, situation : array-like
        Broadcast all three. Time is also called reliability, situation confidence.
    mode : str
        "single message": one number, by situation. "accidental": time and situation. "mobile": locations
        count as time. "broadcast": all three.
    fixed : bool
        Terminals stand still: no variation by location (point-to-point mode).
    interference : bool
        No direct variation by situation.
    """

    time: ArrayLike = 0.5
    location: ArrayLike = 0.5
    situation: ArrayLike = 0.5
    mode: str = "broadcast"
    fixed: bool = False
    interference: bool = False

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise RabtaError(
                "no such mode of variability", key="mode", value=self.mode, expected=nearest(self.mode, MODES)
            )
        for name in ("time", "location", "situation"):
            share = np.asarray(getattr(self, name), dtype=np.float64)
            if not ((share > 0.0) & (share < 1.0)).all():
                raise RabtaError("a share must lie inside (0, 1)", key=name, value=getattr(self, name))

    def deviates(self) -> tuple[Array, Array, Array]:
        """Standard normal deviates of time, location and situation as the mode ties them."""
        t, place, s = (normal_deviate(share) for share in (self.time, self.location, self.situation))
        if self.mode == "single message":
            return s, s, s
        if self.mode == "accidental":
            return t, s, s
        return (t, t, s) if self.mode == "mobile" else (t, place, s)


def normal_deviate(share: ArrayLike) -> Array:
    """Inverse of the complementary normal distribution (section 5).

    By the rational approximation that the model is published with (Abramowitz and Stegun, 26.2.23;
    error below 4.5e-4), so that figures agree with other implementations to the last digits.
    """
    q = np.asarray(share, dtype=np.float64)
    t = np.sqrt(-2.0 * np.log(np.minimum(q, 1.0 - q)))
    top = 2.515516 + t * (0.802853 + t * 0.010328)
    bottom = 1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))
    return np.asarray(np.where(q > 0.5, -1.0, 1.0) * (t - top / bottom))


def curve(constants: Array, effective_m: Array) -> Array:
    """(c1 + c2 / (1 + ((d - x2) / x3)^2)) (d / x1)^2 / (1 + (d / x1)^2)."""
    c1, c2, x1, x2, x3 = constants
    d = effective_m / 1e3
    rise = (d / x1) ** 2
    return np.asarray((c1 + c2 / (1.0 + ((d - x2) / x3) ** 2)) * rise / (1.0 + rise))


def effective_distance(path: Path, wave_number: float, distance_m: Array) -> Array:
    """Equations (5.3) and (5.4)."""
    edge = np.sqrt(2.0 * 9000e3 * path.effective_m).sum() + np.cbrt(575.7e12 / wave_number)
    inside = 130e3 * distance_m / edge
    return np.asarray(np.where(distance_m < edge, inside, 130e3 + distance_m - edge))


def _factor(constants: Array, wave_number: float) -> float:
    f1, f2, f3 = constants
    return float(f1 + f2 / ((f3 * np.log(0.133 * wave_number)) ** 2 + 1.0))


def _time_spread(z: Array, far_m: Array, climate: int, wave_number: float) -> Array:
    """Pseudo-standard deviation over time for a deviate z (5.6 to 5.8)."""
    most = curve(MOST_OF_TIME[:, climate], far_m) * _factor(FACTOR_MOST[:, climate], wave_number)
    little = curve(LITTLE_OF_TIME[:, climate], far_m) * _factor(FACTOR_LITTLE[:, climate], wave_number)
    duct, from_z = DUCT[:, climate]
    ducted = little * (duct + (1.0 - duct) * from_z / np.maximum(z, from_z))
    return np.where(z < 0.0, most, np.where(z <= from_z, little, ducted))


def quantile(
    reference_db: Array, distance_m: Array, path: Path, over: Ground, climate: str, wanted: Quantiles
) -> Array:
    """Attenuation below free space in dB that the wanted shares do not exceed (5.1 to 5.11)."""
    at, k = CLIMATES.index(climate), over.wave_number
    far = effective_distance(path, k, distance_m)
    z_time, z_place, z_situation = wanted.deviates()
    rough = k * roughness_m(distance_m, path.irregularity_m)
    places = np.zeros_like(rough) if wanted.fixed else 10.0 * rough / (rough + 13.0)
    times = _time_spread(z_time, far, at, k)
    direct = 0.0 if wanted.interference else (5.0 + 3.0 * np.exp(-far / 100e3)) ** 2
    rest = direct + (times * z_time) ** 2 / (7.8 + z_situation**2)
    rest = rest + (places * z_place) ** 2 / (24.0 + z_situation**2)
    known, spread = _by_mode(wanted.mode, times, places, rest, z_time, z_place)
    a = reference_db - curve(MEDIAN[:, at], far) - known - spread * z_situation
    return np.asarray(np.where(a < 0.0, a * (29.0 - a) / (29.0 - 10.0 * np.minimum(a, 0.0)), a))


def _by_mode(
    mode: str, times: Array, places: Array, rest: Array, z_time: Array, z_place: Array
) -> tuple[Array, Array]:
    """Deviation that is asked for, and the spread that is left to situations (NTIA 82-100, section 6)."""
    if mode == "single message":
        return np.zeros_like(rest), np.sqrt(times**2 + places**2 + rest)
    if mode == "accidental":
        return times * z_time, np.sqrt(places**2 + rest)
    if mode == "mobile":
        return np.hypot(times, places) * z_time, np.sqrt(rest)
    return times * z_time + places * z_place, np.sqrt(rest)
