"""Orbit Mean-Elements Messages (CCSDS 502.0-B-3) in their four spellings: XML, JSON, CSV and KVN."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.times import UNIX_EPOCH_JD

Record = dict[str, str]

NUMBERS = {
    "MEAN_MOTION": "mean_motion_rev_day",
    "ECCENTRICITY": "eccentricity",
    "INCLINATION": "inclination_deg",
    "RA_OF_ASC_NODE": "raan_deg",
    "ARG_OF_PERICENTER": "argp_deg",
    "MEAN_ANOMALY": "mean_anomaly_deg",
    "BSTAR": "bstar",
}
MEANINGS = {
    "MEAN_ELEMENT_THEORY": ("SGP4", "SGP/SGP4"),
    "REF_FRAME": ("TEME",),
    "TIME_SYSTEM": ("UTC",),
    "CENTER_NAME": ("EARTH",),
}
LARGEST_NUMBER = 999_999_999
DAY_NS = 86_400_000_000_000

_KVN_LINE = re.compile(r"^\s*([A-Z][A-Z0-9_]*)\s*=\s*(.*?)\s*(?:\[[^\]]*\])?\s*$")
_CALENDAR = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z?$")
_ORDINAL = re.compile(r"^(\d{4})-(\d{3})(T\d\d:\d\d:\d\d(?:\.\d+)?)Z?$")


def recognise(text: str) -> str:
    """Spelling of an OMM file: ``xml``, ``json``, ``csv``, ``kvn``, or empty where it is none.

    Examples
    --------
    >>> recognise("CCSDS_OMM_VERS = 2.0"), recognise("1 44714U 19074B   26013.3")
    ('kvn', '')
    """
    start = text[:4096].lstrip("\ufeff \t\r\n")
    if start[:1] == "<":
        return "xml"
    if start[:1] in {"{", "["}:
        return "json"
    if "NORAD_CAT_ID" in start.split("\n", 1)[0] and "," in start:
        return "csv"
    return "kvn" if re.search(r"^\s*CCSDS_OMM_VERS\s*=", start, re.MULTILINE) else ""


def parse(text: str, spelling: str, file: object = None) -> dict[str, NDArray[Any]]:
    """Mean elements of an OMM file.

    Parameters
    ----------
    text : str
        Content of the file.
    spelling : str
        As `recognise` returns it.
    file : object, optional
        Named in errors.

    Returns
    -------
    dict of ndarray, shape (message,)
        Element columns of the ``satellites`` table, with ``name``, ``norad`` and ``line``
        (line of the message in CSV and KVN, its count in XML and JSON).
    """
    reader = {"xml": _xml, "json": _json, "csv": _csv, "kvn": _kvn}[spelling]
    word = "line" if spelling in {"csv", "kvn"} else "message"
    rows = [_row(record, file, f"{word} {at}") | {"line": at} for at, record in reader(text, file)]
    names = ("name", "norad", "line", "epoch_jd", *NUMBERS.values())
    return {
        name: np.array([row[name] for row in rows], dtype=object if name == "name" else None)
        for name in names
    }


def _row(record: Record, file: object, where: str) -> dict[str, Any]:
    for key, accepted in MEANINGS.items():
        value = record.get(key, "").strip()
        if value and value.upper() not in accepted:
            raise RabtaError(
                "mean elements of a kind that SGP4 cannot propagate",
                file=file,
                key=f"{where}, {key}",
                value=value,
                expected=" or ".join(accepted),
            )
    norad = _catalogue_number(record, file, where)
    row: dict[str, Any] = {name: _number(record, key, file, where) for key, name in NUMBERS.items()}
    row["norad"] = norad
    row["name"] = record.get("OBJECT_NAME", "").strip() or f"{norad:05d}"
    row["epoch_jd"] = _epoch(record, file, where)
    return row


def _required(record: Record, key: str, file: object, where: str) -> str:
    value = record.get(key, "").strip()
    if not value:
        known = ", ".join(sorted(record)[:12])
        raise RabtaError("missing field", file=file, key=f"{where}, {key}", value=f"fields: {known}")
    return value


def _number(record: Record, key: str, file: object, where: str) -> float:
    value = _required(record, key, file, where)
    try:
        return float(value)
    except ValueError as error:
        raise RabtaError(
            "field that is not a number", file=file, key=f"{where}, {key}", value=value, expected="a number"
        ) from error


def _catalogue_number(record: Record, file: object, where: str) -> int:
    value = record.get("NORAD_CAT_ID", "0").strip()
    if not (value.isascii() and value.isdigit() and len(value) <= 9 and int(value) <= LARGEST_NUMBER):
        raise RabtaError(
            "wrong catalogue number",
            file=file,
            key=f"{where}, NORAD_CAT_ID",
            value=value,
            expected=f"0 to {LARGEST_NUMBER}",
        )
    return int(value)


def _epoch(record: Record, file: object, where: str) -> float:
    value = _required(record, "EPOCH", file, where)
    try:
        return _julian(value)
    except ValueError as error:
        raise RabtaError(
            "wrong epoch",
            file=file,
            key=f"{where}, EPOCH",
            value=value,
            expected="a UTC instant as 2026-01-13T08:00:00.000000 or 2026-013T08:00:00",
        ) from error


def _julian(text: str) -> float:
    if found := _ORDINAL.match(text):
        year, day, clock = found.groups()
        start = np.datetime64(f"{year}-01-01{clock}", "ns")
        if not 1 <= int(day) <= 366:
            raise ValueError(text)
        instant = start + np.timedelta64(int(day) - 1, "D")
    elif found := _CALENDAR.match(text):
        instant = np.datetime64(found.group(1), "ns")
    else:
        raise ValueError(text)
    if not 1957 <= int(str(instant)[:4]) <= 2200:
        raise ValueError(text)
    days, rest = divmod(int(instant.astype(np.int64)), DAY_NS)
    return UNIX_EPOCH_JD + days + rest / DAY_NS


def _xml(text: str, file: object) -> Iterator[tuple[int, Record]]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise RabtaError("document type declaration in an OMM", file=file, expected="plain XML")
    try:
        root = ET.fromstring(text.lstrip("\ufeff \t\r\n"))  # noqa: S314  (declarations are refused above)
    except (ET.ParseError, ValueError) as error:
        raise RabtaError(f"not valid XML: {error}", file=file) from error
    messages = [root] if _tag(root) == "omm" else [e for e in root.iter() if _tag(e) == "omm"]
    for at, message in enumerate(messages, start=1):
        yield at, {_tag(e).upper(): e.text or "" for e in message.iter() if not len(e)}


def _tag(element: ET.Element) -> str:
    return str(element.tag).rsplit("}", 1)[-1]


def _json(text: str, file: object) -> Iterator[tuple[int, Record]]:
    try:
        data = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:  # ValueError also of a number of thousands of digits
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else None
        raise RabtaError(f"not valid JSON: {error}", file=file, key=where) from error
    for at, item in enumerate(data if isinstance(data, list) else [data], start=1):
        if not isinstance(item, dict):
            raise RabtaError(
                "message that is not an object", file=file, key=f"message {at}", value=repr(item)[:60]
            )
        yield at, {str(k).upper(): "" if v is None else str(v) for k, v in item.items()}


def _csv(text: str, file: object) -> Iterator[tuple[int, Record]]:
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff \t\r\n")))
    try:
        for record in reader:
            if None in record or None in record.values():
                raise RabtaError(
                    "row with the wrong number of columns",
                    file=file,
                    key=f"line {reader.line_num}",
                    expected=f"{len(reader.fieldnames or ())} columns",
                )
            yield reader.line_num, {key.strip().upper(): value for key, value in record.items()}
    except csv.Error as error:
        raise RabtaError(f"not valid CSV: {error}", file=file, key=f"line {reader.line_num}") from error


def _kvn(text: str, file: object) -> Iterator[tuple[int, Record]]:
    record: Record = {}
    start = 0
    for at, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("COMMENT"):
            continue
        found = _KVN_LINE.match(line)
        if not found:
            raise RabtaError(
                "line that is not a field",
                file=file,
                key=f"line {at}",
                value=repr(line[:80]),
                expected="KEY = value",
            )
        key, value = found.groups()
        if key == "CCSDS_OMM_VERS":
            if record:
                yield start, record
            record, start = {}, at
        record[key] = value
    if record:
        yield start, record
