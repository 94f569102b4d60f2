"""All flights of a service watched: reports taken, states changed in discovery, subscribers told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rabta.airspace.conformance.monitor import (
    CLOCKS_S,
    CONTINGENT,
    NOMINAL,
    NONCONFORMING,
    Position,
    Watch,
    fleet,
    reach,
)
from rabta.airspace.conformance.witness import Doubt, Sighting
from rabta.airspace.dss.rules import clock
from rabta.airspace.uss.flights import Flights
from rabta.airspace.uss.network import CallError
from rabta.airspace.uss.rules import RejectedError
from rabta.airspace.volumes import messages as written
from rabta.errors import RabtaError

LOOK_S = 1.0
MOST_HELD = 1_000  # positions of a flight that are kept
MOST_EVENTS = 10_000


class Watcher:
    """Watches the flights of which reports come; others are left to their operators."""

    def __init__(self, flights: Flights) -> None:
        self.flights = flights
        self.watches: dict[str, Watch] = {}
        self.doubts: dict[str, Doubt] = {}
        self.events: list[dict[str, Any]] = []
        self._tried: dict[str, dict[str, Any]] = {}

    def report(self, name: str, telemetry: Mapping[str, Any]) -> bool:
        """Take a position of a flight, as F3548-21 writes one; whether it counts.

        Raises
        ------
        KeyError
            Of a flight that is not held.
        RabtaError
            Of a message that is none.
        """
        flight, position = self.flights.held[name], read(telemetry)
        watch = self.watches.setdefault(name, Watch())
        counts = watch.take(position, flight.intent.volumes, clock())
        if counts:
            flight.positions.append(dict(telemetry))
            del flight.positions[:-MOST_HELD]
            self._weigh(name, position)
        return counts

    def sight(self, name: str, rows: Sequence[Sighting]) -> dict[str, Any]:
        """Take positions at which others see a flight; what speaks against its reports so far.

        Raises
        ------
        KeyError
            Of a flight that is not held.
        RabtaError
            Of a sighting from the future, by more than clocks may differ.
        """
        self.flights.held[name]
        for one in rows:
            if one.at_s > clock() + CLOCKS_S:
                raise RabtaError("a sighting from the future", key="time", value=f"{one.at_s:.3f}",
                                 expected=f"at most {CLOCKS_S:g} s ahead")  # fmt: skip
        return self._weigh(name, rows)

    def _weigh(self, name: str, what: Position | Sequence[Sighting]) -> dict[str, Any]:
        doubt = self.doubts.setdefault(name, Doubt())
        before = doubt.against
        if isinstance(what, Position):
            doubt.hear(what)
        else:
            doubt.see(what)
        if doubt.against and not before:
            state = self.flights.held[name].intent.state
            self._record({"at_s": clock(), "flight": name, "from": state, "to": state, "problem": "",
                          "why": "its reports are disputed", "seen": doubt.disputes[0]})  # fmt: skip
        return doubt.summary()

    async def run(self) -> None:
        """Look at all flights each second, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Change the states that have to change."""
        for held in (self.watches, self.doubts):
            for name in held.keys() - self.flights.held.keys():
                del held[name]
        await asyncio.gather(*(self._look(name) for name in list(self.watches)))

    async def _look(self, name: str) -> None:
        flight, watch, now = self.flights.held[name], self.watches[name], clock()
        intent = flight.intent
        if intent.state not in (NOMINAL, NONCONFORMING):
            return
        state, why = watch.state(now, intent.state)
        if state == intent.state:
            return
        until = max(one.end_s for one in intent.everywhere)
        off = () if state == NOMINAL else (reach(watch, now, until),)
        wanted = replace(intent, state=state, off_nominal=off)  # what was planned stays shared
        problem = ""
        try:
            await self.flights.plan(name, wanted)
        except (RejectedError, CallError) as error:
            problem = str(error)
        event = {"flight": name, "from": intent.state, "to": state, "problem": problem}
        if problem and event == self._tried.get(name):
            return  # tried again each second; it is said once
        self._tried[name] = event
        self._record({"at_s": now, **event, "why": why})

    def _record(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        del self.events[:-MOST_EVENTS]

    def summary(self, name: str) -> dict[str, Any]:
        """Figures of a flight, its state and what happened.

        Raises
        ------
        KeyError
        """
        state = self.flights.held[name].intent.state
        found = self.watches.get(name)
        figures = {} if found is None else found.summary()
        doubt = self.doubts.get(name, Doubt()).summary()
        return {"flight": name, "state": state, "watched": found is not None, **figures, "seen": doubt,
                "events": [one for one in self.events if one["flight"] == name]}  # fmt: skip

    def whole(self) -> dict[str, Any]:
        """Figures of all flights that are watched."""
        states = [self.flights.held[name].intent.state for name in self.watches if name in self.flights.held]
        return {**fleet(list(self.watches.values())), "nonconforming": states.count(NONCONFORMING),
                "contingent": states.count(CONTINGENT),
                "disputed": sum(one.against > 0 for one in self.doubts.values())}  # fmt: skip


def read(telemetry: Mapping[str, Any]) -> Position:
    """Position of a message with ``time_measured`` and ``position``.

    Raises
    ------
    RabtaError
        Where a number is missing or a height is above something else than the ellipsoid.
    """
    place = written.table(telemetry.get("position"), "position")
    height = written.table(place.get("altitude"), "position.altitude")
    above = f"{height.get('reference')} {height.get('units')}"
    if above != "W84 M":
        raise RabtaError("another height", key="position.altitude", value=above, expected="W84 M")
    return Position(
        written.seconds(written.table(telemetry.get("time_measured"), "time_measured").get("value"),
                        "time_measured"),
        written.number(place.get("latitude"), "position.latitude"),
        written.number(place.get("longitude"), "position.longitude"),
        written.number(height.get("value"), "position.altitude.value"),
        ACROSS_M.get(str(place.get("accuracy_h", "")), 0.0), UP_M.get(str(place.get("accuracy_v", "")), 0.0),
    )  # fmt: skip


ACROSS_M = {"HA10NM": 18_520.0, "HA4NM": 7_408.0, "HA2NM": 3_704.0, "HA1NM": 1_852.0, "HA05NM": 926.0,
            "HA03NM": 555.6, "HA01NM": 185.2, "HA005NM": 92.6, "HA30m": 30.0, "HA10m": 10.0, "HA3m": 3.0,
            "HA1m": 1.0}  # fmt: skip
UP_M = {"VA150m": 150.0, "VA45m": 45.0, "VA25m": 25.0, "VA10m": 10.0, "VA3m": 3.0, "VA1m": 1.0}
"""Bounds of 95 per cent by the standard's codes."""
