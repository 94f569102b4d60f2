"""Command links over the twin's cells: sites, what they give aloft, and how probably that is too little.

Of one operator and band: three sectors a site with the catalog's power and panel, down-tilted as the
country's model has them (`rabta.mobile.country`). Loss, line of sight and shadowing of TR 36.777, the wider reach as in
`rabta.mobile.mobility.corridor`. Links to different sites are independent, those to sectors of one site share
sight and shadowing (TR 38.901 V17, 7.5, step 4). Fading of the serving and disturbing sectors is Rician with
K = 15 dB in sight (TR 36.777, B.1.3) and Rayleigh without; its averaging over a wide band is not counted.
"""  # noqa: E501

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.mobile.country import drop
from rabta.mobile.country.rollouts import Rollout
from rabta.mobile.mobility.corridor import COMMAND_SINR_DB
from rabta.radio.air.uav import RECOMMENDATION
from rabta.radio.itu import check_range

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
F4 = NDArray[np.float32]

HEIGHTS_M = (25.0, 300.0)
"""Heights at which the tables for users in the air hold in both scenarios (above 22.5 m)."""
K_DB = 15.0
KEPT = 12
"""Strongest sites that are looked at one by one; all others disturb with their mean power."""
NODES = 12
AREA_M = 60_000.0
"""Sites so far from a channel's middle count."""
HOURS = 24
MODELLED_LOAD = 0.5


@dataclass(frozen=True)
class Sites:
    """Sites of one operator that have one band.

    Attributes
    ----------
    lat_deg, lon_deg, height_m, azimuth_deg, tilt_deg : ndarray, shape (site,)
    urban : ndarray of bool
    load : ndarray, shape (site, 24)
        Share of its time that a sector sends, by hour of the local day.
    eirp_dbm : float
        On a sector's axis, in one MHz.
    ghz, noise_dbm : float
        Carrier, and noise of the aircraft's receiver in one MHz.
    """

    lat_deg: Array
    lon_deg: Array
    height_m: Array
    azimuth_deg: Array
    tilt_deg: Array
    urban: NDArray[np.bool_]
    load: Array
    eirp_dbm: float
    ghz: float
    noise_dbm: float
    operator: str = ""
    band: str = ""

    def __len__(self) -> int:
        return len(self.lat_deg)


def sites(
    settlements: pd.DataFrame, rollout: Rollout, operator: str, band: str, load: Array | None = None
) -> Sites:
    """Sites of the twin that carry the command link.

    Parameters
    ----------
    settlements : DataFrame
        The run's table.
    operator : str
        Empty means the roll-out's first, the largest.
    load : ndarray, shape (cell, 24), optional
        The run's ``mobile_load``; where it is not known, 0.5 (modelled).

    Raises
    ------
    RabtaError
        For an operator or band that the roll-out lacks.
    """
    name = operator or rollout.operators[0]
    if name not in rollout.operators:
        raise RabtaError("no such operator", key="airspace.operator", value=name,
                         expected=nearest(name, rollout.operators))  # fmt: skip
    known = {one.band: one for one in rollout.of(name)}
    if band not in known:
        raise RabtaError(f"{name} has no such band", key="airspace.band", value=band,
                         expected=nearest(band, known))  # fmt: skip
    carrier, placed = known[band], drop.sites(settlements, rollout.shares)
    density: Array = (settlements["people"] / np.maximum(settlements["area_km2"], 0.05)).to_numpy(np.float64)
    own = placed.operator == rollout.operators.index(name)
    rows = np.flatnonzero(drop.has(carrier, own, placed, density))
    height = np.where(placed.urban, rollout.height_m[1], rollout.height_m[0])
    tilt = np.zeros(len(own))
    all_own = np.flatnonzero(own)
    tilt[all_own] = drop.tilt_deg(drop.directions(placed.lat[all_own], placed.lon[all_own]), height[all_own])
    busy = np.full((len(rows), HOURS), MODELLED_LOAD)
    if load is not None:
        busy = np.clip(np.nan_to_num(load[placed.cell[rows]], nan=MODELLED_LOAD), 0.0, 1.0)
    noise = -173.975 + 60.0 + rollout.noise_figure_db
    return Sites(
        np.degrees(placed.lat[rows]), np.degrees(placed.lon[rows]), height[rows],
        120.0 * ((rows * drop.GOLDEN_SHARE) % 1.0), tilt[rows], placed.urban[rows], busy,
        carrier.power_dbm, carrier.ghz, noise, name, band,
    )  # fmt: skip


@cache
def patterns() -> F4:
    """Gain of a panel over that on its axis by degrees of tilt, elevation, azimuth: (16, 361, 361)."""
    from rabta.mobile.system.received import panel

    up, across = np.meshgrid(np.arange(-90.0, 90.5, 0.5), np.arange(-180.0, 181.0), indexing="ij")
    found = [panel(float(t)) for t in range(16)]
    return np.stack([one.gain_dbi(across, up) - one.peak_dbi for one in found]).astype(np.float32)


@cache
def _nodes() -> tuple[Array, Array, Array]:
    """Quadratures: of the normal distribution, and of fading's power in sight and without, with variances."""
    from scipy.stats import ncx2

    z, w = np.polynomial.hermite_e.hermegauss(NODES)
    rayleigh = np.array(np.polynomial.laguerre.laggauss(NODES))
    k = 10.0 ** (K_DB / 10.0)
    part = (np.arange(NODES) + 0.5) / NODES
    rice = np.stack([ncx2.ppf(part, 2, 2.0 * k) / (2.0 * (k + 1.0)), np.full(NODES, 1.0 / NODES)])
    spread = np.array([(1.0 + 2.0 * k) / (1.0 + k) ** 2, 1.0])
    return np.stack([z, w / w.sum()]), np.stack([rice, rayleigh]), spread


@dataclass
class Channel:
    """Sites around a place, on a plane that touches there.

    Parameters
    ----------
    sites : Sites
    middle : tuple of float
        Latitude and longitude of the plane's middle; places should lie within 30 km.
    need_db : float
        Least SINR for commands.
    """

    sites: Sites
    middle: tuple[float, float]
    need_db: float = COMMAND_SINR_DB
    site: Array = field(init=False)
    load: Array = field(init=False)
    rule: Array = field(init=False)

    def __post_init__(self) -> None:
        of, place = self.sites, self.plane(self.sites.lat_deg, self.sites.lon_deg)
        keep = np.hypot(place[:, 0], place[:, 1]) <= AREA_M
        self.site = np.ascontiguousarray(np.column_stack([
            place, of.height_m, of.azimuth_deg, np.clip(np.rint(of.tilt_deg), 0.0, 15.0), of.urban,
            np.full(len(of), of.eirp_dbm),
        ])[keep])  # fmt: skip
        self.load = np.ascontiguousarray(of.load[keep])
        noise, need = 10.0 ** (of.noise_dbm / 10.0), 10.0 ** (self.need_db / 10.0)
        self.rule = np.array([of.ghz, noise, need, 10.0 ** (K_DB / 10.0)])

    def plane(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
        """Places as metres east and north of the middle, (n, 2)."""
        from rabta.mobile.system.layouts import plane_m

        return plane_m(lat_deg, lon_deg, *self.middle)

    def outage(self, lat_deg: ArrayLike, lon_deg: ArrayLike, height_m: ArrayLike) -> Array:
        """Probability that the best cell's SINR is below the need, by hour of the local day, (point, 24).

        Over line of sight, shadowing and fading, not over time: the share of aircraft there that could not be
        commanded. The serving cell is that with the strongest mean power after shadowing. Its level is
        integrated by Gauss-Hermite quadrature, given that all others are weaker; what these send is a sum of
        truncated lognormal powers, taken for lognormal with its two moments (L. F. Fenton, IRE Trans.
        Commun. Syst. 8 (1960) 57).

        Raises
        ------
        RabtaError
            For heights outside 25 to 300 m above ground.
        """
        from rabta import jit
        from rabta.airspace.feasibility import _kernels

        check_range("height_m", height_m, *HEIGHTS_M, f"{RECOMMENDATION}, tables B-1 to B-3")
        place = self.plane(lat_deg, lon_deg)
        at = np.ascontiguousarray(np.column_stack([place, np.broadcast_to(height_m, len(place))]), np.float64)
        top, rest = np.zeros((len(at), KEPT, 7)), np.zeros((len(at), HOURS))
        out = np.ones((len(at), HOURS))
        if len(self.site):
            jit.each_part(
                _kernels.gather, len(at), at, self.site, self.load, patterns(), self.rule, top, rest
            )
            jit.each_part(_kernels.outage, len(at), top, rest, self.load, self.rule, *_nodes(), out)
        return out
