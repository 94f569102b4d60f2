"""Zones: what satellites can give each area in the long run, as limits that planning may rely on.

The moving satellites. In each sampled step all cells ask by need, ever more, until nothing more fits
(`rabta.transport.sharing.fill`); this gives a vector of zone traffic that is feasible in that step, all zones
together. The limit of a zone is its 10th percentile over the steps: nine steps of ten reach it. Zones' bad
steps need not coincide, so the vector of percentiles is scaled down, where needed, to the 10th percentile of
the national traffic.

The geostationary satellites. Each gives all cells in its reach the same share ``x`` of their need, the
largest that its capacity, its band and the gateways of its system allow::

    x = min(capacity / sum need, band / sum (need / efficiency), feeder / sum need)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F8 = NDArray[np.float64]
SAMPLES = 48  # steps of a run in which the filling is computed
PERCENTILE = 10.0


def sampled(
    times: NDArray[np.datetime64], start: np.datetime64, step_s: float, steps: int
) -> NDArray[np.int64]:
    """Positions of a chunk's steps that are sampled; the same steps however the run is cut in chunks."""
    index = np.rint((times - start) / np.timedelta64(1, "ns") / (step_s * 1e9)).astype(np.int64)
    return np.flatnonzero(index % max(1, steps // SAMPLES) == 0)


def lasting(filled: F8) -> F8:
    """Zone limits from the filling of the sampled steps.

    Parameters
    ----------
    filled : ndarray, shape (time, zone)
        NaN in the steps that were not sampled.

    Returns
    -------
    ndarray, shape (zone,)
    """
    seen = filled[~np.isnan(filled).any(axis=1)]
    if not len(seen):
        return np.zeros(filled.shape[1])
    low = np.percentile(seen, PERCENTILE, axis=0)
    whole = float(np.percentile(seen.sum(axis=1), PERCENTILE))
    return np.asarray(low * min(1.0, whole / low.sum())) if low.sum() > 0.0 else low


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
