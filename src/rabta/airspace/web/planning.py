"""The planner's door: InterUSS's flight planning interface 0.7.0, for operators and for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rabta.airspace.dss.intents import OFF_NOMINAL
from rabta.airspace.dss.rules import RefusedError, checked
from rabta.airspace.uss.flights import Flights
from rabta.airspace.uss.network import CallError
from rabta.airspace.uss.rules import Intent, RejectedError
from rabta.airspace.volumes import Volume
from rabta.airspace.volumes import messages as written

Message = Mapping[str, Any]
STATES = {
    ("Planned", "Nominal"): "Accepted", ("Planned", "NotSpecified"): "Accepted",
    ("InUse", "Nominal"): "Activated", ("InUse", "NotSpecified"): "Activated",
    ("InUse", "OffNominal"): "Nonconforming", ("InUse", "Contingent"): "Contingent",
}  # fmt: skip
STATUS = {
    "Accepted": "Planned",
    "Activated": "OkToFly",
    "Nonconforming": "OffNominal",
    "Contingent": "OffNominal",
}
EDITION = "v0.7.0"
TITLE = "Flight Planning Automated Testing Interface"


def intent(body: Message, heights: Any) -> Intent:
    """Intent that a plan asks for.

    Parameters
    ----------
    heights : callable
        Turns a volume's heights above ground into heights above the ellipsoid.
    """
    plan = checked(written.table, body.get("flight_plan"), "flight_plan")
    basic = checked(written.table, plan.get("basic_information"), "flight_plan.basic_information")
    usage, state = str(basic.get("usage_state")), str(basic.get("uas_state", "Nominal"))
    if (usage, state) not in STATES:
        raise RefusedError(400, f"usage_state {usage} with uas_state {state}")
    given = basic.get("area")
    if not isinstance(given, list) or not given:
        raise RefusedError(400, "flight_plan.basic_information.area: a list of volumes")
    volumes = tuple(checked(heights, one) for one in given)
    to, off = STATES[usage, state], STATES[usage, state] in OFF_NOMINAL
    more = plan.get("astm_f3548_21")
    priority = more.get("priority") if isinstance(more, Mapping) else None
    if not isinstance(priority, int | None) or isinstance(priority, bool):
        raise RefusedError(400, "flight_plan.astm_f3548_21.priority: a whole number")
    return Intent("", to, priority or 0, () if off else volumes, volumes if off else ())


async def upsert(flights: Flights, name: str, body: Message, heights: Any) -> dict[str, Any]:
    """Outcome of a plan, as the interface tells it."""
    old = flights.held.get(name)
    status = "NotPlanned" if old is None else STATUS[old.intent.state]
    try:
        wanted = intent(body, heights)
        done = await flights.plan(name, wanted)
    except RejectedError as error:
        return _outcome("Rejected", status, str(error))
    except CallError as error:
        return _outcome("Failed", status, str(error))
    notes = "; ".join(done.unheard)
    answer = _outcome("Completed", STATUS[done.flight.intent.state], notes)
    answer["as_planned"] = _as_planned(body, done.flight.intent)
    return answer


def _as_planned(body: Message, made: Intent) -> dict[str, Any]:
    plan = dict(body["flight_plan"])
    plan["basic_information"] = {**plan["basic_information"], "area": [_area(one) for one in made.everywhere]}
    return plan


def _area(volume: Volume) -> dict[str, Any]:
    return written.message(volume)


async def close(flights: Flights, name: str) -> dict[str, Any]:
    """Outcome of ending a flight."""
    if name not in flights.held:
        return _outcome("Failed", "NotPlanned", "no such flight")
    status = STATUS[flights.held[name].intent.state]
    try:
        unheard = await flights.end(name)
    except CallError as error:
        return _outcome("Failed", status, str(error))
    return _outcome("Completed", "Closed", "; ".join(unheard))


async def clear(flights: Flights, body: Message) -> dict[str, Any]:
    """Outcome of clearing an area."""
    area = checked(written.volume, body.get("extent"), "extent")
    problems = await flights.clear(area)
    return {"outcome": {"success": not problems, "message": "; ".join(problems) or "cleared"}}


def told(flights: Flights, after: str, before: str | None) -> dict[str, Any]:
    """What operators were told between two instants."""
    since = checked(written.seconds, after, "after")
    until = float("inf") if before is None else checked(written.seconds, before, "before")
    found = [one for one in flights.told if since <= one["at_s"] <= until]
    return {"user_notifications": [
        {"observed_at": written.when(one["at_s"]), "message": f"{one['kind']}: flight {one['flight']}",
         "conflicts": "Single" if one["conflicts"] == 1 else "Multiple"} for one in found]}  # fmt: skip


def _outcome(result: str, status: str, notes: str = "") -> dict[str, Any]:
    return {"planning_result": result, "flight_plan_status": status, "notes": notes,
            "includes_advisories": "NoAdvisoriesOrConditions"}  # fmt: skip
