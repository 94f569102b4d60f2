"""What navigation files say beside orbits: ionosphere, time offsets, earth orientation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.gnsstime import BDT_LAG_S, BDT_WEEK_LAG, NS, from_week
from rabta.pnt.records import EarthOrientation, IonosphereMessage, TimeOffset
from rabta.pnt.rinex.header import Header, number, numbers
from rabta.pnt.text import Lines, Notes
from rabta.pnt.text.dates import Array, Index, gps_time, nearest_week

# Whose message an offset comes from, by the first half of its code: RINEX 3.05 table A5
_SENDERS = {
    "GP": ("G", "LNAV"),
    "GA": ("E", "IFNV"),
    "GL": ("R", "FDMA"),
    "BD": ("C", "D1D2"),
    "QZ": ("J", "LNAV"),
    "IR": ("I", "LNAV"),
    "SB": ("S", "SBAS"),
}
_HEADER_SYSTEMS = {"GPS": "G", "GAL": "E", "BDS": "C", "QZS": "J", "IRN": "I"}


@dataclass
class Messages:
    """Messages of a file, in its order."""

    ionosphere: list[IonosphereMessage] = field(default_factory=list)
    offsets: list[TimeOffset] = field(default_factory=list)
    orientation: list[EarthOrientation] = field(default_factory=list)

    def extend(self, other: Messages) -> None:
        """Add those of another."""
        self.ionosphere += other.ionosphere
        self.offsets += other.offsets
        self.orientation += other.orientation


def header_messages(head: Header, notes: Notes) -> Messages:
    """Ionosphere and time offsets of a RINEX 2 or 3 header."""
    found = Messages()
    found.ionosphere += _klobuchar_pairs(head, notes)
    found.ionosphere += _old_klobuchar(head, notes)
    for line, text in head.of("TIME SYSTEM CORR"):
        offset = _offset(text)
        if offset is None:
            notes.add(line, "a time offset without numbers")
        else:
            found.offsets.append(offset)
    found.offsets += _old_offsets(head, notes)
    return found


def _klobuchar_pairs(head: Header, notes: Notes) -> list[IonosphereMessage]:
    """IONOSPHERIC CORR of RINEX 3: A and B lines of the same system, hour and satellite belong together."""
    halves: dict[tuple[str, str], dict[str, list[float]]] = {}
    found: list[IonosphereMessage] = []
    for line, text in head.of("IONOSPHERIC CORR"):
        name, tail = text[:4].strip(), text[53:60].strip()
        system, values = _HEADER_SYSTEMS.get(name[:3]), numbers(text, 5, 12, 4)
        if name == "GAL":
            values = numbers(text, 5, 12, 3)
        if system is None or values is None:
            notes.add(line, f"ionosphere coefficients that cannot be read: {name!r}")
        elif name == "GAL":
            found.append(IonosphereMessage("E", _prn(tail), "IFNV", "nequick-g", tuple(values)))
        else:
            pair = halves.setdefault((system, tail), {})
            pair[name[3:]] = values
            if "A" in pair and "B" in pair:
                kind = "D1D2" if system == "C" else "LNAV"
                both = tuple(pair.pop("A") + pair.pop("B"))
                found.append(IonosphereMessage(system, _prn(tail), kind, "klobuchar", both))
    for (system, tail), pair in halves.items():
        if pair:
            notes.found.append(
                f"{notes.source.name}: half of the ionosphere coefficients of {system} {tail} is missing"
            )
    return found


def _prn(tail: str) -> int:
    digits = tail.rsplit(maxsplit=1)[-1] if tail.split() else ""
    return int(digits) if digits.isdigit() and digits.isascii() else 0


def _old_klobuchar(head: Header, notes: Notes) -> list[IonosphereMessage]:
    """ION ALPHA and ION BETA of RINEX 2."""
    halves = [
        numbers(text, 2, 12, 4) for label in ("ION ALPHA", "ION BETA") for _, text in list(head.of(label))[:1]
    ]
    if not halves:
        return []
    if len(halves) == 2 and halves[0] is not None and halves[1] is not None:
        return [IonosphereMessage("G", 0, "LNAV", "klobuchar", tuple(halves[0] + halves[1]))]
    notes.found.append(f"{notes.source.name}: the ionosphere coefficients are not complete")
    return []


def _offset(text: str) -> TimeOffset | None:
    """TIME SYSTEM CORR of RINEX 3."""
    a0, a1 = number(text[5:22]), number(text[22:38])
    seconds, week = number(text[38:45]), number(text[45:50])
    code = text[:4].strip()
    if a0 is None or a1 is None or not code:
        return None
    reference = _reference(code[:2], week or 0.0, seconds or 0.0)
    system, kind = _SENDERS.get(code[:2], ("", ""))
    return TimeOffset(code, reference, a0, a1, 0.0, system, 0, kind, text[51:56].strip(), text[57:59].strip())


def _reference(system: str, week: float, seconds: float) -> int:
    """Instant of a week and its seconds, BeiDou's counted from its own start."""
    if not week and not seconds:
        return 0
    if system == "BD":
        late = BDT_WEEK_LAG if week < BDT_WEEK_LAG else 0
        return int(from_week(int(week) + late, seconds)) + BDT_LAG_S * NS
    return int(from_week(int(week), seconds))


def _old_offsets(head: Header, notes: Notes) -> list[TimeOffset]:
    """DELTA-UTC, CORR TO SYSTEM TIME and D-UTC of RINEX 2."""
    found = []
    for line, text in head.of("DELTA-UTC: A0,A1,T,W", "D-UTC A0,A1,T,W,S,U", "CORR TO SYSTEM TIME"):
        glonass = head.system == "R"
        at = (22, 41) if glonass else (3, 22)
        a0 = number(text[21:40]) if glonass else number(text[at[0] : at[1]])
        a1 = 0.0 if glonass else number(text[22:41])
        seconds, week = (0.0, 0.0) if glonass else (number(text[41:50]) or 0.0, number(text[50:59]) or 0.0)
        if a0 is None or a1 is None:
            notes.add(line, "a time offset without numbers")
            continue
        code = {"R": "GLUT", "S": "SBUT"}.get(head.system, "GPUT")
        reference = _reference("GP", week, seconds)
        found.append(
            TimeOffset(code, reference, a0, a1, 0.0, _SENDERS[code[:2]][0], 0, _SENDERS[code[:2]][1])
        )
    return found


def frames(text: Lines, marks: Index, values: Array, status: NDArray[np.uint8], notes: Notes) -> Messages:
    """STO, EOP and ION records of RINEX 4."""
    from rabta.pnt.rinex.navigation import dates as dates_of

    found = Messages()
    if not marks.size:
        return found
    inside = marks[marks + 1 < len(text)]
    for line in np.setdiff1d(marks, inside).tolist():
        notes.add(line, "a record cut short")
    dates, good = dates_of(text, inside + 1, 4)
    for row, line in enumerate(inside.tolist()):
        mark = text.text(line).ljust(20)
        system, kind = mark[6], mark[10:14].strip()
        if not good[row] or system not in "GRECJIS":
            notes.add(line, f"a record without satellite or date: {mark.strip()!r}")
            continue
        time = int(gps_time(dates[row : row + 1], system)[0])
        area = mark[15:19].strip()
        frame = _Frame(text, line + 1, values, status, system, _prn(mark[7:9]), kind, time, area)
        if not frame.into(found, mark[2:5]):
            notes.add(line, f"a record that cannot be read: {mark.strip()!r}")
    return found


@dataclass(frozen=True)
class _Frame:
    """One STO, EOP or ION record."""

    text: Lines
    line: int
    values: Array
    status: NDArray[np.uint8]
    system: str
    prn: int
    kind: str
    time: int
    area: str = ""

    def into(self, found: Messages, what: str) -> bool:
        """Add the record to what was found; False where it cannot be read."""
        made: IonosphereMessage | TimeOffset | EarthOrientation | None
        if what == "ION":
            made = self.ionosphere()
            if made is not None:
                found.ionosphere.append(made)
        elif what == "STO":
            made = self.offset()
            if made is not None:
                found.offsets.append(made)
        elif what == "EOP":
            made = self.orientation()
            if made is not None:
                found.orientation.append(made)
        else:
            return False
        return made is not None

    def row(self, line: int, columns: Sequence[int]) -> list[float] | None:
        """Numbers of some columns of one of the record's lines."""
        at = self.line + line
        if at >= len(self.text) or (self.status[at, list(columns)] != 1).any():
            return None
        return [float(self.values[at, k]) for k in columns]

    def ionosphere(self) -> IonosphereMessage | None:
        """ION: Klobuchar, BDGIM or NeQuick-G."""
        first = self.row(0, (1, 2, 3))
        if self.system == "I" and self.kind == "L1NV":
            return None  # NavIC's own grid: no model of ours reads it
        if self.system == "E":
            if first is None:
                return None
            return IonosphereMessage("E", self.prn, self.kind, "nequick-g", tuple(first), self.time)
        bdgim = self.system == "C" and self.kind == "CNVX"
        second, third = self.row(1, (0, 1, 2, 3)), self.row(2, (0, 1) if bdgim else (0,))
        if first is None or second is None or third is None:
            return None
        region = self.row(2, (1,)) if self.system == "J" else None  # before 4.02
        area = self.area or ("" if region is None else "JAPN" if region[0] == 1.0 else "WIDE")
        model = "bdgim" if bdgim else "klobuchar"
        coefficients = tuple(first + second + third)
        return IonosphereMessage(self.system, self.prn, self.kind, model, coefficients, self.time, area)

    def offset(self) -> TimeOffset | None:
        """STO: time offset between systems, or to UTC."""
        first, numbers_, sent = self.text.text(self.line), self.row(1, (1, 2, 3)), self.row(1, (0,))
        if numbers_ is None or not first[24:42].strip():
            return None
        a0, a1, a2 = numbers_
        moment = self.sent(sent[0]) if sent else 0
        names = first[24:42].strip(), first[43:61].strip(), first[62:80].strip()
        return TimeOffset(
            names[0],
            self.time,
            a0,
            a1,
            a2,
            self.system,
            self.prn,
            self.kind,
            names[1],
            names[2],
            moment,
        )

    def orientation(self) -> EarthOrientation | None:
        """EOP: pole and UT1."""
        xp, yp, last = self.row(0, (1, 2, 3)), self.row(1, (1, 2, 3)), self.row(2, (0, 1, 2, 3))
        if xp is None or yp is None or last is None:
            return None
        poles = (xp[0], xp[1], xp[2]), (yp[0], yp[1], yp[2])
        dut1 = last[1], last[2], last[3]
        return EarthOrientation(self.system, self.prn, self.kind, self.time, *poles, dut1, self.sent(last[0]))

    def sent(self, seconds: float) -> int:
        """Instant of seconds of the week in the system's time, nearest to the record's reference."""
        lag = BDT_LAG_S * NS if self.system == "C" else 0
        return int(nearest_week(np.array([self.time - lag]), np.array([seconds]))[0]) + lag
