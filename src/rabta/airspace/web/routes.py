"""The endpoints of the service of discovery: their scopes, and the decision each asks for.

Paths and scopes are those of the published interfaces: ASTM F3548-21 (`utm.yaml` 1.0.0), F3411-22a
(2.1.0), F3411-19, and InterUSS's auxiliary interface 1.1.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rabta.airspace.dss import areas, constraints, intents, subscriptions
from rabta.airspace.dss.rules import Caller, Decision
from rabta.airspace.dss.state import State
from rabta.airspace.volumes import Volume

Message = Mapping[str, Any]
Decider = Callable[["Asked", State, float], Decision]
Scopes = tuple[frozenset[str], ...]


@dataclass(frozen=True)
class Asked:
    """A request, as the rules see it.

    Attributes
    ----------
    caller : Caller
    path : mapping of str to str
        Parts of the path by name.
    query : mapping of str to str
    body : mapping
    volumes : list of Volume, optional
        Of the body, where they have been read already.
    """

    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Message
    volumes: list[Volume] | None = None


@dataclass(frozen=True)
class Endpoint:
    """A method of a path."""

    method: str
    path: str
    scopes: Scopes
    decide: Decider
    writes: bool = False
    plans: bool = False


def _any(*names: str) -> Scopes:
    return tuple(frozenset(name.split("+")) for name in names)


PLAN, CONSTRAIN, HEAR = "utm.strategic_coordination", "utm.constraint_management", "utm.constraint_processing"
WATCH, ARBITRATE = "utm.conformance_monitoring_sa", "utm.availability_arbitration"
PLANNERS = _any(PLAN, WATCH)
HEARERS = _any(HEAR, PLAN)
SHOW, SERVE = _any("rid.display_provider"), _any("rid.service_provider")
BOTH = _any("rid.display_provider", "rid.service_provider")
READ_19, WRITE_19 = "dss.read.identification_service_areas", "dss.write.identification_service_areas"
INTENTS, CONSTRAINTS = "/dss/v1/operational_intent_references", "/dss/v1/constraint_references"
SUBSCRIPTIONS, AVAILABILITY = "/dss/v1/subscriptions", "/dss/v1/uss_availability/{uss_id}"


def _intent(a: Asked, state: State, now_s: float) -> Decision:
    return intents.change(state, a.caller, a.path["id"], a.path.get("ovn"), a.body, now_s, a.volumes)


def _constraint(a: Asked, state: State, now_s: float) -> Decision:
    return constraints.change(state, a.caller, a.path["id"], a.path.get("ovn"), a.body, now_s)


def _subscription(a: Asked, state: State, now_s: float) -> Decision:
    return subscriptions.change(state, a.caller, a.path["id"], a.path.get("version"), a.body, now_s)


F3548 = (
    Endpoint("POST", INTENTS + "/query", PLANNERS, lambda a, s, t: intents.query(s, a.caller, a.body, t)),
    Endpoint("GET", INTENTS + "/{id}", PLANNERS, lambda a, s, _: intents.get(s, a.caller, a.path["id"])),
    Endpoint("PUT", INTENTS + "/{id}", PLANNERS, _intent, writes=True, plans=True),
    Endpoint("PUT", INTENTS + "/{id}/{ovn}", PLANNERS, _intent, writes=True, plans=True),
    Endpoint("DELETE", INTENTS + "/{id}/{ovn}", PLANNERS,
             lambda a, s, t: intents.delete(s, a.caller, a.path["id"], a.path["ovn"], t), writes=True),
    Endpoint("POST", CONSTRAINTS + "/query", _any(CONSTRAIN, HEAR),
             lambda a, s, t: constraints.query(s, a.caller, a.body, t)),
    Endpoint("GET", CONSTRAINTS + "/{id}", _any(CONSTRAIN, HEAR),
             lambda a, s, _: constraints.get(s, a.caller, a.path["id"])),
    Endpoint("PUT", CONSTRAINTS + "/{id}", _any(CONSTRAIN), _constraint, writes=True),
    Endpoint("PUT", CONSTRAINTS + "/{id}/{ovn}", _any(CONSTRAIN), _constraint, writes=True),
    Endpoint("DELETE", CONSTRAINTS + "/{id}/{ovn}", _any(CONSTRAIN),
             lambda a, s, t: constraints.delete(s, a.caller, a.path["id"], a.path["ovn"], t), writes=True),
    Endpoint("POST", SUBSCRIPTIONS + "/query", HEARERS,
             lambda a, s, t: subscriptions.query(s, a.caller, a.body, t)),
    Endpoint("GET", SUBSCRIPTIONS + "/{id}", HEARERS,
             lambda a, s, t: subscriptions.get(s, a.caller, a.path["id"], t)),
    Endpoint("PUT", SUBSCRIPTIONS + "/{id}", HEARERS, _subscription, writes=True),
    Endpoint("PUT", SUBSCRIPTIONS + "/{id}/{version}", HEARERS, _subscription, writes=True),
    Endpoint("DELETE", SUBSCRIPTIONS + "/{id}/{version}", HEARERS,
             lambda a, s, t: subscriptions.delete(s, a.caller, a.path["id"], a.path["version"], t),
             writes=True),
    Endpoint("GET", AVAILABILITY, _any(ARBITRATE, PLAN, WATCH),
             lambda a, s, _: subscriptions.availability(s, a.path["uss_id"])),
    Endpoint("PUT", AVAILABILITY, _any(ARBITRATE),
             lambda a, s, t: subscriptions.declare(s, a.path["uss_id"], a.body, t), writes=True),
)  # fmt: skip


def rid(
    prefix: str, edition: areas.Edition, read: Scopes, write: Scopes, watch: Scopes
) -> tuple[Endpoint, ...]:
    """Endpoints of an edition of F3411."""
    found: list[Endpoint] = []
    for kind, path, may in (
        ("area", "identification_service_areas", write),
        ("watch", "subscriptions", read),
    ):
        found += _rid_kind(
            f"{prefix}/dss/{path}", edition, kind, read, may, watch if kind == "watch" else read
        )
    return tuple(found)


def _rid_kind(
    at: str, edition: areas.Edition, kind: Any, read: Scopes, write: Scopes, one: Scopes
) -> list[Endpoint]:
    def change(a: Asked, s: State, t: float) -> Decision:
        return areas.change(edition, s, a.caller, kind, a.path["id"], a.path.get("version"), a.body, t)

    def delete(a: Asked, s: State, t: float) -> Decision:
        return areas.delete(edition, s, a.caller, kind, a.path["id"], a.path["version"], t)

    return [
        Endpoint("GET", at, read, lambda a, s, t: areas.search(edition, s, a.caller, kind, a.query, t)),
        Endpoint("GET", at + "/{id}", one, lambda a, s, t: areas.get(edition, s, kind, a.path["id"], t)),
        Endpoint("PUT", at + "/{id}", write, change, writes=True),
        Endpoint("PUT", at + "/{id}/{version}", write, change, writes=True),
        Endpoint("DELETE", at + "/{id}/{version}", write, delete, writes=True),
    ]


F3411_22A = rid("/rid/v2", areas.Edition(of_2019=False), SHOW, SERVE, BOTH)
F3411_19 = rid("/v1", areas.Edition(of_2019=True), _any(READ_19), _any(WRITE_19), _any(READ_19))
