"""Reading the validation files: profiles of P.1812 with their losses, and pairs of files of P.452."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.radio.terrain.profile import COAST, INLAND, SEA

Array = NDArray[np.float64]
Line = tuple[int, list[str]]
LETTERS = {"A1": COAST, "A2": INLAND, "B": SEA}
RESULT = (
    "f (GHz)", "p (%)", "htg (m)", "hrg (m)", "phit_e (deg)", "phit_n (deg)", "phir_e (deg)",
    "phir_n (deg)", "Gt (dBi)", "Gr (dBi)", "pol (1-h/2-v)", "dct (km)", "dcr (km)", "press (hPa)",
    "temp (deg C)", "DN", "N0", "Lb",
)  # fmt: skip


@dataclass(frozen=True)
class Profile:
    """A profile as its file has it: distances (km), heights and clutter (m), zones."""

    distance_km: Array
    ground_m: Array
    clutter_m: Array
    zone: NDArray[np.uint8]


@dataclass(frozen=True)
class Sheet:
    """A P.1812 file: ends (latitude, longitude), refractivity, its profile, and the losses.

    A row of ``losses`` is MHz, antenna heights (m), polarisation (1 or 2), % of time and dB.
    """

    name: str
    ends: tuple[float, float, float, float]
    delta_n: float
    n0: float
    profile: Profile
    losses: Array
    file: Path | None = None


@contextmanager
def errors_of(file: object) -> Iterator[None]:
    """Errors that come from a file's content name the file."""
    try:
        yield
    except RabtaError as error:
        error.file = file if error.file is None else error.file
        raise


def lines(path: Path) -> list[Line]:
    """Numbered rows of a CSV file, cells stripped."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="strict")
        rows = list(csv.reader(text.splitlines(), strict=True))
    except (OSError, UnicodeError, csv.Error) as error:
        raise RabtaError(f"the file cannot be read: {error}", file=path) from None
    return [(k + 1, [cell.strip() for cell in row]) for k, row in enumerate(rows)]


def number(path: Path, line: Line, column: int) -> float:
    """A finite number of a row."""
    at, cells = line
    text = cells[column] if column < len(cells) else ""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise RabtaError(
            "not a number", file=path, key=f"line {at}, column {column + 1}", value=text or "(empty)"
        )
    return value


def sheets(folder: Path) -> list[Sheet]:
    """Every P.1812 file of a folder, by name; other files are left alone."""
    found = [path for path in sorted(folder.glob("*.csv")) if _is_sheet(path)]
    if not found:
        raise RabtaError("no P.1812 profile", file=folder, expected="CSV files with {Begin of Profile}")
    return [sheet(path) for path in found]


def _is_sheet(path: Path) -> bool:
    return "{Begin of" in path.read_text(encoding="utf-8-sig", errors="replace")


def sheet(path: Path) -> Sheet:
    """One P.1812 file, a profile in the form of study group 3 with measurements at its end."""
    rows = lines(path)
    ends = tuple(_field(path, rows, name) for name in ("Tx LAT", "Tx LON", "Rx LAT", "Rx LON"))
    table = _between(path, rows, "{Begin of Profile}", "{End of Profile}")[1:]
    measured = _between(path, rows, "{Begin of Measurements}", "{End of Measurements}")
    points = np.array([[number(path, line, k) for k in (0, 1, 3, 4)] for line in table]).reshape(-1, 4)
    said = _field(path, rows, "Number of Points")
    if said != len(points):
        raise RabtaError(
            "the profile is not whole", file=path, key="Number of Points", value=len(points),
            expected=f"{said:g} rows",
        )  # fmt: skip
    losses = [[number(path, line, k) for k in (0, 1, 3, 4, 14, 17)] for line in measured]
    if not losses:
        raise RabtaError("no loss in the file", file=path, expected="rows after {Begin of Measurements}")
    zone = _zones(path, points[:, 3])
    return Sheet(
        path.stem,
        (ends[0], ends[1], ends[2], ends[3]),
        _field(path, rows, "Average annual values dN"),
        _field(path, rows, "Average annual sea-level surface refractivity No"),
        Profile(points[:, 0], points[:, 1], points[:, 2], zone),
        np.array(losses),
        path,
    )


def _zones(path: Path, codes: Array) -> NDArray[np.uint8]:
    wrong = ~np.isin(codes, (SEA, COAST, INLAND))
    if wrong.any():
        raise RabtaError(
            "no such radio-climatic zone", file=path, key=f"point {int(np.argmax(wrong)) + 1}",
            value=codes[wrong][0], expected="1, 3 or 4",
        )  # fmt: skip
    return codes.astype(np.uint8)


def _field(path: Path, rows: list[Line], name: str) -> float:
    for line in rows:
        if line[1] and line[1][0].startswith(name):
            return number(path, line, 1)
    raise RabtaError("a field is missing", file=path, key=name)


def _between(path: Path, rows: list[Line], begin: str, end: str) -> list[Line]:
    marks = [cells[0] if cells else "" for _, cells in rows]
    if begin not in marks or end not in marks[marks.index(begin) :]:
        raise RabtaError("a part of the file is missing", file=path, expected=f"{begin} to {end}")
    first = marks.index(begin) + 1
    last = marks.index(end, first)
    return [line for line in rows[first:last] if any(line[1])]


def results(folder: Path) -> list[tuple[Path, Profile, dict[str, Array]]]:
    """Every result file of P.452 with its profile; columns by their heading.

    ``folder`` holds the folders ``profiles`` and ``results``, or all files together.
    """
    files = [*sorted(folder.glob("*.csv")), *sorted(folder.glob("results/*.csv"))]
    found = [path for path in files if _heading(path)[:1] == ["profile"]]
    if not found:
        raise RabtaError(
            "no P.452 result", file=folder, expected="profiles/test_profile_*.csv, results/test_result_*.csv"
        )
    return [result(path, folder) for path in found]


def _heading(path: Path) -> list[str]:
    first = path.read_text(encoding="utf-8-sig", errors="replace").split("\n", 1)[0]
    return [cell.strip() for cell in first.split(",")]


def result(path: Path, folder: Path) -> tuple[Path, Profile, dict[str, Array]]:
    """One result file of P.452 and its profile."""
    rows = [line for line in lines(path) if any(line[1])]
    heading = rows[0][1]
    missing = [name for name in RESULT if name not in heading]
    if missing:
        raise RabtaError("a column is missing", file=path, key=missing[0], expected=", ".join(RESULT))
    if len(rows) < 2:
        raise RabtaError("no loss in the file", file=path)
    wanted = [name for name in heading if name and name not in ("profile", "path")]
    columns = {
        name: np.array([number(path, line, heading.index(name)) for line in rows[1:]]) for name in wanted
    }
    names = {line[1][0] for line in rows[1:]}
    return path, ground(_profile_file(path, names, folder)), columns


def _profile_file(path: Path, names: set[str], folder: Path) -> Path:
    """The profile of a result file: by the name of the pair, else by the name that its rows have.

    One result of the published set names the profile of another pair, but was made with its own.
    """
    own = path.name.replace("test_result_", "test_profile_")
    for name in (own, *sorted(names)):
        for place in (folder / "profiles", path.parent.parent / "profiles", path.parent):
            if name != path.name and (place / name).is_file():
                return place / name
    raise RabtaError("no such profile", file=path, value=", ".join(sorted(names)), expected=own)


def ground(path: Path) -> Profile:
    """One profile of P.452: distance, height, clutter, zone as letter."""
    rows = [line for line in lines(path) if any(line[1])]
    if not rows or not rows[0][1][0].startswith("d (km)"):
        raise RabtaError("not a P.452 profile", file=path, expected="a heading d (km), h(m), ...")
    points = np.array([[number(path, line, k) for k in (0, 1, 2)] for line in rows[1:]]).reshape(-1, 3)
    letters = [line[1][3] if len(line[1]) > 3 else "" for line in rows[1:]]
    for k, letter in enumerate(letters):
        if letter not in LETTERS:
            raise RabtaError(
                "no such zone", file=path, key=f"line {rows[k + 1][0]}", value=letter, expected="A1, A2 or B"
            )
    zone = np.array([LETTERS[letter] for letter in letters], dtype=np.uint8)
    return Profile(points[:, 0], points[:, 1], points[:, 2], zone)
