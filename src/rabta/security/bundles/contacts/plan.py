"""The contact plan and what is booked of it."""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from rabta.errors import RabtaError


@dataclass(frozen=True)
class Contact:
    """A time in which one node can send to another.

    Attributes
    ----------
    start, end : float
        Seconds from the plan's begin.
    rate_bps : float
        Bits a second.
    delay_s : float
        One-way light time.
    """

    start: float
    end: float
    sender: str
    receiver: str
    rate_bps: float
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        finite = all(abs(x) < 1e15 for x in (self.start, self.end, self.delay_s, self.rate_bps))
        if not finite or self.end <= self.start or self.rate_bps <= 0 or self.delay_s < 0:
            raise RabtaError(
                "not a contact",
                value=f"{self.sender} > {self.receiver}, {self.start} to {self.end} s, {self.rate_bps} bit/s",
                expected="an end after the start, a rate above 0, a delay of 0 or more",
            )

    def duration(self, size: int) -> float:
        """Seconds that `size` bytes take."""
        return 8 * size / self.rate_bps


class Plan:
    """Contacts, and the times of each that are booked or failed."""

    def __init__(self, contacts: Iterable[Contact]) -> None:
        in_order = sorted(contacts, key=lambda item: (item.start, item.end, item.sender, item.receiver))
        self.contacts = tuple(in_order)
        self._to: dict[str, dict[str, tuple[list[int], list[float]]]] = defaultdict(dict)
        for number, contact in enumerate(self.contacts):
            numbers, ends = self._to[contact.sender].setdefault(contact.receiver, ([], []))
            numbers.append(number)
            ends.append(max(contact.end, ends[-1] if ends else contact.end))
        self._booked: dict[int, list[tuple[float, float]]] = defaultdict(list)
        self.failed: set[int] = set()

    @property
    def nodes(self) -> list[str]:
        """All nodes by name."""
        return sorted({name for item in self.contacts for name in (item.sender, item.receiver)})

    @property
    def span(self) -> tuple[float, float]:
        """First start and last end; 0 and 0 of an empty plan."""
        if not self.contacts:
            return 0.0, 0.0
        return self.contacts[0].start, max(item.end for item in self.contacts)

    def leaving(self, node: str, after: float = -math.inf) -> dict[str, list[int]]:
        """By receiver: numbers of the contacts in which a node sends, by start; few that ended before."""
        found = self._to.get(node, {})
        return {name: numbers[bisect.bisect_left(ends, after) :] for name, (numbers, ends) in found.items()}

    def free(self, number: int, after: float, size: int) -> float | None:
        """Earliest begin, not before `after`, of sending `size` bytes; None where they do not fit."""
        contact = self.contacts[number]
        if number in self.failed:
            return None
        begin, takes = max(after, contact.start), contact.duration(size)
        for busy, until in self._booked.get(number, ()):
            if begin + takes <= busy:
                break
            begin = max(begin, until)
        return begin if begin + takes <= contact.end else None

    def book(self, number: int, begin: float, size: int) -> None:
        """Take a part of a contact.

        Raises
        ------
        RabtaError
            Where it is not free.
        """
        if self.free(number, begin, size) != begin:
            raise RabtaError(
                "this part of a contact is not free", value=f"{begin} s", key=f"contact {number}"
            )
        if size:
            bisect.insort(self._booked[number], (begin, begin + self.contacts[number].duration(size)))

    def release(self, number: int, begin: float) -> None:
        """Give a part back that begins at an instant."""
        self._booked[number] = [part for part in self._booked[number] if part[0] != begin]

    def fail(self, number: int) -> None:
        """Take a contact out of use."""
        self.failed.add(number)

    def used(self, number: int) -> float:
        """Share of a contact that is booked, 0 to 1."""
        contact = self.contacts[number]
        busy = sum(until - begin for begin, until in self._booked.get(number, ()))
        return busy / (contact.end - contact.start)
