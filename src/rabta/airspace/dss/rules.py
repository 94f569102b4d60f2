"""What every decision needs: who asks, what is refused, how it is said."""

from __future__ import annotations

import base64
import hashlib
import re
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rabta.airspace.dss.state import Change, Entity, Kind, State
from rabta.airspace.volumes import Volume
from rabta.airspace.volumes.volume import Circle, Polygon
from rabta.errors import RabtaError

LARGEST_QUERY_KM2 = 2_500.0  # InterUSS's own limit for areas of F3548; F3411-22a leaves it to the region
PATIENCE_S = (
    300.0  # how far a clock may be behind ours (F3548-21: TimeSyncMaxDifferential 5 s; and the network's)
)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
WEB = re.compile(r"https?://[^\s/?#]+[^\s#]*")


class RefusedError(Exception):
    """A request that is not granted, with the status that the standard gives it."""

    def __init__(self, status: int, why: str, body: Mapping[str, Any] | None = None) -> None:
        super().__init__(why)
        self.status, self.body = status, {"message": why, **(body or {})}


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes
    ----------
    name : str
        The token's subject.
    scopes : frozenset of str
    """

    name: str
    scopes: frozenset[str] = frozenset()


@dataclass
class Decision:
    """Changes to make, and what is told when they are on disk."""

    body: dict[str, Any]
    status: int = 200
    changes: list[Change] = field(default_factory=list)


def identifier(given: str) -> str:
    """Identifier of an entity, which must be a UUID."""
    if not UUID.fullmatch(given):
        raise RefusedError(400, f"no UUID: {given[:60]!r}")
    return given.lower()


def url(given: object, key: str = "uss_base_url") -> str:
    """Base address of a service."""
    if not isinstance(given, str) or not WEB.fullmatch(given) or given.endswith("/") or len(given) > 2_000:
        raise RefusedError(400, f"{key}: http or https address without a slash at its end")
    return given


def checked(make: Any, *given: Any, **more: Any) -> Any:
    """What a reader makes of a message; its complaint is a refusal."""
    try:
        return make(*given, **more)
    except RabtaError as error:
        raise RefusedError(400, str(error)) from None


def bounded(volumes: Sequence[Volume], now_s: float) -> None:
    """Refuse volumes without limits of height or time, or that have ended."""
    for one in volumes:
        if not (one.lower_m > -1e6 and one.upper_m < 1e6):
            raise RefusedError(400, "extents need a lower and an upper altitude")
        if not (one.start_s > -1e18 and one.end_s < 1e18):
            raise RefusedError(400, "extents need a start and an end")
    if max(one.end_s for one in volumes) < now_s:
        raise RefusedError(400, "extents that ended in the past")


def sized(volumes: Iterable[Volume], most_km2: float = LARGEST_QUERY_KM2, status: int = 413) -> None:
    """Refuse an area that is too large."""
    for one in volumes:
        if square_km(one.outline) > most_km2:
            raise RefusedError(status, f"an area larger than {most_km2:g} km2")


def square_km(outline: Polygon | Circle) -> float:
    """Area of an outline on the ground."""
    if isinstance(outline, Circle):
        return 3.141592653589793 * (outline.radius_m / 1e3) ** 2
    from rabta.airspace.volumes.meeting import on_plane

    south, west, north, east = outline.box
    return float(on_plane(outline, ((south + north) / 2.0, (west + east) / 2.0)).area) / 1e6


def opaque(*parts: object) -> str:
    """Opaque version of something: nobody can guess it who does not know all parts."""
    text = "|".join(str(part) for part in parts) + uuid.uuid4().hex
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def plain(*parts: object) -> str:
    """Opaque version of lower case letters and digits, as F3411 wants it."""
    text = "|".join(str(part) for part in parts) + uuid.uuid4().hex
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def requested(entity: str, suffix: object, now_s: float) -> str:
    """Version that a manager asked for: its suffix is a UUID of version 7, of now (InterUSS's extension)."""
    if not isinstance(suffix, str) or not UUID.fullmatch(suffix) or suffix[14] != "7":
        raise RefusedError(400, "requested_ovn_suffix: a UUID of version 7")
    at_s = int(suffix[:8] + suffix[9:13], 16) / 1e3
    if abs(at_s - now_s) > PATIENCE_S:
        raise RefusedError(
            400, "requested_ovn_suffix: a UUID of version 7 whose time is within five minutes of now"
        )
    return f"{entity}_{suffix}"


def notified(
    state: State, kind: Kind, volumes: Sequence[Volume], now_s: float, hears: str = ""
) -> tuple[list[dict[str, Any]], list[Change]]:
    """Subscribers that must hear of a change at volumes, and the change of their counts.

    Parameters
    ----------
    kind : str
        "subscription" or "watch".
    hears : str
        "intents" or "constraints" of subscriptions; empty for all.
    """
    found = [one for one in state.near(kind, list(volumes), now_s) if not hears or getattr(one, hears)]
    by: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        by.setdefault(one.url, []).append({"subscription_id": one.id, "notification_index": one.index + 1})
    change: list[Change] = [{"do": "notify", "kind": kind, "ids": [one.id for one in found]}] if found else []
    return [{"uss_base_url": at, "subscriptions": each} for at, each in sorted(by.items())], change


def owned(entity: Entity | None, caller: Caller, what: str) -> Entity:
    """Entity that is there and the caller's own."""
    if entity is None:
        raise RefusedError(404, f"no such {what}")
    if entity.manager != caller.name:
        raise RefusedError(403, f"this {what} is another's")
    return entity


def clock() -> float:
    """Seconds since 1970."""
    return time.time()
