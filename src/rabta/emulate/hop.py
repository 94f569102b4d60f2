"""Two ways between two hosts, over a router each: hosts' own kernels route, and may use both.

As from a satellite terminal and a mobile tower of one village. The ways themselves end at the routers; from
there to the server nothing takes time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.emulate.engine.course import PIECE, Course
from rabta.emulate.programs import mptcp, routing
from rabta.errors import RabtaError

if TYPE_CHECKING:
    from rabta.emulate.testbed import Testbed

Array = NDArray[np.float64]
ROUTERS = ("way 1", "way 2")


@dataclass(frozen=True)
class Rates:
    """What a way carries up and down (bit/s; 0 for unlimited), and what its queues hold (s)."""

    up_bps: float = 0.0
    down_bps: float = 0.0
    queue_s: float = 0.1


def fork(
    user: str, server: str, ways: tuple[Array, Array], rates: tuple[Rates, Rates], length_s: float
) -> Course:
    """Course of two hosts and two routers.

    Parameters
    ----------
    ways : tuple of ndarray, shape (piece, 7)
        Pieces of either way, as `rabta.emulate.ways.pieces` has them; the same in both directions.
    """
    hosts = (user, server, *ROUTERS)
    flat = np.zeros((1, PIECE))
    parts: list[Array] = []
    ends, up = [], []
    for number, way in enumerate(ways):
        router = 2 + number
        for a, b, piece, gate in (
            (0, router, way, 2 * number), (router, 0, way, 2 * number + 1),
            (router, 1, flat, -1), (1, router, flat, -1),
        ):  # fmt: skip
            ends.append((a, b))
            parts.append(piece)
            up.append(gate)
    bps = [one for rate in rates for one in (rate.up_bps, rate.down_bps)]
    first = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    queue = np.repeat([1e9 * rate.queue_s for rate in rates], 2)
    none = np.zeros(len(ends))
    return Course(
        hosts, np.array(ends, dtype=np.int64), first, np.concatenate(parts), none, none,
        tuple(f"{router} {way}" for router in ROUTERS for way in ("up", "down")),
        np.arange(5, dtype=np.int64), np.array([[0.0, rate] for rate in bps]), queue, np.zeros(4),
        np.array(up, dtype=np.int64), np.full(len(ends), -1, dtype=np.int64), round(length_s * 1e9),
    )  # fmt: skip


def routers(course: Course, user: str, server: str) -> tuple[str, str]:
    """Two hosts that both ends have a link to.

    Raises
    ------
    RabtaError
        Where there are not two.
    """
    way = course.route()
    a, b = course.hosts.index(user), course.hosts.index(server)
    found = [
        name for k, name in enumerate(course.hosts) if k not in (a, b) and way[a, k] >= 0 and way[k, b] >= 0
    ]
    if len(found) < 2:
        raise RabtaError(f"no two ways from {user} to {server}", value=len(found), expected="two routers")
    return found[0], found[1]


@dataclass
class Network:
    """Routes of a testbed in hop mode.

    Attributes
    ----------
    ospf : Routers, optional
        Daemons, where OSPF finds the ways; else they are fixed over the first router.
    converged_s : float
        How long OSPF took.
    """

    routers: tuple[str, str]
    ospf: routing.Routers | None = None
    converged_s: float = 0.0


def network(bed: Testbed, user: str, server: str, folder: Path, *, ospf: bool) -> Network:
    """Set routes up: those of Multipath TCP by the packet's address, and the ones that all else takes."""
    found = Network(routers(bed.course, user, server))
    mptcp.routed(bed, user, server, found.routers, fixed=not ospf)
    if ospf:
        found.ospf = routing.Routers(bed, folder)
        found.converged_s = found.ospf.converge()
    return found
