"""Navigation written as RINEX 3.05 or 4.02."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt.gnsstime import BDT_LAG_S, BDT_WEEK_LAG, NS, WEEK_S, Instants, calendar
from rabta.pnt.records import EarthOrientation, IonosphereMessage, Navigation, TimeOffset
from rabta.pnt.rinex.layouts import KILOMETRES, LAYOUTS, UNKNOWN
from rabta.pnt.rinex.obswriter import VERSIONS, line, local_dates, made

Array = NDArray[np.float64]
Rows = NDArray[np.void]

OLD_KINDS = {"LNAV", "D1", "D2", "INAV", "FNAV", "FDMA", "SBAS"}
_TIMES = ("toe_s", "sent_s", "top_s", "week", "week_op")
_HEADER_NAMES = {"G": "GPS", "C": "BDS", "J": "QZS", "I": "IRN"}
_WEEK_NS = WEEK_S * NS


def write_navigation(
    nav: Navigation, path: str | Path, version: float = 4.02, date: str = ""
) -> tuple[str, ...]:
    """Write navigation messages; `navigation` reads the same back from RINEX 4.02.

    Returns
    -------
    tuple of str
        What the version cannot hold: RINEX 3.05 has no modern messages (CNAV, CNV1, CNV2, CNV3), no BDGIM,
        no Earth orientation, and fewer digits for ionosphere and time offsets.

    Raises
    ------
    RabtaError
        Where there is nothing to write, or the version is another.
    """
    text, notes = navigation_text(nav, version, date)
    Path(path).write_text(text, encoding="ascii", newline="\n")
    return notes


def navigation_text(nav: Navigation, version: float = 4.02, date: str = "") -> tuple[str, tuple[str, ...]]:
    """Text of a RINEX file, and what the version cannot hold."""
    if version not in VERSIONS:
        raise RabtaError(
            "a RINEX version that is not written", key="version", value=version, expected="3.05 or 4.02"
        )
    if not (nav.ephemerides.size or nav.ionosphere or nav.offsets or nav.orientation):
        raise RabtaError("there are no navigation messages to write")
    new, notes = version >= 4.0, list[str]()
    parts = [line(f"{version:9.2f}{'':11}{'NAVIGATION DATA':<20}{'M: MIXED':<20}", "RINEX VERSION / TYPE")]
    parts.append(made("rabta", date))
    parts += [line(str(text), "COMMENT") for text in nav.header.get("comments", ())]
    if not new:
        parts += _old_messages(nav, notes)
    if nav.leap_seconds is not None:
        parts.append(line(f"{nav.leap_seconds:6d}", "LEAP SECONDS"))
    parts.append(line("", "END OF HEADER"))
    if new:
        parts += [_offset(one) for one in nav.offsets]
        parts += [_orientation(one) for one in nav.orientation]
        parts += [_ionosphere(one) for one in nav.ionosphere]
    parts += _ephemerides(nav.ephemerides, new, notes)
    return "".join(parts), tuple(notes)


def _number(value: float) -> str:
    return " " * 19 if value != value else f"{value:19.12E}"  # noqa: PLR0124  (NaN)


def _numbers(values: Sequence[float]) -> str:
    return "".join(map(_number, values))


def _line(*parts: str) -> str:
    return "".join(parts).rstrip() + "\n"


def _dates(times: Instants, system: str) -> list[str]:
    """Dates in a system's own time as records begin with, to whole seconds."""
    days = np.datetime_as_string(local_dates(times, system), unit="s").tolist()
    return [f"{d[:4]} {d[5:7]} {d[8:10]} {d[11:13]} {d[14:16]} {d[17:19]}" for d in days]


def _ephemerides(rows: Rows, new: bool, notes: list[str]) -> list[str]:
    made_: list[str] = [""] * rows.size
    for system, kind in dict.fromkeys(zip(rows["system"].tolist(), rows["kind"].tolist(), strict=True)):
        where = np.flatnonzero((rows["system"] == system) & (rows["kind"] == kind))
        if (system, kind) not in LAYOUTS or (not new and kind not in OLD_KINDS):
            notes.append(f"{where.size} records {kind} of {system}: this version of RINEX has none")
            continue
        for k, text in zip(where.tolist(), _group(rows[where], system, kind, new), strict=True):
            made_[k] = text
    return made_


def _group(rows: Rows, system: str, kind: str, new: bool) -> list[str]:
    """Records of one system and kind."""
    layout = LAYOUTS[system, kind]
    dates = _dates(rows["toc"], system)
    numbers = [[_number(x) for x in _column(rows, name, system, k).tolist()] if name != "-" else None
               for names in layout for k, name in enumerate(names)]  # fmt: skip
    blank = " " * 19
    found = []
    for r in range(rows.size):
        cells = [column[r] if column is not None else blank for column in numbers]
        satellite = f"{system}{rows['prn'][r]:02d}"
        text = f"> EPH {satellite} {kind}\n" if new else ""
        text += _line(f"{satellite} {dates[r]}", *cells[1:4])
        text += "".join(_line("    ", *cells[k : k + 4]) for k in range(4, len(cells), 4))
        found.append(text)
    return found


def _column(rows: Rows, name: str, system: str, k: int) -> Array:
    """Values of a layout's name, in its column k, as the file holds them."""
    if name in _TIMES:
        return _time(rows, name, system)
    if name in ("iode", "iodc"):
        return np.where(rows[name] >= 0, rows[name].astype(np.float64), np.nan)
    if name == "isc_l1cd" and system == "I":  # NavIC: the column depends on the reference signal
        return np.where((rows["data_source"] == 1.0) == (k == 1), rows[name], np.nan)
    if name == "fit_h" and system == "J":
        return np.where(np.isfinite(rows[name]), (rows[name] > 2.0).astype(np.float64), np.nan)
    values = np.asarray(rows[name], dtype=np.float64)
    return values * 1e-3 if name in KILOMETRES else values


def _time(rows: Rows, name: str, system: str) -> Array:
    """Week, or seconds in it, in the system's own time."""
    lag = BDT_LAG_S * NS if system == "C" else 0
    start = (rows["toe"] - lag) // _WEEK_NS * _WEEK_NS
    if name == "toe_s":
        return np.asarray((rows["toe"] - lag - start) / NS)
    if name == "sent_s":
        return _sent(rows, system, start, lag)
    time = rows["toe"] if name == "week" else rows["t_op"]
    if name == "top_s":
        return np.where(time != 0, (time - lag) % _WEEK_NS / NS, np.nan)
    week = (time - lag) // _WEEK_NS - (BDT_WEEK_LAG if system == "C" else 0)
    return np.where(time != 0, week.astype(np.float64), np.nan)


def _sent(rows: Rows, system: str, start: Instants, lag: int) -> Array:
    """Seconds of transmission, in the week of the ephemeris; GLONASS counts in UTC."""
    sent = rows["sent"] - lag
    if system == "R":
        local = (local_dates(rows["sent"], "R") - calendar(np.int64(0))).astype(np.int64)
        seconds = local % _WEEK_NS / NS
    elif system == "S":
        seconds = sent % _WEEK_NS / NS
    else:
        seconds = (sent - start) / NS
    return np.where(rows["sent"] != 0, seconds, UNKNOWN)


def _head(what: str, system: str, prn: int, kind: str) -> str:
    satellite = f"{system}{prn:02d}" if prn else f"{system}  "
    return f"> {what} {satellite} {kind}".rstrip() + "\n"


def _seconds(sent: int, system: str) -> float:
    return float((sent - (BDT_LAG_S * NS if system == "C" else 0)) % _WEEK_NS / NS)


def _offset(one: TimeOffset) -> str:
    system = one.system or "G"
    names = f" {one.code:<18} {one.sbas:<18} {one.utc:<18}"
    date = _dates(np.array([one.reference]), system)[0]
    sent = _seconds(one.sent, system) if one.sent else np.nan
    values = _numbers((sent, one.a0, one.a1, one.a2))
    kind = one.kind or "LNAV"
    return _head("STO", system, one.prn, kind) + _line("    ", date, names) + _line("    ", values)


def _orientation(one: EarthOrientation) -> str:
    date, blank = _dates(np.array([one.reference]), one.system)[0], " " * 23
    last = _numbers((_seconds(one.sent, one.system), *one.dut1))
    return (
        _head("EOP", one.system, one.prn, one.kind)
        + _line("    ", date, _numbers(one.xp))
        + _line(blank, _numbers(one.yp))
        + _line("    ", last)
    )


def _ionosphere(one: IonosphereMessage) -> str:
    date = _dates(np.array([one.sent]), one.system)[0]
    values = list(one.coefficients)
    rest = values[3:]
    lines = [_line("    ", date, _numbers(values[:3]))]
    lines += [_line("    ", _numbers(rest[k : k + 4])) for k in range(0, len(rest), 4)]
    return _head("ION", one.system, one.prn, f"{one.kind} {one.area}") + "".join(lines)


def _old_messages(nav: Navigation, notes: list[str]) -> list[str]:
    """Ionosphere and time offsets for the header of RINEX 3."""
    found: list[str] = []
    seen: set[tuple[str, int]] = set()
    for one in nav.ionosphere:
        key = one.system, one.prn if one.system == "C" else 0
        if one.model not in ("klobuchar", "nequick-g") or (one.model == "klobuchar" and one.kind == "CNVX"):
            notes.append(f"ionosphere {one.model} of {one.system}{one.prn:02d} {one.kind}: RINEX 3 has none")
        elif key in seen:
            notes.append(
                f"a later ionosphere message of {one.system}{one.prn:02d}: RINEX 3 has one in its header"
            )
        else:
            seen.add(key)
            found += _old_ionosphere(one)
    for offset in nav.offsets:
        text = _old_offset(offset)
        if text is None:
            notes.append(f"time offset {offset.code}: RINEX 3 has none of its form")
        else:
            found.append(text)
    if nav.orientation:
        notes.append(f"{len(nav.orientation)} records of Earth orientation: RINEX 3 has none")
    return found


def _old_ionosphere(one: IonosphereMessage) -> list[str]:
    tail = f" {'':1} {one.prn:02d}" if one.prn else ""
    if one.model == "nequick-g":
        values = "".join(f"{x:12.4E}" for x in (*one.coefficients, 0.0))
        return [line(f"GAL  {values}{tail}", "IONOSPHERIC CORR")]
    name = _HEADER_NAMES[one.system]
    halves = ("A", one.coefficients[:4]), ("B", one.coefficients[4:])
    texts = [f"{name}{half} {''.join(f'{x:12.4E}' for x in four)}{tail}" for half, four in halves]
    return [line(text, "IONOSPHERIC CORR") for text in texts]


def _old_offset(one: TimeOffset) -> str | None:
    """TIME SYSTEM CORR; it has no quadratic term."""
    if one.a2 or len(one.code) != 4:
        return None
    own = one.code[:2] == "BD"
    week, seconds = divmod(one.reference - (BDT_LAG_S * NS if own else 0), _WEEK_NS)
    week -= BDT_WEEK_LAG if own else 0
    if one.reference == 0:
        week, seconds = 0, 0
    tail = f" {one.sbas:>5} {one.utc:>2}"
    return line(
        f"{one.code:4} {one.a0:17.10E}{one.a1:16.9E}{round(seconds / NS):7d}{week:5d}{tail}",
        "TIME SYSTEM CORR",
    )
