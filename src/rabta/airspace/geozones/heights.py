"""Heights that say what they are above, and the ways between: geoid (EGM96) and ground (a nation's).

A bare number is never a height here: `Height` carries its reference, and what cannot be converted (no
ground known at the place) is refused instead of guessed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest

if TYPE_CHECKING:
    from rabta.radio.terrain.raster import Terrain

Array = NDArray[np.float64]
Box = tuple[float, float, float, float]
FILE = Path(__file__).with_name("egm96.npz")
FOOT_M = 0.3048
STEP_DEG = 0.25
OVERSHOOT_M = 0.5  # how far interpolation may leave the nodes around: see the test over the whole grid
HIGHEST_M = 100_000.0  # files write 99999 for "without limit"


class Reference(StrEnum):
    """What a height is above."""

    AGL = "AGL"
    AMSL = "AMSL"
    WGS84 = "WGS84"


ALIASES = {"W84": Reference.WGS84, "SFC": Reference.AGL}  # as F3548 and the map interface write them


@dataclass(frozen=True)
class Height:
    """A height and what it is above.

    Attributes
    ----------
    value : float
        In the unit.
    reference : Reference
    unit : str
        ``m`` or ``ft``.
    """

    value: float
    reference: Reference
    unit: str = "m"

    def __post_init__(self) -> None:
        if not isinstance(self.reference, Reference):
            raise RabtaError("a height without a reference", key="reference", value=self.reference,
                             expected=", ".join(Reference))  # fmt: skip
        if self.unit not in ("m", "ft") or not math.isfinite(self.value):
            raise RabtaError("no height", key="height", value=f"{self.value} {self.unit}",
                             expected="a number of m or ft")  # fmt: skip
        if not -1_000.0 <= self.metres <= HIGHEST_M:
            raise RabtaError("a height out of bounds", key="height", value=f"{self.metres:g} m",
                             expected=f"-1000 to {HIGHEST_M:g} m")  # fmt: skip

    @property
    def metres(self) -> float:
        """The value in metres."""
        return self.value * (FOOT_M if self.unit == "ft" else 1.0)


def reference(text: object) -> Reference:
    """Reference of a code: AGL or SFC, AMSL, WGS84 or W84.

    Examples
    --------
    >>> reference("W84")
    <Reference.WGS84: 'WGS84'>
    """
    if isinstance(text, str) and text in ALIASES:
        return ALIASES[text]
    try:
        return Reference(text)  # type: ignore[arg-type]
    except ValueError:
        near = nearest(str(text)[:20], [*Reference, *ALIASES])
        raise RabtaError("no such reference of heights", key="reference", value=repr(text)[:40],
                         expected=near) from None  # fmt: skip


@cache
def _grid() -> Array:
    """Undulation (m), rows from 90 N to 90 S, columns from 0 E; two columns more on either side."""
    with np.load(FILE, allow_pickle=False) as held:
        twice = held["twice"]
    metres = np.cumsum(np.cumsum(twice, axis=0, dtype=np.int16), axis=1, dtype=np.int16) / 100.0
    return np.ascontiguousarray(np.pad(metres, ((0, 0), (2, 3)), mode="wrap"))


def _weights(part: Array) -> Array:
    """Cubic convolution (R. Keys, IEEE Trans. ASSP 29(6), 1981, a = -1/2): weights of four nodes."""
    x = part[..., None] + np.array([1.0, 0.0, -1.0, -2.0])
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1.0
    far = -0.5 * x**3 + 2.5 * x**2 - 4.0 * x + 2.0
    return np.asarray(np.where(x <= 1.0, near, far))


def geoid_m(lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
    """Height of the geoid EGM96 above the WGS84 ellipsoid.

    From NGA's grid of 15 minutes by cubic convolution. The grid's own points are exact to their centimetre;
    between them C. F. F. Karney (GeographicLib, geoid heights, EGM96 15') gives at most 0.17 m for cubic
    and 1.15 m for linear interpolation. EGM96 itself is good to 0.5 to 1 m (NASA/TP-1998-206861).

    Examples
    --------
    >>> bool(-47.0 < geoid_m(33.68, 73.05) < -45.0)  # Islamabad
    True
    """
    lat, lon = np.broadcast_arrays(np.asarray(lat_deg, float), np.asarray(lon_deg, float))
    row = (90.0 - lat) / STEP_DEG
    column = (lon % 360.0) / STEP_DEG
    top = np.clip(np.floor(row), 0, 719).astype(int)
    left = np.floor(column).astype(int)
    rows = np.clip(top[..., None] + np.arange(-1, 3), 0, 720)
    columns = left[..., None] + np.arange(-1, 3) + 2
    nodes = _grid()[rows[..., :, None], columns[..., None, :]]
    return np.asarray(np.einsum("...i,...ij,...j", _weights(row - top), nodes, _weights(column - left)))


def geoid_range_m(box: Box) -> tuple[float, float]:
    """Bounds of the geoid over a box of south, west, north, east."""
    south, west, north, east = box
    rows = np.arange(max(math.floor((90.0 - north) / STEP_DEG) - 1, 0),
                     min(math.ceil((90.0 - south) / STEP_DEG) + 1, 720) + 1)  # fmt: skip
    columns = np.arange(math.floor(west / STEP_DEG) - 1, math.ceil(east / STEP_DEG) + 2) % 1440 + 2
    nodes = _grid()[np.ix_(rows, columns)]
    return float(nodes.min()) - OVERSHOOT_M, float(nodes.max()) + OVERSHOOT_M


class Ground:
    """Heights of the ground above the sea, where they are known.

    Parameters
    ----------
    terrain : Terrain, optional
        The nation's raster; without it the ground is known nowhere.
    """

    def __init__(self, terrain: Terrain | None = None) -> None:
        self.terrain = terrain

    def amsl_m(self, lat_deg: float, lon_deg: float) -> float:
        """Height of the ground above the sea.

        Raises
        ------
        RabtaError
            Where it is not known.
        """
        low, _ = self.range_m((lat_deg, lon_deg, lat_deg, lon_deg))
        del low  # known on every node around: the interpolation may be asked
        assert self.terrain is not None
        return float(self.terrain.heights(lat_deg, lon_deg))

    def range_m(self, box: Box) -> tuple[float, float]:
        """Bounds of the ground over a box: the least and the greatest node in and around it.

        Raises
        ------
        RabtaError
            Where a node is not known.
        """
        from rabta.radio.terrain.raster import VOID

        if self.terrain is not None:
            north, west, step = self.terrain.grid
            shape = self.terrain.height_m.shape
            top, bottom = math.floor((north - box[2]) / step), math.ceil((north - box[0]) / step)
            left, right = math.floor((box[1] - west) / step), math.ceil((box[3] - west) / step)
            if top >= 0 and left >= 0 and bottom < shape[0] and right < shape[1]:
                nodes = self.terrain.height_m[top : bottom + 1, left : right + 1]
                if not (nodes == VOID).any():
                    return float(nodes.min()), float(nodes.max())
        raise RabtaError("the height of the ground is not known there", key="place",
                         value=tuple(round(one, 4) for one in box), expected="a place of the nation's "
                         "terrain, or a height above the sea (AMSL) or the ellipsoid (WGS84)")  # fmt: skip


def converted(height: Height, to: Reference, lat_deg: float, lon_deg: float, ground: Ground) -> Height:
    """The same height above something else, at a place, in metres.

    Raises
    ------
    RabtaError
        Where the ground is needed and not known.

    Examples
    --------
    >>> converted(Height(100.0, Reference.AMSL), Reference.WGS84, 0.0, 0.0, Ground()).value
    117.16
    """
    if height.reference == to:
        return Height(height.metres, to)
    base = _base_m(height.reference, lat_deg, lon_deg, ground) - _base_m(to, lat_deg, lon_deg, ground)
    return Height(height.metres + base, to)


def _base_m(of: Reference, lat_deg: float, lon_deg: float, ground: Ground) -> float:
    """Ellipsoidal height of what a reference starts from."""
    if of == Reference.WGS84:
        return 0.0
    geoid = float(geoid_m(lat_deg, lon_deg))
    return geoid if of == Reference.AMSL else geoid + ground.amsl_m(lat_deg, lon_deg)


def ellipsoidal_range_m(height: Height, box: Box, ground: Ground) -> tuple[float, float]:
    """Bounds of a height above the ellipsoid over a box; equal where the reference is the ellipsoid.

    Raises
    ------
    RabtaError
        Where the ground is needed and not known.
    """
    low = high = height.metres
    if height.reference != Reference.WGS84:
        least, most = geoid_range_m(box)
        low, high = low + least, high + most
    if height.reference == Reference.AGL:
        least, most = ground.range_m(box)
        low, high = low + least, high + most
    return low, high
