"""Tables ``nodes`` and ``spans``: backbone, exchanges, landings, gateways and hubs as one graph."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog, geo
from rabta.transport.ground import abroad as far
from rabta.transport.ground.contract import Chains, contract
from rabta.transport.latency import fibre_s

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

TOWN = 100_000  # people of a place that is a node of its own
LEAST_TOWN = 10_000  # the largest place of a district is one from here on


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
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables, without demand and without the capacity of fibre (see `rabta.transport.ground.traffic`).

    Notes
    -----
    Exchanges, landings and borders, and the gateways at home, are joined to the nearest fibre node; a gateway
    abroad to the nearest hub.
    """
    draft = Draft(country, cells)
    points = [(p[1], p[2]) for p in swaps.places] + [(p.lat_deg, p.lon_deg) for p in outside.landings]
    home = gateways[gateways["country"] == country]
    points += list(zip(home["lat_deg"], home["lon_deg"], strict=True))
    _fibre(draft, _chains(cells, backbone, places, points), places)
    for name, lat, lon, owner in swaps.places:
        _joined(draft, name, "exchange", lat, lon, span="peering", mbps=far.HUB_MBPS, owner=owner)
    _outside(draft, outside)
    _gateways(draft, gateways, outside)
    return _tables(draft)


def _chains(
    cells: pd.DataFrame, backbone: pd.DataFrame, places: pd.DataFrame, points: Iterable[tuple[float, float]]
) -> Chains:
    a, b = (backbone[n].to_numpy(np.int64) for n in ("from_row", "to_row"))
    on = np.unique(np.concatenate([a, b]))
    place = _unit(*(cells[n].to_numpy(np.float64)[on] for n in ("lat_deg", "lon_deg")))
    wanted = [int(on[(place @ _unit(np.array([lat]), np.array([lon]))[0]).argmax()]) for lat, lon in points]
    rows = places["cell_row"].to_numpy(np.int64)
    districts = cells["district"].astype(str).to_numpy()[rows]
    people = places["people"].to_numpy(np.int64)
    order = np.argsort(-people, kind="stable")
    first = order[np.unique(districts[order], return_index=True)[1]]
    towns = np.union1d(np.flatnonzero(people >= TOWN), first[people[first] >= LEAST_TOWN])
    keep = np.concatenate([rows[towns], np.array(wanted, dtype=np.int64)])
    return contract(a, b, backbone["route_km"].to_numpy(np.float64), np.unique(keep))


def _fibre(draft: Draft, chains: Chains, places: pd.DataFrame) -> None:
    cells = draft.cells
    town: dict[int, str] = {}
    for cell, name in zip(places["cell_row"].tolist(), places["name"].astype(str), strict=True):
        town.setdefault(cell, name)  # places come with the most people first
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
    ends = Counter(c.kind for c in outside.circuits)
    border = {c.landing for c in outside.circuits if c.kind == "land"} if ends else set()
    for place in outside.landings:
        kind = "border" if place.name in border else "landing"
        row[place.name] = _joined(
            draft, place.name, kind, place.lat_deg, place.lon_deg, span="fibre", mbps=0.0
        )
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
