"""Terrestrial access of a cell: how many sites it takes, and what one household gets from them.

Sites are as many as the area needs at the reach of the equipment, and as many as the load needs at what a
sector carries. A household in use gets its service's rate times the ratio of capacity to load, at most what
a sector gives to one user.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.mobile import cells as cells_
from rabta.mobile.equipment import Site

Array = NDArray[np.float64]
ROUNDS = 8  # what a sector carries depends on the size of its cell; sites are only added, so this settles


@dataclass(frozen=True)
class Access:
    """What a technology gives each cell.

    Attributes
    ----------
    rate_mbps : ndarray, shape (cell,)
        Rate of one household in use, in the busy hour.
    sites : ndarray, shape (cell,)
        Sites that it takes (for shared platforms, the part of one); 0 where there is no load.
    """

    rate_mbps: Array
    sites: Array


def shared_rate(full_mbps: ArrayLike, use: ArrayLike, household_mbps: float) -> Array:
    """Rate of one household where a resource is in use to a share (which may pass 1).

    Parameters
    ----------
    full_mbps : array_like
        Rate that one household alone gets.
    use : array_like
        Load over capacity; the load has every household in use at its service's rate.

    Examples
    --------
    >>> shared_rate([50.0, 50.0, 50.0], [0.0, 0.5, 2.0], 10.0).tolist()
    [50.0, 20.0, 5.0]
    """
    alone = np.asarray(full_mbps, np.float64)
    with np.errstate(divide="ignore"):
        return np.asarray(np.minimum(alone, household_mbps / np.asarray(use, np.float64)))


def covering_sites(area_km2: ArrayLike, reach_m: ArrayLike) -> Array:
    """Hexagonal cells that cover an area, at least one."""
    each_km2 = cells_.HEXAGON * (np.asarray(reach_m, np.float64) / 1e3) ** 2
    return np.asarray(np.maximum(1.0, np.ceil(np.asarray(area_km2, np.float64) / each_km2)))


def terrestrial(
    site: Site, area_km2: Array, load_mbps: Array, hills: cells_.Hills | Array, household_mbps: float
) -> Access:
    """Sites and rate of a terrestrial technology that serves the load of each cell.

    Parameters
    ----------
    area_km2, load_mbps : ndarray, shape (cell,)
        Area, busy-hour load to be served.
    hills : Hills, or ndarray of shape (cell,)
        Loss of the terrain, or one loss at every distance and on every carrier; what a sector carries follows
        from the mean of its carriers' at the cell's edge.
    household_mbps : float
        Rate of a household in use; the cell's edge must allow it to one household alone.
    """
    if not isinstance(hills, cells_.Hills):
        hills = cells_.Hills.everywhere(np.asarray(hills, np.float64), len(site.bands))
    table = cells_.sector_table(site)
    reach = cells_.reach_over_m(site, household_mbps, hills)
    sites = covering_sites(area_km2, reach)
    for _ in range(ROUNDS):
        sector, each = _capacities(site, table, reach, area_km2 / sites, hills)
        sites = np.maximum(sites, np.ceil(load_mbps / each))
    sector, each = _capacities(site, table, reach, area_km2 / sites, hills)
    alone = np.minimum(site.user_max_mbps, np.minimum(sector, each))
    rate = shared_rate(alone, load_mbps / (sites * each), household_mbps)
    return Access(rate, np.where(load_mbps > 0, sites, 0.0))


def _capacities(
    site: Site, table: cells_.SectorTable, reach_m: Array, area_km2: Array, hills: cells_.Hills
) -> tuple[Array, Array]:
    """Rate of a sector, and of a site as far as its backhaul carries it, at so much area a site."""
    radius = np.minimum(reach_m, 1e3 * np.sqrt(area_km2 / cells_.HEXAGON))
    sector = table.at(radius, hills.at(radius).mean(axis=1))
    return sector, np.minimum(site.backhaul_mbps, site.sectors * sector)
