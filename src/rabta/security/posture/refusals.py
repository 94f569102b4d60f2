"""Who can cut: each party's elements are taken away, and the ways that are left are counted on the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.security.posture.network import Element, Network
from rabta.security.posture.register import Register

B1 = NDArray[np.bool_]


@dataclass(frozen=True)
class Party:
    """Somebody who may refuse.

    Attributes
    ----------
    kind : str
        ``owner``, ``country`` or ``maker``.
    """

    kind: str
    name: str


@dataclass(frozen=True)
class Cuts:
    """Pairs of places that lose every way where a party refuses, shape (party, pair).

    Attributes
    ----------
    ground, everything : ndarray of bool
        Over the ground alone, and with every satellite system; by elements that are certainly the party's.
    may_ground, may_everything : ndarray of bool
        By elements that may be the party's: shared, of a parent, one of several makers, or with its chips.
    """

    parties: tuple[Party, ...]
    ground: B1
    everything: B1
    may_ground: B1
    may_everything: B1


def parties(network: Network, book: Register) -> tuple[Party, ...]:
    """Every owner, country and maker of the network's elements, chips included; sorted."""
    owners = {name for e in network.elements for name in e.owners}
    makers = {part for e in network.elements for name in e.makers for part in book.rests_on(name)}
    countries = {code for e in network.elements for code in (*e.located, e.registry)}
    countries |= {book.owner_country(name) for name in owners} | {
        book.parent_country(name) for name in owners
    }
    kinds = (("owner", owners), ("country", countries - {""}), ("maker", makers))
    return tuple(Party(kind, name) for kind, names in kinds for name in sorted(names))


def hit(element: Element, party: Party, book: Register) -> tuple[bool, bool]:
    """Whether an element is certainly lost where the party refuses, and whether it may be.

    Certainly: the party is the only owner; the element stands in the country, or all its owners are
    registered there; every maker named for it is the party, or rests on its chips. May: shared with others,
    owned by a parent there, or one of several makers named. What is not published hits nothing here: it is
    counted apart.
    """
    if party.kind == "owner":
        return element.owners == {party.name}, party.name in element.owners
    if party.kind == "country":
        home = [book.owner_country(name) for name in element.owners]
        stands = party.name in element.located or party.name == element.registry
        parent = any(book.parent_country(name) == party.name for name in element.owners)
        sure = stands or (bool(home) and set(home) == {party.name})
        return sure, sure or party.name in home or parent
    on = [party.name in book.rests_on(name) for name in element.makers]
    return bool(on) and all(on), any(on)


def cuts(network: Network, book: Register, pairs: Sequence[tuple[int, int]]) -> Cuts:
    """Take every party's elements away, one party at a time.

    Parameters
    ----------
    pairs : sequence of (place, place)
    """
    who = parties(network, book)
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    sure, may = np.zeros((2, len(who), len(network.elements)), dtype=bool)
    for p, party in enumerate(who):
        for e, element in enumerate(network.elements):
            sure[p, e], may[p, e] = hit(element, party, book)
    judge = _judge(network, ends)
    return Cuts(who, judge(sure, False), judge(sure, True), judge(may, False), judge(may, True))


def _judge(network: Network, ends: NDArray[np.int64]) -> Callable[[B1, bool], B1]:
    """Pairs that are joined in the whole network and no longer after a loss."""

    def apart(lost: B1, space: bool) -> B1:
        label = network.labels(network.alive(lost, space=space))
        return np.asarray(label[ends[:, 0]] != label[ends[:, 1]])

    def judge(lost: B1, space: bool) -> B1:
        before = apart(np.zeros(len(network.elements), dtype=bool), space)
        known: dict[bytes, B1] = {}
        out = np.zeros((len(lost), len(ends)), dtype=bool)
        for p, row in enumerate(lost):
            key = row.tobytes()
            if key not in known:
                known[key] = apart(row, space) & ~before
            out[p] = known[key]
        return np.asarray(out)

    return judge


def without(network: Network, unknown: B1, pairs: Sequence[tuple[int, int]]) -> B1:
    """Pairs that lose every way over the ground where all elements of a kind are lost together."""
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return np.asarray(_judge(network, ends)(unknown[None], False)[0])
