"""The SQLite file: made 0600, write-ahead log, every commit on disk before it is told."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rabta.errors import EXIT_SYSTEM, RabtaError

VERSION = 2
SCHEMA = """
CREATE TABLE bundles (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    raw BLOB NOT NULL,
    destination TEXT NOT NULL,
    here INTEGER NOT NULL,          -- 1: for this node
    priority INTEGER NOT NULL,
    size INTEGER NOT NULL,
    arrived REAL NOT NULL,          -- on the node's own elapsed seconds
    expires REAL NOT NULL           -- the same
);
CREATE INDEX bundles_by_rank ON bundles (priority, expires);
CREATE TABLE seen (
    source TEXT NOT NULL,
    created INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    start INTEGER NOT NULL,
    total INTEGER NOT NULL,
    until INTEGER NOT NULL,         -- DTN time after which the bundle itself is refused as expired; 0: never
    PRIMARY KEY (source, created, sequence, start, total)
) WITHOUT ROWID;
CREATE INDEX seen_until ON seen (until) WHERE until > 0;
CREATE TABLE floors (source TEXT PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE heard (id INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE);
CREATE TABLE dropped (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    identifier TEXT NOT NULL,
    reason INTEGER NOT NULL,
    priority INTEGER NOT NULL
);
CREATE TABLE numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
SECOND = """
CREATE TABLE parts (                -- fragments for this node
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    whole BLOB NOT NULL,            -- digest of what all fragments of a bundle have in common
    digest BLOB NOT NULL UNIQUE,
    start INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    raw BLOB NOT NULL,
    size INTEGER NOT NULL,
    expires REAL NOT NULL
);
CREATE INDEX parts_by_whole ON parts (whole, id, start, stop);
CREATE INDEX parts_by_time ON parts (expires);
CREATE INDEX parts_by_size ON parts (size);
ALTER TABLE heard ADD COLUMN hops INTEGER NOT NULL DEFAULT 0;
ALTER TABLE heard ADD COLUMN age INTEGER NOT NULL DEFAULT 0;
"""
STEPS = (SCHEMA, SECOND)  # from each version to the next


def connect(path: Path) -> sqlite3.Connection:
    """Open a store, made where it is not there.

    Raises
    ------
    RabtaError
        Where others may read or write the file, it is another's, of a newer version, or no store.
    """
    fresh = not path.exists()
    if fresh:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    _owned(path)
    with plain_errors(path):
        base = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = FULL")
        _schema(base, path)
    return base


def _owned(path: Path) -> None:
    found = path.stat()
    if stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid != os.geteuid():
        raise RabtaError(
            "others may read or write this store, or it is another's",
            file=path,
            value=oct(stat.S_IMODE(found.st_mode)),
            expected="the own file with mode 0600",
        )


def _schema(base: sqlite3.Connection, path: Path) -> None:
    version = base.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise RabtaError("a store of a newer version", file=path, value=version, expected=str(VERSION))
    if version < VERSION:
        steps = " ".join(STEPS[version:])
        base.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {VERSION}; COMMIT;")


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """One clear message where the disk is full or the file cannot be used."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        full = getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
        problem = "the disk is full or cannot be written; nothing was accepted and nothing lost"
        if not full:
            problem = f"the store cannot be used ({error})"
        raise RabtaError(problem, file=path, exit_code=EXIT_SYSTEM) from None


@contextmanager
def transaction(base: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All or nothing; on disk when it ends."""
    with plain_errors(path):
        base.execute("BEGIN IMMEDIATE")
        try:
            yield
            base.execute("COMMIT")
        except BaseException:
            if base.in_transaction:
                base.execute("ROLLBACK")
            raise
