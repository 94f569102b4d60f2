"""Base stations without beamforming: ITU-R F.1336-5, omnidirectional and sector antennas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.itu import check_range
from rabta.radio.patterns.shapes import off_axis_deg

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R F.1336-5"
RANGES = {"frequency_ghz": (0.4, 70.0), "peak_dbi": (0.0, 30.0), "half_power_deg": (1.0, 120.0)}


def _check(**values: float) -> None:
    for name, value in values.items():
        check_range(name, value, *RANGES[name], RECOMMENDATION)


@dataclass(frozen=True)
class Omni:
    """The same in all azimuths. F.1336-5, recommends 2.1 (peaks) and 2.2 (averages).

    Attributes
    ----------
    k : float, optional
        Side lobes: 0.7 for typical antennas below 3 GHz, 0 for improved ones and above (recommends 2.3, 2.4).
    average : bool
        For sums over many interferers.
    """

    peak_dbi: float
    frequency_ghz: float
    k: float | None = None
    average: bool = False
    recommendation: str = RECOMMENDATION

    def __post_init__(self) -> None:
        _check(frequency_ghz=self.frequency_ghz, peak_dbi=self.peak_dbi)
        check_range("k", self.side, 0.0, 1.0, RECOMMENDATION)

    @property
    def side(self) -> float:
        """The factor k in use."""
        return (0.7 if self.frequency_ghz < 3.0 else 0.0) if self.k is None else self.k

    @property
    def half_power_deg(self) -> float:
        """3 dB beamwidth in elevation, equation (1b)."""
        return float(107.6 * 10.0 ** (-0.1 * self.peak_dbi))

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the horizontal."""
        el = np.abs(np.broadcast_arrays(np.asarray(elevation_deg, dtype=np.float64), azimuth_deg)[0])
        x, k = el / self.half_power_deg, self.side
        edge = 1.25 if self.average else 1.0
        knee = np.sqrt(edge - np.log10(k + 1.0) / 1.2)  # where the main lobe meets the plateau
        low, high = (1.0, knee) if self.average else (knee, 1.0)
        drop = 15.0 if self.average else 12.0
        tail = -drop + 10.0 * np.log10(np.maximum(x, 1e-3) ** -1.5 + k)
        level = np.select([x < low, x < high], [-12.0 * x**2, -drop + 10.0 * np.log10(k + 1.0)], tail)
        return np.asarray(self.peak_dbi + level)


@dataclass(frozen=True)
class Sector:
    """A sector: F.1336-5, recommends 3.1 (0.4 to 6 GHz) and 3.2 (6 to 70 GHz), peaks or averages.

    Attributes
    ----------
    half_power_deg : float
        3 dB beamwidth in azimuth.
    vertical_deg : float, optional
        In elevation; otherwise 31000 / (gain x azimuth beamwidth), recommends 3.3.
    k_side, k_azimuth, k_elevation : float
        kp or ka, kh, kv; the defaults are those of IMT sites (Report ITU-R M.2292).
    """

    peak_dbi: float
    frequency_ghz: float
    half_power_deg: float = 65.0
    vertical_deg: float | None = None
    k_side: float = 0.7
    k_azimuth: float = 0.7
    k_elevation: float = 0.3
    average: bool = False
    recommendation: str = RECOMMENDATION

    def __post_init__(self) -> None:
        _check(frequency_ghz=self.frequency_ghz, peak_dbi=self.peak_dbi, half_power_deg=self.half_power_deg)
        check_range(
            "vertical_deg", self.theta_3, 0.5, 22.0 if self.frequency_ghz <= 6.0 else 90.0, RECOMMENDATION
        )
        for name in ("k_side", "k_azimuth", "k_elevation"):
            check_range(name, getattr(self, name), 0.0, 1.0, RECOMMENDATION)

    @property
    def theta_3(self) -> float:
        """3 dB beamwidth in elevation."""
        if self.vertical_deg is not None:
            return self.vertical_deg
        return float(31000.0 * 10.0 ** (-0.1 * self.peak_dbi) / self.half_power_deg)

    @property
    def floor_db(self) -> float:
        """G180: least gain, relative."""
        drop = 15.0 if self.average else 12.0
        return float(-drop + 10.0 * np.log10(1.0 + 8.0 * self.k_side) - 15.0 * np.log10(180.0 / self.theta_3))

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis."""
        az, el = np.broadcast_arrays(
            np.asarray(azimuth_deg, dtype=np.float64), np.asarray(elevation_deg, dtype=np.float64)
        )
        az = np.abs((az + 180.0) % 360.0 - 180.0)
        return self._low(az, el) if self.frequency_ghz <= 6.0 else self._high(az, el)

    def _low(self, az: Array, el: Array) -> Array:
        across = self._azimuth(az / self.half_power_deg)
        behind = float(self._azimuth(np.array(180.0 / self.half_power_deg)))
        share = (across - behind) / -behind
        return np.asarray(self.peak_dbi + across + share * self._elevation(np.abs(el) / self.theta_3))

    def _azimuth(self, x: Array) -> Array:
        """Equations (2b2) and (2c2)."""
        shift = 3.0 * (1.0 - 0.5**-self.k_azimuth)
        wide = -12.0 * np.maximum(x, 0.5) ** (2.0 - self.k_azimuth) - shift
        return np.asarray(np.maximum(np.where(x <= 0.5, -12.0 * x**2, wide), self.floor_db))

    def _elevation(self, x: Array) -> Array:
        """Equations (2b3) and (2c3)."""
        kv, drop = self.k_elevation, 15.0 if self.average else 12.0
        knee = np.sqrt(1.33 - 0.33 * kv) if self.average else np.sqrt(1.0 - 0.36 * kv)
        at_four = 4.0**-1.5 + kv
        top = (180.0 / self.theta_3) ** 1.5 * at_four / (1.0 + 8.0 * self.k_side)
        incline = 10.0 * np.log10(top) / np.log10(22.5 / self.theta_3)
        safe = np.maximum(x, 1e-3)
        near = -drop + 10.0 * np.log10(safe**-1.5 + kv)
        far = -drop + 10.0 * np.log10(at_four) - incline * np.log10(safe / 4.0)
        steps = [x < knee, x < 4.0, x < 90.0 / self.theta_3]
        return np.asarray(np.select(steps, [-12.0 * x**2, near, far], self.floor_db))

    def _high(self, az: Array, el: Array) -> Array:
        """Recommends 3.2, equations (2d1) to (2f)."""
        psi = off_axis_deg(az, el)
        alpha = np.arctan2(np.tan(np.radians(el)), np.sin(np.radians(az)))
        ahead = np.hypot(np.cos(alpha) / self.half_power_deg, np.sin(alpha) / self.theta_3)
        start = self.half_power_deg * (1.152 if self.average else 1.0)
        turn = np.radians(np.clip((az - start) / (180.0 - start), 0.0, 1.0) * 90.0)
        wide = np.hypot(np.cos(turn) / self.half_power_deg, np.sin(turn) / self.theta_3)
        tip = np.radians(el)
        behind = np.hypot(np.cos(tip) * wide, np.sin(tip) / self.theta_3)
        x = psi * np.where(psi <= 90.0, ahead, behind)
        knee, drop = (1.152, 15.0) if self.average else (1.0, 12.0)
        tail = -drop - 15.0 * np.log10(np.maximum(x, 1e-3))
        return np.asarray(self.peak_dbi + np.where(x < knee, -12.0 * x**2, tail))
