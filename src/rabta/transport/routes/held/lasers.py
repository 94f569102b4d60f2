"""Which lasers are lit at each step, under the limits of their terminals and their acquisition time.

What decides at an instant is how a link stood since as long before as acquisition takes. No satellite is
faster than at its perigee, so that a link which stands clear of its limits by more than can be flown in that
time is lit. The few others are looked at some seconds apart: dark where a limit is broken at one of these
instants, lit where none can be between them either. What is still open (a length or a clearance within some
metres of its limit, and all links that may not turn or come near the Sun) is left to
`rabta.space.events.lasers.carrying`, which finds exact instants on a grid of its own. What is found for a
step therefore does not depend on the steps beside it.

Links are taken to have been pointed at each other before the hour whose companions they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rabta import jit
from rabta.space import orbits
from rabta.space.events.lasers import OTHER_PLANE_RAD, carrying, limited
from rabta.space.network.geometry import correct
from rabta.space.network.topology import Network, features
from rabta.times import julian_date
from rabta.transport.routes.graph import F8, U1
from rabta.transport.routes.search import ALL_LIT
from rabta.units import GM_EARTH_M3_S2

PERTURBED = 1.02  # times the speed of the two-body problem
LEAST_RADIUS_M = 6.4e6
GRAVITY = 10.0  # m/s^2, more than anywhere in orbit
SAMPLE_S = 4.0
ROUNDING_M = 10.0  # positions may come in single precision


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
        good = _held(part(network, rows), times[steps], doubt[np.ix_(steps, rows)])
        for way in network.arcs[2][rows].T:
            out[np.ix_(steps, way)] = good
    return out


def _held(network: Network, times: NDArray[np.datetime64], doubt: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Links that carry at the steps of which it is doubted; the others do."""
    out, asked = ~doubt, doubt.copy()
    bound = _Bounds.of(network)
    for wait in np.unique(bound.wait_s[~bound.always]):
        rows = np.flatnonzero((bound.wait_s == wait) & ~bound.always)
        clear, broken = _sampled(part(network, rows), bound.only(rows), times, float(wait))
        out[:, rows] |= clear & doubt[:, rows]
        asked[:, rows] &= ~(clear | broken)
    rows, steps = np.flatnonzero(asked.any(axis=0)), np.flatnonzero(asked.any(axis=1))
    if rows.size:
        here = np.ix_(steps, rows)
        out[here] |= asked[here] & carrying(part(network, rows), times[steps], correct())
    return out


def _sampled(
    network: Network, bound: _Bounds, times: NDArray[np.datetime64], wait_s: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Links that surely hold from so long before each instant on, and links that surely do not.

    Between instants a gap apart the distance of any point of a link from the Earth's centre lies at most
    g gap^2 / 8 below the straight line between its two values, so that of the nearest does; a length lies at
    most that with (relative speed)^2 / length and the gravity at both ends above it.
    """
    offset = np.linspace(-wait_s, 0.0, int(np.ceil(wait_s / SAMPLE_S)) + 1)
    gap = wait_s / max(len(offset) - 1, 1)
    day, fraction = julian_date((times[:, None] + np.round(offset * 1e9).astype("timedelta64[ns]")).ravel())
    states, codes = orbits.states_at(network.orbits, day, fraction, np.zeros(day.size))
    place = np.moveaxis(np.where(codes[:, None] == 0, states, np.nan), 1, 2)
    here, there = (place[network.edges[:, i]].reshape(-1, len(times), len(offset), 3) for i in (0, 1))
    fastest, sag = _fastest_m_s(network)[network.edges].max(axis=1), gap**2 / 8.0
    slack = [
        sag * (4.0 * fastest**2 / np.maximum(bound.longest_m, 1.0) + 2.0 * GRAVITY),
        np.full(len(fastest), sag * GRAVITY),
        0.5 * gap * fastest / LEAST_RADIUS_M,
    ]
    clear, broken = np.ones(here.shape[:3], dtype=bool), np.zeros(here.shape[:3], dtype=bool)
    for margin, more in zip(bound.margins(here, there), slack, strict=True):
        clear &= margin > more[:, None, None]
        broken |= ~(margin >= 0.0)
    return np.asarray(clear.all(axis=2).T), np.asarray(broken.any(axis=2).T)


@dataclass(frozen=True)
class _Bounds:
    """Limits by link; of two systems the stricter. ``always`` where more than these three limit it."""

    wait_s: F8
    longest_m: F8
    latitude: F8
    always: NDArray[np.bool_]

    @classmethod
    def of(cls, network: Network) -> _Bounds:
        """Those of a network's links."""
        names = ("acquisition_s", "max_km", "polar_cutoff_deg", "slew_deg_s", "sun_deg")
        rows = [[getattr(laser, name) for laser in network.lasers] for name in names]
        wait, longest, latitude, slew, sun = np.array(rows)[:, network.system[network.edges]]
        normal = features(network.elements)[:, 3:]
        turn = np.einsum("ei,ei->e", *(normal[network.edges[:, i]] for i in (0, 1)))
        polar = (latitude.min(axis=1) < 90.0) & (turn < np.cos(OTHER_PLANE_RAD))
        return cls(
            wait.max(axis=1),
            longest.min(axis=1) * 1e3,
            np.where(polar, np.radians(latitude.min(axis=1)), np.inf),
            np.isfinite(slew).any(axis=1) | (sun > 0.0).any(axis=1),
        )

    def only(self, rows: NDArray[np.int64]) -> _Bounds:
        """Those of some links."""
        return _Bounds(self.wait_s[rows], self.longest_m[rows], self.latitude[rows], self.always[rows])

    def margins(self, here: F8, there: F8) -> tuple[F8, F8, F8]:
        """By how much links (first axis) keep their length, the Earth (m) and the latitude (rad)."""
        way = there - here
        square = (way**2).sum(axis=-1)
        along = np.clip(-(here * way).sum(axis=-1) / np.maximum(square, 1e-6), 0.0, 1.0)
        foot = np.sqrt(((here + along[..., None] * way) ** 2).sum(axis=-1))
        top = [np.abs(np.arctan2(end[..., 2], np.hypot(end[..., 0], end[..., 1]))) for end in (here, there)]
        extra = (slice(None), *(None,) * (here.ndim - 2))
        return (
            self.longest_m[extra] - np.sqrt(square),
            foot - correct().grazing_m,
            self.latitude[extra] - np.maximum(*top),
        )


def near(network: Network, position_m: F8, gap_s: float = 0.0) -> U1:
    """Links that may have been near a limit since acquisition had to begin, shape (time, link).

    Parameters
    ----------
    gap_s : float
        How long before and after a step, too.
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
    bound = _Bounds.of(network)
    flown = _fastest_m_s(network)[network.edges].max(axis=1) * (bound.wait_s + gap_s) + ROUNDING_M
    far = np.maximum(bound.longest_m - 2.0 * flown, 0.0) ** 2
    polar = np.isfinite(bound.latitude)
    top = np.where(polar, bound.latitude, np.pi / 2.0) - flown / LEAST_RADIUS_M
    return np.ascontiguousarray(
        np.stack(
            [
                np.where(bound.always, -1.0, far),
                (correct().grazing_m + flown) ** 2,
                np.where(polar, np.sin(np.maximum(top, 0.0)) ** 2, 1.0),
            ],
            axis=1,
        )
    )


def _fastest_m_s(network: Network) -> F8:
    """Speed at perigee of each satellite, and a little more (vis-viva)."""
    motion = np.asarray(network.elements["mean_motion_rev_day"], dtype=np.float64) * 2.0 * np.pi / 86_400.0
    out = np.asarray(network.elements["eccentricity"], dtype=np.float64)
    return PERTURBED * (GM_EARTH_M3_S2 * motion) ** (1.0 / 3.0) * np.sqrt((1.0 + out) / (1.0 - out))


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
