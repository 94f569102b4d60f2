"""Suite ``calibration``: system-level cases of TR 38.821, and 3GPP's large-scale calibration of TR 38.901."""

from __future__ import annotations

import csv
import math
from importlib.resources import files
from pathlib import Path

import numpy as np

from rabta.errors import RabtaError, nearest
from rabta.mobile.system import network, satellites
from rabta.verify import Row, reference, suite

OFFICIAL = "tr38821.csv"
NEEDS = f"{OFFICIAL}: case, quantity (coupling_loss, sir or sinr), p5, p50, p95 of TR 38.821, table 6.1.1.2-1"
QUANTITIES = ("coupling_loss", "sir", "sinr")
COLUMNS = ("case", "quantity", "p5", "p50", "p95")
RESIMULATED = (
    "independent re-simulation of TR 38.821, clause 6.1.1 (NumPy, 60 users a beam); the report's own table "
    "was not to be had"
)
WITHIN_DB, OFFICIAL_DB = 0.5, 1.0
SAMPLING_DB = 0.35  # two standard errors of the median of 5,700 users with a spread of 12 dB
EACH = 300
R1 = "3GPP R1-165974, medians of 20 companies at 19 sites (Phase1Calibration_v42); tolerance: their spread"
R1_OFFICE = "3GPP R1-165974, medians, as QuaDRiGa's calibration quotes them"
ENTRY = (
    "3GPP R1-165974, median. It lies between two readings: the way inside a building as one even "
    "draw (TR 36.873, gated above; up to 1.7 dB more loss than the median), or the lesser of two (TR 38.901)"
)
# Case: coupling loss, SIR, SINR at 5, 50 and 95 %
CASES = {
    1: ((111.8, 112.9, 114.1), (-3.0, -1.1, 1.0), (-3.2, -1.3, 0.8)),
    2: ((111.8, 112.9, 114.1), (8.3, 9.0, 9.1), (6.8, 7.7, 7.9)),
    4: ((139.1, 140.1, 141.3), (-3.0, -1.1, 1.0), (-3.8, -2.1, -0.2)),
    5: ((139.0, 140.1, 141.3), (8.2, 9.0, 9.1), (2.3, 3.5, 4.2)),
    6: ((95.9, 97.0, 98.2), (-3.0, -1.0, 1.0), (-3.2, -1.2, 0.8)),
    7: ((96.0, 97.0, 98.2), (8.3, 9.0, 9.1), (6.8, 7.7, 7.8)),
    9: ((124.2, 125.3, 126.4), (-3.0, -1.1, 1.0), (-3.0, -1.2, 0.9)),
    10: ((124.2, 125.3, 126.5), (8.2, 9.0, 9.1), (7.3, 8.2, 8.4)),
    14: ((130.2, 131.3, 132.5), (-3.1, -1.1, 1.0), (-3.1, -1.1, 0.9)),
    15: ((130.2, 131.4, 132.5), (8.2, 9.0, 9.1), (7.3, 8.2, 8.3)),
    25: ((130.4, 131.5, 132.7), (8.3, 8.9, 9.2), (5.3, 6.2, 6.7)),
}


@suite(
    "calibration",
    "System level: TR 38.821's satellites, TR 38.901's cells against 3GPP's calibration",
    needs=NEEDS,
)
def rows(folder: Path | None) -> list[Row]:
    """Simulate both calibrations; with the report's own table, that too."""
    official = reference(folder, OFFICIAL)
    return [*_satellites(), *([] if official is None else _official(official)), *_cells()]


def _satellites() -> list[Row]:
    return [
        row
        for number, theirs in CASES.items()
        for name, values in zip(QUANTITIES, theirs, strict=True)
        for row in _three(number, name, values, WITHIN_DB, RESIMULATED)
    ]


def _three(number: int, name: str, theirs: tuple[float, ...], tolerance: float, source: str) -> list[Row]:
    ours = satellites.study(number).percentiles()[name]
    return [
        Row(f"SC{number} {name} at {point:g} %, dB", float(a), b, tolerance, source)
        for point, a, b in zip((5, 50, 95), ours, theirs, strict=True)
    ]


def _official(path: Path) -> list[Row]:
    source = f"3GPP TR 38.821, table 6.1.1.2-1, from {path.name}"
    return [
        row
        for number, name, values in read(path)
        for row in _three(number, name, values, OFFICIAL_DB, source)
    ]


def read(path: Path) -> list[tuple[int, str, tuple[float, ...]]]:
    """Rows of a table of percentiles; a damaged one is refused with the line and what belongs there."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RabtaError("table cannot be read", file=path, value=str(error), expected="CSV, UTF-8") from None
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        table = list(csv.reader(lines, strict=True))
    except csv.Error as error:
        raise RabtaError("table cannot be read", file=path, value=str(error), expected="CSV") from None
    if not table or tuple(item.strip() for item in table[0]) != COLUMNS:
        raise RabtaError(
            "table without its columns", file=path, key="line 1",
            value=",".join(table[0]) if table else "nothing", expected=",".join(COLUMNS),
        )  # fmt: skip
    if len(table) == 1:
        raise RabtaError("table without rows", file=path, expected="a case on each line")
    return [_row(path, number, cells) for number, cells in enumerate(table[1:], start=2)]


def _row(path: Path, number: int, cells: list[str]) -> tuple[int, str, tuple[float, ...]]:
    key = f"row {number}"
    if len(cells) != len(COLUMNS):
        raise RabtaError(
            "wrong number of cells", file=path, key=key, value=len(cells), expected=str(len(COLUMNS))
        )
    name = cells[1].strip()
    if name not in QUANTITIES:
        raise RabtaError(
            "no such quantity", file=path, key=key, value=name, expected=nearest(name, QUANTITIES)
        )
    case, *values = (_number(path, key, cell) for cell in (cells[0], *cells[2:]))
    if case != int(case) or not 1 <= case <= 30:
        raise RabtaError("no such study case", file=path, key=key, value=cells[0], expected="1 to 30")
    if sorted(values) != values:
        raise RabtaError("percentiles fall", file=path, key=key, value=values, expected="p5 <= p50 <= p95")
    return int(case), name, tuple(values)


def _number(path: Path, key: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > 1e3:
        raise RabtaError("not a number of dB", file=path, key=key, value=cell, expected="a number")
    return value


def published() -> dict[tuple[str, int], list[dict[str, str]]]:
    """Percentiles of 3GPP's calibration by layout and GHz."""
    text = (files("rabta.verify.mobile.anchors") / "r1_165974.csv").read_text(encoding="utf-8")
    found: dict[tuple[str, int], list[dict[str, str]]] = {}
    for row in csv.DictReader(text.splitlines()[1:]):
        found.setdefault((row["layout"], int(row["ghz"])), []).append(row)
    return found


def _cells() -> list[Row]:
    found = []
    for (layout, ghz), group in published().items():
        drawn = network.large_scale(layout, ghz, each=EACH)
        values = {"coupling gain": drawn.coupling_gain_db, "SIR": drawn.sir_db, "SINR": drawn.sinr_db}
        now = network.large_scale(layout, ghz, each=EACH, even_depth=False).coupling_gain_db
        for row in group:
            percent, what = float(row["percent"]), row["quantity"]
            name = f"{layout} {ghz} GHz, {what} at {row['percent']} %, dB"
            found.append(_compared(name, float(np.percentile(values[what], percent)), row))
            if what == "coupling gain" and row["lowest"]:
                ours, middle = float(np.percentile(now, percent)), float(row["median"])
                found.append(Row(f"{name}, lesser of two draws", ours, middle, 1.0, ENTRY, gate=False))
    return found


def _compared(name: str, ours: float, row: dict[str, str]) -> Row:
    middle = float(row["median"])
    if not row["lowest"]:
        return Row(name, ours, middle, 0.5, R1_OFFICE)
    side = float(row["highest"]) - middle if ours > middle else middle - float(row["lowest"])
    return Row(name, ours, middle, round(side + SAMPLING_DB, 2), R1)
