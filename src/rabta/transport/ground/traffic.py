"""People and traffic of the nodes, and how much fibre the spans must have for it.

Every cell's traffic enters at the nearest fibre node from which an exchange can be reached.

No capacity of any national span is published. Each is dimensioned as a carrier would do it: the busy hour is
routed on shortest ways, the home share to the nearest exchange and the rest to the landings by their
capacity; then once more while every span that is already in use counts `DETOUR` times as long, so that the
ways round have fibre too. A span gets the larger of the two loads times `HEADROOM`, in whole waves of
100 Gbit/s, one at least. Fibre to a landing or border carries all that is lit there besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
I4 = NDArray[np.int32]

WAVE_MBPS = 100_000.0
HEADROOM = 1.4  # load of at most 70 %: carriers upgrade there
DETOUR = 3.0
SIZED = ("fibre",)
EXIT_KINDS = ("exchange",)
LEADS_ABROAD = ("submarine", "land")


def components(count: int, spans: pd.DataFrame) -> I8:
    """Number of the connected part of each node."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    a, b = (spans[n].to_numpy(np.int64) for n in ("from_node", "to_node"))
    graph = sparse.csr_matrix((np.ones(a.size), (a, b)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def nearest(cells: pd.DataFrame, nodes: pd.DataFrame, rows: I8) -> I4:
    """Which of some rows of the nodes is nearest to each cell (straight, by a tree)."""
    from scipy.spatial import cKDTree

    from rabta.geo import ecef_from_geodetic

    there = ecef_from_geodetic(*(nodes[n].to_numpy(np.float64)[rows] for n in ("lat_deg", "lon_deg")))
    here = ecef_from_geodetic(*(cells[n].to_numpy(np.float64) for n in ("lat_deg", "lon_deg")))
    return np.asarray(rows[cKDTree(there).query(here)[1]], dtype=np.int32)


def entry_nodes(cells: pd.DataFrame, nodes: pd.DataFrame, spans: pd.DataFrame) -> I4:
    """Node at which each cell's traffic enters: the nearest fibre from which an exchange is reached.

    -1 where there is none.
    """
    good = nodes["kind"].eq("fibre").to_numpy() & ~cut_off(nodes, spans)
    if not good.any():
        return np.full(len(cells), -1, dtype=np.int32)
    return nearest(cells, nodes, np.flatnonzero(good))


def cut_off(nodes: pd.DataFrame, spans: pd.DataFrame, *, by_abroad: bool = False) -> NDArray[np.bool_]:
    """Nodes from which no exchange is reached, shape (node,); ways over abroad count only if `by_abroad`."""
    home = spans if by_abroad else spans[~spans["kind"].isin(LEADS_ABROAD)]
    part = components(len(nodes), home)
    return ~np.isin(part, part[nodes["kind"].isin(EXIT_KINDS).to_numpy()])


def at_nodes(entry: I4, values: F8, count: int) -> F8:
    """Sum over the cells that enter at each node."""
    here = entry >= 0
    return np.asarray(np.bincount(entry[here], weights=values[here], minlength=count), dtype=np.float64)


@dataclass(frozen=True)
class Load:
    """Spans, and where their traffic goes: goals with the share of every node's demand that each draws."""

    count: int
    ends: I8
    km: F8
    groups: tuple[tuple[I8, float], ...]

    def on(self, demand: F8, weight: F8) -> F8:
        """Load of each span when every node's demand takes the shortest way to the nearest of each group."""
        out = np.zeros(len(self.ends))
        for goals, share in self.groups:
            if goals.size and share > 0.0:
                out += _downstream(self.count, self.ends, weight, goals, demand * share)
        return out


def joined(count: int, ends: I8, weight: F8) -> tuple[Any, dict[tuple[int, int], int]]:
    """Sparse graph of spans both ways, and the span between two nodes; of parallel spans the shortest."""
    from scipy import sparse

    both = np.concatenate([ends, ends[:, ::-1]])
    order = np.lexsort((np.tile(weight, 2), both[:, 1], both[:, 0]))
    first = np.ones(order.size, dtype=bool)
    first[1:] = (both[order][1:] != both[order][:-1]).any(axis=1)
    kept = order[first]  # of parallel spans the shortest
    graph = sparse.csr_matrix(
        (np.tile(weight, 2)[kept], (both[kept, 0], both[kept, 1])), shape=(count, count)
    )
    return graph, {(int(a), int(b)): int(k % len(ends)) for (a, b), k in zip(both[kept], kept, strict=True)}


def _downstream(count: int, ends: I8, weight: F8, goals: I8, demand: F8) -> F8:
    """Load of each span on the shortest-path forest to the goals."""
    from scipy.sparse.csgraph import dijkstra

    graph, span_of = joined(count, ends, weight)
    far, before, _ = dijkstra(graph, indices=goals, min_only=True, return_predecessors=True)
    load, carried = np.zeros(len(ends)), demand.astype(np.float64).copy()
    reached = np.isfinite(far)
    for node in np.argsort(np.where(reached, far, -1.0), kind="stable")[::-1].tolist():
        onward = int(before[node])
        if reached[node] and onward >= 0:
            load[span_of[node, onward]] += carried[node]
            carried[onward] += carried[node]
    return load


def dimension(nodes: pd.DataFrame, spans: pd.DataFrame, home_share: float) -> F8:
    """Capacity (Mbit/s) of all spans: fibre by the rule above, the others as they are.

    Parameters
    ----------
    home_share : float
        Share of the traffic that is answered at the exchanges.
    """
    if not 0.0 <= home_share <= 1.0:
        raise RabtaError("share out of range", key="home_share", value=home_share, expected="0 to 1")
    kind = nodes["kind"].to_numpy(str)
    demand = nodes["demand_mbps"].to_numpy(np.float64)
    ends = spans[["from_node", "to_node"]].to_numpy(np.int64)
    km = np.maximum(spans["route_km"].to_numpy(np.float64), 1e-3)
    groups = ((np.flatnonzero(kind == "exchange"), home_share), *_landings(nodes, spans, 1.0 - home_share))
    at_home = np.isin(spans["kind"].to_numpy(str), ("fibre", "peering"))
    rows = np.flatnonzero(at_home)
    load = Load(len(nodes), ends[rows], km[rows], groups)
    first = load.on(demand, km[rows])
    second = load.on(demand, km[rows] * np.where(first > 0.0, DETOUR, 1.0))
    need = np.zeros(len(spans))
    need[rows] = np.maximum(first, second) * HEADROOM
    sized = np.isin(spans["kind"].to_numpy(str), SIZED)
    need = np.maximum(need, _lit(nodes, spans)[ends].max(axis=1))
    waves = np.maximum(1.0, np.ceil(need / WAVE_MBPS - 1e-9)) * WAVE_MBPS
    return np.asarray(np.where(sized, waves, spans["capacity_mbps"].to_numpy(np.float64)))


def _lit(nodes: pd.DataFrame, spans: pd.DataFrame) -> F8:
    """Capacity of the circuits that begin at each landing and border, shape (node,)."""
    circuit = np.isin(spans["kind"].to_numpy(str), LEADS_ABROAD)
    held = np.bincount(
        spans["from_node"].to_numpy(np.int64)[circuit],
        weights=spans["capacity_mbps"].to_numpy(np.float64)[circuit],
        minlength=len(nodes),
    )
    return np.where(nodes["kind"].isin(("landing", "border")), held, 0.0)


def _landings(nodes: pd.DataFrame, spans: pd.DataFrame, share: float) -> list[tuple[I8, float]]:
    """Each landing and border as a goal of its own, drawing by the capacity of its circuits."""
    lit = _lit(nodes, spans)
    if not lit.sum() > 0.0:
        return []
    return [(np.array([row]), share * lit[row] / lit.sum()) for row in np.flatnonzero(lit).tolist()]
