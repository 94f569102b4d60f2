"""A service provider: the flights of its operators, shown to whoever displays the air.

An aircraft is shown for a minute after its last report, and only where and when somebody looks; the area
that discovery knows of is a box of whole steps, wider than the flight, so that it tells no path.
"""

from __future__ import annotations

import asyncio
import bisect
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from rabta.airspace.dss.rules import clock
from rabta.airspace.remoteid.network.details import Details
from rabta.airspace.remoteid.network.editions import HIGHEST_M, LOWEST_M, PAST_S, Edition
from rabta.airspace.remoteid.network.states import State, shown
from rabta.airspace.remoteid.network.view import View, around
from rabta.airspace.uss.book import Book
from rabta.airspace.uss.network import CallError, Network
from rabta.airspace.volumes import Volume

STEP_DEG = 0.05  # of the corners of areas in discovery: about 5 km
LASTS_S = 600.0
RENEW_S = 120.0
LOOK_S = 1.0
SPAN_S = 10.0  # of reports over which their rate is judged
LEAST_SHARE = 0.2  # NetMinUasLocRefreshPercentage: of the time reports come each second
EACH_S = 1.1  # NetMinUasLocRefreshFrequencyHz 1, and MinTimestampResolution 0.1
AGAIN_S = 60.0  # an operator is told of one thing so often
MOST_TOLD = 10_000
MOST_STATES = 20_000


@dataclass
class Area:
    """An identification service area of ours in discovery."""

    id: str
    view: View
    end_s: float
    version: str = ""


@dataclass
class Tracked:
    """A flight that is shown.

    Attributes
    ----------
    details : list of (float, Details)
        Since when which are valid, in order of time.
    states : list of State
        In order of time; those of the future are shown when their time has come (tests inject them).
    faults : list of (float, str)
        When which field was missing.
    """

    name: str
    details: list[tuple[float, Details]]
    aircraft: str = "NotDeclared"
    simulated: bool = False
    states: list[State] = field(default_factory=list)
    faults: list[tuple[float, str]] = field(default_factory=list)
    until_s: float = 0.0
    area: Area | None = None
    told: dict[str, float] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def now(self, now_s: float) -> Details | None:
        """Details that are valid."""
        found = [one for since, one in self.details if since <= now_s]
        return found[-1] if found else None

    def recent(self, now_s: float, span_s: float = PAST_S) -> list[State]:
        """States of the last minute."""
        begin = bisect.bisect_left(self.states, now_s - span_s, key=lambda one: one.at_s)
        end = bisect.bisect_right(self.states, now_s, key=lambda one: one.at_s)
        return self.states[begin:end]

    def add(self, states: Sequence[State]) -> int:
        """Take states; one of an instant that is known already is left out. Returns how many counted."""
        known = {one.at_s for one in self.states}
        fresh = [one for one in states if one.at_s not in known]
        self.states = sorted(self.states + fresh, key=lambda one: one.at_s)[-MOST_STATES:]
        return len(fresh)


class Provider:
    """Flights that are shown, by name.

    Parameters
    ----------
    public : str
        Base address at which others reach this service.
    """

    def __init__(self, book: Book, network: Network, public: str, edition: Edition) -> None:
        self.book, self.network, self.public, self.edition = book, network, public, edition
        self.flights: dict[str, Tracked] = {}
        self.told: deque[tuple[float, str]] = deque(maxlen=MOST_TOLD)
        self.problems: dict[str, str] = {}

    async def take(self, flight: Tracked, states: Sequence[State]) -> int:
        """Take a flight's states, and see to it that discovery knows where it is.

        Raises
        ------
        CallError
            Where discovery does not answer; the states are held, and it is asked again each second.
        """
        held = self.flights.setdefault(flight.name, flight)
        held.details, held.aircraft = flight.details, flight.aircraft
        counts = held.add(states)
        await self._place(held, clock())
        return counts

    async def end(self, name: str) -> None:
        """Forget a flight, here and in discovery.

        Raises
        ------
        KeyError, CallError
        """
        flight = self.flights[name]
        async with flight.lock:
            await self._leave(flight)
            self.flights.pop(name, None)

    def report(self, inside: View, past_s: float) -> list[dict[str, Any]]:
        """RIDFlight of each flight that was in a view within the last minute."""
        now_s, found = clock(), []
        for flight in self.flights.values():
            details, states = flight.now(now_s), shown(flight.recent(now_s), inside)
            if details is None or not states:
                continue
            one: dict[str, Any] = {"id": details.id, "aircraft_type": self._aircraft(flight.aircraft),
                                   "current_state": states[-1].message(self.edition),
                                   "simulated": flight.simulated}  # fmt: skip
            if past_s > 0.0:
                one["recent_positions"] = [
                    {"time": self.edition.when(state.at_s), "position": state.position(self.edition)}
                    for state in states if state.at_s >= now_s - past_s]  # fmt: skip
            found.append(one)
        return found

    def _aircraft(self, kind: str) -> str:
        if self.edition.of_2019:
            return "VTOL" if kind == "HybridLift" else kind
        return "HybridLift" if kind == "VTOL" else kind

    def details(self, name: str) -> Details | None:
        """Details of a flight that others know by a name."""
        now_s = clock()
        for flight in self.flights.values():
            found = flight.now(now_s)
            if found is not None and found.id == name and flight.recent(now_s):
                return found
        return None

    def serves(self, inside: View) -> bool:
        """Whether any area of ours meets a view."""
        return any(_meet(one.area.view, inside) for one in self.flights.values() if one.area is not None)

    async def run(self) -> None:
        """Look each second, until cancelled."""
        await self._tidy()
        while True:
            await asyncio.gather(*(self._look(one) for one in list(self.flights.values())))
            await asyncio.sleep(LOOK_S)

    async def _look(self, flight: Tracked) -> None:
        now_s = clock()
        self._notice(flight, now_s)
        try:
            if flight.simulated and flight.until_s > now_s:
                return
            if not flight.states or flight.states[-1].at_s < now_s - 2.0 * PAST_S:
                await self.end(flight.name)
            else:
                await self._place(flight, now_s)
            self.problems.pop(flight.name, None)
        except (CallError, KeyError) as error:
            self.problems[flight.name] = str(error)

    async def _place(self, flight: Tracked, now_s: float) -> None:
        """Make an area for a flight, or move it, where that is due."""
        async with flight.lock:
            ahead = flight.simulated or not flight.recent(now_s)
            places = [
                (one.lat_deg, one.lon_deg) for one in (flight.states if ahead else flight.recent(now_s))
            ]
            if not places:
                return
            box, area = around(places), flight.area
            end_s = max(now_s + LASTS_S, flight.until_s)
            if area is not None and area.view.covers(box) and area.end_s > now_s + RENEW_S:
                return
            await self._share(flight, box.grown(STEP_DEG), end_s)

    async def _share(self, flight: Tracked, view: View, end_s: float) -> None:
        area = flight.area or Area(str(uuid.uuid4()), view, end_s)
        volume = Volume(view.polygon, LOWEST_M, HIGHEST_M, end_s=end_s)
        body = self.edition.area_body(volume, self.public)
        path = self.edition.areas(area.id, area.version)
        try:
            answer = await self.network.discovery("PUT", path, self.edition.serve, body)
        except CallError as error:
            if area.version and error.status in (
                404,
                409,
            ):  # another knows better; made anew at the next look
                flight.area = None
            raise
        told = answer["service_area"]
        flight.area = Area(area.id, view, end_s, str(told["version"]))
        self.book.put("area", area.id, {"version": flight.area.version, "end_s": end_s})
        await self._tell(area.id, answer, told)

    async def _leave(self, flight: Tracked) -> None:
        if flight.area is None:
            return
        await self._gone(flight.area.id, flight.area.version)
        flight.area = None

    async def _gone(self, name: str, version: str) -> None:
        try:
            answer = await self.network.discovery(
                "DELETE", self.edition.areas(name, version), self.edition.serve
            )
        except CallError as error:
            if error.status not in (404, 409):
                raise
            answer = {}
        self.book.drop("area", name)
        await self._tell(name, answer, None)

    async def _tell(self, name: str, answer: Mapping[str, Any], area: Mapping[str, Any] | None) -> None:
        """Tell who subscribed; whoever does not hear misses nothing that it cannot ask for."""

        async def one(subscriber: Mapping[str, Any]) -> None:
            body = {
                "subscriptions": subscriber["subscriptions"],
                **({} if area is None else {"service_area": area}),
            }
            url = self.edition.notified_url(str(subscriber["url"]), name)
            try:
                await self.network.call("POST", url, self.edition.serve, body)
            except CallError as error:
                self.problems[url] = str(error)

        await asyncio.gather(*(one(each) for each in answer.get("subscribers", [])))

    async def _tidy(self) -> None:
        """End the areas of a process that ended without doing so."""
        for name, row in self.book.all("area").items():
            if any(one.area is not None and one.area.id == name for one in self.flights.values()):
                continue
            try:
                await self._gone(name, str(row["version"]))
            except CallError as error:
                self.problems[name] = str(error)

    def _notice(self, flight: Tracked, now_s: float) -> None:
        """Tell the operator what is wrong with a flight's reports."""
        due = [what for at_s, what in flight.faults if at_s <= now_s]
        flight.faults = [one for one in flight.faults if one[0] > now_s]
        for what in due:
            self._say(flight, now_s, f"a state without {what}")
        if slow(flight.recent(now_s, SPAN_S), now_s):
            self._say(flight, now_s, "reports come too seldom")

    def _say(self, flight: Tracked, now_s: float, what: str) -> None:
        if now_s - flight.told.get(what, -AGAIN_S) >= AGAIN_S:
            flight.told[what] = now_s
            self.told.append((now_s, f"flight {flight.name}: {what}"))


def slow(states: Sequence[State], now_s: float) -> bool:
    """Whether less than a fifth of the time had reports at least each second.

    Of the last ten seconds, from the first report in them to now; nothing is said of less than half of them.
    """
    if not states or now_s - states[0].at_s < 0.5 * SPAN_S:
        return False
    instants = [*(one.at_s for one in states), now_s]
    gaps = [after - before for before, after in pairwise(instants)]
    return sum(gap for gap in gaps if gap <= EACH_S) < LEAST_SHARE * sum(gaps)


def _meet(a: View, b: View) -> bool:
    apart = (b.west - a.west) % 360.0
    return (a.south <= b.north and b.south <= a.north
            and (apart <= a.east - a.west or apart + (b.east - b.west) >= 360.0))  # fmt: skip
