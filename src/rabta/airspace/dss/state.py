"""What the service holds, and how one change after another makes it.

The state is the sum of an ordered log of changes: every instance that applies the same log holds the same
state, and no decision is made but on the state after the last change.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Literal

from rabta.airspace.volumes import Index, Volume
from rabta.airspace.volumes import messages as written

Kind = Literal["intent", "constraint", "subscription", "area", "watch"]
"""F3548-21: operational intents, constraints, subscriptions. F3411: identification service areas, and the
subscriptions to those."""
KINDS: tuple[Kind, ...] = ("intent", "constraint", "subscription", "area", "watch")
Change = dict[str, Any]
FOREVER_S = 253_402_300_799.0  # the last second of the year 9999


@dataclass(frozen=True)
class Entity:
    """Something of a manager at volumes.

    Attributes
    ----------
    kind, id, manager, url : str
    version : int
        Grows by one with each change.
    ovn : str
        Opaque version, which proves that a planner knows this one.
    volumes : tuple of Volume
    state : str
        Of operational intents: Accepted, Activated, Nonconforming or Contingent.
    subscription : str
        That an operational intent hears by; empty for none.
    intents, constraints, implicit, index : bool, bool, bool, int
        Of subscriptions: what they hear of, whether they came with an intent, notifications so far.
    """

    kind: Kind
    id: str
    manager: str
    url: str
    version: int
    ovn: str
    volumes: tuple[Volume, ...]
    state: str = ""
    subscription: str = ""
    intents: bool = False
    constraints: bool = False
    implicit: bool = False
    index: int = 0

    @cached_property
    def start_s(self) -> float:
        """Begin of the first volume."""
        return min(one.start_s for one in self.volumes)

    @cached_property
    def end_s(self) -> float:
        """End of the last."""
        return max(one.end_s for one in self.volumes)

    @cached_property
    def times(self) -> dict[str, Any]:
        """Begin and end as messages write them, where there is one."""
        given = (("time_start", self.start_s), ("time_end", self.end_s))
        return {key: written.when(at) for key, at in given if abs(at) < 1e18}


class State:
    """Entities by kind, and the availability of services."""

    def __init__(self) -> None:
        self.held: dict[Kind, dict[str, Entity]] = {kind: {} for kind in KINDS}
        self.index: dict[Kind, Index[str]] = {kind: Index() for kind in KINDS}
        self.availability: dict[str, tuple[str, str]] = {}  # by service: availability, version
        self.heartbeats: dict[str, dict[str, Any]] = {}
        self.users: dict[str, set[str]] = {}  # by subscription: intents that hear by it

    def get(self, kind: Kind, name: str, now_s: float = -math.inf) -> Entity | None:
        """Entity of a name, unless it has ended."""
        found = self.held[kind].get(name)
        return None if found is None or found.end_s < now_s else found

    def meeting(self, kind: Kind, volumes: list[Volume], now_s: float) -> list[Entity]:
        """Entities that meet volumes, exactly, and have not ended."""
        return self._living(kind, self.index[kind].meeting(volumes), now_s)

    def near(self, kind: Kind, volumes: list[Volume], now_s: float) -> list[Entity]:
        """Entities in the cells of volumes that have not ended."""
        return self._living(kind, self.index[kind].near(volumes), now_s)

    def _living(self, kind: Kind, names: Iterable[str], now_s: float) -> list[Entity]:
        found = (self.held[kind][name] for name in sorted(names))
        return [one for one in found if one.end_s >= now_s]

    def down(self, service: str) -> bool:
        """Whether a service has been declared down."""
        return self.availability.get(service, ("", ""))[0] == "Down"

    def apply(self, change: Change) -> None:
        """Make one change of the log."""
        getattr(self, f"_{change['do']}")(change)

    def _put(self, change: Change) -> None:
        entity: Entity = change["entity"]
        self._forget(entity.kind, entity.id)
        self.held[entity.kind][entity.id] = entity
        self.index[entity.kind].add(entity.id, list(entity.volumes))
        if entity.subscription:
            self.users.setdefault(entity.subscription, set()).add(entity.id)

    def _delete(self, change: Change) -> None:
        self._forget(change["kind"], change["id"])

    def _forget(self, kind: Kind, name: str) -> None:
        gone = self.held[kind].pop(name, None)
        if gone is None:
            return
        self.index[kind].remove(name)
        if gone.subscription in self.users:
            self.users[gone.subscription].discard(name)
            if not self.users[gone.subscription]:
                del self.users[gone.subscription]

    def _notify(self, change: Change) -> None:
        for name in change["ids"]:
            held = self.held[change["kind"]]
            if name in held:
                held[name] = replace(held[name], index=held[name].index + 1)

    def _availability(self, change: Change) -> None:
        self.availability[change["service"]] = (change["availability"], change["version"])

    def _heartbeat(self, change: Change) -> None:
        self.heartbeats[change["instance"]] = change["heartbeat"]

    def _report(self, change: Change) -> None:
        """A report is kept in the log, and makes nothing."""

    def changes(self, since_s: float) -> list[Change]:
        """Changes that make this state from nothing, without what ended before an instant: a snapshot."""
        found = [put(one) for held in self.held.values() for one in held.values() if one.end_s >= since_s]
        found += [{"do": "availability", "service": name, "availability": at, "version": version}
                  for name, (at, version) in self.availability.items()]  # fmt: skip
        return found + [{"do": "heartbeat", "instance": name, "heartbeat": one}
                        for name, one in self.heartbeats.items()]  # fmt: skip


def put(entity: Entity) -> Change:
    """Change that puts an entity."""
    return {"do": "put", "entity": entity}


def encode(change: Change) -> str:
    """Line of the log."""
    if change["do"] != "put":
        return json.dumps(change, separators=(",", ":"))
    entity: Entity = change["entity"]
    held = {one.name: getattr(entity, one.name) for one in fields(entity) if one.name != "volumes"}
    held["extents"] = [written.message(one) for one in entity.volumes]
    return json.dumps({"do": "put", "entity": held}, separators=(",", ":"))


def decode(line: str) -> Change:
    """Change of a line of the log."""
    change: Change = json.loads(line)
    if change["do"] == "put":
        held = change["entity"]
        volumes = tuple(written.volumes(held.pop("extents"), trusted=True))
        change["entity"] = Entity(**held, volumes=volumes)
    return change
