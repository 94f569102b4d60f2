"""The service of discovery on the network."""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rabta.airspace.dss.rules import Caller, Decision, RefusedError, checked, clock
from rabta.airspace.dss.service import Service
from rabta.airspace.dss.state import State
from rabta.airspace.volumes import messages as written
from rabta.airspace.web.messages import Answer, answered
from rabta.airspace.web.messages import body as read_body
from rabta.airspace.web.routes import F3411_19, F3411_22A, F3548, Asked, Endpoint
from rabta.airspace.web.tokens import Tokens, granted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Handler = Callable[[Request, Caller], Awaitable[Response]]
VERSIONS = ("{ovn}", "{version}")
_ENDPOINTS = (*F3548, *F3411_22A, *F3411_19)
ANY = tuple(frozenset({name}) for name in (
    "utm.strategic_coordination", "utm.constraint_management", "utm.constraint_processing",
    "utm.conformance_monitoring_sa", "utm.availability_arbitration"))  # fmt: skip


@dataclass
class Discovery:
    """What the application is made of.

    Attributes
    ----------
    service : Service
    tokens : Tokens
    pool, instance : str
        Names of the representation of the airspace that instances share, and of this one.
    public : str
        Address of this instance.
    """

    service: Service
    tokens: Tokens
    pool: str = "rabta"
    instance: str = "rabta-1"
    public: str = "http://127.0.0.1"
    reports: list[Mapping[str, Any]] = field(default_factory=list)

    def app(self) -> Starlette:
        """Application to serve."""
        routes = [self._route(one) for one in _ENDPOINTS]
        versioned = {one.path.rsplit("/", 1)[0] for one in _ENDPOINTS if one.path.endswith(VERSIONS)}
        for path in sorted(versioned):
            routes += [Route(path + "/", _no_version, methods=["PUT", "DELETE"]),
                       Route(path, _no_version, methods=["DELETE"])]  # fmt: skip
        routes += [
            Route("/dss/v1/reports", self._answer(self._report), methods=["POST"]),
            Route("/aux/v1/version", self._answer(self._version, public=True)),
            Route("/aux/v1/pool", self._answer(self._pool)),
            Route("/aux/v1/pool/dss_instances", self._answer(self._instances)),
            Route("/aux/v1/pool/dss_instances/heartbeat", self._answer(self._heartbeat), methods=["PUT"]),
            Route("/versions/{system}", self._answer(self._versions)),
            Route("/healthy", _healthy),
        ]  # fmt: skip
        return Starlette(routes=routes, lifespan=self._life)

    @asynccontextmanager
    async def _life(self, _app: Starlette) -> AsyncIterator[None]:
        self.service.start()
        yield
        self.service.stop()

    def _route(self, endpoint: Endpoint) -> Route:
        async def decide(request: Request, caller: Caller) -> Response:
            granted(caller, endpoint.scopes)
            body = await read_body(request) if endpoint.method in ("PUT", "POST") else {}
            planner, volumes = None, None
            if endpoint.plans:
                volumes = checked(written.volumes, body.get("extents"))
                planner = (caller.name, request.path_params["id"], volumes)
            asked = Asked(caller, request.path_params, request.query_params, body, volumes)
            decision = await self.service.ask(
                lambda state, now_s: endpoint.decide(asked, state, now_s),
                writes=endpoint.writes,
                planner=planner,
            )
            return _said(decision)  # fmt: skip

        return Route(endpoint.path, self._answer(decide), methods=[endpoint.method])

    def _answer(self, inner: Handler, *, public: bool = False) -> Answer:
        async def answer(request: Request) -> Response:
            caller = Caller("") if public else self.tokens.caller(request.headers.get("authorization"))
            return await inner(request, caller)

        return answered(answer)

    async def _report(self, request: Request, caller: Caller) -> Response:
        granted(caller, ANY)
        body = await read_body(request)
        if not isinstance(body.get("exchange"), dict):
            raise RefusedError(400, "exchange: the exchange that is reported")
        found = {**body, "report_id": str(uuid.uuid4())}
        change = {"do": "report", "service": caller.name, "report": found, "at_s": clock()}
        await self.service.ask(lambda _s, _t: Decision({}, changes=[change]), writes=True)
        return JSONResponse(found, 201)

    async def _version(self, _request: Request, _caller: Caller) -> Response:
        return JSONResponse({"version": f"rabta/dss/{version('rabta')}"})

    async def _versions(self, request: Request, caller: Caller) -> Response:
        granted(caller, (frozenset({"interuss.versioning.read_system_versions"}),))
        return JSONResponse(
            {"system_identity": request.path_params["system"], "system_version": version("rabta")}
        )

    async def _pool(self, _request: Request, caller: Caller) -> Response:
        granted(caller, (frozenset({"interuss.pool_status.read"}),))
        return JSONResponse({"dar_id": self.pool})

    async def _instances(self, _request: Request, caller: Caller) -> Response:
        granted(caller, (frozenset({"interuss.pool_status.read"}),))

        def read(state: State, _now_s: float) -> Decision:
            held = {self.instance: {}, **state.heartbeats}
            return Decision({"dss_instances": [
                {"id": name, "public_endpoint": one.get("public", self.public),
                 **({"most_recent_heartbeat": one["beat"]} if "beat" in one else {})}
                for name, one in sorted(held.items())]})  # fmt: skip

        return _said(await self.service.ask(read, writes=False))

    async def _heartbeat(self, request: Request, caller: Caller) -> Response:
        granted(caller, (frozenset({"interuss.pool_status.heartbeat.write"}),))
        query = request.query_params
        if not query.get("source"):
            raise RefusedError(400, "source: who or what beats")
        beat: dict[str, Any] = {"timestamp": written.instant(clock()), "reporter": caller.name,
                                "source": query["source"][:200]}  # fmt: skip
        if "next_heartbeat_expected_before" in query:
            at = query["next_heartbeat_expected_before"]
            checked(written.seconds, at, "next_heartbeat_expected_before")
            beat["next_heartbeat_expected_before"] = at

        def change(state: State, _now_s: float) -> Decision:
            last = state.heartbeats.get(self.instance, {}).get("beat", {}).get("index", 0)
            held = {"public": self.public, "beat": {**beat, "index": last + 1}}
            changes = [{"do": "heartbeat", "instance": self.instance, "heartbeat": held}]
            return Decision({"dss_instances": []}, 201, changes)

        await self.service.ask(change, writes=True)
        granted_reader = Caller(caller.name, frozenset({"interuss.pool_status.read"}))
        found = await self._instances(request, granted_reader)
        return Response(found.body, 201, media_type="application/json")


def _said(decision: Decision) -> Response:
    return Response(
        json.dumps(decision.body, separators=(",", ":")), decision.status, media_type="application/json"
    )


async def _no_version(_request: Request) -> Response:
    return JSONResponse({"message": "the version in the path is empty"}, 400)


async def _healthy(_request: Request) -> Response:
    return JSONResponse({"healthy": True})
