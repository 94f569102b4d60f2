"""Tables ``nodes`` and ``spans``: backbone, exchanges, landings, gateways and hubs as one graph."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog, geo
from rabta.transport.ground import abroad as far
from rabta.transport.ground import microwave
from rabta.transport.ground.contract import Chains, contract
from rabta.transport.ground.platforms import nearest_seen, platform_positions
from rabta.transport.latency import fibre_s
from rabta.units import SPEED_OF_LIGHT_M_S

if TYPE_CHECKING:
    import pandas as pd

    from rabta.scenario import Platform

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

TOWN = 100_000  # people of a place that is a node of its own
LEAST_TOWN = 10_000  # the largest place of a district is one from here on
PASSING_KM = 15.0  # fibre that passes a town as near as this enters it
FARTHEST_FEEDER_KM = 100.0  # from a gateway to fibre; beyond it somebody has to be told


@dataclass(frozen=True)
class Exchanges:
    """Internet exchanges of a nation, and the share of traffic that is answered inside it."""

    places: tuple[tuple[str, float, float, str], ...]
    home_share: float
    known: bool


def exchanges(nation: str, national: tuple[str, float, float]) -> Exchanges:
    """Exchanges of the catalog's entry named as the nation; the national exchange alone where it has none."""
    if nation not in {entry.name for entry in catalog.entries("exchanges")}:
        return Exchanges(((*national, ""),), 1.0, known=False)
    data = catalog.entry("exchanges", nation).data
    rows = ((e["name"], e["lat_deg"], e["lon_deg"], e.get("owner", "")) for e in data["exchange"])
    return Exchanges(tuple(rows), float(data["home_share"]), known=True)


@dataclass
class Draft:
    """Rows of the tables as they are gathered."""

    country: str
    cells: pd.DataFrame
    nodes: list[dict[str, Any]] = field(default_factory=list)
    spans: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._place = _unit(*(self.cells[n].to_numpy(np.float64) for n in ("lat_deg", "lon_deg")))
        self._fibre: I8 = np.empty(0, dtype=np.int64)

    def node(self, name: str, kind: str, lat: float, lon: float, **more: Any) -> int:
        """Add a node; its row."""
        home = more.get("country", self.country) == self.country
        cell = int(more.pop("cell", self._nearest_cell(lat, lon) if home else -1))
        area = str(self.cells["district"].iloc[cell]) if cell >= 0 else ""
        row = {"name": name, "kind": kind, "lat_deg": lat, "lon_deg": lon, "cell": cell, "area": area}
        self.nodes.append(_NODE | {"country": self.country} | row | more)
        return len(self.nodes) - 1

    def span(self, kind: str, one: int, other: int, km: float, **more: Any) -> None:
        """Add a span between two nodes."""
        name = f"{self.nodes[one]['name']} - {self.nodes[other]['name']}"
        row = {"name": name, "kind": kind, "from_node": one, "to_node": other, "route_km": km}
        self.spans.append(_SPAN | row | {"delay_ms": 1e3 * float(fibre_s(km))} | more)

    def fibre_near(self, lat: float, lon: float) -> tuple[int, float]:
        """Nearest fibre node and the straight distance to it, km."""
        if not self._fibre.size:
            rows = [row for row, node in enumerate(self.nodes) if node["kind"] == "fibre"]
            self._fibre = np.array(rows, dtype=np.int64)
        lats, lons = (np.array([self.nodes[r][k] for r in self._fibre]) for k in ("lat_deg", "lon_deg"))
        km = np.asarray(geo.great_circle_m(lat, lon, lats, lons)) / 1e3
        best = int(km.argmin())
        return int(self._fibre[best]), float(km[best])

    def _nearest_cell(self, lat: float, lon: float) -> int:
        return int((self._place @ _unit(np.array([lat]), np.array([lon]))[0]).argmax())


_NODE = {"height_m": 0.0, "owner": "", "people": 0.0, "demand_mbps": 0.0, "modelled": True}
_SPAN = {"owner": "", "capacity_mbps": 0.0, "via": "", "group": "", "status": "operating", "modelled": True}


def _unit(lat_deg: F8, lon_deg: F8) -> F8:
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def assemble(
    cells: pd.DataFrame,
    backbone: pd.DataFrame,
    places: pd.DataFrame,
    gateways: pd.DataFrame,
    country: str,
    swaps: Exchanges,
    outside: far.Abroad,
    *,
    owners: Mapping[str, str] | None = None,
    platforms: Sequence[Platform] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables, without demand and without the capacity of fibre (see `rabta.transport.ground.traffic`).

    Parameters
    ----------
    country : str
        ISO code; gateways of other countries are abroad.
    owners : dict, optional
        Who runs the backbone of a province, where that is published.
    platforms : sequence of Platform
        Relays in the air, where they are at the first instant.

    Notes
    -----
    Exchanges, landings and borders, and the gateways at home, are joined to the nearest fibre node; a gateway
    abroad to the nearest hub.
    """
    draft = Draft(country, cells)
    points = [(p[1], p[2]) for p in swaps.places] + [(p.lat_deg, p.lon_deg) for p in outside.landings]
    home = gateways[gateways["country"] == country]
    points += list(zip(home["lat_deg"], home["lon_deg"], strict=True))
    towns = _towns(cells, places, np.unique(backbone[["from_row", "to_row"]].to_numpy(np.int64)))
    _fibre(draft, _chains(cells, backbone, towns, points), places, towns)
    for name, lat, lon, owner in swaps.places:
        _joined(draft, name, "exchange", lat, lon, span="peering", mbps=far.HUB_MBPS, owner=owner)
    _outside(draft, outside)
    _owned(draft, owners or {})
    _microwave(draft, towns, outside)
    _gateways(draft, gateways, outside)
    _platforms(draft, platforms)
    return _tables(draft)


@dataclass(frozen=True)
class Towns:
    """Towns that are nodes: where each meets the backbone (cell, -1 for none), and the largest of districts.

    Both are over the rows of the table of places; `cell` is -1 for places too small to be nodes.
    """

    cell: I8
    largest: NDArray[np.bool_]


def _on_backbone(cells: pd.DataFrame, on: I8, lat: F8, lon: F8) -> tuple[I8, F8]:
    """Nearest cell with fibre to each place, and how far it is in km."""
    place = _unit(*(cells[n].to_numpy(np.float64)[on] for n in ("lat_deg", "lon_deg")))
    cosine = _unit(lat, lon) @ place.T
    best = cosine.argmax(axis=1)
    far = np.arccos(np.clip(cosine[np.arange(best.size), best], -1.0, 1.0))
    return on[best], far * geo.MEAN_RADIUS_M / 1e3


def _towns(cells: pd.DataFrame, places: pd.DataFrame, on: I8) -> Towns:
    """Large towns, and the largest of each district, on the fibre that passes them."""
    people = places["people"].to_numpy(np.int64)
    districts = cells["district"].astype(str).to_numpy()[places["cell_row"].to_numpy(np.int64)]
    order = np.argsort(-people, kind="stable")
    largest = np.zeros(people.size, dtype=bool)
    largest[order[np.unique(districts[order], return_index=True)[1]]] = True
    largest &= people >= LEAST_TOWN
    cell = np.full(people.size, -1, dtype=np.int64)
    rows = np.flatnonzero((people >= TOWN) | largest)
    if rows.size and on.size:
        lat, lon = (places[n].to_numpy(np.float64)[rows] for n in ("lat_deg", "lon_deg"))
        near, km = _on_backbone(cells, on, lat, lon)
        own = places["cell_row"].to_numpy(np.int64)[rows]
        cell[rows] = np.where(np.isin(own, on), own, np.where(km <= PASSING_KM, near, -1))
    return Towns(cell, largest)


def _chains(
    cells: pd.DataFrame, backbone: pd.DataFrame, towns: Towns, points: Sequence[tuple[float, float]]
) -> Chains:
    a, b = (backbone[n].to_numpy(np.int64) for n in ("from_row", "to_row"))
    on = np.unique(np.concatenate([a, b]))
    lat, lon = np.array(points, dtype=np.float64).T
    if not on.size:  # no backbone at all: the exchange's own cell is the one node
        only, _ = _on_backbone(cells, np.arange(len(cells)), lat[:1], lon[:1])
        return Chains(only, np.empty((0, 2), dtype=np.int64), np.empty(0))
    wanted, _ = _on_backbone(cells, on, lat, lon)
    keep = np.unique(np.concatenate([towns.cell[towns.cell >= 0], wanted]))
    return contract(a, b, backbone["route_km"].to_numpy(np.float64), keep)


def _fibre(draft: Draft, chains: Chains, places: pd.DataFrame, towns: Towns) -> None:
    cells = draft.cells
    order = np.argsort(-places["people"].to_numpy(np.int64), kind="stable").tolist()
    names, inside = places["name"].astype(str).tolist(), places["cell_row"].tolist()
    town: dict[int, str] = {}
    small = [k for k in order if towns.cell[k] < 0]
    for cell, name in [(towns.cell[k], names[k]) for k in order] + [(inside[k], names[k]) for k in small]:
        town.setdefault(int(cell), name)  # the largest first, those that are nodes before all others
    lat, lon, height = (cells[n].to_numpy(np.float64) for n in ("lat_deg", "lon_deg", "elevation_m"))
    for cell in chains.cell.tolist():
        name = town.get(cell) or f"{cells['tehsil'].iloc[cell]} junction"
        draft.node(name, "fibre", lat[cell], lon[cell], cell=cell, height_m=height[cell])
    for (one, other), km in zip(chains.ends.tolist(), chains.km.tolist(), strict=True):
        draft.span("fibre", one, other, km)


def _joined(
    draft: Draft, name: str, kind: str, lat: float, lon: float, *, span: str, mbps: float, owner: str = ""
) -> int:
    """Add a node beside the backbone and the fibre to its nearest node."""
    node = draft.node(name, kind, lat, lon, owner=owner)
    near, km = draft.fibre_near(lat, lon)
    draft.span(span, near, node, max(1.0, km * far.LAND_FACTOR), capacity_mbps=mbps, owner=owner)
    return node


def _outside(draft: Draft, outside: far.Abroad) -> None:
    row: dict[str, int] = {}
    towns = {node["name"] for node in draft.nodes}
    for place in outside.landings:
        kind, word = ("border", "border") if place.name in outside.borders else ("landing", "landing station")
        name = f"{place.name} {word}" if place.name in towns else place.name
        row[place.name] = _joined(draft, name, kind, place.lat_deg, place.lon_deg, span="fibre", mbps=0.0)
        owners = {c.owner for c in outside.circuits if c.landing == place.name} - {""}
        draft.nodes[row[place.name]]["owner"] = ", ".join(sorted(owners))
    for hub in outside.hubs:
        row[hub.name] = draft.node(hub.name, "abroad", hub.lat_deg, hub.lon_deg, country=hub.country)
    for c in outside.circuits:
        more = {"name": c.name, "owner": c.owner, "capacity_mbps": c.mbps, "via": "; ".join(c.via)}
        draft.span(c.kind, row[c.landing], row[c.hub], c.km, group=c.cable, status=c.status, **more)
    for one, other, km in outside.ways:
        draft.span("land", row[one], row[other], km, capacity_mbps=far.HUB_MBPS)


def _gateways(draft: Draft, gateways: pd.DataFrame, outside: far.Abroad) -> None:
    hubs = {node["name"]: row for row, node in enumerate(draft.nodes) if node["kind"] == "abroad"}
    for site in gateways.to_dict("records"):
        name, country = str(site["name"]), str(site["country"])
        more = {
            "height_m": float(site["height_m"]),
            "country": country,
            "modelled": site["status"] == "modelled",
        }
        lat, lon = float(site["lat_deg"]), float(site["lon_deg"])
        node = draft.node(name, "gateway", lat, lon, **more)
        if country == draft.country:
            near, km = draft.fibre_near(lat, lon)
            _warn_far(name, km)
        elif outside.hubs:
            best, km = far.hub_of(lat, lon, outside.hubs)
            near = hubs[outside.hubs[best].name]
        else:
            _warn_alone(name)
            continue
        mbps = float(site["capacity_gbps"]) * 1e3
        length = max(1.0, km * far.LAND_FACTOR)
        draft.span("feeder", near, node, length, capacity_mbps=mbps, status=str(site["status"]))


def _owned(draft: Draft, owners: Mapping[str, str]) -> None:
    """Backbone within the provinces whose owner is known."""
    province = draft.cells["province"].astype(str).to_numpy()
    for span in draft.spans:
        cells = [draft.nodes[span[end]]["cell"] for end in ("from_node", "to_node")]
        if span["kind"] == "fibre" and not span["owner"] and min(cells) >= 0:
            who = {owners.get(province[cell], "") for cell in cells}
            span["owner"] = who.pop() if len(who) == 1 else ""


def _microwave(draft: Draft, towns: Towns, outside: far.Abroad) -> None:
    """Links behind the fibre that sources name, then second ways for the largest town of each district."""
    kind = np.array([node["kind"] for node in draft.nodes])
    home = [s for s in draft.spans if s["kind"] in ("fibre", "peering")]
    ends = np.array([(s["from_node"], s["to_node"]) for s in home], dtype=np.int64).reshape(-1, 2)
    lat, lon = (np.array([node[key] for node in draft.nodes]) for key in ("lat_deg", "lon_deg"))
    row = {node["name"]: k for k, node in enumerate(draft.nodes) if node["kind"] == "border"}
    extra = []
    for backup in outside.backups:
        start, _ = draft.fibre_near(backup.lat_deg, backup.lon_deg)
        lengths = np.array([s["route_km"] for s in home])
        end = row.get(backup.landing, row.get(f"{backup.landing} border", -1))
        found = microwave.chain(len(kind), ends, lengths, start, end) if end >= 0 else []
        extra += [(*ends[span].tolist(), backup.owner) for span in found]
    at = {node["cell"]: k for k, node in enumerate(draft.nodes) if node["kind"] == "fibre"}
    seats = np.array(sorted({at[c] for c in towns.cell[towns.largest].tolist() if c in at}), dtype=np.int64)
    more = np.concatenate([ends, np.array([e[:2] for e in extra], dtype=np.int64).reshape(-1, 2)])
    for town, other, _ in microwave.second_ways(more, np.flatnonzero(kind == "exchange"), seats, lat, lon):
        extra.append((town, other, ""))
    for one, other, owner in extra:
        km = float(geo.great_circle_m(lat[one], lon[one], lat[other], lon[other])) / 1e3
        radio = {"delay_ms": km * 1e6 / SPEED_OF_LIGHT_M_S, "status": "modelled", "owner": owner}
        draft.span("microwave", one, other, km, capacity_mbps=microwave.LINK_MBPS, **radio)


def _platforms(draft: Draft, platforms: Sequence[Platform]) -> None:
    """Each at its first place, with a radio link to the nearest gateway or fibre at home that sees it."""
    if not platforms:
        return
    first = np.datetime64("2000-01-01")
    place = platform_positions(platforms, np.array([first]), first)[0]
    seers = [
        k
        for k, node in enumerate(draft.nodes)
        if node["kind"] in ("fibre", "gateway") and node["country"] == draft.country
    ]
    sites = np.array([[draft.nodes[k][c] for c in ("lat_deg", "lon_deg", "height_m")] for k in seers])
    best, slant_m = nearest_seen(place, sites.reshape(-1, 3))
    for platform, where, near, away in zip(platforms, place.tolist(), best, slant_m, strict=True):
        lat, lon, height = where
        more = {"height_m": height, "owner": platform.owner, "modelled": False}
        node = draft.node(platform.name, "platform", lat, lon, cell=-1, **more)
        if near < 0:
            warnings.warn(f"platform {platform.name!r} is seen from no gateway or fibre node", stacklevel=2)
            continue
        link = {"capacity_mbps": platform.capacity_mbps, "owner": platform.owner}
        delay = 1e3 * float(away) / SPEED_OF_LIGHT_M_S
        draft.span("feeder", seers[near], node, float(away) / 1e3, delay_ms=delay, **link)


def _warn_far(name: str, km: float) -> None:
    if km > FARTHEST_FEEDER_KM:
        warnings.warn(
            f"gateway {name!r} stands on no backbone node: the nearest fibre is {km:.0f} km away "
            f"(over {FARTHEST_FEEDER_KM:.0f}); its feeder is counted as if it were laid",
            stacklevel=2,
        )


def _warn_alone(name: str) -> None:
    warnings.warn(
        f"gateway {name!r} stands abroad, and no hub abroad is known: it is joined to nothing", stacklevel=2
    )


def _tables(draft: Draft) -> tuple[pd.DataFrame, pd.DataFrame]:
    import pandas as pd

    from rabta import schema

    made = []
    for name, rows in (("nodes", draft.nodes), ("spans", draft.spans)):
        columns = schema.tables()[name]
        frame = pd.DataFrame(rows, columns=list(columns))
        kinds = {column: _dtype(spec.type) for column, spec in columns.items()}
        made.append(frame.astype(kinds).assign(name=_unique(frame["name"].astype(str).tolist())))
    nodes, spans = made
    names = nodes["name"].to_numpy()
    plain = spans["via"].eq("") & spans["group"].eq("")
    between = names[spans["from_node"]] + " - " + names[spans["to_node"]]
    between = between + np.where(spans["kind"].eq("microwave"), " by microwave", "")
    spans["name"] = _unique(np.where(plain, between, spans["name"]).tolist())
    spans["group"] = np.where(spans["group"].eq(""), spans["name"], spans["group"])
    return nodes, spans


def _dtype(kind: str) -> str:
    return "object" if kind == "string" else kind


def _unique(names: Sequence[str]) -> list[str]:
    """Names with a number behind the second and further ones of a kind.

    Examples
    --------
    >>> _unique(["A", "B", "A"])
    ['A', 'B', 'A (2)']
    """
    seen: Counter[str] = Counter()
    out = []
    for name in names:
        seen[name] += 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out
