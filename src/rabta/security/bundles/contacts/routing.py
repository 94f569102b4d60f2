"""Earliest arrival over a contact plan, with what is booked (CCSDS 734.3-B-1, schedule-aware routing).

A bundle is received whole before it is sent on. Within a contact an earlier begin never ends later, also
around booked parts, so that labels of nodes by earliest arrival (Dijkstra) are exact.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Collection
from dataclasses import dataclass

from rabta.security.bundles.contacts.plan import Plan


@dataclass(frozen=True)
class Hop:
    """One sending: the contact's number, begin and end at the sender, arrival of the last bit; seconds."""

    contact: int
    begin: float
    end: float
    arrival: float


@dataclass(frozen=True)
class Route:
    """Way of a bundle; `hops` is empty where source and destination are one."""

    hops: tuple[Hop, ...]
    size: int
    arrival: float

    def book(self, plan: Plan) -> None:
        """Take its parts of all contacts."""
        for hop in self.hops:
            plan.book(hop.contact, hop.begin, self.size)

    def release(self, plan: Plan) -> None:
        """Give them back."""
        for hop in self.hops:
            plan.release(hop.contact, hop.begin)

    def nodes(self, plan: Plan) -> list[str]:
        """Names of the nodes on the way."""
        if not self.hops:
            return []
        first = plan.contacts[self.hops[0].contact].sender
        return [first, *(plan.contacts[hop.contact].receiver for hop in self.hops)]


def route(
    plan: Plan,
    source: str,
    destination: str,
    size: int,
    start: float,
    *,
    avoid: Collection[str] = (),
    until: float = float("inf"),
) -> Route | None:
    """Way of earliest arrival; None where there is none.

    Parameters
    ----------
    size : int
        Bytes, with all headers.
    start : float
        When the bundle is at the source, seconds.
    avoid : collection of str
        Nodes that it must not go over.
    until : float
        Latest arrival that is of use, seconds.

    Examples
    --------
    >>> from rabta.security.bundles.contacts.plan import Contact
    >>> plan = Plan([Contact(0, 9, "a", "b", 8e3, 1), Contact(5, 20, "b", "c", 8e3, 1)])
    >>> route(plan, "a", "c", 1000, 0).arrival
    7.0
    """
    best: dict[str, float] = {source: start}
    last: dict[str, tuple[str, Hop]] = {}
    order = itertools.count()
    heap = [(start, next(order), source)]
    done: set[str] = set(avoid) - {source, destination}
    while heap:
        when, _, node = heapq.heappop(heap)
        if node == destination:
            return Route(_back(last, source, destination), size, when)
        if node in done:
            continue
        done.add(node)
        for receiver, numbers in plan.leaving(node, when).items():
            if receiver in done:
                continue
            hop = _first(plan, numbers, when, size, best.get(receiver, until + 1e-9))
            if hop is not None:
                best[receiver], last[receiver] = hop.arrival, (node, hop)
                heapq.heappush(heap, (hop.arrival, next(order), receiver))
    return None


def _first(plan: Plan, numbers: list[int], when: float, size: int, before: float) -> Hop | None:
    """Hop of earliest arrival over the contacts of a pair; None where none arrives before an instant."""
    found = None
    for number in numbers:
        contact = plan.contacts[number]
        if contact.start >= before:
            break  # all that follow begin later
        begin = plan.free(number, when, size)
        if begin is not None:
            end = begin + contact.duration(size)
            if end + contact.delay_s < before:
                before = end + contact.delay_s
                found = Hop(number, begin, end, before)
    return found


def _back(last: dict[str, tuple[str, Hop]], source: str, node: str) -> tuple[Hop, ...]:
    hops: list[Hop] = []
    while node != source:
        node, hop = last[node]
        hops.append(hop)
    return tuple(reversed(hops))
