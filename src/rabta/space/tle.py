"""Two-line element sets: a whole file parsed by columns, every wrong character named.

Format: Hoots and Roehrich, Spacetrack Report 3 (1980); CelesTrak, "NORAD Two-Line Element Set Format";
Alpha-5 numbers: Space-Track documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.times import UNIX_EPOCH_JD

LINE_LENGTH = 69
LONGEST_NAME = 60
ALPHA5 = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # I and O are left out; A stands for 10

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Field:
    """One field of a line: first and last column counted from one, and its allowed characters."""

    title: str
    first: int
    last: int
    allowed: bytes

    @property
    def columns(self) -> slice:
        """The field's columns, counted from zero."""
        return slice(self.first - 1, self.last)


DIGITS = b"0123456789 "
DECIMAL = DIGITS + b".+-"
NUMBER = Field("catalogue number", 3, 7, DIGITS + ALPHA5.encode())
YEAR = Field("epoch year", 19, 20, DIGITS)
DAY = Field("epoch day", 21, 32, DIGITS + b".")
DRAG = Field("drag term", 54, 59, DIGITS + b"+-")
DRAG_POWER = Field("power of the drag term", 60, 61, DIGITS + b"+-")
INCLINATION = Field("inclination", 9, 16, DECIMAL)
NODE = Field("right ascension of the node", 18, 25, DECIMAL)
ECCENTRICITY = Field("eccentricity", 27, 33, DIGITS)
PERIGEE = Field("argument of perigee", 35, 42, DECIMAL)
ANOMALY = Field("mean anomaly", 44, 51, DECIMAL)
MOTION = Field("mean motion", 53, 63, DECIMAL)
CHECKSUM = Field("checksum", 69, 69, b"0123456789")
FIRST_LINE = (NUMBER, YEAR, DAY, DRAG, DRAG_POWER, CHECKSUM)
SECOND_LINE = (NUMBER, INCLINATION, NODE, ECCENTRICITY, PERIGEE, ANOMALY, MOTION, CHECKSUM)

_WEIGHT = np.zeros(256, dtype=np.int64)
_WEIGHT[ord("0") : ord("9") + 1] = np.arange(10)
_WEIGHT[ord("-")] = 1


@dataclass(frozen=True)
class _Lines:
    """All lines of one kind, as a matrix of characters, with their line numbers."""

    text: Bytes
    numbers: NDArray[np.int64]
    file: object

    def fail(self, row: int, problem: str, field: Field, expected: str) -> NoReturn:
        """Refuse a field of a line, naming its place and its text."""
        value = self.text[row, field.columns].tobytes().decode("ascii", "replace")
        where = f"line {self.numbers[row]}, columns {field.first}-{field.last} ({field.title})"
        raise RabtaError(problem, file=self.file, key=where, value=repr(value), expected=expected)


def parse(raw: bytes, file: object = None, *, checksums: bool = True) -> dict[str, NDArray[Any]]:
    """Mean elements of a TLE file of two-line or three-line sets.

    Parameters
    ----------
    raw : bytes
        Content of the file.
    file : object, optional
        Named in errors.
    checksums : bool
        False leaves the checksums unread, for edited test sets.

    Returns
    -------
    dict of ndarray, shape (set,)
        Element columns of the ``satellites`` table, with ``name``, ``norad`` and ``line``.
    """
    names, numbers, texts = _sets(raw, file)
    first = _matrix(texts[0::2], numbers[0::2], file)
    second = _matrix(texts[1::2], numbers[1::2], file)
    for lines, fields in ((first, FIRST_LINE), (second, SECOND_LINE)):
        _check_characters(lines, fields)
        if checksums:
            _check_sums(lines)
    norad = _catalogue_numbers(first)
    _check_same_number(second, norad)
    power = _numbers(first, DRAG_POWER)
    columns: dict[str, NDArray[Any]] = {
        "name": np.array([n or f"{k:05d}" for n, k in zip(names, norad, strict=True)], dtype=object),
        "norad": norad,
        "line": first.numbers,
        "epoch_jd": _epochs(first),
        "bstar": _numbers(first, DRAG) * 1e-5 * 10.0**power,
        "inclination_deg": _numbers(second, INCLINATION),
        "raan_deg": _numbers(second, NODE),
        "eccentricity": _numbers(second, ECCENTRICITY) * 1e-7,
        "argp_deg": _numbers(second, PERIGEE),
        "mean_anomaly_deg": _numbers(second, ANOMALY),
        "mean_motion_rev_day": _numbers(second, MOTION),
    }
    return columns


def _sets(raw: bytes, file: object) -> tuple[list[str], list[int], list[bytes]]:
    """Names, and the line numbers and texts of lines 1 and 2 in turn."""
    kept = [(n, line.rstrip()) for n, line in enumerate(raw.splitlines(), start=1)]
    kept = [(n, line) for n, line in kept if line and not line.startswith(b"#")]
    starts = [line[:2] for _, line in kept] + [b"", b""]
    names: list[str] = []
    rows: list[tuple[int, bytes]] = []
    name, at = "", 0
    while at < len(kept):
        if starts[at] == b"1 " and starts[at + 1] == b"2 ":
            rows += kept[at : at + 2]
            names.append(name)
            name, at = "", at + 2
        elif not name and starts[at + 1] == b"1 " and len(kept[at][1]) <= LONGEST_NAME:
            name, at = kept[at][1].decode("utf-8", "replace").removeprefix("0 ").strip(), at + 1
        else:
            _stray(*kept[at], file)
    return names, [n for n, _ in rows], [text for _, text in rows]


def _stray(number: int, line: bytes, file: object) -> NoReturn:
    problem = {
        b"1 ": "first line of an element set without its second line",
        b"2 ": "second line of an element set without its first line",
    }.get(line[:2], "line that belongs to no element set")
    raise RabtaError(
        problem,
        file=file,
        key=f"line {number}",
        value=repr(line[:80].decode("utf-8", "replace")),
        expected="an optional name, then a line that starts with '1 ', then one that starts with '2 '",
    )


def _matrix(texts: list[bytes], numbers: list[int], file: object) -> _Lines:
    for number, text in zip(numbers, texts, strict=True):
        if len(text) != LINE_LENGTH:
            raise RabtaError(
                "element line of the wrong length",
                file=file,
                key=f"line {number}",
                value=f"{len(text)} characters: {text[:90].decode('utf-8', 'replace')!r}",
                expected=f"{LINE_LENGTH} characters",
            )
    block = np.frombuffer(b"".join(texts), dtype=np.uint8).reshape(len(texts), LINE_LENGTH)
    return _Lines(block, np.asarray(numbers, dtype=np.int64), file)


def _check_characters(lines: _Lines, fields: tuple[Field, ...]) -> None:
    for field in fields:
        allowed = np.zeros(256, dtype=bool)
        allowed[list(field.allowed)] = True
        bad = ~allowed[lines.text[:, field.columns]].all(axis=1)
        if bad.any():
            lines.fail(int(bad.argmax()), "character that cannot be there", field, "a number")


def _check_sums(lines: _Lines) -> None:
    want = _WEIGHT[lines.text[:, :-1]].sum(axis=1) % 10
    bad = want != _WEIGHT[lines.text[:, -1]]
    if bad.any():
        row = int(bad.argmax())
        lines.fail(row, "bad checksum in an element line", CHECKSUM, str(want[row]))


def _strings(lines: _Lines, field: Field) -> NDArray[np.bytes_]:
    part = np.ascontiguousarray(lines.text[:, field.columns])
    return part.view(f"S{part.shape[1]}").ravel()


def _numbers(lines: _Lines, field: Field) -> NDArray[np.float64]:
    strings = _strings(lines, field)
    try:
        return strings.astype(np.float64)
    except ValueError:
        for row, text in enumerate(strings):
            if not _is_number(bytes(text)):
                lines.fail(row, "field that is not a number", field, "a number")
        raise


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _catalogue_numbers(lines: _Lines) -> NDArray[np.int64]:
    """Catalogue numbers, plain or Alpha-5 (a letter for the ten-thousands from 10 on)."""
    strings = _strings(lines, NUMBER)
    if (lines.text[:, NUMBER.columns] < ord("A")).all():
        return _numbers(lines, NUMBER).astype(np.int64)
    out = np.zeros(len(strings), dtype=np.int64)
    for row, raw in enumerate(strings):
        text = raw.decode("ascii").strip()
        head, tail = text[:1], text[1:]
        if not (tail.isdigit() or (not tail and head.isdigit())) or (head.isalpha() and len(text) != 5):
            lines.fail(row, "wrong catalogue number", NUMBER, "five digits, or a letter and four digits")
        out[row] = ALPHA5.index(head) * 10 ** len(tail) + int(tail or 0)
    return out


def _check_same_number(second: _Lines, norad: NDArray[np.int64]) -> None:
    bad = norad != _catalogue_numbers(second)
    if bad.any():
        row = int(bad.argmax())
        second.fail(row, "the two lines name different satellites", NUMBER, str(norad[row]))


def _epochs(lines: _Lines) -> NDArray[np.float64]:
    """Julian dates of the epochs; years 57 to 99 are of the twentieth century."""
    year = _numbers(lines, YEAR).astype(np.int64)
    day = _numbers(lines, DAY)
    year += np.where(year < 57, 2000, 1900)
    january = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    length = ((january.astype("datetime64[Y]") + 1).astype("datetime64[D]") - january).astype(np.int64)
    bad = (day < 1.0) | (day >= length + 1.0)
    if bad.any():
        row = int(bad.argmax())
        lines.fail(row, "epoch day outside the year", DAY, f"1 to {length[row] + 1} (exclusive)")
    return np.asarray(january.astype(np.int64) + UNIX_EPOCH_JD + (day - 1.0))
