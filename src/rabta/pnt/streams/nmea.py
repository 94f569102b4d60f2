"""NMEA 0183 sentences: GGA, GNS, RMC, GSA, GSV, VTG, ZDA of any talker (NMEA 0183 version 4.11).

BeiDou's talkers are GB and BD; satellites' numbers become RINEX's, whichever numbering a receiver has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.streams.frames import load

Floats = NDArray[np.float64]

_TALKERS = {"GP": "G", "GL": "R", "GA": "E", "GB": "C", "BD": "C", "GQ": "J", "QZ": "J", "GI": "I"}
# Numbers of satellites by what a talker stands for: first, last, system, what to subtract: the standard
# and receivers' extensions (141 to 203 and 201 to 263 BeiDou, 301 to 336 Galileo)
_NUMBERS = {
    "G": ((1, 32, "G", 0), (33, 64, "S", 13), (65, 99, "R", 64), (193, 202, "J", 192)),
    "R": ((65, 99, "R", 64), (1, 32, "R", 0)),
    "E": ((1, 36, "E", 0), (301, 336, "E", 300)),
    "C": (
        (1, 63, "C", 0),
        (141, 203, "C", 140),
        (204, 263, "C", 200),
        (101, 140, "C", 100),
        (401, 463, "C", 400),
    ),
    "J": ((1, 10, "J", 0), (193, 202, "J", 192)),
    "I": ((1, 18, "I", 0),),
}
_MOST_NOTES = 20
_LONGEST = 1024


@dataclass(frozen=True)
class Track:
    """What a receiver said in NMEA, a row for each fix (GGA, GNS or RMC of one second of day).

    Attributes
    ----------
    second : ndarray, shape (fix,)
        Second of the UTC day.
    times : ndarray of int64, shape (fix,)
        GPS time in nanoseconds; -1 where no sentence told the date.
    position_deg_m : ndarray, shape (fix, 3)
        Latitude, longitude, ellipsoidal height (altitude and geoid separation together).
    quality : ndarray of int8, shape (fix,)
        GGA's fix quality: 0 none, 1 single, 2 differential, 4 fixed, 5 float; -1 where not told.
    used : ndarray of int16, shape (fix,)
        Satellites in use; -1 where not told.
    dop : ndarray, shape (fix, 3)
        Position, horizontal, vertical.
    speed_m_s, course_deg : ndarray, shape (fix,)
    sky_fix : ndarray of int32, shape (row,)
        Fix that each row of the sky belongs to; -1 before the first.
    sky_system, sky_prn : ndarray, shape (row,)
        Letter and number as RINEX writes them.
    sky : ndarray, shape (row, 3)
        Elevation, azimuth in degrees, C/N0 in dB-Hz; not a number where blank.
    sky_signal : ndarray, shape (row,)
        Signal identifier of NMEA 4.11, blank where not told.
    counts : mapping
        Sentences by name, as in ``GGA``.
    notes : tuple of str
        What could not be used, each with file and line.
    """

    second: Floats
    times: gnsstime.Instants
    position_deg_m: Floats
    quality: NDArray[np.int8]
    used: NDArray[np.int16]
    dop: Floats
    speed_m_s: Floats
    course_deg: Floats
    sky_fix: NDArray[np.int32]
    sky_system: NDArray[np.str_]
    sky_prn: NDArray[np.int16]
    sky: Floats
    sky_signal: NDArray[np.str_]
    counts: Mapping[str, int]
    notes: tuple[str, ...] = ()


@dataclass
class _Fix:
    second: float
    date: np.datetime64 | None
    values: dict[str, float] = field(default_factory=dict)


@dataclass
class _State:
    fixes: list[_Fix] = field(default_factory=list)
    sky: list[tuple[int, str, int, float, float, float, str]] = field(default_factory=list)
    date: np.datetime64 | None = None

    def fix(self, second: float) -> _Fix:
        """Fix of a second of the day: the last one, or a new one."""
        if not self.fixes or self.fixes[-1].second != second:
            self.fixes.append(_Fix(second, self.date))
        return self.fixes[-1]


def checksum(text: str) -> str:
    """Checksum of what is between ``$`` and ``*``.

    Examples
    --------
    >>> checksum("GPGSV,1,1,00,,,,,,,,,,,,,,,,")
    '79'
    """
    value = 0
    for character in text.encode("ascii", errors="replace"):
        value ^= character
    return f"{value:02X}"


def read(source: bytes | str | Path, date: str | None = None) -> Track:
    """Read sentences.

    Parameters
    ----------
    source : bytes or path
        Plain or gzip.
    date : str, optional
        UTC date of the first fix, as in ``2024-06-24``, where no RMC or ZDA tells it.

    Raises
    ------
    RabtaError
        There is no sentence in it that holds its checksum.
    """
    name, raw = load(source, "NMEA 0183 sentences")
    state = _State(date=np.datetime64(date, "D") if date else None)
    counts: Counter[str] = Counter()
    notes: list[str] = []
    for line, text in enumerate(raw.decode("ascii", errors="replace").splitlines(), start=1):
        if text.strip():
            _sentence(text, state, counts, notes, f"{name}:{line}")
    if not counts:
        raise RabtaError("no NMEA 0183 sentence", file=name, expected="lines such as $GPGGA,...*47")
    more = len(notes) - _MOST_NOTES
    notes = [*notes[:_MOST_NOTES], f"{name}: {more} more lines like these"] if more > 0 else notes
    return _track(state, counts, notes)


def _sentence(text: str, state: _State, counts: Counter[str], notes: list[str], place: str) -> None:
    start = text.find("$")
    body, star, sent = text[start + 1 :].strip().partition("*")
    if start < 0 or not star or len(body) > _LONGEST:
        notes.append(f"{place}: not a sentence")
        return
    if checksum(body) != sent[:2].upper():
        notes.append(f"{place}: checksum fails")
        return
    fields = body.split(",")
    reader = _READERS.get(fields[0][2:])
    counts[fields[0][2:]] += 1
    if reader is None:
        return
    try:
        reader(fields, state)
    except (ValueError, IndexError):
        notes.append(f"{place}: {fields[0]} has a field that is not as the standard says")


def _number(text: str) -> float:
    return float(text) if text else float("nan")


def _second(text: str) -> float:
    """Second of the day of ``hhmmss.ss``."""
    seconds = int(text[:2]) * 3600 + int(text[2:4]) * 60 + float(text[4:])
    if not 0 <= seconds < 86_401:
        raise ValueError(text)
    return seconds


def _degrees(text: str, side: str) -> float:
    """Degrees of ``dddmm.mmm`` and N, S, E or W."""
    if not text:
        return float("nan")
    value = float(text)
    degrees = int(value // 100) + value % 100 / 60
    if degrees > 180 or side not in ("N", "S", "E", "W"):
        raise ValueError(text)
    return -degrees if side in ("S", "W") else degrees


def _gga(f: list[str], state: _State) -> None:
    fix = state.fix(_second(f[1]))
    fix.values |= {"latitude": _degrees(f[2], f[3]), "longitude": _degrees(f[4], f[5])}
    fix.values |= {"quality": _number(f[6]), "used": _number(f[7]), "hdop": _number(f[8])}
    fix.values["height"] = _number(f[9]) + _number(f[11])


def _gns(f: list[str], state: _State) -> None:
    fix = state.fix(_second(f[1]))
    fix.values |= {"latitude": _degrees(f[2], f[3]), "longitude": _degrees(f[4], f[5])}
    fix.values |= {"used": _number(f[7]), "hdop": _number(f[8]), "height": _number(f[9]) + _number(f[10])}
    best = max((("NADPFR".find(mode) for mode in f[6])), default=0)
    fix.values.setdefault("quality", {0: 0, 1: 1, 2: 2, 3: 3, 4: 5, 5: 4}.get(best, -1))


def _rmc(f: list[str], state: _State) -> None:
    if f[9]:
        year = 2000 + int(f[9][4:6]) - 100 * (int(f[9][4:6]) >= 80)
        state.date = np.datetime64(f"{year}-{f[9][2:4]}-{f[9][:2]}", "D")
    fix = state.fix(_second(f[1]))
    fix.date = state.date
    if f[2] == "A":
        fix.values.setdefault("latitude", _degrees(f[3], f[4]))
        fix.values.setdefault("longitude", _degrees(f[5], f[6]))
    fix.values |= {"speed": _number(f[7]) * 1852 / 3600, "course": _number(f[8])}


def _zda(f: list[str], state: _State) -> None:
    state.date = np.datetime64(f"{int(f[4]):04d}-{int(f[3]):02d}-{int(f[2]):02d}", "D")
    state.fix(_second(f[1])).date = state.date


def _vtg(f: list[str], state: _State) -> None:
    if state.fixes:
        state.fixes[-1].values |= {"course": _number(f[1]), "speed": _number(f[7]) / 3.6}


def _gsa(f: list[str], state: _State) -> None:
    if state.fixes:
        names = ("pdop", "hdop", "vdop")
        state.fixes[-1].values |= dict(zip(names, (_number(x) for x in f[15:18]), strict=True))


def _gsv(f: list[str], state: _State) -> None:
    letter = _TALKERS.get(f[0][:2], "G")
    blocks, rest = divmod(len(f) - 4, 4)
    signal = f[-1] if rest == 1 else ""
    for i in range(blocks):
        number, *angles = f[4 + 4 * i : 8 + 4 * i]
        if number:
            system, prn = satellite(letter, int(number))
            values = [_number(x) for x in angles]
            state.sky.append((len(state.fixes) - 1, system, prn, values[0], values[1], values[2], signal))


def satellite(letter: str, number: int) -> tuple[str, int]:
    """System letter and number of a satellite that a talker of a system tells.

    Examples
    --------
    >>> satellite("C", 147), satellite("C", 7), satellite("G", 70), satellite("G", 41)
    (('C', 7), ('C', 7), ('R', 6), ('S', 28))
    """
    for first, last, system, less in _NUMBERS[letter]:
        if first <= number <= last:
            return system, number - less
    return letter, min(number, 32767)


_READERS: dict[str, Callable[[list[str], _State], None]] = {
    "GGA": _gga,
    "GNS": _gns,
    "RMC": _rmc,
    "ZDA": _zda,
    "VTG": _vtg,
    "GSA": _gsa,
    "GSV": _gsv,
}


def _track(state: _State, counts: Counter[str], notes: list[str]) -> Track:
    fixes, sky = state.fixes, state.sky

    def column(name: str, missing: float = float("nan")) -> Floats:
        values = np.array([fix.values.get(name, missing) for fix in fixes], dtype=np.float64)
        return np.where(np.isnan(values), missing, values)

    second = np.array([fix.second for fix in fixes], dtype=np.float64)
    position = np.stack([column(name) for name in ("latitude", "longitude", "height")], axis=1)
    return Track(
        second=second,
        times=_times(fixes, second),
        position_deg_m=position,
        quality=column("quality", -1).astype(np.int8),
        used=np.clip(column("used", -1), -1, 999).astype(np.int16),
        dop=np.stack([column(name) for name in ("pdop", "hdop", "vdop")], axis=1),
        speed_m_s=column("speed"),
        course_deg=column("course"),
        sky_fix=np.array([row[0] for row in sky], dtype=np.int32),
        sky_system=np.array([row[1] for row in sky], dtype="U1"),
        sky_prn=np.array([row[2] for row in sky], dtype=np.int16),
        sky=np.array([row[3:6] for row in sky], dtype=np.float64).reshape(-1, 3),
        sky_signal=np.array([row[6] for row in sky], dtype="U2"),
        counts=dict(sorted(counts.items())),
        notes=tuple(notes),
    )


def _times(fixes: list[_Fix], second: Floats) -> gnsstime.Instants:
    """Instants: a date holds on through the fixes after it, and turns with midnight."""
    times = np.full(len(fixes), -1, dtype=np.int64)
    day: np.datetime64 | None = None
    for i, fix in enumerate(fixes):
        if fix.date is not None and (i == 0 or fix.date != fixes[i - 1].date or day is None):
            day = fix.date
        elif day is not None and second[i] < second[i - 1] - 43_200:
            day = day + np.timedelta64(1, "D")
        if day is not None:
            moment = day.astype("datetime64[ns]") + np.timedelta64(round(second[i] * 1e9), "ns")
            times[i] = int(gnsstime.from_utc(moment))
    return times
