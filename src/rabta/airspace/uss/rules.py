"""What an operational intent may become: states, limits and conflicts by priority (ASTM F3548-21)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rabta.airspace.dss.intents import HORIZON_S, NEXT, OFF_NOMINAL, PLANNED
from rabta.airspace.volumes import Circle, Volume, meet
from rabta.airspace.volumes import messages as written
from rabta.airspace.volumes.volume import MOST_VERTICES
from rabta.errors import RabtaError

LOWEST, HIGHEST = 0, 100
"""Priorities that this region knows; a conflict between equals is permitted at none of them."""


class RejectedError(Exception):
    """A plan that is not allowed, with the reason and what stands in its way."""

    def __init__(self, why: str, against: Sequence[str] = ()) -> None:
        super().__init__(why)
        self.against = tuple(against)


@dataclass(frozen=True)
class Intent:
    """An operational intent with its details, our own or another's.

    Attributes
    ----------
    id, manager, url, state, ovn : str
    version, priority : int
    volumes, off_nominal : tuple of Volume
        Where the flight is planned, and where it may be when it is off its plan.
    """

    id: str
    state: str
    priority: int
    volumes: tuple[Volume, ...]
    off_nominal: tuple[Volume, ...] = ()
    manager: str = ""
    url: str = ""
    version: int = 0
    ovn: str = ""
    reference: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def everywhere(self) -> tuple[Volume, ...]:
        """All volumes."""
        return self.volumes + self.off_nominal

    def details(self) -> dict[str, Any]:
        """Details as messages write them."""
        return {"volumes": [written.message(one) for one in self.volumes],
                "off_nominal_volumes": [written.message(one) for one in self.off_nominal],
                "priority": self.priority}  # fmt: skip


def read(message: Mapping[str, Any]) -> Intent:
    """Intent of a message with reference and details.

    Raises
    ------
    RabtaError
        Where the message does not hold to the standard.
    """
    _typed(message)
    reference = written.table(message.get("reference"), "reference")
    details = written.table(message.get("details"), "details")
    priority = int(details.get("priority") or 0)
    if not LOWEST <= priority <= HIGHEST:
        raise RabtaError("a priority that this region does not know", key="details.priority", value=priority,
                         expected=f"{LOWEST} to {HIGHEST}")  # fmt: skip
    planned, off = details.get("volumes") or [], details.get("off_nominal_volumes") or []
    return Intent(
        str(reference.get("id", "")), str(reference.get("state", "")), priority,
        tuple(written.volumes(planned)) if planned else (), tuple(written.volumes(off)) if off else (),
        str(reference.get("manager", "")), str(reference.get("uss_base_url", "")),
        int(reference.get("version") or 0), str(reference.get("ovn") or ""), reference,
    )  # fmt: skip


def _typed(message: Mapping[str, Any]) -> None:
    """Refuse a message that is not of the published types."""
    from implicitdict import ImplicitDict
    from uas_standards.astm.f3548.v21.api import OperationalIntent

    try:
        ImplicitDict.parse(dict(message), OperationalIntent)
    except (ValueError, TypeError) as error:
        raise RabtaError(f"an operational intent that does not hold to the standard: {error}") from None


def allowed(new: Intent, old: Intent | None, now_s: float) -> None:
    """Refuse what no service may share, whatever others plan.

    Raises
    ------
    RejectedError
    """
    before = "" if old is None else old.state
    if new.state not in NEXT[before] or (old is None and new.state in OFF_NOMINAL):
        raise RejectedError(f"an operational intent does not go from {before or 'nothing'} to {new.state}")
    corners = sum(1 if isinstance(v.outline, Circle) else len(v.outline.corners) for v in new.everywhere)
    if corners > MOST_VERTICES:
        raise RejectedError(f"{corners} corners: at most {MOST_VERTICES}")
    if new.state in PLANNED and new.off_nominal:
        raise RejectedError(f"off-nominal volumes in the state {new.state}")
    if not LOWEST <= new.priority <= HIGHEST:
        raise RejectedError(f"priority {new.priority}: {LOWEST} to {HIGHEST}")
    if max(one.end_s for one in new.everywhere) < now_s:
        raise RejectedError("a plan that has ended")
    if new.state == "Accepted" and min(one.start_s for one in new.everywhere) > now_s + HORIZON_S:
        raise RejectedError("a plan that begins more than 30 days from now")
    if new.state == "Activated" and not any(one.start_s <= now_s <= one.end_s for one in new.volumes):
        raise RejectedError("no volume of this plan is active now")


def conflicts(new: Intent, old: Intent | None, others: Sequence[Intent]) -> list[Intent]:
    """Intents of lower priority that a plan meets, which is allowed and told.

    Meeting one of the same or a higher priority is not, except that an active flight may change its plan
    where both are active and met before (F3548-21, SCD0035 to SCD0100).

    Raises
    ------
    RejectedError
        Naming what stands in the way.
    """
    if new.state in OFF_NOMINAL:
        return []
    met, below = [], []
    for other in others:
        if other.id == new.id or not crossing(new.volumes, other.everywhere):
            continue
        if new.priority > other.priority:
            below.append(other)
        elif not _met_before(old, other):
            met.append(other)
    if met:
        what = ", ".join(f"{one.id} of {one.manager} (priority {one.priority})" for one in met[:5])
        raise RejectedError(f"a plan of priority {new.priority} meets {what}", [one.id for one in met])
    return below


def _met_before(old: Intent | None, other: Intent) -> bool:
    both = old is not None and old.state == other.state == "Activated"
    return both and old is not None and crossing(old.volumes, other.everywhere)


def crossing(some: Sequence[Volume], others: Sequence[Volume]) -> bool:
    """Whether any of some volumes meets any of others."""
    return any(meet(one, other) for one in some for other in others)


def unknown(reference: Mapping[str, Any], area: Sequence[Volume]) -> Intent:
    """What to assume of an intent whose service is down and does not answer (F3548-21, SCD0005 to SCD0010).

    What was only planned stands in nobody's way; what flies may be anywhere in the area, before everybody.
    """
    state = str(reference.get("state", ""))
    if state == "Accepted":
        return Intent(str(reference["id"]), state, LOWEST - 1, tuple(area), reference=reference)
    planned, off = (tuple(area), ()) if state == "Activated" else ((), tuple(area))
    return Intent(str(reference["id"]), state, HIGHEST, planned, off, reference=reference)


def renamed(intent: Intent, reference: Mapping[str, Any]) -> Intent:
    """Intent with the reference that discovery gave it."""
    return replace(intent, id=str(reference["id"]), manager=str(reference["manager"]),
                   url=str(reference["uss_base_url"]), version=int(reference["version"]),
                   ovn=str(reference.get("ovn", "")), reference=dict(reference))  # fmt: skip
