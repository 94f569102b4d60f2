"""Reference patterns of point-to-point antennas: ITU-R F.699-8 (peaks) and F.1245-3 (averages), to 86 GHz."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.itu import check_range
from rabta.radio.patterns.earth import _log, over_wavelength
from rabta.radio.patterns.shapes import off_axis_deg

Array = NDArray[np.float64]

RANGES = {"F.699-8": {"frequency_ghz": (0.1, 86.0)}, "F.1245-3": {"frequency_ghz": (1.0, 86.0)}}
LEAST_RATIO = 0.63  # F.699-8, recommends 2.3


@dataclass(frozen=True)
class _Dish:
    peak_dbi: float
    diameter_m: float
    frequency_ghz: float

    @property
    def ratio(self) -> float:
        """Diameter over wavelength."""
        return over_wavelength(self.diameter_m, self.frequency_ghz)

    @property
    def plateau_dbi(self) -> float:
        """G1, gain of the first side lobe: 2 + 15 log10(D/wavelength)."""
        return float(2.0 + 15.0 * np.log10(self.ratio))

    @property
    def main_deg(self) -> float:
        """Angle where the main lobe ends."""
        return float(20.0 / self.ratio * np.sqrt(self.peak_dbi - self.plateau_dbi))

    @property
    def last_deg(self) -> float:
        """Angle from which the gain is flat: 120 above 70 GHz, 48 below."""
        return 120.0 if self.frequency_ghz > 70.0 else 48.0

    def _check(self, name: str) -> None:
        document = f"ITU-R {name}"
        check_range("frequency_ghz", self.frequency_ghz, *RANGES[name]["frequency_ghz"], document)
        check_range("diameter_over_wavelength", self.ratio, LEAST_RATIO, 2e4, document)
        check_range(
            "peak_dbi", self.peak_dbi, self.plateau_dbi, 90.0, f"{document} (above its first side lobe)"
        )

    def _lobe(self, off: Array) -> Array:
        return np.asarray(self.peak_dbi - 2.5e-3 * (self.ratio * off) ** 2)


@dataclass(frozen=True)
class F699(_Dish):
    """Envelope of side-lobe peaks. ITU-R F.699-8, recommends 2.1 to 2.3."""

    recommendation: str = "ITU-R F.699-8"

    def __post_init__(self) -> None:
        self._check("F.699-8")

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis."""
        off = off_axis_deg(azimuth_deg, elevation_deg)
        large = self.ratio > 100.0 and self.frequency_ghz > 1.0
        end = 15.85 * self.ratio**-0.6 if large else 100.0 / self.ratio
        level = 32.0 if large else 52.0 - 10.0 * float(np.log10(self.ratio))
        side = level - 25.0 * _log(np.minimum(off, self.last_deg))
        flat = level - (52.0 if self.frequency_ghz > 70.0 else 42.0)
        last = self.last_deg
        if self.frequency_ghz <= 1.0:
            last, flat = 144.5 * self.ratio**-0.2, -2.0 - 5.0 * float(np.log10(self.ratio))
            side = level - 25.0 * _log(off)
        steps = [off < self.main_deg, off < end, off < last]
        return np.asarray(
            np.select(steps, [self._lobe(off), np.full_like(off, self.plateau_dbi), side], flat)
        )


@dataclass(frozen=True)
class F1245(_Dish):
    """Average of side lobes, for many interferers at once. ITU-R F.1245-3, recommends 2.

    Attributes
    ----------
    lobes : bool
        Recommends 3 instead: with peaks and nulls, for one interferer that moves.
    """

    lobes: bool = False
    recommendation: str = "ITU-R F.1245-3"

    def __post_init__(self) -> None:
        self._check("F.1245-3")

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis."""
        off = off_axis_deg(azimuth_deg, elevation_deg)
        return self._waves(off) if self.lobes else self._average(off)

    def _average(self, off: Array) -> Array:
        large = self.ratio > 100.0
        end = max(self.main_deg, 12.02 * self.ratio**-0.6) if large else self.main_deg
        level = 29.0 if large else 39.0 - 5.0 * float(np.log10(self.ratio))
        flat = level - (52.0 if self.frequency_ghz > 70.0 else 42.0)
        steps = [off < self.main_deg, off < end, off < self.last_deg]
        levels = [self._lobe(off), np.full_like(off, self.plateau_dbi), level - 25.0 * _log(off)]
        return np.asarray(np.select(steps, levels, flat))

    def _waves(self, off: Array) -> Array:
        large = self.ratio > 100.0
        end = 15.85 * self.ratio**-0.6 if large else 39.8 * self.ratio**-0.8
        wave = 10.0 * np.log10(0.9 * np.sin(1.5 * np.pi * off / end) ** 2 + 0.1)
        level = 32.0 if large else 42.0 - 5.0 * float(np.log10(self.ratio))
        flat = level - (52.0 if self.frequency_ghz > 70.0 else 42.0)
        near = np.maximum(self._lobe(off), self.plateau_dbi + wave)
        side = np.where(off < self.last_deg, level - 25.0 * _log(off), flat) + wave
        return np.asarray(np.where(off < end, near, side))
