"""Reference antennas of Article 22: S.1428-1 and BO.1443-3 on the ground, S.672-4 on the arc.

Patterns are rows of numbers that the kernels read; `gain_dbi` is their NumPy reference, for S.1428-1 that of
`rabta.radio.patterns`. S.672-4 is here as Article 22 takes it: also with side lobes of -10 dB, and the
parabola from the axis on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio.itu import check_range
from rabta.radio.patterns.earth import S1428
from rabta.units import SPEED_OF_LIGHT_M_S

F8 = NDArray[np.float64]

PEAK_DBI = {1.5: 41.0, 1.55: 40.7, 4.0: 32.4}  # S.1503-4, table 16: by half-power beamwidth (deg)
WIDTHS = {-20.0: 2.58, -10.0: 1.83}  # S.672-4 and RR 22.5D: a by Ls
FAR = 6.32  # S.672-4: b


@dataclass(frozen=True)
class Dish:
    """One antenna.

    Attributes
    ----------
    recommendation : str
        Its pattern.
    ratio : float
        Diameter over wavelength; 0 for satellites.
    beamwidth_deg : float
        Between half-power points; on the ground 70 wavelengths over the diameter.
    row : tuple of float
        What the kernels read: form, ratio, peak (dBi), plateau (dBi), ends of main lobe and plateau.
    """

    recommendation: str
    ratio: float
    beamwidth_deg: float
    row: tuple[float, ...]
    pattern: S1428 | None = None

    @property
    def peak_dbi(self) -> float:
        """Gain on the axis."""
        return self.row[2]

    @property
    def array(self) -> F8:
        """The row as an array."""
        return np.array(self.row)


def earth_station(diameter_m: float, frequency_ghz: float, recommendation: str = "S.1428-1") -> Dish:
    """Reference antenna of a geostationary system's earth station.

    Parameters
    ----------
    recommendation : str
        ``S.1428-1`` (fixed satellites, D/wavelength of 20 and more) or ``BO.1443-3`` (broadcasting, of 11 and
        more).

    Examples
    --------
    >>> round(earth_station(0.6, 12.0).peak_dbi, 2)
    35.31
    """
    ratio = diameter_m * frequency_ghz * 1e9 / SPEED_OF_LIGHT_M_S
    least = {"S.1428-1": 20.0, "BO.1443-3": 11.0}.get(recommendation)
    if least is None:
        raise RabtaError("no such pattern", value=recommendation, expected="S.1428-1 or BO.1443-3")
    check_range("dish_over_wavelength", ratio, least, 2000.0, f"ITU-R {recommendation}")
    form = _form(ratio, recommendation)
    above = 8.1 if recommendation == "BO.1443-3" else 8.4 if form == 3.0 else 7.7
    peak = 20.0 * np.log10(ratio) + above
    end = 15.85 * ratio**-0.6 if form == 3.0 else 95.0 / ratio
    plateau = -1.0 + 15.0 * np.log10(ratio) if form == 3.0 else 29.0 - 25.0 * np.log10(end)
    main = 20.0 / ratio * np.sqrt(peak - plateau)
    row = (form, ratio, float(peak), float(plateau), float(main), float(end))
    pattern = S1428(diameter_m, frequency_ghz) if recommendation == "S.1428-1" else None
    return Dish(f"ITU-R {recommendation}", ratio, 70.0 / ratio, row, pattern)


def _form(ratio: float, recommendation: str) -> float:
    if ratio > 100.0:
        return 3.0
    if recommendation == "BO.1443-3":
        return 4.0 if ratio <= 25.5 else 2.0
    return 1.0 if ratio <= 25.0 else 2.0


def satellite(beamwidth_deg: float, near_lobe_db: float, peak_dbi: float | None = None) -> Dish:
    """Reference antenna of a geostationary satellite: S.672-4, single feed, circular, from its axis on.

    Parameters
    ----------
    beamwidth_deg : float
        Half-power beamwidth; of 1.5, 1.55 and 4 degrees the peak is known (S.1503-4, table 16).
    near_lobe_db : float
        Ls: -10 or -20.
    """
    if near_lobe_db not in WIDTHS:
        raise RabtaError(
            "no such side-lobe level", key="near_lobe_db", value=near_lobe_db, expected="-10 or -20"
        )
    peak = PEAK_DBI.get(beamwidth_deg) if peak_dbi is None else peak_dbi
    if peak is None:
        known = ", ".join(map(str, PEAK_DBI))
        raise RabtaError("a beam without a peak gain", value=beamwidth_deg, expected=f"{known} or peak_dbi")
    row = (5.0, beamwidth_deg / 2.0, peak, near_lobe_db, WIDTHS[near_lobe_db], FAR)
    return Dish("ITU-R S.672-4", 0.0, beamwidth_deg, row)


def gain_dbi(dish: Dish, phi_deg: ArrayLike, theta_deg: ArrayLike = 0.0) -> F8:
    """Gain off the axis, and around it where the pattern is not round (0 horizontal, 90 up).

    Notes
    -----
    ITU-R S.1428-1, recommends 1; BO.1443-3, annex 1; S.672-4, annex 1, with the parabola from the axis on
    (RR 22.5D).
    """
    phi, theta = np.broadcast_arrays(np.abs(np.asarray(phi_deg, dtype=np.float64)), theta_deg)
    if dish.pattern is not None:
        return dish.pattern.gain_dbi(phi)
    form, ratio, peak, plateau, main, end = dish.row
    safe = np.maximum(phi, 1e-9)
    if form == 5.0:
        return _satellite_gain(safe, dish)
    rest = {1.0: _small, 2.0: _small, 3.0: _large, 4.0: _around}[form](safe, np.asarray(theta), form)
    lobe = peak - 2.5e-3 * (ratio * phi) ** 2
    return np.asarray(np.where(phi < main, lobe, np.where(phi < end, plateau, rest)))


def _satellite_gain(phi: F8, dish: Dish) -> F8:
    _, half, peak, near, main, end = dish.row
    off = phi / half
    far = np.maximum(peak + near + 20.0 - 25.0 * np.log10(off), 0.0)
    back = max(15.0 + near + 0.25 * peak, 0.0)
    rest = np.where(phi <= 90.0, far, back)
    return np.asarray(np.where(off <= main, peak - 3.0 * off**2, np.where(off <= end, peak + near, rest)))


def _small(phi: F8, theta: F8, form: float) -> F8:  # noqa: ARG001 (one signature for all)
    side = 29.0 - 25.0 * np.log10(phi)
    behind = np.full_like(phi, -5.0) if form == 1.0 else np.where(phi <= 120.0, -4.0, -9.0)
    return np.where(phi <= 33.1, side, np.where(phi <= 80.0, -9.0, behind))


def _large(phi: F8, theta: F8, form: float) -> F8:  # noqa: ARG001
    steps = [phi < 10.0, phi < 34.1, phi < 80.0, phi < 120.0]
    flat = np.full_like(phi, -12.0)
    levels = [29.0 - 25.0 * np.log10(phi), 34.0 - 30.0 * np.log10(phi), flat, flat + 5.0]
    return np.asarray(np.select(steps, levels, -12.0))


def _around(phi: F8, theta: F8, form: float) -> F8:  # noqa: ARG001
    turn = np.mod(theta, 360.0)
    lift = np.where(turn < 180.0, 8.0 * np.sin(np.radians(turn)), 0.0)
    knee = np.where((turn >= 56.25) & (turn < 123.75), 90.0, 120.0)
    rising = (2.0 + lift) / np.log10(knee / 50.0) * np.log10(phi / 50.0) - 10.0
    falling = (-9.0 - lift) / np.log10(180.0 / knee) * np.log10(phi / 180.0) - 17.0
    steps = [phi < 36.3, phi < 50.0, phi < knee]
    levels = [29.0 - 25.0 * np.log10(phi), np.full_like(phi, -10.0), rising]
    return np.asarray(np.select(steps, levels, falling))
