"""Messages of broadcast remote ID as plain data and in words, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from rabta.airspace.remoteid.broadcast import messages as m
from rabta.errors import RabtaError, nearest

ID_TYPES = ("none", "serial number", "registration", "UTM UUID", "session")
AIRCRAFT = (
    "undeclared", "aeroplane", "helicopter or multirotor", "gyroplane", "hybrid lift", "ornithopter",
    "glider", "kite", "free balloon", "captive balloon", "airship", "parachute", "rocket", "tethered",
    "ground obstacle", "other",
)  # fmt: skip
STATUS = ("undeclared", "on the ground", "airborne", "emergency", "failure of remote ID")
HORIZONTAL_M = (None, 18_520.0, 7_408.0, 3_704.0, 1_852.0, 926.0, 555.6, 185.2, 92.6, 30.0, 10.0, 3.0, 1.0)
VERTICAL_M = (None, 150.0, 45.0, 25.0, 10.0, 3.0, 1.0)
SPEED_M_S = (None, 10.0, 3.0, 1.0, 0.3)
"""Bounds of the codes of accuracy, 95 per cent: ASTM F3411-22a, table 6. None where it is unknown."""
_NAMES = {one.__name__: one for one in m.KINDS}


def plain(message: m.Message) -> dict[str, Any]:
    """A message as data that JSON holds; bytes in hexadecimal digits."""
    held = {key: value.hex() if isinstance(value, bytes) else value for key, value in asdict(message).items()}
    return {"type": type(message).__name__, **held}


def message(given: Mapping[str, Any]) -> m.Message:
    """A message of plain data.

    Raises
    ------
    RabtaError
        Of an unknown type or field, of one that is missing and of a value of another type.
    """
    name = str(given.get("type"))
    if name not in _NAMES:
        raise RabtaError("no message of remote ID", key="type", value=name, expected=nearest(name, _NAMES))
    kind = _NAMES[name]
    known = {one.name for one in fields(kind)}
    values = {key: value for key, value in given.items() if key != "type"}
    for key in values.keys() - known:
        raise RabtaError("no such field", key=key, value=name, expected=nearest(key, known))
    try:
        if "data" in values:
            values["data"] = bytes.fromhex(values["data"])
        made: m.Message = kind(**values)
        m.encode(made)
    except (TypeError, ValueError, AttributeError) as error:
        raise RabtaError(f"no message: {error}", key=name, value=dict(given)) from None
    return made


def line(one: m.Message) -> str:
    """A message in words.

    Examples
    --------
    >>> line(m.BasicId(1, 2, "RBT1A000042"))
    'RBT1A000042 (serial number), helicopter or multirotor'
    """
    if isinstance(one, m.BasicId):
        return f"{one.uas_id} ({_of(ID_TYPES, one.id_type)}), {_of(AIRCRAFT, one.ua_type)}"
    if isinstance(one, m.Location):
        return _location(one)
    if isinstance(one, m.System):
        return f"operator at {_place(one.lat_deg, one.lon_deg)}, {one.area_count} aircraft"
    if isinstance(one, m.Page):
        return f"authentication {one.auth_type}, page {one.page} of {one.last if one.page == 0 else '...'}"
    return one.description if isinstance(one, m.SelfId) else f"operator {one.operator_id}"


def _location(one: m.Location) -> str:
    over = "ground" if one.height_type else "take-off"
    near = HORIZONTAL_M[one.horizontal_accuracy] if one.horizontal_accuracy < len(HORIZONTAL_M) else None
    parts = [_of(STATUS, one.status), _place(one.lat_deg, one.lon_deg)]
    parts += [f"within {near:g} m"] if near else []
    parts += [f"{one.height_m:g} m above {over}"] if one.height_m is not None else []
    parts += [f"{one.speed_m_s:g} m/s"] if one.speed_m_s is not None else []
    parts += [f"towards {one.direction_deg:g} degrees"] if one.direction_deg is not None else []
    return ", ".join(parts)


def _place(lat: float | None, lon: float | None) -> str:
    return "an unknown place" if lat is None or lon is None else f"{lat:.6f}, {lon:.6f}"


def _of(names: tuple[str, ...], code: int) -> str:
    return names[code] if code < len(names) else f"reserved {code}"
