"""Identification service areas, and subscriptions to them (ASTM F3411-22a and F3411-19)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rabta.airspace.dss.rules import (
    Caller,
    Decision,
    RefusedError,
    checked,
    identifier,
    notified,
    owned,
    plain,
    sized,
    url,
)
from rabta.airspace.dss.state import Change, Entity, Kind, State, put
from rabta.airspace.dss.subscriptions import lasting
from rabta.airspace.volumes import Volume
from rabta.airspace.volumes import messages as written

Message = Mapping[str, Any]
VERSION = re.compile("[0-9a-f]{10,}")  # of the form that F3411-22a gives a version, what ours are
MOST_AN_AREA = 10  # NetDSSMaxSubscriptionPerArea
LONGEST_AREA_S = 24 * 3_600.0
EARLY_S = 5.0  # how far behind a clock may be (F3548-21, TimeSyncMaxDifferentialSeconds)


class Edition:
    """How an edition of the standard writes what it shares with the other."""

    def __init__(self, *, of_2019: bool) -> None:
        self.of_2019 = of_2019

    def volume(self, body: Message) -> Volume:
        """Volume of a request."""
        return checked(written.volume_19 if self.of_2019 else written.volume, body.get("extents"))  # type: ignore[no-any-return]

    def address(self, body: Message, kind: Kind) -> str:
        """Address of a service in a request."""
        if not self.of_2019:
            return url(body.get("uss_base_url"))
        if kind == "area":
            return url(body.get("flights_url"), "flights_url")
        back = checked(written.table, body.get("callbacks"), "callbacks")
        return url(back.get("identification_service_area_url"), "identification_service_area_url")

    def told(self, entity: Entity) -> dict[str, Any]:
        """Area or subscription in an answer."""
        found: dict[str, Any] = {"id": entity.id, "owner": entity.manager, "version": entity.ovn}
        for key, at in (("time_start", entity.start_s), ("time_end", entity.end_s)):
            if math.isfinite(at):
                found[key] = written.instant(at) if self.of_2019 else written.when(at)
        if entity.kind == "watch":
            found["notification_index"] = entity.index
        if not self.of_2019:
            return {**found, "uss_base_url": entity.url}
        if entity.kind == "area":
            return {**found, "flights_url": entity.url}
        return {**found, "callbacks": {"identification_service_area_url": entity.url}}

    def subscribers(self, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Subscribers to notify, in an answer."""
        return [{"url": one["uss_base_url"], "subscriptions": one["subscriptions"]} for one in found]


def get(edition: Edition, state: State, kind: Kind, name: str, now_s: float) -> Decision:
    """One area or subscription."""
    found = state.get(kind, identifier(name), -math.inf if kind == "area" else now_s)
    if found is None:
        raise RefusedError(404, "not found")
    key = "service_area" if kind == "area" else "subscription"
    return Decision({key: edition.told(found)})


def search(
    edition: Edition, state: State, caller: Caller, kind: Kind, query: Mapping[str, str], now_s: float
) -> Decision:
    """Areas in a polygon and a time, or the caller's subscriptions there."""
    if "area" not in query:
        raise RefusedError(400, "area: latitude, longitude, latitude, longitude, ...")
    start = (
        checked(written.seconds, query["earliest_time"], "earliest_time")
        if "earliest_time" in query
        else now_s
    )
    end = (
        checked(written.seconds, query["latest_time"], "latest_time") if "latest_time" in query else math.inf
    )
    outline = checked(written.area, query["area"])
    begin = min(max(start, now_s), end) if kind == "area" else min(now_s, end)
    volume = checked(Volume, outline, start_s=begin, end_s=end)
    sized([volume])
    found = state.near(kind, [volume], now_s)
    if kind == "watch":
        found = [one for one in found if one.manager == caller.name]
    key = "service_areas" if kind == "area" else "subscriptions"
    return Decision({key: [edition.told(one) for one in found]})


def change(
    edition: Edition, state: State, caller: Caller, kind: Kind, name: str, version: str | None, body: Message,
    now_s: float,
) -> Decision:  # fmt: skip
    """Make an area or a subscription, or change the version named."""
    name = identifier(name)
    before = state.get(kind, name, now_s)
    volume = _timed(edition.volume(body), kind, before, now_s)
    sized([volume], status=400)
    if version is None and before is not None:
        raise RefusedError(409, "one of this identifier is there already")
    if version is not None:
        _current(owned(before, caller, "area"), version)
    entity = Entity(kind, name, caller.name, edition.address(body, kind),
                    1 if before is None else before.version + 1, plain(name, now_s), (volume,),
                    index=0 if before is None else before.index)  # fmt: skip
    if kind == "area":
        return _told(edition, state, entity, before, [put(entity)], now_s)
    _few(state, entity, now_s)
    areas = state.near("area", [volume], now_s)
    body = {"subscription": edition.told(entity), "service_areas": [edition.told(one) for one in areas]}
    return Decision(body, changes=[put(entity)])


def delete(
    edition: Edition, state: State, caller: Caller, kind: Kind, name: str, version: str, now_s: float
) -> Decision:
    """End an area or a subscription."""
    since_s = -math.inf if kind == "area" else now_s
    before = owned(state.get(kind, identifier(name), since_s), caller, "area")
    _current(before, version)
    gone: list[Change] = [{"do": "delete", "kind": kind, "id": before.id}]
    if kind == "area":
        return _told(edition, state, before, None, gone, now_s)
    return Decision({"subscription": edition.told(before)}, changes=gone)


def _current(before: Entity, version: str) -> None:
    if not VERSION.fullmatch(version):
        raise RefusedError(400, "no version of ours")
    if before.ovn != version:
        raise RefusedError(409, "it has another version by now")


def _timed(volume: Volume, kind: Kind, before: Entity | None, now_s: float) -> Volume:
    """Volume with times: those of before, or from now."""
    if before is not None:
        if not math.isfinite(volume.start_s):
            volume = replace(volume, start_s=before.start_s, _hints={})
        if not math.isfinite(volume.end_s):
            volume = replace(volume, end_s=before.end_s, _hints={})
    if kind == "watch":
        return lasting(volume, now_s)
    start = volume.start_s if math.isfinite(volume.start_s) else now_s
    if not math.isfinite(volume.end_s):
        raise RefusedError(400, "time_end: an area needs an end")
    if before is None and start < now_s - EARLY_S:
        raise RefusedError(400, "an area that began in the past")
    if volume.end_s < now_s or start > volume.end_s:
        raise RefusedError(400, "an area that ended in the past, or ends before it begins")
    if volume.end_s - start > LONGEST_AREA_S + 1.0:
        raise RefusedError(400, "an area that lasts longer than 24 hours")
    return replace(volume, start_s=start, _hints={})


def _few(state: State, entity: Entity, now_s: float) -> None:
    """Refuse one subscription too many of a service in an area."""
    own = [one for one in state.near("watch", list(entity.volumes), now_s)
           if one.manager == entity.manager and one.id != entity.id]  # fmt: skip
    if len(own) >= MOST_AN_AREA:
        raise RefusedError(429, f"{len(own)} subscriptions in this area already")


def _told(
    edition: Edition, state: State, entity: Entity, before: Entity | None, changes: list[Change], now_s: float
) -> Decision:
    touched = [*entity.volumes, *(before.volumes if before is not None else ())]
    subscribers, counted = notified(state, "watch", touched, now_s)
    body = {"service_area": edition.told(entity), "subscribers": edition.subscribers(subscribers)}
    return Decision(body, changes=[*counted, *changes])
