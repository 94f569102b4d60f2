"""Stations' positions in SINEX 2.02 (IERS, "SINEX: solution independent exchange format", 2006)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt.gnsstime import from_calendar
from rabta.pnt.text import Lines, Source, lines

Array = NDArray[np.float64]
Station = tuple[Array, int, Array | None]

WHAT = "a SINEX file (%=SNX)"
_AXES = ("X", "Y", "Z")


def positions(source: Source) -> dict[str, Station]:
    """Positions of stations by their codes of four characters.

    Returns
    -------
    dict
        Position (3,) in metres, reference epoch (GPS time, ns), and velocity (3,) in metres a year where the
        file has it, else None. Where a station has several solutions the last one counts.

    Raises
    ------
    RabtaError
        Where the file is no SINEX file, or no station has a whole position.
    """
    text = lines(source)
    if not text.text(0).startswith("%=SNX"):
        raise RabtaError("not a SINEX file", file=text.at(0), value=text.text(0)[:40], expected=WHAT)
    found: dict[tuple[str, str], dict[str, tuple[float, int]]] = {}
    for line, row in _block(text, "SOLUTION/ESTIMATE"):
        kind = row[7:13].strip()
        if kind[:3] not in ("STA", "VEL") or kind[3:] not in _AXES:
            continue
        try:
            found.setdefault((row[14:18], row[22:26]), {})[kind] = float(row[47:68]), _epoch(row[27:39])
        except ValueError:
            raise RabtaError(
                "an estimate that cannot be read", file=text.at(line), value=row[:80].strip()
            ) from None
    stations: dict[str, Station] = {}
    for (code, _), values in sorted(found.items(), key=lambda item: item[0][1]):
        if all(f"STA{axis}" in values for axis in _AXES):
            position = np.array([values[f"STA{axis}"][0] for axis in _AXES])
            moves = all(f"VEL{axis}" in values for axis in _AXES)
            velocity = np.array([values[f"VEL{axis}"][0] for axis in _AXES]) if moves else None
            stations[code.strip().upper()] = position, values["STAX"][1], velocity
    if not stations:
        raise RabtaError("no station has a position", file=text.name, expected="a block SOLUTION/ESTIMATE")
    return stations


def eccentricities(source: Source) -> dict[str, Array]:
    """From stations' marks to their antennas' reference points: north, east, up in metres, the latest."""
    text = lines(source)
    found: dict[str, Array] = {}
    for line, row in _block(text, "SITE/ECCENTRICITY"):
        try:
            values = [float(row[k : k + 8]) for k in (46, 55, 64)]
        except ValueError:
            raise RabtaError(
                "an eccentricity that cannot be read", file=text.at(line), value=row.strip()
            ) from None
        if row[42:45] == "UNE":
            found[row[1:5].strip().upper()] = np.array([values[1], values[2], values[0]])
    return found


def _block(text: Lines, name: str) -> list[tuple[int, str]]:
    """Lines of a block, without its comments."""
    first = text.column(0)
    starts = [k for k in np.flatnonzero(first == ord("+")).tolist() if text.text(k).split()[0] == f"+{name}"]
    ends = np.flatnonzero(first == ord("-"))
    if not starts:
        return []
    after = ends[ends > starts[0]]
    end = int(after[0]) if after.size else len(text)
    return [(k, text.text(k)) for k in range(starts[0] + 1, end) if first[k] == 32]


def _epoch(text: str) -> int:
    """Instant of ``YY:DOY:SECONDS``."""
    year, day, seconds = (int(part) for part in text.split(":"))
    if not (1 <= day <= 366 and 0 <= seconds <= 86_400):
        raise ValueError(text)
    first = np.datetime64(f"{year + (1900 if year > 50 else 2000):04d}-01-01", "ns")
    return int(from_calendar(first + np.timedelta64(day - 1, "D") + np.timedelta64(seconds, "s")))
