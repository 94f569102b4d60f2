"""A display provider: what all service providers show of a view, as single flights or hidden in cells.

It subscribes in discovery to boxes of whole steps, so that neighbouring views share one and no place has more
than nine, of ten that the standard allows; asks the providers of the areas there at each request; and shows
what they answer. Who does not answer is named beside it: an empty sky and a silent provider are two things.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Any
from urllib.parse import quote

from rabta.airspace.dss.rules import clock
from rabta.airspace.geozones.heights import geoid_m
from rabta.airspace.remoteid.network.details import Details
from rabta.airspace.remoteid.network.details import read as read_details
from rabta.airspace.remoteid.network.editions import HIGHEST_M, LOWEST_M, Edition
from rabta.airspace.remoteid.network.states import State, past, read
from rabta.airspace.remoteid.network.view import View, cell, cell_m
from rabta.airspace.uss.network import CallError, Network
from rabta.airspace.volumes import Volume
from rabta.airspace.volumes import messages as written
from rabta.errors import RabtaError

STEP_DEG = 0.1  # a view of 7 km meets at most two rows and two columns, so nine boxes hold any place
LASTS_S = 300.0
SOON_S = 5.0
MOST_KNOWN = 100_000
MOST_FLIGHTS = 10_000


@dataclass(frozen=True)
class Seen:
    """A flight as a provider shows it.

    Attributes
    ----------
    id : str
        Our name for it: two providers may use one name for two flights.
    states : sequence of State
        In order of time; the last is the current one.
    """

    id: str
    aircraft: str
    states: Sequence[State]
    past: Sequence[State] = ()


@dataclass
class Watch:
    """A subscription of ours, and the areas that it brought.

    Attributes
    ----------
    areas : dict
        By name: owner and the address at which flights are found.
    index : int
        Of the last notification; one that is left out makes the areas doubtful.
    """

    id: str
    view: View
    end_s: float
    version: str = ""
    areas: dict[str, tuple[str, str]] = field(default_factory=dict)
    index: int = 0
    doubtful: bool = False


class Display:
    """What is shown of others' flights."""

    def __init__(self, network: Network, public: str, edition: Edition) -> None:
        self.network, self.public, self.edition = network, public, edition
        self.watches: dict[str, Watch] = {}
        self.known: dict[
            str, tuple[str, str]
        ] = {}  # our name for a flight: address of flights, its name there
        self._locks: dict[View, asyncio.Lock] = {}

    async def seen(self, view: View) -> tuple[list[Seen], list[str]]:
        """Flights in a view, and the providers that did not answer.

        Raises
        ------
        CallError
            Where discovery does not answer, so that nobody is known to be asked.
        """
        watch = await self._watch(view)
        urls = sorted({url for _, url in watch.areas.values()})
        found = await asyncio.gather(*(self._flights(url, view) for url in urls))
        return [one for flights, _ in found for one in flights], [why for _, whys in found for why in whys]

    async def details(self, name: str) -> Details:
        """Details of a flight that was seen.

        Raises
        ------
        KeyError
            Where none of the name was.
        CallError, RabtaError
        """
        url, theirs = self.known[name]
        answer = await self.network.call("GET", f"{url}/{quote(theirs, safe='')}/details", self.edition.show)
        return read_details(answer.get("details"))

    def hear(self, name: str, message: Mapping[str, Any], sender: str) -> None:
        """An area has changed, or ended.

        Raises
        ------
        RabtaError
            When the message does not hold to the standard.
        PermissionError
            When another than its owner says so.
        """
        area = message.get("service_area")
        given = message.get("subscriptions")
        if not isinstance(given, list):
            raise RabtaError("no subscriptions", key="subscriptions", expected="a list")
        for one in given:
            told = written.table(one, "subscriptions")
            watch = self.watches.get(str(told.get("subscription_id")))
            if watch is None:
                continue
            self._heard(watch, name, None if area is None else written.table(area, "service_area"), sender)
            index = told.get("notification_index")
            if isinstance(index, int):
                watch.doubtful |= index > watch.index + 1
                watch.index = max(watch.index, index)

    def _heard(self, watch: Watch, name: str, area: Mapping[str, Any] | None, sender: str) -> None:
        held = watch.areas.get(name)
        owner = held[0] if held is not None else str((area or {}).get("owner", sender))
        if owner != sender:
            raise PermissionError("an area of another's")
        if area is None:
            watch.areas.pop(name, None)
        else:
            watch.areas[name] = (sender, self.edition.flights_url(area))

    async def _watch(self, view: View) -> Watch:
        box, soon = view.grown(STEP_DEG), clock() + SOON_S
        async with self._locks.setdefault(box, asyncio.Lock()):
            found = next((one for one in self.watches.values() if one.view == box), None)
            if found is not None and found.end_s > soon and not found.doubtful:
                return found
            if found is not None:
                try:
                    return await self._subscribe(found)
                except CallError as error:
                    if error.status not in (404, 409):
                        raise
                    del self.watches[found.id]
            self._forget(soon)
            return await self._subscribe(Watch(str(uuid.uuid4()), box, 0.0))

    def _forget(self, now_s: float) -> None:
        self.watches = {name: one for name, one in self.watches.items() if one.end_s > now_s}
        held = {one.view for one in self.watches.values()}
        self._locks = {box: lock for box, lock in self._locks.items() if box in held or lock.locked()}
        for name in list(self.known)[:-MOST_KNOWN]:
            del self.known[name]

    async def _subscribe(self, watch: Watch) -> Watch:
        end_s = clock() + LASTS_S
        volume = Volume(watch.view.polygon, LOWEST_M, HIGHEST_M, end_s=end_s)
        body = self.edition.watch_body(volume, self.public)
        path = self.edition.watches(watch.id, watch.version)
        # an answer overtaken by a notification must not undo it, so the watch is known before it is asked for
        self.watches[watch.id] = watch
        try:
            answer = await self.network.discovery("PUT", path, self.edition.show, body)
        except CallError:
            if not watch.version:
                del self.watches[watch.id]
            raise
        told = answer["subscription"]
        watch.areas |= {str(one["id"]): (str(one["owner"]), self.edition.flights_url(one))
                        for one in answer.get("service_areas", [])}  # fmt: skip
        watch.areas = {name: one for name, one in watch.areas.items() if not watch.doubtful or name in {
            str(each["id"]) for each in answer.get("service_areas", [])}}  # fmt: skip
        watch.end_s, watch.version, watch.doubtful = end_s, str(told["version"]), False
        watch.index = max(watch.index, int(told.get("notification_index") or 0))
        return watch

    async def _flights(self, url: str, view: View) -> tuple[list[Seen], list[str]]:
        corners = f"{view.south},{view.west},{view.north},{_half(view.east)}"
        try:
            answer = await self.network.call("GET", f"{url}?{self.edition.asked(corners)}", self.edition.show)
        except CallError as error:
            return [], [str(error)]
        found, wrong = [], []
        rows = answer.get("flights") or []
        for one in rows[:MOST_FLIGHTS] if isinstance(rows, list) else []:
            try:
                seen = self._read(url, written.table(one, "flights"))
            except RabtaError as error:
                wrong.append(f"{url}: {error}")
                continue
            found += [] if seen is None else [seen]
        return found, wrong[:10]

    def _read(self, url: str, one: Mapping[str, Any]) -> Seen | None:
        """A flight of a provider's answer; none where it tells no state."""
        if one.get("current_state") is None:
            return None
        theirs = str(one.get("id", ""))[:200]
        name = hashlib.sha256(f"{url} {theirs}".encode()).hexdigest()[:32]
        self.known.pop(name, None)
        self.known[name] = (url, theirs)
        state = read(one["current_state"], self.edition)
        return Seen(name, str(one.get("aircraft_type") or "NotDeclared")[:40], [state],
                    past(one.get("recent_positions"), self.edition))  # fmt: skip


def _half(lon_deg: float) -> float:
    return lon_deg if lon_deg <= 180.0 else lon_deg - 360.0


def flight(seen: Seen, inside: View, edition: Edition) -> dict[str, Any]:
    """A flight as InterUSS's interface of what is displayed writes it."""
    now = seen.states[-1]
    sea = now.height_m - float(geoid_m(now.lat_deg, now.lon_deg))
    place: dict[str, Any] = {"lat": now.lat_deg, "lng": now.lon_deg, "alt": now.height_m,
                             "accuracy_h": now.across, "accuracy_v": now.up, "extrapolated": now.extrapolated,
                             "msl_alt": {"meters": sea, "reference_datum": "EGM96"}}  # fmt: skip
    if now.above_m is not None:
        place["height"] = now.height
    told = now.message(edition)
    state = {key: told[key] for key in ("timestamp_accuracy", "operational_status", "track", "speed",
                                        "speed_accuracy", "vertical_speed")}  # fmt: skip
    return {"id": seen.id, "aircraft_type": seen.aircraft, "most_recent_position": place,
            "current_state": {"timestamp": written.instant(now.at_s), **state},
            "recent_paths": [{"positions": [_point(one) for one in path]}
                             for path in paths(seen.past, inside)]}  # fmt: skip


def paths(states: Sequence[State], inside: View) -> list[list[State]]:
    """Where a flight was, cut between two positions of which neither is in the view."""
    if not states:
        return []
    found = [[states[0]]]
    for before, after in pairwise(states):
        if not (
            inside.contains(before.lat_deg, before.lon_deg) or inside.contains(after.lat_deg, after.lon_deg)
        ):
            found.append([])
        found[-1].append(after)
    return found


def _point(state: State) -> dict[str, float]:
    return {"lat": state.lat_deg, "lng": state.lon_deg, "alt": state.height_m}


def clusters(flights: Sequence[Seen], view: View) -> list[dict[str, Any]]:
    """Cells in which somebody flies, and how many do."""
    side = cell_m(view)
    cells = sorted((cell(one.states[-1].lat_deg, one.states[-1].lon_deg, side) for one in flights), key=repr)
    return [
        {"corners": [{"lat": box.south, "lng": box.west}, {"lat": box.north, "lng": _half(box.east)}],
         "area_sqm": box.area_m2, "number_of_flights": len(list(group))}
        for box, group in groupby(cells)
    ]  # fmt: skip
