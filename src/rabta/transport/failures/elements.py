"""What can fail: cables, landings, borders, gateways, exchanges, ducts, spans, districts' power, owners.

Names come from the tables ``nodes`` and ``spans``. A cable is all spans of one group that cross the sea or
the border; a duct all spans on land of one group that several share. An owner's failure takes what it alone
runs. Power takes all nodes of a district; what their standby bridges is taken off the hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rabta import catalog

if TYPE_CHECKING:
    import pandas as pd

CABLE_SPANS = ("submarine", "land")
LAND_SPANS = ("fibre", "microwave")
NODE_KINDS = ("landing", "border", "gateway", "exchange")
PAIRED = ("cable", *NODE_KINDS, "duct", "span")  # kinds whose pairs fail together; the others fail alone
EVERY_NATION = "*"


@dataclass(frozen=True)
class Element:
    """One thing that can fail.

    Attributes
    ----------
    name, kind : str
    nodes, spans : tuple of int
        Rows of the tables that it takes out of service.
    repair_hours : float
    faults_year : float
        Faults a year; 0 where no source gives a rate.
    """

    name: str
    kind: str
    nodes: tuple[int, ...]
    spans: tuple[int, ...]
    repair_hours: float
    faults_year: float = 0.0


@dataclass(frozen=True)
class Repairs:
    """How long repairs take, and how often lines are cut, from the hazards catalog.

    Attributes
    ----------
    hours : dict of str to float
        By kind of element; ``other`` for the rest.
    faults_km_year : dict of str to float
        Of cables in the sea and spans on land.
    """

    hours: dict[str, float]
    faults_km_year: dict[str, float]

    def of(self, kind: str) -> float:
        """Hours of one kind of element."""
        return self.hours.get(kind, self.hours["other"])


def repairs(nation: str, other_hours: float) -> Repairs:
    """Repairs of a nation; what the catalog has no source for takes ``other_hours``."""
    sea, land = _hazard("submarine-faults", nation), _hazard("land-faults", nation)
    outage, standby = _hazard("blackout", nation), _hazard("standby", nation)
    hours, faults = {"other": other_hours}, {}
    if sea:
        hours["cable"] = 24.0 * float(sea["repair_days"])
        # the hazards' own rate: faults that were noticed, not those of the world by length
        faults["submarine"] = float(sea["noticed"]) / float(sea["noticed_years"]) / float(sea["noticed_km"])
    if land:
        hours["span"] = hours["duct"] = float(land["repair_hours"])
        faults["fibre"] = faults["land"] = float(land["cuts_per_1000_km_year"]) / 1e3
    if outage and standby:
        whole = (float(outage["shortest_hours"]) + float(outage["longest_hours"])) / 2.0
        hours["power"] = max(0.0, whole - float(standby["battery_hours"]))
    return Repairs(hours, faults)


def _hazard(name: str, nation: str) -> dict[str, Any]:
    """Entry of the hazards catalog where it speaks of the nation or of all."""
    if name not in catalog.names("hazards"):
        return {}
    data = catalog.entry("hazards", name).data
    return data if data.get("nation") in {EVERY_NATION, nation} else {}


def owners(text: object) -> list[str]:
    """Owners of a cell of a table.

    Examples
    --------
    >>> owners("PTCL, Transworld Associates")
    ['PTCL', 'Transworld Associates']
    """
    return [part.strip() for part in str(text).split(",") if part.strip()]


def elements(nodes: pd.DataFrame, spans: pd.DataFrame, how: Repairs) -> list[Element]:
    """Every element of the tables, those that also fail in pairs first."""
    in_service = spans["status"].isin(("operating", "modelled")).to_numpy(bool)
    ends = spans[["from_node", "to_node"]].to_numpy(np.int64)
    at_home = (nodes["kind"].to_numpy(str) != "abroad")[ends].any(axis=1)
    ours = in_service & spans["group"].isin(spans["group"][at_home]).to_numpy(bool)  # no ways between others
    found = [
        *_grouped(spans, ours, CABLE_SPANS, "cable", 1, how),
        *_points(nodes, how),
        *_grouped(spans, in_service, LAND_SPANS, "duct", 2, how),
        *_lines(spans, in_service, how),
        *_districts(nodes, how),
        *_owned(nodes, spans, how),
    ]
    return [item for item in found if item.nodes or item.spans]


def _grouped(
    spans: pd.DataFrame, in_service: Any, kinds: Sequence[str], kind: str, least: int, how: Repairs
) -> list[Element]:
    rows = spans[in_service & spans["kind"].isin(kinds).to_numpy(bool)]
    out = []
    for name, part in rows.groupby("group", sort=True):
        if len(part) >= least:
            row = tuple(int(i) for i in part.index)
            out.append(Element(str(name), kind, (), row, how.of(kind), _faults(part, how)))
    return out


def _faults(part: pd.DataFrame, how: Repairs) -> float:
    """Cuts a year of spans; those of one group lie in one trench where they run side by side."""
    rate = part["kind"].map(how.faults_km_year).fillna(0.0).to_numpy(np.float64)
    length = part["route_km"].to_numpy(np.float64) if "route_km" in part else np.zeros(len(part))
    return float((rate * length).sum())


def _points(nodes: pd.DataFrame, how: Repairs) -> list[Element]:
    rows = ((i, str(n), str(k)) for i, (n, k) in enumerate(zip(nodes["name"], nodes["kind"], strict=True)))
    found = [Element(name, kind, (i,), (), how.of(kind)) for i, name, kind in rows if kind in NODE_KINDS]
    return sorted(found, key=lambda item: NODE_KINDS.index(item.kind))


def _lines(spans: pd.DataFrame, in_service: Any, how: Repairs) -> list[Element]:
    rows = np.flatnonzero(in_service & spans["kind"].isin(LAND_SPANS).to_numpy(bool))
    return [
        Element(
            str(spans["name"].iloc[i]),
            "span",
            (),
            (int(i),),
            how.of("span"),
            _faults(spans.iloc[i : i + 1], how),
        )
        for i in rows
    ]


def _districts(nodes: pd.DataFrame, how: Repairs) -> list[Element]:
    area = nodes["area"].fillna("").to_numpy(str)
    return [
        Element(name, "power", tuple(np.flatnonzero(area == name).tolist()), (), how.of("power"))
        for name in sorted(set(area.tolist()) - {""})
    ]


def _owned(nodes: pd.DataFrame, spans: pd.DataFrame, how: Repairs) -> list[Element]:
    """What each owner alone runs."""
    at, along = ([owners(text) for text in frame["owner"].fillna("")] for frame in (nodes, spans))
    names = sorted({name for names in (*at, *along) for name in names})
    return [
        Element(
            name,
            "owner",
            tuple(i for i, who in enumerate(at) if who == [name]),
            tuple(i for i, who in enumerate(along) if who == [name]),
            how.of("owner"),
        )
        for name in names
    ]


def labels(items: Iterable[Element]) -> dict[str, Element]:
    """Elements by name; where two kinds share a name, by ``kind:name`` as well.

    Examples
    --------
    >>> two = [Element("Karachi", "exchange", (0,), (), 24.0), Element("Karachi", "power", (0, 1), (), 24.0)]
    >>> sorted(labels(two))
    ['Karachi', 'exchange:Karachi', 'power:Karachi']
    """
    found: dict[str, Element] = {}
    for item in items:
        found.setdefault(item.name, item)
        found[f"{item.kind}:{item.name}"] = item
    return found
