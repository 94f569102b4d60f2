"""A run's events: the table that its stages made, and what services append to the finished run.

Everything that acts on a run in time (emulator, overlay, console) reads one list. The table of the run is
never changed: what comes later goes to ``events/appended.jsonl`` in the run folder, one JSON object a line,
each with a check sum, so that a line that a crash cut short is known as such and left out.
"""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rabta import schema
from rabta.errors import EXIT_SYSTEM, RabtaError, nearest

if TYPE_CHECKING:
    import pandas as pd

TABLE, FOLDER, FILE = "events", "events", "appended.jsonl"
ORDER = ("time_ns", "kind", "subject", "system")
PYTHON = {"int64": int, "float64": float, "string": str}
MOST_BYTES = 64 * 1024  # of one row
SUM = "crc32"


def append(folder: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """Append events to a finished run; they are on disk when this returns, or none of them is.

    Parameters
    ----------
    folder : Path
        Run folder.
    rows : iterable of mapping
        Columns of the ``events`` table; ``time_ns``, ``kind`` and ``subject`` are needed.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    RabtaError
        Where the folder is no run, a column is unknown or of the wrong type, or the disk is full.
    """
    if not (folder / "provenance.json").is_file():
        raise RabtaError("not a run folder", file=folder, expected="a folder that rabta run made")
    lines = [_line(row) for row in rows]
    path = folder / FOLDER / FILE
    path.parent.mkdir(exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        _write(handle, path, b"".join(lines))
    finally:
        os.close(handle)
    return len(lines)


def _write(handle: int, path: Path, raw: bytes) -> None:
    size = os.fstat(handle).st_size
    if size and os.pread(handle, 1, size - 1) != b"\n":
        raw = b"\n" + raw  # a crash cut the last line short: it stays as it is
    try:
        done = 0
        while done < len(raw):
            done += os.write(handle, raw[done:])
        os.fsync(handle)
    except OSError as error:
        os.ftruncate(handle, size)
        raise RabtaError(
            f"events could not be written: {error.strerror}", file=path, exit_code=EXIT_SYSTEM
        ) from None


def _line(row: Mapping[str, object]) -> bytes:
    text = json.dumps(_checked(row), ensure_ascii=False, sort_keys=True, allow_nan=False).encode()
    if len(text) > MOST_BYTES:
        raise RabtaError("event too long", key="events", value=len(text), expected=f"{MOST_BYTES} bytes")
    return b'{"%s": %d, "event": %s}\n' % (SUM.encode(), zlib.crc32(text), text)


def _checked(row: Mapping[str, object]) -> dict[str, object]:
    """The row with its columns as the schema has them; NaN is left out."""
    columns = schema.tables()[TABLE]
    for name in row:
        if name not in columns:
            raise RabtaError("no such column of events", key=name, expected=nearest(name, columns))
    for name in ORDER[:3]:
        if name not in row:
            raise RabtaError("an event needs a column", key=name, expected=", ".join(ORDER[:3]))
    out: dict[str, object] = {}
    for name, value in row.items():
        kind = PYTHON[columns[name].type]
        if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
            if value == value:  # noqa: PLR0124 - NaN
                out[name] = float(value)
        elif isinstance(value, kind) and not isinstance(value, bool):
            out[name] = value
        else:
            expected = columns[name].type
            raise RabtaError(
                "event of the wrong type", key=name, value=type(value).__name__, expected=expected
            )
    return out


def appended(folder: Path) -> list[dict[str, Any]]:
    """Rows that services appended, in the order in which they came; lines cut short are left out."""
    path = folder / FOLDER / FILE
    if not path.is_file():
        return []
    found = (_parsed(line) for line in path.read_bytes().split(b"\n"))
    return [row for row in found if row is not None]


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        held = json.loads(line)
        row = held["event"]
        text = json.dumps(row, ensure_ascii=False, sort_keys=True, allow_nan=False).encode()
        whole = held[SUM] == zlib.crc32(text) and set(row) <= set(schema.tables()[TABLE])
        return dict(row) if whole else None
    except (ValueError, KeyError, TypeError):
        return None


def read(
    folder: Path, *, kinds: Collection[str] | None = None, subjects: Collection[str] | None = None
) -> pd.DataFrame:
    """Events of a run and what was appended, by instant, then kind, subject and system.

    Parameters
    ----------
    kinds, subjects : collection of str, optional
        Keep these only.
    """
    import pandas as pd

    path = folder / "tables" / f"{TABLE}.parquet"
    if not path.is_file():
        raise RabtaError("the run has no events", file=path, expected="a run of this version of Rabta")
    parts = [pd.read_parquet(path)]
    if later := appended(folder):
        parts.append(frame(later))
    table = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    for name, wanted in (("kind", kinds), ("subject", subjects)):
        if wanted is not None:
            table = table[table[name].isin(wanted)]
    return ordered(table)


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a table with every column, in the schema's order and types."""
    import pandas as pd

    kinds = {name: column.type for name, column in schema.tables()[TABLE].items()}
    default = {"string": "", "float64": float("nan"), "int64": 0}
    columns = {name: [row.get(name, default[kind]) for row in rows] for name, kind in kinds.items()}
    as_kind = {"string": "object"}
    return pd.DataFrame({n: pd.Series(v, dtype=as_kind.get(kinds[n], kinds[n])) for n, v in columns.items()})


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Rows by instant, then kind, subject and system; equal ones as they came."""
    return table.sort_values(list(ORDER), kind="stable", ignore_index=True)
