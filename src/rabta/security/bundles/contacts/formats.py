"""Contact plans in files: CSV, JSON, and the lines ``a contact`` and ``a range`` of ION's ``ionadmin``."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable
from pathlib import Path

from rabta.errors import RabtaError, nearest
from rabta.security.bundles.contacts.plan import Contact, Plan

COLUMNS = ("start_s", "end_s", "from", "to", "rate_bps", "delay_s")
MOST_BYTES = 1 << 26
KINDS = {".csv": "csv", ".json": "json", ".ion": "ion", ".ionrc": "ion", ".txt": "ion"}


def read(path: Path) -> Plan:
    """Plan of a file, by its ending.

    Raises
    ------
    RabtaError
        That names the file and the line or entry.
    """
    kind = kind_of(path)
    if not path.is_file():
        raise RabtaError("no such contact plan", file=path)
    if path.stat().st_size > MOST_BYTES:
        raise RabtaError("contact plan too long", file=path, expected=f"at most {MOST_BYTES} bytes")
    try:
        text = path.read_text(encoding="utf-8")
        return {"csv": _csv, "json": _json, "ion": parse_ion}[kind](text)
    except UnicodeDecodeError:
        raise RabtaError("contact plan that is not UTF-8", file=path) from None
    except RabtaError as error:
        raise RabtaError(
            error.problem, file=path, key=error.key, value=error.value, expected=error.expected
        ) from None


def kind_of(path: Path) -> str:
    """Format by the file's ending."""
    if path.suffix not in KINDS:
        raise RabtaError("no such form of contact plan", file=path, expected=nearest(path.suffix, KINDS))
    return KINDS[path.suffix]


def _contact(row: dict[str, object], where: str) -> Contact:
    missing = [name for name in COLUMNS[:5] if row.get(name) in {None, ""}]
    if missing:
        raise RabtaError("a contact lacks a column", key=where, value=missing[0], expected=", ".join(COLUMNS))
    try:
        start, end, rate = (float(str(row[name])) for name in ("start_s", "end_s", "rate_bps"))
        delay = float(str(row.get("delay_s") or 0))
    except ValueError:
        raise RabtaError("a contact with a word where a number must be", key=where) from None
    if not all(map(math.isfinite, (start, end, rate, delay))):
        raise RabtaError("a contact with a number that is not finite", key=where)
    return Contact(start, end, str(row["from"]), str(row["to"]), rate, delay)


def _csv(text: str) -> Plan:
    rows = csv.DictReader(io.StringIO(text))
    try:
        return Plan(_contact(dict(row), f"line {2 + at}") for at, row in enumerate(rows))
    except csv.Error as error:
        raise RabtaError(f"not CSV: {error}") from None


def _json(text: str) -> Plan:
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        raise RabtaError("not JSON") from None
    rows = held.get("contacts") if isinstance(held, dict) else held
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RabtaError("no list of contacts", expected='{"contacts": [{"start_s": ...}, ...]}')
    return Plan(_contact(row, f"contact {at}") for at, row in enumerate(rows))


def parse_ion(text: str) -> Plan:
    """Plan of ION's lines; times are relative (``+10``), rates bytes a second, ranges whole light seconds.

    A contact has the delay of the range that holds at its start, of either direction; none means 0.
    Other commands and comments are passed over.
    """
    contacts: list[tuple[float, float, str, str, float]] = []
    ranges: list[tuple[float, float, frozenset[str], float]] = []
    for at, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if words[:1] != ["a"] or words[1:2] not in (["contact"], ["range"]):
            continue
        start, end, sender, receiver, value = _ion(words[2:], at)
        if words[1] == "contact":
            contacts.append((start, end, sender, receiver, 8 * value))
        else:
            ranges.append((start, end, frozenset((sender, receiver)), value))
    return Plan(
        Contact(
            *item, next((far for a, b, pair, far in ranges if pair == {*item[2:4]} and a <= item[0] < b), 0.0)
        )
        for item in contacts
    )


def _ion(words: list[str], at: int) -> tuple[float, float, str, str, float]:
    if len(words) < 5:
        raise RabtaError(
            "a contact or range too short", key=f"line {at}", expected="a contact +0 +60 1 2 1000"
        )
    try:
        start, end, value = (float(words[place].removeprefix("+")) for place in (0, 1, 4))
    except ValueError:
        raise RabtaError(
            "a time or rate that is no number", key=f"line {at}", expected="relative times, as +3600"
        ) from None
    if not all(map(math.isfinite, (start, end, value))):
        raise RabtaError("a time or rate that is not finite", key=f"line {at}")
    return start, end, words[2], words[3], value


def write(path: Path, contacts: Iterable[Contact]) -> None:
    """Write a plan in the format of the file's ending."""
    kind = kind_of(path)
    path.write_text({"csv": to_csv, "json": to_json, "ion": to_ion}[kind](tuple(contacts)), encoding="utf-8")


def _row(item: Contact) -> tuple[float, float, str, str, float, float]:
    return item.start, item.end, item.sender, item.receiver, item.rate_bps, item.delay_s


def to_csv(contacts: Iterable[Contact]) -> str:
    """Plan as CSV."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(COLUMNS)
    lines.writerows(map(_row, contacts))
    return out.getvalue()


def to_json(contacts: Iterable[Contact]) -> str:
    """Plan as JSON."""
    rows = [dict(zip(COLUMNS, _row(item), strict=True)) for item in contacts]
    return json.dumps({"contacts": rows}, indent=1) + "\n"


def to_ion(contacts: Iterable[Contact]) -> str:
    """Plan as lines for ``ionadmin``, which knows whole seconds only: contacts shrink to them, ranges grow.

    Names of nodes that are not numbers are numbered, and told in comments.
    """
    contacts = tuple(contacts)
    names = sorted({name for item in contacts for name in (item.sender, item.receiver)})
    plain = all(name.isdigit() for name in names)
    number = {name: name if plain else str(at) for at, name in enumerate(names, 1)}
    lines = [] if plain else [f"# node {at} is {name}" for name, at in number.items()]
    for item in contacts:
        start, end = math.ceil(item.start), math.floor(item.end)
        if end > start:
            pair = f"+{start} +{end} {number[item.sender]} {number[item.receiver]}"
            lines.append(f"a contact {pair} {max(1, int(item.rate_bps / 8))}")
            lines.append(f"a range {pair} {math.ceil(item.delay_s)}")
    return "\n".join(lines) + "\n"
