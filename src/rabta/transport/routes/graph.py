"""One graph of satellites, their lasers, gateways, platforms, fibre, microwave and cables, and the ends.

Nodes are the satellites, then the ground nodes: rows of the ``nodes`` table, gateways that are not among
them, and the ends last. An end is a place with user terminals of every system and, where it has one, an
access fibre to a ground node; it begins and ends ways, and never passes traffic on. Gateways and platforms
pass it on, from satellite to satellite as well (bent-pipe relays); between operators traffic changes hands
at them only, or over links that were declared to `rabta.space.network.topology.join`.

A satellite without lasers is transparent: it joins a user and a gateway that see it at once, and never two
users. With ``turning`` it joins any two sites, as the relays of Hypatia do.

Lengths are metres of light in vacuum: a fibre counts with its group index. No processing, queueing or
scheduling is in them, as in `rabta.transport.latency`, whose allowance is added to each round trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.errors import RabtaError
from rabta.space.network.topology import Network
from rabta.units import SPEED_OF_LIGHT_M_S

if TYPE_CHECKING:
    from scipy.sparse import csr_array

F8 = NDArray[np.float64]
I4 = NDArray[np.int32]
U1 = NDArray[np.uint8]

SHORTEST_M = 1e-3  # so that nearer nodes come before farther ones
FLAT_DEG = -90.0  # first horizon of a site without terrain
AZIMUTHS = 36
NO_WORDS: U1 = np.zeros((0, 0), dtype=np.uint8)


@dataclass(frozen=True)
class Sites:
    """Places with antennas, the ends first, then what relays.

    Attributes
    ----------
    lat_deg, lon_deg, height_m : ndarray, shape (site,) or (time, site)
        Geodetic; over time where something moves.
    allowed : ndarray of uint8, shape (site, system)
    least_deg : ndarray, shape (kind, satellite)
        Least elevation of each kind of site.
    kind : ndarray of int32, shape (site,)
        Row of `least_deg`.
    horizon_deg : ndarray, shape (site, 36)
        Terrain by azimuth; `FLAT_DEG` where there is none.
    node : ndarray of int32, shape (site,)
        Ground node of the site.
    """

    names: tuple[str, ...]
    lat_deg: F8
    lon_deg: F8
    height_m: F8
    allowed: U1
    least_deg: F8
    kind: I4
    horizon_deg: F8
    node: I4

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Ground:
    """Ground nodes and the arcs between them.

    Attributes
    ----------
    names : tuple of str
    position_m : ndarray, shape (time, node, 3)
        Earth-fixed; one step where nothing moves.
    begin, target : ndarray of int32
        Start of each node's arcs, and their far ends.
    metres : ndarray, shape (time, arc)
        Infinity where there is no link.
    space : ndarray of uint8, shape (arc,)
        1 for radio links of platforms, which ways over space alone may use.
    span : ndarray of int32, shape (arc,)
        Row of the spans table; -1 for access and radio links.
    """

    names: tuple[str, ...]
    position_m: F8
    begin: I4
    target: I4
    metres: F8
    space: U1
    span: I4

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Waits:
    """Queueing at satellites' ground links, at relays and on lasers, in metres of light.

    Attributes
    ----------
    satellite : ndarray, shape (satellite,)
    site : ndarray, shape (site,)
    laser : ndarray, shape (arc,)
        Empty for none.
    """

    satellite: F8
    site: F8
    laser: F8


@dataclass(frozen=True)
class Graph:
    """The joined network; see the module.

    Attributes
    ----------
    transparent : ndarray of uint8, shape (satellite,)
        1 where the satellite joins users to gateways only.
    ends : int
        How many of the sites are ends.
    bits, ground_bits : ndarray of uint8, shape (node, word), (arc, word)
        Who and where a node or an arc is, by bit; see `rabta.transport.routes.parties`.
    """

    network: Network
    transparent: U1
    sites: Sites
    ends: int
    ground: Ground
    bits: U1 = field(default_factory=lambda: NO_WORDS)
    ground_bits: U1 = field(default_factory=lambda: NO_WORDS)
    waits: Waits | None = None

    @property
    def size(self) -> int:
        """Number of nodes."""
        return self.network.size + len(self.ground)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all nodes."""
        return (*self.network.names, *self.ground.names)

    def waiting(self) -> Waits:
        """Queueing; none unless given."""
        if self.waits is not None:
            return self.waits
        return Waits(np.zeros(self.network.size), np.zeros(len(self.sites)), np.zeros(0))


@dataclass(frozen=True)
class Cable:
    """A link between ground nodes: both rows, metres of light, row of the spans table, and whether radio."""

    a: int
    b: int
    metres: float | F8
    span: int = -1
    space: bool = False


def metres_of(delay_ms: float) -> float:
    """Metres of light of a one-way delay.

    Examples
    --------
    >>> round(metres_of(1.0))
    299792
    """
    return delay_ms * 1e-3 * SPEED_OF_LIGHT_M_S


def ground(names: Sequence[str], position_m: F8, cables: Sequence[Cable]) -> Ground:
    """Ground graph of nodes and links, each in both directions.

    Parameters
    ----------
    position_m : ndarray, shape (node, 3) or (time, node, 3)
        Earth-fixed.

    Notes
    -----
    A link is no shorter than the straight line between its ends: nothing outruns light.
    """
    place = position_m if position_m.ndim == 3 else position_m[None]
    _check(names, cables)
    ends = np.array([(c.a, c.b) for c in cables], dtype=np.int64).reshape(-1, 2)
    straight = np.linalg.norm(place[:, ends[:, 0]] - place[:, ends[:, 1]], axis=-1)
    steps = max([1, *(np.size(c.metres) for c in cables)])
    length = np.empty((max(steps, len(place)) if steps > 1 else 1, len(cables)))
    for at, cable in enumerate(cables):
        length[:, at] = cable.metres
    length = np.maximum(length, np.maximum(straight if steps > 1 else straight.max(axis=0), SHORTEST_M))
    both = np.concatenate([ends, ends[:, ::-1]])
    order = np.lexsort((both[:, 1], both[:, 0]))
    row = np.concatenate([np.arange(len(cables))] * 2)[order].astype(np.int64)
    span, space = np.array([(c.span, c.space) for c in cables], dtype=np.int64).reshape(-1, 2).T
    return Ground(
        tuple(names),
        np.ascontiguousarray(place, dtype=np.float64),
        np.searchsorted(both[order, 0], np.arange(len(names) + 1)).astype(np.int32),
        both[order, 1].astype(np.int32),
        np.ascontiguousarray(length[:, row]),
        space[row].astype(np.uint8),
        span[row].astype(np.int32),
    )


def shortest(still: Ground) -> tuple[csr_array, NDArray[np.int64]]:
    """Metres between neighbours on a ground that does not move, without platforms' radio links.

    Returns
    -------
    csr_array, shape (node, node)
    ndarray of int64
        Arc of each of its entries: of cables side by side the shortest.
    """
    from scipy.sparse import csr_array

    rows, metres = np.repeat(np.arange(len(still)), np.diff(still.begin)), still.metres[0]
    order = np.lexsort((metres, still.target, rows))
    order = order[np.isfinite(metres[order]) & (still.space[order] == 0)]
    same = (np.diff(rows[order]) == 0) & (np.diff(still.target[order]) == 0)
    best = order[np.append(True, ~same)] if order.size else order
    return csr_array((metres[best], (rows[best], still.target[best])), shape=(len(still),) * 2), best


def _check(names: Sequence[str], cables: Sequence[Cable]) -> None:
    for cable in cables:
        if not (0 <= cable.a < len(names) and 0 <= cable.b < len(names)):
            raise RabtaError(
                "link to a node that does not exist",
                key=f"spans[{cable.span}]",
                value=f"{cable.a} {cable.b}",
                expected=f"rows below {len(names)}",
            )
        if not (np.asarray(cable.metres) >= 0.0).all():
            raise RabtaError(
                "link without a delay",
                key=f"spans[{cable.span}]",
                value=cable.metres,
                expected="zero or more",
            )


def site_arrays(sites: Sites) -> tuple[F8, F8]:
    """Earth-fixed positions (time, site, 3) and axes (time, site, 3, 3); one step where nothing moves."""
    lat, lon, height = (np.atleast_2d(a) for a in (sites.lat_deg, sites.lon_deg, sites.height_m))
    place = geo.ecef_from_geodetic(lat, lon, height)
    return np.ascontiguousarray(place), np.ascontiguousarray(geo.east_north_up(lat, lon))


def without(graph: Graph, systems: Sequence[str] = (), relays: bool = True) -> Graph:
    """The same graph without the ground links of some systems, or without any relaying on the ground."""
    names = graph.network.systems
    barred = np.isin(names, list(systems))
    allowed = np.where(barred[None, :], 0, graph.sites.allowed).astype(np.uint8)
    if not relays:
        allowed[graph.ends :] = 0
    return replace(graph, sites=replace(graph.sites, allowed=allowed))
