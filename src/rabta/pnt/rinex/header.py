"""Headers of RINEX files: labelled lines before END OF HEADER, and what the first line says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rabta.errors import RabtaError
from rabta.pnt.records import SYSTEMS
from rabta.pnt.text import Lines, Notes

OLDEST, NEWEST = 2.0, 4.99
LABEL = 60  # column where the label begins
_OLD_KINDS = {"G": "R", "H": "S", "L": "E"}  # RINEX 2: the kind of a navigation file names the system


@dataclass(frozen=True)
class Header:
    """A header as read.

    Attributes
    ----------
    version : float
    kind : str
        ``O`` observations, ``N`` navigation (RINEX 2 also ``G`` GLONASS, ``H`` SBAS, ``L`` Galileo).
    system : str
        Letter of the file's system, ``M`` for mixed.
    lines : tuple of (line, label, text)
        All lines but the first, in order.
    end : int
        Index of the first line after the header.
    """

    version: float
    kind: str
    system: str
    lines: tuple[tuple[int, str, str], ...]
    end: int

    def of(self, *labels: str) -> Iterator[tuple[int, str]]:
        """Lines of some labels, with their places."""
        return ((line, text) for line, label, text in self.lines if label in labels)

    def first(self, label: str) -> str:
        """Text of the first line with a label, stripped; empty where there is none."""
        return next((text.strip() for _, text in self.of(label)), "")


def read(source: Lines, kinds: str, what: str) -> Header:
    """Read a header of one of some kinds.

    Raises
    ------
    RabtaError
        Where the file is not RINEX, of another kind or version, or its header has no end.
    """
    top = source.text(0)
    if top[LABEL:].strip() != "RINEX VERSION / TYPE":
        raise RabtaError("not a RINEX file", file=source.at(0), value=top[:60].strip(), expected=what)
    version = _version(source, top)
    kind = top[20:21].upper()
    if kind not in kinds:
        raise RabtaError(
            "a RINEX file of another kind", file=source.at(0), value=top[20:40].strip(), expected=what
        )
    found: list[tuple[int, str, str]] = []
    for line in range(1, len(source)):
        text = source.text(line)
        label = text[LABEL:].strip()
        if label == "END OF HEADER" or (not label and text.strip() == "END OF HEADER"):
            return Header(version, kind, _system(top, kind), tuple(found), line + 1)
        found.append((line, label, text[:LABEL].ljust(LABEL)))
    raise RabtaError(
        "the header has no end", file=source.at(len(source) - 1), expected="a line END OF HEADER"
    )


def _version(source: Lines, top: str) -> float:
    try:
        version = float(top[:9])
    except ValueError:
        version = 0.0
    if not OLDEST <= version <= NEWEST:
        raise RabtaError(
            "a RINEX version that is not known",
            file=source.at(0),
            value=top[:9].strip(),
            expected="2.00 to 4.02",
        )
    return version


def _system(top: str, kind: str) -> str:
    letter = top[40:41].upper()
    if kind in _OLD_KINDS:
        return _OLD_KINDS[kind]
    return letter if letter in (*SYSTEMS, "M") else "G"


def number(text: str) -> float | None:
    """A number as headers hold it, or None."""
    try:
        return float(text.replace("D", "E").replace("d", "e"))
    except ValueError:
        return None


def numbers(text: str, at: int, width: int, count: int) -> list[float] | None:
    """Numbers in equal columns; None where one is missing or wrong."""
    found = [number(text[at + k * width : at + (k + 1) * width]) for k in range(count)]
    return [x for x in found if x is not None] if None not in found else None


def leap_seconds(header: Header, notes: Notes) -> int | None:
    """GPST - UTC as the header states it; BeiDou's own count is told apart."""
    for line, text in header.of("LEAP SECONDS"):
        value = number(text[:6])
        if value is None:
            notes.add(line, "leap seconds that are no number")
        elif text[24:27] == "BDS" or (header.system == "C" and value < 14):
            return int(value) + 14
        else:
            return int(value)
    return None


def common(header: Header) -> dict[str, Any]:
    """What observation and navigation files state alike."""
    found: dict[str, Any] = {"version": header.version, "system": header.system}
    program = next((text for _, text in header.of("PGM / RUN BY / DATE")), "")
    for key, part in (("program", program[:20]), ("run_by", program[20:40]), ("date", program[40:60])):
        if part.strip():
            found[key] = part.strip()
    comments = tuple(text.rstrip() for _, text in header.of("COMMENT"))
    if comments:
        found["comments"] = comments
    return found
