"""The run's network as elements with owners, places and makers, and as a graph that can lose some of them.

Elements are the nodes, then the spans, then the satellite systems, then the mobile operators. Connectivity
is judged, not capacity: a way counts however thin it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.security.posture.register import NOBODY, Register

if TYPE_CHECKING:
    import pandas as pd

I8 = NDArray[np.int64]
B1 = NDArray[np.bool_]
F8 = NDArray[np.float64]
USABLE = ("operating", "modelled")  # status of spans that carry traffic
REACHED = ("exchange", "landing", "gateway", "abroad", "border")  # kinds of node where the law taps
NODE_CLASS = {"fibre": "router", "exchange": "router", "landing": "submarine", "gateway": "gateway"}
SPAN_CLASS = {"fibre": "transport", "land": "transport", "peering": "router", "feeder": "gateway"}


@dataclass(frozen=True)
class Element:
    """A node, span, satellite system or mobile operator.

    Attributes
    ----------
    owners : frozenset of str
        Empty where it is not published.
    located : frozenset of str
        Countries that it stands in or passes on land or in a landing; none for satellites.
    makers : frozenset of str
        Makers named: one is certain, several are alternatives, none is unknown.
    registry : str
        Country of registration of a satellite system.
    """

    name: str
    medium: str
    owners: frozenset[str]
    located: frozenset[str]
    makers: frozenset[str]
    registry: str = ""
    tapped: bool = False
    group: str = ""
    capacity_mbps: float = 0.0


@dataclass(frozen=True)
class Network:
    """The graph: places are the nodes, the satellite systems, the mobile operators and the users' sites.

    Attributes
    ----------
    tail, head, km, element : ndarray, shape (edge,)
        Ends, length and element of each edge; -1 where the edge has none of its own.
    place_element : ndarray, shape (place,)
        Element of each place; -1 for users' sites.
    """

    elements: tuple[Element, ...]
    tail: I8
    head: I8
    km: F8
    element: I8
    place_element: I8
    space: B1
    sites: tuple[int, ...]
    centres: Mapping[str, int]

    @property
    def places(self) -> int:
        """Number of places."""
        return len(self.place_element)

    def alive(self, lost: B1, *, space: bool) -> B1:
        """Edges that are left where some elements are lost."""
        gone = np.append(lost, False)  # the element -1 is never lost
        keep = (
            ~gone[self.element] & ~gone[self.place_element[self.tail]] & ~gone[self.place_element[self.head]]
        )
        return np.asarray(keep if space else keep & ~self.space, dtype=bool)

    def labels(self, keep: B1) -> I8:
        """Connected part of each place."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        shape = (self.places, self.places)
        ones = np.ones(int(keep.sum()), dtype=np.int8)
        graph = coo_array((ones, (self.tail[keep], self.head[keep])), shape=shape)
        return np.asarray(connected_components(graph.tocsr(), directed=False)[1], dtype=np.int64)

    @cached_property
    def _ground_edges(self) -> tuple[I8, I8, F8, I8]:
        keep = ~self.space
        order = np.lexsort((self.km[keep], self.head[keep], self.tail[keep]))
        rows = np.flatnonzero(keep)[order]
        tail, head = self.tail[rows], self.head[rows]
        once = (
            np.append(True, (np.diff(tail) != 0) | (np.diff(head) != 0)) if rows.size else np.zeros(0, bool)
        )
        return tail[once], head[once], self.km[rows][once], rows[once]

    def shortest(self, sources: Sequence[int], without: Iterable[int] = ()) -> tuple[F8, I8]:
        """Kilometres and the place before, over the ground, from some places to all."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import dijkstra

        tail, head, km, _ = self._ground_edges
        shut = np.zeros(self.places, dtype=bool)
        shut[list(without)] = True
        keep = ~(shut[tail] | shut[head])
        length = np.maximum(km[keep], 1e-3)  # a stored zero would be no edge
        graph = coo_array((length, (tail[keep], head[keep])), shape=(self.places, self.places)).tocsr()
        found, before = dijkstra(graph, directed=False, indices=list(sources), return_predecessors=True)
        return np.asarray(found), np.asarray(before, dtype=np.int64)

    @cached_property
    def _edge_of(self) -> dict[tuple[int, int], int]:
        tail, head, _, rows = self._ground_edges
        out: dict[tuple[int, int], int] = {}
        for a, b, row in zip(tail.tolist(), head.tolist(), rows.tolist(), strict=True):
            for key in ((a, b), (b, a)):
                if key not in out or self.km[row] < self.km[out[key]]:
                    out[key] = row
        return out

    def on_way(self, places: Sequence[int]) -> list[int]:
        """Elements of a way: its places and the edges between them."""
        edges = (self._edge_of[(a, b)] for a, b in pairwise(places))
        found = [int(self.place_element[p]) for p in places] + [int(self.element[e]) for e in edges]
        return [e for e in found if e >= 0]


def split(owners: object) -> frozenset[str]:
    """Owners of a column's text."""
    parts = (name.strip() for name in str(owners).split(","))
    return frozenset(name for name in parts if name and name not in ("nan", "None"))


def waypoints() -> dict[str, str]:
    """Countries of the places that cables pass, where they pass on land or in a landing."""
    rows = [row for entry in catalog.entries("hubs") for row in (*entry.data["waypoint"], *entry.data["hub"])]
    return {str(row["name"]): str(row["country"]) for row in rows if row["country"]}


def node_elements(nodes: pd.DataFrame, book: Register) -> list[Element]:
    """Elements of the nodes."""
    out = []
    for row in nodes.to_dict("records"):
        owners, kind = split(row["owner"]), str(row["kind"])
        makers = book.made("owner", owners, NODE_CLASS.get(kind, ""))
        country = str(row["country"])
        located = frozenset({country} if country else ())
        out.append(Element(str(row["name"]), "", owners, located, makers, tapped=kind in REACHED))
    return out


def span_elements(spans: pd.DataFrame, book: Register) -> list[Element]:
    """Elements of the spans."""
    passed = waypoints()
    return [_span(row, passed, book) for row in spans.to_dict("records")]


def _span(row: dict[Any, Any], passed: dict[str, str], book: Register) -> Element:
    kind, owners, group = str(row["kind"]), split(row["owner"]), str(row["group"])
    class_ = SPAN_CLASS.get(kind, kind)
    cable = "submarine" if kind == "submarine" else "transport"
    makers = book.made("cable", [group], cable) or book.made("owner", owners, class_)
    via = [name.strip() for name in str(row["via"] or "").split(";")]
    located = frozenset(passed[name] for name in via if name in passed)
    medium = {"peering": "fibre", "feeder": "fibre"}.get(kind, kind)
    return Element(
        str(row["name"]), medium, owners, located, makers, tapped=bool(located), group=group,
        capacity_mbps=float(row["capacity_mbps"]),
    )  # fmt: skip


def system_elements(systems: pd.DataFrame, book: Register) -> list[Element]:
    """Elements of the satellite systems."""
    out = []
    for row in systems.to_dict("records"):
        name, operator = str(row["system"]), str(row["operator"])
        made = book.made("system", [name], "satellite")
        registry = book.owner_country(operator)
        out.append(Element(name, "satellite", frozenset({operator}), NOBODY, made, registry, tapped=True))
    return out


def mobile_elements(operators: Sequence[str], home: str, book: Register) -> list[Element]:
    """Elements of the mobile operators' access."""
    return [
        Element(
            name, "radio", frozenset({name}), frozenset({home}), book.made("owner", [name], "radio access")
        )
        for name in operators
    ]


def _centre(name: str, owner: str, home: str, book: Register) -> Element:
    """A data centre of the state: no medium, but an owner and makers."""
    made = book.made("owner", [owner], "data centre")
    return Element(name, "", frozenset({owner}), frozenset({home}), made)


def carries(row: dict[Any, Any]) -> bool:
    """Whether a span carries traffic: as the transport layer has it."""
    fit = row["status"] in USABLE or row["kind"] == "feeder"
    return bool(fit) and float(row["capacity_mbps"]) > 0.0


def build(
    tables: dict[str, pd.DataFrame],
    book: Register,
    home: str,
    operators: Sequence[str],
    sites: Sequence[tuple[int, str]],
    centres: Sequence[tuple[str, str, int]] = (),
) -> Network:
    """Network of a run with sites of users.

    Parameters
    ----------
    tables : dict
        ``nodes``, ``spans``, ``systems`` and ``gateways`` of the run.
    sites : sequence of (row of nodes, access)
        Where users enter; access is ``fibre`` or ``radio``.
    centres : sequence of (name, owner, row of nodes)
        Data centres of the state.
    """
    nodes, spans, systems = tables["nodes"], tables["spans"], tables["systems"]
    ranks = systems[systems["kind"].isin(("broadband", "mobile_satellite"))]
    parts = (
        node_elements(nodes, book),
        span_elements(spans, book),
        system_elements(ranks, book),
        mobile_elements(operators, home, book),
        [_centre(name, owner, home, book) for name, owner, _ in centres],
    )
    count, first_span = len(nodes), len(nodes)
    first_system = first_span + len(spans)
    first_mobile = first_system + len(ranks)
    mobile = [first_mobile + k for k in range(len(operators))]
    radio = [i for i, (_, access) in enumerate(sites) if access == "radio" and operators]
    place = [*range(count), *range(first_system, first_mobile), *([-1] * len(sites)), *(mobile * len(radio))]
    last = len(place)
    place += [first_mobile + len(operators) + k for k in range(len(centres))]
    edges = [
        (int(r["from_node"]), int(r["to_node"]), float(r["route_km"]), first_span + i, False)
        for i, r in enumerate(spans.to_dict("records"))
        if carries(r)
    ]
    base = count + len(ranks)
    edges += _entries(sites, base, radio, len(operators))
    edges += [(node, last + k, 0.0, -1, False) for k, (_, _, node) in enumerate(centres)]
    rows = [base + i for i in range(len(sites))]
    for k, system in enumerate(ranks.to_dict("records")):
        reach = {
            *rows,
            *range(last, last + len(centres)),
            *_landings(system, tables["gateways"], nodes),
            *_abroad(system, nodes),
        }
        edges += [(count + k, p, 0.0, -1, True) for p in sorted(reach)]
    columns = list(zip(*edges, strict=True)) if edges else [(), (), (), (), ()]
    tail, head, km, element, space = (np.array(column) for column in columns)
    return Network(
        tuple(e for part in parts for e in part),
        tail.astype(np.int64), head.astype(np.int64), km.astype(np.float64), element.astype(np.int64),
        np.array(place, dtype=np.int64), space.astype(bool), tuple(rows),
        {name: last + k for k, (name, _, _) in enumerate(centres)},
    )  # fmt: skip


def _entries(
    sites: Sequence[tuple[int, str]], base: int, radio: Sequence[int], operators: int
) -> list[tuple[int, int, float, int, bool]]:
    """From each site to its node: by fibre of its own, or over a place of each mobile operator."""
    out = [(base + i, node, 0.0, -1, False) for i, (node, _) in enumerate(sites) if i not in set(radio)]
    for n, i in enumerate(radio):
        for k in range(operators):
            mast = base + len(sites) + n * operators + k
            out += [(base + i, mast, 0.0, -1, False), (mast, sites[i][0], 0.0, -1, False)]
    return out


def _landings(system: dict[Any, Any], gateways: pd.DataFrame, nodes: pd.DataFrame) -> list[int]:
    """Nodes of the gateways where a system may land."""
    named = {
        str(row["name"])
        for row in gateways.to_dict("records")
        if float(row["capacity_gbps"]) > 0.0
        and {"*", str(system["system"])} & set(str(row["systems"]).split())
    }
    fit = (nodes["kind"] == "gateway") & nodes["name"].astype(str).isin(named)
    return [int(row) for row in np.flatnonzero(fit)]


def _abroad(system: dict[Any, Any], nodes: pd.DataFrame) -> list[int]:
    """Places abroad that a system with inter-satellite links brings traffic to."""
    return [int(row) for row in np.flatnonzero(nodes["kind"] == "abroad")] if bool(system["isl"]) else []
