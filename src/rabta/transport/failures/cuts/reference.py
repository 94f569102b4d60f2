"""References of the kernels, slow and plain: every case as a maximum flow of its own by SciPy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rabta.transport.failures.cuts.graph import Network

I8 = NDArray[np.int64]
MOST = 2**31 - 1  # SciPy's capacities are 32-bit


def delivered(net: Network, gone: Sequence[int] = ()) -> int:
    """Units that reach exits without the edges that are gone (Dinic's algorithm of SciPy).

    Parallel edges are added up; capacities above 32 bits must not bind and are cut to the demand.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    alive = np.ones(net.tail.size, bool)
    alive[np.asarray(gone, np.int64)] = False
    source, most = net.demand.size, int(net.demand.sum())
    if most > MOST:
        raise ValueError("demand above 32 bits: use a larger unit")
    tail = np.concatenate([net.tail[alive], net.head[alive], np.full(source, source)])
    head = np.concatenate([net.head[alive], net.tail[alive], np.arange(source)])
    room = np.concatenate([net.limit[0, alive], net.limit[1, alive], net.demand])
    some = room > 0
    matrix = csr_array(
        (np.minimum(room[some], most), (tail[some], head[some])), shape=(source + 1, source + 1)
    )
    matrix.sum_duplicates()
    matrix.data = np.minimum(matrix.data, most).astype(np.int32)
    return int(maximum_flow(matrix, source, net.sink).flow_value)


def connected(net: Network, goal: int, gone: Sequence[int] = ()) -> NDArray[np.bool_]:
    """Nodes with a way to the goal over edges with any capacity that are not gone."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    alive = (net.limit.max(axis=0) > 0) | (np.arange(net.tail.size) >= net.spans)
    alive[np.asarray(gone, np.int64)] = False
    size = net.demand.size
    links = coo_array((np.ones(alive.sum()), (net.tail[alive], net.head[alive])), shape=(size, size))
    _, part = connected_components(links, directed=False)
    return np.asarray(part == part[goal])


def cut_units(net: Network, behind: NDArray[np.bool_], gone: Sequence[int] = ()) -> int:
    """Capacity of the cut around a set of nodes: demand outside it, and what its edges carry out.

    No flow can exceed it, whatever the set (Ford and Fulkerson 1956): equality proves both.
    """
    alive = np.ones(net.tail.size, bool)
    alive[np.asarray(gone, np.int64)] = False
    out = alive & behind[net.tail] & ~behind[net.head]
    back = alive & behind[net.head] & ~behind[net.tail]
    return int(net.demand[~behind].sum() + net.limit[0, out].sum() + net.limit[1, back].sum())
