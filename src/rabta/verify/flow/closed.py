"""Flow programmes against values that are known in closed form or from the literature."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rabta.transport.flow import anycast, concurrent
from rabta.verify import Row, suite

RING = "Sum of distances on a ring against its capacity; by symmetry the bound is reached"
COMPLETE = "Every link of a complete graph carries its own pair"
K23 = "Okamura and Seymour, J. Combinatorial Theory B 31 (1981): K(2,3), where the least cut does not decide"
HYPERCUBE = "Sum of Hamming distances d 2^(d-1) 2^d against d 2^d arcs; by symmetry the bound is reached"
DUALITY = "Ford and Fulkerson, Canadian J. Mathematics 8 (1956): maximum flow equals the least cut"
MEGIDDO = "Megiddo, Mathematical Programming 7 (1974): shares level by level along a chain"
GAP = 1e-3


@suite("flow", "Maximum, concurrent and fair flows")
def flow(files: Path | None) -> list[Row]:
    """Closed forms of the concurrent flow, duality, fair shares by hand."""
    del files
    return [*_concurrent(), *_anycast()]


def _all_pairs(nodes: int, ends: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> concurrent.Concurrent:
    """Factor when all ordered pairs ask 1 of links of 1 each way."""
    a, b = np.nonzero(~np.eye(nodes, dtype=bool))
    net = concurrent.both_ways(nodes, ends, np.ones(len(ends)))
    return concurrent.solve(net, concurrent.demands(nodes, a, b, np.ones(a.size)), gap=GAP)


def _concurrent() -> list[Row]:
    ring = np.stack([np.arange(8), (np.arange(8) + 1) % 8], axis=1)
    full = np.stack(np.triu_indices(6, 1), axis=1)
    cube = np.array([(v, v | 1 << k) for v in range(16) for k in range(4) if not v >> k & 1])
    links = [[0, 2], [0, 3], [0, 4], [1, 2], [1, 3], [1, 4]]
    asks = np.array([(0, 1), (2, 3), (3, 4), (2, 4), (1, 0), (3, 2), (4, 3), (4, 2)])
    net = concurrent.both_ways(5, links, np.full(6, 0.5))
    wanted = concurrent.demands(5, asks[:, 0], asks[:, 1], np.full(8, 0.5))
    cases = (
        ("ring of 8", _all_pairs(8, ring), 1 / 8, RING),
        ("complete graph of 6", _all_pairs(6, full), 1.0, COMPLETE),
        ("hypercube of 16", _all_pairs(16, cube), 1 / 8, HYPERCUBE),
        ("K(2,3)", concurrent.solve(net, wanted, gap=GAP), 0.75, K23),
    )
    rows = []
    for name, found, theirs, source in cases:
        for what, ours in (("factor", found.factor), ("bound", found.bound)):
            rows.append(Row(f"concurrent flow, {name}: {what}", ours, theirs, 2 * GAP * theirs, source))
    return rows


def _anycast() -> list[Row]:
    rng = np.random.default_rng(7)
    ends = rng.integers(0, 60, (150, 2))
    ends = ends[ends[:, 0] != ends[:, 1]]
    demand, exits = rng.uniform(0.0, 9.0, 60), np.where(rng.random(60) < 0.08, np.inf, 0.0)
    net = anycast.prepare(demand, ends, rng.uniform(0.5, 6.0, len(ends)), exits)
    behind, cut = net.cut()
    chain = anycast.served(
        [10, 10, 10, 0], [[0, 1], [1, 2], [2, 3]], [2.0, 9.0, 40.0], [0.0, 0.0, 0.0, np.inf]
    )
    rows = [
        Row(
            "maximum flow of a drawn network (Mbit/s) against its least cut",
            net.total_mbps,
            cut + float(demand[~behind].sum()),
            1e-4,
            DUALITY,
        )
    ]
    for node, theirs in enumerate((2.0, 7.0, 10.0)):
        rows.append(Row(f"fair share of node {node} (Mbit/s)", float(chain[node]), theirs, 1e-4, MEGIDDO))
    return rows
