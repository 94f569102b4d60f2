"""A service for those who fly, on the network: F3548-21 towards others, planning towards operators."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rabta.airspace.dss.intents import CONSTRAIN, HEAR, OFF_NOMINAL, PLAN, WATCH
from rabta.airspace.dss.rules import Caller, RefusedError
from rabta.airspace.uss.flights import Flight, Flights, shown
from rabta.airspace.web import planning
from rabta.airspace.web.messages import answered, body
from rabta.airspace.web.tokens import Tokens, granted
from rabta.errors import RabtaError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Handler = Callable[[Request, Caller], Awaitable[Response]]
ARBITRATE = "utm.availability_arbitration"
TEST, FLY = "interuss.flight_planning.direct_automated_test", "interuss.flight_planning.plan"


def _any(*names: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset({name}) for name in names)


@dataclass
class Supplier:
    """What the application is made of.

    Attributes
    ----------
    flights : Flights
    tokens : Tokens
    heights : callable
        Reads a volume, and turns heights above ground into heights above the ellipsoid.
    more : callable, optional
        Makes further routes from this supplier, as `rabta.airspace.web.proposals.routes` does.
    tasks : sequence of callable
        What runs while it serves, as `rabta.airspace.conformance.watcher.Watcher.run` does.
    """

    flights: Flights
    tokens: Tokens
    heights: Callable[[Any], Any]
    reports: list[Mapping[str, Any]] = field(default_factory=list)
    more: Callable[[Supplier], list[Route]] | None = None
    tasks: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()

    def app(self) -> Starlette:
        """Application to serve."""
        uss, plan = "/uss/v1/operational_intents", "/flight_planning/v1"
        routes = [
            self._at("GET", uss + "/{id}", self._details, _any(PLAN)),
            self._at("GET", uss + "/{id}/telemetry", self._telemetry, _any(WATCH)),
            self._at("POST", uss, self._heard, _any(PLAN)),
            self._at("GET", "/uss/v1/constraints/{id}", self._constraint, _any(HEAR)),
            self._at("POST", "/uss/v1/constraints", self._constraint_heard, _any(CONSTRAIN)),
            self._at("POST", "/uss/v1/reports", self._report, _any(PLAN, HEAR, CONSTRAIN, WATCH, ARBITRATE)),
            self._at("GET", plan + "/status", self._status, _any(TEST)),
            self._at("PUT", plan + "/flight_plans/{id}", self._plan, _any(FLY)),
            self._at("DELETE", plan + "/flight_plans/{id}", self._close, _any(FLY)),
            self._at("POST", plan + "/clear_area_requests", self._clear, _any(TEST)),
            self._at("GET", plan + "/user_notifications", self._told, _any(TEST, FLY)),
            self._at("GET", "/versioning/versions/{system}", self._version,
                     _any("interuss.versioning.read_system_versions")),
            Route("/healthy", _healthy),
        ]  # fmt: skip
        routes += [] if self.more is None else self.more(self)
        return Starlette(routes=routes, lifespan=self._life)

    @asynccontextmanager
    async def _life(self, _app: Starlette) -> AsyncIterator[None]:
        running = [asyncio.create_task(one()) for one in self.tasks]
        yield
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self.flights.network.close()
        self.flights.book.close()

    def _at(self, method: str, path: str, handler: Handler, scopes: tuple[frozenset[str], ...]) -> Route:
        async def inner(request: Request) -> Response:
            caller = self.tokens.caller(request.headers.get("authorization"))
            granted(caller, scopes)
            return await handler(request, caller)

        return Route(path, answered(inner), methods=[method])

    def _own(self, request: Request) -> Flight:
        for flight in self.flights.held.values():
            if flight.intent.id == request.path_params["id"]:
                return flight
        raise RefusedError(404, "no such operational intent here")

    async def _details(self, request: Request, _caller: Caller) -> Response:
        return JSONResponse({"operational_intent": shown(self._own(request).intent)})

    async def _telemetry(self, request: Request, _caller: Caller) -> Response:
        flight = self._own(request)
        if flight.intent.state not in OFF_NOMINAL:
            raise RefusedError(409, f"no telemetry in the state {flight.intent.state}")
        if not flight.positions:
            raise RefusedError(412, "no position of this flight is known")
        return JSONResponse({"operational_intent_id": flight.intent.id, "telemetry": flight.positions[-1]})

    async def _heard(self, request: Request, caller: Caller) -> Response:
        message = await body(request)
        try:
            self.flights.hear(message, caller.name)
        except RabtaError as error:
            raise RefusedError(400, str(error)) from None
        return Response(status_code=204)

    async def _constraint(self, _request: Request, _caller: Caller) -> Response:
        raise RefusedError(404, "no such constraint here")

    async def _constraint_heard(self, request: Request, _caller: Caller) -> Response:
        message = await body(request)
        if not isinstance(message.get("constraint_id"), str):
            raise RefusedError(400, "constraint_id: the constraint that has changed")
        return Response(status_code=204)

    async def _report(self, request: Request, caller: Caller) -> Response:
        message = await body(request)
        if not isinstance(message.get("exchange"), dict):
            raise RefusedError(400, "exchange: the exchange that is reported")
        found = {**message, "report_id": str(uuid.uuid4())}
        self.flights.book.put("report", found["report_id"], {"by": caller.name, "report": found})
        return JSONResponse(found, 201)

    async def _status(self, _request: Request, _caller: Caller) -> Response:
        return JSONResponse({"status": "Ready", "api_name": planning.TITLE, "api_version": planning.EDITION})

    async def _plan(self, request: Request, _caller: Caller) -> Response:
        name = request.path_params["id"]
        return JSONResponse(await planning.upsert(self.flights, name, await body(request), self.heights))

    async def _close(self, request: Request, _caller: Caller) -> Response:
        return JSONResponse(await planning.close(self.flights, request.path_params["id"]))

    async def _clear(self, request: Request, _caller: Caller) -> Response:
        return JSONResponse(await planning.clear(self.flights, await body(request)))

    async def _told(self, request: Request, _caller: Caller) -> Response:
        if "after" not in request.query_params:
            raise RefusedError(400, "after: an instant")
        query = request.query_params
        return JSONResponse(planning.told(self.flights, query["after"], query.get("before")))

    async def _version(self, request: Request, _caller: Caller) -> Response:
        system = request.path_params["system"]
        return JSONResponse({"system_identity": system, "system_version": version("rabta")})


async def _healthy(_request: Request) -> Response:
    return JSONResponse({"healthy": True})
