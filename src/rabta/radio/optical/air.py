"""Laser beams through the air: scattering and turbulence of ITU-R P.1621-2 and P.1622."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from rabta.radio.itu import check_range

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.1622"
RANGES = {
    "wavelength_um": (0.8, 2.0),  # 150 to 375 THz, section 3
    "elevation_deg": (45.0, 90.0),
    "height_km": (0.0, 5.0),
}
GROUND_CN2 = 1.7e-14  # P.1621-2, section 5.1.1, m^(-2/3)
GROUND_WIND_M_S = 2.3  # the same, where it is unknown
TOP_M = 20_000.0
LAYERS = 139
DB_PER_NEPER = 10.0 / np.log(10.0)


def _check(wavelength_um: ArrayLike, elevation_deg: ArrayLike, height_km: ArrayLike = 0.0) -> None:
    check_range("wavelength_um", wavelength_um, *RANGES["wavelength_um"], RECOMMENDATION)
    check_range("elevation_deg", elevation_deg, *RANGES["elevation_deg"], RECOMMENDATION)
    check_range("height_km", height_km, *RANGES["height_km"], RECOMMENDATION)


def scattering_db(wavelength_um: ArrayLike, elevation_deg: ArrayLike, height_km: ArrayLike = 0.0) -> Array:
    """Attenuation by aerosols of a clear sky from a station's height up, in dB.

    Parameters
    ----------
    wavelength_um, elevation_deg, height_km : array_like
        0.8 to 2 um; 45 to 90 degrees; station 0 to 5 km above the sea.

    Notes
    -----
    P.1622, Annex 1, section 3, equations (1) to (3), with the third-degree coefficients: positive over the
    whole range, unlike the second-degree set of other copies (see the suite ``optical``), from which they
    differ by less than 0.03 dB at 1.06 and 1.55 um.

    Examples
    --------
    >>> scattering_db(1.55, 90.0, [0.0, 2.0]).round(3).tolist()
    [0.558, 0.103]
    """
    _check(wavelength_um, elevation_deg, height_km)
    um, h = np.asarray(wavelength_um, dtype=np.float64), np.asarray(height_km, dtype=np.float64)
    a = ((0.000487 * um - 0.002237) * um + 0.003864) * um - 0.004442
    b = ((-0.00573 * um + 0.02639) * um - 0.04552) * um + 0.05164
    c = ((0.02565 * um - 0.1191) * um + 0.20385) * um - 0.216
    d = ((-0.0638 * um + 0.3034) * um - 0.5083) * um + 0.425
    depth = ((a * h + b) * h + c) * h + d
    return np.asarray(DB_PER_NEPER * depth / np.sin(np.radians(elevation_deg)))


def wind_m_s(ground_m_s: ArrayLike = GROUND_WIND_M_S) -> Array:
    """Wind along the path, root mean square, from the wind at the ground: P.1621-2, section 5.1.1."""
    check_range("ground_m_s", ground_m_s, 0.0, 100.0, "ITU-R P.1621-2")
    v = np.asarray(ground_m_s, dtype=np.float64)
    return np.asarray(np.sqrt(v**2 + 33.11 * v + 360.31))


def cn2(height_m: ArrayLike, wind: ArrayLike = 21.0, ground_cn2: ArrayLike = GROUND_CN2) -> Array:
    """Structure parameter of the refractive index at heights, in m^(-2/3): P.1621-2, equation (6).

    The Hufnagel-Valley profile; a wind of 21 m/s and 1.7e-14 at the ground make it the HV 5/7.
    """
    h = np.asarray(height_m, dtype=np.float64)
    check_range("height_m", h, 0.0, 1e5, "ITU-R P.1621-2")
    high = 8.148e-56 * np.asarray(wind) ** 2 * h**10 * np.exp(-h / 1000.0)
    return np.asarray(high + 2.7e-16 * np.exp(-h / 1500.0) + np.asarray(ground_cn2) * np.exp(-h / 100.0))


def layers_m() -> tuple[Array, Array]:
    """Middle heights and thicknesses of the 139 layers: exp((i - 1) / 20) m, P.1621-2, equation (7)."""
    thick = np.exp(np.arange(LAYERS) / 20.0)
    return np.cumsum(thick) - thick / 2.0, thick


@dataclass(frozen=True)
class Turbulence:
    """Moments of the profile above a station: of Cn2 with h^0, h^(5/6), h^(5/3) and h^2.

    Heights of the profile are above the sea, as the station's 0 to 5 km are; those of the moments above the
    station.
    """

    whole: float
    five_sixths: float
    five_thirds: float
    square: float

    @classmethod
    def above(
        cls, height_km: float = 0.0, ground_wind_m_s: float = GROUND_WIND_M_S, ground_cn2: float = GROUND_CN2
    ) -> Turbulence:
        """Integrate the profile over the layers from the station up to 20 km."""
        check_range("height_km", height_km, *RANGES["height_km"], RECOMMENDATION)
        middle, thick = layers_m()
        station = 1e3 * float(height_km)
        edge = np.cumsum(thick)
        part = np.clip((edge - station) / thick, 0.0, 1.0) * thick
        middle = np.maximum(middle, edge - part / 2.0)
        profile = cn2(middle, wind_m_s(ground_wind_m_s), ground_cn2) * part
        over = np.maximum(middle - station, 0.0)
        return cls(*(float(np.sum(profile * over**power)) for power in (0.0, 5.0 / 6.0, 5.0 / 3.0, 2.0)))

    def fried_m(self, wavelength_um: ArrayLike, elevation_deg: ArrayLike = 90.0) -> Array:
        """Coherence length r0 of a plane wave, in m: P.1621-2, section 5.1.2.

        Examples
        --------
        >>> Turbulence.above().fried_m(0.85).round(3).tolist()
        0.094
        """
        k = 2e6 * np.pi / np.asarray(wavelength_um, dtype=np.float64)
        slant = np.sin(np.radians(elevation_deg))
        return np.asarray((0.423 * k**2 * self.whole / slant) ** (-3.0 / 5.0))

    def isoplanatic_urad(self, wavelength_um: ArrayLike, elevation_deg: ArrayLike = 90.0) -> Array:
        """Isoplanatic angle, in microradians: P.1621-2, section 5.1.3."""
        k = 2e6 * np.pi / np.asarray(wavelength_um, dtype=np.float64)
        slant = np.sin(np.radians(elevation_deg)) ** (8.0 / 3.0)
        return np.asarray(1e6 * (2.914 * k**2 * self.five_thirds / slant) ** (-3.0 / 5.0))

    def log_intensity_variance(
        self, wavelength_um: ArrayLike, elevation_deg: ArrayLike, aperture_m: ArrayLike = 0.0
    ) -> Array:
        """Variance of the logarithm of the intensity, in nepers squared.

        Parameters
        ----------
        aperture_m : array_like
            Diameter of the receiver on the ground, which averages; 0 for a point, and for what a satellite
            receives from the ground.

        Notes
        -----
        P.1622, Annex 1, section 4, equations (4a) and (5): weak turbulence (the Rytov variance of a plane
        wave), averaged over the aperture.
        """
        _check(wavelength_um, elevation_deg)
        um, sine = np.asarray(wavelength_um, dtype=np.float64), np.sin(np.radians(elevation_deg))
        k = 2e6 * np.pi / um
        point = 2.253 * k ** (7.0 / 6.0) * self.five_sixths / sine ** (11.0 / 6.0)
        scale = (self.square / self.five_sixths) ** (6.0 / 7.0)
        wide = np.asarray(aperture_m, dtype=np.float64) ** 2 * sine / (scale * um * 1e-6)
        return np.asarray(point / (1.0 + 1.1 * wide ** (7.0 / 6.0)))


def scintillation_fade_db(variance: ArrayLike, share: ArrayLike) -> Array:
    """Fade below the mean power that is exceeded for a share of the time, in dB.

    The intensity is lognormal of unit mean: ln I has the variance s2 and the mean -s2 / 2.

    Examples
    --------
    >>> scintillation_fade_db(0.1, 0.01).round(2).tolist()
    3.41
    """
    check_range("share", share, 1e-12, 1.0 - 1e-12, RECOMMENDATION)
    s2 = np.asarray(variance, dtype=np.float64)
    check_range("variance", s2, 0.0, 1.0, "weak turbulence")
    return np.asarray(DB_PER_NEPER * (s2 / 2.0 - np.sqrt(s2) * ndtri(np.asarray(share, dtype=np.float64))))
