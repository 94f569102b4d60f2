"""Hexagonal beam layouts in the UV plane with frequency reuse. 3GPP TR 38.821, table 6.1.1.1-4 and -5.

A direction is (u, v): the parts of its unit vector across the antenna's axis. Neighbours are
sqrt(3) sin(half-power beamwidth / 2) apart, so cells meet where a beam is 3 dB down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio.itu import check_range

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

REUSE = (1, 3, 4, 7)
MOST_TIERS = 60


@dataclass(frozen=True)
class Layout:
    """Beams around one axis.

    Attributes
    ----------
    uv : (n, 2) array
        Directions of the beams' axes.
    colour : (n,) int array
        Which share of the spectrum each beam has.
    tier : (n,) int array
        Rings out from the middle.
    spacing : float
        Between neighbours, in UV.
    reuse : int
        Number of colours.
    polarisations : int
        1, or 2 where colours are pairs of frequency and polarisation.
    """

    uv: Array
    colour: Indices
    tier: Indices
    spacing: float
    reuse: int
    polarisations: int = 1

    def __len__(self) -> int:
        return len(self.uv)

    @property
    def frequency(self) -> Indices:
        """Frequency block of each beam."""
        return np.asarray(self.colour // self.polarisations)

    @property
    def polarisation(self) -> Indices:
        """Polarisation of each beam: 0 or 1."""
        return np.asarray(self.colour % self.polarisations)

    @property
    def band_share(self) -> float:
        """Part of the system's band that a beam has."""
        return self.polarisations / self.reuse

    def steered(self, u: float, v: float) -> Layout:
        """The layout moved by (u, v), as a phased array moves all its beams."""
        uv = self.uv + np.array([u, v])
        _inside(uv)
        return Layout(uv, self.colour, self.tier, self.spacing, self.reuse, self.polarisations)

    def coupling(self, cross_polar_db: float = 30.0) -> Array:
        """Part of a beam's power that a beam of another colour hears, by pair of colours.

        1 for the same colour, nothing from another frequency, ``cross_polar_db`` less across polarisations.
        """
        colours = np.arange(self.reuse)
        same = (colours[:, None] // self.polarisations) == (colours[None, :] // self.polarisations)
        other = (colours[:, None] % self.polarisations) != (colours[None, :] % self.polarisations)
        return np.asarray(same * np.where(other, 10.0 ** (-cross_polar_db / 10.0), 1.0))


def beams(tiers: int) -> int:
    """Beams in that many rings and the middle.

    Examples
    --------
    >>> [beams(n) for n in (2, 4, 6)]
    [19, 61, 127]
    """
    return 1 + 3 * tiers * (tiers + 1)


def spacing_uv(half_power_deg: ArrayLike) -> Array:
    """Distance of neighbours. TR 38.821, table 6.1.1.1-4: sqrt(3) sin(half-power beamwidth / 2).

    Examples
    --------
    >>> np.degrees(np.arcsin(spacing_uv(4.4127))).round(3).tolist()  # 2 m at 2 GHz
    3.823
    """
    check_range("half_power_deg", half_power_deg, 1e-3, 60.0, "a beam layout")
    return np.asarray(np.sqrt(3.0) * np.sin(np.radians(np.asarray(half_power_deg, dtype=np.float64) / 2.0)))


def _axial(tiers: int) -> tuple[Indices, Indices]:
    span = np.arange(-tiers, tiers + 1)
    q, r = (axis.ravel() for axis in np.meshgrid(span, span, indexing="ij"))
    ring = np.maximum(np.maximum(np.abs(q), np.abs(r)), np.abs(q + r))
    order = np.lexsort((np.arctan2(r, q), ring))
    order = order[ring[order] <= tiers]
    return q[order], r[order]


def colours(q: Indices, r: Indices, reuse: int) -> Indices:
    """Colours of a hexagonal lattice such that equal ones are sqrt(reuse) spacings apart.

    Raises
    ------
    RabtaError
        For another reuse than 1, 3, 4 or 7.
    """
    if reuse == 1:
        return np.zeros_like(q)
    if reuse == 3:
        return np.asarray((q - r) % 3)
    if reuse == 4:
        return np.asarray((q % 2) * 2 + r % 2)
    if reuse == 7:
        return np.asarray((q + 3 * r) % 7)
    raise RabtaError("no such frequency reuse", key="reuse", value=reuse, expected=", ".join(map(str, REUSE)))


def hexagonal(
    half_power_deg: float,
    *,
    tiers: int = 2,
    reuse: int = 1,
    polarisations: int = 1,
    spacing: float | None = None,
) -> Layout:
    """Beams in rings around the axis.

    Parameters
    ----------
    half_power_deg : float
        3 dB beamwidth.
    tiers : int
        2 for 19 beams, 4 for 61, 6 for 127.
    reuse, polarisations : int
        Colours, of which ``polarisations`` share a frequency: TR 38.821's option 3 is 4 and 2.
    spacing : float, optional
        In UV, in place of TR 38.821's.

    Raises
    ------
    RabtaError
        Where the layout would leave the half space ahead.
    """
    check_range("tiers", tiers, 0, MOST_TIERS, "a beam layout")
    if polarisations not in (1, 2) or reuse % polarisations:
        raise RabtaError(
            "polarisations do not divide the reuse",
            key="polarisations",
            value=polarisations,
            expected="1, or 2 of 4",
        )
    step = float(spacing_uv(half_power_deg)) if spacing is None else spacing
    q, r = _axial(tiers)
    uv = step * np.stack([q + r / 2.0, np.sqrt(0.75) * r], axis=1)
    _inside(uv)
    ring = np.maximum(np.maximum(np.abs(q), np.abs(r)), np.abs(q + r))
    return Layout(uv, colours(q, r, reuse), ring, step, reuse, polarisations)


def _inside(uv: Array) -> None:
    far = float(np.hypot(uv[:, 0], uv[:, 1]).max())
    if far >= 1.0:
        raise RabtaError(
            "beams lie outside the half space ahead", key="uv", value=far, expected="sin of the angle below 1"
        )


def cell_points(layout: Layout, each: int, seed: int = 1) -> tuple[Array, Indices]:
    """Directions drawn evenly over the hexagon of every beam, and the beam of each.

    Returns
    -------
    (n * each, 2) and (n * each,) arrays
    """
    rng = np.random.default_rng(seed)
    side = layout.spacing / np.sqrt(3.0)
    wide = rng.uniform(-1.0, 1.0, (4 * len(layout) * each + 400, 2)) * side
    x, y = np.abs(wide[:, 0]), np.abs(wide[:, 1])
    across, along = np.sqrt(0.75) * side, side  # flat sides face the neighbours, at 0 and +-60 degrees
    kept = wide[(x <= across) & (x / across / 2.0 + y / along <= 1.0)][: len(layout) * each]
    beam = np.repeat(np.arange(len(layout)), each)
    return layout.uv[beam] + kept, beam


def unit(uv: Array) -> Array:
    """Unit vectors (n, 3) of directions in the UV plane, the third part along the axis."""
    uv = np.asarray(uv, dtype=np.float64)
    ahead = np.sqrt(np.maximum(1.0 - (uv**2).sum(axis=-1), 0.0))
    return np.concatenate([uv, ahead[..., None]], axis=-1)
