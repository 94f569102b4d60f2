"""The plain face of a log: lines in one order, which all instances share."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from rabta.errors import RabtaError

Line = tuple[int, str]


class Writing(Protocol):
    """A turn to write, which no other instance has meanwhile."""

    def since(self, seq: int) -> list[Line]:
        """Lines after one, in order."""

    def append(self, lines: Sequence[str]) -> int:
        """Add lines; returns the number of the last. They are on disk when the turn ends without an error."""


class Log(Protocol):
    """Lines in one order, and now and then a snapshot of what they make."""

    def since(self, seq: int) -> list[Line]:
        """Lines after one, in order."""

    def writing(self) -> AbstractContextManager[Writing]:
        """Wait for the turn to write; without an error what was added is on disk after it."""

    def snapshot(self) -> tuple[int, list[str]]:
        """Number of the last line that the newest snapshot holds, and its lines; 0 and none without one."""

    def compact(self, seq: int, lines: Sequence[str]) -> None:
        """Keep a snapshot of all lines up to one, and drop those."""

    def close(self) -> None:
        """Let go of the store."""


def opened(where: str) -> Log:
    """Log at a place: ``postgresql://...`` or a file of SQLite.

    Raises
    ------
    RabtaError
    """
    if where.startswith(("postgresql://", "postgres://")):
        from rabta.airspace.store.postgres import PostgresLog

        return PostgresLog(where)
    if "://" in where:
        raise RabtaError("no such store", key="--store", value=where, expected="a file or postgresql://...")
    from rabta.airspace.store.sqlite import SqliteLog

    return SqliteLog(where)
