"""Flights of one service: planned, changed and ended with discovery and all whom it concerns."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rabta.airspace.dss.intents import OFF_NOMINAL, PLAN, WATCH
from rabta.airspace.dss.rules import clock
from rabta.airspace.dss.subscriptions import around
from rabta.airspace.uss.book import Book
from rabta.airspace.uss.network import CallError, Network
from rabta.airspace.uss.rules import (
    Intent,
    allowed,
    conflicts,
    crossing,
    read,
    renamed,
    unknown,
)
from rabta.airspace.volumes import Volume
from rabta.airspace.volumes import messages as written
from rabta.errors import RabtaError

PATH = "/dss/v1/operational_intent_references"
TRIES = 8
"""How often a plan is made anew when others were faster."""


@dataclass
class Flight:
    """A plan of an operator's.

    Attributes
    ----------
    id : str
        The operator's name for it.
    intent : Intent
        What is shared of it.
    positions : list of dict
        Newest last.
    """

    id: str
    intent: Intent
    positions: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Planned:
    """A plan that was shared, and whom it meets with right of way.

    Attributes
    ----------
    flight : Flight
    below : sequence of str
        Intents of lower priority that it meets.
    unheard : sequence of str
        Subscribers that could not be told.
    """

    flight: Flight
    below: Sequence[str] = ()
    unheard: Sequence[str] = ()


Check = Callable[[Intent], None]


class Flights:
    """The application of a service: all its logic, without messages of the network.

    Parameters
    ----------
    book : Book
    network : Network
    public : str
        Base address at which other services reach this one.
    checks : sequence of callable
        More that a plan must satisfy, each raising `RejectedError`.
    """

    def __init__(self, book: Book, network: Network, public: str, checks: Sequence[Check] = ()) -> None:
        self.book, self.network, self.public, self.checks = book, network, public, checks
        self.held = {name: _flight(row) for name, row in book.all("flight").items()}
        self.known: dict[str, Intent] = {}  # details of others, by intent
        self.told: list[dict[str, Any]] = []  # what operators were told of conflicts
        self._locks: dict[str, asyncio.Lock] = {}

    async def plan(self, name: str, wanted: Intent) -> Planned:
        """Share a plan, new or changed, in the state that it asks for.

        Raises
        ------
        RejectedError
            When the standard, or another's plan, does not allow it; the plan of before stays.
        CallError
            When somebody who must answer does not.
        """
        async with self._locks.setdefault(name, asyncio.Lock()):
            old = self.held.get(name)
            before = None if old is None else old.intent
            allowed(wanted, before, clock())
            for check in self.checks:
                check(wanted)
            wanted = replace(wanted, id=str(uuid.uuid4()) if before is None else before.id)
            shared, below, subscribers = await self._share(wanted, before)
            flight = Flight(name, shared, [] if old is None else old.positions)
            self.held[name] = flight
            self.book.put("flight", name, _row(flight))
            unheard = await self._tell(shared.id, shared, subscribers)
        if below:
            self._note("CausedConflict", name, len(below))
        return Planned(flight, [one.id for one in below], unheard)

    async def end(self, name: str) -> list[str]:
        """End a flight; returns the subscribers that could not be told.

        Raises
        ------
        KeyError, CallError
        """
        async with self._locks.setdefault(name, asyncio.Lock()):
            intent = self.held[name].intent
            scope = WATCH if intent.state in OFF_NOMINAL else PLAN
            try:
                answer = await self.network.discovery("DELETE", f"{PATH}/{intent.id}/{intent.ovn}", scope)
            except CallError as error:
                if error.status != 404:
                    raise
                answer = {}
            del self.held[name]
            self.book.drop("flight", name)
            return await self._tell(intent.id, None, answer.get("subscribers", []))

    async def clear(self, area: Volume) -> list[str]:
        """End all flights that meet a volume; returns what went wrong."""
        problems = []
        for name in [name for name, one in self.held.items() if crossing([area], one.intent.everywhere)]:
            try:
                await self.end(name)
            except CallError as error:
                problems.append(f"{name}: {error}")
        return problems

    def hear(self, message: Mapping[str, Any], sender: str) -> None:
        """Another's intent has changed, or ended.

        Raises
        ------
        RabtaError
            When the message does not hold to the standard, or is not its manager's.
        """
        name = str(message.get("operational_intent_id", ""))
        held = message.get("operational_intent")
        if held is None:
            self.known.pop(name, None)
            return
        intent = read(written.table(held, "operational_intent"))
        if intent.manager != sender or intent.id != name:
            raise RabtaError("a notification of another's intent", key="manager", value=sender)
        self.known[name] = intent
        met = [one for one in self.held.values() if crossing(one.intent.everywhere, intent.everywhere)]
        for flight in met:
            self._note("DetectedConflict", flight.id, len(met))

    async def others(self, area: Sequence[Volume]) -> list[Intent]:
        """Intents of all in an area, with details: our own, those known at their version, and asked for.

        Raises
        ------
        CallError
            When a service that is not down does not tell its details.
        """
        whole = around(area)
        answer = await self.network.discovery(
            "POST", f"{PATH}/query", PLAN, {"area_of_interest": written.message(whole[0])})  # fmt: skip
        own = {one.intent.id: one.intent for one in self.held.values()}
        found = answer.get("operational_intent_references", [])
        return await asyncio.gather(*(self._detailed(one, own, whole) for one in found))

    async def _detailed(
        self, reference: Mapping[str, Any], own: Mapping[str, Intent], area: list[Volume]
    ) -> Intent:
        name = str(reference["id"])
        if name in own:
            return own[name]
        held = self.known.get(name)
        if held is not None and held.version == reference["version"] and held.ovn:
            return held
        try:
            url = f"{reference['uss_base_url']}/uss/v1/operational_intents/{name}"
            answer = await self.network.call("GET", url, PLAN)
            self.known[name] = read(written.table(answer.get("operational_intent"), "operational_intent"))
        except (CallError, RabtaError) as error:
            if reference.get("uss_availability") == "Down":
                return unknown(reference, area)
            raise CallError(f"no details of {name}: {error}") from None
        return self.known[name]

    async def _share(
        self, wanted: Intent, before: Intent | None
    ) -> tuple[Intent, list[Intent], list[dict[str, Any]]]:
        """Put the intent into discovery, with a key of all that it meets; again while others are faster."""
        problem = ""
        for _ in range(TRIES):
            others = [] if wanted.state in OFF_NOMINAL else await self.others(wanted.everywhere)
            below = conflicts(wanted, before, others)
            body = {
                "extents": [written.message(one) for one in wanted.everywhere], "state": wanted.state,
                "key": [one.ovn for one in others if one.ovn], "uss_base_url": self.public,
                "new_subscription": {"uss_base_url": self.public, "notify_for_constraints": False},
            }  # fmt: skip
            path = f"{PATH}/{wanted.id}" + ("" if before is None else f"/{before.ovn}")
            scope = WATCH if wanted.state in OFF_NOMINAL else PLAN
            try:
                answer = await self.network.discovery("PUT", path, scope, body)
            except CallError as error:
                if error.status != 409 or "missing_operational_intents" not in error.body:
                    raise
                problem = str(error)
                continue
            return (
                renamed(wanted, answer["operational_intent_reference"]),
                below,
                answer.get("subscribers", []),
            )
        raise CallError(f"others were faster {TRIES} times: {problem}", 409)

    async def _tell(
        self, name: str, intent: Intent | None, subscribers: Sequence[Mapping[str, Any]]
    ) -> list[str]:
        """Tell all subscribers; returns those that did not hear."""
        told = None if intent is None else shown(intent)

        async def one(subscriber: Mapping[str, Any]) -> str:
            body = {"operational_intent_id": name, "subscriptions": subscriber["subscriptions"],
                    **({} if told is None else {"operational_intent": told})}  # fmt: skip
            url = f"{subscriber['uss_base_url']}/uss/v1/operational_intents"
            if subscriber["uss_base_url"] == self.public:
                return ""
            try:
                await self.network.call("POST", url, PLAN, body)
            except CallError as error:
                return f"{subscriber['uss_base_url']}: {error}"
            return ""

        return [problem for problem in await asyncio.gather(*map(one, subscribers)) if problem]

    def _note(self, kind: str, flight: str, count: int) -> None:
        self.told.append({"at_s": clock(), "kind": kind, "flight": flight, "conflicts": count})
        del self.told[:-10_000]


def shown(intent: Intent) -> dict[str, Any]:
    """Intent as its manager shows it to others."""
    return {"reference": dict(intent.reference), "details": intent.details()}


def _row(flight: Flight) -> dict[str, Any]:
    return {"id": flight.id, "intent": shown(flight.intent), "positions": flight.positions[-1_000:]}


def _flight(row: Mapping[str, Any]) -> Flight:
    return Flight(row["id"], read(row["intent"]), list(row["positions"]))
