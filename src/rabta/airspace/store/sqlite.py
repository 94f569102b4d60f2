"""The log in a file of SQLite: each turn is one transaction, on disk when it ends."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rabta.airspace.store.log import Line
from rabta.errors import RabtaError

VERSION = 1
WAIT_S = 10.0
TABLES = (
    "CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS snapshot (row INTEGER PRIMARY KEY, seq INTEGER NOT NULL, line TEXT NOT NULL)",
)


class SqliteLog:
    """A log of one or more processes of one machine."""

    def __init__(self, file: str | Path) -> None:
        self.file = Path(file)
        new = not self.file.exists()
        try:
            if new:
                os.close(os.open(self.file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(
                self.file, timeout=WAIT_S, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._make()
        except (sqlite3.Error, OSError) as error:
            raise RabtaError(f"the store cannot be opened: {error}", file=self.file) from None

    def _make(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise RabtaError("a store of a newer version", file=self.file, value=version,
                             expected=f"version {VERSION}")  # fmt: skip
        for table in TABLES:
            self._db.execute(table)
        self._db.execute(f"PRAGMA user_version={VERSION}")

    def since(self, seq: int) -> list[Line]:
        """Lines after one, in order."""
        return self._db.execute("SELECT seq, line FROM log WHERE seq > ? ORDER BY seq", (seq,)).fetchall()

    @contextmanager
    def writing(self) -> Iterator[SqliteLog]:
        """Wait for the turn to write."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self
            self._db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise

    def append(self, lines: Sequence[str]) -> int:
        """Add lines in a turn; returns the number of the last."""
        self._db.executemany("INSERT INTO log (line) VALUES (?)", ((line,) for line in lines))
        return int(self._db.execute("SELECT max(seq) FROM log").fetchone()[0] or 0)

    def snapshot(self) -> tuple[int, list[str]]:
        """Newest snapshot."""
        rows = self._db.execute("SELECT seq, line FROM snapshot ORDER BY row").fetchall()
        return (int(rows[0][0]), [line for _, line in rows]) if rows else (0, [])

    def compact(self, seq: int, lines: Sequence[str]) -> None:
        """Keep a snapshot of all lines up to one, and drop those."""
        with self.writing():
            if self.snapshot()[0] >= seq:
                return
            self._db.execute("DELETE FROM snapshot")
            self._db.executemany(
                "INSERT INTO snapshot (seq, line) VALUES (?, ?)", ((seq, line) for line in lines)
            )
            self._db.execute("DELETE FROM log WHERE seq <= ?", (seq,))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
