"""What leads abroad: sea cables and land links of the catalog, the hubs where they end, ways between hubs.

Capacity on a cable is bought as circuits from a landing to a hub; a circuit towards Europe does not serve
when the Red Sea is cut, even if the cable is whole as far as the Gulf. So a cable becomes one span a landing
and circuit. Its capacity is what is lit for the nation, shared equally by its landings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from rabta import catalog, geo
from rabta.catalog import Entry
from rabta.errors import RabtaError, nearest

SEA_FACTOR = (
    1.15  # cable over the line through its waypoints; `rabta verify ground` holds it to published lengths
)
LAND_FACTOR = 1.2  # cost book, fibre_detour
HUB_MBPS = 1e8  # ways between hubs are not to bind
CARRIES = "operating"
GONE = "retired"


@dataclass(frozen=True)
class Place:
    """A hub, a waypoint or a landing."""

    name: str
    country: str
    lat_deg: float
    lon_deg: float
    exchange: bool = False


@dataclass(frozen=True)
class Circuit:
    """Capacity of a cable from a landing to a hub."""

    name: str
    cable: str
    kind: str
    landing: str
    hub: str
    via: tuple[str, ...]
    owner: str
    km: float
    mbps: float
    status: str


@dataclass(frozen=True)
class Backup:
    """Microwave along a cable on land, from a place to the landing."""

    landing: str
    lat_deg: float
    lon_deg: float
    owner: str


@dataclass(frozen=True)
class Abroad:
    """What leads abroad, and the hubs there.

    Attributes
    ----------
    ways : tuple of (hub, hub, km)
        Between hubs.
    borders : frozenset of str
        Landings that are border crossings on land; no circuit of the nation's own need cross there.
    backups : tuple of Backup
        Microwave behind cables on land.
    """

    hubs: tuple[Place, ...]
    landings: tuple[Place, ...]
    circuits: tuple[Circuit, ...]
    ways: tuple[tuple[str, str, float], ...]
    borders: frozenset[str] = frozenset()
    backups: tuple[Backup, ...] = ()


def abroad(nation: str, hubs: str = "world") -> Abroad:
    """What a nation has towards abroad; nothing where no cable of the catalog lands in it.

    Cables of the catalog land in Pakistan unless their ``nation`` says otherwise.
    """
    entry = catalog.entry("hubs", hubs)
    places = {p.name: p for kind in ("hub", "waypoint") for p in _places(entry, kind)}
    cables = [e for e in catalog.entries("cables") if e.data.get("nation", "pakistan") == nation]
    cables = [e for e in cables if e.data.get("status") != GONE and (e.data.get("circuit") or _is_land(e))]
    landings = {p.name: p for e in cables for p in _places(e, "landing")}
    borders = frozenset(p.name for e in cables if _is_land(e) for p in _places(e, "landing"))
    circuits = [c for e in cables if e.data.get("circuit") for c in _circuits(e, places)]
    if not circuits:
        return Abroad((), (), (), ())
    known = _places(entry, "hub")
    ways = [_way(entry, row, {p.name: p for p in known}) for row in entry.data.get("way", [])]
    backups = tuple(_backup(e) for e in cables if "backup" in e.data)
    return Abroad(tuple(known), tuple(landings.values()), tuple(circuits), tuple(ways), borders, backups)


def _places(entry: Entry, kind: str) -> list[Place]:
    out = []
    for number, row in enumerate(entry.data.get(kind, [])):
        lat, lon = (_number(entry, f"{kind}[{number}].{k}", row.get(k), -r, r) for k, r in _LIMITS)
        out.append(Place(str(row["name"]), str(row.get("country", "")), lat, lon, bool(row.get("exchange"))))
    return out


_LIMITS = (("lat_deg", 90.0), ("lon_deg", 180.0))


def _number(entry: Entry, key: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RabtaError(
            "not a number in range", file=entry.path, key=key, value=value, expected=f"{low:g} to {high:g}"
        )
    return float(value)


def _circuits(entry: Entry, places: dict[str, Place]) -> list[Circuit]:
    landings, rows = _places(entry, "landing"), entry.data["circuit"]
    shares = [
        _number(entry, f"circuit[{k}].share", r.get("share", 1.0), 0.0, 1.0) for k, r in enumerate(rows)
    ]
    if abs(sum(shares) - 1.0) > 1e-9:
        raise RabtaError("shares of circuits", file=entry.path, key="share", value=sum(shares), expected="1")
    lit = _number(entry, "lit_tbps", entry.data.get("lit_tbps"), 0.0, 1e4)
    carried = lit * 1e6 / len(landings) if entry.data["status"] == CARRIES else 0.0
    label = entry.name.upper() if len(entry.name) <= 5 else entry.title.split(" (")[0]
    out = []
    for landing in landings:
        suffix = f" from {landing.name}" if len(landings) > 1 else ""
        for row, share in zip(rows, shares, strict=True):
            line = [landing, *(_known(entry, name, places) for name in [*row.get("via", []), row["to"]])]
            out.append(
                Circuit(
                    f"{label} to {row['to']}{suffix}",
                    entry.name,
                    str(entry.data["kind"]),
                    landing.name,
                    line[-1].name,
                    tuple(p.name for p in line[1:-1]),
                    str(entry.data.get("owner", "")),
                    line_km(line, LAND_FACTOR if _is_land(entry) else SEA_FACTOR),
                    carried * share,
                    str(entry.data["status"]),
                )
            )
    return out


def _is_land(entry: Entry) -> bool:
    return entry.data.get("kind") == "land"


def _backup(entry: Entry) -> Backup:
    row = entry.data["backup"]
    lat, lon = (_number(entry, f"backup.{k}", row.get(k), -r, r) for k, r in _LIMITS)
    return Backup(_places(entry, "landing")[0].name, lat, lon, str(entry.data.get("owner", "")))


def _known(entry: Entry, name: str, places: dict[str, Place]) -> Place:
    if name not in places:
        raise RabtaError(
            "no such hub", file=entry.path, key="circuit", value=name, expected=nearest(name, places)
        )
    return places[name]


def line_km(places: Sequence[Place], factor: float) -> float:
    """Length of a cable through places: great circles times a factor."""
    return factor * sum(distance_km(a, b) for a, b in pairwise(places))


def distance_km(one: Place, other: Place) -> float:
    """Great-circle distance."""
    return float(geo.great_circle_m(one.lat_deg, one.lon_deg, other.lat_deg, other.lon_deg)) / 1e3


def _way(entry: Entry, row: dict[str, Any], hubs: dict[str, Place]) -> tuple[str, str, float]:
    one, other = (_known(entry, name, hubs) for name in row["between"])
    return one.name, other.name, float(row.get("km") or LAND_FACTOR * distance_km(one, other))


def hub_of(lat_deg: float, lon_deg: float, hubs: Sequence[Place]) -> tuple[int, float]:
    """Nearest hub and its distance (km)."""
    far = [float(geo.great_circle_m(lat_deg, lon_deg, h.lat_deg, h.lon_deg)) / 1e3 for h in hubs]
    best = int(np.argmin(far))
    return best, far[best]
