"""Arrays of elements: ITU-R M.2101-0 beamforming, panels of 3GPP TR 38.901 (and 36.873), scan loss."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.itu import check_range
from rabta.radio.patterns.shapes import FLOOR_DB
from rabta.units import SPEED_OF_LIGHT_M_S

Array = NDArray[np.float64]

M2101 = "ITU-R M.2101-0, annex 1, section 5"
TR38901 = "3GPP TR 38.901, clause 7.3"


@dataclass(frozen=True)
class Element:
    """One element: parabolas in azimuth and elevation, cut at the front-to-back ratio.

    M.2101-0, table 3, and TR 38.901, table 7.3-1 (as TR 36.873 and 37.840), whose values are the defaults.

    Attributes
    ----------
    front_to_back_db, side_lobe_db : float
        Am and SLAv.
    factor : float
        12; Working Party 5D uses 8 for emissions out of band.
    """

    peak_dbi: float = 8.0
    azimuth_deg: float = 65.0
    elevation_deg: float = 65.0
    front_to_back_db: float = 30.0
    side_lobe_db: float = 30.0
    factor: float = 12.0
    recommendation: str = TR38901

    def __post_init__(self) -> None:
        for name in ("azimuth_deg", "elevation_deg"):
            check_range(name, getattr(self, name), 1.0, 360.0, self.recommendation)

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis."""
        az = (np.asarray(azimuth_deg, dtype=np.float64) + 180.0) % 360.0 - 180.0
        across = np.minimum(self.factor * (az / self.azimuth_deg) ** 2, self.front_to_back_db)
        up = np.asarray(elevation_deg, dtype=np.float64) / self.elevation_deg
        along = np.minimum(self.factor * up**2, self.side_lobe_db)
        return np.asarray(self.peak_dbi - np.minimum(across + along, self.front_to_back_db))


def _line(count: int, phase: Array) -> Array:
    """|sum of exp(j n phase)|^2 / count of a line of elements, in closed form."""
    half = np.sin(phase / 2.0)
    small = np.abs(half) < 1e-8
    ratio = np.where(small, float(count), np.sin(count * phase / 2.0) / np.where(small, 1.0, half))
    return np.asarray(ratio**2 / count)


@dataclass(frozen=True)
class Planar:
    """A planar array whose beam is steered by phase, all elements lit alike.

    Attributes
    ----------
    rows, columns : int
        Elements up and across.
    row_spacing, column_spacing : float
        In wavelengths.
    steer_azimuth_deg, steer_elevation_deg : float
        Where the beam points; M.2101's electrical tilt is minus the elevation.
    correlation : float
        Of the elements' signals, 0 to 1 (3GPP TR 37.840, clause 5.4.4.1.4); 1 for the wanted signal.
    panel_rows, panel_columns, panel_row_spacing, panel_column_spacing
        Panels up and across, their centres apart in wavelengths (TR 38.901: Mg, Ng, dg,V, dg,H).
    sub_rows, sub_spacing, sub_tilt_deg
        Each row is a sub-array of that many elements, so far apart, tilted down for good (Working Party 5D's
        extension of M.2101).
    """

    rows: int = 8
    columns: int = 8
    row_spacing: float = 0.5
    column_spacing: float = 0.5
    element: Element = field(default_factory=Element)
    steer_azimuth_deg: float = 0.0
    steer_elevation_deg: float = 0.0
    correlation: float = 1.0
    panel_rows: int = 1
    panel_columns: int = 1
    panel_row_spacing: float = 0.0
    panel_column_spacing: float = 0.0
    sub_rows: int = 1
    sub_spacing: float = 0.0
    sub_tilt_deg: float = 0.0
    recommendation: str = M2101

    def __post_init__(self) -> None:
        for name in ("rows", "columns", "panel_rows", "panel_columns", "sub_rows"):
            check_range(name, getattr(self, name), 1, 1024, self.recommendation)
        check_range("correlation", self.correlation, 0.0, 1.0, self.recommendation)
        check_range("steer_azimuth_deg", self.steer_azimuth_deg, -90.0, 90.0, self.recommendation)
        check_range("steer_elevation_deg", self.steer_elevation_deg, -90.0, 90.0, self.recommendation)

    @property
    def elements(self) -> int:
        """Elements of all panels."""
        return self.rows * self.columns * self.panel_rows * self.panel_columns * self.sub_rows

    @property
    def peak_dbi(self) -> float:
        """Gain where the beam points."""
        return float(self.gain_dbi(self.steer_azimuth_deg, self.steer_elevation_deg))

    def steered(self, azimuth_deg: float, elevation_deg: float) -> Planar:
        """The same array with its beam elsewhere."""
        from dataclasses import replace

        return replace(self, steer_azimuth_deg=azimuth_deg, steer_elevation_deg=elevation_deg)

    def factor(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Array factor as a power ratio; at most the number of elements."""
        az, el = np.radians(azimuth_deg), np.radians(elevation_deg)
        to_az, to_el = np.radians(self.steer_azimuth_deg), np.radians(self.steer_elevation_deg)
        across = 2.0 * np.pi * (np.cos(el) * np.sin(az) - np.cos(to_el) * np.sin(to_az))
        up = 2.0 * np.pi * (np.sin(el) - np.sin(to_el))
        fixed = 2.0 * np.pi * (np.sin(el) + np.sin(np.radians(self.sub_tilt_deg)))
        power = _line(self.rows, self.row_spacing * up) * _line(self.columns, self.column_spacing * across)
        power = power * _line(self.panel_rows, self.panel_row_spacing * up)
        power = power * _line(self.panel_columns, self.panel_column_spacing * across)
        return np.asarray(power * _line(self.sub_rows, self.sub_spacing * fixed))

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the array's normal. M.2101-0, annex 1, section 5.2.

        With the sign of the horizontal steering that puts the beam at its azimuth.
        """
        power = 1.0 + self.correlation * (self.factor(azimuth_deg, elevation_deg) - 1.0)
        own = self.element.gain_dbi(azimuth_deg, elevation_deg)
        return np.asarray(own + 10.0 * np.log10(np.maximum(power, 10.0 ** (FLOOR_DB / 10.0))))


def area_gain_dbi(area_m2: ArrayLike, frequency_ghz: ArrayLike, scan_deg: ArrayLike = 0.0) -> Array:
    """Gain of a lossless aperture without mutual coupling that looks aside: 4 pi A cos(scan) / wavelength^2.

    Only the projected area counts (Mailloux, Phased Array Antenna Handbook, 2nd edition, section 1.1); real
    elements lose more: `rabta.radio.antennas.scan_loss_db` with an exponent above 1.

    Examples
    --------
    >>> (area_gain_dbi(0.25, 12.0) - area_gain_dbi(0.25, 12.0, 60.0)).round(2).tolist()
    3.01
    """
    check_range("scan_deg", scan_deg, 0.0, 85.0, "projected area")
    wavelength = SPEED_OF_LIGHT_M_S / (np.asarray(frequency_ghz, dtype=np.float64) * 1e9)
    seen = np.asarray(area_m2, dtype=np.float64) * np.cos(np.radians(scan_deg))
    return np.asarray(10.0 * np.log10(4.0 * np.pi * seen / wavelength**2))


def element_scan_loss_db(element: Element, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
    """Loss of a steered array by its element alone: the gain on the axis less that where it looks."""
    return np.asarray(element.peak_dbi - element.gain_dbi(azimuth_deg, elevation_deg))


def grating_free_deg(spacing: ArrayLike) -> Array:
    """Largest scan without a grating lobe in sight: sin(scan) = 1 / spacing - 1, spacing in wavelengths.

    Examples
    --------
    >>> grating_free_deg([0.5, 0.6, 1.0]).round(1).tolist()
    [90.0, 41.8, 0.0]
    """
    return np.asarray(
        np.degrees(np.arcsin(np.clip(1.0 / np.asarray(spacing, dtype=np.float64) - 1.0, 0.0, 1.0)))
    )
