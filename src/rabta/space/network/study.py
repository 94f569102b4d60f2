"""Statistics of all pairs of sites over a run: round trips, changes of path, satellites on the way."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rabta.space.network.forwarding import CHUNK, State, Trees, check, routes
from rabta.space.network.geometry import Rule, Sites, Times, scene
from rabta.space.network.topology import F8, Network

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass
class Study:
    """Extremes and counts by pair of sites, each pair once.

    Attributes
    ----------
    pairs : tuple of ndarray, shape (pair,)
        Rows of the goal and of the site.
    least_ms, most_ms : ndarray, shape (pair,)
        Round trips, over the steps with a path.
    up : ndarray, shape (pair,)
        Steps with a path.
    changes : ndarray, shape (pair,)
        Steps whose path differs from that of the step before; losing and regaining a path count.
    hops : ndarray, shape (pair,)
        Satellites on the path, summed over the steps.
    steps : int
    visible : int, visible_least : int
        Satellites in view of all sites and steps together, and the least of one site at a step.
    """

    pairs: Pairs
    least_ms: F8
    most_ms: F8
    up: NDArray[np.int64]
    changes: NDArray[np.int64]
    hops: NDArray[np.int64]
    steps: int = 0
    visible: int = 0
    visible_least: int = 1 << 30
    _mark: NDArray[np.uint64] = field(default_factory=lambda: np.empty((0, 0), np.uint64), repr=False)

    @classmethod
    def of(cls, sites: int) -> Study:
        """Nothing yet of all pairs of some sites."""
        pairs = np.triu_indices(sites, 1)
        zero = np.zeros(len(pairs[0]), dtype=np.int64)
        low, high = np.full(len(zero), np.inf), np.full(len(zero), -np.inf)
        return cls(pairs, low, high, zero, zero.copy(), zero.copy())

    @property
    def always(self) -> NDArray[np.bool_]:
        """True for pairs with a path at every step."""
        return np.asarray(self.up == self.steps)

    def add(self, state: State) -> None:
        """Add the steps of a state to all sites, with paths."""
        rtt, mark, hops = state.rtt_ms[:, *self.pairs], state.mark[:, *self.pairs], state.hops[:, *self.pairs]
        self.least_ms = np.minimum(self.least_ms, rtt.min(axis=0))
        self.most_ms = np.maximum(self.most_ms, np.where(np.isfinite(rtt), rtt, -np.inf).max(axis=0))
        self.up += np.isfinite(rtt).sum(axis=0)
        self.hops += hops.sum(axis=0)
        whole = np.concatenate([self._mark, mark]) if self.steps else mark
        self.changes += (whole[1:] != whole[:-1]).sum(axis=0)
        self._mark = mark[-1:]
        self.steps += len(rtt)


def study(network: Network, sites: Sites, times: Times, rule: Rule, chunk: int = CHUNK) -> Study:
    """Statistics of all pairs of sites over some steps.

    Parameters
    ----------
    times : ndarray of datetime64[ns], shape (time,)
        UTC.
    """
    goals = np.arange(len(sites.names), dtype=np.int32)
    check(network, sites, times, goals)
    trees, out = Trees.to(goals, network.size), Study.of(len(goals))
    for start in range(0, len(times), chunk):
        view = scene(network, sites, times[start : start + chunk], rule)
        out.add(routes(network, view, trees, fresh=start == 0, paths=True))
        out.visible += int(view.count.sum())
        out.visible_least = min(out.visible_least, int(view.count.min()))
    return out
