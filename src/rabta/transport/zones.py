"""Zones: what satellites can give each area in the long run, as limits that planning may rely on.

The moving satellites. A plan chooses which cells ask, so how much a zone gets depends on who else does. What
it may not exceed has three tiers, each filled while nobody outside it asks, all inside by need, ever more,
until nothing more fits (`rabta.transport.sharing.fill_alone`):

- a *zone* (H3 resolution 3, 12,000 km2): the spectrum of its places and the satellites in its slots bind;
- a *region* (resolution 2, seven zones, 300 km wide): its zones see mostly the same satellites, whose
  capacity and band are given once, so that its zones cannot all get what each could get alone;
- the *nation*: whatever satellites lie between, all traffic lands over the same gateways, whose feeders bind.

The limits are to hold together, in the same steps, and often enough for the availability that the plan asks:
of the sampled steps, `reliable` drops those in which the nation can carry least, as many as the floor leaves
after the link's own outages and a tenth at most; the limit of each area is the least of the rest. Satellites
land as they do for the whole nation (`rabta.transport.gateways.land`): antennas do not follow one zone.

Together the limits do not suffice: zones on both sides of a region's border share satellites, and a plan may
gather in few places the traffic that the filling spreads by need. A plan that comes near a limit is to be
checked by sharing its own traffic; one that stays far below all of them is carried.

The geostationary satellites. Each gives all cells in its reach the same share ``x`` of their need, the
largest that its capacity, its band and the gateways of its system allow::

    x = min(capacity / sum need, band / sum (need / efficiency), feeder / sum need)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
SAMPLES = 24  # steps of a run in which the filling is computed
MOST_DROPPED = 0.1  # share of the sampled steps in which limits may not hold, however low the floor
REGION_RESOLUTION = 2
NATION = "nation"


def sampled(
    times: NDArray[np.datetime64], start: np.datetime64, step_s: float, steps: int
) -> NDArray[np.int64]:
    """Positions of a chunk's steps that are sampled; the same steps however the run is cut in chunks."""
    index = np.rint((times - start) / np.timedelta64(1, "ns") / (step_s * 1e9)).astype(np.int64)
    return np.flatnonzero(index % max(1, steps // SAMPLES) == 0)


def reliable(nation: F8, share: float) -> NDArray[np.int64]:
    """Sampled steps in which limits are to hold: at least a share of them, the nation's leanest left out.

    Parameters
    ----------
    nation : ndarray, shape (time,)
        Filling of the whole nation; NaN in the steps that were not sampled.
    share : float
        Share of the sampled steps to keep; `MOST_DROPPED` bounds how many go.

    Examples
    --------
    >>> reliable(np.array([5.0, np.nan, 3.0, 9.0, 4.0]), 0.95).tolist()  # one of four would be too many
    [0, 2, 3, 4]
    """
    seen = np.flatnonzero(~np.isnan(nation))
    part = min(max(1.0 - share, 0.0), MOST_DROPPED)
    order = seen[np.argsort(nation[seen], kind="stable")]
    return np.sort(order[int(part * seen.size + 1e-9) :])


def lasting(filled: F8, steps: NDArray[np.int64]) -> F8:
    """Largest limits that hold in all the given steps.

    Parameters
    ----------
    filled : ndarray, shape (time, area)
    steps : ndarray of int
        From `reliable`.

    Returns
    -------
    ndarray, shape (area,)
    """
    return np.asarray(filled[steps].min(axis=0)) if steps.size else np.zeros(filled.shape[1])


@dataclass(frozen=True)
class Areas:
    """The tiers of a nation.

    Attributes
    ----------
    zones, regions : ndarray of str
        H3 indices, sorted.
    zone : ndarray, shape (cell,), region : ndarray, shape (zone,)
        Row of the zone of each cell, and of the region of each zone.
    """

    zones: NDArray[np.str_]
    regions: NDArray[np.str_]
    zone: NDArray[np.int64]
    region: NDArray[np.int64]

    @property
    def pools(self) -> list[str]:
        """Names of the pools: the regions, then the nation."""
        return [*self.regions.tolist(), NATION]

    @property
    def groups(self) -> list[NDArray[np.int64]]:
        """Cells of every zone, then of every pool."""
        region = self.region[self.zone]
        tiers = ((self.zone, self.zones.size), (region, self.regions.size), (np.zeros_like(region), 1))
        return [np.flatnonzero(of_cell == k) for of_cell, count in tiers for k in range(count)]


def tiers(zone_of_cell: NDArray[np.str_]) -> Areas:
    """Zones and regions from the zone of each cell, an H3 index.

    Examples
    --------
    >>> tiers(np.array(["83422cfffffffff", "83422afffffffff", "834205fffffffff"])).pools
    ['824207fffffffff', '82422ffffffffff', 'nation']
    """
    import h3

    zones, zone = np.unique(zone_of_cell, return_inverse=True)
    parents = np.array([h3.cell_to_parent(name, REGION_RESOLUTION) for name in zones.tolist()], dtype=np.str_)
    regions, region = np.unique(parents, return_inverse=True)
    return Areas(zones, regions, zone.astype(np.int64), region.astype(np.int64))


@dataclass(frozen=True)
class Fixed:
    """Limits of the geostationary satellites, each (geo,): Mbit/s, MHz, Mbit/s."""

    capacity_mbps: F8
    band_mhz: F8
    feeder_mbps: F8


def geostationary(need: F8, efficiency: F8, clear: NDArray[np.bool_], limits: Fixed) -> F8:
    """Traffic (Mbit/s) of every cell on the geostationary satellites at equal shares of need.

    Parameters
    ----------
    need : ndarray, shape (cell,)
        Mbit/s.
    efficiency, clear : ndarray, shape (cell, geo)
        Spectral efficiency (bit/s/Hz, 0 out of reach), and True where no terrain is in the way.

    Returns
    -------
    ndarray, shape (cell,)
    """
    total = np.zeros(need.shape)
    for k in range(efficiency.shape[1]):
        reached = np.where(clear[:, k] & (efficiency[:, k] > 0.0), need, 0.0)
        if not reached.sum() > 0.0:
            continue
        band = np.divide(reached, efficiency[:, k], out=np.zeros_like(reached), where=reached > 0.0).sum()
        most = min(limits.capacity_mbps[k], limits.feeder_mbps[k]) / reached.sum()
        total += reached * min(most, limits.band_mhz[k] / band)
    return total
