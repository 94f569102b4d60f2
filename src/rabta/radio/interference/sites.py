"""A site list at a border, over the nation's terrain: which sites exceed a rule, what power would keep it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio.interference import borders
from rabta.radio.interference.borders import AtBorder, Loss, Rule
from rabta.radio.patterns.shapes import Pattern
from rabta.radio.terrain import p452, p1812
from rabta.radio.terrain.raster import SPACING_KM, Terrain, profile

Array = NDArray[np.float64]

RECOMMENDATION = p452.RECOMMENDATION
RANGES = {"frequency_ghz": p452.RANGES["frequency_ghz"], "time_percent": p452.RANGES["time_percent"]}


def terrain_loss(
    terrain: Terrain,
    frequency_mhz: float,
    time_percent: float,
    *,
    recommendation: str = RECOMMENDATION,
    polarisation: str = "vertical",
    spacing_km: float = SPACING_KM,
) -> Loss:
    """Basic transmission loss of pairs over terrain, for `rabta.radio.interference.borders.along`.

    Parameters
    ----------
    time_percent : float
        Part of the time for which the loss is not exceeded: the rule's.
    recommendation : {"ITU-R P.452-18", "ITU-R P.1812-7"}

    Raises
    ------
    RabtaError
        A frequency or time outside the Recommendation, or a path that leaves the terrain.
    """
    if recommendation not in (p452.RECOMMENDATION, p1812.RECOMMENDATION):
        names = f"{p452.RECOMMENDATION}, {p1812.RECOMMENDATION}"
        raise RabtaError("no such Recommendation", key="recommendation", value=recommendation, expected=names)

    def loss(lat: Array, lon: Array, height_m: Array, to_lat: Array, to_lon: Array, to_m: Array) -> Array:
        paths = profile(terrain, (lat, lon), (to_lat, to_lon), spacing_km)
        model = p452.loss_db if recommendation == p452.RECOMMENDATION else p1812.loss_db
        return model(
            paths, frequency_mhz / 1e3, height_m, to_m, time_percent=time_percent, polarisation=polarisation
        )

    return loss


def largest_eirp_dbw(rule: Rule, loss_db: ArrayLike, frequency_mhz: float, bandwidth_mhz: float) -> Array:
    """Largest EIRP towards a border that keeps the rule behind a loss.

    Examples
    --------
    >>> row = borders.rule("rr-3400-3600")
    >>> eirp = largest_eirp_dbw(row, 150.0, 3500.0, 100.0)
    >>> borders.level(row, eirp, 150.0, 3500.0, 100.0).round(6).tolist()
    -154.5
    """
    at_none = borders.level(rule, 0.0, loss_db, frequency_mhz, bandwidth_mhz)
    return np.asarray(rule.level - at_none)


def exceeding(found: AtBorder, power_dbw: ArrayLike) -> pd.DataFrame:
    """Each site's worst border point.

    Parameters
    ----------
    power_dbw : (sites,) array_like
        Powers that made ``found``.

    Returns
    -------
    DataFrame
        ``site, point, level, excess_db, exceeds, largest_power_dbw``: a row for each site, in order. The
        largest power keeps the rule at every point with the same antenna.
    """
    power = np.asarray(power_dbw, dtype=np.float64)
    if power.shape != (len(found.by_site),):
        raise RabtaError(
            "powers do not fit the sites", key="power_dbw", value=power.shape,
            expected=f"({len(found.by_site)},)",
        )  # fmt: skip
    point = found.by_site.argmax(axis=1)
    level = found.by_site[np.arange(len(point)), point]
    excess = level - found.rule.level
    return pd.DataFrame(
        {
            "site": np.arange(len(point)),
            "point": point,
            "level": level,
            "excess_db": excess,
            "exceeds": excess > 0.0,
            "largest_power_dbw": power - excess,
        }
    )


def check_sites(
    terrain: Terrain,
    rule: str,
    site: tuple[ArrayLike, ArrayLike],
    height_m: ArrayLike,
    azimuth_deg: ArrayLike,
    power_dbw: ArrayLike,
    pattern: Pattern,
    border: tuple[ArrayLike, ArrayLike],
    *,
    frequency_mhz: float,
    bandwidth_mhz: float,
    recommendation: str = RECOMMENDATION,
) -> pd.DataFrame:
    """Which sites of a list exceed a rule at a border, by terrain for the rule's part of the time.

    Parameters
    ----------
    rule : str
        Name of a rule (`rabta.radio.interference.borders.rules`).
    site, border : pair of array_like
        Latitudes and longitudes of sites (n,) and of points of the border line (m,): n x m paths are traced.
    height_m, azimuth_deg, power_dbw : (n,) array_like

    Returns
    -------
    DataFrame
        As `exceeding`.
    """
    row = borders.rule(rule, frequency_mhz)
    loss = terrain_loss(terrain, frequency_mhz, row.percent, recommendation=recommendation)
    powers = np.broadcast_to(np.asarray(power_dbw, dtype=np.float64), np.atleast_1d(site[0]).shape)
    heights, azimuths = (np.broadcast_to(np.asarray(v), powers.shape) for v in (height_m, azimuth_deg))
    found = borders.along(
        row, site[0], site[1], heights, azimuths, powers, pattern, border[0], border[1], loss,
        frequency_mhz=frequency_mhz, bandwidth_mhz=bandwidth_mhz,
    )  # fmt: skip
    return exceeding(found, powers)
