"""One graph of satellites, sites, gateways, backbone and cables for the flow programmes.

A satellite's links to the ground share what its payload carries up and down, and a site's links share its
terminals. Both are arcs of their own: traffic goes from a site through its way out, the satellite's way in,
the satellite, and so back; a bent pipe uses both of the satellite's ways.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.space.network.geometry import Scene
from rabta.space.network.topology import Network
from rabta.transport.flow.concurrent import Arcs, arcs

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]


@dataclass(frozen=True)
class Rates:
    """Mbit/s of a laser link each way, of a satellite to and from the ground, and of each site."""

    laser_mbps: float = 20e3
    satellite_mbps: float = 20e3
    site_mbps: ArrayLike = 20e3


@dataclass(frozen=True)
class Whole:
    """Arcs of all parts, and where their nodes are.

    Attributes
    ----------
    arcs : Arcs
    satellite, site, ground : int64
        Node of each satellite, of each site, and of each row of the table ``nodes``.
    span : int64 (arc,)
        Row of ``spans`` that the arc is a direction of; -1 for others.
    """

    arcs: Arcs
    satellite: I8
    site: I8
    ground: I8
    span: I8


def terrestrial(nodes: pd.DataFrame, spans: pd.DataFrame) -> tuple[I8, F8]:
    """Ends (span, 2) and capacity (Mbit/s, each way) of the table ``spans``; planned spans carry nothing."""
    ends = np.stack([spans["from_node"], spans["to_node"]], axis=1).astype(np.int64).reshape(-1, 2)
    wrong = np.flatnonzero(((ends < 0) | (ends >= len(nodes))).any(axis=1))
    if wrong.size:
        raise RabtaError(
            "span ends at no node",
            key=str(spans["name"].iloc[wrong[0]]),
            value=tuple(int(end) for end in ends[wrong[0]]),
            expected=f"rows of nodes from 0 to {len(nodes) - 1}",
        )
    lit = ~spans["status"].isin(("planned", "landed")).to_numpy()
    capacity = np.nan_to_num(spans["capacity_mbps"].to_numpy(np.float64)) * lit
    return ends, np.maximum(capacity, 0.0)


def sky(network: Network, view: Scene, step: int, rates: Rates) -> tuple[I8, I8, F8, int]:
    """Tails, heads and capacities of the arcs of satellites and sites in one step, and their nodes' number.

    Nodes: satellites, their ways in, their ways out, sites, the sites' ways out, their ways in.
    """
    count, sites = network.size, view.count.shape[1]
    up, down, site, out, into = np.cumsum([0, count, count, count, sites, sites])[1:]
    direct = np.isfinite(view.length_m[step, network.arcs[2][:, 0]])
    lasers = network.edges[direct]
    rows = np.repeat(np.arange(sites), view.count[step])
    seen = np.concatenate(
        [rows[:0], *(view.seen[step, g, : view.count[step, g]].astype(np.int64) for g in range(sites))]
    )
    own = np.broadcast_to(np.asarray(rates.site_mbps, np.float64), (sites,))
    each, places = np.arange(count), np.arange(sites)
    link = np.minimum(own[rows], rates.satellite_mbps)
    parts: Sequence[tuple[I8, I8, F8 | float]] = (
        (lasers[:, 0], lasers[:, 1], rates.laser_mbps),
        (lasers[:, 1], lasers[:, 0], rates.laser_mbps),
        (up + each, each, rates.satellite_mbps),
        (each, down + each, rates.satellite_mbps),
        (site + places, out + places, own),
        (into + places, site + places, own),
        (out + rows, up + seen, link),
        (down + seen, into + rows, link),
    )
    tail, head = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    limit = np.concatenate([np.broadcast_to(part[2], part[0].shape) for part in parts])
    return tail, head, np.ascontiguousarray(limit, np.float64), int(into + sites)


def together(
    sky_arcs: tuple[I8, I8, F8, int],
    satellites: int,
    ground: tuple[I8, F8] | None = None,
    nodes: int = 0,
    stands_at: Mapping[int, int] | None = None,
) -> Whole:
    """Join the sky and the ground: ``stands_at`` says at which row of ``nodes`` a site (a gateway) stands.

    A site without such a row is an end of its own. A gateway that is named with a row that does not exist
    is refused.
    """
    tail, head, limit, size = sky_arcs
    sites = (size - 3 * satellites) // 3
    ends, capacity = ground if ground is not None else (np.zeros((0, 2), np.int64), np.zeros(0))
    places = dict(stands_at or {})
    for site, node in places.items():
        if not 0 <= site < sites or not 0 <= node < nodes:
            raise RabtaError(
                "gateway stands on no node",
                key=f"site {site}",
                value=node,
                expected=f"sites to {sites - 1}, nodes to {nodes - 1}",
            )
    gates, at = (np.array(list(x), np.int64) for x in (places.keys(), places.values()))
    free = np.full(gates.size, limit.max(initial=1.0) * max(1, satellites))
    a, b = size + ends[:, 0], size + ends[:, 1]
    here = 3 * satellites + gates
    joined = arcs(
        size + nodes,
        np.concatenate([tail, a, b, here, size + at]),
        np.concatenate([head, b, a, size + at, here]),
        np.concatenate([limit, capacity, capacity, free, free]),
    )
    span = np.full(joined.capacity.size, -1, np.int64)
    span[tail.size : tail.size + 2 * len(ends)] = np.tile(np.arange(len(ends)), 2)
    return Whole(
        joined, np.arange(satellites), 3 * satellites + np.arange(sites), size + np.arange(nodes), span
    )
