"""Network remote ID on the network: F3411 towards other services, and what operators and displays ask for.

Beside the standard's own: ``POST /rabta/v1/remoteid/flights/{name}`` takes details and states of a flight,
``DELETE`` ends it, ``GET /rabta/v1/remoteid/notices`` tells operators what is wrong with their reports;
``GET /rid/observation/display_data`` shows a view. ``/rid/injection`` takes flights of InterUSS's tests.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from rabta.airspace.dss.rules import Caller, RefusedError, checked, clock
from rabta.airspace.remoteid.network import details as flying
from rabta.airspace.remoteid.network.display import Display, clusters, flight
from rabta.airspace.remoteid.network.editions import PAST_S
from rabta.airspace.remoteid.network.provider import Provider, Tracked
from rabta.airspace.remoteid.network.states import State, missing, read
from rabta.airspace.remoteid.network.view import View, view
from rabta.airspace.uss.network import CallError
from rabta.airspace.volumes import messages as written
from rabta.airspace.web.messages import body

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import Route

    from rabta.airspace.uss.flights import Flight
    from rabta.airspace.web.supplier import Supplier

FLY = (frozenset({"interuss.flight_planning.plan"}),)
INJECT = (frozenset({"rid.inject_test_data"}),)
OBSERVE = (frozenset({"rid.display_provider"}), frozenset({"dss.read.identification_service_areas"}))
MOST_STATES, MOST_TESTS = 5_000, 100
LAST_S = 5.0  # beyond the minute in which a flight is still shown
AIRCRAFT = frozenset({
    "NotDeclared", "Aeroplane", "Helicopter", "Gyroplane", "VTOL", "HybridLift", "Ornithopter", "Glider",
    "Kite", "FreeBalloon", "CaptiveBalloon", "Airship", "FreeFallOrParachute", "Rocket",
    "TetheredPoweredAircraft", "GroundObstacle", "Other",
})  # fmt: skip


class RemoteId:
    """The routes of a provider and a display."""

    def __init__(self, provider: Provider, display: Display) -> None:
        self.provider, self.display, self.edition = provider, display, provider.edition
        self.tests: dict[str, tuple[str, list[Any], list[str]]] = {}

    def routes(self, supplier: Supplier) -> list[Route]:
        """Routes of a supplier."""
        one, at = self.edition, supplier._at
        uss, own, see, put = one.prefix + "/uss", "/rabta/v1/remoteid", "/rid/observation", "/rid/injection"
        show, serve = (frozenset({one.show}),), (frozenset({one.serve}),)
        return [
            at("GET", uss + "/flights", self._flights, show),
            at("GET", uss + "/flights/{id}/details", self._details, show),
            at("POST", uss + "/identification_service_areas/{id}", self._heard, serve),
            at("POST", own + "/flights/{id}", self._take, FLY),
            at("DELETE", own + "/flights/{id}", self._end, FLY),
            at("GET", own + "/notices", self._notices, FLY),
            at("GET", see + "/display_data", self._seen, OBSERVE),
            at("GET", see + "/display_data/{id}", self._known, OBSERVE),
            at("PUT", put + "/tests/{id}", self._inject, INJECT),
            at("DELETE", put + "/tests/{id}/{version}", self._withdraw, INJECT),
            at("GET", put + "/user_notifications", self._notices, INJECT),
        ]

    async def publish(self, held: Flight, states: Sequence[State]) -> None:
        """Show positions that a planned flight reported; known by its intent where nothing else is told."""
        name = held.intent.id
        before = self.provider.flights.get(held.id)
        details = [(0.0, flying.Details(name, {"utm_id": name}))] if before is None else before.details
        aircraft = "NotDeclared" if before is None else before.aircraft
        with contextlib.suppress(CallError):  # asked again each second
            await self.provider.take(Tracked(held.id, details, aircraft), states)

    def _view(self, request: Request) -> View:
        if "view" not in request.query_params:
            raise RefusedError(400, "view: latitude and longitude of two corners")
        found: View = checked(view, request.query_params["view"])
        if found.diagonal_km > self.edition.largest_km:
            raise RefusedError(
                413, f"a view of {found.diagonal_km:.2f} km, at most {self.edition.largest_km:g}"
            )
        return found

    async def _flights(self, request: Request, _caller: Caller) -> Response:
        inside = self._view(request)
        past_s = checked(self.edition.past_s, request.query_params)
        found: dict[str, Any] = {"timestamp": self.edition.when(clock()),
                                 "flights": self.provider.report(inside, past_s)}  # fmt: skip
        if not self.edition.of_2019 and not self.provider.serves(inside):
            found["no_isas_present"] = True
        return JSONResponse(found)

    async def _details(self, request: Request, _caller: Caller) -> Response:
        found = self.provider.details(request.path_params["id"])
        if found is None:
            raise RefusedError(404, "no such flight here")
        return JSONResponse({"details": found.message(self.edition)})

    async def _heard(self, request: Request, caller: Caller) -> Response:
        message = await body(request)
        try:
            checked(self.display.hear, request.path_params["id"], message, caller.name)
        except PermissionError as error:
            raise RefusedError(403, str(error)) from None
        return Response(status_code=204)

    async def _take(self, request: Request, _caller: Caller) -> Response:
        name, message = request.path_params["id"], await body(request)
        held = self.provider.flights.get(name)
        if held is None and message.get("details") is None:
            raise RefusedError(400, "details: who flies, with the first states")
        rows = _rows(message.get("states", []), "states", MOST_STATES)
        states = [checked(read, one, self.edition, f"states[{k}]") for k, one in enumerate(rows)]
        details = ([(0.0, checked(flying.read, message["details"]))] if message.get("details") is not None
                   else held.details if held is not None else [])  # fmt: skip
        tracked = Tracked(name, details, _aircraft(message.get("aircraft_type"), held))
        try:
            taken = await self.provider.take(tracked, states)
        except CallError as error:
            return JSONResponse({"taken": len(states), "problem": str(error)})
        return JSONResponse({"taken": taken})

    async def _end(self, request: Request, _caller: Caller) -> Response:
        return await _done(self.provider, request.path_params["id"])

    async def _notices(self, request: Request, _caller: Caller) -> Response:
        query = request.query_params
        if "after" not in query:
            raise RefusedError(400, "after: an instant")
        after = checked(written.seconds, query["after"].replace(" ", "+"), "after")
        before = (
            checked(written.seconds, query["before"].replace(" ", "+"), "before")
            if "before" in query
            else clock()
        )
        if before < after:
            raise RefusedError(400, "before: an instant later than after")
        return JSONResponse({"user_notifications": [
            {"observed_at": written.when(at_s), "message": what}
            for at_s, what in self.provider.told if after <= at_s <= before]})  # fmt: skip

    async def _seen(self, request: Request, _caller: Caller) -> Response:
        inside = self._view(request)
        try:
            found, unheard = await self.display.seen(inside)
        except CallError as error:
            raise RefusedError(502, f"discovery does not answer: {error}") from None
        answer: dict[str, Any] = {"unheard": unheard} if unheard else {}
        if inside.diagonal_km > self.edition.detailed_km:
            return JSONResponse({**answer, "clusters": clusters(found, inside)})
        return JSONResponse({**answer, "flights": [flight(one, inside, self.edition) for one in found]})

    async def _known(self, request: Request, _caller: Caller) -> Response:
        try:
            found = await self.display.details(request.path_params["id"])
        except KeyError:
            raise RefusedError(404, "no such flight was seen") from None
        except CallError as error:
            raise RefusedError(404 if error.status == 404 else 502, str(error)) from None
        return JSONResponse(found.observed())

    async def _inject(self, request: Request, _caller: Caller) -> Response:
        """Take the flights of a test, which fly when their time has come."""
        name, message = request.path_params["id"], await body(request)
        rows = _rows(message.get("requested_flights"), "requested_flights", MOST_TESTS)
        version = str(uuid.uuid4())
        made = [_injected(one, f"{version}-{k}", self.provider) for k, one in enumerate(rows)]
        if len(self.tests) >= MOST_TESTS:
            raise RefusedError(409, f"{MOST_TESTS} tests already")
        try:
            for tracked in made:
                await self.provider.take(tracked, ())
        except CallError as error:
            raise RefusedError(502, f"discovery does not answer: {error}") from None
        self.tests[name] = (version, rows, [one.name for one in made])
        return JSONResponse({"version": version, "injected_flights": rows})

    async def _withdraw(self, request: Request, _caller: Caller) -> Response:
        name, version = request.path_params["id"], request.path_params["version"]
        held = self.tests.get(name)
        if held is None or held[0] != version:
            raise RefusedError(404, "no such test here")
        for one in held[2]:
            if one in self.provider.flights:
                await _done(self.provider, one)
        del self.tests[name]
        return JSONResponse({"version": version, "injected_flights": held[1]})


async def _done(provider: Provider, name: str) -> Response:
    try:
        await provider.end(name)
    except KeyError:
        raise RefusedError(404, "no such flight here") from None
    except CallError as error:
        raise RefusedError(502, f"discovery does not answer: {error}") from None
    return Response(status_code=204)


def _rows(given: object, key: str, most: int) -> list[Any]:
    if not isinstance(given, list) or len(given) > most:
        raise RefusedError(400, f"{key}: a list of at most {most}")
    if not all(isinstance(one, dict) for one in given):
        raise RefusedError(400, f"{key}: objects")
    return given


def _aircraft(given: object, held: Tracked | None = None) -> str:
    if given is None:
        return held.aircraft if held is not None else "NotDeclared"
    if not isinstance(given, str) or given not in AIRCRAFT:
        raise RefusedError(400, f"aircraft_type: no such type {str(given)[:40]!r}")
    return str(given)


def _injected(one: Mapping[str, Any], name: str, provider: Provider) -> Tracked:
    """A flight of a test: states that lack something are told to its operator when their time has come."""
    edition, now_s = provider.edition, clock()
    states, faults = [], []
    for k, row in enumerate(_rows(one.get("telemetry"), "telemetry", MOST_STATES)):
        lacking = missing(row)
        if lacking:
            at = row.get("timestamp")
            at_s = now_s if at is None else checked(edition.at_s, at, f"telemetry[{k}].timestamp")
            faults += [(at_s, what) for what in lacking]
        else:
            states.append(checked(read, row, edition, f"telemetry[{k}]"))
    rows = _rows(one.get("details_responses"), "details_responses", MOST_TESTS)
    since = [checked(written.seconds, row.get("effective_after"), "effective_after") for row in rows]
    who = [checked(flying.read, row.get("details")) for row in rows]
    details = list(zip(since, who, strict=True))
    states.sort(key=lambda state: state.at_s)
    details.sort(key=lambda row: row[0])
    until = (states[-1].at_s if states else now_s) + PAST_S + LAST_S
    return Tracked(name, details, _aircraft(one.get("aircraft_type")), True,
                   states, faults, until)  # fmt: skip
