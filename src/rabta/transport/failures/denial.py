"""What still works when an operator, all foreign space, a cable or all of them are denied.

A denial takes elements of the ground and systems of the sky away for good. Without all cables and land
routes the nation is an island: exchanges still give content at home, up to the home share of the demand.
National satellites stay; foreign ones stay where their operator is not denied, and land at the gateways that
are left, whose traffic needs a way to an exchange.

A service keeps its floor at a node that has a way to an exchange at home, within the service's round trip,
and gets at least the service's own busiest load: as if it were served first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest
from rabta.transport.failures.elements import CABLE_SPANS, Element, labels, owners
from rabta.transport.failures.sky import Sky
from rabta.transport.ground import denied

if TYPE_CHECKING:
    import pandas as pd

B1 = NDArray[np.bool_]
F8 = NDArray[np.float64]

FOREIGN_SPACE, FOREIGN_OPERATORS, ALL_CABLES = "foreign-space", "foreign-operators", "all-cables"
WESTWARD, SCENARIO = "westward-cables", "scenario"
WORDS = (FOREIGN_SPACE, FOREIGN_OPERATORS, ALL_CABLES, WESTWARD)
BAB_EL_MANDEB_DEG = 43.3  # longitude of the strait; what lies west of it is reached through the Red Sea
RED_SEA_SOUTH_DEG = 12.5


@dataclass(frozen=True)
class Gone:
    """What fails or is denied together: rows of nodes and spans, names of satellite systems and gateways."""

    name: str
    nodes: tuple[int, ...] = ()
    spans: tuple[int, ...] = ()
    systems: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    repair_hours: float = 0.0

    def __add__(self, other: Gone) -> Gone:
        return Gone(
            " + ".join(name for name in (self.name, other.name) if name),
            tuple(sorted({*self.nodes, *other.nodes})),
            tuple(sorted({*self.spans, *other.spans})),
            tuple(sorted({*self.systems, *other.systems})),
            tuple(sorted({*self.gateways, *other.gateways})),
            max(self.repair_hours, other.repair_hours),
        )


@dataclass(frozen=True)
class Things:
    """Everything that a name may mean.

    Attributes
    ----------
    nodes, spans : DataFrame
    items : list of Element
    sky : Sky
    iso : str
        Country code of the nation.
    """

    nodes: pd.DataFrame
    spans: pd.DataFrame
    items: Sequence[Element]
    sky: Sky
    iso: str

    @cached_property
    def _labels(self) -> dict[str, Element]:
        return labels(self.items)

    def find(self, name: str) -> Gone:
        """What a name means; an unknown one is refused with the nearest known one."""
        if name in WORDS:
            return self._word(name)
        found = [*self._element(name), *self._operator(name), *self._rows(name)]
        if not found:
            known = {*WORDS, *self._labels, *self._operators(), *(s.name for s in self.sky.systems)}
            known |= {str(text) for text in self.nodes["name"]}
            raise RabtaError(
                "no element, operator or system of that name",
                key="name",
                value=name,
                expected=nearest(name, known),
            )
        return gone_together(found[:1] if ":" in name else found, name)

    def _element(self, name: str) -> list[Gone]:
        item = self._labels.get(name)
        if item is None:
            return []
        gateways = (item.name,) if item.kind == "gateway" else ()
        return [Gone(name, item.nodes, item.spans, gateways=gateways, repair_hours=item.repair_hours)]

    def _operator(self, name: str) -> list[Gone]:
        systems = tuple(s.name for s in self.sky.systems if name in {s.operator, s.name})
        return [Gone(name, systems=systems)] if systems else []

    def _rows(self, name: str) -> list[Gone]:
        nodes = tuple(np.flatnonzero(self.nodes["name"].to_numpy(str) == name).tolist())
        spans = tuple(np.flatnonzero(denied.spans(self.nodes, self.spans, [name])).tolist())
        gateways = (name,) if name in self.sky.gateways else ()
        return [Gone(name, nodes, spans, gateways=gateways)] if nodes or spans or gateways else []

    def _operators(self) -> set[str]:
        return {s.operator for s in self.sky.systems}

    def _word(self, name: str) -> Gone:
        foreign = tuple(s.name for s in self.sky.systems if s.foreign)
        if name == FOREIGN_SPACE:
            return Gone(name, systems=foreign)
        if name == FOREIGN_OPERATORS:
            return Gone(name, *self._foreign_ground(), systems=foreign)
        if name == WESTWARD:
            return Gone(name, spans=self._westward())
        return Gone(name, spans=tuple(np.flatnonzero(self._leads_abroad()).tolist()))

    def _leads_abroad(self) -> B1:
        """Spans of the sea and across borders that end at home."""
        ends = self.spans[["from_node", "to_node"]].to_numpy(np.int64)
        ours = (self.nodes["kind"].to_numpy(str) != "abroad")[ends].any(axis=1)
        return np.asarray(ours & self.spans["kind"].isin(CABLE_SPANS).to_numpy(bool))

    def _foreign_ground(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Nodes and spans at home that only owners run who run nothing else at home than foreign systems."""
        foreign = {s.operator for s in self.sky.systems if s.foreign}
        national = {s.operator for s in self.sky.systems if not s.foreign}
        strangers = foreign - national
        abroad = self.nodes["country"].to_numpy(str) != self.iso
        nodes = [i for i, who in enumerate(self.nodes["owner"].fillna("")) if _only(who, strangers)]
        spans = [i for i, who in enumerate(self.spans["owner"].fillna("")) if _only(who, strangers)]
        return tuple(i for i in nodes if not abroad[i]), tuple(spans)

    def _westward(self) -> tuple[int, ...]:
        """Circuits that lead to a place behind the Red Sea or in it."""
        lon, lat = (self.nodes[key].to_numpy(np.float64) for key in ("lon_deg", "lat_deg"))
        west = (lon < BAB_EL_MANDEB_DEG) & (lat > RED_SEA_SOUTH_DEG)
        ends = self.spans[["from_node", "to_node"]].to_numpy(np.int64)
        return tuple(np.flatnonzero(self._leads_abroad() & west[ends].any(axis=1)).tolist())


def _only(who: object, names: set[str]) -> bool:
    found = set(owners(who))
    return bool(found) and found <= names


def gone_together(parts: Iterable[Gone], name: str) -> Gone:
    """All parts under one name.

    Examples
    --------
    >>> both = gone_together([Gone("a", spans=(3,)), Gone("b", spans=(1,), repair_hours=8.0)], "a and b")
    >>> both.spans, both.repair_hours
    ((1, 3), 8.0)
    """
    total = Gone("")
    for part in parts:
        total += part
    return Gone(name, total.nodes, total.spans, total.systems, total.gateways, total.repair_hours)


def denials(things: Things, names: Sequence[str]) -> list[Gone]:
    """Every denial that a run shows: each foreign operator, the words, each cable, the scenario's own."""
    foreign = sorted({s.operator for s in things.sky.systems if s.foreign})
    cables = [item.name for item in things.items if item.kind == "cable"]
    out = [things.find(name) for name in foreign]
    out += [things.find(word) for word in WORDS]
    out += [gone_together([things.find(f"cable:{name}")], name) for name in cables]
    if names:
        out.append(gone_together([_own(things, name) for name in names], f"{SCENARIO}: {', '.join(names)}"))
    return [gone for gone in out if gone.nodes or gone.spans or gone.systems]


def _own(things: Things, name: str) -> Gone:
    """What a name of the scenario means; nothing for a catalog system that the run is without anyway."""
    try:
        return things.find(name)
    except RabtaError:
        if name in denied.skies().names:
            return Gone(name)
        raise
