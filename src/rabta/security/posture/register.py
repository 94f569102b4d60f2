"""Who owns, makes and protects: the catalog's makers, owners, equipment and crypto classes, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rabta import catalog
from rabta.errors import RabtaError, nearest

UNKNOWN = "unknown"
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Maker:
    """A maker of equipment or chips.

    Attributes
    ----------
    chips : frozenset of str
        Makers of the chips and firmware that it is publicly known to rest on; empty where unknown.
    chips_known : bool
        Whether anything is published of them.
    """

    name: str
    title: str
    country: str
    chips: frozenset[str]
    chips_known: bool


@dataclass(frozen=True)
class Owner:
    """An owner, its country of registration and that of the parent or managing shareholder."""

    name: str
    country: str
    parent: str
    parent_country: str


@dataclass(frozen=True)
class Crypto:
    """What an observer on the path reads of a class of protection, and whether it can change it."""

    name: str
    title: str
    content_today: bool
    content_future: bool
    integrity: bool


@dataclass(frozen=True)
class Register:
    """Everything by name.

    Attributes
    ----------
    makers : mapping of str to Maker
    owners : mapping of str to Owner
    items : mapping of (kind, name, class) to the makers named
        Kind is ``owner``, ``cable`` or ``system``; class is empty for systems.
    planned : frozenset of str
        Makers named for planned equipment.
    """

    makers: Mapping[str, Maker]
    owners: Mapping[str, Owner]
    items: Mapping[tuple[str, str, str], frozenset[str]]
    planned: frozenset[str]

    def made(self, kind: str, names: Iterable[str], class_: str) -> frozenset[str]:
        """Makers named for a class of equipment of some owners, cables or systems; empty is unknown."""
        found = (self.items.get((kind, name, class_), NOBODY) for name in names)
        return frozenset().union(*found)

    def rests_on(self, maker: str) -> frozenset[str]:
        """The maker and the makers of its chips."""
        return self.makers[maker].chips | {maker}

    def countries(self, makers: Iterable[str]) -> frozenset[str]:
        """Countries of some makers."""
        return frozenset(self.makers[name].country for name in makers)

    def chip_countries(self, makers: Iterable[str]) -> frozenset[str]:
        """Countries of the chips that some makers are publicly known to rest on."""
        return frozenset(self.makers[chip].country for name in makers for chip in self.makers[name].chips)

    def owner_country(self, name: str) -> str:
        """Country of registration; empty where it is not known."""
        return self.owners[name].country if name in self.owners else ""

    def parent_country(self, name: str) -> str:
        """Country of the parent; empty where it is not known."""
        return self.owners[name].parent_country if name in self.owners else ""

    @cached_property
    def chip_makers(self) -> frozenset[str]:
        """Makers that others rest on."""
        return frozenset().union(*(maker.chips for maker in self.makers.values()))


def register(equipment: str) -> Register:
    """The register of an entry of the equipment catalog; without a name, one that knows no owner.

    Raises
    ------
    RabtaError
        Where a row names a maker that no entry of the makers catalog has.
    """
    makers = {row["name"]: _maker(row) for entry in catalog.entries("makers") for row in entry.data["maker"]}
    for maker in makers.values():
        for chip in maker.chips:
            _known(chip, makers, f"chips of {maker.name}")
    entries = [catalog.entry("equipment", equipment)] if equipment else []
    rows = [row for entry in entries for row in entry.data["item"]]
    for row in rows:
        for name in row["makers"]:
            _known(name, makers, f"makers of {row.get('owner') or row.get('cable') or row.get('system')}")
    items: dict[tuple[str, str, str], frozenset[str]] = {}
    for row in rows:
        if row["status"] == "operating":
            key = _key(row)
            items[key] = items.get(key, NOBODY) | frozenset(row["makers"])
    planned = frozenset(name for row in rows if row["status"] != "operating" for name in row["makers"])
    named = frozenset().union(*items.values()) if items else NOBODY
    owners = {r["name"]: _owner(r) for entry in entries for r in entry.data["owner"]}
    return Register(makers, {**_operators(), **owners}, items, planned - named)


def _known(name: str, makers: Mapping[str, Maker], key: str) -> None:
    if name not in makers:
        raise RabtaError("no such maker in the catalog", key=key, value=name, expected=nearest(name, makers))


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    kind = next(kind for kind in ("owner", "cable", "system") if kind in row)
    return kind, str(row[kind]), str(row["class"])


def _maker(row: Mapping[str, Any]) -> Maker:
    known = UNKNOWN not in row["chips"]
    chips = frozenset(row["chips"]) - {UNKNOWN}
    return Maker(row["name"], row["title"], row["country"], chips, known)


def _owner(row: Mapping[str, Any]) -> Owner:
    return Owner(row["name"], row["country"], row["parent"], row["parent_country"])


def _operators() -> dict[str, Owner]:
    """Operators of satellite systems: the country of their licence is the registry's."""
    found = {}
    for entry in catalog.entries("constellations"):
        name, country = str(entry.data["operator"]), str(entry.data["country"])
        found[name] = Owner(name, country, "", country)
    return found


def classes() -> dict[str, Crypto]:
    """Crypto classes by name."""
    rows = catalog.entry("cryptoclasses", "standard").data["class"]
    return {
        row["name"]: Crypto(
            row["name"],
            row["title"],
            row["today"] == "content",
            row["quantum"] == "content",
            bool(row["integrity"]),
        )
        for row in rows
    }
