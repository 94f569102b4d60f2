"""What a pattern is, angles between directions, tilt, and the simplest patterns.

Every pattern answers ``gain_dbi(azimuth_deg, elevation_deg)``: both from its own axis, azimuth to the right,
elevation up. A round pattern needs the angle off the axis alone: give it as azimuth, with elevation 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import j1

from rabta.radio.itu import check_range
from rabta.units import SPEED_OF_LIGHT_M_S

Array = NDArray[np.float64]

FLOOR_DB = -100.0  # nulls of theory end here


@runtime_checkable
class Pattern(Protocol):
    """Gain over directions.

    Attributes
    ----------
    recommendation : str
        Document and part that it follows.
    """

    @property
    def recommendation(self) -> str:
        """Document and part that it follows."""
        ...

    @property
    def peak_dbi(self) -> float:
        """Gain on the axis."""
        ...

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis, in dBi; azimuth and elevation are broadcast."""
        ...


def off_axis_deg(
    azimuth_deg: ArrayLike,
    elevation_deg: ArrayLike,
    to_azimuth_deg: ArrayLike = 0.0,
    to_elevation_deg: ArrayLike = 0.0,
) -> Array:
    """Angle between two directions, exact for small angles too (haversine).

    Examples
    --------
    >>> off_axis_deg(30.0, 0.0).round(6).tolist(), off_axis_deg(180.0, 45.0).round(6).tolist()
    (30.0, 135.0)
    """
    el, to_el = np.radians(elevation_deg), np.radians(to_elevation_deg)
    turn = np.radians(np.subtract(azimuth_deg, to_azimuth_deg, dtype=np.float64))
    half = np.sin((el - to_el) / 2.0) ** 2 + np.cos(el) * np.cos(to_el) * np.sin(turn / 2.0) ** 2
    return np.asarray(np.degrees(2.0 * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))))


def beamwidth_deg(pattern: Pattern, *, vertical: bool = False, down_db: float = 3.0) -> float:
    """Width between the points ``down_db`` below the axis, in one plane; NaN where it falls not so far."""
    angles = np.concatenate([np.arange(0.0, 5.0, 1e-3), np.arange(5.0, 90.0, 0.01)])
    zero = np.zeros_like(angles)
    gain = pattern.gain_dbi(zero, angles) if vertical else pattern.gain_dbi(angles, zero)
    below = np.flatnonzero(gain <= gain[0] - down_db)
    return float("nan") if below.size == 0 else 2.0 * float(angles[below[0]])


def radiated_db(pattern: Pattern, step_deg: float = 0.5) -> float:
    """Mean gain over the sphere, in dB: 0 for an antenna without loss, above it power from nowhere.

    Envelopes of side-lobe peaks are above 0; average patterns near it.
    """
    az = np.arange(-180.0, 180.0, step_deg) + step_deg / 2.0
    el = np.arange(-90.0, 90.0, step_deg) + step_deg / 2.0
    power = 10.0 ** (pattern.gain_dbi(az[None, :], el[:, None]) / 10.0)
    ring = np.cos(np.radians(el))
    return float(10.0 * np.log10((power.mean(axis=1) * ring).sum() / ring.sum()))


@dataclass(frozen=True)
class Isotropic:
    """The same gain everywhere: a handset, or a bound."""

    peak_dbi: float = 0.0
    recommendation: str = "isotropic"

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis."""
        az, _ = np.broadcast_arrays(np.asarray(azimuth_deg, dtype=np.float64), elevation_deg)
        return np.full(az.shape, self.peak_dbi)


@dataclass(frozen=True)
class Cosine:
    """Element that radiates as cos^q(theta) into a half space, and ``back_db`` below its axis behind.

    Without a given peak the gain is that of the lossless shape: 2 (q + 1), Balanis, Antenna Theory,
    4th edition, equation (2-26) for cos^q.
    """

    exponent: float = 1.0
    peak: float | None = None
    back_db: float = 30.0
    recommendation: str = "cosine"

    def __post_init__(self) -> None:
        check_range("exponent", self.exponent, 0.0, 200.0, "a cosine pattern")

    @property
    def peak_dbi(self) -> float:
        """Gain on the axis."""
        return float(10.0 * np.log10(2.0 * (self.exponent + 1.0))) if self.peak is None else self.peak

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis."""
        cosine = np.cos(np.radians(off_axis_deg(azimuth_deg, elevation_deg)))
        shape = 10.0 * self.exponent * np.log10(np.maximum(cosine, 1e-12))
        return np.asarray(
            self.peak_dbi + np.where(cosine > 0.0, np.maximum(shape, -self.back_db), -self.back_db)
        )


@dataclass(frozen=True)
class Aperture:
    """Uniformly lit circular aperture: 4 |J1(ka sin t) / (ka sin t)|^2, 3GPP TR 38.811, clause 6.4.1.

    Behind the aperture plane the gain is that at 90 degrees: the model says nothing there.
    """

    diameter_m: float
    frequency_ghz: float
    peak_dbi: float
    recommendation: str = "3GPP TR 38.811, clause 6.4.1"

    def __post_init__(self) -> None:
        check_range("diameter_m", self.diameter_m, 1e-3, 1e3, self.recommendation)
        check_range("frequency_ghz", self.frequency_ghz, 1e-3, 1e3, self.recommendation)

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis."""
        off = np.minimum(off_axis_deg(azimuth_deg, elevation_deg), 90.0)
        wave = np.pi * self.diameter_m * self.frequency_ghz * 1e9 / SPEED_OF_LIGHT_M_S
        return self.peak_dbi + jinc_db(wave * np.sin(np.radians(off)))


def jinc_db(x: ArrayLike) -> Array:
    """20 log10 |2 J1(x) / x|: 0 on the axis, nulls cut at `FLOOR_DB`."""
    x = np.asarray(x, dtype=np.float64)
    safe = np.where(x < 1e-6, 1.0, x)
    ratio = np.where(x < 1e-6, 1.0, np.abs(2.0 * j1(safe) / safe))
    return np.asarray(20.0 * np.log10(np.maximum(ratio, 10.0 ** (FLOOR_DB / 20.0))))


@dataclass(frozen=True)
class Tilted:
    """A pattern whose axis is lowered: bent as a whole, or electrically.

    Attributes
    ----------
    mechanical_deg, electrical_deg : float
        Downward. Mechanical tilt turns the antenna (ITU-R F.1336-5, equations (3b) and (3c)); electrical
        tilt squeezes elevations between the beam and straight down (recommends 3.5).
    """

    pattern: Pattern
    mechanical_deg: float = 0.0
    electrical_deg: float = 0.0

    def __post_init__(self) -> None:
        for name in ("mechanical_deg", "electrical_deg"):
            check_range(name, getattr(self, name), -89.0, 89.0, "a tilted antenna")

    @property
    def recommendation(self) -> str:
        """Of the pattern inside."""
        return self.pattern.recommendation

    @property
    def peak_dbi(self) -> float:
        """Gain on the lowered axis."""
        return self.pattern.peak_dbi

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the horizontal."""
        az, el = np.broadcast_arrays(
            np.asarray(azimuth_deg, dtype=np.float64), np.asarray(elevation_deg, dtype=np.float64)
        )
        az, el = turned_down(az, el, self.mechanical_deg)
        if self.electrical_deg:
            raised = el + self.electrical_deg
            scale = np.where(raised >= 0.0, 90.0 + self.electrical_deg, 90.0 - self.electrical_deg)
            el = 90.0 * raised / scale
        return self.pattern.gain_dbi(az, el)


def turned_down(azimuth_deg: Array, elevation_deg: Array, tilt_deg: float) -> tuple[Array, Array]:
    """Directions as an antenna sees them that is turned downward. ITU-R F.1336-5, (3b) and (3c)."""
    if tilt_deg == 0.0:
        return azimuth_deg, elevation_deg
    az, el, tilt = np.radians(azimuth_deg), np.radians(elevation_deg), np.radians(tilt_deg)
    ahead, right, up = np.cos(el) * np.cos(az), np.cos(el) * np.sin(az), np.sin(el)
    seen_up = up * np.cos(tilt) + ahead * np.sin(tilt)
    seen_ahead = ahead * np.cos(tilt) - up * np.sin(tilt)
    seen_el = np.degrees(np.arcsin(np.clip(seen_up, -1.0, 1.0)))
    return np.asarray(np.degrees(np.arctan2(right, seen_ahead))), np.asarray(seen_el)
