"""Subscriptions to a volume (ASTM F3548-21), and availability of services."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rabta.airspace.dss.rules import (
    PATIENCE_S,
    Caller,
    Decision,
    RefusedError,
    checked,
    identifier,
    opaque,
    owned,
    sized,
    url,
)
from rabta.airspace.dss.state import Change, Entity, State, put
from rabta.airspace.volumes import Circle, Polygon, Volume
from rabta.airspace.volumes import messages as written

Message = Mapping[str, Any]
LONGEST_S = 24 * 3_600.0  # DSSMaxSubscriptionDurationHours
PLAN, HEAR = "utm.strategic_coordination", "utm.constraint_processing"
MARGIN_DEG = 1e-7  # a centimetre, within which a subscription covers


def get(state: State, caller: Caller, name: str, now_s: float) -> Decision:
    """One subscription of the caller's."""
    found = owned(state.get("subscription", identifier(name), now_s), caller, "subscription")
    return Decision({"subscription": told(state, found)})


def query(state: State, caller: Caller, body: Message, now_s: float) -> Decision:
    """The caller's subscriptions near a volume."""
    volume = checked(written.volume, body.get("area_of_interest"), "area_of_interest")
    sized([volume])
    found = [one for one in state.meeting("subscription", [volume], now_s) if one.manager == caller.name]
    return Decision({"subscriptions": [told(state, one) for one in found]})


def change(
    state: State, caller: Caller, name: str, version: str | None, body: Message, now_s: float
) -> Decision:
    """Make a subscription, or change the version named."""
    name = identifier(name)
    before = state.get("subscription", name, now_s)
    if version is None and before is not None:
        raise RefusedError(409, "a subscription of this identifier is there already")
    if version is not None and owned(before, caller, "subscription").ovn != version:
        raise RefusedError(409, "the subscription has another version by now")
    entity = _wanted(state, before, caller, name, body, now_s)
    found = _contents(state, entity, caller, now_s)
    return Decision({"subscription": told(state, entity), **found}, changes=[put(entity)])


def delete(state: State, caller: Caller, name: str, version: str, now_s: float) -> Decision:
    """End a subscription that no operational intent hears by."""
    before = owned(state.get("subscription", identifier(name), now_s), caller, "subscription")
    if before.ovn != version:
        raise RefusedError(409, "the subscription has another version by now")
    if state.users.get(before.id):
        raise RefusedError(400, "operational intents hear by this subscription")
    gone: Change = {"do": "delete", "kind": "subscription", "id": before.id}
    return Decision({"subscription": told(state, before)}, changes=[gone])


def told(state: State, entity: Entity) -> dict[str, Any]:
    """Subscription as its manager sees it."""
    return {
        "id": entity.id, "version": entity.ovn, "notification_index": entity.index, **entity.times,
        "uss_base_url": entity.url, "notify_for_operational_intents": entity.intents,
        "notify_for_constraints": entity.constraints, "implicit_subscription": entity.implicit,
        "dependent_operational_intents": sorted(state.users.get(entity.id, ())),
    }  # fmt: skip


def implicit(caller: Caller, message: Message, now_s: float) -> Entity:
    """Subscription that comes with an operational intent; its volumes are the intent's."""
    constraints = flag(message, "notify_for_constraints")
    if constraints and HEAR not in caller.scopes:
        raise RefusedError(403, f"notify_for_constraints needs the scope {HEAR}")
    name = str(uuid.uuid4())
    return Entity("subscription", name, caller.name, url(message.get("uss_base_url")), 1, opaque(name, now_s),
                  (), intents=True, constraints=constraints, implicit=True)  # fmt: skip


def flag(message: Message, key: str) -> bool:
    """What must be true or false."""
    given = message.get(key)
    if given is not None and not isinstance(given, bool):
        raise RefusedError(400, f"{key}: true or false")
    return bool(given)


def around(volumes: Sequence[Volume]) -> list[Volume]:
    """One volume around several: the box that they fill."""
    boxes = [one.outline.box for one in volumes]
    first = boxes[0][1]
    west = [first + (box[1] - first + 180.0) % 360.0 - 180.0 for box in boxes]
    east = [at + box[3] - box[1] for at, box in zip(west, boxes, strict=True)]
    south, north = min(box[0] for box in boxes), max(box[2] for box in boxes)
    left, right = _wrapped(min(west)), _wrapped(max(east))
    outline = Polygon(((south, left), (south, right), (north, right), (north, left)))
    return [Volume(outline, min(one.lower_m for one in volumes), max(one.upper_m for one in volumes),
                   min(one.start_s for one in volumes), max(one.end_s for one in volumes))]  # fmt: skip


def covers(own: Entity, volumes: Sequence[Volume]) -> bool:
    """Whether a subscription's volume holds the boxes of others."""
    held = own.volumes[0]
    for one in volumes:
        if one.start_s < held.start_s or one.end_s > held.end_s:
            return False
        if one.lower_m < held.lower_m or one.upper_m > held.upper_m:
            return False
        if not _inside(one.outline, held.outline):
            return False
    return True


def _inside(inner: Polygon | Circle, outer: Polygon | Circle) -> bool:
    """Whether one outline lies in another, to a centimetre."""
    from rabta.airspace.volumes.meeting import disc, on_plane

    south, west, north, east = outer.box
    at = ((south + north) / 2.0, (west + east) / 2.0)
    shapes = [disc(one, at) if isinstance(one, Circle) else on_plane(one, at) for one in (inner, outer)]
    return bool(shapes[1].buffer(0.01 if isinstance(inner, Polygon) else 0.1).covers(shapes[0]))


def _wrapped(lon_deg: float) -> float:
    return (lon_deg + 180.0) % 360.0 - 180.0 if not -180.0 <= lon_deg <= 180.0 else lon_deg


def _wanted(
    state: State, before: Entity | None, caller: Caller, name: str, body: Message, now_s: float
) -> Entity:
    """Subscription that a message asks for."""
    intents, constraints = flag(body, "notify_for_operational_intents"), flag(body, "notify_for_constraints")
    if not (intents or constraints):
        raise RefusedError(400, "a subscription to nothing")
    for wants, scope in ((intents, PLAN), (constraints, HEAR)):
        if wants and scope not in caller.scopes:
            raise RefusedError(403, f"what is asked for needs the scope {scope}")
    volume = lasting(checked(written.volume, body.get("extents")), now_s)
    sized([volume])
    if before is not None and not before.implicit and not intents and state.users.get(before.id):
        raise RefusedError(400, "operational intents hear by this subscription")
    entity = Entity(
        "subscription", name, caller.name, url(body.get("uss_base_url")),
        1 if before is None else before.version + 1, opaque(name, now_s), (volume,), intents=intents,
        constraints=constraints, implicit=before is not None and before.implicit,
        index=0 if before is None else before.index,
    )  # fmt: skip
    for user in state.users.get(name, ()):
        if not covers(entity, state.held["intent"][user].volumes):
            raise RefusedError(
                400, "an operational intent that hears by this subscription would lie outside it"
            )
    return entity


def lasting(volume: Volume, now_s: float) -> Volume:
    """Volume with the times that the standard gives a subscription: from now, a day at most."""
    start = volume.start_s if math.isfinite(volume.start_s) else now_s
    end = volume.end_s if math.isfinite(volume.end_s) else start + LONGEST_S
    if end < now_s:
        raise RefusedError(400, "a subscription that ended in the past")
    if start > end:
        raise RefusedError(400, "a subscription that ends before it begins")
    if start < now_s - PATIENCE_S:
        start = now_s
    if end - start > LONGEST_S + 1.0:
        raise RefusedError(400, "a subscription longer than 24 hours")
    return replace(volume, start_s=start, end_s=end, _hints={})


def _contents(state: State, entity: Entity, caller: Caller, now_s: float) -> dict[str, Any]:
    from rabta.airspace.dss import intents

    volumes, found = list(entity.volumes), {}
    if entity.intents:
        each = state.near("intent", volumes, now_s)
        found["operational_intent_references"] = [intents.told(state, one, caller) for one in each]
    if entity.constraints:
        each = state.near("constraint", volumes, now_s)
        found["constraint_references"] = [intents.reference(state, one, caller) for one in each]
    return found


def availability(state: State, service: str) -> Decision:
    """Availability of a service, as declared."""
    at, version = state.availability.get(service, ("Unknown", ""))
    return Decision({"version": version, "status": {"uss": service, "availability": at}})


def declare(state: State, service: str, body: Message, now_s: float) -> Decision:
    """Declare a service's availability."""
    at = body.get("availability")
    if at not in ("Unknown", "Normal", "Down"):
        raise RefusedError(400, "availability: Unknown, Normal or Down")
    if not isinstance(body.get("old_version"), str):
        raise RefusedError(400, "old_version: the version that is changed, empty where there is none")
    if body["old_version"] != state.availability.get(service, ("Unknown", ""))[1]:
        raise RefusedError(409, "the availability has another version by now")
    change: Change = {"do": "availability", "service": service, "availability": at,
                      "version": opaque(service, now_s)}  # fmt: skip
    body = {"version": change["version"], "status": {"uss": service, "availability": at}}
    return Decision(body, changes=[change])
