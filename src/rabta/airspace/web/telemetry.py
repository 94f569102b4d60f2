"""Reports of positions on the network, and what comes of them: routes beside those of the standard.

``POST /rabta/v1/flights/{id}/positions``: positions of a held flight, as F3548-21 writes telemetry. ``GET
/rabta/v1/flights/{id}/conformance`` and ``GET /rabta/v1/conformance``: figures of a flight, and of all.
``POST /rabta/v1/flights/{id}/sightings``: positions at which others see it, from whoever may watch
conformance: another scope than an operator's, as who is judged does not bring the evidence.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from rabta.airspace.conformance.watcher import Watcher
from rabta.airspace.conformance.witness import sighting
from rabta.airspace.dss.intents import WATCH
from rabta.airspace.dss.rules import Caller, RefusedError
from rabta.airspace.remoteid.network.states import State, reported
from rabta.airspace.volumes.messages import table
from rabta.airspace.web.messages import body
from rabta.errors import RabtaError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import Route

    from rabta.airspace.uss.flights import Flight
    from rabta.airspace.web.supplier import Supplier

Publish = Callable[["Flight", Sequence[State]], Awaitable[None]]
SCOPES = (frozenset({"interuss.flight_planning.plan"}),)
MOST = 500


def routes(supplier: Supplier, watcher: Watcher, publish: Publish | None = None) -> list[Route]:
    """Routes of a supplier's watcher.

    Parameters
    ----------
    publish : callable, optional
        Shows positions of a flight to others, as `rabta.airspace.remoteid.web.RemoteId.publish` does.
    """

    async def positions(request: Request, _caller: Caller) -> Response:
        given = (await body(request)).get("positions")
        if not isinstance(given, list) or not 1 <= len(given) <= MOST:
            raise RefusedError(400, f"positions: a list of 1 to {MOST}")
        name = request.path_params["id"]
        _held(watcher, name)
        states: list[State] = []
        for row, one in enumerate(given):
            if not isinstance(one, dict):
                raise RefusedError(400, f"positions[{row}]: an object; {len(states)} were taken")
            try:
                state = reported(one)
                states += [state] if watcher.report(name, one) else []
            except RabtaError as error:
                raise RefusedError(400, f"positions[{row}]: {error}; {len(states)} were taken") from None
        if publish is not None:
            await publish(watcher.flights.held[name], states)
        return JSONResponse({"taken": len(states), **watcher.summary(name)})

    async def one(request: Request, _caller: Caller) -> Response:
        _held(watcher, request.path_params["id"])
        return JSONResponse(watcher.summary(request.path_params["id"]))

    async def everyone(_request: Request, _caller: Caller) -> Response:
        return JSONResponse(watcher.whole())

    async def sightings(request: Request, _caller: Caller) -> Response:
        return JSONResponse(_seen(watcher, request.path_params["id"], await body(request)))

    base = "/rabta/v1/flights/{id}"
    return [
        supplier._at("POST", base + "/positions", positions, SCOPES),
        supplier._at("POST", base + "/sightings", sightings, (frozenset({WATCH}),)),
        supplier._at("GET", base + "/conformance", one, SCOPES),
        supplier._at("GET", "/rabta/v1/conformance", everyone, SCOPES),
    ]


def _seen(watcher: Watcher, name: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Take sightings, all or none."""
    given = message.get("sightings")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST:
        raise RefusedError(400, f"sightings: a list of 1 to {MOST}")
    _held(watcher, name)
    try:
        return watcher.sight(name, [sighting(table(one, "sightings")) for one in given])
    except RabtaError as error:
        raise RefusedError(400, f"{error}; none was taken") from None


def _held(watcher: Watcher, name: str) -> None:
    if name not in watcher.flights.held:
        raise RefusedError(404, "no such flight here")
