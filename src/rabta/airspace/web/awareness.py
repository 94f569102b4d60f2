"""Geo-awareness: which zones hold a place, a volume, a time.

Two interfaces of InterUSS: Geo-Awareness 0.2.2 (``/geo-awareness/v1``) and Geospatial Map 0.2.3
(``/geospatial_map/v1``); paths and scopes are theirs. Sources are fetched over HTTPS by address only where
`Awareness.fetch` is given; without it a source is refused as unsupported, so that nobody makes this service
call addresses of their choice.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rabta.airspace.dss.rules import RefusedError, checked
from rabta.airspace.geozones import ed269, ed318
from rabta.airspace.geozones import fields as f
from rabta.airspace.geozones.conflicts import NO, Span, at, meeting
from rabta.airspace.geozones.heights import Ground, Height, reference
from rabta.airspace.geozones.model import Collection, Kind, Zone
from rabta.airspace.geozones.schedule import meets as applies
from rabta.airspace.geozones.schedule import moment_s
from rabta.airspace.volumes import Circle, Volume
from rabta.airspace.volumes import messages as written
from rabta.airspace.web.messages import answered, body
from rabta.airspace.web.tokens import Tokens, granted
from rabta.errors import RabtaError

Fetch = Callable[[str], Awaitable[bytes]]
Message = Mapping[str, Any]
OLD, NEW = "/geo-awareness/v1", "/geospatial_map/v1"
TEST = (frozenset({"geo-awareness.test"}),)
DIRECT = (frozenset({"interuss.geospatial_map.direct_automated_test"}),)
QUERY = (frozenset({"interuss.geospatial_map.query"}),)
TITLE, EDITION = "Geospatial Map Provider Automated Testing Interface", "v0.2.3"
BLOCKS = frozenset({Kind.PROHIBITED, Kind.AUTHORIZATION})
ADVISES = frozenset({Kind.CONDITIONAL, Kind.USPACE})
IMPACTS = {"Block": BLOCKS, "Advise": ADVISES, "BlockOrAdvise": BLOCKS | ADVISES}
KNOWN = ("position", "volumes4d", "after", "before", "restriction_source", "operation_rule_set",
         "resulting_operational_impact", "ed269")  # fmt: skip


@dataclass
class Source:
    """A set of zones by name."""

    zones: tuple[Zone, ...] = ()
    status: str = "Ready"
    message: str = ""


@dataclass
class Awareness:
    """What the application is made of.

    Attributes
    ----------
    tokens : Tokens
    sources : dict
        Zones by the name of their source.
    ground : Ground
    rule_sets : dict
        Names of sources that each set of rules of operations looks at; an unknown set is refused.
    fetch : callable, optional
        Gets a document from an address.
    """

    tokens: Tokens
    sources: dict[str, Source] = field(default_factory=dict)
    ground: Ground = field(default_factory=Ground)
    rule_sets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fetch: Fetch | None = None

    def routes(self) -> list[Route]:
        """Routes to mount."""
        source = "/{id}"
        return [
            self._at("GET", OLD + "/status", self._old_status, TEST),
            self._at("PUT", OLD + "/geozone_sources" + source, partial(self._put, old=True), TEST),
            self._at("GET", OLD + "/geozone_sources" + source, partial(self._get, old=True), TEST),
            self._at("DELETE", OLD + "/geozone_sources" + source, partial(self._delete, old=True), TEST),
            self._at("POST", OLD + "/geozones/check", self._check, TEST),
            self._at("GET", NEW + "/status", self._status, DIRECT),
            self._at("GET", NEW + "/geospatial_data_sources", self._list, DIRECT),
            self._at("PUT", NEW + "/geospatial_data_sources" + source, self._put, DIRECT),
            self._at("GET", NEW + "/geospatial_data_sources" + source, self._get, DIRECT),
            self._at("DELETE", NEW + "/geospatial_data_sources" + source, self._delete, DIRECT),
            self._at("POST", NEW + "/map/queries", self._query, QUERY),
        ]

    def app(self) -> Starlette:
        """Application of these routes alone."""
        return Starlette(routes=[*self.routes(), Route("/healthy", _healthy)])

    def _at(self, method: str, path: str, handler: Any, scopes: Sequence[frozenset[str]]) -> Route:
        async def inner(request: Request) -> Response:
            granted(self.tokens.caller(request.headers.get("authorization")), scopes)
            answer: Response = await handler(request)
            return answer

        return Route(path, answered(inner), methods=[method])

    async def _old_status(self, _request: Request) -> Response:
        return JSONResponse({"status": "Ready"})

    async def _status(self, _request: Request) -> Response:
        return JSONResponse({"status": "Ready", "api_name": TITLE, "api_version": EDITION})

    async def _list(self, _request: Request) -> Response:
        found = [_told(name, one) for name, one in self.sources.items() if _is_uuid(name)]
        return JSONResponse({"data_sources": found})

    async def _put(self, request: Request, *, old: bool = False) -> Response:
        name = _name(request)
        given = await body(request)
        source = checked(f.table, given.get("https_source"), "https_source")
        address = checked(f.text, source.get("url"), "https_source.url")
        made = await self._fetched(address, source.get("format", "ED-269"))
        self.sources[name] = made
        return _shown(name, made, old=old)

    async def _fetched(self, address: str, form: object) -> Source:
        reader = {"ED-269": ed269.read, "ED-318": ed318.read}.get(str(form))
        if reader is None or self.fetch is None:
            why = "format" if reader is None else "sources by address"
            return Source((), "Unsupported", f"{why}: not taken here")
        try:
            return Source(reader(await self.fetch(address)).zones)
        except RabtaError as error:
            return Source((), "Rejected", str(error))
        except OSError as error:
            return Source((), "Error", f"the source does not answer: {error}")

    async def _get(self, request: Request, *, old: bool = False) -> Response:
        name = _name(request)
        if name not in self.sources:
            raise RefusedError(404, "no such source")
        return _shown(name, self.sources[name], old=old)

    async def _delete(self, request: Request, *, old: bool = False) -> Response:
        name = _name(request)
        self.sources.pop(name, None)
        return _shown(name, Source((), "Deactivating" if old else "Deactivated"), old=old)

    async def _check(self, request: Request) -> Response:
        found = await self._checks(request, "filterSets", self._old_filter)
        return JSONResponse({"applicableGeozone": [_outcome("geozone", one) for one in found]})

    async def _query(self, request: Request) -> Response:
        return JSONResponse({"results": [
            _outcome("features_selection_outcome", one)
            for one in await self._checks(request, "filter_sets", self._filter)]})  # fmt: skip

    async def _checks(self, request: Request, key: str, one: Callable[[Message], bool]) -> list[bool | str]:
        given = checked(f.listed, (await body(request)).get("checks"), "checks", 0, 1_000)
        found: list[bool | str] = []
        for check in given:
            sets = checked(f.listed, checked(f.table, check, "checks").get(key) or [], key, 0, 1_000)
            try:
                found.append(_any_of(one, [checked(f.table, each, key) for each in sets]))
            except UnsupportedError as error:
                found.append(str(error))
        return found

    def _old_filter(self, given: Message) -> bool:
        """Whether zones match a filter set of the older interface."""
        told = given.get("position")
        position = None
        if told is not None:
            held = checked(f.table, told, "position")
            unit = checked(f.choice, held.get("uomDimensions"), "position.uomDimensions", ("M", "FT")).lower()
            height = Height(float(checked(f.number, held.get("height", 0), "position.height")),
                            checked(reference, held.get("verticalReferenceType")), unit)  # fmt: skip
            position = (_degrees(held, "latitude"), _degrees(held, "longitude"), height)
        kinds = _kinds(given.get("ed269"), "acceptableRestrictions", "uSpaceClass")
        return self._any(self._zones(None, None), kinds, given, position, [])

    def _filter(self, given: Message) -> bool:
        """Whether zones match a filter set of the map."""
        unknown = [name for name in given if name not in KNOWN and given[name] is not None]
        if unknown:
            raise UnsupportedError(f"no such filter here: {', '.join(sorted(unknown)[:5])}")
        kinds = _kinds(given.get("ed269"), "acceptable_restrictions", "u_space_class")
        impact = given.get("resulting_operational_impact")
        if impact is not None:
            wanted = IMPACTS[checked(f.choice, impact, "resulting_operational_impact", IMPACTS)]
            kinds = _both(kinds, wanted)
        zones = self._zones(given.get("restriction_source"), given.get("operation_rule_set"))
        volumes = [
            _volume(one) for one in checked(f.listed, given.get("volumes4d") or [], "volumes4d", 0, 1_000)
        ]
        if given.get("volumes4d") == []:
            raise RefusedError(400, "volumes4d: at least one volume")
        return self._any(zones, kinds, given, _position(given.get("position")), volumes)

    def _zones(self, source: object, rule_set: object) -> Iterator[Zone]:
        names = set(self.sources)
        if source is not None:
            names &= {str(source)}
        if rule_set is not None:
            if rule_set not in self.rule_sets:
                raise UnsupportedError(f"no such operation_rule_set here: {str(rule_set)[:60]}")
            names &= self.rule_sets[str(rule_set)]
        for name in sorted(names):
            yield from self.sources[name].zones

    def _any(
        self,
        zones: Iterator[Zone],
        kinds: Callable[[Zone], bool],
        given: Message,
        position: tuple[float, float, Height | None] | None,
        volumes: list[tuple[Volume, Span]],
    ) -> bool:
        after, before = (_instant(given.get(name), name, otherwise)
                         for name, otherwise in (("after", -math.inf), ("before", math.inf)))  # fmt: skip
        return any(kinds(zone) and _in_time(zone, after, before) and self._at_place(zone, position)
                   and (not volumes or self._meets(zone, volumes)) for zone in zones)  # fmt: skip

    def _at_place(self, zone: Zone, position: tuple[float, float, Height | None] | None) -> bool:
        if position is None:
            return True
        lat, lon, height = position
        timeless = Zone(zone.identifier, zone.country, zone.kind, zone.variant, zone.layers)
        if height is not None:
            return bool(at([timeless], lat, lon, height, 0.0, self.ground))
        volume = Volume(Circle(lat, lon, 0.005), start_s=0.0, end_s=0.0)
        return any(meeting(volume, Span(), timeless, layer, self.ground) for layer in zone.layers)

    def _meets(self, zone: Zone, volumes: list[tuple[Volume, Span]]) -> bool:
        return any(meeting(volume, span, zone, layer, self.ground) != NO
                   for volume, span in volumes for layer in zone.layers)  # fmt: skip


def _any_of(one: Callable[[Message], bool], sets: list[Message]) -> bool:
    """Whether a set matches; each is read, so that what is wrong in one is not passed over."""
    found = [one(each) for each in sets]
    return any(found)


def _both(kinds: Callable[[Zone], bool], wanted: frozenset[Kind]) -> Callable[[Zone], bool]:
    return lambda zone: zone.kind in wanted and kinds(zone)


class UnsupportedError(Exception):
    """A filter that is not known here."""


def load(awareness: Awareness, name: str, found: Collection) -> None:
    """Zones that the service holds by itself."""
    awareness.sources[name] = Source(found.zones)


def _in_time(zone: Zone, after: float, before: float) -> bool:
    place = zone.layers[0].areas[0].middle
    return after <= before and applies(zone.periods, after, before, *place)


def _kinds(given: object, restrictions: str, space_class: str) -> Callable[[Zone], bool]:
    if given is None:
        return lambda _zone: True
    held = checked(f.table, given, "ed269")
    key = f"ed269.{restrictions}"
    told = checked(f.listed, held.get(restrictions) or [], key, 0, 10)
    wanted = {ed269.KINDS[checked(f.choice, one, key, ed269.KINDS)] for one in told}
    of = held.get(space_class)

    def matches(zone: Zone) -> bool:
        return (not wanted or zone.kind in wanted) and (of is None or zone.told.get("uSpaceClass") == of)

    return matches


def _volume(given: object) -> tuple[Volume, Span]:
    """Outline and times of a Volume4D, and its heights with their references."""
    held = checked(f.table, given, "volumes4d")
    space = dict(checked(f.table, held.get("volume"), "volumes4d.volume"))
    limits = [_altitude(space.pop(name, None), f"volumes4d.volume.{name}")
              for name in ("altitude_lower", "altitude_upper")]  # fmt: skip
    low, high = limits
    if low and high and low.reference == high.reference and low.metres > high.metres:
        raise RefusedError(400, "volumes4d.volume.altitude_lower: above altitude_upper")
    return checked(written.volume, {**held, "volume": space}, "volumes4d"), Span(low, high)


def _altitude(given: object, key: str) -> Height | None:
    if given is None:
        return None
    held = checked(f.table, given, key)
    unit = checked(f.choice, held.get("units"), f"{key}.units", ("M", "FT")).lower()
    value = float(checked(f.number, held.get("value"), f"{key}.value"))
    found: Height = checked(lambda: Height(value, reference(held.get("reference")), unit))
    return found


def _position(given: object) -> tuple[float, float, Height | None] | None:
    if given is None:
        return None
    held = checked(f.table, given, "position")
    place = checked(f.table, held.get("location"), "position.location")
    return (_degrees(place, "lat", "position.location"), _degrees(place, "lng", "position.location"),
            _altitude(held.get("altitude"), "position.altitude"))  # fmt: skip


def _degrees(held: Message, name: str, key: str = "position") -> float:
    value = float(checked(f.number, held.get(name, 0), f"{key}.{name}"))
    if abs(value) > (90.0 if name.startswith("lat") else 180.0):
        raise RefusedError(400, f"{key}.{name}: no place on Earth")
    return value


def _instant(given: object, key: str, otherwise: float) -> float:
    return otherwise if given is None else float(checked(moment_s, given, key))


def _outcome(key: str, found: bool | str) -> dict[str, str]:
    if isinstance(found, str):
        return {key: "UnsupportedFilter", "message": found}
    return {key: "Present" if found else "Absent"}


def _name(request: Request) -> str:
    name: str = request.path_params["id"]
    if not _is_uuid(name):
        raise RefusedError(400, "the name of a source is a UUID")
    return name


def _is_uuid(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name.lower()
    except ValueError:
        return False


def _shown(name: str, source: Source, *, old: bool) -> Response:
    told = _told(name, source)
    if not old:
        return JSONResponse({"data_source": told})
    return JSONResponse({"result": told["status"], "message": source.message})


def _told(name: str, source: Source) -> dict[str, str]:
    return {"id": name, "status": source.status, "message": source.message}


async def _healthy(_request: Request) -> Response:
    return JSONResponse({"healthy": True})
