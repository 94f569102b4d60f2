"""SGP4 against the states published with the theory: 33 satellites, 667 states, and its error cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.space import propagate, tle
from rabta.verify import Row, suite

SOURCE = (
    "Vallado, Crawford, Hujsak, Kelso, AIAA 2006-6753: SGP4-VER.TLE and tcppver.out (improved mode, WGS-72)"
)
TOLERANCE_M = 1e-3
MUST_FAIL = 33334  # the set's test of error code 2: a mean motion near zero

Blocks = list[tuple[int, NDArray[np.float64]]]


@suite("sgp4", "SGP4 and SDP4 test set", needs="SGP4-VER.TLE and tcppver.out")
def sgp4(files: Path | None) -> list[Row]:
    """Largest position error of every satellite of the test set, through our reader and propagator."""
    folder = files or _installed()
    blocks = _reference(_text(folder / "tcppver.out"))
    elements = folder / "SGP4-VER.TLE"
    columns = tle.parse(_element_lines(elements), elements, checksums=False)  # some sets were edited by hand
    records = propagate.satrecs(columns)
    states = 0
    rows = []
    for (number, table), record in zip(blocks, records, strict=True):
        errors, kilometres = _states(record, table[:, 0])
        if number == MUST_FAIL:
            rows.append(Row(f"{number} refused (1 is yes)", float(errors.any()), 1.0, 0.0, SOURCE))
            continue
        off = np.linalg.norm(kilometres - table[:, 1:], axis=1) * 1e3
        states += len(table)
        rows.append(Row(f"{number} largest error, m", float(off.max()), 0.0, TOLERANCE_M, SOURCE))
    return [*rows, Row("states compared", float(states), 667.0, 0.0, SOURCE)]


def _installed() -> Path:
    """Folder of the ``sgp4`` package, which carries the test set."""
    import sgp4 as package

    return Path(str(package.__file__)).parent


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise RabtaError("cannot read a reference file", file=path, expected="the SGP4 test set") from error


def _element_lines(path: Path) -> bytes:
    """Element lines without the start, stop and step times that this set puts after column 69."""
    return "\n".join(line[: tle.LINE_LENGTH] for line in _text(path).splitlines()).encode()


def _reference(text: str) -> Blocks:
    """Satellites in the order of the file, each with rows of minutes since epoch and TEME kilometres."""
    blocks: list[tuple[int, list[list[float]]]] = []
    for line in text.splitlines():
        parts = line.split()
        if len(parts) == 2 and parts[1] == "xx":
            blocks.append((int(parts[0]), []))
        elif parts:
            blocks[-1][1].append([float(value) for value in parts[:4]])
    return [(number, np.array(rows)) for number, rows in blocks]


def _states(record: object, minutes: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    found = [record.sgp4_tsince(float(minute)) for minute in minutes]  # type: ignore[attr-defined]
    return np.array([code for code, _, _ in found]), np.array([place for _, place, _ in found])
