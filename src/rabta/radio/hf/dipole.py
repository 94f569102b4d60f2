"""A horizontal half-wave dipole over real ground: the antenna of near-vertical incidence.

The far field is that of the dipole and of its reflection (Fresnel). The power that the dipole takes comes
from its spectrum of plane waves, those that do not leave included: what the ground absorbs is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.hf.groundwave import LIGHT_M_S, Ground
from rabta.radio.itu import check_range

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

SOURCE = "L. Novotny and B. Hecht, Principles of Nano-Optics, section 10.5, for a sinusoidal current"
RANGES = {"height_wavelengths": (0.01, 2.0), "frequency_mhz": (0.3, 30.0), "elevation_deg": (0.0, 90.0)}
_AZIMUTHS, _ANGLES, _BEYOND = 24, 64, 160
HALF_WAVE_OHM = 73.13


def _spectrum(along: Array) -> Array:
    """Spectrum of the current by the wave number along the wire, over that of free space."""
    one = np.abs(1.0 - along**2) < 1e-9
    rest = np.where(one, 1.0, 1.0 - along**2)
    return np.where(one, np.pi / 4.0 * 2.0, 2.0 * np.cos(np.pi / 2.0 * along) / rest)


def _reflections(s: Array, sz: Complex, eta: complex) -> tuple[Complex, Complex]:
    """Reflection of the tangential field: transverse electric and transverse magnetic waves."""
    below = np.sqrt(eta - s**2)
    below = np.where(below.imag > 0, -below, below)
    te = (sz - below) / (sz + below)
    tm = (below / eta - sz) / (below / eta + sz)
    return te, tm


def _quadrature(low: float, high: float, count: int) -> tuple[Array, Array]:
    x, w = np.polynomial.legendre.leggauss(count)
    return (x + 1.0) / 2.0 * (high - low) + low, w * (high - low) / 2.0


@dataclass(frozen=True)
class Dipole:
    """A dipole of half a wave at every frequency (tuned), or a wire with a matching unit near that.

    Attributes
    ----------
    height_m : float
        Above the ground.
    ground : Ground
    loss_db : float
        In wire, balun and matching unit.
    """

    height_m: float
    ground: Ground
    loss_db: float = 0.0

    def _waves(self, frequency: float) -> float:
        height = self.height_m * 1e6 * frequency / LIGHT_M_S
        check_range("height_wavelengths", height, *RANGES["height_wavelengths"], SOURCE)
        return 2.0 * np.pi * height

    def power(self, frequency_mhz: float) -> float:
        """Power that the wire takes for a current, over that in free space.

        Examples
        --------
        >>> round(Dipole(75.0, Ground(13.0, 0.005)).power(4.0), 1)
        1.0
        """
        kh, eta = self._waves(frequency_mhz), self.ground.complex_permittivity(frequency_mhz)
        phi, w_phi = _quadrature(0.0, np.pi / 2.0, _AZIMUTHS)
        theta, w_theta = _quadrature(0.0, np.pi / 2.0, _ANGLES)
        inside = (np.sin(theta), np.cos(theta).astype(np.complex128), np.cos(theta) * w_theta)
        u, w_u = _quadrature(0.0, float(np.arcsinh(25.0 / kh)), _BEYOND)
        outside = (np.cosh(u), -1j * np.sinh(u), np.sinh(u) * w_u)
        total, free = 0.0, 0.0
        for s, sz, weight in (inside, outside):
            te, tm = _reflections(s, sz, eta)
            phase = np.exp(-2j * kh * sz)
            current = _spectrum(s[:, None] * np.cos(phi)) ** 2
            across = (current * np.sin(phi) ** 2) @ w_phi
            along = (current * np.cos(phi) ** 2) @ w_phi
            ring = s * weight
            total += float(
                (ring * (across / sz * (1 + te * phase) + along * sz * (1 + tm * phase))).real.sum()
            )
            free += float((ring * (across / sz + along * sz)).real.sum())
        return total / free

    def gain_dbi(self, elevation_deg: ArrayLike, azimuth_deg: ArrayLike, frequency_mhz: float) -> Array:
        """Gain towards an elevation and an azimuth from the wire, in dBi; losses in the ground are lost.

        Parameters
        ----------
        elevation_deg : array_like
            0 to 90.
        azimuth_deg : array_like
            From the direction of the wire.
        """
        check_range("elevation_deg", elevation_deg, *RANGES["elevation_deg"], SOURCE)
        check_range("frequency_mhz", frequency_mhz, *RANGES["frequency_mhz"], SOURCE)
        kh, eta = self._waves(frequency_mhz), self.ground.complex_permittivity(frequency_mhz)
        up = np.radians(np.maximum(np.asarray(elevation_deg, dtype=np.float64), 0.01))
        turn = np.radians(np.asarray(azimuth_deg, dtype=np.float64))
        s, sz = np.cos(up), np.sin(up).astype(np.complex128)
        te, tm = _reflections(s, sz, eta)
        phase = np.exp(-2j * kh * sz)
        across = np.abs((1.0 + te * phase) * np.sin(turn)) ** 2
        along = np.abs((1.0 + tm * phase) * sz * np.cos(turn)) ** 2
        free = _free_power()
        level = 4.0 * np.pi * _spectrum(s * np.cos(turn)) ** 2 * (across + along)
        return np.asarray(10.0 * np.log10(level / (free * self.power(frequency_mhz))) - self.loss_db)

    def mean_gain_dbi(self, elevation_deg: ArrayLike, frequency_mhz: float) -> Array:
        """Mean over all azimuths: wires of a net lie as the place allows."""
        turns = np.arange(2.5, 90.0, 5.0)
        each = self.gain_dbi(np.asarray(elevation_deg, dtype=np.float64)[..., None], turns, frequency_mhz)
        return np.asarray(10.0 * np.log10((10.0 ** (each / 10.0)).mean(axis=-1)))


def _free_power() -> float:
    """Power of the wire in free space in the units of its spectrum, over all directions."""
    phi, w_phi = _quadrature(0.0, np.pi / 2.0, _AZIMUTHS)
    theta, w_theta = _quadrature(0.0, np.pi / 2.0, _ANGLES)
    along = np.sin(theta)[:, None] * np.cos(phi)
    level = _spectrum(along) ** 2 * (1.0 - along**2)
    return float(8.0 * ((level @ w_phi) * np.sin(theta) * w_theta).sum())


@dataclass(frozen=True)
class GainTable:
    """Mean gain of a dipole by frequency and whole degree of elevation, shape (frequencies, 91)."""

    frequency_mhz: Array
    dbi: Array

    @classmethod
    def of(cls, dipole: Dipole, frequency_mhz: ArrayLike) -> GainTable:
        """Table of a dipole."""
        frequencies = np.asarray(frequency_mhz, dtype=np.float64)
        angles = np.arange(91.0)
        return cls(frequencies, np.stack([dipole.mean_gain_dbi(angles, f) for f in frequencies]))

    def __call__(self, elevation_deg: Array, frequency_mhz: Array) -> Array:
        """Gain at elevations, linear between degrees; frequencies are those of the table, last axis."""
        angle = np.clip(elevation_deg, 0.0, 90.0)
        i = np.minimum(angle.astype(np.int64), 89)
        row = np.searchsorted(self.frequency_mhz, np.broadcast_to(frequency_mhz, angle.shape))
        row = np.clip(row, 0, len(self.frequency_mhz) - 1)
        return np.asarray(self.dbi[row, i] * (1.0 - (angle - i)) + self.dbi[row, i + 1] * (angle - i))
