"""What the header of an observation file states: codes, receiver, antenna, slots, scale factors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rabta.pnt.records import SYSTEMS
from rabta.pnt.rinex import header as headers
from rabta.pnt.rinex.codes import misspelt, modern
from rabta.pnt.rinex.header import Header, number, numbers
from rabta.pnt.text import Notes

Line = tuple[int, str, str]

_TEXTS = {
    "MARKER NAME": ("marker",),
    "MARKER NUMBER": ("marker_number",),
    "MARKER TYPE": ("marker_type",),
    "OBSERVER / AGENCY": ("observer", "agency"),
    "REC # / TYPE / VERS": ("receiver_number", "receiver", "receiver_version"),
    "ANT # / TYPE": ("antenna_number", "antenna"),
    "SIGNAL STRENGTH UNIT": ("strength_unit",),
    "DOI": ("doi",),
    "LICENSE OF USE": ("licence",),
    "STATION INFORMATION": ("station_information",),
}
_WIDTHS = {"OBSERVER / AGENCY": (20, 40), "REC # / TYPE / VERS": (20, 20, 20), "ANT # / TYPE": (20, 20)}
_VECTORS = {
    "APPROX POSITION XYZ": "approx_position_m",
    "ANTENNA: DELTA H/E/N": "antenna_hen_m",
    "ANTENNA: DELTA X/Y/Z": "antenna_xyz_m",
}


@dataclass
class Codes:
    """Observation codes in force.

    Attributes
    ----------
    names : mapping from system letter to list of codes as in today's RINEX, ``""`` for what has none
    scale : mapping from (system, code) to the factor by which the file's values were multiplied
    common : list of str
        RINEX 2: the codes that all systems share, as written.
    """

    names: dict[str, list[str]] = field(default_factory=dict)
    scale: dict[tuple[str, str], float] = field(default_factory=dict)
    common: list[str] = field(default_factory=list)

    def change(self, lines: Iterable[Line], version: float, notes: Notes) -> None:
        """Take over what header lines say, at the top of the file or at an event within it."""
        lines = list(lines)
        if version < 3.0:
            types = _old_types([x for x in lines if x[1] == "# / TYPES OF OBSERV"], notes)
            if types is not None:
                self.common = types
                self.names = {system: modern(system, types, version) for system in SYSTEMS}
            return
        raw = _types([x for x in lines if x[1] == "SYS / # / OBS TYPES"], notes)
        for system, (line, types) in raw.items():
            wrong = misspelt(system, types, version)
            if wrong:
                notes.add(line, f"BeiDou codes as in RINEX 3.02 ({' '.join(wrong)}) are read as B1I: C2I")
            self.names[system] = modern(system, types, version)
        _scales([x for x in lines if x[1] == "SYS / SCALE FACTOR"], self, version, notes)

    @property
    def height(self) -> int:
        """Lines of a satellite in RINEX 2."""
        return max(1, -(-len(self.common) // 5))


def _old_types(lines: list[Line], notes: Notes) -> list[str] | None:
    if not lines:
        return None
    found: list[str] = []
    stated = 0
    for line, _, text in lines:
        if text[:6].strip():
            stated = int(number(text[:6]) or 0)
            found = []
        found += [text[k : k + 6].strip() for k in range(6, 60, 6) if text[k : k + 6].strip()]
        if len(found) > stated:
            notes.add(line, f"{len(found)} observation types where the header says {stated}")
    return found[:stated] if stated else found


def _types(lines: list[Line], notes: Notes) -> dict[str, tuple[int, list[str]]]:
    found: dict[str, tuple[int, list[str]]] = {}
    stated: dict[str, int] = {}
    system = ""
    for line, _, text in lines:
        if text[0].strip():
            system = text[0]
            if system not in SYSTEMS:
                notes.add(line, f"a system that is not known: {system!r}")
                continue
            found[system] = (line, [])
            stated[system] = int(number(text[3:6]) or 0)
        if system in found:
            found[system][1].extend(text[6:].split())
    for system, (line, types) in found.items():
        if len(types) != stated[system]:
            notes.add(line, f"{len(types)} codes of {system} where the header says {stated[system]}")
    return found


def _scales(lines: list[Line], codes: Codes, version: float, notes: Notes) -> None:
    system, factor = "", 1.0
    for line, _, text in lines:
        if text[0].strip():
            system, value = text[0], number(text[2:6])
            count = int(number(text[8:10]) or 0)
            if value is None or value <= 0.0 or system not in codes.names:
                notes.add(line, "a scale factor that cannot be used")
                system = ""
                continue
            factor = value
            if not count:
                codes.scale.update({(system, code): factor for code in codes.names[system]})
        if system:
            codes.scale.update(
                {(system, code): factor for code in modern(system, text[10:].split(), version)}
            )


def facts(head: Header, notes: Notes) -> dict[str, Any]:
    """Everything else that a header states, by name; what it does not state is absent."""
    found = headers.common(head)
    for line, label, text in head.lines:
        if label in _TEXTS:
            _texts(found, label, text)
        elif label in _VECTORS:
            vector = numbers(text, 0, 14, 3)
            if vector is None:
                notes.add(line, f"{label.lower()} that is no position")
            elif any(vector) or label != "APPROX POSITION XYZ":
                found.setdefault(_VECTORS[label], tuple(vector))
        elif label == "INTERVAL":
            value = number(text[:10])
            if value:
                found["interval_s"] = value
        elif label == "RCV CLOCK OFFS APPL":
            found["clock_applied"] = text[:6].strip() == "1"
    _glonass(head, found, notes)
    shifts = phase_shifts(head)
    leap = headers.leap_seconds(head, notes)
    found |= ({"phase_shifts": shifts} if shifts else {}) | ({} if leap is None else {"leap_seconds": leap})
    return found


def _texts(found: dict[str, Any], label: str, text: str) -> None:
    at = 0
    for key, width in zip(_TEXTS[label], _WIDTHS.get(label, (60,)), strict=True):
        part = text[at : at + width].rstrip()
        at += width
        if part.strip():
            found.setdefault(key, part.strip() if key != "antenna" else part)


def _glonass(head: Header, found: dict[str, Any], notes: Notes) -> None:
    slots: dict[int, int] = {}
    for line, text in head.of("GLONASS SLOT / FRQ #"):
        for k in range(4, 60, 7):
            part = text[k : k + 7]
            if part[0] == "R":
                prn, slot = number(part[1:3]), number(part[3:7])
                if prn is None or slot is None:
                    notes.add(line, f"a GLONASS slot that is no number: {part!r}")
                else:
                    slots[int(prn)] = int(slot)
    if slots:
        found["glonass_slots"] = slots
    biases = {}
    for _, text in head.of("GLONASS COD/PHS/BIS"):
        for k in range(0, 52, 13):
            value = number(text[k + 4 : k + 13])
            if text[k + 1 : k + 4].strip() and value is not None:
                biases[text[k + 1 : k + 4]] = value
    if biases:
        found["glonass_biases_m"] = biases


def phase_shifts(head: Header) -> dict[str, float]:
    """Cycles that the writer added to phases to align them: by system and code, as in ``GL2L``.

    The values in the file include them; shifts of single satellites are ``GL2L G05``.
    """
    found: dict[str, float] = {}
    key, cycles = "", 0.0
    for _, text in head.of("SYS / PHASE SHIFT", "SYS / PHASE SHIFTS"):
        if text[0].strip() and text[2:5].strip():
            value = number(text[6:14])
            code = modern(text[0], [text[2:5]], head.version)[0]
            key, cycles = text[0] + code, value or 0.0
            if value is None:
                key = ""
                continue
        satellites = text[18:60].split()
        if key and satellites:
            found.update({f"{key} {name}": cycles for name in satellites})
        elif key:
            found[key] = cycles
    return found


def time_system(head: Header, notes: Notes) -> str:
    """Letter of the system whose time the file keeps; G for all that run with GPS time."""
    names = {"GPS": "G", "GLO": "R", "GAL": "G", "BDT": "C", "BDS": "C", "QZS": "G", "IRN": "G", "UTC": "R"}
    for line, text in head.of("TIME OF FIRST OBS"):
        name = text[48:51].strip().upper()
        if name in names:
            return names[name]
        if name:
            notes.add(line, f"a time system that is not known ({name}): read as GPS time")
    return head.system if head.system in ("R", "C") else "G"
