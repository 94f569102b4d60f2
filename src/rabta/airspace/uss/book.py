"""The flights of one service, on disk: what was answered is there after a crash."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from rabta.errors import RabtaError


class Book:
    """Rows of JSON by kind and name, in a file of SQLite."""

    def __init__(self, file: str | Path) -> None:
        try:
            self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("CREATE TABLE IF NOT EXISTS book (kind TEXT, name TEXT, held TEXT NOT NULL,"
                             " PRIMARY KEY (kind, name))")  # fmt: skip
        except sqlite3.Error as error:
            raise RabtaError(f"the store cannot be opened: {error}", file=file) from None

    def all(self, kind: str) -> dict[str, Any]:
        """Rows of a kind by name."""
        rows = self._db.execute("SELECT name, held FROM book WHERE kind = ?", (kind,))
        return {name: json.loads(held) for name, held in rows}

    def put(self, kind: str, name: str, held: Any) -> None:
        """Keep a row."""
        self._db.execute("INSERT OR REPLACE INTO book VALUES (?, ?, ?)", (kind, name, json.dumps(held)))

    def drop(self, kind: str, name: str) -> None:
        """Forget a row."""
        self._db.execute("DELETE FROM book WHERE kind = ? AND name = ?", (kind, name))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
