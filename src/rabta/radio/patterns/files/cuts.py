"""The gain of an antenna file over the sphere: round from one cut, or rebuilt from two.

Two cuts do not say what lies between them. Three ways to fill it, all of which keep what they can of both:

``interpolated``
    H(az) - [(1 - w)(H(0) - V(el)) + w (H(180) - V(180 - el))] with w = |az| / 180: keeps both cuts, front and
    back, as planning tools do. The default.
``summed``
    H(az) + V(el), as 3GPP's element: keeps the cuts of the front, too low far from both.
``cross-weighted``
    The weights of Vasiliadis, Dimitriou and Sergiadis (IEEE Trans. Antennas Propag. 53(3), 2005), k = 2: for
    directive antennas closest to measured spheres.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.radio.patterns.files.text import AntennaFile, read
from rabta.radio.patterns.shapes import Pattern, Tilted, off_axis_deg

Array = NDArray[np.float64]

METHODS = ("interpolated", "summed", "cross-weighted")


@dataclass(frozen=True)
class FromFile:
    """A pattern read from a file; see this module for the methods."""

    file: AntennaFile
    peak_dbi: float
    method: str = "interpolated"

    @property
    def recommendation(self) -> str:
        """The file and the method."""
        return f"{self.file.path.name}, {'round' if self.file.vertical is None else self.method}"

    def gain_dbi(self, azimuth_deg: ArrayLike, elevation_deg: ArrayLike = 0.0) -> Array:
        """Gain in directions from the axis."""
        az, el = np.broadcast_arrays(
            np.asarray(azimuth_deg, dtype=np.float64), np.asarray(elevation_deg, dtype=np.float64)
        )
        if self.file.vertical is None and not self.file.horizontal.around:
            return self.peak_dbi + self.file.horizontal.at(off_axis_deg(az, el))
        if self.file.vertical is None:
            sign = np.where((az + 180.0) % 360.0 < 180.0, -1.0, 1.0)
            return self.peak_dbi + self.file.horizontal.at(sign * off_axis_deg(az, el))
        return np.asarray(self.peak_dbi + self._rebuilt(az, el))

    def _rebuilt(self, az: Array, el: Array) -> Array:
        vertical, horizontal = self.file.vertical, self.file.horizontal
        assert vertical is not None
        turn = np.abs((az + 180.0) % 360.0 - 180.0)
        across = horizontal.at(az)
        ahead, behind = vertical.at(-el), vertical.at(180.0 + el)  # vertical angles grow downward
        if self.method == "interpolated":
            share = turn / 180.0
            front = float(horizontal.at(np.array(0.0))) - ahead
            back = float(horizontal.at(np.array(180.0))) - behind
            return across - ((1.0 - share) * front + share * back)
        along = np.where(turn <= 90.0, ahead, behind - float(vertical.at(np.array(180.0))))
        if self.method == "summed":
            return across + along
        return _cross_weighted(across, np.where(turn <= 90.0, ahead, behind))


def _cross_weighted(across: Array, along: Array) -> Array:
    h, v = 10.0 ** (across / 10.0), 10.0 ** (along / 10.0)
    for_h, for_v = v * (1.0 - h), h * (1.0 - v)
    norm = np.hypot(for_h, for_v)
    mixed = (across * for_h + along * for_v) / np.where(norm < 1e-30, 1.0, norm)
    return np.asarray(np.where(norm < 1e-30, np.maximum(across, along), mixed))


def pattern(
    path: Path | str,
    *,
    peak_dbi: float | None = None,
    method: str = "interpolated",
    electrical_deg: float = 0.0,
    mechanical_deg: float = 0.0,
) -> Pattern:
    """The pattern of an antenna file.

    Parameters
    ----------
    peak_dbi : float, optional
        In place of the file's; needed where the file holds relative levels.
    electrical_deg, mechanical_deg : float
        Further tilt, downward (ITU-R F.1336-5, recommends 3.4 and 3.5); what the cuts hold stays.
    """
    file = read(path)
    if method not in METHODS:
        raise RabtaError("no such method", key="method", value=method, expected=nearest(method, METHODS))
    peak = file.peak_dbi if peak_dbi is None else peak_dbi
    if peak is None:
        raise RabtaError(
            "relative levels without a peak", file=path, key="peak_dbi", expected="a gain in dBi"
        )
    found = FromFile(file, float(peak), method)
    if electrical_deg == 0.0 and mechanical_deg == 0.0:
        return found
    return Tilted(found, mechanical_deg=mechanical_deg, electrical_deg=electrical_deg)
