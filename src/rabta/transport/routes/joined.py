"""The joined graph of a run's tables at some instants."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog, geo
from rabta.errors import RabtaError
from rabta.scenario import Platform
from rabta.space.constellations import for_phones
from rabta.space.frames import geostationary
from rabta.space.network.topology import Network
from rabta.space.propagate import ELEMENTS, geostationary_rows
from rabta.transport import gateways as landing
from rabta.transport import mesh
from rabta.transport.ground.platforms import platform_positions
from rabta.transport.latency import fibre_s
from rabta.transport.routes.graph import (
    AZIMUTHS,
    FLAT_DEG,
    Cable,
    Graph,
    Sites,
    ground,
    metres_of,
)
from rabta.units import SPEED_OF_LIGHT_M_S

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
U1 = NDArray[np.uint8]
USABLE = ("operating", "modelled")  # status of spans that carry traffic
PLATFORM_DEG = 5.0  # least elevation at which a platform is seen, and from which it sees satellites
TABLES = ("satellites", "systems", "gateways", "nodes", "spans", "ends")
USER, GATEWAY, PLATFORM = 0, 1, 2


@dataclass(frozen=True)
class Tables:
    """What a joined graph is made of.

    Attributes
    ----------
    satellites, systems, gateways, nodes, spans, ends : DataFrame
        Tables of the run. A column ``dish`` of the ends says who has a satellite terminal; all without it.
    horizon_deg : ndarray, shape (cell, 36), optional
        Terrain by azimuth, for ends at home.
    platform_deg_m : ndarray, shape (time, platform, 3), optional
        Latitude, longitude and height of the nodes of kind ``platform``, in their order.
    use_isl : bool
    handoffs : tuple of pairs of str
        Declared hand-offs between operators in space.
    least_deg : float, optional
        Least elevation of users in place of the satellites' own.
    grounded : tuple of str
        Names among which are those of the platforms that do not fly.
    gso_avoidance : bool
        Whether ground links keep from the geostationary arc as far as the systems filed.

    Notes
    -----
    What the scenario denies is not in the tables any more (systems) or has no capacity there (gateways,
    spans); platforms alone stay in them.
    """

    satellites: pd.DataFrame
    systems: pd.DataFrame
    gateways: pd.DataFrame
    nodes: pd.DataFrame
    spans: pd.DataFrame
    ends: pd.DataFrame
    horizon_deg: NDArray[np.floating] | None = None
    platform_deg_m: F8 | None = None
    use_isl: bool = True
    handoffs: tuple[tuple[str, str], ...] = ()
    least_deg: float | None = None
    grounded: tuple[str, ...] = ()
    gso_avoidance: bool = True


@dataclass(frozen=True)
class Parties:
    """Who owns and where is what a way touches: names of the bits of `Found.parties`, eight a word.

    Attributes
    ----------
    owners, countries : tuple of str
        The owners' bits come first.
    """

    owners: tuple[str, ...]
    countries: tuple[str, ...]

    @property
    def words(self) -> int:
        """Bytes of a set."""
        return (len(self.owners) + len(self.countries) + 7) // 8

    def bits(self, owners: str, country: str) -> U1:
        """The set of some owners, separated by commas, and a country."""
        out = np.zeros(self.words, dtype=np.uint8)
        rows = [self.owners.index(name) for name in _split(owners)]
        rows += [len(self.owners) + self.countries.index(country)] if country else []
        for row in rows:
            out[row // 8] |= 1 << row % 8
        return out

    def names(self, words: U1) -> tuple[list[str], list[str]]:
        """Owners and countries of a set."""
        on = np.unpackbits(words, bitorder="little")[: len(self.owners) + len(self.countries)].astype(bool)
        owner, country = on[: len(self.owners)], on[len(self.owners) :]
        return (
            [name for name, held in zip(self.owners, owner, strict=True) if held],
            [name for name, held in zip(self.countries, country, strict=True) if held],
        )


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _split(owners: object) -> list[str]:
    return [name.strip() for name in str(owners).split(",") if name.strip() and name.strip() != "nan"]


def parties(tables: Tables) -> Parties:
    """Owners and countries of a run's tables, sorted."""
    owners = {
        name for column in (tables.nodes, tables.spans) for text in column["owner"] for name in _split(text)
    }
    owners |= {_operator(row) for row in records(tables.systems)}
    countries = {
        str(code) for table in (tables.nodes, tables.gateways, tables.ends) for code in table["country"]
    }
    return Parties(tuple(sorted(owners)), tuple(sorted(countries - {"", "nan", "None"})))


def _operator(system: dict[str, Any]) -> str:
    """Who runs a system, with the country whose law it is under where the catalog has it."""
    name = str(system["operator"]).replace(",", " ")
    known = [entry for entry in catalog.entries("constellations") if entry.name == system["system"]]
    return f"{name} ({known[0].data['country']})" if known else name


def joined(tables: Tables, time: np.datetime64, who: Parties | None = None) -> Graph:
    """The joined graph in the hour of an instant.

    Satellites are the moving ones, then the geostationary ones; see `places` for where they are.
    """
    net = _network(tables, time)
    if tables.platform_deg_m is not None:
        return _joined(tables, net, who)
    key = (who, tables.use_isl, tables.handoffs, tables.least_deg, tables.grounded, tables.gso_avoidance)
    held = [getattr(tables, name) for name in (*TABLES, "horizon_deg")]
    for known, objects, graph in _KEPT:
        if known == key and all(a is b for a, b in zip(objects, held, strict=True)):
            return replace(graph, network=net)
    made = _joined(tables, net, who)
    _KEPT.append((key, held, made))
    return made


_KEPT: deque[tuple[Any, list[Any], Graph]] = deque(maxlen=4)  # all but the lasers is the same in every hour


def _joined(tables: Tables, net: Network, who: Parties | None) -> Graph:
    relays = _relays(tables)
    names, rows = _ground_names(tables, relays)
    cables = [*_spans(tables), *_access(tables, rows), *_aloft(tables, relays, rows)]
    transparent = ~(tables.systems["isl"].to_numpy(bool) & tables.use_isl)[net.system]
    graph = Graph(
        net,
        transparent.astype(np.uint8),
        _sites(tables, net, relays, rows),
        len(tables.ends),
        ground(names, _ground_places(tables, relays), cables),
    )
    return graph if who is None else _marked(graph, tables, relays, who)


def places(tables: Tables, moving_m: NDArray[np.floating]) -> F8:
    """Earth-fixed positions of all satellites of `joined` from those of the moving ones.

    Parameters
    ----------
    moving_m : ndarray, shape (time, satellite, 3)
    """
    fixed = geostationary(geostationary_rows(tables.satellites)["longitude_deg"].to_numpy(np.float64))
    still = np.broadcast_to(fixed, (len(moving_m), *fixed.shape))
    return np.ascontiguousarray(np.concatenate([moving_m, still], axis=1), dtype=np.float64)


def flying(platforms: Sequence[Platform], times: NDArray[np.datetime64], start: np.datetime64) -> F8 | None:
    """Latitude, longitude and height of a scenario's platforms at some instants; None without any."""
    return platform_positions(platforms, times, start) if platforms else None


def _network(tables: Tables, time: np.datetime64) -> Network:
    net = mesh.network(
        tables.satellites, tables.systems, time, relays=tables.use_isl, handoffs=tables.handoffs
    )
    net = net if tables.gso_avoidance else replace(net, gso_avoidance_deg=None)
    fixed = geostationary_rows(tables.satellites)
    if fixed.empty:
        return net
    join = {name: np.append(net.elements[name], fixed[name].to_numpy(np.float64)) for name in ELEMENTS}
    arcs = net.gso_avoidance_deg
    return replace(
        net,
        elements=join,
        names=(*net.names, *fixed["name"].astype(str)),
        system=np.append(net.system, fixed["system"].to_numpy(np.int32)).astype(np.int32),
        min_elevation_deg=np.append(net.min_elevation_deg, fixed["min_elevation_deg"].to_numpy(np.float64)),
        gso_avoidance_deg=None if arcs is None else np.append(arcs, np.zeros(len(fixed))),
    )


def aloft(tables: Tables) -> NDArray[np.int64]:
    """Rows of the nodes that fly."""
    nodes = tables.nodes
    return np.flatnonzero((nodes["kind"] == "platform") & ~nodes["name"].isin(tables.grounded))


@dataclass(frozen=True)
class _Relays:
    """Gateways and platforms: their places and the rows of their nodes, -1 for gateways without one."""

    names: list[str]
    place: F8  # (time, relay, 3): latitude, longitude, height
    node: NDArray[np.int64]
    allowed: U1
    country: list[str]
    platforms: int


def _relays(tables: Tables) -> _Relays:
    sites, nodes = tables.gateways, tables.nodes
    known = {
        str(name): row
        for row, (name, kind) in enumerate(zip(nodes["name"], nodes["kind"], strict=True))
        if kind == "gateway"
    }
    rows = [known.get(str(name), -1) for name in sites["name"]]
    systems = [str(name) for name in tables.systems["system"]]
    allowed = landing.sites(sites, systems).allowed
    shut = (sites["capacity_gbps"] <= 0).to_numpy(bool)
    fixed = sites[["lat_deg", "lon_deg", "height_m"]].to_numpy(np.float64)[None]
    above = aloft(tables)
    flying = nodes.iloc[above][["lat_deg", "lon_deg", "height_m"]].to_numpy(np.float64)[None]
    if tables.platform_deg_m is not None and above.size:
        flying = tables.platform_deg_m[:, np.isin(np.flatnonzero(nodes["kind"] == "platform"), above)]
    steps = max(1, len(flying))
    serving = _serving(tables)
    return _Relays(
        [*sites["name"].astype(str), *nodes["name"].iloc[above].astype(str)],
        np.concatenate([np.repeat(fixed, steps, axis=0), flying], axis=1),
        np.array([*rows, *above], dtype=np.int64),
        np.concatenate(
            [np.where(shut[:, None], 0, allowed), np.repeat(serving[None], above.size, axis=0)]
        ).astype(np.uint8),
        [*sites["country"].astype(str), *nodes["country"].iloc[above].astype(str)],
        int(above.size),
    )


def _serving(tables: Tables) -> NDArray[np.uint8]:
    """Systems that fixed terminals use: all but those for phones, navigation and broadcasting."""
    kind = tables.systems["kind"].astype(str)
    good = kind.isin(("broadband", "mobile_satellite")).to_numpy(bool) & ~for_phones(tables.systems)
    return good.astype(np.uint8)


def _ground_names(tables: Tables, relays: _Relays) -> tuple[list[str], NDArray[np.int64]]:
    """Names of ground nodes (nodes, gateways beside them, ends), and the node of each site, ends first."""
    extra = np.flatnonzero(relays.node < 0)
    first = len(tables.nodes)
    node = relays.node.copy()
    node[extra] = first + np.arange(extra.size)
    ends = first + extra.size + np.arange(len(tables.ends))
    names = [
        *tables.nodes["name"].astype(str),
        *(relays.names[i] for i in extra),
        *tables.ends["name"].astype(str),
    ]
    return names, np.concatenate([ends, node])


def _ground_places(tables: Tables, relays: _Relays) -> F8:
    """Earth-fixed positions of ground nodes, shape (time, node, 3)."""
    names = ["lat_deg", "lon_deg", "height_m"]
    steps, extra = len(relays.place), np.flatnonzero(relays.node < 0)
    node = np.repeat(tables.nodes[names].to_numpy(np.float64)[None], steps, axis=0)
    above = slice(len(relays.names) - relays.platforms, None)
    node[:, relays.node[above]] = relays.place[:, above]
    ends = tables.ends.assign(height_m=0.0)[names].to_numpy(np.float64)
    whole = np.concatenate([node, relays.place[:, extra], np.repeat(ends[None], steps, axis=0)], axis=1)
    return geo.ecef_from_geodetic(*np.moveaxis(whole, -1, 0))


def _sites(tables: Tables, net: Network, relays: _Relays, rows: NDArray[np.int64]) -> Sites:
    steps, ends = len(relays.place), tables.ends.assign(height_m=0.0)
    users = np.repeat(ends[["lat_deg", "lon_deg", "height_m"]].to_numpy(np.float64)[None], steps, axis=0)
    lat, lon, height = np.moveaxis(np.concatenate([users, relays.place], axis=1), -1, 0)
    own = net.min_elevation_deg if tables.least_deg is None else np.full(net.size, tables.least_deg)
    feeder = tables.systems["gateway_min_elevation_deg"].to_numpy(np.float64)[net.system]
    kinds = (
        [USER] * len(ends)
        + [GATEWAY] * (len(relays.names) - relays.platforms)
        + [PLATFORM] * relays.platforms
    )
    dish = ends["dish"].to_numpy(bool) if "dish" in ends else np.ones(len(ends), dtype=bool)
    allowed = np.concatenate([dish[:, None] * _serving(tables)[None], relays.allowed])
    horizon = np.full((len(kinds), AZIMUTHS), FLAT_DEG)
    cell = tables.ends["cell"].to_numpy(np.int64)
    if tables.horizon_deg is not None:
        horizon[np.flatnonzero(cell >= 0)] = np.asarray(tables.horizon_deg, dtype=np.float64)[cell[cell >= 0]]
    return Sites(
        (*ends["name"].astype(str), *relays.names),
        lat, lon, height,
        np.ascontiguousarray(allowed, dtype=np.uint8),
        np.stack([own, feeder, np.full(net.size, PLATFORM_DEG)]),
        np.array(kinds, dtype=np.int32),
        horizon,
        rows.astype(np.int32),
    )  # fmt: skip


def _spans(tables: Tables) -> list[Cable]:
    """Spans that carry traffic."""
    out = []
    for row, span in enumerate(records(tables.spans)):
        a, b = int(span["from_node"]), int(span["to_node"])
        if not 0 <= min(a, b) <= max(a, b) < len(tables.nodes):
            expected = f"rows below {len(tables.nodes)}"
            raise RabtaError(
                "span to a node that does not exist",
                key=str(span["name"]),
                value=f"{a} {b}",
                expected=expected,
            )
        fit = span["status"] in USABLE or span["kind"] == "feeder"  # the gateways themselves were asked for
        if fit and float(span["capacity_mbps"]) > 0.0:
            out.append(Cable(a, b, metres_of(float(span["delay_ms"])), row))
    return out


def _access(tables: Tables, rows: NDArray[np.int64]) -> list[Cable]:
    """Fibre from the ends to their nodes."""
    out = []
    for at, end in enumerate(records(tables.ends)):
        if int(end["node"]) >= 0:
            metres = float(fibre_s(float(end["access_km"]))) * SPEED_OF_LIGHT_M_S
            out.append(Cable(int(rows[at]), int(end["node"]), metres))
    return out


def _aloft(tables: Tables, relays: _Relays, rows: NDArray[np.int64]) -> list[Cable]:
    """Radio links of platforms to ends in their footprint and to gateways, while in line of sight."""
    if not relays.platforms:
        return []
    first, ends = len(relays.names) - relays.platforms, len(tables.ends)
    users = tables.ends.assign(height_m=0.0)[["lat_deg", "lon_deg", "height_m"]].to_numpy(np.float64)
    below = np.concatenate([users, relays.place[0, :first]])
    here = geo.ecef_from_geodetic(*below.T)
    up = geo.east_north_up(below[:, 0], below[:, 1])[:, 2]
    out = []
    for p in range(first, len(relays.names)):
        way = geo.ecef_from_geodetic(*np.moveaxis(relays.place[:, p], -1, 0))[:, None] - here
        metres = np.linalg.norm(way, axis=-1)
        seen = np.einsum("tsi,si->ts", way, up) >= np.sin(np.radians(PLATFORM_DEG)) * metres
        for s in np.flatnonzero(seen.any(axis=0)):
            length = np.where(seen[:, s], metres[:, s], np.inf)
            out.append(Cable(int(rows[s]), int(rows[ends + p]), length, space=True))
    return out


def _marked(graph: Graph, tables: Tables, relays: _Relays, who: Parties) -> Graph:
    """The graph with owners and countries of nodes and arcs."""
    system = [who.bits(_operator(row), "") for row in records(tables.systems)]
    space = np.stack(system)[graph.network.system]
    blank = np.zeros(who.words, dtype=np.uint8)
    node = [who.bits(str(n["owner"]), str(n["country"])) for n in records(tables.nodes)]
    extra = [who.bits("", relays.country[i]) for i in np.flatnonzero(relays.node < 0)]
    bits = np.concatenate([space, np.array([*node, *extra, *([blank] * graph.ends)], dtype=np.uint8)])
    span = np.array([*(who.bits(str(owner), "") for owner in tables.spans["owner"]), blank], dtype=np.uint8)
    return replace(
        graph, bits=np.ascontiguousarray(bits), ground_bits=np.ascontiguousarray(span[graph.ground.span])
    )
