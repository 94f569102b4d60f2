"""Navigation files, RINEX 2 to 4.02, of all systems: columns of numbers by a kernel, records by layout."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.pnt.gnsstime import NS, WEEK_S, from_calendar
from rabta.pnt.records import EPHEMERIS, SYSTEMS, Navigation, empty_ephemerides
from rabta.pnt.rinex import header as headers
from rabta.pnt.rinex import messages as side
from rabta.pnt.rinex.layouts import FEWEST, KILOMETRES, LAYOUTS, UNKNOWN, first_kind
from rabta.pnt.text import Lines, Notes, Source, lines
from rabta.pnt.text._kernels import columns, wholes
from rabta.pnt.text.dates import gps_time, in_columns, nearest_week

Array = NDArray[np.float64]
Index = NDArray[np.int64]

WHAT = "a RINEX navigation file (kind N)"
WIDTH = 19
HALF_DAY_S, DAY_S = 43_200, 86_400
_WEEKLY = {"toe_s": "toe", "sent_s": "sent", "top_s": "t_op"}
_OPTIONAL = frozenset(
    {
        "health",
        "accuracy_m",
        "data_source",
        "l2_codes",
        "l2_flag",
        "fit_h",
        "age_d",
        "status",
        "accuracy_index",
    }
    | {
        "integrity_flags",
        "week",
        "week_op",
        "sent_s",
        "top_s",
        "iode",
        "iodc",
        "af2",
        "slot",
        "ax",
        "ay",
        "az",
    }
    | {"tgd1", "tgd2", "sismai", "satellite_type", "sisai_oe", "sisai_ocb", "sisai_oc1", "sisai_oc2"}
    | {"isc_s", "tgd_b1cp", "tgd_b2ap", "tgd_b2bi", "isc_b1cd", "isc_b2ad"}
    | {"isc_l1ca", "isc_l2c", "isc_l5i5", "isc_l5q5", "isc_l1cd", "isc_l1cp"}
)


@dataclass(frozen=True)
class _Records:
    """Where records are: index of the line with the clock, lines in the record, satellite and kind."""

    line: Index
    count: Index
    system: NDArray[np.str_]
    prn: NDArray[np.int64]
    kind: NDArray[np.str_]

    def of(self, rows: NDArray[np.bool_] | Index) -> _Records:
        """Some of the records."""
        return _Records(self.line[rows], self.count[rows], self.system[rows], self.prn[rows], self.kind[rows])


@dataclass(frozen=True)
class _Numbers:
    """Four numbers of every line, and whether each was blank (0), good (1) or bad (2)."""

    values: Array
    status: NDArray[np.uint8]


def navigation(source: Source) -> Navigation:
    """Read a navigation file.

    Parameters
    ----------
    source : path or bytes
        Also packed: .gz, .Z.

    Returns
    -------
    Navigation
        ``notes`` says what could not be used and where.

    Raises
    ------
    RabtaError
        Where the file is no navigation file, or nothing in it can be used.
    """
    text = lines(source)
    head = headers.read(text, "NGHL" if _old(text) else "N", WHAT)
    notes = Notes(text)
    style = _style(text, head, notes)
    values = _numbers(text, 3 if style == 2 else 4)
    records, frames = _find(text, head, style, notes)
    ephemerides = _ephemerides(text, records, values, style, notes)
    found = side.header_messages(head, notes)
    if style == 4:
        found.extend(side.frames(text, frames, values.values, values.status, notes))
    _something(text, ephemerides, found, notes)
    return Navigation(
        ephemerides,
        tuple(found.ionosphere),
        tuple(found.offsets),
        tuple(found.orientation),
        headers.leap_seconds(head, notes),
        headers.common(head),
        notes.done(),
    )


def _old(text: Lines) -> bool:
    return text.text(0)[:9].strip().startswith("2")


def _something(text: Lines, ephemerides: NDArray[np.void], found: side.Messages, notes: Notes) -> None:
    if ephemerides.size or found.ionosphere or found.offsets or found.orientation:
        return
    raise RabtaError(
        "no record of the navigation file can be used",
        file=text.name,
        value=(notes.done() or ("no records",))[0],
        expected="at least one ephemeris, ionosphere or time record",
    )


def _style(text: Lines, head: headers.Header, notes: Notes) -> int:
    """Layout of the records by what the first one looks like: 2, 3 or 4."""
    stated = int(head.version)
    for line in range(head.end, len(text)):
        seen = _looks(text.text(line))
        if seen:
            if seen != stated and not (seen == 3 and stated == 2):
                said = f"the header says version {head.version:.2f}, the records are written as in {seen}"
                notes.add(line, said)
                return seen
            return stated
    return stated


def _looks(row: str) -> int:
    """Version of the first line of a record; 0 for any other line."""
    if row[:2] == "> " and row[2:5] in ("EPH", "STO", "ION", "EOP"):
        return 4
    if row[:1] in SYSTEMS and row[1:3].strip().isdigit() and row[4:8].strip().isdigit():
        return 3
    return 2 if row[:2].strip().isdigit() and row[2:5].strip().isdigit() else 0


def _numbers(text: Lines, at: int) -> _Numbers:
    values = np.empty((len(text), 4))
    status = np.empty((len(text), 4), np.uint8)
    columns(text.data, text.first, text.last, at, WIDTH, WIDTH, values, status)
    return _Numbers(values, status)


def _find(text: Lines, head: headers.Header, style: int, notes: Notes) -> tuple[_Records, Index]:
    """Ephemeris records, and the lines that head other records (RINEX 4)."""
    first = text.column(0)
    first[: head.end] = 32
    if style == 4:
        return _find_framed(text, head, np.flatnonzero(first == ord(">")), notes)
    if style == 3:
        starts = np.flatnonzero(np.isin(first, np.frombuffer(SYSTEMS.encode(), np.uint8)))
        odd = np.flatnonzero((first != 32) & ~np.isin(first, np.frombuffer(SYSTEMS.encode(), np.uint8)))
        system = first[starts].view("S1").astype("U1")
        prn = _prn(text, starts, 1)
    else:
        second = text.column(1)
        second[: head.end] = 32
        digit = (second >= 48) & (second <= 57)
        starts = np.flatnonzero(digit)
        odd = np.flatnonzero(~digit & (first != 32))
        system = np.full(starts.size, {"M": "G"}.get(head.system, head.system))
        prn = _prn(text, starts, 0) - (100 if head.system == "S" else 0) * (_prn(text, starts, 0) > 100)
    for line in odd.tolist():
        notes.add(line, f"a line that begins no record: {text.text(line)[:20]!r}")
    count = np.diff(np.append(starts, len(text)))
    kind = np.array([first_kind(letter) for letter in SYSTEMS])[[SYSTEMS.index(s) for s in system.tolist()]]
    return _Records(starts, count, system, prn, kind.astype("U4")), np.empty(0, np.int64)


def _find_framed(text: Lines, head: headers.Header, marks: Index, notes: Notes) -> tuple[_Records, Index]:
    """Records of RINEX 4: each after a line such as ``> EPH C21 CNV1``."""
    starts, ends = marks.tolist(), [*marks[1:].tolist(), len(text)][: marks.size]
    rows = [text.text(m).ljust(18) for m in starts]
    every = [
        (m, e, r[6], r[7:9], r[10:14].strip(), r[2:5]) for m, e, r in zip(starts, ends, rows, strict=True)
    ]
    found = [item for item in every if item[5] == "EPH"]
    known = [item for item in found if (item[2], item[4]) in LAYOUTS and item[1] > item[0] + 1]
    for item in found:
        if (item[2], item[4]) not in LAYOUTS:
            notes.add(item[0], f"a record kind that is not known: {text.text(item[0]).strip()!r}")
        elif item[1] <= item[0] + 1:
            notes.add(item[0], "a record cut short: no lines")
    prn = np.array([_small(item[3]) for item in known], np.int64)
    line = np.array([item[0] + 1 for item in known], np.int64)
    count = np.array([item[1] - item[0] - 1 for item in known], np.int64)
    system, kind = np.array([i[2] for i in known], "U1"), np.array([i[4] for i in known], "U4")
    others = np.array([item[0] for item in every if item[5] != "EPH"], np.int64)
    lead = np.arange(head.end, starts[0] if starts else len(text))
    for stray in lead[text.last[lead] > text.first[lead]].tolist():
        notes.add(stray, "a line before the first record")
    return _Records(line, count, system, prn, kind), others


def _small(text: str) -> int:
    digits = text.strip()
    return int(digits) if digits.isdigit() and digits.isascii() else -1


def _prn(text: Lines, rows: Index, at: int) -> NDArray[np.int64]:
    """Satellite numbers; -1 where there is none."""
    values, good = _whole(text, rows, [at], [2])
    return np.where(good, values[:, 0], -1)


def _whole(text: Lines, rows: Index, at: list[int], width: list[int]) -> tuple[Index, NDArray[np.bool_]]:
    values = np.zeros((rows.size, len(at)), np.int64)
    good = np.zeros(rows.size, np.uint8)
    places = np.array(at, np.int64), np.array(width, np.int64)
    wholes(text.data, text.first[rows], text.last[rows], *places, values, good)
    return values, good == 1


def dates(text: Lines, rows: Index, style: int) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """Calendar dates of the first lines of records in the file's own time scale, and where there are any."""
    if style == 2:
        return in_columns(text, rows, (3, 6, 9, 12, 15), (2,) * 5, (17, 5), century=True)
    return in_columns(text, rows, (4, 9, 12, 15, 18), (4, 2, 2, 2, 2), (20, 3))


def _ephemerides(
    text: Lines, records: _Records, numbers: _Numbers, style: int, notes: Notes
) -> NDArray[np.void]:
    """All records that can be used, in the order of the file."""
    days, good = dates(text, records.line, style)
    good &= records.prn > 0
    for row in np.flatnonzero(~good).tolist():
        notes.add(int(records.line[row]), "a record without satellite or date")
    made = []
    for system, kind in dict.fromkeys(zip(records.system.tolist(), records.kind.tolist(), strict=True)):
        rows = np.flatnonzero(good & (records.system == system) & (records.kind == kind))
        made.append(_group(records.of(rows), days[rows], numbers, rows, style == 4, notes))
    if not made:
        return empty_ephemerides(0)
    order = np.concatenate([places for _, places in made])
    return np.concatenate([table for table, _ in made])[np.argsort(order, kind="stable")]


def _group(
    records: _Records,
    dates: NDArray[np.datetime64],
    numbers: _Numbers,
    places: Index,
    told: bool,
    notes: Notes,
) -> tuple[NDArray[np.void], Index]:
    """Ephemerides of one system and kind, and their places among all records."""
    if not places.size:
        return empty_ephemerides(0), places
    system, kind = str(records.system[0]), str(records.kind[0])
    layout = LAYOUTS[system, kind]
    whole = _whole_records(records, layout, kind, numbers, notes)
    records, dates, places = records.of(whole), dates[whole], places[whole]
    rows = empty_ephemerides(places.size)
    rows["system"], rows["prn"], rows["kind"] = system, records.prn, kind
    rows["toc"] = rows["toe"] = gps_time(dates, system)
    for j, names in enumerate(layout):
        has = records.count > j
        line = np.where(has, records.line + j, 0)
        for k, name in enumerate(names):
            if name != "-":
                value = np.where(has, numbers.values[line, k], np.nan)
                _store(rows, name, value, dates)
    _finish(rows, system, told)
    return _plausible(records, rows, places, notes)


def _whole_records(
    records: _Records, layout: tuple[tuple[str, ...], ...], kind: str, numbers: _Numbers, notes: Notes
) -> NDArray[np.bool_]:
    """Which records are complete and have a number wherever one is needed."""
    short = records.count < FEWEST.get(kind, len(layout))
    for row in np.flatnonzero(short).tolist():
        notes.add(int(records.line[row]), f"a record cut short: {records.count[row]} of {len(layout)} lines")
    for row in np.flatnonzero(records.count > len(layout)).tolist():
        after = np.arange(records.line[row] + len(layout), records.line[row] + records.count[row])
        stray = after[notes.source.last[after] > notes.source.first[after]]
        if any(notes.source.text(k).strip() for k in stray.tolist()):
            notes.add(int(stray[0]), "lines after the end of a record")
    bad = np.zeros(records.line.size, bool)
    for j, names in enumerate(layout):
        line = np.where(records.count > j, records.line + j, 0)
        for k, name in enumerate(names):
            if name == "-":
                continue
            wrong = numbers.status[line, k] == 2
            wrong |= (numbers.status[line, k] == 0) & (name not in _OPTIONAL)
            for row in np.flatnonzero(wrong & (records.count > j) & ~short & ~bad).tolist():
                notes.add(int(records.line[row]) + j, f"no number for {name}: the record is left out")
                bad[row] = True
    return ~(short | bad)


def _store(rows: NDArray[np.void], name: str, value: Array, dates: NDArray[np.datetime64]) -> None:
    """Put one column of a record kind where it belongs."""
    system = str(rows["system"][0]) if rows.size else "G"
    if name in _WEEKLY:
        known = np.isfinite(value) & (np.abs(value) < 2 * WEEK_S)
        shift = rows["toc"] - from_calendar(dates)
        time = nearest_week(
            from_calendar(dates), np.where(known, value, 0.0), DAY_S if system == "R" else WEEK_S
        )
        rows[_WEEKLY[name]] = np.where(known, time + shift, 0)
    elif name == "week_op":
        known = np.isfinite(value) & (rows["t_op"] != 0)
        far = np.where(known, value - rows["t_op"] // (WEEK_S * NS), 0.0)
        rows["t_op"] += (np.where(np.abs(far) < 256, far, 0.0)).astype(np.int64) * (WEEK_S * NS)
    elif name in ("iode", "iodc"):
        rows[name] = np.where(np.isfinite(value) & (np.abs(value) < 2**31), value, -1.0).astype(np.int32)
    elif name in KILOMETRES:
        rows[name] = value * 1e3
    elif name in (EPHEMERIS.names or ()):
        rows[name] = np.where(np.isfinite(value) & (value < UNKNOWN), value, rows[name])


def _finish(rows: NDArray[np.void], system: str, told: bool) -> None:
    """What follows from other fields: kinds where the file has not told them, issues, fit intervals."""
    if system == "E":
        rows["iodc"] = rows["iode"]
        rows["kind"] = rows["kind"] if told else np.where(_fnav(rows), "FNAV", "INAV")
    elif system == "C" and not told:
        geo = ((rows["prn"] <= 5) | (rows["prn"] >= 59)) & np.isin(rows["kind"], ("D1", "D2"))
        rows["kind"] = np.where(geo, "D2", rows["kind"])
    elif system == "I":
        rows["iodc"] = rows["iode"]
    elif system == "J" and rows.size and rows["kind"][0] == "LNAV":
        rows["fit_h"] = np.select([rows["fit_h"] == 0.0, rows["fit_h"] == 1.0], [2.0, 4.0], rows["fit_h"])


def _fnav(rows: NDArray[np.void]) -> NDArray[np.bool_]:
    """Galileo records of F/NAV: bit 1 of the data sources (E5a-I), unless I/NAV sources are there too."""
    source = np.where(np.isfinite(rows["data_source"]), rows["data_source"], 0.0).astype(np.int64)
    return np.asarray(((source & 2) > 0) & ((source & 5) == 0))


def _plausible(
    records: _Records, rows: NDArray[np.void], places: Index, notes: Notes
) -> tuple[NDArray[np.void], Index]:
    """Leave out records that describe no orbit."""
    if rows["system"][:1].tolist() in (["R"], ["S"]):
        radius = np.sqrt(rows["x"] ** 2 + rows["y"] ** 2 + rows["z"] ** 2)
        fine = (radius > 6.4e6) & (radius < 1e8)
    else:
        fine = (
            (rows["e"] >= 0.0) & (rows["e"] < 1.0) & (rows["sqrt_a"] > 2500.0) & (rows["sqrt_a"] < 10_000.0)
        )
    for row in np.flatnonzero(~fine).tolist():
        notes.add(int(records.line[row]), "a record that describes no orbit is left out")
    return rows[fine], places[fine]


def merge(navs: Iterable[Navigation]) -> Navigation:
    """Everything that several files say, each message once, in the order of the files.

    Ephemerides that differ only in when they were received count as one.
    """
    files = list(navs)
    if not files:
        raise RabtaError("no navigation to merge", expected="at least one file")
    rows = np.concatenate([nav.ephemerides for nav in files])
    plain = rows.copy()
    plain["sent"] = 0
    _, first = np.unique(np.frombuffer(plain.tobytes(), f"V{plain.itemsize}"), return_index=True)
    leaps = [nav.leap_seconds for nav in files if nav.leap_seconds is not None]
    notes = [note for nav in files for note in nav.notes]
    if len(set(leaps)) > 1:
        notes.append(f"the files state different leap seconds: {sorted(set(leaps))}; the largest counts")
    return Navigation(
        rows[np.sort(first)],
        tuple(dict.fromkeys(one for nav in files for one in nav.ionosphere)),
        tuple(dict.fromkeys(one for nav in files for one in nav.offsets)),
        tuple(dict.fromkeys(one for nav in files for one in nav.orientation)),
        max(leaps) if leaps else None,
        dict(files[0].header),
        tuple(notes),
    )
