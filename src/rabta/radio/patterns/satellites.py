"""Reference patterns of satellite antennas: ITU-R S.672-4 and S.1528-0 (recommends 1.2, 1.3 and 1.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import j1, jn_zeros

from rabta.errors import RabtaError
from rabta.radio.itu import check_range
from rabta.radio.patterns.shapes import FLOOR_DB, off_axis_deg
from rabta.units import SPEED_OF_LIGHT_M_S

Array = NDArray[np.float64]

S672_WIDTHS = {-20.0: 2.58, -25.0: 2.88, -30.0: 3.16}  # S.672-4, annex 1: a by Ls, round beams
S1528_SLOPES = {
    -15.0: 1.4,
    -20.0: 1.0,
    -25.0: 0.6,
    -30.0: 0.4,
}  # S.1528, recommends 1.2: a = 2.58 sqrt(1 - c log z)
FAR = 6.32  # b of both
ORBITS = {"leo": (-6.75, 1.5, 5.0), "meo": (-12.0, 2.0, 3.0)}  # S.1528, recommends 1.3: Ls, Y / psi_b, LF
PEAKS = (0.0, 70.0)  # dBi
WIDTHS = (0.01, 60.0)  # degrees between half-power points


def _lobe(value: float, known: dict[float, float], what: str) -> float:
    if value not in known:
        raise RabtaError(
            f"no such near side-lobe level in {what}",
            key="near_lobe_db",
            value=value,
            expected=", ".join(f"{k:g}" for k in known),
        )
    return known[value]


@dataclass(frozen=True)
class S672:
    """Satellite in geostationary orbit, one feed, round beam. ITU-R S.672-4, annex 1, recommends 1.

    Attributes
    ----------
    half_power_deg : float
        Whole 3 dB beamwidth.
    near_lobe_db : float
        Ls: -20, -25 or -30.
    """

    peak_dbi: float
    half_power_deg: float
    near_lobe_db: float = -25.0
    recommendation: str = "ITU-R S.672-4"

    def __post_init__(self) -> None:
        _lobe(self.near_lobe_db, S672_WIDTHS, self.recommendation)
        check_range("peak_dbi", self.peak_dbi, *PEAKS, self.recommendation)
        check_range("half_power_deg", self.half_power_deg, *WIDTHS, self.recommendation)

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis."""
        angle = off_axis_deg(azimuth_deg, elevation_deg)
        off = angle / (self.half_power_deg / 2.0)
        near = self.peak_dbi + self.near_lobe_db
        far = near + 20.0 - 25.0 * np.log10(np.maximum(off, 1.0))
        back = max(15.0 + self.near_lobe_db + 0.25 * self.peak_dbi, 0.0)
        steps = [off <= S672_WIDTHS[self.near_lobe_db], off <= FAR, angle <= 90.0]
        levels = [self.peak_dbi - 3.0 * off**2, np.full_like(off, near), np.maximum(far, 0.0)]
        return np.asarray(np.select(steps, levels, back))


@dataclass(frozen=True)
class S1528:
    """Satellite in another orbit, below 30 GHz, D/wavelength above 35. ITU-R S.1528-0, recommends 1.2.

    Attributes
    ----------
    near_lobe_db : float
        Ls: -15, -20, -25 or -30.
    axes : float
        Ratio of the major to the minor axis of the beam, z.
    far_lobe_dbi : float
        LF.
    """

    peak_dbi: float
    half_power_deg: float
    near_lobe_db: float = -20.0
    axes: float = 1.0
    far_lobe_dbi: float = 0.0
    recommendation: str = "ITU-R S.1528-0, recommends 1.2"

    def __post_init__(self) -> None:
        _lobe(self.near_lobe_db, S1528_SLOPES, self.recommendation)
        check_range("peak_dbi", self.peak_dbi, *PEAKS, self.recommendation)
        check_range("half_power_deg", self.half_power_deg, *WIDTHS, self.recommendation)
        check_range("axes", self.axes, 1.0, 4.0, self.recommendation)

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis."""
        angle = off_axis_deg(azimuth_deg, elevation_deg)
        half, log_axes = self.half_power_deg / 2.0, float(np.log10(self.axes))
        off, near = angle / half, self.peak_dbi + self.near_lobe_db
        end = 2.58 * np.sqrt(1.0 - S1528_SLOPES[self.near_lobe_db] * log_axes)
        roll = near - 25.0 * np.log10(np.maximum(off, FAR) / FAR)
        back = max(0.0, 15.0 + self.near_lobe_db + 0.25 * self.peak_dbi + 5.0 * log_axes)
        steps = [off <= end, off <= 0.5 * FAR, off <= FAR, angle <= 90.0]
        levels = [
            self.peak_dbi - 3.0 * off**1.5,
            np.full_like(off, near + 20.0 * log_axes),
            np.full_like(off, near),
            np.maximum(roll, self.far_lobe_dbi),
        ]
        return np.asarray(np.select(steps, levels, back))


@dataclass(frozen=True)
class S1528Orbit:
    """Satellite in low or medium orbit with a small antenna. ITU-R S.1528-0, recommends 1.3.

    Attributes
    ----------
    orbit : str
        ``leo`` or ``meo``.
    """

    peak_dbi: float
    half_power_deg: float
    orbit: str = "leo"
    recommendation: str = "ITU-R S.1528-0, recommends 1.3"

    def __post_init__(self) -> None:
        if self.orbit not in ORBITS:
            raise RabtaError(
                "no such orbit in S.1528", key="orbit", value=self.orbit, expected=", ".join(ORBITS)
            )
        check_range("peak_dbi", self.peak_dbi, *PEAKS, self.recommendation)
        check_range("half_power_deg", self.half_power_deg, *WIDTHS, self.recommendation)

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis."""
        near, knee, far = ORBITS[self.orbit]
        off = off_axis_deg(azimuth_deg, elevation_deg) / (self.half_power_deg / 2.0)
        roll = self.peak_dbi + near - 25.0 * np.log10(np.maximum(off, knee) / knee)
        return np.asarray(np.where(off <= knee, self.peak_dbi - 3.0 * off**2, np.maximum(roll, far)))


@dataclass(frozen=True)
class S1528Taylor:
    """Circular Taylor illumination, round or elliptic. ITU-R S.1528-0, recommends 1.4.

    Attributes
    ----------
    radial_m, transverse_m : float
        Sizes of the effective radiating area, Lr and Lt.
    side_lobe_db : float
        SLR, of the first side lobe below the peak.
    lobes : int
        n, side lobes that are held near that level.
    """

    peak_dbi: float
    frequency_ghz: float
    radial_m: float
    transverse_m: float
    side_lobe_db: float = 20.0
    lobes: int = 4
    recommendation: str = "ITU-R S.1528-0, recommends 1.4"

    def __post_init__(self) -> None:
        check_range("frequency_ghz", self.frequency_ghz, 0.1, 100.0, self.recommendation)
        check_range("side_lobe_db", self.side_lobe_db, 13.0, 60.0, self.recommendation)
        check_range("lobes", self.lobes, 2, 20, self.recommendation)
        for name in ("radial_m", "transverse_m"):
            check_range(name, getattr(self, name), 1e-3, 100.0, self.recommendation)

    @property
    def roots(self) -> Array:
        """Roots mu_i of J1(pi mu), those inside the controlled lobes."""
        return np.asarray(jn_zeros(1, self.lobes - 1) / np.pi)

    @property
    def spread(self) -> float:
        """A: arccosh(10^(SLR/20)) / pi."""
        return float(np.arccosh(10.0 ** (self.side_lobe_db / 20.0)) / np.pi)

    @property
    def dilation(self) -> float:
        """sigma: mu_n / sqrt(A^2 + (n - 1/2)^2)."""
        last = float(jn_zeros(1, self.lobes)[-1] / np.pi)
        return last / float(np.sqrt(self.spread**2 + (self.lobes - 0.5) ** 2))

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis; the radial size lies along the azimuth."""
        az, el = np.radians(azimuth_deg), np.radians(elevation_deg)
        across, up = np.cos(el) * np.sin(az), np.sin(el) * np.ones_like(az)
        wave = self.frequency_ghz * 1e9 / SPEED_OF_LIGHT_M_S
        u = wave * np.hypot(self.radial_m * across, self.transverse_m * up)
        safe = np.where(u < 1e-6, 1e-6, u)
        for root in self.roots:  # there J1 and a denominator are both 0: step beside it
            safe = np.where(np.abs(safe / root - 1.0) < 1e-7, root * (1.0 + 1e-6), safe)
        field = 2.0 * j1(np.pi * safe) / (np.pi * safe)
        for i, root in enumerate(self.roots, start=1):
            zero = self.dilation**2 * (self.spread**2 + (i - 0.5) ** 2)
            field = field * (1.0 - safe**2 / zero) / (1.0 - (safe / root) ** 2)
        level = np.maximum(np.abs(field), 10.0 ** (FLOOR_DB / 20.0))
        return np.asarray(self.peak_dbi + np.where(u < 1e-6, 0.0, 20.0 * np.log10(level)))
