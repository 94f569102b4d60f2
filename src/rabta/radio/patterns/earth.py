"""Reference patterns of earth stations: ITU-R S.465-6, S.580-6 (APEREC015V01) and S.1428-1.

All are round. S.465 and S.580 bound side lobes only: inside their least angle the peak is taken, a bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.itu import check_range
from rabta.radio.patterns.shapes import off_axis_deg
from rabta.units import SPEED_OF_LIGHT_M_S

Array = NDArray[np.float64]

RATIOS = (5.0, 2e4)  # diameter over wavelength
RANGES = {
    "S.465-6": {"frequency_ghz": (2.0, 31.0)},
    "S.580-6": {"diameter_over_wavelength": (50.0, 2e4)},
    "S.1428-1": {"frequency_ghz": (10.7, 30.0), "diameter_over_wavelength": (20.0, 2e4)},
}


def over_wavelength(diameter_m: float, frequency_ghz: float) -> float:
    """Diameter over wavelength."""
    return diameter_m * frequency_ghz * 1e9 / SPEED_OF_LIGHT_M_S


def dish_peak_dbi(diameter_m: float, frequency_ghz: float) -> float:
    """Peak gain where none is known: 20 log10(D/wavelength) + 7.7. ITU-R F.699-8, recommends 3."""
    return float(20.0 * np.log10(over_wavelength(diameter_m, frequency_ghz)) + 7.7)


def _log(angle: Array) -> Array:
    return np.asarray(np.log10(np.maximum(angle, 1e-3)))


@dataclass(frozen=True)
class S465:
    """Earth station, 2 to 31 GHz: 32 - 25 log10(phi), -10 dBi from 48 degrees. ITU-R S.465-6, recommends 2.

    Attributes
    ----------
    peak_dbi : float
        On the axis and inside the least angle, of which the Recommendation says nothing.
    """

    diameter_m: float
    frequency_ghz: float
    peak_dbi: float
    recommendation: str = "ITU-R S.465-6"

    def __post_init__(self) -> None:
        check_range(
            "frequency_ghz", self.frequency_ghz, *RANGES["S.465-6"]["frequency_ghz"], self.recommendation
        )
        check_range("diameter_over_wavelength", self.ratio, *RATIOS, self.recommendation)

    @property
    def ratio(self) -> float:
        """Diameter over wavelength."""
        return over_wavelength(self.diameter_m, self.frequency_ghz)

    @property
    def least_deg(self) -> float:
        """Angle from which the envelope holds."""
        if self.ratio >= 50.0:
            return max(1.0, 100.0 / self.ratio)
        return float(max(2.0, 114.0 * self.ratio**-1.09))

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis."""
        off = off_axis_deg(azimuth_deg, elevation_deg)
        side = np.where(off < 48.0, 32.0 - 25.0 * _log(off), -10.0)
        return np.asarray(np.where(off < self.least_deg, self.peak_dbi, side))


@dataclass(frozen=True)
class S580:
    """Earth station towards the geostationary arc: 29 - 25 log10(phi) to 20 degrees, then S.465.

    The ITU's pattern library (APEREC015V01, Radio Regulations, Appendix 30B) joins both, holds -3.5
    dBi between, and adds the main lobe of Appendix 7 and, below 50 wavelengths, the side lobes of Appendix 8.

    Attributes
    ----------
    efficiency : float
        Gives the diameter in wavelengths from the peak; the library takes 0.7.
    """

    peak_dbi: float
    efficiency: float = 0.7
    recommendation: str = "ITU-R S.580-6 (APEREC015V01)"

    def __post_init__(self) -> None:
        check_range("efficiency", self.efficiency, 0.1, 1.0, self.recommendation)
        check_range("diameter_over_wavelength", self.ratio, *RATIOS, self.recommendation)

    @property
    def ratio(self) -> float:
        """Diameter over wavelength that gives the peak."""
        return float(np.sqrt(10.0 ** (self.peak_dbi / 10.0) / (self.efficiency * np.pi**2)))

    @property
    def plateau_dbi(self) -> float:
        """G1: the first side lobe."""
        slope, shift = (
            (15.0, 2.0) if self.ratio < 50.0 else (25.0, -21.0) if self.ratio < 100.0 else (15.0, -1.0)
        )
        return float(shift + slope * np.log10(self.ratio))

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis."""
        off = off_axis_deg(azimuth_deg, elevation_deg)
        lobe = self.peak_dbi - 2.5e-3 * (self.ratio * off) ** 2
        main = 20.0 / self.ratio * np.sqrt(max(self.peak_dbi - self.plateau_dbi, 0.0))
        end = 15.85 * self.ratio**-0.6 if self.ratio >= 100.0 else 100.0 / self.ratio
        steps = [off < main, off < end]
        return np.asarray(np.select(steps, [lobe, np.full_like(off, self.plateau_dbi)], self._side(off)))

    def _side(self, off: Array) -> Array:
        last = 10.0 ** (42.0 / 25.0)  # 47.9 degrees: 32 - 25 log10(phi) meets -10 dBi
        if self.ratio < 50.0:
            level = 10.0 - 10.0 * np.log10(self.ratio)
            return np.asarray(np.where(off < last, level + 42.0 - 25.0 * _log(off), level))
        near = 29.0 - 25.0 * _log(off)
        joined = np.minimum(-3.5, 32.0 - 25.0 * _log(off))
        return np.asarray(np.select([off < 19.95, off < last], [near, joined], -10.0))


@dataclass(frozen=True)
class S1428:
    """Geostationary earth station against other orbits, 10.7 to 30 GHz. ITU-R S.1428-1, recommends 1."""

    diameter_m: float
    frequency_ghz: float
    recommendation: str = "ITU-R S.1428-1"

    def __post_init__(self) -> None:
        ranges = RANGES["S.1428-1"]
        check_range("frequency_ghz", self.frequency_ghz, *ranges["frequency_ghz"], self.recommendation)
        check_range(
            "diameter_over_wavelength", self.ratio, *ranges["diameter_over_wavelength"], self.recommendation
        )

    @property
    def ratio(self) -> float:
        """Diameter over wavelength."""
        return over_wavelength(self.diameter_m, self.frequency_ghz)

    @property
    def peak_dbi(self) -> float:
        """Gain on the axis: 20 log10(D/wavelength) + 7.7, or + 8.4 above 100 wavelengths."""
        return float(20.0 * np.log10(self.ratio) + (8.4 if self.ratio > 100.0 else 7.7))

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis."""
        off, ratio = off_axis_deg(azimuth_deg, elevation_deg), self.ratio
        large = ratio > 100.0
        end = 15.85 * ratio**-0.6 if large else 95.0 / ratio
        plateau = float(15.0 * np.log10(ratio) - 1.0 if large else 29.0 - 25.0 * np.log10(end))
        main = 20.0 / ratio * np.sqrt(self.peak_dbi - plateau)
        lobe = self.peak_dbi - 2.5e-3 * (ratio * off) ** 2
        side = self._large(off) if large else self._small(off)
        return np.asarray(np.select([off < main, off < end], [lobe, np.full_like(off, plateau)], side))

    def _small(self, off: Array) -> Array:
        behind = np.full_like(off, -5.0) if self.ratio <= 25.0 else np.where(off <= 120.0, -4.0, -9.0)
        levels = [29.0 - 25.0 * _log(off), np.full_like(off, -9.0)]
        return np.asarray(np.select([off <= 33.1, off <= 80.0], levels, behind))

    def _large(self, off: Array) -> Array:
        steps = [off < 10.0, off < 34.1, off < 80.0, off < 120.0]
        flat = [np.full_like(off, -12.0), np.full_like(off, -7.0)]
        levels = [29.0 - 25.0 * _log(off), 34.0 - 30.0 * _log(off), *flat]
        return np.asarray(np.select(steps, levels, -12.0))
