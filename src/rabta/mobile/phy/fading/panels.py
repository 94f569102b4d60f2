"""Antenna panels of cluster lines: places, slants and patterns of elements, turned in space.

TR 38.901, clauses 7.1 (turned coordinates) and 7.3 (panels, polarisation model 2). Zenith angles are from
above, azimuths from the x axis; an unturned panel stands upright and looks along the x axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio.itu import check_range
from rabta.radio.patterns.arrays import Element

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

RECOMMENDATION = "3GPP TR 38.901, clause 7.3"
CROSSED = (45.0, -45.0)


@dataclass(frozen=True)
class Panel:
    """A panel of antennas.

    Attributes
    ----------
    rows, columns : int
        Elements up and across; antennas are counted by slant, then by column, then by row (TS 38.214).
    slants_deg : tuple of float
        Of the elements in each place: (0,) vertical, `CROSSED` two of them.
    row_spacing, column_spacing : float
        In wavelengths.
    element : Element or None
        Pattern of an element; isotropic without one.
    bearing_deg, downtilt_deg, roll_deg : float
        Turns of the panel: alpha, beta and gamma of clause 7.1.
    """

    rows: int = 1
    columns: int = 1
    slants_deg: tuple[float, ...] = (0.0,)
    row_spacing: float = 0.5
    column_spacing: float = 0.5
    element: Element | None = None
    bearing_deg: float = 0.0
    downtilt_deg: float = 0.0
    roll_deg: float = 0.0

    def __post_init__(self) -> None:
        for name in ("rows", "columns"):
            check_range(name, getattr(self, name), 1, 64, RECOMMENDATION)
        for name in ("row_spacing", "column_spacing"):
            check_range(name, getattr(self, name), 0.0, 100.0, RECOMMENDATION)
        if len(self.slants_deg) not in (1, 2):
            raise RabtaError("no such slants", key="slants_deg", value=self.slants_deg, expected="one or two")
        check_range("slants_deg", self.slants_deg, -90.0, 90.0, RECOMMENDATION)

    @property
    def antennas(self) -> int:
        """Antennas of the panel."""
        return self.rows * self.columns * len(self.slants_deg)

    def _turn(self) -> Array:
        """From the panel's axes to those of the world (equation 7.1-4)."""
        a, b, c = np.radians([self.bearing_deg, self.downtilt_deg, self.roll_deg])
        about_z = np.array([[np.cos(a), -np.sin(a), 0.0], [np.sin(a), np.cos(a), 0.0], [0.0, 0.0, 1.0]])
        about_y = np.array([[np.cos(b), 0.0, np.sin(b)], [0.0, 1.0, 0.0], [-np.sin(b), 0.0, np.cos(b)]])
        about_x = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(c), -np.sin(c)], [0.0, np.sin(c), np.cos(c)]])
        return np.asarray(about_z @ about_y @ about_x)

    def places(self) -> Array:
        """Places of the antennas in wavelengths from the panel's centre, shape (antenna, 3)."""
        up = (np.arange(self.rows) - (self.rows - 1) / 2.0) * self.row_spacing
        across = (np.arange(self.columns) - (self.columns - 1) / 2.0) * self.column_spacing
        y, z = (part.ravel() for part in np.meshgrid(across, up, indexing="ij"))
        one = np.stack([np.zeros(y.size), y, z], axis=-1) @ self._turn().T
        return np.tile(one, (len(self.slants_deg), 1))

    def phases(self, azimuth_deg: ArrayLike, zenith_deg: ArrayLike) -> Complex:
        """Phase of a plane wave at each antenna, shape (..., antenna)."""
        turns = direction(azimuth_deg, zenith_deg) @ self.places().T
        return np.asarray(np.exp(2j * np.pi * turns))

    def fields(self, azimuth_deg: ArrayLike, zenith_deg: ArrayLike) -> Array:
        """Fields along theta and phi of the world, shape (..., slant, 2); equations 7.1-11 and 7.3-4."""
        turn = self._turn()
        towards = direction(azimuth_deg, zenith_deg)
        local = towards @ turn
        zenith = np.degrees(np.arccos(np.clip(local[..., 2], -1.0, 1.0)))
        azimuth = np.degrees(np.arctan2(local[..., 1], local[..., 0]))
        amplitude = np.ones(zenith.shape)
        if self.element is not None:
            amplitude = 10.0 ** (self.element.gain_dbi(azimuth, 90.0 - zenith) / 20.0)
        theta, phi = (base(azimuth_deg, zenith_deg) for base in (_theta, _phi))
        along = _theta(azimuth, zenith) @ turn.T
        cosine, sine = (along * theta).sum(axis=-1), (along * phi).sum(axis=-1)
        parts = []
        for slant in np.radians(self.slants_deg):
            own = amplitude * np.cos(slant), amplitude * np.sin(slant)
            parts.append(np.stack([cosine * own[0] - sine * own[1], sine * own[0] + cosine * own[1]], -1))
        return np.stack(parts, axis=-2)

    def antenna_fields(self, azimuth_deg: ArrayLike, zenith_deg: ArrayLike) -> Complex:
        """Fields with the phases of the places, shape (..., antenna, 2)."""
        fields = np.repeat(self.fields(azimuth_deg, zenith_deg), self.rows * self.columns, axis=-2)
        return np.asarray(fields * self.phases(azimuth_deg, zenith_deg)[..., None])

    def steering(self, azimuth_deg: float, zenith_deg: float) -> Complex:
        """Weights of norm 1 that point the first slant in a direction, shape (antenna,)."""
        weight = self.phases(azimuth_deg, zenith_deg).conj()
        weight[self.rows * self.columns :] = 0.0
        return np.asarray(weight / np.linalg.norm(weight))


def direction(azimuth_deg: ArrayLike, zenith_deg: ArrayLike) -> Array:
    """Unit vectors, shape (..., 3); equation 7.1-6."""
    azimuth, zenith = np.broadcast_arrays(np.radians(azimuth_deg), np.radians(zenith_deg))
    sine = np.sin(zenith)
    return np.stack([sine * np.cos(azimuth), sine * np.sin(azimuth), np.cos(zenith)], axis=-1)


def _theta(azimuth_deg: ArrayLike, zenith_deg: ArrayLike) -> Array:
    """Unit vector of rising zenith angle."""
    return direction(azimuth_deg, np.asarray(zenith_deg, dtype=np.float64) + 90.0)


def _phi(azimuth_deg: ArrayLike, zenith_deg: ArrayLike) -> Array:
    """Unit vector of rising azimuth."""
    azimuth, zenith = np.broadcast_arrays(np.asarray(azimuth_deg, dtype=np.float64), zenith_deg)
    return direction(azimuth + 90.0, np.full(zenith.shape, 90.0))
