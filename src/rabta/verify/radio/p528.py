"""Suite ``p528``: losses of paths to aircraft against the tables of the Recommendation.

Sources: the CSV tables that ITU-R publishes with P.528-5, as Py528 at 1.0 carries them (NTIA terms): one
file for each frequency and percentage of time, 1,001 distances, 18 pairs of heights, rounded to 0.1 dB; the
examples in the README of NTIA's reference software (public domain, at 74870ab).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.radio.air import p528
from rabta.verify import Row, suite

Array = NDArray[np.float64]

TABLES = "tables of ITU-R P.528-5, rounded to 0.1 dB"
NTIA = "NTIA/p528 (public domain) at 74870ab, README"
RUN = "run of NTIA/p528 at 74870ab"
BOTH = "runs of NTIA/p528 at 74870ab, which reads a cell of the Nakagami-Rice table wrongly, and of Py528"
GATE_DB, ROUNDED_DB = 0.1, 0.0502  # half a tenth, and 0.0002 for the tables of absorption
MOST_BYTES = 50_000_000

# km, m, m, MHz, polarisation, %, dB
EXAMPLES = (
    (15.0, 10.0, 1000.0, 500.0, "horizontal", 50.0, 110.0),
    (100.0, 100.0, 15000.0, 3600.0, "horizontal", 90.0, 151.6),
    (1500.0, 15.0, 10000.0, 5700.0, "horizontal", 10.0, 293.4),
    (30.0, 8.0, 20000.0, 22000.0, "vertical", 50.0, 151.1),
)
# 2,400 MHz, 50 %: heights in m, then dB at the distances
DISTANCES_KM = (10.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
SAMPLE = (
    (1.5, 1000.0, (120.2, 134.3, 145.0, 197.8, 228.7, 270.5)),
    (60.0, 1000.0, (120.2, 134.3, 140.7, 182.8, 225.2, 267.8)),
    (1.5, 10000.0, (122.8, 134.4, 140.5, 146.8, 205.5, 252.2)),
    (60.0, 10000.0, (122.8, 134.4, 140.5, 146.8, 195.2, 249.9)),
    (10000.0, 10000.0, (120.1, 134.1, 140.1, 146.2, 155.5, 217.4)),
    (20000.0, 20000.0, (120.1, 134.1, 140.1, 146.1, 153.8, 164.9)),
)
# 100 km, 50 m, 7,000 m, 1,100 MHz, horizontal: %, Py528, NTIA
BETWEEN = ((95.0, 144.288454, 144.288454), (96.0, 145.618518, 147.352410), (97.0, 146.948583, 147.815529))
# vertical, 50 %: km, m, m, MHz, NTIA as it stands, NTIA with the phase of Fresnel's formula
PHASE = (
    (140.0, 2.0, 13000.0, 130.0, 123.435130, 120.955288),
    (10.0, 2.0, 70.0, 200.0, 117.383838, 115.633553),
)
FRESNEL = (
    "run of NTIA/p528 at 74870ab in which the phase for vertical polarisation is that of Fresnel's formula"
)
_HEADER = re.compile(r"\s*([\d.,\s]*\d)\s*MHz\s*/\s*Lb\(([\d.]+)\)", re.IGNORECASE)
_NAME = re.compile(r"([\d.,]*\d)\s*MHz.*Lb\(([\d.]+)\)", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """One file: heights of the columns, distances of the rows, losses in dB of shape (rows, columns)."""

    name: str
    mhz: float
    percent: float
    low_m: Array
    high_m: Array
    distance_km: Array
    loss_db: Array


@suite(
    "p528",
    "Paths to aircraft against the tables of P.528-5",
    needs="any CSV tables of P.528-5 (1200MHz / Lb(0.95) dB)",
)
def rows(files: Path | None) -> list[Row]:
    """The worst value of every file and pair of heights; without files the values that are quoted here."""
    found = _from_files(files) if files else _sample_rows()
    return [*found, *_example_rows(), *_defect_rows()]


def _example_rows() -> list[Row]:
    rows = []
    for d, low, high, mhz, polarisation, percent, theirs in EXAMPLES:
        ours = float(p528.loss_db(d, low, high, mhz / 1e3, percent, polarisation))
        name = f"{d:g} km, {low:g} m to {high:g} m, {mhz:g} MHz {polarisation}, {percent:g} %, dB"
        rows.append(Row(name, ours, theirs, ROUNDED_DB, NTIA))
    return rows


def _sample_rows() -> list[Row]:
    rows = []
    for low, high, theirs in SAMPLE:
        ours = p528.loss_db(DISTANCES_KM, low, high, 2.4)
        for d, mine, his in zip(DISTANCES_KM, ours, theirs, strict=True):
            name = f"2,400 MHz, 50 %, {low:g} m to {high:g} m, {d:g} km, dB"
            rows.append(Row(name, float(mine), his, ROUNDED_DB, TABLES))
    return rows


def _defect_rows() -> list[Row]:
    rows = []
    for percent, right, wrong in BETWEEN:
        ours = float(p528.loss_db(100.0, 50.0, 7000.0, 1.1, percent))
        rows.append(Row(f"between tabulated percentages: {percent:g} %, dB", ours, right, 1e-4, BOTH))
        if right != wrong:
            name = f"the anchor's defect: its loss is too high at {percent:g} %, by dB"
            rows.append(Row(name, wrong - ours, wrong - right, 1e-4, BOTH))
    for d, low, high, mhz, theirs, fresnel in PHASE:
        ours = float(p528.loss_db(d, low, high, mhz / 1e3, 50.0, "vertical"))
        name = f"vertical, {d:g} km, {low:g} m to {high:g} m, {mhz:g} MHz"
        rows.append(Row(f"{name}, dB", ours, theirs, 1e-3, RUN))
        rows.append(
            Row(f"{name}, with Fresnel's phase, dB", ours, fresnel, float("nan"), FRESNEL, gate=False)
        )
    return rows


def _from_files(files: Path) -> list[Row]:
    paths = [p for p in sorted(files.glob("*.csv")) if _NAME.search(p.name) or _HEADER.match(_first_line(p))]
    if not paths:
        raise RabtaError(
            "no tables of P.528", file=files, expected="CSV files that begin with 1200MHz / Lb(0.95) dB"
        )
    rows, wrong, count = [], 0, 0
    for path in paths:
        table = read(path)
        off = _losses(path, table) - table.loss_db
        rows += _table_rows(table, off)
        wrong += int((np.abs(off) > GATE_DB).sum())
        count += off.size
    return [
        *rows,
        Row(f"of {count} values in {len(paths)} files off by more", float(wrong), 0.0, 0.0, TABLES),
    ]


def _losses(path: Path, table: Table) -> Array:
    try:
        return p528.loss_db(
            table.distance_km[:, None], table.low_m, table.high_m, table.mhz / 1e3, table.percent
        )
    except RabtaError as error:
        raise RabtaError(
            error.problem, file=path, key=error.key, value=error.value, expected=error.expected
        ) from error


def _table_rows(table: Table, off: Array) -> list[Row]:
    rows = []
    for j, i in enumerate(np.abs(off).argmax(axis=0)):
        where = f"{table.low_m[j]:g} m to {table.high_m[j]:g} m, {table.distance_km[i]:g} km"
        name = f"{table.mhz:g} MHz, {table.percent:g} %, {where}, dB"
        theirs = float(table.loss_db[i, j])
        rows.append(
            Row(name, theirs + float(off[i, j]), theirs, GATE_DB, f"worst of {len(off)}: {table.name}")
        )
    return rows


def _first_line(path: Path) -> str:
    with path.open(encoding="latin-1") as file:
        return file.readline(200).lstrip("\ufeff\u00ef\u00bb\u00bf")


def read(path: Path) -> Table:
    """Read one table of the Recommendation's form.

    Raises
    ------
    RabtaError
        With file, line and what was expected, where the file is damaged.
    """
    if path.stat().st_size > MOST_BYTES:
        raise RabtaError("too large for a table of P.528", file=path, expected=f"at most {MOST_BYTES} bytes")
    text = path.read_text(encoding="latin-1").lstrip("\ufeff\u00ef\u00bb\u00bf")
    try:
        lines = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines())]
    except csv.Error as error:
        raise RabtaError(
            "not a CSV file", file=path, value=str(error), expected="a table of P.528"
        ) from error
    while lines and not any(lines[-1]):
        lines.pop()
    if len(lines) < 5:
        raise RabtaError(
            "too short for a table of P.528", file=path, value=f"{len(lines)} lines", expected="5 or more"
        )
    mhz, percent = _subject(path, ",".join(lines[0]))
    high, low = _heights(path, lines[1], 2, "h2(m)"), _heights(path, lines[2], 3, "h1(m)")
    if len(high) != len(low):
        raise RabtaError(
            "heights differ in number", file=path, key="line 3", value=len(low), expected=str(len(high))
        )
    numbers = np.array([_numbers(path, row, i, len(high) + 2) for i, row in enumerate(lines[4:], 5)])
    return Table(path.name, mhz, percent, low, high, numbers[:, 0], numbers[:, 2:])


def _subject(path: Path, first: str) -> tuple[float, float]:
    """Frequency in MHz and percentage, of the first line and of the name; they must agree."""
    found = [m for m in (_HEADER.match(first), _NAME.search(path.name)) if m]
    try:
        values = {(float(re.sub(r"[,\s]", "", m[1])), round(100.0 * float(m[2]), 6)) for m in found}
    except ValueError:
        values = set()
    if len(values) != 1:
        raise RabtaError(
            "frequency and percentage of time are not clear",
            file=path,
            key="line 1",
            value=first[:60],
            expected="1200MHz / Lb(0.95) dB, and the same in the name",
        )
    return values.pop()


def _heights(path: Path, row: list[str], line: int, label: str) -> Array:
    if len(row) < 3 or row[1].lower() != label:
        raise RabtaError(
            "no row of heights", file=path, key=f"line {line}", value=",".join(row)[:60], expected=label
        )
    cells = row[2:]
    while cells and not cells[-1]:
        cells.pop()
    return np.array([_number(path, cell, line) for cell in cells])


def _numbers(path: Path, row: list[str], line: int, count: int) -> list[float]:
    while len(row) > count and not row[-1]:
        row = row[:-1]
    if len(row) != count:
        raise RabtaError(
            "wrong number of columns", file=path, key=f"line {line}", value=len(row), expected=str(count)
        )
    return [_number(path, cell, line) for cell in row]


def _number(path: Path, cell: str, line: int) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise RabtaError(
            "not a number", file=path, key=f"line {line}", value=cell[:40], expected="a finite number"
        )
    return value
