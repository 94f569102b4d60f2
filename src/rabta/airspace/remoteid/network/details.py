"""Who flies: the details of a flight that F3411 lets services ask for, in the forms of both editions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rabta.airspace.remoteid.network.editions import Edition
from rabta.airspace.volumes import messages as written
from rabta.airspace.volumes.volume import check_places
from rabta.errors import RabtaError, nearest

LONGEST = 1_000
SOURCES = ("Takeoff", "Dynamic", "Fixed")
IDS = ("serial_number", "registration_id", "utm_id", "specific_session_id")
CATEGORIES = ("EUCategoryUndefined", "Open", "Specific", "Certified")
CLASSES = ("EUClassUndefined", *(f"Class{k}" for k in range(7)))
Message = Mapping[str, Any]


@dataclass(frozen=True)
class Details:
    """Details of a flight.

    Attributes
    ----------
    id : str
        Of the flight.
    ids : mapping
        Of the aircraft, by kind (`IDS`).
    operator_place : (float, float), optional
        Latitude and longitude (degrees).
    operator_height_m : float, optional
        Above the ellipsoid.
    auth : (str, str), optional
        Format and data of what authenticates.
    eu : mapping, optional
        Category and class of the European Union.
    """

    id: str
    ids: Mapping[str, str] = field(default_factory=dict)
    operator_id: str = ""
    operator_place: tuple[float, float] | None = None
    operator_height_m: float | None = None
    operator_source: str = ""
    description: str = ""
    auth: tuple[str, str] | None = None
    eu: Mapping[str, str] | None = None

    def message(self, edition: Edition) -> dict[str, Any]:
        """RIDFlightDetails."""
        found: dict[str, Any] = {"id": self.id}
        for key, text in (("operator_id", self.operator_id), ("operation_description", self.description)):
            found |= {key: text} if text else {}
        kind = self.auth[0] if self.auth else ""
        if self.auth is not None:
            found["auth_data"] = {"format": kind if edition.of_2019 else int(kind or 0), "data": self.auth[1]}
        return found | (self._of_2019() if edition.of_2019 else self._of_2022())

    def _of_2019(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, kind in (("serial_number", "serial_number"), ("registration_number", "registration_id")):
            if self.ids.get(kind):
                found[key] = self.ids[kind]
        if self.operator_place is not None:
            found["operator_location"] = _point(self.operator_place)
        return found

    def _of_2022(self) -> dict[str, Any]:
        found: dict[str, Any] = {"uas_id": dict(self.ids)}
        if self.operator_place is not None:
            place: dict[str, Any] = {"position": _point(self.operator_place)}
            if self.operator_height_m is not None:
                place["altitude"] = {"value": self.operator_height_m, "reference": "W84", "units": "M"}
            if self.operator_source:
                place["altitude_type"] = self.operator_source
            found["operator_location"] = place
        if self.eu is not None:
            found["eu_classification"] = dict(self.eu)
        return found

    def observed(self) -> dict[str, Any]:
        """As InterUSS's interface of what is displayed writes them."""
        operator: dict[str, Any] = {"id": self.operator_id or None}
        if self.operator_place is not None:
            operator["location"] = _point(self.operator_place)
        height: dict[str, Any] = {}
        if self.operator_height_m is not None:
            height["altitude"] = self.operator_height_m
        if self.operator_source:
            height["altitude_type"] = self.operator_source
        if height:
            operator["altitude"] = height
        uas: dict[str, Any] = {"id": next((self.ids[kind] for kind in IDS if self.ids.get(kind)), None)}
        if self.eu is not None:
            uas["eu_classification"] = dict(self.eu)
        return {"operator": operator, "uas": uas}


def read(message: object, key: str = "details") -> Details:
    """Details of a message: of either edition, or as InterUSS's tests inject them.

    Raises
    ------
    RabtaError
        Naming the field that is wrong.
    """
    given = written.table(message, key)
    name = _text(given, "id", key)
    if not name or set(name) & set("\0\t\r\n#%/:?@[\\]"):
        raise RabtaError(
            "no name of a flight", key=f"{key}.id", value=name[:60], expected="letters and digits"
        )
    uas = written.table(given.get("uas_id") or {}, f"{key}.uas_id")
    ids = {kind: _text(uas, kind, f"{key}.uas_id") for kind in IDS}
    ids["serial_number"] = ids["serial_number"] or _text(given, "serial_number", key)
    ids["registration_id"] = ids["registration_id"] or _text(given, "registration_number", key)
    auth, eu = given.get("auth_data"), given.get("eu_classification")
    euk = f"{key}.eu_classification"
    return Details(
        name, {kind: one for kind, one in ids.items() if one}, _text(given, "operator_id", key),
        *_operator(given, key), description=_text(given, "operation_description", key),
        auth=None if auth is None else _auth(written.table(auth, f"{key}.auth_data"), f"{key}.auth_data"),
        eu=None if eu is None else _eu(written.table(eu, euk), euk),
    )  # fmt: skip


def _operator(given: Message, key: str) -> tuple[tuple[float, float] | None, float | None, str]:
    """Place, height and source of the operator's position."""
    at, held = f"{key}.operator_location", given.get("operator_location")
    if held is None:
        return None, None, ""
    place = written.table(held, at)
    point = written.table(place["position"], f"{at}.position") if "position" in place else place
    where = (written.number(point.get("lat"), f"{at}.lat"), written.number(point.get("lng"), f"{at}.lng"))
    check_places([where])
    high = place.get("altitude")
    more = given.get("operator_altitude")
    if high is not None:
        height = written.table(high, f"{at}.altitude").get("value")
        source = _text(place, "altitude_type", at)
    else:
        beside = written.table(more or {}, f"{key}.operator_altitude")
        height, source = beside.get("altitude"), _text(beside, "altitude_type", f"{key}.operator_altitude")
        source = source or _text(place, "altitude_type", at)
    if source and source not in SOURCES:
        raise RabtaError(
            "no such code", key=f"{at}.altitude_type", value=source, expected=nearest(source, SOURCES)
        )
    return where, None if height is None else written.number(height, f"{at}.altitude"), source


def _auth(given: Message, key: str) -> tuple[str, str]:
    kind = given.get("format", 0)
    if isinstance(kind, bool) or not str(kind).isascii() or not str(kind).isdigit() or int(kind) > 15:
        raise RabtaError("no such code", key=f"{key}.format", value=str(kind)[:20], expected="0 to 15")
    return str(kind), _text(given, "data", key)


def _eu(given: Message, key: str) -> dict[str, str]:
    found = {}
    for name, codes in (("category", CATEGORIES), ("class", CLASSES)):
        value = _text(given, name, key)
        if value and value not in codes:
            raise RabtaError("no such code", key=f"{key}.{name}", value=value, expected=nearest(value, codes))
        if value:
            found[name] = value
    return found


def _text(given: Message, name: str, key: str) -> str:
    found = given.get(name)
    if found is None:
        return ""
    if not isinstance(found, str) or len(found) > LONGEST:
        raise RabtaError(
            "no text", key=f"{key}.{name}", value=str(found)[:40], expected=f"at most {LONGEST} letters"
        )
    return found


def _point(place: tuple[float, float]) -> dict[str, float]:
    return {"lat": place[0], "lng": place[1]}
