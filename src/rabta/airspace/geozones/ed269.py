"""EUROCAE ED-269 documents in and out, in both forms in use: ``UASZoneList`` and ``features``.

The codes are those of `uas_standards.eurocae_ed269`. Texts have no language here; they are kept under the
language ``LANGUAGE`` of ED-318's form. What ED-269 cannot say is told by `losses` before it is written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from uas_standards.eurocae_ed269 import (
    YESNO,
    HorizontalProjectionType,
    Purpose,
    Reason,
    Restriction,
    UASZoneVersion,
    UomDimensions,
    VerticalReferenceType,
    WeekDateType,
)

from rabta.airspace.geozones import fields as f
from rabta.airspace.geozones import model as m
from rabta.airspace.geozones.heights import Height, Reference
from rabta.airspace.geozones.schedule import EVENTS, Daily, Period, clock, moment_s
from rabta.airspace.volumes import Circle
from rabta.errors import RabtaError

LANGUAGE = "en"
KINDS = {
    Restriction.PROHIBITED.value: m.Kind.PROHIBITED,
    Restriction.REQ_AUTHORISATION.value: m.Kind.AUTHORIZATION,
    Restriction.CONDITIONAL.value: m.Kind.CONDITIONAL,
    Restriction.NO_RESTRICTION.value: m.Kind.FREE,
}
NAMES = {kind: name for name, kind in KINDS.items()} | {m.Kind.USPACE: Restriction.CONDITIONAL.value}
TEXTS = ("name", "message", "otherReasonInfo")
MEMBERS = [*UASZoneVersion.__annotations__]
PARTIES = ("name", "service", "contactName")
FORMAT = "1.0.0"


def read(data: bytes | str | Path) -> m.Collection:
    """Zones of a document.

    Raises
    ------
    RabtaError
        With the path of the field that is wrong, and what would be right.
    """
    given = f.document(data)
    key = "UASZoneList" if "UASZoneList" in given else "features"
    zones = tuple(zone(one, f"{key}[{k}]") for k, one in enumerate(f.listed(given.get(key), key, 0)))
    if given.get("createdAt") is not None:
        moment_s(given["createdAt"], "createdAt")
    return m.Collection(zones, {}, {"form": key, **{n: one for n, one in given.items() if n != key}})


def zone(given: object, key: str = "zone") -> m.Zone:
    """Zone of a UASZoneVersion."""
    held = f.table(given, key)
    f.only(held, key, MEMBERS)
    f.choice(held.get("type"), f"{key}.type", ("COMMON", "CUSTOMIZED"))
    kind = f.choice(held.get("restriction"), f"{key}.restriction", KINDS)
    geometry = f.listed(held.get("geometry"), f"{key}.geometry", 1, 10_000)
    periods = f.listed(held.get("applicability"), f"{key}.applicability", 0, 1_000)
    parties = f.listed(held.get("zoneAuthority"), f"{key}.zoneAuthority", 0, 1_000)
    found = [_period(one, f"{key}.applicability[{k}]") for k, one in enumerate(periods)]
    return m.Zone(
        f.text(held.get("identifier"), f"{key}.identifier", 7),
        f.country(held.get("country"), f"{key}.country"),
        KINDS[kind],
        str(held["type"]),
        tuple(_layer(one, f"{key}.geometry[{k}]") for k, one in enumerate(geometry)),
        () if None in found else tuple(one for one in found if one is not None),
        tuple(_party(one, f"{key}.zoneAuthority[{k}]") for k, one in enumerate(parties)),
        _told(held, key),
    )


def _told(held: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Descriptive members, in the form of ED-318."""
    found: dict[str, Any] = {}
    for name in TEXTS:
        if held.get(name) is not None:
            found[name] = [{"text": f.text(held[name], f"{key}.{name}", 1_000, 0), "lang": LANGUAGE}]
    for k, one in enumerate(f.listed(held.get("reason") or [], f"{key}.reason", 0, 9)):
        f.choice(one, f"{key}.reason[{k}]", Reason)
    if held.get("regulationExemption") is not None:
        f.choice(held["regulationExemption"], f"{key}.regulationExemption", YESNO)
    if held.get("region") is not None:
        f.number(held["region"], f"{key}.region")
    for name in ("uSpaceClass", "title"):
        if held.get(name) is not None:
            f.text(held[name], f"{key}.{name}", 200, 0)
    _conditions(held.get("restrictionConditions"), f"{key}.restrictionConditions")
    for name in ("reason", "regulationExemption", "region", "uSpaceClass", "title", "restrictionConditions",
                 "extendedProperties"):  # fmt: skip
        if held.get(name) is not None:
            found[name] = held[name]
    return found


def _conditions(given: object, key: str) -> None:
    if given is None or isinstance(given, str):
        return
    for k, one in enumerate(f.listed(given, key, 0, 1_000)):
        f.text(one, f"{key}[{k}]", 10_000, 0)


def _party(given: object, key: str) -> Mapping[str, Any]:
    held = f.table(given, key)
    if held.get("purpose") is not None:
        f.choice(held["purpose"], f"{key}.purpose", Purpose)
    for name in (*PARTIES, "email", "siteURL", "phone", "intervalBefore"):
        if held.get(name) is not None:
            f.text(held[name], f"{key}.{name}", 2_000, 0)
    texts = {n: [{"text": held[n], "lang": LANGUAGE}] for n in PARTIES if held.get(n) is not None}
    return {**{n: one for n, one in held.items() if one is not None}, **texts}


def _period(given: object, key: str) -> Period | None:
    """Period, or None where it is permanent without hours."""
    held = f.table(given, key)
    permanent = f.choice(held.get("permanent"), f"{key}.permanent", YESNO) == "YES"
    bounds = []
    for name in ("startDateTime", "endDateTime"):
        told = held.get(name)
        if told is not None and permanent:
            raise f.wrong(f"{key}.{name}", told, "null, for the zone is permanent")
        if told is not None:
            moment_s(told, f"{key}.{name}")
        bounds.append(told)
    name = "dailyPeriod" if "dailyPeriod" in held else "schedule"
    days = f.listed(held.get(name) or [], f"{key}.{name}", 0, 1_000)
    daily = [_daily(one, f"{key}.{name}[{k}]") for k, one in enumerate(days)]
    hours = tuple(one for one in daily if one is not None)
    return None if permanent and not hours else Period(bounds[0], bounds[1], hours)


def _daily(given: object, key: str) -> Daily | None:
    """Hours of days; None for the empty one that some publishers write."""
    held = f.table(given, key)
    days = f.listed(held.get("day"), f"{key}.day", 0, 7)
    if not days and held.get("startTime") is None and held.get("endTime") is None:
        return None
    f.listed(days, f"{key}.day", 1, 7)
    for name in ("startTime", "endTime"):
        clock(held.get(name), f"{key}.{name}")
    names = tuple(f.choice(one, f"{key}.day[{k}]", WeekDateType) for k, one in enumerate(days))
    return Daily(names, held["startTime"], held["endTime"])


def _layer(given: object, key: str) -> m.Layer:
    held = f.table(given, key)
    unit = f.choice(held.get("uomDimensions"), f"{key}.uomDimensions", UomDimensions).lower()
    limits = []
    for side in ("lower", "upper"):
        above = held.get(f"{side}VerticalReference")
        f.choice(above, f"{key}.{side}VerticalReference", VerticalReferenceType)
        limits.append(m.height(_limit(held.get(f"{side}Limit"), f"{key}.{side}Limit"), above, unit,
                               f"{key}.{side}Limit"))  # fmt: skip
    return m.Layer(
        (_area(held.get("horizontalProjection"), f"{key}.horizontalProjection"),), limits[0], limits[1]
    )


def _limit(given: object, key: str) -> object:
    """A limit as a number; some publishers write it as text."""
    if not isinstance(given, str):
        return given
    try:
        return int(given)
    except ValueError:
        raise f.wrong(key, given, "a number") from None


def _area(given: object, key: str) -> m.Area:
    held = f.table(given, key)
    kind = f.choice(held.get("type"), f"{key}.type", HorizontalProjectionType)
    if kind == "Circle":
        return m.circle(held.get("center"), held.get("radius"), f"{key}.center")
    return m.polygon(held.get("coordinates"), f"{key}.coordinates")


def losses(found: m.Collection) -> list[str]:
    """What a document of ED-269 cannot say of a collection; empty where nothing is lost.

    Limits above the ellipsoid and hours by the Sun are refused by `write`, not listed.
    """
    told = [f"of the collection: {name}" for name in found.metadata]
    for one in found.zones:
        if one.kind == m.Kind.USPACE:
            told.append(f"{one.identifier}: USPACE is written as CONDITIONAL")
        if "DAR" in one.told.get("reason", ()):
            told.append(f"{one.identifier}: the reason DAR is written as OTHER")
        told += [f"{one.identifier}: {name} in more than one language" for name in TEXTS
                 if len(one.told.get(name, ())) > 1]  # fmt: skip
        if "dataSource" in one.told:
            told.append(f"{one.identifier}: dataSource")
    return told


def write(found: m.Collection, at: datetime | None = None) -> str:
    """Document of a collection.

    Parameters
    ----------
    at : datetime, optional
        When it is made, for a collection that does not say.

    Raises
    ------
    RabtaError
        Where heights or hours cannot be said in ED-269: it has no ellipsoidal heights and no Sun.
    """
    more = dict(found.more)
    form = more.pop("form", "UASZoneList")
    if form == "UASZoneList":
        made = at or datetime.now(UTC)
        more = {"formatVersion": FORMAT, "createdAt": made.isoformat(timespec="seconds"), **more}
        more = {name: one for name, one in more.items() if name not in ("title", "name", "bbox")}
    zones = [_written(one) for one in found.zones]
    return json.dumps({**more, form: zones}, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _written(one: m.Zone) -> dict[str, Any]:
    told = {name: one_ for name, one_ in one.told.items() if name not in (*TEXTS, "dataSource")}
    told |= {name: one.told[name][0].get("text", "") for name in TEXTS if one.told.get(name)}
    if "reason" in told:
        told["reason"] = list(dict.fromkeys("OTHER" if r == "DAR" else r for r in told["reason"]))
    periods = [_written_period(each) for each in one.periods] or [{"permanent": "YES"}]
    geometry = [made for layer in one.layers for made in _geometry(layer, one.identifier)]
    return {"identifier": one.identifier, "country": one.country, "type": one.variant,
            "restriction": NAMES[one.kind], **told, "applicability": periods,
            "zoneAuthority": [_written_party(each) for each in one.authorities],
            "geometry": geometry}  # fmt: skip


def _written_party(party: Mapping[str, Any]) -> dict[str, Any]:
    texts = {n: party[n][0].get("text", "") for n in PARTIES if party.get(n)}
    return {**party, **texts}


def _written_period(period: Period) -> dict[str, Any]:
    always = period.start is None and period.end is None
    found: dict[str, Any] = {"permanent": "YES" if always else "NO"}
    found |= {n: v for n, v in (("startDateTime", period.start), ("endDateTime", period.end)) if v}
    if period.daily:
        found["schedule"] = [{"day": list(one.days), "startTime": _hour(one.start, "00:00:00.00Z"),
                              "endTime": _hour(one.end, "23:59:59.99Z")} for one in period.daily]  # fmt: skip
    return found


def _hour(told: str | None, otherwise: str) -> str:
    """Time of day in the long form that ED-269's examples use."""
    if told is None:
        return otherwise
    if told in EVENTS:
        raise RabtaError("hours by the Sun cannot be said in ED-269", key="schedule", value=told,
                         expected="ED-318, or hours by the clock")  # fmt: skip
    of = time.fromisoformat(told)
    zone_ = of.strftime("%z")
    return f"{of:%H:%M:%S}.{of.microsecond // 10_000:02d}" + ("Z" if zone_ == "+0000" else zone_)


def _geometry(layer: m.Layer, name: str) -> list[dict[str, Any]]:
    units = {one.unit for one in (layer.lower, layer.upper) if one is not None} or {"m"}
    head: dict[str, Any] = {"uomDimensions": units.pop().upper()}
    for side, limit in (("lower", layer.lower), ("upper", layer.upper)):
        head |= _written_limit(side, limit, name)
    return [{**head, "horizontalProjection": _projection(one)} for one in layer.areas]


def _written_limit(side: str, limit: Height | None, name: str) -> dict[str, Any]:
    if limit is None:
        return {f"{side}Limit": None, f"{side}VerticalReference": "AGL"}
    if limit.reference == Reference.WGS84:
        raise RabtaError("ED-269 has no heights above the ellipsoid", key=f"{name}.{side}",
                         value=limit.value, expected="AGL or AMSL, or ED-318")  # fmt: skip
    if limit.value != int(limit.value):
        raise RabtaError("ED-269 has whole heights", key=f"{name}.{side}", value=limit.value,
                         expected="a whole number, or ED-318")  # fmt: skip
    return {f"{side}Limit": int(limit.value), f"{side}VerticalReference": limit.reference.value}


def _projection(area: m.Area) -> dict[str, Any]:
    outline = area.outline
    if isinstance(outline, Circle):
        return {"type": "Circle", "center": [outline.lon_deg, outline.lat_deg], "radius": outline.radius_m}
    return {"type": "Polygon", "coordinates": m.whole(area)}
