"""Antenna phase centres in ANTEX 1.3 and 1.4.

Source: M. Rothacher, R. Schmid, "ANTEX: The Antenna Exchange Format", version 1.4, 2010.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest
from rabta.pnt.gnsstime import Instants, from_calendar
from rabta.pnt.records import SYSTEMS
from rabta.pnt.text import Lines, Notes, Source, lines

Array = NDArray[np.float64]

LABEL = 60
FOREVER = np.iinfo(np.int64).max
WHAT = "an ANTEX file"


@dataclass(frozen=True)
class Pattern:
    """Phase centre of one frequency.

    Attributes
    ----------
    offset_m : ndarray, shape (3,)
        North, east, up of the reference point for receivers; X, Y, Z of the body frame for satellites.
    zenith_m : ndarray, shape (angle,)
        Variation by zenith (satellites: nadir) angle, mean over azimuth.
    azimuth_m : ndarray, shape (azimuth, angle), or None where the file gives no azimuths
    """

    offset_m: Array
    zenith_m: Array
    azimuth_m: Array | None


@dataclass(frozen=True)
class Antenna:
    """One antenna.

    Attributes
    ----------
    type, serial : str
        As the file spells them: receivers ``LEIAR25.R3      LEIT`` (20 characters with the radome),
        satellites ``BEIDOU-3M CAST`` and ``C21``.
    valid_from, valid_until : int
        GPS time, ns.
    angles_deg, azimuths_deg : ndarray
        What the patterns are given for; no azimuths where they do not depend on it.
    patterns : mapping from system letter and band digit, as in ``C2``, to Pattern
    """

    type: str
    serial: str
    valid_from: int
    valid_until: int
    angles_deg: Array
    azimuths_deg: Array
    patterns: Mapping[str, Pattern]


@dataclass(frozen=True)
class _Entry:
    type: str
    serial: str
    first: int
    last: int


class Antennas:
    """Antennas of a file, read when they are asked for.

    ``notes`` says what could not be used.
    """

    def __init__(self, text: Lines, entries: list[_Entry], notes: Notes) -> None:
        self._text, self._entries, self._found = text, entries, notes

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be used."""
        return self._found.done()

    def types(self) -> tuple[str, ...]:
        """Types of receivers' antennas, with their radomes."""
        return tuple(dict.fromkeys(e.type for e in self._entries if not _is_satellite(e.serial)))

    def satellites(self) -> tuple[str, ...]:
        """Satellites, as in ``C21``."""
        return tuple(dict.fromkeys(e.serial for e in self._entries if _is_satellite(e.serial)))

    def receiver(self, type_: str, serial: str = "") -> Antenna:
        """Antenna of a receiver by type and radome; that of the serial number where the file has it.

        Raises
        ------
        RabtaError
            Where the file has no such antenna: it is never replaced by that of another radome.
        """
        wanted = " ".join(type_.split())
        same = [
            e for e in self._entries if not _is_satellite(e.serial) and " ".join(e.type.split()) == wanted
        ]
        exact = (
            [e for e in same if serial and e.serial == serial] or [e for e in same if not e.serial] or same
        )
        if not exact:
            raise RabtaError(
                "no such antenna in the file", file=self._text.name, key="antenna", value=type_,
                expected=nearest(wanted, (" ".join(t.split()) for t in self.types())),
            )  # fmt: skip
        return self._read(exact[0])

    def satellite(self, name: str, time: int) -> Antenna:
        """Antenna of the satellite that had a number at a GPS time (ns)."""
        for entry in self._entries:
            if entry.serial == name:
                antenna = self._read(entry)
                if antenna.valid_from <= time < antenna.valid_until:
                    return antenna
        raise RabtaError(
            "no antenna of this satellite at this time", file=self._text.name, key="satellite", value=name,
            expected=nearest(name, self.satellites()),
        )  # fmt: skip

    def _read(self, entry: _Entry) -> Antenna:
        return _antenna(self._text, entry, self._found)


def _is_satellite(serial: str) -> bool:
    return len(serial) == 3 and serial[0] in SYSTEMS and serial[1:].isdigit()


def read(source: Source) -> Antennas:
    """Read a file of antennas.

    Raises
    ------
    RabtaError
        Where the file is no ANTEX file, or has no antenna.
    """
    text = lines(source)
    if text.text(0)[LABEL:].strip() != "ANTEX VERSION / SYST":
        raise RabtaError("not an ANTEX file", file=text.at(0), value=text.text(0)[:60].strip(), expected=WHAT)
    if text.text(0)[:8].strip() not in ("1.3", "1.4"):
        raise RabtaError(
            "a version that is not known", file=text.at(0), value=text.text(0)[:8], expected="1.3, 1.4"
        )
    notes = Notes(text)
    entries: list[_Entry] = []
    starts = np.flatnonzero((text.column(LABEL) == ord("S")) & (text.column(LABEL + 9) == ord("A")))
    starts = np.array(
        [k for k in starts.tolist() if text.text(k)[LABEL:].strip() == "START OF ANTENNA"], np.int64
    )
    for first, end in zip(starts.tolist(), [*starts[1:].tolist(), len(text)], strict=False):
        if first + 1 < end and text.text(first + 1)[LABEL:].strip() == "TYPE / SERIAL NO":
            row = text.text(first + 1)
            entries.append(_Entry(row[:20].rstrip(), row[20:40].strip(), first, end))
        else:
            notes.add(first, "an antenna without a type")
    if not entries:
        raise RabtaError("the file has no antenna", file=text.name, value=(notes.done() or ("none",))[0])
    return Antennas(text, entries, notes)


def _antenna(text: Lines, entry: _Entry, notes: Notes) -> Antenna:
    """Read one antenna's block."""
    rows = [(k, text.text(k)) for k in range(entry.first, entry.last)]
    label = {row[LABEL:].strip(): (k, row) for k, row in rows}
    if "END OF ANTENNA" not in label:
        raise RabtaError("an antenna cut short", file=text.at(entry.first), value=entry.type)
    zenith = _floats(text, label, "ZEN1 / ZEN2 / DZEN", (2, 8, 14), 6)
    step = _floats(text, label, "DAZI", (2,), 6)[0]
    if zenith[2] <= 0.0 or zenith[1] < zenith[0] or step < 0.0 or (zenith[1] - zenith[0]) / zenith[2] > 1000:
        raise RabtaError("a grid of angles that makes no sense", file=text.at(entry.first), value=str(zenith))
    count = round((zenith[1] - zenith[0]) / zenith[2]) + 1
    angles = np.linspace(zenith[0], zenith[0] + (count - 1) * zenith[2], count)
    azimuths = np.linspace(0.0, 360.0, round(360.0 / step) + 1) if step >= 0.1 else np.empty(0)
    since, until = _date(text, label, "VALID FROM", 0), _date(text, label, "VALID UNTIL", FOREVER)
    patterns = _patterns(text, rows, angles.size, azimuths.size, notes)
    return Antenna(entry.type, entry.serial, since, until, angles, azimuths, patterns)


def _floats(
    text: Lines, label: dict[str, tuple[int, str]], name: str, at: tuple[int, ...], width: int
) -> list[float]:
    if name not in label:
        raise RabtaError(f"an antenna without {name}", file=text.at(next(iter(label.values()))[0]))
    line, row = label[name]
    try:
        found = [float(row[k : k + width]) for k in at]
    except ValueError:
        found = [float("nan")]
    if not np.isfinite(found).all():
        raise RabtaError(f"no numbers for {name}", file=text.at(line), value=row[:LABEL].strip())
    return found


def _date(text: Lines, label: dict[str, tuple[int, str]], name: str, otherwise: int) -> int:
    if name not in label:
        return otherwise
    line, row = label[name]
    try:
        year, month, day, hour, minute = (int(row[k : k + 6]) for k in range(0, 30, 6))
        whole = np.datetime64(f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}", "ns")
        instants: Instants = from_calendar(whole + np.timedelta64(round(float(row[30:43]) * 1e9), "ns"))
    except (ValueError, OverflowError):
        raise RabtaError(f"no date for {name}", file=text.at(line), value=row[:LABEL].strip()) from None
    return int(instants)


def _patterns(
    text: Lines, rows: list[tuple[int, str]], angles: int, azimuths: int, notes: Notes
) -> dict[str, Pattern]:
    """Patterns by system and band; the file's ``C02`` is ``C2``."""
    found: dict[str, Pattern] = {}
    starts = [n for n, (_, row) in enumerate(rows) if row[LABEL:].strip() == "START OF FREQUENCY"]
    for n in starts:
        line, row = rows[n]
        name = row[3:6].replace(" ", "0")
        key = name[0] + name[2:].lstrip("0") if name[:1] in SYSTEMS else ""
        part = rows[n + 1 : n + 3 + azimuths]
        offset = _numbers(part[0][1][:30], 3) if part and "NORTH / EAST / UP" in part[0][1] else None
        zenith = _numbers(part[1][1][8:], angles) if len(part) > 1 and "NOAZI" in part[1][1][:8] else None
        if not key or len(key) != 2 or offset is None or zenith is None:
            notes.add(line, f"a frequency that cannot be read: {row[:LABEL].strip()!r}")
            continue
        table = [_numbers(r[8:], angles) for _, r in part[2:]]
        whole = len(table) == azimuths and all(t is not None for t in table)
        if azimuths and not whole:
            notes.add(line, f"the table over azimuth of {key} is not whole and left out")
        grid = np.array(table, dtype=float) * 1e-3 if azimuths and whole else None
        found[key] = Pattern(np.array(offset) * 1e-3, np.array(zenith) * 1e-3, grid)
    if not found:
        raise RabtaError("an antenna without frequencies that can be read", file=text.at(rows[0][0]))
    return found


def _numbers(row: str, count: int) -> list[float] | None:
    try:
        found = [float(x) for x in row.split()]
    except ValueError:
        return None
    return found if len(found) == count and bool(np.isfinite(found).all()) else None
