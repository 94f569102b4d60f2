"""References of constraints (ASTM F3548-21): made, changed, ended, found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rabta.airspace.dss.intents import reference
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
    sized,
    url,
)
from rabta.airspace.dss.state import Change, Entity, State, put
from rabta.airspace.volumes import messages as written

Message = Mapping[str, Any]
LARGEST_KM2 = 10_000.0  # CstrMaxAreaKm2
LONGEST_S = 24 * 3_600.0  # CstrMaxDurationHours
HORIZON_S = 56 * 86_400.0  # CstrMaxPlanningHorizonDays


def get(state: State, caller: Caller, name: str) -> Decision:
    """One reference."""
    found = state.get("constraint", identifier(name))
    if found is None:
        raise RefusedError(404, "no such constraint")
    return Decision({"constraint_reference": reference(state, found, caller)})


def query(state: State, caller: Caller, body: Message, now_s: float) -> Decision:
    """References that meet a volume."""
    volume = checked(written.volume, body.get("area_of_interest"), "area_of_interest")
    sized([volume])
    found = state.meeting("constraint", [volume], now_s)
    return Decision({"constraint_references": [reference(state, one, caller) for one in found]})


def change(state: State, caller: Caller, name: str, ovn: str | None, body: Message, now_s: float) -> Decision:
    """Make a reference, or change the version named."""
    name = identifier(name)
    before = state.get("constraint", name)
    if ovn is None and before is not None:
        raise RefusedError(409, "a constraint of this identifier is there already")
    if ovn is not None and owned(before, caller, "constraint").ovn != ovn:
        raise RefusedError(409, "the constraint has another version by now")
    volumes = checked(written.volumes, body.get("extents"))
    bounded(volumes, now_s)
    sized(volumes, LARGEST_KM2)
    version = 1 if before is None else before.version + 1
    entity = Entity("constraint", name, caller.name, url(body.get("uss_base_url")), version,
                    opaque(name, version), tuple(volumes))  # fmt: skip
    return _said(state, caller, entity, before, [put(entity)], now_s, 201 if before is None else 200)


def delete(state: State, caller: Caller, name: str, ovn: str, now_s: float) -> Decision:
    """End a reference."""
    before = owned(state.get("constraint", identifier(name)), caller, "constraint")
    if before.ovn != ovn:
        raise RefusedError(409, "the constraint has another version by now")
    changes: list[Change] = [{"do": "delete", "kind": "constraint", "id": before.id}]
    return _said(state, caller, before, None, changes, now_s, 200)


def _said(
    state: State, caller: Caller, entity: Entity, before: Entity | None, changes: list[Change], now_s: float,
    status: int,
) -> Decision:  # fmt: skip
    touched = [*entity.volumes, *(before.volumes if before is not None else ())]
    subscribers, counted = notified(state, "subscription", touched, now_s, "constraints")
    body = {"constraint_reference": reference(state, entity, caller), "subscribers": subscribers}
    return Decision(body, status, [*counted, *changes])
