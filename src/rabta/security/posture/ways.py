"""Who sees each way: its owners, countries, taps, makers and media, and what of it is not published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.security.posture.network import Element, Network
from rabta.security.posture.register import Register

NO_WAY: tuple[int, ...] = ()


@dataclass(frozen=True)
class Way:
    """A way over the ground: its elements and its length; no elements where there is none."""

    elements: tuple[int, ...]
    km: float


@dataclass(frozen=True)
class Tag:
    """What a way touches.

    Attributes
    ----------
    intercept : frozenset of str
        Countries whose law reaches an exchange, landing, gateway, hub or crossing on it, or its registry.
    unknown_owner, unknown_maker : float
        Part of its elements whose owner or maker is not published.
    """

    media: frozenset[str]
    owners: frozenset[str]
    countries: frozenset[str]
    intercept: frozenset[str]
    makers: frozenset[str]
    unknown_owner: float
    unknown_maker: float
    leaves: bool


def ground(network: Network, pairs: Sequence[tuple[int, int]]) -> list[tuple[Way, Way]]:
    """Shortest way over the ground of each pair, and the next one that shares no place between the ends."""
    sources = sorted({a for a, _ in pairs})
    if not sources:
        return []
    km, before = network.shortest(sources)
    row = {a: i for i, a in enumerate(sources)}
    out = []
    for a, b in pairs:
        places = _trace(before[row[a]], a, b)
        first = Way(tuple(network.on_way(places)), float(km[row[a], b])) if places else Way(NO_WAY, np.nan)
        out.append((first, _second(network, a, b, places)))
    return out


def _trace(before: NDArray[np.int64], a: int, b: int) -> list[int]:
    """Places from one to another; empty where there is no way."""
    places = [b]
    while places[-1] != a:
        last = int(before[places[-1]])
        if last < 0:
            return []
        places.append(last)
    return places[::-1]


def _second(network: Network, a: int, b: int, places: list[int]) -> Way:
    """Way without the places between; those that the ends hang on alone stay."""
    inner = places[1:-1]
    keep = set(inner[:1]) if a in network.sites else set()
    keep |= {p for p in inner if network.place_element[p] >= 0 and _radio(network, p)}
    keep |= set(inner[1:2]) if keep and _radio(network, inner[0]) else set()
    shut = [p for p in inner if p not in keep]
    if not shut:
        return Way(NO_WAY, np.nan)
    km, before = network.shortest([a], shut)
    other = _trace(before[0], a, b)
    return Way(tuple(network.on_way(other)), float(km[0, b])) if other else Way(NO_WAY, np.nan)


def _radio(network: Network, place: int) -> bool:
    return bool(network.elements[network.place_element[place]].medium == "radio")


def tag(elements: Sequence[Element], book: Register, home: str) -> Tag:
    """What some elements together touch; abroad, makers and owners that nobody published are unknown too."""
    owned = [e for e in elements if e.medium or e.tapped or e.owners]
    made = [e for e in elements if e.medium or e.makers]
    owners = frozenset(name for e in elements for name in e.owners)
    located = frozenset(code for e in elements for code in e.located)
    registered = frozenset(book.owner_country(name) for name in owners) - {""}
    registry = frozenset(e.registry for e in elements if e.registry)
    return Tag(
        frozenset(e.medium for e in elements if e.medium),
        owners,
        located | registered | registry,
        frozenset(code for e in elements if e.tapped for code in e.located) | registry,
        frozenset(name for e in elements for name in e.makers),
        _share([not e.owners for e in owned]),
        _share([not e.makers for e in made]),
        bool(located - {home}),
    )


def _share(values: Sequence[bool]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def with_alternatives(network: Network, way: Way) -> list[Element]:
    """Elements of a way; where it begins over a mobile operator, all of them, since any may carry it."""
    found = [network.elements[e] for e in way.elements]
    if any(e.medium == "radio" for e in found):
        known = {id(e) for e in found}
        found += [e for e in network.elements if e.medium == "radio" and id(e) not in known]
    return found


def satellite(network: Network, system: int, direct: bool) -> list[Element]:
    """Elements of a way over a system: the system, and its gateways where it cannot go on by itself."""
    found = [network.elements[system]]
    if direct:
        return found
    place = int(np.flatnonzero(network.place_element == system)[0])
    reach = network.head[(network.tail == place) & network.space]
    lands = (int(network.place_element[p]) for p in reach if network.place_element[p] >= 0)
    return found + [network.elements[e] for e in lands]
