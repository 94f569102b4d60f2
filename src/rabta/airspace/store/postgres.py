"""The log in PostgreSQL, which several instances share: a turn holds an advisory lock until its commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from rabta.airspace.store.log import Line
from rabta.errors import EXIT_SYSTEM, RabtaError

TURN = 7_266_001  # of the advisory lock; any number that nobody else uses
STILL_S = 2
TABLES = (
    "CREATE TABLE IF NOT EXISTS airspace_log (seq BIGSERIAL PRIMARY KEY, line TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS airspace_snapshot (row BIGSERIAL PRIMARY KEY, seq BIGINT, line TEXT)",
)


class PostgresLog:
    """A log of several instances."""

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ImportError:
            raise RabtaError("PostgreSQL needs its driver", key="--store", value=_shown(url),
                             expected="pip install rabta[postgres]",
                             exit_code=EXIT_SYSTEM) from None  # fmt: skip
        self._url, self._errors = url, psycopg.Error
        self._connect = psycopg.connect
        self._db: Any = None
        with self.writing():
            for table in TABLES:
                self._held().execute(table)

    def _held(self) -> Any:
        """Connection that works, made anew after a loss."""
        if self._db is None or self._db.closed:
            try:
                self._db = self._connect(self._url, autocommit=True, connect_timeout=5)
                # an instance that stands still in its turn must not keep the others
                self._db.execute(f"SET idle_in_transaction_session_timeout = {STILL_S * 1_000}")
            except self._errors as error:
                raise RabtaError(f"the store does not answer: {str(error).strip()[:200]}", key="--store",
                                 value=_shown(self._url), exit_code=EXIT_SYSTEM) from None  # fmt: skip
        return self._db

    def since(self, seq: int) -> list[Line]:
        """Lines after one, in order."""
        rows = self._held().execute("SELECT seq, line FROM airspace_log WHERE seq > %s ORDER BY seq", (seq,))
        return list(rows.fetchall())

    @contextmanager
    def writing(self) -> Iterator[PostgresLog]:
        """Wait for the turn to write."""
        db = self._held()
        with db.transaction():
            db.execute("SELECT pg_advisory_xact_lock(%s)", (TURN,))
            yield self

    def append(self, lines: Sequence[str]) -> int:
        """Add lines in a turn; returns the number of the last."""
        rows = self._db.execute(
            "INSERT INTO airspace_log (line) SELECT one FROM unnest(%s::text[])"
            " WITH ORDINALITY AS t(one, place) ORDER BY place RETURNING seq",
            (list(lines),),
        ).fetchall()
        return max((int(row[0]) for row in rows), default=0)

    def snapshot(self) -> tuple[int, list[str]]:
        """Newest snapshot."""
        rows = self._held().execute("SELECT seq, line FROM airspace_snapshot ORDER BY row").fetchall()
        return (int(rows[0][0]), [line for _, line in rows]) if rows else (0, [])

    def compact(self, seq: int, lines: Sequence[str]) -> None:
        """Keep a snapshot of all lines up to one, and drop those."""
        with self.writing():
            if self.snapshot()[0] >= seq:
                return
            self._db.execute("DELETE FROM airspace_snapshot")
            self._db.execute(
                "INSERT INTO airspace_snapshot (seq, line) SELECT %s, one FROM unnest(%s::text[])"
                " WITH ORDINALITY AS t(one, place) ORDER BY place",
                (seq, list(lines)),
            )
            self._db.execute("DELETE FROM airspace_log WHERE seq <= %s", (seq,))

    def close(self) -> None:
        """Let go of the connection."""
        if self._db is not None:
            self._db.close()


def _shown(url: str) -> str:
    """Address without its secret."""
    found = urlsplit(url)
    return f"{found.scheme}://{found.hostname or ''}{found.path}"
