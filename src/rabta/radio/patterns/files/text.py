"""Reading antenna files: CSV (angle, gain) and Planet (.msi, .pln, .ant); errors name file, line and key.

CSV: a header ``angle_deg,<gain>`` and one row an angle, 0 to 180 (round) or once around. Planet: keys, then
``HORIZONTAL n`` and ``VERTICAL n`` with n rows of angle and loss below the peak; the gain is in dBd where
no unit is written, and vertical angles start at the horizon ahead and grow downward.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest

Array = NDArray[np.float64]

DIPOLE_DBI = 2.15  # gain of a half-wave dipole
SUFFIXES = {".csv": "csv", ".msi": "planet", ".pln": "planet", ".ant": "planet"}
COLUMNS = {"gain_dbi": 0.0, "gain_dbd": DIPOLE_DBI, "relative_db": 0.0}
KEYS = (
    *("NAME", "MAKE", "FREQUENCY", "H_WIDTH", "V_WIDTH", "FRONT_TO_BACK", "GAIN", "TILT"),
    *("POLARIZATION", "COMMENT", "HORIZONTAL", "VERTICAL", "ELECTRICAL_TILT"),
)
WIDEST_GAP_DEG = 5.0
LARGEST_BYTES = 4_000_000
LEVELS = (-200.0, 90.0)  # dBi
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Cut:
    """Gain relative to the peak (0 or below, dB) at angles that grow and lie in one turn."""

    angle_deg: Array
    relative_db: Array

    @property
    def around(self) -> bool:
        """Whether it goes all the way around."""
        return bool(self.angle_deg[-1] - self.angle_deg[0] > 180.0)

    def at(self, angle_deg: Array) -> Array:
        """Relative gain between the angles, linear in dB."""
        if self.around:
            return np.asarray(np.interp(angle_deg, self.angle_deg, self.relative_db, period=360.0))
        return np.asarray(
            np.interp(np.abs((angle_deg + 180.0) % 360.0 - 180.0), self.angle_deg, self.relative_db)
        )


@dataclass(frozen=True)
class AntennaFile:
    """What an antenna file says.

    Attributes
    ----------
    peak_dbi : float or None
        None where the file holds relative levels only.
    tilt_deg : float
        Electrical tilt that the cuts already hold, downward.
    vertical : Cut or None
        None: the antenna is round, and ``horizontal`` is its cut from the axis.
    """

    path: Path
    name: str
    peak_dbi: float | None
    frequency_mhz: float | None
    tilt_deg: float
    horizontal: Cut
    vertical: Cut | None


def read(path: Path | str) -> AntennaFile:
    """Read an antenna file by its suffix.

    Raises
    ------
    RabtaError
        With the file and line, and what was expected, for any fault in it.
    """
    path = Path(path)
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise RabtaError(
            "not a known kind of antenna file",
            file=path,
            value=path.suffix,
            expected=nearest(path.suffix, SUFFIXES),
        )
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise RabtaError(
                "antenna file is too large", file=path, expected=f"at most {LARGEST_BYTES:,} bytes"
            )
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError as error:
        raise RabtaError("cannot read the antenna file", file=path, value=error.strerror) from error
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    return _csv(path, lines) if kind == "csv" else _planet(path, lines)


def _fault(path: Path, line: int, problem: str, **where: object) -> RabtaError:
    return RabtaError(problem, file=f"{path}, line {line}", **where)  # type: ignore[arg-type]


def _number(path: Path, line: int, key: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _fault(path, line, "not a number", key=key, value=text[:40], expected="a finite number")
    return value


def _csv(path: Path, lines: list[tuple[int, str]]) -> AntennaFile:
    rows = [(number, line) for number, line in lines if not line.startswith("#")]
    if not rows:
        raise RabtaError("antenna file is empty", file=path, expected="a header angle_deg,gain_dbi and rows")
    number, head = rows[0]
    names = [name.strip().lower() for name in head.split(",")]
    if len(names) != 2 or names[0] != "angle_deg" or names[1] not in COLUMNS:
        wrong = next((name for name in names if name != "angle_deg" and name not in COLUMNS), head)
        raise _fault(
            path, number, "missing or wrong header", key="header", value=head[:60],
            expected="angle_deg and one of: " + nearest(wrong, COLUMNS),
        )  # fmt: skip
    points = [_pair(path, at, line.split(",")) for at, line in rows[1:]]
    angle, level = np.array([p[0] for p in points]), np.array([p[1] for p in points])
    cut = _cut(path, [at for at, _ in rows[1:]], angle, level, "angle_deg")
    relative = names[1] == "relative_db"
    peak = None if relative else float(level.max()) + COLUMNS[names[1]]
    if relative and level.max() > 0.0:
        raise RabtaError(
            "a relative level above the peak", file=path, value=float(level.max()), expected="0 or below"
        )
    if peak is not None and not LEVELS[0] <= peak <= LEVELS[1]:
        raise RabtaError(
            "a gain that no antenna has", file=path, value=peak, expected=f"up to {LEVELS[1]:g} dBi"
        )
    shift = 0.0 if relative else float(level.max())
    return AntennaFile(path, path.stem, peak, None, 0.0, Cut(cut.angle_deg, cut.relative_db - shift), None)


def _pair(path: Path, line: int, parts: list[str]) -> tuple[float, float]:
    if len(parts) != 2:
        raise _fault(
            path, line, "not two numbers", value=" ".join(parts)[:60], expected="an angle and a level"
        )
    return _number(path, line, "angle", parts[0]), _number(path, line, "level", parts[1])


def _cut(path: Path, lines: list[int], angle: Array, level: Array, key: str) -> Cut:
    """Check angles and levels, and sort them into one turn."""
    if len(angle) < 5:
        raise RabtaError("too few angles", file=path, key=key, value=len(angle), expected="5 or more")
    far = np.abs(level) > 200.0
    if far.any():
        at = int(np.flatnonzero(far)[0])
        raise _fault(
            path,
            lines[at],
            "a level out of reach",
            key=key,
            value=float(level[at]),
            expected="-200 to 200 dB",
        )
    backward = np.flatnonzero(np.diff(angle) <= 0.0)
    if backward.size:
        at = int(backward[0]) + 1
        raise _fault(
            path, lines[at], "angles do not grow", key=key, value=float(angle[at]),
            expected=f"more than {angle[at - 1]:g}",
        )  # fmt: skip
    if angle[0] < -180.0 or angle[-1] > 360.0 or angle[-1] - angle[0] > 360.0:
        raise RabtaError(
            "angles outside one turn", file=path, key=key, value=f"{angle[0]:g} to {angle[-1]:g}",
            expected="0 to 180, 0 to 359 or -180 to 180",
        )  # fmt: skip
    _whole(path, lines, angle, key)
    return Cut(angle, level)


def _whole(path: Path, lines: list[int], angle: Array, key: str) -> None:
    """Refuse gaps: between rows, at the start of a half cut, and where a turn closes."""
    gaps = np.diff(angle)
    at = int(gaps.argmax())
    if gaps[at] > WIDEST_GAP_DEG:
        raise _fault(
            path, lines[at + 1], "a gap in the angles", key=key, value=f"{angle[at]:g} to {angle[at + 1]:g}",
            expected=f"steps of at most {WIDEST_GAP_DEG:g} degrees",
        )  # fmt: skip
    half = angle[0] == 0.0 and abs(angle[-1] - 180.0) < 1e-9
    missing = 0.0 if half else 360.0 - (angle[-1] - angle[0])
    if missing > WIDEST_GAP_DEG:
        raise RabtaError(
            "a gap in the angles", file=path, key=key, value=f"{angle[-1]:g} to {angle[0] + 360.0:g}",
            expected="0 to 180, or once around",
        )  # fmt: skip


def _planet(path: Path, lines: list[tuple[int, str]]) -> AntennaFile:
    keys: dict[str, tuple[int, str]] = {}
    cuts: dict[str, Cut] = {}
    at = 0
    while at < len(lines):
        number, line = lines[at]
        word, _, rest = line.replace("\t", " ").partition(" ")
        key = word.upper().rstrip(":")
        if key in {"HORIZONTAL", "VERTICAL"}:
            if key in cuts:
                raise _fault(path, number, "a cut given twice", key=key)
            cuts[key], at = _planet_cut(path, lines, at, key, rest.strip())
            continue
        if key in keys:
            raise _fault(path, number, "a key given twice", key=key, value=rest[:40])
        _known(path, number, key, word, at)
        keys[key if key in KEYS else "NAME"] = (number, rest.strip() if key in KEYS else line)
        at += 1
    for key in ("HORIZONTAL", "VERTICAL"):
        if key not in cuts:
            raise RabtaError(
                "antenna file without a cut", file=path, key=key, expected=f"a line {key} 360 and its rows"
            )
    return AntennaFile(
        path,
        keys.get("NAME", (0, path.stem))[1] or path.stem,
        _planet_gain(path, keys),
        _frequency(path, keys),
        _tilt(path, keys),
        cuts["HORIZONTAL"],
        cuts["VERTICAL"],
    )


def _known(path: Path, number: int, key: str, word: str, at: int) -> None:
    """Refuse an unknown key where data are meant; the first line may be a bare name."""
    if key in KEYS or at == 0:
        return
    if _NUMBER.fullmatch(word):
        raise _fault(
            path, number, "numbers outside a cut: a count is too small or a header is missing", value=word,
            expected="HORIZONTAL n or VERTICAL n before them",
        )  # fmt: skip
    raise _fault(path, number, "no such key in a Planet file", key=word[:40], expected=nearest(key, KEYS))


def _planet_cut(path: Path, lines: list[tuple[int, str]], at: int, key: str, rest: str) -> tuple[Cut, int]:
    number = lines[at][0]
    if not rest.isdigit() or not 5 <= int(rest[:6]) <= 36_000:
        raise _fault(path, number, "a cut without its count", key=key, value=rest[:20], expected=f"{key} 360")
    count = int(rest)
    rows = lines[at + 1 : at + 1 + count]
    bad = next((i for i, (_, line) in enumerate(rows) if not _NUMBER.match(line)), len(rows))
    if bad < count:
        where = rows[bad][0] if bad < len(rows) else lines[-1][0]
        raise _fault(
            path, where, "fewer rows than the count says", key=key, value=bad, expected=f"{count} rows"
        )
    after = at + 1 + count
    if after < len(lines) and _NUMBER.match(lines[after][1]):
        raise _fault(
            path, lines[after][0], "more rows than the count says", key=key, expected=f"{count} rows"
        )
    pairs = [_pair(path, n, re.split(r"[\s,;]+", line)) for n, line in rows]
    angle, loss = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    if not _signed_alike(loss):
        raise _fault(
            path, rows[0][0], "losses of both signs", key=key, expected="dB below the peak, all of one sign"
        )
    cut = _cut(path, [n for n, _ in rows], angle, -np.abs(loss), key)
    return cut, at + 1 + count


def _signed_alike(loss: Array) -> bool:
    return bool((loss >= 0.0).all() or (loss <= 0.0).all())


def _planet_gain(path: Path, keys: dict[str, tuple[int, str]]) -> float:
    if "GAIN" not in keys:
        raise RabtaError("antenna file without a gain", file=path, key="GAIN", expected="GAIN 17.5 dBi")
    line, text = keys["GAIN"]
    found = _NUMBER.match(text)
    unit = text[found.end() :].strip().lower() if found else ""
    if found is None or unit not in {"", "dbd", "dbi"}:
        raise _fault(
            path, line, "not a gain", key="GAIN", value=text[:40], expected="a number, then dBd or dBi"
        )
    gain = _number(path, line, "GAIN", found.group()) + (0.0 if unit == "dbi" else DIPOLE_DBI)
    if not -60.0 <= gain <= LEVELS[1]:
        raise _fault(
            path, line, "a gain that no antenna has", key="GAIN", value=gain, expected="-60 to 90 dBi"
        )
    return gain


def _frequency(path: Path, keys: dict[str, tuple[int, str]]) -> float | None:
    if "FREQUENCY" not in keys:
        return None
    line, text = keys["FREQUENCY"]
    found = _NUMBER.search(text)
    value = float(found.group()) if found else 0.0
    value *= 1000.0 if "ghz" in text.lower() else 1.0
    if not 0.01 <= value <= 1e6:
        raise _fault(path, line, "not a frequency", key="FREQUENCY", value=text[:40], expected="MHz, above 0")
    return value


def _tilt(path: Path, keys: dict[str, tuple[int, str]]) -> float:
    """Degrees of tilt: of ELECTRICAL_TILT, or of TILT where that is a number; words mean none."""
    for key in ("ELECTRICAL_TILT", "TILT"):
        line, text = keys.get(key, (0, ""))
        found = _NUMBER.match(text)
        if found:
            value = float(found.group())
            if not -90.0 < value < 90.0:
                raise _fault(path, line, "not a tilt", key=key, value=text[:40], expected="-90 to 90 degrees")
            return value
    return 0.0
