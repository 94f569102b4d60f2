"""SGP4 against the states published with the theory: 33 satellites, 667 states, and its error cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.space import orbits, tle
from rabta.space.orbits._layout import AT
from rabta.verify import Row, suite

SOURCE = (
    "Vallado, Crawford, Hujsak, Kelso, AIAA 2006-6753: SGP4-VER.TLE and tcppver.out (improved mode, WGS-72)"
)
TOLERANCE_M = 1e-3
MUST_FAIL = 33334  # mean motion near zero, made to fail; the file repeats the state of the one before
FAILS_LATER = 33333  # the states end at 20 min, where the semi-latus rectum turns negative (code 4)

Blocks = list[tuple[int, NDArray[np.float64]]]


@suite("sgp4", "SGP4 and SDP4 test set", needs="SGP4-VER.TLE and tcppver.out")
def sgp4(files: Path | None) -> list[Row]:
    """Largest position error of every satellite of the test set, through our reader and propagator."""
    folder = files or _installed()
    blocks = _reference(_text(folder / "tcppver.out"))
    elements = folder / "SGP4-VER.TLE"
    columns = tle.parse(_element_lines(elements), elements, checksums=False)  # some sets were edited by hand
    ours = orbits.prepare(columns)
    rows = [_row(number, table, ours[at : at + 1]) for at, (number, table) in enumerate(blocks)]
    ended = [number for number, _ in blocks].index(FAILS_LATER)
    code = _states(ours[ended : ended + 1], np.array([25.0]))[0][0]
    rows.append(Row(f"{FAILS_LATER} error code at 25 min", float(code), 4.0, 0.0, SOURCE))
    states = sum(len(table) for _, table in blocks)
    return [*rows, Row("reference states compared or refused", float(states), 667.0, 0.0, SOURCE)]


def _row(number: int, table: NDArray[np.float64], orbit: orbits.Orbits) -> Row:
    errors, kilometres = _states(orbit, table[:, 0])
    if number == MUST_FAIL:
        return Row(f"{number} refused (1 is yes)", float(errors[0] != 0), 1.0, 0.0, SOURCE)
    off = np.linalg.norm(kilometres - table[:, 1:], axis=1) * 1e3
    worst = float(off.max()) if not errors.any() else np.nan
    return Row(f"{number} largest error, m", worst, 0.0, TOLERANCE_M, SOURCE)


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


def _states(
    orbit: orbits.Orbits, minutes: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Error codes and TEME kilometres of one orbit, by minutes since its epoch."""
    epoch_day, epoch_part = orbit.table[0, AT["epoch_day"]], orbit.table[0, AT["epoch_part"]]
    day = np.full_like(minutes, epoch_day)
    found, codes = orbits.states_at(orbit, day, epoch_part + minutes / 1440.0, np.zeros_like(minutes))
    return codes[0], found[0].T / 1e3
