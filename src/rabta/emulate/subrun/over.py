"""Users and a server under one constellation: ways over its satellites alone, renewed several times a second.

Who has a terminal of the constellation reaches who else has one: no gateway, no cable, no plan of a run is
asked. The access of every user is what the caller gives; the server's has no limit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rabta import catalog
from rabta.emulate import ways
from rabta.emulate.feed.laid import Laid, laid, network
from rabta.emulate.feed.sky import Sky
from rabta.emulate.subrun.access import MOVING, Figure, Given, Span
from rabta.emulate.subrun.build import Host, Subrun
from rabta.emulate.subrun.named import Server, Spot, Wish, server, spot
from rabta.emulate.subrun.network import Way
from rabta.emulate.subrun.source import Source
from rabta.emulate.ways import Access
from rabta.errors import RabtaError
from rabta.space.network.geometry import Sites
from rabta.space.network.topology import Network

STEP_S = 0.1


@dataclass(frozen=True)
class Under:
    """What is asked: the constellation, users, the server, when, how often links are renewed, the access."""

    constellation: str
    hosts: Sequence[Wish]
    to: str
    span: Span
    access: Access
    step_s: float = STEP_S


def build(source: Source, asked: Under) -> Subrun:
    """The course of users and their server under a constellation.

    Raises
    ------
    RabtaError
        Of an unknown place or constellation, and of one without lasers.
    """
    there = server(source, asked.to)
    spots = [spot(source, wish.place) for wish in asked.hosts]
    names = [_users(one, wish) for one, wish in zip(spots, asked.hosts, strict=True)]
    listed = [there.name, *(name for some in names for name in some)]
    if len(set(listed)) < len(listed):
        raise RabtaError("two hosts of one name", key="--hosts", value=", ".join(listed),
                         expected="places that differ from each other and from --to")  # fmt: skip
    net = network(asked.constellation, asked.span.start)
    places = [(there.name, there.lat_deg, there.lon_deg)]
    places += [(one.name, one.lat_deg, one.lon_deg) for one in spots]
    sky = Sky(net, _sites(places), asked.span.start, asked.step_s)
    found = laid(sky, asked.span.length_s)
    hosts = tuple(
        Host(where, _given(asked), Way(way, ()), users)
        for where, way, users in zip(spots, found.pieces, names, strict=True)
    )
    access = {name: asked.access for host in hosts for name in host.users}
    between = {(name, there.name): host.way.pieces for host in hosts for name in host.users}
    course = ways.course(
        {**access, there.name: replace(Access(), loss=asked.access.loss)}, between, asked.span.length_s
    )
    return Subrun(course, hosts, there, (), _about(source, asked, hosts, there, found, net))


def _users(where: Spot, wish: Wish) -> tuple[str, ...]:
    return tuple(f"{where.name} {k + 1}" for k in range(wish.users)) if wish.users > 1 else (where.name,)


def _sites(places: Sequence[tuple[str, float, float]]) -> Sites:
    """Sites of places, of which several may have one name."""
    return Sites.of([(f"{row} {name}", lat, lon) for row, (name, lat, lon) in enumerate(places)])


def _given(asked: Under) -> Given:
    """What every user has: a terminal of the constellation, with the access that was asked for."""
    down, up = (float(rate[0, 1]) / 1e6 for rate in (asked.access.down_bps, asked.access.up_bps))
    figures = (
        Figure("rate down", down, "Mbit/s", "as asked (--down); 0 is unlimited", assumed=True),
        Figure("rate up", up, "Mbit/s", "as asked (--up); 0 is unlimited", assumed=True),
        Figure("queue", 1e3 * asked.access.queue_s, "ms", "as asked (--queue)", assumed=True),
        Figure("loss", asked.access.loss[0], "1", "as asked (--loss)", assumed=True),
    )
    title = catalog.entry("constellations", asked.constellation).title
    return Given(f"terminal of {title}", MOVING, asked.access, 0.0, (), figures)


def _about(
    source: Source, asked: Under, hosts: Sequence[Host], there: Server, found: Laid, net: Network
) -> dict[str, Any]:
    return {
        "source": source.name,
        "start": f"{asked.span.start.astype('datetime64[ms]')}Z",
        "seconds": asked.span.length_s,
        "server": asdict(there),
        "without": [],
        "over": {"constellation": asked.constellation, "satellites": net.size, "lasers": len(net.edges),
                 "step_s": asked.step_s},
        "hosts": [_of_host(source, host, found, row) for row, host in enumerate(hosts)],
    }  # fmt: skip


def _of_host(source: Source, host: Host, found: Laid, row: int) -> dict[str, Any]:
    least, mean, most = (round(x, 4) if math.isfinite(x) else None for x in found.rtt_ms[row].tolist())
    down = float(host.given.access.down_bps[0, 1]) / 1e6
    return {
        "name": host.spot.name, "users": list(host.users),
        "hexagon": str(source.tables["cells"]["cell"].iloc[host.spot.cell]),
        "lat_deg": host.spot.lat_deg, "lon_deg": host.spot.lon_deg, "how": host.spot.how,
        "technology": host.given.technology, "over": host.given.over,
        "figures": [asdict(one) for one in host.given.figures], "down_mbps": [[0.0, down]],
        "rtt_ms": {"least": least, "mean": mean, "most": most, "out_s": round(float(found.out_s[row]), 4)},
        "changes": int(found.changes[row]), "ways": [],
    }  # fmt: skip
