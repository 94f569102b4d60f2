"""EUROCAE ED-318 documents: GeoJSON with layers, in and out (schema of github.com/UASGeoZones/ED-318)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from uas_standards.eurocae_ed318 import (
    CodeAuthorityRole,
    CodeDaylightEventType,
    CodeWeekDayType,
    CodeYesNoType,
    CodeZoneReasonType,
    CodeZoneType,
    CodeZoneVariantType,
    UASZone,
)

from rabta.airspace.geozones import fields as f
from rabta.airspace.geozones import model as m
from rabta.airspace.geozones.schedule import Daily, Period, clock, moment_s
from rabta.airspace.volumes import Circle

Check = Callable[[object, str], object]
MEMBERS = [*UASZone.__annotations__]
LAYER = ("upper", "upperReference", "lower", "lowerReference", "uom")


def read(data: bytes | str | Path) -> m.Collection:
    """Zones of a document.

    Raises
    ------
    RabtaError
        With the path of the field that is wrong, and what would be right.
    """
    given = f.document(data)
    if given.get("type") != "FeatureCollection":
        raise f.wrong("type", given.get("type"), "FeatureCollection")
    metadata = f.table(given.get("metadata", {}), "metadata")
    for name in ("validFrom", "validTo", "issued"):
        if metadata.get(name) is not None:
            moment_s(metadata[name], f"metadata.{name}")
    for name in ("provider", "description", "technicalLimitations"):
        if name in metadata:
            texts(metadata[name], f"metadata.{name}", 10_000)
    features = f.listed(given.get("features"), "features", 0)
    zones = tuple(zone(one, f"features[{k}]") for k, one in enumerate(features))
    more = {name: one for name, one in given.items() if name not in ("type", "metadata", "features")}
    return m.Collection(zones, metadata, more)


def zone(given: object, key: str = "feature") -> m.Zone:
    """Zone of a feature."""
    feature = f.table(given, key)
    f.choice(feature.get("type"), f"{key}.type", ["Feature"])
    at = f"{key}.properties"
    told = dict(f.table(feature.get("properties"), at))
    f.only(told, at, MEMBERS)
    for name, check in CHECKS.items():
        if name in told:
            check(told[name], f"{at}.{name}")
    known = ("identifier", "country", "type", "variant", "zoneAuthority", "limitedApplicability")
    periods = told.get("limitedApplicability", [])
    return m.Zone(
        f.text(told.get("identifier"), f"{at}.identifier", 7),
        f.country(told.get("country"), f"{at}.country"),
        m.Kind(f.choice(told.get("type"), f"{at}.type", CodeZoneType)),
        f.choice(told.get("variant"), f"{at}.variant", CodeZoneVariantType),
        layers(feature.get("geometry"), f"{key}.geometry"),
        tuple(_period(one, f"{at}.limitedApplicability[{k}]") for k, one in enumerate(
            f.listed(periods, f"{at}.limitedApplicability", 0))),
        tuple(_authority(one, f"{at}.zoneAuthority[{k}]") for k, one in enumerate(
            f.listed(told.get("zoneAuthority"), f"{at}.zoneAuthority"))),
        {name: one for name, one in told.items() if name not in known},
        {name: one for name, one in feature.items() if name not in ("type", "properties", "geometry")},
    )  # fmt: skip


def texts(given: object, key: str, most: int = 200) -> None:
    """Check texts in languages."""
    for k, one in enumerate(f.listed(given, key, 0)):
        held = f.table(one, f"{key}[{k}]")
        f.text(held.get("lang"), f"{key}[{k}].lang", 5)
        f.text(held.get("text", ""), f"{key}[{k}].text", most, 0)


def _reasons(given: object, key: str) -> None:
    for k, one in enumerate(f.listed(given, key, 0, 9)):
        f.choice(one, f"{key}[{k}]", CodeZoneReasonType)


def _region(given: object, key: str) -> None:
    if f.number(given, key) != int(given):  # type: ignore[call-overload]
        raise f.wrong(key, given, "a whole number")


CHECKS: dict[str, Check] = {
    "name": texts,
    "otherReasonInfo": texts,
    "message": lambda given, key: texts(given, key, 1_000),
    "restrictionConditions": lambda given, key: f.text(given, key, 10_000, 0),
    "region": _region,
    "reason": _reasons,
    "regulationExemption": lambda given, key: f.choice(given, key, CodeYesNoType),
    "dataSource": f.table,
    "extendedProperties": f.table,
}


def _authority(given: object, key: str) -> Mapping[str, Any]:
    held = f.table(given, key)
    f.choice(held.get("purpose"), f"{key}.purpose", CodeAuthorityRole)
    for name in ("name", "service", "contactName"):
        if name in held:
            texts(held[name], f"{key}.{name}")
    for name in ("email", "siteURL", "phone", "intervalBefore"):
        if name in held:
            f.text(held[name], f"{key}.{name}", 2_000, 0)
    return held


def _period(given: object, key: str) -> Period:
    held = f.table(given, key)
    f.only(held, key, ("startDateTime", "endDateTime", "schedule"))
    for name in ("startDateTime", "endDateTime"):
        if held.get(name) is not None:
            moment_s(held[name], f"{key}.{name}")
    daily = f.listed(held.get("schedule", []), f"{key}.schedule", 0, 1_000)
    return Period(held.get("startDateTime"), held.get("endDateTime"),
                  tuple(_daily(one, f"{key}.schedule[{k}]") for k, one in enumerate(daily)))  # fmt: skip


def _daily(given: object, key: str) -> Daily:
    held = f.table(given, key)
    f.only(held, key, ("day", "startTime", "startEvent", "endTime", "endEvent"))
    days = f.listed(held.get("day"), f"{key}.day", 1, 7)
    ends = []
    for side in ("start", "end"):
        at, event = held.get(f"{side}Time"), held.get(f"{side}Event")
        if at is not None and event is not None:
            raise f.wrong(f"{key}.{side}Event", event, f"either {side}Time or {side}Event")
        if at is not None:
            clock(at, f"{key}.{side}Time")
        if event is not None:
            f.choice(event, f"{key}.{side}Event", CodeDaylightEventType)
        ends.append(at if event is None else event)
    return Daily(
        tuple(f.choice(one, f"{key}.day[{k}]", CodeWeekDayType) for k, one in enumerate(days)), *ends
    )


def layers(given: object, key: str) -> tuple[m.Layer, ...]:
    """Layers of a geometry: Point with extent, Polygon, MultiPolygon, or a collection of these."""
    held = f.table(given, key)
    if held.get("type") != "GeometryCollection":
        return (_layer(held, key),)
    f.only(held, key, ("type", "geometries", "bbox"))
    return tuple(_layer(f.table(one, f"{key}.geometries[{k}]"), f"{key}.geometries[{k}]")
                 for k, one in enumerate(f.listed(held.get("geometries"), f"{key}.geometries")))  # fmt: skip


def _layer(given: Mapping[str, Any], key: str) -> m.Layer:
    kind = f.choice(given.get("type"), f"{key}.type", ["Point", "Polygon", "MultiPolygon"])
    at, places = f"{key}.coordinates", given.get("coordinates")
    if kind == "Point":
        extent = f.table(given.get("extent"), f"{key}.extent")
        f.choice(extent.get("subType"), f"{key}.extent.subType", ["Circle"])
        areas: tuple[m.Area, ...] = (m.circle(places, extent.get("radius"), at),)
    elif kind == "Polygon":
        areas = (m.polygon(places, at),)
    else:
        areas = tuple(m.polygon(one, f"{at}[{k}]") for k, one in enumerate(f.listed(places, at, 1, 10_000)))
    told = f.table(given.get("layer", {}), f"{key}.layer")
    f.only(told, f"{key}.layer", LAYER)
    unit = f.choice(told.get("uom", "m"), f"{key}.layer.uom", ("m", "ft"))
    low, high = (m.height(told.get(side), told.get(f"{side}Reference"), unit, f"{key}.layer.{side}")
                 for side in ("lower", "upper"))  # fmt: skip
    more = {
        name: one for name, one in given.items() if name not in ("type", "coordinates", "extent", "layer")
    }
    return m.Layer(areas, low, high, kind == "MultiPolygon", more)


def write(found: m.Collection) -> str:
    """Document of a collection."""
    features = [_feature(one) for one in found.zones]
    more = {
        name: one for name, one in found.more.items() if name not in ("form", "formatVersion", "createdAt")
    }
    metadata = dict(found.metadata)
    if "createdAt" in found.more:
        metadata.setdefault("issued", found.more["createdAt"])
    made = {"type": "FeatureCollection", **more, "metadata": metadata, "features": features}
    return json.dumps(made, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _feature(one: m.Zone) -> dict[str, Any]:
    parts = [_geometry(layer) for layer in one.layers]
    geometry = parts[0] if len(parts) == 1 else {"type": "GeometryCollection", "geometries": parts}
    told: dict[str, Any] = {"identifier": one.identifier, "country": one.country, "type": one.kind.value,
                            "variant": one.variant, **_fitting(one)}  # fmt: skip
    if one.periods:
        told["limitedApplicability"] = [_written_period(period) for period in one.periods]
    told["zoneAuthority"] = [dict(each) for each in one.authorities]
    return {"type": "Feature", **one.more, "geometry": geometry, "properties": told}


def _fitting(one: m.Zone) -> dict[str, Any]:
    """Members that came from ED-269, in the form of this standard; what it lacks goes with the extensions."""
    told = dict(one.told)
    strange = {name: told.pop(name) for name in list(told) if name not in MEMBERS}
    if "FOREIGN_TERRITORY" in told.get("reason", ()):
        told["reason"] = list(
            dict.fromkeys("OTHER" if r == "FOREIGN_TERRITORY" else r for r in told["reason"])
        )
        strange["reason"] = list(one.told["reason"])
    if isinstance(told.get("restrictionConditions"), list):
        told["restrictionConditions"] = "; ".join(told["restrictionConditions"])
    if strange:
        told["extendedProperties"] = {**told.get("extendedProperties", {}), **strange}
    for party in one.authorities:
        if party.get("purpose") is None:
            raise f.wrong(f"{one.identifier}.zoneAuthority.purpose", None, ", ".join(CodeAuthorityRole),
                          "ED-318 wants the purpose of an authority, and this one has none")  # fmt: skip
    return told


def _written_period(period: Period) -> dict[str, Any]:
    found: dict[str, Any] = {"startDateTime": period.start, "endDateTime": period.end}
    found["schedule"] = [
        {"day": list(one.days), **_written_end("start", one.start), **_written_end("end", one.end)}
        for one in period.daily
    ]
    return {name: one for name, one in found.items() if one}


def _written_end(side: str, told: str | None) -> dict[str, str]:
    if told is None:
        return {}
    return {f"{side}{'Time' if told[0].isdigit() else 'Event'}": told}


def _geometry(layer: m.Layer) -> dict[str, Any]:
    outline = layer.areas[0].outline
    if isinstance(outline, Circle):
        found: dict[str, Any] = {"type": "Point", "coordinates": [outline.lon_deg, outline.lat_deg],
                                 "extent": {"subType": "Circle", "radius": outline.radius_m}}  # fmt: skip
    elif layer.many or len(layer.areas) > 1:
        found = {"type": "MultiPolygon", "coordinates": [m.whole(one) for one in layer.areas]}
    else:
        found = {"type": "Polygon", "coordinates": m.whole(layer.areas[0])}
    held: dict[str, Any] = {}
    for side, limit in (("upper", layer.upper), ("lower", layer.lower)):
        if limit is not None:
            held |= {side: limit.value, f"{side}Reference": limit.reference.value, "uom": limit.unit}
    return {**found, **layer.more, **({"layer": held} if held else {})}
