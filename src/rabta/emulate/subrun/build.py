"""A sub-run: users of named places and their servers as one course, with what each figure rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any
from zlib import crc32

import numpy as np

from rabta.emulate import ways
from rabta.emulate.engine.course import Course
from rabta.emulate.subrun import access, network, realism
from rabta.emulate.subrun.access import QUEUE_S, Figure, Given, Span
from rabta.emulate.subrun.lost import Lost, losses
from rabta.emulate.subrun.named import Server, Spot, Wish, server, spot
from rabta.emulate.subrun.network import Leg, Way
from rabta.emulate.subrun.source import Source
from rabta.emulate.ways import Access
from rabta.errors import RabtaError

REROUTE_S = 1.0
"""Outage of a way that loses an element, until routing has found another: assumed, a link state protocol that
notices at once and waits for its timers (RFC 8405 names delays of 50 ms to 5 s for that)."""


@dataclass(frozen=True)
class Asked:
    """What a sub-run is asked for.

    Attributes
    ----------
    hosts : sequence of Wish
    to : str
        Place or node of the servers.
    span : Span
    without : sequence of str
        Losses, as `rabta.emulate.subrun.lost.losses` reads them.
    spare : bool
        Whether spare capacity of satellites is given to those in use too.
    queue_s, gap_s, reroute_s : float
        Of queues; outage at changes of the terminal's satellite; outage of a way that loses an element.
    plain : bool
        Whether what real terminals add is left out (`realism`).
    """

    hosts: Sequence[Wish]
    to: str
    span: Span
    without: Sequence[str] = ()
    spare: bool = False
    queue_s: float = QUEUE_S
    gap_s: float = 0.0
    reroute_s: float = REROUTE_S
    plain: bool = False


@dataclass(frozen=True)
class Host:
    """Users of one hexagon: what the plan gives each, and their way."""

    spot: Spot
    given: Given
    way: Way
    users: tuple[str, ...]


@dataclass(frozen=True)
class Subrun:
    """A course, its users and servers, and what is known about each.

    Attributes
    ----------
    course : Course
    hosts : tuple of Host
    server : Server
    lost : tuple of Lost
    about : dict
        Plain data for the result: of each host its figures with their sources, and its ways.
    """

    course: Course
    hosts: tuple[Host, ...]
    server: Server
    lost: tuple[Lost, ...]
    about: dict[str, Any]

    @property
    def users(self) -> tuple[str, ...]:
        """Names of the hosts with users, in the course."""
        return tuple(name for host in self.hosts for name in host.users)


def build(source: Source, asked: Asked) -> Subrun:
    """The course of users of named places and one place of servers."""
    there = server(source, asked.to)
    lost = tuple(losses(source, asked.without, asked.span.length_s))
    hosts = tuple(_host(source, asked, wish, there, lost) for wish in asked.hosts)
    names = [name for host in hosts for name in host.users]
    if len(set(names)) < len(names) or any(there.name == name for name in names):
        raise RabtaError("two hosts of one name", key="--hosts", value=", ".join([*names, there.name]),
                         expected="places that differ from each other and from --to")  # fmt: skip
    given: dict[str, Access] = {name: host.given.access for host in hosts for name in host.users}
    between = {(name, there.name): host.way.pieces for host in hosts for name in host.users}
    course = ways.course({**given, there.name: Access()}, between, asked.span.length_s)
    return Subrun(course, hosts, there, lost, _about(source, asked, hosts, there, lost))


def _host(source: Source, asked: Asked, wish: Wish, there: Server, lost: Sequence[Lost]) -> Host:
    where = spot(source, wish.place)
    given = access.given(source, where, asked.span, lost, spare=asked.spare, queue_s=asked.queue_s)
    found = network.way(
        source, where, given, there, asked.span, lost, gap_s=asked.gap_s, reroute_s=asked.reroute_s
    )
    users = tuple(f"{where.name} {k + 1}" for k in range(wish.users)) if wish.users > 1 else (where.name,)
    if given.over == access.MOVING and not asked.plain:
        changes = [after.begin_s for before, after in pairwise(found.legs) if _handed(before, after)]
        given, found = (
            realism.accessed(given),
            replace(found, pieces=realism.spiked(found.pieces, changes, seed=crc32(where.name.encode()))),
        )
    return Host(where, _told(given, asked), found, users)


def _handed(before: Leg, after: Leg) -> bool:
    """Whether the terminal's satellite is another one."""
    return len(before.path) > 1 and len(after.path) > 1 and before.path[1] != after.path[1]


def _told(given: Given, asked: Asked) -> Given:
    more = [Figure("reroute", asked.reroute_s, "s", "outage of a way that loses an element", assumed=True)]
    if given.over == access.MOVING:
        more.append(
            Figure("gap", 1e3 * asked.gap_s, "ms", "at each change of the terminal's satellite", assumed=True)
        )
    return replace(given, figures=(*given.figures, *more))


def _about(
    source: Source, asked: Asked, hosts: Sequence[Host], there: Server, lost: Sequence[Lost]
) -> dict[str, Any]:
    return {
        "source": source.name,
        "start": f"{asked.span.start.astype('datetime64[ms]')}Z",
        "seconds": asked.span.length_s,
        "server": asdict(there),
        "without": [{"name": one.name, "from_s": one.begin_s, "to_s": _finite(one.end_s)} for one in lost],
        "spare": asked.spare,
        "hosts": [_of_host(source, host) for host in hosts],
    }


def _of_host(source: Source, host: Host) -> dict[str, Any]:
    """Plain data of a host."""
    legs = [leg for leg in host.way.legs if leg.path]
    return {
        "name": host.spot.name,
        "users": list(host.users),
        "hexagon": str(source.tables["cells"]["cell"].iloc[host.spot.cell]),
        "lat_deg": host.spot.lat_deg,
        "lon_deg": host.spot.lon_deg,
        "how": host.spot.how,
        "technology": host.given.technology,
        "over": host.given.over,
        "figures": [asdict(one) for one in host.given.figures],
        "down_mbps": [[t, round(rate / 1e6, 4)] for t, rate in host.given.access.down_bps.tolist()],
        "rtt_ms": round_trip(host),
        "changes": sum(a.path != b.path or a.spans != b.spans for a, b in pairwise(legs)),
        "ways": [[round(leg.begin_s, 4), " > ".join(leg.path) or "no way"] for leg in host.way.legs],
    }


def round_trip(host: Host) -> Mapping[str, float | None]:
    """Least, mean over time and largest round trip without queues, ms, and the seconds without a way."""
    rows = host.way.pieces
    last = host.way.legs[-1].end_s * 1e9
    span = np.diff(np.append(rows[:, 0], last))
    up = rows[:, 1] >= 0.0
    if not up.any():
        return {"least": None, "mean": None, "most": None, "out_s": round(float(span.sum()) / 1e9, 4)}
    first, end = rows[up, 1], rows[up, 1] + rows[up, 2] * span[up]
    mean = float((0.5 * (first + end) * span[up]).sum() / span[up].sum())
    least, most = float(np.minimum(first, end).min()), float(np.maximum(first, end).max())
    return {
        "least": round(least / 5e5, 4), "mean": round(mean / 5e5, 4), "most": round(most / 5e5, 4),
        "out_s": round(float(span[~up].sum()) / 1e9, 4),
    }  # fmt: skip


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
