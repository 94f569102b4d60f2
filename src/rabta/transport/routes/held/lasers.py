"""Which lasers are lit at each step, under the limits of their terminals and their acquisition time.

What decides at an instant is how a link stood since as long before as acquisition takes. No satellite is
faster than at its perigee, so that a link which stands clear of its limits by more than can be flown in that
time is lit. The few others are judged by `rabta.space.events.lasers.carrying`, which finds the exact
instants on a grid of its own. What is found for a step therefore does not depend on the steps beside it.

Links are taken to have been pointed at each other before the hour whose companions they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rabta import jit
from rabta.space.events.lasers import LinkEvents, carrying, limited, link_events
from rabta.space.network.geometry import correct
from rabta.space.network.topology import Laser, Network
from rabta.transport.routes.graph import F8, U1
from rabta.transport.routes.search import ALL_LIT
from rabta.units import GM_EARTH_M3_S2

PERTURBED = 1.02  # times the speed of the two-body problem
LEAST_RADIUS_M = 6.4e6
ROUNDING_M = 10.0  # positions may come in single precision
GRID_S = 60.0


def lit(network: Network, times: NDArray[np.datetime64], position_m: F8) -> U1:
    """Lasers that carry, by arc of the network; `ALL_LIT` where no terminal has a limit.

    Parameters
    ----------
    times : ndarray of datetime64, shape (time,)
        UTC.
    position_m : ndarray, shape (time, satellite, 3)

    Returns
    -------
    ndarray of uint8, shape (time, arc)
    """
    if not len(network.edges) or not limited(network):
        return ALL_LIT
    doubt = near(network, position_m) != 0
    rows, steps = np.flatnonzero(doubt.any(axis=0)), np.flatnonzero(doubt.any(axis=1))
    out = np.ones((len(times), len(network.arcs[1])), dtype=np.uint8)
    if rows.size:
        held = carrying(part(network, rows), times[steps], correct())
        good = held | ~doubt[np.ix_(steps, rows)]
        for way in network.arcs[2][rows].T:
            out[np.ix_(steps, way)] = good
    return out


def spans(
    network: Network, start: np.datetime64, span_s: float, times_s: F8, position_m: F8
) -> tuple[NDArray[np.int64], LinkEvents]:
    """Rows of the links that may be near a limit at some time, and when these carry (by place in the rows).

    Parameters
    ----------
    times_s : ndarray, shape (time,)
        Seconds from the start, at most `GRID_S` apart, over the whole span.
    position_m : ndarray, shape (time, satellite, 3)
        At those times.
    """
    none = LinkEvents(np.empty(0, np.int64), np.empty(0), np.empty(0))
    if not len(network.edges) or not limited(network):
        return np.empty(0, np.int64), none
    gap = float(np.diff(times_s).max(initial=0.0))
    rows = np.flatnonzero((near(network, position_m, gap) != 0).any(axis=0))
    return rows, link_events(part(network, rows), start, span_s, correct()) if rows.size else none


def near(network: Network, position_m: F8, gap_s: float = 0.0) -> U1:
    """Links that may have been near a limit since acquisition had to begin, shape (time, link).

    Parameters
    ----------
    gap_s : float
        How long after a step, too.
    """
    from rabta.transport.routes.held._kernels import near as kernel

    doubt = np.zeros((len(position_m), len(network.edges)), dtype=np.uint8)
    position_m = np.ascontiguousarray(position_m, dtype=np.float64)
    jit.each_part(
        kernel, len(position_m), position_m, network.edges.astype(np.int32), limits(network, gap_s), doubt
    )
    return doubt


def limits(network: Network, gap_s: float = 0.0) -> F8:
    """Where a link is near a limit, shape (link, 3).

    Columns: square of the length (m^2) above which it is, square of the distance from the Earth's centre
    below which, square of the sine of the latitude above which. A link that may not turn or come near the
    Sun always is (its length is above zero).
    """
    columns = _columns(network.lasers)[:, network.system[network.edges]]
    wait, longest, latitude = columns[0].max(axis=1), columns[1].min(axis=1), columns[2].min(axis=1)
    always = np.isfinite(columns[3]).any(axis=1) | (columns[4] > 0.0).any(axis=1)
    flown = _fastest_m_s(network)[network.edges].max(axis=1) * (wait + gap_s) + ROUNDING_M
    far = np.maximum(longest * 1e3 - 2.0 * flown, 0.0) ** 2
    top = np.sin(np.maximum(np.radians(latitude) - flown / LEAST_RADIUS_M, 0.0)) ** 2
    return np.ascontiguousarray(
        np.stack(
            [
                np.where(always, -1.0, far),
                (correct().grazing_m + flown) ** 2,
                np.where(latitude < 90.0, top, 1.0),
            ],
            axis=1,
        )
    )


def _fastest_m_s(network: Network) -> F8:
    """Speed at perigee of each satellite, and a little more (vis-viva)."""
    motion = np.asarray(network.elements["mean_motion_rev_day"], dtype=np.float64) * 2.0 * np.pi / 86_400.0
    out = np.asarray(network.elements["eccentricity"], dtype=np.float64)
    return PERTURBED * (GM_EARTH_M3_S2 * motion) ** (1.0 / 3.0) * np.sqrt((1.0 + out) / (1.0 - out))


def _columns(lasers: Sequence[Laser]) -> F8:
    names = ("acquisition_s", "max_km", "polar_cutoff_deg", "slew_deg_s", "sun_deg")
    return np.array([[getattr(laser, name) for laser in lasers] for name in names], dtype=np.float64)


def near_reference(network: Network, position_m: F8, gap_s: float = 0.0) -> U1:
    """Same as `near`, in NumPy."""
    here, there = (position_m[:, network.edges[:, i]] for i in (0, 1))
    far, low, top = limits(network, gap_s).T
    way = there - here
    square, along = (way**2).sum(axis=-1), -(here * way).sum(axis=-1)
    foot = (here**2).sum(axis=-1) - along**2 / square
    found = (square > far) | ((along > 0.0) & (along < square) & (foot < low)) | ~np.isfinite(square)
    for end in (here, there):
        found |= (top < 1.0) & (end[..., 2] ** 2 > top * (end**2).sum(axis=-1))
    return np.asarray(found, dtype=np.uint8)


def part(network: Network, rows: NDArray[np.int64]) -> Network:
    """The network of some links and their satellites alone."""
    kept, ends = np.unique(network.edges[rows], return_inverse=True)
    arc = network.gso_avoidance_deg
    return replace(
        network,
        elements={name: np.asarray(column)[kept] for name, column in network.elements.items()},
        names=tuple(network.names[k] for k in kept),
        system=network.system[kept],
        edges=ends.reshape(-1, 2).astype(np.int64),
        min_elevation_deg=network.min_elevation_deg[kept],
        gso_avoidance_deg=None if arc is None else arc[kept],
    )
