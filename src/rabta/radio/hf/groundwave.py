"""Ground wave over a smooth spherical Earth, 10 kHz to 30 MHz: the method behind ITU-R P.368.

Near the transmitter the field of a flat Earth with a correction of curvature, beyond 80 / f^(1/3) km the
residue series (ITU-R Handbook on ground wave propagation 2014; NTIA Report 99-368). The air bends rays as a
larger Earth would. P.368's own curves take an exponential atmosphere instead: below some 100 kHz and far out
they differ by more than a decibel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio.itu import check_range

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

RECOMMENDATION = "ITU-R P.368-10"
RANGES = {
    "frequency_mhz": (0.01, 30.0),
    "distance_km": (0.001, 10_000.0),
    "height_m": (0.0, 50.0),
    "permittivity": (1.0, 1000.0),
    "conductivity_s_m": (1e-6, 100.0),
    "refractivity": (250.0, 400.0),
}
EARTH_KM = 6370.0
LIGHT_M_S = 299_792_458.0
_VACUUM_F_M = 8.854187817e-12
_IMPEDANCE_OHM = 119.9169832 * np.pi
SHORT_MONOPOLE_DBI = 4.77
_ROOTS = 200
_TURN = np.exp(2j * np.pi / 3.0)


@dataclass(frozen=True)
class Ground:
    """Relative permittivity and conductivity in S/m."""

    permittivity: float
    conductivity_s_m: float

    def __post_init__(self) -> None:
        """Refuse ground outside the range of the method."""
        for name in ("permittivity", "conductivity_s_m"):
            check_range(name, getattr(self, name), *RANGES[name], RECOMMENDATION)

    def complex_permittivity(self, frequency_mhz: float) -> complex:
        """Complex relative permittivity, loss negative."""
        return complex(
            self.permittivity, -self.conductivity_s_m / (_VACUUM_F_M * 2e6 * np.pi * frequency_mhz)
        )


def _log_slope(z: Complex) -> Complex:
    """Ratio of the derivative of the Airy function to itself."""
    from scipy.special import airye

    ai, slope, _, _ = airye(z)
    return np.asarray(slope / ai)


def _polish(z: Complex, q: complex) -> Complex:
    """Newton steps towards roots of exp(2 pi j / 3) Ai'(z) = q Ai(z)."""
    for _ in range(12):
        ratio = _log_slope(z)
        value, slope = _TURN * ratio - q, _TURN * (z - ratio**2)
        step = value / slope
        z = z - step
        if np.max(np.abs(step)) < 1e-12:
            break
    return z


def _polish_far(z: Complex, inverse: complex) -> Complex:
    """The same for large q, by the ratio of the function to its derivative."""
    for _ in range(12):
        ratio = 1.0 / _log_slope(z)
        value, slope = ratio / _TURN - inverse, (1.0 - z * ratio**2) / _TURN
        step = value / slope
        z = z - step
        if np.max(np.abs(step)) < 1e-12:
            break
    return z


@lru_cache(maxsize=256)
def _roots(q: complex) -> tuple[Complex, Complex]:
    """Roots t of w'(t) = q w(t) and the argument z of the Airy function at them, shape (200,)."""
    from scipy.special import ai_zeros

    zero, flat, _, _ = ai_zeros(_ROOTS)
    order = np.sqrt(np.abs(flat))
    steps = np.linspace(0.0, 1.0, 25)[1:]
    near = np.abs(q) < order
    z_near, z_far = flat.astype(np.complex128), zero.astype(np.complex128)
    if near.any():
        for s in steps:
            z_near[near] = _polish(z_near[near], s * q)
    if not near.all():
        for s in steps:
            z_far[~near] = _polish_far(z_far[~near], s / q)
    z = np.where(near, z_near, z_far)
    return z / _TURN, z


def _height_gain(z: Complex, raised: float) -> Complex:
    """Field at a height over that on the ground, for each root."""
    from scipy.special import airye

    up = z - raised * _TURN
    top, ground = airye(up)[0], airye(z)[0]
    return np.asarray(top / ground * np.exp(-2.0 / 3.0 * (up * np.sqrt(up) - z * np.sqrt(z))))


def _residues(q: complex, x: Array, raised: Sequence[float]) -> Array:
    """Field over that of a flat perfect Earth. ITU-R Handbook, section 3.2; NTIA 99-368, equation (26)."""
    t, z = _roots(q)
    weights = 1.0 / (t - q * q)
    for height in raised:
        if height > 0.0:
            weights = weights * _height_gain(z, height)
    terms = weights * np.exp(1j * x[:, None] * t)
    return np.asarray(np.abs(np.sqrt(np.pi * x) * terms.sum(axis=1)))


def _small_q(q: complex, x: Array) -> Complex:
    """Series in powers of the numerical distance. NTIA 99-368, equations (28) and (30)."""
    q3, root = q**3, np.sqrt(np.pi)
    q6, q9 = q3**2, q3**3
    terms = (
        1.0,
        -1j * root,
        -2.0,
        1j * root * (1.0 + 1.0 / (4.0 * q3)),
        4.0 / 3.0 * (1.0 + 1.0 / (2.0 * q3)),
        -1j * root / 4.0 * (1.0 + 3.0 / (4.0 * q3)),
        -8.0 / 15.0 * (1.0 + 1.0 / q3 + 7.0 / (32.0 * q6)),
        1j * root / 6.0 * (1.0 + 5.0 / (4.0 * q3) + 27.0 / (32.0 * q6)),
        16.0 / 105.0 * (1.0 + 3.0 / (2.0 * q3) + 27.0 / (32.0 * q6)),
        -1j * root / 24.0 * (1.0 + 7.0 / (4.0 * q3) + 5.0 / (4.0 * q6) + 21.0 / (64.0 * q9)),
    )
    base = np.exp(1j * np.pi / 4.0) * q * np.sqrt(x)
    return np.asarray(sum(a * base**k for k, a in enumerate(terms)))


def _flat(delta: complex, q: complex, k: float, x: Array, distance: Array, heights: Sequence[float]) -> Array:
    """Field of a flat Earth with curvature. NTIA 99-368, equations (28) to (36)."""
    from scipy.special import wofz

    if abs(q) > 0.1:
        w = (-0.5 + 0.5j) * np.sqrt(k * distance) * delta
        p, q3 = w * w, q**3
        root = 1j * np.sqrt(np.pi * p)
        base = 1.0 + np.sqrt(np.pi) * 1j * w * wofz(w)
        field = base + (1.0 - root - (1.0 + 2.0 * p) * base) / (4.0 * q3)
        second = 1.0 - root * (1.0 - p) - 2.0 * p + 5.0 * p**2 / 6.0 + (p**2 / 2.0 - 1.0) * base
        field = field + second / (4.0 * q3**2)
    else:
        field = _small_q(q, x)
    for height in heights:
        field = field * (1.0 + 1j * k * height * delta)
    return np.asarray(np.abs(field))


def field_dbuvm(
    frequency_mhz: float,
    distance_km: ArrayLike,
    ground: Ground,
    *,
    power_w: float = 1000.0,
    heights_m: tuple[float, float] = (0.0, 0.0),
    refractivity: float = 315.0,
    vertical: bool = True,
) -> Array:
    """Field strength of the ground wave of a short monopole in dB(uV/m).

    Parameters
    ----------
    frequency_mhz : float
        0.01 to 30 MHz.
    distance_km : array_like
        0.001 to 10,000 km.
    power_w : float
        Radiated by a short vertical monopole on a perfect ground; 1 kW is a cymomotive force of 300 V.
    heights_m : tuple of float
        Of both ends, up to 50 m.
    refractivity : float
        At the surface, 250 to 400 N-units.

    Raises
    ------
    RabtaError
        For values outside these ranges.

    Examples
    --------
    >>> round(float(field_dbuvm(1.0, 1.0, Ground(70.0, 5.0))), 1)
    109.5
    """
    check_range("frequency_mhz", frequency_mhz, *RANGES["frequency_mhz"], RECOMMENDATION)
    check_range("distance_km", distance_km, *RANGES["distance_km"], RECOMMENDATION)
    check_range("height_m", heights_m, *RANGES["height_m"], RECOMMENDATION)
    check_range("refractivity", refractivity, *RANGES["refractivity"], RECOMMENDATION)
    distance = np.atleast_1d(np.asarray(distance_km, dtype=np.float64))
    flat_out = distance.ravel()
    radius = EARTH_KM / (1.0 - 0.04665 * np.exp(0.005577 * refractivity))
    k = 2.0 * np.pi * 1e9 * frequency_mhz / LIGHT_M_S
    nu = np.cbrt(radius * k / 2.0)
    eta = ground.complex_permittivity(frequency_mhz)
    delta = np.sqrt(eta - 1.0)
    if vertical:
        delta = delta / eta
    q = complex(-1j * nu * delta)
    x = nu * flat_out / radius
    heights = [h / 1e3 for h in heights_m]
    near = flat_out < 80.0 / np.cbrt(frequency_mhz)
    relative = np.empty_like(flat_out)
    if near.any():
        relative[near] = _flat(complex(delta), q, k, x[near], flat_out[near], heights)
    if not near.all():
        relative[~near] = _residues(q.conjugate(), x[~near], [k * h / nu for h in heights])
    free = np.sqrt(_IMPEDANCE_OHM * power_w * 10.0 ** (SHORT_MONOPOLE_DBI / 10.0) / (4.0 * np.pi)) / flat_out
    with np.errstate(divide="ignore"):
        found = 60.0 + 20.0 * np.log10(relative * free)
    return np.asarray(found.reshape(np.shape(distance_km)))


def basic_loss_db(field: ArrayLike, frequency_mhz: float, power_w: float = 1000.0) -> Array:
    """Basic transmission loss of a field strength in dB: ITU-R P.525-4, with the monopole's 4.77 dBi."""
    eirp = 10.0 * np.log10(power_w) + SHORT_MONOPOLE_DBI
    link = 10.0 * np.log10(_IMPEDANCE_OHM * 4.0 * np.pi) + 20.0 * np.log10(1e6 * frequency_mhz / LIGHT_M_S)
    return np.asarray(eirp + link - (np.asarray(field) - 120.0))


def mixed_field_dbuvm(
    frequency_mhz: float, sections: Sequence[tuple[float, Ground]], **options: float
) -> float:
    """Field at the end of a path over several grounds: Millington's method, ITU-R P.368-10, annex 2.

    Parameters
    ----------
    sections : sequence of (length in km, Ground)
        From the transmitter on.

    Returns
    -------
    float
        Mean of the field strength from one end and from the other, in dB(uV/m).
    """
    if not sections or any(length <= 0.0 for length, _ in sections):
        raise RabtaError(
            "a path needs sections of positive length",
            key="sections",
            value=list(sections),
            expected="> 0 km",
        )
    ends = (_one_way(frequency_mhz, list(order), options) for order in (sections, sections[::-1]))
    return float(np.mean(list(ends)))


def _one_way(frequency: float, sections: list[tuple[float, Ground]], options: dict[str, float]) -> float:
    total, so_far = 0.0, 0.0
    for length, ground in sections:
        if so_far > 0.0:
            total -= float(field_dbuvm(frequency, so_far, ground, **options))  # type: ignore[arg-type]
        so_far += length
        total += float(field_dbuvm(frequency, so_far, ground, **options))  # type: ignore[arg-type]
    return total
