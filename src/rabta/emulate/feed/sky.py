"""Ways between sites over a constellation, a step at a time: the twin's own geometry and routing.

A step holds the routes of its first instant. Its delays are those of these routes at its first instant and
at its last, and between them a line: a satellite's path bends by some nanoseconds in a tenth of a second. So
delays run on without a step as long as a route stays, and change where the route does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rabta import jit
from rabta.errors import RabtaError
from rabta.space import orbits
from rabta.space.network.forwarding import State, Trees, check, routes
from rabta.space.network.geometry import Rule, Sites, correct, scene, site_positions_m
from rabta.space.network.topology import Network
from rabta.times import gmst_rad, julian_date
from rabta.transport.routes.search import round_trip_ms

F8 = NDArray[np.float64]
Index = NDArray[np.int64]
LEAST_STEP_S, MOST_STEP_S = 0.01, 60.0


@dataclass(frozen=True)
class Sky:
    """Satellites, the sites between which they carry, and when.

    Attributes
    ----------
    network : Network
    sites : Sites
        Hosts, in their order.
    start : datetime64
        UTC at instant 0 of the emulation.
    step_s : float
        How long routes are held: links change that often.
    rule : Rule
        When a link holds; the true geometry if left out.
    """

    network: Network
    sites: Sites
    start: np.datetime64
    step_s: float = 0.1
    rule: Rule = field(default_factory=correct)

    def __post_init__(self) -> None:
        if not LEAST_STEP_S <= self.step_s <= MOST_STEP_S:
            raise RabtaError("step out of range", key="step_s", value=self.step_s,
                             expected=f"{LEAST_STEP_S:g} to {MOST_STEP_S:g}")  # fmt: skip
        check(self.network, self.sites, np.array([self.start]), np.arange(len(self.sites.names)))

    @property
    def pairs(self) -> Index:
        """Sites of each pair, shape (pair, 2), goal first; a pair's two ways are the same."""
        return np.ascontiguousarray(np.column_stack(np.triu_indices(len(self.sites.names), 1)))

    def instants(self, first: int, count: int) -> NDArray[np.datetime64]:
        """UTC at which steps begin."""
        steps = np.round((first + np.arange(count)) * self.step_s * 1e9).astype(np.int64)
        return np.asarray(self.start.astype("datetime64[ns]") + steps.astype("timedelta64[ns]"))


class Ways:
    """Delays of a sky, step after step. The trees of one step are where the search of the next begins.

    Parameters
    ----------
    sky : Sky
    goals : int, optional
        Ways to so many of the sites alone, the first ones; to all if left out.
    """

    def __init__(self, sky: Sky, goals: int | None = None) -> None:
        many = len(sky.sites.names) if goals is None else goals
        self.sky, self._pairs = sky, np.ascontiguousarray(sky.pairs[sky.pairs[:, 0] < many])
        self._trees = Trees.to(np.arange(many, dtype=np.int32), sky.network.size)
        self._fresh = True

    def delays_ns(self, first: int, count: int) -> F8:
        """One-way delays of all pairs at begin and end of steps, shape (2, step, pair); -1 for none."""
        return self._measured(self.routes(first, count), first)

    def marked_ns(self, first: int, count: int) -> tuple[F8, NDArray[np.uint64]]:
        """Delays, and marks by which the routes of each step are told from each other, shape (step, pair)."""
        state = self.routes(first, count, paths=True)
        return self._measured(state, first), state.mark[:, self._pairs[:, 0], self._pairs[:, 1]]

    def _measured(self, state: State, first: int) -> F8:
        from rabta.emulate.feed._kernels import held

        count = len(state.entry)
        place = places(self.sky, self.sky.instants(first, count + 1))
        out = np.empty((2, count, len(self._pairs)))
        jit.each_part(held, len(self._pairs), state.entry, state.table, place, self._pairs, out)
        return one_way_ns(out)

    def routes(self, first: int, count: int, *, paths: bool = False) -> State:
        """Routes at the begin of steps."""
        view = scene(self.sky.network, self.sky.sites, self.sky.instants(first, count), self.sky.rule)
        found = routes(self.sky.network, view, self._trees, fresh=self._fresh, tables=True, paths=paths)
        self._fresh = False
        return found


def one_way_ns(metres: F8) -> F8:
    """Half of the twin's round trip, ns; -1 where there is no way."""
    return np.asarray(np.where(np.isfinite(metres), 0.5e6 * round_trip_ms(metres), -1.0))


def places(sky: Sky, instants: NDArray[np.datetime64]) -> F8:
    """Places of satellites, then sites, in the satellites' frame, shape (time, satellite + site, 3), m."""
    day, fraction = (np.atleast_1d(part) for part in julian_date(instants))
    flown = orbits.states_at(sky.network.orbits, day, fraction, np.zeros(day.size))[0]
    angle, fixed = gmst_rad(day, fraction), site_positions_m(sky.sites, sky.rule)
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y = cosine * fixed[:, 0] - sine * fixed[:, 1], sine * fixed[:, 0] + cosine * fixed[:, 1]
    turned = np.stack([x, y, np.broadcast_to(fixed[:, 2], x.shape)], axis=-1)
    return np.ascontiguousarray(np.concatenate([np.moveaxis(flown, 2, 0), turned], axis=1))


def held_reference(state: State, place: F8, pairs: Sequence[tuple[int, int]]) -> F8:
    """Same as the kernel: metres of each step's routes at its begin and end, shape (2, step, pair)."""
    satellites = state.table.shape[2]
    out = np.full((2, len(state.entry), len(pairs)), np.inf)
    for t in range(len(state.entry)):
        for p, (goal, site) in enumerate(pairs):
            way = state.path(t, site, goal)
            if way is not None:
                nodes = [satellites + site, *way, satellites + goal]
                for k in (0, 1):
                    out[k, t, p] = np.linalg.norm(np.diff(place[t + k][nodes], axis=0), axis=1).sum()
    return out
