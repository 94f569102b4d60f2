"""Cross-border levels: field strength and power flux density of sites, against coordination rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.geo import east_north_up, ecef_from_geodetic
from rabta.radio.interference.aggregate import sum_db
from rabta.radio.itu import check_range
from rabta.radio.patterns.shapes import Pattern
from rabta.units import SPEED_OF_LIGHT_M_S

Array = NDArray[np.float64]
Loss = Callable[[Array, Array, Array, Array, Array, Array], Array]
"""Path loss (dB) of pairs: latitude, longitude, height above ground of the site, then of the border point."""

RANGES = {"bandwidth_mhz": (1e-3, 1000.0)}  # of an emission; frequencies are each rule's
FREE_SPACE_OHM = 376.730313668  # CODATA 2018


@dataclass(frozen=True)
class Rule:
    """One coordination rule.

    Attributes
    ----------
    quantity : str
        ``field`` (dB uV/m) or ``pfd`` (dB W/m^2).
    reference_mhz : float
        Bandwidth that the level is for; 0: the whole emission.
    inside_km : float
        How far inside the neighbour's land it is met.
    percent : float
        Of the time.
    checked : bool
        Whether the text was read.
    """

    name: str
    words: str
    source: str
    checked: bool
    low_mhz: float
    high_mhz: float
    quantity: str
    level: float
    reference_mhz: float
    height_m: float
    inside_km: float
    percent: float


@cache
def rules() -> dict[str, Rule]:
    """All rules by name, from the catalog entry ``criteria/borders``."""
    entry = catalog.entry("criteria", "borders")
    try:
        return {str(row["name"]): Rule(**row) for row in entry.data["rules"]}
    except TypeError as error:
        raise RabtaError(
            "a border rule with wrong keys", file=entry.path, key="rules", value=error
        ) from error


def rule(name: str, frequency_mhz: float | None = None) -> Rule:
    """One rule; an unknown name, or a frequency that it is not for, is refused."""
    if name not in rules():
        raise RabtaError("no such border rule", key="rule", value=name, expected=nearest(name, rules()))
    found = rules()[name]
    if frequency_mhz is not None:
        check_range("frequency_mhz", frequency_mhz, found.low_mhz, found.high_mhz, found.source)
    return found


def pfd_dbw_m2(eirp_dbw: ArrayLike, loss_db: ArrayLike, frequency_mhz: ArrayLike) -> Array:
    """Power flux density behind a basic transmission loss: EIRP - L + 10 log10(4 pi / wavelength^2)."""
    wavelength = SPEED_OF_LIGHT_M_S / (np.asarray(frequency_mhz, dtype=np.float64) * 1e6)
    area = 10.0 * np.log10(4.0 * np.pi / wavelength**2)
    return np.asarray(np.subtract(eirp_dbw, loss_db, dtype=np.float64) + area)


def field_dbuv_m(eirp_dbw: ArrayLike, loss_db: ArrayLike, frequency_mhz: ArrayLike) -> Array:
    """Field strength behind a basic transmission loss: power flux density + 145.8 dB.

    Examples
    --------
    >>> field_dbuv_m(32.15, 137.36, 1000.0).round(1).tolist()  # 1 kW ERP; ITU-R P.1812: 199.36 - L
    62.0
    """
    return np.asarray(pfd_dbw_m2(eirp_dbw, loss_db, frequency_mhz) + 10.0 * np.log10(FREE_SPACE_OHM) + 120.0)


def level(
    rule_: Rule, eirp_dbw: ArrayLike, loss_db: ArrayLike, frequency_mhz: float, bandwidth_mhz: float
) -> Array:
    """Level of an emission in the quantity and bandwidth of a rule."""
    check_range("bandwidth_mhz", bandwidth_mhz, *RANGES["bandwidth_mhz"], "an emission")
    quantity = field_dbuv_m if rule_.quantity == "field" else pfd_dbw_m2
    share = rule_.reference_mhz / bandwidth_mhz if rule_.reference_mhz else 1.0
    return np.asarray(quantity(eirp_dbw, loss_db, frequency_mhz) + 10.0 * np.log10(min(share, 1.0)))


def directions(
    lat_deg: ArrayLike, lon_deg: ArrayLike, height_m: ArrayLike, to_lat_deg: ArrayLike, to_lon_deg: ArrayLike
) -> tuple[Array, Array, Array]:
    """Azimuth, elevation and distance (km) from places at a height to points on the ellipsoid."""
    here = ecef_from_geodetic(lat_deg, lon_deg, height_m)
    to = ecef_from_geodetic(to_lat_deg, to_lon_deg) - here
    east, north, up = np.moveaxis((east_north_up(lat_deg, lon_deg) @ to[..., None])[..., 0], -1, 0)
    far = np.linalg.norm(to, axis=-1)
    azimuth = np.degrees(np.arctan2(east, north)) % 360.0
    return azimuth, np.degrees(np.arcsin(np.clip(up / far, -1.0, 1.0))), far / 1e3


@dataclass(frozen=True)
class AtBorder:
    """Levels along a border.

    Attributes
    ----------
    by_site : (sites, points) array
        In the rule's quantity.
    strongest, together : (points,) arrays
        Of the strongest site, which rules are about, and of all sites.
    excess_db : (points,) array
        Strongest less the rule's level: positive calls for coordination.
    """

    rule: Rule
    by_site: Array
    strongest: Array
    together: Array
    excess_db: Array


def along(
    rule_: Rule,
    lat_deg: ArrayLike,
    lon_deg: ArrayLike,
    height_m: ArrayLike,
    azimuth_deg: ArrayLike,
    power_dbw: ArrayLike,
    pattern: Pattern,
    border_lat_deg: ArrayLike,
    border_lon_deg: ArrayLike,
    loss: Loss,
    *,
    frequency_mhz: float,
    bandwidth_mhz: float,
) -> AtBorder:
    """Levels of sectors along a border.

    Parameters
    ----------
    lat_deg, lon_deg, height_m, azimuth_deg, power_dbw : (sites,) array_like
        Sectors, heights above ground, azimuths of their axes, powers into the antenna.
    pattern : Pattern
        Of the antenna, with its tilt (`rabta.radio.patterns.shapes.Tilted`).
    border_lat_deg, border_lon_deg : (points,) array_like
        Points at the rule's distance inside the neighbour.
    loss : callable
        Basic transmission loss for the rule's part of the time, of pairs: ITU-R P.452, P.1812 or any other.
    """
    check_range("frequency_mhz", frequency_mhz, rule_.low_mhz, rule_.high_mhz, rule_.source)
    site = [np.atleast_1d(np.asarray(x, dtype=np.float64))[:, None] for x in (lat_deg, lon_deg, height_m)]
    point = [
        np.atleast_1d(np.asarray(x, dtype=np.float64))[None, :] for x in (border_lat_deg, border_lon_deg)
    ]
    shape = (len(site[0]), point[0].shape[1])
    pair = [np.broadcast_to(x, shape) for x in (*site, *point)]
    bearing, elevation, _ = directions(*pair)
    turn = bearing - np.asarray(azimuth_deg, dtype=np.float64).reshape(-1, 1)
    eirp = np.asarray(power_dbw, dtype=np.float64).reshape(-1, 1) + pattern.gain_dbi(turn, elevation)
    ends = [x.ravel() for x in pair]
    heights = np.full(eirp.size, rule_.height_m)
    lost = loss(ends[0], ends[1], ends[2], ends[3], ends[4], heights).reshape(shape)
    levels = level(rule_, eirp, lost, frequency_mhz, bandwidth_mhz)
    strongest = levels.max(axis=0)
    return AtBorder(rule_, levels, strongest, sum_db(levels, axis=0), strongest - rule_.level)
