"""Forwarding state: the next hop of every node to every ground site, at every step, by shortest delay.

The trees to the sites are kept from step to step. A step recomputes the distances along the old tree, lets
every satellite take the best of its neighbours until none can do better, and starts afresh (Dijkstra with a
binary heap) where much has changed. Either way the distances are the least over all paths, each summed from
the site outwards, so the result is that of a search from scratch, to the last bit, whatever the steps
before, their chunks, or the number of threads.

Ties: of equal delays a satellite delivers to the site itself first, then takes the neighbour of the lowest
row; a site takes the satellite of the lowest row.

Only satellites forward: a path leaves the ground once and comes down once, as in Hypatia's
``algorithm_free_one_only_over_isls``.
"""

from __future__ import annotations

import heapq
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta import jit
from rabta.errors import RabtaError
from rabta.space.network.geometry import Rule, Scene, Sites, Times, scene
from rabta.space.network.topology import F8, I4, Network
from rabta.space.propagate import ELEMENTS, stale_elements
from rabta.units import SPEED_OF_LIGHT_M_S

U8 = NDArray[np.uint64]

CHUNK = 50  # most steps that are propagated and looked at together
ENTRIES = 40_000_000  # about so many numbers of a chunk's state are in memory at once
DOWN, NOWHERE = -2, -1  # next hops of the trees: the site itself, none


@dataclass(frozen=True)
class State:
    """Forwarding state at some steps.

    Attributes
    ----------
    metres : ndarray, shape (time, goal, site)
        Length of the shortest path from each site to each goal; infinity where there is none.
    entry : ndarray of int32, shape (time, goal, site)
        First satellite of that path, -1 where there is none.
    table : ndarray of int32, shape (time, goal, satellite)
        Next hop of every satellite: a satellite, the number of satellites plus the goal's site, or -1.
        No steps unless asked for.
    hops : ndarray of int32, shape (time, goal, site)
        Satellites on the path. No steps unless asked for.
    mark : ndarray of uint64, shape (time, goal, site)
        FNV-1a of the path's satellites, the same as long as the path is. No steps unless asked for.
    goals : ndarray of int32, shape (goal,)
        Rows of the goals among the sites.
    """

    metres: F8
    entry: I4
    table: I4
    hops: I4
    mark: U8
    goals: I4

    @property
    def rtt_ms(self) -> F8:
        """Round trip of each path, there and back the same way, milliseconds."""
        return np.asarray(2e3 / SPEED_OF_LIGHT_M_S * self.metres)

    def path(self, step: int, site: int, goal: int) -> list[int] | None:
        """Satellites from a site to a goal (rows of the sites); None where there is no path. Needs tables."""
        at = int(np.flatnonzero(self.goals == goal)[0])
        node, satellites = int(self.entry[step, at, site]), self.table.shape[2]
        if node < 0:
            return None
        out = []
        while node < satellites:
            out.append(node)
            node = int(self.table[step, at, node])
        return out


@dataclass(frozen=True)
class Trees:
    """Trees to the goals, kept between steps: arc to the next hop, and satellites by distance."""

    goals: I4
    up: I4
    order: I4

    @classmethod
    def to(cls, goals: I4, satellites: int) -> Trees:
        """Trees that are not yet known."""
        shape = (len(goals), satellites)
        return cls(goals, np.full(shape, NOWHERE, dtype=np.int32), np.zeros(shape, dtype=np.int32))


def forward(
    network: Network,
    sites: Sites,
    times: Times,
    rule: Rule,
    *,
    goals: NDArray[np.integer] | None = None,
    tables: bool = False,
    paths: bool = False,
) -> State:
    """Forwarding state at all steps, in memory; see `states` for long runs.

    Parameters
    ----------
    times : ndarray of datetime64[ns], shape (time,)
        UTC.
    goals : ndarray of int, optional
        Rows of the sites to route to; all without it.
    tables, paths : bool
        Whether to keep the next hops of satellites; whether to follow every path for `hops` and `mark`.

    Examples
    --------
    >>> from rabta.space.network.geometry import Sites, correct
    >>> from rabta.space.network.topology import Shell, shell_network
    >>> net = shell_network(Shell("S1", 550.0, 53.0, planes=72, per_plane=22, phasing=39))
    >>> ends = Sites.of([("Karachi", 24.86, 67.01), ("London", 51.51, -0.13)])
    >>> made = forward(net, ends, np.array(["2000-01-01T00:00"], "datetime64[ns]"), correct())
    >>> 45 < float(made.rtt_ms[0, 0, 1]) < 55
    True
    """
    found = list(states(network, sites, times, rule, goals=goals, tables=tables, paths=paths))
    return State(
        np.concatenate([made.metres for made in found]),
        np.concatenate([made.entry for made in found]),
        np.concatenate([made.table for made in found]),
        np.concatenate([made.hops for made in found]),
        np.concatenate([made.mark for made in found]),
        found[0].goals,
    )


def states(
    network: Network,
    sites: Sites,
    times: Times,
    rule: Rule,
    *,
    goals: NDArray[np.integer] | None = None,
    tables: bool = False,
    paths: bool = False,
    chunk: int | None = None,
) -> Iterator[State]:
    """Forwarding state, chunk of steps after chunk; parameters as of `forward`.

    Without `chunk` it is so many steps that their state fits into some hundred megabytes; it changes nothing
    in what comes out.
    """
    rows = np.arange(len(sites.names)) if goals is None else np.asarray(goals)
    check(network, sites, times, rows)
    warn_stale(network, times)
    trees = Trees.to(rows.astype(np.int32), network.size)
    if chunk is None:
        row = 3 * len(sites.names) + (network.size if tables else 0)
        chunk = min(CHUNK, max(1, ENTRIES // (len(rows) * row)))
    for start in range(0, len(times), chunk):
        view = scene(network, sites, times[start : start + chunk], rule)
        yield routes(network, view, trees, fresh=start == 0, tables=tables, paths=paths)


def check(network: Network, sites: Sites, times: Times, goals: NDArray[np.integer]) -> None:
    """Refuse what has no answer: no satellites, sites or steps, and goals that are no sites."""
    for key, size in (("satellites", network.size), ("sites", len(sites.names)), ("times", len(times))):
        if not size:
            raise RabtaError("nothing to route", key=key, value=0, expected="at least one")
    wrong = (goals < 0) | (goals >= len(sites.names))
    if wrong.any():
        value = int(goals[wrong.argmax()])
        raise RabtaError(
            "goal that is no site", key="goals", value=value, expected=f"0 to {len(sites.names) - 1}"
        )


def warn_stale(network: Network, times: Times) -> None:
    """Warn of elements far from the time of the run, with the error to expect.

    Real are those with a drag term: patterns have none, and their place along the orbit is as good as stated.
    """
    real = np.asarray(network.elements["bstar"]) != 0.0
    text = stale_elements({name: np.asarray(network.elements[name])[real] for name in ELEMENTS}, times)
    if text:
        warnings.warn(text, stacklevel=3)


def routes(
    network: Network, view: Scene, trees: Trees, *, fresh: bool, tables: bool = False, paths: bool = False
) -> State:
    """Shortest ways over a scene; the trees are those of the step before, and are brought up to date.

    Parameters
    ----------
    fresh : bool
        True where the trees are not yet known.
    """
    from rabta.space.network._kernels import routes as kernel

    begin, target, _ = network.arcs
    steps, count = view.count.shape
    made = _empty(steps, len(trees.goals), count, network.size, tables=tables, paths=paths, goals=trees.goals)
    jit.each_part(
        kernel, len(trees.goals), fresh, trees.goals, begin, target, view.length_m, view.count, view.seen,
        view.range_m, trees.up, trees.order, made.metres, made.entry, made.table, made.hops, made.mark,
    )  # fmt: skip
    return made


def _empty(
    steps: int, goals_: int, sites: int, satellites: int, *, tables: bool, paths: bool, goals: I4
) -> State:
    shape, marked = (steps, goals_, sites), (steps if paths else 0, goals_, sites)
    return State(
        np.empty(shape),
        np.empty(shape, dtype=np.int32),
        np.empty((steps if tables else 0, goals_, satellites), dtype=np.int32),
        np.empty(marked, dtype=np.int32),
        np.empty(marked, dtype=np.uint64),
        goals,
    )


def routes_reference(network: Network, view: Scene, goals: I4) -> State:
    """Same as `routes` with tables and paths, by plain Dijkstra from every goal at every step."""
    steps, sites = view.count.shape
    made = _empty(steps, len(goals), sites, network.size, tables=True, paths=True, goals=goals)
    for t in range(steps):
        for d, goal in enumerate(goals.tolist()):
            _one_reference(network, view, made, t, d, goal)
    return made


def _one_reference(network: Network, view: Scene, made: State, t: int, d: int, goal: int) -> None:
    direct = np.full(network.size, np.inf)
    direct[view.seen[t, goal, : view.count[t, goal]]] = view.range_m[t, goal, : view.count[t, goal]]
    dist = _distances_reference(network, view.length_m[t], direct)
    made.table[t, d] = _hops_reference(network, view.length_m[t], direct, dist, network.size + goal)
    for g in range(view.count.shape[1]):
        seen, metres = (a[t, g, : view.count[t, g]] for a in (view.seen, view.range_m))
        total = metres + dist[seen]
        best = int(total.argmin()) if len(total) else -1
        found = g != goal and best >= 0 and np.isfinite(total[best])
        made.metres[t, d, g] = 0.0 if g == goal else (total[best] if found else np.inf)
        made.entry[t, d, g] = seen[best] if found else NOWHERE
        way, code = made.path(t, g, goal) or [], 14_695_981_039_346_656_037
        for node in way:
            code = ((code ^ node) * 1_099_511_628_211) % 2**64
        made.hops[t, d, g], made.mark[t, d, g] = len(way), code


def _distances_reference(network: Network, length: F8, direct: F8) -> F8:
    begin, target, _ = network.arcs
    dist, done = direct.copy(), np.zeros(direct.size, dtype=bool)
    heap = [(far, node) for node, far in enumerate(direct.tolist()) if far < np.inf]
    heapq.heapify(heap)
    while heap:
        far, node = heapq.heappop(heap)
        if done[node]:
            continue
        done[node] = True
        for arc in range(begin[node], begin[node + 1]):
            reach = far + float(length[arc])
            if reach < dist[target[arc]]:
                dist[target[arc]] = reach
                heapq.heappush(heap, (reach, int(target[arc])))
    return dist


def _hops_reference(network: Network, length: F8, direct: F8, dist: F8, site: int) -> I4:
    begin, target, _ = network.arcs
    out = np.full(network.size, NOWHERE, dtype=np.int32)
    for node in range(network.size):
        best, arcs = direct[node], slice(begin[node], begin[node + 1])
        if best < np.inf:
            out[node] = site
        reach = dist[target[arcs]] + length[arcs]
        if reach.size and reach.min() < best:
            out[node] = target[arcs][reach.argmin()]
    return out
