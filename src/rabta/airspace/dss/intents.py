"""References of operational intents (ASTM F3548-21): made, changed, ended, found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rabta.airspace.dss import subscriptions
from rabta.airspace.dss.rules import (
    Caller,
    Decision,
    RefusedError,
    bounded,
    checked,
    identifier,
    notified,
    opaque,
    owned,
    requested,
    sized,
    url,
)
from rabta.airspace.dss.state import Change, Entity, State, put
from rabta.airspace.volumes import Volume
from rabta.airspace.volumes import messages as written

Message = Mapping[str, Any]

PLANNED = ("Accepted", "Activated")
OFF_NOMINAL = ("Nonconforming", "Contingent")
NEXT = {
    "": ("Accepted", "Activated", *OFF_NOMINAL),
    "Accepted": ("Accepted", "Activated", *OFF_NOMINAL),
    "Activated": ("Activated", *OFF_NOMINAL),
    "Nonconforming": ("Activated", *OFF_NOMINAL),
    "Contingent": ("Contingent",),
}  # F3548-21, states of an operational intent
PLAN, WATCH = "utm.strategic_coordination", "utm.conformance_monitoring_sa"
HEAR, CONSTRAIN = "utm.constraint_processing", "utm.constraint_management"
HORIZON_S = 30 * 86_400.0  # OiMaxPlanHorizonDays
NONE = "00000000-0000-4000-8000-000000000000"  # of an intent that hears by no subscription


def get(state: State, caller: Caller, name: str) -> Decision:
    """One reference."""
    found = state.get("intent", identifier(name))
    if found is None:
        raise RefusedError(404, "no such operational intent")
    return Decision({"operational_intent_reference": told(state, found, caller)})


def query(state: State, caller: Caller, body: Message, now_s: float) -> Decision:
    """References that meet a volume."""
    volume = checked(written.volume, body.get("area_of_interest"), "area_of_interest")
    sized([volume])
    found = state.meeting("intent", [volume], now_s)
    return Decision({"operational_intent_references": [told(state, one, caller) for one in found]})


def change(
    state: State, caller: Caller, name: str, ovn: str | None, body: Message, now_s: float,
    volumes: list[Volume] | None = None,
) -> Decision:  # fmt: skip
    """Make a reference, or change the version named.

    Raises
    ------
    RefusedError
        409 with what the key lacks, when the planner does not know all that its volumes meet.
    """
    name = identifier(name)
    suffix = body.get("requested_ovn_suffix")
    asked = None if suffix is None else requested(name, suffix, now_s)
    before = state.get("intent", name)
    _current(before, ovn, caller)
    volumes = checked(written.volumes, body.get("extents")) if volumes is None else volumes
    _allowed(state, before, caller, body.get("state"), volumes, now_s)
    address = url(body.get("uss_base_url"))
    own, changes = _hearing(state, caller, body, volumes, now_s)
    _known(state, name, str(body["state"]), volumes, body.get("key"), now_s, constraints=_hears(own))
    version = 1 if before is None else before.version + 1
    entity = Entity(
        "intent", name, caller.name, address, version,
        asked or opaque(name, version), tuple(volumes),
        state=str(body["state"]), subscription="" if own is None else own.id,
    )  # fmt: skip
    changes.append(put(entity))
    if before is not None:
        changes += _released(state, before, entity.subscription)
    return _said(state, caller, entity, before, changes, now_s, 201 if before is None else 200)


def delete(state: State, caller: Caller, name: str, ovn: str, now_s: float) -> Decision:
    """End a reference."""
    before = owned(state.get("intent", identifier(name)), caller, "operational intent")
    if before.ovn != ovn:
        raise RefusedError(409, "the operational intent has another version by now")
    if state.down(caller.name):
        raise RefusedError(412, "this service is marked as down")
    changes: list[Change] = [{"do": "delete", "kind": "intent", "id": before.id}]
    changes += _released(state, before, "")
    return _said(state, caller, before, None, changes, now_s, 200)


def told(state: State, entity: Entity, caller: Caller) -> dict[str, Any]:
    """Reference as its readers see it: its opaque version is for its manager alone."""
    found = {
        "id": entity.id, "manager": entity.manager, "uss_base_url": entity.url, "version": entity.version,
        "state": entity.state, "subscription_id": entity.subscription or NONE,
        "uss_availability": state.availability.get(entity.manager, ("Unknown", ""))[0], **entity.times,
    }  # fmt: skip
    return {**found, "ovn": entity.ovn} if entity.manager == caller.name else found


def missing(
    state: State,
    name: str,
    volumes: Sequence[Volume],
    key: frozenset[str],
    now_s: float,
    *,
    constraints: bool,
) -> tuple[list[Entity], list[Entity]]:
    """Operational intents and constraints that volumes meet and a key does not know.

    What a service that is down only planned stands in nobody's way.
    """
    found = [
        one for one in state.meeting("intent", list(volumes), now_s)
        if one.id != name and one.ovn not in key and not (one.state == "Accepted" and state.down(one.manager))
    ]  # fmt: skip
    more = state.meeting("constraint", list(volumes), now_s) if constraints else []
    return found, [one for one in more if one.ovn not in key]


def _current(before: Entity | None, ovn: str | None, caller: Caller) -> None:
    if ovn is None and before is not None:
        raise RefusedError(409, "an operational intent of this identifier is there already")
    if ovn is not None:
        held = owned(before, caller, "operational intent")
        if held.ovn != ovn:
            raise RefusedError(409, "the operational intent has another version by now")


def _allowed(
    state: State, before: Entity | None, caller: Caller, to: object, volumes: list[Volume], now_s: float
) -> None:
    old = "" if before is None else before.state
    if to not in NEXT[""]:
        raise RefusedError(400, f"state: one of {', '.join(NEXT[''])}")
    if to not in NEXT[old]:
        raise RefusedError(400, f"an operational intent does not go from {old} to {to}")
    if to in OFF_NOMINAL and WATCH not in caller.scopes:
        raise RefusedError(403, f"the state {to} needs the scope {WATCH}")
    if to in PLANNED and PLAN not in caller.scopes:
        raise RefusedError(403, f"the state {to} needs the scope {PLAN}")
    if to in PLANNED and state.down(caller.name):
        raise RefusedError(412, "this service is marked as down")
    bounded(volumes, now_s)
    sized(volumes)
    if max(one.end_s for one in volumes) > now_s + HORIZON_S:
        raise RefusedError(400, "beyond the planning horizon of 30 days")


def _known(
    state: State, name: str, to: str, volumes: list[Volume], key: object, now_s: float, *, constraints: bool
) -> None:
    if key is not None and (not isinstance(key, list) or not all(isinstance(one, str) for one in key)):
        raise RefusedError(400, "key: a list of opaque versions")
    if to in OFF_NOMINAL:
        return
    lacks = missing(state, name, volumes, frozenset(key or ()), now_s, constraints=constraints)
    if any(lacks):
        nobody = Caller("")
        raise RefusedError(409, "the key does not know all that is there", {
            "missing_operational_intents": [told(state, one, nobody) for one in lacks[0]],
            "missing_constraints": [reference(state, one, nobody) for one in lacks[1]],
        })  # fmt: skip


def reference(state: State, entity: Entity, caller: Caller) -> dict[str, Any]:
    """Reference of a constraint as its readers see it."""
    found = {
        "id": entity.id, "manager": entity.manager, "uss_base_url": entity.url, "version": entity.version,
        "uss_availability": state.availability.get(entity.manager, ("Unknown", ""))[0], **entity.times,
    }  # fmt: skip
    return {**found, "ovn": entity.ovn} if entity.manager == caller.name else found


def _hears(own: Entity | None) -> bool:
    return own is not None and own.constraints


def _hearing(
    state: State, caller: Caller, body: Message, volumes: list[Volume], now_s: float
) -> tuple[Entity | None, list[Change]]:
    """Subscription that the intent hears by, and the changes that make it so."""
    given, new = body.get("subscription_id"), body.get("new_subscription")
    if given is not None and given != NONE:
        own = state.get("subscription", identifier(str(given)), now_s)
        if own is None:
            raise RefusedError(400, "subscription_id: no such subscription")
        if own.manager != caller.name:
            raise RefusedError(400, "subscription_id: this subscription is another's")
        return _covering(own, volumes)
    if new is not None:
        message = checked(written.table, new, "new_subscription")
        wide = replace(
            subscriptions.implicit(caller, message, now_s), volumes=tuple(subscriptions.around(volumes))
        )
        return wide, [put(wide)]
    if body.get("state") != "Accepted":
        raise RefusedError(
            400, "an operational intent in this state needs subscription_id or new_subscription"
        )
    return None, []


def _covering(own: Entity, volumes: list[Volume]) -> tuple[Entity, list[Change]]:
    """Refuse a subscription that does not cover the volumes; one that came with an intent is widened."""
    if not own.intents:
        raise RefusedError(400, "subscription_id: a subscription that does not hear of operational intents")
    if subscriptions.covers(own, volumes):
        return own, []
    if not own.implicit:
        raise RefusedError(400, "subscription_id: a subscription that does not cover the operational intent")
    wide = replace(own, volumes=tuple(subscriptions.around([*own.volumes, *volumes])))
    return wide, [put(wide)]


def _released(state: State, before: Entity, kept: str) -> list[Change]:
    """Drop the subscription that came with an intent, when none hears by it any more."""
    name = before.subscription
    held = state.held["subscription"].get(name)
    if not name or name == kept or held is None or not held.implicit:
        return []
    return [] if state.users.get(name, set()) - {before.id} else [
        {"do": "delete", "kind": "subscription", "id": name}]  # fmt: skip


def _said(
    state: State, caller: Caller, entity: Entity, before: Entity | None, changes: list[Change], now_s: float,
    status: int,
) -> Decision:  # fmt: skip
    touched = [*entity.volumes, *(before.volumes if before is not None else ())]
    subscribers, counted = notified(state, "subscription", touched, now_s, "intents")
    body = {"operational_intent_reference": told(state, entity, caller), "subscribers": subscribers}
    return Decision(body, status, [*counted, *changes])
